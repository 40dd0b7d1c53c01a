"""Month edges: what of a leg that crosses one is the month's, and what is added where the readings end.

Only the two edges of a month belong here (metering.md §3). Holes between legs are in ``estimation.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import polars as pl

from assets.staging.exact import part_of
from assets.staging.judged import METERED
from assets.staging.meters import Meter

APPORTIONED, EDGE = 2, 3  # methods of estimated legs, after judged.METERED and judged.SOURCE
SPANNED = {"m": pl.Int64, "t0": pl.Int64, "t1": pl.Int64, "delta": pl.Int64, "method": pl.Int64, "span_s": pl.Int64}


def extrapolate(legs: pl.DataFrame, reached: pl.DataFrame, meters: Sequence[Meter]) -> pl.DataFrame:
    """Legs beyond the last reading of a month whose next reading does not exist yet.

    ``legs`` (m, t0, t1, delta, method) are the known ones; ``reached`` (m, t1) says until when each meter has any reading. At most 24 h
    (water and fuel: 7 days) at the mean rate of the last pair, which must be metered and end at the last reading; never past a
    boundary or the meter's validity. Returns legs with method EDGE. Source: metering.md §3, edges.
    """
    found = []
    last = legs.join(reached, on=["m", "t1"]).filter(pl.col("method") == METERED)
    for m, t0, t1, delta in last.select("m", "t0", "t1", "delta").sort("m", "t0").iter_rows():
        meter = meters[m]
        stops = [b.at_s for b in meter.boundaries if b.at_s >= t1]
        until = min(meter.end_s, t1 + meter.reach_s, meter.span_at(t1).end_s, *stops)
        if meter.start_s <= t1 < until:
            found.append((m, t1, until, part_of(delta, t1 - t0, until - t1), EDGE, until - t1))
    return pl.DataFrame(found, schema=SPANNED, orient="row")


def cut_at_month(legs: pl.DataFrame, meters: Sequence[Meter]) -> pl.DataFrame:
    """The part of each leg that lies in its meter's month; columns SPANNED, ``span_s`` the length of the whole leg.

    What is cut off is the other month's, by the same interpolation, so that both sum to the leg. Source: metering.md §3.
    """
    bounds = pl.DataFrame(
        [(m, meter.start_s, meter.end_s) for m, meter in enumerate(meters)],
        schema={"m": pl.Int64, "start_s": pl.Int64, "end_s": pl.Int64}, orient="row",
    )  # fmt: skip
    overlapping = legs.join(bounds, on="m").filter((pl.col("t0") < pl.col("end_s")) & (pl.col("t1") > pl.col("start_s")))
    inside = (pl.col("t0") >= pl.col("start_s")) & (pl.col("t1") <= pl.col("end_s"))
    crossing = overlapping.filter(~inside).select(list(SPANNED)).sort("m", "t0")
    parts = [part for leg in crossing.iter_rows() for part in month_parts(leg, meters[leg[0]])]
    return pl.concat([overlapping.filter(inside).select(list(SPANNED)), pl.DataFrame(parts, schema=SPANNED, orient="row")])


def month_parts(leg: tuple[int, ...], meter: Meter) -> list[tuple[int, ...]]:
    """A leg that crosses an edge of the month, as its metered and its apportioned parts in the month.

    A reading anchors when it lies in the month or no further than the reach (24 h; water and fuel 7 days) outside. Between two
    anchors all is metered; else only what lies within the reach of the one anchor, and the rest is estimated: a meter
    read near both edges gives an exact month, a meter read on the 25th does not. Source: metering.md §3.
    """
    m, t0, t1, delta, method, span_s = leg
    first, last = max(t0, meter.start_s), min(t1, meter.end_s)
    begins, ends = t0 >= meter.start_s - meter.reach_s, t1 <= meter.end_s + meter.reach_s
    if method != METERED or (begins and ends):
        metered = (first, last)
    elif begins:
        metered = (first, min(last, max(first, t0 + meter.reach_s)))
    elif ends:
        metered = (max(first, min(last, t1 - meter.reach_s)), last)
    else:
        metered = (first, first)
    cuts = sorted({first, *metered, last})
    return [
        (m, a, b, part_of(delta, t1 - t0, b - t0) - part_of(delta, t1 - t0, a - t0), how, span_s)
        for a, b in pairwise(cuts)
        for how in [method if metered[0] <= a and b <= metered[1] else APPORTIONED]
    ]
