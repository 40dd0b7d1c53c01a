"""Bringing an older ledger to the version of this code, in one transaction; an SQLite file is copied first.

Only ``gci upgrade`` comes here: it is what needs Alembic, which takes a second to import.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from resources.database import Database
from resources.files import NEW, place
from resources.schema import SCHEMA_VERSION, alembic_version, revision_of


@dataclass(frozen=True)
class Upgraded:
    """From which version of the schema to which, and where the copy of the older one lies (None on a server, or when nothing was done)."""

    before: int
    after: int
    copy: Path | None = None


def upgrade(database: Database) -> Upgraded | None:
    """Bring a ledger to SCHEMA_VERSION; None when there is no ledger yet. GciError when it is newer than this code, or can't be written."""
    database.check_version()
    before = database.version()
    if before is None:
        return None
    if before == SCHEMA_VERSION:
        return Upgraded(before, before)
    copy = _copy(database.path, before) if database.path is not None else None
    with database.write() as connection:
        run_versions(connection, before)
    return Upgraded(before, SCHEMA_VERSION, copy)


def run_versions(connection: sa.Connection, before: int) -> None:
    """Run every version after ``before`` (0: all, from an empty database) in the transaction of the connection."""
    if before and not sa.inspect(connection).has_table(alembic_version.name):  # made before Alembic kept a table
        alembic_version.create(connection)
        connection.execute(alembic_version.insert().values(version_num=revision_of(before)))
    script = ScriptDirectory(str(Path(__file__).parent))

    def steps(revision: object, context: MigrationContext) -> object:
        return script._upgrade_revs(revision_of(SCHEMA_VERSION), revision)  # type: ignore[arg-type]

    with EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(connection=connection, transactional_ddl=True)
        environment.run_migrations()


def _copy(path: Path, version: int) -> Path:
    """A copy of an SQLite ledger beside it, whole and on disk."""
    target = path.with_name(f"{path.stem}.schema-{version}.{datetime.now(UTC):%Y%m%dT%H%M%SZ}{path.suffix}")
    new = path.with_name(f"{NEW}{target.name}-{os.getpid()}")
    with contextlib.closing(sqlite3.connect(path)) as source, contextlib.closing(sqlite3.connect(new)) as copy:
        source.backup(copy)
    place(new, target)
    return target
