"""Fifty small simulated sites over three years: what a backfill has to do, without the millions of readings of a large site.

Put here the sites, their eight meters and what those read; the other feeds are those of ``healthy_fleet``. Every layer of the product has
work to do: two supplies, two PDUs, cooling, a roof with certificates, water, racks and devices, bills, tariffs, practices, contracts.
Simulated data, the same for the same months and seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.healthy_fleet import FOUNDED, Row, Site, cmdb, feeds, roof_code, write_feeds
from benchmarks.healthy_loads import FEEDS, Flows, History, Hours
from benchmarks.healthy_readings import Shown, write_readings
from resources.calendar import month_first_day, month_last_day

RACKS = 5  # on each of the two feeds; four devices in each
FULL = 10**8 * 100  # ticks at which a register would begin again: none does


@dataclass(frozen=True)
class Fleet:
    """What was written: sites, meters of each, months, rows of readings and of all other feeds."""

    sites: int
    meters: int
    months: int
    readings: int
    other_rows: int


def write_fleet(landing: Path, history: History, sites: int = 50, seed: int = 1) -> Fleet:
    """Write every feed into ``landing``: readings one file a month, the others one file each."""
    rows: dict[str, list[Row]] = {}
    shown: dict[str, Shown] = {}
    meters = 0
    for number in range(1, sites + 1):
        site = Site(number, history, seed)
        flows = _flows(history, site.rng(0))
        registry = _meters(site)
        own = {row["meter_id"]: _shown(flows.of[row["meter_id"].partition("-")[2]]) for row in registry}
        shown, meters = shown | own, len(registry)
        of_site = feeds(site, flows, own) | cmdb(site, [f"{feed}{rack:03d}" for feed in FEEDS for rack in range(RACKS)])
        of_site["sites"] = [
            {**row, "design_power_kw": 150, "design_racks": 2 * RACKS, "backup_generators": 0, "water_supply_points": 1}
            for row in of_site["sites"]
        ]
        for feed, some in (of_site | {"utilisation": _utilisation(site), "meters": registry}).items():
            rows.setdefault(feed, []).extend(some)
    write_feeds(landing, "fleet", rows)
    readings = write_readings(landing / "meter_readings", shown, history, np.random.default_rng([seed, 0, 2]))
    return Fleet(sites, meters, len(history.months), readings, sum(len(some) for some in rows.values()))


def _flows(history: History, rng: np.random.Generator) -> Flows:
    """kWh of each hour, water in m³: two feeds of IT with their cooling, the sun, and what the supplies bring."""
    hours = np.arange(history.hours)
    clock, day = hours % 24, (hours // 24 + history.start.timetuple().tm_yday - 1) % 365
    warmth = 0.5 - 0.5 * np.cos(2 * np.pi * (day - 20) / 365)  # 0 in January, 1 in July
    noon = np.clip(np.sin(np.pi * (clock - 6) / 12), 0, None) * ((clock > 6) & (clock < 18))
    flows = Flows({"EX": np.zeros(history.hours)})
    for feed in FEEDS:
        it = rng.uniform(20, 45) * (1 + 0.05 * np.sin(2 * np.pi * (clock - 9) / 24)) * _noise(rng, len(hours))
        cold = it * (0.10 + 0.10 * warmth + 0.02 * noon) * _noise(rng, len(hours))
        flows.of |= {f"P-{feed}": it, f"C-{feed}": cold, f"G-{feed}": (it * 1.05 + cold) * 1.004}
    flows.of["PV"] = 8.0 * noon * (0.55 + 0.45 * warmth) * _noise(rng, len(hours))
    flows.of["G-A"] = flows.of["G-A"] - flows.of["PV"]
    flows.of["W-1"] = (flows.of["P-A"] + flows.of["P-B"]) / 1000 * (0.5 + 1.1 * warmth)
    return flows


def _noise(rng: np.random.Generator, hours: int) -> Hours:
    return np.clip(rng.normal(1, 0.03, hours), 0.8, 1.2)


def _meters(site: Site) -> list[Row]:
    """Eight meters: supply and PDU and cooling of each feed, the roof, water."""

    def meter(name: str, point: str, parent: str | None = None, **more: object) -> Row:
        row = {
            "meter_id": site.name(name), "site_id": site.site_id, "medium": "electricity", "point": point,
            "parent_meter_id": site.name(parent) if parent else None, "kind": "register", "unit": "kWh", "multiplier": 1,
            "register_digits": 8, "capacity": 150, "accuracy_class": "0.5S", "calibrated_until": "2027-12-31", "valid_from": FOUNDED,
        }  # fmt: skip
        return row | more

    rows = [meter("PV", "onsite_generation", "G-A", project_code=roof_code(site))]
    for feed in FEEDS:
        rows.append(meter(f"G-{feed}", "grid_supply"))
        rows += [meter(f"{name}-{feed}", point, f"G-{feed}") for name, point in (("P", "pdu_output"), ("C", "cooling"))]
    return [*rows, meter("W-1", "water_supply", medium="water", unit="m3", capacity=5, accuracy_class="2")]


def _shown(kwh: Hours) -> Shown:
    """What a register shows every hour, on the hour."""
    total = np.concatenate([[0.0], np.cumsum(kwh)])
    return Shown(3600 * np.arange(len(total)), (np.floor(total * 100).astype(np.int64) + 100_000) % FULL, kwh)


def _utilisation(site: Site) -> list[Row]:
    """How busy the processors were, a row a day."""
    days = pl.date_range(month_first_day(site.history.months[0]), month_last_day(site.history.months[-1]), eager=True)
    busy = np.clip(site.rng(3).normal(0.45, 0.06, len(days)), 0.05, 0.95)
    return [
        {"scope": "site", "site_id": site.site_id, "at": f"{day} 00:00", "cpu_ratio": f"{ratio:.3f}"}
        for day, ratio in zip(days, busy, strict=True)
    ]
