"""Months of the window for which nothing was reported (TL08)."""

from __future__ import annotations

import pytest

from assets.index.gaps import unreported
from assets.indicators.measure import IndicatorValue
from resources.calendar import month_range


def values(**statuses: str) -> dict[str, IndicatorValue]:
    months = dict.fromkeys(month_range("2025-04", "2026-03"), "measured") | {m.replace("_", "-")[1:]: s for m, s in statuses.items()}
    there = {month: status for month, status in months.items() if status != "gone"}
    return {month: IndicatorValue("B3", status, 0.5 if status == "measured" else None) for month, status in there.items()}


@pytest.mark.parametrize(
    ("statuses", "gaps"),
    [
        ({}, []),
        ({"m2025_10": "not_reported", "m2026_03": "not_reported"}, ["2025-10", "2026-03"]),
        ({"m2025_10": "withheld", "m2025_11": "not_applicable"}, []),
        ({"m2025_12": "gone"}, ["2025-12"]),
    ],
)
def test_gaps(statuses: dict[str, str], gaps: list[str]) -> None:
    assert unreported(values(**statuses), "2025-04", "2026-03") == gaps


def test_before_the_first_value_there_is_no_gap() -> None:
    late = values(**{f"m2025_{n:02d}": "not_reported" for n in range(4, 10)})
    assert unreported(late, "2025-10", "2026-03") == []
    assert unreported(late, None, "2026-03") == []
