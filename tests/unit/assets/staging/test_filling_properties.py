"""What holds for any month of estimates: nothing known changes, no estimate rests on another, seconds add up."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.staging.estimation import Place
from assets.staging.filling import GAPS, LONG, Filled, fill_month
from assets.staging.intervals import ENERGY
from assets.staging.likeday import HOURS, like_day_means
from resources.calendar import month_hours_s
from tests.unit.assets.staging.metering_world import METER, SHANGHAI

MONTH, N = "2026-03", 96  # four days: Sunday 1 to Wednesday 4 March
GRID = month_hours_s(MONTH, SHANGHAI)[:N]
METERS = [
    {**METER, "meter_id": "G"},
    {**METER, "meter_id": "A", "point": "ups_output", "parent_meter_id": "G"},
    {**METER, "meter_id": "B", "point": "cooling", "parent_meter_id": "G"},
    {**METER, "meter_id": "C", "point": "ups_output", "check_meter_of": "A"},
]
PLACE = Place(MONTH, METERS, {"S1": SHANGHAI}, {"S1": "CN"})
Cell = tuple[str, int]
World = dict[Cell, dict[str, Any]]
FEW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def worlds(draw: st.DrawFn) -> tuple[World, pl.DataFrame]:
    """Hours of the four meters: measured, profiled, estimated, or with unknown seconds and perhaps a line or an edge for them."""
    quantity = st.integers(0, 10**7)
    world: World = {}
    for meter in METERS:
        name, holes = str(meter["meter_id"]), draw(st.dictionaries(st.integers(0, N - 1), st.integers(0, 5), max_size=30))
        level = draw(quantity)
        for i, hour in enumerate(GRID):
            cell = {
                "quantity": level + i,
                "known_s": 3600,
                "estimated": 0,
                "state": "measured",
                "open_s": 0,
                "line_s": 0,
                "edge_s": 0,
                "short": 0,
            }
            match holes.get(i):
                case 0 | 1:
                    cell |= {"quantity": None, "known_s": 0, "open_s": 3600}
                case 2:
                    cell |= {"quantity": level // 2, "known_s": 1800, "open_s": 1800, "line_s": draw(st.integers(0, 1800))}
                case 3:
                    cell |= {"state": "estimated", "estimated": level + i}
                case 4:
                    cell |= {"state": "profiled"}
                case 5:
                    cell |= {
                        "quantity": None,
                        "known_s": 0,
                        "open_s": 3600,
                        "edge_s": draw(st.integers(0, 3600)),
                        "short": draw(st.integers(0, 1)),
                    }
            if cell["open_s"]:
                cell["state"] = "missing"
            world[name, hour] = cell
    before = [("A", "S1", GRID[0] - day * 86_400 + i * 3600, draw(quantity)) for day in (2, 3) for i in range(24)]
    return world, pl.DataFrame(before, schema=HOURS, orient="row")


def run(world: World, history: pl.DataFrame, long: list[tuple[str, int, int, int]] | None = None) -> Filled:
    points = {str(m["meter_id"]): m["point"] for m in METERS}
    energy = [
        (name, hour, "S1", points[name], "electricity", c["quantity"], c["known_s"], c["state"], "source" if c["estimated"] else None, 1,
         c["estimated"], MONTH)
        for (name, hour), c in world.items()
    ]  # fmt: skip
    gaps = [
        (*key, c["open_s"], 7 * c["line_s"], c["line_s"], 5 * c["edge_s"], c["edge_s"], c.get("short", 0))
        for key, c in world.items()
        if c["open_s"]
    ]
    return fill_month(
        pl.DataFrame(energy, schema=ENERGY, orient="row").sort("meter_id", "hour_s"), pl.DataFrame(gaps, schema=GAPS, orient="row"),
        pl.DataFrame(long or [], schema=LONG, orient="row"), PLACE, lambda ids: history.filter(pl.col("meter_id").is_in(list(ids))),
    )  # fmt: skip


def cells(filled: Filled) -> dict[Cell, dict[str, Any]]:
    return {(row["meter_id"], row["hour_s"]): row for row in filled.energy.iter_rows(named=True)}


@FEW
@given(worlds())
def test_only_unknown_seconds_are_filled(drawn: tuple[World, pl.DataFrame]) -> None:
    world, history = drawn
    after = cells(run(world, history))
    assert after.keys() == world.keys()
    for key, cell in world.items():
        row = after[key]
        more_s = row["known_s"] - cell["known_s"]
        assert 0 <= more_s <= cell["open_s"]
        assert (row["quantity"] or 0) - row["estimated"] == (cell["quantity"] or 0) - cell["estimated"]
        assert (row["state"] == "missing") == (more_s < cell["open_s"])
        if cell["open_s"] == 0:
            assert (row["quantity"], row["state"], row["estimated"]) == (cell["quantity"], cell["state"], cell["estimated"])
        elif more_s:
            assert row["method"]
            assert row["estimated"] >= 0
        else:
            assert row["quantity"] == cell["quantity"]


@FEW
@given(worlds(), st.integers(0, 10**9))
def test_no_estimate_rests_on_an_estimate(drawn: tuple[World, pl.DataFrame], other: int) -> None:
    world, history = drawn
    changed = {key: {**c, "quantity": other, "estimated": other} if c["state"] == "estimated" else c for key, c in world.items()}
    once, again = cells(run(world, history)), cells(run(changed, history))
    for key, cell in world.items():
        if cell["state"] != "estimated":
            assert again[key] == once[key]
    # nor on the estimates made with it: what one hole is filled with does not depend on whether another was filled before
    first = min((key for key, c in world.items() if c["open_s"]), default=None)
    if first is not None and once[first]["state"] == "estimated":
        filled = {**world[first], "quantity": 3, "known_s": 3600, "estimated": 3, "state": "estimated", "open_s": 0}
        later = cells(run({**world, first: filled}, history))
        assert all(later[key] == once[key] for key in world if key != first)


@FEW
@given(st.sets(st.integers(0, 743), max_size=60), st.sets(st.integers(0, 743), max_size=60), st.integers(1, 10**6))
def test_the_time_before_is_read_only_where_it_can_matter(holes: set[int], shaky: set[int], level: int) -> None:
    hours = month_hours_s(MONTH, SHANGHAI)
    cell = {"quantity": None, "known_s": 0, "estimated": 0, "state": "missing", "open_s": 3600, "line_s": 0, "edge_s": 0}
    world = {
        ("A", hour): cell
        if i in holes
        else {**cell, "quantity": level + i % 100, "known_s": 3600, "state": "profiled" if i in shaky else "measured", "open_s": 0}
        for i, hour in enumerate(hours)
    }
    before = [("A", "S1", hours[0] - k * 3600, 7 * k) for k in range(1, 30 * 24)]
    history = pl.DataFrame(before, schema=HOURS, orient="row")
    measured = [("A", "S1", hour, c["quantity"]) for (_, hour), c in world.items() if c["state"] == "measured"]
    wanted = pl.DataFrame(
        [("A", "S1", hours[i]) for i in holes], schema={k: HOURS[k] for k in ("meter_id", "site_id", "hour_s")}, orient="row"
    )
    whole = like_day_means(wanted, pl.concat([history, pl.DataFrame(measured, schema=HOURS, orient="row")]), PLACE.zones, PLACE.countries)
    after = cells(run(world, history))
    assert {row["hour_s"]: row["mean"] for row in whole.to_dicts()} == {hour: after["A", hour]["quantity"] for hour in wanted["hour_s"]}


def test_a_hole_late_in_the_month_asks_for_nothing_before_it() -> None:
    hours = month_hours_s(MONTH, SHANGHAI)
    known = {"quantity": 5, "known_s": 3600, "estimated": 0, "state": "measured", "open_s": 0, "line_s": 0, "edge_s": 0}
    late = {**known, "quantity": None, "known_s": 0, "state": "missing", "open_s": 3600}
    asked: list[list[str]] = []

    class Asked(pl.DataFrame):
        def filter(self, *args: Any, **kwargs: Any) -> pl.DataFrame:
            asked.append([])
            return pl.DataFrame(schema=HOURS)

    run({("A", hour): late if i == 400 else known for i, hour in enumerate(hours)}, Asked())
    assert not asked
    run({("A", hour): late if i == 30 else known for i, hour in enumerate(hours)}, Asked())
    assert len(asked) == 1


@FEW
@given(worlds(), st.integers(0, 10**9), st.integers(0, 40), st.integers(4, 50))
def test_a_shape_keeps_the_sum_of_its_stretch(drawn: tuple[World, pl.DataFrame], delta: int, start: int, count: int) -> None:
    world, history = drawn
    t0, t1 = GRID[start], GRID[start] + count * 3600
    hours = GRID[start : start + count]
    even = {hour: delta * (i + 1) // count - delta * i // count for i, hour in enumerate(hours)}
    profiled = {
        ("A", hour): {"quantity": q, "known_s": 3600, "estimated": 0, "state": "profiled", "open_s": 0, "line_s": 0, "edge_s": 0}
        for hour, q in even.items()
    }
    after = cells(run({**world, **profiled}, history, [("A", t0, t1, delta)]))
    assert sum(after["A", hour]["quantity"] for hour in hours) == delta
    assert all(after["A", hour]["quantity"] >= 0 for hour in hours)
    assert all(after["A", hour]["estimated"] == 0 and after["A", hour]["state"] == "profiled" for hour in hours)


MANY = settings(FEW, max_examples=400)


@pytest.mark.long
@MANY
@given(worlds())
def test_many_months_are_filled(drawn: tuple[World, pl.DataFrame]) -> None:
    test_only_unknown_seconds_are_filled.hypothesis.inner_test(drawn)  # type: ignore[attr-defined]


@pytest.mark.long
@MANY
@given(worlds(), st.integers(0, 10**9))
def test_in_many_months_no_estimate_rests_on_an_estimate(drawn: tuple[World, pl.DataFrame], other: int) -> None:
    test_no_estimate_rests_on_an_estimate.hypothesis.inner_test(drawn, other)  # type: ignore[attr-defined]
