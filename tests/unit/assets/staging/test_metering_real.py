"""Real meters, read in place: one meter at two grains, and one with holes (openeemeter samples, Apache-2.0)."""

from __future__ import annotations

import itertools
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from assets.staging.intervals import StagedMonth, stage_month
from assets.staging.readings import SCHEMA
from resources.calendar import month_range
from tests.unit.assets.staging.metering_world import events_frame, meters_frame, utc

SAMPLES = Path(__file__).resolve().parents[4] / "../shared/real/eemeter-samples"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the real samples (../shared/real/eemeter-samples) are not here")
CHICAGO = "America/Chicago"


def sample(name: str) -> pl.DataFrame:
    """A file's rows as landing keeps them: at_s, zoned, value_e6, in the order of the file."""
    rows = pl.read_csv(SAMPLES / f"{name}.csv.gz", schema_overrides={"start": pl.String, "value": pl.String})
    moments = [datetime.fromisoformat(text) for text in rows["start"]]
    naive = [m.tzinfo is None for m in moments]
    seconds = [
        int((m.replace(tzinfo=datetime.fromisoformat("2000-01-01T00:00Z").tzinfo) if n else m).timestamp())
        for m, n in zip(moments, naive, strict=True)
    ]
    values = [None if text in (None, "nan", "") else round(float(text) * 1_000_000) for text in rows["value"]]
    frame = pl.DataFrame({"at_s": seconds, "zoned": [not n for n in naive], "value_e6": values})
    blank = [pl.lit(None, pl.String).alias(c) for c in ("quality", "problem", "raw_at", "raw_value")]
    row = pl.int_range(2, frame.height + 2, dtype=pl.Int64).alias("source_row")
    return frame.with_columns(*blank, row, meter_id=pl.lit("M1"), entry=pl.lit(1, pl.Int64)).select(list(SCHEMA)).cast(SCHEMA)  # type: ignore[arg-type]


def staged(rows: pl.DataFrame, first: str, last: str, minutes: int, zone: str) -> dict[str, StagedMonth]:
    meters = meters_frame(
        {"kind": "interval", "unit": "kWh", "interval_minutes": minutes, "interval_label": "start", "valid_from": "2010-01-01"}
    )
    return {
        month: stage_month(
            rows.lazy(), meters, events_frame(), month=month, site_zones={"S1": zone}, default_zone=zone, landed_at={1: utc("2030-01-01")}
        )
        for month in month_range(first, last)
    }


def test_hourly_sums_agree_with_the_bills_of_the_same_meter() -> None:
    months = staged(sample("il-electricity-cdd-hdd-hourly"), "2015-11", "2016-02", 60, CHICAGO)
    hours = pl.concat([m.energy for m in months.values()])
    bills = sample("il-electricity-cdd-hdd-billing_monthly").head(4)
    starts, billed = bills["at_s"].to_list(), [725_100, 1_196_810, 1_105_450]
    assert bills["value_e6"].to_list()[:3] == [kwh * 1000 for kwh in billed]
    sums = []
    for start, end in itertools.pairwise(starts):
        period = hours.filter((pl.col("hour_s") >= start) & (pl.col("hour_s") < end))
        assert period.height == (end - start) // 3600
        assert set(period["state"]) == {"measured"}
        sums.append(period["quantity"].sum())
    assert sums == [725_170, 1_196_830, 1_105_440]
    assert all(m.rejected.is_empty() for m in months.values())


def test_the_last_blank_is_a_missing_reading() -> None:
    rows = sample("il-electricity-cdd-hdd-daily")
    month = staged(rows, "2018-02", "2018-02", 1440, CHICAGO)["2018-02"]
    assert rows["value_e6"].to_list()[-1] is None
    assert month.rejected.is_empty()
    assert month.facts.select("n_landed", "n_valid", "metered_s").row(0) == (8, 8, 7 * 86_400)
    assert set(month.energy.filter(pl.col("known_s") == 3600)["state"]) == {"profiled", "estimated"}


def test_holes_are_missing_and_never_zero() -> None:
    rows = sample("uk-electricity-hdd-only-hourly-sample-2")
    months = staged(rows, "2012-01", "2014-12", 30, "Europe/London")
    # what stands in the file twice, and what does not stand there, found without our code
    seen = rows.group_by("at_s").agg(pl.len(), pl.col("value_e6").n_unique().alias("values"))
    assert seen.filter(pl.col("len") > 1).height == 24
    landed = sum(m.facts["n_landed"].sum() for m in months.values())
    assert landed == rows.height
    for month, result in months.items():
        facts, energy = result.facts.row(0, named=True), result.energy
        assert facts["n_landed"] == facts["n_valid"] + facts["n_rejected"] + facts["n_superseded"], month
        assert facts["metered_s"] <= facts["n_valid"] * 1800
        empty = energy.filter(pl.col("known_s") == 0)
        assert empty["quantity"].null_count() == empty.height
    unmetered_days = {month: round((m.facts["expected_s"] - m.facts["metered_s"]).item() / 86_400, 1) for month, m in months.items()}
    assert sum(days > 20 for days in unmetered_days.values()) >= 5, unmetered_days
    known = sum(m.facts["quantity"].item() - m.facts["estimated"].item() for m in months.values() if m.facts["quantity"].item() is not None)
    kept = rows.sort("at_s", "source_row")
    assert known <= kept["value_e6"].sum() / 1000
    assert known >= 0.99 * kept["value_e6"].sum() / 1000
