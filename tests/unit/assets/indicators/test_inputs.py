"""Building a site-month from plain rows: which rows are the site's, which practices count, what is declared."""

from __future__ import annotations

import pytest

from assets.indicators.inputs import Energy, Practice, effective_stage, practices_of, site_month
from assets.indicators.registry import INDICATORS
from assets.staging.declared import declared_none

MWH = 1_000_000


def energy_row(measure, quantity, site_id="HL01", meter_id="", month="2026-03"):
    row = {"site_id": site_id, "measure": measure, "meter_id": meter_id, "sign": 1, "quantity": quantity, "month": month}
    return {**row, "known_s": 3600, "metered_s": 1800, "expected_s": 3600, "estimated": 5}


def practice(item, assessed_on, evidence="a.pdf", level=1.0):
    return {"site_id": "HL01", "item_code": item, "assessed_on": assessed_on, "evidence": evidence, "level": level}


def build(parameters, **rows):
    return site_month(site_id="HL01", month="2026-03", hours=744, parameters=parameters, **rows)


def test_rows_of_other_sites_months_and_meters_are_left_out(parameters, claim):
    activity = {"activity": "diesel", "quantity": 1.0, "unit": "t"}
    site = build(
        parameters,
        energies=[energy_row("E_DC", 7), energy_row("E_DC", 3, meter_id="M-1"), energy_row("E_DC", 9, site_id="HL02"),
                  energy_row("E_IT", None)],
        claims=[claim("onsite", 2, 0.95), claim("onsite", 100, 0.95, site_id="HL02"), claim("onsite", 100, 0.95, month="2026-02")],
        activities=[{**activity, "site_id": "HL01", "month": "2026-03"}, {**activity, "site_id": "HL01", "month": "2026-02"},
                    {**activity, "site_id": "HL02", "month": "2026-03"}],
        withheld={"E_DC": ["BD05"]},
    )  # fmt: skip
    assert site.energy == {"E_DC": Energy(7, 3600, 1800, 3600, 5), "E_IT": Energy(None, 3600, 1800, 3600, 5)}
    assert site.claims.claimed_wh == 2
    assert len(site.activities) == 1
    assert site.withheld == {"E_DC": ("BD05",)}


@pytest.mark.parametrize(
    ("rows", "known"),
    [
        ({}, False),
        ({"landed": {"meters", "meter_readings"}}, False),
        ({"landed": {"certificates"}}, True),  # landed empty is a statement
        ({"energies": [energy_row("point:onsite_generation", 0)]}, True),
        ({"energies": [energy_row("point:grid_supply", 1)]}, False),
    ],
)
def test_what_speaks_of_renewable_electricity(parameters, rows, known):
    assert (build(parameters, **rows).claims is not None) == known


@pytest.mark.parametrize(
    ("assessed_on", "evidence", "counts"),
    [
        ("2026-03-31", "a.pdf", True),
        ("2025-04-01", "a.pdf", True),
        ("2025-03-31", "a.pdf", False),  # the twelve months that end with March begin on 1 April
        ("2026-03-01", None, False),
        ("2026-03-01", "other.pdf", False),
    ],
)
def test_a_practice_counts_with_landed_and_recent_evidence(assessed_on, evidence, counts):
    found = practices_of([practice("A3.fire", assessed_on, evidence)], {"a.pdf"}, "2026-03", 12)
    assert found["A3.fire"].counts == counts
    assert bool(found["A3.fire"].reason) != counts


def test_the_newest_assessment_up_to_the_month_stands():
    rows = [practice("A3.fire", "2026-01-10", level=0.5), practice("A3.fire", "2025-12-10"), practice("A3.fire", "2026-04-01")]
    assert practices_of(rows, {"a.pdf"}, "2026-03", 12) == {"A3.fire": Practice(0.5, True)}
    assert practices_of(rows[2:], {"a.pdf"}, "2026-03", 12) == {}


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "holds"),
    [("2025-01-01", None, True), ("2026-04-01", None, False), ("2025-01-01", "2026-03-30", False), ("2025-01-01", "2026-03-31", True)],
)
def test_declarations_in_force(valid_from, valid_to, holds):
    row = {"subject": "water", "statement": "none", "valid_from": valid_from, "valid_to": valid_to}
    assert declared_none([row], "2026-03") == (frozenset({"water"}) if holds else frozenset())


def test_only_meters_landed_gives_d1_alone(parameters):
    """A home with sites, meters and readings (issue 2): D1 is right, the rest is not reported, nothing is zero."""
    energies = [energy_row(name, value) for name, value in (("E_DC", 130), ("E_IT", 100), ("E_DC@D1", 130), ("E_IT@D1", 100))]
    site = build(parameters, site={"site_id": "HL01", "stage": "operation", "pue_category": 2}, energies=energies)
    found = {item.code: item.measure(site) for item in INDICATORS}
    assert found.pop("D1").value == 1.3
    assert {value.status for value in found.values()} == {"not_reported"}


IT_UNKNOWN = [energy_row("E_IT", None), energy_row("E_IT", 3, meter_id="M-1"), energy_row("E_DC", 5)]


@pytest.mark.parametrize(
    ("stated", "energies", "stage"),
    [
        ("planning", [], "planning"),
        ("construction", [energy_row("E_DC", 5)], "construction"),  # building takes electricity
        ("construction", [energy_row("E_IT", 0), energy_row("E_DC", 5)], "construction"),
        ("construction", [energy_row("E_IT", None)], "construction"),
        ("construction", [energy_row("E_IT", 5, site_id="HL02")], "construction"),  # another site's
        ("planning", [energy_row("E_IT", 1)], "operation"),
        ("construction", [energy_row("E_IT", 1)], "operation"),
        ("construction", IT_UNKNOWN, "operation"),  # unknown as a total, but IT takes energy
        ("retired", [], "retired"),
        ("retired", [energy_row("E_DC", 5, site_id="HL02")], "retired"),
        ("retired", [energy_row("E_DC", None)], "operation"),  # a counted meter, though nothing of it is known
        ("operation", [], "operation"),
        (None, [], None),
    ],
)
def test_the_stage_that_the_meters_show(parameters, stated, energies, stage):
    site = {"site_id": "HL01", "stage": stated, "pue_category": 2}
    assert effective_stage(site, energies) == stage
    assert build(parameters, site=site, energies=energies).site == {**site, "stage": stage}


@pytest.mark.parametrize("stage", ["planning", "construction"])
def test_a_metered_site_is_judged_whatever_it_is_called(parameters, stage):
    energies = [energy_row(name, value) for name, value in (("E_DC", 130), ("E_IT", 100), ("E_DC@D1", 130), ("E_IT@D1", 100))]
    site = {"site_id": "HL01", "stage": stage, "pue_category": 2}
    metered = build(parameters, site=site, energies=energies)
    found = {item.code: item.measure(metered) for item in INDICATORS}
    assert found["D1"].value == 1.3
    assert "not_applicable" not in {value.status for value in found.values()}


def test_nothing_applies_to_a_retired_site_without_a_meter(parameters):
    site = build(parameters, site={"site_id": "HL01", "stage": "retired"}, withheld={"E_DC": ["TL01"]})
    found = [item.measure(site) for item in INDICATORS]
    assert {(value.status, value.reason) for value in found} == {("not_applicable", "the site is in stage retired")}
