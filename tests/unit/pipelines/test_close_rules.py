"""When a month is due and what must be restated: boundaries worked by hand."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.close_rules import calendar, significance


def result(energy: float | None, emissions: float | None = None, grade: str | None = "2", month: str = "2025-12") -> dict[str, Any]:
    values = (("D1", energy), ("F1", emissions))
    indicators = [{"code": code, "value": None if amount is None else 1.5, "numerator": amount} for code, amount in values]
    return {"month": month, "grade": grade, "indicators": indicators}


@pytest.mark.parametrize(
    ("after", "must"),
    [(100_000, False), (104_999, False), (105_000, True), (95_001, False), (95_000, True), (0, True)],
)
def test_five_percent_of_annual_energy_up_or_down(after: int, must: bool) -> None:
    assert significance(result(100_000), result(after)).must is must


@pytest.mark.parametrize("before", [111_600_000, 1_314_000_007 * 20, 3, 7 * 20])
def test_exactly_five_percent_is_reached_whatever_the_amount(before: int) -> None:
    found = significance(result(before * 20), result(before * 21))
    assert (found.energy, found.must) == (0.05, True)


def test_emissions_and_grade_count_as_well() -> None:
    assert significance(result(100, 1000.0), result(100, 1050.0)).reasons[0][0] == "annual emissions moves by 5.0 % (limit 5 %)"
    assert not significance(result(100, 1000.0), result(100, 1049.0)).must
    better = significance(result(100, grade="2"), result(100, grade="1"))
    assert (better.must, better.reasons) == (True, (("the index grade goes from 2 to 1", "指数等级由 2 变为 1"),))
    assert significance(result(100, grade=None), result(100, grade="5")).must
    assert not significance(result(100, grade=None), result(100, grade=None)).must


def test_an_unknown_amount_is_not_a_small_one() -> None:
    lost, found, never = (significance(result(a), result(b)) for a, b in ((100, None), (None, 100), (None, None)))
    assert lost.reasons == (("annual energy became unknown", "年度能耗由已知变为未知"),)
    assert found.reasons == (("annual energy became known", "年度能耗由未知变为已知"),)
    assert (lost.must, found.must, never.must) == (True, True, False)
    assert (lost.energy, found.energy, never.energy) == (None, None, None)


def test_from_nothing_to_something_has_no_share_and_must_be_restated() -> None:
    found = significance(result(100, 0.0), result(100, 3.0))
    assert (found.emissions, found.must) == (None, True)
    assert not significance(result(100, 0.0), result(100, 0.0)).must


def test_due_days() -> None:
    assert calendar("2025-12", 8) == {
        "provisional": "2026-01-08", "sign_off": "2026-01-12", "final": "2026-01-15", "verification": "2026-06-30",
    }  # fmt: skip
    assert calendar("2026-01", 28) == {
        "provisional": "2026-02-28", "sign_off": "2026-02-28", "final": "2026-02-28", "verification": "2027-06-30",
    }  # fmt: skip
