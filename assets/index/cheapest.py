"""The cheapest way to buy a number of certificates from several lots: a small integer program, solved exactly with HiGHS.

Only whole numbers come in and go out; money, weights and rules belong to ``purchase_plan.py``. SciPy is imported when a plan is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd
from typing import Any

from resources.errors import GciError


@dataclass(frozen=True, order=True)
class Lot:
    """Certificates that are alike: price of one and its weight, both in whole smallest units, and how many there are."""

    price: int
    weight: int
    available: int


def cheapest(lots: Sequence[Lot], least: int, most: int, least_weight: int = 0) -> list[int] | None:
    """How many certificates to take of each lot, or None when no choice will do.

    Σ x between ``least`` and ``most``, Σ weight·x at least ``least_weight``, 0 ≤ x ≤ available, whole numbers. Of all choices the one of
    the least cost; of those the one of the greatest weight; of those the one of the fewest certificates: three programs, one after the
    other, each keeping what the one before found. Lots of one price and weight are taken in the order given; the order of others changes
    nothing. GciError without SciPy, or when the solver gives no proof.
    """
    classes = sorted({(lot.price, -lot.weight) for lot in lots})
    supply = [sum(lot.available for lot in lots if (lot.price, -lot.weight) == kind) for kind in classes]
    prices, weights = [price for price, _ in classes], [-minus for _, minus in classes]
    if least > most or least > sum(supply):
        return None
    if not classes:
        return [] if least_weight <= 0 else None
    rows: list[tuple[list[int], int | None, int | None]] = [([1] * len(classes), least, most), (weights, least_weight, None)]
    best: list[int] | None = None
    for goal in (prices, [-weight for weight in weights], [1] * len(classes)):
        found = _minimum(goal, rows, supply)
        if found is None:
            break  # only the first program can have no solution: the others start from one
        best = found
        reached = _dot(goal, best)
        rows = [*rows, (goal, reached, reached)]
    if best is None:
        return None
    left = dict(zip(classes, best, strict=True))
    taken = []
    for lot in lots:
        kind = (lot.price, -lot.weight)
        taken.append(min(lot.available, left[kind]))
        left[kind] -= taken[-1]
    return taken


def _minimum(
    goal: Sequence[int], rows: Sequence[tuple[Sequence[int], int | None, int | None]], supply: Sequence[int]
) -> list[int] | None:  # fmt: skip
    """Whole numbers within ``supply`` that keep to the rows (low ≤ Σ a·x ≤ high) and make Σ goal·x least; None when there are none."""
    optimize, np = _scipy()
    scale = gcd(*goal) or 1
    small = [value // scale for value in goal]
    matrix = np.array([list(row) for row, _, _ in rows], dtype=float)
    low = np.array([-np.inf if bound is None else bound for _, bound, _ in rows], dtype=float)
    high = np.array([np.inf if bound is None else bound for _, _, bound in rows], dtype=float)
    done = optimize.milp(
        np.array(small, dtype=float),
        integrality=np.ones(len(goal)),
        bounds=optimize.Bounds(np.zeros(len(goal)), np.array(supply, dtype=float)),
        constraints=optimize.LinearConstraint(matrix, low, high),
        options={"mip_rel_gap": 0.0},
    )
    if done.status == 2:
        return None
    found = [] if done.x is None else [round(value) for value in done.x]
    if not found or not _keeps(found, rows, supply) or _dot(small, found) - done.mip_dual_bound >= 1 - 1e-6:
        raise GciError(f"The solver found no proven plan: {done.message}")
    return found


def _keeps(found: Sequence[int], rows: Sequence[tuple[Sequence[int], int | None, int | None]], supply: Sequence[int]) -> bool:
    """Whether whole numbers keep to every row and bound, counted exactly."""
    within = all(0 <= count <= bound for count, bound in zip(found, supply, strict=True))
    sums = [(_dot(row, found), low, high) for row, low, high in rows]
    return within and all((low is None or low <= total) and (high is None or total <= high) for total, low, high in sums)


def _dot(one: Sequence[int], other: Sequence[int]) -> int:
    return sum(a * b for a, b in zip(one, other, strict=True))


def _scipy() -> tuple[Any, Any]:
    try:
        import numpy as np
        from scipy import optimize
    except ImportError:
        raise GciError("A purchase plan needs SciPy, which is not installed. Run 'make env', or leave out --plan.") from None
    return optimize, np
