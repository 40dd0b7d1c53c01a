"""The database a ledger is in: an SQLite file (the default) or a schema on a PostgreSQL server.

Both give the same: every change is one transaction and writers come one after the other, text is ordered by code points, numbers are kept
exactly. What is said of a database never holds its password. Which tables there are is in ``schema.py``.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC
from pathlib import Path
from urllib.parse import quote, quote_plus

import sqlalchemy as sa

from resources.errors import GciError, UsageError
from resources.files import NEW, place
from resources.schema import METADATA, SCHEMA_VERSION, alembic_version, revision_of, schema_info

SQLITE, POSTGRESQL = "sqlite", "postgresql"
WAIT_S = 60  # for another transaction that writes
# Advisory locks of PostgreSQL take two numbers: one of ours, and one that stands for the schema.
_TRANSACTION, _WRITER = 6_743_401, 6_743_402
_NOT_OF_STORAGE = (sa.exc.IntegrityError, sa.exc.DataError, sa.exc.NotSupportedError)  # bugs of ours, never the user's database


def database_url(text: str) -> sa.URL:
    """The URL of a ledger; UsageError, which does not repeat it, for one that is neither SQLite nor PostgreSQL."""
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise UsageError(f"the ledger's URL can't be read. Write {_FORMS}.") from None
    if url.get_backend_name() == SQLITE and url.database and not url.host and not url.query:
        return url
    if url.drivername in ("postgresql", "postgresql+psycopg") and url.database:
        return url.set(drivername="postgresql+psycopg")
    raise UsageError(
        f"the ledger's URL, which begins with '{url.drivername}:', names no file or database that can hold one. Write {_FORMS}."
    )


_FORMS = '"sqlite:///ledger.db" or "postgresql://USER:PASSWORD@HOST/DATABASE"'


class Database:
    """One ledger's database: transactions, and whether its tables are there and of a version that this code knows."""

    def __init__(self, url: str, base: Path) -> None:
        self.url = database_url(url)
        self.kind = self.url.get_backend_name()
        self.path: Path | None = None  # of the file; None on a server
        if self.kind == SQLITE:
            self.path = base / str(self.url.database)
            self.name = str(self.path)
            self._writer = sa.create_engine("sqlite://", creator=lambda: self._open_file("OFF"), poolclass=sa.pool.NullPool)
            self._reader = sa.create_engine("sqlite://", creator=lambda: self._open_file("ON"), poolclass=sa.pool.NullPool)
        else:
            host = self.url.host or self.url.query.get("host", "the default host")
            self.name = f"on PostgreSQL ({host}{f':{self.url.port}' if self.url.port else ''}, database {self.url.database})"
            self._server = self._engine()
            self._writer = self._server.execution_options(gci_writes=True)
            self._reader = self._server.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        sa.event.listen(self._writer, "begin", self._begin)

    # connections --------------------------------------------------------------------------------------------------

    def _open_file(self, query_only: str) -> sqlite3.Connection:
        # Readers too open the file for writing: after a kill the first one, whichever it is, must take half a transaction back.
        # autocommit at the driver: SQLAlchemy's begin event opens the transaction, so that none is upgraded half-way
        connection = sqlite3.connect(f"file:{quote(str(self.path))}?mode=rw", uri=True, timeout=WAIT_S, isolation_level=None)
        connection.execute(f"PRAGMA query_only = {query_only}")
        return connection

    def _engine(self) -> sa.Engine:
        defaults = {"connect_timeout": "10", "application_name": "gci"}
        try:
            # no pool: a connection that lies open would be shared by a process that forks
            return sa.create_engine(self.url.set(query={**defaults, **self.url.query}), poolclass=sa.pool.NullPool)
        except ImportError as error:
            raise GciError(
                f"The ledger is {self.name}, and its driver psycopg can't be used here ({str(error).splitlines()[0]}). Install it with "
                "'pip install --require-hashes -r requirements/postgres.txt'."
            ) from None

    def _begin(self, connection: sa.Connection) -> None:
        """Writers queue up before they look at anything: what a transaction read is still so when it writes."""
        if self.kind == SQLITE:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        elif connection.get_execution_options().get("gci_writes"):
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{WAIT_S}s'")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_TRANSACTION}, hashtext(current_schema()))")

    @contextlib.contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction that changes the ledger; another writer waits up to a minute. GciError when the database refuses."""
        try:
            with self._writer.begin() as connection:
                yield connection
        except _NOT_OF_STORAGE:
            raise
        except sa.exc.DatabaseError as error:
            raise GciError(
                f"The ledger {self.name} can't be written: {self._said(error)}. "
                + (
                    "Check the folder's permissions, free space, and whether another gci command is running."
                    if self.kind == SQLITE
                    else "Check the server, the user's rights on its schema, and whether another gci command is running."
                )
            ) from None

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection that can't change anything. GciError, with what to do, when there is no ledger or it can't be read."""
        try:
            with self._reader.connect() as connection:
                yield connection
        except _NOT_OF_STORAGE:
            raise
        except sa.exc.DatabaseError as error:
            raise GciError(f"The ledger {self.name} can't be read: {self._said(error)}. {self._hint(error)}") from None

    def _hint(self, error: sa.exc.DatabaseError) -> str:
        """What to do about a ledger that can't be read: it is not there yet, out of reach, or damaged."""
        if self.path is not None:
            if not self.path.exists():
                return "Land something first ('gci land'), or name another home with --home."
            return "Restore it from a backup."
        if getattr(error.orig, "sqlstate", None) == "42P01":  # no such table
            return "Land something first ('gci land'), or name another database."
        return "Check that the server runs, its address, and the user's name, password and rights."

    def _said(self, error: sa.exc.DatabaseError) -> str:
        """The database's own words, in one line and without a password."""
        words = " ".join(str(error.orig).split()).rstrip(".")
        for key, value in {"password": self.url.password, **dict(self.url.query)}.items():
            if "pass" in key and value:
                for form in {str(value), quote(str(value), safe=""), quote_plus(str(value))}:
                    words = words.replace(form, "***")
        return words

    # versions -----------------------------------------------------------------------------------------------------

    def version(self) -> int | None:
        """The version of the schema; None when there is no ledger yet."""
        if self.path is not None and not self.path.exists():
            return None
        with self.read() as connection:
            if sa.inspect(connection).has_table(schema_info.name):
                return connection.scalar(sa.select(schema_info.c.version)) or None
            others = sorted(set(METADATA.tables) & set(sa.inspect(connection).get_table_names()))
        if others:
            raise GciError(
                f"The ledger {self.name} holds a table '{others[0]}' but no '{schema_info.name}': it is not a ledger of gci. "
                "Name an empty database or schema of its own."
            )
        if self.path is not None:
            raise GciError(
                f"The ledger {self.name} holds no tables ({self.path.stat().st_size} bytes): it was emptied or cut off. Restore it from a "
                "backup; delete it only to begin a new log."
            )
        return None

    def revision(self) -> str | None:
        """The version as Alembic keeps it; None of a ledger made before it did."""
        with self.read() as connection:
            there = sa.inspect(connection).has_table(alembic_version.name)
            return connection.scalar(sa.select(alembic_version.c.version_num)) if there else None

    def damage(self) -> list[str]:
        """What SQLite finds wrong in its file, page by page; a server looks after its own."""
        if self.kind != SQLITE:
            return []
        with self.read() as connection:
            return [line for line in connection.exec_driver_sql("PRAGMA integrity_check").scalars() if line != "ok"]

    def check_version(self, *, writing: bool = False) -> None:
        """GciError when the ledger is newer than this code, and, for what would write, when it is older. None is no ledger yet."""
        version = self.version()
        if version is not None and version > SCHEMA_VERSION:
            raise GciError(
                f"The ledger {self.name} was made by a newer version (schema {version}, this one knows {SCHEMA_VERSION}). "
                "Install the newer version of the product."
            )
        if writing and version is not None and version < SCHEMA_VERSION:
            raise GciError(
                f"The ledger {self.name} was made by an older version (schema {version}, this one writes {SCHEMA_VERSION}). "
                "Run 'gci upgrade' once; it keeps a copy first. 台账由旧版本创建,请先运行 'gci upgrade'。"
            )

    def create(self) -> None:
        """Make the tables of a new ledger; an existing one is only checked: GciError when this code can't write it."""
        if self.path is not None and not self.path.exists():
            self._create_file(self.path)
        elif self.version() is None:
            with self.write() as connection:
                _make_tables(connection)
        self.check_version(writing=True)

    @staticmethod
    def _create_file(path: Path) -> None:
        """A new file appears with its tables or not at all: an empty one is then always one that was damaged."""
        new = path.with_name(f"{NEW}{path.name}-{os.getpid()}")
        new.unlink(missing_ok=True)
        new.touch()
        with Database(f"sqlite:///{new}", path.parent).write() as connection:
            _make_tables(connection)
        place(new, path, keep_existing=True)

    # one writer on a server ---------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def writer_lock(self, what: str) -> Iterator[Callable[[], str]]:
        """Yields a function that tries to become the one writer of a ledger on a server: it says who is, '' when it is us.

        The lock goes with the connection, so that a killed holder leaves none. With SQLite there is nothing to ask for: the lock file of
        the home does.
        """
        if self.kind == SQLITE:
            yield lambda: ""
            return
        try:
            connection = self._server.execution_options(isolation_level="AUTOCOMMIT").connect()
        except sa.exc.DatabaseError as error:
            raise GciError(f"The ledger {self.name} can't be reached: {self._said(error)}. {self._hint(error)}") from None
        with contextlib.closing(connection):
            name = f"gci: {what} ({socket.gethostname()}, process {os.getpid()})"[:63]
            # keepalives: the server notices within a minute when this machine is gone
            settings = {"application_name": name, "tcp_keepalives_idle": "30", "tcp_keepalives_interval": "10", "tcp_keepalives_count": "3"}
            for setting, value in settings.items():
                connection.execute(sa.text("SELECT set_config(:setting, :value, false)"), {"setting": setting, "value": value})
            yield lambda: _attempt(connection)


def _attempt(connection: sa.Connection) -> str:
    if connection.scalar(sa.text(f"SELECT pg_try_advisory_lock({_WRITER}, hashtext(current_schema()))")):
        return ""
    holder = connection.execute(
        sa.text(
            "SELECT a.application_name, a.backend_start FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
            f"WHERE l.locktype = 'advisory' AND l.granted AND l.classid = {_WRITER} "
            "AND l.objid = hashtext(current_schema())::bit(32)::bigint::oid "
            "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
    ).first()
    return f"{holder[0]}, since {holder[1].astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if holder else "another connection to the same database"


def _make_tables(connection: sa.Connection) -> None:
    METADATA.create_all(connection)
    connection.execute(schema_info.insert().values(version=SCHEMA_VERSION))
    connection.execute(alembic_version.insert().values(version_num=revision_of(SCHEMA_VERSION)))
