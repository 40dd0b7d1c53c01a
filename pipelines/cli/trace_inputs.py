"""The inputs of a trace that are no energies or claims: equipment, practices, activities, carbon, recovery. Text only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.markup import escape
from rich.tree import Tree

Node = dict[str, Any]


def draw_inputs(top: Tree, tree: Node) -> None:
    """A branch for each family that the trace has."""
    for key, drawer in _DRAWERS.items():
        if tree.get(key):
            drawer(top, tree[key])
    for factor in tree.get("factors", ()):
        late = ", published after the cut-off 截止日后发布" if factor["published_late"] else ""
        top.add(
            f"[dim]factor 因子 {escape(factor['name'])}: {factor['value']:g} {escape(factor['unit'])} · {escape(str(factor['vintage']))}, "
            f"{factor['published_on']}{late} · {escape(factor['source'])}[/]"
        )


def _place(row: Node) -> str:
    """Where a row stands, in dim letters at the end of a line."""
    return f"  [dim]row {row['source_row']} of {escape(row['name'])}[/]" if row.get("name") else ""


def _document(row: Node) -> str:
    found = row.get("document")
    if found is None:
        return " · no document 无证明文件"
    return f" · {escape(found['name'])}" + ("" if found["landed"] else " (not landed 未入库)")


def _site(top: Tree, row: Node) -> None:
    top.add(f"design power 设计功率 {row['design_power_kw']} kW, from 自 {row['valid_from']}{_place(row)}")


def _practices(top: Tree, node: Node) -> None:
    branch = top.add(
        f"[bold]items 检查项[/] {node['items_counted']} of {len(node['items'])} count 计分 = {node['score']:g} / {node['weight']:g}"
    )
    for item in node["items"]:
        name = f"{item['item']} {item['zh']} {escape(item['en'])}"
        if item["level"] is None:
            branch.add(f"[dim]{name}: not assessed 未评估 (weight 权重 {item['weight']:g})[/]")
            continue
        words = f"{item['weight']:g} × {item['level']:g} = {item['points']:g}"
        line = f"{name}: {words} · {item['assessed_on']}{_document(item)}{_place(item)}"
        branch.add(line if item["counts"] else f"[yellow]{line}: does not count 不计: {escape(str(item['reason']))}[/]")


def _inventory(top: Tree, node: Node) -> None:
    branch = top.add(f"[bold]snapshot 快照[/] {node['snapshot_on'] or '–'} · {node['status'] or 'none 无'}")
    if node["reason"]:
        branch.add(f"[yellow]{escape(node['reason'])}[/]")
    racks = node.get("racks")
    if racks and "counts" in racks:
        own = branch.add("racks 机架: " + ", ".join(f"{count:,} {state}" for state, count in racks["counts"].items()))
        for item in racks["items"] if len(racks["items"]) <= 20 else ():
            own.add(f"{escape(item['rack_id'])}: {item['state']}{_place(item)}")
    elif racks:
        branch.add(f"fitted racks 已配套机架 {racks['fitted']:,}, rated 额定 {racks['rated_w']} W")
    for one in node.get("devices", {}).get("sums", ()):
        total = (
            "unknown 未知" if one["total"] is None else f"{one['total']:,.6g}" if isinstance(one["total"], float) else f"{one['total']:,}"
        )
        own = branch.add(f"{one['name']} = {total} {one['unit']} · {one['devices']:,} devices 设备 × {node['hours']} h")
        for kind in one["kinds"]:
            own.add(f"{kind['kind']}: {kind['devices']:,} devices, {kind['sum']:,}")
        for item in one.get("items", ()):
            own.add(f"[dim]{escape(item['device_id'])} {item['amount']:,}[/]{_place(item)}")


def _utilisation(top: Tree, node: Node) -> None:
    if not node["rows"]:
        top.add("[yellow]no utilisation 无利用率数据[/]")
        return
    used = f"{node['fp32_used_hours']:,.1f} of {node['fp32_hours']:,.1f} TFLOPS·h"
    branch = top.add(f"[bold]utilisation 利用率[/] {used} · {node['rows']:,} rows")
    for file in node["files"]:
        branch.add(f"[dim]entry {file['entry']} {escape(file['name'])} {file['digest'][:19]}… {file['rows']:,} rows[/]")
    for row in node["shown"]:
        branch.add(f"{row['at']} cpu {row['cpu_ratio']} gpu {row['gpu_ratio']}{_place(row)}")


def _carbon(top: Tree, node: Node) -> None:
    sums = ", ".join(f"{label} {_kg(node[key])}" for label, key in (
        ("scope 1 范围一", "scope1_kg"), ("scope 2 market-based 范围二(市场法)", "scope2_market_kg"),
        ("location-based 位置法", "scope2_location_kg"),
    ))  # fmt: skip
    branch = top.add(f"[bold]emissions 排放[/] {sums}")
    energy = node["energy"]
    if energy["e_dc"] is not None and node["claimed_carbon_free_wh"] is not None:
        branch.add(f"E_DC {energy['e_dc']:,} Wh, claimed carbon-free 主张的零碳电量 {node['claimed_carbon_free_wh']:,} Wh")
    for line in node["lines"]:
        product = f"{line['quantity']:,} {line['quantity_unit']} × {line['factor']:g} = {_kg(line['emissions_kg'])}"
        own = branch.add(f"{line['scope']} {escape(line['subject'])}: {product}")
        if "row" in line:
            _activity(own, line["row"])
    for said in (*node["unreported"], *node["missing"]):
        branch.add(f"[yellow]missing 缺失: {escape(said)}[/]")


def _kg(value: float | None) -> str:
    return "unknown 未知" if value is None else f"{value:,.3f} kg"


def _activity(branch: Tree, row: Node) -> None:
    branch.add(f"{escape(row['activity'])} {row['quantity']:,} {escape(row['unit'])}{_document(row)}{_place(row)}")


def _carriers(top: Tree, node: Node) -> None:
    if node["all_carriers_wh"] is None and not node["rows"]:
        return
    known = "unknown 未知" if node["all_carriers_wh"] is None else f"{node['all_carriers_wh']:,} Wh"
    branch = top.add(f"all energy carriers 全部能源 {known} [dim](beside the number 另列)[/]")
    for row in node["rows"]:
        _activity(branch, row)


def _recovery(top: Tree, node: Node) -> None:
    for ratio in node["ratios"]:
        if not ratio["asked"]:
            words = "none, declared or nothing retired 声明无或无退役: leaves the mean"
        else:
            words = f"{ratio['part']:,} / {ratio['whole']:,}, full marks at 满分 {ratio['full_marks_at']:g}"
        branch = top.add(f"[bold]{ratio['name']}[/] {words}")
        if ratio["metered"]:
            branch.add(f"{ratio['metered']['measure']} {ratio['metered']['total']}")
        for row in ratio["rows"]:
            _activity(branch, row)
        for row in ratio["declared"]:
            branch.add(f"declared none 声明无: {escape(row['subject'])} by {escape(row['by'])}{_document(row)}{_place(row)}")


def _hourly(top: Tree, node: Node) -> None:
    if node["hourly.matched"] is not None:
        top.add(
            f"hourly matching 逐时匹配: {node['hourly.matched']:,} Wh in {node['hourly.hours']} hours, {len(node['sources'])} sources "
            "[dim](beside the number 另列)[/]"
        )


_DRAWERS: dict[str, Callable[[Tree, Node], None]] = {
    "site": _site, "practices": _practices, "inventory": _inventory, "utilisation": _utilisation, "carbon": _carbon,
    "recovery": _recovery, "hourly": _hourly, "carriers": _carriers,
}  # fmt: skip
