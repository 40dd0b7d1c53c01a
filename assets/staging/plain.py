"""From good readings to legs for many meters at once: the hot path, as Narwhals expressions over Int64 columns.

A meter is plain when no rule of metering.md §2 has anything to decide about it: one register, one value for each instant, nothing that
falls, nothing above the plausible maximum, no quality E or S. Others are handed to ``register.py`` and ``series.py``, which know every
rule; both ways come to the same legs. Legs: m, t0, t1, delta, method.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import narwhals as nw
import polars as pl

from assets.staging.exact import floor_div, whole
from assets.staging.judged import METERED, Anomaly, Judged, Reading, Rejection, inferred_limit, median
from assets.staging.meters import INTERVAL, POWER, REGISTER, Meter
from assets.staging.readings import LOOK_AHEAD_S, LOOK_BACK_S
from assets.staging.register import judge_register
from assets.staging.series import gap_s, judge_intervals, judge_power
from resources.calendar import DAY_S, HOUR_S

Frame = nw.LazyFrame[pl.LazyFrame]
LEGS = {"m": pl.Int64, "t0": pl.Int64, "t1": pl.Int64, "delta": pl.Int64, "method": pl.Int64}
_JUDGES = {REGISTER: judge_register, INTERVAL: judge_intervals, POWER: judge_power}
_LARGEST_RATED = 2_500_000_000_000_000  # as in judged.rate_per_hour


@dataclass(frozen=True)
class Judgement:
    """Legs and kept instants of all meters, and what the rules took out or noted, by position of the meter."""

    legs: pl.DataFrame  # LEGS, known quantities only
    kept: pl.DataFrame  # m, t
    superseded: pl.DataFrame  # entry, source_row
    rejected: list[tuple[int, Rejection]]
    anomalies: list[tuple[int, Anomaly]]


def judge_all(good: Frame, meters: Sequence[Meter]) -> Judgement:
    """Legs of every meter from its good readings (``readings.good_readings``)."""
    facts = _meter_facts(meters)
    ordered = _materialise(_beside_next(good))
    distinct = _materialise(ordered.filter(nw.col("twin") == 0))
    candidates = _materialise(_candidate_legs(distinct.join(facts, on=["m", "span"])))
    limits = _limits(candidates, meters)
    rest = _not_plain(ordered, candidates, limits, meters)
    legs = candidates.filter(~nw.col("m").is_in(rest)).select("m", "t0", "t1", "delta", method=whole(METERED))
    kept = distinct.filter(~nw.col("m").is_in(rest)).select("m", "t")
    twins = ordered.filter((nw.col("twin") == 1) & ~nw.col("m").is_in(rest)).select("entry", "source_row")
    slow = _judge_slowly(ordered.filter(nw.col("m").is_in(rest)).collect().to_native(), meters)
    return Judgement(
        legs=pl.concat([legs.collect().to_native(), slow.legs]),
        kept=pl.concat([kept.collect().to_native(), slow.kept]),
        superseded=pl.concat([twins.collect().to_native(), slow.superseded]),
        rejected=slow.rejected,
        anomalies=slow.anomalies,
    )


def _materialise(frame: Frame) -> Frame:
    """Compute a plan once, for the several that follow from it."""
    return frame.collect().lazy()


def _meter_facts(meters: Sequence[Meter]) -> Frame:
    rows = [
        (m, s, span.kind, span.interval_s, int(meter.limit is None and meter.inferable), meter.start_s, meter.end_s)
        for m, meter in enumerate(meters)
        for s, span in enumerate(meter.spans)
    ]
    names = ["m", "span", "kind", "interval_s", "infer", "start_s", "end_s"]
    return nw.from_native(pl.LazyFrame(rows, schema=dict.fromkeys(names, pl.Int64), orient="row"))


def _beside_next(good: Frame) -> Frame:
    """Mark a reading whose next one has the same instant: ``twin`` with the same value, ``clash`` with another."""
    order = ["t", "entry", "source_row"]
    after = good.with_columns(
        t_next=nw.col("t").shift(-1).over("m", order_by=order), v_next=nw.col("v").shift(-1).over("m", order_by=order)
    )
    same_t, same_v = nw.col("t_next") == nw.col("t"), nw.col("v_next") == nw.col("v")
    return after.with_columns(
        twin=(same_t & same_v).fill_null(False).cast(nw.Int64), clash=(same_t & ~same_v).fill_null(False).cast(nw.Int64)
    ).drop("t_next", "v_next")


def _candidate_legs(distinct: Frame) -> Frame:
    """Legs as if every meter were plain: m, t0, t1, delta, rate (per hour, W of power), and start_s, end_s, infer of the meter.

    Legs of a power meter over too long a time are left out: nothing is known there.
    """
    beside = distinct.with_columns(
        t_before=nw.col("t").shift(1).over("m", order_by=["t", "entry", "source_row"]),
        v_before=nw.col("v").shift(1).over("m", order_by=["t", "entry", "source_row"]),
    )
    following = beside.filter(~nw.col("t_before").is_null())
    return nw.concat([_register_legs(following), _interval_legs(beside), _power_legs(following)])


def _leg(delta: nw.Expr, t0: nw.Expr, t1: nw.Expr, rate: nw.Expr) -> list[nw.Expr]:
    keep = [nw.col(name) for name in ("m", "start_s", "end_s", "infer")]
    return [*keep, t0.alias("t0"), t1.alias("t1"), delta.alias("delta"), rate.alias("rate")]


def _hourly(delta: nw.Expr, seconds: nw.Expr) -> nw.Expr:
    """``judged.rate_per_hour`` as an expression; 0 where the quantity is negative or takes no time."""
    sound = (delta >= 0) & (seconds > 0)
    capped = nw.when(delta <= _LARGEST_RATED).then(delta).otherwise(whole(_LARGEST_RATED))
    capped = nw.when(sound).then(capped).otherwise(whole(0))
    return floor_div(capped * HOUR_S, nw.when(seconds > 0).then(seconds).otherwise(whole(1)))


def _register_legs(following: Frame) -> Frame:
    """A register's leg is the difference of two readings."""
    t0, t1, delta = nw.col("t_before"), nw.col("t"), nw.col("v") - nw.col("v_before")
    return following.filter(nw.col("kind") == REGISTER).select(_leg(delta, t0, t1, _hourly(delta, t1 - t0)))


def _interval_legs(beside: Frame) -> Frame:
    """An interval's leg is its own quantity over its own length."""
    t0, delta, length = nw.col("t"), nw.col("v"), nw.col("interval_s")
    return beside.filter(nw.col("kind") == INTERVAL).select(_leg(delta, t0, t0 + length, _hourly(delta, length)))


def _power_legs(following: Frame) -> Frame:
    """A trapezoid in half-watt-seconds, where the samples are close enough."""
    power = following.filter(nw.col("kind") == POWER).with_columns(apart=nw.col("t") - nw.col("t_before"))
    steps = power.group_by("m", "apart").agg(n=nw.len()).collect().to_native()
    gaps = {m: gap_s(step) for m, step in median_by_meter(steps).items()}
    table = pl.LazyFrame({"m": list(gaps), "gap_s": list(gaps.values())}, schema={"m": pl.Int64, "gap_s": pl.Int64})
    both = nw.col("v_before") + nw.col("v")
    mean = floor_div(both, whole(2))
    return (
        power.join(nw.from_native(table), on="m")
        .filter(nw.col("apart") <= nw.col("gap_s"))
        .select(_leg(both * nw.col("apart"), nw.col("t_before"), nw.col("t"), mean))
    )


def median_by_meter(steps: pl.DataFrame) -> dict[int, int]:
    """Median step of each meter from (m, step, how often)."""
    counts: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for m, step, n in steps.iter_rows():
        counts[m].append((step, n))
    return {m: median(values) for m, values in counts.items()}


def _limits(candidates: Frame, meters: Sequence[Meter]) -> Frame:
    """The plausible maximum of each meter that has one: m, limit (metering.md §2)."""
    known = {m: meter.limit for m, meter in enumerate(meters) if meter.limit is not None}
    since = nw.col("t0") - nw.col("start_s")
    maxima = (
        candidates.filter((nw.col("infer") == 1) & (since >= 0) & (nw.col("t0") < nw.col("end_s")))
        .with_columns(day=since - since % DAY_S)
        .group_by("m", "day")
        .agg(highest=nw.col("rate").max())
        .collect()
        .to_native()
    )
    days: dict[int, list[int]] = defaultdict(list)
    for m, highest in maxima.select("m", "highest").iter_rows():
        days[m].append(highest)
    inferred = {m: limit for m, values in days.items() if (limit := inferred_limit(values)) is not None}
    limits = known | inferred
    return nw.from_native(pl.LazyFrame({"m": list(limits), "limit": list(limits.values())}, schema={"m": pl.Int64, "limit": pl.Int64}))


def _not_plain(ordered: Frame, candidates: Frame, limits: Frame, meters: Sequence[Meter]) -> list[int]:
    """The meters about which a rule has something to decide."""
    rest = {m for m, meter in enumerate(meters) if not meter.plain_between(meter.start_s - LOOK_BACK_S, meter.end_s + LOOK_AHEAD_S)}
    odd_rows = ordered.filter((nw.col("clash") == 1) | (nw.col("est") == 1)).select("m").unique().collect().to_native()
    over = (nw.col("rate") > nw.col("limit")).fill_null(False)
    falls = nw.col("delta") < 0
    odd_legs = candidates.join(limits, on="m", how="left").filter(over | falls).select("m").unique().collect().to_native()
    rest |= set(odd_rows["m"]) | set(odd_legs["m"]) | _overlapping(candidates, meters)
    return sorted(rest)


def _overlapping(candidates: Frame, meters: Sequence[Meter]) -> set[int]:
    """Interval meters of which an interval reaches into the next."""
    intervals = [m for m, meter in enumerate(meters) if meter.kind == INTERVAL]
    after = candidates.filter(nw.col("m").is_in(intervals)).with_columns(t0_next=nw.col("t0").shift(-1).over("m", order_by="t0"))
    return set(after.filter(nw.col("t0_next") < nw.col("t1")).select("m").unique().collect().to_native()["m"])


@dataclass(frozen=True)
class _Slow:
    legs: pl.DataFrame
    kept: pl.DataFrame
    superseded: pl.DataFrame
    rejected: list[tuple[int, Rejection]]
    anomalies: list[tuple[int, Anomaly]]


def _judge_slowly(rows: pl.DataFrame, meters: Sequence[Meter]) -> _Slow:
    """The meters that are not plain, one by one, by every rule."""
    judged: list[tuple[int, Judged]] = []
    by_meter: dict[tuple[int, int], list[Reading]] = defaultdict(list)
    for m, t, v, est, span, entry, row in rows.select("m", "t", "v", "est", "span", "entry", "source_row").iter_rows():
        by_meter[m, meters[m].spans[span].kind].append(Reading(t, v, bool(est), span, entry, row))
    for (m, kind), readings in sorted(by_meter.items()):
        judged.append((m, _JUDGES[kind](meters[m], readings)))
    return _Slow(
        legs=pl.DataFrame([(m, *leg) for m, j in judged for leg in j.legs], schema=LEGS, orient="row"),
        kept=pl.DataFrame([(m, t) for m, j in judged for t in j.kept], schema={"m": pl.Int64, "t": pl.Int64}, orient="row"),
        superseded=pl.DataFrame(
            [pair for _, j in judged for pair in j.superseded], schema={"entry": pl.Int64, "source_row": pl.Int64}, orient="row"
        ),
        rejected=[(m, item) for m, j in judged for item in j.rejected],
        anomalies=[(m, item) for m, j in judged for item in j.anomalies],
    )
