"""The snapshots of the CMDB that a month is judged by: each site's newest one, and the one before it.

Choosing rows belongs here; what is counted of them is ``inventory.py``, what must hold is ``checks/rules`` (BD14).
"""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from assets.staging.inventory import CARRIED_DAYS, LOST_DAYS, NEAR_DAYS
from resources.calendar import month_last_day


def snapshots(frame: pd.DataFrame, month: str) -> pd.DataFrame:
    """Rows of ``racks`` or ``devices`` of the month's snapshot of each site, ``age`` 0, and of the one before it, ``age`` 1.

    The month's snapshot is the newest up to ``NEAR_DAYS`` after its end and not older than ``CARRIED_DAYS`` (TL05); the one before
    it is at most ``LOST_DAYS`` older, as for lost racks. Sites without a snapshot of the month have no rows.
    """
    last = month_last_day(month)
    known = frame[frame["snapshot_on"] <= (last + timedelta(days=NEAR_DAYS)).isoformat()]
    days = known[["site_id", "snapshot_on"]].drop_duplicates().sort_values(["site_id", "snapshot_on"], ascending=[True, False])
    days["age"] = days.groupby("site_id").cumcount()
    newest = days[days["age"] == 0].set_index("site_id")["snapshot_on"]
    of_month = newest[newest >= (last - timedelta(days=CARRIED_DAYS)).isoformat()]
    days = days[days["site_id"].isin(of_month.index) & (days["age"] <= 1)]
    oldest = days["site_id"].map({site: _before(day) for site, day in of_month.items()})
    days = days[days["snapshot_on"] >= oldest]
    return known.merge(days, on=["site_id", "snapshot_on"]).reset_index(drop=True)


def _before(day: str) -> str:
    return (pd.Timestamp(day).date() - timedelta(days=LOST_DAYS)).isoformat()
