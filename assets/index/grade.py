"""From the index to a grade: bands, dated caps, and when there is no grade.

The grade is the worst of what the score earns and what the caps allow, and the binding cap is named. Why there is none, and what one would
need, is in ``shortfall.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from assets.edition.tree import Band, Cap, Edition
from assets.index.aggregate import Aggregate, IndicatorScore
from assets.index.shortfall import Shortfall, find_shortfall
from assets.indicators.measure import IndicatorValue

# Limits are compared after rounding, so that the last bit of a float never decides a grade.
DECIMALS = 9
MIXED = "mixed"


@dataclass(frozen=True)
class EntityFacts:
    """What of a site or cluster the caps and the stages ask for. None is unknown and exempts from nothing, but no hub means no hub."""

    kind: str = "site"  # or cluster
    geography: str | None = None  # ISO 3166-2, CN-HE
    design_power_kw: float | None = None
    hub: str | None = None
    commissioned_on: date | None = None
    stage: str | None = None


@dataclass(frozen=True)
class CapTest:
    """One cap in force, tested: ``outcome`` is kept, exceeded, exempt or not_tested.

    ``assumed`` names the facts that are not known and might exempt the entity.
    """

    cap: Cap
    outcome: str
    seen: float | None = None
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Grading:
    """Grade (null when there is none), what the score alone earns, the cap that makes it worse, every cap in force, and why no grade."""

    grade: str | None
    grade_from_score: str | None
    binding_cap: Cap | None
    caps: tuple[CapTest, ...] = field(default=())
    shortfall: Shortfall | None = None


def grade_entity(
    edition: Edition,
    scores: Sequence[IndicatorScore],
    result: Aggregate,
    cap_values: Mapping[str, IndicatorValue],
    facts: EntityFacts,
    on: date,
) -> Grading:
    """The grade of an entity on a day (the last of the month).

    ``cap_values`` are the trailing-twelve-months values, on which caps are tested. No grade: too little weight reported, or a required
    indicator without a value. Source: method.md §2 (project convention); that the worse of two judgements counts has its precedent in
    DB31/T 310008-2021, 6.2.3.
    """
    tests = tuple(check_cap(cap, cap_values.get(cap.indicator), facts) for cap in edition.caps if in_force(cap, on))
    shortfall = find_shortfall(edition, scores)
    if shortfall is not None or result.index is None:
        return Grading(None, None, None, tests, shortfall)
    from_score = band_of(edition, result.index).grade
    rank = {band.grade: position for position, band in enumerate(edition.grades)}
    binding: Cap | None = None
    worst = from_score
    for test in tests:
        if test.outcome == "exceeded" and rank[test.cap.best_grade] > rank[worst]:
            binding, worst = test.cap, test.cap.best_grade
    return Grading(worst, from_score, binding, tests)


def band_of(edition: Edition, index: float) -> Band:
    """The best band whose lower end the index (0–100) reaches."""
    return next(band for band in edition.grades if round(index, DECIMALS) >= band.least)


def in_force(cap: Cap, on: date) -> bool:
    return cap.valid_from <= on and (cap.valid_to is None or on <= cap.valid_to)


def check_cap(cap: Cap, measured: IndicatorValue | None, facts: EntityFacts) -> CapTest:
    """Whether an entity exceeds a cap that is in force.

    Not tested without a value, or with one of mixed categories (method.md §1). A fact that is not known does not exempt: it is listed in
    ``assumed``.
    """
    assumed = []
    if cap.kinds and facts.kind not in cap.kinds:
        return CapTest(cap, "exempt")
    if cap.hub and not facts.hub:
        return CapTest(cap, "exempt")
    if cap.country is not None:
        if facts.geography is None:
            assumed.append("geography")
        elif facts.geography.split("-")[0].upper() != cap.country:
            return CapTest(cap, "exempt")
    if cap.design_power_above_kw is not None:
        if facts.design_power_kw is None:
            assumed.append("design_power_kw")
        elif facts.design_power_kw <= cap.design_power_above_kw:
            return CapTest(cap, "exempt")
    if cap.commissioned_from is not None:
        if facts.commissioned_on is None:
            assumed.append("commissioned_on")
        elif facts.commissioned_on < cap.commissioned_from:
            return CapTest(cap, "exempt")
    if measured is None or not measured.valued or measured.value is None or measured.category == MIXED:
        return CapTest(cap, "not_tested")
    seen = round(measured.value, DECIMALS)
    exceeded = seen > cap.above if cap.above is not None else seen < (cap.below or 0.0)
    return CapTest(cap, "exceeded" if exceeded else "kept", measured.value, tuple(assumed))
