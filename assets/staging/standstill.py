"""Stretches in which a meter says the same hour after hour, or nothing at all: facts of the rules CT06 and CT07.

Both are read from hourly energy, batch by batch, so that they cost a pass over hours and not one over readings; only of the few meters
that stand still are readings looked at again. What is a fault of it is said by ``checks/rules/standstill.py``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import polars as pl

from assets.staging.intervals import StagedMonth
from assets.staging.meters import POWER, Meter
from resources.calendar import HOUR_S, offsets
from resources.clock import local_day

STUCK = {
    "site_id": pl.String, "meter_id": pl.String, "medium": pl.String, "from_s": pl.Int64, "hours": pl.Int64, "interval": pl.Float64,
    "steps": pl.Float64, "unit": pl.String, "entry": pl.Int64, "source_row": pl.Int64,
}  # fmt: skip
ZEROS = {
    "site_id": pl.String, "meter_id": pl.String, "from_s": pl.Int64, "hours": pl.Int64, "hours_above": pl.Int64, "outage": pl.Boolean,
    "moved": pl.Boolean,
}  # fmt: skip
# Points at which zero is no news: generation, backup, export, storage, cooling (checks.md CT07); a direct line carries one plant's energy.
_RESTING = (
    "onsite_generation", "offsite_generation", "direct_line", "backup_generation", "export", "storage_charge", "storage_discharge",
    "cooling",
)  # fmt: skip
# Sources of a site stand in for each other, as do meters of one point: what they carry together.
_SOURCES = {
    "grid_supply": 1, "direct_line": 1, "onsite_generation": 1, "backup_generation": 1, "storage_discharge": 1, "export": -1,
    "storage_charge": -1,
}  # fmt: skip
_TOTALS = {"site_id": pl.String, "together": pl.String, "hour_s": pl.Int64, "quantity": pl.Int64, "n": pl.Int64}
_FAST, _SLOW = ("electricity", "heat"), ("water", "diesel", "natural_gas")
# A meter read more seldom than this has no interval of a day.
_DAILY_S = 36 * HOUR_S
_HOURS = {"site_id": pl.String, "meter_id": pl.String, "point": pl.String, "hour_s": pl.Int64, "quantity": pl.Int64}
_RUNS = {**_HOURS, "hours": pl.Int64, "medium": pl.String}


@dataclass
class Standstill:
    """What stood still in a month, collected while its batches pass.

    ``zones``: time zone by site; ``checks``: meters that check others, which count in no sum; the others as in the thresholds.
    """

    zones: Mapping[str, str]
    checks: Collection[str]
    same_hours: int
    same_days: int
    zero_hours: int
    _same: list[pl.DataFrame] = field(default_factory=list)
    _zero: list[pl.DataFrame] = field(default_factory=list)
    _together: list[pl.DataFrame] = field(default_factory=list)
    _latest: pl.DataFrame | None = None

    def over(self, batches: Iterable[StagedMonth]) -> Iterator[StagedMonth]:
        """The batches as they are; what stands still in them is noted. Meters with registers only: a sum of meters has no reading."""
        for batch in batches:
            energy = batch.energy.select(*_HOURS, "medium", "known_s", "state")
            self._same += [same_hours(energy, self.same_hours), same_days(energy, batch.facts, self.zones, self.same_days)]
            self._zero.append(resting(energy, self.zero_hours))
            self._carry()
            self._latest = energy
            yield batch

    def _carry(self) -> None:
        """Note what the latest batch carries: not before another comes, as where nothing rests nobody asks."""
        if self._latest is not None:
            self._together.append(carried(self._latest, self.checks))
            self._latest = None

    @property
    def same(self) -> pl.DataFrame:
        """The longest identical stretch of each meter: site_id, meter_id, medium, hour_s (its first), hours, quantity (of one interval)."""
        found = pl.concat([pl.DataFrame(schema=_RUNS), *self._same]).sort("meter_id", "hours", "hour_s", descending=[False, True, False])
        return found.unique("meter_id", keep="first", maintain_order=True)

    @property
    def zero(self) -> pl.DataFrame:
        """The known hours (_HOURS) of the meters that were at zero for some hours on end."""
        return pl.concat([pl.DataFrame(schema=_HOURS), *self._zero]).sort("meter_id", "hour_s")

    @property
    def together(self) -> pl.DataFrame:
        """_TOTALS: what the meters of a site that stand in for each other carry, of those hours in which all of them are known."""
        self._carry()
        every = pl.concat([pl.DataFrame(schema=_TOTALS), *self._together])
        sums = every.group_by("site_id", "together", "hour_s").agg(pl.col("quantity", "n").sum())
        return sums.filter(pl.col("n") == pl.col("n").max().over("site_id", "together")).select(list(_TOTALS))


def runs(hours: pl.DataFrame, step_s: int = HOUR_S) -> pl.DataFrame:
    """Hours (or days, ``step_s``) of equal quantity that follow each other, by meter: the first row of each stretch and ``n``, how many.

    ``hours``: sorted by meter_id and hour_s.
    """
    same = (pl.col("meter_id") == pl.col("meter_id").shift()) & (pl.col("quantity") == pl.col("quantity").shift())
    following = same & (pl.col("hour_s") - pl.col("hour_s").shift() == step_s)
    numbered = hours.with_columns(run=(~following.fill_null(False)).cum_sum())
    counts = numbered.group_by("run").agg(n=pl.len().cast(pl.Int64))
    return numbered.unique("run", keep="first", maintain_order=True).join(counts, on="run", maintain_order="left").drop("run")


def same_hours(energy: pl.DataFrame, least: int) -> pl.DataFrame:
    """_RUNS of electricity and heat meters: at least so many measured hours on end with one quantity above zero."""
    measured = (pl.col("state") == "measured") & (pl.col("known_s") == HOUR_S) & (pl.col("quantity") > 0)
    alike = pl.col("quantity") == pl.col("quantity").shift()
    # most hours differ from the one before: only those beside an equal one are looked at
    some = energy.filter(measured & pl.col("medium").is_in(_FAST) & (alike | alike.shift(-1)).fill_null(False))
    found = runs(some.select(*_HOURS, "medium")).filter(pl.col("n") >= least)
    return found.with_columns(hours=pl.col("n")).select(list(_RUNS))


def same_days(energy: pl.DataFrame, facts: pl.DataFrame, zones: Mapping[str, str], least: int) -> pl.DataFrame:
    """_RUNS of water and fuel meters that are read daily or oftener: so many site-local days on end with one quantity above zero."""
    often = facts.filter(pl.col("medium").is_in(_SLOW) & (pl.col("median_step_s") <= _DAILY_S))
    known = pl.col("state").is_in(["measured", "profiled"]) & (pl.col("known_s") == HOUR_S)
    hours = energy.filter(pl.col("meter_id").is_in(often["meter_id"].unique().implode())).filter(known)
    if hours.is_empty() or not zones:
        return pl.DataFrame(schema=_RUNS)
    ((first_s, last_s),) = hours.select(first=pl.col("hour_s").min(), last=pl.col("hour_s").max()).iter_rows()
    days = [
        hours.filter(pl.col("site_id").is_in([site_id for site_id, of_site in zones.items() if of_site == zone]))
        .with_columns(day=local_day(zone, first_s, last_s))
        .group_by("site_id", "meter_id", "point", "medium", "day")
        .agg(pl.col("quantity").sum(), pl.col("hour_s").min(), n_hours=pl.len())
        for zone in sorted(set(zones.values()))
    ]
    whole = pl.concat(days).filter((pl.col("n_hours") >= 23) & (pl.col("quantity") > 0)).sort("meter_id", "day")
    counted = whole.with_columns(first_s="hour_s", hour_s=pl.col("day").cast(pl.Int64))
    found = runs(counted, 1).filter(pl.col("n") >= least)
    return found.with_columns(hour_s="first_s", hours=pl.col("n") * 24).select(list(_RUNS))


def resting(energy: pl.DataFrame, least: int) -> pl.DataFrame:
    """All known hours (_HOURS) of the electricity and water meters that read zero for so many hours on end, where zero is news at all."""
    known = pl.col("state").is_in(["measured", "profiled"]) & (pl.col("known_s") == HOUR_S)
    watched = pl.col("medium").is_in(["electricity", "water"]) & ~pl.col("point").is_in(_RESTING)
    zeros = runs(energy.filter(known & watched & (pl.col("quantity") == 0)).select(list(_HOURS))).filter(pl.col("n") >= least)
    return energy.filter(pl.col("meter_id").is_in(zeros["meter_id"].unique().implode())).filter(known).select(list(_HOURS))


def carried(energy: pl.DataFrame, checks: Collection[str]) -> pl.DataFrame:
    """_TOTALS of some meters: the sources of a site together (what is exported or stored taken off), and the meters of each other point."""
    known = pl.col("state").is_in(["measured", "profiled"]) & (pl.col("known_s") == HOUR_S)
    counted = known & pl.col("medium").is_in(["electricity", "water"]) & ~pl.col("meter_id").is_in(list(checks))
    sign = pl.col("point").replace_strict(_SOURCES, default=1, return_dtype=pl.Int64)
    together = pl.when(pl.col("point").is_in(list(_SOURCES))).then(pl.lit("sources")).otherwise(pl.col("point"))
    named = energy.filter(counted).with_columns(together=together, quantity=pl.col("quantity") * sign)
    sums = named.group_by("site_id", "together", "hour_s").agg(pl.col("quantity").sum(), n=pl.len().cast(pl.Int64))
    return sums.select(list(_TOTALS))


def zero_stretches(
    hours: pl.DataFrame,
    before: pl.DataFrame,
    together: pl.DataFrame,
    outages: Mapping[str, Sequence[int]],
    start_s: Mapping[str, int],
    least: int,
) -> pl.DataFrame:
    """ZEROS: the stretches of zero hours that lie in or reach into the month, at least ``least`` hours long.

    ``hours``: ``Standstill.zero``; ``before``: the same hours of the month before, as far as it was computed; ``together``:
    ``Standstill.together``; ``outages``: instants of outages by meter; ``start_s``: first second of the month by site.
    ``hours_above``: known hours above zero before the stretch. What follows hours at zero that nothing explains is not told: of a meter
    that was at zero before, zero is no news. ``outage``: one explains this one; ``moved``: the meters that stand in for this one
    took its load over, so that together they carry less than in other hours by at most half of what it carries (project convention).
    """
    every = pl.concat([before.select(list(_HOURS)), hours]).unique(["meter_id", "hour_s"], keep="last").sort("meter_id", "hour_s")
    usual = dict(every.filter(pl.col("quantity") > 0).group_by("meter_id").agg(pl.col("quantity").mean()).iter_rows())
    sums = _Sums(together.filter(pl.col("site_id").is_in(every["site_id"].unique().implode())))
    rows: list[tuple[Any, ...]] = []
    above: dict[str, int] = defaultdict(int)
    at_zero: set[str] = set()
    found = runs(every.with_columns(quantity=(pl.col("quantity") != 0).cast(pl.Int64)))
    for site_id, name, point, first_s, is_above, n in found.select("site_id", "meter_id", "point", "hour_s", "quantity", "n").iter_rows():
        if is_above or name in at_zero:
            above[name] += n
            continue
        until_s = first_s + n * HOUR_S
        outage = any(first_s - HOUR_S <= at_s < until_s for at_s in outages.get(name, ()))
        moved = n >= least and name in usual and sums.moved(site_id, point, first_s, until_s, usual[name])
        if n >= least and until_s > start_s.get(site_id, first_s):
            rows.append((site_id, name, first_s, n, above[name], outage, moved))
        if not (outage or moved):
            at_zero.add(name)
    return pl.DataFrame(rows, schema=ZEROS, orient="row")


class _Sums:
    """``Standstill.together`` as hours and quantities by site and group."""

    def __init__(self, together: pl.DataFrame) -> None:
        parts = together.partition_by("site_id", "together", as_dict=True)
        self._parts = {key: (rows["hour_s"].to_numpy(), rows["quantity"].to_numpy()) for key, rows in parts.items()}

    def moved(self, site_id: str, point: str, from_s: int, until_s: int, usual: float) -> bool:
        """Whether others carry between two instants what a meter that usually carries ``usual`` an hour does not."""
        found = self._parts.get((site_id, "sources" if point in _SOURCES else point))
        if found is None:
            return False
        hours, quantities = found
        within = (hours >= from_s) & (hours < until_s)
        if not within.any() or within.all():
            return False
        return bool(quantities[within].mean() >= quantities[~within].mean() - usual / 2)


def outage_instants(events: Iterable[Mapping[str, Any]], meters: Iterable[Mapping[str, Any]]) -> dict[str, list[int]]:
    """When each meter was without supply: the ``outage`` events of its own and of the meters above it.

    ``events``, ``meters``: rows of the feeds; of a meter the newest row says what is above it.
    """
    own: dict[str, list[int]] = {}
    for event in events:
        if event["kind"] == "outage":
            own.setdefault(event["meter_id"], []).append(int(event["at_s"]))
    parents = {row["meter_id"]: row["parent_meter_id"] for row in sorted(meters, key=lambda r: r["valid_from"] or "")}
    found: dict[str, list[int]] = {}
    for meter_id in {*parents, *own} if own else ():
        seen, up = set[str](), meter_id
        while up is not None and up not in seen:
            seen.add(up)
            found.setdefault(meter_id, []).extend(own.get(up, ()))
            up = parents.get(up)
    return {meter_id: sorted(at) for meter_id, at in found.items() if at}


def stuck_stretches(
    same: pl.DataFrame, readings: pl.DataFrame, meters: Sequence[Meter], steps_s: Mapping[str, int], feed_zone: str | None = None
) -> pl.DataFrame:
    """STUCK: the identical stretches with how many resolution steps one interval is.

    ``same``: ``Standstill.same``; ``readings``: part rows (``readings.SCHEMA``) of these meters and the month; ``meters``: their facts;
    ``steps_s``: the median time between their readings; ``feed_zone``: of times without offset, when the settings name one. An interval is
    what passes between two readings (of water and fuel: in a day); of a power meter it is the sample. The resolution step is the
    largest number of which all of the month's values are multiples; where they are all one value, its last digit (project
    convention). ``interval`` in internal units.
    """
    by_meter = {meter.meter_id: meter for meter in meters}
    rows = []
    for row in same.iter_rows(named=True):
        meter = by_meter[row["meter_id"]]
        own = readings.filter((pl.col("meter_id") == row["meter_id"]) & (pl.col("value_e6") > 0))
        step_e6 = resolution_e6(own["value_e6"].to_list())
        if not step_e6:
            continue
        span = meter.span_at(row["hour_s"])
        seconds = HOUR_S if span.kind == POWER else min(steps_s.get(row["meter_id"]) or HOUR_S, HOUR_S)
        share = Fraction(1) if row["medium"] in _SLOW else Fraction(seconds, HOUR_S)
        interval = row["quantity"] * share
        steps = float(interval / Fraction(step_e6 * span.p, span.q))
        at = _first_within(own, row["hour_s"], row["hour_s"] + row["hours"] * HOUR_S, feed_zone or meter.zone)
        about = (row["site_id"], row["meter_id"], row["medium"], row["hour_s"], row["hours"])
        rows.append((*about, float(interval), steps, meter.unit, *at))
    return pl.DataFrame(rows, schema=STUCK, orient="row")


def _first_within(rows: pl.DataFrame, from_s: int, until_s: int, zone: str) -> tuple[int | None, int | None]:
    """Entry and row of the first of some rows between two instants."""
    offset_s = offsets(zone, from_s, from_s + 1)[0][1]
    at = pl.col("at_s") - pl.when(pl.col("zoned").fill_null(False)).then(0).otherwise(offset_s)
    found = rows.with_columns(at=at).filter((pl.col("at") >= from_s) & (pl.col("at") <= until_s)).sort("at", "entry", "source_row")
    return (found["entry"][0], found["source_row"][0]) if found.height else (None, None)


def resolution_e6(values: Sequence[int]) -> int:
    """The largest number of which all values are multiples; of a single value the unit of its last digit, at most 1. 0 without values."""
    distinct = set(values)
    if len(distinct) == 1:
        (value,) = distinct
        return next(10**places for places in range(6, -1, -1) if value % 10**places == 0)
    return math.gcd(*distinct)
