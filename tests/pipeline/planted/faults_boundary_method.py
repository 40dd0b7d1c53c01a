"""Planted faults whose root is a rule of the boundary (边界, BD) or of method (方法, ME).

One function for each change, one entry for each fault; README.md says how.
"""

from __future__ import annotations

from tests.pipeline.planted import fleet
from tests.pipeline.planted.fault import DECEMBER, JANUARY, Fault, Found, each_month, found, interim
from tests.pipeline.planted.tables import MONTHS, Row, Tables, hours_in

# Boundary ---------------------------------------------------------------------------------------------------------------


def _stranger(t: Tables) -> None:
    t.readings("S1-C")[100:100] = [{"meter_id": "S1-NEW", "read_at": "2026-01-05 10:00", "value": "17.00", "quality": "A"}]


def _cooling_at_a_water_point(t: Tables) -> None:
    t.set("meters", {"meter_id": "S1-C"}, medium="water", unit="m3", capacity=None)


def _meter_of_no_site(t: Tables) -> None:
    t.add("meters", fleet.meter("S1-Y", "lighting", site_id="S9"))


def _software_supply(t: Tables) -> None:
    t.set("sites", {"site_id": "S1"}, supply_points=2)
    t.add("meters", fleet.meter("S1-G2", "grid_supply", kind="software", unit="kW", register_digits=None))
    t.flows["S1-G2"] = list(t.flows["S1-C"])


def _unmetered_supply(t: Tables) -> None:
    t.set("sites", {"site_id": "S1"}, supply_points=2)


def _sources_unsaid(t: Tables) -> None:
    t.set("sites", {"site_id": "S2"}, onsite_sources=None)
    t.drop("declarations", site_id="S2", subject="onsite_generation")


def _direct_line(t: Tables) -> None:
    t.set("ppa_contracts", {"contract_id": "K2"}, kind="direct_line")


def _no_category(t: Tables) -> None:
    t.set("sites", {"site_id": "S2"}, pue_category=None)


def _category_without_meters(t: Tables) -> None:
    t.set("sites", {"site_id": "S2"}, pue_category=1)


def _software_it(t: Tables) -> None:
    t.set("meters", {"meter_id": "S2-I2"}, kind="software", unit="kW", interval_minutes=None, interval_label=None)


def _it_below_it(t: Tables) -> None:
    t.set("meters", {"meter_id": "S1-P2"}, parent_meter_id="S1-P1")


def _dangling_parent(t: Tables) -> None:
    t.set("meters", {"meter_id": "S1-X"}, parent_meter_id="S1-T1")


def _wrong_ratio(t: Tables) -> None:
    t.set("meters", {"meter_id": "S1-C"}, multiplier=2)


def _fast_office_meter(t: Tables) -> None:
    t.scale("S1-P1", hours_in(JANUARY), 104, 100)


def _missing_point(t: Tables) -> None:
    t.drop("meters", meter_id="S2-I2")
    del t.flows["S2-I2"]


def _it_above_supply(t: Tables) -> None:
    t.scale("S1-G", hours_in(JANUARY), 7, 10)
    t.rows["bills"] = fleet.bills(t)


def _office_unsaid(t: Tables) -> None:
    t.set("meters", {"meter_id": "S2-X"}, point="auxiliary")


def _new_meter(t: Tables) -> None:
    t.scale("S1-P2", hours_in(DECEMBER), 0)
    fleet.settle(t)
    t.set("meters", {"meter_id": "S1-P2"}, valid_from="2026-01-01")
    t.lose("S1-P2", "2025-12", "2026-01-01 00:00")


def _waterless(t: Tables) -> None:
    t.set("sites", {"site_id": "S1"}, water_supply_points=2)


def _no_wue_category(t: Tables) -> None:
    t.set("sites", {"site_id": "S1"}, wue_category=None)


def _export_unsaid(t: Tables) -> None:
    t.set("meters", {"meter_id": "S1-EX"}, point="auxiliary")


def _net_generation(t: Tables) -> None:
    t.flows["S1-EX"] = [ticks * 6 // 5 for ticks in t.flows["S1-PV"]]
    fleet.settle(t)


def _attribute_sold(t: Tables) -> None:
    t.set("ppa_contracts", {"contract_id": "K1"}, attribute_clause="separate")


def _late_start(t: Tables) -> None:
    interval = {"kind": "interval", "interval_minutes": 60, "interval_label": "start", "register_digits": None}
    t.set("meters", {"meter_id": "S1-EX"}, **interval)
    t.set("meters", {"meter_id": "S1-BG"}, **interval)
    t.lose("S1-EX", "2026-01-13 00:00", "2026-01-14 06:00")
    t.lose("S1-BG", "2026-01-20 00:00", "2026-01-21 06:00")


def _shares_above_one(t: Tables) -> None:
    t.set("ppa_site_shares", {"contract_id": "K3", "site_id": "S1"}, share_ratio=0.6)


def _unknown_share_holder(t: Tables) -> None:
    t.set("ppa_site_shares", {"contract_id": "K3", "site_id": "S1"}, share_ratio=0.4)
    t.add("ppa_site_shares", {"contract_id": "K3", "site_id": "S7", "share_ratio": 0.1, "valid_from": "2025-01-01"})


def _ended_contract(t: Tables) -> None:
    t.set("ppa_contracts", {"contract_id": "K3"}, end_on="2025-11-30")


def _homeless_device(t: Tables) -> None:
    t.set("devices", {"device_id": "S1-D00", "snapshot_on": "2026-01-31"}, rack_id=None)


def _lost_room(t: Tables) -> None:
    t.drop("racks", rack_id="S2-R2", snapshot_on="2026-01-31")
    t.set("devices", {"site_id": "S2", "snapshot_on": "2026-01-31"}, rack_id="S2-R1")


def _rack_of_no_site(t: Tables) -> None:
    t.add("racks", {**t.all("racks", rack_id="S1-R1")[1], "rack_id": "S9-R1", "site_id": "S9"})


# Method -----------------------------------------------------------------------------------------------------------------


def _no_class(t: Tables) -> None:
    t.set("meters", {"meter_id": "S1-P1"}, accuracy_class=None)


def _poor_class(t: Tables) -> None:
    t.set("meters", {"meter_id": "S1-P1"}, accuracy_class="2")


def _calibration_over(t: Tables) -> None:
    t.set("meters", {"meter_id": "S2-G1"}, calibrated_until="2026-01-20")


def _slow(t: Tables) -> None:
    kept = [row for row in t.readings("S1-P2") if int(row["read_at"][11:13]) % 3 == 0]
    t.readings("S1-P2")[:] = kept


def _no_multiplier(t: Tables) -> None:
    t.set("meters", {"meter_id": "S2-G2"}, multiplier=None)


def _multiplier_changed(t: Tables) -> None:
    t.renew("meters", {"meter_id": "S1-C"}, "2026-01-15", multiplier=40)


def _estimated(t: Tables) -> None:
    for row in t.readings("S2-I2"):
        if "2026-01-10 00:00" <= row["read_at"] < "2026-01-12 00:00":
            row["quality"] = "E"


def _category_changed(t: Tables) -> None:
    t.renew("sites", {"site_id": "S1"}, "2026-01-01", pue_category=1)


def _by_hand(t: Tables) -> None:
    for row in t.readings("S1-P2"):
        if "2026-01-01" <= row["read_at"] < "2026-01-03":
            row["quality"] = "M"


def _bill_above_meter(t: Tables) -> None:
    bill = t.one("bills", meter_id="S1-G", period_start="2026-01-01")
    bill["quantity"] = f"{float(bill['quantity']) * 1.03:.2f}"


FAULTS: tuple[Fault, ...] = tuple(
    Fault(name.removeprefix("_"), root, name, "中", change, found())
    for root, change in [
        ("BD01", _stranger), ("BD02", _cooling_at_a_water_point), ("BD02", _meter_of_no_site), ("BD03", _software_supply),
        ("BD03", _unmetered_supply), ("BD03", _sources_unsaid), ("BD03", _direct_line), ("BD04", _no_category), ("BD04", _category_without_meters),
        ("BD04", _software_it), ("BD05", _it_below_it), ("BD05", _dangling_parent), ("BD06", _wrong_ratio), ("BD06", _fast_office_meter),
        ("BD06", _missing_point),
        ("BD07", _it_above_supply), ("BD08", _office_unsaid), ("BD09", _new_meter), ("BD10", _waterless), ("BD10", _no_wue_category),
        ("BD11", _export_unsaid), ("BD11", _net_generation), ("BD11", _attribute_sold), ("BD12", _late_start), ("BD13", _shares_above_one),
        ("BD13", _unknown_share_holder), ("BD13", _ended_contract), ("BD14", _homeless_device), ("BD14", _lost_room), ("BD14", _rack_of_no_site),
        ("ME01", _no_class), ("ME01", _poor_class), ("ME02", _calibration_over), ("ME03", _slow), ("ME04", _no_multiplier),
        ("ME04", _multiplier_changed), ("ME05", _estimated), ("ME06", _category_changed), ("ME08", _by_hand), ("ME09", _bill_above_meter),
    ]
    for name in [change.__name__]
)
