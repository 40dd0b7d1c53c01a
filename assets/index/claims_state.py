"""Whether the claims of a window are complete: which products may still bring certificates, and what is pending, from where.

Which products a site has, the state that follows, and the list of what is still to come belong here. Whether a claim counts is decided in
``assets/staging``; the calendar itself is dated data (``assets/reference/claim_calendar.yaml``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from assets.compute import Compute
from assets.reference.calendar_of_claims import ANNUAL, MONTHLY, ClaimCalendar, calendar_of
from assets.staging.claim_rules import REASONS
from assets.staging.contracts import conveys, in_force, shares_of
from checks.waivers import day_of

Row = Mapping[str, Any]
CLAIMS = "staging/claims"
_OF_KIND = {"green_trade": MONTHLY, "direct_line": MONTHLY, "certificate_purchase": ANNUAL}


@dataclass(frozen=True)
class ClaimsState:
    """``is_open``: certificates for the window may still come, by the calendar; ``complete_on``: the last day on which they may (None: the
    entity has no product that brings any); ``pending``: what is held, settled or metered and not cancelled, by contract and reason."""

    is_open: bool
    complete_on: str | None
    pending: tuple[dict[str, Any], ...]


def products_of(month: str, claims: Iterable[Row], contracts: Iterable[Row], shares: list[dict[str, Any]]) -> dict[str, set[str]]:
    """By site the kinds of products that can bring it certificates for a month: ``monthly``, ``annual``; sites without one are left out.

    By the contracts in force that it has a share of and that convey an attribute, and by its claims that count or wait. On-site generation
    counts by its meter and waits for nothing.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for contract in contracts:
        kind = _OF_KIND.get(contract["kind"])
        if kind is None or not in_force(dict(contract), month) or (kind == MONTHLY and not conveys(dict(contract))):
            continue
        for site_id, share in shares_of(shares, contract["contract_id"], month).by_site.items():
            if share:
                found[site_id].add(kind)
    for row in claims:
        if row["status"] == "pending" or (row["status"] == "eligible" and row["source"] == "certificate"):
            found[row["site_id"]].add(ANNUAL if str(row["route"]).startswith("unbundled") else MONTHLY)
    return dict(found)


def claims_state(
    products: Mapping[str, Collection[str]], pending: Iterable[Row], consumption_wh: float | None, calendar: ClaimCalendar, today: date
) -> ClaimsState:  # fmt: skip
    """The state of a window. ``products``: by month the kinds that there are; ``pending``: claim rows of the window that wait;
    ``consumption_wh``: its electricity, of which each part of the pending energy is a share (None: unknown).

    Open exactly while the calendar says that certificates may still come for a month of it: what is still pending afterwards was not
    cancelled in time, stays stated, and no longer keeps the claims open. Source: green-power.md §3; closing by the calendar alone is a
    project convention, so that nobody keeps a result open by leaving a certificate uncancelled.
    """
    days = [calendar.last_day(kind, month) for month, kinds in products.items() for kind in kinds]
    waiting: dict[tuple[str, str], int] = defaultdict(int)
    for row in pending:
        waiting[row["contract_id"] or "", row["reason"] or ""] += row["quantity_wh"] or 0
    return ClaimsState(
        is_open=any(today <= day for day in days),
        complete_on=max(days).isoformat() if days else None,
        pending=tuple(
            {
                "contract_id": contract_id or None, "reason": reason, "reason_zh": REASONS.get(reason, reason), "mwh": wh / 1e6,
                "share": wh / consumption_wh if consumption_wh else None,
            }
            for (contract_id, reason), wh in sorted(waiting.items(), key=lambda item: (-item[1], item[0]))
            if wh
        ),
    )  # fmt: skip


def _of_month(compute: Compute, month: str) -> tuple[dict[str, set[str]], dict[str, list[dict[str, Any]]]]:
    """By site the kinds of products of a month, and its claims that wait."""
    stored, feeds = compute.home.ledger.manifest(month, CLAIMS), compute.feeds
    rows = compute.home.lake.read(CLAIMS, month, stored.file_digest).to_dicts() if stored else []
    waiting: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["status"] == "pending":
            waiting[row["site_id"]].append(row)
    return products_of(month, rows, feeds.rows("ppa_contracts"), feeds.rows("ppa_site_shares")), dict(waiting)


@dataclass(frozen=True)
class WindowClaims:
    """The claims of some months at a moment of the log, asked for each entity."""

    compute: Compute
    pending: Mapping[str, Mapping[str, list[dict[str, Any]]]]  # rows of staging/claims that wait, by month and site
    products: Mapping[str, Mapping[str, set[str]]]  # kinds of products, by month and site
    calendar: ClaimCalendar
    today: date

    @staticmethod
    def of(compute: Compute, months: Iterable[str]) -> WindowClaims:
        """Of the months that were computed."""
        home, feeds = compute.home, compute.feeds
        pending, products = {}, {}
        for month, stored in home.ledger.digests(*months).items():
            key = (WindowClaims, month, stored.get(CLAIMS))
            if key not in feeds.kept:  # a month is asked for by the twelve whose window it is in
                feeds.kept[key] = _of_month(compute, month)
            products[month], pending[month] = feeds.kept[key]
        return WindowClaims(
            compute=compute,
            pending=pending,
            products=products,
            calendar=calendar_of(compute.document("factors")[1]),
            today=day_of(home.ledger.moment(compute.as_of), compute.settings.timezone),
        )

    def state(
        self, site_ids: Collection[str], months: Collection[str], entering: Mapping[str, Collection[str]], consumption_wh: float | None
    ) -> ClaimsState:  # fmt: skip
        """Of some sites and months; ``entering``: by site the months that its E1 is made of: pending energy is told of those."""
        products: dict[str, set[str]] = defaultdict(set)
        pending: list[Row] = []
        for month in months:
            for site_id in site_ids:
                products[month] |= self.products[month].get(site_id, set())
                if month in entering.get(site_id, ()):
                    pending += self.pending[month].get(site_id, ())
        return claims_state(products, pending, consumption_wh, self.calendar, self.today)
