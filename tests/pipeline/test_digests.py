"""The same rows give the same digests: recomputed, in another order, in other files, after a kill; and a changed byte is named."""

from __future__ import annotations

import csv
import itertools
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

from pipelines.backfill import open_instance
from pipelines.build import build_defs
from resources.home import Home
from tests.pipeline.hand_made import MONTHS, make_home, write_csv

ROOT = Path(__file__).resolve().parents[2]


def digests(root: Path) -> dict[str, str]:
    """Everything computed, by content: tables and results of every month."""
    ledger = Home.open(root).ledger
    found = {f"{m.month} {m.table_name}": m.digest for m in ledger.manifests() if not m.table_name.startswith(("ledger/", "raw/", "run"))}
    for row in ledger.rows("result"):
        found[f"{row['month']} {row['entity_id']} {row['window']}"] = row["output_digest"]
    return found


@pytest.mark.long
def test_dropping_everything_derived_and_computing_again(three_months: Path, tmp_path: Path, gci: Any) -> None:
    copy = tmp_path / "home"
    shutil.copytree(three_months, copy)
    expected = digests(copy)
    home = Home.open(copy)
    home.ledger.drop_derived()
    for folder in ("staging", "indicators", "index"):
        shutil.rmtree(copy / "lake" / folder, ignore_errors=True)
    shutil.rmtree(copy / "dagster")
    assert digests(copy) == {}
    gci("backfill", MONTHS[0], MONTHS[-1], "--home", copy)
    assert digests(copy) == expected


# every choice of months in every order
ORDERS = [order for count in (1, 2, 3) for order in itertools.permutations(MONTHS, count)]


@pytest.mark.long
@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_months_in_any_order_then_a_backfill(three_months: Path, tmp_path: Path, gci: Any, gci_json: Any, order: tuple[str, ...]) -> None:
    """Months that land and run one by one, in any order, and a backfill that brings the others: the same as one backfill (close.md §1)."""
    home = make_home(tmp_path / "home", MONTHS)
    folder, aside = home.landing / "meter_readings", tmp_path / "aside"
    folder.rename(aside)
    folder.mkdir()
    for month in order:
        (aside / f"{month}.csv").rename(folder / f"{month}.csv")
        assert gci("run", month, "--home", home.root)[0] == 3
    for path in aside.iterdir():
        path.rename(folder / path.name)
    gci("backfill", MONTHS[0], MONTHS[-1], "--home", home.root)
    assert digests(home.root) == digests(three_months)
    again = gci_json("backfill", MONTHS[0], MONTHS[-1], "--home", home.root)
    assert [month["outcome"] for month in again["months"]] == ["unchanged"] * 3


@pytest.mark.long
def test_permuted_rows_and_split_files(three_months: Path, tmp_path: Path, gci: Any) -> None:
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
    assert digests(home.root) == digests(three_months)


@pytest.mark.long
def test_killed_half_way_and_run_again(three_months: Path, tmp_path: Path, gci: Any) -> None:
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
    assert digests(home.root) != digests(three_months)
    gci(*arguments)
    assert digests(home.root) == digests(three_months)
    assert gci("verify", "--home", home.root)[0] == 0


def _tables(root: Path) -> list[Any]:
    with sqlite3.connect(f"file:{root / 'ledger.db'}?mode=ro", uri=True, timeout=10) as connection:
        try:
            return connection.execute("select * from manifest").fetchall()
        except sqlite3.OperationalError:
            return []
        finally:
            connection.commit()


def test_every_value_of_the_ledger_is_watched(computed_home: Path, tmp_path: Path, gci: Any) -> None:
    """One changed value at a time, in every column of every table: each is found and named."""
    assert gci("verify", "--home", computed_home)[0] == 0
    connection = sqlite3.connect(computed_home / "ledger.db")
    tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table' order by name")]
    columns = {t: [row[1] for row in connection.execute(f"pragma table_info({t})")] for t in tables}
    connection.close()
    checked = 0
    for table in tables:
        if table == "schema_info":
            continue
        for column in columns[table]:
            copy = tmp_path / "ledger.db"
            shutil.copy(computed_home / "ledger.db", copy)
            if not _tamper(copy, table, column):
                continue
            checked += 1
            home = tmp_path / "home"
            home.mkdir(exist_ok=True)
            for name in ("lake", "landing", "gci.toml"):
                if not (home / name).exists():
                    (home / name).symlink_to(computed_home / name)
            shutil.copy(copy, home / "ledger.db")
            status, out, err = gci("verify", "--home", home)
            assert status == 1, f"{table}.{column} was changed and nobody noticed"
            assert "expected" in out, f"{table}.{column}: {err}"
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


def test_one_changed_byte_of_a_kept_file_is_named(three_months: Path, tmp_path: Path, gci: Any) -> None:
    copy = tmp_path / "home"
    shutil.copytree(three_months, copy)
    entry = next(e for e in Home.open(copy).ledger.entries(kinds=["file"]) if e.name == "meter_readings/2025-12.csv")
    path = copy / "lake" / "files" / entry.digest.removeprefix("sha256:")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    status, out, _ = gci("verify", "--home", copy)
    assert status == 1
    assert f"entry {entry.n} (meter_readings/2025-12.csv)" in out


def test_a_changed_table_of_the_lake_is_named(three_months: Path, tmp_path: Path, gci: Any) -> None:
    import polars as pl

    copy = tmp_path / "home"
    shutil.copytree(three_months, copy)
    home = Home.open(copy)
    stored = home.ledger.manifest("2026-01", "staging/energies")
    assert stored is not None
    path = home.lake.table_path("staging/energies", "2026-01", stored.file_digest)
    pl.read_parquet(path).with_columns(pl.col("quantity") + 1).write_parquet(path)
    status, out, _ = gci("verify", "--home", copy)
    assert status == 1
    assert "staging/energies" in out


@pytest.mark.long
def test_a_late_correction_brings_everything_up_to_the_asked_month_up_to_date(three_months: Path, tmp_path: Path, gci_json: Any) -> None:
    copy = tmp_path / "home"
    shutil.copytree(three_months, copy)
    done = gci_json("run", MONTHS[1], "--home", copy)["months"]
    assert [(m["month"], m["outcome"]) for m in done] == [(MONTHS[0], "unchanged"), (MONTHS[1], "unchanged")]
    late = [("S1-G", f"{MONTHS[0]}-10 00:30", "99999999")]
    write_csv(copy / "landing" / "meter_readings" / "late.csv", ("meter_id", "read_at", "value"), late)
    answer = gci_json("run", MONTHS[1], "--home", copy)
    assert [(m["month"], m["outcome"]) for m in answer["months"]] == [(MONTHS[0], "computed"), (MONTHS[1], "computed")]
    assert answer["out_of_date"] == [MONTHS[2]]
    done = gci_json("run", MONTHS[2], "--home", copy)["months"]
    assert [m["outcome"] for m in done] == ["unchanged", "unchanged", "computed"]
    done = gci_json("backfill", MONTHS[0], MONTHS[2], "--home", copy)["months"]
    assert [m["outcome"] for m in done] == ["unchanged"] * 3


@pytest.mark.long
def test_a_dagster_run_uses_no_stale_month_and_leaves_a_valid_home(three_months: Path, tmp_path: Path, gci: Any) -> None:
    """A run from Dagster's UI lands, brings the window up to date, and gives what the command line gives."""
    copies = [tmp_path / "dagster", tmp_path / "command"]
    for copy in copies:
        shutil.copytree(three_months, copy)
        corrected = [("S1-G", f"{MONTHS[1]}-10 00:00", "0")]  # a wrong register value within December
        write_csv(copy / "landing" / "meter_readings" / "late.csv", ("meter_id", "read_at", "value"), corrected)
    home = Home.open(copies[0])
    job = build_defs(home.root).resolve_job_def("monthly_close")
    assert job.execute_in_process(partition_key=MONTHS[2], instance=open_instance(home)).success
    gci("run", MONTHS[2], "--home", copies[1])
    assert digests(copies[0]) == digests(copies[1])
    assert digests(copies[0]) != digests(three_months)
    assert gci("verify", "--home", copies[0])[0] == 0


def test_a_silent_month_is_withheld_not_left_out(tmp_path: Path, gci: Any, gci_json: Any) -> None:
    """No readings for a month between two others: it is computed, withheld, and makes the window interim.

    The meters state intervals: a register that is read before and after the silence would have lost nothing.
    """
    home = make_home(tmp_path / "home", MONTHS)
    header = ("meter_id", "site_id", "medium", "point", "kind", "unit", "interval_minutes", "interval_label", "valid_from")
    points = {"S1-G": "grid_supply", "S1-I": "pdu_output"}
    rows = [(m, "S1", "electricity", point, "interval", "kWh", 60, "start", "2024-01-01") for m, point in points.items()]
    write_csv(home.landing / "meters" / "meters.csv", header, rows)
    (home.landing / "meter_readings" / f"{MONTHS[1]}.csv").unlink()
    gci("run", MONTHS[2], "--home", home.root)
    silent = gci_json("show", "S1", MONTHS[1], "--window", "month", "--home", home.root)
    assert next(i for i in silent["indicators"] if i["code"] == "D1")["status"] == "withheld"
    found = gci_json("show", "S1", MONTHS[2], "--home", home.root)["findings"]
    assert "TL08" in {f["code"] for f in found}


@pytest.mark.long
def test_a_month_before_any_site_says_so(three_months: Path, tmp_path: Path, gci: Any) -> None:
    copy = tmp_path / "home"
    shutil.copytree(three_months, copy)
    status, out, _ = gci("run", "2024-01", "--home", copy)
    assert status == 3
    assert "no site" not in out.lower()  # S1 is in force since 2024-01-01
    header, row = (copy / "landing" / "sites" / "sites.csv").read_text().splitlines()
    (copy / "landing" / "sites" / "sites.csv").write_text(f"{header}\n{row.replace('2024-01-01', '2025-12-01')}\n")
    fresh = tmp_path / "fresh"
    shutil.copytree(copy / "landing", fresh / "landing")
    status, out, _ = gci("run", "2025-11", "--home", fresh)
    assert status == 3
    assert "No site is in force at the end of 2025-11" in out


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (
            "insert into result select month, 'a', entity_id, window, entity_kind, state, 99, '1', log_number, output_digest, payload "
            "from result where month = '2026-01'",
            "rows of table result",
        ),
        ("delete from manifest where month = '2026-01' and table_name in ('run', 'run/own')", "seal of 2026-01"),
        ("delete from manifest where month = '2026-01' and table_name = 'staging/energies'", "staging/energies"),
        ("delete from manifest where month = '2026-01'", "rows of table"),
        ("delete from entry where n = (select max(n) from entry)", "log"),
        ("insert into part select 0, feed, month, digest, file_digest, rows from part limit 1", "parts of entry 0"),
        ("delete from finding", "rows of table finding"),
    ],
)
def test_inserted_and_deleted_rows_are_named(three_months: Path, tmp_path: Path, gci: Any, statement: str, named: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for name in ("lake", "landing", "gci.toml"):
        (home / name).symlink_to(three_months / name)
    shutil.copy(three_months / "ledger.db", home / "ledger.db")
    with sqlite3.connect(home / "ledger.db") as connection:
        assert connection.execute(statement).rowcount > 0
    connection.close()
    status, out, _ = gci("verify", "--home", home)
    assert status == 1
    assert named in out


@pytest.mark.long
def test_lost_tables_are_made_again(three_months: Path, tmp_path: Path, gci: Any, gci_json: Any) -> None:
    copy = tmp_path / "home"
    shutil.copytree(three_months, copy)
    shutil.rmtree(copy / "lake" / "staging")
    status, out, _ = gci("verify", "--home", copy)
    assert status == 1
    assert out.count("missing") > 3
    done = gci_json("backfill", MONTHS[0], MONTHS[2], "--home", copy)["months"]
    assert [m["outcome"] for m in done] == ["computed"] * 3
    assert digests(copy) == digests(three_months)
    assert gci("verify", "--home", copy)[0] == 0
