"""What entries of closing amount to: planted entries, and which revision of what counts after each."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from pipelines.initialise import initialise
from resources.errors import GciError
from resources.ledger import Entry
from resources.revisions import (
    APPROVAL,
    RESTATEMENT,
    SIGNATURE,
    SUBMISSION,
    closed,
    keep_document,
    read_document,
    read_summary,
)

MONTH, NEXT = "2025-12", "2026-01"


def entry(n: int, kind: str, payload: dict[str, Any]) -> Entry:
    return Entry(n, f"2026-01-{n:02d}T00:00:00Z", kind, MONTH, f"sha256:{n}", payload, f"head {n - 1}", f"head {n}")


def kept(name: str, *entities: str) -> dict[str, Any]:
    return {"document": name, "summary": f"{name} short", "outputs": {one: {"month": f"{one} m", "ttm": f"{one} t"} for one in entities}}


def submission(n: int, *sites: str, by: str = "Li") -> Entry:
    return entry(n, SUBMISSION, {"month": MONTH, "sites": list(sites), "by": by, "as_of": n - 1, **kept(f"doc {n}", *sites, "C1")})


def approval(n: int, of: int, *entities: str) -> Entry:
    said = {"month": MONTH, "submission": of, "submitted_by": "Li", "by": "Wang", "statement": "checked", "as_of": of - 1}
    return entry(n, APPROVAL, {**said, "revisions": dict.fromkeys(entities, 1), **kept(f"doc {of}", *entities)})


def restatement(n: int, months: dict[str, dict[str, int]]) -> Entry:
    said = {month: {"revisions": numbers, **kept(f"doc {n} {month}", *numbers)} for month, numbers in months.items()}
    who = {"cause": "LATE_DATA", "reason": "a file came late", "by": "Li", "approved_by": "Wang"}
    return entry(n, RESTATEMENT, {"month": min(months), "as_of": n - 1, "months": said, **who})


def signature(n: int, of: int, head: str, revisions: dict[str, int]) -> Entry:
    said = {"month": MONTH, "role": "verifier", "by": "CQC", "statement": "assured", "evidence": None}
    return entry(n, SIGNATURE, {**said, "signed": [{"entry": of, "head": head, "revisions": revisions}]})


def test_what_waits_is_the_newest_submission_of_each_site() -> None:
    found = closed([submission(5, "S1", "S2"), submission(6, "S1", by="Zhao")])
    assert {key: item.entry for key, item in found.submitted.items()} == {("S1", MONTH): 6, ("S2", MONTH): 5}
    assert found.submitted["S1", MONTH].by == "Zhao"
    assert found.revisions == {}


def test_an_approval_makes_its_own_entities_final_and_leaves_the_others_waiting() -> None:
    found = closed([submission(5, "S1", "S2"), approval(6, 5, "S1")])
    assert set(found.submitted) == {("S2", MONTH)}
    revision = found.newest("S1", MONTH)
    assert revision is not None
    assert (revision.number, revision.state, revision.entry, revision.head, revision.as_of) == (1, "final", 6, "head 6", 4)
    assert (revision.by, revision.approved_by, revision.reason, revision.cause) == ("Li", "Wang", "checked", None)
    assert (revision.document, revision.summary, revision.outputs) == ("doc 5", "doc 5 short", {"month": "S1 m", "ttm": "S1 t"})
    assert found.newest("S2", MONTH) is None


def test_a_restatement_makes_the_next_revision_of_several_months_at_once() -> None:
    log = [submission(5, "S1"), approval(6, 5, "S1", "C1"), restatement(9, {MONTH: {"S1": 2, "C1": 2}, NEXT: {"S1": 2}})]
    found = closed(log)
    assert [item.number for item in found.revisions["S1", MONTH]] == [1, 2]
    assert {one: item.state for one, item in found.of_month(MONTH).items()} == {"S1": "restated", "C1": "restated"}
    newest = found.newest("S1", NEXT)
    assert newest is not None
    assert (newest.document, newest.cause, newest.reason, newest.as_of) == ("doc 9 2026-01", "LATE_DATA", "a file came late", 8)
    assert closed(log[:2]).of_month(MONTH)["S1"].number == 1  # up to an entry: what was known then


def test_a_cluster_that_a_restatement_completes_is_final_not_restated() -> None:
    found = closed([submission(5, "S1"), approval(6, 5, "S1"), restatement(9, {MONTH: {"S1": 2, "C1": 1}})])
    assert {one: item.state for one, item in found.of_month(MONTH).items()} == {"S1": "restated", "C1": "final"}


def test_a_signature_stands_beside_the_revision_that_it_names_and_no_other() -> None:
    log = [submission(5, "S1"), approval(6, 5, "S1"), restatement(8, {MONTH: {"S1": 2}}), signature(9, 8, "head 8", {"S1": 2})]
    first, second = closed(log).revisions["S1", MONTH]
    assert first.signatures == ()
    assert [(row["by"], row["role"], row["entry"], row["head_digest"]) for row in second.signatures] == [("CQC", "verifier", 9, "head 9")]


@pytest.mark.parametrize("said", [(7, "head 6", {"S1": 1}), (6, "head 7", {"S1": 1}), (6, "head 6", {"S1": 2}), (6, "head 6", {"S2": 1})])
def test_a_signature_that_fits_no_revision_signs_nothing(said: tuple[int, str, dict[str, int]]) -> None:
    (revision,) = closed([submission(5, "S1"), approval(6, 5, "S1"), signature(9, *said)]).revisions["S1", MONTH]
    assert revision.signatures == ()


def test_a_document_and_its_summary_are_kept_by_digest(tmp_path: Path) -> None:
    home = initialise(tmp_path)
    result = {"entity_id": "S1", "window": "ttm", "output_digest": "sha256:1", "payload": "{}"}
    document = {"format": "gci-revision/1", "month": MONTH, "rows": {"result": [result], "finding": [{"id": "x"}]}, "tables": {}}
    done = keep_document(home, document)
    assert done == keep_document(home, document)
    assert read_document(home, done.document) == document
    assert read_summary(home, done.summary)["rows"] == {"result": [result]}
    assert done.payload(["S1"])["outputs"] == {"S1": {"ttm": "sha256:1"}}


def test_a_document_that_is_gone_or_damaged_is_said_with_what_to_do(tmp_path: Path) -> None:
    home = initialise(tmp_path)
    done = keep_document(home, {"format": "gci-revision/1", "rows": {"result": []}})
    path = home.lake.file_path(done.document)
    data = path.read_bytes()
    for damaged in (data[:-9], b"no gzip", data[:12] + bytes([data[12] ^ 255]) + data[13:], gzip.compress(b"[")):
        path.write_bytes(damaged)
        with pytest.raises(GciError, match=r"can't be read.*[Rr]estore.*gci verify"):
            read_document(home, done.document)
    path.unlink()
    with pytest.raises(GciError, match="is missing"):
        read_document(home, done.document)
    with pytest.raises(GciError, match="expected was gci-revision/1"):
        read_document(home, done.summary)
