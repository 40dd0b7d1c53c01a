"""From tables to findings: land, compute every month step by step, read the ledger.

The steps are called as Dagster would call them, without Dagster: a home takes about two seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from assets.compute import Compute
from assets.index.step import score_entities
from assets.indicators.step import measure_indicators
from assets.raw.landing import land
from assets.raw.step import raw
from assets.reports.step import seal_month
from assets.staging.certificate_step import stage_certificates
from assets.staging.step import stage_claims, stage_energies, stage_intervals, stage_inventory
from pipelines.documents import note_documents
from pipelines.initialise import initialise
from resources.home import Home
from tests.pipeline.planted.fault import Found
from tests.pipeline.planted.tables import MONTHS, Tables

STEPS = (raw, stage_intervals, stage_energies, stage_inventory, stage_claims, stage_certificates, measure_indicators, score_entities)


def compute_tables(tables: Tables, root: Path, between: Callable[[Home], None] | None = None) -> Home:
    """Land the tables in a new home and compute its months; with ``later`` files land those as well and compute again.

    ``between`` is called with the home after the first computation, before the second landing.
    """
    home = initialise(root)
    if tables.settings:
        with home.settings_path.open("a", encoding="utf-8") as handle:
            handle.write(f"\n{tables.settings}\n")
        home = Home.open(root)
    with tables.around():
        tables.write(home.landing)
        compute_home(home)
        if between is not None:
            between(home)
        if tables.later or between is not None:
            tables.write_later(home.landing)
            compute_home(home)
    return home


def compute_home(home: Home) -> None:
    """Land what is new and compute all months."""
    land(home)
    note_documents(home)
    as_of, _ = home.ledger.head()
    for month in MONTHS:
        compute = Compute(home, month, as_of)
        for step in STEPS:
            step(compute)
        seal_month(compute)


def found_in(home: Home) -> set[Found]:
    """Every finding of the home."""
    return {
        Found(row["site_id"], row["month"], row["code"], row["severity"], row["quantity"], row["subject"], row["because_of"] is not None)
        for row in home.ledger.rows("finding")
    }


def outcomes(home: Home) -> dict[tuple[str, str, str, str], str]:
    """The three-state answer by site, month, rule and quantity."""
    rows = home.ledger.rows("verdict")
    return {(row["site_id"], row["month"], row["rule"], row["quantity"]): row["outcome"] for row in rows}
