"""``gci export``: what was computed, in the form that others ask for. It only reads, and writes one file."""

from __future__ import annotations

from pathlib import Path

import click

from assets.reports.ghg_workbook import Inventory, read_inventory, write_workbook
from assets.reports.site import SIMULATED
from checks.rules.view import several
from pipelines.cli import lookup
from pipelines.cli.export_lineage import export_openlineage
from pipelines.cli.options import format_option, home_option, open_home, print_json
from resources.calendar import month_range
from resources.errors import GciError, UsageError
from resources.home import Home


@click.command()
@click.argument("kind", type=click.Choice(["ghg", "openlineage"]))
@click.argument("period", metavar="MONTH|YEAR")
@click.option("--site", metavar="SITE", help="ghg: only this site.")
@click.option(
    "--to",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The file, .xlsx or .ndjson [default: in reports/].",
)
@click.option("--url", metavar="URL", help="openlineage: send the events to this server too (key from OPENLINEAGE_API_KEY).")
@click.option("--revision", type=click.IntRange(1), metavar="N", help="openlineage: of this final revision [default: the newest].")
@home_option
@format_option
def export(
    kind: str, period: str, site: str | None, target: Path | None, url: str | None, revision: int | None, root: str, output: str
) -> int:  # fmt: skip
    """Write what was computed for MONTH, or for the computed months of YEAR, to a file.

    ghg: the greenhouse gas inventory as an Excel workbook, one row for each source with its factor, vintage, document and GWP set; with
    --format json it is printed too. The rows of a scope sum to its published figure, or no file is written.

    openlineage: the OpenLineage run events of MONTH, one JSON object a line, from the manifests: each table with its inputs, columns,
    rules and digests, back to the landed files. The same month has the same events, however often they are written or sent.
    """
    home = open_home(root)
    if kind == "openlineage":
        if site is not None:
            raise UsageError("--site is for ghg: a table holds all sites of a month, and so do its events.")
        return export_openlineage(home, period, target, url, output, revision)
    if revision is not None:
        raise UsageError("--revision is for openlineage: the inventory states what is final of each site.")
    if url is not None:
        raise UsageError("--url is for openlineage: the inventory is a file.")
    if target is not None:
        _check_target(target)
    months = _months(home, period)
    if site is not None:
        lookup.check_site(home, site, months[-1])
    inventory = read_inventory(home, months, site)
    name = "-".join(part for part in (kind, site, period) if part)
    path = target if target is not None else home.reports / f"{name}.xlsx"
    scope = f"{site or 'all sites 全部站点'} · {months[0]}" + (f" – {months[-1]}" if len(months) > 1 else "")
    write_workbook(path, inventory, f"Greenhouse gas inventory 温室气体清单 · {scope}", simulated=(home.root / SIMULATED).exists())
    _answer(path, months, inventory, output)
    return 0


def _check_target(path: Path) -> None:
    """UsageError when a named file can't become the workbook: nothing is written under another name or in a folder made for it."""
    if path.suffix.lower() != ".xlsx":
        raise UsageError(f"--to {path} is no .xlsx file: the inventory is written as an Excel workbook. Name it {path.stem}.xlsx.")
    if not path.parent.is_dir():
        raise UsageError(f"--to {path}: there is no folder {path.parent}. Make it, or name another.")


def _months(home: Home, period: str) -> list[str]:
    """The month, or the computed months of a year."""
    if not (len(period) == 4 and period.isdigit()):
        return [lookup.check_month_of(home, period)]
    computed = {m.month for m in home.ledger.manifests(table_name="index/site_index")}
    months = [month for month in month_range(f"{period}-01", f"{period}-12") if month in computed]
    if not months:
        raise GciError(f"No month of {period} was computed. Run 'gci backfill {period}-01 {period}-12'.")
    return months


def _answer(path: Path, months: list[str], inventory: Inventory, output: str) -> None:
    if output == "json":
        print_json({"file": str(path), "months": months, "sums": inventory.sums, "rows": inventory.rows, "digests": inventory.digests})
        return
    sites = len({row["site_id"] for row in inventory.rows})
    open_sums = sum(row["status"] != "counted" and row["scope"] != "3" for row in inventory.sums)
    counts = f"{several(len(inventory.rows), 'row')}, {several(sites, 'site')}, {several(len(months), 'month')}"
    click.echo(f"{path}: {counts}. 共 {len(inventory.rows)} 行。")
    if open_sums:
        left = f"{several(open_sums, 'sum')} unknown, withheld or incomplete: the file says why"
        click.echo(f"{left}. {open_sums} 项合计未知、暂缓或不完整,原因见文件。")
