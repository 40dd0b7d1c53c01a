"""What a rule says: findings, and three states.

A finding has a name, its numbers and its rows; a rule answers for each site ``pass``, ``fail`` or ``not_checked`` (its input
is absent, never the same as pass). Nothing here knows a rule or a table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from resources.digest import canonical_json, digest_text

Row = dict[str, Any]
Severity = Literal["withhold", "flag", "info"]
SEVERITIES: tuple[Severity, ...] = ("withhold", "flag", "info")  # worst first
_NOTICEABLE = 0.005  # index points: what shows in two decimals

# What a rule can spoil and the gate can withhold (checks.md).
QUANTITIES = ("E_DC", "E_IT", "water", "fuel", "claims", "factors", "inventory", "utilisation", "practices")


@dataclass(frozen=True)
class Finding:
    """One fault of one subject in one site-month.

    ``seen`` and ``limit`` are numbers in ``unit``; ``rows`` the first few ``(entry, source_row)`` concerned; ``because_of`` the id of the
    finding this one follows from; ``quantity`` one of QUANTITIES, or '' when it spoils none.
    """

    code: str
    site_id: str
    month: str
    severity: Severity
    subject: str
    message_en: str
    message_zh: str
    quantity: str = ""
    seen: float | None = None
    limit: float | None = None
    unit: str = ""
    rows: tuple[tuple[int, int], ...] = ()
    because_of: str | None = None

    @cached_property
    def id(self) -> str:
        """Stable over recomputation: made of what the finding is about, not of where the rows came from."""
        about = [self.code, self.site_id, self.month, self.quantity, self.subject]
        return f"{self.code}-{digest_text(canonical_json(about))[7:15]}"


@dataclass(frozen=True)
class NotChecked:
    """The rule could not be judged for this site: which input is absent, in both languages."""

    reason_en: str
    reason_zh: str


@dataclass(frozen=True)
class Judged:
    """Everything the rules of one month may look at: frames by table name (docs/architecture.md), and thresholds.

    ``tables`` holds frames for the whole fleet (pandas or polars), or their rows; a rule asks for the rows of the site it is asked about.
    They are made of the frame once, however many rules and sites ask, and shared: a rule never changes them.
    """

    month: str
    site_ids: tuple[str, ...]
    tables: Mapping[str, Any]
    thresholds: Mapping[str, Mapping[str, float]]
    evidence: Mapping[str, str] = field(default_factory=dict)  # file name → digest of landed evidence documents

    @cached_property
    def _rows(self) -> dict[str, list[Row]]:
        return {}

    @cached_property
    def _rows_by_site(self) -> dict[str, dict[str | None, list[Row]]]:
        return {}

    @cached_property
    def kept(self) -> dict[Any, Any]:
        """What a rule made of the rows of all sites, for the next site that it is asked about, by a key of its own."""
        return {}

    def rows(self, table: str) -> list[Row]:
        """All rows of a table as dictionaries; every kind of null is None."""
        if table not in self._rows:
            found = self.tables[table]
            self._rows[table] = found if isinstance(found, list) else rows_of(found)
        return self._rows[table]

    def of_site(self, table: str, site_id: str | None) -> list[Row]:
        """Rows of a table that belong to a site; with None those that no site owns."""
        return self._by_site(table).get(site_id, [])

    def sites_of(self, table: str) -> set[str | None]:
        """The sites that have rows in a table, registered or not; None among them when some belong to no site."""
        return set(self._by_site(table))

    def _by_site(self, table: str) -> dict[str | None, list[Row]]:
        if table not in self._rows_by_site:
            sites: dict[str | None, list[Row]] = {}
            for row in self.rows(table):
                sites.setdefault(row["site_id"] or None, []).append(row)
            self._rows_by_site[table] = sites
        return self._rows_by_site[table]

    def limit(self, code: str, name: str) -> float:
        """The threshold ``name`` of rule ``code`` in force in this month."""
        return self.thresholds[code][name]


def rows_of(frame: Any) -> list[Row]:
    """Rows of a frame (pandas or polars) as dicts, every kind of null as None; column by column: a few rows cost little more than
    their values. What pandas holds as floats (whole numbers of which some are not known) is floats of a polars frame too."""
    names = list(frame.columns)
    # told apart by what they have: what is scored by hand loads neither library
    columns = map(_of_polars, frame) if hasattr(frame, "to_pandas") else (_of_pandas(frame[name]) for name in names)
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _of_polars(column: Any) -> list[Any]:
    values: list[Any] = column.to_list()
    if column.dtype.is_float():
        return [None if value != value else value for value in values]
    if column.dtype.is_integer() and column.null_count():
        return [None if value is None else float(value) for value in values]
    return values


def _of_pandas(column: Any) -> list[Any]:
    nulls = column.isna().to_numpy()
    values: list[Any] = column.tolist()
    return [None if null else value for value, null in zip(values, nulls, strict=True)] if nulls.any() else values


Evaluate = Callable[[Judged, str], "list[Finding] | NotChecked"]


@dataclass(frozen=True)
class Rule:
    """A rule of the collection boundary: a spec and a pure evaluator, asked once for each site."""

    code: str
    table: str  # the asset whose content it judges, e.g. 'staging/interval_energy'
    severity: Severity  # the worst it can answer with
    quantities: tuple[str, ...]  # what it can withhold or put in doubt
    title_en: str
    title_zh: str
    evaluate: Evaluate

    @property
    def reason(self) -> str:
        """Why the rule exists and where it comes from: the docstring of its evaluator."""
        return (self.evaluate.__doc__ or "").strip()


def worst_first(finding: Mapping[str, Any]) -> tuple[int, float, str, str, str]:
    """The order of findings: by severity, then by the most they can move the index, then by code, subject and id.

    One that is not quantified may do anything: it stands before those that can do nothing, and after those that can do something.
    """
    can = (finding.get("materiality") or {}).get("index_reach")
    moves = -_NOTICEABLE if can is None else -float(can)
    return SEVERITIES.index(finding["severity"]), moves, finding["code"], finding["subject"], finding["id"]
