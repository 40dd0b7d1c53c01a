"""The log: the one append-only, hash-chained table that is the clock of everything, and the parts that its entries brought.

An entry is numbered, dated, and chained to the one before; nothing in the log is ever changed. Its time never runs backwards
(docs/adr/0015-the-clock-of-the-log.md).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from resources.database import Database
from resources.digest import canonical_json, digest_json, digest_text
from resources.errors import GciError
from resources.schema import entry, part

GENESIS = digest_text("green-compute-index")
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
class Item:
    """What is to enter the log; ``parts`` are ``{feed, month, digest, file_digest, rows}``."""

    kind: str
    name: str
    digest: str
    payload: dict[str, Any]
    parts: Sequence[dict[str, Any]] = ()


class Log(Database):
    """The log of one ledger."""

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
        """Append one entry (and the parts it brings) as :meth:`append_many` does; returns its number."""
        return self.append_many([Item(kind, name, digest, payload, parts)], at=at)[0]

    def append_many(self, items: Iterable[Item], *, at: datetime | None = None) -> list[int]:
        """Append entries in order in one transaction, all or none; returns the number of each.

        Entries of kind ``file``, ``quarantine`` and ``evidence`` enter once for the same bytes and feed (``name`` is ``feed/file name``);
        other kinds enter when they differ from the latest of their kind. What is there already is left alone and its number returned.

        ``at`` is the time by the machine's clock (default: now). The log's time never runs backwards: an entry is not dated before the one
        ahead of it, and what the clock said then stands in its payload as ``clock``.
        """
        with self.write() as connection:
            return [self._append(connection, item, (at or datetime.now(UTC)).astimezone(UTC)) for item in items]

    @classmethod
    def _append(cls, connection: sa.Connection, item: Item, now: datetime) -> int:
        if (known := cls._known(connection, item.kind, item.name, item.digest)) is not None:
            return known
        payload = item.payload
        if item.parts:  # the chain covers the parts: a changed row of the table `part` is found
            payload = {**payload, "parts": [[p["month"], p["digest"], p["file_digest"], p["rows"]] for p in item.parts]}
        last = connection.execute(sa.select(entry.c.n, entry.c.at, entry.c.head).order_by(entry.c.n.desc()).limit(1)).first()
        n, previous = (last.n + 1, last.head) if last else (1, GENESIS)
        clock = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        at = max(clock, last.at) if last else clock
        if at != clock:
            payload = {**payload, "clock": clock}
        new = Entry(n, at, item.kind, item.name, item.digest, payload, previous, "")
        connection.execute(
            entry.insert().values(
                n=n, at=at, kind=item.kind, name=item.name, digest=item.digest, payload=canonical_json(payload),
                previous_head=previous, head=new.expected_head(),
            )
        )  # fmt: skip
        if item.parts:
            connection.execute(part.insert(), [{**p, "entry": n} for p in item.parts])
        return n

    @staticmethod
    def _known(connection: sa.Connection, kind: str, name: str, digest: str) -> int | None:
        if kind in ONCE_KINDS:
            folder = name.split("/", 1)[0] + "/"
            # a quarantined file may land once its cause is gone (a header was mapped): only a landed one is known for good
            kinds = ONCE_KINDS if kind == "quarantine" else tuple(k for k in ONCE_KINDS if k != "quarantine")
            found = sa.select(entry.c.n).where(
                entry.c.kind.in_(kinds), entry.c.digest == digest, sa.func.substr(entry.c.name, 1, len(folder)) == folder
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
            if as_of in self._heads:
                return as_of, self._heads[as_of]
            query = query.where(entry.c.n <= as_of)
        with self.read() as connection:
            row = connection.execute(query).first()
        if row is not None and row.n == as_of:  # an entry never changes
            self._heads[row.n] = row.head
        return (row.n, row.head) if row else (0, GENESIS)

    @cached_property
    def _heads(self) -> dict[int, str]:
        return {}

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

    def filled_entries(self, as_of: int) -> set[int]:
        """Numbers of those of the first ``as_of`` entries that brought a part with rows."""
        query = sa.select(part.c.entry).where(part.c.rows > 0, part.c.entry <= as_of).distinct()
        with self.read() as connection:
            return set(connection.scalars(query))

    def part_entries(self) -> set[int]:
        """Numbers of the entries that parts say they came with."""
        with self.read() as connection:
            return set(connection.scalars(sa.select(part.c.entry).distinct()))


def _entry(row: Any) -> Entry:
    return Entry(row.n, row.at, row.kind, row.name, row.digest, json.loads(row.payload), row.previous_head, row.head)
