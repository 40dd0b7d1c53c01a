"""The certificate ledger: the state machine of a range, splits and merges, and until when certificates can be used."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.reference.calendar_of_claims import ClaimCalendar
from assets.reference.factors import load_factors
from assets.staging.certificate_ledger import LEDGER, STATES, last_use, range_states, state_of
from assets.staging.certificates import Range
from assets.staging.claim_rules import ClaimRules

DATA = load_factors().data
RULES, CALENDAR = ClaimRules.from_reference(DATA), ClaimCalendar.from_reference(DATA)
PROJECT = "P" * 17
Row = dict[str, Any]
_DAYS = {"transfer": "2025-05-01", "cancel": "2025-05-10"}


def issued(start: int = 0, end: int = 999, **changes: Any) -> Row:
    return {"project_code": PROJECT, "production_month": "2025-03", "seq_start": start, "seq_end": end, "issued_on": "2025-04-20",
            "energy_class": "on_grid", "energy_type": "wind", "tradable": True, "entry": 1, "source_row": 2} | changes  # fmt: skip


def event(kind: str, start: int = 0, end: int = 999, **changes: Any) -> Row:
    return {"project_code": PROJECT, "production_month": "2025-03", "seq_start": start, "seq_end": end, "kind": kind,
            "on": _DAYS.get(kind, "2025-06-01"), "site_id": "S1", "beneficiary": "Site one", "entry": 2,
            "source_row": 2} | changes  # fmt: skip


def stand(certificates: list[Row], events: list[Row]) -> list[tuple[int, int, str]]:
    rows = range_states(certificates, events, RULES, CALENDAR, "2025-03")
    return list(rows.select("seq_start", "seq_end", "state").iter_rows())


@pytest.mark.parametrize(
    ("events", "state", "fault"),
    [
        ([], "issued", None),
        (["transfer"], "transferred", None),
        (["transfer", "transfer"], "transferred", None),
        (["cancel"], "cancelled", None),
        (["transfer", "cancel"], "cancelled", None),
        (["expire"], "expired", None),
        (["transfer", "freeze"], "frozen", None),
        (["withdraw"], "withdrawn", None),
        (["cancel", "cancel"], "disputed", "cancelled, then cancelled"),
        (["cancel", "transfer"], "disputed", "cancelled, then transferred"),
        (["freeze", "cancel"], "disputed", "frozen, then cancelled"),
        (["expire", "transfer", "cancel"], "disputed", "expired, then transferred"),
    ],
)
def test_the_life_of_a_range(events: list[str], state: str, fault: str | None) -> None:
    assert state_of([issued()], [event(kind, on="2025-05-10") for kind in events]) == (state, fault)
    assert state in STATES


def test_what_is_no_life() -> None:
    assert state_of([], [event("cancel")])[0] == "not issued"
    assert state_of([issued(), issued()], [])[0] == "disputed"
    assert state_of([issued()], [event("cancel", on="2025-04-19")]) == ("disputed", "cancelled before it was issued")
    assert state_of([issued()], [event("cancel", on="2025-04-20")]) == ("cancelled", None)


def test_a_split_at_250() -> None:
    assert stand([issued()], [event("transfer", 0, 249)]) == [(0, 249, "transferred"), (250, 999, "issued")]
    first, rest = Range(PROJECT, "2025-03", 0, 999).split(250)
    assert (first.seq_start, first.seq_end, rest.seq_start, rest.seq_end) == (0, 249, 250, 999)
    assert first.merge(rest) == Range(PROJECT, "2025-03", 0, 999)


@pytest.mark.parametrize(
    "other", [Range(PROJECT, "2025-03", 251, 999), Range(PROJECT, "2025-04", 250, 999), Range("Q" * 17, "2025-03", 250, 999)]
)
def test_only_ranges_that_adjoin_merge(other: Range) -> None:
    with pytest.raises(ValueError, match="does not follow"):
        Range(PROJECT, "2025-03", 0, 249).merge(other)


def test_parts_with_one_story_are_one_range_again() -> None:
    # two rows issue it, one transfer takes both, and the transfer says where it stands
    assert stand([issued(0, 249), issued(250, 999)], [event("transfer")]) == [(0, 999, "transferred")]
    # cut by a cancellation in the middle
    assert stand([issued()], [event("transfer"), event("cancel", 100, 199)]) == [
        (0, 99, "transferred"), (100, 199, "cancelled"), (200, 999, "transferred"),
    ]  # fmt: skip
    assert stand([issued(0, 9), issued(20, 29)], []) == [(0, 9, "issued"), (20, 29, "issued")]  # numbers between them are nobody's


def test_a_row_says_who_has_it_and_by_which_event() -> None:
    cancel = event("cancel", 0, 9, channel="green_trade", contract_id="K", consumption_month="2025-03", evidence="c.pdf", entry=7)
    frame = range_states([issued(0, 9)], [event("transfer", 0, 9, to_account="A"), cancel], RULES, CALENDAR, "2025-03")
    assert dict(frame.schema) == LEDGER
    (row,) = frame.to_dicts()
    wanted = {
        "state": "cancelled", "since": "2025-05-10", "site_id": "S1", "account": None, "beneficiary": "Site one", "channel": "green_trade",
        "contract_id": "K", "consumption_start": "2025-03", "consumption_end": "2025-03", "energy_type": "wind", "usable_for": "2025-12",
        "usable_to": "2027-02-28", "evidence": "c.pdf", "entry": 7, "source_row": 2, "month": "2025-03", "fault": None,
    }  # fmt: skip
    assert {name: row[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("produced", "month", "day"),
    [
        ("2023-12", "2025-12", "2025-12-31"),  # produced before 2024: to the end of 2025
        ("2024-01", "2025-12", "2025-12-31"),  # two years with the month of production
        ("2025-03", "2025-12", "2027-02-28"),  # not for 2026: the year must be the same from then on
        ("2027-01", "2027-12", "2028-03-31"),  # no day is set: until the claims of the year are complete
    ],
)
def test_until_when_certificates_can_be_used(produced: str, month: str, day: str) -> None:
    assert last_use(produced, RULES, CALENDAR) == (month, day)


spans = st.tuples(st.integers(0, 30), st.integers(1, 20)).map(lambda t: (t[0], t[0] + t[1] - 1))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(spans, min_size=1, max_size=3), st.lists(st.tuples(spans, st.sampled_from(["cancel", "transfer", "freeze"])), max_size=5),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_every_number_stands_once_whatever_the_order_of_rows(
    certificates: list[tuple[int, int]], events: list[tuple[tuple[int, int], str]], draw: random.Random
) -> None:
    own = [issued(*span, source_row=n) for n, span in enumerate(certificates)]
    befell = [event(kind, *span, source_row=n) for n, (span, kind) in enumerate(events)]
    rows = stand(own, befell)
    seen = [n for first, last, _ in rows for n in range(first, last + 1)]
    known = {n for row in [*own, *befell] for n in range(row["seq_start"], row["seq_end"] + 1)}
    assert seen == sorted(known)
    draw.shuffle(own)
    draw.shuffle(befell)
    assert stand(own, befell) == rows
