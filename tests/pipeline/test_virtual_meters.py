"""Virtual and shared meters the whole way: files → hours → sides → findings → trace; and what was repaired, in words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli.main import main
from resources.home import Home
from tests.pipeline.hand_made import METER_HEADER, make_home, register, write_csv

MONTH, HOURS = "2026-01", 744
PARTS_HEADER = ("meter_id", "member", "factor", "valid_from", "valid_to")
EVENT_HEADER = ("meter_id", "at", "kind", "old_value", "new_value")


def row(meter_id: str, point: str, kind: str = "register", site_id: str = "S1") -> tuple[str, ...]:
    return (meter_id, site_id, "electricity", point, "", kind, "kWh", "6", "2024-01-01")


def add(home: Home, meters: Sequence[tuple[str, ...]], parts: Sequence[tuple[str, ...]], readings: Sequence[tuple[str, str, str]]) -> None:
    write_csv(home.landing / "meters" / "more.csv", METER_HEADER, meters)
    write_csv(home.landing / "meter_parts" / "parts.csv", PARTS_HEADER, parts)
    write_csv(home.landing / "meter_readings" / "more.csv", ("meter_id", "read_at", "value"), readings)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sites; S1's IT load has, beside its own meter, V = A − B (30 − 10 kWh); chiller X (1001 Wh an hour) is excluded and shared."""
    home = make_home(tmp_path_factory.mktemp("virtual") / "home", sites=("S1", "S2"))
    meters = [row("V", "pdu_output", "virtual"), row("A", "distribution"), row("B", "distribution"), row("X", "excluded")]
    parts = [("V", "A", "1", "", ""), ("V", "B", "-1", "", "")]
    parts += [("X", "S1", "0.5", "", "2026-01-15"), ("X", "S1", "0.4", "2026-01-16", ""), ("X", "S2", "0.3", "", "")]
    a = register("A", MONTH, 30)
    a = [("A", at, str(float(value) - 5000) if at >= "2026-01-20 04:00" else value) for _, at, value in a]  # replaced at 13,700 kWh
    readings = [*a, *register("B", MONTH, 10), *register("X", MONTH, 1.001), ("V", "2026-01-03 00:00", "5"), ("V", "2026-01-04 00:00", "6")]
    add(home, meters, parts, readings)
    event = ("A", "2026-01-20 04:00", "replacement", "13800", "8800")
    write_csv(home.landing / "meter_events" / "events.csv", EVENT_HEADER, [event])
    assert main(["run", MONTH, "--home", str(home.root)]) == 3
    return home.root


def of_meter(tree: dict[str, Any], meter_id: str) -> dict[str, Any]:
    (found,) = [m for side in tree["sides"] for m in side["meters"] if m["meter_id"] == meter_id]
    return found  # type: ignore[no-any-return]


def test_a_virtual_meter_in_the_trace(fleet: Path, gci_json: Any) -> None:
    tree = gci_json("trace", "S1", MONTH, "E_IT", "--home", fleet)
    assert tree["month_value"] == (100_000 + 20_000) * HOURS
    node = of_meter(tree, "V")
    assert node["quantity"] == 20_000 * HOURS
    assert [(m["meter_id"], m["sign"], m["quantity"]) for m in node["members"]] == [("A", 1, 30_000 * HOURS), ("B", -1, -10_000 * HOURS)]
    assert "rows" not in node
    first = node["members"][0]["rows"]["shown"][0]
    assert first["raw"] == {"meter_id": "A", "read_at": "2026-01-01 00:00", "value": "0"}
    assert node["members"][1]["rows"]["valid"] == HOURS


def test_a_shared_meter_in_the_trace_of_both_sites(fleet: Path, gci_json: Any) -> None:
    """360 h at 0.5 and 384 h at 0.4 of 1001 Wh; S2 0.3 all month; by largest remainder (test_virtual_shared)."""
    parts = {"S1": 333_934, "S2": 223_423}
    for site, quantity in parts.items():
        tree = gci_json("trace", site, MONTH, "E_DC", "--depth", "hours", "--home", fleet)
        assert tree["month_value"] == 150_000 * HOURS - quantity
        node = of_meter(tree, "X")
        assert (node["quantity"], node["sign"]) == (-quantity, -1)
        assert (node["shared"]["whole"], node["shared"]["nobody"]) == (-1001 * HOURS, -187_387)
        assert {p["site_id"]: -p["quantity"] for p in node["shared"]["parts"]} == parts
        assert [(s["site_id"], s["share"]) for s in node["shared"]["shares"]] == [("S1", 0.5), ("S1", 0.4), ("S2", 0.3)]
        assert node["rows"]["landed"] == HOURS
        assert sum(h["sign"] * h["quantity"] for h in node["hours"]) == -quantity


def test_the_trace_is_drawn(fleet: Path, gci: Any) -> None:
    status, out, _ = gci("trace", "S1", MONTH, "D1", "--home", fleet)
    assert status == 0
    assert "+ V: 14,880,000 Wh" in out
    assert "+ A: 22,320,000 Wh" in out
    assert "− B: 7,440,000 Wh" in out
    assert "− X: 333,934 Wh" in out
    assert "nobody 未分摊 187,387" in out


def test_findings_of_the_fleet(fleet: Path, gci_json: Any) -> None:
    found = [(f["code"], f["subject"], f["severity"]) for f in gci_json("check", "S1", MONTH, "--home", fleet)["findings"]]
    assert sorted(f for f in found if f[1] in ("V", "A", "B", "X") and f[0][:2] == "BD") == [("BD01", "V", "info"), ("BD02", "X", "flag")]
    assert [f["subject"] for f in gci_json("check", "S2", MONTH, "--home", fleet)["findings"] if f["code"] == "BD02"] == ["X"]


def test_check_says_what_was_repaired(fleet: Path, gci: Any, gci_json: Any) -> None:
    (replaced,) = [r for r in gci_json("check", "S1", MONTH, "--home", fleet)["repairs"] if r["what"] == "replacement"]
    assert (replaced["meter_id"], replaced["old_value"], replaced["new_value"]) == ("A", 13800, 8800)
    assert replaced["text_zh"] == "2026-01-20 04:00 换表:旧表底数 13,800,新表起数 8,800,用量连续计算"
    _, out, _ = gci("check", "S1", MONTH, "--home", fleet)
    assert "What was repaired 修复说明" in out
    assert "replaced at 2026-01-20 04:00: the old register ended at 13,800, the new one began at 8,800" in out
    _, out, _ = gci("check", "S2", MONTH, "--home", fleet)
    assert "Nothing was repaired. 无修复。" in out


@pytest.mark.long
def test_a_cycle_withholds_its_side_and_only_that(tmp_path: Path, gci: Any, gci_json: Any) -> None:
    home = make_home(tmp_path / "home")
    parts = [("V", "W", "1", "", ""), ("W", "V", "1", "", "")]
    add(home, [row("V", "pdu_output"), row("W", "distribution")], parts, [])
    gci("run", MONTH, "--home", home.root)
    result = gci_json("show", "S1", MONTH, "--window", "month", "--home", home.root)
    (pue,) = [i for i in result["indicators"] if i["code"] == "D1"]
    assert (pue["status"], pue["value"]) == ("withheld", None)
    findings = gci_json("check", "S1", MONTH, "--home", home.root)["findings"]
    (root,) = [f for f in findings if f["code"] == "BD05" and f["quantity"] == "E_IT"]
    assert (root["subject"], root["severity"]) == ("V", "withhold")
    assert "V, W" in root["message_en"]
    followers = {(f["code"], f["quantity"]) for f in findings if f["because_of"] == root["id"]}
    assert ("TL01", "E_IT") in followers
    assert ("BD12", "E_IT") in followers
    assert gci_json("trace", "S1", MONTH, "E_IT", "--home", home.root)["sides"][0]["total"] is None


@pytest.mark.long
def test_a_gap_of_a_member_withholds_what_the_virtual_meter_counts_for(tmp_path: Path, gci: Any, gci_json: Any) -> None:
    home = make_home(tmp_path / "home")
    late = [r for r in register("A", MONTH, 30) if r[1] < "2026-01-15"]
    add(home, [row("V", "pdu_output"), row("A", "distribution")], [("V", "A", "1", "", "")], late)
    gci("run", MONTH, "--home", home.root)
    findings = gci_json("check", "S1", MONTH, "--home", home.root)["findings"]
    of = {f["subject"]: f for f in findings if f["code"] == "TL01"}
    assert (of["V"]["severity"], of["V"]["quantity"], of["V"]["because_of"]) == ("withhold", "E_IT", of["A"]["id"])
    assert of["A"]["because_of"] is None


def test_a_member_that_counts_too_withholds_its_side(tmp_path: Path, gci: Any, gci_json: Any) -> None:
    home = make_home(tmp_path / "home")
    add(home, [row("V", "pdu_output")], [("V", "S1-I", "1", "", "")], [])
    gci("run", MONTH, "--home", home.root)
    findings = gci_json("check", "S1", MONTH, "--home", home.root)["findings"]
    (twice,) = [f for f in findings if f["code"] == "BD05"]
    assert (twice["subject"], twice["severity"], twice["quantity"]) == ("V", "withhold", "E_IT")
    assert "counts S1-I a second time" in twice["message_en"]
