"""Hourly energy of a month: from part rows, registry and events to the four staged tables of metering.

The entry point. It joins the steps, each in its own module: rows (``readings.py``), legs (``plain.py``, ``register.py``,
``series.py``), edges, hours; writes down what became of every row (``outcome.py``); and at the end, with all meters there, has the
unknown hours estimated (``filling.py``).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from assets.staging.estimation import Place
from assets.staging.exact import whole
from assets.staging.filling import Fills, find_fills
from assets.staging.hours import hourly, measured_limit_s, with_states
from assets.staging.judgement import judge_all
from assets.staging.legs import gaps, hours_before, legs_in_month, long_stretches
from assets.staging.meter_facts import facts_of
from assets.staging.meters import Meter, records, register_meters
from assets.staging.outcome import ANOMALIES, REJECTED, Outcome, anomalies_of, rejected_of
from assets.staging.plain import hour_key
from assets.staging.readings import SCHEMA, Parts, read_rows, whole_rows
from assets.staging.stated import Stated, held_against, stated_kinds
from resources.calendar import HOUR_S, add_months, check_month, month_last_day, month_range
from resources.engine import Engine, PolarsEngine, engine_of
from resources.home import Home
from resources.ledger import Part
from resources.settings import Settings

ENERGY = {
    "meter_id": pl.String, "hour_s": pl.Int64, "site_id": pl.String, "point": pl.String, "medium": pl.String, "quantity": pl.Int64,
    "known_s": pl.Int64, "state": pl.String, "method": pl.String, "n_readings": pl.Int64, "estimated": pl.Int64, "month": pl.String,
}  # fmt: skip
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


@dataclass(frozen=True)
class MonthFacts:
    """What a month is staged by, beside its readings.

    ``meters`` and ``events``: the typed feeds (all rows), frames or plain dicts. ``site_zones``: time zone of each registered site;
    ``default_zone`` of unregistered ones; ``feed_zone`` of times without offset, when the settings name one. ``landed_at``: landing time of
    each entry in epoch seconds. ``countries``: ISO 3166-1 code of each site, for its public holidays. ``stated``: what files of metering
    standards say of their meters (``stated.py``).
    """

    meters: Any
    events: Any
    month: str
    site_zones: Mapping[str, str]
    default_zone: str
    landed_at: Mapping[int, int]
    feed_zone: str | None = None
    countries: Mapping[str, str] = field(default_factory=dict)
    stated: Mapping[str, Stated] = field(default_factory=dict)

    def options(self, engine: Engine) -> dict[str, Any]:
        """The arguments of ``readings.read_rows``."""
        names = ("month", "site_zones", "default_zone", "feed_zone", "landed_at")
        return {"engine": engine, **{name: getattr(self, name) for name in names}}


def stage_month(
    readings: pl.LazyFrame, meters: Any, events: Any, *, batch: int | None = None, engine: Engine | None = None, **facts: Any
) -> StagedMonth:
    """Hourly quantities, rejected readings, meter facts and anomalies of a month, all at once: :func:`stage_batches`, joined.

    ``readings``: part rows (``readings.SCHEMA``) that cover the month, 40 days before and 10 days after it, in any order; of rows without a
    readable time (``at_s`` null) only those of the month itself. ``facts``: the other fields of ``MonthFacts``. ValueError for an entry
    without a landing time.
    """
    own = PolarsEngine()
    engine = engine or own
    month = MonthFacts(meters, events, **facts)
    parts = Parts(engine.frame(readings))
    here = parts if isinstance(engine, PolarsEngine) else Parts(own.frame(readings))
    entries = readings.select(pl.col("entry").unique()).collect()["entry"]
    if unknown := sorted(set(entries) - set(month.landed_at)):
        raise ValueError(f"no landing time for entries {unknown}")
    rows = readings.select(pl.len()).collect().item()
    return joined(list(stage_batches(parts, here, month, engine, rows=rows, batch=batch)))


def joined(batches: Sequence[StagedMonth]) -> StagedMonth:
    """Batches as one; sorted by everything, so that equal content gives equal tables."""
    return StagedMonth(
        energy=pl.concat([b.energy for b in batches]),
        rejected=pl.concat([b.rejected for b in batches]).sort(list(REJECTED)),
        facts=pl.concat([b.facts for b in batches]).sort("meter_id", "site_id"),
        anomalies=pl.concat([b.anomalies for b in batches]).sort(list(ANOMALIES)),
    )


def stage_batches(
    parts: Parts, here: Parts, facts: MonthFacts, engine: Engine, *, rows: int, batch: int | None = None, spool: Path | None = None
) -> Iterator[StagedMonth]:
    """The staged tables of a month, some meters at a time, in the order of their names; quantities in whole Wh, L, mL or normal L.

    ``parts``: the readings on the engine; ``here``: the same on Polars, for the few meters whose history is asked for; ``rows``: about how
    many there are. ``batch``: meters staged at once (default: as many as the engine likes). Nothing of the month is held whole but
    what is remarkable in it: hours of several batches wait for their estimates in files below ``spool`` (None: in memory).

    A row belongs to the month in which its instant (of an interval: its start) lies in the site's zone; rows without a readable time to the
    month of their part. Of the rows that belong to the month and to a meter that is valid in it, ``n_landed = n_valid + n_rejected +
    n_superseded``; rows of meters that are not are all in ``rejected`` with BD01. A superseded row is one of several for the same
    instant, of which another counts; a blank is a valid statement that there is no reading. Source: metering.md §2–§4.
    """
    month = check_month(facts.month)
    registry = register_meters(facts.meters, facts.events, month=month, site_zones=facts.site_zones, default_zone=facts.default_zone)
    records_of_meters = records(facts.meters)
    registry = held_against(facts.stated, registry, records_of_meters, month)
    size = batch or max(1, len(registry) * engine.batch_rows // max(rows, 1))
    options = facts.options(engine)
    divided = _batches(parts, registry, size)
    with _Spool(spool if len(divided) > 1 else None) as waiting:

        def stage(number: int, rows_of_some: Parts, some: list[Meter]) -> _Batch:
            return waiting.put(number, _stage_batch(rows_of_some, some, options))

        with ThreadPoolExecutor(engine.at_once) as pool:
            work = [pool.submit(stage, number, *some) for number, some in enumerate(divided)]
            batches = [done.result() for done in work]
        zones = dict.fromkeys((r["site_id"] for r in records_of_meters), facts.default_zone) | dict(facts.site_zones)
        place = Place(month, records_of_meters, zones, facts.countries)

        def history(meter_ids: Sequence[str]) -> pl.DataFrame:
            wanted = set(meter_ids)
            found = [m for m in registry if m.meter_id in wanted]
            together = [found[i : i + size] for i in range(0, len(found), size)]
            return pl.concat([hours_before(here, some, facts.options(PolarsEngine())) for some in together])

        fills = find_fills(waiting.hours(), pl.concat([b.gaps for b in batches]), pl.concat([b.long for b in batches]), place, history)
        for number, staged in enumerate(batches):
            before = waiting.take(number)
            after = fills.applied(before)
            yield StagedMonth(
                energy=after,
                rejected=staged.rejected.sort(list(REJECTED)),
                facts=fills.facts_applied(staged.facts, before, after),
                anomalies=pl.concat([staged.anomalies, _uncertain_days(fills, after, month)]).sort(list(ANOMALIES)),
            )


class _Spool:
    """The hours of batches that wait for the others: in files of a folder that is gone afterwards, or in memory."""

    def __init__(self, folder: Path | None) -> None:
        self.folder, self.frames = folder, dict[int, pl.DataFrame | Path]()

    def __enter__(self) -> _Spool:
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder = Path(tempfile.mkdtemp(dir=self.folder, prefix=".hours-"))
        return self

    def __exit__(self, *_: object) -> None:
        if self.folder is not None:
            shutil.rmtree(self.folder)

    def put(self, number: int, batch: _Batch) -> _Batch:
        """Take the hours of a batch away from it."""
        if self.folder is None:
            self.frames[number] = batch.energy
        else:
            self.frames[number] = path = self.folder / f"{number}.arrow"
            batch.energy.write_ipc(path, compression="lz4")
        return replace(batch, energy=batch.energy.clear())

    def take(self, number: int) -> pl.DataFrame:
        found = self.frames[number]
        return found if isinstance(found, pl.DataFrame) else pl.read_ipc(found)

    def hours(self) -> pl.LazyFrame:
        """The hours of all batches."""
        return pl.concat([f.lazy() if isinstance(f, pl.DataFrame) else pl.scan_ipc(f) for _, f in sorted(self.frames.items())])


def read_month(home: Home, feeds: Any, month: str, as_of: int, settings: Settings) -> StagedMonth:
    """:func:`read_batches`, joined."""
    return joined(list(read_batches(home, feeds, month, as_of, settings)))


def read_batches(home: Home, feeds: Any, month: str, as_of: int, settings: Settings) -> Iterator[StagedMonth]:
    """:func:`stage_batches` of what is in a home: the parts of readings among the first ``as_of`` entries, and the typed feeds.

    ``feeds`` gives ``meters``, ``meter_events`` and ``sites``, typed frames or their rows; ``settings`` are those in force at ``as_of``;
    the engine is the one that the home names now. GciError when a part is missing from the lake, or the engine can't run.
    """
    months = month_range(add_months(month, -_MONTHS_BACK), add_months(month, _MONTHS_AHEAD))
    parts = home.ledger.parts("meter_readings", as_of, months)
    engine = engine_of(home.settings.engine, home.settings.spark_master)
    own = PolarsEngine()
    entries = home.ledger.entries(kinds=["file"], as_of=as_of)
    landed = {e.n: int(datetime.fromisoformat(e.at).timestamp()) for e in entries}
    of_month = {part.entry for part in parts if part.month == month}
    feed_settings = settings.feeds.get("meter_readings")
    sites = _sites(feeds["sites"], month)
    facts = MonthFacts(
        feeds["meters"], feeds["meter_events"], month, default_zone=settings.timezone,
        site_zones={name: row["timezone"] or settings.timezone for name, row in sites.items()},
        feed_zone=feed_settings.timezone if feed_settings else None, landed_at={part.entry: landed[part.entry] for part in parts},
        countries={name: row["geography"][:2] for name, row in sites.items() if row.get("geography")},
        stated=stated_kinds(e.payload for e in entries if e.n in of_month),
    )  # fmt: skip
    on_engine = month_parts(home, parts, month, engine)
    here = on_engine if engine.name == own.name else month_parts(home, parts, month, own)
    rows = sum(part.rows for part in parts if part.month == month)
    yield from stage_batches(on_engine, here, facts, engine, rows=rows, spool=home.lake.root / "staging")


def month_parts(home: Home, parts: Sequence[Part], month: str, engine: Engine) -> Parts:
    """The rows of parts on an engine, each with its entry."""
    own, beside = [engine.frame(pl.DataFrame(schema=SCHEMA))], [engine.frame(pl.DataFrame(schema=SCHEMA))]
    for part in parts:
        path = home.lake.existing("parts/meter_readings", part.month, part.file_digest)
        rows = engine.scan(path).with_columns(entry=whole(part.entry)).select(list(SCHEMA))
        if part.month == month:
            own.append(rows)
        else:
            beside.append(rows.filter(~nw.col("at_s").is_null()))
    return Parts(nw.concat(own), nw.concat(beside))


def _sites(sites: Any, month: str) -> dict[str, dict[str, Any]]:
    """The row of each site that gives its zone and place: the newest that began by the month's end, else its first."""
    last_day, found = month_last_day(month).isoformat(), {}
    for row in sorted(records(sites), key=lambda r: r["valid_from"] or ""):
        if row["site_id"] not in found or (row["valid_from"] or "") <= last_day:
            found[row["site_id"]] = row
    return found


def _batches(parts: Parts, registry: list[Meter], size: int) -> list[tuple[Parts, list[Meter]]]:
    """Meters in batches with their rows; open at both ends, so that rows of unregistered meters are in one of them."""
    starts = list(range(0, len(registry), size)) or [0]
    batches = []
    name = nw.col("meter_id")
    for start in starts:
        rows, after = parts, start + size
        if start > 0:
            rows = rows.where(name >= registry[start].meter_id)
        if after < len(registry):
            before_next = name < registry[after].meter_id
            rows = rows.where(before_next | name.is_null() if start == 0 else before_next)
        batches.append((rows, registry[start:after]))
    return batches


@dataclass(frozen=True)
class _Batch(StagedMonth):
    """Some meters before estimation: their tables, the hours with unknown seconds, and the long stretches."""

    gaps: pl.DataFrame
    long: pl.DataFrame


def _stage_batch(parts: Parts, meters: list[Meter], options: Mapping[str, Any]) -> _Batch:
    engine = options["engine"]
    rows = read_rows(parts, meters, **options)
    judgement = judge_all(rows.good, meters, engine)
    limits = {m: measured_limit_s(step) for m, step in judgement.steps.items()}
    legs = legs_in_month(judgement, limits, meters)
    known = hourly(legs, judgement.sums, meters)
    # by one number: twice as fast as by two columns
    beside = known.with_columns(key=hour_key()).drop("m", "hour_s")
    hours = with_states(_grid(meters).with_columns(key=hour_key()).join(beside, on="key", how="left", maintain_order="left").drop("key"))
    outcome = Outcome(rows, whole_rows(parts, judgement.rejected_rows, meters, engine), judgement, meters, options["month"])
    return _Batch(
        energy=_energy(hours, meters, options["month"]),
        rejected=rejected_of(outcome),
        facts=facts_of(hours, outcome),
        anomalies=anomalies_of(outcome),
        gaps=gaps(hours, judgement, limits, meters),
        long=long_stretches(legs, meters),
    )


def _uncertain_days(fills: Fills, energy: pl.DataFrame, month: str) -> pl.DataFrame:
    """An anomaly for each meter and year whose like days were chosen without knowing the year's public holidays."""
    sites = energy.select("meter_id", "hour_s", "site_id")
    found = fills.uncertain.join(sites, on=["meter_id", "hour_s"]).group_by("site_id", "meter_id", "year").agg(pl.col("hour_s").min())
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


def _energy(hours: pl.DataFrame, meters: Sequence[Meter], month: str) -> pl.DataFrame:
    """staging/interval_energy."""
    names = [(m, meter.meter_id) for m, meter in enumerate(meters)]
    table = pl.DataFrame(names, schema={"m": pl.Int64, "meter_id": pl.String}, orient="row")
    full = hours.join(table, on="m", how="left", maintain_order="left")
    return full.with_columns(pl.col("n_readings").fill_null(0), month=pl.lit(month)).select(list(ENERGY)).cast(ENERGY)  # type: ignore[arg-type]
