"""What each rule's finding puts in doubt: intervals worked by hand from a site with round numbers."""

from __future__ import annotations

from typing import Any

import pytest

from assets.index.doubt_rules import doubt_of
from assets.index.doubts import Doubt, NotQuantified, SiteTables
from checks.rules.catalogue import RULES

HOUR, MONTH_S = 3600, 744 * 3600
RANGE = "1234567890ABCDEFG 2026-01 1-10"


def energy(measure: str, meter: str, quantity: int | None, **changed: Any) -> dict[str, Any]:
    row = {
        "site_id": "S1",
        "measure": measure,
        "meter_id": meter,
        "sign": 1,
        "quantity": quantity,
        "known_s": MONTH_S,
        "expected_s": MONTH_S,
    }
    return {**row, "estimated": 0, "month": "2026-01", **changed}


def facts(meter: str, metered_h: int, largest: int | None = 100_000) -> dict[str, Any]:
    return {"meter_id": meter, "expected_s": MONTH_S, "metered_s": metered_h * HOUR, "max_hour_quantity": largest}


def meter(name: str, capacity: float | None = None, parent: str | None = None) -> dict[str, Any]:
    return {"meter_id": name, "capacity": capacity, "medium": "electricity", "unit": "kWh", "parent_meter_id": parent}


def claim(status: str, wh: int, **changed: Any) -> dict[str, Any]:
    row = {"contract_id": None, "meter_id": None, "project_code": RANGE[:17], "production_month": "2026-01", "seq_start": 1, "seq_end": 10}
    return {**row, "evidence": None, "quantity_wh": wh, "status": status, "weight": 0.7, **changed}


# G is a supply, E an export, I the IT meter: 44 of its 744 hours are not metered, 4 MWh were estimated for them
SITE = SiteTables(
    "S1", "2026-01",
    energies=[
        energy("E_DC", "G", 120_000_000), energy("E_DC", "E", -20_000_000, sign=-1), energy("E_DC", "", 100_000_000),
        energy("E_IT", "I", 70_000_000, estimated=4_000_000), energy("E_IT", "", 70_000_000),
        energy("point:ups_output", "", 80_000_000),
    ],
    meter_facts=[facts("G", 744), facts("E", 734, 50_000), facts("I", 700)],
    meters=[meter("G"), meter("E"), meter("I", parent="G")],
    balance=[{"node_id": "G", "inflow": 100_000_000, "outflow": 106_000_000, "residual": -6_000_000}],
    claims=[claim("eligible", 10_000_000), claim("excluded", 5_000_000, seq_start=11, seq_end=15, evidence="proof.pdf", contract_id="C1")],
    practices=[
        {"item_code": "A3.fire", "assessed_on": "2025-12-01", "level": 1.0, "evidence": "fire.pdf"},
        {"item_code": "A3.network", "assessed_on": "2024-06-01", "level": 0.5, "evidence": "net.pdf"},
    ],
    evidence=("net.pdf",),
)  # fmt: skip


def found(
    code: str, quantity: str, subject: str, seen: float | None = None, limit: float | None = None, unit: str = "1", severity: str = "flag"
) -> Any:
    row = {"code": code, "quantity": quantity, "subject": subject, "seen": seen, "limit": limit, "unit": unit, "severity": severity}
    doubt = doubt_of(row, SITE)
    return (doubt.low, doubt.high) if isinstance(doubt, Doubt) else doubt


def test_unmetered_time_is_worth_nothing_to_the_largest_known_hour() -> None:
    # 44 h × 100 kWh = 4.4 MWh at most, nothing at least; 4 MWh of it are in the total already
    assert found("TL01", "E_IT", "I") == (-4_000_000, 400_000)
    assert found("TL01", "E_IT", "E_IT") == (-4_000_000, 400_000)
    assert found("CT08", "E_IT", "I") == found("BD12", "E_IT", "D1") == found("CT01", "E_IT", "meter_readings") == (-4_000_000, 400_000)


def test_a_meter_that_takes_away_has_its_ends_changed() -> None:
    # 10 h of export × 50 kWh: E_DC is less by at most 0.5 MWh
    assert found("TL01", "E_DC", "E") == (-500_000, 0)


def test_a_stated_capacity_bounds_better_than_an_hour() -> None:
    site = SiteTables("S1", "2026-01", SITE.energies, SITE.meter_facts, [meter("I", capacity=200)])
    row = {"code": "TL01", "quantity": "E_IT", "subject": "I", "seen": 0.9, "limit": 0.95, "unit": "1", "severity": "flag"}
    doubt = doubt_of(row, site)
    assert isinstance(doubt, Doubt)
    assert (doubt.low, doubt.high) == (-4_000_000, 44 * 240_000 - 4_000_000)  # 1.2 × capacity


def test_time_filled_in_proportion_may_have_been_nothing() -> None:
    energies = [
        energy("E_IT", "I", 70_000_000, known_s=700 * HOUR), energy("E_IT", "(scaled)", 4_400_000, known_s=0, expected_s=44 * HOUR),
        energy("E_IT", "", 74_400_000),
    ]  # fmt: skip
    row = {"code": "TL01", "quantity": "E_IT", "subject": "I", "seen": 0.94, "limit": 0.95, "unit": "1", "severity": "flag"}
    doubt = doubt_of(row, SiteTables("S1", "2026-01", energies, SITE.meter_facts, SITE.meters))
    assert isinstance(doubt, Doubt)
    assert (doubt.low, doubt.high) == (-4_400_000, 0)


def test_without_capacity_and_known_hour_there_is_no_bound() -> None:
    site = SiteTables("S1", "2026-01", [energy("E_IT", "I", None)], [facts("I", 0, None)], [meter("I")])
    row = {"code": "TL01", "quantity": "E_IT", "subject": "I", "seen": 0, "limit": 0.95, "unit": "1", "severity": "withhold"}
    doubt = doubt_of(row, site)
    assert isinstance(doubt, NotQuantified)
    assert "capacity" in doubt.reason_en
    assert "capacity" in doubt.reason_zh


@pytest.mark.parametrize(
    ("finding", "ends"),
    [
        (("ME05", "E_IT", "E_IT", 0.06), (-4_000_000, 4_000_000)),
        (("BD05", "E_DC", "G"), (-120_000_000, 0)),
        (("BD05", "E_DC", "E"), (0, 20_000_000)),
        (("ME01", "E_DC", "G", 2.0, 1.0, "%"), (-2_400_000, 2_400_000)),
        (("ME04", "E_DC", "G", 40.0, 80.0), (-60_000_000, 120_000_000)),
        (("BD06", "E_DC", "site", 0.06), (0, 6_000_000)),
        (("BD06", "E_IT", "site", 0.06), (-6_000_000, 0)),
        (("BD06", "E_DC", "G", 0.06), (0, 6_000_000)),
        (("BD06", "E_DC", "residual", 0.12), (-12_000_000, 0)),
        (("BD06", "E_IT", "ups_output", 0.10), (0, 8_000_000)),
        (("BD07", "E_DC", "month", 110.0, 100.0, "kWh"), (0, 10_000)),
        (("BD07", "E_IT", "month", 110.0, 100.0, "kWh"), (-10_000, 0)),
        (("BD11", "E_DC", "gross", 110.0, 100.0, "kWh"), (0, 10_000)),
        (("CT06", "E_IT", "I", 24.0, 24.0, "h"), (-2_400_000, 2_400_000)),
        (("CT07", "E_IT", "I", 3.0, 3.0, "h"), (0, 300_000)),
        (("CT07", "E_DC", "E", 2.0, 3.0, "h"), (-100_000, 0)),
        (("TL02", "E_IT", "I", 5.0, 1.0, "h"), (-500_000, 500_000)),
    ],
)
def test_sides(finding: tuple[Any, ...], ends: tuple[float, float]) -> None:
    assert found(*finding) == pytest.approx(ends)


def test_a_bill_apart_may_be_right() -> None:
    # 20 % of the bill apart: 120 MWh metered stand for a bill of 100 (more) or 150 (less)
    assert found("ME09", "E_DC", "G 2026-01-01", 0.2, 0.01) == pytest.approx((-20_000_000, 30_000_000))


@pytest.mark.parametrize(
    ("finding", "ends"),
    [
        (("CT11", "claims", RANGE, 10.0, 0.0, "MWh"), (-10_000_000, 0)),
        (("CT12", "claims", "another 2026-01 1-4", 4.0, 0.0, "MWh"), (-4_000_000, 0)),
        (("CT12", "claims", "another 2026-01 1-99", 99.0, 0.0, "MWh"), (-10_000_000, 0)),  # no more than what counts
        (("BD13", "claims", "C1", 2.0, 0.0, "faults"), (0, 5_000_000)),
        (("CT15", "claims", "proof.pdf", 0.0, 1.0, "documents"), (0, 5_000_000)),
        (("CT13", "claims", "M-9", 3.0, 0.0, "MWh"), (0, 3_000_000)),
        (("TL06", "claims", "x", 2.5, 0.0, "MWh"), (0, 2_500_000)),
        (("CT14", "claims", "P 2026-01", 12.0, 10.0, "MWh"), (0, 2_000_000)),
        (("CT18", "claims", "claims", 12.0, 10.0, "MWh"), (0, 0)),
        (("CT15", "practices", "fire.pdf"), (0, 1)),
        (("TL10", "practices", "assessed 2024-06-01", 19.0, 12.0, "months"), (0, 1)),
    ],
)
def test_claims_and_practices(finding: tuple[Any, ...], ends: tuple[float, float]) -> None:
    assert found(*finding) == pytest.approx(ends)


def test_identity_withheld_or_left_out() -> None:
    assert found("CT09", "claims", RANGE, 10.0, 0.0, "MWh", "withhold") == (-10_000_000, 0)
    assert found("CT09", "claims", "numbers", 3.0, 0.0, "MWh") == (0, 3_000_000)


@pytest.mark.parametrize("code", sorted({rule.code for rule in RULES} | {"XX99"}))
def test_every_rule_answers_something_in_both_languages(code: str) -> None:
    doubt = doubt_of({"code": code, "quantity": "", "subject": "?", "seen": None, "limit": None, "unit": "", "severity": "flag"}, SITE)
    if isinstance(doubt, NotQuantified):
        assert doubt.reason_en
        assert doubt.reason_zh
    else:
        assert code in ("CT18",)
