"""Rules of content (内容) about a meter's own row: whether what it shows can be counted at all.

Put here what unit, multiplier, register and interval of a meter must be. What its readings say is ``content``, where it stands and what
it counts for is ``boundary``.
"""

from __future__ import annotations

from typing import NamedTuple

from checks.contracts.vocabulary import MEDIA, METER_POWER_UNITS, METER_UNITS
from checks.findings import Finding, Judged, NotChecked
from checks.rules.view import Row, by_key, meters_of, missing, refs, several, sides_by_meter, spread


def countable(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """A meter whose row does not say how to turn its readings into whole Wh or L says nothing, whatever it shows: none of them is used.

    理由:计量点的登记行须能将读数换算为整数 Wh 或 L:单位属于该介质,倍率大于 0,寄存器不过大,区间表有区间长度与时标;否则其读数均不采用。

    Source: checks.md CT02; metering.md §1.
    """
    if absent := missing(judged, "anomalies", "meter_facts", "meters", "counted"):
        return absent
    facts = {row["meter_id"]: row for row in judged.of_site("meter_facts", site_id)}
    if not facts:
        return NotChecked(f"no meter of the site is valid in {judged.month}", f"{judged.month} 没有有效的计量点")
    sides, registry = sides_by_meter(judged, site_id), by_key(meters_of(judged, site_id), "meter_id")
    findings = []
    for meter in sorted({row["meter_id"] for row in judged.of_site("anomalies", site_id) if row["what"] == "refused"}):
        rows, count = registry.get(meter, []), int(facts[meter]["n_rejected"]) if meter in facts else 0
        cause = next((found for row in rows if (found := _cause(row))), _TOO_LARGE)
        held = sides.get(meter, [])
        tail, tail_zh = (
            (f" {' and '.join(held)} {'is' if len(held) == 1 else 'are'} withheld.", f"{'、'.join(held)} 暂缓发布。") if held else ("", "")
        )
        finding = Finding(
            "CT02", site_id, judged.month, "withhold" if held else "flag", meter,
            f"Meter {meter} can't be counted in {judged.month}: {cause.en}. {several(count, 'reading')} rejected.{tail} In 'meters', "
            f"{cause.do_en}.",
            f"计量点 {meter} 在 {judged.month} 无法计量:{cause.zh}。拒绝读数 {count} 条。{tail_zh}请在 meters 中{cause.do_zh}。",
            seen=float(count), limit=0.0, unit="readings", rows=refs(rows),
        )  # fmt: skip
        findings += spread(finding, held or [""])
    return findings


class _Cause(NamedTuple):
    """Why a row can't be counted, and what to do about it."""

    en: str
    zh: str
    do_en: str
    do_zh: str


_TOO_LARGE = _Cause(
    "its multiplier or its full register has more digits than can be counted exactly",
    "其倍率或寄存器满值的位数过多,无法精确计数",
    "correct multiplier or register_digits",
    "更正 multiplier 或 register_digits",
)


def _cause(row: Row) -> _Cause | None:
    """What of unit, multiplier and interval keeps a row of 'meters' from being counted; None where they are in order."""
    power = row["kind"] in ("power", "software")
    accepted = (METER_POWER_UNITS if power else METER_UNITS).get(row["medium"], ())
    if row["unit"] not in accepted:
        what, what_zh = row["medium"], MEDIA[row["medium"]].split()[0]
        if power:
            what, what_zh = f"power of {what}", f"{what_zh}功率"
        return _Cause(
            f"its unit '{row['unit']}' is none of {what} (accepted: {', '.join(accepted) or 'none'})",
            f"单位“{row['unit']}”不是{what_zh}的计量单位(可用:{'、'.join(accepted) or '无'})",
            "correct unit, medium or kind",
            "更正 unit、medium 或 kind",
        )
    if row["multiplier"] is not None and row["multiplier"] <= 0:
        return _Cause(
            f"its multiplier {row['multiplier']:g} (unit {row['unit']}) is not above 0",
            f"倍率 {row['multiplier']:g}(单位 {row['unit']})不大于 0",
            "correct multiplier, or leave it blank for 1",
            "更正 multiplier,无倍率时留空(按 1 计)",
        )
    if row["kind"] == "interval" and not (row["interval_minutes"] and row["interval_label"]):
        return _Cause(
            "an interval meter needs interval_minutes and interval_label",
            "区间表须有 interval_minutes 与 interval_label",
            "state how long its intervals are and whether their start or end labels them",
            "填报区间长度以及时标为起点(start)或终点(end)",
        )
    return None
