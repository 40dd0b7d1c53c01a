"""Cancelled certificates of a month as claim rows: for which site and month each number counts, by which route, or why not.

Cutting ranges over sites and months, judging each part, and the cap of a direct line belong here. Rows carry their ``piece`` for
``claim_conflicts.py``; ``claims.py`` drops it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from assets.staging.certificates import WH_PER_MWH, Range, allocate
from assets.staging.claim_books import Books, consumption_months
from assets.staging.claim_rows import claim_row
from assets.staging.contracts import Delivery, Row, conveys, route_of, share_out

# A part of a cancelled range: site (None: to no site), month, numbers, and why it has no site or no month it can count in.
Part = tuple[str | None, str, Range, str | None]
NO_MONTH = ("consumption period not stated", "produced in another month")


def assign(event: Row, books: Books, uncovered_wh: Mapping[tuple[str, str], int]) -> list[Part]:
    """A cancelled range cut over sites and months: ``(site, month, part, why it counts nowhere)``; the parts make the whole range.

    A site that is named takes all; else the contract's shares in force in the last month of the period; else no site. Products matched
    month by month stay in their production month; when the period doesn't hold it they count in none, because surplus never moves, and
    stand in the months that they were stated for with that reason. Source: green-power.md §3; equal shares are a project convention.
    """
    whole = Range(event["project_code"], event["production_month"], event["seq_start"], event["seq_end"])
    months = consumption_months(event)
    if not months:
        return [(event.get("site_id"), event["production_month"], whole, "consumption period not stated")]
    moved = None
    if books.is_monthly(event):
        if event["production_month"] in months:
            months = [event["production_month"]]
        else:
            moved = "produced in another month"
    by_site, reason = _sites_of(event, whole.count, months[-1], books)
    parts: list[Part] = []
    for (site_id, _), part in zip(by_site.items(), whole.parts(list(by_site.values())), strict=True):
        if part is None:
            continue
        weights = [uncovered_wh.get((site_id or "", each)) for each in months]
        known = [weight for weight in weights if weight is not None]
        proportion = known if len(known) == len(months) and sum(known) > 0 else [1] * len(months)
        spread = part.parts(allocate(part.count, proportion))
        nowhere = moved or (reason if site_id is None else None)
        parts += [(site_id, each, piece, nowhere) for each, piece in zip(months, spread, strict=True) if piece]
    return parts


def _sites_of(event: Row, count: int, month: str, books: Books) -> tuple[dict[str | None, int], str]:
    if event.get("site_id") is not None:
        return {event["site_id"]: count}, ""
    if event.get("contract_id") is not None:
        shares = books.shares_in(event["contract_id"], month)
        if shares.over:
            return {None: count}, "shares exceed 1"
        return share_out(count, shares.by_site), "no site"
    return {None: count}, "no site"


def cancelled_claims(books: Books, uncovered_wh: Mapping[tuple[str, str], int]) -> list[Row]:
    """A row for every part of a cancelled range that is for this month."""
    rows = []
    parts: dict[int, list[Part]] = {}
    for piece in books.pieces:
        if id(piece.event) not in parts:
            parts[id(piece.event)] = assign(piece.event, books, uncovered_wh)
        for site_id, month, part, nowhere in parts[id(piece.event)]:
            start, end = max(part.seq_start, piece.range.seq_start), min(part.seq_end, piece.range.seq_end)
            if month != books.month or start > end:
                continue
            span = Range(part.project_code, part.production_month, start, end)
            status, reason, route = _judge(books, piece.event, piece.fault, site_id, nowhere)
            rows.append(
                claim_row(
                    books, site_id=site_id, route=route, source="certificate", project_code=span.project_code,
                    production_month=span.production_month, seq_start=start, seq_end=end, contract_id=piece.event.get("contract_id"),
                    quantity_wh=span.count * WH_PER_MWH, status=status, reason=reason, evidence=piece.event.get("evidence"),
                    entry=piece.event.get("entry"), source_row=piece.event.get("source_row"),
                    energy_type=(piece.issued or {}).get("energy_type"),
                )
                | {"piece": piece}
            )  # fmt: skip
    return rows


def _judge(books: Books, event: Row, fault: str | None, site_id: str | None, nowhere: str | None) -> tuple[str, str | None, str | None]:
    """Status, reason and route of a cancelled part: the first thing that speaks against it, else eligible."""
    if fault is None and event["project_code"] in books.storage_projects:
        fault = "storage discharge"
    if fault is None and nowhere in NO_MONTH:
        fault = nowhere
    fault = fault or books.rules.vintage_fault(event["production_month"], books.month, event["on"])
    if fault is None and event.get("channel") == "self_use":
        if site_id in books.onsite_projects.get(event["project_code"], set()):
            fault = "counted by the meter"
        elif site_id is not None and not books.is_delivered_to(event["project_code"], site_id):
            fault = "illegal state"
    if fault is not None:
        return "excluded", fault, None
    if site_id is None:
        return "pending", nowhere, "unbundled"
    if not books.evidenced(event):
        return "excluded", "evidence missing", None
    return "eligible", None, _route(books, event, site_id, books.contract_of(event, site_id))


def _route(books: Books, event: Row, site_id: str, contract: Row | None) -> str:
    settled = contract is not None and (contract["contract_id"], event["production_month"]) in books.settlements
    return route_of(
        Delivery(
            month=books.month,
            production_month=event["production_month"],
            project_code=event["project_code"],
            channel=event.get("channel"),
            contract=contract if books.evidenced(contract) else None,
            settled=settled,
            project=books.projects.get(event["project_code"]),
            site_geography=(books.sites.get(site_id) or {}).get("geography"),
        ),
        books.rules,
    )


def line_capped(books: Books, rows: list[Row]) -> list[Row]:
    """Direct-line certificates up to the line's metered energy, the rest by the next lower route; metered energy without them is pending.

    Metered energy is rounded up to whole MWh, because issuing carries less than one MWh from month to month. A line that is not
    metered, or not known, has none. Source: green-power.md §3 (gate: line metering and certificate for the user).
    """
    capped: list[Row] = []
    line: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        (line[row["site_id"]] if row["route"] == "direct_line" else capped).append(row)
    for site_id in sorted({*books.sites, *line}):
        metered_wh = books.energies.total(site_id, "point:direct_line", absent=0) or 0
        left = -(-metered_wh // WH_PER_MWH)
        for row in sorted(line[site_id], key=lambda r: (r["project_code"], r["production_month"], r["seq_start"])):
            count = row["quantity_wh"] // WH_PER_MWH
            within = min(left, count)
            left -= within
            lower = _route(books, row["piece"].event, site_id, None)
            for size, first, route in ((within, row["seq_start"], "direct_line"), (count - within, row["seq_start"] + within, lower)):
                if size:
                    part = {"route": route, "seq_start": first, "seq_end": first + size - 1, "quantity_wh": size * WH_PER_MWH}
                    capped.append(row | part | {"weight": books.rules.weight(route)})
        waiting = left - (metered_wh % WH_PER_MWH > 0)
        if waiting > 0:
            lines = [c for c in books.direct_lines(site_id) if conveys(c)]
            contract = lines[0] if len(lines) == 1 else {}  # of one line it is known whose certificates are missing
            capped.append(
                claim_row(
                    books, site_id=site_id, route="direct_line", source="certificate", production_month=books.month,
                    project_code=contract.get("project_code"), contract_id=contract.get("contract_id"),
                    quantity_wh=waiting * WH_PER_MWH, status="pending", reason="certificate not cancelled",
                )
            )  # fmt: skip
    return capped
