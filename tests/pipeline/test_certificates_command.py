"""``gci certificates`` and the trace of E1: one page from which an energy manager reads what is green, by what proof, and what is not.

The home: 150 kWh an hour, so 108 MWh in November and 111.6 MWh in December 2025. Of one wind farm 40 MWh are cancelled for November and 40
for December, the last ten of them without their document; 20 MWh of November and 5 of February 2024 are held. It is 10 January 2026.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli.main import main
from tests.pipeline.hand_made import make_home, write_csv
from tests.pipeline.planted.world import Clock

ROOT = Path(__file__).resolve().parents[2]
WIND = "HANDWIND000000001"
NOVEMBER, DECEMBER = "2025-11", "2025-12"
ISSUED = ("project_code", "production_month", "seq_start", "seq_end", "energy_class", "energy_type", "tradable", "issued_on")
EVENTS = (
    "project_code", "production_month", "seq_start", "seq_end", "kind", "on", "site_id", "consumption_month", "channel", "evidence",
    "beneficiary",
)  # fmt: skip


def transfer(month: str, last: int, on: str) -> tuple[object, ...]:
    return (WIND, month, 1, last, "transfer", on, "S1", "", "unbundled", "c.txt", "")


def cancel(month: str, first: int, last: int, on: str, document: str = "c.txt") -> tuple[object, ...]:
    return (WIND, month, first, last, "cancel", on, "S1", month, "unbundled", document, "Test site S1")


@pytest.fixture(scope="module")
def green(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = make_home(tmp_path_factory.mktemp("green") / "home", (NOVEMBER, DECEMBER))
    header = ("project_code", "name", "energy_type", "geography", "commissioned_on")
    write_csv(home.landing / "projects" / "p.csv", header, [(WIND, "Wind", "wind", "CN-HE", "2023-05-01")])
    issued = [
        (WIND, month, 1, last, "on_grid", "wind", "true", on)
        for month, last, on in ((NOVEMBER, 100, "2025-12-10"), (DECEMBER, 100, "2026-01-02"), ("2024-02", 10, "2024-03-10"))
    ]
    write_csv(home.landing / "certificates" / "issued.csv", ISSUED, issued)
    events = [
        transfer(NOVEMBER, 60, "2025-12-15"), cancel(NOVEMBER, 1, 40, "2025-12-20"), transfer(DECEMBER, 40, "2026-01-03"),
        cancel(DECEMBER, 1, 30, "2026-01-05"), cancel(DECEMBER, 31, 40, "2026-01-05", "missing.txt"), transfer("2024-02", 5, "2024-04-01"),
    ]  # fmt: skip
    write_csv(home.landing / "certificate_events" / "events.csv", EVENTS, events)
    (home.landing / "evidence").mkdir(exist_ok=True)
    (home.landing / "evidence" / "c.txt").write_text("cancelled", encoding="utf-8")
    with Clock("2026-01-10T08:00:00+08:00").stands():
        assert main(["backfill", NOVEMBER, DECEMBER, "--home", str(home.root)]) == 3
    return home.root


@pytest.fixture(scope="module")
def position(green: Path) -> dict[str, Any]:
    from assets.reports.green_power import Stock, site_year
    from resources.home import Home

    return site_year(Stock(Home.open(green)), "S1", "2025")


def test_month_by_month_and_in_sum(position: dict[str, Any]) -> None:
    rows = [
        (m["month"], m["electricity_mwh"], m["claimed_by_route"], m["counted_mwh"], m["cancelled_mwh"], m["pending_mwh"], m["excluded_mwh"])
        for m in position["months"]
    ]
    assert rows == [
        (NOVEMBER, 108.0, {"unbundled_near": 40.0}, 40.0, 40.0, 20.0, 0.0),
        (DECEMBER, 111.6, {"unbundled_near": 30.0}, 30.0, 40.0, 0.0, 10.0),
    ]
    total = position["sum"]
    assert (total["counted_mwh"], total["pending_mwh"], total["excluded_mwh"], total["cancelled_mwh"]) == (70.0, 20.0, 10.0, 80.0)
    assert total["share"] == pytest.approx(70 / 219.6)
    assert position["not_computed"] == [f"2025-{n:02d}" for n in range(1, 11)]


def test_by_what_proof_and_why_not(position: dict[str, Any]) -> None:
    (claimed,) = position["claimed"]
    assert (claimed["route"], claimed["mwh"], claimed["documents"]) == ("unbundled_near", 70.0, ["c.txt"])
    assert [(row["month"], row["seq_start"], row["seq_end"], row["file"], row["source_row"]) for row in claimed["rows"]] == [
        (NOVEMBER, 1, 40, "certificate_events/events.csv", 3), (DECEMBER, 1, 30, "certificate_events/events.csv", 5),
    ]  # fmt: skip
    (excluded,) = position["excluded"]
    assert (excluded["reason"], excluded["reason_zh"], excluded["mwh"]) == ("evidence missing", "缺少证明文件", 10.0)
    (pending,) = position["pending"]
    assert (pending["reason"], pending["mwh"]) == ("held, not cancelled", 20.0)


def test_what_is_held_and_what_expires_soon(position: dict[str, Any]) -> None:
    held = [
        (row["production_month"], row["seq_start"], row["seq_end"], row["mwh"], row["usable_to"], row["days_left"])
        for row in position["held"]
    ]
    assert held == [("2024-02", 1, 5, 5, "2026-01-31", 21), (NOVEMBER, 41, 60, 20, "2027-10-31", 659)]
    (soon,) = position["expiring"]
    assert (soon["mwh"], soon["evidence"], soon["file"], soon["source_row"]) == (5, "c.txt", "certificate_events/events.csv", 7)
    assert position["lapsed"] == []


def test_what_stands_cancelled_and_for_whom(position: dict[str, Any]) -> None:
    (group,) = position["cancelled"]
    assert (group["project_code"], group["channel"], group["beneficiary"], group["mwh"]) == (WIND, "unbundled", "Test site S1", 80)
    ranges = [(row["production_month"], row["seq_start"], row["seq_end"], row["consumption_start"], row["since"]) for row in group["rows"]]
    assert ranges == [
        (NOVEMBER, 1, 40, NOVEMBER, "2025-12-20"), (DECEMBER, 1, 30, DECEMBER, "2026-01-05"), (DECEMBER, 31, 40, DECEMBER, "2026-01-05"),
    ]  # fmt: skip


def test_the_books_of_its_project_months(position: dict[str, Any]) -> None:
    books = position["books"]
    wanted = {
        "project_months": 3, "issued": 210, "transferred": 105, "cancelled": 80, "valid": 80, "claimed": 70, "left_out": 10, "lost": 0,
    }  # fmt: skip
    assert {name: books[name] for name in wanted} == wanted
    assert books["agree"]
    assert books["differences"] == []


def test_the_page_speaks_both_languages(green: Path, gci: Any) -> None:
    status, out, err = gci("certificates", "S1", "2025", "--home", green)
    assert (status, err) == (0, "")
    for text in (
        "70 of 219.6 MWh in 2 months, 31.9 %",
        "占用电量 219.6 MWh 的 31.9 %",
        "缺少证明文件",
        "2026-01-31",
        "同区域绿证",
        "gci trace S1 MONTH E1",
    ):
        assert text in out, text
    _, shown, _ = gci("certificates", "S1", "2025", "--home", green, "--format", "json")
    assert shown.lstrip().startswith("{")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("S11", "2025"), 2, ("There is no site 'S11' in 2025. Did you mean S1?", "Known: S1")),
        (("S1", "2024"), 1, ("No month of 2024 was computed yet", "gci backfill 2024-01 2024-12")),
        (("S1", "2019"), 2, ("before the first month of this home",)),
        (("S1", "25"), 2, ("'25' is no year", "2026")),
        (("S1", "2025-11"), 2, ("'2025-11' is no year",)),
    ],
)
def test_what_it_can_not_answer_it_says_well(green: Path, gci: Any, words: tuple[str, str], status: int, said: tuple[str, ...]) -> None:
    got, out, err = gci("certificates", *words, "--home", green)
    assert (got, out) == (status, "")
    for text in said:
        assert text in err


def test_without_anything_green_it_says_what_to_drop_where(computed_home: Path, gci: Any) -> None:
    status, out, _ = gci("certificates", "S1", "2026", "--home", computed_home)
    assert status == 3  # the share is not reported
    assert "Drop files into landing/ (projects, certificates, certificate_events" in out
    assert "没有任何数据说明 S1 2026 年的绿色电力" in out


def test_it_imports_no_heavy_library(green: Path) -> None:
    code = (
        "import sys\nfrom pipelines.cli.main import main\n"
        "main(sys.argv[1:])\n"
        "sys.exit(str({'dagster', 'pandas', 'pandera'} & set(sys.modules) or '') or 0)"
    )
    for command in (("certificates", "S1", "2025"), ("trace", "S1", DECEMBER, "E1", "--depth", "rows")):
        done = subprocess.run(
            [sys.executable, "-c", code, *command, "--home", str(green)], cwd=ROOT, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr


# From the share back to the rows ----------------------------------------------------------------------------------------


def test_e1_walks_back_to_certificate_ranges_and_rows(green: Path, gci_json: Any) -> None:
    tree = gci_json("trace", "S1", DECEMBER, "E1", "--home", green, "--depth", "rows")
    assert tree["month_value"] == pytest.approx(30 / 111.6)
    claims = tree["claims"]
    (route,) = claims["routes"]
    assert (claims["numerator"], claims["denominator"], route["used_wh"]) == (30_000_000, 111_600_000, 30_000_000)
    (row,) = route["rows"]
    assert (row["project_code"], row["seq_start"], row["seq_end"], row["evidence"]) == (WIND, 1, 30, "c.txt")
    assert (row["file"], row["source_row"]) == ("certificate_events/events.csv", 5)
    assert (row["raw"]["seq_end"], row["raw"]["kind"]) == ("30", "cancel")
    (left,) = claims["not_counted"]
    assert (left["reason"], left["quantity_wh"]) == ("evidence missing", 10_000_000)
    assert (tree["sides"][0]["measure"], tree["sides"][0]["total"]) == ("E_DC", 111_600_000)
    window = tree["window"]
    assert (window["numerator"], window["denominator"]) == (70_000_000, 219_600_000)
    assert [month["numerator"] for month in window["months"]] == [40_000_000, 30_000_000]


def test_e2_is_weighted_by_route(green: Path, gci: Any, gci_json: Any) -> None:
    tree = gci_json("trace", "S1", DECEMBER, "E2", "--home", green)
    assert tree["month_value"] == pytest.approx(0.4 * 30 / 111.6)
    assert tree["window"]["value"] == pytest.approx(0.4 * 70 / 219.6)
    _, out, _ = gci("trace", "S1", DECEMBER, "E2", "--home", green)
    for text in (
        "unbundled_near × 0.4: 30,000,000 Wh",
        f"{WIND} {DECEMBER} 1-30",
        "excluded 不计入 10,000,000 Wh: evidence missing 缺少证明文件",
    ):
        assert text in out


# The report -------------------------------------------------------------------------------------------------------------


def test_the_report_has_a_page_for_the_year(green: Path) -> None:
    page = (green / "reports" / "2025" / "S1.html").read_text(encoding="utf-8")
    for text in ("70 of 219.6 MWh", "缺少证明文件", "2026-01-31", "c.txt", "certificate_events/events.csv:3"):
        assert text in page
    month = (green / "reports" / DECEMBER / "S1.html").read_text(encoding="utf-8")
    assert 'href="../2025/S1.html"' in month
    assert f'href="../{DECEMBER}/S1.html"' in page


def test_the_tables_are_sealed(green: Path, gci: Any) -> None:
    assert gci("verify", "--home", green)[0] == 0
