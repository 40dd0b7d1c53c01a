"""Where a row of a feed other than readings was used: it stands or was replaced, and which numbers show it among their inputs.

A row was used where a provider of the trace shows it; so the same table of providers answers in both directions.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from assets.indicators.registry import BY_CODE
from assets.raw.plain_rows import PlainFeeds, faults_of, key_of
from checks.contracts.registry import FEEDS
from pipelines.traces.around import rows_in
from pipelines.traces.provided import Provided
from pipelines.traces.table import PLANS
from pipelines.traces.texts import Texts
from pipelines.traces.work import Moment, Work
from resources.home import Home
from resources.ledger import Entry

_BESIDE = ("carriers", "hourly")  # parts of a tree that are published beside the number
_CHECKLISTS = ("A3", "A4", "C1", "G1", "H1", "J1", "J2")
_GREEN = ("E1", "E2", "F1", "F2")
# Feed → the indicators whose providers can show its rows; a feed that is not here is read by all of them, or by none.
_SHOWN = {
    "sites": ("A2",), "practices": _CHECKLISTS, "racks": ("B1", "B2"), "devices": ("A1", "B2", "B3", "F2"), "utilisation": ("B3",),
    "activities": ("D1", "E1", "E2", "F1", "F2", "K1"), "declarations": ("D1", "K1"), "certificates": _GREEN,
    "certificate_events": _GREEN, "ppa_contracts": _GREEN, "ppa_settlements": _GREEN,
}  # fmt: skip
_READ_BESIDE = {
    "meters": ("the registry says which meters count, where and how: it stands behind every energy of its site", "表计登记,决定各侧电量"),
    "meter_parts": ("it defines a virtual or shared meter: the trace of an energy shows the members", "虚拟表或共用表的定义"),
    "meter_events": ("it says when a register changed: gci check shows what was repaired", "表计事件,见 gci check 的修复说明"),
    "bills": ("meters are compared with it (ME09), and costs are told by it; no indicator reads it", "用于核对与成本,不计入指标"),
    "tariffs": ("costs are told by it; no indicator reads it", "用于成本核算,不计入指标"),
    "telemetry": ("hourly supply reads the carbon-free share of the grid; no indicator reads the rest", "用于分时匹配,其余不计入指标"),
    "projects": ("it describes a generation project: claims are judged by it", "发电项目信息,用于判定绿电主张"),
    "ppa_site_shares": ("it divides a contract between sites: claims follow it", "合同在各站点间的分摊"),
}


def used_row(home: Home, feed: str, entry: Entry, row: int, months: list[str]) -> list[dict[str, Any]]:
    """One answer for each computed month in which the row was used; one in all when it stands nowhere."""
    answers: list[dict[str, Any]] = []
    for month in months:
        as_of = home.ledger.rows("result", month=month, window="month")[0]["log_number"]
        if entry.n <= as_of:
            answers.append(_in_month(Moment(home, month, as_of), feed, entry, row))
        else:
            text = f"it was landed as entry {entry.n}, after {month} was computed from the first {as_of} entries: run 'gci run {month}'"
            answers.append(_answer(month, "late", text, f"在 {month} 计算之后入库,尚未计入"))
    used = [answer for answer in answers if answer["used"]]
    return used or answers[-1:]


def _answer(month: str, state: str, en: str, zh: str, **more: Any) -> dict[str, Any]:
    return {"month": month, "used": False, "state": state, "why": en, "why_zh": zh, "sites": [], "indicators": [], **more}


def _in_month(moment: Moment, feed: str, entry: Entry, row: int) -> dict[str, Any]:
    feeds = moment.feeds
    rows = feeds.rows(feed)
    (own,) = rows.filter((pl.col("entry") == entry.n) & (pl.col("source_row") == row)).to_dicts()
    if own["fault"] is not None:
        breaches = faults_of(feeds, feed, entry.n, row)
        reason = "; ".join(f"{breach.column} '{breach.seen}': {breach.reason_en}" for breach in breaches)
        zh = ";".join(f"{breach.column}“{breach.seen}”:{breach.reason_zh}" for breach in breaches)
        return _answer(moment.month, "rejected", reason, zh, rule_code="CT01", reason=reason)
    if not own["stands"]:
        later = _later(moment, feeds, feed, own)
        return _answer(moment.month, "superseded", "a later row with the same key counts", "同一主键的后来行有效", by=later)
    sites = [own["site_id"]] if own.get("site_id") else sorted(moment.sites)
    shown: list[dict[str, Any]] = [
        item for site_id in sites if site_id in moment.sites for item in _shown(moment, site_id, feed, entry.n, row)
    ]
    if shown:
        places = sorted({item["site_id"] for item in shown})
        clusters = moment.clusters_of(places)
        return {
            **_made(moment.month, shown), "used": True, "sites": places,
            "entities": sorted({*places, *clusters}), "indicators": shown,
        }  # fmt: skip
    if feed in _READ_BESIDE:
        en, zh = _READ_BESIDE[feed]
        return _answer(moment.month, "beside", en, zh, sites=[own["site_id"]] if own.get("site_id") else [])
    text = f"it stands, but no indicator of {moment.month} is made of it: another snapshot, assessment or month counts there"
    return _answer(moment.month, "not counted", text, "该行有效,但当月指标未用到它", sites=sites)


def _made(month: str, shown: list[dict[str, Any]]) -> dict[str, Any]:
    if all(item["beside"] for item in shown):
        return _answer(month, "used", "figures published beside these numbers are made of it", "用于并列发布的数值")
    return _answer(month, "used", "numbers are made of it", "已计入指标")


def _later(moment: Moment, feeds: PlainFeeds, feed: str, own: dict[str, Any]) -> dict[str, Any] | None:
    key = key_of(FEEDS[feed])
    same = feeds.counting(feed).filter(pl.all_horizontal(pl.col(name).eq_missing(pl.lit(own[name])) for name in key)).to_dicts()
    if not same:
        return None
    last = same[-1]
    name, digest = moment.files[last["entry"]]
    return {"entry": last["entry"], "name": name, "digest": digest, "source_row": last["source_row"]}


def _shown(moment: Moment, site_id: str, feed: str, entry: int, row: int) -> list[dict[str, Any]]:
    """The indicators of a site among whose inputs the row is shown."""
    codes = _SHOWN.get(feed, ())
    values = moment.values(site_id, "month") if codes else {}
    work = Work(moment.home, moment.month, moment.as_of, site_id, "rows")
    found = []
    for code in codes:
        provided = Provided()
        for provider in PLANS[code].providers:
            provided.add(provider(work, code, Texts(work)))
        if code in values and (entry, row) in rows_in(provided.nodes):
            own = {key: node for key, node in provided.nodes.items() if key not in _BESIDE}
            found.append({
                "site_id": site_id, "code": code, "beside": (entry, row) not in rows_in(own),
                "name": BY_CODE[code].name_en, "name_zh": BY_CODE[code].name_zh,
                "status": values[code].status, "value": values[code].value, "rules_failed": list(values[code].rules_failed),
            })  # fmt: skip
    return found
