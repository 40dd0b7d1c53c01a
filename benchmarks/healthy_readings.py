"""What the meters of the simulated healthy fleet show, and which of it arrives: registers, rollovers, replacements, ordinary outages.

Put here metering: from flows to readings in files. The losses are those every fleet has: a hundredth of the meters is silent for up to four
days a month, single readings are lost, some come twice, some clocks are a few seconds late. No value is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.healthy_loads import History, Hours

Ticks = NDArray[np.int64]

TICKS = 100  # of one unit shown: two decimals
QUARTERS = ("G-A", "G-B", "K-A", "K-B")  # read every quarter of an hour; water once a week; all others hourly
OUTAGE_METERS, OUTAGE_HOURS = 0.01, 96  # of the meters in a month; at most so long
LOST, TWICE = 0.001, 0.0005  # shares of readings
LATE_CLOCKS = 0.2  # of the meters, by up to a minute
CALIBRATED = 0.10  # of the meters in a year: a new row of the registry and an event
REPLACED = 0.01  # of the meters in a year


@dataclass(frozen=True)
class Shown:
    """What a meter shows: ``at_s`` seconds from the start of the history, ``value`` in ticks, ``true_kwh`` what it counts in each hour."""

    at_s: Ticks
    value: Ticks
    true_kwh: Hours
    calibrated_on: str | None = None
    replaced: tuple[str, float, float] | None = None

    def metered(self, first: int, until: int) -> float:
        """What it counted from one hour of the history to another."""
        return float(self.true_kwh[first:until].sum())


def show(registry: dict[str, dict[str, Any]], flows: dict[str, Hours], history: History, rng: np.random.Generator) -> dict[str, Shown]:
    """The readings of every meter of a site. Each errs by a constant share within its class (three standard deviations)."""
    years = len(history.months) / 12
    found = {}
    for meter_id, row in registry.items():
        source = meter_id.replace("-K-", "-G-")
        error = np.clip(rng.normal(0, float(row["accuracy_class"].rstrip("S")) / 300), -0.009, 0.009)
        kwh = flows[source] * (1 + error)
        event = rng.random()
        moment = int(rng.integers(24 * 10, max(24 * 11, history.span(history.months[-1])[1] - 240)))
        calibrated = _day(history, moment) if CALIBRATED * years > event >= REPLACED * years else None
        swapped = moment if event < REPLACED * years and row["kind"] == "register" and row["medium"] == "electricity" else None
        found[meter_id] = _shown(meter_id, row, kwh, history, rng, calibrated, swapped)
    return found


def _shown(
    meter_id: str, row: dict[str, Any], kwh: Hours, history: History, rng: np.random.Generator, calibrated: str | None, swapped: int | None
) -> Shown:
    hours = len(kwh)
    if row["kind"] == "interval":
        return Shown(3600 * np.arange(1, hours + 1), np.rint(kwh * TICKS).astype(np.int64), kwh, calibrated)
    if row["medium"] == "water":
        first = (7 - history.start.weekday()) % 7 * 24 + 9  # Mondays at nine
        at_s = 3600 * np.arange(first, hours + 1, 7 * 24)
    else:
        step = 900 if meter_id.partition("-")[2] in QUARTERS else 3600
        at_s = np.arange(0, 3600 * hours + 1, step)
        if rng.random() < LATE_CLOCKS:
            at_s = at_s + rng.integers(0, 60, len(at_s))
    scale = TICKS / row["multiplier"]
    total = np.concatenate([[0.0], np.cumsum(kwh)]) * scale
    counted = np.interp(at_s / 3600, np.arange(hours + 1), total)
    full = 10 ** row["register_digits"] * TICKS
    start = int(rng.uniform(0.02, 0.9) * full)
    value = (np.floor(counted).astype(np.int64) + start) % full
    if swapped is None:
        return Shown(at_s, value, kwh, calibrated)
    at = 3600 * swapped + 1200
    old = (int(np.interp(at / 3600, np.arange(hours + 1), total)) + start) % full
    fresh = np.floor(counted - np.interp(at / 3600, np.arange(hours + 1), total)).astype(np.int64)
    event = (str(np.datetime64(history.start, "s") + np.timedelta64(at, "s")).replace("T", " "), old / TICKS, 0.0)
    return Shown(at_s, np.where(at_s > at, fresh, value), kwh, calibrated, event)


def _day(history: History, hour: int) -> str:
    return str((np.datetime64(history.start, "h") + np.timedelta64(hour, "h")).astype("datetime64[D]"))


def write_readings(folder: Path, shown: dict[str, Shown], history: History, rng: np.random.Generator) -> int:
    """Append what arrived to a CSV file for each month, those beside the history too; returns the number of rows."""
    frames = []
    names = sorted(shown)
    silent = _outages(names, history, rng)
    for name in names:
        one = shown[name]
        kept = rng.random(len(one.at_s)) >= LOST
        for first_s, until_s in silent.get(name, []):
            kept &= (one.at_s < first_s) | (one.at_s >= until_s)
        often = kept.astype(np.int64) + (kept & (rng.random(len(kept)) < TWICE))
        frames.append(
            pl.DataFrame({"meter_id": np.repeat(name, often.sum()), "s": np.repeat(one.at_s, often), "ticks": np.repeat(one.value, often)})
        )
    start = int((np.datetime64(history.start, "s") - np.datetime64("1970-01-01", "s")).astype(int))
    rows = pl.concat(frames).select("meter_id", read_at=pl.from_epoch(pl.col("s") + start, "s"), value=(pl.col("ticks") / TICKS).round(2))
    folder.mkdir(parents=True, exist_ok=True)
    for (month,), part in rows.group_by(pl.col("read_at").dt.strftime("%Y-%m")):
        text = part.sort("meter_id", "read_at").with_columns(pl.col("read_at").dt.strftime("%Y-%m-%d %H:%M:%S"))
        path = folder / f"{month}.csv"
        begun = path.exists()
        with path.open("ab") as handle:
            handle.write(text.write_csv(include_header=not begun).encode())
    return rows.height


def _outages(names: list[str], history: History, rng: np.random.Generator) -> dict[str, list[tuple[int, int]]]:
    """By meter, the seconds of the history in which nothing arrived: in each month a hundredth of the meters, for up to four days."""
    found: dict[str, list[tuple[int, int]]] = {}
    for month in history.months:
        first, until = history.span(month)
        for name in rng.choice(names, max(1, round(OUTAGE_METERS * len(names))), replace=False):
            begin, length = int(rng.integers(first, until)), int(rng.integers(1, OUTAGE_HOURS + 1))
            found.setdefault(str(name), []).append((3600 * begin, 3600 * (begin + length)))
    return found
