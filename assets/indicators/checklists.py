"""A3, A4, C1, G1, H1, J1, J2: checklists of practices, each item with a level from 0 to 1 and a weight of the edition.

Whether an item's assessment counts (evidence, age) is decided when ``SiteMonth`` is built; items and weights are the edition's data.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from assets.indicators.inputs import SiteMonth
from assets.indicators.measure import IndicatorValue
from assets.indicators.parts import Components, Evaluated, Head, concluded, input_digest, quotient, refused, unvalued
from resources.errors import GciError

HEADS = {code: Head(code, "1", "", "", ("practices",)) for code in ("A3", "A4", "C1", "G1", "H1", "J1", "J2")}


def measure_of(code: str) -> Callable[[SiteMonth], IndicatorValue]:
    """The measure of one checklist indicator."""
    return lambda site: measure(code, site)


def measure(code: str, site: SiteMonth) -> IndicatorValue:
    """Σ weight × level / Σ weight over the items of the edition; an item that was not assessed or does not count is at level 0.

    Not reported when no item was assessed at all. GciError when the edition has no checklist for the code.
    Source: white paper ch. 3 (items); method.md §1 (weights and levels are a project convention).
    """
    head = HEADS[code]
    answer = refused(head, site)
    if answer:
        return answer
    weights = site.parameters.checklists.get(code)
    if not weights:
        raise GciError(f"The edition has no checklist for {code}. Add its items and weights to the edition file.")
    assessed = {item: site.practices[item] for item in weights if item in site.practices}
    if not assessed:
        return unvalued(head, site, "not_reported", f"no item of the checklist was assessed: {', '.join(sorted(weights))}")
    components = {
        "score": math.fsum(weights[item] * practice.level for item, practice in assessed.items() if practice.counts),
        "weight": math.fsum(weights.values()),
    }
    value = concluded(head, components, evaluate, site.parameters, input_digest(head, site))
    value.beside["items"] = {item: practice.level if practice.counts else 0.0 for item, practice in sorted(assessed.items())}
    value.beside["items_not_counted"] = {item: practice.reason for item, practice in sorted(assessed.items()) if not practice.counts}
    value.beside["items_not_assessed"] = sorted(set(weights) - set(assessed))
    return value


def evaluate(components: Components) -> Evaluated:
    """Weighted level, from 0 to 1. Of a cluster the weights are the members' IT energies."""
    score, weight = components["score"], components["weight"]
    value = quotient(score, weight)
    return Evaluated(value, score, weight, reason="no IT energy to weigh the members by" if value is None else None)
