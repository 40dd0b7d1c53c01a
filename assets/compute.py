"""``compute(month, as_of = N)``: what one step of one month works with, and how it leaves its result.

A ``Compute`` names the month and the number of log entries that count; feeds, settings, thresholds and the documents of edition and
factors are those of that moment. Steps (``assets/*/step.py``) are functions of it and return a ``Step``; Dagster assets only wrap them.
No formula stands here, and no layer above raw is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd
import polars as pl

from assets.raw.feeds import Feeds, load, valid_on
from checks.findings import Judged, rows_of
from checks.gate import Gate, enters_gate, judge
from checks.rules.catalogue import RULES
from checks.rules.thresholds import thresholds_at
from checks.waivers import WAIVER, Granted, day_of, in_force
from resources.calendar import month_hours_s, month_last_day
from resources.code_version import code_version
from resources.errors import GciError
from resources.home import Home
from resources.lake import Stored
from resources.ledger import Manifest
from resources.settings import Settings, settings_of


@dataclass(frozen=True)
class Step:
    """What a step did: the manifests it wrote, and its findings and verdicts as ledger rows."""

    manifests: tuple[Manifest, ...]
    findings: tuple[dict[str, Any], ...] = ()
    verdicts: tuple[dict[str, Any], ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Compute:
    """One month at one moment of the log."""

    home: Home
    month: str
    as_of: int

    # what was known -----------------------------------------------------------------------------------------------

    def document(self, kind: str) -> tuple[str, bytes]:
        """Digest and bytes of the newest settings, edition, factors or thresholds among the first ``as_of`` entries."""
        if ("document", kind) not in self.kept:
            found = self.home.ledger.latest(kind, self.as_of)
            if found is None:
                raise GciError(f"The log holds no {kind} at entry {self.as_of}. Run 'gci land' first.")
            self.kept["document", kind] = found.digest, self.home.lake.file_path(found.digest).read_bytes()
        document: tuple[str, bytes] = self.kept["document", kind]
        return document

    @cached_property
    def settings(self) -> Settings:
        """The settings that were in force, from the log."""
        return settings_of(self.document("settings")[1])

    @cached_property
    def thresholds(self) -> dict[str, dict[str, float]]:
        return thresholds_at(self.document("thresholds")[1], self.month, self.settings.rules)

    @cached_property
    def waivers(self) -> dict[str, Granted]:
        """The waivers of findings of this month that count, by finding id: those up to ``as_of`` that were not over when it entered."""
        entries = self.home.ledger.entries(kinds=[WAIVER], as_of=self.as_of)
        return in_force(entries, day_of(self.home.ledger.moment(self.as_of), self.settings.timezone), self.month) if entries else {}

    @cached_property
    def feeds(self) -> Feeds:
        return load(self.home, self.as_of, self.settings)

    @cached_property
    def kept(self) -> dict[Any, Any]:
        """What one step of the month worked out of the log and the next ones ask for again, by a key of theirs."""
        return {}

    @cached_property
    def last_day(self) -> str:
        return month_last_day(self.month).isoformat()

    @cached_property
    def sites(self) -> list[dict[str, Any]]:
        """The ``sites`` rows in force on the last day of the month, by site_id."""
        rows = records(valid_on(self.feeds["sites"], "site_id", self.last_day))
        return [{**row, "timezone": row["timezone"] or self.settings.timezone} for row in rows]

    @cached_property
    def judged_sites(self) -> list[dict[str, Any]]:
        """``sites`` as the rules read them: a column of whole numbers of which some are not known is one of floats."""
        return rows_of(pd.DataFrame(self.sites))

    @cached_property
    def site_zones(self) -> dict[str, str]:
        return {site["site_id"]: site["timezone"] for site in self.sites}

    def hours(self, site_id: str) -> int:
        """Clock hours of the month at a site."""
        return len(month_hours_s(self.month, self.site_zones[site_id]))

    # what was computed --------------------------------------------------------------------------------------------

    def manifest(self, table: str) -> Manifest:
        """The current content of a table of this month; GciError when it was not computed."""
        found = self.home.ledger.manifest(self.month, table)
        if found is None:
            raise GciError(f"{table} of {self.month} was not computed yet. Run 'gci run {self.month}'.")
        return found

    def read(self, table: str) -> pl.DataFrame:
        found = self.manifest(table)
        return self.home.lake.read(table, self.month, found.file_digest)

    def digest(self, table: str) -> str:
        return self.manifest(table).digest

    def digests(self, tables: Iterable[str]) -> dict[str, str]:
        """The digests of some tables of this month in one look; GciError when one was not computed."""
        found = self.home.ledger.digests(self.month)[self.month]
        return {table: found[table] if table in found else self.digest(table) for table in tables}

    @property
    def gate(self) -> Gate:
        """The gate as it stands; read again when a verdict or what it was passed on has changed."""
        found = self.home.ledger.digests(self.month)[self.month]
        state = {table: digest for table, digest in found.items() if enters_gate(table)}
        if self.kept.get("gate", (None,))[0] != state:
            self.kept["gate"] = state, Gate(self.home.ledger, self.month)
        gate: Gate = self.kept["gate"][1]
        return gate

    # leaving a result ---------------------------------------------------------------------------------------------

    def put(
        self,
        name: str,
        layer: str,
        frames: Mapping[str, pl.DataFrame | Stored],
        inputs: Mapping[str, str],
        judged: Mapping[str, Any] | None = None,
        rows: Mapping[str, list[dict[str, Any]]] | None = None,
        *,
        digests: Mapping[str, tuple[str, int]] | None = None,
        own: Mapping[str, Mapping[str, str]] | None = None,
    ) -> Step:
        """Leave the result of step ``name``: its tables in the lake, and rows, findings, verdicts and manifests in the ledger, at once.

        ``frames`` are tables by name, ``Stored`` when they are in the lake already; ``digests`` (digest, rows) of results that have no
        table of their own in the lake. ``inputs`` are those of all, by name and digest, ``own`` those of one table beside. When ``judged``
        is given, the rules of every table of the step are asked about these frames.
        """
        version = code_version(layer)
        manifests = [
            Manifest(self.month, stored.table, stored.digest, stored.file_digest, stored.rows, self.as_of, version, dict(inputs))
            for stored in (
                frame if isinstance(frame, Stored) else self.home.lake.write(table, self.month, frame) for table, frame in frames.items()
            )
        ]
        manifests += [
            Manifest(self.month, table, digest, "", count, self.as_of, version, {**inputs, **(own or {}).get(table, {})})
            for table, (digest, count) in (digests or {}).items()
        ]
        written = dict(rows or {})
        if judged is not None:
            view = self.judged(judged)
            judgements = [
                judge([r for r in RULES if r.table == m.table_name], view, m.digest, self.waivers)
                for m in manifests
                if any(r.table == m.table_name for r in RULES)
            ]
            written["finding"] = [row for j in judgements for row in j.findings]
            written["verdict"] = [row for j in judgements for row in j.verdicts]
        self.home.ledger.replace(self.month, name, manifests, written, as_of=self.as_of, code_version=version)
        return Step(tuple(manifests), tuple(written.get("finding", ())), tuple(written.get("verdict", ())))

    def judged(self, tables: Mapping[str, Any]) -> Judged:
        return Judged(
            month=self.month,
            site_ids=tuple(sorted(self.site_zones)),
            tables=tables,
            thresholds=self.thresholds,
            evidence=self.feeds.evidence,
        )


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain dicts, what is missing as None."""
    return rows_of(frame)


def settings_document(settings: Settings) -> dict[str, Any]:
    """What of the settings can change a number: everything but where the ledger is and which engine runs."""
    data = asdict(settings)
    for key in ("ledger", "engine", "spark_master"):
        data.pop(key)
    return data


def require_sites(home: Home) -> None:
    """GciError, with what to drop where, when nothing was landed that a month could be computed from."""
    feeds = load(home, home.ledger.head()[0])
    for feed, what in (("sites", "which data centres there are"), ("meters", "their meters")):
        if not feeds[feed].empty:
            continue
        broken = feeds.rejected[feeds.rejected["feed"] == feed].head(3)
        seen = "".join(f" Row {row.source_row}: {row.reason_en}" for row in broken.itertuples())
        raise GciError(
            f"There is no valid row of the feed '{feed}' ({what}).{seen} Drop a {'corrected ' if seen else ''}file into "
            f"{home.landing / feed}/ (template: {home.root / 'templates' / feed}.csv) and run the command again."
        )
