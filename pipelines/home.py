"""The home as a Dagster resource of whole runs: files that wait in ``landing/`` are landed before a run takes its log number."""

from __future__ import annotations

from assets.raw.fingerprint import history
from assets.raw.landing import land
from assets.wrapping import GciHome
from pipelines.documents import note_documents
from resources.calendar import add_months


class LandingHome(GciHome):
    """A home whose runs begin as ``gci run`` does: with landing, and with earlier months that are out of date."""

    def begin(self, month: str) -> int:
        from pipelines.backfill import compute_months  # it builds the definitions that hold this resource

        home = self.open()
        land(home)
        note_documents(home)
        as_of, _ = home.ledger.head()
        if earlier := history(home, home.settings, as_of, add_months(month, -1)):
            compute_months(home, earlier[-1:])
        return as_of
