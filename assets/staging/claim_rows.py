"""The row of a claim: its columns (``staging/claims`` in docs/architecture.md), and how one is made.

Only the shape belongs here; what a row says is decided in ``claim_cancelled.py`` and ``claims.py``.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from assets.staging.claim_books import Books
from assets.staging.contracts import Row

CLAIM_SCHEMA = {
    "site_id": pl.String, "month": pl.String, "route": pl.String, "source": pl.String, "project_code": pl.String,
    "production_month": pl.String, "seq_start": pl.Int64, "seq_end": pl.Int64, "contract_id": pl.String, "meter_id": pl.String,
    "quantity_wh": pl.Int64, "carbon_free": pl.Boolean, "weight": pl.Float64, "status": pl.String, "reason": pl.String,
    "evidence": pl.String, "entry": pl.Int64, "source_row": pl.Int64,
}  # fmt: skip


def claim_row(books: Books, **values: Any) -> Row:
    """A claim row; the weight follows the route, excluded rows have none."""
    row = dict.fromkeys(CLAIM_SCHEMA) | {"month": books.month} | values
    row["weight"] = books.rules.weight(row["route"]) if row["route"] else 0.0
    project = books.projects.get(row["project_code"] or "")
    energy_type = values.get("energy_type") or (project or {}).get("energy_type")
    row["carbon_free"] = books.rules.is_carbon_free(energy_type)
    return row
