"""The planted faults: the page says what the data says, and each fault stands in the files."""

from __future__ import annotations

import csv
import gzip
import io
from collections import Counter
from pathlib import Path

import fastexcel
import pytest

from pipelines.demo.faults import FAULTS, NONE, expected_findings, following_findings, table
from pipelines.demo.fleet import MONTHS
from pipelines.demo.write import write_fleet
from resources.calendar import month_range

DOC = Path(__file__).resolve().parents[4] / "docs" / "demo.md"
Cells = list[list[str]]


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fleet") / "landing"
    write_fleet(folder)
    return folder


def read(path: Path) -> Cells:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.reader(io.StringIO(data.decode("gbk" if path.name.startswith("HL02") else "utf-8"), newline="")))


def readings(landing: Path, key: str) -> Cells:
    """The rows of the meter a fault concerns, in the file of its month: meter, time, value, …"""
    fault = FAULTS[key]
    (path,) = (landing / "meter_readings").glob(f"{fault.site_id}_*_{fault.month}.*")
    return [row for row in read(path) if row[0] == fault.subject]


def documented() -> list[tuple[str, ...]]:
    lines = DOC.read_text(encoding="utf-8").splitlines()
    start = lines.index("| month | site | rule | subject | planted fault |") + 2
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append(tuple(cell.strip() for cell in line.strip().strip("|").split(" | ")))
    return rows


def test_the_page_holds_the_table_and_nothing_else() -> None:
    assert documented() == [row.cells() for row in table()]


def test_the_table_is_what_must_be_found() -> None:
    told = {
        (month, row.site_id, row.rule, row.subject) for row in table() if row.rule != NONE for month in month_range(row.first, row.last)
    }
    roots, following = expected_findings(MONTHS), following_findings(MONTHS)
    assert told == roots | following
    assert not roots & following


def test_nothing_is_withheld_in_the_newest_month_and_hl01_has_a_full_year() -> None:
    newest = {found for found in expected_findings(MONTHS) if found[0] == "2026-03"}
    assert newest == {("2026-03", "HL01", "CT04", "HL01-C2")}
    assert ("2026-03", "HL01", "TL08", "withheld") not in following_findings(MONTHS)
    assert ("2026-02", "HL01", "TL08", "withheld") in following_findings(MONTHS)


def test_fewer_months_have_fewer_faults() -> None:
    history = {(month, site, "TL08", "history") for month in ("2026-02", "2026-03") for site in ("HL01", "HL02", "HL03")}
    assert expected_findings(["2026-02", "2026-03"]) == history | {("2026-03", "HL01", "CT04", "HL01-C2")}
    assert following_findings(["2026-02", "2026-03"]) == set()
    three = ["2025-11", "2025-12", "2026-01"]
    assert following_findings(three) == {("2025-11", "HL03", "ME05", "E_IT")} | {(month, "HL03", "TL08", "withheld") for month in three}


def test_gaps_are_as_long_as_planted(landing: Path) -> None:
    # Quarter-hours of a 31-day month: 2,976; of November: 2,880.
    assert len(readings(landing, "short_gap")) == 2976 - 2
    assert len(readings(landing, "long_gap")) == 2976 - 36
    silent = [row[1] for row in readings(landing, "silent")]
    assert len(silent) == 2880 - 960
    assert silent[silent.index("2025-11-09 00:00:00") + 1] == "2025-11-19 00:15:00"


@pytest.mark.parametrize(("key", "time"), [("dropout", "2025/7/9 3:30"), ("dropout_newest", "2026-03-24T16:45:00+08:00")])
def test_dropout(landing: Path, key: str, time: str) -> None:
    rows = readings(landing, key)
    (at,) = (n for n, row in enumerate(rows) if float(row[2]) == 0)
    assert rows[at][1] == time
    assert 0 < float(rows[at + 1][2]) - float(rows[at - 1][2]) < 1


def test_rollover_and_replacement(landing: Path) -> None:
    rolled = readings(landing, "rollover")
    (at,) = (n for n in range(1, len(rolled)) if float(rolled[n][2]) < float(rolled[n - 1][2]))
    assert float(rolled[at - 1][2]) > 999_990
    assert float(rolled[at][2]) < 10
    header, event = read(landing / "meter_events" / "HL01_simulated_meter_events.csv")
    stated = dict(zip(header, event, strict=True))
    assert (stated["meter_id"], stated["at"], stated["kind"]) == ("HL01-P4", "2025-08-19 10:07:00", "replacement")
    replaced = readings(landing, "replacement")
    (at,) = (n for n in range(1, len(replaced)) if float(replaced[n][2]) < float(replaced[n - 1][2]))
    assert replaced[at - 1][1] == "2025-08-19T10:00:00+08:00"
    assert float(replaced[at - 1][2]) <= float(stated["old_value"]) < float(replaced[at - 1][2]) + 10
    assert float(stated["new_value"]) == 0 <= float(replaced[at][2]) < 10


def test_spike(landing: Path) -> None:
    values = sorted((float(row[2]), row[1]) for row in readings(landing, "spike"))
    assert values[-1][1] == "2025-07-23 13:30:00"
    assert values[-1][0] > 30 * values[-2][0]


def test_repeated_rows(landing: Path) -> None:
    for key, count, values in (("duplicates", 12, 1), ("conflict", 3, 2)):
        rows = readings(landing, key)
        twice = [time for time, number in Counter(row[1] for row in rows).items() if number > 1]
        assert len(twice) == count
        assert all(len({row[2] for row in rows if row[1] == time}) == values for time in twice)


def test_claims_made_twice(landing: Path) -> None:
    def cancelled(site_id: str) -> list[dict[str, str]]:
        header, *rows = read(landing / "certificate_events" / f"{site_id}_simulated_certificate_events.csv")
        return [dict(zip(header, row, strict=True)) for row in rows]

    roof = [row for row in cancelled("HL01") if row["project_code"] == "SIMHLSOLR00000002" and row["consumption_month"] == "2025-03"]
    bought, own = roof
    assert (bought["channel"], bought["seq_start"], bought["seq_end"]) == ("unbundled", "1", "30")
    assert (own["channel"], own["seq_start"]) == ("self_use", "31")
    stolen = [row for row in cancelled("HL02") if row["项目代码"] == "SIMHLWIND00000005"]
    assert [(row["生产月份"], row["起始序号"], row["终止序号"], row["站点编号"]) for row in stolen] == [("2025-04", "72", "115", "HL02")]
    book = fastexcel.read_excel((landing / "certificate_events" / "HL03_simulated_certificate_events.xlsx").read_bytes())
    rows = book.load_sheet(0, header_row=None, skip_rows=0, dtypes="string").to_polars().rows()
    at = {name: rows[0].index(name) for name in ("电量生产年月", "起始编号", "终止编号", "数据中心编号", "操作类型")}
    own_range = ("2025-04", "72", "115", "HL03", "核销")
    assert own_range in [tuple(row[position] for position in at.values()) for row in rows[1:]]
