"""Units of quantity: from what a meter or an invoice says to the internal unit, as exact fractions.

Only factors between units of one medium belong here. What a fuel is worth in energy, or emits, is dated reference data; the
multiplier of a meter is a fact of its row.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

# Internal units: whole numbers of these are counted (metering.md §1). Natural gas: litres at the normal state.
INTERNAL_UNIT = {"electricity": "Wh", "heat": "Wh", "water": "L", "diesel": "mL", "natural_gas": "NL"}
POWER_UNIT = "W"

_ENERGY = {
    "Wh": Fraction(1),
    "kWh": Fraction(1_000),
    "MWh": Fraction(1_000_000),
    "万kWh": Fraction(10_000_000),
    "GJ": Fraction(2_500_000, 9),
}
_FACTORS = {
    "electricity": _ENERGY,
    "heat": _ENERGY,
    "water": {"L": Fraction(1), "m3": Fraction(1_000), "t": Fraction(1_000)},
    "diesel": {"L": Fraction(1_000)},
    "natural_gas": {"Nm3": Fraction(1_000)},
}
_POWER = {"W": Fraction(1), "kW": Fraction(1_000), "MW": Fraction(1_000_000)}
_SPELLINGS = {"m³": "m3", "㎥": "m3", "Nm³": "Nm3"}


class UnitError(ValueError):
    """The unit is unknown, or of another dimension than the medium; the message says which units are known."""


def unit_factor(medium: str, unit: str, *, power: bool = False, density_kg_per_l: float | None = None) -> Fraction:
    """How many internal units (Wh, L, mL, normal L; W for a power series) one ``unit`` is.

    ``density_kg_per_l`` is needed for diesel in tonnes and has no default. UnitError for an unknown unit, or one of another
    dimension. Source: metering.md §1 (1 GJ = 10⁹/3600 Wh = 2,500,000/9 Wh by the definition of the joule; 1 t of water = 1 m3).
    """
    name = _SPELLINGS.get(unit.strip(), unit.strip())
    if medium == "diesel" and name == "t" and not power:
        if density_kg_per_l is None or density_kg_per_l <= 0:
            raise UnitError("diesel in t needs density_kg_per_l")
        return Fraction(1_000_000) / exact_fraction(density_kg_per_l)
    known = _known_units(medium, power)
    if name not in known:
        kind = "power" if power else medium
        raise UnitError(f"'{unit}' is no unit of {kind}; known: {', '.join(known) or 'none'}")
    return known[name]


def _known_units(medium: str, power: bool) -> dict[str, Fraction]:
    if power:
        return _POWER if medium in ("electricity", "heat") else {}
    return _FACTORS.get(medium, {})


@lru_cache(maxsize=4096, typed=True)
def exact_fraction(number: float | int | str) -> Fraction:
    """The decimal a person wrote, exactly: 0.1 is 1/10, not the nearest binary fraction."""
    return Fraction(Decimal(str(number)))
