"""Claims on the hours of meters: what is placed where, what is not, and that it never comes to more than was claimed."""

from __future__ import annotations

import random
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.staging.hourly_supply import GRID_SHARE, SUPPLY, HourlySupply, hourly_supply, issued_counts, place
from resources.calendar import month_hours_s

MONTH, ZONE = "2026-02", "Asia/Shanghai"
HOURS = month_hours_s(MONTH, ZONE)
MWH, KWH = 1_000_000, 1_000
SITE = {"site_id": "S1", "storage": "none", "pue_category": 2, "geography": "CN-HE"}
WIND, ROOF = "W" * 17, "R" * 17


def meter(name: str, point: str, **changes: Any) -> dict[str, Any]:
    row = {
        "meter_id": name, "site_id": "S1", "medium": "electricity", "point": point, "parent_meter_id": None, "kind": "interval",
        "check_meter_of": None, "project_code": None, "valid_from": "2024-01-01", "valid_to": None,
    }  # fmt: skip
    return row | changes


SUPPLY_METER = meter("G", "grid_supply")


def energy(name: str, kwh: Any, state: str = "measured", site: str = "S1") -> list[dict[str, Any]]:
    """The hours of a meter; ``kwh``: the same in every hour, or by number of the hour (None: missing)."""
    rows = []
    for number, hour in enumerate(HOURS):
        value = kwh(number) if callable(kwh) else kwh
        known = value is not None
        rows.append(
            {
                "site_id": site, "meter_id": name, "hour_s": hour, "quantity": value * KWH if known else None,
                "known_s": 3600 if known else 0, "state": state if known else "missing", "estimated": 0,
            }
        )  # fmt: skip
    return rows


SCHEMA = {
    "site_id": pl.String, "meter_id": pl.String, "hour_s": pl.Int64, "quantity": pl.Int64, "known_s": pl.Int64, "state": pl.String,
    "estimated": pl.Int64,
}  # fmt: skip


def claim(kwh: float, route: str = "green_trade", **changes: Any) -> dict[str, Any]:
    row = {
        "site_id": "S1", "month": MONTH, "route": route, "source": "certificate", "project_code": WIND, "production_month": MONTH,
        "quantity_wh": round(kwh * KWH), "carbon_free": True, "status": "eligible",
    }  # fmt: skip
    return row | changes


def totals(**points: int) -> list[dict[str, Any]]:
    """Totals of staging/energies in kWh by point."""
    return [{"site_id": "S1", "measure": f"point:{name}", "meter_id": "", "quantity": kwh * KWH} for name, kwh in points.items()]


def run(
    hours: list[dict[str, Any]], claims: list[dict[str, Any]], meters: list[dict[str, Any]], energies: list[dict[str, Any]] | None = None,
    **options: Any,
) -> HourlySupply:  # fmt: skip
    return hourly_supply(
        pl.DataFrame(hours, schema=SCHEMA).lazy(), claims, energies or [], meters, [SITE], month=MONTH, zones={"S1": ZONE}, **options
    )


def supplied(found: HourlySupply, column: str) -> list[int]:
    return found.supply[column].to_list()


N = len(HOURS)  # 672
SUN = [0] * 6 + [10] * 12 + [0] * 6  # kWh in the hours of a day: 120 a day


def sun(number: int) -> int:
    return SUN[number % 24]


def test_certificates_are_prorated_on_the_generation_of_their_project() -> None:
    """The project generates 120 kWh a day, 3,360 in the month; half of it is claimed: 5 kWh in each sunny hour."""
    off = meter("OFF", "offsite_generation", project_code=WIND)
    found = run([*energy("G", 20), *energy("OFF", sun)], [claim(1680)], [SUPPLY_METER, off])
    assert supplied(found, "prorated_wh") == [sun(n) // 2 * KWH for n in range(N)]
    assert supplied(found, "metered_wh") == [0] * N
    assert supplied(found, "load_wh") == [20 * KWH] * N
    (source,) = found.sources.to_dicts()
    assert (source["basis"], source["quantity_wh"], source["whole_wh"], source["placed_wh"]) == ("prorated", 1680_000, 3360_000, 1680_000)


def test_more_issued_than_generated_lowers_every_hour() -> None:
    """4 certificates on 3,360 kWh: claims of 2 MWh are half of what was issued, so half of each hour's generation."""
    off = meter("OFF", "offsite_generation", project_code=WIND)
    issued = [{"project_code": WIND, "production_month": MONTH, "seq_start": 1, "seq_end": 4}]
    found = run([*energy("G", 20), *energy("OFF", sun)], [claim(2000)], [SUPPLY_METER, off], certificates=issued)
    assert supplied(found, "prorated_wh") == [sun(n) // 2 * KWH for n in range(N)]
    assert found.sources["placed_wh"].to_list() == [1680_000]


def test_more_claimed_than_generated_is_cut_to_the_generation() -> None:
    off = meter("OFF", "offsite_generation", project_code=WIND)
    found = run([*energy("G", 20), *energy("OFF", sun)], [claim(5000)], [SUPPLY_METER, off])
    assert supplied(found, "prorated_wh") == [sun(n) * KWH for n in range(N)]


@pytest.mark.parametrize(
    ("changes", "meters", "state", "reason"),
    [
        ({}, [], "measured", "no generation profile"),
        ({"production_month": "2026-01"}, ["OFF"], "measured", "produced in another month"),
        ({}, ["OFF"], "missing", "generation is not known for the whole month"),
        ({}, ["OFF"], "profiled", "not metered hour by hour"),
    ],
)
def test_a_claim_without_hours_is_said_and_placed_nowhere(changes: dict[str, Any], meters: list[str], state: str, reason: str) -> None:
    registry = [SUPPLY_METER, *(meter(name, "offsite_generation", project_code=WIND) for name in meters)]
    generation = (lambda n: None if n == 5 else 1) if state == "missing" else 1
    found = run(
        [*energy("G", 20), *energy("OFF", generation, state if state != "missing" else "measured")], [claim(100, **changes)], registry
    )
    (source,) = found.sources.to_dicts()
    assert (source["basis"], source["reason"], source["placed_wh"]) == (None, reason, 0)
    assert sum(supplied(found, "prorated_wh")) == 0


def test_self_use_is_generation_less_export_and_the_plants_own_use_hour_by_hour() -> None:
    meters = [
        SUPPLY_METER, meter("PV", "onsite_generation", project_code=ROOF), meter("EX", "export"),
        meter("AUX", "excluded", project_code=ROOF),
    ]  # fmt: skip
    hours = [*energy("G", 20), *energy("PV", sun), *energy("EX", lambda n: 4 if sun(n) else 0), *energy("AUX", lambda n: 1)]
    whole = sum(max(0, sun(n) - (4 if sun(n) else 0) - 1) for n in range(N))  # 5 kWh in each sunny hour; at night nothing
    site = totals(onsite_generation=3360, export=28 * 48)
    site.append({"site_id": "S1", "measure": "point:excluded", "meter_id": "AUX", "quantity": -N * KWH})
    rows = [claim(whole, "onsite", source="onsite", project_code=ROOF)]
    found = run(hours, rows, meters, site)
    assert supplied(found, "metered_wh") == [(5 if sun(n) else 0) * KWH for n in range(N)]
    # the load is what E_DC counts: supply + generation − export − excluded
    assert supplied(found, "load_wh") == [(20 + sun(n) - (4 if sun(n) else 0) - 1) * KWH for n in range(N)]


def test_a_sold_part_of_the_roof_is_not_matched() -> None:
    """Of 3,360 kWh self-used, 840 are claimed (the rest was sold): a quarter of each hour."""
    meters = [SUPPLY_METER, meter("PV", "onsite_generation", project_code=ROOF)]
    rows = [claim(840, "onsite", source="onsite", project_code=ROOF)]
    found = run([*energy("G", 20), *energy("PV", lambda n: 4 * sun(n) // 4)], rows, meters, totals(onsite_generation=3360))
    assert supplied(found, "metered_wh") == [sun(n) * KWH // 4 for n in range(N)]


def test_a_direct_line_is_its_meter() -> None:
    meters = [SUPPLY_METER, meter("DL", "direct_line", project_code=WIND)]
    rows = [claim(7000, "direct_line")]  # whole certificates: a little more than the meter shows
    found = run([*energy("G", 20), *energy("DL", 10)], rows, meters, totals(direct_line=6720))
    assert supplied(found, "metered_wh") == [10 * KWH] * N
    assert supplied(found, "load_wh") == [30 * KWH] * N


def test_an_hour_that_is_not_metered_matches_nothing() -> None:
    """Unknown generation: counted as unknown; unknown load: no row at all."""
    meters = [SUPPLY_METER, meter("PV", "onsite_generation", project_code=ROOF)]
    rows = [claim(3000, "onsite", source="onsite", project_code=ROOF)]
    generation = [*energy("PV", lambda n: None if n == 7 else sun(n))]
    found = run([*energy("G", lambda n: None if n == 8 else 20), *generation], rows, meters, totals(onsite_generation=3350))
    table = found.supply.to_dicts()
    assert HOURS[8] not in [row["hour_s"] for row in table]  # the load needs all its meters
    assert HOURS[7] not in [row["hour_s"] for row in table]  # … the roof is one of them
    other = run([*energy("G", 20), *generation], rows, [SUPPLY_METER, meter("PV", "offsite_generation", project_code=ROOF)])
    assert len(other.supply) == N


def test_profiles_with_an_unknown_hour_count_it() -> None:
    meters = [SUPPLY_METER, meter("OFF", "offsite_generation", project_code=WIND)]
    hours = energy("OFF", sun)
    hours[9] |= {"state": "estimated", "estimated": 3 * KWH}
    found = run([*energy("G", 20), *hours], [claim(3360)], meters)
    rows = found.supply.to_dicts()
    assert (rows[9]["prorated_wh"], rows[9]["unknown"], rows[10]["prorated_wh"], rows[10]["unknown"]) == (0, 1, 10 * KWH, 0)


def test_what_is_not_eligible_or_of_another_site_is_left_out() -> None:
    rows = [claim(100, status="pending"), claim(100, status="excluded"), claim(100, site_id="S2"), claim(100, site_id=None)]
    assert run(energy("G", 20), rows, [SUPPLY_METER]).sources.is_empty()


def test_the_share_of_the_grid_is_the_mean_of_the_hour() -> None:
    telemetry = [
        {"site_id": "S1", "variable": GRID_SHARE, "unit": "1", "at_s": HOURS[0], "value": 0.2},
        {"site_id": "S1", "variable": GRID_SHARE, "unit": "1", "at_s": HOURS[0] + 1800, "value": 0.4},
        {"site_id": "S1", "variable": GRID_SHARE, "unit": "1", "at_s": HOURS[-1] + 3599, "value": 0.5},
        {"site_id": "S1", "variable": GRID_SHARE, "unit": "1", "at_s": HOURS[-1] + 3600, "value": 0.9},  # the next month
        {"site_id": "S1", "variable": GRID_SHARE, "unit": "%", "at_s": HOURS[1], "value": 0.4},
        {"site_id": "S1", "variable": "outdoor_temperature", "unit": "1", "at_s": HOURS[2], "value": 0.4},
        {"site_id": "S9", "variable": GRID_SHARE, "unit": "1", "at_s": HOURS[3], "value": 0.4},
    ]
    shares = supplied(run(energy("G", 20), [], [SUPPLY_METER], telemetry=telemetry), "grid_share_e6")
    assert (shares[0], shares[-1], shares[1:4]) == (300_000, 500_000, [None] * 3)


def test_issued_numbers_count_once() -> None:
    spans = ((0, 9), (5, 14), (30, 30), (9, 3))
    rows = [{"project_code": WIND, "production_month": MONTH, "seq_start": start, "seq_end": end} for start, end in spans]
    assert issued_counts([*rows, {**rows[0], "production_month": "2026-01"}], MONTH) == {WIND: 16}


def test_row_order_changes_nothing() -> None:
    meters = [SUPPLY_METER, meter("OFF", "offsite_generation", project_code=WIND), meter("PV", "onsite_generation", project_code=ROOF)]
    hours = [*energy("G", lambda n: 20 + n % 3), *energy("OFF", sun), *energy("PV", lambda n: sun(n) // 2)]
    rows = [claim(500), claim(333.333), claim(1000, "onsite", source="onsite", project_code=ROOF), claim(9, project_code="X" * 17)]
    first = run(hours, rows, meters, totals(onsite_generation=1680))
    for seed in range(3):
        shuffled = [list(part) for part in (hours, rows, meters)]
        for part in shuffled:
            random.Random(seed).shuffle(part)
        again = run(*shuffled, totals(onsite_generation=1680))
        assert first.supply.equals(again.supply)
        assert first.sources.equals(again.sources)
    assert first.supply.schema == pl.Schema(SUPPLY)


@given(
    quantity=st.integers(0, 10**12),
    whole=st.integers(0, 10**12),
    hours=st.dictionaries(st.integers(0, 50), st.integers(0, 10**11), max_size=20),
)
def test_what_is_placed_is_exact_and_never_more(quantity: int, whole: int, hours: dict[int, int]) -> None:
    placed = place(quantity, whole, hours)
    total = sum(hours.values())
    assert sum(placed.values()) == (min(quantity, max(whole, total)) * total // max(whole, total) if total else 0)
    assert sum(placed.values()) <= min(quantity, total)
    assert all(placed[hour] <= hours[hour] for hour in hours)
    if whole <= total and quantity >= total:
        assert placed == hours


@given(
    hours=st.dictionaries(st.integers(0, 30), st.integers(0, 1000), min_size=1, max_size=12),
    quantity=st.integers(0, 5000),
    gone=st.integers(0, 30),
)
def test_hiding_a_metered_hour_gives_no_other_hour_more(hours: dict[int, int], quantity: int, gone: int) -> None:
    """The whole of the month is known from its register: what is hidden stays in it."""
    whole = sum(hours.values())
    before, after = place(quantity, whole, hours), place(quantity, whole, {hour: wh for hour, wh in hours.items() if hour != gone})
    assert all(after[hour] <= before[hour] + 1 for hour in after)  # a running total is divided: one Wh may move
