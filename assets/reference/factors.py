"""The factor set: dated grid, fuel and refrigerant factors, checked when loaded and chosen by date.

Loading, checking and choosing belong here; multiplying belongs to ``carbon.py``. A factor that is missing comes back as
``MissingFactor`` saying which one: there is no fallback to another geography, kind or year.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml

from assets.reference.factor_checks import check_coal_equivalents, check_fuels, check_grid, check_scope3
from resources.calendar import add_months
from resources.digest import canonical_json
from resources.errors import GciError

REFERENCE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Factor:
    """One published factor and what must be said with it.

    ``published_late``: none was out at the cut-off, this is the first one after (TL09).
    """

    name: str  # geography of a grid factor, fuel or refrigerant
    kind: str  # average, residual, fossil, fuel, gwp
    vintage: str  # data year, or the set of a fuel or refrigerant
    value: float
    unit: str
    published_on: str  # of a fuel or refrigerant: valid from
    source: str
    published_late: bool = False


@dataclass(frozen=True)
class MissingFactor:
    """What was asked for and does not exist (CT16). ``name``: a geography, fuel, refrigerant or other activity."""

    name: str
    kind: str
    month: str

    @property
    def text_en(self) -> str:
        return f"no {self.kind} factor for {self.name} in {self.month}"

    @property
    def text_zh(self) -> str:
        return f"缺少 {self.name} 在 {self.month} 的 {self.kind} 因子"


@dataclass(frozen=True)
class FactorSet:
    """All reference facts as one document, checked; the ledger keeps the document by digest."""

    data: Mapping[str, Any]

    @staticmethod
    @lru_cache(maxsize=4)
    def from_document(document: bytes) -> FactorSet:
        """The set kept as ``document`` (made by ``factor_document``), shared. GciError names the first thing that is wrong with it."""
        try:
            data = json.loads(document)
            check_grid(data["grid_factors_cn"], data["grid_factor_checks"], data["grid_regions"])
            check_fuels(data["fuels"], data["gwp"])
            check_coal_equivalents(data["coal_equivalent"])
            check_scope3(data["scope3"], data["fuels"]["not_scope_1"])
        except (ValueError, KeyError, TypeError) as error:
            raise GciError(f"The factor set can't be read ({error!r}). Land the factors again from assets/reference.") from None
        return FactorSet(data)

    @cached_property
    def _grid(self) -> dict[tuple[str, str], list[Factor]]:
        """Grid factors by geography and kind, the newest publication first (then the newest data year)."""
        found: dict[tuple[str, str], list[Factor]] = {}
        for row in sorted(self.data["grid_factors_cn"], key=lambda r: (r["published_on"], r["data_year"]), reverse=True):
            factor = Factor(
                row["geography"], row["kind"], row["data_year"], float(row["value"]), row["unit"], row["published_on"], row["source"]
            )
            found.setdefault((factor.name, factor.kind), []).append(factor)
        return found

    def grid(self, geography: str, kind: str, month: str, cutoff_day: int) -> Factor | MissingFactor:
        """The grid factor (kgCO2/kWh) of a geography and kind ('average', 'residual', 'fossil') for a month.

        The newest published on or before the scheduled cut-off, ``cutoff_day`` of the next month, never the clock; when none was, the
        first published later, with ``published_late``. MissingFactor when there is none at all. Source: green-power.md §1.5 (project
        convention).
        """
        known = self._grid.get((self.factor_geography(geography), kind), [])
        if not known:
            return MissingFactor(geography, kind, month)
        after = add_months(month, 1)
        cutoff = date(int(after[:4]), int(after[5:]), cutoff_day).isoformat()
        for factor in known:
            if factor.published_on <= cutoff:
                return factor
        first = min(known, key=lambda f: (f.published_on, f.vintage))
        return Factor(**{**vars(first), "published_late": True})

    def grid_later(self, geography: str, kind: str, month: str, cutoff_day: int) -> Factor | None:
        """The newest grid factor of a later data year than the month's own that was published after its cut-off: a candidate (TL09)."""
        used = self.grid(geography, kind, month, cutoff_day)
        if isinstance(used, MissingFactor):
            return None
        known = self._grid[self.factor_geography(geography), kind]
        return next((f for f in known if f.published_on > used.published_on and f.vintage > used.vintage), None)

    def factor_geography(self, geography: str) -> str:
        """The geography whose published factor covers this one: itself, but for the declared parts of a province (蒙西, 蒙东)."""
        province = self.data["grid_regions"]["provinces"].get(geography, {})
        return str(province.get("factor") or geography)

    def fuel(self, name: str, month: str) -> Factor | MissingFactor:
        """kg CO2 per kg (liquid) or Nm3 (gas) of a fuel, of the set the inventory uses, in force in a month. Source: green-power.md §5."""
        fuels = self.data["fuels"]
        rows = [r for r in fuels["fuels"] if r["fuel"] == name and r["set"] == fuels["default_set"] and r["valid_from"][:7] <= month]
        if not rows:
            return MissingFactor(name, "fuel", month)
        row = max(rows, key=lambda r: r["valid_from"])
        return Factor(name, "fuel", row["set"], float(row["value"]), row["unit"], row["valid_from"], row["source"])

    def gwp(self, refrigerant: str, month: str) -> Factor | MissingFactor:
        """kg CO2e per kg of a refrigerant, of the one GWP set of the inventory. 'R-410A', 'R410a' and 'r 410A' are one name."""
        chosen = self.data["gwp"]
        for row in chosen["sets"]:
            if row["set"] != chosen["default_set"] or row["valid_from"][:7] > month:
                continue
            for name, value in row["values"].items():
                if plain_name(name) == plain_name(refrigerant):
                    return Factor(name, "gwp", row["set"], float(value), row["unit"], row["valid_from"], row["source"])
        return MissingFactor(refrigerant, "gwp", month)

    def coal_equivalent(self, carrier: str, month: str) -> Factor | MissingFactor:
        """kgce per kWh (electricity), kg, Nm3 or MJ (heat) of a carrier, by calorific value (当量值), in force in a month."""
        rows = [r for r in self.data["coal_equivalent"]["carriers"] if r["carrier"] == carrier and r["valid_from"][:7] <= month]
        if not rows:
            return MissingFactor(carrier, "coal equivalent", month)
        row = max(rows, key=lambda r: r["valid_from"])
        return Factor(carrier, "coal", "当量值", float(row["value"]), row["unit"], row["valid_from"], row["source"])

    def is_fuel(self, activity: str) -> bool:
        return any(row["fuel"] == activity for row in self.data["fuels"]["fuels"])

    def is_outside_scope_1(self, activity: str) -> bool:
        """Whether an activity is known to be no direct emission (heat bought, recycling, scope 3 categories)."""
        fuels = self.data["fuels"]
        return activity in fuels["not_scope_1"] or activity.startswith(fuels["not_scope_1_prefix"])


def plain_name(text: str) -> str:
    """A refrigerant's name without hyphens, spaces and case."""
    return "".join(ch for ch in text.upper() if ch.isalnum())


def factor_document(directory: Path = REFERENCE) -> bytes:
    """Every reference file of a directory (``*.csv``, ``*.yaml``) as one canonical JSON, by file stem: what the ledger keeps by digest.

    CSV cells stay text, so that '0.5580' keeps its four decimals. GciError names a file that can't be read.
    """
    data: dict[str, Any] = {}
    for path in sorted([*directory.glob("*.csv"), *directory.glob("*.yaml")]):
        try:
            text = path.read_text(encoding="utf-8")
            data[path.stem] = list(csv.DictReader(io.StringIO(text))) if path.suffix == ".csv" else yaml.safe_load(text)
            canonical_json(data[path.stem])
        except (yaml.YAMLError, UnicodeDecodeError, TypeError, ValueError) as error:
            raise GciError(f"{path.name} can't be read ({error}); dates must stand in quotes.") from None
    return canonical_json(data).encode()


def load_factors(source: Path | bytes = REFERENCE) -> FactorSet:
    """The checked factor set of a directory of reference files, or of one kept document. GciError names what is wrong."""
    return FactorSet.from_document(source if isinstance(source, bytes) else factor_document(source))


def factor_facts(factors: FactorSet, sites: Iterable[tuple[str, str]], month: str, cutoff_day: int) -> list[dict[str, Any]]:
    """For each site ``(site_id, geography)``: which grid factor each figure uses, or which is missing (read by CT16 and TL09).

    Rows: site_id, geography, kind, month, vintage, value (null: missing), unit, published_on, published_late, later_vintage and
    later_published_on (of a later factor, null: there is none), source, missing_en, missing_zh.
    """
    facts = []
    for site_id, geography in sites:
        for place, kind in ((geography, "average"), (country(geography), "residual"), (country(geography), "fossil")):
            found = factors.grid(place, kind, month, cutoff_day)
            row: dict[str, Any] = {"site_id": site_id, "geography": place, "kind": kind, "month": month}
            if isinstance(found, MissingFactor):
                row |= {"vintage": None, "value": None, "unit": None, "published_on": None, "published_late": None, "source": None}
                row |= {"later_vintage": None, "later_published_on": None}
                row |= {"missing_en": found.text_en, "missing_zh": found.text_zh}
            else:
                row |= {"vintage": found.vintage, "value": found.value, "unit": found.unit, "published_on": found.published_on}
                row |= {"published_late": found.published_late, "source": found.source, "missing_en": None, "missing_zh": None}
                later = factors.grid_later(place, kind, month, cutoff_day)
                row |= {"later_vintage": later.vintage if later else None, "later_published_on": later.published_on if later else None}
            facts.append(row)
    return facts


def country(geography: str) -> str:
    """'CN' of 'CN-HE': residual and fossil factors are national."""
    return geography.split("-")[0]
