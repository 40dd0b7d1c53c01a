"""Whole-number arithmetic that gives the same digits on every engine.

Some engines divide integers as floats (Spark's ``//``), which is wrong above 2⁵³: there is one way for every engine, for smaller numbers,
and one for Polars alone. Only arithmetic belongs here: expressions over Int64 columns and the same on Python integers. No meter, no unit.
"""

from __future__ import annotations

from fractions import Fraction

import narwhals as nw
import polars as pl

INT_MAX = 2**63 - 1
LARGEST = 2**62  # no register, product or sum of ours may pass it
SMALL = 2**53  # below it floats hold every whole number


def whole(value: int) -> nw.Expr:
    """An Int64 literal (a bare int would be an Int32)."""
    return nw.lit(value, dtype=nw.Int64)


def floor_div(number: nw.Expr, divisor: nw.Expr) -> nw.Expr:
    """``number // divisor``, exact for 0 ≤ number < 2⁵³ and divisor ≥ 1.

    A multiple divides without rest, but Polars multiplies by the reciprocal of a plain number: hence rounded.
    """
    return ((number - number % divisor) / divisor).round().cast(nw.Int64)


def scale_half_even(number: nw.Expr, p: nw.Expr, q: nw.Expr, *, whole_parts: bool = False) -> nw.Expr:
    """``number × p / q`` rounded half to even, exact for number ≥ 0 while number, result and p × q are below 2⁵³.

    ``whole_parts`` says that ``p`` is 1.
    """
    rest = number % q
    below = floor_div(number, q) if whole_parts else floor_div(number, q) * p + floor_div(rest * p, q)
    twice = (rest if whole_parts else rest * p % q) * 2
    up = (twice > q) | ((twice == q) & (below % 2 == 1))
    return below + up.cast(nw.Int64)


def scale_large_half_even(number: pl.Expr, p: pl.Expr, q: pl.Expr) -> pl.Expr:
    """The same in Polars alone, exact while the result and p × q stay below 2⁶²."""
    part = number % q * p
    below = number // q * p + part // q
    twice = part % q * 2
    up = (twice > q) | ((twice == q) & (below % 2 == 1))
    return below + up.cast(pl.Int64)


def round_half_even(value: Fraction) -> int:
    """The nearest whole number, half to even (Python rounds a Fraction so)."""
    return round(value)


def interpolate(delta: pl.Expr, span: pl.Expr, k: pl.Expr) -> pl.Expr:
    """The part of ``delta`` that falls into the first ``k`` of ``span`` seconds, rounded down, without overflow; see :func:`part_of`."""
    return delta // span * k + delta % span * k // span


def part_of(delta: int, span: int, k: int) -> int:
    """The part of ``delta`` in the first ``k`` of ``span`` seconds, rounded down: 0 at 0, ``delta`` at ``span``.

    Differences of it telescope, so that parts sum exactly to the whole wherever it is cut. Source: metering.md §3.
    """
    return delta * k // span
