"""``gci certificates SITE YEAR --plan``: what to buy so that the year reaches a target share. A plan, never a claim.

Gathers what was computed, asks ``assets/index/purchase_plan.py`` and prints it; no figure is made here.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.markup import escape

from assets.edition.document import parse_edition
from assets.index.offer_rules import Place, judge_offers
from assets.index.offers import read_offers
from assets.index.purchase_plan import YearMonth, purchase_plan
from assets.indicators.measure import IndicatorValue
from assets.reference.factors import FactorSet
from assets.reports.green_power import Stock
from assets.reports.green_power_words import mwh
from assets.reports.words import chinese, percent
from assets.staging.claim_rules import ClaimRules
from assets.staging.spans import Span
from pipelines.cli.options import INCOMPLETE, print_json
from pipelines.cli.render import _table, console
from resources.calendar import month_range
from resources.errors import GciError, UsageError
from resources.home import Home

F = TypeVar("F", bound=Callable[..., Any])
NOT_COMPUTED = "not_computed"
_ISSUED = "issued"  # the only state in which a certificate is nobody's yet


def plan_options(function: F) -> F:
    """The options of a plan, in the order they are shown."""
    options = (
        click.option("--plan", is_flag=True, help="What to buy so that the year reaches a target share, instead."),
        click.option(
            "--target", metavar="SHARE", help="With --plan: the share of E1 to reach, 0 to 1 (default: the edition's limit on E1)."
        ),
        click.option(
            "--offers", metavar="FILE", help="With --plan: certificates for sale, as CSV (columns: docs/method/purchase-plan.md)."
        ),
        click.option("--quality", metavar="SHARE", help="With --plan: the least E2 (quality-weighted share) to reach, 0 to 1."),
        click.option(
            "--on", "day", metavar="DATE", help="With --plan: when they would be cancelled (default: day of the newest log entry)."
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def year_plan(
    home: Home, site_id: str, year: str, target: str | None = None, offers: str | None = None, quality: str | None = None,
    day: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The plan of a site and year as one object; ``site_id`` and ``year`` are known to have results.

    UsageError for an option that can't be read; GciError for what is wrong in the offers file, or without SciPy.
    """
    stock = Stock(home)
    place = Place(site_id, _geography(home, site_id, year), int(year), _day(day) or stock.today)
    share, source = (_share("--target", target), ("--target", "--target")) if target is not None else _edition_target(home)
    rules = ClaimRules.from_reference(FactorSet.from_document(_document(home, "factors")).data)
    listed = judge_offers(read_offers(Path(offers)), place, rules, _used(stock)) if offers is not None else []
    least = None if quality is None else _share("--quality", quality)
    found = purchase_plan(_months(home, site_id, year), listed, place, share, least)
    number, head = home.ledger.head()
    said = {"target_source": source[0], "target_source_zh": source[1], "offers_file": offers, "log_number": number, "head_digest": head}
    if offers is None and found["feasible"] is False:  # nobody was asked whether it can be bought
        found |= {"feasible": None, "missing_mwh": None, "missing": None, "missing_zh": None}
    return {**found, **said}


def _months(home: Home, site_id: str, year: str) -> list[YearMonth]:
    """The months of the year, with the components of E1 where it has a value."""
    wanted = month_range(f"{year}-01", f"{year}-12")
    rows = home.ledger.rows("indicator_value", entity_id=site_id, entity_kind="site", window="month", code="E1", month=wanted)
    values = {row["month"]: IndicatorValue.from_json(json.loads(row["payload"])) for row in rows}
    found = []
    for month in wanted:
        value = values.get(month)
        if value is None:
            found.append(YearMonth(month, None, NOT_COMPUTED))
        elif not value.components:
            found.append(YearMonth(month, None, value.status, value.reason))
        else:
            found.append(YearMonth(month, value.components, value.status))
    return found


def _geography(home: Home, site_id: str, year: str) -> str | None:
    """Where the site lies, as its newest result of the year says."""
    rows = home.ledger.rows("result", entity_id=site_id, window="month", month=month_range(f"{year}-01", f"{year}-12"))
    return json.loads(max(rows, key=lambda row: row["month"])["payload"]).get("geography") if rows else None


def _used(stock: Stock) -> dict[tuple[str, str], list[Span]]:
    """Every number that the ledger says more of than that it was issued: transferred, cancelled, ended or disputed."""
    found: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for row in stock.ledger.iter_rows(named=True):
        if row["state"] != _ISSUED:
            found[row["project_code"], row["production_month"]].append((row["seq_start"], row["seq_end"]))
    return found


def _document(home: Home, kind: str) -> bytes:
    found = home.ledger.latest(kind)
    if found is None:
        raise GciError(f"The log holds no {kind}. Run 'gci land' first.")
    return home.lake.file_path(found.digest).read_bytes()


def _edition_target(home: Home) -> tuple[Fraction, tuple[str, str]]:
    """The highest limit below which the edition caps the grade by E1, and what it rests on."""
    edition = parse_edition(_document(home, "edition"), "edition")
    limits = [(cap.below, cap) for cap in edition.caps if cap.indicator == "E1" and cap.below is not None]
    if not limits:
        raise UsageError(f"Edition {edition.name} has no limit on E1 that could be a target. Name one: --target 0.8.")
    limit, cap = max(limits, key=lambda pair: pair[0])
    return Fraction(str(limit)), (f"edition {edition.name}: {cap.basis.en}", f"指标版本 {edition.name}:{cap.basis.zh}")


def _share(option: str, text: str) -> Fraction:
    try:
        value = Fraction(text.strip()) if "/" not in text else None
    except ValueError:
        value = None
    if value is None or not 0 <= value <= 1:
        hint = " Write 0.8 for 80 %." if text.strip().rstrip("%％ ").replace(".", "", 1).isdigit() else ""
        raise UsageError(f"{option} {text} is no share from 0 to 1.{hint}")
    return value


def _day(text: str | None) -> str | None:
    try:
        return None if text is None else date.fromisoformat(text).isoformat()
    except ValueError:
        raise UsageError(f"--on {text} is no day. Write it as YYYY-MM-DD.") from None


# Text -------------------------------------------------------------------------------------------------------------------


def show_plan(plan: Mapping[str, Any], output: str) -> int:
    """Print a plan; the exit status: 3 when the offers do not reach the target, or nothing could be planned."""
    if output == "json":
        print_json(plan)
    else:
        print_plan(plan)
    return 0 if plan["feasible"] or (plan["offers_file"] is None and "e_dc_wh" in plan) else INCOMPLETE


def print_plan(plan: Mapping[str, Any]) -> None:
    """``gci certificates SITE YEAR --plan`` for a person."""
    out = console()
    quality = "" if plan["quality"] is None else f" · E2 ≥ {plan['quality']:g}"
    out.print(
        f"[bold]{escape(plan['site_id'])}[/] · {plan['year']} · purchase plan 绿证采购方案 · E1 ≥ {percent(plan['target'])}{quality} · "
        f"cancelled on 核销日 {plan['on']}"
    )
    out.print(f"[dim]Target 目标: {escape(plan['target_source'])} {escape(plan['target_source_zh'])}[/]", soft_wrap=True)
    for note in ("note", "note_zh"):
        out.print(f"[bold yellow]{escape(plan[note])}[/]", soft_wrap=True)
    out.print(_months_table(plan))
    if waiting := [row["month"] for row in plan["months"] if row["status"] == NOT_COMPUTED]:
        out.print(f"Not computed, not in the plan 未计算,不在方案内: {', '.join(waiting)}", soft_wrap=True)
    if "e_dc_wh" not in plan:
        out.print("No month of the year has an E1: nothing can be planned. 本年无月份具有 E1,无法制定方案。")
        return
    _print_need(plan)
    _print_offers(plan)


def _months_table(plan: Mapping[str, Any]) -> Any:
    table = _table(
        "Month\n月份", ">Electricity MWh\n用电量", ">Counted MWh\n计入", ">Pending MWh\n待核销", ">E1", ">Short MWh\n缺口",
        ">Buy MWh\n拟购", "Status\n状态",
    )  # fmt: skip
    for row in plan["months"]:
        if row["status"] == NOT_COMPUTED:
            continue
        if "e_dc_wh" not in row:
            table.add_row(row["month"], *["–"] * 6, f"[yellow]{_status(row['status'])}[/] {escape(row['reason'] or '')}")
            continue
        energies = (mwh(row[name] / 1e6) for name in ("e_dc_wh", "counted_wh", "pending_wh"))
        buy = str(row["buy_mwh"]) if plan["feasible"] and plan["offers"] else "–"
        table.add_row(row["month"], *energies, percent(row["E1"]), mwh(row["shortfall_mwh"]), buy, _status(row["status"]))
    return table


def _status(status: str) -> str:
    return f"{status.replace('_', ' ')} {chinese(status)}"


def _print_need(plan: Mapping[str, Any]) -> None:
    out = console()
    known = sum("e_dc_wh" in row for row in plan["months"])
    short, buy = mwh(plan["shortfall_mwh"]), plan["to_buy_mwh"]
    first, first_zh = "", ""
    if plan["pending_wh"]:
        pending, then = mwh(plan["pending_wh"] / 1e6), percent(plan["E1_if_pending_cancelled"])
        first = f" Cancel first what is held or settled: {pending} MWh (E1 then {then})."
        first_zh = f"请先核销已持有或已结算的 {pending} MWh(核销后 E1 为 {then})。"
    together = "1 month" if known == 1 else f"{known} months together"
    out.print(
        f"{together}: E1 {percent(plan['E1'])}, {short} MWh short of the target.{first} To buy: {buy} MWh, whole certificates.",
        soft_wrap=True,
    )
    out.print(f"{known} 个月合计:E1 {percent(plan['E1'])},距目标缺 {short} MWh。{first_zh}需采购 {buy} MWh(整张)。", soft_wrap=True)


_OF_OFFER = (
    "offer_id", "buy_mwh", "available_mwh", "price", "cost", "route", "weight", "geography", "production_month", "energy_type",
)  # fmt: skip


def _print_offers(plan: Mapping[str, Any]) -> None:
    out = console()
    if plan["offers_file"] is None:
        if plan["to_buy_mwh"]:
            out.print("Name what is for sale with --offers FILE to get the cheapest mix. 用 --offers FILE 指定报价文件以求最低成本组合。")
        return
    if plan["feasible"]:
        money = f"{plan['cost']} {plan['currency']}"
        planned, now = (f"E1 {percent(plan[f'E1{when}'])} · E2 {percent(plan[f'E2{when}'])}" for when in ("_planned", ""))
        out.print(f"[bold green]Feasible 可行[/]: cost 费用 [bold]{money}[/] · {planned} (now 现为 {now})")
    else:
        out.print(f"[bold red]Not feasible 不可行[/]: {escape(plan['missing'])}.\n{escape(plan['missing_zh'])}。", soft_wrap=True)
    table = _table(
        "Offer\n报价", ">Buy MWh\n拟购", ">Of MWh\n可售", f">Price {plan['currency']}\n单价", f">Cost {plan['currency']}\n费用",
        "Route\n途径", ">Weight\n权重", "Province\n省份", "Produced\n生产月份", "Energy\n能源", "Numbers\n号段",
    )  # fmt: skip
    for row in plan["offers"]:
        style = "bold" if row["buy_mwh"] else "dim"
        table.add_row(
            *(f"[{style}]{escape(str(row[name]))}[/]" for name in _OF_OFFER),
            "checked 已核对" if row["numbers_stated"] else "[yellow]not stated 未注明[/]",
        )
    out.print(table)
    for row in plan["refused"]:
        what = f"{escape(row['offer_id'])} (row 第 {row['row']} 行, {row['available_mwh']} MWh)"
        out.print(f"[red]refused 不采用[/] {what}: {escape(row['reason'])} · {escape(row['reason_zh'])}", soft_wrap=True)
