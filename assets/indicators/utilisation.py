"""B3, CPU/GPU utilisation: how busy the processors were, weighted by their compute.

Capacity-hours and used hours are added up in ``assets/staging``; here they are divided.
"""

from __future__ import annotations

from assets.indicators.compute_efficiency import inventory_of, is_carried
from assets.indicators.inputs import SiteMonth
from assets.indicators.measure import IndicatorValue
from assets.indicators.parts import Components, Evaluated, Head, concluded, input_digest, percent, quotient, refused, unvalued

HEAD = Head("B3", "1", "TFLOPS·h", "TFLOPS·h", ("utilisation", "inventory"))
_HOURS = ("fp32_hours", "fp32_used_hours", "cpu_fp32_hours", "cpu_used_hours", "gpu_fp32_hours", "gpu_used_hours")


def measure(site: SiteMonth) -> IndicatorValue:
    """Σ u·fp32·h / Σ fp32·h over the capacity-hours whose utilisation is known; CPU and GPU also apart.

    Not reported when they are less of the month's capacity-hours than the edition asks for: a few busy hours say nothing of a month.
    Source: white paper ch. 3 §1 (2); method.md §1; checks.md CT17 (project convention).
    """
    answer = refused(HEAD, site)
    if answer:
        return answer
    inventory = inventory_of(site, "gflops")
    if isinstance(inventory, str):
        return unvalued(HEAD, site, "not_reported", inventory)
    if not inventory["fp32_hours"] or inventory["fp32_used_hours"] is None:
        return unvalued(HEAD, site, "not_reported", "no utilisation of a powered server is reported")
    known, least = inventory["utilisation_coverage"], site.parameters.utilisation_known_min
    if known is None or known < least:
        share = "an unknown share" if known is None else percent(known)
        reason = f"utilisation covers {share} of capacity and hours, {percent(least)} are needed: send utilisation of all servers and hours"
        return unvalued(HEAD, site, "not_reported", reason)
    components = {**{name: inventory[name] for name in _HOURS}, "capacity_hours": inventory["gflops"] * site.hours / 1000}
    return concluded(HEAD, components, evaluate, site.parameters, input_digest(HEAD, site), carried=is_carried(inventory))


def evaluate(components: Components) -> Evaluated:
    """Used / known capacity-hours; coverage is known capacity-hours / all capacity-hours of the month."""
    used, known = components["fp32_used_hours"], components["fp32_hours"]
    return Evaluated(
        value=quotient(used, known),
        numerator=used,
        denominator=known,
        beside={
            "cpu": quotient(components["cpu_used_hours"], components["cpu_fp32_hours"]),
            "gpu": quotient(components["gpu_used_hours"], components["gpu_fp32_hours"]),
        },
        coverage=quotient(known, components["capacity_hours"]),
    )
