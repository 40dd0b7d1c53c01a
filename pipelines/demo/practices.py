"""What the simulated sites say about themselves: practices, activities, declarations, tariffs, bills, and the documents behind them.

Assessments are made twice, so that every month has one within the twelve months before its end. One planted fault is here: an assessment
that names a document nobody handed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from pipelines.demo.faults import FAULTS
from pipelines.demo.fleet import MONTHS, SITES
from pipelines.demo.registers import Truth
from resources.calendar import add_months, month_last_day

Row = dict[str, Any]

# Item codes of edition whitepaper-2024.1, with the level found in the first and in the second round.
_A, _B, _C = 1.0, 0.7, 0.4  # availability classes (GB 50174)
_ITEMS: dict[str, dict[str, tuple[float, float]]] = {
    "HL01": {
        "A3.physical": (0.9, 0.9), "A3.personnel": (0.8, 0.9), "A3.equipment": (0.8, 0.8), "A3.fire": (0.9, 0.9), "A3.network": (0.8, 0.9),
        "A4.power": (_A, _A), "A4.temperature": (_B, _B), "A4.monitoring": (_B, _A), "A4.cabling": (_B, _B),
        "C1.hub": (1, 1), "C1.renewable": (1, 1), "C1.latency": (0.5, 0.5), "C1.approval": (1, 1), "C1.density": (0.5, 0.5),
        "G1.display": (1, 1), "G1.analysis": (1, 1), "G1.trend": (1, 1), "G1.hierarchy": (1, 1), "G1.drivers": (0.5, 1),
        "G1.forecast": (0, 0), "G1.saving": (1, 1), "G1.control": (0.5, 1), "G1.billing": (1, 1), "G1.trading": (0, 0),
        "H1.status": (1, 1), "H1.analysis": (1, 1), "H1.trend": (0.5, 1), "H1.abatement": (0.5, 0.5), "H1.trading": (0, 0),
        "H1.report": (1, 1),
        "J1.scope12": (1, 1), "J1.scope3": (0, 0.5),
        "J2.organisation": (1, 1), "J2.build": (0.5, 0.5), "J2.operation": (1, 1), "J2.retirement": (0.5, 0.5),
    },
    "HL02": {
        "A3.physical": (0.9, 1), "A3.personnel": (0.8, 0.9), "A3.equipment": (0.9, 0.9), "A3.fire": (1, 1), "A3.network": (0.8, 0.8),
        "A4.power": (_A, _A), "A4.temperature": (_B, _B), "A4.monitoring": (_A, _A), "A4.cabling": (_B, _B),
        "C1.hub": (1, 1), "C1.renewable": (1, 1), "C1.latency": (0.5, 0.5), "C1.approval": (1, 1), "C1.density": (1, 1),
        "G1.display": (1, 1), "G1.analysis": (1, 1), "G1.trend": (1, 1), "G1.hierarchy": (1, 1), "G1.drivers": (0.5, 1),
        "G1.forecast": (0.5, 0.5), "G1.saving": (1, 1), "G1.control": (0.5, 1), "G1.billing": (1, 1), "G1.trading": (0, 0),
        "H1.status": (1, 1), "H1.analysis": (1, 1), "H1.trend": (0.5, 1), "H1.abatement": (0.5, 0.5), "H1.trading": (0, 0),
        "H1.report": (1, 1),
        "J1.scope12": (1, 1), "J1.scope3": (0, 0.5),
        "J2.organisation": (1, 1), "J2.build": (0.5, 0.5), "J2.operation": (0.5, 1), "J2.retirement": (0.5, 0.5),
    },
    "HL03": {
        "A3.physical": (0.7, 0.7), "A3.personnel": (0.7, 0.7), "A3.equipment": (0.6, 0.6), "A3.fire": (0.7, 0.8), "A3.network": (0.6, 0.7),
        "A4.power": (_B, _B), "A4.temperature": (_C, _C), "A4.monitoring": (_C, _B), "A4.cabling": (_C, _C),
        "C1.hub": (1, 1), "C1.renewable": (1, 1), "C1.latency": (0.5, 0.5), "C1.approval": (0, 0.5), "C1.density": (0, 0),
        "G1.display": (1, 1), "G1.analysis": (0.5, 0.5), "G1.trend": (0, 0.5), "G1.hierarchy": (0.5, 0.5), "G1.drivers": (0, 0),
        "G1.forecast": (0, 0), "G1.saving": (0.5, 1), "G1.control": (0, 0), "G1.billing": (1, 1), "G1.trading": (0, 0),
        "H1.status": (0.5, 1), "H1.analysis": (0, 0.5), "H1.trend": (0, 0), "H1.abatement": (0, 0), "H1.trading": (0, 0),
        "H1.report": (0.5, 1),
        "J1.scope12": (1, 1), "J1.scope3": (0, 0),
        "J2.organisation": (0.5, 0.5), "J2.build": (0, 0), "J2.operation": (0.5, 0.5), "J2.retirement": (0, 0.5),
    },
}  # fmt: skip
ROUNDS = ("2025-01-15", "2025-10-20")
ASSESSOR = "模拟评估机构 Simulated assessor"


def practices(site_id: str) -> tuple[list[Row], dict[str, str]]:
    """The feed ``practices`` of a site and its documents; the planted one is assessed once more without, and then again with a document."""
    rows, evidence = [], {}
    for round_number, day in enumerate(ROUNDS):
        document = f"{site_id}-assessment-{day}.txt"
        evidence[document] = f"{_name(site_id, 'zh')} {day} 管理实践评估报告 · Assessment of practices, {_name(site_id)}, {day}."
        rows += [_assessed(site_id, item, levels[round_number], day, document) for item, levels in _ITEMS[site_id].items()]
    fault = FAULTS["no_document"]
    if fault.site_id == site_id:
        level = _ITEMS[site_id][fault.subject][0]
        missing, handed_in = f"{fault.month}-05", f"{add_months(fault.month, 1)}-03"
        rows.append(_assessed(site_id, fault.subject, level, missing, f"{site_id}-assessment-{missing}.txt"))
        document = f"{site_id}-assessment-{handed_in}.txt"
        rows.append(_assessed(site_id, fault.subject, level, handed_in, document))
        evidence[document] = f"{_name(site_id, 'zh')} {fault.subject} 补充评估 · Assessment of {fault.subject}, {handed_in}."
    return rows, evidence


def _name(site_id: str, language: str = "en") -> object:
    return SITES[site_id].row["name_zh" if language == "zh" else "name"]


def _assessed(site_id: str, item: str, level: float, day: str, document: str) -> Row:
    return {"site_id": site_id, "item_code": item, "level": level, "assessed_on": day, "assessor": ASSESSOR, "evidence": document}


# Subjects a site declares to have none of.
_NONE = {
    "HL01": ("storage", "heat_reuse"),
    "HL02": ("storage", "refrigerant", "onsite_generation", "export"),
    "HL03": ("storage", "onsite_generation", "export", "shared_load", "heat_reuse", "reclaimed_water"),
}


def declarations(site_id: str) -> tuple[list[Row], dict[str, str]]:
    """The feed ``declarations`` of a site and its document."""
    document = f"{site_id}-declarations.txt"
    rows = [
        {"site_id": site_id, "subject": subject, "statement": "none", "valid_from": "2025-01-01", "by": "模拟填报人", "evidence": document}
        for subject in _NONE[site_id]
    ]
    return rows, {document: f"{_name(site_id, 'zh')} 声明 · Declarations of {_name(site_id)}."}


DIESEL_L_PER_KWH, DIESEL_DENSITY = 0.262, 0.84
_RECLAIMED = {"HL01": 0.32, "HL02": 0.22}
_RETIRED_KG = {"HL01": 420.0, "HL02": 160.0, "HL03": 380.0}
_REUSED = {"HL01": 0.55, "HL02": 0.70, "HL03": 0.20}


def activities(
    site_id: str, months: list[str], truth: Mapping[str, Truth], backup_kwh: Mapping[str, float]
) -> tuple[list[Row], dict[str, str]]:
    """The feed ``activities`` of a site: diesel of the generators' tests, refrigerant, water and heat recovered, equipment, no bought heat.

    ``truth`` and ``backup_kwh`` by month: what the recovered quantities and the diesel are in proportion to.
    """
    rows: list[Row] = []
    evidence = {}
    for month in months:
        number, document = MONTHS.index(month), f"{site_id}-activities-{month}.txt"
        evidence[document] = f"{_name(site_id, 'zh')} {month} 活动数据凭证 · Vouchers for {_name(site_id)}, {month}."
        retired = round(_RETIRED_KG[site_id] * (1 + 0.3 * (number % 3)), 1)
        found: list[tuple[str, float, str, float | None]] = [
            ("diesel", round(backup_kwh[month] * DIESEL_L_PER_KWH, 1), "L", DIESEL_DENSITY),
            ("purchased_heat", 0.0, "kWh", None),
            ("equipment_retired", retired, "kg", None),
            ("equipment_reused", round(retired * _REUSED[site_id], 1), "kg", None),
        ]
        if site_id != "HL02":  # HL02 declares to have no refrigerant
            name, kilograms = ("R-134a", 12.0) if site_id == "HL01" else ("R-22", 9.0)
            found.append((name, kilograms if number % 4 == 2 else 0.0, "kg", None))
        if site_id in _RECLAIMED:
            found.append(("reclaimed_water", round(truth[month].water_l / 1000 * _RECLAIMED[site_id], 1), "m3", None))
        if site_id == "HL02":
            winter = (1.0, 0.8, 0.5, 0.2, 0, 0, 0, 0, 0.1, 0.4, 0.8, 1.0)[int(month[5:]) - 1]
            found.append(("heat_reused", round(truth[month].e_dc_wh / 1e9 * 0.12 * winter, 2), "MWh", None))
        rows += [
            {"site_id": site_id, "month": month, "activity": what, "quantity": quantity, "unit": unit, "density_kg_per_l": density,
             "evidence": document}
            for what, quantity, unit, density in found
        ]  # fmt: skip
    return rows, evidence


@dataclass(frozen=True)
class Supplied:
    """What a supply meter shows for a month: kWh of each clock hour from the first on, and the highest quarter-hour's mean power."""

    hours_kwh: NDArray[np.float64]
    demand_kw: float


def bills(site_id: str, supplied: Mapping[str, Mapping[str, Supplied]]) -> tuple[list[Row], dict[str, str]]:
    """The feed ``bills`` of a site: one a month for each supply, by the supplier's own meter, which differs from ours by up to 0.2 %.

    ``supplied``: what each supply meter of the site shows, by meter and month. The amount is that energy by the periods of the tariff, and
    the highest quarter-hour for the demand charge.
    """
    rows, evidence = [], {}
    for meter_id, by_month in sorted(supplied.items()):
        theirs = 1 + (crc32(meter_id.encode()) % 401 - 200) / 100_000
        for month, one in by_month.items():
            document = f"{meter_id}-bill-{month}.txt"
            evidence[document] = f"{meter_id} {month} 电费账单 · Electricity bill of {meter_id}, {month}."
            prices = np.array([_price(site_id, month, hour) for hour in range(24)])
            energy = float((one.hours_kwh.reshape(-1, 24).sum(axis=0) * prices).sum())
            charge = DEMAND_CHARGE * one.demand_kw if site_id in _BY_PERIOD else 0.0
            rows.append(
                {
                    "site_id": site_id, "meter_id": meter_id, "period_start": f"{month}-01", "period_end": str(month_last_day(month)),
                    "quantity": round(float(one.hours_kwh.sum()) * theirs, 1), "unit": "kWh",
                    "amount": round((energy + charge) * theirs, 2), "currency": "CNY", "statement_no": f"SIM-{meter_id}-{month}",
                    "evidence": document,
                }
            )  # fmt: skip
    return rows, evidence


# Invented prices: by year the price of a flat hour; two sites pay by period and for their demand, one pays one price.
_FLAT = {"HL01": (0.462, 0.455), "HL02": (0.448, 0.441), "HL03": (0.531, 0.524)}
_YEARS = ("2025-01-01", "2026-01-01")
_BY_PERIOD = ("HL01", "HL02")
_FACTORS = {"sharp": 1.6, "peak": 1.4, "valley": 0.6}
_HOURS = {"sharp": ((18, 21),), "peak": ((10, 12), (16, 22)), "valley": ((23, 7),)}
_SHARP_MONTHS = (7, 8)
DEMAND_CHARGE = 32.0


def _price(site_id: str, month: str, hour: int) -> float:
    """What a kWh costs in an hour of the day, as ``tariffs`` states it."""
    flat = _FLAT[site_id][int(month >= _YEARS[1][:7])]
    if site_id not in _BY_PERIOD:
        return flat
    for period, spans in _HOURS.items():
        inside = any(first <= hour < after if first < after else hour >= first or hour < after for first, after in spans)
        if inside and (period != "sharp" or int(month[5:]) in _SHARP_MONTHS):
            return round(flat * _FACTORS[period], 4)
    return flat


def tariffs(site_id: str) -> list[Row]:
    """The feed ``tariffs`` of a site: one row for all hours, or one for each period of the day; what no period names is flat."""
    rows: list[Row] = []
    for day, flat in zip(_YEARS, _FLAT[site_id], strict=True):
        base = {"site_id": site_id, "valid_from": day, "currency": "CNY"}
        if site_id not in _BY_PERIOD:
            rows.append(base | {"price_per_kwh": flat})
            continue
        rows.append(base | {"price_per_kwh": flat, "period": "flat", "demand_charge_per_kw": DEMAND_CHARGE})
        for period, spans in _HOURS.items():
            hours = " ".join(f"{first:02d}:00-{after:02d}:00" for first, after in spans)
            months = {"months": f"{_SHARP_MONTHS[0]}-{_SHARP_MONTHS[-1]}"} if period == "sharp" else {}
            rows.append(base | {"price_per_kwh": round(flat * _FACTORS[period], 4), "period": period, "hours": hours, **months})
    return rows
