"""Core, bonus, index, interval, coverage and power means, and what must hold for any values."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.edition.load import load_edition
from assets.edition.tree import Edition
from assets.index.aggregate import power_mean
from assets.index.grade import EntityFacts
from assets.index.scorecard import Scored, score_entity
from assets.indicators.measure import IndicatorValue

DAY = date(2026, 3, 31)
EDITION = load_edition("whitepaper-2024.1")
Values = dict[str, IndicatorValue]


def of(values: Values, edition: Edition = EDITION, **facts: object) -> Scored:
    return score_entity(values, edition, on=DAY, facts=EntityFacts(**facts))  # type: ignore[arg-type]


def without(values: Values, code: str, status: str) -> Values:
    return {**values, code: IndicatorValue(code, status)}


def test_nothing_reported_scores_nothing_and_could_be_anything() -> None:
    scored = of({})
    assert (scored.index, scored.index_low, scored.index_high, scored.weight_coverage) == (0.0, 0.0, 100.0, 0.0)
    assert all(s.status == "not_reported" and s.value is None for s in scored.scores)


def test_nothing_applicable_has_no_index() -> None:
    scored = of({code: IndicatorValue(code, "not_applicable") for code in EDITION.codes})
    assert (scored.core, scored.index, scored.index_high, scored.weight_coverage, scored.grade) == (None, None, None, None, None)
    assert set(scored.pillars.values()) == {None}
    assert set(scored.power_means.values()) == {None}
    assert scored.bonus == 0


def test_missing_bonus_lowers_the_bonus_but_not_the_coverage(second: Values) -> None:
    scored = of(without(second, "K1", "not_reported"))
    # (4·100 + 2·75 + 4·0) / (10 · 10)
    assert scored.bonus == pytest.approx(5.5)
    assert scored.weight_coverage == 1.0
    assert scored.index_high is not None
    assert scored.index is not None
    assert scored.index_high - scored.index == pytest.approx(4.0)
    assert scored.grade == "2"


def test_not_applicable_bonus_leaves_its_mean(second: Values) -> None:
    scored = of(without(second, "K1", "not_applicable"))
    assert scored.bonus == pytest.approx(10 * (4 * 100 + 2 * 75) / (100 * 6))


def test_index_stops_at_100() -> None:
    best = {"A1": 100, "A2": 25000, "D1": 1.1, "D2": 0.4, "F1": 0, "F2": 100}
    scored = of({code: IndicatorValue(code, "measured", float(best.get(code, 1.0))) for code in EDITION.codes})
    assert (scored.core, scored.bonus, scored.index, scored.grade) == (100.0, 10.0, 100.0, "1")


def test_contributions_add_up(first: Values) -> None:
    scored = of(without(without(first, "D2", "not_applicable"), "B3", "withheld"))
    assert scored.contributions["D2"] is None
    assert scored.contributions["B3"] == 0
    assert scored.core is not None
    assert sum(c or 0 for c in scored.contributions.values()) == pytest.approx(scored.core + scored.bonus, abs=1e-9)


def test_planning_sites_have_five_indicators_and_no_grade(second: Values) -> None:
    scored = of(second, stage="planning")
    assert {s.indicator.code for s in scored.scores if s.applies} == {"A2", "A3", "A4", "C1", "J2"}
    # 2·80 + 3·80 + 4·70 + 4·75 over 13
    assert scored.core == pytest.approx(980 / 13)
    assert scored.bonus == pytest.approx(7.5)
    assert scored.grade is None
    assert of(second, stage="operation").grade == "2"


@pytest.mark.parametrize(
    ("exponent", "expected"),
    [(1, 1.75), (0.5, (0.75 + 0.5) ** 2), (0, 4**0.25), (-1, 1 / (0.75 + 0.25 / 4)), (2, ((3 + 16) / 4) ** 0.5)],
)
def test_power_mean(exponent: float, expected: float) -> None:
    assert power_mean([(3, 1.0), (1, 4.0)], exponent) == pytest.approx(expected)


def test_power_mean_with_a_zero() -> None:
    assert power_mean([(1, 0.0), (1, 4.0)], 0) == 0
    assert power_mean([(1, 0.0), (1, 4.0)], -1) == 0
    assert power_mean([(1, 0.0), (1, 4.0)], 0.5) == pytest.approx(1.0)


def test_power_mean_of_exponent_one_is_the_core(second: Values) -> None:
    edition = replace(EDITION, powers=(1.0,))
    scored = of(without(second, "D2", "not_applicable"), edition)
    assert scored.power_means[1.0] == pytest.approx(scored.core)


# properties ---------------------------------------------------------------------------------------------------------------


def reach(code: str) -> tuple[float, float]:
    """Values a little beyond the anchors on both sides, within what the indicator can be."""
    item = EDITION.indicator(code)
    anchors = [anchor.at for anchor in item.function.anchors] or [0.0, 1.0]
    low, high = anchors[0] * 0.8, anchors[-1] * 1.3
    return max(low, item.minimum or 0.0), high if item.maximum is None else min(high, item.maximum)


def number(code: str) -> st.SearchStrategy[float]:
    low, high = reach(code)
    return st.floats(low, high)


def value(code: str) -> st.SearchStrategy[IndicatorValue]:
    valued = number(code).map(lambda x: IndicatorValue(code, "measured", x))
    return st.one_of(valued, valued, st.sampled_from(["not_reported", "withheld", "not_applicable"]).map(lambda s: IndicatorValue(code, s)))


fleets = st.fixed_dictionaries({code: value(code) for code in EDITION.codes})


@given(fleets, st.data())
def test_a_better_value_never_lowers_the_index(values: Values, data: st.DataObject) -> None:
    code = data.draw(st.sampled_from(EDITION.codes))
    worse, better = sorted(data.draw(st.tuples(number(code), number(code))))
    if EDITION.indicator(code).direction == "lower":
        worse, better = better, worse
    low = of({**values, code: IndicatorValue(code, "measured", worse)})
    high = of({**values, code: IndicatorValue(code, "measured", better)})
    assert low.index is not None
    assert high.index is not None
    assert high.index >= low.index - 1e-9


@given(fleets, st.data())
def test_reporting_never_lowers_the_index_and_stays_in_its_interval(values: Values, data: st.DataObject) -> None:
    code = data.draw(st.sampled_from(EDITION.codes))
    hidden = of(without(values, code, data.draw(st.sampled_from(["not_reported", "withheld"]))))
    shown = of({**values, code: IndicatorValue(code, "measured", data.draw(number(code)))})
    assert hidden.index is not None
    assert shown.index is not None
    assert hidden.index_high is not None
    assert hidden.index - 1e-9 <= shown.index <= hidden.index_high + 1e-9
    # a weight of the core that is reported more never costs the grade
    assert not (hidden.grade is not None and shown.grade is None)


@given(fleets, st.floats(0.01, 50))
def test_scaling_all_weights_changes_nothing(values: Values, factor: float) -> None:
    scaled = replace(EDITION, indicators=tuple(replace(item, weight=item.weight * factor) for item in EDITION.indicators))
    one, other = of(values), of(values, scaled)
    assert (one.index is None) == (other.index is None)
    if one.index is not None:
        assert other.index == pytest.approx(one.index, abs=1e-9)
        assert other.index_high == pytest.approx(one.index_high, abs=1e-9)
        assert other.weight_coverage == pytest.approx(one.weight_coverage, abs=1e-9)
    assert other.grade == one.grade


@given(fleets, st.randoms(use_true_random=False))
def test_the_order_of_values_and_of_indicators_changes_nothing(values: Values, generator: random.Random) -> None:
    names = list(values)
    generator.shuffle(names)
    shuffled = list(EDITION.indicators)
    generator.shuffle(shuffled)
    one = of(values)
    other = of({name: values[name] for name in names}, replace(EDITION, indicators=tuple(shuffled)))
    assert (other.index, other.index_high, other.grade) == (one.index, one.index_high, one.grade)
    assert (other.core, other.bonus, other.pillars) == (one.core, one.bonus, one.pillars)


@given(fleets)
def test_power_means_fall_with_the_exponent(values: Values) -> None:
    scored = of(values)
    if scored.core is not None:
        means = [scored.core, *(scored.power_means[p] for p in sorted(EDITION.powers, reverse=True))]
        assert all(a is not None and b is not None and b <= a + 1e-9 for a, b in pairwise(means))
