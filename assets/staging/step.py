"""The staging steps: hourly energy, site energies, inventory, claims; each judged by the rules of its table.

Formulas are in the modules beside; here their inputs are gathered and their outputs left in lake and ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import polars as pl

from assets.compute import Compute, Step, records
from assets.raw.fingerprint import own_fingerprint
from assets.reference.factors import FactorSet
from assets.staging.balance import energy_balance
from assets.staging.bills import bill_checks
from assets.staging.claim_rules import ClaimRules
from assets.staging.claim_tables import beside_claims
from assets.staging.claims import month_claims
from assets.staging.composed import parts_of, parts_table, with_parts
from assets.staging.double_counts import DoubleCount, double_counts
from assets.staging.emission_gaps import (
    MISSING_COLUMNS,
    UNREPORTED_COLUMNS,
    VINTAGE_COLUMNS,
    grid_vintages,
    missing_factors,
    scope1_by_site,
    unreported_subjects,
)
from assets.staging.energies import site_energies
from assets.staging.hourly_supply import GRID_SHARE, HourlySupply, hourly_supply
from assets.staging.intervals import ENERGY, StagedMonth, joined, read_batches
from assets.staging.inventory import site_inventory
from assets.staging.manual import manual_readings
from assets.staging.onsite import SiteEnergies
from assets.staging.parts import Composition, members_at_sites, registry_rows, rows_at_sites
from assets.staging.repairs import REPAIRS, repairs
from assets.staging.shares import side_shares
from assets.staging.snapshot_days import snapshot_days
from assets.staging.snapshots import snapshots
from assets.staging.standstill import Standstill
from assets.staging.topology import SIDES, counted
from assets.staging.uncovered import uncovered_months
from assets.staging.watched import checklist_items, generated_months, watch, watched
from checks.rules.daily import day_peaks, side_days
from resources.calendar import add_months, month_last_day, trailing_months
from resources.digest import digest_json
from resources.lake import Stored
from resources.ledger import OWN

_COUNTED = {"site_id": pl.String, "side": pl.String, "meter_id": pl.String, "sign": pl.Int64}
_FAULTS = ["site_id", "side", "what", "meter_id", "other_id", "first_day"]


def _registry(compute: Compute) -> dict[str, str]:
    return {"raw/registry": compute.digest("raw/registry")}


@dataclass(frozen=True)
class _Metering:
    """The registry of a month: what virtual and shared meters are made of, the rows that say so, and the counted meters of the sides."""

    parts: Composition
    rows: list[dict[str, Any]]
    counted: pl.DataFrame  # site_id, side, meter_id, sign: once each


def _metering(compute: Compute, month: str = "") -> _Metering:
    """The registry of a month (the computed one), worked out once for all steps."""
    month = month or compute.month
    if ("metering", month) not in compute.kept:
        compute.kept["metering", month] = _registered(compute, month)
    found: _Metering = compute.kept["metering", month]
    return found


def _registered(compute: Compute, month: str) -> _Metering:
    parts = parts_of(compute, month)
    rows = registry_rows(compute.feeds.rows("meters"), parts)
    found = {(c.site_id, c.side, c.meter_id, c.sign) for c in counted(rows, compute.sites, month) if c.side in SIDES}
    return _Metering(parts, rows, pl.DataFrame(sorted(found), schema=_COUNTED, orient="row"))


def _in_force(compute: Compute, metering: _Metering, month: str = "") -> list[dict[str, Any]]:
    """Registry rows of meters that are valid on any day of the month (the computed one), at every site that counts them."""
    month = month or compute.month
    rows = compute.feeds.rows("meters")
    if metering.parts.definitions:
        names = compute.feeds["meters"].columns
        rows = [{name: row.get(name) for name in names} for row in rows_at_sites(metering.rows)]
    first, last = f"{month}-01", month_last_day(month).isoformat()
    return [row for row in rows if row["valid_from"] <= last and (row["valid_to"] is None or row["valid_to"] >= first)]


def _faults(metering: _Metering, doubles: Iterable[DoubleCount] = ()) -> list[dict[str, Any]]:
    """What BD05 and BD02 judge: what is counted twice, and definitions that are refused, at every side concerned."""
    sides: dict[str, list[tuple[str, str]]] = {}
    for site_id, side, meter_id, _sign in metering.counted.iter_rows():
        sides.setdefault(meter_id, []).append((site_id, side))
    found = [vars(fault) for fault in doubles]
    for fault in metering.parts.faults:
        for site_id, side in sides.get(fault.meter_id) or [(fault.site_id, "")]:
            found.append({**vars(fault), "site_id": site_id, "side": side})
    return [{name: fault[name] for name in _FAULTS} for fault in found]


def _subtracted(parts: Composition) -> list[tuple[str, str, str]]:
    """Members that virtual meters subtract: site, meter, member (BD11)."""
    return sorted({(d.site_id, d.meter_id, member) for d in parts.definitions for member, factor in d.members if factor < 0})


def _judged_registry(compute: Compute, metering: _Metering) -> dict[str, Any]:
    return {
        "sites": compute.judged_sites,
        "meters": _in_force(compute, metering),
        "declarations": compute.feeds.rows("declarations"),
        "activities": compute.feeds.rows("activities"),
        "meter_events": compute.feeds.rows("meter_events"),
        "counted": metering.counted,
        "topology_faults": _faults(metering),
        "members": [dict(zip(("site_id", "meter_id", "member", "rest"), row, strict=True)) for row in members_at_sites(metering.parts)],
    }


def _judged_before(compute: Compute) -> dict[str, Any]:
    """The registry of the month before, which changes are judged against, and what of today's was left blank."""
    month = add_months(compute.month, -1)
    before = _metering(compute, month)
    return {
        "meters_before": _in_force(compute, before, month),
        "counted_before": before.counted,
        "assumed": compute.feeds.assumed,
    }


def stage_intervals(compute: Compute) -> Step:
    """Hourly energy, rejected readings, facts and anomalies of the meters of the month."""
    metering = _metering(compute)
    still = watch(compute)
    hours, staged, peaks, mended = _written(compute, _batches(compute, metering, still))
    rejected = staged.rejected.group_by("site_id", "rule_code").agg(pl.len().alias("rows"))
    judged = {
        **_judged_registry(compute, metering),
        "meter_facts": staged.facts,
        "anomalies": staged.anomalies,
        "rejected_counts": rejected,
        **watched(compute, still, staged),
        "day_peaks": peaks,
        **_judged_before(compute),
        "manual_readings": manual_readings(compute.home, compute.month, compute.as_of),
        "shares": side_shares(staged.facts, metering.counted, _earlier_energies(compute)),
    }
    inputs = {**_registry(compute), "raw/meter_readings": compute.digest("raw/meter_readings")}
    tables: dict[str, pl.DataFrame | Stored] = {
        **staged.tables(),
        "staging/interval_energy": hours,
        "staging/meter_parts": parts_table(metering.parts, compute.site_zones, compute.settings.timezone),
        "staging/repairs": mended,
    }
    return compute.put("staging/interval_energy", "staging", tables, inputs, judged)


def _batches(compute: Compute, metering: _Metering, still: Standstill | None = None) -> Iterator[StagedMonth]:
    """The meters of the month, some at a time; ``still`` watches the readings of those that are read."""
    feeds, parts = compute.feeds, metering.parts
    rows = {feed: feeds.rows(feed) for feed in ("meters", "meter_events", "sites")}
    rows["meters"] = [row for row in rows["meters"] if row["meter_id"] not in parts.virtual]
    batches = read_batches(compute.home, rows, compute.month, compute.as_of, compute.settings)
    batches = batches if still is None else still.over(batches)
    if parts.definitions or parts.virtual:  # what a meter is made of may stand in any batch
        whole = with_parts(joined(list(batches)), parts, feeds["meters"], compute.site_zones, compute.settings.timezone)
        batches = iter([whole])
    return batches


def _written(compute: Compute, batches: Iterator[StagedMonth]) -> tuple[Stored, StagedMonth, pl.DataFrame, pl.DataFrame]:
    """The hours in the lake, batch by batch; the other tables of the month, without hours; the daily peaks and the repairs."""
    events, spike = compute.feeds.rows("meter_events"), compute.thresholds["CT05"]["spike_flag_above"]
    rest: list[StagedMonth] = []
    peaks: list[pl.DataFrame] = []
    mended: list[pl.DataFrame] = []
    with compute.home.lake.writer("staging/interval_energy", compute.month, pl.Schema(ENERGY)) as writer:
        for batch in batches:
            writer.add(batch.energy)
            peaks.append(day_peaks(batch.energy, compute.site_zones, spike))
            mended.append(repairs(batch, events, compute.month))
            rest.append(replace(batch, energy=batch.energy.clear()))
        hours = writer.close()
    order = ["site_id", "meter_id", "day"]
    return hours, joined(rest), pl.concat(peaks).sort(order), pl.concat(mended).sort(list(REPAIRS))


def _earlier_energies(compute: Compute) -> list[pl.DataFrame]:
    """staging/energies of the eleven months before, newest first, as far as they were computed."""
    stored = {item.month: item.file_digest for item in compute.home.ledger.manifests(table_name="staging/energies")}
    months = [month for month in reversed(trailing_months(compute.month)[:-1]) if month in stored]
    return [compute.home.lake.read("staging/energies", month, stored[month]) for month in months]


def stage_energies(compute: Compute) -> Step:
    """E_DC, E_IT, water and the totals of the points of every site, and the balance of the nodes of its metering forest."""
    hours, facts = compute.read("staging/interval_energy"), compute.read("staging/meter_facts")
    metering = _metering(compute)
    energies = site_energies(hours, facts, metering.rows, compute.sites, compute.month, compute.site_zones)
    classes = {row["meter_id"]: row["accuracy_class"] for row in _in_force(compute, metering)}
    sides = metering.counted
    balance = energy_balance(hours, metering.rows, compute.month, compute.site_zones)
    judged = {
        **_judged_registry(compute, metering),
        **_judged_before(compute),
        "ppa_contracts": compute.feeds.rows("ppa_contracts"),
        "ppa_site_shares": compute.feeds.rows("ppa_site_shares"),
        "energy_balance": balance,
        "parts_less": [dict(zip(("site_id", "meter_id", "member"), row, strict=True)) for row in _subtracted(metering.parts)],
        "bill_checks": bill_checks(
            compute.feeds["bills"], metering.rows, compute.month, compute.site_zones, lambda month: _hours_of(compute, month, hours)
        ),
        "topology_faults": _faults(metering, double_counts(metering.rows, compute.sites, compute.month)),
        "energies": energies,
        "meter_facts": facts,
        "anomalies": compute.read("staging/anomalies"),
        "side_days": side_days(hours, sides, classes, compute.site_zones),
        "shares": side_shares(facts, sides, _earlier_energies(compute)),
    }
    inputs = _registry(compute) | {name: compute.digest(name) for name in ("staging/interval_energy", "staging/meter_facts")}
    tables = {
        "staging/energies": energies,
        "staging/energy_balance": balance,
    }
    return compute.put("staging/energies", "staging", tables, inputs, judged)


def _energies_of(compute: Compute) -> list[dict[str, Any]]:
    """staging/energies of any month at this moment of the log: as it was left from the same inputs, else computed and not left."""
    stored, own = compute.home.ledger.manifest(compute.month, "staging/energies"), compute.home.ledger.manifest(compute.month, OWN)
    same = stored is not None and own is not None and own.digest == own_fingerprint(compute)
    if same and stored and compute.home.lake.has(stored.table_name, stored.month, stored.file_digest):
        return compute.read("staging/energies").to_dicts()
    metering = _metering(compute)
    staged = joined(list(_batches(compute, metering)))
    return site_energies(staged.energy, staged.facts, metering.rows, compute.sites, compute.month, compute.site_zones).to_dicts()


def _hours_of(compute: Compute, month: str, own: pl.DataFrame) -> pl.DataFrame | None:
    """The staged hours of this month (``own``) or of an earlier one; None where they were not computed."""
    if month == compute.month:
        return own
    stored = compute.home.ledger.manifest(month, "staging/interval_energy")
    return None if stored is None else compute.home.lake.read("staging/interval_energy", month, stored.file_digest)


def stage_inventory(compute: Compute) -> Step:
    """Racks, powered devices and their use, of every site."""
    feeds = compute.feeds
    busy = feeds["utilisation"]
    inventory = site_inventory(
        feeds["racks"],
        feeds["devices"],
        busy[busy["month"].isin(_around(compute.month))],
        compute.sites,
        month=compute.month,
        zones=compute.site_zones,
    )
    judged = {
        "sites": compute.judged_sites,
        "inventory": inventory,
        "racks": snapshots(feeds["racks"], compute.month),
        "devices": snapshots(feeds["devices"], compute.month, before=False),  # no rule asks for earlier ones
        "snapshot_days": snapshot_days({name: feeds[name] for name in ("racks", "devices")}, compute.month),
    }
    inputs = {**_registry(compute), "raw/cmdb": compute.digest("raw/cmdb")}
    return compute.put("staging/inventory", "staging", {"staging/inventory": inventory}, inputs, judged)


def stage_claims(compute: Compute) -> Step:
    """Which renewable electricity is claimed for which site and month; what contradicts it; what the emissions lack."""
    factors = FactorSet.from_document(compute.document("factors")[1])
    energies, rules = compute.read("staging/energies").to_dicts(), ClaimRules.from_reference(factors.data)
    uncovered = uncovered_months(compute, energies, rules, _energies_of)
    claimed = month_claims(
        compute.feeds, energies, compute.sites, month=compute.month, evidence=compute.feeds.evidence, rules=rules,
        uncovered_wh=uncovered, generated_wh=generated_months(compute, energies),
    )  # fmt: skip
    totals = SiteEnergies(energies)
    activities, declarations = compute.feeds.rows("activities"), compute.feeds.rows("declarations")
    scope1 = scope1_by_site(factors, compute.month, compute.sites, totals, activities, declarations)
    missing = missing_factors(factors, compute.sites, scope1, compute.month, compute.settings.cutoff_day)
    judged: dict[str, Any] = {
        **_judged_registry(compute, _metering(compute)),
        "claims": claimed.claims,
        "claim_conflicts": claimed.conflicts,
        "energies": pd.DataFrame(energies),
        "factors_missing": pd.DataFrame(missing, columns=MISSING_COLUMNS),
        "grid_vintages": pd.DataFrame(
            grid_vintages(factors, compute.sites, compute.month, compute.settings.cutoff_day), columns=VINTAGE_COLUMNS
        ),
        "checklist_items": checklist_items(compute),
        "scope1_unreported": pd.DataFrame(unreported_subjects(scope1, totals), columns=UNREPORTED_COLUMNS),
        "practices": compute.feeds.rows("practices"),
        "ppa_contracts": compute.feeds.rows("ppa_contracts"),
        "ppa_site_shares": compute.feeds.rows("ppa_site_shares"),
        "ppa_settlements": compute.feeds.rows("ppa_settlements"),
    }
    if not compute.feeds.landed & {"ppa_contracts", "certificates", "certificate_events", "practices"} and claimed.claims.is_empty():
        judged.pop("claims")
        judged.pop("claim_conflicts")
    inputs = {
        **_registry(compute),
        **{name: compute.digest(name) for name in ("raw/green_power", "raw/activities", "staging/energies")},
        **{kind: compute.document(kind)[0] for kind in ("factors", "edition")},
        "uncovered": digest_json([[*key, wh] for key, wh in sorted(uncovered.items())]),
        "staging/interval_energy": compute.digest("staging/interval_energy"),
    }
    tables = {"staging/claims": claimed.claims, **_hourly(compute, claimed.claims, energies).tables()}
    tables |= beside_claims(compute, claimed, energies, factors.data["direct_line"]["tests"])
    return compute.put("staging/claims", "staging", tables, inputs, judged)


def _hourly(compute: Compute, claims: pl.DataFrame, energies: list[dict[str, Any]]) -> HourlySupply:
    """Load and claimed supply by hour, of the rows of the feeds that belong to the month."""
    certificates, telemetry = compute.feeds["certificates"], compute.feeds["telemetry"]
    stored = compute.manifest("staging/interval_energy")
    return hourly_supply(
        compute.home.lake.scan("staging/interval_energy", compute.month, stored.file_digest), claims.to_dicts(), energies,
        _metering(compute).rows, compute.sites, month=compute.month, zones=compute.site_zones,
        certificates=records(certificates[certificates["production_month"] == compute.month]),
        telemetry=records(telemetry[(telemetry["variable"] == GRID_SHARE) & telemetry["month"].isin(_around(compute.month))]),
    )  # fmt: skip


def _around(month: str) -> list[str]:
    """A month and its neighbours: a month of another clock reaches into them."""
    return [add_months(month, step) for step in (-1, 0, 1)]
