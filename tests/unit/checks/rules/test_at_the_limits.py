"""What lies exactly at a limit, at the edge of a month, or beside a fault: days, counts and causes of the boundary and the inventory."""

from __future__ import annotations

from typing import Any

import pytest

from checks.findings import Finding, NotChecked
from checks.rules.billing import bills_agree
from checks.rules.flows import nodes_balance
from checks.rules.instruments import accurate, calibrated
from checks.rules.inventory import plausible_inventory, snapshot_age
from checks.rules.meters import countable
from checks.rules.method import estimated_share
from checks.rules.practices import assessed_recently
from checks.rules.sides import it_declared, water_closed
from checks.rules.supply import supply_closed

MONTH_S = 744 * 3600


def one(found: list[Finding] | NotChecked) -> Finding:
    assert isinstance(found, list)
    (finding,) = found
    return finding


def sites(rows: dict[str, Any], **values: Any) -> list[dict[str, Any]]:
    return [{**row, **values} if row["site_id"] == "HL01" else row for row in rows["sites"]]


def change(rows: list[dict[str, Any]], name: str, **values: Any) -> list[dict[str, Any]]:
    return [{**row, **values} if row["meter_id"] == name else row for row in rows]


def meter(name: str, point: str, **values: Any) -> dict[str, Any]:
    row = {"meter_id": name, "site_id": "HL01", "medium": "electricity", "point": point, "kind": "register", "valid_from": "2024-01-01"}
    return {**row, "entry": 1, "source_row": 8, **values}


# days of the month --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spans", "commissioned", "missing_on"),
    [
        ([("2024-01-01", "2026-03-30")], None, "2026-03-31"),
        ([("2026-03-02", None)], None, "2026-03-01"),
        ([("2024-01-01", "2026-03-01"), ("2026-03-03", None)], None, "2026-03-02"),
        ([("2024-01-01", "2026-03-01"), ("2026-03-02", None)], None, None),
        ([("2026-03-03", None)], "2026-03-02", "2026-03-02"),  # the day on which it was commissioned is asked for
        ([("2026-03-02", None)], "2026-03-02", None),
        ([("2024-01-01", "2026-03-30")], "2026-04-02", "2026-03-31"),  # it operates before its time: its last day is asked for
    ],
)
def test_a_supply_is_metered_on_every_day(world, rows, spans: list[Any], commissioned: str | None, missing_on: str | None) -> None:  # type: ignore[no-untyped-def]
    kept = [row for row in rows["meters"] if row["meter_id"] not in ("A-S", "A-W")]
    for rule, quantity, point, medium in (
        (supply_closed, "E_DC", "grid_supply", "electricity"), (water_closed, "water", "water_supply", "water"),
    ):  # fmt: skip
        own = [meter(f"N{n}", point, medium=medium, valid_from=a, valid_to=b) for n, (a, b) in enumerate(spans)]
        other = [row for row in rows["meters"] if row["meter_id"] == ("A-W" if point == "grid_supply" else "A-S")]
        found = rule(world({"meters": [*kept, *own, *other], "sites": sites(rows, commissioned_on=commissioned)}), "HL01")
        assert [(f.quantity, f.seen, f.limit) for f in found] == ([] if missing_on is None else [(quantity, 0.0, 1.0)])  # type: ignore[union-attr]
        if missing_on:
            assert f"on {missing_on}: 0 of 1." in found[0].message_en  # type: ignore[index]


def test_one_supply_is_expected_where_none_is_stated(world, rows) -> None:  # type: ignore[no-untyped-def]
    blank = sites(rows, supply_points=None, water_supply_points=None)
    assert supply_closed(world({"sites": blank}), "HL01") == []
    late = world(
        {"sites": blank, "meters": [*change(change(rows["meters"], "A-S", valid_from="2026-03-05"), "A-W", valid_from="2026-03-09")]}
    )
    assert (one(supply_closed(late, "HL01")).seen, one(supply_closed(late, "HL01")).limit) == (0.0, 1.0)
    assert (one(water_closed(late, "HL01")).seen, one(water_closed(late, "HL01")).limit) == (0.0, 1.0)
    more = one(supply_closed(world({"sites": blank, "meters": [*rows["meters"], meter("A-S2", "grid_supply")]}), "HL01"))
    assert "Metered grid supplies: 2; 'sites' states 1" in more.message_en


@pytest.mark.parametrize(("share", "says"), [(0.02, "It last carried 2 % of E_DC. E_DC is withheld."), (0.0, None), (None, None)])
def test_what_a_silent_generator_last_carried(world, rows, share: float | None, says: str | None) -> None:  # type: ignore[no-untyped-def]
    judged = world(
        {
            "sites": sites(rows, backup_generators=1),
            "meters": [*rows["meters"], meter("A-G", "backup_generation")],
            "meter_facts": [*rows["meter_facts"], {"site_id": "HL01", "meter_id": "A-G", "expected_s": MONTH_S, "metered_s": 0}],
            "shares": [*rows["shares"], {"site_id": "HL01", "side": "E_DC", "meter_id": "A-G", "share": share}],
        }
    )
    found = one(supply_closed(judged, "HL01"))
    assert "The site has 1 backup generator, and 2026-03 has neither" in found.message_en
    assert (says or "nor its fuel. Meter it") in found.message_en
    assert (found.seen, found.limit) == (0.0, 1.0)


def test_software_where_nothing_measures_is_told_with_what_stands_elsewhere(world, rows) -> None:  # type: ignore[no-untyped-def]
    meters = [*change(rows["meters"], "A-I", kind="software"), meter("A-U", "ups_output"), meter("A-X", "it_input")]
    first, second = it_declared(world({"meters": meters}), "HL01")  # type: ignore[misc]
    assert "counts IT energy at pdu_output, where no meter measures in 2026-03 (others at it_input, ups_output)" in first.message_en
    assert (second.subject, second.seen, second.limit) == ("A-I", 1.0, 0.01)
    two = [*change(rows["meters"], "A-I", kind="software"), meter("A-I2", "pdu_output", kind="software")]
    root, *follow = it_declared(world({"meters": two}), "HL01")  # type: ignore[misc]
    assert [(f.subject, f.because_of) for f in follow] == [("A-I", root.id), ("A-I2", root.id)]
    only = it_declared(world({"meters": change(rows["meters"], "A-I", kind="software")}), "HL01")
    assert "(others at –)" in only[0].message_en  # type: ignore[index]


# instruments, meters, method ----------------------------------------------------------------------------------------


def test_the_class_of_a_counted_electricity_meter(world, rows) -> None:  # type: ignore[no-untyped-def]
    counted = one(accurate(world({"meters": change(rows["meters"], "A-I", accuracy_class="1.5")}), "HL01"))
    assert "has accuracy class 1.5 (limit 1 for counted electricity): how far it errs is not bounded." in counted.message_en
    assert "的准确度等级为 1.5 级(计入边界的电能表限值为 1 级)" in counted.message_zh
    other = one(accurate(world({"meters": [*rows["meters"], meter("A-C", "cooling", accuracy_class="2.5", calibrated_until="9")]}), "HL01"))
    assert "has accuracy class 2.5 (limit 2 for this use)" in other.message_en
    assert "(该用途限值为 2 级)" in other.message_zh
    # what it counts for now decides: its last row
    moved = [*change(rows["meters"], "A-I", medium="heat"), {**meter("A-I", "pdu_output", accuracy_class="2"), "valid_from": "2026-03-10"}]
    assert one(accurate(world({"meters": moved}), "HL01")).limit == 1.0


def test_days_without_a_valid_calibration_are_told(world, rows) -> None:  # type: ignore[no-untyped-def]
    found = one(calibrated(world({"meters": change(rows["meters"], "A-S", calibrated_until="2026-03-30")}), "HL01"))
    assert "ended on 2026-03-30: 1 day of 2026-03 without a valid one" in found.message_en
    before = change(rows["meters"], "A-S", calibrated_until="2026-03-08", valid_from="2026-03-09")
    assert one(calibrated(world({"meters": before}), "HL01")).seen == 23.0  # 9 to 31 March: it ended the day before
    first = change(rows["meters"], "A-S", calibrated_until="2026-03-09", valid_from="2026-03-09")
    assert one(calibrated(world({"meters": first}), "HL01")).seen == 22.0


def test_a_refused_meter_without_statistics_had_no_readings_to_reject(world, rows) -> None:  # type: ignore[no-untyped-def]
    refused = {"site_id": "HL01", "meter_id": "A-I", "code": "CT02", "what": "refused"}
    facts = [row for row in rows["meter_facts"] if row["meter_id"] != "A-I"]
    meters = change(rows["meters"], "A-I", multiplier=0.5)
    found = one(countable(world({"anomalies": [refused], "meter_facts": facts, "meters": meters}), "HL01"))
    assert found.seen == 0.0
    assert "more digits than can be counted exactly. 0 readings rejected." in found.message_en  # 0.5 is above 0


@pytest.mark.parametrize(
    ("row", "cause"),
    [
        ({"kind": "interval", "interval_label": "end"}, "an interval meter needs"),
        ({"kind": "interval", "interval_minutes": 15}, "an interval meter needs"),
        ({"kind": "interval", "interval_minutes": 15, "interval_label": "end"}, "more digits"),
        ({"kind": "software", "unit": "kWh"}, "its unit 'kWh' is none of power of electricity"),
        ({"multiplier": None}, "more digits"),
        ({"multiplier": -2.0}, "its multiplier -2 (unit kWh) is not above 0"),
    ],
)
def test_what_keeps_a_meter_from_being_counted(world, rows, row: dict[str, Any], cause: str) -> None:  # type: ignore[no-untyped-def]
    refused = {"site_id": "HL01", "meter_id": "A-I", "code": "CT02", "what": "refused"}
    found = one(countable(world({"anomalies": [refused], "meters": change(rows["meters"], "A-I", **row)}), "HL01"))
    assert cause in found.message_en


def test_estimates_are_no_more_than_all_and_the_largest_meter_is_told(world, rows) -> None:  # type: ignore[no-untyped-def]
    """Of 1,000,000 Wh, estimates of +900,000 and −800,000 are all of it, not 170 %."""
    kept = [row for row in rows["energies"] if not (row["measure"] == "E_IT" and row["meter_id"] and row["site_id"] == "HL01")]
    part = {"site_id": "HL01", "measure": "E_IT", "quantity": 1, "known_s": MONTH_S, "expected_s": MONTH_S}
    parts = [{**part, "meter_id": name, "estimated": wh} for name, wh in (("(scaled)", 950_000), ("A-1", -800_000), ("A-2", 700_000))]
    found = one(estimated_share(world({"energies": [*kept, *parts]}), "HL01"))
    assert (found.seen, found.limit, found.severity) == (1.0, 0.1, "withhold")
    assert "100 % of the IT side in 2026-03 is estimated or substituted (limit 10 %): E_IT is withheld." in found.message_en
    assert "The largest part is at A-1: send" in found.message_en
    filled = one(estimated_share(world({"energies": [*kept, parts[0]]}), "HL01"))
    assert "The largest part is at (scaled)" in filled.message_en  # nothing else is


def test_each_side_is_judged_by_its_own_estimates(world, rows) -> None:  # type: ignore[no-untyped-def]
    """E_DC is unknown, 1 % of E_IT is estimated, 35 of 100 L of water: only water is told, with its total where no meter is."""
    totals = {"E_DC": (None, 0), "E_IT": (1_000_000, 10_000), "water": (100, 35)}
    energies = [
        {"site_id": "HL01", "measure": side, "meter_id": name, "quantity": quantity, "estimated": estimated}
        for side, (quantity, estimated) in totals.items()
        for name in (("", "A-I") if side == "E_IT" else ("",))
    ]
    found = one(estimated_share(world({"energies": energies}), "HL01"))
    assert (found.subject, found.seen, found.limit, found.severity) == ("water", 0.35, 0.25, "withhold")
    assert "The largest part is at water: send" in found.message_en
    # a total repeats what its meters say: it is not added to them
    energies[1]["estimated"] = energies[2]["estimated"] = 15_000
    assert [f.subject for f in estimated_share(world({"energies": energies}), "HL01")] == ["water"]  # type: ignore[union-attr]


# bills --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("metered", "word", "word_zh"), [(123_456_789, "more", "多"), (80_000_000, "less", "少")])
def test_a_bill_that_disagrees_is_told_in_kwh(world, metered: int, word: str, word_zh: str) -> None:  # type: ignore[no-untyped-def]
    row = {"site_id": "HL01", "meter_id": "A-S", "medium": "electricity", "period_start": "2026-03-01", "period_end": "2026-03-31"}
    row |= {"quantity": 100_000.0, "unit": "kWh", "billed": 100_000_000, "known_s": MONTH_S, "expected_s": MONTH_S}
    found = one(bills_agree(world({"bill_checks": [{**row, "metered": metered}]}), "HL01"))
    share = "23.5" if word == "more" else "20"
    assert f"Meter A-S shows {share} % {word} than the bill for 2026-03-01 to 2026-03-31 (limit 2 %): " in found.message_en
    assert f"{'123,457' if word == 'more' else '80,000'} kWh against 100,000 kWh. E_DC is withheld." in found.message_en
    assert f"比账单{word_zh} {share} %" in found.message_zh


# inventory ----------------------------------------------------------------------------------------------------------


def rack(name: str = "R1", **more: Any) -> dict[str, Any]:
    return {"rack_id": name, "site_id": "HL01", "age": 0, "u_height": 42, "rated_kw": 15.0, **more}


def device(name: str, **more: Any) -> dict[str, Any]:
    return {"device_id": name, "site_id": "HL01", "rack_id": "R1", "age": 0, "powered_on": True, **more}


@pytest.mark.parametrize(("filled", "fires"), [(42.0, False), (42.5, True), (43.0, True)])
def test_a_device_of_unknown_height_fills_nothing(world, filled: float, fires: bool) -> None:  # type: ignore[no-untyped-def]
    found = plausible_inventory(world({"racks": [rack()], "devices": [device("D1", u_size=filled), device("D2")]}), "HL01")
    assert [f.seen for f in found] == ([filled] if fires else [])  # type: ignore[union-attr]


def test_the_rack_that_is_fuller_by_most_is_told(world) -> None:  # type: ignore[no-untyped-def]
    """48 U in 47 U is one too many, 45 U in 42 U are three. A rack that the snapshot does not have is BD14's."""
    racks = [rack("R2", u_height=47), rack("R1")]
    heights = (("R0", 99.0), ("R2", 48.0), ("R1", 45.0))
    found = one(
        plausible_inventory(world({"racks": racks, "devices": [device(f"D-{r}", rack_id=r, u_size=u) for r, u in heights]}), "HL01")
    )
    assert (found.seen, found.limit) == (45.0, 42.0)
    assert (
        "2 racks of the CMDB snapshot hold more height units than they have (45 U in 42 U): R1, R2. In 'racks', correct" in found.message_en
    )
    assert "有 2 个机柜所装设备高度超过机柜高度(45 U / 42 U):R1, R2。" in found.message_zh


def test_of_racks_that_are_as_full_the_last_by_name_is_told(world) -> None:  # type: ignore[no-untyped-def]
    racks, devices = [rack("R1", u_height=47), rack("R2")], [device("D1", u_size=48.0), device("D2", rack_id="R2", u_size=43.0)]
    assert one(plausible_inventory(world({"racks": racks, "devices": devices}), "HL01")).seen == 43.0


def test_a_rack_is_rated_in_kw_and_its_devices_in_w(world) -> None:  # type: ignore[no-untyped-def]
    racks = [rack(rated_kw=123.456)]
    fits, above = device("D1", rated_w=123_456.0), device("D2", rated_w=123_457.0)
    found = one(plausible_inventory(world({"racks": racks, "devices": [fits, above]}), "HL01"))
    assert (found.subject, found.seen, found.limit) == ("devices above their rack", 123_457.0, 123_456.0)
    assert "1 device of the CMDB snapshot are rated higher" in found.message_en


@pytest.mark.parametrize(
    ("values", "fires"),
    [({"psu_count": 2, "psu_w": 800.0}, True), ({"psu_count": 1, "psu_w": 1600.0}, False), ({"psu_count": 3, "psu_w": 600.0}, False),
     ({"psu_count": 3}, False), ({"psu_w": 800.0}, False), ({"psu_count": 2, "psu_w": 0.0}, False)],
)  # fmt: skip
def test_a_sum_of_power_supplies_is_no_rated_power(world, values: dict[str, Any], fires: bool) -> None:  # type: ignore[no-untyped-def]
    found = plausible_inventory(world({"racks": [rack()], "devices": [device("D0"), device("D1", rated_w=1600.0, **values)]}), "HL01")
    assert [(f.subject, f.seen, f.limit) for f in found] == [("summed power supplies", 1600.0, 1600.0)] * fires  # type: ignore[union-attr]


def test_how_old_a_snapshot_is_is_told_in_days(world) -> None:  # type: ignore[no-untyped-def]
    rows = [{"site_id": "HL01", "feed": feed, "newest_on": "2026-03-21", "age_days": 10} for feed in ("racks", "devices")]
    found = one(snapshot_age(world({"snapshot_days": rows}), "HL01"))
    assert "The newest snapshot of devices and racks is of 2026-03-21, 10 days before 2026-03-31 (limit 5 days): it is carried" in (
        found.message_en
    )
    assert "设备、机柜最新快照为 2026-03-21" in found.message_zh


# practices ----------------------------------------------------------------------------------------------------------


def test_an_item_is_judged_by_its_own_months(world) -> None:  # type: ignore[no-untyped-def]
    """Assessed in January 2024, 26 months before March 2026: too old for 24 months and for 12, not for 36."""
    items = [{"item_code": code, "months": months} for code, months in (("A1", 24), ("A2", 12), ("A3", 36))]
    row = {"site_id": "HL01", "level": 1.0, "assessed_on": "2024-01-15"}
    judged = world({"practices": [{**row, "item_code": code} for code in ("A2", "A3", "A1")], "checklist_items": items})
    found = one(assessed_recently(judged, "HL01"))
    assert (found.seen, found.limit) == (26.0, 24.0)
    assert "2 practices (A1, A2) were last assessed on 2024-01-15, more than 24 months before the end of 2026-03" in found.message_en


def test_an_unknown_item_hides_no_other_and_resembles_none(world) -> None:  # type: ignore[no-untyped-def]
    items = [{"item_code": "B1.meters", "months": 12}]
    row = {"site_id": "HL01", "level": 1.0, "assessed_on": "2026-03-31"}  # the last day of the month is in it
    judged = world({"practices": [{**row, "item_code": code} for code in ("A", "B1.meters", "C")], "checklist_items": items})
    found = assessed_recently(judged, "HL01")
    assert [(f.subject, f.seen, f.limit) for f in found] == [("A", 0.0, 1.0), ("C", 0.0, 1.0)]  # type: ignore[union-attr]
    assert "scores nothing. Correct" in found[0].message_en  # type: ignore[index]


# flows --------------------------------------------------------------------------------------------------------------


def test_an_imbalance_follows_from_the_root_of_a_misplaced_meter(world, rows) -> None:  # type: ignore[no-untyped-def]
    """A-I is software at its own point: BD04 tells it as a root and of the meter; the imbalance follows from the root."""
    node = {"site_id": "HL01", "node_id": "A-S", "inflow": 1000, "outflow": 1100, "known_s": MONTH_S, "class_error": 0.0}
    judged = world({"energy_balance": [node], "meters": change(rows["meters"], "A-I", kind="software")})
    root, of_meter = it_declared(judged, "HL01")  # type: ignore[misc]
    assert of_meter.because_of == root.id
    assert nodes_balance(judged, "HL01")[0].because_of == root.id  # type: ignore[index]
