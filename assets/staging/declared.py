"""What a site declares to have none of.

Reading the feed ``declarations`` belongs here; what a declaration is worth belongs to those who ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from resources.calendar import month_last_day


def declared_none(rows: Iterable[Mapping[str, Any]], month: str) -> frozenset[str]:
    """Subjects declared none on the last day of ``month``, of one site's rows (interfaces.md §2, declarations)."""
    last_day = month_last_day(month).isoformat()
    return frozenset(
        row["subject"]
        for row in rows
        if row["statement"] == "none" and row["valid_from"] <= last_day and (not row["valid_to"] or row["valid_to"] >= last_day)
    )
