"""Datasets of the events: what each is called, and what is said of it.

A table is a dataset for each month (``staging/energies/2026-01``): a month reads other months, which a dataset for all of them could not
say. A landed file is ``landed/<entry>/<feed>/<file>``, a document ``documents/<kind>/<entry>``. A name holds no path of a machine.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from openlineage.client.event_v2 import InputDataset, OutputDataset
from openlineage.client.facet_v2 import (
    DatasetFacet,
    column_lineage_dataset,
    data_quality_metrics_dataset,
    dataset_version_dataset,
    documentation_dataset,
    output_statistics_output_dataset,
    schema_dataset,
)

from checks.contracts.lineage import CONTENT, DOCUMENT, columns_of, contracts, sources_among
from checks.contracts.names import RAW_TABLES
from checks.contracts.registry import FEEDS
from pipelines.lineage.facets import PRODUCER, GciEntryDatasetFacet, GciTableDatasetFacet
from pipelines.lineage.record import MonthRecord
from resources.ledger import ENTRY, Entry, Manifest

_OTHER_MONTH = re.compile(r"(?P<table>.+)@(?P<month>\d{4}-\d{2})")
_RAW_TITLE = "Rows of the feeds {feeds} that belong to the month · 属于当月的 {feeds} 记录"
Facets = dict[str, DatasetFacet]


class Input(NamedTuple):
    """One input of a manifest: a table of a month (``entry`` None), or an entry of the log."""

    table: str
    month: str
    entry: Entry | None
    digest: str

    @property
    def name(self) -> str:
        if self.entry is None:
            return f"{self.table}/{self.month}"
        return f"{self.table}/{self.entry.n}" if self.table.startswith(DOCUMENT) else f"landed/{self.entry.n}/{self.entry.name}"


def inputs_of(record: MonthRecord, manifest: Manifest) -> list[Input]:
    """The datasets among the inputs of a manifest, by name; a digest of something computed on the way is none."""
    found = []
    for name, digest in manifest.inputs.items():
        other = _OTHER_MONTH.fullmatch(name)
        if name.startswith(f"{ENTRY} "):
            found.append(Input("landed", "", record.entries[int(name.split()[1])], digest))
        elif other:
            found.append(Input(other["table"], other["month"], None, digest))
        elif "/" in name:
            found.append(Input(name, manifest.month, None, digest))
        elif (entry := _document(record, name, digest, manifest.as_of)) is not None:
            found.append(Input(DOCUMENT + name, "", entry, digest))
    return sorted(found, key=lambda item: item.name)


def _document(record: MonthRecord, kind: str, digest: str, as_of: int) -> Entry | None:
    """The newest entry of a document among the first ``as_of``; None when that kind of name is no document."""
    found = [e for e in record.entries.values() if (e.kind, e.digest) == (kind, digest) and e.n <= as_of]
    return max(found, key=lambda entry: entry.n, default=None)


def input_dataset(record: MonthRecord, item: Input) -> InputDataset:
    """An input with its version; of a file or document its columns and where it entered. A table's columns are told where it is made."""
    facets: Facets = {"version": dataset_version_dataset.DatasetVersionDatasetFacet(item.digest, producer=PRODUCER)}
    if item.entry is None:
        return InputDataset(record.namespace, item.name, facets=facets)
    entry = item.entry
    facets["gci_entry"] = GciEntryDatasetFacet(
        entry=entry.n, kind=entry.kind, name=entry.name, digest=entry.digest, at=entry.at, headDigest=entry.head, producer=PRODUCER
    )
    if feed := FEEDS.get(str(entry.payload.get("feed"))):
        known = [(header, feed.by_name[column]) for header, column in _headers(entry, feed.name).items() if column in feed.by_name]
        facets["schema"] = _fields([(header, c.kind, f"{c.description_en} · {c.description_zh}") for header, c in known])
    elif item.table.startswith(DOCUMENT):
        facets["schema"] = _fields([(CONTENT, "text", "The whole document · 整份文件")])
    return InputDataset(record.namespace, item.name, facets=facets)


def output_dataset(record: MonthRecord, manifest: Manifest) -> OutputDataset:
    """A table of the month: version, columns and what each is made from, rows, and what its manifest says."""
    table = manifest.table_name
    facets: Facets = {
        "version": dataset_version_dataset.DatasetVersionDatasetFacet(manifest.digest, producer=PRODUCER),
        "schema": _schema(table),
        "documentation": documentation_dataset.DocumentationDatasetFacet(title_of(table), contentType="text/plain", producer=PRODUCER),
        "dataQualityMetrics": data_quality_metrics_dataset.DataQualityMetricsDatasetFacet({}, rowCount=manifest.rows, producer=PRODUCER),
        "columnLineage": _column_lineage(record, manifest),
        "gci_table": GciTableDatasetFacet(
            month=manifest.month, digest=manifest.digest, logNumber=manifest.as_of, rows=manifest.rows, producer=PRODUCER
        ),
    }
    statistics = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=manifest.rows, producer=PRODUCER)
    return OutputDataset(record.namespace, f"{table}/{manifest.month}", facets=facets, outputFacets={"outputStatistics": statistics})


def title_of(table: str) -> str:
    """What a table is, in both languages."""
    if table in RAW_TABLES:
        return _RAW_TITLE.format(feeds=", ".join(RAW_TABLES[table]))
    contract = contracts()[table]
    return f"{contract.title_en} · {contract.title_zh}"


def _schema(table: str) -> schema_dataset.SchemaDatasetFacet:
    columns = columns_of(table)
    return _fields([(c.name, c.kind, f"{c.description_en}{f' [{c.unit}]' if c.unit else ''} · {c.description_zh}") for c in columns])


def _fields(columns: list[tuple[str, str, str]]) -> schema_dataset.SchemaDatasetFacet:
    fields = [schema_dataset.SchemaDatasetFacetFields(name, type=kind, description=said) for name, kind, said in columns]
    return schema_dataset.SchemaDatasetFacet(fields, producer=PRODUCER)


def _column_lineage(record: MonthRecord, manifest: Manifest) -> column_lineage_dataset.ColumnLineageDatasetFacet:
    """The columns that each column is made from, of the datasets that the manifest names: of a table of several months, of each of them."""
    inputs, table = inputs_of(record, manifest), manifest.table_name
    names: dict[str, list[str]] = {}
    for item in inputs:
        names.setdefault(item.table, []).append(item.name)
    if table in RAW_TABLES:
        pairs = {column.name: _in_files(inputs, column.name) for column in columns_of(table)}
    else:
        pairs = {
            column: [(name, source.column) for source in sources for name in names.get(source.table, ())]
            for column, sources in sources_among(table, names).items()
        }
    fields = {
        column: column_lineage_dataset.Fields(
            [column_lineage_dataset.InputField(record.namespace, name, field) for name, field in sorted(found)]
        )
        for column, found in pairs.items()
    }
    return column_lineage_dataset.ColumnLineageDatasetFacet(fields, producer=PRODUCER)


def _in_files(inputs: list[Input], raw_column: str) -> list[tuple[str, str]]:
    """The header under which a column of a feed stands in each file of that feed that has it."""
    feed, column = raw_column.split(".")
    headers = [(item.name, header) for item in inputs for header, kept in _headers(item.entry, feed).items() if kept == column]
    return sorted(headers)


def _headers(entry: Entry | None, feed: str) -> dict[str, str]:
    """Header → column of a landed file of a feed; a file in a metering standard has the columns of the feed."""
    if entry is None or entry.payload.get("feed") != feed or entry.kind != "file":
        return {}
    return entry.payload.get("columns") or {column.name: column.name for column in FEEDS[feed].columns}
