"""The index asset: scores, grade and interval of every site and cluster; and what was approved beside what was measured."""

from __future__ import annotations

import dagster as dg

from assets.index.approved import TABLE as APPROVED
from assets.index.approved_step import COMPARED, compare_approved
from assets.index.step import score_entities
from assets.indicators.energy_total import TABLE as TOTALS
from assets.indicators.registry import INDICATORS
from assets.wrapping import Made, key, step_assets


def build(months: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The index layer over a month definition; it reads the trailing twelve months of every indicator."""
    trailing = dg.TimeWindowPartitionMapping(start_offset=-11, allow_nonexistent_upstream_partitions=True)
    deps = tuple(dg.AssetDep(key(f"indicators/{item.asset}"), partition_mapping=trailing) for item in INDICATORS)
    made = [Made("index/site_index", "The index of each site and cluster, for the month and for the trailing twelve months.", deps)]
    compared: tuple[str | dg.AssetDep, ...] = ("index/site_index", "raw/registry")
    compared += tuple(dg.AssetDep(key(name), partition_mapping=trailing) for name in (TOTALS, *COMPARED))
    approved = [Made(APPROVED, "PUE, WUE and energy against the energy conservation review (节能审查).", compared)]
    return [
        step_assets("site_index", "index", made, score_entities, months),
        step_assets("approved", "index", approved, compare_approved, months),
    ]
