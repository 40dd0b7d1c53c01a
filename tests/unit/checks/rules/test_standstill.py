"""CT06 and CT07: meters that repeat themselves, and zero where there never was one."""

from __future__ import annotations

from typing import Any

import pytest

from checks.findings import Finding, NotChecked
from checks.rules.standstill import not_dead, not_stuck

HOUR = 3600
FROM_S = 1_772_294_400  # 2026-03-01T00:00:00+08:00


def said(findings: list[Finding] | NotChecked) -> list[tuple[str, str, str, str]]:
    assert isinstance(findings, list)
    return [(f.code, f.subject, f.severity, f.quantity) for f in findings]


def numbers(finding: Finding) -> tuple[float | None, float | None, str]:
    return finding.seen, finding.limit, finding.unit


# CT06 ---------------------------------------------------------------------------------------------------------------


def stuck(meter: str, hours: int = 30, steps: float = 250.0, medium: str = "electricity", site: str = "HL01") -> dict[str, Any]:
    return {
        "site_id": site, "meter_id": meter, "medium": medium, "from_s": FROM_S + 10 * HOUR, "hours": hours, "interval": 2500.0,
        "steps": steps, "unit": "Wh" if medium == "electricity" else "L", "entry": 4, "source_row": 42,
    }  # fmt: skip


def test_one_interval_over_and_over_is_flagged(world) -> None:  # type: ignore[no-untyped-def]
    judged = world({"stuck": [stuck("A-I")]})
    found = not_stuck(judged, "HL01")
    assert said(found) == [("CT06", "A-I", "flag", "E_IT")]
    assert numbers(found[0]) == (30.0, 24.0, "h")
    assert found[0].rows == ((4, 42),)
    assert "(2,500 Wh, 250 resolution steps) for 30 hours on end, from 2026-03-01T10:00" in found[0].message_en
    assert "连续 30 小时区间值完全相同" in found[0].message_zh
    assert not_stuck(judged, "HL02") == []


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        (stuck("A-I", hours=24, steps=100.0), [("CT06", "A-I", "flag", "E_IT")]),
        (stuck("A-I", hours=23), []),
        (stuck("A-I", steps=99.9), []),  # coarse steps repeat themselves by rounding
        (stuck("A-W", hours=7 * 24, medium="water"), [("CT06", "A-W", "flag", "water")]),
        (stuck("A-W", hours=6 * 24, medium="water"), []),
        (stuck("A-X"), [("CT06", "A-X", "flag", "")]),  # counted on no side
    ],
)
def test_the_limits_of_standing_still(world, row: dict[str, Any], outcome: list[tuple[str, str, str, str]]) -> None:  # type: ignore[no-untyped-def]
    assert said(not_stuck(world({"stuck": [row]}), "HL01")) == outcome


def test_a_short_stretch_hides_no_longer_one(world) -> None:  # type: ignore[no-untyped-def]
    assert [one[1] for one in said(not_stuck(world({"stuck": [stuck("A-I", hours=23), stuck("A-S")]}), "HL01"))] == ["A-S"]


def test_water_is_told_in_days(world) -> None:  # type: ignore[no-untyped-def]
    (found,) = not_stuck(world({"stuck": [stuck("A-W", hours=8 * 24, medium="water")]}), "HL01")
    assert numbers(found) == (8.0, 7.0, "d")
    assert "one and the same daily quantity" in found.message_en
    assert "连续 8 天日用量完全相同" in found.message_zh


def test_a_tightened_limit_finds_more(world) -> None:  # type: ignore[no-untyped-def]
    rules = {"CT06": {"steps": 50, "hours": 12}}
    assert said(not_stuck(world({"stuck": [stuck("A-I", hours=12, steps=60.0)]}, rules=rules), "HL01")) == [("CT06", "A-I", "flag", "E_IT")]


# CT07 ---------------------------------------------------------------------------------------------------------------


def zero(meter: str, **more: Any) -> dict[str, Any]:
    row = {
        "site_id": "HL01", "meter_id": meter, "from_s": FROM_S + 300 * HOUR, "hours": 5, "hours_above": 300, "outage": False,
        "moved": False,
    }  # fmt: skip
    return row | more


def test_zero_that_never_was_is_flagged(world) -> None:  # type: ignore[no-untyped-def]
    judged = world({"zeros": [zero("A-S")]})
    found = not_dead(judged, "HL01")
    assert said(found) == [("CT07", "A-S", "flag", "E_DC")]
    assert numbers(found[0]) == (5.0, 3.0, "h")
    assert "at zero for 5 hours from 2026-03-13T12:00" in found[0].message_en
    assert "2026-03-13T17:00:00+08:00" in found[0].message_en
    assert "2026-03-13T17:00:00+08:00" in found[0].message_zh
    assert "300 known hours before" in found[0].message_en
    assert "counts on E_DC" in found[0].message_en
    assert "连续 5 小时为零" in found[0].message_zh
    assert not_dead(judged, "HL02") == []


@pytest.mark.parametrize(
    ("more", "flagged"),
    [
        ({"hours": 3}, True),
        ({"hours": 2}, False),
        ({"hours_above": 168}, True),
        ({"hours_above": 167}, False),  # less than a week known: 'never' can't be said
        ({"outage": True}, False),
        ({"moved": True}, False),  # a bus-tie switch-over
    ],
)
def test_the_limits_of_zero(world, more: dict[str, Any], flagged: bool) -> None:  # type: ignore[no-untyped-def]
    found = not_dead(world({"zeros": [zero("A-S", **more)]}), "HL01")
    assert said(found) == ([("CT07", "A-S", "flag", "E_DC")] if flagged else [])


def test_the_first_stretch_is_told(world) -> None:  # type: ignore[no-untyped-def]
    later, last = FROM_S + 500 * HOUR, FROM_S + 600 * HOUR
    rows = [zero("A-S", outage=True), zero("A-S", from_s=later, hours=9), zero("A-S", from_s=last, hours=4)]
    found = not_dead(world({"zeros": rows}), "HL01")
    assert said(found) == [("CT07", "A-S", "flag", "E_DC")]
    assert found[0].seen == 9.0


def test_a_meter_in_order_hides_no_other(world) -> None:  # type: ignore[no-untyped-def]
    found = not_dead(world({"zeros": [zero("A-I", outage=True), zero("A-S")]}), "HL01")
    assert said(found) == [("CT07", "A-S", "flag", "E_DC")]


@pytest.mark.parametrize("rule", [not_stuck, not_dead])
def test_no_reading_is_not_checked(world, rows, rule: Any) -> None:  # type: ignore[no-untyped-def]
    silent = [{**row, "n_landed": 0} for row in rows["meter_facts"]]
    assert isinstance(rule(world({"meter_facts": silent}), "HL01"), NotChecked)
