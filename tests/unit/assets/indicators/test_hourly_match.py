"""Hourly matching: the vectors of green-power.md §6, composition, and what can never be."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.indicators.claimed import claims_of
from assets.indicators.compose import cluster, trailing
from assets.indicators.hourly_match import HourlyMatch, companions, match_hours
from assets.indicators.registry import BY_CODE

MWH = 1_000_000
DELIVERED = ("direct_line", "onsite", "ppa_long", "green_trade")


def hours(load, supply, shares=None, *, metered=False, free=True, unknown=0):
    """Rows of staging/hourly_supply in MWh; ``shares`` as decimals."""
    rows = []
    for number, (has, gives) in enumerate(zip(load, supply, strict=True)):
        wh = round(gives * MWH)
        rows.append(
            {
                "load_wh": round(has * MWH), "metered_wh": wh if metered else 0, "prorated_wh": 0 if metered else wh,
                "carbon_free_wh": wh if free else 0, "unknown": unknown,
                "grid_share_e6": None if shares is None else round(shares[number] * MWH),
            }
        )  # fmt: skip
    return rows


def sources(mwh, basis="prorated"):
    return [{"quantity_wh": round(mwh * MWH), "basis": basis}] if mwh else []


def measured(make, load, supply, shares=None, claimed=None, route="green_trade", basis="prorated", **options):
    """E1 of a month whose hours are given; claimed: what of it was claimed (default: all the supply)."""
    total, claimed = sum(load), sum(supply) if claimed is None else claimed
    rows = [
        {"route": route, "quantity_wh": round(claimed * MWH), "weight": 0.7, "carbon_free": True, "status": "eligible"}
    ]  # fmt: skip
    match = match_hours(hours(load, supply, shares, **options), sources(claimed, basis), len(load))
    claims = claims_of(rows if claimed else [], round(total * MWH), True, DELIVERED)
    return BY_CODE["E1"].measure(make(E_DC=round(total * MWH), claims=claims, hourly=match))


@pytest.mark.parametrize(
    ("load", "supply", "shares", "hm", "annual", "cfe"),
    [
        ((10, 10, 10, 10), (0, 6, 14, 8), (0.2, 0.4, 0.5, 0.3), 0.60, 0.70, 0.705),  # green-power.md §6, hourly
        ((0.5, 0.5), (1, 0), None, 0.50, 1.0, None),  # hourly edges: no banking
        ((1, 9), (1, 0), None, 0.10, 0.10, None),  # ratio of sums: not 50 %
        ((10, 10), (0, 0), (0.3, 0.5), 0.0, 0.0, 0.40),  # nothing claimed: the grid alone
        ((4, 4), (4, 4), (0.0, 0.0), 1.0, 1.0, 1.0),
    ],
)
def test_vectors(make, load, supply, shares, hm, annual, cfe):
    found = measured(make, load, supply, shares)
    assert (found.value, found.beside["hourly_matched_share"]) == (pytest.approx(annual, abs=1e-12), pytest.approx(hm, abs=1e-12))
    assert found.beside["CFE"] == (None if cfe is None else pytest.approx(cfe, abs=1e-12))


def test_the_page(make):
    """The table of docs/method/green-power.md."""
    page = (Path(__file__).resolve().parents[4] / "docs" / "method" / "green-power.md").read_text(encoding="utf-8")
    lines = page.split("<!-- golden: hourly -->\n", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    assert len(lines) == 3
    for line in lines:
        load, supply, grid, hm, annual, cfe = (cell.split() for cell in line.strip("|").split("|"))
        found = measured(make, *([float(x) for x in side] for side in (load, supply)), [float(x) for x in grid] or None)
        assert [f"{found.beside['hourly_matched_share']:.2f}", f"{found.value:.2f}"] == [*hm, *annual]
        assert ("–" if found.beside["CFE"] is None else f"{found.beside['CFE']:g}") == cfe[0]


def test_a_load_of_zero_has_no_share(make):
    found = measured(make, (0, 0), (1, 1))
    assert found.value is None
    assert "hourly_matched_share" not in found.beside


def test_ratio_of_sums_over_months(make, parameters):
    """Two months of one hour each: L = 1 and 9, C = 1 and 0: 10 %, not 50 %."""
    year = trailing([measured(make, (1,), (1,)), measured(make, (9,), (0,))], parameters)
    assert year.beside["hourly_matched_share"] == pytest.approx(0.10, abs=1e-15)
    assert year.value == pytest.approx(0.10, abs=1e-15)


def test_ratio_of_sums_over_sites(make, parameters):
    sites = {"S1": measured(make, (1,), (1,)), "S2": measured(make, (9,), (0,))}
    found = cluster(sites, dict.fromkeys(sites, 1.0), dict.fromkeys(sites, 1), parameters)
    assert found.beside["hourly_matched_share"] == pytest.approx(0.10, abs=1e-15)


def test_surplus_of_an_hour_covers_no_other_site(make, parameters):
    """S1 has 5 on a load of 1; S2 nothing on 9."""
    sites = {"S1": measured(make, (1,), (5,)), "S2": measured(make, (9,), (0,))}
    found = cluster(sites, dict.fromkeys(sites, 1.0), dict.fromkeys(sites, 1), parameters)
    assert found.beside["hourly_matched_share"] == pytest.approx(0.10, abs=1e-15)


@pytest.mark.parametrize(
    ("match", "reason"),
    [
        (None, "the hours of the claims are not known"),
        (HourlyMatch(claimed_wh=5, expected_hours=4), "the site's electricity is not metered hour by hour"),
        (HourlyMatch(claimed_wh=5, hours=4, expected_hours=4), "no hourly generation profile of what is claimed"),
    ],
)
def test_null_with_a_reason_never_zero(make, match, reason):
    beside = BY_CODE["E1"].measure(make(hourly=match)).beside
    assert (beside["hourly_matched_share"], beside["CFE"]) == (None, None)
    assert beside["hourly_reason"].startswith(reason)
    assert beside["CFE_reason"].startswith(reason)
    assert beside["hourly_reason_zh"]


def test_cfe_needs_the_grid_in_every_hour(make):
    some = hours((10, 10), (5, 5), (0.5, 0.5))
    some[1]["grid_share_e6"] = None
    match = match_hours(some, sources(10), 2)
    beside = BY_CODE["E1"].measure(make(E_DC=20 * MWH, hourly=match)).beside
    assert beside["hourly_matched_share"] == 0.5
    assert beside["CFE"] is None
    assert "grid_carbon_free_share" in beside["CFE_reason"]


def test_renewable_that_emits_matches_but_is_not_carbon_free(make):
    beside = measured(make, (10, 10), (5, 5), (0.0, 0.0), free=False).beside
    assert (beside["hourly_matched_share"], beside["CFE"]) == (0.5, 0.0)


@pytest.mark.parametrize(("basis", "metered", "said"), [("metered", True, "metered"), ("prorated", False, "prorated")])
def test_the_basis_is_said(make, basis, metered, said):
    beside = measured(make, (10, 10), (5, 5), basis=basis, metered=metered).beside
    assert (beside["hourly_basis"], beside["hourly_metered_share"]) == (said, 0.5 if metered else 0.0)


def test_meters_and_certificates_together_are_prorated_and_capped_by_the_load():
    row = {"load_wh": 10, "metered_wh": 6, "prorated_wh": 8, "carbon_free_wh": 14, "unknown": 0, "grid_share_e6": None}
    match = match_hours([row], [{"quantity_wh": 6, "basis": "metered"}, {"quantity_wh": 8, "basis": "prorated"}], 1)
    assert (match.matched_wh, match.metered_wh, match.prorated_wh, match.profiled_wh) == (10, 6, 8, 14)
    assert companions({**match.components(), "E_DC": 10}, 10)["hourly_basis"] == "prorated"


def test_what_has_no_profile_matches_nothing_and_is_said(make):
    """20 MWh claimed, 8 of them with a profile: a lower bound."""
    listed = [*sources(8), {"quantity_wh": 12 * MWH, "basis": None}]
    match = match_hours(hours((10, 10), (4, 4), unknown=1), listed, 4)
    beside = BY_CODE["E1"].measure(make(E_DC=40 * MWH, hourly=match)).beside
    assert (beside["hourly_matched_share"], beside["hourly_profiled_share"], beside["hourly_known_share"]) == (0.2, 0.4, 0.0)


def test_hours_that_are_not_metered_stay_in_the_denominator(make):
    """Two of four hours of a load of 40 MWh are metered and matched whole: 50 %, not 100 %."""
    match = match_hours(hours((10, 10), (10, 10)), sources(20), 4)
    beside = BY_CODE["E1"].measure(make(E_DC=40 * MWH, hourly=match)).beside
    assert (beside["hourly_matched_share"], beside["hourly_known_share"]) == (0.5, 0.5)


# Properties ---------------------------------------------------------------------------------------------------------------

year = st.lists(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 30)), min_size=1, max_size=6), min_size=1, max_size=6)


@given(months=year)
def test_hourly_never_exceeds_monthly_nor_monthly_annual(months):
    """On the same certificates; each share is a ratio of the same load."""
    load = sum(has for month in months for has, _ in month)
    matched = sum(match_hours(hours(*zip(*month, strict=True)), (), len(month)).matched_wh for month in months)
    monthly = sum(min(sum(has for has, _ in month), sum(gives for _, gives in month)) for month in months) * MWH
    annual = min(load, sum(gives for month in months for _, gives in month)) * MWH
    assert matched <= monthly <= annual <= load * MWH


@given(months=year)
def test_the_published_hourly_share_never_exceeds_the_renewable_share(make, parameters, months):
    values = [measured(make, *zip(*month, strict=True)) for month in months if sum(has for has, _ in month)]
    for value in [*values, *([trailing(values, parameters)] if values else [])]:
        assert value.beside["hourly_matched_share"] <= value.value + 1e-15


@given(month=year.map(lambda months: months[0]), seed=st.integers(0, 99), share=st.integers(0, MWH))
def test_the_order_of_hours_changes_nothing(month, seed, share):
    rows = hours(*zip(*month, strict=True), [Fraction(share, MWH)] * len(month))
    shuffled = list(rows)
    random.Random(seed).shuffle(shuffled)
    assert match_hours(rows, (), 9) == match_hours(shuffled, (), 9)


@given(month=year.map(lambda months: months[0]), gone=st.integers(0, 5), more=st.integers(0, 9))
def test_hiding_an_hour_never_helps_and_more_supply_never_hurts(month, gone, more):
    rows = hours(*zip(*month, strict=True), [0.3] * len(month))
    base = match_hours(rows, (), 9)
    less = match_hours([row for n, row in enumerate(rows) if n != gone % len(rows)], (), 9)
    assert less.matched_wh <= base.matched_wh
    assert less.carbon_free_wh + (less.grid_wh or 0) <= base.carbon_free_wh + (base.grid_wh or 0)
    richer = match_hours(
        [{**row, "prorated_wh": row["prorated_wh"] + more, "carbon_free_wh": row["carbon_free_wh"] + more} for row in rows], (), 9
    )
    assert richer.matched_wh >= base.matched_wh
    assert richer.carbon_free_wh + richer.grid_wh >= base.carbon_free_wh + base.grid_wh


@given(month=year.map(lambda months: months[0]), share=st.integers(0, MWH))
def test_carbon_free_lies_between_the_match_and_the_load(month, share):
    found = match_hours(hours(*zip(*month, strict=True), [Fraction(share, MWH)] * len(month)), (), 9)
    load = sum(has for has, _ in month) * MWH
    assert found.carbon_free_wh <= found.carbon_free_wh + found.grid_wh <= load
