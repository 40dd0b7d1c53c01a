"""How a table is declared: its columns once, with the people's words beside the types, and the pandera schema that follows from them.

The helpers ``text, choice, date, month, instant, number, integer, flag`` declare one column each; ``table`` joins them into a
``Contract``. Column schema, templates, ``docs/tables.md``, header mapping and row rules are read from there. No table is declared here.
pandera is imported when a table is validated, not when one is declared: commands that only read do without it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal
from zoneinfo import available_timezones

Kind = Literal["text", "date", "month", "instant", "number", "integer", "boolean"]

# A default that is not a value: the first day of the home's first month.
FIRST_MONTH = "first_month"

# How a valid value of each kind stands in a typed frame (docs/architecture.md): dates and months are ISO text, instants epoch seconds.
_DTYPES: dict[str, Any] = {
    "text": object,
    "date": object,
    "month": object,
    "instant": "Int64",
    "number": "float64",
    "integer": "Int64",
    "boolean": "boolean",
}


@dataclass(frozen=True)
class Column:
    """One column as its contract describes it.

    ``required``: the column and a value in every row. ``allowed``: the only values (none: any); ``values`` maps other spellings of
    a value (see ``fold``) to the one we keep. ``default`` fills a blank, ``default_from`` fills it from another column.
    ``zone``: the text is the name of a time zone. ``not_before`` names the column that this one may not lie before. ``bounds_by``: the
    column on which the bounds depend, and for some of its values the least and most (None: no bound) that is possible. ``made_from``: of a
    computed table, the columns of other tables whose values can change one of this column (``computed.py``).
    """

    name: str
    kind: str
    required: bool
    unit: str
    description_en: str
    description_zh: str
    synonyms: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    values: Mapping[str, str] | None = None
    min: float | None = None
    max: float | None = None
    pattern: str | None = None
    default: str | None = None
    default_from: str | None = None
    not_before: str | None = None
    bounds_by: tuple[str, Mapping[str, tuple[float, float | None]]] | None = None
    zone: bool = False
    made_from: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contract:
    """One table: what it is called, its key, its columns; ``to_schema`` makes its pandera schema, of which nothing else is declared."""

    name: str
    title_en: str
    title_zh: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    to_schema: Callable[[Contract], Any]
    time_column: str | None = None

    @cached_property
    def schema(self) -> Any:
        """The pandera schema; imports pandera."""
        return self.to_schema(self)

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.required)

    def template_header(self) -> str:
        """The header line of an empty file of this table, without a line end."""
        return ",".join(column.name for column in self.columns)


def table(name: str, title_en: str, title_zh: str, *, key: str, columns: Sequence[Column], time_column: str | None = None) -> Contract:
    """Declare a feed: ``key`` is a list of column names separated by spaces."""
    return Contract(name, title_en, title_zh, tuple(key.split()), tuple(columns), _pandas_schema, time_column)


def _pandas_schema(contract: Contract) -> Any:
    from checks.contracts.declare import pa

    columns = {column.name: _pandas_column(column) for column in contract.columns}
    return pa.DataFrameSchema(columns, name=contract.name, description=contract.title_en, title=contract.title_zh)


def _pandas_column(column: Column) -> Any:
    from checks.contracts.declare import pa

    checks = []
    if column.allowed:
        checks.append(pa.Check.isin([int(value) for value in column.allowed] if column.kind == "integer" else list(column.allowed)))
    if column.min is not None:
        checks.append(pa.Check.ge(column.min))
    if column.max is not None:
        checks.append(pa.Check.le(column.max))
    if column.pattern is not None:
        checks.append(pa.Check.str_matches(column.pattern))
    if column.zone:
        zones = available_timezones()
        checks.append(pa.Check(lambda values: values.isin(zones), name="time_zone"))
    return pa.Column(
        _DTYPES[column.kind], checks, nullable=not column.required, name=column.name, title=column.description_zh,
        description=column.description_en,
    )  # fmt: skip


def text(name: str, en: str, zh: str, synonyms: str = "", *, known: Mapping[str, str] | None = None, **options: Any) -> Column:
    """A text column; ``known`` maps usual values to their other spellings (separated by spaces) without excluding others."""
    return _column("text", name, en, zh, synonyms, values=_spellings(known or {}), **options)


def choice(name: str, en: str, zh: str, allowed: Mapping[str, str], synonyms: str = "", **options: Any) -> Column:
    """A text column with the values ``allowed`` only, each with its other spellings (separated by spaces)."""
    return _column("text", name, en, zh, synonyms, values=_spellings(allowed), allowed=tuple(allowed), **options)


def zone_name(name: str, en: str, zh: str, synonyms: str = "", **options: Any) -> Column:
    """A text column that holds the IANA name of a time zone."""
    return _column("text", name, en, zh, synonyms, zone=True, **options)


def date(name: str, en: str, zh: str, synonyms: str = "", **options: Any) -> Column:
    return _column("date", name, en, zh, synonyms, **options)


def month(name: str, en: str, zh: str, synonyms: str = "", **options: Any) -> Column:
    return _column("month", name, en, zh, synonyms, **options)


def instant(name: str, en: str, zh: str, synonyms: str = "", **options: Any) -> Column:
    return _column("instant", name, en, zh, synonyms, **options)


def number(name: str, en: str, zh: str, synonyms: str = "", **options: Any) -> Column:
    return _column("number", name, en, zh, synonyms, **options)


def integer(name: str, en: str, zh: str, synonyms: str = "", **options: Any) -> Column:
    """A column of whole numbers; ``known`` and ``allowed`` as for text."""
    known = options.pop("known", None)
    return _column("integer", name, en, zh, synonyms, values=_spellings(known or {}), **options)


def flag(name: str, en: str, zh: str, synonyms: str = "", **options: Any) -> Column:
    return _column("boolean", name, en, zh, synonyms, **options)


def _column(
    kind: Kind,
    name: str,
    en: str,
    zh: str,
    synonyms: str,
    *,
    required: bool = False,
    unit: str = "",
    allowed: tuple[str, ...] = (),
    values: Mapping[str, str] | None = None,
    min: float | None = None,
    max: float | None = None,
    pattern: str | None = None,
    default: str | None = None,
    default_from: str | None = None,
    not_before: str | None = None,
    bounds_by: tuple[str, Mapping[str, tuple[float, float | None]]] | None = None,
    zone: bool = False,
) -> Column:
    return Column(
        name, kind, required, unit, en, zh, tuple(synonyms.split()), allowed, values, min, max, pattern, default, default_from, not_before,
        bounds_by, zone,
    )  # fmt: skip


def _spellings(values: Mapping[str, str]) -> dict[str, str]:
    """Every spelling of every value, folded, to the value."""
    found: dict[str, str] = {}
    for value, others in values.items():
        for spelling in (value, *others.split()):
            if found.setdefault(fold(spelling), value) != value:
                raise ValueError(f"'{spelling}' stands for two values: {found[fold(spelling)]}, {value}")
    return found


def fold(spelling: str) -> str:
    """What two spellings of one value have in common: width and case of letters, and blanks or hyphens, do not count."""
    return re.sub(r"[\s\-]+", "_", unicodedata.normalize("NFKC", spelling).strip()).casefold()
