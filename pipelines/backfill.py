"""Computing months: what must be computed, in which order, one in-process Dagster run for each.

``gci run`` and ``gci backfill`` are this function with one month or many. A month whose inputs, edition, factors, thresholds, settings
and code are unchanged is skipped; a run that was killed goes on from there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
import yaml

from assets.compute import Compute
from assets.raw.step import raw_digests
from assets.wrapping import AS_OF_TAG
from pipelines.build import build_defs
from pipelines.jobs import MONTHLY_CLOSE
from resources.calendar import month_range, trailing_months
from resources.code_version import code_version
from resources.digest import digest_json
from resources.errors import GciError
from resources.home import Home
from resources.ledger import Manifest

PID_TAG = "gci/pid"
RUN = "run"  # the manifest that says a month was computed whole, from what

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class MonthDone:
    """What became of a month: ``computed`` or ``unchanged``, whether it was asked for, and how long it took."""

    month: str
    outcome: str
    asked: bool
    seconds: float


def compute_months(home: Home, months: Sequence[str], *, force: bool = False, progress: Progress | None = None) -> list[MonthDone]:
    """Compute months in order at the newest log entry, with the months of their trailing windows that are out of date.

    A result for twelve months is a function of twelve months: earlier months that have readings and are stale or were never
    computed come first. GciError when there is nothing to compute from.
    """
    as_of, _ = home.ledger.head()
    wanted = sorted(set(months))
    window = [m for m in month_range(trailing_months(wanted[0])[0], wanted[-1]) if m >= home.settings.first_month]
    with_data = {part.month for part in home.ledger.parts("meter_readings", as_of)}
    candidates = [m for m in window if m in wanted or m in with_data]
    own = {m: _own_fingerprint(Compute(home, m, as_of)) for m in candidates}
    done = []
    job, instance = None, None
    for number, month in enumerate(candidates):
        if progress is not None:
            progress(month, number, len(candidates))
        started = time.monotonic()
        fingerprint = digest_json([own.get(m) for m in trailing_months(month)])
        stored = home.ledger.manifest(month, RUN)
        if stored is not None and stored.digest == fingerprint and not (force and month in wanted):
            done.append(MonthDone(month, "unchanged", month in wanted, 0.0))
            continue
        if job is None or instance is None:
            instance = open_instance(home)
            job = build_defs(home.root).resolve_job_def(MONTHLY_CLOSE)
        _execute(job, instance, month, as_of)
        _seal_run(home, month, fingerprint, as_of)
        done.append(MonthDone(month, "computed", month in wanted, time.monotonic() - started))
    if progress is not None:
        progress("", len(candidates), len(candidates))
    return done


def _own_fingerprint(compute: Compute) -> str:
    """Digest of everything that can change the month's own numbers."""
    documents = [compute.document(kind)[0] for kind in ("settings", "edition", "factors", "thresholds")]
    return digest_json([raw_digests(compute), documents, code_version("reports")])


def _seal_run(home: Home, month: str, fingerprint: str, as_of: int) -> None:
    """Say that the month was computed whole, and which manifests it left (a removed one is found by ``gci verify``)."""
    inputs = {m.table_name: m.digest for m in home.ledger.manifests(month) if m.table_name != RUN}
    home.ledger.replace(
        month,
        RUN,
        [Manifest(month, RUN, fingerprint, "", 0, as_of, code_version("reports"), inputs)],
        as_of=as_of,
        code_version=code_version("reports"),
    )


def _execute(job: dg.JobDefinition, instance: dg.DagsterInstance, month: str, as_of: int) -> None:
    try:
        job.execute_in_process(
            partition_key=month,
            instance=instance,
            tags={AS_OF_TAG: str(as_of), PID_TAG: str(os.getpid())},
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    except dg.DagsterError as error:
        cause = error.__cause__
        if isinstance(cause, GciError | OSError):
            raise cause from None
        raise


def open_instance(home: Home) -> dg.DagsterInstance:
    """The embedded Dagster instance of a home; runs that a killed process left behind are reported as failed."""
    home.dagster.mkdir(parents=True, exist_ok=True)
    config = home.dagster / "dagster.yaml"
    wanted = yaml.safe_dump(_instance_config(home), sort_keys=False)
    if not config.exists() or config.read_text(encoding="utf-8") != wanted:  # the home may have been moved
        config.write_text(wanted, encoding="utf-8")
    instance = dg.DagsterInstance.from_config(str(home.dagster))
    unfinished = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.NOT_STARTED]
    for run in instance.get_runs(filters=dg.RunsFilter(statuses=unfinished)):
        if (pid := run.tags.get(PID_TAG)) and not _alive(int(pid)):
            instance.report_run_failed(run, "The process that computed this month was stopped.")
    return instance


def _instance_config(home: Home) -> dict[str, Any]:
    history = home.dagster / "history"
    return {
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},  # no newsletter form before the assets
        "run_storage": {
            "module": "dagster._core.storage.runs",
            "class": "SqliteRunStorage",
            "config": {"base_dir": str(history)},
        },
        "event_log_storage": {
            "module": "pipelines.event_log",
            "class": "PooledSqliteEventLog",
            "config": {"base_dir": str(history / "runs")},
        },
        "schedule_storage": {
            "module": "dagster._core.storage.schedules",
            "class": "SqliteScheduleStorage",
            "config": {"base_dir": str(home.dagster / "schedules")},
        },
    }


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def table(done: Sequence[MonthDone]) -> list[dict[str, Any]]:
    """What was done, for ``--format json``."""
    return [{"month": d.month, "outcome": d.outcome, "asked": d.asked, "seconds": round(d.seconds, 2)} for d in done]
