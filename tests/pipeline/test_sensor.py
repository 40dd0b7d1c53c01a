"""The sensor on landing and its job: asked once for the same files, open months computed, final ones given a candidate and left alone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines.backfill import open_instance
from pipelines.build import build_defs
from resources.home import Home
from resources.revisions import closed_of
from tests.pipeline.hand_made import make_home, write_csv

MONTH = "2026-01"


def settle(home: Home) -> None:
    """Make every dropped file look a minute old."""
    for path in home.landing.rglob("*"):
        if path.is_file():
            os.utime(path, (time.time() - 60, time.time() - 60))


def tick(home: Home, cursor: str | None) -> tuple[list[str], str | None]:
    """Run keys that the sensor asks for, and its cursor."""
    (sensor,) = build_defs(home.root).sensors or ()
    assert isinstance(sensor, dg.SensorDefinition)
    with dg.build_sensor_context(cursor=cursor) as context:
        data = sensor.evaluate_tick(context)
    return [request.run_key or "" for request in data.run_requests or ()], data.cursor


def update(home: Home) -> None:
    job = build_defs(home.root).resolve_job_def("update_open_months")
    assert job.execute_in_process(instance=open_instance(home)).success


def test_it_is_off_until_switched_on(tmp_path: Path) -> None:
    (sensor,) = build_defs(tmp_path).sensors or ()
    assert isinstance(sensor, dg.SensorDefinition)
    assert sensor.default_status == dg.DefaultSensorStatus.STOPPED


def test_it_asks_once_for_the_same_files_and_again_for_a_changed_one(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    assert tick(home, None)[0] == []  # written this moment: perhaps not complete
    settle(home)
    (first,), cursor = tick(home, None)
    assert tick(home, cursor)[0] == []
    assert tick(home, None)[0] == [first]  # a lost cursor asks with the same key, which Dagster remembers
    write_csv(home.landing / "meter_readings" / f"{MONTH}.csv", ("meter_id", "read_at", "value"), [("S1-G", f"{MONTH}-01 00:00", "1")])
    settle(home)
    (second,), _ = tick(home, cursor)
    assert second != first


@pytest.fixture(scope="module")
def updated(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = make_home(tmp_path_factory.mktemp("sensor") / "home")
    update(home)
    return home


@pytest.mark.long
def test_the_job_lands_and_computes_the_open_month(updated: Home, gci_json: Callable[..., Any]) -> None:
    shown = gci_json("show", "S1", MONTH, "--home", updated.root)
    assert next(item["value"] for item in shown["indicators"] if item["code"] == "D1") == 1.5  # 150 kWh over 100 kWh in every hour
    settle(updated)
    assert tick(updated, None)[0] == []  # everything is in the log


@pytest.mark.long
def test_a_final_month_gets_a_candidate(updated: Home, gci: Callable[..., Any], gci_json: Callable[..., Any]) -> None:
    root = ("--home", str(updated.root))
    assert gci("close", MONTH, "--submit", "--by", "Wang Wei", *root)[0] == 0
    assert gci("close", MONTH, "--approve", "--by", "Li Na", "--statement", "checked", *root)[0] == 0
    # the IT register stood 50 kWh higher at the end of the month: 74,450 kWh instead of 74,400
    late = [("S1-I", "2026-02-01 00:00", 500 + 74400 + 50)]
    write_csv(updated.landing / "meter_readings" / "late.csv", ("meter_id", "read_at", "value"), late)
    settle(updated)
    assert len(tick(updated, None)[0]) == 1
    update(updated)
    gci("status", *root)  # what the run logged is read away
    final, candidate = (gci_json("show", "S1", MONTH, *root, *extra) for extra in ((), ("--candidate",)))
    d1 = [next(item for item in shown["indicators"] if item["code"] == "D1") for shown in (final, candidate)]
    assert [(item["numerator"], item["denominator"]) for item in d1] == [(111_600_000, 74_400_000), (111_600_000, 74_450_000)]
    assert (final["state"], candidate["state"]) == ("final", "provisional")
    assert len(closed_of(updated).revisions["S1", MONTH]) == 1
