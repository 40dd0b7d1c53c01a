"""Hours of virtual and shared meters: sums and splits that are exact, and unknown where anything behind them is."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.staging.composed import parts_table, with_parts
from assets.staging.intervals import ENERGY, StagedMonth
from assets.staging.meters import records, register_meters
from assets.staging.parts import Composition, composition
from assets.staging.repairs import repairs
from assets.staging.shared import split_running
from assets.staging.shares import side_shares
from assets.staging.virtual import virtual_hours
from tests.unit.assets.staging.metering_world import SHANGHAI, events_frame, meters_frame, stage, utc

MONTH = "2026-03"
ZONES = {"S1": SHANGHAI, "S2": SHANGHAI}
START, HOURS = utc("2026-03-01 00:00"), 744


def part(meter_id: str, member: str, factor: float = 1, valid_from: str = "2024-01-01", valid_to: str | None = None) -> dict[str, Any]:
    return {"meter_id": meter_id, "member": member, "factor": factor, "valid_from": valid_from, "valid_to": valid_to}


def register(meter_id: str, per_hour: float, skip: tuple[int, ...] = ()) -> list[dict[str, Any]]:
    """Hourly readings over the month and its end, without those of some hours."""
    return [
        {"meter_id": meter_id, "at_s": START + 8 * 3600 + h * 3600, "value": h * per_hour, "source_row": h + 2}
        for h in range(HOURS + 1)
        if h not in skip
    ]


def world(
    readings: list[dict[str, Any]], parts: list[dict[str, Any]], *meters: dict[str, Any], zones: dict[str, str] | None = None
) -> tuple[StagedMonth, Composition]:
    """The staged month of some meters (defaults of metering_world) with virtual and shared ones among them."""
    registry = meters_frame(*meters)
    of = composition(parts, records(registry), zones or ZONES, MONTH)
    staged = stage(readings, registry[~registry["meter_id"].isin(of.virtual)], zones=zones or ZONES)
    return with_parts(staged, of, registry, zones or ZONES, SHANGHAI), of


def rows(staged: StagedMonth, meter_id: str, site_id: str = "S1") -> pl.DataFrame:
    return staged.energy.filter((pl.col("meter_id") == meter_id) & (pl.col("site_id") == site_id)).sort("hour_s")


def fact(staged: StagedMonth, meter_id: str, site_id: str = "S1") -> dict[str, Any]:
    return staged.facts.filter((pl.col("meter_id") == meter_id) & (pl.col("site_id") == site_id)).row(0, named=True)


V, A, B = ({"meter_id": name, "point": "distribution"} for name in "VAB")


# Virtual meters -----------------------------------------------------------------------------------------------------------


def test_the_difference_of_two_meters_hour_by_hour() -> None:
    staged, _ = world([*register("A", 30), *register("B", 12)], [part("V", "A"), part("V", "B", -1)], {**V, "point": "grid_supply"}, A, B)
    hours = rows(staged, "V")
    assert hours["quantity"].to_list() == [18] * HOURS
    assert set(hours["state"]) == {"measured"}
    assert set(hours["method"]) == {"virtual"}
    assert set(hours["n_readings"]) == {0}
    assert set(hours["point"]) == {"grid_supply"}
    assert set(hours["known_s"]) == {3600}
    own = fact(staged, "V")
    assert (own["kind"], own["quantity"], own["metered_s"], own["missing_s"], own["n_landed"]) == (
        "virtual",
        18 * HOURS,
        HOURS * 3600,
        0,
        0,
    )
    assert rows(staged, "A")["quantity"].sum() == 30 * HOURS  # the members stay what they are


def test_a_difference_may_fall_below_zero_and_stays_exact() -> None:
    staged, _ = world([*register("A", 5), *register("B", 12)], [part("V", "A"), part("V", "B", -1)], V, A, B)
    assert rows(staged, "V")["quantity"].to_list() == [-7] * HOURS


def test_an_hour_is_unknown_when_any_member_is() -> None:
    """Readings of B are missing for three days and of A for none: what can't be estimated is unknown in the sum, never A alone."""
    gap = tuple(range(100, 172))
    staged, _ = world([*register("A", 30), *register("B", 12, gap)], [part("V", "A"), part("V", "B", -1)], V, A, B)
    of_b, of_v = rows(staged, "B"), rows(staged, "V")
    assert of_b["state"].to_list() == of_v["state"].to_list()
    # B's register goes on counting: its energy over the gap is metered, only placed by assumption, and so is the difference
    assert of_v.filter(pl.col("state") == "profiled")["quantity"].sum() == 18 * 73


def test_states_combine_cautiously_and_estimates_do_not_cancel() -> None:
    """Interval meters with holes: A has no value in hour 10, B none in hours 10 and 20; one hour is estimated in a straight line."""
    interval = {"kind": "interval", "interval_minutes": 60, "interval_label": "start"}

    def values(name: str, value: int, skip: set[int]) -> list[dict[str, Any]]:
        at = START + 8 * 3600
        return [{"meter_id": name, "at_s": at + h * 3600, "value": value, "source_row": h + 2} for h in range(HOURS) if h not in skip]

    readings = [*values("A", 30, {10}), *values("B", 30, {10, 20})]
    staged, _ = world(readings, [part("V", "A"), part("V", "B", -1)], V, *({**m, **interval} for m in (A, B)))
    hours = rows(staged, "V")
    # A and B are both estimated at 30 in hour 10: the difference is 0 and 60 Wh of estimates stand behind it
    assert hours[10].select("quantity", "state", "estimated").row(0) == (0, "estimated", 60)
    assert hours[20].select("quantity", "state", "estimated").row(0) == (0, "estimated", 30)
    assert hours[21].select("quantity", "state", "estimated").row(0) == (0, "measured", 0)
    assert (fact(staged, "V")["metered_s"], fact(staged, "V")["estimated_s"]) == ((HOURS - 2) * 3600, 2 * 3600)


def test_a_refused_definition_is_unknown_and_never_zero() -> None:
    staged, of = world(register("A", 30), [part("V", "A"), part("V", "NONE")], V, A)
    assert rows(staged, "V")["quantity"].null_count() == HOURS
    assert set(rows(staged, "V")["state"]) == {"missing"}
    own = fact(staged, "V")
    assert (own["quantity"], own["metered_s"], own["missing_s"]) == (None, 0, HOURS * 3600)
    assert parts_table(of, ZONES, SHANGHAI).select("member", "refused").rows() == [("A", "unknown_member"), ("NONE", "unknown_member")]


def test_a_member_that_is_not_there_all_month_leaves_its_days_unknown() -> None:
    staged, _ = world([*register("A", 30), *register("B", 12)], [part("V", "A"), part("V", "B", -1)], V, A, {**B, "valid_to": "2026-03-10"})
    assert rows(staged, "V")["quantity"].to_list() == [18] * 240 + [None] * 504


def test_members_change_on_a_day() -> None:
    parts = [part("V", "A", valid_to="2026-03-10"), part("V", "B", valid_from="2026-03-11")]
    staged, _ = world([*register("A", 30), *register("B", 12)], parts, V, A, B)
    assert rows(staged, "V")["quantity"].to_list() == [30] * 240 + [12] * 504


def test_members_half_an_hour_apart_share_no_hour() -> None:
    zones = {"S1": SHANGHAI, "S2": "Asia/Kolkata"}
    staged, _ = world(register("A", 30), [part("V", "A")], {**V, "site_id": "S2"}, A, zones=zones)
    assert set(rows(staged, "V", "S2")["state"]) == {"missing"}


def test_readings_of_a_virtual_meter_are_rejected_with_the_reason() -> None:
    staged, _ = world([*register("A", 30), *register("V", 1)[:3]], [part("V", "A")], V, A)
    refused = staged.rejected.filter(pl.col("meter_id") == "V")
    assert set(refused["rule_code"]) == {"BD01"}
    assert set(refused["site_id"]) == {"S1"}
    assert refused.height == 3
    assert "virtual" in refused["reason"][0]
    assert "members" in refused["reason"][0]
    assert staged.anomalies.filter(pl.col("meter_id") == "V").select("what", "site_id", "seen").rows() == [("virtual", "S1", 3.0)]
    assert rows(staged, "V")["quantity"].to_list() == [30] * HOURS


# Shared meters ------------------------------------------------------------------------------------------------------------


def test_the_running_split_by_hand() -> None:
    """0.5 : 0.3 : 0.2 of 1, 1, 1, 7, unknown, 10: running totals 1, 2, 3, 10, 20 by largest remainder."""
    weights = [Fraction(1, 2), Fraction(3, 10), Fraction(1, 5)]
    nothing: list[int | None] = [None, None, None]
    assert split_running([1, 1, 1, 7, None, 10], weights) == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [4, 2, 1], nothing, [5, 3, 2]]


def test_shares_that_change_in_mid_month() -> None:
    """1001 Wh an hour. To the 15th (360 h, 360,360 Wh): 0.5 and 0.3. From the 16th (384 h, 384,384 Wh): 0.4 and 0.3. The rest is nobody's.

    S1: 180,180 + 153,753.6; S2: 108,108 + 115,315.2; nobody: 72,072 + 115,315.2: the second stretch's odd unit goes to S1.
    """
    parts = [part("X", "S1", 0.5, valid_to="2026-03-15"), part("X", "S1", 0.4, "2026-03-16"), part("X", "S2", 0.3)]
    staged, of = world(register("X", 1001), parts, {"meter_id": "X"})
    split = {site: rows(staged, "X", site)["quantity"] for site in ("S1", "S2", "")}
    assert {site: hours.sum() for site, hours in split.items()} == {"S1": 333_934, "S2": 223_423, "": 187_387}
    assert split["S1"][:360].sum() == 180_180
    assert (split["S1"] + split["S2"] + split[""]).to_list() == [1001] * HOURS
    assert set(staged.energy["method"]) == {"shared"}
    assert set(staged.energy["state"]) == {"measured"}
    assert [(f["site_id"], f["quantity"], f["metered_s"]) for f in staged.facts.to_dicts()] == [
        ("S1", 333_934, HOURS * 3600),
        ("S2", 223_423, HOURS * 3600),
    ]
    table = parts_table(of, ZONES, SHANGHAI)
    assert table.select("member", "factor").rows() == [("S1", 0.5), ("S1", 0.4), ("S2", 0.3)]
    assert table["from_s"][1] == table["to_s"][0] == utc("2026-03-16 00:00")


def test_a_site_that_joins_in_mid_month_is_expected_from_then_on() -> None:
    parts = [part("X", "S1", 1, valid_to="2026-03-10"), part("X", "S1", 0.5, "2026-03-11"), part("X", "S2", 0.5, "2026-03-11")]
    staged, _ = world(register("X", 10), parts, {"meter_id": "X"})
    assert (fact(staged, "X", "S2")["expected_s"], fact(staged, "X", "S2")["metered_s"]) == (504 * 3600, 504 * 3600)
    assert (fact(staged, "X", "S1")["quantity"], fact(staged, "X", "S2")["quantity"]) == (10 * 240 + 5 * 504, 5 * 504)


def test_without_shares_in_force_a_meter_is_its_own_sites() -> None:
    parts = [part("X", "S1", 0.5, "2026-03-11"), part("X", "S2", 0.5, "2026-03-11")]
    staged, _ = world(register("X", 10), parts, {"meter_id": "X"})
    assert rows(staged, "X")["quantity"].to_list() == [10] * 240 + [5] * 504
    assert rows(staged, "X")["method"].to_list() == [None] * 240 + ["shared"] * 504


def test_refused_shares_make_the_meter_unknown_at_every_site() -> None:
    staged, _ = world(register("X", 10), [part("X", "S1", 0.6), part("X", "S2", 0.6)], {"meter_id": "X"})
    for site_id in ("S1", "S2"):
        assert rows(staged, "X", site_id)["quantity"].null_count() == HOURS
        assert fact(staged, "X", site_id)["missing_s"] == HOURS * 3600


def test_a_virtual_meter_can_be_shared() -> None:
    parts = [part("V", "A"), part("V", "B", -1), part("V", "S1", 0.25), part("V", "S2", 0.75)]
    staged, _ = world([*register("A", 30), *register("B", 10)], parts, V, A, B)
    assert rows(staged, "V", "S1")["quantity"].to_list() == [5] * HOURS
    assert rows(staged, "V", "S2")["quantity"].to_list() == [15] * HOURS
    assert set(rows(staged, "V", "S2")["method"]) == {"shared+virtual"}


def test_anomalies_of_a_shared_meter_stand_at_every_site() -> None:
    readings = register("X", 1000)
    readings[100]["value"] = 5  # one poll that the next one takes back
    staged, _ = world(readings, [part("X", "S1", 0.5), part("X", "S2", 0.4)], {"meter_id": "X"})
    assert staged.anomalies.select("site_id", "what").rows() == [("S1", "glitch"), ("S2", "glitch")]
    assert staged.rejected["site_id"].to_list() == ["S1"]
    # the stretch without the poll is two hours long: metered, and placed by assumption
    mended = repairs(staged, [], MONTH).select("site_id", "what", "n").rows()
    assert mended == [("S1", "glitch", 1), ("S1", "placed", 2), ("S2", "glitch", 1), ("S2", "placed", 2)]


def test_what_a_shared_meter_carries_is_asked_at_each_site() -> None:
    staged, _ = world([*register("X", 10), *register("A", 5)], [part("X", "S1", 0.5), part("X", "S2", 0.5)], {"meter_id": "X"}, A)
    counted = pl.DataFrame(
        [("S1", "E_DC", "A", 1), ("S1", "E_DC", "X", 1), ("S2", "E_DC", "X", 1)],
        schema={"site_id": pl.String, "side": pl.String, "meter_id": pl.String, "sign": pl.Int64}, orient="row",
    )  # fmt: skip
    shares = side_shares(staged.facts, counted, [])
    assert shares.select("site_id", "meter_id", "share").rows() == [("S1", "A", 0.5), ("S1", "X", 0.5), ("S2", "X", 1.0)]


def test_nothing_changes_without_parts() -> None:
    registry = meters_frame(A)
    staged = stage(register("A", 30), registry, zones=ZONES)
    assert with_parts(staged, composition([], records(registry), ZONES, MONTH), registry, ZONES, SHANGHAI) is staged


# Properties ---------------------------------------------------------------------------------------------------------------

_HOUR = st.one_of(st.none(), st.integers(0, 10**12))


def hours_frame(by_meter: dict[str, list[int | None]]) -> pl.DataFrame:
    """staging/interval_energy of some meters' first hours; None is an unknown hour."""
    found = [
        {
            "site_id": "S1", "meter_id": name, "point": "distribution", "medium": "electricity", "hour_s": START + h * 3600, "quantity": q,
            "known_s": 0 if q is None else 3600, "state": "missing" if q is None else "measured", "method": None, "n_readings": 1,
            "estimated": 0, "month": MONTH,
        }
        for name, values in by_meter.items()
        for h, q in enumerate(values)
    ]  # fmt: skip
    return pl.DataFrame(found, schema=ENERGY)


def computed(energy: pl.DataFrame, parts: list[dict[str, Any]], *names: str) -> pl.DataFrame:
    """Hours of the virtual meters among ``names``."""
    registry = meters_frame(*({"meter_id": name, "point": "distribution"} for name in names))
    of = composition(parts, records(registry), ZONES, MONTH)
    own = registry[registry["meter_id"].isin(of.virtual)]
    return virtual_hours(energy, of, register_meters(own, events_frame(), month=MONTH, site_zones=ZONES, default_zone=SHANGHAI))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(_HOUR, _HOUR, _HOUR), min_size=1, max_size=6), st.tuples(*[st.sampled_from([1, -1])] * 3), st.randoms())
def test_a_virtual_meter_is_the_sum_of_its_members_hour_by_hour(
    values: list[tuple[int | None, int | None, int | None]], signs: tuple[int, int, int], chance: random.Random
) -> None:
    """V = ±A ± W with W = B ± C; whatever the order of the rows."""
    a, b, c = signs
    parts = [part("V", "A", a), part("V", "W", b), part("W", "B"), part("W", "C", c)]
    chance.shuffle(parts)
    energy = hours_frame({name: [row[i] for row in values] for i, name in enumerate("ABC")})
    hours = computed(energy.sample(fraction=1, shuffle=True, seed=chance.randrange(9)), parts, "A", "B", "C", "V", "W")
    expected = [None if None in row else a * (row[0] or 0) + b * (row[1] or 0) + b * c * (row[2] or 0) for row in values]
    assert hours.filter(pl.col("meter_id") == "V")["quantity"].to_list() == expected + [None] * (HOURS - len(expected))


@settings(deadline=None)
@given(
    st.lists(_HOUR, min_size=1, max_size=12),
    st.lists(st.integers(0, 1000), min_size=1, max_size=5).filter(lambda weights: sum(weights) > 0),
)
def test_shares_conserve_to_the_unit(quantities: list[int | None], thousandths: list[int]) -> None:
    weights = [Fraction(w, 1000) for w in thousandths]
    parts = split_running(quantities, weights)
    total = sum(q or 0 for q in quantities)
    for quantity, split in zip(quantities, parts, strict=True):
        assert (None in split) if quantity is None else sum(p or 0 for p in split) == quantity
    for i, weight in enumerate(weights):
        own = sum(p[i] or 0 for p in parts)
        assert abs(own - total * weight / sum(weights)) < 1  # quota: each within a unit of its exact part of the month
    assert all(p is None or p >= -1 for split in parts for p in split)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_the_order_of_the_rows_changes_nothing(order: tuple[int, ...]) -> None:
    all_parts = [part("X", "S1", 0.5), part("X", "S2", 0.3), part("V", "X", 1)]
    staged, _ = world(register("X", 1001), [all_parts[i] for i in order], {"meter_id": "X"}, V)
    assert [rows(staged, "X", site)["quantity"].sum() for site in ("S1", "S2", "")] == [372_372, 223_423, 148_949]
    assert rows(staged, "V")["quantity"].to_list() == [1001] * HOURS  # a member is a whole meter, however it is shared
