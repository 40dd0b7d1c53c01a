"""The clock of a site as an expression of Polars."""

from __future__ import annotations

import polars as pl

from resources.calendar import DAY_S, offsets


def local_day(zone_name: str, first_s: int, last_s: int, instant: str = "hour_s") -> pl.Expr:
    """The day (a date) on the clock of a zone of the instants in a column, all of them from ``first_s`` to ``last_s``.

    By the offsets in force between the two: on a fleet's hours several times as fast as converting each of them.
    """
    at = pl.col(instant)
    (_, offset_s), *later = offsets(zone_name, first_s, last_s)
    local = at + offset_s
    for from_s, offset_s in later:
        local = pl.when(at < from_s).then(local).otherwise(at + offset_s)
    return (local // DAY_S).cast(pl.Int32).cast(pl.Date)
