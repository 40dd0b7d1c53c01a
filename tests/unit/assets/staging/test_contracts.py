"""Contracts: shares, the three-way minimum, allocation, routes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.reference.factors import load_factors
from assets.staging.claim_rules import ClaimRules
from assets.staging.contracts import (
    Delivery,
    in_force,
    latest_settlements,
    route_of,
    settled_wh,
    share_out,
    share_out_wh,
    shares_of,
    three_way_minimum,
    wh,
)

RULES = ClaimRules.from_reference(load_factors().data)
PROJECT = "P" * 17
HALF_THREE_TWO = {"A": Fraction(1, 2), "B": Fraction(3, 10), "C": Fraction(1, 5)}


def share(site: str, ratio: float, valid_from: str | None = "2025-01-01", valid_to: str | None = None) -> dict[str, Any]:
    return {"contract_id": "K", "site_id": site, "share_ratio": ratio, "valid_from": valid_from, "valid_to": valid_to}


def contract(**changes: Any) -> dict[str, Any]:
    row = {
        "contract_id": "K", "kind": "green_trade", "project_code": PROJECT, "signed_on": "2022-01-10", "start_on": "2024-01-01",
        "end_on": "2028-12-31", "attribute_clause": "bundled",
    }  # fmt: skip
    return row | changes


@pytest.mark.parametrize(
    ("contract_mwh", "ongrid_net", "user", "expected"),
    [(10000, 9200, 11000, 9200), (10000, 12000, 11000, 10000), (10000, 12000, 8000, 8000), (10000, -5, 8000, 0)],
)
def test_three_way_minimum(contract_mwh: int, ongrid_net: int, user: int, expected: int) -> None:
    assert three_way_minimum(contract_mwh, ongrid_net, user) == expected


@pytest.mark.parametrize(
    ("changes", "expected_mwh"),
    [
        ({}, 9200),
        ({"mechanism_mwh": None}, 10000),
        ({"settled_mwh": 9000}, 9000),  # never more than was settled
        ({"user_mwh": None}, 9999),  # the minimum can't be formed: what was settled
    ],
)
def test_settled_energy(changes: dict[str, Any], expected_mwh: int) -> None:
    row = {"settled_mwh": 9999 + 1, "contract_mwh": 10000, "ongrid_mwh": 10200, "mechanism_mwh": 1000, "user_mwh": 11000}
    if "user_mwh" in changes:
        row["settled_mwh"] = 9999
    assert settled_wh(row | changes) == expected_mwh * 1_000_000


def test_energy_is_the_decimal_as_written() -> None:
    assert wh(9237.4) == 9_237_400_000
    assert wh(0.1) + wh(0.2) == wh(0.3)


def test_remainder_is_carried_not_lost() -> None:
    assert share_out_wh(9_237_400_000, HALF_THREE_TWO) == ({"A": 4619, "B": 2771, "C": 1847}, 400_000)


@given(st.integers(0, 10**6), st.lists(st.integers(0, 100), min_size=1, max_size=5))
def test_shared_out_makes_the_quantity(count: int, parts: list[int]) -> None:
    shares = {f"S{n}": Fraction(part, max(100, sum(parts))) for n, part in enumerate(parts)}
    assert sum(share_out(count, shares).values()) == count


def test_what_no_site_has_a_share_of_goes_to_none() -> None:
    assert share_out(10, {"A": Fraction(1, 2)}) == {"A": 5, None: 5}
    assert share_out(10, {}) == {None: 10}


def test_shares_above_one_are_a_fact_and_are_not_shared_out() -> None:
    shares = shares_of([share("A", 0.6), share("B", 0.5)], "K", "2025-03")
    assert shares.over
    assert shares.highest_sum == Fraction(11, 10)
    with pytest.raises(ValueError, match="more than 1"):
        share_out(10, shares.by_site)
    exact = shares_of([share("A", 0.1), share("B", 0.2), share("C", 0.7)], "K", "2025-03")
    assert not exact.over  # 0.1 + 0.2 + 0.7 is 1 as written, whatever floats say


def test_shares_change_within_a_month() -> None:
    rows = [share("A", 0.6), share("A", 0.5, "2025-03-16"), share("B", 0.5, "2025-03-10"), share("C", 1.0, valid_to="2025-02-28")]
    shares = shares_of(rows, "K", "2025-03")
    assert shares.by_site == {"A": Fraction(1, 2), "B": Fraction(1, 2)}  # as on the last day
    assert shares.highest_sum == Fraction(11, 10)  # from the 10th to the 15th
    assert shares_of(rows, "K", "2025-04").highest_sum == 1
    assert shares_of(rows, "other", "2025-03").by_site == {}


def test_in_force_on_any_day() -> None:
    assert in_force(contract(start_on="2025-03-31", end_on="2026-01-01"), "2025-03")
    assert in_force(contract(start_on="2024-01-01", end_on="2025-03-01"), "2025-03")
    assert not in_force(contract(start_on="2024-01-01", end_on="2025-02-28"), "2025-03")
    assert not in_force(contract(start_on="2025-04-01", end_on="2026-02-28"), "2025-03")


def test_the_newest_version_settles() -> None:
    rows = [{"contract_id": "K", "month": "2025-03", "version": v, "settled_mwh": v} for v in (2, 10, 1)]
    assert latest_settlements(rows)["K", "2025-03"]["settled_mwh"] == 10


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ("ppa_long", {}),
        ("green_trade", {"contract": contract(signed_on="2023-07-01")}),  # signed after commissioning
        ("green_trade", {"contract": contract(end_on="2028-12-30")}),  # a day short of five years
        ("green_trade", {"project": None}),  # project facts missing
        ("green_trade", {"site_geography": "CN-GD"}),  # another grid region
        ("green_trade", {"project": {"geography": "CN-SX", "commissioned_on": None}}),
        ("unbundled_near", {"settled": False}),
        ("unbundled_near", {"channel": "unbundled"}),
        ("unbundled_near", {"contract": contract(end_on="2025-02-28")}),
        ("unbundled_near", {"contract": contract(project_code="Q" * 17)}),
        ("unbundled_near", {"contract": contract(kind="financial")}),
        ("unbundled_near", {"production_month": "2025-02"}),  # not delivered in this month
        ("unbundled_near", {"contract": None}),
        ("unbundled", {"contract": None, "site_geography": "CN-GD"}),
        ("unbundled", {"contract": None, "project": None}),
        ("unbundled", {"contract": None, "project": {"geography": "CN-SX", "commissioned_on": None}}),
        ("unbundled_near", {"contract": None, "project": {"geography": "CN-SX", "commissioned_on": "2010-03-31"}}),  # 15 years
        ("unbundled", {"contract": None, "project": {"geography": "CN-SX", "commissioned_on": "2010-02-28"}}),
        ("direct_line", {"contract": contract(kind="direct_line"), "project": None, "channel": "self_use"}),
    ],
)
def test_routes(expected: str, changes: dict[str, Any]) -> None:
    given_facts: dict[str, Any] = {
        "month": "2025-03", "production_month": "2025-03", "project_code": PROJECT, "channel": "green_trade", "contract": contract(),
        "settled": True, "project": {"geography": "CN-SX", "commissioned_on": "2023-06-30"}, "site_geography": "CN-HE",
    }  # fmt: skip
    assert route_of(Delivery(**given_facts | changes), RULES) == expected
