"""The boundary step: what is in scope of a month, and how complete it is, as tables that reading commands and reports show.

Formulas are in ``boundary.py`` and ``coverage.py``; here their inputs are gathered and their outputs left in lake and ledger.
"""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import polars as pl

from assets.compute import Compute, Step, records
from assets.staging.boundary import CERTIFICATE, METER, Books, boundaries, boundary_table
from assets.staging.composed import parts_of
from assets.staging.coverage import (
    CARRIED_DAYS,
    NEAR_DAYS,
    READINGS,
    SERIES,
    metered_days,
    metering_gaps,
    reported,
    series_days,
    sides_of_meters,
)
from assets.staging.parts import VIRTUAL, members_at_sites
from resources.calendar import month_last_day

TABLE = "staging/boundary"
INPUTS = (
    "raw/registry", "raw/cmdb", "raw/green_power", "raw/activities", "staging/interval_energy", "staging/meter_facts", "staging/claims",
)  # fmt: skip
# Feeds that are read row by row; of those that may be large only these columns.
_ROWS = ("declarations", "bills", "practices", "ppa_contracts", "ppa_site_shares")
_COLUMNS = {
    "activities": ["site_id", "month"], "racks": ["site_id", "snapshot_on"], "devices": ["site_id", "snapshot_on"],
    "ppa_settlements": ["contract_id", "month"],
}  # fmt: skip


def stage_boundary(compute: Compute) -> Step:
    """The collection boundary of every site, its metered time by day, the stretches without metering, and what was said of the month."""
    feeds, month, zones = compute.feeds, compute.month, compute.site_zones
    parts, facts, claims = parts_of(compute, month), compute.read("staging/meter_facts"), compute.read("staging/claims")
    rows = {name: feeds.rows(name) for name in _ROWS}
    rows |= {name: records(_about(feeds[name], month)[columns]) for name, columns in _COLUMNS.items()}
    books = Books(
        month, compute.sites, feeds.rows("meters"), parts,
        declarations=rows["declarations"], contracts=rows["ppa_contracts"], shares=rows["ppa_site_shares"], claims=claims.to_dicts(),
        cadences={(site, meter): step for site, meter, step in facts.select("site_id", "meter_id", "median_step_s").iter_rows()},
    )  # fmt: skip
    found = boundaries(books)
    roles = {(site_id, item.id): item.role for site_id, items in found.items() for item in items if item.kind == METER and item.counts}
    members = [(site_id, meter, member) for site_id, meter, member, _ in members_at_sites(parts) if member]
    stored = compute.manifest("staging/interval_energy")
    hours = compute.home.lake.scan("staging/interval_energy", month, stored.file_digest)
    days = [metered_days(hours, sides_of_meters(roles), zones, month)]
    days += [series_days(feed, feeds[feed], zones, month) for feed in SERIES]
    registers = facts.filter(pl.col("kind") != VIRTUAL).group_by("site_id").agg(pl.col("n_landed").sum())
    certificates = claims.filter((pl.col("source") == CERTIFICATE) & pl.col("site_id").is_not_null()).group_by("site_id").len()
    counts: dict[str, dict[str, int]] = {READINGS: dict(registers.iter_rows()), "certificates": dict(certificates.iter_rows())}
    counts |= {feed: _counts(feeds[feed], month) for feed in SERIES}
    tables = {
        TABLE: boundary_table(found, month),
        "staging/coverage": pl.concat(days),
        "staging/gaps": metering_gaps(hours, facts, sides_of_meters(roles, members), month),
        "staging/reported": reported(rows, counts, sorted(zones), month),
    }
    return compute.put(TABLE, "staging", tables, compute.digests(INPUTS))


def _about(frame: pd.DataFrame, month: str) -> pd.DataFrame:
    """The rows of a month; of snapshots also those before and after it that may stand for it (TL05)."""
    if "month" in frame:
        return frame[frame["month"] == month]
    last = month_last_day(month)
    first, until = ((last + timedelta(days=days)).isoformat() for days in (-CARRIED_DAYS, NEAR_DAYS))
    return frame[frame["snapshot_on"].between(first, until)]


def _counts(frame: pd.DataFrame, month: str) -> dict[str, int]:
    """Rows of a month by site."""
    return {str(site_id): int(n) for site_id, n in frame.loc[frame["month"] == month, "site_id"].value_counts().items()}
