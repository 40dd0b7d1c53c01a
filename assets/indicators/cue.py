"""F1, CUE: scope 1 and market-based scope 2 over IT electricity; location-based and fossil sensitivity beside it.

Emissions come from ``carbon.py``. The location-based figure needs no claims: it stands even where the market-based one can't.
"""

from __future__ import annotations

from dataclasses import replace

from assets.indicators.carbon import Emissions
from assets.indicators.inputs import SiteMonth
from assets.indicators.measure import IndicatorValue
from assets.indicators.parts import (
    Components,
    Evaluated,
    Head,
    concluded,
    energy_parts,
    input_digest,
    quotient,
    refused,
    unknown,
    unvalued,
)  # fmt: skip

HEAD = Head("F1", "kgCO2e/kWh", "kgCO2e", "Wh", ("fuel", "claims", "factors", "E_DC", "E_IT"))
LOCATION_READS = ("fuel", "factors", "E_DC", "E_IT")  # checks.md: location-based figures need no claims


def measure(site: SiteMonth) -> IndicatorValue:
    """CUE of a month (kgCO2e/kWh), market-based; without a word on fuel and refrigerant from scope 2 alone, flagged.

    Source: white paper ch. 3 §2 (3); ISO/IEC 30134-8; green-power.md §5.
    """
    answer = refused(HEAD, site)
    if answer and answer.status == "not_applicable":
        return answer
    location, emitted = _location(site), market_based(site)
    answer = answer or unknown(HEAD, site, "E_IT")
    if answer or isinstance(emitted, str):
        answer = answer or unvalued(HEAD, site, "not_reported", str(emitted))
        return replace(answer, components=location, beside=evaluate(location).beside if location else {})
    components = {**emitted, **energy_parts("E_IT", site.energy["E_IT"]), **location}
    return concluded(HEAD, components, evaluate, site.parameters, input_digest(HEAD, site))


def evaluate(components: Components) -> Evaluated:
    """(Scope 1 + scope 2) / E_IT. Market and location each over the months in which they are known."""
    beside: dict[str, object] = {
        "CUE_location": quotient(_grams(components.get("location")), components.get("location.E_IT")),
        "CUE_fossil": None,
        "flags": flags(components),
    }
    if "E_IT" not in components:
        return Evaluated(None, beside=beside)
    emitted, e_it = total_kg(components), components["E_IT"]
    value = quotient(_grams(emitted), e_it)
    fossil = components["scope2_fossil"]
    beside["CUE_fossil"] = None if fossil is None else quotient(_grams(components["scope1"] + fossil), e_it)
    beside["scope1_kg"] = None if components["scope1_unreported"] else components["scope1"]
    beside["scope2_market_kg"] = components["scope2_market"]
    if (hoped := components["scope2_market_if_pending"]) is not None:
        beside["value_if_pending_cancelled"] = quotient(_grams(components["scope1"] + hoped), e_it)
    return Evaluated(value, emitted, e_it, beside, reason="E_IT is 0: CUE is not defined" if value is None else None)


def market_based(site: SiteMonth) -> Components | str:
    """Components of the market-based emissions (kg), for F1 and F2; or, in a sentence, why they are unknown."""
    emissions = site.emissions
    if emissions is None:
        return "emissions are unknown"
    if emissions.scope1_reported and emissions.scope1_kg is None:
        return "; ".join(("scope 1 is unknown", *emissions.missing))
    if emissions.scope2_market_kg is None:
        return f"market-based scope 2 is unknown: {'; '.join(emissions.missing) or 'claims or energies are unknown'}"
    energy = site.energy.get("E_DC")
    return {
        "scope1": emissions.scope1_kg or 0.0,
        "scope2_market": emissions.scope2_market_kg,
        "scope2_fossil": emissions.scope2_fossil_kg,
        "scope2_market_if_pending": emissions.scope2_market_if_pending_kg,
        **_unreported(emissions),
        **(energy_parts("E_DC", energy) if energy and energy.known else {}),
    }


def total_kg(components: Components) -> float:
    return components["scope1"] + components["scope2_market"]


def flags(components: Components) -> list[str]:
    """What must be said beside a carbon figure: months in which nothing, or only half, was said about scope 1."""
    said = []
    if components["scope1_unreported"]:
        said.append("scope 1 not reported")
    if components["scope1_partly_unreported"]:
        said.append("scope 1 partly not reported")
    return said


def _location(site: SiteMonth) -> Components:
    """Components of the location-based figure; empty where it is unknown or its inputs are withheld."""
    emissions = site.emissions
    energy = site.energy.get("E_IT")
    if emissions is None or emissions.scope2_location_kg is None or energy is None or not energy.known:
        return {}
    if emissions.scope1_reported and emissions.scope1_kg is None:
        return {}
    if any(quantity in site.withheld for quantity in LOCATION_READS):
        return {}
    return {
        "location": (emissions.scope1_kg or 0.0) + emissions.scope2_location_kg,
        "location.E_IT": energy.value,
        **_unreported(emissions),
    }


def _unreported(emissions: Emissions) -> Components:
    """Months in which nothing was said about scope 1, and in which only fuel or only refrigerant was."""
    return {
        "scope1_unreported": int(not emissions.scope1_reported),
        "scope1_partly_unreported": int(emissions.scope1_reported and bool(emissions.unreported)),
    }


def _grams(kg: float | None) -> float | None:
    """g, because kg per kWh is g per Wh."""
    return None if kg is None else kg * 1000
