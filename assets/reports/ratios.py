"""The shares of renewable electricity side by side: one list for the terminal and the pages, in English and Chinese.

Words and order only; the figures are those of E1 and E2 (``assets/indicators/renewable_share.py``, ``hourly_match.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assets.reports.words import percent

Pair = tuple[str, str]
_BASIS = {
    "metered": ("by the meters of the line and the roof", "按现场与直连电表逐小时计量"),
    "prorated": ("certificates prorated on the metered generation of their project and month", "绿证按项目当月计量发电曲线分摊"),
}


def ratio_rows(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The shares of a result: ``code``, ``name``, ``value`` (null where not known) and ``note``, names and notes in both languages.

    Empty where E1 has no value, or of a result of an older version. Source: green-power.md §4 (publish all, side by side).
    """
    items = {item["code"]: item for item in payload["indicators"]}
    share, quality = items.get("E1"), items.get("E2")
    if share is None or "hourly_matched_share" not in share["beside"]:
        return []
    beside = share["beside"]
    rows: list[tuple[str, Pair, float | None, Pair]] = [
        ("E1", ("renewable share", "可再生能源利用比例"), share["value"], ("claimed / electricity", "已核销电量 / 用电量")),
        ("REF", ("renewable energy factor", "可再生能源因子"), beside["REF"], _ref(beside)),
        (
            "",
            ("delivered share", "直供占比"),
            beside["delivered_share"],
            ("on-site, direct line and green-power trade", "自发自用、绿电直连、绿电交易"),
        ),
        ("HM", ("hourly-matched share", "按小时匹配占比"), beside["hourly_matched_share"], _hourly(beside)),
        ("CFE", ("carbon-free energy", "零碳电量占比"), beside["CFE"], _cfe(beside)),
        (
            "E2",
            ("quality-weighted share", "质量加权占比"),
            quality["value"] if quality else None,
            ("Σ route weight × claimed / electricity", "Σ 途径权重 × 已核销电量 / 用电量"),
        ),
        ("", ("quality of what is claimed", "所主张电量的质量"), beside["quality_of_claims"], ("unscored", "不计分")),
    ]
    return [{"code": code, "name": name, "value": value, "note": note} for code, name, value, note in rows]


def _ref(beside: Mapping[str, Any]) -> Pair:
    if beside["REF"] is None:
        return "fuel or bought heat is not reported", "未报送燃料或外购热"
    return "over all energy carriers (ISO/IEC 30134-3)", "按全部能源载体(ISO/IEC 30134-3)"


def _hourly(beside: Mapping[str, Any]) -> Pair:
    if beside["hourly_matched_share"] is None:
        return beside["hourly_reason"], beside["hourly_reason_zh"]
    if beside["hourly_basis"] is None:
        return "nothing is claimed", "无主张电量"
    en, zh = _BASIS[beside["hourly_basis"]]
    profiled, known = (percent(beside[f"hourly_{name}_share"]) for name in ("profiled", "known"))
    return (
        f"{en}; {profiled} of what is claimed has a profile, {known} of the hours are metered: at least this much",
        f"{zh};所主张电量的 {profiled} 有分时曲线,{known} 的小时有计量:至少为此值",
    )


def _cfe(beside: Mapping[str, Any]) -> Pair:
    if beside["CFE"] is None:
        return beside["CFE_reason"], beside["CFE_reason_zh"]
    return "hourly, with the carbon-free share of the grid", "逐小时,含电网零碳电量"
