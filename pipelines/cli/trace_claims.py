"""The claims behind a renewable share in the terminal: a branch for each route, certificate range and meter. Text only."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from rich.markup import escape
from rich.tree import Tree


def draw_claims(top: Tree, claims: dict[str, Any]) -> None:
    """Add the claims to a trace: what counts route by route, what is beyond consumption, what does not count and why."""
    node = top.add(f"[bold]claims 主张[/] = {_wh(claims['used_wh'])} used 计入{_cut(claims)}")
    if not claims["routes"]:
        node.add("no eligible claim 无有效主张")
    for route in claims["routes"]:
        branch = node.add(f"{route['route']} × {route['weight']:g}: {_wh(route['used_wh'])}{_cut(route)}")
        for row in route["rows"]:
            leaf = branch.add(f"{_name(row)}: {_wh(row['used_wh'])}{_cut(row)}  [dim]{_proof(row)}[/]")
            _draw_raw(leaf, row)
    left = sorted(claims["not_counted"], key=lambda row: (row["status"], row["reason"] or ""))
    for (status, reason), rows in groupby(left, key=lambda row: (row["status"], row["reason"])):
        own = list(rows)
        amount = sum(row["quantity_wh"] or 0 for row in own)
        zh = {"pending": "待核销", "excluded": "不计入"}[status]
        branch = top.add(f"[yellow]{status} {zh}[/] {_wh(amount)}: {reason} {own[0]['reason_zh'] or ''}")
        for row in own:
            known = "unknown 未知" if row["quantity_wh"] is None else _wh(row["quantity_wh"])
            _draw_raw(branch.add(f"{_name(row)}: {known}  [dim]{_proof(row)}[/]"), row)


def _wh(value: int) -> str:
    return f"{value:,} Wh"


def _cut(node: dict[str, Any]) -> str:
    """What of it does not cover the month's consumption."""
    surplus = f" · surplus 盈余 {_wh(node['surplus_wh'])}" if node["surplus_wh"] else ""
    beyond = f" · beyond this month's consumption 超出当月用电 {_wh(node['beyond_wh'])}" if node["beyond_wh"] else ""
    return surplus + beyond


def _name(row: dict[str, Any]) -> str:
    """The range, else the meter or contract."""
    project = row["project_code"] or ""
    if row["seq_start"] is not None:
        return escape(f"{project} {row['production_month']} {row['seq_start']}-{row['seq_end']}")
    return escape(" ".join(part for part in (project, row["meter_id"] or row["contract_id"] or "") if part))


def _proof(row: dict[str, Any]) -> str:
    document = escape(row["evidence"]) if row["evidence"] else "by the meter 以计量为准" if row["meter_id"] else "no document 无证明文件"
    place = f" · row {row['source_row']} of {escape(row['file'])}" if row["file"] else ""
    return f"{document}{place}"


def _draw_raw(leaf: Tree, row: dict[str, Any]) -> None:
    if "raw" in row:
        leaf.add(f"[dim]{escape(' | '.join('' if value is None else str(value) for value in row['raw'].values()))}[/]")
