"""A month is read from a home: the right parts, each row once, as of a log entry."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl

from assets.staging.intervals import read_month
from resources.home import Home
from resources.settings import FeedSettings, Settings
from tests.unit.assets.staging.metering_world import events_frame, fact, meters_frame, parts, stated

LANDED = datetime(2026, 5, 1, tzinfo=UTC)


def land(home: Home, name: str, by_month: dict[str, list[dict[str, Any]]], at: datetime = LANDED) -> int:
    """Leave parts in the lake and an entry in the log, as landing does."""
    stored = []
    for month, rows in by_month.items():
        part = home.lake.write("parts/meter_readings", month, parts(rows).drop("entry").collect())
        stored.append({
            "feed": "meter_readings", "month": month, "digest": part.digest, "file_digest": part.file_digest, "rows": part.rows,
        })  # fmt: skip
    return home.ledger.append("file", f"meter_readings/{name}", f"sha256:{name}", {}, stored, at=at)


def feeds(zone: str | None = None) -> dict[str, Any]:
    rows = [
        {"site_id": "S1", "timezone": "Europe/Berlin", "valid_from": "2020-01-01"},
        {"site_id": "S1", "timezone": zone, "valid_from": "2026-01-01"},
    ]
    return {"meters": meters_frame(), "meter_events": events_frame(), "sites": pd.DataFrame(rows)}


def hourly(first: str, count: int) -> list[dict[str, Any]]:
    start = stated(first)
    return [{"at_s": start + i * 3600, "value": (start + i * 3600) // 36 % 10**9} for i in range(count)]


def a_home(root: Path) -> Home:
    (root / "landing").mkdir()
    home = Home.open(root)
    home.ledger.create()
    return home


def test_edges_come_from_the_parts_of_the_months_around(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    nowhen = {"at_s": None, "problem": "read_at 'noon' is no date and time", "source_row": 9_999}
    land(home, "feb", {"2026-02": [*hourly("2026-02-20 00:30", 24 * 9), nowhen]})
    land(home, "mar", {"2026-03": [*hourly("2026-03-01 00:30", 24 * 31), nowhen]})
    before = land(home, "apr", {"2026-04": hourly("2026-04-01 00:30", 5)})
    staged = read_month(home, feeds(), "2026-03", before, Settings())
    assert set(staged.energy["state"]) == {"measured"}
    assert staged.energy["quantity"].to_list() == [100] * 744
    assert (fact(staged, "n_landed"), staged.rejected.height) == (745, 1)
    earlier = read_month(home, feeds(), "2026-03", before - 1, Settings())
    assert earlier.energy.filter(pl.col("method") == "edge").height == 1


def test_times_later_than_the_landing_are_rejected(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    rows = {"2026-03": hourly("2026-03-10 00:00", 5)}  # 00:00 to 04:00 in Shanghai is 16:00 to 20:00 UTC of the 9th
    entry = land(home, "mar", rows, at=datetime(2026, 3, 9, 18, tzinfo=UTC))
    assert read_month(home, feeds(), "2026-03", entry, Settings()).rejected["rule_code"].to_list() == ["TL04"] * 2


def test_the_zone_is_that_of_the_newest_row_of_the_site_or_of_the_feed(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    entry = land(home, "mar", {"2026-03": hourly("2026-03-10 00:00", 2)})
    for zone, settings, hours in [
        (None, Settings(), 8),
        ("Asia/Tokyo", Settings(), 9),
        (None, Settings(feeds={"meter_readings": FeedSettings(timezone="Asia/Tokyo")}), 9),
        (None, Settings(timezone="Asia/Tokyo"), 9),
    ]:
        staged = read_month(home, feeds(zone), "2026-03", entry, settings)
        assert fact(staged, "first_at_s") == stated("2026-03-10 00:00") - hours * 3600


def test_a_home_without_readings_has_everything_missing(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    staged = read_month(home, feeds(), "2026-03", 0, Settings())
    assert (fact(staged, "missing_s"), fact(staged, "quantity")) == (744 * 3600, None)
    assert set(staged.energy["state"]) == {"missing"}
