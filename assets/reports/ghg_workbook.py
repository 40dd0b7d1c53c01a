"""The greenhouse gas inventory as a workbook: sums by scope, one row for each source, and how to read it. Headings in both languages.

Only what ``indicators/ghg_inventory`` holds is written. Before a file is made every sum is held against the published figure: an inventory
that does not add up is an error, not a file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl

from assets.indicators.ghg import SCOPES, TABLE, sum_of
from assets.reference.scope1 import decimal
from assets.reports.accounts import SCOPE_NAMES, STATUS
from assets.reports.published import sources
from assets.reports.tables import read_table
from resources.errors import GciError
from resources.home import Home

_COLUMNS = (
    ("site_id", "Site", "数据中心"), ("month", "Month", "月份"), ("scope", "Scope", "范围"), ("category", "Category", "类别"),
    ("source", "Source", "数据来源"), ("subject", "Of", "排放源"), ("quantity", "Quantity", "活动水平"), ("unit", "Unit", "单位"),
    ("factor", "Factor", "因子"), ("factor_unit", "Factor unit", "因子单位"), ("vintage", "Vintage", "因子数据年"),
    ("published_on", "Published", "公布日期"), ("published_late", "After the cut-off", "晚于截止日"), ("document", "Document", "因子出处"),
    ("gwp_set", "GWP set", "GWP 集"), ("stated_quantity", "Reported quantity", "填报数量"), ("stated_unit", "Reported unit", "填报单位"),
    ("density_kg_per_l", "Density, kg/L", "密度 kg/L"), ("emissions_kg", "kg CO2e", "排放量 kg CO2e"), ("status", "Status", "状态"),
    ("reason_en", "Remark", "说明(英文)"), ("reason_zh", "Remark in Chinese", "说明(中文)"), ("evidence", "Evidence document", "佐证文件"),
    ("entry", "Log entry", "日志条目"), ("source_row", "Row of the file", "文件行号"),
)  # fmt: skip
_SUMS = (
    ("site_id", "Site", "数据中心"), ("month", "Month", "月份"), ("scope", "Scope", "范围"), ("emissions_kg", "kg CO2e", "排放量 kg CO2e"),
    ("published_kg", "Published, kg CO2e", "已公布值 kg CO2e"), ("rows", "Rows counted", "计入行数"), ("status", "Status", "状态"),
    ("reason_en", "Remark", "说明(英文)"), ("reason_zh", "Remark in Chinese", "说明(中文)"),
)  # fmt: skip
_WORDS = {
    "fuel_combustion": ("fuel combustion", "燃料燃烧"), "refrigerant": ("refrigerant", "制冷剂逸散"),
    "purchased_electricity": ("purchased electricity", "外购电力"), "claimed_electricity": ("claimed electricity", "绿电主张电量"),
    "meter": ("meter", "表计"), "activity": ("activity", "活动数据"), "claims": ("claims", "绿电主张"),
    "electricity that no claim covers": ("electricity that no claim covers", "未被绿电主张覆盖的电量"),
    "unmetered hours, filled in proportion": ("unmetered hours, filled in proportion", "未计量小时(按比例补齐)"),
    "own generation and storage, rest": ("own generation and storage, rest", "自发电与储能余额"),
    "surplus": ("surplus", "超出部分"), "none": ("none", "无"), "fuel": ("fuel", "燃料"), "diesel": ("diesel", "柴油"),
    "natural_gas": ("natural gas", "天然气"),
}  # fmt: skip
_NOTES = (
    ("One row is one source. Quantity × factor = kg CO2e; the rows of a scope sum to its published figure.",
     "每行一个排放源。活动水平 × 因子 = 排放量;各范围之和等于已公布值。"),
    ("Scope 2 stands twice, location-based and market-based: never added to each other. The fossil sensitivity is added to nothing.",
     "范围二列示两次:基于位置与基于市场,互不相加;化石因子敏感性不参与合计。"),
    ("Scope 3 is optional and no part of CUE. A blank figure is unknown, never zero; its remark says why.",
     "范围三为可选,不计入 CUE。空白表示未知,而非零;原因见说明。"),
    ("Certificates never change the location-based figure.", "绿证不改变基于位置的数值。"),
)  # fmt: skip


@dataclass(frozen=True)
class Inventory:
    """Rows of the inventory of some months, and the sum of each site, month and scope beside the published figure."""

    rows: list[dict[str, Any]]
    sums: list[dict[str, Any]]
    digests: dict[str, str]  # month, and which revision of which sites → digest of its table
    logs: dict[str, int]  # the same → log entry that it was computed from


def read_inventory(home: Home, months: Sequence[str], site_id: str | None = None) -> Inventory:
    """The inventory of months (of one site when named), with its sums; of what is final as its revision says.

    GciError when a month was not computed, or a sum is not the published figure.
    """
    rows: list[dict[str, Any]] = []
    sums: list[dict[str, Any]] = []
    digests, logs = {}, {}
    for month in months:
        for source in sources(home, month):
            table, stored = read_table(source.home, TABLE, month), source.home.ledger.manifest(month, TABLE)
            if table is None or stored is None:
                raise GciError(f"The inventory of {month} was not computed yet. Run 'gci run {month}'.")
            own = table.filter(source.counts(pl.col("site_id")) if site_id is None else pl.col("site_id") == site_id)
            if site_id is not None and not source.holds(site_id):
                continue
            label = f"{month} {source.label}".strip()
            digests[label], logs[label] = stored.digest, stored.as_of
            found = sorted(own.to_dicts(), key=lambda row: (row["site_id"], SCOPES.index(row["scope"]), row["line"]))
            rows, sums = rows + found, sums + _sums(source.home, found)
    return Inventory(rows, [*sums, *_together(sums, months)] if len(months) > 1 else sums, digests, logs)


def _sums(home: Home, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["site_id"], row["month"], row["scope"]), []).append(row)
    found: list[dict[str, Any]] = []
    for (site_id, month, scope), own in groups.items():
        total = sum_of(own)
        published, seen = _published(home, site_id, month, scope), total
        if scope == "2_location" and total is not None:  # published with scope 1 in it, which stands right before it
            seen = sum(row["emissions_kg"] or 0.0 for row in found[-1:] if row["scope"] == "1") + total
        if published is not None and published != seen:
            raise GciError(f"{site_id} {month} {scope}: the rows sum to {seen} kg, but {published} kg is published. Run 'gci verify'.")
        published = None if published is None else total
        told = next((row for row in own if row["status"] in ("withheld", "unknown", "not_reported")), None)
        found.append(
            {
                "site_id": site_id, "month": month, "scope": scope, "emissions_kg": total, "published_kg": published,
                "rows": sum(row["status"] == "counted" for row in own), "status": told["status"] if told else "counted",
                "reason_en": told["reason_en"] if told else None, "reason_zh": told["reason_zh"] if told else None,
            }
        )  # fmt: skip
    return found


def _together(sums: Iterable[Mapping[str, Any]], months: Sequence[str]) -> list[dict[str, Any]]:
    """The sum of all months by site and scope; without one where a month has none, naming it."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in sums:
        groups.setdefault((row["site_id"], row["scope"]), []).append(row)
    found = []
    for (site_id, scope), own in groups.items():
        absent = sorted({*months} - {row["month"] for row in own if row["emissions_kg"] is not None})
        total = None if absent else float(sum((decimal(row["emissions_kg"]) for row in own), Fraction(0)))
        found.append(
            {
                "site_id": site_id, "month": f"{months[0]}–{months[-1]} ({len(months)})", "scope": scope, "emissions_kg": total,
                "published_kg": None, "rows": sum(row["rows"] for row in own), "status": "unknown" if absent else "counted",
                "reason_en": f"no figure for {', '.join(absent)}" if absent else None,
                "reason_zh": f"{'、'.join(absent)} 无数值" if absent else None,
            }
        )  # fmt: skip
    return found


def _published(home: Home, site_id: str, month: str, scope: str) -> float | None:
    """The figure of a scope that stands in the month's F1 (location-based: with scope 1 in it); None where F1 has none."""
    rows = home.ledger.rows("indicator_value", month=month, window="month", entity_id=site_id, code="F1")
    parts = json.loads(rows[0]["payload"])["components"] if rows else {}
    if scope == "1" and parts.get("scope1_unreported"):
        return None
    name = {"1": "scope1", "2_location": "location", "2_market": "scope2_market", "2_fossil": "scope2_fossil"}.get(scope, "")
    figure: float | None = parts.get(name)
    return figure


def write_workbook(path: Path, inventory: Inventory, title: str, *, simulated: bool = False) -> None:
    """Write sheets ``Sums 合计``, ``Inventory 清单`` and ``Notes 说明`` to an .xlsx file."""
    import xlsxwriter  # only this command needs it

    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(path, {"strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        bold = book.add_format({"bold": True})
        first = f"{title}{' · SIMULATED DATA 模拟数据' if simulated else ''}"
        for name, columns, rows in (("Sums 合计", _SUMS, inventory.sums), ("Inventory 清单", _COLUMNS, inventory.rows)):
            sheet = book.add_worksheet(name)
            sheet.write_string(0, 0, first, bold)
            for number, (_, en, zh) in enumerate(columns):
                sheet.write_string(1, number, f"{en}\n{zh}", head)
            for line, row in enumerate(rows, start=2):
                for number, (column, _, _) in enumerate(columns):
                    _cell(sheet, line, number, _words(column, row[column]))
            sheet.freeze_panes(2, 3)
            sheet.autofilter(1, 0, max(len(rows) + 1, 2), len(columns) - 1)
            sheet.autofit(260)
        notes = book.add_worksheet("Notes 说明")
        notes.write_string(0, 0, first, bold)
        lines = [text for pair in _NOTES for text in pair]
        lines += [f"{month}: log entry 日志条目 {inventory.logs[month]}, {inventory.digests[month]}" for month in inventory.digests]
        for line, text in enumerate(lines, start=2):
            notes.write_string(line, 0, text)
        notes.set_column(0, 0, 120)


def _words(column: str, value: Any) -> Any:
    """A cell as people read it: codes in both languages, yes for true."""
    if column == "scope":
        return " ".join(SCOPE_NAMES[value])
    if column == "status":
        return " ".join(STATUS[value])
    if column in ("category", "source", "subject"):
        return " ".join(_WORDS[value]) if value in _WORDS else value
    if isinstance(value, bool):
        return "yes 是" if value else ""
    return value


def _cell(sheet: Any, line: int, number: int, value: Any) -> None:
    if value is None or value == "":
        return
    if isinstance(value, int | float):
        sheet.write_number(line, number, value)
    else:
        sheet.write_string(line, number, str(value))
