"""What became of every row: rejected readings, anomalies and the counts that must add up.

Only the writing down: the decisions are made in ``readings.py`` (row by row) and ``register.py`` and ``series.py`` (rows beside others).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import polars as pl

from assets.staging.exact import LARGEST, round_half_even
from assets.staging.judged import Anomaly
from assets.staging.judgement import Judgement
from assets.staging.meters import Meter
from assets.staging.readings import PROBLEM, REFUSED, VERDICTS, Rows

REJECTED = {
    "meter_id": pl.String, "at_s": pl.Int64, "value_e6": pl.Int64, "quality": pl.String, "raw_at": pl.String, "raw_value": pl.String,
    "entry": pl.Int64, "source_row": pl.Int64, "rule_code": pl.String, "reason": pl.String, "site_id": pl.String, "month": pl.String,
}  # fmt: skip
ANOMALIES = {
    "site_id": pl.String, "meter_id": pl.String, "at_s": pl.Int64, "code": pl.String, "what": pl.String, "seen": pl.Float64,
    "limit": pl.Float64, "unit": pl.String, "entry": pl.Int64, "source_row": pl.Int64, "month": pl.String,
}  # fmt: skip
# What is said once for a meter, with the number of rows, instead of row by row.
_COUNTED = ("BD01", "TL04")
# Noted at the end of the stretch concerned: at the month's last instant it is still the month's.
_OF_STRETCH = ("falling", "rollover", "over_capacity", "over_inferred")


@dataclass(frozen=True)
class Outcome:
    """A batch of meters with their rows (``readings.read_rows``) and what they came to.

    ``rejected``: the rows that were rejected for what stands beside them (``readings.whole_rows`` of the judgement's).
    """

    rows: Rows
    rejected: pl.DataFrame
    judgement: Judgement
    meters: Sequence[Meter]
    month: str


def refused_rows(outcome: Outcome) -> pl.DataFrame:
    """The rows of the month that can't be used for what they say themselves, with rule_code, what and reason."""
    verdicts = pl.DataFrame(
        [(v.number, v.rule_code, v.what, v.reason) for v in VERDICTS.values()],
        schema={"verdict": pl.Int64, "rule_code": pl.String, "what": pl.String, "reason": pl.String}, orient="row",
    )  # fmt: skip
    refusals = pl.DataFrame(
        [(m, s, *span.refusal) for m, meter in enumerate(outcome.meters) for s, span in enumerate(meter.spans) if span.refusal],
        schema={"m": pl.Int64, "span": pl.Int64, "their_code": pl.String, "their_reason": pl.String}, orient="row",
    )  # fmt: skip
    said = outcome.rows.refused.join(verdicts, on="verdict").join(refusals, on=["m", "span"], how="left")
    refused, problem = pl.col("verdict") == REFUSED.number, pl.col("verdict") == PROBLEM.number
    return said.with_columns(
        rule_code=pl.when(refused).then(pl.col("their_code")).otherwise(pl.col("rule_code")),
        reason=pl.when(refused).then(pl.col("their_reason"))
        .when(problem & pl.col("problem").is_not_null()).then(pl.col("problem"))
        .otherwise(pl.col("reason")),
    )  # fmt: skip


def rejected_of(outcome: Outcome) -> pl.DataFrame:
    """staging/interval_energy_rejected. ``at_s`` is UTC where it could be resolved, else as stated."""
    columns = ["m", *(c for c in REJECTED if c not in ("site_id", "month"))]
    both = [frame.select(columns) for frame in (refused_rows(outcome), outcome.rejected)]
    return _with_site(pl.concat(both), outcome).select(list(REJECTED))


def _with_site(frame: pl.DataFrame, outcome: Outcome) -> pl.DataFrame:
    """Rows with month and site; no site where the meter is not registered."""
    sites = pl.DataFrame(
        [(m, meter.site_id) for m, meter in enumerate(outcome.meters)], schema={"m": pl.Int64, "site_id": pl.String}, orient="row"
    )
    return frame.join(sites, on="m", how="left").with_columns(month=pl.lit(outcome.month))


def counts_of(outcome: Outcome) -> pl.DataFrame:
    """For each meter (m): rows of the month by what became of them, rollovers, events, first and last reading that counts."""
    refused = outcome.rows.refused.group_by("m").agg(n_refused=pl.len().cast(pl.Int64))
    lost = outcome.judgement.rejected_rows.group_by("m").agg(n_lost=pl.len().cast(pl.Int64))
    blanks = outcome.rows.blanks.rename({"n": "n_blank"})
    kept = pl.col("n_good") - pl.col("n_lost") - pl.col("n_superseded")
    rows = []
    rollovers = Counter(m for m, a in _of_month(outcome) if a.what == "rollover")
    for m, meter in enumerate(outcome.meters):
        events = sum(b.kind != "row" and meter.start_s <= b.at_s < meter.end_s for b in meter.boundaries)
        rows.append((m, rollovers[m], events))
    frame = pl.DataFrame(rows, schema=dict.fromkeys(["m", "n_rollovers", "n_events"], pl.Int64), orient="row")
    for table in (outcome.judgement.spans, outcome.judgement.tally, refused, lost, blanks):
        frame = frame.join(table, on="m", how="left", maintain_order="left")
    return frame.with_columns(pl.col("n_good", "n_superseded", "n_refused", "n_lost", "n_blank").fill_null(0)).with_columns(
        n_landed=pl.col("n_good") + pl.col("n_refused") + pl.col("n_blank"),
        n_valid=kept + pl.col("n_blank"),
        n_rejected=pl.col("n_refused") + pl.col("n_lost"),
    )


def _of_month(outcome: Outcome) -> list[tuple[int, Anomaly]]:
    """The anomalies that lie in the month; what the edges showed belongs to other months."""
    found = []
    for m, anomaly in outcome.judgement.anomalies:
        meter = outcome.meters[m]
        at = anomaly.at_s - (1 if anomaly.what in _OF_STRETCH else 0)
        if meter.start_s <= at < meter.end_s:
            found.append((m, anomaly))
    return found


def anomalies_of(outcome: Outcome) -> pl.DataFrame:
    """staging/anomalies."""
    rows = [(outcome.meters[m].site_id, outcome.meters[m].meter_id, *anomaly, outcome.month) for m, anomaly in _of_month(outcome)]
    for meter in outcome.meters:
        rows += [
            (meter.site_id, meter.meter_id, meter.start_s, span.refusal[0], "refused", None, None, "", None, None, outcome.month)
            for span in meter.spans
            if span.refusal and span.start_s < meter.end_s and span.end_s > meter.start_s
        ]
    refused = _with_site(refused_rows(outcome).filter(pl.col("what") != ""), outcome)
    counted = (
        refused.filter(pl.col("rule_code").is_in(_COUNTED))
        .sort("at_s", "entry", "source_row")
        .group_by("site_id", "meter_id", "rule_code", "what", maintain_order=True)
        .agg(pl.col("at_s", "entry", "source_row").first(), n=pl.len())
    )
    for r in counted.iter_rows(named=True):
        rows.append((
            r["site_id"], r["meter_id"], r["at_s"], r["rule_code"], r["what"], r["n"], 0, "rows", r["entry"], r["source_row"],
            outcome.month,
        ))  # fmt: skip
    for r in refused.filter(~pl.col("rule_code").is_in(_COUNTED)).iter_rows(named=True):
        meter = outcome.meters[r["m"]]
        rows.append((
            r["site_id"], r["meter_id"], r["at_s"], r["rule_code"], r["what"], _in_units(r, meter), 0, meter.unit, r["entry"],
            r["source_row"], outcome.month,
        ))  # fmt: skip
    return pl.DataFrame(rows, schema=ANOMALIES, orient="row")


def _in_units(row: dict[str, Any], meter: Meter) -> int | None:
    """The value of a row in internal units; None when it is too large to be one."""
    span = meter.spans[row["span"]]
    value = round_half_even(Fraction(row["value_e6"] * span.p, span.q))
    return value if abs(value) < LARGEST else None
