"""A generated month of meter readings, with faults at a stated density: the same numbers for the same size and seed.

Quarter-hour meters in March 2026 (2,976 readings each, and one on either side of the month). Only the input of the benchmark is made
here; it is generated data and says so in its names. Nothing is measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

MONTH = "2026-03"
STEP_S, PER_METER = 900, 2976
START_S = 1_772_323_200  # 2026-03-01 00:00 as stated (site-local, read as if UTC)
CHUNK = 500  # meters made at once
PER_SITE = 200  # meters
KINDS = ("register", "interval", "power")
# Fault density: what share of rows, or of meters, has what.
FAULTS = {
    "rows missing, in runs of 1 to 8": 0.005,
    "rows blank": 0.001,
    "rows written twice with the same value": 0.0005,
    "rows with a sentinel (2147483647)": 0.0001,
    "meters with jitter of up to 90 s (registers)": 0.10,
    "meters with one glitch to 0 (registers)": 0.01,
    "meters whose register rolls over": 0.005,
    "meters with two values for one time": 0.005,
    "meters with readings of quality E": 0.005,
}
SCHEMA = {
    "meter_id": pl.String, "at_s": pl.Int64, "zoned": pl.Boolean, "value_e6": pl.Int64, "quality": pl.String, "problem": pl.String,
    "raw_at": pl.String, "raw_value": pl.String, "source_row": pl.Int64,
}  # fmt: skip


@dataclass(frozen=True)
class Size:
    """How many meters make about so many million readings."""

    millions: float

    @property
    def name(self) -> str:
        return f"{self.millions:g}M"

    @property
    def meters(self) -> int:
        return max(10, round(self.millions * 1_000_000 / PER_METER))


def sites(size: Size) -> pl.DataFrame:
    """The feed ``sites`` as a file has it: one for every 200 meters."""
    names = [f"G{i:03d}" for i in range((size.meters - 1) // PER_SITE + 1)]
    return pl.DataFrame({"site_id": names}).with_columns(
        name=pl.format("Generated {}", "site_id"), geography=pl.lit("CN-HE"), valid_from=pl.lit("2026-01-01")
    )


def meters(size: Size) -> pl.DataFrame:
    """The feed ``meters`` as a file has it: of 20 meters 17 registers, 2 interval meters, 1 power meter."""
    numbers = range(size.meters)
    kinds = [_kind(i) for i in numbers]
    return pl.DataFrame(
        {
            "meter_id": [meter_id(i) for i in numbers],
            "site_id": [f"G{i // PER_SITE:03d}" for i in numbers],
            "medium": "electricity",
            "point": ["grid_supply" if i % PER_SITE == 0 else "it_input" for i in numbers],
            "kind": kinds,
            "unit": ["W" if kind == "power" else "kWh" for kind in kinds],
            "multiplier": [40 if i % 4 == 0 and kinds[i] == "register" else None for i in numbers],
            "register_digits": [6 if kind == "register" else None for kind in kinds],
            "interval_minutes": [STEP_S // 60 if kind == "interval" else None for kind in kinds],
            "interval_label": ["end" if kind == "interval" else None for kind in kinds],
            "capacity": [1_000 if kind == "register" else None for kind in kinds],
            "valid_from": "2026-01-01",
        }
    )


def meter_id(number: int) -> str:
    return f"GEN-{number:06d}"


def _kind(number: int) -> str:
    return KINDS[2] if number % 20 == 7 else KINDS[1] if number % 10 == 3 else KINDS[0]


def chunks(size: Size, seed: int = 1) -> Iterator[pl.DataFrame]:
    """Part rows sorted by meter, instant and row, ``CHUNK`` meters at a time."""
    row = 2
    for first in range(0, size.meters, CHUNK):
        numbers = np.arange(first, min(first + CHUNK, size.meters))
        frame = _chunk(numbers, np.random.default_rng([seed, first]))
        yield frame.with_columns(source_row=pl.int_range(row, row + frame.height, dtype=pl.Int64)).select(list(SCHEMA))
        row += frame.height


def _chunk(numbers: np.ndarray, rng: np.random.Generator) -> pl.DataFrame:
    count, n = PER_METER + 2, len(numbers)
    kinds = np.array([KINDS.index(_kind(int(i))) for i in numbers])
    steps = rng.integers(200, 600, (n, count)) * 10_000  # 2.00 to 6.00 kWh in a quarter hour, 200 to 600 W
    steps = np.where((kinds == 2)[:, None], steps * 100, steps)
    digits_e6 = 10**12
    start = rng.integers(0, digits_e6 // 2, n) // 10_000 * 10_000
    start = np.where(rng.random(n) < FAULTS["meters whose register rolls over"], digits_e6 - 5_000_000_000, start)
    values = np.where((kinds == 0)[:, None], (start[:, None] + np.cumsum(steps, axis=1)) % digits_e6, steps)
    times = np.broadcast_to(START_S + STEP_S * np.arange(-1, count - 1), (n, count)).copy()
    jitter = (rng.random(n) < FAULTS["meters with jitter of up to 90 s (registers)"]) & (kinds == 0)
    times += np.where(jitter[:, None], rng.integers(0, 90, (n, count)), 0)
    quality = np.zeros((n, count), dtype=np.int8)
    for name, mask in (("glitch", FAULTS["meters with one glitch to 0 (registers)"]), ("E", FAULTS["meters with readings of quality E"])):
        hit = np.flatnonzero((rng.random(n) < mask) & (kinds == 0))
        at = rng.integers(10, count - 10, len(hit))
        if name == "glitch":
            values[hit, at] = 0
        else:
            quality[hit, at] = 1
    sentinel = rng.random((n, count)) < FAULTS["rows with a sentinel (2147483647)"]
    values[sentinel] = 2_147_483_647_000_000
    blank = rng.random((n, count)) < FAULTS["rows blank"]
    kept = _kept(rng, n, count)
    frame = pl.DataFrame(
        {
            "meter_id": np.repeat([meter_id(int(i)) for i in numbers], count), "at_s": times.ravel(), "value_e6": values.ravel(),
            "e": quality.ravel(), "blank": blank.ravel(), "kept": kept.ravel(),
            "twice": (rng.random((n, count)) < FAULTS["rows written twice with the same value"]).ravel(),
        }
    ).filter("kept")  # fmt: skip
    clash = rng.random(n) < FAULTS["meters with two values for one time"]
    other = frame.filter(pl.col("meter_id").is_in([meter_id(int(i)) for i in numbers[clash]]))
    other = other.filter(pl.int_range(pl.len()).over("meter_id") == count // 3).with_columns(pl.col("value_e6") + 10_000)
    everything = pl.concat([frame, frame.filter("twice"), other]).sort("meter_id", "at_s", maintain_order=True)
    return everything.select(
        "meter_id", "at_s", zoned=pl.lit(False), value_e6=pl.when(~pl.col("blank")).then("value_e6"),
        quality=pl.when(pl.col("e") == 1).then(pl.lit("E")).otherwise(pl.lit("A")), problem=pl.lit(None, dtype=pl.String),
        raw_at=pl.lit(None, dtype=pl.String), raw_value=pl.lit(None, dtype=pl.String),
    )  # fmt: skip


def _kept(rng: np.random.Generator, n: int, count: int) -> np.ndarray:
    """Which readings arrived: the others are missing in runs of 1 to 8."""
    starts = rng.random((n, count)) < FAULTS["rows missing, in runs of 1 to 8"] / 4.5
    kept = np.ones((n, count), dtype=bool)
    lengths = rng.integers(1, 9, (n, count))
    for row, column in zip(*np.nonzero(starts), strict=True):
        kept[row, column : column + lengths[row, column]] = False
    return kept


def write_csv(path: Path, size: Size, *, encoding: str = "utf-8", seed: int = 1) -> int:
    """A file as a Chinese metering system exports it: rows by time within a chunk of meters; returns the number of rows."""
    rows = 0
    with path.open("wb") as handle:
        handle.write("电表编号,抄表时间,止码,读数性质\n".encode(encoding))
        for part in chunks(size, seed):
            text = part.sort("at_s", "meter_id", maintain_order=True).select(
                "meter_id",
                pl.from_epoch("at_s", "s").dt.strftime("%Y-%m-%d %H:%M:%S"),
                pl.when(pl.col("value_e6").is_not_null()).then(pl.col("value_e6") / 1_000_000).round(2),
                pl.when(pl.col("quality") == "E").then(pl.lit("估计")).otherwise(pl.lit("实测")),
            )
            handle.write(text.write_csv(include_header=False).encode(encoding))
            rows += part.height
    return rows
