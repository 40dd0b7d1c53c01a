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
from assets.raw.fingerprint import history, window_fingerprint
from assets.wrapping import AS_OF_TAG
from pipelines.build import build_defs
from pipelines.jobs import MONTHLY_CLOSE
from resources.calendar import trailing_months
from resources.errors import GciError
from resources.home import Home
from resources.ledger import RUN

PID_TAG = "gci/pid"

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class MonthDone:
    """What became of a month: ``computed``, ``unchanged`` or ``no_site``, whether it was asked for, and how long it took."""

    month: str
    outcome: str
    asked: bool
    seconds: float = 0.0


def compute_months(home: Home, months: Sequence[str], *, force: bool = False, progress: Progress | None = None) -> list[MonthDone]:
    """Bring every month up to the last of ``months`` up to date at the newest log entry, in order.

    A result is a function of the log, and one of twelve months is a function of twelve months: so all months from the first one with
    readings are looked at, and those whose fingerprint changed are computed. A month in which no site is in force is left out.
    """
    as_of, _ = home.ledger.head()
    wanted = sorted(set(months))
    candidates = sorted({*history(home, home.settings, as_of, wanted[-1]), *wanted})
    run = _Runner(home, as_of)
    done = []
    for number, month in enumerate(candidates):
        asked = month in wanted
        if progress is not None:
            progress(month, number, len(candidates))
        compute = Compute(home, month, as_of)
        if not compute.sites:
            done.append(MonthDone(month, "no_site", asked))
            continue
        stored = home.ledger.manifest(month, RUN)
        unchanged = stored is not None and stored.digest == window_fingerprint(compute) and _complete(home, month)
        if unchanged and not (force and asked):
            done.append(MonthDone(month, "unchanged", asked))
            continue
        started = time.monotonic()
        run.compute(month)
        done.append(MonthDone(month, "computed", asked, time.monotonic() - started))
    if progress is not None:
        progress("", len(candidates), len(candidates))
    return done


def _complete(home: Home, month: str) -> bool:
    """Whether every table that the month left is still in the lake."""
    return all(
        home.lake.has(item.table_name, month, item.file_digest)
        for item in home.ledger.manifests(month)
        if item.file_digest and not item.table_name.startswith("ledger/")
    )


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

    def compute(self, month: str) -> None:
        run_month(self._job, self._instance, month, self.as_of)


def run_month(job: dg.JobDefinition, instance: dg.DagsterInstance, month: str, as_of: int) -> None:
    """Run the monthly job for a month in this process, at a number of the log; what a step raised for people is raised as it was."""
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
