"""``gci check SITE MONTH --waive FINDING``: the entry that lets a finding pass by name, and what to run then.

What a waiver is and what it can't cover is in ``checks/waivers.py``. Nothing is computed here: a waiver counts from the next computation
of its month, so that every number is a function of the log.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from checks.waivers import WAIVER, Granted, granted, in_force, waivable
from pipelines.cli.options import print_json
from resources.calendar import add_months
from resources.digest import canonical_json
from resources.errors import UsageError
from resources.home import Home
from resources.ledger import RUN

Row = dict[str, Any]


def today(home: Home, now: datetime | None = None) -> date:
    """The day in the home's time zone."""
    return (now or datetime.now(UTC)).astimezone(ZoneInfo(home.settings.timezone)).date()


def waive(
    home: Home,
    site: str,
    month: str,
    finding_id: str,
    *,
    by: str | None,
    reason: str | None,
    until: str | None,
    now: datetime | None = None,
) -> Granted:
    """Append the waiver of a finding of a computed site-month to the log; UsageError for what can't be waived (nothing is then written)."""
    findings = home.ledger.rows("finding", month=month, site_id=site)
    row = next((found for found in findings if found["id"] == finding_id), None)
    if row is None:
        raise _unknown(site, month, finding_id, findings)
    waiver = granted(row, by=by, reason=reason, until=until, today=today(home, now))
    document = waiver.document()
    digest = home.lake.keep_bytes(canonical_json(document).encode())
    return Granted(waiver, home.ledger.append(WAIVER, waiver.finding, digest, document, at=now))


def _unknown(site: str, month: str, finding_id: str, findings: Sequence[Row]) -> UsageError:
    near = difflib.get_close_matches(finding_id, [row["id"] for row in findings], n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    listed = "; ".join(f"{row['id']} ({row['quantity']}, {row['subject']})" for row in waivable(findings)) or "none 无"
    return UsageError(f"{site} has no finding '{finding_id}' in {month}.{hint} Those that can be waived 可豁免的问题: {listed}.")


def still_withheld(home: Home, item: Granted) -> list[str]:
    """Findings that withhold the same quantity in the month, or are the same fault of another one, and are not waived."""
    waiver = item.waiver
    rows = home.ledger.rows("finding", month=waiver.month, site_id=waiver.site_id, severity="withhold")
    waived = in_force(home.ledger.entries(kinds=[WAIVER]), today(home), waiver.month)
    concerned = [
        row for row in rows if row["quantity"] == waiver.quantity or (row["code"], row["subject"]) == (waiver.code, waiver.subject)
    ]
    return sorted(f"{row['id']} ({row['quantity']})" for row in concerned if row["id"] not in waived)


def next_command(home: Home, month: str) -> str:
    """What brings every computed number that reads the month up to date: the month, and later ones of whose window it is a part."""
    later = [m.month for m in home.ledger.manifests(table_name=RUN) if month < m.month <= add_months(month, 11)]
    return f"gci backfill {month} {max(later)}" if later else f"gci run {month}"


def print_waived(home: Home, item: Granted, output: str) -> None:
    """What was written, what still withholds the quantity, and what to run next."""
    waiver, rest, command = item.waiver, still_withheld(home, item), next_command(home, item.waiver.month)
    if output == "json":
        print_json({"waiver": item.json(), "still_withheld_by": rest, "next": command})
        return
    click.echo(f"Entry {item.entry}: {waiver.finding} ({waiver.quantity}, {waiver.subject}) is {waiver.text_en}.")
    click.echo(f"条目 {item.entry}:{waiver.finding}({waiver.quantity},{waiver.subject}){waiver.text_zh}。")
    if rest:
        click.echo(f"Still withheld by findings that are not waived 仍被以下问题暂缓: {', '.join(rest)}.")
    click.echo(f"It counts from the next computation: run '{command}'. 自下次计算起生效,请运行 '{command}'。")


def waivers_of(home: Home, site: str, month: str, counted: Sequence[Row]) -> list[Row]:
    """Every waiver of a site-month, newest of each finding, and what it does: ``state`` is counts, waiting (for a computation) or over.

    ``counted``: those that the computed result names (its key ``waivers``).
    """
    entries = [e for e in home.ledger.entries(kinds=[WAIVER]) if (e.payload["site_id"], e.payload["month"]) == (site, month)]
    numbers = {row["entry"] for row in counted}
    lasting = {item.entry for item in in_force(entries, today(home)).values()}
    newest = {entry.name: entry for entry in entries}
    return [
        {**e.payload, "entry": e.n, "state": "counts" if e.n in numbers else "waiting" if e.n in lasting else "over"}
        for e in newest.values()
    ]
