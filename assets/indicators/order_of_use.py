"""The order of use: which MWh of a site-month is covered by which claim, row by row, once.

``claims_of`` and the shares say how much counts; here it is said of which rows, by the same policy (docs/method/green-power.md). Energies
are whole Wh.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Use:
    """One eligible claim and what became of its energy: ``used_wh`` covers consumption of the month.

    ``surplus_wh`` of a product matched month by month covers nothing, ever; ``beyond_wh`` of a claim spread over a period exceeds this
    month's consumption and counts in the trailing window. The three make the row's quantity.
    """

    row: Row
    used_wh: int
    surplus_wh: int = 0
    beyond_wh: int = 0


def in_order_of_use(rows: Iterable[Row], consumption_wh: int | None, delivered: Collection[str]) -> list[Use]:
    """The eligible claims of one site and month in the order in which they cover its consumption.

    ``rows`` of ``staging/claims``; ``consumption_wh``: E_DC of the month (None: unknown, then nothing is cut); ``delivered``: the routes
    matched month by month. These come first and reach at most the month's consumption; then all claims that are left, best route
    weight first. Within a route: what emits nothing, then the oldest production, then by project, numbers, meter and contract. A range
    that is cut is used from its first number on. Source: green-power.md §3; the order is a project convention.
    """
    eligible = sorted((row for row in rows if row["status"] == "eligible" and row["quantity_wh"] is not None), key=_first)
    room = consumption_wh
    taken = []
    for row in eligible:
        quantity: int = row["quantity_wh"]
        if row["route"] in delivered and room is not None:
            quantity = min(quantity, max(room, 0))
            room -= quantity
        taken.append((row, quantity))
    left = consumption_wh
    used = []
    for row, quantity in sorted(taken, key=lambda item: (-item[0]["weight"], item[0]["route"])):
        counted = quantity if left is None else min(quantity, max(left, 0))
        left = None if left is None else left - counted
        used.append(Use(row, counted, row["quantity_wh"] - quantity, quantity - counted))
    return used


def _first(row: Row) -> tuple[Any, ...]:
    names = ("production_month", "project_code", "seq_start", "meter_id", "contract_id", "entry", "source_row")
    known = [(row[name] is not None, row[name] if row[name] is not None else "") for name in names]
    return -row["weight"], not row["carbon_free"], row["route"], *known
