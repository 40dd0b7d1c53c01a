"""Kinds of days against the notices of the State Council (2025, 2026) and elsewhere."""

from __future__ import annotations

from datetime import date

import pytest

from assets.staging.workdays import HOLIDAY, WEEKEND, WORKDAY, day_of, local_hour
from tests.unit.assets.staging.metering_world import utc


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        ("2026-01-01", HOLIDAY),  # 元旦: 1 to 3 January off
        ("2026-01-03", HOLIDAY),
        ("2026-01-04", WORKDAY),  # the Sunday after it is worked
        ("2026-02-14", WORKDAY),  # 春节: 15 to 23 February off, Saturdays 14 and 28 worked
        ("2026-02-15", HOLIDAY),
        ("2026-02-21", HOLIDAY),
        ("2026-02-23", HOLIDAY),
        ("2026-02-24", WORKDAY),
        ("2026-02-28", WORKDAY),
        ("2026-03-07", WEEKEND),
        ("2026-03-09", WORKDAY),
        ("2025-10-01", HOLIDAY),  # 国庆节、中秋节: 1 to 8 October off, 28 September and 11 October worked
        ("2025-09-28", WORKDAY),
        ("2025-10-11", WORKDAY),
    ],
)
def test_days_of_china(day: str, kind: int) -> None:
    found = day_of(date.fromisoformat(day), "CN")
    assert (found.kind, found.certain, found.number) == (kind, True, date.fromisoformat(day).toordinal())


def test_a_year_without_a_notice_falls_back_to_the_week() -> None:
    assert day_of(date(2101, 10, 3), "CN")[1:] == (WORKDAY, False)  # a Monday
    assert day_of(date(2101, 10, 1), "CN")[1:] == (WEEKEND, False)


def test_elsewhere_the_week_says_it() -> None:
    assert day_of(date(2026, 10, 1), "DE")[1:] == (WORKDAY, True)
    assert day_of(date(2026, 2, 14), "")[1:] == (WEEKEND, True)


def test_the_hour_of_the_local_day() -> None:
    day, clock = local_hour(utc("2026-02-14 00:30", "Asia/Kolkata"), "Asia/Kolkata", "CN")
    assert (day.number, day.kind, clock) == (date(2026, 2, 14).toordinal(), WORKDAY, 0)
