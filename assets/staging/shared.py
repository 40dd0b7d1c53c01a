"""Hours of shared meters: each hour split between sites by dated shares, so that the parts sum to the whole.

Who shares what on which days is in ``parts.py``; the tables that the hours go into are put together in ``composed.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import groupby

import polars as pl

from assets.staging.certificates import allocate
from assets.staging.parts import NOBODY, Composition, Definition
from assets.staging.virtual import seconds_of

SHARED = "shared"
_Quantities = list[int | None]


def split_hours(energy: pl.DataFrame, of: Composition, zones: Mapping[str, str]) -> pl.DataFrame:
    """staging/interval_energy in which every shared meter has, instead of its own rows, one for each site that shares it.

    ``zones``: the time zone of each meter's own site, in whose days shares are dated. The rows have the site's part (method ``shared``,
    joined by + to how the whole was estimated), the state and known seconds of the whole, and no readings; what no share covers is the
    part of site ``''``. On days without shares the meter belongs to its own site; where the definition is refused, nothing is known.

    **The parts of an hour sum to the hour, and those of a stretch of equal shares to its total by largest remainder**: each is the
    difference of two such splits of the running total. A part that falls below one unit in an hour can therefore be −1. Where an hour is
    partly estimated, its estimate is split by largest remainder too. Source: metering.md §5 (exact by largest remainder).
    """
    concerned = sorted({d.meter_id for d in of.definitions if d.shares or (d.refused and d.meter_id not in of.virtual)})
    whole = energy.filter(pl.col("meter_id").is_in(concerned)).sort("meter_id", "hour_s")
    pieces = [energy.filter(~pl.col("meter_id").is_in(concerned))]
    for (meter_id,), rows in whole.group_by("meter_id", maintain_order=True):
        for d, (from_s, to_s) in equal_stretches(of, str(meter_id), zones[str(meter_id)]):
            pieces += _split(rows.filter(pl.col("hour_s").is_between(from_s, to_s, closed="left")), d)
    return pl.concat(pieces)


def equal_stretches(of: Composition, meter_id: str, zone: str) -> list[tuple[Definition, tuple[int, int]]]:
    """The definitions of a meter in order, those that follow each other with equal shares as one, with their first second and the next."""
    own = [(d, seconds_of(d, zone)) for d in of.by_meter.get(meter_id, ())]
    joined = [list(group) for _, group in groupby(own, key=lambda item: (item[0].shares, bool(item[0].refused)))]
    return [(group[0][0], (group[0][1][0], group[-1][1][1])) for group in joined]


def _split(rows: pl.DataFrame, d: Definition) -> list[pl.DataFrame]:
    if d.refused:
        unknown = rows.with_columns(
            quantity=pl.lit(None, pl.Int64), known_s=pl.lit(0, pl.Int64), state=pl.lit("missing"), method=pl.lit(None, pl.String),
            estimated=pl.lit(0, pl.Int64), n_readings=pl.lit(0, pl.Int64),
        )  # fmt: skip
        return [unknown.with_columns(site_id=pl.lit(site_id)) for site_id, _ in d.shares] or [unknown]
    if not d.shares:
        return [rows]
    places = [item for item in (*d.shares, (NOBODY, d.rest)) if item[1]]
    weights = [share for _, share in places]
    quantities = rows["quantity"].to_list()
    parts = split_running(quantities, weights)
    estimates = [_estimate(e, q, p, weights) for e, q, p in zip(rows["estimated"].to_list(), quantities, parts, strict=True)]
    method = pl.concat_str(pl.lit(SHARED), pl.col("method"), separator="+", ignore_nulls=True)
    shared = rows.with_columns(
        method=pl.when(pl.col("quantity").is_not_null()).then(method).otherwise(pl.col("method")), n_readings=pl.lit(0, pl.Int64)
    )
    return [
        shared.with_columns(
            pl.Series("quantity", [part[i] for part in parts], dtype=pl.Int64),
            pl.Series("estimated", [part[i] for part in estimates], dtype=pl.Int64),
            site_id=pl.lit(site_id),
        )
        for i, (site_id, _) in enumerate(places)
    ]


def split_running(quantities: Sequence[int | None], weights: Sequence[Fraction]) -> list[_Quantities]:
    """Each quantity in parts that sum to it, and all parts of a weight to its part of the total by largest remainder.

    Ties go to the earlier weight. An unknown quantity has unknown parts. ValueError when no weight is above 0.
    """
    total, before = 0, [0] * len(weights)
    found: list[_Quantities] = []
    for quantity in quantities:
        if quantity is None:
            found.append([None] * len(weights))
            continue
        total += quantity
        after = allocate(total, weights)
        found.append([a - b for a, b in zip(after, before, strict=True)])
        before = after
    return found


def _estimate(estimated: int, quantity: int | None, parts: _Quantities, weights: Sequence[Fraction]) -> list[int]:
    """The estimated part of each part; all of it where all of the hour is estimated."""
    if estimated == quantity:
        return [part or 0 for part in parts]
    return allocate(estimated, weights) if estimated else [0] * len(weights)
