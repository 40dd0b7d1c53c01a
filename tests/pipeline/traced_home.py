"""A hand-made home in which every indicator of two sites and their cluster has a value, and every fate of a row occurs once.

S1 (cluster C): 150 kWh an hour from the grid, 100 kWh IT, 0.2 m3 water; ten certificates of 40 MWh, diesel and refrigerant, racks, servers,
practices. S2: 300 and 200 kWh, everything that can be is declared none. January 2026.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.cli.main import main
from resources.home import Home
from tests.pipeline.hand_made import METER_HEADER, hours_of, make_home, meter_rows, register, write_csv
from tests.pipeline.planted.world import Clock

MONTH = "2026-01"
WIND = "HANDWIND000000001"
SITES = ("site_id", "name", "cluster_id", "geography", "pue_category", "wue_category", "stage", "design_power_kw", "valid_from")
READINGS = ("meter_id", "read_at", "value")
ITEMS = {
    "A3.fire": 1, "A3.network": 0.5, "A4.power": 0.7, "C1.hub": 1, "C1.latency": 0.5, "G1.display": 1, "G1.billing": 0.5, "H1.status": 1,
    "J1.scope12": 1, "J2.operation": 0.5,
}  # fmt: skip


def traced_home(root: Path) -> Home:
    """The home with its month computed on 5 February 2026."""
    home = make_home(root, (MONTH,), sites=("S1", "S2"))
    land = home.landing
    with Clock("2026-02-05T08:00:00+08:00").stands():
        _registry(land)
        _readings(land)
        _equipment(land)
        _words(land)
        _green(land)
        assert main(["run", MONTH, "--home", str(root)]) == 0
    return home


def _registry(land: Path) -> None:
    write_csv(land / "sites" / "sites.csv", SITES, [
        ("S1", "One", "C", "CN-HE", "2", "1", "operation", "500", "2024-01-01"),
        ("S2", "Two", "C", "CN-HE", "2", "1", "operation", "300", "2024-01-01"),
    ])  # fmt: skip
    water = ("S1-W", "S1", "water", "water_supply", "", "register", "m3", "6", "2024-01-01")
    check = ("S1-K", "S1", "electricity", "grid_supply", "", "register", "kWh", "6", "2024-01-01")
    rows = [(*row, "") for site in ("S1", "S2") for row in (*meter_rows(site), *((water,) if site == "S1" else ()))]
    write_csv(land / "meters" / "meters.csv", (*METER_HEADER, "check_meter_of"), [*rows, (*check, "S1-G")])


def _readings(land: Path) -> None:
    """The month's file, and a second one with a row for each fate."""
    s1 = [*register("S1-G", MONTH, 150, 1000), *register("S1-I", MONTH, 100, 500), *register("S1-W", MONTH, 0.2, 10)]
    s2 = [*register("S2-G", MONTH, 300, 1000), *register("S2-I", MONTH, 200, 500)]
    check = register("S1-K", MONTH, 150, 7000)
    text = [*s1, *s2, *check]
    write_csv(land / "meter_readings" / f"{MONTH}.csv", READINGS, text)
    again = hours_of(MONTH)[100].strftime("%Y-%m-%d %H:%M")
    write_csv(land / "meter_readings" / "more.csv", (*READINGS, "remark"), [
        ("S1-G", again, f"{1000 + 150 * 100}", "the same again"),  # row 2: takes the place of row 102 of the month's file
        ("S1-G", "2026-01-20 10:30", "broken", "CT01"),  # row 3
        ("S9-X", "2026-01-20 10:30", "5", "no such meter"),  # row 4
        ("S1-G", "2026-01-20 10:20", "", "blank"),  # row 5
    ])  # fmt: skip
    (land / "meter_readings" / "notes.csv").write_text("no,such,columns\n1,2,3\n", encoding="utf-8")


def _equipment(land: Path) -> None:
    racks = [(f"R{n}", site, "2026-01-31", "42", "6") for site in ("S1", "S2") for n in ((1, 2, 3) if site == "S1" else (4, 5))]
    write_csv(land / "racks" / "racks.csv", ("rack_id", "site_id", "snapshot_on", "u_height", "rated_kw"), racks)
    header = ("device_id", "site_id", "snapshot_on", "rack_id", "kind", "u_size", "rated_w", "powered_on", "fp32_tflops", "storage_tb")
    devices = [
        ("D1", "S1", "2026-01-31", "R1", "gpu_server", "40", "150000", "1", "60.5", "10"),
        ("D2", "S1", "2026-01-31", "R2", "server", "10", "50000", "1", "2.25", ""),
        ("D3", "S1", "2026-01-31", "R2", "server", "10", "50000", "0", "2.25", ""),
        ("D4", "S2", "2026-01-31", "R4", "gpu_server", "40", "400000", "1", "90", "20"),
    ]
    write_csv(land / "devices" / "devices.csv", header, devices)
    days = [f"2026-01-{day:02d} 00:00" for day in range(1, 32)]
    rows = [("site", site, at, "0.25", "0.5") for site in ("S1", "S2") for at in days]
    write_csv(land / "utilisation" / "u.csv", ("scope", "site_id", "at", "cpu_ratio", "gpu_ratio"), rows)


def _words(land: Path) -> None:
    header = ("site_id", "item_code", "level", "assessed_on", "assessor", "evidence")
    rows = [(site, item, level, "2025-12-01", "A. Uditor", "p.txt") for site in ("S1", "S2") for item, level in ITEMS.items()]
    rows += [("S1", "A3.physical", 1, "2025-12-01", "A. Uditor", "")]  # no document: does not count
    write_csv(land / "practices" / "practices.csv", header, rows)
    rows = [("S1", MONTH, "diesel", "1000", "L", "0.84", "p.txt"), ("S1", MONTH, "R-410A", "2", "kg", "", ""),
            ("S1", MONTH, "purchased_heat", "0", "kWh", "", ""), ("S1", MONTH, "equipment_retired", "10", "pieces", "", ""),
            ("S1", MONTH, "equipment_reused", "4", "pieces", "", ""), ("S1", MONTH, "reclaimed_water", "50", "m3", "", "")]  # fmt: skip
    write_csv(land / "activities" / "a.csv", ("site_id", "month", "activity", "quantity", "unit", "density_kg_per_l", "evidence"), rows)
    rows = [
        ("S2", subject, "none", "2024-01-01", "B. Oss") for subject in ("water", "fuel", "refrigerant", "green_power", "reclaimed_water")
    ]
    rows += [("S1", "heat_reuse", "none", "2024-01-01", "B. Oss"), ("S2", "nonsense", "none", "2024-01-01", "B. Oss")]
    write_csv(land / "declarations" / "d.csv", ("site_id", "subject", "statement", "valid_from", "by"), rows)
    for name in ("p.txt", "c.txt"):
        (land / "evidence").mkdir(exist_ok=True)
        (land / "evidence" / name).write_text(f"a document {name}", encoding="utf-8")


def _green(land: Path) -> None:
    header = ("project_code", "name", "energy_type", "geography", "commissioned_on")
    write_csv(land / "projects" / "p.csv", header, [(WIND, "Wind", "wind", "CN-HE", "2023-05-01")])
    issued = ("project_code", "production_month", "seq_start", "seq_end", "energy_class", "energy_type", "tradable", "issued_on")
    write_csv(land / "certificates" / "i.csv", issued, [(WIND, MONTH, 1, 100, "on_grid", "wind", "true", "2026-02-02")])
    events = (
        "project_code", "production_month", "seq_start", "seq_end", "kind", "on", "site_id", "consumption_month", "channel", "evidence",
        "beneficiary",
    )  # fmt: skip
    write_csv(land / "certificate_events" / "e.csv", events, [
        (WIND, MONTH, 1, 40, "transfer", "2026-02-03", "S1", "", "unbundled", "c.txt", ""),
        (WIND, MONTH, 1, 40, "cancel", "2026-02-04", "S1", MONTH, "unbundled", "c.txt", "One"),
    ])  # fmt: skip
