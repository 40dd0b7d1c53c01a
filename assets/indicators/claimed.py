"""Claims of one site and month, matched with its electricity.

Which certificate or meter gives an eligible claim is decided in ``assets/staging/claims.py``; here eligible claims are counted
against consumption and added up by route. Shares and qualities are in ``renewable_share.py``. Energies are whole Wh.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Claims:
    """What is claimed for one site and month, in Wh.

    ``claimed_wh_by_route`` counts products matched month by month at most up to the month's electricity, best route weight first; what
    exceeds it is ``surplus_wh`` and moves to no other month. Claims spread over a period count whole. ``weighted_wh_by_route`` is
    Σ route weight × claimed; ``carbon_free_wh`` the claimed energy that emits nothing, counted before what emits; ``delivered_wh`` that of
    the products matched month by month; ``pending_wh`` what is held or settled and not cancelled, ``pending_weighted_wh`` the
    same times its route weight, and ``pending_carbon_free_wh`` what of it would emit nothing.
    """

    claimed_wh_by_route: Mapping[str, int]
    weighted_wh_by_route: Mapping[str, float]
    carbon_free_wh: int = 0
    delivered_wh: int = 0
    surplus_wh: int = 0
    pending_wh: int = 0
    pending_weighted_wh: float = 0.0
    pending_carbon_free_wh: int = 0

    @property
    def claimed_wh(self) -> int:
        return sum(self.claimed_wh_by_route.values())


@dataclass(frozen=True, order=True)
class _Lot:
    """Claims that are alike; in order of counting: best weight first, then what is carbon-free."""

    minus_weight: float
    emits: bool
    route: str


def claims_of(rows: Iterable[Mapping[str, Any]], consumption_wh: int | None, reported: bool, delivered: Collection[str]) -> Claims | None:
    """Match the claims of one site and month with its electricity.

    ``rows`` of ``staging/claims`` (route, quantity_wh, carbon_free, weight, status); ``consumption_wh`` is E_DC of the month (None:
    unknown, then nothing is cut); ``reported`` says that a landed feed or an on-site meter speaks of renewable electricity, so that no
    row means none; ``delivered`` are the routes matched month by month (on-site, direct line, green-power trade). Returns None when
    nothing speaks of it: unknown, not zero. Source: green-power.md §3, "From claims to months".
    """
    listed = list(rows)
    if not listed and not reported:
        return None
    eligible: dict[_Lot, int] = defaultdict(int)
    pending: dict[float, int] = defaultdict(int)
    pending_carbon_free = 0
    for row in listed:
        if row["quantity_wh"] is None:
            continue
        if row["status"] == "eligible":
            eligible[_Lot(-row["weight"], not row["carbon_free"], row["route"])] += row["quantity_wh"]
        elif row["status"] == "pending":
            pending[row["weight"]] += row["quantity_wh"]
            pending_carbon_free += row["quantity_wh"] if row["carbon_free"] else 0
    room = None if consumption_wh is None else max(consumption_wh, 0)
    counted: dict[_Lot, int] = {}
    surplus = 0
    for lot in sorted(eligible):
        taken = eligible[lot]
        if lot.route in delivered and room is not None:
            taken = min(taken, room)
            room -= taken
            surplus += eligible[lot] - taken
        counted[lot] = taken
    # What emits must not displace what doesn't, whatever its route weighs: more evidenced claims never raise the emissions.
    free = {kind: sum(wh for lot, wh in eligible.items() if not lot.emits and (lot.route in delivered) is kind) for kind in (True, False)}
    carbon_free = free[False] + (free[True] if consumption_wh is None else min(free[True], max(consumption_wh, 0)))
    routes = sorted({lot.route for lot in counted})
    return Claims(
        claimed_wh_by_route={route: sum(wh for lot, wh in counted.items() if lot.route == route) for route in routes},
        weighted_wh_by_route={
            route: math.fsum(-lot.minus_weight * wh for lot, wh in counted.items() if lot.route == route) for route in routes
        },
        carbon_free_wh=carbon_free,
        delivered_wh=sum(wh for lot, wh in counted.items() if lot.route in delivered),
        surplus_wh=surplus,
        pending_wh=sum(pending.values()),
        pending_weighted_wh=math.fsum(weight * wh for weight, wh in pending.items()),
        pending_carbon_free_wh=pending_carbon_free,
    )
