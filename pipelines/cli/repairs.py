"""What was repaired, in words an energy engineer would use: staging/repairs for ``gci check``, in English and Chinese.

Only the words and their order. What was repaired is decided in ``assets/staging``; whether it is a fault, in ``checks/rules``.
"""

from __future__ import annotations

from typing import Any

from assets.staging.units import INTERNAL_UNIT
from resources.calendar import local_text
from resources.home import Home

# In the order of a month's review: the register, then readings put aside, then hours without energy.
_WORDS: dict[str, tuple[str, str]] = {
    "replacement": (
        "replaced at {at}: the old register ended at {old}, the new one began at {new}; energy is counted across",
        "{at} 换表:旧表底数 {old},新表起数 {new},用量连续计算",
    ),
    "reset": (
        "reset at {at}: from {old} to {new}; energy is counted across",
        "{at} 示数清零:由 {old} 变为 {new},用量连续计算",
    ),
    "multiplier_change": (
        "multiplier changed at {at}, at the reading {old}: each side counted with its own multiplier",
        "{at} 变更倍率,变更时示数 {old}:前后各按自身倍率计算",
    ),
    "event_incomplete": (
        "{n} change{s} of the register without the value at that moment (first at {at}): that stretch is a gap",
        "{n} 次换表或变更未报变更时示数(首次 {at}),该段按缺口处理",
    ),
    "rollover": (
        "register rolled over {n} time{s} (first at {at}): energy is counted across zero",
        "示数翻转 {n} 次(首次 {at}),用量跨零连续计算",
    ),
    "falling": (
        "register fell {n} time{s} without an explanation (first at {at}): that stretch is a gap, never negative energy",
        "示数无故下降 {n} 次(首次 {at}),该段按缺口处理,不计负用量",
    ),
    "over_capacity": (
        "{n} stretch{es} above what the line can carry (first at {at}): treated as a gap",
        "{n} 段超过线路能力(首次 {at}),按缺口处理",
    ),
    "over_inferred": (
        "{n} stretch{es} far above the meter's own days (first at {at}): kept where the next reading confirmed the register",
        "{n} 段远高于该表日常水平(首次 {at}),后续示数可印证者予以保留",
    ),
    "glitch": (
        "{n} glitch{es} rejected (first at {at}): the next reading is back on the register",
        "剔除跳变 {n} 个(首次 {at}),后续示数已恢复",
    ),
    "sentinel": ("{n} placeholder value{s} rejected (first at {at})", "剔除哨兵值 {n} 个(首次 {at})"),
    "negative": ("{n} negative value{s} rejected (first at {at})", "剔除负值 {n} 个(首次 {at})"),
    "conflict": (
        "{n} instant{s} with several values in one file, all rejected (first at {at})",
        "同一文件内 {n} 个时刻数值不一致,均剔除(首次 {at})",
    ),
    "duplicate_entry": (
        "{n} reading{s} corrected by a later file, which counts (first at {at})",
        "{n} 个读数被后入库文件更正,以后者为准(首次 {at})",
    ),
    "overlap": ("{n} overlapping interval{s} put right (first at {at})", "处理重叠区间 {n} 处(首次 {at})"),
    "filled": ("{n} hour{s} filled {method}: {quantity} (from {at})", "补齐 {n} 小时,{method_zh}:{quantity}(自 {at})"),
    "placed": (
        "{n} hour{s} metered over a longer stretch and placed {method}: {quantity} metered, only its hours are assumed (from {at})",
        "{n} 小时合并计量,{method_zh}:{quantity} 为实测,仅小时分布为假定(自 {at})",
    ),
    "missing": ("{n} hour{s} still unknown, not counted as zero (from {at})", "仍有 {n} 小时未知,不按零计(自 {at})"),
}
_METHODS: dict[str, tuple[str, str]] = {
    "check": ("from its check meter", "取自校核表"),
    "balance": ("from the balance of the meter above it", "由上级表平衡推算"),
    "linear": ("in a straight line between neighbours", "按前后线性插补"),
    "like_day": ("after like days", "按同类日曲线"),
    "edge": ("at the last known rate, until the next month's first reading comes", "按末段平均速率外推,待下月首个读数替换"),
    "apportioned": ("as its share of a stretch that crosses the month's edge", "按跨月区段分摊"),
    "source": ("with the estimates of the source", "采用来源方的估算值"),
    "even": ("evenly", "均匀分摊"),
}


def repairs(home: Home, site_id: str, month: str, zone: str) -> list[dict[str, Any]]:
    """The repairs of a site's month, by meter, with times in ``zone``; [] where the month was computed before there was such a table."""
    stored = home.ledger.manifest(month, "staging/repairs")
    if stored is None:
        return []
    rows = [r for r in home.lake.read("staging/repairs", month, stored.file_digest).iter_rows(named=True) if r["site_id"] == site_id]
    order = list(_WORDS)
    found = []
    for row in sorted(rows, key=lambda r: (r["meter_id"], order.index(r["what"]), r["at_s"] or 0, r["method"] or "")):
        said = {
            "meter_id": row["meter_id"], "what": row["what"], "method": row["method"], "n": row["n"],
            "at": None if row["at_s"] is None else local_text(row["at_s"], zone),
            "quantity": row["quantity"], "unit": INTERNAL_UNIT[row["medium"]], "old_value": row["old_value"], "new_value": row["new_value"],
        }  # fmt: skip
        text_en, text_zh = words(said)
        found.append({**said, "text_en": text_en, "text_zh": text_zh})
    return found


def words(row: dict[str, Any]) -> tuple[str, str]:
    """A repair in English and Chinese."""
    english, chinese = _WORDS[row["what"]]
    methods = [_METHODS.get(name, (f"by {name}", name)) for name in (row["method"] or "").split("+") if name]
    values = {
        "n": f"{row['n']:,}",
        **{plural: "" if row["n"] == 1 else plural for plural in ("s", "es")},
        "quantity": _quantity(row["quantity"], row["unit"]),
        "method": " and ".join(m[0] for m in methods),
        "method_zh": "、".join(m[1] for m in methods),
    }
    at = row["at"] and row["at"][:16].replace("T", " ")
    en, zh = {"at": at or "an unknown time"}, {"at": at or "时刻未知"}
    for name in ("old", "new"):
        value = row[f"{name}_value"]
        en[name], zh[name] = (f"{value:,.12g}",) * 2 if value is not None else ("an unknown value", "未知")
    return english.format(**values, **en), chinese.format(**values, **zh)


def _quantity(quantity: int | None, unit: str) -> str:
    """A quantity in the unit of a bill."""
    if quantity is None:
        return "?"
    shown = {"Wh": (1000, "kWh"), "L": (1000, "m³"), "mL": (1000, "L"), "NL": (1000, "Nm³")}
    divisor, name = shown[unit]
    return f"{quantity / divisor:,.1f} {name}"
