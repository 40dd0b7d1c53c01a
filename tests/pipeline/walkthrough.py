"""The auditor's walkthrough of docs/audit.md as commands: run in order in a folder whose ``var`` is a demo home.

``python -m tests.pipeline.walkthrough FOLDER`` runs them there and writes what they print into the page; the test runs them again and
compares. What differs from one demo to the next (digests of the log, moments, sizes) is masked before comparing.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/audit.md"
_BLOCK = re.compile(r"^```(console|python title=(?P<file>\S+))\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
# said on stderr when something takes longer than a moment
_PROGRESS = re.compile(r"^\S.*: .* \(\d+ of \d+[^)\n]*\)\n", re.MULTILINE)
_MASKS = (
    (re.compile(r"sha256:[0-9a-f]{6,64}"), "sha256:…"),
    (re.compile(r"lake/files/[0-9a-f]{64}"), "lake/files/…"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "…"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "…Z"),
    (re.compile(r"[\d,]+ bytes"), "… bytes"),
    (re.compile(r"in \d+ s\b"), "in … s"),
    (re.compile(r"[ \t]+$", re.MULTILINE), ""),
)


@dataclass(frozen=True)
class Command:
    """One command of the page and what the page says it prints."""

    line: str
    printed: str


def steps(page: str) -> Iterator[Command | tuple[str, str]]:
    """Commands and files (name, text) of the page in order."""
    for block in _BLOCK.finditer(page):
        if block["file"]:
            yield block["file"], block["body"]
            continue
        for part in re.split(r"^\$ ", block["body"], flags=re.MULTILINE)[1:]:
            line, _, printed = part.partition("\n")
            yield Command(line, printed)


def run(line: str, folder: Path) -> str:
    """What a command prints, stdout and stderr, in a folder."""
    env = {
        **os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "GCI_HOME": "",
        "PYTHONWARNINGS": "ignore", "COLUMNS": "160", "LC_ALL": "C.UTF-8",
    }  # fmt: skip
    env.pop("GCI_HOME")
    done = subprocess.run(
        ["bash", "-c", line], cwd=folder, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600, check=False
    )
    return _PROGRESS.sub("", done.stdout)


def masked(text: str) -> str:
    """Text without what differs from one demo to the next."""
    for pattern, instead in _MASKS:
        text = pattern.sub(instead, text)
    return text.strip("\n")


def write(folder: Path) -> None:
    """Run the page's commands in a folder and write what they print into the page."""
    page = PAGE.read_text(encoding="utf-8")

    def block(found: re.Match[str]) -> str:
        if found["file"]:
            (folder / found["file"]).write_text(found["body"], encoding="utf-8")
            return found[0]
        parts = []
        for part in re.split(r"^\$ ", found["body"], flags=re.MULTILINE)[1:]:
            line = part.partition("\n")[0]
            printed = re.sub(r"[ \t]+$", "", run(line, folder), flags=re.MULTILINE).strip("\n")
            parts.append(f"$ {line}\n{printed}\n" if printed else f"$ {line}\n")
        return f"```console\n{''.join(parts)}```"

    PAGE.write_text(_BLOCK.sub(block, page), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
