"""What flows through every simulated meter, quarter-hour by quarter-hour.

Weather, IT load, cooling, generation, and from them the energy of each meter, from the leaves up: a meter is its own part of a
load plus its children and their losses. Exact in time and identical for a seed; how meters round it is in ``registers``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from pipelines.demo.fleet import FIRST_MONTH, LAST_MONTH, MONTHS, SITES, TIMEZONE, Meter, Site, meters_of
from pipelines.demo.inventory import rated_kw
from resources.calendar import month_bounds_s, month_first_day

QUARTER_S = 900
DAY = 96  # quarter-hours
START_S = month_bounds_s(FIRST_MONTH, TIMEZONE)[0]
QUARTERS = (month_bounds_s(LAST_MONTH, TIMEZONE)[1] - START_S) // QUARTER_S

Series = NDArray[np.float64]
_CLASS = {"0.2S": 0.2, "0.5S": 0.5, "1": 1.0, "2": 2.0}


@dataclass(frozen=True)
class Flows:
    """What each meter of a site measures: kWh (water: m³) in each quarter-hour of the history, by meter id; and without meter error."""

    measured: dict[str, Series]
    true: dict[str, Series]


def quarter_of(month: str) -> int:
    """Index of the first quarter-hour of a month; of the month after the last, the number of quarter-hours."""
    return (month_bounds_s(month, TIMEZONE)[0] - START_S) // QUARTER_S


def _clock() -> tuple[Series, Series, NDArray[np.int64]]:
    """Hour of day, day of year, weekday (Monday 0) of each quarter-hour."""
    quarters = np.arange(QUARTERS)
    days = quarters // DAY
    first = month_first_day(FIRST_MONTH)
    day_of_year = np.asarray((days + first.timetuple().tm_yday) % 365.25, dtype=np.float64)
    return (quarters % DAY) / 4.0, day_of_year, np.asarray((days + first.weekday()) % 7, dtype=np.int64)


def _noise(seed: int, name: str, hours: float) -> Series:
    """Smooth noise of mean 0 and deviation about 1: normal knots every ``hours``, joined by straight lines."""
    step = int(hours * 4)
    rng = np.random.default_rng([seed, crc32(name.encode())])
    knots = rng.standard_normal(QUARTERS // step + 3)
    return np.interp(np.arange(QUARTERS), np.arange(len(knots)) * step, knots)


@cache
def temperature(seed: int) -> Series:
    """Outdoor temperature in °C: cold winters and mild summers, as in the hills north of Beijing."""
    hour, day, _ = _clock()
    return 7.5 - 15.0 * np.cos((day - 18) * 2 * np.pi / 365.25) + 5.0 * np.sin((hour - 9) * np.pi / 12) + 2.5 * _noise(seed, "weather", 30)


def solar_kw(seed: int, kwp: float) -> Series:
    """Output of a photovoltaic roof at 41° north."""
    hour, day, _ = _clock()
    declination = np.radians(23.45) * np.sin(2 * np.pi * (284 + day) / 365)
    latitude = np.radians(41.0)
    height = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos((hour + 0.125 - 12.3) * np.pi / 12)
    clear = np.clip(0.64 + 0.24 * _noise(seed, "clouds", 9), 0.12, 0.98)
    return kwp * 0.95 * np.clip(height, 0, None) ** 1.15 * clear


def wind_kw(seed: int, capacity: float) -> Series:
    """Output of a wind line: stronger in winter and spring, never quite still."""
    _, day, _ = _clock()
    drive = 0.35 * np.cos((day - 60) * 2 * np.pi / 365.25) + 1.1 * _noise(seed, "wind", 8) - 0.35
    return capacity * (0.14 + 0.86 / (1 + np.exp(-1.6 * drive)))


def _it_kw(site: Site, seed: int) -> Series:
    """IT load of a site: the rated power of its devices, month by month, times a load factor with its day and week."""
    edges = [quarter_of(month) for month in MONTHS] + [QUARTERS]
    rated = np.interp(np.arange(QUARTERS), np.array(edges[1:]), np.array([rated_kw(site.site_id, month) for month in MONTHS]))
    hour, _, weekday = _clock()
    swing = np.sin((hour - 9) * np.pi / 12) + 0.35 * np.sin((hour - 7) * np.pi / 6)
    week = np.where(weekday >= 5, -0.35, 0.14)
    return rated * site.load_factor * (1 + site.day_swing * (swing + week)) * (1 + 0.012 * _noise(seed, f"{site.site_id} it", 12))


def _profiles(site: Site, seed: int) -> dict[str, Series]:
    """The loads of a site by name: kWh in a quarter-hour, water in m³."""
    hour, _, weekday = _clock()
    it = _it_kw(site, seed)
    warm = temperature(seed)
    base, slope, threshold = site.cooling
    cooling = it * (base + slope * np.clip(warm - threshold, 0, None)) * (1 + 0.02 * _noise(seed, f"{site.site_id} cooling", 6))
    dry, evaporation, from_c = site.wue
    water = it / 4 * (dry + evaporation * np.clip(warm - from_c, 0, None)) / 1000
    working = ((hour >= 8) & (hour < 19) & (weekday < 5)).astype(float)
    return {
        "it": it / 4,
        "cooling": cooling / 4,
        "lighting": site.lighting_kw * (0.55 + 0.45 * working) / 4,
        "auxiliary": site.auxiliary_kw * (1 + 0.05 * _noise(seed, f"{site.site_id} auxiliary", 6)) / 4,
        "office": site.office_kw * (0.25 + 0.75 * working) / 4,
        "water": water,
        "discharge": 0.24 * water,
    }


def load_test_starts() -> list[int]:
    """First quarter-hour (09:00) of each month's test of the backup generators: its second Wednesday."""
    found = []
    for month in MONTHS:
        first = month_first_day(month)
        found.append(quarter_of(month) + ((2 - first.weekday()) % 7 + 7) * DAY + 36)
    return found


def _tests(site: Site) -> Series:
    """Energy a backup generator delivers: three hours of load test a month."""
    energy = np.zeros(QUARTERS)
    for start in load_test_starts():
        energy[start : start + 12] = site.backup_test_kw / 4
    return energy


def simulate(site_id: str, seed: int) -> Flows:
    """The flows of a site over the whole history; the same for the same seed, whatever part of it is written."""
    site, meters = SITES[site_id], meters_of(site_id)
    profiles = _profiles(site, seed)
    totals: dict[str, float] = {}
    for meter in meters:
        totals[meter.bank.profile] = totals.get(meter.bank.profile, 0.0) + meter.weight
    children: dict[str, list[Meter]] = {}
    for meter in meters:
        if meter.parent_id:
            children.setdefault(meter.parent_id, []).append(meter)
    sources: dict[str, Callable[[], Series]] = {
        "onsite_generation": lambda: solar_kw(seed, site.extra["solar_kwp"]) / 4,
        "direct_line": lambda: wind_kw(seed, site.extra["wind_line_kw"]) / 4,
        "backup_generation": lambda: _tests(site),
    }
    true: dict[str, Series] = {}
    for meter in reversed(meters):  # children come after their parents in the list, so before them here
        point = meter.bank.point
        if meter.check_of or point == "export":
            continue
        if point in sources:
            true[meter.meter_id] = sources[point]()
            continue
        energy = profiles[meter.bank.profile] * (meter.weight / totals[meter.bank.profile]) if meter.bank.profile else np.zeros(QUARTERS)
        if meter.bank.profile == "it":
            energy = energy * (1 + 0.02 * _noise(seed, meter.meter_id, 9))
        for child in children.get(meter.meter_id, []):
            if child.bank.point == "export":
                continue
            sign = -1 if child.bank.point in sources else 1
            energy = energy + sign * true[child.meter_id] * (1 + child.bank.loss)
        if point == "grid_supply":
            for child in children.get(meter.meter_id, []):
                if child.bank.point == "export":
                    true[child.meter_id] = np.clip(-energy, 0, None)
            energy = np.clip(energy, 0, None)
        true[meter.meter_id] = energy
    for meter in meters:
        if meter.check_of:
            true[meter.meter_id] = true[meter.check_of]
    return Flows({name: energy * (1 + error(name, meters, seed)) for name, energy in true.items()}, true)


def error(meter_id: str, meters: tuple[Meter, ...], seed: int) -> float:
    """The constant error of a meter: within a third of its accuracy class."""
    accuracy = next(meter.bank.accuracy for meter in meters if meter.meter_id == meter_id)
    rng = np.random.default_rng([seed, crc32(f"error {meter_id}".encode())])
    return float(rng.uniform(-1, 1)) * _CLASS[accuracy] / 300
