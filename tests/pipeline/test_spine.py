"""One number the whole way: hand-made files → log → staging → D1 → index → show → trace."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.hand_made import METER_HEADER, hours_of, make_home, meter_rows, register, write_csv


def indicator(payload: dict[str, Any], code: str) -> dict[str, Any]:
    return next(item for item in payload["indicators"] if item["code"] == code)


def test_three_tables_give_a_pue_and_nothing_that_is_not_known(tmp_path: Path, gci: Any, gci_json: Any) -> None:
    home = make_home(tmp_path / "home")
    status, out, err = gci("run", "2026-01", "--home", home.root)
    assert status == 3, err
    assert "grade" in out
    payload = gci_json("show", "S1", "2026-01", "--home", home.root)
    pue = indicator(payload, "D1")
    # 744 hours of 150 kWh and of 100 kWh
    assert (pue["numerator"], pue["denominator"]) == (744 * 150_000, 744 * 100_000)
    assert pue["value"] == 1.5
    assert (pue["status"], pue["coverage"]) == ("measured", 1.0)
    assert payload["grade"] is None
    assert payload["grade_missing"]["needs"]
    for code in ("E1", "F2", "B1", "G1", "A1"):
        assert indicator(payload, code)["status"] == "not_reported"
        assert indicator(payload, code)["value"] is None


def test_a_rollover_changes_nothing(tmp_path: Path, gci: Any, gci_json: Any) -> None:
    home = make_home(tmp_path / "home")
    rows = register("S1-G", "2026-01", 150, start=950_000, modulus=1_000_000)  # wraps after 333 hours
    assert any(float(a[2]) > float(b[2]) for a, b in itertools.pairwise(rows))
    rows += register("S1-I", "2026-01", 100, start=500)
    write_csv(home.landing / "meter_readings" / "2026-01.csv", ("meter_id", "read_at", "value"), rows)
    gci("run", "2026-01", "--home", home.root)
    payload = gci_json("show", "S1", "2026-01", "--home", home.root)
    assert indicator(payload, "D1")["numerator"] == 744 * 150_000
    assert [(f["code"], f["severity"]) for f in payload["findings"] if f["code"] == "CT08"] == [("CT08", "info")]


def test_the_trace_adds_up_and_reaches_the_rows(computed_home: Path, gci_json: Any) -> None:
    tree = gci_json("trace", "S1", "2026-01", "D1", "--depth", "rows", "--home", computed_home)
    supply, it = tree["sides"]
    assert (supply["total"], it["total"]) == (744 * 150_000, 744 * 100_000)
    (meter,) = supply["meters"]
    assert sum(hour["quantity"] for hour in meter["hours"]) == supply["total"]
    rows = meter["rows"]
    assert rows["landed"] == rows["valid"] + rows["rejected"] + rows["superseded"] == 744
    first = rows["shown"][0]
    # the first data row of the file is row 2: a spreadsheet shows the header as row 1
    assert first["source_row"] == 2
    assert first["raw"] == {"meter_id": "S1-G", "read_at": "2026-01-01 00:00", "value": "1000"}
    assert len(rows["shown"]) == 745  # the reading at the end of the month belongs to the next one and closes this one
    assert tree["window"]["value"] == 1.5


def rows_behind(tree: dict[str, Any], meter_id: str) -> dict[str, Any]:
    (side,) = tree["sides"]
    (rows,) = (meter["rows"] for meter in side["meters"] if meter["meter_id"] == meter_id)
    assert rows["landed"] == rows["valid"] + rows["rejected"] + rows["superseded"]
    assert sum(file["rows"] for file in rows["files"]) == len(rows["shown"]) == rows["landed"] + rows["edge_rows"]
    found: dict[str, Any] = rows
    return found


def test_a_trace_shows_the_month_and_its_edges_and_no_other_row(three_months: Path, gci_json: Any) -> None:
    tree = gci_json("trace", "S1", "2026-01", "E_IT", "--depth", "rows", "--home", three_months)
    rows = rows_behind(tree, "S1-I")
    # the register at midnight stands in the files of both months; an hour before and the one that closes January are edges
    assert (rows["valid"], rows["superseded"], rows["edge_rows"]) == (744, 1, 2)
    january = [at.strftime("%Y-%m-%d %H:%M") for at in hours_of("2026-01")]
    assert [row["raw"]["read_at"] for row in rows["shown"]] == ["2025-12-31 23:00", "2026-01-01 00:00", *january]


@pytest.mark.long
def test_a_trace_reads_times_in_the_zone_of_the_feed(tmp_path: Path, gci: Any, gci_json: Any) -> None:
    home = make_home(tmp_path / "home")
    home.settings_path.write_text('[feeds.meter_readings]\ntimezone = "UTC"\n', encoding="utf-8")
    gci("run", "2026-01", "--home", home.root)
    rows = rows_behind(gci_json("trace", "S1", "2026-01", "E_IT", "--depth", "rows", "--home", home.root), "S1-I")
    # January in Shanghai ends at 16:00 UTC: eight hours lie behind it, the first reading there closes the month
    assert (rows["landed"], rows["edge_rows"]) == (744 - 8, 1)
    assert [rows["shown"][n]["raw"]["read_at"] for n in (0, -1)] == ["2026-01-01 00:00", "2026-01-31 16:00"]


@pytest.mark.parametrize("code", ["E_DC", "E_IT"])
def test_energies_can_be_traced(computed_home: Path, gci_json: Any, code: str) -> None:
    tree = gci_json("trace", "S1", "2026-01", code, "--home", computed_home)
    assert tree["month_value"] == 744 * {"E_DC": 150_000, "E_IT": 100_000}[code]


def test_a_meter_counted_twice_withholds_its_site_only(tmp_path: Path, gci: Any, gci_json: Any) -> None:
    home = make_home(tmp_path / "home", sites=("S1", "S2"))
    # S1: a sub-meter below the supply is registered as a second supply (BD05)
    double = ("S1-G2", "S1", "electricity", "grid_supply", "S1-G", "register", "kWh", "6", "2024-01-01")
    write_csv(home.landing / "meters" / "more.csv", METER_HEADER, [double])
    write_csv(home.landing / "meter_readings" / "more.csv", ("meter_id", "read_at", "value"), register("S1-G2", "2026-01", 10))
    status, _, _ = gci("run", "2026-01", "--home", home.root)
    assert status == 3
    one, two = (gci_json("show", site, "2026-01", "--home", home.root) for site in ("S1", "S2"))
    assert indicator(one, "D1")["status"] == "withheld"
    assert indicator(one, "D1")["value"] is None
    assert "BD05" in indicator(one, "D1")["rules_failed"]
    assert indicator(two, "D1")["value"] == 1.5
    # the repair: the sub-meter is no supply; a later landed row wins
    write_csv(home.landing / "meters" / "repair.csv", METER_HEADER, [(*double[:3], "cooling", *double[4:]), *meter_rows("S1")])
    gci("run", "2026-01", "--home", home.root)
    assert indicator(gci_json("show", "S1", "2026-01", "--home", home.root), "D1")["value"] == 1.5
