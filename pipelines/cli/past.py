"""``gci show --as-of DATE``: what was known at the end of a day."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from assets.reports.published import Published
from pipelines.cli import lookup
from resources.errors import GciError, UsageError
from resources.home import Home
from resources.ledger import RUN
from resources.revision_home import home_at


def shown_as_of(
    home: Home, entity: str, month: str, window: str, day: str, boundary: bool
) -> tuple[dict[str, Any], dict[str, Any] | None]:  # fmt: skip
    """The result as it was at the end of a day in the home's time zone, and the boundary then when it is asked for.

    A revision that was final then is read; otherwise the month is computed from the entries of the log up to then, by today's code. That
    takes as long as computing it did.
    """
    from pipelines.cli.reading import shown_with

    lookup.check_month_of(home, month)
    number = entry_of(home, day)
    shown = Published(home, number)
    if (revision := shown.closed.newest(entity, month)) is not None and (payload := shown.final(entity, month, window)) is not None:
        return payload, shown_with(home_at(home, revision), payload, boundary)
    with _computed(home, month, number) as then:
        payload = lookup.result_payload(then, entity, month, window)
        # computed from a part of these entries, or from more that say the same: the day's log is what it stands for
        payload["log_number"], payload["head_digest"] = home.ledger.head(number)
        return payload, shown_with(then, payload, boundary)


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


@contextlib.contextmanager
def _computed(home: Home, month: str, number: int) -> Iterator[Home]:
    """A scratch home in which the month is computed from the first ``number`` entries; GciError when there was nothing to compute."""
    from pipelines.cli.writing import progress_lines
    from pipelines.scratch import scratch, up_to
    from pipelines.steps import compute_plain

    with scratch(home, up_to(number), computed=True) as then:
        with progress_lines("Computing the past 计算历史状态") as progress:
            compute_plain(then, [month], number, progress)
        if then.ledger.manifest(month, RUN) is None or not then.ledger.rows("result", month=month):
            raise GciError(f"At entry {number} no site was in force in {month}: there is no result of that day. 当时没有可用结果。")
        yield then
