"""Which providers show the inputs of which number: formula, measures of energy with the name of their components, other families.

The formula is the product's, in the words of the measure; the clause of the edition and its sources stand beside it in the tree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pipelines.traces.activities import carriers, recovery
from pipelines.traces.carbon import carbon
from pipelines.traces.claims import claims
from pipelines.traces.inventory import devices, racks
from pipelines.traces.practices import practices
from pipelines.traces.provided import Provided
from pipelines.traces.scale import site
from pipelines.traces.texts import Texts
from pipelines.traces.utilisation import utilisation
from pipelines.traces.work import Work

Provider = Callable[[Work, str, Texts], Provided]


@dataclass(frozen=True)
class Plan:
    """How a number is traced. ``energies``: measure → name of its components ('' where it is only shown); ``providers`` give the rest."""

    formula: str
    energies: dict[str, str]
    providers: tuple[Provider, ...] = ()


def _checklist() -> Plan:
    return Plan("Σ weight × level of the items that count / Σ weight of all items", {}, (practices,))


ENERGIES = {
    "E_DC": Plan(
        "E_DC = Σ grid_supply + direct_line + onsite_generation + backup_generation − export − excluded", {"E_DC": ""}
    ),
    "E_IT": Plan("E_IT = Σ meters at the site's PUE category point", {"E_IT": ""}),
    "water": Plan("water = Σ water_supply", {"water": ""}),
}  # fmt: skip
_SUPPLY = {"point:direct_line": "", "point:onsite_generation": "", "point:export": "", "point:backup_generation": "", "point:fuel_use": ""}
PLANS: dict[str, Plan] = {
    "A1": Plan("A1 = Σ FP32 GFLOPS of powered servers × hours / E_DC", {"E_DC": "E_DC"}, (devices,)),
    "A2": Plan("A2 = design power (kW) of the site", {}, (site,)),
    "A3": _checklist(), "A4": _checklist(),
    "B1": Plan("B1 = racks in use / (fitted racks + lost racks)", {}, (racks,)),
    "B2": Plan("B2 = E_IT / (Σ rated power of powered devices × hours)", {"E_IT": "E_IT"}, (devices,)),
    "B3": Plan("B3 = Σ utilisation × FP32 × hours / Σ FP32 × hours, where utilisation is known", {}, (devices, utilisation)),
    "C1": _checklist(),
    "D1": Plan("D1 = E_DC / E_IT, over hours known on both sides", {"E_DC@D1": "E_DC", "E_IT@D1": "E_IT"}, (carriers,)),
    "D2": Plan("D2 = water / E_IT, over hours known on both sides", {"water@D2": "water", "E_IT@D2": "E_IT"}),
    "E1": Plan("E1 = min(Σ claimed renewable electricity, E_DC) / E_DC", {"E_DC": "E_DC"}, (claims, carriers)),
    "E2": Plan(
        "E2 = Σ route weight × claimed renewable electricity (best routes first, up to E_DC) / E_DC", {"E_DC": "E_DC"}, (claims, carriers)
    ),
    "F1": Plan("F1 = (scope 1 + market-based scope 2) / E_IT", {"E_DC": "E_DC", "E_IT": "E_IT", **_SUPPLY}, (carbon,)),
    "F2": Plan(
        "F2 = Σ FP32 TFLOPS × hours / (8,760 h × (scope 1 + market-based scope 2) in t)", {"E_DC": "E_DC", **_SUPPLY}, (devices, carbon)
    ),
    "G1": _checklist(), "H1": _checklist(), "J1": _checklist(), "J2": _checklist(),
    "K1": Plan(
        "K1 = mean of min(1, ratio / ratio that earns full marks) over reclaimed water, reused heat, reused equipment",
        {"E_DC": "E_DC", "water": "water", "point:reclaimed_supply": "", "point:heat_reuse": ""}, (recovery,),
    ),
}  # fmt: skip
TRACEABLE = {**PLANS, **ENERGIES}
