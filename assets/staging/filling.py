"""Filling what no leg covers, for all meters of a month at once: check meter, parent balance, line, like day, edge, in that order.

Legs are known and hours summed (``hours.py``) before anything here runs; it works on the few hours with unknown seconds and adds to
these seconds only. Energy known over a long stretch gets the shape of its like days here too. How each estimate is made stands in
``substitutes.py``, ``estimation.py`` and ``likeday.py``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from assets.staging.balance import KNOWN_STATES
from assets.staging.estimation import EDGE, LIKE_DAY, LINEAR, Fill, Hour, Place
from assets.staging.hours import EVEN
from assets.staging.likeday import HOURS, NEAREST, NEVER_LIKE, like_day_means, shaped
from assets.staging.substitutes import Neighbours, by_check_meter, by_parent_balance, neighbours_of
from resources.calendar import HOUR_S, month_first_day

# Hours with unknown seconds: how many, and how much for how many of them a line between measured neighbours gives, and the rate of the
# last pair beyond the last reading; edge_short is 1 where it goes on for no longer than a line may.
GAPS = {
    "meter_id": pl.String, "hour_s": pl.Int64, "open_s": pl.Int64, "line": pl.Int64, "line_s": pl.Int64, "edge": pl.Int64,
    "edge_s": pl.Int64, "edge_short": pl.Int64,
}  # fmt: skip
# Metered quantities over stretches that are placed by assumption: placed evenly so far.
LONG = {"meter_id": pl.String, "t0": pl.Int64, "t1": pl.Int64, "delta": pl.Int64}
_HOUR = {"meter_id": pl.String, "hour_s": pl.Int64}
_SHIFTS = {**_HOUR, "more": pl.Int64}
_FILLS = {**_HOUR, "quantity": pl.Int64, "seconds": pl.Int64, "method": pl.String}
UNCERTAIN = {**_HOUR, "year": pl.Int64}
# Unknown hours looked at together, so that memory stays flat however many there are.
_TOGETHER = 100_000

History = Callable[[Sequence[str]], pl.DataFrame]


@dataclass(frozen=True)
class Filled:
    """The hours after estimation, and the like-day estimates (meter_id, hour_s, year) of a year whose public holidays are not known."""

    energy: pl.DataFrame
    uncertain: pl.DataFrame


@dataclass(frozen=True)
class Fills:
    """What is to be added to the hours of a month: few beside the hours themselves.

    ``added``: meter_id, hour_s, more_quantity, more_seconds, added (the methods), open_s; ``moved``: meter_id, hour_s, more.
    """

    added: pl.DataFrame
    moved: pl.DataFrame
    uncertain: pl.DataFrame

    def applied(self, energy: pl.DataFrame) -> pl.DataFrame:
        """Hours of some meters before estimation as they are after it, in the same order."""
        shaped, filled = ("quantity", "method"), ("quantity", "known_s", "estimated", "state", "method")
        for table, change, columns in ((self.moved, _with_shapes, shaped), (self.added, _with_fills, filled)):
            if table.is_empty():
                continue
            concerned = energy.with_row_index("place").filter(pl.col("meter_id").is_in(table["meter_id"].unique().implode()))
            touched = concerned.join(table, on=list(_HOUR))
            if not touched.is_empty():
                changed = change(touched)
                energy = energy.with_columns(energy[name].scatter(touched["place"], changed[name]) for name in columns)
        return energy

    def facts_applied(self, facts: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
        """staging/meter_facts of some meters as their hours after estimation have them."""
        concerned = pl.concat([self.added.select("meter_id"), self.moved.select("meter_id")]).unique()
        some = (hours.join(concerned, on="meter_id", how="semi") for hours in (before, after))
        touched, rest = (facts.join(concerned, on="meter_id", how=how) for how in ("semi", "anti"))
        return pl.concat([rest, facts_after(touched, *some)]).sort("meter_id", "site_id")


def fill_month(energy: pl.DataFrame, gaps: pl.DataFrame, long: pl.DataFrame, place: Place, history: History) -> Filled:
    """staging/interval_energy with its unknown seconds estimated and its long stretches shaped: :func:`find_fills`, applied."""
    fills = find_fills(energy.lazy(), gaps, long, place, history)
    return Filled(fills.applied(energy), fills.uncertain)


def find_fills(energy: pl.LazyFrame, gaps: pl.DataFrame, long: pl.DataFrame, place: Place, history: History) -> Fills:
    """What is estimated of a month's unknown seconds, and how its long stretches are shaped, as far as anything says how.

    ``energy``: the hours of all meters before estimation; ``gaps``: GAPS; ``long``: LONG; ``history`` gives the measured hours of some
    meters in the 30 days before the month (likeday.HOURS). What is known is never changed: a shaped stretch keeps its sum. Every
    estimate rests on metered hours alone. Beyond the last reading the rate of the last pair goes like a line for up to 2 h, and after like
    days for longer: one pair says less about a day than they do. What can't be estimated stays missing. Source: metering.md §3.
    """
    neighbours = neighbours_of(place) if gaps.height else Neighbours({}, {})
    parts = [
        _fill_some(
            energy, gaps.filter(pl.col("meter_id").is_in(some)), long.filter(pl.col("meter_id").is_in(some)), neighbours, place, history
        )
        for some in _together(gaps, long)
    ]
    fills = pl.concat([pl.DataFrame(schema=_FILLS), *(part.fills for part in parts)])
    sums = fills.group_by(list(_HOUR)).agg(pl.col("quantity", "seconds").sum().name.prefix("more_"), pl.col("method").alias("added"))
    return Fills(
        added=sums.join(gaps.select(*_HOUR, "open_s"), on=list(_HOUR)),
        moved=pl.concat([pl.DataFrame(schema=_SHIFTS), *(part.shifts for part in parts)]),
        uncertain=pl.concat([pl.DataFrame(schema=UNCERTAIN), *(part.uncertain for part in parts)]),
    )


def _together(gaps: pl.DataFrame, long: pl.DataFrame) -> list[list[str]]:
    """The meters concerned, in their order, in groups of about as many hours."""
    hours = pl.concat([
        gaps.select("meter_id", n=pl.lit(1, pl.Int64)),
        long.select("meter_id", n=(pl.col("t1") - pl.col("t0")) // HOUR_S + 1),
    ])  # fmt: skip
    counts = hours.group_by("meter_id").agg(pl.col("n").sum()).sort("meter_id")
    groups = counts.with_columns(group=pl.col("n").cum_sum() // _TOGETHER).group_by("group", maintain_order=True).agg("meter_id")
    return groups["meter_id"].to_list()


@dataclass(frozen=True)
class _Part:
    fills: pl.DataFrame
    shifts: pl.DataFrame
    uncertain: pl.DataFrame


def _fill_some(
    energy: pl.LazyFrame, gaps: pl.DataFrame, long: pl.DataFrame, neighbours: Neighbours, place: Place, history: History
) -> _Part:
    """Estimates and shapes of some meters; ``energy`` is that of all."""
    rest = {(meter_id, hour_s): tuple(row) for meter_id, hour_s, *row in gaps.select(list(GAPS)).iter_rows()}
    fills: list[Fill] = []
    for answer in (by_check_meter, by_parent_balance):
        found = answer(energy, {hour: row[0] for hour, row in rest.items()}, neighbours)
        fills += found
        for fill in found:
            del rest[fill.meter_id, fill.hour_s]
    wanted: dict[Hour, int] = {}
    for hour, (open_s, line, line_s, edge, edge_s, short) in rest.items():
        near = [Fill(*hour, line, line_s, LINEAR), Fill(*hour, edge, edge_s if short else 0, EDGE)]
        fills += [fill for fill in near if fill.seconds]
        if (left_s := open_s - sum(fill.seconds for fill in near)) > 0:
            wanted[hour] = left_s
    means = _means(energy, wanted, long, place, history)
    uncertain = [(*hour, means[hour][1]) for hour in wanted if hour in means and means[hour][1] is not None]
    for hour, seconds in wanted.items():
        _, _, _, edge, edge_s, short = rest[hour]
        if hour in means:
            fills.append(Fill.of_hour(*hour, means[hour][0], seconds, LIKE_DAY))
        elif edge_s and not short:
            fills.append(Fill(*hour, edge, edge_s, EDGE))
    return _Part(
        pl.DataFrame(fills, schema=_FILLS, orient="row"),
        pl.DataFrame(_shifts(long, means), schema=_SHIFTS, orient="row"),
        pl.DataFrame(uncertain, schema=UNCERTAIN, orient="row"),
    )


# Like days --------------------------------------------------------------------------------------------------------------


def _means(
    energy: pl.LazyFrame, wanted: Mapping[Hour, int], long: pl.DataFrame, place: Place, history: History
) -> dict[Hour, tuple[int, int | None]]:
    """The like-day mean of each wanted hour and of each hour of the long stretches, and the year whose holidays are not known.

    The time before the month is read only for meters with an hour whose nearest three like days it could change.
    """
    names = sorted({meter_id for meter_id, _ in wanted} | set(long["meter_id"]))
    if not names:
        return {}
    own = energy.filter(pl.col("meter_id").is_in(names)).collect()
    stretched = own.join(long, on="meter_id").filter((pl.col("hour_s") > pl.col("t0") - HOUR_S) & (pl.col("hour_s") < pl.col("t1")))
    asked = pl.concat([pl.DataFrame(list(wanted), schema=_HOUR, orient="row"), stretched.select(list(_HOUR))]).unique()
    likely = own.filter(~pl.col("point").is_in(NEVER_LIKE)).join(asked, on=list(_HOUR), how="semi").select("meter_id", "site_id", "hour_s")
    measured = own.filter((pl.col("state") == "measured") & (pl.col("known_s") == HOUR_S)).select(list(HOURS))
    found = like_day_means(likely, measured, place.zones, place.countries)
    since = pl.col("day") - month_first_day(place.month).toordinal() + 1  # days to the last day before the month
    settled = found.filter((pl.col("days") == NEAREST) & (pl.col("furthest") < since))
    open_hours = likely.join(settled, on=list(_HOUR), how="anti")
    if open_hours.height:
        before = history(open_hours["meter_id"].unique().sort().to_list())
        again = like_day_means(open_hours, pl.concat([before, measured]), place.zones, place.countries)
        settled = pl.concat([settled, again])
    return {(m, hour): (mean, year) for m, hour, mean, year in settled.select(*_HOUR, "mean", "uncertain_year").iter_rows()}


def _shifts(long: pl.DataFrame, means: Mapping[Hour, tuple[int, int | None]]) -> list[tuple[str, int, int]]:
    """What shaping adds to the even placement of long stretches: meter_id, hour_s, more."""
    by_meter: dict[str, dict[int, int]] = defaultdict(dict)
    for (meter_id, hour_s), (mean, _) in means.items():
        by_meter[meter_id][hour_s] = mean
    moved: dict[Hour, int] = defaultdict(int)
    for meter_id, t0, t1, delta in long.iter_rows():
        hours = by_meter.get(meter_id)
        for hour_s, more in (hours and shaped(t0, t1, delta, hours, next(iter(hours)))) or ():
            moved[meter_id, hour_s] += more
    return [(*hour, more) for hour, more in moved.items()]


def _with_shapes(hours: pl.DataFrame) -> pl.DataFrame:
    """Hours of long stretches placed by their shape (``more``); ``method`` of a profiled hour says so."""
    method = pl.when(pl.col("method") == EVEN).then(pl.lit(LIKE_DAY)).otherwise(pl.col("method"))
    return hours.with_columns(quantity=pl.col("quantity") + pl.col("more"), method=method)


def _with_fills(hours: pl.DataFrame) -> pl.DataFrame:
    """Hours with their estimates: quantity, known_s, estimated, state and the methods, joined by + in alphabetical order."""
    # where a part is estimated, how the metered part is placed is not said
    before = pl.when(pl.col("estimated") > 0).then(pl.col("method")).fill_null("").str.split("+")
    methods = pl.concat_list(before, "added").list.eval(pl.element().filter(pl.element() != "")).list.unique().list.sort().list.join("+")
    return hours.with_columns(
        quantity=pl.col("quantity").fill_null(0) + pl.col("more_quantity"),
        known_s=pl.col("known_s") + pl.col("more_seconds"),
        estimated=pl.col("estimated") + pl.col("more_quantity"),
        state=pl.when(pl.col("more_seconds") < pl.col("open_s")).then(pl.lit("missing")).otherwise(pl.lit("estimated")),
        method=methods,
    )


def facts_after(facts: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """staging/meter_facts as the hours after estimation have them; what was metered stays."""
    metered = pl.col("state").is_in(KNOWN_STATES)
    known = pl.col("quantity").is_not_null()
    key = ["site_id", "meter_id"]
    sums = after.group_by(key).agg(
        pl.col("known_s").sum(),
        quantity=pl.when(known.any()).then(pl.col("quantity").sum()),
        estimated=pl.col("estimated").sum(),
        highest=pl.col("quantity").filter(metered).max(),
    )
    earlier = before.group_by(key).agg(pl.col("known_s").sum().alias("before_s"))
    joined = facts.drop("quantity", "estimated").join(sums.join(earlier, on=key), on=key, how="left", maintain_order="left")
    more_s = (pl.col("known_s") - pl.col("before_s")).fill_null(0)
    return joined.with_columns(
        estimated_s=pl.col("estimated_s") + more_s,
        missing_s=pl.col("missing_s") - more_s,
        max_hour_quantity=pl.col("highest"),
    ).select(facts.columns)
