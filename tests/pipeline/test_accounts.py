"""Emissions, energy, cost and approved values from files to ``gci show``, the report and the workbook; covered by ``gci verify``."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import fastexcel
import polars as pl
import pytest

from checks.contracts.registry import ACCOUNTS
from pipelines.cli.main import main
from resources.home import Home
from tests.pipeline.hand_made import make_home, write_csv

MONTH = "2026-01"
SITE = ("site_id", "name", "geography", "pue_category", "stage", "design_power_kw", "valid_from", "approved_pue", "approved_energy_tce")
TARIFF = ("site_id", "valid_from", "price_per_kwh", "currency", "period", "hours", "months", "demand_charge_per_kw")
BILL = ("site_id", "meter_id", "period_start", "period_end", "quantity", "unit", "amount", "currency", "statement_no")
ACTIVITY = ("site_id", "month", "activity", "quantity", "unit", "density_kg_per_l", "evidence")


def accounted(root: Path) -> Home:
    """S1: 150 kWh each hour from the grid, of which 100 IT; prices by period, a bill, fuel, scope 3. S2: one price, no more."""
    home = make_home(root, (MONTH,), sites=("S1", "S2"))
    landing = home.landing
    rows = [("S1", "Test site S1", "CN-HE", "2", "operation", "500", "2024-01-01", "1.4", "150"),
            ("S2", "Test site S2", "CN-HE", "2", "operation", "500", "2024-01-01", "", "")]  # fmt: skip
    write_csv(landing / "sites" / "sites.csv", SITE, rows)
    write_csv(
        landing / "tariffs" / "periods.csv", TARIFF,
        [("S1", "2025-01-01", "0.5", "CNY", "平", "", "", "30"), ("S1", "2025-01-01", "0.8", "CNY", "高峰", "8-12", "", ""),
         ("S1", "2025-01-01", "0.2", "CNY", "低谷", "23:00-07:00", "", "")],
    )  # fmt: skip
    write_csv(landing / "tariffs" / "old.csv", TARIFF[:4], [("S2", "2025-01-01", "0.462", "CNY")])
    write_csv(
        landing / "bills" / "bills.csv", BILL,
        [("S1", "S1-G", "2026-01-01", "2026-01-31", "111600", "kWh", "54800", "CNY", "N1"),
         ("S2", "S2-G", "2026-01-06", "2026-01-10", "18000", "kWh", "8316.5", "CNY", "N2")],
    )  # fmt: skip
    write_csv(
        landing / "activities" / "activities.csv", ACTIVITY,
        [("S1", MONTH, "diesel", "1000", "L", "0.84", "d.txt"), ("S1", MONTH, "R-410A", "2", "kg", "", "r.txt"),
         ("S1", MONTH, "purchased_heat", "0", "kWh", "", ""), ("S1", MONTH, "embodied", "1.5", "tCO2e", "", "epd.txt")],
    )  # fmt: skip
    return home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = accounted(tmp_path_factory.mktemp("accounts") / "home")
    assert main(["run", MONTH, "--home", str(made.root)]) == 3
    return made


def test_the_tables_are_those_declared(home: Home) -> None:
    for name, contract in ACCOUNTS.items():
        stored = home.ledger.manifest(MONTH, name)
        assert stored is not None
        frame = home.lake.read(name, MONTH, stored.file_digest)
        contract.schema.validate(frame)
        assert list(frame.columns) == [column.name for column in contract.columns]
        assert frame.select(contract.key).is_duplicated().sum() == 0
        assert frame.height


def test_show_says_what_it_emitted_used_and_cost(home: Home, gci_json: Any) -> None:
    accounts = gci_json("show", "S1", MONTH, "--home", home.root)["accounts"]
    emissions = {row["scope"]: row["emissions_kg"] for row in accounts["emissions"]}
    assert emissions["1"] == pytest.approx(840 * 3.0959 + 2 * 2256, rel=1e-12)
    assert emissions["2_location"] == pytest.approx(111_600 * 0.6516, rel=1e-12)
    assert (emissions["2_market"], emissions["3"]) == (None, 1500.0)  # nothing says whether green power is used
    assert accounts["energy"]["total"]["tce"] == pytest.approx(111.6 * 0.1229 + 0.84 * 1.4571, rel=1e-9)
    cost = accounts["cost"]
    # 31 days × 150 kWh × (12 × 0.5 + 4 × 0.8 + 8 × 0.2) and 150 kW × 30
    assert {(row["kind"], row["item"]): row["amount"] for row in cost["lines"]} == {
        ("grid_energy", "flat"): "27900.0000", ("grid_energy", "peak"): "14880.0000", ("grid_energy", "valley"): "7440.0000",
        ("demand", "S1-G"): "4500.0000", ("grid", ""): "54720.0000",
    }  # fmt: skip
    assert (cost["total"]["amount"], cost["total"]["status"], cost["total"]["currency"]) == ("54720.0000", "estimated", "CNY")
    (bill,) = cost["bills"]
    assert (bill["amount"], bill["computed"]) == ("54800.0000", "54720.0000")
    approved = {(row["subject"], row["window"]): row for row in accounts["approved"]}
    assert approved["PUE", "month"]["difference"] == pytest.approx(0.1)
    assert approved["PUE", "ttm"]["status"] == "above"
    assert approved["WUE", "ttm"]["status"] == "no_approved_value"
    assert (approved["energy", "ttm"]["status"], approved["energy", "ttm"]["months"]) == ("not_compared", 1)


def test_a_tariff_of_the_old_form_and_a_bill_on_its_own_period(home: Home, gci_json: Any) -> None:
    accounts = gci_json("show", "S2", MONTH, "--home", home.root)["accounts"]
    assert accounts["cost"]["total"]["amount"] == "51559.2000"  # 111,600 kWh × 0.462
    assert accounts["cost"]["total"]["status"] == "known"
    (bill,) = accounts["cost"]["bills"]
    assert (bill["computed"], bill["from_day"], bill["to_day"]) == ("8316.0000", "2026-01-06", "2026-01-10")  # 5 d × 24 h × 150 kWh
    assert accounts["energy"]["total"]["status"] == "incomplete"  # nothing was said about fuel and heat
    assert [row["status"] for row in accounts["approved"] if row["window"] == "ttm"] == ["no_approved_value"] * 3


def test_the_published_figures_are_those_of_the_indicators(home: Home) -> None:
    table = home.lake.read("indicators/ghg_inventory", MONTH, home.ledger.manifest(MONTH, "indicators/ghg_inventory").file_digest)  # type: ignore[union-attr]
    (row,) = home.ledger.rows("indicator_value", month=MONTH, window="month", entity_id="S1", code="F1")
    assert '"CUE_location"' in row["payload"]
    meters = table.filter((pl.col("site_id") == "S1") & (pl.col("scope") == "2_location"))
    assert meters["subject"].to_list() == ["S1-G"]
    assert meters.select("entry", "source_row").null_count().row(0) == (0, 0)
    fuel = table.filter((pl.col("site_id") == "S1") & (pl.col("subject") == "diesel")).row(0, named=True)
    assert (fuel["density_kg_per_l"], fuel["evidence"], fuel["source_row"]) == (0.84, "d.txt", 2)


def test_terminal_and_report_say_both_languages(home: Home, gci: Any) -> None:
    _, out, _ = gci("show", "S1", MONTH, "--home", home.root)
    for text in ("节能审查", "scope 2, location-based 范围二(基于位置)", "综合能耗(当量值)", "电网小计", "54,720.00", "需量按最高小时"):
        assert text in out
    page = (home.reports / MONTH / "S1.html").read_text(encoding="utf-8")
    for text in ("54,720.00", "按已填价格计算的电费", "Cost of electricity at its stated prices", "超出批复", "above"):
        assert text in page


def test_export_writes_a_workbook(home: Home, tmp_path: Path, gci: Any, gci_json: Any) -> None:
    status, out, _ = gci("export", "ghg", MONTH, "--site", "S1", "--to", tmp_path / "inventory.xlsx", "--home", home.root)
    assert status == 0
    assert "inventory.xlsx" in out
    sheet = fastexcel.read_excel(tmp_path / "inventory.xlsx").load_sheet("Inventory 清单", header_row=1).to_polars()
    assert set(sheet["Site\n数据中心"]) == {"S1"}
    assert gci("export", "ghg", "2026", "--home", home.root)[0] == 0
    assert (home.reports / "ghg-2026.xlsx").exists()
    said = gci_json("export", "ghg", MONTH, "--to", tmp_path / "all.xlsx", "--home", home.root)
    assert {row["site_id"] for row in said["sums"]} == {"S1", "S2"}


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("ghg", "2025-12"), 1, "2025-12"),
        (("ghg", "2020"), 1, "No month of 2020"),
        (("ghg", "January"), 2, "no month"),
        (("ghg", MONTH, "--site", "S9"), 2, "S9"),
        (("ghg", MONTH, "--to", "inventory.txt"), 2, "Name it inventory.xlsx"),
        (("ghg", MONTH, "--to", "no/such/folder/a.xlsx"), 2, "there is no folder no/such/folder"),
        (("footprint", MONTH), 2, "footprint"),
    ],
)
def test_export_says_what_is_not_there(home: Home, gci: Any, arguments: tuple[str, ...], status: int, said: str) -> None:
    found, _, err = gci("export", *arguments, "--home", home.root)
    assert found == status
    assert said in err


def test_verify_covers_the_tables(home: Home, tmp_path: Path, gci: Any) -> None:
    assert gci("verify", "--home", home.root)[0] == 0
    copy = tmp_path / "home"
    shutil.copytree(home.root, copy)
    (path,) = (copy / "lake" / "indicators" / "energy_cost" / MONTH).glob("*.parquet")
    pl.read_parquet(path).with_columns(pl.col("amount_e4") + 1).write_parquet(path)
    status, out, _ = gci("verify", "--home", copy)
    assert status == 1
    assert "indicators/energy_cost" in out


@pytest.mark.long
def test_a_refused_tariff_row_leaves_no_hour_to_another_price(tmp_path: Path, gci: Any, gci_json: Any) -> None:
    made = accounted(tmp_path / "home")
    bad = [("S1", "2025-01-01", "eight", "CNY", "尖峰", "18-21", "", "")]
    write_csv(made.landing / "tariffs" / "more.csv", TARIFF, bad)
    gci("run", MONTH, "--home", made.root)
    cost = gci_json("show", "S1", MONTH, "--home", made.root)["accounts"]["cost"]
    assert cost["total"]["amount"] is None
    assert "refused" in cost["lines"][0]["reason_en"]
