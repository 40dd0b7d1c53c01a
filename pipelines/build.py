"""``build_defs()``: everything Dagster knows of a home, put together in one place."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._utils.warnings import BetaWarning, PreviewWarning

from assets.index import definitions as index
from assets.indicators import definitions as indicators
from assets.raw import definitions as raw
from assets.reports import definitions as reports
from assets.staging import definitions as staging
from pipelines import jobs, schedules, sensors, update_job
from pipelines.home import LandingHome
from resources.settings import load_settings


def build_defs(home: Path | str, **overrides: Any) -> dg.Definitions:
    """Definitions for a home folder; ``overrides`` replace resources by name, as a test does."""
    root = Path(home).expanduser().resolve()
    # partitioned checks and the trailing window are young features of Dagster; tests/upstream watches them, users need not
    for category in (BetaWarning, PreviewWarning):
        warnings.simplefilter("ignore", category)
    settings = load_settings(root / "gci.toml")
    months = dg.MonthlyPartitionsDefinition(start_date=settings.first_month, fmt="%Y-%m", timezone=settings.timezone)
    monthly, update = jobs.build(), update_job.build()
    return dg.Definitions(
        assets=[asset for layer in (raw, staging, indicators, index, reports) for asset in layer.build(months)],
        jobs=[*monthly, update],
        sensors=sensors.build(root, update),
        schedules=schedules.build(monthly, settings.cutoff_day),
        resources={"gci_home": LandingHome(root=str(root)), **overrides},
        executor=dg.in_process_executor,
    )
