"""A run that Dagster starts is the one writer of its home from its first step to its last, as a ``gci`` command is."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg
import pytest

from pipelines.home import LandingHome
from resources import lock
from resources.errors import GciError
from resources.home import Home
from tests.lock_holder import holder


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "landing").mkdir()
    return Home.open(tmp_path)


def test_its_resource_holds_the_lock_while_steps_run(home: Home) -> None:
    with dg.build_resources({"gci_home": LandingHome(root=str(home.root))}) as resources:
        said = json.loads((home.root / lock.NAME).read_text(encoding="utf-8"))
        assert said["what"].startswith("Dagster")
        assert resources.gci_home.open().root == home.root
    assert (home.root / lock.NAME).read_text(encoding="utf-8") == ""


def test_inside_a_command_it_is_inside_the_command_s_lock(home: Home) -> None:
    with home.writing("gci run"), dg.build_resources({"gci_home": LandingHome(root=str(home.root))}):
        assert json.loads((home.root / lock.NAME).read_text(encoding="utf-8"))["what"] == "gci run"


def test_it_does_not_begin_while_a_command_writes(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "WAIT_S", 0.2)

    @dg.op(required_resource_keys={"gci_home"})
    def step() -> None:
        raise AssertionError("the step ran")

    @dg.job(resource_defs={"gci_home": LandingHome(root=str(home.root))})
    def work() -> None:
        step()

    with holder(home.root), pytest.raises(dg.DagsterError) as error:
        work.execute_in_process()
    assert isinstance(error.value.__cause__, GciError)
    assert "Another command is changing this home" in str(error.value.__cause__)
