"""BD03 (sources, direct lines, software, sites that don't operate) and BD11: what the supply side must measure."""

from __future__ import annotations

from typing import Any

import pytest

from checks.findings import Finding, NotChecked
from checks.rules.supply import export_apart, supply_closed


def said(findings: list[Finding] | NotChecked) -> list[tuple[str, str, str, str, float | None, float | None]]:
    assert isinstance(findings, list)
    return [(f.code, f.subject, f.severity, f.quantity, f.seen, f.limit) for f in findings]


def sites(rows: dict[str, Any], **values: Any) -> list[dict[str, Any]]:
    return [{**row, **values} if row["site_id"] == "HL01" else row for row in rows["sites"]]


def meter(name: str, point: str, **values: Any) -> dict[str, Any]:
    row = {"meter_id": name, "site_id": "HL01", "medium": "electricity", "point": point, "kind": "register"}
    return {**row, "valid_from": "2024-01-01", **values}


def without(rows: dict[str, Any], subject: str) -> list[dict[str, Any]]:
    return [row for row in rows["declarations"] if row["subject"] != subject]


# BD03 ---------------------------------------------------------------------------------------------------------------


def test_power_by_software_closes_no_supply(world, rows) -> None:  # type: ignore[no-untyped-def]
    tables = {"sites": sites(rows, supply_points=2), "meters": [*rows["meters"], meter("A-S2", "grid_supply", kind="software")]}
    assert said(supply_closed(world(tables), "HL01")) == [("BD03", "grid_supply", "withhold", "E_DC", 1.0, 2.0)]
    source = {"sites": sites(rows, onsite_sources=1), "meters": [*rows["meters"], meter("A-PV", "onsite_generation", kind="software")]}
    assert said(supply_closed(world(source), "HL01")) == [("BD03", "onsite_generation", "withhold", "E_DC", 0.0, 1.0)]


def test_a_blank_number_of_sources_is_no_zero(world, rows) -> None:  # type: ignore[no-untyped-def]
    blank = {"sites": sites(rows, onsite_sources=None), "declarations": without(rows, "onsite_generation")}
    assert said(supply_closed(world(blank), "HL01")) == [("BD03", "onsite_generation", "flag", "E_DC", None, None)]
    assert supply_closed(world({"sites": blank["sites"]}), "HL01") == []  # declared none
    assert supply_closed(world({**blank, "meters": [*rows["meters"], meter("A-PV", "onsite_generation")]}), "HL01") == []
    assert supply_closed(world({"declarations": blank["declarations"]}), "HL01") == []  # stated: none


def test_a_direct_line_has_its_meter(world, rows) -> None:  # type: ignore[no-untyped-def]
    line = {"contract_id": "K2", "kind": "direct_line", "start_on": "2025-01-01", "end_on": "2026-03-01"}
    share = {"contract_id": "K2", "site_id": "HL01", "share_ratio": 1.0, "valid_from": "2025-01-01"}
    tables = {"ppa_contracts": [line], "ppa_site_shares": [share]}
    found = supply_closed(world(tables), "HL01")
    assert said(found) == [("BD03", "direct_line", "withhold", "E_DC", 0.0, 1.0)]
    assert "Contract K2" in found[0].message_en
    assert supply_closed(world(tables), "HL02") == []
    assert supply_closed(world({**tables, "meters": [*rows["meters"], meter("A-D", "direct_line")]}), "HL01") == []
    for harmless in (
        {"ppa_contracts": [{**line, "kind": "green_trade"}]},
        {"ppa_contracts": [{**line, "end_on": "2026-02-28"}]},
        {"ppa_contracts": [{**line, "start_on": "2026-04-01"}]},
        {"ppa_site_shares": [{**share, "valid_to": "2026-02-28"}]},
        {"ppa_site_shares": [{**share, "valid_from": "2026-04-01"}]},
        {"ppa_site_shares": [{**share, "share_ratio": 0.0}]},
        {"ppa_site_shares": [{**share, "contract_id": "K9"}]},
    ):
        assert supply_closed(world({**tables, **harmless}), "HL01") == [], harmless
    assert supply_closed(world(tables, without=("ppa_contracts",)), "HL01") == []


def test_a_direct_line_of_one_day_of_the_month_has_its_meter(world) -> None:  # type: ignore[no-untyped-def]
    line = {"contract_id": "K2", "kind": "direct_line", "start_on": "2025-01-01", "end_on": "2026-12-31"}
    share = {"contract_id": "K2", "site_id": "HL01", "share_ratio": 1.0}
    days = ({"start_on": "2026-03-31"}, {"end_on": "2026-03-01"}), ({"valid_from": "2026-03-31"}, {"valid_to": "2026-03-01"})
    for contract, part in (*((values, {}) for values in days[0]), *(({}, values) for values in days[1])):
        tables = {"ppa_contracts": [{**line, **contract}], "ppa_site_shares": [{**share, **part}]}
        assert said(supply_closed(world(tables), "HL01")) == [("BD03", "direct_line", "withhold", "E_DC", 0.0, 1.0)], (contract, part)
        assert supply_closed(world(tables, without=("ppa_site_shares",)), "HL01") == []
    two = {"ppa_contracts": [line, {**line, "contract_id": "K1"}], "ppa_site_shares": [share, {**share, "contract_id": "K1"}]}
    found = supply_closed(world(two), "HL01")
    assert said(found) == [("BD03", "direct_line", "withhold", "E_DC", 0.0, 2.0)]
    assert "Contract K1, K2 supplies the site" in found[0].message_en


@pytest.mark.parametrize("fuel", ["diesel", "natural_gas", None])
def test_fuel_that_is_known_stands_for_generators(world, rows, fuel: str | None) -> None:  # type: ignore[no-untyped-def]
    own = sites(rows, backup_generators=1)
    none = {"site_id": "HL01", "subject": "fuel", "statement": "none", "valid_from": "2026-01-01"}
    burnt = [] if fuel is None else [{"site_id": "HL01", "month": "2026-03", "activity": fuel, "quantity": 0.0}]
    stated = world({"sites": own, "activities": burnt, "declarations": [none] if fuel is None else []})
    assert supply_closed(stated, "HL01") == []
    unsaid = world({"sites": own, "declarations": []}, without=("activities", "meter_facts"))
    assert said(supply_closed(unsaid, "HL01")) == [("BD03", "backup_generation", "flag", "E_DC", 0.0, 1.0)]


@pytest.mark.parametrize("values", [{"stage": "planning"}, {"stage": "construction"}, {"commissioned_on": "2026-04-01"}])
def test_a_site_without_operation_has_no_supply_to_close(world, rows, values: dict[str, Any]) -> None:  # type: ignore[no-untyped-def]
    tables = {"sites": sites(rows, supply_points=2, **values), "energies": []}
    assert isinstance(supply_closed(world(tables), "HL01"), NotChecked)


def test_a_retired_site_without_meters_is_not_spoken_of(world, rows) -> None:  # type: ignore[no-untyped-def]
    retired = sites(rows, supply_points=2, stage="retired")
    gone = {"sites": retired, "counted": [row for row in rows["counted"] if row["site_id"] != "HL01"], "energies": []}
    found = supply_closed(world(gone), "HL01")
    assert isinstance(found, NotChecked)
    assert "retired" in found.reason_en
    assert len(said(supply_closed(world({"sites": retired, "energies": []}), "HL01"))) == 1


# BD11 ---------------------------------------------------------------------------------------------------------------


def generating(rows: dict[str, Any], export: float | None = 100_000, generation: float | None = 400_000) -> dict[str, Any]:
    """The clean month with a roof and its export meter."""
    total = {"site_id": "HL01", "meter_id": "", "sign": 1}
    return {
        "meters": [*rows["meters"], meter("A-PV", "onsite_generation"), meter("A-EX", "export")],
        "declarations": [row for row in rows["declarations"] if row["site_id"] != "HL01"],
        "energies": [
            *rows["energies"],
            {**total, "measure": "point:onsite_generation", "quantity": generation},
            {**total, "measure": "point:export", "quantity": export},
        ],
    }


def test_generation_with_its_own_export_meter_is_in_order(world, rows) -> None:  # type: ignore[no-untyped-def]
    assert export_apart(world(generating(rows)), "HL01") == []


def test_export_is_metered_or_declared_none(world, rows) -> None:  # type: ignore[no-untyped-def]
    tables = generating(rows)
    tables["meters"] = [row for row in tables["meters"] if row["meter_id"] != "A-EX"]
    found = export_apart(world(tables), "HL01")
    assert said(found) == [("BD11", "export", "withhold", "E_DC", 0.0, 1.0), ("BD11", "export", "withhold", "claims", 0.0, 1.0)]
    assert [f.because_of for f in found] == [None, found[0].id]
    none = {"site_id": "HL01", "subject": "export", "statement": "none", "valid_from": "2026-01-01"}
    assert export_apart(world({**tables, "declarations": [none]}), "HL01") == []
    soft = [*tables["meters"], meter("A-EX", "export", kind="software")]
    assert len(said(export_apart(world({**tables, "meters": soft}), "HL01"))) == 2


@pytest.mark.parametrize(("export", "number"), [(400_000, 0), (404_000, 0), (404_001, 2), (None, 0)])
def test_no_more_is_exported_than_generated(world, rows, export: float | None, number: int) -> None:  # type: ignore[no-untyped-def]
    found = export_apart(world(generating(rows, export)), "HL01")
    assert [one[:4] for one in said(found)] == [("BD11", "gross", "withhold", q) for q in ("E_DC", "claims")][:number]
    if number:
        assert (found[0].seen, found[0].limit, found[0].unit) == (404.001, 400.0, "kWh")


def test_every_source_may_be_exported(world, rows) -> None:  # type: ignore[no-untyped-def]
    tables = generating(rows, export=600_000)
    total = {"site_id": "HL01", "meter_id": "", "sign": 1}
    for point in ("backup_generation", "storage_discharge", "direct_line"):
        more = [*tables["energies"], {**total, "measure": f"point:{point}", "quantity": 200_000}]
        assert export_apart(world({**tables, "energies": more}), "HL01") == [], point
        unknown = [*tables["energies"], {**total, "measure": f"point:{point}", "quantity": None}]
        assert export_apart(world({**tables, "energies": unknown}), "HL01") == [], point
    assert len(said(export_apart(world(tables), "HL01"))) == 2


def test_generation_by_subtraction_is_not_gross(world, rows) -> None:  # type: ignore[no-untyped-def]
    less = [{"site_id": "HL01", "meter_id": "A-PV", "member": "A-EX"}, {"site_id": "HL01", "meter_id": "A-S", "member": "A-I"}]
    found = export_apart(world({**generating(rows), "parts_less": less}), "HL01")
    assert said(found) == [("BD11", "A-PV", "withhold", "E_DC", 1.0, 0.0), ("BD11", "A-PV", "withhold", "claims", 1.0, 0.0)]
    assert "A-EX taken off" in found[0].message_en
    assert len(said(export_apart(world({**generating(rows), "parts_less": [less[0], {**less[0], "member": "A-X"}]}), "HL01"))) == 2


def test_without_generation_there_is_nothing_to_export(world, rows) -> None:  # type: ignore[no-untyped-def]
    assert export_apart(world(), "HL01") == []  # declared none
    found = export_apart(world({"declarations": without(rows, "onsite_generation")}), "HL01")
    assert isinstance(found, NotChecked)
    assert "no meter of on-site generation" in found.reason_en
