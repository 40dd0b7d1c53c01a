"""Dagster's SQLite event log with its engines kept open and its empty databases copied.

Stock Dagster makes a SQLAlchemy engine for every statement, which is half of a month's time here, has each commit wait for the disk, asks
before each check whether a table is there and for each event which columns, writes a materialization as text twice, reads it back whole for
each check of it and each asset made from it, and builds the database of every run by migrations. Nothing else is changed: the same tables
hold the same events. The private methods that are overridden are watched by ``tests/upstream``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.event_log import SqlEventLogStorageTable, SqliteEventLogStorage
from dagster._core.storage.event_log.base import EventLogCursor
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._serdes import ConfigurableClassData
from dagster._time import datetime_from_timestamp

_BUSY_S = 60


class PooledSqliteEventLog(SqliteEventLogStorage):
    """One open engine for the index and one for the run at hand; named in a home's ``dagster.yaml``."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, sa.Engine] = {}
        self._known_tables: set[str] = set()
        self._empty: bytes | None = None  # the database of a run without events
        self._made: dict[tuple[dg.AssetKey, str | None], dg.EventLogEntry] = {}  # materializations of the run at hand
        self._newest_texts: dict[str, tuple[str, dg.EventLogRecord]] = {}  # of each asset, as the index has it: its text and what it says
        self._has_columns = False
        self._written: tuple[dg.EventLogEntry, str] | None = None  # the last event and its text
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> PooledSqliteEventLog:
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sa.Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._prepare(shard, engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def _prepare(self, shard: str, engine: sa.Engine) -> None:
        """Make the tables of a shard: of a new run by copying the first one that was made."""
        path = Path(self.path_for_shard(shard))
        if shard == INDEX_SHARD_NAME or path.exists():
            self._initdb(engine)
        elif self._empty is not None:
            unfinished = path.with_name(f".{path.name}.new")
            unfinished.write_bytes(self._empty)
            os.replace(unfinished, path)
        else:
            self._initdb(engine)
            with engine.connect() as connection:
                self._empty = connection.connection.driver_connection.serialize()  # type: ignore[union-attr]

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table; tables are added, never taken away. Asked inside transactions too: it opens its own."""
        if table_name not in self._known_tables and super().has_table(table_name):
            self._known_tables.add(table_name)
        return table_name in self._known_tables

    def _has_asset_key_index_cols_on_connection(self, conn: sa.Connection) -> bool:
        if not self._has_columns:  # columns are added, never taken away
            self._has_columns = super()._has_asset_key_index_cols_on_connection(conn)
        return self._has_columns

    def _event_to_row(self, event: dg.EventLogEntry) -> dict[str, Any]:
        row = super()._event_to_row(event)
        self._written = event, row["event"]
        return row

    def _get_asset_entry_values(self, event: dg.EventLogEntry, event_id: int, has_asset_key_index_cols: bool) -> dict[str, Any]:
        """As Dagster's; the record of a materialization is put around the text that was made of the event just now."""
        made = event.dagster_event
        if made is None or not made.is_step_materialization or self._written is None or self._written[0] is not event:
            return super()._get_asset_entry_values(event, event_id, has_asset_key_index_cols)
        text = f'{{"__class__": "EventLogRecord", "event_log_entry": {self._written[1]}, "storage_id": {event_id}}}'
        if made.asset_key is not None:
            self._newest_texts[made.asset_key.to_string()] = text, dg.EventLogRecord(storage_id=event_id, event_log_entry=event)
        values: dict[str, Any] = {"last_materialization": text, "last_run_id": event.run_id}
        return values | ({"last_materialization_timestamp": datetime_from_timestamp(event.timestamp)} if has_asset_key_index_cols else {})

    def _get_latest_materialization_records(self, raw_asset_rows: Any) -> Mapping[dg.AssetKey, dg.EventLogRecord | None]:
        """As Dagster's; what this process stored itself is not read back from its text. A wiped asset has another ``asset_details``."""
        known: dict[dg.AssetKey, dg.EventLogRecord | None] = {}
        others = []
        for row in raw_asset_rows:
            text, record = self._newest_texts.get(row["asset_key"], (None, None))
            asset = dg.AssetKey.from_db_string(row["asset_key"])
            if asset is not None and record is not None and row["last_materialization"] == text and not row["asset_details"]:
                known[asset] = record
            else:
                others.append(row)
        return {**known, **(super()._get_latest_materialization_records(others) if others else {})}

    def store_event(self, event: dg.EventLogEntry) -> None:
        super().store_event(event)
        if event.dagster_event is None or event.dagster_event.event_type != dg.DagsterEventType.ASSET_MATERIALIZATION:
            return
        if any(other.run_id != event.run_id for other in self._made.values()):
            self._made.clear()
        if event.dagster_event.asset_key is not None:
            self._made[event.dagster_event.asset_key, event.dagster_event.partition] = event

    def fetch_materializations(
        self, records_filter: dg.AssetKey | dg.AssetRecordsFilter, limit: int, cursor: str | None = None, ascending: bool = False
    ) -> dg.EventRecordsResult:
        """As Dagster's; the newest one of a partition, which every check asks for, is not read back when it was stored just now."""
        if isinstance(records_filter, dg.AssetRecordsFilter) and (limit, cursor, ascending) == (1, None, False):
            asset, partitions = records_filter.asset_key, list(records_filter.asset_partitions or ())
            made = self._made.get((asset, partitions[0])) if len(partitions) == 1 else None
            if made is not None and records_filter == dg.AssetRecordsFilter(asset, asset_partitions=partitions):
                newest = self._newest(records_filter)
                if newest is not None and newest[1] == made.run_id:
                    record = dg.EventLogRecord(storage_id=newest[0], event_log_entry=made)
                    return dg.EventRecordsResult([record], EventLogCursor.from_storage_id(newest[0]).to_string(), has_more=True)
        return super().fetch_materializations(records_filter, limit, cursor, ascending)

    def _newest(self, records_filter: dg.AssetRecordsFilter) -> tuple[int, str] | None:
        """Number and run of the newest materialization that a filter lets pass."""
        (details,) = self._get_assets_details([records_filter.asset_key])
        events = SqlEventLogStorageTable
        wanted = records_filter.to_event_records_filter(event_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
        query = self._apply_filter_to_query(sa.select(events.c.id, events.c.run_id), wanted, details)
        with self.index_connection() as connection:
            row = connection.execute(query.order_by(events.c.id.desc()).limit(1)).first()
        return None if row is None else (row.id, row.run_id)

    def _engine(self, shard: str) -> sa.Engine:
        if shard not in self._engines:
            for other in [name for name in self._engines if name != INDEX_SHARD_NAME]:
                self._engines.pop(other).dispose()
            # one connection, passed between threads under the lock
            self._engines[shard] = sa.create_engine(
                self.conn_string_for_shard(shard),
                poolclass=sa.pool.StaticPool,
                connect_args={"timeout": _BUSY_S, "check_same_thread": False},
            )
            sa.event.listen(self._engines[shard], "connect", _sync_at_checkpoints)
        return self._engines[shard]

    def dispose(self) -> None:
        while self._engines:
            self._engines.popitem()[1].dispose()
        super().dispose()


def _sync_at_checkpoints(connection: Any, _record: Any) -> None:
    """Six hundred commits a month need not wait for the disk one by one: what a power cut could lose is the end of Dagster's own log
    (never its consistency, it writes ahead), and no number, which are in the ledger."""
    connection.execute("PRAGMA synchronous = NORMAL")
