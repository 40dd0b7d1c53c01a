"""Words that people see, in both languages (docs/glossary.md): statuses, severities, pillars, grades."""

from __future__ import annotations

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
