"""The snapshots of a month: each site's newest, and the one before it."""

from __future__ import annotations

import pandas as pd
import pytest

from assets.staging.snapshots import snapshots


def frame(*days: str, site: str = "S1") -> pd.DataFrame:
    return pd.DataFrame([{"rack_id": f"R{n}", "site_id": site, "snapshot_on": day} for n, day in enumerate(days)])


def ages(found: pd.DataFrame) -> dict[tuple[str, str], int]:
    return {(row["site_id"], row["snapshot_on"]): row["age"] for row in found.to_dict("records")}


def test_the_newest_and_the_one_before() -> None:
    found = snapshots(frame("2025-12-31", "2026-01-31", "2026-02-28", "2026-03-31"), "2026-03")
    assert ages(found) == {("S1", "2026-03-31"): 0, ("S1", "2026-02-28"): 1}


@pytest.mark.parametrize(
    ("day", "there"), [("2026-04-05", True), ("2026-04-06", False), ("2026-02-28", True), ("2026-02-27", False)]
)  # five days after the end, 31 before it
def test_how_near_a_snapshot_must_be(day: str, there: bool) -> None:
    assert (len(snapshots(frame(day), "2026-03")) == 1) == there


@pytest.mark.parametrize(("day", "there"), [("2025-03-30", True), ("2025-03-29", False)])
def test_the_one_before_is_at_most_a_year_older(day: str, there: bool) -> None:
    assert (("S1", day) in ages(snapshots(frame(day, "2026-03-31"), "2026-03"))) == there


def test_each_site_has_its_own_days() -> None:
    both = pd.concat([frame("2026-02-28", "2026-03-31"), frame("2026-03-15", "2026-03-30", site="S2")])
    assert ages(snapshots(both, "2026-03")) == {
        ("S1", "2026-03-31"): 0, ("S1", "2026-02-28"): 1, ("S2", "2026-03-30"): 0, ("S2", "2026-03-15"): 1,
    }  # fmt: skip


def test_nothing_landed() -> None:
    assert snapshots(frame("2026-03-31").iloc[:0], "2026-03").empty
