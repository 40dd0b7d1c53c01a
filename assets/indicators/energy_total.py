"""综合能耗 of a site and month: the energy of all carriers as standard coal (tce), by calorific value (当量值).

What each carrier comes to and what had to be left out belongs here; the factors are reference data. Electricity made by the site's own
generators is counted as the fuel burnt, never twice. What has no factor, or was not reported, is left out and named: the sum is then less
than the energy used, and compared with nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import polars as pl

from assets.indicators.activities import amount, reported
from assets.indicators.inputs import SiteMonth
from assets.reference.factors import Factor, FactorSet, MissingFactor, plain_name
from assets.reference.scope1 import decimal, in_factor_unit

Row = dict[str, Any]
TABLE = "indicators/energy_total"
ENERGY = {
    "site_id": pl.String, "month": pl.String, "carrier": pl.String, "quantity": pl.Float64, "unit": pl.String, "factor": pl.Float64,
    "factor_unit": pl.String, "document": pl.String, "tce": pl.Float64, "status": pl.String, "reason_en": pl.String, "reason_zh": pl.String,
}  # fmt: skip
TOTAL = "total"
COUNTED, LEFT_OUT, UNKNOWN, INCOMPLETE, WITHHELD = "counted", "left_out", "unknown", "incomplete", "withheld"
_KG_PER_T = 1000
_MJ_PER_WH = Fraction(36, 10_000)


def energy_rows(factors: FactorSet, site: SiteMonth) -> list[Row]:
    """Rows of ENERGY: each carrier, and their ``total`` in tce.

    ``status`` of a carrier: counted, left_out (not reported, no factor, unit not understood; the reason says which), unknown or withheld
    (electricity). Of the total: counted, incomplete (at least that much: a carrier is left out), unknown, withheld. Electricity is E_DC
    less backup generation (whose fuel counts), self-used and directly delivered generation included. Source: GB/T 2589 (当量值); what
    counts as a data centre's energy is a project convention.
    """
    rows = [_electricity(factors, site), *_fuels(factors, site), _heat(factors, site)]
    return [dict.fromkeys(ENERGY) | {"site_id": site.site_id, "month": site.month} | row for row in [*rows, _total(rows)]]


def _total(rows: list[Row]) -> Row:
    electricity = rows[0]
    if electricity["status"] != COUNTED:
        return {"carrier": TOTAL, **{name: electricity[name] for name in ("status", "reason_en", "reason_zh")}}
    tce = float(sum((decimal(r["quantity"]) * decimal(r["factor"]) for r in rows if r["status"] == COUNTED), Fraction(0)) / _KG_PER_T)
    if left := [row for row in rows if row["status"] == LEFT_OUT]:
        en, zh = "; ".join(row["reason_en"] for row in left), ";".join(row["reason_zh"] for row in left)
        return {"carrier": TOTAL, "tce": tce, "status": INCOMPLETE, "reason_en": f"left out: {en}", "reason_zh": f"未计入:{zh}"}
    return {"carrier": TOTAL, "tce": tce, "status": COUNTED}


def _counted(factor: Factor, quantity: Fraction) -> Row:
    amount_ = float(quantity)
    return {
        "carrier": factor.name, "quantity": amount_, "unit": factor.unit.split("/")[1], "factor": factor.value, "factor_unit": factor.unit,
        "document": factor.source, "tce": float(decimal(amount_) * decimal(factor.value) / _KG_PER_T), "status": COUNTED,
    }  # fmt: skip


def _open(carrier: str, status: str, en: str, zh: str) -> Row:
    return {"carrier": carrier, "status": status, "reason_en": en, "reason_zh": zh}


def _missing(carrier: str, factor: MissingFactor) -> Row:
    return _open(carrier, LEFT_OUT, factor.text_en, factor.text_zh)


def _electricity(factors: FactorSet, site: SiteMonth) -> Row:
    if held := site.withheld.get("E_DC"):
        return _open("electricity", WITHHELD, f"E_DC is withheld ({', '.join(held)})", f"E_DC 暂缓发布({', '.join(held)})")
    e_dc, backup = site.energy.get("E_DC"), site.energy.get("point:backup_generation")
    if e_dc is None or not e_dc.known or e_dc.value is None or (backup is not None and backup.value is None):
        return _open("electricity", UNKNOWN, "the electricity of the month is unknown", "当月用电量未知")
    factor = factors.coal_equivalent("electricity", site.month)
    if isinstance(factor, MissingFactor):
        return _open("electricity", UNKNOWN, factor.text_en, factor.text_zh)
    generated = backup.value or 0 if backup is not None else 0
    return _counted(factor, Fraction(e_dc.value - generated, 1000))


def _fuels(factors: FactorSet, site: SiteMonth) -> list[Row]:
    """Every fuel of the month's activities: a quantity of 0 is a statement; a fuel without a factor is named."""
    known: dict[str, list[Mapping[str, Any]]] = {}
    for row in site.activities:
        activity = str(row["activity"])
        refrigerant = plain_name(activity)[:2] in {f"R{digit}" for digit in range(10)}
        if not factors.is_outside_scope_1(activity) and (factors.is_fuel(activity) or not refrigerant):
            known.setdefault(activity, []).append(row)
    rows = [found for activity, stated in sorted(known.items()) if (found := _fuel(factors, site.month, activity, stated))]
    said = any(factors.is_fuel(activity) for activity in known) or "fuel" in site.declared
    if not said:
        rows.append(_open("fuel", LEFT_OUT, "fuel is not reported", "燃料未报送"))
    return rows


def _fuel(factors: FactorSet, month: str, activity: str, stated: list[Mapping[str, Any]]) -> Row | None:
    if all(float(row["quantity"]) == 0 for row in stated):
        return None
    factor = factors.coal_equivalent(activity, month)
    if isinstance(factor, MissingFactor):
        return _missing(activity, factor)
    total = Fraction(0)
    for row in stated:
        quantity = in_factor_unit(float(row["quantity"]), str(row["unit"]), row.get("density_kg_per_l"), factor)
        if isinstance(quantity, tuple):
            return _open(activity, LEFT_OUT, f"{activity}: {quantity[0]}", f"{activity}:{quantity[1]}")
        total += quantity
    return _counted(factor, total)


def _heat(factors: FactorSet, site: SiteMonth) -> Row:
    name = "purchased_heat"
    metered = site.energy.get("point:heat_supply")
    wh = metered.value if metered is not None else amount(site, name, "heat")
    if wh is None:
        if metered is not None or reported(site, name):
            return _open(name, LEFT_OUT, "the bought heat is unknown, or its unit is none of heat", "外购热力未知或单位不符")
        return _open(name, LEFT_OUT, "bought heat is not reported (0 is a statement)", "外购热力未报送(可填 0)")
    factor = factors.coal_equivalent(name, site.month)
    return _missing(name, factor) if isinstance(factor, MissingFactor) else _counted(factor, wh * _MJ_PER_WH)
