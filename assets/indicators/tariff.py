"""What a kilowatt-hour costs in an hour: the rows of ``tariffs`` as prices by period of the day, local hour and month.

Reading tariff rows and finding the one row that prices an hour belongs here; what energies come to is in ``cost.py``. An hour that no
row or more than one row prices has no price, and says why: nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from resources.calendar import HOUR_S, zone

Row = Mapping[str, Any]
# Within a period of higher or lower price there may be hours of a still higher or lower one: these hours are theirs (尖峰, 深谷).
WITHIN = {"sharp": "peak", "deep_valley": "valley"}
_AROUND_S = 26 * HOUR_S  # longer than any day
_SPAN = re.compile(r"(\d{1,2})(?::(\d{2}))?\s*[-–—~至]\s*(\d{1,2})(?::(\d{2}))?")
_MONTHS = re.compile(r"(\d{1,2})(?:\s*[-–—~至]\s*(\d{1,2}))?")


@dataclass(frozen=True)
class Unpriced:
    """Why an hour has no price, in both languages."""

    text_en: str
    text_zh: str


@dataclass(frozen=True)
class Rate:
    """One row of a tariff, with the hours of the day and the months that it names (None: it names none)."""

    row: Row
    hours: frozenset[int] | None
    months: frozenset[int] | None

    @property
    def period(self) -> str:
        return self.row.get("period") or ""

    def holds(self, month: int) -> bool:
        return self.months is None or month in self.months


def rates_of(rows: Iterable[Row]) -> list[Rate] | Unpriced:
    """The rates of the rows of one tariff; Unpriced when hours or months can't be read (energy is known by the hour: whole hours)."""
    rates = []
    for row in rows:
        hours, months = hours_of(row.get("hours")), months_of(row.get("months"))
        if isinstance(hours, str) or isinstance(months, str):
            bad = hours if isinstance(hours, str) else months
            return Unpriced(
                f"the hours or months '{bad}' of the tariff can't be read as whole hours or months",
                f"电价的时段或月份“{bad}”无法识别(须为整点、整月)",
            )
        rates.append(Rate(row, hours, months))
    return rates


def in_force(rows: Iterable[Row], site_id: str, day: str) -> list[Row]:
    """The tariff of a site on a day: all rows of its newest ``valid_from`` on or before the day."""
    own = [row for row in rows if row["site_id"] == site_id and row["valid_from"] <= day]
    newest = max((row["valid_from"] for row in own), default=None)
    return [row for row in own if row["valid_from"] == newest]


def rate_of_hour(rates: Sequence[Rate], hour: int, month: int) -> Rate | Unpriced:
    """The rate that prices a local hour (0–23) in a month (1–12).

    Rates that name the hour come before those that name no hours (the rest of the day); sharp hours before peak ones, deep valley before
    valley. Unpriced when none is left, or more than one. Source: project convention.
    """
    priced = [rate for rate in rates if rate.row["price_per_kwh"] is not None and rate.holds(month)]
    named = [rate for rate in priced if rate.hours is not None and hour in rate.hours]
    outer = {WITHIN[rate.period] for rate in named if rate.period in WITHIN}
    found = [rate for rate in named if rate.period not in outer] or [rate for rate in priced if rate.hours is None]
    if len(found) == 1:
        return found[0]
    if not found:
        return Unpriced(f"no tariff row prices {hour:02d}:00 in month {month}", f"{month} 月 {hour:02d}:00 无对应电价")
    return Unpriced(f"{len(found)} tariff rows price {hour:02d}:00 in month {month}", f"{month} 月 {hour:02d}:00 对应 {len(found)} 条电价")


class Prices(dict[int, Rate | Unpriced]):
    """The rate of each hour (UTC epoch seconds of a site-local clock hour) of a site; Unpriced with the reason where there is none.

    ``rows``: tariffs; an hour is priced when it is first asked for, with all of its local day.
    """

    def __init__(self, rows: Iterable[Row], site_id: str, zone_name: str) -> None:
        super().__init__()
        self._rows, self._site_id, self._zone = list(rows), site_id, zone_name
        self._rates: dict[str, list[Rate] | Unpriced] = {}  # by the day on which the tariff began
        self._by_hour: dict[tuple[str, int], list[Rate | Unpriced]] = {}  # by that day and the month of the year

    def __missing__(self, hour_s: int) -> Rate | Unpriced:
        day, month, hours = _local_day(hour_s, self._zone)
        standing = in_force(self._rows, self._site_id, day)
        since = standing[0]["valid_from"] if standing else day
        if since not in self._rates:
            self._rates[since] = rates_of(standing) if standing else Unpriced(f"no tariff holds on {day}", f"{day} 无有效电价")
        if (since, month) not in self._by_hour:
            rates = self._rates[since]
            self._by_hour[since, month] = [rates if isinstance(rates, Unpriced) else rate_of_hour(rates, hour, month) for hour in range(24)]
        self.update(zip(hours, map(self._by_hour[since, month].__getitem__, hours.values()), strict=True))
        return self[hour_s]


@lru_cache(maxsize=4096)
def _local_day(hour_s: int, zone_name: str) -> tuple[str, int, Mapping[int, int]]:
    """Day and month of an instant on a zone's clock, and the local hours of that day by instant: a fleet asks for the same site by site."""
    local = datetime.fromtimestamp(hour_s, zone(zone_name))
    around = {at: datetime.fromtimestamp(at, zone(zone_name)) for at in range(hour_s - _AROUND_S, hour_s + _AROUND_S, HOUR_S)}
    return local.strftime("%Y-%m-%d"), local.month, {at: one.hour for at, one in around.items() if one.date() == local.date()}


def hours_of(text: str | None) -> frozenset[int] | str | None:
    """Local hours of ``08:00-11:00 18:00-23:00`` (23-7 runs over midnight; 24:00 is the end of the day); the text when it can't be read."""
    if text is None:
        return None
    hours: set[int] = set()
    spans = [_SPAN.fullmatch(part) for part in _parts(text)]
    for span in spans:
        if span is None or any(minutes not in (None, "00") for minutes in (span[2], span[4])):
            return text
        first, after = int(span[1]), int(span[3])
        if first > 23 or after > 24 or first == after:
            return text
        hours |= set(range(first, after)) if first < after else {*range(first, 24), *range(after)}
    return frozenset(hours) if hours else text


def months_of(text: str | None) -> frozenset[int] | str | None:
    """Months of ``7-8 12`` (11-2 runs over the new year); the text when it can't be read."""
    if text is None:
        return None
    months: set[int] = set()
    for part in _parts(text):
        span = _MONTHS.fullmatch(part)
        if span is None:
            return text
        first, last = int(span[1]), int(span[2] or span[1])
        if not (1 <= first <= 12 and 1 <= last <= 12):
            return text
        months |= set(range(first, last + 1)) if first <= last else {*range(first, 13), *range(1, last + 1)}
    return frozenset(months) if months else text


def _parts(text: str) -> list[str]:
    plain = re.sub(r"\s*([-–—~至])\s*", r"\1", re.sub(r"[时月点]", "", text))
    return [part for part in re.split(r"[\s,;,;、/]+", plain) if part]
