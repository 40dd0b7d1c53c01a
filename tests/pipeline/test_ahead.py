"""A second process works out months ahead: the numbers are those of one process, whatever becomes of the second one."""

from __future__ import annotations

import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from assets.prepared import Prepared
from pipelines import ahead, backfill
from resources.home import Home
from resources.ledger import Rows
from tests.pipeline.hand_made import MONTHS, make_home
from tests.pipeline.test_digests import digests

DERIVED = ("finding", "verdict", "indicator_value", "result", "materiality")


def _rows(root: Path) -> dict[str, list[Any]]:
    """Every derived row, and every manifest with its inputs and its seal."""
    with sqlite3.connect(root / "ledger.db") as connection:
        found = {name: connection.execute(f"select * from {name} order by 1, 2, 3").fetchall() for name in (*DERIVED, "manifest")}
    connection.close()
    return found


@pytest.fixture
def empty_copy(three_months: Path, tmp_path: Path) -> Home:
    """The home of three months with nothing computed."""
    root = tmp_path / "home"
    shutil.copytree(three_months, root)
    home = Home.open(root)
    home.ledger.drop_derived()
    for folder in ("lake/staging", "lake/indicators", "lake/index", "dagster", "reports"):
        shutil.rmtree(root / folder, ignore_errors=True)
    return home


class Watched(ahead.Ahead):
    """Notes which months were taken, with how many steps; the other process may be killed after the first one."""

    taken: dict[str, int]
    killed = False

    def take(self, month: str) -> Mapping[str, Prepared]:
        if self.killed and self.taken and self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process.stdout.read()  # type: ignore[union-attr]  # what it had written before
        steps = super().take(month)
        self.taken[month] = len(steps)
        return steps


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Three months are worth a second process; which months it gave, with how many steps."""
    found: dict[str, int] = {}
    monkeypatch.setattr(ahead, "FEWEST", len(MONTHS))
    monkeypatch.setattr(ahead, "_processors", lambda: 2)
    monkeypatch.setattr(Watched, "taken", found, raising=False)
    monkeypatch.setattr(ahead, "Ahead", Watched)
    return found


def test_two_processes_leave_what_one_leaves(three_months: Path, empty_copy: Home, taken: dict[str, int]) -> None:
    done = backfill.compute_months(empty_copy, MONTHS)
    assert [item.outcome for item in done] == ["computed"] * 3
    assert taken == dict.fromkeys(MONTHS, len(ahead.STEPS))
    assert _rows(empty_copy.root) == _rows(three_months)
    assert digests(empty_copy.root) == digests(three_months)
    tables = [{path.relative_to(root) for path in (root / "lake").rglob("*")} for root in (empty_copy.root, three_months)]
    assert tables[0] == tables[1]


@pytest.mark.long
def test_months_that_are_there_are_computed_again(three_months: Path, tmp_path: Path, taken: dict[str, int]) -> None:
    """Rows of the computation before, of steps that come later, are not read as those of this one."""
    shutil.copytree(three_months, tmp_path / "home")
    home = Home.open(tmp_path / "home")
    done = backfill.compute_months(home, MONTHS, force=True)
    assert [item.outcome for item in done] == ["computed"] * 3
    assert taken == dict.fromkeys(MONTHS, len(ahead.STEPS))
    assert _rows(home.root) == _rows(three_months)


@pytest.mark.long
def test_a_second_process_that_is_killed_is_done_without(
    three_months: Path, empty_copy: Home, taken: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Watched, "killed", True)
    backfill.compute_months(empty_copy, MONTHS)
    assert taken == {MONTHS[0]: len(ahead.STEPS), MONTHS[1]: 0, MONTHS[2]: 0}
    assert _rows(empty_copy.root) == _rows(three_months)


@pytest.mark.long
def test_two_processes_leave_the_same_on_postgresql(
    three_months: Path, tmp_path: Path, postgres: Callable[[], str], taken: dict[str, int], monkeypatch: pytest.MonkeyPatch, gci: Any
) -> None:
    monkeypatch.setenv("GCI_LEDGER", postgres())
    home = make_home(tmp_path / "home", MONTHS)
    (home.root / "ledger.db").unlink()
    (home.root / "gci.toml").write_text('ledger_env = "GCI_LEDGER"\n', encoding="utf-8")
    assert gci("backfill", MONTHS[0], MONTHS[-1], "--home", home.root)[0] == 3
    assert taken == dict.fromkeys(MONTHS, len(ahead.STEPS))
    assert digests(home.root) == digests(three_months)
    assert gci("verify", "--home", home.root)[0] == 0


def test_months_from_other_code_are_not_taken(empty_copy: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with _running(empty_copy, monkeypatch) as others:
        monkeypatch.setattr(ahead, "code_version", lambda layer: f"another {layer}")
        assert others.take(MONTHS[0]) == {}
        assert others._process is not None
        assert others._process.poll() == -signal.SIGKILL
        assert others.take(MONTHS[1]) == {}


@contextmanager
def _running(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[ahead.Ahead]:
    monkeypatch.setattr(ahead, "FEWEST", 1)
    monkeypatch.setattr(ahead, "_processors", lambda: 2)
    with ahead.ahead_of(home, home.ledger.head()[0]) as others:
        others.begin(MONTHS)
        yield others


def test_a_failure_ends_the_second_process_quietly(
    empty_copy: Home, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What is wrong is said by the first process, which meets the same."""
    shutil.rmtree(empty_copy.root / "lake" / "parts")
    with _running(empty_copy, monkeypatch) as others:
        assert others.take(MONTHS[0]) == {}
        assert others._process is not None
        assert others._process.wait(timeout=30) == 1
    assert capfd.readouterr() == ("", "")
    with pytest.raises(Exception, match=r"parts/.* is missing from the lake"):
        backfill.compute_months(empty_copy, MONTHS)


@pytest.mark.parametrize(
    ("months", "processors", "settings", "second"),
    [
        (6, 2, "", True),
        (5, 2, "", False),
        (6, 1, "", False),
        (6, 8, '\nengine = "spark"\n', False),
    ],
)  # fmt: skip
def test_where_a_second_process_pays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, months: int, processors: int, settings: str, second: bool
) -> None:
    from pipelines.initialise import initialise

    home = initialise(tmp_path / "home")
    with home.settings_path.open("a", encoding="utf-8") as file:
        file.write(settings)
    monkeypatch.setattr(ahead, "_processors", lambda: processors)
    names = [f"2026-{number:02d}" for number in range(1, months + 1)]
    with ahead.ahead_of(Home.open(home.root), 7) as others:
        others.begin(names)
        assert (others._process is not None) == second
        if others._process is None:
            assert others.take(names[0]) == {}


def test_a_process_that_was_expected_and_not_needed_is_ended(empty_copy: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "FEWEST", 2)
    monkeypatch.setattr(ahead, "_processors", lambda: 2)
    with ahead.ahead_of(empty_copy, 1) as others:
        others.expect(2)
        process = others._process
        assert process is not None
        others.begin([])
    assert process.returncode is not None
    assert others.take(MONTHS[0]) == {}


def test_a_pending_ledger_reads_what_it_noted_and_writes_nothing(three_months: Path, tmp_path: Path) -> None:
    shutil.copytree(three_months, tmp_path / "home")
    home = Home.open(tmp_path / "home")
    before = _rows(home.root)
    ledger = ahead.PendingLedger(home)
    item = home.ledger.manifests(MONTHS[1], "staging/energies")[0]
    changed = type(item)(**{**vars(item), "digest": "sha256:other"})
    verdicts = [
        {"site_id": site, "quantity": "E_DC", "rule": rule, "outcome": outcome, "severity": "", "reason": "", "judged": "d"}
        for site, rule, outcome in (("S2", "BD01", "pass"), ("S1", "CT01", "fail"), ("S1", "BD01", "pass"))
    ]
    ledger.replace(MONTHS[1], "staging/energies", [changed], {"verdict": verdicts}, as_of=1, code_version="c")
    assert ledger.manifest(MONTHS[1], "staging/energies") == changed
    assert ledger.manifest(MONTHS[0], "staging/energies") == home.ledger.manifest(MONTHS[0], "staging/energies")
    assert [m.table_name for m in ledger.manifests(MONTHS[1])] == [m.table_name for m in home.ledger.manifests(MONTHS[1])]
    found = ledger.rows("verdict", month=MONTHS[1])
    assert [(row["site_id"], row["rule"]) for row in found] == [("S1", "BD01"), ("S1", "CT01"), ("S2", "BD01")]
    assert {(row["month"], row["table_name"]) for row in found} == {(MONTHS[1], "staging/energies")}
    assert ledger.rows("verdict", ("rule",), month=MONTHS[1], outcome="fail") == [{"rule": "CT01"}]
    kept, noted = home.ledger.digests(*MONTHS), ledger.digests(*MONTHS)
    assert noted[MONTHS[0]] == kept[MONTHS[0]]
    other = {table for table, digest in noted[MONTHS[1]].items() if kept[MONTHS[1]].get(table) != digest}
    assert other == {"staging/energies", "ledger/verdict@staging/energies"}
    assert ledger.rows("finding", month=MONTHS[1]) == []
    for other in (MONTHS[0], list(MONTHS)):
        with pytest.raises(ValueError, match="rows of verdict are read of 2025-12 here"):
            ledger.rows("verdict", month=other)
    with pytest.raises(ValueError, match="rows of result are read of 2025-12 here"):
        ledger.rows("result")
    (change,) = ledger.taken()
    laid = Rows.of("verdict", MONTHS[1], "staging/energies", verdicts)
    assert (change["month"], change["stored"], change["rows"]) == (MONTHS[1], (changed,), {"verdict": laid})
    assert ledger.taken() == ()
    assert _rows(home.root) == before
