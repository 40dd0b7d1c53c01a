"""Uncovered electricity, and claims over several months that are spread by it; storage losses."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.staging.claims import month_claims
from assets.staging.onsite import SiteEnergies, self_uses, storage_losses
from assets.staging.uncovered import estimated_sites, uncovered_wh
from resources.calendar import month_range
from tests.unit.assets.staging.green_world import (
    EVIDENCE,
    MWH,
    PV,
    RULES,
    Row,
    books,
    contract,
    energy,
    event,
    feeds,
    issued,
    meter,
    settlement,
    share,
)

YEAR = month_range("2025-01", "2025-12")
ANNUAL = event("cancel", 0, 59, site_id="S1", contract_id=None, channel="unbundled", month="2025-02", consumption_month=None) | {
    "consumption_start": "2025-01", "consumption_end": "2025-12",
}  # fmt: skip
CERTIFICATES = [issued(0, 59, month="2025-02", issued_on="2025-03-20")]
SOLAR = [meter("PV", "onsite_generation", project=PV)]


def spread(loads: list[int], onsite: list[int]) -> tuple[list[int], list[float]]:
    """Whole MWh of a 60 MWh claim for the year by month, and E1 of each month, as the steps do it: what is uncovered, then the claim."""
    energies = {
        month: [*energy("E_DC", load), *energy("point:onsite_generation", used, PV=used)]
        for month, load, used in zip(YEAR, loads, onsite, strict=True)
    }
    facts = {"meters": SOLAR, "certificates": CERTIFICATES, "certificate_events": [ANNUAL]}
    uncovered = {("S1", month): uncovered_wh(books(energies[month], month=month, **facts))["S1"] or 0 for month in YEAR}
    assert list(uncovered.values()) == [(load - used) * MWH for load, used in zip(loads, onsite, strict=True)]
    parts, shares = [], []
    for month, load in zip(YEAR, loads, strict=True):
        rows = month_claims(
            feeds(**facts), energies[month], [{"site_id": "S1", "geography": "CN-HE"}], month=month, evidence=EVIDENCE, rules=RULES,
            uncovered_wh=uncovered,
        ).claims.to_dicts()  # fmt: skip
        parts.append(sum(row["quantity_wh"] for row in rows if row["source"] == "certificate") // MWH)
        shares.append(sum(row["quantity_wh"] for row in rows if row["status"] == "eligible") / (load * MWH))
    return parts, shares


def test_the_vector_of_an_annual_claim() -> None:
    """Load 10 MWh in each of 12 months, on-site 4 each, 60 MWh for the year: 5 a month, 0.9 of each month and of the year."""
    parts, shares = spread([10] * 12, [4] * 12)
    assert parts == [5] * 12
    assert shares == [0.9] * 12
    assert sum(5 + 4 for _ in YEAR) / (12 * 10) == 0.9


def test_unequal_months_by_hand() -> None:
    """Uncovered 6 in six months, 2 in five, 34 in one: 80 together, of which 60 are claimed: 3/4 of each month.

    4.5 × 6, 1.5 × 5 and 25.5: rounded down 4, 1 and 25 make 54; six more go to the first six of the equal remainders of a half.
    """
    parts, shares = spread([10] * 6 + [4] * 5 + [40], [4] * 6 + [2] * 5 + [6])
    assert parts == [5] * 6 + [1] * 5 + [25]
    assert sum(parts) == 60
    assert shares[0] == 0.9
    assert shares[-1] == pytest.approx(31 / 40)


def test_what_stands_in_a_month_by_itself_covers_it_first() -> None:
    """30 of 100 MWh by green-power trade, 20 by certificates for July alone: 50 uncovered. The claim for the year covers none."""
    rows = books(
        energy("E_DC", 100), ppa_contracts=[contract()], ppa_site_shares=[share("S1", 1.0)], ppa_settlements=[settlement(30)],
        certificates=[issued(0, 49), *CERTIFICATES],
        certificate_events=[
            event("cancel", 0, 29, site_id="S1"), event("cancel", 30, 49, site_id="S1", contract_id=None, channel="unbundled"), ANNUAL,
        ],
    )  # fmt: skip
    assert uncovered_wh(rows) == {"S1": 50 * MWH, "S2": None}  # nothing is metered at S2


@pytest.mark.parametrize(
    "energies",
    [
        energy("E_DC", None),
        [*energy("E_DC", 100), *energy("point:onsite_generation", None, PV=None)],
        [],
    ],
    ids=["load", "generation", "nothing metered"],
)
def test_unknown_is_unknown(energies: list[Row]) -> None:
    assert uncovered_wh(books(energies, meters=SOLAR))["S1"] is None


def test_an_estimated_month_is_not_known() -> None:
    """TL01 withholds a side that is metered for less than 90 %: exactly that much is known."""
    for estimated, expected in ((10, 100 * MWH), (11, None), (100, None)):
        rows = [row | {"estimated": estimated * MWH} for row in energy("E_DC", 100)]
        assert uncovered_wh(books(rows), estimated_sites(rows, 0.9))["S1"] == expected
    panels = [row | {"estimated": 4 * MWH} for row in energy("point:onsite_generation", 4, PV=4)]
    assert estimated_sites([*energy("E_DC", 100), *panels], 0.9) == {"S1"}


def test_more_claims_than_load_leave_nothing_uncovered() -> None:
    rows = books(
        energy("E_DC", 10), certificates=[issued(0, 29)], certificate_events=[event("cancel", 0, 29, site_id="S1", contract_id=None)]
    )
    assert uncovered_wh(rows)["S1"] == 0


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=12, max_size=12))
def test_nothing_is_lost_and_no_month_is_more_than_one_from_its_share(loads: list[int]) -> None:
    parts, _ = spread(loads, [0] * 12)
    assert sum(parts) == 60
    assert all(abs(part - Fraction(60 * load, sum(loads))) < 1 for part, load in zip(parts, loads, strict=True))


# Storage ----------------------------------------------------------------------------------------------------------------


def used(charge: int | None, discharge: int | None, outside: bool = True) -> int | None:
    energies = [
        *energy("E_DC", 135), *energy("point:onsite_generation", 100, PV=100), *energy("point:storage_charge", charge, B1=charge),
        *energy("point:storage_discharge", discharge, B2=discharge),
    ]  # fmt: skip
    (found,) = self_uses(SiteEnergies(energies), SOLAR, "2025-07", ("S1",) if outside else ())
    return None if found.quantity_wh is None else found.quantity_wh // MWH


@pytest.mark.parametrize(
    ("charge", "discharge", "expected"),
    [
        (100, 85, 85),  # 100 generated and stored, 85 given back: load = 50 + 100 + 85 − 100 = 135, of which 85 are green
        (40, 40, 100),
        (40, 50, 100),  # what was stored before is no generation of this month
        (200, 50, 0),
        (None, 85, None),
    ],
)
def test_matching_through_a_battery_subtracts_its_losses(charge: int | None, discharge: int | None, expected: int | None) -> None:
    assert used(charge, discharge) == expected


def test_losses_inside_the_boundary_are_load() -> None:
    assert used(100, 85, outside=False) == 100


def test_no_storage_loses_nothing() -> None:
    assert storage_losses(SiteEnergies(energy("E_DC", 10)), "S1") == 0
