"""Daily tables that two rules judge: both sides day by day (BD07), and each meter's highest hours (CT05).

Put here how a month's hours become days of a site. What is wrong with a day is said by the rules; nothing here is read by the catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from checks.rules.instruments import class_of
from resources.calendar import HOUR_S
from resources.clock import local_day

_LOAD_POINTS = ("grid_supply", "direct_line", "ups_output", "pdu_output", "it_input")


def class_percent(accuracy_class: str | None) -> float:
    """Error limit of an accuracy class in percent; 0 for an unknown class, which earns no allowance. ``0.5S`` is 0.5."""
    return class_of(accuracy_class) or 0.0


def side_days(hours: pl.DataFrame, counted: pl.DataFrame, classes: Mapping[str, str | None], zones: Mapping[str, str]) -> pl.DataFrame:
    """Energy of both sides on the site-local days on which every counted meter of both is measured in every hour.

    ``hours``: staging/interval_energy (Wh); ``counted``: site_id, side, meter_id, sign; ``classes``: accuracy class by meter; ``zones``:
    time zone by site. Returns ``site_id, day, e_dc_wh, e_it_wh, error_wh``: error is √Σ(class·E)² over the meters of both sides.
    Source: checks.md BD06 and BD07.
    """
    error = [(meter, class_percent(text) / 100) for meter, text in classes.items()]
    of_meter = pl.DataFrame(error, schema={"meter_id": pl.String, "class": pl.Float64}, orient="row")
    sides = counted.filter(pl.col("side").is_in(["E_DC", "E_IT"])).unique()
    measured = (pl.col("state") == "measured") & (pl.col("known_s") == HOUR_S)
    wanted = sides.group_by("site_id").agg(pl.len().alias("wanted"), pl.col("side").n_unique().alias("sides")).filter(pl.col("sides") == 2)
    there = hours.filter(pl.col("site_id").is_in(wanted["site_id"].implode()))
    by_meter = (
        _with_day(there.filter(pl.col("meter_id").is_in(sides["meter_id"].unique().implode())), zones)
        .group_by("site_id", "meter_id", "day")
        .agg(pl.col("quantity").sum(), measured.sum().cast(pl.Int64).alias("hours"))
        .join(sides, on=["site_id", "meter_id"])
        .join(of_meter, on="meter_id", how="left")
    )
    every = _with_day(there.select("site_id", "hour_s").unique(), zones)
    full = every.group_by("site_id", "day").agg(pl.len().cast(pl.Int64).alias("full"))
    signed = pl.col("sign") * pl.col("quantity")
    return (
        by_meter.join(full, on=["site_id", "day"])
        .filter(pl.col("hours") == pl.col("full"))
        .group_by("site_id", "day")
        .agg(
            signed.filter(pl.col("side") == "E_DC").sum().alias("e_dc_wh"),
            signed.filter(pl.col("side") == "E_IT").sum().alias("e_it_wh"),
            (pl.col("class").fill_null(0.0) * pl.col("quantity")).pow(2).sum().sqrt().alias("error_wh"),
            pl.len().alias("present"),
        )
        .join(wanted, on="site_id")
        .filter(pl.col("present") == pl.col("wanted"))
        .select("site_id", pl.col("day").cast(pl.String), "e_dc_wh", "e_it_wh", "error_wh")
        .sort("site_id", "day")
    )


def day_peaks(hours: pl.DataFrame, zones: Mapping[str, str], above: float) -> pl.DataFrame:
    """Highest and third-highest fully metered hour of the site-local days of supply and IT meters.

    ``hours``: staging/interval_energy; ``above``: only days on which (highest − third) / third is more than this, as a fleet has a million
    days a month. Returns ``site_id, meter_id, day, highest, third`` (Wh), days with at least three such hours and load in them.
    Source: checks.md CT05.
    """
    metered = (pl.col("known_s") == HOUR_S) & pl.col("state").is_in(["measured", "profiled"])
    known = hours.filter(pl.col("point").is_in(_LOAD_POINTS) & metered).select("site_id", "meter_id", "hour_s", "quantity")
    top = pl.col("quantity").sort(descending=True)
    return (
        _with_day(known, zones)
        .group_by("site_id", "meter_id", "day")
        .agg(top.first().alias("highest"), top.slice(2).first().alias("third"))
        .filter(pl.col("third") > 0, (pl.col("highest") - pl.col("third")) / pl.col("third") > above)
        .with_columns(pl.col("day").cast(pl.String))
        .sort("site_id", "meter_id", "day")
    )


def _with_day(hours: pl.DataFrame, zones: Mapping[str, str]) -> pl.DataFrame:
    """The hours of the sites with their site-local day."""
    parts = [hours.clear().with_columns(pl.lit(None, dtype=pl.Date).alias("day"))]
    ((first_s, last_s),) = hours.select(first=pl.col("hour_s").min(), last=pl.col("hour_s").max()).iter_rows()
    for zone in sorted(set(zones.values())) if hours.height else ():
        there = hours.filter(pl.col("site_id").is_in([site_id for site_id, of_site in zones.items() if of_site == zone]))
        parts.append(there.with_columns(local_day(zone, first_s, last_s).alias("day")))
    return pl.concat(parts)
