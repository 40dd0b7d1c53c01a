"""A trace as a tree for the terminal: number, window, sides with their meters, members of a cluster. Text only.

The other families of inputs are drawn in ``trace_inputs.py``, claims in ``trace_claims.py``.
"""

from __future__ import annotations

from typing import Any

from rich.markup import escape
from rich.tree import Tree

from assets.reports.words import chinese, merged, number
from pipelines.cli.trace_claims import draw_claims
from pipelines.cli.trace_inputs import draw_inputs


def draw(tree: dict[str, Any]) -> Tree:
    """The trace as a tree for the terminal."""
    top = Tree(f"[bold]{tree['entity_id']} {tree['month']} {tree['code']} = {_value(tree)}[/]   {escape(tree['formula'])}")
    _draw_head(top, tree)
    if "members" in tree:
        _draw_members(top, tree)
    elif tree["window"]:
        _draw_window(top, tree["code"], tree["window"])
    _draw_content(top, tree)
    for item in merged(tree["findings"]):
        top.add(f"[yellow]finding 问题[/] {item['code']} {escape(item['subject'])}: {escape(item['message'])}")
    for item in tree["waivers"]:
        top.add(f"[yellow]waiver 豁免[/] entry {item['entry']} {escape(item['finding'])}: {escape(item['by'])}, {escape(item['reason'])}")
    for item in tree["signatures"]:
        who = f"{escape(item['by'])} ({escape(item['role'])}), entry {item['entry']}, {item['at']}"
        top.add(f"[green]signed 已签署[/] by {who}: {escape(item['statement'])}")
    edition = f"edition {tree['edition']} {tree['edition_digest'][:19]}…"
    top.add(f"[dim]{edition} · code {tree['code_version'][:19]}… · {len(tree['entries'])} log entries 日志条目[/]")
    top.add(f"[dim]log entry {tree['log_number']} · head {tree['head_digest']}[/]")
    return top


def _value(tree: dict[str, Any]) -> str:
    value = tree["month_value"]
    if value is None:
        shown = f"{tree['status']} {chinese(tree['status'])} {' '.join(tree['rules_failed'])}".strip()
        return f"{shown} (unbounded 无上界)" if (tree["number"] or {}).get("unbounded") else shown
    return f"{value:,}" if isinstance(value, int) else number(value, 6)


def _draw_head(top: Tree, tree: dict[str, Any]) -> None:
    """Clause of the edition, numerator and denominator with their units."""
    clause = tree["clause"]
    if clause:
        top.add(f"[dim]{escape(tree['name'])} {tree['name_zh']} · {escape(str(clause['source_en']))}, {escape(clause['clause'])}[/]")
    one = tree["number"]
    if one and one["numerator"]["amount"] is not None:
        sides = [f"{amount(one[side]['amount'])} {one[side]['unit']}".strip() for side in ("numerator", "denominator")
                 if one[side]["amount"] is not None]  # fmt: skip
        top.add(f"numerator / denominator 分子/分母: {' / '.join(sides)}")
    if one and one["reason"]:
        top.add(f"[yellow]{escape(one['reason'])}[/]")


def _draw_content(top: Tree, tree: dict[str, Any]) -> None:
    if tree.get("claims"):
        draw_claims(top, tree["claims"])
    for side in tree.get("sides", ()):
        _draw_side(top, side)
    draw_inputs(top, tree)


def _draw_members(top: Tree, tree: dict[str, Any]) -> None:
    if tree["window"]:
        ttm = tree["window"]
        top.add(f"published for twelve months 滚动十二个月: {tree['code']} = {_or_status(ttm)}")
    node = top.add(f"{len(tree['members'])} members 成员站点")
    for member in tree["members"]:
        own = f"{escape(member['site_id'])}: {_or_status(member)}"
        if member.get("numerator") is not None:
            own += f" = {amount(member['numerator'])} / {amount(member['denominator'])}"
        branch = node.add(own if member["enters"] else f"[dim]{own}, does not enter 不计入[/]")
        if "weight_wh" in member:
            branch.add(f"[dim]weight 权重 {amount(member['weight_wh'])} Wh[/]")
        if "trace" in member:
            _draw_content(branch, member["trace"])


def _or_status(item: dict[str, Any]) -> str:
    value = item["value"]
    if value is None:
        return f"{item['status']} {chinese(item['status'])}"
    return f"{value:,}" if isinstance(value, int) else number(value, 6)


def _draw_window(top: Tree, code: str, window: dict[str, Any]) -> None:
    parts = f"{amount(window['numerator'])} / {amount(window['denominator'])}"
    entering = sum(m["enters"] for m in window["months"])
    node = top.add(f"published for {entering} of 12 months 滚动十二个月(有效 {entering}): {code} = {_or_status(window)} = {parts}")
    for month in window["months"]:
        if not month["enters"]:
            node.add(f"{month['month']}: {_or_status(month)}, not in the window 不计入")
        else:
            node.add(f"{month['month']}: {_or_status(month)} = {amount(month['numerator'])} / {amount(month['denominator'])}")


def amount(value: float | None) -> str:
    """Whole units as they are; a weighted energy without the noise of its floats."""
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"


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
