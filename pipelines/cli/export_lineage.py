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

SUFFIXES = (".ndjson", ".jsonl")


def export_openlineage(home: Home, month: str, target: Path | None, url: str | None, output: str) -> int:
    """Write the events of a month; send them too when ``url`` is given."""
    lookup.check_month_of(home, month)
    if target is not None:
        check_target(target)

    from pipelines.lineage.record import read_record

    record = read_record(home.ledger, month)

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


def check_target(path: Path) -> None:
    """UsageError when a named file can't become the lines: nothing is written under another name or in a folder made for it."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"--to {path} is no .ndjson or .jsonl file: the events are one JSON object a line. Name it {path.stem}.ndjson.")
    if not path.parent.is_dir():
        raise UsageError(f"--to {path}: there is no folder {path.parent}. Make it, or name another.")
