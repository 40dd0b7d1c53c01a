"""The energies of a site: E_DC, E_IT, water and the totals of its points, with what each meter contributes.

Here hours of meters become month totals and the hours known on both sides (metering.md §5), in whole units and exactly: the
contributions of a measure sum to its total. Which meters count is in ``topology.py``; ratios are in ``assets/indicators``; the way back
from a total to its hours is ``contributions.py``. Rows of feeds arrive as plain dicts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

import polars as pl

from assets.staging.topology import SIDES, Counted, Row, counted, counted_at_points
from resources.calendar import HOUR_S, local_s, month_bounds_s, month_hours_s

SCALED = "(scaled)"  # the contribution that fills unknown hours
SCHEMA = {
    "site_id": pl.String, "measure": pl.String, "meter_id": pl.String, "sign": pl.Int64, "quantity": pl.Int64,
    "known_s": pl.Int64, "metered_s": pl.Int64, "expected_s": pl.Int64, "estimated": pl.Int64, "month": pl.String,
}  # fmt: skip
# metering.md §5: unknown hours are filled in proportion up to 5 % of the month; beyond that the total is unknown.
_FILLED_AT_MOST = Fraction(5, 100)
# metering.md §3: up to 75 minutes between readings an hour is measured, not placed by assumption.
_HOURLY_STEP_S = 75 * 60
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
    for site_id in sorted(counting):
        hours = _Hours(month, zones[site_id], energy.filter(pl.col("site_id") == site_id))
        rows += [{"site_id": site_id, "month": month, **row} for row in _site_rows(hours, counting[site_id], steps)]
    return pl.DataFrame(rows, schema=SCHEMA).sort("site_id", "measure", "meter_id", "sign")


class _Hours:
    """The clock hours of a month at a site, and what its meters say in them."""

    def __init__(self, month: str, zone: str, energy: pl.DataFrame) -> None:
        start_s, end_s = month_bounds_s(month, zone)
        self.zone, self.month_s = zone, end_s - start_s
        # A month shifted by half an hour ends in a short hour; it has a length, but is never known.
        length = pl.min_horizontal(pl.lit(HOUR_S, pl.Int64), end_s - pl.col("hour_s")).alias("length_s")
        self.hours = pl.DataFrame({"hour_s": month_hours_s(month, zone)}, schema={"hour_s": pl.Int64}).with_columns(length)
        metered = (pl.col("known_s") >= HOUR_S) & pl.col("state").is_in(["measured", "profiled"])
        self.energy = energy.select("meter_id", "hour_s", "quantity", "known_s", "estimated", metered=metered)

    def cells(self, counting: list[Counted]) -> pl.DataFrame:
        """A row for each counted meter and each hour it counts in, with what is known of it."""
        spans = [(c.meter_id, c.sign, self._midnight(c.first_day), self._midnight(c.last_day + timedelta(days=1))) for c in counting]
        schema = {"meter_id": pl.String, "sign": pl.Int64, "from_s": pl.Int64, "to_s": pl.Int64}
        return (
            pl.DataFrame(spans, schema=schema, orient="row")
            .join(self.hours, how="cross")
            .filter(pl.col("hour_s").is_between(pl.col("from_s"), pl.col("to_s"), closed="left"))
            .select("meter_id", "sign", "hour_s", "length_s")
            .join(self.energy, on=["meter_id", "hour_s"], how="left")
            .with_columns(pl.col("known_s", "estimated").fill_null(0), pl.col("metered").fill_null(False))
        )

    def _midnight(self, day: date) -> int:
        return local_s(datetime(day.year, day.month, day.day), self.zone)


def _site_rows(hours: _Hours, counting: Mapping[str, list[Counted]], steps: Mapping[str, int | None]) -> list[Row]:
    """Rows of all measures of one site."""
    rows: list[Row] = []
    sides: dict[str, pl.DataFrame] = {}
    known: dict[str, pl.DataFrame] = {}
    metered: dict[str, pl.DataFrame] = {}
    for measure, entries in counting.items():
        # What only subtracts (an export without a supply) makes no side: it would be known, and less than nothing.
        if all(entry.sign < 0 for entry in entries):
            continue
        cells = hours.cells(entries)
        known_hours, metered_hours = hours_where(cells, pl.col("known_s") >= HOUR_S), hours_where(cells, pl.col("metered"))
        alike = len({entry.medium for entry in entries}) == 1
        # A side is there all month; a point only while it has a meter (panels that were mounted on the 15th).
        whole_s = hours.month_s if measure in SIDES else _covered_s(cells)
        rows += _month_rows(measure, cells, known_hours, metered_hours, whole_s, alike)
        if measure in SIDES:
            sides[measure], known[measure], metered[measure] = cells, known_hours, metered_hours
    for suffix, (side, it_side) in PAIRS.items():
        if side not in sides or it_side not in sides:
            continue
        if suffix == "@D2" and not _hourly(sides[side], steps):
            rows += [{**row, "measure": row["measure"] + suffix} for row in rows if row["measure"] in (side, it_side)]
            continue
        both, both_metered = (hours_of[side].join(hours_of[it_side], on="hour_s", how="semi") for hours_of in (known, metered))
        for name in (side, it_side):
            rows += _hour_rows(name + suffix, sides[name], both, both_metered.height * HOUR_S, hours.month_s)
    return rows


def hours_where(cells: pl.DataFrame, holds: pl.Expr) -> pl.DataFrame:
    """The hours in which something holds of every counted meter, one column ``hour_s``; never one in which no meter adds anything."""
    return (
        cells.group_by("hour_s")
        .agg(holds.all().alias("all"), (pl.col("sign") > 0).any().alias("adds"))
        .filter(pl.col("all") & pl.col("adds"))
        .select("hour_s")
        .sort("hour_s")
    )


def _hourly(cells: pl.DataFrame, steps: Mapping[str, int | None]) -> bool:
    return all((steps.get(meter_id) or _HOURLY_STEP_S + 1) <= _HOURLY_STEP_S for meter_id in cells["meter_id"].unique())


def _meter_rows(measure: str, cells: pl.DataFrame, expected: Mapping[tuple[str, int], int]) -> list[Row]:
    """The contribution of each meter over these cells; null when nothing of it is known."""
    sums = cells.group_by("meter_id", "sign").agg(
        pl.when(pl.col("known_s").sum() > 0).then(pl.col("quantity").sum()).alias("quantity"),
        pl.col("known_s").sum(),
        (pl.col("metered").sum().cast(pl.Int64) * HOUR_S).alias("metered_s"),
        pl.col("estimated").abs().sum(),
    )
    found = {(row["meter_id"], row["sign"]): row for row in sums.iter_rows(named=True)}
    nothing = {"quantity": None, "known_s": 0, "metered_s": 0, "estimated": 0}
    rows = []
    for (meter_id, sign), expected_s in sorted(expected.items()):
        seen = found.get((meter_id, sign), nothing)
        quantity = None if seen["quantity"] is None else sign * seen["quantity"]
        known = (seen["known_s"], seen["metered_s"])
        rows.append(_row(measure, meter_id, quantity, known, expected_s, seen["estimated"], sign))
    return rows


def _expected(cells: pl.DataFrame) -> dict[tuple[str, int], int]:
    sums = cells.group_by("meter_id", "sign").agg(pl.col("length_s").sum())
    return {(meter_id, sign): seconds for meter_id, sign, seconds in sums.iter_rows()}


def _row(measure: str, meter_id: str, quantity: int | None, known: tuple[int, int], expected_s: int, estimated: int, sign: int = 1) -> Row:
    """``known``: seconds known after estimation, and seconds metered before it."""
    return {
        "measure": measure, "meter_id": meter_id, "sign": sign, "quantity": quantity,
        "known_s": known[0], "metered_s": known[1], "expected_s": expected_s, "estimated": estimated,
    }  # fmt: skip


def _hour_rows(measure: str, cells: pl.DataFrame, both: pl.DataFrame, metered_s: int, month_s: int) -> list[Row]:
    """Contributions and total of a side over the hours known on both sides."""
    rows = _meter_rows(measure, cells.join(both, on="hour_s", how="semi"), _expected(cells))
    total = sum(row["quantity"] or 0 for row in rows) if both.height else None
    estimated = sum(row["estimated"] for row in rows)
    return [*rows, _row(measure, "", total, (both.height * HOUR_S, metered_s), month_s, estimated)]


def _month_rows(measure: str, cells: pl.DataFrame, hours: pl.DataFrame, metered: pl.DataFrame, whole_s: int, alike: bool) -> list[Row]:
    """Contributions, filling and total of a measure, which is expected in ``whole_s`` of the month's seconds.

    Meters of several media (two fuels at one point, not ``alike``) have no total.
    """
    rows = _meter_rows(measure, cells, _expected(cells))
    known_s = hours.height * HOUR_S
    known, unknown_s = (known_s, metered.height * HOUR_S), whole_s - known_s
    estimated = sum(row["estimated"] for row in rows)
    if not alike or unknown_s > whole_s * _FILLED_AT_MOST or any(row["quantity"] is None for row in rows):
        return [*rows, _row(measure, "", None, known, whole_s, estimated)]
    total = sum(row["quantity"] for row in rows)
    if unknown_s:
        fillings = _fillings(rows, cells, whole_s)
        filled, size = sum(fillings), sum(abs(part) for part in fillings)
        rows.append(_row(measure, SCALED, filled, (0, 0), unknown_s, size))
        total, estimated = total + filled, estimated + size
    return [*rows, _row(measure, "", total, known, whole_s, estimated)]


def _fillings(rows: list[Row], cells: pl.DataFrame, whole_s: int) -> list[int]:
    """What is added for unknown time: each meter at its own mean rate, then the hours in which no meter of the side existed."""
    own = [_share(row["quantity"], row["expected_s"] - row["known_s"], row["known_s"]) for row in rows]
    covered_s = _covered_s(cells)
    return [*own, _share(sum(row["quantity"] for row in rows) + sum(own), whole_s - covered_s, covered_s)]


def _covered_s(cells: pl.DataFrame) -> int:
    """Seconds of the hours in which some meter adds to the measure."""
    return int(cells.filter(pl.col("sign") > 0).unique("hour_s")["length_s"].sum())


def _share(quantity: int, part_s: int, whole_s: int) -> int:
    """``quantity × part / whole``, half to even."""
    return round(Fraction(quantity * part_s, whole_s))
