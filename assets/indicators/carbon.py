"""Emissions of one site and month: scope 1, and scope 2 location-based and market-based.

Multiplying known energies by dated factors belongs here; scope 1 and the choice of factors belong to ``assets/reference``, deciding what
is a claim to ``assets/staging/claims.py``. Energies are whole Wh; emissions (kg CO2e) are the first floats. Unknown is None, never 0.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from assets.reference.factors import FactorSet, MissingFactor, country
from assets.reference.scope1 import EmissionLine, emission_line, is_burnt, measure_scope1


@dataclass(frozen=True)
class GridEnergy:
    """The energies of a month that scope 2 reads, in Wh. None: unknown. A point without meters is 0: nothing is then deducted for it.

    ``plant_use``: what an on-site plant uses itself (metered ``excluded`` with its project code; ``assets.staging.onsite.plant_use``).
    ``storage_losses``: of storage outside the boundary (``assets.staging.onsite.storage_losses``).
    """

    e_dc: int | None
    onsite_generation: int | None = 0
    export: int | None = 0
    plant_use: int | None = 0
    direct_line: int | None = 0
    backup_generation: int | None = 0
    storage_losses: int | None = 0

    @property
    def self_used(self) -> int | None:
        """Self-used generation = on-site generation − export − the plant's own use − losses of storage, at least 0.

        Source: green-power.md §3 and §5.
        """
        if self.onsite_generation is None or self.export is None or self.plant_use is None or self.storage_losses is None:
            return None
        return max(0, self.onsite_generation - self.export - self.plant_use - self.storage_losses)

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
class Emissions:
    """Emissions of a site-month in kg CO2e; None where unknown.

    ``scope1_reported`` is False when nothing speaks of scope 1: no row, no declaration, no generator or fuel meter (``scope1_kg`` is
    then None); when True, a ``scope1_kg`` of None is unknown. ``unreported`` names which of fuel and refrigerant nothing was said about.
    ``missing``: what is absent, in English: factors, densities and units (CT16), fuel that was burnt and is not reported.
    """

    scope1_kg: float | None
    scope1_reported: bool
    scope2_location_kg: float | None
    scope2_market_kg: float | None
    scope2_fossil_kg: float | None
    lines: tuple[EmissionLine, ...] = ()
    missing: tuple[str, ...] = ()
    unreported: tuple[str, ...] = field(default=())
    scope2_market_if_pending_kg: float | None = None  # were what is held or settled cancelled


def measure_emissions(
    factors: FactorSet,
    *,
    geography: str,
    month: str,
    cutoff_day: int,
    energy: GridEnergy,
    claimed_wh: int | None,
    fuel_use: int | None = 0,
    activities: Iterable[Mapping[str, Any]] = (),
    declared: Collection[str] = (),
    pending_wh: int = 0,
) -> Emissions:
    """Scope 1 and both scope 2 figures of one site and month.

    ``claimed_wh``: eligible carbon-free claims (Wh) on this month, on-site and direct line among them; None when claims are unknown or
    withheld. ``fuel_use``: fuel metered at that point, in its internal unit (0 without meters, None: unknown). ``activities``: the
    month's rows (activity, quantity, unit, density_kg_per_l). ``declared``: subjects declared none in the month. The market-based
    figure prices everything that no claim covers at the national residual factor, never below 0; the same energy at the fossil factor
    is its sensitivity. Self-used or direct-line energy whose attribute is not claimed (sold, unproven) is uncovered too. ``pending_wh``:
    carbon-free energy that is held or settled and not cancelled; it changes ``scope2_market_if_pending_kg`` alone.
    Source: green-power.md §1.2, §1.3, §5; GHG Protocol Scope 2 Guidance (location and market side by side).
    """
    scope1 = measure_scope1(factors, month, activities, declared, burnt=is_burnt((energy.backup_generation, fuel_use)))
    lines, missing = list(scope1.lines), list(scope1.unknown_because)
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
            lines.append(emission_line(scope, f"{factor.kind} {factor.name}", Fraction(wh, 1000), "kWh", factor))
            figures.append(lines[-1].emissions_kg)
    residual = factors.grid(place, "residual", month, cutoff_day)
    if_pending = None
    if uncovered is not None and not isinstance(residual, MissingFactor):
        left = max(0, uncovered - pending_wh)
        if_pending = emission_line("2M", residual.name, Fraction(left, 1000), "kWh", residual).emissions_kg
    return Emissions(
        scope2_market_if_pending_kg=if_pending,
        scope1_kg=scope1.kg,
        scope1_reported=not scope1.is_silent,
        scope2_location_kg=figures[0],
        scope2_market_kg=figures[1],
        scope2_fossil_kg=figures[2],
        lines=tuple(lines),
        missing=tuple(missing),
        unreported=scope1.unreported,
    )
