"""Emissions of a site-month: hand-worked vectors of green-power.md §6, and what is unknown stays unknown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.indicators.carbon import Emissions, GridEnergy, measure_emissions
from assets.reference.factors import load_factors

FACTORS = load_factors()
MWH = 1_000_000
HEBEI = GridEnergy(e_dc=100_000 * MWH, onsite_generation=5_000 * MWH)
DIESEL = {"activity": "diesel", "quantity": 100.0, "unit": "t", "density_kg_per_l": None}


def emit(**changes: Any) -> Emissions:
    facts: dict[str, Any] = {
        "geography": "CN-HE", "month": "2026-03", "cutoff_day": 8, "energy": HEBEI, "claimed_wh": 75_000 * MWH,
        "activities": (), "declared": (),
    }  # fmt: skip
    return measure_emissions(FACTORS, **facts | changes)


def test_dual_scope_2_in_hebei() -> None:
    # 5,000 on-site + 40,000 traded + 30,000 unbundled of 100,000 MWh; factors of 2023
    found = emit()
    assert HEBEI.grid == 95_000 * MWH
    assert found.scope2_location_kg == pytest.approx(61_902_000, rel=1e-12)  # 95,000 × 0.6516
    assert found.scope2_market_kg == pytest.approx(15_240_000, rel=1e-12)  # 25,000 × 0.6096
    assert found.scope2_fossil_kg == pytest.approx(20_682_500, rel=1e-12)  # 25,000 × 0.8273
    assert [(line.scope, line.subject, line.quantity, line.vintage) for line in found.lines] == [
        ("2L", "average CN-HE", 95_000_000, "2023"),
        ("2M", "residual CN", 25_000_000, "2023"),
        ("2F", "fossil CN", 25_000_000, "2023"),
    ]


def test_an_over_claim_is_never_below_zero() -> None:
    found = emit(claimed_wh=110_000 * MWH)
    assert (found.scope2_market_kg, found.scope2_fossil_kg) == (0.0, 0.0)


def test_factor_vintage_changes_the_location_based_figure_by_a_tenth() -> None:
    old, new = emit(month="2025-11").scope2_location_kg, emit(month="2025-12").scope2_location_kg
    assert old == pytest.approx(68_894_000, rel=1e-12)  # 95,000 × 0.7252
    assert new == pytest.approx(61_902_000, rel=1e-12)
    assert old is not None
    assert new is not None
    assert round(100 * (new / old - 1), 2) == -10.15


def test_energy_from_the_grid() -> None:
    # 130 generated, 30 exported, 10 used by the plant; 20 over a direct line; 5 from generators; 200 from the grid
    energy = GridEnergy((200 + 20 + 130 + 5 - 30 - 10) * MWH, 130 * MWH, 30 * MWH, 10 * MWH, 20 * MWH, 5 * MWH)
    assert (energy.self_used, energy.grid) == (90 * MWH, 200 * MWH)
    # market-based, all but the generators' energy is covered by claims or priced
    found = emit(energy=energy, claimed_wh=110 * MWH)
    assert found.scope2_market_kg == pytest.approx(200_000 * 0.6096, rel=1e-12)
    sold = emit(energy=energy, claimed_wh=20 * MWH)  # the self-used energy's attribute was sold: null power
    assert sold.scope2_market_kg == pytest.approx(290_000 * 0.6096, rel=1e-12)
    assert sold.scope2_location_kg == found.scope2_location_kg


@pytest.mark.parametrize("name", ["e_dc", "onsite_generation", "export", "plant_use", "direct_line", "backup_generation"])
def test_unknown_energy_is_unknown_emissions(name: str) -> None:
    assert emit(energy=replace(HEBEI, **{name: None})).scope2_location_kg is None


def test_unknown_claims_leave_the_market_based_figure_open_only() -> None:
    found = emit(claimed_wh=None)
    assert (found.scope2_market_kg, found.scope2_fossil_kg) == (None, None)
    assert found.scope2_location_kg == emit().scope2_location_kg
    assert found.missing == ()


@given(st.one_of(st.none(), st.integers(0, 10**15)))
def test_no_certificate_changes_the_location_based_figure_by_a_bit(claimed_wh: int | None) -> None:
    assert emit(claimed_wh=claimed_wh).scope2_location_kg == emit().scope2_location_kg


@given(st.integers(0, 10**14), st.integers(0, 10**14))
def test_more_claims_never_raise_the_market_based_figure(one: int, more: int) -> None:
    less, full = emit(claimed_wh=one).scope2_market_kg, emit(claimed_wh=one + more).scope2_market_kg
    assert less is not None
    assert full is not None
    assert 0 <= full <= less


def test_a_missing_factor_is_named_and_nothing_stands_in() -> None:
    found = emit(geography="CN-XZ")
    assert found.scope2_location_kg is None
    assert found.missing == ("no average factor for CN-XZ in 2026-03",)
    assert found.scope2_market_kg == emit().scope2_market_kg
    abroad = emit(geography="DE-BE")
    assert (abroad.scope2_location_kg, abroad.scope2_market_kg, abroad.scope2_fossil_kg) == (None, None, None)
    assert len(abroad.missing) == 3


# Scope 1 --------------------------------------------------------------------------------------------------------------


def scope1(*rows: dict[str, Any], declared: tuple[str, ...] = ()) -> Emissions:
    return emit(activities=[{"density_kg_per_l": None, **row} for row in rows], declared=declared)


def test_scope_1_vector() -> None:
    found = scope1(DIESEL, {"activity": "R-410A", "quantity": 50.0, "unit": "kg"})
    assert {line.subject: round(line.emissions_kg / 1000, 2) for line in found.lines if line.scope == "1"} == {
        "diesel": 309.59,
        "R-410A": 112.80,
    }
    assert found.scope1_kg == pytest.approx(422_390, rel=1e-12)
    assert found.scope1_reported
    assert found.unreported == ()


@pytest.mark.parametrize(
    ("row", "kg"),
    [
        ({"activity": "diesel", "quantity": 1000.0, "unit": "L", "density_kg_per_l": 0.84}, 840 * 3.0959),
        ({"activity": "diesel", "quantity": 1.0, "unit": "m3", "density_kg_per_l": 0.84}, 840 * 3.0959),
        ({"activity": "natural_gas", "quantity": 500.0, "unit": "Nm3"}, 500 * 2.1622),
        ({"activity": "natural_gas", "quantity": 0.05, "unit": "万Nm3"}, 500 * 2.1622),
        ({"activity": "R-32", "quantity": 500.0, "unit": "g"}, 0.5 * 771),
    ],
)
def test_units(row: dict[str, Any], kg: float) -> None:
    assert scope1(row).scope1_kg == pytest.approx(kg, rel=1e-12)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"activity": "diesel", "quantity": 1000.0, "unit": "L"}, "density_kg_per_l is not recorded"),
        ({"activity": "diesel", "quantity": 1000.0, "unit": "L", "density_kg_per_l": float("nan")}, "density_kg_per_l is not recorded"),
        ({"activity": "diesel", "quantity": 1000.0, "unit": "gal"}, "unit gal"),
        ({"activity": "natural_gas", "quantity": 5.0, "unit": "m3"}, "Nm3"),
        ({"activity": "R-1234yf", "quantity": 5.0, "unit": "kg"}, "no gwp factor for R-1234yf"),
        ({"activity": "R-32", "quantity": 5.0, "unit": "L", "density_kg_per_l": 1.0}, "unit L"),
        ({"activity": "petrol", "quantity": 5.0, "unit": "kg"}, "no fuel factor for petrol"),
    ],
)
def test_what_is_missing_is_named_and_makes_scope_1_unknown(row: dict[str, Any], said: str) -> None:
    found = scope1(DIESEL, row)
    assert found.scope1_kg is None
    assert len(found.missing) == 1
    assert said in found.missing[0]


def test_nothing_said_is_not_reported_and_a_row_of_zero_is_a_statement() -> None:
    silent = scope1()
    assert (silent.scope1_reported, silent.scope1_kg, silent.unreported) == (False, None, ("fuel", "refrigerant"))
    zero = scope1({"activity": "diesel", "quantity": 0.0, "unit": "L"})
    assert (zero.scope1_reported, zero.scope1_kg, zero.unreported) == (True, 0.0, ("refrigerant",))
    declared = scope1(declared=("fuel", "refrigerant"))
    assert (declared.scope1_reported, declared.scope1_kg, declared.unreported) == (True, 0.0, ())
    other = scope1(declared=("water",))
    assert not other.scope1_reported


@pytest.mark.parametrize("activity", ["coal", "SF6", "HFC-134a", "aviation spirit"])
def test_an_unknown_activity_alone_makes_scope_1_unknown_and_never_zero(activity: str) -> None:
    found = scope1({"activity": activity, "quantity": 500.0, "unit": "t"})
    assert (found.scope1_reported, found.scope1_kg) == (True, None)
    assert found.missing == (f"no fuel factor for {activity} in 2026-03",)
    nothing_burnt = scope1({"activity": activity, "quantity": 0.0, "unit": "t"})  # says nothing of what else may have been burnt
    assert (nothing_burnt.scope1_reported, nothing_burnt.missing) == (False, ())


RAN = replace(HEBEI, backup_generation=5 * MWH)


@pytest.mark.parametrize("evidence", [{"energy": RAN}, {"fuel_use": 800}, {"fuel_use": None}])
def test_fuel_that_was_burnt_and_is_not_reported_leaves_scope_1_unknown(evidence: dict[str, Any]) -> None:
    refrigerant = {"activity": "R-22", "quantity": 1.0, "unit": "kg", "density_kg_per_l": None}
    for rows in ([], [refrigerant]):
        found = emit(activities=rows, **evidence)
        assert (found.scope1_reported, found.scope1_kg) == (True, None)
        assert "send the fuel burnt" in found.missing[-1]
    said = emit(activities=[DIESEL], **evidence)
    assert (said.scope1_kg, said.missing) == (pytest.approx(309_590), ())
    declared = emit(declared=("fuel",), **evidence)
    assert (declared.scope1_kg, declared.missing) == (0.0, ())


def test_generators_and_fuel_meters_that_show_0_prove_nothing() -> None:
    found = emit(energy=replace(HEBEI, backup_generation=0), fuel_use=0)
    assert (found.scope1_reported, found.scope1_kg, found.missing) == (False, None, ())


def test_other_activities_are_not_scope_1() -> None:
    rows = [{"activity": name, "quantity": 9.0, "unit": "t"} for name in ("reclaimed_water", "heat_reused", "scope3_travel", "embodied")]
    found = scope1(*rows)
    assert (found.scope1_reported, found.scope1_kg, found.missing) == (False, None, ())


@given(st.permutations([DIESEL, {**DIESEL, "quantity": 0.1}, {**DIESEL, "activity": "R-22", "quantity": 0.3}, {**DIESEL, "quantity": 0.7}]))
def test_row_order_never_matters(rows: list[dict[str, Any]]) -> None:
    assert emit(activities=rows) == emit(activities=sorted(rows, key=lambda r: (r["activity"], r["quantity"])))
