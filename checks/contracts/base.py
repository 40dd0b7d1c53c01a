"""How a table is declared: one pandera schema, with the people's words beside the types.

The helpers ``text, choice, date, month, instant, number, integer, flag`` make one pandera column each; ``table`` joins them into a
``Contract``. Column schema, templates, ``docs/tables.md``, header mapping and row rules are read from there. No table is declared here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal
from zoneinfo import available_timezones

from checks.contracts.declare import pa

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
    ``not_before`` names the column that this one may not lie before. ``bounds_by``: the column on which the bounds depend, and for some of
    its values the least and most (None: no bound) that is possible. ``made_from``: of a computed table, the columns of other tables whose
    values can change one of this column (``computed.py``).
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
    made_from: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contract:
    """One table: what it is called, its key, and the pandera ``schema`` that holds everything about its columns."""

    name: str
    title_en: str
    title_zh: str
    key: tuple[str, ...]
    schema: Any
    time_column: str | None = None

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return tuple(
            Column(name, required=not column.nullable, description_en=column.description, description_zh=column.title, **column.metadata)
            for name, column in self.schema.columns.items()
        )

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.required)

    def template_header(self) -> str:
        """The header line of an empty file of this table, without a line end."""
        return ",".join(column.name for column in self.columns)


def table(name: str, title_en: str, title_zh: str, *, key: str, columns: Sequence[pa.Column], time_column: str | None = None) -> Contract:
    """Declare a feed: ``key`` is a list of column names separated by spaces."""
    schema = pa.DataFrameSchema({column.name: column for column in columns}, name=name, description=title_en, title=title_zh)
    return Contract(name, title_en, title_zh, tuple(key.split()), schema, time_column)


def text(name: str, en: str, zh: str, synonyms: str = "", *, known: Mapping[str, str] | None = None, **options: Any) -> pa.Column:
    """A text column; ``known`` maps usual values to their other spellings (separated by spaces) without excluding others."""
    return _column("text", name, en, zh, synonyms, values=_spellings(known or {}), **options)


def choice(name: str, en: str, zh: str, allowed: Mapping[str, str], synonyms: str = "", **options: Any) -> pa.Column:
    """A text column with the values ``allowed`` only, each with its other spellings (separated by spaces)."""
    return _column("text", name, en, zh, synonyms, values=_spellings(allowed), allowed=tuple(allowed), **options)


def zone_name(name: str, en: str, zh: str, synonyms: str = "", **options: Any) -> pa.Column:
    """A text column that holds the IANA name of a time zone."""
    column = _column("text", name, en, zh, synonyms, **options)
    zones = available_timezones()
    column.checks.append(pa.Check(lambda values: values.isin(zones), name="time_zone"))
    return column


def date(name: str, en: str, zh: str, synonyms: str = "", **options: Any) -> pa.Column:
    return _column("date", name, en, zh, synonyms, **options)


def month(name: str, en: str, zh: str, synonyms: str = "", **options: Any) -> pa.Column:
    return _column("month", name, en, zh, synonyms, **options)


def instant(name: str, en: str, zh: str, synonyms: str = "", **options: Any) -> pa.Column:
    return _column("instant", name, en, zh, synonyms, **options)


def number(name: str, en: str, zh: str, synonyms: str = "", **options: Any) -> pa.Column:
    return _column("number", name, en, zh, synonyms, **options)


def integer(name: str, en: str, zh: str, synonyms: str = "", **options: Any) -> pa.Column:
    """A column of whole numbers; ``known`` and ``allowed`` as for text."""
    known = options.pop("known", None)
    return _column("integer", name, en, zh, synonyms, values=_spellings(known or {}), **options)


def flag(name: str, en: str, zh: str, synonyms: str = "", **options: Any) -> pa.Column:
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
) -> pa.Column:
    checks = []
    if allowed:
        checks.append(pa.Check.isin([int(value) for value in allowed] if kind == "integer" else list(allowed)))
    if min is not None:
        checks.append(pa.Check.ge(min))
    if max is not None:
        checks.append(pa.Check.le(max))
    if pattern is not None:
        checks.append(pa.Check.str_matches(pattern))
    metadata = {
        "kind": kind, "unit": unit, "synonyms": tuple(synonyms.split()), "allowed": allowed, "values": values, "min": min, "max": max,
        "pattern": pattern, "default": default, "default_from": default_from, "not_before": not_before, "bounds_by": bounds_by,
    }  # fmt: skip
    return pa.Column(_DTYPES[kind], checks, nullable=not required, name=name, title=zh, description=en, metadata=metadata)


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
