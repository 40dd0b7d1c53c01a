"""A small home that is in order: two sites, two months, every feed, and no rule finds anything but that history is short.

``S1`` has one supply, a solar roof with export, a backup generator, IT measured at the PDUs (category 2); ``S2`` has two supplies with a
check meter, IT measured at the IT input (category 3), a green-power trade. Everything is invented and worked out here in whole ticks: the
meters balance, the bills agree to the kWh, the certificates are what the meters and settlements say.
"""

from __future__ import annotations

from tests.pipeline.planted.tables import HOURS, MONTHS, START, TICKS, Row, Tables

ROOF, FARM, PARK = "PLNTSOLR000000001", "PLNTWIND000000002", "PLNTSOLR000000003"  # 17 characters each
TRADED_MWH, BOUGHT_MWH = 40, 20
MONTH_END = {"2025-12": "2025-12-31", "2026-01": "2026-01-31"}
NEXT_MONTH = {"2025-12": "2026-01", "2026-01": "2026-02"}
ASSESSED_ON = "2025-06-16"


def healthy() -> Tables:
    """The valid home, made anew on each call."""
    flows = {**_first_site(), **_second_site()}
    tables = Tables({}, flows | _supplied(flows), {})
    tables.rows = {
        "sites": _sites(), "meters": _meters(), "meter_parts": _parts(), "meter_events": _events(), "declarations": _declarations(),
        "racks": _racks(), "devices": _devices(), "utilisation": _utilisation(), "practices": _practices(), "activities": _activities(),
        "telemetry": _telemetry(), "tariffs": _tariffs(), "projects": _projects(), "ppa_contracts": _contracts(),
        "ppa_site_shares": _shares(), "ppa_settlements": _settlements(),
    }  # fmt: skip
    tables.rows |= {"bills": bills(tables), "certificates": _certificates(tables), "certificate_events": _certificate_events(tables)}
    tables.documents = {name: f"Invented for tests: {name}\n" for name in _documents(tables)}
    return tables


# What flows: whole ticks of 0.01 kWh (0.01 m³) an hour ------------------------------------------------------------------


def _wave(mean: int, number: int) -> list[int]:
    """A load that moves: a tenth up and down over the day, and a little from hour to hour, so that no two hours need be alike."""
    day = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1)
    return [mean + mean * (day[hour % 24] - 6) // 60 + (hour * (7919 + 2 * number)) % 97 for hour in range(HOURS)]


def _sun(peak: int) -> list[int]:
    shape = {8: 1, 9: 3, 10: 5, 11: 7, 12: 8, 13: 7, 14: 5, 15: 3, 16: 1}
    return [peak * shape.get(hour % 24, 0) // 8 + ((hour * 7919) % 89 if hour % 24 in shape else 0) for hour in range(HOURS)]


def _test_run(ticks: int) -> list[int]:
    """A backup generator: two hours of test on the 10th of each month."""
    tests = {(10, 9), (10, 10)}
    return [ticks if ((START.day - 1 + hour // 24) % 31 + 1, hour % 24) in tests else 0 for hour in range(HOURS)]


def _plus(*flows: list[int], loss: int = 0) -> list[int]:
    """The sum of flows and ``loss`` thousandths of it."""
    return [sum(ticks) * (1000 + loss) // 1000 for ticks in zip(*flows, strict=True)]


def _minus(flow: list[int], *others: list[int]) -> list[int]:
    return [ticks - sum(less) for ticks, *less in zip(flow, *others, strict=True)]


def _first_site() -> dict[str, list[int]]:
    return {
        "S1-PV": _sun(4000), "S1-EX": [500 if hour % 24 == 12 else 0 for hour in range(HOURS)], "S1-BG": _test_run(5000),
        "S1-P1": _wave(6000, 1), "S1-P2": _wave(4000, 2), "S1-C": _wave(2500, 3), "S1-X": _wave(300, 4), "S1-W": _wave(20, 5),
    }  # fmt: skip


def _second_site() -> dict[str, list[int]]:
    return {
        "S2-BG": _test_run(6000), "S2-I1": _wave(6500, 6), "S2-I2": _wave(5500, 7), "S2-C": _wave(2000, 8), "S2-X": _wave(400, 9),
        "S2-W": _wave(15, 10),
    }  # fmt: skip


def _supplied(flows: dict[str, list[int]]) -> dict[str, list[int]]:
    """What the meters above the loads see: the loads and what is lost on the way, less the sources."""
    ups = _plus(flows["S1-P1"], flows["S1-P2"], loss=10)
    loads = _plus(ups, flows["S1-C"], flows["S1-X"], loss=20)
    first = _minus(_plus(flows["S2-I1"], flows["S2-C"], loss=20), flows["S2-BG"])
    return {
        "S1-U": ups, "S1-G": _minus(_plus(loads, flows["S1-EX"]), flows["S1-PV"], flows["S1-BG"]),
        "S2-G1": first, "S2-G2": _plus(flows["S2-I2"], flows["S2-X"], loss=20), "S2-GC": list(first),
    }  # fmt: skip


def settle(tables: Tables) -> None:
    """After a change of loads or sources: what the meters above them see, and bills that say the same."""
    tables.flows.update(_supplied(tables.flows))
    tables.rows["bills"] = bills(tables)


# Sites and meters -------------------------------------------------------------------------------------------------------


def _sites() -> list[Row]:
    common = {
        "cluster_id": "PL", "geography": "CN-HE", "timezone": "Asia/Shanghai", "stage": "operation", "commissioned_on": "2023-05-01",
        "backup_generators": 1, "water_supply_points": 1, "storage": "none", "wue_category": 1, "design_racks": 2,
        "valid_from": "2024-01-01",
    }  # fmt: skip
    return [
        {"site_id": "S1", "name": "Planted site 1", "name_zh": "测试一号", "dc_type": "general", "design_power_kw": 200, "supply_points": 1,
         "onsite_sources": 1, "pue_category": 2, **common},
        {"site_id": "S2", "name": "Planted site 2", "name_zh": "测试二号", "dc_type": "ai", "design_power_kw": 220, "supply_points": 2,
         "onsite_sources": 0, "pue_category": 3, **common},
    ]  # fmt: skip


def meter(meter_id: str, point: str, parent: str | None = None, **more: object) -> Row:
    """A registry row of an hourly register in kWh with a valid calibration; ``more`` overrides."""
    return {
        "meter_id": meter_id, "site_id": meter_id[:2], "medium": "electricity", "point": point, "parent_meter_id": parent,
        "kind": "register", "unit": "kWh", "multiplier": 1, "register_digits": 8, "capacity": 400,
        "accuracy_class": "0.5S", "calibrated_until": "2027-12-31", "valid_from": "2024-01-01", **more,
    }  # fmt: skip


def _meters() -> list[Row]:
    interval = {"kind": "interval", "interval_minutes": 60, "register_digits": None}
    water = {"medium": "water", "unit": "m3", "capacity": 5, "accuracy_class": "2"}
    return [
        meter("S1-G", "grid_supply", accuracy_class="0.2S"),
        meter("S1-PV", "onsite_generation", "S1-G", project_code=ROOF, interval_label="end", **interval),
        meter("S1-EX", "export", "S1-G"),
        meter("S1-BG", "backup_generation", "S1-G"),
        meter("S1-U", "ups_output", "S1-G"),
        meter("S1-P1", "pdu_output", "S1-U"),
        meter("S1-P2", "pdu_output", "S1-U"),
        meter("S1-C", "cooling", "S1-G", accuracy_class="1"),
        meter("S1-X", "excluded", "S1-G"),
        meter("S1-W", "water_supply", **water),
        meter("S2-G1", "grid_supply", accuracy_class="0.2S"),
        meter("S2-G2", "grid_supply", accuracy_class="0.2S"),
        meter("S2-GC", "grid_supply", check_meter_of="S2-G1", accuracy_class="0.2S"),
        meter("S2-BG", "backup_generation", "S2-G1"),
        meter("S2-I1", "it_input", "S2-G1"),
        meter("S2-I2", "it_input", "S2-G2", interval_label="start", **interval),
        meter("S2-C", "cooling", "S2-G1"),
        meter("S2-X", "excluded", "S2-G2"),
        meter("S2-W", "water_supply", **water),
        meter("S2-V", "distribution", kind="virtual", register_digits=None, multiplier=None, accuracy_class=None, calibrated_until=None),
    ]


def _parts() -> list[Row]:
    return [{"meter_id": "S2-V", "member": member, "factor": 1, "valid_from": "2024-01-01"} for member in ("S2-G1", "S2-G2")]


def _events() -> list[Row]:
    return [{"meter_id": "S1-C", "at": "2025-12-10 10:00", "kind": "calibration", "note": "routine"}]


def _declarations() -> list[Row]:
    none = {"S1": ("storage", "heat_reuse", "reclaimed_water"), "S2": ("storage", "heat_reuse", "onsite_generation", "export")}
    return [
        {"site_id": site, "subject": subject, "statement": "none", "valid_from": "2025-01-01", "by": "Zhang San",
         "evidence": f"{site}-declarations.txt"}
        for site, subjects in none.items() for subject in subjects
    ]  # fmt: skip


BILLED = ("S1-G", "S2-G1", "S2-G2")


def bills(tables: Tables) -> list[Row]:
    """Bills of the supplies that say what the meters say."""
    return [
        {"site_id": name[:2], "meter_id": name, "period_start": f"{month}-01", "period_end": MONTH_END[month],
         "quantity": f"{tables.month_ticks(name, month) / TICKS:.2f}", "unit": "kWh", "amount": 1000, "currency": "CNY",
         "statement_no": f"{name}-{month}", "evidence": f"bill-{name}-{month}.txt"}
        for name in BILLED for month in MONTHS
    ]  # fmt: skip


# Equipment, practices, activities ---------------------------------------------------------------------------------------


def _racks() -> list[Row]:
    return [
        {"rack_id": f"{site}-R{n}", "site_id": site, "snapshot_on": MONTH_END[month], "room": f"{site}-10{n}", "u_height": 42,
         "rated_kw": 80, "fitted_on": "2023-05-01", "ai_rack": "false"}
        for month in MONTHS for site in ("S1", "S2") for n in (1, 2)
    ]  # fmt: skip


def _devices() -> list[Row]:
    return [
        {"device_id": f"{site}-D{n:02d}", "site_id": site, "snapshot_on": MONTH_END[month], "rack_id": f"{site}-R{1 + n // 5}",
         "kind": "gpu_server", "u_size": 8, "rated_w": 14000, "powered_on": "true", "fp32_tflops": 500, "storage_tb": 30,
         "network_gbps": 400, "model": "T-8GPU", "psu_count": 6, "psu_w": 3300, "commissioned_on": "2023-06-01"}
        for month in MONTHS for site in ("S1", "S2") for n in range(10)
    ]  # fmt: skip


def _utilisation() -> list[Row]:
    return [
        {"scope": "site", "site_id": site, "at": f"{month}-{1 + hour // 24:02d} {hour % 24:02d}:00", "cpu_ratio": f"0.{30 + hour % 11}",
         "gpu_ratio": f"0.{50 + hour % 13}"}
        for month in MONTHS for site in ("S1", "S2") for hour in range(744)
    ]  # fmt: skip


def _practices() -> list[Row]:
    items = ("A3.fire", "A4.power", "C1.hub", "G1.display", "H1.status", "J1.scope12", "J2.operation")
    return [
        {"site_id": site, "item_code": item, "level": 1, "assessed_on": ASSESSED_ON, "assessor": "Li Si",
         "evidence": f"{site}-assessment.txt"}
        for site in ("S1", "S2") for item in items
    ]  # fmt: skip


def _activities() -> list[Row]:
    said = (("diesel", 30, "L", 0.84), ("R-134a", 0, "kg", None), ("purchased_heat", 0, "kWh", None),
            ("equipment_retired", 100, "kg", None), ("equipment_reused", 50, "kg", None))  # fmt: skip
    rows: list[Row] = [
        {"site_id": site, "month": month, "activity": what, "quantity": quantity, "unit": unit, "density_kg_per_l": density,
         "evidence": f"{site}-activities.txt"}
        for month in MONTHS for site in ("S1", "S2") for what, quantity, unit, density in said
    ]  # fmt: skip
    return rows + [
        {"site_id": "S2", "month": month, "activity": "reclaimed_water", "quantity": 20, "unit": "m3", "evidence": "S2-activities.txt"}
        for month in MONTHS
    ]


def _telemetry() -> list[Row]:
    return [
        {"site_id": site, "at": f"{month}-15 12:00", "variable": "outdoor_temperature", "value": -3, "unit": "Cel"}
        for month in MONTHS for site in ("S1", "S2")
    ]  # fmt: skip


def _tariffs() -> list[Row]:
    return [{"site_id": site, "valid_from": "2025-01-01", "price_per_kwh": 0.45, "currency": "CNY"} for site in ("S1", "S2")]


# Green power ------------------------------------------------------------------------------------------------------------


def _projects() -> list[Row]:
    return [
        {"project_code": code, "name": name, "energy_type": kind, "geography": "CN-HE", "commissioned_on": day, "capacity_mw": mw}
        for code, name, kind, day, mw in (
            (ROOF, "Roof of S1", "solar", "2023-08-01", 0.05), (FARM, "Wind farm", "wind", "2024-04-15", 50),
            (PARK, "Solar park", "solar", "2021-06-30", 100),
        )
    ]  # fmt: skip


def _contracts() -> list[Row]:
    return [
        {"contract_id": contract, "kind": kind, "seller": "Seller", "project_code": project, "signed_on": "2024-12-01",
         "start_on": "2025-01-01", "end_on": "2026-12-31", "annual_mwh": annual, "attribute_clause": clause, "evidence": f"{contract}.txt"}
        for contract, kind, project, annual, clause in (
            ("K1", "onsite_owned", ROOF, 80, "bundled"), ("K2", "green_trade", FARM, 480, "bundled"),
            ("K3", "certificate_purchase", PARK, 240, "separate"),
        )
    ]  # fmt: skip


def _shares() -> list[Row]:
    return [
        {"contract_id": contract, "site_id": site, "share_ratio": share, "valid_from": "2025-01-01", "valid_to": "2026-12-31"}
        for contract, site, share in (("K1", "S1", 1), ("K2", "S2", 1), ("K3", "S1", 0.5), ("K3", "S2", 0.5))
    ]


def _settlements() -> list[Row]:
    return [
        {"contract_id": "K2", "month": month, "version": 1, "contract_mwh": TRADED_MWH, "ongrid_mwh": 9000, "mechanism_mwh": 0,
         "user_mwh": 110, "settled_mwh": TRADED_MWH, "statement_no": f"K2-{month}", "published_on": f"{NEXT_MONTH[month]}-06",
         "evidence": f"K2-{month}.txt"}
        for month in MONTHS
    ]  # fmt: skip


def roof_mwh(tables: Tables, month: str) -> int:
    """Whole MWh of the roof that S1 used itself in a month: what is certified as self-use."""
    return (tables.month_ticks("S1-PV", month) - tables.month_ticks("S1-EX", month)) // (1000 * TICKS)


def _issued(project: str, month: str, count: int, kind: str, energy_type: str) -> Row:
    own = kind == "self_use"
    code = f"{project}{month.replace('-', '')}{{:07d}}{'21' if own else '11'}"
    return {
        "project_code": project, "production_month": month, "seq_start": 1, "seq_end": count, "energy_class": kind,
        "energy_type": energy_type, "tradable": "false" if own else "true", "scheme": "GEC", "mechanism": "false", "ccer": "false",
        "issued_on": f"{NEXT_MONTH[month]}-08",
        "gec_code_first": code.format(1), "gec_code_last": code.format(count),
    }  # fmt: skip


def _certificates(tables: Tables) -> list[Row]:
    rows = []
    for month in MONTHS:
        rows.append(_issued(ROOF, month, roof_mwh(tables, month), "self_use", "solar"))
        rows.append(_issued(FARM, month, 8000, "on_grid", "wind"))
        rows.append(_issued(PARK, month, 5000, "on_grid", "solar"))
    return rows


def _event(project: str, month: str, first: int, last: int, kind: str, channel: str, contract: str, **more: object) -> Row:
    return {
        "project_code": project, "production_month": month, "seq_start": first, "seq_end": last, "kind": kind, "channel": channel,
        "contract_id": contract, "evidence": f"cancellations-{month}.txt", **more,
    }  # fmt: skip


def _certificate_events(tables: Tables) -> list[Row]:
    rows = []
    for month in MONTHS:
        transfer = {"on": f"{NEXT_MONTH[month]}-12", "to_account": "Planted"}

        def cancel(site: str, month: str = month) -> Row:
            return {"on": f"{NEXT_MONTH[month]}-20", "site_id": site, "beneficiary": f"Planted {site}", "consumption_month": month}

        rows += [
            _event(ROOF, month, 1, roof_mwh(tables, month), "cancel", "self_use", "K1", **cancel("S1")),
            _event(FARM, month, 1, TRADED_MWH, "transfer", "green_trade", "K2", **transfer),
            _event(FARM, month, 1, TRADED_MWH, "cancel", "green_trade", "K2", **cancel("S2")),
            _event(PARK, month, 1, BOUGHT_MWH, "transfer", "unbundled", "K3", **transfer),
            _event(PARK, month, 1, BOUGHT_MWH // 2, "cancel", "unbundled", "K3", **cancel("S1")),
            _event(PARK, month, BOUGHT_MWH // 2 + 1, BOUGHT_MWH, "cancel", "unbundled", "K3", **cancel("S2")),
        ]
    return rows


def _documents(tables: Tables) -> list[str]:
    return sorted({row["evidence"] for rows in tables.rows.values() for row in rows if row.get("evidence")})
