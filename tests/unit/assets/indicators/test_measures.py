"""Every indicator of one month, worked by hand from the round site-month of conftest.py."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assets.indicators.carbon import Emissions
from assets.indicators.claimed import Claims
from assets.indicators.inputs import Energy, Practice
from assets.indicators.measure import IndicatorValue
from assets.indicators.registry import BY_CODE, INDICATORS

MWH = 1_000_000


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("A1", 36_000_000 * 720 / (1300 * MWH)),  # 36 PFLOPS over 1,300 MWh in 720 h: 19.94 GFLOPS/W
        ("A2", 20_000),
        ("A3", 1), ("A4", 1), ("C1", 1), ("G1", 1), ("H1", 1), ("J1", 1), ("J2", 1),
        ("B1", 0.71),
        ("B2", 1000 / 1800),  # 2.5 MW × 720 h = 1,800 MWh
        ("B3", 0.36),
        ("D1", 1.3),
        ("D2", 1.4),  # 1,400 m3 over 1,000 MWh
        ("E1", 0.10),
        ("E2", 0.095),
        ("F1", 0.30),  # 300 t over 1,000 MWh
        ("F2", 36_000 * 720 / (8760 * 300)),  # TFLOPS·h over 300 t in 8,760 h
    ],
)  # fmt: skip
def test_value_of_a_month(make, code, value):
    found = BY_CODE[code].measure(make())
    assert found.value == pytest.approx(value, rel=1e-12)
    assert (found.status, found.months, found.unit) == ("measured", 1, BY_CODE[code].unit)


def test_a_number_never_travels_alone(make):
    found = BY_CODE["D1"].measure(make(estimated=13 * MWH))
    assert (found.numerator, found.denominator, found.numerator_unit, found.denominator_unit) == (1300 * MWH, 1000 * MWH, "Wh", "Wh")
    assert (found.category, found.coverage, found.estimated_share) == ("PUE2", 1.0, 0.01)
    assert found.input_digest.startswith("sha256:")
    assert IndicatorValue.from_json(found.to_json()) == found


@pytest.mark.parametrize(("utility", "it", "category", "pue"), [
    (1200, 1000, 1, 1.2), (1200, 970, 2, 1200 / 970), (1200, 960, 3, 1.25),  # metering.md §7
])  # fmt: skip
def test_pue_by_category(make, utility, it, category, pue):
    found = BY_CODE["D1"].measure(make(E_DC=utility * MWH, E_IT=it * MWH, site={"pue_category": category}))
    assert found.value == pytest.approx(pue, rel=1e-12)
    assert found.category == f"PUE{category}"


def test_pue_is_exactly_1_when_it_is_everything(make):
    assert BY_CODE["D1"].measure(make(E_DC=977_777_777, E_IT=977_777_777)).value == 1.0


def test_pue_without_it_energy_is_null_with_a_reason(make):
    found = BY_CODE["D1"].measure(make(E_IT=0))
    assert (found.value, found.status, found.reason) == (None, "not_reported", "E_IT is 0: PUE is not defined")
    assert found.components["E_DC"] == 1300 * MWH  # known: it counts in the window


def test_wue_vector(make):
    assert BY_CODE["D2"].measure(make(E_IT=10_000 * MWH, water=7_000_000)).value == 0.70  # metering.md §7


@pytest.mark.parametrize("code", ["D1", "D2", "B1", "B2", "B3", "E1", "E2", "F1", "F2", "A1"])
def test_doubling_everything_changes_no_ratio(make, code):
    once = make()
    twice = replace(
        once,
        energy={name: Energy(2 * e.value, e.known_s, e.metered_s, e.expected_s, 2 * e.estimated) for name, e in once.energy.items()},
        claims=Claims({"onsite": 260 * MWH}, {"onsite": 0.95 * 260 * MWH}, 260 * MWH, 260 * MWH),
        emissions=Emissions(20_000.0, True, 800_000.0, 580_000.0, 780_000.0),
        inventory={k: 2 * v if isinstance(v, (int, float)) else v for k, v in once.inventory.items()},
    )
    assert BY_CODE[code].measure(twice).value == pytest.approx(BY_CODE[code].measure(once).value, rel=1e-12)


def test_f2_is_a1_d1_over_f1(make):
    site = make()
    a1, d1, f1, f2 = (BY_CODE[code].measure(site).value for code in ("A1", "D1", "F1", "F2"))
    assert f2 == pytest.approx(a1 * d1 / (8.76 * f1), rel=1e-12)  # method.md §1


def test_more_carbon_is_worse_in_both_carbon_indicators(make):
    little, much = make(), make(emissions=Emissions(10_000.0, True, 0.0, 590_000.0, 0.0))
    assert BY_CODE["F2"].measure(much).value == pytest.approx(BY_CODE["F2"].measure(little).value / 2)
    assert BY_CODE["F1"].measure(much).value == pytest.approx(BY_CODE["F1"].measure(little).value * 2)
    assert (BY_CODE["F2"].direction, BY_CODE["F1"].direction) == ("higher", "lower")


def test_beside_carbon(make):
    found = BY_CODE["F1"].measure(make())
    assert found.beside["CUE_location"] == pytest.approx(0.41)  # (10 + 400) t
    assert found.beside["CUE_fossil"] == pytest.approx(0.40)
    assert found.beside["flags"] == []


def test_scope_1_unsaid_is_flagged_and_unbounded_only_when_said(make):
    unsaid = Emissions(None, False, 400_000.0, 290_000.0, None)
    found = BY_CODE["F1"].measure(make(emissions=unsaid))
    assert found.value == pytest.approx(0.29)
    assert (found.beside["flags"], found.beside["scope1_kg"]) == (["scope 1 not reported"], None)
    none_at_all = BY_CODE["F2"].measure(make(emissions=Emissions(0.0, True, 0.0, 0.0, 0.0)))
    assert (none_at_all.value, none_at_all.unbounded, none_at_all.status) == (None, True, "measured")
    half_said = BY_CODE["F2"].measure(make(emissions=Emissions(None, False, 0.0, 0.0, 0.0)))
    assert (half_said.value, half_said.unbounded, half_said.status) == (None, False, "not_reported")
    no_compute = BY_CODE["F2"].measure(make(emissions=Emissions(0.0, True, 0.0, 0.0, 0.0), inventory={**make().inventory, "gflops": 0}))
    assert (no_compute.value, no_compute.unbounded) == (None, False)


@pytest.mark.parametrize(
    ("emissions", "reason"),
    [
        (None, "emissions are unknown"),
        (Emissions(None, True, 1.0, 1.0, 1.0, missing=("no fuel factor for coal",)), "scope 1 is unknown; no fuel factor for coal"),
        (Emissions(1.0, True, 1.0, None, None), "market-based scope 2 is unknown: claims or energies are unknown"),
    ],
)
def test_unknown_emissions_are_not_reported(make, emissions, reason):
    for code in ("F1", "F2"):
        found = BY_CODE[code].measure(make(emissions=emissions))
        assert (found.value, found.status, found.reason) == (None, "not_reported", reason)


def test_unknown_scope_1_leaves_no_carbon_figure(make):
    unknown = Emissions(None, True, 400_000.0, 290_000.0, 390_000.0, missing=("no fuel factor for coal in 2026-03",))
    for code in ("F1", "F2"):
        found = BY_CODE[code].measure(make(emissions=unknown))
        assert (found.value, found.status, found.reason) == (None, "not_reported", "scope 1 is unknown; no fuel factor for coal in 2026-03")
    assert BY_CODE["F1"].measure(make(emissions=unknown)).beside.get("CUE_location") is None


def test_location_based_needs_no_claims(make):
    unknown_claims = Emissions(10_000.0, True, 400_000.0, None, None)
    assert BY_CODE["F1"].measure(make(emissions=unknown_claims)).beside["CUE_location"] == pytest.approx(0.41)
    withheld_claims = BY_CODE["F1"].measure(make(withheld={"claims": ("CT11",)}))
    assert (withheld_claims.status, withheld_claims.rules_failed) == ("withheld", ("CT11",))
    assert withheld_claims.beside["CUE_location"] == pytest.approx(0.41)
    withheld_fuel = BY_CODE["F1"].measure(make(withheld={"fuel": ("CT01",), "claims": ("CT11",)}))
    assert (withheld_fuel.beside, withheld_fuel.components, withheld_fuel.rules_failed) == ({}, {}, ("CT01", "CT11"))


def test_all_carriers_stand_beside_pue_and_ref(make):
    """1,000 L of diesel and 500 Nm3 of gas for heating are 15,150 kWh (metering.md §7); no heat is bought."""
    fuel = (
        {"activity": "diesel", "quantity": 1000.0, "unit": "L"},
        {"activity": "natural_gas", "quantity": 500.0, "unit": "Nm3"},
        {"activity": "purchased_heat", "quantity": 0.0, "unit": "GJ"},
    )
    site = make(activities=fuel)
    assert BY_CODE["D1"].measure(site).beside["ePUE_all_carriers"] == pytest.approx((1300 * MWH + 15_150_000) / (1000 * MWH), rel=1e-12)
    assert BY_CODE["E1"].measure(site).beside["REF"] == pytest.approx(130 * MWH / (1300 * MWH + 15_150_000), rel=1e-12)
    burnt_in_generators = BY_CODE["D1"].measure(make(activities=fuel, site={"backup_generators": 2}))
    assert burnt_in_generators.beside["ePUE_all_carriers"] == pytest.approx((1300 * MWH + 5_250_000) / (1000 * MWH), rel=1e-12)


@pytest.mark.parametrize(
    ("activities", "declared"),
    [((), frozenset()), (({"activity": "purchased_heat", "quantity": 0.0, "unit": "GJ"},), frozenset()), ((), frozenset({"fuel"}))],
)
def test_all_carriers_are_unknown_until_said(make, activities, declared):
    found = BY_CODE["D1"].measure(make(activities=activities, declared=declared))
    assert found.beside["ePUE_all_carriers"] is None
    assert found.value == 1.3


def test_bought_heat_in_gigajoules(make):
    """3,600 GJ are 1,000 MWh exactly."""
    heat = ({"activity": "purchased_heat", "quantity": 3600.0, "unit": "GJ"},)
    found = BY_CODE["D1"].measure(make(activities=heat, declared=frozenset({"fuel"})))
    assert found.beside["ePUE_all_carriers"] == 2.3


def test_beside_inventory(make):
    storage = pytest.approx(1300 * 720 * 1000 / 1.3e9)
    assert BY_CODE["A1"].measure(make()).beside == {"storage_tb_per_kw": storage, "network_gbps_per_kw": None}
    assert BY_CODE["B2"].measure(make()).beside == {"rack_load_national": None}
    with_racks = make(inventory={**make().inventory, "racks_rated_w": 4_000_000})
    assert BY_CODE["B2"].measure(with_racks).beside == {"rack_load_national": pytest.approx(1000 / 2880)}
    processors = BY_CODE["B3"].measure(make())
    assert processors.beside == {"cpu": pytest.approx(0.24), "gpu": pytest.approx(0.40)}
    assert processors.coverage == pytest.approx(20_000 / (36_000 * 720))


def test_checklist_weighs_its_items(make, parameters):
    levels = {"C1.hub": Practice(1.0, True), "C1.approval": Practice(0.5, True)}
    levels["C1.density"] = Practice(1.0, False, "no evidence document is named")
    found = BY_CODE["C1"].measure(make(practices=levels))
    assert found.value == pytest.approx(0.3 + 0.2 * 0.5)
    assert found.beside["items_not_counted"] == {"C1.density": "no evidence document is named"}
    assert found.beside["items_not_assessed"] == ["C1.latency", "C1.renewable"]
    availability = {f"A4.{item}": Practice(0.7, True) for item in ("power", "temperature", "monitoring", "cabling")}
    assert BY_CODE["A4"].measure(make(practices=availability)).value == pytest.approx(0.7)
    assert BY_CODE["J1"].measure(make(practices={"J1.scope12": Practice(1.0, True)})).value == pytest.approx(0.6)


def test_a_checklist_without_any_assessment_is_not_reported_and_one_without_evidence_is_0(make):
    assert BY_CODE["H1"].measure(make(practices={"G1.display": Practice(1.0, True)})).status == "not_reported"
    undocumented = BY_CODE["H1"].measure(make(practices={"H1.status": Practice(1.0, False, "no evidence document is named")}))
    assert (undocumented.value, undocumented.status) == (0.0, "measured")


def test_the_registry_says_what_the_edition_says(edition):
    assert len(INDICATORS) == 19
    listed = {item["code"]: item for item in edition["indicators"]}
    assert [item.code for item in INDICATORS] == list(listed)
    for item in INDICATORS:
        theirs = listed[item.code]
        assert (item.name_zh, item.name_en, item.unit, item.direction) == (theirs["zh"], theirs["en"], theirs["unit"], theirs["direction"])
        assert sorted(item.quantities) == sorted(theirs["quantities"]), item.code
        assert {"months": item.months, "sites": item.sites} == theirs["composition"], item.code
    assert len({item.asset for item in INDICATORS}) == 19
