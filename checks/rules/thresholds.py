"""Thresholds of the rules: dated data with a source, which a home may only tighten.

Put here how the document ``thresholds.yaml`` is read, how a month picks its values and how a home's ``[rules.CODE]`` overrides are
judged. What a limit is used for stands with the rule; the document enters the log, so that an old month keeps its limits.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from resources.digest import digest_text
from resources.errors import GciError, UsageError

_DOCUMENT = Path(__file__).with_name("thresholds.yaml")


@dataclass(frozen=True)
class Dated:
    """A value from a month on, with its source."""

    valid_from: str
    value: float
    source: str


@dataclass(frozen=True)
class Threshold:
    """One limit of one rule. ``tighter`` is ``higher`` or ``lower``: the direction in which it becomes stricter."""

    code: str
    name: str
    text_en: str
    text_zh: str
    unit: str
    tighter: str
    low: float
    high: float
    values: tuple[Dated, ...]

    def at(self, month: str) -> Dated:
        """The value in force in a month; GciError when the document has none that early."""
        past = [dated for dated in self.values if dated.valid_from <= month]
        if not past:
            raise GciError(f"No threshold {self.code}.{self.name} is valid in {month}: the first is from {self.values[0].valid_from}.")
        return past[-1]

    def tightened(self, month: str, wanted: float) -> float:
        """``wanted`` when it is at least as strict as the value in force; UsageError saying both values when it is not."""
        base = self.at(month).value
        where = f"[rules.{self.code}] {self.name} = {wanted:g}"
        if not self.low <= wanted <= self.high:
            raise UsageError(f"gci.toml: {where} is outside {self.low:g} to {self.high:g}; the product's value is {base:g}.")
        if wanted < base if self.tighter == "higher" else wanted > base:
            raise UsageError(
                f"gci.toml: {where} would loosen the limit {base:g} in force in {month}; thresholds may only be tightened "
                f"(here: a {self.tighter} value). Write {base:g} or a {self.tighter} value, or remove the line."
            )
        return wanted


def threshold_document() -> bytes:
    """The product's own thresholds as document bytes, to be kept in the lake and named in the log (kind ``thresholds``)."""
    return _DOCUMENT.read_bytes()


def threshold_digest() -> str:
    """``sha256:…`` of ``threshold_document()``."""
    return digest_text(threshold_document().decode())


@cache
def read_thresholds(document: bytes) -> tuple[Threshold, ...]:
    """All thresholds of a document, in its order; GciError when it says something unusable."""
    found = []
    for code, names in yaml.safe_load(document).items():
        for name, body in names.items():
            dated = sorted((Dated(v["valid_from"], float(v["value"]), v["source"]) for v in body["values"]), key=lambda d: d.valid_from)
            if body["tighter"] not in ("higher", "lower") or not dated or not all(d.source for d in dated):
                raise GciError(f"thresholds: {code}.{name} needs 'tighter: higher' or 'lower' and values with a source.")
            low, high = body["range"]
            found.append(
                Threshold(code, name, body["en"], body["zh"], body["unit"], body["tighter"], float(low), float(high), tuple(dated))
            )
    return tuple(found)


def thresholds_at(document: bytes, month: str, overrides: Mapping[str, Mapping[str, float]] | None = None) -> dict[str, dict[str, float]]:
    """The limits of a month by rule code and name, as ``Judged.thresholds`` wants them.

    ``overrides`` are a home's ``[rules.CODE] name = value``. UsageError when one names an unknown code or name (the nearest is
    suggested), lies outside its range, or is looser than the value in force (both values are said).
    Source: checks.md, "a home may only tighten them".
    """
    known: dict[str, dict[str, Threshold]] = {}
    for threshold in read_thresholds(document):
        known.setdefault(threshold.code, {})[threshold.name] = threshold
    limits = {code: {name: t.at(month).value for name, t in names.items()} for code, names in known.items()}
    for code, names in (overrides or {}).items():
        if code not in known:
            raise UsageError(f"gci.toml: [rules.{code}]: no rule of that code has a threshold.{_nearest(code, known)}")
        for name, wanted in names.items():
            if name not in known[code]:
                raise UsageError(f"gci.toml: [rules.{code}] has no threshold '{name}'.{_nearest(name, known[code])}")
            limits[code][name] = known[code][name].tightened(month, float(wanted))
    return limits


def _nearest(word: str, known: Iterable[str]) -> str:
    nearest = next(iter(difflib.get_close_matches(word, known)), None)
    return f" Did you mean '{nearest}'?" if nearest else f" Known: {', '.join(sorted(known))}."
