"""From a number back to the rows of the files: number → sides and other inputs → meters, racks, claims … → hours → rows.

Every level carries its sum, and the sums are compared: a trace that does not add up is an error, not an answer. The number itself is
measured, composed and evaluated again (``numbers.py``), its components are held against what the inputs come to (the *pieces*).
"""

from __future__ import annotations

from typing import Any

from assets.indicators.measure import VALUED
from assets.indicators.registry import BY_CODE
from pipelines.traces.around import clause_of, documents, entries_of, findings_of, numbers_in, signatures_of, waivers_of
from pipelines.traces.claims import SELF_USE
from pipelines.traces.energies import Energies, pieces_of_energy
from pipelines.traces.numbers import check_month, check_pieces, cluster_of, number_json, window_of
from pipelines.traces.provided import Provided
from pipelines.traces.table import ENERGIES, PLANS, TRACEABLE, Plan
from pipelines.traces.texts import Texts
from pipelines.traces.work import Moment, Work
from resources.errors import GciError, UsageError
from resources.home import Home

_OF_RESULT = ("edition", "edition_digest", "revision", "state", "log_number", "head_digest", "output_digest")


def trace(home: Home, month: str, code: str, depth: str, payload: dict[str, Any]) -> dict[str, Any]:
    """The tree of one number of a site or cluster. ``payload``: its trailing result (``gci show``); UsageError for an unknown code.

    Everything is read as the log stood at the result's entry (``log_number``).
    """
    if code not in TRACEABLE:
        raise UsageError(f"'{code}' can't be traced. Traceable: {', '.join(TRACEABLE)}.")
    as_of = payload["log_number"]
    if payload["entity_kind"] == "cluster":
        tree = _of_cluster(Moment(home, month, as_of), payload["entity_id"], code, depth)
    else:
        tree = _of_site(Work(home, month, as_of, payload["entity_id"], depth), code)
    moment = Moment(home, month, as_of)
    sites = [member["site_id"] for member in tree.get("members", ())] or [payload["entity_id"]]
    tree |= {
        "findings": findings_of(payload, code, sites),
        "waivers": waivers_of(moment, payload, code),
        **{
            name: payload[name] for name in ("edition", "edition_digest", "revision", "state", "log_number", "head_digest", "output_digest")
        },
        "documents": documents(moment),
        "code_version": _code_versions(moment),
        "signatures": signatures_of(payload),
    }
    tree["entries"] = entries_of(moment, numbers_in(tree) | {as_of})
    return tree


def _head(moment: Moment, entity_id: str, kind: str, code: str, plan: Plan) -> dict[str, Any]:
    indicator = BY_CODE.get(code)
    return {
        "entity_id": entity_id, "entity_kind": kind, "site_id": entity_id, "month": moment.month, "code": code,
        "name": indicator.name_en if indicator else code, "name_zh": indicator.name_zh if indicator else code,
        "formula": plan.formula, "clause": clause_of(moment, code),
    }  # fmt: skip


def _of_site(work: Work, code: str) -> dict[str, Any]:
    plan, texts = TRACEABLE[code], Texts(work)
    tree = _head(work, work.site_id, "site", code, plan)
    if code in ENERGIES:
        tree |= _energy(work, code, texts)
    else:
        tree |= _indicator(work, code, plan, texts)
    texts.fill()
    return tree


def _energy(work: Work, code: str, texts: Texts) -> dict[str, Any]:
    """An energy is no indicator: it is withheld as the gate says, and has no window."""
    status, value, rules = _energy_status(work, code)
    sides = Energies(work, [code], texts).sides()
    return {"status": status, "rules_failed": rules, "month_value": value, "sides": sides, "number": None, "window": None}


def _energy_status(work: Work, code: str) -> tuple[str, int | None, list[str]]:
    """Status, value and the rules that withhold it; what is declared none (water) is 0."""
    rules, total = list(work.gate.withheld(work.site_id).get(code, ())), work.total(code)
    if rules:
        return "withheld", None, rules
    if total is None and code in work.site_month.declared:
        return "declared", 0, []
    value = total["quantity"] if total else None
    return ("not_reported" if value is None else "measured"), value, []


def _indicator(work: Work, code: str, plan: Plan, texts: Texts) -> dict[str, Any]:
    published = work.value(work.site_id, "month", code)
    check_month(work, code, published)
    provided = Provided()
    for provider in plan.providers:
        provided.add(provider(work, code, texts))
    sides = Energies(work, measures_of(work, code), texts).sides()
    for measure, name in plan.energies.items():
        total = work.total(_read_as(work, code, measure))
        if name and total is not None:
            provided.pieces |= pieces_of_energy(name, total)
    if code == "D2" and "water" in work.site_month.declared and work.total("water") is None:
        provided.pieces["water"] = 0
    check_pieces(code, published, provided.pieces)
    return {
        "status": published.status,
        "rules_failed": list(published.rules_failed),
        "month_value": published.value if published.status in VALUED else None,
        "number": number_json(published),
        "pieces": {name: provided.pieces[name] for name in published.components},
        "window": window_of(work, work.site_id, code),
        "sides": sides,
        **provided.nodes,
        "factors": provided.factors,
    }


def _read_as(work: Work, code: str, measure: str) -> str:
    """A site that declares to use no water has its WUE over all of ``E_IT``."""
    declared = code == "D2" and "water" in work.site_month.declared and work.total("water") is None
    return "E_IT" if declared and measure == "E_IT@D2" else measure


def measures_of(work: Work, code: str) -> list[str]:
    """The measures of energy whose meters stand behind a number of a site."""
    plan = TRACEABLE[code]
    measures = [_read_as(work, code, measure) for measure in plan.energies]
    if code in ("E1", "E2") and any(row["source"] == "onsite" for row in work.table("staging/claims").to_dicts()):
        measures += SELF_USE
    return measures


def _of_cluster(moment: Moment, cluster_id: str, code: str, depth: str) -> dict[str, Any]:
    """A cluster's number from those of its members; below ``meters`` each member's own tree too."""
    tree = _head(moment, cluster_id, "cluster", code, TRACEABLE[code])
    if code in ENERGIES:
        tree |= _energy_of_cluster(moment, cluster_id, code)
    else:
        month, ttm = (cluster_of(moment, cluster_id, code, window) for window in ("month", "ttm"))
        tree |= {
            "status": month["status"], "rules_failed": month["rules_failed"], "month_value": month["value"], "number": month, "window": ttm,
            "members": month["members"],
        }  # fmt: skip
    if depth != "meters":
        for member in tree["members"]:
            member["trace"] = _of_site(Work(moment.home, moment.month, moment.as_of, member["site_id"], depth), code)
    return tree


def _energy_of_cluster(moment: Moment, cluster_id: str, code: str) -> dict[str, Any]:
    members, rules = [], set[str]()
    for site_id in sorted(row["site_id"] for row in moment.sites.values() if row["cluster_id"] == cluster_id):
        work = Work(moment.home, moment.month, moment.as_of, site_id)
        status, amount, own = _energy_status(work, code)
        rules.update(own)
        members.append({"site_id": site_id, "status": status, "value": amount, "rules_failed": own, "enters": amount is not None})
    known = [member["value"] for member in members]
    value = None if None in known or not known else sum(known)
    status = "measured" if value is not None else "withheld" if rules else "not_reported"
    return {"status": status, "rules_failed": sorted(rules), "month_value": value, "number": None, "window": None, "members": members}


def _code_versions(moment: Moment) -> str:
    stored = moment.home.ledger.manifest(moment.month, "index/site_index")
    if stored is None:
        raise GciError(f"{moment.month} was not computed. Run 'gci run {moment.month}'.")
    return stored.code_version


__all__ = ["PLANS", "TRACEABLE", "trace"]
