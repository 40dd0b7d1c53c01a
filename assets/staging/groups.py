"""What groups of readings (``plain.grouped``) say of each meter: its pace, its gaps, its plausible maximum, whether it is plain.

A small table of whole numbers, whatever the number of readings; here integer division is exact. The same rules reading by reading are
in ``judged.py``, ``register.py`` and ``series.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import polars as pl

from assets.staging.exact import LARGEST
from assets.staging.judged import INFERRED_DAYS, INFERRED_TIMES, LARGEST_RATED, Limit
from assets.staging.meters import INTERVAL, Meter
from assets.staging.plain import EDGE
from assets.staging.readings import LOOK_AHEAD_S, LOOK_BACK_S
from assets.staging.series import gap_s
from resources.calendar import HOUR_S

_step, _length = pl.col("dt"), pl.col("length")
_register, _interval, _power = _length == 0, _length > 0, _length < 0


class Groups:
    """The groups of the readings of a batch of meters."""

    def __init__(self, groups: pl.DataFrame, meters: Sequence[Meter]) -> None:
        self.groups, self.meters = groups, meters

    @cached_property
    def medians(self) -> dict[int, int]:
        """The median of the steps between readings, by meter; the mean of the middle two rounded down."""
        counts = self.groups.filter(_step > 0).group_by("m", "dt").agg(pl.col("n").sum()).sort("m", "dt")
        return median_steps(counts)

    @cached_property
    def steps(self) -> dict[int, int]:
        """Each meter's pace in seconds: the median step, or the length of its intervals; 0 when it is not known."""
        intervals = {m: meter.spans[-1].interval_s for m, meter in enumerate(self.meters) if meter.spans[-1].kind == INTERVAL}
        return {m: intervals.get(m, self.medians.get(m, 0)) for m in range(len(self.meters))}

    @cached_property
    def _with_rates(self) -> pl.DataFrame:
        """The groups with ``gap_s`` of power meters and ``rate``, the highest mean rate of a leg (per hour; W of power), null for gaps."""
        gaps = pl.DataFrame([(m, gap_s(step)) for m, step in self.medians.items()], schema={"m": pl.Int64, "gap_s": pl.Int64}, orient="row")
        capped = pl.col("highest").clip(0, LARGEST_RATED) * HOUR_S
        rate = (
            pl.when(_interval).then(capped // pl.when(_interval).then(_length).otherwise(1))
            .when(_register & (_step > 0)).then(capped // pl.when(_step > 0).then(_step).otherwise(1))
            .when((_step > 0) & (_step <= pl.col("gap_s"))).then(pl.col("highest") // pl.when(_step > 0).then(2 * _step).otherwise(1))
        )  # fmt: skip
        return self.groups.join(gaps, on="m", how="left").with_columns(rate=rate)

    @cached_property
    def _limits(self) -> pl.DataFrame:
        """The plausible maximum of each meter that has one: m, limit (metering.md §2)."""
        known = pl.DataFrame(
            [(m, min(meter.limit, LARGEST)) for m, meter in enumerate(self.meters) if meter.limit is not None],
            schema={"m": pl.Int64, "limit": pl.Int64}, orient="row",
        )  # fmt: skip
        infer = [m for m, meter in enumerate(self.meters) if meter.limit is None and meter.inferable]
        days = (
            self._with_rates.filter(pl.col("m").is_in(infer) & (pl.col("day") != EDGE))
            .group_by("m", "day")
            .agg(pl.col("rate").max())
            .filter(pl.col("rate") > 0)
        )
        size, ordered = pl.len(), pl.col("rate").sort()
        inferred = (
            days.group_by("m")
            .agg(size.alias("days"), ordered.get((size - 1) // 2).alias("lower"), ordered.get(size // 2).alias("upper"))
            .filter(pl.col("days") >= INFERRED_DAYS)
            .select("m", limit=INFERRED_TIMES * (pl.col("lower") + pl.col("upper")) // 2)
        )
        return pl.concat([known, inferred])

    @cached_property
    def limits(self) -> dict[int, Limit]:
        """The plausible maximum of each meter (``judged.limit_of``)."""
        found = dict(self._limits.iter_rows())
        return {m: Limit(found.get(m), meter.limit is not None) for m, meter in enumerate(self.meters)}

    @cached_property
    def not_plain(self) -> frozenset[int]:
        """The meters about which a rule has something to decide."""
        window = [(meter.start_s - LOOK_BACK_S, meter.end_s + LOOK_AHEAD_S) for meter in self.meters]
        rest = {m for m, meter in enumerate(self.meters) if not meter.plain_between(*window[m])}
        over = pl.col("rate") > pl.col("limit")
        falls = _register & (pl.col("lowest") < 0)
        overlaps = _interval & (_step > 0) & (_step < _length)
        odd = (pl.col("rules") > 0) | (pl.col("clash") > 0) | over | falls | overlaps
        found = self._with_rates.join(self._limits, on="m", how="left").filter(odd.fill_null(False))
        return frozenset(rest | set(found["m"]))

    @cached_property
    def with_holes(self) -> frozenset[int]:
        """The interval and power meters with time between readings that no leg covers."""
        holes = (_interval & (_step > _length)) | (_power & (_step > pl.col("gap_s")))
        return frozenset(self._with_rates.filter(holes.fill_null(False))["m"])

    def known(self, legs: pl.DataFrame) -> pl.DataFrame:
        """Of legs (m, length, t0, t1, delta) those that are no gap of a power meter."""
        gaps = {m: gap_s(step) for m, step in self.medians.items()}
        table = pl.DataFrame(list(gaps.items()), schema={"m": pl.Int64, "gap_s": pl.Int64}, orient="row")
        beside = legs.join(table, on="m", how="left")
        return beside.filter(~_power | (pl.col("t1") - pl.col("t0") <= pl.col("gap_s"))).select("m", "t0", "t1", "delta")

    def tally(self) -> pl.DataFrame:
        """m, n_good, n_superseded: readings of the month, and how many of them are said again at the same instant."""
        own = self.groups.filter(pl.col("day") != EDGE)
        return own.group_by("m").agg(n_good=pl.col("n").sum(), n_superseded=pl.col("n").filter(_step == 0).sum())

    def spans(self) -> pl.DataFrame:
        """m, first_at_s, last_at_s: the first and the last reading of the month."""
        own = self.groups.filter(pl.col("day") != EDGE)
        return own.group_by("m").agg(first_at_s=pl.col("first_s").min(), last_at_s=pl.col("last_s").max())

    def last_readings(self) -> dict[int, int]:
        """The last reading of each meter, in the month or after it."""
        return dict(self.groups.group_by("m").agg(pl.col("last_s").max()).iter_rows())


def median_steps(counts: pl.DataFrame) -> dict[int, int]:
    """The median step of each meter from (m, dt, n), sorted by both; the mean of the middle two rounded down."""
    until, total = pl.col("n").cum_sum().over("m"), pl.col("n").sum().over("m")
    ranked = counts.with_columns(until=until, total=total)
    lower, upper = (ranked.filter(pl.col("until") > rank).group_by("m").agg(pl.col("dt").min()) for rank in (
        (pl.col("total") - 1) // 2, pl.col("total") // 2
    ))  # fmt: skip
    both = lower.join(upper, on="m", suffix="_upper")
    return dict(both.select("m", (pl.col("dt") + pl.col("dt_upper")) // 2).iter_rows())


def reached(last_readings: Mapping[int, int], meters: Sequence[Meter]) -> dict[int, int]:
    """Until when each meter has a reading that counts, from its last reading."""
    return {m: t + meters[m].span_at(t).interval_s for m, t in last_readings.items()}
