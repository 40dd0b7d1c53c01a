"""What the metering forest would count twice: the facts that rule BD05 judges.

Which meters count, and who is above whom, is in ``topology.py``; that it is a fault, and what follows, is in ``checks/rules``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from assets.staging.topology import Row, ancestors, countable, cycle_above, plain, sides_of, sites_counting, stretches

# BD05 asks inside these groups of a side (checks.md); across groups a meter below another is a source or a subtraction.
_GROUPS = {
    "grid_supply": "supplies", "direct_line": "supplies",
    "onsite_generation": "generation_storage_export", "backup_generation": "generation_storage_export",
    "storage_charge": "generation_storage_export", "storage_discharge": "generation_storage_export", "export": "generation_storage_export",
    "excluded": "excluded", "ups_output": "it", "pdu_output": "it", "it_input": "it", "water_supply": "supplies",
}  # fmt: skip


@dataclass(frozen=True, order=True)
class DoubleCount:
    """A fact for BD05: ``double`` (``other_id`` is above it and counted too), ``cycle``, ``parents`` (more than one at a time), or
    ``member_counted`` (a virtual meter counts what the meters of ``other_id`` count too).

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
    there (an export meter below a generation meter is subtracted, not counted twice). A virtual meter stands for the meters it is
    made of, and counts twice what is left over when additions and subtractions on the side are taken together. Arguments as in
    ``counted``; rows of virtual and shared meters as ``parts.registry_rows`` gives them.
    """
    rows = plain(meters)
    by_site = {site["site_id"]: site for site in plain(sites)}
    found: dict[_Fact, date] = {}
    for first, _last, nodes in stretches(rows, month):
        sides: dict[str, list[_Entered]] = {}
        for name, row in nodes.items():
            places = [by_site[site_id] for site_id in sites_counting(row) if site_id in by_site] if countable(row) else []
            sides[name] = [(site["site_id"], *entered) for site in places for entered in sides_of(row, site, nodes)]
        for fact in (
            *_ancestor_facts(nodes, sides),
            *_virtual_facts(nodes, sides),
            *_cycle_facts(nodes, sides),
            *_parent_facts(rows, nodes, sides, first),
        ):
            found.setdefault(fact, first)  # stretches are in order: the first day the fact holds
    return sorted(DoubleCount(*fact, day) for fact, day in found.items())


_Fact = tuple[str, str, str, str, str]
_Entered = tuple[str, str, int]  # site, side, sign
_Sides = Mapping[str, list[_Entered]]


@dataclass(frozen=True)
class _Part:
    """What counts on a side through one meter with a register: the meter itself, or the virtual meter ``name``."""

    name: str
    virtual: bool
    side: tuple[str, str]  # site, side
    group: str
    times: int  # how often it counts, with its sign

    @property
    def sign(self) -> int:
        return 1 if self.times > 0 else -1


def _ancestor_facts(nodes: Mapping[str, Row], sides: _Sides) -> list[_Fact]:
    facts = []
    for name, entered in sides.items():
        for other in ancestors(name, nodes) if entered else ():
            made_of_it = name in dict(nodes[other].get("leaves") or ())  # said by _virtual_facts
            if sides[other] and not made_of_it and _GROUPS[nodes[other]["point"]] == _GROUPS[nodes[name]["point"]]:
                facts += [(site_id, side, "double", name, other) for site_id, side, _sign in set(entered) & set(sides[other])]
    return facts


def _virtual_facts(nodes: Mapping[str, Row], sides: _Sides) -> list[_Fact]:
    """What virtual meters count twice through the meters they are made of."""
    by_meter: dict[str, list[_Part]] = defaultdict(list)
    for name, entered in sides.items():
        leaves = nodes[name].get("leaves")
        for leaf, factor in ((name, 1),) if leaves is None else leaves:
            parts = [
                _Part(name, leaves is not None, (site_id, side), _GROUPS[nodes[name]["point"]], sign * factor)
                for site_id, side, sign in entered
            ]
            by_meter[leaf] += [part for part in parts if part.times]
    facts = []
    for leaf, parts in by_meter.items():
        line = [leaf, *ancestors(leaf, nodes)] if leaf in nodes else [leaf]
        for part in parts:
            facts += _counted_again(part, leaf, parts)
            for other in (o for name in line[1:] for o in by_meter.get(name, ())):
                if _above_again(part, other, [p for name in line for p in by_meter.get(name, ())]):
                    facts.append((*part.side, "double", part.name, other.name))
    return facts


def _counted_again(part: _Part, leaf: str, parts: list[_Part]) -> list[_Fact]:
    """A virtual meter with a member that counts on the side already, once all additions and subtractions are taken together."""
    alike = [p for p in parts if p.side == part.side]
    if not part.virtual or part.sign * sum(p.times for p in alike) < 2:
        return []
    others = sorted({p.name for p in alike if p.name != part.name and p.sign == part.sign} - {leaf})
    return [(*part.side, "member_counted", part.name, ", ".join([leaf, *others]))]


def _above_again(part: _Part, other: _Part, line: list[_Part]) -> bool:
    """Whether, one of the two being virtual, a meter above counts the same; net of all that counts on the way up."""
    if not (part.virtual or other.virtual) or part.name == other.name:
        return False
    alike = (part.side, part.group, part.sign) == (other.side, other.group, other.sign)
    return alike and part.sign * sum(p.times for p in line if (p.side, p.group) == (part.side, part.group)) >= 2


def _cycle_facts(nodes: Mapping[str, Row], sides: _Sides) -> list[_Fact]:
    """Each cycle once for each side that has a counted meter in it or below it, else once without a side."""
    concerned: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for name in nodes:
        if cycle := cycle_above(name, nodes):
            concerned[cycle] |= {side for _site, side, _sign in sides[name]}
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
        for side in ({side for _site, side, _sign in sides[name]} or {""})
    ]


def _names(text: str, nodes: Mapping[str, Row]) -> set[str]:
    """The meters a parent field names: usually one, but people write lists."""
    if text in nodes:
        return {text}
    parts = text.replace(";", ",").replace("；", ",").replace("，", ",").replace("、", ",").split(",")
    return {part.strip() for part in parts if part.strip()}
