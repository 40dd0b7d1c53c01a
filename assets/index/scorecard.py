"""One entity scored: from indicator values to index, interval, grade and everything that is shown beside them.

Puts ``aggregate.py`` and ``grade.py`` together. The JSON of a result is made in ``payload.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from assets.edition.tree import Edition, Indicator
from assets.index.aggregate import (
    IndicatorScore,
    aggregate,
    contributions,
    core_coverage,
    pillar_coverage,
    pillar_scores,
    power_means,
    score_indicator,
)
from assets.index.grade import CapTest, EntityFacts, Grading, grade_entity
from assets.indicators.measure import IndicatorValue


@dataclass(frozen=True)
class Scored:
    """The index of one entity with an edition on a day.

    Scores and pillars are 0–100, coverages 0–1; null is not known or not applicable.
    """

    edition: Edition
    on: date
    scores: tuple[IndicatorScore, ...]  # in the edition's order
    contributions: Mapping[str, float | None]
    core: float | None
    bonus: float
    index: float | None
    index_low: float | None
    index_high: float | None
    weight_coverage: float | None
    pillars: Mapping[str, float | None]
    pillar_coverage: Mapping[str, float | None]
    power_means: Mapping[float, float | None]
    grading: Grading

    @property
    def grade(self) -> str | None:
        return self.grading.grade

    def index_json(self) -> dict[str, Any]:
        """The keys that ``gci show`` and ``gci score`` share (interfaces.md §3), and what explains them."""
        grading = self.grading
        return {
            "index": self.index,
            "index_low": self.index_low,
            "index_high": self.index_high,
            "core": self.core,
            "bonus": self.bonus,
            "grade": grading.grade,
            "grade_from_score": grading.grade_from_score,
            "binding_cap": grading.binding_cap.name if grading.binding_cap else None,
            "weight_coverage": self.weight_coverage,
            "pillars": dict(self.pillars),
            "pillar_coverage": dict(self.pillar_coverage),
            "caps": [_cap_json(test) for test in grading.caps],
            "grade_missing": _missing_json(grading),
            "compensation": [
                {"p": p, "core": mean, "gap": self.core - mean if self.core is not None and mean is not None else None}
                for p, mean in self.power_means.items()
            ],
        }


def score_entity(
    values: Mapping[str, IndicatorValue],
    edition: Edition,
    *,
    on: date,
    facts: EntityFacts | None = None,
    cap_values: Mapping[str, IndicatorValue] | None = None,
) -> Scored:
    """Score one site or cluster.

    ``values`` by indicator code, all of one window; a code the edition has and ``values`` lacks is not reported, one the edition lacks is
    not looked at. ``on`` is the last day of the month. ``cap_values``: the trailing-twelve-months values when ``values`` are of another
    window. GciError for a value that contradicts its status. Source: method.md §2.
    """
    facts = facts or EntityFacts()
    applicable = edition.stages.get(facts.stage or "")
    scores = tuple(_score(item, values, applicable) for item in edition.indicators)
    result = aggregate(edition, scores)
    return Scored(
        edition=edition,
        on=on,
        scores=scores,
        contributions=contributions(edition, scores),
        core=result.core,
        bonus=result.bonus,
        index=result.index,
        index_low=result.index,  # until measurement uncertainty is computed
        index_high=result.index_high,
        weight_coverage=core_coverage(scores),
        pillars=pillar_scores(edition, scores),
        pillar_coverage=pillar_coverage(edition, scores),
        power_means=power_means(edition, scores),
        grading=grade_entity(edition, scores, result, values if cap_values is None else cap_values, facts, on),
    )


def _score(indicator: Indicator, values: Mapping[str, IndicatorValue], applicable: tuple[str, ...] | None) -> IndicatorScore:
    if applicable is not None and indicator.code not in applicable:
        return IndicatorScore(indicator, "not_applicable", None, None, False)
    return score_indicator(indicator, values.get(indicator.code))


def _cap_json(test: CapTest) -> dict[str, Any]:
    cap = test.cap
    return {
        "name": cap.name,
        "indicator": cap.indicator,
        "limit": cap.above if cap.above is not None else cap.below,
        "best_grade": cap.best_grade,
        "outcome": test.outcome,
        "seen": test.seen,
        "assumed": list(test.assumed),
        "valid_from": cap.valid_from.isoformat(),
        "basis": cap.basis.en,
        "basis_zh": cap.basis.zh,
    }


def _missing_json(grading: Grading) -> dict[str, Any] | None:
    """Why there is no grade and which values would be enough; null when there is a grade."""
    shortfall = grading.shortfall
    if shortfall is None:
        return None
    return {
        "text": shortfall.text.en,
        "text_zh": shortfall.text.zh,
        "reasons": [reason.en for reason in shortfall.reasons],
        "reasons_zh": [reason.zh for reason in shortfall.reasons],
        "needs": list(shortfall.needs),
    }
