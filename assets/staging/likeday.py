"""Like days: what a meter takes in the same hour of days of the same kind.

Means for hours that nothing is known of, and shapes for energy that is known only as a whole. Only measured hours are looked at, so that
no estimate rests on an estimate. Which hours are open, and in which order they are filled, is in ``filling.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from assets.staging.exact import part_of
from assets.staging.workdays import local_hour
from resources.calendar import DAY_S, HOUR_S

LIKE_BACK_S = 30 * DAY_S  # like days are looked for in the month and the 30 days before it
# Points whose days are not alike: a generator runs when it must, a store as prices go, an export when there is too much.
NEVER_LIKE = ("backup_generation", "storage_charge", "storage_discharge", "export")
NEAREST = 3
HOURS = {"meter_id": pl.String, "site_id": pl.String, "hour_s": pl.Int64, "quantity": pl.Int64}
MEANS = {
    "meter_id": pl.String, "hour_s": pl.Int64, "mean": pl.Int64, "day": pl.Int64, "days": pl.Int64, "furthest": pl.Int64,
    "uncertain_year": pl.Int64,
}  # fmt: skip
_CLOCK = {
    "hour_s": pl.Int64, "day": pl.Int64, "clock": pl.Int64, "kind": pl.Int64, "uncertain_year": pl.Int64,
}  # fmt: skip


def like_day_means(wanted: pl.DataFrame, measured: pl.DataFrame, zones: Mapping[str, str], countries: Mapping[str, str]) -> pl.DataFrame:
    """What each wanted hour was on its like days: the mean, rounded down, of the nearest three that were measured then.

    ``wanted``: meter_id, site_id, hour_s; ``measured``: HOURS, whole measured hours of the month and the 30 days before it (Wh, L, mL,
    normal L). ``zones`` and ``countries`` by site. A like day has the same kind (workday, weekend, holiday); of two as near the
    earlier goes first; fewer where there are fewer. Returns MEANS without the hours that no like day knows: ``day`` is the hour's own
    (ordinal), ``days`` how many were taken and ``furthest`` how many days away the last of them is; ``uncertain_year`` the year whose
    public holidays are not known. Source: metering.md §3.
    """
    clock = _clock(pl.concat([wanted.select("site_id", "hour_s"), measured.select("site_id", "hour_s")]).unique(), zones, countries)
    open_hours = wanted.select("meter_id", "site_id", "hour_s").join(clock, on=["site_id", "hour_s"])
    known = measured.join(clock.drop("uncertain_year"), on=["site_id", "hour_s"]).drop("site_id")
    found = open_hours.join(known, on=["meter_id", "clock", "kind"], suffix="_like").with_columns(
        apart=(pl.col("day") - pl.col("day_like")).abs()
    )
    nearest = (
        found.filter(pl.col("apart") > 0)
        .sort("meter_id", "hour_s", "apart", "day_like", "hour_s_like")
        # a clock hour that was twice on a day speaks once for it
        .unique(["meter_id", "hour_s", "day_like"], keep="first", maintain_order=True)
        .group_by("meter_id", "hour_s", maintain_order=True)
        .head(NEAREST)
    )
    means = nearest.group_by("meter_id", "hour_s", maintain_order=True).agg(
        pl.col("day", "uncertain_year").first(),
        mean=pl.col("quantity").sum() // pl.len().cast(pl.Int64),
        days=pl.len(),
        furthest=pl.col("apart").max(),
    )
    return means.select(list(MEANS)).cast(MEANS)  # type: ignore[arg-type]


def _clock(hours: pl.DataFrame, zones: Mapping[str, str], countries: Mapping[str, str]) -> pl.DataFrame:
    """Local day, clock hour and kind of day of each hour of a site."""
    names = hours["site_id"].unique().to_list()
    places = pl.DataFrame(
        [(name, zones[name], countries.get(name, "")) for name in names],
        schema={"site_id": pl.String, "zone": pl.String, "country": pl.String}, orient="row",
    )  # fmt: skip
    placed = hours.join(places, on="site_id")
    rows = []
    for zone, country, hour_s in placed.select("zone", "country", "hour_s").unique().iter_rows():
        day, clock = local_hour(hour_s, zone, country)
        year = None if day.certain else date.fromordinal(day.number).year
        rows.append((zone, country, hour_s, day.number, clock, day.kind, year))
    clocks = pl.DataFrame(rows, schema={"zone": pl.String, "country": pl.String, **_CLOCK}, orient="row")
    return placed.join(clocks, on=["zone", "country", "hour_s"]).select("site_id", *_CLOCK)


def shaped(start_s: int, end_s: int, delta: int, means: Mapping[int, int], first_hour_s: int) -> list[tuple[int, int]] | None:
    """A known quantity over a long stretch, placed by the shape of its like days: (hour_s, what is added to the even placement).

    ``means``: the like-day mean of each clock hour; ``first_hour_s`` some clock hour's start. Hours get the quantity in proportion to
    mean × seconds, whole units by largest remainder, the earlier hour first on ties: they sum to ``delta``. None when the like days of
    some hour are not known, or all means are zero: the stretch stays even. Source: metering.md §3.
    """
    begin = start_s - (start_s - first_hour_s) % HOUR_S
    hours = range(begin, end_s, HOUR_S)
    if any(hour not in means for hour in hours):
        return None
    cuts = [(max(hour, start_s), min(hour + HOUR_S, end_s)) for hour in hours]
    placed = largest_remainder(delta, [means[hour] * (b - a) for hour, (a, b) in zip(hours, cuts, strict=True)])
    if placed is None:
        return None
    length = end_s - start_s
    even = [part_of(delta, length, b - start_s) - part_of(delta, length, a - start_s) for a, b in cuts]
    return [(hour, new - old) for hour, new, old in zip(hours, placed, even, strict=True)]


def largest_remainder(whole: int, weights: list[int]) -> list[int] | None:
    """``whole`` in parts proportional to the weights, exactly; None when the weights are all zero."""
    total = sum(weights)
    if total <= 0:
        return None
    parts = [whole * weight // total for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(whole * weights[i] % total), i))
    for i in order[: whole - sum(parts)]:
        parts[i] += 1
    return parts
