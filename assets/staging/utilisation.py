"""How busy the processors of a site were: capacity-hours whose utilisation is known, and those used.

Here rows of the feed ``utilisation`` become time: which stretch of the month each row speaks for, weighted by FP32 capacity (method.md §1,
B3). Which devices have capacity is decided in ``inventory.py``. Sums are whole GFLOPS·s and millionths of them, so they are exact.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from resources.calendar import DAY_S, HOUR_S, month_bounds_s

if TYPE_CHECKING:
    import pandas as pd

_SCHEMA: dict[str, type[pl.DataType]] = {
    "scope": pl.String, "site_id": pl.String, "device_id": pl.String, "at_s": pl.Int64, "cpu_ratio": pl.Float64, "gpu_ratio": pl.Float64,
}  # fmt: skip
_MILLION = 1_000_000
# One TFLOPS·h in GFLOPS·s.
_TFLOPS_HOUR = 1000 * HOUR_S


@dataclass(frozen=True)
class Capacity:
    """A device's FP32 computing power, in GFLOPS; ``gpu`` when its GPUs are what counts."""

    device_id: str
    gpu: bool
    gflops: int


@dataclass
class BusyHours:
    """Capacity × time whose utilisation is known (GFLOPS·s), and what of it was used (millionths of GFLOPS·s)."""

    known: int = 0
    used: int = 0

    @property
    def known_hours(self) -> float | None:
        """TFLOPS·h whose utilisation is known; None when none is."""
        return self.known / _TFLOPS_HOUR if self.known else None

    @property
    def used_hours(self) -> float | None:
        """TFLOPS·h used; None when no utilisation is known."""
        return self.used / (_TFLOPS_HOUR * _MILLION) if self.known else None


def series(utilisation: pd.DataFrame) -> pl.DataFrame:
    """The typed feed as a polars frame; a frame without rows has the columns all the same."""
    if not len(utilisation):
        return pl.DataFrame(schema=_SCHEMA)
    return pl.from_pandas(utilisation[list(_SCHEMA)]).cast(pl.Schema(_SCHEMA))


Spoken = Mapping[tuple[str, str], Mapping[str, tuple[int, int]]]


def busy_hours(spoken: Spoken | None, capacity: Iterable[Capacity]) -> tuple[BusyHours, BusyHours] | None:
    """Busy hours of a site's CPUs and of its GPUs in a month, by what :func:`spoken_hours` says of the site; None when it says nothing.

    A device with rows of its own is described by them alone; the site's rows describe all others. u = gpu_ratio for a GPU server,
    cpu_ratio else; a blank ratio is unknown. Source: method.md §1, B3.
    """
    if spoken is None:
        return None
    cpu, gpu = BusyHours(), BusyHours()
    for device in capacity:
        found = spoken.get(("device", device.device_id)) or spoken.get(("site", "")) or {}
        known_s, used = found.get("gpu" if device.gpu else "cpu", (0, 0))
        busy = gpu if device.gpu else cpu
        busy.known += device.gflops * known_s
        busy.used += device.gflops * used
    return cpu, gpu


def spoken_hours(rows: pl.DataFrame, month: str, zones: Mapping[str, str]) -> dict[str, Spoken]:
    """By site, and by scope and device, for CPU and GPU: seconds with a ratio, and Σ ratio × seconds in millionths.

    ``rows`` (see ``series``) of any sites, of which those of ``zones`` with a row in the month are told. A row is the mean of the interval
    that starts at ``at`` and lasts as long as is usual in its series (the median distance of its rows of the month, at most a day; an hour
    when there is one row), but not into the next row nor beyond the month. Source: method.md §1, B3; how long a row speaks is project
    convention.
    """
    key = ["site_id", "scope", "device_id"]
    bounds = [(site_id, *month_bounds_s(month, zone)) for site_id, zone in zones.items()]
    ends = pl.DataFrame(bounds, schema={"site_id": pl.String, "start_s": pl.Int64, "end_s": pl.Int64}, orient="row")
    within = rows.join(ends, on="site_id").filter(pl.col("at_s").is_between(pl.col("start_s"), pl.col("end_s"), closed="left"))
    lasting = (
        within.with_columns(pl.when(pl.col("scope") == "site").then(pl.lit("")).otherwise(pl.col("device_id")).alias("device_id"))
        .sort(*key, "at_s")
        .with_columns((pl.col("at_s").shift(-1).over(key) - pl.col("at_s")).alias("to_next_s"))
        .with_columns(pl.col("to_next_s").quantile(0.5, "lower").over(key).fill_null(HOUR_S).cast(pl.Int64).alias("usual_s"))
        .with_columns(pl.min_horizontal("usual_s", "to_next_s", pl.col("end_s") - pl.col("at_s"), pl.lit(DAY_S, pl.Int64)).alias("lasts_s"))
    )
    sums = lasting.group_by(key).agg(
        *(pl.col("lasts_s").filter(pl.col(f"{unit}_ratio").is_not_null()).sum().alias(f"{unit}_s") for unit in ("cpu", "gpu")),
        *(
            ((pl.col(f"{unit}_ratio") * _MILLION).round().cast(pl.Int64) * pl.col("lasts_s")).sum().alias(f"{unit}_used")
            for unit in ("cpu", "gpu")
        ),
    )
    found: dict[str, dict[tuple[str, str], dict[str, tuple[int, int]]]] = defaultdict(dict)
    for row in sums.iter_rows(named=True):
        found[row["site_id"]][row["scope"], row["device_id"]] = {unit: (row[f"{unit}_s"], row[f"{unit}_used"]) for unit in ("cpu", "gpu")}
    return dict(found)
