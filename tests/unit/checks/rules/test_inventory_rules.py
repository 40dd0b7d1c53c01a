"""CT17 and TL05: what a CMDB snapshot can be, how much of it is known, and how old it may be."""

from __future__ import annotations

from typing import Any

import pytest

from checks.findings import Finding, NotChecked
from checks.rules.inventory import plausible_inventory, snapshot_age


def said(findings: list[Finding] | NotChecked) -> list[tuple[str, str, str, str]]:
    assert isinstance(findings, list)
    return [(f.code, f.subject, f.severity, f.quantity) for f in findings]


def rack(**more: Any) -> dict[str, Any]:
    return {"rack_id": "R1", "site_id": "HL01", "age": 0, "u_height": 42, "rated_kw": 15.0, "entry": 2, "source_row": 7} | more


def device(name: str = "D1", **more: Any) -> dict[str, Any]:
    row = {
        "device_id": name, "site_id": "HL01", "rack_id": "R1", "age": 0, "u_size": 4.0, "rated_w": 2200.0, "psu_count": 2, "psu_w": 1600.0,
        "powered_on": True, "entry": 3, "source_row": 9,
    }  # fmt: skip
    return row | more


@pytest.mark.parametrize(
    ("devices", "found", "seen", "limit", "unit"),
    [
        ([device(u_size=42.0)], None, 0, 0, ""),
        ([device(u_size=40.0), device("D2", u_size=3.0)], "over-full racks", 43.0, 42.0, "U"),
        ([device(u_size=10.0), device("D2", u_size=40.0, parent_device_id="D1")], None, 0, 0, ""),  # a blade in its chassis
        ([device(u_size=43.0, age=1)], None, 0, 0, ""),  # of the snapshot before
        ([device(u_size=43.0, powered_on=False)], None, 0, 0, ""),
        ([device(rated_w=15_000.0, psu_w=9000.0)], None, 0, 0, ""),
        ([device(rated_w=15_001.0, psu_w=9000.0)], "devices above their rack", 15_001.0, 15_000.0, "W"),
        ([device(rated_w=3199.0)], None, 0, 0, ""),
        ([device(rated_w=3200.0)], "summed power supplies", 3200.0, 3200.0, "W"),
        ([device(rated_w=1600.0, psu_count=1)], None, 0, 0, ""),  # one supply is no sum
        ([device(psu_count=None, psu_w=None)], None, 0, 0, ""),
        ([device(rated_w=0.0)], "powered devices without power", 0.0, 0.0, "W"),
        ([device(rated_w=None)], None, 0, 0, ""),  # unknown is not zero
    ],
)
def test_what_can_be(world, devices: list[dict[str, Any]], found: str | None, seen: float, limit: float, unit: str) -> None:  # type: ignore[no-untyped-def]
    findings = plausible_inventory(world({"racks": [rack()], "devices": devices}), "HL01")
    assert said(findings) == ([("CT17", found, "flag", "inventory")] if found else [])
    if found:
        assert (findings[0].seen, findings[0].limit, findings[0].unit) == (seen, limit, unit)
        assert findings[0].rows[0] == ((2, 7) if found == "over-full racks" else (3, 9))
        assert "CMDB" in findings[0].message_zh


def test_many_of_a_kind_are_one_finding(world) -> None:  # type: ignore[no-untyped-def]
    devices = [device(f"D{n}", u_size=1.0, rated_w=3200.0 + n) for n in range(7)]
    (found,) = plausible_inventory(world({"racks": [rack(rated_kw=100.0)], "devices": devices}), "HL01")
    assert found.seen == 3206.0
    assert "7 devices of the CMDB snapshot state the sum" in found.message_en
    assert "7 台设备" in found.message_zh


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        ({"rated_known_share": 0.95, "utilisation_coverage": 0.80}, []),
        ({"rated_known_share": 0.949, "utilisation_coverage": 0.80}, [("rated power", "inventory", 0.949, 0.95)]),
        ({"rated_known_share": 1.0, "utilisation_coverage": 0.799}, [("utilisation", "utilisation", 0.799, 0.80)]),
        ({"rated_known_share": None, "utilisation_coverage": None}, []),  # nothing there to be known
    ],
)
def test_how_much_must_be_known(world, row: dict[str, Any], outcome: list[tuple[str, str, float, float]]) -> None:  # type: ignore[no-untyped-def]
    judged = world({"inventory": [{"site_id": "HL01", "status": "measured", **row}]})
    found = plausible_inventory(judged, "HL01")
    assert isinstance(found, list)
    assert [(f.subject, f.quantity, f.seen, f.limit) for f in found] == outcome
    assert all((f.code, f.severity, f.unit) == ("CT17", "withhold", "1") for f in found)


@pytest.mark.parametrize("rows_in", [[], [{"site_id": "HL01", "status": "not_reported"}]])
def test_without_a_snapshot_there_is_nothing_to_check(world, rows_in: list[dict[str, Any]]) -> None:  # type: ignore[no-untyped-def]
    assert isinstance(plausible_inventory(world({"inventory": rows_in}), "HL01"), NotChecked)


# TL05 -----------------------------------------------------------------------------------------------------------------


def day(feed: str, age: int, newest_on: str = "2026-03-26") -> dict[str, Any]:
    return {"site_id": "HL01", "feed": feed, "newest_on": newest_on, "age_days": age, "entry": 5, "source_row": 2}


@pytest.mark.parametrize(
    ("age", "severity", "limit"), [(-5, None, 0), (0, None, 0), (5, None, 0), (6, "flag", 5.0), (31, "flag", 5.0), (32, "withhold", 31.0)]
)
def test_the_age_of_a_snapshot(world, age: int, severity: str | None, limit: float) -> None:  # type: ignore[no-untyped-def]
    found = snapshot_age(world({"snapshot_days": [day("devices", age)]}), "HL01")
    assert said(found) == ([("TL05", "devices", severity, "inventory")] if severity else [])
    if severity:
        assert (found[0].seen, found[0].limit, found[0].unit, found[0].rows) == (float(age), limit, "d", ((5, 2),))
        assert ("withheld" in found[0].message_en) == (severity == "withhold")
        assert ("暂缓发布" in found[0].message_zh) == (severity == "withhold")


def test_racks_and_devices_of_one_day_are_one_finding(world) -> None:  # type: ignore[no-untyped-def]
    one_day = [day("racks", 40, "2026-02-19"), day("devices", 40, "2026-02-19")]
    assert said(snapshot_age(world({"snapshot_days": one_day}), "HL01")) == [("TL05", "devices, racks", "withhold", "inventory")]
    two_days = [day("racks", 40, "2026-02-19"), day("devices", 10, "2026-03-21")]
    assert [f[1:3] for f in said(snapshot_age(world({"snapshot_days": two_days}), "HL01"))] == [("racks", "withhold"), ("devices", "flag")]


def test_a_site_that_never_sent_any_is_not_checked(world) -> None:  # type: ignore[no-untyped-def]
    assert isinstance(snapshot_age(world({"snapshot_days": []}), "HL01"), NotChecked)
