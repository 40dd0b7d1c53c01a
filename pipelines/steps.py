"""The steps of a month in the order of the graph, as plain functions: a month computed without an orchestrator.

Scheduled, backfilled and commanded months are Dagster runs (``backfill.py``). A past or supposed state of the log is computed here, beside
the home and without leaving a trace of runs. A test holds this list against the assets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assets.compute import Compute, Step
from assets.index.approved_step import compare_approved
from assets.index.step import score_entities
from assets.indicators.accounts_step import measure_accounts
from assets.indicators.step import measure_indicators
from assets.raw.fingerprint import history, window_fingerprint
from assets.raw.step import raw
from assets.reports.step import seal_report
from assets.staging.boundary_step import stage_boundary
from assets.staging.certificate_step import stage_certificates
from assets.staging.step import stage_claims, stage_energies, stage_intervals, stage_inventory
from resources.home import Home
from resources.ledger import RUN

STEPS: tuple[Callable[[Compute], Step], ...] = (
    raw, stage_intervals, stage_energies, stage_inventory, stage_claims, stage_certificates, stage_boundary, measure_indicators,
    measure_accounts, score_entities, compare_approved, seal_report,
)  # fmt: skip

Progress = Callable[[str, int, int], None]


def compute_plain(home: Home, months: Sequence[str], as_of: int, progress: Progress | None = None) -> None:
    """Compute months at a number of the log, and before them all months of the home's history; what is unchanged is left.

    Pages are not written. What the months say is what a run of the monthly job says: the same functions in the same order.
    """
    last = max(months)
    wanted = sorted({*history(home, home.settings, as_of, last), *months})
    for number, month in enumerate(wanted):
        if progress is not None:
            progress(month, number, len(wanted))
        compute = Compute(home, month, as_of)
        if not compute.sites:
            continue
        stored = home.ledger.manifest(month, RUN)
        if stored is not None and stored.digest == window_fingerprint(compute):
            continue
        for step in STEPS:
            step(compute)
    if progress is not None:
        progress("", len(wanted), len(wanted))
