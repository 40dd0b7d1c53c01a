"""Bytes to a table of text: every format and encoding, and a clear word about everything else."""

from __future__ import annotations

import csv
import gzip
import io
from datetime import UTC, date, datetime

import polars as pl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from assets.raw.decode import Decoded, decode
from assets.raw.refused import Refused

TABLE = "表号,时间,止码\nM-1,2026-03-01 00:00,10.5\nM-1,2026-03-01 00:15,\n"
CELLS = [("M-1", "2026-03-01 00:00", "10.5", 2), ("M-1", "2026-03-01 00:15", None, 3)]


def _workbook(sheets: dict[str, dict[tuple[int, int], object]]) -> bytes:
    data = io.BytesIO()
    with xlsxwriter.Workbook(data) as book:
        day, minute = book.add_format({"num_format": "yyyy/m/d"}), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for name, cells in sheets.items():
            sheet = book.add_worksheet(name)
            for (row, column), value in cells.items():
                if isinstance(value, datetime):
                    sheet.write_datetime(row, column, value, minute)
                elif isinstance(value, date):
                    sheet.write_datetime(row, column, value, day)
                else:
                    sheet.write(row, column, value)
    return data.getvalue()


def _parquet(frame: pl.DataFrame) -> bytes:
    data = io.BytesIO()
    frame.write_parquet(data)
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TABLE.encode(), "utf-8"),
        (b"\xef\xbb\xbf" + TABLE.encode(), "utf-8-sig"),
        (TABLE.encode("gbk"), "gb18030"),
        (TABLE.encode("gb18030"), "gb18030"),
        (TABLE.replace("\n", "\r\n").encode(), "utf-8"),
        (TABLE.replace("\n", "\r").encode(), "utf-8"),
        (TABLE.replace(",", "\t").encode(), "utf-8"),
        (TABLE.replace(",", ";").encode("gbk"), "gb18030"),
        (TABLE.rstrip("\n").encode(), "utf-8"),
    ],
    ids=["utf-8", "bom", "gbk", "gb18030", "crlf", "cr", "tab", "semicolon-gbk", "no-final-newline"],
)
def test_csv(data: bytes, encoding: str) -> None:
    for name, content in (("a.csv", data), ("A.CSV", data), ("a.csv.gz", gzip.compress(data))):
        decoded = decode(content, name)
        assert decoded.header == ("表号", "时间", "止码")
        assert decoded.encoding == encoding
        assert decoded.frame.rows() == CELLS


def test_forced_encoding() -> None:
    assert decode(TABLE.encode("gbk"), "a.csv", encoding="gbk").frame.rows() == CELLS
    with pytest.raises(Refused, match=r"tried UTF-8\)"):
        decode(TABLE.encode("gbk"), "a.csv", encoding="utf-8")
    with pytest.raises(Refused, match=r"tried UTF-8 and GB18030\)") as refused:
        decode(b"a,b\n\xff\xfe\xfd\xff,1\n", "a.csv")
    assert "已尝试 UTF-8、GB18030" in refused.value.zh


def test_rows_are_numbered_as_records_of_the_file() -> None:
    text = 'id,note\nA,"two\nlines"\n\n,\nB,x\n'
    assert decode(text.encode(), "a.csv").frame.rows() == [("A", "two\nlines", 2), ("B", "x", 5)]


def test_cells_are_stripped_and_excel_guards_removed() -> None:
    text = 'id,code,note\n" A ",="00123",　x　\n\t12345678901234567\t,,\n'
    assert decode(text.encode(), "a.csv").frame.rows() == [("A", "00123", "x", 2), ("12345678901234567", None, None, 3)]


def test_unusual_quotes_are_read_and_short_rows_filled() -> None:
    assert decode(b'id,note\nA,19" rack\nB,5" deep\nC\n', "a.csv").frame.rows() == [
        ("A", '19" rack', 2),
        ("B", '5" deep', 3),
        ("C", None, 4),
    ]
    assert decode(b"id,note\nA,x,,\nB,y\n", "a.csv").frame.rows() == [("A", "x", 2), ("B", "y", 3)]


def test_header_alone() -> None:
    for data in (b"id,note\n", b"id,note"):
        decoded = decode(data, "a.csv")
        assert (decoded.header, decoded.frame.height, decoded.frame.columns) == (("id", "note"), 0, ["c0", "c1", "source_row"])


@pytest.mark.parametrize(
    ("name", "data", "seen"),
    [
        ("a.csv", b"", "empty \\(0 bytes\\)"),
        ("a.xlsx", b"", "empty \\(0 bytes\\)"),
        ("a.csv", b"%PDF-1.7\n%\xe2\xe3", "begins with %PDF"),
        ("a.csv", b"PK\x03\x04....", "zip archive or Excel workbook"),
        ("a.csv", b"\xd0\xcf\x11\xe0....", "old or password-protected"),
        ("a.csv", gzip.compress(b"a,b\n", mtime=0), "gzip data; name it .csv.gz"),
        ("a.csv", b"PAR1....PAR1", "Parquet file; name it"),
        ("a.csv", "a,b\n".encode("utf-16"), "UTF-16"),
        ("a.csv", b"a,b\n\x00\x01\x02", "binary data"),
        ("a.csv", b"<html><table>", "web page or XML"),
        ("a.csv", b'{"a": 1}', "JSON"),
        ("a.csv", b"\n1,2\n", "first row is blank"),
        ("a.csv", b"a,b\n1,2\n3,4,5\n", "Row 3 has 3 cells, but the header has 2"),
        ("a.csv", b'a,b\n1,2\n3,"4\n5,6\n', "after row 2"),
        ("a.csv.gz", b"a,b\n1,2\n", "holds no gzip data"),
        ("a.csv.gz", gzip.compress(b"a,b\n" * 999, mtime=0)[:-20], "truncated or damaged"),
        ("a.csv.gz", gzip.compress(b"", mtime=0), "first row is blank"),
        ("a.xlsx", b"a,b\n", "Not an Excel workbook"),
        ("a.xlsx", b"%PDF-1.7", "begins with %PDF"),
        ("a.xlsx", b"PK\x03\x04 broken", "workbook is damaged"),
        ("a.xlsx", _workbook({"x": {}}), "no sheet with a header"),
        ("a.parquet", b"PAR1 but cut off", "truncated, or no Parquet"),
        ("a.parquet", b"PAR1" + b"\x07" * 40 + b"PAR1", "Parquet file is damaged"),
        ("a.parquet", _parquet(pl.DataFrame({"a": [[1, 2]]})), "Column 'a' holds List"),
        ("a.txt", b"a,b\n", "extension that is not read"),
        ("a.xls", b"\xd0\xcf", "extension that is not read"),
    ],
)  # fmt: skip
def test_refusals_name_what_was_seen(name: str, data: bytes, seen: str) -> None:
    with pytest.raises(Refused, match=seen) as refused:
        decode(data, name)
    assert any("一" <= letter <= "鿿" for letter in refused.value.zh)


def test_workbook_of_readings_is_refused_with_what_to_do() -> None:
    with pytest.raises(Refused, match="CSV UTF-8"):
        decode(_workbook({"x": {(0, 0): "meter_id"}}), "a.xlsx", excel=False)


def test_workbook() -> None:
    cells: dict[tuple[int, int], object] = {(0, 0): "编号", (0, 1): "日期", (0, 2): "时间", (0, 3): "数", (0, 4): "是否", (0, 5): "代码"}
    cells |= {(1, 0): "A", (1, 1): date(2026, 3, 1), (1, 2): datetime(2026, 3, 1, 0, 15), (1, 3): 12.25, (1, 4): True, (1, 5): "000123"}
    cells |= {(3, 0): 1001, (3, 3): 7}
    decoded = decode(_workbook({"数据": cells}), "a.xlsx")
    assert decoded.header == ("编号", "日期", "时间", "数", "是否", "代码")
    assert decoded.encoding == "xlsx"
    first, second = decoded.frame.rows()
    assert first == ("A", "2026-03-01 00:00:00", "2026-03-01 00:15:00", "12.25", "true", "000123", 2)
    assert second == ("1001", None, None, "7", None, None, 4)


def test_sheet_with_the_required_headers_is_found_and_rows_numbered_as_shown() -> None:
    sheets: dict[str, dict[tuple[int, int], object]] = {
        "说明": {(0, 0): "填表说明"},
        "数据": {(2, 1): "id", (2, 2): "n", (3, 1): "A", (3, 2): 5},
    }
    data = _workbook(sheets)
    decoded = decode(data, "a.xlsx", fits=lambda header: "id" in header)
    assert [cell for cell in decoded.header if cell] == ["id", "n"]
    assert decoded.frame.select(pl.last()).to_series().to_list() == [4]
    assert decode(data, "a.xlsx", fits=lambda header: "none" in header).header == ("填表说明",)


def test_parquet() -> None:
    frame = pl.DataFrame(
        {
            "meter_id": [1001, 1002],
            "whole": [5.0, None],
            "value": [0.1, 1e20],
            "day": [date(2026, 3, 1), None],
            "naive": [datetime(2026, 3, 1, 0, 15), None],
            "zoned": pl.Series([datetime(2026, 3, 1, tzinfo=UTC), None]).dt.convert_time_zone("Asia/Shanghai"),
            "flag": [True, None],
        }
    )
    decoded = decode(_parquet(frame), "a.parquet")
    assert decoded.header == tuple(frame.columns)
    first, second = decoded.frame.rows()
    assert first[:2] == ("1001", "5")
    assert float(first[2]) == 0.1
    assert first[3:] == ("2026-03-01", "2026-03-01 00:15:00", "2026-03-01T08:00:00+08:00", "true", 2)
    assert (second[0], float(second[2]), second[-1]) == ("1002", 1e20, 3)


_CELL = st.text(alphabet='ab1 ,;"\n表\t', max_size=6)


@given(st.lists(st.tuples(_CELL, _CELL, _CELL), max_size=12))
def test_what_python_writes_is_read_back(rows: list[tuple[str, str, str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([("x", "y", "z"), *rows])
    expected = [(*(cell.strip() or None for cell in row), number) for number, row in enumerate(rows, 2)]
    decoded: Decoded = decode(text.getvalue().encode(), "a.csv")
    assert decoded.frame.rows() == [row for row in expected if any(row[:3])]
