"""The meters that are not plain, rule by rule; of a plain stretch of theirs only the ends.

Most readings of a register with a glitch or a rollover are as good as any other's. Around what a rule has to decide, readings go through
``register.py`` one by one; the stretches between are summed like those of plain meters. Meters with several registers, and
interval and power meters, go whole.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import narwhals as nw
import polars as pl

from assets.staging.groups import Groups, reached
from assets.staging.judged import LARGEST_RATED, METERED, Anomaly, Judged, Reading, Rejection, median
from assets.staging.meters import INTERVAL, REGISTER, Meter
from assets.staging.plain import SUMS, hour_sums, legs_of, other_legs, unkeyed
from assets.staging.readings import LOOK_AHEAD_S, LOOK_BACK_S, PLAIN
from assets.staging.register import judge_register
from assets.staging.series import judge_intervals, judge_power
from resources.calendar import HOUR_S

LEGS = {"m": pl.Int64, "t0": pl.Int64, "t1": pl.Int64, "delta": pl.Int64, "method": pl.Int64}
_SPANS, _TALLY = ("m", "first_at_s", "last_at_s"), ("m", "n_good", "n_superseded")
_REJECTED = {
    "entry": pl.Int64, "source_row": pl.Int64, "m": pl.Int64, "rule_code": pl.String, "reason": pl.String, "at_s": pl.Int64,
}  # fmt: skip
# Readings on both sides of what a rule has to decide; no rule looks further than five.
_AROUND = 8


@dataclass(frozen=True)
class Slow:
    """What the meters that are not plain came to; fields as in ``judgement.Judgement``, ``all_legs`` for ``around`` and ``last``."""

    sums: pl.DataFrame
    legs: pl.DataFrame
    all_legs: pl.DataFrame
    reached: dict[int, int]
    steps: dict[int, int]
    spans: pl.DataFrame
    tally: pl.DataFrame
    rejected: list[tuple[int, Rejection]]
    rejected_rows: pl.DataFrame
    anomalies: list[tuple[int, Anomaly]]


def metered(legs: pl.DataFrame) -> pl.DataFrame:
    """LEGS of m, t0, t1, delta."""
    return legs.with_columns(method=pl.lit(METERED, dtype=pl.Int64)).select(list(LEGS))


def judge_slowly(rows: pl.DataFrame, groups: Groups) -> Slow:
    """All rules for some meters. ``rows``: what ``plain.followed`` gives of their readings."""
    if rows.is_empty():  # of most months: then a dozen queries of nothing are saved
        sums, legs, spans, tally = (_none(*names) for names in (SUMS, LEGS, _SPANS, _TALLY))
        return Slow(sums, legs, legs, {}, {}, spans, tally, [], pl.DataFrame(schema=_REJECTED), [])
    meters = groups.meters
    thin = frozenset(m for m, meter in enumerate(meters) if _thinnable(meter))
    marked = _marked(rows.sort("m", "t", "entry", "source_row"), groups, thin)
    judged = _judged(marked.filter("one"), groups, thin)
    # a leg from one judged part to the next stands for the stretch between, which is summed
    ends = marked.filter("end").select("m", t0="t")
    legs = _legs(judged).join(ends, on=["m", "t0"], how="anti")
    between = nw.from_native(marked.filter(~pl.col("one") | pl.col("end")).lazy())
    kept = pl.DataFrame([(m, t) for m, j in judged for t in j.kept], schema={"m": pl.Int64, "t": pl.Int64}, orient="row")
    counted = pl.concat([kept, marked.filter(~pl.col("one")).select("m", "t")])
    own = _own(counted, meters)
    return Slow(
        sums=_sums(unkeyed(hour_sums(between).collect().to_native()), own),
        legs=pl.concat([metered(other_legs(between).collect().to_native()), legs]),
        all_legs=pl.concat([metered(legs_of(between).collect().to_native()), legs]),
        reached=reached(dict(counted.group_by("m").max().iter_rows()), meters),
        steps={m: step for m, step in _steps(judged, meters).items() if m not in thin},
        spans=own.group_by("m").agg(first_at_s=pl.col("t").min(), last_at_s=pl.col("t").max()),
        tally=_tally(marked, judged, meters),
        rejected=[(m, item) for m, j in judged for item in j.rejected],
        rejected_rows=_rejected_rows(marked, judged, meters),
        anomalies=[(m, item) for m, j in judged for item in j.anomalies],
    )


def _none(*names: str) -> pl.DataFrame:
    return pl.DataFrame(schema=dict.fromkeys(names, pl.Int64))


def _thinnable(meter: Meter) -> bool:
    """Whether one register counts all the time: what a rule decides then touches the readings around it alone."""
    return meter.kind == REGISTER and meter.plain_between(meter.start_s - LOOK_BACK_S, meter.end_s + LOOK_AHEAD_S)


def _marked(ordered: pl.DataFrame, groups: Groups, thin: frozenset[int]) -> pl.DataFrame:
    """The rows with ``one``, whether they are judged one by one, and ``end``, whether they are the last before a stretch that is not."""
    limits = [(m, limit.value) for m, limit in groups.limits.items() if limit.value is not None]
    table = pl.DataFrame(limits, schema={"m": pl.Int64, "limit": pl.Int64}, orient="row")
    step = pl.col("dt")
    rate = pl.col("q").clip(0, LARGEST_RATED) * HOUR_S // pl.when(step > 0).then(step).otherwise(1)
    odd = (pl.col("rules") > 0) | (pl.col("clash") > 0) | (step == 0) | (pl.col("q") < 0) | (rate > pl.col("limit"))
    place = pl.when(odd.fill_null(False)).then(pl.col("place_in_all"))
    beside = ordered.join(table, on="m", how="left", maintain_order="left").with_row_index("place_in_all").with_columns(
        before=place.forward_fill().over("m"), after=place.backward_fill().over("m")
    )  # fmt: skip
    at = pl.col("place_in_all").cast(pl.Int64)
    near = (at - pl.col("before").cast(pl.Int64) <= _AROUND + 1) | (pl.col("after").cast(pl.Int64) - at <= _AROUND)
    marked = beside.with_columns(one=~pl.col("m").is_in(sorted(thin)) | near.fill_null(False))
    return marked.with_columns(end=pl.col("one") & ~pl.col("one").shift(-1).over("m").fill_null(True))


def _judged(rows: pl.DataFrame, groups: Groups, thin: frozenset[int]) -> list[tuple[int, Judged]]:
    by_meter: dict[tuple[int, int], list[Reading]] = defaultdict(list)
    for m, span, t, v, rules, entry, row in rows.select("m", "span", "t", "v", "rules", "entry", "source_row").iter_rows():
        by_meter[m, groups.meters[m].spans[span].kind].append(Reading(t, v, rules % 2 != PLAIN, span, entry, row))
    found = []
    for (m, kind), readings in sorted(by_meter.items()):
        meter = groups.meters[m]
        if kind == REGISTER:
            found.append((m, judge_register(meter, readings, groups.limits[m] if m in thin else None)))
        else:
            found.append((m, (judge_intervals if kind == INTERVAL else judge_power)(meter, readings)))
    return found


def _legs(judged: list[tuple[int, Judged]]) -> pl.DataFrame:
    return pl.DataFrame([(m, *leg) for m, j in judged for leg in j.legs], schema=LEGS, orient="row")


def _own(rows: pl.DataFrame, meters: Sequence[Meter]) -> pl.DataFrame:
    """Rows that lie in the month of their meter, with its start_s."""
    bounds = [(m, meter.start_s, meter.end_s) for m, meter in enumerate(meters)]
    table = pl.DataFrame(bounds, schema={"m": pl.Int64, "start_s": pl.Int64, "end_s": pl.Int64}, orient="row")
    return rows.join(table, on="m").filter((pl.col("t") >= pl.col("start_s")) & (pl.col("t") < pl.col("end_s"))).drop("end_s")


def _sums(of_stretches: pl.DataFrame, counted: pl.DataFrame) -> pl.DataFrame:
    """plain.SUMS of the stretches, with the readings that count in each hour."""
    hours = counted.with_columns(hour_s=pl.col("t") - (pl.col("t") - pl.col("start_s")) % HOUR_S)
    counts = hours.group_by("m", "hour_s").agg(n_readings=pl.len().cast(pl.Int64))
    both = pl.concat([of_stretches.drop("n_readings"), counts], how="diagonal")
    return both.group_by("m", "hour_s").agg(pl.col("known", "metered_s", "n_readings").sum()).select(list(SUMS))


def _steps(judged: list[tuple[int, Judged]], meters: Sequence[Meter]) -> dict[int, int]:
    """The median step between readings that count, or the length of the intervals."""
    kept: dict[int, list[int]] = defaultdict(list)
    for m, j in judged:
        kept[m] += j.kept
    found = {}
    for m, times in kept.items():
        span = meters[m].spans[-1]
        counts = Counter(b - a for a, b in pairwise(sorted(times)))
        found[m] = span.interval_s if span.kind == INTERVAL else median(counts.items()) if counts else 0
    return found


def _tally(rows: pl.DataFrame, judged: list[tuple[int, Judged]], meters: Sequence[Meter]) -> pl.DataFrame:
    superseded = [pair for _, j in judged for pair in j.superseded]
    table = pl.DataFrame(superseded, schema={"entry": pl.Int64, "source_row": pl.Int64}, orient="row")
    own = _own(rows, meters)
    lost = own.join(table, on=["entry", "source_row"], how="semi").group_by("m").agg(n_superseded=pl.len().cast(pl.Int64))
    good = own.group_by("m").agg(n_good=pl.len().cast(pl.Int64))
    return good.join(lost, on="m", how="left").select("m", "n_good", pl.col("n_superseded").fill_null(0))


def _rejected_rows(rows: pl.DataFrame, judged: list[tuple[int, Judged]], meters: Sequence[Meter]) -> pl.DataFrame:
    schema = {"entry": pl.Int64, "source_row": pl.Int64, "rule_code": pl.String, "reason": pl.String}
    items = pl.DataFrame([item for _, j in judged for item in j.rejected], schema=schema, orient="row")
    shifts = pl.DataFrame(
        [(m, s, span.interval_s if span.label_end else 0) for m, meter in enumerate(meters) for s, span in enumerate(meter.spans)],
        schema={"m": pl.Int64, "span": pl.Int64, "shift_s": pl.Int64}, orient="row",
    )  # fmt: skip
    found = _own(rows.join(items, on=["entry", "source_row"]), meters).join(shifts, on=["m", "span"])
    return found.select("entry", "source_row", "m", "rule_code", "reason", at_s=pl.col("t") + pl.col("shift_s"))
