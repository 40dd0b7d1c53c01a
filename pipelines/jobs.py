"""Jobs: which assets run together, and how. One process, one month."""

from __future__ import annotations

import dagster as dg

MONTHLY_CLOSE = "monthly_close"


def build() -> list[dg.UnresolvedAssetJobDefinition]:
    """``monthly_close`` makes every table of one month, from landed files to the report; its partitions are those of the assets."""
    return [
        dg.define_asset_job(
            MONTHLY_CLOSE,
            selection=dg.AssetSelection.all(),
            # a process for each step would take 15 to 40 times as long (docs/adr/0004)
            executor_def=dg.in_process_executor,
            description="Lands what is new and computes one month: raw, staging, indicators, index, report.",
        )
    ]
