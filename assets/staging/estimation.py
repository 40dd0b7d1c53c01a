"""Holes between legs, and the straight line over a short one; the words that all estimates share.

An estimate fills seconds that nothing is known about. It never changes what is known, and it never looks at an estimate. Which estimate
goes first, and how hours get theirs, is in ``filling.py``; what other meters say in ``substitutes.py``; like days in ``likeday.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

import polars as pl

from assets.staging.exact import part_of, round_half_even
from assets.staging.hours import HALF_WATT_SECONDS
from assets.staging.judged import METERED, Leg
from assets.staging.meters import POWER, Meter
from resources.calendar import HOUR_S

CHECK, BALANCE, LINEAR, LIKE_DAY, EDGE = "check", "balance", "linear", "like_day", "edge"  # methods, in their order
LINES = {"m": pl.Int64, "hour_s": pl.Int64, "line": pl.Int64, "line_s": pl.Int64}
LINEAR_S = 2 * HOUR_S

Hour = tuple[str, int]  # meter_id, hour_s


class Fill(NamedTuple):
    """An estimate, in internal units, for ``seconds`` unknown seconds of an hour of a meter."""

    meter_id: str
    hour_s: int
    quantity: int
    seconds: int
    method: str

    @staticmethod
    def of_hour(meter_id: str, hour_s: int, whole: Fraction | int, seconds: int, method: str) -> Fill:
        """The part of a whole hour's estimate that falls to its unknown seconds."""
        return Fill(meter_id, hour_s, part_of(round_half_even(Fraction(whole)), HOUR_S, seconds), seconds, method)


@dataclass(frozen=True)
class Place:
    """What estimates need to know of a month's sites: rows of the registry as plain dicts, time zone and country (ISO 3166-1) by site."""

    month: str
    meters: Sequence[Mapping[str, Any]]
    zones: Mapping[str, str]
    countries: Mapping[str, str]


class Hole(NamedTuple):
    """A stretch of meter ``m`` without energy between two legs; ``measured`` when both were read at the meter's own pace."""

    m: int
    t0: int
    t1: int
    before: Leg
    after: Leg
    measured: bool


def linear(hole: Hole, meter: Meter) -> list[Leg]:
    """Up to 2 h between measured neighbours: the rate goes in a straight line from the middle of one to the middle of the other.

    One leg for each clock hour touched, each rounded half-even: hours 75, –, –, 100 become 83 and 92; none for another hole.
    Source: metering.md §3.
    """
    if not hole.measured or hole.t1 - hole.t0 > LINEAR_S:
        return []
    before, after = hole.before, hole.after
    seconds = (before.t1 - before.t0, after.t1 - after.t0)
    rates = (Fraction(before.delta, seconds[0]), Fraction(after.delta, seconds[1]))
    middles = (before.t1 - Fraction(seconds[0], 2), after.t0 + Fraction(seconds[1], 2))
    slope = (rates[1] - rates[0]) / (middles[1] - middles[0])
    cuts = [hole.t0, *_hour_starts(hole, meter), hole.t1]
    return [Leg(a, b, round_half_even((rates[0] + slope * (Fraction(a + b, 2) - middles[0])) * (b - a))) for a, b in pairwise(cuts)]


def _hour_starts(hole: Hole, meter: Meter) -> list[int]:
    """The clock hours of the meter's site that start inside a hole."""
    first = hole.t0 + HOUR_S - (hole.t0 - meter.start_s) % HOUR_S
    return list(range(first, hole.t1, HOUR_S))


def find_holes(legs: pl.DataFrame, limits: Mapping[int, int]) -> list[Hole]:
    """The holes between the known legs of each meter (``legs``: edges.SPANNED).

    ``limits`` gives the longest leg of each meter that counts as measured, in seconds.
    """
    names = ["t0", "t1", "delta", "method", "span_s"]
    beside = legs.sort("m", "t0").with_columns(pl.col(name).shift(1).over("m").alias(f"before_{name}") for name in names)
    found = []
    for row in beside.filter(pl.col("before_t1") < pl.col("t0")).iter_rows(named=True):
        before = Leg(*(row[f"before_{name}"] for name in names[:4]))
        after = Leg(*(row[name] for name in names[:4]))
        limit = limits[row["m"]]
        measured = before.method == after.method == METERED and max(row["span_s"], row["before_span_s"]) <= limit
        found.append(Hole(row["m"], before.t1, after.t0, before, after, measured))
    return found


def lines(legs: pl.DataFrame, limits: Mapping[int, int], meters: Sequence[Meter]) -> pl.DataFrame:
    """What straight lines over short holes give: m, hour_s, line (internal units, Wh of power meters) and for how many seconds, line_s."""
    found = []
    for hole in find_holes(legs, limits):
        meter = meters[hole.m]
        unit = HALF_WATT_SECONDS if meter.kind == POWER else 1
        for leg in linear(hole, meter):
            hour_s = leg.t0 - (leg.t0 - meter.start_s) % HOUR_S
            found.append((hole.m, hour_s, round_half_even(Fraction(leg.delta, unit)), leg.t1 - leg.t0))
    return pl.DataFrame(found, schema=LINES, orient="row").group_by("m", "hour_s").agg(pl.col("line", "line_s").sum())
