"""Certificates: issue and carry, splitting, allocation, validity, and the fate of every cancelled number."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.reference.factors import load_factors
from assets.staging.certificates import (
    Range,
    allocate,
    cancelled_pieces,
    held_pieces,
    identity_faults,
    issuable_count,
    issue,
    issued_beyond,
    issued_twice,
)
from assets.staging.claim_rules import REASONS, ClaimRules
from resources.errors import GciError

RULES = ClaimRules.from_reference(load_factors().data)
PROJECT = "P" * 17


def issued(start: int = 0, end: int = 99, **changes: Any) -> dict[str, Any]:
    row = {
        "project_code": PROJECT, "production_month": "2025-03", "seq_start": start, "seq_end": end, "energy_class": "on_grid",
        "energy_type": "wind", "tradable": True, "scheme": None, "mechanism": None, "ccer": None, "issued_on": "2025-04-20",
        "gec_code_first": None, "gec_code_last": None, "entry": 1, "source_row": 2,
    }  # fmt: skip
    return row | changes


def event(
    kind: str = "cancel", start: int = 0, end: int = 99, on: str = "2025-05-10", site: str | None = "S1", **changes: Any
) -> dict[str, Any]:
    row = {
        "project_code": PROJECT, "production_month": "2025-03", "seq_start": start, "seq_end": end, "kind": kind, "on": on,
        "site_id": site, "channel": "unbundled", "contract_id": None, "evidence": "c.pdf", "entry": 2, "source_row": 2,
    }  # fmt: skip
    return row | changes


def fates(certificates: list[dict[str, Any]], events: list[dict[str, Any]]) -> list[tuple[int, int, str | None]]:
    return [(p.range.seq_start, p.range.seq_end, p.fault) for p in cancelled_pieces(certificates, events, RULES)]


# Pure arithmetic ------------------------------------------------------------------------------------------------------


def test_issue_carries_the_remainder() -> None:
    kwh = (12_345_678, 9_999_400, 999, 1)
    assert [(n, carry // 1000) for n, carry in issue(k * 1000 for k in kwh)] == [(12_345, 678), (10_000, 78), (1, 77), (0, 78)]


@given(st.lists(st.integers(0, 10**12), max_size=20), st.integers(0, 999_999))
def test_issue_loses_nothing(energies: list[int], carry: int) -> None:
    months = issue(energies, carry)
    assert sum(energies) + carry == sum(n for n, _ in months) * 1_000_000 + (months[-1][1] if months else carry)


def test_a_split_keeps_end_minus_start_plus_one() -> None:
    first, rest = Range(PROJECT, "2025-03", 0, 999).split(250)
    assert (first.seq_start, first.seq_end, first.count) == (0, 249, 250)
    assert (rest.seq_start, rest.seq_end, rest.count) == (250, 999, 750)


@pytest.mark.parametrize("count", [0, 1000, -1])
def test_a_split_leaves_no_empty_part(count: int) -> None:
    with pytest.raises(ValueError, match="1000 certificates"):
        Range(PROJECT, "2025-03", 0, 999).split(count)


def test_parts_must_make_the_range() -> None:
    assert Range(PROJECT, "2025-03", 5, 9).parts([2, 0, 3]) == [
        Range(PROJECT, "2025-03", 5, 6),
        None,
        Range(PROJECT, "2025-03", 7, 9),
    ]
    with pytest.raises(ValueError, match="do not make 5"):
        Range(PROJECT, "2025-03", 5, 9).parts([2, 2])


@pytest.mark.parametrize(
    ("quantity", "weights", "expected"),
    [
        (9237, [5, 3, 2], [4619, 2771, 1847]),  # 4618.5, 2771.1, 1847.4: the largest remainder gets the last one
        (30, [1] * 12, [3] * 6 + [2] * 6),  # ties: the earlier months
        (60, [6] * 12, [5] * 12),
        (7, [0, 1], [0, 7]),
        (0, [1, 2], [0, 0]),
        (10**18 + 1, [1, 1], [5 * 10**17 + 1, 5 * 10**17]),  # exact beyond floats
    ],
)
def test_largest_remainder(quantity: int, weights: list[int], expected: list[int]) -> None:
    assert allocate(quantity, weights) == expected


@pytest.mark.parametrize("weights", [[], [0, 0], [2, -1]])
def test_nothing_is_shared_out_by_no_weights(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        allocate(5, weights)


@given(st.integers(0, 10**9), st.lists(st.integers(0, 1000), min_size=1, max_size=8).filter(any))
def test_allocated_makes_the_quantity_and_is_fair(quantity: int, weights: list[int]) -> None:
    parts = allocate(quantity, weights)
    assert sum(parts) == quantity
    assert all(abs(part - Fraction(quantity * weight, sum(weights))) < 1 for part, weight in zip(parts, weights, strict=True))


# Validity -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("production", "last_day"),
    [
        ("2022-06", "2025-12-31"),
        ("2023-12", "2025-12-31"),
        ("2024-01", "2025-12-31"),
        ("2024-02", "2026-01-31"),
        ("2025-03", "2027-02-28"),
    ],
)
def test_expiry_in_the_old_regime(production: str, last_day: str) -> None:
    assert RULES.expires_on(production, "2025-06") == last_day


@pytest.mark.parametrize(
    ("production", "consumption", "cancelled_on", "fault"),
    [
        ("2023-11", "2025-10", "2025-11-15", None),
        ("2023-11", "2025-10", "2026-01-05", "expired"),  # 2023 production ended with 2025
        ("2024-02", "2025-12", "2026-01-31", None),
        ("2024-02", "2025-12", "2026-02-01", "expired"),
        ("2025-12", "2026-01", "2026-02-10", "vintage"),  # the old regime would have counted it
        ("2026-01", "2026-03", "2026-04-10", None),
        ("2026-05", "2026-03", "2026-06-10", None),  # the same year
        ("2027-01", "2026-12", "2027-02-10", "vintage"),
        ("2026-01", "2025-12", "2026-02-10", "vintage"),  # energy of a later year
    ],
)
def test_vintage_is_chosen_by_consumption_year(production: str, consumption: str, cancelled_on: str, fault: str | None) -> None:
    assert RULES.vintage_fault(production, consumption, cancelled_on) == fault


def test_a_year_without_a_regime_is_an_error() -> None:
    rules = ClaimRules({"regimes": [{"code": "x", "consumption_from": 2026}]}, RULES.routes, RULES.regions)
    with pytest.raises(GciError, match="no regime for consumption in 2025"):
        rules.regime("2025-12")


def test_grid_regions_keep_the_two_mongolias_apart() -> None:
    assert RULES.same_region("CN-NMW", "CN-HE")
    assert RULES.same_region("CN-NME", "CN-LN")
    assert not RULES.same_region("CN-NMW", "CN-NME")
    assert not RULES.same_region("CN-NM", "CN-HE")  # which of the two is not said
    assert not RULES.same_region(None, None)


def test_an_unknown_route_has_no_weight() -> None:
    assert RULES.weight("direct_line") == 1.0
    with pytest.raises(GciError, match="no route 'wish'"):
        RULES.weight("wish")


# Fates of cancelled numbers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("certificates", "events", "expected"),
    [
        pytest.param([issued()], [event()], [(0, 99, None)], id="clean"),
        pytest.param([], [event()], [(0, 99, "not issued")], id="no row"),
        pytest.param([issued(0, 59)], [event()], [(0, 59, None), (60, 99, "not issued")], id="more than issued"),
        pytest.param([issued(production_month="2025-04")], [event()], [(0, 99, "not issued")], id="another month's"),
        pytest.param([issued(0, 60), issued(50, 99)], [event()], [(0, 49, None), (50, 60, "issued twice"), (61, 99, None)], id="overlap"),
        pytest.param([issued(project_code="short")], [event(project_code="short")], [(0, 99, "identity wrong")], id="no identity"),
        pytest.param(
            [issued()],
            [event(), event(start=40, end=99, site="S2", on="2025-05-11")],
            [(0, 39, None), (40, 99, "claimed twice"), (40, 99, "claimed twice")],
            id="two sites",
        ),
        pytest.param(
            [issued()], [event(), event(on="2025-06-11")], [(0, 99, "claimed twice"), (0, 99, "claimed twice")], id="one site twice"
        ),
        pytest.param([issued()], [event(on="2025-04-19")], [(0, 99, "cancelled before issue")], id="before issue"),
        pytest.param(
            [issued()], [event(), event("withdraw", 90, 99, "2025-07-01")], [(0, 89, None), (90, 99, "withdrawn")], id="withdrawn"
        ),
        pytest.param([issued()], [event(), event("freeze", 0, 9, "2025-05-01")], [(0, 9, "frozen"), (10, 99, None)], id="frozen"),
        pytest.param([issued()], [event(), event("expire", 0, 99, "2025-05-01")], [(0, 99, "expired")], id="expired"),
        pytest.param([issued(ccer=True)], [event()], [(0, 99, "ccer")], id="ccer"),
        pytest.param([issued(ccer=False)], [event()], [(0, 99, None)], id="not ccer"),
        pytest.param([issued(mechanism=True)], [event()], [(0, 99, "mechanism")], id="mechanism"),
        pytest.param([issued()], [event(channel="provincial")], [(0, 99, "provincial account")], id="provincial"),
        pytest.param([issued(scheme="I-REC")], [event()], [(0, 99, "foreign scheme")], id="foreign"),
        pytest.param([issued()], [event("transfer", on="2025-05-01"), event()], [(0, 99, None)], id="held, then cancelled"),
        pytest.param([issued()], [event("transfer", on="2025-05-10"), event()], [(0, 99, None)], id="held on the same day"),
        pytest.param(
            [issued()], [event("transfer", on="2025-05-01", site="S2"), event()], [(0, 99, "illegal state")], id="held by another"
        ),
        pytest.param([issued()], [event("transfer", on="2025-06-01"), event()], [(0, 99, "illegal state")], id="transferred after"),
        pytest.param(
            [issued()],
            [event("transfer", on="2025-05-01", site=None, channel="green_trade"), event("transfer", on="2025-05-03"), event()],
            [(0, 99, "illegal state")],
            id="resold after green-power trade",
        ),
        pytest.param(
            [issued()],
            [event("transfer", on="2025-05-01", site=None), event("transfer", on="2025-05-03", channel="green_trade"), event()],
            [(0, 99, None)],
            id="green-power trade last",
        ),
    ],
)
def test_fate_of_cancelled_numbers(
    certificates: list[dict[str, Any]], events: list[dict[str, Any]], expected: list[tuple[int, int, str | None]]
) -> None:
    assert sorted(fates(certificates, events), key=str) == sorted(expected, key=str)
    assert fates(certificates[::-1], events[::-1]) == fates(certificates, events)
    assert {fault for *_, fault in expected} - {None} <= set(REASONS)


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 40), st.sampled_from(["cancel", "transfer", "freeze"])), min_size=1, max_size=6)
)
def test_pieces_make_every_cancelled_range(drawn: list[tuple[int, int, str]]) -> None:
    events = [event(kind, start, start + length - 1, f"2025-05-{10 + n}") for n, (start, length, kind) in enumerate(drawn)]
    pieces = cancelled_pieces([issued(0, 49), issued(50, 79)], events, RULES)
    for one in events:
        if one["kind"] == "cancel":
            own = sorted((p.range.seq_start, p.range.seq_end) for p in pieces if p.event is one)
            numbers = [n for start, end in own for n in range(start, end + 1)]
            assert numbers == list(range(one["seq_start"], one["seq_end"] + 1))


def test_held_until_passed_on_or_cancelled() -> None:
    def held(*events: dict[str, Any]) -> list[tuple[int, int, str]]:
        return [(p.range.seq_start, p.range.seq_end, p.event["site_id"]) for p in held_pieces([issued()], list(events), RULES)]

    bought = event("transfer", on="2025-05-01")
    assert held(bought) == [(0, 99, "S1")]
    assert held(bought, event(end=29)) == [(30, 99, "S1")]
    assert held(bought, event("transfer", 50, 99, "2025-05-02", site="S2")) == [(0, 49, "S1"), (50, 99, "S2")]
    assert held(bought, event("expire", on="2025-06-01")) == []
    assert held_pieces([], [bought], RULES) == []


def test_identity() -> None:
    def english(**row: Any) -> list[str]:
        faults = identity_faults(issued(**row), RULES)
        assert all(re.search("[\u4e00-\u9fff]", zh) for _, zh in faults)
        return [en for en, _ in faults]

    first, last = PROJECT + "0" * 15, PROJECT + "9" * 15
    assert english(gec_code_first=first, gec_code_last=last) == []
    assert english(project_code="P" * 16) == ["project code of 16 characters instead of 17"]
    assert [en for en, _ in identity_faults(issued(9, 3), RULES)] == ["range runs backwards"]
    assert len(english(gec_code_first=first[:-1], gec_code_last="Q" * 32)) == 2


@pytest.mark.parametrize(
    ("end", "last", "fault"),
    [
        (0, "0", None),
        (1, "9", None),
        (1, "0", "the codes stand for one certificate, the range for 2"),
        (0, "9", "the codes stand for several certificates, the range for 1"),
    ],
)
def test_the_codes_are_as_many_as_the_range(end: int, last: str, fault: str | None) -> None:
    row = issued(0, end, gec_code_first=PROJECT + "0" * 15, gec_code_last=PROJECT + last * 15)
    assert [en for en, _ in identity_faults(row, RULES)] == ([fault] if fault else [])


# CT14 -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wh", "count"),
    # floor((Wh + carry) / 1 MWh), the carry at most 999,999 Wh
    [(0, 0), (1, 1), (1_000_000, 1), (1_000_001, 2), (12_345_678_000, 12_346)],
)
def test_what_a_months_generation_can_give(wh: int, count: int) -> None:
    assert issuable_count(wh) == count


def test_numbers_beyond_what_was_generated() -> None:
    assert issued_beyond([issued(0, 99)], 100) == []
    assert issued_beyond([issued(0, 99)], 60) == [(60, 99)]
    assert issued_beyond([issued(50, 99), issued(0, 29)], 60) == [(80, 99)]  # 30 of the first range, 30 of the second
    assert issued_beyond([issued(0, 59), issued(50, 99)], 60) == [(60, 99)]  # 50 to 59 are issued twice: one certificate each
    assert issued_beyond([issued(0, 9), issued(10, 19)], 0) == [(0, 9), (10, 19)]


def test_the_excess_does_not_count() -> None:
    pieces = cancelled_pieces([issued()], [event()], RULES, {(PROJECT, issued()["production_month"]): 60})
    assert [(p.range.seq_start, p.range.seq_end, p.fault) for p in pieces] == [(0, 59, None), (60, 99, "more than generated")]


def test_issued_twice_names_the_common_numbers() -> None:
    assert issued_twice([issued(0, 49), issued(50, 99)]) == []
    [(span, _, _)] = issued_twice([issued(0, 60), issued(50, 99)])
    assert (span.seq_start, span.seq_end) == (50, 60)
