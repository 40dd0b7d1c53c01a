"""All contracts: ``FEEDS`` by name, in the order of interfaces.md, ``STAGED``, ``ACCOUNTS`` (tables of the layers above), and ``VALUES``
(what has no table of its own).

Nothing is declared here; each table stands in the module of its subject.
"""

from __future__ import annotations

from checks.contracts import activities, cmdb, green_power, meters, sites
from checks.contracts.accounts import ACCOUNTS
from checks.contracts.base import Contract
from checks.contracts.names import FEED_NAMES
from checks.contracts.staged import STAGED
from checks.contracts.values import VALUES

_ALL = {contract.name: contract for module in (sites, meters, cmdb, green_power, activities) for contract in module.CONTRACTS}

FEEDS: dict[str, Contract] = {name: _ALL[name] for name in FEED_NAMES}


def template_csv(feed: str) -> str:
    """The header-only CSV template of a feed, for ``gci init``; KeyError for an unknown feed."""
    return FEEDS[feed].template_header() + "\n"


__all__ = ["ACCOUNTS", "FEEDS", "FEED_NAMES", "STAGED", "VALUES", "template_csv"]
