"""The balance of the nodes of the metering forest: the vector of metering.md §7, sources on either side, hours known on all sides."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.staging.balance import SCHEMA, energy_balance, nodes_of
from checks.contracts.registry import STAGED
from resources.calendar import month_hours_s
from tests.unit.assets.staging.test_energies import HOURS, MONTH, UNKNOWN, ZONE, N, frame, hours_of, meter

ZONES = {"S1": ZONE}


def run(energy: pl.DataFrame, meters: list[dict[str, Any]]) -> pl.DataFrame:
    found = energy_balance(energy, meters, MONTH, ZONES)
    assert found.schema == SCHEMA
    STAGED["energy_balance"].schema.validate(found)
    known = found.filter(pl.col("known_s") > 0)
    assert (known["inflow"] - known["outflow"] == known["residual"]).all()
    return found


def row(found: pl.DataFrame, node_id: str) -> tuple[Any, ...]:
    return found.filter(pl.col("node_id") == node_id).select("inflow", "outflow", "residual", "known_s").row(0)


GRID = [meter("G", "grid_supply"), meter("PV", "onsite_generation", "G"), meter("U", "ups_output", "G"), meter("C", "cooling", "G")]


def test_grid_and_solar_feed_it_and_cooling() -> None:
    found = run(frame(hours_of("G", 95), hours_of("PV", 5), hours_of("U", 80), hours_of("C", 20)), GRID)
    assert found["node_id"].to_list() == ["G"]
    assert row(found, "G") == (100 * N, 100 * N, 0, N * 3600)
    assert found["month"].to_list() == [MONTH]


def test_export_and_charging_flow_out_and_discharge_flows_in() -> None:
    meters = [*GRID, meter("X", "export", "G"), meter("SC", "storage_charge", "G"), meter("SD", "storage_discharge", "G")]
    energy = frame(*(hours_of(name, q) for name, q in [("G", 95), ("PV", 20), ("U", 80), ("C", 20), ("X", 10), ("SC", 8), ("SD", 3)]))
    assert row(run(energy, meters), "G") == (118 * N, 118 * N, 0, N * 3600)


def test_every_node_has_its_own_losses() -> None:
    chain = [meter("G", "grid_supply"), meter("U", "ups_output", "G"), meter("P", "pdu_output", "U"), meter("I", "it_input", "P")]
    found = run(frame(*(hours_of(name, q) for name, q in [("G", 1200), ("U", 1000), ("P", 970), ("I", 960)])), chain)
    assert [(r["node_id"], r["residual"] // N) for r in found.to_dicts()] == [("G", 200), ("P", 10), ("U", 30)]


def test_only_hours_that_are_metered_on_all_sides() -> None:
    energy = frame(
        hours_of("G", 95, {1: UNKNOWN}), hours_of("PV", 5, {2: (5, 3600, 5)}), hours_of("U", 80, {3: (40, 1800, 0)}), hours_of("C", 20)
    ).with_columns(state=pl.when(pl.col("estimated") > 0).then(pl.lit("estimated")).otherwise(pl.col("state")))
    assert row(run(energy, GRID), "G") == (100 * (N - 3), 100 * (N - 3), 0, (N - 3) * 3600)


def test_an_estimate_of_nothing_is_still_no_proof() -> None:
    energy = frame(hours_of("G", 80), hours_of("U", 80, {4: (0, 3600, 0)})).with_columns(
        state=pl.when(pl.col("quantity") == 0).then(pl.lit("estimated")).otherwise(pl.col("state"))
    )
    assert row(run(energy, GRID[:1] + GRID[2:3]), "G") == (80 * (N - 1), 80 * (N - 1), 0, (N - 1) * 3600)


def test_unknown_is_not_balanced() -> None:
    found = run(frame(hours_of("G", 95)), GRID)
    assert row(found, "G") == (None, None, None, 0)
    assert found["class_error"].to_list() == [None]


def test_check_meters_and_software_are_no_members() -> None:
    meters = [*GRID, meter("K", "cooling", "G", check_meter_of="C"), meter("SW", "it_input", "U", kind="software")]
    found = run(frame(hours_of("G", 95), hours_of("PV", 5), hours_of("U", 80), hours_of("C", 20), hours_of("K", 20)), meters)
    assert found["node_id"].to_list() == ["G"]
    assert row(found, "G")[2] == 0
    assert [node.closed for node in nodes_of([*GRID, meter("SW", "it_input", "G", kind="software")], MONTH)] == [False]


def test_a_virtual_meter_of_loads_below_the_node_is_no_load_of_it() -> None:
    virtual = meter("V", "cooling", "G", kind="virtual", leaves=("C",))
    energy = frame(hours_of("G", 95), hours_of("PV", 5), hours_of("U", 80), hours_of("C", 20), hours_of("V", 20))
    assert row(run(energy, [*GRID, virtual]), "G")[2] == 0
    elsewhere = [*GRID[:3], {**GRID[3], "parent_meter_id": None}, virtual]
    assert row(run(energy, elsewhere), "G")[2] == 0


def test_the_members_of_a_node_change_within_the_month() -> None:
    meters = [
        meter("G", "grid_supply"),
        meter("A", "cooling", "G", valid_to="2026-02-10"),
        meter("B", "cooling", "G", valid_from="2026-02-11"),
    ]
    energy = frame(hours_of("G", 10), hours_of("A", 6, span=range(240)), hours_of("B", 7, span=range(240, N)))
    assert row(run(energy, meters), "G") == (10 * N, 6 * 240 + 7 * 432, 4 * 240 + 3 * 432, N * 3600)


def test_the_error_of_the_classes() -> None:
    # 100 of class 0.5, 80 of class 1, 20 of an unknown class: √((0.005 · 100)² + (0.01 · 80)²) in the hour
    classed = [{**m, "accuracy_class": c} for m, c in zip(GRID[:1] + GRID[2:], ("0.5S", "1", None), strict=True)]
    energy = frame(hours_of("G", 0, {0: (100, 3600, 0)}), hours_of("U", 0, {0: (80, 3600, 0)}), hours_of("C", 0, {0: (20, 3600, 0)}))
    assert run(energy, classed)["class_error"].item() == pytest.approx(math.hypot(0.5, 0.8))


def test_a_shared_meter_flows_whole() -> None:
    rows = [(site, "C", hour, 10, 3600, "measured", None, 0) for hour in HOURS for site in ("S1", "S2")]
    assert row(run(frame(hours_of("G", 95), hours_of("PV", 5), hours_of("U", 80), rows), GRID), "G")[2] == 0


def test_water_has_its_own_nodes_and_sites_do_not_mix() -> None:
    meters = [
        meter("W", "water_supply", medium="water"), meter("T", "water_discharge", "W", medium="water"), meter("U", "ups_output", "W"),
        meter("Z", "grid_supply", site_id="S9"), meter("Y", "cooling", "Z", site_id="S9"),
    ]  # fmt: skip
    found = run(frame(hours_of("W", 9), hours_of("T", 4), hours_of("U", 1)), meters)
    assert found.select("site_id", "node_id", "residual").rows() == [("S1", "W", 5 * N)]


quantities = st.lists(st.one_of(st.none(), st.integers(0, 10**6)), min_size=6, max_size=6)


@settings(max_examples=15, deadline=None)
@given(st.fixed_dictionaries({m["meter_id"]: quantities for m in GRID}), st.randoms(use_true_random=False))
def test_a_balance_is_the_sum_of_its_common_hours(found: dict[str, list[int | None]], random: Any) -> None:
    rows = [
        [("S1", name, hour, q, 3600 if q is not None else 0, "measured" if q is not None else "missing", None, 0)]
        for name, qs in found.items()
        for hour, q in zip(month_hours_s(MONTH, ZONE), qs, strict=False)
    ]
    random.shuffle(rows)
    common = [i for i in range(6) if all(qs[i] is not None for qs in found.values())]
    total = {name: sum(qs[i] or 0 for i in common) for name, qs in found.items()}
    expected = (total["G"] + total["PV"], total["U"] + total["C"]) if common else (None, None)
    assert row(run(frame(*rows), GRID), "G")[:2] == expected
