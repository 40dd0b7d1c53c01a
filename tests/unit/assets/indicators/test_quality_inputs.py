"""What an indicator reads, by tier: meters from the registry and their facts, claims, activities, waivers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from assets.indicators.carbon import Emissions
from assets.indicators.quality import Limits
from assets.indicators.quality_inputs import MonthEvidence, meter_tiers
from assets.indicators.registry import BY_CODE
from assets.reference.scope1 import EmissionLine

MONTH = "2026-03"
LIMITS = Limits(material=0.95, class_q1=0.5, class_q2=1.0, cadence_q1_s=900, cadence_q2_s=3600, estimated=0.10)


def meter(name: str, **changed: Any) -> dict[str, Any]:
    row = {"meter_id": name, "kind": "register", "accuracy_class": "0.5S", "transformer_class": None, "calibrated_until": "2026-03-31"}
    return {**row, "valid_from": "2024-01-01", "valid_to": None, **changed}


def tiers(*meters: dict[str, Any], step: float | None = 900, **more: Any) -> dict[str, str]:
    facts = [{"meter_id": name, "median_step_s": step} for name in sorted({row["meter_id"] for row in meters})]
    rows = {"parts": [], "bills": [], "findings": [], **more}
    return meter_tiers(meters, facts, rows["parts"], rows["bills"], rows["findings"], MONTH, LIMITS)


@pytest.mark.parametrize(
    ("changed", "tier"),
    [
        ({}, "Q1"),
        ({"accuracy_class": None}, "Q3"),
        ({"accuracy_class": "1"}, "Q2"),
        ({"accuracy_class": "C"}, "Q1"),
        ({"transformer_class": "1"}, "Q2"),
        ({"transformer_class": "0.2S"}, "Q1"),
        ({"calibrated_until": "2026-03-30"}, "Q3"),
        ({"calibrated_until": None}, "Q3"),
        ({"calibrated_until": "2026-03-20", "valid_to": "2026-03-20"}, "Q1"),
        ({"kind": "software"}, "Q5"),
    ],
)
def test_the_registry_speaks_for_a_meter(changed: dict[str, Any], tier: str) -> None:
    assert tiers(meter("M", **changed)) == {"M": tier}


def test_a_meter_without_readings_is_q3() -> None:
    assert tiers(meter("M"), step=None) == {"M": "Q3"}


def test_the_worse_row_of_the_month_counts_and_older_rows_do_not() -> None:
    older = meter("M", accuracy_class="2", valid_from="2020-01-01")
    assert tiers(older, meter("M", valid_from="2024-01-01")) == {"M": "Q1"}
    assert tiers(older, meter("M", valid_from="2026-03-15")) == {"M": "Q3"}
    assert tiers(meter("M", valid_from="2026-04-01")) == {}


def test_bills_and_findings_speak_for_a_meter() -> None:
    bill = {"meter_id": "M", "period_start": "2026-03-10", "period_end": "2026-04-09"}
    assert tiers(meter("M", accuracy_class="1"), bills=[bill]) == {"M": "Q1"}
    assert tiers(meter("M", accuracy_class="1"), bills=[{**bill, "period_start": "2026-04-01"}]) == {"M": "Q2"}
    assert tiers(meter("M"), bills=[bill], findings=[{"code": "ME09", "subject": "M 2026-03-10"}]) == {"M": "Q2"}
    assert tiers(meter("M"), findings=[{"code": "ME08", "subject": "M"}]) == {"M": "Q3"}


def test_a_virtual_meter_is_as_good_as_its_worst_member() -> None:
    parts = [{"role": "virtual", "meter_id": v, "member": m} for v, m in (("V", "A"), ("V", "W"), ("W", "B"))]
    parts.append({"role": "shared", "meter_id": "A", "member": "HL02"})
    found = tiers(meter("A"), meter("B", accuracy_class="1"), meter("V", accuracy_class=None), meter("W"), parts=parts)
    assert found == {"A": "Q1", "B": "Q2", "V": "Q2", "W": "Q2"}


def energy(measure: str, name: str, quantity: int, estimated: int = 0) -> dict[str, Any]:
    return {"site_id": "HL01", "measure": measure, "meter_id": name, "quantity": quantity, "estimated": estimated}


def evidence(**changed: Any) -> MonthEvidence:
    known: dict[str, Any] = {
        "energies": [
            energy("E_DC", "G", 900), energy("E_DC", "(scaled)", 100, 100), energy("E_DC", "", 1000),
            energy("E_DC@D1", "G", 900), energy("E_IT@D1", "I", 500, 20), energy("E_IT", "I", 600),
        ],
        "meters": {"G": "Q1", "I": "Q2", "S": "Q3"}, "claims": [], "evidence": ("proof.pdf",),
    }  # fmt: skip
    return MonthEvidence(MONTH, LIMITS, **{**known, **changed})


def inputs(of: MonthEvidence, code: str, site: Any) -> Any:
    return of.inputs(code, BY_CODE[code].quantities, site)


def test_the_hours_of_a_ratio_are_those_that_count(make: Any) -> None:
    assert inputs(evidence(), "D1", make()) == {"E_DC": {"Q1": 900}, "E_IT": {"Q2": 480, "Q4": 20}}
    assert inputs(evidence(), "A1", make()) == {"E_DC": {"Q1": 900, "Q4": 100}}


def test_what_has_no_tier_is_empty(make: Any) -> None:
    assert [inputs(evidence(), code, make()) for code in ("A2", "B1", "B3", "G1")] == [{}, {}, {}, {}]


def test_a_declared_none_is_a_statement(make: Any) -> None:
    assert inputs(evidence(), "D2", make()) == {"water": {"Q3": 0}, "E_IT": {"Q2": 600}}


def test_claims_by_document_and_meter(make: Any) -> None:
    row = {"site_id": "HL01", "status": "eligible", "source": "certificate", "seq_start": 1, "contract_id": None, "meter_id": None}
    claims = [
        {**row, "quantity_wh": 70, "evidence": "proof.pdf"},
        {**row, "quantity_wh": 5, "evidence": "lost.pdf"},
        {**row, "quantity_wh": 20, "source": "onsite", "meter_id": "S", "evidence": None},
        {**row, "quantity_wh": 99, "status": "pending", "evidence": "proof.pdf"},
        {**row, "quantity_wh": 99, "site_id": "HL02", "evidence": "proof.pdf"},
    ]
    assert inputs(evidence(claims=claims), "E1", make())["claims"] == {"Q1": 70, "Q4": 5, "Q3": 20}
    assert "claims" not in inputs(evidence(), "E1", make())


def test_fuel_counts_by_its_share_of_the_emissions(make: Any) -> None:
    line = EmissionLine("1", "diesel", 10, "kg", 3.1, "kgCO2/kg", "2024", "s", False, 31.0)
    emissions = Emissions(31.0, True, 969.0, 700.0, 800.0, lines=(line, replace(line, scope="2L", subject="grid", emissions_kg=969.0)))
    diesel = {"site_id": "HL01", "month": MONTH, "activity": "diesel", "quantity": 10.0, "evidence": None}
    site = make(emissions=emissions, activities=(diesel,))
    assert inputs(evidence(), "F1", site)["scope1"] == {"Q1": 969.0, "Q3": 31.0}
    documented = make(emissions=emissions, activities=({**diesel, "evidence": "proof.pdf"},))
    assert inputs(evidence(), "F1", documented)["scope1"] == {"Q1": 969.0, "Q2": 31.0}
    silent = make(emissions=replace(emissions, scope1_kg=None, lines=(), unreported=("fuel", "refrigerant")))
    assert inputs(evidence(), "F1", silent)["scope1"] == {"Q4": 969.0}


def test_activities_of_resource_recovery(make: Any) -> None:
    row = {"site_id": "HL01", "month": MONTH, "activity": "heat_reused", "quantity": 5.0, "evidence": "proof.pdf"}
    assert inputs(evidence(), "K1", make(activities=(row,)))["heat_reused"] == {"Q2": 5.0}


def test_a_waived_quantity_is_q4_at_best_also_where_no_tier_is_defined(make: Any) -> None:
    waived = evidence(waived={"HL01": ("E_IT", "inventory")})
    assert inputs(waived, "D1", make()) == {"E_DC": {"Q1": 900}, "E_IT": {"Q4": 500}}
    assert inputs(waived, "B1", make()) == {"inventory": {"Q4": 0}}
    assert inputs(waived, "A1", make()) == {"E_DC": {"Q1": 900, "Q4": 100}, "inventory": {"Q4": 0}}
    assert inputs(evidence(waived={"HL02": ("E_IT",)}), "D1", make()) == inputs(evidence(), "D1", make())
