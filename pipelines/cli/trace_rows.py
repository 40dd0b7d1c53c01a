"""A sample of readings and the way of one row in the terminal. Text only."""

from __future__ import annotations

from typing import Any

from rich.markup import escape
from rich.tree import Tree

from assets.reports.words import chinese, number
from pipelines.cli.render import console

Node = dict[str, Any]


def print_sample(found: Node) -> None:
    """The population with its sums, then each drawn row and what became of it."""
    people = found["population"]
    top = Tree(f"[bold]{found['entity_id']} {found['month']} {found['code']}: {found['size']} of {people['rows']:,} rows 抽样[/]")
    counts = f"{people['valid']:,} valid + {people['rejected']:,} rejected + {people['superseded']:,} superseded"
    node = top.add(f"population 总体: {people['rows']:,} rows of {people['meters']} meters = {counts}")
    for side in people["measures"]:
        total = "unknown 未知" if side["total"] is None else f"{side['total']:,} {side['unit']}"
        states = " + ".join(f"{state} {quantity:,}" for state, quantity in side["by_state"].items())
        node.add(f"{escape(side['site_id'])} {side['measure']} = {total}" + (f" = {states}" if states else ""))
    for row in found["rows"]:
        where = f"row {row['source_row']} of {escape(row['name'])} · {escape(row['meter_id'])} {row['at'] or ''}"
        branch = top.add(f"draw {row['draw']}: {where} · {_state(row)}")
        branch.add(_raw(row["raw"]))
        _fate(branch, row)
    top.add(f"[dim]seed 种子 {escape(found['seed'])} · {found['method']}[/]")
    top.add(f"[dim]log entry {found['log_number']} · head {found['head_digest']}[/]")
    console().print(top)


def print_reverse(found: Node) -> None:
    """What the row says, and month by month where it was used or why not."""
    file = found["file"]
    top = Tree(f"[bold]row {found['source_row']} of {escape(file['name'])}[/] (entry {file['entry']}, {file['at']}) {file['digest'][:19]}…")
    if found.get("raw"):
        top.add(_raw(found["raw"]))
    if found.get("columns_not_used"):
        top.add(f"[dim]columns not used 未使用的列: {escape(', '.join(found['columns_not_used']))}[/]")
    top.add(_state(found))
    for use in found["months"]:
        where = ", ".join(use["sites"])
        branch = top.add(f"{use['month']} {escape(where)} {escape(use.get('meter_id') or '')} {use.get('at') or ''}: {_state(use)}")
        _fate(branch, use)
        for side in use.get("measures", ()):
            quantity = "unknown 未知" if side["quantity"] is None else f"{side['quantity']:,}"
            branch.add(f"{escape(side['site_id'])} {side['measure']} {escape(side['meter_id'])}: {quantity} in the month 当月")
        for item in use.get("indicators", ()):
            value = f"{item['status']} {chinese(item['status'])}" if item["value"] is None else number(item["value"], 6)
            rules = f" ({', '.join(item['rules_failed'])})" if item["rules_failed"] else ""
            rules += " [dim](beside the number 另列)[/]" if item.get("beside") else ""
            branch.add(f"{escape(item['site_id'])} {item['code']} {item['name_zh']} {escape(item['name'])} = {value}{rules}")
        clusters = set(use.get("entities", ())) - set(use["sites"])
        if clusters:
            branch.add(f"clusters 集群: {escape(', '.join(sorted(clusters)))}")
    console().print(top)


def _state(item: Node) -> str:
    style = "green" if item.get("used") or item["state"] == "used" else "yellow"
    return f"[{style}]{item['state']}[/]: {escape(item['why'])} {item['why_zh']}"


def _fate(branch: Tree, row: Node) -> None:
    if row.get("rule_code"):
        branch.add(f"[yellow]{row['rule_code']}[/] {escape(row['reason'])}")
    if row.get("by"):
        lost = f", itself rejected 亦被剔除 ({row['by']['rejected_by']})" if row["by"].get("rejected_by") else ""
        branch.add(f"by row {row['by']['source_row']} of {escape(row['by']['name'])} (entry {row['by']['entry']}){lost}")
    hours = row.get("hours", ())
    for hour in hours if len(hours) <= 4 else (*hours[:2], *hours[-2:]):
        quantity = "unknown" if hour["quantity"] is None else f"{hour['quantity']:,}"
        branch.add(f"[dim]hour {hour['hour']}[/] {quantity} {hour['state']}")
    if len(hours) > 4:
        branch.add(f"[dim]{len(hours)} hours in all 共 {len(hours)} 小时[/]")


def _raw(raw: Node) -> str:
    return escape(" | ".join("" if value is None else str(value) for value in raw.values()))
