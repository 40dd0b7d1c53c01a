"""A site's claims against its consumption in a month: what is delivered, spread, surplus and pending.

Sums of claim rows belong here; ratios and scores belong to the indicators, the verdict on a surplus to CT18.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from assets.staging.claim_rules import ClaimRules


@dataclass(frozen=True)
class Position:
    """One site-month in Wh. ``load_wh``: E_DC, None when unknown; what needs it is then None too.

    ``delivered_wh``: on-site, direct line and green-power trade, as claimed; ``matched_wh``: of it, at most the load (surplus never moves);
    ``spread_wh``: other cancelled certificates; ``counted_wh``: at most the load in all; ``surplus_wh``: claimed beyond the load (CT18);
    ``weighted``: Σ route weight × counted Wh, best routes first; ``pending_wh``: held or settled, not cancelled.
    """

    site_id: str
    load_wh: int | None
    delivered_wh: int
    matched_wh: int | None
    spread_wh: int
    counted_wh: int | None
    surplus_wh: int | None
    weighted: float | None
    carbon_free_wh: int
    pending_wh: int


def position_of(site_id: str, claims: Iterable[Mapping[str, Any]], load_wh: int | None, rules: ClaimRules) -> Position:
    """Sum a site's claim rows (site_id, status, route, weight, quantity_wh, carbon_free) against its load in Wh.

    Source: green-power.md §3 (``m_t = min(load_t, claims_t)``), §4 (renewable share at most 1, surplus apart).
    """
    own = [row for row in claims if row["site_id"] == site_id and row["quantity_wh"] is not None]
    eligible = [row for row in own if row["status"] == "eligible"]
    delivered = sum(row["quantity_wh"] for row in eligible if rules.is_delivered(row["route"]))
    claimed = sum(row["quantity_wh"] for row in eligible)
    counted = None if load_wh is None else min(load_wh, claimed)
    return Position(
        site_id=site_id,
        load_wh=load_wh,
        delivered_wh=delivered,
        matched_wh=None if load_wh is None else min(load_wh, delivered),
        spread_wh=claimed - delivered,
        counted_wh=counted,
        surplus_wh=None if load_wh is None else max(0, claimed - load_wh),
        weighted=None if counted is None else _weighted(eligible, counted),
        carbon_free_wh=sum(row["quantity_wh"] for row in eligible if row["carbon_free"]),
        pending_wh=sum(row["quantity_wh"] for row in own if row["status"] == "pending"),
    )


def _weighted(eligible: Iterable[Mapping[str, Any]], counted_wh: int) -> float:
    """Best routes first, so that a further claim never lowers the sum."""
    total, left = 0.0, counted_wh
    for row in sorted(eligible, key=lambda r: (-r["weight"], -r["quantity_wh"])):
        taken = min(left, row["quantity_wh"])
        total += row["weight"] * taken
        left -= taken
    return total
