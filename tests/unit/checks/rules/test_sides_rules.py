"""BD04, BD08 and BD10: what a site states of its IT side, its shared loads and its water side."""

from __future__ import annotations

from typing import Any

import pytest

from checks.findings import Finding, NotChecked
from checks.rules.sides import it_declared, loads_excluded, water_closed


def said(findings: list[Finding] | NotChecked) -> list[tuple[str, str, str, str, float | None, float | None]]:
    assert isinstance(findings, list)
    return [(f.code, f.subject, f.severity, f.quantity, f.seen, f.limit) for f in findings]


def sites(rows: dict[str, Any], **values: Any) -> list[dict[str, Any]]:
    return [{**row, **values} if row["site_id"] == "HL01" else row for row in rows["sites"]]


def meter(name: str, point: str, **values: Any) -> dict[str, Any]:
    row = {"meter_id": name, "site_id": "HL01", "medium": "electricity", "point": point, "kind": "register"}
    return {**row, "valid_from": "2024-01-01", **values}


# BD04 ---------------------------------------------------------------------------------------------------------------


def test_without_a_category_no_it_energy_counts(world, rows) -> None:  # type: ignore[no-untyped-def]
    found = it_declared(world({"sites": sites(rows, pue_category=None)}), "HL01")
    assert said(found) == [("BD04", "pue_category", "withhold", "E_IT", None, None)]
    assert "there are meters at pdu_output" in found[0].message_en
    assert "现有 pdu_output" in found[0].message_zh
    assert it_declared(world({"sites": sites(rows, pue_category=None)}), "HL02") == []


@pytest.mark.parametrize(("category", "point"), [(1, "ups_output"), (3, "it_input")])
def test_the_stated_category_has_meters_at_its_point(world, rows, category: int, point: str) -> None:  # type: ignore[no-untyped-def]
    stated = sites(rows, pue_category=category)
    found = it_declared(world({"sites": stated}), "HL01")
    assert said(found) == [("BD04", point, "withhold", "E_IT", 0.0, 1.0)]
    assert "others at pdu_output" in found[0].message_en
    assert it_declared(world({"sites": stated, "meters": [*rows["meters"], meter("A-N", point)]}), "HL01") == []
    only_check = [*rows["meters"], meter("A-N", point, check_meter_of="A-I")]
    assert said(it_declared(world({"sites": stated, "meters": only_check}), "HL01"))[0][1] == point
    water = [*rows["meters"], meter("A-N", point, medium="water")]
    assert said(it_declared(world({"sites": stated, "meters": water}), "HL01"))[0][1] == point


def test_power_by_software_never_counts(world, rows) -> None:  # type: ignore[no-untyped-def]
    soft = meter("A-V", "pdu_output", kind="software", entry=4, source_row=9)
    found = it_declared(world({"meters": [*rows["meters"], soft]}), "HL01")
    assert said(found) == [("BD04", "A-V", "withhold", "E_IT", None, 0.01)]  # its share was never known: it counts as material
    assert found[0].rows == ((4, 9),)
    small = {"site_id": "HL01", "side": "E_IT", "meter_id": "A-V", "share": None, "last_known_share": 0.009}
    found = it_declared(world({"meters": [*rows["meters"], soft], "shares": [*rows["shares"], small]}), "HL01")
    assert said(found) == [("BD04", "A-V", "flag", "E_IT", 0.009, 0.01)]
    assert "withheld" not in found[0].message_en


def test_software_elsewhere_or_below_a_meter_takes_nothing_away(world, rows) -> None:  # type: ignore[no-untyped-def]
    for harmless in (
        [meter("A-V", "it_input", kind="software")],
        [meter("A-V", "pdu_output", kind="software", check_meter_of="A-I")],
        [meter("A-V", "pdu_output", kind="software", parent_meter_id="A-I")],
        [meter("A-V", "pdu_output", kind="software", parent_meter_id="A-M"), meter("A-M", "it_input", parent_meter_id="A-I")],
    ):
        assert it_declared(world({"meters": [*rows["meters"], *harmless]}), "HL01") == [], harmless
    for missing in (
        [meter("A-V", "pdu_output", kind="software", parent_meter_id="A-S")],
        [meter("A-V", "pdu_output", kind="software", parent_meter_id="A-V")],
        [meter("A-V", "pdu_output", kind="software", parent_meter_id="A-X"), meter("A-X", "pdu_output", check_meter_of="A-I")],
    ):
        assert [one[1] for one in said(it_declared(world({"meters": [*rows["meters"], *missing]}), "HL01"))] == ["A-V"], missing


def test_only_software_at_the_point_is_told_once_as_a_root(world, rows) -> None:  # type: ignore[no-untyped-def]
    meters = [{**row, "kind": "software"} if row["meter_id"] == "A-I" else row for row in rows["meters"]]
    found = it_declared(world({"meters": meters}), "HL01")
    assert [(f.subject, f.because_of) for f in found] == [("pdu_output", None), ("A-I", found[0].id)]


def test_no_it_meters_and_no_operation_are_not_checked(world, rows) -> None:  # type: ignore[no-untyped-def]
    without = [row for row in rows["meters"] if row["meter_id"] != "A-I"]
    found = it_declared(world({"meters": without}), "HL01")
    assert isinstance(found, NotChecked)
    assert "no meter at a point of IT energy" in found.reason_en
    idle = {"meters": without, "energies": [], "sites": sites(rows, stage="construction")}
    found = it_declared(world(idle), "HL01")
    assert isinstance(found, NotChecked)
    assert "in stage construction" in found.reason_en


# BD08 ---------------------------------------------------------------------------------------------------------------


def test_shared_loads_are_metered_or_declared_none(world, rows) -> None:  # type: ignore[no-untyped-def]
    unsaid = {"declarations": [row for row in rows["declarations"] if row["subject"] != "shared_load"]}
    found = loads_excluded(world(unsaid), "HL01")
    assert said(found) == [("BD08", "shared_load", "flag", "E_DC", 0.0, 1.0)]
    assert "declare shared_load" in found[0].message_en
    assert "申报 shared_load 为无" in found[0].message_zh
    assert loads_excluded(world({**unsaid, "meters": [*rows["meters"], meter("A-X", "excluded")]}), "HL01") == []
    for not_it in (meter("A-X", "excluded", kind="software"), meter("A-X", "auxiliary"), meter("A-X", "excluded", site_id="HL02"),
                   meter("A-X", "excluded", medium="water"), meter("A-X", "excluded", valid_to="2026-02-28")):  # fmt: skip
        assert len(said(loads_excluded(world({**unsaid, "meters": [*rows["meters"], not_it]}), "HL01"))) == 1, not_it


def test_shared_loads_ask_for_a_supply_side(world, rows) -> None:  # type: ignore[no-untyped-def]
    found = loads_excluded(world({"counted": [row for row in rows["counted"] if row["side"] != "E_DC"]}), "HL01")
    assert isinstance(found, NotChecked)
    assert "no meter counts for E_DC" in found.reason_en
    idle = world({"energies": [], "sites": sites(rows, commissioned_on="2026-04-01")})
    assert isinstance(loads_excluded(idle, "HL01"), NotChecked)


# BD10 ---------------------------------------------------------------------------------------------------------------


def test_every_water_supply_is_metered(world, rows) -> None:  # type: ignore[no-untyped-def]
    found = water_closed(world({"sites": sites(rows, water_supply_points=2)}), "HL01")
    assert said(found) == [("BD10", "water_supply", "withhold", "water", 1.0, 2.0)]
    assert "on 2026-03-01: 1 of 2" in found[0].message_en
    second = meter("A-W2", "water_supply", medium="water")
    for counts, number in ((second, 0), ({**second, "kind": "software"}, 1), ({**second, "check_meter_of": "A-W"}, 1),
                           ({**second, "point": "reclaimed_supply"}, 1), ({**second, "medium": "electricity"}, 1)):  # fmt: skip
        meters = {"sites": sites(rows, water_supply_points=2), "meters": [*rows["meters"], counts]}
        assert len(said(water_closed(world(meters), "HL01"))) == number, counts
    late = {"sites": sites(rows, water_supply_points=2), "meters": [*rows["meters"], {**second, "valid_from": "2026-03-02"}]}
    assert "on 2026-03-01" in water_closed(world(late), "HL01")[0].message_en
    begun = sites(rows, water_supply_points=2, commissioned_on="2026-03-02")
    assert water_closed(world({**late, "sites": begun}), "HL01") == []


def test_the_category_of_water_is_stated(world, rows) -> None:  # type: ignore[no-untyped-def]
    found = water_closed(world({"sites": sites(rows, wue_category=None)}), "HL01")
    assert said(found) == [("BD10", "wue_category", "withhold", "water", None, None)]
    both = sites(rows, wue_category=None, water_supply_points=2)
    assert [one[1] for one in said(water_closed(world({"sites": both}), "HL01"))] == ["water_supply", "wue_category"]


def test_a_site_without_water_says_so(world, rows) -> None:  # type: ignore[no-untyped-def]
    dry = {"meters": [row for row in rows["meters"] if row["meter_id"] != "A-W"], "sites": sites(rows, wue_category=None)}
    found = water_closed(world(dry), "HL01")
    assert isinstance(found, NotChecked)
    assert "nothing is said about water" in found.reason_en
    none = {"site_id": "HL01", "subject": "water", "statement": "none", "valid_from": "2026-01-01"}
    assert water_closed(world({**dry, "declarations": [none]}), "HL01") == []
    stated = {**dry, "sites": sites(rows, water_supply_points=1)}
    assert said(water_closed(world(stated), "HL01")) == [("BD10", "water_supply", "withhold", "water", 0.0, 1.0)]
    zero = {**dry, "sites": sites(rows, water_supply_points=0)}
    assert water_closed(world(zero), "HL01") == []


@pytest.mark.parametrize(
    ("values", "operates"),
    [
        ({"stage": "operation"}, True),
        ({"stage": None}, True),
        ({"stage": "planning"}, False),
        ({"stage": "construction"}, False),
        ({"stage": "retired"}, True),  # its meters are still registered and count
        ({"commissioned_on": "2026-03-31"}, True),
        ({"commissioned_on": "2026-04-01"}, False),
    ],
)
def test_a_site_that_does_not_operate_is_not_spoken_of(world, rows, values: dict[str, Any], operates: bool) -> None:  # type: ignore[no-untyped-def]
    tables = {"sites": sites(rows, water_supply_points=2, **values), "energies": []}
    assert isinstance(water_closed(world(tables), "HL01"), list) == operates
    # what its meters show has precedence: IT takes energy
    tables.pop("energies")
    assert isinstance(water_closed(world(tables), "HL01"), list)
    if values.get("stage") == "retired":
        assert isinstance(water_closed(world({**tables, "counted": []}), "HL01"), NotChecked)
