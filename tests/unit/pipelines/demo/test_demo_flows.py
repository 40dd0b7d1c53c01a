"""The simulated loads and registers: physics that holds, and the two faults that belong to a register."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from pipelines.demo.faults import FAULTS
from pipelines.demo.fleet import MONTHS, SITES, Meter, counted, meters_of
from pipelines.demo.load import QUARTERS, Flows, quarter_of, simulate
from pipelines.demo.registers import Shown, boundary, month_ticks, replacement_event, show, truth
from resources.calendar import add_months

SEED = 7
SOURCES = ("direct_line", "onsite_generation", "backup_generation")


@cache
def flows(site_id: str) -> Flows:
    return simulate(site_id, SEED)


@cache
def shown(site_id: str) -> dict[str, Shown]:
    return show(site_id, flows(site_id), SEED)


def by_hour(energy: np.ndarray) -> np.ndarray:
    return energy.reshape(-1, 4).sum(axis=1)


def children(site_id: str, meter: Meter) -> list[Meter]:
    return [other for other in meters_of(site_id) if other.parent_id == meter.meter_id]


@pytest.mark.parametrize("site_id", SITES)
def test_a_meter_shows_its_children_and_their_losses(site_id: str) -> None:
    # Every hour: what flows into a node is at least what flows out, within the worst class here (1 % meters: a third of it each way), and
    # the losses of the worst stretch (old UPS, 8.5 %) are the most that stays behind.
    measured = flows(site_id).measured
    nodes = [m for m in meters_of(site_id) if not m.bank.profile and children(site_id, m)]
    assert nodes
    for node in nodes:
        below = children(site_id, node)
        inflow = measured[node.meter_id] + sum(measured[m.meter_id] for m in below if m.bank.point in SOURCES)
        outflow = sum(measured[m.meter_id] for m in below if m.bank.point not in SOURCES)
        lost = by_hour(inflow) - by_hour(np.asarray(outflow))
        assert (lost >= -0.007 * by_hour(inflow)).all(), node.meter_id
        assert (lost <= 0.10 * by_hour(inflow)).all(), node.meter_id


@pytest.mark.parametrize("site_id", SITES)
def test_supply_is_loads_and_losses(site_id: str) -> None:
    true = flows(site_id).true
    meters = meters_of(site_id)
    supply = sum(sign * by_hour(true[m.meter_id]) for m in meters for side, sign in counted(m).items() if side == "e_dc")
    # Some IT meters hang below others of the same load: only the topmost of each branch is a load here. Offices are outside of E_DC.
    top_it = [m for m in meters if m.bank.profile == "it" and not any(p.bank.profile == "it" for p in meters if p.meter_id == m.parent_id)]
    others = [m for m in meters if m.bank.profile not in ("", "it", "office", "water", "discharge")]
    loads = sum(by_hour(true[m.meter_id]) for m in (*top_it, *others))
    lost = np.asarray(supply) - np.asarray(loads)
    assert (lost > 0).all()
    assert (lost < 0.13 * np.asarray(supply)).all()


@pytest.mark.parametrize(("site_id", "low", "high"), [("HL01", 1.25, 1.30), ("HL02", 1.16, 1.20), ("HL03", 1.52, 1.60)])
def test_pue_and_seasons(site_id: str, low: float, high: float) -> None:
    known = truth(shown(site_id))
    year = MONTHS[1:]
    assert low < sum(known[m].e_dc_wh for m in year) / sum(known[m].e_it_wh for m in year) < high
    assert known["2025-07"].pue > known["2026-01"].pue > 1.1
    assert known["2025-07"].water_l > 2 * known["2026-01"].water_l > 0


@pytest.mark.parametrize("site_id", SITES)
def test_about_fifty_meters_in_a_proper_tree(site_id: str) -> None:
    meters = {m.meter_id: m for m in meters_of(site_id)}
    assert 45 <= len(meters) <= 55
    for meter in meters.values():
        assert meter.parent_id is None or meter.parent_id in meters
        assert meter.check_of is None or (meter.check_of in meters and counted(meter) == {})
    assert {m.bank.kind for m in meters.values()} == {"register", "interval", "power"}
    assert all(m.bank.kind != "power" for m in meters.values() if counted(m))


@pytest.mark.parametrize("site_id", SITES)
def test_no_spike_that_was_not_planted(site_id: str) -> None:
    # CT05: (highest hour - third) / third of a day, at supply and IT meters, stays well below 1.8.
    points = ("grid_supply", "direct_line", "ups_output", "pdu_output", "it_input")
    for meter in meters_of(site_id):
        if meter.bank.point in points:
            top = np.sort(by_hour(flows(site_id).measured[meter.meter_id]).reshape(-1, 24), axis=1)
            assert (top[:, -1] < 2.5 * top[:, -3]).all(), meter.meter_id


@pytest.mark.parametrize("site_id", SITES)
def test_registers_only_fall_where_planted(site_id: str) -> None:
    planted = {FAULTS["rollover"].subject: FAULTS["rollover"], FAULTS["replacement"].subject: FAULTS["replacement"]}
    for meter_id, one in shown(site_id).items():
        if one.digits is None:
            continue
        assert one.ticks.max() < 10 ** (one.digits + one.meter.bank.decimals)
        falls = np.flatnonzero(np.diff(one.ticks) < 0)
        if meter_id in planted:
            assert one.at[falls + 1].tolist() == [int(np.ceil(boundary(planted[meter_id].at)))]
        else:
            assert not len(falls), meter_id


def test_the_rollover_adds_up() -> None:
    one = shown("HL01")[FAULTS["rollover"].subject]
    full = 10 ** (one.digits + one.meter.bank.decimals)
    first, after = quarter_of("2025-06"), quarter_of("2025-07")
    assert one.ticks[after] - one.ticks[first] + full == month_ticks(one, "2025-06")


def test_the_replacement_adds_up_with_its_event() -> None:
    # (old_value - R0) + (R1 - new_value), metering.md §2, gives what the meter counted: nothing is lost.
    event = replacement_event(shown("HL01"), flows("HL01"))
    one = shown("HL01")[event.meter_id]
    scale = 10**one.meter.bank.decimals
    first, after = quarter_of("2025-08"), quarter_of("2025-09")
    legs = (round(event.old_value * scale) - one.ticks[first]) + (one.ticks[after] - round(event.new_value * scale))
    assert legs == month_ticks(one, "2025-08")
    before = int(boundary(event.at))
    assert one.ticks[before] <= round(event.old_value * scale)
    assert 0 <= one.ticks[before + 1] < one.ticks[before]


@pytest.mark.parametrize("site_id", SITES)
def test_truth_is_the_measured_energy(site_id: str) -> None:
    # Reading whole ticks twice a month can't be off by more than a tick for each register; intervals are rounded one by one.
    known = truth(shown(site_id))
    for month in ("2025-03", "2025-06", "2025-08", "2026-03"):
        span = slice(quarter_of(month), quarter_of(add_months(month, 1)))
        exact = sum(1000 * flows(site_id).measured[m.meter_id][span].sum() for m in meters_of(site_id) if counted(m).get("e_it"))
        assert known[month].e_it_wh == pytest.approx(exact, rel=2e-4)
    assert quarter_of(add_months(MONTHS[-1], 1)) == QUARTERS


def test_the_seed_decides() -> None:
    again, other = simulate("HL03", SEED), simulate("HL03", SEED + 1)
    for meter_id, energy in flows("HL03").measured.items():
        assert (energy == again.measured[meter_id]).all()
    assert (flows("HL03").measured["HL03-I1"] != other.measured["HL03-I1"]).any()
