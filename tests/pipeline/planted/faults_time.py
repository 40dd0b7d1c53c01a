"""Planted faults of time (时限): what is missing, far from the edges, late, ahead of its time, or too old.

One function for each change, one entry for each fault; README.md says how. The time of certificates (TL06) is in ``faults_claims``.
"""

from __future__ import annotations

from resources.home import Home
from tests.pipeline.planted.fault import JANUARY, Fault, Found, each_month, found, interim
from tests.pipeline.planted.tables import MONTHS, Tables
from tests.pipeline.planted.world import Clock, later_factors

_BEFORE_CUT_OFF, _AFTER_CUT_OFF = "2026-02-05T08:00+08:00", "2026-03-01T08:00+08:00"
_IN_JANUARY, _IN_TIME = "2026-01-25T12:00+08:00", "2026-02-03T12:00+08:00"
_CLOCK = Clock(_BEFORE_CUT_OFF)


def _nothing(tables: Tables) -> None:
    """The valid home as it is."""


def _silent_it(tables: Tables) -> None:
    tables.lose("S2-I2", "2026-01-10 00:00", "2026-01-20 00:00")


def _late_start(tables: Tables) -> None:
    tables.lose("S2-I2", "2026-01-01 00:00", "2026-01-01 09:00")


def _sent_late(tables: Tables) -> None:
    _CLOCK.moment, tables.around = _BEFORE_CUT_OFF, _CLOCK.stands
    rows = tables.readings("S1-C")
    tables.later.append(("meter_readings", rows[-100:]))
    del rows[-100:]


def _after_the_cut_off(_home: Home) -> None:
    _CLOCK.moment = _AFTER_CUT_OFF


def _clock_ahead(tables: Tables) -> None:
    """A first landing on 25 January of all there is, and of one reading of the next day; the rest comes in time."""
    _CLOCK.moment, tables.around = _IN_JANUARY, _CLOCK.stands
    for meter in tables.flows:
        rows = tables.readings(meter)
        tables.later.append(("meter_readings", [row for row in rows if row["read_at"] >= "2026-01-25 12:00"]))
        tables.lose(meter, "2026-01-25 12:00", "2027")
    ahead = tables.readings("S1-C")
    ahead.append({**ahead[-1], "read_at": "2026-01-26 07:00"})


def _in_time(_home: Home) -> None:
    _CLOCK.moment = _IN_TIME


def _old_snapshot(tables: Tables) -> None:
    for feed in ("racks", "devices"):
        tables.drop(feed, site_id="S1", snapshot_on="2026-01-31")


def _too_old_snapshot(tables: Tables) -> None:
    _old_snapshot(tables)
    for feed in ("racks", "devices"):
        tables.set(feed, {"site_id": "S1"}, snapshot_on="2025-12-20")


def _use_unreported(tables: Tables) -> None:
    tables.rows["utilisation"] = [row for row in tables.rows["utilisation"] if row["site_id"] != "S1" or row["at"] < JANUARY]


def _later_vintage(tables: Tables) -> None:
    tables.around = later_factors("2024", "2026-06-30")


def _old_assessment(tables: Tables) -> None:
    tables.one("practices", site_id="S1", item_code="A3.fire")["assessed_on"] = "2024-12-15"


def _unknown_item(tables: Tables) -> None:
    tables.one("practices", site_id="S1", item_code="A3.fire")["item_code"] = "A3.fires"


FAULTS: tuple[Fault, ...] = (
    Fault(
        "silent_it_meter", "TL01", "an IT meter of S2 has no readings for ten days: E_IT is withheld",
        "S2 的一块 IT 计量表连续十天无读数:E_IT 暂缓发布",
        _silent_it,
        found(
            Found("S2", JANUARY, "TL01", "withhold", "E_IT", "S2-I2"), Found("S2", JANUARY, "ME05", "withhold", "E_IT", "E_IT", True),
            interim("S2", JANUARY),
        ),
    ),
    Fault(
        "far_from_the_edge", "TL02", "the readings of an IT meter of S2 begin nine hours after the month did",
        "S2 一块 IT 表的读数在月初九小时之后才开始",
        _late_start, found(Found("S2", JANUARY, "TL02", "flag", "E_IT", "S2-I2")),
    ),
    Fault(
        "sent_late", "TL03", "a hundred readings of S1 are landed three weeks after the month's cut-off",
        "S1 的一百条读数在截止日三周之后入库",
        _sent_late, found(Found("S1", JANUARY, "TL03", "info", "", "meter_readings")), _after_the_cut_off,
    ),
    Fault(
        "clock_ahead", "TL04", "a reading of S1 bears a time later than the landing of its file", "S1 一条读数的时刻晚于其文件入库时刻",
        _clock_ahead, found(Found("S1", JANUARY, "TL04", "flag", "", "S1-C")), _in_time,
    ),
    Fault(
        "old_snapshot", "TL05", "S1 sends no CMDB snapshot for January: that of 31 December is carried forward",
        "S1 未报送 1 月 CMDB 快照:沿用 12 月 31 日的快照",
        _old_snapshot, found(Found("S1", JANUARY, "TL05", "flag", "inventory", "devices, racks")),
    ),
    Fault(
        "too_old_snapshot", "TL05", "the last CMDB snapshot of S1 is of 20 December: too old for January, inventory is withheld",
        "S1 最近的 CMDB 快照为 12 月 20 日:对 1 月而言过旧,inventory 暂缓发布",
        _too_old_snapshot,
        found(
            Found("S1", MONTHS[0], "TL05", "flag", "inventory", "devices, racks"),
            Found("S1", JANUARY, "TL05", "withhold", "inventory", "devices, racks"), interim("S1", JANUARY),
        ),
    ),
    Fault(
        "young_history", "TL08", "the home is in order, but has two months only: trailing values are interim",
        "数据无误,但仅有两个月:滚动值为阶段值",
        _nothing, found(),
    ),
    Fault(
        "use_unreported", "TL08", "S1 does not say how busy its processors were in January, though it did in December",
        "S1 报送了 12 月的利用率,但未报送 1 月的",
        _use_unreported, found(Found("S1", JANUARY, "TL08", "info", "", "not reported")),
    ),
    Fault(
        "later_vintage", "TL09", "grid factors of 2024 are published after the cut-off of both months: a candidate, not used",
        "2024 年电网因子在两个月的截止日之后公布:仅为候选,不采用",
        _later_vintage, found(*(each_month(Found(site, JANUARY, "TL09", "info", "factors", "grid factors 2024")) for site in ("S1", "S2"))),
    ),
    Fault(
        "old_assessment", "TL10", "one practice of S1 was assessed in December 2024: it scores 0",
        "S1 一项管理实践评估于 2024 年 12 月:按 0 分计",
        _old_assessment, found(each_month(Found("S1", JANUARY, "TL10", "flag", "practices", "assessed 2024-12-15"))),
    ),
    Fault(
        "unknown_item", "TL10", "an assessment of S1 names an item that the edition does not have", "S1 一项评估的检查项代码不在指标版本中",
        _unknown_item, found(each_month(Found("S1", JANUARY, "TL10", "flag", "practices", "A3.fires"))),
    ),
)  # fmt: skip
