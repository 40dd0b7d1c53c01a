"""What a site holds: racks, rated power, computing power, and how busy its processors were, from snapshots of the CMDB.

Here belongs the choice of the snapshot that stands for a month (TL05), what is counted once, and the sums that A1, B1, B2, B3 and F2 are
made of (method.md §1). Ratios of them are in ``assets/indicators``, the rules about them in ``checks/rules``. Unknown is null: never 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from assets.staging.topology import Row, plain
from assets.staging.utilisation import BusyHours, Capacity, Spoken, busy_hours, series, spoken_hours
from checks.findings import rows_of
from resources.calendar import month_last_day, month_seconds

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = {
    "site_id": pl.String, "month": pl.String, "snapshot_on": pl.String, "carried_days": pl.Int64,
    "racks_fitted": pl.Int64, "racks_rated_w": pl.Int64, "racks_used": pl.Int64, "racks_lost": pl.Int64,
    "rated_w": pl.Int64, "rated_known_share": pl.Float64, "gflops": pl.Float64,
    "fp32_hours": pl.Float64, "fp32_used_hours": pl.Float64, "cpu_fp32_hours": pl.Float64, "cpu_used_hours": pl.Float64,
    "gpu_fp32_hours": pl.Float64, "gpu_used_hours": pl.Float64, "utilisation_coverage": pl.Float64,
    "storage_tb": pl.Float64, "network_gbps": pl.Float64, "status": pl.String, "reason": pl.String,
}  # fmt: skip
# A rack is in use from this share of its U space (an AI rack: of its rated power) on: method.md §1, B1.
RACK_IN_USE = Fraction(4, 5)
# TL05: a snapshot within so many days of the month's end is the month's; an older one is carried forward so long.
NEAR_DAYS, CARRIED_DAYS = 5, 31
# A rack of a snapshot up to a year older that is gone without retired_on is lost (project convention); raw/step.py looks back as far.
LOST_DAYS = 366
SERVERS = ("server", "gpu_server")


def site_inventory(
    racks: pd.DataFrame,
    devices: pd.DataFrame,
    utilisation: pd.DataFrame,
    sites: Iterable[Mapping[str, Any]],
    *,
    month: str,
    zones: Mapping[str, str],
    near_days: int = NEAR_DAYS,
    carried_days: int = CARRIED_DAYS,
    lost_days: int = LOST_DAYS,
) -> pl.DataFrame:
    """One row for each site: what its newest snapshot says, and its utilisation over the month.

    ``racks, devices, utilisation`` are typed feeds (docs/architecture.md), empty where nothing landed; ``sites`` plain dicts of the rows
    in force; ``zones`` the time zone of each site. The snapshot is the newest on or before the month's end plus ``near_days``; one more
    than ``carried_days`` older than the month's end is none. Racks and devices may have different days: the older one is the row's
    ``snapshot_on``. ``status``: ``measured``, ``carried_forward`` (more than ``near_days`` old: ``carried_days`` says how old),
    ``not_reported`` (no snapshot of either). ``reason`` says, in English, what is absent.

    Columns (method.md §1 A1, B1, B2, B3): ``racks_fitted`` racks with fit-out, ``racks_rated_w`` their rated power in W and
    ``racks_used`` those in use; ``racks_lost`` racks with fit-out of snapshots up to ``lost_days`` older that are in no later one and were
    not retired; ``rated_w`` W of the powered devices that state it and ``rated_known_share`` their share; ``gflops`` FP32 GFLOPS of
    powered servers; ``fp32_hours`` TFLOPS·h whose utilisation is known and ``fp32_used_hours`` those used, of CPUs (``cpu_…``) and GPUs
    (``gpu_…``) also apart;
    ``utilisation_coverage`` capacity-hours with known utilisation / capacity-hours of the month; ``storage_tb`` TB of powered devices;
    ``network_gbps`` Gbps of powered network devices (a server's port is the other end of a link).
    """
    last = month_last_day(month)
    earliest, latest = last - timedelta(days=carried_days), last + timedelta(days=near_days)
    rack_rows, device_rows = _newest(racks, earliest, latest), _newest(devices, earliest, latest)
    last_seen: dict[str, dict[str, Row]] = defaultdict(dict)
    for rack_id, seen in _last_seen(racks, earliest - timedelta(days=lost_days), latest).items():
        last_seen[seen["site_id"]][rack_id] = seen
    spoken = spoken_hours(series(utilisation), month, zones)
    rows = []
    for site_id in sorted({site["site_id"] for site in sites}):
        held = _Snapshot(rack_rows.get(site_id), device_rows.get(site_id))
        row: Row = {"site_id": site_id, "month": month, **_dated(held, last, near_days, earliest, latest)}
        if held.rack_rows is not None:
            row |= _rack_columns(standing_rows(held.rack_rows), held.devices)
            row["racks_lost"] = len(lost_racks(last_seen[site_id], site_id, held.rack_rows[0]["snapshot_on"], lost_days))
        if held.devices is not None:
            compute = capacity(held.devices)
            row |= _device_columns(held.devices, compute)
            row |= _hour_columns(compute, spoken.get(site_id), month, zones[site_id])
        rows.append({name: row.get(name) for name in SCHEMA})
    return pl.DataFrame(rows, schema=SCHEMA)


# Snapshots ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Snapshot:
    """The newest racks and devices of a site, each of one day; None where there is no snapshot."""

    rack_rows: list[Row] | None
    device_rows: list[Row] | None

    @property
    def days(self) -> list[str]:
        return [rows[0]["snapshot_on"] for rows in (self.rack_rows, self.device_rows) if rows]

    @cached_property
    def devices(self) -> Devices | None:
        return None if self.device_rows is None else Devices(standing_rows(self.device_rows))


def _newest(frame: pd.DataFrame, earliest: date, latest: date) -> dict[str, list[Row]]:
    """By site, the rows of its newest snapshot between two days (both included)."""
    within = frame[(frame["snapshot_on"] >= earliest.isoformat()) & (frame["snapshot_on"] <= latest.isoformat())]
    keys = list(zip(within["site_id"], within["snapshot_on"], strict=True))
    newest = dict(sorted(set(keys)))
    found: dict[str, list[Row]] = defaultdict(list)
    for row in plain(rows_of(within[[newest[site_id] == day for site_id, day in keys]])):
        found[row["site_id"]].append(row)
    return dict(found)


def standing_rows(rows: list[Row]) -> list[Row]:
    """Rows that were not retired by the day of their snapshot."""
    return [row for row in rows if row["retired_on"] is None or row["retired_on"] > row["snapshot_on"]]


def _dated(held: _Snapshot, last: date, near_days: int, earliest: date, latest: date) -> Row:
    """Day, age and status of what stands for the month (TL05)."""
    absent = [name for name, rows in (("racks", held.rack_rows), ("devices", held.device_rows)) if rows is None]
    reason = f"no snapshot of {' or '.join(absent)} from {earliest} to {latest}" if absent else None
    if not held.days:
        return {"status": "not_reported", "reason": reason}
    oldest = min(held.days)
    age = (last - date.fromisoformat(oldest)).days
    carried = age if age > near_days else 0
    return {"snapshot_on": oldest, "carried_days": carried, "status": "carried_forward" if carried else "measured", "reason": reason}


# Devices, each counted once ---------------------------------------------------------------------------------------------


class Devices:
    """The devices of a snapshot that are not known to be off, and what of them counts.

    A device whose power state is blank counts where counting it can't flatter: in rated power (the denominator of B2), not in
    computing power, storage, network and racks in use. What a device above it (its chassis) states includes the device: a blade is not
    counted again for the power, height or compute that its chassis states. ``rated_w`` is the device's own figure; power supplies are
    never summed, as redundant ones don't add power (CT17). All of this is project convention.
    """

    def __init__(self, rows: list[Row]) -> None:
        self.rows = sorted((row for row in rows if row["powered_on"] is not False), key=lambda row: str(row["device_id"]))
        by_id = {row["device_id"]: row for row in self.rows}
        self._above = {row["device_id"]: _above(row, by_id) for row in self.rows}

    def of(self, kinds: Iterable[str]) -> list[Row]:
        return [row for row in self.rows if row["kind"] in kinds]

    def included(self, row: Row, column: str, kinds: tuple[str, ...] | None = None) -> bool:
        """Whether a device above this one states ``column`` (and is of these kinds)."""
        above = self._above[row["device_id"]]
        return bool(above) and any(up[column] is not None and (kinds is None or up["kind"] in kinds) for up in above)

    def stated(self, column: str, kinds: tuple[str, ...] | None = None, *, sure: bool = True) -> list[tuple[Row, Fraction]]:
        """Devices that count for a column, with its value; only those known to be on when ``sure``."""
        return [
            (row, _exact(row[column]))
            for row in self.rows
            if row[column] is not None
            and (kinds is None or row["kind"] in kinds)
            and (row["powered_on"] is True or not sure)
            and not self.included(row, column, kinds)
        ]


def _above(row: Row, by_id: Mapping[str, Row]) -> list[Row]:
    """The devices that a device is part of, nearest first; none when they go round in a circle."""
    found, seen = [], {row["device_id"]}
    while (up := by_id.get(row["parent_device_id"] or "")) is not None:
        if up["device_id"] in seen:
            return []
        seen.add(up["device_id"])
        found.append(up)
        row = up
    return found


@lru_cache(maxsize=4096, typed=True)  # of the types of a fleet's devices
def _exact(value: Any) -> Fraction:
    """A number as it is written: 0.1 is a tenth."""
    return Fraction(str(value))


def _device_columns(devices: Devices, compute: Sequence[Capacity]) -> Row:
    """Rated power, computing power, storage and network of powered devices."""
    rated = devices.stated("rated_w", sure=False)
    known = sum(row["rated_w"] is not None or devices.included(row, "rated_w") for row in devices.rows)
    storage, network = devices.stated("storage_tb"), devices.stated("network_gbps", ("network",))
    return {
        "rated_w": round(sum(watts for _row, watts in rated)) if rated or not devices.rows else None,
        "rated_known_share": known / len(devices.rows) if devices.rows else None,
        "gflops": float(sum(one.gflops for one in compute)) if compute or not devices.of(SERVERS) else None,
        "storage_tb": float(sum(value for _row, value in storage)) if storage else None,
        "network_gbps": float(sum(value for _row, value in network)) if network else None,
    }


def capacity(devices: Devices) -> list[Capacity]:
    """FP32 computing power of powered servers, in whole GFLOPS each."""
    return [
        Capacity(row["device_id"], row["kind"] == "gpu_server", round(tflops * 1000))
        for row, tflops in devices.stated("fp32_tflops", SERVERS)
    ]


def _hour_columns(compute: Sequence[Capacity], spoken: Spoken | None, month: str, zone: str) -> Row:
    """Capacity-hours known and used, together and of CPUs and GPUs apart."""
    found = busy_hours(spoken, compute)
    if found is None:
        return {}
    cpu, gpu = found
    both = BusyHours(cpu.known + gpu.known, cpu.used + gpu.used)
    most = sum(one.gflops for one in compute) * month_seconds(month, zone)
    return {
        "fp32_hours": both.known_hours,
        "fp32_used_hours": both.used_hours,
        "cpu_fp32_hours": cpu.known_hours,
        "cpu_used_hours": cpu.used_hours,
        "gpu_fp32_hours": gpu.known_hours,
        "gpu_used_hours": gpu.used_hours,
        "utilisation_coverage": both.known / most if most else None,
    }


# Racks ----------------------------------------------------------------------------------------------------------------


def _rack_columns(racks: list[Row], devices: Devices | None) -> Row:
    """Racks with fit-out, their rated power, and those in use; the last is null when none can be judged."""
    fitted = [rack for rack in racks if is_fitted(rack, rack["snapshot_on"])]
    sizes = {"racks_fitted": len(fitted), "racks_rated_w": round(sum(_exact(rack["rated_kw"]) * 1000 for rack in fitted))}
    if devices is None:
        return sizes
    states = [state.used for state in rack_states(fitted, devices)]
    nothing_known = bool(fitted) and states.count(None) == len(fitted)
    return {**sizes, "racks_used": None if nothing_known else states.count(True)}


class RackState(NamedTuple):
    """A fitted rack and whether it is in use (None: can't be told): what powered devices fill of its ``room``, in U or W (AI racks)."""

    rack: Row
    used: bool | None
    filled: Fraction
    room: Fraction
    unit: str


def rack_states(fitted: Iterable[Row], devices: Devices) -> list[RackState]:
    """Each fitted rack with what decides whether it is in use. Source: method.md §1, B1."""
    height, power = _by_rack(devices, "u_size"), _by_rack(devices, "rated_w")
    found = []
    for rack in fitted:
        ai = rack["ai_rack"] is True
        known, doubtful = (power if ai else height).get(rack["rack_id"], (Fraction(0), False))
        room = _exact(rack["rated_kw"]) * 1000 if ai else _exact(rack["u_height"])
        used = True if known > 0 and known >= RACK_IN_USE * room else None if doubtful else False
        found.append(RackState(rack, used, known, room, "W" if ai else "U"))
    return found


def is_fitted(rack: Row, day: str) -> bool:
    """Whether a rack has its fit-out by a day; a blank date counts as fitted: it can only lower the rate."""
    return rack["fitted_on"] is None or rack["fitted_on"] <= day


def _last_seen(racks: pd.DataFrame, earliest: date, latest: date) -> dict[str, Row]:
    """The newest row of each rack between two days, at whichever site: one that moved is not lost."""
    rows = racks[(racks["snapshot_on"] >= earliest.isoformat()) & (racks["snapshot_on"] <= latest.isoformat())]
    newest: dict[str, tuple[str, str, int]] = {}
    for place, (rack_id, *seen) in enumerate(zip(rows["rack_id"], rows["snapshot_on"], rows["site_id"], strict=True)):
        newest[rack_id] = max(newest.get(rack_id, ("", "", -1)), (*seen, place))
    columns = ["rack_id", "site_id", "snapshot_on", "fitted_on", "retired_on"]
    found = rows.iloc[[place for *_, place in newest.values()]][columns]
    return {row["rack_id"]: row for row in plain(rows_of(found))}


def lost_racks(last_seen: Mapping[str, Row], site_id: str, snapshot_on: str, lost_days: int) -> list[Row]:
    """Fitted racks of a site that its snapshot no longer has, though no row retired them by its day."""
    earliest = (date.fromisoformat(snapshot_on) - timedelta(days=lost_days)).isoformat()
    return [
        rack
        for rack in last_seen.values()
        if rack["site_id"] == site_id
        and earliest <= rack["snapshot_on"] < snapshot_on
        and (rack["retired_on"] is None or rack["retired_on"] > snapshot_on)
        and is_fitted(rack, snapshot_on)
    ]


def _by_rack(devices: Devices, column: str) -> dict[str, tuple[Fraction, bool]]:
    """By rack, what its powered devices fill, and whether a device in it may fill more: its size or its power state is not known."""
    filled: dict[str, Fraction] = defaultdict(Fraction)
    for row, value in devices.stated(column):
        filled[row["rack_id"]] += value
    doubtful = {
        row["rack_id"] for row in devices.rows if not devices.included(row, column) and (row[column] is None or row["powered_on"] is None)
    }
    return {rack_id: (filled[rack_id], rack_id in doubtful) for rack_id in {*filled, *doubtful}}
