"""The collection boundary in the terminal: ``gci show ENTITY MONTH --boundary``. Text only, no computation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape

from assets.reports.boundary import cluster_boundary, site_boundary
from assets.reports.boundary_words import cadence, change, remarks, role, subjects
from assets.reports.words import point_zh
from pipelines.cli.render import _STYLE, _table, console
from resources.home import Home


def boundary_of(home: Home, entity_id: str, kind: str, month: str) -> dict[str, Any]:
    """The boundary of a site, or those of a cluster's members."""
    return cluster_boundary(home, entity_id, month) if kind == "cluster" else site_boundary(home, entity_id, month)


def print_boundary(found: Mapping[str, Any]) -> None:
    """A boundary as tables; of a cluster one line for each member, with its digest."""
    out = console()
    out.print(f"[bold]{escape(found['entity_id'])}[/] · {found['month']} · collection boundary 数据采集边界\n")
    if found["entity_kind"] == "cluster":
        table = _table("Member\n成员", ">Meters\n计量点", ">Counted\n计入", ">Changes\n变化", "Digest\n摘要")
        for member in found["members"]:
            changed = "–" if member["changes"] is None else str(len(member["changes"]["items"]))
            counted = sum(meter["role"][0] in "+-" for meter in member["meters"])
            table.add_row(member["entity_id"], str(len(member["meters"])), str(counted), changed, member["digest"])
        out.print(table)
        out.print(
            f"[dim]digest 摘要 {found['digest']}[/]\nAsk for a member: 'gci show SITE {found['month']} --boundary'. 请查看各站点的边界。"
        )
        return
    for name, said in subjects(found):
        out.print(f"[bold]{' '.join(name)}[/]: {escape(' · '.join(said))}", soft_wrap=True)
    out.print()
    out.print(_meters(found["meters"]))
    if found["contracts"]:
        table = _table("Contract\n合同", "Kind\n类型", ">Share\n分摊", "From\n起", "To\n止", ">MWh/a", "Project\n项目")
        for row in found["contracts"]:
            table.add_row(
                row["contract_id"], row["kind"], f"{100 * row['share']:g} %", row["start_on"], row["end_on"],
                _text(row.get("annual_mwh")), _text(row.get("project_code")),
            )  # fmt: skip
        out.print(table)
    if found["certificates"]:
        table = _table("Certificates\n绿证", "Route\n途径", ">MWh", "Status\n认定", "Reason\n原因")
        for row in found["certificates"]:
            table.add_row(row["id"], row["route"], f"{row['quantity_wh'] / 1e6:,.0f}", row["status"], _text(row.get("reason")))
        out.print(table)
    _print_changes(found["changes"])
    out.print(f"[dim]digest 摘要 {found['digest']}\nlog entry 日志条目 {found['log_number']}[/]")


def _meters(meters: Sequence[Mapping[str, Any]]) -> Any:
    table = _table(
        "Meter\n计量点", "Role\n作用", "Point\n点位", "Parent\n上级", "Kind\n类型", "Class\n等级", "Calibrated until\n检定至",
        "Cadence\n间隔",        "Remarks\n说明", "Findings\n问题",
    )  # fmt: skip
    for meter in meters:
        style = _STYLE.get(meter["severity"] or "", "none")
        point, what = meter.get("point") or "", " · ".join(dict.fromkeys(remarks(meter)))
        table.add_row(
            escape(meter["meter_id"]), " ".join(dict.fromkeys(role(meter))), f"{point} {point_zh(point)}",
            *(_text(meter.get(name)) for name in ("parent_meter_id", "kind", "accuracy_class", "calibrated_until")), cadence(meter),
            escape(what) or "–", f"[{style}]{' '.join(meter['findings'])}[/]" if meter["findings"] else "–",
        )  # fmt: skip
    return table


def _print_changes(changes: Mapping[str, Any] | None) -> None:
    out = console()
    if changes is None:
        out.print("The month before was not computed: nothing to compare with. 上月未计算,无从比较。")
        return
    if not changes["items"]:
        out.print(f"Unchanged since 较上月无变化 {changes['since']}.")
        return
    out.print(f"[bold]Changed since 较上月变化 {changes['since']}[/]")
    for item in changes["items"]:
        out.print(f"  {escape(' · '.join(change(item)))}", soft_wrap=True)


def _text(value: Any) -> str:
    return "–" if value is None else escape(str(value))
