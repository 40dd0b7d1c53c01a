"""What is known of each meter in a month, site by site: time metered, quantity, and what became of its readings.

The table ``staging/meter_facts`` as metering leaves it, before estimation (``filling.py``) and before virtual and shared meters
(``composed.py``). No rule stands here.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from assets.staging.meters import Meter
from assets.staging.outcome import Outcome, counts_of

FACTS = {
    "site_id": pl.String, "meter_id": pl.String, "point": pl.String, "medium": pl.String, "kind": pl.String, "expected_s": pl.Int64,
    "metered_s": pl.Int64, "estimated_s": pl.Int64, "missing_s": pl.Int64, "quantity": pl.Int64, "estimated": pl.Int64,
    "n_landed": pl.Int64, "n_valid": pl.Int64, "n_rejected": pl.Int64, "n_superseded": pl.Int64, "n_rollovers": pl.Int64,
    "n_events": pl.Int64, "median_step_s": pl.Int64, "max_hour_quantity": pl.Int64, "first_at_s": pl.Int64, "last_at_s": pl.Int64,
    "before_at_s": pl.Int64, "after_at_s": pl.Int64, "month": pl.String,
}  # fmt: skip
_COUNTS = ["n_landed", "n_valid", "n_rejected", "n_superseded", "n_rollovers", "n_events"]
_TIMES = ["expected_s", "metered_s", "estimated_s", "missing_s"]


def facts_of(hours: pl.DataFrame, outcome: Outcome) -> pl.DataFrame:
    """staging/meter_facts: one row for each meter and each site at which it is valid at some time of the month.

    ``hours``: the hours of the batch (m, site_id, hour_length_s, metered_s, estimated_s, known, quantity, estimated, n_readings).
    A meter that moves from one site to another has its time and its energy at each; what became of its rows stands at the site where it is
    last, but for the readings that count in an hour of another. ``first_at_s`` … ``after_at_s`` are the meter's: of its readings in the
    month, and where a metered stretch crosses an edge of the month, its end outside (null: none does).
    """
    whole_hour = pl.col("metered_s") == pl.col("hour_length_s")
    known = pl.col("quantity").is_not_null()
    sums = hours.group_by("m", "site_id").agg(
        pl.col("metered_s", "estimated_s").sum(),
        quantity=pl.when(known.any()).then(pl.col("quantity").sum()),
        estimated=pl.col("estimated").sum(),
        max_hour_quantity=pl.col("known").filter(whole_hour).max(),
        n_here=pl.col("n_readings").fill_null(0).sum(),
    )
    frame = pl.DataFrame(_places(outcome), schema=_PLACES, orient="row")
    full = frame.join(sums, on=["m", "site_id"], how="left").join(counts_of(outcome), on="m", how="left")
    full = full.join(_crossing(outcome), on="m", how="left")
    missing = pl.col("expected_s") - pl.col("metered_s") - pl.col("estimated_s")
    return _counted_at(full.with_columns(missing_s=missing)).select(list(FACTS)).cast(FACTS)  # type: ignore[arg-type]


def whole_meters(facts: pl.DataFrame) -> pl.DataFrame:
    """One row for each meter: its rows of several sites as one, at the site where it is last (with most landed rows)."""
    if not facts["meter_id"].is_duplicated().any():
        return facts
    last = facts.sort("meter_id", "n_landed", "site_id").group_by("meter_id", maintain_order=True).last()
    known = pl.col("quantity").is_not_null()
    sums = facts.group_by("meter_id").agg(
        pl.col([*_TIMES, *_COUNTS, "estimated"]).sum(),
        quantity=pl.when(known.any()).then(pl.col("quantity").sum()),
        max_hour_quantity=pl.col("max_hour_quantity").max(),
    )
    return last.select(pl.exclude(set(sums.columns) - {"meter_id"})).join(sums, on="meter_id").select(list(FACTS))


_PLACES = {
    "m": pl.Int64, "site_id": pl.String, "meter_id": pl.String, "point": pl.String, "medium": pl.String, "kind": pl.String,
    "expected_s": pl.Int64, "home": pl.Boolean, "median_step_s": pl.Int64, "month": pl.String,
}  # fmt: skip


def _places(outcome: Outcome) -> list[tuple[object, ...]]:
    """Each meter at each site of its periods: the point and medium of the last one there, and for how long."""
    rows: list[tuple[object, ...]] = []
    for m, meter in enumerate(outcome.meters):
        step = outcome.judgement.steps[m] or None
        stays = [period for period in meter.periods if period.end_s > period.start_s]
        home = stays[-1].site_id if stays else meter.site_id
        for site_id in dict.fromkeys(period.site_id for period in stays):
            here = [period for period in stays if period.site_id == site_id]
            expected = sum(period.end_s - period.start_s for period in here)
            at = (here[-1].point, here[-1].medium)
            rows.append((m, site_id, meter.meter_id, *at, meter.kind_name, expected, site_id == home, step, outcome.month))
    return rows


def _counted_at(full: pl.DataFrame) -> pl.DataFrame:
    """The counts of rows at the site where a meter is last, less those readings that count at others."""
    elsewhere = pl.when("home").then(0).otherwise(pl.col("n_here"))
    moved = elsewhere.sum().over("m")
    return full.with_columns(
        pl.when("home").then(pl.col(name) - (moved if name in ("n_landed", "n_valid") else 0))
        .otherwise(elsewhere if name in ("n_landed", "n_valid") else 0).alias(name)
        for name in _COUNTS
    )  # fmt: skip


def _crossing(outcome: Outcome) -> pl.DataFrame:
    """Of each meter, the ends outside the month of the metered stretches that cross its edges: m, before_at_s, after_at_s."""
    bounds = _bounds(outcome.meters)
    legs = outcome.judgement.legs.join(bounds, on="m")
    begins = legs.filter((pl.col("t0") < pl.col("start_s")) & (pl.col("t1") > pl.col("start_s")))
    ends = legs.filter((pl.col("t0") < pl.col("end_s")) & (pl.col("t1") >= pl.col("end_s")))
    return (
        bounds.select("m")
        .join(begins.group_by("m").agg(before_at_s=pl.col("t0").max()), on="m", how="left")
        .join(ends.group_by("m").agg(after_at_s=pl.col("t1").min()), on="m", how="left")
    )


def _bounds(meters: Sequence[Meter]) -> pl.DataFrame:
    rows = [(m, meter.start_s, meter.end_s) for m, meter in enumerate(meters)]
    return pl.DataFrame(rows, schema={"m": pl.Int64, "start_s": pl.Int64, "end_s": pl.Int64}, orient="row")
