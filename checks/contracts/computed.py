"""How a computed table is declared, for polars frames: name, dtype, unit and description of each column, in both languages.

``computed_table`` makes the ``Contract``; what stands beside it are the types and the columns that many tables share. No table is declared
here. Tables that people send are declared with ``base``.
"""

from __future__ import annotations

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


def computed_table(name: str, title_en: str, title_zh: str, key: str, *rows: Row) -> Contract:
    """The contract of a computed table: its strict schema, columns in this order. ``key``: the columns of its key, separated by spaces."""
    columns = tuple(Column(label.rstrip("?"), _KINDS[dtype], not label.endswith("?"), unit, en, zh) for label, dtype, unit, en, zh in rows)
    return Contract(name, title_en, title_zh, tuple(key.split()), columns, _polars_schema)


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
