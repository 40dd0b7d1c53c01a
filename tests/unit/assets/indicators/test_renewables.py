"""E1, E2 and the matching of claims with electricity: the vectors of green-power.md §6 and what follows from §3."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.indicators.claimed import claims_of
from assets.indicators.compose import trailing
from assets.indicators.registry import BY_CODE

MWH = 1_000_000
DELIVERED = ("direct_line", "onsite", "ppa_long", "green_trade")
WEIGHTS = {"direct_line": 1.0, "onsite": 0.95, "ppa_long": 0.85, "green_trade": 0.70, "unbundled_near": 0.40, "unbundled": 0.25}


def rows_of(*lots, **fields):
    return [
        {"route": route, "quantity_wh": round(mwh * MWH), "weight": WEIGHTS[route], "carbon_free": True, "status": "eligible", **fields}
        for route, mwh in lots
    ]


def measured(make, code, consumption, *lots):
    claims = claims_of(rows_of(*lots), consumption * MWH, True, DELIVERED)
    return BY_CODE[code].measure(make(E_DC=consumption * MWH, claims=claims))


def test_over_claim_is_1_with_the_surplus_beside(make):
    lots = (("onsite", 5_000), ("green_trade", 60_000), ("unbundled", 45_000))
    found = measured(make, "E1", 100_000, *lots)
    assert (found.value, found.beside["surplus_mwh"]) == (1.0, 10_000)
    assert found.beside["delivered_share"] == 0.65
    # The weakest claims are the surplus: 35,000 of the unbundled count.
    quality = measured(make, "E2", 100_000, *lots)
    assert quality.value == pytest.approx((0.95 * 5 + 0.70 * 60 + 0.25 * 35) / 100)


def test_shares_side_by_side(make):
    """Dual scope 2 vector: PV 5,000, green-power trade 40,000, unbundled 30,000 of 100,000 MWh: 75 %, delivered 45 %."""
    lots = (("onsite", 5_000), ("green_trade", 40_000), ("unbundled", 30_000))
    found = measured(make, "E1", 100_000, *lots)
    assert (found.value, found.beside["delivered_share"], found.beside["surplus_mwh"]) == (0.75, 0.45, 0)
    weighted = 0.95 * 5_000 + 0.70 * 40_000 + 0.25 * 30_000  # 40,250
    assert measured(make, "E2", 100_000, *lots).value == pytest.approx(weighted / 100_000)
    assert found.beside["quality_of_claims"] == pytest.approx(weighted / 75_000)


def test_ratio_of_sums(make, parameters):
    """L = (1, 9), C = (1, 0): 10 %, not 50 %."""
    months = [measured(make, "E1", 1, ("green_trade", 1)), measured(make, "E1", 9)]
    assert [month.value for month in months] == [1.0, 0.0]
    assert trailing(months, parameters).value == pytest.approx(0.10, abs=1e-15)


def test_annual_claim(make, parameters):
    """Load 10 MWh in each of 12 months, on-site 4 each, 60 unbundled MWh spread: 0.9 each month and 0.9 for the year."""
    months = [measured(make, "E1", 10, ("onsite", 4), ("unbundled", 5)) for _ in range(12)]
    assert {month.value for month in months} == {0.9}
    year = trailing(months, parameters)
    assert (year.value, year.months) == (0.9, 12)


def test_surplus_of_a_month_never_moves_to_another(make, parameters):
    """Green-power trade of 15 on a load of 10, then 5 on 10: 15 of 20 count, not 20."""
    year = trailing([measured(make, "E1", 10, ("green_trade", 15)), measured(make, "E1", 10, ("green_trade", 5))], parameters)
    assert (year.value, year.beside["surplus_mwh"]) == (0.75, 5)


def test_what_is_spread_over_months_is_cut_by_the_window(make, parameters):
    """6 + 6 unbundled MWh on 5 + 7 MWh of load cover the window exactly."""
    months = [measured(make, "E1", 5, ("unbundled", 6)), measured(make, "E1", 7, ("unbundled", 6))]
    assert [month.value for month in months] == [1.0, 6 / 7]
    assert (trailing(months, parameters).value, trailing(months, parameters).beside["surplus_mwh"]) == (1.0, 0)


def test_best_routes_are_counted_first():
    claims = claims_of(rows_of(("green_trade", 8), ("onsite", 4), ("direct_line", 3)), 10 * MWH, True, DELIVERED)
    assert claims.claimed_wh_by_route == {"direct_line": 3 * MWH, "onsite": 4 * MWH, "green_trade": 3 * MWH}
    assert (claims.surplus_wh, claims.delivered_wh, claims.claimed_wh) == (5 * MWH, 10 * MWH, 10 * MWH)


def test_pending_and_excluded_do_not_count(make):
    rows = [*rows_of(("onsite", 2)), *rows_of(("unbundled", 4), status="pending"), *rows_of(("green_trade", 50), status="excluded")]
    rows.append({**rows[1], "quantity_wh": None})  # pending, of unknown size
    claims = claims_of(rows, 10 * MWH, True, DELIVERED)
    assert (claims.claimed_wh, claims.pending_wh) == (2 * MWH, 4 * MWH)
    share, quality = (BY_CODE[code].measure(make(E_DC=10 * MWH, claims=claims)) for code in ("E1", "E2"))
    assert (share.value, share.beside["pending_mwh"], share.beside["value_if_pending_cancelled"]) == (0.2, 4, 0.6)
    assert quality.beside["value_if_pending_cancelled"] == pytest.approx((0.95 * 2 + 0.25 * 4) / 10)


def test_carbon_free_is_apart_from_renewable():
    rows = [*rows_of(("green_trade", 3)), *rows_of(("green_trade", 4), carbon_free=False)]
    assert claims_of(rows, 10 * MWH, True, DELIVERED).carbon_free_wh == 3 * MWH
    assert claims_of(rows, 5 * MWH, True, DELIVERED).carbon_free_wh == 3 * MWH  # what emits is cut first


def test_nothing_said_is_unknown_not_zero():
    assert claims_of([], 10 * MWH, False, DELIVERED) is None
    assert claims_of([], 10 * MWH, True, DELIVERED).claimed_wh == 0
    assert claims_of(rows_of(("onsite", 1)), None, False, DELIVERED).claimed_wh == MWH


def test_a_direct_line_without_load_gives_no_share(make):
    found = measured(make, "E1", 0)
    assert (found.value, found.status) == (None, "not_reported")


lots = st.lists(st.tuples(st.sampled_from(sorted(WEIGHTS)), st.integers(0, 60)), max_size=8)


@given(some=lots, more=lots)
def test_more_evidenced_claims_never_lower_either(make, some, more):
    for code in ("E1", "E2"):
        before, after = measured(make, code, 100, *some), measured(make, code, 100, *some, *more)
        assert after.value >= before.value - 1e-12
        assert 0 <= after.value <= 1


@given(some=lots, load=st.none() | st.integers(0, 120))
def test_what_is_matched_month_by_month_never_exceeds_the_load(some, load):
    claims = claims_of(rows_of(*some), None if load is None else load * MWH, True, DELIVERED)
    delivered, spread = (sum(mwh for route, mwh in some if (route in DELIVERED) is kind) * MWH for kind in (True, False))
    assert claims.delivered_wh == (delivered if load is None else min(delivered, load * MWH))
    assert claims.surplus_wh == delivered - claims.delivered_wh
    assert claims.claimed_wh == claims.delivered_wh + spread


@given(some=lots, more=lots, load=st.integers(0, 120))
def test_a_further_claim_never_lowers_what_is_counted(some, more, load):
    before, after = (claims_of(rows_of(*rows), load * MWH, True, DELIVERED) for rows in (some, [*some, *more]))
    assert after.claimed_wh >= before.claimed_wh
    assert after.surplus_wh >= before.surplus_wh
    assert sum(after.weighted_wh_by_route.values()) >= sum(before.weighted_wh_by_route.values()) * (1 - 1e-12)


@given(some=lots, seed=st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(some, seed):
    shuffled = list(some)
    seed.shuffle(shuffled)
    one, other = (claims_of(rows_of(*order), 100 * MWH, True, DELIVERED) for order in (some, shuffled))
    assert one == other


@given(some=lots)
def test_every_claimed_wh_is_counted_or_surplus(some):
    claims = claims_of(rows_of(*some), 100 * MWH, True, DELIVERED)
    assert claims.claimed_wh + claims.surplus_wh == sum(mwh for _route, mwh in some) * MWH
