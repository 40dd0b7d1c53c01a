"""Our own facets, and who says all this: what OpenLineage has no word for.

Their schema is ``facets.json``, whose ``$id`` their ``_schemaURL`` names; a changed facet takes a new version there. Importing this imports
OpenLineage's client.
"""

from __future__ import annotations

from importlib.metadata import version

import attr
from openlineage.client.facet_v2 import DatasetFacet, RunFacet

PRODUCER = f"urn:green-compute-index:{version('green-compute-index')}"
_SCHEMA = "urn:green-compute-index:openlineage:1-0-0#/$defs/"


@attr.define(kw_only=True)
class GciComputationRunFacet(RunFacet):
    """What a run was a function of."""

    month: str
    revision: int
    logNumber: int
    headDigest: str
    codeVersion: str
    edition: str
    inputs: dict[str, str]

    @staticmethod
    def _get_schema() -> str:
        return f"{_SCHEMA}GciComputationRunFacet"


@attr.define(kw_only=True)
class GciTableDatasetFacet(DatasetFacet):
    """One month of a table, as its manifest has it."""

    month: str
    digest: str
    logNumber: int
    rows: int

    @staticmethod
    def _get_schema() -> str:
        return f"{_SCHEMA}GciTableDatasetFacet"


@attr.define(kw_only=True)
class GciEntryDatasetFacet(DatasetFacet):
    """A landed file or a document: its entry in the log."""

    entry: int
    kind: str
    name: str
    digest: str
    at: str
    headDigest: str

    @staticmethod
    def _get_schema() -> str:
        return f"{_SCHEMA}GciEntryDatasetFacet"
