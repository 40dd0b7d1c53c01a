"""What a text says about time. Expected seconds are worked with the standard library."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.raw.moments import days, instants, month_of, months


def _s(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())


QUARTER = _s(2026, 3, 1, 0, 15)


@pytest.mark.parametrize(
    ("text", "local_s", "offset_s"),
    [
        ("2026-03-01 00:15", QUARTER, None),
        ("2026/3/1 0:15", QUARTER, None),
        ("2026.3.1 0:15:00", QUARTER, None),
        ("2026-03-01T00:15:00", QUARTER, None),
        ("2026-03-01 00:15:30.999", QUARTER + 30, None),
        ("2026-03-01T00:15:00Z", QUARTER, 0),
        ("2026-03-01T00:15:00+08:00", QUARTER, 28800),
        ("2026-03-01 00:15 +0800", QUARTER, 28800),
        ("2026-03-01T00:15-05", QUARTER, -18000),
        ("2026-03-01T00:15:00+05:30", QUARTER, 19800),
        ("202603010015", QUARTER, None),
        ("20260301001530", QUARTER + 30, None),
        ("20260301T001500Z", QUARTER, 0),
        ("2026年3月1日 0时15分", QUARTER, None),
        ("2026年03月01日0时15分30秒", QUARTER + 30, None),
        ("2026年3月1日 0:15", QUARTER, None),
        ("2026年3月1日0时", _s(2026, 3, 1), None),
        ("2026-03-01  00:15", QUARTER, None),
        ("２０２６-03-01　00：15", QUARTER, None),
        ("2026-03-01", _s(2026, 3, 1), None),
        ("20260301", _s(2026, 3, 1), None),
        ("2026-03-01 24:00", _s(2026, 3, 2), None),
        ("2026-03-31 24:00:00", _s(2026, 4, 1), None),
        ("2024-02-29 12:00", _s(2024, 2, 29, 12), None),
    ],
)
def test_readable(text: str, local_s: int, offset_s: int | None) -> None:
    assert instants(pl.Series([text])).row(0) == (local_s, offset_s)


@pytest.mark.parametrize(
    "text",
    [
        "", "hello", "46082.5", "2026-02-30 00:00", "2025-02-29", "2026-13-01", "2026-03-01 24:01", "2026-03-01 25:00",
        "2026-03-01 12:60", "2026-03-01 12:00:60", "2026-03-01 00:15+15:00", "2026-03-01 00:15+08:75", "0026-03-01",
        "3026-03-01", "03/01/2026 00:15", "2026-03", "1772324100", "2026-03-01 5", "2026-03-0115:00",
    ],
)  # fmt: skip
def test_unreadable(text: str) -> None:
    assert instants(pl.Series([text, "2026-03-01"])).row(0) == (None, None)


def test_rows_keep_their_order_and_nulls() -> None:
    texts = pl.Series(["2026-03-02", None, "x", "2026-03-01", "2026-03-02"])
    assert instants(texts)["local_s"].to_list() == [_s(2026, 3, 2), None, None, _s(2026, 3, 1), _s(2026, 3, 2)]


@given(st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31)), st.none() | st.integers(-14 * 60, 14 * 60))
def test_iso_texts_are_read_as_they_are_meant(moment: datetime, offset_minutes: int | None) -> None:
    moment = moment.replace(microsecond=0)
    text = moment.isoformat()
    if offset_minutes is not None:
        sign = "-" if offset_minutes < 0 else "+"
        text += f"{sign}{abs(offset_minutes) // 60:02d}:{abs(offset_minutes) % 60:02d}"
    expected = int((moment - datetime(1970, 1, 1)) / timedelta(seconds=1))
    assert instants(pl.Series([text])).row(0) == (expected, None if offset_minutes is None else offset_minutes * 60)


def test_month_of_the_stated_clock() -> None:
    stated = instants(pl.Series(["2026-03-31 23:59", "2026-03-31 24:00", "2026-04-01T00:00:00+08:00", "x"]))["local_s"]
    assert month_of(stated).to_list() == ["2026-03", "2026-04", "2026-04", None]


def test_days() -> None:
    texts = ["2026/3/1", "2026-03-01", "2026年3月1日", "2026-03-01 00:00:00", "20260301", "2026-03-01 08:00", "2026-03", "1.5", None]
    assert days(pl.Series(texts)).to_list() == ["2026-03-01"] * 5 + [None] * 4


def test_months() -> None:
    texts = ["2026-03", "2026/3", "202603", "2026年3月", "2026.03", "2026-03-15", "2026-03-31 00:00:00", "2026-13", "20263", "March", None]
    assert months(pl.Series(texts)).to_list() == ["2026-03"] * 7 + [None] * 4


def test_columns_without_values() -> None:
    empty = pl.Series([], dtype=pl.String)
    assert (instants(empty).height, days(empty).len(), months(empty).len()) == (0, 0, 0)
    assert instants(pl.Series([None, None], dtype=pl.String))["local_s"].to_list() == [None, None]
