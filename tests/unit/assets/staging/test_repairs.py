"""What was repaired, counted meter by meter, and said in words."""

from __future__ import annotations

from typing import Any

import pytest

from assets.staging.repairs import repairs
from pipelines.cli.repairs import _METHODS, _WORDS, words
from tests.unit.assets.staging.metering_world import StagedMonth, events_frame, meters_frame, stage, utc

START = utc("2026-03-01 00:00")
HOURS = 744


def staged_with(values: list[float], skip: set[int] | None = None, meter: dict[str, Any] | None = None, *events: Any) -> StagedMonth:
    at = START + 8 * 3600
    readings = [{"at_s": at + h * 3600, "value": v, "source_row": h + 2} for h, v in enumerate(values) if h not in (skip or set())]
    return stage(readings, meters_frame(meter or {}), events_frame(*events))


def found(staged: StagedMonth, *events: dict[str, Any]) -> list[tuple[Any, ...]]:
    return repairs(staged, events, "2026-03").select("what", "method", "n", "quantity").rows()


def test_a_clean_month_needs_no_repair() -> None:
    assert found(staged_with([100 * h for h in range(HOURS + 1)])) == []


def test_a_replacement_keeps_its_values() -> None:
    """The register counts 100 an hour to 1000 at 10:00, then a new one from 7."""
    event = {"meter_id": "M1", "at_s": START + 10 * 3600, "kind": "replacement", "old_value": 1000, "new_value": 7}
    staged = staged_with([100 * h if h < 10 else 7 + 100 * (h - 10) for h in range(HOURS + 1)], None, None, event)
    elsewhen = {**event, "at_s": START - 3600}
    (row,) = repairs(staged, [event, elsewhen, {**event, "kind": "calibration"}], "2026-03").to_dicts()
    assert (row["what"], row["old_value"], row["new_value"], row["at_s"]) == ("replacement", 1000, 7, START + 10 * 3600)
    assert (row["n"], row["medium"], row["quantity"]) == (1, "electricity", None)


def test_rollovers_and_glitches_are_counted() -> None:
    values: list[float] = [(99_900 + 100 * h) % 100_000 for h in range(HOURS + 1)]
    values[300] = 5
    rows = found(staged_with(values, None, {"register_digits": 5}))
    assert ("rollover", None, 1, None) in rows
    assert ("glitch", None, 1, None) in rows


def test_filled_placed_and_missing_hours() -> None:
    """Interval values of 60; hour 10 has none: a straight line. Nothing after 25 March: the last day is not extrapolated to the end."""
    meter = {"kind": "interval", "interval_minutes": 60, "interval_label": "start", "point": "export"}
    rows = found(staged_with([60] * 600, {10}, meter))
    assert ("filled", "linear", 1, 60) in rows
    filled = sum(n for what, _, n, _ in rows if what == "filled")
    missing = sum(n for what, _, n, _ in rows if what == "missing")
    assert filled + missing == 1 + (HOURS - 600)  # every hour without a reading is either filled or said to be unknown


def test_every_repair_and_method_has_words_in_both_languages() -> None:
    row = {"n": 2, "at": "2026-03-10T14:00:00+08:00", "quantity": 1_234_500, "unit": "Wh", "old_value": 1010.5, "new_value": None}
    for what in _WORDS:
        english, chinese = words({**row, "what": what, "method": "linear+edge"})
        assert "{" not in english + chinese
        assert english.isascii()
        assert "2026-03-10 14:00" in english
        assert "2026-03-10 14:00" in chinese
    for method in _METHODS:
        english, chinese = words({**row, "what": "filled", "method": method})
        assert "1,234.5 kWh" in english
        assert _METHODS[method][1] in chinese


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            {"what": "replacement", "old_value": 1010.0, "new_value": 0.0},
            "replaced at 2026-03-10 14:00: the old register ended at 1,010, the new one began at 0; energy is counted across",
        ),
        (
            {"what": "filled", "method": "check", "n": 5, "quantity": 7_000, "unit": "L"},
            "5 hours filled from its check meter: 7.0 m³ (from 2026-03-10 14:00)",
        ),
        ({"what": "missing", "n": 3}, "3 hours still unknown, not counted as zero (from 2026-03-10 14:00)"),
    ],
)
def test_words(row: dict[str, Any], expected: str) -> None:
    full = {"method": None, "n": 1, "at": "2026-03-10T14:00:00+08:00", "quantity": None, "unit": "Wh", "old_value": None, "new_value": None}
    assert words({**full, **row})[0] == expected
