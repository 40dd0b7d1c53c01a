"""Revisions: what of a month was submitted, made final, restated and signed, as the log says it.

A revision is a kept document: every result, value, finding and verdict of some sites in a month, and the digests of the tables behind
them. The log entry that approves or restates names the document by digest, so the chain covers all of it and nothing final depends on a
table that can be computed again. Its summary, a tenth of it, is kept beside it for those who only show results. Here: both, and which
revision counts at a moment of the log. A home that answers as one was is in ``revision_home.py``; who may submit, approve or restate is
decided in ``pipelines``.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from resources.digest import canonical_json
from resources.errors import GciError
from resources.home import Home
from resources.ledger import Entry, Ledger

SUBMISSION, APPROVAL, RESTATEMENT, SIGNATURE = "submission", "approval", "restatement", "signature"
CLOSING = (SUBMISSION, APPROVAL, RESTATEMENT, SIGNATURE)
FORMAT, SUMMARY = "gci-revision/1", "gci-summary/1"
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
    summary: str  # digest of its summary
    outputs: Mapping[str, str]  # output digest of each window's result: whether another one says the same needs no document
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
    summary: str
    outputs: Mapping[str, Mapping[str, str]]  # by site or cluster, then by window
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
            item = Submitted(
                entry.n, entry.at, said["by"], said["as_of"], said["document"], said["summary"], said["outputs"], tuple(said["sites"])
            )  # fmt: skip
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
                    as_of=entry.payload["as_of"], document=said["document"], summary=said["summary"], outputs=said["outputs"][entity],
                    state=state, cause=cause, reason=reason, by=by, approved_by=approved_by,
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
        "rows": rows, "tables": {when: found for when, found in tables.items() if found}, "inputs": ledger.inputs_of(month),
    }  # fmt: skip


def summary_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """What of a document shows results and finds tables: the rest of its rows is left out."""
    return {**document, "format": SUMMARY, "rows": {"result": document["rows"]["result"]}, "inputs": {}}


@dataclass(frozen=True)
class Kept:
    """A document that was kept: its digest and its summary's, and the output digests of its results by entity and window."""

    document: str
    summary: str
    outputs: Mapping[str, Mapping[str, str]]

    def payload(self, entities: Iterable[str]) -> dict[str, Any]:
        """What a log entry says of it, for some of its entities."""
        return {"document": self.document, "summary": self.summary, "outputs": {one: dict(self.outputs[one]) for one in sorted(entities)}}


def keep_document(home: Home, document: Mapping[str, Any]) -> Kept:
    """Keep a revision's document and its summary in the lake, packed."""
    digests = (home.lake.keep_bytes(packed(document)), home.lake.keep_bytes(packed(summary_of(document))))
    return Kept(*digests, outputs_of(document))


def outputs_of(document: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Output digests of the results in a document, by entity and window."""
    found: dict[str, dict[str, str]] = {}
    for row in document["rows"]["result"]:
        found.setdefault(row["entity_id"], {})[row["window"]] = row["output_digest"]
    return found


def packed(document: Mapping[str, Any]) -> bytes:
    """A document as it is kept: canonical JSON, packed with gzip."""
    return gzip.compress(canonical_json(document).encode(), compresslevel=6, mtime=0)


def read_document(home: Home, digest: str) -> dict[str, Any]:
    """A revision's document; GciError when it is missing or is not one."""
    return _unpacked(home, digest, FORMAT)


def read_summary(home: Home, digest: str) -> dict[str, Any]:
    """The summary of a revision's document: its ``rows`` hold results only. GciError when it is missing or is not one."""
    return _unpacked(home, digest, SUMMARY)


def _unpacked(home: Home, digest: str, expected: str) -> dict[str, Any]:
    path = home.lake.file_path(digest)
    try:
        document: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    except (OSError, EOFError, ValueError, zlib.error) as error:
        why = "is missing" if isinstance(error, FileNotFoundError) else "can't be read"
        raise GciError(
            f"The document of a final revision {why}: lake/files/{path.name}. Restore the file from a backup or an evidence pack, then "
            "run 'gci verify'. 最终修订的文档缺失或损坏,请从备份恢复后运行 'gci verify'。"
        ) from None
    if document.get("format") != expected:
        raise GciError(f"lake/files/{path.name} is a document of format {document.get('format')!r}; expected was {expected}.")
    return document
