"""Why a final number moved: the change between two revisions, split by cause, so that the parts sum to it exactly.

Inputs are taken over from the new log family by family, in the order of ``cause_words.CAUSES``; after each the month is computed, and
what that moves is the family's part; what only the passing of days changed counts with one of them. Steps telescope: whatever the order,
the parts sum to the whole, and the order decides who gets a joint effect. What lies between a recorded revision and its recomputation by
today's program is the program's (CODE_DEFECT).
Source: close.md §1 and §2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

import polars as pl

from assets.reports.cause_words import CAUSES
from assets.reports.published import Published, working
from checks.contracts.registry import FEEDS
from checks.waivers import WAIVER, day_of, in_force
from pipelines.scratch import scratch
from pipelines.steps import compute_plain
from resources.errors import GciError, UsageError
from resources.home import Home
from resources.ledger import Entry
from resources.revisions import CLOSING, Revision

_FAMILY_OF_FEED = {
    **dict.fromkeys(("meters", "meter_parts", "meter_events"), "METER_EVENT"),
    **dict.fromkeys(("sites", "declarations", "racks", "devices"), "BOUNDARY"),
    **dict.fromkeys(
        ("projects", "ppa_contracts", "ppa_site_shares", "ppa_settlements", "certificates", "certificate_events"), "CERTIFICATE"
    ),
}
_FAMILY_OF_KIND = {
    "factors": "FACTOR", "evidence": "LATE_DATA", "quarantine": "LATE_DATA",
    **dict.fromkeys(("settings", "edition", "thresholds", "waiver", "waiver_end"), "METHOD"),
}  # fmt: skip

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Part:
    """What some causes moved (more than one where the value was unknown in between); ``delta`` is exact, None where an end is unknown."""

    causes: tuple[str, ...]
    delta: Decimal | None


@dataclass(frozen=True)
class Change:
    """One published figure in both revisions, and its change by cause."""

    what: str
    before: float | None
    after: float | None
    parts: tuple[Part, ...]

    @property
    def delta(self) -> Decimal | None:
        return None if self.before is None or self.after is None else exact(self.after) - exact(self.before)


@dataclass(frozen=True)
class Split:
    """The change between two revisions: every figure that moved, and the entries of each cause."""

    old: Revision
    new: Revision
    changes: tuple[Change, ...]
    entries: Mapping[str, tuple[int, ...]]


def exact(value: float) -> Decimal:
    """The decimal that a published float stands for: its shortest text."""
    return Decimal(repr(value))


def split(home: Home, entity: str, month: str, first: int, last: int, window: str = "ttm", progress: Progress | None = None) -> Split:
    """The change of an entity-month from revision ``first`` to ``last`` by cause.

    UsageError for revisions that do not exist. Computes the month once for each family with new entries, in a scratch home.
    """
    shown = Published(home)
    old, new = _revision(shown, entity, month, first), _revision(shown, entity, month, last)
    if new.as_of < old.as_of or first == last:
        raise UsageError(f"--from {first} --to {last}: name an earlier and a later revision. 请先写较早的修订。")
    recorded = [shown.final(entity, month, window, number) for number in (first, last)]
    family = families(home, old.as_of, new.as_of)
    listed = {cause: tuple(sorted(found)) for cause, found in family.items()}
    clock = _clock(home, old.as_of, new.as_of)
    if clock is not None:
        family.setdefault(clock, set())
    states: list[tuple[str, dict[str, float | None]]] = [("", values(recorded[0] or {}))]
    taken: set[str] = set()
    todo = [cause for cause in CAUSES if cause in family]
    for number, cause in enumerate(["CODE_DEFECT", *todo]):
        taken |= {cause} & set(todo)
        if progress is not None:
            progress(cause, number, len(todo) + 1)
        states.append((cause, _state(home, entity, month, window, old.as_of, new.as_of, family, taken, clock)))
    states.append(("CODE_DEFECT", values(recorded[1] or {})))
    changes = tuple(change for what in states[0][1] | states[-1][1] if (change := _change(what, states)) is not None)
    return Split(old, new, changes, listed)


def _revision(shown: Published, entity: str, month: str, number: int) -> Revision:
    found = shown.closed.revisions.get((entity, month), ())
    for item in found:
        if item.number == number:
            return item
    known = ", ".join(str(item.number) for item in found) or "none: it is not final"
    raise UsageError(f"{entity} {month} has no revision {number}. Revisions: {known}. 没有该修订。")


def values(payload: Mapping[str, Any]) -> dict[str, float | None]:
    """The published figures of a result by name: index, core, bonus, pillars, and value and score of each indicator."""
    found: dict[str, float | None] = {key: payload.get(key) for key in ("index", "core", "bonus")}
    found |= {f"pillar {name}": value for name, value in payload.get("pillars", {}).items()}
    for item in payload.get("indicators", ()):
        found |= {item["code"]: item["value"], f"{item['code']} score": item["score"]}
    return found


def _change(what: str, states: list[tuple[str, dict[str, float | None]]]) -> Change | None:
    """A figure's change; None where nothing moved.

    Where it is unknown in between, the steps until it is known again share one part. Where an end is unknown there is no amount to split:
    the part of who made it known or unknown has none, and what moved it while it was known stands beside.
    """
    series = [(cause, state.get(what)) for cause, state in states]
    before, after = series[0][1], series[-1][1]
    parts: dict[tuple[str, ...], Decimal | None] = {}
    known, joined = before, list[str]()
    for (_, last), (cause, value) in pairwise(series):
        if value == last:
            continue
        joined.append(cause)
        if value is None:
            continue
        causes = tuple(dict.fromkeys(joined))
        if known is None:
            parts[causes] = None
        elif (moved := parts.get(causes, Decimal(0))) is not None:
            parts[causes] = moved + exact(value) - exact(known)
        known, joined = value, []
    if joined and not (before is None and after is None):
        parts[tuple(dict.fromkeys(joined))] = None
    found = tuple(Part(causes, delta) for causes, delta in parts.items() if delta is None or delta)
    return Change(what, before, after, found) if found and (before, after) != (None, None) else None


# families -------------------------------------------------------------------------------------------------------------


def families(home: Home, first: int, last: int) -> dict[str, set[int]]:
    """The entries after ``first`` up to ``last`` by cause; a file with new and with corrected rows belongs to both."""
    found: dict[str, set[int]] = {}
    for entry in home.ledger.entries(as_of=last):
        if entry.n > first and entry.kind not in CLOSING:
            for cause in _families_of(home, entry):
                found.setdefault(cause, set()).add(entry.n)
    return found


def _families_of(home: Home, entry: Entry) -> list[str]:
    if entry.kind != "file":
        if entry.kind not in _FAMILY_OF_KIND:
            raise GciError(f"Entry {entry.n} is of kind '{entry.kind}', which this version can't ascribe to a cause. Install a newer one.")
        return [_FAMILY_OF_KIND[entry.kind]]
    feed = entry.name.split("/", 1)[0]
    if feed in _FAMILY_OF_FEED:
        return [_FAMILY_OF_FEED[feed]]
    rows = [(part.rows, late.height) for part, late in _late_rows(home, entry)]
    corrected = any(all_rows > late for all_rows, late in rows)
    return ["LATE_DATA"] * any(late for _, late in rows) + ["CORRECTED_READING"] * corrected or ["LATE_DATA"]


def _clock(home: Home, first: int, last: int) -> str | None:
    """The cause that gets what only the passing of time changed between two numbers of the log; None when both are of one day.

    It is METHOD where a waiver ran out between them, else CERTIFICATE: claims end by date.
    """
    zone = home.settings.timezone
    days = [day_of(home.ledger.moment(n), zone) for n in (first, last)]
    if days[0] == days[1]:
        return None
    waivers = home.ledger.entries(kinds=[WAIVER], as_of=last)
    return "METHOD" if in_force(waivers, days[0]).keys() - in_force(waivers, days[1]).keys() else "CERTIFICATE"


def _late_rows(home: Home, entry: Entry) -> Iterator[tuple[Any, pl.DataFrame]]:
    """The parts of an entry, each with its rows whose key no earlier entry has: late ones; the others correct something."""
    feed = entry.name.split("/", 1)[0]
    key = ["meter_id", "at_s", "zoned"] if feed == "meter_readings" else list(FEEDS[feed].key)
    for part in home.ledger.parts_of(entry.n):
        rows = home.lake.read(f"parts/{feed}", part.month, part.file_digest)
        on = [column for column in key if column in rows.columns]
        for earlier in home.ledger.parts(feed, entry.n - 1, [part.month]):
            before = home.lake.scan(f"parts/{feed}", earlier.month, earlier.file_digest)
            if on and set(on) <= set(before.collect_schema().names()):
                rows = rows.join(before.select(on).unique().collect(), on=on, how="anti", nulls_equal=True)
        yield part, rows


def _state(
    home: Home, entity: str, month: str, window: str, first: int, last: int, family: Mapping[str, set[int]], taken: set[str],
    clock: str | None,
) -> dict[str, float | None]:  # fmt: skip
    """The figures with the first entries and those of the families taken over; with all of them the log is the new one."""
    whole = taken >= set(family)
    chosen = {n for cause in taken for n in family[cause]}

    def keep(entry: Entry) -> bool:
        return entry.n <= first or (whole and entry.n <= last) or entry.n in chosen

    halves: dict[tuple[int, str], pl.DataFrame | None] = {}
    if "LATE_DATA" in taken and "CORRECTED_READING" not in taken:
        both = family["LATE_DATA"] & family.get("CORRECTED_READING", set())
        for entry in home.ledger.entries(kinds=["file"], as_of=last):
            if entry.n in both:
                halves |= {(entry.n, part.month): late for part, late in _late_rows(home, entry)}
    until = home.ledger.moment(first) if clock is not None and clock not in taken else None
    with scratch(home, keep, computed=True, changed=halves, until=until) as then:
        as_of, _ = then.ledger.head()
        compute_plain(then, [month], as_of)
        found = working(then, month).get(entity, {}).get(window, {})
    return values(found)
