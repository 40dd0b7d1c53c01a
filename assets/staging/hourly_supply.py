"""Load and claimed supply of a site hour by hour: what hourly matching is counted from.

Which hours are metered on both sides, and how a month's claims are placed on the hours of a meter, belongs here; which energy is claimed at
all is ``claims.py``, shares are ``assets/indicators/hourly_match.py``. Certificates carry a month, not an hour: their energy is prorated on
the metered generation of their project. Energies are whole Wh; rows are plain dicts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import accumulate, repeat
from operator import add, sub
from typing import Any

import polars as pl

from assets.staging.onsite import SiteEnergies, meters_in_month, plant_meters, plant_wh
from assets.staging.spans import Span, size
from assets.staging.topology import counted, counted_at_points
from resources.calendar import HOUR_S, local_s, month_first_day, month_hours_s, month_last_day

Row = Mapping[str, Any]
SUPPLY = {
    "site_id": pl.String, "hour_s": pl.Int64, "load_wh": pl.Int64, "metered_wh": pl.Int64, "prorated_wh": pl.Int64,
    "carbon_free_wh": pl.Int64, "unknown": pl.Int64, "grid_share_e6": pl.Int64, "month": pl.String,
}  # fmt: skip
SOURCES = {
    "site_id": pl.String, "route": pl.String, "project_code": pl.String, "production_month": pl.String, "carbon_free": pl.Boolean,
    "quantity_wh": pl.Int64, "basis": pl.String, "whole_wh": pl.Int64, "placed_wh": pl.Int64, "reason": pl.String, "month": pl.String,
}  # fmt: skip
METERED, PRORATED = "metered", "prorated"
GRID_SHARE = "grid_carbon_free_share"  # variable of the feed telemetry, 0 to 1
# Why a claim has no hours, in both languages; the English text is the value of the column ``reason``.
REASONS = {
    "no generation profile": "无分时发电曲线",
    "produced in another month": "非当月生产",
    "generation is not known for the whole month": "当月发电量不完整",
    "not metered hour by hour": "未逐小时计量",
}
GENERATION_POINTS = ("onsite_generation", "offsite_generation")


@dataclass(frozen=True)
class HourlySupply:
    """``supply``: SUPPLY, a row for each hour in which a site's load is metered; ``sources``: SOURCES, each claim and its hours."""

    supply: pl.DataFrame
    sources: pl.DataFrame

    def tables(self) -> dict[str, pl.DataFrame]:
        return {"staging/hourly_supply": self.supply, "staging/hourly_sources": self.sources}


@dataclass(frozen=True)
class Profile:
    """Metered energy of something in the hours of a month.

    ``wh``: hour → Wh of the hours that are wholly metered, at least 0; ``unknown``: the other hours in which its meters are in force;
    ``whole_wh``: its energy of the month with what was estimated, None when some of it is unknown.
    """

    wh: Mapping[int, int] = field(default_factory=dict)
    unknown: frozenset[int] = frozenset()
    whole_wh: int | None = None


def place(quantity_wh: int, whole_wh: int, hours: Mapping[int, int]) -> dict[int, int]:
    """A month's claimed energy on the metered hours of its source: hour → whole Wh, in proportion to the hours, never more than them.

    ``whole_wh``: what the source gave in the month, all of it. Running totals are divided, so that the parts of all hours sum to
    ``quantity_wh`` exactly where the hours sum to ``whole_wh``; energy of hours that are not metered is placed nowhere.
    Source: green-power.md §4: G_t = (cancelled / issued) × metered generation_t.
    """
    whole = max(whole_wh, sum(hours.values()))
    share = min(quantity_wh, whole)
    ordered = sorted(hours)
    if not whole:
        return dict.fromkeys(ordered, 0)
    after = [share * running // whole for running in accumulate(map(hours.__getitem__, ordered))]
    return dict(zip(ordered, map(sub, after, [0, *after[:-1]]), strict=True))


def issued_counts(certificates: Iterable[Row], month: str) -> dict[str, int]:
    """Certificates issued for the production month by project: every number once."""
    spans: dict[str, list[Span]] = defaultdict(list)
    for row in certificates:
        if row["production_month"] == month:
            spans[row["project_code"]].append((int(row["seq_start"]), int(row["seq_end"])))
    return {project: size(ranges) for project, ranges in spans.items()}


def hourly_supply(
    hours: pl.LazyFrame, claims: Iterable[Row], energies: Iterable[Row], registry: Sequence[Row], sites: Sequence[Row], *, month: str,
    zones: Mapping[str, str], certificates: Iterable[Row] = (), telemetry: Iterable[Row] = (),
) -> HourlySupply:  # fmt: skip
    """Load and claimed supply of every site in the hours of a month.

    ``hours``: staging/interval_energy; ``claims``, ``energies``: rows of the staged tables of the month; ``registry``: rows of the
    registry as sides are counted from them; ``sites``: rows in force; ``certificates``: the feed; ``telemetry``: the feed, of which the
    variable ``grid_carbon_free_share`` (0 to 1, unit 1) is read. An hour counts as metered when every meter in force is measured in all of
    it: an estimate, or a day's energy spread over its hours, is no hour. Eligible on-site and direct-line energy follows its own meters;
    certificates are prorated on the generation of their project in the month they were produced in and are claimed for, divided by what
    was issued or generated, whichever is more, so that no hour has more than the certificates say. Nothing is placed where the profile is
    not known: such an hour matches less, never more (``unknown`` counts its sources). Source: green-power.md §4.
    """
    listed: dict[str | None, list[Row]] = defaultdict(list)
    for row in claims:
        if row["status"] == "eligible" and row["quantity_wh"]:
            listed[row["site_id"]].append(row)
    totals = SiteEnergies(energies)
    roofs = [site_id for site_id in zones if totals.has(site_id, "point:onsite_generation")]
    plants = plant_meters(registry, month)
    profiles = _profiles(hours, _spans(registry, sites, plants, month), month, zones)
    used = {site_id: _self_used(totals, plant_wh(totals, site_id, plants.get(site_id, ())), site_id) for site_id in roofs}
    issued = issued_counts(certificates, month)
    grid = _grid_shares(telemetry, month, zones)
    supply: dict[str, list[Any]] = {name: [] for name in SUPPLY}
    sources: list[dict[str, Any]] = []
    for site_id in sorted(zones):
        load = profiles.get(f"load {site_id}")
        found = [
            _source(key, sum(int(row["quantity_wh"]) for row in alike), site_id, profiles, totals, used.get(site_id, 0), issued, month)
            for key, alike in _alike(listed[site_id])
        ]
        sources += [{**source.row, "month": month} for source in found]
        if load is not None:
            for name, values in _site_hours(site_id, load, found, grid.get(site_id, {}), month).items():
                supply[name] += values
    return HourlySupply(pl.DataFrame(supply, schema=SUPPLY), pl.DataFrame(sources, schema=SOURCES))


# Meters ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Span:
    key: str
    site_id: str
    meter_id: str
    sign: int
    first: date
    last: date


def _spans(registry: Sequence[Row], sites: Sequence[Row], plants: Mapping[str, Iterable[str]], month: str) -> list[_Span]:
    """The meters of every profile: a site's load, direct line and self-use, a project's generation."""
    found = [
        _Span(f"load {c.site_id}", c.site_id, c.meter_id, c.sign, c.first_day, c.last_day)
        for c in counted(registry, sites, month)
        if c.side == "E_DC"
    ]
    for c in counted_at_points(registry, sites, month):
        point = c.side.removeprefix("point:")
        if point == "direct_line":
            found.append(_Span(f"line {c.site_id}", c.site_id, c.meter_id, 1, c.first_day, c.last_day))
        sign = 1 if point == "onsite_generation" else -1 if point == "export" or c.meter_id in plants.get(c.site_id, ()) else 0
        if sign:
            found.append(_Span(f"self {c.site_id}", c.site_id, c.meter_id, sign, c.first_day, c.last_day))
    for name, row in meters_in_month(registry, month).items():
        if row["point"] in GENERATION_POINTS and row["project_code"]:
            begun = max(row["valid_from"] or "", month_first_day(month).isoformat())
            ended = min(row["valid_to"] or "9999-12-31", month_last_day(month).isoformat())
            for site_id in row.get("shared_by") or (row["site_id"],):
                found.append(
                    _Span(f"project {row['project_code']}", site_id, name, 1, date.fromisoformat(begun), date.fromisoformat(ended))
                )
    return found


def _profiles(hours: pl.LazyFrame, spans: list[_Span], month: str, zones: Mapping[str, str]) -> dict[str, Profile]:
    """What the meters of each key say together, hour by hour."""
    spans = [span for span in spans if span.site_id in zones]
    # names as categories: they are joined, grouped and sorted as numbers
    key, site, meter = (pl.Enum(sorted({getattr(span, name) for span in spans})) for name in ("key", "site_id", "meter_id"))
    bounds = pl.DataFrame(
        [(s.key, s.site_id, s.meter_id, s.sign, *_seconds(s, zones[s.site_id])) for s in spans], orient="row",
        schema={"key": key, "site_id": site, "meter_id": meter, "sign": pl.Int64, "from_s": pl.Int64, "to_s": pl.Int64},
    )  # fmt: skip
    grid = pl.DataFrame(
        {"site_id": site.categories, "hour_s": [month_hours_s(month, zones[site_id]) for site_id in site.categories]},
        schema={"site_id": site, "hour_s": pl.List(pl.Int64)},
    ).explode("hour_s")
    known = (
        hours.filter(pl.col("meter_id").is_in(meter.categories))
        .select(
            pl.col("site_id").cast(site, strict=False), pl.col("meter_id").cast(meter), "hour_s", "quantity",
            metered=(pl.col("state") == "measured") & (pl.col("known_s") >= HOUR_S) & (pl.col("estimated") == 0),
        )
        .collect()
    )  # fmt: skip
    sums = (
        bounds.join(grid, on="site_id")
        .filter(pl.col("hour_s").is_between(pl.col("from_s"), pl.col("to_s"), closed="left"))
        .join(known, on=["site_id", "meter_id", "hour_s"], how="left")
        .group_by("key", "hour_s")
        .agg(
            (pl.col("sign") * pl.col("quantity")).sum().alias("wh"),
            (pl.col("metered").fill_null(False).all() & (pl.col("sign") > 0).any()).alias("metered"),
            pl.col("quantity").is_not_null().all().alias("known"),
        )
        .sort("hour_s")
        .group_by("key", maintain_order=True)
        .agg(
            pl.col("hour_s").filter("metered"), pl.col("wh").filter("metered").clip(0).alias("metered_wh"),
            pl.col("hour_s").filter(~pl.col("metered")).alias("unknown"), pl.col("wh").sum(), pl.col("known").all(),
        )
    )  # fmt: skip
    return {
        key: Profile(dict(zip(at, metered, strict=True)), frozenset(unknown), max(0, wh) if known else None)
        for key, at, metered, unknown, wh, known in sums.iter_rows()
    }


def _seconds(span: _Span, zone: str) -> tuple[int, int]:
    """First second of a span, and the first one after it."""
    first, after = (
        local_s(datetime(day.year, day.month, day.day), zone) for day in (span.first, span.last + timedelta(days=1))
    )  # fmt: skip
    return first, after


# Claims ---------------------------------------------------------------------------------------------------------------

_Key = tuple[str, str, str | None, str | None, bool]  # source, route, project, production month, carbon-free


def _self_used(totals: SiteEnergies, plant_wh: int | None, site_id: str) -> int:
    """All self-use of a site in the month, whether claimed or not; 0 where it is not known (its metered hours then stand for it)."""
    generation, export = totals.total(site_id, "point:onsite_generation"), totals.total(site_id, "point:export", absent=0)
    return 0 if generation is None or export is None or plant_wh is None else max(0, generation - export - plant_wh)


@dataclass(frozen=True)
class _Source:
    """A row of SOURCES, its energy on the hours, and the hours in which its energy is not known."""

    row: dict[str, Any]
    wh: Mapping[int, int] = field(default_factory=dict)
    unknown: frozenset[int] = frozenset()


def _alike(rows: Iterable[Row]) -> list[tuple[_Key, list[Row]]]:
    found: dict[_Key, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["source"], row["route"], row["project_code"], row["production_month"], bool(row["carbon_free"])].append(row)
    return sorted(found.items(), key=lambda item: tuple(str(part or "") for part in item[0]))


def _source(
    key: _Key, quantity_wh: int, site_id: str, profiles: Mapping[str, Profile], totals: SiteEnergies, used_wh: int,
    issued: Mapping[str, int], month: str,
) -> _Source:  # fmt: skip
    kind, route, project, produced, carbon_free = key
    row: dict[str, Any] = {
        "site_id": site_id, "route": route, "project_code": project, "production_month": produced, "carbon_free": carbon_free,
        "quantity_wh": quantity_wh, "basis": None, "whole_wh": None, "placed_wh": 0, "reason": None,
    }  # fmt: skip
    if kind == "onsite":
        profile, whole, basis = profiles.get(f"self {site_id}", Profile()), used_wh, METERED
    elif route == "direct_line":
        profile, whole, basis = profiles.get(f"line {site_id}", Profile()), totals.total(site_id, "point:direct_line") or 0, METERED
    elif produced != month:
        return _Source(row | {"reason": "produced in another month"})
    elif (generation := profiles.get(f"project {project}")) is None:
        return _Source(row | {"reason": "no generation profile"})
    elif generation.whole_wh is None:
        return _Source(row | {"reason": "generation is not known for the whole month"})
    else:
        profile, whole, basis = generation, max(generation.whole_wh, issued.get(project or "", 0) * 1_000_000), PRORATED
    if not profile.wh:
        return _Source(row | {"reason": "not metered hour by hour"})
    placed = place(quantity_wh, whole, profile.wh)
    row |= {"basis": basis, "whole_wh": max(whole, sum(profile.wh.values())), "placed_wh": sum(placed.values())}
    return _Source(row, placed, profile.unknown)


def _site_hours(site_id: str, load: Profile, sources: Sequence[_Source], grid: Mapping[int, int], month: str) -> dict[str, list[Any]]:
    """The columns SUPPLY of a site."""
    placed, hours, count = [source for source in sources if source.row["basis"]], load.wh, len(load.wh)

    def supplied(those: Iterable[_Source]) -> list[int]:
        return _summed(count, (map(source.wh.get, hours, repeat(0)) for source in those))

    return {
        "site_id": [site_id] * count, "hour_s": list(hours), "load_wh": list(hours.values()),
        "metered_wh": supplied(source for source in placed if source.row["basis"] == METERED),
        "prorated_wh": supplied(source for source in placed if source.row["basis"] == PRORATED),
        "carbon_free_wh": supplied(source for source in placed if source.row["carbon_free"]),
        "unknown": _summed(count, (map(source.unknown.__contains__, hours) for source in placed)),
        "grid_share_e6": list(map(grid.get, hours)), "month": [month] * count,
    }  # fmt: skip


def _summed(count: int, columns: Iterable[Iterable[int]]) -> list[int]:
    """The sum of columns of that many numbers, row by row."""
    found = [0] * count
    for column in columns:
        found = list(map(add, found, column))
    return found


def _grid_shares(telemetry: Iterable[Row], month: str, zones: Mapping[str, str]) -> dict[str, dict[int, int]]:
    """Carbon-free share of the grid by site and hour, in millionths: the mean of what was said of an hour."""
    starts = {site_id: month_hours_s(month, zone) for site_id, zone in zones.items()}
    seen: dict[tuple[str, int], list[int]] = defaultdict(list)
    for row in telemetry:
        at_s, hours = row["at_s"], starts.get(row["site_id"])
        if row["variable"] != GRID_SHARE or row["unit"] != "1" or not hours or not hours[0] <= at_s < hours[-1] + HOUR_S:
            continue
        seen[row["site_id"], hours[(at_s - hours[0]) // HOUR_S]].append(round(row["value"] * 1_000_000))
    found: dict[str, dict[int, int]] = defaultdict(dict)
    for (site_id, hour), shares in seen.items():
        found[site_id][hour] = round(sum(shares) / len(shares))
    return found
