"""``gci export openlineage``: the run events of a month as a file, and to a server.

OpenLineage's client and the contracts are imported when it is asked for.
"""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.cli import lookup
from pipelines.cli.options import print_json
from resources.errors import UsageError
from resources.home import Home
from resources.revision_home import home_at
from resources.revisions import CLOSING, Revision, closed_of

SUFFIXES = (".ndjson", ".jsonl")


def export_openlineage(home: Home, month: str, target: Path | None, url: str | None, output: str, revision: int | None = None) -> int:
    """Write the events of a month, of its newest final revision where it has one (or of ``revision``); send them too to ``url``."""
    lookup.check_month_of(home, month)
    if target is not None:
        check_target(target)

    from pipelines.lineage.record import read_record

    final = _final(home, month, revision)
    if final is None:
        record = read_record(home.ledger, month)
    else:
        (closing,) = [entry for entry in home.ledger.entries(kinds=CLOSING) if entry.n == final.entry]
        record = read_record(home_at(home, final).ledger, month, final.number, closing)

    from pipelines.lineage.events import month_events
    from pipelines.lineage.send import lines, send, transport_to, write

    transport = transport_to(url) if url is not None else None
    events = month_events(record)
    path = target if target is not None else home.reports / "openlineage" / f"{month}.ndjson"
    if target is None:
        path.parent.mkdir(parents=True, exist_ok=True)
    write(path, lines(events))
    if transport is not None:
        send(transport, events, path)
    sent = len(events) if transport is not None else 0
    if output == "json":
        print_json({"file": str(path), "month": month, "revision": record.revision, "namespace": record.namespace,
                    "events": len(events), "sent": sent})  # fmt: skip
        return 0
    click.echo(f"{path}: {len(events)} events of {len(events) // 2} runs, namespace {record.namespace}. 共 {len(events)} 条事件。")
    if sent:
        click.echo(f"The server took all of them. 服务端已接收全部 {sent} 条。")
    return 0


def _final(home: Home, month: str, number: int | None) -> Revision | None:
    """The revision of a month that was made last (with a number: the last of that number); None where nothing is final.

    Its events are of the tables of all sites, as they were at its entry of the log; findings and verdicts are of the sites that it is of.
    """
    found = [item for (_, when), items in closed_of(home).revisions.items() if when == month for item in items]
    wanted = [item for item in found if number in (None, item.number)]
    if number is not None and not wanted:
        known = ", ".join(str(n) for n in sorted({item.number for item in found})) or "none: nothing of it is final"
        raise UsageError(f"{month} has no revision {number}. Revisions: {known}. 没有该修订。")
    return max(wanted, key=lambda item: item.entry, default=None)


def check_target(path: Path) -> None:
    """UsageError when a named file can't become the lines: nothing is written under another name or in a folder made for it."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"--to {path} is no .ndjson or .jsonl file: the events are one JSON object a line. Name it {path.stem}.ndjson.")
    if not path.parent.is_dir():
        raise UsageError(f"--to {path}: there is no folder {path.parent}. Make it, or name another.")
