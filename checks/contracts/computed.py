"""How a computed table is declared, for polars frames: name, dtype, unit and description of each column, in both languages.

``computed_table`` makes the ``Contract``; what stands beside it are the types and the columns that many tables share. No table is declared
here. Tables that people send are declared with ``base``.

Column lineage is part of the declaration: ``made_from`` says of every column which columns of other tables can change a value of it.
It does not say which rows there are; and the names by which rows find each other (``site_id``, ``meter_id``, the month, a range of
certificates) are named only where the column is such a name. Sources are words: ``meters.kind,unit`` are two columns of a feed,
``staging/energies.quantity`` one of a computed table, ``factors`` and ``edition`` whole documents; no word: what no input can change. The
column ``month`` is the month that is computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from checks.contracts.base import Column, Contract, Kind

INTEGER, NUMBER, TEXT, FLAG = pl.Int64, pl.Float64, pl.String, pl.Boolean
_KINDS: dict[Any, Kind] = {INTEGER: "integer", NUMBER: "number", TEXT: "text", FLAG: "boolean"}
_DTYPES: dict[str, Any] = {kind: dtype for dtype, kind in _KINDS.items()}
Row = tuple[str, Any, str, str, str]  # name, dtype, unit, English, Chinese; a name with '?' may be null

SITE: Row = ("site_id", TEXT, "", "Site", "数据中心编号")
METER: Row = ("meter_id", TEXT, "", "Meter", "表计编号")
POINT: Row = ("point", TEXT, "", "Where it measures", "计量点位")
MEDIUM: Row = ("medium", TEXT, "", "What flows through it", "计量介质")
MONTH: Row = ("month", TEXT, "", "Month, site-local", "月份(站点当地时间)")
ENTRY: Row = ("entry", INTEGER, "", "Log entry of the row", "日志条目号")
SOURCE_ROW: Row = ("source_row", INTEGER, "", "Row in the file, the header being 1", "文件行号(表头为 1)")
PROJECT: Row = ("project_code", TEXT, "", "Project", "项目代码")
PRODUCED: Row = ("production_month", TEXT, "", "Month of generation", "电量生产月份")
FIRST: Row = ("seq_start", INTEGER, "", "First number", "起始序号")
LAST: Row = ("seq_end", INTEGER, "", "Last number, included", "终止序号(含)")
INTERNAL = "Wh, L, mL"


def computed_table(name: str, title_en: str, title_zh: str, key: str, *rows: Row, made_from: Mapping[str, str]) -> Contract:
    """The contract of a computed table: its strict schema, columns in this order.

    ``key``: the columns of its key, separated by spaces. ``made_from``: of columns (separated by spaces) the words that name their sources;
    ValueError when a column but ``month`` has none or two, or is none of the table's.
    """
    lineage = _lineage(name, made_from, [row[0].rstrip("?") for row in rows])
    columns = tuple(
        Column(label.rstrip("?"), _KINDS[dtype], not label.endswith("?"), unit, en, zh, made_from=lineage[label.rstrip("?")])
        for label, dtype, unit, en, zh in rows
    )
    return Contract(name, title_en, title_zh, tuple(key.split()), columns, _polars_schema)


def _lineage(name: str, made_from: Mapping[str, str], columns: list[str]) -> dict[str, tuple[str, ...]]:
    """The sources of each column, one word for each, sorted."""
    found: dict[str, tuple[str, ...]] = {}
    for labels, words in made_from.items():
        for column in labels.split():
            if column in found or column not in columns:
                raise ValueError(f"{name}: the lineage of {column} is declared twice, or there is no such column")
            found[column] = tuple(sorted({source for word in words.split() for source in _sources(word)}))
    if MONTH[0] in columns:
        found.setdefault(MONTH[0], ())
    if missing := [column for column in columns if column not in found]:
        raise ValueError(f"{name}: no lineage is declared for {', '.join(missing)}")
    return found


def _sources(word: str) -> list[str]:
    table, dot, columns = word.partition(".")
    return [f"{table}.{column}" for column in columns.split(",")] if dot else [word]


def _polars_schema(contract: Contract) -> Any:
    from checks.contracts.declare import pp

    columns = {
        column.name: pp.Column(
            _DTYPES[column.kind], nullable=not column.required, name=column.name, title=column.description_zh,
            description=column.description_en,
        )
        for column in contract.columns
    }  # fmt: skip
    return pp.DataFrameSchema(columns, name=contract.name, title=contract.title_zh, description=contract.title_en, strict=True)
