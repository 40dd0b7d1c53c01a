"""What is killed: a table of operations on a hand-made home, and the child process in which one runs until it is killed.

Add an operation as a row of OPERATIONS: what makes the home on which it begins, and the ``gci`` command itself. Run again, the command must
complete what a killed one began.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# What a command needs is imported here once: children fork from a server that has imported this module.
import assets.compute
import assets.raw.landing  # noqa: F401
import pipelines.documents
import pipelines.restating
import pipelines.signing  # noqa: F401
from pipelines.cli.main import main
from resources.home import Home
from tests.pipeline.hand_made import MONTHS, make_home, write_csv

MONTH = MONTHS[-1]
EVERY = 20  # of the transactions of Dagster's own databases, which are many, one in so many is a point


@dataclass(frozen=True)
class Operation:
    """A command that is killed; ``prepare`` makes the home on which it begins in a folder that is not there yet."""

    name: str
    command: Sequence[str]
    prepare: Callable[[Path], object]


def _two_files(root: Path) -> None:
    shutil.rmtree(make_home(root, [MONTH]).landing / "meter_readings")


def _late_file(root: Path) -> None:
    """A computed month, and a corrected reading that came after."""
    home = make_home(root, [MONTH])
    assert main(["run", MONTH, "--home", str(root)]) == 3
    header = ("meter_id", "read_at", "value")
    write_csv(home.landing / "meter_readings" / "late.csv", header, [("S1-G", f"{MONTH}-15 12:00", 53_250)])


SUBMIT = ["close", MONTH, "--submit", "--by", "Wang Wei"]
APPROVE = ["close", MONTH, "--approve", "--by", "Li Na", "--statement", "checked"]
RESTATE = ["restate", MONTH, "--cause", "CORRECTED_READING", "--reason", "read again", "--by", "Wang Wei", "--approved-by", "Li Na"]
SIGN = ["sign", MONTH, "--by", "Green Verify", "--statement", "no reservation"]


def _computed(root: Path) -> None:
    make_home(root, [MONTH])
    assert main(["run", MONTH, "--home", str(root)]) == 3


def _submitted(root: Path) -> None:
    _computed(root)
    assert main([*SUBMIT, "--home", str(root)]) == 0


def _final(root: Path) -> None:
    _submitted(root)
    assert main([*APPROVE, "--home", str(root)]) == 0


def _late_for_the_final(root: Path) -> None:
    """A final month whose candidate says something else: IT stood 50 kWh higher at its end."""
    _final(root)
    late = [("S1-I", "2026-02-01 00:00", 500 + 74_400 + 50)]
    write_csv(root / "landing" / "meter_readings" / "late.csv", ("meter_id", "read_at", "value"), late)
    assert main(["run", MONTH, "--home", str(root)]) == 3


OPERATIONS = {
    item.name: item
    for item in (
        Operation("land", ["land"], lambda root: make_home(root, MONTHS)),
        Operation("land little", ["land"], _two_files),
        Operation("run", ["run", MONTH], lambda root: make_home(root, [MONTH])),
        Operation("run with a late file", ["run", MONTH], _late_file),
        Operation("submit", SUBMIT, _computed),
        Operation("approve", APPROVE, _submitted),
        Operation("restate", RESTATE, _late_for_the_final),
        Operation("sign", SIGN, _final),
    )
}


def left(root: Path) -> dict[str, object]:
    """What a command left, by content: the log (without its times and heads) and everything computed."""
    ledger = Home.open(root).ledger
    found: dict[str, object] = {f"entry {e.n}": (e.kind, e.name, e.digest, e.payload) for e in ledger.entries()}
    found |= {f"{m.month} {m.table_name}": m.digest for m in ledger.manifests() if not m.table_name.startswith("ledger/")}
    return found | {f"{row['month']} {row['entity_id']} {row['window']}": row["output_digest"] for row in ledger.rows("result")}


# the child ------------------------------------------------------------------------------------------------------------


def child(command: Sequence[str], root: str, environment: dict[str, str], kill_at: int | None, count: str | None) -> None:
    """Run a ``gci`` command; SIGKILL just before the ``kill_at``-th point (from 1), or write the number of points to the file ``count``."""
    os.environ.update(environment)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    points = 0

    def point() -> None:
        nonlocal points
        points += 1
        if points == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    _hook(point)
    status = main([*command, "--home", root])
    if count is not None:
        Path(count).write_text(str(points))
    os._exit(status)


def _hook(point: Callable[[], None]) -> None:
    """Call ``point`` before what makes a change last: a sync, a rename, a link, a removal, a begin and a commit of any database."""
    import sqlalchemy as sa

    def before(function: Callable[..., Any]) -> Callable[..., Any]:
        def hooked(*arguments: Any, **options: Any) -> Any:
            point()
            return function(*arguments, **options)

        return hooked

    for name in ("fsync", "replace", "rename", "link", "unlink", "mkdir"):
        setattr(os, name, before(getattr(os, name)))
    others = 0

    def transaction(connection: sa.Connection) -> None:
        nonlocal others
        if connection.engine.url.database and connection.dialect.name == "sqlite":  # one of Dagster's: the ledger's is opened by a function
            others += 1
            if others % EVERY:
                return
        point()

    for event in ("begin", "commit"):
        sa.event.listen(sa.Engine, event, transaction)
