"""The engine that readings are computed on: Polars, or Spark when ``gci.toml`` says so.

A transform is written once, as Narwhals lazy expressions; here is only what an engine does differently: where frames come from, when a
plan is computed, and how its result comes back. No meter, no column. Neither engine is imported before it is asked for.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import narwhals as nw
import polars as pl

from resources.errors import GciError

Frame = nw.LazyFrame[Any]


class Engine(Protocol):
    """What a transform asks of an engine."""

    name: str
    batch_rows: int  # about how many rows it works on together
    at_once: int  # how many batches at the same time

    def scan(self, path: Path) -> Frame:
        """The rows of a Parquet file."""

    def frame(self, data: pl.DataFrame | pl.LazyFrame) -> Frame:
        """A table of ours, as a frame of the engine."""

    def with_next(self, frame: Frame, by: str, order: str, *names: str) -> Frame:
        """Each row with columns of the next row of the same ``by``, in the order of ``order``, as ``<name>_next``; null at the last.

        ``by`` and ``order`` are whole numbers below 2²⁹ and 2³⁴, not negative. Of rows that are level in ``order``, any comes first.
        """

    def keep(self, frame: Frame) -> Frame:
        """The same rows, computed now and once for all the plans that follow."""

    def collect(self, *frames: Frame) -> list[pl.DataFrame]:
        """The rows of some plans; plans that begin alike share the work where the engine can."""

    def keep_and_collect(self, kept: Frame, collected: Frame) -> tuple[Frame, pl.DataFrame]:
        """Both at once, of two plans that begin alike: many rows that stay with the engine, and a few that come back."""


class PolarsEngine:
    """This process, every core, streaming."""

    name = "polars"
    # much of a batch is the work of one core
    batch_rows, at_once = 1_000_000, 2

    def scan(self, path: Path) -> Frame:
        return nw.from_native(pl.scan_parquet(path))

    def frame(self, data: pl.DataFrame | pl.LazyFrame) -> Frame:
        return nw.from_native(data.lazy())

    def with_next(self, frame: Frame, by: str, order: str, *names: str) -> Frame:
        # sorted once, by one number: five times as fast as a window for each column
        key = pl.col(by) * 2**34 + pl.col(order)
        ordered = frame.to_native().with_columns(_key=key).collect(engine="streaming")
        if not ordered["_key"].is_sorted():
            ordered = ordered.sort("_key")
        same = pl.col(by) == pl.col(by).shift(-1)
        following = [pl.when(same).then(pl.col(name).shift(-1)).alias(f"{name}_next") for name in names]
        return nw.from_native(ordered.lazy().drop("_key").with_columns(following))

    def keep(self, frame: Frame) -> Frame:
        return nw.from_native(frame.to_native().collect(engine="streaming").lazy())

    def collect(self, *frames: Frame) -> list[pl.DataFrame]:
        return pl.collect_all([frame.to_native() for frame in frames], engine="streaming")

    def keep_and_collect(self, kept: Frame, collected: Frame) -> tuple[Frame, pl.DataFrame]:
        many, few = self.collect(kept, collected)
        return self.frame(many), few


class SparkEngine:
    """A Spark session on ``master``: ``local[n]`` in a Java process beside this one, or a cluster that sees the same files."""

    name = "spark"
    batch_rows, at_once = 12_000_000, 1

    def __init__(self, master: str) -> None:
        self.session = _session(master)

    def scan(self, path: Path) -> Frame:
        return nw.from_native(self.session.read.parquet(str(path)))

    def frame(self, data: pl.DataFrame | pl.LazyFrame) -> Frame:
        return nw.from_native(self.session.createDataFrame(data.lazy().collect().to_arrow()))

    def with_next(self, frame: Frame, by: str, order: str, *names: str) -> Frame:
        return frame.with_columns(**{f"{name}_next": nw.col(name).shift(-1).over(by, order_by=order) for name in names})

    def keep(self, frame: Frame) -> Frame:
        # persist() would keep the plan, which grows with every step
        return nw.from_native(frame.to_native().localCheckpoint(eager=True))

    def collect(self, *frames: Frame) -> list[pl.DataFrame]:
        return [pl.DataFrame(pl.from_arrow(frame.to_native().toArrow())) for frame in frames]

    def keep_and_collect(self, kept: Frame, collected: Frame) -> tuple[Frame, pl.DataFrame]:
        return self.keep(kept), self.collect(collected)[0]


def engine_of(name: str, spark_master: str = "local[2]") -> Engine:
    """The engine of that name (``polars``, ``spark``).

    GciError when Spark is asked for and PySpark or Java is missing, or the session can't be started; ValueError for another name.
    """
    makers: dict[str, Callable[[], Engine]] = {"polars": PolarsEngine, "spark": lambda: SparkEngine(spark_master)}
    if name not in makers:
        raise ValueError(f"no engine '{name}'")
    return makers[name]()


def spark_missing() -> str:
    """Why Spark can't run here, as a sentence; '' when PySpark and a Java are found."""
    if importlib.util.find_spec("pyspark") is None:
        return (
            'engine = "spark" needs PySpark, which is not installed. Run \'.venv/bin/python -m pip install --require-hashes '
            '-r requirements/spark.txt\', or write engine = "polars".'
        )
    home = os.environ.get("JAVA_HOME")
    if not shutil.which("java") and not (home and Path(home, "bin", "java").exists()):
        return (
            "engine = \"spark\" needs Java 17 or newer: there is no 'java' on the PATH, and JAVA_HOME names none. Install it "
            '(on Debian and Ubuntu the package openjdk-17-jre-headless), or write engine = "polars".'
        )
    return ""


@cache
def _session(master: str) -> Any:
    """One session for each process."""
    if missing := spark_missing():
        raise GciError(missing)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of pandas 3: we exchange Arrow with Spark, never pandas
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(master).appName("green-compute-index")
    options = {
        "spark.sql.ansi.enabled": "false",  # what overflows is never used, and must not stop what is
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.sql.shuffle.partitions": "16",
    }
    if master.startswith("local"):
        options |= {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1", "spark.driver.memory": "3g"}
    for key, value in options.items():
        builder = builder.config(key, value)
    try:
        return builder.getOrCreate()
    except (PySparkException, OSError, RuntimeError) as error:
        raise GciError(f"Spark could not be started with master = '{master}': {str(error).splitlines()[0]}") from None
