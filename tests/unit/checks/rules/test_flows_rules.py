"""BD06: what flows out of a node flowed into it, and little is lost on the way."""

from __future__ import annotations

from typing import Any

import pytest

from checks.findings import Finding, NotChecked
from checks.rules.balance import it_within_facility
from checks.rules.flows import Flow, nodes_balance

MONTH_S = 744 * 3600


def said(findings: list[Finding] | NotChecked) -> list[tuple[str, str, str, str]]:
    assert isinstance(findings, list)
    return [(f.code, f.subject, f.severity, f.quantity) for f in findings]


def node(name: str, inflow: int | None, outflow: int | None, error: float | None = 0.0, known_s: int = MONTH_S) -> dict[str, Any]:
    residual = None if inflow is None or outflow is None else inflow - outflow
    row = {"site_id": "HL01", "node_id": name, "inflow": inflow, "outflow": outflow, "residual": residual}
    return {**row, "known_s": known_s, "class_error": error}


def meter(name: str, parent: str | None, point: str = "distribution", **values: Any) -> dict[str, Any]:
    row = {"meter_id": name, "site_id": "HL01", "medium": "electricity", "point": point, "parent_meter_id": parent, "kind": "register"}
    return {**row, "multiplier": 1.0, "unit": "kWh", "valid_from": "2024-01-01", "entry": 1, "source_row": 9, **values}


def below(rows: dict[str, Any], *nodes: dict[str, Any], more: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    """HL01 with these nodes: A-S above the panels A-T1 and A-T2."""
    return {"energy_balance": list(nodes), "meters": [*rows["meters"], meter("A-T1", "A-S"), meter("A-T2", "A-S"), *more]}


def test_what_meters_can_explain() -> None:
    """max(0.5 %, √Σ(class·E)²): 1000 in, 1005 out is exactly 0.5 %; a class error of 12 explains 12."""
    assert not Flow(1000, 1005, 0.0).unbalanced(0.005)
    assert Flow(1000, 1006, 0.0).unbalanced(0.005)
    assert not Flow(1000, 1012, 12.0).unbalanced(0.005)
    assert Flow(1000, 1013, 12.0).unbalanced(0.005)
    assert (Flow(1000, 1013, 12.0).excess, Flow(1000, 900, 0.0).excess) == (13, -100)


@pytest.mark.parametrize(("outflow", "severity"), [(1005, None), (1006, "flag"), (1050, "flag"), (1051, "withhold")])
def test_the_site_as_a_whole_withholds_above_five_percent(world, rows, outflow: int, severity: str | None) -> None:  # type: ignore[no-untyped-def]
    found = nodes_balance(world(below(rows, node("A-S", 1000, outflow))), "HL01")
    if severity is None:
        assert found == []
        return
    assert said(found) == [
        ("BD06", "site", severity, "E_DC"), ("BD06", "site", severity, "E_IT"), ("BD06", "A-S", "flag", "E_DC"),
    ]  # fmt: skip
    assert [f.because_of for f in found] == [None, found[0].id, found[0].id]
    assert (found[0].seen, found[0].limit, found[0].unit) == ((outflow - 1000) / 1000, 0.05 if severity == "withhold" else 0.005, "1")
    assert ("withheld" in found[0].message_en) == (severity == "withhold")


def test_a_node_flags(world, rows) -> None:  # type: ignore[no-untyped-def]
    tables = below(rows, node("A-S", 1000, 980), node("A-T1", 500, 540), node("A-T2", 480, 470))
    found = nodes_balance(world(tables), "HL01")
    assert said(found) == [("BD06", "A-T1", "flag", "E_DC")]
    assert (found[0].seen, found[0].limit) == (0.08, 0.005)
    assert found[0].because_of is None
    assert isinstance(nodes_balance(world(tables), "HL02"), NotChecked)  # it has no nodes


def test_the_class_error_of_a_node_is_its_allowance(world, rows) -> None:  # type: ignore[no-untyped-def]
    assert nodes_balance(world(below(rows, node("A-S", 1000, 980), node("A-T1", 500, 510, error=10.0))), "HL01") == []
    found = nodes_balance(world(below(rows, node("A-S", 1000, 980), node("A-T1", 500, 511, error=10.0))), "HL01")
    assert [(f.subject, f.seen, f.limit) for f in found] == [("A-T1", 0.022, 0.02)]


def test_a_bus_tie_switch_over_is_no_fault(world, rows) -> None:  # type: ignore[no-untyped-def]
    """Loads of T1 were fed through T2: what one lacks the other has. Together they balance: 980 in, 975 out."""
    assert nodes_balance(world(below(rows, node("A-S", 1000, 980), node("A-T1", 300, 495), node("A-T2", 680, 480))), "HL01") == []
    supplies = [*rows["meters"], meter("A-S2", None, "grid_supply")]
    tie = {"meters": supplies, "energy_balance": [node("A-S", 500, 700), node("A-S2", 500, 290)]}
    assert nodes_balance(world(tie), "HL01") == []
    # of 980 in, 0.5 % are 4.9: 984 out are within it, 985 are not
    assert said(nodes_balance(world(below(rows, node("A-S", 1000, 980), node("A-T1", 300, 496), node("A-T2", 680, 488))), "HL01")) == []
    found = nodes_balance(world(below(rows, node("A-S", 1000, 980), node("A-T1", 300, 496), node("A-T2", 680, 489))), "HL01")
    assert said(found) == [("BD06", "A-T1", "flag", "E_DC")]


def test_only_nodes_below_the_same_node_help_one_another(world, rows) -> None:  # type: ignore[no-untyped-def]
    """What is lost above T1 does not explain that 10 more flow out of it; together they would balance: 1,500 in, 1,490 out."""
    found = nodes_balance(world(below(rows, node("A-S", 1000, 980), node("A-T1", 500, 510))), "HL01")
    assert said(found) == [("BD06", "A-T1", "flag", "E_DC")]


@pytest.mark.parametrize("parent", ["A-P", "A-N"])  # a meter that is no node, and itself
def test_a_node_below_no_node_is_a_supply_of_the_site(world, rows, parent: str) -> None:  # type: ignore[no-untyped-def]
    """2,000 in and 2,080 out of both: 4 % too much for the site."""
    tables = below(rows, node("A-S", 1000, 980), node("A-N", 1000, 1100), more=(meter("A-N", parent), meter("A-P", None)))
    found = nodes_balance(world(tables), "HL01")
    assert said(found)[:2] == [("BD06", "site", "flag", "E_DC"), ("BD06", "site", "flag", "E_IT")]
    assert found[0].seen == 0.04  # type: ignore[index]


def test_what_comes_out_of_nothing_is_all_too_much(world, rows) -> None:  # type: ignore[no-untyped-def]
    found = nodes_balance(world(below(rows, node("A-S", 1000, 980), node("A-T1", 0, 40))), "HL01")
    assert said(found) == [("BD06", "A-T1", "flag", "E_DC")]
    assert (found[0].seen, found[0].limit) == (1.0, 0.005)  # type: ignore[index]
    assert "100 % too much" in found[0].message_en  # type: ignore[index]


def test_virtual_nodes_unknown_nodes_and_silent_ones_say_nothing(world, rows) -> None:  # type: ignore[no-untyped-def]
    virtual = below(rows, node("A-V", 100, 200), more=(meter("A-V", None, kind="virtual"),))
    for tables in (virtual, below(rows, node("A-GONE", 100, 200)), below(rows, node("A-S", None, None, None, known_s=0))):
        found = nodes_balance(world(tables), "HL01")
        assert isinstance(found, NotChecked)
        assert "no meter has loads below it" in found.reason_en


def test_water_and_heat_balance_too_and_withhold_nothing(world, rows) -> None:  # type: ignore[no-untyped-def]
    tables = below(rows, node("A-W", 1000, 1100))
    found = nodes_balance(world(tables), "HL01")
    assert said(found) == [("BD06", "A-W", "flag", "")]
    assert "1,100 L" in found[0].message_en


@pytest.mark.parametrize(("outflow", "number"), [(900, 0), (899, 1)])
def test_what_disappears_below_the_supplies_is_flagged(world, rows, outflow: int, number: int) -> None:  # type: ignore[no-untyped-def]
    found = nodes_balance(world(below(rows, node("A-S", 1000, outflow))), "HL01")
    assert said(found) == [("BD06", "residual", "flag", "E_DC")] * number
    if number:
        assert (found[0].seen, found[0].limit) == (0.101, 0.1)
    # a site that meters its supply and IT only has nothing to miss
    assert nodes_balance(world({"energy_balance": [node("A-S", 1000, outflow)]}), "HL01") == []


@pytest.mark.parametrize(("pdu", "number"), [(920_000, 0), (919_000, 1), (None, 0)])
def test_what_the_ups_gives_arrives_at_the_pdus(world, rows, pdu: int | None, number: int) -> None:  # type: ignore[no-untyped-def]
    total = {"site_id": "HL01", "meter_id": "", "sign": 1}
    energies = [
        *rows["energies"],
        {**total, "measure": "point:ups_output", "quantity": 1_000_000},
        {**total, "measure": "point:pdu_output", "quantity": pdu},
    ]
    found = nodes_balance(world({"energies": energies}), "HL01")
    assert said(found) == [("BD06", "ups_output", "flag", "E_IT")] * number
    if number:
        assert (found[0].seen, found[0].limit) == (0.081, 0.08)
    assert nodes_balance(world({"energies": energies[:-1]}), "HL01") == []  # no PDU is metered


def test_what_is_lost_behind_the_ups_is_said_in_kwh(world, rows) -> None:  # type: ignore[no-untyped-def]
    total = {"site_id": "HL01", "meter_id": "", "sign": 1}
    points = [
        {**total, "measure": f"point:{point}", "quantity": wh} for point, wh in (("ups_output", 50_000_000), ("pdu_output", 40_000_000))
    ]
    (finding,) = nodes_balance(world({"energies": [*rows["energies"], *points]}), "HL01")  # type: ignore[misc]
    assert "20 % of what leaves the UPS in 2026-03 is not counted at the PDUs (limit 8 %): 10,000 kWh." in finding.message_en
    assert "20 %(10,000 kWh)未在 PDU 计量" in finding.message_zh


def test_an_imbalance_follows_from_a_meter_that_is_out_of_place(world, rows) -> None:  # type: ignore[no-untyped-def]
    lost = meter("A-C", "A-T9", "cooling")  # its parent does not exist
    found = nodes_balance(world(below(rows, node("A-S", 1000, 800), more=(lost,))), "HL01")
    assert said(found) == [("BD06", "residual", "flag", "E_DC")]
    assert found[0].because_of is not None
    assert found[0].because_of.startswith("BD05-")


def test_a_meter_of_another_medium_explains_it_only_where_it_is_misplaced(world, rows) -> None:  # type: ignore[no-untyped-def]
    """A meter of heat at a PDU may be an electricity meter that is missing; a heat meter in its place explains nothing."""
    for more, cause in (
        (meter("A-N", None, "pdu_output", medium="heat"), "BD02-"),
        (meter("A-N", "A-T9", "heat_supply", medium="heat"), None),
    ):
        found = nodes_balance(world(below(rows, node("A-S", 1000, 980), node("A-T1", 500, 540), more=(more,))), "HL01")
        assert said(found) == [("BD06", "A-T1", "flag", "E_DC")]
        assert str(found[0].because_of)[:5] == (cause or "None"), more  # type: ignore[index]


def test_an_imbalance_of_the_site_follows_from_it_above_the_supply(world, rows) -> None:  # type: ignore[no-untyped-def]
    energies = [{**row, "quantity": 900_000} if row["measure"].startswith("E_DC") else row for row in rows["energies"]]
    judged = world({**below(rows, node("A-S", 900, 1000)), "energies": energies})
    month = next(f for f in it_within_facility(judged, "HL01") if f.subject == "month")
    found = nodes_balance(judged, "HL01")
    assert (found[0].subject, found[0].because_of) == ("site", month.id)
