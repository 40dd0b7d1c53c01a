"""Fixtures that run the product as a user does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli.main import main
from tests.pipeline.demo_home import DemoYear, run_demo
from tests.pipeline.hand_made import MONTHS, make_home


@pytest.fixture
def gci(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run ``gci`` in this process: returns exit status, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        status = main([str(a) for a in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture
def gci_json(gci: Callable[..., tuple[int, str, str]]) -> Callable[..., Any]:
    """Run ``gci … --format json`` and return the object it prints."""

    def run(*arguments: object) -> Any:
        _, out, err = gci(*arguments, "--format", "json")
        try:
            return json.loads(out)
        except json.JSONDecodeError:
            raise AssertionError(f"no JSON on stdout: {out!r}; stderr: {err}") from None

    return run


@pytest.fixture(scope="session")
def computed_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hand-made home of one site with 2026-01 computed; tests must not change it."""
    home = make_home(tmp_path_factory.mktemp("computed") / "home")
    assert main(["run", "2026-01", "--home", str(home.root)]) == 3
    return home.root


@pytest.fixture(scope="session")
def three_months(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hand-made home of one site with ``MONTHS`` computed by one backfill; tests must not change it."""
    home = make_home(tmp_path_factory.mktemp("three") / "home", MONTHS)
    assert main(["backfill", MONTHS[0], MONTHS[-1], "--home", str(home.root)]) == 3
    return home.root


@pytest.fixture(scope="session")
def demo_year(tmp_path_factory: pytest.TempPathFactory) -> DemoYear:
    """``gci demo`` with all its months, in a folder with a space in its name: a minute. Tests must not change it."""
    return run_demo(tmp_path_factory.mktemp("demo") / "a home")
