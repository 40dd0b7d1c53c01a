"""Months, hours and time zones.

A month is the string ``YYYY-MM`` in site-local time; an instant is UTC epoch seconds (Int64). Everything that turns one
into the other is here, so that daylight-saving days and half-hour zones are handled once.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from resources.errors import UsageError

HOUR_S = 3600
DAY_S = 86_400
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


def check_month(text: str) -> str:
    """Return ``text`` when it is a month ``YYYY-MM``; UsageError otherwise."""
    if not _MONTH.fullmatch(text):
        raise UsageError(f"'{text}' is no month. Write it as YYYY-MM, for example 2026-03.")
    return text


@lru_cache(maxsize=4096)
def add_months(month: str, count: int) -> str:
    """The month ``count`` months after (before, when negative) ``month``."""
    year, number = int(month[:4]), int(month[5:])
    index = year * 12 + number - 1 + count
    return f"{index // 12:04d}-{index % 12 + 1:02d}"


def month_range(first: str, last: str) -> list[str]:
    """All months from ``first`` to ``last``, both included; empty when ``last`` lies before ``first``."""
    months = []
    while first <= last:
        months.append(first)
        first = add_months(first, 1)
    return months


def trailing_months(month: str, count: int = 12) -> list[str]:
    """The ``count`` months that end with ``month``, oldest first."""
    return month_range(add_months(month, 1 - count), month)


@lru_cache(maxsize=1024)
def month_first_day(month: str) -> date:
    return date(int(month[:4]), int(month[5:]), 1)


@lru_cache(maxsize=1024)
def month_last_day(month: str) -> date:
    return month_first_day(add_months(month, 1)) - timedelta(days=1)


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """The IANA time zone of that name; UsageError when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"'{name}' is no time zone. Write an IANA name, for example Asia/Shanghai.") from None


@lru_cache(maxsize=4096)
def local_s(moment: datetime, zone_name: str) -> int:
    """UTC epoch seconds of a wall-clock time in a zone (the first of two in a repeated hour)."""
    return int(moment.replace(tzinfo=zone(zone_name)).timestamp())


@lru_cache(maxsize=4096)
def month_bounds_s(month: str, zone_name: str) -> tuple[int, int]:
    """First second of the month and first second after it, as UTC epoch seconds, in the zone's wall clock."""
    first, after = month_first_day(month), month_first_day(add_months(month, 1))
    return (
        local_s(datetime(first.year, first.month, 1), zone_name),
        local_s(datetime(after.year, after.month, 1), zone_name),
    )


def month_hours_s(month: str, zone_name: str) -> list[int]:
    """UTC epoch seconds at which each site-local clock hour of the month starts (half-hour zones start at :30 UTC)."""
    start, end = month_bounds_s(month, zone_name)
    return list(range(start, end, HOUR_S))


def month_seconds(month: str, zone_name: str) -> int:
    start, end = month_bounds_s(month, zone_name)
    return end - start


@lru_cache(maxsize=1024)
def offsets(zone_name: str, start_s: int, end_s: int) -> tuple[tuple[int, int], ...]:
    """UTC offsets in force between two instants: ``((from_utc_s, offset_s), …)``, the first at ``start_s``.

    Found by looking at every hour and halving the step in which the offset changes, so it holds for any zone file.
    """
    tz = zone(zone_name)

    def offset(at: int) -> int:
        delta = datetime.fromtimestamp(at, UTC).astimezone(tz).utcoffset()
        return int(delta.total_seconds()) if delta else 0

    found = [(start_s, offset(start_s))]
    at = start_s
    while at < end_s:
        after = min(at + 6 * HOUR_S, end_s)
        if offset(after) != found[-1][1]:
            low, high = at, after
            while high - low > 1:
                middle = (low + high) // 2
                if offset(middle) == found[-1][1]:
                    low = middle
                else:
                    high = middle
            found.append((high, offset(high)))
        at = after
    return tuple(found)


def utc_text(at_s: int) -> str:
    """``2026-03-01T00:00:00Z`` of an instant."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def local_text(at_s: int, zone_name: str) -> str:
    """``2026-03-01T08:00:00+08:00`` of an instant, in a zone."""
    return datetime.fromtimestamp(at_s, UTC).astimezone(zone(zone_name)).isoformat()
