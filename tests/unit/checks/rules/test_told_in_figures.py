"""What people read: figures large enough to tell a thousand from a thousand and one, worked out by hand, in both languages.

That both languages say the same figures is asserted of every finding (conftest).
"""

from __future__ import annotations

from typing import Any

import pytest

from checks.findings import Finding, NotChecked
from checks.rules.content import falling, plausible
from checks.rules.feeds import contract, keys_unique, readings_contract
from checks.rules.flows import nodes_balance
from checks.rules.instruments import often_enough, read_by_hand
from checks.rules.standstill import not_dead, not_stuck
from checks.rules.supply import export_apart
from checks.rules.timeliness import completeness, instants, trailing

HOUR = 3600
FROM_S = 1_772_294_400  # 2026-03-01T00:00:00+08:00
MONTH_S = 744 * HOUR


def one(found: list[Finding] | NotChecked) -> Finding:
    assert isinstance(found, list)
    (finding,) = found
    return finding


def meter(name: str, point: str, **values: Any) -> dict[str, Any]:
    row = {"meter_id": name, "site_id": "HL01", "medium": "electricity", "point": point, "kind": "register", "valid_from": "2024-01-01"}
    return {**row, **values}


def node(name: str, inflow: int, outflow: int) -> dict[str, Any]:
    return {"site_id": "HL01", "node_id": name, "inflow": inflow, "outflow": outflow, "known_s": MONTH_S, "class_error": 0.0}


# flows --------------------------------------------------------------------------------------------------------------


def test_what_flows_out_of_the_site_is_told_in_kwh(world) -> None:  # type: ignore[no-untyped-def]
    """123,456,789 Wh in and 150,000,000 out: 26,543,211 Wh too much are 21.5 % of the inflow."""
    site, *_ = nodes_balance(world({"energy_balance": [node("A-S", 123_456_789, 150_000_000)]}), "HL01")  # type: ignore[misc]
    assert "150,000 kWh flow out of the site's supplies in 2026-03 and only 123,457 kWh into them: 21.5 % too much (limit 5 %): " in (
        site.message_en
    )
    assert "E_DC and E_IT are withheld" in site.message_en
    assert "全站流出 150,000 kWh,流入仅 123,457 kWh,超出 21.5 %(限值 5 %):E_DC、E_IT 暂缓发布" in site.message_zh


def test_what_comes_out_of_a_site_without_supply_is_all_too_much(world) -> None:  # type: ignore[no-untyped-def]
    site, _, below = nodes_balance(world({"energy_balance": [node("A-S", 0, 5_000_000)]}), "HL01")  # type: ignore[misc]
    assert (site.seen, site.limit, site.severity) == (1.0, 0.05, "withhold")
    assert (below.subject, below.seen, below.limit) == ("A-S", 1.0, 0.005)


def test_what_reaches_no_meter_is_told_in_kwh(world, rows) -> None:  # type: ignore[no-untyped-def]
    """100,000,000 Wh in, 76,543,211 out: 23,456,789 Wh, 23.5 %, are lost on the way."""
    tables = {"energy_balance": [node("A-S", 100_000_000, 76_543_211)], "meters": [*rows["meters"], meter("A-T", "cooling")]}
    found = one(nodes_balance(world(tables), "HL01"))
    assert "23.5 % of what flows into the site in 2026-03 reaches no meter below its supplies (limit 10 %): 23,457 kWh." in found.message_en


# feeds --------------------------------------------------------------------------------------------------------------


def breach(count: int, feed: str = "practices", **values: Any) -> list[dict[str, Any]]:
    row = {"feed": feed, "site_id": "HL01", "rule_code": "CT01", "column": "level", "reason_en": "is no number", "reason_zh": "不是数字"}
    return [{**row, "seen": f"v{n}", "entry": 4, "source_row": n, **values} for n in range(count)]


def test_a_feed_without_counted_rows_is_judged_by_what_was_rejected(world) -> None:  # type: ignore[no-untyped-def]
    found = contract(world({"feeds_rejected": breach(4), "feeds_counts": []}), "HL01")
    assert isinstance(found, list)
    assert (found[0].seen, found[0].severity) == (1.0, "withhold")
    assert "4 of 4 rows of 'practices' break the contract and are left out (100 %, limit 1 %). practices withheld." in found[0].message_en
    assert "level = 'v0': is no number, level = 'v1': is no number, level = 'v2': is no number … (+1). Land" in found[0].message_en
    assert "level = 'v2':不是数字 … (+1)。请更正" in found[0].message_zh


def test_of_rows_without_a_site_the_first_is_told(world) -> None:  # type: ignore[no-untyped-def]
    found = one(contract(world({"feeds_rejected": breach(2, "sites", site_id=None), "feeds_counts": []}), "HL01"))
    assert "2 rows of 'sites' without a known site break the contract and are left out: level = 'v0': is no number." in found.message_en
    assert "level = 'v0':不是数字" in found.message_zh


def test_three_rejected_readings_stand_for_all(world) -> None:  # type: ignore[no-untyped-def]
    rejected = [
        {"site_id": "HL01", "rule_code": "CT01", "meter_id": "A-I", "raw_value": text, "reason": "Not a number.", "source_row": n}
        for n, text in enumerate(("a", None, "c", "d"))
    ]
    counts = [{"site_id": "HL01", "rule_code": "CT01", "rows": 4}]
    found = one(readings_contract(world({"rejected_counts": counts, "rejected_rows": rejected}), "HL01"))
    assert "A-I shows 'a': Not a number, A-I shows 'no text': Not a number, A-I shows 'c': Not a number … (+1). Land" in found.message_en
    assert "A-I 为 'a', A-I 为 '空', A-I 为 'c' … (+1)。请更正" in found.message_zh


def test_three_keys_stand_for_all(world) -> None:  # type: ignore[no-untyped-def]
    rows = [{"feed": "meters", "site_id": "HL01", "key": f"A-{n}"} for n in range(4)]
    found = one(keys_unique(world({"feeds_conflicts": rows}), "HL01"))
    assert (found.seen, found.limit, found.quantity) == (4.0, 0.0, "")  # meters serve three quantities: none of them alone
    assert "4 keys of 'meters' with different values in one file; the last row was taken: A-0, A-1, A-2 … (+1)." in found.message_en
    assert "有 4 个主键在同一文件中重复且内容不同,已取最后一行:A-0, A-1, A-2 … (+1)。" in found.message_zh


# readings -----------------------------------------------------------------------------------------------------------


def anomaly(code: str, what: str, **more: Any) -> dict[str, Any]:
    return {"site_id": "HL01", "meter_id": "A-I", "at_s": FROM_S, "code": code, "what": what, "entry": 5, "source_row": 1, **more}


def test_a_meter_without_capacity_is_above_it_by_what_it_shows(world) -> None:  # type: ignore[no-untyped-def]
    """5,000 above a capacity of 0 is more than 7,000 above one of 2 (3,500 times)."""
    rows = [anomaly("CT05", "over_capacity", seen=seen, limit=limit, unit="kW") for seen, limit in ((7000.0, 2.0), (5000.0, 0.0))]
    found = one(plausible(world({"anomalies": rows}), "HL01"))
    assert (found.seen, found.limit) == (5000.0, 0.0)
    assert "exceeds its plausible maximum 2 times in 2026-03" in found.message_en
    assert "5,000 against 0 kW. 2 above the known capacity, made gaps." in found.message_en


def test_the_day_with_the_steepest_spike_is_told(world) -> None:  # type: ignore[no-untyped-def]
    """(9 − 1) / 1 = 8 times; (3,000,000 − 1,000,000) / 1,000,000 = 2 times; (10 − 3) / 3 = 2.33 times."""
    days = [("2026-03-05", 3_000_000, 1_000_000), ("2026-03-06", 10, 3), ("2026-03-07", 9, 1)]
    peaks = [{"site_id": "HL01", "meter_id": "A-S", "day": day, "highest": high, "third": third} for day, high, third in days]
    found = one(plausible(world({"day_peaks": peaks}), "HL01"))
    assert found.seen == 8.0
    assert (
        "has a spike on 3 days of 2026-03, most on 2026-03-07: its highest hour is 8 times its third above it (limit 1.8)"
        in found.message_en
    )
    second = one(plausible(world({"day_peaks": peaks[:2]}), "HL01"))
    assert "most on 2026-03-06: its highest hour is 2.33 times its third above it" in second.message_en
    alone = one(plausible(world({"day_peaks": peaks[2:]}), "HL01"))
    assert alone.seen == 8.0  # a third hour of 1 Wh is one


def test_a_change_without_values_and_a_rollover_are_told(world) -> None:  # type: ignore[no-untyped-def]
    gaps = [anomaly("CT08", "event_incomplete", at_s=at) for at in (FROM_S + HOUR, None, FROM_S)]
    found = one(falling(world({"anomalies": gaps}), "HL01"))
    assert (found.severity, found.quantity, found.seen, found.limit, found.unit) == ("flag", "E_IT", 3.0, 0.0, "changes")
    assert "changed 3 times in 2026-03 without an event" in found.message_en
    assert "first at 2026-03-01T00:00:00+08:00" in found.message_en
    rolled = one(falling(world({"anomalies": [anomaly("CT08", "rollover", meter_id="A-C")]}), "HL01"))
    assert (rolled.severity, rolled.quantity, rolled.seen, rolled.limit) == ("info", "", 1.0, None)
    assert "rolled over 1 time in 2026-03" in rolled.message_en
    fell = one(falling(world({"anomalies": [anomaly("CT08", "falling")] * 2}), "HL01"))
    assert (fell.seen, fell.limit, fell.unit) == (2.0, 0.0, "occurrences")
    assert "fell 2 times in 2026-03" in fell.message_en


def test_rejected_instants_are_told_from_the_first(world) -> None:  # type: ignore[no-untyped-def]
    rows = [anomaly("TL04", "future", at_s=at, seen=1_000.0) for at in (FROM_S + HOUR, None, FROM_S)]
    found = one(instants(world({"anomalies": rows}), "HL01"))
    assert "A-I: 3,000 readings were rejected: 0 without a resolvable local time, 3000 later than the landing (first at 2026-03-01T00" in (
        found.message_en
    )


@pytest.mark.parametrize(
    ("hours", "days", "seen"),
    [(167, None, 0.0), (168, "7 days", 7.0), (191, "7 days", 191 / 24), (192, "8 days", 8.0)],  # 191 h are 7 whole days
)
def test_water_that_stands_still_is_told_in_whole_days(world, hours: int, days: str | None, seen: float) -> None:  # type: ignore[no-untyped-def]
    row = {"site_id": "HL01", "meter_id": "A-W", "medium": "water", "from_s": FROM_S, "hours": hours, "interval": 1234.0, "steps": 4321.0}
    found = not_stuck(world({"stuck": [{**row, "unit": "L"}]}), "HL01")
    assert [(f.seen, f.limit, f.unit) for f in found] == ([] if days is None else [(seen, 7.0, "d")])  # type: ignore[union-attr]
    if days:
        assert f"(1,234 L, 4,321 resolution steps) for {days} on end, from 2026-03-01T00" in found[0].message_en  # type: ignore[index]
        assert "(limit 7 days): real load varies" in found[0].message_en  # type: ignore[index]
        assert "限值 7 天" in found[0].message_zh  # type: ignore[index]


def test_a_meter_that_stands_still_is_told_in_hours(world) -> None:  # type: ignore[no-untyped-def]
    row = {"site_id": "HL01", "medium": "electricity", "from_s": FROM_S, "hours": 36, "interval": 2500.0, "steps": 250.0, "unit": "Wh"}
    found = not_stuck(world({"stuck": [{**row, "meter_id": name} for name in ("A-S", "A-I")]}), "HL01")
    assert [f.subject for f in found] == ["A-I", "A-S"]  # type: ignore[union-attr]
    assert "for 36 hours on end, from 2026-03-01T00:00:00+08:00 to 2026-03-02T12:00:00+08:00 (limit 24 hours)" in found[0].message_en  # type: ignore[index]
    assert "连续 36 小时区间值完全相同" in found[0].message_zh  # type: ignore[index]
    assert "限值 24 小时" in found[0].message_zh  # type: ignore[index]


def test_the_first_of_several_stretches_at_zero_is_told(world) -> None:  # type: ignore[no-untyped-def]
    row = {"site_id": "HL01", "meter_id": "A-C", "hours": 4, "hours_above": 1_200, "outage": False, "moved": False}
    found = one(not_dead(world({"zeros": [{**row, "from_s": FROM_S + n * HOUR} for n in (99, 9)]}), "HL01"))
    assert "Meter A-C is at zero for 4 hours from 2026-03-01T09:00:00+08:00 to 2026-03-01T13:00:00+08:00" in found.message_en
    assert "in all 1,200 known hours before (limit 3 hours). Check" in found.message_en
    assert found.quantity == ""


def test_slow_and_manual_readings_are_told(world, rows) -> None:  # type: ignore[no-untyped-def]
    slow = [{**row, "median_step_s": 86_400} if row["meter_id"] == "A-I" else row for row in rows["meter_facts"]]
    found = one(often_enough(world({"meter_facts": slow}), "HL01"))
    assert "was read every 1,440 minutes in 2026-03 (limit 60, recommended 15)" in found.message_en
    by_hand = [{"meter_id": name, "readings": 2976, "manual": 1488} for name in ("A-S", "A-C", "A-I")]  # A-C counts nowhere
    both = read_by_hand(world({"manual_readings": by_hand}), "HL01")
    assert [f.subject for f in both] == ["A-I", "A-S"]  # type: ignore[union-attr]
    assert "50 % of the readings of meter A-I in 2026-03 were taken by hand (1,488 of 2,976; less than 5 % expected)" in both[0].message_en  # type: ignore[index]


# completeness -------------------------------------------------------------------------------------------------------


def facts(name: str, metered_s: int, **more: Any) -> dict[str, Any]:
    return {"site_id": "HL01", "meter_id": name, "expected_s": MONTH_S, "metered_s": metered_s, "n_landed": 9, **more}


@pytest.mark.parametrize(
    ("metered_s", "hours", "hours_zh"),
    [(MONTH_S - 100 * HOUR, "(100 hours)", "共 100 小时"), (MONTH_S - 100 * HOUR + 1, "(100 hours)", "共 100 小时"),
     (MONTH_S - 100 * HOUR - 1, "(101 hours)", "共 101 小时"), (0, "(744 hours)", "共 744 小时")],
)  # fmt: skip
def test_a_missing_hour_that_began_is_an_hour(world, rows, metered_s: int, hours: str, hours_zh: str) -> None:  # type: ignore[no-untyped-def]
    found = one(completeness(world({"meter_facts": [*rows["meter_facts"], facts("A-C", metered_s)]}), "HL01"))
    assert hours in found.message_en
    assert hours_zh in found.message_zh
    assert found.seen == metered_s / MONTH_S
    assert "It is not counted on a side. Send" in found.message_en


@pytest.mark.parametrize(
    ("share", "text", "text_zh"),
    [(0.0, "It carries 0 % of the IT side.", "份额为 0 %。"), (0.005, "It carries 0.5 % of the IT side.", "份额为 0.5 %。"),
     (None, "It carries an unknown share of the IT side: E_IT is withheld.", "份额为 未知份额:E_IT 暂缓发布。"),
     (0.25, "It carries 25 % of the IT side: E_IT is withheld.", "份额为 25 %:E_IT 暂缓发布。")],
)  # fmt: skip
def test_what_an_incomplete_meter_carries_is_told(world, rows, share: float | None, text: str, text_zh: str) -> None:  # type: ignore[no-untyped-def]
    tables = {
        "meter_facts": [*rows["meter_facts"], facts("A-I2", MONTH_S // 2)],
        "counted": [*rows["counted"], {"site_id": "HL01", "side": "E_IT", "meter_id": "A-I2", "sign": 1}],
        "shares": [*rows["shares"], {"site_id": "HL01", "side": "E_IT", "meter_id": "A-I2", "share": share}],
    }
    found = one(completeness(world(tables), "HL01"))
    assert text in found.message_en
    assert text_zh in found.message_zh


def test_a_side_is_weighted_by_the_shares_that_are_known(world, rows) -> None:  # type: ignore[no-untyped-def]
    """(0.5 · 0.96 + 0.002 · 0) / 0.502 = 0.95618: no finding; (0.5 · 0.90 + 0.002 · 0) / 0.502 = 0.89641: below 0.90."""
    others = {name: [row for row in rows[name] if row["meter_id"] != "A-I"] for name in ("meter_facts", "counted", "shares")}
    for done, below in ((0.96, False), (0.90, True)):
        meters = {"A-1": (done, 0.5), "A-2": (0.0, 0.002)}
        tables = {
            "meter_facts": [*others["meter_facts"], *(facts(name, int(MONTH_S * part)) for name, (part, _) in meters.items())],
            "counted": [*others["counted"], *({"site_id": "HL01", "side": "E_IT", "meter_id": name, "sign": 1} for name in meters)],
            "shares": [
                *others["shares"], *({"site_id": "HL01", "side": "E_IT", "meter_id": m, "share": s} for m, (_, s) in meters.items())
            ],
        }  # fmt: skip
        found = completeness(world(tables), "HL01")
        assert isinstance(found, list)
        assert ("E_IT" in {f.subject for f in found}) == below
        if below:
            assert found[-1].seen == pytest.approx(0.45 / 0.502, abs=1e-6)
            assert "Meters of the IT side metered 89.6 % of 2026-03, weighted by energy (limit 90 %)" in found[-1].message_en
            assert "IT 侧计量点 2026-03 按电量加权的完整率为 89.6 %" in found[-1].message_zh


def test_every_month_of_a_window_is_named(world) -> None:  # type: ignore[no-untyped-def]
    months = [f"2025-{n:02d}" for n in range(4, 13)] + ["2026-01", "2026-02", "2026-03"]
    row = {"site_id": "HL01", "code": "D1", "valid_months": 0, "first_month_with_data": "2025-04"}
    held = one(trailing(world({"window": [{**row, "withheld_months": months, "unreported_months": []}]}), "HL01"))
    assert f"{', '.join(months)} withheld in D1 (0 of 12 months valid)" in held.message_en
    gaps = one(trailing(world({"window": [{**row, "withheld_months": [], "unreported_months": months}]}), "HL01"))
    assert f"nothing is reported for {', '.join(months)} in D1 (0 of 12 months valid)" in gaps.message_en
    assert f"D1 的 {', '.join(months)} 未报告(有效 0 个月,需 12 个月)" in gaps.message_zh


# supply -------------------------------------------------------------------------------------------------------------


def test_more_export_than_generation_is_told_in_kwh(world, rows) -> None:  # type: ignore[no-untyped-def]
    total = {"site_id": "HL01", "meter_id": "", "sign": 1}
    tables = {
        "meters": [*rows["meters"], meter("A-PV", "onsite_generation"), meter("A-EX", "export")],
        "declarations": [],
        "energies": [
            *rows["energies"],
            {**total, "measure": "point:onsite_generation", "quantity": 123_456_789},
            {**total, "measure": "point:export", "quantity": 234_567_890},
        ],
    }
    first, second = export_apart(world(tables), "HL01")  # type: ignore[misc]
    assert "The site exports 234,568 kWh in 2026-03 and generates 123,457 kWh: generation" in first.message_en
    assert "上网 234,568 kWh,而发电仅 123,457 kWh" in second.message_zh
    assert (first.seen, first.limit) == (234_567.89, 123_456.789)
