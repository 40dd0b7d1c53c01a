"""From a value to points: the score functions.

One function of numbers for each kind an edition may name. No edition, weight or status here: what a missing value counts is the business of
``aggregate.py``.
"""

from __future__ import annotations

import math
from bisect import bisect_right

from assets.edition.tree import Anchor, ScoreFunction


def score_value(function: ScoreFunction, value: float) -> float:
    """Points (0–100) that ``value`` (in the unit of its anchors) earns; ±∞ earns what the outermost anchor does.

    Source: method.md §1, kinds ``linear``, ``log``, ``step`` and ``share``; the anchors' sources are in the edition. ValueError for NaN.
    """
    if math.isnan(value):
        raise ValueError("NaN is no value that can be scored")
    if function.kind == "share":
        return 100.0 * min(1.0, max(0.0, value))
    if function.kind == "step":
        return step(function.anchors, value)
    return between(function.anchors, value, logarithmic=function.kind == "log")


def step(anchors: tuple[Anchor, ...], value: float) -> float:
    """Points of the last anchor at or below ``value``; of the first one for a value below all."""
    position = bisect_right([anchor.at for anchor in anchors], value)
    return anchors[max(position - 1, 0)].points


def between(anchors: tuple[Anchor, ...], value: float, *, logarithmic: bool) -> float:
    """Points on the straight line between the two anchors around ``value`` (in ln(value) when ``logarithmic``), clamped outside."""
    if value <= anchors[0].at:
        return anchors[0].points
    if value >= anchors[-1].at:
        return anchors[-1].points
    position = bisect_right([anchor.at for anchor in anchors], value)
    low, high = anchors[position - 1], anchors[position]
    part = math.log(value / low.at) / math.log(high.at / low.at) if logarithmic else (value - low.at) / (high.at - low.at)
    return low.points + (high.points - low.points) * part
