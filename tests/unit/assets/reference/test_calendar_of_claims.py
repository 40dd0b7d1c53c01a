"""Until when claims of a month may come: two months for monthly products, 31 March of the next year for annual ones."""

from __future__ import annotations

from datetime import date

import pytest

from assets.reference.calendar_of_claims import ANNUAL, MONTHLY, ClaimCalendar
from assets.reference.factors import load_factors
from resources.errors import GciError

CALENDAR = ClaimCalendar.from_reference(load_factors().data)


@pytest.mark.parametrize(
    ("kind", "month", "expected"),
    [
        (MONTHLY, "2025-03", "2025-05-31"),
        (MONTHLY, "2025-12", "2026-02-28"),
        (MONTHLY, "2023-12", "2024-02-29"),
        (ANNUAL, "2025-01", "2026-03-31"),
        (ANNUAL, "2025-12", "2026-03-31"),
    ],
)
def test_last_day(kind: str, month: str, expected: str) -> None:
    day = date.fromisoformat(expected)
    assert CALENDAR.last_day(kind, month) == day
    assert CALENDAR.may_come(kind, month, day)
    assert not CALENDAR.may_come(kind, month, date.fromordinal(day.toordinal() + 1))


def test_state_of_a_month() -> None:
    days = ("2025-05-31", "2025-06-01", "2026-03-31", "2026-04-01")
    assert [CALENDAR.state("2025-03", date.fromisoformat(day)) for day in days] == [
        [True, True],
        [False, True],
        [False, True],
        [False, False],
    ]


def test_newer_rows_hold_from_their_month() -> None:
    rules = {"monthly": [{"valid_from": "2000-01", "months_after": 2}, {"valid_from": "2026-01", "months_after": 1}]}
    assert ClaimCalendar(rules).last_day(MONTHLY, "2025-12") == date(2026, 2, 28)
    assert ClaimCalendar(rules).last_day(MONTHLY, "2026-01") == date(2026, 2, 28)


def test_a_document_without_it_is_refused() -> None:
    with pytest.raises(GciError, match="claim_calendar"):
        ClaimCalendar.from_reference({})
