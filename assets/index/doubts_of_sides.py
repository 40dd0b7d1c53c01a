"""Doubts about energies and water: time that was not metered, estimates, double counts, errors of meters, what does not balance.

One function for each kind of fault, from a finding and the tables it was made of to an interval about what is published. No bound that is
not in the data is invented: what has none is said to have none.
"""

from __future__ import annotations

from collections.abc import Iterable

from assets.index.doubts import (
    DAYS,
    EXPORT,
    MULTIPLIER,
    NO_RATE,
    NO_SIDE,
    NOT_COUNTED,
    REJECTED,
    SIDES,
    UNKNOWN,
    Doubt,
    NotQuantified,
    Row,
    SiteTables,
)
from resources.calendar import HOUR_S

# Subjects of findings that are about a side as a whole: the ratio of BD12, the feed of CT01.
_WHOLE_SIDE = ("D1", "D2", "meter_readings")


def unmetered(finding: Row, site: SiteTables) -> Doubt | NotQuantified:
    """Time of a meter, or of all meters of a side, whose energy is not metered: from nothing to what the meter can pass in it.

    The interval is about what is published, in which some of that time is estimated or filled in proportion already.
    """
    side = finding["quantity"]
    if side not in SIDES:
        return NO_SIDE
    rows = [row for row in site.parts[side] if not _filled(row)]
    if finding["subject"] not in (side, *_WHOLE_SIDE):
        rows = [row for row in rows if row["meter_id"] == finding["subject"]]
    if not rows:
        return NOT_COUNTED
    low, high = 0.0, 0.0
    for row in rows:
        facts = site.facts.get(row["meter_id"])
        if facts is None:
            return NO_RATE
        hours = max(0, facts["expected_s"] - (facts["metered_s"] or 0)) / HOUR_S
        rate = site.largest_rate(row["meter_id"]) if hours else 0.0
        if rate is None:
            return NO_RATE
        assumed = _assumed(row, site.parts[side])
        least, most = -assumed, max(rate * hours - assumed, 0.0)
        low, high = (low + least, high + most) if row["sign"] > 0 else (low - most, high - least)
    return Doubt(side, low, high, SIDES[side])


def rejected(finding: Row, site: SiteTables) -> Doubt | NotQuantified:
    """Rows that break their contract: those of readings leave time of a side unmetered; what others would have said is not known."""
    found = unmetered(finding, site) if finding["quantity"] in SIDES else REJECTED
    return REJECTED if found is NOT_COUNTED else found


def _filled(row: Row) -> bool:
    return str(row["meter_id"]).startswith("(")


def _assumed(row: Row, parts: Iterable[Row]) -> float:
    """What of a meter's contribution is estimated, and what was filled in for its unknown time where the side was filled at all."""
    assumed = float(abs(row["estimated"] or 0))
    if row["known_s"] and row["quantity"] is not None and any(_filled(part) for part in parts):
        assumed += abs(row["quantity"]) * (row["expected_s"] - row["known_s"]) / row["known_s"]
    return assumed


def estimated(finding: Row, site: SiteTables) -> Doubt | NotQuantified:
    """What is estimated of a side, give or take all of it."""
    side = finding["quantity"]
    if side not in SIDES:
        return NO_SIDE
    total = float(sum(abs(row["estimated"] or 0) for row in site.parts[side]))
    return Doubt(side, -total, total, SIDES[side])


def _contribution(finding: Row, site: SiteTables) -> tuple[str, float] | None:
    """Side and signed contribution of the meter that a finding is about (``M-1``, or ``M-1 2026-03-01`` of a bill)."""
    side, meter = finding["quantity"], finding["subject"].split(" ")[0]
    own = [row["quantity"] for row in site.parts.get(side, []) if row["meter_id"] in (finding["subject"], meter)]
    return (side, float(sum(own))) if own and all(quantity is not None for quantity in own) else None


def _either(quantity: float, one: float, other: float, side: str) -> Doubt:
    """A contribution that may be off by one factor of itself or another; of one that counts against its side the ends change places."""
    low, high = sorted((quantity * one, quantity * other))
    return Doubt(side, low, high, SIDES[side])


def _hours(finding: Row, site: SiteTables, *, below: bool) -> Doubt | NotQuantified:
    """Hours (or days) of a meter in which what it shows is not believed: at most what it can pass in them more, or less."""
    side, found = finding["quantity"], _contribution(finding, site)
    if found is None:
        return NOT_COUNTED
    rate = site.largest_rate(finding["subject"])
    if rate is None or finding["seen"] is None:
        return NO_RATE
    most = rate * finding["seen"] * (24 if finding["unit"] == "d" else 1)
    positive = all(row["sign"] > 0 for row in site.parts[side] if row["meter_id"] == finding["subject"])
    least = -most if below else 0.0
    return Doubt(side, least, most, SIDES[side]) if positive else Doubt(side, -most, -least, SIDES[side])


def stood_still(finding: Row, site: SiteTables) -> Doubt | NotQuantified:
    """The same value again and again, or a stretch placed by assumption: what really flowed may be more or less."""
    return _hours(finding, site, below=True)


def at_zero(finding: Row, site: SiteTables) -> Doubt | NotQuantified:
    """Zero where it never was: what really flowed can only be more."""
    return _hours(finding, site, below=False)


def multiplier(finding: Row, site: SiteTables) -> Doubt | NotQuantified:
    """A multiplier that changed unsaid: either may be the wrong one for the whole month; one that was never stated has no bound."""
    found, new, old = _contribution(finding, site), finding["seen"], finding["limit"]
    if found is None:
        return NOT_COUNTED
    if not new or not old:
        return MULTIPLIER
    side, quantity = found
    factors = (old / new, new / old, 1.0)
    return _either(quantity, min(factors) - 1, max(factors) - 1, side)


def counted_twice(finding: Row, site: SiteTables) -> Doubt | NotQuantified:
    """A meter that repeats another's energy: its whole contribution may be too much."""
    found = _contribution(finding, site)
    if found is None:
        return NOT_COUNTED
    side, quantity = found
    return Doubt(side, min(-quantity, 0.0), max(-quantity, 0.0), SIDES[side])


def class_error(finding: Row, site: SiteTables) -> Doubt | NotQuantified:
    """A meter of a poor class: give or take its class of its contribution; an unknown class has no error limit."""
    found = _contribution(finding, site)
    if found is None:
        return NOT_COUNTED
    if finding["seen"] is None:
        return NotQuantified("without an accuracy class there is no error limit", "准确度等级未知,没有误差限")
    side, quantity = found
    error = abs(quantity) * finding["seen"] / 100
    return Doubt(side, -error, error, SIDES[side])


def bill(finding: Row, site: SiteTables) -> Doubt | NotQuantified:
    """Meter and bill are apart by a share of the bill: where the bill is right, the meter's contribution is off by it, either way."""
    found, share = _contribution(finding, site), finding["seen"]
    if found is None:
        return NOT_COUNTED
    if share is None or share >= 1:
        return UNKNOWN
    side, quantity = found
    return _either(quantity, 1 / (1 + share) - 1, 1 / (1 - share) - 1, side)


def residual(finding: Row, site: SiteTables) -> Doubt | NotQuantified:
    """What does not balance: where more flows out than in, E_DC lacks it or E_IT has it too much; where it disappears, the other way."""
    side, subject, seen = finding["quantity"], finding["subject"], finding["seen"]
    if side not in SIDES or seen is None:
        return NO_SIDE
    if subject == "ups_output":
        whole = sum(row["quantity"] or 0 for row in site.energies if (row["measure"], row["meter_id"]) == ("point:ups_output", ""))
        return Doubt(side, 0.0, float(whole * seen), SIDES[side])
    nodes = {row["node_id"]: row for row in site.balance}
    above = {row["meter_id"]: row["parent_meter_id"] for row in site.meters}
    rows = [nodes[subject]] if subject in nodes else [row for name, row in nodes.items() if above.get(name) not in nodes]
    size = float(seen * sum(row["inflow"] or 0 for row in rows if row["inflow"] is not None))
    less = (subject == "residual") == (side == "E_DC")
    return Doubt(side, -size, 0.0, SIDES[side]) if less else Doubt(side, 0.0, size, SIDES[side])


def excess(finding: Row, site: SiteTables) -> Doubt | NotQuantified:
    """More IT than facility energy in the month: E_DC lacks the excess, or E_IT has it too much; more export than generation: the first."""
    if finding["subject"] not in ("month", "gross") or finding["quantity"] not in SIDES:
        return DAYS if finding["code"] == "BD07" else EXPORT
    excess = (finding["seen"] - finding["limit"]) * 1000  # the finding speaks in kWh
    return Doubt("E_IT", -excess, 0.0, "Wh") if finding["quantity"] == "E_IT" else Doubt("E_DC", 0.0, excess, "Wh")
