"""Many months in one command: what it skips, where it goes on, what it says of each month at the end."""

from __future__ import annotations

import contextlib
import os
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
from resources.ledger import RUN
from tests.pipeline.hand_made import MONTHS, make_home
from tests.pipeline.test_digests import digests

ROOT = Path(__file__).resolve().parents[2]
FROM_TO = (MONTHS[0], MONTHS[-1])


def state(root: Path) -> tuple[Any, Any, int]:
    """Head of the log, every manifest with its seal, and how many runs Dagster knows."""
    ledger = Home.open(root).ledger
    manifests = [(item, ledger.stored_seal(item.month, item.table_name)) for item in ledger.manifests()]
    with sqlite3.connect(root / "dagster" / "history" / "runs.db") as connection:
        (runs,) = connection.execute("select count(*) from runs").fetchone()
    connection.close()
    return ledger.head(), manifests, runs


def test_twice_does_nothing(three_months: Path, tmp_path: Path, gci_json: Any) -> None:
    copy = tmp_path / "home"
    shutil.copytree(three_months, copy)
    before = state(copy)
    answer = gci_json("backfill", *FROM_TO, "--home", copy)
    assert [(row["month"], row["outcome"], row["seconds"]) for row in answer["months"]] == [(m, "unchanged", 0) for m in MONTHS]
    assert answer["out_of_date"] == []
    assert state(copy) == before


def test_the_table_counts_what_the_results_say(three_months: Path, tmp_path: Path, gci: Any, gci_json: Any) -> None:
    """The hand-made site reports neither devices nor practices: no grade, something not reported, nothing withheld (``gci show``)."""
    copy = tmp_path / "home"
    shutil.copytree(three_months, copy)
    for row in gci_json("backfill", *FROM_TO, "--home", copy)["months"]:
        shown = gci_json("show", "S1", row["month"], "--home", copy)
        statuses = {item["status"] for item in shown["indicators"] if item["weight"]}
        assert row["entities"] == 1
        assert (row["withheld"], row["not_reported"]) == (int("withheld" in statuses), int("not_reported" in statuses))
        assert row["no_grade"] == int(shown["grade"] is None)
        assert (row["asked"], row["final"]) == (True, 0)
    status, out, _ = gci("backfill", *FROM_TO, "--home", copy)
    assert status == 3
    lines = [line.split() for line in out.splitlines() if line.strip().startswith(MONTHS)]
    assert [line[:3] for line in lines] == [[month, "unchanged", "未变"] for month in MONTHS]
    assert "3 months: 3 unchanged 未变; 0 s." in out


def test_months_without_a_site_are_said_to_have_none(tmp_path: Path, gci_json: Any) -> None:
    home = make_home(tmp_path / "home", MONTHS[-1:])
    sites = home.landing / "sites" / "sites.csv"
    sites.write_text(sites.read_text(encoding="utf-8").replace("2024-01-01", "2026-06-01"), encoding="utf-8")
    (row,) = gci_json("backfill", MONTHS[-1], MONTHS[-1], "--home", home.root)["months"]
    assert (row["outcome"], row["entities"]) == ("no_site", 0)


@pytest.mark.long
def test_force_computes_what_was_asked_and_changes_no_digest(three_months: Path, tmp_path: Path, gci_json: Any) -> None:
    copy = tmp_path / "home"
    shutil.copytree(three_months, copy)
    rows = gci_json("backfill", MONTHS[1], MONTHS[2], "--force", "--home", copy)["months"]
    assert [(row["month"], row["outcome"], row["asked"]) for row in rows] == [
        (MONTHS[0], "unchanged", False),
        (MONTHS[1], "computed", True),
        (MONTHS[2], "computed", True),
    ]
    assert digests(copy) == digests(three_months)


def _stopped(home: Path, how: signal.Signals, *, two: bool) -> tuple[int, str]:
    """Exit status and stderr of a backfill, of one process or two, that gets a signal when a month is computed and another has begun."""
    fewest = f"import pipelines.ahead; pipelines.ahead.FEWEST = {1 if two else 9}; pipelines.ahead._processors = lambda: 2"
    code = f"import sys; from pipelines.cli.main import main; {fewest}; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "backfill", *FROM_TO, "--home", str(home)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None and not _begun(home):
        time.sleep(0.02)
    assert process.poll() is None, "the backfill ended before it could be stopped"
    os.kill(process.pid, how)
    _, said = process.communicate(timeout=60)
    deadline = time.monotonic() + 60
    while _at_work(home) and time.monotonic() < deadline:  # killed, it ends no other process; that one sees it at its next month
        time.sleep(0.1)
    assert not _at_work(home)
    return process.returncode, said


def _at_work(home: Path) -> list[str]:
    """Processes that work out months of a home ahead."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it may have ended
            words = process.read_bytes().split(b"\0")
            if b"pipelines.ahead" in words and str(home).encode() in words:
                found.append(process.parent.name)
    return found


def _begun(home: Path) -> bool:
    if not (home / "ledger.db").exists():
        return False
    with sqlite3.connect(f"file:{home / 'ledger.db'}?mode=ro", uri=True, timeout=10) as connection:
        try:
            sealed = connection.execute("select count(*) from manifest where table_name = ? and month = ?", (RUN, MONTHS[0])).fetchone()[0]
            begun = connection.execute("select count(*) from manifest where month = ?", (MONTHS[1],)).fetchone()[0]
        except sqlite3.OperationalError:
            return False
    connection.close()
    return bool(sealed and begun)


@pytest.mark.long
@pytest.mark.parametrize("two", [False, True], ids=["one process", "two processes"])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["killed", "Ctrl-C"])
def test_stopped_in_the_middle_the_same_command_goes_on(
    three_months: Path, tmp_path: Path, gci: Any, gci_json: Any, how: signal.Signals, two: bool
) -> None:
    home = make_home(tmp_path / "home", MONTHS).root
    status, said = _stopped(home, how, two=two)
    if how == signal.SIGINT:
        assert status == 1
        assert "1 of 3 months were computed before the interrupt 中断前已计算 1/3 个月" in said
        assert "the same command goes on from there" in said
        assert "Traceback" not in said
    rows = gci_json("backfill", *FROM_TO, "--home", home)["months"]
    assert [row["outcome"] for row in rows] == ["unchanged", "computed", "computed"]
    assert digests(home) == digests(three_months)
    assert gci("verify", "--home", home)[0] == 0
    pages = [{path.relative_to(root) for path in (root / "reports").rglob("*.html")} for root in (home, three_months)]
    assert pages[0] == pages[1]
