"""Approved against actual: compared only where both are known, in both directions."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from assets.index.approved import APPROVED, compared_energy, compared_ratio
from assets.indicators.measure import IndicatorValue


def pue(value: float | None, status: str = "measured", reason: str | None = None) -> IndicatorValue:
    return IndicatorValue("D1", status, value=value, reason=reason, months=12)


@pytest.mark.parametrize(
    ("actual", "approved", "difference", "status"),
    [(1.31, 1.30, 0.01, "above"), (1.30, 1.30, 0.0, "within"), (1.25, 1.30, -0.05, "within")],
)
def test_a_ratio(actual: float, approved: float, difference: float, status: str) -> None:
    row = compared_ratio("PUE", "ttm", approved, pue(actual))
    assert (row["actual"], row["approved"], row["difference"], row["status"], row["months"]) == (actual, approved, difference, status, 12)


def test_no_approved_value_is_said_and_none_is_invented() -> None:
    row = compared_ratio("WUE", "month", None, pue(1.1))
    assert (row["actual"], row["approved"], row["difference"], row["status"]) == (1.1, None, None, "no_approved_value")
    assert row["reason_en"] == "no approved value is stated in 'sites'"
    energy = compared_energy("ttm", None, totals(12))
    assert (energy["actual"], energy["difference"], energy["status"]) == (1200.0, None, "no_approved_value")


@pytest.mark.parametrize("value", [None, pue(None, "withheld", "withheld at the gate: E_DC"), pue(None, "not_reported")])
def test_an_unknown_value_is_not_compared(value: IndicatorValue | None) -> None:
    row = compared_ratio("PUE", "ttm", 1.3, value)
    assert (row["actual"], row["difference"], row["status"]) == (None, None, "not_compared")
    assert row["reason_en"]
    assert row["reason_zh"]


def totals(count: int, **last: Any) -> list[dict[str, Any]]:
    rows = [{"tce": 100.0, "status": "counted", "reason_en": None, "reason_zh": None} for _ in range(count)]
    return [*rows[:-1], rows[-1] | last]


def test_a_year_of_energy() -> None:
    row = compared_energy("ttm", 1190.0, totals(12))
    assert (row["actual"], row["difference"], row["status"], row["months"]) == (1200.0, 10.0, "above", 12)
    assert compared_energy("ttm", 1200.0, totals(12))["status"] == "within"


@pytest.mark.parametrize(
    ("rows", "actual", "said"),
    [
        (totals(11), 1100.0, "11 of 12 months are known"),
        (totals(12, tce=None, status="withheld", reason_en="x", reason_zh="x"), 1100.0, "11 of 12 months are known"),
        (totals(12, status="incomplete", reason_en="left out: fuel", reason_zh="未计入"), 1200.0, "at least"),
        ([], None, "0 of 12"),
    ],
)
def test_less_than_a_whole_year_is_never_held_against_the_year(rows: list[dict[str, Any]], actual: float | None, said: str) -> None:
    row = compared_energy("ttm", 2400.0, rows)
    assert (row["actual"], row["difference"], row["status"]) == (actual, None, "not_compared")
    assert said in row["reason_en"]


def test_a_month_is_shown_and_not_compared() -> None:
    row = compared_energy("month", 2400.0, totals(1))
    assert (row["actual"], row["status"], row["reason_en"]) == (100.0, "not_compared", "the approved value is of a year")
    assert (
        "left out"
        in compared_energy("month", 2400.0, totals(1, status="incomplete", reason_en="left out: fuel", reason_zh="x"))["reason_en"]
    )
    held = compared_energy("month", 2400.0, totals(1, tce=None, status="withheld", reason_en="E_DC is withheld", reason_zh="暂缓"))
    assert (held["actual"], held["reason_en"]) == (None, "E_DC is withheld")


def test_columns() -> None:
    rows = [compared_ratio("PUE", "ttm", 1.3, pue(1.2)), compared_energy("ttm", None, [])]
    pl.DataFrame([row | {"site_id": "S1", "month": "2026-03"} for row in rows], schema=APPROVED)
    assert all(list(row) == list(APPROVED) for row in rows)
