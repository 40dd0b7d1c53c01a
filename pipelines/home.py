"""The home as a Dagster resource of whole runs: files that wait in ``landing/`` are landed before a run takes its log number."""

from __future__ import annotations

from assets.raw.landing import land
from assets.wrapping import GciHome
from pipelines.documents import note_documents


class LandingHome(GciHome):
    """A home whose runs begin with landing, as ``gci run`` does."""

    def newest_entry(self) -> int:
        home = self.open()
        land(home)
        note_documents(home)
        return home.ledger.head()[0]
