"""What was landed for a month after its cut-off, at sites that had something to be fixed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from assets.raw.landing import land
from assets.raw.late import Landed, cutoff_s, landed_of, late_rows
from pipelines.initialise import initialise
from resources import log

CUT = 1_000_000


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def test_the_cut_off_is_the_end_of_its_day() -> None:
    assert cutoff_s("2026-01", 8, "Asia/Shanghai") == moment("2026-02-09T00:00:00+08:00")
    assert cutoff_s("2025-12", 28, "UTC") == moment("2026-01-29T00:00:00+00:00")
    assert cutoff_s("2026-01", 28, "UTC") == moment("2026-03-01T00:00:00+00:00")


def rows(*landed: Landed, at: dict[int, int]) -> list[tuple[str, str, int, int]]:
    found = late_rows(landed, at, {"S1": CUT, "S2": CUT})
    return [tuple(row) for row in found[["site_id", "feed", "entry", "rows"]].to_numpy().tolist()]


def one(site: str, entry: int, feed: str = "meter_readings", count: int = 5) -> Landed:
    return Landed(site, feed, entry, 2, count)


@pytest.mark.parametrize(("second", "late"), [(CUT - 1, False), (CUT, True), (CUT + 9, True)])
def test_late_is_after_the_cut_off(second: int, late: bool) -> None:
    found = rows(one("S1", 1), one("S1", 2), at={1: CUT - 100, 2: second})
    assert found == ([("S1", "meter_readings", 2, 5)] if late else [])


def test_a_history_that_is_filled_in_is_not_late() -> None:
    assert rows(one("S1", 1), one("S1", 2), at={1: CUT + 1, 2: CUT + 2}) == []


def test_one_site_is_fixed_by_its_own_facts() -> None:
    """S1 had activities in time, so its readings are late; S2 had nothing."""
    found = rows(one("S1", 1, "activities"), one("S1", 2), one("S2", 2), one("S9", 2), at={1: CUT - 1, 2: CUT + 1})
    assert found == [("S1", "meter_readings", 2, 5)]


def test_a_home_says_what_came_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock(datetime):
        now_is = "2026-02-05T08:00:00+00:00"

        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.fromisoformat(cls.now_is).astimezone(UTC)

    monkeypatch.setattr(log, "datetime", Clock)
    home = initialise(tmp_path / "home")
    folder = home.landing / "meter_readings"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "first.csv").write_text("meter_id,read_at,value\nM1,2026-01-01 00:00,1\nM2,2026-01-01 00:00,1\n")
    land(home)
    Clock.now_is = "2026-03-01T08:00:00+00:00"
    (folder / "second.csv").write_text("meter_id,read_at,value\nM3,2026-01-02 00:00,2\nM1,2026-01-02 00:00,2\nM1,2026-01-03 00:00,3\n")
    land(home)
    as_of = home.ledger.head()[0]
    cutoffs = {site: cutoff_s("2026-01", 8, "Asia/Shanghai") for site in ("S1", "S2")}
    found = landed_of(home, "2026-01", as_of, {"M1": "S1", "M2": "S2", "M3": "S1"}, cutoffs)
    assert found[["site_id", "feed", "source_row", "rows"]].to_numpy().tolist() == [["S1", "meter_readings", 2, 3]]
    assert landed_of(home, "2026-01", as_of - 1, {"M1": "S1"}, cutoffs).empty
