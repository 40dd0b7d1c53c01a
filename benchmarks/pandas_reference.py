"""The same month as someone who knows pandas and the rules would write it: clean the whole frame, then go meter by meter.

It has the row rules (blanks, sentinels, negatives, repeated instants, readings of quality E), glitches, rollovers, capacity, gaps,
exact whole Wh by interpolation to the hour, partly known hours, lines over up to two hours and like days. It leaves out: events, several
registers of a meter, other media and units, daylight saving, check meters and parent balance, public holidays, inferred maxima,
glitches of two or three readings, like-day shapes of stretches over three hours, extrapolation past the last reading, the tables of
rejected rows, anomalies and facts, rules and digests. Everything that it leaves out makes it faster.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ZONE = "Asia/Shanghai"
FIRST, AFTER = "2026-03-01", "2026-04-01"
SENTINELS = [2_147_483_647 * 10 ** (6 - places) for places in range(7)] + [-1_000_000]
HOUR_S, LINEAR_HOURS = 3_600, 2
_COLUMNS = ["meter_id", "at_s", "value_e6", "quality"]


def stage(paths: Iterable[Path], meters: Path, target: Path) -> int:
    """Hourly energy of the month from parts and the meters file, as one Parquet file; returns how many readings there were."""
    readings = pd.concat([pd.read_parquet(path, columns=_COLUMNS) for path in paths], ignore_index=True)
    hourly(readings, pd.read_csv(meters)).to_parquet(target)
    return len(readings)


def hourly(readings: pd.DataFrame, meters: pd.DataFrame) -> pd.DataFrame:
    """meter_id, hour_s (UTC), quantity (Wh), known_s (seconds that are metered), state, of every meter and hour of the month."""
    grid = pd.date_range(FIRST, AFTER, freq="h", tz=ZONE)
    hours = (grid - pd.Timestamp(0, tz="UTC")) // pd.Timedelta(seconds=1)
    facts = meters.set_index("meter_id").to_dict("index")
    frames = []
    for meter_id, rows in cleaned(readings).groupby("meter_id", sort=True):
        bounds = hours.to_numpy()
        energy, known = at_hours(*legs_of(rows, facts[meter_id]), bounds)
        if facts[meter_id]["kind"] == "power":
            energy = energy // 7_200  # half-watt-seconds, counted from the month's start
        quantity, known_s = np.diff(energy), np.diff(known)
        frame = pd.DataFrame({"meter_id": meter_id, "hour_s": bounds[:-1], "quantity": quantity, "known_s": known_s})
        frames.append(estimated(frame, grid[:-1]))
    return pd.concat(frames, ignore_index=True)


def cleaned(readings: pd.DataFrame) -> pd.DataFrame:
    """Readings that can be counted: one for each instant, sorted; of two values for one instant neither."""
    value = readings["value_e6"]
    good = readings[value.notna() & (value >= 0) & ~value.isin(SENTINELS)]
    rows = good.sort_values(["meter_id", "at_s"], kind="stable").drop_duplicates(["meter_id", "at_s", "value_e6"])
    rows = rows[~rows.duplicated(["meter_id", "at_s"], keep=False) & (rows["quality"] != "E")]
    local = pd.to_datetime(rows["at_s"], unit="s").dt.tz_localize(ZONE)
    return rows.assign(at_s=local.dt.tz_convert("UTC").astype("datetime64[s, UTC]").astype("int64"), value=rows["value_e6"].astype("int64"))


def legs_of(rows: pd.DataFrame, meter: Mapping[Any, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Start, length and energy of the stretches that a meter has measured (Wh; half-watt-seconds of a power meter)."""
    at, value = rows["at_s"].to_numpy(), rows["value"].to_numpy()
    if meter["kind"] == "interval":
        length = int(meter["interval_minutes"]) * 60
        return at - length * (meter["interval_label"] == "end"), np.full(len(at), length), _wh(value, 1)
    if meter["kind"] == "power":
        watts = value // 1_000_000
        dt = np.diff(at)
        near = dt <= max(int(np.median(dt)) * 3 // 2, 1_200)
        return at[:-1][near], dt[near], ((watts[:-1] + watts[1:]) * dt)[near]
    multiplier = 1 if np.isnan(meter["multiplier"]) else int(meter["multiplier"])
    limit, full = meter["capacity"] * 1.2 * 1_000, _wh(np.array([10 ** int(meter["register_digits"]) * 1_000_000]), multiplier)[0]
    counted = _wh(value, multiplier)
    keep = ~_glitches(at, counted, limit)
    at, counted = at[keep], counted[keep]
    dt, delta = np.diff(at), np.diff(counted)
    delta = np.where(delta < 0, delta + full, delta)
    plausible = delta * HOUR_S <= limit * dt
    return at[:-1][plausible], dt[plausible], delta[plausible]


def _wh(value_e6: np.ndarray, multiplier: int) -> np.ndarray:
    return np.rint(value_e6 * multiplier / 1_000).astype(np.int64)


def _glitches(at: np.ndarray, counted: np.ndarray, limit: float) -> np.ndarray:
    """Single readings outside their neighbours, where the step between these is plausible."""
    glitch = np.zeros(len(at), dtype=bool)
    before, here, after = counted[:-2], counted[1:-1], counted[2:]
    fine = (after >= before) & ((after - before) * HOUR_S <= limit * (at[2:] - at[:-2]))
    glitch[1:-1] = fine & ((here < before) | (here > after))
    return glitch


def at_hours(start: np.ndarray, length: np.ndarray, delta: np.ndarray, hours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Energy and known seconds since the month's start at each hour boundary, by interpolation in whole numbers."""
    leg = np.searchsorted(start, hours, side="right") - 1
    inside = np.clip(hours - start[leg], 0, length[leg])
    energy = np.concatenate([[0], np.cumsum(delta)])[leg] + delta[leg] * inside // length[leg]
    known = np.concatenate([[0], np.cumsum(length)])[leg] + inside
    energy, known = np.where(leg < 0, 0, energy), np.where(leg < 0, 0, known)
    return energy - energy[0], known - known[0]


def estimated(hours: pd.DataFrame, local: pd.DatetimeIndex) -> pd.DataFrame:
    """Unknown seconds filled: by a line over up to two hours between measured ones, else by the mean of the nearest three like days."""
    open_s = HOUR_S - hours["known_s"]
    rate = hours["quantity"].where(open_s == 0).astype("float64")
    run = rate.isna().groupby(rate.notna().cumsum()).transform("sum")
    full = rate.interpolate(limit_area="inside").where(rate.notna() | (run <= LINEAR_HOURS))
    day, clock, workday = local.normalize(), local.hour, local.day_of_week < 5
    for i in np.flatnonzero(full.isna()).tolist():
        like = (clock == clock[i]) & (workday == workday[i]) & rate.notna().to_numpy()
        apart = np.abs((day[like] - day[i]).days)
        full.iloc[i] = rate[like].iloc[np.argsort(apart, kind="stable")[:3]].mean()
    more = (full * open_s / HOUR_S).round().where(open_s > 0, 0.0)
    state = np.select([open_s == 0, full.notna()], ["measured", "estimated"], "missing")
    return hours.assign(quantity=hours["quantity"] + more.fillna(0).astype("int64"), state=state)
