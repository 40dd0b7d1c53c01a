"""The built-in edition and the two scoring months of the method's vectors."""

from __future__ import annotations

import pytest

from assets.edition.load import load_edition
from assets.edition.tree import Edition
from assets.indicators.measure import IndicatorValue

Values = dict[str, IndicatorValue]

FIRST = {
    "A1": 18, "A2": 20000, "A3": 0.80, "A4": 0.70, "B1": 0.62, "B2": 0.45, "B3": 0.30, "C1": 0.75, "D1": 1.38, "D2": 1.6, "E1": 0.35,
    "E2": 0.1925, "F1": 0.52, "F2": 6, "G1": 0.70, "H1": 0.50, "J1": 0.60, "J2": 0.50, "K1": 0.20,
}  # fmt: skip
SECOND = {
    "A1": 24, "A2": 20000, "A3": 0.80, "A4": 0.70, "B1": 0.71, "B2": 0.52, "B3": 0.36, "C1": 0.75, "D1": 1.29, "D2": 1.4, "E1": 0.62,
    "E2": 0.434, "F1": 0.30, "F2": 14, "G1": 0.80, "H1": 4 / 6, "J1": 1.00, "J2": 0.75, "K1": 0.35,
}  # fmt: skip


@pytest.fixture(scope="session")
def edition() -> Edition:
    return load_edition("whitepaper-2024.1")


def measured(numbers: dict[str, float]) -> Values:
    return {code: IndicatorValue(code, "measured", float(number)) for code, number in numbers.items()}


@pytest.fixture
def first() -> Values:
    return measured(FIRST)


@pytest.fixture
def second() -> Values:
    return measured(SECOND)
