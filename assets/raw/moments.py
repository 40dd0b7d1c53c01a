"""What a text says about time: instants, days, months.

Whole columns at once, each different text looked at once. Zones of sites are not known here: an instant stays as stated, with its offset
if it has one.
"""

from __future__ import annotations

import polars as pl

_OFFSET = r"\s*(Z|z|[+-]\d{2}(?::?\d{2})?)"
_CLOCK = rf"(?:[Tt]|\s+)(\d{{1,2}}):(\d{{1,2}})(?::(\d{{1,2}})(?:[.,]\d+)?)?(?:{_OFFSET})?"
_STATED = rf"^(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}})(?:{_CLOCK})?$"
_COMPACT_DAY = r"^(\d{4})(\d{2})(\d{2})$"
_COMPACT_MINUTE = rf"^(\d{{4}})(\d{{2}})(\d{{2}})[Tt ]?(\d{{2}})(\d{{2}})(?:{_OFFSET})?$"
_COMPACT_SECOND = rf"^(\d{{4}})(\d{{2}})(\d{{2}})[Tt ]?(\d{{2}})(\d{{2}})(\d{{2}})(?:{_OFFSET})?$"
_DAY_S = 86_400
_USUAL = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")


def instants(texts: pl.Series) -> pl.DataFrame:
    """Row by row ``local_s``, the stated wall clock as epoch seconds as if UTC, and ``offset_s``, null when none is stated.

    Reads 2026-03-01 00:15, 2026/3/1 0:15, 2026-03-01T00:15:00+08:00, 20260301001500, 2026年3月1日 0时15分; seconds are
    cut to whole ones; 24:00 is the end of its day; a day alone is its midnight. ``local_s`` is null where the text is no
    instant of the years 1900 to 2199.
    """
    found = _usual(texts)
    others = (found.is_null() & texts.is_not_null()).arg_true()
    rows = texts.gather(others).to_frame("text").lazy()
    read = rows.join(_instants_of(rows.unique()), on="text", how="left", maintain_order="left").select("local_s", "offset_s").collect()
    offset_s = pl.Series("offset_s", [None], dtype=pl.Int64).new_from_index(0, len(texts))
    return pl.DataFrame([found.scatter(others, read["local_s"]), offset_s.scatter(others, read["offset_s"])])


def _usual(texts: pl.Series) -> pl.Series:
    """``local_s`` of texts that are written in one of the two usual ways, to the letter; null for all others."""
    text = pl.col("text")
    found = []
    for form in _USUAL:
        at = text.str.to_datetime(form, time_unit="ms", strict=False)
        exact = (at.dt.to_string(form) == text) & at.dt.year().is_between(1900, 2199)
        found.append(pl.when(exact).then(at.dt.epoch("s")))
    return texts.to_frame("text").select(pl.coalesce(found).cast(pl.Int64).alias("local_s")).to_series()


def _instants_of(texts: pl.LazyFrame) -> pl.LazyFrame:
    plain = pl.col("text").str.normalize("NFKC").str.strip_chars()
    plain = plain.str.replace_all("[年月]", "-").str.replace("日", " ").str.replace("时$", ":00").str.replace_all("[时点分]", ":")
    plain = plain.str.replace("秒", "").str.strip_chars_end(" :")
    plain = plain.str.replace(_COMPACT_DAY, "${1}-${2}-${3}").str.replace(_COMPACT_MINUTE, "${1}-${2}-${3} ${4}:${5}${6}")
    plain = plain.str.replace(_COMPACT_SECOND, "${1}-${2}-${3} ${4}:${5}:${6}${7}")
    parts = texts.with_columns(plain.str.extract_groups(_STATED).alias("p")).unnest("p")
    written = pl.concat_str([pl.col("1"), pl.col("2").str.zfill(2), pl.col("3").str.zfill(2)], separator="-")
    day = written.str.to_date("%Y-%m-%d", strict=False)
    hour, minute, second = (pl.col(name).cast(pl.Int64).fill_null(0) for name in ("4", "5", "6"))
    offset = pl.col("7").str.replace_all(":", "")
    hours = offset.str.slice(1, 2).cast(pl.Int64, strict=False)
    minutes = pl.when(offset.str.len_chars() > 3).then(offset.str.slice(3, 2).cast(pl.Int64, strict=False)).otherwise(0)
    sign = pl.when(offset.str.starts_with("-")).then(-1).otherwise(1)
    offset_s = pl.when(offset.str.to_lowercase() == "z").then(0).otherwise(sign * (hours * 3600 + minutes * 60))
    clock = (hour <= 23) & (minute <= 59) & (second <= 59) | (hour == 24) & (minute == 0) & (second == 0)
    zone = offset.is_null() | (offset.str.to_lowercase() == "z") | (hours <= 14) & (minutes <= 59)
    readable = day.is_not_null() & day.dt.year().is_between(1900, 2199) & clock & zone
    local_s = day.cast(pl.Int64) * _DAY_S + hour * 3600 + minute * 60 + second
    return parts.select("text", pl.when(readable).then(local_s).alias("local_s"), pl.when(readable).then(offset_s).alias("offset_s"))


def month_of(local_s: pl.Series) -> pl.Series:
    """``YYYY-MM`` of stated wall-clock seconds."""
    return pl.from_epoch(local_s, "s").dt.to_string("%Y-%m")


def days(texts: pl.Series) -> pl.Series:
    """``YYYY-MM-DD`` of texts that name a day, also as its midnight; null for all others."""
    local_s = pl.col("local_s")
    day = pl.from_epoch(local_s, "s").dt.to_string("%Y-%m-%d")
    return instants(texts).select(pl.when(local_s % _DAY_S == 0).then(day)).to_series()


def months(texts: pl.Series) -> pl.Series:
    """``YYYY-MM`` of texts that name a month (2026-03, 2026/3, 202603, 2026年3月) or any time in it; null for all others."""
    plain = pl.col("text").str.normalize("NFKC").str.strip_chars()
    named = plain.str.replace(r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*月?$", "${1}-${2}-1").str.replace(r"^(\d{4})(\d{2})$", "${1}-${2}-1")
    return month_of(instants(texts.to_frame("text").select(named).to_series())["local_s"])
