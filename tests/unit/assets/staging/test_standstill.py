"""Stretches of equal and of zero hours: found from hours, whatever the batches, and what explains them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import polars as pl
import pytest

from assets.staging.intervals import StagedMonth
from assets.staging.standstill import (
    Standstill,
    outage_instants,
    resolution_e6,
    runs,
    same_hours,
    stuck_stretches,
    zero_stretches,
)
from tests.unit.assets.staging.metering_world import SHANGHAI, events_frame, meters_frame, one_meter, parts, stage, stage_month, utc

HOUR, DAY = 3600, 86_400
START = utc("2026-03-01")
ZONES = {"S1": SHANGHAI}


def register(per_hour: list[int], meter: str = "M1", start: int = 1_000_003) -> list[dict[str, Any]]:
    """Hourly readings of a register in Wh from the month's first instant on."""
    shown, rows = start, []
    for hour, energy in enumerate([*per_hour, 0]):
        rows.append({"meter_id": meter, "at_s": START + 8 * HOUR + hour * HOUR, "value": shown})
        shown += energy
    return rows


def varied(hours: int, mean: int = 5000) -> list[int]:
    return [mean + (hour * 7919) % 97 for hour in range(hours)]


def watched(*batches: StagedMonth, **more: Any) -> Standstill:
    still = Standstill(ZONES, **{"checks": set(), "same_hours": 24, "same_days": 7, "zero_hours": 3} | more)
    assert list(still.over(batches)) == list(batches)
    return still


def test_runs_end_where_the_quantity_the_meter_or_the_hours_do() -> None:
    hours = [("A", 0, 5), ("A", 1, 5), ("A", 2, 6), ("B", 3, 6), ("B", 5, 6), ("B", 6, 6)]
    frame = pl.DataFrame([(m, h * HOUR, q) for m, h, q in hours], schema=["meter_id", "hour_s", "quantity"], orient="row")
    assert runs(frame).select("meter_id", "hour_s", "n").rows() == [("A", 0, 2), ("A", 2 * HOUR, 1), ("B", 3 * HOUR, 1), ("B", 5 * HOUR, 2)]


# CT06 ---------------------------------------------------------------------------------------------------------------


def test_a_day_of_one_interval_is_found() -> None:
    flow = varied(100)
    flow[40:70] = [5000] * 30
    staged = stage(register(flow))
    still = watched(staged)
    assert still.same.select("meter_id", "hour_s", "hours", "quantity").rows() == [("M1", START + 40 * HOUR, 30, 5000)]
    assert same_hours(staged.energy, 31).is_empty()


def test_zero_and_varied_hours_do_not_repeat() -> None:
    assert watched(stage(register([0] * 60 + varied(60)))).same.is_empty()


def test_estimated_hours_are_no_reading() -> None:
    """Two days without readings are profiled evenly: equal hours that no meter said."""
    rows = register(varied(48) + [5000] * 48 + varied(48))
    kept = rows[:49] + rows[96:]
    assert watched(stage(kept)).same.is_empty()


def test_batches_change_nothing() -> None:
    flow = varied(100)
    flow[10:50] = [5000] * 40
    rows = [row for n in range(3) for row in register(flow if n == 1 else varied(100), f"M{n}")]
    meters = meters_frame(*({"meter_id": f"M{n}"} for n in range(3)))
    whole, cut = (
        stage_month(parts(rows), meters, events_frame(), batch=size, month="2026-03", site_zones=ZONES, default_zone=SHANGHAI,
                    landed_at={1: utc("2030-01-01")})
        for size in (3, 1)
    )  # fmt: skip
    some = [StagedMonth(cut.energy.filter(pl.col("meter_id") == f"M{n}"), cut.rejected, cut.facts, cut.anomalies) for n in range(3)]
    assert watched(whole).same.equals(watched(*some).same)
    assert watched(whole).zero.equals(watched(*some).zero)
    order = ["site_id", "together", "hour_s"]
    assert watched(whole).together.sort(order).equals(watched(*some).together.sort(order))


@pytest.mark.parametrize(("days", "found"), [(7, True), (6, False)])
def test_water_is_asked_by_days(days: int, found: bool) -> None:
    litres = [4000 + 37 * day for day in range(25)]
    litres[5 : 5 + days] = [4100] * days
    shown = [0]
    for amount in litres:
        shown.append(shown[-1] + amount)
    rows = [{"at_s": START + 8 * HOUR + day * DAY, "value": value / 1000} for day, value in enumerate(shown)]
    meters = meters_frame({"medium": "water", "point": "water_supply", "unit": "m3"})
    same = watched(stage(rows, meters)).same
    assert same.select("hour_s", "hours", "quantity").rows() == ([(START + 5 * DAY, 168, 4100)] if found else [])


def test_a_week_between_readings_is_no_week_of_equal_days() -> None:
    rows = [{"at_s": START + 8 * HOUR + day * DAY, "value": day * 10.0} for day in (0, 7, 14, 21, 28)]
    assert watched(stage(rows, meters_frame({"medium": "water", "point": "water_supply", "unit": "m3"}))).same.is_empty()


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ([1_000_000, 1_250_000], 250_000),
        ([12_345_670_000, 12_345_770_000], 10_000),
        ([250_000_000, 250_000_000], 1_000_000),  # one value: the unit of its last digit
        ([12_340_000], 10_000),
        ([], 0),
    ],
)
def test_the_resolution_step(values: list[int], step: int) -> None:
    assert resolution_e6(values) == step


def test_how_many_steps_an_interval_is() -> None:
    """A register in kWh with two decimals and multiplier 40, 50 kWh in an hour: 12.5 kWh a quarter-hour, 31.25 steps of 0.4 kWh."""
    meter = one_meter({"unit": "kWh", "multiplier": 40})
    same = pl.DataFrame({"site_id": ["S1"], "meter_id": ["M1"], "medium": ["electricity"], "hour_s": [START + 5 * HOUR], "hours": [30],
                         "quantity": [50_000]})  # fmt: skip
    readings = pl.DataFrame(
        [("M1", START + 8 * HOUR + n * 900, False, 100_000_000 + n * 310_000 + n % 3 * 10_000, n + 2, 7) for n in range(60)],
        schema=["meter_id", "at_s", "zoned", "value_e6", "source_row", "entry"], orient="row",
    )  # fmt: skip
    (row,) = stuck_stretches(same, readings, [meter], {"M1": 900}).rows(named=True)
    assert (row["interval"], row["steps"], row["unit"], row["entry"], row["source_row"]) == (12_500.0, 31.25, "Wh", 7, 22)  # row of 05:00


# CT07 ---------------------------------------------------------------------------------------------------------------


def zeros(
    staged: StagedMonth, outages: dict[str, list[int]] | None = None, before: pl.DataFrame | None = None, **more: Any
) -> pl.DataFrame:
    still = watched(staged, **more)
    earlier = still.zero.clear() if before is None else before
    return zero_stretches(still.zero, earlier, still.together, outages or {}, {"S1": START}, 3)


def dead(first: int = 200, hours: int = 5, length: int = 300) -> list[int]:
    flow = varied(length)
    flow[first : first + hours] = [0] * hours
    return flow


def test_a_stretch_at_zero_and_what_was_before_it() -> None:
    found = zeros(stage(register(dead())))
    assert found.rows() == [("S1", "M1", START + 200 * HOUR, 5, 200, False, False)]
    assert zeros(stage(register(dead(hours=2)))).is_empty()
    before = dead()
    before[100] = 0
    assert zeros(stage(register(before))).is_empty()  # it was at zero before: no news
    again = dead()
    again[250:260] = [0] * 10
    assert zeros(stage(register(again)))["from_s"].to_list() == [START + 200 * HOUR]


@pytest.mark.parametrize("point", ["onsite_generation", "backup_generation", "export", "storage_charge", "cooling", "direct_line"])
def test_where_zero_is_no_news(point: str) -> None:
    assert zeros(stage(register(dead()), meters_frame({"point": point}))).is_empty()


@pytest.mark.parametrize(("at", "explained"), [(200 * HOUR - 1800, True), (204 * HOUR, True), (198 * HOUR, False), (205 * HOUR, False)])
def test_an_outage_explains_a_stretch(at: int, explained: bool) -> None:
    assert zeros(stage(register(dead())), {"M1": [START + at]})["outage"].to_list() == [explained]


def test_what_an_outage_explains_is_no_zero_before() -> None:
    flow = dead()
    flow[100:104] = [0] * 4
    found = zeros(stage(register(flow)), {"M1": [START + 100 * HOUR]})
    assert found.select("hours_above", "outage").rows() == [(100, True), (196, False)]


def test_the_month_before_counts_as_history() -> None:
    staged = stage(register(dead(first=0)))
    earlier = [("S1", "M1", "grid_supply", START - n * HOUR, 0 if n < 3 else 5000) for n in range(200, 0, -1)]
    before = pl.DataFrame(earlier, schema=watched(staged).zero.schema, orient="row")
    (row,) = zeros(staged, before=before).rows(named=True)
    assert (row["from_s"], row["hours"], row["hours_above"]) == (START - 2 * HOUR, 7, 198)


def two_supplies(first: list[int], second: list[int]) -> StagedMonth:
    return stage(register(first, "M1") + register(second, "M2"), meters_frame({"meter_id": "M1"}, {"meter_id": "M2"}))


def test_a_load_that_moved_to_another_supply() -> None:
    own, other = dead(), varied(300, 6000)
    assert zeros(two_supplies(own, other))["moved"].to_list() == [False]
    taken = [b + (5000 if a == 0 else 0) for a, b in zip(own, other, strict=True)]
    assert zeros(two_supplies(own, taken))["moved"].to_list() == [True]


def test_a_check_meter_carries_nothing() -> None:
    """Its sum would stand for the supply that it checks."""
    own = dead()
    assert zeros(two_supplies(own, varied(300, 6000)), checks={"M2"})["moved"].to_list() == [False]


def test_outages_of_meters_above() -> None:
    events = [{"meter_id": "G", "at_s": 100, "kind": "outage"}, {"meter_id": "U", "at_s": 50, "kind": "calibration"}]
    chain = list(pairwise(["G", "T", "U"]))
    meters = [{"meter_id": "G", "parent_meter_id": None, "valid_from": "2024-01-01"}]
    meters += [{"meter_id": down, "parent_meter_id": up, "valid_from": "2024-01-01"} for up, down in chain]
    assert outage_instants(events, meters) == {"G": [100], "T": [100], "U": [100]}
    assert outage_instants([], meters) == {}
    circle = [{"meter_id": a, "parent_meter_id": b, "valid_from": None} for a, b in (("G", "T"), ("T", "G"))]
    assert outage_instants(events, circle) == {"G": [100], "T": [100]}
