"""Raw assets: what was landed, month by month."""

from __future__ import annotations

import dagster as dg

from assets.raw.step import GROUPS, raw
from assets.wrapping import Made, step_assets

_DESCRIPTIONS = {
    "raw/registry": "Sites, meters, their events and declarations, as landed, typed and validated.",
    "raw/meter_readings": "The readings of the month with those of the months around it that its edges need: the union of landed parts.",
    "raw/cmdb": "Racks, devices and their utilisation.",
    "raw/green_power": "Projects, contracts, settlements, certificates and what happened to them.",
    "raw/activities": "Fuels, refrigerants, water and equipment recovered; practices; bills, tariffs and telemetry.",
}


def build(months: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The raw layer over a month definition. Materializing it lands new files first, unless the run names its log entry."""
    made = [Made(name, _DESCRIPTIONS[name]) for name in GROUPS]
    return [step_assets("raw", "raw", made, raw, months, lands=True)]
