"""The lake: kept files and immutable tables.

``files/<hex>`` holds every landed file unchanged. ``<table>/<month>/<hex>.parquet`` holds one month of one table, named by its
digest and never replaced in place; the ledger says which digest is which result. Digests are over content (sorted rows,
fixed column order, integers and text), never over Parquet bytes, so they are equal on every engine and for every row order.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import IO, Any

import polars as pl

from resources.digest import PREFIX, digest_text
from resources.errors import GciError
from resources.files import NEW, place

# Where a row came from: kept in tables, but no part of what the table says. The same rows in other files give the same digest.
PROVENANCE = ("entry", "source_row")
# Rows that are read together: a range of meters of a sorted table is found by the statistics of its row groups.
ROW_GROUP = 131_072
# A table up to this size is sorted as fast as it is looked at.
_SORTED_AT_ONCE = 20_000
# Tables that are kept in memory for the next reader: how many, and how large one may be. A month of 50 sites has about 30, and reads
# some of the eleven months before.
KEPT_TABLES, KEPT_BYTES = 256, 1 << 20


@dataclass(frozen=True)
class Stored:
    """One month of one table in the lake. ``digest`` leaves provenance columns out, ``file_digest`` covers every column."""

    table: str
    month: str
    digest: str
    file_digest: str
    rows: int


class ContentDigest:
    """The running digest of what a table says: column names and types, then its rows in order of all columns, as canonical CSV.

    Rows are given in as many pieces as one likes; the pieces do not change the digest. Columns ``entry`` and ``source_row`` come last in
    the order of rows and have a digest of their own: ``content`` leaves them out, ``whole`` covers both.
    """

    def __init__(self, schema: pl.Schema) -> None:
        self.columns = [c for c in schema if c not in PROVENANCE]
        self.provenance = [c for c in schema if c in PROVENANCE]
        self.order = [*self.columns, *self.provenance]
        self._last: pl.DataFrame | None = None
        self._hashes = []
        for columns in (self.columns, self.provenance):
            sink = _HashSink()
            sink.write(",".join(f"{name}:{schema[name]}" for name in columns).encode() + b"\n")
            self._hashes.append(sink)

    def add(self, rows: pl.DataFrame) -> None:
        """Count rows in that come after all rows before. ValueError when they come before one of those."""
        self.count(self.in_order(rows))

    def in_order(self, rows: pl.DataFrame, *, ordered: bool = False) -> pl.DataFrame:
        """The next rows in order (``ordered``: they are); ValueError when they come before one of those before."""
        if rows.is_empty() or not self.order:
            return rows
        in_order = ordered or (rows.height > _SORTED_AT_ONCE and _in_order(rows, self.order))
        rows = rows if in_order else rows.sort(self.order, nulls_last=False)
        if self._last is not None and not _in_order(pl.concat([self._last, rows.head(1)]), self.order):
            raise ValueError("rows are not in order")
        self._last = rows.tail(1)
        return rows

    def count(self, rows: pl.DataFrame) -> None:
        """Count the next rows in, as :meth:`in_order` gave them."""
        for columns, sink in zip((self.columns, self.provenance), self._hashes, strict=True):
            if columns and not rows.is_empty():
                # Strings are quoted and nulls are not, so that an empty text and an unknown stay apart.
                rows.select(columns).write_csv(
                    sink,  # type: ignore[call-overload]
                    include_header=False,
                    quote_style="non_numeric",
                    null_value="",
                )

    @property
    def content(self) -> str:
        return PREFIX + self._hashes[0].hash.hexdigest()

    @property
    def whole(self) -> str:
        """Digest of all columns; equal to ``content`` where no column says where rows came from."""
        if not self.provenance:
            return self.content
        return digest_text(f"{self.content} {self._hashes[1].hash.hexdigest()}")


class _HashSink:
    """A file-like object that keeps nothing but a running SHA-256."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.hash.update(data)
        return len(data)

    def flush(self) -> None: ...


def _in_order(rows: pl.DataFrame, columns: list[str]) -> bool:
    """Whether rows are sorted over all columns, nulls first; looks at as many columns as it needs to tell."""
    tied = pl.repeat(True, max(rows.height - 1, 0), dtype=pl.Boolean, eager=True)
    for name in columns:
        before, after = rows[name].head(-1), rows[name].tail(-1)
        pair = pl.DataFrame({"a": before, "b": after, "tied": tied})
        rises = (pl.col("a") < pl.col("b")).fill_null(pl.col("a").is_null() & pl.col("b").is_not_null())
        found = pair.select(rises=rises, same=pl.col("a").eq_missing(pl.col("b")), tied="tied")
        if found.select((pl.col("tied") & ~pl.col("rises") & ~pl.col("same")).any()).item():
            return False
        tied = found.select(pl.col("tied") & pl.col("same")).to_series()
        if not tied.any():
            return True
    return True


def content_digest(frame: pl.DataFrame, *, provenance: bool = False) -> str:
    """Digest of what a table says, whatever the order of its rows; columns ``entry`` and ``source_row`` count only with ``provenance``."""
    digest = ContentDigest(frame.schema)
    digest.add(frame)
    return digest.whole if provenance else digest.content


class TableWriter:
    """One month of a table, written piece by piece in the order of its rows; it appears in the lake when ``close`` has named it."""

    def __init__(self, lake: Lake, table: str, month: str, schema: pl.Schema) -> None:
        import pyarrow.parquet as pq  # commands that only read do without

        self._lake, self._table, self._month, self._schema = lake, table, month, schema
        self._digest, self._rows = ContentDigest(schema), 0
        folder = lake.table_path(table, month, "").parent
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, self._name = tempfile.mkstemp(dir=folder, prefix=NEW)
        self._handle = os.fdopen(descriptor, "wb")
        self._writer = pq.ParquetWriter(
            self._handle, _arrow(pl.DataFrame(schema=schema)).schema, compression="zstd",
            # a third of the time and of the size for sorted whole numbers
            use_dictionary=[name for name, dtype in schema.items() if dtype == pl.String],
            column_encoding={name: "DELTA_BINARY_PACKED" for name, dtype in schema.items() if dtype == pl.Int64},
        )  # fmt: skip
        # one piece is hashed and written while the next is made
        self._worker = ThreadPoolExecutor(1)
        self._pending: Future[None] | None = None

    def add(self, rows: pl.DataFrame, *, ordered: bool = False) -> None:
        """Add rows that come after those before, in the order of the columns; ValueError when they don't.

        ``ordered`` says that they are in that order among themselves.
        """
        piece = self._digest.in_order(rows.select(list(self._schema)), ordered=ordered)
        self._rows += piece.height
        self._settle()
        self._pending = self._worker.submit(self._write, piece)

    def _write(self, rows: pl.DataFrame) -> None:
        self._digest.count(rows)
        self._writer.write_table(_arrow(rows), row_group_size=ROW_GROUP)

    def _settle(self) -> None:
        if self._pending is not None:
            self._pending.result()
            self._pending = None

    def close(self) -> Stored:
        """Finish the file and give it its name."""
        self._settle()
        self._writer.close()
        self._handle.flush()
        os.fsync(self._handle.fileno())
        self._handle.close()
        stored = Stored(self._table, self._month, self._digest.content, self._digest.whole, self._rows)
        target = self._lake.table_path(self._table, self._month, stored.file_digest)
        os.chmod(self._name, 0o644)
        if target.exists():
            os.unlink(self._name)
        else:
            place(self._name, target)
        return stored

    def abandon(self) -> None:
        """Leave nothing behind; nothing happens when the table was closed."""
        self._worker.shutdown(wait=True)
        if not self._handle.closed:
            self._writer.close()
            self._handle.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._name)


def _arrow(rows: pl.DataFrame) -> Any:
    return rows.to_arrow(compat_level=pl.CompatLevel.oldest())


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
            seen = hashlib.sha256()
            with _atomic(target) as handle, source.open("rb") as data:
                while block := data.read(1 << 20):
                    seen.update(block)
                    handle.write(block)
            if PREFIX + seen.hexdigest() != digest:
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
        digest = ContentDigest(frame.schema)
        digest.add(frame)
        target = self.table_path(table, month, digest.whole)
        if not target.exists():
            with _atomic(target) as handle:
                frame.write_parquet(handle, compression="zstd", statistics=True, row_group_size=ROW_GROUP)
        return Stored(table, month, digest.content, digest.whole, frame.height)

    @contextlib.contextmanager
    def writer(self, table: str, month: str, schema: pl.Schema) -> Iterator[TableWriter]:
        """A table that is written piece by piece and never held whole. Without ``close`` nothing is left of it."""
        writer = TableWriter(self, table, month, schema)
        try:
            yield writer
        finally:
            writer.abandon()

    def has(self, table: str, month: str, file_digest: str) -> bool:
        """Whether the file of a table is there."""
        return self.table_path(table, month, file_digest).exists()

    def scan(self, table: str, month: str, file_digest: str) -> pl.LazyFrame:
        """The table as a lazy frame; GciError when its file is gone."""
        return pl.scan_parquet(self.existing(table, month, file_digest))

    def existing(self, table: str, month: str, file_digest: str) -> Path:
        """Where a table lies; GciError when its file is gone."""
        path = self.table_path(table, month, file_digest)
        if not self.has(table, month, file_digest):
            raise GciError(
                f"{path.relative_to(self.root.parent)} is missing from the lake. "
                "Run 'gci verify' to see what is affected, and 'gci run' to make it again."
            )
        return path

    def read(self, table: str, month: str, file_digest: str) -> pl.DataFrame:
        """The table; a small one is kept for whoever reads the same file next, so never change the frame in place."""
        return _kept.read(self.existing(table, month, file_digest))


class _Kept:
    """Small tables read last, by file and its state on disk: a month's steps, pages and later months read the same ones again."""

    def __init__(self) -> None:
        self._frames: OrderedDict[tuple[str, int, int, int], pl.DataFrame] = OrderedDict()
        self._lock = Lock()

    def read(self, path: Path) -> pl.DataFrame:
        state = path.stat()
        key = (str(path), state.st_ino, state.st_mtime_ns, state.st_size)
        with self._lock:
            if key in self._frames:
                self._frames.move_to_end(key)
                return self._frames[key]
        frame = pl.read_parquet(path)
        if state.st_size <= KEPT_BYTES and frame.estimated_size() <= KEPT_BYTES:
            with self._lock:
                self._frames[key] = frame
                while len(self._frames) > KEPT_TABLES:
                    self._frames.popitem(last=False)
        return frame


_kept = _Kept()


@contextlib.contextmanager
def _atomic(target: Path) -> Iterator[IO[Any]]:
    """A file that appears under its name only when it is complete and on disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=NEW)
    try:
        with os.fdopen(descriptor, "wb") as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        os.chmod(name, 0o644)
        place(name, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise
