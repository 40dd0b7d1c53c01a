"""D1, PUE: total electricity over IT electricity, in the hours known on both sides.

The ISO variant over all energy carriers is published beside it. Which meters make E_DC and E_IT is decided in ``assets/staging``.
"""

from __future__ import annotations

from assets.indicators.carriers import all_carriers_wh
from assets.indicators.inputs import SiteMonth
from assets.indicators.measure import IndicatorValue
from assets.indicators.parts import Components, Evaluated, Head, concluded, energy_parts, input_digest, quotient, refused, unknown

HEAD = Head("D1", "1", "Wh", "Wh", ("E_DC", "E_IT"))


def measure(site: SiteMonth) -> IndicatorValue:
    """PUE of a month with its category (1, 2 or 3: where IT is measured); null with a reason when E_IT is 0.

    Reads ``E_DC@D1`` and ``E_IT@D1`` (Wh). Source: white paper ch. 3 §2 (1); GB 40879-2021; ISO/IEC 30134-2; metering.md §5.
    """
    answer = refused(HEAD, site) or unknown(HEAD, site, "E_DC@D1", "E_IT@D1")
    if answer:
        return answer
    total_it = site.energy.get("E_IT")
    components = {
        **energy_parts("E_DC", site.energy["E_DC@D1"]),
        **energy_parts("E_IT", site.energy["E_IT@D1"]),
        "all_carriers": all_carriers_wh(site),
        "all_carriers.E_IT": total_it.value if total_it else None,
    }
    return concluded(HEAD, components, evaluate, site.parameters, input_digest(HEAD, site), category=category(site, "PUE", "pue_category"))


def evaluate(components: Components) -> Evaluated:
    """E_DC / E_IT; beside it ``ePUE_all_carriers`` = E_DC_all / E_IT of whole months, null unless known in every month."""
    e_dc, e_it = components["E_DC"], components["E_IT"]
    value = quotient(e_dc, e_it)
    return Evaluated(
        value=value,
        numerator=e_dc,
        denominator=e_it,
        beside={"ePUE_all_carriers": quotient(components["all_carriers"], components["all_carriers.E_IT"])},
        reason="E_IT is 0: PUE is not defined" if value is None else None,
    )


def category(site: SiteMonth, prefix: str, column: str) -> str | None:
    """``PUE2`` from the site's stated category; None when none is stated."""
    stated = (site.site or {}).get(column)
    return None if stated is None else f"{prefix}{int(stated)}"
