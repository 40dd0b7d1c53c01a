"""A site-month to trace: one site with all the meters of a size, its readings landed as one CSV file, the month computed by ``gci run``.

The trace must find the text of the rows in the kept file, so here nothing is put into the lake without being landed.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl

from benchmarks.generate import MONTH, Size, meters, write_csv
from pipelines.cli.main import main
from pipelines.initialise import initialise
from resources.home import Home

SITE, CODE = "G000", "D1"
SIZE = Size(1)
DRAWN = 25  # rows of a sample
_TABLE = "parts/meter_readings"


def prepared_trace(folder: Path, size: Size = SIZE) -> Path:
    """The computed home of one site below ``folder``: made when it is not there, else as it is."""
    root = folder / f"{size.name}-traced"
    if not root.exists():
        unfinished = root.with_name(f".{root.name}")
        shutil.rmtree(unfinished, ignore_errors=True)
        make_traced(unfinished, size)
        unfinished.rename(root)
    return root


def make_traced(root: Path, size: Size = SIZE) -> Home:
    """Make that home in ``root``."""
    home = initialise(root)
    site = pl.DataFrame({
        "site_id": [SITE], "name": ["Generated"], "geography": ["CN-HE"], "pue_category": [3], "stage": ["operation"],
        "design_power_kw": [10_000], "valid_from": ["2026-01-01"],
    })  # fmt: skip
    registry = meters(size).with_columns(
        site_id=pl.lit(SITE),
        point=pl.when(pl.int_range(pl.len()) < 2 * pl.len() // 3).then(pl.lit("grid_supply")).otherwise(pl.lit("it_input")),
    )
    for feed, rows in (("sites", site), ("meters", registry)):
        rows.write_csv(home.landing / feed / f"{feed}.csv")
    write_csv(home.landing / "meter_readings" / "generated.csv", size)
    main(["run", MONTH, "--home", str(root)])
    return Home.open(root)


def part_rows(root: Path) -> int:
    """How many readings they hold."""
    return sum(int(pl.scan_parquet(path).select(pl.len()).collect().item()) for path in part_paths(root))


def part_paths(root: Path) -> list[Path]:
    """The parts of readings that a trace of the month looks at."""
    return sorted((root / "lake" / _TABLE).glob("*/*.parquet"))
