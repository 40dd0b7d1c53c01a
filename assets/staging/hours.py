"""Legs to clock hours: the quantity of each hour by exact interpolation, and the state of the hour.

The hours of a leg sum to its quantity, whatever its length or jitter, because each is a difference of one running count. What the legs
are, and how holes are filled, is decided before (``plain.py``, ``edges.py``, ``estimation.py``).
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from assets.staging.edges import APPORTIONED, EDGE
from assets.staging.exact import interpolate
from assets.staging.judged import METERED, SOURCE
from assets.staging.meters import POWER, Meter
from assets.staging.plain import hour_key
from resources.calendar import HOUR_S

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


def hourly(legs: pl.DataFrame, sums: pl.DataFrame, meters: Sequence[Meter]) -> pl.DataFrame:
    """Quantities of each meter and hour: of legs that lie in the month, and of short metered legs that were summed before.

    ``legs``: m, t0, t1, delta, method, long (1 when longer than measured legs are); ``sums``: plain.SUMS. Returns m, hour_s, known,
    estimate (internal units, Wh of power meters), metered_s, estimated_s, long_s, n_readings, and for each estimating method whether it
    had a part.
    """
    table = pl.DataFrame(
        [(m, meter.start_s, int(meter.kind == POWER)) for m, meter in enumerate(meters)],
        schema={"m": pl.Int64, "start_s": pl.Int64, "power": pl.Int64}, orient="row",
    )  # fmt: skip
    of_legs = _sum_hours(split_at_hours(legs.join(table, on="m")))
    names = [name for name in of_legs.columns if name not in ("m", "power", "hour_s")]
    both = hour_key().is_in(of_legs.select(hour_key()).to_series().implode())
    beside = sums.join(table.select("m", "power"), on="m", maintain_order="left").with_columns(both=both)
    touched = pl.concat([of_legs, beside.filter("both").drop("both")], how="diagonal").with_columns(pl.col(names).fill_null(0))
    joined = touched.group_by("m", "hour_s", "power").agg(*(_joined(name) for name in [*names, "n_readings"]))
    others = (
        beside.filter(~pl.col("both"))
        .drop("both")
        .with_columns(pl.lit(0, dtype=pl.Int64).alias(name) for name in names if name not in sums.columns)
    )
    return _in_watt_hours(pl.concat([others, joined.select(others.columns)]))


def _joined(name: str) -> pl.Expr:
    return pl.col(name).max() if name in _METHODS else pl.col(name).sum()


def split_at_hours(legs: pl.DataFrame) -> pl.DataFrame:
    """Each leg in pieces of one clock hour: hour_s, a, b (seconds) and quantity."""
    t0, t1, start = pl.col("t0"), pl.col("t1"), pl.col("start_s")
    first = t0 - (t0 - start) % HOUR_S
    hours = legs.with_columns(hour_s=pl.int_ranges(first, t1, HOUR_S)).explode("hour_s")
    cut = hours.with_columns(a=pl.max_horizontal("hour_s", "t0"), b=pl.min_horizontal(pl.col("hour_s") + HOUR_S, "t1"))
    delta, span = pl.col("delta"), t1 - t0
    quantity = interpolate(delta, span, pl.col("b") - t0) - interpolate(delta, span, pl.col("a") - t0)
    return cut.with_columns(quantity=quantity).select("m", "power", "hour_s", "a", "b", "quantity", "method", "long")


def _sum_hours(pieces: pl.DataFrame) -> pl.DataFrame:
    """What each hour of each meter has: known and estimated quantity and seconds, and by which methods."""
    seconds, quantity, method = pl.col("b") - pl.col("a"), pl.col("quantity"), pl.col("method")
    metered = method == METERED

    def only(condition: pl.Expr, value: pl.Expr | int) -> pl.Expr:
        return pl.when(condition).then(value).otherwise(0).cast(pl.Int64)

    sums = {
        "known": only(metered, quantity), "estimate": only(~metered, quantity), "metered_s": only(metered, seconds),
        "estimated_s": only(~metered, seconds), "long_s": only(metered & (pl.col("long") == 1), seconds),
    }  # fmt: skip
    methods = {f"by_{name}": only(method == number, 1) for number, name in METHOD_NAMES.items()}
    parts = pieces.with_columns(**sums, **methods)
    return parts.group_by("m", "power", "hour_s").agg(*(_joined(name) for name in (*sums, *methods)))


def _in_watt_hours(sums: pl.DataFrame) -> pl.DataFrame:
    """Half-watt-seconds of power meters as Wh: the running count is divided, so that hours sum to the month's whole count."""
    power, others = sums.filter(pl.col("power") == 1).sort("m", "hour_s"), sums.filter(pl.col("power") == 0)
    for name in ("known", "estimate"):
        until = pl.col(name).cum_sum().over("m")
        power = power.with_columns((until // HALF_WATT_SECONDS - (until - pl.col(name)) // HALF_WATT_SECONDS).alias(name))
    return pl.concat([power, others]).drop("power")


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
