"""The worked examples of docs/method/energy-cost.md, computed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from assets.indicators.cost import Supply, amount_text, energy_lines, summed
from assets.indicators.energy_total import energy_rows
from assets.indicators.inputs import SiteMonth
from assets.indicators.tariff import Rate, rate_of_hour, rates_of
from assets.reference.factors import load_factors

PAGE = Path(__file__).resolve().parents[4] / "docs/method/energy-cost.md"


def table(name: str) -> list[list[str]]:
    lines = PAGE.read_text(encoding="utf-8").split(f"<!-- golden: {name} -->\n", 1)[1].splitlines()
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in lines[2 : lines.index("")]]


def row(price: float, period: str, hours: str | None = None, months: str | None = None) -> dict[str, object]:
    base = {"site_id": "S1", "valid_from": "2025-01-01", "currency": "CNY", "entry": 1, "source_row": 2, "demand_charge_per_kw": None}
    return base | {"price_per_kwh": price, "period": period, "hours": hours, "months": months}


def test_coal(make: Callable[..., SiteMonth]) -> None:
    for carrier, quantity, unit, density, tce in table("coal"):
        density_of = None if density == "–" else float(density)
        stated = {"activity": carrier, "quantity": float(quantity), "unit": unit, "density_kg_per_l": density_of}
        site = make(E_DC=int(float(quantity) * 1000)) if carrier == "electricity" else make(activities=(stated,))
        (found,) = [item for item in energy_rows(load_factors(), site) if item["carrier"] == carrier]
        assert found["tce"] == pytest.approx(float(tce), rel=1e-6)


def test_tariff() -> None:
    rates = rates_of(
        [row(0.4, "flat"), row(0.6, "peak", "10:00-12:00 16:00-22:00"), row(0.7, "sharp", "18:00-21:00", "7-8"),
         row(0.2, "valley", "23:00-07:00")]
    )  # fmt: skip
    assert isinstance(rates, list)
    for hour, month, period in table("tariff"):
        found = rate_of_hour(rates, int(hour), int(month))
        assert isinstance(found, Rate)
        assert found.period == period


def test_cost() -> None:
    for kwh, days, *periods, amount in table("cost"):
        rates, hours = {}, {}
        for name, cell in zip(("flat", "peak", "valley"), periods, strict=True):
            if cell == "–":
                continue
            count, price = cell.split(" × ")
            rate = Rate(row(float(price), name), None, None)
            for _ in range(int(count) * int(days)):
                hour = len(rates)
                rates[hour], hours[hour] = rate, round(float(kwh) * 1000)
        assert len(rates) == 24 * int(days)
        assert amount_text(summed(energy_lines(Supply({"G1": hours}), rates), "grid")["amount_e4"]) == amount
