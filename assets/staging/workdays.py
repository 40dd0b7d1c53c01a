"""Kinds of days: workday, weekend or public holiday, as a place keeps them.

For estimates only: which days are alike. China's days come from the package chinesecalendar, which holds the yearly notices of the State
Council with the days worked in exchange (调休); elsewhere Saturday and Sunday are the weekend and nothing is said about holidays.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import NamedTuple

import chinese_calendar

from resources.calendar import zone

WORKDAY, WEEKEND, HOLIDAY = 0, 1, 2
_SATURDAY = 5


class Day(NamedTuple):
    """A local calendar day: its ordinal, its kind, and whether the public holidays of its year are known (else Monday to Friday work)."""

    number: int
    kind: int
    certain: bool


@lru_cache(maxsize=4096)
def day_of(day: date, country: str) -> Day:
    """The kind of a day in a country (ISO 3166-1, ``CN``).

    In China a Saturday worked in exchange is a workday, and every day off of a holiday arrangement a holiday. In a year whose notice
    the package does not hold, Monday to Friday are taken as workdays and ``certain`` is False. Source: metering.md §3; the notices of
    the State Council's General Office on holiday arrangements (国务院办公厅关于部分节假日安排的通知).
    """
    by_week = WEEKEND if day.weekday() >= _SATURDAY else WORKDAY
    if country != "CN":
        return Day(day.toordinal(), by_week, True)
    try:
        off, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:  # no notice of that year
        return Day(day.toordinal(), by_week, False)
    return Day(day.toordinal(), (HOLIDAY if name else WEEKEND) if off else WORKDAY, True)


@lru_cache(maxsize=4096)
def local_hour(at_s: int, zone_name: str, country: str) -> tuple[Day, int]:
    """The local day of an instant and the number of its clock hour (0–23)."""
    local = datetime.fromtimestamp(at_s, UTC).astimezone(zone(zone_name))
    return day_of(local.date(), country), local.hour
