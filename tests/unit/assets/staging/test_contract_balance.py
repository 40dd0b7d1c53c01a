"""Contracted → delivered → settled → certificated → cancelled → counted: every stage and every named gap, worked by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.staging.claim_rules import REASONS
from assets.staging.claims import month_claims
from assets.staging.contract_balance import BALANCE_SCHEMA, contract_balance
from assets.staging.contract_chain import GAPS, STAGES, Chain, chain_of
from assets.staging.contract_numbers import Numbers
from tests.unit.assets.staging.green_world import (
    EVIDENCE,
    MONTH,
    MWH,
    PV,
    RULES,
    WIND,
    Row,
    contract,
    energy,
    event,
    feeds,
    issued,
    meter,
    settlement,
    share,
)

SITES = [{"site_id": "S1", "geography": "CN-HE"}, {"site_id": "S2", "geography": "CN-HE"}]


def balance(energies: list[Row] | None = None, *, may_come: bool = True, **rows: list[Row]) -> list[dict[str, Any]]:
    """The table of the month for these feeds."""
    claimed = month_claims(
        feeds(**rows), energies or energy("E_DC", 20_000), SITES, month=MONTH, evidence=EVIDENCE, rules=RULES
    )  # fmt: skip
    found = contract_balance(
        claimed.books, claimed.claims.to_dicts(), feeds(**rows)["ppa_settlements"], rows.get("meters", []), may_come=may_come
    )
    assert dict(found.schema) == BALANCE_SCHEMA
    return found.to_dicts()


def stages(rows: list[dict[str, Any]], contract_id: str = "K") -> dict[str, float | None]:
    totals = [row for row in rows if (row["contract_id"], row["item"]) == (contract_id, "total")]
    return {row["stage"]: None if row["quantity_wh"] is None else row["quantity_wh"] / MWH for row in totals}


def gaps(rows: list[dict[str, Any]], contract_id: str = "K") -> dict[tuple[str, str], float]:
    return {(r["stage"], r["ref"]): r["quantity_wh"] / MWH for r in rows if (r["contract_id"], r["item"]) == (contract_id, "gap")}


TRADE = {"ppa_contracts": [contract()], "ppa_site_shares": [share("S1", 1.0)]}


def test_settled_certificated_and_the_rest_carried() -> None:
    """9,237.4 settled, 9,237 issued, transferred and cancelled: 0.4 is carried and nothing else is missing."""
    rows = balance(
        **TRADE, ppa_settlements=[settlement(9237.4, ongrid_mwh=9237.4, contract_mwh=9237.4, user_mwh=20_000)],
        certificates=[issued(0, 9236)], certificate_events=[event("transfer", 0, 9236), event("cancel", 0, 9236, site_id="S1")],
    )  # fmt: skip
    assert stages(rows) == {
        "contracted": 9237.4, "delivered": 9237.4, "settled": 9237.4, "certificated": 9237, "cancelled": 9237, "counted": 9237,
    }  # fmt: skip
    assert gaps(rows) == {("certificated", "carried"): 0.4}
    assert [(row["ref"], row["quantity_wh"]) for row in rows if row["item"] == "site"] == [("S1", 9237 * MWH), ("S1", 9237 * MWH)]
    assert [(row["ref"], row["share_ratio"]) for row in rows if row["item"] == "share"] == [("S1", 1.0)]


@pytest.mark.parametrize(
    ("stated", "settled", "expected"),
    [
        # the vectors of the three-way minimum (10000, 9200, 11000), (10000, 12000, 11000), (10000, 12000, 8000)
        ({"contract_mwh": 10_000, "ongrid_mwh": 9200, "user_mwh": 11_000}, 9200, {("delivered", "short delivery"): 800}),
        (
            {"contract_mwh": 10_000, "ongrid_mwh": 12_000, "user_mwh": 11_000}, 10_000,
            {("delivered", "beyond the contract"): -2000, ("settled", "beyond the contract"): 2000},
        ),
        (
            {"contract_mwh": 10_000, "ongrid_mwh": 12_000, "user_mwh": 8000}, 8000,
            {("delivered", "beyond the contract"): -2000, ("settled", "beyond the contract"): 2000, ("settled", "above user load"): 2000},
        ),
        (
            {"contract_mwh": 10_000, "ongrid_mwh": 10_200, "mechanism_mwh": 1000, "user_mwh": 11_000}, 9200,
            {("delivered", "mechanism volume"): 800},
        ),
        (
            {"contract_mwh": 10_000, "ongrid_mwh": 9500, "mechanism_mwh": 1000, "user_mwh": 11_000}, 8500,
            {("delivered", "mechanism volume"): 1000, ("delivered", "short delivery"): 500},
        ),
        ({"contract_mwh": 10_000, "ongrid_mwh": 10_000, "user_mwh": 11_000}, 9000, {("settled", "less on the statement"): 1000}),
        (
            {"contract_mwh": 10_000, "ongrid_mwh": 9000}, 9400,
            {("delivered", "short delivery"): 1000, ("settled", "more on the statement"): -400},
        ),
    ],
)  # fmt: skip
def test_contracted_delivered_settled(stated: dict[str, float], settled: float, expected: dict[tuple[str, str], float]) -> None:
    rows = balance(**TRADE, ppa_settlements=[settlement(settled, **stated)])
    found = gaps(rows)
    assert {key: part for key, part in found.items() if key[0] in ("delivered", "settled")} == expected
    assert stages(rows)["settled"] == settled


@pytest.mark.parametrize(
    ("facts", "may_come", "expected"),
    [
        ({}, True, {"not yet issued": 100, "carried": 0.4}),
        ({}, False, {"not issued in time": 100, "carried": 0.4}),  # by the calendar none can come any more
        ({"certificates": [issued(0, 79)]}, True, {"issued, not transferred": 80, "not yet issued": 20, "carried": 0.4}),
        # what another contract was given is not free; certificates of mechanism electricity are nobody's
        (
            {"certificates": [issued(0, 79)], "certificate_events": [event("transfer", 0, 49, contract_id="other")]}, True,
            {"issued, not transferred": 30, "not yet issued": 70, "carried": 0.4},
        ),
        ({"certificates": [issued(0, 79, mechanism=True)]}, True, {"not yet issued": 100, "carried": 0.4}),
        ({"certificates": [issued(0, 100)], "certificate_events": [event("transfer", 0, 100)]}, True, {"carried from before": -0.6}),
        ({"certificates": [issued(0, 104)], "certificate_events": [event("transfer", 0, 104)]}, True, {"beyond the settlement": -4.6}),
        # numbers that were never issued are no certificates
        ({"certificate_events": [event("transfer", 0, 99)]}, True, {"not yet issued": 100, "carried": 0.4}),
        ({"ppa_contracts": [contract(attribute_clause="none")]}, True, {"attribute not conveyed": 100, "carried": 0.4}),
        ({"ppa_contracts": [contract(kind="financial")]}, True, {"attribute not conveyed": 100, "carried": 0.4}),
    ],
)  # fmt: skip
def test_settled_certificated(facts: dict[str, Any], may_come: bool, expected: dict[str, float]) -> None:
    found = gaps(balance(may_come=may_come, **{**TRADE, "ppa_settlements": [settlement(100.4)], **facts}))
    assert {name: part for (stage, name), part in found.items() if stage == "certificated"} == expected


def test_held_ended_and_cancelled() -> None:
    """100 transferred: 60 cancelled, 10 expired, 5 frozen, 25 still held."""
    events = [event("transfer", 0, 99), event("cancel", 0, 59, site_id="S1"), event("expire", 60, 69, on="2025-12-31")]
    rows = balance(
        **TRADE, ppa_settlements=[settlement(100)], certificates=[issued(0, 99)],
        certificate_events=[*events, event("freeze", 70, 74, on="2025-09-01")],
    )  # fmt: skip
    assert {name: part for (stage, name), part in gaps(rows).items() if stage == "cancelled"} == {
        "expired": 10, "frozen": 5, "not cancelled": 25,
    }  # fmt: skip
    assert (stages(rows)["certificated"], stages(rows)["cancelled"], stages(rows)["counted"]) == (100, 60, 60)


def test_what_is_cancelled_and_does_not_count_is_named_by_its_reason() -> None:
    """100 cancelled: 30 without a document, 20 also for another site (counted for neither), 10 stated for another month, 40 count."""
    events = [
        event("cancel", 0, 29, site_id="S1", evidence=None), event("cancel", 30, 49, site_id="S1"),
        event("cancel", 30, 49, site_id="S2", on="2025-08-25"), event("cancel", 50, 59, site_id="S1", consumption_month="2025-09"),
        event("cancel", 60, 99, site_id="S1"),
    ]  # fmt: skip
    rows = balance(**TRADE, ppa_settlements=[settlement(100)], certificates=[issued(0, 99)], certificate_events=events)
    assert {name: part for (stage, name), part in gaps(rows).items() if stage == "counted"} == {
        "claimed twice": 20, "evidence missing": 30, "in other months": 10,
    }  # fmt: skip
    assert stages(rows)["counted"] == 40


def test_the_last_version_of_a_month_wins_and_the_earlier_stay() -> None:
    rows = balance(**TRADE, ppa_settlements=[settlement(90, 1), settlement(110, 3), settlement(100, 2), settlement(7, month="2025-06")])
    assert stages(rows)["settled"] == 110
    assert [(row["ref"], row["quantity_wh"] // MWH) for row in rows if row["item"] == "version"] == [("1", 90), ("2", 100), ("3", 110)]


def test_settled_energy_is_shared_out_in_whole_mwh() -> None:
    rows = balance(ppa_contracts=[contract()], ppa_site_shares=[share("S1", 0.6), share("S2", 0.4)], ppa_settlements=[settlement(10.9)])
    assert [(row["ref"], row["quantity_wh"] // MWH) for row in rows if (row["stage"], row["item"]) == ("settled", "site")] == [
        ("S1", 6), ("S2", 4),
    ]  # fmt: skip
    over = balance(ppa_contracts=[contract()], ppa_site_shares=[share("S1", 0.6), share("S2", 0.5)], ppa_settlements=[settlement(10)])
    assert [row for row in over if (row["stage"], row["item"]) == ("settled", "site")] == []  # shares above 1 share out nothing


def test_a_direct_line_is_delivered_by_its_meter() -> None:
    """The line brought 50 MWh, 48 were settled, 49 certificates of self-use issued, 40 of them cancelled without naming the contract."""
    line = {"ppa_contracts": [contract(kind="direct_line")], "ppa_site_shares": [share("S1", 1.0)], "meters": [meter("L", "direct_line")]}
    rows = balance(
        [*energy("E_DC", 200), *energy("point:direct_line", 50, L=50)], **line, ppa_settlements=[settlement(48)],
        certificates=[issued(0, 48, energy_class="self_use")],
        certificate_events=[event("cancel", 0, 39, site_id="S1", contract_id=None, channel="self_use")],
    )  # fmt: skip
    assert stages(rows) == {"contracted": None, "delivered": 50, "settled": 48, "certificated": 49, "cancelled": 40, "counted": 40}
    assert gaps(rows) == {
        ("settled", "less on the statement"): 2, ("certificated", "beyond the settlement"): -1, ("cancelled", "not cancelled"): 9,
    }  # fmt: skip


def test_on_site_generation_counts_by_its_meter() -> None:
    """12 generated, 2 exported: 10 count before any certificate; with the attribute sold none does."""
    plant = {"ppa_site_shares": [share("S1", 1.0)], "meters": [meter("PV", "onsite_generation", project=PV), meter("EX", "export")]}
    energies = [*energy("E_DC", 200), *energy("point:onsite_generation", 12, PV=12), *energy("point:export", 2, EX=2)]
    own = contract(kind="onsite_owned", project_code=PV)
    rows = balance(energies, ppa_contracts=[own], **plant)
    assert stages(rows) == {"delivered": 10, "certificated": 0, "cancelled": 0, "counted": 10}
    assert gaps(rows) == {("certificated", "certificates lag"): 10}
    sold = balance(energies, ppa_contracts=[own | {"attribute_clause": "separate"}], **plant)
    assert stages(sold)["counted"] == 0
    assert gaps(sold) == {("certificated", "attribute not conveyed"): 10, ("counted", "attribute sold"): 10}


def test_a_purchase_of_certificates_delivers_nothing() -> None:
    """80 bought of July's, 60 cancelled for the year: where they count stands in the months that they are cancelled for."""
    cancel = event("cancel", 0, 59, site_id="S1", channel="unbundled", consumption_month=None)
    rows = balance(
        ppa_contracts=[contract(kind="certificate_purchase", attribute_clause="separate")], ppa_site_shares=[share("S1", 1.0)],
        certificates=[issued(0, 99)],
        certificate_events=[
            event("transfer", 0, 79, channel="unbundled"),
            cancel | {"consumption_start": "2025-01", "consumption_end": "2025-12"},
        ],
    )  # fmt: skip
    assert stages(rows) == {"certificated": 80, "cancelled": 60}
    assert gaps(rows) == {("cancelled", "not cancelled"): 20}


def test_a_contract_without_a_statement_is_unknown_not_zero() -> None:
    rows = balance(**TRADE)
    assert stages(rows) == {"contracted": None, "delivered": None, "settled": None, "certificated": 0, "cancelled": 0, "counted": 0}
    assert gaps(rows) == {}


def test_contracts_of_other_times_are_left_out_unless_something_happened() -> None:
    ended = contract(end_on="2025-06-30")
    assert balance(ppa_contracts=[ended]) == []
    assert stages(balance(ppa_contracts=[ended], ppa_settlements=[settlement(5)]))["settled"] == 5


def test_every_gap_has_words() -> None:
    assert all(en and zh for en, zh in GAPS.values())
    assert not set(GAPS) & set(REASONS) - {"expired", "frozen", "withdrawn"}


WH = st.integers(0, 50 * MWH)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["green_trade", "direct_line", "certificate_purchase", "onsite_owned"]), st.none() | WH, st.none() | WH, st.none() | WH,
    st.none() | WH, st.none() | WH, WH, st.tuples(*[st.integers(0, 20)] * 4), st.lists(st.integers(0, 20 * MWH), max_size=3), st.booleans(),
)  # fmt: skip
def test_the_parts_of_every_gap_sum_to_it(
    kind: str, stated: int | None, ongrid: int | None, mechanism: int | None, user: int | None, delivered: int | None, settled: int,
    counts: tuple[int, int, int, int], excluded: list[int], may_come: bool,
) -> None:  # fmt: skip
    def mwh(wh: int | None) -> str | None:
        return None if wh is None else f"{wh // MWH}.{wh % MWH:06d}"

    said = settlement(0) | {
        "settled_mwh": mwh(settled), "contract_mwh": mwh(stated), "ongrid_mwh": mwh(ongrid), "mechanism_mwh": mwh(mechanism),
        "user_mwh": mwh(user),
    }  # fmt: skip
    cancelled, left, ended, free = counts
    numbers = Numbers(cancelled + left + ended, cancelled, {"expired": ended}, free)
    claims = [{"status": "excluded", "reason": f"reason {n}", "quantity_wh": wh} for n, wh in enumerate(excluded)]
    chain = chain_of(contract(kind=kind), said, delivered, numbers, claims, may_come=may_come)
    assert _sums(chain, kind)


def _sums(chain: Chain, kind: str) -> bool:
    before: int | None = None
    for stage in STAGES:
        now = chain.quantities.get(stage)
        if now is None:
            assert not chain.gaps.get(stage)
            continue
        start = chain.quantities["delivered"] if (stage, kind) == ("counted", "onsite_owned") else before
        if start is not None:
            assert sum(chain.gaps.get(stage, {}).values()) == start - now
        before = now
    return True


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(4)), st.permutations(range(3)))
def test_the_order_of_rows_changes_nothing(of_events: list[int], of_versions: list[int]) -> None:
    events = [
        event("transfer", 0, 99),
        event("cancel", 0, 59, site_id="S1"),
        event("cancel", 60, 69, site_id="S2"),
        event("expire", 80, 84),
    ]
    versions = [settlement(90, 1), settlement(110.2, 3), settlement(100, 2)]
    facts = {**TRADE, "certificates": [issued(0, 99)]}
    keep = ("entry", "source_row")
    one = balance(**facts, certificate_events=events, ppa_settlements=versions)
    other = balance(
        **facts, certificate_events=[events[n] for n in of_events], ppa_settlements=[versions[n] for n in of_versions]
    )  # fmt: skip
    assert [{k: v for k, v in row.items() if k not in keep} for row in one] == [
        {k: v for k, v in row.items() if k not in keep} for row in other
    ]


def test_a_contract_without_a_project_takes_the_certificates_that_name_it() -> None:
    rows = balance(
        ppa_contracts=[contract(project_code=None)], ppa_site_shares=[share("S1", 1.0)], ppa_settlements=[settlement(30)],
        certificates=[issued(0, 19), issued(0, 9, project=PV)],
        certificate_events=[event("cancel", 0, 19, site_id="S1"), event("cancel", 0, 9, project=PV, site_id="S1")],
    )  # fmt: skip
    assert (stages(rows)["certificated"], stages(rows)["counted"]) == (30, 30)
    assert WIND != PV
