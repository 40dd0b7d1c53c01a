"""ME09: bills and meters agree on the bill's own period."""

from __future__ import annotations

from typing import Any

import pytest

from checks.findings import Finding, NotChecked
from checks.rules.billing import bills_agree

MONTH_S = 744 * 3600


def said(findings: list[Finding] | NotChecked) -> list[tuple[str, str, str, str, float | None, float | None]]:
    assert isinstance(findings, list)
    return [(f.code, f.subject, f.severity, f.quantity, f.seen, f.limit) for f in findings]


def bill(billed: int | None = 1_000_000, metered: int = 1_000_000, meter: str = "A-S", **values: Any) -> dict[str, Any]:
    row = {"site_id": "HL01", "meter_id": meter, "medium": "electricity", "period_start": "2026-02-26", "period_end": "2026-03-25"}
    row |= {"quantity": 1000.0, "unit": "kWh", "billed": billed, "metered": metered, "known_s": MONTH_S, "expected_s": MONTH_S}
    return {**row, "entry": 3, "source_row": 5, **values}


@pytest.mark.parametrize(
    ("metered", "outcome"),
    [
        (1_000_000, []), (1_010_000, []), (990_000, []),
        (1_010_001, [("flag", 0.010001, 0.01)]), (989_999, [("flag", 0.010001, 0.01)]), (1_020_000, [("flag", 0.02, 0.01)]),
        (1_020_001, [("withhold", 0.020001, 0.02)]), (900_000, [("withhold", 0.1, 0.02)]),
    ],
)  # fmt: skip
def test_one_percent_flags_and_two_withhold(world, metered: int, outcome: list[Any]) -> None:  # type: ignore[no-untyped-def]
    found = bills_agree(world({"bill_checks": [bill(metered=metered)]}), "HL01")
    assert said(found) == [("ME09", "A-S 2026-02-26", severity, "E_DC", seen, limit) for severity, seen, limit in outcome]
    if outcome:
        assert found[0].rows == ((3, 5),)
        assert ("more" if metered > 1_000_000 else "less") in found[0].message_en
        assert ("E_DC is withheld" in found[0].message_en) == (outcome[0][0] == "withhold")
        assert "2026-02-26 至 2026-03-25" in found[0].message_zh


def test_a_small_meter_only_flags(world, rows) -> None:  # type: ignore[no-untyped-def]
    for share, severity in ((0.0099, "flag"), (0.01, "withhold"), (None, "withhold")):
        shares = [{**row, "share": share, "last_known_share": None} if row["meter_id"] == "A-S" else row for row in rows["shares"]]
        found = bills_agree(world({"bill_checks": [bill(metered=900_000)], "shares": shares}), "HL01")
        assert said(found)[0][2] == severity


def test_a_meter_that_does_not_count_for_e_dc_only_flags(world) -> None:  # type: ignore[no-untyped-def]
    found = bills_agree(world({"bill_checks": [bill(1000, 900, "A-W", medium="water", unit="m3")]}), "HL01")
    assert said(found) == [("ME09", "A-W 2026-02-26", "flag", "", 0.1, 0.01)]
    assert "900 L against 1,000 L" in found[0].message_en


def test_hours_that_are_not_known_are_not_compared(world) -> None:  # type: ignore[no-untyped-def]
    gap = bill(metered=500_000, known_s=MONTH_S - 3600)
    found = bills_agree(world({"bill_checks": [gap]}), "HL01")
    assert isinstance(found, NotChecked)
    assert "not every hour" in found.reason_en
    assert bills_agree(world({"bill_checks": [gap, bill(meter="A-I")]}), "HL01") == []


def test_a_bill_that_means_nothing_is_said(world) -> None:  # type: ignore[no-untyped-def]
    found = bills_agree(world({"bill_checks": [bill(None, unit="m3")]}), "HL01")
    assert said(found) == [("ME09", "A-S 2026-02-26", "flag", "", None, None)]
    assert "the unit is none of electricity" in found[0].message_en
    found = bills_agree(world({"bill_checks": [bill(None, meter="X", medium=None)]}), "HL01")
    assert "the meter is not registered" in found[0].message_en


def test_a_bill_of_nothing(world) -> None:  # type: ignore[no-untyped-def]
    assert bills_agree(world({"bill_checks": [bill(0, 0)]}), "HL01") == []
    assert said(bills_agree(world({"bill_checks": [bill(0, 5)]}), "HL01"))[0][2:5] == ("withhold", "E_DC", 1.0)


def test_no_bill_is_not_checked(world) -> None:  # type: ignore[no-untyped-def]
    found = bills_agree(world({"bill_checks": []}), "HL01")
    assert isinstance(found, NotChecked)
    assert "no bill's period ends in 2026-03" in found.reason_en


def test_a_home_may_tighten(world) -> None:  # type: ignore[no-untyped-def]
    tight = world({"bill_checks": [bill(metered=1_006_000)]}, rules={"ME09": {"withhold_above": 0.005}})
    assert said(bills_agree(tight, "HL01")) == [("ME09", "A-S 2026-02-26", "withhold", "E_DC", 0.006, 0.005)]
