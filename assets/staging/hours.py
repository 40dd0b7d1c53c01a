"""Legs to clock hours: the quantity of each hour by exact interpolation, and the state of the hour.

The hours of a leg sum to its quantity, whatever its length or jitter, because each is a difference of one running count. What the legs
are, and how holes are filled, is decided before (``plain.py``, ``edges.py``, ``estimation.py``).
"""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw
import polars as pl

from assets.staging.edges import APPORTIONED, EDGE
from assets.staging.exact import floor_div, interpolate, whole
from assets.staging.judged import METERED, SOURCE
from assets.staging.meters import POWER, Meter
from resources.calendar import HOUR_S

Frame = nw.LazyFrame[pl.LazyFrame]
METHOD_NAMES = {APPORTIONED: "apportioned", EDGE: "edge", SOURCE: "source"}
EVEN = "even"  # how profiled energy is placed
# metering.md §3: an hour is measured from legs of at most 1.5 × the median step, at least 75 minutes; never from legs above 3 h,
# which are placed by assumption whatever the meter's pace.
_MEASURED_TIMES, _MEASURED_S, PLACED_S = 3, 75 * 60, 3 * HOUR_S
HALF_WATT_SECONDS = 7_200  # in a watt-hour
_METHODS = [f"by_{name}" for name in METHOD_NAMES.values()]


def measured_limit_s(median_step_s: int) -> int:
    """The longest leg, in seconds, whose hours are measured rather than profiled."""
    return min(max(_MEASURED_TIMES * median_step_s // 2, _MEASURED_S), PLACED_S)


def hourly(legs: Frame, meters: Sequence[Meter]) -> pl.DataFrame:
    """Quantities of each meter and hour from legs that lie in the month.

    ``legs``: m, t0, t1, delta, method, long (1 when longer than measured legs are). Returns m, hour_s, known, estimate (internal units, Wh
    of power meters), metered_s, estimated_s, long_s, and for each estimating method whether it had a part.
    """
    table = pl.LazyFrame(
        {"m": range(len(meters)), "start_s": [m.start_s for m in meters], "power": [int(m.kind == POWER) for m in meters]},
        schema={"m": pl.Int64, "start_s": pl.Int64, "power": pl.Int64},
    )
    placed = legs.join(nw.from_native(table), on="m")
    return _in_watt_hours(_sum_hours(split_at_hours(placed))).collect().to_native()


def split_at_hours(legs: Frame) -> Frame:
    """Each leg in pieces of one clock hour: hour_s, a, b (seconds) and quantity; legs inside one hour as they are.

    No piece is exploded: a leg over n hours meets the n rows of a small table of steps.
    """
    t0, t1, start = nw.col("t0"), nw.col("t1"), nw.col("start_s")
    first, last = t0 - (t0 - start) % HOUR_S, t1 - 1 - (t1 - 1 - start) % HOUR_S
    hours = legs.with_columns(hour_s=first, n=floor_div(last - first, whole(HOUR_S)) + 1)
    single = hours.filter(nw.col("n") == 1).with_columns(a=t0, b=t1, quantity=nw.col("delta"))
    multiple = hours.filter(nw.col("n") > 1)
    counts = multiple.select("n").unique().collect().to_native()["n"].sort().to_list()
    steps = [(n, i * HOUR_S) for n in counts for i in range(n)]
    table = nw.from_native(pl.LazyFrame(steps, schema={"n": pl.Int64, "step_s": pl.Int64}, orient="row"))
    stepped = multiple.join(table, on="n").with_columns(hour_s=nw.col("hour_s") + nw.col("step_s"))
    after = nw.col("hour_s") + HOUR_S
    cut = stepped.with_columns(
        a=nw.when(nw.col("hour_s") > t0).then(nw.col("hour_s")).otherwise(t0), b=nw.when(after < t1).then(after).otherwise(t1)
    )
    delta, span = nw.col("delta"), t1 - t0
    pieces = cut.with_columns(quantity=interpolate(delta, span, nw.col("b") - t0) - interpolate(delta, span, nw.col("a") - t0))
    names = ["m", "power", "hour_s", "a", "b", "quantity", "method", "long"]
    return nw.concat([single.select(names), pieces.select(names)])


def _sum_hours(pieces: Frame) -> Frame:
    """What each hour of each meter has: known and estimated quantity and seconds, and by which methods."""
    seconds, quantity, method = nw.col("b") - nw.col("a"), nw.col("quantity"), nw.col("method")
    metered = method == METERED

    def only(condition: nw.Expr, value: nw.Expr) -> nw.Expr:
        return nw.when(condition).then(value).otherwise(whole(0))

    parts = pieces.with_columns(
        known=only(metered, quantity), estimate=only(~metered, quantity),
        metered_s=only(metered, seconds), estimated_s=only(~metered, seconds), long_s=only(metered & (nw.col("long") == 1), seconds),
        **{f"by_{name}": only(method == number, whole(1)) for number, name in METHOD_NAMES.items()},
    )  # fmt: skip
    sums = [nw.col(name).sum() for name in ("known", "estimate", "metered_s", "estimated_s", "long_s")]
    return parts.group_by("m", "power", "hour_s").agg(*sums, *(nw.col(name).max() for name in _METHODS))


def _in_watt_hours(sums: Frame) -> Frame:
    """Half-watt-seconds of power meters as Wh: the running count is divided, so that hours sum to the month's whole count."""
    power, others = sums.filter(nw.col("power") == 1), sums.filter(nw.col("power") == 0)
    per_hour = whole(HALF_WATT_SECONDS)
    for name in ("known", "estimate"):
        power = power.with_columns(until=nw.col(name).cum_sum().over("m", order_by="hour_s"))
        until = nw.col("until")
        power = power.with_columns((floor_div(until, per_hour) - floor_div(until - nw.col(name), per_hour)).alias(name))
    names = ["m", "hour_s", "known", "estimate", "metered_s", "estimated_s", "long_s", *_METHODS]
    return nw.concat([power.select(names), others.select(names)])


def with_states(hours: pl.DataFrame) -> pl.DataFrame:
    """Add quantity, known_s, state and method to hours that have the columns of :func:`hourly` (null where a meter has nothing).

    ``missing`` in so far as anything of the hour is unknown, else ``estimated`` when a part is, else ``profiled`` when the placement of
    a part is assumed, else ``measured``. ``method`` names how, several joined by +. Source: metering.md §3.
    """
    counts = ["metered_s", "estimated_s", "long_s", *_METHODS]
    filled = hours.with_columns(pl.col(counts).fill_null(0), estimated=pl.col("estimate").fill_null(0))
    known_s = pl.col("metered_s") + pl.col("estimated_s")
    state = (
        pl.when(known_s < pl.col("hour_length_s")).then(pl.lit("missing"))
        .when(pl.col("estimated_s") > 0).then(pl.lit("estimated"))
        .when(pl.col("long_s") > 0).then(pl.lit("profiled"))
        .otherwise(pl.lit("measured"))
    )  # fmt: skip
    named = [pl.when(pl.col(f"by_{name}") == 1).then(pl.lit(name)) for name in sorted(METHOD_NAMES.values())]
    estimated = pl.concat_str(named, separator="+", ignore_nulls=True)
    return filled.with_columns(
        quantity=pl.when(known_s > 0).then(pl.col("known") + pl.col("estimate")),
        known_s=known_s,
        state=state,
        method=pl.when(estimated != "").then(estimated).when(pl.col("long_s") > 0).then(pl.lit(EVEN)),
    )
