"""The landed rows of meters that a month can use: where each stands in time, to which file it belongs.

All meters of a trace are read at once, from the parts that can hold a row of the month. What became of a row is ``fates.py``, its text
in the kept file ``texts.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import polars as pl

from assets.staging.meters import Meter
from pipelines.traces.work import Moment
from resources.calendar import add_months, month_range, offsets
from resources.errors import GciError

_DAY_S = 86_400
_BACK_S, _AHEAD_S = 40 * _DAY_S, 10 * _DAY_S
_KEY = ["meter_id", "entry", "source_row"]


@dataclass(frozen=True)
class Rows:
    """Rows of one meter: how many lie in the month (``landed``) and beside it (``edges``: the nearest on either side), by file.

    ``frame``: entry, source_row, at_s (UTC), own, sorted by instant, entry and row.
    """

    meter_id: str
    landed: int
    edges: int
    files: list[dict[str, Any]]  # entry, name, digest, rows
    frame: Callable[[], pl.DataFrame]
    ends: list[dict[str, Any]]  # the first and the last row

    def shown(self, everything: bool) -> list[dict[str, Any]]:
        """Entry and row number of all rows, or of the first and the last."""
        return self.frame().select("entry", "source_row").to_dicts() if everything else [dict(row) for row in self.ends]


class Readings:
    """The rows of some meters around a month."""

    def __init__(self, moment: Moment, meter_ids: Collection[str]) -> None:
        self.moment = moment
        self.meters: dict[str, Meter] = moment.meters(frozenset(meter_ids))

    def rows(self, meter_id: str) -> Rows:
        """The rows of one of the meters."""
        counts, files = self._counts.get(meter_id, {}), self.moment.files
        named = [{"entry": n, "name": files[n][0], "digest": files[n][1], "rows": sum(counts[n])} for n in sorted(counts)]
        landed, edges = (sum(pair[side] for pair in counts.values()) for side in (0, 1))
        return Rows(meter_id, landed, edges, named, lambda: self.of(meter_id), self._ends.get(meter_id, []))

    def of(self, meter_id: str) -> pl.DataFrame:
        """``placed`` of one meter."""
        return self.placed.filter(pl.col("meter_id") == meter_id)

    @cached_property
    def _counts(self) -> dict[str, dict[int, tuple[int, int]]]:
        """Rows in the month and beside it, by meter and entry."""
        found: dict[str, dict[int, tuple[int, int]]] = {}
        sums = self.placed.group_by("meter_id", "entry").agg(own=pl.col("own").sum(), n=pl.len())
        for meter_id, entry, own, n in sums.iter_rows():
            found.setdefault(meter_id, {})[entry] = (own, n - own)
        return found

    @cached_property
    def _ends(self) -> dict[str, list[dict[str, Any]]]:
        """The first and the last row of each meter."""
        found: dict[str, list[dict[str, Any]]] = {}
        numbered = self.placed.with_columns(
            first=pl.col("meter_id") != pl.col("meter_id").shift(1), last=pl.col("meter_id") != pl.col("meter_id").shift(-1)
        )
        ends = numbered.filter(pl.col("first").fill_null(True) | pl.col("last").fill_null(True))
        for meter_id, entry, row in ends.select("meter_id", "entry", "source_row").iter_rows():
            found.setdefault(meter_id, []).append({"entry": entry, "source_row": row})
        return found

    @cached_property
    def placed(self) -> pl.DataFrame:
        """``meter_id, entry, source_row, at_s, t, own``: rows of the month and of its edges, sorted by meter, instant, entry and row.

        ``t`` is what a row is placed by: the start of an interval, else its instant. A row without a readable time belongs to the month of
        its part.
        """
        t, start, end = pl.col("t"), pl.col("start_s"), pl.col("end_s")
        rows = self._in_utc(self._window())
        bounds = {(m.start_s, m.end_s) for m in self.meters.values()}
        if len(bounds) == 1:  # one zone: no join
            ((start_s, end_s),) = bounds
            rows = rows.with_columns(start_s=pl.lit(start_s, pl.Int64), end_s=pl.lit(end_s, pl.Int64))
        else:
            table = pl.DataFrame(
                [(m.meter_id, m.start_s, m.end_s) for m in self.meters.values()],
                schema={"meter_id": rows.schema["meter_id"], "start_s": pl.Int64, "end_s": pl.Int64}, orient="row",
            )  # fmt: skip
            rows = rows.join(table, on="meter_id", how="left", maintain_order="left")
        own = t.is_null() | ((t >= start) & (t < end))
        near = own | ((t >= start - _BACK_S) & (t <= end + _AHEAD_S))
        rows = _in_order(rows.with_columns(own=own).filter(near.fill_null(True)))
        sides = rows.filter(~pl.col("own"))
        before = sides.filter(t < start).group_by("meter_id", maintain_order=True).last()
        after = sides.filter(t >= end).group_by("meter_id", maintain_order=True).first()
        columns = [*_KEY, "at_s", "t", "own"]
        return _in_order(pl.concat([frame.select(columns) for frame in (before, rows.filter("own"), after)]))

    def _window(self) -> pl.DataFrame:
        """Part rows of the meters that may matter: meter_id, entry, source_row, at_s as stated, zoned."""
        moment, names = self.moment, sorted(self.meters)
        kind = pl.Enum(names)  # a number for each meter: sorted and compared as fast as one
        empty = pl.DataFrame(schema={"meter_id": kind, "entry": pl.Int64, "source_row": pl.Int64, "at_s": pl.Int64, "zoned": pl.Boolean})
        if not names:
            return empty
        first_s = min(m.start_s for m in self.meters.values()) - _BACK_S - 2 * _DAY_S
        last_s = max(m.end_s for m in self.meters.values()) + _AHEAD_S + 2 * _DAY_S
        months = month_range(add_months(moment.month, -2), add_months(moment.month, 1))
        frames = []
        for part in moment.home.ledger.parts("meter_readings", moment.as_of, months):
            name, at = pl.col("meter_id"), pl.col("at_s")
            # parts are sorted by meter: the range is found by the statistics of the row groups
            own = name.is_between(pl.lit(names[0]), pl.lit(names[-1])) & name.is_in(names)
            here = at.is_between(first_s, last_s) | (at.is_null() & (part.month == moment.month))
            scan = moment.home.lake.scan("parts/meter_readings", part.month, part.file_digest).filter(own & here)
            frames.append(scan.select(name.cast(kind), pl.lit(part.entry, pl.Int64).alias("entry"), "source_row", "at_s", "zoned"))
        return pl.concat([empty, *pl.collect_all(frames)])

    def _in_utc(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Stated instants as UTC, and ``t``: what carries no offset is in the feed's zone, else in that of the meter's register."""
        feed = self.moment.settings.feeds.get("meter_readings")
        fixed, kind = feed.timezone if feed else None, rows.schema["meter_id"]
        spans = pl.DataFrame(
            [
                (m.meter_id, s.lo, s.hi, fixed or s.zone, s.interval_s if s.label_end else 0)
                for m in self.meters.values() for s in m.spans
            ],
            schema={"meter_id": kind, "lo": pl.Int64, "hi": pl.Int64, "zone": pl.String, "shift_s": pl.Int64}, orient="row",
        )  # fmt: skip
        simple = spans["meter_id"].is_unique().all()
        if simple and spans["zone"].n_unique() == 1 and spans["shift_s"].max() == 0:
            found = rows.with_columns(at_s=_utc(pl.col("at_s"), pl.col("zoned"), str(spans["zone"][0]), rows))
            return self._second_hours(found, rows, spans).with_columns(t="at_s")
        joined = rows.join(spans, on="meter_id", how="left", maintain_order="left")
        moved = pl.col("at_s")
        for zone in sorted(set(spans["zone"])):
            moved = pl.when(pl.col("zone") == zone).then(_utc(pl.col("at_s"), pl.col("zoned"), zone, rows)).otherwise(moved)
        found = joined.with_columns(at_s=moved)
        if not simple:  # a row is read by the register that counts at its time
            at = pl.col("at_s")
            reads = ((at >= pl.col("lo")) & (at < pl.col("hi"))) | at.is_null()
            found = found.filter(reads).unique(_KEY, keep="first", maintain_order=True)
        found = self._second_hours(found, rows, spans)
        return found.with_columns(t=pl.col("at_s") - pl.col("shift_s").fill_null(0)).drop("lo", "hi", "zone", "shift_s")

    def _second_hours(self, found: pl.DataFrame, stated: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
        """Where clocks were turned back the order of the file says which of two hours is meant (``instants.resolve_repeated``)."""
        changes = [(zone, *change) for zone in set(spans["zone"]) for change in _turned_back(zone, stated)]
        if not changes:
            return found
        from assets.staging.instants import REPEATED, resolve_repeated

        clock = pl.lit(0)
        for zone, at, before, after in changes:
            own = pl.col("meter_id").is_in(spans.filter(pl.col("zone") == zone)["meter_id"].to_list()) & ~pl.col("zoned")
            repeated = own & (pl.col("at_s") >= at + after) & (pl.col("at_s") < at + before)
            clock = pl.when(repeated).then(REPEATED).otherwise(clock)
        marked = stated.with_columns(clock=clock, stated_s=pl.col("at_s"))
        concerned = marked.filter(pl.col("clock") == REPEATED).select("meter_id", "entry").unique()
        answers = resolve_repeated(marked.join(concerned, on=["meter_id", "entry"], how="semi").cast({"meter_id": pl.String}))
        later = answers.filter(pl.col("second").fill_null(False)).select(_KEY).cast({"meter_id": stated.schema["meter_id"]})
        back = changes[0][2] - changes[0][3]
        return pl.concat(
            [found.join(later, on=_KEY, how="anti"), found.join(later, on=_KEY, how="semi").with_columns(pl.col("at_s") + back)]
        )


def _in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows by meter and instant (unknown ones first), then as they came: parts come by entry, their rows in order."""
    key = rows.select(pl.col("meter_id").to_physical().cast(pl.Int64) * 2**36 + pl.col("at_s").fill_null(-(2**34))).to_series()
    if key.is_sorted():
        return rows
    return rows.with_columns(_key=key).sort("_key", maintain_order=True).drop("_key")


def check_counts(moment: Moment, readings: Readings, facts: pl.DataFrame, shared: Collection[str]) -> None:
    """GciError when the rows of a meter that stand in the parts are not as many as its facts say were landed."""
    said = facts.filter(pl.col("meter_id").is_in(list(readings.meters)) & (pl.col("kind") != "virtual"))
    for meter_id, landed in _said(said, shared):
        if (seen := readings.rows(meter_id).landed) != landed:
            raise GciError(
                f"{seen} rows of meter {meter_id} stand in the parts of {moment.month}, but {landed} were counted when "
                "it was computed. Run 'gci verify'."
            )


def _said(facts: pl.DataFrame, shared: Collection[str]) -> Iterable[tuple[str, int]]:
    """Landed rows of each meter: a shared meter's stand at every site, another's are divided between its sites."""
    whole = pl.when(pl.col("meter_id").is_in(list(shared)).first()).then(pl.col("n_landed").first()).otherwise(pl.col("n_landed").sum())
    return facts.group_by("meter_id").agg(whole).sort("meter_id").iter_rows()


def _bounds(rows: pl.DataFrame) -> tuple[int, int]:
    low, high = rows["at_s"].min(), rows["at_s"].max()
    return (int(low) if isinstance(low, int) else 0) - 2 * _DAY_S, (int(high) if isinstance(high, int) else 0) + 2 * _DAY_S


def _utc(stated: pl.Expr, zoned: pl.Expr, zone: str, rows: pl.DataFrame) -> pl.Expr:
    """Stated instants as UTC in a zone; of a repeated hour the first."""
    found = offsets(zone, *_bounds(rows))
    shift = pl.lit(found[0][1], pl.Int64)
    for (_, before), (at, after) in pairwise(found):
        shift = pl.when(stated >= at + max(before, after)).then(pl.lit(after, pl.Int64)).otherwise(shift)
    return pl.when(zoned).then(stated).otherwise(stated - shift)


def _turned_back(zone: str, rows: pl.DataFrame) -> list[tuple[int, int, int]]:
    """Instants at which clocks were turned back: (UTC, offset before, offset after)."""
    found = offsets(zone, *_bounds(rows))
    return [(at, before, after) for (_, before), (at, after) in pairwise(found) if after < before]
