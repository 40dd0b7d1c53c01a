"""``gci diff``: what moved between two final revisions of a number, and why."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape

from assets.reports.cause_words import CAUSE_WORDS, CAUSES
from assets.reports.words import number
from pipelines.cli import lookup
from pipelines.cli.options import format_option, home_option, open_home, print_json
from pipelines.cli.render import _table, console
from resources.revisions import Revision

if TYPE_CHECKING:
    from pipelines.causes import Change, Split


@click.command()
@click.argument("entity")
@click.argument("month")
@click.option("--from", "first", type=click.IntRange(1), required=True, metavar="N", help="The earlier revision.")
@click.option("--to", "last", type=click.IntRange(1), required=True, metavar="M", help="The later revision.")
@click.option("--window", type=click.Choice(["ttm", "month"]), default="ttm", show_default=True)
@home_option
@format_option
def diff(entity: str, month: str, first: int, last: int, window: str, root: str, output: str) -> int:
    """What moved between two revisions of ENTITY in MONTH, split by cause. The parts of a figure sum to its change exactly.

    Inputs are taken over from the later log in a fixed order of causes, and the month is computed after each.
    """
    from pipelines.causes import split
    from pipelines.cli.writing import progress_lines

    home = open_home(root)
    lookup.result_payload(home, entity, month, window)  # says what does not exist
    with progress_lines("Splitting 拆分") as progress:
        found = split(home, entity, month, first, last, window, progress)
    if output == "json":
        print_json(_json(found, window))
    else:
        _print(found, window)
    return 0


def _json(found: Split, window: str) -> dict[str, Any]:
    return {
        "entity_id": found.old.entity_id, "month": found.old.month, "window": window,
        "from": _revision(found.old), "to": _revision(found.new),
        "order": list(CAUSES), "entries": {cause: list(numbers) for cause, numbers in found.entries.items()},
        "changes": [
            {"what": c.what, "from": c.before, "to": c.after, "delta": _amount(c.delta),
             "parts": [{"causes": list(part.causes), "delta": _amount(part.delta)} for part in c.parts]}
            for c in found.changes
        ],
    }  # fmt: skip


def _revision(item: Revision) -> dict[str, Any]:
    return {
        "revision": item.number,
        "log_number": item.as_of,
        "entry": item.entry,
        "cause": item.cause,
        "reason": item.reason,
        "head_digest": item.head,
    }


def _amount(value: Decimal | None) -> str | None:
    """An exact decimal, as text: a float would round the sum."""
    return None if value is None else format(value, "f")


def _print(found: Split, window: str) -> None:
    out, old, new = console(), found.old, found.new
    words = "trailing twelve months 滚动十二个月" if window == "ttm" else "the month alone 当月"
    out.print(f"[bold]{escape(old.entity_id)} {old.month}[/] revision {old.number} → {new.number} · {words}")
    if new.cause is not None:
        out.print(
            f"Stated cause 所述原因: {' '.join(CAUSE_WORDS[new.cause])}: {escape(new.reason)} ({escape(new.by)}, {escape(new.approved_by)})"
        )
    if not found.changes:
        out.print(f"No {window} figure moved. 数值未变。")
        return
    causes = [cause for cause in CAUSES if any(cause in part.causes for change in found.changes for part in change.parts)]
    table = _table("Figure\n数值", ">From\n原", ">To\n现", ">Change\n变化", *(f">{CAUSE_WORDS[c][0]}\n{CAUSE_WORDS[c][1]}" for c in causes))
    for change in found.changes:
        table.add_row(change.what, number(change.before), number(change.after), _signed(change.delta), *(_cell(change, c) for c in causes))
    out.print(table)
    order = " → ".join(CAUSE_WORDS[c][0] for c in CAUSES)
    out.print(f"[dim]Taken over in this order; a joint effect is the later one's 按此次序逐项代入: {order}[/]")
    for cause, numbers in found.entries.items():
        listed = ", ".join(map(str, numbers[:12])) + (" …" if len(numbers) > 12 else "")
        out.print(f"[dim]{' '.join(CAUSE_WORDS[cause])}: log entries 日志条目 {listed}[/]")


def _cell(change: Change, cause: str) -> str:
    for part in change.parts:
        if cause in part.causes:
            joint = "" if len(part.causes) == 1 else "\nwith " + ", ".join(CAUSE_WORDS[c][0] for c in part.causes if c != cause)
            return f"{_signed(part.delta) if part.delta is not None else 'unknown 未知'}{joint}"
    return "–"


def _signed(value: Decimal | None) -> str:
    if value is None:
        return "unknown 未知"
    return "0" if not value else f"{'+' if value > 0 else '−'}{number(abs(float(value)))}"
