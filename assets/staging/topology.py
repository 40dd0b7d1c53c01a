"""Which meters count: the metering forest of a site, and the sides it is balanced on.

Here belongs what follows from the meter registry alone: the rows in force on a day, who is below whom, which meters add to or
are subtracted from E_DC, E_IT and water. What would be counted twice is in ``double_counts.py``. No quantity is looked at here, and
no time zone: days are site-local calendar days. Rows are plain dicts (``frame.to_dict("records")``): nothing here needs pandas.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from checks.contracts.vocabulary import POINTS_OF_MEDIUM
from resources.calendar import month_first_day, month_last_day

Row = dict[str, Any]

SIDES = ("E_DC", "E_IT", "water")
# metering.md §5: E_DC = Σ grid_supply + direct_line + onsite_generation + backup_generation − export − excluded …
_E_DC = {"grid_supply": 1, "direct_line": 1, "onsite_generation": 1, "backup_generation": 1, "export": -1, "excluded": -1}
_STORAGE_OUTSIDE = {"storage_discharge": 1, "storage_charge": -1}  # … and, storage outside the boundary, + discharge − charge
_IT_POINT = {1: "ups_output", 2: "pdu_output", 3: "it_input"}  # by the site's pue_category
# A source attached to a node feeds it; what is measured at the node is not the source's parent in any sum.
SOURCES = frozenset({"onsite_generation", "direct_line", "backup_generation", "storage_discharge"})


@dataclass(frozen=True, order=True)
class Counted:
    """A meter that counts on a side of a site with a sign, on the days ``first_day`` … ``last_day`` (both included) of a month."""

    site_id: str
    side: str  # one of SIDES; of a point's own total ``point:<point>``
    meter_id: str
    sign: int
    medium: str
    first_day: date
    last_day: date


# Rows ---------------------------------------------------------------------------------------------------------------


def plain(rows: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Rows as dicts in which every kind of missing value (NaN, NaT, NA, empty text) is None."""
    return [_plain(row) for row in rows]


def _plain(row: Mapping[str, Any]) -> Row:
    try:
        return {key: None if value is None or value == "" or value != value else value for key, value in row.items()}
    except TypeError:  # pandas' own mark of what is missing is neither equal to anything nor not
        return {key: None if _missing(value) else value for key, value in row.items()}


def _missing(value: Any) -> bool:
    return type(value).__name__ == "NAType" or value is None or bool(value == "" or value != value)


def in_force(rows: Iterable[Row], key: str, day: date) -> dict[str, Row]:
    """By ``key``, the row in force on a day: the newest that began on or before it, unless it has ended (``valid_to`` included)."""
    text = day.isoformat()
    newest: dict[str, Row] = {}
    for row in rows:
        if (row["valid_from"] or "") <= text:
            held = newest.get(row[key])
            if held is None or (row["valid_from"] or "") >= (held["valid_from"] or ""):
                newest[row[key]] = row
    return {name: row for name, row in newest.items() if (row.get("valid_to") or "9999-12-31") >= text}


def stretches(meters: Iterable[Row], month: str) -> list[tuple[date, date, dict[str, Row]]]:
    """The month cut at every day on which a meter row begins or ends: first day, last day, rows in force by meter."""
    meters = list(meters)
    first, last = month_first_day(month), month_last_day(month)
    cuts = {first}
    for row in meters:
        begins = date.fromisoformat(row["valid_from"]) if row["valid_from"] else first
        cuts.add(begins)
        if row["valid_to"] and row["valid_to"] < last.isoformat():
            cuts.add(date.fromisoformat(row["valid_to"]) + timedelta(days=1))
    days = sorted(day for day in cuts if first <= day <= last)
    ends = [day - timedelta(days=1) for day in days[1:]] + [last]
    return [(day, end, in_force(meters, "meter_id", day)) for day, end in zip(days, ends, strict=True)]


# The forest -----------------------------------------------------------------------------------------------------------


def parent_of(row: Row, nodes: Mapping[str, Row]) -> str | None:
    """The meter that measures what this one measures and more; None at a root.

    The forest is one per medium and site, and a source attached to a node (metering.md §5) is no descendant of it; a source
    below another source is a part of that.
    """
    parent = nodes.get(row["parent_meter_id"] or "")
    if parent is None or (parent["site_id"], parent["medium"]) != (row["site_id"], row["medium"]):
        return None
    if row["point"] in SOURCES and parent["point"] not in SOURCES:
        return None
    return str(parent["meter_id"])


def ancestors(meter_id: str, nodes: Mapping[str, Row]) -> list[str]:
    """The meters above a meter, nearest first. Nobody is above a member of a cycle: each would be above itself."""
    path, cycle = _walk(meter_id, lambda name: parent_of(nodes[name], nodes))
    return [] if meter_id in cycle else path


def cycle_above(meter_id: str, nodes: Mapping[str, Row]) -> tuple[str, ...]:
    """The members of the cycle that the stated parents of a meter run into, sorted; empty when there is none."""

    def stated(name: str) -> str | None:
        parent = nodes[name]["parent_meter_id"] if name in nodes else None
        return parent if parent in nodes else None

    return _walk(meter_id, stated)[1]


def _walk(start: str, up: Callable[[str], str | None]) -> tuple[list[str], tuple[str, ...]]:
    """The names above ``start``, nearest first, and the cycle that the way up ran into."""
    path = [start]
    while (above := up(path[-1])) is not None:
        if above in path:
            return path[1:], tuple(sorted(path[path.index(above) :]))
        path.append(above)
    return path[1:], ()


# What counts ----------------------------------------------------------------------------------------------------------


def countable(row: Row) -> bool:
    """Whether a meter may enter a sum: no check meter, no software estimate (BD04, BD05), and a point that fits its medium (BD02)."""
    return row["check_meter_of"] is None and row["kind"] != "software" and row["point"] in POINTS_OF_MEDIUM.get(row["medium"], {})


def sites_counting(row: Row) -> tuple[str, ...]:
    """The sites at which a meter counts: those that share it (``parts.registry_rows``), else its own."""
    return row.get("shared_by") or (row["site_id"],)


def it_point(site: Row) -> str | None:
    """The point at which a site measures its IT energy, by its PUE category (1 UPS output, 2 PDU output, 3 IT input); None: not stated."""
    return None if site["pue_category"] is None else _IT_POINT.get(int(site["pue_category"]))


def counted(meters: Iterable[Mapping[str, Any]], sites: Iterable[Mapping[str, Any]], month: str) -> list[Counted]:
    """Which meters count on which side of which site, on which days of the month; sorted, independent of row order.

    ``meters``: all rows of the registry; ``sites``: one row for each site, in force at the month's end. E_DC, E_IT and water are
    those of metering.md §5; an ``excluded`` meter below a counted IT meter is subtracted from E_IT too.
    """
    return _counted(meters, sites, month, sides_of)


def counted_at_points(meters: Iterable[Mapping[str, Any]], sites: Iterable[Mapping[str, Any]], month: str) -> list[Counted]:
    """The meters that make up the total of each point of a site (``side`` is ``point:<point>``), whether the point counts on a side or not.

    A meter below another one of the same point is left out, being part of it. Arguments and order as in ``counted``.
    """
    return _counted(meters, sites, month, _points)


_Enter = Callable[[Row, Row, Mapping[str, Row]], list[tuple[str, int]]]


def _counted(meters: Iterable[Mapping[str, Any]], sites: Iterable[Mapping[str, Any]], month: str, enters: _Enter) -> list[Counted]:
    by_site = {site["site_id"]: site for site in plain(sites)}
    spans: dict[tuple[str, str, str, int, str], list[tuple[date, date]]] = defaultdict(list)
    for first, last, nodes in stretches(plain(meters), month):
        for row in nodes.values():
            for site_id in sites_counting(row) if countable(row) else ():
                for side, sign in enters(row, by_site[site_id], nodes) if site_id in by_site else ():
                    spans[site_id, side, row["meter_id"], sign, row["medium"]].append((first, last))
    return sorted(Counted(*key, *span) for key, parts in spans.items() for span in _joined(parts))


def sides_of(row: Row, site: Row, nodes: Mapping[str, Row]) -> list[tuple[str, int]]:
    """Sides on which a countable meter counts, with its sign."""
    point = row["point"]
    signs = _E_DC | _STORAGE_OUTSIDE if site["storage"] == "outside" else _E_DC
    found = [("E_DC", signs[point])] if point in signs else []
    if point == it_point(site):
        found.append(("E_IT", 1))
    elif point == "excluded" and it_point(site) in _points_above(row, nodes):
        found.append(("E_IT", -1))
    if point == "water_supply":
        found.append(("water", 1))
    return found


def _points(row: Row, _site: Row, nodes: Mapping[str, Row]) -> list[tuple[str, int]]:
    return [] if row["point"] in _points_above(row, nodes) else [(f"point:{row['point']}", 1)]


def _points_above(row: Row, nodes: Mapping[str, Row]) -> set[str]:
    return {nodes[name]["point"] for name in ancestors(row["meter_id"], nodes) if countable(nodes[name])}


def _joined(parts: list[tuple[date, date]]) -> list[tuple[date, date]]:
    """Spans in order, those that touch made one."""
    whole: list[tuple[date, date]] = []
    for first, last in sorted(parts):
        if whole and whole[-1][1] + timedelta(days=1) == first:
            whole[-1] = (whole[-1][0], last)
        else:
            whole.append((first, last))
    return whole
