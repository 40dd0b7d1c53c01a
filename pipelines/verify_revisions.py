"""Part of ``gci verify``: what is final. Documents, the tables behind them, numbers of revisions, two people, signatures.

The chain says that the entries are what they were; here they are held against each other and against the lake.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pipelines.people import same_person
from pipelines.problems import Problem, table_problems
from resources.digest import canonical_json, digest_file, digest_text
from resources.errors import GciError
from resources.home import Home
from resources.ledger import Entry
from resources.revisions import (
    APPROVAL,
    CLOSING,
    RESTATEMENT,
    SIGNATURE,
    SUBMISSION,
    Revision,
    closed,
    outputs_of,
    read_document,
    read_summary,
    summary_of,
)


def revision_problems(home: Home, entries: list[Entry], month: str | None) -> Iterator[Problem]:
    """What of the final revisions (of a month, or all) is not as the log says."""
    said = [entry for entry in entries if entry.kind in CLOSING]
    yield from _entries(home, said)
    yield from _numbers(said)
    yield from _signatures(entries, said)
    heads, seen = {entry.n: entry.head for entry in entries}, set[tuple[str, str, str]]()
    found: dict[tuple[str, int], list[Revision]] = defaultdict(list)
    for (_, when), revisions in sorted(closed(said).revisions.items()):
        for item in revisions:
            if month in (None, when):
                found[item.document, item.entry].append(item)
    for items in found.values():
        yield from _document(home, items, heads, seen)


def _document(home: Home, items: list[Revision], heads: dict[int, str], seen: set[tuple[str, str, str]]) -> Iterator[Problem]:
    """One revision document: it is there, says what the log says of it, and every table that it names holds what its digests say."""
    item = items[0]
    where = f"document of entry {item.entry} ({item.month})"
    try:
        document, summary = read_document(home, item.document), read_summary(home, item.summary)
    except GciError as error:
        yield Problem(where, item.document, str(error))
        return
    if summary != summary_of(document):
        yield Problem(f"summary of entry {item.entry} ({item.month})", "what the document says", "something else")
    if document["month"] != item.month or document["as_of"] != item.as_of or document["head_digest"] != heads.get(item.as_of):
        stated = f"{document['month']}, entry {document['as_of']}, head {document['head_digest']}"
        yield Problem(where, f"{item.month}, entry {item.as_of}, head {heads.get(item.as_of)}", stated)
    outputs = outputs_of(document)
    for one in items:
        if outputs.get(one.entity_id) != dict(one.outputs):
            yield Problem(f"{where}: outputs of {one.entity_id}", str(dict(one.outputs)), str(outputs.get(one.entity_id, "none")))
    for month, tables in sorted(document["tables"].items()):
        for name, (digest, file_digest, *_rest) in sorted(tables.items()):
            if file_digest and (key := (name, month, file_digest)) not in seen:
                seen.add(key)
                what = f"table {month} {name} of the revisions of entry {item.entry}"
                yield from table_problems(home, *key, what, digest)


def _entries(home: Home, said: list[Entry]) -> Iterator[Problem]:
    """Each entry's digest is that of what it says, and every file it names is kept."""
    for entry in said:
        where = f"log: entry {entry.n} ({entry.kind} {entry.name})"
        said_then = {key: value for key, value in entry.payload.items() if key != "clock"}  # the log adds what a clock said that ran back
        if (seen := digest_text(canonical_json(said_then))) != entry.digest:
            yield Problem(where, entry.digest, seen)
        for digest in [*entry.payload.get("documents", []), *filter(None, [entry.payload.get("rules")])]:
            path = home.lake.file_path(digest)
            if not path.exists():
                yield Problem(f"file kept with entry {entry.n}: lake/files/{path.name}", digest, "missing")
            elif (seen := digest_file(path)) != digest:
                yield Problem(f"file kept with entry {entry.n}: lake/files/{path.name}", digest, seen)


def _numbers(said: list[Entry]) -> Iterator[Problem]:
    """Revisions are numbered 1, 2, … each once; what is approved was submitted, by somebody else."""
    submissions = {entry.n: entry for entry in said if entry.kind == SUBMISSION}
    newest: dict[tuple[str, str], int] = {}
    for entry in said:
        what = entry.payload
        where = f"log: entry {entry.n} ({entry.kind} {entry.name})"
        if entry.kind == APPROVAL:
            months = {what["month"]: what}
            people = (what["submitted_by"], what["by"])
            submitted = submissions.get(what["submission"])
            same = ("document", "summary", "as_of", "month")
            if submitted is None or any(submitted.payload[key] != what[key] for key in same):
                yield Problem(where, "to approve what was submitted", f"entry {what['submission']} submitted something else")
            elif not same_person(submitted.payload["by"], what["submitted_by"]):
                yield Problem(where, f"submitted by {submitted.payload['by']}", f"submitted by {what['submitted_by']}")
        elif entry.kind == RESTATEMENT:
            months, people = what["months"], (what["by"], what["approved_by"])
        else:
            continue
        if same_person(*people):
            yield Problem(where, "two people", f"{people[0]} alone")
        for month, found in months.items():
            for entity, number in found["revisions"].items():
                expected = newest.get((entity, month), 0) + 1
                newest[entity, month] = number
                if number != expected:
                    yield Problem(f"{where}: {entity} {month}", f"revision {expected}", f"revision {number}")


def _signatures(entries: list[Entry], said: list[Entry]) -> Iterator[Problem]:
    heads = {entry.n: entry.head for entry in entries}
    for entry in said:
        if entry.kind != SIGNATURE:
            continue
        for signed in entry.payload["signed"]:
            seen = heads.get(signed["entry"], "no such entry")
            if seen != signed["head"]:
                yield Problem(f"log: entry {entry.n} signs entry {signed['entry']}", signed["head"], seen)
