"""Column lineage by experiment: one column of the input is changed, the month is computed again, and what changed must declare that column.

Rows are compared by key, since lineage does not say which rows there are; ``entry`` and ``source_row`` name a row and have no value. What a
column need not declare is tried as well: a change that must show shows where it is declared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

from assets.compute import Compute
from assets.indicators.accounts_step import measure_accounts
from assets.raw.landing import land
from assets.raw.step import raw
from assets.staging.boundary_step import stage_boundary
from assets.staging.step import stage_claims, stage_energies, stage_intervals, stage_inventory
from checks.contracts.lineage import contracts, sources_among
from pipelines.documents import note_documents
from resources.home import Home
from tests.pipeline.hand_made import make_home, write_csv

MONTH = "2026-01"
STEPS = (stage_intervals, stage_energies, stage_inventory, stage_claims, stage_boundary)
TABLES = [
    "staging/interval_energy", "staging/meter_facts", "staging/energies", "staging/energy_balance", "staging/inventory",
    "staging/hourly_supply",
    "staging/boundary", "staging/coverage", "staging/reported",
]  # fmt: skip
Frames = dict[str, pl.DataFrame]


class World:
    """A home that is landed once, and its month computed from feeds that a test may change."""

    def __init__(self, home: Home) -> None:
        self.home, self.as_of = home, home.ledger.head()[0]
        self.feeds = Compute(home, MONTH, self.as_of).feeds
        self.before = self.computed()

    def computed(self, feed: str = "", column: str = "", change: Callable[[Any], Any] | None = None) -> Frames:
        compute, feeds = Compute(self.home, MONTH, self.as_of), self.feeds
        if change is not None:
            frame = feeds[feed].copy()
            frame[column] = pd.Series([change(value) for value in frame[column]], index=frame.index, dtype=frame[column].dtype)
            feeds = replace(feeds, tables={**feeds.tables, feed: frame})
        vars(compute)["feeds"] = feeds  # what the cached property would hold
        for step in (raw, *STEPS, measure_accounts):
            step(compute)
        return {table: compute.read(table) for table in [*TABLES, "indicators/ghg_inventory", "indicators/energy_cost"]}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """One site: hourly readings of supply and IT, racks and devices, fuel, a tariff."""
    home = make_home(tmp_path_factory.mktemp("columns") / "home")
    landing = home.landing
    write_csv(
        landing / "racks" / "racks.csv", ("rack_id", "site_id", "snapshot_on", "u_height", "rated_kw", "fitted_on", "ai_rack"),
        [("R1", "S1", "2026-01-31", "42", "5", "2025-01-01", "false"), ("R2", "S1", "2026-01-31", "42", "8", "2025-01-01", "false")],
    )  # fmt: skip
    write_csv(
        landing / "devices" / "devices.csv",
        ("device_id", "site_id", "snapshot_on", "rack_id", "kind", "u_size", "rated_w", "powered_on", "fp32_tflops", "storage_tb"),
        [("D1", "S1", "2026-01-31", "R1", "server", "38", "800", "true", "10", "4"),
         ("D2", "S1", "2026-01-31", "R2", "gpu_server", "4", "3000", "true", "60", "8")],
    )  # fmt: skip
    write_csv(
        landing / "activities" / "activities.csv", ("site_id", "month", "activity", "quantity", "unit", "density_kg_per_l"),
        [("S1", MONTH, "diesel", "1000", "L", "0.84")],
    )  # fmt: skip
    write_csv(
        landing / "tariffs" / "tariffs.csv", ("site_id", "valid_from", "price_per_kwh", "currency"), [("S1", "2025-01-01", "0.6", "CNY")]
    )
    land(home)
    note_documents(home)
    return World(home)


def differing(before: Frames, after: Frames) -> set[tuple[str, str]]:
    """Tables and columns that differ in a row that is in both."""
    found = set()
    for table, one in before.items():
        key = list(contracts()[table].key)
        joined = one.join(after[table], on=key, suffix=" after", nulls_equal=True)
        values = [name for name in one.columns if name not in (*key, "entry", "source_row")]
        found |= {(table, name) for name in values if not joined[name].equals(joined[f"{name} after"])}
    return found


QUICK = [
    ("meters", "multiplier", lambda _: 2.0, {("staging/interval_energy", "quantity"), ("staging/energies", "quantity"),
                                             ("indicators/ghg_inventory", "emissions_kg"), ("indicators/energy_cost", "amount_e4")}),
    ("devices", "storage_tb", lambda value: value + 1, {("staging/inventory", "storage_tb")}),
    ("activities", "density_kg_per_l", lambda _: 0.8, {("indicators/ghg_inventory", "density_kg_per_l")}),
]  # fmt: skip
LONG = [
    ("meters", "kind", lambda _: "interval", {("staging/interval_energy", "quantity"), ("staging/meter_facts", "kind")}),
    ("meters", "accuracy_class", lambda _: "2", {("staging/energy_balance", "class_error"), ("staging/boundary", "attributes")}),
    ("meters", "valid_to", lambda _: "2026-01-20", {("staging/meter_facts", "expected_s"), ("staging/energies", "quantity")}),
    ("meters", "project_code", lambda _: "CN-HE-S-000000001", {("staging/boundary", "attributes")}),
    ("sites", "timezone", lambda _: "Asia/Tokyo", {("staging/meter_facts", "last_at_s")}),
    ("sites", "pue_category", lambda _: 3, {("staging/boundary", "attributes")}),
    ("sites", "name", lambda _: "Another", set()),
    ("racks", "rated_kw", lambda value: value * 2, {("staging/inventory", "racks_rated_w")}),
    ("devices", "powered_on", lambda _: False, {("staging/inventory", "rated_w"), ("staging/inventory", "storage_tb")}),
    ("devices", "u_size", lambda _: 1.0, {("staging/inventory", "racks_used")}),
    ("activities", "quantity", lambda value: value * 2, {("indicators/ghg_inventory", "stated_quantity")}),
    ("tariffs", "price_per_kwh", lambda value: value * 2, {("indicators/energy_cost", "price"), ("indicators/energy_cost", "amount_e4")}),
]  # fmt: skip
CHANGES = [pytest.param(*case, id=".".join(case[:2])) for case in QUICK]
CHANGES += [pytest.param(*case, id=".".join(case[:2]), marks=pytest.mark.long) for case in LONG]


@pytest.mark.parametrize(("feed", "column", "change", "shows"), CHANGES)
def test_what_changes_with_a_column_declares_it(
    world: World, feed: str, column: str, change: Callable[[Any], Any], shows: set[tuple[str, str]]
) -> None:
    changed = differing(world.before, world.computed(feed, column, change))
    assert shows <= changed
    for table, name in changed:
        declared = {end.column for end in sources_among(table, ())[name]}
        assert f"{feed}.{column}" in declared, f"{table}.{name} changed with {feed}.{column} and does not declare it"


def test_computed_again_from_the_same_nothing_differs(world: World) -> None:
    assert differing(world.before, world.computed()) == set()
    assert all(frame.height for frame in world.before.values())


def test_an_undeclared_change_would_be_seen(world: World, tmp_path: Path) -> None:
    """The comparison itself: one value moved by hand is found, in its column alone."""
    frame = world.before["staging/inventory"]
    moved = {**world.before, "staging/inventory": frame.with_columns(rated_w=pl.col("rated_w") + 1)}
    assert differing(world.before, moved) == {("staging/inventory", "rated_w")}
