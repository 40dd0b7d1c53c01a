"""Small tables are read once and kept by the state of their file: what is changed or gone on disk is never answered from memory."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from resources import lake as module
from resources.errors import GciError
from resources.lake import Lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def test_a_small_table_is_read_once(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = lake.write("staging/x", "2026-01", pl.DataFrame({"a": [2, 1]}))
    first = lake.read("staging/x", "2026-01", stored.file_digest)
    monkeypatch.setattr(pl, "read_parquet", lambda _: pytest.fail("it was read again"))
    assert lake.read("staging/x", "2026-01", stored.file_digest) is first
    assert sorted(first["a"]) == [1, 2]


def test_a_large_table_is_not_kept(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = lake.write("staging/x", "2026-01", pl.DataFrame({"a": range(1000)}))
    monkeypatch.setattr(module, "KEPT_BYTES", 100)
    first, second = (lake.read("staging/x", "2026-01", stored.file_digest) for _ in range(2))
    assert first is not second
    assert first.equals(second)


def test_a_changed_file_is_read_as_it_is_now(lake: Lake) -> None:
    stored = lake.write("staging/x", "2026-01", pl.DataFrame({"a": [1]}))
    assert lake.read("staging/x", "2026-01", stored.file_digest)["a"].to_list() == [1]
    pl.DataFrame({"a": [7]}).write_parquet(lake.table_path("staging/x", "2026-01", stored.file_digest))
    assert lake.read("staging/x", "2026-01", stored.file_digest)["a"].to_list() == [7]


def test_a_lost_file_is_missed(lake: Lake) -> None:
    stored = lake.write("staging/x", "2026-01", pl.DataFrame({"a": [1]}))
    lake.read("staging/x", "2026-01", stored.file_digest)
    lake.table_path("staging/x", "2026-01", stored.file_digest).unlink()
    with pytest.raises(GciError, match="missing from the lake"):
        lake.read("staging/x", "2026-01", stored.file_digest)


def test_of_many_tables_the_latest_are_kept(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_TABLES", 2)
    stored = [lake.write("staging/x", "2026-01", pl.DataFrame({"a": [number]})) for number in range(3)]
    frames = [lake.read("staging/x", "2026-01", item.file_digest) for item in stored]
    assert lake.read("staging/x", "2026-01", stored[2].file_digest) is frames[2]
    assert lake.read("staging/x", "2026-01", stored[0].file_digest) is not frames[0]
