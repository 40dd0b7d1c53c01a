"""K1, resource recovery: reclaimed water, reused heat, reused retired equipment.

Three ratios of sums, each scored against the ratio that earns full marks (the edition's data), then their mean. What is declared none
leaves the mean; what is not reported counts 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from assets.indicators.activities import amount, pieces, reported
from assets.indicators.inputs import SiteMonth
from assets.indicators.measure import IndicatorValue
from assets.indicators.parts import Components, Evaluated, Head, concluded, energy_parts, input_digest, quotient, refused

HEAD = Head("K1", "1", "sub-scores", "sub-scores", ("E_DC", "water"), also=("activities",))
# Sub-indicator → what is published beside; each is also the subject of a declared none.
RATIOS = {"reclaimed_water": "reclaimed_water_share", "heat_reuse": "ERF", "retired_equipment": "equipment_reuse_share"}


def measure(site: SiteMonth) -> IndicatorValue:
    """Mean of three sub-scores / 100 in a month (0–1). Not reported when nothing is said about any of the three.

    Reclaimed water share = reclaimed / (fresh + reclaimed) water; ERF = reused heat / E_DC; reused / retired equipment. Meters at
    ``reclaimed_supply`` and ``heat_reuse`` come before activities. Source: white paper ch. 3 §4 (2); ISO/IEC 30134-6 (ERF); method.md §1.
    """
    answer = refused(HEAD, site)
    if answer:
        return answer
    ratios = ratios_of(site)
    components = ratio_components(ratios, site)
    for side in ("E_DC", "water"):
        if side in site.energy and site.energy[side].known:
            components |= energy_parts(side, site.energy[side])
    declared = all(name in site.declared and not ratio["asked"] for name, ratio in ratios.items())
    return concluded(HEAD, components, evaluate, site.parameters, input_digest(HEAD, site), declared=declared)


def ratios_of(site: SiteMonth) -> dict[str, Components]:
    """The three ratios of a month by name: ``part, whole, asked`` (0 leaves the mean) and ``said`` (whether anything is reported)."""
    return {"reclaimed_water": _reclaimed_water(site), "heat_reuse": _heat_reuse(site), "retired_equipment": _retired_equipment(site)}


def ratio_components(ratios: Mapping[str, Components], site: SiteMonth) -> Components:
    """The ratios as summable components; ``full`` is the part that would earn full marks."""
    components: Components = {}
    for name, ratio in ratios.items():
        components |= {f"{name}.{key}": value for key, value in ratio.items()}
        components[f"{name}.full"] = ratio["whole"] * site.parameters.recovery_full[name]
    return components


def evaluate(components: Components) -> Evaluated:
    """Mean of min(1, ratio / full-mark ratio) over the ratios that were asked for; the three ratios beside it."""
    beside: dict[str, object] = {label: quotient(components[f"{name}.part"], components[f"{name}.whole"]) for name, label in RATIOS.items()}
    asked = [name for name in RATIOS if components[f"{name}.asked"]]
    beside["declared_none"] = [name for name in RATIOS if name not in asked]
    if not any(components[f"{name}.said"] for name in RATIOS):
        return Evaluated(None, beside=beside, reason="nothing is reported about reclaimed water, reused heat or retired equipment")
    if not asked:
        return Evaluated(0.0, 0, len(RATIOS), beside)
    subs = [min(1.0, quotient(components[f"{name}.part"], components[f"{name}.full"]) or 0.0) for name in asked]
    total = math.fsum(subs)
    return Evaluated(total / len(asked), total, len(asked), beside)


def _ratio(part: float | int | None, whole: float | int | None, *, said: bool, asked: bool = True) -> Components:
    """One ratio of a month: ``asked`` 0 leaves the mean; a whole stands alone (part 0) when the part is not reported."""
    if not asked or whole is None:
        return {"part": 0, "whole": 0, "asked": int(asked), "said": int(said)}
    return {"part": part or 0, "whole": whole, "asked": 1, "said": int(said)}


def _declared(site: SiteMonth, subject: str, part: float | int | None) -> bool:
    """A declared none holds unless something else was reported."""
    return subject in site.declared and not part


def _reclaimed_water(site: SiteMonth) -> Components:
    part = _metered_or(site, "point:reclaimed_supply", amount(site, "reclaimed_water", "water"))
    said = part is not None
    fresh = site.energy.get("water")
    if _declared(site, "reclaimed_water", part) or (fresh is None and _declared(site, "water", part)):
        return _ratio(0, 0, said=True, asked=False)
    whole = None if fresh is None or fresh.value is None else fresh.value + (part or 0)
    return _ratio(part, whole, said=said)


def _heat_reuse(site: SiteMonth) -> Components:
    part = _metered_or(site, "point:heat_reuse", amount(site, "heat_reused", "heat"))
    if _declared(site, "heat_reuse", part):
        return _ratio(0, 0, said=True, asked=False)
    e_dc = site.energy.get("E_DC")
    return _ratio(part, e_dc.value if e_dc else None, said=part is not None)


def _retired_equipment(site: SiteMonth) -> Components:
    units = {row["unit"] for row in site.activities if row["activity"] in ("equipment_retired", "equipment_reused")}
    unit = units.pop() if len(units) == 1 else ""
    retired, reused = pieces(site, "equipment_retired", unit), pieces(site, "equipment_reused", unit)
    if _declared(site, "retired_equipment", retired):
        return _ratio(0, 0, said=True, asked=False)
    return _ratio(reused, retired, said=reported(site, "equipment_retired"), asked=retired != 0)


def _metered_or(site: SiteMonth, point: str, declared: int | None) -> int | None:
    metered = site.energy.get(point)
    return metered.value if metered and metered.known else declared
