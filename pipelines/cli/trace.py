"""``gci trace``: a number back to the rows of the files."""

from __future__ import annotations

from typing import Any

import click
from rich.markup import escape
from rich.tree import Tree

from assets.reports.words import chinese, merged, number
from pipelines.cli import lookup
from pipelines.cli.options import format_option, home_option, open_home, print_json
from pipelines.cli.render import console
from pipelines.cli.trace_claims import draw_claims


@click.command()
@click.argument("site")
@click.argument("month")
@click.argument("code")
@click.option(
    "--depth",
    type=click.Choice(["meters", "hours", "rows"]),
    default="meters",
    show_default=True,
    help="How far down every branch is shown.",
)
@home_option
@format_option
def trace(site: str, month: str, code: str, depth: str, root: str, output: str) -> int:
    """Walk a number (D1, E1, E2, E_DC, E_IT, water) of a SITE and MONTH back to the rows of the files. Each level adds up to the one
    above."""
    from pipelines.trace import trace as walk

    home = open_home(root)
    lookup.check_site(home, site, month)
    tree = walk(home, site, month, code, depth, lookup.result_payload(home, site, month, "ttm"))
    if output == "json":
        print_json(tree)
    else:
        console().print(draw(tree))
    return 0


def draw(tree: dict[str, Any]) -> Tree:
    """The trace as a tree for the terminal."""
    value = tree["month_value"]
    shown = f"{value:,}" if isinstance(value, int) else number(value, 6)
    if value is None:
        shown = f"{tree['status']} {chinese(tree['status'])} {' '.join(tree['rules_failed'])}".strip()
    top = Tree(f"[bold]{tree['site_id']} {tree['month']} {tree['code']} = {shown}[/]   {escape(tree['formula'])}")
    if tree["window"]:
        _draw_window(top, tree["code"], tree["window"])
    if "claims" in tree:
        draw_claims(top, tree["claims"])
    for side in tree["sides"]:
        _draw_side(top, side)
    for item in merged(tree["findings"]):
        top.add(f"[yellow]finding 问题[/] {item['code']} {escape(item['subject'])}: {escape(item['message'])}")
    top.add(f"[dim]edition {tree['edition']} · log entry {tree['log_number']} · head {tree['head_digest']}[/]")
    return top


def _draw_window(top: Tree, code: str, window: dict[str, Any]) -> None:
    parts = f"{_amount(window['numerator'])} / {_amount(window['denominator'])}"
    valid = sum(m["numerator"] is not None for m in window["months"])
    node = top.add(f"published for {valid} of 12 months 滚动十二个月(有效 {valid}): {code} = {number(window['value'], 6)} = {parts}")
    for month in window["months"]:
        if month["numerator"] is None:
            node.add(f"{month['month']}: {month['status']}, not in the window")
        else:
            node.add(f"{month['month']}: {number(month['value'], 6)} = {_amount(month['numerator'])} / {_amount(month['denominator'])}")


def _amount(value: float | None) -> str:
    """Whole units as they are; a weighted energy without the noise of its floats."""
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:,.0f}"


def _draw_side(top: Tree, side: dict[str, Any]) -> None:
    if side["total"] is None and not side["meters"]:
        top.add(f"[bold]{side['measure']}[/]: no meter counts; not reported 未报送")
        return
    total = "unknown 未知" if side["total"] is None else f"{side['total']:,} {side['unit']}"
    node = top.add(f"[bold]{side['measure']}[/] = {total} · {side['known_s'] // 3600} of {side['expected_s'] // 3600} hours")
    for meter in side["meters"]:
        _draw_meter(node, meter, side["unit"])


def _draw_meter(above: Tree, meter: dict[str, Any], unit: str) -> None:
    sign = "−" if meter["sign"] < 0 else "+"
    # Members may be negative themselves (a difference that falls below 0): the sign before is the one they count with.
    quantity = "unknown" if meter["quantity"] is None else f"{meter['sign'] * meter['quantity']:,}"
    states = ", ".join(f"{s['hours']} h {s['state']}{' ' + s['method'] if s['method'] else ''}" for s in meter["states"])
    branch = above.add(f"{sign} {escape(meter['meter_id'])}: {quantity} {unit}  [dim]{states}[/]")
    for hour in meter.get("hours", ()):
        branch.add(f"[dim]{hour['hour']}[/] {hour['quantity']:,} {hour['state']}")
    if "refused" in meter:
        branch.add("[yellow]its definition is refused: nothing is known 定义被拒,电量未知[/]")
    if "shared" in meter:
        branch = _draw_shares(branch, meter["shared"], meter["sign"], unit)
    for member in meter.get("members", ()):
        _draw_meter(branch, member, unit)
    if "rows" in meter:
        _draw_rows(branch, meter["rows"])


def _draw_shares(branch: Tree, shared: dict[str, Any], sign: int, unit: str) -> Tree:
    parts = " + ".join(f"{escape(part['site_id'])} {sign * part['quantity']:,}" for part in shared["parts"])
    nobody = f" + nobody 未分摊 {sign * shared['nobody']:,}" if shared["nobody"] else ""
    node = branch.add(f"shared meter 共用表: {sign * shared['whole']:,} {unit} = {parts}{nobody}")
    for share in shared["shares"]:
        node.add(f"[dim]share 分摊比例 {escape(share['site_id'])} {100 * share['share']:g} %, {share['from']} – {share['to']}[/]")
    return node


def _draw_rows(branch: Tree, rows: dict[str, Any]) -> None:
    counts = f"{rows['landed']:,} rows = {rows['valid']:,} used + {rows['rejected']:,} rejected + {rows['superseded']:,} superseded"
    node = branch.add(f"{counts}; {rows['edge_rows']} more at the month's edges")
    for file in rows["files"]:
        node.add(f"[dim]entry {file['entry']} {escape(file['name'])} {file['digest'][:19]}… {file['rows']:,} rows[/]")
    for row in rows["shown"]:
        raw = escape(" | ".join("" if v is None else str(v) for v in row["raw"].values()))
        node.add(f"row {row['source_row']} of {escape(row['name'])}: {raw}")
    for row in rows["rejected_rows"]:
        node.add(f"[yellow]{row['rule_code']}[/] entry {row['entry']} row {row['source_row']}: {escape(row['reason'])}")
