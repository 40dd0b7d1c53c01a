"""``gci score``: scores a table of values with an edition; needs no home."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.table import Table

from assets.edition.load import load_edition
from assets.index.score_table import score_table
from assets.reports.words import number, percent
from pipelines.cli.options import format_option, print_json
from pipelines.cli.render import console
from resources.errors import UsageError
from resources.settings import DEFAULT_EDITION


@click.command()
@click.option("--values", required=True, type=click.Path(dir_okay=False), metavar="FILE", help="CSV: entity_id, code, value, status.")
@click.option("--edition", default=DEFAULT_EDITION, show_default=True, help="A built-in edition's name, or a file.")
@click.option("--on", "day", metavar="DATE", help="Caps in force on this day (YYYY-MM-DD; default: today).")
@format_option
def score(values: str, edition: str, day: str | None, output: str) -> int:
    """Score entities whose indicator values stand in a CSV file, with any edition. No home is needed."""
    try:
        on = date.fromisoformat(day) if day else date.today()
    except ValueError:
        raise UsageError(f"--on {day} is no day. Write it as YYYY-MM-DD.") from None
    scored = score_table(Path(values), load_edition(edition), on)
    if output == "json":
        print_json(scored)
    else:
        _print(scored)
    return 0 if all(entity["grade"] is not None for entity in scored["entities"]) else 3


def _print(scored: dict[str, Any]) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("Entity", "Index 指数", "Core", "Bonus", "Index grade 指数等级", "Cap 等级上限", "Weight coverage 权重覆盖率"):
        table.add_column(heading)
    for entity in scored["entities"]:
        table.add_row(
            entity["entity_id"], number(entity["index"]), number(entity["core"]), number(entity["bonus"]),
            entity["grade"] or "–", entity["binding_cap"] or "–", percent(entity["weight_coverage"]),
        )  # fmt: skip
    console().print(table)
    for entity in scored["entities"]:
        if entity["grade_missing"]:
            console().print(f"{entity['entity_id']}: {entity['grade_missing']['text']} {entity['grade_missing']['text_zh']}")
