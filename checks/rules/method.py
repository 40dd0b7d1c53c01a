"""Rules of method (方法): how a quantity came about.

Put here what a number may rest on: how much of it is estimated. How much time was metered is ``timeliness``.
"""

from __future__ import annotations

from checks.findings import Finding, Judged, NotChecked, Severity
from checks.rules.timeliness import silent_root
from checks.rules.view import SIDE_NAMES, SIDES, listed, missing, percent


def estimated_share(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """A total that rests on estimates is no measurement: the estimated and substituted share of E_DC, E_IT and water.

    理由:以估算、替代数据为主的总量不是实测值。按计量点贡献的绝对值计算估算与替代占比。

    Source: checks.md ME05; project convention.
    """
    if absent := missing(judged, "energies"):
        return absent
    rows = judged.of_site("energies", site_id)
    findings, judgeable = [], False
    for side in SIDES:
        total = next((r["quantity"] for r in rows if r["measure"] == side and not r["meter_id"]), None)
        if total is None:
            continue
        judgeable = True
        parts = [r for r in rows if r["measure"] == side and r["meter_id"]] or [r for r in rows if r["measure"] == side]
        estimated = sum(abs(r["estimated"]) for r in parts)
        if not estimated:
            continue
        # Estimates of both signs must not cancel, and a total of nothing that is all estimated is all estimated.
        seen = min(1.0, estimated / abs(total)) if total else 1.0
        prefix = "water_" if side == "water" else ""
        flag, withhold = judged.limit("ME05", f"{prefix}flag_above"), judged.limit("ME05", f"{prefix}withhold_above")
        if seen <= min(flag, withhold):
            continue
        severity: Severity = "withhold" if seen > withhold else "flag"
        limit = withhold if severity == "withhold" else min(flag, withhold)
        named = [r for r in parts if not r["meter_id"].startswith("(")] or parts  # '(scaled)' is no meter that readings could come from
        largest = max(named, key=lambda r: abs(r["estimated"]))["meter_id"] or side
        en, zh = SIDE_NAMES[side]
        held, held_zh = (f": {side} is withheld", f":{side} 暂缓发布") if severity == "withhold" else ("", "")
        findings.append(
            Finding(
                "ME05", site_id, judged.month, severity, side,
                f"{percent(seen, limit)} of {en} in {judged.month} is estimated or substituted (limit {percent(limit, limit)}){held}. "
                f"The largest part is at {largest}: send its actual readings.",
                f"{judged.month} {zh}的估算与替代占比为 {percent(seen, limit)}(限值 {percent(limit, limit)}){held_zh}。"
                f"其中最大部分在 {largest},请补报实际读数。",
                quantity=side, seen=seen, limit=limit, unit="1", because_of=silent_root(judged, site_id, side),
            )
        )  # fmt: skip
    if not judgeable:
        return NotChecked(f"no total of {judged.month} is known", f"{judged.month} 各侧总量均未知")
    return findings + _without_holidays(judged, site_id)


def _without_holidays(judged: Judged, site_id: str) -> list[Finding]:
    """One finding for each year whose public holidays were not known when like days were chosen."""
    if "anomalies" not in judged.tables:
        return []
    rows = [row for row in judged.of_site("anomalies", site_id) if row["what"] == "unknown_holidays"]
    findings = []
    for year in sorted({int(row["seen"]) for row in rows}):
        meters = listed(sorted({row["meter_id"] for row in rows if int(row["seen"]) == year}))
        findings.append(
            Finding(
                "ME05", site_id, judged.month, "info", f"holidays {year}",
                f"The public holidays of {year} are not known to this installation: estimates of {meters} in {judged.month} took Monday to "
                "Friday as workdays. Update the package chinesecalendar and compute the month again.",
                f"本安装未含 {year} 年节假日安排:{meters} 在 {judged.month} 的估算按周一至周五为工作日处理。请更新 chinesecalendar 后"
                "重算该月。",
                seen=float(year),
            )
        )  # fmt: skip
    return findings
