"""What is at odds among the claims of a month: facts for the rules BD13, CT10, CT11 and CT12, one row for each site concerned.

Finding contradictions belongs here, those of issued rows (CT09, CT14) to ``claim_identity.py``; severities, thresholds and verdicts belong
to ``checks/rules``.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import polars as pl

from assets.staging.certificates import WH_PER_MWH, Piece, illegal_states
from assets.staging.claim_books import Books
from assets.staging.contracts import Row, in_force

CONFLICT_SCHEMA = {
    "kind": pl.String, "site_id": pl.String, "other_site_id": pl.String, "project_code": pl.String, "production_month": pl.String,
    "seq_start": pl.Int64, "seq_end": pl.Int64, "contract_id": pl.String, "mwh": pl.Float64, "limit_mwh": pl.Float64,
    "detail_en": pl.String, "detail_zh": pl.String, "entry": pl.Int64, "source_row": pl.Int64, "month": pl.String,
}  # fmt: skip
_STATE_FAULTS = {
    "not issued": ("cancelled, but never issued", "核销的编号没有核发记录"),
    "cancelled before issue": ("cancelled before it was issued", "核销日期早于核发日期"),
}
_SELF_USE = ("self-use certificate cancelled for a site the project does not supply", "自发自用绿证核销给了并非由该项目供电的数据中心")


def conflict_row(books: Books, kind: str, site_id: str | None, detail: tuple[str, str], **values: Any) -> Row:
    return dict.fromkeys(CONFLICT_SCHEMA) | {
        "kind": kind, "site_id": site_id, "month": books.month, "detail_en": detail[0], "detail_zh": detail[1],
    } | values  # fmt: skip


def _of_range(row: Row) -> Row:
    """What a conflict says of a certificate claim."""
    named = ("project_code", "production_month", "seq_start", "seq_end", "contract_id", "entry", "source_row")
    return {name: row[name] for name in named} | {"mwh": row["quantity_wh"] / WH_PER_MWH}


def certificate_conflicts(books: Books, rows: list[Row]) -> list[Row]:
    """Conflicts of the month's certificate claims (rows of ``claims.py`` that carry their ``piece``)."""
    found: list[Row] = []
    for row in rows:
        piece: Piece | None = row.get("piece")
        if piece is None:
            continue
        about = _of_range(row)
        for other in piece.others:  # CT11: one certificate, one claim, across sites, months and years
            names = (row["site_id"], other.get("site_id"))
            one, two = (name or "?" for name in names)
            detail = (
                f"the same certificates are cancelled for {one} and, on {other['on']}, for {two}",
                f"同一批绿证被核销给 {one}，又于 {other['on']} 核销给 {two}",
            )
            found.append(conflict_row(books, "CT11", names[0], detail, other_site_id=names[1], **about))
        found += [conflict_row(books, "CT10", row["site_id"], detail, **about) for detail in _state_details(row, piece)]
        if (piece.issued or {}).get("energy_class") in ("self_use", "off_grid"):  # metered where it was used; it can't be claimed elsewhere
            for host in sorted(books.onsite_projects.get(row["project_code"], set()) - {row["site_id"]}):
                detail = (f"the energy was used by {host} behind its meter", f"该电量已由 {host} 自发自用")
                found.append(conflict_row(books, "CT12", row["site_id"], detail, other_site_id=host, **about))
    return found


def _state_details(row: Row, piece: Piece) -> list[tuple[str, str]]:
    if piece.fault in _STATE_FAULTS:
        return [_STATE_FAULTS[piece.fault]]
    if piece.fault in ("issued twice", "claimed twice", "identity wrong"):
        return []
    faults = illegal_states(piece.event, piece.here)
    if not faults and row["reason"] == "illegal state":
        faults = [_SELF_USE]
    return faults


def share_conflicts(books: Books) -> list[Row]:
    """BD13: contracts in force whose shares sum to more than 1 on a day of the month, for each site that has a share."""
    found = []
    for contract_id, contract in sorted(books.contracts.items()):
        shares = books.shares_in(contract_id, books.month)
        if in_force(contract, books.month) and shares.over:
            total = float(shares.highest_sum)
            detail = (f"the shares of contract {contract_id} sum to {total:g}", f"合同 {contract_id} 的分摊比例之和为 {total:g}")
            about = {"contract_id": contract_id, "entry": contract.get("entry"), "source_row": contract.get("source_row")}
            found += [conflict_row(books, "BD13", site_id, detail, **about) for site_id in shares.by_site]
    return found


def sold_attributes(books: Books) -> dict[tuple[str, str], list[Row]]:
    """CT12: metered self-use whose attribute went elsewhere, by (site, project): it is null power, with the conflicts that say why.

    Elsewhere: an on-site contract in force whose attribute clause is ``separate`` or ``none``; certificates of the project and month
    cancelled for another site, cancelled or transferred through another channel than self-use. Certificates for energy fed into the grid
    (``on_grid``) are no contradiction up to the metered export. Source: green-power.md §1.1, §2; Regulation (EU) 2024/1364 Annex II
    (r) has the same rule.
    """
    found: dict[tuple[str, str], list[Row]] = {}
    used: dict[tuple[str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for use in books.self_uses:
        if use.project_code is not None:
            wh, export_wh = used[use.site_id, use.project_code]
            used[use.site_id, use.project_code] = (wh + (use.quantity_wh or 0), export_wh + (use.export_wh or 0))
    for (site_id, project), (wh, export_wh) in sorted(used.items()):
        conflicts = _by_contract(books, site_id, project, wh) + _by_certificate(books, site_id, project, wh, export_wh)
        if conflicts:
            found[site_id, project] = conflicts
    return found


def _by_contract(books: Books, site_id: str, project: str, used_wh: int) -> list[Row]:
    found = []
    for contract_id, contract in sorted(books.contracts.items()):
        shared = contract.get("project_code") is None and site_id in books.shares_in(contract_id, books.month).by_site
        its_own = contract.get("project_code") == project or shared
        onsite = contract["kind"] in ("onsite_owned", "onsite_third_party") and its_own
        if onsite and in_force(contract, books.month) and contract["attribute_clause"] != "bundled":
            detail = (f"contract {contract_id} does not convey the attribute of this energy", f"合同 {contract_id} 未转让该电量的环境权益")
            about = {"project_code": project, "production_month": books.month, "contract_id": contract_id, "mwh": used_wh / WH_PER_MWH}
            found.append(
                conflict_row(books, "CT12", site_id, detail, entry=contract.get("entry"), source_row=contract.get("source_row"), **about)
            )
    return found


def _by_certificate(books: Books, site_id: str, project: str, used_wh: int, export_wh: int) -> list[Row]:
    gone = [event for event in books.events if _went_elsewhere(event, site_id) and _is_of(event, project, books.month)]
    on_grid = [
        (max(event["seq_start"], row["seq_start"]), min(event["seq_end"], row["seq_end"]))
        for event in gone
        for row in books.certificates
        if _is_of(row, project, books.month) and row["energy_class"] == "on_grid"
    ]
    sold = _numbers(on_grid)
    total = _numbers([(event["seq_start"], event["seq_end"]) for event in gone])
    if total == sold and sold * WH_PER_MWH < export_wh + WH_PER_MWH:  # less than one MWh is carried from month to month
        return []
    found = []
    for event in gone:
        detail = (
            f"{used_wh / WH_PER_MWH:g} MWh of metered self-use and its certificates are one attribute, claimed twice",
            f"自发自用电量 {used_wh / WH_PER_MWH:g} MWh 与其绿证属同一环境权益，被重复主张",
        )
        about = {
            name: event.get(name)
            for name in ("project_code", "production_month", "seq_start", "seq_end", "contract_id", "entry", "source_row")
        }
        about["mwh"] = float(event["seq_end"] - event["seq_start"] + 1)
        found.append(conflict_row(books, "CT12", site_id, detail, other_site_id=event.get("site_id"), **about))
        other = event.get("site_id")
        if other not in (None, site_id) and books.is_for_month(event):
            found.append(conflict_row(books, "CT12", other, detail, other_site_id=site_id, **about))
    return found


def _went_elsewhere(event: Row, site_id: str) -> bool:
    """Whether a cancellation or transfer takes an attribute away from the metered self-use of a site."""
    channel, other = event.get("channel"), event.get("site_id") not in (None, site_id)
    if event["kind"] == "cancel":
        return other or channel not in (None, "self_use")
    return event["kind"] == "transfer" and (other or channel in ("green_trade", "unbundled", "provincial"))


def _is_of(row: Row, project: str, month: str) -> bool:
    return bool(row["project_code"] == project and row["production_month"] == month)


def _numbers(spans: list[tuple[int, int]]) -> int:
    """How many numbers some ranges hold together, overlaps once; ranges that run backwards hold none."""
    count, after = 0, None
    for start, end in sorted(spans):
        first = start if after is None else max(start, after)
        if end >= first:
            count += end - first + 1
            after = end + 1
    return count
