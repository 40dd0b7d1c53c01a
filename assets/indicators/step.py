"""The indicator step: every site's month through the gate, nineteen measures each."""

from __future__ import annotations

from typing import Any

from assets.compute import Compute, Step, records
from assets.edition.document import parse_edition
from assets.indicators.carbon import Emissions, GridEnergy, measure_emissions
from assets.indicators.inputs import SiteMonth, site_month
from assets.indicators.measure import IndicatorValue
from assets.indicators.parameters import parameters_of
from assets.indicators.registry import INDICATORS
from assets.reference.factors import FactorSet
from assets.staging.onsite import SiteEnergies, plant_use
from checks.gate import Gate
from resources.digest import canonical_json, digest_json

READS = {
    "E_DC": "staging/energies",
    "E_IT": "staging/energies",
    "water": "staging/energies",
    "fuel": "raw/activities",
    "claims": "staging/claims",
    "inventory": "staging/inventory",
    "utilisation": "staging/inventory",
    "practices": "raw/activities",
}


def measure_indicators(compute: Compute) -> Step:
    """All indicators of all sites for the month, as rows of ``indicator_value`` (window ``month``)."""
    values = {site.site_id: [item.measure(site) for item in INDICATORS] for site in site_months(compute)}
    rows = [value_row(site_id, "site", "month", value) for site_id, found in values.items() for value in found]
    digests = {
        f"indicators/{item.asset}": (digest_json([[site_id, found[number].to_json()] for site_id, found in values.items()]), len(values))
        for number, item in enumerate(INDICATORS)
    }
    inputs = {table: compute.digest(table) for table in sorted(set(READS.values()))}
    inputs |= {kind: compute.document(kind)[0] for kind in ("edition", "factors")}
    return compute.put("indicators", "indicators", {}, inputs, rows={"indicator_value": rows}, digests=digests)


def value_row(entity_id: str, entity_kind: str, window: str, value: IndicatorValue) -> dict[str, Any]:
    """An indicator value as a row of the ledger."""
    return {
        "entity_id": entity_id, "entity_kind": entity_kind, "window": window, "code": value.code, "status": value.status,
        "value": value.value, "payload": canonical_json(value.to_json()),
    }  # fmt: skip


def site_months(compute: Compute) -> list[SiteMonth]:
    """What the measures may read about every site of the month, after the gate."""
    factors = FactorSet.from_document(compute.document("factors")[1])
    parameters = parameters_of(parse_edition(compute.document("edition")[1], "edition"), factors)
    gate = Gate(compute.home.ledger, compute.month)
    energies, claims = compute.read("staging/energies").to_dicts(), compute.read("staging/claims").to_dicts()
    inventory = {row["site_id"]: row for row in compute.read("staging/inventory").to_dicts()}
    feeds = {name: records(compute.feeds[name]) for name in ("practices", "activities", "declarations", "meters")}
    digests = {quantity: compute.digest(table) for quantity, table in READS.items()} | {"factors": compute.document("factors")[0]}
    found = []
    for site in compute.sites:
        site_id = site["site_id"]
        known = {
            "site_id": site_id, "month": compute.month, "hours": compute.hours(site_id), "parameters": parameters, "site": site,
            "energies": energies, "inventory": inventory.get(site_id), "claims": claims, "landed": compute.feeds.landed,
            "practices": feeds["practices"], "evidence": compute.feeds.evidence, "activities": feeds["activities"],
            "declarations": feeds["declarations"], "withheld": gate.withheld(site_id), "input_digests": digests,
        }  # fmt: skip
        before = site_month(**known)
        emissions = _emissions(compute, factors, before, energies, feeds["meters"])
        found.append(site_month(**known, emissions=emissions))
    return found


def _emissions(
    compute: Compute,
    factors: FactorSet,
    site: SiteMonth,
    energies: list[dict[str, Any]],
    meters: list[dict[str, Any]],
) -> Emissions | None:
    """Emissions of the site-month; claims that are withheld are unknown, so the market-based figure is too."""
    row = site.site
    if row is None:
        return None

    def total(measure: str) -> int | None:
        return site.energy[measure].value if measure in site.energy else 0

    claimed = None if site.claims is None or "claims" in site.withheld else site.claims.carbon_free_wh
    if claimed is None and "green_power" in site.declared and "claims" not in site.withheld:
        claimed = 0
    return measure_emissions(
        factors,
        geography=row["geography"],
        month=compute.month,
        cutoff_day=compute.settings.cutoff_day,
        energy=GridEnergy(
            e_dc=site.energy["E_DC"].value if "E_DC" in site.energy else None,
            onsite_generation=total("point:onsite_generation"),
            export=total("point:export"),
            plant_use=plant_use(SiteEnergies(energies), meters, site.site_id, compute.month),
            direct_line=total("point:direct_line"),
            backup_generation=total("point:backup_generation"),
        ),
        claimed_wh=claimed,
        fuel_use=total("point:fuel_use"),
        activities=site.activities,
        declared=site.declared,
    )
