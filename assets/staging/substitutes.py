"""What other meters say about a silent one: its check meter, and the balance of the node above it.

Both look at metered hours only, and both are scaled by what the meter itself had in the hours that all of them know: a silent hour must
not move a meter's level, nor make its neighbour's losses its own. When either is asked is decided in ``filling.py``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

import polars as pl

from assets.staging.balance import Node, day_start_s, metered_hours, nodes_of
from assets.staging.estimation import BALANCE, CHECK, Fill, Hour, Place
from assets.staging.topology import plain, stretches

Known = Mapping[str, Mapping[int, int]]  # metered quantity by meter and hour


@dataclass(frozen=True)
class Neighbours:
    """What stands beside each meter in a month: its check meters with the seconds from and until which they are, and the nodes above it."""

    checks: Mapping[str, Sequence[tuple[str, int, int]]]
    nodes: Mapping[str, Sequence[tuple[Node, int, int]]]


def neighbours_of(place: Place) -> Neighbours:
    """The neighbours of all meters (``check_meter_of``, ``parent_meter_id``), a node only where no load of it is software's estimate."""
    checks: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
    for first, last, rows in stretches(plain(place.meters), place.month):
        for name, row in sorted(rows.items()):
            checked = rows.get(row["check_meter_of"] or "")
            if checked and (checked["medium"], checked["site_id"]) == (row["medium"], row["site_id"]):
                zone = place.zones[checked["site_id"]]
                checks[checked["meter_id"]].append((name, day_start_s(first, zone), day_start_s(last + timedelta(days=1), zone)))
    nodes: dict[str, list[tuple[Node, int, int]]] = defaultdict(list)
    for node in nodes_of(place.meters, place.month):
        if node.closed:
            for name, sign in node.members:
                if sign < 0:
                    nodes[name].append((node, *node.bounds_s(place.zones[node.site_id])))
    return Neighbours({main: sorted(found) for main, found in checks.items()}, nodes)


def by_check_meter(energy: pl.LazyFrame, open_s: Mapping[Hour, int], neighbours: Neighbours) -> list[Fill]:
    """Estimates of hours with unknown seconds (``open_s``) from the check meters of their meters.

    The check meter's hour × Σ own ÷ Σ check over the hours of the month that both metered; as it reads when there is none; nothing from
    a check meter that stood still while the meter ran. Of several the first by name that knows the hour. ``energy``:
    staging/interval_energy before estimation. Source: metering.md §3; the scaling is a project convention.
    """
    silent = {meter_id: hours for meter_id, hours in _hours_by_meter(open_s).items() if meter_id in neighbours.checks}
    known = _known(energy, {name for main in silent for name in (main, *(check for check, _, _ in neighbours.checks[main]))})
    fills: dict[Hour, Fill] = {}
    for main, hours in silent.items():
        for name, first_s, after_s in neighbours.checks[main]:
            scale = _scale(known[main], known[name], alone=Fraction(1))
            for hour_s in hours:
                if scale is not None and first_s <= hour_s < after_s and hour_s in known[name] and (main, hour_s) not in fills:
                    fills[main, hour_s] = Fill.of_hour(main, hour_s, known[name][hour_s] * scale, open_s[main, hour_s], CHECK)
    return list(fills.values())


def by_parent_balance(energy: pl.LazyFrame, open_s: Mapping[Hour, int], neighbours: Neighbours) -> list[Fill]:
    """Estimates of hours with unknown seconds from the node above each meter, where everything else at the node is metered.

    (Inflow − the other outflows) × the meter's part of that in the hours of the month in which all of the node is metered. Nothing
    without such an hour, or from a negative balance. The node is never tested in these hours (``balance.energy_balance``). Source:
    metering.md §3 and §5; the scaling is a project convention.
    """
    silent = {meter_id: hours for meter_id, hours in _hours_by_meter(open_s).items() if meter_id in neighbours.nodes}
    known = _known(energy, {name for meter_id in silent for node, _, _ in neighbours.nodes[meter_id] for name, _ in node.members})
    fills = []
    for meter_id, hours in silent.items():
        for node, first_s, after_s in neighbours.nodes[meter_id]:
            others = [(name, sign) for name, sign in node.members if name != meter_id]
            left = {hour: quantity for hour, quantity in _balances(known, others).items() if first_s <= hour < after_s}
            scale = _scale(known[meter_id], left, alone=None)
            if scale is not None:
                fills += [
                    Fill.of_hour(meter_id, hour_s, left[hour_s] * scale, open_s[meter_id, hour_s], BALANCE)
                    for hour_s in hours
                    if left.get(hour_s, -1) >= 0
                ]
    return fills


def _balances(known: Known, members: Sequence[tuple[str, int]]) -> dict[int, int]:
    """The signed sum of some members of a node in each hour in which all of them are metered."""
    together = set.intersection(*(set(known[name]) for name, _ in members))
    return {hour: sum(sign * known[name][hour] for name, sign in members) for hour in together}


def _scale(own: Mapping[int, int], other: Mapping[int, int], alone: Fraction | None) -> Fraction | None:
    """Σ own ÷ Σ other over the hours of both; ``alone`` without such an hour; None where ``other`` is nothing and ``own`` is not."""
    both = own.keys() & other.keys()
    if not both:
        return alone
    mine, others = sum(own[hour] for hour in both), sum(other[hour] for hour in both)
    if others > 0:
        return Fraction(mine, others)
    return Fraction(1) if mine == others else None


def _known(energy: pl.LazyFrame, meter_ids: Iterable[str]) -> defaultdict[str, dict[int, int]]:
    found: defaultdict[str, dict[int, int]] = defaultdict(dict)
    wanted = set(meter_ids)
    for meter_id, hour_s, quantity in metered_hours(energy, wanted).iter_rows() if wanted else ():
        found[meter_id][hour_s] = quantity
    return found


def _hours_by_meter(hours: Iterable[Hour]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for meter_id, hour_s in sorted(hours):
        found[meter_id].append(hour_s)
    return dict(found)
