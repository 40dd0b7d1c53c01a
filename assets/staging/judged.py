"""What becomes of a meter's readings: the types that the rules of metering.md §2 share, and the rules that every kind of meter has.

Readings in, legs out: a leg is a stretch of time with a known quantity. Registers are in ``register.py``, interval and power meters in
``series.py``, the same rules as expressions over many meters in ``plain.py``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from assets.staging.meters import Meter
from resources.calendar import DAY_S, HOUR_S

METERED, SOURCE = 0, 1  # the quantity is the meter's own, or an estimate that came with quality E or S
INFERRED_TIMES, INFERRED_DAYS = 3, 3  # metering.md §2: 3 × the median of the daily maxima of at least 3 days
LARGEST_RATED = 2_500_000_000_000_000  # × 3600 stays below 2^63; beyond it every rate is as good as infinite


class Reading(NamedTuple):
    """One reading of a meter: placed at ``t`` (UTC seconds), ``v`` in internal units, ``est`` for quality E or S."""

    t: int
    v: int
    est: bool
    span: int
    entry: int
    source_row: int


class Leg(NamedTuple):
    """A stretch with a known quantity: internal units, half-watt-seconds of a power meter."""

    t0: int
    t1: int
    delta: int
    method: int = METERED


class Anomaly(NamedTuple):
    """One occurrence for staging/anomalies; ``seen`` and ``limit`` are whole numbers in ``unit``."""

    at_s: int
    code: str
    what: str
    seen: int | None
    limit: int | None
    unit: str
    entry: int | None
    source_row: int | None


class Rejection(NamedTuple):
    entry: int
    source_row: int
    rule_code: str
    reason: str


class Limit(NamedTuple):
    """The plausible maximum of a meter-month in internal units per hour (W of a power meter); ``known`` when from its capacity."""

    value: int | None
    known: bool

    def passed_by(self, rate: int) -> bool:
        return self.value is not None and rate > self.value


@dataclass
class Judged:
    """What a meter's readings came to. ``kept`` are the instants of the readings that count."""

    legs: list[Leg] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    superseded: list[tuple[int, int]] = field(default_factory=list)
    anomalies: list[Anomaly] = field(default_factory=list)

    def reject(self, reading: Reading, rule_code: str, reason: str) -> None:
        self.rejected.append(Rejection(reading.entry, reading.source_row, rule_code, reason))

    def note(self, at_s: int, code: str, what: str, seen: int | None, limit: int | None, unit: str, by: Reading | None) -> None:
        self.anomalies.append(Anomaly(at_s, code, what, seen, limit, unit, by.entry if by else None, by.source_row if by else None))


def rate_per_hour(delta: int, seconds: int) -> int:
    """Mean rate of a non-negative quantity in whole units per hour, rounded down."""
    return min(delta, LARGEST_RATED) * HOUR_S // seconds


def inferred_limit(daily_maxima: Iterable[int]) -> int | None:
    """3 × the median of the daily maxima over days with energy; None below 3 such days. Source: metering.md §2."""
    days = sorted(m for m in daily_maxima if m > 0)
    if len(days) < INFERRED_DAYS:
        return None
    return INFERRED_TIMES * (days[(len(days) - 1) // 2] + days[len(days) // 2]) // 2


def limit_of(meter: Meter, rates: Iterable[tuple[int, int]]) -> Limit:
    """The plausible maximum of the meter's month: from its capacity, else inferred from (t0, rate) of its legs, else unknown.

    Days are counted in steps of 24 hours from the month's start.
    """
    if meter.limit is not None or not meter.inferable:
        return Limit(meter.limit, meter.limit is not None)
    maxima: dict[int, int] = defaultdict(int)
    for t0, rate in rates:
        if meter.start_s <= t0 < meter.end_s:
            day = (t0 - meter.start_s) // DAY_S
            maxima[day] = max(maxima[day], rate)
    return Limit(inferred_limit(maxima.values()), known=False)


def median(counts: Iterable[tuple[int, int]]) -> int:
    """Median of values given as (value, how often); the mean of the middle two rounded down."""
    ordered = sorted(counts)
    total = sum(n for _, n in ordered)

    def at(rank: int) -> int:
        for value, n in ordered:
            if rank < n:
                return value
            rank -= n
        raise ValueError("median of nothing")

    return (at((total - 1) // 2) + at(total // 2)) // 2


def one_per_instant(readings: Iterable[Reading], meter: Meter, out: Judged) -> list[Reading]:
    """At most one reading for each instant, by time.

    Equal values are one (actual if one of them is). Different values: those of the latest entry win, and CT03 says so; when the
    latest entry disagrees with itself all its rows are rejected and the instant has no reading. Source: metering.md §2 (0).
    """
    kept = []
    for t, group in groupby(sorted(readings, key=lambda r: (r.t, r.entry, r.source_row)), key=lambda r: r.t):
        rows = list(group)
        last = rows[-1]
        if len(rows) == 1:
            kept.append(last)
            continue
        values = {r.v for r in rows}
        latest = [r for r in rows if r.entry == last.entry]
        spread = max(values) - min(values)
        if len({r.v for r in latest}) > 1:
            for row in latest:
                out.reject(row, "CT03", "The same file gives several values for this time.")
            out.superseded += [(r.entry, r.source_row) for r in rows if r.entry != last.entry]
            out.note(t, "CT03", "conflict", spread, 0, meter.unit, last)
            continue
        out.superseded += [(r.entry, r.source_row) for r in rows[:-1]]
        if len(values) > 1:
            out.note(t, "CT03", "duplicate_entry", spread, 0, meter.unit, last)
        kept.append(last._replace(est=all(r.est for r in rows if r.v == last.v)))
    return kept
