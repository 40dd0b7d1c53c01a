"""One transform, two engines: the same readings give the same digests on Polars, whatever the batches, and on a real local Spark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from assets.staging.intervals import StagedMonth, joined, read_batches
from resources.engine import Engine, PolarsEngine, engine_of, spark_missing
from resources.home import Home
from resources.lake import content_digest
from resources.settings import Settings
from tests.unit.assets.staging.metering_world import METER, SHANGHAI, events_frame, meters_frame, parts, stage, stated, utc
from tests.unit.assets.staging.test_metering_home import a_home, land

BERLIN = "Europe/Berlin"


@pytest.fixture(scope="session")
def spark() -> Iterator[Engine]:
    if missing := spark_missing():
        pytest.skip(missing)
    engine = engine_of("spark", "local[2]")
    yield engine
    engine.session.stop()  # type: ignore[attr-defined]


def _world() -> tuple[Any, Any, list[dict[str, Any]], dict[str, str]]:
    """Meters of every kind and zone, with every fault that a rule knows, and plain ones between them."""
    zones = {"S1": SHANGHAI, "S2": BERLIN, "S3": "Asia/Kolkata"}
    rows: list[dict[str, Any]] = [
        {"meter_id": "A-digits", "register_digits": 6},
        {"meter_id": "B-glitch", "capacity": 100.0, "register_digits": 6},
        {"meter_id": "C-event", "register_digits": 6},
        {"meter_id": "D-quarter", "kind": "interval", "interval_minutes": 15, "interval_label": "end"},
        {"meter_id": "E-power", "kind": "power", "unit": "kW", "point": "it_input"},
        {"meter_id": "F-berlin", "site_id": "S2", "unit": "kWh", "multiplier": 40.0},
        {"meter_id": "G-kolkata", "site_id": "S3", "unit": "GJ"},
        {"meter_id": "H-slow", "medium": "water", "point": "water_supply", "unit": "m3"},
        {"meter_id": "I-large", "unit": "MWh", "multiplier": 1e6},
        {"meter_id": "J-jitter", "capacity": 9.0},
        {"meter_id": "K-refused", "unit": "horses"},
        {"meter_id": "L-check", "check_meter_of": "D-quarter", "kind": "interval", "interval_minutes": 15, "interval_label": "start"},
    ]
    random = np.random.default_rng(7)
    found: list[dict[str, Any]] = []
    for row in rows:
        meter_id, kind = row["meter_id"], row.get("kind", "register")
        step = {"H-slow": 7 * 86_400, "J-jitter": 3_600}.get(meter_id, 900)
        value = 900_000 if meter_id == "A-digits" else 10**9 if meter_id == "I-large" else 1_000
        for i, at in enumerate(range(stated("2026-02-25 00:00"), stated("2026-04-04 00:00"), step)):
            value = int(random.integers(1, 90)) if kind != "register" else value + int(random.integers(1, 90))
            jitter = int(random.integers(0, 300)) if meter_id in ("A-digits", "J-jitter") else 0
            if random.random() > 0.01:
                shown = value % 10**6 if row.get("register_digits") else value
                found.append({"meter_id": meter_id, "at_s": at + jitter, "value": shown, "source_row": len(found) + 2})
            if i % 977 == 5:
                found.append({**found[-1], "value": [0, -5, None, 2_147_483_647, value + 7][i % 5], "source_row": len(found) + 2})
            if i % 1301 == 9:
                found.append({**found[-1], "quality": "E", "entry": 2, "source_row": len(found) + 2})
    found += [
        {"meter_id": "X-unknown", "at_s": stated("2026-03-04 00:00"), "value": 1, "source_row": len(found) + 2},
        {"meter_id": None, "at_s": stated("2026-03-04 00:00"), "value": 1, "problem": "meter_id is empty", "source_row": len(found) + 3},
        {"meter_id": "A-digits", "at_s": None, "value": 1, "problem": "read_at is empty", "source_row": len(found) + 4},
        {"meter_id": "F-berlin", "at_s": stated("2026-03-29 02:30"), "value": 1, "source_row": len(found) + 5},
        {"meter_id": "A-digits", "at_s": utc("2026-03-10 10:00"), "zoned": True, "value": 17, "source_row": len(found) + 6},
    ]
    change = {"meter_id": "C-event", "kind": "replacement", "at_s": utc("2026-03-09 11:11"), "old_value": 400_000, "new_value": 5}
    events = events_frame(change)
    return meters_frame(*({**METER, **row} for row in rows)), events, found, zones


def digests(staged: StagedMonth) -> dict[str, str]:
    return {name: content_digest(frame, provenance=True) for name, frame in staged.tables().items()}


@pytest.fixture(scope="module")
def world() -> tuple[Any, Any, list[dict[str, Any]], dict[str, str]]:
    return _world()


@pytest.fixture(scope="module")
def once(world: tuple[Any, Any, list[dict[str, Any]], dict[str, str]]) -> StagedMonth:
    meters, events, rows, zones = world
    return stage(rows, meters, events, zones=zones)


def test_the_world_has_every_kind_of_case(once: StagedMonth) -> None:
    assert {"rollover", "sentinel", "negative", "conflict", "refused", "unregistered", "no_zone"} <= set(once.anomalies["what"])
    assert {"measured", "profiled", "estimated"} <= set(once.energy["state"])
    assert once.rejected.height > 10


@pytest.mark.parametrize("batch", [1, 5, 100])
def test_batches_and_the_order_of_rows_change_nothing(world: Any, once: StagedMonth, batch: int) -> None:
    meters, events, rows, zones = world
    shuffled = [rows[i] for i in np.random.default_rng(batch).permutation(len(rows))]
    assert digests(stage(shuffled, meters, events, zones=zones, batch=batch)) == digests(once)


def test_hours_that_wait_in_files_are_the_same(world: Any, once: StagedMonth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meters, events, rows, zones = world
    monkeypatch.setattr(PolarsEngine, "batch_rows", len(rows) // 4)  # a single batch waits for nobody
    home = a_home(tmp_path)
    by_month: dict[str, list[dict[str, Any]]] = {"2026-02": [], "2026-03": [], "2026-04": []}
    for row in rows:
        month = "2026-03" if row["at_s"] is None else pl.from_epoch([row["at_s"]]).dt.to_string("%Y-%m")[0]
        by_month[month].append({**row, "entry": 1})
    entry = land(home, "all", by_month)
    sites = pl.DataFrame({"site_id": list(zones), "timezone": list(zones.values()), "valid_from": "2020-01-01"}).to_pandas()
    feeds = {"meters": meters, "meter_events": events, "sites": sites}
    found = joined(list(read_batches(Home(home.root), feeds, "2026-03", entry, Settings())))
    one_entry = stage([{**row, "entry": entry} for row in rows], meters, events, zones=zones)
    assert digests(found) == digests(one_entry)
    assert list((home.lake.root / "staging").iterdir()) == []


@pytest.mark.long
def test_spark_gives_the_same_digests(world: Any, once: StagedMonth, spark: Engine) -> None:
    meters, events, rows, zones = world
    assert digests(stage(parts(rows), meters, events, zones=zones, engine=spark)) == digests(once)
