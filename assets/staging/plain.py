"""From good readings to the hours of plain meters: the hot path, as Narwhals expressions over Int64 columns, on the engine.

A meter is plain when no rule of metering.md §2 has anything to decide about it (``groups.py`` says which are). Legs that stand in one
clock hour, or reach into the next, are summed on the engine; only the few others come back as legs. The plans are made for every
meter; what they say of a meter that is not plain is not used.
"""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw
import polars as pl

from assets.staging.exact import floor_div, whole
from assets.staging.facts import Facts
from assets.staging.meters import Meter
from assets.staging.readings import LOOK_BACK_S
from assets.staging.series import SHORTEST_GAP_S
from resources.calendar import DAY_S, HOUR_S
from resources.engine import Engine, Frame

SUMS = {"m": pl.Int64, "hour_s": pl.Int64, "known": pl.Int64, "metered_s": pl.Int64, "n_readings": pl.Int64}
# Legs up to this long are never longer than measured legs may be (``hours.measured_limit_s``).
_SHORT_S = 75 * 60
EDGE = -1  # the day of readings outside the month
# Several numbers as one: days of a month, seconds to the next reading, instants.
_DAYS, _STEPS, _INSTANTS = 2**6, 2**24, 2**34
# Where a leg is: nowhere in the month, in one clock hour, in two, elsewhere in it.
_NONE, _ONE, _TWO, _OTHER = 0, 1, 2, 3


def followed(good: Frame, meters: Sequence[Meter], engine: Engine) -> Frame:
    """Each reading with the leg that begins at it, as if every meter were plain.

    ``good``: readings.GOOD_COLUMNS. Adds ``dt`` (seconds to the next reading, 0 to one of the same instant, null at the last),
    ``reach_s`` (length of the leg), ``q`` (its quantity, half-watt-seconds of power meters), ``clash`` (1 when the next has the same
    instant and another value), ``hour_s``, ``day`` (number of the day in the month where days matter, else 0; EDGE outside the month),
    ``place``.
    """
    table = [(m, x.start_s, x.end_s, int(x.limit is None and x.inferable)) for m, x in enumerate(meters)]
    schema = dict.fromkeys(("m", "start_s", "end_s", "infer"), pl.Int64)
    facts = Facts(pl.DataFrame(table, schema=schema, orient="row"), "m")
    t, v, length, dt, reach = (nw.col(name) for name in ("t", "v", "length", "dt", "reach_s"))
    start, end = facts["start_s"], facts["end_s"]
    beside = facts.beside(engine.with_next(good, "m", "t", "t", "v"), engine)
    since = t - start
    inside = (since >= 0) & (t < end)
    day = floor_div(since, whole(DAY_S)) * facts["infer"]
    legs = beside.with_columns(
        dt=nw.col("t_next") - t,
        step=nw.col("v_next") - v,
        hour_s=t - (since + LOOK_BACK_S) % HOUR_S,  # never of a negative number: engines differ there
        day=nw.when(inside).then(day).otherwise(whole(EDGE)),
    ).with_columns(
        # of readings that say the same the last one counts
        reach_s=nw.when((length > 0) & ~((dt == 0).fill_null(False))).then(length).otherwise(dt),
        q=nw.when(length > 0).then(v).otherwise(nw.when(length == 0).then(nw.col("step")).otherwise((v + nw.col("v_next")) * dt)),
        clash=nw.when((dt == 0) & (nw.col("step") != 0)).then(whole(1)).otherwise(whole(0)),
    )
    t1 = t + reach
    near = (nw.col("day") != EDGE) & (t1 <= end) & (reach > 0) & (reach <= _SHORT_S) & ((length >= 0) | (reach <= SHORTEST_GAP_S))
    first_hour = t1 <= nw.col("hour_s") + HOUR_S
    overlapping = (reach > 0) & (t < end) & (t1 > start)
    place = nw.when(near & first_hour).then(whole(_ONE)).otherwise(
        nw.when(near & (t1 <= nw.col("hour_s") + 2 * HOUR_S)).then(whole(_TWO)).otherwise(
            nw.when(overlapping).then(whole(_OTHER)).otherwise(whole(_NONE))
        )
    )  # fmt: skip
    names = ["m", "span", "length", "t", "v", "rules", "entry", "source_row", "dt", "reach_s", "q", "clash", "hour_s", "day"]
    return legs.with_columns(place=place).select(*names, "place")


def grouped(following: Frame) -> Frame:
    """What tells plain meters from others: readings by meter, day and seconds to the next, with their extremes.

    The three are one number, ``key``: engines group by one number twice as fast. :func:`ungrouped` takes it apart.
    """
    dt = nw.when(nw.col("dt").is_null()).then(whole(-1)).otherwise(nw.col("dt"))
    key = (nw.col("m") * _DAYS + nw.col("day") + 1) * _STEPS + dt + 1
    return (
        following.with_columns(key=key)
        .group_by("key")
        .agg(
            nw.col("length").max(),
            nw.len().cast(nw.Int64).alias("n"),
            nw.col("q").max().alias("highest"),
            nw.col("q").min().alias("lowest"),
            nw.col("rules").max(),
            nw.col("clash").max(),
            nw.col("t").min().alias("first_s"),
            nw.col("t").max().alias("last_s"),
        )
    )


def ungrouped(groups: pl.DataFrame) -> pl.DataFrame:
    """The collected groups with m, day and dt (null for last readings) instead of their key."""
    dt, days = pl.col("key") % _STEPS - 1, pl.col("key") // _STEPS
    return groups.with_columns(m=days // _DAYS, day=days % _DAYS - 1, dt=pl.when(dt >= 0).then(dt)).drop("key")


def hour_sums(following: Frame) -> Frame:
    """What legs that stand in one clock hour or two come to, and the readings in each hour of the month; see :func:`unkeyed`."""
    t, reach, q, hour, place = (nw.col(name) for name in ("t", "reach_s", "q", "hour_s", "place"))
    single = place == _ONE
    key = nw.col("m") * _INSTANTS + hour
    names = ["key", "known", "metered_s", "n_readings"]
    at = following.filter(nw.col("day") != EDGE).with_columns(
        key=key,
        known=nw.when(single).then(q).otherwise(whole(0)),
        metered_s=nw.when(single).then(reach).otherwise(whole(0)),
        n_readings=nw.when(nw.col("dt") == 0).then(whole(0)).otherwise(whole(1)),
    )
    until = hour + HOUR_S - t
    # exact.interpolate, of numbers small enough for one division each
    part = floor_div(q, reach) * until + floor_div((q % reach) * until, reach)
    crossing = following.filter(place == _TWO).with_columns(part=part, until=until, n_readings=whole(0))
    before = crossing.with_columns(key=key, known=nw.col("part"), metered_s=nw.col("until"))
    after = crossing.with_columns(key=key + HOUR_S, known=q - nw.col("part"), metered_s=reach - nw.col("until"))
    pieces = nw.concat([at.select(names), before.select(names), after.select(names)])
    return pieces.group_by("key").agg(nw.col("known").sum(), nw.col("metered_s").sum(), nw.col("n_readings").sum())


def hour_key() -> pl.Expr:
    """The meter and hour of a row (m, hour_s) as the one number by which :func:`hour_sums` groups."""
    return pl.col("m") * _INSTANTS + pl.col("hour_s")


def unkeyed(sums: pl.DataFrame) -> pl.DataFrame:
    """The collected sums with m and hour_s instead of their key: SUMS."""
    return sums.with_columns(m=pl.col("key") // _INSTANTS, hour_s=pl.col("key") % _INSTANTS).select(list(SUMS))


def other_legs(following: Frame) -> Frame:
    """Legs in the month that are not among ``hour_sums``: m, length, t0, t1, delta."""
    return legs_of(following.filter(nw.col("place") == _OTHER))


def legs_of(following: Frame) -> Frame:
    """The legs that begin at some readings: m, length, t0, t1, delta."""
    t, reach = nw.col("t"), nw.col("reach_s")
    return following.filter(reach > 0).select("m", "length", t.alias("t0"), (t + reach).alias("t1"), nw.col("q").alias("delta"))
