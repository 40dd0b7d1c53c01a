"""Readings of a month with its edges: what each row says, as an instant and a whole number, or why it can't be used.

Here rows meet the registry and the clock, one row at a time. What a row means beside other rows (repeated instants, glitches, falling
registers) is decided in ``register.py`` and ``series.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import narwhals as nw
import polars as pl

from assets.staging.exact import scale_half_even, whole
from assets.staging.instants import REPEATED, SKIPPED, Zone, clock_of, offset_of, resolve_repeated, zones_over
from assets.staging.meters import ALWAYS, POWER, Meter
from resources.calendar import DAY_S, month_bounds_s

LOOK_BACK_S, LOOK_AHEAD_S = 40 * DAY_S, 10 * DAY_S
SCHEMA = {
    "meter_id": pl.String, "at_s": pl.Int64, "zoned": pl.Boolean, "value_e6": pl.Int64, "quality": pl.String, "problem": pl.String,
    "raw_at": pl.String, "raw_value": pl.String, "entry": pl.Int64, "source_row": pl.Int64,
}  # fmt: skip
# Edge readings are kept this close, when there are enough good ones; else to the end of the window.
_NEAR_S, _ENOUGH = 26 * 3600, 8
# 2³¹ − 1 is what many devices send for "no value", as it is or with up to six decimals; −1 likewise.
_SENTINELS_E6 = [2_147_483_647 * 10 ** (6 - places) for places in range(7)] + [-1_000_000]


@dataclass(frozen=True)
class Verdict:
    """Why a row can't be used: rule code, what it is called among the anomalies ('' for none there), and a sentence."""

    number: int
    rule_code: str
    what: str
    reason: str


GOOD, BLANK = 0, 1
UNREGISTERED = Verdict(10, "BD01", "unregistered", "No meter of this name is registered.")
PROBLEM = Verdict(11, "CT01", "", "The row can't be read.")
REFUSED = Verdict(12, "", "", "")  # code and reason are the meter's own
NO_ZONE = Verdict(13, "TL04", "no_zone", "The time has no offset, and the meter's site names no time zone.")
NEVER = Verdict(14, "TL04", "no_zone", "This time never was: clocks were put forward over it.")
TWICE = Verdict(15, "TL04", "no_zone", "Clocks were turned back: this time was twice, and the file's order does not say which is meant.")
NOT_VALID = Verdict(16, "BD01", "unregistered", "The meter is not registered for this day.")
FUTURE = Verdict(17, "TL04", "future", "The time is later than the moment at which the file was landed.")
SENTINEL = Verdict(18, "CT04", "sentinel", "The value is what a device sends when it has none.")
TOO_LARGE = Verdict(19, "CT04", "sentinel", "The value is larger than any register can be counted to.")
NEGATIVE = Verdict(20, "CT04", "negative", "The value is negative.")
VERDICTS = {v.number: v for v in (UNREGISTERED, PROBLEM, REFUSED, NO_ZONE, NEVER, TWICE, NOT_VALID, FUTURE, SENTINEL, TOO_LARGE, NEGATIVE)}


def read_rows(
    readings: nw.LazyFrame[pl.LazyFrame],
    meters: Sequence[Meter],
    *,
    month: str,
    site_zones: Mapping[str, str],
    default_zone: str,
    feed_zone: str | None,
    landed_at: Mapping[int, int],
) -> pl.DataFrame:
    """The part rows that matter to a month, each with its instant, its value and a verdict.

    ``readings`` has the columns of SCHEMA; ``landed_at`` the landing time of each entry (epoch seconds). Returns the columns of SCHEMA
    and: ``m`` (position in ``meters``, null when unregistered), ``span`` (position in its spans), ``stated_s`` (as in the part),
    ``at_s`` (UTC), ``t`` (what the row is placed by: the start of its interval for interval meters, else ``at_s``), ``v`` (internal
    units, W for power; 0 unless good), ``est`` (1 for quality E or S), ``verdict``, ``own`` (whether the row belongs to the month).

    **A row belongs to the month in which ``t`` lies**, in the zone of its meter's site (the default zone for unregistered meters); a row
    without a readable time belongs to the month whose part holds it, which the caller ensures. Source: metering.md §1–§3.
    """
    start, end = month_bounds_s(month, default_zone)
    names = {feed_zone} if feed_zone else {s.zone for meter in meters for s in meter.spans} | {default_zone}
    # two days more on each side than any zone's month needs
    zones = zones_over(names, start - LOOK_BACK_S - 2 * DAY_S, end + LOOK_AHEAD_S + 2 * DAY_S)
    spans = _span_table(meters, zones, site_zones, feed_zone)
    joined = _join_spans(readings, spans, zones[feed_zone or default_zone], (start, end))
    placed = _place(joined, list(zones.values()))
    landed = pl.LazyFrame(list(landed_at.items()), schema={"entry": pl.Int64, "landed_s": pl.Int64}, orient="row")
    judged = _judge(_with_codes(_in_window(placed), meters).join(nw.from_native(landed), on="entry", how="left"))
    rows = judged.collect().to_native()
    unknown = rows.filter(pl.col("landed_s").is_null())["entry"].unique().to_list()
    if unknown:
        raise ValueError(f"no landing time for entries {sorted(unknown)}")
    return rows.drop("landed_s")


def _span_table(meters: Sequence[Meter], zones: Mapping[str, Zone], site_zones: Mapping[str, str], feed_zone: str | None) -> pl.LazyFrame:
    """One row for each register: the facts that judge a reading of it."""
    rows = []
    for m, meter in enumerate(meters):
        for number, span in enumerate(meter.spans):
            zone = zones[feed_zone or span.zone]
            rows.append((
                meter.meter_id, m, number, span.lo, span.hi, span.start_s, span.end_s, span.p, span.q, span.max_e6, span.tolerance_e6,
                span.interval_s if span.label_end else 0, int(span.refusal is not None), int(span.kind == POWER),
                zone.number, zone.offset_s, int(feed_zone is None and span.site_id not in site_zones), meter.start_s, meter.end_s,
            ))  # fmt: skip
    names = [
        "m", "span", "lo", "hi", "from_s", "to_s", "p", "q", "max_e6", "tolerance_e6", "shift_s", "refused", "power", "zone", "offset_s",
        "no_zone", "month_start_s", "month_end_s",
    ]  # fmt: skip
    return pl.LazyFrame(rows, schema={"meter_id": pl.String, **dict.fromkeys(names, pl.Int64)}, orient="row")


def _join_spans(
    readings: nw.LazyFrame[pl.LazyFrame], spans: pl.LazyFrame, default: Zone, bounds: tuple[int, int]
) -> nw.LazyFrame[pl.LazyFrame]:
    """Each reading beside every register of its meter; those of unregistered meters with the default zone and no register."""
    fills = {
        "lo": -ALWAYS, "hi": ALWAYS, "p": 1, "q": 1, "shift_s": 0, "zone": default.number, "offset_s": default.offset_s, "no_zone": 0,
        "month_start_s": bounds[0], "month_end_s": bounds[1],
    }  # fmt: skip
    joined = readings.join(nw.from_native(spans), on="meter_id", how="left")
    return joined.with_columns(
        nw.col("at_s").alias("stated_s"),
        nw.col("quality").is_in(["E", "S"]).fill_null(False).cast(nw.Int64).alias("est"),
        *(nw.when(nw.col(name).is_null()).then(whole(value)).otherwise(nw.col(name)).alias(name) for name, value in fills.items()),
    )


def _place(joined: nw.LazyFrame[pl.LazyFrame], zones: list[Zone]) -> nw.LazyFrame[pl.LazyFrame]:
    """The instant of each row, and of the registers beside it only the one that reads then."""
    stated, number = nw.col("stated_s"), nw.col("zone")
    naive = ~nw.col("zoned").fill_null(False)
    offset = offset_of(zones, stated, number, nw.col("offset_s"))
    clock = clock_of(zones, stated, number, nw.col("shift_s") > 0)
    first = joined.with_columns(
        at_s=nw.when(naive).then(stated - offset).otherwise(stated),
        clock=nw.when(naive & ~stated.is_null()).then(clock).otherwise(whole(0)),
    )
    placed = first.with_columns(second=whole(0))
    if any(after < before for zone in zones for _, before, after in zone.changes):
        placed = _second_hours(first, zones)
    at, lo = nw.col("at_s"), nw.col("lo")
    reads_then = (at >= lo) & (at < nw.col("hi")) | (at.is_null() & (lo == -ALWAYS))
    return placed.filter(reads_then).with_columns(t=at - nw.col("shift_s"))


def _second_hours(first: nw.LazyFrame[pl.LazyFrame], zones: list[Zone]) -> nw.LazyFrame[pl.LazyFrame]:
    """Move rows of the second pass through a repeated hour; ``second`` is 2 where the pass can't be told."""
    turned = [(zone.number, before - after) for zone in zones for _, before, after in zone.changes if after < before]
    here = first.filter(
        nw.col("zone").is_in([number for number, _ in turned]) & ~nw.col("zoned").fill_null(False) & (nw.col("span").fill_null(0) == 0)
    )
    rows = here.select("meter_id", "entry", "source_row", "stated_s", "clock").collect().to_native()
    concerned = rows.filter(pl.col("clock") == REPEATED).select("meter_id", "entry").unique()
    passes = resolve_repeated(rows.join(concerned, on=["meter_id", "entry"]))
    lookup = passes.select("entry", "source_row", second=pl.col("second").cast(pl.Int64).fill_null(2))
    shift = whole(0)
    for number, turn_s in turned:
        shift = nw.when(nw.col("zone") == number).then(whole(turn_s)).otherwise(shift)
    return (
        first.join(nw.from_native(lookup.lazy()), on=["entry", "source_row"], how="left")
        .with_columns(second=nw.col("second").fill_null(0))
        .with_columns(at_s=nw.when(nw.col("second") == 1).then(nw.col("at_s") + shift).otherwise(nw.col("at_s")))
    )


def _in_window(placed: nw.LazyFrame[pl.LazyFrame]) -> nw.LazyFrame[pl.LazyFrame]:
    t, start, end = nw.col("t"), nw.col("month_start_s"), nw.col("month_end_s")
    seen = ((t >= start - LOOK_BACK_S) & (t < end + LOOK_AHEAD_S)) | t.is_null()
    own = ((t >= start) & (t < end)) | t.is_null()
    return placed.filter(seen).with_columns(own=own)


def _with_codes(placed: nw.LazyFrame[pl.LazyFrame], meters: Sequence[Meter]) -> nw.LazyFrame[pl.LazyFrame]:
    """``coded``: 1 where the value is one that the register's device sends when it has none."""
    codes = {(m, s, code) for m, meter in enumerate(meters) for s, span in enumerate(meter.spans) for code in span.no_values_e6}
    if not codes:
        return placed.with_columns(coded=whole(0))
    rows = [(*code, 1) for code in sorted(codes)]
    table = pl.LazyFrame(rows, schema=dict.fromkeys(["m", "span", "value_e6", "coded"], pl.Int64), orient="row")
    return placed.join(nw.from_native(table), on=["m", "span", "value_e6"], how="left").with_columns(nw.col("coded").fill_null(0))


def _judge(placed: nw.LazyFrame[pl.LazyFrame]) -> nw.LazyFrame[pl.LazyFrame]:
    """The verdict of each row: the first rule that it breaks, in this order."""
    value, at = nw.col("value_e6"), nw.col("at_s")
    unreadable = ~nw.col("problem").is_null() | at.is_null() | nw.col("meter_id").is_null()
    nearly_zero = (nw.col("power") == 1) & (value >= -nw.col("tolerance_e6"))
    cases = [
        (nw.col("m").is_null() & ~nw.col("meter_id").is_null(), UNREGISTERED.number),
        (unreadable, PROBLEM.number),
        (nw.col("refused") == 1, REFUSED.number),
        ((nw.col("no_zone") == 1) & ~nw.col("zoned"), NO_ZONE.number),
        (nw.col("clock") == SKIPPED, NEVER.number),
        (nw.col("second") == 2, TWICE.number),
        ((at < nw.col("from_s")) | (at > nw.col("to_s")), NOT_VALID.number),
        (at > nw.col("landed_s"), FUTURE.number),
        (value.is_null(), BLANK),
        (value.is_in(_SENTINELS_E6) | (nw.col("coded") == 1), SENTINEL.number),
        (value > nw.col("max_e6"), TOO_LARGE.number),
        ((value < 0) & ~nearly_zero, NEGATIVE.number),
    ]
    verdict = whole(GOOD)
    for condition, number in reversed(cases):
        verdict = nw.when(condition).then(whole(number)).otherwise(verdict)
    counted = nw.when((nw.col("verdict") == GOOD) & (value > 0)).then(value).otherwise(whole(0))
    return (
        placed.with_columns(verdict=verdict)
        .with_columns(v=scale_half_even(counted, nw.col("p"), nw.col("q")))
        .select(*SCHEMA, "m", "span", "stated_s", "t", "v", "est", "verdict", "own", "month_start_s", "month_end_s", "landed_s")
    )


def good_readings(rows: pl.DataFrame) -> nw.LazyFrame[pl.LazyFrame]:
    """The readings that can be counted: m, span, t, v, est, entry, source_row, own; of the edges no more than the month needs.

    A meter's edge is cut a little over a day from the month when eight actual readings lie nearer; a slow meter keeps the
    whole window.
    """
    good = nw.from_native(rows.lazy()).filter(nw.col("verdict") == GOOD)
    t, start, end = nw.col("t"), nw.col("month_start_s"), nw.col("month_end_s")
    actual = nw.col("est") == 0
    edges = (
        good.filter((t < start) | (t >= end))
        .group_by("m")
        .agg(
            n_before=nw.when(actual & (t < start) & (t >= start - _NEAR_S)).then(whole(1)).otherwise(whole(0)).sum(),
            n_after=nw.when(actual & (t >= end) & (t < end + _NEAR_S)).then(whole(1)).otherwise(whole(0)).sum(),
        )
    )
    near = ((t >= start - _NEAR_S) | (nw.col("n_before") < _ENOUGH)) & ((t < end + _NEAR_S) | (nw.col("n_after") < _ENOUGH))
    return (
        good.join(edges, on="m", how="left").filter(nw.col("own") | near).select("m", "span", "t", "v", "est", "entry", "source_row", "own")
    )
