"""Rows of text to typed rows of one contract, and what breaks it (CT01).

One table at a time, without other feeds: zones of sites, keys and entries are the matter of ``feeds.py``. What is valid stands in the
contract alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import polars as pl

from assets.raw.moments import days, instants, months
from assets.raw.numbers import flags, floats, integers, plain
from checks.contracts.base import FIRST_MONTH, Column, Contract, fold
from checks.contracts.declare import pa

_READ_AS = {"instant": pl.Int64, "integer": pl.Int64, "number": pl.Float64, "boolean": pl.Boolean}
OFFSET = "_offset_s"  # suffix of the column that holds the stated offset of an instant


@dataclass(frozen=True)
class Breach:
    """One cell that breaks the contract, in a user's words; ``row`` counts the rows of the frame from 0."""

    row: int
    column: str
    seen: str
    reason_en: str
    reason_zh: str


@dataclass(frozen=True)
class Typed:
    """``rows``: all rows, with every column of the contract as far as it could be read, ``entry`` and ``source_row``; instants as
    stated local seconds in their column and the offset in ``<column>_offset_s``. ``breaches``: what breaks the contract, by rows.
    ``assumed``: (row, column) of the numbers that were blank and have the contract's default."""

    rows: pd.DataFrame
    breaches: list[Breach]
    assumed: list[tuple[int, str]]

    @property
    def broken(self) -> pd.Series[bool]:
        """Which rows have a breach, and so are not valid."""
        return pd.Series(self.rows.index.isin({breach.row for breach in self.breaches}), index=self.rows.index)


def type_rows(contract: Contract, frame: pl.DataFrame, first_day: str) -> Typed:
    """Read the text columns of ``frame`` (any of the contract's, plus ``entry`` and ``source_row``) as the contract says.

    ``first_day`` (YYYY-MM-DD) stands for a blank ``valid_from``.
    """
    typed: dict[str, Any] = {}
    found: dict[tuple[int, str], Breach] = {}
    assumed: list[tuple[int, str]] = []
    texts = {column.name: _texts(frame, column) for column in contract.columns}
    for column in contract.columns:
        values, offsets = _read(texts[column.name], column)
        unread = values.is_null() & texts[column.name].is_not_null()
        if unread.any():
            unread &= _stated(texts[column.name], column).is_not_null()
        for row in unread.arg_true():
            found[row, column.name] = _breach(row, column, texts[column.name][row], "kind")
        if column.default is not None and column.kind in ("number", "integer"):
            assumed += [(int(row), column.name) for row in (values.is_null() & ~unread).arg_true()]
        values = _filled(values, unread, column, typed, first_day)
        typed[column.name] = values
        if offsets is not None:
            typed[column.name + OFFSET] = offsets
    pandas = pd.DataFrame({name: _series(values) for name, values in typed.items()}, index=range(frame.height))
    for row, name, check in _failures(contract, pandas):
        if (row, name) not in found:
            found[row, name] = _breach(row, contract.by_name[name], texts[name][row], check)
    pandas["entry"], pandas["source_row"] = frame["entry"].to_list(), frame["source_row"].to_list()
    order = {column.name: position for position, column in enumerate(contract.columns)}
    return Typed(pandas, [found[key] for key in sorted(found, key=lambda key: (key[0], order[key[1]]))], assumed)


def _texts(frame: pl.DataFrame, column: Column) -> pl.Series:
    if column.name in frame.columns:
        return frame[column.name]
    return pl.Series(column.name, [None] * frame.height, dtype=pl.String)


def _stated(texts: pl.Series, column: Column) -> pl.Series:
    """Texts that state a value: for everything but text, '--' and the like state that there is none."""
    return texts if column.kind == "text" else texts.to_frame("text").select(plain(pl.col("text"))).to_series()


def _read(texts: pl.Series, column: Column) -> tuple[pl.Series, pl.Series | None]:
    """Values of a column (null where unreadable), and offsets for instants."""
    if texts.null_count() == len(texts):  # most columns of most files
        nothing = texts.cast(_READ_AS.get(column.kind, pl.String))
        return nothing, nothing if column.kind == "instant" else None
    if column.values:
        known = {text: column.values[fold(text)] for text in texts.drop_nulls().unique() if fold(text) in column.values}
        texts = texts.replace(known) if known else texts
    stated = _stated(texts, column)
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


def _filled(values: pl.Series, unread: pl.Series, column: Column, typed: dict[str, Any], first_day: str) -> pl.Series:
    """Blanks filled by the contract's default; what could not be read is no blank."""
    if column.default_from:
        fill = typed[column.default_from]
    elif column.default is not None:
        fill = pl.Series([first_day if column.default == FIRST_MONTH else column.default]).cast(values.dtype)
    else:
        return values
    return pl.select(pl.when(values.is_null() & ~unread).then(fill).otherwise(values)).to_series()


def _series(values: pl.Series) -> pd.Series:
    """A polars column as the typed feeds hold it: text as Python strings or None, nullable integers and booleans, plain floats."""
    if values.dtype == pl.Float64:
        return pd.Series(values.to_numpy(), dtype="float64")
    dtype: Any = {pl.Int64: "Int64", pl.Boolean: "boolean"}.get(values.dtype.base_type(), object)
    return pd.Series(values.to_list(), dtype=dtype)


def _failures(contract: Contract, frame: pd.DataFrame) -> list[tuple[int, str, str]]:
    """(row, column, check) of every cell that pandera, or an order of two columns, refuses."""
    failures: list[tuple[int, str, str]] = []
    try:
        contract.schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases[["index", "column", "check"]].itertuples(index=False)
        failures = [(int(row), str(name), str(check)) for row, name, check in cases]
    for column in contract.columns:
        if column.not_before:
            both = frame[[column.not_before, column.name]].dropna()
            wrong = both[both[column.name] < both[column.not_before]]
            failures += [(int(row), column.name, "not_before") for row in wrong.index]
        if column.bounds_by:
            failures += _outside(frame, column.name, *column.bounds_by)
    return failures


def _outside(frame: pd.DataFrame, name: str, other: str, bounds: Mapping[str, tuple[float, float | None]]) -> list[tuple[int, str, str]]:
    """Cells outside the bounds that another column's value sets."""
    failures = []
    for value, (low, high) in bounds.items():
        cells = frame.loc[frame[other] == value, name]
        failures += [(int(row), name, f"bounds:{value}:at least {low:g}:不得小于 {low:g}") for row in cells.index[cells < low]]
        if high is not None:
            failures += [(int(row), name, f"bounds:{value}:at most {high:g}:不得大于 {high:g}") for row in cells.index[cells > high]]
    return failures


def _breach(row: int, column: Column, seen: str | None, check: str) -> Breach:
    en, zh = _reason(column, check)
    return Breach(row, column.name, seen or "", en, zh)


_KINDS = {
    "date": ("a date such as 2026-03-01", "日期,例如 2026-03-01"),
    "month": ("a month such as 2026-03", "月份,例如 2026-03"),
    "instant": ("a date and time such as 2026-03-01 00:15", "日期时间,例如 2026-03-01 00:15"),
    "number": ("a number", "数字"),
    "integer": ("a whole number", "整数"),
    "boolean": ("yes or no (1/0, true/false, 是/否)", "是或否(1/0、true/false、是/否)"),
}


def _reason(column: Column, check: str) -> tuple[str, str]:
    """What the contract asks of the cell, in both languages."""
    name = column.name
    if check == "not_nullable":
        return f"{name} is required but empty", f"{name} 为必填项,不能为空"
    if check == "kind":
        en, zh = _KINDS[column.kind]
        return f"{name} must be {en}", f"{name} 应为{zh}"
    if check == "not_before":
        return f"{name} must not be before {column.not_before}", f"{name} 不得早于(小于){column.not_before}"
    if check.startswith("bounds:"):
        _, value, bound_en, bound_zh = check.split(":")
        return f"{name} of {value} must be {bound_en}", f"{value} 的 {name} {bound_zh}"
    if check == "time_zone":
        return f"{name} must be an IANA time zone such as Asia/Shanghai", f"{name} 应为 IANA 时区名,例如 Asia/Shanghai"
    if check.startswith("isin"):
        return f"{name} must be one of {', '.join(column.allowed)}", f"{name} 应为以下之一:{'、'.join(column.allowed)}"
    if check.startswith("greater_than"):
        return f"{name} must be at least {column.min:g}", f"{name} 不得小于 {column.min:g}"
    if check.startswith("less_than"):
        return f"{name} must be at most {column.max:g}", f"{name} 不得大于 {column.max:g}"
    if check.startswith("str_matches"):
        return f"{name} must look like {column.pattern}", f"{name} 应符合格式 {column.pattern}"
    raise AssertionError(f"contract check without words: {check}")
