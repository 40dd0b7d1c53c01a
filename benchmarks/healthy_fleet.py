"""A simulated fleet that is in order: every feed of healthy sites over months, with the ordinary events of metering and nothing wrong.

Put here what is registered and what is written into files. What flows is ``healthy_loads``, meters' readings ``healthy_readings``; running
the product over it is ``healthy``. Each site has 200 meters: two supplies with check meters, a roof, two generators, transformers, UPS,
PDUs, racks, cooling, lighting, offices, water. Simulated data, the same for the same seed.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.healthy_loads import COOLERS, FEEDS, LIGHTS, OTHERS, PDUS, RACKS_A_PDU, Flows, History, simulate
from benchmarks.healthy_readings import Shown, show, write_readings
from checks.contracts.registry import FEEDS as CONTRACTS
from resources.calendar import add_months, month_last_day

Row = dict[str, Any]

PLACES = ("CN-HE", "CN-NM", "CN-GZ", "CN-GS", "CN-GD", "CN-JS", "CN-ZJ", "CN-CQ", "CN-SC", "CN-NX")
FOUNDED = "2023-01-01"  # registry rows of the fleet hold from then on
DEVICES_A_RACK = 4


@dataclass(frozen=True)
class Site:
    """One site: its number among the fleet's decides what varies between them."""

    number: int
    history: History
    seed: int

    @property
    def site_id(self) -> str:
        return f"HF{self.number:02d}"

    @property
    def category(self) -> int:
        return 1 + self.number % 3

    @property
    def ties_below(self) -> bool:
        """Whether the bus tie joins the busbars below the transformers, or those of the supplies."""
        return self.number % 2 == 1

    def rng(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, self.number, purpose])

    def name(self, meter: str) -> str:
        return f"{self.site_id}-{meter}"


@dataclass(frozen=True)
class Written:
    """What a fleet came to: sites, meters of each, rows of readings."""

    sites: tuple[str, ...]
    meters: int
    readings: int


def write_fleet(landing: Path, history: History, sites: int = 20, seed: int = 1) -> Written:
    """Write every feed of the fleet into ``landing`` (the folders of a home): readings one file a month."""
    readings = meters = 0
    ids = []
    for number in range(1, sites + 1):
        site = Site(number, history, seed)
        flows = simulate(history, site.rng(0), sun_kw=60.0, tie_below=site.ties_below)
        registry = _meters(site)
        shown = show({row["meter_id"]: row for row in registry}, {site.name(k): v for k, v in flows.of.items()}, history, site.rng(1))
        registry = _renewed(registry, shown)
        meters = len({row["meter_id"] for row in registry})
        ids.append(site.site_id)
        places = [f"{feed}{p:02d}{r}" for feed in FEEDS for p in range(PDUS) for r in range(RACKS_A_PDU)]
        rows = feeds(site, flows, shown) | {"utilisation": _utilisation(site), **cmdb(site, places)}
        write_feeds(landing, site.site_id, rows | {"meters": registry, "meter_events": _events(site, flows, shown)})
        readings += write_readings(landing / "meter_readings", shown, history, site.rng(2))
    return Written(tuple(ids), meters, readings)


def write_feeds(landing: Path, name: str, rows: dict[str, list[Row]]) -> None:
    """Write one file of each feed, and the documents that its rows name."""
    for feed, own in rows.items():
        _write(landing / feed / f"{name}.csv", feed, own)
    (landing / "evidence").mkdir(parents=True, exist_ok=True)
    for document in sorted({str(row["evidence"]) for own in rows.values() for row in own if row.get("evidence")}):
        (landing / "evidence" / document).write_text(f"Simulated document: {document}\n", encoding="utf-8")


def _write(path: Path, feed: str, rows: Iterable[Row]) -> None:
    rows = list(rows)
    used = {name for row in rows for name in row}
    header = [column.name for column in CONTRACTS[feed].columns if column.name in used]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, header, restval="", extrasaction="raise")
        writer.writeheader()
        writer.writerows(rows)


# Registry ---------------------------------------------------------------------------------------------------------------


def _meters(site: Site) -> list[Row]:
    """The 200 meters of a site: ``grid → transformer → UPS → PDU → rack``, other loads below the transformers."""

    def meter(name: str, point: str, parent: str | None = None, **more: Any) -> Row:
        row = {
            "meter_id": site.name(name), "site_id": site.site_id, "medium": "electricity", "point": point,
            "parent_meter_id": site.name(parent) if parent else None, "kind": "register", "unit": "kWh", "multiplier": 1,
            "register_digits": 7, "capacity": 100, "accuracy_class": "1", "calibrated_until": "2027-12-31", "valid_from": FOUNDED,
        }  # fmt: skip
        return row | more

    fine: Row = {"accuracy_class": "0.2S", "multiplier": 100, "register_digits": 5, "capacity": 2500}
    sub: Row = {"accuracy_class": "0.5S", "capacity": 2500}
    rows = [meter("PV", "onsite_generation", "G-A", project_code=roof_code(site), **sub), meter("EX", "export", "G-A", **sub)]
    for feed in FEEDS:
        rows += [
            meter(f"G-{feed}", "grid_supply", **fine), meter(f"K-{feed}", "grid_supply", check_meter_of=site.name(f"G-{feed}"), **fine),
            meter(f"BG-{feed}", "backup_generation", f"G-{feed}", **sub),
            meter(f"T-{feed}", "distribution", f"G-{feed}", **sub), meter(f"UPS-{feed}", "ups_output", f"T-{feed}", **sub),
            meter(f"E-{feed}", "excluded", f"T-{feed}"),
        ]  # fmt: skip
        for p in range(PDUS):
            rows.append(meter(f"P-{feed}{p:02d}", "pdu_output", f"UPS-{feed}", capacity=200, accuracy_class="0.5S"))
            rows += [meter(f"R-{feed}{p:02d}{r}", "it_input", f"P-{feed}{p:02d}", capacity=30) for r in range(RACKS_A_PDU)]
        rows += [meter(f"C-{feed}{n:02d}", "cooling", f"T-{feed}") for n in range(COOLERS)]
        rows += [meter(f"L-{feed}{n:02d}", "lighting", f"T-{feed}", register_digits=6) for n in range(LIGHTS)]
        for n in range(OTHERS):
            interval: Row = {"kind": "interval", "interval_minutes": 60, "interval_label": "end", "register_digits": None} if n < 2 else {}
            rows.append(meter(f"X-{feed}{n:02d}", "auxiliary", f"T-{feed}", **interval))
    water: Row = {"medium": "water", "unit": "m3", "capacity": 50, "accuracy_class": "2"}
    return rows + [meter(f"W-{n}", "water_supply", **water) for n in (1, 2)]


def _renewed(registry: list[Row], shown: dict[str, Shown]) -> list[Row]:
    """The registry with a new row from the day on which a meter was calibrated anew."""
    rows = list(registry)
    for row in registry:
        if (day := shown[row["meter_id"]].calibrated_on) is not None:
            row["calibrated_until"] = day
            rows.append({**row, "valid_from": day, "calibrated_until": f"{int(day[:4]) + 5}{day[4:]}"})
    return rows


def _events(site: Site, flows: Flows, shown: dict[str, Shown]) -> list[Row]:
    rows: list[Row] = []
    for meter_id, one in shown.items():
        if one.calibrated_on is not None:
            rows.append({"meter_id": meter_id, "at": f"{one.calibrated_on} 09:00", "kind": "calibration"})
        if one.replaced is not None:
            at, old, new = one.replaced
            rows.append({"meter_id": meter_id, "at": at, "kind": "replacement", "old_value": old, "new_value": new})
    rows += [
        {"meter_id": site.name(name), "at": _local(site.history, first), "kind": "outage", "note": "maintenance of the rack"}
        for name, first, _ in flows.rests
    ]
    return rows


def _local(history: History, hour: int) -> str:
    return str((np.datetime64(history.start, "m") + np.timedelta64(60 * hour, "m")).astype(str)).replace("T", " ")


# The other feeds --------------------------------------------------------------------------------------------------------


def feeds(site: Site, flows: Flows, shown: dict[str, Shown]) -> dict[str, list[Row]]:
    """Rows of every feed of a site but its meters, their events and readings, its equipment and how busy that is."""
    s, months = site.site_id, site.history.months
    declared = ("storage", "heat_reuse", "reclaimed_water", "retired_equipment")
    items = ("A3.fire", "A4.power", "C1.hub", "G1.display", "H1.status", "J1.scope12", "J2.operation")
    years = sorted({int(month[:4]) for month in months})
    assessed = [f"{year}-{day}" for year in (years[0] - 1, *years) for day in ("03-15", "09-15")]
    return {
        "sites": [
            {"site_id": s, "name": f"Simulated site {s}", "name_zh": f"模拟站点{s}", "cluster_id": "HF", "dc_type": "general",
             "geography": PLACES[site.number % len(PLACES)], "timezone": "Asia/Shanghai", "stage": "operation",
             "commissioned_on": "2022-06-01", "design_power_kw": 1500, "design_racks": 2 * PDUS * RACKS_A_PDU, "supply_points": 2,
             "backup_generators": 2, "onsite_sources": 1, "water_supply_points": 2, "storage": "none", "pue_category": site.category,
             "wue_category": 1, "valid_from": FOUNDED}
        ],
        "declarations": [
            {"site_id": s, "subject": subject, "statement": "none", "valid_from": FOUNDED, "by": "Simulated", "evidence": f"{s}-none.txt"}
            for subject in declared
        ],
        "practices": [
            {"site_id": s, "item_code": item, "level": 1, "assessed_on": day, "assessor": "Simulated", "evidence": f"{s}-practices.txt"}
            for day in assessed for item in items
        ],
        "activities": [
            {"site_id": s, "month": month, "activity": what, "quantity": amount, "unit": unit, "density_kg_per_l": density,
             "evidence": f"{s}-activities.txt"}
            for month in months
            for what, amount, unit, density in (("diesel", 300, "L", 0.84), ("R-134a", 0, "kg", None), ("purchased_heat", 0, "kWh", None))
        ],
        "telemetry": [
            {"site_id": s, "at": f"{month}-15 12:00", "variable": "outdoor_temperature", "value": 12, "unit": "Cel"} for month in months
        ],
        "tariffs": [{"site_id": s, "valid_from": FOUNDED, "price_per_kwh": 0.5, "currency": "CNY"}],
        "bills": [
            {"site_id": s, "meter_id": site.name(f"G-{feed}"), "period_start": f"{month}-01",
             "period_end": month_last_day(month).isoformat(),
             "quantity": f"{shown[site.name(f'G-{feed}')].metered(*site.history.span(month)):.2f}", "unit": "kWh", "amount": 1,
             "currency": "CNY", "statement_no": f"{s}-{feed}-{month}", "evidence": f"{s}-bills.txt"}
            for feed in FEEDS for month in months
        ],
        **_green(site, flows),
    }  # fmt: skip


def _utilisation(site: Site) -> list[Row]:
    first, last = site.history.span(site.history.months[0])[0], site.history.span(site.history.months[-1])[1]
    busy = np.clip(site.rng(3).normal(0.45, 0.06, last), 0.05, 0.95)
    return [
        {"scope": "site", "site_id": site.site_id, "at": _local(site.history, hour), "cpu_ratio": f"{busy[hour]:.3f}"}
        for hour in range(first, last)
    ]


def cmdb(site: Site, places: Sequence[str]) -> dict[str, list[Row]]:
    """A snapshot of the racks at some places, and of their devices, on the last day of each month."""
    days = [month_last_day(month).isoformat() for month in site.history.months]
    racks = [
        {"rack_id": f"{site.site_id}-R{place}", "site_id": site.site_id, "snapshot_on": day, "room": f"{site.site_id}-{place[0]}",
         "u_height": 42, "rated_kw": 12, "fitted_on": "2022-05-01", "ai_rack": "false"}
        for day in days for place in places
    ]  # fmt: skip
    devices = [
        {"device_id": f"{site.site_id}-D{place}{n}", "site_id": site.site_id, "snapshot_on": day, "rack_id": f"{site.site_id}-R{place}",
         "kind": "server", "u_size": 9, "rated_w": 2600, "powered_on": "true", "fp32_tflops": 40, "storage_tb": 30, "network_gbps": 100,
         "model": "simulated", "psu_count": 2, "psu_w": 3000, "commissioned_on": "2022-06-01"}
        for day in days for place in places for n in range(DEVICES_A_RACK)
    ]  # fmt: skip
    return {"racks": racks, "devices": devices}


def roof_code(site: Site) -> str:
    return f"HLTHYSOLR{site.number:08d}"


def _green(site: Site, flows: Flows) -> dict[str, list[Row]]:
    """The roof, whose own use is certified, and a green-power trade that covers about a third of what the site takes."""
    s, history = site.site_id, site.history
    roof, farm, own, trade = roof_code(site), f"HLTHYWIND{site.number:08d}", f"{s}-ROOF", f"{s}-TRADE"
    first, last = history.months[0], history.months[-1]
    found: dict[str, list[Row]] = {
        "projects": [
            {"project_code": roof, "name": f"Roof of {s}", "energy_type": "solar", "geography": PLACES[site.number % len(PLACES)],
             "commissioned_on": "2023-01-01", "capacity_mw": 0.1},
            {"project_code": farm, "name": f"Wind farm for {s}", "energy_type": "wind", "geography": PLACES[site.number % len(PLACES)],
             "commissioned_on": "2024-02-01", "capacity_mw": 50},
        ],
        "ppa_contracts": [
            {"contract_id": contract, "kind": kind, "seller": "Simulated", "project_code": code, "signed_on": "2023-12-01",
             "start_on": f"{first}-01", "end_on": month_last_day(last).isoformat(), "annual_mwh": annual, "attribute_clause": "bundled",
             "evidence": f"{contract}.txt"}
            for contract, kind, code, annual in ((own, "onsite_owned", roof, 100), (trade, "green_trade", farm, 3600))
        ],
        "ppa_site_shares": [
            {"contract_id": contract, "site_id": s, "share_ratio": 1, "valid_from": f"{first}-01",
             "valid_to": month_last_day(last).isoformat()} for contract in (own, trade)
        ],
        "ppa_settlements": [], "certificates": [], "certificate_events": [],
    }  # fmt: skip
    for month in history.months:
        span, after = slice(*history.span(month)), add_months(month, 1)
        taken = sum(float(flows.of[name][span].sum()) for name in ("G-A", "G-B"))
        # a little less than was made: no more is certified than the meter of the roof can show
        used = int(0.98 * float((flows.of["PV"][span] - flows.of["EX"][span]).sum()) / 1000)
        bought = int(0.3 * taken / 1000)
        found["ppa_settlements"].append(
            {"contract_id": trade, "month": month, "version": 1, "contract_mwh": bought, "ongrid_mwh": 9000, "mechanism_mwh": 0,
             "user_mwh": int(taken / 1000), "settled_mwh": bought, "statement_no": f"{trade}-{month}", "published_on": f"{after}-06",
             "evidence": f"{trade}-statements.txt"}
        )  # fmt: skip
        for code, count, kind in ((roof, used, "self_use"), (farm, bought + 500, "on_grid")):
            if not count:
                continue
            gec = f"{code}{month.replace('-', '')}{{:07d}}{'21' if kind == 'self_use' else '11'}"
            found["certificates"].append(
                {"project_code": code, "production_month": month, "seq_start": 1, "seq_end": count, "energy_class": kind,
                 "energy_type": "solar" if code == roof else "wind", "tradable": "false" if kind == "self_use" else "true",
                 "scheme": "GEC", "mechanism": "false", "ccer": "false", "issued_on": f"{after}-08", "gec_code_first": gec.format(1),
                 "gec_code_last": gec.format(count)}
            )  # fmt: skip

        def event(code: str, count: int, kind: str, channel: str, contract: str, on: str, month: str = month, **more: Any) -> Row:
            return {"project_code": code, "production_month": month, "seq_start": 1, "seq_end": count, "kind": kind, "channel": channel,
                    "contract_id": contract, "on": on, "evidence": f"{s}-cancellations.txt", **more}  # fmt: skip

        cancel = {"site_id": s, "beneficiary": s, "consumption_month": month}
        if used:
            found["certificate_events"].append(event(roof, used, "cancel", "self_use", own, f"{after}-20", **cancel))
        found["certificate_events"] += [
            event(farm, bought, "transfer", "green_trade", trade, f"{after}-12", to_account="Simulated"),
            event(farm, bought, "cancel", "green_trade", trade, f"{after}-20", **cancel),
        ]
    return found
