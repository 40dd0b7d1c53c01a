"""Facts of meters by site: a meter that moves, the readings beyond the month's edges, and that no row is counted twice."""

from __future__ import annotations

from typing import Any

import polars as pl

from assets.staging.meter_facts import FACTS, whole_meters
from checks.findings import Judged
from checks.rules.thresholds import threshold_document, thresholds_at
from checks.rules.timeliness import completeness
from tests.unit.assets.staging.metering_world import fact, meters_frame, stage, utc

HOUR, DAY = 3600, 86_400
START = utc("2026-03-01")


def hourly(days: int = 31, first: int = 0) -> list[dict[str, Any]]:
    return [{"at_s": START + 8 * HOUR + n * HOUR, "value": 1000 + n * 100} for n in range(first * 24, days * 24 + 1)]


def moved() -> Any:
    """M1 stands at S1 up to 10 March and at S2 from the 11th on."""
    return meters_frame({"valid_to": "2026-03-10"}, {"site_id": "S2", "valid_from": "2026-03-11"})


ZONES = {"S1": "Asia/Shanghai", "S2": "Asia/Shanghai"}


def test_a_meter_that_moves_has_facts_at_both_sites() -> None:
    facts = stage(hourly(), moved(), zones=ZONES).facts
    assert facts.select("site_id", "expected_s", "metered_s", "quantity").rows() == [
        ("S1", 10 * DAY, 10 * DAY - HOUR, 24_000), ("S2", 21 * DAY, 21 * DAY, 50_400),
    ]  # fmt: skip
    # no event says what the register showed when it was moved: the hour before is estimated
    # 744 readings in the month: 240 of hours at S1, and the rest at S2
    assert facts["n_landed"].to_list() == [240, 504]
    assert (facts["n_landed"] == facts["n_valid"] + facts["n_rejected"] + facts["n_superseded"]).all()


def test_the_site_it_left_is_complete() -> None:
    """TL01 asks for the time that the meter was there, at each site."""
    facts = stage(hourly(), moved(), zones=ZONES).facts
    counted = [{"site_id": site, "side": "E_DC", "meter_id": "M1", "sign": 1} for site in ("S1", "S2")]
    tables = {"meter_facts": facts.to_pandas(), "counted": pl.DataFrame(counted).to_pandas()}
    judged = Judged("2026-03", ("S1", "S2"), tables, thresholds_at(threshold_document(), "2026-03"))
    assert [completeness(judged, site) for site in ("S1", "S2")] == [[], []]


def test_what_is_silent_after_the_move_is_silent_there_alone() -> None:
    facts = stage(hourly(days=15), moved(), zones=ZONES).facts
    counted = [{"site_id": site, "side": "E_DC", "meter_id": "M1", "sign": 1} for site in ("S1", "S2")]
    tables = {"meter_facts": facts.to_pandas(), "counted": pl.DataFrame(counted).to_pandas()}
    judged = Judged("2026-03", ("S1", "S2"), tables, thresholds_at(threshold_document(), "2026-03"))
    assert completeness(judged, "S1") == []
    found = completeness(judged, "S2")
    assert isinstance(found, list)
    assert [(f.subject, f.severity, f.quantity, f.seen) for f in found] == [("M1", "withhold", "E_DC", 5 / 21)]


def test_the_counts_of_several_sites_are_those_of_the_meter() -> None:
    whole = whole_meters(stage(hourly(), moved(), zones=ZONES).facts)
    (row,) = whole.rows(named=True)
    assert (row["site_id"], row["expected_s"], row["quantity"], row["n_landed"], row["n_valid"]) == ("S2", 31 * DAY, 74_400, 744, 744)
    one = stage(hourly()).facts
    assert whole_meters(one).equals(one)
    assert one.columns == list(FACTS)


def test_readings_beyond_the_edges_that_the_month_rests_on() -> None:
    day = [{"at_s": START + 8 * HOUR + n * DAY + 6 * HOUR, "value": 100_000 + n * 2400} for n in range(-2, 33)]
    staged = stage(day)
    assert fact(staged, "before_at_s") == START - DAY + 6 * HOUR
    assert fact(staged, "after_at_s") == START + 31 * DAY + 6 * HOUR
    assert (fact(staged, "first_at_s"), fact(staged, "last_at_s")) == (START + 6 * HOUR, START + 30 * DAY + 6 * HOUR)
    alone = stage(hourly(days=30, first=1))
    assert (fact(alone, "before_at_s"), fact(alone, "after_at_s")) == (None, None)
