"""Readings that a person took, counted as they were landed."""

from __future__ import annotations

from pathlib import Path

from assets.raw.landing import land
from assets.staging.manual import manual_readings
from pipelines.initialise import initialise

HEADER = "meter_id,read_at,value,quality\n"


def counts(root: Path, *files: str, month: str = "2026-03") -> dict[str, tuple[int, int]]:
    home = initialise(root)
    for number, text in enumerate(files):
        (home.landing / "meter_readings" / f"{number}.csv").write_text(HEADER + text, encoding="utf-8")
        land(home)
    found = manual_readings(home, month, home.ledger.head()[0])
    return {name: (readings, manual) for name, readings, manual in found.iter_rows()}


def test_manual_readings_of_the_month_are_counted(tmp_path: Path) -> None:
    rows = "A,2026-03-01 00:00,1,M\nA,2026-03-02 00:00,2,A\nA,2026-03-03 00:00,3,\nA,2026-02-28 00:00,0,M\nB,2026-03-01 00:00,1,A\n"
    assert counts(tmp_path / "home", rows) == {"A": (3, 1)}


def test_a_reading_that_was_replaced_by_the_meters_own_is_none(tmp_path: Path) -> None:
    first = "A,2026-03-01 00:00,1,M\nA,2026-03-02 00:00,2,M\nB,2026-03-01 00:00,1,M\n"
    later = "A,2026-03-01 00:00,1,A\nB,2026-03-01 00:00,1,A\n"
    assert counts(tmp_path / "home", first, later) == {"A": (2, 1)}
    assert counts(tmp_path / "other", later, first) == {"A": (2, 2), "B": (1, 1)}


def test_nothing_landed(tmp_path: Path) -> None:
    assert counts(tmp_path / "home") == {}
