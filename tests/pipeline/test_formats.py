"""Files of metering standards through the whole product: landed, counted, traced, refused."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli.main import main
from pipelines.initialise import initialise
from resources.home import Home
from tests.pipeline.hand_made import SITE_HEADER, register, site_row, write_csv

pytest.importorskip("nemreader", reason="the optional package nemreader is not installed")
pytest.importorskip("defusedxml", reason="the optional package defusedxml is not installed")

ROOT = Path(__file__).resolve().parents[2]
NMI = "NMI0000001"
METERS = (
    "meter_id", "site_id", "medium", "point", "parent_meter_id", "kind", "unit", "register_digits", "interval_minutes", "interval_label",
    "valid_from",
)  # fmt: skip


def value(day: int, place: int) -> Decimal:
    """kWh of a half-hour: uneven, with three decimals, about 75."""
    return Decimal(75_000 + 137 * day + 11 * place) / 1000


def nem12(days: int = 31) -> str:
    lines = ["100,NEM12,202602020000,MDP,RET", f"200,{NMI},E1Q1,1,E1,N1,METER1,KWH,30,"]
    for day in range(1, days + 1):
        texts = ",".join(f"{value(day, place):.3f}" for place in range(48))
        lines.append(f"300,{date(2026, 1, 1) + timedelta(day - 1):%Y%m%d},{texts},A,,,20260202000000,")
    lines += [f"200,{NMI},E1Q1,2,Q1,N1,METER1,KVARH,30,", f"300,20260101,{','.join(['1'] * 48)},A,,,20260202000000,", "900"]
    return "\r\n".join(lines)


def australian_home(root: Path, unit: str = "kWh", file: str | None = None) -> Home:
    """A site in market time whose supply comes as NEM12, and whose IT meter is a plain register."""
    home = initialise(root)
    write_csv(home.landing / "sites" / "sites.csv", (*SITE_HEADER, "timezone"), [(*site_row("S1"), "Australia/Brisbane")])
    supply = (f"{NMI}-E1", "S1", "electricity", "grid_supply", "", "interval", unit, "", "30", "start", "2024-01-01")
    it = ("S1-I", "S1", "electricity", "pdu_output", f"{NMI}-E1", "register", "kWh", "6", "", "", "2024-01-01")
    write_csv(home.landing / "meters" / "meters.csv", METERS, [supply, it])
    write_csv(home.landing / "meter_readings" / "it.csv", ("meter_id", "read_at", "value"), register("S1-I", "2026-01", 100, start=500))
    (home.landing / "meter_readings" / "supply.csv").write_text(nem12() if file is None else file, encoding="utf-8")
    return home


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Australian home with 2026-01 computed; tests must not change it."""
    home = australian_home(tmp_path_factory.mktemp("formats") / "home")
    assert main(["run", "2026-01", "--home", str(home.root)]) == 3
    return home.root


def test_what_no_meter_can_be_is_named_when_it_lands(tmp_path: Path, gci: Any) -> None:
    status, out, _ = gci("land", "--home", australian_home(tmp_path / "home").root)
    assert status == 0
    assert f"channels not used: {NMI}-Q1 (KVARH)" in " ".join(out.split())


def test_a_month_of_nem12_is_the_sum_of_its_file(computed: Path, gci_json: Any) -> None:
    total_wh = sum(value(day, place) for day in range(1, 32) for place in range(48)) * 1000
    trace = gci_json("trace", "S1", "2026-01", "E_DC", "--home", computed)
    (side,) = trace["sides"]
    assert side["total"] == trace["month_value"] == total_wh
    assert side["estimated"] == 0
    assert side["known_s"] == 31 * 86_400
    (meter,) = side["meters"]
    rows = meter["rows"]
    assert (rows["landed"], rows["valid"], rows["rejected"]) == (31 * 48, 31 * 48, 0)
    lines = nem12().splitlines()
    first, last = rows["shown"][0], rows["shown"][-1]
    assert first["raw"] == {"line": "3", "place": "1", "text": lines[2]}
    assert last["raw"] == {"line": "33", "place": "48", "text": lines[32]}


def test_a_trace_needs_no_optional_package(computed: Path) -> None:
    code = (
        "import sys; sys.modules['nemreader'] = None; sys.modules['pandas'] = None; sys.modules['defusedxml'] = None; "
        f"from pipelines.cli.main import main; sys.exit(main(['trace', 'S1', '2026-01', 'E_DC', '--home', {str(computed)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "300,20260101" in done.stdout.replace("\n", "")


@pytest.mark.long
def test_a_unit_that_the_registry_does_not_have_withholds_and_names_both(tmp_path: Path, gci: Any, gci_json: Any) -> None:
    home = australian_home(tmp_path / "home", unit="MWh")
    gci("run", "2026-01", "--home", home.root)
    trace = gci_json("trace", "S1", "2026-01", "E_DC", "--home", home.root)
    assert trace["month_value"] is None
    (meter,) = trace["sides"][0]["meters"]
    assert meter["rows"]["rejected"] == 31 * 48
    reason = meter["rows"]["rejected_rows"][0]["reason"]
    assert "interval in kWh of 30 minutes" in reason
    assert "interval in MWh of 30 minutes" in reason


def test_a_broken_file_is_quarantined_and_read_when_it_is_whole(tmp_path: Path, gci: Any) -> None:
    whole = nem12()
    home = australian_home(tmp_path / "home", file=whole[: len(whole) // 2])
    status, out, _ = gci("land", "--home", home.root)
    assert status == 1
    (line,) = [line for line in out.splitlines() if line.startswith("quarantined")]
    assert "supply.csv" in line
    (home.landing / "meter_readings" / "supply.csv").write_text(whole, encoding="utf-8")
    status, out, _ = gci("land", "--home", home.root)
    assert "supply.csv" in out
    assert status == 0


@pytest.mark.long
def test_green_button_counts_in_utc(tmp_path: Path, gci: Any, gci_json: Any) -> None:
    """January in Shanghai begins at 16:00 UTC of 31 December; every quarter-hour is 20 kWh."""
    home = initialise(tmp_path / "home")
    write_csv(home.landing / "sites" / "sites.csv", SITE_HEADER, [site_row("S1")])
    supply = ("U1-M1", "S1", "electricity", "grid_supply", "", "interval", "Wh", "", "15", "start", "2024-01-01")
    write_csv(home.landing / "meters" / "meters.csv", METERS, [supply])
    start, count = 1_767_196_800, 31 * 96
    readings = "".join(
        f"<IntervalReading><timePeriod><duration>900</duration><start>{start + 900 * n}</start></timePeriod>"
        "<value>20</value></IntervalReading>\n"
        for n in range(count)
    )
    xml = f"""<feed xmlns="http://www.w3.org/2005/Atom">
<entry><link rel="self" href="ReadingType/7"/><content><ReadingType xmlns="http://naesb.org/espi">
<powerOfTenMultiplier>3</powerOfTenMultiplier><uom>72</uom></ReadingType></content></entry>
<entry><link rel="self" href="UsagePoint/U1/MeterReading/M1"/><link rel="related" href="ReadingType/7"/>
<content><MeterReading xmlns="http://naesb.org/espi"/></content></entry>
<entry><link rel="up" href="UsagePoint/U1/MeterReading/M1/IntervalBlock"/>
<content><IntervalBlock xmlns="http://naesb.org/espi">{readings}</IntervalBlock></content></entry></feed>"""
    (home.landing / "meter_readings").mkdir(exist_ok=True)
    (home.landing / "meter_readings" / "usage.xml").write_text(xml, encoding="utf-8")
    gci("run", "2026-01", "--home", home.root)
    trace = gci_json("trace", "S1", "2026-01", "E_DC", "--home", home.root)
    assert trace["month_value"] == 31 * 96 * 20_000
    shown = trace["sides"][0]["meters"][0]["rows"]["shown"]
    assert f"<start>{start}</start>" in shown[0]["raw"]["text"]
    assert shown[-1]["source_row"] == count
