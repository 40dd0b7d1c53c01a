"""Commands that change a home: init, land, run, backfill, demo, report, ui."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assets.reports.published import Published
from pipelines.cli import lookup
from pipelines.cli.options import INCOMPLETE, format_option, home_option, open_home, print_json, writing_home
from pipelines.cli.progress import kept_so_far, progress_lines
from pipelines.cli.reading import complete
from pipelines.cli.render import console, print_scores
from pipelines.cli.render_months import print_months
from resources.calendar import add_months, check_month, month_range
from resources.errors import GciError, UsageError
from resources.home import Home

if TYPE_CHECKING:
    from assets.raw.landing import Landed
    from pipelines.backfill import MonthDone


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(file_okay=False))
def init(directory: str) -> int:
    """Make a home in DIR: folders, a template for each feed, and a commented gci.toml. Nothing that exists is changed."""
    from pipelines.initialise import initialise

    made = initialise(Path(directory))
    click.echo(f"Home {made.root}: drop files into landing/<feed>/, then 'gci run MONTH --home {directory}'.")
    click.echo(f"Templates with every column are in {made.root / 'templates'}; docs/tables.md says what each means.")
    return 0


@click.command()
@click.option("--explain", type=click.Path(exists=True, dir_okay=False), metavar="FILE", help="Only say how FILE would be read.")
@click.option("--feed", help="With --explain: the feed the file is for (default: its folder's name).")
@home_option
@format_option
def land(explain: str | None, feed: str | None, root: str, output: str) -> int:
    """Land new files from landing/<feed>/. Each file is kept unchanged and read once; a broken one stops no other."""
    from assets.raw import landing

    if explain is not None:
        landed = [landing.explain(open_home(root), Path(explain), feed)]
    else:
        with writing_home(root, "gci land") as home:
            landed = land_home(home)
    if output == "json":
        print_json({"files": [asdict(item) for item in landed]})
    else:
        print_landed(landed)
    return 1 if any(item.status in ("quarantined", "unknown_feed") for item in landed) else 0


def land_home(home: Home) -> list[Landed]:
    """Land new files and note reference data and settings that changed."""
    from assets.raw import landing
    from pipelines.documents import note_documents

    home.ledger.create()
    with progress_lines("Landing 入库") as progress:
        landed = landing.land(home, progress)
    note_documents(home)
    return landed


def _details(item: Landed) -> str:
    """How a file was read, behind its message: months, encoding, digest."""
    months = item.months[0] if len(item.months) == 1 else f"{item.months[0]} … {item.months[-1]}" if item.months else ""
    known = [part for part in (months, item.encoding, item.digest[:19]) if part]
    return f"  [{' · '.join(known)}]" if known else ""


def print_landed(landed: Sequence[Landed], *, whole: bool = True) -> None:
    """One line for each file that is new; the rest only as a count. ``whole``: these are all files of landing/."""
    for item in landed:
        if item.status != "unchanged":
            where = f"entry {item.entry}: " if item.entry else ""
            click.echo(f"{item.status:12} {where}{item.feed}/{item.file}: {item.message_en}{_details(item)}")
            if item.status in ("quarantined", "unknown_feed"):
                click.echo(f"{'':12} {item.message_zh}")
    same = sum(item.status == "unchanged" for item in landed)
    if same:
        click.echo(f"{same} file{'s' if same > 1 else ''} had been landed before.")
    if not landed and whole:
        click.echo("There is no file in landing/. Drop exports into landing/<feed>/ (see templates/ and docs/tables.md).")


@click.command()
@click.argument("month")
@home_option
@format_option
def run(month: str, root: str, output: str) -> int:
    """Land new files, then compute MONTH, and before it every earlier month whose inputs changed."""
    check_month(month)
    with writing_home(root, f"gci run {month}") as home:
        return _compute(home, month, month, force=False, output=output)


@click.command()
@click.argument("first", metavar="FROM")
@click.argument("last", metavar="TO")
@click.option("--force", is_flag=True, help="Compute also what is unchanged.")
@home_option
@format_option
def backfill(first: str, last: str, force: bool, root: str, output: str) -> int:
    """Land new files, then compute the months FROM to TO in order; what is unchanged is skipped, what was killed goes on."""
    check_month(first)
    check_month(last)
    with writing_home(root, f"gci backfill {first} {last}") as home:
        return _compute(home, first, last, force=force, output=output, many=True)


def _compute(home: Home, first: str, last: str, *, force: bool, output: str, many: bool = False) -> int:
    lookup.check_month_of(home, first)
    newest = add_months(f"{date.today():%Y-%m}", -1)
    if last > newest:
        raise UsageError(f"{last} is not over yet; the last complete month is {newest}.")
    if last < first:
        raise UsageError(f"{last} lies before {first}. Name the earlier month first.")
    landed = land_home(home)
    if output == "table":
        print_landed(landed)
    done = compute(home, month_range(first, last), force=force)
    from pipelines.backfill import outdated, summary, table

    later = outdated(home, done)
    if many:
        rows = summary(home, done)
        if output == "json":
            print_json({"months": rows, "out_of_date": later})
        else:
            print_months(rows)
            print_notes(done, later)
            print_candidates(home, done)
        asked = [row for row in rows if row["asked"]]
        open_ = any(row["withheld"] or row["not_reported"] or row["no_grade"] for row in asked)
        return INCOMPLETE if open_ or not any(row["entities"] for row in asked) else 0
    payloads = results(home, [item.month for item in done if item.asked])
    if output == "json":
        print_json({"months": table(done), "out_of_date": later, "results": payloads})
    else:
        print_scores(payloads, done)
        print_notes(done, later)
        print_candidates(home, done)
    return 0 if payloads and all(complete(p) for p in payloads) else INCOMPLETE


def print_notes(done: Sequence[MonthDone], later: Sequence[str]) -> None:
    """Months that could not be computed, and computed ones that this run left out of date."""
    empty = [item.month for item in done if item.outcome == "no_site" and item.asked]
    if empty:
        click.echo(f"No site is in force at the end of {', '.join(empty)}: see valid_from in the feed 'sites'. 当月末没有生效的站点。")
    if later:
        click.echo(f"Out of date now 需重新计算: {', '.join(later)}. Run 'gci backfill {later[0]} {later[-1]}'.")


def print_candidates(home: Home, done: Sequence[MonthDone]) -> None:
    """Final months that were computed: what came out is a candidate, and the final result stands."""
    shown = Published(home)
    for item in done:
        final = shown.closed.of_month(item.month) if item.outcome == "computed" else {}
        if not final:
            continue
        differs = [entity for entity, windows in shown.results(item.month).items() if any(w.get("candidate") for w in windows.values())]
        outcome = f"differs for 有差异: {', '.join(differs)} (gci restate {item.month} --dry-run)" if differs else "the same 与最终结果一致"
        click.echo(f"{item.month} is final; this is a candidate, and the final result stands 已结账,此为候选结果: {outcome}.")


def compute(home: Home, months: Sequence[str], *, force: bool = False) -> list[MonthDone]:
    """Compute months, showing progress."""
    from assets.compute import require_sites
    from pipelines.backfill import compute_months

    require_sites(home)
    with progress_lines("Computing 计算") as progress, kept_so_far() as counted:
        return compute_months(home, months, force=force, progress=counted(progress))


def results(home: Home, months: Sequence[str]) -> list[dict[str, Any]]:
    """The trailing results of all entities in some months."""
    rows = home.ledger.rows("result", month=list(months), window="ttm")
    return [json.loads(row["payload"]) for row in rows]


@click.command()
@click.option("--months", default=13, show_default=True, type=click.IntRange(1, 36), help="How many months, the newest being 2026-03.")
@click.option("--seed", default=7, show_default=True, help="Another seed gives another simulated fleet.")
@home_option
def demo(months: int, seed: int, root: str) -> int:
    """Write a SIMULATED fleet with planted faults, compute it and print the scores. 模拟数据，并非真实数据中心。"""
    from pipelines.demo.command import run_demo

    return run_demo(Path(root), months, seed)


@click.command()
@click.argument("month", required=False)
@home_option
def report(month: str | None, root: str) -> int:
    """Write the report pages of MONTH again (default: of every computed month)."""
    from assets.reports.site import write_site

    with writing_home(root, "gci report") as home:
        computed = sorted({m.month for m in home.ledger.manifests(table_name="index/site_index")})
        if month is not None:
            lookup.check_month_of(home, month)
        if not computed or (month and month not in computed):
            raise GciError(f"{month or 'No month'} was not computed yet. Run 'gci run {month or 'MONTH'}'.")
        index = write_site(home, [month] if month else computed)
    click.echo(f"Report: {index}")
    return 0


@click.command()
@click.option("--port", default=3000, show_default=True, help="Port on 127.0.0.1.")
@home_option
def ui(port: int, root: str) -> None:
    """Dagster's web UI and daemon on 127.0.0.1 (it has no login: put an authenticating proxy before any other address)."""
    from pipelines.backfill import open_instance
    from resources.code_version import ROOT

    home = open_home(root)
    open_instance(home).dispose()
    environment = {**os.environ, "GCI_HOME": str(home.root), "DAGSTER_HOME": str(home.dagster), "PYTHONPATH": str(ROOT)}
    os.chdir(ROOT)
    dagster = Path(sys.executable).parent / "dagster"
    console().print(f"Dagster on http://127.0.0.1:{port} for {home.root}; stop with Ctrl-C.")
    sys.stdout.flush()
    os.execve(dagster, [str(dagster), "dev", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)], environment)
