"""Telemetry of a variable that has bounds of its own: what can not be is refused (CT01)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from assets.raw.typed import Typed, type_rows
from checks.contracts.registry import FEEDS

DASHBOARD = Path(__file__).resolve().parents[5] / "shared" / "real" / "facebook-puewue"


def typed(rows: list[tuple[str, str, str]]) -> Typed:
    """Telemetry from (at, variable, value)."""
    texts = {
        "site_id": ["S1"] * len(rows), "at": [r[0] for r in rows], "variable": [r[1] for r in rows], "value": [r[2] for r in rows],
        "unit": ["1"] * len(rows),
    }  # fmt: skip
    numbers = {"entry": [1] * len(rows), "source_row": list(range(2, len(rows) + 2))}
    return type_rows(FEEDS["telemetry"], pl.DataFrame(texts | numbers), "2014-01-01")


@pytest.mark.parametrize(
    ("variable", "value", "valid"),
    [
        ("pue", "1", True), ("pue", "0.999", False), ("pue", "117.876", True), ("PUE", "0.9", False), ("电能利用效率", "0.9", False),
        ("wue", "0", True), ("wue", "-0.001", False), ("outdoor_humidity", "100", True), ("outdoor_humidity", "100.1", False),
        ("outdoor_humidity", "-1", False), ("outdoor_temperature", "-40", True), ("return_air_temperature", "-1", True),
    ],
)  # fmt: skip
def test_bounds_by_variable(variable: str, value: str, valid: bool) -> None:
    read = typed([("2026-01-01 00:00", variable, value)])
    assert list(read.broken) == [not valid]


def test_the_breach_says_which_bound() -> None:
    (breach,) = typed([("2026-01-01 00:00", "pue", "0.951")]).breaches
    assert (breach.column, breach.seen) == ("value", "0.951")
    assert breach.reason_en == "value of pue must be at least 1"
    assert breach.reason_zh == "pue 的 value 不得小于 1"


@pytest.mark.skipif(not DASHBOARD.is_dir(), reason="the folder ../shared/real with real data is absent")
@pytest.mark.parametrize("name", ["24-hours", "7-days", "30-days", "90-days", "1-year"])
@pytest.mark.parametrize("kind", ["", "min_", "max_"])
def test_a_published_dashboard_is_refused_where_it_is_impossible(name: str, kind: str) -> None:
    """Means, least and largest values of a public PUE dashboard of 2014; two of its means lie below 1."""
    points = json.loads((DASHBOARD / f"{name}.json").read_text(encoding="utf-8"))
    rows = [
        (datetime.fromtimestamp(p["timestamp"] / 1000, UTC).isoformat(), variable, str(p[kind + variable]))
        for p in points
        for variable in ("pue", "wue")
    ]
    read = typed(rows)
    refused = {rows[breach.row] for breach in read.breaches}
    assert refused == {row for row in rows if row[1] == "pue" and float(row[2]) < 1}
    impossible_means = {
        "30-days": [("2014-01-26T21:00:00+00:00", "pue", "0.951")],
        "90-days": [("2014-01-21T21:00:00+00:00", "pue", "0.901")],
    }
    if not kind:
        assert sorted(refused) == impossible_means.get(name, [])
    assert int((~read.broken).sum()) == len(rows) - len(refused)
