"""Good readings of a batch of meters to hours and legs: plain meters on the engine, the others rule by rule.

It only divides the work and joins what comes back. The hot path is ``plain.py``, which meters are plain says ``groups.py``, the others are
in ``slow.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import narwhals as nw
import polars as pl

from assets.staging.groups import Groups, reached
from assets.staging.judged import Anomaly, Rejection
from assets.staging.meters import Meter
from assets.staging.plain import followed, grouped, hour_sums, legs_of, other_legs, ungrouped, unkeyed
from assets.staging.slow import LEGS, judge_slowly, metered
from resources.engine import Engine, Frame


@dataclass(frozen=True)
class Judgement:
    """What the readings of a batch came to, by position of the meter.

    ``sums``: plain.SUMS: what short metered legs come to, and how many readings count in each hour. ``legs``: LEGS of everything else: legs
    of other meters, and of plain meters those that are long or cross an edge of the month. ``around``: LEGS of all meters that may have
    holes, all of each. ``last``: LEGS that end where the readings of their meter end, in the month; ``reached`` until when each meter
    has a reading. ``steps``: pace by meter in seconds, 0 when unknown. ``spans``: m, first_at_s, last_at_s of the month. ``tally``: m,
    n_good, n_superseded of the month's rows. ``rejected_rows``: entry, source_row, m, at_s (UTC), rule_code, reason of the month's
    rejected.
    """

    sums: pl.DataFrame
    legs: pl.DataFrame
    around: pl.DataFrame
    last: pl.DataFrame
    reached: dict[int, int]
    steps: dict[int, int]
    spans: pl.DataFrame
    tally: pl.DataFrame
    rejected: list[tuple[int, Rejection]]
    rejected_rows: pl.DataFrame
    anomalies: list[tuple[int, Anomaly]]


def judge_all(good: Frame, meters: Sequence[Meter], engine: Engine) -> Judgement:
    """What the good readings (``readings.read_rows``) of a batch of meters come to."""
    following = engine.keep(followed(good, meters, engine))
    found, sums, other = engine.collect(grouped(following), hour_sums(following), other_legs(following))
    groups = Groups(ungrouped(found), meters)
    rest = groups.not_plain
    holed = groups.with_holes - rest
    plain = ~pl.col("m").is_in(sorted(rest))
    slow_rows, beside_holes = engine.collect(
        following.filter(nw.col("m").is_in(sorted(rest))), legs_of(following.filter(nw.col("m").is_in(sorted(holed))))
    )
    slow = judge_slowly(slow_rows, groups)
    around = metered(groups.known(beside_holes))
    ends = {m: t for m, t in reached(groups.last_readings(), meters).items() if m not in rest}
    last = around.join(_frame(ends), on="m").filter(pl.col("t1") == pl.col("reached_s")).select(list(LEGS))
    ending = {m: t for m, t in ends.items() if meters[m].start_s <= t < meters[m].end_s and m not in holed}
    if ending:
        at_end = following.join(engine.frame(_frame(ending)), on="m").filter(nw.col("t") + nw.col("reach_s") == nw.col("reached_s"))
        last = pl.concat([last, metered(groups.known(engine.collect(legs_of(at_end))[0]))])
    return Judgement(
        sums=pl.concat([unkeyed(sums).filter(plain), slow.sums]),
        legs=pl.concat([metered(groups.known(other.filter(plain))), slow.legs]),
        around=pl.concat([around, slow.all_legs]),
        last=pl.concat([last, slow.all_legs]),
        reached=ends | slow.reached,
        steps=groups.steps | slow.steps,
        spans=pl.concat([groups.spans().filter(plain), slow.spans]),
        tally=pl.concat([groups.tally().filter(plain), slow.tally]),
        rejected=slow.rejected,
        rejected_rows=slow.rejected_rows,
        anomalies=slow.anomalies,
    )


def _frame(reached_s: dict[int, int]) -> pl.DataFrame:
    return pl.DataFrame(list(reached_s.items()), schema={"m": pl.Int64, "reached_s": pl.Int64}, orient="row")
