"""The snapshots of the CMDB that a month is judged by: each site's newest one, and the one before it.

Choosing rows belongs here; what is counted of them is ``inventory.py``, what must hold is ``checks/rules`` (BD14).
"""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd

from assets.staging.inventory import CARRIED_DAYS, LOST_DAYS, NEAR_DAYS
from resources.calendar import month_last_day


def snapshots(frame: pd.DataFrame, month: str, *, before: bool = True) -> pd.DataFrame:
    """Rows of ``racks`` or ``devices`` of the month's snapshot of each site, ``age`` 0, and (``before``) of the one before it, ``age`` 1.

    The month's snapshot is the newest up to ``NEAR_DAYS`` after its end and not older than ``CARRIED_DAYS`` (TL05); the one before
    it is at most ``LOST_DAYS`` older, as for lost racks. Sites without a snapshot of the month have no rows.
    """
    last = month_last_day(month)
    oldest, earliest, latest = ((last + timedelta(days=days)).isoformat() for days in (-CARRIED_DAYS - LOST_DAYS, -CARRIED_DAYS, NEAR_DAYS))
    known = frame[(frame["snapshot_on"] >= oldest) & (frame["snapshot_on"] <= latest)]
    keys = list(zip(known["site_id"], known["snapshot_on"], strict=True))
    days: dict[str, list[str]] = {}
    for site_id, day in sorted(set(keys), reverse=True):
        days.setdefault(site_id, []).append(day)
    ages = {
        (site_id, day): age
        for site_id, (newest, *earlier) in days.items()
        if newest >= earliest
        for age, day in enumerate([newest, *earlier[:before]])
        if day >= _before(newest)
    }
    chosen = known[[key in ages for key in keys]]
    return chosen.assign(age=[ages[key] for key in keys if key in ages]).reset_index(drop=True)


def _before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=LOST_DAYS)).isoformat()
