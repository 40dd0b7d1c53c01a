"""The virtual register, rule by rule: the vectors of metering.md §7 and both directions of each rule."""

from __future__ import annotations

from typing import Any

import pytest

from assets.staging.judged import Judged
from assets.staging.register import judge_register
from tests.unit.assets.staging.metering_world import one_meter, readings_of, utc

T0 = utc("2026-03-10 00:00")
HOUR = 3600


def judge(values: list[Any], row: dict[str, Any] | None = None, *events: dict[str, Any], more: tuple[dict[str, Any], ...] = ()) -> Judged:
    """Hourly readings from T0 on; a value may be (value, quality)."""
    meter = one_meter(row, *events, more=more)
    rows = [(T0 + i * HOUR, *(v if isinstance(v, tuple) else (v,))) for i, v in enumerate(values) if v is not None]
    return judge_register(meter, readings_of(meter, rows))


def deltas(judged: Judged) -> list[int]:
    return [leg.delta for leg in judged.legs]


def whats(judged: Judged) -> list[tuple[str, str]]:
    return sorted((a.code, a.what) for a in judged.anomalies)


@pytest.mark.parametrize(
    ("digits", "before", "after", "energy"), [(5, 99890, 2034, 2144), (7, 9999941, 106, 165), (12, 999999999999, 9, 10)]
)
def test_rollover(digits: int, before: int, after: int, energy: int) -> None:
    judged = judge([before, after], {"register_digits": digits})
    assert deltas(judged) == [energy]
    assert whats(judged) == [("CT08", "rollover")]


def test_a_fall_that_would_wrap_nearly_all_of_the_range_is_a_gap() -> None:
    judged = judge([990, 980], {"register_digits": 6})
    assert judged.legs == []
    assert whats(judged) == [("CT08", "falling")]


def test_without_a_maximum_a_rollover_is_at_most_a_tenth_of_the_range_and_never_with_an_estimate() -> None:
    assert deltas(judge([95_000, 4_999], {"register_digits": 5})) == [9_999]
    assert deltas(judge([95_000, 5_000], {"register_digits": 5})) == [10_000]
    assert judge([95_000, 5_001], {"register_digits": 5}).legs == []
    assert judge([95_000, (4_999, "E")], {"register_digits": 5}).legs == []


def test_with_a_maximum_a_rollover_is_what_the_line_can_carry() -> None:
    # capacity 10 kW: at most 12 kWh in an hour
    row = {"unit": "kWh", "register_digits": 5, "capacity": 10}
    assert deltas(judge([99_990, 2], row)) == [12_000]
    assert judge([99_990, 3], row).legs == []


def test_a_rollover_without_known_digits_is_a_fall() -> None:
    assert whats(judge([99_890, 2_034])) == [("CT08", "falling")]


def test_a_reset_with_its_event() -> None:
    event = {"kind": "reset", "at_s": T0 + 2 * HOUR + 1, "new_value": 0}
    judged = judge([24, 72, 144, 96, 216], None, event)
    assert deltas(judged) == [48, 72, 96, 120]
    assert judged.anomalies == []


def test_the_same_reset_without_an_event_is_a_gap() -> None:
    judged = judge([24, 72, 144, 96, 216])
    assert [(leg.t0, leg.delta) for leg in judged.legs] == [(T0, 48), (T0 + HOUR, 72), (T0 + 3 * HOUR, 120)]
    assert whats(judged) == [("CT08", "falling")]
    assert judged.rejected == []


def test_a_replacement_counts_both_registers() -> None:
    event = {"kind": "replacement", "at_s": T0 + HOUR // 2, "old_value": 1010, "new_value": 0}
    judged = judge([1000, 1200], None, event)
    assert deltas(judged) == [10, 1200]
    assert [leg.t1 for leg in judged.legs] == [T0 + HOUR // 2, T0 + HOUR]
    assert judged.anomalies == []


def test_several_replacements_chain() -> None:
    events = [
        {"kind": "replacement", "at_s": T0 + 600, "old_value": 1010, "new_value": 5},
        {"kind": "replacement", "at_s": T0 + 1200, "old_value": 12, "new_value": 100},
    ]
    assert deltas(judge([1000, 150], None, *events)) == [10, 7, 50]


def test_a_replacement_rolls_over_in_its_old_register() -> None:
    event = {"kind": "replacement", "at_s": T0 + HOUR // 2, "old_value": 4, "new_value": 0}
    judged = judge([99_990, 6], {"register_digits": 5}, event)
    assert deltas(judged) == [14, 6]
    assert whats(judged) == [("CT08", "rollover")]


def test_a_replacement_without_old_value_leaves_its_side_unknown() -> None:
    event = {"kind": "replacement", "at_s": T0 + HOUR // 2, "new_value": 0}
    judged = judge([1000, 1200], None, event)
    assert [(leg.t0, leg.delta) for leg in judged.legs] == [(T0 + HOUR // 2, 1200)]
    assert whats(judged) == [("CT08", "event_incomplete")]
    assert judge([1000, 1200], None, {"kind": "replacement", "at_s": T0 + HOUR // 2}).legs == []


def test_a_reading_at_the_event_belongs_to_the_new_register() -> None:
    event = {"kind": "replacement", "at_s": T0 + HOUR, "old_value": 1010, "new_value": 0}
    assert deltas(judge([1000, 0, 7], None, event)) == [10, 7]
    # what the new register shows beyond its new_value at that instant is counted
    assert deltas(judge([1000, 2, 7], None, event)) == [12, 5]


CHANGE = {"kind": "multiplier_change", "at_s": T0 + HOUR // 2}
TO_60 = ({"unit": "kWh", "multiplier": 60, "valid_from": "2026-03-10"},)


def test_a_change_of_multiplier_is_not_energy() -> None:
    # 50,000 × 40 → 60 from 50,000 on → 50,001 is 60 kWh, not 1,000,060
    judged = judge([50_000, 50_001], {"unit": "kWh", "multiplier": 40}, {**CHANGE, "old_value": 50_000, "new_value": 50_000}, more=TO_60)
    assert deltas(judged) == [0, 60_000]


def test_a_change_of_multiplier_with_one_value_has_it_on_both_sides() -> None:
    judged = judge([50_000, 50_001], {"unit": "kWh", "multiplier": 40}, {**CHANGE, "old_value": 50_000}, more=TO_60)
    assert deltas(judged) == [0, 60_000]


def test_a_change_of_multiplier_without_its_reading_is_a_gap() -> None:
    judged = judge([50_000, 50_001, 50_002], {"unit": "kWh", "multiplier": 40}, CHANGE, more=TO_60)
    assert deltas(judged) == [60_000]
    assert whats(judged) == [("CT08", "event_incomplete")]


def test_a_pair_never_straddles_two_rows_without_an_event() -> None:
    more = ({"unit": "kWh", "multiplier": 60, "valid_from": "2026-03-11"},)
    judged = judge([50_000 + i for i in range(23)] + [None, None, 50_025, 50_026], {"unit": "kWh", "multiplier": 40}, more=more)
    assert deltas(judged) == [40_000] * 22 + [60_000]
    assert whats(judged) == [("CT08", "event_incomplete")]


def test_rows_of_the_same_register_are_one_register() -> None:
    more = ({"unit": "kWh", "capacity": 1000, "valid_from": "2026-03-11"},)
    judged = judge([50_000 + i for i in range(23)] + [None, None, 50_025], {"unit": "kWh", "capacity": 1000}, more=more)
    assert sum(deltas(judged)) == 25_000


@pytest.mark.parametrize(
    ("values", "energies"),
    [
        ([1000, 0, 1001], [1]),
        ([990, 1000, 0, 1001, 1010], [10, 1, 9]),
        ([1000, 0, 0, 0, 1001], [1]),
        ([1000, 5000, 1001, 1002], [1, 1]),
        ([1000, 5000, 5001, 1001, 1002], [1, 1]),
        ([1000, 0, 1001, 0, 1002], [1, 1]),
    ],
)
def test_a_glitch_is_rejected(values: list[int], energies: list[int]) -> None:
    judged = judge(values)
    assert deltas(judged) == energies
    assert len(judged.rejected) == len(values) - 1 - len(energies)
    assert {r.rule_code for r in judged.rejected} == {"CT04"}
    assert set(whats(judged)) == {("CT04", "glitch")}


def test_four_in_a_row_are_no_glitch() -> None:
    judged = judge([1000, 0, 0, 0, 0, 1001])
    assert judged.rejected == []
    assert ("CT08", "falling") in whats(judged)


def test_a_reading_between_its_neighbours_is_no_glitch() -> None:
    assert judge([1000, 1004, 1010]).rejected == []


def test_a_lost_poll_before_a_rollover_is_no_rollover() -> None:
    # 99990 → 0 → 99995 could wrap by 10; the reading after says that it did not
    judged = judge([99_990, 0, 99_995], {"register_digits": 5})
    assert deltas(judged) == [5]
    assert whats(judged) == [("CT04", "glitch")]


def test_above_a_known_capacity_is_a_gap() -> None:
    judged = judge([0, 12, 25], {"unit": "kWh", "capacity": 10})
    assert deltas(judged) == [12_000]  # 12 kWh is the maximum itself, 13 kWh above it
    assert whats(judged) == [("CT05", "over_capacity")]
    assert [(a.seen, a.limit, a.unit) for a in judged.anomalies] == [(13_000, 12_000, "W")]


STEADY = [100 * i for i in range(96)]  # four days at 100 Wh an hour: the inferred maximum is 300 Wh in an hour


def test_above_an_inferred_maximum_is_kept_and_flagged_when_the_next_reading_confirms() -> None:
    confirmed = judge([*STEADY, 9_900, 10_000])
    assert sum(deltas(confirmed)) == 10_000
    assert whats(confirmed) == [("CT05", "over_inferred")]
    unconfirmed = judge([*STEADY, 9_900])
    assert sum(deltas(unconfirmed)) == 9_500
    assert whats(unconfirmed) == [("CT05", "over_inferred")]
    assert judge([*STEADY, 9_800, 9_900]).anomalies == []


def test_a_jump_that_only_returns_to_where_the_register_fell_from_is_a_gap() -> None:
    judged = judge([*STEADY, 0, 0, 0, 0, 9_900, 10_000])
    assert sum(deltas(judged)) == 9_500 + 100
    assert whats(judged) == [("CT05", "over_inferred"), ("CT08", "falling")]


@pytest.mark.parametrize(("medium", "point", "unit"), [("water", "water_supply", "L"), ("electricity", "onsite_generation", "Wh")])
def test_no_maximum_is_inferred_where_days_differ(medium: str, point: str, unit: str) -> None:
    assert judge([*STEADY, 99_000, 99_100], {"medium": medium, "point": point, "unit": unit}).anomalies == []


def test_estimates_between_actual_readings_are_skipped() -> None:
    judged = judge([100, (190, "E"), (260, "S"), 400])
    assert [(leg.delta, leg.method, leg.t1 - leg.t0) for leg in judged.legs] == [(300, 0, 3 * HOUR)]
    assert judged.rejected == []


def test_estimates_at_the_end_make_estimated_legs() -> None:
    judged = judge([100, 200, (290, "E"), (360, "S")])
    assert [(leg.delta, leg.method) for leg in judged.legs] == [(100, 0), (90, 1), (70, 1)]


def test_the_values_of_an_event_bracket_as_actual_ones() -> None:
    event = {"kind": "replacement", "at_s": T0 + 2 * HOUR - 60, "old_value": 300, "new_value": 0}
    judged = judge([100, (290, "E"), 10], None, event)
    assert [(leg.delta, leg.method) for leg in judged.legs] == [(200, 0), (10, 0)]


def test_one_instant_one_reading() -> None:
    meter = one_meter()
    first = readings_of(meter, [(T0, 100), (T0 + HOUR, 200), (T0 + 2 * HOUR, 300)])

    def again(value: int, entry: int) -> list[Any]:
        return readings_of(meter, [(T0 + HOUR, value)], entry=entry)

    same = judge_register(meter, first + again(200, 2))
    assert (deltas(same), same.superseded, same.rejected, same.anomalies) == ([100, 100], [(1, 3)], [], [])
    later = judge_register(meter, first + again(250, 2))
    assert (deltas(later), later.superseded, later.rejected) == ([150, 50], [(1, 3)], [])
    assert whats(later) == [("CT03", "duplicate_entry")]
    within = judge_register(meter, first + again(250, 1))
    assert (deltas(within), [r.rule_code for r in within.rejected]) == ([200], ["CT03", "CT03"])
    assert whats(within) == [("CT03", "conflict")]
    undecided = judge_register(meter, first + again(250, 2) + again(260, 2))
    assert (deltas(undecided), undecided.superseded, len(undecided.rejected)) == ([200], [(1, 3)], 2)
