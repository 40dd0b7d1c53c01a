"""From points to the index: core, bonus, pillars, interval, coverage and power means.

Arithmetic at every level, so that contributions add up. What grade an index earns is in ``grade.py``; how a value becomes points
in ``scoring.py``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assets.edition.tree import Edition, Indicator
from assets.index.scoring import score_value
from assets.indicators.measure import IndicatorValue, beyond
from resources.errors import GciError

INDEX_MAX = 100.0


@dataclass(frozen=True)
class IndicatorScore:
    """One indicator's points. ``score`` is null when it does not apply; ``reported`` is false when a value is missing, which scores 0."""

    indicator: Indicator
    status: str
    value: float | None
    score: float | None
    reported: bool

    @property
    def applies(self) -> bool:
        return self.score is not None


@dataclass(frozen=True)
class Aggregate:
    """Core (0–100), bonus (0–``bonus_max``) and index (0–100); null when no core indicator with a weight applies.

    ``index`` counts missing indicators at 0 and so is the lower end of its interval; ``index_high`` counts them at 100.
    """

    core: float | None
    bonus: float
    index: float | None
    index_high: float | None


def score_indicator(indicator: Indicator, measured: IndicatorValue | None) -> IndicatorScore:
    """Points of one indicator; none at all stands for not reported.

    Not applicable has no score; not reported and withheld score 0 (method.md §2); an unbounded value scores as an infinite one.
    GciError for a value that contradicts its status, or that the indicator can't have at all (its domain in the edition).
    """
    if measured is None:
        return IndicatorScore(indicator, "not_reported", None, 0.0, False)
    if measured.status == "not_applicable":
        return IndicatorScore(indicator, measured.status, None, None, False)
    if not measured.valued:
        return IndicatorScore(indicator, measured.status, None, 0.0, False)
    if measured.value is None and measured.unbounded and indicator.unbounded:
        return IndicatorScore(indicator, measured.status, None, score_value(indicator.function, math.inf), True)
    if measured.value is None or not math.isfinite(measured.value):
        raise GciError(f"{indicator.code} has the status {measured.status} and the value {measured.value}: that is no number to score.")
    if (where := beyond(measured.value, indicator.domain)) is not None:
        raise GciError(f"{indicator.code} {indicator.en} is {measured.value:g}, {where} ({indicator.unit}): that is impossible.")
    return IndicatorScore(indicator, measured.status, measured.value, score_value(indicator.function, measured.value), True)


def aggregate(edition: Edition, scores: Sequence[IndicatorScore]) -> Aggregate:
    """Core, bonus and index of scored indicators.

    ``core = Σ w s / Σ w`` over applicable core indicators, ``bonus = bonus_max · Σ b s / (100 · Σ b)`` over applicable bonus indicators,
    ``index = min(100, core + bonus)``. Source: method.md §2 (project convention); the fourth pillar is an addition: white paper, ch. 3 §4.
    """
    low, high = (_level(edition, scores, missing_at) for missing_at in (0.0, 100.0))
    if low[0] is None or high[0] is None:
        return Aggregate(None, low[1], None, None)
    return Aggregate(low[0], low[1], min(INDEX_MAX, low[0] + low[1]), min(INDEX_MAX, high[0] + high[1]))


def _level(edition: Edition, scores: Sequence[IndicatorScore], missing_at: float) -> tuple[float | None, float]:
    core = mean_score(_of_kind(scores, "core"), missing_at)
    bonus = mean_score(_of_kind(scores, "bonus"), missing_at)
    return core, edition.bonus_max * (bonus or 0.0) / 100.0


def mean_score(scores: Iterable[IndicatorScore], missing_at: float = 0.0) -> float | None:
    """Weighted mean of points over what applies, missing ones counted at ``missing_at``; null when nothing with a weight applies."""
    applicable = [s for s in scores if s.score is not None]
    total = math.fsum(s.indicator.weight for s in applicable)
    if total <= 0:
        return None
    points = math.fsum(s.indicator.weight * (s.score if s.reported and s.score is not None else missing_at) for s in applicable)
    return points / total


def coverage(scores: Iterable[IndicatorScore]) -> float | None:
    """Share of the applicable weight that is reported: Σ w reported / Σ w applicable; null when nothing with a weight applies."""
    applicable = [s for s in scores if s.applies]
    total = math.fsum(s.indicator.weight for s in applicable)
    return math.fsum(s.indicator.weight for s in applicable if s.reported) / total if total > 0 else None


def pillar_scores(edition: Edition, scores: Sequence[IndicatorScore]) -> dict[str, float | None]:
    """Weighted mean of points (0–100) of each pillar by its code; null where nothing applies."""
    return {p.code: mean_score([s for s in scores if s.indicator.pillar == p.code]) for p in edition.pillars}


def core_coverage(scores: Sequence[IndicatorScore]) -> float | None:
    """The weight coverage: of all core indicators."""
    return coverage(_of_kind(scores, "core"))


def pillar_coverage(edition: Edition, scores: Sequence[IndicatorScore]) -> dict[str, float | None]:
    """The weight coverage of each pillar by its code."""
    return {p.code: coverage([s for s in scores if s.indicator.pillar == p.code]) for p in edition.pillars}


def contributions(edition: Edition, scores: Sequence[IndicatorScore]) -> dict[str, float | None]:
    """Points of the index that each indicator brings, by code; they sum to core + bonus. Null for one that does not apply."""
    totals = {kind: math.fsum(s.indicator.weight for s in _of_kind(scores, kind) if s.applies) for kind in ("core", "bonus")}
    share = {"core": 1.0, "bonus": edition.bonus_max / 100.0}
    found: dict[str, float | None] = {}
    for s in scores:
        total = totals[s.indicator.kind]
        counts = s.score is not None and total > 0
        found[s.indicator.code] = share[s.indicator.kind] * s.indicator.weight * (s.score or 0.0) / total if counts else None
    return found


def power_means(edition: Edition, scores: Sequence[IndicatorScore]) -> dict[float, float | None]:
    """Power means of the core pillars' scores by exponent, weighted by the pillars' applicable weights (30/50/20 when all applies).

    Exponent 1 would be the core itself: what the others fall short of it is how much a strong pillar makes up for a weak one. Source:
    method.md §2; the exponents are the edition's.
    """
    pillars = []
    for pillar in edition.pillars:
        members = [s for s in scores if s.indicator.pillar == pillar.code and s.applies]
        score = mean_score(members)
        if pillar.kind == "core" and score is not None:
            pillars.append((math.fsum(s.indicator.weight for s in members), score))
    return {p: power_mean(pillars, p) for p in edition.powers} if pillars else dict.fromkeys(edition.powers)


def power_mean(weighted: Sequence[tuple[float, float]], exponent: float) -> float:
    """Weighted power mean of non-negative numbers ``(weight, number)``; the geometric mean for exponent 0, and 0 where a zero forces it."""
    total = math.fsum(weight for weight, _ in weighted)
    if exponent <= 0 and any(number == 0 for weight, number in weighted if weight > 0):
        return 0.0
    used = [(weight / total, number) for weight, number in weighted if weight > 0]
    if exponent == 0:
        return math.exp(math.fsum(weight * math.log(number) for weight, number in used))
    # in units of the number that dominates, so that no power overflows
    unit = max(number for _, number in used) if exponent > 0 else min(number for _, number in used)
    return unit * math.fsum(weight * (number / unit) ** exponent for weight, number in used) ** (1 / exponent) if unit > 0 else 0.0


def _of_kind(scores: Iterable[IndicatorScore], kind: str) -> list[IndicatorScore]:
    return [s for s in scores if s.indicator.kind == kind]
