"""Meters as they are met: several cadences in one meter, jitter, slow water and fuel, odd zones, units by mass, codes of a vendor."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from resources.calendar import month_hours_s
from tests.unit.assets.staging.metering_world import StagedMonth, fact, hours_of, meters_frame, stage, stated, utc

HOUR, DAY = 3600, 86_400
EXPORT = {"point": "export"}  # of which nothing is estimated by like days


def column(staged: StagedMonth, first: str, count: int, name: str, zone: str = "Asia/Shanghai") -> list[Any]:
    return [hour[name] for hour in hours_of(staged, first, count, zone)]


def test_several_cadences_in_one_meter() -> None:
    # every quarter of an hour until noon, hourly until midnight, then once a day: 100 Wh an hour throughout
    quarters = [{"at_s": stated("2026-03-10 00:00") + i * 900, "value": 25 * i} for i in range(49)]
    hours = [{"at_s": stated("2026-03-10 13:00") + i * HOUR, "value": 1300 + 100 * i} for i in range(12)]
    days = [{"at_s": stated("2026-03-12 00:00") + i * DAY, "value": 4800 + 2400 * i} for i in range(2)]
    staged = stage([*quarters, *hours, *days], meters_frame(EXPORT))
    assert fact(staged, "median_step_s") == 900
    assert column(staged, "2026-03-10 00:00", 72, "quantity") == [100] * 72
    # a pair of an hour is measured however often the meter is read else; a day is placed by assumption
    assert column(staged, "2026-03-10 00:00", 72, "state") == ["measured"] * 24 + ["profiled"] * 48
    assert fact(staged, "quantity") - fact(staged, "estimated") == 7200


def test_jitter_changes_no_sum() -> None:
    jitter = [0, 7, -13, 59, -59, 120, 1, -1]
    rows = [{"at_s": stated("2026-03-10 00:00") + i * 900 + jitter[i % 8], "value": 17 * i * i} for i in range(97)]
    staged = stage(rows, meters_frame(EXPORT))
    assert set(column(staged, "2026-03-10 00:00", 24, "state")) == {"measured"}
    assert fact(staged, "quantity") - fact(staged, "estimated") == 17 * 96 * 96


def test_a_register_read_at_24_closes_the_day_and_the_month() -> None:
    rows = [{"at_s": stated("2026-03-31 00:00") + i * 6 * HOUR, "value": 60 * i} for i in range(5)]  # 24:00 is 00:00 on 1 April
    march, april = stage(rows), stage(rows, month="2026-04")
    assert (fact(march, "n_landed"), fact(april, "n_landed")) == (4, 1)
    assert fact(march, "quantity") - fact(march, "estimated") == 240


def test_a_meter_read_weekly_gives_whole_months() -> None:
    water = meters_frame({"medium": "water", "point": "water_supply", "unit": "m3"})
    rows = [{"at_s": stated("2026-01-05 09:00") + i * 7 * DAY, "value": 70 * i} for i in range(16)]
    months = [stage(rows, water, month=f"2026-0{m}") for m in (2, 3)]
    for staged, days in zip(months, (28, 31), strict=True):
        assert (fact(staged, "metered_s"), fact(staged, "missing_s")) == (days * DAY, 0)
        assert abs(fact(staged, "quantity") - 10_000 * days) <= 1
    # a week over the edge is shared, so that the two months sum to what the register says
    total = sum(fact(staged, "quantity") for staged in months)
    assert total == 10_000 * 59


def test_a_fuel_meter_read_monthly() -> None:
    fuel = meters_frame({"medium": "diesel", "point": "fuel_use", "unit": "L"})
    rows = [{"at": at, "value": v} for at, v in (("2026-02-26 10:00", 0), ("2026-03-27 10:00", 290), ("2026-04-28 10:00", 610))]
    staged = stage(rows, fuel)
    # the reading of April is further than ten days from the month: its last days are at the last rate, 10 L a day
    metered_s = 26 * DAY + 10 * HOUR
    assert (fact(staged, "metered_s"), fact(staged, "estimated_s")) == (metered_s, 31 * DAY - metered_s)
    assert set(column(staged, "2026-03-27 10:00", 110, "quantity")) <= {416, 417}  # mL
    far = stage([rows[0], {"at": "2026-03-15 10:00", "value": 170}], fuel)
    # nothing after the 15th but seven days at the last rate
    assert (fact(far, "metered_s"), fact(far, "estimated_s")) == (14 * DAY + 10 * HOUR, 7 * DAY)


def test_fuel_by_mass_needs_its_density() -> None:
    row = {"medium": "diesel", "point": "fuel_use", "unit": "t"}
    rows = [{"at": "2026-03-01 00:00", "value": 0}, {"at": "2026-04-01 00:00", "value": 0.84}]
    assert fact(stage(rows, meters_frame(row).assign(density_kg_per_l=0.84)), "quantity") == 1_000_000  # mL
    refused = stage(rows, meters_frame(row).assign(density_kg_per_l=None))
    assert fact(refused, "quantity") is None
    assert "density_kg_per_l" in refused.rejected["reason"][0]


@pytest.mark.parametrize(
    ("unit", "medium", "point", "wh"),
    [("万kWh", "electricity", "grid_supply", 10_000_000), ("GJ", "heat", "heat_supply", 277_778), ("t", "water", "water_supply", 1_000)],
)
def test_units_are_counted_in_whole_internal_units(unit: str, medium: str, point: str, wh: int) -> None:
    rows = [{"at": "2026-03-01 00:00", "value": 0}, {"at": "2026-04-01 00:00", "value": 1}]
    assert fact(stage(rows, meters_frame({"unit": unit, "medium": medium, "point": point})), "quantity") == wh


def test_a_zone_that_turns_by_half_an_hour() -> None:
    # Lord Howe Island, April 2026: clocks go back half an hour on the 5th, so the month is half an hour longer
    howe = {"S1": "Australia/Lord_Howe"}
    start, end = utc("2026-04-01", "Australia/Lord_Howe"), utc("2026-05-01", "Australia/Lord_Howe")
    assert end - start == 30 * DAY + 1800
    rows = [{"at_s": start, "value": 0, "zoned": True}, {"at_s": end, "value": end - start, "zoned": True}]
    staged = stage(rows, meters_frame(EXPORT), month="2026-04", zones=howe)
    assert (fact(staged, "expected_s"), fact(staged, "metered_s"), fact(staged, "quantity")) == (end - start,) * 3
    assert staged.energy["hour_s"].to_list() == month_hours_s("2026-04", "Australia/Lord_Howe")


def test_a_vendor_code_is_no_reading_and_zero_is_one() -> None:
    coded = meters_frame({}, {"meter_id": "M2"}).assign(no_value_codes=["9999999 -32768 65535.5 0", None])
    values = [0, 9_999_999, -32_768, 65_535.5, 100]
    rows = [{"meter_id": m, "at_s": stated("2026-03-10 00:00") + i * HOUR, "value": v} for m in ("M1", "M2") for i, v in enumerate(values)]
    staged = stage([{**row, "source_row": i + 2} for i, row in enumerate(rows)], coded)
    own = staged.rejected.filter(pl.col("meter_id") == "M1")
    assert own["rule_code"].to_list() == ["CT04"] * 3
    assert set(own["reason"]) == {"The value is what a device sends when it has none."}
    assert column(staged, "2026-03-10 00:00", 4, "quantity") == [25] * 4
    # M2 lists none: the high values are a glitch, the negative one is no count
    assert (fact(staged, "n_valid"), staged.anomalies.filter(pl.col("meter_id") == "M1")["what"].to_list()) == (2, ["sentinel"] * 3)
    assert "negative" in staged.anomalies.filter(pl.col("meter_id") == "M2")["what"].to_list()


def test_a_later_file_that_overlaps_replaces_the_interval() -> None:
    hourly = {"kind": "interval", "interval_minutes": 60, "interval_label": "start", **EXPORT}
    rows = [
        {"at": "2026-03-10 00:00", "value": 10},
        {"at": "2026-03-10 01:00", "value": 20},
        {"at": "2026-03-10 00:30", "value": 7, "entry": 2},
    ]
    staged = stage(rows, meters_frame(hourly))
    assert [a["what"] for a in staged.anomalies.to_dicts()] == ["overlap", "overlap"]
    assert (fact(staged, "n_superseded"), fact(staged, "quantity") - fact(staged, "estimated")) == (2, 7)
