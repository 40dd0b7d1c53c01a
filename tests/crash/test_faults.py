"""A full disk, a home that can't be written, damaged tables, a damaged ledger, a log cut short, a clock set back.

Nothing half-done is kept, ``gci verify`` names what is wrong, and a command that can't go on says why in one message.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.cli.main import main
from pipelines.verify import verify
from resources.digest import canonical_json
from resources.home import Home
from resources.ledger import Entry, Manifest
from tests.crash.operations import MONTH, left
from tests.pipeline.hand_made import make_home, write_csv

Said = tuple[int, str, str]


@pytest.fixture
def gci(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    def run(*arguments: object) -> Said:
        status = main([str(a) for a in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hand-made home whose files are landed and not computed; tests work on copies."""
    home = make_home(tmp_path_factory.mktemp("landed") / "home", [MONTH])
    assert main(["land", "--home", str(home.root)]) == 0
    return home.root


@pytest.fixture
def home(landed: Path, tmp_path: Path) -> Home:
    return Home.open(shutil.copytree(landed, tmp_path / "home"))


def late_file(home: Home) -> None:
    header = ("meter_id", "read_at", "value")
    write_csv(home.landing / "meter_readings" / "late.csv", header, [("S1-G", f"{MONTH}-15 12:00", 53_250)])


def one_message(said: Said) -> str:
    """The message of a command that failed: one, ours, and no traceback."""
    status, _, err = said
    assert status == 1
    assert "Internal error" not in err
    assert "Traceback" not in err
    (message,) = [line for line in err.splitlines() if line.startswith("gci: ")]
    return message


# a disk that is full or can't be written ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "said"),
    [(errno.ENOSPC, "No space left on device"), (errno.EIO, "Input/output error"), (errno.EROFS, "Read-only file system")],
)
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_refuses_while_a_file_is_kept(
    home: Home, gci: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, code: int, said: str, call: str
) -> None:
    late_file(home)
    before = left(home.root)

    def refuse(*arguments: Any) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as broken:
        broken.setattr(os, call, refuse)
        assert said in one_message(gci("land", "--home", home.root))
    assert left(home.root) == before
    assert verify(home) == []
    assert not list((home.root / "lake").rglob(".new-*"))
    assert gci("land", "--home", home.root)[0] == 0
    assert len(left(home.root)) == len(before) + 1


def test_a_ledger_without_room(home: Home, gci: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite itself says that its file can't grow."""
    header = ("meter_id", "read_at", "value")
    for number in range(12):  # entries enough to need another page
        write_csv(home.landing / "meter_readings" / f"{number}.csv", header, [("S1-G", f"{MONTH}-15 12:00", 53_250 + number)])
    whole = home.ledger._open_file

    def narrow(query_only: str) -> sqlite3.Connection:
        connection = whole(query_only)
        connection.execute("PRAGMA max_page_count = 1")  # never less than the file has
        return connection

    with monkeypatch.context() as broken:
        broken.setattr("resources.ledger.Ledger._open_file", lambda self, query_only: narrow(query_only))
        message = one_message(gci("land", "--home", home.root))
    assert "can't be written: database or disk is full" in message
    assert verify(home) == []
    assert gci("land", "--home", home.root)[0] == 0
    assert len(home.ledger.entries(kinds=["file"])) == 15
    assert verify(home) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte, where this user may mount one."""
    point = tmp_path / "disk"
    point.mkdir()
    try:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(point)], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if done.returncode:
        pytest.skip("this user may not mount a file system")
    yield point
    subprocess.run(["umount", str(point)], check=True)


def _fill(descriptor: int) -> None:
    while True:
        os.write(descriptor, bytes(1024))


def test_a_disk_that_is_really_full(landed: Path, small_disk: Path, gci: Callable[..., Said]) -> None:
    home = Home.open(shutil.copytree(landed, small_disk / "home"))
    late_file(home)
    before = left(home.root)
    ballast = os.open(small_disk / "ballast", os.O_CREAT | os.O_WRONLY)
    with pytest.raises(OSError, match="No space"):
        _fill(ballast)
    os.close(ballast)
    message = one_message(gci("land", "--home", home.root))
    assert "disk is full" in message or "No space left" in message
    (small_disk / "ballast").unlink()
    assert left(home.root) == before
    assert verify(home) == []
    assert gci("land", "--home", home.root)[0] == 0
    assert len(left(home.root)) == len(before) + 1


def test_a_disk_that_is_really_read_only(landed: Path, small_disk: Path, gci: Callable[..., Said]) -> None:
    home = Home.open(shutil.copytree(landed, small_disk / "home"))
    late_file(home)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for command in (["land"], ["run", MONTH], ["upgrade"]):
        message = one_message(gci(*command, "--home", home.root))
        assert "can't be written: Read-only file system" in message
    for command in (["status"], ["verify"]):
        assert gci(*command, "--home", home.root)[0] == 0


# damaged tables -------------------------------------------------------------------------------------------------------


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def empty(data: bytes) -> bytes:
    return b""


def flip(data: bytes) -> bytes:
    return data[: len(data) // 3] + bytes([data[len(data) // 3] ^ 0xFF]) + data[len(data) // 3 + 1 :]


def wipe(data: bytes) -> bytes:
    return data[:4] + bytes(400) + data[404:]


def damage_part(home: Home, harm: Callable[[bytes], bytes]) -> str:
    (part,) = home.ledger.parts("meter_readings", 99, [MONTH])
    path = home.lake.table_path("parts/meter_readings", MONTH, part.file_digest)
    path.write_bytes(harm(path.read_bytes()))
    return path.relative_to(home.root).as_posix()


@pytest.mark.parametrize("harm", [cut, empty, flip, wipe])
def test_a_damaged_part_is_named(home: Home, gci: Callable[..., Said], harm: Callable[[bytes], bytes]) -> None:
    assert verify(home) == []
    path = damage_part(home, harm)
    (problem,) = verify(home)
    assert problem.where == f"part {MONTH} of entry 1 (meter_readings/{MONTH}.csv): {path}"
    status, out, err = gci("verify", "--home", home.root)
    assert (status, err) == (1, "")
    assert path in out


@pytest.mark.long
@pytest.mark.parametrize("harm", [cut, wipe])
def test_a_month_is_not_computed_from_an_unreadable_part(home: Home, gci: Callable[..., Said], harm: Callable[[bytes], bytes]) -> None:
    damage_part(home, harm)
    message = one_message(gci("run", MONTH, "--home", home.root))
    assert "A table in lake/ is damaged" in message
    assert "gci verify" in message
    assert home.ledger.rows("result") == []


# a damaged ledger -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (cut, "malformed"),
        (empty, "holds no tables (0 bytes): it was emptied or cut off"),
        (lambda data: data[:20], "file is not a database"),
        (lambda data: b"garbage" * 1000, "file is not a database"),
        (lambda data: bytes(len(data)), "file is not a database"),
        (lambda data: data[:4096] + bytes(len(data) - 4096), "malformed"),
    ],
    ids=["cut", "empty", "header cut", "garbage", "zeros", "pages wiped"],
)
def test_a_damaged_ledger_stops_every_command(home: Home, gci: Callable[..., Said], harm: Callable[[bytes], bytes], said: str) -> None:
    path = home.root / "ledger.db"
    late_file(home)
    path.write_bytes(harm(path.read_bytes()))
    damaged = path.read_bytes()
    for command in (["verify"], ["status"], ["land"], ["run", MONTH], ["upgrade"]):
        message = one_message(gci(*command, "--home", home.root))
        assert said in message
        assert "Restore it from a backup" in message
    assert path.read_bytes() == damaged  # nothing began a new log over the old one


def test_damage_where_nobody_looks_is_named(home: Home, gci: Callable[..., Said]) -> None:
    """An index that does not fit its table: every row can be read, and yet the file is not whole."""
    with sqlite3.connect(home.root / "ledger.db") as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("INSERT INTO verdict VALUES ('2026-01', 't', 'S', 'q', 'r', '', '', '', '')")
        connection.commit()
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_autoindex_verdict_1'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    data = bytearray((home.root / "ledger.db").read_bytes())
    data[(page - 1) * size + 3 : (page - 1) * size + 5] = b"\0\0"  # the index says that it has no rows
    (home.root / "ledger.db").write_bytes(bytes(data))
    status, out, _ = gci("verify", "--home", home.root)
    assert status == 1
    assert "a whole database" in out


# a log cut short, and a clock set back --------------------------------------------------------------------------------


def test_a_log_cut_short_is_named_where_something_was_computed_from_it(home: Home, gci: Callable[..., Said]) -> None:
    last, _ = home.ledger.head()
    stored = home.lake.write("index/x", MONTH, pl.DataFrame({"a": [1]}))
    manifest = Manifest(MONTH, "index/x", stored.digest, stored.file_digest, 1, last, "c", {})
    home.ledger.replace(MONTH, "index/x", [manifest], as_of=last, code_version="c")
    assert "log:" not in gci("verify", "--home", home.root)[1]
    with home.ledger.write() as connection:
        connection.exec_driver_sql(f"DELETE FROM part WHERE entry = {last}")
        connection.exec_driver_sql(f"DELETE FROM entry WHERE n = {last}")
    status, out, _ = gci("verify", "--home", home.root)
    assert status == 1
    assert f"log: entry {last}, from which {MONTH}" in out
    assert f"the log ends at {last - 1}" in out


def test_an_entry_dated_before_its_predecessor_is_named(home: Home, gci: Callable[..., Said]) -> None:
    """Entered by something else than the product, with a chain that holds."""
    number, head = home.ledger.head()
    forged = Entry(number + 1, "2001-01-01T00:00:00Z", "waiver", "X", home.ledger.entries()[0].digest, {}, head, "")
    row = (forged.n, forged.at, forged.kind, forged.name, forged.digest, canonical_json({}), head, forged.expected_head())
    with sqlite3.connect(home.root / "ledger.db") as connection:
        connection.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    connection.close()
    status, out, _ = gci("verify", "--home", home.root)
    assert status == 1
    assert f"log: time of entry {forged.n} (waiver X)" in out
    assert "2001-01-01T00:00:00Z" in out


def test_a_clock_set_back_is_held_and_said(home: Home, gci: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import UTC, datetime

    class Past(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime(2001, 1, 1, tzinfo=UTC)

    late_file(home)
    number, _ = home.ledger.head()
    monkeypatch.setattr("resources.log.datetime", Past)
    assert gci("land", "--home", home.root)[0] == 0
    before, entry = home.ledger.entries()[number - 1 : number + 1]
    assert (entry.at, entry.payload["clock"]) == (before.at, "2001-01-01T00:00:00Z")
    assert gci("verify", "--home", home.root)[0] == 0
