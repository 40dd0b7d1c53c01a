"""``make bench``: every way from readings to hours, and landing, as ratios to a floor, with their memory and their growth.

The command line and the tables. Steps of one size take turns, so that what else the machine does falls on all of them; each time is
the median of its rounds, each peak the highest. What is measured, and how, says ``README.md``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

import polars as pl

from benchmarks.generate import FAULTS, MONTH, Size, write_csv
from benchmarks.home import prepared
from benchmarks.measure import Measured, StepFailed, measure
from benchmarks.report import GIB, machine, met, replaced, table
from benchmarks.traced import DRAWN, prepared_trace
from benchmarks.traced import SIZE as TRACED
from resources.engine import spark_missing

ROUNDS = 3
LARGEST = {"pandas": 3, "spark": 30, "landing": 30}  # million readings
ONCE = ("pandas", "spark")
ENCODINGS = ("utf-8", "gb18030")
MARK, TRACE_MARK = "bench", "trace"
NAMES = {
    "floor": "floor", "hourly": "hourly (Polars)", "staging": "hourly and judged", "pandas": "pandas", "spark": "hourly (Spark, local[2])",
}  # fmt: skip
TRACE_NAMES = {"parts": "reading the parts concerned", "trace": "gci trace", "sample": f"gci trace --sample {DRAWN}"}
LONGEST_TRACE_S = 2.0
MOST_JUDGING = 0.30  # of the time to the hourly tables


@dataclass(frozen=True)
class Row:
    """A step on a size: median time and CPU time, ratio of its time to the floor's or to Polars' read, highest peak."""

    step: str
    size: Size
    time_s: float
    cpu_s: float
    ratio: float
    peak: int
    readings: int


def bench(sizes: Sequence[Size], folder: Path, rounds: int) -> str:
    """Everything measured, as Markdown; generated input stays below ``folder``."""
    staged, landed, skipped = [], [], []
    for size in sizes:
        home = prepared(folder, size)
        steps = [step for step in ("pandas", "spark") if size.millions <= LARGEST[step]]
        if "spark" in steps and (why := spark_missing()):
            steps.remove("spark")
            skipped.append(f"Spark was not measured on {size.name}: {why}")
        staged += _measured(size, dict.fromkeys(("floor", "hourly", "staging", *steps), home), rounds, skipped)
        if size.millions > LARGEST["landing"]:
            continue
        for encoding in ENCODINGS:
            file = _csv(folder, size, encoding)
            found = _measured(size, {"read": file, "landing": file}, rounds, skipped)
            landed.append((encoding, file.stat().st_size, found))
    tables = [_staging_table(staged), _judging(staged), _growth_table(staged), _landing_table(landed)]
    measured = f"{machine('polars', 'pandas', 'pyarrow', 'narwhals', *_pyspark())} Median of {rounds} rounds ({', '.join(ONCE)}: one run)."
    return "\n\n".join([measured, *tables, *skipped, _faults(folder, sizes)])


def bench_trace(folder: Path, rounds: int) -> str:
    """A number walked back to its readings, as Markdown."""
    failed: list[str] = []
    traced = _measured(TRACED, dict.fromkeys(("parts", "trace", "sample"), prepared_trace(folder)), rounds, failed)
    return "\n\n".join([f"{machine('polars')} Median of {rounds} rounds.", _trace_table(traced), *failed])


def _measured(size: Size, steps: dict[str, Path], rounds: int, failed: list[str]) -> list[Row]:
    """The steps by turns; the first of them is what the others are compared with."""
    runs: dict[str, list[Measured]] = {}
    for number in range(rounds):
        for step, where in steps.items():
            if number and step in ONCE:
                continue
            print(f"{size.name} {step} {where.name if where.is_file() else ''} {number + 1}", file=sys.stderr, flush=True)
            try:
                runs.setdefault(step, []).append(measure(step, where))
            except StepFailed as failure:
                failed.append(f"Failed: {failure}")
    middle = {step: (median(m.wall_s for m in found), median(m.cpu_s for m in found)) for step, found in runs.items()}
    base = next(iter(middle.values()))[0] if middle else 0.0
    return [Row(s, size, t, cpu, t / base, max(m.peak for m in runs[s]), runs[s][0].readings) for s, (t, cpu) in middle.items()]


def _csv(folder: Path, size: Size, encoding: str) -> Path:
    path = folder / size.name / f"readings-{encoding}.csv"
    if not path.exists():
        unfinished = path.with_name(f".{path.name}")
        write_csv(unfinished, size, encoding=encoding)
        unfinished.rename(path)
    return path


# tables ---------------------------------------------------------------------------------------------------------------------


def _aims(row: Row) -> list[tuple[str, bool]]:
    """The aims that are set for a size: to the hour 8 times the floor at 30 million, never above 12; memory."""
    if row.step != "hourly":
        return []
    ratio = [("8×", row.ratio <= 8)] if row.size.millions == 30 else []
    memory = 2.0 if row.size.millions > 30 else 1.5
    return [*ratio, ("12×", row.ratio <= 12), (f"{memory:g} GiB", row.peak <= memory * GIB)]


def _staging_table(rows: Sequence[Row]) -> str:
    return "### Landed to hourly\n\n" + table(
        "readings | step | time | CPU time | × floor | readings a second | peak memory | aims",
        [
            (_count(r), NAMES[r.step], f"{r.time_s:.2f} s", f"{r.cpu_s:.2f} s", f"{r.ratio:.1f}", _rate(r), _gib(r.peak), met(_aims(r)))
            for r in rows
        ],
    )


def _judging(rows: Sequence[Row]) -> str:
    """How much the rules of the boundary add to the time to the hourly tables."""
    added = []
    for size in dict.fromkeys(row.size for row in rows):
        own = {row.step: row.time_s for row in rows if row.size == size}
        if "hourly" in own and "staging" in own:
            more = own["staging"] / own["hourly"] - 1
            added.append(f"{size.name} {more:.0%} ({met([(f'at most {MOST_JUDGING:.0%}', more <= MOST_JUDGING)])})")
    return "Judging a month adds: " + "; ".join(added) + "."


def _growth_table(rows: Sequence[Row]) -> str:
    """How much more time than readings a larger size takes: 1 is linear."""
    found = []
    for step in NAMES:
        own = [row for row in rows if row.step == step]
        for small, large in pairwise(own):
            growth = large.time_s / small.time_s / (large.readings / small.readings)
            aims = [("linear (1.05)", growth <= 1.05)] if step in ("hourly", "staging") else []
            found.append((f"{small.size.name} → {large.size.name}", NAMES[step], f"{growth:.2f}", met(aims)))
    if not found:
        return "Growth was not measured: there is one size."
    return "### Growth\n\n" + table("sizes | step | time ratio ÷ size ratio | aims", found)


def _landing_table(landed: Sequence[tuple[str, int, Sequence[Row]]]) -> str:
    rows = []
    for encoding, size, found in landed:
        for row in found:
            largest = 4 if encoding == "gb18030" else 7
            best = [] if encoding == "gb18030" else [("5×", row.ratio <= 5)]
            aims = [*best, (f"{largest}×", row.ratio <= largest), ("1 GiB", row.peak <= GIB)] if row.step == "landing" else []
            name = "landing" if row.step == "landing" else "Polars' own read"
            what = f"{encoding}, {size / 1e6:,.0f} MB"
            times = (f"{row.time_s:.2f} s", f"{row.cpu_s:.2f} s")
            rows.append((_count(row), what, name, *times, f"{row.ratio:.1f}", _rate(row), _gib(row.peak), met(aims)))
    if not rows:
        return "Landing was not measured on these sizes."
    return "### Landing\n\n" + table("readings | file | step | time | CPU time | × read | readings a second | peak memory | aims", rows)


def _trace_table(rows: Sequence[Row]) -> str:
    """A number traced to its readings, as a command with its start-up."""
    found = []
    for row in rows:
        aims = [(f"{LONGEST_TRACE_S:g} s", row.time_s <= LONGEST_TRACE_S)] if row.step != "parts" else []
        times = (f"{row.time_s:.2f} s", f"{row.cpu_s:.2f} s", f"{row.ratio:.1f}")
        found.append((_count(row), TRACE_NAMES[row.step], *times, _gib(row.peak), met(aims)))
    return table("readings | step | time | CPU time | × read | peak memory | aims", found)


def _count(row: Row) -> str:
    return f"{row.readings / 1e6:.2f} M"


def _rate(row: Row) -> str:
    return f"{row.readings / row.time_s / 1e6:.2f} M"


def _gib(size: int) -> str:
    return f"{size / GIB:.2f} GiB"


def _pyspark() -> tuple[str, ...]:
    return () if spark_missing() else ("pyspark",)


def _faults(folder: Path, sizes: Sequence[Size]) -> str:
    stated = table("fault density of the generated input | share", [(name, f"{share:.2%}") for name, share in FAULTS.items()])
    return "### Input\n\n" + stated + "\n\n" + "\n\n".join(_made_of(folder, size) for size in sizes)


def _made_of(folder: Path, size: Size) -> str:
    """What staging said of the input, from the tables that it left in the home."""
    tables = prepared(folder, size) / "lake/staging"
    sums = pl.scan_parquet(tables / f"meter_facts/{MONTH}/*.parquet").select(pl.col("^n_.*$").sum()).collect().to_dicts()[0]
    hours = pl.scan_parquet(tables / f"interval_energy/{MONTH}/*.parquet").group_by("state").len().sort("state").collect()
    told = pl.scan_parquet(tables / f"anomalies/{MONTH}/*.parquet").group_by("what").len().sort("what").collect()
    shares = ", ".join(f"{state} {n / hours['len'].sum():.2%}" for state, n in hours.iter_rows())
    anomalies = ", ".join(f"{what} {n:,}" for what, n in told.iter_rows())
    return (
        f"What staging said of {size.name} ({size.meters:,} meters): {sums['n_rejected']:,} readings rejected, {sums['n_superseded']:,} "
        f"superseded, {sums['n_rollovers']:,} rollovers; anomalies: {anomalies}; hours: {shares}."
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("sizes", type=float, nargs="*", default=[3, 30, 100], help="million readings (default: 3 30 100)")
    parser.add_argument("--folder", type=Path, default=Path("build/bench"), help="where generated input lies and stays")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--write", type=Path, help="a page in which the tables of this benchmark are replaced")
    parser.add_argument("--trace", action="store_true", help="measure the trace alone")
    given = parser.parse_args()
    folder = given.folder.resolve()
    sizes = [] if given.trace else [Size(millions) for millions in sorted(given.sizes)]
    found = ({MARK: bench(sizes, folder, given.rounds)} if sizes else {}) | {TRACE_MARK: bench_trace(folder, given.rounds)}
    for mark, tables in found.items():
        print(tables)
        if given.write:
            given.write.write_text(replaced(given.write.read_text(encoding="utf-8"), mark, tables), encoding="utf-8")


if __name__ == "__main__":
    main()
