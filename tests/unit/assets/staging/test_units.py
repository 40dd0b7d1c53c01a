"""Units: exact factors, and refusals that say what is known."""

from __future__ import annotations

from fractions import Fraction

import pytest

from assets.staging.units import UnitError, exact_fraction, unit_factor


@pytest.mark.parametrize(
    ("medium", "unit", "factor"),
    [
        ("electricity", "Wh", 1), ("electricity", "kWh", 1_000), ("electricity", "MWh", 1_000_000), ("electricity", "万kWh", 10_000_000),
        ("heat", "GJ", Fraction(2_500_000, 9)), ("water", "m3", 1_000), ("water", "m³", 1_000), ("water", "t", 1_000), ("water", "L", 1),
        ("diesel", "L", 1_000), ("natural_gas", "Nm3", 1_000), ("natural_gas", " Nm³ ", 1_000),
    ],
)  # fmt: skip
def test_factor_to_the_internal_unit(medium: str, unit: str, factor: Fraction) -> None:
    assert unit_factor(medium, unit) == factor


@pytest.mark.parametrize(("unit", "factor"), [("W", 1), ("kW", 1_000), ("MW", 1_000_000)])
def test_power_units(unit: str, factor: int) -> None:
    assert unit_factor("electricity", unit, power=True) == factor


def test_a_gigajoule_is_a_billion_watt_seconds() -> None:
    assert unit_factor("heat", "GJ") * 3_600 == 10**9


def test_diesel_in_tonnes_needs_its_density() -> None:
    # 1 t at 0.84 kg/L is 1000 / 0.84 L = 1190.476… L
    assert unit_factor("diesel", "t", density_kg_per_l=0.84) == Fraction(1_000_000 * 100, 84)
    with pytest.raises(UnitError, match="density_kg_per_l"):
        unit_factor("diesel", "t")


@pytest.mark.parametrize(
    ("medium", "unit", "power"),
    [
        ("electricity", "m3", False), ("electricity", "kW", False), ("electricity", "kVAh", False), ("electricity", "", False),
        ("water", "kWh", False), ("electricity", "kWh", True), ("water", "W", True), ("natural_gas", "m3", False), ("sound", "kWh", False),
    ],
)  # fmt: skip
def test_another_dimension_or_an_unknown_unit_is_refused(medium: str, unit: str, power: bool) -> None:
    with pytest.raises(UnitError, match=f"'{unit}' is no unit of"):
        unit_factor(medium, unit, power=power)


def test_a_decimal_is_what_was_written() -> None:
    assert exact_fraction(0.1) == Fraction(1, 10)
    assert exact_fraction(40.0) == 40
