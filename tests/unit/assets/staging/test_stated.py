"""What files state of their meters, held against the registry: agreement is silent, a contradiction refuses the meter with both named."""

from __future__ import annotations

from typing import Any

import pytest

from assets.staging.meters import records, register_meters
from assets.staging.stated import held_against, stated_kinds
from tests.unit.assets.staging.metering_world import SHANGHAI, events_frame, meters_frame

HALF_HOUR = {"kind": "interval", "unit": "kWh", "interval_minutes": 30, "interval_label": "start"}


def refusals(stated: dict[str, list[list[Any]]], *rows: dict[str, Any], month: str = "2026-03") -> list[tuple[str, str] | None]:
    meters = meters_frame(*rows)
    registry = register_meters(meters, events_frame(), month=month, site_zones={"S1": SHANGHAI}, default_zone=SHANGHAI)
    held = held_against(stated_kinds([{"stated": stated}]), registry, records(meters), month)
    assert [m.meter_id for m in held] == [m.meter_id for m in registry]
    return [span.refusal for meter in held for span in meter.spans]


def test_agreement_is_silent() -> None:
    assert refusals({"M1": [["interval", "kWh", 30]]}, HALF_HOUR) == [None]
    assert refusals({"M1": [["register", "kWh", None]]}, {"unit": "kWh"}) == [None]
    assert refusals({"M1": [["power", "W", None]]}, {"kind": "software", "unit": "W"}) == [None]


def test_other_meters_and_unregistered_ones_are_left_alone() -> None:
    assert refusals({"M2": [["interval", "kWh", 30]]}, {"unit": "kWh"}) == [None]
    assert refusals({}, HALF_HOUR) == [None]


@pytest.mark.parametrize(
    ("stated", "row", "words"),
    [
        (["interval", "kWh", 30], {**HALF_HOUR, "unit": "MWh"}, ["interval in kWh", "interval in MWh"]),
        (["interval", "kWh", 30], {**HALF_HOUR, "interval_minutes": 15}, ["30 minutes", "15 minutes"]),
        (["interval", "kWh", 30], {**HALF_HOUR, "interval_label": "end"}, ["labelled by start", "labelled by end"]),
        (["interval", "kWh", 30], {"unit": "kWh"}, ["interval in kWh", "register in kWh"]),
        (["register", "kWh", None], {"unit": "Wh"}, ["register in kWh", "register in Wh"]),
        (["interval", "Wh", None], {**HALF_HOUR, "unit": "Wh"}, ["no length", "30 minutes"]),
    ],
)
def test_a_contradiction_names_both(stated: list[Any], row: dict[str, Any], words: list[str]) -> None:
    (refusal,) = refusals({"M1": [stated]}, row)
    assert refusal is not None
    assert refusal[0] == "CT02"
    for word in words:
        assert word in refusal[1]


def test_a_meter_that_changed_its_interval_has_a_row_for_each() -> None:
    rows = (HALF_HOUR, {**HALF_HOUR, "interval_minutes": 5, "valid_from": "2026-03-15"})
    both = {"M1": [["interval", "kWh", 30], ["interval", "kWh", 5]]}
    assert refusals(both, *rows) == [None, None]
    assert refusals({"M1": [["interval", "kWh", 5]]}, *rows, month="2026-04") == [None, None]
    # in April the older row is no longer in force
    assert all(refusal is not None for refusal in refusals(both, *rows, month="2026-04"))
