"""Behind what a site holds (A1, B1, B2, B3, F2): the snapshot of the CMDB that stands for the month, its racks and devices, what counts.

The snapshot is chosen and summed again from the rows as they were landed, by the functions of ``assets/staging/inventory.py``, and compared
with the staged row. Utilisation is ``utilisation.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction
from functools import cached_property
from typing import Any

from assets.staging.inventory import (
    CARRIED_DAYS,
    LOST_DAYS,
    NEAR_DAYS,
    SERVERS,
    Devices,
    is_fitted,
    lost_racks,
    rack_states,
    standing_rows,
)
from pipelines.traces.provided import Node, Provided, landed_row
from pipelines.traces.texts import Texts
from pipelines.traces.work import Row, Work
from resources.calendar import month_last_day
from resources.errors import GciError

_RACK = ("rack_id", "room", "u_height", "rated_kw", "ai_rack", "fitted_on", "retired_on", "snapshot_on")
_DEVICE = (
    "device_id", "rack_id", "kind", "model", "u_size", "rated_w", "powered_on", "fp32_tflops", "storage_tb", "network_gbps",
    "parent_device_id", "retired_on", "snapshot_on",
)  # fmt: skip
# Column of the inventory → what of a device it sums, in which unit and of which kinds.
_SUMS: dict[str, tuple[str, str, tuple[str, ...] | None, bool]] = {
    "gflops": ("fp32_tflops", "GFLOPS", SERVERS, True),
    "rated_w": ("rated_w", "W", None, False),
    "storage_tb": ("storage_tb", "TB", None, True),
    "network_gbps": ("network_gbps", "Gbps", ("network",), True),
}


class Snapshot:
    """The racks and devices of a site that stand for the month, from the landed rows."""

    def __init__(self, work: Work) -> None:
        self.work = work
        last = month_last_day(work.month)
        self.earliest, self.latest = ((last + timedelta(days=days)).isoformat() for days in (-CARRIED_DAYS, NEAR_DAYS))

    def _newest(self, feed: str) -> list[Row] | None:
        rows = [r for r in self.work.feeds[feed] if r["site_id"] == self.work.site_id and self.earliest <= r["snapshot_on"] <= self.latest]
        day = max((row["snapshot_on"] for row in rows), default=None)
        return [row for row in rows if row["snapshot_on"] == day] if rows else None

    @cached_property
    def racks(self) -> list[Row] | None:
        """The racks that stand in the newest snapshot; None without one."""
        found = self._newest("racks")
        return None if found is None else standing_rows(found)

    @cached_property
    def rack_day(self) -> str | None:
        found = self._newest("racks")
        return found[0]["snapshot_on"] if found else None

    @cached_property
    def devices(self) -> Devices | None:
        found = self._newest("devices")
        return None if found is None else Devices(standing_rows(found))

    @cached_property
    def lost(self) -> list[Row]:
        """Fitted racks that are gone from the snapshots without having been retired."""
        if self.rack_day is None:
            return []
        newest: dict[str, Row] = {}
        for row in sorted(self.work.feeds["racks"], key=lambda row: (row["snapshot_on"], row["site_id"])):
            if row["snapshot_on"] <= self.latest:
                newest[row["rack_id"]] = row
        return lost_racks(newest, self.work.site_id, self.rack_day, LOST_DAYS)


def racks(work: Work, code: str, texts: Texts) -> Provided:
    """Racks fitted, in use and lost, one by one; pieces ``used, fitted, lost``."""
    row = work.inventory
    if row is None or row["status"] == "not_reported":
        return Provided({"inventory": _head(row)})
    held = Snapshot(work)
    fitted = [rack for rack in held.racks or [] if is_fitted(rack, rack["snapshot_on"])]
    states = rack_states(fitted, held.devices) if held.devices else []
    items = [_rack(work, texts, state.rack, _state_words(state.used), filled=float(state.filled), room=float(state.room), unit=state.unit)
             for state in states]  # fmt: skip
    items += [_rack(work, texts, rack, "lost") for rack in held.lost]
    counts = {word: sum(item["state"] == word for item in items) for word in ("in use", "not in use", "unknown", "lost")}
    _agree(work, row, {"racks_fitted": len(fitted), "racks_lost": counts["lost"]})
    if row["racks_used"] is not None:
        _agree(work, row, {"racks_used": counts["in use"]})
    node = {**_head(row), "racks": {"counts": counts, "fitted": len(fitted), "items": items}}
    pieces: Node = {}
    if row["racks_used"] is not None:
        pieces = {"used": counts["in use"], "fitted": len(fitted) + counts["lost"], "lost": counts["lost"]}
    return Provided({"inventory": node}, pieces)


def _state_words(used: bool | None) -> str:
    return "unknown" if used is None else "in use" if used else "not in use"


def _rack(work: Work, texts: Texts, rack: Row, state: str, **more: Any) -> Node:
    said = landed_row(work, _deep(work, texts), rack, _RACK)
    said |= {"state": state, **more}
    return said


def devices(work: Work, code: str, texts: Texts) -> Provided:
    """What of the powered devices counts in the sums that the indicator reads; pieces of A1, B2 and F2."""
    row = work.inventory
    if row is None or row["status"] == "not_reported":
        return Provided({"inventory": _head(row)})
    held = Snapshot(work)
    if held.devices is None:
        return Provided({"inventory": _head(row)})
    sums = [_sum(work, texts, held.devices, name, row) for name in _columns_of(code)]
    node: Node = {**_head(row), "hours": work.hours, "devices": {"powered": len(held.devices.rows), "sums": sums}}
    pieces: Node = {}
    if code in ("A1", "F2") and row["gflops"] is not None:
        pieces["compute_gflops_h"] = row["gflops"] * work.hours
    if code == "A1":
        pieces |= {f"{name}_h": None if row[name] is None else row[name] * work.hours for name in ("storage_tb", "network_gbps")}
    if code == "B2" and row["rated_w"] is not None:
        pieces["rated"] = row["rated_w"] * work.hours
        pieces["racks_nominal"] = None if row["racks_rated_w"] is None else row["racks_rated_w"] * work.hours
        node["racks"] = _nominal(work, texts, held, row)
        node["rated_known_share"] = row["rated_known_share"]
    return Provided({"inventory": node}, pieces)


def _columns_of(code: str) -> tuple[str, ...]:
    return {"A1": ("gflops", "storage_tb", "network_gbps"), "B2": ("rated_w",), "B3": ("gflops",), "F2": ("gflops",)}[code]


def _sum(work: Work, texts: Texts, held: Devices, name: str, row: Row) -> Node:
    """One sum over devices, by kind; at greater depth device by device."""
    column, unit, kinds, sure = _SUMS[name]
    counted = held.stated(column, kinds, sure=sure)
    values = [(device, _in_unit(name, value)) for device, value in counted]
    exact = sum((value for _, value in values), Fraction(0))
    total: float | int | None = row[name]
    if total is not None:
        _agree(work, row, {name: round(exact) if isinstance(total, int) else float(exact)})
    by_kind: dict[str, list[Fraction]] = {}
    for device, value in values:
        by_kind.setdefault(device["kind"], []).append(value)
    node: Node = {
        "name": name, "unit": unit, "total": total, "devices": len(values),
        "kinds": [{"kind": kind, "devices": len(own), "sum": _number(sum(own, Fraction(0)))} for kind, own in sorted(by_kind.items())],
    }  # fmt: skip
    if work.depth != "meters":
        node["items"] = [_device(work, texts, device, value) for device, value in values]
    return node


def _device(work: Work, texts: Texts, device: Row, value: Fraction) -> Node:
    said = landed_row(work, _deep(work, texts), device, _DEVICE)
    said["amount"] = _number(value)
    return said


def _in_unit(name: str, value: Fraction) -> Fraction:
    """The amount of a device as it is summed: compute in whole GFLOPS each."""
    return Fraction(round(value * 1000)) if name == "gflops" else value


def _number(value: Fraction) -> float | int:
    return int(value) if value.denominator == 1 else float(value)


def _nominal(work: Work, texts: Texts, held: Snapshot, row: Row) -> Node:
    fitted = [rack for rack in held.racks or [] if is_fitted(rack, rack["snapshot_on"])]
    node: Node = {"fitted": len(fitted), "rated_w": row["racks_rated_w"]}
    if held.racks is not None:
        _agree(work, row, {"racks_rated_w": round(sum((Fraction(str(rack["rated_kw"])) * 1000 for rack in fitted), Fraction(0)))})
    if work.depth != "meters":
        node["items"] = [_rack(work, texts, rack, "fitted") for rack in fitted]
    return node


def _head(row: Row | None) -> Node:
    names = ("snapshot_on", "carried_days", "status", "reason")
    return {name: row[name] if row else None for name in names}


def _deep(work: Work, texts: Texts) -> Texts | None:
    """Thousands of racks and devices: their text is shown at depth ``rows`` only."""
    return texts if work.depth == "rows" else None


def _agree(work: Work, row: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    for name, value in found.items():
        if row[name] != value:
            raise GciError(
                f"The landed racks and devices of {work.site_id} give {name} = {value}, but staging/inventory of {work.month} says "
                f"{row[name]}. Run 'gci verify'."
            )
