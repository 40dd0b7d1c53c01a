"""B2, IT load factor: IT electricity over what all powered devices would take at rated power.

All devices, because E_IT holds them all. Rated power is added up in ``assets/staging/inventory.py``; here it is judged whether enough of it
is known.
"""

from __future__ import annotations

from assets.indicators.compute_efficiency import inventory_of, is_carried
from assets.indicators.inputs import SiteMonth
from assets.indicators.measure import IndicatorValue
from assets.indicators.parts import (
    Components,
    Evaluated,
    Head,
    concluded,
    energy_parts,
    input_digest,
    percent,
    quotient,
    refused,
    unknown,
    unvalued,
)

HEAD = Head("B2", "1", "Wh", "Wh", ("E_IT", "inventory"))


def measure(site: SiteMonth) -> IndicatorValue:
    """E_IT / (Σ rated power of powered devices × hours).

    Not reported when the rated power is known of fewer of the powered devices than the edition asks for: what is not known would make the
    load look higher. Source: white paper ch. 3 §1 (2); method.md §1; checks.md CT17 (project convention).
    """
    answer = refused(HEAD, site) or unknown(HEAD, site, "E_IT")
    if answer:
        return answer
    inventory = inventory_of(site, "rated_w")
    if isinstance(inventory, str):
        return unvalued(HEAD, site, "not_reported", inventory)
    known, least = inventory["rated_known_share"], site.parameters.rated_known_min
    if known is not None and known < least:
        reason = (
            f"the rated power of {percent(known)} of the powered devices is known, {percent(least)} are needed: send rated_w in devices"
        )
        return unvalued(HEAD, site, "not_reported", reason)
    if not inventory["rated_w"]:
        return unvalued(HEAD, site, "not_reported", "no powered device has a rated power: send rated_w and powered_on in devices")
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
