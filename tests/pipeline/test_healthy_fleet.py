"""A healthy fleet is quiet: the ordinary events of metering withhold nothing and flag next to nothing (issue: checks in full)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.healthy import ALLOWED, FIRST, heard, make
from benchmarks.healthy_fleet import Site, write_fleet
from benchmarks.healthy_loads import FEEDS, Flows, History, simulate
from pipelines.backfill import compute_months

MONTHS = History.of(FIRST, 2)


@pytest.fixture(scope="module", params=[1, 2], ids=["tie at the supplies", "tie below the transformers"])
def site(request: pytest.FixtureRequest) -> Site:
    return Site(request.param + 1, MONTHS, seed=1)


@pytest.fixture(scope="module")
def flows(site: Site) -> Flows:
    return simulate(MONTHS, site.rng(0), sun_kw=60, tie_below=site.ties_below)


def test_what_flows_in_flows_out_or_is_lost(flows: Flows) -> None:
    """Together the supplies and sources carry the loads and a few percent of losses, in every hour."""
    of = flows.of
    into = of["G-A"] + of["G-B"] + of["PV"] + of["BG-A"] + of["BG-B"] - of["EX"]
    loads = sum(flow for name, flow in of.items() if name[0] in "RCLXE" and name != "EX")
    assert np.all(into > loads)
    assert np.all(into < 1.08 * loads)
    assert all(np.all(flow >= 0) for flow in of.values())


def test_the_ordinary_events_happen(flows: Flows) -> None:
    clock = np.arange(MONTHS.hours) % 24
    assert np.all(flows.of["PV"][(clock <= 6) | (clock >= 18)] == 0)
    assert flows.of["PV"].max() > 10
    assert len(flows.tests) == len(MONTHS.months)
    for first, until in flows.tests:
        assert all(np.all(flows.of[f"BG-{feed}"][first:until] > 0) for feed in FEEDS)


def test_a_tie_moves_the_load_of_one_feed_to_the_other() -> None:
    for number, dead, alive in ((2, "G-A", "T-A"), (1, "T-A", "UPS-A")):
        site = Site(number, History.of(FIRST, 6), seed=1)
        flows = simulate(site.history, site.rng(0), sun_kw=60, tie_below=site.ties_below)
        assert flows.ties
        for first, until in flows.ties:
            assert np.all(flows.of[dead][first:until] == 0)
            assert np.all(flows.of[alive][first:until] > 100)
            carried = flows.of["G-B"] + flows.of["BG-B"]
            assert np.all(carried[first:until] > 1.5 * np.median(carried))


def test_a_fleet_is_the_same_for_the_same_seed_and_has_200_meters_a_site(tmp_path: Path) -> None:
    month = History.of(FIRST, 1)
    one, two = (write_fleet(tmp_path / name, month, sites=1, seed=3) for name in ("one", "two"))
    assert one == two
    assert one.meters == 200
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*"))
    assert files
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in files)


@pytest.mark.long
def test_a_healthy_fleet_is_quiet(tmp_path: Path) -> None:
    history = History.of(FIRST, 3)
    home, written = make(tmp_path / "home", history, sites=3, seed=1)
    compute_months(home, history.months)
    quiet = heard(home, history, written.sites)
    assert quiet.site_months == 9
    assert quiet.withheld == []
    assert quiet.share <= ALLOWED, [row["message_en"] for row in quiet.flagged]
    files = sorted((home.landing / "meter_events").glob("*.csv"))
    events = {kind for path in files for kind in pl.read_csv(path)["kind"]}
    assert {"calibration", "replacement", "outage"} <= events
