"""The energies of a site: E_DC, E_IT, water and the totals of its points, with what each meter contributes.

Here hours of meters become month totals and the hours known on both sides (metering.md §5), in whole units and exactly: the
contributions of a measure sum to its total. Which meters count is in ``topology.py``; ratios are in ``assets/indicators``. Reading
commands use ``contributions.py``, which builds on this, so nothing here imports pandas; rows of feeds arrive as plain dicts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

import polars as pl

from assets.staging.topology import SIDES, Counted, Row, counted, counted_at_points
from resources.calendar import HOUR_S, local_s, month_bounds_s

SCALED = "(scaled)"  # the contribution that fills unknown hours
SCHEMA = {
    "site_id": pl.String, "measure": pl.String, "meter_id": pl.String, "sign": pl.Int64, "quantity": pl.Int64,
    "known_s": pl.Int64, "metered_s": pl.Int64, "expected_s": pl.Int64, "estimated": pl.Int64, "month": pl.String,
}  # fmt: skip
# metering.md §5: unknown hours are filled in proportion up to 5 % of the month; beyond that the total is unknown.
_FILLED_AT_MOST = Fraction(5, 100)
# metering.md §3: up to 75 minutes between readings an hour is measured, not placed by assumption.
_HOURLY_STEP_S = 75 * 60
# Counted meters of sites that are summed together, so that memory stays flat however many there are.
_TOGETHER = 500
_SPANS = {
    "side": pl.Int64, "part": pl.Int64, "sign": pl.Int64, "site_id": pl.String, "meter_id": pl.String, "first_s": pl.Int64,
    "to_s": pl.Int64, "end_s": pl.Int64,
}  # fmt: skip
_PAIR = {"side": pl.Int64, "it_side": pl.Int64}
_INSTANTS = 2**34  # a number below it and an instant are one number
# Ratios over hours known on both sides: measure of a side → the two sides.
PAIRS = {"@D1": ("E_DC", "E_IT"), "@D2": ("water", "E_IT")}


def site_energies(
    energy: pl.DataFrame,
    facts: pl.DataFrame,
    meters: Iterable[Mapping[str, Any]],
    sites: Iterable[Mapping[str, Any]],
    month: str,
    zones: Mapping[str, str],
) -> pl.DataFrame:
    """Every measure of every site in a month: one row for each counted meter, one for what was filled, one for the total.

    ``energy`` and ``facts`` are staging/interval_energy and staging/meter_facts; ``meters`` all rows of the registry and ``sites`` the
    rows in force at the month's end, as plain dicts; ``zones`` the time zone of each site. Returns staging/energies
    (docs/architecture.md), sorted by site, measure and meter: ``quantity`` in Wh, L, mL or normal L by the medium, null where
    unknown; ``estimated`` the absolute quantity estimated inside; ``known_s`` of a total the seconds of the hours in which
    every counted meter is known after estimation, ``metered_s`` of those in which every one is metered whole, before it (of ``…@D1`` and
    ``…@D2``: on both sides). A side without a counted meter has no rows: absent is not zero; an hour of a side
    without a meter in force is unknown. A point is expected only while it has a meter.

    Month totals take what each meter knows and fill its unknown time in proportion to its known time, as the contribution of
    ``(scaled)``, while the side's unknown hours are at most 5 % of the month; beyond that the total is null. ``…@D1`` and ``…@D2`` take the
    hours known on both sides, nothing filled; water read less often than hourly has no hours to choose from: ``…@D2`` are then the
    month totals. Source: metering.md §5 (white paper and GB 40879-2021 for E_DC and E_IT).
    """
    counting: dict[str, dict[str, list[Counted]]] = defaultdict(lambda: defaultdict(list))
    registry, site_rows = list(meters), list(sites)
    for entry in counted(registry, site_rows, month) + counted_at_points(registry, site_rows, month):
        counting[entry.site_id][entry.side].append(entry)
    steps = dict(facts.filter(pl.col("point") == "water_supply").select("meter_id", "median_step_s").iter_rows())
    rows: list[Row] = []
    for some in _together(counting):
        hours = _Hours(energy, {site_id: counting[site_id] for site_id in some}, month, zones)
        rows += [{"site_id": site_id, "month": month, **row} for site_id in some for row in _site_rows(hours, site_id, steps)]
    return pl.DataFrame(rows, schema=SCHEMA).sort("site_id", "measure", "meter_id", "sign")


def _together(counting: Mapping[str, Mapping[str, Sequence[Counted]]]) -> list[list[str]]:
    """The sites in their order, in groups of about as many counted meters: few operations on large tables, and flat memory."""
    groups: list[list[str]] = []
    held = _TOGETHER
    for site_id in sorted(counting):
        if held >= _TOGETHER:
            groups.append([])
            held = 0
        groups[-1].append(site_id)
        held += sum(len(entries) for entries in counting[site_id].values())
    return groups


class _Hours:
    """The hours in which the meters of some sites count, with what is known of them, and their sums by site and measure.

    A side (a measure of a site), and a part of it (a meter and its sign), go by their numbers: joined and grouped, names cost several
    times as much. ``at`` is a side's hour as one number.
    """

    def __init__(
        self, energy: pl.DataFrame, counting: Mapping[str, Mapping[str, Sequence[Counted]]], month: str, zones: Mapping[str, str]
    ) -> None:
        # What only subtracts (an export without a supply) makes no side: it would be known, and less than nothing.
        sides = {site: {m: e for m, e in of.items() if any(one.sign > 0 for one in e)} for site, of in counting.items()}
        self.measures = {site_id: list(of) for site_id, of in sides.items()}
        self.alike = {(site, m): len({one.medium for one in e}) == 1 for site, of in sides.items() for m, e in of.items()}
        bounds = {site_id: month_bounds_s(month, zones[site_id]) for site_id in sides}
        self.month_s = {site_id: end_s - start_s for site_id, (start_s, end_s) in bounds.items()}
        self.sides = {key: number for number, key in enumerate(self.alike)}
        entries = [(site, measure, one) for site, of in sides.items() for measure, found in of.items() for one in found]
        self.parts = {key: n for n, key in enumerate(sorted({(site, m, one.meter_id, one.sign) for site, m, one in entries}))}
        spans = [
            (self.sides[site, m], self.parts[site, m, one.meter_id, one.sign], one.sign, site, one.meter_id,
             *_hours_of(one, bounds[site], zones[site]), bounds[site][1])
            for site, m, one in entries
        ]  # fmt: skip
        counted_on = pl.DataFrame(spans, schema=_SPANS, orient="row")
        meters = counted_on.select("site_id", "meter_id").unique(maintain_order=True).with_row_index("meter")
        of_meter = pl.col("meter").cast(pl.Int64) * _INSTANTS + pl.col("hour_s")
        metered = (pl.col("known_s") >= HOUR_S) & pl.col("state").is_in(["measured", "profiled"])
        own = (
            energy.select("hour_s", "quantity", "known_s", "estimated", metered=metered)
            .with_columns(meter=_numbers(energy, meters))
            .filter(pl.col("meter").is_not_null())
            .with_columns(of_meter)
        )
        self.cells = (
            counted_on.join(meters, on=["site_id", "meter_id"])
            .select("side", "part", "sign", "meter", "end_s", hour_s=pl.int_ranges("first_s", "to_s", HOUR_S))
            .explode("hour_s", empty_as_null=False)
            # A month shifted by half an hour ends in a short hour; it has a length, but is never known.
            .with_columns(length_s=pl.min_horizontal(pl.col("end_s") - pl.col("hour_s"), HOUR_S))
            .select("side", "part", "sign", "length_s", of_meter, at=pl.col("side") * _INSTANTS + pl.col("hour_s"))
            .join(own.drop("hour_s"), on="meter", how="left")
            .with_columns(pl.col("known_s", "estimated").fill_null(0), pl.col("metered").fill_null(False))
        )
        self.meters = self._sums(self.cells)
        # the hours in which something holds of every counted meter; never one in which no meter adds anything
        known, adds = (pl.col("known_s") >= HOUR_S).all(), (pl.col("sign") > 0).any()
        self.hours = (
            self.cells.group_by("at")
            .agg(pl.col("side", "length_s").first(), known=known, metered=pl.col("metered").all(), adds=adds)
            .filter("adds")
        )
        counts = self.hours.group_by("side").agg(pl.col("known", "metered").sum().cast(pl.Int64), pl.col("length_s").sum())
        names = list(self.sides)
        self.counts = {names[side]: tuple(row) for side, *row in counts.select("side", "known", "metered", "length_s").iter_rows()}
        self._both: dict[tuple[str, str], _Both] = {}

    def both(self, side: str, it_side: str) -> _Both:
        """What two sides say in the hours known on both."""
        if (side, it_side) not in self._both:
            sites = {n: site for (site, measure), n in self.sides.items() if measure == side and (site, it_side) in self.sides}
            pairs = pl.DataFrame([(n, self.sides[site, it_side]) for n, site in sites.items()], schema=_PAIR, orient="row")
            mine = self.hours.join(pairs, on="side").with_columns(at_it=pl.col("it_side") * _INSTANTS + pl.col("at") % _INSTANTS)
            common = mine.join(self.hours.select("known", "metered", at_it="at"), on="at_it", suffix="_it")
            known, metered = (common.filter(pl.col(name) & pl.col(f"{name}_it")) for name in ("known", "metered"))
            cells = self.cells.join(pl.concat([known.select("at"), known.select(at="at_it")]), on="at", how="semi")
            counts = ({sites[n]: count for n, count in table.group_by("side").len().iter_rows()} for table in (known, metered))
            self._both[side, it_side] = _Both(self._sums(cells), *counts)
        return self._both[side, it_side]

    def _sums(self, cells: pl.DataFrame) -> dict[tuple[str, str], dict[tuple[str, int], Row]]:
        """By site and measure, and by meter and sign: quantity (null when nothing is known), seconds known, metered, and of all hours."""
        sums = cells.group_by("part").agg(
            pl.when(pl.col("known_s").sum() > 0).then(pl.col("quantity").sum()).alias("quantity"),
            pl.col("known_s").sum(),
            (pl.col("metered").sum().cast(pl.Int64) * HOUR_S).alias("metered_s"),
            pl.col("estimated").abs().sum(),
            pl.col("length_s").sum(),
        )
        names = list(self.parts)
        found: dict[tuple[str, str], dict[tuple[str, int], Row]] = defaultdict(dict)
        for row in sums.sort("part").iter_rows(named=True):
            site_id, measure, meter_id, sign = names[row["part"]]
            found[site_id, measure][meter_id, sign] = row
        return found


@dataclass(frozen=True)
class _Both:
    """The hours known on two sides: sums of their meters, and by site how many hours are known, and metered whole."""

    meters: Mapping[tuple[str, str], Mapping[tuple[str, int], Row]]
    known: Mapping[str, int]
    metered: Mapping[str, int]


def _numbers(energy: pl.DataFrame, meters: pl.DataFrame) -> pl.Series:
    """The number of each hour's meter (``meters``: site_id, meter_id, meter), null of others: looked up once for each run of hours."""
    names = ["site_id", "meter_id"]
    begins = energy.select(begins=pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in names))["begins"]
    of_run = energy.filter(begins).select(names).join(meters, on=names, how="left", maintain_order="left")["meter"]
    return of_run.gather(begins.cum_sum() - 1)


def _hours_of(one: Counted, bounds: tuple[int, int], zone: str) -> tuple[int, int]:
    """The first of the month's clock hours that begin on the days on which a meter counts, and the end of these days."""
    start_s, end_s = bounds
    late_s = max(_midnight(one.first_day, zone) - start_s, 0)
    return start_s - -late_s // HOUR_S * HOUR_S, min(_midnight(one.last_day + timedelta(days=1), zone), end_s)


def _midnight(day: date, zone: str) -> int:
    return local_s(datetime(day.year, day.month, day.day), zone)


def _site_rows(hours: _Hours, site_id: str, steps: Mapping[str, int | None]) -> list[Row]:
    """Rows of all measures of one site."""
    rows: list[Row] = []
    measures, month_s = hours.measures[site_id], hours.month_s[site_id]
    for measure in measures:
        known, metered, covered_s = hours.counts[site_id, measure]
        # A side is there all month; a point only while it has a meter (panels that were mounted on the 15th).
        whole_s = month_s if measure in SIDES else covered_s
        own = _meter_rows(measure, hours.meters[site_id, measure])
        rows += _month_rows(measure, own, (known * HOUR_S, metered * HOUR_S), whole_s, covered_s, hours.alike[site_id, measure])
    for suffix, (side, it_side) in PAIRS.items():
        if side not in measures or it_side not in measures:
            continue
        if suffix == "@D2" and not _hourly(hours.meters[site_id, side], steps):
            rows += [{**row, "measure": row["measure"] + suffix} for row in rows if row["measure"] in (side, it_side)]
            continue
        both = hours.both(side, it_side)
        seconds = both.known.get(site_id, 0) * HOUR_S, both.metered.get(site_id, 0) * HOUR_S
        for name in (side, it_side):
            own = _meter_rows(name + suffix, hours.meters[site_id, name], both.meters.get((site_id, name), {}))
            rows += _hour_rows(name + suffix, own, seconds, month_s)
    return rows


def _hourly(meters: Iterable[tuple[str, int]], steps: Mapping[str, int | None]) -> bool:
    return all((steps.get(meter_id) or _HOURLY_STEP_S + 1) <= _HOURLY_STEP_S for meter_id, _ in meters)


def _meter_rows(
    measure: str, expected: Mapping[tuple[str, int], Row], sums: Mapping[tuple[str, int], Row] | None = None
) -> list[Row]:  # fmt: skip
    """The contribution of each meter over all hours, or those of ``sums``; null when nothing of it is known."""
    nothing = {"quantity": None, "known_s": 0, "metered_s": 0, "estimated": 0}
    rows = []
    for (meter_id, sign), whole in expected.items():
        seen = whole if sums is None else sums.get((meter_id, sign), nothing)
        quantity = None if seen["quantity"] is None else sign * seen["quantity"]
        known = (seen["known_s"], seen["metered_s"])
        rows.append(_row(measure, meter_id, quantity, known, whole["length_s"], seen["estimated"], sign))
    return rows


def _row(measure: str, meter_id: str, quantity: int | None, known: tuple[int, int], expected_s: int, estimated: int, sign: int = 1) -> Row:
    """``known``: seconds known after estimation, and seconds metered before it."""
    return {
        "measure": measure, "meter_id": meter_id, "sign": sign, "quantity": quantity,
        "known_s": known[0], "metered_s": known[1], "expected_s": expected_s, "estimated": estimated,
    }  # fmt: skip


def _hour_rows(measure: str, rows: list[Row], seconds: tuple[int, int], month_s: int) -> list[Row]:
    """Contributions and total of a side over the hours known on both sides; ``seconds`` of these: known, and metered."""
    total = sum(row["quantity"] or 0 for row in rows) if seconds[0] else None
    estimated = sum(row["estimated"] for row in rows)
    return [*rows, _row(measure, "", total, seconds, month_s, estimated)]


def _month_rows(measure: str, rows: list[Row], known: tuple[int, int], whole_s: int, covered_s: int, alike: bool) -> list[Row]:
    """Contributions, filling and total of a measure, which is expected in ``whole_s`` of the month's seconds.

    ``known``: seconds known, and metered, on the whole measure; ``covered_s``: of the hours in which some meter adds to it. Meters of
    several media (two fuels at one point, not ``alike``) have no total.
    """
    unknown_s = whole_s - known[0]
    estimated = sum(row["estimated"] for row in rows)
    if not alike or unknown_s > whole_s * _FILLED_AT_MOST or any(row["quantity"] is None for row in rows):
        return [*rows, _row(measure, "", None, known, whole_s, estimated)]
    total = sum(row["quantity"] for row in rows)
    if unknown_s:
        fillings = _fillings(rows, whole_s, covered_s)
        filled, size = sum(fillings), sum(abs(part) for part in fillings)
        rows = [*rows, _row(measure, SCALED, filled, (0, 0), unknown_s, size)]
        total, estimated = total + filled, estimated + size
    return [*rows, _row(measure, "", total, known, whole_s, estimated)]


def _fillings(rows: list[Row], whole_s: int, covered_s: int) -> list[int]:
    """What is added for unknown time: each meter at its own mean rate, then the hours in which no meter of the side existed."""
    own = [_share(row["quantity"], row["expected_s"] - row["known_s"], row["known_s"]) for row in rows]
    return [*own, _share(sum(row["quantity"] for row in rows) + sum(own), whole_s - covered_s, covered_s)]


def _share(quantity: int, part_s: int, whole_s: int) -> int:
    """``quantity × part / whole``, half to even."""
    return round(Fraction(quantity * part_s, whole_s))
