"""Stated times to instants: wall-clock times of a zone as UTC, daylight saving included.

Where a wall clock is turned back, the order of the file says which of two hours is meant; where it is put forward, some times never
were. Only that belongs here; what is done with a row without an instant is decided in ``readings.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import narwhals as nw
import polars as pl

from assets.staging.exact import whole
from resources.calendar import offsets

KNOWN, REPEATED, SKIPPED = 0, 1, 2


@dataclass(frozen=True)
class Zone:
    """A time zone over a window: the offset it begins with, and its changes as (UTC instant, offset before, offset after)."""

    number: int
    name: str
    offset_s: int
    changes: tuple[tuple[int, int, int], ...]


def zones_over(names: Iterable[str], start_s: int, end_s: int) -> dict[str, Zone]:
    """Zones by name, numbered in the order of their names, with their changes between two instants."""
    found = {}
    for number, name in enumerate(sorted(set(names))):
        parts = offsets(name, start_s, end_s)
        changes = tuple((at, parts[i][1], offset) for i, (at, offset) in enumerate(parts[1:]))
        found[name] = Zone(number, name, parts[0][1], changes)
    return found


def offset_of(zones: Iterable[Zone], stated: nw.Expr, zone_number: nw.Expr, first_offset: nw.Expr) -> nw.Expr:
    """UTC offset of a stated wall-clock time; in a repeated hour the first of the two."""
    result = first_offset
    for zone in zones:
        for at, before, after in zone.changes:
            changed = (zone_number == zone.number) & (stated >= at + max(before, after))
            result = nw.when(changed).then(whole(after)).otherwise(result)
    return result


def clock_of(zones: Iterable[Zone], stated: nw.Expr, zone_number: nw.Expr, ends_period: nw.Expr) -> nw.Expr:
    """KNOWN, REPEATED or SKIPPED of a stated wall-clock time.

    Where times are ends of periods, the instant at which clocks are put forward is known: 02:00 ends the hour that began at 01:00.
    """
    result = whole(KNOWN)
    for zone in zones:
        for at, before, after in zone.changes:
            here = zone_number == zone.number
            if after < before:
                repeated = here & (stated >= at + after) & (stated < at + before)
                result = nw.when(repeated).then(whole(REPEATED)).otherwise(result)
            else:
                never = (stated > at + before) | ((stated == at + before) & ~ends_period)
                skipped = here & never & (stated < at + after)
                result = nw.when(skipped).then(whole(SKIPPED)).otherwise(result)
    return result


def resolve_repeated(rows: pl.DataFrame) -> pl.DataFrame:
    """Which of two hours a stated time in a repeated hour means, by the order of the file.

    ``rows`` (meter_id, entry, source_row, stated_s, clock) are all rows of the meters and entries concerned. Where the rows of the
    repeated hour run through it exactly twice, in the direction in which the file runs, the first pass is the first hour; else it
    can't be told. Returns (meter_id, entry, source_row, second Boolean, null where it can't be told). Source: metering.md §3.
    """
    found = []
    for (meter_id, entry), part in rows.sort("source_row").group_by(["meter_id", "entry"], maintain_order=True):
        times = part["stated_s"].drop_nulls()
        backwards = len(times) > 1 and times[-1] < times[0]
        inside = part.filter(pl.col("clock") == REPEATED)
        ordered = inside.reverse() if backwards else inside
        passes = _passes(ordered["stated_s"].to_list())
        twice = bool(passes) and passes[-1] == 1
        found += [
            (meter_id, entry, source_row, number == 1 if twice else None)
            for source_row, number in zip(ordered["source_row"].to_list(), passes, strict=True)
        ]
    schema = {"meter_id": pl.String, "entry": pl.Int64, "source_row": pl.Int64, "second": pl.Boolean}
    return pl.DataFrame(found, schema=schema, orient="row")


def _passes(times: list[int]) -> list[int]:
    """The number of the pass, from 0, that each time belongs to: a new one begins where time does not go on."""
    passes: list[int] = []
    for i, time in enumerate(times):
        passes.append(0 if i == 0 else passes[-1] + (time <= times[i - 1]))
    return passes
