"""Energy of all carriers that a site takes in: electricity, fuel not burnt in generators, heat and cooling bought.

It serves the figures published beside D1 and E1 (ISO PUE and REF). It is known only when the site says so: fuel by a row of activities or a
declared none, bought heat by a row (0 is a statement) or a heat meter.
"""

from __future__ import annotations

from fractions import Fraction

from assets.indicators.activities import amount, reported
from assets.indicators.inputs import SiteMonth

# Fuels that may heat; each activity is also the medium of its units.
_FUELS = ("diesel", "natural_gas")


def all_carriers_wh(site: SiteMonth) -> int | None:
    """``E_DC_all`` of a month in Wh; None when electricity, fuel or bought heat is unknown.

    Diesel of a site with backup generators is burnt in them and enters carbon only (project convention: the feed does not tell them apart);
    natural gas, and diesel elsewhere, heats. Fuel metered at ``fuel_use`` can't be told apart either: then it is unknown.
    Source: metering.md §5; ISO/IEC 30134-2 and 30134-3.
    """
    e_dc = site.energy.get("E_DC")
    heat = _bought_heat_wh(site)
    fuel = _fuel_wh(site)
    if e_dc is None or e_dc.value is None or heat is None or fuel is None:
        return None
    return e_dc.value + heat + fuel


def _bought_heat_wh(site: SiteMonth) -> int | None:
    metered = site.energy.get("point:heat_supply")
    return metered.value if metered else amount(site, "purchased_heat", "heat")


def _fuel_wh(site: SiteMonth) -> int | None:
    if "point:fuel_use" in site.energy:
        return None
    burnt = [fuel for fuel in _FUELS if reported(site, fuel)]
    if not burnt:
        return 0 if "fuel" in site.declared else None
    generators = bool((site.site or {}).get("backup_generators")) or "point:backup_generation" in site.energy
    total = Fraction(0)
    for fuel in burnt:
        if fuel == "diesel" and generators:
            continue
        quantity, content = amount(site, fuel, fuel), site.parameters.energy_content_wh.get(fuel)
        if quantity is None or content is None:
            return None
        total += Fraction(quantity, 1000) * Fraction(str(content))  # mL to L, normal L to Nm3
    return round(total)
