"""Rules of the boundary (边界) that compare both sides: IT within the facility, hours known together.

Put here what E_DC, E_IT and water must be to each other. Which meters make up a side is ``boundary``.
"""

from __future__ import annotations

from checks.findings import Finding, Judged, NotChecked
from checks.rules.boundary import counted_once, placed
from checks.rules.supply import supply_closed
from checks.rules.timeliness import silent_root
from checks.rules.view import SIDE_NAMES, Row, amount, kwh, missing, percent, several, spread


def it_within_facility(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """IT energy is part of facility energy: E_IT above E_DC means that a side is not what it claims to be, and a PUE below 1.

    理由:IT 电量是总电量的一部分;E_IT 大于 E_DC 说明某一侧边界有误,PUE 将小于 1。日判定只用两侧均实测的日,并容许合成误差。

    Source: checks.md BD07; combined class error √Σ(class·E)² as in BD06.
    """
    if absent := missing(judged, "energies"):
        return absent
    totals = _totals(judged, site_id)
    pairs = [(totals.get(f"E_DC{s}"), totals.get(f"E_IT{s}")) for s in ("", "@D1")]
    both = [(dc["quantity"], it["quantity"]) for dc, it in pairs if dc and it]
    known = [(dc, it) for dc, it in both if dc is not None and it is not None]
    if not known:
        return NotChecked(f"E_DC or E_IT of {judged.month} is unknown", f"{judged.month} 的 E_DC 或 E_IT 未知")
    findings: list[Finding] = []
    if above := [(dc, it) for dc, it in known if it > dc]:
        dc, it = above[0]
        month_finding = Finding(
            "BD07", site_id, judged.month, "withhold", "month",
            f"E_IT is {amount(it)} and E_DC only {amount(dc)} in {judged.month}: both are withheld. Look for an unmetered "
            "supply, a wrong multiplier, or an IT meter counted twice.",
            f"{judged.month} 的 E_IT 为 {amount(it)},E_DC 仅 {amount(dc)}:二者暂缓发布。请检查未计量的供电、"
            "错误倍率或重复计入的 IT 计量点。",
            seen=kwh(it), limit=kwh(dc), unit="kWh", because_of=_open_side(judged, site_id),
        )  # fmt: skip
        findings = spread(month_finding, ["E_DC", "E_IT"])
    if absent := missing(judged, "side_days"):
        return findings or absent
    days = [r for r in judged.of_site("side_days", site_id) if r["e_it_wh"] > r["e_dc_wh"] + r["error_wh"]]
    if days:
        worst = max(days, key=lambda r: r["e_it_wh"] - r["e_dc_wh"])
        it, dc = worst["e_it_wh"], worst["e_dc_wh"] + worst["error_wh"]
        findings.append(
            Finding(
                "BD07", site_id, judged.month, "flag", "days",
                f"E_IT exceeds E_DC on {several(len(days), 'day')} of {judged.month}, most on {worst['day']}: {amount(it)} against "
                f"{amount(dc)} with the meters' combined error. Look for a supply that was switched to an unmetered line then.",
                f"{judged.month} 有 {len(days)} 日 E_IT 大于 E_DC,最大为 {worst['day']}:{amount(it)},对应 {amount(dc)}(含计量合成误差)。"
                "请检查这些日是否切换到未计量线路。",
                quantity="E_IT", seen=kwh(it), limit=kwh(dc), unit="kWh", because_of=findings[0].id if findings else None,
            )
        )  # fmt: skip
    return findings


def _open_side(judged: Judged, site_id: str) -> str | None:
    """Id of the finding for which a side is known to be wrong already: an open supply, or IT counted twice."""
    for rule in (supply_closed, counted_once, placed):
        found = rule(judged, site_id)
        for finding in () if isinstance(found, NotChecked) else found:
            if finding.severity == "withhold" and finding.quantity in ("E_DC", "E_IT"):
                return finding.because_of or finding.id
    return None


def known_together(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """A ratio of sums over few common hours is a ratio of something else: hours known on both sides, after estimation.

    理由:比值只在两侧均已知的小时上成立;估算之后共同已知的小时过少时,该比值不代表整月。

    Source: checks.md BD12; metering.md §5 (hours known on both sides). D1 spoils E_DC and E_IT; D2 spoils water only, since its E_IT
    is judged with D1.
    """
    if absent := missing(judged, "energies"):
        return absent
    totals, limit = _totals(judged, site_id), judged.limit("BD12", "withhold_below")
    findings, judgeable = [], False
    for ratio, measure, quantities in (("D1", "E_DC@D1", ["E_IT", "E_DC"]), ("D2", "water@D2", ["water"])):
        total = totals.get(measure)
        if not total or not total["expected_s"]:
            continue
        judgeable = True
        seen = total["known_s"] / total["expected_s"]
        if seen >= limit:
            continue
        sides = [measure.split("@")[0], "E_IT"]
        held, held_zh = " and ".join(sorted(quantities)), "、".join(sorted(quantities))
        en, zh = (SIDE_NAMES[side] for side in sides), "与".join(SIDE_NAMES[side][1] for side in sides)
        finding = Finding(
            "BD12", site_id, judged.month, "withhold", ratio,
            f"Only {percent(seen, limit)} of the hours of {judged.month} are known on both {' and '.join(name for name, _ in en)} (limit "
            f"{percent(limit, limit)}): {held} withheld. Nothing could estimate the others: send the missing readings.",
            f"{judged.month} {zh}均已知的小时占 {percent(seen, limit)}(限值 {percent(limit, limit)}):{held_zh} 暂缓发布。其余小时无从估算,"
            "请补报缺失读数。",
            seen=seen, limit=limit, unit="1", because_of=silent_root(judged, site_id, *sides),
        )  # fmt: skip
        findings += spread(finding, quantities)
    if not judgeable:
        return NotChecked(f"{judged.month} has no hours of two sides to compare", f"{judged.month} 没有可比较的两侧小时数据")
    return findings


def _totals(judged: Judged, site_id: str) -> dict[str, Row]:
    return {row["measure"]: row for row in judged.of_site("energies", site_id) if not row["meter_id"]}
