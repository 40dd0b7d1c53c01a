"""Staged tables as pages and reading commands ask for them: of a month, and of a site in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from resources.home import Home
from resources.ledger import Manifest


def read_table(home: Home, table: str, month: str) -> pl.DataFrame | None:
    """A staged table of a month; None when it was not computed."""
    stored = home.ledger.manifest(month, table)
    return None if stored is None else home.lake.read(table, month, stored.file_digest)


class Tables:
    """The tables of a home while many pages are written: each is looked up once, and its rows are put by site once."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._manifests: dict[str, dict[str, Manifest]] = {}
        self._rows: dict[tuple[str, str], dict[str | None, list[dict[str, Any]]]] = {}
        self._findings: dict[str, dict[str | None, list[dict[str, Any]]]] = {}

    def manifest(self, table: str, month: str) -> Manifest | None:
        """What the ledger says of a table of a month; None when it was not computed."""
        if month not in self._manifests:
            self._manifests[month] = {item.table_name: item for item in self.home.ledger.manifests(month)}
        return self._manifests[month].get(table)

    def rows(self, table: str, month: str, site_id: str) -> list[dict[str, Any]] | None:
        """The rows of a site (column ``site_id``) in the order of the table; None when the table was not computed."""
        if (table, month) not in self._rows:
            stored = self.manifest(table, month)
            if stored is None:
                return None
            self._rows[table, month] = by_site(self.home.lake.read(table, month, stored.file_digest))
        return self._rows[table, month].get(site_id, [])

    def findings(self, month: str, site_id: str) -> list[dict[str, Any]]:
        """The findings of a site in a month, as the ledger has them."""
        if month not in self._findings:
            self._findings[month] = grouped(self.home.ledger.rows("finding", month=month))
        return self._findings[month].get(site_id, [])


def by_site(frame: pl.DataFrame) -> dict[str | None, list[dict[str, Any]]]:
    """Rows by their column ``site_id``, in the order of the table."""
    return grouped(frame.iter_rows(named=True))


def grouped(rows: Iterable[dict[str, Any]]) -> dict[str | None, list[dict[str, Any]]]:
    """Rows by their ``site_id``, in their order."""
    found: dict[str | None, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["site_id"], []).append(row)
    return found
