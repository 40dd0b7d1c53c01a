"""TL03, TL09 and TL10: late entries, later factors, old and unknown assessments; and the rows that CT01 names."""

from __future__ import annotations

from typing import Any

import pytest

from checks.findings import Finding, NotChecked
from checks.rules.feeds import readings_contract
from checks.rules.lateness import landed_in_time
from checks.rules.practices import assessed_recently
from checks.rules.vintages import newest_by_then

CUTOFF_S = 1_775_664_000  # 2026-04-09T00:00:00+08:00: the end of 8 April


def said(findings: list[Finding] | NotChecked) -> list[tuple[str, str, str, str]]:
    assert isinstance(findings, list)
    return [(f.code, f.subject, f.severity, f.quantity) for f in findings]


# TL03 -----------------------------------------------------------------------------------------------------------------


def late(feed: str, entry: int, rows: int) -> dict[str, Any]:
    return {
        "site_id": "HL01", "feed": feed, "entry": entry, "source_row": 2, "rows": rows, "landed_s": CUTOFF_S + entry * 3600,
        "cutoff_s": CUTOFF_S,
    }  # fmt: skip


def test_late_entries_are_told_by_feed(world) -> None:  # type: ignore[no-untyped-def]
    judged = world({"late_entries": [late("meter_readings", 12, 96), late("meter_readings", 14, 4), late("activities", 13, 1)]})
    found = landed_in_time(judged, "HL01")
    assert said(found) == [("TL03", "activities", "info", ""), ("TL03", "meter_readings", "info", "")]
    assert (found[1].seen, found[1].limit, found[1].unit, found[1].rows) == (100.0, 0.0, "rows", ((12, 2), (14, 2)))
    assert (
        "100 rows of 'meter_readings' for 2026-03 came in 2 files landed after the month's cut-off (2026-04-08T23:59:59+08:00)"
        in found[1].message_en
    )
    assert "截止日(2026-04-08" in found[1].message_zh
    assert landed_in_time(judged, "HL02") == []


# TL09 -----------------------------------------------------------------------------------------------------------------


def vintage(kind: str = "average", **more: Any) -> dict[str, Any]:
    row = {
        "site_id": "HL01", "geography": "CN-HE", "kind": kind, "month": "2026-03", "vintage": "2022", "published_on": "2024-12-20",
        "published_late": False, "later_vintage": None, "later_published_on": None,
    }  # fmt: skip
    return row | more


def test_a_later_vintage_is_a_candidate(world) -> None:  # type: ignore[no-untyped-def]
    later = {"later_vintage": "2023", "later_published_on": "2025-12-31"}
    found = newest_by_then(world({"grid_vintages": [vintage(**later), vintage("residual", **later)]}), "HL01")
    assert said(found) == [("TL09", "grid factors 2023", "info", "factors")]
    assert (found[0].seen, found[0].limit, found[0].unit) == (2023.0, 2022.0, "year")
    assert "(CN-HE average, CN-HE residual)" in found[0].message_en
    assert "年度重述" in found[0].message_zh
    assert newest_by_then(world({"grid_vintages": [vintage()]}), "HL01") == []


def test_of_several_factors_the_first_dates_the_later_vintage(world) -> None:  # type: ignore[no-untyped-def]
    one, other = (
        vintage(kind, vintage=used, later_vintage="2023", later_published_on=day)
        for kind, used, day in (("average", "2022", "2025-12-31"), ("residual", "2021", "2025-12-30"))
    )
    for rows, seen in (([one], (2022.0, "2025-12-31")), ([one, other], (2022.0, "2025-12-31")), ([other, one], (2021.0, "2025-12-30"))):
        (found,) = newest_by_then(world({"grid_vintages": rows}), "HL01")  # type: ignore[misc]
        assert found.limit == seen[0]
        assert f"Grid factors of 2023 were published on {seen[1]}, after the cut-off of 2026-03" in found.message_en
    late = [vintage(published_late=True, published_on=day) for day in ("2026-05-01", "2026-06-01")]
    (found,) = newest_by_then(world({"grid_vintages": late}), "HL01")  # type: ignore[misc]
    assert "used, those of 2022, published on 2026-05-01 (CN-HE average, CN-HE average)" in found.message_en


def test_a_factor_published_after_the_cut_off_is_said(world) -> None:  # type: ignore[no-untyped-def]
    found = newest_by_then(world({"grid_vintages": [vintage(published_late=True)]}), "HL01")
    assert said(found) == [("TL09", "first grid factors 2022", "info", "factors")]
    assert (found[0].seen, found[0].limit) == (2022.0, None)


# TL10 -----------------------------------------------------------------------------------------------------------------


def practice(code: str, on: str, level: float = 1.0) -> dict[str, Any]:
    return {"site_id": "HL01", "item_code": code, "level": level, "assessed_on": on, "evidence": "a.pdf", "entry": 7, "source_row": 4}


ITEMS = [{"item_code": code, "months": 12} for code in ("A3.fire", "A3.physical", "G1.display")]


def practices(world, *rows: dict[str, Any]) -> list[Finding]:  # type: ignore[no-untyped-def]
    found = assessed_recently(world({"practices": list(rows), "checklist_items": ITEMS}), "HL01")
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize(
    ("rows_in", "subjects"),
    [
        ([practice("A3.fire", "2025-04-01")], []),  # the twelve months that end with March 2026
        ([practice("A3.fire", "2025-03-31")], ["assessed 2025-03-31"]),
        ([practice("A3.fire", "2025-03-31", level=0.0)], []),  # scores nothing anyway
        ([practice("A3.fire", "2025-03-31"), practice("A3.fire", "2026-01-10")], []),  # the newest counts
        ([practice("A3.fire", "2025-03-31"), practice("A3.fire", "2026-04-02")], ["assessed 2025-03-31"]),  # not yet
        ([practice("A3.fire", "2025-01-05"), practice("G1.display", "2025-01-05")], ["assessed 2025-01-05"]),
        ([practice("A3.fire", "2025-01-05"), practice("G1.display", "2025-02-05")], ["assessed 2025-01-05", "assessed 2025-02-05"]),
        ([practice("A3.fires", "2026-01-05")], ["A3.fires"]),
        ([practice("A3.fires", "2026-01-05", level=0.0)], ["A3.fires"]),  # a wrong code says nothing of the item that was meant
    ],
)
def test_old_and_unknown_assessments(world, rows_in: list[dict[str, Any]], subjects: list[str]) -> None:  # type: ignore[no-untyped-def]
    found = practices(world, *rows_in)
    assert said(found) == [("TL10", subject, "flag", "practices") for subject in subjects]


def test_what_is_said_of_them(world) -> None:  # type: ignore[no-untyped-def]
    old, unknown = practices(world, practice("A3.physical", "2024-12-31"), practice("A3.fires", "2026-01-05"))
    assert (old.seen, old.limit, old.unit, old.rows) == (15.0, 12.0, "months", ((7, 4),))
    assert "(A3.physical) was last assessed on 2024-12-31" in old.message_en
    assert "按 0 分计" in old.message_zh
    assert (unknown.seen, unknown.limit, unknown.unit) == (0.0, 1.0, "items")
    assert "Is 'A3.fire' meant?" in unknown.message_en
    assert "是否应为“A3.fire”" in unknown.message_zh


def test_one_practice_scores_and_two_score_nothing(world) -> None:  # type: ignore[no-untyped-def]
    (one,) = practices(world, practice("A3.fire", "2025-03-31"))
    assert "1 practice (A3.fire) was last assessed on 2025-03-31" in one.message_en
    assert "it scores 0" in one.message_en
    assert (one.seen, one.limit, one.unit) == (12.0, 12.0, "months")
    (two,) = practices(world, practice("A3.fire", "2025-03-31"), practice("A3.physical", "2025-03-31"))
    assert "2 practices (A3.fire, A3.physical) were last assessed" in two.message_en
    assert "they score 0" in two.message_en


def test_no_assessment_at_all_is_not_checked(world) -> None:  # type: ignore[no-untyped-def]
    assert isinstance(assessed_recently(world({"practices": [practice("A3.fire", "2026-04-05")]}), "HL01"), NotChecked)


# CT01 -----------------------------------------------------------------------------------------------------------------


def test_broken_readings_name_their_rows(world) -> None:  # type: ignore[no-untyped-def]
    """Rows of a meter that is refused whole are CT02's, and not named here."""
    about = {"site_id": "HL01", "raw_value": "abc", "reason": "Not a number.", "entry": 9}
    rejected = [
        {**about, "meter_id": meter, "rule_code": code, "source_row": row}
        for meter, code, row in (("A-I", "CT01", 31), ("A-I", "CT01", 32), ("A-I", "CT04", 33), ("A-S", "CT01", 34))
    ]
    refused = [{"site_id": "HL01", "meter_id": "A-S", "code": "CT01", "what": "refused"}]
    counts = [{"site_id": "HL01", "rule_code": "CT01", "rows": 20}]
    (found,) = readings_contract(world({"rejected_counts": counts, "rejected_rows": rejected, "anomalies": refused}), "HL01")
    assert found.rows == ((9, 31), (9, 32))
    assert "A-I shows 'abc': Not a number" in found.message_en
    assert "A-I 为 'abc'" in found.message_zh
