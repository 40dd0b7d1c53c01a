"""``gci demo`` run as a user runs it, for the tests of all its months."""

from __future__ import annotations

import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from resources.home import Home

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class DemoYear:
    """What the demo left: the home, its exit status, what it printed, and the seconds of a core it took."""

    home: Home
    status: int
    said: str
    core_s: float


def run_demo(root: Path) -> DemoYear:
    """Make, compute and compare all thirteen months in ``root``, in a process of its own."""
    command = [sys.executable, "-m", "pipelines.cli.main", "demo", "--home", str(root)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1200)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    core_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return DemoYear(Home.open(root), done.returncode, done.stdout + done.stderr, core_s)
