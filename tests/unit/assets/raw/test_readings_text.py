"""Readings as text to parts: exact, by month of the stated time, with a reason for every row that can't be used."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from assets.raw.readings_text import READ_AT, SCHEMA, read_readings
from assets.raw.refused import Refused


def _frame(*rows: tuple[str | None, ...]) -> pl.DataFrame:
    columns = ("meter_id", "read_at", "value", "quality")[: len(rows[0])]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    return frame.with_columns(source_row=pl.int_range(2, len(rows) + 2, dtype=pl.Int64))


def _s(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())


def test_a_row_becomes_integers() -> None:
    parts = read_readings(_frame(("M-1", "2026-03-01 00:15", "1,234.5", "A"), ("M-1", "2026-03-01T00:30:00+08:00", "1234.75", "估算")))
    assert list(parts) == ["2026-03"]
    assert parts["2026-03"].schema == SCHEMA
    zoned, naive = parts["2026-03"].rows(named=True)
    assert naive == {
        "meter_id": "M-1", "at_s": _s(2026, 3, 1, 0, 15), "zoned": False, "value_e6": 1_234_500_000, "quality": "A", "problem": None,
        "raw_at": None, "raw_value": None, "source_row": 2,
    }  # fmt: skip
    # 00:30 at +08:00 is 16:30 UTC of the day before; the month stays that of the stated clock
    assert (zoned["at_s"], zoned["zoned"], zoned["value_e6"], zoned["quality"]) == (_s(2026, 2, 28, 16, 30), True, 1_234_750_000, "E")


def test_24_00_of_the_last_day_belongs_to_the_next_month() -> None:
    parts = read_readings(_frame(("M", "2026-03-31 23:45", "1"), ("M", "2026-03-31 24:00", "2"), ("M", "2026-04-01 00:00", "2")))
    assert {month: frame["at_s"].to_list() for month, frame in parts.items()} == {
        "2026-03": [_s(2026, 3, 31, 23, 45)],
        "2026-04": [_s(2026, 4, 1), _s(2026, 4, 1)],
    }


def test_blanks_are_missing_readings_and_no_problem() -> None:
    rows = [("M", f"2026-03-01 0{i}:00", blank) for i, blank in enumerate((None, "--", "NaN", "null", "-", "N/A"))]
    part = read_readings(_frame(*rows))["2026-03"]
    assert part["value_e6"].to_list() == [None] * 6
    assert part["problem"].to_list() == [None] * 6


def test_rows_that_cannot_be_used_keep_what_was_written() -> None:
    part = read_readings(
        _frame(
            ("M", "2026-03-01 00:00", "12kWh", None),
            ("M", "2026-03-01 01:00", "1e30", None),
            ("M", "yesterday", "5", None),
            (None, "2026-03-01 02:00", "5", None),
            ("M", None, "5", None),
            ("M", "2026-03-01 03:00", "5", "X"),
            ("M", "2026-03-01 04:00", "5", "m"),
        )
    )["2026-03"].sort("source_row")
    assert part.select("problem", "raw_at", "raw_value").rows() == [
        ("value '12kWh' is no number", "2026-03-01 00:00", "12kWh"),
        ("value '1e30' is too large", "2026-03-01 01:00", "1e30"),
        ("read_at 'yesterday' is no date and time", "yesterday", "5"),
        ("meter_id is empty", "2026-03-01 02:00", "5"),
        ("read_at is empty", None, "5"),
        ("quality 'X' is none of A, E, S, M", "2026-03-01 03:00", "5"),
        (None, None, None),
    ]
    assert part["quality"].to_list()[-1] == "M"
    assert part["at_s"].null_count() == 2


def test_unreadable_times_go_to_the_most_common_month() -> None:
    parts = read_readings(
        _frame(("M", "2026-02-28 23:00", "1"), ("M", "?", "2"), ("M", "2026-03-01 00:00", "3"), ("M", "2026-03-02 00:00", "4"))
    )
    assert {month: sorted(frame["source_row"]) for month, frame in parts.items()} == {"2026-02": [2], "2026-03": [3, 4, 5]}


@pytest.mark.parametrize(
    ("stated", "seen", "seen_zh"),
    [("31st of May", "for example '31st of May'", "例如“31st of May”"), (None, "it is empty everywhere", "该列全为空")],
)
def test_without_any_readable_time_a_file_is_refused_with_what_was_seen(stated: str | None, seen: str, seen_zh: str) -> None:
    with pytest.raises(Refused) as cause:
        read_readings(_frame(("M", stated, "2"), ("M", stated, "3")))
    assert cause.value.en.startswith(f"No row has a readable read_at ({seen}). Write times like 2026-03-01 00:15, ")
    assert seen_zh in cause.value.zh


def test_the_times_that_the_refusal_shows_are_read() -> None:
    parts = read_readings(_frame(*(("M", text, "1") for text in READ_AT)))
    assert {month: frame["problem"].null_count() for month, frame in parts.items()} == {"2026-03": len(READ_AT)}


def test_no_rows_make_no_parts() -> None:
    assert read_readings(_frame(("M", "?", "2")).clear()) == {}
