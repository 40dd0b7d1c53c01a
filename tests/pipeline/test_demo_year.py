"""Thirteen simulated months against what is known of them: the energies that were simulated, and the faults that were planted."""

from __future__ import annotations

import csv
import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.demo.faults import NONE, expected_findings, following_findings
from pipelines.demo.fleet import MONTHS
from pipelines.demo.write import DemoFacts, write_fleet
from resources.calendar import month_hours_s, month_range
from tests.pipeline.demo_home import DemoYear

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
SITES = ("HL01", "HL02", "HL03")
Found = set[tuple[str, str, str, str]]

# Where a planted fault leaves time without a reading at a counted meter: how many hours, and about which part of the side the meter is.
# Everywhere else every energy is exact to the Wh and the litre.
UNREAD = {
    ("HL02", "2025-05", "E_IT"): 0.5 / 16,  # two readings of one of sixteen equal meters
    ("HL03", "2025-07", "E_IT"): 0.25 / 4,  # the spike: a quarter of an hour of one of four UPS
    ("HL02", "2025-10", "E_IT"): 9 / 16,  # the nine-hour gap
    ("HL03", "2025-11", "E_IT"): 240 / 4,  # ten days of one of four UPS: estimated, and withheld
}
# What is put there is off by at most what a load moves in a day: 10 % at the site where it moves most (fleet.py, day_swing).
SWING = 0.10


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> DemoFacts:
    return write_fleet(tmp_path_factory.mktemp("again") / "landing")


@pytest.fixture(scope="module")
def found(demo_year: DemoYear) -> tuple[Found, Found]:
    """All findings: those that stand for themselves, those folded under another."""
    rows = demo_year.home.ledger.rows("finding")
    keys = [((row["month"], row["site_id"], row["code"], row["subject"]), row["because_of"]) for row in rows]
    return {key for key, cause in keys if cause is None}, {key for key, cause in keys if cause is not None}


def test_the_demo_ends_well(demo_year: DemoYear) -> None:
    assert demo_year.status == 0, demo_year.said[-2000:]
    assert "The findings are exactly the" in demo_year.said
    assert "SIMULATED" in demo_year.said
    assert "模拟" in demo_year.said
    assert str(demo_year.home.reports / "index.html") in demo_year.said.replace("\n", "")


def test_the_home_holds_what_is_compared_here(demo_year: DemoYear, facts: DemoFacts) -> None:
    landing = demo_year.home.landing
    assert len(facts.files) > 100
    for path in facts.files:
        assert (landing / path.parent.name / path.name).read_bytes() == path.read_bytes(), path.name
    assert facts.months == MONTHS
    assert facts.readings > 5_000_000


def test_exactly_the_planted_faults_are_found(found: tuple[Found, Found]) -> None:
    roots, folded = found
    assert roots == expected_findings(MONTHS)
    assert folded == following_findings(MONTHS)


def test_the_page_of_the_demo_tells_what_fired(found: tuple[Found, Found]) -> None:
    lines = (ROOT / "docs" / "demo.md").read_text(encoding="utf-8").splitlines()
    start = lines.index("| month | site | rule | subject | planted fault |") + 2
    rows = [[cell.strip() for cell in line.strip("| ").split(" | ")][:4] for line in lines[start:] if line.startswith("|")]
    told, silent = set(), set()
    for months, *rest in rows:
        first, _, last = months.partition(" … ")
        for month in month_range(first, last or first):
            (silent if rest[1] == NONE else told).add((month, *rest))
    everything = found[0] | found[1]
    assert told == everything
    assert len(silent) >= 4
    for month, site, _, subject in silent:
        assert not {key for key in everything if (key[0], key[1]) == (month, site) and subject in key[3]}


def energies(demo_year: DemoYear, month: str) -> dict[tuple[str, str], int | None]:
    stored = demo_year.home.ledger.manifest(month, "staging/energies")
    assert stored is not None
    frame = demo_year.home.lake.read("staging/energies", month, stored.file_digest).filter(pl.col("meter_id") == "")
    return {(row["site_id"], row["measure"]): row["quantity"] for row in frame.to_dicts()}


@pytest.mark.parametrize("month", MONTHS)
def test_every_energy_is_what_was_simulated(demo_year: DemoYear, facts: DemoFacts, month: str) -> None:
    seen = energies(demo_year, month)
    for site in SITES:
        truth = facts.truth[site][month]
        for measure, true in (("E_DC", truth.e_dc_wh), ("E_IT", truth.e_it_wh), ("water", truth.water_l)):
            got, unread = seen[site, measure], UNREAD.get((site, month, measure))
            if unread is None:
                assert got == true, (site, measure)
            else:
                share = unread / len(month_hours_s(month, "Asia/Shanghai"))
                assert got is not None
                assert abs(got - true) <= SWING * share * true, (site, measure)


def test_the_board_shows_the_planted_faults_and_nothing_else(demo_year: DemoYear, gci_json: Any) -> None:
    board = gci_json("status", "--home", demo_year.home.root)
    rows = board["rows"]
    assert {(row["month"], row["site_id"]) for row in rows} == {(month, site) for month in MONTHS for site in SITES}
    assert len(rows) == 39
    shown = {(row["month"], row["site_id"], item["code"], item["subject"]) for row in rows for item in row["findings"]}
    assert shown == expected_findings(MONTHS)
    assert {row["state"] for row in rows} == {"provisional"}
    assert all(row["missing_feeds"] == [] for row in rows)
    blocked = {(row["month"], row["site_id"]): row["blocks"] for row in rows if row["blocks"]}
    assert set(blocked) == {("2025-03", "HL01"), ("2025-08", "HL02"), ("2025-08", "HL03"), ("2025-11", "HL03")}
    assert all("CT12" in line for line in blocked["2025-03", "HL01"])
    assert any("E_IT" in line and "TL01" in line for line in blocked["2025-11", "HL03"])
    # the hours in which every meter of both sides is metered, before estimation: all but an hour with two missing readings, the hour of
    # the spike, nine hours of one meter, ten days of one meter
    gaps = {("2025-05", "HL02"): 743 / 744, ("2025-07", "HL03"): 743 / 744, ("2025-10", "HL02"): 735 / 744, ("2025-11", "HL03"): 20 / 30}
    for row in rows:
        assert row["coverage"] == pytest.approx(gaps.get((row["month"], row["site_id"]), 1), abs=1e-12)
    assert board["not_computed"] == []
    assert not demo_year.home.ledger.entries(kinds=["quarantine"])


def test_claims_of_a_withheld_month_are_not_shown_as_green(demo_year: DemoYear, gci_json: Any) -> None:
    """March's roof is claimed twice (CT12): nothing of the month counts, and the routes of the year sum to what does."""
    year = gci_json("certificates", "HL01", "2025", "--home", demo_year.home.root)
    assert {month for group in year["withheld"] for month in group["months"]} == {"2025-03"}
    assert "2025-03" not in {month for group in year["claimed"] for month in group["months"]}
    claimed = sum(group["mwh"] for group in year["claimed"])
    assert claimed == pytest.approx(year["sum"]["counted_mwh"], abs=1e-9)
    assert claimed == pytest.approx(sum(year["sum"]["claimed_by_route"].values()), abs=1e-9)


def test_the_home_is_valid(demo_year: DemoYear, gci_json: Any) -> None:
    answer = gci_json("verify", "--home", demo_year.home.root)
    assert (answer["valid"], answer["problems"]) == (True, [])
    assert answer["log_number"] == demo_year.home.ledger.head()[0]


def test_all_sites_have_a_grade_and_two_are_capped(demo_year: DemoYear, gci: Any, gci_json: Any) -> None:
    shown = {site: gci_json("show", site, "2026-03", "--home", demo_year.home.root) for site in (*SITES, "HL")}
    for entity, payload in shown.items():
        assert payload["grade"] in ("1", "2", "3", "4", "5"), entity
        assert payload["weight_coverage"] == pytest.approx(1)
        assert gci("show", entity, "2026-03", "--home", demo_year.home.root)[0] == 0
    assert {entity: payload["binding_cap"] for entity, payload in shown.items()} == {
        "HL01": None, "HL02": "hub, E1 < 0.80", "HL03": "PUE > 1.50", "HL": None,
    }  # fmt: skip
    # HL01 has a full year; HL02 has a month in which something is withheld (2025-08), HL03 and with it the cluster two (and 2025-11)
    assert {entity: payload["months_in_window"] for entity, payload in shown.items()} == {"HL01": 12, "HL02": 11, "HL03": 10, "HL": 10}
    # without its cap each would have a better grade; a cap never makes one better
    for site in ("HL02", "HL03"):
        assert shown[site]["grade"] > shown[site]["grade_from_score"]
    values = {site: {item["code"]: item["value"] for item in shown[site]["indicators"]} for site in SITES}
    assert 0 < values["HL02"]["E1"] < 0.80
    assert values["HL03"]["D1"] > 1.50 > 1.30 > values["HL01"]["D1"] > values["HL02"]["D1"] > 1


# The trace, with the kept file read here and not by the product --------------------------------------------------------


def kept_rows(demo_year: DemoYear, file: dict[str, Any], encoding: str) -> list[list[str]]:
    data = (demo_year.home.root / "lake" / "files" / file["digest"].removeprefix("sha256:")).read_bytes()
    data = gzip.decompress(data) if file["name"].endswith(".gz") else data
    return list(csv.reader(data.decode(encoding, errors="strict").splitlines()))


def assert_rows_stand_in_the_files(demo_year: DemoYear, tree: dict[str, Any], encoding: str) -> int:
    files: dict[str, list[list[str]]] = {}
    compared = 0
    for meter in (meter for side in tree["sides"] for meter in side["meters"]):
        for row in meter["rows"]["shown"]:
            if row["digest"] not in files:
                files[row["digest"]] = kept_rows(demo_year, row, encoding)
            lines = files[row["digest"]]
            assert list(row["raw"]) == lines[0]
            assert list(row["raw"].values()) == lines[row["source_row"] - 1]
            assert lines[row["source_row"] - 1][0] == meter["meter_id"]
            compared += 1
    return compared


def test_the_trace_adds_up_to_the_number_and_ends_at_the_text_of_the_files(demo_year: DemoYear, facts: DemoFacts, gci_json: Any) -> None:
    tree = gci_json("trace", "HL01", "2026-03", "D1", "--depth", "rows", "--home", demo_year.home.root)
    truth = facts.truth["HL01"]["2026-03"]
    supply, it = tree["sides"]
    assert (supply["total"], it["total"]) == (truth.e_dc_wh, truth.e_it_wh)
    assert tree["month_value"] == truth.e_dc_wh / truth.e_it_wh
    for side in tree["sides"]:
        assert sum(meter["quantity"] for meter in side["meters"]) == side["total"]
        for meter in side["meters"]:
            assert len(meter["hours"]) == 744
            assert sum(hour["sign"] * hour["quantity"] for hour in meter["hours"]) == meter["quantity"]
            assert sum(state["quantity"] for state in meter["states"]) == meter["quantity"]
            rows = meter["rows"]
            assert rows["landed"] == rows["valid"] + rows["rejected"] + rows["superseded"] == 2976
            assert sum(file["rows"] for file in rows["files"]) == len(rows["shown"]) == rows["landed"] + rows["edge_rows"]
    window = tree["window"]
    assert sum(month["numerator"] for month in window["months"]) == window["numerator"]
    assert sum(month["denominator"] for month in window["months"]) == window["denominator"]
    assert [month["month"] for month in window["months"]] == list(MONTHS[1:])
    edges = 18 * 2 + 2 * 1  # of a register two, of an interval meter one
    assert assert_rows_stand_in_the_files(demo_year, tree, "utf-8") == 20 * 2976 + edges
    # two meters by hand, from the text alone: a register (multiplier 4000, kWh) and an interval meter labelled by its start
    meters = {meter["meter_id"]: meter for meter in supply["meters"]}
    text = {row["raw"]["read_at"]: Decimal(row["raw"]["value"]) for row in meters["HL01-G1"]["rows"]["shown"]}
    counted = text["2026-04-01T00:00:00+08:00"] - text["2026-03-01T00:00:00+08:00"]
    assert meters["HL01-G1"]["quantity"] == counted * 4000 * 1000
    line = [row["raw"] for row in meters["HL01-DL1"]["rows"]["shown"] if row["raw"]["read_at"].startswith("2026-03")]
    assert len(line) == 2976
    assert meters["HL01-DL1"]["quantity"] == sum(Decimal(row["value"]) for row in line) * 1000


def test_the_raw_text_of_a_gbk_file_is_chinese(demo_year: DemoYear, gci_json: Any) -> None:
    tree = gci_json("trace", "HL02", "2025-07", "E_DC", "--depth", "rows", "--home", demo_year.home.root)
    first = tree["sides"][0]["meters"][0]["rows"]["shown"][0]["raw"]
    assert list(first) == ["电表编号", "抄表时间", "止码"]
    compared = assert_rows_stand_in_the_files(demo_year, tree, "gbk")
    rows = {meter["meter_id"]: meter["rows"] for meter in tree["sides"][0]["meters"]}
    assert compared == sum(len(one["shown"]) for one in rows.values())
    # the dropout of this month: one row that is rejected, with its text at hand
    (rejected,) = rows["HL02-G2"]["rejected_rows"]
    assert rejected["rule_code"] == "CT04"
    (text,) = (row["raw"] for row in rows["HL02-G2"]["shown"] if row["source_row"] == rejected["source_row"])
    assert text["抄表时间"] == "2025/7/9 3:30"
    assert Decimal(text["止码"]) == 0


def test_what_a_person_reads_is_in_both_languages(demo_year: DemoYear) -> None:
    for row in demo_year.home.ledger.rows("result", window="ttm", month="2026-03"):
        payload = json.loads(row["payload"])
        for item in payload["findings"]:
            assert item["message"].isascii() or not any("\u4e00" <= letter <= "\u9fff" for letter in item["message"])
            assert any("\u4e00" <= letter <= "\u9fff" for letter in item["message_zh"])
