"""The hours behind a stored total of ``staging/energies``, found again from stored tables: what a trace shows and a price needs.

Which hours count was decided in ``energies.py``; here nothing is decided again, only looked up and held against the stored sums.
"""

from __future__ import annotations

import polars as pl

from assets.staging.energies import PAIRS, SCALED
from resources.calendar import HOUR_S
from resources.errors import GciError

CONTRIBUTION_SCHEMA = {
    "meter_id": pl.String, "sign": pl.Int64, "hour_s": pl.Int64, "quantity": pl.Int64, "state": pl.String, "method": pl.String,
}  # fmt: skip


def contributions(energy: pl.DataFrame, energies: pl.DataFrame, site_id: str, measure: str) -> pl.DataFrame:
    """The hours behind one stored total: ``meter_id, sign, hour_s, quantity, state, method``, sorted by meter and hour.

    ``energy`` and ``energies`` are staging/interval_energy and staging/energies of the month. Σ sign × quantity is the stored total; what
    was filled is the row of meter ``(scaled)`` with ``hour_s`` null. Of an unknown total, what is known. Empty when the site has no such
    measure. GciError when the hours don't sum to the stored total.
    """
    own = energies.filter(pl.col("site_id") == site_id).sort("measure", "meter_id", "sign")
    stored = own.filter(pl.col("measure") == measure)
    total = stored.filter(pl.col("meter_id") == "")
    if total.is_empty():
        return pl.DataFrame(schema=CONTRIBUTION_SCHEMA)
    hours = energy.filter(pl.col("site_id") == site_id)
    side, at, ratio = measure.partition("@")
    found = _counted_hours(hours, own.filter(pl.col("measure") == side))
    # Water that is not read hourly is not masked: its rows are those of the month.
    if at and not stored.drop("measure").equals(own.filter(pl.col("measure") == side).drop("measure")):
        for name in PAIRS[at + ratio]:
            found = found.join(_stored_known_hours(hours, own.filter(pl.col("measure") == name)), on="hour_s", how="semi")
    found = found.filter(pl.col("quantity").is_not_null()).select(list(CONTRIBUTION_SCHEMA))
    filling = {"hour_s": pl.lit(None, pl.Int64), "state": pl.lit("estimated"), "method": pl.lit("scaled")}
    filled = stored.filter(pl.col("meter_id") == SCALED).with_columns(**filling).select(list(CONTRIBUTION_SCHEMA))
    found = pl.concat([found, filled]).sort("meter_id", "hour_s")
    expected = total["quantity"].item()
    if expected is not None and (seen := (found["sign"] * found["quantity"]).sum()) != expected:
        raise GciError(
            f"The hours of {measure} of {site_id} sum to {seen}, but its stored total is {expected}. "
            "Run 'gci verify' to see whether a table was changed."
        )
    return found


def _counted_hours(hours: pl.DataFrame, side: pl.DataFrame) -> pl.DataFrame:
    """Hours of the meters of a month measure, with their sign: those that give the stored contribution of each meter.

    A meter whose role changed within the month counts before or after the change only; which, its stored sum says.
    """
    first, last = pl.lit(hours["hour_s"].min()), pl.lit(hours["hour_s"].max())
    stored = side.filter(~pl.col("meter_id").is_in(["", SCALED])).select(
        "meter_id",
        "sign",
        "expected_s",
        pl.col("known_s").alias("stored_s"),
        (pl.col("quantity") * pl.col("sign")).fill_null(0).alias("stored"),
    )
    whole = hours.join(stored, on="meter_id")
    agrees = (pl.col("known_s").sum() == pl.col("stored_s").first()) & (pl.col("quantity").sum() == pl.col("stored").first())
    before = whole.filter(pl.col("hour_s") - first < pl.col("expected_s"))
    after = whole.filter(last + HOUR_S - pl.col("hour_s") <= pl.col("expected_s"))
    key = ["meter_id", "sign"]
    chosen, rest = [], stored.select(key)
    for part in (whole, before, after):
        fitting = part.group_by(key).agg(agrees.alias("agrees")).filter("agrees").join(rest, on=key, how="semi")
        chosen.append(part.join(fitting, on=key, how="semi"))
        rest = rest.join(fitting, on=key, how="anti")
    return pl.concat([*chosen, whole.join(rest, on=key, how="semi")])


def _stored_known_hours(hours: pl.DataFrame, side: pl.DataFrame) -> pl.DataFrame:
    """The hours known on a side, found again from stored rows: a meter that counts all month must have every hour."""
    month_s = side.filter(pl.col("meter_id") == "")["expected_s"].item()
    always = side.filter(~pl.col("meter_id").is_in(["", SCALED]) & (pl.col("expected_s") == month_s))["meter_id"].to_list()
    cells = _counted_hours(hours, side)
    complete = cells.filter(pl.col("meter_id").is_in(always)).group_by("hour_s").len().filter(pl.col("len") == len(always))
    known = (
        cells.group_by("hour_s")
        .agg(known=(pl.col("known_s") >= HOUR_S).all(), adds=(pl.col("sign") > 0).any())  # never an hour in which no meter adds
        .filter(pl.col("known") & pl.col("adds"))
        .select("hour_s")
    )
    return known.join(complete, on="hour_s", how="semi") if always else known
