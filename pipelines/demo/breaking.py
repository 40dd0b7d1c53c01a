"""How the planted faults get into the rows of a meter's monthly file.

Each takes the readings of one meter and month as they would stand in the file (stated quarter-hour boundary, ticks) and gives them
broken. Which fault is where is in ``faults``; rollover and replacement belong to the register and are in ``registers``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipelines.demo.faults import FAULTS, Fault
from pipelines.demo.registers import Ticks, boundary

Rows = tuple[Ticks, Ticks]  # stated boundary, ticks


def _span(fault: Fault, at: Ticks) -> Ticks:
    """Positions of the readings that a fault concerns: ``count`` of them from the first at or after its time."""
    first = int(np.searchsorted(at, boundary(fault.at)))
    return np.arange(first, first + fault.count)


def _zero(fault: Fault, at: Ticks, ticks: Ticks) -> Rows:
    broken = ticks.copy()
    broken[_span(fault, at)] = 0
    return at, broken


def _drop(fault: Fault, at: Ticks, ticks: Ticks) -> Rows:
    span = _span(fault, at)
    return np.delete(at, span), np.delete(ticks, span)


def _spike(fault: Fault, at: Ticks, ticks: Ticks) -> Rows:
    broken = ticks.copy()
    broken[_span(fault, at)] *= 60
    return at, broken


def _repeat(fault: Fault, at: Ticks, ticks: Ticks) -> Rows:
    span = _span(fault, at)
    return np.concatenate([at, at[span]]), np.concatenate([ticks, ticks[span]])


def _contradict(fault: Fault, at: Ticks, ticks: Ticks) -> Rows:
    span = _span(fault, at)
    return np.concatenate([at, at[span]]), np.concatenate([ticks, ticks[span] + 7])


_BREAK: dict[str, Callable[[Fault, Ticks, Ticks], Rows]] = {
    "dropout": _zero,
    "dropout_newest": _zero,
    "short_gap": _drop,
    "long_gap": _drop,
    "silent": _drop,
    "spike": _spike,
    "duplicates": _repeat,
    "conflict": _contradict,
}


def broken(meter_id: str, month: str, at: Ticks, ticks: Ticks) -> Rows:
    """The rows of a meter's monthly file with the faults planted in it; unchanged when there are none."""
    for key, breaks in _BREAK.items():
        if (FAULTS[key].subject, FAULTS[key].month) == (meter_id, month):
            at, ticks = breaks(FAULTS[key], at, ticks)
    return at, ticks
