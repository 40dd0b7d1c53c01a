"""The accounts of a site-month in the terminal: emissions, energy, cost, approved against actual. Text only, no computation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape

from assets.reports.accounts import (
    KINDS,
    SCOPE_NAMES,
    STATUS,
    SUBJECTS,
    WINDOWS,
    carrier_words,
    difference_words,
    item_words,
    money,
    reason_words,
    signed,
)
from assets.reports.words import number
from pipelines.cli.render import _table, console

_STYLES = {"unknown": "yellow", "withheld": "bold red", "not_reported": "yellow", "incomplete": "yellow", "above": "yellow"}


def print_accounts(accounts: Mapping[str, Any] | None) -> None:
    """What stands beside the scores of a month, unscored; nothing of a month that an older version computed."""
    if accounts is None:
        return
    out = console()
    out.print("\n[bold]Beside the scores, of this month 当月核算[/] (unscored 不计分)")
    told: set[str] = set()
    _print_approved(accounts["approved"], told)
    table = _table("Emissions\n排放", ">t CO2e", ">Sources\n来源数", "Factors of\n因子年份", "Status\n状态")
    for row in accounts["emissions"]:
        kg = row["emissions_kg"]
        name = " ".join(SCOPE_NAMES[row["scope"]])
        vintages = ", ".join(row["vintages"]) or "–"
        table.add_row(name, "–" if kg is None else f"{kg / 1000:,.3f}", str(row["rows"]), vintages, _status(row, told))
    out.print(table)
    _print_energy(accounts["energy"], told)
    _print_cost(accounts["cost"], told)


def _status(row: Mapping[str, Any], told: set[str]) -> str:
    """A status in both languages, with its reason below it unless it was ``told`` already."""
    style = _STYLES.get(row["status"], "none")
    reason = _reason(row, told)
    return f"[{style}]{' '.join(STATUS[row['status']])}[/]" + (f"\n{reason}" if reason else "")


def _reason(row: Mapping[str, Any], told: set[str]) -> str:
    en, zh = reason_words(row)
    if not en or en in told:
        return ""
    told.add(en)
    return f"[dim]{escape(en)}\n{escape(zh)}[/]"


def _print_approved(rows: Sequence[Mapping[str, Any]], told: set[str]) -> None:
    table = _table(
        "Energy conservation review\n节能审查", "Window\n窗口", ">Actual\n实际", ">Approved\n批复", ">Difference\n差值", "Unit\n单位",
        "Status\n状态",
    )  # fmt: skip
    for row in rows:
        table.add_row(
            " ".join(dict.fromkeys(SUBJECTS[row["subject"]])), " ".join(WINDOWS[row["window"]]), number(row["actual"]),
            number(row["approved"]), signed(row["difference"]), "" if row["unit"] == "1" else row["unit"], _status(row, told),
        )  # fmt: skip
    console().print(table)


def _print_energy(energy: Mapping[str, Any], told: set[str]) -> None:
    table = _table("Energy, calorific value\n综合能耗(当量值)", ">Quantity\n消耗量", "Unit\n单位", ">Factor\n系数", ">tce", "Status\n状态")
    for row in [*energy["carriers"], *([energy["total"]] if energy["total"] else [])]:
        factor = "" if row["factor"] is None else f"{row['factor']:g} {row['factor_unit']}"
        tce = "–" if row["tce"] is None else f"{row['tce']:,.3f}"
        quantity = "–" if row["quantity"] is None else f"{row['quantity']:,.1f}"
        table.add_row(" ".join(carrier_words(row["carrier"])), quantity, row["unit"] or "", factor, tce, _status(row, told))
    console().print(table)


def _print_cost(cost: Mapping[str, Any], told: set[str]) -> None:
    out = console()
    if not cost["total"] and not cost["bills"]:
        out.print("No tariff, settlement or bill: no cost. 无电价、结算或账单,不计电费。\n")
        return
    table = _table(
        "Cost of electricity\n电费", "Of\n项目", ">Quantity\n数量", ">Price\n单价", ">Amount\n金额", "Currency\n币种", "Status\n状态"
    )
    for row in [*cost["lines"], *([cost["total"]] if cost["total"] else [])]:
        bold = row["kind"] in ("grid", "total")
        name, amount = " ".join(KINDS[row["kind"]]), money(row["amount"])
        table.add_row(
            f"[bold]{name}[/]" if bold else name, escape(" ".join(dict.fromkeys(item_words(row)))), _quantity(row),
            "" if row["price"] is None else f"{row['price']:g}", f"[bold]{amount}[/]" if bold else amount, row["currency"] or "–",
            _status(row, told),
        )  # fmt: skip
    out.print(table)
    if not cost["bills"]:
        return
    table = _table(
        "Bill\n账单", "From\n起", "To\n止", ">Billed\n账单电量", ">Amount\n账单金额", ">By tariff\n按电价", ">Difference\n差额",
        "Currency\n币种", "Remarks\n说明",
    )  # fmt: skip
    for row in cost["bills"]:
        table.add_row(
            escape(row["item"]), row["from_day"], row["to_day"], _quantity(row), money(row["amount"]), money(row["computed"]),
            difference_words(row) or "–", row["currency"] or "–", _reason(row, told),
        )  # fmt: skip
    out.print(table)


def _quantity(row: Mapping[str, Any]) -> str:
    """kWh of energy, kW of demand."""
    if row["quantity"] is None:
        return "–"
    return f"{row['quantity'] / 1000:,.0f} {'kW' if row['unit'] == 'W' else 'kWh'}"
