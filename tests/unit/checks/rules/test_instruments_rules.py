"""ME01, ME02, ME03 and ME08: class, calibration, pace, and readings taken by hand."""

from __future__ import annotations

from typing import Any

import pytest

from checks.findings import Finding, NotChecked
from checks.rules.instruments import accurate, calibrated, class_of, often_enough, read_by_hand


def said(findings: list[Finding] | NotChecked) -> list[tuple[str, str, str, str, float | None, float | None]]:
    assert isinstance(findings, list)
    return [(f.code, f.subject, f.severity, f.quantity, f.seen, f.limit) for f in findings]


def change(rows: list[dict[str, Any]], name: str, **values: Any) -> list[dict[str, Any]]:
    return [{**row, **values} if row["meter_id"] == name else row for row in rows]


def meter(name: str, point: str = "cooling", **values: Any) -> dict[str, Any]:
    row = {"meter_id": name, "site_id": "HL01", "medium": "electricity", "point": point, "kind": "register", "multiplier": 1.0}
    row |= {"accuracy_class": "0.5S", "calibrated_until": "2027-12-31"}
    return {**row, "valid_from": "2024-01-01", "entry": 1, "source_row": 8, **values}


# ME01 ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "percent"),
    [
        ("0.2S", 0.2), ("0.5s", 0.5), (" 1 ", 1.0), ("2", 2.0), ("A", 2.0), ("b", 1.0), ("C", 0.5), ("D", 0.2), ("", None), (None, None),
        ("good", None),
    ],
)  # fmt: skip
def test_classes_as_percent(text: str | None, percent: float | None) -> None:
    assert class_of(text) == percent


@pytest.mark.parametrize(
    ("name", "text", "outcome"),
    [
        ("A-I", "1", []), ("A-I", "B", []), ("A-I", "2", [("ME01", "A-I", "flag", "E_IT", 2.0, 1.0)]),
        ("A-I", "A", [("ME01", "A-I", "flag", "E_IT", 2.0, 1.0)]), ("A-I", None, [("ME01", "A-I", "flag", "E_IT", None, 1.0)]),
        ("A-W", "2", []), ("A-W", None, [("ME01", "A-W", "flag", "water", None, 2.0)]),
    ],
)  # fmt: skip
def test_the_class_is_known_and_good_enough(world, rows, name: str, text: str | None, outcome: list[Any]) -> None:  # type: ignore[no-untyped-def]
    judged = world({"meters": change(rows["meters"], name, accuracy_class=text)})
    assert said(accurate(judged, "HL01")) == outcome
    assert accurate(judged, "HL02") == []


def test_meters_that_count_nowhere_may_be_of_class_2(world, rows) -> None:  # type: ignore[no-untyped-def]
    assert accurate(world({"meters": [*rows["meters"], meter("A-C", accuracy_class="2")]}), "HL01") == []
    found = accurate(world({"meters": [*rows["meters"], meter("A-C", accuracy_class=None)]}), "HL01")
    assert said(found) == [("ME01", "A-C", "flag", "", None, 2.0)]
    assert found[0].rows == ((1, 8),)
    assert "has no accuracy class" in found[0].message_en
    assert "没有准确度等级" in found[0].message_zh


def test_the_worst_class_of_the_month_counts(world, rows) -> None:  # type: ignore[no-untyped-def]
    poor = {**next(row for row in rows["meters"] if row["meter_id"] == "A-I"), "accuracy_class": "2", "valid_from": "2026-03-20"}
    assert said(accurate(world({"meters": [*rows["meters"], poor]}), "HL01")) == [("ME01", "A-I", "flag", "E_IT", 2.0, 1.0)]
    mixed = [*change(rows["meters"], "A-I", accuracy_class=None), poor]
    assert said(accurate(world({"meters": mixed}), "HL01")) == [("ME01", "A-I", "flag", "E_IT", None, 1.0)]


def test_what_is_no_instrument_has_no_class(world, rows) -> None:  # type: ignore[no-untyped-def]
    bare = {"accuracy_class": None, "calibrated_until": None}
    for kind in ("virtual", "software"):
        judged = world({"meters": [*rows["meters"], meter("A-V", kind=kind, **bare)]})
        assert accurate(judged, "HL01") == []
        assert calibrated(judged, "HL01") == []
    nothing = world({"meters": [row for row in rows["meters"] if row["site_id"] != "HL01"]})
    assert isinstance(accurate(nothing, "HL01"), NotChecked)
    assert isinstance(calibrated(nothing, "HL01"), NotChecked)


# ME02 ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("until", "days"), [("2026-03-31", 0), ("2026-03-30", 1), ("2026-03-01", 30), ("2026-02-28", 31), ("2020-01-01", 31), (None, 31)]
)
def test_the_calibration_covers_every_day(world, rows, until: str | None, days: int) -> None:  # type: ignore[no-untyped-def]
    found = calibrated(world({"meters": change(rows["meters"], "A-S", calibrated_until=until)}), "HL01")
    assert said(found) == [("ME02", "A-S", "flag", "E_DC", float(days), 0.0)] * bool(days)
    if days and until:
        assert f"ended on {until}" in found[0].message_en
        assert f"已于 {until} 到期" in found[0].message_zh
    elif days:
        assert "is not stated" in found[0].message_en


def test_a_meter_that_begins_within_the_month_answers_from_then_on(world, rows) -> None:  # type: ignore[no-untyped-def]
    fresh = change(rows["meters"], "A-S", calibrated_until="2026-03-03", valid_from="2026-03-25")
    (found,) = said(calibrated(world({"meters": fresh}), "HL01"))
    assert (found[1], found[4]) == ("A-S", 7.0)  # 25 to 31 March


def test_only_the_days_in_force_count(world, rows) -> None:  # type: ignore[no-untyped-def]
    old = change(rows["meters"], "A-S", calibrated_until="2026-03-08", valid_to="2026-03-10")
    found = calibrated(world({"meters": old}), "HL01")
    assert said(found) == [("ME02", "A-S", "flag", "E_DC", 2.0, 0.0)]
    supply = next(row for row in rows["meters"] if row["meter_id"] == "A-S")
    renewed = {**supply, "calibrated_until": "2030-03-08", "valid_from": "2026-03-09"}
    assert calibrated(world({"meters": [*change(rows["meters"], "A-S", calibrated_until="2026-03-08"), renewed]}), "HL01") == []
    late = change(rows["meters"], "A-S", calibrated_until="2026-03-08", valid_from="2026-03-06")
    assert said(calibrated(world({"meters": late}), "HL01"))[0][4] == 23.0


# ME03 ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("step_s", "minutes"), [(900, None), (3600, None), (3629, None), (3660, 61.0), (10800, 180.0), (None, None)])
def test_both_sides_are_read_every_hour(world, rows, step_s: int | None, minutes: float | None) -> None:  # type: ignore[no-untyped-def]
    found = often_enough(world({"meter_facts": change(rows["meter_facts"], "A-I", median_step_s=step_s)}), "HL01")
    assert said(found) == ([] if minutes is None else [("ME03", "A-I", "flag", "E_IT", minutes, 60.0)])


def test_a_slow_meter_of_both_sides_is_told_at_the_first(world, rows) -> None:  # type: ignore[no-untyped-def]
    counted = [*rows["counted"], {"site_id": "HL01", "side": "E_DC", "meter_id": "A-I", "sign": 1}]
    found = often_enough(world({"meter_facts": change(rows["meter_facts"], "A-I", median_step_s=10800), "counted": counted}), "HL01")
    assert said(found) == [("ME03", "A-I", "flag", "E_DC", 180.0, 60.0)]


def test_water_and_uncounted_meters_may_be_slow(world, rows) -> None:  # type: ignore[no-untyped-def]
    assert often_enough(world({"meter_facts": change(rows["meter_facts"], "A-W", median_step_s=86400)}), "HL01") == []
    uncounted = {"site_id": "HL01", "meter_id": "A-C", "median_step_s": 86400}
    assert often_enough(world({"meter_facts": [*rows["meter_facts"], uncounted]}), "HL01") == []
    virtual = change(rows["meter_facts"], "A-I", median_step_s=86400, kind="virtual")
    assert often_enough(world({"meter_facts": virtual}), "HL01") == []
    member = [{"site_id": "HL01", "meter_id": "A-I", "member": "A-C"}]
    assert said(often_enough(world({"meter_facts": [*rows["meter_facts"], uncounted], "members": member}), "HL01"))[0][1] == "A-C"


def test_an_unknown_pace_is_not_checked(world, rows) -> None:  # type: ignore[no-untyped-def]
    silent = [{**row, "median_step_s": None} for row in rows["meter_facts"]]
    assert isinstance(often_enough(world({"meter_facts": silent}), "HL01"), NotChecked)


# ME08 ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("manual", "outcome"), [(49, []), (50, [("ME08", "A-I", "flag", "E_IT", 0.05, 0.05)])])
def test_few_readings_are_taken_by_hand(world, manual: int, outcome: list[Any]) -> None:  # type: ignore[no-untyped-def]
    judged = world({"manual_readings": [{"meter_id": "A-I", "readings": 1000, "manual": manual}]})
    assert said(read_by_hand(judged, "HL01")) == outcome
    assert read_by_hand(judged, "HL02") == []


def test_meters_that_count_nowhere_may_be_read_by_hand(world, rows) -> None:  # type: ignore[no-untyped-def]
    facts = [*rows["meter_facts"], {"site_id": "HL01", "meter_id": "A-C", "n_landed": 31}]
    judged = {"meter_facts": facts, "manual_readings": [{"meter_id": "A-C", "readings": 31, "manual": 31}]}
    assert read_by_hand(world(judged), "HL01") == []
    behind = world({**judged, "members": [{"site_id": "HL01", "meter_id": "A-I", "member": "A-C"}]})
    assert said(read_by_hand(behind, "HL01")) == [("ME08", "A-C", "flag", "E_IT", 1.0, 0.05)]


def test_without_readings_nobody_knows_who_took_them(world, rows) -> None:  # type: ignore[no-untyped-def]
    silent = [{**row, "n_landed": 0} for row in rows["meter_facts"]]
    assert isinstance(read_by_hand(world({"meter_facts": silent}), "HL01"), NotChecked)
