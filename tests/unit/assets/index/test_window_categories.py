"""Categories in the trailing window, and what ME06 does to a trailing value."""

from __future__ import annotations

from typing import Any

import pytest

from assets.index.window import mixed_windows, window_categories, withheld_window
from assets.indicators.measure import IndicatorValue


def value(code: str, category: str | None = None, status: str = "measured") -> IndicatorValue:
    number = 1.3 if status == "measured" else None
    return IndicatorValue(code, status, number, category=category, numerator=13, denominator=10, components={"E_DC": 13})


def finding(subject: str, **values: Any) -> dict[str, Any]:
    return {"id": "ME06-1", "code": "ME06", "site_id": "S1", "severity": "withhold", "subject": subject, **values}


def test_only_months_with_a_value_have_a_category() -> None:
    monthly = {
        "S1": {
            "2026-02": {"D1": value("D1", "PUE1"), "D2": value("D2", status="not_reported"), "F1": value("F1")},
            "2026-01": {"D1": value("D1", "PUE2"), "D2": value("D2", None)},
            "2026-03": {"D1": value("D1", "PUE1", "withheld")},
        }
    }
    assert window_categories(monthly) == [
        {"site_id": "S1", "what": "pue_category", "month": "2026-01", "category": "PUE2"},
        {"site_id": "S1", "what": "pue_category", "month": "2026-02", "category": "PUE1"},
        {"site_id": "S1", "what": "wue_category", "month": "2026-01", "category": None},
    ]


def test_what_a_change_spoils() -> None:
    assert {code for _, code in mixed_windows([finding("pue_category")], ())} == {"B2", "D1", "D2", "F1"}
    assert mixed_windows([finding("wue_category")], ()) == {("S1", "D2"): "the wue category changes within the window"}
    assert mixed_windows([finding("pue_category")], {"ME06-1": None}) == {}  # waived
    assert mixed_windows([finding("pue_category", code="TL08")], ()) == {}


def test_a_mixed_value_is_withheld_and_enters_nothing() -> None:
    held = withheld_window(value("D1", "mixed"), "because")
    assert (held.status, held.value, held.rules_failed, held.reason, held.months) == ("withheld", None, ("ME06",), "because", 0)
    assert (held.numerator, held.denominator, held.components, held.category) == (None, None, {}, None)


@pytest.mark.parametrize("reason", [None, "because"])
def test_what_is_in_order_or_has_no_value_stays(reason: str | None) -> None:
    silent = value("D1", status="not_reported")
    assert withheld_window(silent, reason) is silent
    assert withheld_window(value("D1"), None) == value("D1")
