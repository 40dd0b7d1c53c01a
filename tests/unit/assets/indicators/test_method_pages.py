"""The worked examples of docs/method/green-power.md and carbon.md, computed."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from assets.indicators.carbon import GridEnergy, measure_emissions
from assets.indicators.order_of_use import in_order_of_use
from assets.reference.calendar_of_claims import ClaimCalendar
from assets.reference.factors import Factor, load_factors
from assets.staging.certificate_ledger import last_use
from assets.staging.certificates import issue
from assets.staging.claim_rules import REASONS, ClaimRules
from assets.staging.contracts import share_out_wh, wh

PAGES = Path(__file__).resolve().parents[4] / "docs/method"
FACTORS = load_factors()
RULES = ClaimRules.from_reference(FACTORS.data)
MWH = 1_000_000


def table(page: str, name: str) -> list[list[str]]:
    """Cells of the rows of the table after the mark ``golden: name``."""
    lines = (PAGES / page).read_text(encoding="utf-8").split(f"<!-- golden: {name} -->\n", 1)[1].splitlines()
    rows = [line for line in lines[: lines.index("") if "" in lines else None] if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def test_carry() -> None:
    rows = table("green-power.md", "carry")
    assert [[n, carry // 1000] for n, carry in issue(int(row[0]) * 1000 for row in rows)] == [[int(row[1]), int(row[2])] for row in rows]


def test_validity() -> None:
    for produced, consumed, cancelled, counts in table("green-power.md", "validity"):
        assert (RULES.vintage_fault(produced, consumed, cancelled) or "yes") == counts


def test_last_use() -> None:
    for produced, consumed, day in table("green-power.md", "last use"):
        assert last_use(produced, RULES, ClaimCalendar.from_reference(FACTORS.data)) == (consumed, day)


def test_order_of_use() -> None:
    routes = ("onsite", "green_trade", "unbundled")
    for load, *quantities, used, surplus, beyond in table("green-power.md", "order of use"):
        rows = [
            {"route": route, "weight": RULES.weight(route), "quantity_wh": int(quantity), "status": "eligible", "carbon_free": True,
             **dict.fromkeys(("production_month", "project_code", "seq_start", "meter_id", "contract_id", "entry", "source_row"))}
            for route, quantity in zip(routes, quantities, strict=True)
        ]  # fmt: skip
        found = in_order_of_use(rows, int(load), ("onsite", "green_trade"))
        assert [one.row["route"] for one in found] == list(routes)
        said = [(one.used_wh, one.surplus_wh, one.beyond_wh) for one in found]
        assert ["/".join(str(part) for part in column) for column in zip(*said, strict=True)] == [used, surplus, beyond]


def test_shares() -> None:
    for settled, shares, parts, carried in table("green-power.md", "shares"):
        by_site = {str(n): Fraction(int(share), 100) for n, share in enumerate(shares.split("/"))}
        found, carry = share_out_wh(wh(settled), by_site)
        assert ["/".join(str(part) for part in found.values()), carry] == [parts, wh(carried)]


def test_reasons_are_listed() -> None:
    assert {row[0]: row[1] for row in table("green-power.md", "reasons")} == REASONS


def test_routes_are_listed() -> None:
    listed = [(row[0], row[1], float(row[3])) for row in table("green-power.md", "routes")]
    assert listed == [(row["route"], row["name_zh"], row["weight"]) for row in RULES.routes["routes"]]


def test_vintage() -> None:
    for month, day, year, value, later in table("carbon.md", "vintage"):
        factor = FACTORS.grid("CN-HE", "average", month, int(day))
        assert isinstance(factor, Factor)
        assert (factor.vintage, f"{factor.value:.4f}", factor.published_late) == (year, value, later == "yes")


def test_scope_2() -> None:
    for cells in table("carbon.md", "scope2"):
        e_dc, onsite, claimed, grid, location, market, fossil = map(float, cells)
        energy = GridEnergy(int(e_dc) * MWH, int(onsite) * MWH)
        found = measure_emissions(
            FACTORS, geography="CN-HE", month="2026-03", cutoff_day=8, energy=energy, claimed_wh=int(claimed) * MWH
        )  # fmt: skip
        assert energy.grid == grid * MWH
        tonnes = [None if kg is None else kg / 1000 for kg in (found.scope2_location_kg, found.scope2_market_kg, found.scope2_fossil_kg)]
        assert tonnes == pytest.approx([location, market, fossil], rel=1e-12)


def test_scope_1() -> None:
    for activity, quantity, unit, density, tonnes in table("carbon.md", "scope1"):
        row = {
            "activity": activity,
            "quantity": float(quantity),
            "unit": unit,
            "density_kg_per_l": None if density == "–" else float(density),
        }
        found = measure_emissions(
            FACTORS, geography="CN-HE", month="2026-03", cutoff_day=8, energy=GridEnergy(None), claimed_wh=None, activities=[row]
        )
        assert found.scope1_kg == pytest.approx(float(tonnes) * 1000, rel=1e-12)
