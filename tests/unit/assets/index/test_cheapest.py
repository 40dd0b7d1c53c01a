"""The integer program of a purchase plan, against every choice there is."""

from __future__ import annotations

import itertools
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.index.cheapest import Lot, cheapest
from resources.errors import GciError


def brute_force(lots: list[Lot], least: int, most: int, least_weight: int) -> tuple[int, int, int] | None:
    """Least cost, then greatest weight, then fewest certificates, over every choice."""
    best = None
    for choice in itertools.product(*(range(lot.available + 1) for lot in lots)):
        count = sum(choice)
        weight = sum(n * lot.weight for n, lot in zip(choice, lots, strict=True))
        if least <= count <= most and weight >= least_weight:
            cost = sum(n * lot.price for n, lot in zip(choice, lots, strict=True))
            best = min(best, (cost, -weight, count)) if best else (cost, -weight, count)
    return best


def said(lots: list[Lot], taken: list[int]) -> tuple[int, int, int]:
    pairs = list(zip(taken, lots, strict=True))
    return sum(n * lot.price for n, lot in pairs), -sum(n * lot.weight for n, lot in pairs), sum(taken)


some = st.lists(st.builds(Lot, st.integers(0, 6), st.sampled_from((5, 8)), st.integers(0, 4)), max_size=5)


@settings(max_examples=60, deadline=None)
@given(lots=some, least=st.integers(0, 14), room=st.integers(-1, 8), least_weight=st.integers(0, 90))
def test_equals_brute_force(lots: list[Lot], least: int, room: int, least_weight: int) -> None:
    taken, best = cheapest(lots, least, least + room, least_weight), brute_force(lots, least, least + room, least_weight)
    if best is None:
        assert taken is None
    else:
        assert taken is not None
        assert all(0 <= n <= lot.available for n, lot in zip(taken, lots, strict=True))
        assert said(lots, taken) == best


@settings(max_examples=30, deadline=None)
@given(lots=some, least=st.integers(0, 10), seed=st.randoms(use_true_random=False))
def test_the_order_of_different_lots_changes_nothing(lots: list[Lot], least: int, seed) -> None:  # type: ignore[no-untyped-def]
    distinct = list({(lot.price, lot.weight): lot for lot in lots}.values())
    shuffled = list(distinct)
    seed.shuffle(shuffled)
    one, other = cheapest(distinct, least, least + 3, 0), cheapest(shuffled, least, least + 3, 0)
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert dict(zip(distinct, one, strict=True)) == dict(zip(shuffled, other, strict=True))


@pytest.mark.parametrize(
    ("lots", "least", "most", "weight", "expected"),
    [
        ([Lot(3, 5, 10), Lot(2, 5, 4)], 6, 6, 0, [2, 4]),  # the cheaper first
        ([Lot(3, 8, 10), Lot(2, 5, 10)], 6, 6, 39, [3, 3]),  # 3·8 + 3·5 = 39
        ([Lot(3, 8, 10), Lot(2, 5, 10)], 6, 9, 45, [5, 1]),  # 5·8 + 1·5 = 45 for 17; nine weak ones would cost 18
        ([Lot(2, 5, 3), Lot(2, 8, 3)], 4, 4, 0, [1, 3]),  # one price: the better route
        ([Lot(2, 5, 3), Lot(2, 5, 3)], 4, 4, 0, [3, 1]),  # alike: in the order given
        ([Lot(0, 5, 9)], 2, 9, 0, [9]),  # what costs nothing: the greatest weight
        ([], 0, 5, 0, []),
        ([], 0, 5, 1, None),
        ([Lot(1, 5, 2)], 3, 9, 0, None),  # too few
        ([Lot(1, 5, 9)], 3, 4, 21, None),  # too weak
    ],
)
def test_cases(lots: list[Lot], least: int, most: int, weight: int, expected: list[int] | None) -> None:
    assert cheapest(lots, least, most, weight) == expected


def test_prices_and_quantities_of_real_size() -> None:
    """A million certificates at prices in hundredths of a cent: exact to the last unit."""
    lots = [Lot(52_301, 8, 400_000), Lot(31_799, 5, 500_000), Lot(31_801, 5, 500_000)]
    taken = cheapest(lots, 1_000_000, 1_000_000, 5_900_001)
    assert taken == [300_001, 500_000, 199_999]


def test_without_scipy_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(GciError, match="needs SciPy"):
        cheapest([Lot(1, 1, 1)], 1, 1)
