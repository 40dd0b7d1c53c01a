"""Scope 1 of a site and month: fuels burnt and refrigerants topped up, priced by dated factors; and what is not known of it.

Multiplying activities by their factors belongs here, where the rules of staging and the carbon indicators can both ask. Which rows and
declarations are the site's belongs to those who ask; scope 2 to ``assets/indicators/carbon.py``. Emissions are kg CO2e.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from assets.reference.factors import Factor, FactorSet, MissingFactor, plain_name

SCOPE_1_SUBJECTS = ("fuel", "refrigerant")
BURNT_AT = ("point:backup_generation", "point:fuel_use")  # measures of staging/energies that are zero only when no fuel was burnt
_MILLI = Fraction(1, 1000)
_MASS_KG = {"kg": Fraction(1), "t": Fraction(1000), "g": _MILLI}
_VOLUME_L = {"L": Fraction(1), "m3": Fraction(1000), "mL": _MILLI}
_GAS_NM3 = {"Nm3": Fraction(1), "万Nm3": Fraction(10_000), "NL": _MILLI}
FUEL_UNSAID = "fuel is not reported, and backup generation or metered fuel is not 0: send the fuel burnt in 'activities'"


@dataclass(frozen=True)
class EmissionLine:
    """One product of a quantity and a factor: what it is of, how much, the factor and where that comes from. ``scope``: 1, 2L, 2M, 2F, 3.

    ``emissions_kg`` is the product of the two decimals as written, rounded to a float once; ``row`` what the activity says (scope 1, 3).
    """

    scope: str
    subject: str
    quantity: float
    quantity_unit: str
    factor: float
    factor_unit: str
    vintage: str
    source: str
    published_late: bool
    emissions_kg: float
    published_on: str = ""
    row: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Gap:
    """Why a row of activities can't be counted (CT16): ``kind`` fuel or gwp for a factor that is absent, unit for a quantity that can't be
    brought to the factor's unit; the sentence in both languages; the row it stands in.
    """

    activity: str
    kind: str
    text_en: str
    text_zh: str
    entry: int | None = None
    source_row: int | None = None


@dataclass(frozen=True)
class Scope1:
    """Scope 1 of a site-month. ``kg`` is None where it is unknown, or where nothing speaks of it (``is_silent``).

    ``unreported``: those of SCOPE_1_SUBJECTS of which no row and no declaration speaks; ``burnt``: whether meters say, or leave open,
    that fuel was burnt.
    """

    kg: float | None
    lines: tuple[EmissionLine, ...]
    gaps: tuple[Gap, ...]
    unreported: tuple[str, ...]
    burnt: bool

    @property
    def is_silent(self) -> bool:
        """Whether nothing speaks of scope 1: no row, no declaration, no generator or fuel meter."""
        return set(self.unreported) == set(SCOPE_1_SUBJECTS) and not self.burnt

    @property
    def is_fuel_unsaid(self) -> bool:
        """Whether fuel was burnt, or may have been, and nobody says how much: scope 1 is then unknown."""
        return self.burnt and "fuel" in self.unreported

    @property
    def unknown_because(self) -> tuple[str, ...]:
        """What hinders the figure, in English."""
        return (*(gap.text_en for gap in self.gaps), *((FUEL_UNSAID,) if self.is_fuel_unsaid else ()))


def is_burnt(quantities: Iterable[int | None]) -> bool:
    """Whether fuel was burnt, or may have been, by the totals of the points in BURNT_AT (0 for a point without meters, None: unknown)."""
    return any(quantity != 0 for quantity in quantities)


def measure_scope1(
    factors: FactorSet, month: str, activities: Iterable[Mapping[str, Any]], declared: Collection[str], *, burnt: bool = False
) -> Scope1:
    """Σ fuel × factor + Σ refrigerant top-up × GWP (kg CO2e) of one site and month.

    ``activities``: its rows (activity, quantity, unit, density_kg_per_l); ``declared``: subjects declared none; ``burnt``: see
    ``is_burnt``. A row of quantity 0 is a statement of zero and needs no factor. An activity that is not known to lie outside scope 1
    counts as a fuel, so that none is overlooked: without a factor it is a gap, and scope 1 unknown. Source: green-power.md §5.
    """
    lines: list[EmissionLine] = []
    gaps: list[Gap] = []
    said = {subject for subject in SCOPE_1_SUBJECTS if subject in declared}
    for row in sorted(activities, key=lambda r: (str(r["activity"]), float(r["quantity"]), str(r["unit"]))):
        activity, quantity = str(row["activity"]), float(row["quantity"])
        if factors.is_outside_scope_1(activity):
            continue
        is_refrigerant = not factors.is_fuel(activity) and plain_name(activity)[:2] in {f"R{digit}" for digit in range(10)}
        if quantity != 0 or is_refrigerant or factors.is_fuel(activity):
            said.add("refrigerant" if is_refrigerant else "fuel")
        if quantity == 0:
            continue
        factor = factors.gwp(activity, month) if is_refrigerant else factors.fuel(activity, month)
        place = (row.get("entry"), row.get("source_row"))
        if isinstance(factor, MissingFactor):
            gaps.append(Gap(activity, factor.kind, factor.text_en, factor.text_zh, *place))
            continue
        amount = in_factor_unit(quantity, str(row["unit"]), row.get("density_kg_per_l"), factor)
        if isinstance(amount, tuple):
            gaps.append(Gap(activity, "unit", f"{activity} in {month}: {amount[0]}", f"{activity} 在 {month}:{amount[1]}", *place))
            continue
        lines.append(emission_line("1", activity, amount, factor.unit.split("/")[1], factor, row))
    unreported = tuple(subject for subject in SCOPE_1_SUBJECTS if subject not in said)
    known = bool(said) and not gaps and not (burnt and "fuel" in unreported)
    return Scope1(sum_kg(lines) if known else None, tuple(lines), tuple(gaps), unreported, burnt)


def sum_kg(lines: Iterable[EmissionLine]) -> float:
    """Σ quantity × factor of the decimals as written, rounded to a float once: the same in any order, and from any copy of the lines."""
    return float(sum((decimal(line.quantity) * decimal(line.factor) for line in lines), Fraction(0)))


def decimal(number: float | int | str) -> Fraction:
    """The decimal that a number is written as, exactly."""
    return Fraction(str(number))


def in_factor_unit(quantity: float, unit: str, density: float | None, factor: Factor) -> Fraction | tuple[str, str]:
    """The quantity in the unit the factor counts (kg or Nm3), or what hinders it. Litres need a recorded density; there is no default."""
    if factor.unit.endswith("/Nm3"):
        if unit in _GAS_NM3:
            return decimal(quantity) * _GAS_NM3[unit]
        return f"unit {unit} can't be read as Nm3 (a volume at standard conditions)", f"单位 {unit} 无法换算为 Nm3(标准状态体积)"
    if unit in _MASS_KG:
        return decimal(quantity) * _MASS_KG[unit]
    if unit in _VOLUME_L and factor.kind != "gwp":
        if density is not None and density > 0:  # a blank cell arrives as None or NaN: NaN is not above 0
            return decimal(quantity) * _VOLUME_L[unit] * decimal(density)
        return "density_kg_per_l is not recorded", "未填写 density_kg_per_l"
    return f"unit {unit} can't be read as kg", f"单位 {unit} 无法换算为 kg"


def emission_line(
    scope: str, subject: str, amount: Fraction, unit: str, factor: Factor, row: Mapping[str, Any] | None = None
) -> EmissionLine:
    """The product of an amount (in ``unit``, that of the factor's denominator) and a factor, with where both come from."""
    emissions = float(decimal(float(amount)) * decimal(factor.value))
    return EmissionLine(
        scope, subject, float(amount), unit, factor.value, factor.unit, factor.vintage, factor.source, factor.published_late, emissions,
        factor.published_on, row,
    )  # fmt: skip
