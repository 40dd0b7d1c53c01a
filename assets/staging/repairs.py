"""What was repaired in a meter's month, occurrence by occurrence: the table behind the explanation of ``gci check``.

Here anomalies, events and the methods of hours are counted together, meter by meter. What each means in words is said where it is
shown; whether it is a fault is said by the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from assets.staging.intervals import StagedMonth
from assets.staging.meters import SPLITTING
from assets.staging.parts import NOBODY, VIRTUAL
from assets.staging.shared import SHARED
from resources.calendar import HOUR_S

REPAIRS = {
    "site_id": pl.String, "meter_id": pl.String, "medium": pl.String, "what": pl.String, "method": pl.String, "at_s": pl.Int64,
    "n": pl.Int64, "quantity": pl.Int64, "old_value": pl.Float64, "new_value": pl.Float64, "month": pl.String,
}  # fmt: skip
# Anomalies that say how a register was mended, or a reading put aside; the others are no repair.
_MENDED = (
    "rollover", "falling", "event_incomplete", "over_capacity", "over_inferred", "glitch", "sentinel", "negative", "conflict",
    "duplicate_entry", "overlap",
)  # fmt: skip


def repairs(staged: StagedMonth, events: Iterable[Mapping[str, Any]], month: str) -> pl.DataFrame:
    """One row for each kind of repair of a meter at a site, sorted.

    ``events``: rows of the feed ``meter_events``. ``what``: an anomaly (``rollover``, ``glitch`` …: ``n`` occurrences, the first at
    ``at_s``), an event (``replacement``, ``reset``, ``multiplier_change``: old and new value as the registers showed them), ``filled``
    (``n`` hours and their ``quantity`` that ``method`` estimated), ``placed`` (``n`` hours of metered energy whose placement ``method``
    assumed) or ``missing`` (``n`` hours that are still unknown, wholly or in part). Virtual meters are repaired at their members.
    Source: metering.md §2, §3.
    """
    owners = staged.facts.filter(pl.col("kind") != VIRTUAL).select("site_id", "meter_id", "medium")
    rows = pl.concat([_mended(staged.anomalies), _changed(events, staged.energy), _hours(staged.energy)])
    return rows.join(owners, on=["site_id", "meter_id"]).with_columns(month=pl.lit(month)).select(list(REPAIRS)).sort(list(REPAIRS))


def _rows(frame: pl.DataFrame) -> pl.DataFrame:
    """The columns of REPAIRS but medium and month, null where a frame has none."""
    columns = {name: kind for name, kind in REPAIRS.items() if name not in ("medium", "month")}
    return frame.select(pl.col(n).cast(k) if n in frame.columns else pl.lit(None, k).alias(n) for n, k in columns.items())


def _mended(anomalies: pl.DataFrame) -> pl.DataFrame:
    found = anomalies.filter(pl.col("what").is_in(_MENDED))
    return _rows(found.group_by("site_id", "meter_id", "what").agg(pl.col("at_s").min(), n=pl.len()))


def _changed(events: Iterable[Mapping[str, Any]], energy: pl.DataFrame) -> pl.DataFrame:
    """The events of the month that began a new register."""
    schema = {"meter_id": pl.String, "at_s": pl.Int64, "what": pl.String, "old_value": pl.Float64, "new_value": pl.Float64}
    rows = [
        (e["meter_id"], int(e["at_s"]), e["kind"], *(None if e[name] is None else float(e[name]) for name in ("old_value", "new_value")))
        for e in events
        if e["kind"] in SPLITTING
    ]
    named = pl.DataFrame(rows, schema=schema, orient="row")
    there = energy.filter(pl.col("meter_id").is_in(named["meter_id"].unique().implode())).group_by("site_id", "meter_id")
    months = there.agg(pl.col("hour_s").min().alias("from_s"), (pl.col("hour_s").max() + HOUR_S).alias("to_s"))
    inside = pl.col("at_s").is_between(pl.col("from_s"), pl.col("to_s"), closed="left")
    return _rows(named.join(months, on="meter_id").filter(inside).with_columns(n=pl.lit(1)))


def _hours(energy: pl.DataFrame) -> pl.DataFrame:
    told = (pl.col("estimated") != 0) | (pl.col("state") != "measured")
    own = energy.filter((pl.col("site_id") != NOBODY) & told)
    method = pl.col("method").fill_null("").str.replace(rf"^{SHARED}\+?", "")
    named = own.with_columns(method=pl.when(method != "").then(method))
    keys = ["site_id", "meter_id", "method"]
    first = pl.col("hour_s").min().alias("at_s")
    filled = named.filter((pl.col("estimated") != 0) | pl.col("state").is_in(["estimated", "substituted"]))
    placed = named.filter(pl.col("state") == "profiled")
    missing = named.filter(pl.col("state") == "missing").with_columns(method=pl.lit(None, pl.String))
    return pl.concat([
        _rows(filled.group_by(keys).agg(first, n=pl.len(), quantity=pl.col("estimated").sum()).with_columns(what=pl.lit("filled"))),
        _rows(placed.group_by(keys).agg(first, n=pl.len(), quantity=pl.col("quantity").sum()).with_columns(what=pl.lit("placed"))),
        _rows(missing.group_by(keys).agg(first, n=pl.len()).with_columns(what=pl.lit("missing"))),
    ])  # fmt: skip
