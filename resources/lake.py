"""The lake: kept files and immutable tables.

``files/<hex>`` holds every landed file unchanged. ``<table>/<month>/<hex>.parquet`` holds one month of one table, named by its
digest and never replaced in place; the ledger says which digest is which result. Digests are over content (sorted rows,
fixed column order, integers and text), never over Parquet bytes, so they are equal on every engine and for every row order.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import polars as pl

from resources.digest import PREFIX, digest_file
from resources.errors import GciError

# Where a row came from: kept in tables, but no part of what the table says. The same rows in other files give the same digest.
PROVENANCE = ("entry", "source_row")


@dataclass(frozen=True)
class Stored:
    """One month of one table in the lake. ``digest`` leaves provenance columns out, ``file_digest`` covers every column."""

    table: str
    month: str
    digest: str
    file_digest: str
    rows: int


class _HashSink:
    """A file-like object that keeps nothing but a running SHA-256."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.hash.update(data)
        return len(data)

    def flush(self) -> None: ...


def content_digest(frame: pl.DataFrame, *, provenance: bool = False) -> str:
    """Digest of what a table says: column names and types, then its rows sorted over all columns, as canonical CSV.

    Columns ``entry`` and ``source_row`` count only with ``provenance=True``.
    """
    columns = [c for c in frame.columns if provenance or c not in PROVENANCE]
    sink = _HashSink()
    header = ",".join(f"{name}:{frame.schema[name]}" for name in columns)
    sink.write(header.encode() + b"\n")
    chosen = frame.select(columns)
    if columns and not chosen.is_empty():
        # Strings are quoted and nulls are not, so that an empty text and an unknown stay apart.
        chosen.sort(columns, nulls_last=False).write_csv(
            sink,  # type: ignore[call-overload]
            include_header=False,
            quote_style="non_numeric",
            null_value="",
        )
    return PREFIX + sink.hash.hexdigest()


class Lake:
    """Files and tables under ``<home>/lake``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    # files --------------------------------------------------------------------------------------------------------

    def file_path(self, digest: str) -> Path:
        """Where the kept file with that digest lies (whether it exists or not)."""
        return self.root / "files" / digest.removeprefix(PREFIX)

    def keep_file(self, source: Path, digest: str) -> Path:
        """Keep a landed file unchanged under its digest; a file that is there already is left alone."""
        target = self.file_path(digest)
        if not target.exists():
            with _atomic(target) as handle, source.open("rb") as data:
                shutil.copyfileobj(data, handle, 1 << 20)
            if digest_file(target) != digest:
                target.unlink()
                raise GciError(f"{source.name} changed while it was being read. Land it again when it is written completely.")
        return target

    def keep_bytes(self, data: bytes) -> str:
        """Keep bytes (a settings or reference file) and return their digest."""
        digest = PREFIX + hashlib.sha256(data).hexdigest()
        target = self.file_path(digest)
        if not target.exists():
            with _atomic(target) as handle:
                handle.write(data)
        return digest

    # tables -------------------------------------------------------------------------------------------------------

    def table_path(self, table: str, month: str, file_digest: str) -> Path:
        return self.root / table / (month or "all") / f"{file_digest.removeprefix(PREFIX)}.parquet"

    def write(self, table: str, month: str, frame: pl.DataFrame) -> Stored:
        """Write one month of a table (``month`` may be empty for tables without one); returns its digests."""
        digest = content_digest(frame)
        has_provenance = any(c in frame.columns for c in PROVENANCE)
        file_digest = content_digest(frame, provenance=True) if has_provenance else digest
        target = self.table_path(table, month, file_digest)
        if not target.exists():
            with _atomic(target) as handle:
                frame.write_parquet(handle, compression="zstd", statistics=True)
        return Stored(table, month, digest, file_digest, frame.height)

    def scan(self, table: str, month: str, file_digest: str) -> pl.LazyFrame:
        """The table as a lazy frame; GciError when its file is gone."""
        path = self.table_path(table, month, file_digest)
        if not path.exists():
            raise GciError(
                f"{path.relative_to(self.root.parent)} is missing from the lake. "
                "Run 'gci verify' to see what is affected, and 'gci run' to make it again."
            )
        return pl.scan_parquet(path)

    def read(self, table: str, month: str, file_digest: str) -> pl.DataFrame:
        return self.scan(table, month, file_digest).collect()


@contextlib.contextmanager
def _atomic(target: Path) -> Iterator[IO[Any]]:
    """A file that appears under its name only when it is complete and on disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        os.chmod(name, 0o644)
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise
