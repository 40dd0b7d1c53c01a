"""The life of every certificate range: where each number stands, who has it, and until when it can be used.

One row for each range whose numbers share one story. What of it counts for whom is ``claims.py``; whether the sums hold,
``certificate_books.py``. Rows are plain dicts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from assets.reference.calendar_of_claims import ANNUAL, ClaimCalendar
from assets.staging.certificates import Range, Row, stretches
from assets.staging.claim_rules import ClaimRules

# issued → transferred* → cancelled | expired | frozen | withdrawn (green-power.md §2); what leaves this path is disputed.
OPEN = ("issued", "transferred")
AFTER = {"transfer": "transferred", "cancel": "cancelled", "expire": "expired", "freeze": "frozen", "withdraw": "withdrawn"}
UNISSUED, DISPUTED = "not issued", "disputed"
STATES = (*OPEN, "cancelled", "expired", "frozen", "withdrawn", DISPUTED, UNISSUED)
LEDGER = {
    "project_code": pl.String, "production_month": pl.String, "seq_start": pl.Int64, "seq_end": pl.Int64, "state": pl.String,
    "since": pl.String, "site_id": pl.String, "account": pl.String, "beneficiary": pl.String, "channel": pl.String,
    "contract_id": pl.String, "consumption_start": pl.String, "consumption_end": pl.String, "energy_class": pl.String,
    "energy_type": pl.String, "tradable": pl.Boolean, "usable_for": pl.String, "usable_to": pl.String, "fault": pl.String,
    "evidence": pl.String, "entry": pl.Int64, "source_row": pl.Int64, "month": pl.String,
}  # fmt: skip
_YEARS_AHEAD = 10  # no regime lets a certificate count for consumption later than that


def state_of(issued: Sequence[Row], events: Sequence[Row]) -> tuple[str, str | None]:
    """Where numbers stand that some rows issued and some events befell (in the order they happened), and what is wrong, if anything.

    Source: green-power.md §2 (state machine of a range).
    """
    if not issued:
        return UNISSUED, "no row issues these numbers"
    if len(issued) > 1:
        return DISPUTED, "issued by several rows"
    state = "issued"
    for event in events:
        if state not in OPEN:
            return DISPUTED, f"{state}, then {AFTER[event['kind']]}"
        if event["on"] < issued[0]["issued_on"]:
            return DISPUTED, f"{AFTER[event['kind']]} before it was issued"
        state = AFTER[event["kind"]]
    return state, None


def last_use(production_month: str, rules: ClaimRules, calendar: ClaimCalendar) -> tuple[str, str]:
    """The last month of consumption that certificates of a production month can count for, and the last day on which to cancel them.

    Where the regime of that consumption sets no day, it is the day after which claims of its year are complete (project convention).
    Source: green-power.md §2 (validity) and §3.
    """
    year = int(production_month[:4])
    usable = [
        f"{consumed:04d}-12"
        for consumed in range(year, year + _YEARS_AHEAD)
        if rules.vintage_fault(production_month, f"{consumed:04d}-12", "") != "vintage"
    ]
    days = [rules.expires_on(production_month, month) or calendar.last_day(ANNUAL, month).isoformat() for month in usable]
    return usable[-1], max(days)


def range_states(
    certificates: Iterable[Row], events: Iterable[Row], rules: ClaimRules, calendar: ClaimCalendar, month: str = ""
) -> pl.DataFrame:
    """Where every number of some project-months stands: LEDGER, sorted, ranges as long as one story holds.

    ``certificates``, ``events``: rows of the two feeds. A range that events cut into parts stands as parts; parts that adjoin and share
    their story are one range again. ``site_id``, ``account``, ``beneficiary`` … are those of the last event; ``entry`` and
    ``source_row`` its row, or that of the issue. Source: green-power.md §2.
    """
    issued, happened = _grouped(certificates), _grouped(events)
    found: list[Row] = []
    for key in sorted({*issued, *happened}):
        usable_for, usable_to = last_use(key[1], rules, calendar)
        known = {"usable_for": usable_for, "usable_to": usable_to, "month": month}
        parts = [
            (Range(*key, start, end), known | _said(own, befell))
            for start, end, (own, befell) in stretches(sorted(issued[key], key=_source), sorted(happened[key], key=_order))
        ]
        found += [vars(span) | said for span, said in _merged(parts)]
    return pl.DataFrame([{name: row[name] for name in LEDGER} for row in found], schema=LEDGER)


def _grouped(rows: Iterable[Row]) -> dict[tuple[str, str], list[Row]]:
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        found[row["project_code"], row["production_month"]].append(row)
    return found


def _order(event: Mapping[str, Any]) -> tuple[Any, ...]:
    # on one day a transfer comes before the cancellation it serves
    return event["on"], event["kind"] != "transfer", event["kind"], event["seq_start"], event["seq_end"], *_source(event)


def _source(row: Mapping[str, Any]) -> tuple[int, int]:
    return row.get("entry") or 0, row.get("source_row") or 0


def _said(issued: list[Row], events: list[Row]) -> Row:
    """Everything a row says but its numbers."""
    state, fault = state_of(issued, events)
    by, last = (issued[0] if issued else {}), (events[-1] if events else {})
    first = last.get("consumption_start") or last.get("consumption_month")
    return {
        "state": state, "fault": fault, "since": last.get("on") or by.get("issued_on"), "account": last.get("to_account"),
        **{name: last.get(name) for name in ("site_id", "beneficiary", "channel", "contract_id", "evidence")},
        "consumption_start": first, "consumption_end": last.get("consumption_end") or last.get("consumption_month") or first,
        **{name: by.get(name) for name in ("energy_class", "energy_type", "tradable")},
        **{name: (last or by).get(name) for name in ("entry", "source_row")},
    }  # fmt: skip


def _merged(parts: Iterable[tuple[Range, Row]]) -> list[tuple[Range, Row]]:
    """Parts of one project-month in order, those that adjoin and say the same made one."""
    found: list[tuple[Range, Row]] = []
    for span, said in parts:
        if found and found[-1][1] == said and found[-1][0].seq_end + 1 == span.seq_start:
            found[-1] = (found[-1][0].merge(span), said)
        else:
            found.append((span, said))
    return found
