"""Which certificates are a contract's: issued for its project and month and named to it, cancelled of them, ended, or nobody's yet.

Counting numbers belongs here; what their absence is called is ``contract_chain.py``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from assets.staging.certificates import identity_faults
from assets.staging.claim_books import Books
from assets.staging.contracts import Row
from assets.staging.spans import Span, common, size, union, without

ONSITE = ("onsite_owned", "onsite_third_party")
OWN_USE = (*ONSITE, "direct_line")
_ENDED = {"expire": "expired", "freeze": "frozen", "withdraw": "withdrawn"}


@dataclass(frozen=True)
class Numbers:
    """How many certificates of the month there are for a contract: issued and its own (named to it, or of its plant's self-use), cancelled
    of them, ended by kind; and issued ones of its project that are nobody's yet."""

    certificated: int = 0
    cancelled: int = 0
    ended: Mapping[str, int] = field(default_factory=dict)
    free: int = 0

    @staticmethod
    def of(books: Books, contract: Row) -> Numbers:
        """The numbers of a contract; of one that states no project those of the projects whose events name it."""
        sites = books.shares_in(contract["contract_id"], books.month).by_site
        project = contract.get("project_code")
        events = books.produced_by.get(project, []) if project else books.produced
        mine = [event for event in events if names(event, contract, sites)]
        found = [
            _numbers(books, contract, one, events, mine) for one in ([project] if project else sorted({e["project_code"] for e in mine}))
        ]
        return Numbers(
            certificated=sum(one.certificated for one in found),
            cancelled=sum(one.cancelled for one in found),
            ended={name: sum(one.ended[name] for one in found) for name in _ENDED.values()},
            free=found[0].free if project else 0,
        )


def _numbers(books: Books, contract: Row, project: str, events: list[Row], mine: list[Row]) -> Numbers:
    issued_by = [row for row in books.issued_by.get(project, ()) if not identity_faults(row, books.rules)]
    own, theirs = {id(event) for event in mine}, [event for event in events if event["project_code"] == project]
    moved = [event for event in theirs if event["kind"] in ("transfer", "cancel")]
    others = [span(event) for event in moved if id(event) not in own]
    issued = union(span(row) for row in issued_by)
    named = [span(event) for event in moved if id(event) in own]
    if contract["kind"] in OWN_USE:  # certificates of energy behind the meter can't be traded: they are the user's
        named += without((span(row) for row in issued_by if row["energy_class"] == "self_use"), others)
    certificated = common(issued, named)
    cancelled = common(certificated, (span(event) for event in moved if event["kind"] == "cancel" and id(event) in own))
    left, ended = without(certificated, cancelled), {}
    for kind, name in _ENDED.items():
        gone = common(left, (span(event) for event in theirs if event["kind"] == kind))
        left, ended[name] = without(left, gone), size(gone)
    not_for_sale = [span(row) for row in issued_by if row.get("mechanism") is True or row.get("ccer") is True]
    return Numbers(size(certificated), size(cancelled), ended, size(without(without(issued, certificated), [*others, *not_for_sale])))


def span(row: Row) -> Span:
    return row["seq_start"], row["seq_end"]


def names(event: Row, contract: Row, sites: Collection[str]) -> bool:
    """Whether an event is about a contract: it names it, or names none and is for a site that the contract's own plant supplies."""
    if event.get("contract_id") is not None:
        return bool(event["contract_id"] == contract["contract_id"])
    own = contract["kind"] in OWN_USE and event["project_code"] == contract.get("project_code")
    return own and event.get("site_id") in sites
