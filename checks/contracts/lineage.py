"""What every table is made from, column by column: the declarations of the contracts, followed from table to table.

Here the words of ``made_from`` become columns of tables, as Dagster's metadata and the OpenLineage export name them. Nothing is declared
here. A raw table holds several feeds: its columns are called ``meters.multiplier``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from checks.contracts.base import Column, Contract
from checks.contracts.computed import ENTRY, SOURCE_ROW
from checks.contracts.names import RAW_TABLES
from checks.contracts.registry import ACCOUNTS, FEEDS, STAGED, VALUES

DOCUMENTS = ("edition", "factors")
DOCUMENT = "documents/"
CONTENT = "content"  # the only column of a document
_RAW_OF = {feed: table for table, feeds in RAW_TABLES.items() for feed in feeds}
_PROVENANCE = tuple(Column(row[0], "integer", True, row[2], row[3], row[4]) for row in (ENTRY, SOURCE_ROW))


class Source(NamedTuple):
    """A column of a table, or ``content`` of ``documents/<kind>``."""

    table: str
    column: str


@lru_cache
def contracts() -> dict[str, Contract]:
    """The contract of every table that is computed, by its name in the lake and the ledger."""
    return {f"staging/{name}": contract for name, contract in STAGED.items()} | ACCOUNTS | VALUES


@lru_cache(maxsize=256)
def columns_of(table: str) -> tuple[Column, ...]:
    """The columns of a table; of a raw table those of its feeds and where each row stands in its file; () of a table without contract."""
    if table in RAW_TABLES:
        return tuple(
            replace(column, name=f"{feed}.{column.name}") for feed in RAW_TABLES[table] for column in (*FEEDS[feed].columns, *_PROVENANCE)
        )
    contract = contracts().get(table)
    return contract.columns if contract is not None else ()


@lru_cache(maxsize=256)
def sources_of(table: str) -> dict[str, tuple[Source, ...]]:
    """For each column of a computed table the columns that it is made from; the month has none, and so have raw tables here."""
    if table in RAW_TABLES:
        return {}
    return {column.name: tuple(sorted(_source(word) for word in column.made_from)) for column in columns_of(table)}


def sources_among(table: str, tables: Collection[str]) -> dict[str, tuple[Source, ...]]:
    """As ``sources_of``, in columns of ``tables``, raw tables and documents alone: another table is stood for by what it is made from."""
    ends = frozenset((*tables, *RAW_TABLES, *(DOCUMENT + kind for kind in DOCUMENTS)))
    return {
        column: tuple(sorted({end for source in sources for end in _followed(source, ends)}))
        for column, sources in sources_of(table).items()
    }


@lru_cache(maxsize=8192)
def _followed(source: Source, tables: frozenset[str]) -> frozenset[Source]:
    if source.table in tables:
        return frozenset({source})
    return frozenset(end for next_ in sources_of(source.table).get(source.column, ()) for end in _followed(next_, tables))


def _source(word: str) -> Source:
    table, dot, column = word.partition(".")
    if not dot:
        return Source(DOCUMENT + word, CONTENT)
    return Source(_RAW_OF[table], word) if table in _RAW_OF else Source(table, column)
