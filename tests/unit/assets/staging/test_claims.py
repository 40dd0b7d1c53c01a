"""Claims of a month: statuses, reasons, routes, spreading, conflicts, each rule in both directions; and what they count for."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.indicators.claimed import Claims, claims_of
from assets.reference.factors import load_factors
from assets.staging.claim_conflicts import CONFLICT_SCHEMA
from assets.staging.claim_rows import CLAIM_SCHEMA
from assets.staging.claim_rules import REASONS, ClaimRules
from assets.staging.claims import ClaimsMonth, month_claims
from checks.findings import rows_of

RULES = ClaimRules.from_reference(load_factors().data)
WIND, PV = "W" * 17, "V" * 17
MWH = 1_000_000
SITES = [{"site_id": "S1", "geography": "CN-HE"}, {"site_id": "S2", "geography": "CN-GD"}]
DELIVERED = ("direct_line", "onsite", "ppa_long", "green_trade")  # matched month by month
EVIDENCE = {"c.pdf": "sha256:1", "k.pdf": "sha256:2"}
COLUMNS = {
    "meters": "meter_id site_id medium point project_code parent_meter_id valid_from valid_to",
    "projects": "project_code energy_type geography commissioned_on",
    "ppa_contracts": "contract_id kind project_code signed_on start_on end_on attribute_clause evidence",
    "ppa_site_shares": "contract_id site_id share_ratio valid_from valid_to",
    "ppa_settlements": "contract_id month version contract_mwh ongrid_mwh mechanism_mwh user_mwh settled_mwh evidence",
    "certificates": "project_code production_month seq_start seq_end energy_class energy_type scheme mechanism ccer issued_on "
    "gec_code_first gec_code_last",
    "certificate_events": "project_code production_month seq_start seq_end kind on site_id consumption_month consumption_start "
    "consumption_end channel contract_id evidence",
}
PROJECTS = [
    {"project_code": WIND, "energy_type": "wind", "geography": "CN-SX", "commissioned_on": "2023-06-30"},
    {"project_code": PV, "energy_type": "solar", "geography": "CN-HE", "commissioned_on": "2024-02-01"},
]


class Feeds(dict[str, pd.DataFrame]):
    def rows(self, feed: str) -> list[dict[str, Any]]:
        return rows_of(self[feed])


def feeds(**rows: list[dict[str, Any]]) -> Feeds:
    """Typed feeds as the raw layer gives them: every column, missing cells as None or NA, entry and row of each."""
    rows = {"projects": PROJECTS} | rows
    frames = {}
    for name, columns in COLUMNS.items():
        data = [{"entry": 7, "source_row": n + 2} | row for n, row in enumerate(rows.get(name, []))]
        frame = pd.DataFrame(data, columns=[*columns.split(), "entry", "source_row"], dtype=object)
        for whole in ("seq_start", "seq_end"):
            if whole in frame:
                frame[whole] = frame[whole].astype("Int64")
        for flag in ("mechanism", "ccer"):
            if flag in frame:
                frame[flag] = frame[flag].astype("boolean")
        frames[name] = frame
    return Feeds(frames)


def issued(end: int = 29, **changes: Any) -> dict[str, Any]:
    row = {
        "project_code": WIND, "production_month": "2025-03", "seq_start": 0, "seq_end": end, "energy_class": "on_grid",
        "energy_type": "wind", "issued_on": "2025-04-20",
    }  # fmt: skip
    return row | changes


def cancel(end: int = 29, **changes: Any) -> dict[str, Any]:
    row = {
        "project_code": WIND, "production_month": "2025-03", "seq_start": 0, "seq_end": end, "kind": "cancel", "on": "2025-05-10",
        "site_id": "S1", "consumption_month": "2025-03", "channel": "unbundled", "evidence": "c.pdf",
    }  # fmt: skip
    return row | changes


def contract(**changes: Any) -> dict[str, Any]:
    row = {
        "contract_id": "K", "kind": "green_trade", "project_code": WIND, "start_on": "2025-01-01", "end_on": "2025-12-31",
        "attribute_clause": "bundled", "evidence": "k.pdf",
    }  # fmt: skip
    return row | changes


def share(site: str, ratio: float) -> dict[str, Any]:
    return {"contract_id": "K", "site_id": site, "share_ratio": ratio, "valid_from": "2025-01-01"}


def settlement(**changes: Any) -> dict[str, Any]:
    row = {"contract_id": "K", "month": "2025-03", "version": 1, "settled_mwh": 40.4, "contract_mwh": 50, "ongrid_mwh": 45, "user_mwh": 60}
    return row | changes


def generation_meter(meter: str = "PV1", project: str | None = PV, **changes: Any) -> dict[str, Any]:
    row = {
        "meter_id": meter, "site_id": "S1", "medium": "electricity", "point": "onsite_generation", "project_code": project,
        "valid_from": "2024-01-01",
    }  # fmt: skip
    return row | changes


def energy(site: str = "S1", **measures: int | dict[str, int | None] | None) -> list[dict[str, Any]]:
    """Rows of staging/energies in MWh: ``e_dc=100`` is a total, ``onsite_generation={'PV1': 5}`` contributions and their total."""
    rows = []
    for name, value in measures.items():
        measure = "E_DC" if name == "e_dc" else f"point:{name}"
        parts = value if isinstance(value, dict) else {}
        total = value if not isinstance(value, dict) else None if None in parts.values() else sum(p or 0 for p in parts.values())
        for meter, quantity in [("", total), *parts.items()]:
            rows.append({"site_id": site, "measure": measure, "meter_id": meter, "quantity": None if quantity is None else quantity * MWH})
    return rows


def run(
    month: str = "2025-03", energies: list[dict[str, Any]] | None = None, uncovered: Any = None, **rows: list[dict[str, Any]]
) -> ClaimsMonth:
    return month_claims(
        feeds(**rows), energies or energy(e_dc=100), SITES, month=month, evidence=EVIDENCE, rules=RULES, uncovered_wh=uncovered
    )


def said(result: ClaimsMonth, *columns: str) -> list[tuple[Any, ...]]:
    """Chosen columns of the claims, quantities in MWh."""
    rows = result.claims.select(columns).iter_rows()
    return [tuple(v // MWH if name == "quantity_wh" and v is not None else v for name, v in zip(columns, row, strict=True)) for row in rows]


def conflicts(result: ClaimsMonth) -> list[tuple[Any, ...]]:
    return list(result.conflicts.select("kind", "site_id", "other_site_id", "mwh").iter_rows())


def counted(result: ClaimsMonth, load: int | None = 100, site: str = "S1") -> Claims:
    """What the claims of a site come to against its electricity (MWh), as the indicators match them."""
    rows = result.claims.filter(result.claims["site_id"] == site).to_dicts()
    found = claims_of(rows, None if load is None else load * MWH, True, DELIVERED)
    assert found is not None
    return found


# Status and reason ------------------------------------------------------------------------------------------------------


def test_a_cancelled_evidenced_certificate_counts() -> None:
    result = run(certificates=[issued()], certificate_events=[cancel()])
    assert said(result, "site_id", "route", "quantity_wh", "weight", "carbon_free", "status", "reason", "seq_start", "seq_end") == [
        ("S1", "unbundled_near", 30, 0.4, True, "eligible", None, 0, 29)
    ]
    assert conflicts(result) == []
    assert said(result, "entry", "source_row", "evidence") == [(7, 2, "c.pdf")]


@pytest.mark.parametrize(
    ("reason", "certificate", "event"),
    [
        ("evidence missing", {}, {"evidence": None}),
        ("evidence missing", {}, {"evidence": "never_landed.pdf"}),
        ("not issued", {"seq_start": 30, "seq_end": 59}, {}),
        ("ccer", {"ccer": True}, {}),
        ("mechanism", {"mechanism": True}, {}),
        ("foreign scheme", {"scheme": "I-REC"}, {}),
        ("provincial account", {}, {"channel": "provincial"}),
        ("expired", {"production_month": "2023-02", "issued_on": "2023-04-01"}, {"production_month": "2023-02", "on": "2026-01-05"}),
        ("vintage", {"production_month": "2026-01", "issued_on": "2026-02-01"}, {"production_month": "2026-01", "on": "2026-03-01"}),
        ("illegal state", {"energy_class": "self_use"}, {"channel": "self_use"}),
    ],
)
def test_what_does_not_count(reason: str, certificate: dict[str, Any], event: dict[str, Any]) -> None:
    result = run(certificates=[issued(**certificate)], certificate_events=[cancel(**event)])
    assert said(result, "status", "reason", "route", "weight") == [("excluded", reason, None, 0.0)]
    assert reason in REASONS
    assert counted(result).claimed_wh == 0


def test_new_regime_refuses_last_years_production() -> None:
    old = {"production_month": "2025-12", "issued_on": "2026-01-20"}
    event = {"production_month": "2025-12", "on": "2026-02-10", "consumption_month": "2026-01"}
    assert said(run("2026-01", certificates=[issued(**old)], certificate_events=[cancel(**event)]), "reason") == [("vintage",)]
    event["consumption_month"] = "2025-12"
    assert said(run("2025-12", certificates=[issued(**old)], certificate_events=[cancel(**event)]), "status") == [("eligible",)]


def test_without_a_site_it_follows_the_contract_else_it_is_pending() -> None:
    event = cancel(9236, site_id=None, contract_id="K")
    shares = [share("S1", 0.5), share("S2", 0.3), share("S3", 0.2)]
    result = run(certificates=[issued(9999)], certificate_events=[event], ppa_contracts=[contract()], ppa_site_shares=shares)
    assert said(result, "site_id", "seq_start", "seq_end", "quantity_wh", "status") == [
        ("S1", 0, 4618, 4619, "eligible"),
        ("S2", 4619, 7389, 2771, "eligible"),
        ("S3", 7390, 9236, 1847, "eligible"),
    ]
    part = run(
        certificates=[issued(9)], certificate_events=[event | {"seq_end": 9}], ppa_contracts=[contract()], ppa_site_shares=shares[:1]
    )
    assert said(part, "site_id", "quantity_wh", "status", "reason") == [(None, 5, "pending", "no site"), ("S1", 5, "eligible", None)]
    alone = run(certificates=[issued()], certificate_events=[cancel(site_id=None)])
    assert said(alone, "site_id", "status", "reason") == [(None, "pending", "no site")]


def test_shares_above_one_are_reported_and_nothing_is_allocated() -> None:
    event = cancel(site_id=None, contract_id="K")
    result = run(
        certificates=[issued()],
        certificate_events=[event],
        ppa_contracts=[contract()],
        ppa_site_shares=[share("S1", 0.6), share("S2", 0.5)],
    )
    assert said(result, "site_id", "status", "reason") == [(None, "pending", "shares exceed 1")]
    assert conflicts(result) == [("BD13", "S1", None, None), ("BD13", "S2", None, None)]
    assert "1.1" in result.conflicts["detail_en"][0]


# Months ---------------------------------------------------------------------------------------------------------------


def year_claim(month: str, uncovered: Any = None) -> int:
    event = cancel(59, consumption_month=None, consumption_start="2025-01", consumption_end="2025-12")
    certificates = [issued(59, production_month="2025-02", issued_on="2025-03-20")]
    result = run(month, certificates=certificates, certificate_events=[event | {"production_month": "2025-02"}], uncovered=uncovered)
    return sum(row[0] for row in said(result, "quantity_wh"))


def test_an_annual_claim_is_spread_over_its_months() -> None:
    months = [f"2025-{n:02d}" for n in range(1, 13)]
    assert [year_claim(month) for month in months] == [5] * 12
    uncovered = {("S1", month): 6 * MWH for month in months}
    assert [year_claim(month, uncovered) for month in months] == [5] * 12
    uncovered["S1", "2025-01"] = 0
    assert [year_claim(month, uncovered) for month in months] == [0] + [6] * 5 + [5] * 6  # 60 over 11 months: 5 rest 5
    del uncovered["S1", "2025-12"]  # not known for all months: equal shares
    assert [year_claim(month, uncovered) for month in months] == [5] * 12
    assert [year_claim(month) for month in ("2024-12", "2026-01")] == [0, 0]


def test_annual_claim_with_on_site_generation_covers_nine_tenths() -> None:
    # load 10, on-site 4, 60 unbundled for the year: 5 a month, 9 of 10 MWh
    event = cancel(59, consumption_month=None, consumption_start="2025-01", consumption_end="2025-12")
    for month in ("2025-03", "2025-11"):
        result = run(
            month,
            energy(e_dc=10, onsite_generation={"PV1": 4}),
            meters=[generation_meter()],
            certificates=[issued(59)],
            certificate_events=[event],
        )
        claims = counted(result, 10)
        assert (claims.delivered_wh, claims.claimed_wh, claims.surplus_wh) == (4 * MWH, 9 * MWH, 0)


def test_monthly_products_stay_in_their_production_month() -> None:
    event = cancel(consumption_month=None, consumption_start="2025-01", consumption_end="2025-12", channel="green_trade", contract_id="K")
    rows = {"certificates": [issued()], "certificate_events": [event], "ppa_contracts": [contract()], "ppa_settlements": [settlement()]}
    assert ("S1", "green_trade", 30, "eligible") in said(run("2025-03", **rows), "site_id", "route", "quantity_wh", "status")
    assert said(run("2025-04", **rows), "route") == []


TRADE = {"ppa_contracts": [contract()], "ppa_settlements": [settlement(settled_mwh=30)], "ppa_site_shares": [share("S1", 1.0)]}
LINE = {"ppa_contracts": [contract(kind="direct_line")], "ppa_site_shares": [share("S1", 1.0)]}
ONSITE = {"ppa_contracts": [contract(kind="onsite_third_party")], "ppa_site_shares": [share("S1", 1.0)]}


@pytest.mark.parametrize(
    ("facts", "event"),
    [
        pytest.param(TRADE, {"channel": "green_trade", "contract_id": "K"}, id="green-power trade"),
        pytest.param(TRADE, {"channel": None, "contract_id": "K"}, id="by its contract alone"),
        pytest.param(TRADE, {"channel": "green_trade", "contract_id": "K", "site_id": None}, id="by the contract's shares"),
        pytest.param({}, {"channel": "green_trade"}, id="by its channel alone"),
        pytest.param(LINE, {"contract_id": "K"}, id="direct line"),
        pytest.param(LINE, {"channel": None}, id="direct line by its project"),
        pytest.param(ONSITE, {"contract_id": "K"}, id="on-site"),
        pytest.param(ONSITE, {"channel": "self_use"}, id="self-use"),
    ],
)
def test_delivered_power_never_moves_to_another_month(facts: dict[str, Any], event: dict[str, Any]) -> None:
    rows = {**facts, "certificates": [issued()]}
    energies = energy(e_dc=100, direct_line={"L1": 30})
    for later in (
        {"consumption_month": "2025-04"},
        {"consumption_month": None, "consumption_start": "2025-04", "consumption_end": "2025-06"},
    ):
        moved = cancel(**event | later)
        april = run("2025-04", energies, certificate_events=[moved], **rows)
        told = {
            row
            for row in said(april, "site_id", "status", "reason", "route")
            if row[1:] != ("pending", "certificate not cancelled", "direct_line")
        }
        assert told == {("S1", "excluded", "produced in another month", None)}
        assert counted(april).claimed_wh == 0
        march = run("2025-03", energies, certificate_events=[moved], **rows)
        assert counted(march).claimed_wh == 0
    stays = run("2025-03", energies, certificate_events=[cancel(**event)], **rows)
    assert "produced in another month" not in stays.claims["reason"].to_list()


def test_a_range_that_moved_stands_once_over_its_stated_months() -> None:
    moved = cancel(channel="green_trade", consumption_month=None, consumption_start="2025-04", consumption_end="2025-06")
    parts = [
        said(run(month, certificates=[issued()], certificate_events=[moved]), "quantity_wh") for month in ("2025-04", "2025-05", "2025-06")
    ]
    assert parts == [[(10,)]] * 3


def test_unbundled_certificates_may_be_for_another_month() -> None:
    result = run("2025-05", certificates=[issued()], certificate_events=[cancel(consumption_month="2025-05")])
    assert said(result, "quantity_wh", "status", "reason") == [(30, "eligible", None)]


def test_a_direct_line_without_its_contract_number_stays_in_its_month() -> None:
    event = cancel(channel=None, consumption_month=None, consumption_start="2025-01", consumption_end="2025-12")
    rows = {**LINE, "certificates": [issued()], "certificate_events": [event]}
    energies = energy(e_dc=100, direct_line={"L1": 30})
    assert said(run("2025-03", energies, **rows), "route", "quantity_wh", "status") == [("direct_line", 30, "eligible")]
    assert said(run("2025-04", energy(e_dc=100), **rows), "route") == []
    # a line whose contract had not begun when the certificate was produced delivered nothing: it is a certificate like any other
    late = {**rows, "ppa_contracts": [contract(kind="direct_line", start_on="2025-04-01")]}
    assert [row[0] for row in said(run("2025-05", energy(e_dc=100), **late), "route")] == ["unbundled_near"]


def test_a_consumption_period_must_be_stated() -> None:
    rows = {"certificates": [issued()], "certificate_events": [cancel(consumption_month=None)]}
    assert said(run("2025-03", **rows), "status", "reason") == [("excluded", "consumption period not stated")]
    assert said(run("2025-05", **rows), "status") == []


# Contracts, lines, settlements --------------------------------------------------------------------------------------------


def test_contract_energy_is_never_added_to_its_certificates() -> None:
    event = cancel(channel="green_trade", contract_id="K")
    rows = {"ppa_contracts": [contract()], "ppa_settlements": [settlement()], "ppa_site_shares": [share("S1", 1.0)]}
    result = run(certificates=[issued()], certificate_events=[event], **rows)
    assert said(result, "status", "route", "quantity_wh", "reason") == [
        ("pending", "green_trade", 10, "settled, not cancelled"),  # 40.4 settled, 30 cancelled, 0.4 carried
        ("eligible", "green_trade", 30, None),
    ]
    assert (counted(result).claimed_wh, counted(result).pending_wh) == (30 * MWH, 10 * MWH)
    nothing_cancelled = run(**rows)
    assert said(nothing_cancelled, "status", "quantity_wh") == [("pending", 40)]
    assert said(run("2025-04", **rows), "status") == []


def test_a_contract_without_its_document_opens_no_route() -> None:
    event = cancel(channel="green_trade", contract_id="K")
    rows = {"certificates": [issued()], "certificate_events": [event], "ppa_settlements": [settlement(settled_mwh=30)]}
    assert said(run(ppa_contracts=[contract()], **rows), "route") == [("green_trade",)]
    assert said(run(ppa_contracts=[contract(evidence="lost.pdf")], **rows), "route") == [("unbundled_near",)]


@pytest.mark.parametrize(
    ("metered", "expected"),
    [
        (30, [("direct_line", 0, 29, 30, "eligible")]),
        (20, [("direct_line", 0, 19, 20, "eligible"), ("unbundled_near", 20, 29, 10, "eligible")]),
        (42, [("direct_line", None, None, 12, "pending"), ("direct_line", 0, 29, 30, "eligible")]),
        (0, [("unbundled_near", 0, 29, 30, "eligible")]),
    ],
)
def test_a_direct_line_needs_metered_energy_and_certificates(metered: int, expected: list[tuple[Any, ...]]) -> None:
    rows = {"ppa_contracts": [contract(kind="direct_line")], "ppa_site_shares": [share("S1", 1.0)], "certificates": [issued()]}
    energies = energy(e_dc=100, direct_line={"L1": metered})
    for event in (cancel(contract_id="K"), cancel(channel="self_use")):  # by contract, or by its project
        result = run(energies=energies, certificate_events=[event], **rows)
        assert said(result, "route", "seq_start", "seq_end", "quantity_wh", "status") == expected
    uncancelled = run(energies=energies, **rows)
    assert [row for row in said(uncancelled, "status", "quantity_wh") if row[0] == "eligible"] == []


def test_held_certificates_are_pending() -> None:
    bought = cancel(kind="transfer", consumption_month=None)
    result = run(certificates=[issued()], certificate_events=[bought])
    assert said(result, "status", "reason", "quantity_wh", "seq_end") == [("pending", "held, not cancelled", 30, 29)]
    later = run(certificates=[issued()], certificate_events=[bought, cancel(9, on="2025-06-01")])
    assert said(later, "status", "quantity_wh", "seq_start") == [("eligible", 10, 0), ("pending", 20, 10)]
    assert said(run("2025-04", certificates=[issued()], certificate_events=[bought]), "status") == []


# On-site --------------------------------------------------------------------------------------------------------------


def test_metered_self_use_counts_without_a_document() -> None:
    energies = energy(e_dc=100, onsite_generation={"PV1": 12}, export={"X1": 4}, excluded={"P1": 1, "OFFICE": 3})
    meters = [
        generation_meter(), generation_meter("P1", point="excluded"), generation_meter("OFFICE", None, point="excluded"),
        generation_meter("X1", None, point="export"),
    ]  # fmt: skip
    result = run(energies=energies, meters=meters)
    # 12 generated − 4 exported − 1 used by the plant; the office is no plant
    assert said(result, "route", "source", "project_code", "meter_id", "quantity_wh", "status", "carbon_free", "evidence") == [
        ("onsite", "onsite", PV, "PV1", 7, "eligible", True, None)
    ]


def test_self_use_is_split_over_generation_meters() -> None:
    energies = energy(e_dc=100, onsite_generation={"PV1": 2, "PV2": 1}, export={"X1": 1})
    result = run(energies=energies, meters=[generation_meter(), generation_meter("PV2")])
    quantities = dict(result.claims.select("meter_id", "quantity_wh").iter_rows())
    assert quantities == {"PV1": 1_333_333, "PV2": 666_667}


@pytest.mark.parametrize(
    ("meters", "generated", "expected"),
    [
        ([generation_meter(project=None)], 5, ("pending", "project not known", 5)),
        ([generation_meter(project="Z" * 17)], 5, ("pending", "project not known", 5)),
        ([generation_meter()], None, ("excluded", "generation unknown", None)),
        ([generation_meter(project=None)], None, ("excluded", "generation unknown", None)),
    ],
)
def test_unproven_or_unknown_generation_does_not_count(
    meters: list[dict[str, Any]], generated: int | None, expected: tuple[Any, ...]
) -> None:
    result = run(energies=energy(e_dc=100, onsite_generation={"PV1": generated}), meters=meters)
    assert said(result, "status", "reason", "quantity_wh") == [expected]


def onsite(*events: dict[str, Any], energy_class: str = "self_use", export: int = 0, **rows: list[dict[str, Any]]) -> ClaimsMonth:
    certificates = [issued(4, project_code=PV, energy_type="solar", energy_class=energy_class)]
    energies = energy(e_dc=100, onsite_generation={"PV1": 5 + export}, export={"X1": export})
    return run(energies=energies, meters=[generation_meter()], certificates=certificates, certificate_events=list(events), **rows)


def test_a_self_use_certificate_and_its_meter_count_once() -> None:
    result = onsite(cancel(4, project_code=PV, channel="self_use"))
    assert said(result, "source", "status", "reason", "quantity_wh") == [
        ("certificate", "excluded", "counted by the meter", 5),
        ("onsite", "eligible", None, 5),
    ]
    assert conflicts(result) == []


def test_certificates_of_self_used_energy_claimed_again_are_a_conflict() -> None:
    result = onsite(cancel(4, project_code=PV, channel="unbundled"))
    assert ("onsite", "excluded", "attribute sold") in said(result, "source", "status", "reason")
    assert conflicts(result) == [("CT12", "S1", "S1", 5.0)]


def test_certificates_of_self_used_energy_claimed_by_another_site_are_a_conflict_of_both() -> None:
    result = onsite(cancel(4, project_code=PV, site_id="S2"))
    assert ("S1", "excluded", "attribute sold") in said(result, "site_id", "status", "reason")
    assert {row[:3] for row in conflicts(result)} == {("CT12", "S1", "S2"), ("CT12", "S2", "S1")}


def test_certificates_of_fed_in_energy_are_no_conflict_up_to_the_export() -> None:
    sold = cancel(4, project_code=PV, site_id="S2", channel="unbundled")
    assert conflicts(onsite(sold, energy_class="on_grid", export=5)) == []
    assert {row[0] for row in conflicts(onsite(sold, energy_class="on_grid", export=4))} == {"CT12"}
    assert {row[0] for row in conflicts(onsite(sold, energy_class="on_grid", export=0))} == {"CT12"}
    assert {row[0] for row in conflicts(onsite(sold, energy_class="self_use", export=5))} == {"CT12"}


@pytest.mark.parametrize("clause", ["separate", "none"])
def test_a_sold_attribute_is_null_power(clause: str) -> None:
    own = {"kind": "onsite_third_party", "project_code": PV, "attribute_clause": clause}
    result = onsite(ppa_contracts=[contract(**own)])
    assert said(result, "status", "reason", "weight") == [("excluded", "attribute sold", 0.0)]
    assert conflicts(result) == [("CT12", "S1", None, 5.0)]
    shared = onsite(ppa_contracts=[contract(**own | {"project_code": None})], ppa_site_shares=[share("S1", 1.0)])
    assert said(shared, "reason") == [("attribute sold",)]


@pytest.mark.parametrize(
    "changes", [{"attribute_clause": "bundled"}, {"end_on": "2025-02-28"}, {"project_code": WIND}, {"kind": "financial"}]
)
def test_an_attribute_that_stays_is_none(changes: dict[str, Any]) -> None:
    own = {"kind": "onsite_third_party", "project_code": PV, "attribute_clause": "separate"} | changes
    result = onsite(ppa_contracts=[contract(**own)])
    assert said(result, "status") == [("eligible",)]
    assert conflicts(result) == []


# Conflicts ------------------------------------------------------------------------------------------------------------


def test_a_double_claim_excludes_both_and_names_both() -> None:
    rows = {"certificates": [issued()], "certificate_events": [cancel(), cancel(site_id="S2", on="2025-05-11")]}
    result = run(**rows)
    assert said(result, "site_id", "status", "reason") == [("S1", "excluded", "claimed twice"), ("S2", "excluded", "claimed twice")]
    assert conflicts(result) == [("CT11", "S1", "S2", 30.0), ("CT11", "S2", "S1", 30.0)]


def test_a_double_claim_over_months_is_told_in_each_month() -> None:
    rows = {
        "certificates": [issued()],
        "certificate_events": [cancel(), cancel(site_id="S2", on="2025-06-11", consumption_month="2025-04")],
    }
    assert conflicts(run("2025-03", **rows)) == [("CT11", "S1", "S2", 30.0)]
    assert conflicts(run("2025-04", **rows)) == [("CT11", "S2", "S1", 30.0)]


@pytest.mark.parametrize(
    ("certificates", "events"),
    [
        ([], [cancel()]),
        ([issued(issued_on="2025-06-01")], [cancel()]),
        ([issued()], [cancel(kind="transfer", on="2025-06-01", consumption_month=None), cancel()]),
        ([issued()], [cancel(kind="freeze", on="2025-05-01", consumption_month=None), cancel()]),
        ([issued(energy_class="self_use")], [cancel(channel="self_use")]),
        (
            [issued()],
            [
                cancel(kind="transfer", on="2025-05-01", site_id=None, channel="green_trade", consumption_month=None),
                cancel(kind="transfer", on="2025-05-02", consumption_month=None),
                cancel(),
            ],
        ),
    ],
)
def test_illegal_states_are_conflicts(certificates: list[dict[str, Any]], events: list[dict[str, Any]]) -> None:
    result = run(certificates=certificates, certificate_events=events)
    assert conflicts(result) == [("CT10", "S1", None, 30.0)]
    assert "eligible" not in result.claims["status"].to_list()


def test_overlapping_issue_and_bad_identity_are_conflicts() -> None:
    result = run(certificates=[issued(19), issued(29, seq_start=10)], certificate_events=[cancel()])
    assert conflicts(result) == [("CT09", "S1", None, 10.0)]
    assert said(result, "status", "reason", "quantity_wh") == [
        ("eligible", None, 10),
        ("excluded", "issued twice", 10),
        ("eligible", None, 10),
    ]
    unclaimed = run(certificates=[issued(), issued(9, seq_start=5, gec_code_first="short")])
    assert conflicts(unclaimed) == [("CT09", None, None, 5.0)] * 2  # five numbers issued twice, and a code that is none
    assert len(unclaimed.conflicts["detail_en"].unique()) == 2


def test_a_clean_month_has_no_conflicts() -> None:
    event = cancel(channel="green_trade", contract_id="K")
    result = run(
        energies=energy(e_dc=100, onsite_generation={"PV1": 5}), meters=[generation_meter()], certificates=[issued()],
        certificate_events=[event], ppa_contracts=[contract()], ppa_settlements=[settlement()],
        ppa_site_shares=[share("S1", 0.4), share("S2", 0.6)],
    )  # fmt: skip
    assert conflicts(result) == []
    assert dict(result.conflicts.schema) == CONFLICT_SCHEMA
    assert dict(result.claims.schema) == CLAIM_SCHEMA


# What they count for, and properties ---------------------------------------------------------------------------------------


def test_an_over_claim_is_capped_and_its_surplus_reported() -> None:
    event = cancel(59, channel="green_trade", contract_id="K")
    annual = cancel(44, project_code=PV, channel="unbundled")
    result = run(
        energies=energy(e_dc=100, onsite_generation={"PV1": 5}), meters=[generation_meter(project="R" * 17)],
        projects=[*PROJECTS, {"project_code": "R" * 17, "energy_type": "solar", "geography": "CN-HE"}],
        certificates=[issued(59), issued(44, project_code=PV)], certificate_events=[event, annual],
        ppa_contracts=[contract()], ppa_settlements=[settlement()],
    )  # fmt: skip
    # what is matched month by month fits into 100 MWh; certificates of a period count whole and are cut by the window
    claims = counted(result, 100)
    assert claims.claimed_wh_by_route == {"green_trade": 60 * MWH, "onsite": 5 * MWH, "unbundled_near": 45 * MWH}
    assert (claims.delivered_wh, claims.surplus_wh, claims.carbon_free_wh) == (65 * MWH, 0, 110 * MWH)
    # best routes first: 5 at 0.95, and 35 of 60 at 0.70
    cut = counted(result, 40)
    assert cut.claimed_wh_by_route == {"green_trade": 35 * MWH, "onsite": 5 * MWH, "unbundled_near": 45 * MWH}
    assert (cut.delivered_wh, cut.surplus_wh) == (40 * MWH, 25 * MWH)
    assert cut.weighted_wh_by_route["green_trade"] == pytest.approx(35 * 0.70 * MWH, rel=1e-12)


def test_an_unknown_load_leaves_claims_and_caps_nothing() -> None:
    event = cancel(channel="green_trade", contract_id="K")
    rows = {"certificates": [issued()], "ppa_contracts": [contract()], "ppa_settlements": [settlement()]}
    result = run(energies=energy(e_dc=None), certificate_events=[event], **rows)
    assert (counted(result, None).claimed_wh, counted(result, None).surplus_wh) == (30 * MWH, 0)
    assert (counted(result, 20).claimed_wh, counted(result, 20).surplus_wh) == (20 * MWH, 10 * MWH)


CANCELS = st.lists(
    st.tuples(
        st.integers(0, 80), st.integers(1, 30), st.sampled_from(["S1", "S2"]), st.sampled_from(["unbundled", "green_trade", "self_use"])
    ),
    min_size=1,
    max_size=5,
)


def drawn_events(drawn: list[tuple[int, int, str, str]]) -> list[dict[str, Any]]:
    return [
        cancel(start + length - 1, seq_start=start, site_id=site, channel=channel, on=f"2025-05-{n + 10}", source_row=n + 2)
        for n, (start, length, site, channel) in enumerate(drawn)
    ]


@settings(max_examples=25, deadline=None)
@given(CANCELS, st.randoms(use_true_random=False))
def test_row_order_never_matters(drawn: list[tuple[int, int, str, str]], random: Any) -> None:
    events, certificates = drawn_events(drawn), [issued(99, seq_start=50, source_row=3), issued(49, source_row=2)]
    once = run(certificates=certificates, certificate_events=events)
    random.shuffle(events)
    random.shuffle(certificates)
    again = run(certificates=certificates, certificate_events=events)
    assert once.claims.equals(again.claims)
    assert once.conflicts.equals(again.conflicts)


@settings(max_examples=25, deadline=None)
@given(CANCELS)
def test_every_cancelled_number_has_exactly_one_row_per_cancellation(drawn: list[tuple[int, int, str, str]]) -> None:
    result = run(certificates=[issued(60)], certificate_events=drawn_events(drawn))
    for n, (_, length, site, _) in enumerate(drawn):
        own = result.claims.filter(result.claims["source_row"] == n + 2)
        assert int(own["quantity_wh"].sum()) == length * MWH
        assert own["site_id"].unique().to_list() == [site]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 99), min_size=1, max_size=8, unique=True))
def test_more_evidenced_claims_never_lower_the_claim(starts: list[int]) -> None:
    claimed, weighted = 0, 0.0
    for many in range(len(starts) + 1):
        events = [cancel(start, seq_start=start, on=f"2025-05-{n + 10}") for n, start in enumerate(starts[:many])]
        claims = counted(run(energies=energy(e_dc=5), certificates=[issued(99)], certificate_events=events), 5)
        assert claims.claimed_wh >= claimed
        assert sum(claims.weighted_wh_by_route.values()) >= weighted
        claimed, weighted = claims.claimed_wh, sum(claims.weighted_wh_by_route.values())
