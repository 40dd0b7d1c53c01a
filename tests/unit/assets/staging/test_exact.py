"""Whole-number arithmetic on columns equals Python's integers, up to the largest numbers that it says it serves."""

from __future__ import annotations

from fractions import Fraction

import narwhals as nw
import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assets.staging.exact import (
    LARGEST,
    SMALL,
    floor_div,
    interpolate,
    part_of,
    round_half_even,
    scale_half_even,
    scale_large_half_even,
    whole,
)

PAIR = st.tuples(st.integers(0, SMALL - 1), st.one_of(st.integers(1, 100), st.integers(1, SMALL)))
RATIOS = st.sampled_from([(1, 1000), (5, 18), (1, 25), (10, 1), (3333333, 10**10), (1, 2)])


def _frame(**columns: list[int]) -> pl.DataFrame:
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.Int64))


def _apply(expression: nw.Expr, **columns: list[int]) -> list[int]:
    return nw.from_native(_frame(**columns).lazy()).select(x=expression).collect()["x"].to_list()


@settings(max_examples=60)
@given(st.lists(PAIR, min_size=1, max_size=50))
@example([(SMALL - 1, 3), (SMALL - 1, 1), (SMALL - 1, SMALL - 1), (0, 5)])
def test_floor_division(pairs: list[tuple[int, int]]) -> None:
    numbers, divisors = [a for a, _ in pairs], [n for _, n in pairs]
    assert _apply(floor_div(nw.col("a"), nw.col("n")), a=numbers, n=divisors) == [a // n for a, n in pairs]
    for n in {3, 7, 10, 1000, 86_400, *divisors}:
        assert _apply(floor_div(nw.col("a"), whole(n)), a=numbers) == [a // n for a in numbers]


@settings(max_examples=60)
@given(st.integers(0, 9_200_000_000_000_000_000), RATIOS)
@example(500, (1, 1000))
@example(1500, (1, 1000))
def test_half_even_rounding(value: int, ratio: tuple[int, int]) -> None:
    p, q = ratio
    large, small = min(value, LARGEST * q // p), min(value, SMALL - 1, (SMALL - 1) * q // p)
    expected = [round_half_even(Fraction(number * p, q)) for number in (large, small)]
    scaled = _frame(v=[large], p=[p], q=[q]).select(scale_large_half_even(pl.col("v"), pl.col("p"), pl.col("q"))).item()
    assert [scaled, *_apply(scale_half_even(nw.col("v"), nw.col("p"), nw.col("q")), v=[small], p=[p], q=[q])] == expected


def test_halves_go_to_the_even_number() -> None:
    scaled = scale_half_even(nw.col("v"), nw.col("p"), nw.col("q"))
    assert _apply(scaled, v=[500, 1500, 2500, 2501], p=[1] * 4, q=[1000] * 4) == [0, 2, 2, 3]


@settings(max_examples=60)
@given(st.integers(0, LARGEST), st.integers(1, 81 * 86_400), st.floats(0, 1))
def test_interpolation_equals_the_exact_part(delta: int, span: int, share: float) -> None:
    k = int(share * span)
    found = _frame(d=[delta], s=[span], k=[k]).select(interpolate(pl.col("d"), pl.col("s"), pl.col("k"))).item()
    assert found == part_of(delta, span, k)


def test_parts_begin_at_nothing_and_end_at_all() -> None:
    assert [part_of(7, 3, k) for k in range(4)] == [0, 2, 4, 7]
