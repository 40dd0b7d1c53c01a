"""Files into the log: once, whole, in order; a broken one is quarantined and stops no other."""

from __future__ import annotations

import gzip
import io
import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
import xlsxwriter

from assets.raw.landing import explain, land
from resources.digest import digest_file
from resources.errors import GciError, UsageError
from resources.home import Home
from resources.ledger import Ledger, Part

if TYPE_CHECKING:
    from conftest import Drop

READINGS = "meter_id,read_at,value\nM-1,2026-03-31 23:45,10\nM-1,2026-03-31 24:00,11\nM-1,2026-04-01 00:15,x\n"
PRACTICES = "site_id,item_code,level,assessed_on\nHL01,A3.fire,1,2026-01-05\n"


def _parts(home: Home, feed: str) -> list[Part]:
    return home.ledger.parts(feed, home.ledger.head()[0])


def _read(home: Home, part: Part) -> pl.DataFrame:
    return home.lake.read(f"parts/{part.feed}", part.month, part.file_digest)


def _workbook(rows: list[list[object]]) -> bytes:
    data = io.BytesIO()
    with xlsxwriter.Workbook(data) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return data.getvalue()


def test_a_file_is_kept_entered_and_split(home: Home, drop: Drop) -> None:
    path = drop("meter_readings/march.csv", READINGS)
    (landed,) = land(home)
    assert (landed.status, landed.feed, landed.file, landed.entry) == ("landed", "meter_readings", "march.csv", 1)
    assert (landed.rows, landed.rejected, landed.months, landed.encoding) == (3, 1, ("2026-03", "2026-04"), "utf-8")
    assert landed.digest == digest_file(path)
    assert home.lake.file_path(landed.digest).read_bytes() == path.read_bytes()
    (entry,) = home.ledger.entries()
    assert (entry.kind, entry.name, entry.digest) == ("file", "meter_readings/march.csv", landed.digest)
    said = {key: entry.payload[key] for key in ("feed", "rows", "months", "encoding", "rejected", "columns", "unknown_columns")}
    assert said == {
        "feed": "meter_readings", "rows": 3, "months": ["2026-03", "2026-04"], "encoding": "utf-8", "rejected": 1,
        "columns": {"meter_id": "meter_id", "read_at": "read_at", "value": "value"}, "unknown_columns": [],
    }  # fmt: skip
    march, april = _parts(home, "meter_readings")
    assert (march.month, march.rows, april.month, april.rows) == ("2026-03", 1, "2026-04", 2)
    assert _read(home, april)["source_row"].to_list() == [3, 4]
    assert "entry" not in _read(home, march).columns


def test_the_same_bytes_are_a_no_op_under_any_name(home: Home, drop: Drop) -> None:
    drop("meter_readings/a.csv", READINGS)
    land(home)
    drop("meter_readings/b.csv", READINGS)
    head = home.ledger.head()
    results = land(home)
    assert [(item.file, item.status, item.entry, item.rows) for item in results] == [
        ("a.csv", "unchanged", 1, 3),
        ("b.csv", "unchanged", 1, 3),
    ]
    assert home.ledger.head() == head
    assert len(_parts(home, "meter_readings")) == 2


def test_bytes_that_another_command_landed_meanwhile_are_unchanged(home: Home, drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    drop("meter_readings/a.csv", READINGS)
    land(home)
    monkeypatch.setattr(Ledger, "find_file", lambda self, feed, digest: None)
    assert [(item.status, item.entry, item.rows) for item in land(home)] == [("unchanged", 1, 3)]
    assert len(_parts(home, "meter_readings")) == 2


def test_order_is_by_feed_and_file_name_and_hidden_files_are_left(home: Home, drop: Drop) -> None:
    for name in (
        "practices/b.csv",
        "practices/a.csv",
        "meter_readings/z.csv",
        "practices/.hidden.csv",
        "practices/~$a.xlsx",
        ".cache/x.csv",
    ):
        drop(name, (READINGS if "meter" in name else PRACTICES) + f"\n,,{name}\n")
    calls: list[tuple[str, int, int]] = []
    results = land(home, lambda label, done, total: calls.append((label, done, total)))
    assert [(item.entry, f"{item.feed}/{item.file}") for item in results] == [
        (1, "meter_readings/z.csv"), (2, "practices/a.csv"), (3, "practices/b.csv")
    ]  # fmt: skip
    assert calls == [("meter_readings/z.csv", 0, 3), ("practices/a.csv", 1, 3), ("practices/b.csv", 2, 3), ("", 3, 3)]


@pytest.mark.parametrize(
    ("name", "data", "cause"),
    [
        ("meter_readings/report.csv", b"%PDF-1.7 ...", "%PDF"),
        ("meter_readings/empty.csv", b"", "0 bytes"),
        ("meter_readings/wrong.csv", b"a,b\n1,2\n", "Required columns are missing"),
        ("meter_readings/two.csv", "表号,电表编号,时间,止码\n".encode(), "both mean meter_id"),
        ("meter_readings/cut.csv.gz", gzip.compress(READINGS.encode() * 50, mtime=0)[:-9], "truncated"),
        ("meter_readings/book.xlsx", _workbook([["meter_id", "read_at", "value"]]), "CSV UTF-8"),
        ("meter_readings/bin.csv", bytes(range(256)), "zero bytes"),
        ("meters/list.docx", b"PK\x03\x04", "extension"),
        ("evidence/empty.pdf", b"", "0 bytes"),
        ("meter_readings/when.csv", b"meter_id,read_at,value\nM,week 9,1\n", "No row has a readable read_at (for example 'week 9')"),
        ("meter_readings/never.csv", b"meter_id,read_at,value\nM,,1\nM,,2\n", "No row has a readable read_at (it is empty everywhere)"),
    ],
)
def test_a_broken_file_is_quarantined_and_stops_no_other(home: Home, drop: Drop, name: str, data: bytes, cause: str) -> None:
    drop(name, data)
    drop("practices/p.csv", PRACTICES)
    broken, good = land(home)
    assert (broken.status, broken.entry, good.status, good.entry) == ("quarantined", 1, "landed", 2)
    assert cause in broken.message_en
    assert any("一" <= letter <= "鿿" for letter in broken.message_zh)
    entry = home.ledger.entries()[0]
    assert (entry.kind, entry.name) == ("quarantine", name)
    assert {key: entry.payload[key] for key in ("feed", "cause_en", "cause_zh")} == {
        "feed": name.split("/")[0], "cause_en": broken.message_en, "cause_zh": broken.message_zh,
    }  # fmt: skip
    assert home.lake.file_path(broken.digest).read_bytes() == data
    head = home.ledger.head()
    again = land(home)[0]
    assert (again.status, again.entry, home.ledger.head()) == ("unchanged", 1, head)
    assert cause in again.message_en


def test_a_header_alone_is_a_statement(home: Home, drop: Drop) -> None:
    drop("practices/none.csv", "site_id,item_code,level,assessed_on\n")
    (landed,) = land(home)
    assert (landed.status, landed.rows, landed.months) == ("landed", 0, ())
    assert "statement" in landed.message_en
    assert _parts(home, "practices") == []
    assert home.ledger.entries()[0].payload["rows"] == 0


def test_text_parts_keep_unknown_columns_and_months(home: Home, drop: Drop) -> None:
    drop(
        "activities/a.csv",
        "站点编号,月份,活动,数量,单位,备注,\nHL01,2026年3月,柴油,5,L,冬季,extra\nHL01,202604,柴油,6,L,,\nHL01,?,柴油,7,L,,\n",
    )
    (landed,) = land(home)
    assert (landed.rows, landed.rejected, landed.months) == (3, 1, ("2026-03", "2026-04"))
    assert "columns not used: 备注" in landed.message_en
    assert "未使用的列:备注" in landed.message_zh
    march, april = _parts(home, "activities")
    columns = ["site_id", "month", "activity", "quantity", "unit", "备注", "column 7", "source_row"]
    assert _read(home, march).columns == columns
    assert _read(home, march).rows() == [
        ("HL01", "2026年3月", "柴油", "5", "L", "冬季", "extra", 2), ("HL01", "?", "柴油", "7", "L", None, None, 4),
    ]  # fmt: skip
    assert _read(home, april)["source_row"].to_list() == [3]


def test_feeds_without_time_have_one_part(home: Home, drop: Drop) -> None:
    drop("practices/p.csv", PRACTICES)
    land(home)
    (part,) = _parts(home, "practices")
    assert (part.month, part.rows) == ("", 1)
    assert home.lake.table_path("parts/practices", part.month, part.file_digest).parent.name == "all"


def test_workbook_with_chinese_headers(home: Home, drop: Drop) -> None:
    header = ["站点编号", "检查项", "得分", "评估日期"]
    drop("practices/p.xlsx", _workbook([header, ["HL03", "A3.fire", 0.5, "2026/1/5"]]))
    (landed,) = land(home)
    assert (landed.status, landed.rows, landed.rejected, landed.encoding) == ("landed", 1, 0, "xlsx")


def test_evidence(home: Home, drop: Drop) -> None:
    drop("evidence/证明 1.pdf", b"%PDF-1.7")
    first = land(home)[0]
    drop("evidence/证明 1.pdf", b"%PDF-1.7 second")
    second = land(home)[0]
    assert [(item.status, item.entry) for item in (first, second)] == [("landed", 1), ("landed", 2)]
    assert [(entry.kind, entry.name) for entry in home.ledger.entries()] == [("evidence", "evidence/证明 1.pdf")] * 2
    assert land(home)[0].status == "unchanged"


def test_files_in_the_wrong_place_are_said(home: Home, drop: Drop) -> None:
    drop("meter_reading/a.csv", READINGS)
    drop("loose.csv", READINGS)
    drop("meters/2026/a.csv", READINGS)
    results = {item.file: item for item in land(home)}
    assert {item.status for item in results.values()} == {"unknown_feed"}
    assert "Did you mean 'meter_readings'?" in results["a.csv"].message_en
    assert "是否应为 'meter_readings'?" in results["a.csv"].message_zh
    assert "landing/ itself" in results["loose.csv"].message_en
    assert "folders inside" in results["2026"].message_en
    assert home.ledger.entries() == []


def test_own_mapping_and_encoding(home: Home, drop: Drop) -> None:
    toml = '[feeds.meter_readings]\nencoding = "gbk"\ncolumns = { "仪器" = "meter_id", "t" = "read_at", "v" = "value" }\n'
    (home.root / "gci.toml").write_text(toml, encoding="utf-8")
    drop("meter_readings/a.csv", "仪器,t,v\nM,2026-03-01,1\n", "gbk")
    (landed,) = land(Home.open(home.root))
    assert (landed.status, landed.encoding, landed.rows) == ("landed", "gb18030", 1)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("meter_id,stamp,value\nM,2026-03-01,1\n", "Required columns are missing for meter_readings: read_at"),
        ("meter_id,read_at,value,stamp\nM,n/a,1,2026-03-01\n", "No row has a readable read_at (for example 'n/a')"),
    ],
)
def test_a_quarantined_file_lands_once_its_cause_is_gone(home: Home, drop: Drop, text: str, cause: str) -> None:
    """The same bytes land, once, after a mapping was added to gci.toml."""
    drop("meter_readings/a.csv", text)
    (broken,) = land(home)
    assert (broken.status, broken.entry) == ("quarantined", 1)
    assert cause in broken.message_en
    assert land(home)[0].status == "unchanged"  # nothing has changed that could help

    (home.root / "gci.toml").write_text('[feeds.meter_readings]\ncolumns = { "stamp" = "read_at" }\n', encoding="utf-8")
    (landed,) = land(Home.open(home.root))
    assert (landed.status, landed.entry, landed.rows, landed.months) == ("landed", 2, 1, ("2026-03",))
    assert [(entry.kind, entry.digest) for entry in home.ledger.entries()] == [("quarantine", landed.digest), ("file", landed.digest)]
    assert [(part.entry, part.month, part.rows) for part in _parts(home, "meter_readings")] == [(2, "2026-03", 1)]
    (again,) = land(Home.open(home.root))
    assert (again.status, again.entry) == ("unchanged", 2)
    assert "landed before as entry 2" in again.message_en


def test_one_row_and_several(home: Home, drop: Drop) -> None:
    drop("practices/a.csv", PRACTICES)
    drop("practices/b.csv", PRACTICES + "HL01,A3.flood,high,2026-01-05\n")
    one, two = land(home)
    assert (one.message_en, one.message_zh) == ("1 row", "1 行")
    assert (two.message_en, two.message_zh) == ("2 rows, 1 with a problem (CT01)", "2 行,其中 1 行有问题(CT01)")


def test_unknown_feed_in_settings_is_an_error(home: Home, drop: Drop) -> None:
    (home.root / "gci.toml").write_text("[feeds.meter_reading]\nencoding = 'auto'\n", encoding="utf-8")
    drop("meter_readings/a.csv", READINGS)
    with pytest.raises(UsageError, match="Did you mean 'meter_readings'"):
        land(Home.open(home.root))


def test_explain_writes_nothing(home: Home, drop: Drop, tmp_path: Path) -> None:
    head = home.ledger.head()
    told = explain(home, drop("meter_readings/a.csv", READINGS))
    assert (told.feed, told.status, told.entry, told.rows, told.rejected) == ("meter_readings", "landed", None, 3, 1)
    elsewhere = tmp_path / "x.csv"
    elsewhere.write_text(PRACTICES, encoding="utf-8")
    assert explain(home, elsewhere).feed == "practices"
    broken = explain(home, elsewhere, "meters")
    assert (broken.status, broken.feed) == ("quarantined", "meters")
    assert "kind" in broken.message_en
    assert home.ledger.head() == head
    assert not (home.root / "lake").exists()


def test_explain_says_when_the_feed_cannot_be_told(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(UsageError, match="fits no feed"):
        explain(home, path)
    with pytest.raises(UsageError, match="Did you mean 'meters'"):
        explain(home, path, "meter")
    with pytest.raises(UsageError, match="is no file"):
        explain(home, tmp_path / "none.csv")


def test_storage_that_fails_is_an_error_and_leaves_nothing_half(home: Home, drop: Drop) -> None:
    drop("meter_readings/a.csv", READINGS)
    (home.root / "lake").write_text("no folder", encoding="utf-8")
    with pytest.raises(GciError, match="can't be kept in"):
        land(home)
    assert home.ledger.entries() == []


def test_splitting_a_file_changes_entries_but_no_part_content(home: Home, drop: Drop, tmp_path: Path) -> None:
    rows = [f"M-{m},2026-03-{day:02d} 00:00,{day * 10 + m}.125" for m in range(3) for day in range(1, 29)]
    head = "meter_id,read_at,value\n"
    drop("meter_readings/whole.csv", head + "\n".join(rows))
    shuffled = random.Random(3).sample(rows, len(rows))
    drop("meter_readings/x1.csv", head + "\n".join(shuffled[:30]))
    drop("meter_readings/x2.csv", head + "\n".join(shuffled[30:]))
    land(home)
    whole, first, second = _parts(home, "meter_readings")
    columns = ["meter_id", "at_s", "value_e6"]
    halves = pl.concat([_read(home, first), _read(home, second)])
    assert halves.select(columns).sort(columns).equals(_read(home, whole).select(columns).sort(columns))
    drop("meter_readings/y.csv", head + "\n".join(shuffled))
    land(home)
    assert _parts(home, "meter_readings")[-1].digest == whole.digest


def test_payload_is_plain_json(home: Home, drop: Drop) -> None:
    drop("practices/p.csv", PRACTICES)
    land(home)
    assert json.loads(json.dumps(home.ledger.entries()[0].payload))["feed"] == "practices"


def test_150_000_gbk_rows_land(home: Home, drop: Drop) -> None:
    start = datetime(2026, 3, 1)
    times = [(start + timedelta(minutes=15 * step)).strftime("%Y/%m/%d %H:%M") for step in range(2976)]
    rows = [f"M-{meter:04d},{moment},{meter + 0.5}" for meter in range(50) for moment in times]
    drop("meter_readings/big.csv", "表号,抄表时间,止码\n" + "\n".join(rows), "gbk")
    (landed,) = land(home)
    assert (landed.rows, landed.rejected) == (148_800, 0)
