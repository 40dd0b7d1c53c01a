"""Dagster's SQLite event log with its engines kept open and its empty databases copied.

Stock Dagster makes a SQLAlchemy engine for every statement, which is half of a month's time here, has each commit wait for the disk, asks
before each check whether a table is there, and builds the database of every run by migrations. Nothing else is changed: the same tables
hold the same events. The private methods that are overridden are watched by ``tests/upstream``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._serdes import ConfigurableClassData

_BUSY_S = 60


class PooledSqliteEventLog(SqliteEventLogStorage):
    """One open engine for the index and one for the run at hand; named in a home's ``dagster.yaml``."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, sa.Engine] = {}
        self._known_tables: set[str] = set()
        self._empty: bytes | None = None  # the database of a run without events
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
