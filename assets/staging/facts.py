"""What is known of meters beside their readings on an engine: columns to join where meters differ, plain numbers where they agree.

Most facts (time zone, unit, bounds of the month) are the same for all meters of a batch, and a plain number costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import narwhals as nw
import polars as pl

from assets.staging.exact import whole
from resources.engine import Engine, Frame


class Facts:
    """Whole-number facts by ``key``; ``facts["name"]`` is an expression. ``fills``: what holds for rows without a match."""

    def __init__(self, table: pl.DataFrame, key: str, always: Sequence[str] = (), fills: Mapping[str, int] | None = None) -> None:
        self.key = key
        given = fills or {}
        self.fills = {name: value for name, value in given.items() if table.is_empty() or (table[name] != value).any()}
        names = [name for name in table.columns if name not in (key, *always)]
        varying = {name for name in names if table[name].n_unique() > 1} | set(self.fills)
        self.constants = {name: given.get(name, 0) if table.is_empty() else table[name][0] for name in names if name not in varying}
        self.table = table.select(key, *always, *(name for name in names if name in varying))

    def __getitem__(self, name: str) -> nw.Expr:
        return whole(self.constants[name]) if name in self.constants else nw.col(name)

    def always(self, name: str, value: int) -> bool:
        """Whether a fact is this number for every meter."""
        return name in self.constants and self.constants[name] == value

    def beside(self, rows: Frame, engine: Engine) -> Frame:
        """The rows with those facts in which meters differ."""
        if self.table.width == 1:
            return rows
        joined = rows.join(engine.frame(self.table), on=self.key, how="left")
        filled = [
            nw.when(nw.col(name).is_null()).then(whole(value)).otherwise(nw.col(name)).alias(name) for name, value in self.fills.items()
        ]
        return joined.with_columns(*filled) if filled else joined
