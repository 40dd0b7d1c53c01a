"""Racks, devices and utilisation of a site in a month, from tables worked by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
import pytest

from assets.staging.inventory import SCHEMA, site_inventory
from checks.contracts.registry import STAGED
from resources.calendar import local_s

MONTH, ZONE = "2026-03", "Asia/Shanghai"  # 31 days, 744 hours
END = "2026-03-31"

RACK_COLUMNS = ["rack_id", "site_id", "snapshot_on", "room", "u_height", "rated_kw", "fitted_on", "retired_on", "ai_rack"]
DEVICE_COLUMNS = [
    "device_id", "site_id", "snapshot_on", "rack_id", "kind", "u_size", "rated_w", "powered_on", "fp32_tflops", "storage_tb",
    "network_gbps", "model", "parent_device_id", "psu_count", "psu_w", "no_rack_reason", "commissioned_on", "retired_on",
]  # fmt: skip
UTILISATION_COLUMNS = ["scope", "site_id", "at_s", "device_id", "cpu_ratio", "gpu_ratio"]


def rack(rack_id: str, **other: Any) -> dict[str, Any]:
    return {"rack_id": rack_id, "site_id": "S1", "snapshot_on": END, "u_height": 40, "rated_kw": 6.0, "ai_rack": None, **other}


def device(device_id: str, kind: str = "server", **other: Any) -> dict[str, Any]:
    return {"device_id": device_id, "site_id": "S1", "snapshot_on": END, "kind": kind, "powered_on": True, **other}


def at(day: int, hour: int = 0, zone: str = ZONE) -> int:
    return local_s(datetime(2026, 3, day, hour), zone)


def busy(at_s: int, cpu: float | None = None, gpu: float | None = None, device_id: str | None = None) -> dict[str, Any]:
    scope = "site" if device_id is None else "device"
    return {"scope": scope, "site_id": "S1", "at_s": at_s, "device_id": device_id, "cpu_ratio": cpu, "gpu_ratio": gpu}


def hourly(cpu: float | None = None, gpu: float | None = None, device_id: str | None = None, hours: int = 744) -> list[dict[str, Any]]:
    return [busy(at(1) + 3600 * k, cpu, gpu, device_id) for k in range(hours)]


def typed(rows: list[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    """A frame as the typed feeds give it: text as objects, numbers as float64 or Int64, flags as nullable booleans."""
    frame = pd.DataFrame(rows, columns=columns, dtype=object)
    kinds = {"powered_on": "boolean", "ai_rack": "boolean", "u_height": "Int64", "psu_count": "Int64", "at_s": "Int64"}
    floats = ["rated_kw", "u_size", "rated_w", "fp32_tflops", "storage_tb", "network_gbps", "psu_w", "cpu_ratio", "gpu_ratio"]
    return frame.astype({c: kind for c, kind in {**kinds, **dict.fromkeys(floats, "float64")}.items() if c in columns})


def run(
    racks: list[dict[str, Any]] | None = None,
    devices: list[dict[str, Any]] | None = None,
    utilisation: list[dict[str, Any]] | None = None,
    month: str = MONTH,
    zone: str = ZONE,
) -> dict[str, Any]:
    """The row of site S1, the same for rows in reverse."""
    feeds = [(racks or [], RACK_COLUMNS), (devices or [], DEVICE_COLUMNS), (utilisation or [], UTILISATION_COLUMNS)]
    found, again = (
        site_inventory(*(typed(rows[::step], columns) for rows, columns in feeds), [{"site_id": "S1"}], month=month, zones={"S1": zone})
        for step in (1, -1)
    )
    assert found.schema == SCHEMA
    assert again.equals(found)
    return found.row(0, named=True)


# Snapshots ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("snapshot_on", "status", "carried_days"),
    [
        ("2026-04-05", "measured", 0),
        ("2026-03-31", "measured", 0),
        ("2026-03-26", "measured", 0),
        ("2026-03-25", "carried_forward", 6),
        ("2026-02-28", "carried_forward", 31),
    ],
)
def test_age_of_the_snapshot(snapshot_on: str, status: str, carried_days: int) -> None:
    found = run([rack("R", snapshot_on=snapshot_on)], [device("D", rated_w=500, snapshot_on=snapshot_on)])
    assert (found["snapshot_on"], found["status"], found["carried_days"]) == (snapshot_on, status, carried_days)
    assert (found["racks_fitted"], found["rated_w"], found["reason"]) == (1, 500, None)


@pytest.mark.parametrize("snapshot_on", ["2026-04-06", "2026-02-27"])
def test_too_late_or_too_old_is_not_reported(snapshot_on: str) -> None:
    found = run([rack("R", snapshot_on=snapshot_on)], [device("D", rated_w=500, snapshot_on=snapshot_on)])
    assert (found["status"], found["reason"]) == ("not_reported", "no snapshot of racks or devices from 2026-02-28 to 2026-04-05")
    assert {name for name, value in found.items() if value is not None} == {"site_id", "month", "status", "reason"}


def test_the_newest_snapshot_alone() -> None:
    old = [device("D", rated_w=500, snapshot_on="2026-03-30"), device("GONE", rated_w=900, snapshot_on="2026-03-30")]
    found = run(devices=[*old, device("D", rated_w=510), device("LATER", rated_w=1, snapshot_on="2026-04-30")])
    assert (found["snapshot_on"], found["rated_w"]) == (END, 510)


def test_racks_and_devices_of_different_days() -> None:
    found = run([rack("R", snapshot_on="2026-03-10")], [device("D", rated_w=500)])
    assert (found["snapshot_on"], found["status"], found["carried_days"]) == ("2026-03-10", "carried_forward", 21)
    assert (found["racks_fitted"], found["rated_w"]) == (1, 500)


def test_what_did_not_land_is_null() -> None:
    no_racks = run(devices=[device("D", rated_w=500)])
    assert (no_racks["racks_fitted"], no_racks["racks_used"], no_racks["rated_w"], no_racks["status"]) == (None, None, 500, "measured")
    assert no_racks["reason"] == "no snapshot of racks from 2026-02-28 to 2026-04-05"
    no_devices = run([rack("R")])
    assert (no_devices["racks_fitted"], no_devices["racks_used"], no_devices["rated_w"], no_devices["gflops"]) == (1, None, None, None)
    assert no_devices["reason"] == "no snapshot of devices from 2026-02-28 to 2026-04-05"
    assert run()["status"] == "not_reported"


def test_the_columns_are_those_of_the_contract() -> None:
    assert tuple(SCHEMA) == tuple(STAGED["inventory"].by_name)


def test_one_row_for_each_site() -> None:
    frames = [typed([], RACK_COLUMNS), typed([device("D", rated_w=500, site_id="B")], DEVICE_COLUMNS), typed([], UTILISATION_COLUMNS)]
    found = site_inventory(*frames, [{"site_id": "B"}, {"site_id": "A"}], month=MONTH, zones={"A": ZONE, "B": ZONE})
    assert found.select("site_id", "status", "rated_w").rows() == [("A", "not_reported", None), ("B", "measured", 500)]


# Devices --------------------------------------------------------------------------------------------------------------


def test_rated_power_of_powered_devices() -> None:
    found = run(devices=[
        device("A", rated_w=500), device("B", "storage", rated_w=300.4), device("C", "network", rated_w=200),
        device("OFF", rated_w=1000, powered_on=False), device("MAYBE", rated_w=50, powered_on=None),
        device("GONE", rated_w=1000, retired_on=END), device("LATER", rated_w=7, retired_on="2026-04-01"),
    ])  # fmt: skip
    # 500 + 300.4 + 200 + 50 (not known to be off: it can only lower the load ratio) + 7
    assert (found["rated_w"], found["rated_known_share"]) == (1057, 1.0)


def test_rated_power_unknown() -> None:
    found = run(devices=[device("A", rated_w=500), device("B", psu_count=2, psu_w=800), device("OFF", powered_on=False)])
    assert (found["rated_w"], found["rated_known_share"]) == (500, 0.5)  # redundant supplies are never summed, nor taken for the device
    assert run(devices=[device("A")])["rated_w"] is None
    none_powered = run(devices=[device("A", powered_on=False)])
    assert (none_powered["rated_w"], none_powered["rated_known_share"], none_powered["gflops"]) == (0, None, 0)


@pytest.mark.parametrize(("known", "unknown", "rated_w"), [(19, 1, 1900), (18, 1, 1800), (0, 1, None)])
def test_rated_power_is_added_up_as_far_as_it_is_stated(known: int, unknown: int, rated_w: int | None) -> None:
    """Whether enough of it is known is the judgement of B2 (assets/indicators/it_load.py)."""
    devices = [device(f"K{n}", rated_w=100) for n in range(known)] + [device(f"U{n}") for n in range(unknown)]
    found = run([rack("R")], devices)
    assert (found["rated_w"], found["reason"], found["status"]) == (rated_w, None, "measured")
    assert found["rated_known_share"] == known / (known + unknown)


def test_a_chassis_holds_the_power_of_its_blades() -> None:
    blades = [device(f"B{k}", rated_w=600, parent_device_id="C", fp32_tflops=2.0) for k in range(4)]
    found = run(devices=[device("C", "other", rated_w=2000), *blades, device("X", parent_device_id="B0")])
    assert (found["rated_w"], found["rated_known_share"]) == (2000, 1.0)  # X is part of a blade of the chassis
    assert found["gflops"] == 8000  # the chassis states no compute: its blades do
    nineteen = [device(f"B{k}", rated_w=600, parent_device_id="C") for k in range(19)]
    assert run(devices=[device("C", "other"), *nineteen])["rated_w"] == 11_400  # a chassis that does not say
    assert run(devices=[device("C", "other"), *blades])["rated_known_share"] == 0.8
    assert run(devices=[device("C", "other", rated_w=2000, powered_on=False), *blades])["rated_w"] == 2400
    assert run(devices=blades)["rated_w"] == 2400  # a chassis that is not in the snapshot
    assert run(devices=[device("C", rated_w=2000, fp32_tflops=9), *blades])["gflops"] == 9000
    round_about = [device("A", rated_w=1, parent_device_id="B"), device("B", rated_w=2, parent_device_id="A")]
    assert run(devices=round_about)["rated_w"] == 3


def test_computing_power() -> None:
    found = run(devices=[
        device("A", fp32_tflops=2.5), device("G", "gpu_server", fp32_tflops=400), device("?"), device("S", "storage", fp32_tflops=1),
        device("OFF", fp32_tflops=50, powered_on=False), device("MAYBE", fp32_tflops=50, powered_on=None),
    ])  # fmt: skip
    assert found["gflops"] == 402_500
    assert run(devices=[device("A")])["gflops"] is None
    assert run(devices=[device("A", fp32_tflops=1, powered_on=None)])["gflops"] is None
    assert run(devices=[device("S", "storage")])["gflops"] == 0


def test_storage_and_network() -> None:
    found = run(devices=[
        device("A", storage_tb=0.1, network_gbps=25), device("S", "storage", storage_tb=0.2), device("N", "network", network_gbps=3200),
        device("OFF", "storage", storage_tb=9, powered_on=False),
    ])  # fmt: skip
    assert (found["storage_tb"], found["network_gbps"]) == (0.3, 3200.0)  # a server's port is the other end of a link
    unknown = run(devices=[device("A", network_gbps=25)])
    assert (unknown["storage_tb"], unknown["network_gbps"]) == (None, None)


# Racks ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("devices", "used"),
    [
        ([device("D", rack_id="R", u_size=32)], 1),  # 32 of 40 U
        ([device("D", rack_id="R", u_size=31)], 0),
        ([device("D", rack_id="R", u_size=30), device("E", rack_id="R", u_size=2)], 1),
        ([device("D", rack_id="R", u_size=32, powered_on=False)], 0),
        ([device("D", rack_id="R", u_size=32, retired_on=END)], 0),
        ([device("D", rack_id="OTHER", u_size=32)], 0),
        # a blade stands inside its chassis
        ([device("C", rack_id="R", u_size=20), device("B", rack_id="R", u_size=20, parent_device_id="C")], 0),
        ([device("C", rack_id="R"), device("B", rack_id="R", u_size=32, parent_device_id="C")], 1),
        # nothing is known of the only rack
        ([device("D", rack_id="R")], None),
        ([device("D", rack_id="R", u_size=32, powered_on=None)], None),
    ],
)
def test_a_rack_in_use(devices: list[dict[str, Any]], used: int | None) -> None:
    found = run([rack("R")], devices)
    assert (found["racks_fitted"], found["racks_used"]) == (1, used)


def test_a_rack_that_cannot_be_judged_is_not_in_use() -> None:
    found = run([rack("R"), rack("Q")], [device("D", rack_id="R", u_size=40), device("E", rack_id="Q")])
    assert (found["racks_fitted"], found["racks_used"]) == (2, 1)


@pytest.mark.parametrize(("rated_w", "used"), [(7040, 1), (7039, 0), (None, None)])  # 80 % of 8.8 kW
def test_an_ai_rack_goes_by_power(rated_w: float | None, used: int | None) -> None:
    full = device("D", "gpu_server", rack_id="R", u_size=40, rated_w=rated_w)
    assert run([rack("R", rated_kw=8.8, ai_rack=True)], [full])["racks_used"] == used
    assert run([rack("R", rated_kw=8.8, ai_rack=False)], [full])["racks_used"] == 1


def test_which_racks_are_fitted() -> None:
    racks = [
        rack("A", fitted_on="2020-01-01"),
        rack("B"),
        rack("C", fitted_on=END),
        rack("D", fitted_on="2026-04-01"),
        rack("E", retired_on=END),
    ]
    found = run(racks, [device("X", rack_id="D", u_size=40), device("Y", rack_id="E", u_size=40)])
    assert (found["racks_fitted"], found["racks_used"]) == (3, 0)
    assert found["racks_rated_w"] == 18_000  # A, B and C of 6 kW each
    assert run([rack("R", rated_kw=0, ai_rack=True)], [device("D")])["racks_used"] == 0  # an empty rack is never in use


# Racks of earlier snapshots ----------------------------------------------------------------------------------------------

BEFORE = "2026-02-28"


def test_every_rack_still_there_or_retired_is_none_lost() -> None:
    before = [rack("A", snapshot_on=BEFORE), rack("B", snapshot_on=BEFORE)]
    assert run([*before, rack("A"), rack("B", retired_on="2026-03-10")])["racks_lost"] == 0
    assert run([rack("A")])["racks_lost"] == 0
    assert run(devices=[device("D", rated_w=500)])["racks_lost"] is None  # no snapshot of racks: nothing is known


@pytest.mark.parametrize(
    ("earlier", "lost"),
    [
        ({}, 1),
        ({"fitted_on": "2020-01-01"}, 1),
        ({"fitted_on": "2026-03-20"}, 1),  # was to be fitted by the day of the newest snapshot
        ({"fitted_on": "2026-04-01"}, 0),
        ({"retired_on": "2026-02-01"}, 0),
        ({"retired_on": END}, 0),  # it said beforehand that it would go
        ({"retired_on": "2026-04-01"}, 1),  # and this one went before its day
        ({"site_id": "S2"}, 0),  # another site's
        ({"snapshot_on": "2025-03-30"}, 1),  # 366 days
        ({"snapshot_on": "2025-03-29"}, 0),
        ({"snapshot_on": "2026-04-30"}, 0),  # the next month's
    ],
)
def test_a_rack_that_is_gone_is_lost(earlier: dict[str, Any], lost: int) -> None:
    found = run([rack("A"), rack("GONE", **{"snapshot_on": BEFORE, **earlier})])
    assert (found["racks_fitted"], found["racks_lost"]) == (1, lost)


def test_a_lost_rack_stays_lost_until_a_row_retires_it() -> None:
    seen = [rack("A", snapshot_on="2026-01-31"), rack("GONE", snapshot_on="2026-01-31")]
    months = [*seen, rack("A", snapshot_on=BEFORE), rack("A")]
    assert run(months)["racks_lost"] == 1  # missing already in the snapshot before
    assert run([*months, rack("GONE", snapshot_on=BEFORE, retired_on="2026-02-10")])["racks_lost"] == 0
    assert run([*months, rack("GONE")])["racks_lost"] == 0  # it came back


def test_a_rack_that_moved_to_another_site_is_not_lost() -> None:
    moved = [rack("A"), rack("MOVED", snapshot_on=BEFORE)]
    assert run(moved)["racks_lost"] == 1
    assert run([*moved, rack("MOVED", site_id="S2")])["racks_lost"] == 0


def test_lost_is_told_from_the_day_of_the_snapshot_carried_forward() -> None:
    found = run([rack("A", snapshot_on=BEFORE), rack("GONE", snapshot_on="2026-01-31")])
    assert (found["status"], found["carried_days"], found["racks_lost"]) == ("carried_forward", 31, 1)


def test_rated_power_of_racks_is_whole_watts_and_unknown_without_racks() -> None:
    assert run([rack("A", rated_kw=4.4), rack("B", rated_kw=0.1), rack("C", rated_kw=0.2)])["racks_rated_w"] == 4700
    assert run([rack("A", retired_on=END)])["racks_rated_w"] == 0  # a snapshot without a standing rack
    assert run(devices=[device("D", rated_w=500)])["racks_rated_w"] is None


# Utilisation ----------------------------------------------------------------------------------------------------------

CPU = device("A", fp32_tflops=2)
GPU = device("G", "gpu_server", fp32_tflops=100)


def hours(found: dict[str, Any]) -> dict[str, tuple[float | None, float | None]]:
    return {unit: (found[f"{unit}fp32_hours"], found[f"{unit.rstrip('_') or 'fp32'}_used_hours"]) for unit in ("", "cpu_", "gpu_")}


def test_a_site_row_describes_every_server() -> None:
    found = run(devices=[CPU, GPU], utilisation=hourly(cpu=0.25, gpu=0.5))
    # 2 × 744 = 1488, a quarter used 372; 100 × 744 = 74,400, half used 37,200
    assert hours(found) == {"": (75_888, 37_572), "cpu_": (1488, 372), "gpu_": (74_400, 37_200)}
    assert found["utilisation_coverage"] == 1.0


def test_a_device_row_comes_before_the_site() -> None:
    other = device("B", fp32_tflops=3)
    found = run(devices=[CPU, other, GPU], utilisation=[*hourly(cpu=0.2), *hourly(cpu=0.9, device_id="A", hours=372)])
    # A by its own rows for half the month: 2 × 372 = 744, used 669.6; B by the site's: 3 × 744 = 2232, used 446.4; nothing of G
    assert found["cpu_fp32_hours"] == 2976
    assert found["cpu_used_hours"] == pytest.approx(1116, abs=1e-9)
    assert (found["gpu_fp32_hours"], found["gpu_used_hours"]) == (None, None)
    assert found["utilisation_coverage"] == 2976 / (105 * 744)


def test_blank_ratios_are_unknown() -> None:
    rows = hourly(cpu=0.5, gpu=0.5)
    for row in rows[:186]:
        row["cpu_ratio"] = None
    found = run(devices=[CPU, GPU], utilisation=rows)
    assert hours(found)["cpu_"] == (2 * 558, 558)
    assert hours(found)["gpu_"] == (74_400, 37_200)
    assert found["utilisation_coverage"] == (1116 + 74_400) / (102 * 744)


def test_daily_rows_speak_for_their_day() -> None:
    days = [busy(at(day), cpu=0.5) for day in range(1, 32)]
    assert hours(run(devices=[CPU], utilisation=days))["cpu_"] == (1488, 744)
    missing = [row for row in days if row["at_s"] != at(10)]
    assert hours(run(devices=[CPU], utilisation=missing))["cpu_"] == (1440, 720)  # not into the missing day
    late = run(devices=[CPU], utilisation=[busy(at(day, 12), cpu=0.5) for day in range(1, 32)])
    assert late["cpu_fp32_hours"] == 2 * (744 - 12)  # nothing before the first row; the last one ends with the month


def test_a_row_speaks_for_a_day_at_most() -> None:
    weekly = [busy(at(day), cpu=0.5) for day in (1, 8, 15, 22, 29)]
    assert run(devices=[CPU], utilisation=weekly)["cpu_fp32_hours"] == 2 * 5 * 24
    assert run(devices=[CPU], utilisation=[busy(at(1), cpu=0.5)])["cpu_fp32_hours"] == 2


def test_only_rows_of_the_month_and_of_powered_servers() -> None:
    off = device("OFF", fp32_tflops=50, powered_on=False)
    outside = [busy(at(1) - 3600, cpu=1.0), busy(local_s(datetime(2026, 4, 1), ZONE), cpu=1.0), busy(at(1), cpu=1.0, device_id="GHOST")]
    found = run(devices=[CPU, off, device("S", "storage")], utilisation=[*hourly(cpu=0.5), *outside])
    assert hours(found)[""] == (1488, 744)


def test_no_utilisation_is_unknown() -> None:
    for rows in ([], [busy(at(1) - 3600, cpu=0.5)]):
        found = run(devices=[CPU], utilisation=rows)
        assert hours(found) == dict.fromkeys(("", "cpu_", "gpu_"), (None, None))
        assert found["utilisation_coverage"] is None
    silent = run(devices=[CPU], utilisation=hourly(gpu=0.5))  # rows, but none of a CPU
    assert (silent["fp32_hours"], silent["utilisation_coverage"]) == (None, 0.0)
    no_servers = run(devices=[device("S", "storage")], utilisation=hourly(cpu=0.5))
    assert (no_servers["fp32_hours"], no_servers["utilisation_coverage"]) == (None, None)


def test_a_month_with_daylight_saving() -> None:
    zone = "Europe/Berlin"  # 743 hours
    rows = [busy(at(1, zone=zone) + 3600 * k, cpu=0.5) for k in range(743)]
    found = run(devices=[CPU], utilisation=rows, zone=zone)
    assert (found["cpu_fp32_hours"], found["utilisation_coverage"]) == (1486, 1.0)


def test_doubling_the_equipment_changes_no_ratio() -> None:
    devices = [{**CPU, "rated_w": 300}, {**GPU, "rated_w": 5000}, device("B", fp32_tflops=3.3, rated_w=450)]
    twice = [*devices, *({**row, "device_id": f"{row['device_id']}2"} for row in devices)]
    one, two = (run(devices=rows, utilisation=hourly(cpu=0.31, gpu=0.77, hours=500)) for rows in (devices, twice))
    assert two["rated_w"] == 2 * one["rated_w"]
    assert two["gflops"] == 2 * one["gflops"]
    assert two["fp32_used_hours"] / two["fp32_hours"] == one["fp32_used_hours"] / one["fp32_hours"]
    assert (two["utilisation_coverage"], two["rated_known_share"]) == (one["utilisation_coverage"], one["rated_known_share"])
