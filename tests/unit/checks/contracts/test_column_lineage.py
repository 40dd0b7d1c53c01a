"""Column lineage as the contracts declare it: complete, its ends exist, nothing comes from itself; a wrong declaration is refused."""

from __future__ import annotations

import pytest

from assets.indicators.registry import INDICATORS
from checks.contracts.computed import MONTH, SITE, TEXT, computed_table
from checks.contracts.lineage import DOCUMENT, DOCUMENTS, columns_of, contracts, sources_among, sources_of
from checks.contracts.names import FEED_NAMES, RAW_TABLES

# Words of ours that no input can change: windows, subjects and their units, the list of feeds that are reported on.
FIXED = {
    ("index/approved", "window"), ("index/approved", "subject"), ("index/approved", "unit"), ("index/site_index", "window"),
    ("staging/reported", "feed"),
}  # fmt: skip
OWN = ("state", TEXT, "", "State", "状态")


def test_every_column_of_every_table_is_made_from_columns_that_exist() -> None:
    known = {(table, column.name) for table in (*contracts(), *RAW_TABLES) for column in columns_of(table)}
    known |= {(DOCUMENT + kind, "content") for kind in DOCUMENTS}
    for table, contract in contracts().items():
        sources = sources_of(table)
        assert list(sources) == [column.name for column in contract.columns]
        for column, ends in sources.items():
            assert bool(ends) == (column != "month" and (table, column) not in FIXED), f"{table}.{column}"
            assert set(ends) <= known, f"{table}.{column}: {set(ends) - known}"


def test_followed_to_its_end_every_column_comes_from_a_feed_or_a_document() -> None:
    """No table is made from itself, by whichever way: else following would not end, or lose what it followed."""
    for table in contracts():
        for column, ends in sources_among(table, ()).items():
            assert bool(ends) == (column != "month" and (table, column) not in FIXED), f"{table}.{column}"
            assert {end.table for end in ends} <= {*RAW_TABLES, *(DOCUMENT + kind for kind in DOCUMENTS)}


def test_a_chain_of_tables_ends_in_the_columns_one_knows_it_must() -> None:
    """Worked by hand from docs/method: PUE counts readings by kind, unit and multiplier of the meter; racks come from the CMDB alone."""
    pue = {end.column for end in sources_among("indicators/pue", ())["value"]}
    assert {"meter_readings.value", "meter_readings.read_at", "meters.multiplier", "meters.point", "sites.pue_category"} <= pue
    assert not any(name.startswith(("racks.", "devices.", "certificates.", "activities.", "tariffs.", "practices.")) for name in pue)
    assert {end.column for end in sources_among("staging/inventory", ())["storage_tb"]} == {
        "devices.fp32_tflops", "devices.network_gbps", "devices.parent_device_id", "devices.powered_on", "devices.rated_w",
        "devices.retired_on", "devices.snapshot_on", "devices.storage_tb",
    }  # fmt: skip
    assert {tuple(end) for end in sources_of("staging/interval_energy_rejected")["raw_value"]} == {
        ("raw/meter_readings", "meter_readings.value")
    }


def test_a_table_in_between_is_stood_for_by_what_it_is_made_from() -> None:
    direct = {end.table for end in sources_of("staging/energies")["quantity"]}
    assert {"staging/interval_energy", "staging/meter_facts", "raw/registry"} <= direct
    among = sources_among("staging/energies", ("staging/interval_energy",))["quantity"]
    assert {end.table for end in among} == {"staging/interval_energy", "raw/registry", "raw/meter_readings"}


def test_every_feed_is_in_one_raw_table_and_every_indicator_has_its_declaration() -> None:
    assert sorted(feed for feeds in RAW_TABLES.values() for feed in feeds) == sorted(FEED_NAMES)
    declared = {name.removeprefix("indicators/") for name in contracts() if name.startswith("indicators/")}
    assert declared == {item.asset for item in INDICATORS} | {"ghg_inventory", "energy_total", "energy_cost"}


@pytest.mark.parametrize(
    ("made_from", "said"),
    [
        ({"site_id": "sites.site_id"}, "no lineage is declared for state"),
        ({"site_id": "sites.site_id", "state": "sites.stage", "other": "sites.stage"}, "the lineage of other"),
        ({"site_id state": "sites.site_id", "state": "sites.stage"}, "the lineage of state"),
    ],
)
def test_a_declaration_that_leaves_out_repeats_or_invents_a_column_is_refused(made_from: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        computed_table("t", "T", "表", "site_id", SITE, OWN, MONTH, made_from=made_from)
    right = computed_table("t", "T", "表", "site_id", SITE, OWN, MONTH, made_from={"site_id": "sites.site_id", "state": "sites.stage,hub"})
    assert {column.name: column.made_from for column in right.columns} == {
        "site_id": ("sites.site_id",), "state": ("sites.hub", "sites.stage"), "month": (),
    }  # fmt: skip
