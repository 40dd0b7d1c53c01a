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


def plain(texts: pl.Series) -> pl.Series:
    """Texts without width (NFKC) and outer blanks; null where they state that there is no value."""
    if (texts.str.len_bytes() != texts.str.len_chars()).any():
        texts = texts.str.normalize("NFKC")
    texts = texts.str.strip_chars()
    return pl.select(pl.when(~texts.str.to_lowercase().is_in(BLANKS)).then(texts)).to_series()


def decimals_e6(texts: pl.Series) -> pl.DataFrame:
    """``value_e6`` (Int64): the exact decimal × 10⁶, rounded half-even where it has more than six decimals; and ``fault``.

    ``fault`` is null for a number and for a blank (``value_e6`` null), ``text`` for what is no number, ``range`` for one beyond Int64.
    The rounding rule is metering.md §1: values are kept as exact decimals.
    """
    frame = plain(texts).to_frame("text").with_columns(pl.col("text").str.extract_groups(_NUMBER).alias("p"))
    sign, whole, part, exponent = (frame["p"].struct[name] for name in ("1", "2", "3", "4"))
    whole, part = whole.str.replace_all(",", "").fill_null(""), part.fill_null("")
    frame = frame.select(
        "text",
        negative=sign == "-",
        digits=(whole + part).str.strip_chars_start("0"),
        given=(whole.str.len_chars() + part.str.len_chars()) > 0,
        shift=exponent.cast(pl.Int64).fill_null(0) - part.str.len_chars().cast(pl.Int64) + 6,
    )
    length = pl.col("digits").str.len_chars().cast(pl.Int64)
    is_number = pl.col("negative").is_not_null() & pl.col("given")
    zero = length == 0
    too_big = ~zero & (length + pl.col("shift") > 19)
    # whole steps of 10⁻⁶, and the digits behind them: more digits than there are count as a leading zero
    cut = pl.min_horizontal(pl.max_horizontal(-pl.col("shift"), pl.lit(0)), length + 1)
    padded = pl.col("digits").str.zfill(cut)
    kept = padded.str.head(padded.str.len_chars().cast(pl.Int64) - cut)
    rest = padded.str.tail(cut).str.strip_chars_end("0")
    grown = pl.when(~too_big & (pl.col("shift") > 0)).then(pl.col("digits").str.pad_end(length + pl.col("shift"), "0")).otherwise(kept)
    steps = pl.when(zero | (grown == "")).then(pl.lit("0")).otherwise(grown).cast(pl.Int64, strict=False)
    odd = steps % 2 == 1
    rounded = steps + ((rest > "5") | ((rest == "5") & odd)).cast(pl.Int64)
    value = pl.when(is_number & ~too_big & (rounded >= 0)).then(pl.when(pl.col("negative")).then(-rounded).otherwise(rounded))
    fault = (
        pl.when(pl.col("text").is_null()).then(None)
        .when(~is_number.fill_null(False)).then(pl.lit("text"))
        .when(pl.col("value_e6").is_null()).then(pl.lit("range"))
    )  # fmt: skip
    return frame.with_columns(value_e6=value).select("value_e6", fault=fault)


def floats(texts: pl.Series) -> pl.Series:
    """Finite numbers as Float64; null for a blank and for what is no number."""
    texts = plain(texts)
    ok = texts.str.contains(_NUMBER) & texts.str.contains(r"\d")
    value = pl.select(pl.when(ok).then(texts.str.replace_all(",", ""))).to_series().cast(pl.Float64, strict=False)
    return pl.select(pl.when(value.is_finite()).then(value)).to_series()


def integers(texts: pl.Series) -> pl.Series:
    """Whole numbers as Int64 (5, 1,000, 5.0, 1E+3); null for a blank and for what is none."""
    exact = decimals_e6(texts)["value_e6"]
    # numbers beyond Int64 / 10⁶ are read digit by digit
    whole = plain(texts).str.replace_all(",", "").str.extract(r"^([+-]?\d+)(?:\.0*)?$")
    direct = whole.cast(pl.Int64, strict=False)
    return pl.select(pl.coalesce(direct, pl.when(exact % 1_000_000 == 0).then(exact // 1_000_000))).to_series()


def flags(texts: pl.Series) -> pl.Series:
    """Booleans from 1/0, true/false, yes/no, 是/否; null for a blank and for anything else."""
    return plain(texts).str.to_lowercase().replace_strict(_FLAGS, default=None, return_dtype=pl.Boolean)
