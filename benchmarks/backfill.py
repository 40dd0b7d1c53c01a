"""``gci backfill`` of many months of fifty small sites, as a ratio to what the orchestrator alone costs for the same graph.

The floor is the monthly job with empty bodies: the same steps, assets, checks, partitions and events, in the same process, in an instance
of the same configuration; nothing is computed. Then the product on the same months, and the same command once more, which finds nothing
to do. What is measured of a step, and how, is in ``measure.py``; the fleet is ``backfill_fleet.py``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import dagster as dg

from benchmarks.backfill_fleet import Fleet, write_fleet
from benchmarks.healthy_loads import History
from benchmarks.report import GIB, machine, met, replaced, table
from resources.cycles import looking_seldom
from resources.home import Home

FIRST, MONTHS, SITES = "2023-01", 36, 50
MOST = 2.5  # times the floor
MARK = "backfill"
# the floor before and after the product: what else the machine does meanwhile falls on both
STEPS = ("backfill floor", "backfill", "backfill again", "backfill floor")
NAMES = {"backfill floor": "floor: the same graph, empty bodies", "backfill": "gci backfill", "backfill again": "once more: all unchanged"}


@dataclass(frozen=True)
class Row:
    """A step over all months: wall and CPU seconds, highest resident memory in bytes."""

    step: str
    wall_s: float
    cpu_s: float
    peak: int


def prepared(folder: Path, months: int, sites: int) -> tuple[Path, Fleet]:
    """A home with the fleet landed below ``folder``; made when it is not there, else as it is."""
    from assets.raw.landing import land
    from pipelines.documents import note_documents
    from pipelines.initialise import initialise

    root = folder / f"backfill-{months}x{sites}"
    said = root / "fleet.json"
    if not said.exists():
        shutil.rmtree(root, ignore_errors=True)
        history = History.of(FIRST, months)
        home = initialise(root)
        with home.settings_path.open("a", encoding="utf-8") as settings:  # the days read before the first month are no month to compute
            settings.write(f'\nfirst_month = "{FIRST}"\n')
        home = Home.open(root)
        fleet = write_fleet(home.landing, history, sites)
        home.ledger.create()
        broken = [one for one in land(home) if one.status != "landed" or one.rejected]
        if broken:
            raise RuntimeError(f"not landed as it is: {broken[0]}")
        note_documents(home)
        said.write_text(json.dumps(asdict(fleet)), encoding="utf-8")
    return root, Fleet(**json.loads(said.read_text(encoding="utf-8")))


# steps (``measure.py`` runs each in a process of its own) ---------------------------------------------------------------------------


def floor(root: Path) -> Callable[[], int]:
    """Run the job with empty bodies for every month; Dagster's folder is new."""
    from pipelines.backfill import open_instance, run_month

    home, months = Home.open(root), _months(root)
    shutil.rmtree(home.dagster, ignore_errors=True)

    def run() -> int:
        job, instance = empty_job(root), open_instance(home)
        with looking_seldom():
            for month in months:
                run_month(job, instance, month, 1)
        return len(months)

    return run


def product(root: Path) -> Callable[[], int]:
    """Compute every month of a home in which nothing was computed; files are landed before the clock starts."""
    home = Home.open(root)
    home.ledger.drop_derived()
    for derived in ("staging", "indicators", "index"):
        shutil.rmtree(home.lake.root / derived, ignore_errors=True)
    for folder in (home.dagster, home.reports):
        shutil.rmtree(folder, ignore_errors=True)
    return _computed(root, "computed")


def again(root: Path) -> Callable[[], int]:
    """Ask for the same months when all are computed."""
    return _computed(root, "unchanged")


def _computed(root: Path, outcome: str) -> Callable[[], int]:
    from pipelines.backfill import compute_months

    home, months = Home.open(root), _months(root)

    def run() -> int:
        done = compute_months(home, months)
        assert {item.outcome for item in done} == {outcome}, done
        return len(done)

    return run


def _months(root: Path) -> tuple[str, ...]:
    fleet = Fleet(**json.loads((root / "fleet.json").read_text(encoding="utf-8")))
    return History.of(FIRST, fleet.months).months


def empty_job(root: Path) -> Any:
    """The monthly job of a home in which every step only says that its assets are there and its checks pass."""
    from pipelines.build import build_defs
    from pipelines.jobs import MONTHLY_CLOSE, build

    def emptied(asset: dg.AssetsDefinition) -> dg.AssetsDefinition:
        @dg.multi_asset(
            name=asset.op.name, specs=list(asset.specs), check_specs=list(asset.check_specs), partitions_def=asset.partitions_def,
            backfill_policy=asset.backfill_policy,
        )  # fmt: skip
        def body() -> Iterator[dg.MaterializeResult[Any]]:
            for spec in asset.specs:
                checks = [check for check in asset.check_specs if check.asset_key == spec.key]
                passed = [dg.AssetCheckResult(passed=True, asset_key=check.asset_key, check_name=check.name) for check in checks]
                yield dg.MaterializeResult(asset_key=spec.key, check_results=passed)

        return body

    assets = [emptied(asset) for asset in build_defs(root).assets or () if isinstance(asset, dg.AssetsDefinition)]
    return dg.Definitions(assets=assets, jobs=build(), executor=dg.in_process_executor).resolve_job_def(MONTHLY_CLOSE)


# the table --------------------------------------------------------------------------------------------------------------------------


def bench(folder: Path, months: int, sites: int) -> str:
    """Everything measured, as Markdown; generated input stays below ``folder``."""
    from benchmarks.measure import measure

    root, fleet = prepared(folder, months, sites)
    rows = []
    for step in STEPS:
        print(f"{root.name} {step}", file=sys.stderr, flush=True)
        found = measure(step, root)
        rows.append(Row(step, found.wall_s, found.cpu_s, found.peak))
    return "\n\n".join([machine("dagster", "polars", "pandas", "pyarrow"), said(rows, months), _input(fleet)])


def said(rows: Sequence[Row], months: int) -> str:
    """The rows as a table: seconds in all and a month, and their ratio to the floor's mean."""
    least = [row for row in rows if row.step == STEPS[0]]
    wall, cpu = mean(row.wall_s for row in least), mean(row.cpu_s for row in least)
    lines = []
    for row in rows:
        ratio = row.wall_s / wall
        aims = [(f"{MOST:g}×", ratio <= MOST)] if row.step == "backfill" else []
        lines.append(
            (NAMES[row.step], f"{row.wall_s:.1f} s", f"{row.cpu_s:.1f} s", f"{row.wall_s / months:.2f} s", f"{row.cpu_s / months:.2f} s",
             f"{ratio:.2f}", f"{row.cpu_s / cpu:.2f}", f"{row.peak / GIB:.2f} GiB", met(aims))
        )  # fmt: skip
    header = "step | time | CPU time | a month | CPU a month | × floor | × floor, CPU | peak memory | aims"
    return f"### Backfill of {months} months\n\n" + table(header, lines)


def _input(fleet: Fleet) -> str:
    return (
        f"Input: {fleet.sites} simulated sites, {fleet.meters} registers each, read every hour: "
        f"{fleet.readings / 1e6:.1f} million readings ({fleet.readings / fleet.months / 1e6:.2f} million a month), "
        f"and {fleet.other_rows:,} rows of the other feeds."
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.backfill", description=__doc__)
    parser.add_argument("--months", type=int, default=MONTHS)
    parser.add_argument("--sites", type=int, default=SITES)
    parser.add_argument("--folder", type=Path, default=Path("build/bench"), help="where generated input lies and stays")
    parser.add_argument("--write", type=Path, help="a page in which the tables of the backfill are replaced")
    given = parser.parse_args()
    tables = bench(given.folder.resolve(), given.months, given.sites)
    print(tables)
    if given.write:
        given.write.write_text(replaced(given.write.read_text(encoding="utf-8"), MARK, tables), encoding="utf-8")


if __name__ == "__main__":
    main()
