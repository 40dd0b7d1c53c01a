"""What the simulated meters show: registers, interval values, power, as whole ticks of their last digit.

From the flows of ``load`` to the readings a meter would give if nothing were wrong, and the monthly truth they add up to. The two
faults that belong to a register itself, its rollover and its replacement, are here; the others break rows and are in ``breaking``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from pipelines.demo.faults import FAULTS
from pipelines.demo.fleet import MONTHS, TIMEZONE, Meter, counted, meters_of
from pipelines.demo.load import QUARTER_S, QUARTERS, START_S, Flows, quarter_of
from resources.calendar import add_months, local_s

Ticks = NDArray[np.int64]


@dataclass(frozen=True)
class Shown:
    """What one meter shows over the history.

    ``at``: the quarter-hour boundary each reading states (0 = the first instant of the history); ``belongs``: the boundary that
    decides in whose monthly file it stands; ``ticks``: the value in units of the last decimal; ``counted``: of a register, the ticks it
    has counted since the start of the history, across rollover and replacement.
    """

    meter: Meter
    at: Ticks
    belongs: Ticks
    ticks: Ticks
    digits: int | None
    capacity: float
    counted: Ticks | None = None

    @property
    def tick(self) -> int:
        """What one tick is worth in Wh (electricity) or litres (water)."""
        return self.meter.bank.multiplier * 1000 // 10**self.meter.bank.decimals


@dataclass(frozen=True)
class Truth:
    """What the counted meters of a site measured in a month before anything was broken: Wh, Wh, L."""

    e_dc_wh: int
    e_it_wh: int
    water_l: int

    @property
    def pue(self) -> float:
        return self.e_dc_wh / self.e_it_wh


@dataclass(frozen=True)
class Replacement:
    """The event of a replaced meter: when, and what the old and the new register showed."""

    meter_id: str
    at: str
    old_value: float
    new_value: float


def boundary(local_time: str) -> float:
    """Quarter-hours from the start of the history to a local time ``YYYY-MM-DD HH:MM``."""
    return (local_s(datetime.fromisoformat(local_time), TIMEZONE) - START_S) / QUARTER_S


def show(site_id: str, flows: Flows, seed: int) -> dict[str, Shown]:
    """The readings of every meter of a site over the whole history, by meter id."""
    return {meter.meter_id: _show(meter, flows.measured[meter.meter_id], seed) for meter in meters_of(site_id)}


def _show(meter: Meter, energy: NDArray[np.float64], seed: int) -> Shown:
    bank = meter.bank
    capacity = _round_up(1.25 * 4 * float(energy.max()))
    scale = 10**bank.decimals / bank.multiplier
    quarters = np.arange(QUARTERS, dtype=np.int64)
    if bank.kind == "interval":
        at = quarters if bank.label == "start" else quarters + 1
        return Shown(meter, at, quarters, np.rint(energy * scale).astype(np.int64), None, capacity)
    boundaries = np.arange(QUARTERS + 1, dtype=np.int64)
    if bank.kind == "power":
        power = np.concatenate([energy[:1], (energy[1:] + energy[:-1]) / 2, energy[-1:]]) * 4
        return Shown(meter, boundaries, boundaries, np.rint(power * scale).astype(np.int64), None, capacity)
    total = np.concatenate([[0.0], np.cumsum(energy)]) * scale
    digits = max(6, len(str(int(4 * total[-1] / 10**bank.decimals))))
    full = 10 ** (digits + bank.decimals)
    rng = np.random.default_rng([seed, crc32(f"start {meter.meter_id}".encode())])
    start = int(rng.uniform(0.03, 0.55) * full)
    counting = np.floor(total).astype(np.int64)
    if meter.meter_id == FAULTS["rollover"].subject:
        start = full - int(counting[int(boundary(FAULTS["rollover"].at))])
    if meter.meter_id == FAULTS["replacement"].subject:
        at_event = boundary(FAULTS["replacement"].at)
        old = int(np.interp(at_event, boundaries, total))
        ticks = np.where(boundaries > at_event, counting - old, counting + start)
    else:
        ticks = (counting + start) % full
    every = bank.minutes // 15
    return Shown(meter, boundaries[::every], boundaries[::every], ticks[::every], digits, capacity, counting[::every])


def _round_up(value: float) -> float:
    """The next of 1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8 × a power of ten, as ratings come."""
    power = 10 ** int(np.floor(np.log10(max(value, 0.1))))
    return next(round(step * power, 3) for step in (1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8, 10) if step * power >= value)


def replacement_event(shown: Mapping[str, Shown], flows: Flows) -> Replacement:
    """The event of the planted replacement: the old register at that moment, the new one starting at 0."""
    fault = FAULTS["replacement"]
    meter = shown[fault.subject]
    bank = meter.meter.bank
    before = int(boundary(fault.at))
    total = np.concatenate([[0.0], np.cumsum(flows.measured[fault.subject])]) * 10**bank.decimals / bank.multiplier
    moved = int(np.interp(boundary(fault.at), np.arange(len(total)), total)) - int(np.floor(total[before]))
    return Replacement(fault.subject, fault.at, (int(meter.ticks[before]) + moved) / 10**bank.decimals, 0.0)


def month_slice(shown: Shown, month: str, last: bool) -> slice:
    """Rows of a meter that stand in the file of a month; the file of the ``last`` month also holds its closing readings."""
    first, after = quarter_of(month), quarter_of(add_months(month, 1))
    low, high = np.searchsorted(shown.belongs, [first, after + 1 if last else after])
    return slice(int(low), int(high))


def truth(shown: Mapping[str, Shown]) -> dict[str, Truth]:
    """What the counted meters of a site measured in each month, from what they show; power meters are never counted here."""
    return {month: _truth(shown, month) for month in MONTHS}


def _truth(shown: Mapping[str, Shown], month: str) -> Truth:
    totals = {"e_dc": 0, "e_it": 0, "water": 0}
    for one in shown.values():
        for side, sign in counted(one.meter).items():
            totals[side] += sign * one.tick * month_ticks(one, month)
    return Truth(totals["e_dc"], totals["e_it"], totals["water"])


def month_ticks(one: Shown, month: str) -> int:
    """What an interval meter or a register counted in a month, in ticks, before anything was broken; ValueError for a power meter."""
    first, after = quarter_of(month), quarter_of(add_months(month, 1))
    if one.meter.bank.kind == "interval":
        return int(one.ticks[first:after].sum())
    if one.counted is None:
        raise ValueError(f"{one.meter.meter_id} counts nothing")
    every = one.meter.bank.minutes // 15
    return int(one.counted[after // every] - one.counted[first // every])


def quarter_ticks(one: Shown, month: str) -> NDArray[np.int64]:
    """What a register counted in each quarter-hour of a month, in ticks, before anything was broken; ValueError for other meters."""
    if one.counted is None or one.meter.bank.minutes != 15:
        raise ValueError(f"{one.meter.meter_id} is no register of quarter-hours")
    return np.diff(one.counted[quarter_of(month) : quarter_of(add_months(month, 1)) + 1])
