"""What was landed for a month after its cut-off: facts of the rule TL03.

A month is fixed at the end of its scheduled cut-off day, in the time of each site. What came for it later is late, where something of the
site had been there in time to be fixed. Whether that matters is said by ``checks/rules``. Only feeds whose rows belong to a month are
looked at: a certificate counts whenever it is landed, a registry row by its own dates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd
import polars as pl

from resources.calendar import add_months, local_s, month_first_day
from resources.home import Home
from resources.ledger import Part

MONTHLY_FEEDS = ("meter_readings", "utilisation", "telemetry", "activities")
COLUMNS = ("site_id", "feed", "entry", "source_row", "rows", "landed_s", "cutoff_s")


@dataclass(frozen=True)
class Landed:
    """Rows of a site and a month that one entry brought: how many, and the first of them."""

    site_id: str
    feed: str
    entry: int
    source_row: int
    rows: int


def cutoff_s(month: str, cutoff_day: int, zone: str) -> int:
    """First second after a month's scheduled cut-off: the end of ``cutoff_day`` of the next month, in a zone. Source: close.md."""
    day = month_first_day(add_months(month, 1)) + timedelta(days=cutoff_day)
    return local_s(datetime(day.year, day.month, day.day), zone)


def late_rows(landed: Iterable[Landed], landed_at: Mapping[int, int], cutoffs: Mapping[str, int]) -> pd.DataFrame:
    """COLUMNS of what was landed after the cut-off of its site, at sites of which something was landed before it; sorted.

    ``landed_at``: epoch seconds of each entry; ``cutoffs``: by site. A month that was landed whole after its cut-off (a history that is
    filled in) had nothing to be late against.
    """
    known = [one for one in landed if one.site_id in cutoffs]
    fixed = {one.site_id for one in known if landed_at[one.entry] < cutoffs[one.site_id]}
    late = [one for one in known if one.site_id in fixed and landed_at[one.entry] >= cutoffs[one.site_id]]
    rows = [
        (one.site_id, one.feed, one.entry, one.source_row, one.rows, landed_at[one.entry], cutoffs[one.site_id])
        for one in sorted(late, key=lambda one: (one.site_id, one.feed, one.entry))
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def landed_of(home: Home, month: str, as_of: int, sites_of: Mapping[str, str], cutoffs: Mapping[str, int]) -> pd.DataFrame:
    """:func:`late_rows` of a month of a home at a moment of its log. ``sites_of``: the site of each meter.

    Parts are only looked into when some were landed before the last cut-off and some after the first: a history that is filled in costs
    nothing.
    """
    at = {e.n: int(datetime.fromisoformat(e.at).timestamp()) for e in home.ledger.entries(kinds=["file"], as_of=as_of)}
    parts = [part for feed in MONTHLY_FEEDS for part in home.ledger.parts(feed, as_of, [month])]
    early = any(at[part.entry] < max(cutoffs.values(), default=0) for part in parts)
    late = any(at[part.entry] >= min(cutoffs.values(), default=0) for part in parts)
    landed = [one for part in parts for one in _counts(home, part, sites_of)] if early and late else []
    return late_rows(landed, at, cutoffs)


def _counts(home: Home, part: Part, sites_of: Mapping[str, str]) -> list[Landed]:
    path = home.lake.existing(f"parts/{part.feed}", part.month, part.file_digest)
    key = "meter_id" if part.feed == "meter_readings" else "site_id"
    counts = (
        pl.scan_parquet(path).group_by(key).agg(pl.len().alias("n"), pl.col("source_row").min()).sort(key).collect().iter_rows(named=True)
    )
    found: dict[str, Landed] = {}
    for row in counts:
        site_id = sites_of.get(row[key] or "") if key == "meter_id" else row[key]
        if site_id is not None:
            before = found.get(site_id)
            first = row["source_row"] if before is None else min(before.source_row, row["source_row"])
            found[site_id] = Landed(site_id, part.feed, part.entry, first, row["n"] + (before.rows if before else 0))
    return list(found.values())
