"""What breaks a contract, cell by cell (CT01), in a user's words.

Words only: which cells those are is found where rows are typed.
"""

from __future__ import annotations

from dataclasses import dataclass

from checks.contracts.base import Column


@dataclass(frozen=True)
class Breach:
    """One cell that breaks the contract, in a user's words; ``row`` counts the rows of the frame from 0."""

    row: int
    column: str
    seen: str
    reason_en: str
    reason_zh: str


def breach_of(row: int, column: Column, seen: str | None, check: str) -> Breach:
    en, zh = _reason(column, check)
    return Breach(row, column.name, seen or "", en, zh)


_KINDS = {
    "date": ("a date such as 2026-03-01", "日期,例如 2026-03-01"),
    "month": ("a month such as 2026-03", "月份,例如 2026-03"),
    "instant": ("a date and time such as 2026-03-01 00:15", "日期时间,例如 2026-03-01 00:15"),
    "number": ("a number", "数字"),
    "integer": ("a whole number", "整数"),
    "boolean": ("yes or no (1/0, true/false, 是/否)", "是或否(1/0、true/false、是/否)"),
}


def _reason(column: Column, check: str) -> tuple[str, str]:
    """What the contract asks of the cell, in both languages."""
    name = column.name
    if check == "not_nullable":
        return f"{name} is required but empty", f"{name} 为必填项,不能为空"
    if check == "kind":
        en, zh = _KINDS[column.kind]
        return f"{name} must be {en}", f"{name} 应为{zh}"
    if check == "not_before":
        return f"{name} must not be before {column.not_before}", f"{name} 不得早于(小于){column.not_before}"
    if check.startswith("bounds:"):
        _, value, bound_en, bound_zh = check.split(":")
        return f"{name} of {value} must be {bound_en}", f"{value} 的 {name} {bound_zh}"
    if check == "time_zone":
        return f"{name} must be an IANA time zone such as Asia/Shanghai", f"{name} 应为 IANA 时区名,例如 Asia/Shanghai"
    if check.startswith("isin"):
        return f"{name} must be one of {', '.join(column.allowed)}", f"{name} 应为以下之一:{'、'.join(column.allowed)}"
    if check.startswith("greater_than"):
        return f"{name} must be at least {column.min:g}", f"{name} 不得小于 {column.min:g}"
    if check.startswith("less_than"):
        return f"{name} must be at most {column.max:g}", f"{name} 不得大于 {column.max:g}"
    if check.startswith("str_matches"):
        return f"{name} must look like {column.pattern}", f"{name} 应符合格式 {column.pattern}"
    raise AssertionError(f"contract check without words: {check}")
