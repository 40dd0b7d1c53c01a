"""TL02: the readings next to the edges of the month."""

from __future__ import annotations

from typing import Any

import pytest

from checks.findings import Finding, NotChecked
from checks.rules.edges import read_at_edges
from checks.rules.timeliness import completeness

HOUR, DAY = 3600, 86_400
START_S = 1_772_294_400  # 2026-03-01T00:00:00+08:00
END_S = START_S + 31 * DAY


def facts(meter: str = "A-I", **more: Any) -> dict[str, Any]:
    row = {
        "site_id": "HL01", "meter_id": meter, "expected_s": 31 * DAY, "metered_s": 31 * DAY, "n_landed": 100, "n_rejected": 0,
        "median_step_s": HOUR, "first_at_s": START_S, "last_at_s": END_S - HOUR,
    }  # fmt: skip
    return row | more


def judge(world, *rows: dict[str, Any], **tables: Any) -> list[Finding]:  # type: ignore[no-untyped-def]
    found = read_at_edges(world({"meter_facts": list(rows), **tables}), "HL01")
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize(
    ("more", "seen"),
    [
        ({}, None),
        ({"first_at_s": START_S + 5400}, None),  # one interval and half of one
        ({"first_at_s": START_S + 5401}, 5401 / HOUR),
        ({"first_at_s": START_S + 10 * HOUR}, 10.0),
        ({"first_at_s": START_S + 10 * HOUR, "before_at_s": START_S - 600}, None),  # the reading before the edge is near
        ({"first_at_s": START_S + 10 * HOUR, "before_at_s": START_S - 8 * HOUR}, 8.0),  # the nearer of both
        ({"last_at_s": END_S - 2 * HOUR}, 2.0),
        ({"last_at_s": END_S - 2 * HOUR, "after_at_s": END_S}, None),
        ({"last_at_s": END_S - 30 * HOUR, "after_at_s": END_S + 20 * HOUR}, 20.0),
    ],
)
def test_a_meter_read_hourly(world, more: dict[str, Any], seen: float | None) -> None:  # type: ignore[no-untyped-def]
    found = judge(world, facts(**more))
    assert [(f.code, f.subject, f.severity, f.quantity, f.seen, f.limit, f.unit) for f in found] == (
        [] if seen is None else [("TL02", "A-I", "flag", "E_IT", seen, 1.5, "h")]
    )


@pytest.mark.parametrize(
    ("step", "limit_h"),
    [
        (900, 1.25), (HOUR, 1.5), (DAY, 36.0), (7 * DAY, 8 * 24.0), (30 * DAY, 24.0), (None, 24.0),
        (19 * DAY + 12 * HOUR, 20.5 * 24), (20 * DAY, 21 * 24.0), (20 * DAY + 1, 24.0),  # above twenty days it is read monthly
    ],
)  # fmt: skip
def test_the_limit_follows_the_pace(world, step: int | None, limit_h: float) -> None:  # type: ignore[no-untyped-def]
    within = facts(median_step_s=step, last_at_s=END_S - int(limit_h * HOUR))
    beyond = facts(median_step_s=step, last_at_s=END_S - int(limit_h * HOUR) - 1)
    assert judge(world, within) == []
    assert [f.limit for f in judge(world, beyond)] == [limit_h]


def test_monthly_registers(world) -> None:  # type: ignore[no-untyped-def]
    """Read on 1 March 00:10 and 1 April 00:05: near both edges. Read on the 25th: six days from both."""
    month = {"median_step_s": 31 * DAY}
    at_edges = facts(**month, first_at_s=START_S + 600, last_at_s=START_S + 600, after_at_s=END_S + 300)
    assert judge(world, at_edges) == []
    read_s = START_S + 24 * DAY
    on_25th = {"first_at_s": read_s, "last_at_s": read_s, "before_at_s": START_S - 4 * DAY, "after_at_s": END_S + 24 * DAY}
    (found,) = judge(world, facts(**month, **on_25th))
    assert (found.seen, found.limit, found.unit) == (7 * 24.0, 24.0, "h")
    assert "The last reading of meter A-I for 2026-03 is at 2026-03-25T00:00" in found.message_en
    assert "距 2026-03 终点 2026-04-01T00:00" in found.message_zh


def test_the_edges_of_a_meters_validity(world, rows) -> None:  # type: ignore[no-untyped-def]
    """A meter that begins on the 10th is read from that day on, at whatever time of it."""
    meters = [{**row, "valid_from": "2026-03-10"} if row["meter_id"] == "A-I" else row for row in rows["meters"]]
    begun = START_S + 9 * DAY
    assert judge(world, facts(first_at_s=begun + 14 * HOUR), meters=meters) == []
    (late,) = judge(world, facts(first_at_s=begun + 30 * HOUR), meters=meters)
    assert late.seen == 6.0  # beyond the day on which it begins
    assert judge(world, facts(first_at_s=START_S), meters=meters) == []  # it has readings before: at another site


@pytest.mark.parametrize(
    ("last_h", "beyond_h"),
    # valid to the 10th: its edge is the midnight after it, 240 hours into the month, and a reading of any time of that day is at it
    [(240, None), (226, None), (216, None), (212, 4.0), (192, 24.0), (250, None)],
)
def test_a_meter_that_ends_is_read_on_its_last_day(world, rows, last_h: int, beyond_h: float | None) -> None:  # type: ignore[no-untyped-def]
    meters = [{**row, "valid_to": "2026-03-10"} if row["meter_id"] == "A-I" else row for row in rows["meters"]]
    found = judge(world, facts(last_at_s=START_S + last_h * HOUR), meters=meters)
    assert [one.seen for one in found] == ([] if beyond_h is None else [beyond_h])


def test_a_validity_that_is_the_month_is_no_edge_of_its_own(world, rows) -> None:  # type: ignore[no-untyped-def]
    """Valid from the 1st to the 31st: the readings are an interval away at most, not a day."""
    meters = [{**row, "valid_from": "2026-03-01", "valid_to": "2026-03-31"} if row["meter_id"] == "A-I" else row for row in rows["meters"]]
    assert [one.seen for one in judge(world, facts(first_at_s=START_S + 2 * HOUR), meters=meters)] == [2.0]
    assert [one.seen for one in judge(world, facts(last_at_s=END_S - 3 * HOUR), meters=meters)] == [3.0]
    whole = [{**row, "valid_to": "9999-12-31"} for row in meters]
    assert [one.seen for one in judge(world, facts(last_at_s=END_S - 3 * HOUR), meters=whole)] == [3.0]


def test_a_meter_in_order_hides_no_other_and_the_farther_edge_is_told(world) -> None:  # type: ignore[no-untyped-def]
    late = facts("A-S", first_at_s=START_S + 5 * HOUR, last_at_s=END_S - 10 * HOUR)
    (found,) = judge(world, facts("A-I"), late)
    assert (found.subject, found.seen) == ("A-S", 10.0)
    assert "The last reading of meter A-S for 2026-03 is at 2026-03-31T14:00:00+08:00, 10 hours from the edge" in found.message_en


def test_what_is_silent_follows_from_that(world) -> None:  # type: ignore[no-untyped-def]
    (found,) = judge(world, facts(last_at_s=END_S - 10 * DAY, metered_s=21 * DAY))
    assert found.because_of is not None
    assert found.because_of.startswith("TL01-")
    (alone,) = judge(world, facts(last_at_s=END_S - 20 * HOUR, metered_s=31 * DAY - 20 * HOUR))
    assert alone.because_of is None


def test_each_meter_follows_from_its_own_silence(world, rows) -> None:  # type: ignore[no-untyped-def]
    silent = facts(last_at_s=END_S - 10 * DAY, metered_s=21 * DAY)
    late = facts("A-S", last_at_s=END_S - 20 * HOUR, metered_s=31 * DAY - 20 * HOUR)
    found = {one.subject: one for one in judge(world, silent, late)}
    (root,) = (one for one in completeness(world({"meter_facts": [silent, late]}), "HL01") if one.subject == "A-I")  # type: ignore[union-attr]
    assert found["A-I"].because_of == root.id
    assert found["A-S"].because_of is None


def test_without_readings_there_are_no_edges(world) -> None:  # type: ignore[no-untyped-def]
    assert isinstance(read_at_edges(world({"meter_facts": [facts(first_at_s=None, last_at_s=None)]}), "HL01"), NotChecked)
