"""How a step becomes Dagster assets: one wrapper for all layers.

A step is a function of ``Compute``; this turns it into a partitioned multi-asset with code versions, column schemas, row counts, data
versions and inline checks. Formulas are elsewhere; nothing here depends on what is computed.
"""

# No `from __future__ import annotations`: Dagster reads the type of `context` from the function itself.
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from assets import prepared
from assets.compute import Compute, Step
from checks.binding import check_results, check_specs
from checks.contracts.lineage import DOCUMENT, Source, columns_of, sources_among, sources_of
from checks.contracts.names import RAW_TABLES
from checks.findings import SEVERITIES
from checks.rules.catalogue import RULES
from resources.code_version import code_version
from resources.home import Home

AS_OF_TAG = "gci/as_of"


class GciHome(dg.ConfigurableResource):
    """The home folder that a run works on."""

    root: str

    def open(self) -> Home:
        return Home.open(self.root)

    def begin(self, month: str) -> int:
        """The log number at which a run that names none computes its month. ``pipelines`` first brings the home up to date."""
        return self.open().ledger.head()[0]


@dataclass(frozen=True)
class Made:
    """One asset of a step: its key, what it is, and what it is made from."""

    key: str
    description: str
    deps: tuple[str | dg.AssetDep, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


def key(name: str) -> dg.AssetKey:
    return dg.AssetKey(name.split("/"))


def step_assets(
    name: str,
    layer: str,
    made: Sequence[Made],
    step: Callable[[Compute], Step],
    months: dg.PartitionsDefinition[str],
    *,
    lands: bool = False,
) -> dg.AssetsDefinition:
    """The multi-asset that runs ``step`` for a month.

    Every key reports row count and digest of the manifest of the same name. ``lands`` marks the first step of a run: it takes
    the newest entry of the log (or the one in the run's tag ``gci/as_of``); every later step uses the entry of the raw tables.
    """
    specs = [
        dg.AssetSpec(
            key(item.key),
            deps=[dep if isinstance(dep, dg.AssetDep) else key(dep) for dep in item.deps],
            description=item.description,
            group_name=layer,
            code_version=code_version(layer)[7:19],
            metadata={**_column_schema(item.key), **_made_from(item.key), **item.metadata},
        )
        for item in made
    ]
    keys = {item.key for item in made}
    lineage = {item.key: _column_lineage(item) for item in made}
    rules = [rule for rule in RULES if rule.table in keys]
    checks = [spec for item in made for spec in check_specs(item.key, key(item.key), months)]

    @dg.multi_asset(
        name=name, specs=specs, check_specs=checks, partitions_def=months, backfill_policy=dg.BackfillPolicy.multi_run(1)
    )  # fmt: skip
    def asset(context: dg.AssetExecutionContext, gci_home: GciHome) -> Iterator[dg.MaterializeResult[Any]]:
        done = prepared.done(_compute(context, gci_home, lands), step)
        manifests = {item.table_name: item for item in done.manifests}
        for item in made:
            stored = manifests[item.key]
            # of the materialization alone: in a result it would stand in the step's output too, another hundred kilobytes a month
            context.add_asset_metadata(
                asset_key=key(item.key),
                metadata={
                    "dagster/row_count": stored.rows,
                    **lineage[item.key],
                    "digest": stored.digest,
                    "log_number": stored.as_of,
                    "code_version": stored.code_version,
                    "inputs": dg.MetadataValue.json(stored.inputs),
                    "findings": dg.MetadataValue.json(_counts(item.key, done)),
                    **done.notes.get(item.key, {}),
                },
            )
            yield dg.MaterializeResult(
                asset_key=key(item.key),
                data_version=dg.DataVersion(stored.digest[7:]),
                check_results=check_results(
                    [rule for rule in rules if rule.table == item.key], key(item.key), done.findings, done.verdicts
                ),
            )

    return asset


_latest: dict[str, Compute] = {}  # of the run at hand, by its id


def _compute(context: dg.AssetExecutionContext, gci_home: GciHome, lands: bool) -> Compute:
    """The month that a run computes: one for all its steps, which share what they read of the log."""
    as_of = _as_of(context, gci_home, lands)
    known = _latest.get(context.run.run_id)
    if known is None or (known.month, known.as_of) != (context.partition_key, as_of):
        _latest.clear()
        known = _latest[context.run.run_id] = Compute(gci_home.open(), context.partition_key, as_of)
    return known


def _as_of(context: dg.AssetExecutionContext, gci_home: GciHome, lands: bool) -> int:
    if lands:
        tagged = context.run.tags.get(AS_OF_TAG)
        return int(tagged) if tagged else gci_home.begin(context.partition_key)
    found = gci_home.open().ledger.manifest(context.partition_key, "raw/registry")
    if found is None:
        raise dg.Failure(f"The raw tables of {context.partition_key} were not materialized yet: run the job monthly_close, or 'gci run'.")
    return found.as_of


def _column_schema(table: str) -> dict[str, Any]:
    columns = [dg.TableColumn(c.name, c.kind, description=_described(c)) for c in columns_of(table)]
    return {"dagster/column_schema": dg.TableSchema(columns=columns)}


def _made_from(table: str) -> dict[str, Any]:
    """What each column is made from, in words: Dagster's open-source UI draws no column lineage."""
    rows = [f"| {column} | {', '.join(map(_worded, sources))} |" for column, sources in sources_of(table).items() if sources]
    if not rows:
        return {}
    return {"made_from": dg.MetadataValue.md("\n".join(["| column · 列 | made from · 来源 |", "| --- | --- |", *rows]))}


def _worded(source: Source) -> str:
    """``meters.kind`` of a feed, ``staging/energies.quantity`` of a table, ``factors`` of a document."""
    if source.table.startswith(DOCUMENT):
        return source.table.removeprefix(DOCUMENT)
    return source.column if source.table in RAW_TABLES else f"{source.table}.{source.column}"


def _column_lineage(made: Made) -> dict[str, Any]:
    """The columns of assets above that each column is made from, as the contracts declare; a raw asset comes from files, no asset.

    A table that the asset does not depend on is stood for by what that is made from; documents (edition, factors) are no assets and are
    left out.
    """
    above = {(dep.asset_key if isinstance(dep, dg.AssetDep) else key(dep)).to_user_string() for dep in made.deps}
    deps = {
        column: [dg.TableColumnDep(key(source.table), source.column) for source in sources if not source.table.startswith(DOCUMENT)]
        for column, sources in sources_among(made.key, above).items()
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(deps)}


def _counts(table: str, done: Step) -> dict[str, int]:
    """Findings of the rules that judge a table, by severity."""
    codes = {rule.code for rule in RULES if rule.table == table}
    return {severity: sum(f["code"] in codes and f["severity"] == severity for f in done.findings) for severity in SEVERITIES}


def _described(column: Any) -> str:
    unit = f" [{column.unit}]" if column.unit else ""
    return f"{column.description_en}{unit} · {column.description_zh}"
