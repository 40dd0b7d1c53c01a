"""Another process that is the writer of a home."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOLD = """
import sys, time
from resources.home import Home
with Home.open(sys.argv[1]).writing("gci run 2026-01"):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@contextlib.contextmanager
def holder(root: Path, seconds: float = 60) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock of a home for a while."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(root), str(seconds)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process:
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()
