"""BD01, BD02, BD03, BD05, BD07, BD12 and ME05."""

from __future__ import annotations

from typing import Any

import pytest

from checks.findings import Finding, NotChecked
from checks.rules.balance import it_within_facility, known_together
from checks.rules.boundary import counted_once, placed, registered
from checks.rules.method import estimated_share
from checks.rules.supply import supply_closed
from checks.rules.timeliness import completeness

MONTH_S = 744 * 3600


def said(findings: list[Finding] | NotChecked) -> list[tuple[str, str, str]]:
    assert isinstance(findings, list)
    return [(f.subject, f.severity, f.quantity) for f in findings]


def numbers(finding: Finding) -> tuple[str, float | None, float | None, str]:
    return finding.code, finding.seen, finding.limit, finding.unit


def change(rows: list[dict[str, Any]], meter_or_site: str, **values: Any) -> list[dict[str, Any]]:
    """Rows in which those of one meter (or, without meters, of one site) have other values."""
    return [{**r, **values} if meter_or_site in (r.get("meter_id"), None if r.get("meter_id") else r["site_id"]) else r for r in rows]


# BD01 ---------------------------------------------------------------------------------------------------------------


def test_readings_of_strangers_are_named_once_each(world) -> None:  # type: ignore[no-untyped-def]
    row = {"at_s": 1, "code": "BD01", "what": "unregistered", "unit": "rows", "limit": 0.0, "entry": 2}
    anomalies = [
        {**row, "site_id": None, "meter_id": "X-1", "seen": 2976.0, "source_row": 5},
        {**row, "site_id": "HL01", "meter_id": "A-OLD", "seen": 1.0, "source_row": 7},
    ]
    found = registered(world({"anomalies": anomalies}), "HL01")
    assert said(found) == [("A-OLD", "info", ""), ("X-1", "info", "")]
    assert [numbers(f) for f in found] == [("BD01", 1.0, 0.0, "readings"), ("BD01", 2976.0, 0.0, "readings")]
    assert "A-OLD: 1 reading was rejected" in found[0].message_en
    assert "X-1: 2,976 readings were rejected" in found[1].message_en
    assert "有 2976 条读数被拒" in found[1].message_zh
    assert found[1].rows == ((2, 5),)
    # A meter that nobody registered is shown at every site, one of a site only there.
    assert said(registered(world({"anomalies": anomalies}), "HL02")) == [("X-1", "info", "")]


# BD02 ---------------------------------------------------------------------------------------------------------------


def test_a_counted_meter_at_a_wrong_point_withholds_its_side(world, rows) -> None:  # type: ignore[no-untyped-def]
    judged = world(
        {"meters": change(rows["meters"], "A-S", medium="water"), "counted": [r for r in rows["counted"] if r["meter_id"] != "A-S"]}
    )
    found = placed(judged, "HL01")
    assert said(found) == [("A-S", "withhold", "E_DC")]
    assert found[0].rows == ((1, 2),)
    assert "measures water at grid_supply" in found[0].message_en
    assert placed(judged, "HL02") == []


@pytest.mark.parametrize(
    ("medium", "point", "outcome"),
    [
        ("electricity", "cooling", []),
        ("water", "cooling", [("A-N", "flag", "")]),
        ("water", "it_input", [("A-N", "flag", "")]),  # the site counts category 2, pdu_output
        ("heat", "pdu_output", [("A-N", "withhold", "E_IT")]),
        ("electricity", "water_supply", [("A-N", "withhold", "water")]),
        ("diesel", "fuel_use", []),
        ("natural_gas", "fuel_use", []),
        ("water", "storage_charge", [("A-N", "flag", "")]),  # storage lies inside the boundary
    ],
)
def test_points_fit_their_medium(world, rows, medium: str, point: str, outcome: list[Any]) -> None:  # type: ignore[no-untyped-def]
    meter = {"meter_id": "A-N", "site_id": "HL01", "medium": medium, "point": point, "valid_from": "2024-01-01"}
    assert said(placed(world({"meters": [*rows["meters"], meter]}), "HL01")) == outcome


def test_a_check_meter_at_a_wrong_point_is_flagged(world, rows) -> None:  # type: ignore[no-untyped-def]
    meter = {
        "meter_id": "A-N",
        "site_id": "HL01",
        "medium": "water",
        "point": "grid_supply",
        "check_meter_of": "A-S",
        "valid_from": "2024-01-01",
    }
    assert said(placed(world({"meters": [*rows["meters"], meter]}), "HL01")) == [("A-N", "flag", "")]


def test_a_meter_of_an_unknown_site_is_shown_everywhere(world, rows) -> None:  # type: ignore[no-untyped-def]
    meter = {"meter_id": "Z-1", "site_id": "HL1", "medium": "electricity", "point": "grid_supply", "valid_from": "2024-01-01"}
    judged = world({"meters": [*rows["meters"], meter]})
    for site in ("HL01", "HL02"):
        found = placed(judged, site)
        assert said(found) == [("Z-1", "flag", "")]
        assert "belongs to site HL1" in found[0].message_en


# BD03 ---------------------------------------------------------------------------------------------------------------


def meter(name: str, point: str, **values: Any) -> dict[str, Any]:
    return {"meter_id": name, "site_id": "HL01", "medium": "electricity", "point": point, "valid_from": "2024-01-01", **values}


def test_an_unmetered_supply_withholds_e_dc(world, rows) -> None:  # type: ignore[no-untyped-def]
    found = supply_closed(world({"sites": change(rows["sites"], "HL01", supply_points=2)}), "HL01")
    assert said(found) == [("grid_supply", "withhold", "E_DC")]
    assert numbers(found[0]) == ("BD03", 1.0, 2.0, "supplies")


def test_a_check_meter_closes_no_supply(world, rows) -> None:  # type: ignore[no-untyped-def]
    tables = {
        "sites": change(rows["sites"], "HL01", supply_points=2),
        "meters": [*rows["meters"], meter("A-S2", "grid_supply", check_meter_of="A-S")],
    }
    assert said(supply_closed(world(tables), "HL01")) == [("grid_supply", "withhold", "E_DC")]
    tables["meters"] = [*rows["meters"], meter("A-S2", "grid_supply")]
    assert supply_closed(world(tables), "HL01") == []


def test_more_meters_than_supplies_are_flagged(world, rows) -> None:  # type: ignore[no-untyped-def]
    found = supply_closed(world({"meters": [*rows["meters"], meter("A-S2", "grid_supply")]}), "HL01")
    assert said(found) == [("grid_supply", "flag", "E_DC")]
    assert numbers(found[0]) == ("BD03", 2.0, 1.0, "supplies")


def test_a_replaced_meter_keeps_the_supply_closed_only_without_a_gap(world, rows) -> None:  # type: ignore[no-untyped-def]
    old = change(rows["meters"], "A-S", valid_to="2026-03-10")
    assert supply_closed(world({"meters": [*old, meter("A-S2", "grid_supply", valid_from="2026-03-11")]}), "HL01") == []
    found = supply_closed(world({"meters": [*old, meter("A-S2", "grid_supply", valid_from="2026-03-12")]}), "HL01")
    assert said(found) == [("grid_supply", "withhold", "E_DC")]
    assert "on 2026-03-11" in found[0].message_en


def test_a_newer_row_of_a_meter_ends_the_one_before(world, rows) -> None:  # type: ignore[no-untyped-def]
    """A correction carries a later valid_from and no valid_to of the old row: only what is in force in the month is judged."""
    wrong = meter("A-S", "grid_supply", medium="water", valid_from="2023-01-01")
    assert placed(world({"meters": [wrong, *rows["meters"]]}), "HL01") == []
    moved = meter("A-S", "auxiliary", valid_from="2026-03-15")
    found = supply_closed(world({"meters": [*rows["meters"], moved]}), "HL01")
    assert said(found) == [("grid_supply", "withhold", "E_DC")]
    assert "on 2026-03-15" in found[0].message_en
    corrected = [*rows["meters"], meter("A-S", "auxiliary", valid_from="2024-06-01"), meter("A-S", "grid_supply", valid_from="2025-01-01")]
    assert supply_closed(world({"meters": corrected}), "HL01") == []


def test_days_before_commissioning_need_no_meter(world, rows) -> None:  # type: ignore[no-untyped-def]
    late = change(rows["meters"], "A-S", valid_from="2026-03-20")
    assert said(supply_closed(world({"meters": late}), "HL01")) == [("grid_supply", "withhold", "E_DC")]
    assert supply_closed(world({"meters": late, "sites": change(rows["sites"], "HL01", commissioned_on="2026-03-20")}), "HL01") == []


def test_on_site_sources_are_metered(world, rows) -> None:  # type: ignore[no-untyped-def]
    tables = {"sites": change(rows["sites"], "HL01", onsite_sources=1)}
    found = supply_closed(world(tables), "HL01")
    assert said(found) == [("onsite_generation", "withhold", "E_DC")]
    assert numbers(found[0]) == ("BD03", 0.0, 1.0, "sources")
    assert supply_closed(world({**tables, "meters": [*rows["meters"], meter("A-PV", "onsite_generation")]}), "HL01") == []


def test_backup_generators_are_metered_or_their_fuel_is_known(world, rows) -> None:  # type: ignore[no-untyped-def]
    sites = {"sites": change(rows["sites"], "HL01", backup_generators=2)}
    found = supply_closed(world(sites), "HL01")
    assert said(found) == [("backup_generation", "flag", "E_DC")]
    assert numbers(found[0]) == ("BD03", 0.0, 2.0, "generators")
    fuel = {"site_id": "HL01", "month": "2026-03", "activity": "diesel", "quantity": 0.0}
    none = {"site_id": "HL01", "subject": "backup_generation", "statement": "none", "valid_from": "2026-01-01"}
    for known in (
        {"activities": [fuel]},
        {"declarations": [none]},
        {"meters": [*rows["meters"], meter("A-G", "backup_generation")]},
        {"meters": [*rows["meters"], {**meter("A-F", "fuel_use"), "medium": "diesel"}]},
    ):
        assert supply_closed(world({**sites, **known}), "HL01") == [], known
    for unknown in (
        {"activities": [{**fuel, "month": "2026-02"}]},
        {"activities": [{**fuel, "site_id": "HL02"}]},
        {"activities": [{**fuel, "activity": "R-134a"}]},
        {"declarations": [{**none, "valid_to": "2026-02-28"}]},
        {"declarations": [{**none, "valid_from": "2026-04-01"}]},
    ):
        assert said(supply_closed(world({**sites, **unknown}), "HL01")) == [("backup_generation", "flag", "E_DC")], unknown


@pytest.mark.parametrize(("last", "severity"), [(0.02, "withhold"), (0.009, "flag"), (None, "flag")])
def test_silent_backup_meters_withhold_when_known_to_matter(world, rows, last: float | None, severity: str) -> None:  # type: ignore[no-untyped-def]
    tables = {
        "sites": change(rows["sites"], "HL01", backup_generators=2),
        "meters": [*rows["meters"], meter("A-G", "backup_generation")],
        "counted": [*rows["counted"], {"site_id": "HL01", "side": "E_DC", "meter_id": "A-G", "sign": 1}],
        "meter_facts": [*rows["meter_facts"], {"site_id": "HL01", "meter_id": "A-G", "expected_s": MONTH_S, "metered_s": 0, "n_landed": 0}],
        "shares": [*rows["shares"], {"site_id": "HL01", "side": "E_DC", "meter_id": "A-G", "share": None, "last_known_share": last}],
    }
    judged = world(tables)
    found = supply_closed(judged, "HL01")
    assert said(found) == [("backup_generation", severity, "E_DC")]
    silence = completeness(judged, "HL01")
    assert isinstance(silence, list)
    assert found[0].because_of == silence[0].id  # it follows from the silent meter


# BD05 ---------------------------------------------------------------------------------------------------------------


def fault(what: str, meter_id: str, other: str | None, side: str = "E_IT") -> dict[str, Any]:
    return {"site_id": "HL01", "side": side, "what": what, "meter_id": meter_id, "other_id": other}


def test_double_counting_withholds_that_side(world) -> None:  # type: ignore[no-untyped-def]
    judged = world(
        {"topology_faults": [fault("double", "A-P", "A-U"), fault("double", "A-P", "A-V"), fault("check_counted", "A-K", "A-S", "E_DC")]}
    )
    found = counted_once(judged, "HL01")
    assert said(found) == [("A-K", "withhold", "E_DC"), ("A-P", "withhold", "E_IT")]
    assert numbers(found[1]) == ("BD05", 2.0, 0.0, "faults")
    assert "lies below A-U, A-V" in found[1].message_en
    assert "位于同样计入边界的 A-U, A-V 之下" in found[1].message_zh
    assert counted_once(judged, "HL02") == []


@pytest.mark.parametrize(
    ("parent", "outcome"),
    [
        ({"valid_to": "2026-03-31"}, None), ({"site_id": "HL02"}, None), ({"valid_to": "2026-03-30"}, "2026-03-31"),
        ({"valid_from": "2026-03-02"}, "2026-03-01"), ({"meter_id": "A-T9"}, "2026-03-01"),
    ],
)  # fmt: skip
def test_a_parent_that_does_not_exist_is_named(world, rows, parent: dict[str, Any], outcome: str | None) -> None:  # type: ignore[no-untyped-def]
    meters = [*change(rows["meters"], "A-I", parent_meter_id="A-T1"), {**meter("A-T1", "distribution"), **parent}]
    found = counted_once(world({"meters": meters}), "HL01")
    assert said(found) == ([] if outcome is None else [("A-I", "flag", "E_IT")])
    if outcome:
        assert numbers(found[0]) == ("BD05", 1.0, 0.0, "faults")
        assert f"A-T1 on {outcome}" in found[0].message_en
        assert found[0].rows == ((1, 2),)


def test_a_parent_in_two_rows_without_a_gap_exists(world, rows) -> None:  # type: ignore[no-untyped-def]
    meters = [
        *change(rows["meters"], "A-I", parent_meter_id="A-T1", valid_from="2026-03-05", valid_to="2026-03-20"),
        meter("A-T1", "distribution", valid_from="2026-03-05", valid_to="2026-03-10"),
        meter("A-T1", "distribution", valid_from="2026-03-11", valid_to="2026-03-20"),
    ]
    assert counted_once(world({"meters": meters}), "HL01") == []
    meters[-1] = meter("A-T1", "distribution", valid_from="2026-03-12")
    assert "A-T1 on 2026-03-11" in counted_once(world({"meters": meters}), "HL01")[0].message_en


def test_a_meter_that_counts_twice_and_has_no_parent_is_told_once_a_side(world, rows) -> None:  # type: ignore[no-untyped-def]
    meters = change(rows["meters"], "A-I", parent_meter_id="A-T1")
    judged = world({"meters": meters, "topology_faults": [fault("double", "A-I", "A-U")]})
    assert said(counted_once(judged, "HL01")) == [("A-I", "withhold", "E_IT")]


def test_a_cycle_that_counts_nowhere_is_flagged(world) -> None:  # type: ignore[no-untyped-def]
    found = counted_once(
        world({"topology_faults": [fault("cycle", "A-1", "A-1, A-2", ""), fault("parents", "A-3", "A-4, A-5", "water")]}), "HL01"
    )
    assert said(found) == [("A-1", "flag", ""), ("A-3", "withhold", "water")]


# BD07 ---------------------------------------------------------------------------------------------------------------


def totals(rows: list[dict[str, Any]], **quantities: int | None) -> list[dict[str, Any]]:
    """Energies of HL01 with other totals, by measure ('E_IT', 'E_IT_at_D1' for E_IT@D1)."""
    wanted = {name.replace("_at_", "@"): value for name, value in quantities.items()}
    return [
        {**r, "quantity": wanted[r["measure"]]} if r["site_id"] == "HL01" and not r["meter_id"] and r["measure"] in wanted else r
        for r in rows
    ]


def test_it_above_the_facility_withholds_both(world, rows) -> None:  # type: ignore[no-untyped-def]
    judged = world({"energies": totals(rows["energies"], E_IT=1_300_001)})
    found = it_within_facility(judged, "HL01")
    assert said(found) == [("month", "withhold", "E_DC"), ("month", "withhold", "E_IT")]
    assert numbers(found[0]) == ("BD07", 1300.001, 1300.0, "kWh")
    assert [f.because_of for f in found] == [None, found[0].id]
    assert it_within_facility(judged, "HL02") == []


def test_a_pue_of_one_is_possible(world, rows) -> None:  # type: ignore[no-untyped-def]
    assert it_within_facility(world({"energies": totals(rows["energies"], E_IT=1_300_000, E_IT_at_D1=1_300_000)}), "HL01") == []


def test_common_hours_are_compared_when_totals_are_unknown(world, rows) -> None:  # type: ignore[no-untyped-def]
    found = it_within_facility(world({"energies": totals(rows["energies"], E_IT=None, E_IT_at_D1=1_400_000)}), "HL01")
    assert said(found) == [("month", "withhold", "E_DC"), ("month", "withhold", "E_IT")]
    unknown = totals(rows["energies"], E_IT=None, E_IT_at_D1=None)
    assert isinstance(it_within_facility(world({"energies": unknown}), "HL01"), NotChecked)


@pytest.mark.parametrize(("it", "outcome"), [(43_300, []), (43_301, [("days", "flag", "E_IT")])])
def test_a_day_above_the_combined_error_is_flagged(world, rows, it: int, outcome: list[Any]) -> None:  # type: ignore[no-untyped-def]
    day = {"site_id": "HL01", "day": "2026-03-02", "e_dc_wh": 43_000, "e_it_wh": it, "error_wh": 300.0}
    found = it_within_facility(world({"side_days": [*rows["side_days"], day]}), "HL01")
    assert said(found) == outcome
    if outcome:
        assert numbers(found[0]) == ("BD07", 43.301, 43.3, "kWh")
        assert "most on 2026-03-02" in found[0].message_en


def test_without_days_the_month_is_still_judged(world, rows) -> None:  # type: ignore[no-untyped-def]
    above = {"energies": totals(rows["energies"], E_IT=1_300_001)}
    assert said(it_within_facility(world(above, without=("side_days",)), "HL01"))[0] == ("month", "withhold", "E_DC")
    assert isinstance(it_within_facility(world(without=("side_days",)), "HL01"), NotChecked)


# BD12 ---------------------------------------------------------------------------------------------------------------


def known(rows: list[dict[str, Any]], measure: str, hours: float) -> list[dict[str, Any]]:
    return [
        {**r, "known_s": int(hours * 3600)} if (r["site_id"], r["measure"], r["meter_id"]) == ("HL01", measure, "") else r for r in rows
    ]


@pytest.mark.parametrize(("hours", "fails"), [(706.8, False), (706, True)])  # 95 % of 744 h = 706.8 h
def test_too_few_common_hours_withhold_the_ratio(world, rows, hours: float, fails: bool) -> None:  # type: ignore[no-untyped-def]
    judged = world({"energies": known(rows["energies"], "E_DC@D1", hours)})
    found = known_together(judged, "HL01")
    assert said(found) == ([("D1", "withhold", "E_IT"), ("D1", "withhold", "E_DC")] if fails else [])
    if fails:
        assert numbers(found[0]) == ("BD12", 706 / 744, 0.95, "1")
        assert [f.because_of for f in found] == [None, found[0].id]
    assert known_together(judged, "HL02") == []


def test_common_hours_with_water_withhold_water_only(world, rows) -> None:  # type: ignore[no-untyped-def]
    assert said(known_together(world({"energies": known(rows["energies"], "water@D2", 500)}), "HL01")) == [("D2", "withhold", "water")]


def test_missing_hours_follow_from_the_silent_meter(world, rows) -> None:  # type: ignore[no-untyped-def]
    judged = world(
        {
            "energies": known(rows["energies"], "E_DC@D1", 501),
            "meter_facts": change(rows["meter_facts"], "A-I", metered_s=501 * 3600),
        }
    )
    silence = completeness(judged, "HL01")
    assert isinstance(silence, list)
    assert silence[0].subject == "A-I"
    assert [f.because_of for f in known_together(judged, "HL01")] == [silence[0].id, silence[0].id]


def test_a_site_with_one_side_is_not_checked(world, rows) -> None:  # type: ignore[no-untyped-def]
    only = [r for r in rows["energies"] if "@" not in r["measure"]]
    assert isinstance(known_together(world({"energies": only}), "HL01"), NotChecked)


# ME05 ---------------------------------------------------------------------------------------------------------------


def estimates(rows: list[dict[str, Any]], side: str, meters: dict[str, int]) -> list[dict[str, Any]]:
    """Energies of HL01 in which this much of a side is estimated, by meter."""
    kept = [r for r in rows if (r["site_id"], r["measure"]) != ("HL01", side) or not r["meter_id"]]
    row = {"site_id": "HL01", "measure": side, "sign": 1, "quantity": 1, "known_s": MONTH_S, "expected_s": MONTH_S}
    return [*kept, *({**row, "meter_id": name, "estimated": part} for name, part in meters.items())]


@pytest.mark.parametrize(
    ("side", "estimated", "severity", "limit"),
    # E_IT is 1,000,000 Wh and water 700 L in the month
    [
        ("E_IT", 20_000, None, None),
        ("E_IT", 20_001, "flag", 0.02),
        ("E_IT", 100_000, "flag", 0.02),
        ("E_IT", 100_001, "withhold", 0.10),
        ("water", 70, None, None),
        ("water", 71, "flag", 0.10),
        ("water", 175, "flag", 0.10),
        ("water", 176, "withhold", 0.25),
    ],
)
def test_limits_of_the_estimated_share(world, rows, side: str, estimated: int, severity: str | None, limit: float | None) -> None:  # type: ignore[no-untyped-def]
    judged = world({"energies": estimates(rows["energies"], side, {"A-1": estimated - 5, "(scaled)": 5})})
    found = estimated_share(judged, "HL01")
    assert said(found) == ([] if severity is None else [(side, severity, side)])
    if severity:
        assert numbers(found[0]) == ("ME05", estimated / (1_000_000 if side == "E_IT" else 700), limit, "1")
        assert "largest part is at A-1" in found[0].message_en
    assert estimated_share(judged, "HL02") == []


def test_estimates_of_both_signs_do_not_cancel(world, rows) -> None:  # type: ignore[no-untyped-def]
    found = estimated_share(world({"energies": estimates(rows["energies"], "E_DC", {"A-S": 100_000, "A-X": -100_000})}), "HL01")
    assert said(found) == [("E_DC", "withhold", "E_DC")]
    assert found[0].seen == pytest.approx(200_000 / 1_300_000)


def test_an_estimate_of_nothing_else_is_all_estimate(world, rows) -> None:  # type: ignore[no-untyped-def]
    zero = totals(estimates(rows["energies"], "E_DC", {"A-S": 10, "A-X": -10}), E_DC=0)
    assert estimated_share(world({"energies": zero}), "HL01")[0].seen == 1.0


def test_estimates_follow_from_the_silent_meter(world, rows) -> None:  # type: ignore[no-untyped-def]
    judged = world(
        {
            "energies": estimates(rows["energies"], "E_IT", {"A-I": 300_000}),
            "meter_facts": change(rows["meter_facts"], "A-I", metered_s=501 * 3600),
        }
    )
    silence = completeness(judged, "HL01")
    assert isinstance(silence, list)
    assert estimated_share(judged, "HL01")[0].because_of == silence[0].id


def test_unknown_totals_are_not_checked(world, rows) -> None:  # type: ignore[no-untyped-def]
    assert isinstance(estimated_share(world({"energies": totals(rows["energies"], E_DC=None, E_IT=None, water=None)}), "HL01"), NotChecked)
