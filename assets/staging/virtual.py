"""Hours of virtual meters: the signed sum of their members, hour by hour, in whole units.

An hour is known only when every member is known. Which members there are is in ``parts.py``; the tables that the hours go into are put
together in ``composed.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import polars as pl

from assets.staging.meters import Meter
from assets.staging.parts import VIRTUAL, Composition, Definition
from resources.calendar import HOUR_S, local_s

# From the strongest to the weakest; a sum is as weak as its weakest member.
STATES = ("measured", "profiled", "estimated", "substituted", "missing")
_HOURS = {
    "site_id": pl.String, "meter_id": pl.String, "point": pl.String, "medium": pl.String, "hour_s": pl.Int64, "length_s": pl.Int64,
}  # fmt: skip
_LEAVES = {"meter_id": pl.String, "from_s": pl.Int64, "to_s": pl.Int64, "leaf": pl.String, "factor": pl.Int64}


def virtual_hours(energy: pl.DataFrame, of: Composition, meters: Sequence[Meter]) -> pl.DataFrame:
    """staging/interval_energy of the virtual meters of a month (method ``virtual``, no readings), and ``length_s`` of the hour.

    ``energy``: staging/interval_energy of the meters that have registers, whole ones, not split; ``meters``: the virtual meters' registry
    facts. The quantity is Σ factor × member, whole and exact, and may be negative; ``estimated`` is Σ |estimated| of the members, because
    estimates of both signs must not cancel. An hour in which any member is not known to the last second, or without a sound
    definition, is missing: null, ``known_s`` 0. Otherwise its state is the weakest of the members'. Members keep the clock hours of
    their own site: at sites half an hour apart no hour is the same, and none is known. Source: metering.md §4, §5.
    """
    hours = _grid(meters)
    leaves = _leaves(of, {meter.meter_id: meter.zone for meter in meters})
    rank = pl.col("state").replace_strict({state: i for i, state in enumerate(STATES)}, return_dtype=pl.Int64)
    members = energy.select(
        pl.col("meter_id").alias("leaf"), "hour_s", "quantity", "estimated", pl.col("known_s").alias("member_s"), rank.alias("rank")
    )
    missing = STATES.index("missing")
    sums = (
        hours.join(leaves, on="meter_id")
        .filter(pl.col("hour_s").is_between(pl.col("from_s"), pl.col("to_s"), closed="left"))
        .join(members, on=["leaf", "hour_s"], how="left")
        .group_by("meter_id", "hour_s")
        .agg(
            (pl.col("quantity") * pl.col("factor")).sum().alias("sum"),
            (pl.col("estimated") * pl.col("factor").abs()).abs().sum().alias("estimates"),
            (pl.col("member_s").fill_null(0) >= pl.col("length_s")).all().alias("whole"),
            pl.col("rank").fill_null(missing).max(),
        )
    )
    known = pl.col("whole").fill_null(False) & (pl.col("rank") < missing)
    return (
        hours.join(sums, on=["meter_id", "hour_s"], how="left")
        .with_columns(
            quantity=pl.when(known).then(pl.col("sum")),
            known_s=pl.when(known).then(pl.col("length_s")).otherwise(0),
            state=pl.when(known).then(pl.col("rank")).otherwise(missing).replace_strict(dict(enumerate(STATES)), return_dtype=pl.String),
            method=pl.when(known).then(pl.lit(VIRTUAL)),
            estimated=pl.when(known).then(pl.col("estimates")).otherwise(0),
            n_readings=pl.lit(0, pl.Int64),
            month=pl.lit(of.month),
        )
        .drop("sum", "estimates", "whole", "rank")
        .sort("meter_id", "hour_s")
    )


def _grid(meters: Sequence[Meter]) -> pl.DataFrame:
    """The clock hours in which each meter is valid, and their length (only a last one can be short)."""
    rows = [
        (p.site_id, meter.meter_id, p.point, p.medium, hour_s, min(HOUR_S, p.end_s - hour_s))
        for meter in meters
        for p in meter.periods
        for hour_s in range(p.start_s + (meter.start_s - p.start_s) % HOUR_S, p.end_s, HOUR_S)
    ]
    return pl.DataFrame(rows, schema=_HOURS, orient="row")


def _leaves(of: Composition, zones: dict[str, str]) -> pl.DataFrame:
    """The meters behind each virtual meter by the instants between which they are: nothing where the definition is refused."""
    rows = [
        (d.meter_id, *seconds_of(d, zones[d.meter_id]), leaf, factor)
        for d in of.definitions
        if d.meter_id in of.virtual and d.meter_id in zones
        for leaf, factor in d.leaves or ()
    ]
    return pl.DataFrame(rows, schema=_LEAVES, orient="row")


def seconds_of(d: Definition, zone: str) -> tuple[int, int]:
    """First second of the days of a definition, and first second after them."""
    return _midnight(d.first, zone), _midnight(d.last + timedelta(days=1), zone)


def _midnight(day: date, zone: str) -> int:
    return local_s(datetime(day.year, day.month, day.day), zone)
