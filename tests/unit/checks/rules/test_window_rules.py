"""ME06: one category of PUE and WUE in the trailing window."""

from __future__ import annotations

from typing import Any

from checks.findings import NotChecked
from checks.rules.window import categories_constant


def months(what: str, *categories: str | None, site: str = "HL01") -> list[dict[str, Any]]:
    names = [f"2025-{n:02d}" for n in range(4, 13)] + ["2026-01", "2026-02", "2026-03"]
    return [
        {"site_id": site, "what": what, "month": name, "category": category}
        for name, category in zip(names[-len(categories) :], categories, strict=True)
    ]


def test_a_change_withholds_the_trailing_value(world) -> None:  # type: ignore[no-untyped-def]
    rows = [*months("pue_category", "PUE2", "PUE2", "PUE1"), *months("wue_category", "WUE1", "WUE1", "WUE1")]
    found = categories_constant(world({"window_categories": rows}), "HL01")
    assert isinstance(found, list)
    assert [(f.code, f.subject, f.severity, f.quantity, f.seen, f.limit, f.unit) for f in found] == [
        ("ME06", "pue_category", "withhold", "", 2.0, 1.0, "categories")
    ]
    assert "PUE2 → PUE1 in 2026-03" in found[0].message_en
    assert "2026-03 由 PUE2 改为 PUE1" in found[0].message_zh
    assert isinstance(categories_constant(world({"window_categories": rows}), "HL02"), NotChecked)


def test_there_and_back_is_said_in_order(world) -> None:  # type: ignore[no-untyped-def]
    rows = months("wue_category", "WUE1", "WUE2", "WUE1")[::-1]
    found = categories_constant(world({"window_categories": rows}), "HL01")
    assert isinstance(found, list)
    assert "WUE1 → WUE2 in 2026-02; WUE2 → WUE1 in 2026-03" in found[0].message_en
    assert found[0].seen == 2.0


def test_a_category_that_was_not_stated_is_another(world) -> None:  # type: ignore[no-untyped-def]
    found = categories_constant(world({"window_categories": months("pue_category", None, "PUE2")}), "HL01")
    assert isinstance(found, list)
    assert "– → PUE2 in 2026-03" in found[0].message_en


def test_one_category_is_in_order(world) -> None:  # type: ignore[no-untyped-def]
    assert categories_constant(world({"window_categories": months("pue_category", "PUE2")}), "HL01") == []
    assert isinstance(categories_constant(world({"window_categories": []}), "HL01"), NotChecked)
