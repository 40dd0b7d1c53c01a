"""Rows of the feed ``activities`` and declarations, and what is made of them: energy of all carriers, recovery (K1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from assets.indicators.carriers import all_carriers_wh
from assets.indicators.recovery import ratio_components, ratios_of
from pipelines.traces.energies import pieces_of_energy
from pipelines.traces.provided import Node, Provided, landed_row, proof
from pipelines.traces.texts import Texts
from pipelines.traces.work import Work

_COLUMNS = ("activity", "quantity", "unit", "density_kg_per_l", "month", "evidence")
_DECLARED = ("subject", "statement", "valid_from", "valid_to", "by", "evidence")
_FUELS_AND_HEAT = ("diesel", "natural_gas", "purchased_heat")
# Sub-indicator of K1 → the activities it reads, and the point whose meters come before them.
RECOVERED = {
    "reclaimed_water": (("reclaimed_water",), "point:reclaimed_supply"),
    "heat_reuse": (("heat_reused",), "point:heat_reuse"),
    "retired_equipment": (("equipment_retired", "equipment_reused"), ""),
}


def activity(work: Work, texts: Texts, row: Mapping[str, Any]) -> Node:
    """A row of activities with where it stands and its document."""
    said = landed_row(work, texts, row, _COLUMNS)
    said["document"] = proof(work, row["evidence"])
    return said


def declared(work: Work, texts: Texts, subjects: Iterable[str]) -> list[Node]:
    """What the site declares to have none of, among some subjects, in the month."""
    wanted = set(subjects) & work.site_month.declared
    rows = [
        row for row in work.declarations
        if row["subject"] in wanted and row["valid_from"] <= work.last_day and (row["valid_to"] or work.last_day) >= work.last_day
    ]  # fmt: skip
    found = []
    for row in rows:
        said = landed_row(work, texts, row, _DECLARED)
        said["document"] = proof(work, row["evidence"])
        found.append(said)
    return found


def carriers(work: Work, code: str, texts: Texts) -> Provided:
    """Energy of all carriers (beside D1 and E1): electricity, fuel that heats, heat bought; piece ``all_carriers``."""
    total = work.total("E_DC")
    found = all_carriers_wh(work.site_month)
    node = {
        "all_carriers_wh": found,
        "e_dc_wh": total["quantity"] if total else None,
        "rows": [activity(work, texts, row) for row in work.activities if row["activity"] in _FUELS_AND_HEAT],
        "declared": declared(work, texts, ("fuel",)),
        "energy_content_wh": dict(work.parameters.energy_content_wh),
    }
    pieces: Node = {"all_carriers": found}
    if code == "D1":
        e_it = work.total("E_IT")
        pieces["all_carriers.E_IT"] = e_it["quantity"] if e_it else None
    return Provided({"carriers": node}, pieces)


def recovery(work: Work, code: str, texts: Texts) -> Provided:
    """The three ratios of K1: part, whole, the ratio that earns full marks, and the rows, meters and declarations behind them."""
    site = work.site_month
    ratios = ratios_of(site)
    nodes = []
    for name, (activities, point) in RECOVERED.items():
        metered = work.total(point) if point else None
        nodes.append({
            "name": name, **ratios[name], "full_marks_at": work.parameters.recovery_full[name],
            "metered": None if metered is None else {"measure": point, "total": metered["quantity"]},
            "rows": [activity(work, texts, row) for row in work.activities if row["activity"] in activities],
            "declared": declared(work, texts, (name, *(("water",) if name == "reclaimed_water" else ()))),
        })  # fmt: skip
    pieces = ratio_components(ratios, site)
    for side in ("E_DC", "water"):
        total = work.total(side)
        if total is not None and site.energy[side].known:
            pieces |= pieces_of_energy(side, total)
    return Provided({"recovery": {"ratios": nodes}}, pieces)
