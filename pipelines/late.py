"""What was landed for a month after it became final: late data, file by file and site by site.

Only reading. Whether it changes a figure is said by the candidate; that it came at all is said here, computed or not.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import Any

from resources.home import Home
from resources.ledger import Entry, Part
from resources.revisions import Revision

# Feeds whose rows belong to one month; of the others a new file may concern any month, and only the candidate tells.
_MONTHLY = ("meter_readings", "utilisation", "telemetry", "activities", "ppa_settlements")


class Late:
    """The late files of a home, counted by site once for each part. ``since``: the oldest log number of a final revision."""

    def __init__(self, home: Home, since: int) -> None:
        self._home = home
        newest, _ = home.ledger.head()
        self._parts: dict[str, list[Part]] = defaultdict(list)
        for part in (part for feed in _MONTHLY for part in home.ledger.parts(feed, newest) if part.entry > since):
            self._parts[part.month].append(part)
        self._counted: dict[tuple[int, str, str], dict[str, int]] = {}
        self._sites: dict[str, dict[str, set[str]]] = {}

    def files(self, revision: Revision) -> list[dict[str, Any]]:
        """Files of monthly feeds with rows of the site's month that were landed after a revision's log number, oldest first.

        Rows of meters that no site is known to have, and of contracts, concern every site.
        """
        found = []
        for part in sorted(self._parts.get(revision.month, ()), key=lambda part: (part.entry, part.feed)):
            counted = self._rows(part) if part.entry > revision.as_of else {}
            if rows := counted.get(revision.entity_id, 0) + counted.get("", 0):
                entry = self._entries[part.entry]
                found.append({"entry": part.entry, "file": entry.name, "feed": part.feed, "rows": rows, "at": entry.at})
        return found

    @cached_property
    def _entries(self) -> dict[int, Entry]:
        return {entry.n: entry for entry in self._home.ledger.entries(kinds=["file"])}

    def _rows(self, part: Part) -> dict[str, int]:
        """Rows of a part by site; '' for those of no known one."""
        key = (part.entry, part.feed, part.month)
        if key not in self._counted:
            rows = self._home.lake.scan(f"parts/{part.feed}", part.month, part.file_digest)
            names = rows.collect_schema().names()
            by = next((name for name in ("site_id", "meter_id") if name in names), None)
            counted: dict[str, int] = defaultdict(int)
            counts = {"": part.rows} if by is None else dict(rows.group_by(by).len().collect().iter_rows())
            owners = self._owners(part.month) if by == "meter_id" else {}
            for name, count in counts.items():
                for site in owners.get(name, {""}) if by == "meter_id" else {name or ""}:
                    counted[site] += count
            self._counted[key] = counted
        return self._counted[key]

    def _owners(self, month: str) -> dict[str, set[str]]:
        """The sites of each meter in a month, as computed last."""
        if month not in self._sites:
            owners: dict[str, set[str]] = defaultdict(set)
            if (facts := self._home.ledger.manifest(month, "staging/meter_facts")) is not None:
                table = self._home.lake.scan("staging/meter_facts", month, facts.file_digest).select("meter_id", "site_id").unique()
                for meter, site in table.collect().iter_rows():
                    owners[meter].add(site)
            self._sites[month] = owners
        return self._sites[month]
