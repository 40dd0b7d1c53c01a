"""A home as one revision saw it: the same lake and log, and what was computed then. What reads a home reads the revision from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from resources.errors import GciError
from resources.home import Home
from resources.ledger import Entry, Ledger, Manifest, Part
from resources.revisions import Revision, read_document, read_summary


class RevisionLedger(Ledger):
    """A ledger that answers with what a revision's document holds, and with the log up to the revision's number. It can't be written."""

    def __init__(self, home: Home, revision: Revision) -> None:
        self.__dict__.update(home.ledger.__dict__)
        self._home, self._revision = home, revision

    def write(self) -> Any:
        raise GciError("A final revision is never written again.")

    @cached_property
    def _summary(self) -> dict[str, Any]:
        return read_summary(self._home, self._revision.summary)

    @cached_property
    def _document(self) -> dict[str, Any]:
        return read_document(self._home, self._revision.document)

    def _rows(self, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (self._summary if name == "result" else self._document)["rows"][name]
        return found

    def rows(self, name: str, columns: Sequence[str] = (), **where: Any) -> list[dict[str, Any]]:
        wanted = {c: set(v) if isinstance(v, list | tuple) else {v} for c, v in where.items()}
        found = [row for row in self._rows(name) if all(row[c] in values for c, values in wanted.items())]
        return [{column: row[column] for column in columns} for row in found] if columns else found

    def manifests(self, month: str | None = None, table_name: str | None = None) -> list[Manifest]:
        return [item for item in self._manifests if month in (None, item.month) and table_name in (None, item.table_name)]

    def manifest(self, month: str, table_name: str) -> Manifest | None:
        return next(iter(self.manifests(month, table_name)), None)

    def digests(self, *months: str) -> dict[str, dict[str, str]]:
        return {month: {item.table_name: item.digest for item in self.manifests(month)} for month in months}

    @cached_property
    def _manifests(self) -> list[Manifest]:
        return [
            Manifest(month, name, digest, file_digest, rows, as_of, code, {})
            for month, tables in sorted(self._summary["tables"].items())
            for name, (digest, file_digest, rows, as_of, code) in sorted(tables.items())
        ]

    def inputs_of(self, month: str) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self._document["inputs"] if month == self._revision.month else {}
        return found

    def written(self, name: str) -> set[tuple[str, str]]:
        return {(row["month"], row["table_name"]) for row in self._rows(name)}

    def head(self, as_of: int | None = None) -> tuple[int, str]:
        return super().head(self._clamp(as_of))

    def entries(self, *, kinds: Iterable[str] | None = None, as_of: int | None = None) -> list[Entry]:
        return super().entries(kinds=kinds, as_of=self._clamp(as_of))

    def parts(self, feed: str, as_of: int, months: Sequence[str] | None = None) -> list[Part]:
        return super().parts(feed, self._clamp(as_of), months)

    def _clamp(self, as_of: int | None) -> int:
        return self._revision.as_of if as_of is None else min(as_of, self._revision.as_of)


@dataclass(frozen=True)
class RevisionHome(Home):
    """A home as one revision saw it: the same lake and log, and what was computed then."""

    source: Home = None  # type: ignore[assignment]
    revision: Revision = None  # type: ignore[assignment]

    @cached_property
    def ledger(self) -> Ledger:
        return RevisionLedger(self.source, self.revision)


def home_at(home: Home, revision: Revision) -> Home:
    """The home as the revision saw it. Its documents are read when something asks for what they hold."""
    return RevisionHome(home.root, home, revision)
