"""Rules of time (时限): completeness, instants, the trailing window.

Put here what a month must hold of its time, and when. What readings say is ``content``, what they belong to is ``boundary``.
"""

from __future__ import annotations

from dataclasses import replace

from checks.findings import Finding, Judged, NotChecked
from checks.rules.composition import members_of, with_roots, worst
from checks.rules.meters import countable
from checks.rules.view import (
    SIDE_NAMES,
    SIDES,
    Row,
    by_key,
    listed,
    missing,
    moment,
    percent,
    refs,
    rows_counted,
    several,
    share_rule,
    shares_of,
    sides_by_meter,
    zone_of,
)
from resources.calendar import HOUR_S, add_months


def completeness(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """A month with missing time is not the month: the share of each meter's time whose energy is metered, before any estimation.

    理由:缺失的时间不是零用量。按估算之前的实测时间占比判定;缺口较大且份额达到 1 % 的计量点,使本侧暂缓发布。

    Source: checks.md TL01; project convention.
    """
    if absent := missing(judged, "meter_facts", "counted"):
        return absent
    facts = {row["meter_id"]: row for row in judged.of_site("meter_facts", site_id) if row["expected_s"]}
    sides = sides_by_meter(judged, site_id)
    if not facts and not sides:
        return NotChecked(f"no meter of the site is valid in {judged.month}", f"{judged.month} 没有有效的计量点")
    done = {meter: facts[meter]["metered_s"] / facts[meter]["expected_s"] if meter in facts else 0.0 for meter in {*facts, *sides}}
    findings = []
    for side in SIDES:
        findings += _side(judged, site_id, side, {meter: done[meter] for meter in sorted(sides) if side in sides[meter]}, facts)
    uncounted = sorted(meter for meter in done if meter not in sides)
    flag_below = judged.limit("TL01", "flag_below")
    findings += [_meter(judged, site_id, "", m, done[m], facts.get(m), "flag", flag_below, None) for m in uncounted if done[m] < flag_below]
    # A meter whose readings are all refused is silent for that reason.
    refused = countable(judged, site_id)
    roots = {} if isinstance(refused, NotChecked) else {f.subject: f.id for f in refused if f.because_of is None}
    findings = [replace(finding, because_of=roots.get(finding.subject, finding.because_of)) for finding in findings]
    return with_roots(findings, judged, site_id)


def _side(judged: Judged, site_id: str, side: str, done: dict[str, float], facts: dict[str, Row]) -> list[Finding]:
    withhold_below = judged.limit("TL01", "withhold_below")
    flag_below = max(judged.limit("TL01", "flag_below"), withhold_below)  # a home may have tightened the one past the other
    known = shares_of(judged, site_id, side)
    low = [meter for meter in done if done[meter] < withhold_below]
    material, _ = share_rule(judged, known, low)
    findings = []
    for meter, seen in done.items():
        if meter in low and material:
            findings.append(_meter(judged, site_id, side, meter, seen, facts.get(meter), "withhold", withhold_below, known.get(meter)))
        elif seen < flag_below:
            findings.append(_meter(judged, site_id, side, meter, seen, facts.get(meter), "flag", flag_below, known.get(meter)))
    weights = {meter: weight for meter, weight in known.items() if meter in done}
    # Where meters withhold the side already, their findings say it better.
    if not (low and material) and (total := sum(weights.values())):
        weighted = sum(weight * done[meter] for meter, weight in weights.items()) / total
        if weighted < withhold_below:
            root = worst(findings)
            (en, zh), limit = SIDE_NAMES[side], percent(withhold_below, withhold_below)
            findings.append(
                Finding(
                    "TL01", site_id, judged.month, "withhold", side,
                    f"Meters of {en} metered {percent(weighted, withhold_below)} of {judged.month}, weighted by energy (limit {limit}): "
                    f"{side} is withheld. Send the missing readings of the meters listed with it.",
                    f"{zh}计量点 {judged.month} 按电量加权的完整率为 {percent(weighted, withhold_below)}(限值 {limit}):{side} 暂缓发布。"
                    "请补报所列计量点缺失的读数。",
                    quantity=side, seen=weighted, limit=withhold_below, unit="1", because_of=root.id if root else None,
                )
            )  # fmt: skip
    return findings


def _meter(
    judged: Judged, site_id: str, side: str, meter: str, seen: float, facts: Row | None, severity: str, limit: float, share: float | None
) -> Finding:
    hours, hours_zh = "all of them", "全部"
    if facts:
        absent = -(-(facts["expected_s"] - facts["metered_s"]) // HOUR_S)
        hours, hours_zh = several(absent, "hour"), f"共 {absent:,} 小时"
    span_en = span_zh = ""
    if facts and facts.get("first_at_s") is not None:
        zone = zone_of(judged, site_id)
        first, last = moment(zone, facts["first_at_s"]), moment(zone, facts["last_at_s"])
        span_en, span_zh = f" Its usable readings run from {first} to {last}.", f"可用读数自 {first} 至 {last}。"
    effect_en, effect_zh = " It is not counted on a side.", "该计量点不计入边界。"
    if side:
        carried, carried_zh = "an unknown share", "未知份额"
        if share is not None:
            carried = carried_zh = percent(share, judged.limit("SHARE", "material"))
        held = severity == "withhold"
        effect_en = f" It carries {carried} of {SIDE_NAMES[side][0]}" + (f": {side} is withheld." if held else ".")
        effect_zh = f"其{SIDE_NAMES[side][1]}份额为 {carried_zh}" + (f":{side} 暂缓发布。" if held else "。")
    do_en = f"Send the missing readings ({hours}), or correct valid_to in 'meters' if it was taken out of service."
    do_zh = f"请补报缺失读数({hours_zh});如已停用,请在 meters 中更正 valid_to。"
    if members := members_of(judged, site_id).get(meter):
        do_en = f"It is computed from {listed(members)}, and known only where they all are: send their missing readings ({hours})."
        do_zh = f"该表由 {listed(members)} 计算,全部成员已知时方为已知。请补报成员的缺失读数({hours_zh})。"
    return Finding(
        "TL01", site_id, judged.month, severity, meter,  # type: ignore[arg-type]
        f"Meter {meter} metered {percent(seen, limit)} of its time in {judged.month} (limit {percent(limit, limit)}).{effect_en}{span_en} "
        f"{do_en}",
        f"计量点 {meter} 在 {judged.month} 的实测时间占比为 {percent(seen, limit)}(限值 {percent(limit, limit)})。{effect_zh}{span_zh}"
        f"{do_zh}",
        quantity=side, seen=seen, limit=limit, unit="1",
    )  # fmt: skip


def silent_root(judged: Judged, site_id: str, *sides: str) -> str | None:
    """Id of what findings about these sides follow from: the worst of TL01 there, or its own root; None when TL01 found nothing there."""
    found = completeness(judged, site_id)
    if isinstance(found, NotChecked):
        return None
    there = [finding for finding in found if finding.quantity in sides]
    root = worst(there)
    if root is None:
        return None
    return root.because_of or root.id


def instants(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """A reading whose instant can't be resolved, or lies after the file that brought it, says nothing about any hour: it is rejected.

    理由:时刻无法确定(夏令时重复小时、无时区)或晚于文件入库时刻的读数,无法归入任何小时,予以拒绝。

    Source: checks.md TL04; metering.md §3 (local time).
    """
    if absent := missing(judged, "anomalies", "meter_facts"):
        return absent
    rows = [row for row in judged.of_site("anomalies", site_id) if row["code"] == "TL04"]
    if not rows and not any(row["n_landed"] for row in judged.of_site("meter_facts", site_id)):
        return NotChecked(f"no reading was landed for {judged.month}", f"{judged.month} 没有入库读数")
    sides = sides_by_meter(judged, site_id) if "counted" in judged.tables else {}
    findings = []
    for meter, group in by_key(rows, "meter_id").items():
        count, future = rows_counted(group), rows_counted(row for row in group if row["what"] == "future")
        first = moment(zone_of(judged, site_id), min((row["at_s"] for row in group if row["at_s"] is not None), default=None))
        findings.append(
            Finding(
                "TL04", site_id, judged.month, "flag", meter,
                f"Meter {meter}: {several(count, 'reading was', 'readings were')} rejected: {count - future} without a resolvable local "
                f"time, {future} later than the landing (first at {first}). Check the logger's clock, or export times with UTC offsets.",
                f"计量点 {meter} 有 {count} 条读数被拒:{count - future} 条本地时刻无法确定,{future} 条晚于入库时刻"
                f"(首条 {first})。请检查采集器时钟,或导出带 UTC 偏移的时刻。",
                quantity=next(iter(sides.get(meter, [])), ""), seen=float(count), limit=0.0, unit="readings", rows=refs(group),
            )
        )  # fmt: skip
    return findings


def trailing(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """A trailing value stands for a year: with fewer than twelve valid months, or a withheld or unreported one among them, it is interim.

    理由:滚动值代表一整年;历史不足十二个月,或其中有暂缓发布、未报告的月份时,仅为阶段值。

    Source: checks.md TL08; project convention.
    """
    if absent := missing(judged, "window"):
        return absent
    # A withheld month has data: history begins with it, though no value does.
    rows = [
        {**row, "withheld_months": list(row["withheld_months"]), "gaps": list(row["unreported_months"]), "begun": min(months)}
        for row in judged.of_site("window", site_id)
        if (months := [m for m in (row["first_month_with_data"], *row["withheld_months"]) if m is not None])
    ]
    if not rows:
        return NotChecked(f"the site has no month with data up to {judged.month}", f"截至 {judged.month} 该站点没有数据")
    needed = int(judged.limit("TL08", "months"))
    findings = []
    begin = add_months(judged.month, 1 - needed)
    if young := [row for row in rows if row["begun"] > begin]:
        fewest, first = min(int(row["valid_months"]) for row in young), min(row["begun"] for row in young)
        codes = listed(sorted(str(row["code"]) for row in young))
        findings.append(
            Finding(
                "TL08", site_id, judged.month, "info", "history",
                f"Trailing values of {judged.month} are interim: the data of {codes} begin in {first} ({fewest} of {needed} months). "
                "They become full when the months have passed; land earlier months to have them sooner.",
                f"{judged.month} 的滚动值为阶段值:{codes} 的数据自 {first} 起(有效 {fewest} 个月,需 {needed} 个月)。"
                "补报更早月份即可提前满足。",
                seen=float(fewest), limit=float(needed), unit="months",
            )
        )  # fmt: skip
    if held := [row for row in rows if row["withheld_months"]]:
        months, fewest = sorted({m for row in held for m in row["withheld_months"]}), min(int(row["valid_months"]) for row in held)
        codes = listed(sorted(str(row["code"]) for row in held))
        findings.append(
            Finding(
                "TL08", site_id, judged.month, "info", "withheld",
                f"Trailing values of {judged.month} are interim: {listed(months, needed)} withheld in {codes} ({fewest} of {needed} months "
                "valid). Resolve the findings that withheld those months.",
                f"{judged.month} 的滚动值为阶段值:{codes} 的 {listed(months, needed)} 暂缓发布(有效 {fewest} 个月,需 {needed} 个月)。"
                "请处理使这些月份暂缓发布的问题。",
                seen=float(fewest), limit=float(needed), unit="months",
                because_of=next((row["because_of"] for row in held if row.get("because_of")), None),
            )
        )  # fmt: skip
    if gaps := [row for row in rows if row["gaps"]]:
        months, fewest = sorted({m for row in gaps for m in row["gaps"]}), min(int(row["valid_months"]) for row in gaps)
        codes = listed(sorted(str(row["code"]) for row in gaps))
        findings.append(
            Finding(
                "TL08", site_id, judged.month, "info", "not reported",
                f"Trailing values of {judged.month} are interim: nothing is reported for {listed(months, needed)} in {codes} ({fewest} of "
                f"{needed} months valid). Land what they read for those months.",
                f"{judged.month} 的滚动值为阶段值:{codes} 的 {listed(months, needed)} 未报告(有效 {fewest} 个月,需 {needed} 个月)。"
                "请补报这些月份所需的数据。",
                seen=float(fewest), limit=float(needed), unit="months",
            )
        )  # fmt: skip
    return findings
