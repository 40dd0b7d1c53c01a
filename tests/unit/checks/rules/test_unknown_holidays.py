"""ME05 says when like days were chosen without knowing the year's public holidays."""

from __future__ import annotations

from typing import Any

from checks.rules.method import estimated_share


def noted(meter: str, year: int) -> dict[str, Any]:
    return {"site_id": "HL01", "meter_id": meter, "at_s": 0, "code": "ME05", "what": "unknown_holidays", "seen": float(year)}


def test_one_finding_for_each_year_and_site(world: Any) -> None:
    judged = world({"anomalies": [noted("A-S", 2101), noted("A-I", 2101), noted("A-S", 2102)]})
    found = estimated_share(judged, "HL01")
    assert [(f.code, f.severity, f.subject, f.quantity, f.seen) for f in found] == [
        ("ME05", "info", "holidays 2101", "", 2101.0), ("ME05", "info", "holidays 2102", "", 2102.0),
    ]  # fmt: skip
    assert "A-I, A-S" in found[0].message_en
    assert "chinesecalendar" in found[0].message_zh
    assert estimated_share(judged, "HL02") == []


def test_nothing_is_said_where_the_year_is_known_or_no_anomalies_came(world: Any) -> None:
    assert estimated_share(world(), "HL01") == []
    assert estimated_share(world(without=["anomalies"]), "HL01") == []
