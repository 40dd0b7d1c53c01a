"""What the rules of content and time look at beside the staged tables: gathered from a home, computed elsewhere.

Put here where inputs come from: thresholds, events, other months, the readings of a few meters, the edition. What is computed of them is
in ``standstill.py`` and ``generation.py``; rejected rows are picked here.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import polars as pl

from assets.compute import Compute
from assets.edition.document import parse_edition
from assets.staging.claim_books import consumption_months
from assets.staging.generation import generated_wh
from assets.staging.intervals import StagedMonth
from assets.staging.meters import register_meters
from assets.staging.standstill import ZEROS, Standstill, outage_instants, stuck_stretches, zero_stretches
from resources.calendar import HOUR_S, add_months, month_bounds_s

# Rejected rows that a finding can name (``checks.rules.view.refs``), for each meter.
_ROWS = 5


def watch(compute: Compute) -> Standstill:
    """Looks for what stands still at the thresholds in force in the month."""
    limits, meters = compute.thresholds, compute.feeds["meters"]
    checks = set(meters.loc[meters["check_meter_of"].notna(), "meter_id"])
    return Standstill(
        compute.site_zones, checks, same_hours=int(limits["CT06"]["hours"]), same_days=int(limits["CT06"]["water_days"]),
        zero_hours=int(limits["CT07"]["hours"]),
    )  # fmt: skip


def watched(compute: Compute, still: Standstill, staged: StagedMonth) -> dict[str, Any]:
    """The judged tables ``stuck`` (CT06), ``zeros`` (CT07) and ``rejected_rows`` (CT01).

    ``still``: what passed through ``still.over``; ``staged``: the tables of the month.
    """
    return {
        "stuck": _stuck(compute, still, staged),
        "zeros": _zeros(compute, still),
        "rejected_rows": rejected_rows(staged.rejected),
    }


def rejected_rows(rejected: pl.DataFrame) -> pl.DataFrame:
    """The first few rejected rows of each site, meter and rule: what a finding about them names.

    ``rejected``: staging/interval_energy_rejected. Returns site_id, meter_id, rule_code, raw_value, reason, entry, source_row.
    """
    ordered = rejected.sort("site_id", "rule_code", "meter_id", "entry", "source_row")
    first = ordered.group_by("site_id", "rule_code", "meter_id", maintain_order=True).head(_ROWS)
    return first.select("site_id", "meter_id", "rule_code", "raw_value", "reason", "entry", "source_row")


def generated_months(compute: Compute, energies: list[dict[str, Any]]) -> dict[tuple[str, str], int]:
    """Metered generation by project and month (CT14): of this month (``energies``), and of earlier ones whose certificates are used in it.

    Of earlier months as far as they were computed.
    """
    meters, events = compute.feeds.rows("meters"), compute.feeds.rows("certificate_events")
    earlier = sorted({e["production_month"] for e in events if compute.month in consumption_months(e)} - {compute.month})
    found = generated_wh(energies, meters, compute.month)
    for month in earlier if any(row["project_code"] for row in meters) else ():
        stored = compute.home.ledger.manifest(month, "staging/energies") if month < compute.month else None
        if stored is not None:
            rows = compute.home.lake.read("staging/energies", month, stored.file_digest).to_dicts()
            found |= generated_wh(rows, meters, month)
    return found


def checklist_items(compute: Compute) -> pd.DataFrame:
    """The checklist items of the edition (TL10): item_code, and for how many months an assessment counts."""
    edition = parse_edition(compute.document("edition")[1], "edition")
    codes = sorted(item for items in edition.checklist_weights().values() for item in items)
    return pd.DataFrame({"item_code": codes, "months": edition.practice_months, "site_id": None})


def _stuck(compute: Compute, still: Standstill, staged: StagedMonth) -> pl.DataFrame:
    same = still.same
    names = same["meter_id"].to_list()
    rows = compute.feeds["meters"]
    meters = register_meters(
        rows[rows["meter_id"].isin(names)], compute.feeds["meter_events"], month=compute.month, site_zones=compute.site_zones,
        default_zone=compute.settings.timezone,
    )  # fmt: skip
    steps = dict(staged.facts.filter(pl.col("meter_id").is_in(names)).select("meter_id", "median_step_s").iter_rows())
    feed = compute.settings.feeds.get("meter_readings")
    return stuck_stretches(same, _readings(compute, names), meters, steps, feed.timezone if feed else None)


def _readings(compute: Compute, names: list[str]) -> pl.DataFrame:
    """The readable part rows of some meters in the parts of the month."""
    parts = compute.home.ledger.parts("meter_readings", compute.as_of, [compute.month]) if names else []
    scans = [
        pl.scan_parquet(compute.home.lake.existing("parts/meter_readings", part.month, part.file_digest))
        .filter(pl.col("meter_id").is_in(names) & pl.col("problem").is_null() & pl.col("value_e6").is_not_null())
        .select("meter_id", "at_s", "zoned", "value_e6", "source_row", entry=pl.lit(part.entry, dtype=pl.Int64))
        for part in parts
    ]
    empty = {"meter_id": pl.String, "at_s": pl.Int64, "zoned": pl.Boolean, "value_e6": pl.Int64, "source_row": pl.Int64, "entry": pl.Int64}
    # of a hundred million rows a few are wanted: the in-memory engine would hold whole columns to find them
    return pl.concat([pl.LazyFrame(schema=empty), *scans]).collect(engine="streaming")


def _zeros(compute: Compute, still: Standstill) -> pl.DataFrame:
    hours = still.zero
    if hours.is_empty():
        return pl.DataFrame(schema=ZEROS)
    events, meters = compute.feeds.rows("meter_events"), compute.feeds.rows("meters")
    start_s = {site_id: month_bounds_s(compute.month, zone)[0] for site_id, zone in compute.site_zones.items()}
    before = _hours_before(compute, hours["meter_id"].unique().to_list())
    return zero_stretches(hours, before, still.together, outage_instants(events, meters), start_s, still.zero_hours)


def _hours_before(compute: Compute, names: list[str]) -> pl.DataFrame:
    """The known hours of some meters in the month before, as far as it was computed."""
    columns = {"site_id": pl.String, "meter_id": pl.String, "point": pl.String, "hour_s": pl.Int64, "quantity": pl.Int64}
    month = add_months(compute.month, -1)
    stored = compute.home.ledger.manifest(month, "staging/interval_energy") if names else None
    if stored is None:
        return pl.DataFrame(schema=columns)
    known = pl.col("state").is_in(["measured", "profiled"]) & (pl.col("known_s") == HOUR_S)
    scan = pl.scan_parquet(compute.home.lake.existing("staging/interval_energy", month, stored.file_digest))
    return scan.filter(pl.col("meter_id").is_in(names) & known).select(list(columns)).collect(engine="streaming")
