"""How people see words and numbers: terms in both languages (docs/glossary.md), values with a person's digits."""

from __future__ import annotations

from typing import Any

from checks.contracts.vocabulary import POINTS

ZH = {
    "measured": "实测",
    "estimated": "估算",
    "carried_forward": "沿用",
    "declared": "申报",
    "not_reported": "未报送",
    "not_applicable": "不适用",
    "withheld": "暂缓发布",
    "withhold": "暂缓",
    "flag": "提示",
    "info": "说明",
    "open": "未计算",
    "provisional": "暂定",
    "submitted": "已提交",
    "final": "最终",
    "restated": "已重述",
    "safe_efficient": "算力安全高效性",
    "green_low_carbon": "算力绿色低碳性",
    "smart_management": "能碳管理智能性",
    "lifecycle": "全生命周期绿色管理",
}
EN = {
    "safe_efficient": "safe and efficient",
    "green_low_carbon": "green and low-carbon",
    "smart_management": "smart management",
    "lifecycle": "lifecycle (bonus)",
}
GRADE_ZH = {"1": "一级", "2": "二级", "3": "三级", "4": "四级", "5": "五级"}


def english(term: str) -> str:
    return EN.get(term, term.replace("_", " "))


def chinese(term: str) -> str:
    return ZH.get(term, term)


def point_zh(point: str) -> str:
    """The Chinese name of a measuring point: the first of its spellings."""
    return POINTS[point].split()[0] if point in POINTS else "点位未知"


def number(value: float | None, digits: int = 4) -> str:
    """A number for a person: significant digits, thousands separated; an unknown one is a dash, never 0."""
    if value is None:
        return "–"
    if value and abs(value) < 0.001:
        return f"{value:.2e}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def points(value: float | None) -> str:
    """An index or score with two decimals; none is a dash."""
    return "–" if value is None else f"{value:.2f}"


def percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def merged(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Findings as a person reads them: one fault that spoils several quantities stands once, under its first id; ``ids`` has them all."""
    first: dict[tuple[str, ...], dict[str, Any]] = {}
    renamed: dict[str, str] = {}
    for item in findings:
        key = (item["code"], item["site_id"], item["subject"], item["message_zh"])
        root = first.setdefault(key, {**item, "ids": []})
        root["ids"].append(item["id"])
        renamed[item["id"]] = root["id"]
    kept = [{**item, "because_of": renamed.get(item["because_of"], item["because_of"])} for item in first.values()]
    return [{**item, "because_of": None if item["because_of"] == item["id"] else item["because_of"]} for item in kept]
