"""Which rows of the judged tables a rule looks at: of the site, in force in the month, known, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from checks.findings import NotChecked
from checks.rules.view import apart, declared_none, meters_of, outside_operation, share_rule, shares_of, site_row, zone_of

FIRST, LAST = "2026-03-01", "2026-03-31"


def site(**values: Any) -> dict[str, Any]:
    return {"site_id": "HL01", "timezone": "Asia/Shanghai", "stage": "operation", "valid_from": "2024-01-01", **values}


# sites --------------------------------------------------------------------------------------------------------------


def test_the_newest_row_of_a_site_that_is_valid_by_the_end_of_the_month(world) -> None:  # type: ignore[no-untyped-def]
    rows = [site(stage=day, valid_from=day) for day in (LAST, "2026-02-28", "2026-04-01")]
    assert site_row(world({"sites": rows}), "HL01")["stage"] == LAST
    undated = [site(stage="old", valid_from=None), site(stage="new")]
    assert site_row(world({"sites": undated}), "HL01")["stage"] == "new"
    assert site_row(world({"sites": undated[:1]}), "HL01")["stage"] == "old"
    assert site_row(world({"sites": rows[2:]}), "HL01") == {}


def test_messages_are_written_in_the_zone_of_the_site(world) -> None:  # type: ignore[no-untyped-def]
    assert zone_of(world(), "HL01") == "Asia/Shanghai"
    assert zone_of(world({"sites": [site(timezone=None)]}), "HL01") == "UTC"
    assert zone_of(world(without=("sites",)), "HL01") == "UTC"


@pytest.mark.parametrize(
    ("values", "quantity", "why"),
    [
        ({}, None, None),
        ({"stage": "planning"}, None, "the site is in stage planning in 2026-03"),
        ({"stage": "construction"}, 0, "the site is in stage construction in 2026-03"),
        ({"stage": "construction"}, 1, None),  # IT takes energy: it operates, whatever its row says
        ({"commissioned_on": LAST}, None, None),
        ({"commissioned_on": "2026-04-01"}, None, "the site is commissioned on 2026-04-01, after 2026-03"),
        ({"commissioned_on": "2026-04-01"}, 1, None),
        ({"valid_from": "2026-04-01"}, 1, "'sites' has no row valid in 2026-03"),
        ({"stage": "retired"}, None, None),  # its meters still count
    ],
)
def test_a_site_operates_or_it_is_said_why_not(world, values: dict[str, Any], quantity: int | None, why: str | None) -> None:  # type: ignore[no-untyped-def]
    energies = [{"site_id": "HL01", "measure": "E_IT", "meter_id": "", "quantity": quantity},
                {"site_id": "HL01", "measure": "E_DC", "meter_id": "", "quantity": 5}]  # fmt: skip
    found = outside_operation(world({"sites": [site(**values)], "energies": energies}), "HL01")
    assert (found.reason_en if isinstance(found, NotChecked) else None) == why


def test_a_retired_site_without_counted_meters_has_no_boundary_any_more(world) -> None:  # type: ignore[no-untyped-def]
    found = outside_operation(world({"sites": [site(stage="retired")], "counted": []}), "HL01")
    assert isinstance(found, NotChecked)
    assert found.reason_en == "the site is retired and has no counted meter in 2026-03"
    built = outside_operation(world({"sites": [site(stage="planning")]}, without=("energies",)), "HL01")
    assert isinstance(built, NotChecked)  # no energies were computed: its row is believed


# meters and declarations --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spans", "in_force"),
    [
        ([(None, None)], [(None, "9999-12-31")]),
        ([(LAST, None)], [(LAST, "9999-12-31")]),
        ([("2026-04-01", None)], []),
        ([("2024-01-01", FIRST)], [("2024-01-01", FIRST)]),
        ([("2024-01-01", "2026-02-28")], []),
        # a newer row ends the one before, on the day before it begins
        ([("2024-01-01", None), ("2026-03-10", None)], [("2024-01-01", "2026-03-09"), ("2026-03-10", "9999-12-31")]),
        ([("2026-03-10", None), ("2024-01-01", None)], [("2024-01-01", "2026-03-09"), ("2026-03-10", "9999-12-31")]),
        ([("2024-01-01", "2026-03-04"), ("2026-03-10", None)], [("2024-01-01", "2026-03-04"), ("2026-03-10", "9999-12-31")]),
        ([("2024-01-01", None), (FIRST, None)], [(FIRST, "9999-12-31")]),
        ([("2024-01-01", None), ("2026-03-02", None)], [("2024-01-01", FIRST), ("2026-03-02", "9999-12-31")]),
        ([("2026-03-10", None), ("2026-03-10", "2026-03-20")], [("2026-03-10", "2026-03-20")]),  # it never was in force
        ([("2026-03-10", "2026-03-09")], []),
        ([("2026-03-10", "2026-03-10")], [("2026-03-10", "2026-03-10")]),
    ],
)
def test_rows_of_a_meter_in_force_in_the_month(world, spans: list[Any], in_force: list[Any]) -> None:  # type: ignore[no-untyped-def]
    rows = [{"site_id": "HL01", "meter_id": "A-N", "valid_from": begun, "valid_to": until} for begun, until in spans]
    assert [(row["valid_from"], row["valid_to"]) for row in meters_of(world({"meters": rows}), "HL01")] == in_force


@pytest.mark.parametrize(
    ("span", "in_force"),
    [((None, None), True), ((LAST, None), True), (("2026-04-01", None), False), ((None, FIRST), True), ((None, "2026-02-28"), False)],
)
def test_a_declaration_holds_on_some_day_of_the_month(world, span: tuple[str | None, str | None], in_force: bool) -> None:  # type: ignore[no-untyped-def]
    row = {"site_id": "HL01", "subject": "water", "statement": "none", "valid_from": span[0], "valid_to": span[1]}
    judged = world({"declarations": [row]})
    assert declared_none(judged, "HL01", "export", "water") == in_force
    assert not declared_none(judged, "HL01", "export")
    assert not declared_none(judged, "HL02", "water")
    assert not declared_none(world(without=("declarations",)), "HL01", "water")


# shares -------------------------------------------------------------------------------------------------------------


def test_a_member_carries_the_most_of_what_it_is_part_of(world) -> None:  # type: ignore[no-untyped-def]
    """A-M is metered for 0.3 itself and part of A-V, which carries 0.4, and of A-U, which carries 0.2."""
    shares = [
        {"site_id": "HL01", "side": "E_IT", "meter_id": name, "share": share} for name, share in (("A-V", -0.4), ("A-U", 0.2), ("A-M", 0.3))
    ]
    part = {"site_id": "HL01", "meter_id": "A-V", "member": "A-M"}
    known = shares_of(world({"shares": shares, "members": [part, {**part, "meter_id": "A-U"}]}), "HL01", "E_IT")
    assert known == {"A-V": 0.4, "A-U": 0.2, "A-M": 0.4}
    alone = shares_of(world({"shares": shares[:2], "members": [{**part, "meter_id": "A-U"}]}), "HL01", "E_IT")
    assert alone == {"A-V": 0.4, "A-U": 0.2, "A-M": 0.2}


def test_unknown_shares_are_material_only_where_one_is_asked_for(world) -> None:  # type: ignore[no-untyped-def]
    judged = world()
    assert share_rule(judged, {}, []) == (False, 0.0)
    assert share_rule(judged, {}, ["a"]) == (True, None)
    assert share_rule(judged, {"a": 0.02}, ["a", "b"]) == (True, 0.02)  # what is known is enough


# words --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "limit", "text"),
    [
        (2.0000000004, None, "2"),  # nine decimals are exact, what lies below is noise
        (0.900000001, 0.9, "0.900000001"),
        (0.90000001, 0.9, "0.90000001"),
        (0.95, 0.9500000004, "0.95"),  # the limit itself, but for noise
        (0.95, 0.950000001, "0.9"),
        (1.96, 2.0, "1.96"),  # 2.0 would read like the limit
        (1.94, 2.0, "1.9"),
        (2.04, 2.0, "2.04"),
        (2.04, 2.03, "2.04"),  # 2.0 would lie on the other side
        (2.02, 2.03, "2.0"),
    ],
)
def test_as_many_decimals_as_it_takes(value: float, limit: float | None, text: str) -> None:
    assert apart(value, limit) == text
