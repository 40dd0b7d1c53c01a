"""Schedules: when a month is computed. Off until somebody switches them on."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg


def build(jobs: Sequence[dg.UnresolvedAssetJobDefinition], cutoff_day: int) -> list[dg.UnresolvedPartitionedAssetScheduleDefinition]:
    """On the cut-off day at 03:00 in the home's time zone, the last complete month."""
    return [
        dg.build_schedule_from_partitioned_job(
            job,
            name=f"{job.name}_on_cutoff_day",
            day_of_month=cutoff_day,
            hour_of_day=3,
            default_status=dg.DefaultScheduleStatus.STOPPED,
        )
        for job in jobs
    ]
