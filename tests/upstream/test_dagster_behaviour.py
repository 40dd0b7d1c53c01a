"""What this project relies on in Dagster and is told may change: an upgrade that changes one fails a test that names it.

Each test says what would follow. Nothing of our own is tested here, except that we keep to it.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._serdes import serialize_value
from dagster._utils.warnings import BetaWarning, PreviewWarning
from sqlalchemy.engine import Connection

from checks.rules.catalogue import RULES
from pipelines.build import build_defs
from pipelines.event_log import PooledSqliteEventLog

MONTHS = dg.MonthlyPartitionsDefinition(start_date="2026-01", end_date="2026-04", fmt="%Y-%m")
RAW, REPORT = dg.AssetKey(["raw", "rows"]), dg.AssetKey(["index", "score"])


def checked(*, blocking: bool = False, by_month: bool = True) -> list[dg.AssetsDefinition]:
    """Two assets by month; the first has a check that always fails."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)
        partitions: dict[str, Any] = {"partitions_def": MONTHS} if by_month else {}
        spec = dg.AssetCheckSpec("BD05", asset=RAW, blocking=blocking, **partitions)

    @dg.multi_asset(specs=[dg.AssetSpec(RAW)], check_specs=[spec], partitions_def=MONTHS)
    def rows() -> Iterator[dg.MaterializeResult[Any]]:
        result = dg.AssetCheckResult(passed=False, asset_key=RAW, check_name="BD05")
        yield dg.MaterializeResult(asset_key=RAW, metadata={"dagster/row_count": 3}, check_results=[result])

    @dg.multi_asset(specs=[dg.AssetSpec(REPORT, deps=[RAW])], partitions_def=MONTHS)
    def score() -> Iterator[dg.MaterializeResult[Any]]:
        yield dg.MaterializeResult(asset_key=REPORT)

    return [rows, score]


# young features: when Dagster stops warning, the filters in pipelines/build.py and checks/binding.py go -----------------------


def test_partitions_of_a_check_are_still_in_preview() -> None:
    with pytest.warns(dg.PreviewWarning, match="partitions_def on an AssetCheckSpec"):
        dg.AssetCheckSpec("BD05", asset=RAW, partitions_def=MONTHS)


def test_a_window_that_begins_before_the_first_month_is_still_in_beta() -> None:
    with pytest.warns(dg.BetaWarning, match="allow_nonexistent_upstream_partitions"):
        dg.TimeWindowPartitionMapping(start_offset=-11, allow_nonexistent_upstream_partitions=True)


def test_the_warnings_are_the_public_ones() -> None:
    assert (BetaWarning, PreviewWarning) == (dg.BetaWarning, dg.PreviewWarning)


def test_the_trailing_window_is_twelve_months_and_fewer_at_the_start() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        mapping = dg.TimeWindowPartitionMapping(start_offset=-11, allow_nonexistent_upstream_partitions=True)
    months = dg.MonthlyPartitionsDefinition(start_date="2025-01", end_date="2026-04", fmt="%Y-%m")

    def upstream(month: str) -> list[str]:
        asked = months.empty_subset().with_partition_keys([month])
        result = mapping.get_upstream_mapped_partitions_result_for_partitions(asked, months, months)
        return sorted(result.partitions_subset.get_partition_keys())

    assert len(upstream("2026-03")) == 12
    assert upstream("2026-03")[0] == "2025-04"
    assert upstream("2025-02") == ["2025-01", "2025-02"]


# checks -------------------------------------------------------------------------------------------------------------------


def test_a_check_records_the_month_it_was_made_for() -> None:
    """Without it nobody could say in Dagster which month a rule failed in."""
    with dg.DagsterInstance.ephemeral() as instance:
        for month in ("2026-01", "2026-02"):
            assert dg.materialize(checked(), partition_key=month, instance=instance).success
        records = instance.event_log_storage.get_asset_check_execution_history(dg.AssetCheckKey(RAW, "BD05"), limit=5)
    evaluations = [record.evaluation for record in records]
    assert [(e.partition, e.passed) for e in evaluations if e is not None] == [("2026-02", False), ("2026-01", False)]


def test_a_blocking_check_stops_its_own_run_only() -> None:
    """Why withheld quantities are held by our own gate (checks/gate.py): a later run of what comes after succeeds."""
    assets = checked(blocking=True)
    with dg.DagsterInstance.ephemeral() as instance:
        first = dg.materialize(assets, partition_key="2026-01", instance=instance, raise_on_error=False)
        assert not first.success
        assert not first.asset_materializations_for_node("score")
        later = dg.materialize(assets, selection=[REPORT], partition_key="2026-01", instance=instance)
        assert later.success


def test_none_of_our_checks_is_blocking_and_all_are_by_month(tmp_path: Path) -> None:
    graph = build_defs(tmp_path).resolve_asset_graph()
    nodes = [graph.get(key) for key in graph.asset_check_keys]
    assert {("/".join(n.key.asset_key.path), n.key.name) for n in nodes} == {(rule.table, rule.code) for rule in RULES}
    for node in nodes:
        assert not node.blocking, node.key
        assert isinstance(node.partitions_def, dg.MonthlyPartitionsDefinition), node.key


# lineage: why it is told from our manifests (docs/lineage.md) ----------------------------------------------------------------------


def test_the_pointer_to_an_input_is_to_its_latest_event_not_to_the_month_that_was_read() -> None:
    """The score of January is made while the rows of February are the newest: Dagster notes February's as its input."""
    assets = checked()
    with dg.DagsterInstance.ephemeral() as instance:
        for month in ("2026-01", "2026-02"):
            assert dg.materialize(assets, selection=[RAW], partition_key=month, instance=instance).success
        assert dg.materialize(assets, selection=[REPORT], partition_key="2026-01", instance=instance).success
        found = instance.fetch_materializations(RAW, limit=5).records
        storage_ids = {record.partition_key: record.storage_id for record in found}
        event = instance.get_latest_materialization_event(REPORT)
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.partition == "2026-01"
    assert event.asset_materialization.tags is not None
    pointer = event.asset_materialization.tags["dagster/input_event_pointer/raw/rows"]
    assert int(pointer) == storage_ids["2026-02"] != storage_ids["2026-01"]


def test_column_lineage_is_read_from_the_materialization() -> None:
    """The metadata that the web UI draws column lineage from, and its shape."""
    lineage = dg.TableColumnLineage({"score": [dg.TableColumnDep(RAW, "value")], "month": []})

    @dg.asset(deps=[RAW])
    def scored() -> dg.MaterializeResult[Any]:
        return dg.MaterializeResult(metadata={"dagster/column_lineage": lineage})

    with dg.DagsterInstance.ephemeral() as instance:
        assert dg.materialize([scored], instance=instance).success
        event = instance.get_latest_materialization_event(dg.AssetKey("scored"))
    assert event is not None
    assert event.asset_materialization is not None
    entry = event.asset_materialization.metadata["dagster/column_lineage"]
    assert type(entry) is dg.TableColumnLineageMetadataValue
    assert entry.value.deps_by_column == lineage.deps_by_column


# the event log whose engines we keep open (pipelines/event_log.py) --------------------------------------------------------------


def test_the_private_method_that_we_replace_is_as_it_was() -> None:
    signature = inspect.signature(SqliteEventLogStorage._connect)
    assert list(signature.parameters) == ["self", "shard"]
    assert Iterator[Connection] == signature.return_annotation
    ours = inspect.signature(PooledSqliteEventLog._connect)
    assert list(ours.parameters) == list(signature.parameters)
    source = inspect.getsource(SqliteEventLogStorage._connect)
    for used in ("self._db_lock", "self.conn_string_for_shard(shard)", "self._initialized_dbs", "self._initdb(engine)", "conn.begin()"):
        assert used in source, f"{used} is no longer in Dagster's _connect: compare it with ours"


def test_the_database_of_a_run_that_is_copied_is_the_one_that_is_made(tmp_path: Path) -> None:
    """The first run's database is made by Dagster, those after it are copies: the same tables, indexes and migration."""
    log = PooledSqliteEventLog(str(tmp_path))
    made = []
    for name in ("first", "second"):
        with log.run_connection(name) as connection:
            schema = connection.exec_driver_sql("select type, name, sql from sqlite_master order by type, name").fetchall()
            version = connection.exec_driver_sql("select version_num from alembic_version").fetchall()
            (mode,) = connection.exec_driver_sql("pragma journal_mode").fetchall()[0]
            made.append((schema, version, mode))
    log.dispose()
    assert made[0] == made[1]
    assert made[0][2] == "wal"
    assert sorted(log.get_all_run_ids()) == ["first", "second"]


def test_the_newest_materialization_is_the_newest_whoever_stored_it(tmp_path: Path) -> None:
    """What this process stored is answered from memory, with the number that it has in the database; what another one stored is read."""

    @dg.asset(partitions_def=MONTHS, metadata={"x": 1})
    def made() -> dg.MaterializeResult[Any]:
        return dg.MaterializeResult(metadata={"n": 1})

    wanted = dg.AssetRecordsFilter(dg.AssetKey("made"), asset_partitions=["2026-01"])
    found = []
    with dg.DagsterInstance.local_temp(str(tmp_path)) as stock:
        ours = PooledSqliteEventLog(stock.event_log_storage._base_dir)  # type: ignore[attr-defined]
        for _ in range(2):
            assert dg.materialize([made], partition_key="2026-01", instance=stock).success
            (theirs,) = stock.fetch_materializations(wanted, limit=1).records
            (read,) = ours.fetch_materializations(wanted, limit=1).records  # stored by the other one
            ours._made[dg.AssetKey("made"), "2026-01"] = theirs.event_log_entry
            (kept,) = ours.fetch_materializations(wanted, limit=1).records
            assert kept.event_log_entry is theirs.event_log_entry
            assert (read.storage_id, read.run_id) == (kept.storage_id, kept.run_id) == (theirs.storage_id, theirs.run_id)
            found.append(kept.storage_id)
        ours.dispose()
    assert found[0] < found[1]


def test_the_record_of_an_asset_is_the_one_that_dagster_would_write_and_read(tmp_path: Path) -> None:
    """Its text is byte for byte Dagster's own; what is answered from memory is what Dagster reads; a wiped asset is not there."""
    lineage = dg.TableColumnLineage({"score": [dg.TableColumnDep(dg.AssetKey(["raw", "rows"]), "单位")]})
    key, asked = dg.AssetKey("made"), []

    @dg.asset(partitions_def=MONTHS, metadata={"x": 1})
    def made() -> dg.MaterializeResult[Any]:
        return dg.MaterializeResult(metadata={"n": 1, "dagster/column_lineage": lineage}, data_version=dg.DataVersion("a"))

    (tmp_path / "dagster.yaml").write_text(
        yaml.safe_dump(_settings(tmp_path, "pipelines.event_log", "PooledSqliteEventLog")), encoding="utf-8"
    )
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        ours = instance.event_log_storage
        assert isinstance(ours, PooledSqliteEventLog)
        for month in ("2026-01", "2026-02"):
            assert dg.materialize([made], partition_key=month, instance=instance).success
            stock = SqliteEventLogStorage(ours._base_dir)
            (theirs,), (kept,) = stock.get_asset_records([key]), ours.get_asset_records([key])
            assert theirs == kept
            record = kept.asset_entry.last_materialization_record
            assert record is not None
            assert record.partition_key == month
            assert record is ours._newest_texts['["made"]'][1]
            with ours.index_connection() as connection:
                text, run = connection.exec_driver_sql("select last_materialization, last_run_id from asset_keys").fetchall()[0]
            assert (text, run) == (serialize_value(theirs.asset_entry.last_materialization_record), record.run_id)
            asked.append(record.storage_id)
            stock.dispose()
        instance.wipe_assets([key])
        assert [one.asset_entry.last_materialization_record for one in ours.get_asset_records([key])] in ([], [None])
    assert asked[0] < asked[1]


def test_columns_are_asked_for_until_they_are_there(tmp_path: Path) -> None:
    log = PooledSqliteEventLog(str(tmp_path))
    with log.index_connection() as connection:
        assert log._has_asset_key_index_cols_on_connection(connection)
        connection.exec_driver_sql("alter table asset_keys rename to other")
        assert log._has_asset_key_index_cols_on_connection(connection)
    log.dispose()


def test_a_table_that_is_not_there_yet_is_asked_for_again(tmp_path: Path) -> None:
    log = PooledSqliteEventLog(str(tmp_path))
    assert log.has_table("asset_check_executions")
    assert not log.has_table("later")
    with log.index_connection() as connection:
        connection.exec_driver_sql("create table later (n int)")
    assert log.has_table("later")
    log.dispose()


Event = tuple[str, str | None, str | None, Any]


def _settings(folder: Path, module: str, storage: str) -> dict[str, Any]:
    """An instance's settings with its storages in a folder."""
    runs = {"module": "dagster._core.storage.runs", "class": "SqliteRunStorage", "config": {"base_dir": str(folder / "runs")}}
    log = {"module": module, "class": storage, "config": {"base_dir": str(folder / "events")}}
    schedules = {"module": "dagster._core.storage.schedules", "class": "SqliteScheduleStorage", "config": {"base_dir": str(folder / "s")}}
    return {"run_storage": runs, "event_log_storage": log, "schedule_storage": schedules, "telemetry": {"enabled": False}}


def events(folder: Path, module: str, storage: str) -> list[Event]:
    """What two months of a small graph leave in the event log: type, asset, partition, and whether a check passed."""
    folder.mkdir()
    (folder / "dagster.yaml").write_text(yaml.safe_dump(_settings(folder, module, storage)), encoding="utf-8")
    found: list[Event] = []
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        assert type(instance.event_log_storage).__name__ == storage
        for month in ("2026-01", "2026-02"):
            run = dg.materialize(checked(), partition_key=month, instance=instance)
            for entry in instance.all_logs(run.run_id):
                if (event := entry.dagster_event) is not None:
                    key = event.asset_key.to_user_string() if event.asset_key else None
                    found.append((event.event_type_value, key, event.partition, getattr(event.event_specific_data, "passed", None)))
        assert {key.to_user_string() for key in instance.all_asset_keys()} == {"raw/rows", "index/score"}
        assert instance.get_materialized_partitions(RAW) == {"2026-01", "2026-02"}
        history = instance.event_log_storage.get_asset_check_execution_history(dg.AssetCheckKey(RAW, "BD05"), limit=5)
        assert [record.evaluation.partition for record in history if record.evaluation] == ["2026-02", "2026-01"]
    return found


def test_our_event_log_keeps_what_the_stock_one_keeps(tmp_path: Path) -> None:
    stock = events(tmp_path / "stock", "dagster._core.storage.event_log", "SqliteEventLogStorage")
    ours = events(tmp_path / "ours", "pipelines.event_log", "PooledSqliteEventLog")
    assert ours == stock
    kinds = [kind for kind, *_ in stock]
    assert kinds.count("ASSET_MATERIALIZATION") == 4
    assert kinds.count("ASSET_CHECK_EVALUATION") == 2
    assert kinds.count(dg.DagsterEventType.RUN_SUCCESS.value) == 2
    # the files are Dagster's own: leaving our class out of a home's dagster.yaml loses nothing
    reader = SqliteEventLogStorage(str(tmp_path / "ours" / "events"))
    history = reader.get_asset_check_execution_history(dg.AssetCheckKey(RAW, "BD05"), limit=5)
    assert [record.evaluation.partition for record in history if record.evaluation] == ["2026-02", "2026-01"]
    reader.dispose()
