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

# A bill by its place in the list: its meter, its first month, and the seconds of its days.
_SPANS = {"n": pl.Int64, "meter_id": pl.String, "month": pl.String, "first_s": pl.Int64, "after_s": pl.Int64}

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
    ended = bills[bills["period_end"].str[:7] == month]
    found = [bill for bill in ended.to_dict("records") if bill["site_id"] in zones]
    bounds = [day_bounds_s(bill["period_start"], bill["period_end"], zones[bill["site_id"]]) for bill in found]
    spans = [(n, bill["meter_id"], bill["period_start"][:7], *bounds[n]) for n, bill in enumerate(found)]
    counted = _counted(pl.DataFrame(spans, schema=_SPANS, orient="row"), month, hours)
    rows: list[dict[str, Any]] = []
    for n, (bill, (first_s, after_s)) in enumerate(zip(found, bounds, strict=True)):
        metered, known_s = counted.get(n, (0, 0))
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


def _counted(spans: pl.DataFrame, month: str, hours: Hours) -> dict[int, tuple[int, int]]:
    """Quantity and known seconds of each bill's meter in the bill's days (_SPANS); of a shared one all, whichever site counts it."""
    sums: dict[int, tuple[int, int]] = {}
    for one in month_range(min(spans["month"], default=month), month):
        if (staged := hours(one)) is None:
            continue
        begun = spans.filter(pl.col("month") <= one)
        by_hour = (
            staged.select("meter_id", "hour_s", "quantity", "known_s")
            .filter(pl.col("meter_id").is_in(begun["meter_id"].implode()))
            .join(begun, on="meter_id")
            .filter(pl.col("hour_s").is_between(pl.col("first_s"), pl.col("after_s"), closed="left"))
            .group_by("n", "hour_s")
            .agg(pl.col("quantity").sum(), pl.col("known_s").max())
        )
        by_bill = by_hour.group_by("n").agg(pl.col("quantity").sum(), pl.col("known_s").clip(0, HOUR_S).sum())
        for n, quantity, known_s in by_bill.iter_rows():
            before = sums.get(n, (0, 0))
            sums[n] = before[0] + quantity, before[1] + known_s
    return sums


def day_bounds_s(first: str, last: str, zone: str) -> tuple[int, int]:
    """First second of a local day and first second after another (``YYYY-MM-DD``, both included), as UTC epoch seconds."""
    return _midnight(date.fromisoformat(first), zone), _midnight(date.fromisoformat(last) + timedelta(days=1), zone)


def _midnight(day: date, zone: str) -> int:
    return local_s(datetime(day.year, day.month, day.day), zone)


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
