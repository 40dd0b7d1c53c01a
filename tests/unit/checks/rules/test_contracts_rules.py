"""BD13 and BD11: contracts are shared out once, and attributes of own generation stay."""

from __future__ import annotations

from typing import Any

import pytest

from checks.findings import Finding, NotChecked
from checks.rules.claims import attribute_once
from checks.rules.contracts import attributes_kept, contracts_sound


def said(findings: list[Finding] | NotChecked) -> list[tuple[str, str, str, str, float | None, float | None]]:
    assert isinstance(findings, list)
    return [(f.code, f.subject, f.severity, f.quantity, f.seen, f.limit) for f in findings]


def share(site: str, ratio: float, contract: str = "K1", **values: Any) -> dict[str, Any]:
    return {"contract_id": contract, "site_id": site, "share_ratio": ratio, "valid_from": "2025-01-01", **values}


def claim(contract: str, site: str = "HL01", **values: Any) -> dict[str, Any]:
    row = {"site_id": site, "status": "eligible", "contract_id": contract, "project_code": "P" * 17, "production_month": "2026-03"}
    return {**row, "quantity_wh": 1_000_000, "entry": 5, "source_row": 7, **values}


def over(site: str = "HL01") -> dict[str, Any]:
    """What staging says of a contract whose shares sum to more than 1."""
    return {"kind": "BD13", "site_id": site, "contract_id": "K1", "detail_en": "x", "detail_zh": "x", "entry": 2, "source_row": 3}


def test_shares_above_one_withhold_the_claims(world) -> None:  # type: ignore[no-untyped-def]
    shares = [share("HL01", 0.6), share("HL02", 0.5)]
    found = contracts_sound(world({"ppa_site_shares": shares, "claim_conflicts": [over(), over("HL02")]}), "HL01")
    assert said(found) == [("BD13", "K1", "withhold", "claims", 1.1, 1.0)]
    assert (found[0].rows, found[0].unit) == (((2, 3),), "1")
    assert "its shares sum to 1.1, above 1" in found[0].message_en
    assert "其分摊比例之和为 1.1" in found[0].message_zh


def test_a_newer_share_ends_the_one_before(world) -> None:  # type: ignore[no-untyped-def]
    shares = [share("HL01", 0.9), share("HL01", 0.6, valid_from="2026-02-01"), share("HL02", 0.5, valid_from="2026-03-10")]
    found = contracts_sound(world({"ppa_site_shares": shares, "claim_conflicts": [over()]}), "HL01")
    assert found[0].seen == 1.1
    ended = [share("HL01", 0.6, valid_to="2026-03-09"), share("HL02", 0.5, valid_from="2026-03-10")]
    assert contracts_sound(world({"ppa_site_shares": ended}), "HL01") == []


def test_a_share_for_nobody(world) -> None:  # type: ignore[no-untyped-def]
    shares = [share("HL01", 0.5), share("HL7", 0.1)]
    found = contracts_sound(world({"ppa_site_shares": shares}), "HL01")
    assert said(found) == [("BD13", "K1", "withhold", "claims", 1.0, 0.0)]
    assert "it has a share for HL7, no known site" in found[0].message_en
    assert found[0].unit == "faults"
    for gone in (share("HL7", 0.0), share("HL7", 0.1, valid_to="2026-02-28"), share("HL7", 0.1, valid_from="2026-04-01")):
        assert contracts_sound(world({"ppa_site_shares": [share("HL01", 0.5), gone]}), "HL01") == [], gone


def test_a_claim_under_a_contract_that_nobody_landed(world) -> None:  # type: ignore[no-untyped-def]
    found = contracts_sound(world({"claims": [claim("K9")]}), "HL01")
    assert said(found) == [("BD13", "K9", "withhold", "claims", 1.0, 0.0)]
    assert "'ppa_contracts' does not have it" in found[0].message_en
    assert found[0].rows == ((5, 7),)
    assert contracts_sound(world({"claims": [claim("K9", status="excluded")]}), "HL01") == []
    pending = contracts_sound(world({"claims": [claim("K9", status="pending")]}), "HL01")
    assert len(said(pending)) == 1


@pytest.mark.parametrize(
    ("start", "end", "produced", "fine"),
    [
        ("2025-01-01", "2026-03-01", "2026-03", True),
        ("2026-03-31", "2026-12-31", "2026-03", True),
        ("2025-01-01", "2026-02-28", "2026-03", False),
        ("2026-04-01", "2026-12-31", "2026-03", False),
        ("2025-01-01", "2026-02-28", "2026-02", True),  # it delivered while it was in force
        ("2025-01-01", "2026-02-28", None, False),
    ],
)
def test_a_claim_needs_a_contract_in_force(world, rows, start: str, end: str, produced: str | None, fine: bool) -> None:  # type: ignore[no-untyped-def]
    contracts = [{**rows["ppa_contracts"][0], "start_on": start, "end_on": end}]
    found = contracts_sound(world({"ppa_contracts": contracts, "claims": [claim("K1", production_month=produced)]}), "HL01")
    assert (found == []) == fine
    if not fine:
        assert f"it is in force {start} … {end} only" in found[0].message_en
    # a share without a claim needs nothing yet
    assert contracts_sound(world({"ppa_contracts": contracts}), "HL02") == []


def test_a_claim_needs_a_share_where_shares_are_stated(world) -> None:  # type: ignore[no-untyped-def]
    expired = [share("HL01", 0.5, valid_to="2026-02-28"), share("HL02", 0.5)]
    found = contracts_sound(world({"claims": [claim("K1")], "ppa_site_shares": expired}), "HL01")
    assert said(found) == [("BD13", "K1", "withhold", "claims", 1.0, 0.0)]
    assert "the site has no share of it that is in force" in found[0].message_en
    assert contracts_sound(world({"claims": [claim("K1")], "ppa_site_shares": []}), "HL01") == []


def test_neither_share_nor_claim_is_not_checked(world) -> None:  # type: ignore[no-untyped-def]
    found = contracts_sound(world({"ppa_site_shares": [share("HL02", 1.0)]}), "HL01")
    assert isinstance(found, NotChecked)
    assert "neither a share in a contract nor a claim" in found.reason_en


# BD11 ---------------------------------------------------------------------------------------------------------------

SOLD = {"kind": "CT12", "site_id": "HL01", "contract_id": "K2", "project_code": "P" * 17, "mwh": 12.5, "entry": 2, "source_row": 4}


def test_a_contract_that_conveys_no_attribute_withholds_the_claims(world) -> None:  # type: ignore[no-untyped-def]
    generating = {"declarations": [], "claims": [claim("", source="onsite", contract_id=None)]}
    judged = world({**generating, "claim_conflicts": [SOLD, {**SOLD, "mwh": 3.0}]})
    found = attributes_kept(judged, "HL01")
    assert said(found) == [("BD11", "K2", "withhold", "claims", 12.5, 0.0)]
    assert found[0].unit == "MWh"
    assert found[0].rows == ((2, 4), (2, 4))
    assert [f.because_of for f in attribute_once(judged, "HL01")] == [found[0].id]
    assert attributes_kept(world(generating), "HL01") == []


def test_other_conflicts_are_not_the_contracts(world) -> None:  # type: ignore[no-untyped-def]
    for change in ({"seq_start": 1, "seq_end": 9}, {"contract_id": None}, {"kind": "CT11"}, {"site_id": "HL02"}):
        other = {**SOLD, **change}
        judged = world({"declarations": [], "claims": [claim("K1", source="onsite")], "claim_conflicts": [other]})
        assert attributes_kept(judged, "HL01") == [], other


def test_without_own_generation_there_is_no_attribute_to_keep(world) -> None:  # type: ignore[no-untyped-def]
    assert attributes_kept(world(), "HL01") == []  # declared none
    assert isinstance(attributes_kept(world({"declarations": []}), "HL01"), NotChecked)
