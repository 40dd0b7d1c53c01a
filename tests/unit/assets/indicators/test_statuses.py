"""Data status of every indicator, in both directions: unknown is null and says why; known is silent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assets.indicators.claimed import Claims
from assets.indicators.inputs import Energy
from assets.indicators.measure import beyond
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
@pytest.mark.parametrize("stage", ["planning", "construction", "operation", "retired", None])
def test_stage_decides_what_applies(make, code, stage):
    found = BY_CODE[code].measure(make(site={"stage": stage}, withheld={"E_DC": ("BD05",)}))
    before = stage in ("planning", "construction")
    refused = (before and code not in BEFORE_OPERATION) or stage == "retired"
    assert (found.status == "not_applicable") == refused
    assert not refused or found.reason == f"the site is in stage {stage}"


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
    unknown = {**site.energy, "E_IT@D1": Energy(None, 0, 0, 720 * 3600)}
    assert BY_CODE["D1"].measure(make(energy=unknown)).reason == "unknown for too much of the month: E_IT"
    no_hour = {**site.energy, "E_IT@D1": Energy(0, 0, 0, 720 * 3600), "E_DC@D1": Energy(0, 0, 0, 720 * 3600)}
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
        return BY_CODE["D2"].measure(
            make(energy={**site.energy, "water@D2": Energy(1_000_000, 720 * 3600, 720 * 3600, 720 * 3600, estimated)})
        )

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


def test_coverage_is_that_of_the_side_metered_least_before_estimation(make):
    site, all_of_it = make(), 720 * 3600
    energy = {
        **site.energy,
        "E_IT@D1": Energy(1000 * MWH, all_of_it, 700 * 3600, all_of_it),
        "E_DC@D1": Energy(1300 * MWH, all_of_it, 710 * 3600, all_of_it),
    }
    assert BY_CODE["D1"].measure(make(energy=energy)).coverage == 700 / 720


# what is known of too little of the equipment -----------------------------------------------------------------------------


def stocked(make, code, **columns):
    return BY_CODE[code].measure(make(inventory={**make().inventory, **columns}))


@pytest.mark.parametrize(("share", "valued"), [(1.0, True), (0.95, True), (0.9499, False), (0.5, False), (0.0, False)])
def test_rated_power_must_be_known_of_95_percent(make, share, valued):
    found = stocked(make, "B2", rated_known_share=share)
    assert (found.status, found.value) == (("measured", 1000 / 1800) if valued else ("not_reported", None))
    assert valued or found.components == {}  # nothing of it enters a window


def test_the_reason_says_what_to_send(make):
    reason = stocked(make, "B2", rated_known_share=0.9499).reason
    assert reason == "the rated power of 94.9 % of the powered devices is known, 95 % are needed: send rated_w in devices"
    reason = stocked(make, "B3", utilisation_coverage=3 / 744).reason
    assert reason == "utilisation covers 0.4 % of capacity and hours, 80 % are needed: send utilisation of all servers and hours"


def test_no_powered_device_is_no_load_of_zero_watts(make):
    """Else a month without powered devices would add its IT energy to the window over nothing."""
    found = stocked(make, "B2", rated_w=0, rated_known_share=None)
    assert (found.status, found.components, found.reason) == (
        "not_reported", {}, "no powered device has a rated power: send rated_w and powered_on in devices",
    )  # fmt: skip


@pytest.mark.parametrize(("share", "valued"), [(1.0, True), (0.80, True), (0.7999, False), (3 / 744, False), (None, False)])
def test_utilisation_must_cover_80_percent_of_capacity_and_hours(make, share, valued):
    found = stocked(make, "B3", utilisation_coverage=share)
    assert (found.status, found.value) == (("measured", 0.36) if valued else ("not_reported", None))
    assert valued or (found.components == {} and found.reason)


def test_the_limits_are_parameters(make, parameters):
    lax = replace(parameters, rated_known_min=0.5, utilisation_known_min=0.001)
    inventory = {**make().inventory, "rated_known_share": 0.5, "utilisation_coverage": 3 / 744}
    for code in ("B2", "B3"):
        assert BY_CODE[code].measure(make(inventory=inventory, parameters=lax)).valued


def test_lost_racks_count_as_fitted_and_not_in_use(make):
    none, some = stocked(make, "B1"), stocked(make, "B1", racks_lost=42)
    assert (none.value, none.beside) == (0.71, {"racks_lost": 0})
    assert (some.value, some.numerator, some.denominator, some.beside["racks_lost"]) == (0.5, 71, 142, 42)  # 71 of 100 + 42
    assert "42 of the 142 racks counted are gone from the snapshots without retired_on" in some.beside["flags"][0]
    assert stocked(make, "B1", racks_lost=None).status == "not_reported"


# what no value can be -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rated_w", "value"), [(1_388_889, pytest.approx(1.0, abs=1e-6)), (1_388_888, None), (100_000, None)])
def test_more_load_than_rated_power_is_impossible(make, rated_w, value):
    """1,000 MWh in 720 h are 1,388,888.9 W."""
    found = stocked(make, "B2", rated_w=rated_w)
    assert found.value == value
    if value is None:
        assert (found.status, found.months, found.components) == ("withheld", 0, {})
        assert found.reason.startswith("impossible: above 1 (")


@pytest.mark.parametrize(("code", "fields", "where"), [
    ("B1", {"racks_used": 101}, "above 1"), ("B3", {"fp32_used_hours": 20_001.0}, "above 1"), ("B2", {"rated_w": 1}, "above 1"),
])  # fmt: skip
def test_no_share_above_1(make, code, fields, where):
    found = stocked(make, code, **fields)
    assert (found.status, found.value) == ("withheld", None)
    assert where in found.reason


def test_no_pue_below_1(make):
    assert BY_CODE["D1"].measure(make(E_DC=999 * MWH)).reason == "impossible: below 1 (0.999)"
    assert BY_CODE["D1"].measure(make(E_DC=1000 * MWH)).value == 1.0


@pytest.mark.parametrize(
    ("value", "domain", "where"),
    [
        (None, (0.0, 1.0), None), (0.0, (0.0, 1.0), None), (1.0, (0.0, 1.0), None), (1 + 1e-12, (0.0, 1.0), None),
        (1 + 1e-6, (0.0, 1.0), "above 1"), (-1e-6, (0.0, None), "below 0"), (1e9, (0.0, None), None), (-5.0, (None, 1.0), None),
    ],
)  # fmt: skip
def test_beyond(value, domain, where):
    assert beyond(value, domain) == where
