"""Killed at any instant, a command leaves the old or the new state; run again, it completes what an uninterrupted one leaves.

Seven in ten kills come at a point that makes something last (a sync, a rename, a begin, a commit: ``operations.py``), the others after a
random time. After each the chain of the log must hold, ``gci verify`` may name nothing but a month whose run was stopped, and readers must
answer. Seeds are fixed.
"""

from __future__ import annotations

import multiprocessing
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.cli.main import main
from pipelines.verify import verify
from resources.files import NEW
from resources.home import Home
from resources.ledger import GENESIS
from tests.crash.operations import OPERATIONS, Operation, child, left

pytestmark = pytest.mark.skipif("forkserver" not in multiprocessing.get_all_start_methods(), reason="this system has no fork")

CHAIN = 4  # kills of one home before it is let complete
KILLED = -9


class Killer:
    """Runs an operation in children on copies of one prepared home, and knows what an uninterrupted one leaves."""

    def __init__(
        self, operation: Operation, folder: Path, monkeypatch: pytest.MonkeyPatch, server: Callable[[], str] | None = None
    ) -> None:
        self.operation, self.folder, self.monkeypatch, self.server = operation, folder, monkeypatch, server
        self.environment: dict[str, str] = {}
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["tests.crash.operations"])
        self.prepared = folder / "prepared"
        operation.prepare(self.prepared)
        whole, count = self.copy("whole"), folder / "points"
        warm = self.context.Process(target=int)  # the server is up and has imported everything before time is taken
        warm.start()
        warm.join()
        started = time.monotonic()
        self.status = self.run(whole, count=count)
        self.seconds = time.monotonic() - started
        self.points = int(count.read_text())
        self.expected = left(whole)
        assert problems(whole) == []

    def copy(self, name: str) -> Path:
        root = shutil.copytree(self.prepared, self.folder / name)
        if self.server is not None:  # the prepared log is empty: the copy begins one of its own there
            (root / "ledger.db").unlink()
            self.environment = {f"GCI_{name.replace('-', '_')}": self.server()}
            with (root / "gci.toml").open("a", encoding="utf-8") as settings:
                settings.write(f'ledger_env = "{next(iter(self.environment))}"\n')
            for variable, value in self.environment.items():
                self.monkeypatch.setenv(variable, value)
        return root

    def run(self, root: Path, kill_at: int | None = None, after: float | None = None, count: Path | None = None) -> int | None:
        """Run the operation on a home: to its end, to the ``kill_at``-th point, or for ``after`` seconds; returns its exit status."""
        arguments = (list(self.operation.command), str(root), self.environment, kill_at, str(count) if count else None)
        process = self.context.Process(target=child, args=arguments)
        process.start()
        if after is not None:
            time.sleep(after)
            process.kill()
        process.join()
        return process.exitcode

    def kill(self, kills: int, seed: int) -> None:
        """Kill until ``kills`` children have died of it; complete each home after CHAIN of them, or when one got through, and compare."""
        moments, died, homes = random.Random(seed), 0, 0
        while died < kills:
            homes += 1
            assert homes < 3 * kills, "too few were killed before they were done"
            root = self.copy(f"home-{seed}-{homes}")
            status: int | None = KILLED
            for _ in range(min(CHAIN, kills - died)):
                by_point = moments.random() < 0.7
                point, after = moments.randint(1, self.points), moments.uniform(0, self.seconds)
                status = self.run(root, kill_at=point) if by_point else self.run(root, after=after)
                if status != KILLED:
                    break
                died += 1
                assert [where for where in problems(root) if not where.startswith("ledger: seal of")] == []
            if status == KILLED:
                status = self.run(root)
            assert status == self.status
            assert left(root) == self.expected
            assert problems(root) == []
            assert [path for path in (root / "lake").rglob(f"{NEW}*") if path.is_file()] == []
            shutil.rmtree(root)


def problems(root: Path) -> list[str]:
    """What ``gci verify`` names; also asserts that the log is a chain, and that a command that reads answers right after a kill."""
    home = Home.open(root)
    if home.ledger.version() is None:  # killed before there was one
        return []
    head = GENESIS
    for number, entry in enumerate(home.ledger.entries(), start=1):
        assert (entry.n, entry.previous_head, entry.expected_head()) == (number, head, entry.head)
        head = entry.head
    assert main(["status", "--home", str(root)]) == 0
    return [item.where for item in verify(home)]


@pytest.fixture
def killer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Killer]:
    def make(name: str, server: Callable[[], str] | None = None) -> Killer:
        return Killer(OPERATIONS[name], tmp_path, monkeypatch, server)

    return make


def test_eight_kills_of_a_landing(killer: Callable[..., Killer]) -> None:
    killer("land little").kill(8, seed=1)


@pytest.mark.long
@pytest.mark.parametrize(("name", "kills"), [("land", 120), ("run", 60), ("run with a late file", 40)])
def test_two_hundred_kills(killer: Callable[..., Killer], name: str, kills: int) -> None:
    killer(name).kill(kills, seed=2)


@pytest.mark.long
@pytest.mark.parametrize(("name", "kills"), [("submit", 8), ("approve", 12), ("restate", 16), ("sign", 8)])
def test_kills_of_what_people_decide(killer: Callable[..., Killer], name: str, kills: int) -> None:
    killer(name).kill(kills, seed=4)


@pytest.mark.long
@pytest.mark.parametrize(("name", "kills"), [("land", 40), ("run", 12)])
def test_kills_with_a_ledger_on_a_server(killer: Callable[..., Killer], postgres: Callable[[], str], name: str, kills: int) -> None:
    killer(name, postgres).kill(kills, seed=3)
