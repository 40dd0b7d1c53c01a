"""What a text says about quantity: exact decimals, numbers, whole numbers, yes and no.

Whole columns at once. A separator of thousands is read only where every group has three digits; a decimal comma is not read, because
1,234 would have two meanings.
"""

from __future__ import annotations

import polars as pl

# Texts that state that there is no value.
BLANKS = ("", "-", "--", "---", "—", "——", "/", "nan", "null", "none", "n/a", "#n/a", "na")

_NUMBER = r"^([+-]?)(\d{1,3}(?:,\d{3})+|\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,6}))?$"
_FLAGS = {
    **dict.fromkeys(("1", "true", "yes", "y", "t", "是", "有", "1.0"), True),
    **dict.fromkeys(("0", "false", "no", "n", "f", "否", "无", "0.0"), False),
}


def plain(text: pl.Expr) -> pl.Expr:
    """A text without width (NFKC) and outer blanks; null where it states that there is no value."""
    stripped = text.str.normalize("NFKC").str.strip_chars()
    return pl.when(~stripped.str.to_lowercase().is_in(BLANKS)).then(stripped)


def decimals_e6(texts: pl.Series) -> pl.DataFrame:
    """``value_e6`` (Int64): the exact decimal × 10⁶, rounded half-even where it has more than six decimals; and ``fault``.

    ``fault`` is null for a number and for a blank (``value_e6`` null), ``text`` for what is no number, ``range`` for one beyond Int64.
    The rounding rule is metering.md §1: values are kept as exact decimals.
    """
    text, digits, shift = pl.col("text"), pl.col("digits"), pl.col("shift")
    length = digits.str.len_chars().cast(pl.Int64)
    whole, part = pl.col("2").str.replace_all(",", "").fill_null(""), pl.col("3").fill_null("")
    frame = texts.to_frame("text").lazy().with_columns(plain(text)).with_columns(text.str.extract_groups(_NUMBER).alias("p")).unnest("p")
    frame = frame.select(
        "text",
        negative=pl.col("1") == "-",
        digits=(whole + part).str.strip_chars_start("0"),
        is_number=pl.col("1").is_not_null() & ((whole + part) != ""),
        shift=pl.col("4").cast(pl.Int64).fill_null(0) - part.str.len_chars().cast(pl.Int64) + 6,
    )
    too_big = (length > 0) & (length + shift > 19)
    # whole steps of 10⁻⁶, and the digits behind them: more digits than there are count as a leading zero
    cut = pl.min_horizontal(pl.max_horizontal(-shift, pl.lit(0)), length + 1)
    padded = digits.str.zfill(cut)
    kept = padded.str.head(padded.str.len_chars().cast(pl.Int64) - cut)
    rest = padded.str.tail(cut).str.strip_chars_end("0")
    grown = pl.when(~too_big & (shift > 0)).then(digits.str.pad_end(length + shift, "0")).otherwise(kept)
    steps = pl.when((length == 0) | (grown == "")).then(pl.lit("0")).otherwise(grown).cast(pl.Int64, strict=False)
    rounded = steps + ((rest > "5") | ((rest == "5") & (steps % 2 == 1))).cast(pl.Int64)
    signed = pl.when(pl.col("negative")).then(-rounded).otherwise(rounded)
    fault = (
        pl.when(text.is_null()).then(None)
        .when(~pl.col("is_number")).then(pl.lit("text"))
        .when(pl.col("value_e6").is_null()).then(pl.lit("range"))
    )  # fmt: skip
    value = pl.when(pl.col("is_number") & ~too_big & (rounded >= 0)).then(signed)
    return frame.with_columns(value_e6=value).select("value_e6", fault=fault).collect()


def floats(texts: pl.Series) -> pl.Series:
    """Finite numbers as Float64; null for a blank and for what is no number."""
    text = plain(pl.col("text"))
    ok = text.str.contains(_NUMBER) & text.str.contains(r"\d")
    value = pl.when(ok).then(text.str.replace_all(",", "")).cast(pl.Float64, strict=False)
    return texts.to_frame("text").select(pl.when(value.is_finite()).then(value)).to_series()


def integers(texts: pl.Series) -> pl.Series:
    """Whole numbers as Int64 (5, 1,000, 5.0, 1E+3); null for a blank and for what is none."""
    # numbers beyond Int64 / 10⁶ are read digit by digit
    whole = plain(pl.col("text")).str.replace_all(",", "").str.extract(r"^([+-]?\d+)(?:\.0*)?$").cast(pl.Int64, strict=False)
    exact = pl.col("value_e6")
    grouped = pl.when(plain(pl.col("text")).str.contains(_NUMBER)).then(whole)
    rows = decimals_e6(texts).with_columns(text=texts)
    return rows.select(pl.coalesce(grouped, pl.when(exact % 1_000_000 == 0).then(exact // 1_000_000))).to_series()


def flags(texts: pl.Series) -> pl.Series:
    """Booleans from 1/0, true/false, yes/no, 是/否; null for a blank and for anything else."""
    said = plain(pl.col("text")).str.to_lowercase().replace_strict(_FLAGS, default=None, return_dtype=pl.Boolean)
    return texts.to_frame("text").select(said).to_series()
