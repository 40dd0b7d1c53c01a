"""The step that lays the values of the energy conservation review (节能审查) beside those of the month and of twelve months.

The comparison itself is in ``approved.py``; here its inputs are gathered and its table left in the lake.
"""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from assets.compute import Compute, Step
from assets.index.approved import APPROVED, ENERGY_COLUMN, SUBJECTS, TABLE, compared_energy, compared_ratio
from assets.indicators.energy_total import TABLE as TOTALS
from assets.indicators.energy_total import TOTAL
from assets.indicators.measure import IndicatorValue
from resources.calendar import trailing_months

COMPARED = ("indicators/pue", "indicators/wue")


def compare_approved(compute: Compute) -> Step:
    """PUE, WUE and energy of every site, of the month and of the twelve months that end with it."""
    totals, digests = _totals(compute)
    rows: list[dict[str, Any]] = []
    values = _values(compute)
    for site in compute.sites:
        site_id = site["site_id"]
        mine = [row for row in totals if row["site_id"] == site_id]
        for window in ("month", "ttm"):
            found = [
                compared_ratio(subject, window, site[column], values.get((site_id, window, code)))
                for subject, (code, column, _) in SUBJECTS.items()
            ]
            months = [row for row in mine if window == "ttm" or row["month"] == compute.month]
            found.append(compared_energy(window, site[ENERGY_COLUMN], months))
            rows += [row | {"site_id": site_id, "month": compute.month} for row in found]
    inputs = compute.digests(("index/site_index", "raw/registry", *COMPARED)) | digests
    return compute.put(TABLE, "index", {TABLE: pl.DataFrame(rows, schema=APPROVED)}, inputs)


def _totals(compute: Compute) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The totals of the window's months, oldest first, and the digests of their tables."""
    tables, digests = [], {}
    for month in trailing_months(compute.month):
        stored = compute.home.ledger.manifest(month, TOTALS)
        if stored is not None:
            tables.append(compute.home.lake.read(TOTALS, month, stored.file_digest))
            digests[TOTALS if month == compute.month else f"{TOTALS}@{month}"] = stored.digest
    return pl.concat(tables).filter(pl.col("carrier") == TOTAL).to_dicts() if tables else [], digests


def _values(compute: Compute) -> dict[tuple[str, str, str], IndicatorValue]:
    """What is compared, by site, window and indicator."""
    codes = [code for code, _, _ in SUBJECTS.values()]
    rows = compute.home.ledger.rows("indicator_value", month=compute.month, entity_kind="site", code=codes)
    return {(row["entity_id"], row["window"], row["code"]): IndicatorValue.from_json(json.loads(row["payload"])) for row in rows}
