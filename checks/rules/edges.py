"""A rule of time (时限) about the edges of a month: a month is what lies between its first and its last reading.

Put here how near to its edges a month must be read. How much of its time is metered is ``timeliness`` (TL01).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from checks.findings import Finding, Judged, NotChecked
from checks.rules.composition import worst
from checks.rules.timeliness import completeness
from checks.rules.view import Row, apart, by_key, meters_of, missing, moment, sides_reached, zone_of
from resources.calendar import DAY_S, HOUR_S, local_s, month_bounds_s

# A register that is read more seldom than this is read monthly.
_MONTHLY_S = 20 * DAY_S
# Hours are measured from legs of this length at least, whatever the meter's pace (metering.md §3).
_LEAST_S = 75 * 60


@dataclass(frozen=True)
class _Edge:
    """How far an edge of a meter's month lies from the nearest reading on either side."""

    first: bool
    at_s: int
    distance_s: int
    nearest_s: int


def read_at_edges(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """A month's energy lies between its edges: the readings nearest to them are one interval away at most, of a monthly register one day.

    理由:月度电量以月初、月末读数为界:距月界最近的读数相差不超过一个区间(按月抄读的寄存器不超过一天),否则界外电量会被划入或划出本月。

    An edge is that of the month, or of the meter's validity in it. The nearest reading may lie on either side of the edge; one outside the
    month counts where a metered stretch reaches from it into the month. Half an interval is allowed for jitter, and an hour and a quarter
    at least, as for measured hours. A meter without readings has no edges: TL01 says so.

    Source: checks.md TL02; metering.md §3 (edges); thresholds are project convention.
    """
    if absent := missing(judged, "meter_facts", "meters"):
        return absent
    read = [row for row in judged.of_site("meter_facts", site_id) if row["first_at_s"] is not None]
    if not read:
        return NotChecked(f"no meter of the site has readings in {judged.month}", f"{judged.month} 没有读数")
    zone, registry = zone_of(judged, site_id), by_key(meters_of(judged, site_id), "meter_id")
    sides = sides_reached(judged, site_id) if "counted" in judged.tables else {}
    roots = _silent(judged, site_id)
    findings = []
    for row in sorted(read, key=lambda r: str(r["meter_id"])):
        meter = row["meter_id"]
        limit_s = _allowed_s(judged, row)
        far = [edge for edge in _edges(row, registry.get(meter, []), zone, judged.month) if edge and edge.distance_s > limit_s]
        if not far:
            continue
        edge = max(far, key=lambda e: e.distance_s)
        seen, limit = edge.distance_s / HOUR_S, limit_s / HOUR_S
        names, names_zh = ("first", "起点") if edge.first else ("last", "终点")
        findings.append(
            Finding(
                "TL02", site_id, judged.month, "flag", meter,
                f"The {names} reading of meter {meter} for {judged.month} is at {moment(zone, edge.nearest_s)}, {apart(seen, limit)} hours "
                f"from the edge at {moment(zone, edge.at_s)} (limit {apart(limit)} hours): what flowed in between is placed by assumption. "
                "Send the readings next to the edge, also those of the months beside it.",
                f"计量点 {meter} 距 {judged.month} {names_zh} {moment(zone, edge.at_s)} 最近的读数在 {moment(zone, edge.nearest_s)},相差 "
                f"{apart(seen, limit)} 小时(限值 {apart(limit)} 小时):其间电量只能按假设划分。请补报月界附近的读数(含相邻月份)。",
                quantity=next(iter(sides.get(meter, [])), ""), seen=seen, limit=limit, unit="h", because_of=roots.get(meter),
            )
        )  # fmt: skip
    return findings


def _allowed_s(judged: Judged, row: Row) -> float:
    step = row["median_step_s"]
    if step is None or step > _MONTHLY_S:
        return judged.limit("TL02", "monthly_days") * DAY_S
    return max(min(step * judged.limit("TL02", "intervals"), step + DAY_S), _LEAST_S)


def _edges(row: Row, registry: list[Row], zone: str, month: str) -> list[_Edge | None]:
    """Both edges of a meter's month at a site; one of its validity is stated as a day, and a reading of any time of that day is at it."""
    start_s, end_s = month_bounds_s(month, zone)
    begins = min((_midnight(r["valid_from"], 0, zone, start_s) for r in registry), default=start_s)
    ends = max((_midnight(r["valid_to"], 1, zone, end_s) for r in registry), default=end_s)
    return [
        _nearest(True, max(begins, start_s), DAY_S if begins > start_s else 0, int(row["first_at_s"]), row["before_at_s"]),
        _nearest(False, min(ends, end_s), DAY_S if ends < end_s else 0, int(row["last_at_s"]), row["after_at_s"]),
    ]


def _nearest(first: bool, at_s: int, spare_s: int, inside_s: int, outside_s: int | None) -> _Edge | None:
    """An edge with the nearer of the readings beside it; None where a reading of the month lies beyond it: the meter's at another site."""
    if inside_s < at_s if first else inside_s > at_s:
        return None
    nearest = inside_s if outside_s is None else min(inside_s, int(outside_s), key=lambda reading_s: abs(reading_s - at_s))
    return _Edge(first, at_s, abs(nearest - at_s) - spare_s, nearest)


def _midnight(day: str | None, plus: int, zone: str, otherwise: int) -> int:
    if not day or day.startswith("9999"):
        return otherwise
    moment_ = date.fromisoformat(day) + timedelta(days=plus)
    return local_s(datetime(moment_.year, moment_.month, moment_.day), zone)


def _silent(judged: Judged, site_id: str) -> dict[str, str]:
    """Of each meter that TL01 finds incomplete, the finding that this one follows from."""
    found = completeness(judged, site_id)
    if isinstance(found, NotChecked):
        return {}
    by_meter = {meter: [f for f in found if f.subject == meter] for meter in {f.subject for f in found}}
    return {meter: root.because_of or root.id for meter, of_meter in by_meter.items() if (root := worst(of_meter))}
