"""The raw step: what of the landed feeds belongs to a month, as digests.

The rows themselves stay in their parts; a raw asset is the list of them that matters to the month. Only what can change a
number of the month counts, so that a certificate of next year does not make this year be computed again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pandas as pd
import polars as pl

from assets.compute import Compute, Step
from assets.raw.feeds import Feeds
from assets.raw.late import cutoff_s, landed_of
from checks.contracts.names import RAW_TABLES
from resources.calendar import DAY_S, add_months, month_bounds_s, month_first_day, month_range
from resources.digest import digest_json
from resources.lake import ContentDigest
from resources.ledger import ENTRY, ONCE_KINDS

GROUPS = RAW_TABLES
# Readings of the month need the last one before it (40 days back) and the first one after it (10 days ahead).
_MONTHS_BACK, _MONTHS_AHEAD = 2, 1
_ROW = "row of the feed"
# What was made of a month at a moment of the log.
_Cache = OrderedDict[tuple[str, str, str], Any]
_CACHED = 256
_digests, _contents = _Cache(), _Cache()


def reading_months(month: str) -> list[str]:
    """The months whose parts can hold a reading that the month needs."""
    return month_range(add_months(month, -_MONTHS_BACK), add_months(month, _MONTHS_AHEAD))


def raw(compute: Compute) -> Step:
    """Manifests of the five raw assets of a month, and the rules of the contracts (CT01)."""
    return compute.put("raw", "raw", {}, {}, _judged(compute), digests=raw_digests(compute), own=raw_entries(compute))


def raw_entries(compute: Compute) -> dict[str, dict[str, str]]:
    """For each raw asset the files that its month is made of: ``entry <number in the log>`` and the digest of the file.

    A file counts when a row of it belongs to the month, or a refused one (their number is part of the digest); a file without rows, because
    an empty table says something; a document that evidence may name.
    """
    known = {entry.n: entry for entry in compute.home.ledger.entries(kinds=ONCE_KINDS, as_of=compute.as_of)}
    filled = compute.home.ledger.filled_entries(compute.as_of)
    found: dict[str, set[int]] = {name: set() for name in GROUPS}
    for name, feeds in GROUPS.items():
        for feed in feeds:
            found[name] |= _reading_entries(compute) if feed == "meter_readings" else _entries(compute, feed)
        found[name] |= {n for n, e in known.items() if e.kind == "file" and e.payload["feed"] in feeds and n not in filled}
    for month in {month for months in claim_periods(compute) for month in months}:  # see raw_digests
        other = Compute(compute.home, month, compute.as_of)
        for feed in GROUPS["raw/green_power"]:
            found["raw/green_power"] |= _entries(other, feed)
        found["raw/green_power"] |= _reading_entries(other)
    evidence = set(compute.feeds.evidence.items())
    found["raw/activities"] |= {n for n, e in known.items() if e.kind == "evidence" and (e.name.split("/", 1)[-1], e.digest) in evidence}
    return {name: {f"{ENTRY} {n}": known[n].digest for n in sorted(numbers)} for name, numbers in found.items()}


def _reading_entries(compute: Compute) -> set[int]:
    return {part.entry for part in compute.home.ledger.parts("meter_readings", compute.as_of, reading_months(compute.month))}


def _entries(compute: Compute, feed: str) -> set[int]:
    rejected = compute.feeds.rejected
    rows = (_of_month(compute, feed)["entry"], rejected.loc[rejected["feed"] == feed, "entry"])
    return {int(n) for column in rows for n in column.unique()}


def raw_digests(compute: Compute) -> dict[str, tuple[str, int]]:
    """For each raw asset the digest of what of it belongs to the month, and its number of rows; kept for the month's fingerprint."""
    found: dict[str, tuple[str, int]] = _kept(_digests, compute, _raw_digests)
    return found


def _kept(cache: _Cache, compute: Compute, made: Callable[[Compute], Any]) -> Any:
    key = (str(compute.home.root), compute.home.ledger.head(compute.as_of)[1], compute.month)
    if key not in cache:
        cache[key] = made(compute)
        while len(cache) > _CACHED:
            cache.popitem(last=False)
    return cache[key]


def _raw_digests(compute: Compute) -> dict[str, tuple[str, int]]:
    found: dict[str, tuple[str, int]] = {}
    for name, feeds in GROUPS.items():
        digests, rows = {}, 0
        for feed in feeds:
            digests[feed], count = _readings(compute) if feed == "meter_readings" else _feed(compute, feed)
            rows += count
        if name == "raw/green_power" and (periods := _claim_periods(compute)):
            digests["periods"] = digest_json(periods)  # such claims are shared out by what happened in all their months
        if name == "raw/activities":  # documents count with the practices and claims that name them
            digests["evidence"] = digest_json(dict(compute.feeds.evidence))
        found[name] = (digest_json(digests), rows)
    return found


def _readings(compute: Compute) -> tuple[str, int]:
    parts = compute.home.ledger.parts("meter_readings", compute.as_of, reading_months(compute.month))
    own = sum(part.rows for part in parts if part.month == compute.month)
    return digest_json(sorted([part.month, part.digest] for part in parts)), own


def _feed(compute: Compute, feed: str) -> tuple[str, int]:
    feeds, rows = compute.feeds, _of_month(compute, feed).index
    landed = feed in feeds.landed  # an empty table says something, an absent one does not
    rejected = int((feeds.rejected["feed"] == feed).sum())
    return digest_json([landed, rejected, _text_digest(feeds, feed, rows)]), len(rows)


def _text_digest(feeds: Feeds, feed: str, rows: pd.Index[Any]) -> str:
    """Digest of some rows of a feed as text; that of all of them is kept with the texts."""
    key = ("texts", feed)
    if key not in feeds.kept:
        texts = _texts(feeds, feed)
        feeds.kept[key] = texts, _content_of(texts)
    texts, whole = feeds.kept[key]
    if len(rows) == texts.height:
        return str(whole)
    return _content_of(texts.filter(pl.col(_ROW).is_in(rows.to_list())))


def _content_of(texts: pl.DataFrame) -> str:
    said = texts.drop(_ROW)
    digest = ContentDigest(said.schema)
    digest.count(said)
    return digest.content


def _texts(feeds: Feeds, feed: str) -> pl.DataFrame:
    """A feed as text, in the order of its content, with the place of each row in the feed (_ROW)."""
    frame = feeds[feed]
    text = frame.drop(columns=["entry", "source_row"]).astype(object).where(frame.notna(), None)
    for column, blank in feeds.assumed[feeds.assumed["feed"] == feed].groupby("column"):
        where = pd.MultiIndex.from_frame(frame[["entry", "source_row"]]).isin(pd.MultiIndex.from_frame(blank[["entry", "source_row"]]))
        text.loc[where, column] = None  # ME04 tells a blank from a stated 1
    columns = {name: [None if v is None else str(v) for v in text[name]] for name in sorted(text.columns)}
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)).with_row_index(_ROW).sort(list(columns), nulls_last=False)


def _of_month(compute: Compute, feed: str) -> pd.DataFrame:
    """The rows of a feed that can change a number of the month."""
    if ("raw", feed) not in compute.kept:
        compute.kept["raw", feed] = _chosen(compute, feed, compute.feeds[feed])
    rows: pd.DataFrame = compute.kept["raw", feed]
    return rows


def _chosen(compute: Compute, feed: str, frame: pd.DataFrame) -> pd.DataFrame:
    month, last_day = compute.month, compute.last_day
    if feed in ("racks", "devices"):
        # 31 days for a snapshot carried forward; a year more for racks that are gone since (staging/inventory.py)
        earliest = month_first_day(add_months(month, -14 if feed == "racks" else -1)).isoformat()
        latest = f"{add_months(month, 1)}-05"
        return frame[(frame["snapshot_on"] >= earliest) & (frame["snapshot_on"] <= latest)]
    if feed == "activities":
        return frame[frame["month"] == month]
    if feed == "ppa_settlements":  # also those of earlier months whose certificates are used in this one
        return frame[frame["month"].isin({month, *(produced for _, produced in _used(compute))})]
    if feed in ("utilisation", "telemetry"):
        start_s, end_s = month_bounds_s(month, compute.settings.timezone)
        return frame[(frame["at_s"] >= start_s - DAY_S) & (frame["at_s"] < end_s + DAY_S)]  # a day more: sites may keep other zones
    if feed == "tariffs":
        return frame[frame["valid_from"] <= last_day]
    if feed == "practices":
        return frame[frame["assessed_on"] <= last_day]  # also those too old to score: a rule names them (TL10)
    if feed in ("certificates", "certificate_events"):
        return ranges_of_month(compute, frame)
    return frame


def ranges_of_month(compute: Compute, frame: pd.DataFrame) -> pd.DataFrame:
    """Certificate rows of every project-month that is consumed or produced in the month: one range may have two claims.

    What was produced before the first month with readings belongs to that month: such certificates may still be held.
    """
    month, touched = compute.month, _used(compute)
    before = month if (frame["production_month"] < month).any() and _is_first(compute) else ""
    pairs = zip(frame["project_code"], frame["production_month"], strict=True)
    return frame[pd.Series([pair in touched or pair[1] == month or pair[1] < before for pair in pairs], index=frame.index, dtype=bool)]


def _is_first(compute: Compute) -> bool:
    """Whether no month of the home before this one has landed readings."""
    parts = compute.home.ledger.parts("meter_readings", compute.as_of)
    return compute.month == min((part.month for part in parts if part.month >= compute.settings.first_month), default="")


def _used(compute: Compute) -> set[tuple[Any, Any]]:
    """Projects and production months whose certificates something is said about for consumption in the month."""
    month, events = compute.month, compute.feeds["certificate_events"]
    first = events["consumption_start"].fillna(events["consumption_month"])
    last = events["consumption_end"].fillna(events["consumption_month"])
    consumed = events[((first <= month) & (last >= month)).fillna(False)]
    return set(zip(consumed["project_code"], consumed["production_month"], strict=True))


def claim_periods(compute: Compute) -> list[list[str]]:
    """The periods of more than one month, with the month among them, that certificates were cancelled for: their months, sorted.

    Only those whose every month belongs to the home and has landed readings: else nobody can know what was uncovered in all of them.
    """
    events = compute.feeds["certificate_events"]
    cancelled = events[events["kind"] == "cancel"]
    first = cancelled["consumption_start"].fillna(cancelled["consumption_month"])
    last = cancelled["consumption_end"].fillna(cancelled["consumption_month"])
    several = cancelled[((first < last) & (first <= compute.month) & (last >= compute.month)).fillna(False)].index
    if several.empty:
        return []
    landed = {part.month for part in compute.home.ledger.parts("meter_readings", compute.as_of)}
    periods = [month_range(*ends) for ends in sorted(set(zip(first[several], last[several], strict=True)))]
    return [months for months in periods if months[0] >= compute.settings.first_month and landed.issuperset(months)]


def _claim_periods(compute: Compute) -> list[Any]:
    """What can change how the claims of ``claim_periods`` are shared out over their months: readings and green power of each."""
    return [
        [[month, _kept(_contents, Compute(compute.home, month, compute.as_of), _content)] for month in months]
        for months in claim_periods(compute)
    ]


def _content(compute: Compute) -> list[str]:
    """Digests of a month's readings and of its feeds of green power."""
    return [_readings(compute)[0], *(_feed(compute, feed)[0] for feed in GROUPS["raw/green_power"])]


def _judged(compute: Compute) -> dict[str, Any]:
    feeds = compute.feeds
    return {
        "feeds_rejected": feeds.rejected,
        "feeds_conflicts": feeds.conflicts,
        "feeds_counts": feeds.counts,
        "feeds_landed": pd.DataFrame({"feed": sorted(feeds.landed)}),
        "sites": compute.judged_sites,
        "late_entries": landed_of(compute.home, compute.month, compute.as_of, _sites_of_meters(compute), _cutoffs(compute)),
    }


def _sites_of_meters(compute: Compute) -> dict[str, str]:
    """The site of each meter, by its newest row that began by the end of the month."""
    rows = compute.feeds["meters"].sort_values("valid_from", kind="stable")
    begun = rows[rows["valid_from"] <= compute.last_day]
    return dict(zip(begun["meter_id"], begun["site_id"], strict=True))


def _cutoffs(compute: Compute) -> dict[str, int]:
    """The first second after the month's cut-off at each site."""
    return {site: cutoff_s(compute.month, compute.settings.cutoff_day, zone) for site, zone in compute.site_zones.items()}
