"""The purchase plan: shortfalls by hand, offers that count and that don't, and the plan against brute force over E1 and E2 themselves."""

from __future__ import annotations

import itertools
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.index.offer_rules import Judged, Place, judge_offers
from assets.index.offers import Offer
from assets.index.purchase_plan import YearMonth, purchase_plan
from assets.indicators.parts import add_components
from assets.indicators.renewable_share import evaluate_quality, evaluate_share
from assets.reference.factors import load_factors
from assets.staging.claim_rules import ClaimRules

MWH = 1_000_000
RULES = ClaimRules.from_reference(load_factors().data)
WIND = "W" * 17
PLACE = Place("S1", "CN-HE", 2026, "2026-11-20")
OFFER = Offer(2, "A1", Decimal("5.20"), "CNY", 100, "CN-SX", "2026-03", "wind", True, commissioned_on="2021-06-30")
WEIGHTS = {"onsite": 0.95, "green_trade": 0.70, "unbundled_near": 0.40, "unbundled": 0.25}


def month(name: str = "2026-01", load: float = 100, pending: float = 0, **claimed: float) -> YearMonth:
    """A month whose claims by route are given in MWh; pending energy is of green-power trade."""
    parts: dict[str, Any] = {"E_DC": round(load * MWH), "delivered": 0, "surplus": 0, "all_carriers": None}
    parts |= {"pending": round(pending * MWH), "pending_weighted": 0.7 * pending * MWH}
    for route, mwh in claimed.items():
        parts |= {f"claimed.{route}": round(mwh * MWH), f"weighted.{route}": WEIGHTS[route] * mwh * MWH}
    return YearMonth(name, parts)


def offer(name: str, price: str, available: int, near: bool = True, **changes: Any) -> Offer:
    return replace(OFFER, offer_id=name, price=Decimal(price), available=available, geography="CN-SX" if near else "CN-GD", **changes)


def judged(*offers: Offer, used: Any = None, place: Place = PLACE) -> list[Judged]:
    return judge_offers(offers, place, RULES, used or {})


def plan(months: list[YearMonth], *offers: Offer, target: str = "0.8", quality: str | None = None) -> dict[str, Any]:
    return purchase_plan(months, judged(*offers), PLACE, Fraction(target), None if quality is None else Fraction(quality))


def bought(found: dict[str, Any]) -> dict[str, int]:
    return {row["offer_id"]: row["buy_mwh"] for row in found["offers"] if row["buy_mwh"]}


# Which offers count -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"tradable": False}, "not tradable"),
        ({"mechanism": True}, "mechanism electricity"),
        ({"ccer": True}, "CCER is registered for it"),
        ({"scheme": "I-REC"}, "foreign scheme I-REC"),
        ({"production_month": "2025-12"}, "vintage: produced in 2025-12, not valid for consumption in 2026"),
        ({"production_month": "2026-11"}, "produced in 2026-11: not issued by 2026-11-20"),
        ({"production_month": "2026-10"}, None),
    ],
)
def test_the_rules_of_claims_hold_for_offers(changes: dict[str, Any], reason: str | None) -> None:
    (one,) = judged(replace(OFFER, **changes))
    assert (one.refused[0] if one.refused else None) == reason
    if reason:
        assert one.refused[1]
        assert (one.route, one.weight) == (None, 0)


@pytest.mark.parametrize(
    ("produced", "on", "reason"),
    [
        ("2023-11", "2025-12-20", None),  # grandfathered to the end of 2025
        ("2023-11", "2026-01-05", "expired: could be cancelled until 2025-12-31"),
        ("2024-02", "2026-01-31", None),  # two years, the production month included
        ("2024-02", "2026-02-01", "expired: could be cancelled until 2026-01-31"),
        ("2026-01", "2026-02-01", "vintage: produced in 2026-01, not valid for consumption in 2025"),
    ],
)
def test_the_old_regime_for_consumption_in_2025(produced: str, on: str, reason: str | None) -> None:
    (one,) = judged(replace(OFFER, production_month=produced), place=Place("S1", "CN-HE", 2025, on))
    assert (one.refused[0] if one.refused else None) == reason


@pytest.mark.parametrize(
    ("changes", "geography", "route", "weight"),
    [
        ({}, "CN-HE", "unbundled_near", Fraction(2, 5)),
        ({"geography": "CN-GD"}, "CN-HE", "unbundled", Fraction(1, 4)),
        ({"commissioned_on": "2011-02-28"}, "CN-HE", "unbundled", Fraction(1, 4)),  # older than 15 years in 2026-03
        ({"commissioned_on": None}, "CN-HE", "unbundled", Fraction(1, 4)),  # not stated: the lower route
        ({}, None, "unbundled", Fraction(1, 4)),
    ],
)
def test_routes(changes: dict[str, Any], geography: str | None, route: str, weight: Fraction) -> None:
    (one,) = judged(replace(OFFER, **changes), place=replace(PLACE, geography=geography))
    assert (one.route, one.weight) == (route, weight)


def test_nothing_already_used_is_offered() -> None:
    numbered = replace(OFFER, project_code=WIND, seq_start=101, seq_end=200)
    used = {(WIND, "2026-03"): [(1, 100), (150, 159), (200, 300)], (WIND, "2026-04"): [(1, 999)]}
    (one,) = judged(numbered, used=used)
    assert one.refused is not None
    assert one.refused[0].startswith("already used: 11 of its certificates (150-200)")
    (free,) = judged(numbered, used={(WIND, "2026-03"): [(1, 100), (201, 300)]})
    assert free.refused is None


def test_the_same_certificates_are_not_bought_twice() -> None:
    first = replace(OFFER, project_code=WIND, seq_start=1, seq_end=100)
    second = replace(first, offer_id="A2", seq_start=100, seq_end=199)
    assert [one.refused for one in judged(first, second)] == [None, ("the same certificates are offered twice", "同一批绿证重复报价")]


# How much -----------------------------------------------------------------------------------------------------------------


def test_shortfall_by_month_and_for_the_year() -> None:
    """80 % of 100 + 100; 90 and 30 claimed: the first month helps the second: 40 are missing, not 50."""
    found = plan([month("2026-01", 100, onsite=90), month("2026-02", 100, green_trade=30)], offer("A", "5", 60))
    assert [(row["shortfall_mwh"], row["buy_mwh"]) for row in found["months"]] == [(0, 0), (50, 40)]
    assert (found["shortfall_mwh"], found["to_buy_mwh"], found["feasible"]) == (40, 40, True)
    assert (found["E1"], found["E1_planned"]) == (0.6, 0.8)
    assert (found["cost"], found["currency"]) == ("200", "CNY")


def test_whole_certificates() -> None:
    """80 % of 100.6 is 80.48; 30.2 counts: 50.28 are missing, 51 certificates."""
    found = plan([month(load=100.6, green_trade=30.2)], offer("A", "5.25", 60))
    assert (found["shortfall_mwh"], found["to_buy_mwh"], found["cost"]) == (pytest.approx(50.28), 51, "267.75")
    assert found["E1_planned"] == pytest.approx(81.2 / 100.6)


def test_what_is_held_is_cancelled_first() -> None:
    """30 pending, of which only 10 fit into the month: 80 − 60 − 10 = … with 90 counted of 100 nothing is left to do."""
    found = plan([month(load=100, pending=30, green_trade=50)], offer("A", "5", 60))
    assert (found["pending_wh"], found["to_buy_mwh"], found["cost"]) == (30 * MWH, 0, "0")
    assert (found["E1"], found["E1_if_pending_cancelled"], found["E1_planned"]) == (0.5, 0.8, 0.8)
    two = plan([month("2026-01", 100, pending=30, green_trade=90), month("2026-02", 100)], offer("A", "5", 60))
    assert (two["pending_wh"], two["to_buy_mwh"]) == (10 * MWH, 60)


def test_a_year_that_is_there_needs_nothing() -> None:
    found = plan([month(green_trade=80)], offer("A", "5", 60))
    assert (found["to_buy_mwh"], bought(found), found["cost"], found["feasible"]) == (0, {}, "0", True)


def test_months_without_a_figure_are_named_and_left_out() -> None:
    months = [month("2026-01", 100), YearMonth("2026-02", None, "withheld", "withheld at the gate: claims"), YearMonth("2026-03", None)]
    found = plan(months, offer("A", "5", 100))
    assert [row.get("buy_mwh") for row in found["months"]] == [80, None, None]
    assert found["months"][1]["reason"] == "withheld at the gate: claims"
    nothing = plan(months[1:], offer("A", "5", 100))
    assert (nothing["feasible"], "cost" in nothing) == (None, False)


def test_all_of_it() -> None:
    """100 % of 10.5 MWh: eleven certificates, of which half a MWh covers nothing."""
    found = plan([month(load=10.5)], offer("A", "5", 20), target="1")
    assert (bought(found), found["E1_planned"]) == ({"A": 11}, 1.0)


# The mix ------------------------------------------------------------------------------------------------------------------


def test_the_cheapest_and_then_the_better_route() -> None:
    found = plan([month()], offer("far", "4", 50, near=False), offer("near", "4", 50), offer("dear", "6", 90))
    assert bought(found) == {"near": 50, "far": 30}
    assert (found["cost"], found["E2_planned"]) == ("320", pytest.approx((50 * 0.4 + 30 * 0.25) / 100))


def test_equal_offers_by_age_then_by_name() -> None:
    same = [offer("b", "4", 30), offer("a", "4", 30), offer("old", "4", 30, production_month="2026-01")]
    assert bought(plan([month()], *same)) == {"old": 30, "a": 30, "b": 20}
    assert bought(plan([month()], *reversed(same))) == {"old": 30, "a": 30, "b": 20}


def test_a_least_quality_buys_the_better_route() -> None:
    """80 MWh: Σ w·x ≥ 0.26 × 100 = 26: 0.4·n + 0.25·(80 − n) ≥ 26 → n ≥ 40; a weight costs more far away than near."""
    found = plan([month()], offer("far", "4", 100, near=False), offer("near", "5", 100), quality="0.26")
    assert bought(found) == {"far": 40, "near": 40}
    assert (found["cost"], found["E2_planned"]) == ("360", pytest.approx(0.26))


def test_many_cheap_ones_may_make_the_quality() -> None:
    """At 3 and 5: 88 far and 10 near cost 314 for 26.00, 93 far and 7 near 314 for 26.05: of equal cost the better."""
    found = plan([month()], offer("far", "3", 100, near=False), offer("near", "5", 100), quality="0.26")
    assert (bought(found), found["cost"], found["E2_planned"]) == ({"far": 93, "near": 7}, "314", pytest.approx(0.2605))


def test_a_least_quality_may_take_more_certificates() -> None:
    """The year is at its target, not at its quality: 10 MWh × 0.25 more are needed."""
    found = plan([month(green_trade=80)], offer("far", "3", 100, near=False), quality="0.585")
    assert (found["to_buy_mwh"], bought(found), found["E2_planned"]) == (0, {"far": 10}, pytest.approx(0.585))


def test_infeasible_says_what_is_missing() -> None:
    found = plan([month()], offer("A", "5", 30), offer("B", "5", 10, production_month="2025-01"))
    assert (found["feasible"], found["missing_mwh"], found["cost"], found["E1_planned"]) == (False, 50, None, None)
    assert found["missing"] == "50 MWh are missing: 80 MWh are needed, the offers that count come to 30 MWh"
    assert found["missing_zh"]
    assert [row["offer_id"] for row in found["refused"]] == ["B"]


def test_infeasible_quality_says_so() -> None:
    found = plan([month()], offer("far", "5", 200, near=False), quality="0.3")
    assert (found["feasible"], found["missing_mwh"]) == (False, 5)  # 30 asked, 100 × 0.25 at most
    assert found["missing"].startswith("5 MWh × route weight are missing: the quality asks for 30")


def test_money_is_exact() -> None:
    """Three prices that no binary fraction holds."""
    found = plan([month(load=10)], offer("A", "0.1", 1), offer("B", "0.2", 1), offer("C", "0.000003", 6), target="0.8")
    assert (bought(found), found["cost"]) == ({"C": 6, "A": 1, "B": 1}, "0.300018")


def test_it_says_that_it_is_a_plan() -> None:
    found = plan([month()], offer("A", "5", 100))
    assert found["note"].startswith("This is a plan, not a claim")
    assert "不构成绿电主张" in found["note_zh"]


# Against the indicators themselves -----------------------------------------------------------------------------------------


months_of = st.lists(
    st.builds(
        lambda load, onsite, far, pending: month("2026-01", load, pending, onsite=min(onsite, load), unbundled=far),
        st.integers(1, 6), st.integers(0, 4), st.integers(0, 2), st.integers(0, 2),
    ),
    min_size=1, max_size=3,
)  # fmt: skip
offers_of = st.lists(st.tuples(st.integers(1, 5), st.integers(0, 4), st.booleans()), min_size=1, max_size=3)


@settings(max_examples=60, deadline=None)
@given(months=months_of, drawn=offers_of, target=st.integers(0, 20), quality=st.none() | st.integers(0, 12))
def test_equals_brute_force_over_e1_and_e2(months: list[YearMonth], drawn: Any, target: int, quality: int | None) -> None:
    """No cheaper choice of certificates brings E1 and E2, as the indicators compute them, to what was asked for."""
    months = [replace(one, month=f"2026-{n:02d}") for n, one in enumerate(months, 1)]
    offers = [offer(f"O{n}", str(price), count, near) for n, (price, count, near) in enumerate(drawn)]
    share, least = Fraction(target, 20), None if quality is None else Fraction(quality, 20)
    found = purchase_plan(months, judged(*offers), PLACE, share, least)
    total = add_components(one.components for one in months if one.components)
    room = max(0, found["e_dc_wh"] - found["counted_wh"] - found["pending_wh"]) // MWH
    best = None
    for choice in itertools.product(*(range(one.available + 1) for one in offers)):
        if sum(choice) > room:
            continue
        parts = dict(total)
        parts["claimed.(held)"], parts["weighted.(held)"] = found["pending_wh"], 0.7 * found["pending_wh"]
        for count, one in zip(choice, offers, strict=True):
            route = "unbundled_near" if one.geography == "CN-SX" else "unbundled"
            parts[f"claimed.{route}"] = parts.get(f"claimed.{route}", 0) + count * MWH
            parts[f"weighted.{route}"] = parts.get(f"weighted.{route}", 0.0) + count * MWH * WEIGHTS[route]
        reached = evaluate_share(parts).value >= float(share) - 1e-12
        good = least is None or evaluate_quality(parts).value >= float(least) - 1e-12
        if reached and good:
            cost = sum(count * int(one.price) for count, one in zip(choice, offers, strict=True))
            best = cost if best is None else min(best, cost)
    assert found["feasible"] is (best is not None)
    if best is not None:
        assert Decimal(found["cost"]) == best
        assert found["E1_planned"] >= float(share) - 1e-12
        assert least is None or found["E2_planned"] >= float(least) - 1e-12
        assert sum(row["buy_mwh"] for row in found["months"]) == sum(bought(found).values())
