"""How old the newest snapshot of each site's racks and devices is: facts of the rule TL05.

Which snapshot stands for a month is decided in ``inventory.py``; here the newest one is told, however old.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import pandas as pd

from assets.staging.inventory import NEAR_DAYS
from resources.calendar import month_last_day

COLUMNS = ("site_id", "feed", "newest_on", "age_days", "entry", "source_row")


def snapshot_days(feeds: Mapping[str, pd.DataFrame], month: str) -> pd.DataFrame:
    """COLUMNS: for each site and feed of ``feeds`` (racks, devices) its newest snapshot up to ``NEAR_DAYS`` after the month's end.

    ``age_days``: days before the month's last day, below 0 for a day after it. Sites that sent none have no row.
    """
    last = month_last_day(month)
    latest = (last + timedelta(days=NEAR_DAYS)).isoformat()
    rows = []
    for feed, frame in sorted(feeds.items()):
        newest: dict[str, tuple[str, int, int]] = {}
        for site_id, day, entry, row in zip(*(frame[name] for name in ("site_id", "snapshot_on", "entry", "source_row")), strict=True):
            seen = (day, -entry, -row)
            if day <= latest and seen > newest.get(site_id, ("",)):
                newest[site_id] = seen
        for site_id, (day, entry, row) in newest.items():
            rows.append((site_id, feed, day, (last - date.fromisoformat(day)).days, -int(entry), -int(row)))
    return pd.DataFrame(sorted(rows), columns=list(COLUMNS))
