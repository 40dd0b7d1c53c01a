"""The project as Dagster sees it: it validates, it is small, its checks and partitions are recorded, the gate outlives a run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from assets.indicators.registry import INDICATORS
from checks.rules.catalogue import RULES
from pipelines.backfill import open_instance
from pipelines.build import build_defs
from resources.home import Home
from tests.pipeline.hand_made import METER_HEADER, make_home, register, write_csv

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home of two sites, S1 with a fault that withholds, computed by the job alone (it lands the files itself)."""
    made = make_home(tmp_path_factory.mktemp("dagster") / "home", sites=("S1", "S2"))
    double = ("S1-G2", "S1", "electricity", "grid_supply", "S1-G", "register", "kWh", "6", "2024-01-01")
    write_csv(made.landing / "meters" / "more.csv", METER_HEADER, [double])
    write_csv(made.landing / "meter_readings" / "more.csv", ("meter_id", "read_at", "value"), register("S1-G2", "2026-01", 10))
    job = build_defs(made.root).resolve_job_def("monthly_close")
    result = job.execute_in_process(partition_key="2026-01", instance=open_instance(made))
    assert result.success
    return made


def values(home: Home, code: str) -> dict[str, Any]:
    rows = home.ledger.rows("indicator_value", month="2026-01", window="month", code=code)
    return {row["entity_id"]: (row["status"], row["value"]) for row in rows}


def test_the_workspace_validates(tmp_path: Path) -> None:
    env = {**os.environ, "GCI_HOME": str(tmp_path / "home"), "DAGSTER_HOME": str(tmp_path), "PYTHONWARNINGS": "ignore"}
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    dagster = Path(sys.executable).parent / "dagster"
    done = subprocess.run(
        [str(dagster), "definitions", "validate", "-w", "workspace.yaml"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "Validation successful" in done.stdout + done.stderr


def test_assets_have_what_a_data_engineer_expects(tmp_path: Path) -> None:
    graph = build_defs(tmp_path).resolve_asset_graph()
    keys = graph.get_all_asset_keys()
    assert dg.AssetKey(["raw", "meter_readings"]) in keys
    accounts = {"ghg_inventory", "energy_total", "energy_cost"}  # unscored, beside the indicators
    assert {k.path[-1] for k in keys if k.path[0] == "indicators"} == {item.asset for item in INDICATORS} | accounts
    assert len(INDICATORS) == 19
    for key in keys:
        node = graph.get(key)
        assert node.code_version
        assert node.group_name == key.path[0]
        assert isinstance(node.partitions_def, dg.MonthlyPartitionsDefinition)
        assert node.backfill_policy == dg.BackfillPolicy.multi_run(1)
        assert node.description
    schema = graph.get(dg.AssetKey(["staging", "interval_energy"])).metadata["dagster/column_schema"]
    assert "quantity" in {column.name for column in schema.columns}


def test_every_rule_that_can_withhold_is_upstream_of_what_reads_the_quantity(tmp_path: Path) -> None:
    graph = build_defs(tmp_path).resolve_asset_graph()

    def ancestors(key: dg.AssetKey) -> set[dg.AssetKey]:
        found: set[dg.AssetKey] = set()
        stack = [key]
        while stack:
            for parent in graph.get(stack.pop()).parent_keys:
                if parent not in found:
                    found.add(parent)
                    stack.append(parent)
        return found

    for item in INDICATORS:
        above = ancestors(dg.AssetKey(["indicators", item.asset]))
        for rule in RULES:
            if rule.severity == "withhold" and set(rule.quantities) & set(item.quantities):
                assert dg.AssetKey(rule.table.split("/")) in above, (item.code, rule.code)


def test_a_month_is_few_events(home: Home) -> None:
    instance = open_instance(home)
    (run,) = instance.get_runs()
    kinds = Counter(entry.dagster_event.event_type_value for entry in instance.all_logs(run.run_id) if entry.dagster_event is not None)
    assert 28 <= kinds["ASSET_MATERIALIZATION"] <= 42
    checked = kinds["ASSET_CHECK_EVALUATION"]
    assert checked == len(RULES)  # each rule once on each table it judges


def test_checks_are_recorded_by_month_with_severity(home: Home) -> None:
    instance = open_instance(home)
    key = dg.AssetCheckKey(dg.AssetKey(["staging", "energies"]), "BD05")
    (record,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=5)
    evaluation = record.evaluation
    assert evaluation is not None
    assert not evaluation.passed
    assert evaluation.severity == dg.AssetCheckSeverity.ERROR
    assert evaluation.partition == "2026-01"
    assert "S1-G2" in str(evaluation.metadata)


def test_the_gate_outlives_the_run(home: Home) -> None:
    """A later run of the index alone does not let the withheld quantity in; the other site is published."""
    assert values(home, "D1") == {"S1": ("withheld", None), "S2": ("measured", 1.5)}
    before = {r["entity_id"]: r["output_digest"] for r in home.ledger.rows("result", month="2026-01", window="month")}
    defs = build_defs(home.root)
    result = dg.materialize(
        [asset for asset in defs.assets or [] if isinstance(asset, dg.AssetsDefinition)],
        selection=dg.AssetSelection.assets("index/site_index"),
        partition_key="2026-01",
        instance=open_instance(home),
        resources=dict(defs.resources or {}),
    )
    assert result.success
    rows = {r["entity_id"]: r for r in home.ledger.rows("result", month="2026-01", window="month")}
    assert {name: row["output_digest"] for name, row in rows.items()} == before
    assert rows["S1"]["grade"] == ""
    assert values(home, "D1")["S1"] == ("withheld", None)


def test_a_changed_table_without_a_verdict_is_withheld(home: Home, tmp_path: Path) -> None:
    """Staged again with other content but not judged: nothing of it enters."""
    from checks.gate import Gate
    from resources.ledger import Manifest

    stored = home.ledger.manifest("2026-01", "staging/energies")
    assert stored is not None
    assert "E_IT" not in Gate(home.ledger, "2026-01").withheld("S2")
    other = Manifest(**{**vars(stored), "digest": "sha256:other"})
    home.ledger.replace("2026-01", "staging/energies", [other], as_of=stored.as_of, code_version=stored.code_version)
    try:
        assert "E_IT" in Gate(home.ledger, "2026-01").withheld("S2")
    finally:
        home.ledger.replace("2026-01", "staging/energies", [stored], as_of=stored.as_of, code_version=stored.code_version)
    assert "E_IT" not in Gate(home.ledger, "2026-01").withheld("S2")


# Dagster's own schedule builder calls a function that Dagster has deprecated
@pytest.mark.filterwarnings("ignore:Function `JobDefinition.run_request_for_partition`:DeprecationWarning")
def test_the_schedule_is_off_and_asks_for_the_last_complete_month(tmp_path: Path) -> None:
    repository = build_defs(tmp_path).get_repository_def()
    (resolved,) = repository.schedule_defs
    assert resolved.default_status == dg.DefaultScheduleStatus.STOPPED
    assert (resolved.cron_schedule, resolved.execution_timezone) == ("0 3 8 * *", "Asia/Shanghai")
    moment = datetime(2026, 4, 8, 3, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
    with dg.DagsterInstance.ephemeral() as instance:
        tick = resolved.evaluate_tick(
            dg.build_schedule_context(instance=instance, scheduled_execution_time=moment, repository_def=repository)
        )
    assert [request.partition_key for request in tick.run_requests or []] == ["2026-03"]


def test_a_resource_can_be_replaced(tmp_path: Path) -> None:
    from assets.wrapping import GciHome

    other = GciHome(root=str(tmp_path / "other"))
    assert (build_defs(tmp_path, gci_home=other).resources or {})["gci_home"] is other
