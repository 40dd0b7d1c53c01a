"""What holds for any readings: exact sums, no influence of order or files, nothing lost, nothing invented."""

from __future__ import annotations

from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.staging import intervals
from assets.staging.filling import find_fills
from assets.staging.groups import Groups
from assets.staging.intervals import StagedMonth
from resources.lake import content_digest
from tests.unit.assets.staging.metering_world import events_frame, meters_frame, parts, stage, stated, utc

FEW = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
BEGIN = stated("2026-02-26 00:00")
METERS = meters_frame(
    {"meter_id": "R", "register_digits": 6},
    {"meter_id": "C", "capacity": 0.5, "register_digits": 4, "parent_meter_id": "R"},
    {"meter_id": "I", "kind": "interval", "interval_minutes": 15, "interval_label": "end", "parent_meter_id": "R"},
    {"meter_id": "P", "kind": "power", "unit": "W", "point": "it_input", "check_meter_of": "I"},
)
EVENTS = events_frame({"meter_id": "R", "kind": "replacement", "at_s": utc("2026-03-05 07:07"), "old_value": 600_000, "new_value": 3})
# Counts, flags and seconds; what differs between files holding the same rows is provenance alone.
Row = dict[str, Any]


@st.composite
def clean(draw: st.DrawFn) -> list[Row]:
    """Readings without any fault: registers climb, intervals stand on their grid; jitter and missing rows are welcome."""
    rows: list[Row] = []
    for meter_id in draw(st.lists(st.sampled_from("RCIP"), min_size=1, max_size=4, unique=True)):
        step = draw(st.sampled_from([900, 3600, 7 * 3600])) if meter_id != "I" else 900
        count = draw(st.integers(2, 40))
        first = draw(st.sampled_from([0, 2 * 86_400, 30 * 86_400])) + (0 if meter_id == "I" else draw(st.integers(0, 3600)))
        value = draw(st.integers(0, 9_000))
        for i in range(count):
            jitter = 0 if meter_id == "I" else draw(st.integers(0, 200))
            value = draw(st.integers(0, 120)) if meter_id in "IP" else value + draw(st.integers(0, 120))
            if draw(st.integers(0, 9)) > 0:
                rows.append({"meter_id": meter_id, "at_s": BEGIN + first + i * step + jitter, "value": value})
    return [{**row, "source_row": i + 2} for i, row in enumerate(rows)]


@st.composite
def dirty(draw: st.DrawFn) -> list[Row]:
    """Any rows: falls, repeated instants with other values, sentinels, blanks, problems, estimates, unknown meters."""
    rows = draw(clean())
    for row in draw(st.lists(st.sampled_from(rows), max_size=6)) if rows else []:
        fault = draw(st.sampled_from(["value", "again", "blank", "sentinel", "quality", "problem", "unknown", "valid"]))
        match fault:
            case "value":
                row["value"] = draw(st.integers(0, 9_999))
            case "again":
                rows.append({**row, "value": draw(st.integers(0, 9_999))})
            case "blank":
                row["value"] = None
            case "sentinel":
                row["value"] = -1
            case "quality":
                row["quality"] = draw(st.sampled_from("AESM"))
            case "problem":
                row["problem"] = "value 'x' is no number"
            case "unknown":
                row["meter_id"] = "X"
            case "valid":
                rows.append(dict(row))
    return [{**row, "source_row": i + 2} for i, row in enumerate(rows)]


def digests(staged: StagedMonth) -> dict[str, str]:
    return {name: content_digest(frame) for name, frame in staged.tables().items()}


@FEW
@given(clean())
def test_hours_sum_to_the_differences_of_the_register(rows: list[Row]) -> None:
    registers = [r for r in rows if r["meter_id"] == "R" and r["at_s"] < stated("2026-03-05 00:00")]
    inside = [r for r in registers if r["at_s"] >= stated("2026-03-01 00:00")]
    staged = stage(registers, METERS)
    found = staged.energy.filter(pl.col("meter_id") == "R")
    before = [r for r in registers if r["at_s"] < stated("2026-03-01 00:00")]
    if len(inside) > 1 and not before:
        known = found["quantity"].sum() - found["estimated"].sum()
        assert known == inside[-1]["value"] - inside[0]["value"]


@FEW
@given(dirty(), st.randoms(use_true_random=False))
def test_order_changes_nothing(rows: list[Row], random: Any) -> None:
    shuffled = rows.copy()
    random.shuffle(shuffled)
    once, again = stage(rows, METERS, EVENTS), stage(shuffled, METERS, EVENTS)
    for name, frame in once.tables().items():
        assert frame.equals(again.tables()[name]), name
    renumbered = [{**row, "source_row": i + 2} for i, row in enumerate(shuffled)]
    assert digests(stage(renumbered, METERS, EVENTS)) == digests(once)


@FEW
@given(clean(), st.lists(st.integers(1, 3), min_size=200, max_size=200))
def test_splitting_a_file_changes_nothing(rows: list[Row], files: list[int]) -> None:
    split = [{**row, "entry": files[i % 200], "source_row": i + 2} for i, row in enumerate(rows)]
    assert digests(stage(split, METERS, EVENTS)) == digests(stage(rows, METERS, EVENTS))


@FEW
@given(clean(), st.data())
def test_of_two_values_the_later_entry_wins_and_is_said(rows: list[Row], data: st.DataObject) -> None:
    if not rows:
        return
    at = data.draw(st.integers(0, len(rows) - 1))
    other = data.draw(st.integers(0, 9_000).filter(lambda value: value != rows[at]["value"]))
    later = {**rows[at], "value": other, "entry": 2, "source_row": 2}
    both, alone = stage([*rows, later], METERS), stage([*rows[:at], *rows[at + 1 :], later], METERS)
    assert both.energy.equals(alone.energy)
    if alone.energy["hour_s"].min() <= _placed(later) < utc("2026-04-01"):
        said = both.anomalies.filter(pl.col("what") == "duplicate_entry")
        assert said.select("meter_id", "code", "at_s", "entry").rows() == [(later["meter_id"], "CT03", _placed(later), 2)]
    assert both.anomalies.filter(pl.col("what") != "duplicate_entry").equals(alone.anomalies)


def _placed(row: Row) -> int:
    """The instant by which a row is placed: an interval's start."""
    return row["at_s"] - 8 * 3600 - (900 if row["meter_id"] == "I" else 0)


@FEW
@given(clean(), st.data())
def test_a_duplicate_changes_no_energy(rows: list[Row], data: st.DataObject) -> None:
    if not rows:
        return
    again = data.draw(st.sampled_from(rows))
    entry = data.draw(st.integers(1, 2))
    once, twice = stage(rows, METERS), stage([*rows, {**again, "entry": entry, "source_row": 9_999}], METERS)
    assert twice.energy.equals(once.energy)
    assert twice.anomalies.equals(once.anomalies)
    assert twice.rejected.equals(once.rejected)
    assert twice.facts.drop("n_landed", "n_superseded").equals(once.facts.drop("n_landed", "n_superseded"))


@FEW
@given(clean())
def test_a_larger_unit_scales_the_result(rows: list[Row]) -> None:
    wh = METERS.assign(capacity=None, point="export")
    kwh = wh.assign(unit=METERS["unit"].replace({"Wh": "kWh", "W": "kW"}))
    small, large = stage(rows, wh), stage(rows, kwh)
    hours = small.energy.group_by("meter_id").agg((pl.col("estimated") > 0).sum())
    for few, many, estimated in zip(small.facts["quantity"], large.facts["quantity"], hours.sort("meter_id")["estimated"], strict=True):
        assert (few is None) == (many is None)
        # rounded at the two edges of the month, at the end of an extrapolation and in each estimated hour
        assert few is None or abs(many - 1000 * few) <= 1000 * (40 + estimated)
    assert large.energy.select("hour_s", "known_s", "state", "method").equals(small.energy.select("hour_s", "known_s", "state", "method"))


@FEW
@given(dirty())
def test_estimation_never_changes_what_is_known(rows: list[Row]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intervals, "find_fills", lambda energy, gaps, long, *rest: find_fills(energy, gaps.clear(), long.clear(), *rest))
        bare = stage(rows, METERS, EVENTS)
    full = stage(rows, METERS, EVENTS)
    both = bare.energy.join(full.energy, on=["meter_id", "hour_s"], suffix="_full")
    known, known_full = (pl.col(f"quantity{s}").fill_null(0) - pl.col(f"estimated{s}") for s in ("", "_full"))
    assert both.filter(pl.col("known_s") > pl.col("known_s_full")).is_empty()
    # an hour with a part of a stretch over 3 h may have another part of it; the stretch keeps its sum
    assert both.filter((known != known_full) & ~pl.col("state").is_in(["profiled", "missing"])).is_empty()
    sums = both.group_by("meter_id").agg(known.sum(), known_full.sum().alias("full"))
    assert sums["quantity"].equals(sums["full"])
    assert bare.facts["metered_s"].equals(full.facts["metered_s"])


@FEW
@given(dirty())
def test_no_row_is_lost(rows: list[Row]) -> None:
    staged = stage(rows, METERS, EVENTS)
    counts = staged.facts.select("n_landed", "n_valid", "n_rejected", "n_superseded").rows()
    assert all(landed == valid + rejected + superseded for landed, valid, rejected, superseded in counts)
    own = [
        r for r in rows if utc("2026-03-01") + 8 * 3600 <= r["at_s"] - (900 if r["meter_id"] == "I" else 0) < utc("2026-04-01") + 8 * 3600
    ]
    assert staged.facts["n_landed"].sum() == sum(r["meter_id"] != "X" for r in own)
    assert staged.rejected.filter(pl.col("meter_id") == "X").height == sum(r["meter_id"] == "X" for r in own)
    assert staged.rejected.filter(pl.col("meter_id") != "X").height == staged.facts["n_rejected"].sum()
    assert staged.rejected.select("entry", "source_row").is_unique().all()


@FEW
@given(dirty())
def test_seconds_and_quantities_add_up(rows: list[Row]) -> None:
    staged = stage(rows, METERS, EVENTS)
    facts, energy = staged.facts, staged.energy
    assert (facts["expected_s"] == facts["metered_s"] + facts["estimated_s"] + facts["missing_s"]).all()
    assert facts.filter((pl.col("metered_s") < 0) | (pl.col("estimated_s") < 0) | (pl.col("missing_s") < 0)).is_empty()
    assert energy.filter((pl.col("quantity") < 0) | (pl.col("known_s") > 3600) | (pl.col("estimated") > pl.col("quantity"))).is_empty()
    assert energy.filter(pl.col("quantity").is_null() != (pl.col("known_s") == 0)).is_empty()
    assert energy.filter((pl.col("state") == "missing") != (pl.col("known_s") < 3600)).is_empty()
    sums = energy.group_by("meter_id").agg(pl.col("quantity", "estimated", "known_s").sum()).sort("meter_id")
    assert sums["quantity"].to_list() == facts["quantity"].fill_null(0).to_list()
    assert sums["known_s"].to_list() == (facts["metered_s"] + facts["estimated_s"]).to_list()


@FEW
@given(clean())
def test_the_hot_path_and_the_rules_one_by_one_agree(rows: list[Row]) -> None:
    hot = stage(rows, METERS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Groups, "not_plain", property(lambda self: frozenset(range(len(self.meters)))))
        slow = stage(rows, METERS)
    for name, frame in hot.tables().items():
        assert frame.equals(slow.tables()[name]), name


@FEW
@given(clean())
def test_two_months_share_a_register_exactly(rows: list[Row]) -> None:
    registers = [r for r in rows if r["meter_id"] == "C"]
    frame: pd.DataFrame = METERS[METERS["meter_id"] == "C"].assign(capacity=None, point="export")
    if len(registers) < 2:
        return
    total = 0
    for month in ("2026-02", "2026-03", "2026-04"):
        staged = stage(parts(registers), frame, month=month)
        hours = staged.energy.filter(~pl.col("method").fill_null("").str.contains("edge"))
        whole = staged.energy.filter(pl.col("method").fill_null("").str.contains("edge"))
        total += hours["quantity"].sum() + whole["quantity"].sum() - whole["estimated"].sum()
    assert total == registers[-1]["value"] - registers[0]["value"]


MANY = settings(FEW, max_examples=50)


@pytest.mark.long
@MANY
@given(dirty(), st.randoms(use_true_random=False))
def test_many_times_what_holds_for_any_readings(rows: list[Row], random: Any) -> None:
    for holds in (test_estimation_never_changes_what_is_known, test_no_row_is_lost, test_seconds_and_quantities_add_up):
        holds.hypothesis.inner_test([dict(row) for row in rows])  # type: ignore[attr-defined]
    test_order_changes_nothing.hypothesis.inner_test([dict(row) for row in rows], random)  # type: ignore[attr-defined]


@pytest.mark.long
@MANY
@given(clean(), st.data())
def test_many_times_what_holds_for_clean_readings(rows: list[Row], data: st.DataObject) -> None:
    for holds in (test_hours_sum_to_the_differences_of_the_register, test_a_larger_unit_scales_the_result):
        holds.hypothesis.inner_test(rows)  # type: ignore[attr-defined]
    for holds in (test_a_duplicate_changes_no_energy, test_of_two_values_the_later_entry_wins_and_is_said):
        holds.hypothesis.inner_test(rows, data)  # type: ignore[attr-defined]
