"""docs/tables.md is generated from the contracts and names every table and column."""

from __future__ import annotations

from pathlib import Path

from checks.contracts.documents import tables_markdown
from checks.contracts.registry import ACCOUNTS, FEEDS, STAGED

PAGE = Path(__file__).resolve().parents[4] / "docs" / "tables.md"


def test_committed_page_is_the_generated_one() -> None:
    assert PAGE.read_text(encoding="utf-8") == tables_markdown(), "write tables_markdown() to docs/tables.md again"


def test_page_names_every_table_and_column() -> None:
    page = tables_markdown()
    for name, contract in FEEDS.items():
        section = page.split(f"### `{name}`\n")[1].split("###")[0]
        assert all(f"| `{column.name}`" in section for column in contract.columns)
        assert contract.title_zh in section
    above = {f"staging/{name}": contract for name, contract in STAGED.items()} | ACCOUNTS
    for name, contract in above.items():
        section = page.split(f"### `{name}`\n")[1].split("###")[0]
        assert all(f"| `{column.name}`" in section for column in contract.columns)


def test_page_shows_bounds_values_defaults_and_units() -> None:
    rows = {
        line.split("|")[1].strip(): line
        for line in tables_markdown().split("### `meters`\n")[1].split("###")[0].splitlines()
        if "| `" in line
    }
    assert "`electricity`, `water`, `heat`, `diesel`, `natural_gas`" in rows["`medium`*"]
    assert "≥ 1; ≤ 18" in rows["`register_digits`"]
    assert "| min |" in rows["`interval_minutes`"]
    assert "default · 默认 `first_month`" in rows["`valid_from`*"]
    assert "≥ `valid_from`" in rows["`valid_to`"]
    assert "电表编号 表号 计量点编号" in rows["`meter_id`*"]
