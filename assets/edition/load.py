"""Editions of the index: where they lie and how one is loaded.

A built-in edition is a document in ``assets/index/editions/``, found by its name; another is a file of the user's. What a document
must look like is in ``document.py``, what it means in ``tree.py``.
"""

from __future__ import annotations

from pathlib import Path

from assets.edition.document import parse_edition
from assets.edition.node import nearest
from assets.edition.tree import Edition
from resources.errors import UsageError

EDITIONS = Path(__file__).parent.parent / "index" / "editions"

__all__ = ["Edition", "edition_bytes", "edition_names", "load_edition", "load_edition_document"]


def edition_names() -> list[str]:
    """Names of the built-in editions, sorted."""
    return sorted(path.stem for path in EDITIONS.glob("*.yaml"))


def edition_bytes(name_or_path: str | Path) -> bytes:
    """The document of a built-in edition (by name) or of a file (by path), as it stands; UsageError when there is none."""
    text = str(name_or_path)
    if text in edition_names():
        return (EDITIONS / f"{text}.yaml").read_bytes()
    try:
        return Path(name_or_path).read_bytes()
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"'{text}' is no edition and no file that can be read ({reason}).{nearest(text, edition_names())}") from None


def load_edition(name_or_path: str | Path) -> Edition:
    """The edition of that name or file, validated; UsageError says what is wrong with it and where."""
    return load_edition_document(edition_bytes(name_or_path), str(name_or_path))


def load_edition_document(data: bytes, label: str = "edition") -> Edition:
    """The edition that the bytes of a document state (as the ledger keeps it); ``label`` names it in messages."""
    return parse_edition(data, label)
