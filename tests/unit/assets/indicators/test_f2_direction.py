"""F2 is compute over carbon, and more of it is better: a sign flip anywhere between emissions and points fails here."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from assets.edition.load import load_edition
from assets.index.scoring import score_value
from assets.indicators.carbon import Emissions
from assets.indicators.inputs import SiteMonth
from assets.indicators.registry import BY_CODE

FUNCTION = load_edition("whitepaper-2024.1").indicator("F2").function


def f2(make: Callable[..., SiteMonth], carbon_kg: float, times: float = 1.0) -> float:
    """F2 of a month with 36,000 TFLOPS (times ``times``) and ``carbon_kg``, scope 1 reported as none."""
    plain = make()
    inventory = {**plain.inventory, "gflops": 36_000_000.0 * times} if plain.inventory else None
    value = BY_CODE["F2"].measure(make(emissions=Emissions(0.0, True, 0.0, carbon_kg, 0.0), inventory=inventory)).value
    assert value is not None
    return value


def test_more_carbon_is_less_f2_and_never_more_points(make: Callable[..., SiteMonth]) -> None:
    values = [f2(make, kg) for kg in (1e3, 1e4, 1e5, 1e6, 1e7, 1e8)]
    assert all(more_carbon < less for less, more_carbon in pairwise(values))
    scores = [score_value(FUNCTION, value) for value in values]
    assert all(worse <= better for better, worse in pairwise(scores))
    assert scores[0] > scores[-1]


def test_more_compute_is_more_f2(make: Callable[..., SiteMonth]) -> None:
    assert f2(make, 1e5, times=2) == pytest.approx(2 * f2(make, 1e5))


def test_by_hand(make: Callable[..., SiteMonth]) -> None:
    # 36,000 TFLOPS for 720 h, 300 t in the month: 36,000 × 720 / (8,760 × 300)
    assert f2(make, 300_000) == pytest.approx(36_000 * 720 / (8_760 * 300), rel=1e-12)
