"""What certificates to buy so that a year's electricity reaches a target share: shortfall by month, offers that count, the cheapest mix.

How much is needed, what to buy and what E1 and E2 would come to belongs here; which offers count is ``offer_rules.py``, the program
``cheapest.py``. A plan is no claim: nothing of it counts before it is bought, cancelled and landed. Energies are whole Wh, money decimal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, lcm
from typing import Any

from assets.index.cheapest import Lot, cheapest
from assets.index.offer_rules import Judged, Place
from assets.indicators.parts import Components, Evaluate, add_components
from assets.indicators.renewable_share import evaluate_quality, evaluate_share
from assets.staging.certificates import WH_PER_MWH, allocate

NOT_A_CLAIM = (
    "This is a plan, not a claim: nothing of it counts before it is bought, cancelled for the site and the period, and landed.",
    "本结果为采购方案,不构成绿电主张:须完成购买、按消费期核销至本数据中心并入库后方可计入。",
)


@dataclass(frozen=True)
class YearMonth:
    """A month of the year: the components of its E1 (None: no figure, because of ``status`` and ``reason``)."""

    month: str
    components: Components | None
    status: str = "measured"
    reason: str | None = None


@dataclass(frozen=True)
class _Need:
    """Wh of the year: electricity, what counts, what is pending and would count; the fewest and the most certificates (MWh) to buy."""

    e_dc: int
    counted: int
    pending: int
    least: int
    most: int

    @property
    def uncovered(self) -> int:
        return self.e_dc - self.counted - self.pending


def purchase_plan(
    months: Sequence[YearMonth], offers: Sequence[Judged], place: Place, target: Fraction, quality: Fraction | None = None
) -> dict[str, Any]:  # fmt: skip
    """The plan as the object that ``gci certificates SITE YEAR --plan`` prints.

    ``target``: the share of E1 that the year's computed months together must reach; ``quality``: the least E2, if asked for. What is held
    or settled is taken to be cancelled first. Never more is bought than the electricity left uncovered, in whole MWh. Of all mixes the
    cheapest; of those the one of the best routes, then of the fewest certificates; equal offers by age, then by offer_id. When the target
    needs a last certificate that is only partly covered by load, the part beyond counts for no quality. Ratios of sums.
    """
    known = [month for month in months if month.components is not None]
    if not known:
        return {**_head(months, place, target, quality), "feasible": None, "missing_mwh": None}
    held, need = _need(known, target)
    total = add_components(one.components for one in known if one.components is not None)
    after_pending = total | held
    least_weight, unit = _least_weight(after_pending, need, quality, offers)
    usable = sorted(
        (one for one in offers if one.refused is None),
        key=lambda one: (one.offer.price, -one.weight, one.offer.production_month, one.offer.offer_id),
    )
    cents = _smallest_unit(usable)
    lots = [Lot(int(one.offer.price * cents), int(one.weight * unit), one.offer.available) for one in usable]
    bought = [0] * len(lots) if need.least == 0 and least_weight <= 0 else cheapest(lots, need.least, need.most, least_weight)
    taken = {one.offer.offer_id: count for one, count in zip(usable, bought or [], strict=False)}
    parts = _by_month(known, target, sum(taken.values()))
    after = after_pending | _claimed(after_pending, usable, taken)
    plan = _head(months, place, target, quality, parts) | {
        "e_dc_wh": need.e_dc, "counted_wh": need.counted, "pending_wh": need.pending,
        "shortfall_mwh": _mwh(max(0, ceil(target * need.e_dc) - need.counted)), "to_buy_mwh": need.least,
        "feasible": bought is not None, "missing_mwh": 0, "missing": None, "missing_zh": None,
        "E1": _value(evaluate_share, total), "E1_if_pending_cancelled": _value(evaluate_share, after_pending),
        "E2": _value(evaluate_quality, total), "E2_if_pending_cancelled": _value(evaluate_quality, after_pending),
        "E1_planned": None, "E2_planned": None, "cost": None, "currency": offers[0].offer.currency if offers else None,
        "offers": [_bought(one, taken.get(one.offer.offer_id, 0)) for one in usable],
        "refused": [
            {"offer_id": one.offer.offer_id, "row": one.offer.row, "available_mwh": one.offer.available, "reason": one.refused[0],
             "reason_zh": one.refused[1]}
            for one in offers if one.refused is not None
        ],
    }  # fmt: skip
    if bought is None:
        return plan | _missing(need, usable, least_weight, unit)
    cost = sum((one.offer.price * taken[one.offer.offer_id] for one in usable), Decimal(0))
    return plan | {"cost": str(cost), "E1_planned": _value(evaluate_share, after), "E2_planned": _value(evaluate_quality, after)}


def _head(
    months: Sequence[YearMonth], place: Place, target: Fraction, quality: Fraction | None,
    parts: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:  # fmt: skip
    return {
        "site_id": place.site_id, "year": place.year, "on": place.on, "target": float(target),
        "quality": None if quality is None else float(quality), "note": NOT_A_CLAIM[0], "note_zh": NOT_A_CLAIM[1],
        "months": [
            {"month": one.month, "status": one.status, "reason": one.reason, **(parts or {}).get(one.month, {})} for one in months
        ],
    }  # fmt: skip


# How much ---------------------------------------------------------------------------------------------------------------


def _need(months: Sequence[YearMonth], target: Fraction) -> tuple[Components, _Need]:
    """What pending claims would add, as components, and what the year then lacks."""
    e_dc = counted = pending = 0
    weighted = 0.0
    for one in months:
        parts = one.components or {}
        waiting = _waiting(parts)
        e_dc, counted, pending = e_dc + parts["E_DC"], counted + _claimed_wh(parts), pending + waiting
        weighted += parts["pending_weighted"] * waiting / parts["pending"] if waiting else 0.0
    counted = min(counted, e_dc)
    if pending > e_dc - counted:
        weighted, pending = weighted * (e_dc - counted) / pending, e_dc - counted
    short = ceil(target * e_dc) - counted - pending
    least, whole = max(0, ceil(Fraction(short, WH_PER_MWH))), (e_dc - counted - pending) // WH_PER_MWH
    held = {"pending": 0, "pending_weighted": 0.0, "claimed.(pending)": pending, "weighted.(pending)": weighted}
    return held, _Need(e_dc, counted, pending, least, max(least, whole))


def _claimed_wh(parts: Components) -> int:
    return sum(int(wh) for name, wh in parts.items() if name.startswith("claimed."))


def _waiting(parts: Components) -> int:
    """Pending Wh of a month that would count: what is delivered in a month moves to no other."""
    return min(int(parts["pending"]), max(0, int(parts["E_DC"]) - _claimed_wh(parts)))


def _least_weight(after: Components, need: _Need, quality: Fraction | None, offers: Sequence[Judged]) -> tuple[int, int]:
    """Σ weight × MWh that a least E2 asks of the purchase, in whole units, and how many units a weight of 1 is."""
    weights = [one.weight for one in offers if one.refused is None]
    unit = lcm(1, *(weight.denominator for weight in weights))
    if quality is None:
        return 0, unit
    has = round(evaluate_quality(after).numerator or 0)
    beyond = max(0, need.least * WH_PER_MWH - need.uncovered) * max(weights, default=Fraction(0))
    return max(0, ceil((quality * need.e_dc - has + beyond) * unit / WH_PER_MWH)), unit


def _smallest_unit(offers: Iterable[Judged]) -> int:
    """How many of the smallest unit of money a unit of the currency has, so that every price is whole."""
    places = [-int(one.offer.price.as_tuple().exponent) for one in offers]
    return int(10 ** max([0, *places]))


def _by_month(months: Sequence[YearMonth], target: Fraction, bought: int) -> dict[str, dict[str, Any]]:
    """Each month's electricity, what counts, its own shortfall, and the part of the purchase to cancel for it.

    In proportion to what the months lack, beyond that to their uncovered electricity, by largest remainder.
    """
    found: dict[str, dict[str, Any]] = {}
    lack, uncovered = [], []
    for one in months:
        parts = one.components or {}
        e_dc, claimed, waiting = int(parts["E_DC"]), _claimed_wh(parts), _waiting(parts)
        wanted = ceil(target * e_dc)
        found[one.month] = {
            "e_dc_wh": e_dc, "counted_wh": min(claimed, e_dc), "pending_wh": waiting, "E1": min(claimed, e_dc) / e_dc if e_dc > 0 else None,
            "shortfall_mwh": _mwh(max(0, wanted - claimed)), "buy_mwh": 0,
        }  # fmt: skip
        lack.append(max(0, wanted - claimed - waiting))
        uncovered.append(max(0, e_dc - claimed - waiting))
    missing = sum(lack)
    weights = lack if missing > 0 and bought * WH_PER_MWH < missing + WH_PER_MWH else uncovered
    if bought:
        for month, count in zip(found, allocate(bought, weights), strict=True):
            found[month]["buy_mwh"] = count
    return found


def _mwh(wh: int) -> float:
    return wh / WH_PER_MWH


# What it comes to -------------------------------------------------------------------------------------------------------


def _claimed(before: Components, offers: Iterable[Judged], taken: Mapping[str, int]) -> Components:
    """The components that the purchase changes, once it is cancelled."""
    added: dict[str, int] = defaultdict(int)
    weights: dict[str, Fraction] = {}
    for one in offers:
        if one.route is not None:
            added[one.route] += taken.get(one.offer.offer_id, 0) * WH_PER_MWH
            weights[one.route] = one.weight
    return {
        name: value
        for route, wh in added.items()
        for name, value in (
            (f"claimed.{route}", before.get(f"claimed.{route}", 0) + wh),
            (f"weighted.{route}", before.get(f"weighted.{route}", 0.0) + float(weights[route] * wh)),
        )
    }


def _value(evaluate: Evaluate, components: Components) -> float | None:
    return evaluate(components).value


def _bought(one: Judged, count: int) -> dict[str, Any]:
    offer = one.offer
    return {
        "offer_id": offer.offer_id, "row": offer.row, "buy_mwh": count, "available_mwh": offer.available, "price": str(offer.price),
        "cost": str(offer.price * count), "route": one.route, "weight": float(one.weight), "geography": offer.geography,
        "production_month": offer.production_month, "energy_type": offer.energy_type, "numbers_stated": offer.seq_start is not None,
    }  # fmt: skip


def _missing(need: _Need, usable: Sequence[Judged], least_weight: int, unit: int) -> dict[str, Any]:
    """Why there is no plan, and what it lacks."""
    offered = sum(one.offer.available for one in usable)
    if offered < need.least:
        missing = need.least - offered
        return {
            "missing_mwh": missing,
            "missing": f"{missing} MWh are missing: {need.least} MWh are needed, the offers that count come to {offered} MWh",
            "missing_zh": f"缺少 {missing} MWh:需要 {need.least} MWh,有效报价合计 {offered} MWh",
        }
    best, room = 0, need.most
    for one in sorted(usable, key=lambda one: -one.weight):
        taken = min(room, one.offer.available)
        best, room = best + int(one.weight * unit) * taken, room - taken
    lacks, asked, gives = (float(Fraction(value, unit)) for value in (least_weight - best, least_weight, best))
    return {
        "missing_mwh": lacks,
        "missing": f"{lacks:g} MWh × route weight are missing: the quality asks for {asked:g} of the purchase, the best mix of at most "
        f"{need.most} MWh that are left uncovered gives {gives:g}",
        "missing_zh": f"缺少 {lacks:g}(MWh × 途径权重):质量要求采购达到 {asked:g},未覆盖电量至多 {need.most} MWh,最优组合为 {gives:g}",
    }
