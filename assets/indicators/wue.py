"""D2, WUE: water in over IT electricity.

Hours or months are paired in ``assets/staging/energies.py``; a site that declares no water use has a WUE of 0, declared.
"""

from __future__ import annotations

from assets.indicators.inputs import SiteMonth
from assets.indicators.measure import IndicatorValue
from assets.indicators.parts import Components, Evaluated, Head, concluded, energy_parts, input_digest, quotient, refused, unknown
from assets.indicators.pue import category

HEAD = Head("D2", "L/kWh", "L", "Wh", ("water", "E_IT"))


def measure(site: SiteMonth) -> IndicatorValue:
    """WUE of a month (L/kWh) with its category.

    Reads ``water@D2`` (L) and ``E_IT@D2`` (Wh). Without a water meter and with water declared none it is 0, over ``E_IT``.
    Source: white paper ch. 3 §2 (1); ISO/IEC 30134-9.
    """
    none_used = "water" in site.declared and "water" not in site.energy
    e_it = "E_IT" if none_used else "E_IT@D2"
    answer = refused(HEAD, site) or unknown(HEAD, site, *(() if none_used else ("water@D2",)), e_it)
    if answer:
        return answer
    water: Components = {"water": 0} if none_used else energy_parts("water", site.energy["water@D2"])
    components = {**water, **energy_parts("E_IT", site.energy[e_it])}
    digest, stated = input_digest(HEAD, site), category(site, "WUE", "wue_category")
    return concluded(HEAD, components, evaluate, site.parameters, digest, declared=none_used, category=stated)


def evaluate(components: Components) -> Evaluated:
    """Water (L) per IT kWh."""
    water, e_it = components["water"], components["E_IT"]
    value = quotient(water * 1000, e_it)
    return Evaluated(value, water, e_it, reason="E_IT is 0: WUE is not defined" if value is None else None)
