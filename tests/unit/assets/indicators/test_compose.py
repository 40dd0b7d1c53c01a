"""Composition over months and sites: sums evaluated again, absent months, missing members, and what may not matter."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.indicators.carbon import Emissions
from assets.indicators.claimed import Claims
from assets.indicators.compose import cluster, trailing
from assets.indicators.inputs import Practice
from assets.indicators.registry import BY_CODE, INDICATORS

MWH = 1_000_000
POWER = {"A": 100.0, "B": 100.0, "C": 5.0}
IT = {"A": 100 * MWH, "B": 40 * MWH, "C": 10 * MWH}


def pue(make, e_dc, e_it, **fields):
    return BY_CODE["D1"].measure(make(E_DC=e_dc * MWH, E_IT=e_it * MWH, **fields))


def practised(make, code, level):
    items = make().parameters.checklists[code]
    return BY_CODE[code].measure(make(practices={item: Practice(level, True) for item in items}))


# months -------------------------------------------------------------------------------------------------------------------


def test_a_window_is_a_ratio_of_sums(make, parameters):
    found = trailing([pue(make, 120, 100), pue(make, 30, 10)], parameters)
    assert (found.value, found.months) == (150 / 110, 2)
    assert (found.numerator, found.denominator) == (150 * MWH, 110 * MWH)


def test_a_withheld_month_is_absent(make, parameters):
    withheld = pue(make, 500, 100, withheld={"E_DC": ("BD05",)})
    found = trailing([pue(make, 120, 100), withheld, pue(make, 130, 100)], parameters)
    assert (found.value, found.months, found.status, found.rules_failed) == (1.25, 2, "measured", ())
    only = trailing([withheld, withheld], parameters)
    assert (only.value, only.months, only.status, only.rules_failed) == (None, 0, "withheld", ("BD05",))


def test_the_newest_month_answers_when_none_is_valid(make, parameters):
    withheld, silent = pue(make, 5, 1, withheld={"E_IT": ("TL01",)}), BY_CODE["D1"].measure(make(E_IT=None))
    assert trailing([withheld, silent], parameters).status == "not_reported"
    assert trailing([silent, withheld], parameters).status == "withheld"


def test_a_month_without_it_energy_counts_its_facility_energy(make, parameters):
    found = trailing([pue(make, 10, 0), pue(make, 120, 100)], parameters)
    assert (found.value, found.months) == (1.30, 2)


def test_estimated_share_and_coverage_are_ratios_of_sums(make, parameters):
    much, none = pue(make, 100, 80, estimated=4 * MWH), pue(make, 300, 80)
    assert (much.status, none.status) == ("estimated", "measured")
    year = trailing([much, none], parameters)
    assert (year.estimated_share, year.status, year.coverage) == (0.01, "measured", 1.0)
    assert trailing([much, much], parameters).status == "estimated"


def test_last_month_indicators_take_the_newest(make, parameters):
    older, newer = practised(make, "G1", 0.2), practised(make, "G1", 0.8)
    assert trailing([older, newer], parameters) == newer
    silent = BY_CODE["G1"].measure(make(practices={}))
    assert trailing([newer, silent], parameters).status == "not_reported"


def test_a_snapshot_counts_once(make, parameters):
    def racks(used, status="measured"):
        return BY_CODE["B1"].measure(make(inventory={**make().inventory, "racks_used": used, "status": status}))

    found = trailing([racks(60), racks(60, "carried_forward"), racks(80)], parameters)
    assert (found.value, found.months, found.status) == (140 / 200, 2, "measured")
    carried = trailing([racks(60, "carried_forward")], parameters)
    assert (carried.value, carried.status) == (0.6, "carried_forward")


def test_an_impossible_or_little_known_month_is_absent(make, parameters):
    def load(**columns):
        return BY_CODE["B2"].measure(make(inventory={**make().inventory, **columns}))

    good, impossible, little = load(), load(rated_w=100_000), load(rated_known_share=0.5)
    found = trailing([impossible, good, little], parameters)
    assert (found.value, found.months, found.status) == (1000 / 1800, 1, "measured")
    assert trailing([good, impossible, impossible], parameters).value == 1000 / 1800
    only = trailing([impossible], parameters)
    assert (only.value, only.status, only.months) == (None, "withheld", 0)


def test_lost_racks_count_in_the_window(make, parameters):
    def racks(lost):
        return BY_CODE["B1"].measure(make(inventory={**make().inventory, "racks_lost": lost}))

    found = trailing([racks(0), racks(84)], parameters)
    assert (found.value, found.beside["racks_lost"]) == (142 / 284, 84)


def test_declared_only_when_every_month_is(make, parameters):
    none = BY_CODE["E1"].measure(make(claims=None, declared=frozenset({"green_power"})))
    some = BY_CODE["E1"].measure(make())
    assert trailing([none, none], parameters).status == "declared"
    assert (trailing([none, some], parameters).status, trailing([none, some], parameters).value) == ("measured", 0.05)


def test_location_based_is_shown_for_the_window_without_claims(make, parameters):
    month = BY_CODE["F1"].measure(make(emissions=Emissions(10_000.0, True, 400_000.0, None, None)))
    year = trailing([month, month], parameters)
    assert (year.status, year.value, year.months) == ("not_reported", None, 0)
    assert year.beside["CUE_location"] == pytest.approx(0.41)
    mixed = trailing([month, BY_CODE["F1"].measure(make())], parameters)
    assert (mixed.months, mixed.value) == (1, pytest.approx(0.30))
    assert mixed.beside["CUE_location"] == pytest.approx(0.41)


def test_a_companion_unknown_in_one_month_is_unknown_in_the_window(make, parameters):
    heat = ({"activity": "purchased_heat", "quantity": 0.0, "unit": "GJ"},)
    known, unsaid = BY_CODE["D1"].measure(make(activities=heat, declared=frozenset({"fuel"}))), BY_CODE["D1"].measure(make())
    assert trailing([known, known], parameters).beside["ePUE_all_carriers"] == 1.3
    assert trailing([known, unsaid], parameters).beside["ePUE_all_carriers"] is None


def test_categories_that_differ_are_mixed_and_flagged(make, parameters):
    one, two = (pue(make, 120, 100, site={"pue_category": category}) for category in (1, 2))
    assert trailing([one, one], parameters).category == "PUE1"
    found = trailing([one, two], parameters)
    assert (found.category, found.beside["flags"]) == ("mixed", ["categories differ"])


def test_no_months_is_an_error(parameters):
    with pytest.raises(ValueError, match="at least one month"):
        trailing([], parameters)


# sites --------------------------------------------------------------------------------------------------------------------


def test_cluster_pue_vector(make, parameters):
    """E_IT (100, 40, 10), E_DC (125, 60, 19): 1.36, not the mean 1.55; a year later 1.432 (method.md §5)."""
    members = {"A": pue(make, 125, 100), "B": pue(make, 60, 40), "C": pue(make, 19, 10)}
    assert sum(m.value for m in members.values()) / 3 == pytest.approx(1.55)
    assert cluster(members, POWER, IT, parameters).value == pytest.approx(1.36, rel=1e-15)
    later = {"A": pue(make, 111.6, 90), "B": pue(make, 118.4, 80), "C": pue(make, 56.4, 30)}
    assert cluster(later, POWER, IT, parameters).value == pytest.approx(1.432, rel=1e-15)


def test_cluster_of_mixed_categories(make, parameters):
    members = {"A": pue(make, 125, 100, site={"pue_category": 1}), "B": pue(make, 60, 40, site={"pue_category": 3})}
    found = cluster(members, POWER, IT, parameters)
    assert (found.category, found.beside["flags"]) == ("mixed", ["categories differ"])


def test_scale_adds_up(make, parameters):
    members = {site: BY_CODE["A2"].measure(make(site={"design_power_kw": power})) for site, power in POWER.items()}
    assert cluster(members, POWER, IT, parameters).value == 205


def test_safety_is_that_of_the_weakest_site(make, parameters):
    members = {"A": practised(make, "A3", 0.9), "B": practised(make, "A3", 0.4), "C": practised(make, "A3", 0.7)}
    found = cluster(members, POWER, IT, parameters)
    assert (found.value, found.beside["weakest_site"]) == (pytest.approx(0.4), "B")


def test_checklists_are_weighted_by_it_energy(make, parameters):
    members = {"A": practised(make, "H1", 0.9), "B": practised(make, "H1", 0.3), "C": practised(make, "H1", 0.0)}
    assert cluster(members, POWER, IT, parameters).value == pytest.approx((0.9 * 100 + 0.3 * 40) / 150)
    unknown = cluster(members, POWER, {**IT, "C": None}, parameters)  # C carries 5 of 205 kW
    assert (unknown.value, unknown.beside["members_missing"]) == (pytest.approx((0.9 * 100 + 0.3 * 40) / 140), ["C"])
    assert cluster(members, POWER, dict.fromkeys(IT, 0), parameters).value is None


def test_missing_members_up_to_5_percent_of_design_power(make, parameters):
    members = {"A": pue(make, 125, 100), "B": pue(make, 60, 40), "C": pue(make, 19, 10, withheld={"E_DC": ("BD07",)})}
    found = cluster(members, POWER, IT, parameters)
    assert (found.value, found.beside["members_missing"], found.beside["missing_power_share"]) == (185 / 140, ["C"], 5 / 205)
    too_much = cluster(members, {**POWER, "C": 20.0}, IT, parameters)
    assert (too_much.value, too_much.status, too_much.rules_failed) == (None, "withheld", ("BD07",))
    assert "C" in too_much.reason
    exactly = cluster(members, {"A": 95.0, "B": 95.0, "C": 10.0}, IT, parameters)
    assert exactly.value == 185 / 140


def test_a_missing_member_of_unknown_power_leaves_no_value(make, parameters):
    members = {"A": pue(make, 125, 100), "C": BY_CODE["D1"].measure(make(E_IT=None))}
    assert cluster(members, {"A": 100.0, "C": None}, IT, parameters).status == "not_reported"
    present_of_unknown_power = cluster({**members, "B": pue(make, 60, 40)}, {"A": 100.0, "B": None, "C": 5.0}, IT, parameters)
    assert present_of_unknown_power.value == 185 / 140  # 5 of at least 105 kW


def test_a_site_under_construction_leaves(make, parameters):
    building = BY_CODE["D1"].measure(make(site={"stage": "construction"}))
    assert cluster({"A": pue(make, 125, 100), "B": building}, POWER, IT, parameters).value == 1.25
    assert cluster({"B": building}, POWER, IT, parameters).status == "not_applicable"


def test_a_retired_site_leaves_and_is_not_missing(make, parameters):
    retired, silent = BY_CODE["D1"].measure(make(site={"stage": "retired"})), BY_CODE["D1"].measure(make(E_IT=None))
    found = cluster({"A": pue(make, 125, 100), "B": retired}, POWER, IT, parameters)  # B has half of the design power
    assert (found.value, found.beside["members_missing"], found.beside["missing_power_share"]) == (1.25, [], 0.0)
    assert cluster({"A": pue(make, 125, 100), "B": silent}, POWER, IT, parameters).value is None  # one that does not report is missing


def test_what_a_retired_site_used_earlier_stays_in_the_window(make, parameters):
    retired = BY_CODE["D1"].measure(make(site={"stage": "retired"}))
    year = trailing([pue(make, 60, 40), retired], parameters)
    assert (year.value, year.months) == (1.5, 1)
    assert trailing([retired, retired], parameters).status == "not_applicable"


def test_one_sites_surplus_covers_no_other(make, parameters):
    def share(code, unbundled):
        claims = Claims({"unbundled": unbundled * MWH}, {"unbundled": 0.25 * unbundled * MWH})
        return BY_CODE[code].measure(make(E_DC=100 * MWH, claims=claims))

    found = cluster({"A": share("E1", 150), "B": share("E1", 0)}, POWER, IT, parameters)
    assert (found.value, found.beside["surplus_mwh"]) == (0.5, 50)
    assert cluster({"A": share("E2", 150), "B": share("E2", 0)}, POWER, IT, parameters).value == pytest.approx(0.125)


def test_no_members_is_an_error(parameters):
    with pytest.raises(ValueError, match="at least one member"):
        cluster({}, {}, {}, parameters)


# whatever the indicator ---------------------------------------------------------------------------------------------------

months = st.lists(
    st.fixed_dictionaries(
        {
            "E_DC": st.integers(0, 5_000),
            "E_IT": st.one_of(st.none(), st.integers(0, 1_000)),
            "claimed": st.integers(0, 4_000),
            "scope2": st.one_of(st.none(), st.integers(0, 900)),
            "racks": st.integers(0, 100),
            "status": st.sampled_from(["measured", "carried_forward"]),
            "withheld": st.sampled_from([{}, {}, {"E_DC": ("BD05",)}, {"claims": ("CT11",)}, {"inventory": ("TL05",)}]),
            "heat": st.one_of(st.none(), st.integers(0, 300)),
            "declared": st.sampled_from([frozenset(), frozenset({"heat_reuse"}), frozenset({"reclaimed_water", "fuel"})]),
        }
    ),
    min_size=2,
    max_size=12,
)


def built(make, m):
    market = None if m["scope2"] is None else float(m["scope2"]) * 1024
    heat = () if m["heat"] is None else ({"activity": "heat_reused", "quantity": float(m["heat"]), "unit": "MWh"},)
    return make(
        E_DC=m["E_DC"] * MWH, E_IT=None if m["E_IT"] is None else m["E_IT"] * MWH, estimated=m["E_DC"] * 10_000, withheld=m["withheld"],
        claims=Claims({"unbundled": m["claimed"] * MWH}, {"unbundled": 0.25 * m["claimed"] * MWH}),
        emissions=Emissions(2048.0, True, 4096.0, market, market), activities=heat, declared=m["declared"],
        inventory={**make().inventory, "racks_used": m["racks"], "status": m["status"]},
    )  # fmt: skip


def same(one, other):
    """Equal in everything but the digest of what went in, floats to rounding."""
    assert (one.status, one.months, one.category, one.unbounded, one.rules_failed) == (
        other.status, other.months, other.category, other.unbounded, other.rules_failed
    )  # fmt: skip
    for name in ("value", "numerator", "denominator", "coverage", "estimated_share"):
        assert close(getattr(one, name), getattr(other, name)), name
    assert set(one.components) == set(other.components)
    assert all(close(value, other.components[name]) for name, value in one.components.items())


def close(one, other):
    return one is other is None or one == pytest.approx(other, rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(rows=months, cut=st.integers(1, 11))
def test_months_in_one_step_or_in_two(make, parameters, rows, cut):
    sites = [built(make, row) for row in rows]
    cut = min(cut, len(sites) - 1)
    for item in INDICATORS:
        values = [item.measure(site) for site in sites]
        halves = [trailing(values[:cut], parameters), trailing(values[cut:], parameters)]
        same(trailing(values, parameters), trailing(halves, parameters))


@settings(max_examples=60, deadline=None)
@given(rows=months, seed=st.randoms(use_true_random=False))
def test_the_order_of_members_changes_nothing(make, parameters, rows, seed):
    names = [f"S{number:02d}" for number in range(len(rows))]
    shuffled = list(names)
    seed.shuffle(shuffled)
    power = {name: 1.0 + 100 * (number % 3) for number, name in enumerate(names)}
    it = {name: 0 if row["E_IT"] is None else row["E_IT"] for name, row in zip(names, rows, strict=True)}
    for item in INDICATORS:
        members = {name: item.measure(built(make, row)) for name, row in zip(names, rows, strict=True)}
        assert cluster(members, power, it, parameters) == cluster({name: members[name] for name in shuffled}, power, it, parameters)


@settings(max_examples=40, deadline=None)
@given(rows=months)
def test_a_cluster_of_one_site_is_the_site(make, parameters, rows):
    for item in INDICATORS:
        value = trailing([item.measure(built(make, row)) for row in rows], parameters)
        alone = cluster({"A": value}, {"A": 1.0}, {"A": 7}, parameters)
        assert close(alone.value, value.value)
        assert (alone.status, alone.unbounded) == (value.status, value.unbounded)


@settings(max_examples=60, deadline=None)
@given(rows=months)
def test_no_value_without_a_status_that_has_one(make, parameters, rows):
    for item in INDICATORS:
        values = [item.measure(built(make, row)) for row in rows]
        for value in [*values, trailing(values, parameters)]:
            assert (value.value is None) == (not value.valued or value.unbounded)
            assert (value.reason is None) == value.valued
            assert replace(value).from_json(value.to_json()) == value
