"""The books claims are read from: the green-power feeds of one moment as plain rows, indexed the way claims ask.

Turning frames into rows, and looking things up, belongs here; no decision about a claim does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from assets.staging.certificates import Piece, cancelled_pieces, held_pieces, issuable_count
from assets.staging.claim_rules import ClaimRules
from assets.staging.contracts import Row, Shares, in_force, latest_settlements, shares_of
from assets.staging.generation import Discharge, storage_discharge
from assets.staging.onsite import SelfUse, SiteEnergies, generation_projects, self_uses
from assets.staging.topology import plain
from resources.calendar import month_range

OUTSIDE = "outside"  # storage beyond the boundary: its discharge is a supply, its charge is no load (metering.md §5)
MONTHLY_KINDS = ("direct_line", "green_trade", "onsite_owned", "onsite_third_party")


class Rows(Protocol):
    """Typed feeds by name, as plain rows that nobody changes (docs/architecture.md, typed feeds)."""

    def rows(self, feed: str, /) -> list[Row]: ...


def consumption_months(event: Row) -> list[str]:
    """The months a cancellation is for, oldest first; empty when it states none, or one that ends before it starts."""
    first = event.get("consumption_start") or event.get("consumption_month")
    last = event.get("consumption_end") or event.get("consumption_month")
    return month_range(first, last) if first and last else []


@dataclass(frozen=True)
class Books:
    """Everything the claims of one month are decided from.

    ``certificates`` and ``events`` are those of every project-month produced or consumed in it.
    """

    month: str
    rules: ClaimRules
    evidence: Mapping[str, str]
    energies: SiteEnergies
    sites: Mapping[str, Row]
    projects: Mapping[str, Row]
    contracts: Mapping[str, Row]
    shares: list[Row]
    settlements: Mapping[tuple[str, str], Row]
    certificates: list[Row]
    events: list[Row]
    pieces: list[Piece]
    held: list[Piece]
    self_uses: list[SelfUse]
    onsite_projects: Mapping[str, set[str]]
    stored: list[Discharge]
    issuable: Mapping[tuple[str, str], int]

    @property
    def storage_projects(self) -> set[str]:
        """Projects whose only meters are those of storage discharge."""
        return {one.project_code for one in self.stored}

    @staticmethod
    def open(
        feeds: Rows,
        energies: list[dict[str, Any]],
        sites: list[dict[str, Any]],
        month: str,
        evidence: Mapping[str, str],
        rules: ClaimRules,
        generated_wh: Mapping[tuple[str, str], int] | None = None,
    ) -> Books:
        """Read the feeds. ``energies``: rows of ``staging/energies`` of the month; ``sites``: rows in force (site_id, geography).

        ``generated_wh``: metered generation by project and month, where it is known.
        """
        rows = {name: feeds.rows(name) for name in _FEEDS}
        totals = SiteEnergies(energies)
        touched = {
            (event["project_code"], event["production_month"])
            for event in rows["certificate_events"]
            if event["production_month"] == month or month in consumption_months(event)
        }
        certificates, events = (
            [row for row in rows[name] if (row["project_code"], row["production_month"]) in touched or row["production_month"] == month]
            for name in ("certificates", "certificate_events")
        )
        issuable = {key: issuable_count(energy_wh) for key, energy_wh in (generated_wh or {}).items()}
        return Books(
            month=month,
            rules=rules,
            evidence=evidence,
            energies=totals,
            sites={row["site_id"]: row for row in plain(sites)},
            projects={row["project_code"]: row for row in rows["projects"]},
            contracts={row["contract_id"]: row for row in rows["ppa_contracts"]},
            shares=rows["ppa_site_shares"],
            settlements=latest_settlements(rows["ppa_settlements"]),
            certificates=certificates,
            events=events,
            pieces=cancelled_pieces(certificates, events, rules, issuable),
            held=held_pieces(certificates, events, rules, issuable),
            self_uses=self_uses(totals, rows["meters"], month, {s["site_id"] for s in plain(sites) if s.get("storage") == OUTSIDE}),
            onsite_projects=generation_projects(rows["meters"], month),
            stored=storage_discharge(totals, rows["meters"], month),
            issuable=issuable,
        )

    def evidenced(self, row: Row | None) -> bool:
        """Whether the document a row refers to has landed (CT15)."""
        return row is not None and row.get("evidence") is not None and row["evidence"] in self.evidence

    def shares_in(self, contract_id: str, month: str) -> Shares:
        if (contract_id, month) not in self._shares_in:
            self._shares_in[contract_id, month] = shares_of(self._shares_of.get(contract_id, ()), contract_id, month)
        return self._shares_in[contract_id, month]

    @cached_property
    def _shares_of(self) -> dict[str, list[Row]]:
        return grouped(self.shares, "contract_id")

    @cached_property
    def _shares_in(self) -> dict[tuple[str, str], Shares]:
        return {}

    @cached_property
    def produced(self) -> list[Row]:
        """The events of certificates produced in the month."""
        return [event for event in self.events if event["production_month"] == self.month]

    @cached_property
    def produced_by(self) -> dict[str, list[Row]]:
        """The same by project."""
        return grouped(self.produced, "project_code")

    @cached_property
    def issued_by(self) -> dict[str, list[Row]]:
        """The issued rows of the month's production by project."""
        return grouped((row for row in self.certificates if row["production_month"] == self.month), "project_code")

    def contract_of(self, event: Row, site_id: str | None) -> Row | None:
        """The contract of a cancellation: the one it names, else the site's direct line from that project in force when it produced."""
        if event.get("contract_id") is not None:
            return self.contracts.get(event["contract_id"])
        produced = event["production_month"]
        for _, contract in sorted(self.contracts.items()):
            direct = contract["kind"] == "direct_line" and contract.get("project_code") == event["project_code"]
            if direct and in_force(contract, produced) and site_id in self.shares_in(contract["contract_id"], produced).by_site:
                return contract
        return None

    def direct_lines(self, site_id: str) -> list[Row]:
        """The direct-line contracts in force in the month that the site has a share of."""
        return [
            contract
            for name, contract in sorted(self.contracts.items())
            if contract["kind"] == "direct_line" and in_force(contract, self.month)
            and self.shares_in(name, self.month).by_site.get(site_id)
        ]  # fmt: skip

    def is_delivered_to(self, project_code: str, site_id: str | None) -> bool:
        """Whether a project is behind the site's meter: its own generation meter, or a contract for on-site or direct-line supply."""
        if site_id in self.onsite_projects.get(project_code, set()):
            return True
        return any(
            contract["kind"] in ("onsite_owned", "onsite_third_party", "direct_line")
            and contract.get("project_code") == project_code
            and site_id in self.shares_in(contract["contract_id"], self.month).by_site
            for contract in self.contracts.values()
        )

    def is_for_month(self, event: Row) -> bool:
        """Whether any of a cancellation's consumption months is this one."""
        return self.month in consumption_months(event)

    def is_monthly(self, event: Row) -> bool:
        """Whether a cancellation is a product matched month by month: self-use, green-power trade, or under a contract that delivers."""
        contract = self.contract_of(event, event.get("site_id"))
        return event.get("channel") in ("self_use", "green_trade") or (contract is not None and contract["kind"] in MONTHLY_KINDS)

    def is_spread(self, event: Row) -> bool:
        """Whether a cancellation is for several months and no product that is matched month by month."""
        return len(consumption_months(event)) > 1 and not self.is_monthly(event)


def grouped(rows: Iterable[Row], column: str) -> dict[Any, list[Row]]:
    """Rows by the value of a column, in their order."""
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.get(column)].append(row)
    return found


_FEEDS = ("meters", "projects", "ppa_contracts", "ppa_site_shares", "ppa_settlements", "certificates", "certificate_events")
