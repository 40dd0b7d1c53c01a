"""Revisions: what of a month was submitted, made final, restated and signed, as the log says it.

A revision is a kept document: every result, value, finding and verdict of some sites in a month, and the digests of the tables behind
them. The log entry that approves or restates names the document by digest, so the chain covers all of it and nothing final depends on a
table that can be computed again. Here: the document, which revision counts at a moment of the log, and a home that answers as it was for
one. Who may submit, approve or restate is decided in ``pipelines``.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from resources.digest import canonical_json
from resources.errors import GciError
from resources.home import Home
from resources.ledger import Entry, Ledger, Manifest, Part

SUBMISSION, APPROVAL, RESTATEMENT, SIGNATURE = "submission", "approval", "restatement", "signature"
CLOSING = (SUBMISSION, APPROVAL, RESTATEMENT, SIGNATURE)
FORMAT = "gci-revision/1"
# States of a computed site-month or cluster-month; one that was never computed is open.
PROVISIONAL, SUBMITTED, FINAL, RESTATED = "provisional", "submitted", "final", "restated"


@dataclass(frozen=True)
class Revision:
    """One final result of a site or cluster in a month: its number, the entry that made it final, and the document that holds it."""

    entity_id: str
    month: str
    number: int
    entry: int  # of the approval or restatement
    head: str  # of the log at that entry: what a third party signs and a witness keeps
    at: str
    as_of: int  # entries that it was computed from
    document: str  # digest of the kept document
    state: str  # final, restated
    cause: str | None
    reason: str  # the checker's statement, or why it was restated
    by: str
    approved_by: str
    signatures: tuple[Mapping[str, Any], ...] = ()

    def json(self) -> dict[str, Any]:
        """What ``gci show`` says of it."""
        return {
            "number": self.number, "entry": self.entry, "head_digest": self.head, "at": self.at, "state": self.state,
            "cause": self.cause, "reason": self.reason, "by": self.by, "approved_by": self.approved_by, "document": self.document,
            "signatures": [dict(row) for row in self.signatures],
        }  # fmt: skip


@dataclass(frozen=True)
class Submitted:
    """What a maker submitted for a month and nobody has approved yet."""

    entry: int
    at: str
    by: str
    as_of: int
    document: str
    sites: tuple[str, ...]


@dataclass(frozen=True)
class Closed:
    """All that the log says of closing, up to a number: revisions, oldest first, by (entity, month), and submissions by (site, month)."""

    revisions: Mapping[tuple[str, str], tuple[Revision, ...]] = field(default_factory=dict)
    submitted: Mapping[tuple[str, str], Submitted] = field(default_factory=dict)

    def newest(self, entity_id: str, month: str) -> Revision | None:
        found = self.revisions.get((entity_id, month), ())
        return found[-1] if found else None

    def final_months(self, entity_id: str) -> list[str]:
        return sorted(month for entity, month in self.revisions if entity == entity_id)

    def of_month(self, month: str) -> dict[str, Revision]:
        """The newest revision of every entity that has one in a month."""
        return {entity: found[-1] for (entity, when), found in sorted(self.revisions.items()) if when == month}


def closed(entries: Iterable[Entry]) -> Closed:
    """What entries of the kinds CLOSING, in the order of the log, amount to."""
    revisions: dict[tuple[str, str], list[Revision]] = {}
    waiting: dict[tuple[str, str], Submitted] = {}
    for entry in entries:
        said = entry.payload
        if entry.kind == SUBMISSION:
            item = Submitted(entry.n, entry.at, said["by"], said["as_of"], said["document"], tuple(said["sites"]))
            waiting |= {(site, said["month"]): item for site in item.sites}
        elif entry.kind == APPROVAL:
            _add(revisions, waiting, entry, {said["month"]: said}, None, said["statement"], said["submitted_by"], said["by"])
        elif entry.kind == RESTATEMENT:
            _add(revisions, waiting, entry, said["months"], said["cause"], said["reason"], said["by"], said["approved_by"])
        elif entry.kind == SIGNATURE:
            _sign(revisions, entry)
    return Closed({key: tuple(found) for key, found in revisions.items()}, waiting)


def _add(
    revisions: dict[tuple[str, str], list[Revision]],
    waiting: dict[tuple[str, str], Submitted],
    entry: Entry,
    months: Mapping[str, Mapping[str, Any]],
    cause: str | None,
    reason: str,
    by: str,
    approved_by: str,
) -> None:
    for month, said in months.items():
        for entity, number in said["revisions"].items():
            waiting.pop((entity, month), None)
            state = FINAL if number == 1 else RESTATED
            revisions.setdefault((entity, month), []).append(
                Revision(
                    entity_id=entity, month=month, number=number, entry=entry.n, head=entry.head, at=entry.at,
                    as_of=entry.payload["as_of"], document=said["document"], state=state, cause=cause, reason=reason, by=by,
                    approved_by=approved_by,
                )
            )  # fmt: skip


def _sign(revisions: dict[tuple[str, str], list[Revision]], entry: Entry) -> None:
    """A signature stands beside the revisions that it names by entity, number and head; one that fits none signs nothing."""
    said = entry.payload
    signature = {
        "entry": entry.n, "at": entry.at, "role": said["role"], "by": said["by"], "statement": said["statement"],
        "evidence": said["evidence"], "head_digest": entry.head,
    }  # fmt: skip
    for signed in said["signed"]:
        for entity, number in signed["revisions"].items():
            found = revisions.get((entity, said["month"]), [])
            for place, item in enumerate(found):
                if (item.number, item.entry, item.head) == (number, signed["entry"], signed["head"]):
                    found[place] = Revision(**{**item.__dict__, "signatures": (*item.signatures, signature)})


def closed_of(home: Home, as_of: int | None = None) -> Closed:
    """What the log of a home says of closing, up to a number (default: its end)."""
    return closed(home.ledger.entries(kinds=CLOSING, as_of=as_of))


# documents ------------------------------------------------------------------------------------------------------------


def revision_document(ledger: Ledger, month: str, entities: Sequence[str], as_of: int, months: Sequence[str]) -> dict[str, Any]:
    """Everything that a month says of some sites and clusters, as computed and left in the ledger.

    ``months`` are those of the trailing window: the sites' monthly values and the tables of each belong to it, so that a trace of the
    revision needs nothing that is computed later. Source: close.md §1 and §3.
    """
    results = ledger.rows("result", month=month, entity_id=list(entities))
    sites = sorted({row["entity_id"] for row in results if row["entity_kind"] == "site"})
    values = ledger.rows("indicator_value", month=month, entity_id=list(entities))
    values += ledger.rows("indicator_value", month=[m for m in months if m != month], entity_id=sites, window="month")
    number, head = ledger.head(as_of)
    rows = {"result": results, "indicator_value": values}
    rows |= {name: ledger.rows(name, month=list(months), site_id=sites) for name in ("finding", "verdict")}
    rows |= {"materiality": ledger.rows("materiality", month=month, site_id=sites)}
    tables = {
        when: {
            item.table_name: [item.digest, item.file_digest, item.rows, item.as_of, item.code_version]
            for item in ledger.manifests(when)
            if not item.table_name.startswith("ledger/")
        }
        for when in months
    }
    return {
        "format": FORMAT, "month": month, "entities": sorted(entities), "sites": sites, "as_of": number, "head_digest": head,
        "rows": rows, "tables": {when: found for when, found in tables.items() if found},
    }  # fmt: skip


def keep_document(home: Home, document: Mapping[str, Any]) -> str:
    """Keep a revision's document in the lake, packed; returns the digest of the kept bytes."""
    return home.lake.keep_bytes(packed(document))


def packed(document: Mapping[str, Any]) -> bytes:
    """A document as it is kept: canonical JSON, packed with gzip."""
    return gzip.compress(canonical_json(document).encode(), compresslevel=6, mtime=0)


def read_document(home: Home, digest: str) -> dict[str, Any]:
    """A revision's document; GciError when it is missing or is not one."""
    path = home.lake.file_path(digest)
    try:
        document: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    except (OSError, EOFError, ValueError) as error:
        why = "is missing" if isinstance(error, FileNotFoundError) else "can't be read"
        raise GciError(
            f"The document of a final revision {why}: lake/files/{path.name}. Restore the file from a backup or an evidence pack, then "
            "run 'gci verify'."
        ) from None
    if document.get("format") != FORMAT:
        raise GciError(f"lake/files/{path.name} is a document of format {document.get('format')!r}; this version reads {FORMAT}.")
    return document


def payload_of(document: Mapping[str, Any], entity_id: str, window: str) -> dict[str, Any] | None:
    """The result of an entity in a document, as it was computed."""
    for row in document["rows"]["result"]:
        if (row["entity_id"], row["window"]) == (entity_id, window):
            payload: dict[str, Any] = json.loads(row["payload"])
            return payload
    return None


def published(document: Mapping[str, Any], revision: Revision, window: str) -> dict[str, Any] | None:
    """The result of a revision as ``gci show`` prints it: as computed, with its number, its state and who made it final."""
    payload = payload_of(document, revision.entity_id, window)
    if payload is None:
        return None
    return payload | {"revision": revision.number, "state": revision.state, "final": revision.json()}


# a home as a revision saw it ------------------------------------------------------------------------------------------


class RevisionLedger(Ledger):
    """A ledger that answers with what a revision's document holds, and with the log up to the revision's number. It can't be written."""

    def __init__(self, source: Ledger, document: Mapping[str, Any]) -> None:
        self.__dict__.update(source.__dict__)
        self._document, self._as_of = document, int(document["as_of"])

    def write(self) -> Any:
        raise GciError("A final revision is never written again.")

    def rows(self, name: str, **where: Any) -> list[dict[str, Any]]:
        wanted = {c: set(v) if isinstance(v, list | tuple) else {v} for c, v in where.items()}
        return [row for row in self._document["rows"][name] if all(row[c] in values for c, values in wanted.items())]

    def manifests(self, month: str | None = None, table_name: str | None = None) -> list[Manifest]:
        return [item for item in self._manifests if month in (None, item.month) and table_name in (None, item.table_name)]

    @cached_property
    def _manifests(self) -> list[Manifest]:
        return [
            Manifest(month, name, digest, file_digest, rows, as_of, code, {})
            for month, tables in sorted(self._document["tables"].items())
            for name, (digest, file_digest, rows, as_of, code) in sorted(tables.items())
        ]

    def written(self, name: str) -> set[tuple[str, str]]:
        return {(row["month"], row["table_name"]) for row in self._document["rows"].get(name, [])}

    def head(self, as_of: int | None = None) -> tuple[int, str]:
        return super().head(self._clamp(as_of))

    def entries(self, *, kinds: Iterable[str] | None = None, as_of: int | None = None) -> list[Entry]:
        return super().entries(kinds=kinds, as_of=self._clamp(as_of))

    def parts(self, feed: str, as_of: int, months: Sequence[str] | None = None) -> list[Part]:
        return super().parts(feed, self._clamp(as_of), months)

    def _clamp(self, as_of: int | None) -> int:
        return self._as_of if as_of is None else min(as_of, self._as_of)


@dataclass(frozen=True)
class RevisionHome(Home):
    """A home as one revision saw it: the same lake and log, and what was computed then."""

    source: Home = None  # type: ignore[assignment]
    document: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @cached_property
    def ledger(self) -> Ledger:
        return RevisionLedger(self.source.ledger, self.document)


def home_at(home: Home, revision: Revision) -> Home:
    """The home as the revision saw it; what reads a home reads the revision then."""
    return RevisionHome(home.root, home, read_document(home, revision.document))
