"""What files of metering standards say of their meters, held against the registry of meters.

A NEM12 or Green Button file states the kind, the unit and the interval of its readings; a CSV does not. Where the registry says
otherwise, a meter would count a thousandfold or in the wrong hour, so its readings are refused with both named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from assets.staging.meters import Meter
from resources.calendar import month_last_day

# kind (register, interval, power), unit, and minutes of an interval
Kind = tuple[str, str, float | None]
Stated = frozenset[Kind]


def stated_kinds(payloads: Iterable[Mapping[str, Any]]) -> dict[str, Stated]:
    """By meter, everything that the log's entries of files (``stated`` of their payload) say of it."""
    found: dict[str, set[Kind]] = {}
    for payload in payloads:
        for meter_id, kinds in payload.get("stated", {}).items():
            found.setdefault(meter_id, set()).update((kind, unit, minutes) for kind, unit, minutes in kinds)
    return {meter_id: frozenset(kinds) for meter_id, kinds in found.items()}


def held_against(stated: Mapping[str, Stated], registry: Sequence[Meter], rows: Iterable[Mapping[str, Any]], month: str) -> list[Meter]:
    """The meters of a month, those refused (CT02) of which the month's files state what none of their rows in force says.

    ``rows``: all rows of the feed ``meters``. Intervals of metering standards stand at their start.
    """
    mine: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["meter_id"] in stated:
            mine.setdefault(row["meter_id"], []).append(row)
    return [_refused(m, stated[m.meter_id], _in_force(mine[m.meter_id], month)) if m.meter_id in mine else m for m in registry]


def _in_force(rows: list[Mapping[str, Any]], month: str) -> list[Mapping[str, Any]]:
    """Rows in force on some day of the month: those that begin in it and the one before them."""
    begun = sorted((r for r in rows if (r["valid_from"] or "") <= month_last_day(month).isoformat()), key=lambda r: r["valid_from"] or "")
    return [row for row, after in zip(begun, [*begun[1:], None], strict=True) if after is None or after["valid_from"] > f"{month}-01"]


def _refused(meter: Meter, stated: Stated, rows: list[Mapping[str, Any]]) -> Meter:
    registered = [_registered(row) for row in rows]
    other = sorted((kind for kind in stated if _words(*kind) not in registered), key=str)
    if not other or not rows:
        return meter
    reason = f"The file states {_words(*other[0])}, but the table of meters says {registered[-1]}."
    return replace(meter, spans=tuple(replace(span, refusal=span.refusal or ("CT02", reason)) for span in meter.spans))


def _registered(row: Mapping[str, Any]) -> str:
    kind = "power" if row["kind"] == "software" else row["kind"]
    return _words(kind, row["unit"] or "no unit", row["interval_minutes"], row["interval_label"])


def _words(kind: str, unit: str, minutes: float | None, label: str | None = "start") -> str:
    if kind != "interval":
        return f"{kind} in {unit}"
    length = "no length" if minutes is None else f"{minutes:g} minutes"
    return f"interval in {unit} of {length} labelled by {label or 'nothing'}"
