"""Why an entity has no grade, and what one would need, in both languages.

Only the rule of missing data and its words. The grade itself is in ``grade.py``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from assets.edition.tree import Edition, Words
from assets.index.aggregate import IndicatorScore, core_coverage, coverage

# A ratio of sums of weights that equals its limit but for the last bit reaches it.
TOLERANCE = 1e-9

_STATUS = {
    "not_reported": Words("未报送", "is not reported"),
    "withheld": Words("暂缓发布", "is withheld"),
    "not_applicable": Words("不适用", "does not apply"),
}


@dataclass(frozen=True)
class Shortfall:
    """The reasons why there is no grade, and codes whose values would be enough (none when no value can help)."""

    reasons: tuple[Words, ...]
    needs: tuple[str, ...]
    text: Words


def find_shortfall(edition: Edition, scores: Sequence[IndicatorScore]) -> Shortfall | None:
    """What the rule of missing data lacks; None when a grade may be given.

    Source: method.md §2: weight coverage of the core, a value of every required indicator, weight coverage of every core pillar.
    """
    by_code = {s.indicator.code: s for s in scores}
    rule = edition.missing
    reasons = [
        Words(f"{s.indicator.code} {s.indicator.zh}{_STATUS[s.status].zh}", f"{s.indicator.code} {s.indicator.en} {_STATUS[s.status].en}")
        for s in (by_code[code] for code in rule.required)
        if not s.reported
    ]
    hopeless = any(not by_code[code].applies for code in rule.required)
    share = core_coverage(scores)
    if _short(share, rule.coverage_min):
        least = _percent(rule.coverage_min)
        reasons.append(
            Words(
                f"核心指标权重覆盖率{_percent(share)}%，评级至少需要{least}%",
                f"{_percent(share)} % of the core weight is reported, a grade needs {least} %",
            )
        )
    for pillar in edition.pillars:
        members = [s for s in scores if s.indicator.pillar == pillar.code]
        part = coverage(members)
        if pillar.kind == "core" and _short(part, rule.pillar_coverage_min):
            hopeless = hopeless or part is None
            least = _percent(rule.pillar_coverage_min)
            reasons.append(
                Words(
                    f"“{pillar.zh}”权重覆盖率{_percent(part)}%，至少需要{least}%",
                    f"{_percent(part)} % of the weight of '{pillar.en}' is reported, a grade needs {least} %",
                )
            )
    if not reasons:
        return None
    needs = () if hopeless else _needs(edition, scores)
    return Shortfall(tuple(reasons), needs, _text(edition, reasons, needs))


def _needs(edition: Edition, scores: Sequence[IndicatorScore]) -> tuple[str, ...]:
    """Missing core indicators whose values would be enough: the required ones, then the heaviest, pillar by pillar, then over all."""
    rule = edition.missing
    reported = {s.indicator.code for s in scores if s.reported}
    wanted = [code for code in rule.required if code not in reported]

    def fill(members: Sequence[IndicatorScore], limit: float) -> None:
        applicable = [s for s in members if s.applies]
        total = math.fsum(s.indicator.weight for s in applicable)
        for s in sorted(applicable, key=lambda s: -s.indicator.weight):
            have = math.fsum(m.indicator.weight for m in applicable if m.indicator.code in reported or m.indicator.code in wanted)
            if have >= limit * total * (1 - TOLERANCE):
                return
            if s.indicator.code not in reported and s.indicator.code not in wanted:
                wanted.append(s.indicator.code)

    for pillar in edition.pillars:
        if pillar.kind == "core":
            fill([s for s in scores if s.indicator.pillar == pillar.code], rule.pillar_coverage_min)
    fill([s for s in scores if s.indicator.kind == "core"], rule.coverage_min)
    return tuple(code for code in edition.codes if code in wanted)


def _text(edition: Edition, reasons: Sequence[Words], needs: Sequence[str]) -> Words:
    named = [edition.indicator(code) for code in needs]
    if needs:
        zh = f"补齐以下指标即可评级：{'、'.join(f'{item.code} {item.zh}' for item in named)}。"
        en = f"Enough for a grade: values of {', '.join(f'{item.code} {item.en}' for item in named)}."
    else:
        required = edition.missing.required
        zh = f"仅对{'、'.join(required)}适用的对象评级。"
        en = f"Only an entity to which {', '.join(required)} and every core pillar apply can be graded."
    why = Words("；".join(reason.zh for reason in reasons), "; ".join(reason.en for reason in reasons))
    return Words(f"暂无指数等级：{why.zh}。{zh}", f"No index grade: {why.en}. {en}")


def _short(share: float | None, limit: float) -> bool:
    return share is None or share < limit - TOLERANCE


def _percent(share: float | None) -> str:
    """Whole-tenth percent, cut and not rounded, so that a share below a limit never reads as the limit."""
    return "0" if share is None else f"{math.floor(share * 1000 + 1e-6) / 10:g}"
