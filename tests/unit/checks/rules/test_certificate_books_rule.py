"""CT11 on the books: what a second computation finds in the claims is told to the sites that claim it, and to no other."""

from __future__ import annotations

from typing import Any

from checks.findings import NotChecked
from checks.rules.certificate_books import books_agree


def difference(kind: str, site: str = "HL01", **changes: Any) -> dict[str, Any]:
    return {"kind": kind, "site_id": site, "project_code": "P" * 17, "production_month": "2026-02", "seq_start": 10, "seq_end": 19,
            "mwh": 10, "claimed_mwh": 10, "role": "claim", "entry": 3, "source_row": 4} | changes  # fmt: skip


def test_books_that_agree_are_silent(world) -> None:  # type: ignore[no-untyped-def]
    assert books_agree(world(), "HL01") == []


def test_a_number_in_two_claims_withholds_the_claims_of_its_sites(world) -> None:  # type: ignore[no-untyped-def]
    judged = world({"certificate_differences": [difference("claimed twice"), difference("claimed twice", source_row=9)]})
    (finding,) = books_agree(judged, "HL01")
    assert (finding.code, finding.severity, finding.quantity, finding.subject) == (
        "CT11", "withhold", "claims", f"books {'P' * 17} 2026-02 10-19",
    )  # fmt: skip
    assert (finding.seen, finding.limit, finding.rows) == (10.0, 0.0, ((3, 4), (3, 9)))
    assert "two claims" in finding.message_en
    assert "两项主张" in finding.message_zh
    assert "claims are withheld" in finding.message_en
    assert "暂缓发布" in finding.message_zh
    assert books_agree(judged, "HL02") == []


def test_what_is_in_no_claim_is_told_and_withholds_nothing(world) -> None:  # type: ignore[no-untyped-def]
    (finding,) = books_agree(world({"certificate_differences": [difference("cancelled, in no claim", role="cancel")]}), "HL01")
    assert finding.severity == "flag"
    assert "they are not counted" in finding.message_en
    assert "不计入" in finding.message_zh
    both = [difference("cancelled, in no claim"), difference("claimed, not validly cancelled")]
    (finding,) = books_agree(world({"certificate_differences": both}), "HL01")
    assert finding.severity == "withhold"


def test_a_site_without_certificates_is_not_checked(world) -> None:  # type: ignore[no-untyped-def]
    assert isinstance(books_agree(world({"claims": []}), "HL01"), NotChecked)
    assert isinstance(books_agree(world(without=("certificate_differences",)), "HL01"), NotChecked)
