"""Scope 3 and coal equivalents: what is refused at loading, and what is counted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assets.reference.factors import Factor, FactorSet, MissingFactor, factor_document, load_factors
from assets.reference.scope3 import measure_scope3
from resources.errors import GciError

FACTORS = load_factors()


def changed(name: str, edit: Any) -> bytes:
    data = json.loads(factor_document())
    edit(data[name])
    return json.dumps(data).encode()


@pytest.mark.parametrize(
    ("carrier", "value", "unit"),
    [
        ("electricity", 0.1229, "kgce/kWh"),
        ("diesel", 1.4571, "kgce/kg"),
        ("natural_gas", 1.33, "kgce/Nm3"),
        ("purchased_heat", 0.03412, "kgce/MJ"),
    ],
)
def test_coal_equivalents(carrier: str, value: float, unit: str) -> None:
    found = FACTORS.coal_equivalent(carrier, "2026-03")
    assert isinstance(found, Factor)
    assert (found.value, found.unit) == (value, unit)
    assert "GB/T 2589" in found.source


def test_a_missing_coal_equivalent_names_itself() -> None:
    assert FACTORS.coal_equivalent("coal", "2026-03") == MissingFactor("coal", "coal equivalent", "2026-03")
    assert isinstance(FACTORS.coal_equivalent("diesel", "2019-12"), MissingFactor)


@pytest.mark.parametrize(
    ("name", "edit", "said"),
    [
        pytest.param(
            "coal_equivalent", lambda c: c["carriers"][0].update(value="0.3015"), "electricity is 0.3015", id="equal value 等价值"
        ),
        pytest.param("coal_equivalent", lambda c: c["carriers"][1].update(value="1457.1"), "diesel is 1457.1", id="1000 times"),
        pytest.param(
            "coal_equivalent", lambda c: c["carriers"].append(c["carriers"][0]), "electricity (2020-01-01) stands twice", id="twice"
        ),
        pytest.param("coal_equivalent", lambda c: c.pop("carriers"), "can't be read", id="nothing in it"),
        pytest.param("scope3", lambda s: s["categories"][0].update(activity="diesel"), "diesel is not named in not_scope_1", id="a fuel"),
        pytest.param("scope3", lambda s: s["categories"][0].update(number=16), "none of 1 to 15", id="no category"),
        pytest.param("scope3", lambda s: s["categories"].append(s["categories"][0]), "stands twice", id="one name twice"),
        pytest.param("scope3", lambda s: s.update(grid_losses="losses"), "'losses' is no activity", id="losses of nothing"),
    ],
)
def test_a_faulty_document_is_refused(name: str, edit: Any, said: str) -> None:
    with pytest.raises(GciError) as error:
        FactorSet.from_document(changed(name, edit))
    assert said in str(error.value)


def measured(*rows: dict[str, Any], geography: str = "CN-HE") -> Any:
    return measure_scope3(FACTORS, geography, "2026-03", 8, [{"evidence": None, **row} for row in rows])


@pytest.mark.parametrize(
    ("activity", "quantity", "unit", "kg"),
    [
        ("embodied", 2.0, "tCO2e", 2000.0),
        ("embodied", 2.0, "t CO₂e", 2000.0),
        ("business_travel", 12.5, "kgCO2e", 12.5),
        ("waste", 3.0, "吨二氧化碳当量", 3000.0),
        ("scope3_cloud", 4.0, "kgCO2e", 4.0),
        ("td_losses", 100.0, "kWh", 65.16),  # × 0.6516, 河北 2023
        ("td_losses", 0.1, "MWh", 65.16),
        ("td_losses", 65.16, "kgCO2e", 65.16),
    ],
)
def test_what_is_declared_counts(activity: str, quantity: float, unit: str, kg: float) -> None:
    assert measured({"activity": activity, "quantity": quantity, "unit": unit}).kg == pytest.approx(kg, rel=1e-12)


@pytest.mark.parametrize(
    ("activity", "unit", "geography", "said"),
    [
        ("embodied", "t", "CN-HE", "state it in kgCO2e or tCO2e"),  # a tonne of steel is no tonne of CO2
        ("upstream_energy", "kWh", "CN-HE", "state it in kgCO2e"),  # a footprint factor is never taken from the grid's
        ("td_losses", "kWh", "CN-XZ", "no average factor for CN-XZ"),
        ("td_losses", "percent", "CN-HE", "state it in"),
    ],
)
def test_what_cant_be_counted_is_named(activity: str, unit: str, geography: str, said: str) -> None:
    found = measured({"activity": activity, "quantity": 1.0, "unit": unit}, geography=geography)
    assert found.kg is None
    assert said in found.gaps[0].text_en
    assert found.gaps[0].text_zh


def test_nothing_declared_is_nothing_known() -> None:
    found = measured({"activity": "diesel", "quantity": 1.0, "unit": "t"}, {"activity": "reclaimed_water", "quantity": 1.0, "unit": "m3"})
    assert (found.kg, found.lines, found.gaps) == (None, (), ())
