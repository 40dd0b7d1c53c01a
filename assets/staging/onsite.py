"""On-site generation a site used itself: generation − export − the plant's own use − what storage lost of it, meter by meter.

What the energies say about self-use belongs here. Whether its attribute may be claimed belongs to ``claims.py``. Plain Python: carbon
uses the same functions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from assets.staging.certificates import allocate
from assets.staging.topology import stretches

Row = Mapping[str, Any]


@dataclass(frozen=True)
class SelfUse:
    """Self-used generation of one meter (``meter_id`` None: of several that can't be told apart) in a month; Wh, None where unknown.

    ``export_wh``: its part of the site's export. ``project_code`` None: the meter names no project. ``entry``, ``source_row``: its
    registry row.
    """

    site_id: str
    meter_id: str | None
    project_code: str | None
    quantity_wh: int | None
    export_wh: int | None
    entry: int | None
    source_row: int | None


class SiteEnergies:
    """Totals and contributions of ``staging/energies`` of one month, by site and point; quantities are absolute (never signed)."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = {(row["site_id"], row["measure"], row.get("meter_id") or ""): row["quantity"] for row in rows}

    def has(self, site_id: str, measure: str) -> bool:
        """Whether the site has any counted meter for the measure."""
        return (site_id, measure, "") in self._rows

    def total(self, site_id: str, measure: str, *, absent: int | None = None) -> int | None:
        """The total in Wh; ``absent`` when the site has no such meters, None when they are there and the total is unknown."""
        if not self.has(site_id, measure):
            return absent
        return self.of_meter(site_id, measure, "")

    def of_meter(self, site_id: str, measure: str, meter_id: str) -> int | None:
        quantity = self._rows.get((site_id, measure, meter_id))
        return None if quantity is None else abs(int(quantity))

    def sites(self) -> list[str]:
        return sorted({site_id for site_id, _, _ in self._rows})


def plant_use(energies: SiteEnergies, meters: Iterable[Row], site_id: str, month: str) -> int | None:
    """What the on-site plants used themselves: ``excluded`` meters that name a generation meter's project (Wh); None when one is unknown.

    Source: green-power.md §5 (self-used = onsite_generation − export − the plant's own use); the mark by project code is a project
    convention.
    """
    return plant_wh(energies, site_id, plant_meters(meters, month).get(site_id, ()))


def plant_wh(energies: SiteEnergies, site_id: str, meter_ids: Iterable[str]) -> int | None:
    """What the plants of a site used themselves, from the meters of it (``plant_meters``); Wh, None when one is unknown."""
    parts = [energies.of_meter(site_id, "point:excluded", meter_id) for meter_id in meter_ids]
    return None if any(part is None for part in parts) else sum(part or 0 for part in parts)


def plant_meters(meters: Iterable[Row], month: str) -> dict[str, list[str]]:
    """The meters of what the on-site plants use themselves, sorted, by site; of sites that have such meters."""
    known = meters_in_month(meters, month)
    plants = {
        (row["site_id"], row["project_code"]) for row in known.values() if row["point"] == "onsite_generation" and row["project_code"]
    }
    found: dict[str, list[str]] = defaultdict(list)
    for meter_id, row in sorted(known.items()):
        if row["point"] == "excluded" and (row["site_id"], row["project_code"]) in plants:
            found[row["site_id"]].append(meter_id)
    return found


def storage_losses(energies: SiteEnergies, site_id: str) -> int | None:
    """What the storage of a site kept of the energy it was charged with: charge − discharge, at least 0 (Wh); None when one is unknown.

    Load is import + self-use + discharge − charge, so that what a battery outside the boundary loses is nobody's load; who charged it is
    not known, and all of it is taken from self-use. What is still in it at the month's end was not used: surplus moves to no other month.
    Source: green-power.md §3 (matching through a battery subtracts its losses); to whom it is attributed is a project convention.
    """
    charge = energies.total(site_id, "point:storage_charge", absent=0)
    discharge = energies.total(site_id, "point:storage_discharge", absent=0)
    return None if charge is None or discharge is None else max(0, charge - discharge)


def self_uses(energies: SiteEnergies, meters: Iterable[Row], month: str, storage_outside: Collection[str] = ()) -> list[SelfUse]:
    """Self-use of every site with on-site generation meters, split over them in proportion to their generation (largest remainder).

    ``meters``: all registry rows; ``storage_outside``: sites whose storage lies outside the boundary (inside it, its losses are the site's
    load). A site without an export meter is taken to export nothing (BD11 asks for one). Sorted by site and meter.
    """
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in meters:
        rows[row["site_id"]].append(row)
    found: list[SelfUse] = []
    for site_id in energies.sites():
        if energies.has(site_id, "point:onsite_generation"):
            lost = storage_losses(energies, site_id) if site_id in storage_outside else 0
            found += _of_generation(energies, rows[site_id], site_id, month, lost)
    return found


def _of_generation(energies: SiteEnergies, meters: list[Row], site_id: str, month: str, lost: int | None) -> list[SelfUse]:
    generation = energies.total(site_id, "point:onsite_generation")
    export = energies.total(site_id, "point:export", absent=0)
    plant = plant_use(energies, meters, site_id, month)
    used = None if generation is None or export is None or plant is None or lost is None else max(0, generation - export - plant - lost)
    own = {name: row for name, row in _of_site(meters, site_id, month).items() if row["point"] == "onsite_generation"}
    parts = {name: energies.of_meter(site_id, "point:onsite_generation", name) for name in sorted(own)}
    parts = {name: part for name, part in parts.items() if part is not None or len(own) == 1}
    weights = [part or 0 for part in parts.values()]
    if len(own) == 1:
        name, row = next(iter(own.items()))
        return [SelfUse(site_id, name, row["project_code"], used, export, row.get("entry"), row.get("source_row"))]
    if used is None or export is None or not sum(weights):
        projects = {row["project_code"] for row in own.values()}
        return [SelfUse(site_id, None, projects.pop() if len(projects) == 1 else None, used, export, None, None)]
    shares = zip(parts, allocate(used, weights), allocate(export, weights), strict=True)
    return [
        SelfUse(site_id, name, own[name]["project_code"], quantity, out, own[name].get("entry"), own[name].get("source_row"))
        for name, quantity, out in shares
    ]


def generation_projects(meters: Iterable[Row], month: str) -> dict[str, set[str]]:
    """Project code → sites whose on-site generation meters name it in the month."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in meters_in_month(meters, month).values():
        if row["point"] == "onsite_generation" and row["project_code"]:
            found[row["project_code"]].add(row["site_id"])
    return found


def _of_site(meters: Iterable[Row], site_id: str, month: str) -> dict[str, Row]:
    return {name: row for name, row in meters_in_month(meters, month).items() if row["site_id"] == site_id}


def meters_in_month(meters: Iterable[Row], month: str) -> dict[str, Row]:
    """The last row in force in the month of every meter valid on one of its days."""
    found: dict[str, Row] = {}
    for _, _, in_force in stretches((dict(row) for row in meters), month):
        found.update(in_force)
    return found
