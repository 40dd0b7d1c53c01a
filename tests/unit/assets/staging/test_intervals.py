"""A staged month: the vectors of metering.md §7 on hours, edges, states and estimates, and the rows that can't be used."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from checks.contracts.registry import STAGED
from tests.unit.assets.staging.metering_world import (
    SHANGHAI,
    events_frame,
    fact,
    hours_of,
    meters_frame,
    parts,
    stage,
    stage_month,
    stated,
    utc,
)

HOUR, DAY = 3600, 86_400
START, END = utc("2026-03-01"), utc("2026-04-01")
MONTH_S = END - START
INTERVAL = {"kind": "interval", "interval_minutes": 60, "interval_label": "start"}


def column(hours: list[dict[str, Any]], name: str) -> list[Any]:
    return [h[name] for h in hours]


# to the hour ----------------------------------------------------------------------------------------------------------


def test_boundaries_are_interpolated() -> None:
    # 1000 at 00:03, 1060 at 01:03: the register was at 1057 at 01:00
    staged = stage([{"at": "2026-03-10 00:03", "value": 1000}, {"at": "2026-03-10 01:03", "value": 1060}])
    assert column(hours_of(staged, "2026-03-10 00:00", 2), "quantity") == [57, 3 + 57]  # and 57 beyond the last reading
    assert column(hours_of(staged, "2026-03-10 00:00", 1), "known_s") == [57 * 60]


def test_a_large_register_over_a_month_is_exact() -> None:
    rows = [{"at": "2026-03-01 00:00", "value": 0}, {"at": "2026-04-01 00:00", "value": 9_000_000_000_000}]
    staged = stage(rows, meters_frame({"unit": "kWh"}))
    assert fact(staged, "quantity") == 9 * 10**15
    assert staged.energy["quantity"].sum() == 9 * 10**15
    assert staged.energy["quantity"].max() - staged.energy["quantity"].min() <= 1


@pytest.mark.parametrize(
    ("day", "after", "energy", "hours"), [("2025-10-26", "2025-10-27", 3000, 25), ("2026-03-29", "2026-03-30", 2760, 23)]
)
def test_days_of_25_and_23_hours(day: str, after: str, energy: int, hours: int) -> None:
    zone = {"S1": "Europe/Berlin"}
    staged = stage([{"at": f"{day} 00:00", "value": 0}, {"at": f"{after} 00:00", "value": energy}], month=day[:7], zones=zone)
    first, last = utc(day, "Europe/Berlin"), utc(after, "Europe/Berlin")
    assert last - first == hours * HOUR
    found = staged.energy.filter((pl.col("hour_s") >= first) & (pl.col("hour_s") < last))
    assert found["quantity"].to_list() == [120] * hours


def test_a_half_hour_zone_has_its_own_hours() -> None:
    rows = [{"at": "2026-03-10 00:00", "value": 0}, {"at": "2026-03-10 02:00", "value": 200}]
    staged = stage(rows, zones={"S1": "Asia/Kolkata"})
    hours = hours_of(staged, "2026-03-10 00:00", 2, "Asia/Kolkata")
    assert column(hours, "quantity") == [100, 100]
    assert hours[0]["hour_s"] % HOUR == 1800


def test_power_sums_to_the_whole_count() -> None:
    # 1 W sampled every 7 minutes for three hours: 3 Wh, whatever falls on the boundaries
    rows = [{"at_s": stated("2026-03-10 00:00") + i * 420, "value": 1} for i in range(26)]
    staged = stage(rows, meters_frame({"kind": "power", "unit": "W"}))
    assert column(hours_of(staged, "2026-03-10 00:00", 3), "quantity")[:2] == [1, 1]
    assert sum(column(hours_of(staged, "2026-03-10 00:00", 2), "known_s")) == 2 * HOUR


def test_a_slightly_negative_power_is_zero() -> None:
    row = {"kind": "power", "unit": "kW", "capacity": 100}
    samples = [{"at": f"2026-03-10 00:{minute}", "value": value} for minute, value in (("00", -0.99), ("10", 0), ("20", -1.01))]
    staged = stage(samples, meters_frame(row))
    assert hours_of(staged, "2026-03-10 00:00", 1)[0]["quantity"] == 0
    assert staged.rejected["rule_code"].to_list() == ["CT04"]
    assert stage(samples[:1], meters_frame({**row, "capacity": None})).rejected["reason"].to_list() == ["The value is negative."]


# states ----------------------------------------------------------------------------------------------------------------


def test_states_by_the_length_of_the_pairs() -> None:
    polled = [i for i in range(200) if i not in (9, 10, 11) and not 40 < i < 52]
    staged = stage([{"at_s": stated("2026-03-10 00:00") + i * 900, "value": 10 * i} for i in polled])
    hours = hours_of(staged, "2026-03-10 00:00", 14)
    # a pair of an hour (02:00 to 03:00) is still measured, one of three hours (10:00 to 13:00) is placed by assumption
    assert column(hours, "state") == ["measured"] * 10 + ["profiled"] * 3 + ["measured"]
    assert column(hours, "quantity") == [40] * 14
    assert column(hours, "method") == [None] * 10 + ["even"] * 3 + [None]


def test_the_hours_of_a_daily_reading_are_profiled() -> None:
    rows = [{"at_s": stated("2026-03-01 00:00") + i * DAY, "value": 2400 * i} for i in range(32)]
    staged = stage(rows)
    assert set(staged.energy["state"]) == {"profiled"}
    assert fact(staged, "metered_s") == MONTH_S


def test_monthly_readings_near_both_edges_are_a_metered_month() -> None:
    readings = [("2025-12-01 00:07", 0), ("2026-01-01 00:10", 31_000), ("2026-02-01 00:05", 62_000)]
    rows = [{"at": at, "value": value} for at, value in readings]
    staged = stage(rows, month="2026-01")
    assert set(staged.energy["state"]) == {"profiled"}
    assert (fact(staged, "metered_s"), fact(staged, "estimated_s"), fact(staged, "missing_s")) == (31 * DAY, 0, 0)


def test_monthly_readings_far_from_the_edges_are_apportioned() -> None:
    rows = [{"at": "2025-12-25 00:00", "value": 0}, {"at": "2026-01-25 00:00", "value": 31 * 24_000}]
    staged = stage(rows, month="2026-01")
    # metered within 24 h before the reading, extrapolated 24 h after it, apportioned before, 6 days unknown
    assert (fact(staged, "metered_s"), fact(staged, "estimated_s"), fact(staged, "missing_s")) == (DAY, 24 * DAY, 6 * DAY)
    by_method = staged.energy.group_by("method").agg(pl.len(), pl.col("quantity").sum())
    assert sorted(by_method.iter_rows(), key=str) == [
        ("apportioned", 23 * 24, 23 * 24_000), ("edge", 24, 24_000), ("even", 24, 24_000), (None, 6 * 24, 0),
    ]  # fmt: skip
    assert staged.energy.filter(pl.col("state") == "missing")["quantity"].to_list() == [None] * 144


def test_water_reaches_seven_days() -> None:
    water = meters_frame({"medium": "water", "point": "water_supply", "unit": "m3"})
    near = stage([{"at": "2025-12-25 00:00", "value": 0}, {"at": "2026-01-25 00:00", "value": 31 * 24}], water, month="2026-01")
    assert (fact(near, "metered_s"), fact(near, "estimated_s"), fact(near, "missing_s")) == (24 * DAY, 7 * DAY, 0)
    assert fact(near, "quantity") == 31 * 24_000
    far = stage([{"at": "2025-12-24 00:00", "value": 0}, {"at": "2026-01-25 00:00", "value": 32 * 24}], water, month="2026-01")
    assert (fact(far, "metered_s"), fact(far, "estimated_s"), fact(far, "missing_s")) == (7 * DAY, 24 * DAY, 0)


# edges -----------------------------------------------------------------------------------------------------------------

EXPORT = meters_frame({"point": "export"})  # of which no day is like another: nothing but the edge is estimated


def hourly_register(first: str, count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"at_s": stated(first) + i * HOUR, "value": 100 * i, **more} for i in range(count)]


def test_a_pair_over_the_edge_is_shared_exactly_between_the_months() -> None:
    rows = [{"at": "2026-03-31 23:13", "value": 0}, {"at": "2026-04-01 00:20", "value": 1001}]
    march, april = stage(rows), stage(rows, month="2026-04")
    last, first = hours_of(march, "2026-03-31 23:00", 1)[0], hours_of(april, "2026-04-01 00:00", 1)[0]
    assert last["quantity"] == 1001 * 47 // 67
    assert last["quantity"] + first["quantity"] - first["estimated"] == 1001
    assert last["estimated"] == 0


def test_until_the_next_reading_comes_a_day_is_extrapolated() -> None:
    rows = hourly_register("2026-03-01 00:00", 31 * 24 - 3)  # the last at 20:00 on the 31st
    staged = stage(rows, EXPORT)
    tail = hours_of(staged, "2026-03-31 19:00", 5)
    assert column(tail, "quantity") == [100] * 5
    assert column(tail, "state") == ["measured"] + ["estimated"] * 4
    assert column(tail, "method") == [None] + ["edge"] * 4
    known = stage([*rows, {"at": "2026-04-01 00:00", "value": 100 * 31 * 24}], EXPORT)
    assert column(hours_of(known, "2026-03-31 19:00", 5), "state") == ["measured"] + ["profiled"] * 4


def test_extrapolation_ends_after_a_day_and_never_follows_a_gap() -> None:
    staged = stage(hourly_register("2026-03-01 00:00", 49), EXPORT)
    assert (fact(staged, "estimated_s"), fact(staged, "missing_s")) == (DAY, 28 * DAY)
    fallen = stage([*hourly_register("2026-03-01 00:00", 49), {"at": "2026-03-03 01:00", "value": 0}], EXPORT)
    assert fact(fallen, "estimated_s") == 0


def test_extrapolation_stops_at_an_event() -> None:
    event = events_frame({"kind": "replacement", "at_s": utc("2026-03-03 02:00"), "old_value": None, "new_value": None})
    assert fact(stage(hourly_register("2026-03-01 00:00", 49), EXPORT, event), "estimated_s") == 2 * HOUR


def test_the_last_good_reading_before_a_silent_edge_is_found() -> None:
    silent = [{"at_s": stated("2026-02-27 01:00") + i * HOUR, "value": -1, "source_row": 100 + i} for i in range(60)]
    rows = [{"at": "2026-02-27 00:00", "value": 0}, *silent, {"at": "2026-03-02 00:00", "value": 7200}]
    staged = stage(rows)
    assert column(hours_of(staged, "2026-03-01 00:00", 24), "quantity") == [100] * 24
    assert staged.rejected["at_s"].min() >= START  # those of February are February's


# interval meters ---------------------------------------------------------------------------------------------------


def test_hours_between_measured_neighbours_are_linear() -> None:
    rows = [{"at": f"2026-03-10 {h:02d}:00", "value": v} for h, v in ((4, 75), (7, 100))]
    hours = hours_of(stage(rows, meters_frame(INTERVAL)), "2026-03-10 04:00", 4)
    assert column(hours, "quantity") == [75, 83, 92, 100]
    assert column(hours, "estimated") == [0, 83, 92, 0]
    assert column(hours, "method") == [None, "linear", "linear", None]


def test_three_unknown_hours_stay_missing() -> None:
    rows = [{"at": f"2026-03-10 {h:02d}:00", "value": v} for h, v in ((4, 75), (8, 100))]
    hours = hours_of(stage(rows, meters_frame(INTERVAL)), "2026-03-10 05:00", 3)
    assert column(hours, "quantity") == [None] * 3
    assert column(hours, "state") == ["missing"] * 3


def test_no_line_is_drawn_from_an_estimate() -> None:
    rows = [{"at": "2026-03-10 04:00", "value": 75, "quality": "E"}, {"at": "2026-03-10 06:00", "value": 100}]
    hours = hours_of(stage(rows, meters_frame(INTERVAL)), "2026-03-10 04:00", 2)
    assert column(hours, "method") == ["source", None]
    assert column(hours, "state") == ["estimated", "missing"]


def test_of_four_quarters_only_the_missing_one_is_estimated() -> None:
    rows = [{"at_s": stated("2026-03-10 00:00") + i * 900, "value": 10 + i} for i in range(12) if i != 5]
    hour = hours_of(stage(rows, meters_frame({**INTERVAL, "interval_minutes": 15})), "2026-03-10 01:00", 1)[0]
    # 14, –, 16, 17: the neighbours of the missing quarter are 14 and 16
    assert (hour["quantity"], hour["estimated"], hour["known_s"], hour["state"]) == (14 + 15 + 16 + 17, 15, HOUR, "estimated")


def test_a_period_ending_at_24_is_the_last_of_its_day() -> None:
    rows = [{"at": "2026-03-31 23:00", "value": 7}, {"at": "2026-04-01 00:00", "value": 9}]  # 24:00 of the 31st
    staged = stage(rows, meters_frame({**INTERVAL, "interval_label": "end"}))
    assert column(hours_of(staged, "2026-03-31 22:00", 2), "quantity") == [7, 9]
    assert fact(staged, "n_landed") == 2
    assert fact(stage(rows, meters_frame({**INTERVAL, "interval_label": "end"}), month="2026-04"), "n_landed") == 0


def test_a_day_of_92_rows_in_shanghai_lacks_four_quarters() -> None:
    rows = [{"at_s": stated("2026-03-29 00:00") + i * 900, "value": 5} for i in range(96) if i not in range(8, 12)]
    staged = stage(rows, meters_frame({**INTERVAL, "interval_minutes": 15}))
    assert fact(staged, "metered_s") == 92 * 900
    hour = hours_of(staged, "2026-03-29 02:00", 1)[0]
    assert (hour["state"], hour["method"], hour["n_readings"]) == ("estimated", "linear", 0)
    assert sum(h["quantity"] for h in hours_of(staged, "2026-03-29 00:00", 24)) == 96 * 5


# rows that can't be used -------------------------------------------------------------------------------------------


def test_each_row_that_cannot_be_used_says_why() -> None:
    rows = [
        {"at": "2026-03-10 00:00", "value": 100},
        {"at": "2026-03-10 01:00", "value": -1},
        {"at": "2026-03-10 02:00", "value": 2147483.647},
        {"at": "2026-03-10 03:00", "value": -5},
        {"at": "2026-03-10 04:00", "problem": "value 'abc' is no number", "raw_value": "abc"},
        {"at_s": None, "problem": "read_at 'noon' is no date and time", "raw_at": "noon"},
        {"at": "2026-03-10 05:00", "value": None},
        {"at": "2026-03-10 06:00", "value": 160},
    ]
    staged = stage(rows)
    said = {r["source_row"]: (r["rule_code"], r["reason"]) for r in staged.rejected.to_dicts()}
    assert said == {
        3: ("CT04", "The value is what a device sends when it has none."),
        4: ("CT04", "The value is what a device sends when it has none."),
        5: ("CT04", "The value is negative."),
        6: ("CT01", "value 'abc' is no number"),
        7: ("CT01", "read_at 'noon' is no date and time"),
    }
    counts = [fact(staged, f"n_{name}") for name in ("landed", "valid", "rejected", "superseded")]
    assert counts == [8, 3, 5, 0]
    assert [(a["code"], a["what"], a["seen"]) for a in staged.anomalies.to_dicts()] == [
        ("CT04", "sentinel", -1.0), ("CT04", "sentinel", 2147484.0), ("CT04", "negative", -5.0),
    ]  # fmt: skip
    assert fact(staged, "quantity") - fact(staged, "estimated") == 60


def test_a_true_zero_is_a_reading() -> None:
    staged = stage([{"at": "2026-03-10 00:00", "value": 0}, {"at": "2026-03-10 01:00", "value": 0}])
    assert staged.rejected.is_empty()
    assert hours_of(staged, "2026-03-10 00:00", 1)[0]["quantity"] == 0


def test_a_meter_nobody_registered() -> None:
    rows = [{"at": f"2026-03-10 {h:02d}:00", "value": h, "meter_id": "X9"} for h in range(3)]
    staged = stage(rows)
    assert staged.rejected.select("rule_code", "site_id").unique().rows() == [("BD01", None)]
    assert [(a["meter_id"], a["code"], a["what"], a["seen"], a["site_id"]) for a in staged.anomalies.to_dicts()] == [
        ("X9", "BD01", "unregistered", 3.0, None)
    ]
    assert staged.facts["meter_id"].to_list() == ["M1"]


def test_readings_outside_the_validity_of_a_meter() -> None:
    rows = hourly_register("2026-03-09 22:00", 53)  # to 02:00 on the 12th
    staged = stage(rows, meters_frame({"valid_from": "2026-03-10", "valid_to": "2026-03-11"}))
    assert staged.rejected["rule_code"].to_list() == ["BD01"] * 4  # 22:00, 23:00; 01:00, 02:00: the one at 24:00 closes the last day
    assert (fact(staged, "expected_s"), fact(staged, "metered_s"), fact(staged, "n_valid")) == (2 * DAY, 2 * DAY, 49)
    assert staged.energy.height == 48
    assert staged.anomalies["site_id"].to_list() == ["S1"]


def test_a_reading_from_the_future() -> None:
    staged = stage(hourly_register("2026-03-10 00:00", 5), landed=utc("2026-03-10 02:00"))
    assert staged.rejected["rule_code"].to_list() == ["TL04"] * 2
    assert staged.anomalies.select("code", "what", "seen").rows() == [("TL04", "future", 2.0)]


@pytest.mark.parametrize(
    ("row", "code", "says"),
    [
        ({"unit": "kVAh"}, "CT02", "'kVAh' is no unit of electricity"),
        ({"unit": "m3"}, "CT02", "'m3' is no unit of electricity"),
        ({"unit": "MWh", "register_digits": 13}, "CT02", "13 digits is too large"),
        ({"multiplier": 0}, "CT02", "not above zero"),
        ({"kind": "interval"}, "CT01", "interval_minutes and interval_label"),
    ],
)
def test_a_meter_that_cannot_be_counted_is_refused_and_stops_no_other(row: dict[str, Any], code: str, says: str) -> None:
    rows = hourly_register("2026-03-10 00:00", 3) + hourly_register("2026-03-10 00:00", 3, meter_id="M2")
    staged = stage(rows, meters_frame(row, {"meter_id": "M2"}))
    assert staged.rejected["rule_code"].to_list() == [code] * 3
    assert all(says in reason for reason in staged.rejected["reason"])
    assert (fact(staged, "metered_s"), fact(staged, "quantity"), fact(staged, "missing_s")) == (0, None, MONTH_S)
    assert fact(staged, "metered_s", "M2") == 2 * HOUR
    assert staged.anomalies.select("meter_id", "code", "what").rows() == [("M1", code, "refused")]


def test_a_site_without_a_zone_needs_offsets() -> None:
    naive = stage([{"at": "2026-03-10 00:00", "value": 1}], zones={})
    assert naive.rejected["rule_code"].to_list() == ["TL04"]
    assert stage([{"at": "2026-03-10 00:00", "value": 1}], zones={}, feed_zone=SHANGHAI).rejected.is_empty()
    assert stage([{"at": "2026-03-10 00:00", "value": 1, "zoned": True}], zones={}).rejected.is_empty()


def test_the_zone_of_the_feed_goes_before_that_of_the_site() -> None:
    staged = stage([{"at": "2026-03-10 00:00", "value": 1}], zones={"S1": "Asia/Tokyo"}, feed_zone=SHANGHAI)
    assert fact(staged, "first_at_s") == utc("2026-03-10 00:00")


# daylight saving -----------------------------------------------------------------------------------------------------

BERLIN = {"S1": "Europe/Berlin"}
TURN = utc("2025-10-26 03:00", "Europe/Berlin")  # 02:00 to 03:00 was twice before it


def autumn(times: list[str]) -> list[dict[str, Any]]:
    return [{"at": f"2025-10-26 {time}", "value": 10 * i} for i, time in enumerate(times)]


def test_the_order_of_the_file_tells_the_two_hours_apart() -> None:
    times = ["01:30", "02:00", "02:30", "02:00", "02:30", "03:00", "03:30"]
    forwards = stage(autumn(times), month="2025-10", zones=BERLIN)
    assert forwards.rejected.is_empty()
    assert fact(forwards, "n_valid") == 7
    hours = forwards.energy.filter((pl.col("hour_s") >= TURN - 2 * HOUR) & (pl.col("hour_s") < TURN))
    assert hours["quantity"].to_list() == [20, 20]
    rows = autumn(times)
    backwards = stage([{**row, "source_row": 99 - i} for i, row in enumerate(rows)], month="2025-10", zones=BERLIN)
    assert backwards.energy.equals(forwards.energy)


def test_a_repeated_hour_that_cannot_be_told_is_rejected() -> None:
    staged = stage(autumn(["01:30", "02:00", "02:30", "03:00"]), month="2025-10", zones=BERLIN)
    assert staged.rejected["rule_code"].to_list() == ["TL04"] * 2
    assert "twice" in staged.rejected["reason"][0]
    assert fact(staged, "quantity") - fact(staged, "estimated") == 30


def test_a_time_that_never_was_is_rejected() -> None:
    rows = [{"at": f"2026-03-29 {time}", "value": 10 * i} for i, time in enumerate(["01:00", "02:00", "02:30", "03:00"])]
    staged = stage(rows, zones=BERLIN)
    assert staged.rejected.select("source_row", "rule_code").sort("source_row").rows() == [(3, "TL04"), (4, "TL04")]


def test_the_turn_of_the_clock_ends_a_period() -> None:
    rows = [{"at": f"2026-03-29 {time}", "value": 10 * i} for i, time in enumerate(["01:00", "02:00", "02:30", "04:00"])]
    staged = stage(rows, meters_frame({**INTERVAL, "interval_label": "end"}), zones=BERLIN)
    assert staged.rejected.select("source_row", "rule_code").rows() == [(4, "TL04")]
    turn = utc("2026-03-29 03:00", "Europe/Berlin")
    assert staged.energy.filter((pl.col("hour_s") >= turn - HOUR) & (pl.col("hour_s") <= turn))["quantity"].to_list() == [10, 30]


def test_sites_of_several_zones_have_their_own_months() -> None:
    meters = meters_frame({}, {"meter_id": "M2", "site_id": "S2"})
    first, second = (hourly_register("2026-02-27 00:00", 40 * 24, zoned=True, meter_id=m) for m in ("M1", "M2"))
    rows = first + second
    staged = stage(rows, meters, zones={"S1": SHANGHAI, "S2": "Europe/Berlin"})
    assert (fact(staged, "expected_s"), fact(staged, "expected_s", "M2")) == (31 * DAY, 31 * DAY - HOUR)
    assert fact(staged, "first_at_s", "M2") == utc("2026-03-01", "Europe/Berlin")
    assert set(staged.energy["state"]) == {"measured"}


# tables ----------------------------------------------------------------------------------------------------------------


def test_the_tables_fit_their_contracts_even_when_empty() -> None:
    rows = [*hourly_register("2026-03-10 00:00", 5), {"at": "2026-03-11 00:00", "value": -1}, {"at": "2026-03-11 00:00", "meter_id": "X"}]
    for staged in (stage(rows), stage([]), stage([], meters_frame().iloc[:0])):
        for name, frame in staged.tables().items():
            STAGED[name.removeprefix("staging/")].schema.validate(frame)


def test_batches_change_nothing() -> None:
    meters = meters_frame(*({"meter_id": f"M{i}"} for i in range(5)))
    rows = [r for i in range(7) for r in hourly_register("2026-03-10 00:00", 4, meter_id=f"M{i}")]
    rows.append({"at": "2026-03-10 00:00", "meter_id": "A0", "value": 1})
    rows.append({"at": "2026-03-10 00:00", "meter_id": None, "problem": "meter_id is empty"})
    once, batched = stage(rows, meters), stage(rows, meters, batch=2)
    assert once.rejected.height == 2 * 4 + 2
    for name, frame in once.tables().items():
        assert frame.equals(batched.tables()[name]), name


def test_an_entry_without_a_landing_time_is_an_error() -> None:
    with pytest.raises(ValueError, match="no landing time for entries \\[1\\]"):
        stage_month(
            parts(hourly_register("2026-03-10 00:00", 2)), meters_frame(), events_frame(),
            month="2026-03", site_zones={}, default_zone=SHANGHAI, landed_at={},
        )  # fmt: skip
