"""Which tariff row prices an hour: periods by local hour and month, and every way in which there is no answer."""

from __future__ import annotations

from typing import Any

import pytest

from assets.indicators.tariff import Prices, Rate, Unpriced, hours_of, in_force, months_of, rate_of_hour, rates_of
from resources.calendar import month_hours_s


def row(price: float | None, **more: Any) -> dict[str, Any]:
    base = {"site_id": "S1", "valid_from": "2025-01-01", "price_per_kwh": price, "currency": "CNY", "period": None, "hours": None}
    return base | {"months": None, "demand_charge_per_kw": None, "entry": 1, "source_row": 2} | more


BY_PERIOD = [
    row(0.46, period="flat"),
    row(0.64, period="peak", hours="10:00-12:00 16:00-22:00"),
    row(0.74, period="sharp", hours="18-21", months="7-8"),
    row(0.28, period="valley", hours="23:00-07:00"),
]


def priced(rows: list[dict[str, Any]], hour: int, month: int) -> float | str:
    rates = rates_of(rows)
    assert not isinstance(rates, Unpriced)
    found = rate_of_hour(rates, hour, month)
    return found.text_en if isinstance(found, Unpriced) else found.row["price_per_kwh"]


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("8-11", {8, 9, 10}),
        ("08:00-11:00", {8, 9, 10}),
        ("8:00 - 9:00, 20:00–21:00", {8, 20}),
        ("23-7", {23, 0, 1, 2, 3, 4, 5, 6}),
        ("22:00-24:00", {22, 23}),
        ("0-24", set(range(24))),
        ("8时-10时;18点-19点", {8, 9, 18}),
        ("8至10", {8, 9}),
    ],
)
def test_hours_that_can_be_read(text: str, hours: set[int]) -> None:
    assert hours_of(text) == hours


@pytest.mark.parametrize("text", ["8:30-11:00", "8", "25-26", "8-8", "morning", "8-25", ",", "8-11x"])
def test_hours_that_cant_be_read_are_no_hours(text: str) -> None:
    assert hours_of(text) == text
    found = rates_of([row(0.5, hours=text)])
    assert isinstance(found, Unpriced)
    assert text in found.text_en
    assert text in found.text_zh


@pytest.mark.parametrize(
    ("text", "months"), [("7-8", {7, 8}), ("7-8 12", {7, 8, 12}), ("11-2", {11, 12, 1, 2}), ("1月、3月", {1, 3}), ("6", {6})]
)
def test_months(text: str, months: set[int]) -> None:
    assert months_of(text) == months


@pytest.mark.parametrize("text", ["0", "13", "July", "7--8"])
def test_months_that_cant_be_read(text: str) -> None:
    assert months_of(text) == text


@pytest.mark.parametrize(
    ("hour", "month", "price"),
    [
        (10, 3, 0.64), (12, 3, 0.46), (21, 3, 0.64), (22, 3, 0.46), (23, 3, 0.28), (6, 3, 0.28), (7, 3, 0.46),
        (18, 7, 0.74), (20, 8, 0.74), (21, 8, 0.64), (18, 9, 0.64),  # sharp hours lie within the peak, in summer only
    ],
)  # fmt: skip
def test_one_row_prices_each_hour(hour: int, month: int, price: float) -> None:
    assert priced(BY_PERIOD, hour, month) == price


def test_the_old_form_prices_every_hour() -> None:
    assert {priced([row(0.5)], hour, month) for hour in range(24) for month in range(1, 13)} == {0.5}


def test_no_row_and_two_rows_are_no_price() -> None:
    assert priced(BY_PERIOD[1:], 12, 3) == "no tariff row prices 12:00 in month 3"
    assert priced([*BY_PERIOD, row(0.5, period="flat", hours="10-11")], 10, 3) == "2 tariff rows price 10:00 in month 3"
    assert priced([row(0.5), row(0.6, months="3")], 10, 3) == "2 tariff rows price 10:00 in month 3"
    assert priced([row(0.5), row(0.6, months="3")], 10, 4) == 0.5
    assert priced([row(None, demand_charge_per_kw=32.0)], 0, 1) == "no tariff row prices 00:00 in month 1"


def test_a_new_tariff_replaces_the_whole_of_the_old() -> None:
    rows = [*BY_PERIOD, row(0.5, valid_from="2026-01-16"), row(9.0, site_id="S2")]
    assert [r["price_per_kwh"] for r in in_force(rows, "S1", "2026-01-16")] == [0.5]
    hours = month_hours_s("2026-01", "Asia/Shanghai")
    rates = Prices(rows, "S1", "Asia/Shanghai")
    prices = [rate.row["price_per_kwh"] for hour in hours if isinstance(rate := rates[hour], Rate)]
    assert len(prices) == 744
    assert prices[:24] == [0.28] * 7 + [0.46] * 3 + [0.64] * 2 + [0.46] * 4 + [0.64] * 6 + [0.46] + [0.28]
    assert prices[15 * 24 :] == [0.5] * 16 * 24


def test_before_the_first_tariff_there_is_no_price() -> None:
    rates = Prices([row(0.5, valid_from="2026-01-02")], "S1", "Asia/Shanghai")
    found = [rates[hour] for hour in month_hours_s("2026-01", "Asia/Shanghai")]
    reasons = {rate.text_en for rate in found if isinstance(rate, Unpriced)}
    assert reasons == {"no tariff holds on 2026-01-01"}
    assert sum(isinstance(rate, Unpriced) for rate in found) == 24


def test_a_day_of_25_hours_is_priced_by_its_clock() -> None:
    # Europe/Berlin goes back on 2025-10-26: the clock shows 02:00 twice
    hours = month_hours_s("2025-10", "Europe/Berlin")[25 * 24 : 26 * 24 + 1]
    rows = [row(0.1, hours="2-3"), row(0.5)]
    rates = Prices(rows, "S1", "Europe/Berlin")
    assert [rate.row["price_per_kwh"] for hour in hours if isinstance(rate := rates[hour], Rate)] == [0.5] * 2 + [0.1] * 2 + [0.5] * 21
