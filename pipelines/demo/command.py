"""``gci demo``: write the simulated fleet, compute it, and say whether exactly the planted faults were found."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import click

from assets.reports.site import SIMULATED
from pipelines.cli.render import print_scores
from pipelines.cli.writing import compute, land_home, print_landed, progress_lines, results
from pipelines.demo.faults import expected_findings
from pipelines.demo.write import write_fleet
from pipelines.initialise import initialise
from pipelines.sweep import writing
from resources.calendar import add_months, month_range
from resources.errors import GciError
from resources.home import Home

LAST_MONTH = "2026-03"

Found = set[tuple[str, str, str, str]]  # month, site, rule, subject


def run_demo(root: Path, months: int, seed: int) -> int:
    """Make the home, land, compute and compare; 0 when exactly the planted faults were found, 1 otherwise."""
    first = add_months(LAST_MONTH, 1 - months)
    home = _simulated_home(root, f"seed {seed}, {first} to {LAST_MONTH}", first)
    with writing(home, "gci demo"):
        return _run(home, root, first, months, seed)


def _run(home: Home, root: Path, first: str, months: int, seed: int) -> int:
    click.echo(f"Writing a SIMULATED fleet of three data centres into {home.landing} 生成模拟数据 …")
    with progress_lines("Simulating 模拟") as progress:
        progress("fleet", 0, 1)
        write_fleet(home.landing, months=months, seed=seed, last_month=LAST_MONTH)
    landed = land_home(home)
    click.echo(f"{sum(item.status == 'landed' for item in landed)} files landed, {sum(item.rows for item in landed):,} rows.")
    print_landed([item for item in landed if item.status in ("quarantined", "unknown_feed")], whole=False)
    wanted = month_range(first, LAST_MONTH)
    done = compute(home, wanted)
    print_scores(results(home, wanted), done)
    missed, unexpected = compare(home, wanted)
    _say(missed, unexpected, len(expected_findings(wanted)))
    option = "" if root == Path("var") or root == Path("./var") else f" --home '{root}'"
    click.echo(f"\nReport 报告: {home.reports / 'index.html'}")
    click.echo("Next 接下来:  " + f"\n{'':14}".join(f"{_program()} {command}{option}" for command in NEXT))
    return 1 if missed or unexpected else 0


def _program() -> str:
    """How this command line was called: after ``make demo`` it is not on the PATH."""
    called = Path(sys.argv[0])
    return "gci" if shutil.which("gci") or called.name != "gci" else os.path.relpath(called)


NEXT = ("show HL01 2026-03", "status 2026-03", "check HL02 2026-03", "trace HL01 2026-03 D1", "verify", "ui")


def compare(home: Home, months: list[str]) -> tuple[Found, Found]:
    """Planted faults that were not found, and findings that were not planted; what follows from another finding is left out."""
    found = {
        (row["month"], row["site_id"], row["code"], row["subject"])
        for row in home.ledger.rows("finding", month=months)
        if row["because_of"] is None
    }
    expected = set(expected_findings(months))
    return expected - found, found - expected


def _simulated_home(root: Path, what: str, first_month: str) -> Home:
    marker = root / SIMULATED
    if marker.exists() and marker.read_text(encoding="utf-8").strip() != what:
        raise GciError(
            f"{root} holds another simulated fleet ({marker.read_text(encoding='utf-8').strip()}). Name another folder with --home."
        )
    landing = root / "landing"
    if not marker.exists() and landing.is_dir() and any(path.is_file() for path in landing.rglob("*")):
        raise GciError(f"{root} holds data of its own; simulated files are not mixed in. Name another folder with --home.")
    home = initialise(root)
    marker.write_text(what + "\n", encoding="utf-8")
    text = home.settings_path.read_text(encoding="utf-8")
    if "\nfirst_month" not in text:
        home.settings_path.write_text(f'{text}\nfirst_month = "{first_month}"  # the simulated fleet begins here\n', encoding="utf-8")
    return Home.open(root)


def _say(missed: Found, unexpected: Found, planted: int) -> None:
    if not missed and not unexpected:
        click.echo(f"\nThe findings are exactly the {planted} expected ones (docs/demo.md). 问题与预设故障完全一致。")
    for title, items in (("planted but not found 未发现", missed), ("found but not planted 非预设", unexpected)):
        for month, site, rule, subject in sorted(items):
            click.echo(f"{title}: {month} {site} {rule} {subject}")
