"""The contracts as data: complete, unambiguous, and equal to what people were promised."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pandera.pandas as pa
import pytest

from assets.raw.headers import map_headers
from checks.contracts.base import choice, fold, number, table, text
from checks.contracts.names import FEED_NAMES
from checks.contracts.registry import ACCOUNTS, FEEDS, STAGED, template_csv

# interfaces.md §2: key and the columns marked with *
PROMISED = {
    "sites": ("site_id valid_from", "site_id name geography"),
    "declarations": ("site_id subject valid_from", "site_id subject statement valid_from by"),
    "meters": ("meter_id valid_from", "meter_id site_id medium point kind unit valid_from"),
    "meter_parts": ("meter_id member valid_from", "meter_id member factor valid_from"),
    "meter_readings": ("meter_id read_at", "meter_id read_at value"),
    "meter_events": ("meter_id at", "meter_id at kind"),
    "bills": ("meter_id period_start", "site_id meter_id period_start period_end quantity unit"),
    "racks": ("rack_id snapshot_on", "rack_id site_id snapshot_on u_height rated_kw"),
    "devices": ("device_id snapshot_on", "device_id site_id snapshot_on kind"),
    "utilisation": ("scope site_id device_id at", "scope site_id at"),
    "projects": ("project_code", "project_code energy_type geography"),
    "ppa_contracts": ("contract_id", "contract_id kind start_on end_on attribute_clause"),
    "ppa_site_shares": ("contract_id site_id valid_from", "contract_id site_id share_ratio valid_from"),
    "ppa_settlements": ("contract_id month version", "contract_id month version settled_mwh"),
    "certificates": (
        "project_code production_month seq_start",
        "project_code production_month seq_start seq_end energy_class energy_type tradable issued_on",
    ),
    "certificate_events": ("project_code production_month seq_start kind on", "project_code production_month seq_start seq_end kind on"),
    "activities": ("site_id month activity", "site_id month activity quantity unit"),
    "practices": ("site_id item_code assessed_on", "site_id item_code level assessed_on"),
    "telemetry": ("site_id at variable", "site_id at variable value unit"),
    # period and months are optional: a file of the old form, one row for each day, has the key site_id valid_from
    "tariffs": ("site_id valid_from period months", "site_id valid_from"),
}


def test_names_are_those_of_the_registry_and_need_no_pandera() -> None:
    assert tuple(FEEDS) == FEED_NAMES == tuple(PROMISED)
    code = "import sys, checks.contracts.names; print(any(m.split('.')[0] in ('pandera', 'pandas', 'polars') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"


@pytest.mark.parametrize("feed", FEED_NAMES)
def test_key_and_required_columns_are_those_promised(feed: str) -> None:
    key, required = PROMISED[feed]
    assert FEEDS[feed].key == tuple(key.split())
    assert FEEDS[feed].required == tuple(required.split())


@pytest.mark.parametrize("contract", [*FEEDS.values(), *STAGED.values(), *ACCOUNTS.values()], ids=lambda contract: contract.name)
def test_every_column_says_what_it_is_in_both_languages(contract: object) -> None:
    assert contract.title_en
    assert any("一" <= letter <= "鿿" for letter in contract.title_zh)
    for column in contract.columns:
        assert (
            column.description_en.isascii() or "×" in column.description_en or "…" in column.description_en or "·" in column.description_en
        )
        assert any("一" <= letter <= "鿿" for letter in column.description_zh), column.name
    assert set(contract.key) <= set(contract.by_name)
    assert contract.time_column is None or contract.time_column in contract.key


@pytest.mark.parametrize("feed", FEED_NAMES)
def test_no_header_means_two_columns(feed: str) -> None:
    contract = FEEDS[feed]
    meanings: dict[str, str] = {}
    for column in contract.columns:
        for word in (column.name, *column.synonyms):
            assert meanings.setdefault(fold(word), column.name) == column.name, word
    for column in contract.columns:
        for word in column.synonyms:
            header = [word, *(name for name in contract.required if name != column.name)]
            assert map_headers(header, contract).mapped[word] == column.name


def test_every_required_column_of_the_common_feeds_has_chinese_headers() -> None:
    for feed in FEED_NAMES:
        for name in FEEDS[feed].required:
            assert FEEDS[feed].by_name[name].synonyms, (feed, name)


def test_template_is_the_header_alone() -> None:
    assert template_csv("meter_readings") == "meter_id,read_at,value,quality\n"
    assert template_csv("sites").startswith("site_id,name,name_zh,cluster_id,geography,timezone,dc_type,")


def test_a_spelling_for_two_values_is_a_mistake_in_the_contract() -> None:
    with pytest.raises(ValueError, match="'电' stands for two values"):
        choice("medium", "x", "x", {"electricity": "电", "heat": "电"})


def test_contract_is_the_pandera_schema() -> None:
    contract = table(
        "t", "T", "表", key="a",
        columns=[choice("a", "A", "甲", {"x": "叉", "y": ""}, "甲列", required=True), number("b", "B", "乙", unit="kW", min=0, max=5),
                 text("c", "C", "丙", pattern="^Q")],
    )  # fmt: skip
    good = pd.DataFrame({"a": ["x"], "b": [5.0], "c": [None]}, dtype=object).astype({"b": float})
    contract.schema.validate(good)
    for column, bad in (("a", "z"), ("a", None), ("b", -0.1), ("b", 5.1), ("c", "R")):
        with pytest.raises(pa.errors.SchemaError):
            contract.schema.validate(good.assign(**{column: pd.Series([bad], dtype=good[column].dtype)}))
    column = contract.by_name["b"]
    assert (column.kind, column.required, column.unit, column.min, column.max) == ("number", False, "kW", 0, 5)
    assert contract.by_name["a"].allowed == ("x", "y")
    assert contract.by_name["a"].values == {"x": "x", "叉": "x", "y": "y"}
