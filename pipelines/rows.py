"""The rows of landed files behind a meter and a month, with the text that stands in the kept file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from assets.raw.decode import Decoded, decode
from assets.raw.formats import raw_texts
from resources.calendar import add_months, month_bounds_s, month_range, offsets
from resources.digest import PREFIX, digest_file
from resources.errors import GciError
from resources.home import Home

_DAY_S = 86_400
_BACK_S, _AHEAD_S = 40 * _DAY_S, 10 * _DAY_S


@dataclass(frozen=True)
class MeterRows:
    """Rows of one meter: those of the month and the nearest one on either side (``edge_count``), sorted by instant."""

    meter_id: str
    frame: pl.DataFrame  # entry, source_row, at_s (UTC)
    edge_count: int
    files: list[dict[str, Any]]  # entry, name, digest, rows

    def with_raw_text(self, home: Home, shown: pl.DataFrame) -> list[dict[str, Any]]:
        """The chosen rows with the text of the kept file, column by column as its header names them; of a metering standard the line."""
        settings = home.settings.feeds.get("meter_readings")
        forced = settings.encoding if settings else "auto"
        found = []
        for file in self.files:
            wanted = shown.filter(pl.col("entry") == file["entry"])["source_row"].to_list()
            if not wanted:
                continue
            named = {k: file[k] for k in ("entry", "name", "digest")}
            kept = home.lake.file_path(file["digest"])
            standard = raw_texts(_kept_bytes(kept, file["name"]), file["name"], set(wanted))
            if standard is not None:
                found += [named | {"source_row": number, "raw": raw} for number, raw in sorted(standard.items())]
                continue
            text = _text(kept, file["name"], forced)
            for row in text.frame.filter(pl.col("source_row").is_in(wanted)).iter_rows(named=True):
                raw = {name: row[f"c{number}"] for number, name in enumerate(text.header)}
                found.append(named | {"source_row": row["source_row"], "raw": raw})
        return found


def row_texts(home: Home, wanted: set[tuple[int, int]], files: Mapping[int, tuple[str, str]]) -> dict[tuple[int, int], dict[str, Any]]:
    """The text of rows of the kept files, column by column as their headers name them, by ``(entry, source_row)``.

    ``files``: name (``feed/file``) and digest by entry.
    """
    found: dict[tuple[int, int], dict[str, Any]] = {}
    for entry in sorted({entry for entry, _ in wanted}):
        name, digest = files[entry]
        feed = home.settings.feeds.get(name.split("/", 1)[0])
        text = _text(home.lake.file_path(digest), name, feed.encoding if feed else "auto")
        rows = [row for n, row in wanted if n == entry]
        for row in text.frame.filter(pl.col("source_row").is_in(rows)).iter_rows(named=True):
            found[entry, row["source_row"]] = {column: row[f"c{number}"] for number, column in enumerate(text.header)}
    return found


@lru_cache(maxsize=4)  # the meters of a site mostly stand in the same few files
def _kept_bytes(kept: Path, name: str) -> bytes:
    if not kept.exists() or digest_file(kept) != f"{PREFIX}{kept.name}":
        raise GciError(f"The kept file of {name} is not what was landed. Run 'gci verify'.")
    return kept.read_bytes()


@lru_cache(maxsize=4)
def _text(kept: Path, name: str, encoding: str) -> Decoded:
    return decode(_kept_bytes(kept, name), name, encoding=encoding)


def meter_rows(home: Home, site_id: str, month: str, meter_id: str) -> MeterRows:
    """All landed rows of a meter that its month can use, as far as the log the month was computed from goes."""
    stored = home.ledger.manifest(month, "staging/interval_energy")
    as_of = stored.as_of if stored else home.ledger.head()[0]
    zone = _zone(home, site_id, month)
    start_s, end_s = month_bounds_s(month, zone)
    first_s, last_s = start_s - _BACK_S - _DAY_S, end_s + _AHEAD_S + _DAY_S
    parts = home.ledger.parts("meter_readings", as_of, month_range(add_months(month, -2), add_months(month, 1)))
    frames = [
        home.lake.scan("parts/meter_readings", part.month, part.file_digest)
        .filter(pl.col("meter_id") == meter_id)
        # a row without a readable time belongs to the month whose part holds it
        .filter(pl.col("at_s").is_between(first_s, last_s) | (pl.col("at_s").is_null() & (part.month == month)))
        .select(pl.lit(part.entry, pl.Int64).alias("entry"), "source_row", "at_s", "zoned")
        for part in parts
    ]
    empty = pl.DataFrame(schema={"entry": pl.Int64, "source_row": pl.Int64, "at_s": pl.Int64, "zoned": pl.Boolean})
    rows = pl.concat([empty.lazy(), *frames]).collect()
    feed = home.settings.feeds.get("meter_readings")
    rows = rows.with_columns(_utc((feed and feed.timezone) or zone, first_s, last_s)).sort("at_s", "entry", "source_row")
    inside = rows.filter(pl.col("at_s").is_between(start_s, end_s, closed="left") | pl.col("at_s").is_null())
    before = rows.filter(pl.col("at_s").is_between(start_s - _BACK_S, start_s, closed="left")).tail(1)
    after = rows.filter(pl.col("at_s").is_between(end_s, end_s + _AHEAD_S)).head(1)
    chosen = pl.concat([before, inside, after])
    counts = dict(chosen.group_by("entry").len().iter_rows())
    files = [
        {"entry": e.n, "name": e.name, "digest": e.digest, "rows": counts[e.n]}
        for e in home.ledger.entries(kinds=["file"], as_of=as_of)
        if e.n in counts
    ]
    return MeterRows(meter_id, chosen.select("entry", "source_row", "at_s"), before.height + after.height, files)


def _zone(home: Home, site_id: str, month: str) -> str:
    rows = home.ledger.rows("result", month=month, entity_id=site_id, window="month")
    zone: str = json.loads(rows[0]["payload"])["timezone"]
    return zone


def _utc(zone: str, first_s: int, last_s: int) -> pl.Expr:
    """Stated instants as UTC: what carried no offset is in the feed's zone, else the site's."""
    stated = pl.col("at_s")
    shift = pl.lit(None, pl.Int64)
    for from_s, offset_s in offsets(zone, first_s - _DAY_S, last_s + _DAY_S):
        shift = pl.when(stated - offset_s >= from_s).then(pl.lit(offset_s, pl.Int64)).otherwise(shift)
    return pl.when(pl.col("zoned")).then(stated).otherwise(stated - shift).alias("at_s")
