"""What must hold in the reference tables before a value is used.

Each check is one fault seen in public copies of these tables. The limits are data (``grid_factor_checks.yaml``); choosing a factor belongs
to ``factors.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from resources.errors import GciError

GridRow = Mapping[str, Any]


def check_grid(rows: Sequence[GridRow], checks: Mapping[str, Any], regions: Mapping[str, Any]) -> None:
    """GciError with every fault of the grid factor table; nothing when there is none.

    ``rows``: cells as text (geography, name_zh, level, kind, data_year, value in kgCO2/kWh, unit, published_on, source). Source:
    green-power.md §5.
    """
    places = _places(regions)
    faults: list[str] = []
    seen: set[tuple[str, str, str]] = set()
    notices = {str(v["data_year"]): (v["published_on"], v["source"]) for v in checks["vintages"]}
    pattern = re.compile(rf"0\.\d{{{checks['decimals']}}}")
    for row in rows:
        place, name, value = row["geography"], f"{row['geography']} {row['name_zh']} {row['data_year']}", row["value"]
        key = (place, row["kind"], row["data_year"])
        if key in seen:
            faults.append(f"{name}: {row['kind']} twice")
        seen.add(key)
        if place not in places:
            faults.append(f"{name}: unknown geography, or one without a published factor")
        elif row["level"] != places[place][0] or (row["level"] != "national" and row["name_zh"] != places[place][1]):
            faults.append(f"{name}: should be {places[place][1]} ({places[place][0]})")
        if row["level"] not in checks["kinds"].get(row["kind"], ()):
            faults.append(f"{name}: kind '{row['kind']}' is not published for a {row['level']}")
        if row["unit"] != checks["unit"]:
            faults.append(f"{name}: unit '{row['unit']}' instead of {checks['unit']}")
        if not pattern.fullmatch(value) or not checks["lowest"] <= value <= checks["highest"]:
            faults.append(
                f"{name}: value '{value}' is no number of {checks['decimals']} decimals in {checks['lowest']}–{checks['highest']}"
            )
        if notices.get(row["data_year"]) != (row["published_on"], row["source"]):
            faults.append(f"{name}: not of a notice listed in grid_factor_checks.yaml")
    for year in notices:
        faults += [
            f"{place} {year}: {kind} is absent"
            for place, kind in sorted(_expected(places, checks["kinds"]))
            if (place, kind, year) not in seen
        ]
    if not faults:
        faults = _direction_faults(rows, checks["directions"])
    if faults:
        more = f" (and {len(faults) - 5} more)" if len(faults) > 5 else ""
        raise GciError(f"The grid factor table is refused: {'; '.join(faults[:5])}{more}.")


def _places(regions: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Geographies for which a factor is published: level and Chinese name."""
    provinces = {code: ("province", p["name_zh"]) for code, p in regions["provinces"].items() if "factor" not in p}
    return (
        {code: ("national", name) for code, name in regions["national"].items()}
        | {code: ("region", name) for code, name in regions["regions"].items()}
        | provinces
    )


def _expected(places: Mapping[str, tuple[str, str]], kinds: Mapping[str, Iterable[str]]) -> set[tuple[str, str]]:
    return {(place, kind) for place, (level, _) in places.items() for kind, levels in kinds.items() if level in levels}


def _direction_faults(rows: Sequence[GridRow], directions: Iterable[Mapping[str, Any]]) -> list[str]:
    """Provinces that moved another way between two data years than the notices say: swapped rows pass every other check."""
    values = {(r["geography"], r["data_year"]): r["value"] for r in rows if r["level"] == "province"}
    faults = []
    for rule in directions:
        pairs = [(p, v, values[p, str(rule["before"])]) for (p, year), v in values.items() if year == str(rule["data_year"])]
        up = {p for p, now, before in pairs if now > before}
        down = {p for p, now, before in pairs if now < before}
        if up != set(rule["up"]) or len(down) != rule["down"]:
            wrong = ", ".join(sorted(up ^ set(rule["up"]))) or f"{len(down)} down"
            faults.append(f"{rule['data_year']} against {rule['before']}: {wrong} moved the other way than published")
    return faults


def check_fuels(fuels: Mapping[str, Any], gwp: Mapping[str, Any]) -> None:
    """GciError unless every fuel factor follows from its derivation to four decimals, each is given once, and the default sets exist."""
    seen = set()
    for row in fuels["fuels"]:
        derivation = row["derivation"]
        per_gj = derivation.get("kg_co2_per_gj") or derivation["carbon_tc_per_tj"] * derivation["oxidation"] * 44 / 12
        derived = derivation["net_calorific_value"] * per_gj / 1000
        if abs(derived - row["value"]) > 0.00005001:
            raise GciError(f"fuels.yaml: {row['fuel']} ({row['set']}) is {row['value']}, but its derivation gives {derived:.4f}.")
        key = (row["fuel"], row["set"], row["valid_from"])
        if key in seen:
            raise GciError(f"fuels.yaml: {row['fuel']} ({row['set']}, {row['valid_from']}) stands twice.")
        seen.add(key)
    if fuels["default_set"] not in {row["set"] for row in fuels["fuels"]}:
        raise GciError(f"fuels.yaml: the default set '{fuels['default_set']}' is not in it.")
    if gwp["default_set"] not in {row["set"] for row in gwp["sets"]}:
        raise GciError(f"gwp.yaml: the default set '{gwp['default_set']}' is not in it.")


def check_coal_equivalents(coal: Mapping[str, Any]) -> None:
    """GciError unless every coal equivalent follows from its calorific value to the digits shown, and each carrier stands once a date."""
    seen = set()
    for row in coal["carriers"]:
        value = Decimal(row["value"])
        derived = (Decimal(str(row["kcal_per_unit"])) / Decimal(str(coal["kcal_per_kgce"]))).quantize(value)
        if derived != value:
            raise GciError(f"coal_equivalent.yaml: {row['carrier']} is {value} {row['unit']}, but its calorific value gives {derived}.")
        key = (row["carrier"], row["valid_from"])
        if key in seen:
            raise GciError(f"coal_equivalent.yaml: {row['carrier']} ({row['valid_from']}) stands twice.")
        seen.add(key)


def check_scope3(scope3: Mapping[str, Any], outside: Iterable[str]) -> None:
    """GciError unless every scope 3 activity is known to lie outside scope 1 (``outside``), stands once, and has a category of 1 to 15."""
    known, seen = set(outside), set()
    for row in scope3["categories"]:
        name = row["activity"]
        if name not in known:
            raise GciError(f"scope3.yaml: {name} is not named in not_scope_1 of fuels.yaml: it would count in scope 1 too.")
        if name in seen or not 1 <= row["number"] <= 15:
            raise GciError(f"scope3.yaml: {name} stands twice, or its category is none of 1 to 15.")
        seen.add(name)
    if scope3["grid_losses"] not in seen:
        raise GciError(f"scope3.yaml: grid_losses '{scope3['grid_losses']}' is no activity of it.")
