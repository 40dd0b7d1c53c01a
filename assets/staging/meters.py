"""The meter registry of a month: rows of the feeds ``meters`` and ``meter_events`` as exact whole-number facts.

What is in force when: attributes by dated row, registers as stretches of time with one unit, multiplier and size, and the boundaries
between them. Nothing here looks at a reading. Rows arrive as pandas frames, but pandas itself is not imported.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from assets.staging.exact import INT_MAX, LARGEST, round_half_even
from assets.staging.units import INTERNAL_UNIT, POWER_UNIT, UnitError, exact_fraction, unit_factor
from checks.findings import rows_of
from resources.calendar import DAY_S, local_s, month_bounds_s, month_last_day

ALWAYS = 2**40  # seconds beyond any instant of ours, to both sides
REGISTER, INTERVAL, POWER = 0, 1, 2
_KINDS = {"register": REGISTER, "interval": INTERVAL, "power": POWER, "software": POWER}
# Events that begin a new register; calibration, outage and boundary_change leave the count running.
SPLITTING = ("multiplier_change", "replacement", "reset")
# Points whose days differ too much to infer a maximum from (metering.md §2); a direct line carries what one plant generates.
_UNEVEN = {
    "direct_line", "onsite_generation", "offsite_generation", "backup_generation", "export", "storage_charge", "storage_discharge",
}  # fmt: skip
_SLOW_REACH = 7 * DAY_S  # water and fuel: metering.md §3


@dataclass(frozen=True)
class Span:
    """A stretch of time in which one register counts: value_e6 × p / q is the internal unit.

    ``lo ≤ at < hi`` says which readings it reads, ``start_s ≤ at ≤ end_s`` which of them are valid; ``size`` is 10^digits in internal
    units; ``refusal`` is (rule code, reason) when its readings can't be used.
    """

    kind: int
    medium: str
    p: int
    q: int
    size: int | None
    interval_s: int
    label_end: bool
    tolerance_e6: int  # a power value down to minus this is 0
    site_id: str
    zone: str
    refusal: tuple[str, str] | None
    start_s: int
    end_s: int
    no_values_e6: tuple[int, ...]  # what the device shows when it has none
    lo: int = -ALWAYS
    hi: int = ALWAYS

    def internal(self, value: float) -> int:
        """A raw register reading in internal units, rounded half-even once."""
        return round_half_even(exact_fraction(value) * 1_000_000 * self.p / self.q)

    @property
    def max_e6(self) -> int:
        """The largest value_e6 that stays a countable number."""
        return min(LARGEST * self.q // self.p, INT_MAX)

    def same_register(self, other: Span) -> bool:
        own, its = ((s.kind, s.medium, s.p, s.q, s.size, s.interval_s, s.label_end, s.site_id, s.refusal) for s in (self, other))
        return own == its


@dataclass(frozen=True)
class Boundary:
    """An instant at which one register ends and the next begins; values as raw readings, None where nothing is said."""

    at_s: int
    kind: str  # replacement, reset, multiplier_change, or row: a new meters row without an event
    old_value: float | None
    new_value: float | None


@dataclass(frozen=True)
class Period:
    """A part of the month in which one ``meters`` row is in force."""

    site_id: str
    point: str
    medium: str
    start_s: int
    end_s: int


@dataclass(frozen=True)
class Meter:
    """Everything about a meter that its month of readings is judged by."""

    meter_id: str
    site_id: str
    point: str
    medium: str
    kind_name: str
    zone: str
    start_s: int  # first second of the site-local month, and first second after it
    end_s: int
    periods: tuple[Period, ...]
    spans: tuple[Span, ...]
    boundaries: tuple[Boundary, ...]
    limit: int | None  # 1.2 × capacity, internal units per hour (W of a power meter)
    inferable: bool  # whether a maximum may be inferred from its days

    @property
    def expected_s(self) -> int:
        return sum(p.end_s - p.start_s for p in self.periods)

    @property
    def reach_s(self) -> int:
        """How far from a reading energy is still taken as that reading's (metering.md §3)."""
        return DAY_S if self.medium in ("electricity", "heat") else _SLOW_REACH

    @property
    def unit(self) -> str:
        return POWER_UNIT if self.kind == POWER else INTERNAL_UNIT.get(self.medium, "")

    @property
    def rate_unit(self) -> str:
        return POWER_UNIT if self.medium in ("electricity", "heat") else f"{self.unit}/h"

    @property
    def kind(self) -> int:
        return _KINDS.get(self.kind_name, REGISTER)

    def plain_between(self, start_s: int, end_s: int) -> bool:
        """Whether one register counts all the way between two instants."""
        counting = [s for s in self.spans if s.lo < end_s and s.hi > start_s]
        return len(counting) == 1 and not any(start_s <= b.at_s < end_s for b in self.boundaries)

    def span_at(self, at_s: int) -> Span:
        return next(s for s in self.spans if s.lo <= at_s < s.hi)


def register_meters(meters: Any, events: Any, *, month: str, site_zones: Mapping[str, str], default_zone: str) -> list[Meter]:
    """The meters of the typed feed ``meters`` (all rows, dates as text) as facts for a month, sorted by meter_id.

    ``events`` is the typed feed ``meter_events``; ``site_zones`` gives each site's time zone, ``default_zone`` serves sites that are not
    registered. A row that can't be counted carries its refusal (CT02: unit, multiplier, size of the register; CT01: an interval
    meter without length or label); it stops no other. Source: metering.md §1, §2.
    """
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in records(meters):
        rows[row["meter_id"]].append(row)
    happened: dict[str, list[Boundary]] = defaultdict(list)
    for event in records(events):
        if event["kind"] in SPLITTING:
            happened[event["meter_id"]].append(Boundary(int(event["at_s"]), event["kind"], event["old_value"], event["new_value"]))
    return [_meter(key, rows[key], happened[key], month, site_zones, default_zone) for key in sorted(rows)]


def records(frame: Any) -> list[dict[str, Any]]:
    """Rows of a pandas frame as dicts with None for everything missing; rows that are dicts already as they are."""
    return frame if isinstance(frame, list) else rows_of(frame)


def _meter(
    meter_id: str, rows: list[dict[str, Any]], events: list[Boundary], month: str, site_zones: Mapping[str, str], default_zone: str
) -> Meter:
    rows = sorted(rows, key=lambda r: r["valid_from"] or "")
    last_day = month_last_day(month).isoformat()
    home = [r for r in rows if (r["valid_from"] or "") <= last_day][-1:] or rows[:1]
    row = home[0]
    zone = site_zones.get(row["site_id"], default_zone)
    start, end = month_bounds_s(month, zone)
    validities = _validities(rows, [site_zones.get(r["site_id"], default_zone) for r in rows])
    periods = tuple(
        Period(r["site_id"], r["point"], r["medium"], max(lo, start), min(hi, end))
        for r, (lo, hi) in zip(rows, validities, strict=True)
        if lo < end and hi > start
    )
    spans = [
        _span(r, lo, hi, site_zones.get(r["site_id"], default_zone)) for r, (lo, hi) in zip(rows, validities, strict=True) if lo < hi
    ] or [_span(row, -ALWAYS, -ALWAYS, zone)]
    events = sorted(events, key=lambda e: (e.at_s, SPLITTING.index(e.kind)))
    spans, boundaries = _join(spans, events)
    return Meter(
        meter_id=meter_id, site_id=row["site_id"], point=row["point"], medium=row["medium"], kind_name=row["kind"], zone=zone,
        start_s=start, end_s=end, periods=periods, spans=tuple(spans), boundaries=tuple(boundaries),
        limit=plausible_limit(row), inferable=row["medium"] in ("electricity", "heat") and row["point"] not in _UNEVEN,
    )  # fmt: skip


def _validities(rows: list[dict[str, Any]], zones: list[str]) -> list[tuple[int, int]]:
    """From and until when each row is in force: the newest row that began; ``valid_to`` is included."""
    starts = [_midnight(r["valid_from"], 0, z) if r["valid_from"] else -ALWAYS for r, z in zip(rows, zones, strict=True)]
    ends = [_midnight(r["valid_to"], 1, z) if r["valid_to"] else ALWAYS for r, z in zip(rows, zones, strict=True)]
    return [(lo, min(hi, after)) for lo, hi, after in zip(starts, ends, [*starts[1:], ALWAYS], strict=True)]


def _midnight(day: str, plus: int, zone: str) -> int:
    moment = date.fromisoformat(day) + timedelta(days=plus)
    return local_s(datetime(moment.year, moment.month, moment.day), zone)


def _span(row: dict[str, Any], start: int, end: int, zone: str) -> Span:
    """The register that one ``meters`` row describes, or its refusal."""
    kind = _KINDS.get(row["kind"], REGISTER)
    minutes, label = row["interval_minutes"], row["interval_label"]
    factor, refusal = _factor(row, kind)
    size = None
    if kind == REGISTER and row["register_digits"] is not None and refusal is None:
        size = round_half_even(10 ** int(row["register_digits"]) * factor)
        if size > LARGEST:
            refusal = ("CT02", f"The full register of {int(row['register_digits'])} digits is too large to be counted exactly.")
    if kind == INTERVAL and refusal is None and (minutes is None or minutes <= 0 or label not in ("start", "end")):
        refusal = ("CT01", "An interval meter needs interval_minutes and interval_label (start or end) in the table of meters.")
    ratio = factor / 1_000_000
    capacity = exact_fraction(row["capacity"] or 0) * 1_000
    return Span(
        kind=kind, medium=row["medium"], p=ratio.numerator, q=ratio.denominator, size=size,
        interval_s=round(exact_fraction(minutes) * 60) if kind == INTERVAL and refusal is None else 0, label_end=label == "end",
        tolerance_e6=int(capacity / 100 / ratio) if kind == POWER else 0,
        site_id=row["site_id"], zone=zone, refusal=refusal, start_s=start, end_s=end,
        no_values_e6=_no_values(row.get("no_value_codes")),
    )  # fmt: skip


def _no_values(codes: str | None) -> tuple[int, ...]:
    """The codes of a row as value_e6; 0 is always a reading."""
    numbers = [round_half_even(exact_fraction(code) * 1_000_000) for code in (codes or "").split()]
    return tuple(number for number in numbers if number != 0)


def _factor(row: dict[str, Any], kind: int) -> tuple[Fraction, tuple[str, str] | None]:
    """Internal units per displayed unit (multiplier × unit), or 1 and why the row can't be counted."""
    try:
        unit = unit_factor(row["medium"], row["unit"] or "", power=kind == POWER, density_kg_per_l=row.get("density_kg_per_l"))
    except UnitError as error:
        return Fraction(1), ("CT02", f"The unit of the meter can't be used: {error}.")
    factor = unit * (exact_fraction(row["multiplier"]) if row["multiplier"] is not None else 1)
    ratio = factor / 1_000_000
    if factor <= 0:
        return Fraction(1), ("CT02", f"The multiplier {row['multiplier']} is not above zero.")
    if ratio.numerator * ratio.denominator >= LARGEST:
        return Fraction(1), ("CT02", f"The multiplier {row['multiplier']} has more digits than can be counted exactly.")
    return factor, None


def plausible_limit(row: Mapping[str, Any]) -> int | None:
    """1.2 × capacity in internal units per hour: kW for electricity and heat, else the meter's unit per hour."""
    if row["capacity"] is None or row["capacity"] <= 0:
        return None
    capacity = exact_fraction(row["capacity"]) * Fraction(6, 5)
    if row["medium"] in ("electricity", "heat"):
        return int(capacity * 1_000)
    try:
        return int(capacity * unit_factor(row["medium"], row["unit"] or "", density_kg_per_l=row.get("density_kg_per_l")))
    except UnitError:
        return None


def _join(spans: list[Span], events: list[Boundary]) -> tuple[list[Span], list[Boundary]]:
    """Join rows that describe the same register, and set the instant at which one register follows another.

    A ``meters`` row begins on a day; when an event of that day says a new register began, the register begins at the event. Rows that
    differ in nothing a register needs are one register. A change that no event explains is a boundary without values.
    """
    joined: list[Span] = []
    unexplained: list[Boundary] = []
    for span in spans:
        previous = joined[-1] if joined else None
        if previous is None:
            joined.append(span)
        elif previous.end_s == span.start_s and previous.same_register(span):
            joined[-1] = replace(previous, end_s=span.end_s, no_values_e6=previous.no_values_e6 + span.no_values_e6)
        else:
            change = _event_of_day(span, events)
            at = change.at_s if change else span.start_s
            joined[-1] = replace(previous, hi=at, end_s=at if previous.end_s == span.start_s else previous.end_s)
            joined.append(replace(span, lo=at, start_s=at))
            if change is None:
                unexplained.append(Boundary(at, "row", None, None))
    return joined, sorted([*events, *unexplained], key=lambda b: b.at_s)


def _event_of_day(span: Span, events: list[Boundary]) -> Boundary | None:
    """The splitting event on the local day on which the span's row begins; a change of multiplier first, then the earliest."""
    of_day = [e for e in events if span.start_s <= e.at_s < min(span.start_s + DAY_S, span.end_s)]
    return min(of_day, key=lambda e: (SPLITTING.index(e.kind), e.at_s), default=None)
