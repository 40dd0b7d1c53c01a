"""Computing months: what must be computed, in which order, one in-process Dagster run for each.

``gci run`` and ``gci backfill`` are this function with one month or many. A month whose inputs, edition, factors, thresholds, settings
and code are unchanged is skipped; a run that was killed goes on from there.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import dagster as dg
import yaml
from dagster._core.errors import DagsterExecutionInterruptedError

from assets.compute import Compute
from assets.prepared import offered
from assets.raw.fingerprint import history, window_fingerprint
from assets.wrapping import AS_OF_TAG
from pipelines.ahead import Ahead, ahead_of
from pipelines.build import build_defs
from pipelines.jobs import MONTHLY_CLOSE
from pipelines.sweep import writing
from resources.calendar import trailing_months
from resources.cycles import looking_seldom
from resources.errors import GciError
from resources.home import Home
from resources.ledger import RUN
from resources.revisions import closed_of

PID_TAG = "gci/pid"

COMPUTED, UNCHANGED, NO_SITE = "computed", "unchanged", "no_site"

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class MonthDone:
    """What became of a month: COMPUTED, UNCHANGED or NO_SITE, whether it was asked for, and how long it took."""

    month: str
    outcome: str
    asked: bool
    seconds: float = 0.0


def compute_months(home: Home, months: Sequence[str], *, force: bool = False, progress: Progress | None = None) -> list[MonthDone]:
    """Bring every month up to the last of ``months`` up to date at the newest log entry, in order.

    A result is a function of the log, and one of twelve months is a function of twelve months: so all months from the first one with
    readings are looked at, and those whose fingerprint changed are computed. A month in which no site is in force is left out. What has
    to be computed follows from the log alone, so it is known before anything is: ``progress`` hears the months that are computed, and how
    many they are.
    """
    as_of, _ = home.ledger.head()
    wanted = sorted(set(months))
    candidates = sorted({*history(home, home.settings, as_of, wanted[-1]), *wanted})
    seconds = dict[str, float]()
    # the one writer from the first month to the last: between two of them another one would clear away what the second process writes
    with writing(home, "computing months"), ahead_of(home, as_of) as others, looking_seldom():
        others.expect(len(set(candidates) - {item.month for item in home.ledger.manifests(table_name=RUN)}))
        outcomes = {month: _outcome(Compute(home, month, as_of), force=force and month in wanted) for month in candidates}
        ahead = [month for month, outcome in outcomes.items() if outcome == COMPUTED]
        others.begin(ahead)
        run = _Runner(home, as_of, others)
        for number, month in enumerate(ahead):
            if progress is not None:
                progress(month, number, len(ahead))
            started = time.monotonic()
            run.compute(month)
            seconds[month] = time.monotonic() - started
    if progress is not None:
        progress("", len(ahead), len(ahead))
    return [MonthDone(month, outcome, month in wanted, seconds.get(month, 0.0)) for month, outcome in outcomes.items()]


def _outcome(compute: Compute, *, force: bool) -> str:
    """What is to become of a month: it is computed unless no site is in force, or nothing that it is computed from has changed."""
    if not compute.sites:
        return NO_SITE
    stored = compute.home.ledger.manifest(compute.month, RUN)
    unchanged = stored is not None and stored.digest == window_fingerprint(compute) and _complete(compute.home, compute.month)
    return UNCHANGED if unchanged and not force else COMPUTED


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
    """Runs the monthly job at one log entry; the instance and the job are made when the first month needs them.

    ``others`` works out steps of the months ahead, and has begun before either is made.
    """

    def __init__(self, home: Home, as_of: int, others: Ahead) -> None:
        self.home, self.as_of, self.others = home, as_of, others

    @cached_property
    def _instance(self) -> dg.DagsterInstance:
        return open_instance(self.home)

    @cached_property
    def _job(self) -> dg.JobDefinition:
        return build_defs(self.home.root).resolve_job_def(MONTHLY_CLOSE)

    def compute(self, month: str) -> None:
        job, instance = self._job, self._instance
        with offered(self.home, month, self.as_of, self.others.take(month)):
            run_month(job, instance, month, self.as_of)


def run_month(job: dg.JobDefinition, instance: dg.DagsterInstance, month: str, as_of: int) -> None:
    """Run the monthly job for a month in this process, at a number of the log; what a step raised for people is raised as it was."""
    try:
        job.execute_in_process(
            partition_key=month,
            instance=instance,
            tags={AS_OF_TAG: str(as_of), PID_TAG: str(os.getpid())},
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    except DagsterExecutionInterruptedError:  # Dagster's own name for Ctrl-C, which nobody above knows
        raise KeyboardInterrupt from None
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
        # steps print nothing: no process is needed that copies what they print for the web UI (it is started for every run)
        "compute_logs": {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"},
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


def summary(home: Home, done: Sequence[MonthDone]) -> list[dict[str, Any]]:
    """What was done, and what the months say now: ``table`` with how many entities a month has, and of how many something is open.

    ``entities``: sites and clusters with a result; ``withheld``: those with a scored indicator that is withheld in the trailing window,
    ``not_reported`` those with one that is not reported; ``no_grade``: those without an index grade; ``final``: those with a final
    revision, whose result stands while what is computed is a candidate. Months are read one by one: a backfill may have many.
    """
    final = Counter(month for _, month in closed_of(home).revisions)
    rows = []
    for row in table(done):
        results = [json.loads(item["payload"]) for item in home.ledger.rows("result", month=row["month"], window="ttm")]
        open_ = [{item["status"] for item in result["indicators"] if item["weight"]} for result in results]
        rows.append(
            row
            | {
                "entities": len(results), "withheld": sum("withheld" in statuses for statuses in open_),
                "not_reported": sum("not_reported" in statuses for statuses in open_),
                "no_grade": sum(result["grade"] is None for result in results), "final": final[row["month"]],
            }
        )  # fmt: skip
    return rows
