"""Claims of a month: which renewable electricity counts for which site, by which certificate range or meter, and why the rest doesn't.

A kWh is green only when its attribute is evidenced and consumed once (green-power.md §1.1). Here every cancellation, held range,
settlement and self-use becomes rows with one status: eligible, pending or excluded with its reason. What is at odds with itself is told by
``claim_conflicts.py``; whether it withholds is for the rules; what it is worth for carbon and scores is for the indicators.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from assets.staging.certificates import WH_PER_MWH
from assets.staging.claim_books import Books, Rows, consumption_months
from assets.staging.claim_cancelled import cancelled_claims, line_capped
from assets.staging.claim_conflicts import CONFLICT_SCHEMA, certificate_conflicts, share_conflicts, sold_attributes
from assets.staging.claim_identity import issue_conflicts
from assets.staging.claim_rows import CLAIM_SCHEMA, claim_row
from assets.staging.claim_rules import ClaimRules
from assets.staging.contracts import Row, conveys, in_force, settled_wh, share_out_wh

_ORDER = ("site_id", "source", "project_code", "production_month", "seq_start", "meter_id", "contract_id", "status", "entry", "source_row")


@dataclass(frozen=True)
class ClaimsMonth:
    """Claims of all sites in a month, and what is at odds (facts of BD13, CT09–CT12, CT14).

    ``claims``: CLAIM_SCHEMA (``site_id`` null: to no site yet); ``conflicts``: CONFLICT_SCHEMA; both sorted, independent of row order.
    ``books``: what they were read from.
    """

    claims: pl.DataFrame
    conflicts: pl.DataFrame
    books: Books


def month_claims(
    feeds: Rows,
    energies: list[dict[str, Any]],
    sites: list[dict[str, Any]],
    *,
    month: str,
    evidence: Mapping[str, str],
    rules: ClaimRules,
    uncovered_wh: Mapping[tuple[str, str], int] | None = None,
    generated_wh: Mapping[tuple[str, str], int] | None = None,
) -> ClaimsMonth:
    """The claims of every site on one month, by the base rules.

    ``feeds``: typed feeds by name; ``energies``: rows of ``staging/energies`` of the month (totals and contributions, Wh); ``sites``:
    rows in force (site_id, geography); ``evidence``: landed document → digest; ``rules``: the dated rule tables; ``uncovered_wh``:
    uncovered electricity by (site, month), when known for every month of a claim over several months: it is then spread in that
    proportion, else in equal shares (both by largest remainder); ``generated_wh``: metered generation by (project, month), where it is
    known: certificates beyond it do not count. Bad rows give no error but a reason. Source: green-power.md §1–§3; checks.md CT14.
    """
    books = Books.open(feeds, energies, sites, month, evidence, rules, generated_wh)
    rows = line_capped(books, cancelled_claims(books, uncovered_wh or {}))
    conflicts = [*certificate_conflicts(books, rows), *issue_conflicts(books, rows), *share_conflicts(books)]
    sold = sold_attributes(books)
    conflicts += [conflict for found in sold.values() for conflict in found]
    rows += self_used(books, sold) + _discharged(books) + _settled(books) + _held(books)
    ordered = sorted(
        rows, key=lambda row: [(row[name] is not None, row[name] or 0) if name in _NUMBERS else str(row[name] or "") for name in _ORDER]
    )
    claims = pl.DataFrame([{name: row[name] for name in CLAIM_SCHEMA} for row in ordered], schema=CLAIM_SCHEMA)
    told = pl.DataFrame(conflicts, schema=CONFLICT_SCHEMA).unique().sort(list(CONFLICT_SCHEMA), nulls_last=False)
    return ClaimsMonth(claims, told, books)


_NUMBERS = ("seq_start", "entry", "source_row")


def self_used(books: Books, sold: Mapping[tuple[str, str], list[Row]]) -> list[Row]:
    """Metered self-use as claim rows: eligible without a document, unless its attribute went elsewhere or its project is not known."""
    rows = []
    for use in books.self_uses:
        status, reason = "eligible", None
        if use.quantity_wh is None:
            status, reason = "excluded", "generation unknown"  # no quantity is known that could be waiting
        elif (use.site_id, use.project_code) in sold:
            status, reason = "excluded", "attribute sold"
        elif use.project_code not in books.projects:
            status, reason = "pending", "project not known"
        rows.append(
            claim_row(
                books, site_id=use.site_id, route=None if status == "excluded" else "onsite", source="onsite",
                project_code=use.project_code, production_month=books.month, meter_id=use.meter_id, quantity_wh=use.quantity_wh,
                status=status, reason=reason, entry=use.entry, source_row=use.source_row,
            )
        )  # fmt: skip
    return rows


def _discharged(books: Books) -> list[Row]:
    """Storage discharge that names a project as if it generated: never a claim."""
    return [
        claim_row(
            books, site_id=one.site_id, route=None, source="onsite", project_code=one.project_code, production_month=books.month,
            meter_id=one.meter_id, quantity_wh=one.quantity_wh, status="excluded", reason="storage discharge", entry=one.entry,
            source_row=one.source_row,
        )
        for one in books.stored
    ]  # fmt: skip


def _settled(books: Books) -> list[Row]:
    """Settled green-power trade of the month without a cancelled certificate yet: pending, by the contract's shares."""
    rows = []
    for (contract_id, month), settlement in sorted(books.settlements.items()):
        contract = books.contracts.get(contract_id)
        if month != books.month or contract is None or contract["kind"] != "green_trade" or not in_force(contract, month):
            continue
        if not conveys(contract):  # no certificate comes with it
            continue
        cancelled = {
            piece.range
            for piece in books.pieces
            if piece.event.get("contract_id") == contract_id and piece.range.production_month == month and piece.fault != "not issued"
        }
        left_wh = settled_wh(settlement) - sum(span.count for span in cancelled) * WH_PER_MWH
        shares = books.shares_in(contract_id, month)
        if left_wh < WH_PER_MWH:
            continue
        by_site = {None: left_wh // WH_PER_MWH} if shares.over else share_out_wh(left_wh, shares.by_site)[0]
        rows += [
            claim_row(
                books, site_id=site_id, route="green_trade", source="certificate", project_code=contract.get("project_code"),
                production_month=month, contract_id=contract_id, quantity_wh=count * WH_PER_MWH, status="pending",
                reason="settled, not cancelled", evidence=settlement.get("evidence"), entry=settlement.get("entry"),
                source_row=settlement.get("source_row"),
            )
            for site_id, count in by_site.items()
        ]  # fmt: skip
    return rows


def _held(books: Books) -> list[Row]:
    """Ranges transferred to a site and not cancelled: pending in the month they are for, else that of their production.

    Those of a settled contract are left out: its settlement stands for them.
    """
    rows = []
    for piece in books.held:
        event = piece.event
        months = consumption_months(event) or [event["production_month"]]
        settled = (event.get("contract_id"), event["production_month"]) in books.settlements
        if books.month != months[0] or settled:
            continue
        rows.append(
            claim_row(
                books, site_id=event["site_id"], route=None if piece.fault else "unbundled", source="certificate",
                project_code=piece.range.project_code, production_month=piece.range.production_month, seq_start=piece.range.seq_start,
                seq_end=piece.range.seq_end, contract_id=event.get("contract_id"), quantity_wh=piece.range.count * WH_PER_MWH,
                status="excluded" if piece.fault else "pending", reason=piece.fault or "held, not cancelled",
                evidence=event.get("evidence"), entry=event.get("entry"), source_row=event.get("source_row"),
                energy_type=(piece.issued or {}).get("energy_type"),
            )
        )  # fmt: skip
    return rows
