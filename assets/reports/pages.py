"""How pages are rendered: the templates' environment, and what of a page is made once or in one piece because there is much of it.

Nothing here knows a table. What a template asks of the words and figures is in the modules beside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.ext import Extension
from jinja2.runtime import Context
from markupsafe import Markup, escape

from assets.reports.board import step
from assets.reports.words import percent


@lru_cache(maxsize=8192, typed=True)  # most of what pages say, they say of every site
def bilingual(english: object, chinese: object) -> Markup:
    """Both languages; the page shows the one that is chosen. What is the same in both stands once."""
    if str(english) == str(chinese):
        return escape(english)
    return Markup(f'<span lang="en">{escape(english)}</span><span lang="zh">{escape(chinese)}</span>')


def links(names: Iterable[str], own: str) -> Markup:
    """Links from a page to those beside it; its own name among them is none."""
    known = _links(tuple(names))
    return Markup("".join(f"<b>{escape(own)}</b>" if name == own else link for name, link in known.items()))


@lru_cache(maxsize=4)
def _links(names: tuple[str, ...]) -> dict[str, str]:
    return {name: f'<a href="{escape(name)}.html">{escape(name)}</a>' for name in names}


def day_cells(row: Mapping[str, Any]) -> Markup:
    """The cells of a site and feed on the board, one for each day."""
    site_id, found = escape(row["site_id"]), []
    for day in row["days"]:
        number, text, whole = _cell(day["coverage"])
        found.append(f'<td class="d s{number}" title="{site_id} {day["day"]}: {text}">{whole}</td>')
    return Markup("".join(found))


@lru_cache(maxsize=1024)
def _cell(share: float) -> tuple[int, str, str]:
    return step(share), percent(share), whole_percent(share)


def whole_percent(share: float) -> str:
    """Percent without decimals, rounded down: 99.9 % of a day is not the whole day; something is never shown as nothing."""
    return str(max(int(100 * share), 1 if share else 0))


class _Context(Context):
    """Calls what a template calls as it stands: none of ours asks for the context, which the general way looks for at every call."""

    def call(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        kwargs.pop("_block_vars", None)
        kwargs.pop("_loop_vars", None)
        return function(*args, **kwargs)


class _Environment(Environment):
    """Looks into a dictionary for what is no method of it, which is what the general way comes to after trying and failing."""

    context_class = _Context

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is dict and attribute in obj and attribute not in _METHODS:
            return obj[attribute]
        return super().getattr(obj, attribute)


_METHODS = frozenset(dir(dict))


class _Said(Extension):
    """Puts fixed words, ``{{ t("English", "中文") }}``, into a template when it is read, not whenever it is rendered."""

    _FIXED = re.compile(r'{{ t\("([^"\\{]*)",\s*"([^"\\{]*)"\) }}')

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return self._FIXED.sub(lambda found: bilingual(*found.groups()), source)


def environment() -> Environment:
    """The environment of the report's templates, with what is said here."""
    found = _Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # a template belongs to the code
        extensions=[_Said],
    )
    found.globals.update(t=bilingual, links=links, cells=day_cells)
    return found
