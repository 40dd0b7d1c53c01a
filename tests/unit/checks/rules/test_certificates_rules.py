"""CT09, CT10, CT13, CT14, CT18 and TL06: what the claims engine did with certificates, as findings."""

from __future__ import annotations

from typing import Any

import pytest

from assets.staging.claim_rules import REASONS
from checks.findings import Finding, NotChecked
from checks.rules.certificates import identified, lawful, no_claim, right_time, within_consumption, within_generation

PROJECT = "P" * 17
RANGE = f"{PROJECT} 2026-02 0-39"
MWH = 1_000_000


def said(findings: list[Finding] | NotChecked) -> list[tuple[str, str, str, str]]:
    assert isinstance(findings, list)
    return [(f.code, f.subject, f.severity, f.quantity) for f in findings]


def numbers(finding: Finding) -> tuple[float | None, float | None, str]:
    return finding.seen, finding.limit, finding.unit


def claim(reason: str | None, mwh: int | None = 40, **more: Any) -> dict[str, Any]:
    row = {
        "site_id": "HL01", "status": "excluded" if reason else "eligible", "reason": reason,
        "quantity_wh": None if mwh is None else mwh * MWH, "project_code": PROJECT, "production_month": "2026-02", "seq_start": 0,
        "seq_end": 39, "evidence": "c.pdf", "entry": 8, "source_row": 5,
    }  # fmt: skip
    return row | more


def conflict(kind: str, **more: Any) -> dict[str, Any]:
    row = {
        "kind": kind, "site_id": "HL01", "project_code": PROJECT, "production_month": "2026-02", "seq_start": 0, "seq_end": 39,
        "mwh": 40.0, "detail_en": "cancelled, but never issued", "detail_zh": "核销的编号没有核发记录", "entry": 6, "source_row": 3,
    }  # fmt: skip
    return row | more


# CT09, CT10 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("limit", "severity", "says"), [(0.0, "withhold", "claims are withheld"), (None, "flag", "the row is left out")])
def test_identity(world, limit: float | None, severity: str, says: str) -> None:  # type: ignore[no-untyped-def]
    judged = world({"claim_conflicts": [conflict("CT09", limit_mwh=limit)]})
    found = identified(judged, "HL01")
    assert said(found) == [("CT09", RANGE, severity, "claims")]
    assert numbers(found[0]) == (40.0, 0.0, "MWh")
    assert found[0].rows == ((6, 3),)
    assert says in found[0].message_en
    assert "绿证" in found[0].message_zh
    assert identified(judged, "HL02") == []


def test_an_unlawful_life_withholds_the_claims(world) -> None:  # type: ignore[no-untyped-def]
    judged = world({"claim_conflicts": [conflict("CT10")]})
    found = lawful(judged, "HL01")
    assert said(found) == [("CT10", RANGE, "withhold", "claims")]
    assert numbers(found[0]) == (40.0, 0.0, "MWh")
    assert "claims are withheld. Cancelled, but never issued." in found[0].message_en
    assert "核销的编号没有核发记录" in found[0].message_zh
    assert lawful(judged, "HL02") == []
    assert identified(judged, "HL01") == []


# CT13, TL06 -----------------------------------------------------------------------------------------------------------

_NONE = ("withdrawn", "frozen", "ccer", "mechanism", "provincial account", "foreign scheme", "storage discharge")
_TIME = ("vintage", "expired", "produced in another month", "consumption period not stated")


@pytest.mark.parametrize("reason", _NONE)
def test_what_is_no_claim_is_flagged_with_its_energy(world, reason: str) -> None:  # type: ignore[no-untyped-def]
    judged = world({"claims": [claim(reason), claim(None, site_id="HL02")]})
    found = no_claim(judged, "HL01")
    assert said(found) == [("CT13", RANGE, "flag", "claims")]
    assert numbers(found[0]) == (40.0, 0.0, "MWh")
    assert found[0].rows == ((8, 5),)
    assert found[0].because_of is None
    assert "40 MWh" in found[0].message_en
    assert "40 MWh" in found[0].message_zh
    assert right_time(judged, "HL01") == []
    assert no_claim(judged, "HL02") == []
    assert reason in REASONS


@pytest.mark.parametrize("reason", _TIME)
def test_certificates_of_another_time_are_flagged(world, reason: str) -> None:  # type: ignore[no-untyped-def]
    judged = world({"claims": [claim(reason)]})
    found = right_time(judged, "HL01")
    assert said(found) == [("TL06", RANGE, "flag", "claims")]
    assert numbers(found[0]) == (40.0, 0.0, "MWh")
    assert no_claim(judged, "HL01") == []
    assert reason in REASONS


def test_what_ended_in_the_registry_follows_from_its_unlawful_cancellation(world) -> None:  # type: ignore[no-untyped-def]
    judged = world({"claims": [claim("expired")], "claim_conflicts": [conflict("CT10")]})
    (root,) = lawful(judged, "HL01")
    (follows,) = no_claim(judged, "HL01")
    assert (follows.code, follows.because_of) == ("CT13", root.id)
    assert right_time(judged, "HL01") == []


@pytest.mark.parametrize("reason", ["evidence missing", "not issued", "claimed twice", "no site"])
def test_other_reasons_belong_to_other_rules(world, reason: str) -> None:  # type: ignore[no-untyped-def]
    judged = world({"claims": [claim(reason)]})
    assert no_claim(judged, "HL01") == []
    assert right_time(judged, "HL01") == []


def test_an_unknown_discharge_has_no_number(world) -> None:  # type: ignore[no-untyped-def]
    row = claim("storage discharge", None, seq_start=None, seq_end=None, meter_id="A-B")
    (found,) = no_claim(world({"claims": [row]}), "HL01")
    assert (found.subject, found.seen) == ("A-B", None)
    assert "An unknown energy of A-B is storage discharge" in found.message_en


# CT14 -----------------------------------------------------------------------------------------------------------------


def test_more_certificates_than_generation(world) -> None:  # type: ignore[no-untyped-def]
    judged = world({"claim_conflicts": [conflict("CT14", mwh=110.0, limit_mwh=100.0, seq_start=100, seq_end=109)]})
    found = within_generation(judged, "HL01")
    assert said(found) == [("CT14", f"{PROJECT} 2026-02", "flag", "claims")]
    assert numbers(found[0]) == (110.0, 100.0, "MWh")
    assert "10 MWh are not counted" in found[0].message_en
    assert "10 MWh 不计入" in found[0].message_zh
    assert within_generation(judged, "HL02") == []


# CT18 -----------------------------------------------------------------------------------------------------------------


def consumption(quantity: int | None) -> list[dict[str, Any]]:
    return [{"site_id": "HL01", "measure": "E_DC", "meter_id": meter, "quantity": quantity} for meter in ("", "A-S")]


@pytest.mark.parametrize(("used", "capped"), [(40 * MWH, False), (40 * MWH - 1, True), (25 * MWH, True)])
def test_claims_above_consumption_are_told_with_their_surplus(world, used: int, capped: bool) -> None:  # type: ignore[no-untyped-def]
    found = within_consumption(world({"claims": [claim(None)], "energies": consumption(used)}), "HL01")
    assert said(found) == ([("CT18", "claims", "flag", "claims")] if capped else [])
    if capped:
        assert numbers(found[0]) == (40.0, used / MWH, "MWh")
        assert "surplus" in found[0].message_en
        assert "盈余" in found[0].message_zh


def test_pending_claims_cover_nothing_yet(world) -> None:  # type: ignore[no-untyped-def]
    tables = {"claims": [claim(None, status="pending"), claim(None, mwh=5)], "energies": consumption(10 * MWH)}
    assert within_consumption(world(tables), "HL01") == []


@pytest.mark.parametrize("tables", [{"claims": [claim(None)], "energies": consumption(None)}, {"claims": [claim("ccer")]}])
def test_an_unknown_side_is_not_checked(world, tables: dict[str, Any]) -> None:  # type: ignore[no-untyped-def]
    assert isinstance(within_consumption(world(tables), "HL01"), NotChecked)


@pytest.mark.parametrize("rule", [identified, lawful, no_claim, right_time, within_generation, within_consumption])
def test_a_site_without_claims_is_not_checked(world, rule: Any) -> None:  # type: ignore[no-untyped-def]
    assert isinstance(rule(world({"claims": []}), "HL01"), NotChecked)
