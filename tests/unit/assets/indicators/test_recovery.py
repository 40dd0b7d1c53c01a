"""K1: three ratios, their scores against full marks (0.5, 0.2, 0.8), and what leaves the mean."""

from __future__ import annotations

import pytest

from assets.indicators.compose import trailing
from assets.indicators.registry import BY_CODE

MWH = 1_000_000
K1 = BY_CODE["K1"]
NONE_OF_IT = frozenset({"reclaimed_water", "heat_reuse", "retired_equipment"})


def act(activity, quantity, unit):
    return {"activity": activity, "quantity": quantity, "unit": unit}


def test_three_ratios_by_hand(make):
    """Water 600 reclaimed of 2,000 m3: 30 % → 60; heat 468 GJ = 130 MWh of 1,300: 10 % → 50; 40 of 100 reused: 40 % → 50. Mean 53.33."""
    found = K1.measure(make(activities=(
        act("reclaimed_water", 600.0, "m3"), act("heat_reused", 468.0, "GJ"),
        act("equipment_retired", 100.0, "piece"), act("equipment_reused", 40.0, "piece"),
    )))  # fmt: skip
    assert found.value == pytest.approx((0.6 + 0.5 + 0.5) / 3, rel=1e-12)
    assert found.beside == {
        "reclaimed_water_share": 0.3, "ERF": 0.1, "equipment_reuse_share": 0.4, "declared_none": [],
    }  # fmt: skip
    assert found.status == "measured"


def test_meters_come_before_activities(make):
    found = K1.measure(make(points={"heat_reuse": 260 * MWH, "reclaimed_supply": 1_400_000}, activities=(act("heat_reused", 1.0, "MWh"),)))
    assert (found.beside["ERF"], found.beside["reclaimed_water_share"]) == (0.2, 0.5)
    assert found.value == pytest.approx(2 / 3)  # equipment is not reported: 0


def test_a_score_stops_at_100(make):
    found = K1.measure(make(activities=(act("heat_reused", 650.0, "MWh"),), declared=frozenset({"reclaimed_water", "retired_equipment"})))
    assert (found.value, found.beside["ERF"]) == (1.0, 0.5)


def test_declared_none_leaves_the_mean_and_unreported_is_0(make):
    heat = (act("heat_reused", 130.0, "MWh"),)
    assert K1.measure(make(activities=heat)).value == pytest.approx(0.5 / 3)
    found = K1.measure(make(activities=heat, declared=frozenset({"retired_equipment"})))
    assert found.value == pytest.approx(0.5 / 2)
    assert found.beside["declared_none"] == ["retired_equipment"]


def test_all_declared_none_is_a_declared_0(make):
    found = K1.measure(make(declared=NONE_OF_IT))
    assert (found.value, found.status) == (0.0, "declared")


def test_what_is_reported_stands_against_a_declared_none(make):
    found = K1.measure(make(activities=(act("heat_reused", 130.0, "MWh"),), declared=NONE_OF_IT))
    assert (found.value, found.status) == (0.5, "measured")


def test_nothing_retired_is_a_statement(make):
    found = K1.measure(make(activities=(act("equipment_retired", 0.0, "piece"), act("heat_reused", 130.0, "MWh"))))
    assert found.value == pytest.approx(0.5 / 2)


def test_units_that_do_not_fit_are_not_counted(make):
    wrong_unit = K1.measure(make(activities=(act("heat_reused", 130.0, "BTU"), act("equipment_retired", 0.0, "piece"))))
    assert (wrong_unit.value, wrong_unit.beside["ERF"]) == (0.0, 0.0)
    two_units = K1.measure(make(activities=(act("equipment_retired", 10.0, "piece"), act("equipment_reused", 900.0, "kg"))))
    assert (two_units.value, two_units.beside["equipment_reuse_share"]) == (0.0, None)


def test_nothing_said_is_not_reported(make):
    found = K1.measure(make())
    assert (found.status, found.value) == ("not_reported", None)


def test_a_site_without_water_has_no_water_to_reclaim(make):
    found = K1.measure(make(water=None, declared=frozenset({"water"}), activities=(act("heat_reused", 260.0, "MWh"),)))
    assert found.value == pytest.approx((1.0 + 0.0) / 2)


def test_the_year_divides_by_the_energy_of_every_month(make, parameters):
    """Heat reused in one of two months: 130 of 2,600 MWh is 5 %, not 10 %: hiding a month never pays."""
    quiet, warm = K1.measure(make()), K1.measure(make(activities=(act("heat_reused", 130.0, "MWh"),)))
    year = trailing([warm, quiet], parameters)
    assert (year.beside["ERF"], year.months) == (0.05, 2)
    assert year.value == pytest.approx(0.25 / 3)
    assert trailing([quiet, quiet], parameters).status == "not_reported"


def test_declared_none_in_part_of_the_year(make, parameters):
    none = K1.measure(make(declared=NONE_OF_IT))
    some = K1.measure(make(activities=(act("heat_reused", 130.0, "MWh"),), declared=NONE_OF_IT))
    year = trailing([none, some], parameters)
    assert (year.value, year.status, year.beside["ERF"]) == (0.5, "measured", 0.1)
