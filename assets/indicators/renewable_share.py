"""E1 and E2: how much of the electricity is claimed renewable, and by which routes.

Both read the same components, so they stand together. What is a claim is decided in ``assets/staging/claims.py``, how a month's
claims meet its electricity in ``claimed.py``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from assets.indicators import hourly_match
from assets.indicators.carriers import all_carriers_wh
from assets.indicators.claimed import Claims
from assets.indicators.inputs import SiteMonth
from assets.indicators.measure import IndicatorValue
from assets.indicators.parts import (
    Components,
    Evaluate,
    Evaluated,
    Head,
    concluded,
    energy_parts,
    input_digest,
    quotient,
    refused,
    unknown,
    unvalued,
)  # fmt: skip

SHARE = Head("E1", "1", "Wh", "Wh", ("claims", "E_DC"), ("hourly",))
QUALITY = Head("E2", "1", "Wh", "Wh", ("claims", "E_DC"))
_NOTHING = Claims({}, {})


def measure_share(site: SiteMonth) -> IndicatorValue:
    """E1 of a month: claimed renewable electricity / total electricity, at most 1.

    0 only when something says so: a landed claim feed, an on-site meter, or green power declared none (status ``declared``).
    Source: white paper ch. 3 §2 (2); green-power.md §3 and §4.
    """
    return _measure(SHARE, site, evaluate_share)


def measure_quality(site: SiteMonth) -> IndicatorValue:
    """E2 of a month: Σ route weight × claimed electricity / total electricity. No claim and E1 = 0 is 0.

    Source: white paper ch. 3 §2 (2); green-power.md §3 (route weights are a project convention).
    """
    return _measure(QUALITY, site, evaluate_quality)


def _measure(head: Head, site: SiteMonth, evaluate: Evaluate) -> IndicatorValue:
    answer = refused(head, site) or unknown(head, site, "E_DC")
    if answer:
        return answer
    claims, declared = site.claims, False
    if "green_power" in site.declared and (claims is None or not (claims.claimed_wh or claims.pending_wh)):
        claims, declared = _NOTHING, True
    if claims is None:
        return unvalued(head, site, "not_reported", "nothing says whether renewable electricity is used")
    components: Components = {
        **energy_parts("E_DC", site.energy["E_DC"]),
        **{f"claimed.{route}": wh for route, wh in claims.claimed_wh_by_route.items()},
        **{f"weighted.{route}": wh for route, wh in claims.weighted_wh_by_route.items()},
        "delivered": claims.delivered_wh,
        "surplus": claims.surplus_wh,
        "pending": claims.pending_wh,
        "pending_weighted": claims.pending_weighted_wh,
        "all_carriers": all_carriers_wh(site),
        **({} if head is not SHARE else site.hourly.components() if site.hourly else hourly_match.UNKNOWN),
    }
    return concluded(head, components, evaluate, site.parameters, input_digest(head, site), declared=declared)


def evaluate_share(components: Components) -> Evaluated:
    """E1 = min(1, claimed / E_DC); surplus, REF, delivered share, quality and pending claims beside it.

    REF = min(1, E_ren / E_DC_all) (ISO/IEC 30134-3). A surplus never moves to another month (green-power.md §3). Hourly-matched share and
    CFE: ``hourly_match.py``.
    """
    e_dc, claimed = components["E_DC"], _claimed(components)
    if e_dc <= 0:
        return Evaluated(None, claimed, e_dc, reason="E_DC is 0: a share is not defined")
    counted = min(claimed, e_dc)
    beside = _beside(components, counted) | hourly_match.companions(components, counted)
    beside["value_if_pending_cancelled"] = min(1.0, (claimed + components["pending"]) / e_dc)
    return Evaluated(counted / e_dc, counted, e_dc, beside)


def evaluate_quality(components: Components) -> Evaluated:
    """E2 = Σ route weight × claimed / E_DC, of claims up to E_DC, best routes first: more evidenced claims never lower it."""
    e_dc, lots = components["E_DC"], _lots(components)
    weighted = _weighted(_up_to(e_dc, lots))
    if e_dc <= 0:
        return Evaluated(None, weighted, e_dc, reason="E_DC is 0: a share is not defined")
    beside = _beside(components, min(_claimed(components), e_dc))
    pending = _Lot("pending", components["pending"], components["pending_weighted"])
    beside["value_if_pending_cancelled"] = _weighted(_up_to(e_dc, [*lots, pending])) / e_dc
    return Evaluated(weighted / e_dc, weighted, e_dc, beside)


def capped(components: Components) -> Components:
    """The components of a site as they enter a cluster: claims above its own electricity are its surplus and cover no other site."""
    kept = _up_to(components["E_DC"], _lots(components))
    return {
        **components,
        **{f"claimed.{lot.route}": lot.wh for lot in kept},
        **{f"weighted.{lot.route}": lot.weighted for lot in kept},
        "surplus": components["surplus"] + _claimed(components) - sum(lot.wh for lot in kept),
    }


@dataclass(frozen=True)
class _Lot:
    """Claimed Wh of a route, and the same times its weight."""

    route: str
    wh: int
    weighted: float

    @property
    def weight(self) -> float:
        return self.weighted / self.wh if self.wh else 0.0


def _lots(components: Components) -> list[_Lot]:
    routes = [key.removeprefix("claimed.") for key in components if key.startswith("claimed.")]
    return [_Lot(route, components[f"claimed.{route}"], components[f"weighted.{route}"]) for route in routes]


def _up_to(limit: int, lots: list[_Lot]) -> list[_Lot]:
    """The lots cut to ``limit`` Wh together, best weight first."""
    kept, room = [], max(limit, 0)
    for lot in sorted(lots, key=lambda lot: (-lot.weight, lot.route)):
        kept.append(lot if lot.wh <= room else _Lot(lot.route, room, lot.weight * room))
        room -= kept[-1].wh
    return kept


def _claimed(components: Components) -> int:
    return sum(lot.wh for lot in _lots(components))


def _weighted(lots: list[_Lot]) -> float:
    return math.fsum(lot.weighted for lot in lots)


def _beside(components: Components, counted: int) -> dict[str, object]:
    """The companions of both: published, unscored (green-power.md §4). Energies in MWh."""
    e_dc = components["E_DC"]
    ref = quotient(counted, components["all_carriers"])
    return {
        "surplus_mwh": (components["surplus"] + _claimed(components) - counted) / 1e6,
        "pending_mwh": components["pending"] / 1e6,
        "delivered_share": min(1.0, components["delivered"] / e_dc),
        "quality_of_claims": quotient(_weighted(_up_to(e_dc, _lots(components))), counted),
        "REF": None if ref is None else min(1.0, ref),
    }
