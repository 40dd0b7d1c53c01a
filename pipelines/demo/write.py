"""The simulated fleet, written as the files its sites export.

``write_fleet`` is what ``gci demo`` calls. It puts the parts together: flows, registers, inventory, green power, practices, faults,
files. Everything it writes is invented and says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.demo import files, green, inventory, practices
from pipelines.demo.faults import Findings, expected_findings
from pipelines.demo.fleet import FIRST_MONTH, LAST_MONTH, MONTHS, SITES, Meter, meters_of
from pipelines.demo.load import simulate
from pipelines.demo.registers import Replacement, Shown, Truth, month_ticks, quarter_ticks, replacement_event, show, truth
from resources.calendar import add_months, check_month, month_range
from resources.errors import UsageError

Row = dict[str, Any]


@dataclass(frozen=True)
class DemoFacts:
    """What was written: months, files, number of readings; and what must come of it.

    ``truth``: by site and month, what its counted meters measured before anything was broken. ``expected``: the findings, as (month, site,
    rule, subject).
    """

    months: tuple[str, ...]
    files: tuple[Path, ...]
    readings: int
    truth: dict[str, dict[str, Truth]]
    expected: Findings


def write_fleet(landing: Path, *, months: int = 13, seed: int = 7, last_month: str = LAST_MONTH) -> DemoFacts:
    """Write the simulated fleet into ``landing/<feed>/`` and ``landing/evidence/``.

    The history runs from 2025-03 to 2026-03 and is the same for a seed; ``months`` of it are written, ending with ``last_month``. A month's
    readings are the same however many months are written. UsageError for months outside the history.
    """
    written = _window(months, last_month)
    shown: dict[str, dict[str, Shown]] = {}
    paths: list[Path] = []
    event: Replacement | None = None
    for site_id in SITES:
        flows = simulate(site_id, seed)
        shown[site_id] = show(site_id, flows, seed)
        if site_id == "HL01":
            event = replacement_event(shown[site_id], flows)
    known = {site_id: truth(meters) for site_id, meters in shown.items()}
    readings = 0
    for site_id, meters in shown.items():
        times = files.stamps(site_id)
        for month in written:
            path, rows = files.write_readings(landing, site_id, meters, month, times, last=month == written[-1])
            paths.append(path)
            readings += rows
    documents: dict[str, str] = {}
    for site_id in SITES:
        paths += _registries(landing, site_id, shown[site_id], event)
        paths += _snapshots(landing, site_id, written, seed)
        paths += _statements(landing, site_id, written, known[site_id], shown[site_id], documents)
    bought = green.tables(written, known, shown)
    documents |= bought.evidence
    for feed, all_rows in bought.rows.items():
        for site_id in SITES:
            if own := [row for row in all_rows if row["keeper"] == site_id]:
                paths.append(files.write_table(landing, site_id, feed, own))
    paths += files.write_evidence(landing, documents)
    truths = {site_id: {month: months_[month] for month in written} for site_id, months_ in known.items()}
    return DemoFacts(tuple(written), tuple(paths), readings, truths, expected_findings(written))


def _window(months: int, last_month: str) -> list[str]:
    if check_month(last_month) not in MONTHS:
        raise UsageError(f"The simulated history runs from {FIRST_MONTH} to {LAST_MONTH}; {last_month} is outside of it.")
    written = month_range(add_months(last_month, 1 - months), last_month)
    if not written or written[0] < FIRST_MONTH:
        most = MONTHS.index(last_month) + 1
        raise UsageError(f"The simulated history begins in {FIRST_MONTH}: 1 to {most} months can end with {last_month}, not {months}.")
    return written


def _registries(landing: Path, site_id: str, shown: dict[str, Shown], event: Replacement | None) -> list[Path]:
    """What rarely changes: the site, its meters, their events, its tariff."""
    paths = [
        files.write_table(landing, site_id, "sites", [SITES[site_id].row]),
        files.write_table(landing, site_id, "meters", [_meter_row(meter, shown[meter.meter_id]) for meter in meters_of(site_id)]),
        files.write_table(landing, site_id, "tariffs", practices.tariffs(site_id)),
    ]
    if event and event.meter_id in shown:
        row = {
            "meter_id": event.meter_id, "at": f"{event.at}:00", "kind": "replacement", "old_value": event.old_value,
            "new_value": event.new_value, "note": "模拟换表 simulated replacement",
        }  # fmt: skip
        paths.append(files.write_table(landing, site_id, "meter_events", [row]))
    return paths


def _supplied(one: Shown, month: str) -> practices.Supplied:
    """What a supply register counted in the hours of a month, before anything was broken."""
    quarters = quarter_ticks(one, month) * one.tick / 1000
    return practices.Supplied(quarters.reshape(-1, 4).sum(axis=1), 4 * float(quarters.max()))


def _meter_row(meter: Meter, shown: Shown) -> Row:
    bank = meter.bank
    return {
        "meter_id": meter.meter_id, "site_id": meter.site_id, "medium": bank.medium, "point": bank.point,
        "parent_meter_id": meter.parent_id, "kind": bank.kind, "unit": bank.unit, "multiplier": bank.multiplier,
        "register_digits": shown.digits, "interval_minutes": bank.minutes if bank.kind == "interval" else None,
        "interval_label": bank.label, "capacity": shown.capacity, "accuracy_class": bank.accuracy,
        "transformer_class": "0.2S" if bank.multiplier > 1 else None, "calibrated_until": "2027-12-31",
        "check_meter_of": meter.check_of, "project_code": bank.project, "valid_from": "2024-01-01",
    }  # fmt: skip


def _snapshots(landing: Path, site_id: str, written: list[str], seed: int) -> list[Path]:
    """CMDB and utilisation: a file a month, or one workbook of all months."""
    made = {
        "racks": {month: inventory.racks(site_id, month).to_dicts() for month in written},
        "devices": {month: inventory.devices(site_id, month).to_dicts() for month in written},
        "utilisation": {month: inventory.utilisation(site_id, month, seed) for month in written},
    }
    paths = []
    for feed, by_month in made.items():
        if files.STYLES[site_id].suffix == ".xlsx":
            paths.append(files.write_table(landing, site_id, feed, [row for rows in by_month.values() for row in rows]))
        else:
            paths += [files.write_table(landing, site_id, feed, rows, f"_{month}") for month, rows in by_month.items()]
    return paths


def _statements(
    landing: Path, site_id: str, written: list[str], known: dict[str, Truth], shown: dict[str, Shown], documents: dict[str, str]
) -> list[Path]:
    """What a site states and is billed: declarations, practices, activities, bills; their documents are added to ``documents``."""
    generators = [one for one in shown.values() if one.meter.bank.point == "backup_generation"]
    backup_kwh = {month: sum(one.tick * month_ticks(one, month) for one in generators) / 1000 for month in written}
    supplies = [one for one in shown.values() if one.meter.bank.point == "grid_supply" and not one.meter.check_of]
    supplied = {one.meter.meter_id: {month: _supplied(one, month) for month in written} for one in supplies}
    made = {
        "declarations": practices.declarations(site_id),
        "practices": practices.practices(site_id),
        "activities": practices.activities(site_id, written, known, backup_kwh),
        "bills": practices.bills(site_id, supplied),
    }
    paths = []
    for feed, (rows, papers) in made.items():
        documents |= papers
        paths.append(files.write_table(landing, site_id, feed, rows))
    return paths
