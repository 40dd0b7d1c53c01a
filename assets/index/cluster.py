"""What is published of a cluster besides its own values: its members, how far they lie apart, and why its PUE moved.

Pure functions of members. How the indicators of sites become those of a cluster is in ``assets/indicators/compose.py``; nothing here is
scored, and no ratio of members is averaged but to say how far they lie apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# What the members are compared in: key of a member → key of the dispersion.
COMPARED = ("pue", "index")


def member_facts(results: Iterable[Mapping[str, Any]], design_power_kw: Mapping[str, float | None]) -> list[dict[str, Any]]:
    """The members of a cluster as they stand in its JSON, of their own results (``result_payload``) in the same window.

    ``design_power_kw``: site → design power. Each member: entity_id, month, index, grade, ``pue`` (null when it has none) and ``e_it_wh``
    (Wh, the electricity of IT that its PUE rests on, null without a PUE), ``design_power_share`` of all members (null when that of any is
    unknown) and months_in_window. Source: method.md §2 (cluster: members, dated).
    """
    powers = list(design_power_kw.values())
    total = math.fsum(power for power in powers if power is not None)
    known = total > 0 and None not in powers
    found = []
    for result in results:
        pue = next((item for item in result["indicators"] if item["code"] == "D1"), None)
        power = design_power_kw[result["entity_id"]]
        found.append(
            {
                "entity_id": result["entity_id"],
                "month": result["month"],
                "index": result["index"],
                "grade": result["grade"],
                "pue": None if pue is None else pue["value"],
                "e_it_wh": None if pue is None or pue["value"] is None else pue["denominator"],
                "design_power_share": power / total if known and power is not None else None,
                "months_in_window": result["months_in_window"],
            }
        )
    return found


def dispersion(members: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float | int | None]]:
    """How far the members lie apart in PUE and in index.

    For each: ``members`` that have a value, their ``min`` and ``max``, and the standard deviation ``sd`` over those that also have an
    energy, weighted by it (``e_it_wh``): √(Σ w (x − x̄)² / Σ w) with x̄ = Σ w x / Σ w. For PUE, x̄ is the PUE of those members together.
    Null where there is nothing to compare. Source: project convention (method.md §2 asks for a dispersion).
    """
    return {key: _spread([(m[key], m.get("e_it_wh") or 0) for m in members if m.get(key) is not None]) for key in COMPARED}


def _spread(weighted: Sequence[tuple[float, float]]) -> dict[str, float | int | None]:
    values = [value for value, _ in weighted]
    total = math.fsum(weight for _, weight in weighted)
    sd = None
    if total > 0:
        mean = math.fsum(value * weight for value, weight in weighted) / total
        sd = math.sqrt(math.fsum(weight * (value - mean) ** 2 for value, weight in weighted) / total)
    return {"members": len(values), "min": min(values, default=None), "max": max(values, default=None), "sd": sd}


# Why it changed -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Split:
    """The change of a cluster's PUE: what came from where the IT load is (``mix``) and what from the sites' own PUE (``intensity``)."""

    mix: float
    intensity: float


def split_pue_change(before: Mapping[str, tuple[float, float]], after: Mapping[str, tuple[float, float]]) -> Split:
    """Mix and intensity of the change of Σ E_DC / Σ E_IT between two windows; together they are the change.

    ``before`` and ``after``: site → (E_IT, E_DC), in one unit. A site that has energy in one of the two only is mix as a whole: it joined
    or left. ValueError without IT energy on either side, and for a site with facility energy but none of IT.
    Source: method.md §2 (clusters by LMDI).
    """
    old, new = _shares(before), _shares(after)
    sites = sorted({*old, *new})

    def factors(window: Mapping[str, tuple[float, float]], other: Mapping[str, tuple[float, float]]) -> list[tuple[float, float]]:
        """Share and PUE of every site; one without energy has the share 0 at the PUE of the other window."""
        return [window[site] if site in window else (0.0, other[site][1]) for site in sites]

    mix, intensity = lmdi(factors(old, new), factors(new, old))
    return Split(mix, intensity)


def _shares(sites: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Site → (share of the IT energy, PUE), of sites with IT energy."""
    total = math.fsum(e_it for e_it, _ in sites.values())
    if total <= 0:
        raise ValueError("A cluster without IT energy has no PUE to split.")
    if idle := [site for site, (e_it, e_dc) in sites.items() if e_it <= 0 < e_dc]:
        raise ValueError(f"{', '.join(sorted(idle))} has facility energy but no IT energy: that is no PUE.")
    return {site: (e_it / total, e_dc / e_it) for site, (e_it, e_dc) in sites.items() if e_it > 0}


def lmdi(before: Sequence[Sequence[float]], after: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """The change of a sum of products, split over the factors by the logarithmic mean Divisia index (additive LMDI-I).

    Each row is one product, its factors in the same order before and after; the answer has one effect for each factor, and they sum to the
    change. Effect of factor k: Σ L(x¹, x⁰) · ln(f¹ₖ / f⁰ₖ), with L(a, b) = (a − b) / ln(a / b) and L(a, a) = a. Where a product is zero in
    one of the two, its whole change falls to the factors that are zero there, in equal parts (the limit, for one such factor). ValueError
    for a negative factor.
    Source: method.md §5 (vectors); B. W. Ang, The LMDI approach to decomposition analysis: a practical guide, Energy Policy 33 (2005).
    """
    if any(factor < 0 for row in (*before, *after) for factor in row):
        raise ValueError("LMDI splits products of factors that are not negative.")
    effects: list[list[float]] = [[] for _ in (before or after)[0]]
    for old, new in zip(before, after, strict=True):
        x_0, x_1 = math.prod(old), math.prod(new)
        if x_0 > 0 and x_1 > 0:
            weight = x_1 if x_1 == x_0 else (x_1 - x_0) / math.log1p((x_1 - x_0) / x_0)
            found = [weight * math.log(f_1 / f_0) for f_0, f_1 in zip(old, new, strict=True)]
        else:
            zero = [f_0 == 0 or f_1 == 0 for f_0, f_1 in zip(old, new, strict=True)]
            found = [(x_1 - x_0) / sum(zero) if is_zero else 0.0 for is_zero in zero]
        for effect, part in zip(effects, found, strict=True):
            effect.append(part)
    return tuple(math.fsum(effect) for effect in effects)
