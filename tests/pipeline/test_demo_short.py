"""The demo's last two months: quick enough for every run of the tests. The whole of it is in ``test_demo_year.py``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from assets.reports.site import SIMULATED
from pipelines.cli.main import main
from pipelines.demo.faults import expected_findings, following_findings
from resources.home import Home
from tests.pipeline.hand_made import make_home

MONTHS = ["2026-02", "2026-03"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Home:
    root = tmp_path_factory.mktemp("demo") / "home"
    assert main(["demo", "--months", "2", "--home", str(root)]) == 0
    return Home.open(root)


def test_exactly_the_planted_faults_are_found(demo: Home) -> None:
    rows = [((row["month"], row["site_id"], row["code"], row["subject"]), row["because_of"]) for row in demo.ledger.rows("finding")]
    assert {found for found, cause in rows if cause is None} == expected_findings(MONTHS)
    assert {found for found, cause in rows if cause is not None} == following_findings(MONTHS)
    assert ("2026-03", "HL01", "CT04", "HL01-C2") in expected_findings(MONTHS)


def test_every_page_says_that_it_is_simulated(demo: Home) -> None:
    assert (demo.root / SIMULATED).exists()
    pages = sorted(page.relative_to(demo.reports).as_posix() for page in demo.reports.rglob("*.html"))
    assert pages == sorted(
        ["index.html", *(f"{m}/{e}.html" for m in MONTHS for e in ("index", "HL", "HL01", "HL02", "HL03"))]
        + [f"2026/{site}.html" for site in ("HL01", "HL02", "HL03")]
    )
    for page in demo.reports.glob("*/*.html"):
        text = page.read_text(encoding="utf-8")
        assert "All data on this page are simulated" in text
        assert "本页全部为模拟数据" in text


@pytest.mark.parametrize(
    ("arguments", "words"), [((), ["another simulated fleet", "2026-02"]), (("--months", "2", "--seed", "8"), ["another simulated fleet"])]
)
def test_another_fleet_is_not_mixed_in(
    demo: Home, gci: Callable[..., tuple[int, str, str]], arguments: tuple[str, ...], words: list[str]
) -> None:
    status, _, err = gci("demo", *arguments, "--home", demo.root)
    assert status == 1
    assert all(word in err for word in words)


def test_simulated_files_never_enter_a_home_with_data(tmp_path: Path, gci: Callable[..., tuple[int, str, str]]) -> None:
    home = make_home(tmp_path / "home")
    before = sorted(home.landing.rglob("*"))
    status, _, err = gci("demo", "--home", home.root)
    assert status == 1
    assert "data of its own" in err
    assert sorted(home.landing.rglob("*")) == before
