"""A home with a generated month: registry landed as people drop it, readings as sorted parts, everything entered in the log.

What ``gci run`` finds when it begins to stage the month. The parts are those that landing makes of the generated CSV file, written
without going through it, which a test holds against it.
"""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path

import polars as pl

from assets.compute import Compute
from assets.raw.landing import land
from assets.raw.step import raw
from benchmarks.generate import MONTH, SCHEMA, Size, chunks, meters, sites
from pipelines.documents import note_documents
from pipelines.initialise import initialise
from resources.home import Home

_MONTHS = ("2026-02", MONTH, "2026-04")  # the month, and the readings on either side of it
_TABLE = "parts/meter_readings"


def prepared(folder: Path, size: Size) -> Path:
    """The home of a size below ``folder``: made when it is not there, else as it is."""
    root = folder / size.name / "home"
    if not root.exists():
        unfinished = root.with_name(".home")
        shutil.rmtree(unfinished, ignore_errors=True)
        make_home(unfinished, size)
        unfinished.rename(root)
    return root


def make_home(root: Path, size: Size) -> Home:
    """Make the home of a size in ``root``; its log has the raw assets of the month."""
    home = registered(root, size)
    with ExitStack() as stack:
        writers = {month: stack.enter_context(home.lake.writer(_TABLE, month, pl.Schema(SCHEMA))) for month in _MONTHS}
        for rows in chunks(size):
            months = rows.with_columns(month=pl.from_epoch("at_s").dt.to_string("%Y-%m")).partition_by("month", as_dict=True)
            for (month,), some in months.items():
                writers[month].add(some)
        written = [writer.close() for writer in writers.values()]
    parts = [
        {"feed": "meter_readings", "month": s.month, "digest": s.digest, "file_digest": s.file_digest, "rows": s.rows} for s in written
    ]
    entry = home.ledger.append("file", "meter_readings/generated.csv", f"generated:{size.name}", {"feed": "meter_readings"}, parts)
    raw(Compute(home, MONTH, entry))
    return home


def registered(root: Path, size: Size) -> Home:
    """A home in which sites and meters are landed, and no readings."""
    home = initialise(root)
    for feed, rows in (("sites", sites(size)), ("meters", meters(size))):
        rows.write_csv(home.landing / feed / f"{feed}.csv")
    note_documents(home)
    land(home)
    return home
