"""Quality tiers: the table of checks.md row by row, shares worked by hand, and that a worse meter never gives a better tier."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.indicators.quality import (
    TIERS,
    Inputs,
    Limits,
    MeterEvidence,
    activity_tier,
    added,
    capped,
    claim_tier,
    energy_tiers,
    is_provisional,
    meter_tier,
    quality_shares,
    quality_tier,
    tier_shares,
)
from checks.rules.thresholds import threshold_document, thresholds_at

LIMITS = Limits(material=0.95, class_q1=0.5, class_q2=1.0, cadence_q1_s=900, cadence_q2_s=3600, estimated=0.10)
GOOD = MeterEvidence(class_percent=0.5, calibrated=True, step_s=900)


def test_the_limits_are_those_of_the_design() -> None:
    assert Limits.of(thresholds_at(threshold_document(), "2026-03")) == LIMITS


@pytest.mark.parametrize(
    ("changed", "tier"),
    [
        ({}, "Q1"),
        ({"class_percent": 0.2}, "Q1"),
        ({"class_percent": 1.0}, "Q2"),
        ({"class_percent": 1.0, "revenue": True}, "Q1"),
        ({"class_percent": 2.0}, "Q3"),
        ({"class_percent": None}, "Q3"),
        ({"class_percent": None, "revenue": True}, "Q3"),
        ({"calibrated": False}, "Q3"),
        ({"calibrated": None}, "Q3"),
        ({"step_s": 901}, "Q2"),
        ({"step_s": 3600}, "Q2"),
        ({"step_s": 3601}, "Q3"),
        ({"step_s": None}, "Q3"),
        ({"manual": True}, "Q3"),
        ({"bill_agrees": False}, "Q2"),
        ({"software": True}, "Q5"),
    ],
)
def test_meters_row_by_row(changed: dict[str, object], tier: str) -> None:
    assert meter_tier(replace(GOOD, **changed), LIMITS) == tier  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("claim", "tier"),
    [
        ({"cancelled": True, "settled": True, "documented": True}, "Q1"),
        ({"cancelled": False, "settled": True, "documented": True}, "Q2"),
        ({"cancelled": False, "settled": False, "documented": True}, "Q3"),
        ({"cancelled": False, "settled": True, "documented": False}, "Q4"),
        ({"cancelled": False, "settled": False, "documented": False}, "Q5"),
    ],
)
def test_certificates_row_by_row(claim: dict[str, bool], tier: str) -> None:
    assert claim_tier(**claim) == tier


def test_activities() -> None:
    assert (activity_tier(documented=True), activity_tier(documented=False)) == ("Q2", "Q3")


def test_what_is_estimated_is_q4_and_a_meter_estimated_above_a_tenth_wholly() -> None:
    # 900 Wh of a Q1 meter of which 90 (exactly a tenth) are estimated; 100 Wh of a Q2 meter of which 11 are
    found = energy_tiers([("Q1", 900, 90), ("Q2", 100, 11)], LIMITS)
    assert found == {"Q1": 810, "Q4": 90 + 100, "Q2": 0}


def test_filled_time_is_q4_and_signs_do_not_cancel() -> None:
    assert energy_tiers([("Q1", 1000, 0), ("Q3", -200, 0), (None, 30, 30)], LIMITS) == {"Q1": 1000, "Q3": 200, "Q4": 30}


def test_a_tier_worse_than_estimated_stays() -> None:
    assert energy_tiers([("Q5", 100, 5)], LIMITS) == {"Q5": 100}


@pytest.mark.parametrize(
    ("shares", "tier"),
    [
        ({"Q1": 1.0}, "Q1"),
        ({"Q1": 0.95, "Q4": 0.05}, "Q1"),
        ({"Q1": 0.94, "Q4": 0.06}, "Q4"),
        ({"Q1": 0.90, "Q2": 0.05, "Q5": 0.05}, "Q2"),
        ({"Q5": 1.0}, "Q5"),
        ({}, None),
    ],
)
def test_the_best_tier_with_95_percent_of_it_or_better(shares: dict[str, float], tier: str | None) -> None:
    assert quality_tier(shares, LIMITS) == tier


def test_a_number_of_several_quantities_is_as_good_as_the_worst() -> None:
    inputs: Inputs = {"E_DC": {"Q1": 90, "Q2": 10}, "E_IT": {"Q1": 30, "Q3": 70}}
    # at least Q1: min(0.9, 0.3); Q2: min(1, 0.3); Q3: 1
    assert quality_shares(inputs) == {"Q1": 0.3, "Q3": 0.7}
    assert quality_tier(quality_shares(inputs), LIMITS) == "Q3"
    assert quality_shares({}) == {}


def test_nothing_of_a_tier_is_of_that_tier() -> None:
    assert tier_shares({"Q3": 0}) == {"Q3": 1.0}
    assert tier_shares({}) == {}
    assert quality_shares({"E_IT": {"Q1": 5}, "water": {"Q3": 0}}) == {"Q3": 1.0}


def test_amounts_are_added_month_by_month() -> None:
    assert added([{"E_DC": {"Q1": 10, "Q4": 1}}, {"E_DC": {"Q1": 20}, "claims": {"Q1": 3}}]) == {
        "E_DC": {"Q1": 30, "Q4": 1},
        "claims": {"Q1": 3},
    }


def test_a_waived_quantity_is_q4_at_best() -> None:
    inputs: Inputs = {"E_DC": {"Q1": 10, "Q5": 1}, "E_IT": {"Q1": 5}}
    assert capped(inputs, ["E_DC", "claims"]) == {"E_DC": {"Q4": 10, "Q5": 1}, "E_IT": {"Q1": 5}}


def test_only_d1_e1_and_f1_below_q2_are_labelled() -> None:
    labelled = [(code, tier) for code in ("D1", "E1", "F1", "D2") for tier in (*TIERS, None) if is_provisional(code, tier)]
    assert labelled == [(code, tier) for code in ("D1", "E1", "F1") for tier in ("Q3", "Q4", "Q5")]


# properties -------------------------------------------------------------------------------------------------------------

classes = st.one_of(st.none(), st.sampled_from([0.2, 0.5, 1.0, 2.0]))
meters = st.builds(
    MeterEvidence, class_percent=classes, calibrated=st.sampled_from([True, False, None]),
    step_s=st.one_of(st.none(), st.integers(60, 90_000)), manual=st.booleans(), revenue=st.booleans(), bill_agrees=st.booleans(),
    software=st.booleans(),
)  # fmt: skip


def worse(better: MeterEvidence, other: MeterEvidence) -> MeterEvidence:
    """The worse of two meters in every respect."""

    def higher(a: float | None, b: float | None) -> float | None:
        return None if a is None or b is None else max(a, b)

    return MeterEvidence(
        higher(better.class_percent, other.class_percent), True if better.calibrated and other.calibrated else None,
        higher(better.step_s, other.step_s), better.manual or other.manual, better.revenue and other.revenue,
        better.bill_agrees and other.bill_agrees, better.software or other.software,
    )  # fmt: skip


@given(meters, meters)
def test_a_worse_meter_never_gives_a_better_tier(meter: MeterEvidence, other: MeterEvidence) -> None:
    assert TIERS.index(meter_tier(worse(meter, other), LIMITS)) >= TIERS.index(meter_tier(meter, LIMITS))


@given(meters)
def test_an_unknown_class_or_calibration_is_never_better_than_q3(meter: MeterEvidence) -> None:
    for unknown in (replace(meter, class_percent=None), replace(meter, calibrated=None)):
        assert meter_tier(unknown, LIMITS) in ("Q3", "Q5")


sides = st.dictionaries(st.sampled_from(TIERS), st.integers(0, 1000), min_size=1)


@given(st.dictionaries(st.sampled_from(["E_DC", "E_IT", "claims"]), sides, min_size=1))
def test_the_tier_of_a_number_is_the_worst_of_what_it_reads(inputs: Inputs) -> None:
    shares = quality_shares(inputs)
    assert sum(shares.values()) == pytest.approx(1)
    own = [quality_tier(tier_shares(tiers), LIMITS) for tiers in inputs.values()]
    assert quality_tier(shares, LIMITS) == max((tier for tier in own if tier), key=TIERS.index)


@given(st.lists(st.tuples(st.sampled_from(TIERS), st.integers(0, 1000), st.integers(0, 1000)), min_size=1), st.data())
def test_a_worse_part_never_makes_the_side_better(parts: list[tuple[str, int, int]], data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(parts) - 1))
    tier, quantity, estimated = parts[number]
    poorer = [*parts[:number], (data.draw(st.sampled_from(TIERS[TIERS.index(tier) :])), quantity, estimated), *parts[number + 1 :]]
    before, after = (quality_tier(tier_shares(energy_tiers(rows, LIMITS)), LIMITS) for rows in (parts, poorer))
    assert before is not None
    assert after is not None
    assert TIERS.index(after) >= TIERS.index(before)
