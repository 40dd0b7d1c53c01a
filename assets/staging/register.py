"""The virtual register: readings of one register meter to legs, rule by rule (metering.md §2).

For the few meters that need it: repeated readings, glitches, events, rollovers, falls. Meters without any of these take ``plain.py``
and come to the same legs. Interval and power meters are in ``series.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from assets.staging.judged import METERED, SOURCE, Judged, Leg, Limit, Reading, limit_of, one_per_instant, rate_per_hour
from assets.staging.meters import Boundary, Meter, Span

_GLITCH_RUN = 3  # readings in a row
_ROLLOVER_SHARE = 10  # without a known maximum at most a tenth of the register's range


@dataclass
class Segment:
    """Readings of one register between two boundaries (None at the ends of the window)."""

    span: Span
    opened: Boundary | None
    closed: Boundary | None
    readings: list[Reading]


class Step(NamedTuple):
    """What the register did between two values: the quantity (None for a gap), what is remarkable, and its number."""

    delta: int | None
    what: str
    seen: int


def judge_register(meter: Meter, readings: list[Reading], limit: Limit | None = None) -> Judged:
    """The legs of a register meter, and what was rejected, superseded and noted on the way.

    ``readings`` are all good readings of the window, in any order; or, with their plausible maximum ``limit``, those around everything
    about which a rule has something to decide. Quantities in internal units; every rule in its order of precedence.
    Source: metering.md §2.
    """
    out = Judged()
    segments = split(meter, one_per_instant(readings, meter, out))
    for segment in segments:
        segment.readings = without_bracketed_estimates(segment)
    limit = limit or limit_of(meter, [(a.t, rate_per_hour(b.v - a.v, b.t - a.t)) for s in segments for a, b in _pairs(s) if b.v >= a.v])
    for segment in segments:
        segment.readings = without_glitches(segment, limit, meter, out)
        _legs_within(segment, limit, meter, out)
    filled = [i for i, s in enumerate(segments) if s.readings]
    for i, j in pairwise(filled):
        _legs_across(segments[i : j + 1], limit, meter, out)
    out.kept = [r.t for s in segments for r in s.readings]
    out.legs.sort()
    return out


def split(meter: Meter, readings: list[Reading]) -> list[Segment]:
    """Readings by register: a reading exactly at a boundary belongs to the new one."""
    boundaries = meter.boundaries
    first = meter.span_at(boundaries[0].at_s - 1) if boundaries else (meter.spans[readings[0].span] if readings else meter.spans[0])
    edges = [None, *boundaries, None]
    segments = []
    for opened, closed in pairwise(edges):
        lo = opened.at_s if opened else None
        hi = closed.at_s if closed else None
        inside = [r for r in readings if (lo is None or r.t >= lo) and (hi is None or r.t < hi)]
        segments.append(Segment(meter.span_at(lo) if lo is not None else first, opened, closed, inside))
    return segments


def without_bracketed_estimates(segment: Segment) -> list[Reading]:
    """Readings of quality E or S are skipped where actual ones, or the values of an event, stand on both sides."""
    readings = segment.readings
    actual = [i for i, r in enumerate(readings) if not r.est]
    first = -1 if segment.opened and segment.opened.new_value is not None else (actual[0] if actual else len(readings))
    last = len(readings) if segment.closed and segment.closed.old_value is not None else (actual[-1] if actual else -1)
    return [r for i, r in enumerate(readings) if not r.est or not first < i < last]


def step_between(v0: int, v1: int, seconds: int, span: Span, limit: Limit, estimated: bool) -> Step:
    """Rules 2 to 4: a rise is measured, a fall is a rollover if plausible, else a gap; above a known maximum is a gap."""
    delta = v1 - v0
    if delta >= 0:
        rate = rate_per_hour(delta, seconds)
        if not limit.passed_by(rate):
            return Step(delta, "", 0)
        return Step(None, "over_capacity", rate) if limit.known else Step(delta, "over_inferred", rate)
    if span.size is not None and (wrapped := delta + span.size) >= 0:
        if limit.value is not None:
            plausible = not limit.passed_by(rate_per_hour(wrapped, seconds))
        else:
            plausible = wrapped * _ROLLOVER_SHARE <= span.size and not estimated
        if plausible:
            return Step(wrapped, "rollover", delta)
    return Step(None, "falling", delta)


def _plausible(span: Span, limit: Limit) -> Callable[[Reading, Reading], bool]:
    """Whether a step may be true. Without a known maximum no fall is: a lost poll looks like a rollover there and back."""

    def plausible(a: Reading, b: Reading) -> bool:
        if b.v >= a.v:
            return not limit.passed_by(rate_per_hour(b.v - a.v, b.t - a.t))
        return limit.value is not None and step_between(a.v, b.v, b.t - a.t, span, limit, False).what == "rollover"

    return plausible


def without_glitches(segment: Segment, limit: Limit, meter: Meter, out: Judged) -> list[Reading]:
    """Reject up to three readings in a row outside the values around them: 1000 → 0 → 1001 is 1 (CT04).

    The step over them must be plausible and a step into or out of them not. When the readings before the implausible step and
    those after it could both be the fault, neither is rejected: the fall stays a gap.
    """
    readings = list(segment.readings)
    plausible = _plausible(segment.span, limit)

    def fault(first: int, last: int) -> bool:
        if first < 1 or last + 1 >= len(readings):
            return False
        a, b = readings[first - 1], readings[last + 1]
        return b.v >= a.v and plausible(a, b) and not any(a.v <= r.v <= b.v for r in readings[first : last + 1])

    i = 0
    while i + 1 < len(readings):
        if plausible(readings[i], readings[i + 1]):
            i += 1
            continue
        after = next(((i + 1, i + n) for n in range(1, _GLITCH_RUN + 1) if fault(i + 1, i + n)), None)
        before = next(((i + 1 - n, i) for n in range(1, _GLITCH_RUN + 1) if fault(i + 1 - n, i)), None)
        if (run := after or before) is None or (after and before):
            i += 1
            continue
        for reading in readings[run[0] : run[1] + 1]:
            out.reject(reading, "CT04", "The value does not fit the readings before and after it, which fit each other.")
            out.note(reading.t, "CT04", "glitch", reading.v, readings[run[0] - 1].v, meter.unit, reading)
        del readings[run[0] : run[1] + 1]
        i = max(run[0] - 2, 0)
    return readings


def _pairs(segment: Segment) -> list[tuple[Reading, Reading]]:
    return list(pairwise(segment.readings))


def _legs_within(segment: Segment, limit: Limit, meter: Meter, out: Judged) -> None:
    fallen_from: int | None = None
    pairs = _pairs(segment)
    plausible = _plausible(segment.span, limit)
    for i, (a, b) in enumerate(pairs):
        step = step_between(a.v, b.v, b.t - a.t, segment.span, limit, a.est or b.est)
        confirmed = False
        if step.what == "falling":
            fallen_from = max(a.v, fallen_from or 0)
        elif step.what == "over_inferred":
            returns = fallen_from is not None and b.v >= fallen_from  # only to where it fell from
            confirmed = not returns and i + 1 < len(pairs) and plausible(*pairs[i + 1])
        _add_leg(step, a.t, b.t, a.est or b.est, confirmed, limit, meter, b, out)


def _add_leg(
    step: Step, t0: int, t1: int, estimated: bool, confirmed: bool, limit: Limit, meter: Meter, by: Reading | None, out: Judged
) -> None:
    """Keep a step as a leg and note what is remarkable; above an inferred maximum only when the next reading confirms it."""
    if step.what in ("falling", "rollover"):
        out.note(t1, "CT08", step.what, step.seen, 0, meter.unit, by)
    elif step.what:
        out.note(t1, "CT05", step.what, step.seen, limit.value, meter.rate_unit, by)
    if step.delta is not None and (step.what != "over_inferred" or confirmed):
        out.legs.append(Leg(t0, t1, step.delta, SOURCE if estimated else METERED))


def _legs_across(segments: list[Segment], limit: Limit, meter: Meter, out: Judged) -> None:
    """Rule 1: the stretch between two readings with boundaries between them, one leg for each register.

    ``(old_value − R0)`` in the old register's units, then ``(R1 − new_value)`` in the new one's, chained over several events. What an event
    does not say is unknown: its side is a gap, and CT08 says that the event is incomplete. A reset without old_value counts R0;
    a change of multiplier has one value for both sides.
    """
    a, b = segments[0].readings[-1], segments[-1].readings[0]
    follows = segments[-1].readings[1] if len(segments[-1].readings) > 1 else None
    t0: int = a.t
    v0: int | None = a.v
    for i, segment in enumerate(segments):
        closed, last = segment.closed, i == len(segments) - 1
        t1 = b.t if last else closed.at_s  # type: ignore[union-attr]
        v1 = b.v if last else _value(closed, segment.span, old=True)
        if not last and closed is not None and closed.kind == "reset" and closed.old_value is None:
            v0 = _value(closed, segments[i + 1].span, old=False)
            if v0 is None:
                _note_incomplete(closed, meter, out)
                t0 = t1
            continue
        estimated = (t0 == a.t and a.est) or (last and b.est)
        if t1 == t0:
            _add_at_boundary(v0, v1, t0, out)
        elif v0 is not None and v1 is not None:
            step = step_between(v0, v1, t1 - t0, segment.span, limit, estimated)
            confirmed = last and follows is not None and _plausible(segment.span, limit)(b, follows)
            _add_leg(step, t0, t1, estimated, confirmed, limit, meter, b, out)
        if not last and closed is not None:
            t0, v0 = t1, _value(closed, segments[i + 1].span, old=False)
            if v0 is None or v1 is None:
                _note_incomplete(closed, meter, out)


def _add_at_boundary(v0: int | None, v1: int | None, at: int, out: Judged) -> None:
    """What a register shows above its new_value in a reading at the very instant of the event was counted before it."""
    if v0 is not None and v1 is not None and v1 > v0 and out.legs and out.legs[-1].t1 == at:
        out.legs[-1] = out.legs[-1]._replace(delta=out.legs[-1].delta + v1 - v0)


def _value(boundary: Boundary | None, span: Span, *, old: bool) -> int | None:
    """The old or new value that a boundary states, in internal units of the register it is read from; None when not stated."""
    if boundary is None:
        return None
    first, second = (boundary.old_value, boundary.new_value) if old else (boundary.new_value, boundary.old_value)
    value = second if first is None and boundary.kind == "multiplier_change" else first
    return None if value is None else span.internal(value)


def _note_incomplete(boundary: Boundary, meter: Meter, out: Judged) -> None:
    out.note(boundary.at_s, "CT08", "event_incomplete", None, None, meter.unit, None)
