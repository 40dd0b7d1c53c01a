"""The evidence pack: unpacked anywhere it recomputes itself with the standard library alone, and one changed byte does not pass."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assets.reports.evidence_pack import recompute
from pipelines.cli.main import main
from resources.home import Home
from tests.pipeline.hand_made import MONTHS

MONTH = MONTHS[-1]


@pytest.fixture(scope="module")
def closed_home(three_months: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    root = tmp_path_factory.mktemp("pack") / "home"
    shutil.copytree(three_months, root)
    options = ("--home", str(root))
    assert main(["close", MONTH, "--submit", "--by", "Wang Wei 王伟", *options]) == 0
    assert main(["close", MONTH, "--approve", "--by", "Li Na", "--statement", "checked against the bills", *options]) == 0
    return Home.open(root)


@pytest.fixture(scope="module")
def pack(closed_home: Home) -> Path:
    assert main(["pack", "S1", MONTH, "--home", str(closed_home.root)]) == 0
    return closed_home.reports / "packs" / f"S1-{MONTH}-r1.zip"


@pytest.fixture
def unpacked(pack: Path, tmp_path: Path) -> Path:
    with zipfile.ZipFile(pack) as archive:
        archive.extractall(tmp_path)
    return tmp_path / f"S1-{MONTH}"


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run the pack's script in an interpreter that sees neither our packages nor our environment."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(folder / "recompute.py"), *arguments], capture_output=True, text=True, env={}, timeout=60
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


def test_it_recomputes_itself(unpacked: Path, closed_home: Home) -> None:
    head = closed_home.ledger.head()[1]
    status, said = run(unpacked, "--head", head)
    assert status == 0, said
    assert "2 indicators recomputed" in said  # A2 and D1: nothing else was landed for this site
    assert "6 energies added up from meters" in said  # both sides of PUE in three months
    assert "index 指数 6.0000" in said  # 0.02 × 60 + 0.16 × 30 points
    status, said = run(unpacked, "--head", "sha256:" + "0" * 64)
    assert (status, "head digest of your witness" in said) == (1, True)


def test_the_script_needs_the_standard_library_alone() -> None:
    tree = ast.parse(Path(recompute.__file__).read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names <= set(sys.stdlib_module_names)


@pytest.mark.parametrize(
    "name",
    [
        "result.json", "revision.json.gz", "log.jsonl", "edition.yaml", "index.html", f"tables/{MONTH}/staging/energies.csv",
        "inputs/sites/sites.csv",
    ],
)  # fmt: skip
def test_one_changed_byte_is_found(unpacked: Path, name: str) -> None:
    path = unpacked / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    status, said = run(unpacked)
    assert (status, f"file {name}" in said) == (1, True)


def test_a_missing_and_a_foreign_file_are_found(unpacked: Path) -> None:
    (unpacked / "heads.csv").unlink()
    (unpacked / "extra.txt").write_text("x")
    status, said = run(unpacked)
    assert (status, "file heads.csv" in said, "file extra.txt" in said) == (1, True, True)


def forge(folder: Path, name: str, old: str, new: str) -> None:
    """Change a file and list its new digest, as somebody would who wants the change to pass."""
    path, listed = folder / name, folder / "manifest.json"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    manifest = json.loads(listed.read_text(encoding="utf-8"))
    manifest[name] = recompute.sha256(path.read_bytes())
    listed.write_text(json.dumps(manifest), encoding="utf-8")


def test_a_forged_result_is_not_what_the_log_vouches_for(unpacked: Path) -> None:
    forge(unpacked, "result.json", '"index": 6.0', '"index": 66.0')
    status, said = run(unpacked)
    assert (status, "result: index" in said, "DIFFERS 不一致  index" in said) == (1, True, True)


def test_a_forged_table_has_another_digest_and_another_sum(unpacked: Path) -> None:
    # the IT meter of the month: 744 h × 100 kWh
    forge(unpacked, f"tables/{MONTH}/staging/energies.csv", "74400000", "84400000")
    status, said = run(unpacked)
    assert (status, f"table {MONTH} staging/energies" in said, "sum of 1 meters" in said) == (1, True, True)


def test_a_forged_log_breaks_the_chain(unpacked: Path) -> None:
    forge(unpacked, "log.jsonl", "checked against the bills", "checked against the balls")
    status, said = run(unpacked)
    assert (status, "log entry" in said) == (1, True)


def test_the_same_pack_twice_is_the_same_file(pack: Path, closed_home: Home, tmp_path: Path, gci: Callable[..., Any]) -> None:
    assert gci("pack", "S1", MONTH, "--home", closed_home.root, "--to", tmp_path / "again.zip")[0] == 0
    assert (tmp_path / "again.zip").read_bytes() == pack.read_bytes()


def test_what_is_not_final_says_so(closed_home: Home, tmp_path: Path, gci: Callable[..., Any]) -> None:
    target = tmp_path / "open.zip"
    status, out, _ = gci("pack", "S1", MONTHS[0], "--home", closed_home.root, "--to", target)
    assert (status, "Not final" in out) == (0, True)
    with zipfile.ZipFile(target) as archive:
        archive.extractall(tmp_path)
    status, said = run(tmp_path / f"S1-{MONTHS[0]}")
    assert (status, "not final" in said) == (0, True)


def test_wrong_targets_and_unknown_sites(closed_home: Home, tmp_path: Path, gci: Callable[..., Any]) -> None:
    root = ("--home", closed_home.root)
    assert gci("pack", "S1", MONTH, *root, "--to", tmp_path / "no" / "x.zip")[0] == 2
    assert gci("pack", "S1", MONTH, *root, "--to", tmp_path / "x.tar")[0] == 2
    assert gci("pack", "S9", MONTH, *root)[0] == 2
    assert gci("pack", "S1", MONTH, *root, "--revision", 2)[0] == 2
