"""What a fresh clone stands on: the Makefile's commands, locks that hold for every Python claimed, and nothing of anybody's machine."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("run", "dev")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def locked(name: str) -> dict[str, tuple[Requirement, list[str]]]:
    """The requirements of a lock by name, each with its hashes; anything else in the file fails."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        stated, *hashes = line.split("--hash=sha256:")
        requirement = Requirement(stated.strip())
        assert requirement.url is None
        assert re.fullmatch(r"==[^,*]+", str(requirement.specifier)), line
        assert hashes, f"{requirement.name} has no hash"
        assert all(re.fullmatch(r"[0-9a-f]{64}", item.strip()) for item in hashes), requirement.name
        name_ = canonicalize_name(requirement.name)
        assert name_ not in found or requirement.marker, f"{name_} stands twice"
        found[f"{name_} {requirement.marker or ''}".strip()] = (requirement, hashes)
    return found


def applying(name: str, python: str) -> dict[str, Version]:
    """What pip installs from a lock under a Python on Linux."""
    environment = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux", "platform_system": "Linux"}
    found = {}
    for requirement, _ in locked(name).values():
        if requirement.marker is None or requirement.marker.evaluate(environment):
            assert canonicalize_name(requirement.name) not in found
            (pin,) = requirement.specifier
            found[canonicalize_name(requirement.name)] = Version(pin.version)
    return found


def test_make_knows_the_commands_of_the_house() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    rules = dict(re.findall(r"^([a-z]+):[ \t]*(.*)$", text, flags=re.MULTILINE))
    assert set(rules) >= {"env", "demo", "test", "lint", "ui", "help"}
    (phony,) = re.findall(r"^\.PHONY: (.*)$", text, flags=re.MULTILINE)
    assert set(phony.split()) == set(rules)
    # whoever types a command gets its environment first
    assert rules["env"] == ".venv/run-installed"
    assert rules["demo"] == rules["ui"] == "env"
    assert rules["test"] == rules["lint"] == ".venv/dev-installed"
    for command in ("demo", "test", "lint", "ui", "env"):
        assert f"make {command} " in text, f"'make help' does not tell {command}"
    assert re.search(r'pytest .*-m "not long"', text)
    # what is installed is what the locks say, whole
    for line in text.splitlines():
        if "pip install" in line:
            assert ("--require-hashes -r requirements/" in line) != ("--no-deps" in line and "--no-index" in line), line


@pytest.mark.parametrize("name", LOCKS)
@pytest.mark.parametrize("python", PYTHONS)
def test_a_lock_holds_every_dependency_on_every_python_claimed(name: str, python: str) -> None:
    pins = applying(name, python)
    wanted = [*project()["project"]["dependencies"], *project()["build-system"]["requires"]]
    if name == "dev":
        wanted += project()["project"]["optional-dependencies"]["dev"]
    for requirement in map(Requirement, wanted):
        version = pins.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in {name}.txt for Python {python}"
        assert requirement.specifier.contains(version), (requirement, version)


def test_the_pythons_tried_are_those_claimed() -> None:
    claimed = SpecifierSet(project()["project"]["requires-python"])
    assert [f"3.{n}" for n in range(8, 20) if claimed.contains(f"3.{n}")] == list(PYTHONS)


def test_the_tools_never_move_what_the_product_runs_on() -> None:
    run, dev = locked("run"), locked("dev")
    for name, (requirement, _) in run.items():
        # a tool may need on every system what the product needs on one
        found = dev.get(name) or dev[canonicalize_name(requirement.name)]
        assert found[0].specifier == requirement.specifier, name
    assert len(dev) > len(run)


def test_dagster_is_one_release() -> None:
    pins = applying("run", "3.11")
    assert pins["dagster"] == pins["dagster-webserver"]
    assert f"dagster=={pins['dagster']}" in project()["project"]["dependencies"]


# Written in pieces, so that this file does not hold what it looks for.
ADDRESSES = [
    "py" + "pi.org",
    "python" + "hosted",
    "npm" + "js.",
    "/sim" + "ple/",
    "arti" + "factory",
    "--index" + "-url ",
    "--extra-" + "index",
]
MACHINE_PATH = re.compile(r"(?<![\w.}\])-])/(?:wo" + r"rk|root|tmp|home|Users|mnt)/[\w.-]+")


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("this is no git checkout")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_registry_or_a_place_on_a_machine() -> None:
    try:
        files = tracked()
    except FileNotFoundError:
        pytest.skip("git is not installed")
    assert len(files) > 150
    for path in files:
        text = path.read_text(encoding="utf-8", errors="replace")
        for address in ADDRESSES:
            assert address not in text, f"{path.relative_to(ROOT)} names {address}"
        found = MACHINE_PATH.search(text)
        assert found is None, f"{path.relative_to(ROOT)} names {found and found.group()}"
