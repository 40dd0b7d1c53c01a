"""Bytes of a file to a table of text: CSV (plain or gzip), Excel workbook, Parquet, and the metering standards of ``formats``.

What people drop is told apart here, with a clear word about what it is instead. Which column is which stands in ``headers.py``,
what a text means in ``moments.py`` and ``numbers.py``.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import fastexcel
import polars as pl

from assets.raw import formats
from assets.raw.refused import Refused

EXTENSIONS = (".csv", ".csv.gz", ".xlsx", ".parquet", *formats.EXTENSIONS)

_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "a PDF document (it begins with %PDF)", "PDF 文档(以 %PDF 开头)"),
    (b"PK\x03\x04", "a zip archive or Excel workbook; rename a workbook to .xlsx", "zip 压缩包或 Excel 工作簿;若为工作簿请改名为 .xlsx"),
    (b"\xd0\xcf\x11\xe0", "an old or password-protected Office file; save it as .xlsx or CSV without a password",
     "旧版或加密的 Office 文件;请另存为不加密的 .xlsx 或 CSV"),
    (b"\x1f\x8b", "gzip data; name it .csv.gz", "gzip 数据;请命名为 .csv.gz"),
    (b"PAR1", "a Parquet file; name it .parquet", "Parquet 文件;请命名为 .parquet"),
    (b"\x89PNG", "a PNG picture", "PNG 图片"),
    (b"\xff\xd8\xff", "a JPEG picture", "JPEG 图片"),
    (b"\xff\xfe", "UTF-16 text; save it as CSV UTF-8", "UTF-16 文本;请另存为 CSV UTF-8"),
    (b"\xfe\xff", "UTF-16 text; save it as CSV UTF-8", "UTF-16 文本;请另存为 CSV UTF-8"),
)  # fmt: skip
_MARKUP: tuple[tuple[str, str, str], ...] = (
    ("<", "a web page or XML (it begins with '<'); save it as CSV", "网页或 XML(以“<”开头);请另存为 CSV"),
    ("{", "JSON (it begins with '{')", "JSON(以“{”开头)"),
)


@dataclass(frozen=True)
class Decoded:
    """A file as text: the ``header`` as written; ``frame`` has ``c0 … cN`` (String, stripped, blank is null) and ``source_row`` (Int64).

    ``source_row`` counts the rows of the file from 1, as a spreadsheet shows them; rows that are blank altogether are left out. Files of
    a metering standard number their readings as docs/formats.md says, and come with the ``facts`` that they state.
    """

    header: tuple[str, ...]
    frame: pl.DataFrame
    encoding: str
    facts: formats.FileFacts = field(default_factory=formats.FileFacts)


def decode(
    data: bytes,
    name: str,
    *,
    encoding: str = "auto",
    excel: bool = True,
    fits: Callable[[Sequence[str]], bool] = lambda header: True,
) -> Decoded:
    """Decode a file by the extension of its name; ``fits`` tells the sheet of a workbook by its header, else the first is taken.

    ``excel=False`` refuses workbooks. Refused names what was seen instead of a table.
    """
    lower = name.lower()
    if not lower.endswith(EXTENSIONS):
        raise Refused(
            f"{name} has an extension that is not read. Drop .csv, .csv.gz, .xlsx, .parquet, or a NEM12, NEM13 or Green Button file "
            "(.csv, .xml, .zip).",
            f"{name} 的扩展名不支持。请放入 .csv、.csv.gz、.xlsx、.parquet 文件,或 NEM12、NEM13、Green Button 文件(.csv、.xml、.zip)。",
        )
    if not data:
        raise Refused(
            "The file is empty (0 bytes), not even a header. Export it again; a header alone states that there are no rows.",
            "文件为空(0 字节),连表头也没有。请重新导出;只有表头的文件表示没有数据行。",
        )
    if lower.endswith(".parquet"):
        return _parquet(data)
    if lower.endswith(".xlsx"):
        if not excel:
            raise Refused(
                "Excel workbooks are not read for this feed: they round values and times and end at a million rows. "
                "Save the sheet as CSV UTF-8 and drop that.",
                "该输入表不读取 Excel 工作簿:其数值和时间会被舍入,且行数有上限。请将工作表另存为 CSV UTF-8 后放入。",
            )
        return _workbook(data, fits)
    if lower.endswith(".gz"):
        data, name = _unzip(data), name[: -len(".gz")]
    standard = formats.read_standard(data, name)
    if standard is not None:
        return Decoded(formats.HEADER, standard.frame, standard.encoding, standard.facts)
    return _csv(data, encoding)


# CSV ------------------------------------------------------------------------------------------------------------------


def _unzip(data: bytes) -> bytes:
    if not data.startswith(b"\x1f\x8b"):
        raise Refused(
            "The file is named .gz but holds no gzip data. Name plain text .csv.", "文件名为 .gz,内容却不是 gzip。纯文本请命名为 .csv。"
        )
    try:
        return gzip.decompress(data)
    except (EOFError, OSError, zlib.error) as error:
        raise Refused(
            f"The gzip data is truncated or damaged ({error}). Copy the file again.", f"gzip 数据不完整或已损坏({error})。请重新复制文件。"
        ) from None


def first_row(data: bytes, encoding: str) -> tuple[tuple[str, ...], str, str]:
    """The header, the delimiter and the encoding that the beginning of a CSV shows; Refused when it is none."""
    text, used = _text(data, encoding)
    header, delimiter = _header(text)
    return tuple(cell.strip() for cell in header), delimiter, used


def _header(text: str) -> tuple[tuple[str, ...], str]:
    head = text[:65536]
    delimiter = max(",\t;", key=lambda mark: len(_first_record(head, mark)))
    header = _first_record(head, delimiter)
    if not any(cell.strip() for cell in header):
        raise Refused("The first row is blank; it must hold the names of the columns.", "第一行为空;第一行应为列名。")
    return header, delimiter


def _csv(data: bytes, encoding: str) -> Decoded:
    text, used = _text(data, encoding)
    if "\n" not in text:
        text = text.replace("\r", "\n")  # line ends of old Macintosh programs
    header, delimiter = _header(text)
    try:
        frame = pl.read_csv(
            text.encode(), has_header=False, skip_rows=1, separator=delimiter, schema={f"c{i}": pl.String for i in range(len(header))},
            row_index_name="source_row", row_index_offset=2,
        )  # fmt: skip
    except pl.exceptions.PolarsError:
        # a stray quote or a row of another width: the slow reader tells which row, or reads what is only unusual
        frame = _slow_csv(text, delimiter, len(header))
    return _decoded(header, frame, used, guarded='="' in text)


def _text(data: bytes, encoding: str) -> tuple[str, str]:
    for signature, en, zh in _SIGNATURES:
        if data.startswith(signature):
            raise Refused(f"Not a CSV: the file is {en}.", f"不是 CSV:该文件是{zh}。")
    if b"\0" in data[:65536]:
        raise Refused("Not a CSV: the file holds binary data (zero bytes).", "不是 CSV:文件为二进制数据(含零字节)。")
    wanted = {"auto": ("utf-8-sig", "gb18030"), "utf-8": ("utf-8-sig",)}.get(encoding, ("gb18030",))
    for codec in wanted:
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        for mark, en, zh in _MARKUP:
            if text.lstrip().startswith(mark):
                raise Refused(f"Not a CSV: the file is {en}.", f"不是 CSV:该文件是{zh}。")
        has_mark = data.startswith(b"\xef\xbb\xbf")
        return text, codec if codec == "gb18030" or has_mark else "utf-8"
    tried = " and ".join("UTF-8" if codec == "utf-8-sig" else "GB18030" for codec in wanted)
    raise Refused(
        f"The text is not in a known encoding (tried {tried}). Save it as CSV UTF-8.",
        f"无法识别文本编码(已尝试 {tried.replace(' and ', '、')})。请另存为 CSV UTF-8。",
    )


def _first_record(text: str, delimiter: str) -> tuple[str, ...]:
    try:
        return tuple(next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), ()))
    except csv.Error as error:
        raise Refused(f"Not a CSV: the first row can't be read ({error}).", f"不是 CSV:第一行无法读取({error})。") from None


def _slow_csv(text: str, delimiter: str, width: int) -> pl.DataFrame:
    """The same table row by row with the standard library."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, list[str]]] = []
    number = 0
    try:
        for number, record in enumerate(reader, 1):
            if any(record[width:]):
                raise Refused(
                    f"Row {number} has {len(record)} cells, but the header has {width}. "
                    f"A value may hold the separator '{delimiter}': put it in quotes.",
                    f"第 {number} 行有 {len(record)} 个单元格,而表头有 {width} 个。值中可能含分隔符“{delimiter}”,请加引号。",
                )
            if number > 1:
                rows.append((number, record))
    except csv.Error as error:
        raise Refused(
            f"The CSV breaks off or has a stray quote after row {number} ({error}).", f"CSV 在第 {number} 行之后中断或引号不配对({error})。"
        ) from None
    cells: dict[str, list[str | None]] = {f"c{i}": [record[i] if i < len(record) else None for _, record in rows] for i in range(width)}
    schema: dict[str, pl.DataType | type[pl.DataType]] = {"source_row": pl.Int64, **dict.fromkeys(cells, pl.String)}
    return pl.DataFrame({"source_row": [number for number, _ in rows], **cells}, schema=schema)


# Excel ----------------------------------------------------------------------------------------------------------------


def _workbook(data: bytes, fits: Callable[[Sequence[str]], bool]) -> Decoded:
    if not data.startswith(b"PK"):
        seen = next((entry for entry in _SIGNATURES if data.startswith(entry[0])), None)
        en, zh = (seen[1], seen[2]) if seen else ("something else", "其他内容")
        raise Refused(
            f"Not an Excel workbook (.xlsx is a zip archive): the file is {en}.",
            f"不是 Excel 工作簿(.xlsx 为 zip 格式):该文件是{zh}。",
        )
    try:
        workbook = fastexcel.read_excel(data)
        found: Decoded | None = None
        for index in range(len(workbook.sheet_names)):
            # skip_rows=0 keeps blank rows at the top, so that rows are numbered as the sheet shows them
            decoded = _sheet(workbook.load_sheet(index, header_row=None, skip_rows=0, dtypes="string").to_polars())
            if decoded is not None and fits(decoded.header):
                return decoded
            found = found or decoded
    except fastexcel.FastExcelError as error:
        cause = str(error).splitlines()[0]
        raise Refused(f"The Excel workbook is damaged ({cause}). Save it again.", f"Excel 工作簿已损坏({cause})。请重新保存。") from None
    if found is None:
        raise Refused("The workbook has no sheet with a header.", "工作簿中没有带表头的工作表。")
    return found


def _sheet(sheet: pl.DataFrame) -> Decoded | None:
    """A sheet whose first row that is not blank is its header; None when it is blank."""
    frame = sheet.rename({name: f"c{i}" for i, name in enumerate(sheet.columns)}).with_row_index("source_row", offset=1)
    if not sheet.width:
        return None
    written = frame.filter(pl.any_horizontal(pl.exclude("source_row").str.strip_chars().str.len_chars() > 0))
    if written.is_empty():
        return None
    header = tuple(cell or "" for cell in written.drop("source_row").row(0))
    return _decoded(header, written.slice(1), "xlsx")


# Parquet --------------------------------------------------------------------------------------------------------------


def _parquet(data: bytes) -> Decoded:
    if not (data.startswith(b"PAR1") and data.endswith(b"PAR1")):
        raise Refused("The Parquet file is truncated, or no Parquet. Export it again.", "Parquet 文件不完整或不是 Parquet。请重新导出。")
    try:
        frame = pl.read_parquet(io.BytesIO(data))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        cause = str(error).splitlines()[0][:120]
        raise Refused(f"The Parquet file is damaged ({cause}). Export it again.", f"Parquet 文件已损坏({cause})。请重新导出。") from None
    cells = [_cell_text(frame[name]).alias(f"c{i}") for i, name in enumerate(frame.columns)]
    return _decoded(tuple(frame.columns), pl.DataFrame(cells).with_row_index("source_row", offset=2), "parquet")


def _cell_text(column: pl.Series) -> pl.Series:
    """Values as a person would write them: ISO dates and times, with the offset where there is a zone; shortest exact numbers."""
    dtype = column.dtype
    if isinstance(dtype, pl.Datetime):
        return column.dt.to_string("%Y-%m-%dT%H:%M:%S%.f%:z" if dtype.time_zone else "%Y-%m-%d %H:%M:%S%.f")
    if dtype.is_float() and (column.is_finite() & (column == column.floor()) & (column.abs() < 2**53)).all():
        return column.cast(pl.Int64).cast(pl.String)  # whole numbers that became floats because of a blank
    if dtype.is_nested() or dtype in (pl.Binary, pl.Object):
        raise Refused(
            f"Column '{column.name}' holds {dtype}, not plain values. Export plain columns.",
            f"列“{column.name}”为 {dtype},不是普通值。请导出普通列。",
        )
    return column.cast(pl.String)


def _decoded(header: Sequence[str], frame: pl.DataFrame, encoding: str, *, guarded: bool = False) -> Decoded:
    cells = pl.exclude("source_row").str.strip_chars()
    if guarded:  # ="00123" is how programs keep Excel from reading a number
        cells = cells.str.replace(r'^="(.*)"$', "${1}").str.strip_chars()
    frame = frame.with_columns(cells.replace("", None), pl.col("source_row").cast(pl.Int64))
    names = [name for name in frame.columns if name != "source_row"]
    kept = frame.filter(~pl.all_horizontal(pl.col(names).is_null())) if names else frame
    return Decoded(tuple(cell.strip() for cell in header), kept.select(*names, "source_row"), encoding)
