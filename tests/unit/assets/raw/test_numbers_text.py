"""What a text says about quantity. The oracle is the standard library's Decimal."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.raw.numbers import decimals_e6, flags, floats, integers

_INT64 = 2**63 - 1


def _oracle(text: str) -> tuple[int | None, str | None]:
    with localcontext() as context:
        context.prec = 2000
        steps = (Decimal(text.replace(",", "")) * 1_000_000).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    return (int(steps), None) if abs(steps) <= _INT64 else (None, "range")


@pytest.mark.parametrize(
    ("text", "value_e6", "fault"),
    [
        ("0", 0, None),
        ("1234.5", 1_234_500_000, None),
        ("-1.5", -1_500_000, None),
        ("+3", 3_000_000, None),
        (".5", 500_000, None),
        ("5.", 5_000_000, None),
        ("00012.5", 12_500_000, None),
        ("1,234.5", 1_234_500_000, None),
        ("12,345,678.1234567", 12_345_678_123_457, None),
        ("1.2E+06", 1_200_000_000_000, None),
        ("1e-6", 1, None),
        ("0.0000005", 0, None),  # half to even: 0
        ("0.0000015", 2, None),  # half to even: 2
        ("0.00000050000000001", 1, None),
        ("-0.0000015", -2, None),
        ("1e-400", 0, None),
        ("0e400", 0, None),
        ("９９．５", 99_500_000, None),
        ("9223372036854.775807", _INT64, None),
        ("9223372036854.7758074", _INT64, None),
        ("9223372036854.7758075", None, "range"),
        ("9223372036854.775808", None, "range"),
        ("1e400", None, "range"),
        ("", None, None),
        ("--", None, None),
        ("NaN", None, None),
        ("null", None, None),
        ("—", None, None),
        ("abc", None, "text"),
        ("1,23", None, "text"),
        ("1.234,5", None, "text"),
        ("1 234", None, "text"),
        (".", None, "text"),
        ("inf", None, "text"),
        ("0x10", None, "text"),
        ("12kWh", None, "text"),
    ],
)
def test_decimals(text: str, value_e6: int | None, fault: str | None) -> None:
    assert decimals_e6(pl.Series([text])).row(0) == (value_e6, fault)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=None), st.booleans())
def test_decimals_are_exact(number: Decimal, plain: bool) -> None:
    text = format(number, "f") if plain and abs(number.adjusted()) < 400 else str(number)
    assert decimals_e6(pl.Series([text])).row(0) == _oracle(text)


@given(st.lists(st.integers(-(10**14), 10**14).map(lambda n: Decimal(n).scaleb(-7)), min_size=1, max_size=30))
def test_decimals_with_seven_places_and_separators(numbers: list[Decimal]) -> None:
    texts = [format(number, ",f") for number in numbers]
    assert decimals_e6(pl.Series(texts)).rows() == [_oracle(text) for text in texts]


def test_floats() -> None:
    texts = ["1,000.5", "1e3", "-2", "１２", "inf", "nan", "--", "x", "1e400", ".", None]
    assert floats(pl.Series(texts)).to_list() == [1000.5, 1000.0, -2.0, 12.0] + [None] * 7


def test_integers() -> None:
    texts = ["5", "5.0", "1,000", "1E+3", "-7", "9223372036854775807", "5.5", "9223372036854775808", "x", None]
    assert integers(pl.Series(texts)).to_list() == [5, 5, 1000, 1000, -7, _INT64, None, None, None, None]


def test_flags() -> None:
    texts = ["1", "true", "是", "YES", "0", "False", "否", "no", "maybe", "2", None]
    assert flags(pl.Series(texts)).to_list() == [True] * 4 + [False] * 4 + [None] * 3


def test_columns_without_values() -> None:
    nothing = pl.Series([None, None], dtype=pl.String)
    assert decimals_e6(nothing).rows() == [(None, None), (None, None)]
    assert floats(nothing).to_list() == integers(nothing).to_list() == flags(nothing).to_list() == [None, None]
    assert decimals_e6(pl.Series([], dtype=pl.String)).height == 0
