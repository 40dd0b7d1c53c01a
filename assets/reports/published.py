"""What of a month is published: the final revision where there is one, else what was computed last.

``gci show``, the board, the report and the exports ask here, so that no two of them disagree on what is final. Reading only; no pandas.
Output digests are compared first: a document is read only for what differs.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from resources.digest import digest_json
from resources.home import Home
from resources.revision_home import home_at
from resources.revisions import PROVISIONAL, SUBMITTED, Revision, Submitted, closed_of, read_summary

Windows = Mapping[str, Mapping[str, Any]]  # window → payload of `gci show`
Results = dict[str, dict[str, dict[str, Any]]]  # entity → window → payload
# What of a result is published as a figure: a later day or another log alone changes none of it.
_OF_RESULT = (
    "index", "index_low", "index_high", "core", "bonus", "grade", "grade_from_score", "binding_cap", "weight_coverage", "pillars",
    "edition_digest",
)  # fmt: skip
_OF_INDICATOR = (
    "code", "value", "score", "weight", "status", "numerator", "denominator", "unbounded", "months", "category", "coverage",
    "estimated_share", "rules_failed",
)  # fmt: skip


def figures(windows: Windows) -> str:
    """Digest of the figures of an entity's results (by window): equal when nothing that is published differs."""
    said = {}
    for window, payload in sorted(windows.items()):
        values = [[item.get(key) for key in _OF_INDICATOR] for item in payload["indicators"]]
        # of a cluster also what it is made of: one of other members is another cluster
        members = sorted(str(row["entity_id"]) for row in payload.get("members", ()))
        said[window] = [[payload.get(key) for key in _OF_RESULT], values, members]
    return digest_json(said)


def members_of(windows: Windows) -> set[str]:
    """The sites that a cluster's result is composed of; empty for a site."""
    return {str(row["entity_id"]) for payload in windows.values() for row in payload.get("members", ())}


def working(home: Home, month: str) -> Results:
    """What was computed last for a month: of a final one its candidate."""
    rows = home.ledger.rows("result", month=month)
    found = results_of(rows)
    for row in rows:
        _keep(row, row["window"], found[row["entity_id"]][row["window"]])
    return found


def results_of(rows: Iterable[Mapping[str, Any]]) -> Results:
    """Rows of the table ``result`` (of the ledger or of a document) by entity and window, as computed."""
    found: Results = {}
    for row in rows:
        found.setdefault(row["entity_id"], {})[row["window"]] = json.loads(row["payload"])
    return found


def parts_of_results(home: Home, window: str, **where: Any) -> list[tuple[str, str, dict[str, Any]]]:
    """Month, entity and what later pages show of each result of a window that ``where`` names, in the order of the ledger.

    ``ttm``: what stands in a trend (``entity_kind``, ``index``, ``months_in_window``, ``output_digest``); ``month``: what is on the page
    of a year (``E1``, ``claims_open``). It is kept by what the result says, because the next month asks for most of it again.
    """
    rows = home.ledger.rows("result", ("month", "entity_id", "log_number", "output_digest"), window=window, **where)
    if unknown := sorted({row["month"] for row in rows if _key(row) not in _parts}):
        for row in home.ledger.rows("result", ("log_number", "output_digest", "payload"), window=window, **{**where, "month": unknown}):
            _keep(row, window, json.loads(row["payload"]))
    found = [(row["month"], row["entity_id"], _parts[_key(row)]) for row in rows]
    while len(_parts) > _KEPT_PARTS:
        _parts.popitem(last=False)
    return found


def _keep(row: Mapping[str, Any], window: str, payload: Mapping[str, Any]) -> None:
    if window == "ttm":
        part = {name: payload[name] for name in ("entity_kind", "index", "months_in_window", "output_digest")}
    else:
        share = next((item for item in payload["indicators"] if item["code"] == "E1"), None)
        part = {"E1": share, "claims_open": bool(payload.get("claims_open"))}
    _parts[_key(row)] = part


def _key(row: Mapping[str, Any]) -> tuple[int, str]:
    return row["log_number"], row["output_digest"]  # entity, month and window are part of what a result says


_parts: OrderedDict[tuple[int, str], dict[str, Any]] = OrderedDict()
_KEPT_PARTS = 32_768


def entities(results: Results, kind: str) -> list[str]:
    """Sites or clusters (``kind``) of a month."""
    return sorted(entity for entity, windows in results.items() if next(iter(windows.values()))["entity_kind"] == kind)


class Published:
    """The published results of a home at a number of the log (default: its end); documents are read once, and only when needed."""

    def __init__(self, home: Home, as_of: int | None = None) -> None:
        self.home, self.closed = home, closed_of(home, as_of)
        self._documents: dict[str, Results] = {}

    def kept(self, item: Revision | Submitted) -> Results:
        """The results that a revision or a submission holds, as computed."""
        if item.summary not in self._documents:
            self._documents[item.summary] = results_of(read_summary(self.home, item.summary)["rows"]["result"])
        return self._documents[item.summary]

    def differs(self, item: Revision | Submitted, entity: str, now: Windows) -> bool:
        """Whether a revision or submission says something else of an entity than results do: another figure."""
        outputs = item.outputs if isinstance(item, Revision) else item.outputs.get(entity, {})
        if {window: payload["output_digest"] for window, payload in now.items()} == outputs:
            return False
        return figures(now) != figures(self.kept(item).get(entity, {}))

    def state(self, entity: str, month: str, now: Windows) -> str:
        """State of a computed entity-month: provisional, submitted (and unchanged since), final or restated. Source: close.md §2."""
        if (revision := self.closed.newest(entity, month)) is not None:
            return revision.state
        waiting = self.closed.submitted.get((entity, month))
        return PROVISIONAL if waiting is None or self.differs(waiting, entity, now) else SUBMITTED

    def final(self, entity: str, month: str, window: str, number: int | None = None) -> dict[str, Any] | None:
        """The result of a final revision (default: the newest); None where there is none of that number."""
        found = self.closed.revisions.get((entity, month), ())
        revision = next((item for item in found if item.number == number), None) if number else found[-1] if found else None
        payload = None if revision is None else self.kept(revision).get(entity, {}).get(window)
        if payload is None or revision is None:
            return None
        return payload | {"revision": revision.number, "state": revision.state, "final": revision.json()}

    def finals(self, entity: str, month: str) -> dict[str, dict[str, Any]]:
        """The results of the newest revision by window; empty where nothing is final."""
        return {w: payload for w in ("month", "ttm") if (payload := self.final(entity, month, w)) is not None}

    def results(self, month: str) -> Results:
        """All results of a month: final where there is a revision, with a key ``candidate`` where today's figures differ; else working."""
        now = working(self.home, month)
        final = self.closed.of_month(month)
        for entity, windows in now.items():
            if entity not in final:
                state = self.state(entity, month, windows)
                now[entity] = {window: {**payload, "state": state} for window, payload in windows.items()}
        return now | {entity: self._final(entity, month, now.get(entity)) for entity in final}

    def _final(self, entity: str, month: str, now: Windows | None) -> dict[str, dict[str, Any]]:
        revision = self.closed.revisions[entity, month][-1]
        differing = now is not None and self.differs(revision, entity, now)
        return {
            window: {**payload, "candidate": brief(now[window]) if differing and now is not None and window in now else None}
            for window, payload in self.finals(entity, month).items()
        }


def brief(payload: Mapping[str, Any]) -> dict[str, Any]:
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
        finals.setdefault(item.summary, []).append(item)
    found, known = [], set[str]()
    for digest, items in sorted(finals.items(), key=lambda pair: pair[1][0].entry):
        sites = sorted({item.entity_id for item in items} & set(read_summary(home, digest)["sites"]))
        known.update(sites)
        if sites:
            found.append(Source(home_at(home, items[0]), tuple(sites), f"revision {items[0].number}: {', '.join(sites)}"))
    computed = {row["entity_id"] for row in home.ledger.rows("result", month=month, window="month", entity_kind="site")}
    return [*found, Source(home, tuple(sorted(known)), "")] if computed - known or not found else found
