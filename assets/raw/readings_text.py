"""Readings as text to readings as integers, and why a row can't be used.

One pass over whole columns, at landing (metering.md §1). Nothing that depends on other feeds is applied: no multiplier, unit, or
zone of the site.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from assets.raw.moments import instants, month_of
from assets.raw.numbers import decimals_e6
from assets.raw.refused import Refused
from checks.contracts.base import fold
from checks.contracts.meters import METER_READINGS

# docs/architecture.md, Parts
SCHEMA = pl.Schema(
    {
        "meter_id": pl.String,
        "at_s": pl.Int64,
        "zoned": pl.Boolean,
        "value_e6": pl.Int64,
        "quality": pl.String,
        "problem": pl.String,
        "raw_at": pl.String,
        "raw_value": pl.String,
        "source_row": pl.Int64,
    }
)

# What a message shows as ways to write a time (``moments.instants`` reads them).
READ_AT = ("2026-03-01 00:15", "2026/3/1 0:15", "2026-03-01T00:15:00+08:00", "20260301001500", "2026年3月1日 0时15分")


def read_readings(frame: pl.DataFrame, problems: Mapping[int, str] | None = None) -> dict[str, pl.DataFrame]:
    """Parts by month of a file of readings: month → frame of ``SCHEMA``, sorted by meter, instant and row.

    :func:`typed_readings`, where a row without a readable time goes to the file's most common month. Refused when no row has a readable
    time: such rows belong to no month.
    """
    if frame.is_empty():
        return {}
    rows = typed_readings(frame, problems)
    common = rows["month"].drop_nulls().mode().sort()
    if common.is_empty():
        raise _timeless(frame["read_at"])
    parts = rows.with_columns(pl.col("month").fill_null(str(common[0]))).sort("meter_id", "at_s", "source_row")
    split = parts.partition_by("month", as_dict=True, include_key=False)
    return {str(month): split[(month,)].match_to_schema(SCHEMA) for (month,) in sorted(split)}


def typed_readings(frame: pl.DataFrame, problems: Mapping[int, str] | None = None) -> pl.DataFrame:
    """Readings as text to the columns of ``SCHEMA`` and ``month``, row by row.

    ``frame`` has text columns ``meter_id, read_at, value`` and maybe ``quality``, and ``source_row``. The month is that of the stated
    local time, so 24:00 of a month's last day belongs to the next; null without a readable time. A row that can't be used keeps what was
    written and says why in ``problem``. ``problems``: what the file itself says against a row, by source_row.
    """
    stated, value = instants(frame["read_at"]), decimals_e6(frame["value"])
    written = frame["quality"] if "quality" in frame.columns else pl.Series("quality", [None] * frame.height, dtype=pl.String)
    rows = frame.select("meter_id", "read_at", "value", "source_row").hstack(stated).hstack(value)
    rows = rows.with_columns(quality_letters(written).alias("quality"), written.alias("written"))
    problem = (
        pl.when(pl.col("meter_id").is_null()).then(pl.lit("meter_id is empty"))
        .when(pl.col("read_at").is_null()).then(pl.lit("read_at is empty"))
        .when(pl.col("local_s").is_null()).then(pl.format("read_at '{}' is no date and time", pl.col("read_at")))
        .when(pl.col("fault") == "text").then(pl.format("value '{}' is no number", pl.col("value")))
        .when(pl.col("fault") == "range").then(pl.format("value '{}' is too large", pl.col("value")))
        .when(pl.col("written").is_not_null() & pl.col("quality").is_null())
        .then(pl.format("quality '{}' is none of A, E, S, M", pl.col("written")))
    )  # fmt: skip
    known = (
        pl.col("source_row").replace_strict(dict(problems), default=None, return_dtype=pl.String) if problems else pl.lit(None, pl.String)
    )
    rows = rows.with_columns(pl.coalesce(problem, known).alias("problem"), month_of(rows["local_s"]).alias("month"))
    broken = pl.col("problem").is_not_null()
    return rows.select(
        "meter_id",
        at_s=pl.col("local_s") - pl.col("offset_s").fill_null(0),
        zoned=pl.col("offset_s").is_not_null(),
        value_e6="value_e6",
        quality="quality",
        problem="problem",
        raw_at=pl.when(broken).then("read_at"),
        raw_value=pl.when(broken).then("value"),
        source_row="source_row",
        month="month",
    )


def _timeless(written: pl.Series) -> Refused:
    """The cause of a file in which no row has a readable time."""
    stated = written.drop_nulls()
    seen, seen_zh = (f"for example '{stated[0]}'", f"例如“{stated[0]}”") if len(stated) else ("it is empty everywhere", "该列全为空")
    return Refused(
        f"No row has a readable read_at ({seen}). Write times like {', '.join(READ_AT)}; or name the column that holds them in gci.toml: "
        '[feeds.meter_readings] columns = { "header" = "read_at" }.',
        f"没有一行的 read_at 可读作时间({seen_zh})。请写成 {'、'.join(READ_AT)};或在 gci.toml 中指明时间所在的列:"
        '[feeds.meter_readings] columns = { "表头" = "read_at" }。',
    )


def quality_letters(written: pl.Series) -> pl.Series:
    """Quality letters; null for a blank and for what is none."""
    spellings = METER_READINGS.by_name["quality"].values or {}
    known = {text: spellings.get(fold(text)) for text in written.drop_nulls().unique()}
    return written.replace_strict(known, default=None, return_dtype=pl.String) if known else written
