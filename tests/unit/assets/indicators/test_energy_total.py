"""综合能耗: tce by hand, and what is left out is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from assets.indicators.energy_total import ENERGY, TOTAL, energy_rows
from assets.indicators.inputs import SiteMonth
from assets.reference.factors import load_factors

FACTORS = load_factors()
MWH = 1_000_000
NO_HEAT = {"activity": "purchased_heat", "quantity": 0.0, "unit": "kWh", "density_kg_per_l": None}


def stated(activity: str, quantity: float, unit: str, density: float | None = None) -> dict[str, Any]:
    return {"activity": activity, "quantity": quantity, "unit": unit, "density_kg_per_l": density}


def rows_of(site: SiteMonth) -> dict[str, dict[str, Any]]:
    rows = energy_rows(FACTORS, site)
    pl.DataFrame(rows, schema=ENERGY)
    return {row["carrier"]: row for row in rows}


def test_electricity(make: Callable[..., SiteMonth]) -> None:
    found = rows_of(make(E_DC=1_000 * MWH, activities=(NO_HEAT,), declared=frozenset({"fuel"})))
    # 1,000,000 kWh × 0.1229 kgce
    assert (found["electricity"]["tce"], found[TOTAL]["tce"], found[TOTAL]["status"]) == (122.9, 122.9, "counted")


def test_all_carriers(make: Callable[..., SiteMonth]) -> None:
    activities = (
        stated("diesel", 1000.0, "L", 0.84),  # 840 kg × 1.4571
        stated("natural_gas", 500.0, "Nm3"),  # × 1.33
        stated("purchased_heat", 10.0, "GJ"),  # 10,000 MJ × 0.03412
        stated("R-134a", 5.0, "kg"),
        stated("reclaimed_water", 900.0, "m3"),
        stated("td_losses", 900.0, "kWh"),
    )
    found = rows_of(make(E_DC=100 * MWH, activities=activities))
    assert found["diesel"]["tce"] == pytest.approx(1.223964, rel=1e-12)
    assert found["natural_gas"]["tce"] == pytest.approx(0.665, rel=1e-12)
    assert found["purchased_heat"]["tce"] == pytest.approx(0.3412, rel=1e-6)  # a GJ is a whole number of Wh to a millionth
    assert found[TOTAL]["tce"] == pytest.approx(12.29 + 1.223964 + 0.665 + 0.3412, rel=1e-6)
    assert set(found) == {"electricity", "diesel", "natural_gas", "purchased_heat", TOTAL}


def test_what_generators_made_is_counted_as_fuel_and_not_twice(make: Callable[..., SiteMonth]) -> None:
    activities = (stated("diesel", 1.0, "t"), NO_HEAT)
    found = rows_of(make(E_DC=100 * MWH, points={"backup_generation": 4 * MWH}, activities=activities))
    assert found["electricity"]["quantity"] == 96_000
    assert found[TOTAL]["tce"] == pytest.approx(96 * 0.1229 + 1.4571, rel=1e-12)


@pytest.mark.parametrize(
    ("activities", "declared", "said"),
    [
        ((NO_HEAT,), frozenset(), "fuel is not reported"),
        ((), frozenset({"fuel"}), "bought heat is not reported"),
        ((stated("coal", 3.0, "t"), NO_HEAT), frozenset({"fuel"}), "no coal equivalent factor for coal"),
        ((stated("diesel", 3.0, "L"), NO_HEAT), frozenset(), "density_kg_per_l is not recorded"),
        ((stated("purchased_heat", 3.0, "t"),), frozenset({"fuel"}), "bought heat is unknown"),
    ],
)
def test_what_is_left_out_is_said_and_the_sum_is_a_lower_bound(
    make: Callable[..., SiteMonth], activities: tuple[dict[str, Any], ...], declared: frozenset[str], said: str
) -> None:
    total = rows_of(make(E_DC=100 * MWH, activities=activities, declared=declared))[TOTAL]
    assert (total["status"], total["tce"]) == ("incomplete", 12.29)
    assert said in total["reason_en"]
    assert total["reason_zh"].startswith("未计入")


def test_a_fuel_of_0_is_a_statement(make: Callable[..., SiteMonth]) -> None:
    total = rows_of(make(E_DC=100 * MWH, activities=(stated("diesel", 0.0, "L"), NO_HEAT)))[TOTAL]
    assert (total["status"], total["tce"]) == ("counted", 12.29)


def test_unknown_and_withheld_electricity_is_no_energy(make: Callable[..., SiteMonth]) -> None:
    assert rows_of(make(E_DC=None))[TOTAL]["status"] == "unknown"
    held = rows_of(make(withheld={"E_DC": ("TL01",)}))
    assert (held[TOTAL]["status"], held[TOTAL]["tce"], held["electricity"]["tce"]) == ("withheld", None, None)
    assert "TL01" in held[TOTAL]["reason_en"]
