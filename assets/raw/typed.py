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

from assets.raw.breaches import Breach, breach_of
from assets.raw.cells import filled, read_cells, stated_cells, texts_of
from checks.contracts.base import Contract
from checks.contracts.declare import pa

OFFSET = "_offset_s"  # suffix of the column that holds the stated offset of an instant


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
    texts = {column.name: texts_of(frame, column) for column in contract.columns}
    for column in contract.columns:
        values, offsets = read_cells(texts[column.name], column)
        unread = values.is_null() & texts[column.name].is_not_null()
        if unread.any():
            unread &= stated_cells(texts[column.name], column).is_not_null()
        for row in unread.arg_true():
            found[row, column.name] = breach_of(row, column, texts[column.name][row], "kind")
        if column.default is not None and column.kind in ("number", "integer"):
            assumed += [(int(row), column.name) for row in (values.is_null() & ~unread).arg_true()]
        values = filled(values, unread, column, typed, first_day)
        typed[column.name] = values
        if offsets is not None:
            typed[column.name + OFFSET] = offsets
    pandas = pd.DataFrame({name: _series(values) for name, values in typed.items()}, index=range(frame.height))
    for row, name, check in _failures(contract, pandas):
        if (row, name) not in found:
            found[row, name] = breach_of(row, contract.by_name[name], texts[name][row], check)
    pandas["entry"], pandas["source_row"] = frame["entry"].to_list(), frame["source_row"].to_list()
    order = {column.name: position for position, column in enumerate(contract.columns)}
    return Typed(pandas, [found[key] for key in sorted(found, key=lambda key: (key[0], order[key[1]]))], assumed)


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
