"""The worked examples and tables of docs/method/*.md against the edition and the code.

A table counts when the line above it is ``<!-- golden: kind -->``; each kind has one reader here. Numbers are compared within half a unit
of the last decimal printed, so that a page states how exact it is.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from assets.edition.load import load_edition
from assets.index.cluster import split_pue_change
from assets.index.grade import EntityFacts
from assets.index.scorecard import Scored, score_entity
from assets.index.scoring import score_value
from assets.indicators.measure import IndicatorValue

PAGES = Path(__file__).resolve().parents[2] / "docs" / "method"
PILLARS = {
    "safe-efficient.md": "safe_efficient",
    "green-low-carbon.md": "green_low_carbon",
    "smart-management.md": "smart_management",
    "lifecycle.md": "lifecycle",
}
READ = ("README.md", *PILLARS)
MARK = re.compile(r"<!-- golden: (\w+) -->")
EDITION = load_edition("whitepaper-2024.1")
DAY = date(2026, 3, 31)


@dataclass(frozen=True)
class Table:
    page: str
    kind: str
    header: list[str]
    rows: list[list[str]]


def tables(page: str) -> list[Table]:
    lines = (PAGES / page).read_text(encoding="utf-8").splitlines()
    found = []
    for number, line in enumerate(lines):
        if mark := MARK.fullmatch(line):
            block = []
            for below in lines[number + 1 :]:
                if not below.startswith("|"):
                    break
                block.append([cell.strip() for cell in below.strip("|").split("|")])
            assert len(block) > 2, f"{page}: no table under {line}"
            assert all(len(row) == len(block[0]) for row in block), f"{page}: a row of {line} has another number of cells"
            found.append(Table(page, mark[1], block[0], block[2:]))
    return found


TABLES = [table for page in READ for table in tables(page)]


def of_kind(kind: str) -> list[Table]:
    found = [table for table in TABLES if table.kind == kind]
    assert found, f"no page has a table of {kind}"
    return found


def number(text: str) -> float:
    above, _, below = text.partition("/")
    return float(above) / float(below) if below else float(text)


def close(actual: float, text: str) -> bool:
    """Whether a number rounds to what is printed."""
    _, _, decimals = text.partition(".")
    return math.isclose(actual, number(text), rel_tol=0, abs_tol=0.5 * 10 ** -len(decimals) * 1.0001 if decimals else 1e-9)


def same(left: float, right: float) -> bool:
    return math.isclose(left, right, rel_tol=1e-12, abs_tol=1e-12)


def test_every_kind_of_table_is_read() -> None:
    known = "weights grades caps months results indicators functions checklist scores levels routes recovery parts lmdi change"
    assert {table.kind for table in TABLES} == set(known.split())


# what the edition says ----------------------------------------------------------------------------------------------------


def test_every_indicator_is_on_the_page_of_its_pillar() -> None:
    for table in of_kind("indicators"):
        stated = [row[0] for row in table.rows]
        assert stated == [item.code for item in EDITION.indicators if item.pillar == PILLARS[table.page]]
        for code, zh, en, measure, unit, direction, *_ in table.rows:
            item = EDITION.indicator(code)
            assert (zh, en, unit) == (item.zh, item.en, item.unit)
            assert measure == f"{item.measure.en} · {item.measure.zh}"
            assert direction.startswith(item.direction)


COMPOSITION = {
    "Σ/Σ": "ratio_of_sums",
    "Σ": "sum",
    "last month": "last_month",
    "weakest site": "weakest",
    "weighted by E_IT": "weighted_by_e_it",
    "Σ/Σ over snapshots": "snapshots",
    "by ratio": "parts",
}


def test_compositions() -> None:
    for table in of_kind("indicators"):
        for row in table.rows:
            item = EDITION.indicator(row[0])
            months, sites = (re.sub(r"[\u4e00-\u9fff].*$", "", re.sub(r" 按.*$", "", cell)).strip() for cell in row[6:8])
            assert (COMPOSITION[months], COMPOSITION[sites]) == (item.months, item.sites), row[0]


def test_anchors() -> None:
    stated = [(row[0], row[1], row[2], row[3], row[4]) for table in of_kind("functions") for row in table.rows]
    listed = [
        (item.code, item.function.kind, anchor.at, anchor.points, anchor.source)
        for item in EDITION.indicators
        for anchor in item.function.anchors
    ]
    shares = [code for code, kind, *_ in stated if kind == "share"]
    assert shares == [item.code for item in EDITION.indicators if item.function.kind == "share"]
    anchors = [row for row in stated if row[1] != "share"]
    assert len(anchors) == len(listed)
    for (code, kind, at, points, source), expected in zip(anchors, listed, strict=True):
        assert (code, kind, number(at), number(points), source.split(":")[0]) == expected


def test_checklists() -> None:
    stated = [(item, zh, en, number(weight)) for table in of_kind("checklist") for item, zh, en, weight in table.rows]
    assert stated == [(k.code, k.zh, k.en, k.weight) for item in EDITION.indicators for k in item.checklist]


def test_weights() -> None:
    (table,) = of_kind("weights")
    assert [(code, number(weight), kind) for code, weight, kind in table.rows] == [(i.code, i.weight, i.kind) for i in EDITION.indicators]


def test_grades_and_caps() -> None:
    (grades,) = of_kind("grades")
    assert [(grade, number(least), zh) for grade, least, zh in grades.rows] == [(b.grade, b.least, b.zh) for b in EDITION.grades]
    (caps,) = of_kind("caps")
    assert [row[:3] for row in caps.rows] == [[c.name, c.best_grade, c.valid_from.isoformat()] for c in EDITION.caps]
    for cap in EDITION.caps:
        limit = cap.above if cap.above is not None else cap.below
        assert cap.name.endswith(f"{'>' if cap.above is not None else '<'} {limit:.2f}")


def test_routes_and_recovery() -> None:
    (routes,) = of_kind("routes")
    assert {row[0]: number(row[1]) for row in routes.rows} == EDITION.route_weights
    (recovery,) = of_kind("recovery")
    assert {row[0]: number(row[1]) for row in recovery.rows} == EDITION.recovery_full()


# worked examples ----------------------------------------------------------------------------------------------------------


def test_scores() -> None:
    seen = set()
    for table in of_kind("scores"):
        for code, value, points in table.rows:
            item = EDITION.indicator(code)
            assert item.pillar == PILLARS[table.page]
            actual = score_value(item.function, math.inf if value == "unbounded" else number(value))
            assert close(actual, points), (code, value, actual)
            seen.add(code)
    assert seen == set(EDITION.codes), "every indicator has a worked example"


def test_levels() -> None:
    seen = set()
    for table in of_kind("levels"):
        for code, levels, value in table.rows:
            weights = EDITION.checklist_weights()[code]
            stated = {f"{code}.{name}": float(level) for name, level in (entry.split() for entry in levels.split(", "))}
            assert set(stated) == set(weights)
            actual = math.fsum(weights[item] * level for item, level in stated.items()) / math.fsum(weights.values())
            assert same(actual, number(value)), code
            seen.add(code)
    assert seen == set(EDITION.checklist_weights())


def test_recovery_parts() -> None:
    """K1 is the mean of its sub-scores over 100; a part declared none leaves the mean."""
    (table,) = of_kind("parts")
    full = EDITION.recovery_full()
    for row in table.rows:
        stated = {name: number(text) for name, text in zip(table.header, row, strict=True) if name in full and text != "none"}
        parts = [min(100.0, 100 * ratio / full[name]) for name, ratio in stated.items()]
        assert close(math.fsum(parts) / len(parts) / 100, row[-1])


def months() -> list[dict[str, IndicatorValue]]:
    (table,) = of_kind("months")
    assert [row[0] for row in table.rows] == list(EDITION.codes)
    return [{row[0]: IndicatorValue(row[0], "measured", number(row[column])) for row in table.rows} for column in (1, 3)]


def test_scores_of_the_months() -> None:
    (table,) = of_kind("months")
    for row in table.rows:
        for value, points in (row[1:3], row[3:5]):
            assert close(score_value(EDITION.indicator(row[0]).function, number(value)), points), row


def case(title: str) -> Scored:
    first, second = months()
    if title not in ("first", "second"):
        code, status = title.split()
        second[code] = IndicatorValue(code, status)
    facts = EntityFacts(geography="CN-HE", design_power_kw=20000)
    return score_entity(first if title == "first" else second, EDITION, on=DAY, facts=facts)


@pytest.mark.parametrize("title", of_kind("results")[0].header[1:])
def test_results_of_the_months(title: str) -> None:
    (table,) = of_kind("results")
    scored = case(title)
    said: dict[str, float | None] = {
        "core": scored.core,
        "bonus": scored.bonus,
        "index": scored.index,
        "index_high": scored.index_high,
        "weight_coverage": scored.weight_coverage,
        **scored.pillars,
        **{f"p = {p:g}": mean for p, mean in scored.power_means.items()},
    }
    column = table.header.index(title)
    for row in table.rows:
        if row[0] == "grade":
            assert (scored.grade or "none") == row[column]
        elif row[column] != "–":
            actual = said[row[0]]
            assert actual is not None
            assert close(actual, row[column]), (row[0], actual)
    assert scored.index_low == scored.index
    assert scored.grading.binding_cap is None


def test_split_of_a_clusters_change() -> None:
    (table,), (answer,) = of_kind("lmdi"), of_kind("change")
    before = {row[0]: (number(row[1]), number(row[2])) for row in table.rows}
    after = {row[0]: (number(row[3]), number(row[4])) for row in table.rows}
    split = split_pue_change(before, after)
    pues = [sum(e_dc for _, e_dc in window.values()) / sum(e_it for e_it, _ in window.values()) for window in (before, after)]
    assert all(close(actual, text) for actual, text in zip([*pues, split.mix, split.intensity], answer.rows[0], strict=True))
