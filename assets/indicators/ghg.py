"""The greenhouse gas inventory of a site and month: one row for each source, with its factor, vintage and document.

The figures are those of ``carbon.py``: here they are only taken apart, by meter, activity and claim, so that the rows of a scope sum to the
published figure exactly. What is not known is a row too, with its reason. Scope 3 stands apart and is in no ratio.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import polars as pl

from assets.indicators.carbon import Emissions, GridEnergy
from assets.indicators.inputs import SiteMonth
from assets.reference.factors import Factor, FactorSet, MissingFactor, country
from assets.reference.scope1 import EmissionLine, Gap, Scope1, decimal
from assets.reference.scope3 import Scope3, category
from assets.staging.energies import SCALED

Row = dict[str, Any]
TABLE = "indicators/ghg_inventory"
GHG = {
    "site_id": pl.String, "month": pl.String, "scope": pl.String, "line": pl.Int64, "category": pl.String, "source": pl.String,
    "subject": pl.String, "quantity": pl.Float64, "unit": pl.String, "stated_quantity": pl.Float64, "stated_unit": pl.String,
    "density_kg_per_l": pl.Float64, "factor": pl.Float64, "factor_unit": pl.String, "vintage": pl.String, "published_on": pl.String,
    "published_late": pl.Boolean, "document": pl.String, "gwp_set": pl.String, "emissions_kg": pl.Float64, "status": pl.String,
    "reason_en": pl.String, "reason_zh": pl.String, "evidence": pl.String, "entry": pl.Int64, "source_row": pl.Int64,
}  # fmt: skip
# Scopes in the order of the inventory. The fossil sensitivity is the market-based figure at another factor: never added to anything.
SCOPES = ("1", "2_location", "2_market", "2_fossil", "3")
CLAIM_RATE = "GHG Protocol Scope 2 Guidance: rate of the instrument (wind, solar, hydro: 0)"
# What each figure reads: when the gate withholds one of these, the figure is withheld.
_READS = {
    "1": ("fuel", "factors"), "2_location": ("E_DC", "factors"), "2_market": ("claims", "E_DC", "factors"),
    "2_fossil": ("claims", "E_DC", "factors"), "3": (),
}  # fmt: skip
_KIND = {"2_location": "average", "2_market": "residual", "2_fossil": "fossil"}
_SUBJECT_ZH = {"fuel": "燃料", "refrigerant": "制冷剂"}
# Points that count in E_DC and are not electricity taken from the grid.
_OWN = ("direct_line", "backup_generation", "onsite_generation", "export", "storage_charge", "storage_discharge")


@dataclass(frozen=True)
class Sources:
    """What the figures of a site-month came from, beside the figures.

    ``energies``: rows of ``staging/energies`` of the site; ``meters``: registry row by meter (site_id, point, project_code, entry,
    source_row); ``claims``: rows of ``staging/claims`` of the site and month.
    """

    scope1: Scope1
    scope3: Scope3
    energy: GridEnergy
    energies: Iterable[Mapping[str, Any]]
    meters: Mapping[str, Mapping[str, Any]]
    claims: Iterable[Mapping[str, Any]]


def inventory_rows(factors: FactorSet, site: SiteMonth, cutoff_day: int, sources: Sources) -> list[Row]:
    """Rows of the inventory of a site and month (columns ``GHG``), scope by scope.

    Every scope has at least one row; ``status``: ``counted``, ``not_reported``, ``unknown``, ``withheld``. Quantities are in the factor's
    unit (kWh, kg, Nm3), emissions in kg CO2e. Σ quantity × factor of the counted rows of a scope is its published figure, exactly.
    Source: green-power.md §5; GHG Protocol Scope 2 Guidance (both figures side by side).
    """
    emissions = site.emissions
    if emissions is None:
        return []
    made = {
        "1": _scope1(emissions, sources.scope1),
        "2_location": _location(factors, site, cutoff_day, emissions, sources),
        "2_market": _market(factors, site, cutoff_day, emissions, sources),
        "2_fossil": _fossil(factors, site, cutoff_day, emissions),
        "3": _scope3(factors, sources.scope3),
    }
    rows = []
    for scope in SCOPES:
        held = [quantity for quantity in _READS[scope] if quantity in site.withheld]
        found = [_withheld(site, held)] if held else made[scope]
        rows += [_row(site, scope, number, row) for number, row in enumerate(found, start=1)]
    return rows


def published_kg(emissions: Emissions) -> dict[str, float | None]:
    """The figure of each scope that the inventory must sum to; scope 3 has none."""
    return {
        "1": emissions.scope1_kg, "2_location": emissions.scope2_location_kg, "2_market": emissions.scope2_market_kg,
        "2_fossil": emissions.scope2_fossil_kg,
    }  # fmt: skip


def sum_of(rows: Iterable[Mapping[str, Any]]) -> float | None:
    """Σ quantity × factor of one scope's rows as decimals, rounded once (kg CO2e); None when one is unknown or withheld, or none counts."""
    listed = list(rows)
    counted = [row for row in listed if row["status"] == "counted"]
    if not counted or any(row["status"] in ("unknown", "withheld") for row in listed):
        return None
    return float(sum((decimal(row["quantity"]) * decimal(row["factor"]) for row in counted), Fraction(0)))


def _row(site: SiteMonth, scope: str, number: int, values: Row) -> Row:
    base: Row = dict.fromkeys(GHG) | {"site_id": site.site_id, "month": site.month, "scope": scope, "line": number, "status": "counted"}
    return base | values


def _not_counted(status: str, en: str, zh: str, **values: Any) -> Row:
    return {"status": status, "reason_en": en, "reason_zh": zh, "category": "", "source": "", "subject": "", **values}


def _withheld(site: SiteMonth, held: list[str]) -> Row:
    rules = ", ".join(sorted({rule for quantity in held for rule in site.withheld[quantity]}))
    names = ", ".join(held)
    return _not_counted("withheld", f"withheld at the gate: {names} ({rules})", f"暂缓发布:{names}({rules})")


def _priced(factor: Factor, quantity: Fraction, **values: Any) -> Row:
    amount = float(quantity)
    return {
        "quantity": amount, "factor": factor.value, "factor_unit": factor.unit, "vintage": factor.vintage,
        "published_on": factor.published_on, "published_late": factor.published_late, "document": factor.source,
        "emissions_kg": float(decimal(amount) * decimal(factor.value)), **values,
    }  # fmt: skip


def _of_line(line: EmissionLine, name: str) -> Row:
    """An activity's row: what it states, what it came to, and by which factor."""
    stated = line.row or {}
    return {
        "category": name, "source": "activity", "subject": line.subject, "quantity": line.quantity, "unit": line.quantity_unit,
        "stated_quantity": float(stated["quantity"]), "stated_unit": stated["unit"],
        "density_kg_per_l": stated.get("density_kg_per_l") if line.quantity_unit == "kg" and stated["unit"] in ("L", "m3", "mL") else None,
        "factor": line.factor, "factor_unit": line.factor_unit, "vintage": line.vintage, "published_on": line.published_on or None,
        "published_late": line.published_late, "document": line.source, "emissions_kg": line.emissions_kg,
        "evidence": stated.get("evidence"), "entry": stated.get("entry"), "source_row": stated.get("source_row"),
    }  # fmt: skip


def _of_gap(gap: Gap, name: str) -> Row:
    return _not_counted(
        "unknown",
        gap.text_en,
        gap.text_zh,
        category=name,
        source="activity",
        subject=gap.activity,
        entry=gap.entry,
        source_row=gap.source_row,
    )


def _scope1(emissions: Emissions, scope1: Scope1) -> list[Row]:
    rows = []
    for line in scope1.lines:
        refrigerant = line.factor_unit == "kgCO2e/kg"
        row = _of_line(line, "refrigerant" if refrigerant else "fuel_combustion")
        rows.append(row | {"gwp_set": line.vintage if refrigerant else None})
    rows += [_of_gap(gap, "refrigerant" if gap.kind == "gwp" else "fuel_combustion") for gap in scope1.gaps]
    if scope1.is_fuel_unsaid:
        en, zh = "fuel was burnt, or may have been, and is not reported", "已用或可能已用燃料,但未报送"
        return [*rows, _not_counted("unknown", en, zh, category="fuel_combustion", source="meter", subject="fuel")]
    if scope1.is_silent:
        return [_not_counted("not_reported", "no fuel or refrigerant row and no declaration", "无燃料、制冷剂记录,亦无声明")]
    if not rows and emissions.scope1_kg is not None:
        rows.append(_nothing("activity", "declared, or stated as 0", "已声明无,或填报为零"))
    return rows + [
        _not_counted("not_reported", f"nothing was said about {subject}", f"未说明{_SUBJECT_ZH[subject]}", category=kind, subject=subject)
        for subject, kind in (("fuel", "fuel_combustion"), ("refrigerant", "refrigerant"))
        if subject in scope1.unreported
    ]


def _nothing(source: str, en: str, zh: str) -> Row:
    """A scope that is known to be zero: a row of quantity 0, so that it sums to 0 and says why."""
    return {
        "category": "", "source": source, "subject": "none", "quantity": 0.0, "unit": "", "factor": 0.0, "emissions_kg": 0.0,
        "reason_en": en, "reason_zh": zh,
    }  # fmt: skip


def _scope3(factors: FactorSet, scope3: Scope3) -> list[Row]:
    if not scope3.lines and not scope3.gaps:
        return [_not_counted("not_reported", "no scope 3 activity is declared (optional)", "未填报范围三活动(可选)")]
    rows = [_of_line(line, _category3(factors, line.subject)) for line in scope3.lines]
    return rows + [_of_gap(gap, _category3(factors, gap.activity)) for gap in scope3.gaps]


def _category3(factors: FactorSet, activity: str) -> str:
    found = category(factors, activity)
    return f"scope3_{found['number']}" if found else "scope3"


def _grid_factor(factors: FactorSet, site: SiteMonth, cutoff_day: int, scope: str) -> Factor | MissingFactor:
    geography = (site.site or {})["geography"]
    place = geography if scope == "2_location" else country(geography)
    return factors.grid(place, _KIND[scope], site.month, cutoff_day)


def _unknown2(factor: Factor | MissingFactor, en: str, zh: str) -> list[Row]:
    """Why a scope 2 figure is unknown: its factor, or what it is of."""
    if isinstance(factor, MissingFactor):
        en, zh = factor.text_en, factor.text_zh
    return [_not_counted("unknown", en, zh, category="purchased_electricity")]


def _location(factors: FactorSet, site: SiteMonth, cutoff_day: int, emissions: Emissions, sources: Sources) -> list[Row]:
    """E_grid meter by meter; what on-site generation leaves over (never below zero) as one row, so that nothing is lost."""
    factor, grid = _grid_factor(factors, site, cutoff_day, "2_location"), sources.energy.grid
    if isinstance(factor, MissingFactor) or emissions.scope2_location_kg is None or grid is None:
        return _unknown2(factor, "the electricity from the grid is unknown", "电网购入电量未知")
    here = [row for row in sources.meters.values() if row["site_id"] == site.site_id]
    own = {row["project_code"] for row in here if row["point"] == "onsite_generation" and row["project_code"]}
    rows, left = [], grid
    for entry in sorted(sources.energies, key=lambda r: str(r["meter_id"])):
        meter = sources.meters.get(entry["meter_id"], {})
        plant = meter.get("point") == "excluded" and meter.get("project_code") in own
        if entry["measure"] != "E_DC" or not entry["meter_id"] or not entry["quantity"] or meter.get("point") in _OWN or plant:
            continue
        left -= entry["quantity"]
        filled = entry["meter_id"] == SCALED
        rows.append(
            _priced(
                factor,
                Fraction(entry["quantity"], 1000),
                category="purchased_electricity",
                source="meter",
                unit="kWh",
                subject="unmetered hours, filled in proportion" if filled else entry["meter_id"],
                entry=meter.get("entry"),
                source_row=meter.get("source_row"),
            )
        )
    if left or not rows:
        en, zh = "own generation and storage, less what was self-used", "现场发电与储能扣除自用后的余额"
        values = {"category": "purchased_electricity", "source": "meter", "unit": "kWh", "subject": "own generation and storage, rest"}
        rows.append(_priced(factor, Fraction(left, 1000), **values, reason_en=en, reason_zh=zh))
    return rows


def _market(factors: FactorSet, site: SiteMonth, cutoff_day: int, emissions: Emissions, sources: Sources) -> list[Row]:
    """What no claim covers at the residual factor; each claim at its own rate 0, with its document; what is claimed beyond the load."""
    factor, bought = _grid_factor(factors, site, cutoff_day, "2_market"), sources.energy.bought_or_claimed
    if isinstance(factor, MissingFactor) or emissions.scope2_market_kg is None or bought is None:
        return _unknown2(factor, "claims or energies are unknown", "绿电主张或电量未知")
    uncovered = _uncovered_kwh(emissions, "2M")
    rows = [
        _priced(factor, uncovered, category="purchased_electricity", source="meter", unit="kWh", subject="electricity that no claim covers")
    ]
    zero = {"factor": 0.0, "factor_unit": "kgCO2/kWh", "document": CLAIM_RATE, "emissions_kg": 0.0, "published_late": False, "unit": "kWh"}
    claimed = Fraction(0)
    for claim in sources.claims:
        if claim["status"] != "eligible" or not claim["carbon_free"] or not claim["quantity_wh"]:
            continue
        quantity = Fraction(claim["quantity_wh"], 1000)
        claimed += quantity
        rows.append(
            {
                **zero, "category": "claimed_electricity", "source": "claims", "subject": _claim_name(claim), "quantity": float(quantity),
                "vintage": claim["production_month"], "evidence": claim["evidence"], "entry": claim["entry"],
                "source_row": claim["source_row"],
            }
        )  # fmt: skip
    surplus = claimed + uncovered - Fraction(bought, 1000)
    if surplus > 0:
        en, zh = "claimed beyond the electricity it could cover: not counted", "主张电量超过可覆盖电量的部分:不计入"
        rows.append(
            {**zero, "category": "claimed_electricity", "source": "claims", "subject": "surplus", "quantity": -float(surplus),
             "reason_en": en, "reason_zh": zh}
        )  # fmt: skip
    return rows


def _fossil(factors: FactorSet, site: SiteMonth, cutoff_day: int, emissions: Emissions) -> list[Row]:
    factor = _grid_factor(factors, site, cutoff_day, "2_fossil")
    if isinstance(factor, MissingFactor) or emissions.scope2_fossil_kg is None:
        return _unknown2(factor, "claims or energies are unknown", "绿电主张或电量未知")
    en, zh = "sensitivity of the market-based figure: never added", "基于市场法数值的敏感性:不参与合计"
    return [
        _priced(
            factor, _uncovered_kwh(emissions, "2F"), category="purchased_electricity", source="meter", unit="kWh",
            subject="electricity that no claim covers", reason_en=en, reason_zh=zh,
        )
    ]  # fmt: skip


def _uncovered_kwh(emissions: Emissions, scope: str) -> Fraction:
    """The uncovered electricity that the published figure was computed from."""
    return decimal(next(line.quantity for line in emissions.lines if line.scope == scope))


def _claim_name(claim: Mapping[str, Any]) -> str:
    """``SIMHLWIND00000001 2026-03 1–612 (direct_line)``, or the generation meter of self-use."""
    if claim["seq_start"] is None:
        return f"{claim['meter_id'] or claim['project_code'] or ''} ({claim['route']})"
    return f"{claim['project_code']} {claim['production_month']} {claim['seq_start']}–{claim['seq_end']} ({claim['route']})"
