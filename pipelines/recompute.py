"""``gci verify --recompute``: compute what is final again from the files, at its number of the log, and compare bit for bit.

The log up to the revision's number, the kept files and the parts are all that enters: edition, factors, thresholds and settings are those
of then, from the lake. Every table, indicator value, finding, verdict and result is compared; nothing of the home is changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.closing import window_of
from pipelines.problems import Problem
from pipelines.scratch import ScratchHome, extend, scratch, up_to
from pipelines.steps import compute_plain
from resources.code_version import code_version
from resources.digest import canonical_json
from resources.errors import UsageError
from resources.home import Home
from resources.ledger import OWN, RUN
from resources.revisions import Revision, closed_of, read_document, revision_document

Progress = Callable[[str, int, int], None]
# When and with which program something was computed: named apart, no part of what is compared.
_RUN_KEYS = ("log_number", "head_digest", "revision", "state")
# What of a table is compared: what it says, where its rows came from, how many there are.
_OF_TABLE = ("", ", with provenance", ", rows")


@dataclass(frozen=True)
class Recomputed:
    """What recomputing one revision document found: entities and revision numbers, whether the program differs, and the differences."""

    month: str
    revisions: Mapping[str, int]
    entry: int
    as_of: int
    code_differs: bool
    compared: int  # tables and rows
    problems: tuple[Problem, ...]


def recompute(
    home: Home, month: str | None = None, number: int | None = None, engine: str | None = None, progress: Progress | None = None
) -> list[Recomputed]:
    """Recompute the newest final revisions (of a month, or all; or the revisions of one ``number``) and compare.

    Log numbers are gone through in order, beginning with nothing computed; at the next one a month is computed again when its inputs
    differ. ``engine`` replaces the home's engine. UsageError when nothing final has that number.
    """
    wanted: dict[tuple[int, str, str], list[Revision]] = {}
    for (_, when), found in sorted(closed_of(home).revisions.items()):
        if month in (None, when):
            for item in [item for item in found if item.number == number] if number else found[-1:]:
                wanted.setdefault((item.as_of, when, item.document), []).append(item)
    if number is not None and not wanted:
        raise UsageError(f"Nothing{f' of {month}' if month else ''} has a revision {number}. 没有该修订。")
    done: list[Recomputed] = []
    if not wanted:
        return done
    with scratch(home, up_to(min(wanted)[0]), computed=False, engine=engine) as again:
        for as_of in sorted({key[0] for key in wanted}):
            extend(again, up_to(as_of))
            compute_plain(again, sorted({key[1] for key in wanted if key[0] == as_of}), as_of, progress)
            done += [_compared(home, again, when, document, items) for (n, when, document), items in sorted(wanted.items()) if n == as_of]
    return done


def _compared(home: Home, again: ScratchHome, month: str, digest: str, items: Sequence[Revision]) -> Recomputed:
    then = read_document(home, digest)
    names = sorted({*then["entities"], *(item.entity_id for item in items)})
    now = revision_document(again.ledger, month, names, then["as_of"], window_of(again, month, items[0].as_of))
    problems = [*_tables(then, now), *_rows(then, now)]
    codes = {row[4] for tables in then["tables"].values() for row in tables.values()}
    same = codes <= {code_version(layer) for layer in ("raw", "staging", "indicators", "index", "reports")}
    count = sum(len(tables) for tables in then["tables"].values()) + sum(len(rows) for rows in then["rows"].values())
    numbers = {item.entity_id: item.number for item in items}
    return Recomputed(month, numbers, items[0].entry, then["as_of"], not same, count, tuple(problems))


def _tables(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Problem]:
    for month in sorted({*then["tables"], *now["tables"]}):
        before, after = (found["tables"].get(month, {}) for found in (then, now))
        for name in sorted({*before, *after} - {RUN, OWN}):  # seals hold the program's version
            for place, what in enumerate(_OF_TABLE):
                kept, seen = (str(found[name][place]) if name in found else "none" for found in (before, after))
                if kept != seen:
                    yield Problem(f"recomputed table {month} {name}{what}", kept, seen)
                    break


def _rows(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Problem]:
    for name in sorted({*then["rows"], *now["rows"]}, key=lambda name: (name != "result", name)):
        before, after = ({_key(row): _said(row) for row in found["rows"].get(name, ())} for found in (then, now))
        for key in sorted({*before, *after}):
            kept, seen = (found.get(key, {}) for found in (before, after))
            for field in sorted(field for field in {*kept, *seen} if kept.get(field) != seen.get(field)):
                yield Problem(f"recomputed {name} {' '.join(key)}: {field}", _text(kept, field), _text(seen, field))


def _key(row: Mapping[str, Any]) -> tuple[str, ...]:
    """What names a row: month, step, entity or site, window, code or rule, quantity and id."""
    return tuple(
        str(row[c])
        for c in ("month", "table_name", "entity_id", "site_id", "window", "code", "rule", "quantity", "id")
        if c in row
    )  # fmt: skip


def _said(row: Mapping[str, Any]) -> dict[str, str]:
    """The fields of a row as exact text, those of its payload one by one."""
    fields = {key: value for key, value in row.items() if key not in _RUN_KEYS and key != "payload"}
    if "payload" in row:
        fields |= {f"payload.{key}": value for key, value in json.loads(row["payload"]).items() if key not in _RUN_KEYS}
    return {key: canonical_json(value) for key, value in fields.items()}


def _text(fields: Mapping[str, str], field: str) -> str:
    text = fields.get(field, "none")
    return text if len(text) <= 200 else f"{text[:200]}…"
