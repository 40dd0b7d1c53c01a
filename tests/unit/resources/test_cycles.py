"""Python's collector is as it was after months were computed."""

from __future__ import annotations

import gc

import pytest

from resources.cycles import looking_seldom


def test_the_thresholds_are_those_of_before_whatever_happens() -> None:
    before = gc.get_threshold()
    with looking_seldom():
        assert gc.get_threshold()[0] > before[0]
    assert gc.get_threshold() == before
    with pytest.raises(RuntimeError), looking_seldom():
        raise RuntimeError
    assert gc.get_threshold() == before
