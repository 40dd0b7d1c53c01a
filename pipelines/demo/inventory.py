"""The simulated racks, devices and their utilisation.

Which devices stand where, when they came and went, and how busy they are; monthly snapshots as a CMDB exports them. A device is a
device: sites are small enough that every one of them has its row. Electricity is in ``load``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from pipelines.demo.fleet import MONTHS, SITES, TIMEZONE
from resources.calendar import month_bounds_s, month_first_day, month_last_day


@dataclass(frozen=True)
class Group:
    """Devices of one model at a site, standing ``per_rack`` to a rack of ``rack_kw``.

    ``later``: how many of them arrive during the thirteen months, evenly; ``leaving``: how many are taken out, evenly.
    """

    kind: str
    model: str
    count: int
    u_size: int
    rated_w: int
    fp32_tflops: float | None
    per_rack: int
    rack_kw: float
    storage_tb: float | None = None
    network_gbps: float | None = None
    psu_w: int = 1000
    psu_count: int = 2
    later: int = 0
    leaving: int = 0


@dataclass(frozen=True)
class Hall:
    """The IT of a site: device groups, empty fitted racks, and the mean utilisation of CPU and GPU."""

    groups: tuple[Group, ...]
    rack_u: int
    empty_racks: int
    ai: bool
    cpu: float
    gpu: float | None


HALLS: dict[str, Hall] = {
    "HL01": Hall(
        (
            Group("server", "SIM-4U-4S", 720, 4, 2200, 24.0, 9, 15.0, psu_w=1600, later=36),
            Group("gpu_server", "SIM-4U-INF", 54, 4, 3200, 260.0, 9, 15.0, psu_w=2000),
            Group("storage", "SIM-4U-STO", 81, 4, 1500, None, 9, 15.0, storage_tb=720.0),
            Group("network", "SIM-1U-SW", 60, 1, 600, None, 20, 15.0, network_gbps=3200.0, psu_w=650),
        ),
        rack_u=42, empty_racks=33, ai=False, cpu=0.36, gpu=0.41,
    ),
    "HL02": Hall(
        (
            Group("gpu_server", "SIM-8U-8GPU", 400, 8, 10200, 536.0, 4, 45.0, psu_w=3300, psu_count=6, later=48),
            Group("server", "SIM-2U-2S", 60, 2, 1100, 12.0, 18, 20.0, psu_w=1300),
            Group("storage", "SIM-2U-NVME", 60, 2, 1300, None, 18, 20.0, storage_tb=460.0, psu_w=1300),
            Group("network", "SIM-2U-800G", 60, 2, 1900, None, 18, 20.0, network_gbps=51200.0, psu_w=2000),
        ),
        rack_u=48, empty_racks=12, ai=True, cpu=0.34, gpu=0.46,
    ),
    "HL03": Hall(
        (
            Group("server", "SIM-4U-OLD", 800, 4, 700, 3.0, 9, 6.0, psu_w=800, leaving=52),
            Group("storage", "SIM-4U-DISK", 72, 4, 1000, None, 9, 6.0, storage_tb=96.0),
            Group("network", "SIM-1U-10G", 40, 1, 300, None, 20, 6.0, network_gbps=480.0, psu_w=350),
        ),
        rack_u=42, empty_racks=26, ai=False, cpu=0.21, gpu=None,
    ),
}  # fmt: skip


@cache
def _devices(site_id: str) -> pl.DataFrame:
    """Every device that was ever there: constant columns, ``commissioned_on``, ``retired_on``, ``rack``."""
    frames, rack = [], 0
    opened = date.fromisoformat(str(SITES[site_id].row["commissioned_on"]))
    for group in HALLS[site_id].groups:
        numbers = range(group.count)
        frames.append(
            pl.DataFrame(
                {
                    "device_id": [f"{site_id}-{group.model[4:]}-{n + 1:04d}" for n in numbers],
                    "rack": [rack + n // group.per_rack for n in numbers],
                    "kind": group.kind,
                    "u_size": group.u_size,
                    "rated_w": group.rated_w,
                    "fp32_tflops": pl.Series([group.fp32_tflops] * group.count, dtype=pl.Float64),
                    "storage_tb": pl.Series([group.storage_tb] * group.count, dtype=pl.Float64),
                    "network_gbps": pl.Series([group.network_gbps] * group.count, dtype=pl.Float64),
                    "model": group.model,
                    "psu_count": group.psu_count,
                    "psu_w": group.psu_w,
                    "commissioned_on": [_arrival(group, n, opened) for n in numbers],
                    "retired_on": pl.Series([_departure(group, n) for n in numbers], dtype=pl.String),
                }
            )
        )
        rack += -(-group.count // group.per_rack)
    return pl.concat(frames)


def _arrival(group: Group, n: int, opened: date) -> str:
    index = n - (group.count - group.later)
    if index < 0:
        return str(opened + timedelta(days=30 + n % 60))
    return str(month_first_day(MONTHS[index * len(MONTHS) // group.later]) + timedelta(days=4 + index % 20))


def _departure(group: Group, n: int) -> str | None:
    if n >= group.leaving:
        return None
    return str(month_first_day(MONTHS[n * len(MONTHS) // group.leaving]) + timedelta(days=14))


def devices(site_id: str, month: str) -> pl.DataFrame:
    """The feed ``devices`` of a site on the last day of a month: what is there then, all powered."""
    day = str(month_last_day(month))
    there = _devices(site_id).filter((pl.col("commissioned_on") <= day) & (pl.col("retired_on").is_null() | (pl.col("retired_on") > day)))
    return there.select(
        "device_id",
        site_id=pl.lit(site_id),
        snapshot_on=pl.lit(day),
        rack_id=pl.format("{}-R{}", pl.lit(site_id), (pl.col("rack") + 1).cast(pl.String).str.zfill(3)),
        kind="kind", u_size="u_size", rated_w="rated_w", powered_on=pl.lit(True), fp32_tflops="fp32_tflops", storage_tb="storage_tb",
        network_gbps="network_gbps", model="model", psu_count="psu_count", psu_w="psu_w", commissioned_on="commissioned_on",
    )  # fmt: skip


def racks(site_id: str, month: str) -> pl.DataFrame:
    """The feed ``racks`` of a site on the last day of a month: the racks of the device groups, then the empty fitted ones."""
    hall = HALLS[site_id]
    rated = [group.rack_kw for group in hall.groups for _ in range(-(-group.count // group.per_rack))]
    ai = [hall.ai and group.kind == "gpu_server" for group in hall.groups for _ in range(-(-group.count // group.per_rack))]
    rated += [hall.groups[0].rack_kw] * hall.empty_racks
    ai += [hall.ai] * hall.empty_racks
    numbers = range(len(rated))
    return pl.DataFrame(
        {
            "rack_id": [f"{site_id}-R{n + 1:03d}" for n in numbers],
            "site_id": site_id,
            "snapshot_on": str(month_last_day(month)),
            "room": [f"{site_id}-{101 + n // 60}" for n in numbers],
            "u_height": hall.rack_u,
            "rated_kw": rated,
            "fitted_on": str(SITES[site_id].row["commissioned_on"]),
            "ai_rack": ai,
        }
    )


@cache
def rated_kw(site_id: str, month: str) -> float:
    """Rated power of all powered devices of the month's snapshot, kW."""
    return float(devices(site_id, month)["rated_w"].sum()) / 1000


def utilisation(site_id: str, month: str, seed: int) -> list[dict[str, Any]]:
    """The feed ``utilisation`` of a site and month: one row an hour for the whole site; the GPU ratio is blank where there is none."""
    hall = HALLS[site_id]
    start, end = month_bounds_s(month, TIMEZONE)
    hours = (end - start) // 3600
    rng = np.random.default_rng([seed, int(site_id[2:]), int(month[:4]) * 12 + int(month[5:])])
    day = 1 + 0.18 * np.sin((np.arange(hours) % 24 - 9) * np.pi / 12) + rng.normal(0, 0.03, hours)
    cpu = np.round(np.clip(hall.cpu * day, 0.01, 0.99), 3).tolist()
    gpu = np.round(np.clip((hall.gpu or 0) * (2 + day) / 3, 0.01, 0.99), 3).tolist()
    return [
        {
            "scope": "site",
            "site_id": site_id,
            "at": f"{month}-{1 + hour // 24:02d} {hour % 24:02d}:00:00",
            "cpu_ratio": cpu[hour],
            "gpu_ratio": None if hall.gpu is None else gpu[hour],
        }
        for hour in range(hours)
    ]
