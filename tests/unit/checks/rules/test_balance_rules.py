"""BD07 and BD12 in detail: which of several hours, days and causes are told, and in which figures."""

from __future__ import annotations

from typing import Any

import pytest

from checks.findings import Finding, NotChecked
from checks.rules.balance import it_within_facility, known_together
from checks.rules.boundary import counted_once
from checks.rules.supply import supply_closed


def energies(rows: dict[str, Any], **wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """The energies of the clean month with other totals at HL01, by measure ('E_IT_at_D1' for E_IT@D1)."""
    values = {name.replace("_at_", "@"): value for name, value in wanted.items()}
    return [
        {**row, **values[row["measure"]]} if (row["site_id"], row["meter_id"]) == ("HL01", "") and row["measure"] in values else row
        for row in rows["energies"]
    ]


def listed(found: list[Finding] | NotChecked) -> list[Finding]:
    assert isinstance(found, list)
    return found


def day(on: str, it: int, dc: int, error: float = 0.0) -> dict[str, Any]:
    return {"site_id": "HL01", "day": on, "e_dc_wh": dc, "e_it_wh": it, "error_wh": error}


def above(rows: dict[str, Any], it: int = 234_567_890, dc: int = 123_456_789) -> list[dict[str, Any]]:
    return energies(rows, E_IT={"quantity": it}, E_DC={"quantity": dc})


def test_the_month_is_told_before_the_common_hours(world, rows) -> None:  # type: ignore[no-untyped-def]
    """1,400 kWh of 1,300 in the month, 1,500 of 1,300 in the common hours: the month's own is told, in kWh."""
    judged = world({"energies": energies(rows, E_IT={"quantity": 1_400_000}, E_IT_at_D1={"quantity": 1_500_000})})
    assert [(f.seen, f.limit) for f in listed(it_within_facility(judged, "HL01"))] == [(1400.0, 1300.0)] * 2


def test_energies_are_told_in_kwh(world, rows) -> None:  # type: ignore[no-untyped-def]
    judged = world({"energies": above(rows), "side_days": [day("2026-03-02", 34_567_890, 22_222_222, 1_234_567.0)]})
    month, _, days = listed(it_within_facility(judged, "HL01"))
    assert "E_IT is 234,568 kWh and E_DC only 123,457 kWh in 2026-03: both are withheld." in month.message_en
    assert "E_IT 为 234,568 kWh,E_DC 仅 123,457 kWh" in month.message_zh
    assert "on 1 day of 2026-03, most on 2026-03-02: 34,568 kWh against 23,457 kWh with the meters' combined error" in days.message_en
    assert (days.seen, days.limit, days.because_of) == (34_567.890, 23_456.789, month.id)  # a day follows from its month


def test_a_side_without_a_total_is_not_compared(world, rows) -> None:  # type: ignore[no-untyped-def]
    kept = [row for row in rows["energies"] if not row["measure"].startswith("E_DC")]
    assert isinstance(it_within_facility(world({"energies": kept}), "HL01"), NotChecked)


def test_the_day_with_the_largest_excess_is_told(world) -> None:  # type: ignore[no-untyped-def]
    """300 Wh above 40 kWh is more than 200 Wh above 80 kWh."""
    days = [day("2026-03-04", 80_200, 80_000), day("2026-03-05", 40_300, 40_000), day("2026-03-06", 60_100, 60_000)]
    (found,) = listed(it_within_facility(world({"side_days": days}), "HL01"))
    assert "on 3 days of 2026-03, most on 2026-03-05" in found.message_en


def test_it_above_the_facility_follows_from_a_side_that_is_open(world, rows) -> None:  # type: ignore[no-untyped-def]
    two = [{**row, "supply_points": 2} if row["site_id"] == "HL01" else row for row in rows["sites"]]
    judged = world({"energies": above(rows), "sites": two})
    (supply,) = listed(supply_closed(judged, "HL01"))
    first, second = listed(it_within_facility(judged, "HL01"))
    assert (first.because_of, second.because_of) == (supply.id, supply.id)


def test_it_above_the_facility_follows_from_it_that_counts_twice(world, rows) -> None:  # type: ignore[no-untyped-def]
    twice = {"site_id": "HL01", "side": "E_IT", "what": "double", "meter_id": "A-P", "other_id": "A-U"}
    judged = world({"energies": above(rows), "topology_faults": [twice]})
    (double,) = listed(counted_once(judged, "HL01"))
    assert listed(it_within_facility(judged, "HL01"))[0].because_of == double.id
    # what a finding follows from is the root of what follows from it: a virtual meter on both sides, told first of E_DC
    nowhere = {**twice, "what": "factor", "side": "E_DC"}
    judged = world({"energies": above(rows), "topology_faults": [nowhere]})
    assert str(listed(it_within_facility(judged, "HL01"))[0].because_of).startswith("BD02-")


@pytest.mark.parametrize(
    "harmless",
    [
        {"topology_faults": [{"site_id": "HL01", "side": "water", "what": "double", "meter_id": "A-P", "other_id": "A-U"}]},  # of water
        {"sites": {"onsite_sources": None}, "declarations": []},  # a flag: nothing is known to be missing
    ],
)
def test_what_does_not_withhold_energy_is_no_cause(world, rows, harmless: dict[str, Any]) -> None:  # type: ignore[no-untyped-def]
    if "sites" in harmless:
        harmless = {**harmless, "sites": [{**row, **harmless["sites"]} for row in rows["sites"]]}
    judged = world({"energies": above(rows), **harmless})
    assert listed(supply_closed(judged, "HL01")) or listed(counted_once(judged, "HL01"))
    assert listed(it_within_facility(judged, "HL01"))[0].because_of is None


def test_the_root_of_an_open_side_is_told_not_what_follows_from_it(world, rows) -> None:  # type: ignore[no-untyped-def]
    """A silent backup meter of known weight opens the supply side, and that follows from its silence (TL01)."""
    month_s = 744 * 3600
    backup = {"meter_id": "A-G", "site_id": "HL01", "medium": "electricity", "point": "backup_generation", "valid_from": "2024-01-01"}
    judged = world(
        {
            "energies": above(rows),
            "sites": [{**row, "backup_generators": 2} for row in rows["sites"]],
            "meters": [*rows["meters"], backup],
            "counted": [*rows["counted"], {"site_id": "HL01", "side": "E_DC", "meter_id": "A-G", "sign": 1}],
            "meter_facts": [*rows["meter_facts"], {"site_id": "HL01", "meter_id": "A-G", "expected_s": month_s, "metered_s": 0}],
            "shares": [*rows["shares"], {"site_id": "HL01", "side": "E_DC", "meter_id": "A-G", "last_known_share": 0.02}],
        }
    )
    (opened,) = listed(supply_closed(judged, "HL01"))
    assert listed(it_within_facility(judged, "HL01"))[0].because_of == opened.because_of != opened.id


def test_water_is_judged_where_the_energies_are_not_comparable(world, rows) -> None:  # type: ignore[no-untyped-def]
    hidden = energies(rows, E_DC_at_D1={"expected_s": 0})
    low = [{**row, "known_s": 0} if row["measure"] == "water@D2" and not row["meter_id"] else row for row in hidden]
    (found,) = listed(known_together(world({"energies": low}), "HL01"))
    assert (found.subject, found.quantity, found.seen, found.limit) == ("D2", "water", 0.0, 0.95)
    assert (
        "Only 0 % of the hours of 2026-03 are known on both the water side and the IT side (limit 95 %): water withheld" in found.message_en
    )
    assert "2026-03 用水侧与IT 侧均已知的小时占 0 %(限值 95 %):water 暂缓发布" in found.message_zh


def test_without_an_hour_of_two_sides_nothing_is_compared(world, rows) -> None:  # type: ignore[no-untyped-def]
    nothing = [{**row, "expected_s": 0} for row in rows["energies"]]
    assert isinstance(known_together(world({"energies": nothing}), "HL01"), NotChecked)
    both = [{**row, "known_s": 0} if row["measure"] == "E_DC@D1" else row for row in rows["energies"]]
    found = listed(known_together(world({"energies": both}), "HL01"))
    assert [f.quantity for f in found] == ["E_IT", "E_DC"]
    assert "both the supply side and the IT side (limit 95 %): E_DC and E_IT withheld" in found[0].message_en
    assert "供电侧与IT 侧" in found[0].message_zh
