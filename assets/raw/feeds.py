"""The typed feeds of a home at a point of the log.

Everything that people dropped, except readings, as valid tables: text typed by the contracts, zones applied, the later row of a
key winning. Readings are far larger and are typed when they land: ``readings_text.py``; staging reads their parts.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from assets.raw.headers import check_feed_settings, nearest
from assets.raw.standing import standing
from assets.raw.typed import OFFSET, Typed, type_rows
from checks.contracts.base import Contract
from checks.contracts.registry import FEEDS
from checks.findings import rows_of
from resources.calendar import month_first_day
from resources.digest import canonical_json
from resources.home import Home
from resources.ledger import Part
from resources.settings import Settings

COUNTS = ("feed", "site_id", "rows")
REJECTED = ("feed", "site_id", "rule_code", "column", "seen", "reason_en", "reason_zh", "entry", "source_row")
CONFLICTS = ("feed", "site_id", "key", "entry", "source_row")
ASSUMED = ("feed", "column", "entry", "source_row")
TYPED = tuple(name for name in FEEDS if name != "meter_readings")


@dataclass(frozen=True)
class Feeds:
    """All typed feeds; shared between callers, so never change a frame in place.

    ``rejected``: one row for each cell that breaks its contract (CT01), until a later row has the same key; count rows by (entry,
    source_row). ``conflicts``: rows that another row of the same entry with the same key and other values overruled. ``counts``: rows
    by feed and site, valid and rejected. ``landed``: feeds of which a file was landed, be it empty. ``evidence``: file name → digest
    of landed documents. ``assumed``: numbers that were left blank and have the contract's default (a multiplier of 1).
    """

    tables: Mapping[str, pd.DataFrame]
    rejected: pd.DataFrame
    conflicts: pd.DataFrame
    counts: pd.DataFrame
    landed: frozenset[str]
    evidence: Mapping[str, str]
    assumed: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(ASSUMED)))

    def __getitem__(self, feed: str) -> pd.DataFrame:
        """The typed table of a feed (docs/architecture.md); KeyError for a name that is none."""
        if feed not in self.tables:
            raise KeyError(f"no typed feed '{feed}'.{nearest(feed, TYPED)}")
        return self.tables[feed]

    def rows(self, feed: str) -> list[dict[str, Any]]:
        """The rows of a typed feed as plain dicts, every kind of null as None; made once and shared, so never change one."""
        if feed not in self._rows:
            self._rows[feed] = rows_of(self[feed])
        return self._rows[feed]

    @cached_property
    def _rows(self) -> dict[str, list[dict[str, Any]]]:
        return {}

    @cached_property
    def kept(self) -> dict[Any, Any]:
        """What was made of the feeds for one month and is the same for all, by a key of the maker's."""
        return {}


_cache: OrderedDict[tuple[str, str, str], Feeds] = OrderedDict()
_CACHED = 4


def load(home: Home, as_of: int, settings: Settings | None = None) -> Feeds:
    """Type the feeds from the log's first ``as_of`` entries. The answer is kept for the next call: a backfill asks for every month.

    ``settings`` are those in force then (default: the home's of now). UsageError when they name an unknown feed; GciError when a part
    is missing from the lake.
    """
    settings = settings or home.settings
    check_feed_settings(settings)
    zones = {feed: values.timezone for feed, values in settings.feeds.items()}
    key = (str(home.root), home.ledger.head(as_of)[1], canonical_json([settings.first_month, settings.timezone, zones]))
    if key not in _cache:
        _cache[key] = _load(home, as_of, settings)
        while len(_cache) > _CACHED:
            _cache.popitem(last=False)
    _cache.move_to_end(key)
    return _cache[key]


def valid_on(frame: pd.DataFrame, key: str | Sequence[str], day: str | date) -> pd.DataFrame:
    """Rows in force on a day: for each key the newest ``valid_from`` ≤ day, unless its ``valid_to`` (where there is one) < day.

    ``key`` names the columns of the feed's key other than ``valid_from``.
    """
    columns, text = [key] if isinstance(key, str) else list(key), str(day)
    begun = frame[frame["valid_from"] <= text].sort_values("valid_from", kind="stable")
    newest = begun.drop_duplicates(columns, keep="last").sort_values(columns, kind="stable")
    if "valid_to" in newest:
        newest = newest[newest["valid_to"].isna() | (newest["valid_to"].fillna("") >= text)]
    return newest.reset_index(drop=True)


def text_frame(home: Home, part: Part) -> pl.DataFrame:
    """One part as it was landed, with its ``entry``."""
    return home.lake.read(f"parts/{part.feed}", part.month, part.file_digest).with_columns(entry=pl.lit(part.entry, dtype=pl.Int64))


def feed_text(home: Home, feed: str, as_of: int) -> pl.DataFrame:
    """All landed rows of a feed as text, in the order of the log."""
    frames = [text_frame(home, part) for part in home.ledger.parts(feed, as_of)]
    if not frames:
        return pl.DataFrame(schema={"entry": pl.Int64, "source_row": pl.Int64})
    return pl.concat(frames, how="diagonal").sort("entry", "source_row")


def _load(home: Home, as_of: int, settings: Settings) -> Feeds:
    first_day = month_first_day(settings.first_month).isoformat()
    places = _Places(settings)
    tables: dict[str, pd.DataFrame] = {}
    rejected: list[pd.DataFrame] = []
    conflicts: list[pd.DataFrame] = []
    counts: list[pd.DataFrame] = []
    assumed: list[pd.DataFrame] = []
    for feed in TYPED:  # sites and meters come before the feeds that need them
        text = feed_text(home, feed, as_of)
        if text.is_empty():
            tables[feed] = _empty(feed).copy()
            continue
        contract = FEEDS[feed]
        typed = type_rows(contract, text, first_day)
        rows = places.to_utc(typed.rows, contract)
        blank = typed.rows.loc[[row for row, _ in typed.assumed], ["entry", "source_row"]]
        assumed.append(blank.assign(feed=feed, column=[column for _, column in typed.assumed])[list(ASSUMED)])
        key = _key(contract)
        valid = rows[~typed.broken].sort_values(["entry", "source_row"], kind="stable")
        kept = standing(feed, valid, key)
        tables[feed] = kept.reset_index(drop=True)
        places.learn(feed, tables[feed])
        refused = _refused(typed, rows, contract, key, places)
        overruled = _overruled(valid, key)
        overruled = overruled[~overruled.index.isin(kept.index)]
        lost_at = pd.Series(places.sites_of(overruled), index=overruled.index, dtype=object)
        conflicts.append(overruled.assign(feed=feed, site_id=lost_at)[list(CONFLICTS)])
        rejected.append(refused.assign(feed=feed)[list(REJECTED)])
        sites = [*places.sites_of(tables[feed]), *refused.drop_duplicates(["entry", "source_row"])["site_id"]]
        counts.append(pd.Series(sites, dtype=object).value_counts().rename_axis("site_id").reset_index(name="rows").assign(feed=feed))
    entries = home.ledger.entries(kinds=("file", "evidence"), as_of=as_of)
    return Feeds(
        tables=tables,
        rejected=_joined(rejected, REJECTED),
        conflicts=_joined(conflicts, CONFLICTS),
        counts=_joined(counts, COUNTS),
        landed=frozenset(str(entry.payload["feed"]) for entry in entries if entry.kind == "file"),
        evidence={entry.name.removeprefix("evidence/"): entry.digest for entry in entries if entry.kind == "evidence"},
        assumed=_joined(assumed, ASSUMED),
    )


@cache
def _empty(feed: str) -> pd.DataFrame:
    """The typed table of a feed without rows."""
    nothing = pl.DataFrame(schema={"entry": pl.Int64, "source_row": pl.Int64})
    return _Places(Settings()).to_utc(type_rows(FEEDS[feed], nothing, "").rows, FEEDS[feed])


def _key(contract: Contract) -> list[str]:
    """The key's columns as a typed table names them."""
    return [f"{name}_s" if contract.by_name[name].kind == "instant" else name for name in contract.key]


def _joined(frames: list[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True)[list(columns)] if filled else pd.DataFrame(columns=list(columns))


def _refused(typed: Typed, rows: pd.DataFrame, contract: Contract, key: list[str], places: _Places) -> pd.DataFrame:
    """The breaches with their places, without the rows that a later one with the same key has put right."""
    unread = {breach.row for breach in typed.breaches if breach.column in contract.key}
    ordered = rows.sort_values(["entry", "source_row"], kind="stable")
    replaced = set(ordered.index[ordered.duplicated(key, keep="last")]) - unread
    sites = places.sites_of(rows)
    found = [
        {
            "site_id": sites[breach.row], "rule_code": "CT01", "column": breach.column, "seen": breach.seen, "reason_en": breach.reason_en,
            "reason_zh": breach.reason_zh, "entry": rows["entry"].iloc[breach.row], "source_row": rows["source_row"].iloc[breach.row],
        }
        for breach in typed.breaches
        if breach.row not in replaced
    ]  # fmt: skip
    return pd.DataFrame(found, columns=[name for name in REJECTED if name != "feed"])


class _Places:
    """Which site a row belongs to and which zone its clock keeps."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.zone_of_site: dict[str, str] = {}
        self.site_of_meter: dict[str, str] = {}

    def learn(self, feed: str, rows: pd.DataFrame) -> None:
        ordered = rows.sort_values("valid_from", kind="stable") if feed in ("sites", "meters") else rows
        if feed == "sites":
            named = ordered[ordered["timezone"].notna()]
            self.zone_of_site = dict(zip(named["site_id"], named["timezone"], strict=True))
        elif feed == "meters":
            self.site_of_meter = dict(zip(ordered["meter_id"], ordered["site_id"], strict=True))

    def sites_of(self, rows: pd.DataFrame) -> list[str | None]:
        """The site of each row: its own, else its meter's, else None."""
        none = [None] * len(rows)
        own = rows["site_id"].tolist() if "site_id" in rows else none
        meters = rows["meter_id"].tolist() if "meter_id" in rows else none
        pairs = zip(own, meters, strict=True)
        return [site if isinstance(site, str) else self.site_of_meter.get(meter) for site, meter in pairs]

    def to_utc(self, rows: pd.DataFrame, contract: Contract) -> pd.DataFrame:
        """Instants ``x`` as ``x_s`` in UTC epoch seconds: by the stated offset, else the feed's zone, else the site's, else the home's.

        Of a repeated hour the first is taken; a clock time that does not exist moves to the next that does. Feeds split by an instant
        get ``month``, site-local.
        """
        for column in [column.name for column in contract.columns if column.kind == "instant"]:
            feed = self.settings.feeds.get(contract.name)
            own = np.array([self.zone_of_site.get(site or "") or self.settings.timezone for site in self.sites_of(rows)], dtype=object)
            utc, month = rows[column] - rows[column + OFFSET], pd.Series([None] * len(rows), index=rows.index, dtype=object)
            stated = np.full(len(rows), feed.timezone, dtype=object) if feed and feed.timezone else own
            for zone in dict.fromkeys(stated):
                naive = utc.isna() & rows[column].notna() & (stated == zone)
                wall = pd.to_datetime(rows.loc[naive, column].astype("int64"), unit="s")
                moment = wall.dt.tz_localize(zone, ambiguous=np.ones(len(wall), dtype=bool), nonexistent="shift_forward")
                utc[naive] = moment.dt.tz_convert("UTC").astype("datetime64[s, UTC]").astype("int64")
            for zone in dict.fromkeys(own):
                local = pd.to_datetime(utc[utc.notna() & (own == zone)].astype("int64"), unit="s", utc=True).dt.tz_convert(zone)
                number = local.dt.year * 100 + local.dt.month
                month[local.index] = number.map({n: f"{n // 100:04d}-{n % 100:02d}" for n in number.unique()})
            rows = rows.assign(**{column: utc}).drop(columns=column + OFFSET).rename(columns={column: f"{column}_s"})
            if column == contract.time_column:
                rows = rows.assign(month=month)
        return rows


def _overruled(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Rows with the key of a later row of the same entry but other values, with the key as text in ``key``."""
    within = ["entry", *key]
    lost = rows[rows.duplicated(within, keep="last")]
    content = [name for name in rows.columns if name not in ("entry", "source_row")]
    winners: dict[tuple[object, ...], tuple[object, ...]] = {}
    if len(lost):
        ends = rows[rows.duplicated(within, keep=False)].drop_duplicates(within, keep="last")
        winners = {_said(row, within): _said(row, content) for row in ends.to_dict("records")}
    differ = [winners[_said(row, within)] != _said(row, content) for row in lost.to_dict("records")]
    lost = lost[np.array(differ, dtype=bool)]
    return lost.assign(key=[", ".join(f"{name}={row[name]}" for name in key) for row in lost.to_dict("records")])


def _said(row: Mapping[Hashable, Any], names: Sequence[str]) -> tuple[object, ...]:
    """Values of a row, with one unknown for every kind of null."""
    return tuple(None if pd.isna(row[name]) else row[name] for name in names)
