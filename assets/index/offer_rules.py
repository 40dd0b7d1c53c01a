"""Which offers of certificates would count for a site and year, by which route, and why others are refused.

The rules of claims asked of certificates that are only offered; how much to buy of them is ``purchase_plan.py``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from assets.index.offers import Offer
from assets.staging.claim_rules import ClaimRules
from assets.staging.contracts import Delivery, route_of
from assets.staging.spans import Span, common, size

# (project, production month) → the numbers that something was done with already.
Used = Mapping[tuple[str, str], Sequence[Span]]
Said = tuple[str, str]  # in English and in Chinese


@dataclass(frozen=True)
class Place:
    """Where the certificates would be used: site, its geography, the year of consumption and the day they would be cancelled on."""

    site_id: str
    geography: str | None
    year: int
    on: str


@dataclass(frozen=True)
class Judged:
    """An offer with its route and weight, or why it is refused."""

    offer: Offer
    route: str | None
    weight: Fraction
    refused: Said | None = None


def judge_offers(offers: Iterable[Offer], place: Place, rules: ClaimRules, used: Used) -> list[Judged]:
    """Whether each offer would count for consumption in the year, by which route, or why it is refused.

    The rules are those of claims: validity by the consumption year, tradable, GEC, neither mechanism nor CCER; an offer of numbers that
    something was done with already, or that another row offers too, is refused whole. Source: green-power.md §2 and §3.
    """
    judged: list[Judged] = []
    offered: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for offer in offers:
        fault = _fault(offer, place, rules) or _used(offer, used)
        if fault is None and offer.seq_start is not None and offer.seq_end is not None:
            key, span = (offer.project_code or "", offer.production_month), (offer.seq_start, offer.seq_end)
            if common([span], offered[key]):
                fault = ("the same certificates are offered twice", "同一批绿证重复报价")
            offered[key].append(span)
        route = None if fault else _route(offer, place, rules)
        judged.append(Judged(offer, route, Fraction(str(rules.weight(route))) if route else Fraction(0), fault))
    return judged


def _fault(offer: Offer, place: Place, rules: ClaimRules) -> Said | None:
    if not offer.tradable:
        return "not tradable", "不可交易"
    if offer.scheme not in rules.validity["schemes_accepted"]:
        return f"foreign scheme {offer.scheme}", f"非中国绿证({offer.scheme})"
    if offer.mechanism:
        return "mechanism electricity", "机制电量绿证"
    if offer.ccer:
        return "CCER is registered for it", "已用于 CCER"
    if offer.production_month >= place.on[:7]:
        produced = offer.production_month
        return f"produced in {produced}: not issued by {place.on}", f"生产月份 {produced}:至 {place.on} 尚未核发"
    fault = rules.vintage_fault(offer.production_month, f"{place.year}-12", place.on)
    if fault == "vintage":
        return (
            f"vintage: produced in {offer.production_month}, not valid for consumption in {place.year}",
            f"生产时间 {offer.production_month} 不适用于 {place.year} 年消费",
        )
    if fault == "expired":
        last = rules.expires_on(offer.production_month, f"{place.year}-12")
        return f"expired: could be cancelled until {last}", f"已过期:可核销至 {last}"
    return None


def _used(offer: Offer, used: Used) -> Said | None:
    if offer.seq_start is None or offer.seq_end is None:
        return None
    spans = common([(offer.seq_start, offer.seq_end)], used.get((offer.project_code or "", offer.production_month), []))
    if not spans:
        return None
    first, last = spans[0][0], spans[-1][1]
    return (
        f"already used: {size(spans)} of its certificates ({first}-{last}) stand in the ledger as transferred, cancelled or ended",
        f"已被使用:其中 {size(spans)} 张({first}-{last})在台账中已划转、核销或终止",
    )


def _route(offer: Offer, place: Place, rules: ClaimRules) -> str:
    month = f"{place.year}-12"
    project = {"geography": offer.geography, "commissioned_on": offer.commissioned_on}
    delivery = Delivery(
        month=month, production_month=offer.production_month, project_code=offer.project_code or "", channel="unbundled", contract=None,
        settled=False, project=project, site_geography=place.geography,
    )  # fmt: skip
    return route_of(delivery, rules)
