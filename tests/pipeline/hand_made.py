"""Hand-made homes for tests: few meters, round numbers, everything computable in the head.

A site ``S1`` has one supply register G and one IT register I (kWh, hourly readings); in every hour G counts
``supply_kwh`` and I ``it_kwh``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from pipelines.initialise import initialise
from resources.calendar import add_months, month_first_day
from resources.home import Home


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding=encoding) as handle:
        writer = csv.writer(handle)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def hours_of(month: str) -> list[datetime]:
    """The hours of a month and the first of the next one: a register read at each gives every hour of the month."""
    start = month_first_day(month)
    first = datetime(start.year, start.month, 1)
    end = month_first_day(add_months(month, 1))
    last = datetime(end.year, end.month, 1)
    return [first + timedelta(hours=h) for h in range(int((last - first).total_seconds() // 3600) + 1)]


def register(meter_id: str, month: str, per_hour: float, start: float = 0, modulus: float | None = None) -> list[tuple[str, str, str]]:
    """Readings of a register that counts ``per_hour`` in each hour, from ``start``, wrapping at ``modulus``."""
    rows = []
    for number, at in enumerate(hours_of(month)):
        value = start + per_hour * number
        if modulus is not None:
            value %= modulus
        rows.append((meter_id, at.strftime("%Y-%m-%d %H:%M"), f"{value:g}"))
    return rows


MONTHS = ("2025-11", "2025-12", "2026-01")  # of homes with more than one month

METER_HEADER = ("meter_id", "site_id", "medium", "point", "parent_meter_id", "kind", "unit", "register_digits", "valid_from")
SITE_HEADER = ("site_id", "name", "geography", "pue_category", "stage", "design_power_kw", "valid_from")


def site_row(site_id: str) -> tuple[str, ...]:
    return (site_id, f"Test site {site_id}", "CN-HE", "2", "operation", "500", "2024-01-01")


def meter_rows(site_id: str, digits: str = "6") -> list[tuple[str, ...]]:
    return [
        (f"{site_id}-G", site_id, "electricity", "grid_supply", "", "register", "kWh", digits, "2024-01-01"),
        (f"{site_id}-I", site_id, "electricity", "pdu_output", f"{site_id}-G", "register", "kWh", digits, "2024-01-01"),
    ]


def make_home(
    root: Path, months: Sequence[str] = ("2026-01",), sites: Sequence[str] = ("S1",), supply_kwh: float = 150, it_kwh: float = 100
) -> Home:
    """A home with ``sites``, ``meters`` and hourly ``meter_readings`` of some months: PUE supply_kwh / it_kwh."""
    home = initialise(root)
    write_csv(home.landing / "sites" / "sites.csv", SITE_HEADER, [site_row(s) for s in sites])
    write_csv(home.landing / "meters" / "meters.csv", METER_HEADER, [row for s in sites for row in meter_rows(s)])
    for month in months:
        rows = []
        for site in sites:
            begun = (hours_of(month)[0] - hours_of(months[0])[0]) // timedelta(hours=1)
            rows += register(f"{site}-G", month, supply_kwh, start=1000 + begun * supply_kwh)
            rows += register(f"{site}-I", month, it_kwh, start=500 + begun * it_kwh)
        write_csv(home.landing / "meter_readings" / f"{month}.csv", ("meter_id", "read_at", "value"), rows)
    return home
