"""F2, computing carbon efficiency: FP32 compute per tonne of CO2e a year; higher is better.

Its inverse (carbon per compute) goes by a similar name; the white paper divides compute by carbon. Emissions are those of F1.
"""

from __future__ import annotations

from assets.indicators.compute_efficiency import inventory_of, is_carried
from assets.indicators.cue import flags, market_based, total_kg
from assets.indicators.inputs import SiteMonth
from assets.indicators.measure import IndicatorValue
from assets.indicators.parts import Components, Evaluated, Head, concluded, input_digest, refused, unvalued

HEAD = Head("F2", "TFLOPS/(tCO2e/a)", "TFLOPS·h", "kgCO2e", ("fuel", "claims", "factors", "E_DC", "E_IT", "inventory"))
HOURS_A_YEAR = 8760


def measure(site: SiteMonth) -> IndicatorValue:
    """Σ FP32 TFLOPS·h of powered servers / (8,760 h × Σ tCO2e). Zero carbon is unbounded.

    Source: white paper ch. 3 §2 (3); green-power.md §5; method.md §1 (F2 = A1 · D1 / (8.76 · F1) for one site).
    """
    answer = refused(HEAD, site)
    if answer:
        return answer
    inventory = inventory_of(site, "gflops")
    if isinstance(inventory, str):
        return unvalued(HEAD, site, "not_reported", inventory)
    emitted = market_based(site)
    if isinstance(emitted, str):
        return unvalued(HEAD, site, "not_reported", emitted)
    components = {**emitted, "compute_gflops_h": inventory["gflops"] * site.hours}
    return concluded(HEAD, components, evaluate, site.parameters, input_digest(HEAD, site), carried=is_carried(inventory))


def evaluate(components: Components) -> Evaluated:
    """Compute over carbon. Zero carbon is unbounded only when scope 1 was reported in every month: unsaid is not zero."""
    compute, carbon = components["compute_gflops_h"] / 1000, total_kg(components)
    beside: dict[str, object] = {"flags": flags(components)}
    hoped = components["scope2_market_if_pending"]
    if hoped is not None and components["scope1"] + hoped > 0:  # were it 0 there would be no bound: nothing is said then
        beside["value_if_pending_cancelled"] = compute / (HOURS_A_YEAR * (components["scope1"] + hoped) / 1000)
    if carbon > 0:
        return Evaluated(compute / (HOURS_A_YEAR * carbon / 1000), compute, carbon, beside)
    if compute <= 0:
        return Evaluated(None, compute, carbon, beside, reason="neither compute nor emissions: the ratio is not defined")
    if beside["flags"]:
        return Evaluated(None, compute, carbon, beside, reason="scope 2 is 0 and scope 1 is not reported: emissions are unknown")
    return Evaluated(None, compute, carbon, beside, unbounded=True)
