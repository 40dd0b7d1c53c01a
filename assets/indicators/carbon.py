"""Emissions of one site and month: scope 1, and scope 2 location-based and market-based.

Multiplying known energies by dated factors belongs here; choosing the factors belongs to ``factors.py``, deciding what is a claim to
``assets/staging/claims.py``. Energies are whole Wh; emissions (kg CO2e) are the first floats. Unknown is None, never 0.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from assets.reference.factors import Factor, FactorSet, MissingFactor, country, plain_name

SCOPE_1_SUBJECTS = ("fuel", "refrigerant")
_MASS_KG = {"kg": 1.0, "t": 1000.0, "g": 0.001}
_VOLUME_L = {"L": 1.0, "m3": 1000.0, "mL": 0.001}
_GAS_NM3 = {"Nm3": 1.0, "万Nm3": 10_000.0, "NL": 0.001}


@dataclass(frozen=True)
class GridEnergy:
    """The energies of a month that scope 2 reads, in Wh. None: unknown. A point without meters is 0: nothing is then deducted for it.

    ``plant_use``: what an on-site plant uses itself (metered ``excluded`` with its project code; ``assets.staging.onsite.plant_use``).
    """

    e_dc: int | None
    onsite_generation: int | None = 0
    export: int | None = 0
    plant_use: int | None = 0
    direct_line: int | None = 0
    backup_generation: int | None = 0

    @property
    def self_used(self) -> int | None:
        """Self-used generation = on-site generation − export − the plant's own use, at least 0 (green-power.md §5)."""
        if self.onsite_generation is None or self.export is None or self.plant_use is None:
            return None
        return max(0, self.onsite_generation - self.export - self.plant_use)

    @property
    def grid(self) -> int | None:
        """E_grid = E_DC − self-used generation − direct line − backup generation (green-power.md §5)."""
        if self.e_dc is None or self.self_used is None or self.direct_line is None or self.backup_generation is None:
            return None
        return self.e_dc - self.self_used - self.direct_line - self.backup_generation

    @property
    def bought_or_claimed(self) -> int | None:
        """E_DC without backup generation (its fuel is scope 1): what claims must cover for a market-based figure of zero."""
        if self.e_dc is None or self.backup_generation is None:
            return None
        return self.e_dc - self.backup_generation


@dataclass(frozen=True)
class EmissionLine:
    """One product of a quantity and a factor: what it is of, how much, the factor and where that comes from. ``scope``: 1, 2L, 2M, 2F."""

    scope: str
    subject: str
    quantity: float
    quantity_unit: str
    factor: float
    factor_unit: str
    vintage: str
    source: str
    published_late: bool
    emissions_kg: float


@dataclass(frozen=True)
class Emissions:
    """Emissions of a site-month in kg CO2e; None where unknown.

    ``scope1_reported`` is False when no row and no declaration speaks of fuel or refrigerant (``scope1_kg`` is then None);
    ``unreported`` names which of the two nothing was said about. ``missing``: factors, densities and units that are absent, in English
    (CT16).
    """

    scope1_kg: float | None
    scope1_reported: bool
    scope2_location_kg: float | None
    scope2_market_kg: float | None
    scope2_fossil_kg: float | None
    lines: tuple[EmissionLine, ...] = ()
    missing: tuple[str, ...] = ()
    unreported: tuple[str, ...] = field(default=())


def measure_emissions(
    factors: FactorSet,
    *,
    geography: str,
    month: str,
    cutoff_day: int,
    energy: GridEnergy,
    claimed_wh: int | None,
    activities: Iterable[Mapping[str, Any]] = (),
    declared: Collection[str] = (),
) -> Emissions:
    """Scope 1 and both scope 2 figures of one site and month.

    ``claimed_wh``: eligible carbon-free claims (Wh) on this month, on-site and direct line among them; None when claims are unknown or
    withheld. ``activities``: the month's rows (activity, quantity, unit, density_kg_per_l). ``declared``: subjects declared none in
    the month. The market-based figure prices everything that no claim covers at the national residual factor, never below 0; the same
    energy at the fossil factor is its sensitivity. Self-used or direct-line energy whose attribute is not claimed (sold, unproven) is
    uncovered too. Source: green-power.md §1.2, §1.3, §5; GHG Protocol Scope 2 Guidance (location and market side by side).
    """
    scope1_kg, lines, missing, unreported = _scope1(factors, month, list(activities), declared)
    bought = energy.bought_or_claimed
    uncovered = None if bought is None or claimed_wh is None else max(0, bought - claimed_wh)
    place = country(geography)
    figures: list[float | None] = []
    for scope, where, kind, wh in (
        ("2L", geography, "average", energy.grid),
        ("2M", place, "residual", uncovered),
        ("2F", place, "fossil", uncovered),
    ):
        factor = factors.grid(where, kind, month, cutoff_day)
        if isinstance(factor, MissingFactor):
            missing.append(factor.text_en)
            figures.append(None)
        elif wh is None:
            figures.append(None)
        else:
            lines.append(_line(scope, f"{factor.kind} {factor.name}", wh / 1000, "kWh", factor))
            figures.append(lines[-1].emissions_kg)
    return Emissions(
        scope1_kg=scope1_kg,
        scope1_reported=len(unreported) < len(SCOPE_1_SUBJECTS),
        scope2_location_kg=figures[0],
        scope2_market_kg=figures[1],
        scope2_fossil_kg=figures[2],
        lines=tuple(lines),
        missing=tuple(missing),
        unreported=unreported,
    )


def _scope1(
    factors: FactorSet, month: str, rows: list[Mapping[str, Any]], declared: Collection[str]
) -> tuple[float | None, list[EmissionLine], list[str], tuple[str, ...]]:
    """Σ fuel × factor + Σ refrigerant top-up × GWP (green-power.md §5). A row of quantity 0 is a statement of zero and needs no factor."""
    lines: list[EmissionLine] = []
    missing: list[str] = []
    said = {subject for subject in SCOPE_1_SUBJECTS if subject in declared}
    for row in sorted(rows, key=lambda r: (str(r["activity"]), float(r["quantity"]), str(r["unit"]))):
        activity, quantity = str(row["activity"]), float(row["quantity"])
        if factors.is_outside_scope_1(activity):
            continue
        is_refrigerant = not factors.is_fuel(activity) and plain_name(activity)[:2] in {f"R{digit}" for digit in range(10)}
        if is_refrigerant or factors.is_fuel(activity):
            said.add("refrigerant" if is_refrigerant else "fuel")
        if quantity == 0:
            continue
        factor = factors.gwp(activity, month) if is_refrigerant else factors.fuel(activity, month)
        if isinstance(factor, MissingFactor):
            missing.append(factor.text_en)
            continue
        amount = _in_factor_unit(quantity, str(row["unit"]), row.get("density_kg_per_l"), factor)
        if isinstance(amount, str):
            missing.append(f"{activity} in {month}: {amount}")
            continue
        lines.append(_line("1", activity, amount, factor.unit.split("/")[1], factor))
    unreported = tuple(subject for subject in SCOPE_1_SUBJECTS if subject not in said)
    known = not missing and len(unreported) < len(SCOPE_1_SUBJECTS)
    return sum((line.emissions_kg for line in lines), 0.0) if known else None, lines, missing, unreported


def _in_factor_unit(quantity: float, unit: str, density: float | None, factor: Factor) -> float | str:
    """The quantity in the unit the factor counts (kg or Nm3), or what hinders it. Litres need a recorded density; there is no default."""
    if factor.unit.endswith("/Nm3"):
        return quantity * _GAS_NM3[unit] if unit in _GAS_NM3 else f"unit {unit} can't be read as Nm3 (a volume at standard conditions)"
    if unit in _MASS_KG:
        return quantity * _MASS_KG[unit]
    if unit in _VOLUME_L and factor.kind == "fuel":
        known = density is not None and density > 0  # a blank cell arrives as None or NaN: NaN is not above 0
        return quantity * _VOLUME_L[unit] * float(density or 0) if known else "density_kg_per_l is not recorded"
    return f"unit {unit} can't be read as kg"


def _line(scope: str, subject: str, amount: float, unit: str, factor: Factor) -> EmissionLine:
    return EmissionLine(
        scope, subject, amount, unit, factor.value, factor.unit, factor.vintage, factor.source, factor.published_late, amount * factor.value
    )
