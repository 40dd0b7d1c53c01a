"""What the metering forest would count twice: the facts that rule BD05 judges.

Which meters count, and who is above whom, is in ``topology.py``; that it is a fault, and what follows, is in ``checks/rules``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from assets.staging.topology import Row, ancestors, countable, cycle_above, plain, sides_of, stretches

# BD05 asks inside these groups of a side (checks.md); across groups a meter below another is a source or a subtraction.
_GROUPS = {
    "grid_supply": "supplies", "direct_line": "supplies",
    "onsite_generation": "generation_storage_export", "backup_generation": "generation_storage_export",
    "storage_charge": "generation_storage_export", "storage_discharge": "generation_storage_export", "export": "generation_storage_export",
    "excluded": "excluded", "ups_output": "it", "pdu_output": "it", "it_input": "it", "water_supply": "supplies",
}  # fmt: skip


@dataclass(frozen=True, order=True)
class DoubleCount:
    """A fact for BD05: ``double`` (``other_id`` is above it and counted too), ``cycle``, or ``parents`` (more than one at a time).

    ``side`` is empty when no counted meter is concerned; ``other_id`` of a cycle or of several parents lists them all.
    """

    site_id: str
    side: str
    what: str
    meter_id: str
    other_id: str
    first_day: date


def double_counts(meters: Iterable[Mapping[str, Any]], sites: Iterable[Mapping[str, Any]], month: str) -> list[DoubleCount]:
    """The facts rule BD05 judges (checks.md): nothing counted twice on a side, no cycles, one parent; each fact once a month, sorted.

    Two meters count twice when one is above the other, both are in the same group of the same side, and both have the same sign
    there (an export meter below a generation meter is subtracted, not counted twice). Arguments as in ``counted``.
    """
    rows = plain(meters)
    by_site = {site["site_id"]: site for site in plain(sites)}
    found: dict[_Fact, date] = {}
    for first, _last, nodes in stretches(rows, month):
        sides: dict[str, list[tuple[str, int]]] = {}
        for name, row in nodes.items():
            site = by_site.get(row["site_id"])
            sides[name] = sides_of(row, site, nodes) if site is not None and countable(row) else []
        for fact in (*_ancestor_facts(nodes, sides), *_cycle_facts(nodes, sides), *_parent_facts(rows, nodes, sides, first)):
            found.setdefault(fact, first)  # stretches are in order: the first day the fact holds
    return sorted(DoubleCount(*fact, day) for fact, day in found.items())


_Fact = tuple[str, str, str, str, str]
_Sides = Mapping[str, list[tuple[str, int]]]


def _ancestor_facts(nodes: Mapping[str, Row], sides: _Sides) -> list[_Fact]:
    facts = []
    for name, entered in sides.items():
        for other in ancestors(name, nodes) if entered else ():
            if sides[other] and _GROUPS[nodes[other]["point"]] == _GROUPS[nodes[name]["point"]]:
                both = set(entered) & set(sides[other])
                facts += [(nodes[name]["site_id"], side, "double", name, other) for side, _sign in both]
    return facts


def _cycle_facts(nodes: Mapping[str, Row], sides: _Sides) -> list[_Fact]:
    """Each cycle once for each side that has a counted meter in it or below it, else once without a side."""
    concerned: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for name in nodes:
        if cycle := cycle_above(name, nodes):
            concerned[cycle] |= {side for side, _sign in sides[name]}
    return [
        (nodes[cycle[0]]["site_id"], side, "cycle", cycle[0], ", ".join(cycle))
        for cycle, touched in concerned.items()
        for side in (touched or {""})
    ]


def _parent_facts(meters: list[Row], nodes: Mapping[str, Row], sides: _Sides, day: date) -> list[_Fact]:
    """Meters with more than one parent on a day: another row that states an end after it and another parent, or a list of parents."""
    text = day.isoformat()
    stated: dict[str, set[str]] = defaultdict(set)
    for row in meters:
        current = nodes.get(row["meter_id"])
        if current is None or row["parent_meter_id"] is None:
            continue
        # A row without an end is ended by the next one; a row that names its end claims every day up to it.
        if row is current or ((row["valid_from"] or "") <= text and (row["valid_to"] or "") >= text):
            stated[row["meter_id"]] |= _names(row["parent_meter_id"], nodes)
    return [
        (nodes[name]["site_id"], side, "parents", name, ", ".join(sorted(parents)))
        for name, parents in stated.items()
        if len(parents) > 1
        for side in ({side for side, _sign in sides[name]} or {""})
    ]


def _names(text: str, nodes: Mapping[str, Row]) -> set[str]:
    """The meters a parent field names: usually one, but people write lists."""
    if text in nodes:
        return {text}
    parts = text.replace(";", ",").replace("；", ",").replace("，", ",").replace("、", ",").split(",")
    return {part.strip() for part in parts if part.strip()}
