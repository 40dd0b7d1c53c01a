"""One writer at a time: a second waits and says for whom, a killed one leaves nothing behind, readers never wait."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.cli.main import main
from pipelines.sweep import sweep, writing
from resources import lock
from resources.errors import GciError
from resources.home import Home
from tests.lock_holder import holder


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "landing").mkdir()
    return Home.open(tmp_path)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "WAIT_S", 0.3)


def test_the_holder_says_who_it_is(home: Home) -> None:
    with home.writing("gci land") as held:
        said = json.loads((home.root / ".lock").read_text(encoding="utf-8"))
        assert (said["what"], said["pid"]) == ("gci land", os.getpid())
        assert said["since"] == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(held.since_s))
        assert {"host", "command"} < set(said)
    assert (home.root / ".lock").read_text() == ""


def test_inside_one_process_it_is_entered_again(home: Home) -> None:
    with home.writing("a") as outer:
        assert outer.outermost
        with Home.open(home.root).writing("b") as inner:
            assert not inner.outermost
        assert outer.outermost
        assert json.loads((home.root / ".lock").read_text())["what"] == "a"
    with home.writing("c") as again:
        assert again.outermost


def test_an_error_gives_the_lock_back(home: Home, impatient: None) -> None:
    with pytest.raises(ValueError, match="x"), home.writing("a"):
        raise ValueError("x")
    with home.writing("b") as held:
        assert held.outermost


def test_who_waits_in_vain_is_told_who_holds_it(home: Home, impatient: None, capsys: pytest.CaptureFixture[str]) -> None:
    with holder(home.root) as other:
        said = rf"'gci run 2026-01', process {other.pid} on .*, since 20\d\d-.*Z\. Wait until it is done"
        with pytest.raises(GciError, match=said), home.writing("b"):
            pass
        assert capsys.readouterr().err.count(f"process {other.pid}") == 1
        assert json.loads((home.root / ".lock").read_text())["pid"] == other.pid  # the loser leaves what the holder wrote


def test_who_waits_goes_on_when_the_holder_is_done(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    with holder(home.root, 0.5), home.writing("b") as held:
        assert held.outermost
    assert "Waiting for another command" in capsys.readouterr().err


def test_a_killed_holder_leaves_no_lock(home: Home, impatient: None) -> None:
    with holder(home.root) as other:
        other.send_signal(signal.SIGKILL)
        other.wait()
        assert (home.root / ".lock").read_text() != ""
        with home.writing("b") as held:
            assert held.outermost


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_is_another_process(home: Home, impatient: None) -> None:
    with home.writing("a"):
        with pytest.warns(DeprecationWarning, match="fork") if sys.version_info >= (3, 12) else contextlib.nullcontext():
            child = os.fork()
        if child == 0:
            try:
                with home.writing("child"):
                    os._exit(0)
            except GciError:
                os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_commands_that_write_wait_and_those_that_read_do_not(home: Home, impatient: None, capsys: pytest.CaptureFixture[str]) -> None:
    home.ledger.create()
    where = ["--home", str(home.root)]
    write = [["land"], ["run", "2026-01"], ["backfill", "2026-01", "2026-01"], ["report"], ["upgrade"]]
    with holder(home.root):
        for command in (*([*words, *where] for words in write), ["init", str(home.root)]):
            assert main(command) == 1
            assert "Another command is changing this home" in capsys.readouterr().err
        for command in (["status", *where], ["verify", *where]):
            assert main(command) == 0
            assert capsys.readouterr().err == ""


def test_two_homes_with_one_database_exclude_each_other(
    tmp_path: Path, postgres: Callable[[], str], impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As two machines would: their lock files are not the same, the ledger is."""
    monkeypatch.setenv("GCI_LEDGER", postgres())
    homes = []
    for name in ("a", "b"):
        (tmp_path / name / "landing").mkdir(parents=True)
        (tmp_path / name / "gci.toml").write_text('ledger_env = "GCI_LEDGER"\n')
        homes.append(Home.open(tmp_path / name))
    with holder(homes[0].root) as other:
        with pytest.raises(GciError, match=rf"gci: gci run 2026-01 \(.*process {other.pid}.*, since 20\d\d-"), homes[1].writing("b"):
            pass
        assert (homes[1].root / ".lock").read_text() == ""
        other.send_signal(signal.SIGKILL)
        other.wait()
        monkeypatch.setattr(lock, "WAIT_S", 10)  # the server must notice that the connection is gone
        with homes[1].writing("b") as held:
            assert held.outermost
    monkeypatch.setenv("GCI_LEDGER", postgres())  # another schema of the same server
    with homes[0].writing("a"), Home.open(tmp_path / "b").writing("b") as held:
        assert held.outermost


# what a killed writer leaves ------------------------------------------------------------------------------------------


def test_half_written_files_are_swept_and_nothing_else(home: Home) -> None:
    files, table = home.lake.root / "files", home.lake.root / "staging" / "energies" / "2026-01"
    for folder in (files, table, home.root / "reports"):
        folder.mkdir(parents=True)
    orphans = [files / ".new-a", table / ".new-b", home.root / ".new-ledger.db-1"]
    others = [
        files / "0a",
        table / "0b.parquet",
        home.root / "reports" / ".new-c",
        home.root / "landing" / ".new-d",
        home.root / "gci.toml",
    ]
    for path in (*orphans, *others):
        path.touch()
    young = files / ".new-young"
    young.touch()
    os.utime(young, (time.time() + 60,) * 2)
    assert sweep(home, time.time() + 1) == sorted(orphans)
    assert [path.exists() for path in (*others, young)] == [True] * 6
    assert not any(path.exists() for path in orphans)


def test_a_writer_sweeps_when_it_begins_and_not_inside(home: Home) -> None:
    orphan = home.lake.root / "files" / ".new-a"
    orphan.parent.mkdir(parents=True)
    orphan.touch()
    os.utime(orphan, (1, 1))
    with writing(home, "a"):
        assert not orphan.exists()
        orphan.touch()
        os.utime(orphan, (1, 1))
        with writing(home, "b"):
            assert orphan.exists()
