"""Estimates of a staged month, in their order: check meter, parent balance, line, like day, missing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl
import pytest

from assets.staging.intervals import StagedMonth
from tests.unit.assets.staging.metering_world import fact, hours_of, meters_frame, stage, stated, utc

HOUR, DAY = 3600, 86_400
INTERVAL = {"kind": "interval", "interval_minutes": 60, "interval_label": "start"}
FIRST = "2026-03-10 00:00"  # a Tuesday


def values(meter_id: str, quantities: Iterable[int | None], first: str = FIRST, **more: Any) -> list[dict[str, Any]]:
    """Hourly interval readings; None is a reading that is not there."""
    start = stated(first)
    return [
        {"meter_id": meter_id, "at_s": start + i * HOUR, "value": q, **more} for i, q in enumerate(quantities) if q is not None
    ]  # fmt: skip


def column(staged: StagedMonth, name: str, count: int, meter_id: str = "M1", first: str = FIRST) -> list[Any]:
    return [h[name] for h in hours_of(staged, first, count, meter_id=meter_id)]


def numbered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "source_row": i + 2} for i, row in enumerate(rows)]


# check meter -------------------------------------------------------------------------------------------------------------

CHECKED = meters_frame(INTERVAL, {**INTERVAL, "meter_id": "C", "check_meter_of": "M1"})


def test_a_check_meter_goes_first() -> None:
    rows = values("M1", [100, 100, None, None, 100]) + values("C", [100, 100, 80, 130, 100])
    staged = stage(numbered(rows), CHECKED)
    assert column(staged, "quantity", 5) == [100, 100, 80, 130, 100]
    assert column(staged, "method", 5) == [None, None, "check", "check", None]
    assert column(staged, "estimated", 5) == [0, 0, 80, 130, 0]
    assert column(staged, "state", 5)[2] == "estimated"


def test_a_check_meter_is_scaled_to_the_meter() -> None:
    # over the three hours that both know the meter has 300 and its check meter 303
    rows = values("M1", [100, 100, None, 100]) + values("C", [101, 101, 202, 101])
    assert column(stage(numbered(rows), CHECKED), "quantity", 4) == [100, 100, 200, 100]


def test_without_a_common_hour_it_counts_as_it_reads() -> None:
    rows = values("M1", [None] * 2) + values("C", [50, 60])
    assert column(stage(numbered(rows), CHECKED), "quantity", 2) == [50, 60]


def test_a_check_meter_that_stands_still_says_nothing() -> None:
    rows = values("M1", [75, None, None, 100]) + values("C", [0, 0, 0, 0])
    staged = stage(numbered(rows), CHECKED)
    assert column(staged, "quantity", 4) == [75, 83, 92, 100]
    assert column(staged, "method", 4)[1] == "linear"


def test_an_estimate_of_the_check_meter_is_no_answer() -> None:
    rows = values("M1", [75, None, None, 100]) + values("C", [75, 500], quality="E") + values("C", [200, 100], "2026-03-10 02:00")
    staged = stage(numbered(rows), CHECKED)
    # hour 1: the check meter itself is estimated, the line over both hours answers; hour 2: the check meter
    assert column(staged, "method", 4) == [None, "linear", "check", None]
    assert column(staged, "quantity", 4) == [75, 83, 200, 100]


def test_only_the_unknown_part_of_an_hour_is_filled() -> None:
    meters = meters_frame({**INTERVAL, "interval_minutes": 15}, {**INTERVAL, "meter_id": "C", "check_meter_of": "M1"})
    quarters = [{"meter_id": "M1", "at_s": stated(FIRST) + i * 900, "value": q} for i, q in enumerate([10] * 4 + [9] * 3) if i != 5]
    staged = stage(numbered(quarters + values("C", [40, 80])), meters)
    # the second hour: two quarters known (9, 9), two open: half of the check meter's 80; both had 40 in the first hour
    hour = hours_of(staged, "2026-03-10 01:00", 1)[0]
    assert (hour["quantity"], hour["estimated"], hour["known_s"]) == (18 + 40, 40, HOUR)


def test_the_check_meter_itself_is_not_filled_from_the_meter() -> None:
    rows = values("M1", [100] * 5) + values("C", [100, None, None, None, 100])
    assert column(stage(numbered(rows), CHECKED), "quantity", 5, "C") == [100, None, None, None, 100]


# parent balance ------------------------------------------------------------------------------------------------------------

NODE = meters_frame(
    {**INTERVAL, "meter_id": "G"},
    {**INTERVAL, "meter_id": "PV", "point": "onsite_generation", "parent_meter_id": "G"},
    {**INTERVAL, "meter_id": "M1", "point": "ups_output", "parent_meter_id": "G"},
    {**INTERVAL, "meter_id": "C", "point": "cooling", "parent_meter_id": "G"},
)


def node(silent: list[int | None], grid: list[int | None], pv: list[int | None], cooling: list[int | None]) -> list[dict[str, Any]]:
    return numbered(values("M1", silent) + values("G", grid) + values("PV", pv) + values("C", cooling))


def test_the_balance_of_the_node_above() -> None:
    staged = stage(node([80, None, None, None], [95, 95, 100, 90], [5, 5, 10, 0], [20, 20, 15, 30]), NODE)
    assert column(staged, "quantity", 4) == [80, 80, 95, 60]
    assert column(staged, "method", 4) == [None, "balance", "balance", "balance"]


def test_what_is_lost_at_the_node_stays_lost() -> None:
    # in the known hour 100 flow in, 20 go to cooling and the meter has 76 of the 80 left: 5 % is lost
    staged = stage(node([76, None], [95, 195], [5, 5], [20, 20]), NODE)
    assert column(staged, "quantity", 2) == [76, 171]


@pytest.mark.parametrize(
    ("silent", "grid", "pv", "cooling"),
    [
        ([76, None], [95, 95], [5, 5], [20, None]),  # a sibling is silent
        ([76, None], [95, None], [5, 5], [20, 20]),  # the node's own meter is
        ([76, None], [95, 95], [5, None], [20, 20]),  # a source attached to it is
        ([None, None], [95, 95], [5, 5], [20, 20]),  # no hour says what is lost
        ([76, None], [95, 10], [5, 5], [20, 20]),  # less flows in than out
    ],
)
def test_no_balance_no_estimate(silent: list[int | None], grid: list[int | None], pv: list[int | None], cooling: list[int | None]) -> None:
    staged = stage(node(silent, grid, pv, cooling), NODE)
    assert "balance" not in staged.energy["method"].to_list()


def test_a_load_that_software_estimates_opens_the_node() -> None:
    soft = meters_frame(*NODE.to_dict("records"), {"meter_id": "SW", "kind": "software", "unit": "kW", "parent_meter_id": "G"})
    assert column(stage(node([80, None], [95, 195], [5, 5], [20, 20]), soft), "method", 2) == [None, "edge"]


def test_a_check_meter_at_the_node_is_no_load() -> None:
    extra = meters_frame(*NODE.to_dict("records"), {**INTERVAL, "meter_id": "K", "parent_meter_id": "G", "check_meter_of": "C"})
    assert column(stage(node([80, None], [95, 195], [5, 5], [20, 20]), extra), "quantity", 2) == [80, 180]


def test_two_silent_loads_are_both_unknown() -> None:
    staged = stage(node([80, None], [95, 95], [5, 5], [20, None]), NODE)
    assert (column(staged, "method", 2), column(staged, "method", 2, "C")) == ([None, "edge"], [None, "edge"])


def test_a_source_is_never_the_rest_of_a_balance() -> None:
    staged = stage(node([80, 90], [95, 95], [5, None], [20, 20]), NODE)
    assert column(staged, "method", 2, "PV") == [None, "edge"]


# like day ------------------------------------------------------------------------------------------------------------------


def days(first: str, per_day: list[int | None], meter_id: str = "M1") -> list[dict[str, Any]]:
    """A day's hours all alike, day after day; None for a silent day."""
    return values(meter_id, [q for q in per_day for _ in range(24)], first)


def test_a_silent_day_is_like_the_workdays_around_it() -> None:
    # Monday 9 to Friday 13 March, Wednesday silent: Tuesday, Thursday and Monday are nearest
    rows = days("2026-03-09 00:00", [100, 110, None, 130, 900]) + days("2026-03-16 00:00", [100])
    staged = stage(numbered(rows), meters_frame(INTERVAL), countries={"S1": "CN"})
    assert column(staged, "quantity", 24, first="2026-03-11 00:00") == [340 // 3] * 24
    assert set(column(staged, "method", 24, first="2026-03-11 00:00")) == {"like_day"}
    assert set(column(staged, "state", 24, first="2026-03-11 00:00")) == {"estimated"}
    assert column(staged, "quantity", 24, first="2026-03-14 00:00") == [None] * 24  # no Saturday is known


def test_the_thirty_days_before_the_month_say_it_too_but_are_not_published() -> None:
    # Friday 27 February (a workday), Monday 2 March silent; 29 January is 32 days before the month
    rows = days("2026-02-27 00:00", [50]) + days("2026-03-03 00:00", [70]) + days("2026-01-28 00:00", [999])
    staged = stage(numbered(rows), meters_frame(INTERVAL), countries={"S1": "CN"})
    assert column(staged, "quantity", 24, first="2026-03-02 00:00") == [60] * 24
    assert staged.energy["hour_s"].min() == utc("2026-03-01")
    assert fact(staged, "n_landed") == 24


def test_a_day_that_is_estimated_says_nothing() -> None:
    # Tuesday is what the utility estimated: only Thursday is measured
    rows = numbered(days("2026-03-10 00:00", [500, None, 70]))
    estimated = [{**row, "quality": "E"} if row["value"] == 500 else row for row in rows]
    staged = stage(estimated, meters_frame(INTERVAL))
    assert column(staged, "quantity", 24, first="2026-03-11 00:00") == [70] * 24


@pytest.mark.parametrize("point", ["backup_generation", "storage_charge", "storage_discharge", "export"])
def test_no_day_of_these_points_is_like_another(point: str) -> None:
    staged = stage(numbered(days("2026-03-09 00:00", [100, 100, None, 100])), meters_frame({**INTERVAL, "point": point}))
    assert column(staged, "quantity", 24, first="2026-03-11 00:00") == [None] * 24


def test_the_rate_of_the_last_pair_goes_after_like_days() -> None:
    # the last reading is Friday's, 10 Wh in its last hour: Saturday at that rate; Sunday is unknown; Monday is like the workdays
    rows = values("M1", [100] * 47 + [10], "2026-03-05 00:00")
    later = hours_of(stage(numbered(rows), meters_frame(INTERVAL)), "2026-03-07 00:00", 72)
    assert [h["method"] for h in later] == ["edge"] * 24 + [None] * 24 + ["like_day"] * 24
    assert [h["quantity"] for h in later] == [10] * 24 + [None] * 24 + [100] * 23 + [55]


def test_an_unknown_year_is_an_anomaly_of_the_meter() -> None:
    rows = days("2101-10-03 00:00", [5, None])
    staged = stage(numbered(rows), meters_frame(INTERVAL), month="2101-10", countries={"S1": "CN"}, landed=utc("2102-01-01"))
    found = staged.anomalies.filter(pl.col("what") == "unknown_holidays").to_dicts()
    assert [(a["meter_id"], a["code"], a["seen"]) for a in found] == [("M1", "ME05", 2101.0)]
    quiet = stage(numbered(days("2101-10-03 00:00", [5, 5])), meters_frame(INTERVAL), month="2101-10", landed=utc("2102-01-01"))
    assert quiet.anomalies.is_empty()


# the shape of long stretches -----------------------------------------------------------------------------------------------


def registers(first: str, counts: list[tuple[int, int | None]]) -> list[dict[str, Any]]:
    """Register readings at hours after ``first``."""
    return [{"meter_id": "M1", "at_s": stated(first) + h * HOUR, "value": v} for h, v in counts if v is not None]


def test_a_stretch_over_three_hours_takes_the_shape_of_like_days() -> None:
    # Tuesday: 10 Wh an hour until noon, then 30. Wednesday is read at 10:00 and at 14:00 only, 400 Wh apart
    tuesday = [(h, 10 * min(h, 12) + 30 * max(h - 12, 0)) for h in range(25)]
    wednesday = [(24 + h, 480 + 10 * h) for h in range(11)] + [(38, 480 + 100 + 400), (39, 480 + 100 + 400 + 30)]
    staged = stage(numbered(registers(FIRST, tuesday + wednesday)))
    # like days: 10, 10, 30, 30 → 400 as 50, 50, 150, 150
    assert column(staged, "quantity", 6, first="2026-03-11 09:00") == [10, 50, 50, 150, 150, 30]
    assert column(staged, "state", 6, first="2026-03-11 09:00") == ["measured", *["profiled"] * 4, "measured"]
    assert column(staged, "method", 6, first="2026-03-11 09:00") == [None, *["like_day"] * 4, None]
    assert column(staged, "estimated", 6, first="2026-03-11 09:00") == [0] * 6
    assert fact(staged, "quantity") - fact(staged, "estimated") == 1010
    assert fact(staged, "max_hour_quantity") == 150


def test_up_to_three_hours_it_is_a_straight_line() -> None:
    tuesday = [(h, 10 * min(h, 12) + 30 * max(h - 12, 0)) for h in range(25)]
    wednesday = [(24 + h, 480 + 10 * h) for h in range(11)] + [(37, 480 + 100 + 90), (38, 700)]
    staged = stage(numbered(registers(FIRST, tuesday + wednesday)))
    assert column(staged, "quantity", 3, first="2026-03-11 10:00") == [30] * 3
    assert column(staged, "method", 3, first="2026-03-11 10:00") == ["even"] * 3


def test_without_like_days_it_is_even() -> None:
    staged = stage(numbered(registers(FIRST, [(0, 0), (1, 10), (2, 20), (6, 420), (7, 430)])))
    assert column(staged, "quantity", 4, first="2026-03-10 02:00") == [100] * 4
    assert column(staged, "method", 4, first="2026-03-10 02:00") == ["even"] * 4


def test_a_shaped_stretch_over_the_edge_keeps_both_months() -> None:
    # 31 March 20:00 to 1 April 04:00, 800 Wh: each month keeps its half, shaped within it
    week = [(h, 10 * h) for h in range(7 * 24 + 21)]  # 24 March 00:00 to 31 March 20:00
    rows = numbered(registers("2026-03-24 00:00", [*week, (7 * 24 + 28, 1880 + 800), (7 * 24 + 29, 2690)]))
    march, april = stage(rows), stage(rows, month="2026-04")
    known = march.energy["quantity"].sum() - march.energy["estimated"].sum()
    assert known == 1880 + 400
    assert sum(column(april, "quantity", 4, first="2026-04-01 00:00")) == 400


# several steps for one meter --------------------------------------------------------------------------------------------------


def test_each_hole_takes_the_first_that_answers() -> None:
    meters = meters_frame(
        {**INTERVAL, "meter_id": "G"}, {**INTERVAL, "parent_meter_id": "G"}, {**INTERVAL, "meter_id": "C", "check_meter_of": "M1"}
    )
    day = [10] * 24
    monday, tuesday = values("M1", day, "2026-03-09 00:00"), values("M1", [q for h, q in enumerate(day) if True], FIRST)
    silent = {1, 2, 4, 6, 7, 8, 9}
    rows = monday + [row for h, row in enumerate(tuesday) if h not in silent]
    rows += values("C", [10, 11, None], FIRST) + values("G", [None, None, 12, None, None, 10], FIRST)
    staged = stage(numbered(rows), meters)
    # 01:00 the check meter; 02:00 the node (scaled 10:10 by 05:00); 04:00 a line; 06:00 to 09:00 too long for one: Monday
    assert column(staged, "method", 10) == [None, "check", "balance", None, "linear", None, *["like_day"] * 4]
    assert column(staged, "quantity", 10) == [10, 11, 12, 10, 10, 10, 10, 10, 10, 10]


def test_a_refused_meter_stays_unknown_without_a_check_meter() -> None:
    staged = stage(numbered(values("M1", [1, 2, 3])), meters_frame({**INTERVAL, "unit": "m3"}))
    assert fact(staged, "missing_s") == 31 * DAY
