"""The collection boundary as data: roles, counts, digest and changes, by hand on a site of a few meters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.staging.boundary import Books, Item, boundaries, boundary_digest, boundary_table, changes, items_of
from assets.staging.parts import Composition, composition

MONTH = "2026-03"
SITE = {
    "site_id": "S1", "cluster_id": "C", "stage": "operation", "timezone": "Asia/Shanghai", "commissioned_on": None, "supply_points": 2,
    "backup_generators": 1, "onsite_sources": None, "water_supply_points": 1, "storage": "none", "pue_category": 2, "wue_category": 1,
    "entry": 1, "source_row": 2,
}  # fmt: skip
_FIELDS = (
    "unit", "multiplier", "register_digits", "interval_minutes", "interval_label", "capacity", "density_kg_per_l", "no_value_codes",
    "accuracy_class", "transformer_class", "calibrated_until", "check_meter_of", "project_code",
)  # fmt: skip


def meter(name: str, point: str, parent: str | None = None, medium: str = "electricity", **more: Any) -> dict[str, Any]:
    row = {
        "meter_id": name, "site_id": "S1", "medium": medium, "point": point, "parent_meter_id": parent, "kind": "register",
        **dict.fromkeys(_FIELDS), "valid_from": "2024-01-01", "valid_to": None, "entry": 7, "source_row": 2,
    }  # fmt: skip
    return row | {"unit": "kWh", "multiplier": 40.0} | more


METERS = [
    meter("G1", "grid_supply", accuracy_class="0.2S", calibrated_until="2027-12-31"),
    meter("G2", "grid_supply"),
    meter("GC", "grid_supply", check_meter_of="G1"),
    meter("P1", "pdu_output", "G1"),
    meter("X1", "excluded", "P1"),
    meter("C1", "cooling", "G1"),
    meter("W1", "water_supply", medium="water", unit="m3", multiplier=None),
]


def books(meters: list[dict[str, Any]] | None = None, site: dict[str, Any] | None = None, month: str = MONTH, **more: Any) -> Books:
    parts = more.pop("parts", Composition(month))
    return Books(month, [SITE | (site or {})], METERS if meters is None else meters, parts, **more)


def found(**options: Any) -> dict[tuple[str, str], Item]:
    return {(item.kind, item.id): item for item in boundaries(books(**options))["S1"]}


def test_every_meter_has_its_role() -> None:
    # excluded below a counted IT meter is subtracted from both sides (metering.md §5)
    roles = {name: item.role for (kind, name), item in found().items() if kind == "meter"}
    assert roles == {
        "G1": "+E_DC", "G2": "+E_DC", "GC": "check", "P1": "+E_IT", "X1": "-E_DC -E_IT", "C1": "not_counted", "W1": "+water",
    }  # fmt: skip


def test_what_is_stated_stands_beside_what_is_metered() -> None:
    subjects = {name: dict(item.attributes) for (kind, name), item in found().items() if kind == "subject"}
    assert subjects["supply"] == {"stated": 2, "metered": 2}  # the check meter is apart
    assert subjects["it"] == {"category": 2, "point": "pdu_output", "metered": 1}
    assert subjects["backup"] == {"stated": 1, "metered": 0, "fuel_metered": 0}
    assert subjects["onsite_sources"] == {"metered": 0}  # not stated is unknown, never 0
    assert subjects["excluded"] == {"metered": 1}
    assert subjects["water"] == {"stated": 1, "metered": 1, "category": 1, "metered_reclaimed": 0, "metered_discharge": 0}
    assert subjects["site"] == {"cluster_id": "C", "stage": "operation", "timezone": "Asia/Shanghai"}


def test_a_blank_number_of_supplies_is_taken_as_one_and_said_so() -> None:
    assert dict(found(site={"supply_points": None})["subject", "supply"].attributes) == {"stated": 1, "assumed": True, "metered": 2}


def test_metered_is_the_fewest_on_any_day_since_commissioning() -> None:
    late = [*METERS[:1], meter("G2", "grid_supply", valid_from="2026-03-11"), *METERS[2:]]
    assert found(meters=late)["subject", "supply"].attributes["metered"] == 1
    assert found(meters=late, site={"commissioned_on": "2026-03-11"})["subject", "supply"].attributes["metered"] == 2


@pytest.mark.parametrize(
    ("subject", "name"), [("export", "export"), ("shared_load", "excluded"), ("water", "water"), ("storage", "storage")]
)
def test_a_declaration_in_force_is_said(subject: str, name: str) -> None:
    row = {"site_id": "S1", "subject": subject, "valid_from": "2024-01-01", "valid_to": None}
    assert found(declarations=[row])["subject", name].attributes["declared_none"] is True
    assert "declared_none" not in found(declarations=[{**row, "valid_to": "2026-02-28"}])["subject", name].attributes
    assert "declared_none" not in found(declarations=[{**row, "site_id": "S2"}])["subject", name].attributes


def test_a_meter_is_what_its_last_row_of_the_month_says() -> None:
    rows = [
        meter("C1", "cooling", "G1", valid_to="2026-03-14"),
        meter("C1", "cooling", "G2", valid_from="2026-03-15", valid_to="2026-03-20", entry=9),
    ]
    item = found(meters=[*METERS[:2], *rows])["meter", "C1"]
    assert item.attributes["parent_meter_id"] == "G2"
    assert (item.attributes["changed_on"], item.attributes["until"], "from" in item.attributes) == (["2026-03-15"], "2026-03-20", False)
    assert item.entry == 9
    assert found()["meter", "G1"].attributes == {
        "medium": "electricity", "point": "grid_supply", "kind": "register", "unit": "kWh", "multiplier": 40, "accuracy_class": "0.2S",
        "calibrated_until": "2027-12-31",
    }  # fmt: skip


def test_a_meter_out_of_force_is_not_in_the_boundary() -> None:
    gone = meter("OLD", "cooling", valid_to="2026-02-28")
    coming = meter("NEW", "cooling", valid_from="2026-04-01")
    assert {name for kind, name in found(meters=[*METERS, gone, coming]) if kind == "meter"} == {row["meter_id"] for row in METERS}


def test_virtual_and_shared_meters_say_what_they_are_made_of() -> None:
    meters = [*METERS, meter("V", "pdu_output", kind="virtual"), meter("A", "cooling"), meter("H", "grid_supply")]
    rows = [
        {"meter_id": "V", "member": "A", "factor": 1.0, "valid_from": "2024-01-01", "valid_to": None},
        {"meter_id": "H", "member": "S1", "factor": 0.25, "valid_from": "2024-01-01", "valid_to": None},
        {"meter_id": "H", "member": "S2", "factor": 0.5, "valid_from": "2024-01-01", "valid_to": None},
    ]
    parts = composition(rows, meters, ["S1", "S2"], MONTH)
    items = found(meters=meters, parts=parts)
    assert (items["meter", "V"].role, items["meter", "V"].attributes["members"]) == ("+E_IT", [["A", 1]])
    assert items["meter", "A"].role == "member"
    assert items["meter", "H"].attributes["shares"] == [["S1", 0.25], ["S2", 0.5]]
    both = boundaries(Books(MONTH, [SITE, SITE | {"site_id": "S2"}], meters, parts))
    assert [item.id for item in both["S2"] if item.kind == "meter"] == ["H"]


# contracts and certificates ---------------------------------------------------------------------------------------------

CONTRACT = {
    "contract_id": "K1", "kind": "green_trade", "project_code": "P", "seller": None, "start_on": "2025-01-01", "end_on": "2026-03-01",
    "annual_mwh": 6600.0, "attribute_clause": "bundled", "entry": 3, "source_row": 2,
}  # fmt: skip
SHARE = {"contract_id": "K1", "site_id": "S1", "share_ratio": 0.08, "valid_from": "2025-01-01", "valid_to": None}


@pytest.mark.parametrize(
    ("contract", "share", "there"),
    [
        ({}, {}, True),
        ({"end_on": "2026-02-28"}, {}, False),
        ({"start_on": "2026-03-31", "end_on": "2027-01-01"}, {}, True),
        ({}, {"site_id": "S2"}, False),
        ({}, {"valid_to": "2026-02-28"}, False),
    ],
)
def test_contracts_in_force_with_a_share_are_in_scope(contract: dict[str, Any], share: dict[str, Any], there: bool) -> None:
    items = found(contracts=[CONTRACT | contract], shares=[SHARE | share])
    assert (("contract", "K1") in items) is there
    if not contract and not share:
        assert items["contract", "K1"].attributes["share"] == 0.08
        assert items["contract", "K1"].attributes["annual_mwh"] == 6600


def test_certificates_of_the_month_are_in_scope_and_self_use_is_a_meter() -> None:
    claim = {
        "site_id": "S1", "source": "certificate", "route": "unbundled", "project_code": "P", "production_month": "2025-11", "seq_start": 1,
        "seq_end": 40, "contract_id": None, "quantity_wh": 40_000_000, "status": "eligible", "reason": None, "entry": 5, "source_row": 6,
    }  # fmt: skip
    items = found(claims=[claim, {**claim, "source": "onsite"}, {**claim, "site_id": "S2"}])
    (item,) = [item for (kind, _), item in items.items() if kind == "certificate"]
    assert (item.id, item.role, item.attributes["quantity_wh"]) == ("P/2025-11/1-40", "unbundled", 40_000_000)


# digest and changes ------------------------------------------------------------------------------------------------------


@given(st.permutations(METERS), st.integers(0, 99), st.integers(0, 3600))
def test_the_digest_depends_on_neither_order_nor_file_nor_cadence(meters: list[dict[str, Any]], entry: int, cadence: int) -> None:
    moved = [{**row, "entry": entry, "source_row": entry + 1} for row in meters]
    assert boundary_digest(boundaries(books(moved, cadences={("S1", "G1"): cadence}))["S1"]) == boundary_digest(boundaries(books())["S1"])


def test_equal_boundaries_of_two_months_have_one_digest_and_no_changes() -> None:
    march, april = boundaries(books())["S1"], boundaries(books(month="2026-04"))["S1"]
    assert boundary_digest(march) == boundary_digest(april)
    assert changes(march, april) == []


@pytest.mark.parametrize(
    "meters", [METERS[:-1], [*METERS, meter("N", "cooling")], [meter("G1", "grid_supply", accuracy_class="0.5S"), *METERS[1:]]]
)
def test_another_boundary_has_another_digest(meters: list[dict[str, Any]]) -> None:
    assert boundary_digest(boundaries(books(meters))["S1"]) != boundary_digest(boundaries(books())["S1"])


def test_changes_are_told_field_by_field_both_ways() -> None:
    after_rows = [
        meter("G1", "grid_supply", accuracy_class="0.5S", calibrated_until="2027-12-31"), *METERS[1:5], meter("C2", "cooling"), METERS[6],
    ]  # fmt: skip
    before = boundaries(books())["S1"]
    after = boundaries(books(after_rows, site={"supply_points": 1, "pue_category": 3}))["S1"]

    def told(rows: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
        return {tuple(row[name] for name in ("change", "id", "field", "before", "after")) for row in rows}

    forth = {
        ("changed", "G1", "accuracy_class", "0.2S", "0.5S"),
        ("removed", "C1", None, None, None),
        ("added", "C2", None, None, None),
        ("changed", "supply", "stated", 2, 1),
        ("changed", "it", "category", 2, 3),
        ("changed", "it", "point", "pdu_output", "it_input"),
        ("changed", "it", "metered", 1, 0),
        ("changed", "P1", "role", "+E_IT", "not_counted"),
        ("changed", "X1", "role", "-E_DC -E_IT", "-E_DC"),
    }
    assert told(changes(before, after)) == forth
    other = {"added": "removed", "removed": "added", "changed": "changed"}
    assert told(changes(after, before)) == {(other[change], name, field, b, a) for change, name, field, a, b in forth}


def test_a_meter_that_began_in_the_month_before_has_not_changed() -> None:
    begun = [*METERS, meter("N", "cooling", valid_from="2026-03-15")]
    march, april = boundaries(books(begun))["S1"], boundaries(books(begun, month="2026-04"))["S1"]
    assert changes(march, april) == []
    assert [row["change"] for row in changes(boundaries(books(begun, month="2026-02"))["S1"], march)] == ["added"]


def test_the_table_gives_the_items_back() -> None:
    items = boundaries(books(cadences={("S1", "G1"): 900}))
    assert items_of(boundary_table(items, MONTH), "S1") == items["S1"]
    assert items_of(boundary_table(items, MONTH), "S9") == []
