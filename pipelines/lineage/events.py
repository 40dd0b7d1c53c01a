"""The run events of a month: one job for the month, one for each table, one for the rules that judge a table.

``month_events`` is a function of the record alone: no clock, no file, no network. The time of an event is the moment of the log entry
that the run was computed at; the id of a run follows from the month, the revision, the job and what went in and came out, so that the same
run has the same events whenever they are written, and a run that nothing changed keeps its id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from graphlib import TopologicalSorter
from uuid import UUID, uuid5

from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    JobFacet,
    RunFacet,
    data_quality_assertions_dataset,
    documentation_job,
    job_type_job,
    parent_run,
    processing_engine_run,
    source_code_location_job,
    test_run,
)

from checks.contracts.names import RAW_TABLES
from checks.findings import Rule
from checks.rules.catalogue import RULES
from pipelines.lineage.datasets import Input, input_dataset, inputs_of, output_dataset, title_of
from pipelines.lineage.facets import PRODUCER, GciComputationRunFacet
from pipelines.lineage.record import MonthRecord, Row
from resources.digest import canonical_json, digest_json
from resources.ledger import Manifest

MONTH_JOB = "month"
_RUNS = UUID("6f3c1d0a-5b1e-5c0e-9a55-6c3a1f7c2b10")  # the name space of run ids: any, but always this one
_ENGINE = "green-compute-index"
_RAW_STEP = "raw"  # makes all raw tables; a rule of another table is asked in the step of that name


def month_events(record: MonthRecord) -> list[RunEvent]:
    """START and COMPLETE of the month, of each table in the order of what it is made from, and of the rules of each judged table."""
    month = _Month(record)
    start, complete = month.whole()
    return [start, *(event for manifest in in_order(record) for event in month.table(manifest)), complete]


def in_order(record: MonthRecord) -> list[Manifest]:
    """The manifests of the month's tables, each after those that it is made from, else by name."""
    graph = TopologicalSorter({
        name: sorted(item.table for item in inputs_of(record, manifest) if item.entry is None and item.month == record.month)
        for name, manifest in sorted(record.manifests.items())
    })  # fmt: skip
    return [record.manifests[name] for name in graph.static_order() if name in record.manifests]


class _Month:
    """What all runs of a month share."""

    def __init__(self, record: MonthRecord) -> None:
        self.record = record
        last = record.run or max(record.manifests.values(), key=lambda item: item.as_of)
        self.last = last
        said = sorted([name, item.digest] for name, item in record.manifests.items())
        self.run_id = self._id(MONTH_JOB, digest_json([said, last.digest, record.closed.head if record.closed else ""]))
        editions = {item.inputs.get("edition") for item in record.manifests.values()}
        self.edition = next((e.name for e in record.entries.values() if e.kind == "edition" and e.digest in editions), "")

    def whole(self) -> tuple[RunEvent, RunEvent]:
        """The run that the others are part of."""
        record, last = self.record, self.last
        said = f"Everything of {record.month}, from landed files to the report · {record.month} 全部计算"
        digests = {name: item.digest for name, item in record.manifests.items()}
        job = self._job(MONTH_JOB, "DAG", said, last.code_version)
        run = Run(self.run_id, self._run_facets(last, digests))
        closed = record.closed.at if record.closed else self._at(last)
        return self._event(RunState.START, self._at(last), run, job), self._event(RunState.COMPLETE, closed, run, job)

    def table(self, manifest: Manifest) -> Iterator[RunEvent]:
        """A table made, then judged by its rules."""
        name, at = manifest.table_name, self._at(manifest)
        made = digest_json([manifest.digest, manifest.inputs, manifest.code_version])
        run = Run(self._id(name, made), {**self._run_facets(manifest, manifest.inputs), "parent": self._parent()})
        job = self._job(name, "TASK", title_of(name), manifest.code_version)
        inputs = [input_dataset(self.record, item) for item in inputs_of(self.record, manifest)]
        output = output_dataset(self.record, manifest)
        bare = [InputDataset(item.namespace, item.name) for item in inputs]
        yield self._event(RunState.START, at, run, job, bare, [OutputDataset(output.namespace, output.name)])
        yield self._event(RunState.COMPLETE, at, run, job, inputs, [output])
        if rules := [rule for rule in RULES if rule.table == name]:
            yield from self._judged(manifest, rules)

    def _judged(self, manifest: Manifest, rules: list[Rule]) -> Iterator[RunEvent]:
        """The verdicts of the rules of a table, site by site, and what they found."""
        name, codes = manifest.table_name, {rule.code: rule for rule in rules}
        step = _RAW_STEP if name in RAW_TABLES else name  # a code may judge tables of several steps
        verdicts = [row for row in self.record.verdicts if row["table_name"] == step and row["rule"] in codes]
        found = [row for row in self.record.findings if row["table_name"] == step and row["code"] in codes]
        rows = digest_json([manifest.digest, _plain(verdicts), _plain(found)])
        tests = [_test(row, codes[row["rule"]], found) for row in verdicts]
        facets = {
            **self._run_facets(manifest, {name: manifest.digest}), "parent": self._parent(),
            "test": test_run.TestRunFacet(tests, producer=PRODUCER),
        }  # fmt: skip
        said = f"Rules that judge {name}: {', '.join(codes)} · 校验规则"
        run, job = Run(self._id(f"checks/{name}", rows), facets), self._job(f"checks/{name}", "TASK", said, manifest.code_version)
        judged = input_dataset(self.record, Input(name, manifest.month, None, manifest.digest))
        assertions = [_assertion(row, codes[row["rule"]], found) for row in verdicts if row["outcome"] != "not_checked"]
        judged.inputFacets = {
            "dataQualityAssertions": data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet(assertions, producer=PRODUCER)
        }
        yield self._event(RunState.START, self._at(manifest), run, job, [InputDataset(judged.namespace, judged.name)])
        yield self._event(RunState.COMPLETE, self._at(manifest), run, job, [judged])

    # what is alike in all ---------------------------------------------------------------------------------------------

    def _at(self, manifest: Manifest) -> str:
        return self.record.moment(manifest.as_of)

    def _id(self, job: str, digest: str) -> str:
        record = self.record
        return str(uuid5(_RUNS, canonical_json([record.namespace, record.month, record.revision, job, digest])))

    def _parent(self) -> RunFacet:
        namespace = self.record.namespace
        return parent_run.ParentRunFacet(parent_run.Run(self.run_id), parent_run.Job(namespace, MONTH_JOB), producer=PRODUCER)

    def _run_facets(self, manifest: Manifest, inputs: dict[str, str]) -> dict[str, RunFacet]:
        version = PRODUCER.rpartition(":")[2]
        return {
            "gci_computation": GciComputationRunFacet(
                month=self.record.month, revision=self.record.revision, logNumber=manifest.as_of,
                headDigest=self.record.entries[manifest.as_of].head, codeVersion=manifest.code_version, edition=self.edition,
                inputs=dict(inputs), producer=PRODUCER,
            ),
            "processing_engine": processing_engine_run.ProcessingEngineRunFacet(version, _ENGINE, producer=PRODUCER),
        }  # fmt: skip

    def _job(self, name: str, kind: str, said: str, code_version: str) -> Job:
        facets: dict[str, JobFacet] = {
            "jobType": job_type_job.JobTypeJobFacet("BATCH", "GCI", kind, producer=PRODUCER),
            "documentation": documentation_job.DocumentationJobFacet(said, contentType="text/plain", producer=PRODUCER),
            # no path of a machine: the version is a digest of the sources (resources/code_version.py)
            "sourceCodeLocation": source_code_location_job.SourceCodeLocationJobFacet(
                "digest", f"urn:green-compute-index:code:{name}", version=code_version, producer=PRODUCER
            ),
        }
        return Job(self.record.namespace, name, facets)

    def _event(
        self, state: RunState, at: str, run: Run, job: Job, inputs: Iterable[InputDataset] = (), outputs: Iterable[OutputDataset] = ()
    ) -> RunEvent:  # fmt: skip
        return RunEvent(
            eventType=state, eventTime=at, run=run, job=job, inputs=list(inputs), outputs=list(outputs), producer=PRODUCER,
        )  # fmt: skip


def _plain(rows: Iterable[Row]) -> list[dict[str, object]]:
    return [dict(row) for row in rows]


def _name(row: Row) -> str:
    return " ".join(part for part in (row["rule"], row["site_id"], row["quantity"]) if part)


def _severity(row: Row) -> str:
    return "error" if row["severity"] == "withhold" else "warn"


def _seen(row: Row, found: list[Row]) -> str | None:
    """What was found at the site: the first message, and how many more."""
    own = [f for f in found if (f["code"], f["site_id"], f["quantity"]) == (row["rule"], row["site_id"], row["quantity"])]
    more = f" (+{len(own) - 1})" if len(own) > 1 else ""
    return f"{own[0]['message_en']} · {own[0]['message_zh']}{more}" if own else row["reason"] or None


def _assertion(row: Row, rule: Rule, found: list[Row]) -> data_quality_assertions_dataset.Assertion:
    """A waived verdict is none that passed: it says who answers for it (``actual``)."""
    return data_quality_assertions_dataset.Assertion(
        assertion=rule.code, success=row["outcome"] == "pass", severity=_severity(row), name=_name(row),
        description=f"{rule.title_en} · {rule.title_zh}", actual=_seen(row, found),
        params={"outcome": row["outcome"], "site_id": row["site_id"], "quantity": row["quantity"]},
    )  # fmt: skip


def _test(row: Row, rule: Rule, found: list[Row]) -> test_run.TestExecution:
    status = {"pass": "pass", "not_checked": "skip"}.get(row["outcome"], "fail")
    return test_run.TestExecution(
        name=_name(row), status=status, severity=_severity(row), type=rule.code, description=f"{rule.title_en} · {rule.title_zh}",
        actual=_seen(row, found),
    )  # fmt: skip
