"""``gci verify``: the chain of the log, the kept files, and every digest in the ledger.

It trusts nothing that it can compute again from what it covers, and names the first thing in each place that differs. It changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import pairwise

from pipelines.problems import Problem, table_problems
from pipelines.verify_revisions import revision_problems
from resources.digest import digest_file
from resources.home import Home
from resources.lake import PROVENANCE, content_digest
from resources.ledger import GENESIS, OWN, RUN, Entry, Manifest, seal
from resources.schema import DERIVED, revision_of

Progress = Callable[[str, int, int], None]


def verify(home: Home, month: str | None = None, progress: Progress | None = None) -> list[Problem]:
    """All problems of a home: chain, kept files, parts, manifests and results (only of ``month`` when given; the chain always)."""
    entries = home.ledger.entries()
    manifests = home.ledger.manifests(month)
    total = len(entries) + len(manifests)
    problems = [*_schema(home), *_chain(entries), *_strangers(home, entries, manifests, month)]
    for number, entry in enumerate(entries):
        if progress is not None:
            progress(f"entry {entry.n}", number, total)
        problems += _kept(home, entry)
        problems += _parts(home, entry)
    for number, item in enumerate(manifests):
        if progress is not None:
            progress(f"{item.month} {item.table_name}", len(entries) + number, total)
        problems += _manifest(home, item)
    problems += _rows(home, manifests)
    problems += revision_problems(home, entries, month)
    return problems


def _schema(home: Home) -> Iterator[Problem]:
    """The database's file itself, and the version of its schema: that stands in two tables, for every command and for ``gci upgrade``."""
    for line in home.ledger.damage():
        yield Problem(f"ledger: {home.ledger.name}", "a whole database", line)
    version, revision = home.ledger.version(), home.ledger.revision()
    if revision is not None and revision != revision_of(version or 0):
        yield Problem("ledger: version of the schema in table alembic_version", revision_of(version or 0), revision)


def _chain(entries: list[Entry]) -> Iterator[Problem]:
    previous = GENESIS
    for number, entry in enumerate(entries, start=1):
        if entry.n != number:
            yield Problem(f"log: entry {number}", "to be there", f"the next entry is number {entry.n}")
            return
        if entry.previous_head != previous:
            yield Problem(f"log: previous head of entry {entry.n}", previous, entry.previous_head)
            return
        if entry.expected_head() != entry.head:
            yield Problem(f"log: entry {entry.n} ({entry.kind} {entry.name})", entry.head, entry.expected_head())
            return
        previous = entry.head
    for before, entry in pairwise(entries):
        if entry.at < before.at:
            yield Problem(f"log: time of entry {entry.n} ({entry.kind} {entry.name})", f"{before.at} (entry {before.n}) or later", entry.at)


def _strangers(home: Home, entries: list[Entry], manifests: list[Manifest], month: str | None) -> Iterator[Problem]:
    """Rows that nothing in the log or the manifests accounts for, and months that were computed but not sealed whole."""
    numbers = {entry.n for entry in entries}
    newest = max(numbers, default=0)
    heads = {entry.n: entry.head for entry in entries}
    for n in sorted(home.ledger.part_entries() - numbers):
        yield Problem(f"ledger: parts of entry {n}", "an entry of the log", "no such entry")
    for item in manifests:
        if item.as_of > newest:
            yield Problem(
                f"log: entry {item.as_of}, from which {item.month} {item.table_name} was computed",
                "to be there",
                f"the log ends at {newest}",
            )
    for row in home.ledger.rows("result", **({"month": month} if month else {})):
        head = json.loads(row["payload"])["head_digest"]
        if heads.get(row["log_number"]) != head:
            yield Problem(
                f"log: head of entry {row['log_number']}, as {row['month']} {row['entity_id']} states it",
                head,
                heads.get(row["log_number"], "missing"),
            )
    known = {(item.month, item.table_name) for item in manifests}
    for name in DERIVED:
        for when, step in sorted(home.ledger.written(name)):
            if (month is None or when == month) and (when, f"ledger/{name}@{step}") not in known:
                yield Problem(f"ledger: rows of table {name} for {when}, said to be of step {step}", "a seal", "none")
    for when in sorted({item.month for item in manifests} - {item.month for item in manifests if item.table_name == RUN}):
        yield Problem(
            f"ledger: seal of {when}", "a seal of its last whole run", f"none; if a run was stopped, 'gci run {when}' completes it"
        )


def _kept(home: Home, entry: Entry) -> Iterator[Problem]:
    path = home.lake.file_path(entry.digest)
    where = f"kept file of entry {entry.n} ({entry.name}): lake/files/{path.name}"
    if not path.exists():
        yield Problem(where, entry.digest, "missing")
    elif (seen := digest_file(path)) != entry.digest:
        yield Problem(where, entry.digest, seen)


def _parts(home: Home, entry: Entry) -> Iterator[Problem]:
    stated = [tuple(item) for item in entry.payload.get("parts", [])]
    feed = entry.name.split("/", 1)[0]
    rows = [(p.feed, p.month, p.digest, p.file_digest, p.rows) for p in home.ledger.parts_of(entry.n)]
    expected = sorted((feed, *item) for item in stated)
    if expected != sorted(rows):
        yield Problem(f"ledger: parts of entry {entry.n} ({entry.name})", str(expected), str(sorted(rows)))
        return
    for _, month, _, file_digest, _ in rows:
        yield from table_problems(home, f"parts/{feed}", month, file_digest, f"part {month or 'all'} of entry {entry.n} ({entry.name})")


def _manifest(home: Home, item: Manifest) -> Iterator[Problem]:
    where = f"{item.month} {item.table_name}"
    stored, expected = home.ledger.stored_seal(item.month, item.table_name), item.expected_seal()
    if stored != expected:
        yield Problem(f"ledger: manifest of {where}", stored, expected)
        return
    if item.file_digest and not item.table_name.startswith("ledger/"):
        found = list(table_problems(home, item.table_name, item.month, item.file_digest, f"table {where}"))
        yield from found
        if item.file_digest != item.digest and not found:
            frame = home.lake.read(item.table_name, item.month, item.file_digest)
            if any(c in frame.columns for c in PROVENANCE) and (seen := content_digest(frame)) != item.digest:
                yield Problem(f"ledger: digest of {where}", item.digest, seen)


def _rows(home: Home, manifests: list[Manifest]) -> Iterator[Problem]:
    """Seals of the derived tables, and whether a manifest that a whole run left is still there."""
    with home.ledger.read() as connection:
        for item in manifests:
            if item.table_name.startswith("ledger/"):
                name, step = item.table_name.removeprefix("ledger/").split("@", 1)
                seen = seal(connection, name, item.month, step)
                if seen != item.digest:
                    yield Problem(f"ledger: rows of table {name} written by step {step} for {item.month}", item.digest, seen)
    by_month: dict[str, dict[str, str]] = {}
    for item in manifests:
        by_month.setdefault(item.month, {})[item.table_name] = item.digest
    for item in manifests:
        if item.table_name == RUN:
            there = {table: digest for table, digest in by_month[item.month].items() if table not in (RUN, OWN)}
            for table in sorted({*item.inputs, *there}):
                left, seen = item.inputs.get(table, "none"), there.get(table, "missing")
                if seen != left:
                    yield Problem(f"ledger: {item.month} {table} as left by its last whole run", left, seen)
