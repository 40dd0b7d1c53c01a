"""Cost lines: exact money by hand, sums that are whole or absent, bills beside the tariff."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.indicators.cost import (
    COST,
    GAPS,
    Settled,
    Supply,
    amount_text,
    bill_line,
    contract_lines,
    demand_lines,
    energy_lines,
    money_e4,
    site_cost,
    summed,
)
from assets.indicators.tariff import Prices
from resources.calendar import month_hours_s

ZONE, MONTH = "Asia/Shanghai", "2026-01"
HOURS = month_hours_s(MONTH, ZONE)  # 744
KWH = 1000


def row(price: float | None, **more: Any) -> dict[str, Any]:
    base = {"site_id": "S1", "valid_from": "2025-01-01", "price_per_kwh": price, "currency": "CNY", "period": None, "hours": None}
    return base | {"months": None, "demand_charge_per_kw": None, "entry": 1, "source_row": 2} | more


BY_PERIOD = [
    row(0.5, period="flat", demand_charge_per_kw=30.0),
    row(0.8, period="peak", hours="8-12"),
    row(0.2, period="valley", hours="23-7"),
]


def steady(kwh: float = 100, meters: tuple[str, ...] = ("G1",)) -> Supply:
    return Supply({meter: {hour: round(kwh * KWH) for hour in HOURS} for meter in meters})


def lines(supply: Supply, tariffs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return energy_lines(supply, Prices(tariffs, "S1", ZONE))


def test_one_price() -> None:
    (line,) = lines(steady(), [row(0.462)])
    # 744 h × 100 kWh × 0.462
    assert (line["item"], line["quantity"], line["amount_e4"], line["status"]) == ("all", 74_400 * KWH, 343_728_000, "known")
    assert amount_text(line["amount_e4"]) == "34372.8000"


def test_periods_sum_to_the_energy_and_the_money() -> None:
    found = lines(steady(), BY_PERIOD)
    # of 24 hours 4 are peak, 8 valley, 12 flat; 31 days × 100 kWh
    assert [(x["item"], x["quantity"] // KWH, x["amount_e4"]) for x in found] == [
        ("flat", 37_200, 186_000_000),
        ("peak", 12_400, 99_200_000),
        ("valley", 24_800, 49_600_000),
    ]
    assert sum(x["quantity"] for x in found) == 74_400 * KWH
    assert summed(found, "grid")["amount_e4"] == 334_800_000


def test_a_line_is_rounded_once_half_to_even() -> None:
    assert [money_e4(Fraction(text)) for text in ("0.00005", "0.00015", "0.00025", "1.23456")] == [0, 2, 2, 12_346]
    assert amount_text(-123_400) == "-12.3400"
    assert amount_text(None) is None


def test_demand_is_each_supplys_highest_hour_and_said_to_be_a_lower_bound() -> None:
    supply = steady(meters=("G1", "G2"))
    hours = {**supply.hours, "G1": {**supply.hours["G1"], HOURS[100]: 250 * KWH}}
    found = demand_lines(Supply(hours), BY_PERIOD, "S1", MONTH)
    assert [(x["item"], x["quantity"], x["amount_e4"], x["status"]) for x in found] == [
        ("G1", 250_000, 75_000_000, "estimated"),  # 250 kW × 30
        ("G2", 100_000, 30_000_000, "estimated"),
    ]
    assert "15 minutes" in found[0]["reason_en"]
    assert demand_lines(supply, [row(0.5)], "S1", MONTH) == []
    total = summed([*lines(supply, BY_PERIOD), *found], "grid")
    assert (total["status"], total["reason_en"]) == ("estimated", None)  # the demand line says it
    beside = bill_line(bill(), 1, [*lines(supply, BY_PERIOD), *found])
    assert "15 minutes" in beside["reason_en"]


def test_two_demand_charges_are_none() -> None:
    (line,) = demand_lines(steady(), [*BY_PERIOD, row(None, demand_charge_per_kw=35.0, period="sharp")], "S1", MONTH)
    assert (line["amount_e4"], line["reason_en"]) == (None, "the tariff states more than one demand charge")
    winter = [row(0.5, demand_charge_per_kw=35.0, months="6-8"), row(0.4, demand_charge_per_kw=30.0, months="9-5")]
    assert demand_lines(steady(), winter, "S1", MONTH)[0]["price"] == 30.0


@pytest.mark.parametrize(
    ("supply", "tariffs", "why"),
    [
        (Supply({}, GAPS), [row(0.5)], "not every hour of the supply is known"),
        (steady(), [row(0.5, valid_from="2026-01-02")], "no tariff holds on 2026-01-01"),
        (steady(), BY_PERIOD[1:], "no tariff row prices 07:00 in month 1"),
        (steady(), [row(0.5, hours="8:30-9:00")], "can't be read"),
        (steady(), [row(0.5), row(0.6, period="flat")], "2 tariff rows price 00:00 in month 1"),
    ],
)
def test_what_is_unknown_has_no_amount_and_no_part_is_shown_as_the_whole(supply: Supply, tariffs: list[dict[str, Any]], why: str) -> None:
    (line,) = lines(supply, tariffs)
    assert (line["amount_e4"], line["status"]) == (None, "unknown")
    assert why in line["reason_en"]
    assert line["reason_zh"]
    rows = site_cost("S1", MONTH, Prices(tariffs, "S1", ZONE), tariffs, supply, [], 0, [])
    assert {r["kind"]: r["amount_e4"] for r in rows if r["kind"] in ("grid", "total")} == {"grid": None, "total": None}


def settled(kind: str, **more: Any) -> Settled:
    return Settled("C1", kind, **({"quantity_wh": 10_000 * KWH, "currency": "CNY"} | more))


def test_contracts_cost_what_they_state() -> None:
    found = contract_lines([settled("direct_line", price_per_kwh=0.38), settled("green_trade", premium_per_kwh=0.03)], 10_000 * KWH)
    assert [(x["kind"], x["amount_e4"]) for x in found] == [("direct_line", 38_000_000), ("premium", 3_000_000)]


def test_a_premium_that_is_not_stated_is_no_premium_and_the_total_is_open() -> None:
    (line,) = contract_lines([settled("green_trade")], 0)
    assert (line["kind"], line["amount_e4"], line["status"]) == ("premium", None, "not_stated")
    rows = site_cost("S1", MONTH, Prices([row(0.5)], "S1", ZONE), [row(0.5)], steady(), [settled("green_trade")], 0, [])
    sums = {r["kind"]: r for r in rows if r["kind"] in ("grid", "total")}
    assert sums["grid"]["amount_e4"] == 372_000_000  # 74,400 × 0.5: whole for what it is
    assert (sums["total"]["amount_e4"], sums["total"]["reason_en"]) == (None, "not known: premium C1")


def test_a_direct_line_without_a_price_leaves_the_total_open() -> None:
    for contracts, direct in (([], 5 * KWH), ([], None), ([settled("direct_line")], 5), ([settled("direct_line", quantity_wh=None)], 5)):
        (line,) = contract_lines(contracts, direct)
        assert (line["kind"], line["amount_e4"], line["status"]) == ("direct_line", None, "unknown")
    assert contract_lines([], 0) == []


def test_currencies_are_never_mixed() -> None:
    rows = site_cost(
        "S1",
        MONTH,
        Prices([row(0.5)], "S1", ZONE),
        [row(0.5)],
        steady(),
        [settled("green_trade", premium_per_kwh=0.03, currency="EUR")],
        0,
        [],
    )
    total = next(r for r in rows if r["kind"] == "total")
    assert (total["amount_e4"], total["reason_en"]) == (None, "more than one currency: CNY, EUR")


def test_nothing_said_is_no_line() -> None:
    assert site_cost("S1", MONTH, Prices([row(0.5, site_id="S2")], "S1", ZONE), [row(0.5, site_id="S2")], steady(), [], 0, []) == []


def bill(**more: Any) -> dict[str, Any]:
    base = {"site_id": "S1", "meter_id": "G1", "period_start": "2026-01-01", "period_end": "2026-01-31", "amount": 34_400.5}
    return base | {"currency": "CNY", "statement_no": "N1", "entry": 3, "source_row": 4} | more


def test_a_bill_stands_beside_the_tariff() -> None:
    found = bill_line(bill(), 74_400 * KWH, lines(steady(), [row(0.462)]))
    assert (found["amount_e4"], found["computed_e4"], found["from_day"], found["to_day"]) == (
        344_005_000, 343_728_000, "2026-01-01", "2026-01-31"
    )  # fmt: skip
    assert found["reason_en"] is None


@pytest.mark.parametrize(
    ("changes", "computed", "why"),
    [
        ({"amount": None}, [row(0.5)], "the bill states no amount"),
        ({"currency": "EUR"}, [row(0.5)], "the bill and the tariff have other currencies"),
        ({}, [], None),  # no tariff: the amount stands alone
    ],
)
def test_a_bill_without_a_partner(changes: dict[str, Any], computed: list[dict[str, Any]], why: str | None) -> None:
    found = bill_line(bill(**changes), 1, lines(steady(), computed) if computed else [])
    assert found["reason_en"] == why
    assert None in (found["amount_e4"], found["computed_e4"])


def test_columns() -> None:
    rows = site_cost("S1", MONTH, Prices(BY_PERIOD, "S1", ZONE), BY_PERIOD, steady(), [], 0, [bill_line(bill(), 1, [])])
    frame = pl.DataFrame(rows, schema=COST)
    assert frame["line"].to_list() == list(range(1, frame.height + 1))
    assert frame["kind"].to_list() == ["grid_energy"] * 3 + ["demand", "grid", "total", "bill"]
    assert frame["status"].null_count() == 0


@given(st.lists(st.integers(0, 10**9), min_size=24, max_size=24), st.integers(0, 3_0000))
def test_sums_are_exact_and_no_energy_is_lost(energies: list[int], price_e4: int) -> None:
    supply = Supply({"G1": {hour: energies[number % 24] for number, hour in enumerate(HOURS)}})
    found = lines(supply, [row(price_e4 / 10_000, period="flat"), row(0.5, period="peak", hours="9-17")])
    assert sum(x["quantity"] for x in found) == sum(supply.hours["G1"].values())
    assert summed(found, "grid")["amount_e4"] == sum(x["amount_e4"] for x in found)
