"""The tables of docs/method/green-power.md about contracts, direct lines, spreading and the calendar, computed."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path

from assets.reference.calendar_of_claims import ClaimCalendar
from assets.staging.certificates import allocate
from assets.staging.contract_chain import STAGES
from assets.staging.contracts import three_way_minimum
from assets.staging.line_tests import LineEnergies, judged
from tests.unit.assets.staging.green_world import DATA

PAGE = Path(__file__).resolve().parents[4] / "docs/method/green-power.md"


def table(name: str) -> list[list[str]]:
    """Cells of the rows of the table after the mark ``golden: name``."""
    lines = PAGE.read_text(encoding="utf-8").split(f"<!-- golden: {name} -->\n", 1)[1].splitlines()
    rows = [line for line in lines[: lines.index("")] if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def test_spread() -> None:
    for uncovered, claimed, parts in table("spread"):
        found = allocate(int(claimed), [Fraction(part) for part in uncovered.split("/")])
        assert "/".join(str(part) for part in found) == parts


def test_three_way_minimum() -> None:
    assert [[str(three_way_minimum(*map(int, row[:3]))), row[3]] for row in table("three-way minimum")] == [
        [row[3], row[3]] for row in table("three-way minimum")
    ]


def test_direct_line() -> None:
    for month, *energies, generation, load, export in table("direct line"):
        known = [None if cell == "?" else int(cell) for cell in energies]
        rows = judged(LineEnergies(*known), DATA["direct_line"]["tests"], month)
        said = [row["outcome"] if row["share"] is None else f"{row['share']:.3f} {row['outcome']}" for row in rows]
        assert said == [generation, load, export]


def test_calendar() -> None:
    calendar = ClaimCalendar.from_reference(DATA)
    for product, month, day in table("claims calendar"):
        assert calendar.last_day(product, month) == date.fromisoformat(day)


def test_every_stage_is_on_the_page() -> None:
    said = PAGE.read_text(encoding="utf-8")
    assert all(stage in said for stage in STAGES)
