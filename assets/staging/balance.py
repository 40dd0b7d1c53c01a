"""The balance of each node of the metering forest: what flows in, what flows out, and what is left.

A node is a meter with loads below it. Here are its members and its month (staging/energy_balance); what a balance says about a meter
that was silent is in ``filling.py``. Energy, water and heat alike, in whole units. Rows of the registry arrive as plain dicts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from assets.staging.topology import SOURCES, Row, ancestors, parent_of, plain, stretches
from checks.rules.daily import class_percent
from resources.calendar import HOUR_S, local_s

KNOWN_STATES = ("measured", "profiled")  # metered: an estimate proves nothing about a node
SCHEMA = {
    "site_id": pl.String, "node_id": pl.String, "inflow": pl.Int64, "outflow": pl.Int64, "residual": pl.Int64, "known_s": pl.Int64,
    "class_error": pl.Float64, "month": pl.String,
}  # fmt: skip

_MEMBERS = {
    "node": pl.Int64, "meter_id": pl.String, "sign": pl.Int64, "class": pl.Float64, "from_s": pl.Int64, "to_s": pl.Int64,
    "members": pl.Int64,
}  # fmt: skip
_TOGETHER = 1000  # members that are summed together


@dataclass(frozen=True)
class Node:
    """A node on the days ``first_day`` … ``last_day`` (both included).

    ``members``: what flows in (its own meter, then the sources attached to it) with +1, what flows out (attached loads, export,
    storage_charge) with −1. ``closed`` is False when a load below it is only estimated by software.
    """

    site_id: str
    node_id: str
    first_day: date
    last_day: date
    members: tuple[tuple[str, int], ...]
    classes: tuple[str | None, ...]  # accuracy class of each member
    closed: bool

    def bounds_s(self, zone: str) -> tuple[int, int]:
        """First second, and first second after, of its days in a time zone."""
        return day_start_s(self.first_day, zone), day_start_s(self.last_day + timedelta(days=1), zone)


def day_start_s(day: date, zone: str) -> int:
    return local_s(datetime(day.year, day.month, day.day), zone)


def nodes_of(meters: Iterable[Mapping[str, Any]], month: str) -> list[Node]:
    """The nodes of all sites on each stretch of days of a month, sorted.

    ``meters``: all rows of the registry. Inflow = a meter with loads below it + the sources attached to it; outflow = attached loads,
    export and storage_charge among them; a source attached to a node is not a descendant. Check meters and software estimates are
    no members, nor a virtual meter of which a part is measured below the same node. Source: metering.md §5.
    """
    found = []
    for first, last, in_force in stretches(plain(meters), month):
        rows = {name: row for name, row in in_force.items() if row["check_meter_of"] is None}
        below, attached, soft = defaultdict(list), defaultdict(list), set()
        for name, row in sorted(rows.items()):
            parent = parent_of(row, rows)
            if row["kind"] == "software":
                soft.add(parent)
            elif parent is not None:
                if not any(parent in ancestors(leaf, rows) for leaf in row.get("leaves") or () if leaf in rows):
                    below[parent].append(name)
            elif node := _attached_to(row, rows):
                attached[node].append(name)
        for name in sorted(below):
            own = rows[name]
            if own["kind"] != "software":
                members = [(name, 1), *((source, 1) for source in attached[name]), *((load, -1) for load in below[name])]
                classes = tuple(rows[member].get("accuracy_class") for member, _ in members)
                found.append(Node(own["site_id"], name, first, last, tuple(members), classes, name not in soft))
    return sorted(found, key=lambda node: (node.site_id, node.node_id, node.first_day))


def _attached_to(row: Row, rows: Mapping[str, Row]) -> str | None:
    """The node that a source feeds: the meter it names as its parent, though it is no descendant of it."""
    node = rows.get(row["parent_meter_id"] or "")
    feeds = node is not None and row["point"] in SOURCES and (node["site_id"], node["medium"]) == (row["site_id"], row["medium"])
    return str(row["parent_meter_id"]) if feeds else None


def metered_hours(energy: pl.DataFrame | pl.LazyFrame, meter_ids: Iterable[str]) -> pl.DataFrame:
    """The hours in which these meters are metered in full: meter_id, hour_s, quantity."""
    wanted = pl.col("meter_id").is_in(sorted(set(meter_ids)))
    metered = pl.col("state").is_in(KNOWN_STATES) & (pl.col("known_s") == HOUR_S)
    found = energy.lazy().filter(wanted & metered).select("meter_id", "site_id", "hour_s", "quantity").collect()
    names = ["meter_id", "site_id"]
    begins = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in names)  # of each run of hours
    if found.filter(begins).select(names).unique()["meter_id"].is_unique().all():
        return found.drop("site_id")
    # a shared meter has a row for each of its sites: together they are what flowed
    return found.group_by("meter_id", "hour_s").agg(pl.col("quantity").sum())


def energy_balance(energy: pl.DataFrame, meters: Iterable[Mapping[str, Any]], month: str, zones: Mapping[str, str]) -> pl.DataFrame:
    """staging/energy_balance: inflow, outflow and residual of each node over the hours in which every member is metered.

    ``energy``: staging/interval_energy; ``meters``: all rows of the registry as plain dicts; ``zones``: time zone by site. Hours in which
    anything is estimated prove nothing and are left out, so that a meter filled by its parent's balance is never tested by it.
    ``class_error`` is √Σ(class·E)² over the members, an unknown class earning no allowance. Quantities in Wh, L, mL or normal L, null
    (with known_s 0) when no hour is known on all sides. Source: metering.md §5; checks.md BD06.
    """
    nodes = [node for node in nodes_of(meters, month) if node.site_id in zones]
    hours = metered_hours(energy, (name for node in nodes for name, _ in node.members))
    sums: dict[tuple[str, str], list[tuple[str, int, float, int]]] = defaultdict(list)
    seconds: dict[tuple[str, str], int] = {(node.site_id, node.node_id): 0 for node in nodes}
    for some in _together(nodes):
        members = _members(some, zones).with_row_index("member")
        own = (
            hours.join(members.select("member", "node", "meter_id", "from_s", "to_s", "members"), on="meter_id")
            .filter(pl.col("hour_s").is_between(pl.col("from_s"), pl.col("to_s"), closed="left"))
            .drop("meter_id", "from_s", "to_s")
            .filter(pl.len().over(pl.col("node") * 2**34 + pl.col("hour_s")) == pl.col("members"))
        )
        for number, n in own.group_by("node").agg(pl.col("hour_s").n_unique()).iter_rows():
            seconds[some[number].site_id, some[number].node_id] += n * HOUR_S
        totals = members.join(own.group_by("member").agg(pl.col("quantity").sum()), on="member").sort("node", "meter_id")
        for number, *total in totals.select("node", "meter_id", "sign", "class", "quantity").iter_rows():
            sums[some[number].site_id, some[number].node_id].append(tuple(total))
    rows = []
    for (site_id, node_id), known_s in sorted(seconds.items()):
        parts = sums[site_id, node_id]
        inflow, outflow = (sum(q for _, sign, _, q in parts if sign == way) if known_s else None for way in (1, -1))
        residual = inflow - outflow if inflow is not None and outflow is not None else None
        rows.append((site_id, node_id, inflow, outflow, residual, known_s, _error(parts) if known_s else None, month))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _together(nodes: Sequence[Node]) -> list[list[Node]]:
    """The nodes in their order, in groups of about as many members: few operations on large tables, and flat memory."""
    groups: list[list[Node]] = []
    held = _TOGETHER
    for node in nodes:
        if held >= _TOGETHER:
            groups.append([])
            held = 0
        groups[-1].append(node)
        held += len(node.members)
    return groups


def _members(nodes: Sequence[Node], zones: Mapping[str, str]) -> pl.DataFrame:
    """The members of some nodes, which go by their place in the list, with the seconds of the node's days."""
    rows = [
        (number, name, sign, class_percent(text) / 100, *node.bounds_s(zones[node.site_id]), len(node.members))
        for number, node in enumerate(nodes)
        for (name, sign), text in zip(node.members, node.classes, strict=True)
    ]
    return pl.DataFrame(rows, schema=_MEMBERS, orient="row")


def _error(parts: list[tuple[str, int, float, int]]) -> float:
    """√Σ(class·E)²: a member whose class changed within the month errs one way all month."""
    by_meter: dict[str, float] = defaultdict(float)
    for meter_id, _, share, quantity in parts:
        by_meter[meter_id] += share * quantity
    return sum(error * error for error in by_meter.values()) ** 0.5
