"""What a trace reads: one site-month of a home, as the log stood when the result was made.

Tables are read when they are asked for, and only the rows of the site. Nothing here looks at the newest state of the log or of
``gci.toml``.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import polars as pl

from assets.edition.document import parse_edition
from assets.edition.tree import Edition
from assets.indicators.hourly_match import match_hours
from assets.indicators.inputs import Parameters, SiteMonth
from assets.indicators.measure import IndicatorValue
from assets.indicators.parameters import parameters_of
from assets.indicators.site_emissions import READS, site_with_emissions
from assets.raw.plain_rows import PlainFeeds
from assets.reference.factors import FactorSet
from assets.staging.meters import Meter, register_meters
from checks.gate import Gate
from resources.calendar import month_hours_s, month_last_day
from resources.errors import GciError
from resources.home import Home
from resources.ledger import Entry
from resources.settings import Settings, settings_of

DEPTHS = ("meters", "hours", "rows")
Row = dict[str, Any]


@dataclass(frozen=True)
class Moment:
    """A home at one entry of its log: documents, settings and feeds of then, and the values of a month."""

    home: Home
    month: str
    as_of: int

    def document(self, kind: str) -> tuple[Entry, bytes]:
        """The entry and the bytes of the edition, factors, settings or thresholds in force."""
        entry = self.home.ledger.latest(kind, self.as_of)
        if entry is None:
            raise GciError(f"The log holds no {kind} at entry {self.as_of}. Run 'gci verify'.")
        path = self.home.lake.file_path(entry.digest)
        if not path.exists():
            raise GciError(f"The {kind} of entry {entry.n} ({entry.digest}) is missing from the lake. Run 'gci verify'.")
        return entry, path.read_bytes()

    @cached_property
    def settings(self) -> Settings:
        return settings_of(self.document("settings")[1])

    @cached_property
    def edition(self) -> Edition:
        return parse_edition(self.document("edition")[1], "edition")

    @cached_property
    def factors(self) -> FactorSet:
        return FactorSet.from_document(self.document("factors")[1])

    @cached_property
    def parameters(self) -> Parameters:
        return parameters_of(self.edition, self.factors)

    @cached_property
    def feeds(self) -> PlainFeeds:
        return PlainFeeds(self.home, self.as_of, self.settings)

    @cached_property
    def files(self) -> dict[int, tuple[str, str]]:
        """Name (``feed/file``) and digest of every landed file by entry."""
        return {entry.n: (entry.name, entry.digest) for entry in self._file_entries}

    def rows_of_file(self, entry: int) -> int | None:
        """How many rows a landed file has, as its log entry says."""
        found = self._rows_of_files.get(entry)
        return int(found) if isinstance(found, int) else None

    @cached_property
    def _rows_of_files(self) -> dict[int, Any]:
        return {entry.n: entry.payload.get("rows") for entry in self._file_entries}

    @cached_property
    def _file_entries(self) -> list[Entry]:
        return self.home.ledger.entries(kinds=["file"], as_of=self.as_of)

    @cached_property
    def last_day(self) -> str:
        return month_last_day(self.month).isoformat()

    @cached_property
    def sites(self) -> dict[str, Row]:
        """The ``sites`` rows in force on the last day of the month, each with its time zone, by site_id."""
        rows = self.feeds.valid_on("sites", "site_id", self.last_day)
        return {row["site_id"]: {**row, "timezone": row["timezone"] or self.settings.timezone} for row in rows}

    def clusters_of(self, site_ids: Collection[str]) -> set[str]:
        """The clusters that some sites are members of."""
        return {row["cluster_id"] for site_id, row in self.sites.items() if site_id in site_ids and row["cluster_id"]}

    @cached_property
    def gate(self) -> Gate:
        return Gate(self.home.ledger, self.month)

    @cached_property
    def site_zones(self) -> dict[str, str]:
        """The time zone of each registered site, also of one that begins later."""
        found: dict[str, Row] = {}
        for row in sorted(self.feeds["sites"], key=lambda row: row["valid_from"]):
            if row["site_id"] not in found or row["valid_from"] <= self.last_day:
                found[row["site_id"]] = row
        return {site_id: row["timezone"] or self.settings.timezone for site_id, row in found.items()}

    def meters(self, meter_ids: Collection[str]) -> dict[str, Meter]:
        """The registry's facts of some meters in the month."""
        rows, events = (
            [row for row in self.feeds[feed] if row["meter_id"] in meter_ids] for feed in ("meters", "meter_events")
        )  # fmt: skip
        found = register_meters(rows, events, month=self.month, site_zones=self.site_zones, default_zone=self.settings.timezone)
        return {meter.meter_id: meter for meter in found}

    def known_scan(self, table: str) -> pl.LazyFrame | None:
        """A table of the month as a lazy frame; None where it was not computed."""
        stored = self.home.ledger.manifest(self.month, table)
        return None if stored is None else self.home.lake.scan(table, self.month, stored.file_digest)

    def scan(self, table: str) -> pl.LazyFrame:
        """The same; GciError where it was not computed."""
        found = self.known_scan(table)
        if found is None:
            raise GciError(f"{table} of {self.month} was not computed. Run 'gci run {self.month}'.")
        return found

    def values(self, entity_id: str, window: str, months: list[str] | None = None, code: str | None = None) -> dict[str, IndicatorValue]:
        """What was published of an entity: by code for this month; with ``code`` by month, for ``months``."""
        where: dict[str, Any] = {"entity_id": entity_id, "window": window, "month": months or self.month}
        rows = self.home.ledger.rows("indicator_value", **where, **({"code": code} if code else {}))
        return {row["month" if code else "code"]: IndicatorValue.from_json(json.loads(row["payload"])) for row in rows}

    def value(self, entity_id: str, window: str, code: str) -> IndicatorValue:
        """The published value of an indicator; GciError where there is none."""
        found = self.values(entity_id, window, code=code).get(self.month)
        if found is None:
            raise GciError(f"{code} of {entity_id} was not computed for {self.month}. Run 'gci run {self.month}'.")
        return found


@dataclass(frozen=True)
class Work(Moment):
    """A site-month of such a home, and how deep its trace goes (``DEPTHS``)."""

    site_id: str = ""
    depth: str = "meters"
    _frames: dict[str, pl.DataFrame] = field(default_factory=dict)

    def table(self, name: str) -> pl.DataFrame:
        """The rows of the site in a table of the month; GciError where it was not computed."""
        if name not in self._frames:
            self._frames[name] = self.scan(name).filter(pl.col("site_id") == self.site_id).collect()
        return self._frames[name]

    @cached_property
    def zone(self) -> str:
        return str(self.site["timezone"])

    @cached_property
    def hours(self) -> int:
        """Clock hours of the month at the site."""
        return len(month_hours_s(self.month, self.zone))

    @cached_property
    def site(self) -> Row:
        """The row of the feed ``sites`` in force; GciError when there is none."""
        if self.site_id not in self.sites:
            raise GciError(f"No row of the feed sites of {self.site_id} is in force on {self.last_day}. Run 'gci verify'.")
        return self.sites[self.site_id]

    @cached_property
    def energies(self) -> list[Row]:
        return self.table("staging/energies").to_dicts()

    def total(self, measure: str) -> Row | None:
        """The row of ``staging/energies`` with the site's total of a measure; None where the site has no such measure."""
        return next((row for row in self.energies if row["measure"] == measure and not row["meter_id"]), None)

    @cached_property
    def inventory(self) -> Row | None:
        return next(iter(self.table("staging/inventory").to_dicts()), None)

    @cached_property
    def activities(self) -> list[Row]:
        return [row for row in self.feeds["activities"] if (row["site_id"], row["month"]) == (self.site_id, self.month)]

    @cached_property
    def declarations(self) -> list[Row]:
        return [row for row in self.feeds["declarations"] if row["site_id"] == self.site_id]

    @cached_property
    def site_month(self) -> SiteMonth:
        """What the measures may read, built again from the staged tables and the rows of the feeds."""
        ledger = self.home.ledger
        digests = {table: found.digest for table in set(READS.values()) if (found := ledger.manifest(self.month, table)) is not None}
        supply, sources = (self.table(f"staging/hourly_{name}").to_dicts() for name in ("supply", "sources"))
        return site_with_emissions(
            self.factors, self.settings.cutoff_day, self.feeds["meters"], site_id=self.site_id, month=self.month, hours=self.hours,
            parameters=self.parameters, site=self.site, energies=self.energies, inventory=self.inventory,
            claims=self.table("staging/claims").to_dicts(), landed=self.feeds.landed, practices=self.feeds["practices"],
            evidence=self.feeds.evidence, activities=self.activities, declarations=self.declarations,
            withheld=self.gate.withheld(self.site_id), hourly=match_hours(supply, sources, self.hours),
            input_digests={q: digests[table] for q, table in READS.items() if table in digests}
            | {"factors": self.document("factors")[0].digest},
        )  # fmt: skip
