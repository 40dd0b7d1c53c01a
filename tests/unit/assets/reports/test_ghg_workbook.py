"""The workbook, read back: what stands in it, in both languages; an inventory that does not add up makes no file."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fastexcel
import polars as pl
import pytest

from assets.indicators.ghg import GHG, TABLE
from assets.reports.accounts import difference_words, money, signed
from assets.reports.ghg_workbook import _together, read_inventory, write_workbook
from resources.digest import canonical_json
from resources.errors import GciError


def row(scope: str, line: int, **more: Any) -> dict[str, Any]:
    base = dict.fromkeys(GHG) | {"site_id": "S1", "month": "2026-03", "scope": scope, "line": line, "status": "counted"}
    base |= {"category": "purchased_electricity", "source": "meter", "subject": "G1", "quantity": 1000.0, "unit": "kWh", "factor": 0.6516}
    base |= {"factor_unit": "kgCO2/kWh", "vintage": "2023", "published_late": False, "emissions_kg": 651.6}
    return base | more


ROWS = [
    row("2_location", 1),
    row("1", 1, category="fuel_combustion", source="activity", subject="diesel", quantity=100.0, unit="kg", factor=3.0959,
        factor_unit="kgCO2/kg", emissions_kg=309.59, evidence="=cmd|' /C calc'!A0", density_kg_per_l=0.84, entry=5, source_row=7),
    row("3", 1, status="not_reported", quantity=None, factor=None, emissions_kg=None, category="", source="", subject="",
        reason_en="no scope 3 activity is declared (optional)", reason_zh="未填报"),
]  # fmt: skip


def home(rows: list[dict[str, Any]], **components: float) -> Any:
    """Just what the inventory reads of a home: one table and one value of F1."""
    stored = SimpleNamespace(digest="sha256:t", file_digest="sha256:f", as_of=12)
    values = {"indicator_value": [{"payload": canonical_json({"components": components})}], "result": [{"entity_id": "S1"}]}
    ledger = SimpleNamespace(
        manifest=lambda month, table: stored if (month, table) == ("2026-03", TABLE) else None,
        rows=lambda name, **_: values[name],
        entries=lambda **_: [],
    )
    lake = SimpleNamespace(read=lambda *_: pl.DataFrame(rows, schema=GHG))
    return SimpleNamespace(ledger=ledger, lake=lake)


def cells(path: Path, sheet: str) -> list[list[Any]]:
    frame = fastexcel.read_excel(path).load_sheet(sheet, header_row=None).to_polars()
    return [list(values) for values in frame.iter_rows()]


def test_the_workbook_says_what_the_table_says(tmp_path: Path) -> None:
    inventory = read_inventory(home(ROWS, scope1=309.59, scope1_unreported=0), ["2026-03"])
    path = tmp_path / "made" / "ghg.xlsx"
    write_workbook(path, inventory, "Greenhouse gas inventory 温室气体清单", simulated=True)
    assert fastexcel.read_excel(path).sheet_names == ["Sums 合计", "Inventory 清单", "Notes 说明"]
    title, head, *rows = cells(path, "Inventory 清单")
    assert "SIMULATED DATA 模拟数据" in title[0]
    assert head[0] == "Site\n数据中心"
    assert all("\n" in text for text in head)
    by_head = [dict(zip(head, values, strict=True)) for values in rows]
    assert [one["Scope\n范围"] for one in by_head] == ["scope 1 范围一", "scope 2, location-based 范围二(基于位置)", "scope 3 范围三"]
    fuel = by_head[0]
    assert float(fuel["kg CO2e\n排放量 kg CO2e"]) == 309.59
    assert fuel["Category\n类别"] == "fuel combustion 燃料燃烧"
    assert fuel["Evidence document\n佐证文件"] == "=cmd|' /C calc'!A0"  # text stays text: no formula runs
    assert float(fuel["Density, kg/L\n密度 kg/L"]) == 0.84
    assert by_head[2]["kg CO2e\n排放量 kg CO2e"] is None  # unknown is blank, never 0
    sums = [dict(zip(cells(path, "Sums 合计")[1], values, strict=True)) for values in cells(path, "Sums 合计")[2:]]
    assert [one["Status\n状态"] for one in sums] == ["counted 计入", "counted 计入", "not reported 未报送"]
    assert any("log entry 日志条目 12, sha256:t" in str(values[0]) for values in cells(path, "Notes 说明"))


def test_an_inventory_that_does_not_add_up_is_no_file() -> None:
    with pytest.raises(GciError, match=r"S1 2026-03 1: the rows sum to 309.59 kg, but 310.0 kg is published"):
        read_inventory(home(ROWS, scope1=310.0, scope1_unreported=0), ["2026-03"])


def test_the_location_based_figure_is_held_against_the_published_one() -> None:
    sums = read_inventory(home(ROWS, scope1=309.59, scope1_unreported=0, location=309.59 + 651.6), ["2026-03"]).sums
    assert {one["scope"]: one["published_kg"] for one in sums} == {"1": 309.59, "2_location": 651.6, "3": None}
    with pytest.raises(GciError, match=r"2_location: the rows sum to 961.19 kg, but 961.2 kg is published"):
        read_inventory(home(ROWS, scope1=309.59, scope1_unreported=0, location=961.2), ["2026-03"])


def test_months_are_summed_and_a_missing_one_leaves_no_sum() -> None:
    rows = [{"site_id": "S1", "month": month, "scope": "1", "emissions_kg": kg, "rows": 1, "published_kg": kg, "status": "counted"}
            for month, kg in (("2025-01", 0.1), ("2025-02", 0.2), ("2025-03", None))]  # fmt: skip
    (two,) = _together(rows[:2], ["2025-01", "2025-02"])
    assert (two["emissions_kg"], two["month"]) == (0.3, "2025-01–2025-02 (2)")  # as decimals, not 0.30000000000000004
    (three,) = _together(rows, ["2025-01", "2025-02", "2025-03"])
    assert (three["emissions_kg"], three["reason_en"]) == (None, "no figure for 2025-03")


def test_a_month_that_was_not_computed_is_named() -> None:
    with pytest.raises(GciError, match="2026-04 was not computed"):
        read_inventory(home(ROWS), ["2026-04"])


def test_one_site_alone() -> None:
    rows = [*ROWS, row("1", 1, site_id="S2")]
    assert {one["site_id"] for one in read_inventory(home(rows), ["2026-03"], "S2").rows} == {"S2"}


@pytest.mark.parametrize(
    ("text", "shown"), [(None, "–"), ("1234567.8900", "1,234,567.89"), ("-0.5000", "-0.50"), ("12.3450", "12.34"), ("0.0000", "0.00")]
)
def test_money(text: str | None, shown: str) -> None:
    assert money(text) == shown


@pytest.mark.parametrize(("value", "shown"), [(None, "–"), (-1055.3, "-1,055"), (0.0123456, "+0.0123"), (0.0, "+0")])
def test_signed(value: float | None, shown: str) -> None:
    assert signed(value) == shown


def test_difference_of_a_bill() -> None:
    assert difference_words({"amount_e4": 12_345_600, "computed_e4": 12_000_000}) == "+34.56"
    assert difference_words({"amount_e4": None, "computed_e4": 1}) == ""
