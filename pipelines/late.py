"""What was landed for a month after it became final: late data, file by file.

Only reading. Whether it changes a figure is said by the candidate; that it came at all is said here, computed or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resources.home import Home

# Feeds whose rows belong to one month; of the others a new file may concern any month, and only the candidate tells.
_MONTHLY = ("meter_readings", "utilisation", "telemetry", "activities", "ppa_settlements")


def late_files(home: Home, document: Mapping[str, Any], month: str) -> list[dict[str, Any]]:
    """Files of monthly feeds with rows of the month that were landed after a revision's log number, oldest first.

    ``document`` is the revision's (``resources/revisions.py``). Rows are those of the month in the file, of all sites.
    """
    as_of = int(document["as_of"])
    newest, _ = home.ledger.head()
    parts = [part for feed in _MONTHLY for part in home.ledger.parts(feed, newest, [month]) if part.entry > as_of]
    if not parts:
        return []
    entries = {e.n: e for e in home.ledger.entries(kinds=["file"])}
    return [
        {"entry": part.entry, "file": entries[part.entry].name, "feed": part.feed, "rows": part.rows, "at": entries[part.entry].at}
        for part in sorted(parts, key=lambda part: (part.entry, part.feed))
    ]
