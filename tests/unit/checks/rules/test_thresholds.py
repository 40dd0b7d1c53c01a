"""Thresholds: dated values, tightened by a home, never loosened."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.rules.thresholds import read_thresholds, threshold_digest, threshold_document, thresholds_at
from resources.digest import PREFIX
from resources.errors import GciError, UsageError
from resources.lake import Lake

DOCUMENT = b"""
TL01:
  withhold_below:
    en: a
    zh: b
    unit: "1"
    tighter: higher
    range: [0, 1]
    values:
      - {valid_from: "2026-01", value: 0.92, source: "second"}
      - {valid_from: "2024-01", value: 0.90, source: "first"}
  flag_above:
    en: a
    zh: b
    unit: "1"
    tighter: lower
    range: [0, 1]
    values:
      - {valid_from: "2024-01", value: 0.02, source: "project convention"}
"""


def test_values_of_the_design() -> None:
    limits = thresholds_at(threshold_document(), "2026-03")
    assert limits == {
        "SHARE": {"material": 0.01},
        "QUALITY": {"material": 0.95, "class_q1": 0.5, "class_q2": 1.0, "cadence_q1": 15.0, "cadence_q2": 60.0, "estimated": 0.10},
        "BD06": {"flag_above": 0.005, "withhold_above": 0.05, "residual_above": 0.10, "ups_to_pdu_above": 0.08},
        "BD09": {"days": 3.0},
        "BD11": {"export_above": 0.01},
        "BD12": {"withhold_below": 0.95},
        "CT01": {"withhold_above": 0.01},
        "CT05": {"spike_flag_above": 1.8},
        "CT06": {"steps": 100.0, "hours": 24.0, "water_days": 7.0},
        "CT07": {"hours": 3.0, "history_hours": 168.0},
        "CT17": {"rated_known": 0.95, "utilisation_covered": 0.80},
        "ME01": {"counted_electricity": 1.0, "elsewhere": 2.0},
        "ME03": {"minutes": 60.0},
        "ME05": {"flag_above": 0.02, "withhold_above": 0.10, "water_flag_above": 0.10, "water_withhold_above": 0.25},
        "ME08": {"flag_from": 0.05},
        "ME09": {"flag_above": 0.01, "withhold_above": 0.02},
        "TL01": {"flag_below": 0.95, "withhold_below": 0.90},
        "TL02": {"intervals": 1.5, "monthly_days": 1.0},
        "TL05": {"near_days": 5.0, "carried_days": 31.0},
        "TL08": {"months": 12.0},
    }


def test_every_value_has_a_source() -> None:
    assert all(dated.source for t in read_thresholds(threshold_document()) for dated in t.values)


@pytest.mark.parametrize(("month", "value"), [("2024-01", 0.90), ("2025-12", 0.90), ("2026-01", 0.92), ("2030-01", 0.92)])
def test_the_month_picks_the_newest_value_in_force(month: str, value: float) -> None:
    assert thresholds_at(DOCUMENT, month)["TL01"]["withhold_below"] == value


def test_a_month_before_the_first_value_is_refused() -> None:
    with pytest.raises(GciError, match=r"TL01\.withhold_below is valid in 2023-12: the first is from 2024-01"):
        thresholds_at(DOCUMENT, "2023-12")


def test_tightening_in_both_directions() -> None:
    limits = thresholds_at(DOCUMENT, "2026-03", {"TL01": {"withhold_below": 0.95, "flag_above": 0.01}})
    assert limits["TL01"] == {"withhold_below": 0.95, "flag_above": 0.01}


@pytest.mark.parametrize(
    ("name", "wanted", "said"),
    [("withhold_below", 0.91, "0.91 would loosen the limit 0.92"), ("flag_above", 0.03, "0.03 would loosen the limit 0.02")],
)
def test_loosening_says_both_values(name: str, wanted: float, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        thresholds_at(DOCUMENT, "2026-03", {"TL01": {name: wanted}})


def test_the_same_value_is_no_loosening() -> None:
    assert thresholds_at(DOCUMENT, "2026-03", {"TL01": {"withhold_below": 0.92}})["TL01"]["withhold_below"] == 0.92


@pytest.mark.parametrize("wanted", [95.0, -0.1, float("nan"), float("inf")])
def test_a_value_outside_its_range_is_refused(wanted: float) -> None:
    with pytest.raises(UsageError, match="outside 0 to 1; the product's value is"):
        thresholds_at(DOCUMENT, "2026-03", {"TL01": {"withhold_below": wanted, "flag_above": wanted}})


def test_the_ends_of_the_range_are_in_it() -> None:
    assert thresholds_at(DOCUMENT, "2026-03", {"TL01": {"withhold_below": 1, "flag_above": 0}})["TL01"] == {
        "withhold_below": 1.0, "flag_above": 0.0,
    }  # fmt: skip


def test_a_document_is_read_once() -> None:
    assert read_thresholds(DOCUMENT) is read_thresholds(bytes(DOCUMENT))


def test_what_resembles_nothing_is_told_what_there_is() -> None:
    with pytest.raises(UsageError, match=r"no threshold 'xyz'\. Known: flag_above, withhold_below\."):
        thresholds_at(DOCUMENT, "2026-03", {"TL01": {"xyz": 0.95}})


def test_unknown_names_suggest_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"\[rules\.TL1\].*Did you mean 'TL01'"):
        thresholds_at(threshold_document(), "2026-03", {"TL1": {"withhold_below": 0.95}})
    with pytest.raises(UsageError, match=r"no threshold 'withold_below'.*Did you mean 'withhold_below'"):
        thresholds_at(threshold_document(), "2026-03", {"TL01": {"withold_below": 0.95}})


def test_a_document_without_source_or_direction_is_refused() -> None:
    with pytest.raises(GciError, match=r"TL01\.flag_above needs"):
        read_thresholds(DOCUMENT.replace(b'source: "project convention"', b'source: ""'))
    with pytest.raises(GciError, match=r"TL01\.withhold_below needs"):
        read_thresholds(DOCUMENT.replace(b"tighter: higher", b"tighter: up"))
    with pytest.raises(GciError, match=r"TL01\.flag_above needs"):
        read_thresholds(DOCUMENT.replace(b'\n      - {valid_from: "2024-01", value: 0.02, source: "project convention"}', b" []"))


def test_the_digest_is_the_one_under_which_the_lake_keeps_it(tmp_path) -> None:  # type: ignore[no-untyped-def]
    assert threshold_digest().startswith(PREFIX)
    assert Lake(tmp_path).keep_bytes(threshold_document()) == threshold_digest()


@given(wanted=st.floats(0, 1))
def test_an_accepted_value_is_never_looser(wanted: float) -> None:
    try:
        limits = thresholds_at(DOCUMENT, "2026-03", {"TL01": {"withhold_below": wanted}})
    except UsageError:
        assert wanted < 0.92
    else:
        assert limits["TL01"]["withhold_below"] == wanted >= 0.92
