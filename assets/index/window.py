"""Categories in the trailing window: which PUE and WUE each month has, and trailing values that would mix several.

Put here what rule ME06 judges and what its verdict does to a trailing value; how months are summed is in ``assets/indicators/compose.py``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from assets.indicators.measure import IndicatorValue

CATEGORY_COLUMNS = ("site_id", "what", "month", "category")
RULE = "ME06"
# Which indicator's category is the one that the site states, and what a change of it makes incomparable: E_IT is the denominator (of B2 the
# numerator) of all of these, water the numerator of D2.
_STATED = {"pue_category": "D1", "wue_category": "D2"}
_SPOILT = {"pue_category": ("B2", "D1", "D2", "F1"), "wue_category": ("D2",)}


def window_categories(monthly: Mapping[str, Mapping[str, Mapping[str, IndicatorValue]]]) -> list[dict[str, Any]]:
    """The category of every valid PUE and WUE of the window: rows ``site_id, what, month, category`` (None: not stated), sorted.

    ``monthly``: site → month → code → value of the month. Months without a value enter no sum and are left out. Source: checks.md ME06.
    """
    return [
        {"site_id": site_id, "what": what, "month": month, "category": months[month][code].category}
        for site_id, months in sorted(monthly.items())
        for what, code in _STATED.items()
        for month in sorted(months)
        if code in months[month] and months[month][code].valued
    ]


def mixed_windows(findings: Iterable[Mapping[str, Any]], waived: Collection[str]) -> dict[tuple[str, str], str]:
    """(site, indicator) → why its trailing value is withheld, from the findings of ME06 that nobody waived."""
    return {
        (row["site_id"], code): f"the {row['subject'].replace('_', ' ')} changes within the window"
        for row in findings
        if row["code"] == RULE and row["severity"] == "withhold" and row["id"] not in waived
        for code in _SPOILT[row["subject"]]
    }


def withheld_window(value: IndicatorValue, reason: str | None) -> IndicatorValue:
    """The trailing value, or without a value and withheld by ME06 when there is a reason; its months stay what they are."""
    if reason is None or not value.valued:
        return value
    return replace(
        value, status="withheld", value=None, numerator=None, denominator=None, coverage=None, estimated_share=None, category=None,
        rules_failed=(RULE,), reason=reason, components={}, beside={}, months=0,
    )  # fmt: skip
