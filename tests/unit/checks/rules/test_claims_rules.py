"""CT11, CT12, CT15 and CT16: claims, documents, factors."""

from __future__ import annotations

from typing import Any

import pytest

from checks.findings import Finding, NotChecked
from checks.rules.claims import attribute_once, claimed_once, emissions_countable, evidenced

PROJECT = "P" * 17


def said(findings: list[Finding] | NotChecked) -> list[tuple[str, str, str]]:
    assert isinstance(findings, list)
    return [(f.subject, f.severity, f.quantity) for f in findings]


def numbers(finding: Finding) -> tuple[str, float | None, float | None, str]:
    return finding.code, finding.seen, finding.limit, finding.unit


def conflict(kind: str, site: str, other: str | None, **more: Any) -> dict[str, Any]:
    return {
        "kind": kind, "site_id": site, "other_site_id": other, "project_code": PROJECT, "production_month": "2026-02",
        "seq_start": 0, "seq_end": 249,
        "mwh": 250.0, "detail_en": "Cancelled twice.", "detail_zh": "重复核销。", "entry": 6, "source_row": 3, **more,
    }  # fmt: skip


@pytest.mark.parametrize("both_told", [True, False])
def test_a_range_cancelled_for_two_sites_withholds_both(world, both_told: bool) -> None:  # type: ignore[no-untyped-def]
    conflicts = [conflict("CT11", "HL01", "HL02")] + ([conflict("CT11", "HL02", "HL01", source_row=4)] if both_told else [])
    judged = world({"claim_conflicts": conflicts})
    for site, other in (("HL01", "HL02"), ("HL02", "HL01")):
        found = claimed_once(judged, site)
        assert said(found) == [(f"{PROJECT} 2026-02 0-249", "withhold", "claims")]
        assert numbers(found[0]) == ("CT11", 250.0, 0.0, "MWh")
        assert f"(also by {other})" in found[0].message_en
        assert f"(另一方:{other})" in found[0].message_zh
        assert attribute_once(judged, site) == []
    assert claimed_once(judged, "HL01")[0].rows == ((6, 3),)


def test_each_range_is_one_finding(world) -> None:  # type: ignore[no-untyped-def]
    conflicts = [
        conflict("CT11", "HL01", "HL02"),
        conflict("CT11", "HL01", "HL03"),
        conflict("CT11", "HL01", None, seq_start=500, seq_end=599, mwh=100.0),
    ]
    found = claimed_once(world({"claim_conflicts": conflicts}), "HL01")
    assert [(f.subject.rsplit(" ", 1)[1], f.seen) for f in found] == [("0-249", 250.0), ("500-599", 100.0)]
    assert "(also by HL02, HL03)" in found[0].message_en


@pytest.mark.parametrize(("en", "zh"), [("Cancelled twice.", "重复核销。"), ("cancelled twice", "重复核销")])
def test_the_detail_is_a_sentence(world, en: str, zh: str) -> None:  # type: ignore[no-untyped-def]
    (found,) = claimed_once(world({"claim_conflicts": [conflict("CT11", "HL01", "HL02", detail_en=en, detail_zh=zh)]}), "HL01")
    assert "claims are withheld. Cancelled twice. Correct" in found.message_en
    assert "claims 暂缓发布。重复核销。请更正" in found.message_zh


def test_contract_energy_claimed_again_through_certificates(world) -> None:  # type: ignore[no-untyped-def]
    conflicts = [conflict("CT12", "HL01", None), conflict("CT12", "HL01", None, seq_start=None, seq_end=None, contract_id="C-7", mwh=12.5)]
    judged = world({"claim_conflicts": conflicts})
    found = attribute_once(judged, "HL01")
    assert said(found) == [("C-7", "withhold", "claims"), (f"{PROJECT} 2026-02 0-249", "withhold", "claims")]
    assert numbers(found[0]) == ("CT12", 12.5, 0.0, "MWh")
    assert attribute_once(judged, "HL02") == []
    assert claimed_once(judged, "HL01") == []


# CT15 ---------------------------------------------------------------------------------------------------------------


def practice(item: str, evidence: str | None, level: float = 1.0, on: str = "2025-11-01") -> dict[str, Any]:
    return {"site_id": "HL01", "item_code": item, "level": level, "assessed_on": on, "evidence": evidence, "entry": 7, "source_row": 2}


@pytest.mark.parametrize(
    ("rows_in", "subjects"),
    [
        ([practice("A3.power", "a.pdf")], []),
        ([practice("A3.power", None)], ["A3.power"]),
        ([practice("A3.power", "gone.pdf")], ["gone.pdf"]),
        ([practice("A3.power", "gone.pdf"), practice("A4.power", "gone.pdf"), practice("G1.display", None)], ["G1.display", "gone.pdf"]),
        ([practice("A3.power", None, level=0.0)], []),  # scores nothing
        ([practice("A3.power", None, on="2025-03-31")], []),  # older than 12 months
        ([practice("A3.power", None, on="2025-04-01")], ["A3.power"]),
        ([practice("A3.power", None, on="2026-03-31")], ["A3.power"]),
        ([practice("A3.power", None, on="2026-04-01")], []),  # not yet assessed
        ([practice("A3.power", None), practice("A3.power", "a.pdf", on="2026-01-01")], []),  # the newest counts
        ([practice("A3.power", "a.pdf"), practice("A3.power", None, on="2026-01-01")], ["A3.power"]),
    ],
)
def test_practices_without_document(world, rows_in: list[dict[str, Any]], subjects: list[str]) -> None:  # type: ignore[no-untyped-def]
    found = evidenced(world({"practices": rows_in, "claims": []}), "HL01")
    assert said(found) == [(subject, "flag", "practices") for subject in subjects]
    if subjects:
        assert numbers(found[0]) == ("CT15", 0.0, 1.0, "documents")
        assert found[0].rows == ((7, 2),)


def claim(status: str, reason: str | None, evidence: str | None, **more: Any) -> dict[str, Any]:
    return {
        "site_id": "HL01", "status": status, "reason": reason, "quantity_wh": 40_000_000, "project_code": PROJECT,
        "production_month": "2026-02",
        "seq_start": 0, "seq_end": 39, "evidence": evidence, "entry": 8, "source_row": 5, **more,
    }  # fmt: skip


def test_a_cancellation_without_document(world) -> None:  # type: ignore[no-untyped-def]
    found = evidenced(
        world({"claims": [claim("excluded", "evidence missing", None), claim("pending", "held, not cancelled", None)]}), "HL01"
    )
    assert said(found) == [(f"{PROJECT} 2026-02 0-39", "flag", "claims")]
    assert "cancellation of 40 MWh" in found[0].message_en
    two = [claim("excluded", "evidence missing", "n.pdf"), claim("excluded", "evidence missing", "n.pdf", seq_start=40, seq_end=79)]
    found = evidenced(world({"claims": two}), "HL01")
    assert said(found) == [("n.pdf", "flag", "claims")]
    assert f"The cancellation of 80 MWh ({PROJECT} 2026-02 0-39) is not counted" in found[0].message_en  # the first range stands for both


def test_a_contract_without_document_that_claims_depend_on(world) -> None:  # type: ignore[no-untyped-def]
    contracts = [
        {"contract_id": "C-1", "evidence": None, "entry": 3, "source_row": 2},
        {"contract_id": "C-2", "evidence": None, "entry": 3, "source_row": 3},  # nothing of this month depends on it
        {"contract_id": "C-3", "evidence": "a.pdf", "entry": 3, "source_row": 4},
    ]
    claims = [claim("eligible", None, "c.pdf", contract_id="C-1"), claim("eligible", None, "c.pdf", contract_id="C-3")]
    found = evidenced(world({"claims": claims, "ppa_contracts": contracts}), "HL01")
    assert said(found) == [("C-1", "flag", "claims")]
    assert found[0].rows == ((3, 2),)


def test_neither_practices_nor_claims_is_not_checked(world) -> None:  # type: ignore[no-untyped-def]
    assert isinstance(evidenced(world({"practices": [], "claims": []}), "HL01"), NotChecked)
    assert evidenced(world(without=("claims",)), "HL01") == []


# CT16 ---------------------------------------------------------------------------------------------------------------


def test_a_missing_factor_is_named(world) -> None:  # type: ignore[no-untyped-def]
    gap = {
        "site_id": "HL01",
        "subject": "CN-XZ",
        "kind": "average",
        "month": "2026-03",
        "missing_en": "No factor was published.",
        "missing_zh": "尚未公布。",
    }
    judged = world({"factors_missing": [gap, {**gap, "month": "2026-02", "subject": "CN-HE"}]})
    found = emissions_countable(judged, "HL01")
    assert said(found) == [("average CN-XZ", "withhold", "factors")]
    assert numbers(found[0]) == ("CT16", 0.0, 1.0, "factors")
    assert "No factor was published." in found[0].message_en
    assert "尚未公布。" in found[0].message_zh
    assert "geography in 'sites'" in found[0].message_en
    assert emissions_countable(judged, "HL02") == []


@pytest.mark.parametrize(
    ("kind", "do", "do_zh"),
    [
        ("fuel", "name of the activity", "活动名称"),
        ("gwp", "name of the activity", "活动名称"),
        ("unit", "density_kg_per_l", "density_kg_per_l"),
    ],
)
def test_an_activity_that_cant_be_counted_is_named_with_its_row(world, kind: str, do: str, do_zh: str) -> None:  # type: ignore[no-untyped-def]
    gap = {"site_id": "HL01", "subject": "coal", "kind": kind, "month": "2026-03", "missing_en": "what is absent", "missing_zh": "所缺"}
    found = emissions_countable(world({"factors_missing": [{**gap, "entry": 4, "source_row": 9}]}), "HL01")
    assert said(found) == [(f"{kind} coal", "withhold", "factors")]
    assert "What is absent." in found[0].message_en
    assert "所缺。" in found[0].message_zh
    assert do in found[0].message_en
    assert do_zh in found[0].message_zh
    assert found[0].rows == ((4, 9),)


@pytest.mark.parametrize(
    ("subjects", "seen", "said_en", "said_zh"),
    [
        (["fuel", "refrigerant"], 0.0, "about fuel and refrigerant", "燃料、制冷剂"),
        (["refrigerant"], 1.0, "about refrigerant in", "制冷剂"),
    ],
)
def test_scope_1_nobody_spoke_of_is_flagged(world, subjects: list[str], seen: float, said_en: str, said_zh: str) -> None:  # type: ignore[no-untyped-def]
    unsaid = [{"site_id": "HL01", "subject": subject, "burnt": False} for subject in subjects]
    judged = world({"scope1_unreported": unsaid})
    found = emissions_countable(judged, "HL01")
    assert said(found) == [("scope 1", "flag", "fuel")]
    assert numbers(found[0]) == ("CT16", seen, 2.0, "subjects")
    assert said_en in found[0].message_en
    assert "leave it out" in found[0].message_en
    assert said_zh in found[0].message_zh
    assert emissions_countable(judged, "HL02") == []


def test_fuel_burnt_and_not_reported_says_what_to_send(world) -> None:  # type: ignore[no-untyped-def]
    (found,) = emissions_countable(world({"scope1_unreported": [{"site_id": "HL01", "subject": "fuel", "burnt": True}]}), "HL01")
    assert (found.severity, found.quantity) == ("flag", "fuel")
    assert "F1 and F2 are not reported" in found.message_en
    assert "Send the fuel burnt" in found.message_en
    assert "F1、F2 不予给出" in found.message_zh


def test_whole_numbers_beside_nulls_name_the_same_range(world) -> None:  # type: ignore[no-untyped-def]
    judged = world({"claim_conflicts": [conflict("CT11", "HL01", "HL02"), conflict("CT12", "HL02", None, seq_start=None, seq_end=None)]})
    judged.tables["claim_conflicts"]["seq_start"] = judged.tables["claim_conflicts"]["seq_start"].astype("float64")
    judged.tables["claim_conflicts"]["entry"] = judged.tables["claim_conflicts"]["entry"].astype("float64")
    found = claimed_once(judged, "HL01")
    assert said(found) == [(f"{PROJECT} 2026-02 0-249", "withhold", "claims")]
    assert found[0].rows == ((6, 3),)
