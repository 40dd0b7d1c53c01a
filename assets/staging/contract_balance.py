"""From what a contract promises to what counts: contracted → delivered → settled → certificated → cancelled → counted, month by month.

The quantities of each contract and month, in exact Wh, and the table that is made of them, belong here; the gaps between neighbours are
``contract_chain.py``. The month is that of delivery, which for certificates is that of production. Nothing is decided about a claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from assets.staging.certificates import WH_PER_MWH
from assets.staging.claim_books import Books, grouped
from assets.staging.contract_chain import STAGES, chain_of
from assets.staging.contract_numbers import ONSITE, Numbers, names
from assets.staging.contracts import Row, in_force, share_out_wh, wh
from assets.staging.line_tests import line_wh
from assets.staging.onsite import meters_in_month

BALANCE_SCHEMA = {
    "contract_id": pl.String, "kind": pl.String, "project_code": pl.String, "stage": pl.String, "item": pl.String, "ref": pl.String,
    "quantity_wh": pl.Int64, "share_ratio": pl.Float64, "entry": pl.Int64, "source_row": pl.Int64, "month": pl.String,
}  # fmt: skip


def contract_balance(
    books: Books, claims: Iterable[Row], settlements: Iterable[Row], meters: Iterable[Row], *, may_come: bool
) -> pl.DataFrame:  # fmt: skip
    """``staging/contract_balance`` of a month: BALANCE_SCHEMA, sorted by contract.

    ``claims``: rows of ``staging/claims`` of the month; ``settlements``: all rows of the feed, every version; ``meters``: registry rows;
    ``may_come``: whether certificates of monthly products may still come for the month (the calendar). ``item`` says what a row is:
    ``total`` of the stage (null: unknown), ``gap`` with its name in ``ref``, ``version`` of the statement, ``site`` (a site's part of it),
    ``share`` of a site in the contract. Contracts in force in the month, and others that something happened to.
    Source: green-power.md §3; the names of the gaps are this project's.
    """
    rows: list[Row] = []
    versions = grouped((row for row in settlements if row["month"] == books.month), "contract_id")
    known, claimed = meters_in_month(meters, books.month), list(claims)
    of_project, named = grouped(claimed, "project_code"), grouped(books.produced, "contract_id")
    for contract_id, contract in sorted(books.contracts.items()):
        own = sorted(versions.get(contract_id, ()), key=lambda row: row["version"])
        if in_force(contract, books.month) or own or contract_id in named:
            project = contract.get("project_code")
            rows += _rows(books, contract, own, claimed if project is None else of_project.get(project, []), known, may_come)
    return pl.DataFrame(rows, schema=BALANCE_SCHEMA)


def _rows(
    books: Books, contract: Row, versions: list[Row], claims: list[Row], meters: Mapping[str, Mapping[str, Any]], may_come: bool
) -> list[Row]:  # fmt: skip
    contract_id, shares = contract["contract_id"], books.shares_in(contract["contract_id"], books.month)
    own = [row for row in claims if _is_under(books, row, contract)]
    numbers = Numbers.of(books, contract)
    settlement = books.settlements.get((contract_id, books.month))
    sites = sorted(shares.by_site)
    chain = chain_of(contract, settlement, _delivered(books, contract, settlement, sites, meters), numbers, own, may_come=may_come)
    base = {"contract_id": contract_id, "kind": contract["kind"], "project_code": contract.get("project_code"), "month": books.month}

    def row(stage: str, item: str, ref: str, quantity: int | None, by: Row | None, ratio: float | None = None) -> Row:
        said = by or {}
        return dict.fromkeys(BALANCE_SCHEMA) | base | {
            "stage": stage, "item": item, "ref": ref, "quantity_wh": quantity, "share_ratio": ratio, "entry": said.get("entry"),
            "source_row": said.get("source_row"),
        }  # fmt: skip

    found = []
    for stage in (stage for stage in STAGES if stage in chain.quantities):
        by = contract if stage == "contracted" and settlement is None else settlement if stage in ("contracted", "settled") else None
        found.append(row(stage, "total", "", chain.quantities[stage], by))
        found += [row(stage, "gap", name, part, None) for name, part in chain.gaps.get(stage, {}).items()]
        if stage == "settled":
            found += [row(stage, "version", str(one["version"]), wh(one["settled_mwh"]), one) for one in versions]
            parts = share_out_wh(chain.quantities[stage] or 0, shares.by_site)[0] if not shares.over else {}
            found += [row(stage, "site", site, count * WH_PER_MWH, None) for site, count in sorted(parts.items(), key=str) if site]
        if stage == "counted":
            by_site: dict[str, int] = {}
            for claim in own:
                if claim["status"] == "eligible":
                    by_site[claim["site_id"]] = by_site.get(claim["site_id"], 0) + claim["quantity_wh"]
            found += [row(stage, "site", site, part, None) for site, part in sorted(by_site.items())]
    found += [row("contracted", "share", site, None, None, float(shares.by_site[site])) for site in sites]
    return found


def _is_under(books: Books, claim: Row, contract: Row) -> bool:
    """Whether a claim of the month is of energy that the contract delivered in it."""
    if contract.get("project_code") not in (None, claim["project_code"]):
        return False
    if claim["source"] == "onsite":
        return contract["kind"] in ONSITE and contract.get("project_code") is not None
    if claim["seq_start"] is None or claim["production_month"] != books.month:
        return False
    return contract["kind"] not in ONSITE and names(claim, contract, books.shares_in(contract["contract_id"], books.month).by_site)


def _delivered(
    books: Books, contract: Row, settlement: Row | None, sites: list[str], meters: Mapping[str, Mapping[str, Any]]
) -> int | None:
    """Metered self-use of an on-site plant, the metered line, else on-grid energy net of mechanism volume as settled; None: unknown."""
    if contract["kind"] in ONSITE:
        uses = [use.quantity_wh for use in books.self_uses if use.project_code == contract.get("project_code")]
        return None if not uses or any(use is None for use in uses) else sum(use or 0 for use in uses)
    if contract["kind"] == "direct_line" and (line := line_wh(books, contract, sites, meters)) is not None:
        return line
    return _net(settlement)


def _net(settlement: Row | None) -> int | None:
    if settlement is None or settlement.get("ongrid_mwh") is None:
        return None
    return wh(settlement["ongrid_mwh"]) - wh(settlement.get("mechanism_mwh") or 0)
