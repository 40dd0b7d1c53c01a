"""Where a reading was used: month by month its hours and quantities, the measures and numbers that they enter, or why none.

A reading of one month may also close or open the month beside it; every computed month that it can reach is asked.
"""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from assets.indicators.registry import BY_CODE
from assets.staging.energies import SCALED
from pipelines.traces.fates import REJECTED, USED, Fates
from pipelines.traces.readings import Readings
from pipelines.traces.table import PLANS
from pipelines.traces.work import Moment
from resources.calendar import add_months, utc_text
from resources.home import Home
from resources.ledger import Entry

# Indicators that read claims; an on-site or direct-line meter reaches them through its claim.
_OF_CLAIMS = ("E1", "E2", "F1", "F2")


def used_reading(home: Home, entry: Entry, row: int, said: dict[str, Any], part_month: str, months: list[str]) -> list[dict[str, Any]]:
    """One answer for each computed month that the reading can reach; those in which it lies or bounds an hour."""
    near = {add_months(part_month, step) for step in (-1, 0, 1, 2)}
    found = [_in_month(home, month, entry, row, said, part_month) for month in months if month in near]
    return [answer for answer in found if answer is not None]


def _in_month(home: Home, month: str, entry: Entry, row: int, said: dict[str, Any], part_month: str) -> dict[str, Any] | None:
    results = home.ledger.rows("result", month=month, window="month")
    as_of = results[0]["log_number"]
    answer: dict[str, Any] = {"month": month, "meter_id": said["meter_id"], "log_number": as_of, "sites": []}
    if entry.n > as_of:
        if month != part_month:
            return None
        text = f"it was landed as entry {entry.n}, after {month} was computed from the first {as_of} entries: run 'gci run {month}'"
        return {**answer, **_not_used("late", text, f"在 {month} 计算(日志条目 {as_of})之后入库,尚未计入")}
    if not said["meter_id"] and month != part_month:
        return None
    moment = Moment(home, month, as_of)
    refused = _refused(moment, entry, row)
    if refused is not None:
        rule = {"rule_code": refused["rule_code"], "reason": refused["reason"]}
        sites = [refused["site_id"]] if refused["site_id"] else []
        return {**answer, "sites": sites, **_not_used(REJECTED, "it breaks a rule", "不符合规则"), **rule}
    readings = Readings(moment, [said["meter_id"]])
    if said["meter_id"] not in readings.meters:
        if month != part_month:
            return None
        return {**answer, **_not_used("unregistered", "no meter of this name is registered", "表计未登记")}
    own = readings.placed.filter((pl.col("entry") == entry.n) & (pl.col("source_row") == row))
    fates = Fates(moment, [said["meter_id"]])
    fate = fates.of(said["meter_id"], entry.n, row)
    if own.is_empty() and fate["state"] != USED:
        return None  # it lies in another month and bounds no hour of this one
    at = own["at_s"][0] if own.height else None
    inside = bool(own.height and own["own"][0])
    if not inside and fate["state"] != USED:
        return None
    answer |= {"at": None if at is None else utc_text(at), "lies_in_month": inside}
    return {**answer, **fate, "used": False, **_reached(moment, said["meter_id"], fate)}


def _not_used(state: str, en: str, zh: str) -> dict[str, Any]:
    return {"used": False, "state": state, "why": en, "why_zh": zh}


def _refused(moment: Moment, entry: Entry, row: int) -> dict[str, Any] | None:
    table = moment.scan("staging/interval_energy_rejected")
    own = table.filter((pl.col("entry") == entry.n) & (pl.col("source_row") == row)).collect()
    return own.row(0, named=True) if own.height else None


def _reached(moment: Moment, meter_id: str, fate: dict[str, Any]) -> dict[str, Any]:
    """The sides, numbers and entities that the hours of a used row enter."""
    if fate["state"] != USED:
        return {"sites": _sites_of(moment, meter_id)}
    through = _through(moment, meter_id)
    energies = moment.scan("staging/energies").filter(pl.col("meter_id").is_in(sorted(through))).collect()
    measures = [
        {
            "site_id": row["site_id"],
            "measure": row["measure"],
            "meter_id": row["meter_id"],
            "sign": row["sign"],
            "quantity": row["quantity"],
        }
        for row in energies.sort("site_id", "measure", "meter_id").iter_rows(named=True)
        if row["meter_id"] != SCALED
    ]
    sites = sorted({row["site_id"] for row in measures}) or _sites_of(moment, meter_id)
    if not measures:
        role = _role(moment, meter_id)
        said = {"check": "it is a check meter", "member": "it is only a member of a virtual meter that counts on no side"}
        why = said.get(role, "the meter counts on no side of any site")
        return {
            "sites": sites,
            "measures": [],
            "indicators": [],
            "state": "not counted",
            "why": why,
            "why_zh": "该表计不计入任何一侧",
            "role": role,
        }
    indicators = [item for site_id in sites for item in _indicators(moment, site_id, measures, through)]
    withheld = {site_id: {q: list(rules) for q, rules in moment.gate.withheld(site_id).items()} for site_id in sites}
    answer: dict[str, Any] = {
        "sites": sites, "measures": measures, "indicators": indicators, "withheld": {k: v for k, v in withheld.items() if v},
        "entities": sorted({*sites, *moment.clusters_of(sites)}),
        "used": True,
    }  # fmt: skip
    if indicators and all(item["value"] is None for item in indicators):
        rules = sorted({rule for item in indicators for rule in item["rules_failed"]})
        answer |= {
            "used": False,
            "state": "withheld",
            "why": f"what it enters is withheld: {', '.join(rules)}",
            "why_zh": "其计入的数值暂缓发布",
        }
    return answer


def _through(moment: Moment, meter_id: str) -> set[str]:
    """The meter and every virtual meter that it is a member of."""
    parts = moment.known_scan("staging/meter_parts")
    found, ahead = {meter_id}, {meter_id}
    if parts is None:
        return found
    members = parts.filter((pl.col("role") == "virtual") & (pl.col("refused") == "")).select("member", "meter_id").collect().rows()
    while ahead:
        ahead = {above for member, above in members if member in ahead} - found
        found |= ahead
    return found


def _sites_of(moment: Moment, meter_id: str) -> list[str]:
    facts = moment.scan("staging/meter_facts").filter(pl.col("meter_id") == meter_id).select("site_id").collect()
    return sorted(set(facts["site_id"]))


def _role(moment: Moment, meter_id: str) -> str:
    table = moment.known_scan("staging/boundary")
    if table is None:
        return ""
    own = table.filter((pl.col("kind") == "meter") & (pl.col("id") == meter_id)).select("role").collect()
    return str(own["role"][0]) if own.height else ""


def _indicators(moment: Moment, site_id: str, measures: list[dict[str, Any]], through: set[str]) -> list[dict[str, Any]]:
    """The indicators of a site that read one of the measures, with their status and value in the month."""
    own = {row["measure"] for row in measures if row["site_id"] == site_id}
    codes = {code for code, plan in PLANS.items() if own & set(plan.energies)}
    claims = moment.scan("staging/claims").filter((pl.col("site_id") == site_id) & pl.col("meter_id").is_in(sorted(through))).collect()
    codes |= set(_OF_CLAIMS) if claims.height else set()
    values = moment.values(site_id, "month")
    rows = moment.home.ledger.rows("result", month=moment.month, window="month", entity_id=site_id)
    applicable = {item["code"] for row in rows for item in json.loads(row["payload"])["indicators"]}
    return [
        {
            "site_id": site_id, "code": code, "name": BY_CODE[code].name_en, "name_zh": BY_CODE[code].name_zh,
            "status": values[code].status, "value": values[code].value, "rules_failed": list(values[code].rules_failed),
        }
        for code in PLANS if code in codes & applicable and code in values
    ]  # fmt: skip
