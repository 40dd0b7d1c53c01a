"""Until when claims of a month may still come: the calendar after which what is cancelled is all there is.

Reading the dated convention (``claim_calendar.yaml``) and asking it belongs here; which products a site has is for ``assets/index``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from assets.reference.factors import FactorSet
from resources.calendar import add_months, month_last_day
from resources.errors import GciError

MONTHLY, ANNUAL = "monthly", "annual"


@dataclass(frozen=True)
class ClaimCalendar:
    """The table ``claim_calendar`` of one kept factor document."""

    rules: Mapping[str, Any]

    @staticmethod
    def from_reference(data: Mapping[str, Any]) -> ClaimCalendar:
        """From the parsed reference document (``FactorSet.data``); GciError when the table is absent."""
        if "claim_calendar" not in data:
            raise GciError("The reference document lacks 'claim_calendar'. Land the factors again from assets/reference.")
        return ClaimCalendar(data["claim_calendar"])

    def last_day(self, kind: str, month: str) -> date:
        """The last day on which certificates of a kind of product (``monthly``, ``annual``) may still come for a month of consumption.

        Monthly products: the last day of the second month after it; annual ones: 31 March of the next year.
        Source: green-power.md §3, a project convention.
        """
        rule = max((row for row in self.rules[kind] if row["valid_from"] <= month), key=lambda row: row["valid_from"])
        if kind == MONTHLY:
            return month_last_day(add_months(month, rule["months_after"]))
        return date.fromisoformat(f"{int(month[:4]) + 1:04d}-{rule['until']}")

    def may_come(self, kind: str, month: str, today: date) -> bool:
        """Whether certificates of a kind may still come for a month; the last day is among the days on which they may."""
        return today <= self.last_day(kind, month)

    def state(self, month: str, today: date) -> list[bool]:
        """What of the calendar can change a result of the month: whether monthly and annual products may still come."""
        return [self.may_come(kind, month, today) for kind in (MONTHLY, ANNUAL)]


@lru_cache(maxsize=8)
def calendar_of(document: bytes) -> ClaimCalendar:
    """The calendar of a kept factor document."""
    return ClaimCalendar.from_reference(FactorSet.from_document(document).data)
