"""The split of one figure's change by cause: planted states in the order in which families are taken over."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.reports.cause_words import CAUSES
from checks.contracts.registry import FEEDS
from pipelines.causes import _FAMILY_OF_FEED, _FAMILY_OF_KIND, _change, exact, values

NAMES = ("", "CODE_DEFECT", "LATE_DATA", "FACTOR", "METHOD", "CODE_DEFECT")


def split(*series: float | None) -> tuple[Decimal | None, dict[tuple[str, ...], Decimal | None]] | None:
    change = _change("D1", [(name, {"D1": value}) for name, value in zip(NAMES, series, strict=True)])
    return None if change is None else (change.delta, {part.causes: part.delta for part in change.parts})


def test_each_step_is_its_causes_part() -> None:
    assert split(1.5, 1.5, 1.52, 1.52, 1.6, 1.6) == (Decimal("0.1"), {("LATE_DATA",): Decimal("0.02"), ("METHOD",): Decimal("0.08")})


def test_what_the_program_did_to_both_ends_is_one_part() -> None:
    assert split(1.5, 1.6, 1.7, 1.7, 1.7, 1.65) == (
        Decimal("0.15"), {("CODE_DEFECT",): Decimal("0.05"), ("LATE_DATA",): Decimal("0.1")},
    )  # fmt: skip


def test_nothing_moved_is_no_change() -> None:
    assert split(1.5, 1.5, 1.5, 1.5, 1.5, 1.5) is None
    assert split(None, None, 1.5, None, None, None) is None


def test_what_moves_back_is_shown_with_both_parts() -> None:
    assert split(1.5, 1.5, 1.6, 1.5, 1.5, 1.5) == (Decimal("0.0"), {("LATE_DATA",): Decimal("0.1"), ("FACTOR",): Decimal("-0.1")})


def test_unknown_in_between_is_one_part_of_those_who_share_it() -> None:
    assert split(1.5, 1.5, None, 1.7, 1.8, 1.8) == (
        Decimal("0.3"), {("LATE_DATA", "FACTOR"): Decimal("0.2"), ("METHOD",): Decimal("0.1")},
    )  # fmt: skip


def test_who_made_it_unknown_and_what_moved_it_before() -> None:
    assert split(1.5, 1.5, 1.6, 1.6, None, None) == (None, {("LATE_DATA",): Decimal("0.1"), ("METHOD",): None})


def test_who_made_it_known_and_what_moved_it_since() -> None:
    assert split(None, None, 1.6, 1.6, 1.5, 1.5) == (None, {("LATE_DATA",): None, ("METHOD",): Decimal("-0.1")})


@given(st.lists(st.one_of(st.none(), st.floats(0, 100, allow_nan=False).map(lambda x: round(x, 6))), min_size=6, max_size=6))
def test_parts_sum_exactly_to_the_change(series: list[float | None]) -> None:
    found = split(*series)
    before, after = series[0], series[-1]
    if found is None:
        assert before == after
    elif before is not None and after is not None:
        delta, parts = found
        assert sum((part for part in parts.values() if part is not None), Decimal(0)) == delta == exact(after) - exact(before)
        assert None not in parts.values()
    else:
        assert found[0] is None
        assert None in found[1].values()


def test_a_float_stands_for_its_shortest_decimal() -> None:
    assert exact(0.1) + exact(0.2) == Decimal("0.3")
    assert exact(1e-7) == Decimal("0.0000001")


def test_figures_of_a_result_by_name() -> None:
    item = {"code": "D1", "value": 1.5, "score": 30.0}
    payload = {"index": 6.0, "core": 6.0, "bonus": 0.0, "pillars": {"lifecycle": None}, "indicators": [item]}
    assert values(payload) == {"index": 6.0, "core": 6.0, "bonus": 0.0, "pillar lifecycle": None, "D1": 1.5, "D1 score": 30.0}
    assert values({}) == {"index": None, "core": None, "bonus": None}


@pytest.mark.parametrize("feed", sorted(_FAMILY_OF_FEED))
def test_a_family_is_of_a_feed_that_exists_and_names_a_cause(feed: str) -> None:
    assert feed in FEEDS
    assert _FAMILY_OF_FEED[feed] in CAUSES


def test_every_kind_of_entry_that_can_change_a_number_has_a_cause() -> None:
    assert set(_FAMILY_OF_KIND) == {"quarantine", "evidence", "settings", "edition", "factors", "thresholds", "waiver", "waiver_end"}
    assert set(_FAMILY_OF_KIND.values()) <= set(CAUSES)
