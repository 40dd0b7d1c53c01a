"""One mapping of a YAML document, read key by key with the place in every message.

A ``Node`` remembers which keys were asked for: what is left over at the end is unknown, and the message suggests the nearest key. Nothing
here knows an edition.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Hashable, Sequence
from datetime import date
from typing import Any

import yaml

from resources.errors import UsageError

try:  # libyaml is ten times faster and not on every machine; both read the same
    from yaml import CSafeLoader as _Base
except ImportError:
    from yaml import SafeLoader as _Base  # type: ignore[assignment]


class _Loader(_Base):
    """Safe loader that keeps dates as text and refuses a key given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"the key '{key}' is given twice", node.start_mark)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in _Base.yaml_implicit_resolvers.items()
}


def read_yaml(data: bytes, label: str) -> dict[str, Any]:
    """The mapping that UTF-8 YAML states; UsageError when it is none."""
    try:
        content = yaml.load(data.decode("utf-8-sig"), _Loader)
    except UnicodeDecodeError as error:
        raise UsageError(f"{label} is no UTF-8 text: {error}.") from None
    except yaml.YAMLError as error:
        raise UsageError(f"{label} can't be read as YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(content, dict):
        raise UsageError(f"{label} holds no edition: its top level must be a mapping of keys.")
    return content


def nearest(word: str, known: Sequence[str]) -> str:
    """`` Did you mean 'x'?`` for the nearest known words, else the list of known ones.

    Codes are too short to be compared letter by letter: those of the same first letter are the nearest.
    """
    near = [k for k in known if k.lower() == word.lower()] or difflib.get_close_matches(word, known, n=1)
    if not near and len(word) <= 3:
        near = [k for k in known if k[:1].lower() == word[:1].lower()]
    alternatives = "' or '".join(near)
    return f" Did you mean '{alternatives}'?" if near else f" Known: {', '.join(known)}."


class Node:
    """A value of the document at a place; every reader names a key of a mapping, or none for the value itself."""

    def __init__(self, value: Any, label: str, where: str = "") -> None:
        self.value, self.label, self.where = value, label, where
        self.asked: dict[str, list[Node]] = {}

    def error(self, message: str) -> UsageError:
        return UsageError(f"{self.label}: {self.where + ': ' if self.where else ''}{message}")

    # moving ---------------------------------------------------------------------------------------------------------------

    def has(self, key: str) -> bool:
        self.asked.setdefault(key, [])
        return self._dict().get(key) is not None

    def node(self, key: str) -> Node:
        """The mapping under ``key``."""
        child = self._child(key)
        child._dict()
        return child

    def mapping(self, key: str) -> dict[str, Any]:
        """The mapping under ``key`` whose keys are names chosen by the edition."""
        child = self._child(key)
        names = child._dict()
        for name in names:
            child.asked.setdefault(name, [])
        return names

    def within(self, key: str, name: str) -> Node:
        """The value of one chosen name in the mapping under ``key``."""
        return self._child(key)._child(name)

    def nodes(self, key: str, least: int = 1) -> list[Node]:
        """The list of mappings under ``key``."""
        child = self._child(key)
        if not isinstance(child.value, list) or len(child.value) < least:
            raise child.error(f"must be a list of at least {least}." if least else "must be a list.")
        found = []
        for position, value in enumerate(child.value, 1):
            title = value.get("code") or value.get("name") or position if isinstance(value, dict) else position
            found.append(Node(value, self.label, f"{child.where}[{title}]"))
            found[-1]._dict()
        child.asked[""] = found
        return found

    def close(self) -> None:
        """UsageError for a key that nobody asked for, here or below."""
        if isinstance(self.value, dict):
            for key in self.value:
                if key not in self.asked:
                    raise self.error(f"unknown key '{key}'.{nearest(str(key), sorted(self.asked))}")
        for children in self.asked.values():
            for child in children:
                child.close()

    def _child(self, key: str) -> Node:
        if known := self.asked.get(key):
            return known[0]
        if key not in self._dict():
            close = difflib.get_close_matches(key, [str(k) for k in self._dict() if k not in self.asked], n=1)
            raise self.error(f"the key '{key}' is missing" + (f"; is '{close[0]}' a slip of the pen?" if close else "."))
        child = Node(self.value[key], self.label, f"{self.where}.{key}" if self.where else key)
        self.asked[key] = [child]
        return child

    def _dict(self) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            raise self.error(f"must be a mapping of keys, not {self.value!r}.")
        return self.value

    def _at(self, key: str) -> Node:
        return self._child(key) if key else self

    # values ---------------------------------------------------------------------------------------------------------------

    def text(self, key: str, default: str | None = None) -> str:
        if default is not None and not self.has(key):
            return default
        child = self._at(key)
        if not isinstance(child.value, str) or not child.value.strip():
            raise child.error(f"must be text, not {child.value!r}. Write numbers that are names in quotes.")
        return child.value

    def texts(self, key: str, known: Sequence[str] | None = None) -> list[str]:
        child = self._at(key)
        if not isinstance(child.value, list) or not all(isinstance(v, str) for v in child.value):
            raise child.error(f"must be a list of texts, not {child.value!r}.")
        for value in child.value if known is not None else ():
            child.known("value", value, known or ())
        return list(child.value)

    def choice(self, key: str, known: Sequence[str]) -> str:
        value = self.text(key)
        self._at(key).known("value", value, known)
        return value

    def known(self, what: str, value: str, known: Sequence[str]) -> None:
        if value not in known:
            raise self.error(f"unknown {what} '{value}'.{nearest(value, known)}")

    def number(self, key: str = "", least: float | None = None, most: float | None = None) -> float:
        child = self._at(key)
        value = child.value
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise child.error(f"must be a number, not {value!r}.")
        if (least is not None and value < least) or (most is not None and value > most):
            raise child.error(f"{value:g} lies outside {least if least is not None else '-∞'} to {most if most is not None else '∞'}.")
        return float(value)

    def optional_number(self, key: str) -> float | None:
        return self.number(key) if self.has(key) else None

    def ratio(self, key: str = "") -> float:
        return self.number(key, least=0, most=1)

    def whole(self, key: str) -> int:
        value = self.number(key, least=1)
        if value != int(value):
            raise self._at(key).error(f"must be a whole number, not {value:g}.")
        return int(value)

    def numbers(self, key: str) -> list[float]:
        child = self._at(key)
        if not isinstance(child.value, list):
            raise child.error(f"must be a list of numbers, not {child.value!r}.")
        return [Node(value, self.label, child.where).number() for value in child.value]

    def flag(self, key: str) -> bool:
        """True or false; false when absent."""
        if not self.has(key):
            return False
        child = self._at(key)
        if not isinstance(child.value, bool):
            raise child.error(f"must be true or false, not {child.value!r}.")
        return child.value

    def day(self, key: str) -> date:
        text = self.text(key)
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise self._at(key).error(f"'{text}' is no date. Write YYYY-MM-DD.") from None

    def optional_day(self, key: str) -> date | None:
        return self.day(key) if self.has(key) else None
