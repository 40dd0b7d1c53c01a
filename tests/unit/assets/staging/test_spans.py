"""Sets of certificate numbers: arithmetic on ranges is that on sets of numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assets.staging.spans import common, size, union, without

SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8)


def numbers(spans: list[tuple[int, int]]) -> set[int]:
    return {number for start, end in spans for number in range(start, end + 1)}


def test_by_hand() -> None:
    assert union([(5, 9), (0, 3), (4, 4), (20, 10)]) == [(0, 9)]
    assert common([(0, 9)], [(8, 20), (2, 3)]) == [(2, 3), (8, 9)]
    assert without([(0, 9)], [(2, 3), (8, 20)]) == [(0, 1), (4, 7)]
    assert size([(0, 9), (5, 12)]) == 13


@given(SPANS, SPANS)
def test_ranges_are_sets(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    assert numbers(union(one)) == numbers(one)
    assert numbers(common(one, other)) == numbers(one) & numbers(other)
    assert numbers(without(one, other)) == numbers(one) - numbers(other)
    assert size(one) == len(numbers(one))
    assert all(b[0] > a[1] for a, b in zip(without(one, other), without(one, other)[1:], strict=False))
