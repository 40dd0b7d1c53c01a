"""What each counted meter carries of its side: the share that the share rule (checks.md) asks for."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

SCHEMA = {
    "site_id": pl.String, "side": pl.String, "meter_id": pl.String, "share": pl.Float64, "last_known_share": pl.Float64,
}  # fmt: skip


def side_shares(facts: pl.DataFrame, counted: pl.DataFrame, earlier: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Share of a side's quantity that each counted meter carries in the month, and in the last month in which it was known.

    ``facts``: staging/meter_facts; ``counted``: site_id, side, meter_id, sign; ``earlier``: staging/energies of earlier months, newest
    first. What a meter measured is scaled to the time it should have measured, so that a silent stretch does not make it look small; null
    when nothing of the meter, or not all of the side's meters, is known. Source: checks.md, share rule.
    """
    whole = pl.col("quantity").cast(pl.Float64) * pl.col("expected_s") / pl.col("metered_s")
    known = facts.select("meter_id", pl.col("site_id").alias("at"), pl.len().over("meter_id").alias("rows"), whole, "metered_s")
    own = pl.col("rows").is_null() | (pl.col("rows") == 1) | (pl.col("at") == pl.col("site_id"))  # a shared meter has a row at each site
    sizes = (
        counted.join(known, on="meter_id", how="left")
        .filter(own)
        .with_columns(pl.when(pl.col("metered_s") > 0).then(pl.col("quantity").abs()).alias("size"))
    )
    side = ["site_id", "side"]
    total = pl.when(pl.col("size").is_not_null().all()).then(pl.col("size").sum())
    now = sizes.with_columns(total.over(side).alias("total")).with_columns(_ratio("size", "total").alias("share"))
    past = pl.DataFrame(schema={"site_id": pl.String, "side": pl.String, "meter_id": pl.String, "last_known_share": pl.Float64})
    for energies in earlier:
        past = pl.concat([past, _of_month(energies)]).unique([*side, "meter_id"], keep="first", maintain_order=True)
    return (
        now.join(past, on=[*side, "meter_id"], how="left").select(list(SCHEMA)).sort("site_id", "side", "meter_id")
    )  # fmt: skip


def _of_month(energies: pl.DataFrame) -> pl.DataFrame:
    sides = energies.filter(pl.col("measure").is_in(["E_DC", "E_IT", "water"]) & (pl.col("meter_id") != "(scaled)"))
    totals = sides.filter(pl.col("meter_id") == "").select("site_id", "measure", pl.col("quantity").abs().alias("total"))
    return (
        sides.filter(pl.col("meter_id") != "")
        .group_by("site_id", "measure", "meter_id")
        .agg(pl.col("quantity").abs().sum().alias("size"))
        .join(totals, on=["site_id", "measure"])
        .select("site_id", pl.col("measure").alias("side"), "meter_id", _ratio("size", "total").alias("last_known_share"))
        .filter(pl.col("last_known_share").is_not_null())
    )


def _ratio(part: str, whole: str) -> pl.Expr:
    return pl.when(pl.col(whole) > 0).then(pl.col(part).cast(pl.Float64) / pl.col(whole).cast(pl.Float64))
