"""What a month emitted, used and cost, and what was approved: unscored companions of a site's result.

Reads what was computed and puts it in order; ``gci show`` and the report show the same. No figure is made here but exact sums of rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from assets.index.approved import TABLE as APPROVED
from assets.indicators.cost import TABLE as COSTS
from assets.indicators.cost import amount_text
from assets.indicators.energy_total import TABLE as TOTALS
from assets.indicators.energy_total import TOTAL
from assets.indicators.ghg import SCOPES, sum_of
from assets.indicators.ghg import TABLE as INVENTORY
from assets.reports.tables import Tables
from resources.home import Home

TABLES = (INVENTORY, TOTALS, COSTS, APPROVED)
PERIODS = {
    "all": ("all hours", "全部时段"), "sharp": ("sharp", "尖峰"), "peak": ("peak", "高峰"), "flat": ("flat", "平段"),
    "valley": ("valley", "低谷"), "deep_valley": ("deep valley", "深谷"),
}  # fmt: skip
KINDS = {
    "grid_energy": ("grid electricity", "电网电量"), "demand": ("demand charge", "需量电费"), "grid": ("grid, sum", "电网小计"),
    "direct_line": ("direct line", "绿电直连"), "onsite": ("on-site, plant of others", "第三方现场发电"),
    "premium": ("green premium", "绿电溢价"), "total": ("total", "合计"), "bill": ("bill", "账单"),
}  # fmt: skip
STATUS = {
    "known": ("known", "已知"), "estimated": ("estimated", "估算"), "unknown": ("unknown", "未知"), "not_stated": ("not stated", "未填"),
    "counted": ("counted", "计入"), "left_out": ("left out", "未计入"), "incomplete": ("incomplete", "不完整"),
    "withheld": ("withheld", "暂缓发布"), "not_reported": ("not reported", "未报送"), "within": ("within", "不超批复"),
    "above": ("above", "超出批复"), "no_approved_value": ("no approved value", "无批复值"), "not_compared": ("not compared", "未比较"),
}  # fmt: skip
SCOPE_NAMES = {
    "1": ("scope 1", "范围一"), "2_location": ("scope 2, location-based", "范围二(基于位置)"),
    "2_market": ("scope 2, market-based", "范围二(基于市场)"), "2_fossil": ("fossil sensitivity", "化石因子敏感性"),
    "3": ("scope 3", "范围三"),
}  # fmt: skip
CARRIERS = {
    "electricity": ("electricity", "电力"), "diesel": ("diesel", "柴油"), "natural_gas": ("natural gas", "天然气"),
    "purchased_heat": ("bought heat", "外购热力"), "fuel": ("fuel", "燃料"), "total": ("total", "合计"),
}  # fmt: skip
SUBJECTS = {"PUE": ("PUE", "PUE"), "WUE": ("WUE", "WUE"), "energy": ("energy", "综合能耗")}
WINDOWS = {"month": ("month", "当月"), "ttm": ("12 months", "滚动十二个月")}


def site_accounts(home: Home, site_id: str, month: str, tables: Tables | None = None) -> dict[str, Any] | None:
    """``emissions`` (by scope), ``energy`` (carriers, tce), ``cost`` (lines, bills, total), ``approved``; None when not computed.

    ``tables``: those of the home, when many sites are asked for. Amounts are in 1/10,000 of the currency (``amount_e4``) and as text
    (``amount``); what is not known is null, with its reason.
    """
    read = tables or Tables(home)
    rows: dict[str, list[dict[str, Any]]] = {}
    for name in TABLES:
        own = read.rows(name, month, site_id)
        if own is None:
            return None
        rows[name] = [_plain(row) for row in own]
    carriers = rows[TOTALS]
    return {
        "emissions": [_scope(scope, rows[INVENTORY]) for scope in SCOPES],
        "energy": {
            "carriers": [row for row in carriers if row["carrier"] != TOTAL],
            "total": next((row for row in carriers if row["carrier"] == TOTAL), None),
        },
        "cost": _cost(sorted(rows[COSTS], key=lambda row: row["line"])),
        "approved": sorted(rows[APPROVED], key=lambda row: (list(SUBJECTS).index(row["subject"]), row["window"])),
    }


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without what the reader knows already or that says only where it lay."""
    return {name: value for name, value in row.items() if name not in ("site_id", "month", "entry", "source_row")}


def _scope(scope: str, rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    own = [row for row in rows if row["scope"] == scope]
    told = next((row for row in own if row["status"] in ("withheld", "unknown")), None)
    told = told or next((row for row in own if row["status"] == "not_reported"), None)
    return {
        "scope": scope, "emissions_kg": sum_of(own), "rows": sum(row["status"] == "counted" for row in own),
        "status": told["status"] if told else "counted", "reason_en": told["reason_en"] if told else None,
        "reason_zh": told["reason_zh"] if told else None,
        "vintages": sorted({row["vintage"] for row in own if row["status"] == "counted" and row["source"] != "claims" and row["vintage"]}),
    }  # fmt: skip


def _cost(rows: list[dict[str, Any]]) -> dict[str, Any]:
    said = [row | {"amount": amount_text(row["amount_e4"]), "computed": amount_text(row["computed_e4"])} for row in rows]
    return {
        "lines": [row for row in said if row["kind"] not in ("total", "bill")],
        "total": next((row for row in said if row["kind"] == "total"), None),
        "bills": [row for row in said if row["kind"] == "bill"],
    }


def item_words(row: Mapping[str, Any]) -> tuple[str, str]:
    """What a line of the cost is of: a period in both languages, else its meter, contract or bill."""
    return PERIODS.get(row["item"], (row["item"], row["item"])) if row["kind"] == "grid_energy" else (row["item"], row["item"])


def reason_words(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["reason_en"] or "", row["reason_zh"] or ""


def carrier_words(name: str) -> tuple[str, str]:
    return CARRIERS.get(name, (name, name))


def money(text: str | None) -> str:
    """``1,234.56`` of an amount for a person, rounded half to even; a dash when it is not known."""
    return "–" if text is None else f"{Decimal(text).quantize(Decimal('0.01')):,}"


def signed(value: float | None) -> str:
    """A difference with its sign and three significant digits, thousands whole; a dash when there is none."""
    if value is None:
        return "–"
    return f"{value:+,.0f}" if abs(value) >= 1000 else f"{value:+.3g}"


def difference_words(row: Mapping[str, Any]) -> str:
    """Bill less computed, as text; empty where one is not known."""
    if row["amount_e4"] is None or row["computed_e4"] is None:
        return ""
    difference = row["amount_e4"] - row["computed_e4"]
    return ("+" if difference > 0 else "") + money(amount_text(difference))
