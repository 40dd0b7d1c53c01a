"""One step in a process of its own: how long it took, how much it computed, how much memory it held at most.

Imports, the start of Java and the reading of the registry come before the clock starts. The peak is of the whole process, from its
first import; where a step has processes below it (Spark's Java), their peaks are added. Linux only: ``/proc`` has the numbers.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

Step = Callable[[], int]  # does the work and says how many readings it had


@dataclass(frozen=True)
class Measured:
    """Wall and CPU time in seconds, peak memory in bytes, number of readings."""

    wall_s: float
    cpu_s: float
    peak: int
    readings: int


class StepFailed(Exception):
    """The step's process ended with an error, which is the message."""


def measure(step: str, folder: Path) -> Measured:
    """Run a step of ``STEPS`` on a folder in a fresh process."""
    done = subprocess.run([sys.executable, "-m", "benchmarks.measure", step, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise StepFailed(f"{step} on {folder}: {(done.stderr.strip() or str(done.returncode)).splitlines()[-1]}")
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def _floor(folder: Path) -> Step:
    from benchmarks.floor import part_paths, scan_and_group

    paths = part_paths(folder)
    return lambda: scan_and_group(paths)


def _staging(folder: Path) -> Step:
    """The step of ``gci run``, from parts to staged tables in lake and ledger, judged by the rules."""
    import shutil

    from assets.compute import Compute
    from assets.staging.step import stage_intervals
    from benchmarks.generate import MONTH
    from resources.home import Home

    (folder / "gci.toml").write_text('engine = "polars"\n', encoding="utf-8")
    home = Home.open(folder)
    shutil.rmtree(home.lake.root / "staging", ignore_errors=True)
    shutil.rmtree(home.lake.root / "bench", ignore_errors=True)
    compute = Compute(home, MONTH, home.ledger.head()[0])
    assert len(compute.feeds["meters"]) > 0  # the raw step has read the registry

    def stage() -> int:
        (facts,) = [m for m in stage_intervals(compute).manifests if m.table_name == "staging/interval_energy"]
        assert facts.rows
        return compute.manifest("raw/meter_readings").rows

    return stage


def _hourly(folder: Path, engine: str = "polars") -> Step:
    """From parts to the staged tables of metering in the lake, with every row rule and estimation; no rule of the boundary judges them."""
    import polars as pl

    from assets.compute import Compute
    from assets.staging.intervals import ENERGY, joined, read_batches
    from benchmarks.generate import MONTH
    from resources.engine import engine_of
    from resources.home import Home

    (folder / "gci.toml").write_text(f'engine = "{engine}"\n', encoding="utf-8")
    home = Home.open(folder)
    as_of = home.ledger.head()[0]
    compute = Compute(home, MONTH, as_of)
    assert len(compute.feeds["meters"]) > 0  # the raw step has read the registry
    engine_of(engine, home.settings.spark_master)

    def hourly() -> int:
        rest = []
        with home.lake.writer("bench/interval_energy", MONTH, pl.Schema(ENERGY)) as writer:
            for batch in read_batches(home, compute.feeds, MONTH, as_of, compute.settings):
                writer.add(batch.energy)
                rest.append(replace(batch, energy=batch.energy.clear()))
            assert writer.close().rows
        for name, table in joined(rest).tables().items():
            home.lake.write(name.replace("staging", "bench"), MONTH, table)
        return compute.manifest("raw/meter_readings").rows

    return hourly


def _spark(folder: Path) -> Step:
    return _hourly(folder, "spark")


def _pandas(folder: Path) -> Step:
    from benchmarks.floor import part_paths
    from benchmarks.pandas_reference import stage

    paths = part_paths(folder)
    return lambda: stage(paths, folder / "landing/meters/meters.csv", folder.parent / "pandas.parquet")


def _landing(file: Path) -> Step:
    """Land a file of readings in a home of its own, which is gone afterwards."""
    import atexit
    import shutil

    from assets.raw.landing import land
    from pipelines.initialise import initialise

    root = file.with_name(f".landing-{os.getpid()}")
    home = initialise(root)
    atexit.register(shutil.rmtree, root, True)
    os.link(file, home.landing / "meter_readings" / file.name)

    def landing() -> int:
        (landed,) = land(home)
        assert landed.status == "landed", landed.message_en
        return landed.rows

    return landing


def _plain_read(file: Path) -> Step:
    """Polars' own read of the same file; text of another encoding is decoded first."""
    import polars as pl

    if "utf-8" in file.name:
        return lambda: pl.read_csv(file).height
    return lambda: pl.read_csv(file.read_bytes().decode("gb18030").encode()).height


def _backfill(name: str) -> Callable[[Path], Step]:
    """A step of ``backfill.py``; it says how many months it had."""

    def prepare(folder: Path) -> Step:
        from benchmarks import backfill

        step: Step = getattr(backfill, name)(folder)
        return step

    return prepare


def _parts(home: Path) -> Step:
    """Just reading what a trace of the site-month reads: meter, instant and place of every reading in the parts concerned."""
    import polars as pl

    from benchmarks.traced import part_paths

    paths = part_paths(home)
    return lambda: sum(pl.read_parquet(path, columns=["meter_id", "at_s", "zoned", "source_row"]).height for path in paths)


def _trace(home: Path, *options: str) -> Step:
    """``gci trace`` of a site-month as a command, from its first import to its last line."""
    from benchmarks.generate import MONTH
    from benchmarks.traced import CODE, SITE, part_rows

    readings = part_rows(home)

    def trace() -> int:
        arguments = [sys.executable, "-m", "pipelines.cli.main", "trace", SITE, MONTH, CODE, *options, "--home", str(home)]
        subprocess.run(arguments, stdout=subprocess.DEVNULL, check=True)
        return readings

    return trace


def _sample(home: Path) -> Step:
    from benchmarks.traced import DRAWN

    return _trace(home, "--sample", str(DRAWN))


STEPS: dict[str, Callable[[Path], Step]] = {
    "floor": _floor, "hourly": _hourly, "staging": _staging, "pandas": _pandas, "spark": _spark, "landing": _landing, "read": _plain_read,
    "backfill floor": _backfill("floor"), "backfill": _backfill("product"), "backfill again": _backfill("again"),
    "parts": _parts, "trace": _trace, "sample": _sample,
}  # fmt: skip


def _processes() -> list[Path]:
    """This process and all below it, in ``/proc``."""
    found, ahead = [], [Path(f"/proc/{os.getpid()}")]
    while ahead:
        process = ahead.pop()
        found.append(process)
        for task in process.glob("task/*/children"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that has just ended
                ahead += [Path(f"/proc/{pid}") for pid in task.read_text().split()]
    return found


def _peak() -> int:
    """Bytes that these processes held at most, each at its own time; of those that ended the one that held most."""
    lines = [line for process in _processes() for line in (process / "status").read_text().splitlines()]
    ended = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return max(ended, sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")))


def _cpu_s() -> float:
    """Seconds that these processes, and those below them that ended, have computed."""
    ticks = [(process / "stat").read_text().rpartition(")")[2].split()[11:13] for process in _processes()]
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(int(user) + int(system) for user, system in ticks) / os.sysconf("SC_CLK_TCK") + ended.ru_utime + ended.ru_stime


def _main(step: str, folder: str) -> None:
    run = STEPS[step](Path(folder))
    wall, cpu = time.perf_counter(), _cpu_s()
    readings = run()
    found = Measured(time.perf_counter() - wall, _cpu_s() - cpu, _peak(), readings)
    print(json.dumps(asdict(found)))


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2])
