"""Interval and power meters, rule by rule."""

from __future__ import annotations

from typing import Any

from assets.staging.judged import Judged
from assets.staging.series import judge_intervals, judge_power
from tests.unit.assets.staging.metering_world import one_meter, readings_of, utc

T0 = utc("2026-03-10 00:00")
QUARTER = 900
INTERVAL = {"kind": "interval", "interval_minutes": 15, "interval_label": "start", "point": "export"}
POWER = {"kind": "power", "unit": "W", "point": "export"}


def intervals(values: list[Any], row: dict[str, Any] | None = None) -> Judged:
    """Quarter-hour intervals from T0 on; a value may be (value, quality)."""
    meter = one_meter({**INTERVAL, **(row or {})})
    rows = [(T0 + i * QUARTER, *(v if isinstance(v, tuple) else (v,))) for i, v in enumerate(values) if v is not None]
    return judge_intervals(meter, readings_of(meter, rows))


def power(samples: list[tuple[Any, ...]], row: dict[str, Any] | None = None) -> Judged:
    """Samples (minutes after T0, W[, quality])."""
    meter = one_meter({**POWER, **(row or {})})
    return judge_power(meter, readings_of(meter, [(T0 + minutes * 60, *rest) for minutes, *rest in samples]))


def whats(judged: Judged) -> list[tuple[str, str]]:
    return sorted((a.code, a.what) for a in judged.anomalies)


def test_each_interval_is_a_leg_of_its_own() -> None:
    assert [tuple(leg) for leg in intervals([5, None, 7]).legs] == [(T0, T0 + 900, 5, 0), (T0 + 1800, T0 + 2700, 7, 0)]


def test_an_interval_estimated_by_its_source_is_an_estimate() -> None:
    assert [leg.method for leg in intervals([5, (6, "E"), (7, "M")]).legs] == [0, 1, 0]


def test_of_overlapping_intervals_the_later_landed_wins() -> None:
    meter = one_meter(INTERVAL)
    first = readings_of(meter, [(T0, 5), (T0 + 900, 6)])
    shifted = readings_of(meter, [(T0 + 300, 9)], entry=2)
    judged = judge_intervals(meter, first + shifted)
    assert [leg.delta for leg in judged.legs] == [9]
    assert judged.superseded == [(1, 2), (1, 3)]
    assert whats(judged) == [("CT03", "overlap")] * 2


def test_overlapping_intervals_of_one_file_are_rejected() -> None:
    meter = one_meter(INTERVAL)
    judged = judge_intervals(meter, readings_of(meter, [(T0, 5), (T0 + 300, 9), (T0 + 1200, 7)]))
    assert [leg.delta for leg in judged.legs] == [7]
    assert [r.rule_code for r in judged.rejected] == ["CT03", "CT03"]


def test_an_interval_above_its_known_capacity_is_a_gap() -> None:
    # capacity 1 kW: 300 Wh in a quarter of an hour are the maximum of 1.2 kW
    judged = intervals([300, 301], {"capacity": 1})
    assert [leg.delta for leg in judged.legs] == [300]
    assert whats(judged) == [("CT05", "over_capacity")]


def test_an_interval_above_an_inferred_maximum_is_kept_and_above_ten_times_it_a_gap() -> None:
    steady = [25] * (96 * 3)  # three days at 100 W: the inferred maximum is 300 W
    judged = intervals([*steady, 75, 76, 750, 751], {"point": "it_input"})
    assert [leg.delta for leg in judged.legs[-3:]] == [75, 76, 750]
    assert whats(judged) == [("CT05", "over_inferred")] * 3


def test_power_is_a_trapezoid_in_half_watt_seconds() -> None:
    # 100 W and 300 W a minute apart: 200 W over 60 s are 12,000 Ws
    assert [tuple(leg) for leg in power([(0, 100), (1, 300)]).legs] == [(T0, T0 + 60, 24_000, 0)]


def test_samples_too_far_apart_have_a_gap_between_them() -> None:
    minutes = [0, 15, 30, 52, 75]  # median 15 min (15, 15, 22, 23): 1.5 × 18.5 min = 27.75 min
    assert len(power([(m, 100) for m in minutes]).legs) == 4
    every_minute = [(m, 100) for m in range(11)]
    assert len(power([*every_minute, (30, 100)]).legs) == 11  # 20 min at least
    assert len(power([*every_minute, (31, 100)]).legs) == 10


def test_power_estimates_are_skipped_where_actual_samples_are_close() -> None:
    judged = power([(0, 100), (5, 900, "E"), (10, 100)])
    assert [(leg.delta, leg.method) for leg in judged.legs] == [(200 * 600, 0)]
    far = power([(0, 100), (15, 900, "E"), (30, 100)])
    assert [leg.method for leg in far.legs] == [1, 1]


def test_power_above_capacity_is_a_gap() -> None:
    judged = power([(0, 1200), (1, 1200), (2, 1204)], {"capacity": 1})
    assert len(judged.legs) == 1
    assert whats(judged) == [("CT05", "over_capacity")]
