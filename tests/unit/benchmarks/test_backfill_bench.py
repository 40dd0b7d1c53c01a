"""The backfill's benchmark: its fleet lands as it is, its floor is the same graph, its table divides."""

from __future__ import annotations

from pathlib import Path

from benchmarks.backfill import Row, empty_job, prepared, said
from benchmarks.backfill_fleet import write_fleet
from benchmarks.healthy_loads import History
from benchmarks.report import table
from pipelines.build import build_defs
from pipelines.initialise import initialise
from pipelines.jobs import MONTHLY_CLOSE


def test_a_fleet_is_the_same_for_the_same_months_and_has_eight_meters_a_site(tmp_path: Path) -> None:
    history = History.of("2023-01", 1)
    one, two = (write_fleet(tmp_path / name, history, sites=2) for name in ("one", "two"))
    assert one == two
    assert (one.sites, one.meters, one.months) == (2, 8, 1)
    whole = 2 * 8 * 24 * (31 + 2 * 8)  # hours of January and eight days on either side
    assert 0.97 * whole < one.readings < 1.01 * whole  # a thousandth is lost, a hundredth of the meters is silent for up to four days
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*"))
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in files)


def test_a_fleet_lands_whole_and_is_kept(tmp_path: Path) -> None:
    root, fleet = prepared(tmp_path, 1, 1)  # it raises when a row is refused
    stamp = (root / "ledger.db").stat().st_mtime_ns
    assert prepared(tmp_path, 1, 1) == (root, fleet)
    assert (root / "ledger.db").stat().st_mtime_ns == stamp


def test_the_floor_is_the_same_graph(tmp_path: Path) -> None:
    home = initialise(tmp_path / "home")
    ours, empty = build_defs(home.root).resolve_job_def(MONTHLY_CLOSE), empty_job(home.root)
    for job in (ours, empty):
        assert job.partitions_def is not None
    assert sorted(node.name for node in ours.nodes) == sorted(node.name for node in empty.nodes)
    graphs = [job.asset_layer for job in (ours, empty)]
    assert len({frozenset(graph.asset_graph.executable_asset_keys) for graph in graphs}) == 1
    assert len({frozenset(graph.asset_graph.asset_check_keys) for graph in graphs}) == 1
    edges = [{key: graph.asset_graph.get(key).parent_keys for key in graph.asset_graph.executable_asset_keys} for graph in graphs]
    assert edges[0] == edges[1]


def test_the_ratio_is_to_the_mean_of_both_floors() -> None:
    """Floors of 8 and 12 s: 30 s are 3 times as much, and more than the aim; 25 s are not."""
    rows = [
        Row("backfill floor", 8, 4, 2**30),
        Row("backfill", 30, 10, 2**30),
        Row("backfill again", 1, 1, 0),
        Row("backfill floor", 12, 6, 0),
    ]
    line = next(line for line in said(rows, 10).splitlines() if "gci backfill" in line)
    assert line == "| gci backfill | 30.0 s | 10.0 s | 3.00 s | 1.00 s | 3.00 | 2.00 | 1.00 GiB | 2.5×: **not met** |"
    rows[1] = Row("backfill", 25, 10, 0)
    assert "2.5×: met" in said(rows, 10)


def test_a_table_has_a_line_for_each_row() -> None:
    assert table("a | b", [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
