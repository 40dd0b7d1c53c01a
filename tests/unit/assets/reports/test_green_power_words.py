"""The words of the green-power page: what a reader is told first, and that every word has both languages."""

from __future__ import annotations

import re
from typing import Any

import pytest

from assets.reports.green_power_words import DIFFERENCES, months, mwh, nothing, numbers, runs, sentences
from assets.staging.certificate_books import FAULTS


def page(**changes: Any) -> dict[str, Any]:
    total = {
        "share": 0.5, "counted_mwh": 50.0, "months_with_share": 1, "surplus_mwh": 0.0, "pending_mwh": 0.0, "excluded_mwh": 0.0,
        "metered_mwh": 0.0,
    }  # fmt: skip
    books = {"project_months": 1, "agree": True, "differences": [], "lost": 0, "claimed_wrongly": 0}
    return {
        "site_id": "S1", "year": "2026", "today": "2026-05-01", "sum": total | changes.pop("sum", {}),
        "months": [{"electricity_mwh": 100.0, "share": 0.5}], "claimed": [1], "withheld": [], "pending": [], "excluded": [], "held": [],
        "expiring": [],
        "lapsed": [], "claims_open": False, "not_computed": [], "books": books | changes.pop("books", {}),
    } | changes  # fmt: skip


def test_the_share_stands_first_and_the_books_are_spoken_of() -> None:
    said = [en for en, _ in sentences(page())]
    assert said == [
        "Green, proven and counted: 50 of 100 MWh in 1 month, 50.0 % of what was used.",
        "A second count of every number agrees with the claims of all sites.",
    ]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"sum": {"surplus_mwh": 10.0}}, "10 MWh are claimed beyond the month's electricity"),
        ({"sum": {"pending_mwh": 3.5}}, "3.5 MWh wait"),
        ({"sum": {"excluded_mwh": 4.0}}, "4 MWh do not count; the reasons are below."),
        ({"sum": {"excluded_mwh": 4.0, "metered_mwh": 3.0}}, "3 MWh of them are certificates of energy that counts by its meter"),
        ({"sum": {"share": None}}, "No share can be given"),
        (
            {"expiring": [{"mwh": 5, "usable_to": "2026-06-30"}]},
            "5 MWh of held certificates must be cancelled within 90 days",
        ),
        ({"lapsed": [{"mwh": 7}]}, "7 MWh of held certificates were not used in time"),
        ({"claims_open": True}, "Claims of the year are not complete"),
        ({"not_computed": ["2026-05", "2026-06", "2026-08"]}, "Not computed: 2026-05 … 06, 2026-08. Run 'gci backfill 2026-05 2026-08'"),
        ({"books": {"agree": False, "lost": 2}}, "The books do not agree with the claims: 2 MWh are in no claim"),
        ({"books": {"differences": [{"kind": "cancelled twice"}]}}, "at odds in the files: cancelled twice"),
        ({"books": {"project_months": 0}}, "No certificates are concerned."),
        ({"claimed": []}, "Nothing says what electricity of S1 is green in 2026. Drop files into landing/"),
    ],
)
def test_what_else_is_said(changes: dict[str, Any], text: str) -> None:
    found = page(**changes)
    pairs = sentences(found)
    assert any(text in en for en, _ in pairs)
    assert all(re.search("[\u4e00-\u9fff]", zh) for _, zh in pairs)
    assert nothing(found) == (changes == {"claimed": []})


def test_every_difference_has_its_words() -> None:
    assert set(DIFFERENCES) == set(FAULTS)


def test_numbers_for_people() -> None:
    assert [mwh(value) for value in (None, 0.0, 1234.0, 1234.56)] == ["–", "0", "1,234", "1,234.6"]
    assert months(["2026-01", "2026-02", "2026-04"]) == "2026-01 … 04 (3)"
    assert runs(["2026-01", "2026-02", "2026-04"]) == ["2026-01 … 02", "2026-04"]
    assert numbers({"seq_start": None}) == ""
    assert numbers({"production_month": "2026-01", "seq_start": 1, "seq_end": 9}) == "2026-01 1-9"
