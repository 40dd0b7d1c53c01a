"""Members of a cluster, how far they lie apart, and why its PUE moved: worked by hand, and the vectors of the method."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.index.cluster import Split, dispersion, lmdi, member_facts, split_pue_change


def site(entity_id: str, pue: float | None = 1.3, e_it: int | None = 100, index: float | None = 60.0) -> dict[str, Any]:
    """A result as far as members read it."""
    indicators = [{"code": "A1", "value": 18.0, "denominator": 7}, {"code": "D1", "value": pue, "denominator": e_it}]
    return {
        "entity_id": entity_id, "month": "2026-03", "index": index, "grade": "3", "months_in_window": 12, "indicators": indicators,
    }  # fmt: skip


def member(pue: float | None, e_it: float | None, index: float | None = None) -> dict[str, Any]:
    return {"pue": pue, "e_it_wh": e_it, "index": index}


# members --------------------------------------------------------------------------------------------------------------


def test_what_is_told_of_a_member() -> None:
    assert member_facts([site("S1")], {"S1": 500.0}) == [
        {
            "entity_id": "S1", "month": "2026-03", "index": 60.0, "grade": "3", "pue": 1.3, "e_it_wh": 100, "design_power_share": 1.0,
            "months_in_window": 12,
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("power", "shares"),
    [
        ({"S1": 300.0, "S2": 100.0}, [0.75, 0.25]),
        ({"S1": 300.0, "S2": None}, [None, None]),  # the share of none is known then
        ({"S1": 0.0, "S2": 0.0}, [None, None]),
    ],
)
def test_shares_of_design_power(power: dict[str, float | None], shares: list[float | None]) -> None:
    assert [m["design_power_share"] for m in member_facts([site("S1"), site("S2")], power)] == shares


def test_a_member_without_a_pue() -> None:
    (found,) = member_facts([site("S1", pue=None, index=None)], {"S1": 500.0})
    assert (found["pue"], found["e_it_wh"], found["index"]) == (None, None, None)


# dispersion -----------------------------------------------------------------------------------------------------------


def test_dispersion_is_weighted_by_energy() -> None:
    found = dispersion([member(1.2, 300, 80.0), member(1.6, 100, 40.0)])
    # mean PUE (1.2·300 + 1.6·100) / 400 = 1.3; variance (0.01·300 + 0.09·100) / 400 = 0.03
    assert found["pue"] == {"members": 2, "min": 1.2, "max": 1.6, "sd": pytest.approx(math.sqrt(0.03), rel=1e-12)}
    # mean index 70; variance (100·300 + 900·100) / 400 = 300
    assert found["index"] == {"members": 2, "min": 40.0, "max": 80.0, "sd": pytest.approx(math.sqrt(300), rel=1e-12)}


def test_members_without_a_value_do_not_lie_apart() -> None:
    found = dispersion([member(1.2, 300, 80.0), member(None, None, 50.0), member(None, None, None)])
    assert found["pue"] == {"members": 1, "min": 1.2, "max": 1.2, "sd": 0.0}
    assert found["index"] == {"members": 2, "min": 50.0, "max": 80.0, "sd": 0.0}  # no energy: in the range, without weight


def test_nothing_to_compare_is_null() -> None:
    nothing = {"members": 0, "min": None, "max": None, "sd": None}
    assert dispersion([]) == dispersion([member(None, None)]) == {"pue": nothing, "index": nothing}
    assert dispersion([member(None, None, 50.0)])["index"] == {"members": 1, "min": 50.0, "max": 50.0, "sd": None}


@given(st.lists(st.tuples(st.floats(1, 4), st.integers(1, 10**12)), min_size=1, max_size=6), st.integers(2, 9))
def test_dispersion_does_not_depend_on_units_or_order(sites: list[tuple[float, int]], factor: int) -> None:
    one = dispersion([member(pue, e_it) for pue, e_it in sites])["pue"]
    other = dispersion([member(pue, e_it * factor) for pue, e_it in reversed(sites)])["pue"]
    assert one["sd"] == pytest.approx(other["sd"], rel=1e-6, abs=1e-9)
    assert one["sd"] <= (one["max"] - one["min"]) / 2 + 1e-9


# why it changed -------------------------------------------------------------------------------------------------------

YEAR_1 = {"A": (100.0, 125.0), "B": (40.0, 60.0), "C": (10.0, 19.0)}  # site: E_IT, E_DC; PUE 1.36
YEAR_2 = {"A": (90.0, 111.6), "B": (80.0, 118.4), "C": (30.0, 56.4)}  # every site better, the cluster 1.432


def test_the_vector_of_the_method() -> None:
    split = split_pue_change(YEAR_1, YEAR_2)
    assert (round(split.mix, 6), round(split.intensity, 6)) == (0.086142, -0.014142)
    assert split.mix + split.intensity == pytest.approx(1.432 - 1.36, abs=1e-12)
    assert split_pue_change(YEAR_2, YEAR_1).mix == pytest.approx(-split.mix)


def test_the_vector_of_a_product() -> None:
    """CUE 0.52 → 0.30 by the factor 0.376812 → 0.232558 and PUE 1.38 → 1.29."""
    assert [round(effect, 5) for effect in lmdi([(0.376812, 1.38)], [(0.232558, 1.29)])] == [-0.19303, -0.02697]


def test_nothing_changed() -> None:
    assert split_pue_change(YEAR_1, YEAR_1) == Split(0.0, 0.0)


def test_only_the_sites_changed_or_only_where_the_load_is() -> None:
    better = {site: (e_it, 0.9 * e_dc) for site, (e_it, e_dc) in YEAR_1.items()}
    assert split_pue_change(YEAR_1, better) == Split(0.0, pytest.approx(-0.136))
    moved = {"A": (50.0, 62.5), "B": (90.0, 135.0), "C": (10.0, 19.0)}  # the same PUE each: 216.5 / 150 − 1.36
    split = split_pue_change(YEAR_1, moved)
    assert (split.mix, split.intensity) == (pytest.approx(216.5 / 150 - 1.36), pytest.approx(0.0, abs=1e-12))


def test_a_site_that_joins_or_leaves_is_mix() -> None:
    alone = {"A": (100.0, 125.0)}
    joined = split_pue_change(alone, {**alone, "B": (100.0, 175.0), "C": (0.0, 0.0)})
    assert (joined.mix, joined.intensity) == (pytest.approx(0.25), pytest.approx(0.0, abs=1e-12))  # 1.25 → 1.5
    left = split_pue_change({**alone, "B": (100.0, 175.0)}, alone)
    assert (left.mix, left.intensity) == (pytest.approx(-0.25), pytest.approx(0.0, abs=1e-12))


def test_what_cannot_be_split() -> None:
    with pytest.raises(ValueError, match="without IT energy"):
        split_pue_change({}, YEAR_1)
    with pytest.raises(ValueError, match="B has facility energy but no IT energy"):
        split_pue_change(YEAR_1, {"A": (1.0, 1.2), "B": (0.0, 5.0)})
    with pytest.raises(ValueError, match="not negative"):
        lmdi([(1.0, -1.0)], [(1.0, 1.0)])


sites = st.dictionaries(
    st.sampled_from("ABCD"), st.tuples(st.floats(1, 1e6), st.floats(1, 3)).map(lambda x: (x[0], x[0] * x[1])), min_size=1
)


@given(sites, sites)
def test_the_parts_are_the_change(before: dict[str, tuple[float, float]], after: dict[str, tuple[float, float]]) -> None:
    def pue(window: dict[str, tuple[float, float]]) -> float:
        return math.fsum(e_dc for _, e_dc in window.values()) / math.fsum(e_it for e_it, _ in window.values())

    split = split_pue_change(before, after)
    assert split.mix + split.intensity == pytest.approx(pue(after) - pue(before), abs=1e-9)
