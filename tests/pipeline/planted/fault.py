"""A planted fault: what is changed in the valid home, and exactly what the rules must then say.

Put here only the shape of an entry of the table. How to add one: README.md beside this file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from resources.home import Home
from tests.pipeline.planted.tables import MONTHS, Tables

DECEMBER, JANUARY = MONTHS


class Found(NamedTuple):
    """One finding: of which site and month, what it says; ``follows``: it carries ``because_of``."""

    site_id: str
    month: str
    code: str
    severity: str
    quantity: str
    subject: str
    follows: bool = False


# The valid home has two months: its trailing values are young. This stands in every entry and is said by none.
YOUNG = frozenset(Found(site, month, "TL08", "info", "", "history") for site in ("S1", "S2") for month in MONTHS)


@dataclass(frozen=True)
class Fault:
    """One entry. ``root``: the code of the rule that must find it; ``change`` plants it in the tables of the valid home before landing;
    ``finds``: all findings of the whole home but ``YOUNG``; ``between``: what a person does after a first computation, before the
    ``later`` files of the tables are landed and the home is computed again.
    """

    key: str
    root: str
    en: str
    zh: str
    change: Callable[[Tables], None]
    finds: frozenset[Found]
    between: Callable[[Home], None] | None = None


def found(*rows: Found | Iterable[Any]) -> frozenset[Found]:
    """Findings of an entry; sequences of them (``each_month``, ``interim``) are taken apart."""
    flat: set[Found] = set()
    for row in rows:
        flat |= {row} if isinstance(row, Found) else found(*row)
    return frozenset(flat)


def each_month(one: Found) -> list[Found]:
    """The same finding in every month of the home."""
    return [one._replace(month=month) for month in MONTHS]


def interim(site_id: str, first: str) -> list[Found]:
    """TL08 says that a withheld month makes trailing values interim, from that month on: it follows from what was withheld."""
    return [Found(site_id, month, "TL08", "info", "", "withheld", True) for month in MONTHS if month >= first]
