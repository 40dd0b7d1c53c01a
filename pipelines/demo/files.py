"""The files a simulated site exports: which program wrote them, with which headers, words and encoding.

HL01 exports UTF-8 CSV with our own column names, HL02 GBK CSV with Chinese headers and words, HL03 workbooks (readings: CSV) with Chinese
headers. The Chinese words are those the contracts declare, so nothing needs a mapping. What stands in the rows is made elsewhere.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import xlsxwriter

from checks.contracts.base import Column
from checks.contracts.registry import FEEDS
from pipelines.demo.breaking import broken
from pipelines.demo.fleet import TIMEZONE
from pipelines.demo.load import QUARTER_S, QUARTERS, START_S
from pipelines.demo.registers import Shown, month_slice
from resources.calendar import local_text

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Style:
    """How one site exports: ``synonym`` picks the Chinese header (0 the first one declared, 1 the second; None: our column names)."""

    suffix: str
    encoding: str
    synonym: int | None
    readings_suffix: str
    readings_encoding: str


STYLES = {
    "HL01": Style(".csv", "utf-8", None, ".csv.gz", "utf-8"),
    "HL02": Style(".csv", "gbk", 0, ".csv", "gbk"),
    "HL03": Style(".xlsx", "", 1, ".csv", "utf-8"),
}
_WITH_MARK = {("HL01", "sites")}  # exported by a program that begins UTF-8 with a byte order mark


def header(column: Column, style: Style) -> str:
    """The header a site writes for a column; a workbook names the unit in brackets."""
    if style.synonym is None or not column.synonyms:
        return column.name
    word = column.synonyms[min(style.synonym, len(column.synonyms) - 1)]
    return f"{word}({column.unit})" if style.suffix == ".xlsx" and column.unit not in ("", "1") else word


def word(value: Any, column: Column, style: Style) -> Any:
    """A value as the site writes it: Chinese words for allowed values and yes or no where the headers are Chinese."""
    if value is None:
        return None
    if column.kind == "boolean":
        return ("true", "false")[not value] if style.synonym is None else ("是", "否")[not value]
    if style.synonym is None or not column.values:
        return value
    chinese = (spelling for spelling, kept in column.values.items() if kept == str(value) and not spelling.isascii())
    return next((spelling.upper() for spelling in chinese), value)


def write_table(landing: Path, site_id: str, feed: str, rows: Iterable[Row], part: str = "") -> Path:
    """Write one file of a feed as the site exports it; only the columns that some row has, in the contract's order."""
    style, contract, rows = STYLES[site_id], FEEDS[feed], list(rows)
    columns = [column for column in contract.columns if any(column.name in row for row in rows)]
    cells = [[header(column, style) for column in columns]]
    cells += [[word(row.get(column.name), column, style) for column in columns] for row in rows]
    path = landing / feed / f"{site_id}_simulated_{feed}{part}{style.suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    if style.suffix == ".xlsx":
        _workbook(path, contract.title_zh, cells)
    else:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\r\n").writerows(cells)
        path.write_bytes(text.getvalue().encode("utf-8-sig" if (site_id, feed) in _WITH_MARK else style.encoding))
    return path


def _workbook(path: Path, title: str, cells: list[list[Any]]) -> None:
    with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_numbers": False}) as book:
        book.set_properties({"title": f"{title}(模拟 simulated)", "created": datetime(2026, 4, 1)})  # a fixed day: equal bytes every time
        sheet = book.add_worksheet("数据")
        for number, row in enumerate(cells):
            sheet.write_row(number, 0, row)


def write_evidence(landing: Path, documents: Mapping[str, str]) -> list[Path]:
    """Write the documents that rows name; each says that it is simulated."""
    folder = landing / "evidence"
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, text in sorted(documents.items()):
        path = folder / name
        path.write_text(f"模拟数据,仅供演示 · SIMULATED, for demonstration only\n{text}\n", encoding="utf-8", newline="\n")
        paths.append(path)
    return paths


# Readings -------------------------------------------------------------------------------------------------------------


def stamps(site_id: str) -> pl.Series:
    """The local time of every quarter-hour boundary of the history, as the site's program writes it."""
    times = (datetime.fromisoformat(local_text(START_S + n * QUARTER_S, TIMEZONE)) for n in range(QUARTERS + 1))
    if site_id == "HL01":
        return pl.Series([time.isoformat() for time in times])
    if site_id == "HL02":
        return pl.Series([f"{t.year}/{t.month}/{t.day} {t.hour}:{t.minute:02d}" for t in times])
    return pl.Series([f"{time:%Y-%m-%d %H:%M:%S}" for time in times])


def write_readings(
    landing: Path, site_id: str, shown: Mapping[str, Shown], month: str, times: pl.Series, *, last: bool
) -> tuple[Path, int]:
    """Write a site's monthly file of readings, faults included, meter by meter; returns the file and its number of rows.

    ``times`` are the site's ``stamps``; the file of the ``last`` month also holds the closing readings.
    """
    names, at, values = [], [], []
    for meter_id, one in shown.items():
        rows = month_slice(one, month, last)
        stated, ticks = broken(meter_id, month, one.at[rows], one.ticks[rows])
        names.append(pl.repeat(meter_id, len(stated), eager=True))
        at.append(stated)
        values.append(ticks / 10**one.meter.bank.decimals)
    columns = {"meter_id": pl.concat(names), "read_at": times.gather(np.concatenate(at)), "value": np.concatenate(values)}
    frame = pl.DataFrame(columns)
    style, contract = STYLES[site_id], FEEDS["meter_readings"]
    if site_id == "HL01":
        frame = frame.with_columns(quality=pl.lit("A"))
    head = ",".join(header(contract.by_name[name], style) for name in frame.columns) + "\r\n"
    lines = frame.write_csv(include_header=False, line_terminator="\r\n")
    body = (head + lines).encode(style.readings_encoding)
    path = landing / "meter_readings" / f"{site_id}_simulated_readings_{month}{style.readings_suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(body, compresslevel=1, mtime=0) if style.readings_suffix.endswith(".gz") else body)
    return path, frame.height
