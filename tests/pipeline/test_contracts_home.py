"""A small home with a contract of each kind, and a claim for three months: the whole way to the page, and no order of commands matters.

S1 takes 150 kWh an hour from the grid, 10 from a direct line and 5 from panels on its roof: E_DC is 122.76 MWh in October and December
(744 hours) and 118.8 in November (720).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli.contracts import contract_lines, print_contracts
from pipelines.cli.main import main
from pipelines.verify import verify
from resources.home import Home
from tests.pipeline.hand_made import make_home, register, write_csv
from tests.pipeline.planted.world import Clock

MONTHS = ("2025-10", "2025-11", "2025-12")
GRID, LINE, ROOF, OTHER = "GRIDWIND000000001", "LINEWIND000000002", "ROOFSOLAR00000003", "FARHYDRO000000004"
MWH = 1_000_000
RESIDUAL = {"2022": 0.5856, "2023": 0.6096}  # kgCO2/kWh by data year, national (MEE+NBS)
TABLES = ("staging/claims", "staging/contract_balance", "staging/direct_line_tests", "index/site_index")


def build(root: Path, months: Sequence[str] = MONTHS) -> Home:
    home = make_home(root, months)
    land_meters(home)
    land_readings(home, months)
    land_contracts(home)
    return home


def land_meters(home: Home) -> None:
    header = ("meter_id", "site_id", "medium", "point", "kind", "unit", "register_digits", "project_code", "valid_from")
    rows = [
        ("S1-L", "S1", "electricity", "direct_line", "register", "kWh", "6", LINE, "2024-01-01"),
        ("S1-PV", "S1", "electricity", "onsite_generation", "register", "kWh", "6", ROOF, "2024-01-01"),
    ]
    write_csv(home.landing / "meters" / "green.csv", header, rows)


def land_readings(home: Home, months: Sequence[str]) -> None:
    for month in months:
        begun = sum((744, 720, 744)[MONTHS.index(m)] for m in MONTHS if m < month)
        readings = [*register("S1-L", month, 10, start=10 * begun), *register("S1-PV", month, 5, start=5 * begun)]
        write_csv(home.landing / "meter_readings" / f"green-{month}.csv", ("meter_id", "read_at", "value"), readings)


def land_contracts(home: Home) -> None:
    def land(feed: str, header: str, *rows: tuple[Any, ...]) -> None:
        write_csv(home.landing / feed / "green.csv", header.split(), rows)

    for name in ("contract.pdf", "cancelled.pdf"):
        (home.landing / "evidence" / name).write_text(name, encoding="utf-8")
    land(
        "projects", "project_code name energy_type geography commissioned_on",
        (GRID, "wind", "wind", "CN-HE", "2024-05-01"), (LINE, "line", "wind", "CN-HE", "2024-05-01"),
        (ROOF, "roof", "solar", "CN-HE", "2024-05-01"), (OTHER, "hydro", "hydro", "CN-SC", "2024-05-01"),
    )  # fmt: skip
    land(
        "ppa_contracts", "contract_id kind project_code start_on end_on annual_mwh attribute_clause evidence",
        ("K-TRADE", "green_trade", GRID, "2025-01-01", "2025-12-31", 300, "bundled", "contract.pdf"),
        ("K-LINE", "direct_line", LINE, "2025-01-01", "2030-12-31", 90, "bundled", "contract.pdf"),
        ("K-ROOF", "onsite_owned", ROOF, "2025-01-01", "2040-12-31", 45, "bundled", "contract.pdf"),
        ("K-MONEY", "financial", GRID, "2025-01-01", "2025-12-31", 100, "none", "contract.pdf"),
        ("K-CERT", "certificate_purchase", OTHER, "2025-01-01", "2025-12-31", 60, "separate", "contract.pdf"),
    )  # fmt: skip
    land("declarations", "site_id subject statement valid_from by", ("S1", "export", "none", "2024-01-01", "the operator"))
    contracts = ("K-TRADE", "K-LINE", "K-ROOF", "K-MONEY", "K-CERT")
    land("ppa_site_shares", "contract_id site_id share_ratio valid_from", *((name, "S1", 1, "2025-01-01") for name in contracts))
    land(
        "ppa_settlements", "contract_id month version contract_mwh ongrid_mwh mechanism_mwh user_mwh settled_mwh",
        ("K-TRADE", "2025-10", 1, 25, 22, 1.6, 120, 19), ("K-TRADE", "2025-10", 2, 25, 22, 1.6, 120, 20.4),
        ("K-TRADE", "2025-11", 1, 25, 30, 0, 120, 25), ("K-TRADE", "2025-12", 1, 25, 30, 0, 20, 20),
        ("K-MONEY", "2025-10", 1, "", "", "", "", 8),
    )  # fmt: skip
    land(
        "certificates", "project_code production_month seq_start seq_end energy_class energy_type tradable issued_on",
        (GRID, "2025-10", 0, 19, "on_grid", "wind", "true", "2025-11-10"),
        (GRID, "2025-11", 0, 24, "on_grid", "wind", "true", "2025-12-10"),
        (OTHER, "2025-10", 0, 59, "on_grid", "hydro", "true", "2025-11-10"),
    )  # fmt: skip
    land(
        "certificate_events",
        "project_code production_month seq_start seq_end kind on site_id consumption_month consumption_start consumption_end channel "
        "contract_id evidence",
        (GRID, "2025-10", 0, 19, "cancel", "2025-11-20", "S1", "2025-10", "", "", "green_trade", "K-TRADE", "cancelled.pdf"),
        (GRID, "2025-11", 0, 24, "transfer", "2025-12-12", "S1", "", "", "", "green_trade", "K-TRADE", "cancelled.pdf"),
        (OTHER, "2025-10", 0, 59, "cancel", "2026-01-10", "S1", "", "2025-10", "2025-12", "unbundled", "K-CERT", "cancelled.pdf"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Everything landed on 20 January 2026 and computed by one backfill; tests must not change it."""
    with Clock("2026-01-20T12:00:00+08:00").stands():
        made = build(tmp_path_factory.mktemp("contracts") / "home")
        assert main(["backfill", MONTHS[0], MONTHS[-1], "--home", str(made.root)]) == 3
    return made


def claimed(home: Home, contract_id: str) -> list[int]:
    """Eligible whole MWh under a contract in each month."""
    found = []
    for month in MONTHS:
        stored = home.ledger.manifest(month, "staging/claims")
        rows = home.lake.read("staging/claims", month, stored.file_digest).to_dicts() if stored else []
        found.append(sum(row["quantity_wh"] for row in rows if (row["contract_id"], row["status"]) == (contract_id, "eligible")) // MWH)
    return found


def digests(home: Home) -> dict[tuple[str, str], str]:
    return {(item.month, item.table_name): item.digest for item in home.ledger.manifests() if item.table_name in TABLES}


def payload(home: Home, month: str, window: str) -> dict[str, Any]:
    (row,) = home.ledger.rows("result", entity_id="S1", month=month, window=window)
    return json.loads(row["payload"])  # type: ignore[no-any-return]


# The claim for three months ----------------------------------------------------------------------------------------------


def test_a_claim_for_several_months_follows_what_is_uncovered(home: Home) -> None:
    """E_DC 122.76, 118.8, 122.76; covered by the roof 3.72, 3.6, 3.72 and in October by 20 MWh of green-power trade.

    Uncovered 99.04, 115.2, 119.04 of 333.28: 17.83, 20.74 and 21.43 of 60; rounded down 17, 20, 21, and one more for each of the first two.
    """
    assert claimed(home, "K-CERT") == [18, 21, 21]


@pytest.mark.long
def test_no_order_of_commands_changes_a_result(home: Home, tmp_path: Path) -> None:
    """The first month alone knows the months after it; one by one they give what the backfill gave."""
    with Clock("2026-01-20T12:00:00+08:00").stands():
        other = build(tmp_path / "home")
        assert main(["run", MONTHS[0], "--home", str(other.root)]) == 3
        assert claimed(other, "K-CERT") == [18, 0, 0]
        for month in MONTHS[1:]:
            assert main(["run", month, "--home", str(other.root)]) == 3
    assert digests(other) == digests(home)


@pytest.mark.long
def test_equal_shares_until_the_last_month_has_readings_then_earlier_months_follow(tmp_path: Path) -> None:
    with Clock("2026-01-20T12:00:00+08:00").stands():
        short = build(tmp_path / "home", MONTHS[:2])
        assert main(["run", MONTHS[1], "--home", str(short.root)]) == 3
        assert claimed(short, "K-CERT") == [20, 20, 0]
        scratch = make_home(tmp_path / "scratch", MONTHS)  # the same registers, a month longer
        shutil.copy(scratch.landing / "meter_readings" / f"{MONTHS[2]}.csv", short.landing / "meter_readings")
        land_readings(short, MONTHS[2:])
        assert main(["run", MONTHS[2], "--home", str(short.root)]) == 3
    assert claimed(short, "K-CERT") == [18, 21, 21]


# Contracts ---------------------------------------------------------------------------------------------------------------


def month_of(home: Home, contract_id: str, month: str) -> dict[str, Any]:
    (contract,) = [one for one in contract_lines(home, "S1", "2025")["contracts"] if one["contract_id"] == contract_id]
    (found,) = [one for one in contract["months"] if one["month"] == month]
    return found  # type: ignore[no-any-return]


def gaps(month: dict[str, Any]) -> list[tuple[str, str, float]]:
    return [(gap["stage"], gap["name"], gap["mwh"]) for gap in month["gaps"]]


def test_a_green_power_trade_month_by_month(home: Home) -> None:
    october = month_of(home, "K-TRADE", "2025-10")
    assert october["stages"] == {
        "contracted": 25, "delivered": 20.4, "settled": 20.4, "certificated": 20, "cancelled": 20, "counted": 20,
    }  # fmt: skip
    assert gaps(october) == [("delivered", "mechanism volume", 1.6), ("delivered", "short delivery", 3.0), ("certificated", "carried", 0.4)]
    assert [(one["version"], one["settled_mwh"]) for one in october["versions"]] == [(1, 19), (2, 20.4)]
    november = month_of(home, "K-TRADE", "2025-11")
    assert gaps(november) == [
        ("delivered", "beyond the contract", -5), ("settled", "beyond the contract", 5), ("cancelled", "not cancelled", 25),
    ]  # fmt: skip
    december = month_of(home, "K-TRADE", "2025-12")
    assert gaps(december) == [
        ("delivered", "beyond the contract", -5), ("settled", "beyond the contract", 5), ("settled", "above user load", 5),
        ("certificated", "not yet issued", 20),
    ]  # fmt: skip


def test_the_other_kinds(home: Home) -> None:
    line = month_of(home, "K-LINE", "2025-10")
    assert line["stages"] == {"contracted": None, "delivered": 7.44, "settled": None, "certificated": 0, "cancelled": 0, "counted": 0}
    assert gaps(line) == [("certificated", "not issued in time", 7), ("certificated", "carried", 0.44)]  # two months are over
    roof = month_of(home, "K-ROOF", "2025-11")
    assert roof["stages"] == {"delivered": 3.6, "certificated": 0, "cancelled": 0, "counted": 3.6}
    money = month_of(home, "K-MONEY", "2025-10")
    assert gaps(money) == [("certificated", "attribute not conveyed", 8)]
    bought = month_of(home, "K-CERT", "2025-10")
    assert bought["stages"] == {"certificated": 60, "cancelled": 60}


def test_the_direct_line_is_tested_and_unknown_where_its_plant_is_not_metered(home: Home) -> None:
    tests = contract_lines(home, "S1", "2025")["direct_line"]
    outcomes = {test["test"]: [month["outcome"] for month in test["months"]] for test in tests}
    assert outcomes == {
        "export_of_generation": ["unknown"] * 3, "self_use_of_generation": ["unknown"] * 3, "self_use_of_load": ["fails"] * 3,
    }  # fmt: skip
    (load,) = [test for test in tests if test["test"] == "self_use_of_load"]
    assert (load["months"][0]["numerator_mwh"], load["months"][0]["denominator_mwh"]) == (7.44, 122.76)
    assert load["year_share"] == pytest.approx(22.08 / 364.32)


def test_the_page_in_both_languages(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    print_contracts(contract_lines(home, "S1", "2025"))
    said = capsys.readouterr().out
    for words in ("K-TRADE", "绿电交易", "below 1 MWh, carried 不足 1 MWh,结转", "v1 19 → v2 20.4", "fails 不达标", "unknown 未知"):
        assert words in said


def test_verify_covers_the_new_tables(home: Home, tmp_path: Path) -> None:
    assert verify(home) == []
    copy = tmp_path / "copy"
    shutil.copytree(home.root, copy)
    other = Home.open(copy)
    stored = other.ledger.manifest("2025-10", "staging/contract_balance")
    assert stored is not None
    path = other.lake.table_path("staging/contract_balance", "2025-10", stored.file_digest)
    newer = other.ledger.manifest("2025-11", "staging/contract_balance")
    assert newer is not None
    shutil.copy(other.lake.table_path("staging/contract_balance", "2025-11", newer.file_digest), path)
    assert any("staging/contract_balance" in problem.where for problem in verify(other))


# Provisional and true-up -------------------------------------------------------------------------------------------------


def test_claims_are_open_and_say_what_is_to_come(home: Home) -> None:
    december = payload(home, "2025-12", "ttm")
    assert (december["claims_open"], december["claims_complete_on"]) == (True, "2026-03-31")
    # 25 of November and 20 of December settled; of the line 7 MWh a month, whose certificates nobody cancelled
    pending = [(row["contract_id"], row["reason"], row["mwh"]) for row in december["claims_pending"]]
    assert pending == [("K-TRADE", "settled, not cancelled", 45.0), ("K-LINE", "certificate not cancelled", 21.0)]
    assert december["pending_mwh"] == pytest.approx(66)
    assert december["index_if_pending_cancelled"] > december["index"]
    f1 = next(item for item in december["indicators"] if item["code"] == "F1")
    # uncovered: 122.76 − 3.72 − 20 − 18, 118.8 − 3.6 − 21, 122.76 − 3.72 − 21 MWh; pending 7, 32 and 27 of it; the factor of 2023 was
    # published before December's cut-off
    uncovered, pending_mwh = (81.04, 94.2, 98.04), (7, 32, 27)
    factors = (RESIDUAL["2022"], RESIDUAL["2022"], RESIDUAL["2023"])
    now = sum(mwh * factor for mwh, factor in zip(uncovered, factors, strict=True))
    hoped = sum((mwh - less) * factor for mwh, less, factor in zip(uncovered, pending_mwh, factors, strict=True))
    assert f1["beside"]["scope2_market_kg"] == pytest.approx(1000 * now)
    assert f1["beside"]["value_if_pending_cancelled"] / f1["value"] == pytest.approx(hoped / now)


def test_show_says_it_in_both_languages(home: Home, gci: Any) -> None:
    _, out, _ = gci("show", "S1", "2025-12", "--home", home.root)
    assert "Claims are open: certificates for these months may come until 2026-03-31" in out
    assert "K-TRADE 45 MWh settled" in out
    assert "K-TRADE 45 MWh 已结算" in out


def test_what_is_to_come_in_the_year_and_what_is_too_late(home: Home, gci_json: Any) -> None:
    """By month: October's line is over since the end of December, all else may come; the claim for three months keeps October open too."""
    found = gci_json("certificates", "S1", "2025", "--home", home.root)
    assert [(row["contract_id"], row["mwh"]) for row in found["to_come"]] == [("K-LINE", 21.0), ("K-TRADE", 45.0)]
    assert sum(row["share"] for row in found["to_come"]) == pytest.approx(66 / 364.32)
    assert (found["not_in_time"], found["claims_until"]) == ([], "2026-03-31")
    assert [contract["contract_id"] for contract in found["contracts"]] == ["K-CERT", "K-LINE", "K-MONEY", "K-ROOF", "K-TRADE"]


def test_the_command_prints_all_sections(home: Home, gci: Any) -> None:
    _, out, _ = gci("certificates", "S1", "2025", "--home", home.root)
    assert "Still to come in 2025, until 2026-03-31 at the latest: 66 MWh (18.1 % of the electricity)" in out
    assert "2025 年尚待核销(最迟至 2026-03-31):66 MWh(占用电量 18.1 %)" in out


@pytest.mark.long
def test_the_calendar_closes_them_and_what_was_not_cancelled_stays_named(home: Home, tmp_path: Path, gci: Any) -> None:
    copy = tmp_path / "later"
    shutil.copytree(home.root, copy)
    with Clock("2026-04-01T00:00:00+08:00").stands():
        (copy / "landing" / "bills" / "note.csv").write_text("nothing\nthat is known\n", encoding="utf-8")
        assert Home.open(copy).ledger.head()[0] == home.ledger.head()[0]
        gci("run", "2025-12", "--home", copy)  # only the day of the newest entry is another: the file is put aside
    assert [item.kind for item in Home.open(copy).ledger.entries()][home.ledger.head()[0] :] == ["quarantine"]
    december = payload(Home.open(copy), "2025-12", "ttm")
    assert (december["claims_open"], december["pending_mwh"]) == (False, pytest.approx(66))
    assert december["index_if_pending_cancelled"] == december["index"]
    _, out, _ = gci("show", "S1", "2025-12", "--home", copy)
    assert "Not cancelled in time" in out
    assert "逾期未核销" in out
