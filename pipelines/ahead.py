"""A second process that works out the months ahead, while the first one leaves a month, scores it and writes its pages.

Raw tables, staging and indicators of a month follow from the log and from the same steps of the months before; nothing above them is
asked. So one process goes through them month by month, and the one that holds the home's lock takes what is ready, leaves it in the ledger
and does the rest. The second process never writes the ledger; what it puts into the lake is named by its content. Should it fail or be
killed, the first one computes what is missing itself, and says what is wrong as it always does: the numbers are the same in every case.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any

from assets.compute import Compute
from assets.indicators.accounts_step import measure_accounts
from assets.indicators.step import measure_indicators
from assets.prepared import Prepared
from assets.raw.feeds import load
from assets.raw.fingerprint import own_fingerprint, remember
from assets.raw.step import raw
from assets.staging.boundary_step import stage_boundary
from assets.staging.certificate_step import stage_certificates
from assets.staging.step import stage_claims, stage_energies, stage_intervals, stage_inventory
from resources.code_version import code_version
from resources.cycles import look_seldom
from resources.home import Home
from resources.ledger import OWN, Ledger, Manifest, Rows
from resources.schema import DERIVED
from resources.settings import settings_of

# each after those that it reads
STEPS = (
    raw, stage_intervals, stage_energies, stage_inventory, stage_claims, stage_certificates, stage_boundary, measure_indicators,
    measure_accounts,
)  # fmt: skip
FEWEST = 6  # months that are worth the start of a process
_TOP = "reports"  # the layer whose code version covers all code


class Ahead:
    """The steps of months in their order, from a second process; none where it does not pay: few months, one processor, or Spark, which
    uses all there are."""

    def __init__(self, home: Home, as_of: int) -> None:
        self.home, self.as_of = home, as_of
        self._process: subprocess.Popen[bytes] | None = None

    def expect(self, months: int) -> None:
        """That many months are likely to be computed: the process may start, and read the feeds, before it is known which."""
        if self._process is not None or months < FEWEST or _processors() < 2 or self.home.settings.engine == "spark":
            return
        # A process of its own, not one of ``multiprocessing``: a fork would inherit locks of Polars' threads, a spawned one runs the
        # caller's script once more. In a session of its own: Ctrl-C is the first one's to answer, and ends the second.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pipelines.ahead", str(self.home.root), str(self.as_of)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "POLARS_MAX_THREADS": str(max(_processors() - 1, 1))},
        )  # fmt: skip

    def begin(self, months: Sequence[str]) -> None:
        """These months are computed, in this order."""
        self.expect(len(months))
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):  # it ended: nothing will come
                self._process.stdin.write("\n".join(months).encode())
                self._process.stdin.close()

    def take(self, month: str) -> Mapping[str, Prepared]:
        """The steps of the next month; none when there is no other process, when it ended or runs other code."""
        if self._process is None or self._process.stdout is None:
            return {}
        try:
            found, version, own, steps = pickle.load(self._process.stdout)
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):  # it ended, in the midst of a month even, or was closed
            return {}
        if (found, version) != (month, code_version(_TOP)):
            self.close()
            return {}
        remember(Compute(self.home, month, self.as_of), own)
        return dict(steps)

    def close(self) -> None:
        """End the other process, whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):  # what was not sent yet has nowhere to go
                        pipe.close()


@contextmanager
def ahead_of(home: Home, as_of: int) -> Iterator[Ahead]:
    """Months ahead while the home's one writer computes them."""
    ahead = Ahead(home, as_of)
    try:
        yield ahead
    finally:
        ahead.close()


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


# the second process ------------------------------------------------------------------------------------------------------------------


def _work(root: str, as_of: str) -> None:
    """Write (month, code version, own fingerprint, steps) for every month that comes in to the standard output, which nothing else is
    written to."""
    look_seldom()
    with os.fdopen(os.dup(1), "wb") as output:
        os.dup2(2, 1)
        home = Home.open(root)
        ledger = PendingLedger(home)
        vars(home)["ledger"] = ledger
        document = ledger.latest("settings", int(as_of))
        if document is not None:  # what all months need, while it is not known yet which they are
            load(home, int(as_of), settings_of(home.lake.file_path(document.digest).read_bytes()))
        for month in sys.stdin.read().split():
            compute = Compute(home, month, int(as_of))
            steps = prepared(ledger, compute)
            pickle.dump((month, code_version(_TOP), own_fingerprint(compute), steps), output, pickle.HIGHEST_PROTOCOL)
            output.flush()


def prepared(ledger: PendingLedger, compute: Compute) -> dict[str, Prepared]:
    """The steps of a month by the name of their function, computed upon what ``ledger`` holds of the months before."""
    steps = {}
    for step in STEPS:
        done = step(compute)
        steps[step.__name__] = Prepared(done, ledger.taken())
    ledger.note(compute)
    return steps


class PendingLedger(Ledger):
    """A ledger that is read as if the changes were made that are only noted here. It writes nothing."""

    def __init__(self, home: Home) -> None:
        super().__init__(home.settings.ledger, home.root)
        self._pending: dict[tuple[str, str], Manifest] = {}
        self._month, self._rows = "", dict[str, list[dict[str, Any]]]()  # of the month that is worked out
        self._changes: list[dict[str, Any]] = []

    def replace(
        self,
        month: str,
        table_name: str,
        stored: Iterable[Manifest] = (),
        rows: Mapping[str, Rows | list[dict[str, Any]]] | None = None,
        *,
        as_of: int,
        code_version: str,
    ) -> None:
        """Note the change. A step of a month is noted once."""
        stored = tuple(stored)
        if month != self._month:
            self._month, self._rows = month, {}
        self._pending |= {(item.month, item.table_name): item for item in stored}
        laid: dict[str, Rows] = {}
        for name, content in (rows or {}).items():
            assert not isinstance(content, Rows)  # these are for the other process
            laid[name] = made = Rows.of(name, month, table_name, content)
            blank = dict.fromkeys(DERIVED[name].columns.keys()) | {"month": month, "table_name": table_name}
            self._rows.setdefault(name, []).extend(blank | row for row in content)
            seal = Manifest(month, f"ledger/{name}@{table_name}", made.digest, made.digest, len(content), as_of, code_version, {})
            self._pending[month, seal.table_name] = seal
        change = {"month": month, "table_name": table_name, "stored": stored, "rows": laid}
        self._changes.append(change | {"as_of": as_of, "code_version": code_version})

    def taken(self) -> tuple[dict[str, Any], ...]:
        """The changes since the last time."""
        changes, self._changes = tuple(self._changes), []
        return changes

    def note(self, compute: Compute) -> None:
        """Count a month as computed from today's inputs, as the other process will when it has gone through all its steps."""
        own = own_fingerprint(compute)
        if own is not None:
            item = Manifest(compute.month, OWN, own, "", 0, compute.as_of, code_version(_TOP), {})
            self._pending[compute.month, OWN] = item

    def manifest(self, month: str, table_name: str) -> Manifest | None:
        return self._pending.get((month, table_name)) or super().manifest(month, table_name)

    def manifests(self, month: str | None = None, table_name: str | None = None) -> list[Manifest]:
        """As they are, with those of the noted changes in their places."""
        known = {(item.month, item.table_name): item for item in super().manifests(month, table_name)}
        noted = {key: item for key, item in self._pending.items() if month in (None, key[0]) and table_name in (None, key[1])}
        return [item for _, item in sorted((known | noted).items())]

    def digests(self, *months: str) -> dict[str, dict[str, str]]:
        found = super().digests(*months)
        for (month, table), item in self._pending.items():
            if month in found:
                found[month][table] = item.digest
        return found

    def rows(self, name: str, columns: Sequence[str] = (), **where: Any) -> list[dict[str, Any]]:
        """Noted rows of the month that is worked out. ValueError for another one: a step that reads those is none for this process."""
        if where.get("month") != self._month:
            raise ValueError(f"rows of {name} are read of {self._month} here, not by {where}")
        found = [row for row in self._rows.get(name, []) if all(row[column] == value for column, value in where.items())]
        found.sort(key=itemgetter(*DERIVED[name].primary_key.columns.keys()))
        return [{column: row[column] for column in columns} for row in found] if columns else found


if __name__ == "__main__":
    _work(*sys.argv[1:])
