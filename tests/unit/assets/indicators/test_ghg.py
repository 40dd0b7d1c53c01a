"""The inventory: every vector taken apart sums to its figure exactly; what is unknown is a row with a reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.indicators.carbon import GridEnergy, measure_emissions
from assets.indicators.ghg import GHG, SCOPES, Sources, inventory_rows, published_kg, sum_of
from assets.indicators.inputs import SiteMonth
from assets.reference.factors import load_factors
from assets.reference.scope1 import measure_scope1
from assets.reference.scope3 import measure_scope3

FACTORS = load_factors()
MWH = 1_000_000
DIESEL = {"activity": "diesel", "quantity": 100.0, "unit": "t", "density_kg_per_l": None, "evidence": "d.txt", "entry": 7, "source_row": 3}
R410A = {**DIESEL, "activity": "R-410A", "quantity": 50.0, "unit": "kg", "evidence": "r.txt", "source_row": 4}
METERS = {
    name: {"site_id": "HL01", "point": point, "project_code": project, "entry": 2, "source_row": number}
    for number, (name, point, project) in enumerate(
        [("G1", "grid_supply", None), ("G2", "grid_supply", None), ("PV", "onsite_generation", "P"), ("EX", "export", None),
         ("X", "excluded", None), ("XP", "excluded", "P"), ("BG", "backup_generation", None), ("DL", "direct_line", "W")],
        start=2,
    )
}  # fmt: skip


def claim(mwh: float, route: str, **more: Any) -> dict[str, Any]:
    base = {"site_id": "HL01", "status": "eligible", "carbon_free": True, "quantity_wh": round(mwh * MWH), "route": route}
    base |= {"project_code": "W", "production_month": "2026-03", "seq_start": 1, "seq_end": round(mwh), "meter_id": None}
    return base | {"evidence": "c.txt", "entry": 9, "source_row": 5} | more


HEBEI_CLAIMS = [claim(5_000, "onsite", seq_start=None, meter_id="PV"), claim(40_000, "green_trade"), claim(30_000, "unbundled")]


def taken_apart(
    meters: dict[str, int] | None = None,
    claims: list[dict[str, Any]] | None = None,
    activities: tuple[dict[str, Any], ...] = (),
    declared: frozenset[str] = frozenset(),
    claimed: int | None = -1,
    **fields: Any,
) -> tuple[list[dict[str, Any]], dict[str, float | None], dict[str, float | None]]:
    """Rows, their sums by scope, and the published figures of a month in which ``meters`` (MWh, signed) make up E_DC."""
    meters = {"G1": 60_000, "G2": 35_000, "PV": 5_000} if meters is None else meters
    claims = HEBEI_CLAIMS if claims is None else claims
    wh = {name: round(mwh * MWH) for name, mwh in meters.items()}

    def at(point: str, project: str | None = None) -> int:
        chosen = [n for n in wh if METERS[n]["point"] == point and (project is None or METERS[n]["project_code"] == project)]
        return abs(sum(wh[name] for name in chosen))

    energy = GridEnergy(
        sum(wh.values()), at("onsite_generation"), at("export"), at("excluded", "P"), at("direct_line"), at("backup_generation")
    )
    month, geography = fields.pop("month", "2026-03"), fields.pop("geography", "CN-HE")
    known = sum(c["quantity_wh"] for c in claims if c["status"] == "eligible" and c["carbon_free"]) if claimed == -1 else claimed
    emissions = measure_emissions(
        FACTORS, geography=geography, month=month, cutoff_day=8, energy=energy, claimed_wh=known, activities=activities, declared=declared
    )
    burnt = bool(energy.backup_generation)
    sources = Sources(
        measure_scope1(FACTORS, month, activities, declared, burnt=burnt),
        measure_scope3(FACTORS, geography, month, 8, activities),
        energy,
        [{"site_id": "HL01", "measure": "E_DC", "meter_id": name, "quantity": quantity} for name, quantity in {**wh, "": 1}.items()],
        METERS,
        claims,
    )
    site = SiteMonth(
        "HL01", month, 744, None, site={"geography": geography}, activities=activities, declared=declared, emissions=emissions, **fields
    )
    rows = inventory_rows(FACTORS, site, 8, sources)
    assert set().union(*rows) == set(GHG)
    pl.DataFrame(rows, schema=GHG)
    sums = {scope: sum_of([row for row in rows if row["scope"] == scope]) for scope in SCOPES}
    return rows, sums, published_kg(emissions)


def of(rows: list[dict[str, Any]], scope: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["scope"] == scope]


def test_dual_scope_2_in_hebei() -> None:
    rows, sums, published = taken_apart()
    assert {name: sums[name] for name in published} == published
    assert (sums["2_location"], sums["2_market"], sums["2_fossil"]) == (61_902_000.0, 15_240_000.0, 20_682_500.0)
    assert [(r["subject"], r["quantity"], r["entry"], r["source_row"]) for r in of(rows, "2_location")] == [
        ("G1", 60_000_000, 2, 2),
        ("G2", 35_000_000, 2, 3),
    ]
    assert [(r["source"], r["quantity"], r["factor"], r["evidence"]) for r in of(rows, "2_market")] == [
        ("meter", 25_000_000, 0.6096, None),
        ("claims", 5_000_000, 0.0, "c.txt"),
        ("claims", 40_000_000, 0.0, "c.txt"),
        ("claims", 30_000_000, 0.0, "c.txt"),
    ]
    first = of(rows, "2_location")[0]
    assert (first["factor"], first["factor_unit"], first["vintage"], first["published_on"], first["document"], first["published_late"]) == (
        0.6516, "kgCO2/kWh", "2023", "2025-12-31", "MEE+NBS notice 2025 No. 47", False,
    )  # fmt: skip


def test_an_over_claim_is_reported_and_nothing_is_below_zero() -> None:
    claims = [claim(5_000, "onsite"), claim(60_000, "green_trade"), claim(45_000, "unbundled")]
    rows, sums, published = taken_apart(claims=claims)
    assert sums["2_market"] == published["2_market"] == 0.0
    market = of(rows, "2_market")
    assert market[-1]["subject"] == "surplus"
    assert market[-1]["quantity"] == -10_000_000
    assert sum(row["quantity"] for row in market) == 100_000_000  # the rows account for the electricity, once


def test_factor_vintage_is_a_tenth() -> None:
    old, new = (taken_apart(month=month)[1]["2_location"] for month in ("2025-11", "2025-12"))
    assert (old, new) == (68_894_000.0, 61_902_000.0)
    assert old is not None
    assert new is not None
    assert round(100 * (new / old - 1), 2) == -10.15


def test_scope_1_vector() -> None:
    rows, sums, published = taken_apart(activities=(DIESEL, R410A))
    assert sums["1"] == published["1"] == 422_390.0
    assert [(r["category"], r["subject"], r["emissions_kg"], r["gwp_set"], r["evidence"], r["source_row"]) for r in of(rows, "1")] == [
        ("refrigerant", "R-410A", 112_800.0, "AR6", "r.txt", 4),
        ("fuel_combustion", "diesel", 309_590.0, None, "d.txt", 3),
    ]


def test_litres_show_their_density() -> None:
    litres = {**DIESEL, "quantity": 1000.0, "unit": "L", "density_kg_per_l": 0.84}
    (row,) = [row for row in of(taken_apart(activities=(litres,))[0], "1") if row["status"] == "counted"]
    assert (row["quantity"], row["unit"], row["stated_quantity"], row["stated_unit"], row["density_kg_per_l"]) == (
        840,
        "kg",
        1000,
        "L",
        0.84,
    )
    tonnes = of(taken_apart(activities=({**DIESEL, "density_kg_per_l": 0.84},))[0], "1")[0]
    assert tonnes["density_kg_per_l"] is None  # stated, and not used


def test_every_meter_of_the_boundary_is_accounted_for() -> None:
    meters = {"G1": 220, "DL": 20, "PV": 130, "EX": -30, "XP": -10, "X": -25, "BG": 5}
    activities = ({**DIESEL, "quantity": 1.3},)
    rows, sums, published = taken_apart(meters, [claim(90, "onsite"), claim(20, "direct_line")], activities)
    assert {name: sums[name] for name in published} == published
    assert [(r["subject"], r["quantity"]) for r in of(rows, "2_location")] == [("G1", 220_000), ("X", -25_000)]
    # export above generation: what self-use can't fall below stays visible
    rows, sums, published = taken_apart({"G1": 220, "PV": 10, "EX": -30}, [])
    assert [(r["subject"], r["quantity"]) for r in of(rows, "2_location")] == [
        ("G1", 220_000),
        ("own generation and storage, rest", -20_000),
    ]
    assert sums["2_location"] == published["2_location"]


def test_nothing_said_is_a_row_and_no_zero() -> None:
    rows, sums, _ = taken_apart()
    assert [(r["status"], r["emissions_kg"]) for r in of(rows, "1")] == [("not_reported", None)]
    assert (sums["1"], sums["3"]) == (None, None)
    half, sums, published = taken_apart(activities=(DIESEL,))
    assert [(r["status"], r["subject"]) for r in of(half, "1")] == [("counted", "diesel"), ("not_reported", "refrigerant")]
    assert sums["1"] == published["1"] == 309_590.0
    declared, sums, published = taken_apart(declared=frozenset({"fuel", "refrigerant"}))
    assert sums["1"] == published["1"] == 0.0
    assert of(declared, "1")[0]["reason_en"] == "declared, or stated as 0"


def test_what_cant_be_counted_is_named_and_leaves_the_scope_unknown() -> None:
    coal = {**DIESEL, "activity": "coal", "source_row": 8}
    rows, sums, published = taken_apart(activities=(DIESEL, coal))
    assert sums["1"] is published["1"] is None
    gap = next(row for row in of(rows, "1") if row["status"] == "unknown")
    assert (gap["subject"], gap["reason_en"], gap["source_row"]) == ("coal", "no fuel factor for coal in 2026-03", 8)
    rows, sums, _ = taken_apart({"G1": 100, "BG": 5}, [])
    assert sums["1"] is None
    assert any(row["status"] == "unknown" and "fuel was burnt" in row["reason_en"] for row in of(rows, "1"))


def test_a_missing_factor_and_unknown_claims_are_rows() -> None:
    rows, sums, published = taken_apart(geography="CN-XZ")
    assert sums["2_location"] is published["2_location"] is None
    assert of(rows, "2_location")[0]["reason_en"] == "no average factor for CN-XZ in 2026-03"
    rows, sums, published = taken_apart(claimed=None)
    assert (sums["2_market"], sums["2_fossil"]) == (None, None)
    assert sums["2_location"] == published["2_location"] == 61_902_000.0  # certificates never change it


def test_what_the_gate_withholds_is_withheld_here_too() -> None:
    rows, sums, _ = taken_apart(withheld={"claims": ("CT11",)}, activities=(DIESEL, R410A))
    assert (sums["2_market"], sums["2_location"], sums["1"]) == (None, 61_902_000.0, 422_390.0)
    assert [(r["status"], r["reason_en"]) for r in of(rows, "2_market")] == [("withheld", "withheld at the gate: claims (CT11)")]
    assert taken_apart(withheld={"E_DC": ("BD05",)})[1]["2_location"] is None


def test_scope_3_stands_apart() -> None:
    activities = (
        {**DIESEL, "activity": "td_losses", "quantity": 10.0, "unit": "MWh"},
        {**DIESEL, "activity": "embodied", "quantity": 1.5, "unit": "tCO2e", "evidence": "epd.pdf"},
    )
    rows, sums, published = taken_apart(activities=activities)
    assert sums["3"] == 10_000 * 0.6516 + 1_500
    assert "3" not in published
    assert [(r["category"], r["emissions_kg"], r["document"]) for r in of(rows, "3")] == [
        ("scope3_2", 1_500.0, "epd.pdf"),
        ("scope3_3", 6_516.0, "MEE+NBS notice 2025 No. 47"),
    ]
    assert (sums["1"], sums["2_market"]) == (None, 15_240_000.0)  # as without it
    _, sums, _ = taken_apart(activities=({**activities[1], "unit": "t"},))
    assert sums["3"] is None


quantities = st.decimals(0, 10**6, places=3).map(float)


@given(st.lists(st.tuples(quantities, st.decimals("0.7", "1", places=4).map(float)), min_size=1, max_size=12), st.data())
def test_rows_sum_to_the_figure_to_the_last_bit(burnt: list[tuple[float, float]], data: st.DataObject) -> None:
    activities = tuple({**DIESEL, "quantity": q, "unit": "L", "density_kg_per_l": d} for q, d in burnt)
    meters = {name: data.draw(st.integers(0, 10**12)) / MWH for name in ("G1", "G2", "PV")}
    claims = [claim(data.draw(st.integers(0, 10**10)) / MWH, "unbundled") for _ in range(3)]
    _, sums, published = taken_apart(meters, claims, activities)
    assert {name: sums[name] for name in published} == published


def test_another_site_has_no_say() -> None:
    site = SiteMonth("HL01", "2026-03", 744, None)
    assert inventory_rows(FACTORS, replace(site, emissions=None), 8, None) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("scope", SCOPES)
def test_every_scope_has_a_row(scope: str) -> None:
    assert of(taken_apart()[0], scope)
