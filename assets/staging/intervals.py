"""Hourly energy of a month: from part rows, registry and events to the four staged tables of metering.

The entry point. It joins the steps, each in its own module: rows (``readings.py``), legs (``plain.py``, ``register.py``,
``series.py``), edges, hours; writes down what became of every row (``outcome.py``); and at the end, with all meters there, has the
unknown hours estimated (``filling.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import narwhals as nw
import polars as pl

from assets.staging.estimation import Place
from assets.staging.filling import Filled, facts_after, fill_month
from assets.staging.hours import hourly, measured_limit_s, with_states
from assets.staging.legs import gaps, hours_before, legs_in_month, long_stretches, median_steps
from assets.staging.meters import Meter, records, register_meters
from assets.staging.outcome import ANOMALIES, REJECTED, Outcome, anomalies_of, counts_of, rejected_of
from assets.staging.plain import Judgement, judge_all
from assets.staging.readings import SCHEMA, good_readings, read_rows
from assets.staging.stated import Stated, held_against, stated_kinds
from resources.calendar import HOUR_S, add_months, check_month, month_last_day, month_range
from resources.home import Home
from resources.settings import Settings

ENERGY = {
    "site_id": pl.String, "meter_id": pl.String, "point": pl.String, "medium": pl.String, "hour_s": pl.Int64, "quantity": pl.Int64,
    "known_s": pl.Int64, "state": pl.String, "method": pl.String, "n_readings": pl.Int64, "estimated": pl.Int64, "month": pl.String,
}  # fmt: skip
FACTS = {
    "site_id": pl.String, "meter_id": pl.String, "point": pl.String, "medium": pl.String, "kind": pl.String, "expected_s": pl.Int64,
    "metered_s": pl.Int64, "estimated_s": pl.Int64, "missing_s": pl.Int64, "quantity": pl.Int64, "estimated": pl.Int64,
    "n_landed": pl.Int64, "n_valid": pl.Int64, "n_rejected": pl.Int64, "n_superseded": pl.Int64, "n_rollovers": pl.Int64,
    "n_events": pl.Int64, "median_step_s": pl.Int64, "max_hour_quantity": pl.Int64, "first_at_s": pl.Int64, "last_at_s": pl.Int64,
    "month": pl.String,
}  # fmt: skip
# Meters staged at once: memory stays flat however many there are.
BATCH = 200
# The months whose parts can hold a reading within 40 days before or 10 days after the month.
_MONTHS_BACK, _MONTHS_AHEAD = 2, 1


@dataclass(frozen=True)
class StagedMonth:
    """The staged tables of metering for one month (columns and grain in docs/architecture.md), sorted."""

    energy: pl.DataFrame
    rejected: pl.DataFrame
    facts: pl.DataFrame
    anomalies: pl.DataFrame

    def tables(self) -> dict[str, pl.DataFrame]:
        """The frames by the names they have in the lake."""
        return {
            "staging/interval_energy": self.energy,
            "staging/interval_energy_rejected": self.rejected,
            "staging/meter_facts": self.facts,
            "staging/anomalies": self.anomalies,
        }


def stage_month(
    readings: pl.LazyFrame,
    meters: Any,
    events: Any,
    *,
    month: str,
    site_zones: Mapping[str, str],
    default_zone: str,
    feed_zone: str | None = None,
    landed_at: Mapping[int, int],
    countries: Mapping[str, str] | None = None,
    stated: Mapping[str, Stated] | None = None,
    batch: int = BATCH,
) -> StagedMonth:
    """Hourly quantities, rejected readings, meter facts and anomalies of a month.

    ``readings``: part rows (``readings.SCHEMA``) that cover the month, 40 days before and 10 days after it, in any order; of rows without a
    readable time (``at_s`` null) only those of the month itself. ``meters`` and ``events``: the typed feeds as pandas frames (all rows).
    ``site_zones``: time zone of each registered site; ``default_zone`` of unregistered ones; ``feed_zone`` of times without offset,
    when the settings name one. ``landed_at``: landing time of each entry in epoch seconds. ``countries``: ISO 3166-1 code of each site, for
    its public holidays. ``stated``: what files of metering standards say of their meters (``stated.py``). Quantities in whole Wh, L, mL or
    normal L.

    A row belongs to the month in which its instant (of an interval: its start) lies in the site's zone; rows without a readable time to the
    month of their part. Of the rows that belong to the month and to a meter that is valid in it, ``n_landed = n_valid + n_rejected +
    n_superseded``; rows of meters that are not are all in ``rejected`` with BD01. A superseded row is one of several for the same
    instant, of which another counts; a blank is a valid statement that there is no reading. Source: metering.md §2–§4.
    """
    check_month(month)
    registry = register_meters(meters, events, month=month, site_zones=site_zones, default_zone=default_zone)
    registry = held_against(stated or {}, registry, records(meters), month)
    options = {"month": month, "site_zones": site_zones, "default_zone": default_zone, "feed_zone": feed_zone, "landed_at": landed_at}
    batches = [_stage_batch(part, some, options) for part, some in _batches(readings, registry, batch)]
    energy = pl.concat([b.energy for b in batches]).sort("meter_id", "hour_s")
    rows = records(meters)
    place = Place(month, rows, dict.fromkeys((r["site_id"] for r in rows), default_zone) | dict(site_zones), countries or {})

    def history(meter_ids: Sequence[str]) -> pl.DataFrame:
        wanted = set(meter_ids)
        found = [m for m in registry if m.meter_id in wanted]
        return pl.concat([hours_before(readings, found[i : i + batch], options) for i in range(0, len(found), batch)])

    filled = fill_month(energy, pl.concat([b.gaps for b in batches]), pl.concat([b.long for b in batches]), place, history)
    # sorted by everything, so that equal content gives equal tables
    return StagedMonth(
        energy=filled.energy,
        rejected=pl.concat([b.rejected for b in batches]).sort(list(REJECTED)),
        facts=facts_after(pl.concat([b.facts for b in batches]).sort("meter_id"), energy, filled.energy),
        anomalies=pl.concat([*(b.anomalies for b in batches), _uncertain_days(filled, month)]).sort(list(ANOMALIES)),
    )


def read_month(home: Home, feeds: Any, month: str, as_of: int, settings: Settings) -> StagedMonth:
    """:func:`stage_month` of what is in a home: the parts of readings among the first ``as_of`` entries, and the typed feeds.

    ``feeds`` (``assets.raw.feeds.Feeds``) gives ``meters``, ``meter_events`` and ``sites``; ``settings`` are those in force at ``as_of``.
    GciError when a part is missing from the lake.
    """
    parts = home.ledger.parts("meter_readings", as_of, month_range(add_months(month, -_MONTHS_BACK), add_months(month, _MONTHS_AHEAD)))
    frames = [pl.LazyFrame(schema=SCHEMA)]
    for part in parts:
        rows = home.lake.scan("parts/meter_readings", part.month, part.file_digest)
        timed = rows if part.month == month else rows.filter(pl.col("at_s").is_not_null())
        frames.append(timed.with_columns(entry=pl.lit(part.entry, dtype=pl.Int64)).select(list(SCHEMA)))
    entries = home.ledger.entries(kinds=["file"], as_of=as_of)
    landed = {e.n: int(datetime.fromisoformat(e.at).timestamp()) for e in entries}
    of_month = {part.entry for part in parts if part.month == month}
    feed_settings = settings.feeds.get("meter_readings")
    sites = _sites(feeds["sites"], month)
    return stage_month(
        pl.concat(frames), feeds["meters"], feeds["meter_events"], month=month, default_zone=settings.timezone,
        site_zones={name: row["timezone"] or settings.timezone for name, row in sites.items()},
        feed_zone=feed_settings.timezone if feed_settings else None, landed_at={part.entry: landed[part.entry] for part in parts},
        countries={name: row["geography"][:2] for name, row in sites.items() if row.get("geography")},
        stated=stated_kinds(e.payload for e in entries if e.n in of_month),
    )  # fmt: skip


def _sites(sites: Any, month: str) -> dict[str, dict[str, Any]]:
    """The row of each site that gives its zone and place: the newest that began by the month's end, else its first."""
    last_day, found = month_last_day(month).isoformat(), {}
    for row in sorted(records(sites), key=lambda r: r["valid_from"] or ""):
        if row["site_id"] not in found or (row["valid_from"] or "") <= last_day:
            found[row["site_id"]] = row
    return found


def _batches(readings: pl.LazyFrame, registry: list[Meter], size: int) -> list[tuple[pl.LazyFrame, list[Meter]]]:
    """Meters in batches with their rows; open at both ends, so that rows of unregistered meters are in one of them."""
    starts = list(range(0, len(registry), size)) or [0]
    batches = []
    for start in starts:
        rows, after = readings, start + size
        if start > 0:
            rows = rows.filter(pl.col("meter_id") >= registry[start].meter_id)
        if after < len(registry):
            before_next = pl.col("meter_id") < registry[after].meter_id
            rows = rows.filter(before_next | pl.col("meter_id").is_null() if start == 0 else before_next)
        batches.append((rows, registry[start:after]))
    return batches


@dataclass(frozen=True)
class _Batch(StagedMonth):
    """Some meters before estimation: their tables, the hours with unknown seconds, and the long stretches."""

    gaps: pl.DataFrame
    long: pl.DataFrame


def _stage_batch(readings: pl.LazyFrame, meters: list[Meter], options: Mapping[str, Any]) -> _Batch:
    rows = read_rows(nw.from_native(readings), meters, **options)
    judgement = judge_all(good_readings(rows), meters)
    steps = median_steps(judgement, meters)
    limits = {m: measured_limit_s(step) for m, step in steps.items()}
    legs = legs_in_month(judgement, limits, meters)
    hours = with_states(_grid(meters).join(hourly(nw.from_native(legs.lazy()), meters), on=["m", "hour_s"], how="left"))
    outcome = Outcome(rows, judgement, meters, options["month"])
    return _Batch(
        energy=_energy(hours, judgement, meters, options["month"]),
        rejected=rejected_of(outcome),
        facts=_facts(hours, outcome, steps),
        anomalies=anomalies_of(outcome),
        gaps=gaps(hours, judgement, limits, meters),
        long=long_stretches(legs, meters),
    )


def _uncertain_days(filled: Filled, month: str) -> pl.DataFrame:
    """An anomaly for each meter and year whose like days were chosen without knowing the year's public holidays."""
    sites = filled.energy.select("meter_id", "hour_s", "site_id")
    found = filled.uncertain.join(sites, on=["meter_id", "hour_s"]).group_by("site_id", "meter_id", "year").agg(pl.col("hour_s").min())
    rows = [
        (site, meter, at_s, "ME05", "unknown_holidays", year, None, "", None, None, month) for site, meter, year, at_s in found.iter_rows()
    ]
    return pl.DataFrame(rows, schema=ANOMALIES, orient="row")


def _grid(meters: Sequence[Meter]) -> pl.DataFrame:
    """The clock hours of each meter's periods: m, hour_s, hour_length_s and the row's site_id, point, medium."""
    periods = [
        (m, p.site_id, p.point, p.medium, p.start_s + (meter.start_s - p.start_s) % HOUR_S, p.end_s)
        for m, meter in enumerate(meters)
        for p in meter.periods
    ]
    schema = {"m": pl.Int64, "site_id": pl.String, "point": pl.String, "medium": pl.String, "hour_s": pl.Int64, "until_s": pl.Int64}
    frame = pl.DataFrame(periods, schema=schema, orient="row")
    hours = frame.with_columns(pl.int_ranges("hour_s", "until_s", HOUR_S)).explode("hour_s")
    return hours.with_columns(hour_length_s=pl.min_horizontal(pl.col("until_s") - pl.col("hour_s"), HOUR_S)).drop("until_s")


def _energy(hours: pl.DataFrame, judgement: Judgement, meters: Sequence[Meter], month: str) -> pl.DataFrame:
    """staging/interval_energy."""
    named = pl.DataFrame(
        [(m, meter.meter_id, meter.start_s) for m, meter in enumerate(meters)],
        schema={"m": pl.Int64, "meter_id": pl.String, "start_s": pl.Int64}, orient="row",
    )  # fmt: skip
    counted = (
        judgement.kept.join(named.select("m", "start_s"), on="m")
        .filter(pl.col("t") >= pl.col("start_s"))
        .with_columns(hour_s=pl.col("t") - (pl.col("t") - pl.col("start_s")) % HOUR_S)
        .group_by("m", "hour_s")
        .agg(n_readings=pl.len().cast(pl.Int64))
    )
    full = hours.join(counted, on=["m", "hour_s"], how="left").join(named, on="m")
    return full.with_columns(pl.col("n_readings").fill_null(0), month=pl.lit(month)).select(list(ENERGY)).cast(ENERGY)  # type: ignore[arg-type]


def _facts(hours: pl.DataFrame, outcome: Outcome, steps: Mapping[int, int]) -> pl.DataFrame:
    """staging/meter_facts: one row for each meter that is valid at some time of the month."""
    whole_hour = pl.col("metered_s") == pl.col("hour_length_s")
    known = pl.col("quantity").is_not_null()
    sums = hours.group_by("m").agg(
        pl.col("metered_s", "estimated_s").sum(),
        quantity=pl.when(known.any()).then(pl.col("quantity").sum()),
        estimated=pl.col("estimated").sum(),
        max_hour_quantity=pl.col("known").filter(whole_hour).max(),
    )
    counts = counts_of(outcome)
    rows = []
    for m, meter in enumerate(outcome.meters):
        if meter.expected_s > 0:
            rows.append((
                m, meter.site_id, meter.meter_id, meter.point, meter.medium, meter.kind_name, meter.expected_s, steps[m] or None,
                outcome.month,
            ))  # fmt: skip
    names = ["m", "site_id", "meter_id", "point", "medium", "kind", "expected_s", "median_step_s", "month"]
    frame = pl.DataFrame(rows, schema={n: FACTS.get(n, pl.Int64) for n in names}, orient="row")
    full = frame.join(sums, on="m", how="left").join(counts, on="m", how="left")
    missing = pl.col("expected_s") - pl.col("metered_s") - pl.col("estimated_s")
    return full.with_columns(missing_s=missing).select(list(FACTS)).cast(FACTS)  # type: ignore[arg-type]
