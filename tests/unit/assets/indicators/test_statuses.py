"""Data status of every indicator, in both directions: unknown is null and says why; known is silent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assets.indicators.claimed import Claims
from assets.indicators.inputs import Energy
from assets.indicators.registry import BY_CODE, INDICATORS

MWH = 1_000_000
ALL = [item.code for item in INDICATORS]
BEFORE_OPERATION = {"A2", "A3", "A4", "C1", "J2"}


@pytest.mark.parametrize("code", ALL)
@pytest.mark.parametrize("quantity", ["E_DC", "E_IT", "water", "fuel", "claims", "factors", "inventory", "utilisation", "practices"])
def test_a_withheld_quantity_withholds_what_reads_it_and_nothing_else(make, code, quantity):
    found = BY_CODE[code].measure(make(withheld={quantity: ("ZZ02", "ZZ01")}, declared=frozenset({"heat_reuse"})))
    if quantity in BY_CODE[code].quantities:
        assert (found.status, found.value, found.rules_failed, found.months) == ("withheld", None, ("ZZ01", "ZZ02"), 0)
    else:
        assert found.valued


@pytest.mark.parametrize("code", ALL)
@pytest.mark.parametrize("stage", ["planning", "construction", "operation", None])
def test_stage_decides_what_applies(make, code, stage):
    found = BY_CODE[code].measure(make(site={"stage": stage}, withheld={"E_DC": ("BD05",)}))
    before = stage in ("planning", "construction")
    assert (found.status == "not_applicable") == (before and code not in BEFORE_OPERATION)


@pytest.mark.parametrize("code", ALL)
def test_a_site_that_is_not_registered_has_nothing(make, code):
    found = BY_CODE[code].measure(replace(make(), site=None))
    assert (found.status, found.value) == ("not_reported", None)


@pytest.mark.parametrize("code", ALL)
def test_nothing_landed_is_not_reported_never_zero(make, code):
    found = BY_CODE[code].measure(
        make(E_DC=None, E_IT=None, water=None, inventory=None, claims=None, practices={}, emissions=None, site={"design_power_kw": None})
    )
    assert (found.status, found.value, found.numerator if code != "K1" else None) == ("not_reported", None, None)
    assert found.reason


@pytest.mark.parametrize(("code", "absent"), [
    ("D1", {"E_IT": None}), ("D1", {"E_DC": None}), ("D2", {"water": None}), ("D2", {"E_IT": None}), ("E1", {"E_DC": None}),
    ("F1", {"E_IT": None}),
    ("A1", {"E_DC": None}), ("A1", {"inventory": None}), ("B1", {"inventory": None}), ("B2", {"E_IT": None}), ("B3", {"inventory": None}),
    ("F2", {"inventory": None}), ("E1", {"claims": None}), ("E2", {"claims": None}), ("A2", {"site": {"design_power_kw": None}}),
])  # fmt: skip
def test_each_absent_input(make, code, absent):
    assert BY_CODE[code].measure(make()).status == "measured"
    found = BY_CODE[code].measure(make(**absent))
    assert (found.status, found.value) == ("not_reported", None)


def test_the_reason_names_the_side_that_is_absent(make):
    assert BY_CODE["D1"].measure(make(E_IT=None)).reason == "not metered: E_IT"
    site = make()
    unknown = {**site.energy, "E_IT@D1": Energy(None, 0, 720 * 3600)}
    assert BY_CODE["D1"].measure(make(energy=unknown)).reason == "unknown for too much of the month: E_IT"
    no_hour = {**site.energy, "E_IT@D1": Energy(0, 0, 720 * 3600), "E_DC@D1": Energy(0, 0, 720 * 3600)}
    assert BY_CODE["D1"].measure(make(energy=no_hour)).reason == "unknown for too much of the month: E_DC, E_IT"


@pytest.mark.parametrize("column", ["gflops", "rated_w", "racks_used", "fp32_used_hours"])
def test_an_unknown_column_of_the_inventory(make, column):
    code = {"gflops": "A1", "rated_w": "B2", "racks_used": "B1", "fp32_used_hours": "B3"}[column]
    found = BY_CODE[code].measure(make(inventory={**make().inventory, column: None}))
    assert (found.status, found.value) == ("not_reported", None)


def test_a_snapshot_that_is_none(make):
    found = BY_CODE["B1"].measure(make(inventory={**make().inventory, "status": "not_reported"}))
    assert found.status == "not_reported"


@pytest.mark.parametrize("code", ["A1", "B1", "B2", "B3", "F2"])
def test_an_earlier_snapshot_is_carried_forward(make, code):
    assert BY_CODE[code].measure(make(inventory={**make().inventory, "status": "carried_forward"})).status == "carried_forward"
    assert BY_CODE[code].measure(make()).status == "measured"


@pytest.mark.parametrize("code", ["A1", "D1", "E1", "E2", "F1", "F2"])
def test_estimated_only_above_the_limit(make, code):
    assert BY_CODE[code].measure(make(estimated=26 * MWH)).status == "measured"  # exactly 2 %
    assert BY_CODE[code].measure(make(estimated=26 * MWH + 1)).status == "estimated"


def test_water_may_be_estimated_more(make):
    def wue(estimated):
        site = make()
        return BY_CODE["D2"].measure(make(energy={**site.energy, "water@D2": Energy(1_000_000, 720 * 3600, 720 * 3600, estimated)}))

    assert wue(100_000).status == "measured"
    assert (wue(100_001).status, wue(100_001).estimated_share) == ("estimated", 0.100001)


def test_water_declared_none_is_a_declared_0(make):
    found = BY_CODE["D2"].measure(make(water=None, declared=frozenset({"water"})))
    assert (found.value, found.status, found.numerator) == (0.0, "declared", 0)
    metered_all_the_same = BY_CODE["D2"].measure(make(declared=frozenset({"water"})))
    assert (metered_all_the_same.value, metered_all_the_same.status) == (1.4, "measured")


def test_green_power_declared_none_is_a_declared_0(make):
    for code in ("E1", "E2"):
        found = BY_CODE[code].measure(make(claims=None, declared=frozenset({"green_power"})))
        assert (found.value, found.status) == (0.0, "declared")
        claimed_all_the_same = BY_CODE[code].measure(make(declared=frozenset({"green_power"})))
        assert claimed_all_the_same.status == "measured"


def test_a_landed_feed_without_claims_is_a_measured_0(make):
    for code in ("E1", "E2"):
        found = BY_CODE[code].measure(make(claims=Claims({}, {})))
        assert (found.value, found.status) == (0.0, "measured")
        assert found.beside["quality_of_claims"] is None


def test_coverage_is_that_of_the_side_known_least(make):
    site = make()
    energy = {**site.energy, "E_IT@D1": Energy(1000 * MWH, 700 * 3600, 720 * 3600), "E_DC@D1": Energy(1300 * MWH, 710 * 3600, 720 * 3600)}
    assert BY_CODE["D1"].measure(make(energy=energy)).coverage == 700 / 720
