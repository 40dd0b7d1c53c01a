"""The staging steps: hourly energy, site energies, inventory, claims; each judged by the rules of its table.

Formulas are in the modules beside; here their inputs are gathered and their outputs left in lake and ledger.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import polars as pl

from assets.compute import Compute, Step, records
from assets.reference.factors import FactorSet
from assets.staging.claim_rules import ClaimRules
from assets.staging.claims import month_claims
from assets.staging.double_counts import double_counts
from assets.staging.emission_gaps import MISSING_COLUMNS, UNREPORTED_COLUMNS, missing_factors, scope1_by_site, unreported_subjects
from assets.staging.energies import site_energies
from assets.staging.intervals import read_month
from assets.staging.inventory import site_inventory
from assets.staging.onsite import SiteEnergies
from assets.staging.shares import side_shares
from assets.staging.topology import SIDES, counted
from checks.rules.daily import day_peaks, side_days
from resources.calendar import trailing_months

_COUNTED = {"site_id": pl.String, "side": pl.String, "meter_id": pl.String, "sign": pl.Int64}


def _registry(compute: Compute) -> dict[str, str]:
    return {"raw/registry": compute.digest("raw/registry")}


def _counted(compute: Compute) -> pl.DataFrame:
    """The counted meters of the sides, once each: site_id, side, meter_id, sign."""
    rows = counted(records(compute.feeds["meters"]), compute.sites, compute.month)
    found = sorted({(c.site_id, c.side, c.meter_id, c.sign) for c in rows if c.side in SIDES})
    return pl.DataFrame(found, schema=_COUNTED, orient="row")


def _in_force(compute: Compute) -> pd.DataFrame:
    """Registry rows of meters that are valid on any day of the month."""
    meters = compute.feeds["meters"]
    begun = meters["valid_from"] <= compute.last_day
    ended = meters["valid_to"].fillna("9999-12-31") < f"{compute.month}-01"
    return meters[begun & ~ended]


def _judged_registry(compute: Compute) -> dict[str, Any]:
    return {
        "sites": pd.DataFrame(compute.sites),
        "meters": _in_force(compute),
        "declarations": compute.feeds["declarations"],
        "activities": compute.feeds["activities"],
        "meter_events": compute.feeds["meter_events"],
        "counted": _counted(compute).to_pandas(),
    }


def stage_intervals(compute: Compute) -> Step:
    """Hourly energy, rejected readings, facts and anomalies of the meters of the month."""
    staged = read_month(compute.home, compute.feeds, compute.month, compute.as_of, compute.settings)
    sides = _counted(compute)
    rejected = staged.rejected.group_by("site_id", "rule_code").agg(pl.len().alias("rows"))
    judged = {
        **_judged_registry(compute),
        "meter_facts": staged.facts.to_pandas(),
        "anomalies": staged.anomalies.to_pandas(),
        "rejected_counts": rejected.to_pandas(),
        "day_peaks": day_peaks(staged.energy, compute.site_zones).to_pandas(),
        "shares": side_shares(staged.facts, sides, _earlier_energies(compute)).to_pandas(),
    }
    inputs = {**_registry(compute), "raw/meter_readings": compute.digest("raw/meter_readings")}
    return compute.put("staging/interval_energy", "staging", staged.tables(), inputs, judged)


def _earlier_energies(compute: Compute) -> list[pl.DataFrame]:
    """staging/energies of the eleven months before, newest first, as far as they were computed."""
    found = []
    for month in reversed(trailing_months(compute.month)[:-1]):
        stored = compute.home.ledger.manifest(month, "staging/energies")
        if stored is not None:
            found.append(compute.home.lake.read("staging/energies", month, stored.file_digest))
    return found


def stage_energies(compute: Compute) -> Step:
    """E_DC, E_IT, water and the totals of the points of every site."""
    hours, facts = compute.read("staging/interval_energy"), compute.read("staging/meter_facts")
    meters = records(compute.feeds["meters"])
    energies = site_energies(hours, facts, meters, compute.sites, compute.month, compute.site_zones)
    faults = [vars(fault) for fault in double_counts(meters, compute.sites, compute.month)]
    classes = {row["meter_id"]: row["accuracy_class"] for row in records(_in_force(compute))}
    sides = _counted(compute)
    judged = {
        **_judged_registry(compute),
        "energies": energies.to_pandas(),
        "meter_facts": facts.to_pandas(),
        "topology_faults": pd.DataFrame(faults, columns=["site_id", "side", "what", "meter_id", "other_id", "first_day"]),
        "side_days": side_days(hours, sides, classes, compute.site_zones).to_pandas(),
        "shares": side_shares(facts, sides, _earlier_energies(compute)).to_pandas(),
    }
    inputs = {**_registry(compute), "staging/interval_energy": compute.digest("staging/interval_energy")}
    return compute.put("staging/energies", "staging", {"staging/energies": energies}, inputs, judged)


def stage_inventory(compute: Compute) -> Step:
    """Racks, powered devices and their use, of every site."""
    feeds = compute.feeds
    inventory = site_inventory(
        feeds["racks"], feeds["devices"], feeds["utilisation"], compute.sites, month=compute.month, zones=compute.site_zones
    )
    inputs = {**_registry(compute), "raw/cmdb": compute.digest("raw/cmdb")}
    return compute.put("staging/inventory", "staging", {"staging/inventory": inventory}, inputs)


def stage_claims(compute: Compute) -> Step:
    """Which renewable electricity is claimed for which site and month; what contradicts it; what the emissions lack."""
    factors = FactorSet.from_document(compute.document("factors")[1])
    energies = compute.read("staging/energies").to_dicts()
    claimed = month_claims(
        compute.feeds, energies, compute.sites, month=compute.month, evidence=compute.feeds.evidence,
        rules=ClaimRules.from_reference(factors.data),
    )  # fmt: skip
    totals = SiteEnergies(energies)
    activities, declarations = records(compute.feeds["activities"]), records(compute.feeds["declarations"])
    scope1 = scope1_by_site(factors, compute.month, compute.sites, totals, activities, declarations)
    missing = missing_factors(factors, compute.sites, scope1, compute.month, compute.settings.cutoff_day)
    judged: dict[str, Any] = {
        **_judged_registry(compute),
        "claims": claimed.claims.to_pandas(),
        "claim_conflicts": claimed.conflicts.to_pandas(),
        "factors_missing": pd.DataFrame(missing, columns=MISSING_COLUMNS),
        "scope1_unreported": pd.DataFrame(unreported_subjects(scope1, totals), columns=UNREPORTED_COLUMNS),
        "practices": compute.feeds["practices"],
        "ppa_contracts": compute.feeds["ppa_contracts"],
    }
    if not compute.feeds.landed & {"ppa_contracts", "certificates", "certificate_events", "practices"} and claimed.claims.is_empty():
        judged.pop("claims")
        judged.pop("claim_conflicts")
    inputs = {
        **_registry(compute),
        **{name: compute.digest(name) for name in ("raw/green_power", "raw/activities", "staging/energies")},
        "factors": compute.document("factors")[0],
    }
    return compute.put("staging/claims", "staging", {"staging/claims": claimed.claims}, inputs, judged)
