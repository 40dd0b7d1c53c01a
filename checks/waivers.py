"""Waivers: a named person lets a withheld quantity pass for a time, with a reason; the rule still fails.

A waiver is an entry of the log (kind ``waiver``) about one finding of one month. Put here what it says, which ones count at a moment of
the log, and what can't be waived. How the gate obeys is in ``gate.py``, the command in ``pipelines/cli/waive.py``. No pandas, no dagster.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from resources.errors import UsageError
from resources.ledger import Entry

WAIVER, WAIVER_END = "waiver", "waiver_end"  # kinds of log entries
# Impossible or counted for somebody else already: no name makes such a number publishable (checks.md, issue 4).
NEVER = ("BD07", "CT11")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Waiver:
    """Who lets which finding pass, why and until when (last day, in the home's time zone); what was seen when it was granted.

    ``finding`` is the finding's id, which names rule, site, month, quantity and subject and is stable over recomputation.
    """

    finding: str
    code: str
    site_id: str
    month: str
    quantity: str
    subject: str
    seen: float | None
    limit: float | None
    unit: str
    by: str
    reason: str
    until: str

    def document(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def text_en(self) -> str:
        return f"waived by {self.by} until {self.until}: {self.reason}"

    @property
    def text_zh(self) -> str:
        return f"由 {self.by} 豁免至 {self.until}:{self.reason}"


@dataclass(frozen=True)
class Granted:
    """A waiver and the number of the log entry that grants it."""

    waiver: Waiver
    entry: int

    def json(self) -> dict[str, Any]:
        """What ``gci show`` and the report say of it, wherever the number is shown."""
        return {**self.waiver.document(), "entry": self.entry}


def granted(finding: Row, *, by: str | None, reason: str | None, until: str | None, today: date) -> Waiver:
    """A waiver of a finding (a row of the ledger); UsageError when a name, reason or date is missing, or it can't be waived.

    ``today`` is the day in the home's time zone; ``until`` may be today at the earliest. Source: checks.md and issue 4 (by name, reason
    and expiry; never for BD07 or CT11).
    """
    by, reason = (by or "").strip(), (reason or "").strip()
    absent = [option for option, given in (("--by NAME", by), ("--reason TEXT", reason), ("--until DATE", until)) if not given]
    if absent:
        raise UsageError(f"A waiver needs a name, a reason and a last day: add {', '.join(absent)}. 豁免须有姓名、理由与截止日期。")
    try:
        last = date.fromisoformat(until or "")
    except ValueError:
        raise UsageError(f"--until {until} is no date. Write it as YYYY-MM-DD, for example {today.isoformat()}.") from None
    if last < today:
        raise UsageError(f"--until {last} is in the past (today is {today}): such a waiver would never count. 截止日期已过。")
    if finding["code"] in NEVER:
        raise UsageError(
            f"{finding['code']} can't be waived: the number would be impossible, or is claimed by somebody else already. Correct the data. "
            f"{finding['code']} 不得豁免,请更正数据。"
        )
    if finding["severity"] != "withhold":
        raise UsageError(
            f"{finding['id']} is a {finding['severity']} and withholds nothing: there is nothing to waive. 该问题不影响发布,无须豁免。"
        )
    return Waiver(
        finding["id"], finding["code"], finding["site_id"], finding["month"], finding["quantity"], finding["subject"], finding["seen"],
        finding["limit"], finding["unit"], by, reason, last.isoformat(),
    )  # fmt: skip


def waivable(findings: Iterable[Row]) -> list[Row]:
    """The findings that a waiver can be granted for."""
    return [row for row in findings if row["severity"] == "withhold" and row["code"] not in NEVER]


def day_of(at: str, zone: str) -> date:
    """The day of a log entry's instant (UTC) in a time zone."""
    return datetime.fromisoformat(at).astimezone(ZoneInfo(zone)).date()


def in_force(entries: Sequence[Entry], on: date, month: str | None = None) -> dict[str, Granted]:
    """By finding the waivers that count on a day, of one month or of all.

    ``entries`` are those of kind ``waiver`` up to a number of the log, and ``on`` the day of its newest entry: so whether a waiver counts
    is a function of the log and not of when somebody computes. Of several for one finding the newest counts: an earlier last day ends it.
    """
    newest = {entry.name: entry for entry in sorted(entries, key=lambda e: e.n) if entry.kind == WAIVER}
    found = {name: Granted(Waiver(**entry.payload), entry.n) for name, entry in sorted(newest.items())}
    return {
        name: item
        for name, item in found.items()
        if month in (None, item.waiver.month) and on <= date.fromisoformat(item.waiver.until) and item.waiver.code not in NEVER
    }
