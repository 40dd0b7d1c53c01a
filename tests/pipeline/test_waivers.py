"""A waiver from the command line to the numbers and back: who, until when, what it costs, and that history stays as it was.

The home: IT readings end four days before the month does, so that 648 of 744 hours are metered (87 %): E_IT is withheld by TL01, and by
ME05 because the four days were filled in from the meter above.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from assets.compute import Compute
from pipelines.cli.main import main
from pipelines.documents import end_waivers
from resources.home import Home
from tests.pipeline.hand_made import make_home, meter_rows, register, write_csv

MONTH = "2026-01"
HEADER = (
    "meter_id", "site_id", "medium", "point", "parent_meter_id", "kind", "unit", "register_digits", "valid_from", "accuracy_class",
    "calibrated_until", "multiplier",
)  # fmt: skip
UNTIL = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%d")
GOOD = ("--by", "Li Na 李娜", "--reason", "paper log checked", "--until", UNTIL)


def withheld_home(root: Path) -> Home:
    home = make_home(root)
    meters = [(*row, "0.5S", "2027-12-31", "1") for row in meter_rows("S1")]
    write_csv(home.landing / "meters" / "meters.csv", HEADER, meters)
    readings = register("S1-G", MONTH, 150, start=1000) + register("S1-I", MONTH, 100, start=500)[: 27 * 24 + 1]
    write_csv(home.landing / "meter_readings" / f"{MONTH}.csv", ("meter_id", "read_at", "value"), readings)
    return home


def shown(home: Home, window: str = "ttm") -> dict[str, Any]:
    (row,) = home.ledger.rows("result", month=MONTH, entity_id="S1", window=window)
    payload: dict[str, Any] = json.loads(row["payload"])
    return payload


def indicator(payload: dict[str, Any], code: str) -> dict[str, Any]:
    return next(item for item in payload["indicators"] if item["code"] == code)


def ids(home: Home) -> dict[str, str]:
    return {row["code"]: row["id"] for row in home.ledger.rows("finding", month=MONTH, severity="withhold")}


@dataclass(frozen=True)
class Story:
    """One home over time: the result before a waiver, with both findings waived, and after their last day."""

    home: Home
    number: int  # of the log before the first waiver
    before: dict[str, Any]
    waived: dict[str, Any]
    waived_verdicts: list[dict[str, Any]]
    after: dict[str, Any]
    page: str  # of the report, while the waivers counted


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    home = withheld_home(tmp_path_factory.mktemp("waived") / "home")
    root = ("--home", str(home.root))
    assert main(["run", MONTH, *root]) == 3
    number, before = home.ledger.head()[0], shown(home)
    for code in ("TL01", "ME05"):
        assert main(["check", "S1", MONTH, "--waive", ids(home)[code], *GOOD, *root]) == 0
    assert main(["run", MONTH, *root]) == 3
    waived, verdicts = shown(home), home.ledger.rows("verdict", month=MONTH, outcome="waived")
    page = (home.reports / MONTH / "S1.html").read_text(encoding="utf-8")
    assert main(["verify", *root]) == 0
    assert len(end_waivers(home, datetime.now(UTC) + timedelta(days=31))) == 2
    assert end_waivers(home, datetime.now(UTC) + timedelta(days=32)) == []
    assert main(["run", MONTH, *root]) == 3
    return Story(home, number, before, waived, verdicts, shown(home), page)


def test_the_number_is_given_and_says_by_whom(story: Story) -> None:
    assert indicator(story.before, "D1")["status"] == "withheld"
    pue = indicator(story.waived, "D1")
    assert (pue["value"], pue["rules_failed"]) == (1.5, [])
    assert [(w["code"], w["quantity"], w["by"], w["reason"], w["until"]) for w in story.waived["waivers"]] == [
        ("TL01", "E_IT", "Li Na 李娜", "paper log checked", UNTIL), ("ME05", "E_IT", "Li Na 李娜", "paper log checked", UNTIL),
    ]  # fmt: skip
    assert pue["waivers"] == [w["finding"] for w in story.waived["waivers"]]
    assert indicator(story.waived, "A2")["waivers"] == []


def test_the_rule_still_fails(story: Story) -> None:
    assert {(v["rule"], v["quantity"], v["severity"]) for v in story.waived_verdicts} == {
        ("TL01", "E_IT", "withhold"), ("ME05", "E_IT", "withhold")
    }  # fmt: skip
    assert all(f"waived by Li Na 李娜 until {UNTIL}: paper log checked" in v["reason"] for v in story.waived_verdicts)
    assert {f["code"] for f in story.waived["findings"] if f["severity"] == "withhold"} == {"TL01", "ME05"}


def test_it_is_never_better_than_q4(story: Story) -> None:
    pue = indicator(story.waived, "D1")
    assert (pue["quality_tier"], pue["quality_shares"], pue["provisional"]) == ("Q4", {"Q4": 1.0}, True)
    assert pue["quality_of"]["E_DC"] == {"Q2": 1.0}  # class 0.5, calibrated, hourly


def test_what_the_findings_can_do(story: Story) -> None:
    # nothing to 9.6 MWh in the four days, where 9.6 were filled in: E_IT 64.8 to 74.4 MWh of 111.6 MWh
    found = {f["code"]: f["materiality"] for f in story.waived["findings"] if f["severity"] == "withhold"}
    assert (found["TL01"]["quantity_low"], found["TL01"]["quantity_high"], found["TL01"]["unit"]) == (-9_600_000, 0, "Wh")
    assert found["TL01"]["indicators"]["D1"] == pytest.approx([1.5, 111.6 / 64.8])
    assert found["ME05"]["indicators"]["D1"] == pytest.approx([111.6 / 84, 111.6 / 64.8])
    # D1 weighs 16 of 100; 1.50 earns 30 points, and 100 points are lost over 0.01 each from there to 1.80
    assert found["TL01"]["index_low"] == pytest.approx(-16 * (111.6 / 64.8 - 1.5) * 100 / 100)
    assert found["TL01"]["index_high"] == pytest.approx(0)
    rows = story.home.ledger.rows("materiality", month=MONTH)
    assert {row["id"] for row in rows} == {f["id"] for f in story.after["findings"]}
    unquantified = [f for f in story.waived["findings"] if f["materiality"]["index_low"] is None]
    assert all(f["materiality"]["reason_en"] and f["materiality"]["reason_zh"] for f in unquantified)


def test_after_its_last_day_the_month_is_what_it_was(story: Story) -> None:
    assert story.after["waivers"] == []
    assert story.after["output_digest"] == story.before["output_digest"] != story.waived["output_digest"]
    kinds = [entry.kind for entry in story.home.ledger.entries()][story.number :]
    assert kinds == ["waiver", "waiver", "waiver_end", "waiver_end"]


def test_what_counts_is_a_function_of_the_log(story: Story) -> None:
    counting = [len(Compute(story.home, MONTH, n).waivers) for n in range(story.number, story.number + 5)]
    assert counting == [0, 1, 2, 0, 0]
    assert Compute(story.home, "2026-02", story.number + 2).waivers == {}


def test_over_and_said_so(story: Story, gci: Any, gci_json: Any) -> None:
    found = gci_json("check", "S1", MONTH, "--home", story.home.root)
    assert {w["code"] for w in found["waivers"]} == {"TL01", "ME05"}
    assert found["findings"][0]["materiality"]["index_high"] is not None
    status, out, _ = gci("check", "S1", MONTH, "--home", story.home.root)
    assert status == 3
    assert "Li Na 李娜" in out
    assert "豁免" in out


def test_refusals_name_what_to_do_and_write_nothing(story: Story, gci: Any) -> None:
    number = story.home.ledger.head()[0]
    name = ids(story.home)["TL01"]

    def refused(*arguments: str) -> str:
        status, _, err = gci("check", "S1", MONTH, *arguments, "--home", story.home.root)
        assert status == 2
        return str(err)

    assert name in refused("--waive", "TL01-x", *GOOD)
    assert "--by NAME" in refused("--waive", name, "--reason", "x", "--until", UNTIL)
    assert "is in the past" in refused("--waive", name, "--by", "Li", "--reason", "x", "--until", "2026-02-01")
    assert "--waive FINDING" in refused("--by", "Li")
    flag = next(f["id"] for f in story.after["findings"] if f["severity"] == "flag")
    assert "withholds nothing" in refused("--waive", flag, *GOOD)
    assert story.home.ledger.head()[0] == number


def test_the_report_says_it_too(story: Story) -> None:
    for words in ("Quality", "质量等级", "provisional", "暂定", "It can change E_IT by", "可使 E_IT 变动"):
        assert words in story.page
    assert f"waived by Li Na 李娜 until {UNTIL}: paper log checked" in story.page
    assert f"由 Li Na 李娜 豁免至 {UNTIL}" in story.page
    assert "豁免至" not in (story.home.reports / MONTH / "S1.html").read_text(encoding="utf-8")
