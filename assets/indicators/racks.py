"""B1, rack utilisation: racks in use over racks with mechanical and electrical fit-out.

When a rack is in use is decided in ``assets/staging/inventory.py``.
"""

from __future__ import annotations

from assets.indicators.compute_efficiency import inventory_of, is_carried
from assets.indicators.inputs import SiteMonth
from assets.indicators.measure import IndicatorValue
from assets.indicators.parts import Components, Evaluated, Head, concluded, input_digest, quotient, refused, unvalued

HEAD = Head("B1", "1", "racks", "racks", ("inventory",))


def measure(site: SiteMonth) -> IndicatorValue:
    """Racks in use / racks fitted out, of the snapshot that stands for the month.

    Source: white paper ch. 3 §1 (2); method.md §1.
    """
    answer = refused(HEAD, site)
    if answer:
        return answer
    inventory = inventory_of(site, "racks_used", "racks_fitted")
    if isinstance(inventory, str):
        return unvalued(HEAD, site, "not_reported", inventory)
    components = {"used": inventory["racks_used"], "fitted": inventory["racks_fitted"]}
    return concluded(HEAD, components, evaluate, site.parameters, input_digest(HEAD, site), carried=is_carried(inventory))


def evaluate(components: Components) -> Evaluated:
    """Σ used / Σ fitted."""
    used, fitted = components["used"], components["fitted"]
    value = quotient(used, fitted)
    return Evaluated(value, used, fitted, reason="no rack is fitted out" if value is None else None)
