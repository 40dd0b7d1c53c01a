"""BD14: every rack has a site, every powered device a rack or a reason, and no room is lost."""

from __future__ import annotations

from typing import Any

import pytest

from checks.findings import Finding, NotChecked
from checks.rules.equipment import placed_equipment


def said(findings: list[Finding] | NotChecked) -> list[tuple[str, str, str, str, float | None, float | None]]:
    assert isinstance(findings, list)
    return [(f.code, f.subject, f.severity, f.quantity, f.seen, f.limit) for f in findings]


def device(name: str, rack: str | None = None, **values: Any) -> dict[str, Any]:
    row = {"device_id": name, "site_id": "HL01", "snapshot_on": "2026-03-31", "rack_id": rack, "powered_on": True, "age": 0}
    return {**row, "entry": 4, "source_row": 6, **values}


def rack(name: str, room: str | None = "A-101", age: int = 0, **values: Any) -> dict[str, Any]:
    day = "2026-03-31" if age == 0 else "2026-02-28"
    return {"rack_id": name, "site_id": "HL01", "snapshot_on": day, "room": room, "age": age, "entry": 4, "source_row": 6, **values}


@pytest.mark.parametrize(
    ("values", "number"),
    [
        ({}, 1), ({"powered_on": None}, 1), ({"powered_on": False}, 0), ({"no_rack_reason": "on a shelf"}, 0),
        ({"parent_device_id": "A-D1"}, 0), ({"parent_device_id": "A-D9"}, 1), ({"retired_on": "2026-03-31"}, 0),
        ({"retired_on": "2026-04-01"}, 1), ({"age": 1}, 0), ({"site_id": "HL02"}, 0),
    ],
)  # fmt: skip
def test_a_powered_device_stands_in_a_rack_or_says_why_not(world, rows, values: dict[str, Any], number: int) -> None:  # type: ignore[no-untyped-def]
    found = placed_equipment(world({"devices": [*rows["devices"], device("A-D2", **values)]}), "HL01")
    assert said(found) == [("BD14", "no rack", "flag", "inventory", 1.0, 0.0)] * number
    if number:
        assert found[0].rows == ((4, 6),)
        assert "1 powered device without a rack (A-D2)" in found[0].message_en


def test_a_rack_that_the_snapshot_does_not_have(world, rows) -> None:  # type: ignore[no-untyped-def]
    lost = [*rows["devices"], device("A-D2", "A-R9"), device("A-D3", "A-R9"), device("A-D4", "A-R1")]
    found = placed_equipment(world({"devices": lost}), "HL01")
    assert said(found) == [("BD14", "unknown rack", "flag", "inventory", 2.0, 0.0)]
    assert "2 powered devices" in found[0].message_en
    no_racks = [row for row in rows["racks"] if row["site_id"] != "HL01"]  # TL05 tells of a snapshot that is missing
    assert placed_equipment(world({"devices": lost, "racks": no_racks}), "HL01") == []


def test_racks_and_devices_of_an_unknown_site_are_shown_everywhere(world, rows) -> None:  # type: ignore[no-untyped-def]
    tables = {"racks": [*rows["racks"], rack("Z-R1", site_id="HL9"), rack("Z-R2", site_id="HL9"), rack("Z-R3", site_id="HL9", age=1)],
              "devices": [*rows["devices"], device("Z-D1", "Z-R1", site_id="HL9")]}  # fmt: skip
    for site in ("HL01", "HL02"):
        assert said(placed_equipment(world(tables), site)) == [
            ("BD14", "racks of HL9", "flag", "", 2.0, 0.0),
            ("BD14", "devices of HL9", "flag", "", 1.0, 0.0),
        ]


def test_three_names_stand_for_all(world) -> None:  # type: ignore[no-untyped-def]
    names = ("D4", "D2", "D3", "D1")
    (bare,) = placed_equipment(world({"devices": [device(name) for name in names]}), "HL01")  # type: ignore[misc]
    assert "4 powered devices without a rack (D1, D2, D3 … (+1)):" in bare.message_en
    strangers = [device(name, site_id="HL9") for name in names]
    (elsewhere,) = placed_equipment(world({"devices": strangers}), "HL01")  # type: ignore[misc]
    assert "4 devices (D1, D2, D3 … (+1)) of site HL9" in elsewhere.message_en
    (elsewhere,) = placed_equipment(world({"devices": strangers[:3]}), "HL01")  # type: ignore[misc]
    assert "3 devices (D2, D3, D4) of site HL9" in elsewhere.message_en


@pytest.mark.parametrize(
    ("now", "number"),
    [
        ([], 1),
        ([rack("A-R2", "A-102")], 0),  # the room is still there
        ([rack("A-R2", "A-103")], 0),  # its racks went to another room
        ([rack("A-R3", "A-102")], 0),
        ([rack("A-R3", None)], 1),
    ],
)
def test_no_room_is_lost(world, rows, now: list[dict[str, Any]], number: int) -> None:  # type: ignore[no-untyped-def]
    found = placed_equipment(world({"racks": [*rows["racks"], rack("A-R2", "A-102", age=1), *now]}), "HL01")
    assert said(found) == [("BD14", "A-102", "flag", "inventory", 1.0, 0.0)] * number
    if number:
        assert "had 1 rack on 2026-02-28 and has none on 2026-03-31" in found[0].message_en


@pytest.mark.parametrize(("retired", "number"), [("2026-03-31", 0), ("2026-04-01", 1), (None, 1)])
def test_a_room_whose_racks_were_retired_is_not_lost(world, rows, retired: str | None, number: int) -> None:  # type: ignore[no-untyped-def]
    found = placed_equipment(world({"racks": [*rows["racks"], rack("A-R2", "A-102", age=1, retired_on=retired)]}), "HL01")
    assert len(said(found)) == number


def test_a_room_that_was_given_up_hides_no_other(world, rows) -> None:  # type: ignore[no-untyped-def]
    before = [rack("A-R2", "A-102", age=1, retired_on="2026-03-15"), rack("A-R3", "A-103", age=1), rack("A-R4", "A-103", age=1)]
    (found,) = placed_equipment(world({"racks": [*rows["racks"], *before]}), "HL01")  # type: ignore[misc]
    assert (found.subject, found.seen) == ("A-103", 2.0)
    assert "Room A-103 had 2 racks on 2026-02-28 and has none on 2026-03-31." in found.message_en


def test_without_a_snapshot_nothing_is_checked(world) -> None:  # type: ignore[no-untyped-def]
    assert isinstance(placed_equipment(world({"racks": [], "devices": []}), "HL01"), NotChecked)
    before = world({"racks": [rack("A-R2", "A-102", age=1)], "devices": []})
    assert isinstance(placed_equipment(before, "HL01"), NotChecked)
