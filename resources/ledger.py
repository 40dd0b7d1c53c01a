"""The ledger: the log (``log.py``), and the derived tables that say what the log amounts to.

Every table beside the log is derived: computed from its first N entries, replaced whole by (month, step), and sealed by a digest in
``manifest``. Transactions and the two kinds of database are in ``database.py``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import sqlalchemy as sa

from resources.digest import canonical_json, digest_json
from resources.log import GENESIS, ONCE_KINDS, Entry, Item, Log, Part
from resources.schema import DERIVED, manifest

__all__ = ["GENESIS", "ONCE_KINDS", "OWN", "RUN", "Entry", "Item", "Ledger", "Manifest", "Part", "Rows", "seal"]

# Manifests that say a month was computed whole: from which inputs of its trailing window, and from which of its own.
RUN, OWN = "run", "run/own"
# In the inputs of a manifest ``entry 3`` is the file that entered as number 3, ``<table>@<month>`` a table of another month.
ENTRY = "entry"
# Asked some hundred times a month: built once.
_THIS = (manifest.c.month == sa.bindparam("of")) & (manifest.c.table_name == sa.bindparam("table"))
_ONE, _DROP = sa.select(manifest).where(_THIS), manifest.delete().where(_THIS)
# Of each derived table: its columns, whether they hold floats, and what takes away the rows of a step.
_COLUMNS = {name: {c.name: isinstance(c.type, sa.Float) for c in table.columns} for name, table in DERIVED.items()}
_OTHERS = {name: [*columns.items()][2:] for name, columns in _COLUMNS.items()}  # month and table_name are the first two
_CLEAR = {
    name: table.delete().where(table.c.month == sa.bindparam("of"), table.c.table_name == sa.bindparam("step"))
    for name, table in DERIVED.items()
}


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
        return digest_json(vars(self))


class Rows(NamedTuple):
    """What one step leaves in a derived table for a month: whole rows in the order of columns and of the primary key, and the digest that
    ``seal`` finds of them."""

    lines: list[tuple[Any, ...]]
    digest: str

    @classmethod
    def of(cls, name: str, month: str, table_name: str, rows: Iterable[Mapping[str, Any]]) -> Rows:
        """Rows of the table ``name`` (without month and table_name), with their values as every database gives them back.

        SQLite forgets the sign of zero and knows no NaN, PostgreSQL takes no NUL in a text.
        """
        lines, columns = [], _COLUMNS[name]
        for row in rows:
            if not row.keys() <= columns.keys():
                raise ValueError(f"rows of {name} have no {', '.join(sorted(row.keys() - columns.keys()))}")
            line: list[Any] = [month, table_name]
            for column, is_float in _OTHERS[name]:
                value = row.get(column)
                if is_float:
                    value = None if value is None or value != value else value + 0.0
                elif isinstance(value, str) and "\0" in value:
                    value = value.replace("\0", "\N{SYMBOL FOR NULL}")
                line.append(value)
            lines.append(tuple(line))
        keys = len(DERIVED[name].primary_key)  # the first columns
        lines.sort(key=lambda line: line[:keys])
        return cls(lines, digest_json(lines))


class Ledger(Log):
    """Access to one ledger. Every change is one transaction; writers wait for each other."""

    def replace(
        self,
        month: str,
        table_name: str,
        stored: Iterable[Manifest] = (),
        rows: Mapping[str, Rows | list[dict[str, Any]]] | None = None,
        *,
        as_of: int,
        code_version: str,
    ) -> None:
        """Replace what one step computed for one month: manifests of its lake tables and its rows of derived tables.

        ``rows`` maps ``finding | verdict | indicator_value | result | materiality`` to rows (without month and table_name); what this step
        wrote there before is replaced. Each gets a seal: its digest in ``manifest`` under ``ledger/<table>@<table_name>``.
        """
        with self.write() as connection:
            left = list(stored)
            self._unseal(connection, month, left)
            for name, content in (rows or {}).items():
                lines, digest = content if isinstance(content, Rows) else Rows.of(name, month, table_name, content)
                connection.execute(_CLEAR[name], {"of": month, "step": table_name})
                self._insert(connection, name, lines)
                left.append(Manifest(month, f"ledger/{name}@{table_name}", digest, digest, len(lines), as_of, code_version, {}))
            self._put_manifests(connection, left)

    @staticmethod
    def _unseal(connection: sa.Connection, month: str, stored: Sequence[Manifest]) -> None:
        """A step that leaves something else than the month's last whole run did takes the month's seal away."""
        where = (manifest.c.month == month) & (manifest.c.table_name == RUN)
        run = connection.execute(sa.select(manifest.c.inputs).where(where)).scalar()
        left = json.loads(run) if run else {}
        if any(left.get(item.table_name) != item.digest for item in stored if item.table_name not in (RUN, OWN)):
            connection.execute(manifest.delete().where(manifest.c.month == month, manifest.c.table_name.in_((RUN, OWN))))

    def _insert(self, connection: sa.Connection, name: str, lines: list[tuple[Any, ...]]) -> None:
        """Insert whole rows, as the driver takes them: SQLAlchemy would look at every value of them."""
        if not lines:
            return
        compiled = self._inserts[name]
        content = lines if compiled.positional else [dict(zip(_COLUMNS[name], line, strict=True)) for line in lines]
        connection.exec_driver_sql(str(compiled), content)

    @cached_property
    def _inserts(self) -> dict[str, Any]:
        return {name: table.insert().compile(dialect=self._writer.dialect) for name, table in DERIVED.items()}

    @staticmethod
    def _put_manifests(connection: sa.Connection, items: Sequence[Manifest]) -> None:
        if items:
            connection.execute(_DROP, [{"of": item.month, "table": item.table_name} for item in items])
            rows = [{**vars(item), "inputs": canonical_json(item.inputs), "seal": item.expected_seal()} for item in items]
            connection.execute(manifest.insert(), rows)

    def manifest(self, month: str, table_name: str) -> Manifest | None:
        """The current content of a table in a month; None when it was not computed."""
        with self.read() as connection:
            found = connection.execute(_ONE, {"of": month, "table": table_name}).first()
        return _manifest(found) if found else None

    def manifests(self, month: str | None = None, table_name: str | None = None) -> list[Manifest]:
        query = sa.select(manifest).order_by(manifest.c.month, manifest.c.table_name)
        if month is not None:
            query = query.where(manifest.c.month == month)
        if table_name is not None:
            query = query.where(manifest.c.table_name == table_name)
        with self.read() as connection:
            return [_manifest(row) for row in connection.execute(query)]

    def digests(self, *months: str) -> dict[str, dict[str, str]]:
        """The digest of every table of some months, by month and table."""
        query = sa.select(manifest.c.month, manifest.c.table_name, manifest.c.digest).where(manifest.c.month.in_(months))
        found: dict[str, dict[str, str]] = {month: {} for month in months}
        with self.read() as connection:
            for month, table_name, digest in connection.execute(query).all():
                found[month][table_name] = digest
        return found

    def inputs_of(self, month: str) -> dict[str, dict[str, Any]]:
        """What each table of a month was computed from, by digest; of a final revision of its own month alone."""
        return {item.table_name: item.inputs for item in self.manifests(month) if not item.table_name.startswith("ledger/")}

    def stored_seal(self, month: str, table_name: str) -> str:
        """The seal that stands beside a manifest row."""
        query = sa.select(manifest.c.seal).where(manifest.c.month == month, manifest.c.table_name == table_name)
        with self.read() as connection:
            return connection.scalar(query) or ""

    def rows(self, name: str, columns: Sequence[str] = (), **where: Any) -> list[dict[str, Any]]:
        """Rows of a derived table by equality (a list means any of), in primary-key order, without the JSON being parsed.

        ``columns``: the ones wanted; none means all.
        """
        table = DERIVED[name]
        names = columns or table.columns.keys()
        query = sa.select(*(table.c[column] for column in names)).order_by(*table.primary_key.columns)
        for column, value in where.items():
            query = query.where(table.c[column].in_(value) if isinstance(value, list | tuple) else table.c[column] == value)
        with self.read() as connection:
            if not self._there(connection, name):
                return []
            return [dict(zip(names, row, strict=True)) for row in connection.execute(query).all()]

    def _there(self, connection: sa.Connection, name: str) -> bool:
        """Whether a derived table exists: a home of an older version, not upgraded yet, is read without it. None is ever taken away."""
        if name not in self._tables and sa.inspect(connection).has_table(name):
            self._tables.add(name)
        return name in self._tables

    @cached_property
    def _tables(self) -> set[str]:
        return set()

    def written(self, name: str) -> set[tuple[str, str]]:
        """Months and steps for which a derived table has rows."""
        table = DERIVED[name]
        with self.read() as connection:
            if not self._there(connection, name):
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
    return digest_json([list(row) for row in connection.execute(query).all()])


def _manifest(row: Any) -> Manifest:
    return Manifest(row.month, row.table_name, row.digest, row.file_digest, row.rows, row.as_of, row.code_version, json.loads(row.inputs))
