"""A rule of time (时限) about practices: how old an assessment may be, and that it is one of the edition's items.

Put here what is said of assessments that don't score. Their documents are ``claims`` (CT15).
"""

from __future__ import annotations

import difflib
from datetime import date

from checks.findings import Finding, Judged, NotChecked
from checks.rules.view import Row, by_key, listed, missing, refs, several
from resources.calendar import add_months, month_first_day, month_last_day


def assessed_recently(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """A practice is what is done now: an item scores when it was assessed within the twelve months that end with the month, and is an item
    of the edition's checklists.

    理由:管理实践以现状为准:在截至当月的 12 个月内评估过的检查项方可计分,更早的按 0 分计;检查项代码须属于指标版本的清单,否则不计分。

    Only items whose newest assessment found something (level above 0) are told, once for each day of assessment.

    Source: checks.md TL10; method.md §1 (checklist items); white paper ch. 3.
    """
    if absent := missing(judged, "practices", "checklist_items"):
        return absent
    newest: dict[str, Row] = {}
    last = month_last_day(judged.month).isoformat()
    for row in sorted(judged.of_site("practices", site_id), key=lambda r: r["assessed_on"]):
        if row["assessed_on"] <= last:
            newest[str(row["item_code"])] = row
    if not newest:
        return NotChecked(f"the site has no assessment of practices up to {judged.month}", f"截至 {judged.month} 该站点没有管理实践评估")
    items = {str(row["item_code"]): int(row["months"]) for row in judged.rows("checklist_items")}
    return [*_stale(judged, site_id, newest, items), *_unknown(judged, site_id, newest, items)]


def _stale(judged: Judged, site_id: str, newest: dict[str, Row], items: dict[str, int]) -> list[Finding]:
    old = [
        row for code, row in newest.items() if code in items and row["level"] and row["assessed_on"] < _first_day(judged.month, items[code])
    ]
    findings = []
    for day, rows in by_key(old, "assessed_on").items():
        codes = sorted(str(row["item_code"]) for row in rows)
        age, limit = _months_between(day, judged.month), items[codes[0]]
        findings.append(
            Finding(
                "TL10", site_id, judged.month, "flag", f"assessed {day}",
                f"{several(len(codes), 'practice')} ({listed(codes)}) {'was' if len(codes) == 1 else 'were'} last assessed on {day}, "
                f"more than {limit} months before the end of {judged.month}: {'it scores' if len(codes) == 1 else 'they score'} 0. Assess "
                "again, and land the new rows in 'practices' with their document.",
                f"{len(codes)} 项管理实践({listed(codes)})最近评估于 {day},距 {judged.month} 月末已超过 {limit} 个月:按 0 分计。"
                "请重新评估,并在 practices 补录及附证明文件。",
                quantity="practices", seen=float(age), limit=float(limit), unit="months", rows=refs(rows),
            )
        )  # fmt: skip
    return findings


def _unknown(judged: Judged, site_id: str, newest: dict[str, Row], items: dict[str, int]) -> list[Finding]:
    findings = []
    for code, row in sorted(newest.items()):
        if code in items:
            continue
        nearest = next(iter(difflib.get_close_matches(code, items)), None)
        meant, meant_zh = (f" Is '{nearest}' meant?", f"是否应为“{nearest}”?") if nearest else ("", "")
        findings.append(
            Finding(
                "TL10", site_id, judged.month, "flag", code,
                f"'{code}' is no checklist item of the edition: its assessment scores nothing.{meant} Correct item_code in 'practices' "
                "('gci edition show' lists them).",
                f"“{code}”不是指标版本的检查项:该评估不计分。{meant_zh}请更正 practices 的 item_code(gci edition show 可列出全部检查项)。",
                quantity="practices", seen=0.0, limit=1.0, unit="items", rows=refs([row]),
            )
        )  # fmt: skip
    return findings


def _first_day(month: str, months: int) -> str:
    """The first day of the months that end with a month."""
    return month_first_day(add_months(month, 1 - months)).isoformat()


def _months_between(day: str, month: str) -> int:
    begun, end = date.fromisoformat(day), month_first_day(month)
    return (end.year - begun.year) * 12 + end.month - begun.month
