"""The rows of landed files behind a meter and a month, with the text that stands in the kept file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import polars as pl

from assets.raw.decode import decode
from assets.raw.formats import raw_texts
from resources.calendar import add_months, month_bounds_s, month_range, offsets
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
            data = home.lake.file_path(file["digest"]).read_bytes()
            named = {k: file[k] for k in ("entry", "name", "digest")}
            standard = raw_texts(data, file["name"], set(wanted))
            if standard is not None:
                found += [named | {"source_row": number, "raw": raw} for number, raw in sorted(standard.items())]
                continue
            text = decode(data, file["name"], encoding=forced)
            for row in text.frame.filter(pl.col("source_row").is_in(wanted)).iter_rows(named=True):
                raw = {name: row[f"c{number}"] for number, name in enumerate(text.header)}
                found.append(named | {"source_row": row["source_row"], "raw": raw})
        return found


def meter_rows(home: Home, site_id: str, month: str, meter_id: str) -> MeterRows:
    """All landed rows of a meter that its month can use, as far as the log the month was computed from goes."""
    stored = home.ledger.manifest(month, "staging/interval_energy")
    as_of = stored.as_of if stored else home.ledger.head()[0]
    zone = _zone(home, site_id, month)
    start_s, end_s = month_bounds_s(month, zone)
    parts = home.ledger.parts("meter_readings", as_of, month_range(add_months(month, -2), add_months(month, 1)))
    frames = [
        home.lake.scan("parts/meter_readings", part.month, part.file_digest)
        .filter(pl.col("meter_id") == meter_id)
        .select(pl.lit(part.entry, pl.Int64).alias("entry"), "source_row", "at_s", "zoned")
        for part in parts
    ]
    empty = pl.DataFrame(schema={"entry": pl.Int64, "source_row": pl.Int64, "at_s": pl.Int64, "zoned": pl.Boolean})
    rows = pl.concat([empty.lazy(), *frames]).collect()
    rows = rows.with_columns(_utc(zone, start_s, end_s)).sort("at_s", "entry", "source_row")
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


def _utc(zone: str, start_s: int, end_s: int) -> pl.Expr:
    """Stated instants as UTC: what carried no offset is in the site's zone."""
    expression = pl.col("at_s")
    shift = pl.lit(None, pl.Int64)
    for from_s, offset_s in offsets(zone, start_s - _BACK_S - _DAY_S, end_s + _AHEAD_S + _DAY_S):
        shift = pl.when(pl.col("at_s") - offset_s >= from_s).then(pl.lit(offset_s, pl.Int64)).otherwise(shift)
    return pl.when(pl.col("zoned")).then(expression).otherwise(expression - shift).alias("at_s")
