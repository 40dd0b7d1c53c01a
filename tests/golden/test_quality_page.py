"""The worked examples of docs/method/quality.md against the code."""

from __future__ import annotations

import re

import pytest

from assets.edition.load import load_edition
from assets.index.scoring import score_value
from assets.indicators.quality import Inputs, Limits, MeterEvidence, meter_tier, quality_shares, quality_tier
from checks.rules.instruments import class_of
from checks.rules.thresholds import threshold_document, thresholds_at
from tests.golden.test_method_pages import Table, tables

PAGE = {table.kind: table for table in tables("quality.md")}
LIMITS = Limits.of(thresholds_at(threshold_document(), "2026-03"))
YES_NO = {"yes": True, "no": False, "–": None}


def rows(table: Table) -> list[dict[str, str]]:
    return [dict(zip(table.header, row, strict=True)) for row in table.rows]


def test_every_table_is_read() -> None:
    assert set(PAGE) == {"quality_meters", "quality_numbers", "materiality"}


@pytest.mark.parametrize("row", rows(PAGE["quality_meters"]), ids=lambda row: "-".join(row.values()))
def test_meters(row: dict[str, str]) -> None:
    meter = MeterEvidence(
        class_percent=None if row["class"] == "–" else class_of(row["class"]),
        calibrated=YES_NO[row["calibrated"]],
        step_s=60 * float(row["minutes"]),
        manual=bool(YES_NO[row["manual"]]),
        revenue=bool(YES_NO[row["revenue"]]),
        bill_agrees=bool(YES_NO[row["bill agrees"]]),
    )
    assert meter_tier(meter, LIMITS) == row["tier"]


def parts(text: str) -> dict[str, float]:
    return {tier: float(share) / 100 for tier, share in re.findall(r"(Q\d) (\d+)", text)}


@pytest.mark.parametrize("row", rows(PAGE["quality_numbers"]), ids=lambda row: row["shares"])
def test_numbers(row: dict[str, str]) -> None:
    inputs: Inputs = {side: parts(row[side]) for side in ("E_DC", "E_IT")}
    assert quality_shares(inputs) == pytest.approx(parts(row["shares"]))
    assert quality_tier(quality_shares(inputs), LIMITS) == row["tier"]


def test_materiality() -> None:
    edition = load_edition("whitepaper-2024.1")
    pue = next(item for item in edition.indicators if item.code == "D1")
    found = {row["end"]: row for row in rows(PAGE["materiality"])}
    published = score_value(pue.function, 1.5)
    for row in found.values():
        value = 150 / float(row["E_IT (MWh)"])
        assert value == pytest.approx(float(row["D1"]))
        assert score_value(pue.function, value) == pytest.approx(float(row["points of D1"]))
        assert pue.weight * (score_value(pue.function, value) - published) / 100 == pytest.approx(float(row["index change"]))
