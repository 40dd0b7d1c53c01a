"""A scratch home: the same files and parts, the log up to a number or another choice of its entries, and tables of its own.

Recomputing a revision, a view of the past and the split of a change by cause all ask what a month would say at another state of the log.
They ask it of a copy of the log in a temporary folder: the home itself is only read.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from resources.errors import GciError
from resources.home import Home
from resources.lake import Lake
from resources.ledger import Entry, Ledger, Part
from resources.schema import DERIVED, METADATA, entry, manifest, part
from resources.settings import Settings, settings_of

Keep = Callable[[Entry], bool]
# Parts of an entry as they shall be in the copy: None for none, a frame for other rows.
Changed = Mapping[tuple[int, str], pl.DataFrame | None]


class OverlayLake(Lake):
    """A lake of its own over another one: reads fall through to it, writes stay here."""

    def __init__(self, root: Path, below: Lake) -> None:
        super().__init__(root)
        self.below = below

    def file_path(self, digest: str) -> Path:
        return self.below.file_path(digest)

    def has(self, table: str, month: str, file_digest: str) -> bool:
        return super().has(table, month, file_digest) or self.below.has(table, month, file_digest)

    def existing(self, table: str, month: str, file_digest: str) -> Path:
        own = self.table_path(table, month, file_digest)
        return own if own.exists() else self.below.existing(table, month, file_digest)


@dataclass(frozen=True)
class ScratchHome(Home):
    """The home of a scratch computation; ``engine`` replaces that of the home's settings."""

    source: Home = None  # type: ignore[assignment]
    engine: str | None = None

    @cached_property
    def settings(self) -> Settings:
        """The settings of the newest entry that counts: not those of today's ``gci.toml``. Engine and Spark master are the home's."""
        today = self.source.settings
        found = self.ledger.latest("settings")
        if found is None:
            raise GciError("The log holds no settings at this number: nothing can have been computed then.")
        then = settings_of(self.source.lake.file_path(found.digest).read_bytes())
        return replace(then, engine=self.engine or today.engine, spark_master=today.spark_master)

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger("sqlite:///ledger.db", self.root)

    @cached_property
    def lake(self) -> Lake:
        return OverlayLake(self.root / "lake", self.source.lake)


@contextlib.contextmanager
def scratch(
    home: Home, keep: Keep, *, computed: bool, engine: str | None = None, changed: Changed | None = None, until: str | None = None
) -> Iterator[ScratchHome]:  # fmt: skip
    """A scratch home with the log entries that ``keep`` chooses; gone when the block ends.

    ``computed``: begin with what the home has computed, so that only months with other inputs are computed again; without it everything
    is computed from the kept files and parts. ``changed`` replaces the rows of single parts, by (entry, month). ``until`` is
    an instant of the log after which no entry of the copy is dated: what only the passing of time changes stays as it was then.
    """
    with tempfile.TemporaryDirectory(prefix="gci-") as folder:
        made = ScratchHome(Path(folder), home, engine)
        made.ledger.create()
        _copy_log(home.ledger, made, keep, changed or {}, until)
        if computed:
            _copy_computed(home.ledger, made.ledger)
        yield made


def extend(made: ScratchHome, keep: Keep) -> None:
    """Add the entries that ``keep`` chooses and the scratch home does not have: what is computed then begins with what was computed."""
    known = {item.n for item in made.ledger.entries()}
    _copy_log(made.source.ledger, made, lambda item: keep(item) and item.n not in known, {}, None)


def up_to(as_of: int) -> Keep:
    """The first ``as_of`` entries."""
    return lambda item: item.n <= as_of


def _copy_log(source: Ledger, made: ScratchHome, keep: Keep, changed: Changed, until: str | None) -> None:
    kept = [item for item in source.entries() if keep(item)]
    numbers = {item.n for item in kept}
    with source.read() as connection:
        entries = [dict(row._mapping) for row in connection.execute(sa.select(entry)) if row.n in numbers]
        parts = [dict(row._mapping) for row in connection.execute(sa.select(part)) if row.entry in numbers]
    if until is not None:
        entries = [{**row, "at": min(row["at"], until)} for row in entries]
    parts = [_changed_part(made, row, changed) for row in parts if changed.get((row["entry"], row["month"]), row) is not None]
    with made.ledger.write() as connection:
        if entries:
            connection.execute(entry.insert(), entries)
        if parts:
            connection.execute(part.insert(), parts)


def _changed_part(made: ScratchHome, row: dict[str, object], changed: Changed) -> dict[str, object]:
    item = Part(**row)  # type: ignore[arg-type]
    rows = changed.get((item.entry, item.month))
    if rows is None:
        return row
    stored = made.lake.write(f"parts/{item.feed}", item.month, rows)
    return {**row, "digest": stored.digest, "file_digest": stored.file_digest, "rows": stored.rows}


def _copy_computed(source: Ledger, target: Ledger) -> None:
    for table in (*DERIVED.values(), manifest):
        with source.read() as connection:
            rows = [dict(row._mapping) for row in connection.execute(sa.select(METADATA.tables[table.name]))]
        if rows:
            with target.write() as connection:
                connection.execute(table.insert(), rows)
