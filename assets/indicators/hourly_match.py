"""Hourly matching: how much of a site's electricity was met by claimed energy in the very hour, and how much of it was carbon-free.

The arithmetic over hours and what is said of it beside E1; which energy stands in which hour is ``assets/staging/hourly_supply.py``.
Energies are whole Wh and exact until the ratio; months and sites are composed by adding them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

Row = Mapping[str, Any]
MILLION = 1_000_000
# What is read of staging/hourly_supply.
_HOURS = dict.fromkeys(("load_wh", "metered_wh", "prorated_wh", "carbon_free_wh", "unknown", "grid_share_e6"), pl.Int64)

# Why there is no figure, in both languages.
NOT_COMPUTED = ("the hours of the claims are not known", "绿电主张的分时数据未知")
NO_LOAD = ("the site's electricity is not metered hour by hour", "数据中心用电未逐小时计量")
NO_PROFILE = (
    "no hourly generation profile of what is claimed: certificates carry a month, not an hour",
    "所主张电量无分时发电曲线:绿证只标明月份,不标明小时",
)
NO_GRID = (
    "the carbon-free share of the grid is not given for every hour (telemetry, variable grid_carbon_free_share)",
    "未提供每小时的电网零碳电量占比(telemetry,变量 grid_carbon_free_share)",
)


@dataclass(frozen=True)
class HourlyMatch:
    """Sums over the hours of a site-month in which its load is metered, in Wh.

    ``matched_wh`` = Σ min(load, claimed supply), ``metered_wh`` the part of it by on-site and direct-line meters; the rest is prorated.
    ``carbon_free_wh`` = Σ min(load, carbon-free supply); ``grid_wh`` = Σ (load − that) × carbon-free share of the grid, None when the share
    is not known in an hour. ``claimed_wh``: everything that is claimed for the month; ``profiled_wh``: the part that stands on hours, and
    ``prorated_wh`` what of that is certificates. ``hours``: those with metered load, ``whole_hours`` those in which every profile is
    metered too, ``expected_hours`` those of the month.
    """

    matched_wh: int = 0
    metered_wh: int = 0
    carbon_free_wh: int = 0
    grid_wh: int | None = None
    claimed_wh: int = 0
    profiled_wh: int = 0
    prorated_wh: int = 0
    hours: int = 0
    whole_hours: int = 0
    expected_hours: int = 0

    def components(self) -> dict[str, int | None]:
        """The parts that months and sites are added up from, under ``hourly.*``."""
        return {f"hourly.{name.removesuffix('_wh')}": getattr(self, name) for name in self.__dataclass_fields__}


UNKNOWN: dict[str, int | None] = {f"hourly.{name.removesuffix('_wh')}": None for name in HourlyMatch.__dataclass_fields__}


def match_hours(hours: Iterable[Row], sources: Iterable[Row], expected_hours: int) -> HourlyMatch:
    """Sums of one site-month from its rows of staging/hourly_supply and staging/hourly_sources; their order changes nothing.

    Meters come before prorated certificates, carbon-free supply before the grid. Surplus of an hour moves to no other.
    Source: green-power.md §4: HM = Σ min(L, G) / Σ L; CFE = Σ [min(L, C) + (L − min(L, C))·g] / Σ L.
    """
    rows = pl.DataFrame([[row[name] for name in _HOURS] for row in hours], schema=_HOURS, orient="row")
    return match_sites(rows.with_columns(site_id=pl.lit("")), {"": list(sources)}, {"": expected_hours})[""]


def match_sites(hours: pl.DataFrame, sources: Mapping[str, Sequence[Row]], expected_hours: Mapping[str, int]) -> dict[str, HourlyMatch]:
    """:func:`match_hours` of every site of ``expected_hours``; ``hours``: staging/hourly_supply, ``sources``: rows by site."""
    load, metered, share = pl.col("load_wh"), pl.col("metered_wh"), pl.col("grid_share_e6")
    free = pl.min_horizontal(load, "carbon_free_wh")
    grid = ((load - free).cast(pl.Int128) * share).sum() // MILLION
    sums = hours.group_by("site_id").agg(
        matched_wh=pl.min_horizontal(load, metered + pl.col("prorated_wh")).sum(),
        metered_wh=pl.min_horizontal(load, metered).sum(),
        carbon_free_wh=free.sum(),
        grid_wh=pl.when(share.is_not_null().all()).then(grid),
        hours=pl.len(),
        whole_hours=(pl.col("unknown") == 0).sum(),
    )
    of_site = {row.pop("site_id"): row for row in sums.iter_rows(named=True)}
    return {
        site_id: HourlyMatch(
            **of_site.get(site_id, {}), expected_hours=expected,
            claimed_wh=sum(row["quantity_wh"] for row in listed), profiled_wh=sum(row["quantity_wh"] for row in listed if row["basis"]),
            prorated_wh=sum(row["quantity_wh"] for row in listed if row["basis"] == "prorated"),
        )
        for (site_id, expected), listed in ((item, sources.get(item[0], ())) for item in expected_hours.items())
    }  # fmt: skip


def companions(components: Mapping[str, Any], counted: int) -> dict[str, Any]:
    """HM and CFE beside E1, from its components; ``counted``: the claimed Wh that E1 counts.

    Both are ratios of sums over the same electricity as E1, so that they never exceed it by an hour that is not known: what is not metered
    on both sides matches nothing, and the figures are lower bounds. Null with a reason where the load has no hours, nothing that is claimed
    has a profile, or the share of the grid is missing. Where nothing is claimed, nothing is matched: 0.
    """
    e_dc: int = components["E_DC"]
    parts: dict[str, Any] = {name: components.get(name) for name in UNKNOWN}
    reason = _reason(parts)
    claimed, profiled, expected = (parts[f"hourly.{name}"] for name in ("claimed", "profiled", "expected_hours"))
    names = ("matched_share", "metered_share", "basis", "profiled_share", "known_share", "reason", "reason_zh")
    found: dict[str, Any] = dict.fromkeys((*(f"hourly_{name}" for name in names), "CFE", "CFE_reason", "CFE_reason_zh"))
    if claimed:
        found["hourly_profiled_share"] = (profiled or 0) / claimed
    if expected:
        found["hourly_known_share"] = parts["hourly.whole_hours"] / expected
    if reason is not None:
        said = {"reason": reason[0], "reason_zh": reason[1]}
        return found | {f"{name}_{key}": text for name in ("hourly", "CFE") for key, text in said.items()}
    found["hourly_matched_share"] = min(parts["hourly.matched"], counted) / e_dc
    found["hourly_metered_share"] = min(parts["hourly.metered"], counted) / e_dc
    if claimed:
        found["hourly_basis"] = "prorated" if parts["hourly.prorated"] else "metered"
    if parts["hourly.grid"] is None:
        return found | {"CFE_reason": NO_GRID[0], "CFE_reason_zh": NO_GRID[1]}
    return found | {"CFE": min(1.0, (parts["hourly.carbon_free"] + parts["hourly.grid"]) / e_dc)}


def _reason(parts: Mapping[str, Any]) -> tuple[str, str] | None:
    if parts["hourly.claimed"] is None:
        return NOT_COMPUTED
    if not parts["hourly.claimed"]:
        return None
    if not parts["hourly.hours"]:
        return NO_LOAD
    return None if parts["hourly.profiled"] else NO_PROFILE
