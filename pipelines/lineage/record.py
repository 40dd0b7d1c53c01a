"""What the events of a month are made of: its manifests, findings and verdicts, the log, and the revision that they belong to.

Everything is read through the ledger, so that a ledger that answers for an older revision gives the record of that one. No event is made
here, and nothing of OpenLineage is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from resources.errors import GciError
from resources.ledger import ENTRY, OWN, RUN, Entry, Ledger, Manifest

Row = Mapping[str, Any]
_INDEX = "index/site_index"


@dataclass(frozen=True)
class MonthRecord:
    """One revision of one month. ``entries``: the log by number; ``closed``: the entry that made the revision final, None while it is not.

    ``manifests``: those of tables, by name; ``run`` that of the whole month, None where its run did not come to its end.
    """

    namespace: str
    month: str
    revision: int
    closed: Entry | None
    manifests: Mapping[str, Manifest]
    run: Manifest | None
    entries: Mapping[int, Entry]
    findings: tuple[Row, ...] = ()
    verdicts: tuple[Row, ...] = ()

    def moment(self, as_of: int) -> str:
        return self.entries[as_of].at


def read_record(ledger: Ledger, month: str, revision: int = 1, closed: Entry | None = None) -> MonthRecord:
    """The record of a month as the ledger has it; GciError when the month was not computed, or by a version that kept no files."""
    inputs = ledger.inputs_of(month)
    stored = {item.table_name: replace(item, inputs=inputs.get(item.table_name, {})) for item in ledger.manifests(month)}
    tables = {name: item for name, item in stored.items() if not name.startswith("ledger/") and name not in (RUN, OWN)}
    if _INDEX not in tables:
        raise GciError(f"{month} was not computed yet. Run 'gci run {month}'. {month} 尚未计算,请先运行 'gci run {month}'。")
    if not any(name.startswith(f"{ENTRY} ") for item in tables.values() for name in item.inputs):
        raise GciError(
            f"{month} was computed by an older version, which did not note from which files. Run 'gci run {month}'. "
            f"{month} 由旧版本计算,未记录所用文件;请重新运行 'gci run {month}'。"
        )
    entries = {entry.n: entry for entry in ledger.entries()}
    return MonthRecord(
        namespace_of(entries[1]), month, revision, closed, tables, stored.get(RUN), entries,
        tuple(ledger.rows("finding", month=month)), tuple(ledger.rows("verdict", month=month)),
    )  # fmt: skip


def namespace_of(first: Entry) -> str:
    """The namespace of a home: ``gci://`` and sixteen digits of the head of its first log entry.

    It is the same for every revision and every copy of a home, wherever it lies, and another for every other home; no path is in it.
    """
    return f"gci://{first.head.removeprefix('sha256:')[:16]}"
