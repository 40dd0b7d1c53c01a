"""docs/audit.md is what happens: every command of the auditor's walkthrough is run on a demo home, and prints what the page says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.pipeline.demo_home import DemoYear
from tests.pipeline.walkthrough import PAGE, Command, masked, run, steps


@pytest.mark.long
def test_every_command_prints_what_the_page_says(demo_year: DemoYear, tmp_path: Path) -> None:
    shutil.copytree(demo_year.home.root, tmp_path / "var")
    found = list(steps(PAGE.read_text(encoding="utf-8")))
    assert sum(isinstance(step, Command) for step in found) > 20
    for step in found:
        if isinstance(step, Command):
            assert masked(run(step.line, tmp_path)) == masked(step.printed), f"$ {step.line}"
        else:
            (tmp_path / step[0]).write_text(step[1], encoding="utf-8")


def test_what_is_masked_and_what_is_not() -> None:
    said = "D1 = 1.2702 at entry 348, 2026-11-23T03:24:06Z, sha256:" + "0" * 64 + " (5,454,853 bytes)"
    assert masked(said) == "D1 = 1.2702 at entry 348, …Z, sha256:… (… bytes)"
