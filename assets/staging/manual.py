"""Readings that a person took: how many of each meter's readings in a month are of quality M.

Only counting belongs here; what share is too much is said by ``checks/rules`` (ME08). Readings are looked at as they were landed.
"""

from __future__ import annotations

import polars as pl

from resources.home import Home

SCHEMA = {"meter_id": pl.String, "readings": pl.Int64, "manual": pl.Int64}
_READ = ("meter_id", "at_s", "quality")


def manual_readings(home: Home, month: str, as_of: int) -> pl.DataFrame:
    """Meters with manual readings in a month: ``readings`` at different instants, and how many of them are ``manual`` (quality M).

    The month is that of the stated local time. Of several rows for one instant the one landed last counts: a manual reading that was
    replaced by the meter's own is none. Source: checks.md ME08; interfaces.md §2 (the later landed one wins).
    """
    parts = home.ledger.parts("meter_readings", as_of, [month])
    scans = [home.lake.scan("parts/meter_readings", month, part.file_digest).select(_READ).with_columns(entry=part.entry) for part in parts]
    if not scans:
        return pl.DataFrame(schema=SCHEMA)
    rows = pl.concat(scans)
    # few meters are read by hand, of a fleet of a hundred million readings a month: only theirs are ever held together
    meters = rows.filter(pl.col("quality") == "M").select("meter_id").unique().collect(engine="streaming")["meter_id"].to_list()
    counted = (
        rows.filter(pl.col("meter_id").is_in(meters))
        .collect(engine="streaming")
        .sort("entry", maintain_order=True)
        .unique(["meter_id", "at_s"], keep="last", maintain_order=True)
        .group_by("meter_id")
        .agg(pl.len().cast(pl.Int64).alias("readings"), (pl.col("quality") == "M").sum().cast(pl.Int64).alias("manual"))
    )
    return counted.filter(pl.col("manual") > 0).sort("meter_id")
