"""Interval and power meters: readings of one meter to legs, rule by rule (metering.md §2).

For the few meters that need it; the others take ``plain.py`` and come to the same legs. Registers are in ``register.py``.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from assets.staging.judged import METERED, SOURCE, Judged, Leg, Limit, Reading, limit_of, median, one_per_instant, rate_per_hour
from assets.staging.meters import Meter

_GAP_TIMES, SHORTEST_GAP_S = 3, 1200  # metering.md §2: 1.5 × the median step (3/2), at least 20 minutes
_WILD_TIMES = 10  # an interval above 10 × an inferred maximum is a gap


def judge_intervals(meter: Meter, readings: list[Reading]) -> Judged:
    """The legs of an interval meter: each reading is the quantity of its own interval, which begins at ``t``."""
    out = Judged()
    ends = {s: span.interval_s for s, span in enumerate(meter.spans)}
    kept = without_overlaps(one_per_instant(readings, meter, out), ends, meter, out)
    limit = limit_of(meter, [(r.t, rate_per_hour(r.v, ends[r.span])) for r in kept])
    for r in kept:
        leg = Leg(r.t, r.t + ends[r.span], r.v, SOURCE if r.est else METERED)
        _add_within_limit(leg, rate_per_hour(r.v, ends[r.span]), limit, meter, r, out)
    out.kept = [r.t for r in kept]
    return out


def without_overlaps(readings: list[Reading], lengths: dict[int, int], meter: Meter, out: Judged) -> list[Reading]:
    """Intervals that do not overlap: of two that do, the later landed wins; within one entry both are rejected (CT03)."""
    lost: set[int] = set()
    rejected: set[int] = set()
    for i, first in enumerate(readings):
        for j in range(i + 1, len(readings)):
            second = readings[j]
            overlap = first.t + lengths[first.span] - second.t
            if overlap <= 0:
                break
            out.note(second.t, "CT03", "overlap", overlap, 0, "s", second)
            if first.entry == second.entry:
                rejected |= {i, j}
            else:
                lost.add(i if first.entry < second.entry else j)
    for i in sorted(rejected):
        out.reject(readings[i], "CT03", "The interval overlaps another one of the same file.")
    out.superseded += [(readings[i].entry, readings[i].source_row) for i in sorted(lost - rejected)]
    return [r for i, r in enumerate(readings) if i not in lost | rejected]


def judge_power(meter: Meter, readings: list[Reading]) -> Judged:
    """The legs of a power meter, in half-watt-seconds: the trapezoid ``(P0 + P1)·dt`` between samples that are close enough.

    Samples further apart than 1.5 × the median step (at least 20 minutes) have a gap between them. Samples of quality E or S are
    skipped where actual ones stand close enough around them; else their trapezoids are estimates of the source.
    """
    out = Judged()
    samples = one_per_instant(readings, meter, out)
    apart = gap_s(median(Counter(b.t - a.t for a, b in pairwise(samples)).items())) if len(samples) > 1 else 0
    samples = without_close_estimates(samples, apart)
    legs = [
        (Leg(a.t, b.t, (a.v + b.v) * (b.t - a.t), SOURCE if a.est or b.est else METERED), b)
        for a, b in pairwise(samples)
        if b.t - a.t <= apart
    ]
    limit = limit_of(meter, [(leg.t0, mean_power(leg)) for leg, _ in legs])
    for leg, by in legs:
        _add_within_limit(leg, mean_power(leg), limit, meter, by, out)
    out.kept = [r.t for r in samples]
    return out


def gap_s(median_step_s: int) -> int:
    """From how many seconds between two samples on nothing is known between them."""
    return max(_GAP_TIMES * median_step_s // 2, SHORTEST_GAP_S)


def mean_power(leg: Leg) -> int:
    """Mean power of a leg in W, rounded down."""
    return leg.delta // (2 * (leg.t1 - leg.t0))


def without_close_estimates(samples: list[Reading], apart: int) -> list[Reading]:
    """Skip samples of quality E or S between actual ones no further apart than a trapezoid may be."""
    actual = [r.t for r in samples if not r.est]
    kept, i = [], 0
    for r in samples:
        while i < len(actual) and actual[i] <= r.t:
            i += 1
        bracketed = r.est and 0 < i < len(actual) and actual[i] - actual[i - 1] <= apart
        if not bracketed:
            kept.append(r)
    return kept


def _add_within_limit(leg: Leg, rate: int, limit: Limit, meter: Meter, by: Reading, out: Judged) -> None:
    """Above a known maximum a gap; above an inferred one kept and flagged, above 10 × it a gap (CT05)."""
    if limit.passed_by(rate) and limit.value is not None:
        out.note(leg.t1, "CT05", "over_capacity" if limit.known else "over_inferred", rate, limit.value, meter.rate_unit, by)
        if limit.known or rate > _WILD_TIMES * limit.value:
            return
    out.legs.append(leg)
