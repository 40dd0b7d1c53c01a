"""Bands, caps and the rule of missing data, each in both directions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from assets.edition.tree import Edition
from assets.index.grade import EntityFacts, band_of
from assets.index.scorecard import Scored, score_entity
from assets.indicators.measure import IndicatorValue

Values = dict[str, IndicatorValue]
DAY = date(2026, 3, 31)
SITE = EntityFacts(geography="CN-HE", design_power_kw=20000)


def with_values(values: Values, **numbers: float) -> Values:
    return {**values, **{code: IndicatorValue(code, "measured", number) for code, number in numbers.items()}}


def graded(values: Values, edition: Edition, facts: EntityFacts = SITE, on: date = DAY) -> Scored:
    return score_entity(values, edition, on=on, facts=facts)


def cap_name(scored: Scored) -> str | None:
    return scored.grading.binding_cap.name if scored.grading.binding_cap else None


@pytest.fixture
def strong(second: Values) -> Values:
    """A site that earns grade 1 by score with PUE 1.15."""
    return with_values(second, A1=100, B1=0.8, B2=0.6, B3=0.6, D1=1.15, D2=0.6, E1=0.95, E2=0.8, F1=0.05, F2=90, G1=1.0, H1=1.0)


@pytest.mark.parametrize(
    ("index", "grade"),
    [(100, "1"), (85, "1"), (84.999999, "2"), (70, "2"), (69.99, "3"), (55, "3"), (54.99, "4"), (40, "4"), (39.99, "5"), (0, "5")],
)
def test_bands(edition: Edition, index: float, grade: str) -> None:
    assert band_of(edition, index).grade == grade


def test_the_last_bit_of_a_float_decides_no_grade(edition: Edition) -> None:
    assert band_of(edition, 85 - 1e-12).grade == "1"


def test_a_cap_binds_only_when_it_makes_the_grade_worse(edition: Edition, first: Values, strong: Values) -> None:
    # index 57.6 earns grade 3 and the cap PUE > 1.30 allows 3: it does not bind
    even = graded(first, edition)
    assert (even.grade, even.grading.grade_from_score, cap_name(even)) == ("3", "3", None)
    assert graded(strong, edition).grade == "1"
    capped = graded(with_values(strong, D1=1.31), edition)
    assert (capped.grading.grade_from_score, capped.grade, cap_name(capped)) == ("1", "3", "PUE > 1.30")
    worse = graded(with_values(strong, D1=1.51), edition)
    assert (worse.grade, cap_name(worse)) == ("5", "PUE > 1.50")


@pytest.mark.parametrize(("pue", "grade"), [(1.30, "1"), (1.3 + 1e-12, "1"), (1.3000001, "3"), (1.50, "3"), (1.5000001, "5")])
def test_caps_at_their_limits(edition: Edition, strong: Values, pue: float, grade: str) -> None:
    values = with_values(strong, E1=1.0, E2=0.9, F1=0.0, F2=100, D2=0.4, D1=pue, A3=1.0, A4=1.0, C1=1.0, J1=1.0, J2=1.0, K1=1.0)
    scored = graded(values, edition)
    assert scored.grading.grade_from_score == "1"
    assert scored.grade == grade


@pytest.mark.parametrize(
    ("on", "grade", "cap"),
    [
        (date(2022, 10, 31), "1", None),
        (date(2022, 11, 30), "5", "PUE > 1.50"),
        (date(2026, 3, 31), "5", "PUE > 1.50"),
    ],
)
def test_caps_have_a_first_day(edition: Edition, strong: Values, on: date, grade: str, cap: str | None) -> None:
    values = with_values(strong, D1=1.6, D2=0.4, E1=1.0, F1=0.0, F2=100, A3=1.0, A4=1.0, C1=1.0, K1=1.0, J2=1.0)
    scored = graded(values, edition, on=on)
    assert (scored.grade, cap_name(scored)) == (grade, cap)


@pytest.mark.parametrize(
    ("on", "grade"), [(date(2025, 6, 30), "1"), (date(2025, 7, 6), "1"), (date(2025, 7, 7), "3"), (date(2025, 7, 31), "3")]
)
def test_the_second_cap_starts_on_its_day(edition: Edition, strong: Values, on: date, grade: str) -> None:
    assert graded(with_values(strong, D1=1.31), edition, on=on).grade == grade


def test_a_cap_may_have_a_last_day(edition: Edition, strong: Values) -> None:
    ended = replace(edition, caps=tuple(replace(cap, valid_to=date(2026, 3, 31)) for cap in edition.caps))
    values = with_values(strong, D1=1.31)
    assert graded(values, ended, on=date(2026, 3, 31)).grade == "3"
    assert graded(values, ended, on=date(2026, 4, 30)).grade == "1"


@pytest.mark.parametrize(
    ("facts", "grade"),
    [
        (EntityFacts(geography="CN-HE", design_power_kw=250.1), "3"),
        (EntityFacts(geography="CN-HE", design_power_kw=250), "1"),
        (EntityFacts(geography="SG", design_power_kw=20000), "1"),
        (EntityFacts(geography="cn-nm", design_power_kw=20000), "3"),
        (EntityFacts(), "3"),  # what is not known exempts from nothing
        (EntityFacts(kind="cluster", geography="CN-HE", design_power_kw=60000), "3"),
    ],
)
def test_whom_a_cap_concerns(edition: Edition, strong: Values, facts: EntityFacts, grade: str) -> None:
    assert graded(with_values(strong, D1=1.31), edition, facts).grade == grade


def test_unknown_facts_are_named(edition: Edition, strong: Values) -> None:
    tests = {t.cap.name: t for t in graded(with_values(strong, D1=1.31), edition, EntityFacts(hub="张家口")).grading.caps}
    assert tests["PUE > 1.30"].assumed == ("geography", "design_power_kw")
    assert tests["hub, E1 < 0.80"].assumed == ("geography", "design_power_kw", "commissioned_on")
    assert tests["PUE > 1.30"].outcome == "exceeded"
    assert tests["PUE > 1.50"].outcome == "kept"


HUB = replace(SITE, hub="张家口", commissioned_on=date(2024, 6, 1))


@pytest.mark.parametrize(
    ("facts", "on", "share", "grade"),
    [
        (HUB, DAY, 0.79, "2"),
        (HUB, DAY, 0.80, "1"),
        (HUB, date(2025, 12, 31), 0.79, "2"),
        (HUB, date(2025, 11, 30), 0.79, "1"),
        (replace(HUB, commissioned_on=date(2024, 1, 1)), DAY, 0.79, "2"),
        (replace(HUB, commissioned_on=date(2023, 12, 31)), DAY, 0.79, "1"),
        (replace(HUB, commissioned_on=None), DAY, 0.79, "2"),
        (replace(HUB, hub=None), DAY, 0.79, "1"),
        (replace(HUB, kind="cluster"), DAY, 0.79, "1"),
    ],
)
def test_the_hub_cap(edition: Edition, strong: Values, facts: EntityFacts, on: date, share: float, grade: str) -> None:
    scored = graded(with_values(strong, E1=share), edition, facts, on)
    assert scored.grading.grade_from_score == "1"
    assert scored.grade == grade
    assert cap_name(scored) == ("hub, E1 < 0.80" if grade == "2" else None)


def test_mixed_pue_categories_take_no_cap_test(edition: Edition, strong: Values) -> None:
    cluster = EntityFacts(kind="cluster", geography="CN-HE", design_power_kw=60000)
    mixed = {**strong, "D1": IndicatorValue("D1", "measured", 1.31, category="mixed")}
    scored = graded(mixed, edition, cluster)
    assert scored.grade == "1"
    assert {t.outcome for t in scored.grading.caps if t.cap.indicator == "D1"} == {"not_tested"}


def test_caps_read_the_trailing_value(edition: Edition, strong: Values) -> None:
    month, trailing = with_values(strong, D1=1.40), strong
    assert graded(month, edition).grade == "3"
    assert score_entity(month, edition, on=DAY, facts=SITE, cap_values=trailing).grade == "1"
    assert score_entity(trailing, edition, on=DAY, facts=SITE, cap_values=month).grade == "3"


# no grade -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["not_reported", "withheld", "not_applicable"])
@pytest.mark.parametrize("code", ["D1", "E1", "F1"])
def test_no_grade_without_a_required_indicator(edition: Edition, second: Values, code: str, status: str) -> None:
    scored = graded({**second, code: IndicatorValue(code, status)}, edition)
    assert (scored.grade, scored.grading.grade_from_score, cap_name(scored)) == (None, None, None)
    shortfall = scored.grading.shortfall
    assert shortfall is not None
    assert code in shortfall.text.en
    assert code in shortfall.text.zh
    assert shortfall.needs == (() if status == "not_applicable" else (code,))


def test_a_grade_without_other_indicators(edition: Edition, second: Values) -> None:
    scored = graded({**second, "D2": IndicatorValue("D2", "not_reported")}, edition)
    assert scored.grade is not None
    assert scored.grading.shortfall is None


def test_core_coverage_limit(edition: Edition, second: Values) -> None:
    hidden = {code: IndicatorValue(code, "not_reported") for code in ("E2", "D2", "F2", "A2", "B1")}  # 6 + 5 + 4 + 2 + 3 = 20
    enough = graded({**second, **hidden}, edition)
    assert enough.weight_coverage == pytest.approx(0.80)
    assert enough.grade is not None
    short = graded({**second, **hidden, "A3": IndicatorValue("A3", "withheld")}, edition)
    assert short.weight_coverage == pytest.approx(0.77)
    assert short.grade is None
    shortfall = short.grading.shortfall
    assert shortfall is not None
    assert "77 % of the core weight is reported, a grade needs 80 %" in shortfall.text.en
    assert "核心指标权重覆盖率77%，评级至少需要80%" in shortfall.text.zh
    assert shortfall.needs == ("E2",)  # the heaviest of what is missing is enough


def test_pillar_coverage_limit(edition: Edition, second: Values) -> None:
    # smart management: G1 12 and H1 8
    assert graded({**second, "H1": IndicatorValue("H1", "not_reported")}, edition).grade is not None
    short = graded({**second, "G1": IndicatorValue("G1", "not_reported")}, edition)
    assert short.weight_coverage == pytest.approx(0.88)
    assert short.grade is None
    shortfall = short.grading.shortfall
    assert shortfall is not None
    assert "40 % of the weight of 'Smart energy and carbon management'" in shortfall.text.en
    assert shortfall.needs == ("G1",)


def test_a_core_pillar_that_does_not_apply_leaves_no_grade(edition: Edition, second: Values) -> None:
    scored = graded({**second, **{c: IndicatorValue(c, "not_applicable") for c in ("G1", "H1")}}, edition)
    assert scored.pillars["smart_management"] is None
    assert scored.weight_coverage == 1.0
    assert scored.grade is None


def test_what_is_needed_is_enough(edition: Edition, second: Values) -> None:
    """A home with meters of one site only: reporting the indicators that the message names gives a grade, and none of them is spare."""
    only = {"D1": second["D1"]}
    shortfall = graded(only, edition).grading.shortfall
    assert shortfall is not None
    assert {"E1", "F1"} <= set(shortfall.needs)
    assert graded({**only, **{code: second[code] for code in shortfall.needs}}, edition).grade is not None


def test_a_share_just_below_its_limit_does_not_read_as_the_limit(edition: Edition, second: Values) -> None:
    weights = {"A1": 5.95, "A2": 2.05}  # the core stays at 100, 79.95 of it reported
    tuned = replace(edition, indicators=tuple(replace(i, weight=weights.get(i.code, i.weight)) for i in edition.indicators))
    hidden = {code: IndicatorValue(code, "not_reported") for code in ("D2", "F2", "A2", "B1", "E2")}
    shortfall = graded({**second, **hidden}, tuned).grading.shortfall
    assert shortfall is not None
    assert "79.9 % of the core weight is reported, a grade needs 80 %" in shortfall.text.en
