"""What Dagster's UI is told with every materialization: columns and where they come from, rows, digest, log number, inputs, findings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from checks.contracts.lineage import columns_of
from checks.rules.catalogue import RULES
from pipelines.backfill import open_instance
from pipelines.build import build_defs
from resources.code_version import code_version
from resources.home import Home
from tests.unit.checks.contracts.test_column_lineage import FIXED

MONTH = "2026-01"


@pytest.fixture(scope="module")
def told(computed_home: Path) -> dict[str, Any]:
    """Metadata of the latest materialization of each asset, as plain values."""
    home = Home.open(computed_home)
    graph = build_defs(home.root).resolve_asset_graph()
    found: dict[str, Any] = {}
    with open_instance(home) as instance:
        for key in graph.get_all_asset_keys():
            event = instance.get_latest_materialization_event(key)
            assert event is not None
            assert event.asset_materialization is not None
            found[key.to_user_string()] = {name: entry.value for name, entry in event.asset_materialization.metadata.items()}
    return found


def test_every_materialization_says_what_the_manifest_says(computed_home: Path, told: dict[str, Any]) -> None:
    ledger = Home.open(computed_home).ledger
    for asset, metadata in told.items():
        stored = ledger.manifest(MONTH, asset)
        assert stored is not None
        assert metadata["dagster/row_count"] == stored.rows
        assert metadata["digest"] == stored.digest
        assert metadata["log_number"] == stored.as_of == 7
        assert metadata["code_version"] == stored.code_version == code_version(asset.split("/")[0])
        assert metadata["inputs"] == stored.inputs
        assert stored.inputs or asset in ("raw/cmdb", "raw/green_power", "raw/activities"), asset  # nothing was landed for these


def test_the_manifest_of_a_raw_table_names_its_files(computed_home: Path, told: dict[str, Any]) -> None:
    """Three files were landed, in the order of their names: readings, meters, sites."""
    files = {f"entry {e.n}": (e.name, e.digest) for e in Home.open(computed_home).ledger.entries(kinds=["file"])}
    assert {name: names for name, (names, _) in files.items()} == {
        "entry 1": "meter_readings/2026-01.csv", "entry 2": "meters/meters.csv", "entry 3": "sites/sites.csv",
    }  # fmt: skip
    assert told["raw/meter_readings"]["inputs"] == {"entry 1": files["entry 1"][1]}
    assert told["raw/registry"]["inputs"] == {name: files[name][1] for name in ("entry 2", "entry 3")}


def test_findings_are_counted_with_the_asset_whose_rules_found_them(computed_home: Path, told: dict[str, Any]) -> None:
    rows = Home.open(computed_home).ledger.rows("finding", month=MONTH)
    assert rows
    for asset, metadata in told.items():
        codes = {rule.code for rule in RULES if rule.table == asset}
        step = "raw" if asset.startswith("raw/") else asset  # one code may be asked in two steps
        own = [row["severity"] for row in rows if row["code"] in codes and row["table_name"] == step]
        assert metadata["findings"] == {severity: own.count(severity) for severity in ("withhold", "flag", "info")}
    assert sum(sum(metadata["findings"].values()) for metadata in told.values()) == len(rows)


def test_column_lineage_leads_to_columns_of_assets_above(computed_home: Path, told: dict[str, Any]) -> None:
    graph = build_defs(computed_home).resolve_asset_graph()

    def above(key: dg.AssetKey) -> set[dg.AssetKey]:
        found: set[dg.AssetKey] = set()
        stack = [key]
        while stack:
            new = set(graph.get(stack.pop()).parent_keys) - found
            found |= new
            stack += new
        return found

    for asset, metadata in told.items():
        lineage = metadata["dagster/column_lineage"].deps_by_column
        if asset.startswith("raw/"):
            assert lineage == {}  # they come from files, which are no assets
            continue
        assert set(lineage) == {column.name for column in columns_of(asset)}
        ancestors = above(dg.AssetKey(asset.split("/")))
        for column, deps in lineage.items():
            assert bool(deps) == (column != "month" and (asset, column) not in FIXED), (asset, column)
            for dep in deps:
                assert dep.asset_key in ancestors, (asset, column, dep)
                assert dep.column_name in {known.name for known in columns_of(dep.asset_key.to_user_string())}, (asset, column, dep)
    pue = {
        (dep.asset_key.to_user_string(), dep.column_name)
        for dep in told["indicators/pue"]["dagster/column_lineage"].deps_by_column["value"]
    }
    assert {("staging/energies", "quantity"), ("raw/registry", "sites.pue_category")} <= pue


def test_every_asset_has_its_columns_before_it_ever_ran(tmp_path: Path) -> None:
    graph = build_defs(tmp_path).resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        schema = graph.get(key).metadata["dagster/column_schema"]
        assert [column.name for column in schema.columns] == [column.name for column in columns_of(key.to_user_string())], key
    # in words too: the open-source UI keeps `dagster/column_lineage` to itself
    said = graph.get(dg.AssetKey(["staging", "inventory"])).metadata["made_from"].value.splitlines()
    assert "| racks_fitted | racks.fitted_on, racks.rated_kw, racks.retired_on, racks.snapshot_on |" in said
    said = graph.get(dg.AssetKey(["indicators", "pue"])).metadata["made_from"].value
    assert "staging/energies.quantity" in said
