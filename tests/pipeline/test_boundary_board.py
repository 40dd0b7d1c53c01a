"""The boundary and the completeness board as a person asks for them: two months by hand, a gap, a changed registry."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli.main import main
from resources.digest import digest_json
from resources.home import Home
from tests.pipeline.hand_made import METER_HEADER, make_home, write_csv

ROOT = Path(__file__).resolve().parents[2]
MONTHS = ("2025-12", "2026-01")
INTERVAL = (*METER_HEADER, "interval_minutes", "interval_label", "accuracy_class", "calibrated_until")


def interval_row(meter: str, point: str, parent: str, since: str = "2024-01-01", accuracy: str = "0.5") -> tuple[str, ...]:
    return (meter, "S1", "electricity", point, parent, "interval", "kWh", "", since, "60", "start", accuracy, "2027-12-31")


def two_months(root: Path) -> Home:
    """S1 of cluster K with interval meters G, I and from January on C; on 10 January I is silent for twelve hours from 06:00."""
    home = make_home(root, MONTHS)
    header = ("site_id", "name", "cluster_id", "geography", "pue_category", "stage", "design_power_kw", "supply_points", "valid_from")
    write_csv(home.landing / "sites" / "sites.csv", header, [("S1", "Site", "K", "CN-HE", "2", "operation", "500", "1", "2024-01-01")])
    rows = [interval_row("S1-G", "grid_supply", ""), interval_row("S1-I", "pdu_output", "S1-G")]
    rows += [interval_row("S1-C", "cooling", "S1-G", "2026-01-01"), interval_row("S1-I", "pdu_output", "S1-G", "2026-01-01", "0.2")]
    write_csv(home.landing / "meters" / "meters.csv", INTERVAL, rows)
    for month in MONTHS:
        path = home.landing / "meter_readings" / f"{month}.csv"
        with path.open(newline="") as handle:
            header_row, *readings = csv.reader(handle)
        silent = {f"2026-01-10 {hour:02}:00" for hour in range(6, 18)}
        kept = [(meter, at, "100" if meter == "S1-G" else "80") for meter, at, _ in readings if meter != "S1-I" or at not in silent]
        kept += [("S1-C", at, "20") for meter, at, _ in readings if meter == "S1-G" and month == MONTHS[1]]
        write_csv(path, header_row, kept)
    return home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = two_months(tmp_path_factory.mktemp("boundary") / "home")
    assert main(["backfill", *MONTHS, "--home", str(made.root)]) == 3
    return made.root


# the boundary -------------------------------------------------------------------------------------------------------------


def test_the_boundary_of_a_month_and_what_changed(home: Path, gci_json: Any) -> None:
    found = gci_json("show", "S1", MONTHS[1], "--boundary", "--home", home)
    assert found["supply"] == {"stated": 1, "metered": 1}
    assert found["it"] == {"category": 2, "point": "pdu_output", "metered": 1}
    meters = {meter["meter_id"]: meter for meter in found["meters"]}
    assert {name: meter["role"] for name, meter in meters.items()} == {"S1-G": "+E_DC", "S1-I": "+E_IT", "S1-C": "not_counted"}
    assert (meters["S1-I"]["accuracy_class"], meters["S1-I"]["cadence_s"], meters["S1-I"]["parent_meter_id"]) == ("0.2", 3600, "S1-G")
    assert meters["S1-I"]["entry"] >= 1
    assert found["digest"].startswith("sha256:")
    assert found["changes"]["since"] == MONTHS[0]
    assert found["changes"]["items"] == [
        {"change": "added", "kind": "meter", "id": "S1-C", "field": None, "before": None, "after": None},
        {"change": "changed", "kind": "meter", "id": "S1-I", "field": "accuracy_class", "before": "0.5", "after": "0.2"},
    ]
    before = gci_json("show", "S1", MONTHS[0], "--boundary", "--home", home)
    assert before["changes"] is None
    assert before["digest"] == found["changes"]["digest"] != found["digest"]


def test_the_boundary_reads_well(home: Path, gci: Any) -> None:
    status, out, _ = gci("show", "S1", MONTHS[1], "--boundary", "--home", home)
    assert status == 0
    for text in ("collection boundary 数据采集边界", "Supply points 供电电源: 1 stated, 1 metered · 申报 1,已计量 1",
                 "PUE category 2: 1 meter counts at pdu output", "meter S1-C: added · 计量点 S1-C:新增",
                 "meter S1-I: accuracy class 0.5 → 0.2 · 计量点 S1-I:准确度等级 0.5 → 0.2", "digest 摘要 sha256:"):  # fmt: skip
        assert text in out, text
    assert "nothing to compare with. 上月未计算" in gci("show", "S1", MONTHS[0], "--boundary", "--home", home)[1]


def test_a_cluster_has_its_members_boundaries(home: Path, gci: Any, gci_json: Any) -> None:
    found = gci_json("show", "K", MONTHS[1], "--boundary", "--home", home)
    site = gci_json("show", "S1", MONTHS[1], "--boundary", "--home", home)
    assert found["members"] == [site]
    assert found["digest"] == digest_json([["S1", site["digest"]]])
    status, out, _ = gci("show", "K", MONTHS[1], "--boundary", "--home", home)
    assert status == 0
    assert site["digest"] in out
    assert "gci show SITE 2026-01 --boundary" in out


def test_unknown_sites_and_months_are_said_as_ever(home: Path, gci: Any) -> None:
    assert gci("show", "S9", MONTHS[1], "--boundary", "--home", home) == (
        2, "", "gci: There is no site or cluster 'S9' in 2026-01. Known: K, S1.\n",
    )  # fmt: skip
    status, _, err = gci("show", "S1", "2026-02", "--boundary", "--home", home)
    assert (status, "was not computed yet" in err) == (1, True)


def test_a_month_of_an_older_version_says_what_to_run(home: Path, tmp_path: Path, gci: Any, gci_json: Any) -> None:
    """Such a month has no boundary: show says so, status has an empty board, and the report is written without it."""
    import shutil
    import sqlite3

    copy = tmp_path / "home"
    shutil.copytree(home, copy)
    with sqlite3.connect(copy / "ledger.db") as connection:
        tables = ("boundary", "coverage", "gaps", "reported")
        connection.executemany("delete from manifest where table_name = ?", [(f"staging/{name}",) for name in tables])
    connection.close()
    status, _, err = gci("show", "S1", MONTHS[1], "--boundary", "--home", copy)
    assert (status, f"Run 'gci run {MONTHS[1]}'" in err) == (1, True)
    found = gci_json("status", MONTHS[1], "--home", copy)
    assert (found["days"], found["to_send"], len(found["rows"])) == ([], [], 1)
    assert gci("report", MONTHS[1], "--home", copy)[0] == 0


@pytest.mark.long
def test_the_digest_depends_on_no_file_order(home: Path, tmp_path: Path, gci: Any, gci_json: Any) -> None:
    other = two_months(tmp_path / "home")
    with (other.landing / "meters" / "meters.csv").open(newline="") as handle:
        header, *rows = csv.reader(handle)
    (other.landing / "meters" / "meters.csv").unlink()
    for number, row in enumerate(reversed(rows)):
        write_csv(other.landing / "meters" / f"{number}.csv", header, [row])
    gci("backfill", *MONTHS, "--home", other.root)
    for month in MONTHS:
        first, second = (gci_json("show", "S1", month, "--boundary", "--home", root) for root in (home, other.root))
        assert (first["digest"], first["table_digest"]) == (second["digest"], second["table_digest"])
    assert gci("verify", "--home", other.root)[0] == 0


# the board ----------------------------------------------------------------------------------------------------------------


def test_the_board_shows_the_gap_on_its_day(home: Path, gci_json: Any) -> None:
    found = gci_json("status", MONTHS[1], "--home", home)
    assert set(found) >= {"rows", "not_computed", "days", "feeds", "to_send", "mails"}
    (row,) = [row for row in found["days"] if row["feed"] == "meter_readings"]
    shares = {day["day"]: day["coverage"] for day in row["days"]}
    assert len(shares) == 31
    # two counted meters, one of them silent for 12 of 24 hours: the estimate between does not fill it
    assert shares.pop("2026-01-10") == 0.75
    assert set(shares.values()) == {1.0}
    assert row["coverage"] == pytest.approx(1 - 12 / (2 * 744))


def test_the_gap_is_asked_for(home: Path, gci: Any, gci_json: Any) -> None:
    (item,) = [
        item for item in gci_json("status", MONTHS[1], "--home", home)["to_send"] if item["feed"] == "meter_readings" and item["gaps"]
    ]
    assert set(item) >= {"site_id", "feed", "subject", "from", "to", "text_en", "text_zh"}
    assert (item["subject"], item["from"], item["to"]) == ("S1-I", "2026-01-10 06:00", "2026-01-10 18:00")
    _, out, _ = gci("status", MONTHS[1], "--home", home)
    assert f"{'█' * 9}▒{'█' * 21}" in out
    assert "▒ from 50 % 起" in out
    assert "Readings of meter S1-I (pdu output): 2026-01-10 06:00 to 2026-01-10 18:00 (12 h)." in out
    assert "计量点 S1-I(PDU输出)的读数:2026-01-10 06:00 至 2026-01-10 18:00(共 12 小时)。" in out


def test_the_board_without_a_month_is_as_before(home: Path, gci_json: Any) -> None:
    assert set(gci_json("status", "--home", home)) == {"rows", "not_computed"}


def test_a_month_that_was_not_computed_has_an_empty_board(home: Path, gci: Any, gci_json: Any) -> None:
    found = gci_json("status", "2026-02", "--home", home)
    assert (found["rows"], found["days"], found["to_send"], found["mails"]) == ([], [], [], [])
    status, out, _ = gci("status", "2026-02", "--home", home)
    assert (status, "Nothing was computed for 2026-02" in out) == (0, True)


# the report and the tables -----------------------------------------------------------------------------------------------


def test_the_pages_show_diagram_board_and_requests(home: Path, gci_json: Any) -> None:
    site = (home / "reports" / MONTHS[1] / "S1.html").read_text(encoding="utf-8")
    assert '<svg class="sld"' in site
    assert gci_json("show", "S1", MONTHS[1], "--boundary", "--home", home)["digest"] in site
    assert "meter S1-C: added" in site
    board = (home / "reports" / MONTHS[1] / "index.html").read_text(encoding="utf-8")
    assert 'title="S1 2026-01-10: 75.0 %">75</td>' in board
    assert "2026-01-10 06:00 至 2026-01-10 18:00" in board
    assert '<svg class="sld"' not in (home / "reports" / MONTHS[1] / "K.html").read_text(encoding="utf-8")


def test_the_tables_are_what_their_contracts_say(home: Path) -> None:
    from checks.contracts.registry import STAGED

    opened = Home.open(home)
    for name in ("boundary", "coverage", "gaps", "reported"):
        stored = opened.ledger.manifest(MONTHS[1], f"staging/{name}")
        assert stored is not None
        frame = opened.lake.read(f"staging/{name}", MONTHS[1], stored.file_digest)
        STAGED[name].schema.validate(frame)
        assert frame.select(STAGED[name].key).is_duplicated().sum() == 0
        assert list(frame.columns) == [column.name for column in STAGED[name].columns]


@pytest.mark.parametrize(
    "command", [("show", "S1", "2026-01", "--boundary"), ("show", "K", "2026-01", "--boundary"), ("status", "2026-01")]
)
def test_they_import_no_heavy_library(home: Path, command: tuple[str, ...]) -> None:
    code = (
        "import sys\nfrom pipelines.cli.main import main\nmain(sys.argv[1:])\n"
        "sys.exit(str({'dagster', 'pandas', 'pandera', 'jinja2'} & set(sys.modules) or '') or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, *command, "--home", str(home)], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
