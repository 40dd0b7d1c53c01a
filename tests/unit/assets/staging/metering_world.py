"""A small world of meters for the tests of metering: registry, events and readings as the feeds hand them over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import polars as pl

from assets.staging.intervals import StagedMonth as StagedMonth
from assets.staging.intervals import stage_month as stage_month
from assets.staging.judged import Reading
from assets.staging.meters import Meter, register_meters
from assets.staging.readings import SCHEMA

SHANGHAI = "Asia/Shanghai"
METER = {
    "meter_id": "M1", "site_id": "S1", "medium": "electricity", "point": "grid_supply", "kind": "register", "unit": "Wh",
    "multiplier": None, "register_digits": None, "interval_minutes": None, "interval_label": None, "capacity": None,
    "parent_meter_id": None, "check_meter_of": None, "accuracy_class": None, "valid_from": "2020-01-01", "valid_to": None,
}  # fmt: skip
EVENTS = ["meter_id", "at_s", "kind", "old_value", "new_value"]


def utc(text: str, zone: str = SHANGHAI) -> int:
    """UTC seconds of a wall-clock time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


def stated(text: str) -> int:
    """A wall-clock time as landing keeps it: read as if it were UTC."""
    return utc(text, "UTC")


def meters_frame(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([{**METER, **row} for row in (rows or ({},))], columns=list(METER))


def events_frame(*rows: dict[str, Any]) -> pd.DataFrame:
    blank = {"meter_id": "M1", "old_value": None, "new_value": None}
    return pd.DataFrame([{**blank, **row} for row in rows], columns=EVENTS)


def parts(rows: Iterable[dict[str, Any]]) -> pl.LazyFrame:
    """Part rows from dicts with at least at_s (stated) or at (text) and value (a number in the meter's unit, None for a blank)."""
    made = []
    for i, row in enumerate(rows):
        value = row.get("value")
        made.append({
            "meter_id": row.get("meter_id", "M1"), "at_s": row["at_s"] if "at_s" in row else stated(row["at"]),
            "zoned": row.get("zoned", False), "value_e6": None if value is None else round(value * 1_000_000),
            "quality": row.get("quality"), "problem": row.get("problem"), "raw_at": row.get("raw_at"), "raw_value": row.get("raw_value"),
            "entry": row.get("entry", 1), "source_row": row.get("source_row", i + 2),
        })  # fmt: skip
    return pl.LazyFrame(made, schema=SCHEMA)


def stage(
    readings: pl.LazyFrame | Iterable[dict[str, Any]],
    meters: pd.DataFrame | None = None,
    events: pd.DataFrame | None = None,
    month: str = "2026-03",
    zones: dict[str, str] | None = None,
    landed: int = utc("2030-01-01"),
    **options: Any,
) -> StagedMonth:
    frame = readings if isinstance(readings, pl.LazyFrame) else parts(readings)
    entries = frame.select("entry").unique().collect()["entry"].to_list()
    return stage_month(
        frame, meters_frame() if meters is None else meters, events_frame() if events is None else events, month=month,
        site_zones={"S1": SHANGHAI} if zones is None else zones, default_zone=SHANGHAI, landed_at=dict.fromkeys(entries, landed), **options,
    )  # fmt: skip


def one_meter(row: dict[str, Any] | None = None, *events: dict[str, Any], more: tuple[dict[str, Any], ...] = ()) -> Meter:
    """The facts of one meter (with its further rows) in March 2026."""
    meters, happened = meters_frame(row or {}, *more), events_frame(*events)
    return register_meters(meters, happened, month="2026-03", site_zones={"S1": SHANGHAI}, default_zone=SHANGHAI)[0]


def readings_of(meter: Meter, values: Iterable[tuple[int, float] | tuple[int, float, str]], entry: int = 1) -> list[Reading]:
    """Readings as the rules see them, from (UTC seconds, raw value[, quality])."""
    made = []
    for i, (t, value, *quality) in enumerate(values):
        span = meter.span_at(t)
        made.append(Reading(t, span.internal(value), quality in (["E"], ["S"]), meter.spans.index(span), entry, i + 2))
    return made


def hours_of(staged: StagedMonth, first: str, count: int, zone: str = SHANGHAI, meter_id: str = "M1") -> list[dict[str, Any]]:
    """The staged rows of ``count`` hours from a local time on."""
    start = utc(first, zone)
    frame = staged.energy.filter((pl.col("meter_id") == meter_id) & (pl.col("hour_s") >= start) & (pl.col("hour_s") < start + count * 3600))
    return frame.sort("hour_s").to_dicts()


def fact(staged: StagedMonth, name: str, meter_id: str = "M1") -> Any:
    return staged.facts.filter(pl.col("meter_id") == meter_id)[name].item()
