"""NEM12 and NEM13 files: what is read, where each reading stands, and every way in which a file is refused."""

from __future__ import annotations

import gzip
import io
import sys
import zipfile
from typing import Any

import pytest

from assets.raw.decode import Decoded, decode
from assets.raw.formats import raw_texts
from assets.raw.refused import Refused

pytest.importorskip("nemreader", reason="the optional package nemreader is not installed")

HALF_HOURS = [f"{n}.5" for n in range(48)]  # 0.5 … 47.5


def nem12(*records: str, start: str = "100,NEM12,202602010000,MDP,RET", end: str = "900") -> bytes:
    return "\r\n".join([start, *records, end]).encode()


def detail(uom: str = "kWh", suffix: str = "E1", minutes: int = 30) -> str:
    return f"200,NMI0000001,E1Q1,1,{suffix},N1,METER1,{uom},{minutes},20260401"


def day(values: list[str], quality: str = "A", date: str = "20260131") -> str:
    return ",".join(["300", date, *values, quality, "", "", "20260201000000", ""])


def register(before: str, after: str, quantity: str, *, direction: str = "E", first: str = "A", last: str = "A", uom: str = "KWH") -> str:
    return (
        f"250,NMI0000001,11,1,11,11,METER1,{direction},{before},20260101080000,{first},,,{after},20260201093015,{last},,,{quantity},{uom},"
        "20260301,20260202000000,"
    )


def rows(decoded: Decoded) -> list[tuple[Any, ...]]:
    return decoded.frame.rows()


def refusal(data: bytes, name: str = "a.csv") -> Refused:
    with pytest.raises(Refused) as caught:
        decode(data, name)
    assert caught.value.zh
    assert caught.value.zh != caught.value.en
    return caught.value


# what is read -------------------------------------------------------------------------------------------------------------


def test_an_interval_stands_at_its_start_in_market_time_and_keeps_its_digits() -> None:
    decoded = decode(nem12(detail(), day(["0.5000", *HALF_HOURS[1:]])), "a.csv")
    assert decoded.header == ("meter_id", "read_at", "value", "quality")
    assert decoded.encoding == "nem12"
    assert decoded.frame.height == 48
    assert rows(decoded)[0] == ("NMI0000001-E1", "2026-01-31 00:00:00+10:00", "0.5000", "A", 3001)
    assert rows(decoded)[47] == ("NMI0000001-E1", "2026-01-31 23:30:00+10:00", "47.5", "A", 3048)
    assert decoded.facts.stated == {"NMI0000001-E1": [("interval", "kWh", 30)]}


def test_the_qualities_of_a_variable_day_come_from_its_events() -> None:
    events = ["400,1,10,A,,", "400,11,20,F14,76,", "400,21,30,S14,1,", "400,31,40,E52,,", "400,41,48,N,,"]
    decoded = decode(nem12(detail(), day(HALF_HOURS, "V"), *events), "a.csv")
    assert decoded.frame["c3"].to_list() == ["A"] * 10 + ["S"] * 20 + ["E"] * 10 + [None] * 8
    # N is null data: what stands there is no value, and surely no zero
    assert decoded.frame["c2"].to_list() == [*HALF_HOURS[:40], *[None] * 8]


def test_a_blank_value_is_no_reading_and_no_zero() -> None:
    decoded = decode(nem12(detail(), day(["", *HALF_HOURS[1:]])), "a.csv")
    assert rows(decoded)[0][2] is None


def test_every_channel_is_a_meter_and_what_no_meter_can_be_is_named() -> None:
    records = [detail("KWH"), day(HALF_HOURS), detail("kVArh", "Q1"), day(HALF_HOURS), detail("Wh", "B1", 15), day(["1"] * 96)]
    decoded = decode(nem12(*records), "a.csv")
    assert decoded.facts.stated == {"NMI0000001-E1": [("interval", "kWh", 30)], "NMI0000001-B1": [("interval", "Wh", 15)]}
    assert decoded.facts.left_out == ("NMI0000001-Q1 (kVArh)",)
    assert decoded.frame.height == 48 + 96


def test_source_rows_are_unique_and_lead_back_to_the_line() -> None:
    data = nem12(detail(), day(HALF_HOURS), "", "500,O,S01,20260201000000,100", day(HALF_HOURS, date="20260201"))
    decoded = decode(data, "a.csv")
    assert decoded.frame["source_row"].n_unique() == 96
    assert rows(decoded)[48][4] == 6001  # the blank line 4 counts
    texts = raw_texts(data, "a.csv", {3002, 6001})
    assert texts == {
        3002: {"line": "3", "place": "2", "text": day(HALF_HOURS)},
        6001: {"line": "6", "place": "1", "text": day(HALF_HOURS, date="20260201")},
    }


def test_a_register_record_gives_both_readings() -> None:
    decoded = decode(nem12(register("000500.0", "000650.5", "150.5"), "550,N,,A,", start="100,NEM13,202602010000,MDP,RET"), "a.csv")
    assert rows(decoded) == [
        ("NMI0000001-11", "2026-01-01 08:00:00+10:00", "000500.0", "A", 2001),
        ("NMI0000001-11", "2026-02-01 09:30:15+10:00", "000650.5", "A", 2002),
    ]
    assert decoded.facts.stated == {"NMI0000001-11": [("register", "kWh", None)]}
    assert decoded.facts.problems == {}


@pytest.mark.parametrize(
    ("before", "after", "quantity", "follows"),
    [
        ("00100", "00150", "50", True),
        ("99990", "00010", "20", True),  # rollover of five digits
        ("00150", "00100", "-50", True),  # runs backwards, and says so
        ("00100", "00150", "", True),  # nothing stated
        ("00100", "00150", "2000", True),  # a transformer of 40
        ("00100", "00150", "31", False),
        ("00100", "00150", "-50", False),
        ("00100", "00100", "10", False),
    ],
)
def test_a_stated_quantity_must_follow_from_the_readings(before: str, after: str, quantity: str, follows: bool) -> None:
    decoded = decode(nem12(register(before, after, quantity), start="100,NEM13,202602010000,MDP,RET"), "a.csv")
    assert set(decoded.facts.problems) == (set() if follows else {2001, 2002})


def test_one_multiplier_is_shared_by_all_records_of_a_register() -> None:
    second = register("00150", "00160", "21").replace("20260201093015", "20260301093015").replace("20260101080000", "20260201093015")
    decoded = decode(nem12(register("00100", "00150", "50"), second, start="100,NEM13,202602010000,MDP,RET"), "a.csv")
    assert set(decoded.facts.problems) == {3001, 3002}


@pytest.mark.parametrize("name", ["a.zip", "A.ZIP", "a.csv.gz"])
def test_packed_files(name: str) -> None:
    data = nem12(detail(), day(HALF_HOURS))
    packed = gzip.compress(data) if name.endswith("gz") else zipped({"inner.csv": data})
    assert rows(decode(packed, name)) == rows(decode(data, "a.csv"))
    assert raw_texts(packed, name, {3001}) == raw_texts(data, "a.csv", {3001})


def test_other_tables_are_left_alone() -> None:
    assert decode(b"meter_id,read_at,value\nM1,2026-01-01,1\n", "a.csv").encoding == "utf-8"
    assert raw_texts(b"meter_id,read_at,value\nM1,2026-01-01,1\n", "a.csv", {2}) is None


# what is refused ----------------------------------------------------------------------------------------------------------


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (nem12(detail(), day(HALF_HOURS), end=""), ["breaks off", "line 3", "900"]),
        (nem12(detail(), day(HALF_HOURS))[:200], ["breaks off", "900"]),
        (nem12(day(HALF_HOURS)), ["Line 2", "300", "before any record 200"]),
        (nem12(detail(), "400,1,48,A,,"), ["Line 3", "400", "follows no record 300"]),
        (nem12(detail(), "500,O,S01,20260201000000,100"), ["Line 3", "500"]),
        (nem12(detail(), day(HALF_HOURS), "500,O,S01,20260201000000,100", "400,1,48,A,,"), ["Line 5", "400"]),
        (nem12(detail(), day(HALF_HOURS), detail(suffix="E2"), "400,1,48,A,,"), ["Line 5", "400"]),
        (nem12(detail(), day(HALF_HOURS), "900", detail(), day(HALF_HOURS)), ["Line 4", "900 inside"]),
        (nem12(detail(), day(HALF_HOURS), "100,NEM12,202602010000,MDP,RET"), ["Line 4", "100 inside"]),
        (nem12(detail(), day(HALF_HOURS), start=detail("kWh", "E0")), ["Line 1", "header record 100"]),
        (nem12(detail(), day(HALF_HOURS), start="100,NEM01,202602010000,MDP,RET"), ["NEM01", "NEM12 and NEM13"]),
        (nem12(detail(), day(HALF_HOURS[:24])), ["Line 3", "48 values"]),
        (nem12(detail(minutes=15), day(HALF_HOURS)), ["Line 3", "96 values"]),
        (nem12(detail(), day(HALF_HOURS * 2)), ["Line 3", "48 values", "'0.5'"]),
        (nem12(detail(), day(HALF_HOURS, "")), ["Line 3", "quality"]),
        (nem12(detail(), day(HALF_HOURS, date="20261301")), ["Line 3", "can't be read"]),
        (nem12(detail(minutes=7), day(HALF_HOURS)), ["Line 2", "interval length 7"]),
        (nem12(detail(minutes=1), day(["1"] * 1440)), ["Line 2", "interval length 1"]),
        (nem12(detail(suffix=""), day(HALF_HOURS)), ["Line 2", "suffix"]),
        (nem12(detail(), day(HALF_HOURS, "V")), ["Line 3", "0 of 48"]),
        (nem12(detail(), day(HALF_HOURS, "V"), "400,1,47,A,,"), ["Line 3", "47 of 48"]),
        (nem12(detail(), day(HALF_HOURS, "V"), "400,1,24,A,,", "400,26,48,A,,"), ["Line 5", "interval 26", "25"]),
        (nem12(detail(), day(HALF_HOURS, "V"), "400,1,49,A,,"), ["Line 4", "can't be read"]),
        (nem12(detail(), day(HALF_HOURS), "600,x"), ["Line 4", "'600'"]),
        (nem12(detail(), register("1", "2", "1")), ["Line 3", "'250'"]),
        (nem12(detail("kVArh", "Q1"), day(HALF_HOURS)), ["no reading", "Q1 (kVArh)"]),
        (nem12(), ["no reading"]),
        (nem12(register("1", "2", "1")[:60], start="100,NEM13,202602010000,MDP,RET"), ["Line 2", "at least 20"]),
        (nem12(register("x", "2", "1"), start="100,NEM13,202602010000,MDP,RET"), ["Line 2", "can't be read"]),
        (nem12("550,N,,A,", register("1", "2", "1"), start="100,NEM13,202602010000,MDP,RET"), ["Line 2", "550"]),
        (nem12(detail(), start="100,NEM13,202602010000,MDP,RET"), ["Line 2", "'200'"]),
    ],
)  # fmt: skip
def test_a_file_out_of_order_is_refused_with_its_line(data: bytes, words: list[str]) -> None:
    cause = refusal(data)
    for word in words:
        assert word in cause.en


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (zipped({"a.csv": b"x", "b.csv": b"y"}), ["2 files", "a.csv, b.csv"]),
        (zipped({}), ["0 files"]),
        (zipped({"a.csv": b"meter_id,read_at,value\n"}), ["a.csv", "no NEM12"]),
        (zipped({"a.csv": nem12(detail(), day(HALF_HOURS))})[:-30], ["truncated"]),
        (b"100,NEM12,", ["not a zip"]),
    ],
)  # fmt: skip
def test_a_zip_must_hold_one_such_file(data: bytes, words: list[str]) -> None:
    cause = refusal(data, "a.zip")
    for word in words:
        assert word.casefold() in cause.en.casefold()


def test_a_zip_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assets.raw.formats.archive.LARGEST", 2**20)
    assert "more than 1 MiB" in refusal(zipped({"a.csv": b"100,NEM12," + b"0" * 2**21}), "a.zip").en


def test_without_the_package_the_file_is_refused_by_name_and_can_still_be_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nemreader.nem_reader", None)
    data = nem12(detail(), day(HALF_HOURS))
    cause = refusal(data)
    assert "pip install nemreader" in cause.en
    assert "pip install nemreader" in cause.zh
    assert "://" not in cause.en + cause.zh
    assert raw_texts(data, "a.csv", {3001}) == {3001: {"line": "3", "place": "1", "text": day(HALF_HOURS)}}
