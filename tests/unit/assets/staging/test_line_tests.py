"""Tests of a direct green-power line: the vector, the dated limits, and that unknown is never in order."""

from __future__ import annotations

from typing import Any

import pytest

from assets.staging.generation import generated_wh
from assets.staging.line_tests import LineEnergies, judged, line_tests
from tests.unit.assets.staging.green_world import DATA, MWH, WIND, books, contract, energy, meter, share

TESTS = DATA["direct_line"]["tests"]


def said(energies: LineEnergies, month: str = "2025-07") -> list[tuple[Any, ...]]:
    rows = judged(energies, TESTS, month)
    return [(row["test"], None if row["share"] is None else round(row["share"], 3), row["outcome"]) for row in rows]


def test_the_vector() -> None:
    """130 generated, 90 used (10 by the plant), 250 load, 30 exported: 90/130, 90/250, 30/130."""
    assert said(LineEnergies(130 * MWH, 90 * MWH, 250 * MWH, 30 * MWH)) == [
        ("self_use_of_generation", 0.692, "ok"),
        ("self_use_of_load", 0.36, "ok"),
        ("export_of_generation", 0.231, "fails"),
    ]


@pytest.mark.parametrize(
    ("month", "use", "load", "expected"),
    [
        ("2029-12", 30, 100, "ok"),  # exactly 30 %
        ("2029-12", 29, 100, "fails"),
        ("2030-01", 34, 100, "fails"),  # 35 % by 2030
        ("2030-01", 35, 100, "ok"),
        ("2025-05", 90, 100, "unknown"),  # before the notice of 2025-05-30 there is no limit
    ],
)
def test_limits_are_dated(month: str, use: int, load: int, expected: str) -> None:
    assert said(LineEnergies(use, use, load, 0), month)[1][2] == expected


@pytest.mark.parametrize(("export", "expected"), [(20, "ok"), (21, "fails")])
def test_export_at_most_a_fifth(export: int, expected: str) -> None:
    assert said(LineEnergies(100, 80, 100, export))[2][2] == expected


def test_unknown_is_never_in_order() -> None:
    assert [row[2] for row in said(LineEnergies(None, 90, 250, 0))] == ["unknown", "ok", "unknown"]
    assert [row[2] for row in said(LineEnergies(130, None, 250, None))] == ["unknown"] * 3
    assert [row[2] for row in said(LineEnergies(0, 0, 250, 0))] == ["unknown", "fails", "unknown"]  # nothing was generated


LINE = contract(kind="direct_line")
PLANT = [meter("PV", "onsite_generation", project=WIND), meter("EX", "export"), meter("OWN", "excluded", project=WIND)]


def table(energies: list[dict[str, Any]], meters: list[dict[str, Any]], **rows: Any) -> dict[str, tuple[Any, ...]]:
    no_export = rows.pop("no_export", ())
    facts = {"ppa_contracts": [LINE], "ppa_site_shares": [share("S1", 1.0)]} | rows
    opened = books(energies, meters=meters, **facts)
    found = line_tests(opened, meters, generated_wh(energies, meters, opened.month), no_export, TESTS).to_dicts()
    return {row["test"]: (row["numerator_wh"], row["denominator_wh"], row["outcome"], row["basis"]) for row in found}


def test_a_plant_behind_the_sites_own_meter() -> None:
    energies = [
        *energy("E_DC", 250), *energy("point:onsite_generation", 130, PV=130), *energy("point:export", 30, EX=30),
        *energy("point:excluded", 10, OWN=10),
    ]  # fmt: skip
    assert table(energies, PLANT) == {
        "self_use_of_generation": (90 * MWH, 130 * MWH, "ok", "metered"),
        "self_use_of_load": (90 * MWH, 250 * MWH, "ok", "metered"),
        "export_of_generation": (30 * MWH, 130 * MWH, "fails", "metered"),
    }


def test_without_an_export_meter_only_a_declaration_makes_it_known() -> None:
    energies = [*energy("E_DC", 250), *energy("point:onsite_generation", 130, PV=130)]
    assert {row[2] for row in table(energies, PLANT[:1]).values()} == {"unknown"}
    declared = table(energies, PLANT[:1], no_export=("S1",))
    assert [declared[name][2] for name in sorted(declared)] == ["ok", "ok", "ok"]  # 0, 130/130, 130/250


def test_a_plant_at_the_other_end_of_a_line() -> None:
    """300 generated, 240 brought by the line: 60 went elsewhere, its own use and the line's losses among it."""
    meters = [meter("L", "direct_line", project=WIND), meter("G", "offsite_generation", project=WIND)]
    energies = [*energy("E_DC", 600), *energy("point:direct_line", 240, L=240), *energy("point:offsite_generation", 300, G=300)]
    assert table(energies, meters) == {
        "self_use_of_generation": (240 * MWH, 300 * MWH, "ok", "metered"),
        "self_use_of_load": (240 * MWH, 600 * MWH, "ok", "metered"),
        "export_of_generation": (60 * MWH, 300 * MWH, "ok", "derived"),
    }
    unmetered = table([*energy("E_DC", 600), *energy("point:direct_line", 240, L=240)], meters[:1])
    assert [unmetered[name][2] for name in sorted(unmetered)] == ["unknown", "unknown", "ok"]


def test_a_line_for_two_sites_is_judged_as_a_whole_and_told_at_both() -> None:
    meters = [meter("L1", "direct_line", project=WIND), meter("L2", "direct_line", "S2", project=WIND)]
    energies = [
        *energy("E_DC", 100), *energy("E_DC", 300, "S2"), *energy("point:direct_line", 20, L1=20),
        *energy("point:direct_line", 110, "S2", L2=110),
    ]  # fmt: skip
    facts = {"ppa_contracts": [LINE], "ppa_site_shares": [share("S1", 0.5), share("S2", 0.5)]}
    found = line_tests(books(energies, meters=meters, **facts), meters, {}, (), TESTS).to_dicts()
    load = [
        (row["site_id"], row["numerator_wh"], row["denominator_wh"], row["outcome"]) for row in found if row["test"] == "self_use_of_load"
    ]
    assert load == [("S1", 130 * MWH, 400 * MWH, "ok"), ("S2", 130 * MWH, 400 * MWH, "ok")]


def test_contracts_of_other_kinds_are_not_tested() -> None:
    assert table(energy("E_DC", 100), [], ppa_contracts=[contract()]) == {}
    assert table(energy("E_DC", 100), [], ppa_contracts=[LINE | {"end_on": "2025-06-30"}]) == {}
