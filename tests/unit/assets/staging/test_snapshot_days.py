"""The newest snapshot of each site and feed, however old (TL05)."""

from __future__ import annotations

import pandas as pd

from assets.staging.snapshot_days import COLUMNS, snapshot_days


def frame(*rows: tuple[str, str]) -> pd.DataFrame:
    data = [(site, day, 1, n + 2) for n, (site, day) in enumerate(rows)]
    return pd.DataFrame(data, columns=["site_id", "snapshot_on", "entry", "source_row"])


def test_the_newest_one_up_to_five_days_after_the_month() -> None:
    racks = frame(("S1", "2026-01-31"), ("S1", "2026-03-30"), ("S1", "2026-03-30"), ("S2", "2026-04-05"), ("S2", "2026-04-06"))
    devices = frame(("S1", "2025-12-31"), ("S3", "2026-04-06"))
    found = snapshot_days({"racks": racks, "devices": devices}, "2026-03")
    assert found.columns.tolist() == list(COLUMNS)
    assert found.to_numpy().tolist() == [
        ["S1", "devices", "2025-12-31", 90, 1, 2], ["S1", "racks", "2026-03-30", 1, 1, 3], ["S2", "racks", "2026-04-05", -5, 1, 5],
    ]  # fmt: skip


def test_no_snapshots_at_all() -> None:
    assert snapshot_days({"racks": frame(), "devices": frame()}, "2026-03").empty
