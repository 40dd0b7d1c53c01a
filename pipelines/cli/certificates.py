"""``gci certificates``: the green power of a site and year on one page. Text only, no computation.

What is green, by what proof, what is held or waits, and what does not count and why. The contracts of the year and the plan are functions
of their own modules (``contracts.py``, ``plan.py``).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.markup import escape

from assets.reports.green_power import EXPIRING_DAYS, Stock, site_year
from assets.reports.green_power_words import DIFFERENCES, months, mwh, numbers, reason, route, sentences, short_route, source, status
from assets.reports.words import english, percent
from pipelines.cli.contracts import contract_lines, print_contracts
from pipelines.cli.options import INCOMPLETE, format_option, home_option, open_home, print_json
from pipelines.cli.plan import plan_options, show_plan, year_plan
from pipelines.cli.render import _table, console
from resources.calendar import month_range
from resources.errors import GciError, UsageError
from resources.home import Home

_YEAR = re.compile(r"(19|20|21)\d{2}")
_SHOWN = 12  # rows of a list on the page; json has all
Found = Mapping[str, Any]


@click.command()
@click.argument("site")
@click.argument("year")
@plan_options
@home_option
@format_option
def certificates(
    site: str, year: str, plan: bool, target: str | None, offers: str | None, quality: str | None, day: str | None, root: str, output: str
) -> int:  # fmt: skip
    """The green power of a SITE in a YEAR: what is claimed by which proof, held, pending, expiring, or not counted and why.

    By the newest entry of the log. Exit status 3 when the share of a computed month is withheld or not reported.
    """
    home = open_home(root)
    check_site_year(home, site, year)
    asked = {"--target": target, "--offers": offers, "--quality": quality, "--on": day}
    if plan:
        return show_plan(year_plan(home, site, year, target, offers, quality, day), output)
    if given := [name for name, value in asked.items() if value is not None]:
        raise UsageError(f"{', '.join(given)} belongs to a plan: add --plan.")
    found, under = site_year(Stock(home), site, year), contract_lines(home, site, year)
    if output == "json":
        print_json({**under, **found})
    else:
        print_position(found)
        print_contracts(under)
    return INCOMPLETE if any(month["status"] in ("withheld", "not_reported") for month in found["months"]) else 0


def check_site_year(home: Home, site: str, year: str) -> None:
    """UsageError for what is no year, or a site that has no results in it; GciError when no month of the year was computed."""
    if not _YEAR.fullmatch(year):
        raise UsageError(f"'{year}' is no year. Write it as YYYY, for example 2026.")
    first = home.settings.first_month
    if f"{year}-12" < first:
        raise UsageError(f"{year} lies before the first month of this home, {first} (first_month in gci.toml). Name a later year.")
    rows = home.ledger.rows("result", month=month_range(f"{year}-01", f"{year}-12"), window="month")
    if not rows:
        raise _not_computed(home, year)
    kinds = {row["entity_id"]: row["entity_kind"] for row in rows}
    sites = sorted(name for name, kind in kinds.items() if kind == "site")
    if kinds.get(site) == "cluster":
        raise UsageError(f"{site} is a cluster; this command asks about one site: {', '.join(sites)}.")
    if site not in kinds:
        near = difflib.get_close_matches(site, sites, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise UsageError(f"There is no site '{site}' in {year}.{hint} Known: {', '.join(sites)}.")


def _not_computed(home: Home, year: str) -> GciError:
    computed = sorted({item.month for item in home.ledger.manifests(table_name="index/site_index")})
    if not computed:
        return GciError(f"Nothing was computed in this home yet. Run 'gci run MONTH', for example 'gci run {year}-01'.")
    return GciError(
        f"No month of {year} was computed yet; there are results for {computed[0]} to {computed[-1]}. "
        f"Run 'gci backfill {max(f'{year}-01', home.settings.first_month)} {year}-12', or 'gci run' for one month."
    )


def print_position(found: Found) -> None:
    """The page."""
    out = console()
    out.print(
        f"[bold]{escape(found['site_id'])}[/] · {found['year']} · green power 绿色电力 · by log entry 截至日志条目 {found['log_number']} "
        f"({found['today']})\n"
    )
    for en, zh in sentences(found):
        out.print(f"{escape(en)}\n[dim]{escape(zh)}[/]", soft_wrap=True)
    out.print("\n[bold]Month by month 逐月[/] MWh")
    out.print(_months(found))
    _print_groups(found, "claimed", "What is green, and by what proof 绿电及其证明")
    _print_groups(found, "withheld", "Claimed in months that are withheld: does not count while they are 暂缓发布月份的主张:暂不计入")
    _print_groups(found, "pending", "Pending: does not count yet 待核销:暂不计入")
    _print_groups(found, "excluded", "Does not count 不计入")
    _print_groups(found, "unassigned", "Cancelled or settled for no site yet (all sites) 尚未归属站点(全部站点)")
    _print_cancelled(found)
    _print_held(found)
    _print_books(found["books"])
    out.print(f"[dim]Back to the rows 追溯: gci trace {escape(found['site_id'])} MONTH E1[/]")


def _months(found: Found) -> Any:
    routes = list(found["sum"]["claimed_by_route"])
    table = _folding(
        "Month\n月份", ">Electricity\n用电量", *(">" + "\n".join(short_route(found, name)) for name in routes), ">Counted\n计入",
        ">Share\n占比", ">Pending\n待核销", ">Not counted\n不计入", "Status\n状态",
    )  # fmt: skip
    for row in [*found["months"], {**found["sum"], "month": "Σ", "status": None}]:
        said = "" if row["status"] is None else f"{english(row['status'])} {' '.join(status(row)[1:])}"
        table.add_row(
            row["month"], mwh(row["electricity_mwh"]), *(mwh(row["claimed_by_route"].get(name, 0)) for name in routes),
            mwh(row["counted_mwh"]), percent(row["share"]), mwh(row["pending_mwh"]), mwh(row["excluded_mwh"]),
            said + (" · open 未齐" if row.get("claims_open") else ""),
        )  # fmt: skip
    return table


def _folding(*headings: str) -> Any:
    """A table whose cells go on in the next line: a file's name is never cut."""
    table = _table(*headings)
    for column in table.columns:
        column.overflow = "fold"
    return table


_BY_ROUTE = ("claimed", "withheld")


def _print_groups(found: Found, name: str, title: str) -> None:
    """Claims that share a route or a reason, with the documents and rows that prove them."""
    groups = found[name]
    if not groups:
        return
    out = console()
    out.print(f"[bold]{title}[/]")
    table = _folding(
        "Route\n途径" if name in _BY_ROUTE else "Why\n原因", ">MWh", "Project, contract, meter\n项目、合同、表计", "Months\n月份",
        "Documents\n证明文件", "First row\n首行",
    )  # fmt: skip
    for group in groups:
        what = route(found, group["route"]) if name in _BY_ROUTE else reason(group)
        subject = [group[key] for key in ("project_code", "contract_id", "meter_id") if group[key]]
        table.add_row(
            escape("\n".join(what)), mwh(group["mwh"]) + (" + ?" if group["unknown"] else ""), escape("\n".join(subject)) or "–",
            months(group["months"]), escape(_some(group["documents"])), escape(_first(group)),
        )  # fmt: skip
    out.print(table)


def _some(names: Sequence[str], most: int = 2) -> str:
    more = f"\n+{len(names) - most} more 另 {len(names) - most} 份" if len(names) > most else ""
    return "\n".join(names[:most]) + more if names else "by the meter 以计量为准"


def _first(group: Found) -> str:
    row = group["rows"][0]
    more = f"\n+{len(group['rows']) - 1} more 另 {len(group['rows']) - 1} 行" if len(group["rows"]) > 1 else ""
    return "\n".join(text for text in (numbers(row), source(row)) if text) + more


def _print_cancelled(found: Found) -> None:
    """What stands cancelled in the registry for the site and year, whether or not it counts."""
    if not found["cancelled"]:
        return
    out = console()
    out.print(f"[bold]Cancelled for consumption of {found['year']} 已核销[/]")
    table = _table(
        ">MWh", "Project\n项目", "Channel\n取得渠道", "Contract\n合同", "Beneficiary\n受益主体", ">Ranges\n号段数",
        "Last cancelled\n最近核销",
    )  # fmt: skip
    for group in found["cancelled"]:
        named = (group[name] or "–" for name in ("project_code", "channel", "contract_id", "beneficiary"))
        last = max(row["since"] for row in group["rows"])
        table.add_row(mwh(group["mwh"]), *(escape(text) for text in named), str(len(group["rows"])), last)
    out.print(table)


def _print_held(found: Found) -> None:
    out = console()
    out.print(f"[bold]Held, not cancelled 持有未核销[/] (usable for 可用于 {found['year']})")
    if not found["held"]:
        out.print("None. 无。\n")
        return
    table = _folding(
        ">MWh", "Project\n项目", "Range\n号段", "Since\n持有自", "Last usable day\n最后可用日", ">Days\n剩余天数", "Document\n证明文件",
        "File, row\n文件与行",
    )  # fmt: skip
    for row in found["held"][:_SHOWN]:
        style = "red" if row["days_left"] < 0 else "yellow" if row["days_left"] <= EXPIRING_DAYS else "none"
        shared = f"\n{row['account'] or ''} (contract 合同 {row['contract_id']})" if row["shared"] else ""
        table.add_row(
            mwh(row["mwh"]), row["project_code"], escape(numbers(row) + shared), row["since"],
            f"[{style}]{row['usable_to']}[/]", f"[{style}]{row['days_left']}[/]", escape(row["evidence"] or "–"), escape(source(row)),
        )  # fmt: skip
    out.print(table)
    if len(found["held"]) > _SHOWN:
        out.print(f"… {len(found['held']) - _SHOWN} more: --format json. 其余见 --format json。")


def _print_books(books: Found) -> None:
    if not books["project_months"]:
        return
    out = console()
    out.print(f"[bold]The books, all sites 绿证账目(全部站点)[/] {books['project_months']} project-months 个项目月, MWh")
    out.print(
        f"issued 核发 {mwh(books['issued'])} ≥ transferred 划转 {mwh(books['transferred'])} + self-use 自发自用 "
        f"{mwh(books['self_used'])} + no transfer known 无划转记录 {mwh(books['untransferred'])} ≥ cancelled 核销 "
        f"{mwh(books['cancelled'])} = valid 有效 {mwh(books['valid'])} + disputed 存疑 {mwh(books['disputed'])}",
        soft_wrap=True,
    )
    out.print(
        f"valid 有效 = claimed 计入 {mwh(books['claimed'])} + pending 待核销 {mwh(books['waiting'])} + not counted 不计入 "
        f"{mwh(books['left_out'])} + other months 其他月份 {mwh(books['elsewhere'])} + in no claim 未主张 {mwh(books['lost'])}",
        soft_wrap=True,
    )
    for row in books["differences"][:_SHOWN]:
        en, zh = DIFFERENCES[row["kind"]]
        whose = f" {row['site_id']}" if row["site_id"] else ""
        subject = f"{row['project_code']} {numbers(row)} ({mwh(row['mwh'])} MWh)"
        out.print(f"  [yellow]{en} {zh}[/]: {escape(subject)}{escape(whose)} · {escape(source(row))}", soft_wrap=True)
    if len(books["differences"]) > _SHOWN:
        out.print(f"  … {len(books['differences']) - _SHOWN} more: --format json. 其余见 --format json。")
