"""From a row of a landed file to where it was used, or why it was not.

What the row says and what became of it stands here; of readings month by month in ``reverse_readings.py``, of all other feeds in
``reverse_feeds.py``. A row that nothing used has a reason: quarantined, blank, rejected, superseded, late, not counted, withheld.
"""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from pipelines.traces.kept import find_entry, parse_reverse
from pipelines.traces.reverse_feeds import used_row
from pipelines.traces.reverse_readings import used_reading
from pipelines.traces.texts import read_texts
from pipelines.traces.work import Moment
from resources.errors import UsageError
from resources.home import Home
from resources.ledger import Entry


def reverse(home: Home, text: str, site: str | None = None, month: str | None = None, code: str | None = None) -> dict[str, Any]:
    """Where the row ``FILE:ROW`` was used, in all computed months or in those named by ``site``, ``month`` and ``code``.

    UsageError for a name that is none or several, and for a row that the file does not have.
    """
    name, row = parse_reverse(text)
    entry = find_entry(home, name)
    answer: dict[str, Any] = {
        "file": {"entry": entry.n, "at": entry.at, "kind": entry.kind, "name": entry.name, "digest": entry.digest, "head": entry.head},
        "source_row": row, "feed": entry.name.split("/", 1)[0],
    }  # fmt: skip
    if entry.kind == "quarantine":
        cause = {"en": entry.payload["cause_en"], "zh": entry.payload["cause_zh"]}
        return answer | _unused("quarantined", cause["en"], cause["zh"])
    if entry.kind == "evidence":
        return answer | _unused(
            "document", "it is a document of evidence: rows of practices, contracts and cancellations name it", "佐证文件,由其他数据行引用"
        )
    moment = Moment(home, month or "", max(entry.n, home.ledger.head()[0]))
    raw = _raw(moment, entry, row)
    answer |= {"raw": raw, "columns": entry.payload.get("columns", {}), "columns_not_used": entry.payload.get("unknown_columns", [])}
    stored = _stored(home, entry, row)
    if stored is None:
        return answer | _unused("blank", "the row is blank: it says nothing", "空行")
    part_month, said = stored
    answer |= {"said": said}
    months = _months(home, month)
    if answer["feed"] == "meter_readings":
        uses = used_reading(home, entry, row, said, part_month, months)
    else:
        uses = used_row(home, answer["feed"], entry, row, months)
    if site is not None:
        uses = [use for use in uses if not use["sites"] or _concerns(home, site, use)]
    if code is not None:
        uses = [{**use, "indicators": [item for item in use.get("indicators", ()) if item["code"] == code]} for use in uses]
    return answer | {"used": any(use["used"] for use in uses), "months": uses, **_overall(uses, months)}


def _unused(state: str, en: str, zh: str) -> dict[str, Any]:
    return {"used": False, "state": state, "why": en, "why_zh": zh, "months": []}


def _overall(uses: list[dict[str, Any]], months: list[str]) -> dict[str, Any]:
    """One state for the row: used where any month used it, else what the months say of it."""
    if not months:
        return {"state": "not computed", "why": "no such month was computed yet", "why_zh": "尚未计算任何月份"}
    states = [use for use in uses if use["used"]] or uses
    if not states:
        return {"state": "outside", "why": "it lies outside every month that was computed", "why_zh": "不在已计算的月份内"}
    return {name: states[0][name] for name in ("state", "why", "why_zh")}


def _concerns(home: Home, site: str, use: dict[str, Any]) -> bool:
    rows = home.ledger.rows("result", month=use["month"], window="month", entity_id=site)
    members = {member["entity_id"] for row in rows for member in json.loads(row["payload"]).get("members", ())}
    return bool({site, *members} & set(use["sites"]))


def _months(home: Home, month: str | None) -> list[str]:
    computed = sorted({item.month for item in home.ledger.manifests(table_name="index/site_index")})
    return computed if month is None else [one for one in computed if one == month]


def _raw(moment: Moment, entry: Entry, row: int) -> dict[str, Any]:
    if row == 1 and not entry.payload.get("stated"):
        raise UsageError(f"Row 1 of {entry.name} is its header: data begin with row 2. 第 1 行为表头。")
    found = read_texts(moment, entry.n, {row})
    if row in found:
        return dict(found[row])
    last = _last_row(moment, entry)
    if last is not None and row < last:
        return {}
    raise UsageError(f"{entry.name} has no row {row}; its last row is {last}. 该文件没有第 {row} 行。")


def _last_row(moment: Moment, entry: Entry) -> int | None:
    found = [
        moment.home.lake.scan(f"parts/{part.feed}", part.month, part.file_digest).select(pl.col("source_row").max()).collect().item()
        for part in moment.home.ledger.parts_of(entry.n)
    ]
    return max((one for one in found if one is not None), default=None)


def _stored(home: Home, entry: Entry, row: int) -> tuple[str, dict[str, Any]] | None:
    """The row as its part holds it, with the month of the part; None for one that says nothing."""
    for part in home.ledger.parts_of(entry.n):
        own = home.lake.scan(f"parts/{part.feed}", part.month, part.file_digest).filter(pl.col("source_row") == row).collect()
        if own.height:
            return part.month, own.row(0, named=True)
    return None
