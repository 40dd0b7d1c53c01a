"""The home as a Dagster resource of whole runs: a run is the one writer of the home until it ends, and lands what waits in ``landing/``
before it takes its log number.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import dagster as dg

from assets.raw.fingerprint import history
from assets.raw.landing import land
from assets.wrapping import GciHome
from pipelines.documents import note_documents
from pipelines.sweep import writing
from resources.calendar import add_months


class LandingHome(GciHome):
    """A home whose runs begin as ``gci run`` does: with landing, and with earlier months that are out of date."""

    @contextlib.contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[LandingHome]:
        """Hold the home's lock from the first step to the last; the runs of a ``gci`` command are inside its own."""
        with writing(self.open(), f"Dagster run {context.run.run_id}" if context.run else "Dagster"):
            yield self

    def begin(self, month: str) -> int:
        from pipelines.backfill import compute_months  # it builds the definitions that hold this resource

        home = self.open()
        land(home)
        note_documents(home)
        as_of, _ = home.ledger.head()
        if earlier := history(home, home.settings, as_of, add_months(month, -1)):
            compute_months(home, earlier[-1:])
        return as_of
