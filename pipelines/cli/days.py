"""The completeness board in the terminal: site × feed × day as blocks, and who must send what. Text only, no computation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from rich.markup import escape

from assets.reports.board import step
from assets.reports.words import percent
from pipelines.cli.render import _table, console

# From nothing to complete: the blocks alone tell the steps apart.
_BLOCKS = "·░▒▓█"
_COLOURS = ("bold red", "red", "yellow", "cyan", "green")
_LEGEND = "█ complete 完整   ▓ from 95 % 起   ▒ from 50 % 起   ░ above 0 有数据   · nothing 无"
_STATE = {"present": "✓", "carried_forward": "◑", "declared": "0", "absent": "✗", "not_expected": "–"}
_STATES = "✓ said 已报   ◑ carried forward 沿用   0 declared none 申报无   ✗ absent 缺   – not needed 无须报送"


def print_days(board: Mapping[str, Any], month: str) -> None:
    """The heat map, the feeds of the month, and a paragraph for each site that has to send something."""
    out = console()
    if board["days"]:
        out.print(f"\n[bold]Metered time by day 逐日计量完整率[/] {month}")
        table = _table("Site\n站点", "Feed\n数据集", f"Day 日\n{_ruler(len(board['days'][0]['days']))}", ">Month\n当月")
        for row in board["days"]:
            table.add_row(row["site_id"], row["feed"], _blocks(row["days"]), percent(row["coverage"]))
        out.print(table)
        out.print(_LEGEND)
    _print_feeds(board["feeds"])
    if board["mails"]:
        out.print("\n[bold]Who must send what 补报清单[/] (ready to paste 可直接粘贴)")
    for item in board["mails"]:
        out.print(f"\n{escape(item['text_en'])}\n{escape(item['text_zh'])}", soft_wrap=True)


def _ruler(days: int) -> str:
    """1, 5, 10 … above their days."""
    marks = {1: "1", **{day: str(day) for day in range(5, days + 1, 5)}}
    line = ""
    for day, mark in marks.items():
        line = line.ljust(day - 1) + mark
    return line[: max(days, len(line))]


def _blocks(days: Sequence[Mapping[str, Any]]) -> str:
    steps = [step(day["coverage"]) for day in days]
    return "".join(f"[{_COLOURS[number]}]{_BLOCKS[number] * len(list(group))}[/]" for number, group in groupby(steps))


def _print_feeds(feeds: Sequence[Mapping[str, Any]]) -> None:
    out = console()
    names = list(dict.fromkeys(row["feed"] for row in feeds))
    if not names:
        return
    table = _table("Site\n站点", *names)
    for site_id, rows in groupby(feeds, key=lambda row: row["site_id"]):
        states = {row["feed"]: row for row in rows}
        table.add_row(site_id, *(_state(states[name]) for name in names))
    out.print("\n[bold]Feeds of the month 当月报送情况[/]")
    out.print(table)
    out.print(_STATES)


def _state(row: Mapping[str, Any]) -> str:
    """A mark for the state, with the day of a snapshot that is carried forward; what nobody needs is not missing."""
    if row["state"] == "absent" and not row["needed"]:
        return _STATE["not_expected"]
    mark = _STATE[row["state"]]
    detail = row["latest"] if row["state"] == "carried_forward" else row["missing"]
    return f"[yellow]{mark}[/] {escape(detail)}".strip() if row["state"] in ("absent", "carried_forward") else mark
