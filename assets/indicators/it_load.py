"""B2, IT load factor: IT electricity over what all powered devices would take at rated power.

All devices, because E_IT holds them all. Rated power is added up in ``assets/staging/inventory.py``.
"""

from __future__ import annotations

from assets.indicators.compute_efficiency import inventory_of, is_carried
from assets.indicators.inputs import SiteMonth
from assets.indicators.measure import IndicatorValue
from assets.indicators.parts import Components, Evaluated, Head, concluded, energy_parts, input_digest, quotient, refused, unknown, unvalued

HEAD = Head("B2", "1", "Wh", "Wh", ("E_IT", "inventory"))


def measure(site: SiteMonth) -> IndicatorValue:
    """E_IT / (Σ rated power of powered devices × hours). Source: white paper ch. 3 §1 (2); method.md §1."""
    answer = refused(HEAD, site) or unknown(HEAD, site, "E_IT")
    if answer:
        return answer
    inventory = inventory_of(site, "rated_w")
    if isinstance(inventory, str):
        return unvalued(HEAD, site, "not_reported", inventory)
    nominal_w = inventory.get("racks_rated_w")
    components = {
        **energy_parts("E_IT", site.energy["E_IT"]),
        "rated": inventory["rated_w"] * site.hours,
        "racks_nominal": None if nominal_w is None else nominal_w * site.hours,
    }
    return concluded(HEAD, components, evaluate, site.parameters, input_digest(HEAD, site), carried=is_carried(inventory))


def evaluate(components: Components) -> Evaluated:
    """E_IT / rated energy; beside it the national variant (rack power / nominal power of fitted racks), null without rack ratings."""
    e_it, rated = components["E_IT"], components["rated"]
    value = quotient(e_it, rated)
    beside = {"rack_load_national": quotient(e_it, components["racks_nominal"])}
    return Evaluated(value, e_it, rated, beside, reason="no powered device has a rated power" if value is None else None)
