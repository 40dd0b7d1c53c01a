"""What a site is called and which rows it leaves out, from files to results: neither makes a number look better."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from resources.home import Home
from tests.pipeline.hand_made import SITE_HEADER, make_home, site_row, write_csv

RACKS = ("rack_id", "site_id", "snapshot_on", "u_height", "rated_kw", "retired_on")
DEVICES = ("device_id", "site_id", "snapshot_on", "rack_id", "kind", "u_size", "rated_w", "powered_on")


def cluster_home(root: Path, stage: str, metered: bool = True) -> Home:
    """S1 (PUE 1.5) and S2, which is in ``stage`` and has meters or none, in the cluster C; each of 500 kW."""
    home = make_home(root, sites=("S1", "S2") if metered else ("S1",))
    rows = [(*site_row("S1"), "C"), (*site_row("S2")[:4], stage, *site_row("S2")[5:], "C")]
    write_csv(home.landing / "sites" / "sites.csv", (*SITE_HEADER, "cluster_id"), rows)
    return home


def by_code(payload: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["code"]: item for item in payload["indicators"]}


def test_a_metered_site_stays_in_its_cluster_whatever_it_is_called(tmp_path: Path, gci: Any, gci_json: Any) -> None:
    home = cluster_home(tmp_path / "home", "construction")
    assert gci("run", "2026-01", "--home", home.root)[0] == 3  # nothing is graded
    operating, named, cluster = (gci_json("show", entity, "2026-01", "--home", home.root) for entity in ("S1", "S2", "C"))
    assert (named["stage"], named["stage_stated"]) == ("operation", "construction")
    assert (by_code(named)["D1"]["value"], by_code(cluster)["D1"]["numerator"]) == (1.5, 2 * 744 * 150_000)
    assert (named["index"], named["weight_coverage"]) == (operating["index"], operating["weight_coverage"])


@pytest.mark.long
def test_a_site_that_is_being_built_leaves_its_cluster(tmp_path: Path, gci: Any, gci_json: Any) -> None:
    home = cluster_home(tmp_path / "home", "construction", metered=False)
    assert gci("run", "2026-01", "--home", home.root)[0] == 3  # nothing is graded
    site, cluster = (gci_json("show", entity, "2026-01", "--home", home.root) for entity in ("S2", "C"))
    assert site["stage"] == "construction"
    assert {code for code, item in by_code(site).items() if item["status"] != "not_applicable"} == {"A2", "A3", "A4", "C1", "J2"}
    assert (by_code(cluster)["D1"]["value"], by_code(cluster)["D1"]["beside"]["members_missing"]) == (1.5, [])


def test_a_retired_site_without_a_meter_is_not_missing(tmp_path: Path, gci: Any, gci_json: Any) -> None:
    home = cluster_home(tmp_path / "retired", "retired", metered=False)
    assert gci("run", "2026-01", "--home", home.root)[0] == 3  # nothing is graded
    site, cluster = (gci_json("show", entity, "2026-01", "--home", home.root) for entity in ("S2", "C"))
    assert (site["index"], site["grade"]) == (None, None)
    assert {(item["status"], item["reason"]) for item in site["indicators"]} == {("not_applicable", "the site is in stage retired")}
    assert by_code(cluster)["D1"]["value"] == 1.5


def test_a_silent_site_is_missing_from_its_cluster(tmp_path: Path, gci: Any, gci_json: Any) -> None:
    home = cluster_home(tmp_path / "home", "operation", metered=False)
    assert gci("run", "2026-01", "--home", home.root)[0] == 3  # nothing is graded
    pue = by_code(gci_json("show", "C", "2026-01", "--home", home.root))["D1"]
    assert (pue["value"], pue["beside"]["members_missing"], pue["beside"]["missing_power_share"]) == (None, ["S2"], 0.5)


def snapshot(home: Home, month: str, end: str, racks: tuple[str, ...]) -> None:
    """A snapshot in which rack A is full and every other one empty."""
    write_csv(home.landing / "racks" / f"{month}.csv", RACKS, [(rack, "S1", end, "40", "6", "") for rack in racks])
    write_csv(home.landing / "devices" / f"{month}.csv", DEVICES, [("D", "S1", end, "A", "server", "40", "500", "true")])


@pytest.mark.long
def test_deleting_empty_racks_gains_nothing(tmp_path: Path, gci: Any, gci_json: Any) -> None:
    months = (("2025-11", "2025-11-30"), ("2025-12", "2025-12-31"), ("2026-01", "2026-01-31"))
    home = make_home(tmp_path / "home", [month for month, _ in months])
    for (month, end), racks in zip(months, (("A", "B"), ("A",), ("A",)), strict=True):
        snapshot(home, month, end, racks)

    def rack_rate(month: str, window: str) -> dict[str, Any]:
        return by_code(gci_json("show", "S1", month, "--window", window, "--home", home.root))["B1"]

    gci("backfill", "2025-11", "2026-01", "--home", home.root)
    assert [rack_rate(month, "month")["value"] for month, _ in months] == [0.5, 0.5, 0.5]  # gone already the month before, and still lost
    assert rack_rate("2026-01", "month")["beside"]["racks_lost"] == 1
    # the row that retires it makes the months after it be computed again
    write_csv(home.landing / "racks" / "retired.csv", RACKS, [("B", "S1", "2025-12-31", "40", "6", "2025-12-20")])
    gci("backfill", "2025-11", "2026-01", "--home", home.root)
    assert [rack_rate(month, "month")["value"] for month, _ in months] == [0.5, 1.0, 1.0]
    assert rack_rate("2026-01", "ttm")["value"] == 3 / 4  # 1 of 2, 1 of 1, 1 of 1
