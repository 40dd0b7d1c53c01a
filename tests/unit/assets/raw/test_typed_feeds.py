"""Landed text to typed feeds: types, zones, keys, CT01 rejects, conflicts, and what is in force on a day."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pandas as pd
import polars as pl
import pytest

from assets.raw.feeds import Feeds, load, valid_on
from assets.raw.landing import land
from assets.raw.plain_rows import PlainFeeds, faults_of
from resources.errors import UsageError
from resources.home import Home

if TYPE_CHECKING:
    from conftest import Drop

SITES = "site_id,name,geography,timezone,pue_category,commissioned_on,design_power_kw,valid_from\n"
METERS = "meter_id,site_id,medium,point,kind,unit,multiplier,valid_from,valid_to\n"


def _s(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())


def _load(home: Home) -> Feeds:
    """The typed feeds; every test here also holds the rows of reading commands against them (``plain_rows.py``)."""
    land(home)
    feeds = load(home, home.ledger.head()[0])
    plain = PlainFeeds(home, home.ledger.head()[0], home.settings)
    for feed, table in feeds.tables.items():
        same = [{name: None if pd.isna(value) else value for name, value in row.items()} for row in table.to_dict("records")]
        found = plain[feed]
        instants = bool(found) and "month" not in found[0]
        known = [{name: value for name, value in row.items() if name != "month" or not instants} for row in same]
        key = ["entry", "source_row"]
        assert sorted(found, key=lambda row: [row[name] for name in key]) == sorted(known, key=lambda row: [row[name] for name in key])
        broken = plain.rows(feed).filter(pl.col("fault").is_not_null())
        refused = feeds.rejected[feeds.rejected["feed"] == feed]
        assert set(zip(refused["entry"], refused["source_row"], strict=True)) <= set(broken.select(key).rows())
        for entry, row in {(int(e), int(r)) for e, r in zip(refused["entry"], refused["source_row"], strict=True)}:
            words = [(b.column, b.seen, b.reason_en, b.reason_zh) for b in faults_of(plain, feed, entry, row)]
            own = refused[(refused["entry"] == entry) & (refused["source_row"] == row)]
            assert words == list(own[["column", "seen", "reason_en", "reason_zh"]].itertuples(index=False, name=None))
    return feeds


def _records(frame: pd.DataFrame, *columns: str) -> list[tuple[object, ...]]:
    return [tuple(None if pd.isna(value) else value for value in row) for row in frame[list(columns)].itertuples(index=False)]


def test_text_becomes_types(home: Home, drop: Drop) -> None:
    drop("sites/s.csv", SITES + 'HL01,Hulan 1,河北,Asia/Shanghai,PUE2,2024年3月1日,"20,000",\n')
    sites = _load(home)["sites"]
    row = sites.loc[0]
    assert row["supply_points"] == 1
    assert (row["geography"], row["pue_category"], row["commissioned_on"], row["design_power_kw"]) == ("CN-HE", 2, "2024-03-01", 20000.0)
    assert (row["valid_from"], row["entry"], row["source_row"]) == ("2025-01-01", 1, 2)
    assert row["hub"] is None
    assert str(sites["pue_category"].dtype) == str(sites["supply_points"].dtype) == "Int64"
    assert sites["design_power_kw"].dtype == "float64"
    assert sites["approved_pue"].isna().all()


def test_values_in_chinese_and_in_other_letters(home: Home, drop: Drop) -> None:
    drop(
        "meters/m.csv",
        METERS + "M1,HL01,电,总进线,止码,千瓦时,,2025-01-01,\nM2,HL01,Electricity,IT input,REGISTER,KWH,40,2025/2/1,2025-12-31\n",
    )
    drop("devices/d.csv", "device_id,site_id,snapshot_on,kind,powered_on\nD1,HL01,2026-03-31,GPU服务器,是\nD2,HL01,2026-03-31,storage,0\n")
    feeds = _load(home)
    assert _records(feeds["meters"], "meter_id", "medium", "point", "kind", "unit", "multiplier", "valid_from", "valid_to") == [
        ("M1", "electricity", "grid_supply", "register", "kWh", 1.0, "2025-01-01", None),
        ("M2", "electricity", "it_input", "register", "kWh", 40.0, "2025-02-01", "2025-12-31"),
    ]
    assert _records(feeds["devices"], "kind", "powered_on") == [("gpu_server", True), ("storage", False)]
    assert str(feeds["devices"]["powered_on"].dtype) == "boolean"
    assert feeds.rejected.empty


def test_feeds_that_were_never_landed_are_empty_with_their_columns(home: Home, drop: Drop) -> None:
    drop("practices/none.csv", "site_id,item_code,level,assessed_on\n")
    feeds = _load(home)
    assert feeds.landed == {"practices"}
    assert list(feeds["utilisation"].columns) == [
        "scope", "site_id", "at_s", "device_id", "cpu_ratio", "gpu_ratio", "entry", "source_row", "month",
    ]  # fmt: skip
    assert all(len(frame) == 0 for frame in feeds.tables.values())
    assert feeds.rejected.empty
    assert feeds.conflicts.empty
    assert feeds.counts.empty
    with pytest.raises(KeyError, match="Did you mean 'meters'"):
        feeds["meter"]


@pytest.mark.parametrize(
    ("row", "column", "seen", "reason"),
    [
        ("M1,HL01,electricity,grid_supply,register,kWh,forty,2025-01-01,", "multiplier", "forty", "multiplier must be a number"),
        ("M1,HL01,electricity,roof,register,kWh,1,2025-01-01,", "point", "roof", "point must be one of grid_supply, direct_line,"),
        ("M1,HL01,electricity,grid_supply,register,,1,2025-01-01,", "unit", "", "unit is required but empty"),
        ("M1,,electricity,grid_supply,register,kWh,1,2025-01-01,", "site_id", "", "site_id is required but empty"),
        ("M1,HL01,electricity,grid_supply,register,kWh,-1,2025-01-01,", "multiplier", "-1", "multiplier must be at least 0"),
        ("M1,HL01,electricity,grid_supply,register,kWh,1,1 March,", "valid_from", "1 March", "valid_from must be a date such as"),
        ("M1,HL01,electricity,grid_supply,register,kWh,1,2025-03-01,2025-02-01", "valid_to", "2025-02-01", "must not be before valid_from"),
    ],
)
def test_a_row_that_breaks_its_contract(home: Home, drop: Drop, row: str, column: str, seen: str, reason: str) -> None:
    good = "M2,HL01,electricity,grid_supply,register,kWh,1,2025-01-01,\n"
    drop("meters/m.csv", METERS + good + row + "\n")
    (landed,) = land(home)
    feeds = load(home, 1)
    assert landed.rejected == 1
    assert list(feeds["meters"]["meter_id"]) == ["M2"]
    (found,) = feeds.rejected.to_dict("records")
    assert (found["feed"], found["rule_code"], found["column"], found["seen"]) == ("meters", "CT01", column, seen)
    assert (found["entry"], found["source_row"]) == (1, 3)
    assert found["site_id"] == (None if column == "site_id" else "HL01")
    assert reason in found["reason_en"]
    assert any("一" <= letter <= "鿿" for letter in found["reason_zh"])


@pytest.mark.parametrize(
    ("feed", "text", "column", "reason"),
    [
        ("sites", SITES + "HL01,H,CN-HE,Mars/Olympus,1,,,\n", "timezone", "IANA time zone"),
        ("sites", SITES + "HL01,H,Hebei,,1,,,\n", "geography", "must look like"),
        ("sites", SITES + "HL01,H,CN-HE,,4,,,\n", "pue_category", "must be one of 1, 2, 3"),
        ("practices", "site_id,item_code,level,assessed_on\nHL01,A3.fire,80,2026-01-01\n", "level", "at most 1"),
        ("practices", "site_id,item_code,level,assessed_on\nHL01,A3.fire,1,2026-01-01 08:30\n", "assessed_on", "must be a date"),
        ("projects", "project_code,energy_type,geography\n123,wind,CN-HE\n", "project_code", "must look like"),
        ("racks", "rack_id,site_id,snapshot_on,u_height,rated_kw\nR,HL01,2026-03-31,42.5,5\n", "u_height", "whole number"),
        ("racks", "rack_id,site_id,snapshot_on,u_height,rated_kw,ai_rack\nR,HL01,2026-03-31,42,5,maybe\n", "ai_rack", "yes or no"),
        ("activities", "site_id,month,activity,quantity,unit\nHL01,March,diesel,5,L\n", "month", "must be a month"),
        ("telemetry", "site_id,at,variable,value,unit\nHL01,noon,outdoor_temperature,5,C\n", "at", "date and time"),
    ],
)
def test_breaches_of_other_kinds(home: Home, drop: Drop, feed: str, text: str, column: str, reason: str) -> None:
    drop(f"{feed}/x.csv", text)
    feeds = _load(home)
    assert len(feeds[feed]) == 0
    assert [(row["column"], reason in row["reason_en"]) for row in feeds.rejected.to_dict("records")] == [(column, True)]


def test_several_faults_of_a_row_are_all_said(home: Home, drop: Drop) -> None:
    drop("meters/m.csv", METERS + "M1,HL01,steam,roof,register,kWh,x,2025-01-01,\n")
    feeds = _load(home)
    assert list(feeds.rejected["column"]) == ["medium", "point", "multiplier"]
    assert feeds.counts.to_dict("records") == [{"feed": "meters", "site_id": "HL01", "rows": 1}]


def test_the_later_entry_wins_a_key_and_earlier_views_stay(home: Home, drop: Drop) -> None:
    drop("meters/1.csv", METERS + "M1,HL01,electricity,grid_supply,register,kWh,40,2025-01-01,\n")
    land(home)
    drop("meters/0.csv", METERS + "M1,HL01,electricity,grid_supply,register,kWh,60,2025-01-01,\n")
    feeds = _load(home)
    assert _records(feeds["meters"], "multiplier", "entry") == [(60.0, 2)]
    assert feeds.conflicts.empty
    assert _records(load(home, 1)["meters"], "multiplier", "entry") == [(40.0, 1)]
    assert len(load(home, 0)["meters"]) == 0


def test_a_conflict_within_one_entry_is_reported_and_a_repetition_is_not(home: Home, drop: Drop) -> None:
    line = "M{},HL01,electricity,grid_supply,register,kWh,{},2025-01-01,\n"
    drop("meters/m.csv", METERS + line.format(1, 40) + line.format(2, 5) + line.format(1, 60) + line.format(2, 5))
    feeds = _load(home)
    assert _records(feeds["meters"], "meter_id", "multiplier", "source_row") == [("M1", 60.0, 4), ("M2", 5.0, 5)]
    assert feeds.conflicts.to_dict("records") == [
        {"feed": "meters", "site_id": "HL01", "key": "meter_id=M1, valid_from=2025-01-01", "entry": 1, "source_row": 2}
    ]
    assert feeds.counts.to_dict("records") == [{"feed": "meters", "site_id": "HL01", "rows": 2}]


def test_a_rejected_row_is_put_right_by_a_later_one_with_its_key(home: Home, drop: Drop) -> None:
    drop("meters/1.csv", METERS + "M1,HL01,electricity,grid_supply,register,kWh,x,2025-01-01,\n")
    assert len(_load(home).rejected) == 1
    drop("meters/2.csv", METERS + "M1,HL01,electricity,grid_supply,register,kWh,40,2025-01-01,\n")
    feeds = _load(home)
    assert feeds.rejected.empty
    assert len(feeds["meters"]) == 1
    # the other way round the good row stays, and the bad one is said
    drop("meters/3.csv", METERS + "M1,HL01,electricity,grid_supply,register,kWh,y,2025-01-01,\n")
    feeds = _load(home)
    assert _records(feeds["meters"], "multiplier", "entry") == [(40.0, 2)]
    assert list(feeds.rejected["seen"]) == ["y"]


def test_permuting_rows_and_splitting_files_changes_nothing(home: Home, drop: Drop, tmp_path_factory: pytest.TempPathFactory) -> None:
    header, rows = (
        "site_id,month,activity,quantity,unit\n",
        [f"HL0{s},2026-{m:02d},diesel,{s * m},L\n" for s in (1, 2) for m in range(1, 13)],
    )
    drop("activities/a.csv", header + "".join(rows))
    whole = _load(home)["activities"]
    other = Home.open(_another(tmp_path_factory))
    shuffled = random.Random(1).sample(rows, len(rows))
    for number, part in enumerate((shuffled[:7], shuffled[7:])):
        path = other.landing / "activities" / f"{number}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(header + "".join(part), encoding="utf-8")
    split = _load(other)["activities"]
    columns = [name for name in whole.columns if name not in ("entry", "source_row")]
    pd.testing.assert_frame_equal(whole[columns], split[columns])
    assert len(whole) == 24


def _another(factory: pytest.TempPathFactory) -> str:
    root = factory.mktemp("other")
    (root / "landing").mkdir()
    (root / "gci.toml").write_text('first_month = "2025-01"\n', encoding="utf-8")
    return str(root)


def test_instants_take_the_offset_then_the_zone_of_the_site(home: Home, drop: Drop) -> None:
    drop("sites/s.csv", SITES + "BE,Berlin,DE-BE,Europe/Berlin,1,,,\nHL01,Hulan,CN-HE,,1,,,\n")
    drop("meters/m.csv", METERS + "M1,BE,electricity,grid_supply,register,kWh,1,2025-01-01,\n")
    event = "meter_id,at,kind\nM1,2026-03-01 12:00,outage\nM1,2026-07-01T12:00:00+08:00,outage\nMX,2026-03-01 12:00,outage\n"
    event += "M1,2026-10-25 02:30,outage\nM1,2026-03-29 02:30,outage\n"
    drop("meter_events/e.csv", event)
    drop("telemetry/t.csv", "site_id,at,variable,value,unit\nBE,2026-04-01 00:30,outdoor_temperature,5,C\nHL01,2026-03-31T20:00Z,x,6,C\n")
    feeds = _load(home)
    assert set(_records(feeds["meter_events"], "meter_id", "at_s")) == {
        ("M1", _s(2026, 3, 1, 11)),  # Berlin, winter
        ("M1", _s(2026, 7, 1, 4)),  # stated offset
        ("MX", _s(2026, 3, 1, 4)),  # no such meter: the home's zone
        ("M1", _s(2026, 10, 25, 0, 30)),  # the repeated hour: the first, still summer
        ("M1", _s(2026, 3, 29, 1)),  # the skipped hour: the next time there is
    }
    assert str(feeds["meter_events"]["at_s"].dtype) == "Int64"
    assert _records(feeds["telemetry"], "site_id", "at_s", "month") == [
        ("BE", _s(2026, 3, 31, 22, 30), "2026-04"),
        ("HL01", _s(2026, 3, 31, 20), "2026-04"),  # 04:00 of the next day there
    ]


def test_zone_of_the_feed_comes_before_that_of_the_site(home: Home, drop: Drop) -> None:
    (home.root / "gci.toml").write_text('[feeds.telemetry]\ntimezone = "UTC"\n', encoding="utf-8")
    home = Home.open(home.root)
    drop("sites/s.csv", SITES + "BE,Berlin,DE-BE,Europe/Berlin,1,,,\n")
    drop("telemetry/t.csv", "site_id,at,variable,value,unit\nBE,2026-03-31 22:30,outdoor_temperature,5,C\n")
    assert _records(_load(home)["telemetry"], "at_s", "month") == [(_s(2026, 3, 31, 22, 30), "2026-04")]


def test_consumption_months_default_to_the_month_of_consumption(home: Home, drop: Drop) -> None:
    header = "project_code,production_month,seq_start,seq_end,kind,on,consumption_month,consumption_start,consumption_end\n"
    rows = [
        "12345678901234567,2026-01,0,99,核销,2026-04-01,2026年2月,,",
        "12345678901234567,2026-01,100,199,cancel,2026-04-01,,202601,202612",
    ]
    drop("certificate_events/c.csv", header + "\n".join(rows))
    assert _records(_load(home)["certificate_events"], "kind", "consumption_month", "consumption_start", "consumption_end") == [
        ("cancel", "2026-02", "2026-02", "2026-02"),
        ("cancel", None, "2026-01", "2026-12"),
    ]


def test_long_codes_stay_text(home: Home, drop: Drop) -> None:
    header = "project_code,production_month,seq_start,seq_end,energy_class,energy_type,tradable,issued_on,gec_code_first\n"
    drop("certificates/c.csv", header + "00345678901234567,2026-01,0,99,上网,风电,是,2026-03-01,00000000000000000000000000000001\n")
    row = _load(home)["certificates"].loc[0]
    assert (row["project_code"], row["gec_code_first"], row["seq_end"]) == ("00345678901234567", "0" * 31 + "1", 99)
    assert (row["energy_class"], row["energy_type"], bool(row["tradable"]), row["scheme"]) == ("on_grid", "wind", True, "GEC")


def test_evidence_is_the_newest_of_its_name(home: Home, drop: Drop) -> None:
    drop("evidence/a.pdf", b"one")
    land(home)
    drop("evidence/a.pdf", b"two")
    drop("evidence/b.pdf", b"three")
    feeds = _load(home)
    digests = {entry.name: entry.digest for entry in home.ledger.entries()}
    assert feeds.evidence == {"a.pdf": digests["evidence/a.pdf"], "b.pdf": digests["evidence/b.pdf"]}
    assert load(home, 1).evidence["a.pdf"] != feeds.evidence["a.pdf"]


def test_answers_are_kept_until_the_log_or_the_settings_change(home: Home, drop: Drop) -> None:
    drop("practices/p.csv", "site_id,item_code,level,assessed_on\nHL01,A3.fire,1,2026-01-05\n")
    feeds = _load(home)
    assert load(home, 1) is feeds
    assert load(Home.open(home.root), 1) is feeds
    (home.root / "gci.toml").write_text('first_month = "2025-02"\n', encoding="utf-8")
    assert load(Home.open(home.root), 1) is not feeds
    (home.root / "gci.toml").write_text("[feeds.practice]\n", encoding="utf-8")
    with pytest.raises(UsageError, match="Did you mean 'practices'"):
        load(Home.open(home.root), 1)


def test_valid_on() -> None:
    frame = pd.DataFrame(
        {
            "meter_id": ["A", "A", "B", "C"],
            "valid_from": ["2025-01-01", "2025-06-01", "2025-01-01", "2026-01-01"],
            "valid_to": [None, "2025-12-31", "2025-03-31", None],
            "multiplier": [1.0, 2.0, 3.0, 4.0],
        }
    )
    expected = {
        "2024-12-31": [], "2025-01-01": [1.0, 3.0], "2025-03-31": [1.0, 3.0], "2025-04-01": [1.0], "2025-06-01": [2.0],
        "2025-12-31": [2.0], "2026-01-01": [4.0],
    }  # fmt: skip
    for day, multipliers in expected.items():
        assert list(valid_on(frame, "meter_id", day)["multiplier"]) == multipliers, day
    assert list(valid_on(frame, ["meter_id"], date(2025, 6, 1))["multiplier"]) == [2.0]
    assert list(valid_on(frame.drop(columns="valid_to"), "meter_id", "2026-02-01")["multiplier"]) == [2.0, 3.0, 4.0]
