"""Score functions: at the anchors, between them and outside."""

from __future__ import annotations

import math

import pytest

from assets.edition.tree import Anchor, Edition, ScoreFunction
from assets.index.aggregate import score_indicator
from assets.index.scoring import score_value
from assets.indicators.measure import IndicatorValue
from resources.errors import GciError


def function(kind: str, *points: tuple[float, float]) -> ScoreFunction:
    return ScoreFunction(kind, tuple(Anchor(at, earned, "convention") for at, earned in points))


FALLING = function("linear", (1.0, 100), (2.0, 40), (4.0, 0))
LOG = function("log", (1, 0), (10, 20), (1000, 100))
STEPS = function("step", (0, 40), (250, 60), (7500, 80))


@pytest.mark.parametrize(
    ("value", "points"), [(0.0, 100), (1.0, 100), (1.5, 70), (2.0, 40), (3.0, 20), (4.0, 0), (9.0, 0), (math.inf, 0), (-math.inf, 100)]
)
def test_linear(value: float, points: float) -> None:
    assert score_value(FALLING, value) == pytest.approx(points, abs=1e-12)


@pytest.mark.parametrize(
    ("value", "points"), [(-5, 0), (0, 0), (1, 0), (math.sqrt(10), 10), (10, 20), (100, 60), (1000, 100), (1e9, 100), (math.inf, 100)]
)
def test_log_linear(value: float, points: float) -> None:
    assert score_value(LOG, value) == pytest.approx(points, abs=1e-12)


@pytest.mark.parametrize(
    ("value", "points"), [(-1, 40), (0, 40), (249.999, 40), (250, 60), (7499.999, 60), (7500, 80), (1e9, 80)]
)  # fmt: skip
def test_step_holds_from_its_anchor_up(value: float, points: float) -> None:
    assert score_value(STEPS, value) == points


@pytest.mark.parametrize(("value", "points"), [(-0.5, 0), (0, 0), (0.35, 35), (1, 100), (1.2, 100)])
def test_share(value: float, points: float) -> None:
    assert score_value(ScoreFunction("share"), value) == pytest.approx(points, abs=1e-12)


def test_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        score_value(FALLING, math.nan)


def test_every_anchor_of_the_edition_earns_its_points(edition: Edition) -> None:
    for item in edition.indicators:
        for anchor in item.function.anchors:
            assert score_value(item.function, anchor.at) == anchor.points


def test_unbounded_scores_like_infinity(edition: Edition) -> None:
    scored = score_indicator(edition.indicator("F2"), IndicatorValue("F2", "measured", None, unbounded=True))
    assert (scored.value, scored.score, scored.reported) == (None, 100.0, True)


@pytest.mark.parametrize(
    ("status", "score", "reported"), [("not_applicable", None, False), ("not_reported", 0.0, False), ("withheld", 0.0, False)]
)
def test_scores_without_a_value(edition: Edition, status: str, score: float | None, reported: bool) -> None:
    scored = score_indicator(edition.indicator("D1"), IndicatorValue("D1", status))
    assert (scored.score, scored.reported, scored.value) == (score, reported, None)


@pytest.mark.parametrize("status", ["measured", "estimated", "carried_forward", "declared"])
def test_every_valued_status_scores_its_value(edition: Edition, status: str) -> None:
    assert score_indicator(edition.indicator("D1"), IndicatorValue("D1", status, 1.25)).score == pytest.approx(70)


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_a_valued_status_without_a_number_is_refused(edition: Edition, value: float | None) -> None:
    with pytest.raises(GciError, match="D1 has the status measured"):
        score_indicator(edition.indicator("D1"), IndicatorValue("D1", "measured", value))


def test_only_an_indicator_that_may_be_unbounded_is(edition: Edition) -> None:
    with pytest.raises(GciError, match="A1"):
        score_indicator(edition.indicator("A1"), IndicatorValue("A1", "measured", None, unbounded=True))


@pytest.mark.parametrize(
    ("code", "value", "message"),
    [
        ("B2", 1.2, r"B2 IT load factor is 1\.2, above 1"),
        ("D1", 0.9, r"D1 PUE is 0\.9, below 1"),
        ("E1", 1.0001, "E1 .* above 1"),
        ("A1", -1.0, "A1 .* below 0"),
    ],
)
def test_a_value_that_cannot_be_earns_no_points(edition: Edition, code: str, value: float, message: str) -> None:
    with pytest.raises(GciError, match=message):
        score_indicator(edition.indicator(code), IndicatorValue(code, "measured", value))


@pytest.mark.parametrize(("code", "value"), [("B2", 1.0), ("B2", 1 + 1e-12), ("B2", 0.0), ("D1", 1.0), ("A1", 1e6)])
def test_the_ends_of_the_domain_are_scored(edition: Edition, code: str, value: float) -> None:
    assert score_indicator(edition.indicator(code), IndicatorValue(code, "measured", value)).reported
