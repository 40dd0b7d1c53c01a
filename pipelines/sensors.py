"""Sensors: what starts a run without a clock. Off until somebody switches them on.

A run key holds the digests of the new files: the same files ask once, a corrected file under the same name asks again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from assets.raw.landing import dropped_files
from resources.digest import digest_file, digest_json
from resources.home import Home

# A file that still grows is left for the next look.
SETTLED_S = 10
EVERY_S = 60


def build(root: Path, job: dg.JobDefinition) -> list[dg.SensorDefinition]:
    """``new_files_in_landing``: asks for ``job`` when files lie in ``landing/`` that the log does not know."""

    @dg.sensor(
        name="new_files_in_landing",
        job=job,
        minimum_interval_seconds=EVERY_S,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="New files in landing/: land them, compute open months, and candidates of final ones.",
    )
    def new_files_in_landing(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        seen: dict[str, list[float]] = json.loads(context.cursor or "{}")
        now = looked_at(root)
        fresh = sorted(name for name, state in now.items() if seen.get(name) != state)
        waiting = [name for name in fresh if time.time() - now[name][1] < SETTLED_S]
        settled = [name for name in fresh if name not in waiting]
        context.update_cursor(json.dumps({name: state for name, state in now.items() if name not in waiting}))
        home = Home.open(root)
        digests = {name: digest_file(root / "landing" / name) for name in settled}
        new = {name: digest for name, digest in digests.items() if home.ledger.find_file(name.split("/", 1)[0], digest) is None}
        if new:
            yield dg.RunRequest(run_key=digest_json(sorted(new.items())), tags={"gci/files": str(len(new))})
        else:
            yield dg.SkipReason("Files are still being written." if waiting else "No new file in landing/.")

    return [new_files_in_landing]


def looked_at(root: Path) -> dict[str, list[float]]:
    """Size and time of change of each file under ``landing/``, by feed and name."""
    found = {}
    for feed, path in dropped_files(root / "landing"):
        if feed and path.is_file():
            state = path.stat()
            found[f"{feed}/{path.name}"] = [state.st_size, state.st_mtime]
    return found
