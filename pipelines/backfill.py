"""Computing months: what must be computed, in which order, one in-process Dagster run for each.

``gci run`` and ``gci backfill`` are this function with one month or many. A month whose inputs, edition, factors, thresholds, settings
and code are unchanged is skipped; a run that was killed goes on from there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
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
# Manifests that say a month was computed whole: from which inputs of its whole trailing window, and from which of its own.
RUN, OWN = "run", "run/own"

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class MonthDone:
    """What became of a month: ``computed``, ``unchanged`` or ``no_site``, whether it was asked for, and how long it took."""

    month: str
    outcome: str
    asked: bool
    seconds: float = 0.0


def compute_months(home: Home, months: Sequence[str], *, force: bool = False, progress: Progress | None = None) -> list[MonthDone]:
    """Compute months in order at the newest log entry, with the months of their trailing windows that are out of date.

    A result for twelve months is a function of twelve months: earlier months that have readings, and whose own inputs changed since or
    that were never computed, come first. A month in which no site is in force is left out.
    """
    as_of, _ = home.ledger.head()
    wanted = sorted(set(months))
    window = [m for m in month_range(trailing_months(wanted[0])[0], wanted[-1]) if m >= home.settings.first_month]
    with_data = {part.month for part in home.ledger.parts("meter_readings", as_of)}
    candidates = [m for m in window if m in wanted or m in with_data]
    computes = {m: Compute(home, m, as_of) for m in candidates}
    own = {m: _own_fingerprint(compute) for m, compute in computes.items() if compute.sites}
    run = _Runner(home, as_of)
    done = []
    for number, month in enumerate(candidates):
        asked = month in wanted
        if progress is not None:
            progress(month, number, len(candidates))
        if month not in own:
            done.append(MonthDone(month, "no_site", asked))
            continue
        whole = digest_json([own.get(m) for m in trailing_months(month)])
        if run.is_current(month, whole if asked else own[month], RUN if asked else OWN) and not (force and asked):
            done.append(MonthDone(month, "unchanged", asked))
            continue
        started = time.monotonic()
        run.compute(month, own[month], whole)
        done.append(MonthDone(month, "computed", asked, time.monotonic() - started))
    if progress is not None:
        progress("", len(candidates), len(candidates))
    return done


def outdated(home: Home, done: Sequence[MonthDone]) -> list[str]:
    """Computed months after the last one of ``done`` whose trailing window holds a month that was computed anew."""
    anew = [item.month for item in done if item.outcome == "computed"]
    last = max((item.month for item in done), default="")
    later = sorted({m.month for m in home.ledger.manifests(table_name=RUN) if m.month > last})
    return [month for month in later if any(m in trailing_months(month) for m in anew)]


class _Runner:
    """Runs the monthly job at one log entry; the instance and the job are made when the first month needs them."""

    def __init__(self, home: Home, as_of: int) -> None:
        self.home, self.as_of = home, as_of

    @cached_property
    def _instance(self) -> dg.DagsterInstance:
        return open_instance(self.home)

    @cached_property
    def _job(self) -> dg.JobDefinition:
        return build_defs(self.home.root).resolve_job_def(MONTHLY_CLOSE)

    def is_current(self, month: str, fingerprint: str, kind: str) -> bool:
        stored = self.home.ledger.manifest(month, kind)
        return stored is not None and stored.digest == fingerprint

    def compute(self, month: str, own: str, whole: str) -> None:
        """One in-process run, then the two fingerprints and the manifests it left (a removed one is found by ``gci verify``)."""
        _execute(self._job, self._instance, month, self.as_of)
        version = code_version("reports")
        left = {m.table_name: m.digest for m in self.home.ledger.manifests(month) if m.table_name not in (RUN, OWN)}
        fingerprints = [
            Manifest(month, RUN, whole, "", 0, self.as_of, version, left),
            Manifest(month, OWN, own, "", 0, self.as_of, version, {}),
        ]
        self.home.ledger.replace(month, RUN, fingerprints, as_of=self.as_of, code_version=version)


def _own_fingerprint(compute: Compute) -> str:
    """Digest of everything that can change the month's own numbers."""
    documents = [compute.document(kind)[0] for kind in ("settings", "edition", "factors", "thresholds")]
    return digest_json([raw_digests(compute), documents, code_version("reports")])


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
