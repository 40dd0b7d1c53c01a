"""What of a month is published: the final revision where there is one, else what was computed last.

``gci show``, the board, the report and the exports ask here, so that no two of them disagree on what is final. Reading only; no pandas.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from resources.digest import digest_json
from resources.home import Home
from resources.revisions import (
    PROVISIONAL,
    SUBMITTED,
    Closed,
    Revision,
    closed_of,
    home_at,
    payload_of,
    published,
    read_document,
)

Results = dict[str, dict[str, dict[str, Any]]]  # entity → window → payload of `gci show`
# What of a result is published as a figure: a later day or another log alone changes none of it.
_OF_RESULT = (
    "index", "index_low", "index_high", "core", "bonus", "grade", "grade_from_score", "binding_cap", "weight_coverage", "pillars",
    "edition_digest",
)  # fmt: skip
_OF_INDICATOR = (
    "code", "value", "score", "weight", "status", "numerator", "denominator", "unbounded", "months", "category", "coverage",
    "estimated_share", "rules_failed",
)  # fmt: skip


def figures(windows: Mapping[str, Mapping[str, Any]]) -> str:
    """Digest of the figures of an entity's results (by window): equal when nothing that is published differs."""
    said = {}
    for window, payload in sorted(windows.items()):
        values = [[item.get(key) for key in _OF_INDICATOR] for item in payload["indicators"]]
        said[window] = [[payload.get(key) for key in _OF_RESULT], values]
    return digest_json(said)


def working(home: Home, month: str) -> Results:
    """What was computed last for a month: of a final one its candidate."""
    return _by_entity(home.ledger.rows("result", month=month))


def of_document(document: Mapping[str, Any]) -> Results:
    """The results that a revision's document holds, as computed."""
    return _by_entity(document["rows"]["result"])


def _by_entity(rows: list[dict[str, Any]]) -> Results:
    found: Results = {}
    for row in rows:
        found.setdefault(row["entity_id"], {})[row["window"]] = json.loads(row["payload"])
    return found


def entities(results: Results, kind: str) -> list[str]:
    """Sites or clusters (``kind``) of a month."""
    return sorted(entity for entity, windows in results.items() if next(iter(windows.values()))["entity_kind"] == kind)


def state_of(home: Home, closed: Closed, entity: str, month: str, windows: Mapping[str, Mapping[str, Any]]) -> str:
    """State of a computed entity-month: provisional, submitted (and unchanged since), final or restated. Source: close.md §2."""
    if (revision := closed.newest(entity, month)) is not None:
        return revision.state
    waiting = closed.submitted.get((entity, month))
    if waiting is None:
        return PROVISIONAL
    document = read_document(home, waiting.document)
    then = {window: payload_of(document, entity, window) or {} for window in windows}
    return SUBMITTED if all(then.values()) and figures(windows) == figures(then) else PROVISIONAL


class Published:
    """The published results of a home; documents are read once."""

    def __init__(self, home: Home, as_of: int | None = None) -> None:
        self.home, self.closed = home, closed_of(home, as_of)
        self._documents: dict[str, dict[str, Any]] = {}

    def document(self, revision: Revision) -> dict[str, Any]:
        if revision.document not in self._documents:
            self._documents[revision.document] = read_document(self.home, revision.document)
        return self._documents[revision.document]

    def final(self, entity: str, month: str, window: str, number: int | None = None) -> dict[str, Any] | None:
        """The result of a final revision (default: the newest); None where there is none of that number."""
        found = self.closed.revisions.get((entity, month), ())
        revision = next((item for item in found if item.number == number), None) if number else found[-1] if found else None
        return None if revision is None else published(self.document(revision), revision, window)

    def results(self, month: str) -> Results:
        """All results of a month: final where there is a revision, with a key ``candidate`` where today's figures differ; else working."""
        now = working(self.home, month)
        for entity in {entity for entity, when in self.closed.revisions if when == month}:
            now[entity] = self._final(entity, month, now.get(entity))
        for entity, windows in now.items():
            if (entity, month) not in self.closed.revisions:
                state = state_of(self.home, self.closed, entity, month, windows)
                now[entity] = {window: {**payload, "state": state} for window, payload in windows.items()}
        return now

    def _final(self, entity: str, month: str, candidate: Mapping[str, Mapping[str, Any]] | None) -> dict[str, dict[str, Any]]:
        final = {w: payload for w in ("month", "ttm") if (payload := self.final(entity, month, w)) is not None}
        if candidate is None or figures(candidate) == figures(final):
            return {w: {**payload, "candidate": None} for w, payload in final.items()}
        return {w: {**payload, "candidate": _brief(candidate[w]) if w in candidate else None} for w, payload in final.items()}


def _brief(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What stands beside a final result of a candidate that differs from it."""
    return {key: payload[key] for key in ("index", "grade", "log_number", "output_digest")}


@dataclass(frozen=True)
class Source:
    """Where a month's published numbers of some sites are read: a revision's home, or the home itself for what is not final."""

    home: Home
    sites: tuple[str, ...]  # those it holds; of the home itself those that it does not
    label: str

    def holds(self, site_id: str) -> bool:
        return (site_id in self.sites) == bool(self.label)

    def counts(self, column: Any) -> Any:
        """Of a column (polars) of sites, whether each is read here."""
        return column.is_in(self.sites) if self.label else ~column.is_in(self.sites)


def sources(home: Home, month: str) -> list[Source]:
    """The homes that a month's published numbers are read from: one for each revision document, and the home for sites without one."""
    finals: dict[str, list[Revision]] = {}
    for item in closed_of(home).of_month(month).values():
        finals.setdefault(item.document, []).append(item)
    found, known = [], set[str]()
    for digest, items in sorted(finals.items(), key=lambda pair: pair[1][0].entry):
        sites = sorted({item.entity_id for item in items} & set(read_document(home, digest)["sites"]))
        known.update(sites)
        if sites:
            found.append(Source(home_at(home, items[0]), tuple(sites), f"revision {items[0].number}: {', '.join(sites)}"))
    computed = {row["entity_id"] for row in home.ledger.rows("result", month=month, window="month", entity_kind="site")}
    return [*found, Source(home, tuple(sorted(known)), "")] if computed - known or not found else found
