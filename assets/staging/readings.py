"""Readings of a month with its edges: what each row says, as an instant and a whole number, or why it can't be used.

Here rows meet the registry and the clock, one row at a time, on the engine. What a row means beside other rows (repeated instants,
glitches, falling registers) is decided in ``plain.py``, ``register.py`` and ``series.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import narwhals as nw
import polars as pl

from assets.staging.exact import SMALL, scale_half_even, scale_large_half_even, whole
from assets.staging.facts import Facts
from assets.staging.instants import REPEATED, SKIPPED, Zone, clock_of, offset_of, resolve_repeated, zones_over
from assets.staging.meters import ALWAYS, INTERVAL, POWER, Meter
from resources.calendar import DAY_S, month_bounds_s
from resources.engine import Engine, Frame

LOOK_BACK_S, LOOK_AHEAD_S = 40 * DAY_S, 10 * DAY_S
SCHEMA = {
    "meter_id": pl.String, "at_s": pl.Int64, "zoned": pl.Boolean, "value_e6": pl.Int64, "quality": pl.String, "problem": pl.String,
    "raw_at": pl.String, "raw_value": pl.String, "entry": pl.Int64, "source_row": pl.Int64,
}  # fmt: skip
# What is kept of a reading that can be counted.
GOOD_COLUMNS = ("m", "span", "t", "v", "rules", "length", "entry", "source_row")
# Edge readings are kept this close, when there are enough good ones; else to the end of the window.
NEAR_S, _ENOUGH = 26 * 3600, 8
# Beyond this much from the month's edge no row of the month's own parts lies: zones differ by 26 hours at most.
_OWN_PARTS_S = 12 * 3600
# 2³¹ − 1 is what many devices send for "no value", as it is or with up to six decimals; −1 likewise.
_SENTINELS_E6 = [2_147_483_647 * 10 ** (6 - places) for places in range(7)] + [-1_000_000]
# Fine readings are smaller than this (internal units; W of a power meter), so that every product of the hot path is exact.
_FINE, _FINE_W = 2**51, 2**38
# ``rules`` of a reading: nothing to decide; quality E or S; too large for the hot path; the last two together.
PLAIN, ESTIMATE, RULES = 0, 1, 2


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


@dataclass(frozen=True)
class Parts:
    """Part rows (columns of SCHEMA) on an engine: ``month`` of the month's own parts, ``beside`` of those of the months around it.

    ``beside`` None: the rows around the month are among those of ``month``.
    """

    month: Frame
    beside: Frame | None = None

    def where(self, condition: nw.Expr) -> Parts:
        return Parts(self.month.filter(condition), None if self.beside is None else self.beside.filter(condition))

    def near(self, first_s: int, last_s: int) -> Frame:
        """Rows of the month, and of the others those stated between two instants."""
        if self.beside is None:
            return self.month
        return nw.concat([self.month, self.beside.filter((nw.col("at_s") >= first_s) & (nw.col("at_s") < last_s))])

    def far(self, *, own: bool) -> Frame:
        """Rows of the other months; with ``own`` also those of the month."""
        if self.beside is None:
            return self.month
        return nw.concat([self.month, self.beside]) if own else self.beside


@dataclass(frozen=True)
class Rows:
    """What the rows of a batch of meters came to.

    ``good``: GOOD_COLUMNS of the readings that can be counted, on the engine: ``m`` (position of the meter), ``span`` (position in its
    spans), ``t`` (what the row is placed by: the start of its interval for interval meters, else its instant, UTC), ``v`` (internal
    units, W for power), ``rules`` (PLAIN, ESTIMATE, RULES or their sum), ``length`` (seconds of an interval, 0 of a register, −1 of a
    power meter). Of the edges no more than the month needs. ``refused``: the month's rows that can't be used, with the columns of SCHEMA,
    m, span and verdict. ``blanks``: m and n, how many of the month's rows state no value.
    """

    good: Frame
    refused: pl.DataFrame
    blanks: pl.DataFrame


def read_rows(
    parts: Parts,
    meters: Sequence[Meter],
    *,
    engine: Engine,
    month: str,
    site_zones: Mapping[str, str],
    default_zone: str,
    feed_zone: str | None,
    landed_at: Mapping[int, int],
) -> Rows:
    """The rows of some meters that matter to a month, each with its instant, its value and a verdict.

    ``landed_at``: the landing time of each entry (epoch seconds).

    **A row belongs to the month in which ``t`` lies**, in the zone of its meter's site (the default zone for unregistered meters); a row
    without a readable time belongs to the month whose part holds it, which the caller ensures. Source: metering.md §1–§3.
    """
    start, end = month_bounds_s(month, default_zone)
    names = {feed_zone} if feed_zone else {s.zone for meter in meters for s in meter.spans} | {default_zone}
    # two days more on each side than any zone's month needs
    zones = zones_over(names, start - LOOK_BACK_S - 2 * DAY_S, end + LOOK_AHEAD_S + 2 * DAY_S)
    default = zones[feed_zone or default_zone]
    facts = Facts(
        _span_table(meters, zones, site_zones, feed_zone),
        "meter_id",
        always=("m", "span"),
        fills={
            "lo": -ALWAYS, "hi": ALWAYS, "shift_s": 0, "zone": default.number, "offset_s": default.offset_s, "no_zone": 0,
            "month_start_s": start, "month_end_s": end,
        },
    )  # fmt: skip
    reader = _Reader(engine, meters, facts, list(zones.values()), landed_at, end + LOOK_AHEAD_S + 2 * DAY_S)
    return reader.read(parts)


def _span_table(meters: Sequence[Meter], zones: Mapping[str, Zone], site_zones: Mapping[str, str], feed_zone: str | None) -> pl.DataFrame:
    """One row for each register: the facts that judge a reading of it."""
    rows = []
    for m, meter in enumerate(meters):
        for number, span in enumerate(meter.spans):
            zone = zones[feed_zone or span.zone]
            largest = (_FINE_W if span.kind == POWER else _FINE) * span.q // span.p if span.p * span.q < SMALL else 0
            rows.append((
                meter.meter_id, m, number, span.lo, span.hi, span.start_s, span.end_s, span.p, span.q, span.max_e6,
                min(largest, span.max_e6, SMALL - 1), span.tolerance_e6, span.interval_s if span.label_end else 0,
                int(span.refusal is not None), {INTERVAL: span.interval_s, POWER: -1}.get(span.kind, 0),
                zone.number, zone.offset_s, int(feed_zone is None and span.site_id not in site_zones), meter.start_s, meter.end_s,
            ))  # fmt: skip
    names = [
        "m", "span", "lo", "hi", "from_s", "to_s", "p", "q", "max_e6", "fine_e6", "tolerance_e6", "shift_s", "refused", "length", "zone",
        "offset_s", "no_zone", "month_start_s", "month_end_s",
    ]  # fmt: skip
    return pl.DataFrame(rows, schema={"meter_id": pl.String, **dict.fromkeys(names, pl.Int64)}, orient="row")


class _Reader:
    """The way of a batch's rows from parts to ``Rows``."""

    def __init__(
        self, engine: Engine, meters: Sequence[Meter], facts: Facts, zones: list[Zone], landed_at: Mapping[int, int], until_s: int
    ) -> None:
        self.engine, self.meters, self.facts, self.zones, self.landed_at = engine, meters, facts, zones, landed_at
        self.start, self.end = facts["month_start_s"], facts["month_end_s"]
        # when every file was landed after the last instant that matters, none of its times was in the future
        self.landed_later = bool(landed_at) and min(landed_at.values()) >= until_s
        self.codes = {(m, s, code) for m, meter in enumerate(meters) for s, span in enumerate(meter.spans) for code in span.no_values_e6}
        self.longest_shift_s = max((s.interval_s for meter in meters for s in meter.spans if s.label_end), default=0)

    def read(self, parts: Parts) -> Rows:
        t = nw.col("t")
        first = min((m.start_s for m in self.meters), default=0) - NEAR_S - DAY_S
        last = max((m.end_s for m in self.meters), default=0) + NEAR_S + DAY_S + self.longest_shift_s
        good, odd = self._divide(self._placed(parts.near(first, last)), (t >= self.start - NEAR_S) & (t < self.end + NEAR_S))
        short = self._short_of_edges(good)
        if short:
            lists = [[m for m, side in short if side == want] for want in (0, 1)]
            before = nw.col("m").is_in(lists[0]) & (t >= self.start - LOOK_BACK_S) & (t < self.start - NEAR_S)
            after = nw.col("m").is_in(lists[1]) & (t >= self.end + NEAR_S) & (t < self.end + LOOK_AHEAD_S)
            named = sorted({self.meters[m].meter_id for m, _ in short})
            far = parts.where(nw.col("meter_id").is_in(named)).far(own=self.longest_shift_s >= _OWN_PARTS_S)
            more, more_odd = self._divide(self._placed(far).filter(~t.is_null()), before | after)
            good, odd = nw.concat([good, more]), pl.concat([odd, more_odd])
        return self._rows(good, odd)

    def _placed(self, readings: Frame) -> Frame:
        """The instant of each row, and of the registers beside it only the one that reads then."""
        facts, stated = self.facts, nw.col("stated_s")
        joined = facts.beside(readings, self.engine).with_columns(stated_s=nw.col("at_s"))
        offset = offset_of(self.zones, stated, facts["zone"], facts["offset_s"])
        changes = any(zone.changes for zone in self.zones)
        zoned = nw.col("zoned").fill_null(False)
        placed = joined.with_columns(at_s=nw.when(zoned).then(stated).otherwise(stated - offset))
        if changes:
            clock = clock_of(self.zones, stated, facts["zone"], facts["shift_s"] > 0)
            placed = placed.with_columns(clock=nw.when(~zoned & ~stated.is_null()).then(clock).otherwise(whole(0)))
        else:
            placed = placed.with_columns(clock=whole(0))
        if any(after < before for zone in self.zones for _, before, after in zone.changes):
            placed = _second_hours(placed, self.zones, facts, self.engine)
        else:
            placed = placed.with_columns(second=whole(0))
        at, lo = nw.col("at_s"), facts["lo"]
        if not (facts.always("lo", -ALWAYS) and facts.always("hi", ALWAYS)):
            placed = placed.filter((at >= lo) & (at < facts["hi"]) | (at.is_null() & (lo == -ALWAYS)))
        if self.landed_later:
            placed = placed.with_columns(landed_s=whole(min(self.landed_at.values())))
        else:
            landed = pl.DataFrame(list(self.landed_at.items()), schema={"entry": pl.Int64, "landed_s": pl.Int64}, orient="row")
            placed = placed.join(self.engine.frame(landed), on="entry", how="left")
        return placed.with_columns(t=at if facts.always("shift_s", 0) else at - facts["shift_s"])

    def _divide(self, placed: Frame, seen: nw.Expr) -> tuple[Frame, pl.DataFrame]:
        """Rows that are ``seen`` or have no time: those about which no rule of the row has anything to say, as GOOD_COLUMNS on the
        engine; and the others, whole."""
        facts, value, at = self.facts, nw.col("value_e6"), nw.col("at_s")
        no_values = sorted({*_SENTINELS_E6, *(code for _, _, code in self.codes)})
        conditions = [
            seen, ~nw.col("m").is_null(), nw.col("problem").is_null(), at >= facts["from_s"], at <= facts["to_s"],
            value >= 0, value <= facts["fine_e6"], ~value.is_in(no_values),
        ]  # fmt: skip
        if not facts.always("refused", 0):
            conditions.append(facts["refused"] == 0)
        if not facts.always("no_zone", 0):
            conditions.append((facts["no_zone"] == 0) | nw.col("zoned").fill_null(False))
        if any(zone.changes for zone in self.zones):
            conditions.append((nw.col("clock") != SKIPPED) & (nw.col("second") != 2))
        if not self.landed_later:
            conditions.append(at <= nw.col("landed_s"))
        fine = conditions[0]
        for condition in conditions[1:]:
            fine = fine & condition
        # as a number: what is neither true nor false must go to the others
        marked = placed.with_columns(fine=nw.when(fine).then(whole(1)).otherwise(whole(0)))
        rules = nw.when(nw.col("quality").is_in(["E", "S"])).then(whole(ESTIMATE)).otherwise(whole(PLAIN))
        scaled = scale_half_even(value, facts["p"], facts["q"], whole_parts=facts.always("p", 1))
        good = marked.filter(nw.col("fine") == 1).with_columns(v=scaled, rules=rules, length=facts["length"]).select(*GOOD_COLUMNS)
        names = ("p", "q", "max_e6", "tolerance_e6", "refused", "length", "from_s", "to_s", "no_zone", "month_start_s", "month_end_s")
        odd = (
            marked.filter((nw.col("fine") == 0) & (seen | nw.col("t").is_null()))
            .with_columns(**{name: facts[name] for name in names})
            .select(*SCHEMA, "m", "span", "stated_s", "t", "clock", "second", "landed_s", *names)
        )
        return self.engine.keep_and_collect(good, odd)

    def _short_of_edges(self, good: Frame) -> list[tuple[int, int]]:
        """Meters with fewer than eight actual readings near an edge of the month: (m, 0 before or 1 after).

        A meter's edge is cut a little over a day from the month when that many lie nearer; a slow meter keeps the whole window.
        """
        t = nw.col("t")
        facts = self.engine.frame(
            pl.DataFrame(
                [(m, meter.start_s, meter.end_s) for m, meter in enumerate(self.meters)],
                schema={"m": pl.Int64, "first_s": pl.Int64, "after_s": pl.Int64}, orient="row",
            )
        )  # fmt: skip
        bounds = sorted({(meter.start_s, meter.end_s) for meter in self.meters})
        if not bounds:
            return []
        outside = (t < max(b[0] for b in bounds)) | (t >= min(b[1] for b in bounds))
        edges = good.filter(outside & (nw.col("rules") % 2 == PLAIN)).join(facts, on="m")
        sides = edges.filter((t < nw.col("first_s")) | (t >= nw.col("after_s"))).with_columns(
            side=nw.when(t < nw.col("first_s")).then(whole(0)).otherwise(whole(1))
        )
        (counts,) = self.engine.collect(sides.group_by("m", "side").agg(n=nw.len()))
        enough = set(counts.filter(pl.col("n") >= _ENOUGH).select("m", "side").iter_rows())
        return [(m, side) for m in range(len(self.meters)) for side in (0, 1) if (m, side) not in enough]

    def _rows(self, good: Frame, odd: pl.DataFrame) -> Rows:
        if odd.is_empty():  # nothing to judge
            refused = odd.select(*SCHEMA, "m", "span", verdict=pl.lit(None, pl.Int64))
            return Rows(good, refused, pl.DataFrame(schema={"m": pl.Int64, "n": pl.Int64}))
        unknown = odd.filter(pl.col("landed_s").is_null())["entry"].unique().to_list()
        if unknown:
            raise ValueError(f"no landing time for entries {sorted(unknown)}")
        rows = _judge(self._with_codes(odd))
        also_good = rows.filter(pl.col("verdict") == GOOD).select(list(GOOD_COLUMNS))
        if not also_good.is_empty():
            good = nw.concat([good, self.engine.frame(also_good)])
        own = rows.filter(pl.col("own"))
        blanks = own.filter(pl.col("verdict") == BLANK).group_by("m").agg(n=pl.len().cast(pl.Int64))
        return Rows(good, own.filter(pl.col("verdict") >= min(VERDICTS)).select(*SCHEMA, "m", "span", "verdict"), blanks)

    def _with_codes(self, odd: pl.DataFrame) -> pl.DataFrame:
        """``coded``: 1 where the value is one that the register's device sends when it has none."""
        rows = [(*code, 1) for code in sorted(self.codes)]
        table = pl.DataFrame(rows, schema=dict.fromkeys(["m", "span", "value_e6", "coded"], pl.Int64), orient="row")
        return odd.join(table, on=["m", "span", "value_e6"], how="left").with_columns(pl.col("coded").fill_null(0))


def whole_rows(parts: Parts, rows: pl.DataFrame, meters: Sequence[Meter], engine: Engine) -> pl.DataFrame:
    """The part rows behind some (``rows``: entry, source_row, m, at_s and more), with the columns of SCHEMA; ``at_s`` as in ``rows``."""
    wanted = parts.where(nw.col("meter_id").is_in(sorted({meters[m].meter_id for m in rows["m"]}))).far(own=True)
    at = wanted.drop("at_s").join(engine.frame(rows), on=["entry", "source_row"])
    return engine.collect(at)[0] if not rows.is_empty() else pl.DataFrame(schema=SCHEMA | dict(rows.schema))


def _second_hours(placed: Frame, zones: list[Zone], facts: Facts, engine: Engine) -> Frame:
    """Move rows of the second pass through a repeated hour; ``second`` is 2 where the pass can't be told."""
    turned = [(zone.number, before - after) for zone in zones for _, before, after in zone.changes if after < before]
    here = placed.filter(
        facts["zone"].is_in([number for number, _ in turned]) & ~nw.col("zoned").fill_null(False) & (nw.col("span").fill_null(0) == 0)
    )
    (rows,) = engine.collect(here.select("meter_id", "entry", "source_row", "stated_s", "clock"))
    concerned = rows.filter(pl.col("clock") == REPEATED).select("meter_id", "entry").unique()
    passes = resolve_repeated(rows.join(concerned, on=["meter_id", "entry"]))
    lookup = passes.select("entry", "source_row", second=pl.col("second").cast(pl.Int64).fill_null(2))
    shift = whole(0)
    for number, turn_s in turned:
        shift = nw.when(facts["zone"] == number).then(whole(turn_s)).otherwise(shift)
    return (
        placed.join(engine.frame(lookup), on=["entry", "source_row"], how="left")
        .with_columns(second=nw.col("second").fill_null(0))
        .with_columns(at_s=nw.when(nw.col("second") == 1).then(nw.col("at_s") + shift).otherwise(nw.col("at_s")))
    )


def _judge(odd: pl.DataFrame) -> pl.DataFrame:
    """The verdict of each row that may break a rule: the first that it does, in this order; and GOOD_COLUMNS of those that don't."""
    value, at, t = pl.col("value_e6"), pl.col("at_s"), pl.col("t")
    unreadable = pl.col("problem").is_not_null() | at.is_null() | pl.col("meter_id").is_null()
    nearly_zero = (pl.col("length") == -1) & (value >= -pl.col("tolerance_e6"))
    cases = [
        (pl.col("m").is_null() & pl.col("meter_id").is_not_null(), UNREGISTERED.number),
        (unreadable, PROBLEM.number),
        (pl.col("refused") == 1, REFUSED.number),
        ((pl.col("no_zone") == 1) & ~pl.col("zoned"), NO_ZONE.number),
        (pl.col("clock") == SKIPPED, NEVER.number),
        (pl.col("second") == 2, TWICE.number),
        ((at < pl.col("from_s")) | (at > pl.col("to_s")), NOT_VALID.number),
        (at > pl.col("landed_s"), FUTURE.number),
        (value.is_null(), BLANK),
        (value.is_in(_SENTINELS_E6) | (pl.col("coded") == 1), SENTINEL.number),
        (value > pl.col("max_e6"), TOO_LARGE.number),
        ((value < 0) & ~nearly_zero, NEGATIVE.number),
    ]
    verdict = pl.lit(GOOD)
    for condition, number in reversed(cases):
        verdict = pl.when(condition).then(number).otherwise(verdict)
    own = ((t >= pl.col("month_start_s")) & (t < pl.col("month_end_s"))) | t.is_null()
    judged = odd.with_columns(verdict=verdict.cast(pl.Int64), own=own)
    counted = pl.when((pl.col("verdict") == GOOD) & (value > 0)).then(value).otherwise(0)
    valued = judged.with_columns(v=scale_large_half_even(counted, pl.col("p"), pl.col("q")))
    fine = (pl.col("v") <= _FINE_W) | ((pl.col("length") != -1) & (pl.col("v") <= _FINE))
    estimate = pl.when(pl.col("quality").is_in(["E", "S"])).then(ESTIMATE).otherwise(PLAIN)
    return valued.with_columns(rules=(estimate + pl.when(fine).then(PLAIN).otherwise(RULES)).cast(pl.Int64))
