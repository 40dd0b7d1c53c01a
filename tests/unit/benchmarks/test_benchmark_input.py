"""The benchmark measures what it says: its input is always the same, and every way through it comes to the same energy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from assets.raw.landing import land
from benchmarks.bench import MARK, Row, _aims, _judging
from benchmarks.floor import part_paths, scan_and_group
from benchmarks.generate import MONTH, PER_METER, Size, chunks, write_csv
from benchmarks.home import make_home, registered
from benchmarks.measure import STEPS
from benchmarks.pandas_reference import stage
from benchmarks.report import marks, met, replaced

SMALL = Size(50 * PER_METER / 1_000_000)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_home(tmp_path_factory.mktemp("generated"), SMALL).root


def test_the_input_is_the_same_for_the_same_seed() -> None:
    size = Size(10 * PER_METER / 1_000_000)
    (one,), (again,), (other,) = (list(chunks(size, seed)) for seed in (1, 1, 2))
    assert one.equals(again)
    assert not one.equals(other)
    assert one["meter_id"].n_unique() == size.meters == 10


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_the_parts_are_those_that_landing_makes_of_the_file(tmp_path: Path, encoding: str) -> None:
    size = Size(10 * PER_METER / 1_000_000)
    made, landed = make_home(tmp_path / "made", size), registered(tmp_path / "landed", size)
    write_csv(landed.landing / "meter_readings" / "readings.csv", size, encoding=encoding)
    assert {file.file: file.status for file in land(landed)}["readings.csv"] == "landed"
    digests = [{part.month: part.digest for part in home.ledger.parts("meter_readings", home.ledger.head()[0])} for home in (made, landed)]
    assert digests[0] == digests[1]
    assert set(digests[0]) == {"2026-02", "2026-03", "2026-04"}


def test_pandas_and_the_product_agree_on_every_metered_hour(home: Path, tmp_path: Path) -> None:
    readings = STEPS["staging"](home)()
    (path,) = (home / f"lake/staging/interval_energy/{MONTH}").glob("*.parquet")
    ours = pl.read_parquet(path)
    assert stage(part_paths(home), home / "landing/meters/meters.csv", tmp_path / "theirs.parquet") > readings
    theirs = pl.read_parquet(tmp_path / "theirs.parquet")
    both = ours.join(theirs, on=["meter_id", "hour_s"], suffix="_theirs")
    assert both.height == ours.height == theirs.height == 50 * 744
    metered = both.filter(pl.col("state").is_in(["measured", "profiled"]))
    assert metered.height > 0.99 * both.height
    assert metered.filter(pl.col("quantity") != pl.col("quantity_theirs")).is_empty()
    plain = both.filter((pl.col("estimated") == 0).all().over("meter_id"))
    totals = plain.group_by("meter_id").agg(pl.col("quantity", "quantity_theirs").sum())
    assert totals.height >= 40
    assert totals["quantity"].equals(totals["quantity_theirs"], check_names=False)


def test_the_floor_sees_every_reading(home: Path) -> None:
    assert scan_and_group(part_paths(home)) == sum(rows.height for rows in chunks(SMALL))


def test_tables_go_between_the_marks() -> None:
    page = f"before\n{marks(MARK)[0]}\nold\n{marks(MARK)[1]}\nafter\n"
    assert replaced(page, MARK, r"new \1") == f"before\n{marks(MARK)[0]}\n\nnew \\1\n\n{marks(MARK)[1]}\nafter\n"
    with pytest.raises(ValueError, match="no single"):
        replaced("nothing", MARK, "new")


@pytest.mark.parametrize(
    ("millions", "ratio", "gib", "said"),
    [
        (30, 8.0, 1.5, "8×: met; 12×: met; 1.5 GiB: met"),
        (30, 8.1, 1.6, "8×: **not met**; 12×: met; 1.5 GiB: **not met**"),
        (100, 12.1, 1.9, "12×: **not met**; 2 GiB: met"),
    ],
)
def test_aims_are_said_to_be_met_or_not(millions: float, ratio: float, gib: float, said: str) -> None:
    row = Row("hourly", Size(millions), 1.0, 1.0, ratio, int(gib * 2**30), 1)
    assert met(_aims(row)) == said


def test_judging_is_held_against_the_time_to_the_hour() -> None:
    rows = [Row(step, Size(30), time_s, time_s, 1.0, 1, 1) for step, time_s in (("hourly", 20.0), ("staging", 25.8))]
    assert _judging(rows) == "Judging a month adds: 30M 29% (at most 30%: met)."
    assert "**not met**" in _judging([rows[0], replace(rows[1], time_s=26.2)])
