"""``gci show --as-of DATE``: what was known at the end of a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from assets.reports.published import Published
from pipelines.cli import lookup
from resources.errors import GciError, UsageError
from resources.home import Home
from resources.revisions import home_at


def shown_as_of(home: Home, entity: str, month: str, window: str, day: str) -> tuple[Home, dict[str, Any]]:
    """The home and the result as they were at the end of a day in the home's time zone.

    A revision that was final then is read; otherwise the month is computed from the entries of the log up to then, by today's code. That
    takes as long as computing it did.
    """
    lookup.check_month_of(home, month)
    number = entry_of(home, day)
    shown = Published(home, number)
    if (revision := shown.closed.newest(entity, month)) is not None:
        payload = shown.final(entity, month, window)
        assert payload is not None
        return home_at(home, revision), payload
    return home, _computed(home, entity, month, window, number)


def entry_of(home: Home, day: str) -> int:
    """Number of the newest entry at the end of a day; UsageError for a day that is none or lies before the log."""
    try:
        last = date.fromisoformat(day)
    except ValueError:
        raise UsageError(f"--as-of {day} is no date. Write it as YYYY-MM-DD.") from None
    end = datetime.combine(last + timedelta(days=1), time(), ZoneInfo(home.settings.timezone)).astimezone(UTC)
    entries = home.ledger.entries()
    known = [e.n for e in entries if datetime.fromisoformat(e.at) < end]
    if not known:
        began = f"the first entry is of {entries[0].at}" if entries else "the log is empty"
        raise UsageError(f"Nothing was known at the end of {day}: {began}. 当日尚无任何记录。")
    return max(known)


def _computed(home: Home, entity: str, month: str, window: str, number: int) -> dict[str, Any]:
    from assets.reports.accounts import site_accounts
    from pipelines.cli.writing import progress_lines
    from pipelines.scratch import scratch, up_to
    from pipelines.steps import compute_plain

    with scratch(home, up_to(number), computed=True) as then, progress_lines("Computing the past 计算历史状态") as progress:
        compute_plain(then, [month], number, progress)
        if not then.ledger.rows("result", month=month):
            raise GciError(f"At entry {number} no site was in force in {month}: there is no result of that day. 当时没有可用结果。")
        payload = lookup.candidate_payload(then, entity, month, window)
        if payload["entity_kind"] == "site":
            payload["accounts"] = site_accounts(then, entity, month)
    return payload
