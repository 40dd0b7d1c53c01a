"""Filling what no leg covers, for all meters of a month at once: check meter, parent balance, line, like day, edge, in that order.

Legs are known and hours summed (``hours.py``) before anything here runs; it works on the few hours with unknown seconds and adds to
these seconds only. Energy known over a long stretch gets the shape of its like days here too. How each estimate is made stands in
``substitutes.py``, ``estimation.py`` and ``likeday.py``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from assets.staging.balance import KNOWN_STATES
from assets.staging.estimation import EDGE, LIKE_DAY, LINEAR, Fill, Hour, Place
from assets.staging.hours import EVEN
from assets.staging.likeday import HOURS, NEVER_LIKE, like_day_means, shaped
from assets.staging.substitutes import by_check_meter, by_parent_balance
from resources.calendar import HOUR_S

# Hours with unknown seconds: how many, and how much for how many of them a line between measured neighbours gives, and the rate of the
# last pair beyond the last reading.
GAPS = {
    "meter_id": pl.String, "hour_s": pl.Int64, "open_s": pl.Int64, "line": pl.Int64, "line_s": pl.Int64, "edge": pl.Int64,
    "edge_s": pl.Int64,
}  # fmt: skip
# Metered quantities over stretches that are placed by assumption: placed evenly so far.
LONG = {"meter_id": pl.String, "t0": pl.Int64, "t1": pl.Int64, "delta": pl.Int64}
_HOUR = {"meter_id": pl.String, "hour_s": pl.Int64}
_FILLS = {**_HOUR, "quantity": pl.Int64, "seconds": pl.Int64, "method": pl.String}
UNCERTAIN = {**_HOUR, "year": pl.Int64}
# Meters whose like days are looked at together, so that memory stays flat.
_TOGETHER = 200

History = Callable[[Sequence[str]], pl.DataFrame]


@dataclass(frozen=True)
class Filled:
    """The hours after estimation, and the like-day estimates (meter_id, hour_s, year) of a year whose public holidays are not known."""

    energy: pl.DataFrame
    uncertain: pl.DataFrame


def fill_month(energy: pl.DataFrame, gaps: pl.DataFrame, long: pl.DataFrame, place: Place, history: History) -> Filled:
    """staging/interval_energy with its unknown seconds estimated and its long stretches shaped, as far as anything says how.

    ``energy``: the hours of all meters before estimation; ``gaps``: GAPS; ``long``: LONG; ``history`` gives the measured hours of some
    meters in the 30 days before the month (likeday.HOURS). What is known is never changed: a shaped stretch keeps its sum. Every
    estimate rests on metered hours alone. The rate of the last pair goes last: one pair says less about a day than like days do. What
    can't be estimated stays missing. Source: metering.md §3.
    """
    rest = {(meter_id, hour_s): tuple(row) for meter_id, hour_s, *row in gaps.select(list(GAPS)).iter_rows()}
    fills: list[Fill] = []
    for answer in (by_check_meter, by_parent_balance):
        found = answer(energy, {hour: row[0] for hour, row in rest.items()}, place) if rest else []
        fills += found
        for fill in found:
            del rest[fill.meter_id, fill.hour_s]
    wanted: dict[Hour, int] = {}
    for hour, (open_s, line, line_s, _, _) in rest.items():
        if line_s:
            fills.append(Fill(*hour, line, line_s, LINEAR))
        if open_s > line_s:
            wanted[hour] = open_s - line_s
    like = _like_days(energy, wanted, long, place, history)
    for hour in wanted.keys() - {(fill.meter_id, fill.hour_s) for fill in like.fills}:
        _, _, _, edge, edge_s = rest[hour]
        if edge_s:
            fills.append(Fill(*hour, edge, edge_s, EDGE))
    added = pl.DataFrame([*fills, *like.fills], schema=_FILLS, orient="row")
    uncertain = pl.DataFrame(like.uncertain, schema=UNCERTAIN, orient="row")
    return Filled(_with_fills(_with_shapes(energy, like.shifts), added, gaps), uncertain)


@dataclass
class _Like:
    fills: list[Fill] = field(default_factory=list)
    shifts: dict[Hour, int] = field(default_factory=dict)  # what shaping adds to the even placement
    uncertain: list[tuple[str, int, int]] = field(default_factory=list)


def _like_days(energy: pl.DataFrame, wanted: Mapping[Hour, int], long: pl.DataFrame, place: Place, history: History) -> _Like:
    """Estimates of the wanted seconds, and shapes of the long stretches, from like days."""
    like = _Like()
    asked: dict[str, list[int]] = defaultdict(list)
    for meter_id, hour_s in wanted:
        asked[meter_id].append(hour_s)
    stretches: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for meter_id, *stretch in long.iter_rows():
        stretches[meter_id].append(tuple(stretch))
    concerned = sorted({*asked, *stretches})
    for start in range(0, len(concerned), _TOGETHER):
        chunk = concerned[start : start + _TOGETHER]
        own = energy.filter(pl.col("meter_id").is_in(chunk))
        # all hours of a meter with stretches are asked for: which they cover is said by ``shaped``
        hours = pl.DataFrame([(m, h) for m in chunk for h in asked.get(m, ())], schema=_HOUR, orient="row")
        likely = own.filter(~pl.col("point").is_in(NEVER_LIKE))
        wanted_hours = pl.concat([
            likely.join(hours, on=["meter_id", "hour_s"], how="semi"),
            likely.filter(pl.col("meter_id").is_in([m for m in chunk if m in stretches])),
        ]).select("meter_id", "site_id", "hour_s").unique()  # fmt: skip
        measured = own.filter((pl.col("state") == "measured") & (pl.col("known_s") == HOUR_S)).select(list(HOURS))
        means = like_day_means(wanted_hours, pl.concat([history(chunk), measured]), place.zones, place.countries)
        by_meter: dict[str, dict[int, int]] = defaultdict(dict)
        for meter_id, hour_s, mean, year in means.iter_rows():
            by_meter[meter_id][hour_s] = mean
            if year is not None and (meter_id, hour_s) in wanted:
                like.uncertain.append((meter_id, hour_s, year))
        first_hours = dict(own.group_by("meter_id").agg(pl.col("hour_s").min()).iter_rows())
        for meter_id, found in by_meter.items():
            for hour_s in asked.get(meter_id, ()):
                if hour_s in found:
                    like.fills.append(Fill.of_hour(meter_id, hour_s, found[hour_s], wanted[meter_id, hour_s], LIKE_DAY))
            for t0, t1, delta in stretches.get(meter_id, ()):
                for hour_s, more in shaped(t0, t1, delta, found, first_hours[meter_id]) or ():
                    like.shifts[meter_id, hour_s] = like.shifts.get((meter_id, hour_s), 0) + more
    return like


def _with_shapes(energy: pl.DataFrame, shifts: Mapping[Hour, int]) -> pl.DataFrame:
    """The hours with long stretches placed by their shape; ``method`` of a profiled hour says so."""
    if not shifts:
        return energy
    table = pl.DataFrame([(*hour, more) for hour, more in shifts.items()], schema={**_HOUR, "more": pl.Int64}, orient="row")
    moved = pl.col("more").is_not_null()
    return (
        energy.join(table, on=["meter_id", "hour_s"], how="left", maintain_order="left")
        .with_columns(
            quantity=pl.col("quantity") + pl.col("more").fill_null(0),
            method=pl.when(moved & (pl.col("method") == EVEN)).then(pl.lit(LIKE_DAY)).otherwise(pl.col("method")),
        )
        .drop("more")
    )


def _with_fills(energy: pl.DataFrame, fills: pl.DataFrame, gaps: pl.DataFrame) -> pl.DataFrame:
    """The hours with their estimates: quantity, known_s, estimated, state and the methods, joined by + in alphabetical order."""
    if fills.is_empty():
        return energy
    key = ["meter_id", "hour_s"]
    sums = fills.group_by(key).agg(pl.col("quantity", "seconds").sum().name.prefix("more_"), pl.col("method").alias("added"))
    joined = energy.join(sums, on=key, how="left", maintain_order="left").join(
        gaps.select(*key, "open_s"), on=key, how="left", maintain_order="left"
    )
    filled = pl.col("more_seconds").is_not_null()
    # where a part is estimated, how the metered part is placed is not said
    before = pl.when(pl.col("estimated") > 0).then(pl.col("method")).fill_null("").str.split("+")
    methods = pl.concat_list(before, "added").list.eval(pl.element().filter(pl.element() != "")).list.unique().list.sort().list.join("+")
    state = pl.when(pl.col("more_seconds") < pl.col("open_s")).then(pl.lit("missing")).otherwise(pl.lit("estimated"))
    return joined.with_columns(
        quantity=pl.when(filled).then(pl.col("quantity").fill_null(0) + pl.col("more_quantity")).otherwise(pl.col("quantity")),
        known_s=pl.col("known_s") + pl.col("more_seconds").fill_null(0),
        estimated=pl.col("estimated") + pl.col("more_quantity").fill_null(0),
        state=pl.when(filled).then(state).otherwise(pl.col("state")),
        method=pl.when(filled).then(methods).otherwise(pl.col("method")),
    ).select(energy.columns)


def facts_after(facts: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """staging/meter_facts as the hours after estimation have them; what was metered stays."""
    metered = pl.col("state").is_in(KNOWN_STATES)
    known = pl.col("quantity").is_not_null()
    sums = after.group_by("meter_id").agg(
        pl.col("known_s").sum(),
        quantity=pl.when(known.any()).then(pl.col("quantity").sum()),
        estimated=pl.col("estimated").sum(),
        highest=pl.col("quantity").filter(metered).max(),
    )
    earlier = before.group_by("meter_id").agg(pl.col("known_s").sum().alias("before_s"))
    joined = facts.drop("quantity", "estimated").join(sums.join(earlier, on="meter_id"), on="meter_id", how="left", maintain_order="left")
    more_s = (pl.col("known_s") - pl.col("before_s")).fill_null(0)
    return joined.with_columns(
        estimated_s=pl.col("estimated_s") + more_s,
        missing_s=pl.col("missing_s") - more_s,
        max_hour_quantity=pl.col("highest"),
    ).select(facts.columns)
