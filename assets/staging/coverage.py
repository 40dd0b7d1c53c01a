"""How complete a month is: metered time by site, meter and day, the stretches without metering, and which feeds said anything.

Put here what is counted of time and rows. Every figure is of what was landed, before estimation: an estimate never hides a gap. Whether a
gap matters is for the rules (TL01); what to ask of whom is put into words in ``assets/reports``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import polars as pl

from assets.staging.inventory import CARRIED_DAYS, NEAR_DAYS
from assets.staging.parts import VIRTUAL
from assets.staging.topology import Row
from resources.calendar import HOUR_S, month_bounds_s, month_first_day, month_hours_s, month_last_day
from resources.clock import local_day

COVERAGE = {
    "site_id": pl.String, "feed": pl.String, "subject": pl.String, "day": pl.String, "side": pl.String, "expected_s": pl.Int64,
    "metered_s": pl.Int64, "month": pl.String,
}  # fmt: skip
GAPS = {
    "site_id": pl.String, "meter_id": pl.String, "point": pl.String, "side": pl.String, "from_s": pl.Int64, "to_s": pl.Int64,
    "month": pl.String,
}  # fmt: skip
REPORTED = {
    "site_id": pl.String, "feed": pl.String, "state": pl.String, "rows": pl.Int64, "latest": pl.String, "missing": pl.String,
    "month": pl.String,
}  # fmt: skip
READINGS = "meter_readings"
SERIES = ("utilisation", "telemetry")  # feeds of instants beside readings
PRESENT, CARRIED, DECLARED, ABSENT, NOT_EXPECTED = "present", "carried_forward", "declared", "absent", "not_expected"

_METERED = pl.col("state").is_in(["measured", "profiled"])


def metered_days(hours: pl.LazyFrame, sides: pl.DataFrame, zones: Mapping[str, str], month: str) -> pl.DataFrame:
    """COVERAGE of the meters: expected and metered seconds of every meter on every site-local day on which it is valid.

    ``hours``: staging/interval_energy, lazily; ``sides``: site_id, meter_id, side ('' or the sides on which it counts); ``zones``: time
    zone by site. An hour is metered when all of it is, as measured or profiled energy: one that is estimated in part, or unknown in part,
    counts as not metered. Source: checks.md TL01 (before estimation); project convention (whole hours).
    """
    frames = [
        hours.filter(pl.col("site_id").is_in(sites))
        .group_by("site_id", "meter_id", day=local_day(zone, *month_bounds_s(month, zone)))
        .agg(expected_s=pl.len().cast(pl.Int64) * HOUR_S, metered_s=_METERED.sum().cast(pl.Int64) * HOUR_S)
        for zone, sites in _by_zone(zones)
    ]
    schema = {"site_id": pl.String, "meter_id": pl.String, "day": pl.Date, "expected_s": pl.Int64, "metered_s": pl.Int64}
    days = pl.concat([pl.LazyFrame(schema=schema), *frames]).collect(engine="streaming")
    return (
        days.join(sides, on=["site_id", "meter_id"], how="left")
        .select(
            "site_id", feed=pl.lit(READINGS), subject="meter_id", day=pl.col("day").dt.strftime("%Y-%m-%d"),
            side=pl.col("side").fill_null(""), expected_s="expected_s", metered_s="metered_s", month=pl.lit(month),
        )
        .sort("site_id", "subject", "day")
    )  # fmt: skip


def series_days(feed: str, frame: Any, zones: Mapping[str, str], month: str) -> pl.DataFrame:
    """COVERAGE of a feed of instants (typed, pandas): hours of each day of the month in which a site said anything at all.

    Only of sites that have a row in the month; their days without one have no metered second.
    """
    own = frame.loc[frame["month"] == month, ["site_id", "at_s"]].drop_duplicates()  # of many devices at once
    rows = pl.DataFrame({"site_id": own["site_id"].tolist(), "at_s": own["at_s"].tolist()}, schema={"site_id": pl.String, "at_s": pl.Int64})
    at = pl.from_epoch("hour_s", time_unit="s").dt.replace_time_zone("UTC")
    found = [pl.DataFrame(schema=COVERAGE)]
    for zone, sites in _by_zone(zones):
        hours = pl.DataFrame({"hour_s": month_hours_s(month, zone)}, schema={"hour_s": pl.Int64})
        first = hours["hour_s"][0]
        said = rows.filter(pl.col("site_id").is_in(sites)).select("site_id", hour_s=pl.col("at_s") - (pl.col("at_s") - first) % HOUR_S)
        grid = said.select("site_id").unique().join(hours, how="cross")
        marked = grid.join(said.unique().with_columns(said=pl.lit(1, pl.Int64)), on=["site_id", "hour_s"], how="left")
        days = marked.group_by("site_id", day=at.dt.convert_time_zone(zone).dt.strftime("%Y-%m-%d")).agg(
            expected_s=pl.len().cast(pl.Int64) * HOUR_S, metered_s=pl.col("said").sum() * HOUR_S
        )
        added = days.with_columns(feed=pl.lit(feed), subject=pl.lit(""), side=pl.lit(""), month=pl.lit(month))
        found.append(added.select(list(COVERAGE)))
    return pl.concat(found).sort("site_id", "subject", "day")


def metering_gaps(hours: pl.LazyFrame, facts: pl.DataFrame, sides: pl.DataFrame, month: str) -> pl.DataFrame:
    """GAPS: the stretches in which a meter with a register has no wholly metered hour, from its first second to the one after its last.

    ``facts``: staging/meter_facts, which says which meters are virtual: what these lack, their members lack. ``sides``: as for
    :func:`metered_days`, where members of a counted virtual meter have its sides.
    """
    virtual = facts.filter(pl.col("kind") == VIRTUAL)["meter_id"].unique()
    unmetered = (
        hours.filter(~_METERED & (pl.col("site_id") != "") & ~pl.col("meter_id").is_in(virtual.to_list()))
        .select("site_id", "meter_id", "point", "hour_s")
        .collect()
        .sort("site_id", "meter_id", "hour_s")
    )
    follows = pl.col("hour_s").diff().over("site_id", "meter_id").fill_null(0) == HOUR_S
    runs = unmetered.with_columns(run=(~follows).cum_sum()).group_by("run", "site_id", "meter_id").agg(
        point=pl.col("point").last(), from_s=pl.col("hour_s").min(), to_s=pl.col("hour_s").max() + HOUR_S
    )  # fmt: skip
    return (
        runs.join(sides, on=["site_id", "meter_id"], how="left")
        .with_columns(side=pl.col("side").fill_null(""), month=pl.lit(month))
        .select(list(GAPS))
        .sort("site_id", "meter_id", "from_s")
    )


def sides_of_meters(roles: Mapping[tuple[str, str], str], members: Iterable[tuple[str, str, str]] = ()) -> pl.DataFrame:
    """site_id, meter_id, side: the sides on which meters count, in order, separated by spaces.

    ``roles``: signed sides by site and meter (``boundary``); ``members``: (site_id, virtual meter, member) whose members reach its sides.
    """
    found: dict[tuple[str, str], set[str]] = {key: {side[1:] for side in role.split()} for key, role in roles.items()}
    for site_id, virtual, member in members:
        found.setdefault((site_id, member), set()).update(found.get((site_id, virtual), set()))
    rows = [(*key, " ".join(sorted(sides))) for key, sides in sorted(found.items()) if sides]
    return pl.DataFrame(rows, schema={"site_id": pl.String, "meter_id": pl.String, "side": pl.String}, orient="row")


# Feeds of a month -------------------------------------------------------------------------------------------------------


def reported(
    feeds: Mapping[str, Iterable[Row]], counts: Mapping[str, Mapping[str, int]], site_ids: Iterable[str], month: str
) -> pl.DataFrame:
    """REPORTED: for each site and feed what was said of the month.

    ``feeds``: rows of declarations, activities, bills, racks, devices, practices, ppa_contracts, ppa_site_shares and ppa_settlements, with
    the columns that are read here; ``counts``: by feed and site the rows of the month of the others. ``state``: ``present``;
    ``carried_forward`` (a CMDB snapshot more than 5 and at most 31 days old, TL05); ``declared`` (none, in ``declarations``);
    ``not_expected`` (no green-power contract has to be settled); else ``absent``. ``rows`` counts those that belong to the month,
    ``latest`` is the newest snapshot or assessment, ``missing`` names the contracts without a settlement.
    """
    of = {feed: _by_site(rows) for feed, rows in feeds.items() if feed not in _OF_CONTRACTS}
    rows: list[tuple[Any, ...]] = []
    for site_id in site_ids:
        here = {feed: sites.get(site_id, []) for feed, sites in of.items()}
        declared = {r["subject"] for r in here["declarations"] if _overlaps(r["valid_from"], r["valid_to"], month)}
        found = {feed: by_site.get(site_id, 0) for feed, by_site in counts.items()}
        found["activities"] = sum(r["month"] == month for r in here["activities"])
        found["bills"] = sum(_overlaps(r["period_start"], r["period_end"], month) for r in here["bills"])
        for feed, n in found.items():
            none = feed == "certificates" and "green_power" in declared
            rows.append((site_id, feed, PRESENT if n else DECLARED if none else ABSENT, n, "", "", month))
        rows += [(site_id, feed, *_snapshot(here[feed], month), "", month) for feed in ("racks", "devices")]
        rows.append((site_id, "practices", *_assessed(here["practices"], month), "", month))
        rows.append((site_id, "ppa_settlements", *_settled(feeds, here["ppa_site_shares"], month), month))
    return pl.DataFrame(rows, schema=REPORTED, orient="row").sort("site_id", "feed")


_OF_CONTRACTS = ("ppa_contracts", "ppa_settlements")  # rows without a site


def _by_site(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["site_id"], []).append(row)
    return found


def _snapshot(rows: Iterable[Row], month: str) -> tuple[str, int, str]:
    """State, rows and day of the newest snapshot that may stand for the month (TL05)."""
    last = month_last_day(month)
    earliest, near = (last - timedelta(days=days) for days in (CARRIED_DAYS, NEAR_DAYS))
    until = (last + timedelta(days=NEAR_DAYS)).isoformat()
    days = [r["snapshot_on"] for r in rows if earliest.isoformat() <= r["snapshot_on"] <= until]
    if not days:
        return ABSENT, 0, ""
    newest = max(days)
    return PRESENT if newest >= near.isoformat() else CARRIED, days.count(newest), newest


def _assessed(rows: Iterable[Row], month: str) -> tuple[str, int, str]:
    """Practices assessed in the twelve months before the month's end (TL10)."""
    last = month_last_day(month).isoformat()
    days = [r["assessed_on"] for r in rows if f"{int(last[:4]) - 1}{last[4:]}" < r["assessed_on"] <= last]
    return PRESENT if days else ABSENT, len(days), max(days, default="")


def _settled(feeds: Mapping[str, Iterable[Row]], shares: Iterable[Row], month: str) -> tuple[str, int, str, str]:
    """Settlements of the green-power trades that a site has a share in: each contract in force owes one a month."""
    shared = {r["contract_id"] for r in shares if r["share_ratio"] and _overlaps(r["valid_from"], r["valid_to"], month)}
    trades = (r for r in feeds["ppa_contracts"] if r["kind"] == "green_trade" and r["contract_id"] in shared)
    due = {r["contract_id"] for r in trades if _overlaps(r["start_on"], r["end_on"], month)}
    landed = {r["contract_id"] for r in feeds["ppa_settlements"] if r["month"] == month} & shared
    missing = sorted(due - landed)
    return ABSENT if missing else PRESENT if landed else NOT_EXPECTED, len(landed), "", ", ".join(missing)


def _overlaps(first: str | None, last: str | None, month: str) -> bool:
    return (first or "") <= month_last_day(month).isoformat() and (last or "9999-12-31") >= month_first_day(month).isoformat()


def _by_zone(zones: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for site_id, zone in sorted(zones.items()):
        found.setdefault(zone, []).append(site_id)
    return sorted(found.items())
