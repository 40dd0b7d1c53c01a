"""Materiality: a quantity at both ends of its doubt, measured and scored again; index points worked by hand from the edition's anchors."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.edition.load import load_edition
from assets.edition.tree import Edition
from assets.index.doubts import SiteTables
from assets.index.grade import EntityFacts
from assets.index.materiality import Month, materiality, moved_claims, moved_energies, of_finding
from assets.indicators.compose import trailing
from assets.indicators.inputs import Parameters, SiteMonth, site_month
from assets.indicators.parameters import parameters_of
from assets.indicators.registry import BY_CODE, INDICATORS
from assets.reference.factors import FactorSet, factor_document
from checks.findings import Finding, worst_first
from checks.gate import finding_row

Rows = list[dict[str, Any]]
MWH, HOUR = 1_000_000, 3600
MONTH_S = 744 * HOUR
SITE = {"site_id": "S1", "stage": "operation", "pue_category": 2, "wue_category": None, "design_power_kw": 500, "geography": "CN-HE"}


@pytest.fixture
def parameters(edition: Edition) -> Parameters:
    return parameters_of(edition, FactorSet.from_document(factor_document()))


def energies(e_dc: int, e_it: int | None, estimated: int = 0) -> list[dict[str, Any]]:
    rows = []
    for side, meter, quantity, guessed in (("E_DC", "G", e_dc, 0), ("E_IT", "I", e_it, estimated)):
        for measure in (side, f"{side}@D1"):
            known = MONTH_S if quantity is not None else 0
            row = {
                "site_id": "S1",
                "month": "2026-01",
                "measure": measure,
                "sign": 1,
                "known_s": known,
                "metered_s": known,
                "expected_s": MONTH_S,
            }
            rows += [{**row, "meter_id": name, "quantity": quantity, "estimated": guessed} for name in (meter, "")]
    return rows


def facts(meter: str, metered_h: int) -> dict[str, Any]:
    return {"meter_id": meter, "expected_s": MONTH_S, "metered_s": metered_h * HOUR, "max_hour_quantity": 250_000}


def a_month(
    parameters: Parameters, edition: Edition, rows: Rows, metered_h: int = 744, withheld: Mapping[str, tuple[str, ...]] | None = None,
    claims: Rows | None = None, practices: Rows | None = None, earlier: list[SiteMonth] | None = None,
) -> Month:  # fmt: skip
    registry = [{"meter_id": m, "capacity": None, "medium": "electricity", "unit": "kWh", "parent_meter_id": None} for m in "GI"]

    def build(held: Mapping[str, tuple[str, ...]], changed: Mapping[str, list[Any]], evidence: Collection[str]) -> SiteMonth:
        tables: dict[str, Any] = {"energies": rows, "claims": claims or [], "practices": practices or [], **changed}
        landed = ("certificates",) if claims else ()
        return site_month(
            site_id="S1", month="2026-01", hours=744, parameters=parameters, site=SITE, landed=landed, withheld=held, evidence=evidence,
            **tables,
        )  # fmt: skip

    held = withheld or {}
    now = build(held, {}, ())
    before = {i.code: [i.measure(site) for site in earlier or []] for i in INDICATORS}
    published = {i.code: trailing([*before[i.code], i.measure(now)], parameters) for i in INDICATORS}
    tables = SiteTables("S1", "2026-01", rows, [facts("G", 744), facts("I", metered_h)], registry, (), claims or (), practices or ())
    return Month(
        tables, build, held, before, published, parameters, edition, EntityFacts(design_power_kw=500, stage="operation"), date(2026, 1, 31)
    )


def row(code: str, severity: str, quantity: str, subject: str, because_of: str | None = None, **numbers: Any) -> dict[str, Any]:
    found = Finding(code, "S1", "2026-01", severity, subject, "en", "zh", quantity, because_of=because_of, **numbers)  # type: ignore[arg-type]
    return {**finding_row(found), "month": "2026-01"}


def only(found: list[dict[str, Any]]) -> dict[str, Any]:
    (one,) = found
    return one


def test_a_flag_moves_pue_and_the_index_between_both_ends(parameters: Parameters, edition: Edition) -> None:
    # E_DC 150 MWh, E_IT 100 MWh of which 20 MWh are an estimate: PUE 1.50 is published; at 80 MWh it is 1.875, at 120 MWh 1.25.
    # Points by the anchors 1.20: 80, 1.30: 60, 1.50: 30, from 1.80 on 0. D1 weighs 16 of 100.
    month = a_month(parameters, edition, energies(150 * MWH, 100 * MWH, estimated=20 * MWH))
    found = only(materiality([row("ME05", "flag", "E_IT", "E_IT", seen=0.2, limit=0.02, unit="1")], month))
    assert (found["quantity_low"], found["quantity_high"], found["unit"]) == (-20 * MWH, 20 * MWH, "Wh")
    assert json.loads(found["indicators"]) == {"D1": [1.25, 1.875]}
    assert found["index_low"] == pytest.approx(-16 * 30 / 100)
    assert found["index_high"] == pytest.approx(16 * (70 - 30) / 100)
    assert (found["reason_en"], found["reason_zh"]) == ("", "")


def test_a_withheld_quantity_is_judged_as_if_admitted(parameters: Parameters, edition: Edition) -> None:
    # 80 of 744 h of the IT meter are not metered, 20 MWh were filled in; at most 80 × 250 kWh = 20 MWh: E_IT between 80 and 100 MWh
    month = a_month(parameters, edition, energies(150 * MWH, 100 * MWH, 20 * MWH), 664, {"E_IT": ("TL01", "ME05")})
    assert month.published["D1"].status == "withheld"
    silent = row("TL01", "withhold", "E_IT", "I", seen=0.89, limit=0.9, unit="1")
    guessed = row("ME05", "withhold", "E_IT", "E_IT", because_of=silent["id"], seen=0.2, limit=0.1, unit="1")
    first, second = materiality([silent, guessed], month)
    assert json.loads(first["indicators"]) == {"D1": [1.5, 1.875]}
    assert (first["index_low"], first["index_high"]) == (0, pytest.approx(16 * 30 / 100))
    assert json.loads(second["indicators"]) == {"D1": [1.25, 1.875]}


def test_what_another_finding_withholds_too_changes_nothing_alone(parameters: Parameters, edition: Edition) -> None:
    month = a_month(parameters, edition, energies(150 * MWH, 100 * MWH, 20 * MWH), 664, {"E_IT": ("TL01", "ME05")})
    silent = row("TL01", "withhold", "E_IT", "I", seen=0.89, limit=0.9, unit="1")
    unrelated = row("BD05", "withhold", "E_IT", "I", seen=1.0, limit=0.0, unit="faults")
    first, second = materiality([silent, unrelated], month)
    for found in (first, second):
        assert (found["index_low"], found["index_high"], found["indicators"]) == (0, 0, "{}")
        assert found["reason_en"] == "another finding withholds it too"
    waived = replace(month, waived=frozenset({unrelated["id"]}))
    assert materiality([silent, unrelated], waived)[0]["index_high"] == pytest.approx(16 * 30 / 100)


def test_it_never_passes_the_facility(parameters: Parameters, edition: Edition) -> None:
    # +60 MWh would make E_IT 160 of 150: the end is E_IT = E_DC, a PUE of 1
    month = a_month(parameters, edition, energies(150 * MWH, 100 * MWH, 60 * MWH))
    found = only(materiality([row("ME05", "flag", "E_IT", "E_IT", seen=0.6, limit=0.02, unit="1")], month))
    assert json.loads(found["indicators"]) == {"D1": [1.0, 3.75]}
    assert found["index_high"] == pytest.approx(16 * (100 - 30) / 100)


def test_the_window_waters_a_month_down(parameters: Parameters, edition: Edition) -> None:
    # a month before of 150 over 100 MWh; this one at 80 MWh: 300 / 180, at 120 MWh: 300 / 220
    rows = energies(150 * MWH, 100 * MWH, estimated=20 * MWH)
    before = a_month(parameters, edition, energies(150 * MWH, 100 * MWH)).build({}, {}, ())
    found = only(
        materiality(
            [row("ME05", "flag", "E_IT", "E_IT", seen=0.2, limit=0.02, unit="1")], a_month(parameters, edition, rows, earlier=[before])
        )
    )
    assert json.loads(found["indicators"])["D1"] == pytest.approx([300 / 220, 300 / 180])


def test_claims_move_e1_and_e2(parameters: Parameters, edition: Edition) -> None:
    claims: Rows = [
        {"site_id": "S1", "month": "2026-01", "route": "green_trade", "quantity_wh": 30 * MWH, "carbon_free": True, "weight": 0.7,
         "status": "eligible", "contract_id": "C1", "project_code": "P", "production_month": "2026-01", "seq_start": 1, "seq_end": 30,
         "meter_id": None, "evidence": "a.pdf"},
        {"site_id": "S1", "month": "2026-01", "route": None, "quantity_wh": 15 * MWH, "carbon_free": True, "weight": 0.0,
         "status": "excluded", "contract_id": "C2", "project_code": "P", "production_month": "2026-01", "seq_start": 31, "seq_end": 45,
         "meter_id": None, "evidence": "b.pdf"},
    ]  # fmt: skip
    month = a_month(parameters, edition, energies(150 * MWH, 100 * MWH), claims=claims)
    assert month.published["E1"].value == 0.2
    less, more = materiality(
        [
            row("CT12", "flag", "claims", "P 2026-01 1-30", seen=30.0, limit=0.0, unit="MWh"),
            row("CT15", "flag", "claims", "b.pdf", seen=0.0, limit=1.0, unit="documents"),
        ],
        month,
    )
    assert json.loads(less["indicators"])["E1"] == [0, 0.2]
    assert json.loads(more["indicators"])["E1"] == [0.2, pytest.approx(0.3)]
    assert json.loads(more["indicators"])["E2"] == pytest.approx([21 / 150, 36 / 150])  # at most the best route: + 15 MWh × 1
    assert less["index_low"] < 0 == less["index_high"]
    assert more["index_low"] == 0 < more["index_high"]


def test_a_practice_would_count_with_its_document(parameters: Parameters, edition: Edition) -> None:
    practices = [{"site_id": "S1", "item_code": "A3.fire", "assessed_on": "2025-12-01", "level": 1.0, "evidence": None}]
    month = a_month(parameters, edition, energies(150 * MWH, 100 * MWH), practices=practices)
    found = only(materiality([row("CT15", "flag", "practices", "A3.fire", seen=0.0, limit=1.0, unit="documents")], month))
    share = parameters.checklists["A3"]["A3.fire"] / sum(parameters.checklists["A3"].values())
    assert json.loads(found["indicators"]) == {"A3": [0, pytest.approx(share)]}
    assert (found["quantity_low"], found["quantity_high"], found["unit"]) == (0, 1, "items")
    assert found["index_low"] == 0 < found["index_high"]


def test_what_is_not_quantified_says_why_and_never_0(parameters: Parameters, edition: Edition) -> None:
    month = a_month(parameters, edition, energies(150 * MWH, 100 * MWH))
    found = only(materiality([row("BD03", "flag", "E_DC", "onsite_generation")], month))
    assert (found["quantity_low"], found["quantity_high"], found["index_low"], found["index_high"]) == (None, None, None, None)
    assert found["reason_en"]
    assert found["reason_zh"]
    assert of_finding(found, {})["index_reach"] is None


def test_the_order_of_findings() -> None:
    def ranked(severity: str, reach: float | None, code: str) -> dict[str, Any]:
        return {**row(code, severity, "E_IT", "M"), "materiality": {"index_reach": reach}}

    listed = [
        ranked("flag", 0.0, "A"), ranked("flag", None, "B"), ranked("flag", 0.2, "C"), ranked("withhold", 0.0, "D"),
        ranked("flag", 3.0, "E"), {**row("F", "flag", "", "M"), "materiality": None},
    ]  # fmt: skip
    assert [item["code"] for item in sorted(listed, key=worst_first)] == ["D", "E", "C", "B", "F", "A"]


# moving ----------------------------------------------------------------------------------------------------------------


def test_an_unknown_total_is_what_is_known_of_it_moved() -> None:
    rows = energies(150 * MWH, None)
    moved = {(r["measure"], r["meter_id"]): r for r in moved_energies(rows, "E_IT", 40 * MWH)}
    assert moved["E_IT", ""]["quantity"] == moved["E_IT@D1", ""]["quantity"] == 40 * MWH
    assert moved["E_IT", ""]["known_s"] > 0
    assert moved["E_DC", ""]["quantity"] == 150 * MWH


def test_less_is_taken_from_the_claims_meant_first() -> None:
    names = ("route", "weight", "quantity_wh", "status", "contract_id", "project_code", "meter_id")
    rows: Rows = [
        dict(zip(names, values, strict=True))
        for values in (
            ("onsite", 0.95, 10, "eligible", None, "P1", "M"),
            ("unbundled", 0.25, 10, "eligible", "C", "P2", None),
            (None, 0.0, 5, "excluded", None, "P3", None),
        )
    ]
    assert [r["quantity_wh"] for r in moved_claims(rows, -12, {"P2 2026-01 1-10"}, "S1", "2026-01")] == [8, 0, 5]
    assert [r["quantity_wh"] for r in moved_claims(rows, -4, set(), "S1", "2026-01")] == [6, 10, 5]


@settings(max_examples=15, deadline=None)
@given(st.integers(101, 400), st.integers(20, 100), st.integers(0, 100), st.integers(0, 100))
def test_a_wider_doubt_never_does_less(e_dc: int, e_it: int, narrow: int, wider: int) -> None:
    edition = load_edition("whitepaper-2024.1")
    parameters = parameters_of(edition, FactorSet.from_document(factor_document()))
    guessed = sorted((narrow % e_it, wider % e_it))
    reach = []
    for estimated in guessed:
        month = a_month(parameters, edition, energies(e_dc * MWH, e_it * MWH, estimated * MWH))
        found = only(materiality([row("ME05", "flag", "E_IT", "E_IT", seen=0.1, limit=0.02, unit="1")], month))
        assert found["index_low"] <= 1e-9
        assert found["index_high"] >= -1e-9
        reach.append((found["index_low"], found["index_high"]))
    assert reach[1][0] <= reach[0][0] + 1e-9
    assert reach[1][1] >= reach[0][1] - 1e-9


def test_both_ends_are_reached_by_the_measure_itself(parameters: Parameters, edition: Edition) -> None:
    rows = energies(150 * MWH, 100 * MWH, 20 * MWH)
    month = a_month(parameters, edition, rows)
    for amount, value in ((-20 * MWH, 1.875), (20 * MWH, 1.25)):
        assert BY_CODE["D1"].measure(month.build({}, {"energies": moved_energies(rows, "E_IT", amount)}, ())).value == value
