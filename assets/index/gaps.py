"""Months of the trailing window that an indicator skipped: nothing was reported for them, though something was before.

A fact of the rule TL08. How months are summed is in ``assets/indicators/compose.py``.
"""

from __future__ import annotations

from collections.abc import Mapping

from assets.indicators.measure import IndicatorValue
from resources.calendar import trailing_months

# A month that says one of these is no gap: it is told as withheld, or the indicator is none of the site's.
_SAID = ("withheld", "not_applicable")


def unreported(values: Mapping[str, IndicatorValue], first_month: str | None, month: str) -> list[str]:
    """The months of the window after ``first_month`` (the first with a value; None: there is none) without a value, oldest first.

    ``values``: one indicator's by month. A withheld month is none of them, nor one in which the indicator does not apply.
    """
    if first_month is None:
        return []
    known = {m for m, value in values.items() if value.valued or value.status in _SAID}
    return [m for m in trailing_months(month) if m > first_month and m not in known]
