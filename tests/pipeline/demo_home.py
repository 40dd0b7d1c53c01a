"""``gci demo`` run as a user runs it, for the tests of all its months."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from resources.home import Home

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class DemoYear:
    """What the demo left: the home, its exit status and what it printed."""

    home: Home
    status: int
    said: str


def run_demo(root: Path) -> DemoYear:
    """Make, compute and compare all thirteen months in ``root``, in a process of its own."""
    command = [sys.executable, "-m", "pipelines.cli.main", "demo", "--home", str(root)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1200)
    return DemoYear(Home.open(root), done.returncode, done.stdout + done.stderr)
