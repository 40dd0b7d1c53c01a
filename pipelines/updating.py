"""Bringing a home up to date without being asked for a month: land what is new, compute open months it concerns, and candidates.

What the sensor on landing does; ``gci run`` and the schedule do the same for a month that is named. A final month gets a candidate beside
it and is never touched (``restating.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from assets.compute import require_sites
from assets.raw.landing import Landed, land
from pipelines.backfill import MonthDone, compute_months
from pipelines.documents import note_documents
from pipelines.restating import Moved, moved
from pipelines.sweep import writing
from pipelines.waiting import months_waiting
from resources.calendar import add_months
from resources.home import Home
from resources.ledger import RUN


@dataclass(frozen=True)
class Updated:
    """What became of the files and of the months, and which final results say something else now."""

    landed: tuple[Landed, ...]
    months: tuple[MonthDone, ...]
    candidates: tuple[Moved, ...]


def update_home(home: Home, now: datetime | None = None) -> Updated:
    """Land new files and compute every complete month with readings whose inputs changed, up to the newest; GciError without sites."""
    with writing(home, "new files in landing/"):
        landed = land(home)
        note_documents(home)
        zone = ZoneInfo(home.settings.timezone)
        complete = add_months(f"{(now or datetime.now(zone)).astimezone(zone):%Y-%m}", -1)
        known = {item.month for item in home.ledger.manifests(table_name=RUN)} | set(months_waiting(home))
        months = sorted(month for month in known if month <= complete)
        done: list[MonthDone] = []
        if months:
            require_sites(home)
            done = compute_months(home, months[-1:])
        return Updated(tuple(landed), tuple(done), tuple(moved(home)))
