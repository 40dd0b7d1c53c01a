"""Large CSV files of readings to sorted parts, piece by piece: memory stays flat, whatever the size of the file.

The usual case of ``readings_text.py`` for a whole file, with the same result: texts that are plain numbers and times are read many at a
time, the few others go through the same careful functions. Pieces become sorted runs, and runs are merged by ranges of meters. A file
with anything unusual in its structure is left to the careful reader, which holds it whole.
"""

from __future__ import annotations

import tempfile
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from assets.raw.decode import first_row
from assets.raw.formats import nem
from assets.raw.headers import HeaderMap, map_headers
from assets.raw.moments import instants, month_of
from assets.raw.readings_text import SCHEMA, quality_letters, typed_readings
from checks.contracts.base import Contract
from resources.lake import Lake, Stored
from resources.settings import FeedSettings

LARGE = 16 * 2**20  # bytes from which on a file is read in pieces
_PIECE = 16 * 2**20
_AT_ONCE = 2  # pieces; much of each is the work of one core
_TOGETHER = 1_000_000  # rows merged at once
_MOST_ODD = 1_000_000  # rows that are not plain; more of them are no usual file
_LENGTH = 15  # texts of numbers that floats tell apart
_KEY = 2**35  # instants of the years 1900 to 2199, made positive, are below it
_EPOCH = 2_300_000_000
_RUN_COLUMNS = ("code", "at_s", "zoned", "quality", "source_row")
_LETTERS = (None, "A", "E", "M", "S")
_CODES = {letter: code for code, letter in enumerate(_LETTERS)}


@dataclass(frozen=True)
class Landing:
    """What a large file came to: its parts in the lake, and what the log says about it."""

    parts: list[Stored]
    rows: int
    rejected: int
    encoding: str
    headers: HeaderMap


@dataclass(frozen=True)
class _Taken:
    """What a piece came to: its plain rows as runs by month, and the others (SCHEMA and month)."""

    runs: dict[str, _Run]
    odd: pl.DataFrame


class _Unusual(Exception):
    """The file is left to the careful reader."""


@dataclass
class _Run:
    """A sorted piece of a month: its file, its meters in their order, and where the rows of each begin."""

    path: Path
    names: list[str]
    starts: np.ndarray
    ranks: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    @property
    def rows(self) -> int:
        return int(self.starts[-1])


def land_large(path: Path, name: str, contract: Contract, own: FeedSettings, lake: Lake) -> Landing | None:
    """The parts of a large CSV of readings, in the lake; None when the careful reader must look at it.

    Refused when a required column is missing, as for any file. The parts and their digests are those of the careful reader.
    """
    if not name.lower().endswith(".csv") or path.stat().st_size < LARGE:
        return None
    with path.open("rb") as handle:
        head = handle.read(65536)
    head = head[: head.rfind(b"\n") + 1]
    if not head or nem.recognised(head):
        return None
    header, delimiter, encoding = first_row(head, own.encoding)
    headers = map_headers(header, contract, own.columns)
    folder = lake.root / f"parts/{contract.name}"
    folder.mkdir(parents=True, exist_ok=True)
    for used in dict.fromkeys((encoding, "gb18030" if own.encoding == "auto" else encoding)):
        with tempfile.TemporaryDirectory(dir=folder, prefix=".runs-") as runs:
            try:
                return _Large(path, contract, headers, delimiter, used, lake, Path(runs)).land()
            except UnicodeDecodeError:
                continue
            except _Unusual:
                return None
    return None


class _Large:
    """One file on its way."""

    def __init__(self, path: Path, contract: Contract, headers: HeaderMap, delimiter: str, encoding: str, lake: Lake, folder: Path) -> None:
        self.path, self.contract, self.headers, self.delimiter, self.encoding = path, contract, headers, delimiter, encoding
        self.lake, self.folder = lake, folder
        self.runs: dict[str, list[_Run]] = {}
        self.odd: list[pl.DataFrame] = []
        self.months: Counter[str] = Counter()
        self.rows = 0

    def land(self) -> Landing:
        first = 2
        waiting: deque[Future[_Taken]] = deque()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for number, piece in enumerate(self._pieces()):
                frame = self._table(piece, number == 0, first)
                first += frame.height
                waiting.append(pool.submit(self._take, frame, number))
                if len(waiting) > _AT_ONCE:
                    self._add(waiting.popleft().result())
            for taken in waiting:
                self._add(taken.result())
        odd = pl.concat([pl.DataFrame(schema={**SCHEMA, "month": pl.String}), *self.odd])
        for (month,), some in odd.filter(pl.col("month").is_not_null()).group_by("month"):
            self.months[str(month)] += some.height
        most = max(self.months.values(), default=0)
        if not most:
            raise _Unusual  # no row has a readable time: the careful reader says so
        common = min(month for month, n in self.months.items() if n == most)
        odd = odd.with_columns(pl.col("month").fill_null(common))
        months = sorted({*self.runs, *odd["month"]})
        parts = [self._merged(month, odd.filter(pl.col("month") == month).drop("month")) for month in months]
        rejected = odd.filter(pl.col("problem").is_not_null()).height
        return Landing(parts, self.rows, rejected, self.encoding, self.headers)

    # pieces to runs -----------------------------------------------------------------------------------------------------

    def _pieces(self) -> Iterator[bytes]:
        """The file in pieces that end with a line, as UTF-8."""
        rest = b""
        with self.path.open("rb") as handle:
            while block := handle.read(_PIECE):
                data = rest + block
                cut = data.rfind(b"\n") + 1
                rest = data[cut:]
                if cut:
                    yield self._utf8(data[:cut])
        if rest:
            yield self._utf8(rest)

    def _utf8(self, data: bytes) -> bytes:
        # a line end within quotes, a guarded number, line ends of old programs
        if b'"' in data and (data.count(b'"') % 2 or b'="' in data):
            raise _Unusual
        if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
            raise _Unusual
        return data.decode("gb18030").encode() if self.encoding == "gb18030" else data.removeprefix(b"\xef\xbb\xbf")

    def _table(self, piece: bytes, first_piece: bool, first_row_number: int) -> pl.DataFrame:
        """A piece as text columns by name, and source_row; rows that are blank altogether too."""
        width = len(self.headers.names)
        try:
            frame = pl.read_csv(
                piece, has_header=False, skip_rows=int(first_piece), separator=self.delimiter,
                schema={f"c{i}": pl.String for i in range(width)}, row_index_name="source_row", row_index_offset=first_row_number,
            )  # fmt: skip
        except pl.exceptions.NoDataError:
            frame = pl.DataFrame(schema={"source_row": pl.UInt32, **{f"c{i}": pl.String for i in range(width)}})
        except pl.exceptions.PolarsError:
            piece.decode()  # text of another encoding is another matter
            raise _Unusual from None
        return frame.rename({f"c{i}": name or f"c{i}" for i, name in enumerate(self.headers.names)})

    def _add(self, taken: _Taken) -> None:
        """Count the next piece in."""
        self.odd.append(taken.odd)
        self.rows += taken.odd.height
        for month, run in taken.runs.items():
            self.runs.setdefault(month, []).append(run)
            self.months[month] += run.rows
            self.rows += run.rows
        if sum(frame.height for frame in self.odd) > _MOST_ODD:
            raise _Unusual

    def _take(self, frame: pl.DataFrame, number_of_piece: int) -> _Taken:
        """The plain rows of a piece as runs by month; the others aside."""
        meters, times, letters = _Texts(frame["meter_id"]), _Texts(frame["read_at"]), _Texts(_column(frame, "quality"))
        stated = instants(times.different)
        stated = stated.with_columns(
            month=month_of(stated["local_s"]),
            at_s=pl.col("local_s") - pl.col("offset_s").fill_null(0),
            zoned=pl.col("offset_s").is_not_null(),
        )
        months = stated["month"].unique().drop_nulls().sort().to_list()
        codes = quality_letters(letters.different).replace_strict(_CODES, default=None, return_dtype=pl.Int8)
        unread = letters.different.is_not_null() & (codes == 0)
        number = frame["value"].cast(pl.Float64, strict=False)
        rows = pl.DataFrame(
            [
                meters.each(pl.int_range(len(meters.different), dtype=pl.Int64, eager=True)).alias("code"),
                times.each(stated["at_s"]).alias("at_s"),
                times.each(stated["zoned"]).alias("zoned"),
                times.each(stated["month"].replace_strict({m: i for i, m in enumerate(months)}, return_dtype=pl.Int8)).alias("month"),
                letters.each(codes).alias("quality"),
                number.alias("number"),
                (number * 1_000_000).round().alias("steps"),
                frame["source_row"].cast(pl.Int64),
            ]
        )
        # of at most 14 digits: with up to six decimals floats err by less than 10⁻¹⁵, with more the rest is over 10⁻¹⁴
        exact = ((pl.col("number") * 1_000_000 - pl.col("steps")).abs() <= pl.col("steps").abs() * 1e-15) & pl.col("number").is_finite()
        blank = pl.col("number").is_null() & pl.lit(frame["value"].is_null())
        short = pl.lit(frame["value"].str.len_bytes() <= _LENGTH)
        named, read = (pl.lit(column) for column in (meters.each(meters.different.is_not_null()), letters.each(~unread)))
        plain = rows.select((((exact & short) | blank) & named & pl.col("month").is_not_null() & read).fill_null(False)).to_series()
        good = rows.filter(plain).select(*_RUN_COLUMNS, "month", value_e6=pl.col("steps").cast(pl.Int64))
        runs = {}
        for number_of_month, month in enumerate(months):
            some = good if len(months) == 1 else good.filter(pl.col("month") == number_of_month)
            if some.height:
                runs[month] = _run_of(some, meters.different, self.folder / f"{month}-{number_of_piece}.arrow")
        return _Taken(runs, self._aside(frame.filter(~plain)))

    def _aside(self, odd: pl.DataFrame) -> pl.DataFrame:
        """Rows that are not plain, through the careful functions; those that are blank altogether are none."""
        cells = [name for name in odd.columns if name != "source_row"]
        stripped = odd.with_columns(pl.col(cells).str.strip_chars().replace("", None), pl.col("source_row").cast(pl.Int64))
        written = stripped.filter(~pl.all_horizontal(pl.col(cells).is_null()))
        return typed_readings(written).select(*SCHEMA, "month")

    # runs to a part -----------------------------------------------------------------------------------------------------

    def _merged(self, month: str, odd: pl.DataFrame) -> Stored:
        """The part of a month: all its runs and other rows, in order."""
        runs = self.runs.get(month, [])
        names = sorted({name for run in runs for name in run.names} | set(odd["meter_id"].drop_nulls()))
        ranks = {name: rank for rank, name in enumerate(names)}
        sizes = np.zeros(len(names), dtype=np.int64)
        for run in runs:
            run.ranks = np.array([ranks[name] for name in run.names], dtype=np.int64)
            sizes[run.ranks] += np.diff(run.starts)
        named = pl.Series("meter_id", names, dtype=pl.String)
        numbered = odd.with_columns(rank=pl.col("meter_id").replace_strict(ranks, default=-1, return_dtype=pl.Int64))
        with self.lake.writer(f"parts/{self.contract.name}", month, SCHEMA) as writer:
            for low, high in _ranges(sizes):
                pieces = [_rows_of(run, low, high, named) for run in runs]
                beside = numbered.filter((pl.col("rank") >= (low or -1)) & (pl.col("rank") < high))
                writer.add(_in_order(pl.concat([*pieces, beside])).select(list(SCHEMA)), ordered=True)
            return writer.close()


def _run_of(rows: pl.DataFrame, names: pl.Series, path: Path) -> _Run:
    """Rows of a month, sorted, in a file. ``rows``: _RUN_COLUMNS and value_e6, ``code`` the place in ``names``."""
    used = rows["code"].value_counts()
    used = used.with_columns(names.gather(used["code"]).alias("name")).sort("name")
    ranks = pl.zeros(len(names), dtype=pl.Int64, eager=True).scatter(used["code"], pl.int_range(used.height, eager=True))
    run = rows.with_columns(ranks.gather(rows["code"]).alias("code"))
    run.sort(pl.col("code") * _KEY + pl.col("at_s") + _EPOCH).drop("month").write_ipc(path, compression="uncompressed")
    starts = np.concatenate([[0], np.cumsum(used["count"].to_numpy(), dtype=np.int64)])
    return _Run(path, used["name"].to_list(), starts)


def _column(frame: pl.DataFrame, name: str) -> pl.Series:
    return frame[name] if name in frame.columns else pl.Series([None], dtype=pl.String).new_from_index(0, frame.height)


class _Texts:
    """A column of which few texts differ: ``different`` ones without outer blanks (null for an empty one), each looked at once."""

    def __init__(self, texts: pl.Series) -> None:
        codes = texts.cast(pl.Categorical).to_physical().cast(pl.Int64).fill_null(-1) + 1
        first = pl.DataFrame({"code": codes}).with_row_index("place").group_by("code").agg(pl.col("place").first())
        self.different = texts.gather(first["place"]).str.strip_chars().replace("", None)
        numbers = np.zeros(int(first["code"].max() or 0) + 1, dtype=np.int64)  # type: ignore[arg-type]
        numbers[first["code"].to_numpy()] = np.arange(first.height)
        self._place = pl.Series(numbers).gather(codes)

    def each(self, of_different: pl.Series) -> pl.Series:
        """What holds for the different texts, row by row."""
        return of_different.gather(self._place)


def _ranges(sizes: np.ndarray) -> Iterator[tuple[int, int]]:
    """Ranges of meters with about as many rows as are merged at once."""
    until = np.cumsum(sizes)
    low = 0
    while low < len(sizes):
        before = until[low - 1] if low else 0
        high = max(low + 1, int(np.searchsorted(until, before + _TOGETHER, side="right")))
        yield low, high
        low = high
    if not len(sizes):
        yield 0, 1


def _rows_of(run: _Run, low: int, high: int, named: pl.Series) -> pl.DataFrame:
    """The rows of a run whose meters are in a range, with the columns of SCHEMA and rank."""
    first, after = np.searchsorted(run.ranks, [low, high])
    start, end = int(run.starts[first]), int(run.starts[after])
    with pa.memory_map(str(run.path)) as mapped:
        rows = pl.DataFrame(pl.from_arrow(pa.ipc.open_file(mapped).read_all().slice(start, end - start)))
    ranks = pl.Series(run.ranks, dtype=pl.Int64)
    letters = pl.Series(_LETTERS, dtype=pl.String)
    nothing = pl.lit(None, dtype=pl.String)
    rank = ranks.gather(rows["code"])
    return rows.select(
        named.gather(rank).alias("meter_id"), "at_s", "zoned", "value_e6", letters.gather(rows["quality"]).alias("quality"),
        nothing.alias("problem"), nothing.alias("raw_at"), nothing.alias("raw_value"), "source_row", rank.alias("rank"),
    )  # fmt: skip


def _in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows in the order of all columns: by meter and time as one number, then level rows by everything else."""
    at = pl.col("at_s").fill_null(-_EPOCH - 1) + _EPOCH + 1
    ordered = rows.with_columns(key=(pl.col("rank") + 1) * _KEY + at).sort("key")
    key = ordered["key"]
    same = (key.head(-1) == key.tail(-1)) if len(key) > 1 else pl.Series([], dtype=pl.Boolean)
    if not same.any():
        return ordered
    false = pl.Series([False])
    level = pl.concat([same, false]) | pl.concat([false, same])
    places = level.arg_true()
    tied = ordered[places].with_columns(place=places).sort(list(SCHEMA), nulls_last=False)
    chosen = pl.int_range(ordered.height, dtype=pl.UInt32, eager=True).scatter(places, tied["place"])
    return ordered[chosen]
