"""What an indicator reads, by quality tier: the meters, claims and activities of a site and month behind each of its quantities.

Gathering evidence from the registry, bills, staged tables and findings belongs here; which tier it earns is in ``quality.py``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from assets.indicators.inputs import SiteMonth
from assets.indicators.quality import (
    ESTIMATED,
    Inputs,
    Limits,
    MeterEvidence,
    Tiers,
    activity_tier,
    capped,
    claim_tier,
    energy_tiers,
    meter_tier,
    worst,
)
from checks.rules.instruments import class_of
from resources.calendar import month_first_day, month_last_day

Row = Mapping[str, Any]

# The measures of staging/energies behind each indicator; what has no tier in checks.md (inventory, practices …) is not listed.
_MEASURES = {
    "A1": {"E_DC": "E_DC"}, "B2": {"E_IT": "E_IT"}, "D1": {"E_DC": "E_DC@D1", "E_IT": "E_IT@D1"},
    "D2": {"water": "water@D2", "E_IT": "E_IT@D2"}, "E1": {"E_DC": "E_DC"}, "E2": {"E_DC": "E_DC"},
    "F1": {"E_DC": "E_DC", "E_IT": "E_IT"}, "F2": {"E_DC": "E_DC"}, "K1": {"E_DC": "E_DC", "water": "water"},
}  # fmt: skip
_READ_CLAIMS, _READ_SCOPE_1 = ("E1", "E2", "F1", "F2"), ("F1", "F2")
_READ_ACTIVITIES = {"K1": ("reclaimed_water", "heat_reused", "equipment_retired", "equipment_reused")}
# Findings that lower a meter's tier: read by hand, apart from its bill.
_MANUAL, _BILL = "ME08", "ME09"
_DECLARED = "Q3"  # a declared none is a statement, like a log book


def meter_tiers(
    meters: Iterable[Row],
    facts: Iterable[Row],
    parts: Iterable[Row],
    bills: Iterable[Row],
    findings: Iterable[Row],
    month: str,
    limits: Limits,
) -> dict[str, str]:
    """The tier of every meter in force in the month; of a virtual meter the worst of its members'.

    ``meters``, ``bills``: rows of the feeds; ``facts``, ``parts``: staging/meter_facts and staging/meter_parts; ``findings``: rows of the
    ledger for the month. Where a meter's row changed within the month, the worse one counts.
    """
    first, last = month_first_day(month).isoformat(), month_last_day(month).isoformat()
    steps: dict[str, list[float | None]] = defaultdict(list)
    for row in facts:
        steps[row["meter_id"]].append(row["median_step_s"])
    billed = {row["meter_id"] for row in bills if row["period_start"] <= last and row["period_end"] >= first}
    by_code: dict[str, set[str]] = defaultdict(set)
    for row in findings:
        by_code[row["code"]].add(row["subject"].split(" ")[0])  # a bill's is its meter and its first day
    found: dict[str, str] = {}
    for row in _in_force(meters, first, last):
        meter = row["meter_id"]
        seen = steps.get(meter) or [None]
        evidence = MeterEvidence(
            class_percent=_class(row),
            calibrated=None if row["calibrated_until"] is None else row["calibrated_until"] >= min(last, row["valid_to"] or last),
            step_s=None if any(step is None for step in seen) else max(step for step in seen if step is not None),
            manual=meter in by_code[_MANUAL],
            revenue=meter in billed,
            bill_agrees=meter not in by_code[_BILL],
            software=row["kind"] == "software",
        )
        found[meter] = worst([found.get(meter, "Q1"), meter_tier(evidence, limits)])
    return _with_virtual(found, parts)


def _in_force(meters: Iterable[Row], first: str, last: str) -> list[Row]:
    """Rows of the registry that hold on a day of the month: a newer row of a meter ends the one before it."""
    by_meter: dict[str, list[Row]] = defaultdict(list)
    for row in meters:
        if (row["valid_from"] or "") <= last and (row["valid_to"] or "9999") >= first:
            by_meter[row["meter_id"]].append(row)
    found = []
    for rows in by_meter.values():
        rows.sort(key=lambda row: row["valid_from"] or "")
        found += [row for row, after in zip(rows, [*rows[1:], None], strict=True) if after is None or (after["valid_from"] or "") > first]
    return found


def _class(row: Row) -> float | None:
    """The worse of the meter's class and, where it is stated, that of its transformers; None when the meter's own is not known."""
    own, transformers = class_of(row["accuracy_class"]), class_of(row["transformer_class"])
    return own if own is None or transformers is None else max(own, transformers)


def _with_virtual(tiers: dict[str, str], parts: Iterable[Row]) -> dict[str, str]:
    members: dict[str, set[str]] = defaultdict(set)
    for row in parts:
        if row["role"] == "virtual":
            members[row["meter_id"]].add(row["member"])

    def of(meter: str, above: frozenset[str]) -> str:
        below = members.get(meter, set()) - above
        if meter not in members:
            return tiers.get(meter, "Q3")
        return worst(of(member, above | {meter}) for member in below) if below else "Q3"

    return {**tiers, **{meter: of(meter, frozenset({meter})) for meter in members}}


@dataclass(frozen=True)
class MonthEvidence:
    """What speaks for the quantities of a month, for all sites: tiers of meters, rows of staging/energies and claims, landed documents."""

    month: str
    limits: Limits
    meters: Mapping[str, str]
    energies: Iterable[Row]
    claims: Iterable[Row]
    evidence: Collection[str]
    waived: Mapping[str, Collection[str]] = field(default_factory=dict)  # site → quantities that pass by a waiver

    @cached_property
    def _contributions(self) -> dict[tuple[str, str], list[tuple[str | None, float, float]]]:
        found: dict[tuple[str, str], list[tuple[str | None, float, float]]] = defaultdict(list)
        for row in self.energies:
            if row["meter_id"] and row["quantity"] is not None:
                filled = row["meter_id"].startswith("(")  # what was filled in proportion has no meter
                tier = None if filled else self.meters.get(row["meter_id"], "Q3")
                found[row["site_id"], row["measure"]].append((tier, row["quantity"], row["estimated"] or 0))
        return found

    def inputs(self, code: str, quantities: Iterable[str], site: SiteMonth) -> Inputs:
        """What an indicator of a site reads, by tier; empty when none of it has a tier.

        ``quantities`` are those that the indicator declares; one that passes by a waiver is Q4 at best, also where no tier is defined.
        """
        found: Inputs = {}
        for name, measure in _MEASURES.get(code, {}).items():
            if rows := self._contributions.get((site.site_id, measure), []):
                found[name] = energy_tiers(rows, self.limits)
        if code == "D2" and "water" not in found:  # declared none, over the month's IT energy
            found = {"water": {_DECLARED: 0}, "E_IT": energy_tiers(self._contributions.get((site.site_id, "E_IT"), []), self.limits)}
        if code in _READ_CLAIMS and (claims := self._claims.get(site.site_id)):
            found["claims"] = claims
        if code in _READ_SCOPE_1 and (scope1 := self._scope1(site)):
            found["scope1"] = scope1
        for name in _READ_ACTIVITIES.get(code, ()):
            if stated := [row for row in site.activities if row["activity"] == name]:
                found[name] = self._activities(stated)
        waived = set(quantities) & set(self.waived.get(site.site_id, ()))
        if waived & {"fuel", "factors"} and "scope1" in found:
            waived = waived - {"fuel", "factors"} | {"scope1"}
        return {**capped(found, waived), **{name: {ESTIMATED: 0.0} for name in sorted(waived - set(found))}}

    @cached_property
    def _claims(self) -> dict[str, Tiers]:
        """Eligible claims of each site by tier, in Wh; those of a meter are as good as the meter."""
        found: dict[str, Tiers] = defaultdict(dict)
        for row in self.claims:
            if row["status"] != "eligible" or not row["quantity_wh"]:
                continue
            if row["source"] == "onsite":
                tier = self.meters.get(row["meter_id"] or "", "Q3")
            else:
                documented = row["evidence"] is not None and row["evidence"] in self.evidence
                tier = claim_tier(cancelled=row["seq_start"] is not None, settled=row["contract_id"] is not None, documented=documented)
            own = found[row["site_id"]]
            own[tier] = own.get(tier, 0) + row["quantity_wh"]
        return found

    def _activities(self, rows: Iterable[Row]) -> Tiers:
        found: Tiers = {}
        for row in rows:
            tier = activity_tier(documented=row["evidence"] is not None and row["evidence"] in self.evidence)
            found[tier] = found.get(tier, 0) + float(row["quantity"])
        return found

    def _scope1(self, site: SiteMonth) -> Tiers:
        """Emissions (kg) by what fuel and refrigerant do to them: scope 1 by its documents, the rest (location-based scope 2) untouched.

        So a litre of diesel without an invoice does not make a data centre's carbon figure worse than it is. Where nothing was said about
        fuel or refrigerant, how much is missing is not known: all of it is Q4.
        """
        emissions = site.emissions
        if emissions is None:
            return {}
        rest = emissions.scope2_location_kg or 0.0
        if emissions.unreported:
            return {ESTIMATED: rest + (emissions.scope1_kg or 0.0)}
        found: Tiers = {"Q1": rest}
        for line in emissions.lines:
            if line.scope == "1":
                tier = worst(self._activities(row for row in site.activities if row["activity"] == line.subject))
                found[tier] = found.get(tier, 0) + line.emissions_kg
        return found
