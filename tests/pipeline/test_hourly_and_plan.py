"""Hourly matching and the purchase plan in a hand-made home: 150 kWh in every hour, a wind farm that turns in every second one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli.main import main
from resources.home import Home
from tests.pipeline.hand_made import METER_HEADER, hours_of, make_home, write_csv

MONTH, WIND = "2026-01", "W" * 17
OFFERS = (
    "offer_id,price,currency,available_mwh,geography,production_month,energy_type,tradable,commissioned_on,project_code,seq_start,seq_end"
)
Gci = Callable[..., tuple[int, str, str]]


def green(home: Home) -> None:
    """A wind farm of 200 kWh in even hours (74.4 MWh), 74 certificates, 60 of them cancelled for S1."""
    landing = home.landing
    write_csv(landing / "meters" / "wind.csv", (*METER_HEADER, "project_code"), [
        ("S1-OFF", "S1", "electricity", "offsite_generation", "", "register", "kWh", "7", "2024-01-01", WIND),
    ])  # fmt: skip
    rows, count = [], 0
    for number, at in enumerate(hours_of(MONTH)):
        rows.append(("S1-OFF", at.strftime("%Y-%m-%d %H:%M"), str(count)))
        count += 200 if number % 2 == 0 else 0
    write_csv(landing / "meter_readings" / "wind.csv", ("meter_id", "read_at", "value"), rows)
    write_csv(landing / "projects" / "projects.csv", ("project_code", "energy_type", "geography", "commissioned_on"), [
        (WIND, "wind", "CN-SX", "2021-06-30"),
    ])  # fmt: skip
    header = ("project_code", "production_month", "seq_start", "seq_end", "energy_class", "energy_type", "tradable", "issued_on")
    write_csv(landing / "certificates" / "c.csv", header, [(WIND, MONTH, 1, 74, "on_grid", "wind", "1", "2026-02-08")])
    event = (
        "project_code",
        "production_month",
        "seq_start",
        "seq_end",
        "kind",
        "on",
        "site_id",
        "consumption_month",
        "channel",
        "evidence",
    )
    write_csv(landing / "certificate_events" / "e.csv", event, [
        (WIND, MONTH, 1, 60, "cancel", "2026-02-20", "S1", MONTH, "unbundled", "cancelled.txt"),
    ])  # fmt: skip
    (landing / "evidence").mkdir(exist_ok=True)
    (landing / "evidence" / "cancelled.txt").write_text("cancelled", encoding="utf-8")
    write_csv(landing / "telemetry" / "grid.csv", ("site_id", "at", "variable", "value", "unit"), [
        ("S1", at.strftime("%Y-%m-%d %H:%M"), "grid_carbon_free_share", "0.4", "1") for at in hours_of(MONTH)[:-1]
    ])  # fmt: skip


@pytest.fixture(scope="module")
def green_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = make_home(tmp_path_factory.mktemp("green") / "home")
    green(home)
    assert main(["run", MONTH, "--home", str(home.root)]) == 3
    return home.root


def offers(folder: Path, *rows: str, encoding: str = "utf-8", header: str = OFFERS) -> Path:
    path = folder / "offers.csv"
    path.write_bytes("\n".join([header, *rows]).encode(encoding))
    return path


def test_hourly_share_beside_the_renewable_share(green_home: Path, gci_json: Callable[..., Any]) -> None:
    """60 of 111.6 MWh are claimed. Prorated: 60/74.4 × 200 kWh = 161.3 kWh in even hours, of which the load takes 150: 372 × 150 kWh."""
    for window in ("month", "ttm"):
        payload = gci_json("show", "S1", MONTH, "--window", window, "--home", green_home)
        (share,) = (item for item in payload["indicators"] if item["code"] == "E1")
        assert share["value"] == pytest.approx(60 / 111.6)
        beside = share["beside"]
        assert beside["hourly_matched_share"] == pytest.approx(0.5, abs=1e-9)
        assert (beside["hourly_basis"], beside["hourly_profiled_share"], beside["hourly_known_share"]) == ("prorated", 1.0, 1.0)
        assert beside["CFE"] == pytest.approx(0.5 + 0.5 * 0.4, abs=1e-6)
        assert beside["delivered_share"] == 0.0


def test_the_shares_stand_side_by_side_in_text_and_report(green_home: Path, gci: Gci) -> None:
    _, out, _ = gci("show", "S1", MONTH, "--home", green_home)
    for words in ("hourly-matched share 按小时匹配占比", "50.0 %", "CFE", "70.0 %", "绿证按项目当月计量发电曲线分摊"):
        assert words in out
    page = (green_home / "reports" / MONTH / "S1.html").read_text(encoding="utf-8")
    assert "Renewable shares, side by side" in page
    assert "按小时匹配占比" in page


@pytest.mark.long
def test_without_a_profile_there_is_no_figure(tmp_path: Path, gci: Gci, gci_json: Callable[..., Any]) -> None:
    home = make_home(tmp_path / "home")
    green(home)
    (home.landing / "meters" / "wind.csv").unlink()
    gci("run", MONTH, "--home", home.root)
    payload = gci_json("show", "S1", MONTH, "--home", home.root)
    (share,) = (item for item in payload["indicators"] if item["code"] == "E1")
    assert share["value"] == pytest.approx(60 / 111.6)
    assert share["beside"]["hourly_matched_share"] is None
    assert share["beside"]["hourly_reason"].startswith("no hourly generation profile")


def test_verify_covers_the_hours(green_home: Path, gci: Gci) -> None:
    assert gci("verify", "--home", green_home)[0] == 0


def test_plan_without_offers_says_the_shortfall(green_home: Path, gci: Gci, gci_json: Callable[..., Any]) -> None:
    """80 % of 111.6 is 89.28; 60 count: 29.28 short, 30 certificates."""
    found = gci_json("certificates", "S1", "2026", "--plan", "--home", green_home)
    assert (found["target"], found["to_buy_mwh"], found["feasible"]) == (0.8, 30, None)
    assert found["shortfall_mwh"] == pytest.approx(29.28)
    assert "hubs" in found["target_source"]
    assert [row["status"] for row in found["months"][:2]] == ["measured", "not_computed"]
    status, out, _ = gci("certificates", "S1", "2026", "--plan", "--home", green_home)
    assert status == 0
    for words in ("purchase plan 绿证采购方案", "不构成绿电主张", "not a claim", "To buy: 30 MWh", "需采购 30 MWh", "--offers FILE"):
        assert words in out


def test_plan_with_offers(green_home: Path, tmp_path: Path, gci: Gci, gci_json: Callable[..., Any]) -> None:
    path = offers(
        tmp_path,
        "near,5.20,CNY,20,CN-SX,2026-02,wind,1,2021-06-30,,,",
        "far,4.80,CNY,12,广东,2026-02,solar,1,2021-06-30,,,",
        f"used,1.00,CNY,15,CN-SX,{MONTH},wind,1,2021-06-30,{WIND},60,74",
        "old,1.00,CNY,99,CN-SX,2025-12,wind,1,2021-06-30,,,",
    )
    arguments = ("certificates", "S1", "2026", "--plan", "--offers", path, "--on", "2026-04-01", "--home", green_home)
    found = gci_json(*arguments)
    assert {row["offer_id"]: row["buy_mwh"] for row in found["offers"]} == {"far": 12, "near": 18}
    assert (found["cost"], found["currency"], found["feasible"]) == ("151.20", "CNY", True)
    assert found["E1_planned"] == pytest.approx(90 / 111.6)
    assert found["E2_planned"] == pytest.approx((60 * 0.4 + 18 * 0.4 + 12 * 0.25) / 111.6)
    reasons = {row["offer_id"]: row["reason"] for row in found["refused"]}
    assert reasons["used"].startswith("already used: 1 of its certificates (60-60)")
    assert reasons["old"].startswith("vintage")
    status, out, _ = gci(*arguments)
    assert status == 0
    for words in ("Feasible 可行", "151.20 CNY", "refused 不采用", "已被使用", "not stated 未注明"):
        assert words in out


def test_unused_certificates_of_the_same_project_may_be_bought(green_home: Path, tmp_path: Path, gci_json: Callable[..., Any]) -> None:
    path = offers(tmp_path, f"rest,1.00,CNY,14,CN-SX,{MONTH},wind,1,2021-06-30,{WIND},61,74")
    found = gci_json(
        "certificates", "S1", "2026", "--plan", "--target", "0.6", "--offers", path, "--on", "2026-04-01", "--home", green_home
    )
    assert (found["offers"][0]["buy_mwh"], found["offers"][0]["numbers_stated"], found["refused"]) == (7, True, [])


def test_infeasible_is_status_3_and_says_what_is_missing(green_home: Path, tmp_path: Path, gci: Gci) -> None:
    path = offers(tmp_path, "near,5.20,CNY,20,CN-SX,2026-02,wind,1,2021-06-30,,,")
    status, out, _ = gci("certificates", "S1", "2026", "--plan", "--offers", path, "--on", "2026-04-01", "--home", green_home)
    assert status == 3
    assert "10 MWh are missing: 30 MWh are needed" in out
    assert "缺少 10 MWh" in out


def test_a_chinese_file_in_gbk(green_home: Path, tmp_path: Path, gci_json: Callable[..., Any]) -> None:
    path = offers(
        tmp_path, "甲,5.20,元,40,山西省,2026年2月,风电,是,2021/6/30", encoding="gbk",
        header="报价编号,单价(元/张),币种,可售数量,省份,生产月份,能源类型,是否可交易,投产日期",
    )  # fmt: skip
    found = gci_json("certificates", "S1", "2026", "--plan", "--offers", path, "--on", "2026-04-01", "--home", green_home)
    assert (found["offers"][0]["buy_mwh"], found["cost"], found["offers"][0]["route"]) == (30, "156.00", "unbundled_near")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--target", "0.9"), 2, "--target belongs to a plan: add --plan"),
        (("--plan", "--target", "80"), 2, "--target 80 is no share from 0 to 1. Write 0.8 for 80 %."),
        (("--plan", "--target", "80%"), 2, "Write 0.8 for 80 %."),
        (("--plan", "--quality", "x"), 2, "--quality x is no share"),
        (("--plan", "--on", "2026-02-30"), 2, "is no day"),
        (("--plan", "--offers", "/nowhere/offers.csv"), 2, "can't be read"),
    ],
)
def test_wrong_usage(green_home: Path, gci: Gci, arguments: tuple[str, ...], status: int, said: str) -> None:
    found, _, err = gci("certificates", "S1", "2026", *arguments, "--home", green_home)
    assert found == status
    assert said in err


def test_the_command_imports_neither_dagster_nor_pandas(green_home: Path, tmp_path: Path) -> None:
    path = offers(tmp_path, "near,5.20,CNY,40,CN-SX,2026-02,wind,1,2021-06-30,,,")
    code = (
        "import sys, json\nfrom pipelines.cli.main import main\n"
        f"main(['certificates', 'S1', '2026', '--plan', '--offers', {str(path)!r}, '--on', '2026-04-01', '--home', {str(green_home)!r}])\n"
        "print(json.dumps([m for m in ('dagster', 'pandas', 'pandera') if m in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=120, cwd=Path(__file__).parents[2]
    )
    assert json.loads(done.stdout.splitlines()[-1]) == []
