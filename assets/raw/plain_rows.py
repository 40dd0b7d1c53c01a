"""Rows of the feeds as plain dicts at a point of the log, typed and judged without pandas: for commands that only read.

The same answer as the typed feeds (``feeds.py``), which the computations use, found by a second way: cells are read by the same
functions (``cells.py``), what breaks a contract and which row of a key stands is decided here on polars. A test holds both together, and a
trace that is built on these rows compares what they come to with what was published.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from zoneinfo import available_timezones

import polars as pl

from assets.raw.breaches import Breach, breach_of
from assets.raw.cells import filled, read_cells, stated_cells, texts_of
from assets.raw.standing import EVENTS, standing_events
from checks.contracts.base import Column, Contract
from checks.contracts.registry import FEEDS
from resources.calendar import month_first_day, offsets, zone
from resources.home import Home
from resources.settings import Settings

_DAY_S = 86_400
Row = dict[str, Any]


@dataclass(frozen=True)
class PlainFeeds:
    """The feeds of a home as far as the log's first ``as_of`` entries go. ``settings`` are those in force then."""

    home: Home
    as_of: int
    settings: Settings
    _rows: dict[tuple[str, tuple[str, ...] | None], pl.DataFrame] = field(default_factory=dict)
    _dicts: dict[str, list[Row]] = field(default_factory=dict)

    def __getitem__(self, feed: str) -> list[Row]:
        """The rows of a feed that count: valid, and of each key the one that stands; columns of the contract, ``entry``, ``source_row``."""
        if feed not in self._dicts:
            self._dicts[feed] = self.counting(feed).to_dicts()
        return self._dicts[feed]

    def counting(self, feed: str, months: Sequence[str] | None = None) -> pl.DataFrame:
        """The same as a frame; of a feed that is split by month the parts of some ``months`` only."""
        frame = self.rows(feed, months)
        return frame.filter(pl.col("stands")).drop("stands", "fault")

    def rows(self, feed: str, months: Sequence[str] | None = None) -> pl.DataFrame:
        """All landed rows of a feed, in the order they landed, typed as far as they can be read.

        Instants ``x`` stand as ``x_s`` (UTC). ``fault``: number of the first breach's column in the contract, null for a valid row;
        ``stands``: whether the row counts.
        """
        key = (feed, None if months is None else tuple(months))
        if key not in self._rows:
            text = [
                self.home.lake.read(f"parts/{feed}", part.month, part.file_digest).with_columns(entry=pl.lit(part.entry, pl.Int64))
                for part in self.home.ledger.parts(feed, self.as_of, months)
            ]
            empty = pl.DataFrame(schema={"entry": pl.Int64, "source_row": pl.Int64})
            landed = pl.concat([empty, *text], how="diagonal").sort("entry", "source_row")
            self._rows[key] = self._typed(FEEDS[feed], landed)
        return self._rows[key]

    @cached_property
    def landed(self) -> frozenset[str]:
        """Feeds of which any file was landed, be it empty."""
        return frozenset(str(entry.payload["feed"]) for entry in self.home.ledger.entries(kinds=["file"], as_of=self.as_of))

    @cached_property
    def evidence(self) -> dict[str, tuple[str, int]]:
        """Name of each landed document → its digest and log entry."""
        entries = self.home.ledger.entries(kinds=["evidence"], as_of=self.as_of)
        return {entry.name.removeprefix("evidence/"): (entry.digest, entry.n) for entry in entries}

    def valid_on(self, feed: str, key: str, day: str) -> list[Row]:
        """Rows in force on a day (YYYY-MM-DD): for each key the newest ``valid_from`` ≤ day, unless its ``valid_to`` < day; by key."""
        newest: dict[Any, Row] = {}
        for row in sorted(self[feed], key=lambda row: row["valid_from"]):
            if row["valid_from"] <= day:
                newest[row[key]] = row
        return [row for _, row in sorted(newest.items()) if (row.get("valid_to") or day) >= day]

    @cached_property
    def zones(self) -> dict[str, str]:
        """The time zone that each site names, by its newest row that names one."""
        named = [row for row in sorted(self["sites"], key=lambda row: row["valid_from"]) if row["timezone"]]
        return {row["site_id"]: row["timezone"] for row in named}

    @cached_property
    def _site_of_meter(self) -> dict[str, str]:
        return {row["meter_id"]: row["site_id"] for row in sorted(self["meters"], key=lambda row: row["valid_from"])}

    def _typed(self, contract: Contract, landed: pl.DataFrame) -> pl.DataFrame:
        first_day = month_first_day(self.settings.first_month).isoformat()
        values, unread, moved = _read(contract, landed, first_day)
        rows = pl.DataFrame([*values.values(), *moved.values()]).with_columns(landed["entry"], landed["source_row"])
        faults = [pl.when(_broken(column, unread[column.name])).then(pl.lit(n)) for n, column in enumerate(contract.columns)]
        rows = rows.with_columns(fault=pl.coalesce(faults))
        for column in contract.columns:
            if column.kind == "instant":
                rows = self._to_utc(rows, column.name, contract.name)
        return rows.with_columns(stands=_standing(contract, rows))

    def _to_utc(self, rows: pl.DataFrame, name: str, feed: str) -> pl.DataFrame:
        """``name`` as ``<name>_s``: by the stated offset, else the feed's zone, else the site's, else the home's."""
        own = self.settings.feeds.get(feed)
        if own and own.timezone:
            zones = pl.Series([own.timezone] * rows.height, dtype=pl.String)
        else:
            meters = rows["meter_id"] if "meter_id" in rows.columns else pl.Series([None] * rows.height, dtype=pl.String)
            sites = rows["site_id"] if "site_id" in rows.columns else pl.Series([None] * rows.height, dtype=pl.String)
            of = zip(sites, meters, strict=True)
            named = [self.zones.get(s or self._site_of_meter.get(m or "") or "", self.settings.timezone) for s, m in of]
            zones = pl.Series(named, dtype=pl.String)
        stated = pl.DataFrame({"zone": zones, "local": rows[name], "offset": rows[f"{name}{_OFFSET}"]})
        naive = stated.filter(pl.col("offset").is_null() & pl.col("local").is_not_null()).select("zone", "local").unique()
        known = pl.DataFrame(
            [(place, local, instant_of(local, place)) for place, local in naive.iter_rows()],
            schema={"zone": pl.String, "local": pl.Int64, "utc": pl.Int64}, orient="row",
        )  # fmt: skip
        found = stated.join(known, on=["zone", "local"], how="left", maintain_order="left")
        utc = found.select(pl.coalesce(pl.col("local") - pl.col("offset"), "utc")).to_series().alias(f"{name}_s")
        return rows.drop(name, f"{name}{_OFFSET}").with_columns(utc)


_OFFSET = "_offset_s"


def faults_of(feeds: PlainFeeds, feed: str, entry: int, source_row: int) -> list[Breach]:
    """What breaks the contract in one landed row, column by column; empty for a valid row."""
    contract = FEEDS[feed]
    parts = [part for part in feeds.home.ledger.parts_of(entry) if part.feed == feed]
    texts = [feeds.home.lake.read(f"parts/{feed}", part.month, part.file_digest) for part in parts]
    own = pl.concat(texts, how="diagonal").filter(pl.col("source_row") == source_row).with_columns(entry=pl.lit(entry, pl.Int64))
    values, unread, moved = _read(contract, own, month_first_day(feeds.settings.first_month).isoformat())
    rows = pl.DataFrame([*values.values(), *moved.values()])
    found = []
    for column in contract.columns:
        text = texts_of(own, column)[0]
        checks = _checks(column, unread[column.name])
        broken = rows.select(check.fill_null(False).alias(name) for name, check in checks.items()).row(0, named=True)
        found += [breach_of(0, column, text, name) for name, hit in broken.items() if hit][:1]
    return found


def instant_of(local_s: int, zone_name: str) -> int:
    """UTC of a stated wall-clock time (epoch seconds as if UTC): of a repeated hour the first, of one that never was the next that is."""
    moment = datetime.fromtimestamp(local_s, UTC).replace(tzinfo=zone(zone_name))
    utc = int(moment.timestamp())
    back = datetime.fromtimestamp(utc, UTC).astimezone(zone(zone_name)).replace(tzinfo=UTC)
    if int(back.timestamp()) == local_s:
        return utc
    return offsets(zone_name, utc - _DAY_S, utc + _DAY_S)[-1][0]


def _read(
    contract: Contract, landed: pl.DataFrame, first_day: str
) -> tuple[dict[str, pl.Series], dict[str, pl.Series], dict[str, pl.Series]]:
    """Values of the columns with defaults, which cells state something that can't be read, and the offsets of instants."""
    values: dict[str, pl.Series] = {}
    unread: dict[str, pl.Series] = {}
    moved: dict[str, pl.Series] = {}
    for column in contract.columns:
        texts = texts_of(landed, column)
        found, offset = read_cells(texts, column)
        unread[column.name] = found.is_null() & texts.is_not_null() & stated_cells(texts, column).is_not_null()
        values[column.name] = filled(found, unread[column.name], column, values, first_day).alias(column.name)
        if offset is not None:
            moved[column.name] = offset.cast(pl.Int64).alias(column.name + _OFFSET)
    return values, unread, moved


def _broken(column: Column, unread: pl.Series) -> pl.Expr:
    return pl.any_horizontal(check.fill_null(False) for check in _checks(column, unread).values())


def _checks(column: Column, unread: pl.Series) -> dict[str, pl.Expr]:
    """What a contract asks of a column, as what breaks it, by the names that ``breaches`` has words for."""
    value = pl.col(column.name)
    found: dict[str, pl.Expr] = {"kind": pl.lit(unread)}
    if column.required:
        found["not_nullable"] = value.is_null()
    if column.allowed:
        allowed = [int(one) for one in column.allowed] if column.kind == "integer" else list(column.allowed)
        found["isin"] = ~value.is_in(allowed)
    if column.min is not None:
        found["greater_than"] = value < column.min
    if column.max is not None:
        found["less_than"] = value > column.max
    if column.pattern is not None:
        found["str_matches"] = ~value.str.contains(f"^(?:{column.pattern})")
    if column.zone:
        found["time_zone"] = ~value.is_in(sorted(available_timezones()))
    if column.not_before:
        found["not_before"] = value < pl.col(column.not_before)
    if column.bounds_by:
        other, bounds = column.bounds_by
        for one, (low, high) in bounds.items():
            found[f"bounds:{one}:at least {low:g}:不得小于 {low:g}"] = (pl.col(other) == one) & (value < low)
            if high is not None:
                found[f"bounds:{one}:at most {high:g}:不得大于 {high:g}"] = (pl.col(other) == one) & (value > high)
    return found


def _standing(contract: Contract, rows: pl.DataFrame) -> pl.Series:
    """Which rows count: valid, and of their key the one that stands (``standing.py``)."""
    key = key_of(contract)
    numbered = rows.select(*key, "fault", *(("site_id", "replaces_site_id") if contract.name == EVENTS else ())).with_row_index("place")
    valid = numbered.filter(pl.col("fault").is_null())
    if contract.name == EVENTS:
        said: Iterable[tuple[int, tuple[Any, ...]]] = (
            (row[0], row[1:]) for row in valid.select("place", *key, "site_id", "replaces_site_id").iter_rows()
        )
        kept = standing_events(said, key)
    else:
        kept = valid.unique(subset=key, keep="last")["place"].to_list()
    stands = pl.Series("stands", [False]).new_from_index(0, rows.height)
    return stands.scatter(kept, True) if kept else stands


def key_of(contract: Contract) -> list[str]:
    """The key's columns as the rows name them."""
    return [f"{name}_s" if contract.by_name[name].kind == "instant" else name for name in contract.key]
