"""Power purchase contracts: what is in force, how it is shared over sites, what was settled, and which route it opens.

Shares, the three-way minimum, allocation of settled energy and the acquisition route belong here. Money never does: it changes no MWh.
Rows are plain dicts; energies are whole Wh.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from assets.staging.certificates import WH_PER_MWH, allocate
from assets.staging.claim_rules import ClaimRules
from resources.calendar import month_first_day, month_last_day

Row = dict[str, Any]


@dataclass(frozen=True)
class Shares:
    """Shares of one contract in a month: by site, and their highest sum on any day (above 1: BD13, nothing is then allocated)."""

    by_site: Mapping[str, Fraction]
    highest_sum: Fraction

    @property
    def over(self) -> bool:
        return self.highest_sum > 1


def in_force(contract: Row, month: str) -> bool:
    """Whether a contract is in force on a day of the month."""
    return bool(contract["start_on"] <= month_last_day(month).isoformat() and contract["end_on"] >= month_first_day(month).isoformat())


def conveys(contract: Row) -> bool:
    """Whether a contract conveys the green attribute with its energy: its clause is ``bundled`` (证电合一) and it isn't financial."""
    return bool(contract["attribute_clause"] == "bundled" and contract["kind"] != "financial")


def shares_of(rows: Iterable[Row], contract_id: str, month: str) -> Shares:
    """The shares of a contract in force on the last day of a month (project convention), and the highest sum on any day of it.

    ``rows``: feed ``ppa_site_shares``; a share ends with its ``valid_to`` or with the site's next row. Source: green-power.md §3 (at
    every instant).
    """
    own = [row for row in rows if row["contract_id"] == contract_id]
    first, last = month_first_day(month).isoformat(), month_last_day(month).isoformat()
    days = {first, last} | {str(row["valid_from"]) for row in own if row["valid_from"] and first <= row["valid_from"] <= last}
    sums = [sum(_on_day(own, day).values(), Fraction(0)) for day in sorted(days)]
    return Shares(_on_day(own, last), max(sums))


def _on_day(rows: Iterable[Row], day: str) -> dict[str, Fraction]:
    newest: dict[str, Row] = {}
    for row in sorted(rows, key=lambda r: (r["valid_from"] or "", r["valid_to"] or "")):
        if (row["valid_from"] or "") <= day:
            newest[row["site_id"]] = row
    return {
        site_id: Fraction(str(row["share_ratio"]))  # the decimal as written, not its binary neighbour
        for site_id, row in sorted(newest.items())
        if (row["valid_to"] or "9999") >= day
    }


def share_out(count: int, shares: Mapping[str, Fraction]) -> dict[str | None, int]:
    """Whole MWh of a contract over its sites by largest remainder; what no site has a share of is under None. The parts sum to ``count``.

    ValueError when the shares sum to more than 1. Source: green-power.md §1.6, §3.
    """
    rest = 1 - sum(shares.values(), Fraction(0))
    if rest < 0:
        raise ValueError("the shares of a contract sum to more than 1")
    names: list[str | None] = [*sorted(shares), None]
    parts = allocate(count, [*(shares[name] for name in sorted(shares)), rest])
    return {name: part for name, part in zip(names, parts, strict=True) if part}


def share_out_wh(energy_wh: int, shares: Mapping[str, Fraction]) -> tuple[dict[str | None, int], int]:
    """Settled Wh as whole MWh by site, and the carry in Wh: 9,237.4 MWh over 50/30/20 % is 4,619 / 2,771 / 1,847, 0.4 MWh carried."""
    count, carry_wh = divmod(energy_wh, WH_PER_MWH)
    return share_out(count, shares), carry_wh


def three_way_minimum(contract_wh: int, ongrid_net_wh: int, user_wh: int) -> int:
    """Settled green energy of a month: the least of contract, on-grid energy net of mechanism volume, and user load; at least 0.

    Source: green-power.md §3 (project convention, as in the trading rules).
    """
    return max(0, min(contract_wh, ongrid_net_wh, user_wh))


def wh(mwh: float | int | str) -> int:
    """MWh as whole Wh, from the decimal as written."""
    return round(Fraction(str(mwh)) * WH_PER_MWH)


def settled_wh(settlement: Row) -> int:
    """Settled green energy of a row: the three-way minimum when all three are stated, never more than the settled energy."""
    stated = wh(settlement["settled_mwh"])
    contract, ongrid, user = settlement.get("contract_mwh"), settlement.get("ongrid_mwh"), settlement.get("user_mwh")
    if contract is None or ongrid is None or user is None:
        return max(0, stated)
    net = wh(ongrid) - wh(settlement.get("mechanism_mwh") or 0)
    return min(max(0, stated), three_way_minimum(wh(contract), net, wh(user)))


def latest_settlements(rows: Iterable[Row]) -> dict[tuple[str, str], Row]:
    """The newest version of the settlement of each contract and month."""
    newest: dict[tuple[str, str], Row] = {}
    for row in sorted(rows, key=lambda r: (r["version"], r.get("entry") or 0, r.get("source_row") or 0)):
        newest[row["contract_id"], row["month"]] = row
    return newest


@dataclass(frozen=True)
class Delivery:
    """What the route of a certificate depends on: its contract (None: none, or not evidenced), settlement, project and places."""

    month: str
    production_month: str
    project_code: str
    channel: str | None
    contract: Row | None
    settled: bool
    project: Row | None
    site_geography: str | None


def route_of(delivery: Delivery, rules: ClaimRules) -> str:
    """The acquisition route of a cancelled certificate: the best one whose gate is met. Missing facts lead to the lower route.

    ``direct_line`` still needs the line's metered energy (``claims.py``). Source: green-power.md §3, a project convention.
    """
    contract, project = delivery.contract, delivery.project
    near = (
        project is not None
        and rules.same_region(project.get("geography"), delivery.site_geography)
        and _young(project, delivery.production_month, rules.routes["newest_project_years"])
    )
    delivers = contract is not None and conveys(contract) and in_force(contract, delivery.month)
    delivers = delivers and delivery.production_month == delivery.month
    if contract is not None and delivers and contract.get("project_code") in (None, delivery.project_code):
        if contract["kind"] == "direct_line":
            return "direct_line"
        if contract["kind"] == "green_trade" and delivery.settled and delivery.channel in (None, "green_trade"):
            return "ppa_long" if near and project is not None and _is_long(contract, project, rules) else "green_trade"
    return "unbundled_near" if near else "unbundled"


def _is_long(contract: Row, project: Row, rules: ClaimRules) -> bool:
    """A contract of at least five years that was signed before its project was commissioned."""
    signed, commissioned = contract.get("signed_on"), project.get("commissioned_on")
    day_after = (date.fromisoformat(contract["end_on"]) + timedelta(days=1)).isoformat()
    long = day_after >= _years_after(contract["start_on"], rules.routes["long_contract_years"])
    return bool(long and signed is not None and commissioned is not None and signed < commissioned)


def _years_after(day: str, years: int) -> str:
    return f"{int(day[:4]) + years:04d}{day[4:]}"


def _young(project: Row, production_month: str, years: int) -> bool:
    """Whether a project was at most that many years old when it produced; False when its commissioning is unknown."""
    commissioned = project.get("commissioned_on")
    return commissioned is not None and _years_after(commissioned, years)[:7] >= production_month
