"""From hours of meters to E_DC, E_IT, water and points: exact sums, unknown hours, hours known on both sides."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.staging.contributions import CONTRIBUTION_SCHEMA, Contributions
from assets.staging.energies import SCALED, SCHEMA, site_energies
from resources.calendar import month_hours_s
from resources.errors import GciError

MONTH, ZONE = "2026-02", "Asia/Shanghai"
HOURS = month_hours_s(MONTH, ZONE)
N = 672  # 28 days of 24 hours
UNKNOWN = (None, 0, 0)


def meter(meter_id: str, point: str, parent: str | None = None, **other: Any) -> dict[str, Any]:
    return {
        "meter_id": meter_id, "site_id": "S1", "medium": "electricity", "point": point, "parent_meter_id": parent, "kind": "register",
        "check_meter_of": None, "valid_from": "2025-01-01", "valid_to": None, **other,
    }  # fmt: skip


def site(**other: Any) -> dict[str, Any]:
    return {"site_id": "S1", "pue_category": 1, "storage": "none", **other}


def hours_of(
    meter_id: str, quantity: int, holes: dict[int, tuple[int | None, int, int]] | None = None, span: range = range(N)
) -> list[Any]:
    """Rows of a meter: the same quantity each hour, but for ``holes``: hour → (quantity, known_s, estimated)."""
    rows = []
    for k in span:
        q, known_s, estimated = (holes or {}).get(k, (quantity, 3600, 0))
        rows.append(("S1", meter_id, HOURS[k], q, known_s, "measured" if known_s else "missing", None, estimated))
    return rows


def frame(*rows: list[Any]) -> pl.DataFrame:
    schema = {
        "site_id": pl.String, "meter_id": pl.String, "hour_s": pl.Int64, "quantity": pl.Int64, "known_s": pl.Int64, "state": pl.String,
        "method": pl.String, "estimated": pl.Int64,
    }  # fmt: skip
    return pl.DataFrame([row for part in rows for row in part], schema=schema, orient="row")


def facts(**steps: int | None) -> pl.DataFrame:
    rows = [(name, "water_supply", step) for name, step in steps.items()]
    return pl.DataFrame(rows, schema={"meter_id": pl.String, "point": pl.String, "median_step_s": pl.Int64}, orient="row")


def run(
    energy: pl.DataFrame, meters: list[dict[str, Any]], sites: list[dict[str, Any]] | None = None, water: pl.DataFrame | None = None
) -> pl.DataFrame:
    """The table, after the checks that hold for every table: its columns, and that meters and hours sum to each total."""
    found = site_energies(energy, facts() if water is None else water, meters, sites or [site()], MONTH, {"S1": ZONE})
    assert found.schema == SCHEMA
    for (measure,), rows in found.partition_by("measure", as_dict=True).items():
        total = rows.filter(pl.col("meter_id") == "")
        assert total.height == 1
        hourly = Contributions(energy, found, "S1").of(str(measure))
        assert hourly.schema == CONTRIBUTION_SCHEMA
        if total["quantity"][0] is not None:
            assert rows.filter(pl.col("meter_id") != "")["quantity"].sum() == total["quantity"][0]
            assert (hourly["sign"] * hourly["quantity"]).sum() == total["quantity"][0]
    return found


def total(found: pl.DataFrame, measure: str, column: str = "quantity", meter_id: str = "") -> Any:
    rows = found.filter((pl.col("measure") == measure) & (pl.col("meter_id") == meter_id))
    assert rows.height == 1, f"{measure} {meter_id}: {rows.height} rows"
    return rows[column][0]


def names(found: pl.DataFrame) -> set[str]:
    return set(found["measure"])


# The vectors of the design --------------------------------------------------------------------------------------------


def test_grid_and_solar_feed_it_and_cooling() -> None:
    meters = [meter("G", "grid_supply"), meter("PV", "onsite_generation", "G"), meter("U", "ups_output", "G"), meter("C", "cooling", "G")]
    found = run(frame(hours_of("G", 95), hours_of("PV", 5), hours_of("U", 80), hours_of("C", 20)), meters)
    assert total(found, "E_DC") == 100 * N
    assert total(found, "E_IT") == 80 * N
    assert total(found, "E_DC@D1") == 100 * N
    assert total(found, "E_IT@D1") == 80 * N
    assert total(found, "point:cooling") == 20 * N
    assert total(found, "point:onsite_generation", meter_id="PV") == 5 * N
    row = found.filter((pl.col("measure") == "E_DC") & (pl.col("meter_id") == "")).to_dicts()[0]
    assert (row["known_s"], row["expected_s"], row["estimated"], row["month"]) == (N * 3600, N * 3600, 0, MONTH)


@pytest.mark.parametrize(("category", "pue"), [(1, "1.2000"), (2, "1.2371"), (3, "1.2500")])
def test_three_categories(category: int, pue: str) -> None:
    chain = [meter("G", "grid_supply"), meter("U", "ups_output", "G"), meter("P", "pdu_output", "U"), meter("I", "it_input", "P")]
    mwh = {"G": 1200, "U": 1000, "P": 970, "I": 960}
    # all of it in the first hour: a month's energy need not divide by its hours
    energy = frame(*(hours_of(name, 0, {0: (value * 1_000_000, 3600, 0)}) for name, value in mwh.items()))
    found = run(energy, chain, [site(pue_category=category)])
    assert f"{total(found, 'E_DC@D1') / total(found, 'E_IT@D1'):.4f}" == pue


def test_water_and_it() -> None:
    meters = [meter("G", "grid_supply"), meter("U", "ups_output", "G"), meter("W", "water_supply", medium="water")]
    energy = frame(
        hours_of("G", 0), hours_of("U", 0, {0: (10_000_000_000, 3600, 0)}), hours_of("W", 0, {0: (7_000_000, 3600, 0)})
    )  # 10,000,000 kWh and 7000 m3
    found = run(energy, meters, water=facts(W=3600))
    assert total(found, "water@D2") / (total(found, "E_IT@D2") / 1000) == 0.70


def test_no_it_energy_is_zero_not_unknown() -> None:
    found = run(frame(hours_of("G", 7), hours_of("U", 0)), [meter("G", "grid_supply"), meter("U", "ups_output", "G")])
    assert (total(found, "E_DC@D1"), total(found, "E_IT@D1"), total(found, "E_IT")) == (7 * N, 0, 0)


@pytest.mark.parametrize(("storage", "expected"), [("outside", 100 + 3 - 8), ("inside", 100), ("none", 100)])
def test_storage(storage: str, expected: int) -> None:
    meters = [meter("G", "grid_supply"), meter("SC", "storage_charge", "G"), meter("SD", "storage_discharge", "G")]
    found = run(frame(hours_of("G", 100), hours_of("SC", 8), hours_of("SD", 3)), meters, [site(storage=storage)])
    assert total(found, "E_DC") == expected * N
    assert (total(found, "point:storage_charge"), total(found, "point:storage_discharge")) == (8 * N, 3 * N)


def test_export_and_excluded_are_subtracted() -> None:
    meters = [meter("G", "grid_supply"), meter("EX", "export", "G"), meter("U", "ups_output", "G"), meter("OFF", "excluded", "U")]
    found = run(frame(hours_of("G", 100), hours_of("EX", 10), hours_of("U", 60), hours_of("OFF", 5)), meters)
    assert (total(found, "E_DC"), total(found, "E_IT")) == (85 * N, 55 * N)
    assert total(found, "E_DC", meter_id="EX") == -10 * N
    assert total(found, "E_DC", "sign", "EX") == -1
    assert total(found, "point:excluded") == 5 * N


# Unknown hours --------------------------------------------------------------------------------------------------------

TWO_IT = [meter("G", "grid_supply"), meter("U1", "ups_output", "G"), meter("U2", "ups_output", "G")]


def test_a_missing_hour_leaves_both_sides_of_d1() -> None:
    found = run(frame(hours_of("G", 10), hours_of("U1", 4), hours_of("U2", 4, {5: UNKNOWN})), TWO_IT)
    assert (total(found, "E_DC@D1"), total(found, "E_IT@D1")) == (10 * 671, 8 * 671)
    assert total(found, "E_DC@D1", "known_s") == total(found, "E_IT@D1", "known_s") == 671 * 3600
    assert total(found, "E_DC@D1", "metered_s") == total(found, "E_DC", "metered_s") - 3600 == 671 * 3600
    assert total(found, "E_DC@D1", "expected_s") == N * 3600
    # the month: what U1 knows of the hour is kept, U2's hour is filled at its own mean rate
    assert (total(found, "E_DC"), total(found, "E_IT")) == (10 * N, 8 * N)
    assert (total(found, "E_IT", meter_id="U2"), total(found, "E_IT", meter_id=SCALED)) == (4 * 671, 4)
    assert (total(found, "E_IT", "estimated"), total(found, "E_IT", "known_s"), total(found, "E_IT", "known_s", "U2")) == (
        4,
        671 * 3600,
        671 * 3600,
    )
    assert found.filter((pl.col("measure") == "E_DC") & (pl.col("meter_id") == SCALED)).is_empty()


def test_an_estimated_hour_is_known_and_not_metered() -> None:
    energy = frame(hours_of("G", 10), hours_of("U1", 4), hours_of("U2", 4, {5: (4, 3600, 4), 6: (0, 3600, 0)}))
    guessed = (pl.col("meter_id") == "U2") & pl.col("hour_s").is_in(HOURS[5:7])  # the second one: estimated to be zero
    found = run(energy.with_columns(state=pl.when(guessed).then(pl.lit("estimated")).otherwise("state")), TWO_IT)
    assert (total(found, "E_IT", "known_s"), total(found, "E_IT", "metered_s")) == (N * 3600, (N - 2) * 3600)
    assert (total(found, "E_IT", "metered_s", "U1"), total(found, "E_IT", "metered_s", "U2")) == (N * 3600, (N - 2) * 3600)
    assert (total(found, "E_DC", "metered_s"), total(found, "E_DC@D1", "metered_s")) == (N * 3600, (N - 2) * 3600)


def test_an_hour_without_a_row_is_unknown() -> None:
    energy = frame(hours_of("G", 10), hours_of("U1", 4), hours_of("U2", 4, {5: UNKNOWN}))
    whole = run(energy, TWO_IT)
    assert run(energy.filter(pl.col("known_s") > 0), TWO_IT).equals(whole)


def test_a_known_quarter_is_kept_and_only_the_rest_filled() -> None:
    found = run(frame(hours_of("G", 10), hours_of("U1", 400), hours_of("U2", 400, {5: (330, 2700, 0)})), TWO_IT)
    assert total(found, "E_IT", meter_id="U2") == 400 * 671 + 330
    # 900 s at (268,730 Wh / 2,418,300 s) = 100.01 Wh
    assert total(found, "E_IT", meter_id=SCALED) == 100
    assert total(found, "E_IT@D1") == 800 * 671


@pytest.mark.parametrize(("missing", "known"), [(33, True), (34, False)])  # 33 of 672 hours are 4.9 %, 34 are 5.06 %
def test_filled_up_to_a_twentieth_of_the_month(missing: int, known: bool) -> None:
    holes = dict.fromkeys(range(100, 100 + missing), UNKNOWN)
    found = run(frame(hours_of("G", 10), hours_of("U1", 4), hours_of("U2", 4, holes)), TWO_IT)
    assert total(found, "E_IT") == (8 * N if known else None)
    assert total(found, "E_IT", meter_id="U2") == 4 * (N - missing)  # what is known stays listed
    assert found.filter((pl.col("measure") == "E_IT") & (pl.col("meter_id") == SCALED)).height == known
    assert total(found, "E_IT@D1") == 8 * (N - missing)
    assert total(found, "E_DC") == 10 * N


def test_a_silent_meter_makes_its_side_unknown() -> None:
    found = run(frame(hours_of("G", 10), hours_of("U1", 4)), TWO_IT)  # U2 has not even rows
    assert total(found, "E_IT") is None
    assert total(found, "E_IT", meter_id="U2") is None
    assert total(found, "E_IT", meter_id="U1") == 4 * N
    assert (total(found, "E_DC@D1"), total(found, "E_DC@D1", "known_s")) == (None, 0)
    assert total(found, "E_DC") == 10 * N


def test_absent_is_not_zero() -> None:
    found = run(frame(hours_of("G", 10)), [meter("G", "grid_supply")])
    assert names(found) == {"E_DC", "point:grid_supply"}
    only_subtracting = run(frame(hours_of("X", 1)), [meter("X", "export")])
    assert names(only_subtracting) == {"point:export"}
    assert run(frame(), []).is_empty()


def test_estimates_are_counted_without_sign() -> None:
    meters = [meter("G", "grid_supply"), meter("X", "export", "G")]
    found = run(frame(hours_of("G", 10, {1: (10, 3600, 10)}), hours_of("X", 2, {3: (2, 3600, 2)})), meters)
    assert (total(found, "E_DC"), total(found, "E_DC", "estimated"), total(found, "E_DC", "estimated", "X")) == (8 * N, 12, 2)


def test_fillings_of_both_signs_do_not_cancel_in_what_is_estimated() -> None:
    meters = [meter("G", "grid_supply"), meter("X", "export", "G")]
    found = run(frame(hours_of("G", 10, {1: UNKNOWN}), hours_of("X", 10, {1: UNKNOWN})), meters)
    assert (total(found, "E_DC"), total(found, "E_DC", meter_id=SCALED), total(found, "E_DC", "estimated")) == (0, 0, 20)


# Meters that count for a part of the month ------------------------------------------------------------------------------


def test_one_meter_takes_over_from_another() -> None:
    meters = [
        meter("G", "grid_supply"),
        meter("A", "ups_output", "G", valid_to="2026-02-10"),
        meter("B", "ups_output", "G", valid_from="2026-02-11"),
    ]
    found = run(frame(hours_of("G", 10), hours_of("A", 6, span=range(240)), hours_of("B", 7, span=range(240, N))), meters)
    assert total(found, "E_IT") == total(found, "E_IT@D1") == 6 * 240 + 7 * 432
    assert total(found, "E_IT", "expected_s", "A") == 240 * 3600


@pytest.mark.parametrize(("first_day", "expected"), [("2026-02-02", 8 * N), ("2026-02-03", None)])  # 24 hours are 3.6 %, 48 are 7.1 %
def test_hours_before_the_first_meter_are_unknown(first_day: str, expected: int | None) -> None:
    skipped = 24 * (int(first_day[-2:]) - 1)
    meters = [meter("G", "grid_supply"), meter("U", "ups_output", "G", valid_from=first_day)]
    found = run(frame(hours_of("G", 10), hours_of("U", 8, span=range(skipped, N))), meters)
    assert total(found, "E_IT") == expected
    assert total(found, "E_IT", meter_id="U") == 8 * (N - skipped)
    assert (total(found, "E_DC@D1"), total(found, "E_IT@D1")) == (10 * (N - skipped), 8 * (N - skipped))


@pytest.mark.parametrize("point", ["auxiliary", "excluded"])
def test_a_meter_that_changes_its_point(point: str) -> None:
    meters = [
        meter("G", "grid_supply"),
        meter("U", "ups_output", "G"),
        meter("M", "ups_output", "G"),
        meter("M", point, "G", valid_from="2026-02-15"),
    ]
    found = run(frame(hours_of("G", 10), hours_of("U", 4), hours_of("M", 3)), meters)
    assert total(found, "E_IT", meter_id="M") == 3 * 336
    assert total(found, f"point:{point}") == 3 * 336
    assert total(found, f"point:{point}", "expected_s") == 336 * 3600
    assert total(found, "E_DC") == 10 * N - (3 * 336 if point == "excluded" else 0)


# Points and water -----------------------------------------------------------------------------------------------------


def test_points_of_every_medium() -> None:
    meters = [
        meter("HR", "heat_reuse", medium="heat"), meter("RW", "reclaimed_supply", medium="water"),
        meter("WD", "water_discharge", medium="water"), meter("F", "fuel_use", medium="diesel"), meter("OFF", "offsite_generation"),
    ]  # fmt: skip
    found = run(frame(*(hours_of(m["meter_id"], 2) for m in meters)), meters)
    assert names(found) == {f"point:{m['point']}" for m in meters}
    assert set(found.filter(pl.col("meter_id") == "")["quantity"]) == {2 * N}


def test_two_fuels_are_not_added_up() -> None:
    meters = [meter("F", "fuel_use", medium="diesel"), meter("NG", "fuel_use", medium="natural_gas")]
    found = run(frame(hours_of("F", 2), hours_of("NG", 3)), meters)
    assert total(found, "point:fuel_use") is None
    assert (total(found, "point:fuel_use", meter_id="F"), total(found, "point:fuel_use", meter_id="NG")) == (2 * N, 3 * N)


WATER = [meter("G", "grid_supply"), meter("U", "ups_output", "G"), meter("W", "water_supply", medium="water")]


def test_hourly_water_uses_the_hours_known_on_both_sides() -> None:
    energy = frame(hours_of("G", 10), hours_of("U", 8, {1: UNKNOWN}), hours_of("W", 2, {2: UNKNOWN}))
    found = run(energy, WATER, water=facts(W=3600))
    assert (total(found, "water@D2"), total(found, "E_IT@D2")) == (2 * 670, 8 * 670)
    assert (total(found, "water"), total(found, "E_IT@D1")) == (2 * N, 8 * 671)


@pytest.mark.parametrize("step", [86_400, 4501, None])
def test_water_read_less_often_uses_the_month(step: int | None) -> None:
    energy = frame(hours_of("G", 10), hours_of("U", 8, {1: UNKNOWN}), hours_of("W", 2, {2: UNKNOWN}))
    found = run(energy, WATER, water=facts(W=step))
    assert (total(found, "water@D2"), total(found, "E_IT@D2")) == (2 * N, 8 * N)
    assert total(found, "water@D2", meter_id=SCALED) == 2


# The trace ------------------------------------------------------------------------------------------------------------


def test_contributions_of_d1_hold_only_hours_known_on_both_sides() -> None:
    energy = frame(hours_of("G", 10), hours_of("U1", 4), hours_of("U2", 4, {5: UNKNOWN}))
    found = Contributions(energy, run(energy, TWO_IT), "S1").of("E_DC@D1")
    assert found.height == 671
    assert HOURS[5] not in found["hour_s"].to_list()
    assert found.row(0) == ("G", 1, HOURS[0], 10, "measured", None)


def test_contributions_name_what_was_filled() -> None:
    energy = frame(hours_of("G", 10), hours_of("U1", 4), hours_of("U2", 4, {5: UNKNOWN}))
    found = Contributions(energy, run(energy, TWO_IT), "S1").of("E_IT")
    assert found.filter(pl.col("meter_id") == SCALED).rows() == [(SCALED, 1, None, 4, "estimated", "scaled")]


def test_contributions_of_an_unknown_total_are_what_is_known() -> None:
    energy = frame(hours_of("G", 10), hours_of("U1", 4))
    found = Contributions(energy, run(energy, TWO_IT), "S1").of("E_IT")
    assert set(found["meter_id"]) == {"U1"}


def test_contributions_of_what_is_not_there() -> None:
    energy = frame(hours_of("G", 10))
    assert Contributions(energy, run(energy, [meter("G", "grid_supply")]), "S1").of("E_IT").is_empty()


@pytest.mark.parametrize("measure", ["E_IT", "E_IT@D1", "E_DC@D1"])
def test_a_changed_hour_is_noticed(measure: str) -> None:
    energy = frame(hours_of("G", 10), hours_of("U1", 4), hours_of("U2", 4))
    stored = run(energy, TWO_IT)
    changed = energy.with_columns(
        pl.when(pl.int_range(pl.len()) % N == 9).then(pl.col("quantity") + 1).otherwise(pl.col("quantity")).alias("quantity")
    )
    with pytest.raises(GciError, match="gci verify"):
        Contributions(changed, stored, "S1").of(measure)


# Clocks, several sites, imports ---------------------------------------------------------------------------------------


def test_a_month_of_743_hours() -> None:
    hours = month_hours_s("2026-03", "Europe/Berlin")
    rows = [("S1", name, hour, 5, 3600, "measured", None, 0) for name in ("G", "U") for hour in hours]
    found = site_energies(
        frame(rows), facts(), [meter("G", "grid_supply"), meter("U", "ups_output", "G")], [site()], "2026-03", {"S1": "Europe/Berlin"}
    )
    assert (total(found, "E_DC"), total(found, "E_DC", "expected_s")) == (5 * 743, 743 * 3600)


def test_a_half_hour_zone() -> None:
    hours = month_hours_s(MONTH, "Asia/Kolkata")
    assert hours[0] % 3600 == 1800
    rows = [("S1", "G", hour, 5, 3600, "measured", None, 0) for hour in hours]
    found = site_energies(frame(rows), facts(), [meter("G", "grid_supply")], [site()], MONTH, {"S1": "Asia/Kolkata"})
    assert total(found, "E_DC") == 5 * N


def test_sites_do_not_mix() -> None:
    meters = [meter("G", "grid_supply"), meter("H", "grid_supply", site_id="S2")]
    other = [("S2", *row[1:]) for row in hours_of("H", 3)]
    found = site_energies(frame(hours_of("G", 10), other), facts(), meters, [site(), site(site_id="S2")], MONTH, {"S1": ZONE, "S2": ZONE})
    totals = found.filter((pl.col("measure") == "E_DC") & (pl.col("meter_id") == ""))
    assert totals.select("site_id", "quantity").rows() == [("S1", 10 * N), ("S2", 3 * N)]


def test_reading_commands_pay_no_pandas() -> None:
    code = "import sys, assets.staging.energies; sys.exit(any(m in sys.modules for m in ('pandas', 'pandera', 'dagster')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Properties -----------------------------------------------------------------------------------------------------------

MIXED = [
    meter("G", "grid_supply"), meter("PV", "onsite_generation", "G"), meter("X", "export", "G"), meter("U1", "ups_output", "G"),
    meter("U2", "ups_output", "G", valid_from="2026-02-02"), meter("OFF", "excluded", "U1"), meter("W", "water_supply", medium="water"),
]  # fmt: skip
IDS = [m["meter_id"] for m in MIXED]
hole = st.one_of(st.just(UNKNOWN), st.tuples(st.integers(0, 50), st.integers(1, 3600), st.integers(0, 5)))
holes = st.fixed_dictionaries({name: st.dictionaries(st.integers(0, N - 1), hole, max_size=6) for name in IDS})
rates = st.fixed_dictionaries({name: st.integers(0, 10**9) for name in IDS})


def mixed(rate: dict[str, int], gaps: dict[str, Any]) -> pl.DataFrame:
    return frame(*(hours_of(name, rate[name], gaps[name], range(24 if name == "U2" else 0, N)) for name in IDS))


@settings(max_examples=15, deadline=None)
@given(rates, holes, st.randoms(use_true_random=False))
def test_sums_are_exact_and_free_of_order(rate: dict[str, int], gaps: dict[str, Any], rng: Any) -> None:
    energy = mixed(rate, gaps)
    found = run(energy, MIXED, water=facts(W=3600))  # run checks every sum
    shuffled, meters = energy.sample(fraction=1, shuffle=True, seed=rng.randrange(1000)), list(MIXED)
    rng.shuffle(meters)
    again = site_energies(shuffled, facts(W=3600), meters, [site()], MONTH, {"S1": ZONE})
    assert again.equals(found)
    assert Contributions(shuffled, found.reverse(), "S1").of("E_IT@D1").equals(Contributions(energy, found, "S1").of("E_IT@D1"))


@settings(max_examples=10, deadline=None)
@given(rates, holes)
def test_doubling_every_meter_doubles_both_sides(rate: dict[str, int], gaps: dict[str, Any]) -> None:
    energy = mixed(rate, gaps)
    twice = energy.with_columns(pl.col("quantity", "estimated") * 2)
    one, two = (run(e, MIXED, water=facts(W=3600)).filter(pl.col("measure").str.contains("@")) for e in (energy, twice))
    assert two["quantity"].to_list() == [None if q is None else 2 * q for q in one["quantity"]]


@settings(max_examples=10, deadline=None)
@given(
    st.lists(st.integers(0, 10**9), min_size=N, max_size=N),
    st.sets(st.integers(0, N - 1), max_size=40),
    st.sets(st.integers(0, N - 1), max_size=40),
)
def test_it_equal_to_the_facility_gives_exactly_one(load: list[int], no_supply: set[int], no_it: set[int]) -> None:
    rows = {"G": no_supply, "U": no_it}
    energy = frame(
        *(hours_of(name, 0, {k: UNKNOWN if k in gone else (q, 3600, 0) for k, q in enumerate(load)}) for name, gone in rows.items())
    )
    found = run(energy, [meter("G", "grid_supply"), meter("U", "ups_output", "G")])
    assert total(found, "E_DC@D1") == total(found, "E_IT@D1") == sum(q for k, q in enumerate(load) if k not in no_supply | no_it)
