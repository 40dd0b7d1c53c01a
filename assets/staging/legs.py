"""From judged legs to what hours are made of: the meter's pace, the edges of the month, and what is open.

For some meters and one month (or the 30 days before it): the steps between ``plain.py`` and ``hours.py``, and what ``filling.py`` needs to
know of the legs. No rule about readings stands here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import narwhals as nw
import polars as pl

from assets.staging.edges import SPANNED, cut_at_month, extrapolate
from assets.staging.estimation import LINEAR_S, lines
from assets.staging.filling import GAPS, LONG
from assets.staging.hours import PLACED_S, hourly, measured_limit_s
from assets.staging.judged import METERED
from assets.staging.judgement import Judgement, judge_all
from assets.staging.likeday import HOURS, LIKE_BACK_S
from assets.staging.meters import Meter
from assets.staging.plain import SUMS
from assets.staging.readings import Parts, read_rows
from resources.calendar import HOUR_S, add_months


def legs_in_month(judgement: Judgement, limits: Mapping[int, int], meters: Sequence[Meter]) -> pl.DataFrame:
    """The parts of the legs that lie in the month and are not summed yet: SPANNED and whether each is longer than measured ones are."""
    return _with_long(cut_at_month(_spanned(judgement.legs), meters), limits)


def _with_long(legs: pl.DataFrame, limits: Mapping[int, int]) -> pl.DataFrame:
    longest = pl.DataFrame({"m": list(limits), "limit_s": list(limits.values())}, schema={"m": pl.Int64, "limit_s": pl.Int64})
    return legs.join(longest, on="m").with_columns(long=(pl.col("span_s") > pl.col("limit_s")).cast(pl.Int64))


def _spanned(legs: pl.DataFrame) -> pl.DataFrame:
    return legs.with_columns(span_s=pl.col("t1") - pl.col("t0")).select(list(SPANNED))


def gaps(hours: pl.DataFrame, judgement: Judgement, limits: Mapping[int, int], meters: Sequence[Meter]) -> pl.DataFrame:
    """The hours with unknown seconds, and what lines and the edge of the month give for them (filling.GAPS)."""
    open_s = pl.col("hour_length_s") - pl.col("known_s")
    unknown = hours.filter(open_s > 0).select("m", "hour_s", open_s=open_s)
    reached = pl.DataFrame(list(judgement.reached.items()), schema={"m": pl.Int64, "t1": pl.Int64}, orient="row")
    beyond = _with_long(extrapolate(judgement.last, reached, meters), limits)
    short = beyond.select("m", edge_short=(pl.col("span_s") <= LINEAR_S).cast(pl.Int64))
    after = hourly(beyond, pl.DataFrame(schema=SUMS), meters)
    edge = after.select("m", "hour_s", edge="estimate", edge_s="estimated_s").join(short, on="m")
    line = lines(_spanned(judgement.around), limits, meters)
    given = unknown.join(line, on=["m", "hour_s"], how="left").join(edge, on=["m", "hour_s"], how="left")
    amounts = [pl.col(name).fill_null(0) for name in ("line", "line_s", "edge", "edge_s", "edge_short")]
    return given.join(_names(meters), on="m").with_columns(amounts).select(list(GAPS)).cast(GAPS)  # type: ignore[arg-type]


def long_stretches(legs: pl.DataFrame, meters: Sequence[Meter]) -> pl.DataFrame:
    """What is metered over more than 3 h (filling.LONG): the part of each such leg that lies in the month."""
    over = legs.filter((pl.col("method") == METERED) & (pl.col("span_s") > PLACED_S))
    return over.join(_names(meters), on="m").select(list(LONG)).sort(list(LONG))


def _names(meters: Sequence[Meter]) -> pl.DataFrame:
    names = [(m, meter.meter_id) for m, meter in enumerate(meters)]
    return pl.DataFrame(names, schema={"m": pl.Int64, "meter_id": pl.String}, orient="row")


def hours_before(parts: Parts, meters: Sequence[Meter], options: Mapping[str, Any]) -> pl.DataFrame:
    """The measured hours of some meters in the 30 days before the month (likeday.HOURS): for like days alone, never published.

    ``options``: those of ``readings.read_rows`` for the month itself.
    """
    earlier = [replace(meter, start_s=meter.start_s - LIKE_BACK_S, end_s=meter.start_s) for meter in meters]
    before = {**options, "month": add_months(options["month"], -1)}
    names, name = sorted(meter.meter_id for meter in meters), nw.col("meter_id")
    rows = read_rows(parts.where((name >= names[0]) & (name <= names[-1]) & name.is_in(names)), earlier, **before)
    judgement = judge_all(rows.good, earlier, options["engine"])
    limits = {m: measured_limit_s(step) for m, step in judgement.steps.items()}
    hours = hourly(legs_in_month(judgement, limits, earlier), judgement.sums, earlier)
    measured = hours.filter((pl.col("metered_s") == HOUR_S) & (pl.col("long_s") == 0))
    sites = [(m, meter.meter_id, meter.site_id) for m, meter in enumerate(meters)]
    named = pl.DataFrame(sites, schema={"m": pl.Int64, "meter_id": pl.String, "site_id": pl.String}, orient="row")
    return measured.join(named, on="m").rename({"known": "quantity"}).select(list(HOURS)).cast(HOURS)  # type: ignore[arg-type]
