"""Bad input: one clear sentence and the right exit status, and nothing else is stopped."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.hand_made import make_home, write_csv

ROOT = Path(__file__).resolve().parents[2]


BROKEN = {
    "empty.csv": (b"", ["empty"]),
    "report.csv": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", ["PDF"]),
    "columns.csv": (b"meter,when\nM1,2026-01-01\n", ["meter_id", "read_at", "value"]),
    "broken.csv.gz": (b"\x1f\x8b\x08\x00garbage", ["gz"]),
    "table.docx": (b"PK\x03\x04", [".docx"]),
}


def test_a_broken_file_is_quarantined_and_stops_no_other(tmp_path: Path, gci: Any, gci_json: Any) -> None:
    home = make_home(tmp_path / "home")
    for name, (content, _) in BROKEN.items():
        (home.landing / "meter_readings" / name).write_bytes(content)
    status, out, _ = gci("land", "--home", home.root)
    assert status == 1
    lines = [line for line in out.splitlines() if line.startswith("quarantined")]
    assert len(lines) == len(BROKEN)
    for name, (_, words) in BROKEN.items():
        (line,) = (line for line in lines if f"/{name}:" in line)
        for word in words:
            assert word in line
    assert "2026-01.csv" in out  # the good file landed
    status, _, _ = gci("run", "2026-01", "--home", home.root)
    assert status == 3
    assert gci_json("show", "S1", "2026-01", "--home", home.root)["indicators"]
    board = gci("status", "--home", home.root)[1]
    for name in BROKEN:
        assert name in board


def test_text_in_a_number_column_is_one_rejected_row(tmp_path: Path, gci: Any) -> None:
    home = make_home(tmp_path / "home")
    rows = [("S1-G", "2026-01-15 12:30", "about 80")]
    write_csv(home.landing / "meter_readings" / "typed.csv", ("meter_id", "read_at", "value"), rows)
    gci("run", "2026-01", "--home", home.root)
    out = gci("check", "S1", "2026-01", "--home", home.root)[1]
    assert "CT01" in out
    trace = gci("trace", "S1", "2026-01", "E_DC", "--home", home.root)[1]
    assert "about 80" in trace.replace("\n", " ")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("run", "2023-12"), 2, ["2023-12", "first_month", "2024-01"]),
        (("run", "March"), 2, ["March", "YYYY-MM"]),
        (("run", "2026-13"), 2, ["2026-13"]),
        (("backfill", "2026-02", "2026-01"), 2, ["2026-01", "before"]),
        (("show", "S9", "2026-01"), 2, ["S9", "S1"]),
        (("show", "S1", "2025-11"), 1, ["2025-11", "not computed"]),
        (("check", "S9", "2026-01"), 2, ["S9"]),
        (("trace", "S1", "2026-01", "Z9"), 2, ["Z9", "D1"]),
        (("show", "S1"), 2, ["MONTH"]),
        (("shwo", "S1", "2026-01"), 2, ["shwo"]),
    ],
)
def test_wrong_usage_says_what_is_wrong(computed_home: Path, gci: Any, arguments: tuple[str, ...], status: int, words: list[str]) -> None:
    home_option = () if arguments[0] == "shwo" else ("--home", computed_home)
    seen, out, err = gci(*arguments, *home_option)
    assert seen == status, err
    assert out == ""
    assert "Traceback" not in err
    for word in words:
        assert word in err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('frist_month = "2024-01"\n', ["frist_month", "first_month"]),
        ("[close]\ncutoff = 8\n", ["cutoff", "cutoff_day"]),
        ("[rules.TL99]\nwithhold_below = 0.95\n", ["TL99", "TL01"]),
        ("[rules.TL01]\nwithhold_below = 0.5\n", ["0.5", "0.9"]),
        ('[feeds.meter_reading]\nencoding = "gbk"\n', ["meter_reading", "meter_readings"]),
        ('timezone = "Asia/Shangai"\n', ["Asia/Shangai"]),
        ("first_month = \n", ["TOML"]),
        ('edition = "whitepaper-2025"\n', ["whitepaper-2025", "whitepaper-2024.1"]),
    ],
)
def test_a_wrong_setting_is_named_with_the_nearest(tmp_path: Path, gci: Any, text: str, words: list[str]) -> None:
    home = make_home(tmp_path / "home")
    home.settings_path.write_text(text, encoding="utf-8")
    status, _, err = gci("run", "2026-01", "--home", home.root)
    assert status == 2, err
    for word in words:
        assert word in err


def test_a_folder_that_is_no_home(tmp_path: Path, gci: Any) -> None:
    for command in (("show", "S1", "2026-01"), ("run", "2026-01"), ("status",), ("verify",)):
        status, _, err = gci(*command, "--home", tmp_path / "nowhere")
        assert status == 1
        assert "gci init" in err


def test_an_empty_home_says_what_to_drop(tmp_path: Path, gci: Any) -> None:
    assert gci("init", tmp_path / "home")[0] == 0
    status, _, err = gci("run", "2026-01", "--home", tmp_path / "home")
    assert status == 1
    assert "sites" in err
    assert "landing" in err


def test_a_read_only_home(computed_home: Path) -> None:
    """On a home that can't be written, reading works and computing says so."""
    with tempfile.TemporaryDirectory() as folder:  # not below the test's own folder, which only its owner may enter
        home = Path(folder) / "home"
        shutil.copytree(computed_home, home)
        write_csv(home / "landing" / "meter_readings" / "new.csv", ("meter_id", "read_at", "value"), [("S1-G", "2026-02-02 00:00", "9")])
        for path in [Path(folder), home, *home.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        (shown, _), *others = _as_ordinary_user(
            ("show", "S1", "2026-01", "--home", str(home)),
            ("run", "2026-01", "--home", str(home)),
            ("backfill", "2026-01", "2026-01", "--force", "--home", str(home)),
        )
        for path in [Path(folder), home, *home.rglob("*")]:
            path.chmod(0o755)
    assert shown == 3
    for status, message in others:
        assert status == 1
        assert "can't be" in message
        assert "ermission" in message or "readonly" in message
        assert "Traceback" not in message


def _as_ordinary_user(*commands: tuple[str, ...]) -> list[tuple[int, str]]:
    """Exit status and stderr of ``gci`` commands in one process that gives up root's powers, if it has them, once everything is imported
    (Python itself may be root's)."""
    code = (
        "import contextlib, io, json, os, sys\n"
        "import encodings.utf_8_sig, pipelines.backfill, pipelines.cli.reading, pipelines.cli.writing, pipelines.documents\n"
        "from pipelines.cli.main import main\n"
        "from assets.raw.landing import land\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "said = []\n"
        "for command in json.loads(sys.argv[1]):\n"
        "    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as errors:\n"
        "        said.append((main(command), errors.getvalue()))\n"
        "print(json.dumps(said))"
    )
    process = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, json.dumps(commands)], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert process.returncode == 0, process.stderr
    return [(status, message) for status, message in json.loads(process.stdout)]
