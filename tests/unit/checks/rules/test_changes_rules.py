"""BD09 and ME04: what changes in the registry has an event, and a multiplier is stated."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from checks.findings import Finding, NotChecked
from checks.rules.changes import announced, multipliers
from checks.rules.content import falling


def said(findings: list[Finding] | NotChecked) -> list[tuple[str, str, str, str, float | None, float | None]]:
    assert isinstance(findings, list)
    return [(f.code, f.subject, f.severity, f.quantity, f.seen, f.limit) for f in findings]


def at(day: str, hour: int = 4) -> int:
    """Noon of a day in Shanghai, as an instant."""
    year, month, number = (int(part) for part in day.split("-"))
    return int(datetime(year, month, number, hour, tzinfo=UTC).timestamp())


def event(meter: str, day: str, kind: str, hour: int = 4) -> dict[str, Any]:
    return {"meter_id": meter, "at_s": at(day, hour), "kind": kind}


def meter(name: str, point: str = "cooling", **values: Any) -> dict[str, Any]:
    row = {"meter_id": name, "site_id": "HL01", "medium": "electricity", "point": point, "kind": "register", "multiplier": 1.0}
    return {**row, "valid_from": "2024-01-01", "entry": 1, "source_row": 8, **values}


def only(rows: dict[str, Any], table: str, *left_out: str) -> list[dict[str, Any]]:
    return [row for row in rows[table] if row["meter_id"] not in left_out]


def appeared(rows: dict[str, Any], **values: Any) -> dict[str, Any]:
    """A-I was registered on 10 March."""
    now = [{**row, "valid_from": "2026-03-10", **values} if row["meter_id"] == "A-I" else row for row in rows["meters"]]
    return {"meters": now, "meters_before": only(rows, "meters_before", "A-I"), "counted_before": only(rows, "counted_before", "A-I")}


# BD09 ---------------------------------------------------------------------------------------------------------------


def test_a_counted_meter_that_appears_withholds_its_side(world, rows) -> None:  # type: ignore[no-untyped-def]
    found = announced(world(appeared(rows)), "HL01")
    assert said(found) == [("BD09", "A-I", "withhold", "E_IT", 1.0, 0.0)]
    assert found[0].rows == ((1, 2),)
    assert "A-I appears on 2026-03-10, and no event says why. It carries 100 % of E_IT: E_IT is withheld." in found[0].message_en
    assert "于 2026-03-10 新增" in found[0].message_zh
    assert announced(world(appeared(rows)), "HL02") == []


@pytest.mark.parametrize(("share", "severity"), [(0.01, "withhold"), (0.0099, "flag"), (None, "withhold")])
def test_the_share_rule_decides(world, rows, share: float | None, severity: str) -> None:  # type: ignore[no-untyped-def]
    shares = [{**row, "share": share, "last_known_share": None} if row["meter_id"] == "A-I" else row for row in rows["shares"]]
    assert said(announced(world({**appeared(rows), "shares": shares}), "HL01"))[0][2] == severity


@pytest.mark.parametrize(
    ("day", "kind", "quiet"),
    [
        ("2026-03-10", "boundary_change", True), ("2026-03-10", "replacement", True), ("2026-03-07", "boundary_change", True),
        ("2026-03-13", "boundary_change", True), ("2026-03-06", "boundary_change", False), ("2026-03-14", "boundary_change", False),
        ("2026-03-10", "calibration", False), ("2026-03-10", "multiplier_change", False), ("2026-03-10", "reset", False),
    ],
)  # fmt: skip
def test_an_event_near_the_day_explains(world, rows, day: str, kind: str, quiet: bool) -> None:  # type: ignore[no-untyped-def]
    found = announced(world({**appeared(rows), "meter_events": [event("A-I", day, kind)]}), "HL01")
    assert (found == []) == quiet
    assert len(said(announced(world({**appeared(rows), "meter_events": [event("A-S", day, kind)]}), "HL01"))) == 1


def test_the_day_of_an_event_is_the_sites_own(world, rows) -> None:  # type: ignore[no-untyped-def]
    # 13 March 18:00 UTC is 14 March in Shanghai: four days away
    late = world({**appeared(rows), "meter_events": [event("A-I", "2026-03-13", "boundary_change", hour=18)]})
    assert len(said(announced(late, "HL01"))) == 1


def test_a_meter_that_disappears(world, rows) -> None:  # type: ignore[no-untyped-def]
    for gone, day in (("2026-03-09", "2026-03-10"), ("2026-02-28", "2026-03-01")):
        ended = [{**row, "valid_to": gone} if row["meter_id"] == "A-I" else row for row in rows["meters_before"]]
        now = [{**row, "valid_to": gone} if row["meter_id"] == "A-I" else row for row in rows["meters"]]
        kept = [row for row in now if (row.get("valid_to") or "9") >= "2026-03"]
        found = announced(world({"meters": kept, "meters_before": ended, "counted": only(rows, "counted", "A-I")}), "HL01")
        assert said(found) == [("BD09", "A-I", "withhold", "E_IT", 1.0, 0.0)]
        assert f"disappears on {day}" in found[0].message_en
    # at the end of the month it is still there; that it is gone is next month's matter
    now = [{**row, "valid_to": "2026-03-31"} if row["meter_id"] == "A-I" else row for row in rows["meters"]]
    assert announced(world({"meters": now}), "HL01") == []


def test_a_meter_that_moves(world, rows) -> None:  # type: ignore[no-untyped-def]
    before = [*rows["meters_before"], meter("A-C")]
    moved = [*rows["meters"], meter("A-C"), meter("A-C", "it_input", valid_from="2026-03-05")]
    found = announced(world({"meters": moved, "meters_before": before}), "HL01")
    assert said(found) == [("BD09", "A-C", "flag", "", 1.0, 0.0)]  # it counts nowhere: nothing to withhold
    assert "moves from cooling to it_input on 2026-03-05" in found[0].message_en
    assert "It carries" not in found[0].message_en
    same = [*rows["meters"], meter("A-C"), meter("A-C", valid_from="2026-03-05", multiplier=2.0)]
    assert announced(world({"meters": same, "meters_before": before}), "HL01") == []
    check = [*rows["meters"], meter("A-C"), meter("A-C", valid_from="2026-03-05", check_meter_of="A-S")]
    found = announced(world({"meters": check, "meters_before": before}), "HL01")
    assert "becomes a check meter of A-S on 2026-03-05" in found[0].message_en
    back = [*rows["meters"], meter("A-C", check_meter_of="A-S"), meter("A-C", valid_from="2026-03-05")]
    assert "becomes no check meter" in announced(world({"meters": back, "meters_before": before}), "HL01")[0].message_en


def test_rows_of_a_meter_may_stand_in_any_order(world, rows) -> None:  # type: ignore[no-untyped-def]
    before = [*rows["meters_before"], meter("A-C")]
    later = meter("A-C", "it_input", valid_from="2026-03-05")
    orders = ([meter("A-C"), later], [later, meter("A-C")])
    first, second = (announced(world({"meters": [*rows["meters"], *order], "meters_before": before}), "HL01") for order in orders)
    assert said(first) == said(second) == [("BD09", "A-C", "flag", "", 1.0, 0.0)]
    assert "moves from cooling to it_input on 2026-03-05" in first[0].message_en == second[0].message_en


def test_an_explained_change_hides_no_other(world, rows) -> None:  # type: ignore[no-untyped-def]
    before = [*rows["meters_before"], meter("A-C"), meter("A-D")]
    moved = [row for name in ("A-C", "A-D") for row in (meter(name), meter(name, "it_input", valid_from="2026-03-05"))]
    tables = {"meters": [*rows["meters"], *moved], "meters_before": before, "meter_events": [event("A-C", "2026-03-05", "boundary_change")]}
    assert [one[1] for one in said(announced(world(tables), "HL01"))] == ["A-D"]


def test_several_silent_changes_are_one_finding(world, rows) -> None:  # type: ignore[no-untyped-def]
    there = [*rows["meters"], meter("A-C", valid_from="2026-03-05", valid_to="2026-03-09")]
    found = announced(world({"meters": there}), "HL01")
    assert said(found) == [("BD09", "A-C", "flag", "", 2.0, 0.0)]
    assert "appears on 2026-03-05, disappears on 2026-03-10" in found[0].message_en
    half = world({"meters": there, "meter_events": [event("A-C", "2026-03-05", "boundary_change")]})
    assert said(announced(half, "HL01"))[0][4] == 1.0


def test_both_sides_of_a_meter_are_withheld_and_the_second_follows(world, rows) -> None:  # type: ignore[no-untyped-def]
    tables = appeared(rows)
    tables["counted"] = [*rows["counted"], {"site_id": "HL01", "side": "E_DC", "meter_id": "A-I", "sign": 1}]
    found = announced(world(tables), "HL01")
    assert [one[2:4] for one in said(found)] == [("withhold", "E_DC"), ("withhold", "E_IT")]
    assert [f.because_of for f in found] == [None, found[0].id]


def test_the_sites_first_meters_change_nothing(world, rows) -> None:  # type: ignore[no-untyped-def]
    new = [{**row, "valid_from": "2026-03-10"} if row["site_id"] == "HL01" else row for row in rows["meters"]]
    before = [row for row in rows["meters_before"] if row["site_id"] != "HL01"]
    assert announced(world({"meters": new, "meters_before": before}), "HL01") == []
    later = [*new, meter("A-C", valid_from="2026-03-11")]
    assert [one[1] for one in said(announced(world({"meters": later, "meters_before": before}), "HL01"))] == ["A-C"]


def test_no_meters_at_all_are_not_checked(world) -> None:  # type: ignore[no-untyped-def]
    assert isinstance(announced(world(), "HL99"), NotChecked)
    assert isinstance(multipliers(world(), "HL99"), NotChecked)


# ME04 ---------------------------------------------------------------------------------------------------------------


def test_a_blank_multiplier_is_said(world, rows) -> None:  # type: ignore[no-untyped-def]
    blank = {"feed": "meters", "column": "multiplier", "entry": 1, "source_row": 8}
    meters = [*rows["meters"], meter("A-C"), meter("A-V", kind="virtual"), meter("A-D", source_row=9)]
    judged = world({"meters": meters, "meters_before": meters, "assumed": [blank]})
    found = multipliers(judged, "HL01")
    assert said(found) == [("ME04", "A-C", "flag", "", None, 1.0)]  # a virtual meter has none, A-D states one
    assert found[0].rows == ((1, 8),)
    assert "1 was taken" in found[0].message_en
    counted = {"feed": "meters", "column": "multiplier", "entry": 1, "source_row": 2}
    assert [one[:4] for one in said(multipliers(world({"assumed": [counted]}), "HL02"))] == [
        ("ME04", "B-I", "flag", "E_IT"), ("ME04", "B-S", "flag", "E_DC"), ("ME04", "B-W", "flag", "water"),
    ]  # fmt: skip
    for other in ({**counted, "column": "supply_points"}, {**counted, "feed": "sites"}, {**counted, "entry": 2}):
        assert multipliers(world({"assumed": [other]}), "HL01") == []


def test_a_stated_multiplier_hides_no_blank_one(world, rows) -> None:  # type: ignore[no-untyped-def]
    meters = [{**row, "source_row": 77} if row["meter_id"] == "A-W" else row for row in rows["meters"]]
    blank = {"feed": "meters", "column": "multiplier", "entry": 1, "source_row": 77}
    assert said(multipliers(world({"meters": meters, "assumed": [blank]}), "HL01")) == [("ME04", "A-W", "flag", "water", None, 1.0)]


def changed(rows: dict[str, Any], name: str = "A-I", new: float | None = 40.0, day: str = "2026-03-15") -> dict[str, Any]:
    old = next(row for row in rows["meters"] if row["meter_id"] == name)
    return {"meters": [*rows["meters"], {**old, "multiplier": new, "valid_from": day, "source_row": 9}]}


def test_a_multiplier_that_changes_has_an_event(world, rows) -> None:  # type: ignore[no-untyped-def]
    found = multipliers(world(changed(rows)), "HL01")
    assert said(found) == [("ME04", "A-I", "withhold", "E_IT", 40.0, 1.0)]
    assert "(1 → 40 (2026-03-15))" in found[0].message_en
    assert found[0].rows == ((1, 9),)
    small = [{**row, "share": 0.001} if row["meter_id"] == "A-I" else row for row in rows["shares"]]
    assert said(multipliers(world({**changed(rows), "shares": small}), "HL01"))[0][2:4] == ("flag", "E_IT")
    for kind, quiet in (("multiplier_change", True), ("replacement", True), ("boundary_change", False), ("calibration", False)):
        told = {**changed(rows), "meter_events": [event("A-I", "2026-03-15", kind)]}
        assert (multipliers(world(told), "HL01") == []) == quiet, kind


@pytest.mark.parametrize(("new", "day"), [(1.0, "2026-03-15"), (None, "2026-03-15"), (40.0, "2026-02-15"), (40.0, "2026-04-01")])
def test_what_is_no_change_of_the_month(world, rows, new: float | None, day: str) -> None:  # type: ignore[no-untyped-def]
    assert multipliers(world(changed(rows, new=new, day=day)), "HL01") == []


def test_a_change_is_told_once_even_when_the_new_row_is_blank(world, rows) -> None:  # type: ignore[no-untyped-def]
    rows["meters"] = [{**row, "multiplier": 40.0} if row["meter_id"] == "A-I" else row for row in rows["meters"]]
    blank = {"feed": "meters", "column": "multiplier", "entry": 1, "source_row": 9}
    judged = world({**changed(rows, new=1.0), "meters_before": rows["meters"], "assumed": [blank]})
    assert said(multipliers(judged, "HL01")) == [("ME04", "A-I", "withhold", "E_IT", 1.0, 40.0)]


def test_the_gap_in_the_register_follows_from_the_change(world, rows) -> None:  # type: ignore[no-untyped-def]
    gap = {"site_id": "HL01", "meter_id": "A-I", "at_s": at("2026-03-15"), "code": "CT08", "what": "event_incomplete", "entry": 2}
    judged = world({**changed(rows), "anomalies": [gap]})
    change, fell = multipliers(judged, "HL01"), falling(judged, "HL01")
    assert [f.because_of for f in fell] == [change[0].id]
    assert falling(world({"anomalies": [gap]}), "HL01")[0].because_of is None
