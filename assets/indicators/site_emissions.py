"""A site-month with its emissions, from plain rows: what the indicator step builds, and what a trace builds again.

Which energies scope 2 reads belongs here; multiplying by factors to ``carbon.py``, the rows of a site-month to ``inputs.py``. No pandas.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from assets.indicators.carbon import Emissions, GridEnergy, measure_emissions
from assets.indicators.inputs import Row, SiteMonth, site_month
from assets.reference.factors import FactorSet
from assets.staging.claim_books import OUTSIDE
from assets.staging.onsite import SiteEnergies, plant_use, storage_losses

# Quantity → the table that it is read from: whose digest stands behind it.
READS = {
    "E_DC": "staging/energies",
    "E_IT": "staging/energies",
    "water": "staging/energies",
    "fuel": "raw/activities",
    "claims": "staging/claims",
    "hourly": "staging/hourly_supply",
    "inventory": "staging/inventory",
    "utilisation": "staging/inventory",
    "practices": "raw/activities",
}


def site_with_emissions(factors: FactorSet, cutoff_day: int, meters: Iterable[Row], **known: Any) -> SiteMonth:
    """The site-month of ``known`` (the arguments of ``site_month``) with its emissions. ``meters``: the site's rows of the registry."""
    rows = list(meters)
    before = site_month(**known)
    return replace(before, emissions=site_emissions(factors, cutoff_day, before, known["energies"], rows))


def site_emissions(
    factors: FactorSet, cutoff_day: int, site: SiteMonth, energies: Sequence[Row], meters: Iterable[Row]
) -> Emissions | None:
    """Emissions of the site-month; claims that are withheld are unknown, so the market-based figure is too."""
    row = site.site
    if row is None:
        return None

    claimed = None if site.claims is None or "claims" in site.withheld else site.claims.carbon_free_wh
    if claimed is None and "green_power" in site.declared and "claims" not in site.withheld:
        claimed = 0
    return measure_emissions(
        factors,
        geography=row["geography"],
        month=site.month,
        cutoff_day=cutoff_day,
        energy=grid_energy(site, energies, meters),
        claimed_wh=claimed,
        pending_wh=site.claims.pending_carbon_free_wh if site.claims else 0,
        fuel_use=total_of(site, "point:fuel_use"),
        activities=site.activities,
        declared=site.declared,
    )


def grid_energy(site: SiteMonth, energies: Sequence[Row], meters: Iterable[Row]) -> GridEnergy:
    """The energies of a site-month that scope 2 reads. ``energies``: staging/energies; ``meters``: the site's rows of the registry."""
    outside = (site.site or {}).get("storage") == OUTSIDE
    return GridEnergy(
        e_dc=site.energy["E_DC"].value if "E_DC" in site.energy else None,
        onsite_generation=total_of(site, "point:onsite_generation"),
        export=total_of(site, "point:export"),
        plant_use=plant_use(SiteEnergies(energies), meters, site.site_id, site.month),
        direct_line=total_of(site, "point:direct_line"),
        backup_generation=total_of(site, "point:backup_generation"),
        storage_losses=storage_losses(SiteEnergies(energies), site.site_id) if outside else 0,
    )


def total_of(site: SiteMonth, measure: str) -> int | None:
    """The total of a measure: 0 where the site has no such meters, None where it is unknown."""
    return site.energy[measure].value if measure in site.energy else 0
