"""TL01, TL04, TL08 and the share rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.findings import Finding, NotChecked
from checks.rules.timeliness import completeness, instants, trailing
from checks.rules.view import percent, several, share_rule, shares_of

HOUR = 3600
MONTH_H = 744
FROM_S = 1_772_294_400  # 2026-03-01T00:00:00+08:00


def facts(site: str, meter: str, hours: float, **more: object) -> dict[str, object]:
    return {"site_id": site, "meter_id": meter, "expected_s": MONTH_H * HOUR, "metered_s": int(hours * HOUR), "n_landed": 100, **more}


def it_side(rows, meters: dict[str, tuple[float, float | None, float | None]]):  # type: ignore[no-untyped-def]
    """HL01 with these IT meters: id → hours metered, share of the month, last known share."""
    keep = [r for r in rows["meter_facts"] if r["meter_id"] != "A-I"]
    return {
        "meter_facts": keep + [facts("HL01", m, hours) for m, (hours, _, _) in meters.items()],
        "counted": [r for r in rows["counted"] if r["meter_id"] != "A-I"]
        + [{"site_id": "HL01", "side": "E_IT", "meter_id": m, "sign": 1} for m in meters],
        "shares": [r for r in rows["shares"] if r["meter_id"] != "A-I"]
        + [{"site_id": "HL01", "side": "E_IT", "meter_id": m, "share": s, "last_known_share": k} for m, (_, s, k) in meters.items()],
    }


def said(findings: list[Finding] | NotChecked) -> list[tuple[str, str, str]]:
    assert isinstance(findings, list)
    return [(f.subject, f.severity, f.quantity) for f in findings]


# TL01 ---------------------------------------------------------------------------------------------------------------


def test_a_silent_it_meter_of_some_weight_withholds_its_side(world, rows) -> None:  # type: ignore[no-untyped-def]
    judged = world(it_side(rows, {"HL01-IT-06": (744, 0.959, 0.959), "HL01-IT-07": (501, 0.041, 0.05)}))
    found = completeness(judged, "HL01")
    assert said(found) == [("HL01-IT-07", "withhold", "E_IT")]
    finding = found[0]
    assert (finding.code, finding.seen, finding.limit, finding.unit) == ("TL01", 501 / 744, 0.90, "1")
    assert "Meter HL01-IT-07 metered 67.3 % of its time in 2026-03 (limit 90 %)" in finding.message_en
    assert "4.1 % of the IT side: E_IT is withheld" in finding.message_en
    assert "(243 hours)" in finding.message_en
    assert "HL01-IT-07" in finding.message_zh
    assert "67.3 %" in finding.message_zh
    assert "E_IT 暂缓发布" in finding.message_zh
    assert completeness(judged, "HL02") == []


@pytest.mark.parametrize(
    ("hours", "outcome"),
    # limits of 744 h: 95 % = 706.8 h, 90 % = 669.6 h
    [(744, None), (706.8, None), (706, "flag"), (669.6, "flag"), (669, "withhold"), (0, "withhold")],
)
def test_the_limits_of_a_meter(world, rows, hours: float, outcome: str | None) -> None:  # type: ignore[no-untyped-def]
    found = completeness(world(it_side(rows, {"I-1": (744, 0.98, None), "I-2": (hours, 0.02, None)})), "HL01")
    assert said(found) == ([] if outcome is None else [("I-2", outcome, "E_IT")])
    if outcome:
        assert found[0].limit == (0.95 if outcome == "flag" else 0.90)
        assert found[0].seen == int(hours * HOUR) / (744 * HOUR)


@pytest.mark.parametrize(
    ("share", "last", "severity"),
    [
        (0.0099, None, "flag"),
        (0.01, None, "withhold"),
        (0.0, 0.5, "flag"),  # of the month, where it is known
        (None, 0.0099, "flag"),
        (None, 0.01, "withhold"),
        (None, None, "withhold"),  # never known: not assumed to be small
        (-0.02, None, "withhold"),  # an export or excluded meter
    ],
)
def test_the_share_rule(world, rows, share: float | None, last: float | None, severity: str) -> None:  # type: ignore[no-untyped-def]
    found = completeness(world(it_side(rows, {"I-1": (744, 0.98, None), "I-2": (400, share, last)})), "HL01")
    assert said(found) == [("I-2", severity, "E_IT")]


def test_small_meters_count_together(world, rows) -> None:  # type: ignore[no-untyped-def]
    small = {f"I-{n}": (400.0, 0.004, None) for n in range(3)}  # 1.2 % together
    found = completeness(world(it_side(rows, {"I-9": (744, 0.988, None), **small})), "HL01")
    assert said(found) == [(f"I-{n}", "withhold", "E_IT") for n in range(3)]
    two = {name: small[name] for name in ("I-0", "I-1")}  # 0.8 %
    found = completeness(world(it_side(rows, {"I-9": (744, 0.992, None), **two})), "HL01")
    assert said(found) == [("I-0", "flag", "E_IT"), ("I-1", "flag", "E_IT")]


def test_a_side_below_its_weighted_limit_follows_from_its_worst_meter(world, rows) -> None:  # type: ignore[no-untyped-def]
    # 0.991·0.905 + 0.009·0 = 0.8969 < 0.90, though the meters below 90 % carry less than 1 %
    found = completeness(world(it_side(rows, {"I-1": (744 * 0.905, 0.991, None), "I-2": (0, 0.009, None)})), "HL01")
    assert said(found) == [("I-1", "flag", "E_IT"), ("I-2", "flag", "E_IT"), ("E_IT", "withhold", "E_IT")]
    assert (found[2].seen, found[2].limit) == (pytest.approx(0.991 * 0.905, abs=1e-5), 0.90)
    assert found[2].because_of == found[1].id
    assert completeness(world(it_side(rows, {"I-1": (744 * 0.909, 0.991, None), "I-2": (0, 0.009, None)})), "HL01")[-1].subject == "I-2"


def test_a_side_withheld_by_its_meters_is_said_once(world, rows) -> None:  # type: ignore[no-untyped-def]
    found = completeness(world(it_side(rows, {"I-1": (744, 0.5, None), "I-2": (558, 0.3, None), "I-3": (372, 0.2, None)})), "HL01")
    assert said(found) == [("I-2", "withhold", "E_IT"), ("I-3", "withhold", "E_IT")]
    assert [f.because_of for f in found] == [None, None]


def test_many_slightly_incomplete_meters_stay_flags(world, rows) -> None:  # type: ignore[no-untyped-def]
    found = completeness(world(it_side(rows, {f"I-{n}": (700, 0.25, None) for n in range(4)})), "HL01")  # 94.1 % each
    assert said(found) == [(f"I-{n}", "flag", "E_IT") for n in range(4)]


def test_a_meter_on_no_side_is_flagged_only(world, rows) -> None:  # type: ignore[no-untyped-def]
    found = completeness(
        world({"meter_facts": [*rows["meter_facts"], facts("HL01", "A-COOL", 10, first_at_s=FROM_S, last_at_s=FROM_S + 36000)]}), "HL01"
    )
    assert said(found) == [("A-COOL", "flag", "")]
    assert "from 2026-03-01T00:00:00+08:00 to 2026-03-01T10:00:00+08:00" in found[0].message_en


def test_a_counted_meter_without_statistics_is_wholly_silent(world, rows) -> None:  # type: ignore[no-untyped-def]
    found = completeness(world({"meter_facts": [r for r in rows["meter_facts"] if r["meter_id"] != "A-S"]}), "HL01")
    assert said(found) == [("A-S", "withhold", "E_DC")]
    assert found[0].seen == 0.0


def test_a_side_and_a_meter_on_none_exactly_at_their_limits(world, rows) -> None:  # type: ignore[no-untyped-def]
    """669.6 of 744 h are 90 %: the side is not below its limit. 706.8 h are 95 %."""
    assert said(completeness(world(it_side(rows, {"I-1": (669.6, 1.0, None)})), "HL01")) == [("I-1", "flag", "E_IT")]
    for hours, number in ((706.8, 0), (706.7, 1)):
        uncounted = world({"meter_facts": [*rows["meter_facts"], facts("HL01", "A-C", hours)]})
        assert len(said(completeness(uncounted, "HL01"))) == number


def test_meters_without_statistics_and_statistics_without_sides_are_judged(world) -> None:  # type: ignore[no-untyped-def]
    assert len(said(completeness(world({"meter_facts": []}), "HL01"))) == 3
    assert said(completeness(world({"meter_facts": [facts("HL01", "A-C", 0)], "counted": []}), "HL01")) == [("A-C", "flag", "")]
    nothing = completeness(world({"meter_facts": [{**facts("HL01", "A-C", 0), "expected_s": 0}], "counted": []}), "HL01")
    assert isinstance(nothing, NotChecked)  # it was not valid in the month


def test_without_shares_a_bad_meter_withholds(world, rows) -> None:  # type: ignore[no-untyped-def]
    tables = it_side(rows, {"I-1": (744, None, None), "I-2": (400, None, None)})
    assert said(completeness(world(tables, without=("shares",)), "HL01")) == [("I-2", "withhold", "E_IT")]


def test_a_tightened_limit_withholds_earlier(world, rows) -> None:  # type: ignore[no-untyped-def]
    tables = it_side(rows, {"I-1": (744, 0.98, None), "I-2": (716, 0.02, None)})  # 96.2 %
    assert completeness(world(tables), "HL01") == []
    found = completeness(world(tables, rules={"TL01": {"withhold_below": 0.97}}), "HL01")
    assert said(found) == [("I-2", "withhold", "E_IT")]
    assert found[0].limit == 0.97


def test_share_helper(world, rows) -> None:  # type: ignore[no-untyped-def]
    judged = world(it_side(rows, {"a": (744, 0.003, None), "b": (744, 0.007, None), "c": (744, None, None)}))
    known = shares_of(judged, "HL01", "E_IT")
    assert share_rule(judged, known, []) == (False, 0.0)
    assert share_rule(judged, known, ["a"]) == (False, 0.003)
    assert share_rule(judged, known, ["a", "b"])[0] is True  # exactly 1 %
    assert share_rule(judged, known, ["a", "c"]) == (True, None)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.673, "67.3 %"), (0.9, "90 %"), (1.0, "100 %"), (0.0, "0 %"), (0.20022, "20.0 %"), (0.89976, "90.0 %"), (0.07, "7 %")],
)
def test_a_share_has_one_decimal(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("share", "limit", "text"),
    [
        (0.20022, 0.9, "20.0 %"), (0.8997, 0.9, "89.97 %"), (0.89997, 0.9, "89.997 %"), (0.90003, 0.9, "90.003 %"), (0.9, 0.9, "90 %"),
        (0.9775, 0.9775, "97.75 %"), (0.978, 0.9775, "97.8 %"), (0.9776, 0.9775, "97.8 %"), (0.9774, 0.9775, "97.7 %"),
        (0.07001, 0.07, "7.001 %"), (1.0, 0.95, "100 %"), (0.0, 0.0, "0 %"),
    ],
)  # fmt: skip
def test_a_share_never_reads_like_its_limit(share: float, limit: float, text: str) -> None:
    assert percent(share, limit) == text


@given(st.floats(0, 1), st.integers(0, 1000))
def test_a_share_is_read_on_its_side_of_its_limit(share: float, thousandths: int) -> None:
    limit = thousandths / 1000
    if abs(share - limit) > 1e-10:
        assert (float(percent(share, limit)[:-2]) > float(percent(limit, limit)[:-2])) == (share > limit)


def test_words_for_one_and_for_several() -> None:
    assert [several(n, "glitch", "glitches") for n in (0, 1, 2)] == ["0 glitches", "1 glitch", "2 glitches"]
    assert [several(n, "row") for n in (1, 1200)] == ["1 row", "1,200 rows"]


# TL04 ---------------------------------------------------------------------------------------------------------------


def anomaly(meter: str, what: str, at: int | None, row: int, count: int = 1) -> dict[str, object]:
    """As staging tells it: once for each meter and what, with the first row and the number of rows."""
    said = {"seen": float(count), "limit": 0.0, "unit": "rows"}
    return {"site_id": "HL01", "meter_id": meter, "at_s": at, "code": "TL04", "what": what, **said, "entry": 3, "source_row": row}


def test_rejected_instants_are_flagged_by_meter(world) -> None:  # type: ignore[no-untyped-def]
    anomalies = [anomaly("A-S", "future", FROM_S, 9, 40), anomaly("A-S", "no_zone", FROM_S + HOUR, 10, 4), anomaly("A-X", "no_zone", 0, 11)]
    found = instants(world({"anomalies": anomalies}), "HL01")
    assert said(found) == [("A-S", "flag", "E_DC"), ("A-X", "flag", "")]
    assert (found[0].code, found[0].seen, found[0].limit, found[0].unit) == ("TL04", 44.0, 0.0, "readings")
    assert found[0].rows == ((3, 9), (3, 10))
    assert "A-S: 44 readings were rejected: 4 without a resolvable local time, 40 later than" in found[0].message_en
    assert "A-X: 1 reading was rejected: 1 without a resolvable local time, 0 later than" in found[1].message_en
    assert "有 44 条读数被拒:4 条本地时刻无法确定,40 条晚于入库时刻" in found[0].message_zh
    assert instants(world({"anomalies": anomalies}), "HL02") == []


def test_rejected_instants_are_told_where_nothing_else_was_landed(world, rows) -> None:  # type: ignore[no-untyped-def]
    silent = [{**row, "n_landed": 0} for row in rows["meter_facts"]]
    judged = world({"anomalies": [anomaly("A-S", "future", None, 9)], "meter_facts": silent}, without=("counted",))
    found = instants(judged, "HL01")
    assert said(found) == [("A-S", "flag", "")]
    assert "1 later than the landing (first at ?)" in found[0].message_en
    assert isinstance(instants(judged, "HL02"), NotChecked)


# TL08 ---------------------------------------------------------------------------------------------------------------


def window(
    code: str, valid: int, withheld: list[str], first: str | None, because_of: str | None = None, gaps: tuple[str, ...] = ()
) -> dict[str, object]:
    row = {"site_id": "HL01", "code": code, "valid_months": valid, "withheld_months": withheld, "unreported_months": list(gaps)}
    return {**row, "first_month_with_data": first, "because_of": because_of}


def test_a_short_history_is_interim_once_for_the_site(world) -> None:  # type: ignore[no-untyped-def]
    found = trailing(world({"window": [window("D1", 8, [], "2025-08"), window("E1", 5, [], "2025-11"), window("F1", 0, [], None)]}), "HL01")
    assert said(found) == [("history", "info", "")]
    assert (found[0].code, found[0].seen, found[0].limit, found[0].unit) == ("TL08", 5.0, 12.0, "months")
    assert "D1, E1 begin in 2025-08 (5 of 12 months)" in found[0].message_en
    assert found[0].because_of is None


@pytest.mark.parametrize(("first", "valid", "outcome"), [("2025-04", 12, []), ("2025-05", 11, [("history", "info", "")])])
def test_twelve_months_are_enough(world, first: str, valid: int, outcome: list[tuple[str, str, str]]) -> None:  # type: ignore[no-untyped-def]
    assert said(trailing(world({"window": [window("D1", valid, [], first)]}), "HL01")) == outcome


def test_a_withheld_month_names_what_withheld_it(world) -> None:  # type: ignore[no-untyped-def]
    rows = [window("D1", 11, ["2025-11"], "2025-04", "TL01-0123abcd"), window("E1", 12, [], "2025-04")]
    found = trailing(world({"window": rows}), "HL01")
    assert said(found) == [("withheld", "info", "")]
    assert (found[0].seen, found[0].limit, found[0].because_of) == (11.0, 12.0, "TL01-0123abcd")
    assert "2025-11 withheld in D1 (11 of 12 months valid)" in found[0].message_en


def test_history_begins_with_a_withheld_month(world) -> None:  # type: ignore[no-untyped-def]
    """The window's oldest month was withheld: it is there, so the history is twelve months long."""
    assert said(trailing(world({"window": [window("D1", 11, ["2025-04"], "2025-05")]}), "HL01")) == [("withheld", "info", "")]
    assert said(trailing(world({"window": [window("D1", 0, ["2026-03"], None)]}), "HL01")) == [
        ("history", "info", ""),
        ("withheld", "info", ""),
    ]


def test_the_fewest_months_and_the_first_cause_are_told(world) -> None:  # type: ignore[no-untyped-def]
    rows = [window("D2", 9, ["2025-11", "2025-10"], "2025-04"), window("D1", 10, ["2025-12"], "2025-04", "TL01-0123abcd")]
    (found,) = trailing(world({"window": rows}), "HL01")  # type: ignore[misc]
    assert (found.seen, found.because_of) == (9.0, "TL01-0123abcd")
    assert "2025-10, 2025-11, 2025-12 withheld in D1, D2 (9 of 12 months valid)" in found.message_en


def test_both_kinds_at_once(world) -> None:  # type: ignore[no-untyped-def]
    found = trailing(world({"window": [window("D1", 7, ["2025-10"], "2025-08", "BD05-0123abcd")]}), "HL01")
    assert said(found) == [("history", "info", ""), ("withheld", "info", "")]


def test_months_that_nothing_was_reported_for_are_named(world) -> None:  # type: ignore[no-untyped-def]
    """B3 was sent until September and again from December on: the value of a year rests on ten months."""
    rows = [window("B3", 10, [], "2025-04", gaps=("2025-10", "2025-11")), window("D1", 12, [], "2025-04")]
    found = trailing(world({"window": rows}), "HL01")
    assert said(found) == [("not reported", "info", "")]
    assert (found[0].code, found[0].seen, found[0].limit, found[0].unit, found[0].because_of) == ("TL08", 10.0, 12.0, "months", None)
    assert "2025-10, 2025-11 in B3 (10 of 12 months valid)" in found[0].message_en
    assert "B3 的 2025-10, 2025-11 未报告" in found[0].message_zh
    assert trailing(world({"window": [window("B3", 12, [], "2025-04")]}), "HL01") == []


def test_no_data_at_all_is_not_checked(world) -> None:  # type: ignore[no-untyped-def]
    assert isinstance(trailing(world({"window": [window("D1", 0, [], None)]}), "HL01"), NotChecked)
