"""The committed table of planted faults: each alone in a home that is in order gives exactly its findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.rules.catalogue import RULES
from tests.pipeline.planted.fault import YOUNG
from tests.pipeline.planted.faults_boundary import FAULTS as BOUNDARY
from tests.pipeline.planted.faults_content_time import FAULTS as CONTENT_TIME
from tests.pipeline.planted.faults_method import FAULTS as METHOD
from tests.pipeline.planted.fleet import healthy
from tests.pipeline.planted.run import compute_tables, found_in, outcomes
from tests.pipeline.planted.table import FAULTS, expected, faults_markdown

ROOT = Path(__file__).resolve().parents[3]


def test_each_rule_is_the_root_of_a_planted_fault() -> None:
    assert {fault.root for fault in FAULTS.values()} == {rule.code for rule in RULES}


def test_each_entry_has_a_key_of_its_own_and_finds_its_root() -> None:
    assert len(FAULTS) == len(BOUNDARY) + len(CONTENT_TIME) + len(METHOD)
    for fault in FAULTS.values():
        assert fault.root in {one.code for one in expected(fault) if not one.follows}, fault.key
        assert not fault.finds & YOUNG, fault.key
        assert fault.en.strip(), fault.key
        assert any("\u4e00" <= letter <= "\u9fff" for letter in fault.zh), fault.key


def test_the_page_shows_the_table() -> None:
    assert (ROOT / "docs" / "faults.md").read_text(encoding="utf-8") == faults_markdown()


@pytest.mark.long
def test_every_rule_passes_in_the_valid_home(tmp_path: Path) -> None:
    home = compute_tables(healthy(), tmp_path / "home")
    assert found_in(home) == YOUNG
    told = outcomes(home)
    assert {key: said for key, said in told.items() if key[2] != "TL08" and said != "pass"} == {}
    assert {key[2] for key in told} == {rule.code for rule in RULES}


@pytest.mark.long
@pytest.mark.parametrize("key", sorted(FAULTS))
def test_a_planted_fault_gives_exactly_its_findings(key: str, tmp_path: Path) -> None:
    fault, tables = FAULTS[key], healthy()
    fault.change(tables)
    home = compute_tables(tables, tmp_path / "home", fault.between)
    said = found_in(home)
    assert {"missing": sorted(expected(fault) - said), "unexpected": sorted(said - expected(fault))} == {"missing": [], "unexpected": []}
