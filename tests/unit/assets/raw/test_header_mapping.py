"""Which header is which column: own mapping, names, synonyms, units in brackets, and what is refused."""

from __future__ import annotations

import pytest

from assets.raw.headers import check_feed_settings, has_required, map_headers
from assets.raw.refused import Refused
from checks.contracts.registry import FEEDS
from resources.errors import UsageError
from resources.settings import FeedSettings, Settings

READINGS, SITES, METERS = FEEDS["meter_readings"], FEEDS["sites"], FEEDS["meters"]


@pytest.mark.parametrize(
    "header",
    [
        ("meter_id", "read_at", "value"),
        ("Meter ID", "READ_AT", " Value "),
        ("meter-id", "ReadAt", "value (kWh)"),
        ("电表编号", "抄表时间", "止码"),
        ("表号", "采集时间", "表底"),
        ("计量点编号", "时间", "示数(kWh)"),
        ("表计编号", "数据时间", "读数（万kWh）"),
        ("表 号", "时间", "读数[kWh]"),
    ],
)
def test_names_and_synonyms(header: tuple[str, ...]) -> None:
    mapped = map_headers(header, READINGS)
    assert mapped.names == ("meter_id", "read_at", "value")
    assert (list(mapped.mapped), mapped.unknown) == (list(header), ())


def test_own_mapping_comes_first() -> None:
    own = {"设备": "meter_id", "T": "read_at", "V": "value"}
    assert map_headers(("设备", "T", "V"), READINGS, own).names == ("meter_id", "read_at", "value")
    # it also says which of two is meant; the other is kept under its own name
    mapped = map_headers(("表号", "计量点编号", "时间", "止码"), READINGS, {"计量点编号": "meter_id"})
    assert mapped.names == ("表号", "meter_id", "read_at", "value")
    assert mapped.unknown == ("表号",)


def test_unknown_columns_keep_a_name_of_their_own() -> None:
    mapped = map_headers(("meter_id", "read_at", "value", "phase", "phase", "entry", "", "source_row"), READINGS)
    assert mapped.names == ("meter_id", "read_at", "value", "phase", "phase (2)", "entry (2)", None, "source_row (2)")
    assert mapped.unknown == ("phase", "phase (2)", "entry (2)", "source_row (2)")


def test_two_headers_for_one_column_are_refused() -> None:
    with pytest.raises(Refused, match="'表号' and '计量点编号' both mean meter_id") as refused:
        map_headers(("表号", "计量点编号", "时间", "止码"), READINGS)
    assert '[feeds.meter_readings] columns = { "表号" = "meter_id" }' in refused.value.en
    assert "都表示 meter_id" in refused.value.zh
    with pytest.raises(Refused, match="both mean value"):
        map_headers(("a", "b", "表号", "时间"), READINGS, {"a": "value", "b": "value"})


def test_missing_columns_are_named_with_what_was_seen() -> None:
    with pytest.raises(Refused) as refused:
        map_headers(("表号", "数据"), READINGS)
    assert "read_at (抄表时间 / 采集时间" in refused.value.en
    assert "value (止码 / 表底 / 示数 / 读数" in refused.value.en
    assert "Headers seen: 表号, 数据" in refused.value.en
    assert "缺少必填列" in refused.value.zh
    assert "meter_id" not in refused.value.en.split("Headers seen")[0].replace("meter_readings", "")


def test_unit_in_brackets_must_be_that_of_the_column() -> None:
    base = ("site_id", "name", "geography")
    for fine in ("设计功率(kW)", "设计总功率（千瓦）", "设计功率(必填)", "design_power_kw"):
        assert map_headers((*base, fine), SITES).mapped[fine] == "design_power_kw"
    with pytest.raises(Refused, match=r"gives MW, but design_power_kw is in kW"):
        map_headers((*base, "设计功率(MW)"), SITES)
    with pytest.raises(Refused, match=r"gives %, but cpu_ratio is in 1"):
        map_headers(("scope", "site_id", "at", "CPU利用率(%)"), FEEDS["utilisation"])
    # the unit of a reading is the meter's, so that any may be named
    assert map_headers(("表号", "时间", "止码(MWh)"), READINGS).names[2] == "value"


def test_has_required() -> None:
    assert has_required(("表号", "时间", "止码", "备注"), READINGS)
    assert not has_required(("表号", "时间"), READINGS)
    assert has_required(("x", "时间", "止码"), READINGS, {"x": "meter_id"})


def test_settings_must_name_feeds_and_columns() -> None:
    check_feed_settings(Settings(feeds={"meter_readings": FeedSettings({"止码": "value"})}))
    with pytest.raises(UsageError, match=r"\[feeds.meter_reading\] names no feed. Did you mean 'meter_readings'"):
        check_feed_settings(Settings(feeds={"meter_reading": FeedSettings()}))
    with pytest.raises(UsageError, match=r"maps '止码' to 'valeu', no column of it. Did you mean 'value'"):
        check_feed_settings(Settings(feeds={"meter_readings": FeedSettings({"止码": "valeu"})}))
