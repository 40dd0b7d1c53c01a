"""What the emissions of sites lack, as the rule CT16 is told: both directions, site by site."""

from __future__ import annotations

from typing import Any

import pytest

from assets.reference.factors import load_factors
from assets.reference.scope1 import Scope1
from assets.staging.emission_gaps import missing_factors, scope1_by_site, unreported_subjects
from assets.staging.onsite import SiteEnergies

FACTORS = load_factors()
MONTH = "2026-03"
SITES = [{"site_id": "S1", "geography": "CN-HE"}, {"site_id": "S2", "geography": "CN-GD"}]


def row(activity: str, quantity: float = 5.0, unit: str = "kg", **more: Any) -> dict[str, Any]:
    return {"site_id": "S1", "month": MONTH, "activity": activity, "quantity": quantity, "unit": unit, "entry": 4, "source_row": 2, **more}


def none_of(subject: str, site: str = "S1") -> dict[str, Any]:
    return {"site_id": site, "subject": subject, "statement": "none", "valid_from": "2025-01-01", "valid_to": None}


def energies(**points: int | None) -> SiteEnergies:
    """E_DC of both sites, and points of S1."""
    rows = [{"site_id": site, "measure": "E_DC", "meter_id": "", "quantity": 9} for site in ("S1", "S2")]
    return SiteEnergies(rows + [{"site_id": "S1", "measure": f"point:{p}", "meter_id": "", "quantity": q} for p, q in points.items()])


def scope1(activities: list[dict[str, Any]], declarations: tuple[dict[str, Any], ...] = (), **points: int | None) -> dict[str, Scope1]:
    return scope1_by_site(FACTORS, MONTH, SITES, energies(**points), activities, declarations)


def missing(found: dict[str, Scope1], sites: list[dict[str, Any]] = SITES) -> list[tuple[Any, ...]]:
    rows = missing_factors(FACTORS, sites, found, MONTH, 8)
    return [(r["site_id"], r["kind"], r["subject"], r["entry"], r["source_row"]) for r in rows]


def unreported(found: dict[str, Scope1], known: SiteEnergies | None = None) -> list[tuple[Any, ...]]:
    return [(r["site_id"], r["subject"], r["burnt"]) for r in unreported_subjects(found, known or energies())]


@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        (row("coal"), "fuel"),
        (row("SF6"), "fuel"),
        (row("R-1234yf"), "gwp"),
        (row("diesel", unit="L"), "unit"),
        (row("diesel", unit="gal"), "unit"),
        (row("natural_gas", unit="m3"), "unit"),
    ],
)
def test_an_activity_that_cant_be_counted_is_told_to_its_site(bad: dict[str, Any], kind: str) -> None:
    assert missing(scope1([bad, row("diesel", unit="t")])) == [("S1", kind, bad["activity"], 4, 2)]
    (told,) = missing_factors(FACTORS, SITES, scope1([bad]), MONTH, 8)
    assert bad["activity"] in told["missing_en"]
    assert bad["activity"] in told["missing_zh"]


def test_what_can_be_counted_is_no_gap() -> None:
    good = [row("diesel", unit="L", density_kg_per_l=0.84), row("R-22"), row("natural_gas", unit="Nm3"), row("purchased_heat", unit="GJ")]
    assert missing(scope1(good)) == []
    assert missing(scope1([row("coal", 0.0)])) == []
    assert missing(scope1([row("coal", month="2026-02")])) == []  # another month's


def test_grid_factors_are_told_beside() -> None:
    tibet = [{"site_id": "S1", "geography": "CN-XZ"}]
    assert missing(scope1([row("coal")]), tibet) == [("S1", "average", "CN-XZ", None, None), ("S1", "fuel", "coal", 4, 2)]


def test_what_nobody_spoke_of() -> None:
    both = [("S2", "fuel", False), ("S2", "refrigerant", False)]
    assert unreported(scope1([])) == [("S1", "fuel", False), ("S1", "refrigerant", False), *both]
    assert unreported(scope1([row("diesel", 0.0)])) == [("S1", "refrigerant", False), *both]
    assert unreported(scope1([row("diesel", 0.0)], (none_of("refrigerant"),))) == both
    assert unreported(scope1([], (none_of("refrigerant"), none_of("fuel"), none_of("fuel", "S2"), none_of("refrigerant", "S2")))) == []
    assert unreported(scope1([row("coal")])) == [("S1", "refrigerant", False), *both]  # spoken of, though it can't be counted


@pytest.mark.parametrize(
    ("points", "burnt"),
    [
        ({"backup_generation": 5}, True),
        ({"backup_generation": 0}, False),
        ({"fuel_use": 5}, True),
        ({"fuel_use": None}, True),
        ({"grid_supply": 5}, False),
    ],
)
def test_meters_that_show_fuel_was_burnt(points: dict[str, int | None], burnt: bool) -> None:
    found = scope1([row("R-22", 0.0)], (none_of("fuel", "S2"), none_of("refrigerant", "S2")), **points)
    assert unreported(found) == [("S1", "fuel", burnt)]
    assert found["S1"].kg == (None if burnt else 0.0)
    assert unreported(scope1([row("diesel", 1.0), row("R-22", 0.0)], **points))[:1] != [("S1", "fuel", burnt)]


def test_a_site_without_a_known_consumption_has_no_carbon_figure_to_doubt() -> None:
    assert unreported(scope1([]), SiteEnergies([{"site_id": "S2", "measure": "E_DC", "meter_id": "", "quantity": None}])) == []
