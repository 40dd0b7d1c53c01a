"""The files of the simulated fleet: equal bytes for a seed, known headers, the encodings they claim."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from pathlib import Path

import fastexcel
import pytest

from assets.raw.headers import map_headers
from checks.contracts.registry import FEEDS
from pipelines.demo.write import DemoFacts, write_fleet
from resources.errors import UsageError

SITES = ("HL01", "HL02", "HL03")
NAMING = (
    "declarations",
    "practices",
    "certificate_events",
    "ppa_contracts",
    "ppa_settlements",
    "activities",
    "bills",
)  # feeds that name documents


@pytest.fixture(scope="module")
def two_months(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DemoFacts]:
    landing = tmp_path_factory.mktemp("two") / "landing"
    facts = write_fleet(landing, months=2)
    return landing, facts


def digests(landing: Path) -> dict[str, str]:
    files = (path for path in landing.rglob("*") if path.is_file())
    return {str(path.relative_to(landing)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def table(path: Path) -> list[list[str | None]]:
    """The cells of a file, header first."""
    if path.suffix == ".xlsx":
        sheet = fastexcel.read_excel(path.read_bytes()).load_sheet(0, header_row=None, skip_rows=0, dtypes="string").to_polars()
        return [list(row) for row in sheet.rows()]
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    text = data.decode("gbk" if path.name.startswith("HL02") else "utf-8-sig")
    return [list(row) for row in csv.reader(io.StringIO(text, newline=""))]


def test_same_seed_same_bytes(two_months: tuple[Path, DemoFacts], tmp_path: Path) -> None:
    landing, facts = two_months
    assert write_fleet(tmp_path, months=2).truth == facts.truth
    assert digests(tmp_path) == digests(landing)
    assert set(digests(landing)) == {str(path.relative_to(landing)) for path in facts.files}


def test_another_seed_other_readings(two_months: tuple[Path, DemoFacts], tmp_path: Path) -> None:
    landing, _ = two_months
    write_fleet(tmp_path, months=1, seed=8)
    name = "meter_readings/HL03_simulated_readings_2026-03.csv"
    assert digests(tmp_path)[name] != digests(landing)[name]


def test_a_month_does_not_depend_on_how_many_are_written(two_months: tuple[Path, DemoFacts], tmp_path: Path) -> None:
    landing, facts = two_months
    one = write_fleet(tmp_path, months=1)
    for site_id in SITES:
        assert one.truth[site_id] == {"2026-03": facts.truth[site_id]["2026-03"]}
    monthly = {name: digest for name, digest in digests(tmp_path).items() if "2026-03" in name}
    assert len(monthly) > 12
    assert monthly.items() <= digests(landing).items()


def test_closing_readings_stand_only_in_the_newest_file(two_months: tuple[Path, DemoFacts]) -> None:
    landing, _ = two_months
    registers = {"2026-02": 0, "2026-03": 0}
    for month in registers:
        rows = table(landing / "meter_readings" / f"HL02_simulated_readings_{month}.csv")[1:]
        after = {"2026-02": "2026/3/1 0:00", "2026-03": "2026/4/1 0:00"}[month]
        registers[month] = sum(row[1] == after and row[0].startswith("HL02-G") for row in rows)
        assert sum(row[1] == after and row[0].startswith("HL02-I") for row in rows) == 8  # intervals are labelled by their end
    assert registers == {"2026-02": 0, "2026-03": 3}


def test_every_header_is_known(two_months: tuple[Path, DemoFacts]) -> None:
    _, facts = two_months
    seen = set()
    for path in facts.files:
        feed = path.parent.name
        if feed == "evidence":
            continue
        header = [cell or "" for cell in table(path)[0]]
        mapped = map_headers(header, FEEDS[feed])
        assert mapped.unknown == (), path.name
        assert set(FEEDS[feed].required) <= set(mapped.mapped.values())
        if path.name.startswith("HL01"):
            assert list(mapped.mapped) == list(mapped.mapped.values())
        else:
            assert not all(word.isascii() for word in header)
        seen.add(feed)
    assert set(FEEDS) - seen == {"meter_parts", "telemetry"}


def test_encodings(two_months: tuple[Path, DemoFacts]) -> None:
    landing, facts = two_months
    gbk = [path for path in facts.files if path.name.startswith("HL02") and path.suffix == ".csv"]
    assert len(gbk) > 10
    for path in gbk:
        path.read_bytes().decode("gbk")
        with pytest.raises(UnicodeDecodeError):
            path.read_bytes().decode("utf-8")
    assert (landing / "sites" / "HL01_simulated_sites.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert not (landing / "meters" / "HL01_simulated_meters.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    (landing / "meter_readings" / "HL03_simulated_readings_2026-03.csv").read_bytes().decode("utf-8")
    assert {path.parent.name for path in facts.files if path.suffix == ".xlsx"} == set(FEEDS) - {
        "meter_readings", "meter_events", "ppa_settlements", "meter_parts", "telemetry",
    }  # fmt: skip


def test_times_are_written_as_each_program_does(two_months: tuple[Path, DemoFacts]) -> None:
    landing, _ = two_months
    folder = landing / "meter_readings"
    assert table(folder / "HL01_simulated_readings_2026-02.csv.gz")[1][1] == "2026-02-01T00:00:00+08:00"
    assert table(folder / "HL02_simulated_readings_2026-02.csv")[1][1] == "2026/2/1 0:00"
    assert table(folder / "HL03_simulated_readings_2026-02.csv")[1][1] == "2026-02-01 00:00:00"


def test_rows_refer_to_documents_that_exist_and_say_simulated(two_months: tuple[Path, DemoFacts]) -> None:
    _, facts = two_months
    documents = {path.name: path.read_text(encoding="utf-8") for path in facts.files if path.parent.name == "evidence"}
    assert all("模拟" in text and "SIMULATED" in text for text in documents.values())
    named = set()
    for path in facts.files:
        rows = table(path) if path.parent.name in NAMING else []
        for header in {"evidence", "佐证", "佐证文件"} & set(rows[0] if rows else ()):
            named |= {row[rows[0].index(header)] for row in rows[1:]}
    assert named - set(documents) == {"HL03-assessment-2025-06-05.txt"}  # the planted one


@pytest.mark.parametrize(
    ("months", "last", "said"),
    [
        (0, "2026-03", "1 to 13 months"),
        (14, "2026-03", "1 to 13 months"),
        (3, "2025-04", "1 to 2 months"),
        (1, "2026-04", "outside"),
        (1, "x", "no month"),
    ],
)
def test_months_outside_the_history_are_refused(tmp_path: Path, months: int, last: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        write_fleet(tmp_path, months=months, last_month=last)
    assert not list(tmp_path.iterdir())
