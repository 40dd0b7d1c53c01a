"""The same rows give the same digests: recomputed, in another order, in other files, after a kill; and a changed byte is named."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from resources.home import Home
from tests.pipeline.hand_made import make_home, write_csv

ROOT = Path(__file__).resolve().parents[2]
MONTHS = ("2025-11", "2025-12", "2026-01")


def digests(root: Path) -> dict[str, str]:
    """Everything computed, by content: tables and results of every month."""
    ledger = Home.open(root).ledger
    found = {
        f"{m.month} {m.table_name}": m.digest
        for m in ledger.manifests()
        if not m.table_name.startswith(("ledger/", "raw/")) and m.table_name != "run"
    }
    for row in ledger.rows("result"):
        found[f"{row['month']} {row['entity_id']} {row['window']}"] = row["output_digest"]
    return found


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from pipelines.cli.main import main

    home = make_home(tmp_path_factory.mktemp("digests") / "home", MONTHS)
    assert main(["backfill", MONTHS[0], MONTHS[-1], "--home", str(home.root)]) == 3
    return home.root


def test_dropping_everything_derived_and_computing_again(uninterrupted: Path, tmp_path: Path, gci: Any) -> None:
    copy = tmp_path / "home"
    shutil.copytree(uninterrupted, copy)
    expected = digests(copy)
    home = Home.open(copy)
    home.ledger.drop_derived()
    for folder in ("staging", "indicators", "index"):
        shutil.rmtree(copy / "lake" / folder, ignore_errors=True)
    shutil.rmtree(copy / "dagster")
    assert digests(copy) == {}
    gci("backfill", MONTHS[0], MONTHS[-1], "--home", copy)
    assert digests(copy) == expected


def test_a_second_backfill_does_nothing(uninterrupted: Path, tmp_path: Path, gci_json: Any) -> None:
    copy = tmp_path / "home"
    shutil.copytree(uninterrupted, copy)
    done = gci_json("backfill", MONTHS[0], MONTHS[-1], "--home", copy)
    assert [month["outcome"] for month in done["months"]] == ["unchanged"] * 3


def test_months_one_by_one_equal_a_backfill(uninterrupted: Path, tmp_path: Path, gci: Any) -> None:
    home = make_home(tmp_path / "home", MONTHS)
    for month in MONTHS:
        gci("run", month, "--home", home.root)
    assert digests(home.root) == digests(uninterrupted)


def test_permuted_rows_and_split_files(uninterrupted: Path, tmp_path: Path, gci: Any) -> None:
    home = make_home(tmp_path / "home", MONTHS)
    folder = home.landing / "meter_readings"
    rows: list[list[str]] = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="") as handle:
            header, *content = csv.reader(handle)
        rows += content
        path.unlink()
    random.Random(1).shuffle(rows)
    third = len(rows) // 3
    for number, start in enumerate(range(0, len(rows), third)):
        write_csv(folder / f"piece-{number}.csv", header, rows[start : start + third])
    gci("backfill", MONTHS[0], MONTHS[-1], "--home", home.root)
    assert digests(home.root) == digests(uninterrupted)


def test_killed_half_way_and_run_again(uninterrupted: Path, tmp_path: Path, gci: Any) -> None:
    home = make_home(tmp_path / "home", MONTHS)
    arguments = ["backfill", MONTHS[0], MONTHS[-1], "--home", str(home.root)]
    code = "import sys; from pipelines.cli.main import main; sys.exit(main(sys.argv[1:]))"
    process = subprocess.Popen([sys.executable, "-c", code, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if home.ledger.path.exists() and len(_tables(home.root)) >= 12:  # the first month's tables are being written
            break
        time.sleep(0.02)
    assert process.poll() is None, "the backfill ended before it could be killed"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert digests(home.root) != digests(uninterrupted)
    gci(*arguments)
    assert digests(home.root) == digests(uninterrupted)
    assert gci("verify", "--home", home.root)[0] == 0


def _tables(root: Path) -> list[Any]:
    with sqlite3.connect(f"file:{root / 'ledger.db'}?mode=ro", uri=True, timeout=10) as connection:
        try:
            return connection.execute("select * from manifest").fetchall()
        except sqlite3.OperationalError:
            return []
        finally:
            connection.commit()


def test_every_value_of_the_ledger_is_watched(uninterrupted: Path, tmp_path: Path, gci: Any) -> None:
    """One changed value at a time, in every column of every table: each is found and named."""
    assert gci("verify", "--home", uninterrupted)[0] == 0
    connection = sqlite3.connect(uninterrupted / "ledger.db")
    tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table' order by name")]
    columns = {t: [row[1] for row in connection.execute(f"pragma table_info({t})")] for t in tables}
    connection.close()
    checked = 0
    for table in tables:
        if table == "schema_info":
            continue
        for column in columns[table]:
            copy = tmp_path / "ledger.db"
            shutil.copy(uninterrupted / "ledger.db", copy)
            if not _tamper(copy, table, column):
                continue
            checked += 1
            home = tmp_path / "home"
            home.mkdir(exist_ok=True)
            for name in ("lake", "landing", "gci.toml"):
                if not (home / name).exists():
                    (home / name).symlink_to(uninterrupted / name)
            shutil.copy(copy, home / "ledger.db")
            status, out, _ = gci("verify", "--home", home)
            assert status == 1, f"{table}.{column} was changed and nobody noticed"
            assert "expected" in out
    assert checked > 50


def _tamper(path: Path, table: str, column: str) -> bool:
    """Change one value; False when the table has no row with a value there."""
    with sqlite3.connect(path) as connection:
        row = connection.execute(
            f'select rowid, "{column}" from {table} where "{column}" is not null order by rowid desc limit 1'
        ).fetchone()
        if row is None:
            return False
        rowid, value = row
        if isinstance(value, int | float):
            changed: object = value + 1
        elif value.startswith(("{", "[")):
            data = json.loads(value)
            changed = json.dumps({**data, "added": 1} if isinstance(data, dict) else [*data, 1])
        else:
            changed = value + "x"
        connection.execute("pragma foreign_keys = off")
        connection.execute(f'update {table} set "{column}" = ? where rowid = ?', (changed, rowid))
    connection.close()
    return True


def test_one_changed_byte_of_a_kept_file_is_named(uninterrupted: Path, tmp_path: Path, gci: Any) -> None:
    copy = tmp_path / "home"
    shutil.copytree(uninterrupted, copy)
    entry = next(e for e in Home.open(copy).ledger.entries(kinds=["file"]) if e.name == "meter_readings/2025-12.csv")
    path = copy / "lake" / "files" / entry.digest.removeprefix("sha256:")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    status, out, _ = gci("verify", "--home", copy)
    assert status == 1
    assert f"entry {entry.n} (meter_readings/2025-12.csv)" in out


def test_a_changed_table_of_the_lake_is_named(uninterrupted: Path, tmp_path: Path, gci: Any) -> None:
    import polars as pl

    copy = tmp_path / "home"
    shutil.copytree(uninterrupted, copy)
    home = Home.open(copy)
    stored = home.ledger.manifest("2026-01", "staging/energies")
    assert stored is not None
    path = home.lake.table_path("staging/energies", "2026-01", stored.file_digest)
    pl.read_parquet(path).with_columns(pl.col("quantity") + 1).write_parquet(path)
    status, out, _ = gci("verify", "--home", copy)
    assert status == 1
    assert "staging/energies" in out
