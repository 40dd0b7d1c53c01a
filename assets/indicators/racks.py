"""B1, rack utilisation: racks in use over racks with mechanical and electrical fit-out.

When a rack is in use, and which racks are lost, is decided in ``assets/staging/inventory.py``.
"""

from __future__ import annotations

from assets.indicators.compute_efficiency import inventory_of, is_carried
from assets.indicators.inputs import SiteMonth
from assets.indicators.measure import IndicatorValue
from assets.indicators.parts import Components, Evaluated, Head, concluded, input_digest, quotient, refused, unvalued

HEAD = Head("B1", "1", "racks", "racks", ("inventory",))


def measure(site: SiteMonth) -> IndicatorValue:
    """Racks in use / racks fitted out, of the snapshot that stands for the month.

    A rack that vanished from the snapshots without a ``retired_on`` counts as fitted and not in use: leaving out empty racks gains nothing.
    Source: white paper ch. 3 §1 (2); method.md §1; lost racks are a project convention.
    """
    answer = refused(HEAD, site)
    if answer:
        return answer
    inventory = inventory_of(site, "racks_used", "racks_fitted", "racks_lost")
    if isinstance(inventory, str):
        return unvalued(HEAD, site, "not_reported", inventory)
    lost = inventory["racks_lost"]
    components = {"used": inventory["racks_used"], "fitted": inventory["racks_fitted"] + lost, "lost": lost}
    return concluded(HEAD, components, evaluate, site.parameters, input_digest(HEAD, site), carried=is_carried(inventory))


def evaluate(components: Components) -> Evaluated:
    """Σ used / Σ fitted; beside it the lost racks among the fitted ones."""
    used, fitted, lost = components["used"], components["fitted"], components["lost"]
    value = quotient(used, fitted)
    beside: dict[str, object] = {"racks_lost": lost}
    if lost:
        beside["flags"] = [
            f"{lost} of the {fitted} racks counted are gone from the snapshots without retired_on: they count as fitted and not in use "
            "(project convention); send their rows with retired_on"
        ]
    return Evaluated(value, used, fitted, beside, reason="no rack is fitted out" if value is None else None)
