"""The indicator step: every site's month through the gate, nineteen measures each."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from assets.compute import Compute, Step
from assets.edition.document import parse_edition
from assets.indicators.hourly_match import HourlyMatch, match_sites
from assets.indicators.inputs import Parameters, SiteMonth
from assets.indicators.measure import IndicatorValue
from assets.indicators.parameters import parameters_of
from assets.indicators.quality import Limits, quality_shares, quality_tier
from assets.indicators.quality_inputs import MonthEvidence, meter_tiers
from assets.indicators.registry import INDICATORS, Indicator
from assets.indicators.site_emissions import READS, site_with_emissions
from assets.reference.factors import FactorSet
from checks.gate import Gate
from resources.digest import canonical_json, digest_json

STEP = "indicators"


def measure_indicators(compute: Compute) -> Step:
    """All indicators of all sites for the month, as rows of ``indicator_value`` (window ``month``)."""
    evidence = month_evidence(compute)
    values = {site.site_id: [measured(item, site, evidence) for item in INDICATORS] for site in site_months(compute)}
    rows = [value_row(site_id, "site", "month", value) for site_id, found in values.items() for value in found]
    digests = {
        f"indicators/{item.asset}": (digest_json([[site_id, found[number].to_json()] for site_id, found in values.items()]), len(values))
        for number, item in enumerate(INDICATORS)
    }
    tables = {*READS.values(), "staging/hourly_sources", "staging/meter_facts", "staging/meter_parts", "raw/registry"}
    inputs = compute.digests(sorted(tables))
    inputs |= {kind: compute.document(kind)[0] for kind in ("edition", "factors")}
    return compute.put(STEP, "indicators", {}, inputs, rows={"indicator_value": rows}, digests=digests)


def measured(item: Indicator, site: SiteMonth, evidence: MonthEvidence) -> IndicatorValue:
    """The value of a month with its quality tier."""
    value = item.measure(site)
    return graded(replace(value, quality=evidence.inputs(item.code, item.quantities, site)), evidence.limits) if value.valued else value


def graded(value: IndicatorValue, limits: Limits) -> IndicatorValue:
    """The value with the quality tier that follows from the tiers of what it reads; without a value it has neither."""
    quality = value.quality if value.valued else {}
    tier = quality_tier(quality_shares(quality), limits)
    same = (quality, tier) == (value.quality, value.quality_tier)
    return value if same else replace(value, quality=quality, quality_tier=tier)


def value_row(entity_id: str, entity_kind: str, window: str, value: IndicatorValue) -> dict[str, Any]:
    """An indicator value as a row of the ledger."""
    return {
        "entity_id": entity_id, "entity_kind": entity_kind, "window": window, "code": value.code, "status": value.status,
        "value": value.value, "payload": canonical_json(value.to_json()),
    }  # fmt: skip


def month_evidence(compute: Compute) -> MonthEvidence:
    """What speaks for the quantities of the month: the tiers of its meters, and the rows and documents behind its numbers."""
    limits, gate = Limits.of(compute.thresholds), compute.gate
    tiers = meter_tiers(
        compute.feeds.rows("meters"), compute.read("staging/meter_facts").to_dicts(), compute.read("staging/meter_parts").to_dicts(),
        compute.feeds.rows("bills"), compute.home.ledger.rows("finding", month=compute.month), compute.month, limits,
    )  # fmt: skip
    return MonthEvidence(
        compute.month, limits, tiers, compute.read("staging/energies").to_dicts(), compute.read("staging/claims").to_dicts(),
        compute.feeds.evidence, {site_id: frozenset(gate.waived(site_id)) for site_id in compute.site_zones},
    )  # fmt: skip


def site_months(compute: Compute) -> list[SiteMonth]:
    """What the measures may read about every site of the month, after the gate."""
    month = month_inputs(compute)
    return [month.site(site["site_id"]) for site in compute.sites]


def month_inputs(compute: Compute) -> MonthInputs:
    """The inputs of the month as they stand, kept for the next step; read again when a table, or what the gate says, has changed."""
    tables = {*READS.values(), "staging/hourly_sources"}
    state = (compute.gate, compute.digests(tables))
    if compute.kept.get("inputs", (None,))[0] != state:
        compute.kept["inputs"] = state, MonthInputs(compute)
    inputs: MonthInputs = compute.kept["inputs"][1]
    return inputs


@dataclass(frozen=True)
class MonthInputs:
    """Everything of a month that site-months are built from, read once; a site can be built again with other rows (materiality).

    Steps ask for it with ``month_inputs``.
    """

    compute: Compute

    @cached_property
    def factors(self) -> FactorSet:
        return FactorSet.from_document(self.compute.document("factors")[1])

    @cached_property
    def parameters(self) -> Parameters:
        return parameters_of(parse_edition(self.compute.document("edition")[1], "edition"), self.factors)

    @cached_property
    def gate(self) -> Gate:
        return self.compute.gate

    @cached_property
    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """Rows of the staged tables and feeds by name."""
        staged = {name: self.compute.read(f"staging/{name}").to_dicts() for name in ("energies", "claims", "inventory")}
        return staged | {name: self.compute.feeds.rows(name) for name in ("practices", "activities", "declarations", "meters")}

    @cached_property
    def _of_sites(self) -> dict[str, dict[str, list[dict[str, Any]]]]:
        found: dict[str, dict[str, list[dict[str, Any]]]] = {site["site_id"]: {} for site in self.compute.sites}
        for name, rows in self.tables.items():
            for tables in found.values():
                tables[name] = []
            for row in rows:
                if row["site_id"] in found:
                    found[row["site_id"]][name].append(row)
        return found

    def of_site(self, site_id: str) -> dict[str, list[dict[str, Any]]]:
        """The rows of ``tables`` that belong to a site."""
        return self._of_sites[site_id]

    @cached_property
    def hourly(self) -> dict[str, HourlyMatch]:
        """The sums over hours by site; kept for the next step of the month, which asks the same of the same tables."""
        compute, names = self.compute, ("staging/hourly_supply", "staging/hourly_sources")
        hours = {site["site_id"]: compute.hours(site["site_id"]) for site in compute.sites}
        key = (*(compute.manifest(name).file_digest for name in names), tuple(hours.items()))
        if key not in compute.kept:
            supply, sources = map(compute.read, names)
            listed: dict[str, list[dict[str, Any]]] = {}
            for row in sources.iter_rows(named=True):
                listed.setdefault(row["site_id"], []).append(row)
            compute.kept[key] = match_sites(supply, listed, hours)
        found: dict[str, HourlyMatch] = compute.kept[key]
        return found

    @cached_property
    def _digests(self) -> dict[str, str]:
        digests = self.compute.digests(READS.values())
        return {quantity: digests[table] for quantity, table in READS.items()} | {"factors": self.compute.document("factors")[0]}

    @cached_property
    def _sites(self) -> dict[str, SiteMonth]:
        return {}

    def site(self, site_id: str) -> SiteMonth:
        """What the measures may read about a site."""
        if site_id not in self._sites:
            self._sites[site_id] = self.rebuilt(site_id)
        return self._sites[site_id]

    def rebuilt(
        self, site_id: str, *, withheld: Mapping[str, tuple[str, ...]] | None = None, evidence: Collection[str] | None = None,
        **rows: list[dict[str, Any]],
    ) -> SiteMonth:  # fmt: skip
        """The same with ``withheld``, ``evidence``, ``rows`` (tables by name) instead of what was computed."""
        compute, tables = self.compute, {**self.of_site(site_id), **rows}
        known: dict[str, Any] = {
            "site_id": site_id, "month": compute.month, "hours": compute.hours(site_id), "parameters": self.parameters,
            "site": next(row for row in compute.sites if row["site_id"] == site_id), "energies": tables["energies"],
            "inventory": next(iter(tables["inventory"]), None), "claims": tables["claims"],
            "landed": compute.feeds.landed, "practices": tables["practices"],
            "evidence": compute.feeds.evidence if evidence is None else evidence, "activities": tables["activities"],
            "declarations": tables["declarations"], "withheld": self.gate.withheld(site_id) if withheld is None else withheld,
            "input_digests": self._digests, "hourly": self.hourly[site_id],
        }  # fmt: skip
        return site_with_emissions(self.factors, compute.settings.cutoff_day, tables["meters"], **known)
