"""CT02: meters that can't be counted, told once, with the unit seen; and what the other rules then leave to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from checks.findings import Finding, NotChecked
from checks.rules.balance import known_together
from checks.rules.feeds import readings_contract
from checks.rules.meters import countable
from checks.rules.timeliness import completeness
from tests.unit.assets.staging.metering_world import meters_frame, stage

FROM_S = 1_772_294_400  # 2026-03-01T00:00:00+08:00


def said(findings: list[Finding] | NotChecked) -> list[tuple[str, str, str]]:
    assert isinstance(findings, list)
    return [(f.subject, f.severity, f.quantity) for f in findings]


def refused(rows: dict[str, Any], meter: str, code: str = "CT02", **row: Any) -> dict[str, Any]:
    """Tables in which staging refused a meter all month, because of what its row says."""
    facts = [{**r, "n_rejected": r["n_landed"], "metered_s": 0} if r["meter_id"] == meter else r for r in rows["meter_facts"]]
    occurrence = {"site_id": "HL01", "meter_id": meter, "at_s": FROM_S, "code": code, "what": "refused"}
    meters = [{**r, **row} if r["meter_id"] == meter else r for r in rows["meters"]]
    return {"anomalies": [occurrence], "meter_facts": facts, "meters": meters}


@pytest.mark.parametrize(
    ("row", "cause", "cause_zh", "do"),
    [
        (
            {"unit": "kVAh"},
            "its unit 'kVAh' is none of electricity (accepted: Wh, kWh, MWh, 万kWh, GJ)",
            "单位“kVAh”不是电的计量单位(可用:Wh、kWh、MWh、万kWh、GJ)",
            "correct unit, medium or kind",
        ),
        (
            {"kind": "power"},
            "its unit 'kWh' is none of power of electricity (accepted: W, kW, MW)",
            "单位“kWh”不是电功率的计量单位(可用:W、kW、MW)",
            "correct unit, medium or kind",
        ),
        (
            {"medium": "water", "unit": "kW", "kind": "power"},
            "its unit 'kW' is none of power of water (accepted: none)",
            "(可用:无)",
            "correct unit, medium or kind",
        ),
        ({"multiplier": 0.0}, "its multiplier 0 (unit kWh) is not above 0", "倍率 0(单位 kWh)不大于 0", "leave it blank for 1"),
        (
            {"kind": "interval", "interval_minutes": 15},
            "an interval meter needs interval_minutes and interval_label",
            "区间表须有 interval_minutes 与 interval_label",
            "whether their start or end labels them",
        ),
        ({"multiplier": 1e-15}, "its multiplier or its full register has more digits", "位数过多", "correct multiplier or register_digits"),
    ],
)
def test_a_counted_meter_that_cannot_be_counted_withholds_its_side(world, rows, row: Any, cause: str, cause_zh: str, do: str) -> None:  # type: ignore[no-untyped-def]
    judged = world(refused(rows, "A-I", **row))
    found = countable(judged, "HL01")
    assert said(found) == [("A-I", "withhold", "E_IT")]
    assert (found[0].code, found[0].seen, found[0].limit, found[0].unit, found[0].rows) == ("CT02", 2976.0, 0.0, "readings", ((1, 2),))
    assert found[0].message_en.startswith(f"Meter A-I can't be counted in 2026-03: {cause}")
    assert "2,976 readings rejected. E_IT is withheld. In 'meters', " in found[0].message_en
    assert found[0].message_en.endswith(f"{do}.")
    assert cause_zh in found[0].message_zh
    assert "E_IT 暂缓发布" in found[0].message_zh
    assert countable(judged, "HL02") == []


def test_one_that_counts_nowhere_is_flagged(world, rows) -> None:  # type: ignore[no-untyped-def]
    tables = {**refused(rows, "A-I", unit="kVAh"), "counted": [r for r in rows["counted"] if r["meter_id"] != "A-I"]}
    found = countable(world(tables), "HL01")
    assert said(found) == [("A-I", "flag", "")]
    assert "withheld" not in found[0].message_en


def test_a_meter_of_two_sides_withholds_both_under_one_root(world, rows) -> None:  # type: ignore[no-untyped-def]
    tables = refused(rows, "A-I", unit="kVAh")
    tables["counted"] = [*rows["counted"], {"site_id": "HL01", "side": "E_DC", "meter_id": "A-I", "sign": -1}]
    found = countable(world(tables), "HL01")
    assert said(found) == [("A-I", "withhold", "E_DC"), ("A-I", "withhold", "E_IT")]
    assert [f.because_of for f in found] == [None, found[0].id]
    assert "E_DC and E_IT are withheld" in found[0].message_en


def test_the_row_at_fault_is_named_among_several(world, rows) -> None:  # type: ignore[no-untyped-def]
    tables = refused(rows, "A-I")
    own = next(r for r in tables["meters"] if r["meter_id"] == "A-I")
    tables["meters"] = [*tables["meters"], {**own, "valid_from": "2026-03-10", "unit": "MVA", "source_row": 9}]
    assert "its unit 'MVA'" in countable(world(tables), "HL01")[0].message_en


def test_silence_of_a_refused_meter_follows_from_it(world, rows) -> None:  # type: ignore[no-untyped-def]
    tables = refused(rows, "A-I", unit="kVAh")
    known = [{**r, "known_s": 0} if r["measure"] == "E_DC@D1" else r for r in rows["energies"]]
    judged = world({**tables, "energies": known})
    root = countable(judged, "HL01")[0].id
    found = completeness(judged, "HL01")
    assert [(f.subject, f.because_of) for f in found] == [("A-I", root)]
    assert {f.because_of or f.id for f in known_together(judged, "HL01") if f.subject == "D1"} == {root}
    # a meter that is silent for another reason stands for itself
    silent = world({"meter_facts": tables["meter_facts"]})
    assert [(f.subject, f.because_of) for f in completeness(silent, "HL01")] == [("A-I", None)]


def test_refused_readings_are_no_breach_of_the_contract_of_readings(world, rows) -> None:  # type: ignore[no-untyped-def]
    tables = refused(rows, "A-I", code="CT01", kind="interval")
    counts = [{"site_id": "HL01", "rule_code": "CT01", "rows": 2976}]
    assert readings_contract(world({**tables, "rejected_counts": counts}), "HL01") == []
    counts[0]["rows"] = 2976 + 60  # of the 5,952 readings of the other meters: 1.008 %
    found = readings_contract(world({**tables, "rejected_counts": counts}), "HL01")
    assert said(found)[0] == ("meter_readings", "withhold", "E_DC")
    assert (found[0].seen, found[0].limit) == (60 / 5952, 0.01)
    assert "60 of 5,952 rows" in found[0].message_en
    # refused for a part of the month only: its rows can't be told apart, so all of them stay
    tables["meter_facts"] = [{**r, "n_rejected": 100} if r["meter_id"] == "A-I" else r for r in tables["meter_facts"]]
    counts[0]["rows"] = 100
    assert said(readings_contract(world({**tables, "rejected_counts": counts}), "HL01"))[0] == ("meter_readings", "withhold", "E_DC")


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"unit": "kVAh"}, "CT02"),
        ({"multiplier": 0.0}, "CT02"),
        ({"multiplier": 1e-15}, "CT02"),
        ({"kind": "interval"}, "CT01"),
        ({"kind": "interval", "interval_minutes": 15, "interval_label": "end"}, None),
        ({"unit": "kWh", "multiplier": 40.0}, None),
    ],
)
def test_what_staging_refuses_is_what_the_rule_tells(world, row: dict[str, Any], code: str | None) -> None:  # type: ignore[no-untyped-def]
    """From readings to the finding, both ways: the cause that the rule names is one that staging refused."""
    meters = meters_frame({"meter_id": "A-I", "site_id": "HL01", "point": "pdu_output", **row})
    staged = stage(
        [{"meter_id": "A-I", "at": f"2026-03-01T{h:02d}:00", "value": h} for h in range(24)], meters, zones={"HL01": "Asia/Shanghai"}
    )
    assert [(r["code"], r["what"]) for r in staged.anomalies.to_dicts()] == ([] if code is None else [(code, "refused")])
    judged = world()
    tables = {
        **judged.tables,
        "anomalies": staged.anomalies.to_pandas(),
        "meter_facts": staged.facts.to_pandas(),
        "meters": meters.assign(entry=1, source_row=2, check_meter_of=None),
    }
    found = countable(replace(judged, tables=tables), "HL01")
    assert said(found) == ([] if code is None else [("A-I", "withhold", "E_IT")])
    if code is not None:
        assert "24 readings rejected" in found[0].message_en
        assert ("more digits" in found[0].message_en) == (row == {"multiplier": 1e-15})
