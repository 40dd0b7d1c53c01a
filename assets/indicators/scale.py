"""A2, scale: the design power of a site."""

from __future__ import annotations

from assets.indicators.inputs import SiteMonth
from assets.indicators.measure import IndicatorValue
from assets.indicators.parts import Components, Evaluated, Head, concluded, input_digest, refused, unvalued

HEAD = Head("A2", "kW", "kW", "", (), also=("sites",))


def measure(site: SiteMonth) -> IndicatorValue:
    """Design power (kW) of the ``sites`` row in force at the month's end. Source: white paper ch. 3 §1 (1); method.md §1."""
    answer = refused(HEAD, site)
    if answer:
        return answer
    power = (site.site or {}).get("design_power_kw")
    if power is None:
        return unvalued(HEAD, site, "not_reported", "design_power_kw is not stated in the feed sites")
    return concluded(HEAD, {"design_power_kw": power}, evaluate, site.parameters, input_digest(HEAD, site))


def evaluate(components: Components) -> Evaluated:
    """Σ design power."""
    power = components["design_power_kw"]
    return Evaluated(float(power), power)
