"""Estimates for the time nothing is known about, in the order of metering.md §3.

An estimator is asked about the holes between legs that those before it left open, and answers with legs. It never changes what is
known, and it never looks at an estimate. What can't be estimated stays missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import polars as pl

from assets.staging.edges import LINEAR, SPANNED
from assets.staging.exact import round_half_even
from assets.staging.judged import METERED, Leg
from assets.staging.meters import Meter
from resources.calendar import HOUR_S

_LINEAR_S = 2 * HOUR_S


class Hole(NamedTuple):
    """A stretch of meter ``m`` without energy between two legs; ``measured`` when both were read at the meter's own pace."""

    m: int
    t0: int
    t1: int
    before: Leg
    after: Leg
    measured: bool


Estimator = Callable[[Hole, Meter], "list[Leg] | None"]


def linear(hole: Hole, meter: Meter) -> list[Leg] | None:
    """Up to 2 h between measured neighbours: the rate goes in a straight line from the middle of one to the middle of the other.

    One leg for each clock hour touched, each rounded half-even: hours 75, –, –, 100 become 83 and 92. Source: metering.md §3.
    """
    if not hole.measured or hole.t1 - hole.t0 > _LINEAR_S:
        return None
    before, after = hole.before, hole.after
    seconds = (before.t1 - before.t0, after.t1 - after.t0)
    rates = (Fraction(before.delta, seconds[0]), Fraction(after.delta, seconds[1]))
    middles = (before.t1 - Fraction(seconds[0], 2), after.t0 + Fraction(seconds[1], 2))
    slope = (rates[1] - rates[0]) / (middles[1] - middles[0])
    cuts = [hole.t0, *_hour_starts(hole, meter), hole.t1]
    return [Leg(a, b, round_half_even((rates[0] + slope * (Fraction(a + b, 2) - middles[0])) * (b - a)), LINEAR) for a, b in pairwise(cuts)]


# In order; the first that has an answer gives it.
ESTIMATORS: tuple[Estimator, ...] = (linear,)


def _hour_starts(hole: Hole, meter: Meter) -> list[int]:
    """The clock hours of the meter's site that start inside a hole."""
    first = hole.t0 + HOUR_S - (hole.t0 - meter.start_s) % HOUR_S
    return list(range(first, hole.t1, HOUR_S))


def find_holes(legs: pl.DataFrame, limits: Mapping[int, int]) -> list[Hole]:
    """The holes between the known legs of each meter (``legs``: SPANNED).

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


def estimate(legs: pl.DataFrame, limits: Mapping[int, int], meters: Sequence[Meter]) -> pl.DataFrame:
    """Legs for the holes of all meters that an estimator can fill; columns SPANNED."""
    filled = []
    for hole in find_holes(legs, limits):
        answers = (estimator(hole, meters[hole.m]) for estimator in ESTIMATORS)
        estimates = next((answer for answer in answers if answer is not None), [])
        filled += [(hole.m, leg.t0, leg.t1, leg.delta, leg.method, leg.t1 - leg.t0) for leg in estimates]
    return pl.DataFrame(filled, schema=SPANNED, orient="row")
