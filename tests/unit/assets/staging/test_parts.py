"""Definitions of virtual and shared meters: what they are made of day by day, what is refused, and what they count for."""

from __future__ import annotations

import random
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from assets.staging.double_counts import double_counts
from assets.staging.parts import Composition, composition, members_at_sites, registry_rows, rows_at_sites
from assets.staging.topology import counted, counted_at_points

MONTH = "2026-03"


def meter(meter_id: str, point: str = "distribution", site_id: str = "S1", **other: Any) -> dict[str, Any]:
    return {
        "meter_id": meter_id, "site_id": site_id, "medium": "electricity", "point": point, "parent_meter_id": None, "kind": "register",
        "check_meter_of": None, "valid_from": "2025-01-01", "valid_to": None, **other,
    }  # fmt: skip


def part(meter_id: str, member: str, factor: float = 1, valid_from: str = "2024-01-01", valid_to: str | None = None) -> dict[str, Any]:
    return {"meter_id": meter_id, "member": member, "factor": factor, "valid_from": valid_from, "valid_to": valid_to}


def site(site_id: str = "S1", category: int = 1) -> dict[str, Any]:
    return {"site_id": site_id, "pue_category": category, "storage": "none"}


def compose(parts: list[dict[str, Any]], meters: list[dict[str, Any]]) -> Composition:
    return composition(parts, meters, ["S1", "S2", "S3"], MONTH)


def leaves(of: Composition, name: str) -> list[Any]:
    return [d.leaves for d in of.definitions if d.meter_id == name]


def faults(parts: list[dict[str, Any]], meters: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(f.what, f.meter_id, f.other_id) for f in compose(parts, meters).faults]


THREE = [meter("V"), meter("A"), meter("B")]


def test_a_signed_sum() -> None:
    of = compose([part("V", "A"), part("V", "B", -1)], THREE)
    (definition,) = of.definitions
    assert (definition.first, definition.last) == (date(2026, 3, 1), date(2026, 3, 31))
    assert definition.leaves == (("A", 1), ("B", -1))
    assert (of.virtual, of.shared, of.faults) == (frozenset({"V"}), frozenset(), ())


def test_nested_signs_multiply_and_repeated_meters_add() -> None:
    """W = V − B with V = A − B is A − 2B; U = W + B + B is A, and still needs B to be known."""
    parts = [part("V", "A"), part("V", "B", -1), part("W", "V"), part("W", "B", -1), part("U", "W"), part("U", "B"), part("U", "X")]
    of = compose([*parts, part("X", "B")], [*THREE, meter("W"), meter("U"), meter("X")])
    assert leaves(of, "W") == [(("A", 1), ("B", -2))]
    assert leaves(of, "U") == [(("A", 1), ("B", 0))]


def test_no_parts_no_composition() -> None:
    assert compose([], THREE) == Composition(MONTH)


def test_members_are_dated() -> None:
    """B leaves on the 10th, C comes on the 20th: three stretches; a later row of the same member takes the place of the earlier."""
    parts = [part("V", "A"), part("V", "B", valid_to="2026-03-10"), part("V", "C", -1, "2026-03-20"), part("V", "A", -1, "2026-03-20")]
    of = compose(parts, [*THREE, meter("C")])
    assert [(d.first.day, d.last.day, d.leaves) for d in of.definitions] == [
        (1, 10, (("A", 1), ("B", 1))),
        (11, 19, (("A", 1),)),
        (20, 31, (("A", -1), ("C", -1))),
    ]


def test_a_virtual_meter_without_members_on_some_days_is_refused_there() -> None:
    of = compose([part("V", "A", valid_from="2026-03-11")], THREE)
    assert [(d.first.day, d.leaves, d.refused) for d in of.definitions] == [(1, None, "no_members"), (11, (("A", 1),), "")]
    assert [(f.what, f.first_day.day) for f in of.faults] == [("no_members", 1)]
    # In a month without any members it is an ordinary meter, unless it says that it is virtual.
    assert compose([part("V", "A", valid_from="2026-04-01")], THREE).virtual == frozenset()
    assert faults([], [meter("V", kind="virtual")]) == [("no_members", "V", "")]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([part("V", "V")], [("parts_cycle", "V", "V")]),
        ([part("V", "A"), part("A", "V")], [("parts_cycle", "A", "A, V"), ("parts_cycle", "V", "A, V")]),
        ([part("V", "A"), part("V", "NONE")], [("unknown_member", "V", "NONE")]),
        ([part("V", "NONE", -1)], [("unknown_member", "V", "NONE")]),
        ([part("V", "A", 0.5)], [("factor", "V", "A")]),
        ([part("V", "A", 0)], [("factor", "V", "A")]),
        ([part("V", "WATER")], [("medium", "V", "WATER")]),
        ([part("V", "SOFT")], [("software", "V", "SOFT")]),
        ([part("V", "GONE")], [("unknown_member", "V", "GONE")]),
        ([part("A", "S1", 0.6), part("A", "S2", 0.5)], [("shares", "A", "1.1")]),
        ([part("A", "S1", -0.1), part("A", "S2", 0.5)], [("shares", "A", "0.4")]),
        ([part("A", "S1", 0.6), part("A", "S9", 0.4)], [("unknown_member", "A", "S9")]),
        ([part("NOT", "A")], [("unregistered", "NOT", "")]),
        ([part("V", "A"), part("V", "B", -1), part("A", "S1", 0.6), part("A", "S2", 0.4)], []),
    ],
)
def test_bad_definitions_are_refused_by_name(parts: list[dict[str, Any]], expected: list[tuple[str, str, str]]) -> None:
    others = [meter("WATER", medium="water"), meter("SOFT", kind="software"), meter("GONE", valid_to="2026-02-28")]
    meters = [*THREE, *others]
    assert faults(parts, meters) == expected
    for what, name, _ in expected:
        if what != "unregistered":
            assert {d.leaves for d in compose(parts, meters).definitions if d.meter_id == name} == {None}


def test_what_is_made_of_a_refused_meter_is_unknown_too_and_its_member_is_named() -> None:
    of = compose([part("V", "W"), part("V", "A"), part("W", "NONE", 1)], [*THREE, meter("W")])
    assert leaves(of, "V") == [None]
    assert [(f.what, f.meter_id) for f in of.faults] == [("unknown_member", "W")]
    assert members_at_sites(of) == [("S1", "V", "A", 0.0), ("S1", "V", "W", 0.0), ("S1", "W", "NONE", 0.0)]


def test_a_bad_share_for_a_site_leaves_the_meter_one_with_readings() -> None:
    assert compose([part("A", "S9", 0.4)], THREE).virtual == frozenset()
    assert compose([part("A", "S9", 1)], THREE).virtual == {"A"}  # what it is can't be told: a name that is nothing, with ±1


def test_shares_are_dated_and_exact() -> None:
    """0.1 + 0.2 + 0.7 is 1 and not a little more; outside the days of its shares the meter belongs to its own site."""
    dates = {"valid_from": "2026-03-11", "valid_to": "2026-03-20"}
    of = compose([part("A", "S1", 0.1, **dates), part("A", "S2", 0.2, **dates), part("A", "S3", 0.7, **dates)], THREE)
    assert of.faults == ()
    assert [(d.first.day, len(d.shares), d.rest) for d in of.definitions] == [(1, 0, 1), (11, 3, 0), (21, 0, 1)]
    assert of.definitions[1].shares[0] == ("S1", Fraction(1, 10))


# What counts ------------------------------------------------------------------------------------------------------------


def test_a_shared_meter_counts_at_each_site_on_its_days() -> None:
    meters = [meter("X", "grid_supply")]
    parts = [part("X", "S1", 0.5), part("X", "S2", 0.3, "2026-03-16"), part("X", "S3", 0)]
    rows = registry_rows(meters, compose(parts, meters))
    found = [(c.site_id, c.side, c.first_day.day, c.last_day.day) for c in counted(rows, [site(s) for s in ("S1", "S2", "S3")], MONTH)]
    assert found == [("S1", "E_DC", 1, 31), ("S2", "E_DC", 16, 31)]
    points = {(c.site_id, c.side) for c in counted_at_points(rows, [site("S1"), site("S2")], MONTH)}
    assert points == {("S1", "point:grid_supply"), ("S2", "point:grid_supply")}
    judged = [(r["site_id"], r["valid_from"], r["valid_to"]) for r in rows_at_sites(rows)]
    assert judged == [("S1", "2025-01-01", "2026-03-15"), ("S1", "2026-03-16", None), ("S2", "2026-03-16", None)]


def test_a_virtual_meter_counts_at_its_point_like_any_meter() -> None:
    meters = [meter("V", "grid_supply", kind="virtual"), meter("A"), meter("B")]
    rows = registry_rows(meters, compose([part("V", "A"), part("V", "B", -1)], meters))
    assert [(c.side, c.meter_id) for c in counted(rows, [site()], MONTH)] == [("E_DC", "V")]
    assert double_counts(rows, [site()], MONTH) == []


def twice(parts: list[dict[str, Any]], meters: list[dict[str, Any]], category: int = 1) -> list[tuple[str, str, str, str]]:
    rows = registry_rows(meters, compose(parts, meters))
    found = [(f.side, f.what, f.meter_id, f.other_id) for f in double_counts(rows, [site(category=category)], MONTH)]
    shuffled = list(rows)
    random.Random(7).shuffle(shuffled)
    assert found == [(f.side, f.what, f.meter_id, f.other_id) for f in double_counts(shuffled, [site(category=category)], MONTH)]
    return found


def test_a_member_that_counts_with_the_same_sign_is_counted_twice() -> None:
    grid = [meter("V", "grid_supply"), meter("G1", "grid_supply"), meter("G2")]
    assert twice([part("V", "G1"), part("V", "G2")], grid) == [("E_DC", "member_counted", "V", "G1")]
    # Subtracted by the virtual meter and excluded by its own point: taken off twice, which would flatter the PUE.
    less = [meter("V", "grid_supply"), meter("G1"), meter("T", "excluded")]
    assert twice([part("V", "G1"), part("V", "T", -1)], less) == [("E_DC", "member_counted", "V", "T")]
    # Counted and taken off again: once in all.
    net = [meter("V", "grid_supply"), meter("G1"), meter("T", "grid_supply")]
    assert twice([part("V", "G1"), part("V", "T", -1)], net) == []
    # Counted on another side.
    assert twice([part("V", "U"), part("V", "C")], [meter("V", "grid_supply"), meter("U", "ups_output"), meter("C")]) == []


def test_two_virtual_meters_share_a_member() -> None:
    meters = [meter("V", "ups_output"), meter("W", "ups_output"), *(meter(name) for name in "ABC")]
    parts = [part("V", "A"), part("V", "B"), part("W", "B"), part("W", "C")]
    assert twice(parts, meters) == [("E_IT", "member_counted", "V", "B, W"), ("E_IT", "member_counted", "W", "B, V")]
    assert twice([part("V", "A"), part("V", "B", -1), part("W", "B"), part("W", "C")], meters) == []


def test_a_member_below_a_counted_meter_is_counted_twice() -> None:
    meters = [meter("G", "grid_supply"), meter("V", "grid_supply"), meter("A", parent_meter_id="G"), meter("B")]
    assert twice([part("V", "A"), part("V", "B")], meters) == [("E_DC", "double", "V", "G")]
    # The other way round: a counted meter below a member.
    below = [meter("V", "grid_supply"), meter("A"), meter("B"), meter("N", "grid_supply", parent_meter_id="A")]
    assert twice([part("V", "A"), part("V", "B")], below) == [("E_DC", "double", "N", "V")]
    # Net of what is taken off on the way: V = A − N, and N counted.
    assert twice([part("V", "A"), part("V", "N", -1)], below) == []


def test_the_total_of_its_children_is_no_parent_that_counts_twice() -> None:
    """V is stated as the parent of the meters it is made of: said once, as members."""
    meters = [meter("V", "ups_output"), *(meter(name, "ups_output", parent_meter_id="V") for name in "AB")]
    assert twice([part("V", "A"), part("V", "B")], meters) == [("E_IT", "member_counted", "V", "A"), ("E_IT", "member_counted", "V", "B")]
