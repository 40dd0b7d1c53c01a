"""An edition of the index as types: tree, score functions, weights, caps, grades, rules of missing data.

Only what an edition says. Reading and validating its document is in ``document.py``, the arithmetic in ``scoring.py``, ``aggregate.py`` and
``grade.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

KINDS = ("core", "bonus")


@dataclass(frozen=True)
class Words:
    """One text in both languages."""

    zh: str
    en: str


@dataclass(frozen=True)
class Pillar:
    """First level of the tree; ``kind`` core (100 points together) or bonus."""

    code: str
    zh: str
    en: str
    kind: str


@dataclass(frozen=True)
class Group:
    """Second level of the tree."""

    code: str
    zh: str
    en: str
    pillar: str


@dataclass(frozen=True)
class Anchor:
    """A point of a score function: the value ``at`` earns ``points``; ``source`` is where the value comes from."""

    at: float
    points: float
    source: str
    note: str = ""


@dataclass(frozen=True)
class ScoreFunction:
    """How a value becomes points (0–100); ``kind`` is linear, log, step or share (then without anchors)."""

    kind: str
    anchors: tuple[Anchor, ...] = ()


@dataclass(frozen=True)
class ChecklistItem:
    """One item of a checklist; the value of the checklist is Σ weight × level / Σ weight."""

    code: str
    zh: str
    en: str
    weight: float


@dataclass(frozen=True)
class SubScore:
    """A ratio inside an indicator (K1) that earns 100 × ratio / ``full``, at most 100."""

    code: str
    zh: str
    en: str
    full: float


@dataclass(frozen=True)
class Indicator:
    """Third level of the tree: what is measured, how it composes, how it scores and what it weighs.

    ``months`` and ``sites`` say how months and sites compose (ratio_of_sums, last_month, snapshots, parts; sum, weakest, weighted_by_e_it).
    ``minimum`` and ``maximum`` bound what the value can be at all; ``unbounded`` allows a value without upper bound (null in JSON).
    """

    code: str
    zh: str
    en: str
    unit: str
    direction: str  # higher or lower is better
    minimum: float | None
    maximum: float | None
    unbounded: bool
    group: str
    pillar: str
    kind: str  # core or bonus
    source: str
    clause: str
    measure: Words
    quantities: tuple[str, ...]
    inputs: tuple[str, ...]
    months: str
    sites: str
    function: ScoreFunction
    weight: float
    checklist: tuple[ChecklistItem, ...] = ()
    sub_scores: tuple[SubScore, ...] = ()

    @property
    def domain(self) -> tuple[float | None, float | None]:
        return self.minimum, self.maximum


@dataclass(frozen=True)
class Cap:
    """A dated rule: with the indicator beyond the limit the grade is at best ``best_grade``.

    Exactly one of ``above`` and ``below`` is set. The conditions narrow it to a country, to a design power above a limit, to sites of a
    national hub and to those commissioned from a date.
    """

    name: str
    indicator: str
    above: float | None
    below: float | None
    best_grade: str
    valid_from: date
    valid_to: date | None
    kinds: tuple[str, ...]
    country: str | None
    design_power_above_kw: float | None
    hub: bool
    commissioned_from: date | None
    source: str
    basis: Words


@dataclass(frozen=True)
class Band:
    """A grade and the least index that earns it."""

    grade: str
    least: float
    zh: str
    en: str


@dataclass(frozen=True)
class MissingRule:
    """When there is no grade: too little weight reported, over all or in a core pillar, or a required indicator without a value."""

    coverage_min: float
    pillar_coverage_min: float
    required: tuple[str, ...]


@dataclass(frozen=True)
class Edition:
    """Everything a score depends on besides the values. ``digest`` is the SHA-256 of the document's bytes."""

    name: str
    digest: str
    title: Words
    convention: Words
    sources: Mapping[str, Words]
    pillars: tuple[Pillar, ...]
    groups: tuple[Group, ...]
    indicators: tuple[Indicator, ...]
    bonus_max: float
    route_weights: Mapping[str, float]
    delivered_routes: tuple[str, ...]  # matched month by month
    grades: tuple[Band, ...]  # best first
    caps: tuple[Cap, ...]
    missing: MissingRule
    powers: tuple[float, ...]
    published_window: str
    window_months: int
    practice_months: int
    estimated_share_flag: float  # of electricity
    estimated_share_flag_water: float
    missing_power_share_max: float
    rated_known_min: float
    utilisation_known_min: float
    stages: Mapping[str, tuple[str, ...]]

    def indicator(self, code: str) -> Indicator:
        """The indicator of that code; KeyError when the edition has none."""
        for item in self.indicators:
            if item.code == code:
                return item
        raise KeyError(code)

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(item.code for item in self.indicators)

    def weights(self, kind: str) -> dict[str, float]:
        """Weights of the core or of the bonus indicators by code."""
        return {item.code: item.weight for item in self.indicators if item.kind == kind}

    def checklist_weights(self) -> dict[str, dict[str, float]]:
        """For each indicator with a checklist the weights of its items by item code."""
        return {item.code: {entry.code: entry.weight for entry in item.checklist} for item in self.indicators if item.checklist}

    def recovery_full(self) -> dict[str, float]:
        """For each sub-score by code the ratio that earns its full marks."""
        return {part.code: part.full for item in self.indicators for part in item.sub_scores}
