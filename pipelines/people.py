"""Names of the people who answer for an entry: given, and different where two are needed."""

from __future__ import annotations

import unicodedata

from resources.errors import UsageError


def name_of(value: str | None, option: str, zh: str) -> str:
    """A name as it is kept; UsageError when it is missing."""
    name = " ".join((value or "").split())
    if not name:
        raise UsageError(f"{option} NAME is missing: somebody answers for this by name. 缺少{zh}姓名。")
    return name


def text_of(value: str | None, option: str, zh: str) -> str:
    """A statement or reason as it is kept; UsageError when it is missing."""
    text = (value or "").strip()
    if not text:
        raise UsageError(f"{option} TEXT is missing: say it in a sentence, it is kept for ever. 缺少{zh}。")
    return text


def same_person(one: str, other: str) -> bool:
    """Whether two names are one, whatever their case, spaces and width of letters."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())
