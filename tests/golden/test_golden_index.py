"""The two scoring months of the method, to 1e-9, through every way a score is made."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from assets.edition.load import load_edition
from assets.index.grade import EntityFacts
from assets.index.payload import ResultFacts, result_payload
from assets.index.score_table import score_table
from assets.index.scorecard import score_entity
from assets.indicators.measure import IndicatorValue

EDITION = load_edition("whitepaper-2024.1")
DAY = date(2026, 3, 31)
# code, value and score of the first month, value and score of the second: worked by hand for the method
VECTOR = """
A1 18     42.7586  24    52.3617
A2 20000  80       20000 80
A3 0.80   80       0.80  80
A4 0.70   70       0.70  70
B1 0.62   64       0.71  82
B2 0.45   80       0.52  89.3333
B3 0.30   60       0.36  68
C1 0.75   75       0.75  75
D1 1.38   48       1.29  62
D2 1.6    65.7143  1.4   71.4286
E1 0.35   39.375   0.62  69.75
E2 0.1925 24.0625  0.434 54.25
F1 0.52   35       0.30  62.5
F2 6      38.9076  14    57.3064
G1 0.70   70       0.80  80
H1 0.50   50       4/6   66.6667
J1 0.60   60       1.00  100
J2 0.50   50       0.75  75
K1 0.20   20       0.35  35
"""
ROWS = [line.split() for line in VECTOR.strip().splitlines()]
CORE = (53.426284119, 68.412052452)
BONUS = (4.2, 6.9)
INDEX = (57.626284119, 75.312052452)
PILLARS = ((66.285058, 42.281534, 62.0, 42.0), (72.316782, 63.567369, 74.666667, 69.0))
GRADE = ("3", "2")


def number(text: str) -> float:
    above, _, below = text.partition("/")
    return float(above) / float(below or 1)


def values(month: int) -> dict[str, IndicatorValue]:
    return {row[0]: IndicatorValue(row[0], "measured", number(row[1 + 2 * month])) for row in ROWS}


FACTS = EntityFacts(geography="CN-HE", design_power_kw=20000)


@pytest.mark.parametrize("month", [0, 1])
def test_the_golden_months(month: int) -> None:
    scored = score_entity(values(month), EDITION, on=DAY, facts=FACTS)
    for row, score in zip(ROWS, scored.scores, strict=True):
        assert score.indicator.code == row[0]
        assert score.score == pytest.approx(number(row[2 + 2 * month]), abs=5.1e-5)
    assert scored.core == pytest.approx(CORE[month], abs=1e-9)
    assert scored.bonus == pytest.approx(BONUS[month], abs=1e-9)
    assert scored.index == pytest.approx(INDEX[month], abs=1e-9)
    assert scored.index_high == scored.index_low == scored.index
    assert list(scored.pillars.values()) == [pytest.approx(value, abs=5.1e-7) for value in PILLARS[month]]
    assert (scored.grade, scored.grading.grade_from_score, scored.grading.binding_cap) == (GRADE[month], GRADE[month], None)
    assert scored.weight_coverage == 1.0


def test_power_means() -> None:
    means = score_entity(values(1), EDITION, on=DAY).power_means
    assert means[0.5] == pytest.approx(68.323997015, abs=1e-9)
    assert means[0] == pytest.approx(68.236100, abs=5.1e-7)
    assert means[-1] == pytest.approx(68.061209, abs=5.1e-7)


def test_renewable_share_not_reported() -> None:
    scored = score_entity({**values(1), "E1": IndicatorValue("E1", "not_reported")}, EDITION, on=DAY, facts=FACTS)
    assert scored.index == pytest.approx(66.942052452, abs=1e-9)
    assert scored.index_high == pytest.approx(78.942052452, abs=1e-9)
    assert scored.weight_coverage == pytest.approx(0.88, abs=1e-12)
    assert scored.grade is None


def test_water_not_applicable() -> None:
    scored = score_entity({**values(1), "D2": IndicatorValue("D2", "not_applicable")}, EDITION, on=DAY, facts=FACTS)
    assert scored.index == pytest.approx(75.153288296, abs=1e-9)
    assert scored.index_high == scored.index
    assert scored.grade == "2"


@pytest.mark.parametrize("month", [0, 1])
def test_the_table_and_the_result_say_the_same(month: int, tmp_path: Path) -> None:
    path = tmp_path / "values.csv"
    path.write_text("entity_id,code,value,status\n" + "".join(f"X,{r[0]},{number(r[1 + 2 * month])!r},measured\n" for r in ROWS))
    entity = score_table(path, EDITION, DAY)["entities"][0]
    payload = result_payload(
        values(month), score_entity(values(month), EDITION, on=DAY, facts=FACTS),
        ResultFacts("X", "site", "2026-03", "ttm", 12, 1, "provisional", 1, "sha256:0"),
    )  # fmt: skip
    shared = "index index_low index_high core bonus grade grade_from_score binding_cap weight_coverage pillars"
    assert {key: entity[key] for key in shared.split()} == {key: payload[key] for key in shared.split()}
    assert entity["scores"] == {item["code"]: item["score"] for item in payload["indicators"]}
    assert entity["index"] == pytest.approx(INDEX[month], abs=1e-9)
