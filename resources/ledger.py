"""The ledger: one append-only, hash-chained log, and the derived tables that say what the log amounts to.

Table ``entry`` (``schema.py``) is the clock: everything that enters the product is its next row, and nothing in it is ever changed.
Every other table is derived: computed from the first N entries, replaced whole by (month, step), and sealed by a digest in
``manifest``.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from resources.digest import canonical_json, digest_json, digest_text
from resources.errors import GciError
from resources.schema import DERIVED, METADATA, SCHEMA_VERSION, entry, manifest, part, schema_info

GENESIS = digest_text("green-compute-index")
# Manifests that say a month was computed whole: from which inputs of its trailing window, and from which of its own.
RUN, OWN = "run", "run/own"
# In the inputs of a manifest ``entry 3`` is the file that entered as number 3, ``<table>@<month>`` a table of another month.
ENTRY = "entry"
# What people drop: the same bytes enter a feed once, whatever became of them.
ONCE_KINDS = ("file", "quarantine", "evidence")


@dataclass(frozen=True)
class Entry:
    """One row of the log."""

    n: int
    at: str
    kind: str
    name: str
    digest: str
    payload: dict[str, Any]
    previous_head: str
    head: str

    def expected_head(self) -> str:
        """The head that this entry must have, given its content and the head before it."""
        return digest_json([self.n, self.at, self.kind, self.name, self.digest, self.payload, self.previous_head])


@dataclass(frozen=True)
class Part:
    """One month of one landed file in the lake (``lake.read(f'parts/{feed}', month, file_digest)``)."""

    entry: int
    feed: str
    month: str
    digest: str
    file_digest: str
    rows: int


@dataclass(frozen=True)
class Manifest:
    """Which digest is the current content of a table in a month, computed from what."""

    month: str
    table_name: str
    digest: str
    file_digest: str
    rows: int
    as_of: int
    code_version: str
    inputs: dict[str, Any]

    def expected_seal(self) -> str:
        """Digest of the row: a changed value in the manifest itself does not go unnoticed."""
        return digest_json(asdict(self))


class Ledger:
    """Access to one ledger database. Every change is one transaction; writers wait for each other."""

    def __init__(self, url: str, base: Path) -> None:
        path = Path(url.removeprefix("sqlite:///"))
        self.path = path if path.is_absolute() else base / path
        self._writer = sa.create_engine("sqlite://", creator=lambda: self._connect("rwc"), poolclass=sa.pool.NullPool)
        sa.event.listen(self._writer, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        self._reader = sa.create_engine("sqlite://", creator=lambda: self._connect("ro"), poolclass=sa.pool.NullPool)

    def _connect(self, mode: str) -> sqlite3.Connection:
        # autocommit at the driver: SQLAlchemy's begin event opens the transaction, so that none is upgraded half-way
        return sqlite3.connect(f"file:{quote(str(self.path))}?mode={mode}", uri=True, timeout=60, isolation_level=None)

    @contextlib.contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction that changes the ledger; another writer waits up to a minute."""
        try:
            with self._writer.begin() as connection:
                yield connection
        except sa.exc.OperationalError as error:
            raise GciError(
                f"The ledger {self.path} can't be written: {error.orig}. Check the folder's permissions, free space, "
                "and whether another gci command is running."
            ) from None

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        try:
            with self._reader.connect() as connection:
                yield connection
        except sa.exc.DatabaseError as error:
            hint = (
                "Restore it from a backup."
                if self.path.exists()
                else "Land something first ('gci land'), or name another home with --home."
            )
            raise GciError(f"The ledger {self.path} can't be read: {error.orig}. {hint}") from None

    def create(self) -> None:
        """Make the tables of a new ledger; an existing one is only checked: a newer ledger than the code is refused."""
        with self.write() as connection:
            METADATA.create_all(connection)
            version = connection.scalar(sa.select(schema_info.c.version))
            if version is None:
                connection.execute(schema_info.insert().values(version=SCHEMA_VERSION))
        self.check_version()

    def check_version(self) -> None:
        with self.read() as connection:
            version = connection.scalar(sa.select(schema_info.c.version))
        if version is not None and version > SCHEMA_VERSION:
            raise GciError(
                f"The ledger {self.path} was made by a newer version (schema {version}, this one knows {SCHEMA_VERSION}). "
                "Install the newer version of the product."
            )

    # the log ------------------------------------------------------------------------------------------------------

    def append(
        self,
        kind: str,
        name: str,
        digest: str,
        payload: dict[str, Any],
        parts: Sequence[dict[str, Any]] = (),
        *,
        at: datetime | None = None,
    ) -> int:
        """Append an entry (and the parts it brings) in one transaction; returns its number.

        Parts are ``{feed, month, digest, file_digest, rows}``. Entries of kind ``file``, ``quarantine`` and ``evidence`` enter
        once for the same bytes and feed (``name`` is ``feed/file name``); other kinds enter when they differ from the latest
        of their kind. What is there already is left alone and its number returned.
        """
        with self.write() as connection:
            if (known := self._known(connection, kind, name, digest)) is not None:
                return known
            if parts:  # the chain covers the parts: a changed row of the table `part` is found
                payload = {**payload, "parts": [[p["month"], p["digest"], p["file_digest"], p["rows"]] for p in parts]}
            last = connection.execute(sa.select(entry.c.n, entry.c.head).order_by(entry.c.n.desc()).limit(1)).first()
            n, previous = (last.n + 1, last.head) if last else (1, GENESIS)
            moment = (at or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            new = Entry(n, moment, kind, name, digest, payload, previous, "")
            connection.execute(
                entry.insert().values(
                    n=n, at=moment, kind=kind, name=name, digest=digest, payload=canonical_json(payload),
                    previous_head=previous, head=new.expected_head(),
                )
            )  # fmt: skip
            if parts:
                connection.execute(part.insert(), [{**p, "entry": n} for p in parts])
            return n

    @staticmethod
    def _known(connection: sa.Connection, kind: str, name: str, digest: str) -> int | None:
        if kind in ONCE_KINDS:
            folder = name.split("/", 1)[0] + "/"
            # a quarantined file may land once its cause is gone (a header was mapped): only a landed one is known for good
            kinds = ONCE_KINDS if kind == "quarantine" else tuple(k for k in ONCE_KINDS if k != "quarantine")
            found = sa.select(entry.c.n).where(
                entry.c.kind.in_(kinds), entry.c.digest == digest, entry.c.name.startswith(folder, autoescape=True)
            )
            return connection.scalar(found.order_by(entry.c.n).limit(1))
        latest = connection.execute(
            sa.select(entry.c.n, entry.c.digest).where(entry.c.kind == kind).order_by(entry.c.n.desc()).limit(1)
        ).first()
        return latest.n if latest is not None and latest.digest == digest else None

    def find_file(self, feed: str, digest: str) -> Entry | None:
        """The entry under which these bytes entered this feed before, if they did."""
        with self.read() as connection:
            n = self._known(connection, "file", f"{feed}/", digest)
            row = connection.execute(sa.select(entry).where(entry.c.n == n)).first() if n else None
        return _entry(row) if row is not None else None

    def head(self, as_of: int | None = None) -> tuple[int, str]:
        """Number and head digest of the newest entry (of entry ``as_of`` when given); ``(0, GENESIS)`` of an empty log."""
        query = sa.select(entry.c.n, entry.c.head).order_by(entry.c.n.desc()).limit(1)
        if as_of is not None:
            query = query.where(entry.c.n <= as_of)
        with self.read() as connection:
            row = connection.execute(query).first()
        return (row.n, row.head) if row else (0, GENESIS)

    def moment(self, as_of: int) -> str:
        """When entry ``as_of`` entered (UTC): the time by the product's only clock."""
        with self.read() as connection:
            at = connection.scalar(sa.select(entry.c.at).where(entry.c.n == as_of))
        if at is None:
            raise GciError(f"The log holds no entry {as_of}.")
        return str(at)

    def entries(self, *, kinds: Iterable[str] | None = None, as_of: int | None = None) -> list[Entry]:
        """Entries in order, of some kinds, up to a number."""
        query = sa.select(entry).order_by(entry.c.n)
        if kinds is not None:
            query = query.where(entry.c.kind.in_(list(kinds)))
        if as_of is not None:
            query = query.where(entry.c.n <= as_of)
        with self.read() as connection:
            return [_entry(row) for row in connection.execute(query)]

    def latest(self, kind: str, as_of: int | None = None) -> Entry | None:
        """The newest entry of a kind at ``as_of``."""
        found = self.entries(kinds=[kind], as_of=as_of)
        return found[-1] if found else None

    def parts(self, feed: str, as_of: int, months: Sequence[str] | None = None) -> list[Part]:
        """The parts of a feed among the first ``as_of`` entries, in the order they entered."""
        query = sa.select(part).where(part.c.feed == feed, part.c.entry <= as_of).order_by(part.c.entry, part.c.month)
        if months is not None:
            query = query.where(part.c.month.in_(list(months)))
        with self.read() as connection:
            return [Part(**row._mapping) for row in connection.execute(query)]

    def parts_of(self, n: int) -> list[Part]:
        """The parts that one entry brought."""
        with self.read() as connection:
            return [Part(**row._mapping) for row in connection.execute(sa.select(part).where(part.c.entry == n))]

    def part_entries(self) -> set[int]:
        """Numbers of the entries that parts say they came with."""
        with self.read() as connection:
            return set(connection.scalars(sa.select(part.c.entry).distinct()))

    # derived tables -----------------------------------------------------------------------------------------------

    def replace(
        self,
        month: str,
        table_name: str,
        stored: Iterable[Manifest] = (),
        rows: dict[str, list[dict[str, Any]]] | None = None,
        *,
        as_of: int,
        code_version: str,
    ) -> None:
        """Replace what one step computed for one month: manifests of its lake tables and its rows of derived tables.

        ``rows`` maps ``finding | verdict | indicator_value | result | materiality`` to rows (without month and table_name); what this step
        wrote there before is replaced. Each gets a seal: its digest in ``manifest`` under ``ledger/<table>@<table_name>``.
        """
        with self.write() as connection:
            stored = list(stored)
            for item in stored:
                self._put_manifest(connection, item)
            self._unseal(connection, month, stored)
            for name, content in (rows or {}).items():
                table = DERIVED[name]
                content = [{**row, "month": month, "table_name": table_name} for row in content]
                connection.execute(table.delete().where(table.c.month == month, table.c.table_name == table_name))
                if content:
                    connection.execute(table.insert(), content)
                digest = seal(connection, name, month, table_name)
                self._put_manifest(
                    connection,
                    Manifest(month, f"ledger/{name}@{table_name}", digest, digest, len(content), as_of, code_version, {}),
                )

    @staticmethod
    def _unseal(connection: sa.Connection, month: str, stored: Sequence[Manifest]) -> None:
        """A step that leaves something else than the month's last whole run did takes the month's seal away."""
        where = (manifest.c.month == month) & (manifest.c.table_name == RUN)
        run = connection.execute(sa.select(manifest.c.inputs).where(where)).scalar()
        left = json.loads(run) if run else {}
        if any(left.get(item.table_name) != item.digest for item in stored if item.table_name not in (RUN, OWN)):
            connection.execute(manifest.delete().where(manifest.c.month == month, manifest.c.table_name.in_((RUN, OWN))))

    @staticmethod
    def _put_manifest(connection: sa.Connection, item: Manifest) -> None:
        where = (manifest.c.month == item.month) & (manifest.c.table_name == item.table_name)
        connection.execute(manifest.delete().where(where))
        row = {**asdict(item), "inputs": canonical_json(item.inputs), "seal": item.expected_seal()}
        connection.execute(manifest.insert().values(row))

    def manifest(self, month: str, table_name: str) -> Manifest | None:
        """The current content of a table in a month; None when it was not computed."""
        found = self.manifests(month, table_name)
        return found[0] if found else None

    def manifests(self, month: str | None = None, table_name: str | None = None) -> list[Manifest]:
        query = sa.select(manifest).order_by(manifest.c.month, manifest.c.table_name)
        if month is not None:
            query = query.where(manifest.c.month == month)
        if table_name is not None:
            query = query.where(manifest.c.table_name == table_name)
        with self.read() as connection:
            return [_manifest(row) for row in connection.execute(query)]

    def stored_seal(self, month: str, table_name: str) -> str:
        """The seal that stands beside a manifest row."""
        query = sa.select(manifest.c.seal).where(manifest.c.month == month, manifest.c.table_name == table_name)
        with self.read() as connection:
            return connection.scalar(query) or ""

    def rows(self, name: str, **where: Any) -> list[dict[str, Any]]:
        """Rows of a derived table by equality (a list means any of), in primary-key order, without the JSON being parsed."""
        table = DERIVED[name]
        query = sa.select(table).order_by(*table.primary_key.columns)
        for column, value in where.items():
            query = query.where(table.c[column].in_(value) if isinstance(value, list | tuple) else table.c[column] == value)
        with self.read() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    def written(self, name: str) -> set[tuple[str, str]]:
        """Months and steps for which a derived table has rows."""
        table = DERIVED[name]
        with self.read() as connection:
            if not sa.inspect(connection).has_table(name):  # a home that was computed before the table existed
                return set()
            return {(row[0], row[1]) for row in connection.execute(sa.select(table.c.month, table.c.table_name).distinct())}

    def drop_derived(self) -> None:
        """Forget everything computed (not the log and its parts)."""
        with self.write() as connection:
            for table in (*DERIVED.values(), manifest):
                connection.execute(table.delete())


def seal(connection: sa.Connection, name: str, month: str, table_name: str) -> str:
    """Digest of every value of the rows that one step wrote to a derived table for a month."""
    table = DERIVED[name]
    query = sa.select(table).where(table.c.month == month, table.c.table_name == table_name)
    query = query.order_by(*table.primary_key.columns)
    return digest_json([list(row) for row in connection.execute(query)])


def _manifest(row: Any) -> Manifest:
    return Manifest(row.month, row.table_name, row.digest, row.file_digest, row.rows, row.as_of, row.code_version, json.loads(row.inputs))


def _entry(row: Any) -> Entry:
    return Entry(row.n, row.at, row.kind, row.name, row.digest, json.loads(row.payload), row.previous_head, row.head)
