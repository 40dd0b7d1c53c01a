"""Scope 3 of a site and month, optional: declared activities by category of the GHG Protocol; and what of them can't be counted.

Only what a site declares is here, as its documents state it; nothing is estimated. It never enters CUE: scopes 1 and 2 do not know this
module. Emissions are kg CO2e.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from assets.reference.factors import Factor, FactorSet, MissingFactor
from assets.reference.scope1 import EmissionLine, Gap, decimal, emission_line, sum_kg

_KWH = {"kWh": Fraction(1), "MWh": Fraction(1000), "万kWh": Fraction(10_000), "Wh": Fraction(1, 1000)}
STATED = "kgCO2e/kgCO2e"  # the unit of the factor 1 of emissions that a document states


@dataclass(frozen=True)
class Scope3:
    """Scope 3 of a site-month. ``kg`` is None when nothing is declared (no line, no gap) or something declared can't be counted."""

    kg: float | None
    lines: tuple[EmissionLine, ...]
    gaps: tuple[Gap, ...]


def measure_scope3(factors: FactorSet, geography: str, month: str, cutoff_day: int, activities: Iterable[Mapping[str, Any]]) -> Scope3:
    """Σ declared activities × factors (kg CO2e) of one site and month.

    ``activities``: its rows (activity, quantity, unit, evidence). Grid losses in kWh count at the grid factor of the site's geography (as
    its location-based figure); everything else as emissions that are stated (kgCO2e, tCO2e). Another unit is a gap, and the sum is then
    unknown. Source: green-power.md §5; GHG Protocol, Corporate Value Chain Standard.
    """
    lines: list[EmissionLine] = []
    gaps: list[Gap] = []
    scope3 = factors.data["scope3"]
    for row in sorted(activities, key=lambda r: (str(r["activity"]), float(r["quantity"]), str(r["unit"]))):
        activity, unit, month_of = str(row["activity"]), str(row["unit"]), f"{row['activity']} in {month}"
        if not is_scope3(factors, activity):
            continue
        per_kg = scope3["stated_units"].get(_plain(unit))
        if per_kg is not None:
            stated = Factor(activity, "stated", month[:4], 1.0, STATED, "", str(row.get("evidence") or ""))
            lines.append(emission_line("3", activity, decimal(row["quantity"]) * per_kg, "kgCO2e", stated, row))
            continue
        place = (row.get("entry"), row.get("source_row"))
        if activity != scope3["grid_losses"] or unit not in _KWH:
            gaps.append(
                Gap(
                    activity,
                    "unit",
                    f"{month_of}: state it in kgCO2e or tCO2e, not in {unit}",
                    f"{activity} 在 {month}:请以 kgCO2e 或 tCO2e 填报,而非 {unit}",
                    *place,
                )
            )
            continue
        factor = factors.grid(geography, "average", month, cutoff_day)
        if isinstance(factor, MissingFactor):
            gaps.append(Gap(activity, factor.kind, factor.text_en, factor.text_zh, *place))
            continue
        lines.append(emission_line("3", activity, decimal(row["quantity"]) * _KWH[unit], "kWh", factor, row))
    return Scope3(sum_kg(lines) if lines and not gaps else None, tuple(lines), tuple(gaps))


def is_scope3(factors: FactorSet, activity: str) -> bool:
    """Whether an activity is one of scope 3: a category's, or one whose name begins with ``scope3``."""
    return category(factors, activity) is not None or activity.startswith(factors.data["fuels"]["not_scope_1_prefix"])


def category(factors: FactorSet, activity: str) -> Mapping[str, Any] | None:
    """The category (number, name_en, name_zh) of a scope 3 activity; None when its name says none."""
    return next((row for row in factors.data["scope3"]["categories"] if row["activity"] == activity), None)


def _plain(unit: str) -> str:
    return "".join(unit.split()).casefold().replace("₂", "2")
