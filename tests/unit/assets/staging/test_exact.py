"""Whole-number arithmetic on columns equals Python's integers, up to the largest numbers."""

from __future__ import annotations

from fractions import Fraction

import narwhals as nw
import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assets.staging.exact import LARGEST, floor_div, interpolate, part_of, round_half_even, scale_half_even

PAIR = st.tuples(st.integers(0, LARGEST), st.one_of(st.integers(1, 100), st.integers(1, LARGEST)))


def _apply(expression: nw.Expr, **columns: list[int]) -> list[int]:
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.Int64)).lazy()
    return nw.from_native(frame).select(x=expression).collect()["x"].to_list()


@settings(max_examples=60)
@given(st.lists(PAIR, min_size=1, max_size=50))
@example([(LARGEST, 3), (LARGEST - 1, 7), (2**53 + 1, 1), (0, 5)])
def test_floor_division(pairs: list[tuple[int, int]]) -> None:
    numbers, divisors = [a for a, _ in pairs], [n for _, n in pairs]
    assert _apply(floor_div(nw.col("a"), nw.col("n")), a=numbers, n=divisors) == [a // n for a, n in pairs]


@settings(max_examples=60)
@given(st.integers(0, 9_200_000_000_000_000_000), st.sampled_from([(1, 1000), (5, 18), (1, 25), (10, 1), (3333333, 10**10), (1, 2)]))
@example(500, (1, 1000))
@example(1500, (1, 1000))
def test_half_even_rounding(value: int, ratio: tuple[int, int]) -> None:
    p, q = ratio
    value = min(value, LARGEST * q // p)
    expected = round_half_even(Fraction(value * p, q))
    assert _apply(scale_half_even(nw.col("v"), nw.col("p"), nw.col("q")), v=[value], p=[p], q=[q]) == [expected]


def test_halves_go_to_the_even_number() -> None:
    scaled = scale_half_even(nw.col("v"), nw.col("p"), nw.col("q"))
    assert _apply(scaled, v=[500, 1500, 2500, 2501], p=[1] * 4, q=[1000] * 4) == [0, 2, 2, 3]


@settings(max_examples=60)
@given(st.integers(0, LARGEST), st.integers(1, 81 * 86_400), st.floats(0, 1))
def test_interpolation_equals_the_exact_part(delta: int, span: int, share: float) -> None:
    k = int(share * span)
    assert _apply(interpolate(nw.col("d"), nw.col("s"), nw.col("k")), d=[delta], s=[span], k=[k]) == [part_of(delta, span, k)]


def test_parts_begin_at_nothing_and_end_at_all() -> None:
    assert [part_of(7, 3, k) for k in range(4)] == [0, 2, 4, 7]
