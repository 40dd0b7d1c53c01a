"""Like-day means and shapes, worked by hand."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.staging.likeday import HOURS, largest_remainder, like_day_means, shaped
from tests.unit.assets.staging.metering_world import SHANGHAI, utc

ZONES, CHINA = {"S1": SHANGHAI}, {"S1": "CN"}
WANTED = {"meter_id": pl.String, "site_id": pl.String, "hour_s": pl.Int64}


def means(wanted: list[str], measured: dict[str, int], zone: str = SHANGHAI, country: dict[str, str] = CHINA) -> dict[int, tuple[Any, ...]]:
    asked = pl.DataFrame([("M1", "S1", utc(at, zone)) for at in wanted], schema=WANTED, orient="row")
    known = pl.DataFrame([("M1", "S1", utc(at, zone), q) for at, q in measured.items()], schema=HOURS, orient="row")
    found = like_day_means(asked, known, {"S1": zone}, country)
    return {row["hour_s"]: (row["mean"], row["uncertain_year"]) for row in found.to_dicts()}


def mean(wanted: str, measured: dict[str, int]) -> int | None:
    found = means([wanted], measured)
    return found[utc(wanted)][0] if found else None


def test_the_nearest_three_days_of_the_same_kind_and_hour() -> None:
    # Wednesday 11 March 2026, 09:00; Monday, Tuesday, Thursday are nearest (2, 1, 1 days), Friday is as near as Monday but later
    week = {"2026-03-09 09:00": 100, "2026-03-10 09:00": 110, "2026-03-12 09:00": 130, "2026-03-13 09:00": 900}
    assert mean("2026-03-11 09:00", week) == (100 + 110 + 130) // 3
    asked = pl.DataFrame([("M1", "S1", utc("2026-03-11 09:00"))], schema=WANTED, orient="row")
    known = pl.DataFrame([("M1", "S1", utc(at), q) for at, q in week.items()], schema=HOURS, orient="row")
    assert like_day_means(asked, known, ZONES, CHINA).select("days", "furthest").rows() == [(3, 2)]
    # other hours, a weekend and the day itself are not like it
    others = {"2026-03-10 08:00": 1, "2026-03-07 09:00": 2, "2026-03-11 09:00": 3}
    assert mean("2026-03-11 09:00", {**week, **others}) == 340 // 3
    assert mean("2026-03-11 09:00", others) is None


def test_fewer_where_there_are_fewer() -> None:
    assert mean("2026-03-11 09:00", {"2026-03-02 09:00": 101, "2026-03-12 09:00": 202}) == 151
    assert mean("2026-03-11 09:00", {"2026-02-25 09:00": 7}) == 7


def test_a_saturday_worked_in_exchange_is_a_workday() -> None:
    # 14 February 2026 is worked for the Spring Festival: like Friday the 13th, not like Sunday the 8th
    assert mean("2026-02-14 10:00", {"2026-02-13 10:00": 50, "2026-02-08 10:00": 9, "2026-02-07 10:00": 9}) == 50
    # and a Monday of the festival is like another day of it
    assert mean("2026-02-16 10:00", {"2026-02-18 10:00": 20, "2026-02-13 10:00": 50, "2026-02-08 10:00": 9}) == 20


def test_an_unknown_year_is_said() -> None:
    found = means(["2101-10-04 09:00"], {"2101-10-03 09:00": 5})
    assert list(found.values()) == [(5, 2101)]
    assert means(["2101-10-04 09:00"], {"2101-10-03 09:00": 5}, country={}) == {utc("2101-10-04 09:00"): (5, None)}


def test_an_hour_that_was_twice_speaks_once_for_its_day() -> None:
    berlin = "Europe/Berlin"  # Sunday 26 October 2025: 02:00 was twice
    first = utc("2025-10-26 02:00", berlin)
    known = pl.DataFrame(
        [("M1", "S1", first, 10), ("M1", "S1", first + 3600, 99), ("M1", "S1", utc("2025-10-18 02:00", berlin), 20)],
        schema=HOURS, orient="row",
    )  # fmt: skip
    asked = pl.DataFrame([("M1", "S1", utc("2025-10-25 02:00", berlin))], schema=WANTED, orient="row")
    assert like_day_means(asked, known, {"S1": berlin}, {})["mean"].to_list() == [15]


# shapes ------------------------------------------------------------------------------------------------------------------


def test_a_known_difference_takes_the_shape_of_its_like_days() -> None:
    # four hours, 1000 Wh known; like days had 1, 2, 3, 4: 100, 200, 300, 400 instead of 250 each
    start = utc("2026-03-11 00:00")
    found = shaped(start, start + 4 * 3600, 1000, {start + i * 3600: i + 1 for i in range(4)}, start)
    assert found == [(start, -150), (start + 3600, -50), (start + 7200, 50), (start + 10800, 150)]


def test_a_part_of_an_hour_weighs_by_its_seconds() -> None:
    # half an hour and two hours of equal like days: 1000 Wh as 200, 400, 400, which is the even placement
    start = utc("2026-03-11 00:00")
    found = shaped(start + 1800, start + 3 * 3600, 1000, {start + i * 3600: 70 for i in range(3)}, start)
    assert found == [(start, 0), (start + 3600, 0), (start + 7200, 0)]


def test_without_all_like_days_or_only_zeros_it_stays_even() -> None:
    assert shaped(0, 4 * 3600, 100, {0: 5, 3600: 5, 7200: 5}, 0) is None
    assert shaped(0, 2 * 3600, 100, {0: 0, 3600: 0}, 0) is None


@pytest.mark.parametrize(
    ("whole", "weights", "parts"),
    [(10, [1, 1, 1], [4, 3, 3]), (11, [1, 1, 1], [4, 4, 3]), (100, [3, 0, 1], [75, 0, 25]), (7, [1, 2], [2, 5]), (0, [5, 5], [0, 0])],
)
def test_largest_remainder(whole: int, weights: list[int], parts: list[int]) -> None:
    assert largest_remainder(whole, weights) == parts


@given(st.integers(0, 10**15), st.lists(st.integers(0, 10**12), min_size=1, max_size=50))
def test_parts_sum_to_the_whole_and_differ_by_less_than_one_unit(whole: int, weights: list[int]) -> None:
    parts = largest_remainder(whole, weights)
    if parts is None:
        assert sum(weights) == 0
        return
    assert sum(parts) == whole
    assert all(abs(part * sum(weights) - whole * weight) < sum(weights) for part, weight in zip(parts, weights, strict=True))


@given(st.integers(0, 10**12), st.integers(0, 3599), st.integers(1, 60), st.lists(st.integers(0, 10**6), min_size=62, max_size=62))
def test_shaping_moves_and_adds_nothing(delta: int, into: int, hours: int, weights: list[int]) -> None:
    found = shaped(into, into + hours * 3600 - 1, delta, {i * 3600: w for i, w in enumerate(weights)}, 0)
    assert found is None or sum(more for _, more in found) == 0
