"""Activities of a site in a month as whole internal units (Wh, L, mL, normal L) or pieces.

Reading quantities with their units belongs here; which ratio they enter belongs to the measures. A unit that is not understood makes
the quantity unknown, never zero.
"""

from __future__ import annotations

from fractions import Fraction

from assets.indicators.inputs import Row, SiteMonth
from assets.staging.units import UnitError, exact_fraction, unit_factor


def reported(site: SiteMonth, activity: str) -> bool:
    """Whether a row speaks of the activity; a row of quantity 0 is a statement of zero."""
    return bool(_rows(site, activity))


def amount(site: SiteMonth, activity: str, medium: str) -> int | None:
    """Sum of the month's rows of an activity in whole internal units of ``medium`` (metering.md §1), rounded half-even once.

    None without a row, or with a unit that is none of the medium (diesel in tonnes without a density).
    """
    rows = _rows(site, activity)
    try:
        parts = [
            exact_fraction(row["quantity"]) * unit_factor(medium, row["unit"], density_kg_per_l=row.get("density_kg_per_l")) for row in rows
        ]
    except UnitError:
        return None
    return round(sum(parts, Fraction(0))) if rows else None


def pieces(site: SiteMonth, activity: str, unit: str) -> float | None:
    """Sum of the month's rows of an activity counted in ``unit`` (equipment: pieces, kg); None without a row or with another unit."""
    rows = _rows(site, activity)
    if not rows or any(row["unit"] != unit for row in rows):
        return None
    return float(sum((exact_fraction(row["quantity"]) for row in rows), Fraction(0)))


def _rows(site: SiteMonth, activity: str) -> list[Row]:
    return [row for row in site.activities if row["activity"] == activity]
