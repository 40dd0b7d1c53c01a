"""CT01, CT03, CT04, CT05 and CT08: feeds and readings."""

from __future__ import annotations

from typing import Any

import pytest

from checks.findings import Finding, NotChecked
from checks.rules.content import falling, instants_agree, physical, plausible
from checks.rules.feeds import contract, keys_unique, readings_contract

FROM_S = 1_772_294_400  # 2026-03-01T00:00:00+08:00


def said(findings: list[Finding] | NotChecked) -> list[tuple[str, str, str]]:
    assert isinstance(findings, list)
    return [(f.subject, f.severity, f.quantity) for f in findings]


def numbers(finding: Finding) -> tuple[str, float | None, float | None, str]:
    return finding.code, finding.seen, finding.limit, finding.unit


# CT01 ---------------------------------------------------------------------------------------------------------------


def rejected(feed: str, count: int, site: str | None = "HL01", code: str = "CT01") -> list[dict[str, Any]]:
    return [
        {"feed": feed, "site_id": site, "rule_code": code, "column": "level", "seen": "high", "reason_en": "is no number",
        "reason_zh": "不是数字",
         "entry": 4, "source_row": 2 + n}
        for n in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize(("count", "severity"), [(1, "flag"), (2, "flag"), (3, "withhold")])  # of 200 rows: 1 % is 2
def test_rows_that_break_their_contract(world, count: int, severity: str) -> None:  # type: ignore[no-untyped-def]
    judged = world({"feeds_rejected": rejected("practices", count)})
    found = contract(judged, "HL01")
    assert said(found) == [("practices", severity, "practices")]
    assert numbers(found[0]) == ("CT01", count / 200, 0.01, "1")
    assert found[0].rows == tuple((4, 2 + n) for n in range(count))
    assert "level = 'high': is no number" in found[0].message_en
    assert "level = 'high':不是数字" in found[0].message_zh
    words = (
        "1 of 200 rows of 'practices' breaks the contract and is left out"
        if count == 1
        else f"{count} of 200 rows of 'practices' break the"
    )
    assert words in found[0].message_en
    assert contract(judged, "HL02") == []


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "1 row of 'sites' without a known site breaks the contract and is"),
        (2, "2 rows of 'sites' without a known site break the contract and are"),
    ],
)
def test_rows_of_no_site_are_shown_to_everybody(world, count: int, words: str) -> None:  # type: ignore[no-untyped-def]
    judged = world({"feeds_rejected": rejected("sites", count, site=None)})
    for site in ("HL01", "HL02"):
        (finding,) = contract(judged, site)
        assert (finding.subject, finding.severity, finding.seen) == ("sites (no site)", "flag", float(count))
        assert words in finding.message_en


def test_the_first_three_breaches_are_told_in_both_languages(world) -> None:  # type: ignore[no-untyped-def]
    (finding,) = contract(world({"feeds_rejected": rejected("practices", 5)}), "HL01")
    assert finding.message_en.count("is no number") == finding.message_zh.count("不是数字") == 3


def test_the_worst_is_so_many_times_its_own_limit(world) -> None:  # type: ignore[no-untyped-def]
    high = anomaly("CT05", "over_capacity", seen=9000.0, limit=4500.0, unit="kW", row=3)
    (finding,) = plausible(
        world({"anomalies": [high, anomaly("CT05", "over_capacity", seen=5000.0, limit=1000.0, unit="kW", row=4)]}), "HL01"
    )
    assert numbers(finding) == ("CT05", 5000.0, 1000.0, "kW")


def test_a_row_with_two_breaches_is_one_row(world) -> None:  # type: ignore[no-untyped-def]
    assert contract(world({"feeds_rejected": rejected("practices", 1) * 2}), "HL01")[0].seen == 1 / 200


def test_a_feed_of_several_quantities_withholds_them_all_under_one_root(world) -> None:  # type: ignore[no-untyped-def]
    counts = [{"feed": "meters", "site_id": "HL01", "rows": 50}]
    found = contract(world({"feeds_rejected": rejected("meters", 1), "feeds_counts": counts}), "HL01")
    assert said(found) == [("meters", "withhold", "E_DC"), ("meters", "withhold", "E_IT"), ("meters", "withhold", "water")]
    assert [f.because_of for f in found] == [None, found[0].id, found[0].id]
    counts[0]["rows"] = 100
    assert said(contract(world({"feeds_rejected": rejected("meters", 1), "feeds_counts": counts}), "HL01")) == [("meters", "flag", "")]


def test_a_feed_that_serves_no_quantity_is_flagged_only(world) -> None:  # type: ignore[no-untyped-def]
    counts = [{"feed": "tariffs", "site_id": "HL01", "rows": 2}]
    assert said(contract(world({"feeds_rejected": rejected("tariffs", 2), "feeds_counts": counts}), "HL01")) == [("tariffs", "flag", "")]


def test_rows_of_no_site_are_shown_at_every_site_and_withhold_none(world) -> None:  # type: ignore[no-untyped-def]
    judged = world({"feeds_rejected": rejected("certificates", 3, site=None)})
    for site in ("HL01", "HL02"):
        found = contract(judged, site)
        assert said(found) == [("certificates (no site)", "flag", "")]
        assert numbers(found[0]) == ("CT01", 3.0, 0.0, "rows")


def test_other_codes_are_not_ct01(world) -> None:  # type: ignore[no-untyped-def]
    assert contract(world({"feeds_rejected": rejected("practices", 9, code="CT09")}), "HL01") == []


@pytest.mark.parametrize(
    ("count", "outcome"), [(0, []), (89, ["flag"]), (90, ["withhold"] * 3)]
)  # of 3 × 2,976 = 8,928 readings: 1 % is 89.28
def test_readings_that_break_their_contract(world, count: int, outcome: list[str]) -> None:  # type: ignore[no-untyped-def]
    counts = [
        {"site_id": "HL01", "rule_code": "CT01", "rows": count},
        {"site_id": "HL01", "rule_code": "CT04", "rows": 5000},  # blanks and other refusals don't count
        {"site_id": "HL01", "rule_code": "BD01", "rows": 5000},
    ]
    found = readings_contract(world({"rejected_counts": counts}), "HL01")
    assert isinstance(found, list)
    assert [f.severity for f in found] == outcome
    if outcome:
        assert numbers(found[0]) == ("CT01", count / 8928, 0.01, "1")
        assert found[0].subject == "meter_readings"


# CT03 ---------------------------------------------------------------------------------------------------------------


def test_a_key_stated_twice_is_flagged(world) -> None:  # type: ignore[no-untyped-def]
    conflicts = [{"feed": "practices", "site_id": "HL01", "key": f"HL01 A3.{n}", "entry": 2, "source_row": n} for n in (5, 6)]
    judged = world({"feeds_conflicts": conflicts})
    found = keys_unique(judged, "HL01")
    assert said(found) == [("practices", "flag", "practices")]
    assert numbers(found[0]) == ("CT03", 2.0, 0.0, "keys")
    assert found[0].rows == ((2, 5), (2, 6))
    assert keys_unique(judged, "HL02") == []


def anomaly(code: str, what: str, meter: str = "A-I", row: int = 9, **more: Any) -> dict[str, Any]:
    return {"site_id": "HL01", "meter_id": meter, "at_s": FROM_S + row, "code": code, "what": what, "entry": 5, "source_row": row, **more}


def test_instants_and_overlaps_are_flagged_by_meter(world) -> None:  # type: ignore[no-untyped-def]
    anomalies = [
        anomaly("CT03", "conflict", row=7),
        anomaly("CT03", "conflict", row=8),
        anomaly("CT03", "overlap"),
        anomaly("CT04", "glitch"),
    ]
    judged = world({"anomalies": [*anomalies, anomaly("CT03", "duplicate_entry", "A-COOL")]})
    found = instants_agree(judged, "HL01")
    assert said(found) == [("A-COOL", "flag", ""), ("A-I", "flag", "E_IT")]
    assert numbers(found[1]) == ("CT03", 3.0, 0.0, "occurrences")
    assert "2 instants with different values in one file (all rejected), 1 pair of overlapping intervals" in found[1].message_en
    assert instants_agree(judged, "HL02") == []


# CT04 ---------------------------------------------------------------------------------------------------------------


def test_glitches_are_told_not_held_against_anybody(world) -> None:  # type: ignore[no-untyped-def]
    judged = world({"anomalies": [anomaly("CT04", "glitch"), anomaly("CT04", "sentinel", row=10), anomaly("CT04", "negative", row=11)]})
    found = physical(judged, "HL01")
    assert said(found) == [("A-I", "info", "E_IT")]
    assert numbers(found[0]) == ("CT04", 3.0, 0.0, "occurrences")
    assert "1 glitch, 1 negative value, 1 sentinel value in 2026-03, first at 2026-03-01T00:00:09+08:00" in found[0].message_en
    assert physical(judged, "HL02") == []
    again = physical(world({"anomalies": [anomaly("CT04", "glitch"), anomaly("CT04", "glitch", row=10)]}), "HL01")
    assert "has 2 glitches in 2026-03" in again[0].message_en


def test_nothing_read_is_not_checked(world, rows) -> None:  # type: ignore[no-untyped-def]
    silent = [{**r, "n_landed": 0} for r in rows["meter_facts"]]
    for rule in (physical, instants_agree, plausible, falling, readings_contract):
        assert isinstance(rule(world({"meter_facts": silent}), "HL01"), NotChecked), rule


# CT05 ---------------------------------------------------------------------------------------------------------------


def test_above_the_maximum_is_flagged_with_its_worst(world) -> None:  # type: ignore[no-untyped-def]
    over = [
        anomaly("CT05", "over_capacity", seen=5000.0, limit=1200.0, unit="kW", row=3),
        anomaly("CT05", "over_inferred", seen=9000.0, limit=1200.0, unit="kW", row=4),
    ]
    judged = world({"anomalies": over})
    found = plausible(judged, "HL01")
    assert said(found) == [("A-I", "flag", "E_IT")]
    assert numbers(found[0]) == ("CT05", 9000.0, 1200.0, "kW")
    assert "1 above the known capacity, made a gap. 1 above the maximum inferred from its days, kept where" in found[0].message_en
    assert "其中 1 次超过已知容量,按缺口处理。1 次超过按各日推断的上限" in found[0].message_zh
    inferred = plausible(world({"anomalies": over[1:]}), "HL01")[0].message_en
    assert "bear it out, else a gap. Check" in inferred
    assert "known capacity" not in inferred
    assert "made gaps. Check" in plausible(world({"anomalies": [over[0], {**over[0], "source_row": 5}]}), "HL01")[0].message_en
    assert plausible(judged, "HL02") == []


@pytest.mark.parametrize(("highest", "third", "fires"), [(2800, 1000, False), (2801, 1000, True), (500, 0, False)])
def test_a_spike_of_the_day(world, rows, highest: int, third: int, fires: bool) -> None:  # type: ignore[no-untyped-def]
    peak = {"site_id": "HL01", "meter_id": "A-S", "day": "2026-03-09", "highest": highest, "third": third}
    found = plausible(world({"day_peaks": [*rows["day_peaks"], peak]}), "HL01")
    assert said(found) == ([("A-S", "flag", "E_DC")] if fires else [])
    if fires:
        assert numbers(found[0]) == ("CT05", 1.801, 1.8, "1")
        assert "2026-03-09" in found[0].message_zh


def test_a_tightened_spike_limit(world, rows) -> None:  # type: ignore[no-untyped-def]
    peak = {"site_id": "HL01", "meter_id": "A-S", "day": "2026-03-09", "highest": 2500, "third": 1000}
    tables = {"day_peaks": [peak]}
    assert plausible(world(tables), "HL01") == []
    assert said(plausible(world(tables, rules={"CT05": {"spike_flag_above": 1.4}}), "HL01")) == [("A-S", "flag", "E_DC")]


def test_without_daily_peaks_only_what_was_found_is_said(world) -> None:  # type: ignore[no-untyped-def]
    over = [anomaly("CT05", "over_capacity", seen=5000.0, limit=1200.0, unit="kW")]
    assert said(plausible(world({"anomalies": over}, without=("day_peaks",)), "HL01")) == [("A-I", "flag", "E_IT")]
    assert isinstance(plausible(world(without=("day_peaks",)), "HL01"), NotChecked)


# CT08 ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "outcome"), [(0.009, ("A-2", "flag", "E_IT")), (0.01, ("A-2", "withhold", "E_IT")), (None, ("A-2", "withhold", "E_IT"))]
)
def test_an_unexplained_fall_follows_the_share_rule(world, rows, share: float | None, outcome: tuple[str, str, str]) -> None:  # type: ignore[no-untyped-def]
    tables = {
        "anomalies": [anomaly("CT08", "falling", "A-2")],
        "counted": [*rows["counted"], {"site_id": "HL01", "side": "E_IT", "meter_id": "A-2", "sign": 1}],
        "shares": [*rows["shares"], {"site_id": "HL01", "side": "E_IT", "meter_id": "A-2", "share": share, "last_known_share": None}],
    }
    found = falling(world(tables), "HL01")
    assert said(found) == [outcome]
    assert numbers(found[0]) == ("CT08", 1.0, 0.0, "occurrences")
    assert "fell 1 time in 2026-03 without a rollover or an event" in found[0].message_en
    assert "first at 2026-03-01T00:00:09+08:00" in found[0].message_en  # an anomaly of row 9 is put 9 s after the month's start
    assert falling(world(tables), "HL02") == []


def test_a_small_fall_on_two_sides_is_flagged_once(world, rows) -> None:  # type: ignore[no-untyped-def]
    sides = [{"site_id": "HL01", "side": side, "meter_id": "A-2"} for side in ("E_DC", "E_IT")]
    tables = {
        "anomalies": [anomaly("CT08", "falling", "A-2")],
        "counted": [*rows["counted"], *({**side, "sign": 1} for side in sides)],
        "shares": [*rows["shares"], *({**side, "share": 0.001, "last_known_share": None} for side in sides)],
    }
    assert said(falling(world(tables), "HL01")) == [("A-2", "flag", "E_DC")]


def test_a_fall_on_no_side_is_flagged(world) -> None:  # type: ignore[no-untyped-def]
    assert said(falling(world({"anomalies": [anomaly("CT08", "falling", "A-COOL")]}), "HL01")) == [("A-COOL", "flag", "")]


def test_a_rollover_is_told(world) -> None:  # type: ignore[no-untyped-def]
    found = falling(world({"anomalies": [anomaly("CT08", "rollover")]}), "HL01")
    assert said(found) == [("A-I", "info", "E_IT")]
    assert numbers(found[0]) == ("CT08", 1.0, None, "occurrences")


def test_an_event_without_its_reading_is_flagged(world) -> None:  # type: ignore[no-untyped-def]
    found = falling(world({"anomalies": [anomaly("CT08", "event_incomplete"), anomaly("CT08", "rollover", row=10)]}), "HL01")
    assert said(found) == [("A-I", "flag", "E_IT")]
    assert "changed 1 time in 2026-03 without an event that states old_value and new_value" in found[0].message_en


def test_a_meter_on_two_sides_withholds_both(world, rows) -> None:  # type: ignore[no-untyped-def]
    tables = {
        "anomalies": [anomaly("CT08", "falling", "A-X")],
        "counted": [*rows["counted"], *({"site_id": "HL01", "side": side, "meter_id": "A-X", "sign": -1} for side in ("E_IT", "E_DC"))],
        "shares": [*rows["shares"], *({"site_id": "HL01", "side": side, "meter_id": "A-X", "share": -0.05} for side in ("E_IT", "E_DC"))],
    }
    found = falling(world(tables), "HL01")
    assert said(found) == [("A-X", "withhold", "E_DC"), ("A-X", "withhold", "E_IT")]
    assert found[1].because_of == found[0].id
