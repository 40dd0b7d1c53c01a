"""Which meters count, and what would be counted twice."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import pandas as pd
import pytest

from assets.staging.double_counts import double_counts
from assets.staging.topology import counted, counted_at_points

MONTH = "2026-03"
FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)


def meter(meter_id: str, point: str, parent: str | None = None, **other: Any) -> dict[str, Any]:
    return {
        "meter_id": meter_id, "site_id": "S1", "medium": "electricity", "point": point, "parent_meter_id": parent, "kind": "register",
        "check_meter_of": None, "valid_from": "2025-01-01", "valid_to": None, **other,
    }  # fmt: skip


def site(category: int | None = 1, storage: str | None = "none", site_id: str = "S1") -> dict[str, Any]:
    return {"site_id": site_id, "pue_category": category, "storage": storage}


def sides(meters: list[dict[str, Any]], **of_site: Any) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for c in counted(meters, [site(**of_site)], MONTH):
        assert (c.first_day, c.last_day) == (FIRST, LAST)
        found.setdefault(c.side, {})[c.meter_id] = c.sign
    return found


def faults(meters: list[dict[str, Any]], **of_site: Any) -> list[tuple[str, str, str, str]]:
    return [(f.side, f.what, f.meter_id, f.other_id) for f in double_counts(meters, [site(**of_site)], MONTH)]


FEED = [
    meter("G", "grid_supply"),
    meter("PV", "onsite_generation", "G"),
    meter("UPS", "ups_output", "G"),
    meter("COOL", "cooling", "G"),
]


def test_a_plain_site() -> None:
    assert sides(FEED) == {"E_DC": {"G": 1, "PV": 1}, "E_IT": {"UPS": 1}}
    assert faults(FEED) == []  # a source attached to a node is no descendant of it


def test_signs_of_the_supply_side() -> None:
    points = [
        "grid_supply",
        "direct_line",
        "onsite_generation",
        "backup_generation",
        "export",
        "excluded",
        "storage_charge",
        "storage_discharge",
    ]
    meters = [meter(point, point, None if point == "grid_supply" else "grid_supply") for point in points]
    inside = {"grid_supply": 1, "direct_line": 1, "onsite_generation": 1, "backup_generation": 1, "export": -1, "excluded": -1}
    for storage in ("none", "inside", None):
        assert sides(meters, storage=storage) == {"E_DC": inside}
    assert sides(meters, storage="outside") == {"E_DC": inside | {"storage_discharge": 1, "storage_charge": -1}}
    assert faults(meters, storage="outside") == []


@pytest.mark.parametrize(("category", "point"), [(1, "ups_output"), (2, "pdu_output"), (3, "it_input"), (3.0, "it_input")])
def test_the_category_names_the_it_point(category: int, point: str) -> None:
    chain = [meter("U", "ups_output"), meter("P", "pdu_output", "U"), meter("I", "it_input", "P")]
    assert sides(chain, category=category) == {"E_IT": {{"ups_output": "U", "pdu_output": "P", "it_input": "I"}[point]: 1}}


def test_without_a_category_no_it_side() -> None:
    assert sides([meter("U", "ups_output")], category=None) == {}


def test_excluded_below_an_it_meter_is_subtracted_there_too() -> None:
    meters = [
        meter("G", "grid_supply"),
        meter("U", "ups_output", "G"),
        meter("P", "pdu_output", "U"),
        meter("X1", "excluded", "P"),  # below the IT meter, through another
        meter("X2", "excluded", "G"),
    ]
    assert sides(meters) == {"E_DC": {"G": 1, "X1": -1, "X2": -1}, "E_IT": {"U": 1, "X1": -1}}
    assert sides(meters, category=2)["E_IT"] == {"P": 1, "X1": -1}
    assert faults(meters) == []


def test_what_never_counts() -> None:
    meters = [
        meter("G", "grid_supply"),
        meter("C", "grid_supply", check_meter_of="G"),
        meter("SW", "ups_output", "G", kind="software"),
        meter("W", "water_supply", medium="water"),
        meter("R", "reclaimed_supply", medium="water"),
        meter("BAD", "grid_supply", medium="water"),  # litres are no supply of electricity
        meter("OTHER", "grid_supply", site_id="S9"),  # a site that is not there
    ]
    assert sides(meters) == {"E_DC": {"G": 1}, "water": {"W": 1}}
    points = {(c.side, c.meter_id) for c in counted_at_points(meters, [site()], MONTH)}
    assert points == {("point:grid_supply", "G"), ("point:water_supply", "W"), ("point:reclaimed_supply", "R")}


def test_a_point_counts_its_topmost_meters() -> None:
    meters = [meter("C", "cooling"), meter("C1", "cooling", "C"), meter("D", "cooling"), meter("L", "lighting", "C")]
    assert [(c.side, c.meter_id) for c in counted_at_points(meters, [site()], MONTH)] == [
        ("point:cooling", "C"), ("point:cooling", "D"), ("point:lighting", "L"),
    ]  # fmt: skip


def test_missing_values_of_pandas_are_missing() -> None:
    frame = pd.DataFrame(FEED)
    frame["check_meter_of"] = pd.array([None] * 4, dtype="string")
    frame["valid_to"] = float("nan")
    sites = pd.DataFrame([site()]).assign(pue_category=pd.array([1], dtype="Int64"))
    assert counted(frame.to_dict("records"), sites.to_dict("records"), MONTH) == counted(FEED, [site()], MONTH)  # type: ignore[arg-type]


def test_days_within_the_month() -> None:
    meters = [
        meter("OLD", "grid_supply", valid_to="2026-03-10"),
        meter("NEW", "grid_supply", valid_from="2026-03-11"),
        meter("GONE", "grid_supply", valid_to="2026-02-28"),
        meter("LATER", "grid_supply", valid_from="2026-04-01"),
        meter("MOVED", "ups_output"),
        meter("MOVED", "auxiliary", valid_from="2026-03-20"),  # the newer row ends the older one
        meter("SAME", "ups_output", "OLD"),
        meter("SAME", "ups_output", "NEW", valid_from="2026-03-11"),  # another parent, the same role
    ]
    found = [(c.side, c.meter_id, c.first_day.day, c.last_day.day) for c in counted(meters, [site()], MONTH)]
    assert found == [("E_DC", "NEW", 11, 31), ("E_DC", "OLD", 1, 10), ("E_IT", "MOVED", 1, 19), ("E_IT", "SAME", 1, 31)]
    assert faults(meters) == []


@pytest.mark.parametrize(
    ("meters", "expected"),
    [
        ([meter("A", "grid_supply"), meter("B", "grid_supply", "A")], [("E_DC", "double", "B", "A")]),
        ([meter("A", "direct_line"), meter("B", "grid_supply", "A")], [("E_DC", "double", "B", "A")]),
        ([meter("A", "onsite_generation"), meter("B", "onsite_generation", "A")], [("E_DC", "double", "B", "A")]),
        ([meter("A", "excluded"), meter("B", "excluded", "A")], [("E_DC", "double", "B", "A")]),
        ([meter("A", "ups_output"), meter("B", "ups_output", "A")], [("E_IT", "double", "B", "A")]),
        # through a meter that does not count
        ([meter("A", "ups_output"), meter("P", "distribution", "A"), meter("B", "ups_output", "P")], [("E_IT", "double", "B", "A")]),
        ([meter("A", "water_supply", medium="water"), meter("B", "water_supply", "A", medium="water")], [("water", "double", "B", "A")]),
        # no fault: other points, sources, subtractions, check meters, other media, other sites
        ([meter("A", "ups_output"), meter("B", "pdu_output", "A"), meter("C", "it_input", "B")], []),
        ([meter("A", "grid_supply"), meter("B", "direct_line", "A"), meter("C", "backup_generation", "A")], []),
        ([meter("A", "onsite_generation"), meter("B", "export", "A")], []),
        ([meter("A", "grid_supply"), meter("B", "excluded", "A"), meter("C", "export", "A")], []),
        ([meter("A", "grid_supply"), meter("B", "grid_supply", "A", check_meter_of="A")], []),
        ([meter("A", "grid_supply"), meter("B", "grid_supply", "A", site_id="S9")], []),
        ([meter("A", "grid_supply"), meter("B", "grid_supply", "NOWHERE")], []),
        # behind a source lies another forest: what it feeds is not below the node it is attached to
        ([meter("A", "grid_supply"), meter("B", "onsite_generation", "A"), meter("C", "grid_supply", "B")], []),
    ],
)
def test_counted_twice(meters: list[dict[str, Any]], expected: list[tuple[str, str, str, str]]) -> None:
    assert faults(meters) == expected


def test_excluded_twice_below_an_it_meter_is_a_fault_of_both_sides() -> None:
    meters = [meter("U", "ups_output"), meter("X", "excluded", "U"), meter("Y", "excluded", "X")]
    assert faults(meters) == [("E_DC", "double", "Y", "X"), ("E_IT", "double", "Y", "X")]


def test_cycles() -> None:
    assert faults([meter("A", "ups_output", "B"), meter("B", "distribution", "A")]) == [("E_IT", "cycle", "A", "A, B")]
    assert faults([meter("A", "ups_output", "A")]) == [("E_IT", "cycle", "A", "A")]
    # nothing counted is concerned; what hangs below a cycle is
    ring = [meter("A", "lighting", "B"), meter("B", "lighting", "A")]
    assert faults(ring) == [("", "cycle", "A", "A, B")]
    assert faults([*ring, meter("U", "ups_output", "B")]) == [("E_IT", "cycle", "A", "A, B")]
    # a source does not hide it
    assert faults([meter("A", "grid_supply", "B"), meter("B", "onsite_generation", "A")]) == [("E_DC", "cycle", "A", "A, B")]


def test_a_cycle_leaves_the_meters_counted() -> None:
    assert sides([meter("A", "ups_output", "B"), meter("B", "ups_output", "A")]) == {"E_IT": {"A": 1, "B": 1}}


def test_one_parent_at_a_time() -> None:
    parents = [meter("A", "grid_supply"), meter("B", "grid_supply")]
    assert faults([*parents, meter("U", "ups_output", "A;B")]) == [("E_IT", "parents", "U", "A, B")]
    both = [meter("U", "ups_output", "A", valid_to="2026-12-31"), meter("U", "ups_output", "B", valid_from="2026-03-05")]
    assert faults([*parents, *both]) == [("E_IT", "parents", "U", "A, B")]
    assert double_counts([*parents, *both], [site()], MONTH)[0].first_day == date(2026, 3, 5)
    # one after the other is no fault, whether the first row names its end or is ended by the second
    for valid_to in ("2026-03-04", None):
        after = [meter("U", "ups_output", "A", valid_to=valid_to), meter("U", "ups_output", "B", valid_from="2026-03-05")]
        assert faults([*parents, *after]) == []


def test_order_of_rows_does_not_matter() -> None:
    meters = [*FEED, meter("X", "excluded", "UPS"), meter("G2", "grid_supply", "G"), meter("UPS", "lighting", "G", valid_from="2026-03-09")]
    expected = counted(meters, [site()], MONTH), counted_at_points(meters, [site()], MONTH), double_counts(meters, [site()], MONTH)
    for seed in range(5):
        random.Random(seed).shuffle(meters)
        assert (
            counted(meters, [site()], MONTH),
            counted_at_points(meters, [site()], MONTH),
            double_counts(meters, [site()], MONTH),
        ) == expected
