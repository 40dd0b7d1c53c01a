"""The order of use: which claim covers which MWh, and that it adds up to what the shares count."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.indicators.claimed import claims_of
from assets.indicators.order_of_use import in_order_of_use
from assets.indicators.renewable_share import evaluate_quality

DELIVERED = ("direct_line", "onsite", "ppa_long", "green_trade")
WEIGHTS = {"direct_line": 1.0, "onsite": 0.95, "ppa_long": 0.85, "green_trade": 0.70, "unbundled_near": 0.40, "unbundled": 0.25}
Row = dict[str, Any]


def row(route: str, wh: int | None, **changes: Any) -> Row:
    return {"route": route, "weight": WEIGHTS[route], "quantity_wh": wh, "status": "eligible", "carbon_free": True, "project_code": "P",
            "production_month": "2026-01", "seq_start": 0, "meter_id": None, "contract_id": None, "entry": 1,
            "source_row": 2} | changes  # fmt: skip


def used(rows: list[Row], load: int | None) -> list[tuple[str, int, int, int]]:
    return [(one.row["route"], one.used_wh, one.surplus_wh, one.beyond_wh) for one in in_order_of_use(rows, load, DELIVERED)]


@pytest.mark.parametrize(
    ("load", "expected"),
    [
        # 50 on-site, 60 traded, 40 unbundled
        (200, [("onsite", 50, 0, 0), ("green_trade", 60, 0, 0), ("unbundled", 40, 0, 0)]),
        (120, [("onsite", 50, 0, 0), ("green_trade", 60, 0, 0), ("unbundled", 10, 0, 30)]),  # the rest counts in the window
        (80, [("onsite", 50, 0, 0), ("green_trade", 30, 30, 0), ("unbundled", 0, 0, 40)]),  # surplus never moves
        (0, [("onsite", 0, 50, 0), ("green_trade", 0, 60, 0), ("unbundled", 0, 0, 40)]),
        (None, [("onsite", 50, 0, 0), ("green_trade", 60, 0, 0), ("unbundled", 40, 0, 0)]),
    ],
)
def test_best_route_first_up_to_what_is_used(load: int | None, expected: list[tuple[str, int, int, int]]) -> None:
    rows = [row("unbundled", 40), row("green_trade", 60), row("onsite", 50)]
    assert used(rows, load) == expected
    assert used(rows[::-1], load) == expected


def test_within_a_route_what_emits_nothing_then_the_oldest_then_the_first_numbers() -> None:
    rows = [
        row("green_trade", 1, carbon_free=False, production_month="2025-11"), row("green_trade", 2, production_month="2026-02"),
        row("green_trade", 4, seq_start=10), row("green_trade", 8, seq_start=3), row("green_trade", 16, seq_start=None, meter_id="M"),
    ]  # fmt: skip
    assert [one.row["quantity_wh"] for one in in_order_of_use(rows, None, DELIVERED)] == [16, 8, 4, 2, 1]


def test_only_eligible_claims_of_known_energy_are_used() -> None:
    rows = [row("onsite", None), row("onsite", 5, status="pending"), row("onsite", 6, status="excluded"), row("onsite", 7)]
    assert used(rows, 100) == [("onsite", 7, 0, 0)]


lots = st.lists(st.tuples(st.sampled_from(sorted(WEIGHTS)), st.integers(0, 50), st.booleans()), max_size=8)


@settings(max_examples=200)
@given(lots, st.integers(1, 120))
def test_the_rows_add_up_to_what_the_shares_count(drawn: list[tuple[str, int, bool]], load: int) -> None:
    rows = [row(route, wh, carbon_free=free, seq_start=n) for n, (route, wh, free) in enumerate(drawn)]
    found = in_order_of_use(rows, load, DELIVERED)
    assert all(one.used_wh + one.surplus_wh + one.beyond_wh == one.row["quantity_wh"] for one in found)
    claims = claims_of(rows, load, True, DELIVERED)
    assert claims is not None
    assert sum(one.used_wh for one in found) == min(claims.claimed_wh, load)
    assert sum(one.surplus_wh for one in found) == claims.surplus_wh
    components = {
        "E_DC": load, "delivered": claims.delivered_wh, "surplus": claims.surplus_wh, "pending": 0, "pending_weighted": 0.0,
        "all_carriers": load,
        **{f"claimed.{route}": wh for route, wh in claims.claimed_wh_by_route.items()},
        **{f"weighted.{route}": wh for route, wh in claims.weighted_wh_by_route.items()},
    }  # fmt: skip
    weighted = math.fsum(one.row["weight"] * one.used_wh for one in found)
    assert weighted == pytest.approx(evaluate_quality(components).numerator or 0.0, rel=1e-12, abs=1e-9)
