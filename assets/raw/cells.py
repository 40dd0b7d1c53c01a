"""Cells of text as the values that a contract asks for, column by column; null where a cell states nothing or can't be read.

Shared by the typed feeds (``typed.py``, pandas) and the rows of reading commands (``plain_rows.py``, without pandas). What breaks a
contract is decided there.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from assets.raw.moments import days, instants, months
from assets.raw.numbers import flags, floats, integers, plain
from checks.contracts.base import FIRST_MONTH, Column, fold

READ_AS = {"instant": pl.Int64, "integer": pl.Int64, "number": pl.Float64, "boolean": pl.Boolean}


def texts_of(frame: pl.DataFrame, column: Column) -> pl.Series:
    if column.name in frame.columns:
        return frame[column.name]
    return pl.Series(column.name, [None] * frame.height, dtype=pl.String)


def stated_cells(texts: pl.Series, column: Column) -> pl.Series:
    """Texts that state a value: for everything but text, '--' and the like state that there is none."""
    return texts if column.kind == "text" else texts.to_frame("text").select(plain(pl.col("text"))).to_series()


def read_cells(texts: pl.Series, column: Column) -> tuple[pl.Series, pl.Series | None]:
    """Values of a column (null where unreadable), and offsets for instants."""
    if texts.null_count() == len(texts):  # most columns of most files
        nothing = texts.cast(READ_AS.get(column.kind, pl.String))
        return nothing, nothing if column.kind == "instant" else None
    if column.values:
        known = {text: column.values[fold(text)] for text in texts.drop_nulls().unique() if fold(text) in column.values}
        texts = texts.replace(known) if known else texts
    stated = stated_cells(texts, column)
    match column.kind:
        case "date":
            return days(stated), None
        case "month":
            return months(stated), None
        case "instant":
            read = instants(stated)
            return read["local_s"], read["offset_s"]
        case "number":
            return floats(stated), None
        case "integer":
            return integers(stated), None
        case "boolean":
            return flags(stated), None
        case _:
            return stated, None


def filled(values: pl.Series, unread: pl.Series, column: Column, typed: Mapping[str, pl.Series], first_day: str) -> pl.Series:
    """Blanks filled by the contract's default; what could not be read is no blank."""
    if column.default_from:
        fill = typed[column.default_from]
    elif column.default is not None:
        fill = pl.Series([first_day if column.default == FIRST_MONTH else column.default]).cast(values.dtype)
    else:
        return values
    return pl.select(pl.when(values.is_null() & ~unread).then(fill).otherwise(values)).to_series()
