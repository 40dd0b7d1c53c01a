"""What meters are made of: the feed ``meter_parts`` as definitions of virtual and shared meters, day by day of a month.

A virtual meter is a signed sum of meters, a shared meter is split between sites. Here their definitions are read, judged and written
into the registry rows that ``topology.py`` counts by; no quantity is looked at. Hours are in ``virtual.py`` and ``shared.py``. Rows
are plain dicts: nothing here needs pandas.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from itertools import groupby
from typing import Any

from assets.staging.topology import Row, in_force, plain
from assets.staging.units import exact_fraction
from resources.calendar import month_first_day, month_last_day

VIRTUAL = "virtual"  # the kind of a meter that has no register
NOBODY = ""  # the site of what no share covers


@dataclass(frozen=True, order=True)
class PartFault:
    """A definition that is refused: ``meter_id`` then has no energy, which is unknown and never zero.

    ``what``: ``unknown_member`` (neither a meter in force nor a site), ``factor`` (of a meter, other than ±1), ``medium``, ``software``
    (the member is an estimate), ``no_members``, ``parts_cycle``, ``shares`` (below 0, or above 1 together), ``unregistered``. ``other_id``
    names the member concerned, of a cycle all of them, of shares their sum.
    """

    site_id: str
    what: str
    meter_id: str
    other_id: str
    first_day: date


@dataclass(frozen=True)
class Definition:
    """What one meter is made of on the days ``first`` … ``last``.

    ``members``: meters with ±1 as stated; ``leaves``: the meters with registers behind them, with whole factors, None when refused;
    ``shares``: sites with their exact shares, () on days on which the meter is not shared.
    """

    meter_id: str
    site_id: str
    first: date
    last: date
    row: Row  # the registry row in force
    members: tuple[tuple[str, int], ...]
    leaves: tuple[tuple[str, int], ...] | None
    shares: tuple[tuple[str, Fraction], ...]
    refused: str  # the first fault's ``what``; '' when sound

    @property
    def rest(self) -> Fraction:
        """What of a shared meter belongs to nobody."""
        return 1 - sum((share for _, share in self.shares), Fraction(0))


@dataclass(frozen=True)
class Composition:
    """The virtual and shared meters of a month. ``virtual``: meters without a register in it, whose readings are refused."""

    month: str
    definitions: tuple[Definition, ...] = ()
    virtual: frozenset[str] = frozenset()
    faults: tuple[PartFault, ...] = ()

    @property
    def shared(self) -> frozenset[str]:
        return frozenset(d.meter_id for d in self.definitions if d.shares)

    @cached_property
    def by_meter(self) -> dict[str, tuple[Definition, ...]]:
        """The definitions of each meter, in the order of their days."""
        return {name: tuple(group) for name, group in groupby(self.definitions, key=lambda d: d.meter_id)}


def composition(parts: Iterable[Mapping[str, Any]], meters: Iterable[Mapping[str, Any]], sites: Iterable[str], month: str) -> Composition:
    """The definitions of a month.

    ``parts``, ``meters``: all rows of the feeds; ``sites``: every registered site. A member that is a registered meter is a signed
    member, one that is a site is a share (a name that is both is the meter). A meter is virtual in a month on one of whose days it has
    members, or when its kind says so; it is then virtual on all its days, and unknown on those without members. It is shared on the days
    on which shares are in force, and on others belongs to its own site. Members are whole meters, however they are shared themselves.
    Source: interfaces.md §2; metering.md §5.
    """
    part_rows, registry, places = plain(parts), plain(meters), frozenset(sites)
    known = {row["meter_id"] for row in registry}
    if not part_rows and not any(row["kind"] == VIRTUAL for row in registry):
        return Composition(month)
    days = [_Day(first, last, registry, part_rows, known, places) for first, last in _stretches(registry, part_rows, month)]
    virtual = frozenset(name for day in days for name in day.defined if day.is_virtual(name))
    concerned = {name for day in days for name in day.defined}
    definitions: list[Definition] = []
    faults: dict[tuple[str, str, str, str], date] = {}
    for day in days:
        for name in sorted(concerned):
            for site_id, what, other in (found := day.faults(name, virtual)):
                faults.setdefault((site_id, what, name, other), day.first)
            if name in day.nodes:
                definitions.append(day.definition(name, virtual, found[0][1] if found else ""))
    ordered = sorted(PartFault(*key, first) for key, first in faults.items())
    return Composition(month, tuple(sorted(definitions, key=lambda d: (d.meter_id, d.first))), virtual, tuple(ordered))


class _Day:
    """The definitions of a stretch of days on which none of them changes."""

    def __init__(self, first: date, last: date, registry: list[Row], parts: list[Row], known: set[str], sites: frozenset[str]) -> None:
        self.first, self.last, self.known, self.sites = first, last, known, sites
        self.nodes = in_force(registry, "meter_id", first)
        keyed = [{**row, "part": (row["meter_id"], row["member"])} for row in parts]
        self.parts: dict[str, list[Row]] = {}
        for row in sorted(in_force(keyed, "part", first).values(), key=lambda r: r["part"]):
            self.parts.setdefault(row["meter_id"], []).append(row)
        self.defined = set(self.parts) | {name for name, row in self.nodes.items() if row["kind"] == VIRTUAL}

    def is_virtual(self, name: str) -> bool:
        """Whether it has members; a name that nothing is known of is one where ±1 stands and no site does."""
        rows = self.parts.get(name, [])
        unknown = [row for row in rows if row["member"] not in self.known | self.sites]
        if any(row["member"] in self.known for row in rows) or (name in self.nodes and self.nodes[name]["kind"] == VIRTUAL):
            return True
        return bool(unknown) and len(unknown) == len(rows) and all(abs(row["factor"]) == 1 for row in unknown)

    def stated_members(self, name: str) -> list[Row]:
        return [row for row in self.parts.get(name, []) if row["member"] not in self.sites or row["member"] in self.known]

    def shares(self, name: str) -> tuple[tuple[str, Fraction], ...]:
        rows = [row for row in self.parts.get(name, []) if row["member"] in self.sites and row["member"] not in self.known]
        return tuple((row["member"], exact_fraction(row["factor"])) for row in rows)

    def definition(self, name: str, virtual: frozenset[str], refused: str) -> Definition:
        row = self.nodes[name]
        members = tuple((r["member"], int(r["factor"])) for r in self.stated_members(name) if abs(r["factor"]) == 1)
        leaves = None if refused else self.leaves(name, virtual)
        return Definition(name, row["site_id"], self.first, self.last, row, members, leaves, self.shares(name), refused)

    def leaves(self, name: str, virtual: frozenset[str]) -> tuple[tuple[str, int], ...] | None:
        """The meters with registers behind a meter, sorted, factors of repeated ones added; None when one on the way is refused."""
        if name not in virtual:
            return ((name, 1),)
        found: dict[str, int] = {}
        for row in self.stated_members(name):
            below = None if self.faults(row["member"], virtual) else self.leaves(row["member"], virtual)
            if below is None:
                return None
            for leaf, factor in below:
                found[leaf] = found.get(leaf, 0) + int(row["factor"]) * factor
        return tuple(sorted(found.items()))

    def faults(self, name: str, virtual: frozenset[str]) -> list[tuple[str, str, str]]:
        """What is wrong with a meter's own definition: (site_id, what, other_id), worst first."""
        if name not in self.nodes:
            return [("", "unregistered", "")] if name in self.parts and name not in self.known else []
        own, members, shares = self.nodes[name], self.stated_members(name), self.shares(name)
        found = []
        if cycle := self._cycle(name, virtual):
            found.append(("parts_cycle", ", ".join(cycle)))
        found += [("unknown_member", row["member"]) for row in members if row["member"] not in self.nodes]
        there = [row for row in members if row["member"] in self.nodes]
        found += [("factor", row["member"]) for row in there if abs(row["factor"]) != 1]
        found += [("medium", row["member"]) for row in there if self.nodes[row["member"]]["medium"] != own["medium"]]
        found += [("software", row["member"]) for row in there if self.nodes[row["member"]]["kind"] == "software"]
        if name in virtual and not members:
            found.append(("no_members", ""))
        if any(share < 0 for _, share in shares) or sum(share for _, share in shares) > 1:
            found.append(("shares", f"{float(sum(share for _, share in shares)):g}"))
        return [(own["site_id"], what, other) for what, other in found]

    def _cycle(self, name: str, virtual: frozenset[str]) -> tuple[str, ...]:
        """The virtual meters between a meter and itself, sorted; empty when it is no member of itself."""
        reached = self._below(name, virtual)
        return tuple(sorted(other for other in reached if name in self._below(other, virtual))) if name in reached else ()

    def _below(self, name: str, virtual: frozenset[str]) -> set[str]:
        """All members of a meter, and theirs."""
        found: set[str] = set()
        ahead = [name]
        while ahead:
            above = ahead.pop()
            new = {row["member"] for row in self.stated_members(above)} - found if above in virtual else set()
            found |= new
            ahead += sorted(new)
        return found


def _stretches(registry: list[Row], parts: list[Row], month: str) -> list[tuple[date, date]]:
    """The month cut on every day on which a row of a meter or of a part begins or ends."""
    first, last = month_first_day(month), month_last_day(month)
    cuts = {first}
    for row in [*registry, *parts]:
        cuts.add(date.fromisoformat(row["valid_from"]) if row["valid_from"] else first)
        if row["valid_to"] and row["valid_to"] < last.isoformat():
            cuts.add(date.fromisoformat(row["valid_to"]) + timedelta(days=1))
    days = sorted(day for day in cuts if first <= day <= last)
    return list(zip(days, [*(day - timedelta(days=1) for day in days[1:]), last], strict=True))


# In the registry ------------------------------------------------------------------------------------------------------------


def registry_rows(meters: Sequence[Row], of: Composition) -> list[Row]:
    """Registry rows for ``topology.py``: those of virtual and shared meters cut to the days of their definitions.

    Such a row also has ``leaves`` (the meters behind a virtual one) and ``shared_by`` (the sites of a shared one, each with more than 0).
    """
    concerned = {d.meter_id for d in of.definitions}
    return [row for row in meters if row["meter_id"] not in concerned] + [
        {
            **d.row,
            **_days(d, of.month),
            "leaves": d.leaves if d.meter_id in of.virtual else None,
            "shared_by": tuple(site_id for site_id, share in d.shares if share > 0) or None,
        }
        for d in of.definitions
    ]


def rows_at_sites(rows: Iterable[Row]) -> list[Row]:
    """Rows of :func:`registry_rows` once for each site at which they count, without what only topology reads."""
    return [
        {**{key: value for key, value in row.items() if key not in ("leaves", "shared_by")}, "site_id": site_id}
        for row in rows
        for site_id in row.get("shared_by") or (row["site_id"],)
    ]


def members_at_sites(of: Composition) -> list[tuple[str, str, str, float]]:
    """What rules need to know: site_id, meter_id, ``member`` behind a virtual meter there ('' of a shared one), ``rest`` (nobody's)."""
    found: dict[tuple[str, str, str], Fraction] = {}
    for d in of.definitions:
        for site_id in [site for site, share in d.shares if share > 0] or [d.site_id]:
            names = [member for member, _ in (d.members if d.leaves is None else d.leaves)] if d.meter_id in of.virtual else []
            for member in [*names, *([""] if d.shares else [])]:
                key = (site_id, d.meter_id, member)
                found[key] = max(found.get(key, Fraction(0)), d.rest if d.shares and not d.refused else Fraction(0))
    return [(*key, float(rest)) for key, rest in sorted(found.items())]


def _days(d: Definition, month: str) -> dict[str, Any]:
    """The days of a definition; at the month's edges those of the registry row."""
    begins, ends = d.first == month_first_day(month), d.last == month_last_day(month)
    return {
        "valid_from": d.row["valid_from"] if begins else d.first.isoformat(),
        "valid_to": d.row["valid_to"] if ends else d.last.isoformat(),
    }
