"""More evidenced claims never lower E1, E2 or the index, and no certificate moves a location-based number by a bit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.edition.tree import Edition
from assets.index.grade import EntityFacts
from assets.index.scorecard import score_entity
from assets.indicators.carbon import GridEnergy, measure_emissions
from assets.indicators.compose import trailing
from assets.indicators.inputs import Parameters, SiteMonth, site_month
from assets.indicators.measure import IndicatorValue
from assets.indicators.parameters import parameters_of
from assets.indicators.registry import INDICATORS
from assets.reference.factors import FactorSet, factor_document
from resources.calendar import month_last_day

MWH, SECONDS = 1_000_000, 720 * 3600
WEIGHTS = {"direct_line": 1.0, "onsite": 0.95, "ppa_long": 0.85, "green_trade": 0.70, "unbundled_near": 0.40, "unbundled": 0.25}
SITE = {"site_id": "S1", "stage": "operation", "pue_category": 2, "wue_category": None, "design_power_kw": 500, "geography": "CN-HE"}
FACTORS = FactorSet.from_document(factor_document())
Lot = tuple[str, int, bool]

lots = st.lists(st.tuples(st.sampled_from(sorted(WEIGHTS)), st.integers(0, 80), st.booleans()), max_size=6)


@pytest.fixture(scope="module")
def parameters(edition: Edition) -> Parameters:
    return parameters_of(edition, FACTORS)


def a_month(parameters: Parameters, claims: list[Lot], month: str, load: int = 100) -> SiteMonth:
    rows = [
        {"site_id": "S1", "month": month, "measure": measure, "meter_id": "", "quantity": wh, "known_s": SECONDS, "metered_s": SECONDS,
         "expected_s": SECONDS, "estimated": 0}
        for side, wh in (("E_DC", load * MWH), ("E_IT", 70 * MWH))
        for measure in (side, f"{side}@D1")
    ]  # fmt: skip
    claimed = [
        {"site_id": "S1", "month": month, "route": route, "quantity_wh": mwh * MWH, "weight": WEIGHTS[route], "carbon_free": free,
         "status": "eligible"}
        for route, mwh, free in claims
    ]  # fmt: skip
    known: dict[str, Any] = {
        "site_id": "S1", "month": month, "hours": 720, "parameters": parameters, "site": SITE, "energies": rows, "claims": claimed,
        "landed": ("certificates",),
    }  # fmt: skip
    before = site_month(**known)
    assert before.claims is not None
    emissions = measure_emissions(
        FACTORS, geography="CN-HE", month=month, cutoff_day=8, energy=GridEnergy(load * MWH), claimed_wh=before.claims.carbon_free_wh,
        declared=("fuel", "refrigerant"),
    )  # fmt: skip
    return site_month(**known, emissions=emissions)


def values(parameters: Parameters, months: list[list[Lot]], load: int) -> dict[str, IndicatorValue]:
    sites = [a_month(parameters, claims, f"2025-{n:02d}", load) for n, claims in enumerate(months, 10)]
    return {item.code: trailing([item.measure(site) for site in sites], parameters) for item in INDICATORS}


def index(edition: Edition, found: dict[str, IndicatorValue]) -> float:
    facts = EntityFacts(design_power_kw=500, stage="operation", geography="CN-HE")
    scored = score_entity(found, edition, on=month_last_day("2025-12"), facts=facts).index
    assert scored is not None
    return scored


@settings(max_examples=60, deadline=None)
@given(some=st.tuples(lots, lots), more=st.tuples(lots, lots), load=st.integers(70, 130))
def test_more_evidenced_claims_never_lower_the_index(
    edition: Edition, parameters: Parameters, some: tuple[list[Lot], list[Lot]], more: tuple[list[Lot], list[Lot]], load: int
) -> None:
    before = values(parameters, list(some), load)
    after = values(parameters, [[*a, *b] for a, b in zip(some, more, strict=True)], load)
    for code in ("E1", "E2"):
        assert after[code].value >= before[code].value - 1e-12
    assert after["F1"].value <= before["F1"].value + 1e-12
    assert index(edition, after) >= index(edition, before) - 1e-9
    # location-based: not by a bit
    location = [{k: v for k, v in found["F1"].beside.items() if "location" in k} for found in (before, after)]
    assert location[0]
    assert location[0] == location[1]


def test_what_emits_displaces_nothing_that_does_not(parameters: Parameters) -> None:
    """On-site biomass (0.95) on top of 100 MWh of wind by green-power trade (0.70): E2 rises, the emissions stay 0."""
    wind: list[Lot] = [("green_trade", 100, True)]
    before, after = (values(parameters, [claims], 100) for claims in (wind, [*wind, ("onsite", 40, False)]))
    assert (before["F1"].value, after["F1"].value) == (0.0, 0.0)
    assert after["E2"].value == pytest.approx(0.4 * 0.95 + 0.6 * 0.70)
