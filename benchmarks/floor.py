"""The floor: the least that any way from readings to hours must do.

Scan the same Parquet, group by meter and hour, sum and last; no rule, no time zone, no meter before or after, nothing written.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl


def part_paths(home: Path) -> list[Path]:
    """The parts of readings in the lake of a home."""
    return sorted((home / "lake/parts/meter_readings").glob("*/*.parquet"))


def scan_and_group(paths: Iterable[Path]) -> int:
    """Readings by meter and hour on Polars, streaming; returns how many readings there were."""
    value = pl.col("value_e6")
    hours = pl.scan_parquet(list(paths)).group_by("meter_id", pl.col("at_s") // 3600).agg(value.sum(), last=value.last(), n=pl.len())
    return int(hours.collect(engine="streaming")["n"].sum())
