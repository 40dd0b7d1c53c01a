"""What the generation meters of a project show, and what storage gives back: how many certificates there can be, and what is none.

The limit on what was issued (CT14) and the energy that is no claim whatever it came from (CT13) belong here; self-use of generation is
``onsite.py``. Plain Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from assets.staging.onsite import SiteEnergies, meters_in_month

Row = Mapping[str, Any]
_GENERATION = ("onsite_generation", "offsite_generation")


@dataclass(frozen=True)
class Discharge:
    """Metered storage discharge that names a project as if it were generation; Wh, None where unknown."""

    site_id: str
    meter_id: str
    project_code: str
    quantity_wh: int | None
    entry: int | None
    source_row: int | None


def generated_wh(energies: Iterable[Row], meters: Iterable[Row], month: str) -> dict[tuple[str, str], int]:
    """Metered generation in Wh by project and month, of the projects whose every generation meter is metered all of its time.

    ``energies``: rows of ``staging/energies`` of the month; ``meters``: all rows of the registry. A direct line carries a part of what its
    plant generates, so that it says nothing of it; an estimate is not what certificates are held against.
    """
    said = {(row["site_id"], row["measure"], row["meter_id"]): row for row in energies if row["meter_id"]}
    found: dict[tuple[str, str], int] = {}
    unknown: set[tuple[str, str]] = set()
    for name, meter in meters_in_month(meters, month).items():
        if meter["point"] not in _GENERATION or not meter["project_code"]:
            continue
        key = (str(meter["project_code"]), month)
        row = said.get((meter["site_id"], f"point:{meter['point']}", name))
        if row is None or row["quantity"] is None or row["estimated"] or row["known_s"] < row["expected_s"]:
            unknown.add(key)
        else:
            found[key] = found.get(key, 0) + int(row["quantity"])
    return {key: energy_wh for key, energy_wh in sorted(found.items()) if key not in unknown}


def storage_discharge(energies: SiteEnergies, meters: Iterable[Row], month: str) -> list[Discharge]:
    """Storage meters that name a project which no generation meter names: what they discharge was generated elsewhere, or not green at all.

    Source: green-power.md §2 (none for stand-alone storage; storage discharge behind a plant).
    """
    rows = meters_in_month(meters, month)
    generating = {row["project_code"] for row in rows.values() if row["point"] in (*_GENERATION, "direct_line")}
    return [
        Discharge(
            row["site_id"], name, row["project_code"], energies.of_meter(row["site_id"], "point:storage_discharge", name),
            row.get("entry"), row.get("source_row"),
        )
        for name, row in sorted(rows.items())
        if row["point"] == "storage_discharge" and row["project_code"] and row["project_code"] not in generating
    ]  # fmt: skip
