"""The index step: windows, clusters, scores, and the results that everything shows."""

from __future__ import annotations

import json
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pandas as pd

from assets.compute import Compute, Step
from assets.edition.document import parse_edition
from assets.edition.tree import Edition
from assets.index.claims_state import ClaimsState, WindowClaims
from assets.index.cluster import member_facts
from assets.index.gaps import unreported
from assets.index.grade import EntityFacts
from assets.index.materiality import of_finding
from assets.index.payload import ResultFacts, result_payload
from assets.index.remarks import by_site, site_materiality, window_waivers
from assets.index.scorecard import score_entity
from assets.index.window import CATEGORY_COLUMNS, mixed_windows, window_categories, withheld_window
from assets.indicators.compose import cluster, trailing
from assets.indicators.inputs import Parameters, effective_stage
from assets.indicators.measure import IndicatorValue
from assets.indicators.parameters import parameters_of
from assets.indicators.quality import Limits, capped
from assets.indicators.registry import INDICATORS
from assets.indicators.step import STEP, graded, value_row
from assets.raw.fingerprint import outdated_window
from assets.reference.factors import FactorSet
from checks.gate import Gate, enters_gate, judge
from checks.rules.catalogue import RULES
from resources.calendar import trailing_months
from resources.digest import digest_json
from resources.errors import GciError

TABLE = "index/site_index"
WINDOWS = ("month", "ttm")
_READ = {f"indicators/{item.asset}" for item in INDICATORS}

Values = dict[str, IndicatorValue]  # by indicator code
_SEALED = f"ledger/indicator_value@{STEP}"  # the manifest of the sites' values of a month
_OF_CLAIMS = ("E1", "E2", "F1", "F2")  # what pending certificates would change, were they cancelled

# What is missing when an indicator says not_reported.
_FEED_OF = {
    "A1": "devices", "A2": "sites (design_power_kw)", "B1": "racks", "B2": "devices", "B3": "utilisation", "D1": "meter_readings",
    "D2": "meter_readings (water)", "E1": "certificates", "F2": "devices", "K1": "activities",
}  # fmt: skip


@dataclass(frozen=True)
class _Entity:
    """A site or cluster with its values in both windows and what scoring must know of it."""

    entity_id: str
    kind: str
    values: Mapping[str, Values]  # by window
    facts: EntityFacts
    site_ids: tuple[str, ...]
    extra: Mapping[str, Any]


def score_entities(compute: Compute) -> Step:
    """Results of every site and cluster for the month and the trailing twelve months, and the rule of the window (TL08)."""
    if stale := outdated_window(compute):
        raise GciError(
            f"{', '.join(stale)} of the trailing window of {compute.month} were not computed from today's data. "
            f"Run 'gci backfill {stale[0]} {compute.month}', or materialize them in order."
        )
    edition = parse_edition(compute.document("edition")[1], "edition")
    parameters = parameters_of(edition, FactorSet.from_document(compute.document("factors")[1]))
    monthly, limits = _monthly(compute), Limits.of(compute.thresholds)
    window, categories = _window(compute, monthly), window_categories(monthly)
    view = compute.judged({"window": pd.DataFrame(window), "window_categories": pd.DataFrame(categories, columns=CATEGORY_COLUMNS)})
    judgement = judge([r for r in RULES if r.table == TABLE], view, digest_json([window, categories]), compute.waivers)
    mixed = mixed_windows(judgement.findings, compute.waivers)
    energies, gate = by_site(compute.read("staging/energies").to_dicts()), compute.gate
    sites = {
        site["site_id"]: _site(compute, site, monthly, parameters, mixed, energies[site["site_id"]], gate) for site in compute.sites
    }  # fmt: skip
    let_pass = mixed_windows(judgement.findings, ()).keys() - mixed.keys()
    entities = [_graded(entity, limits, let_pass) for entity in (*sites.values(), *_clusters(compute, sites, parameters))]
    findings = [row for row in _findings(compute) if row["table_name"] != TABLE]
    findings += [{**row, "month": compute.month} for row in judgement.findings]
    published = {site_id: (entity.values["ttm"], entity.facts) for site_id, entity in sites.items()}
    material = site_materiality(compute, published, monthly, edition, parameters, findings)
    said = {row["id"]: of_finding(row, json.loads(row["indicators"])) for row in material}
    findings = [{**row, "materiality": said.get(row["id"])} for row in findings]
    waivers = window_waivers(compute, findings, let_pass)
    claims = WindowClaims.of(compute, trailing_months(compute.month))
    known, of_site = compute.home.ledger.head(compute.as_of), by_site(findings)
    results: list[dict[str, Any]] = []
    payloads: dict[tuple[str, str], dict[str, Any]] = {}
    for entity in entities:  # sites come before the clusters that they are members of
        for name in WINDOWS:
            members = None
            if entity.kind == "cluster":
                power = {i: sites[i].facts.design_power_kw for i in entity.site_ids}
                members = member_facts([payloads[i, name] for i in entity.site_ids], power)
            months = [compute.month] if name == "month" else trailing_months(compute.month)
            own = [row for m in months for row in waivers.get(m, []) if row["site_id"] in entity.site_ids]
            state = _claims_state(claims, entity, name, months, monthly)
            payload = _payload(compute, edition, entity, name, of_site, members, own, state, known)
            payloads[entity.entity_id, name] = payload
            results.append(_result(payload))
    rows = [
        value_row(entity.entity_id, entity.kind, name, value)
        for entity in entities
        for name in WINDOWS
        if (entity.kind, name) != ("site", "month")  # those are the indicator step's
        for value in entity.values[name].values()
    ]
    digest = digest_json(sorted([r["entity_id"], r["window"], r["output_digest"]] for r in results))
    inputs = {"raw/registry": compute.digest("raw/registry")} | {kind: compute.document(kind)[0] for kind in ("edition", "factors")}
    for month, stored in compute.home.ledger.digests(*trailing_months(compute.month)).items():
        read = {table: digest for table, digest in stored.items() if table in _READ}
        inputs |= {table if month == compute.month else f"{table}@{month}": digest for table, digest in read.items()}
    return compute.put(
        TABLE, "index", {}, inputs, digests={TABLE: (digest, len(results))},
        rows={
            "finding": judgement.findings, "verdict": judgement.verdicts, "indicator_value": rows, "result": results,
            "materiality": material,
        },
    )  # fmt: skip


def _monthly(compute: Compute) -> dict[str, dict[str, Values]]:
    """Month values of the window's months: site → month → code → value."""
    found: dict[str, dict[str, Values]] = defaultdict(dict)
    for month, stored in compute.home.ledger.digests(*trailing_months(compute.month)).items():
        if sealed := stored.get(_SEALED):
            for site_id, values in _values(compute, month, sealed).items():
                found[site_id][month] = values
    return found


_known: OrderedDict[str, dict[str, Values]] = OrderedDict()  # values of the sites of a month, by the digest of its rows
_KNOWN = 24


def _values(compute: Compute, month: str, sealed: str) -> dict[str, Values]:
    """The values of a month by site and code, shared: eleven of the twelve months of a window are those of the month before."""
    if sealed not in _known:
        rows = compute.home.ledger.rows("indicator_value", ("entity_id", "code", "payload"), month=month, table_name=STEP)
        values = _known[sealed] = defaultdict(dict)
        for row in rows:
            values[row["entity_id"]][row["code"]] = IndicatorValue.from_json(json.loads(row["payload"]))
        while len(_known) > _KNOWN:
            _known.popitem(last=False)
    return _known[sealed]


def _site(
    compute: Compute,
    site: dict[str, Any],
    monthly: Mapping[str, Mapping[str, Values]],
    parameters: Parameters,
    mixed: Mapping[tuple[str, str], str],
    energies: list[dict[str, Any]],
    gate: Gate,
) -> _Entity:
    site_id = site["site_id"]
    months = monthly[site_id]
    now = months[compute.month]
    window = {
        item.code: trailing([months[m][item.code] for m in sorted(months) if item.code in months[m]], parameters) for item in INDICATORS
    }
    window = {code: withheld_window(value, mixed.get((site_id, code))) for code, value in window.items()}
    commissioned, stage = site["commissioned_on"], effective_stage(site, energies)
    facts = EntityFacts(
        kind="site", geography=site["geography"], design_power_kw=site["design_power_kw"], hub=site["hub"],
        commissioned_on=date.fromisoformat(commissioned) if commissioned else None, stage=stage,
    )  # fmt: skip
    withheld = gate.withheld(site_id)
    missing = sorted({_FEED_OF.get(v.code, "practices") for v in now.values() if v.status == "not_reported"})
    if now["F1"].beside.get("flags"):
        missing = sorted({*missing, "activities"})
    extra = {
        "name": site["name"], "name_zh": site["name_zh"], "timezone": compute.site_zones[site_id], "coverage": _coverage(energies),
        "missing_feeds": missing, "stage": stage, "stage_stated": site["stage"], "geography": site["geography"],
        "blocks": [f"{quantity} withheld ({', '.join(rules)})" for quantity, rules in withheld.items()],
    }  # fmt: skip
    return _Entity(site_id, "site", {"month": now, "ttm": window}, facts, (site_id,), extra)


def _graded(entity: _Entity, limits: Limits, let_pass: Collection[tuple[str, str]]) -> _Entity:
    """The entity with the quality tiers of its windows: those of a composed value follow from the amounts that were composed.

    A trailing value that stands by a waiver of ME06 (``let_pass``: site, indicator) is Q4 at best.
    """
    values = {name: dict(found) for name, found in entity.values.items()}
    for code, value in values["ttm"].items():
        if any((site_id, code) in let_pass for site_id in entity.site_ids):
            values["ttm"][code] = replace(value, quality=capped(value.quality, value.quality))
    graded_values = {name: {code: graded(value, limits) for code, value in found.items()} for name, found in values.items()}
    return replace(entity, values=graded_values)


def _coverage(energies: list[dict[str, Any]]) -> float | None:
    """Share of the month's hours that are metered on both sides of a site, before estimation, whether or not they were withheld."""
    total = next((row for row in energies if row["measure"] == "E_IT@D1" and not row["meter_id"]), None)
    return total["metered_s"] / total["expected_s"] if total else None


def _clusters(compute: Compute, sites: Mapping[str, _Entity], parameters: Parameters) -> list[_Entity]:
    members: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for site in compute.sites:
        if site["cluster_id"]:
            members[site["cluster_id"]].append(site)
    found = []
    for cluster_id, rows in sorted(members.items()):
        ids = tuple(row["site_id"] for row in rows)
        power = {row["site_id"]: row["design_power_kw"] for row in rows}
        e_it = {site_id: _e_it(sites[site_id].values["ttm"]["D1"]) for site_id in ids}
        values = {
            name: {
                item.code: cluster({i: sites[i].values[name][item.code] for i in ids}, power, e_it, parameters) for item in INDICATORS
            }
            for name in WINDOWS
        }  # fmt: skip
        known = [kw for kw in power.values() if kw is not None]
        places = {row["geography"] for row in rows}
        facts = EntityFacts(
            kind="cluster", geography=places.pop() if len(places) == 1 else None,
            design_power_kw=sum(known) if len(known) == len(power) else None,
        )  # fmt: skip
        extra = {"name": cluster_id, "name_zh": cluster_id}
        found.append(_Entity(cluster_id, "cluster", values, facts, ids, extra))
    return found


def _e_it(pue: IndicatorValue) -> int | None:
    return int(pue.denominator) if pue.valued and pue.denominator is not None else None


def _window(compute: Compute, monthly: Mapping[str, Mapping[str, Values]]) -> list[dict[str, Any]]:
    """Facts of rule TL08: for each site and indicator the valid and the withheld months of the window."""
    gates = _gates(compute)
    rows = []
    for site_id in sorted(compute.site_zones):
        months = monthly[site_id]
        for item in INDICATORS:
            if item.months == "last_month":
                continue
            values = {m: months[m][item.code] for m in sorted(months) if item.code in months[m]}
            withheld = [m for m, v in values.items() if v.status == "withheld"]
            first = min((m for m, v in values.items() if v.valued), default=None)
            rows.append(
                {
                    "site_id": site_id,
                    "code": item.code,
                    "valid_months": sum(v.valued for v in values.values()),
                    "withheld_months": withheld,
                    "because_of": next((root for m in withheld if (root := gates[m].root(site_id))), None),
                    "first_month_with_data": first,
                    "unreported_months": unreported(values, first, compute.month),
                }
            )
    return rows


_known_gates: OrderedDict[str, Gate] = OrderedDict()  # by the digest of what a month's gate rests on


def _gates(compute: Compute) -> dict[str, Gate]:
    """The gates of the window's months, shared like their values."""
    found = {}
    for month, stored in compute.home.ledger.digests(*trailing_months(compute.month)).items():
        key = digest_json([str(compute.home.root), month, {table: digest for table, digest in stored.items() if enters_gate(table)}])
        found[month] = _known_gates.setdefault(key, Gate(compute.home.ledger, month))
    while len(_known_gates) > _KNOWN:
        _known_gates.popitem(last=False)
    return found


def _findings(compute: Compute) -> list[dict[str, Any]]:
    return compute.home.ledger.rows("finding", month=compute.month)


def _payload(
    compute: Compute,
    edition: Edition,
    entity: _Entity,
    window: str,
    findings: Mapping[str, list[dict[str, Any]]],
    members: list[dict[str, Any]] | None,
    waivers: list[dict[str, Any]],
    claims: ClaimsState,
    known: tuple[int, str],
) -> dict[str, Any]:
    """An entity's result; ``findings`` by site; ``known``: number and head of the log that it is computed from."""
    values = entity.values[window]
    on = date.fromisoformat(compute.last_day)
    scored = score_entity(values, edition, on=on, facts=entity.facts, cap_values=entity.values["ttm"])
    number, head = known
    pending = float(values["E1"].beside.get("pending_mwh") or 0)
    # what was not cancelled while certificates could come is nothing to hope for
    hoped = _OF_CLAIMS if claims.is_open else ()
    better = {code: found for code in hoped if (found := _if_cancelled(values[code])) is not values[code]}
    index = score_entity({**values, **better}, edition, on=on, facts=entity.facts).index if better else scored.index
    months = [v.months for item in INDICATORS if item.months != "last_month" and (v := values[item.code]).valued]
    own = [row for site_id in entity.site_ids for row in findings[site_id]]
    return result_payload(
        values,
        scored,
        ResultFacts(
            entity_id=entity.entity_id,
            entity_kind=entity.kind,
            month=compute.month,
            window=window,
            months_in_window=min(months, default=0),
            revision=1,
            state="provisional",
            log_number=number,
            head_digest=head,
            claims_open=claims.is_open,
            pending_mwh=pending,
            index_if_pending_cancelled=index,
            claims_complete_on=claims.complete_on,
            claims_pending=claims.pending,
        ),
        own,
        members,
        waivers,
        entity.extra,
    )


def _result(payload: dict[str, Any]) -> dict[str, Any]:
    """The row of a result in the ledger."""
    return {
        **{key: payload[key] for key in ("entity_id", "window", "entity_kind", "state", "log_number", "output_digest")},
        "index_value": payload["index"], "grade": payload["grade"] or "",
        "payload": json.dumps(payload, ensure_ascii=False, allow_nan=False),  # in reading order
    }  # fmt: skip


def _claims_state(
    claims: WindowClaims, entity: _Entity, window: str, months: list[str], monthly: Mapping[str, Mapping[str, Values]]
) -> ClaimsState:  # fmt: skip
    """Whether the claims of an entity's window are complete; pending energy is told of the months that its E1 is made of."""
    entering = {
        site_id: {month for month in months if (found := monthly[site_id].get(month, {}).get("E1")) is not None and found.components}
        for site_id in entity.site_ids
    }
    share = entity.values[window]["E1"]
    return claims.state(entity.site_ids, months, entering, share.denominator if share.valued else None)


def _if_cancelled(value: IndicatorValue) -> IndicatorValue:
    """The value as it would be if what is held or settled were cancelled; left as it is where that is not known (the cautious side)."""
    better = value.beside.get("value_if_pending_cancelled")
    return replace(value, value=better) if value.valued and better is not None and not value.unbounded else value
