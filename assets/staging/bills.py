"""What a supplier billed against what the meter says over the bill's own period.

Put here how a bill's days become hours of staged months and both become whole units; how far apart they may be is said by
``checks/rules`` (ME09). A bill is judged with the month in which its period ends: then every hour of it can be known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import polars as pl

from assets.staging.units import UnitError, exact_fraction, unit_factor
from resources.calendar import HOUR_S, local_s, month_range

SCHEMA = {
    "site_id": pl.String, "meter_id": pl.String, "medium": pl.String, "period_start": pl.String, "period_end": pl.String,
    "statement_no": pl.String, "quantity": pl.Float64, "unit": pl.String, "billed": pl.Int64, "metered": pl.Int64, "known_s": pl.Int64,
    "expected_s": pl.Int64, "entry": pl.Int64, "source_row": pl.Int64,
}  # fmt: skip

Hours = Callable[[str], "pl.DataFrame | None"]


def bill_checks(
    bills: pd.DataFrame, meters: Iterable[Mapping[str, Any]], month: str, zones: Mapping[str, str], hours: Hours
) -> pl.DataFrame:
    """Every bill whose period ends in the month, with what its meter counted over exactly those days.

    ``bills``: the typed feed; ``meters``: all rows of the registry as plain dicts; ``zones``: time zone by site; ``hours(month)``:
    staging/interval_energy of a month, None where it was not computed. ``billed`` in the medium's internal unit (Wh, L …), null when the
    unit is none of that medium or the meter is not registered; ``metered`` the meter's own quantity of the period's local days,
    what was estimated included; ``known_s`` of ``expected_s`` seconds of the period are known. Source: checks.md ME09.
    """
    media = {row["meter_id"]: row["medium"] for row in meters}
    staged: dict[str, dict[Any, pl.DataFrame]] = {}
    rows: list[dict[str, Any]] = []
    ended = bills[bills["period_end"].str[:7] == month]
    names = ended["meter_id"].unique().tolist()
    for bill in ended.to_dict("records"):
        if bill["site_id"] not in zones:
            continue
        first_s, after_s = day_bounds_s(bill["period_start"], bill["period_end"], zones[bill["site_id"]])
        metered, known_s = 0, 0
        for one in month_range(bill["period_start"][:7], month):
            if one not in staged:
                found = hours(one)
                staged[one] = {} if found is None else _by_meter(found, names)
            quantity, seconds = _within(staged[one].get(bill["meter_id"]), first_s, after_s)
            metered, known_s = metered + quantity, known_s + seconds
        medium = media.get(bill["meter_id"])
        rows.append(
            {
                "site_id": bill["site_id"], "meter_id": bill["meter_id"], "medium": medium, "period_start": bill["period_start"],
                "period_end": bill["period_end"], "statement_no": _text(bill["statement_no"]), "quantity": float(bill["quantity"]),
                "unit": bill["unit"], "billed": billed(bill, medium), "metered": metered, "known_s": known_s,
                "expected_s": after_s - first_s, "entry": bill["entry"], "source_row": bill["source_row"],
            }
        )  # fmt: skip
    return pl.DataFrame(rows, schema=SCHEMA).sort("site_id", "meter_id", "period_start")


def _by_meter(hours: pl.DataFrame, names: list[str]) -> dict[Any, pl.DataFrame]:
    own = hours.filter(pl.col("meter_id").is_in(names))
    return {name: rows for (name,), rows in own.group_by("meter_id", maintain_order=True)}


def day_bounds_s(first: str, last: str, zone: str) -> tuple[int, int]:
    """First second of a local day and first second after another (``YYYY-MM-DD``, both included), as UTC epoch seconds."""
    return _midnight(date.fromisoformat(first), zone), _midnight(date.fromisoformat(last) + timedelta(days=1), zone)


def _midnight(day: date, zone: str) -> int:
    return local_s(datetime(day.year, day.month, day.day), zone)


def _within(hours: pl.DataFrame | None, first_s: int, after_s: int) -> tuple[int, int]:
    """Quantity and known seconds of a meter, whose hours these are, between two instants; of a shared one all, whichever site counts it."""
    if hours is None:
        return 0, 0
    own = hours.filter(pl.col("hour_s").is_between(first_s, after_s, closed="left"))
    by_hour = own.group_by("hour_s").agg(pl.col("quantity").sum(), pl.col("known_s").max())
    return int(by_hour["quantity"].sum()), int(by_hour["known_s"].clip(0, HOUR_S).sum())


def billed(bill: Mapping[Any, Any], medium: str | None) -> int | None:
    """The billed quantity in the medium's internal unit (Wh, L …); None for a meter that is not registered, or a unit of another medium."""
    if medium is None:
        return None
    try:
        return round(exact_fraction(bill["quantity"]) * unit_factor(medium, bill["unit"]))
    except UnitError:
        return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
