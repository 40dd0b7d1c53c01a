"""Whole-number arithmetic that gives the same digits on every engine.

Engines divide integers as floats (Spark's ``//``), which is wrong above 2⁵³. Only the arithmetic belongs here: expressions over
Int64 columns and the same operations on Python integers. No meter, no unit.
"""

from __future__ import annotations

from fractions import Fraction

import narwhals as nw

INT_MAX = 2**63 - 1
LARGEST = 2**62  # no register, product or sum of ours may pass it


def whole(value: int) -> nw.Expr:
    """An Int64 literal (a bare int would be an Int32)."""
    return nw.lit(value, dtype=nw.Int64)


def floor_div(number: nw.Expr, divisor: nw.Expr) -> nw.Expr:
    """``number // divisor``, exact for 0 ≤ number < 2⁶² and divisor ≥ 1.

    The multiple of the divisor below ``number`` is divided as floats; what that rounding missed (at most a few thousand) is
    divided again, and is then exact.
    """
    multiple = number - number % divisor
    quotient = (multiple / divisor).round().cast(nw.Int64)
    return quotient + ((multiple - quotient * divisor) / divisor).round().cast(nw.Int64)


def scale_half_even(number: nw.Expr, p: nw.Expr, q: nw.Expr) -> nw.Expr:
    """``number × p / q`` rounded half to even, exact for number ≥ 0 while the result and p × q stay below 2⁶²."""
    rest = number % q
    part = rest * p
    below = floor_div(number, q) * p + floor_div(part, q)
    twice = (part % q) * 2
    odd = below % 2 == 1
    up = (twice > q) | ((twice == q) & odd)
    return below + up.cast(nw.Int64)


def round_half_even(value: Fraction) -> int:
    """The nearest whole number, half to even (Python rounds a Fraction so)."""
    return round(value)


def interpolate(delta: nw.Expr, span: nw.Expr, k: nw.Expr) -> nw.Expr:
    """The part of ``delta`` that falls into the first ``k`` of ``span`` seconds, rounded down; see :func:`part_of`."""
    return floor_div(delta, span) * k + floor_div((delta % span) * k, span)


def part_of(delta: int, span: int, k: int) -> int:
    """The part of ``delta`` in the first ``k`` of ``span`` seconds, rounded down: 0 at 0, ``delta`` at ``span``.

    Differences of it telescope, so that parts sum exactly to the whole wherever it is cut. Source: metering.md §3.
    """
    return delta * k // span
