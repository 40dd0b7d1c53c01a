"""Quality tiers Q1 to Q5: how well a number is known, by how its quantities were measured and evidenced.

Pure functions: a tier for one meter, claim or activity; amounts by tier for what an indicator reads; shares and the tier of a number from
them. Which rows an indicator reads is in ``quality_inputs.py``. Source: checks.md, "Quality tiers" (project convention).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

TIERS = ("Q1", "Q2", "Q3", "Q4", "Q5")  # best first
BEST, ESTIMATED, NOTHING = "Q1", "Q4", "Q5"
# D1, E1 and F1 below Q2 are labelled provisional.
LABELLED, LABELLED_BELOW = ("D1", "E1", "F1"), "Q2"
_DECIMALS = 12

Tiers = dict[str, float]  # tier → quantity of it, in the quantity's own unit; a tier may be there with 0
Inputs = dict[str, Tiers]  # what an indicator reads → its tiers


@dataclass(frozen=True)
class Limits:
    """The limits of the tiers (thresholds.yaml, QUALITY): shares as ratios, classes in percent, cadences in seconds."""

    material: float
    class_q1: float
    class_q2: float
    cadence_q1_s: float
    cadence_q2_s: float
    estimated: float

    @staticmethod
    def of(thresholds: Mapping[str, Mapping[str, float]]) -> Limits:
        own = thresholds["QUALITY"]
        return Limits(
            own["material"], own["class_q1"], own["class_q2"], own["cadence_q1"] * 60, own["cadence_q2"] * 60, own["estimated"]
        )  # fmt: skip


@dataclass(frozen=True)
class MeterEvidence:
    """What speaks for a meter in a month.

    ``class_percent``: the worst of its own and its transformers' accuracy class, None when unknown. ``calibrated``: valid on every day of
    the month, None when unknown. ``step_s``: median time between readings, None without two. ``manual``: read by hand in part (ME08).
    ``revenue``: a supplier bills by it. ``bill_agrees``: False when meter and bill are apart (ME09). ``software``: no meter at all.
    """

    class_percent: float | None
    calibrated: bool | None
    step_s: float | None
    manual: bool = False
    revenue: bool = False
    bill_agrees: bool = True
    software: bool = False


def worst(tiers: Iterable[str]) -> str:
    """The worst of some tiers; Q1 of none."""
    return max(tiers, key=TIERS.index, default=BEST)


def meter_tier(meter: MeterEvidence, limits: Limits) -> str:
    """The tier of what a meter measured: never better than Q3 when its class or its calibration is unknown, or when it is read by hand.

    A class above Q2's limit and a lapsed calibration are as good as unknown ones. A revenue meter needs no class of Q1, but a known one.
    """
    if meter.software:
        return NOTHING
    known = meter.class_percent is not None and meter.class_percent <= limits.class_q2
    if not known or not meter.calibrated or meter.manual or meter.step_s is None or meter.step_s > limits.cadence_q2_s:
        return "Q3"
    precise = meter.revenue or (meter.class_percent or 0.0) <= limits.class_q1
    return "Q1" if precise and meter.step_s <= limits.cadence_q1_s and meter.bill_agrees else "Q2"


def energy_tiers(contributions: Iterable[tuple[str | None, float, float]], limits: Limits) -> Tiers:
    """Amounts by tier of a side from ``(tier, quantity, estimated)`` of each of its meters.

    Quantities count without their sign: a bad export meter makes E_DC no better. What is estimated is Q4, and all of a meter that is
    estimated for more than the limit. A contribution without a tier is what was filled in proportion (part of the period extrapolated): Q4.
    """
    found: Tiers = {}
    for tier, quantity, estimated in contributions:
        whole = abs(quantity)
        guessed = whole if tier is None else min(abs(estimated), whole)
        if whole and guessed > limits.estimated * whole:
            guessed = whole
        own = tier or ESTIMATED
        _add(found, own, whole - guessed)
        if guessed:
            _add(found, worst([own, ESTIMATED]), guessed)
    return found


def claim_tier(*, cancelled: bool, settled: bool, documented: bool) -> str:
    """The tier of a certificate claim: a cancelled range with its document, a settlement statement, another document, a bare contract."""
    if documented:
        return "Q1" if cancelled else "Q2" if settled else "Q3"
    return "Q4" if cancelled or settled else NOTHING


def activity_tier(*, documented: bool) -> str:
    """The tier of a fuel, refrigerant or other activity row: with a landed document as an invoice, without as a log book.

    Q1 needs an invoice and a balance of the tank or bottle; one column of evidence can't show both, so Q2 is the best (project convention).
    """
    return "Q2" if documented else "Q3"


def capped(inputs: Inputs, names: Iterable[str], tier: str = ESTIMATED) -> Inputs:
    """The inputs of these names no better than a tier: what is only let pass by a waiver is Q4 at best."""
    held = set(names)
    found: Inputs = {}
    for name, tiers in inputs.items():
        found[name] = {}
        for own, quantity in tiers.items():
            _add(found[name], worst([own, tier]) if name in held else own, quantity)
    return found


def added(many: Iterable[Inputs]) -> Inputs:
    """Amounts by tier, input by input: months to a window, sites to a cluster."""
    found: Inputs = {}
    for inputs in many:
        for name, tiers in inputs.items():
            for tier, quantity in tiers.items():
                _add(found.setdefault(name, {}), tier, quantity)
    return found


def tier_shares(tiers: Mapping[str, float]) -> dict[str, float]:
    """The share of each tier, best first; where there is no quantity at all, all of it is of the worst tier that is named."""
    total = sum(tiers.values())
    if total <= 0:
        return {worst(tiers): 1.0} if tiers else {}
    return {tier: tiers[tier] / total for tier in TIERS if tiers.get(tier)}


def quality_shares(inputs: Inputs) -> dict[str, float]:
    """The shares of a number that reads several quantities: of every one of them at least so much is of a tier or better.

    So the tier by these shares is the worst of what the number reads. Empty when nothing it reads has a tier.
    """
    shares = [tier_shares(tiers) for tiers in inputs.values() if tiers]
    if not shares:
        return {}
    found, before = {}, 0.0
    for position, tier in enumerate(TIERS):
        reached = min(sum(of.get(t, 0.0) for t in TIERS[: position + 1]) for of in shares)
        if (part := round(reached - before, _DECIMALS)) > 0:
            found[tier] = part
        before = max(before, reached)
    return found


def quality_tier(shares: Mapping[str, float], limits: Limits) -> str | None:
    """The best tier such that at least the material share (95 %) is of that tier or better; None without shares."""
    reached = 0.0
    for tier in TIERS:
        reached += shares.get(tier, 0.0)
        if shares and round(reached, 9) >= round(limits.material, 9):
            return tier
    return NOTHING if shares else None


def is_provisional(code: str, tier: str | None) -> bool:
    """Whether a number is labelled provisional: D1, E1 or F1 below Q2."""
    return code in LABELLED and tier is not None and TIERS.index(tier) > TIERS.index(LABELLED_BELOW)


def _add(tiers: dict[str, Any], tier: str, quantity: float) -> None:
    tiers[tier] = tiers.get(tier, 0) + quantity
