"""Planted faults of content (内容): rows and readings that can't be, meters that stand still, equipment and documents.

One function for each change, one entry for each fault; README.md says how. Those of certificates are in ``faults_claims``.
"""

from __future__ import annotations

from tests.pipeline.planted.fault import JANUARY, Fault, Found, each_month, found, interim
from tests.pipeline.planted.tables import Row, Tables, hour_of

_AT = "2026-01-12 05:00"
_END_OF_JANUARY = "2026-01-31"


def _reading(tables: Tables, meter: str) -> Row:
    """The reading of a meter on 12 January at 05:00."""
    return next(row for row in tables.readings(meter) if row["read_at"] == _AT)


def _impossible_level(tables: Tables) -> None:
    tables.one("practices", site_id="S1", item_code="A3.fire")["level"] = 1.5


def _text_reading(tables: Tables) -> None:
    _reading(tables, "S1-C")["value"] = "n/a??"


def _wrong_unit(tables: Tables) -> None:
    tables.set("meters", {"meter_id": "S2-C"}, unit="m3")


def _two_levels(tables: Tables) -> None:
    tables.add("practices", {**tables.one("practices", site_id="S1", item_code="A3.fire"), "level": 0.5})


def _two_values(tables: Tables) -> None:
    tables.readings("S1-C").append({**_reading(tables, "S1-C"), "value": "999.99"})


def _dropout(tables: Tables) -> None:
    _reading(tables, "S1-G")["value"] = "0.00"


def _spike(tables: Tables) -> None:
    _reading(tables, "S2-I2")["value"] = "5000.00"


def _stuck(tables: Tables) -> None:
    first = hour_of(_AT)
    tables.flows["S2-I2"][first : first + 30] = [5500] * 30


def _dead(tables: Tables) -> None:
    first = hour_of(_AT)
    tables.flows["S1-P2"][first : first + 4] = [0] * 4


def _reset_unsaid(tables: Tables) -> None:
    rows = [row for row in tables.readings("S2-I1") if row["read_at"] >= _AT]
    first = float(rows[0]["value"])
    for row in rows:
        row["value"] = f"{float(row['value']) - first:.2f}"


def _no_document(tables: Tables) -> None:
    del tables.documents["S1-assessment.txt"]


def _unknown_refrigerant(tables: Tables) -> None:
    tables.set("activities", {"site_id": "S1", "month": JANUARY, "activity": "R-134a"}, activity="R-999", quantity=2)


def _power_unknown(tables: Tables) -> None:
    tables.set("devices", {"device_id": "S1-D03", "snapshot_on": _END_OF_JANUARY}, rated_w=None)


def _power_summed(tables: Tables) -> None:
    tables.set("devices", {"device_id": "S1-D03", "snapshot_on": _END_OF_JANUARY}, rated_w=19800)


def _idle(tables: Tables) -> None:
    tables.rows["utilisation"] = [row for row in tables.rows["utilisation"] if row["site_id"] != "S1" or row["at"] < "2026-01-20"]


FAULTS: tuple[Fault, ...] = (
    Fault(
        "impossible_level", "CT01",
        "one of the seven assessments of S1 states a level of 1.5: a seventh of the rows breaks the contract, practices are withheld",
        "S1 的七项评估中有一项得分为 1.5:七分之一的行不符合数据约定,practices 暂缓发布",
        _impossible_level,
        found(each_month(Found("S1", JANUARY, "CT01", "withhold", "practices", "practices"))),
    ),
    Fault(
        "text_reading", "CT01", "one reading of a cooling meter of S1 is text: it is left out, and its row is named",
        "S1 一块制冷表的一条读数为文字:不采用并指明所在行",
        _text_reading, found(Found("S1", JANUARY, "CT01", "flag", "", "meter_readings")),
    ),
    Fault(
        "wrong_unit", "CT02", "a cooling meter of S2 is registered in cubic metres: none of its readings can be counted",
        "S2 一块制冷表的单位登记为立方米:其读数均无法计量",
        _wrong_unit,
        found(
            each_month(Found("S2", JANUARY, "CT02", "flag", "", "S2-C")),
            each_month(Found("S2", JANUARY, "TL01", "flag", "", "S2-C", True)),
        ),
    ),
    Fault(
        "two_levels", "CT03", "the file of practices states one assessment of S1 twice with different levels: the last row is taken",
        "practices 文件对 S1 的同一评估给出两个得分:取最后一行",
        _two_levels, found(each_month(Found("S1", JANUARY, "CT03", "flag", "practices", "practices"))),
    ),
    Fault(
        "two_values", "CT03", "a cooling meter of S1 shows two values at one instant in one file: both are rejected",
        "S1 一块制冷表同一文件内同一时刻有两个示数:均拒绝",
        _two_values, found(Found("S1", JANUARY, "CT03", "flag", "", "S1-C")),
    ),
    Fault(
        "dropout", "CT04", "one poll of the supply of S1 reads 0 between two good readings", "S1 进线表一次采集读到 0,前后读数正常",
        _dropout, found(Found("S1", JANUARY, "CT04", "info", "E_DC", "S1-G")),
    ),
    Fault(
        "spike", "CT05", "one hour of an IT meter of S2 shows 5,000 kWh on a line for 400 kW: it becomes a gap",
        "S2 一块 IT 表某小时为 5,000 kWh,而线路容量为 400 kW:按缺口处理",
        _spike, found(Found("S2", JANUARY, "CT05", "flag", "E_IT", "S2-I2")),
    ),
    Fault(
        "stuck_logger", "CT06", "an IT meter of S2 repeats 55.00 kWh for thirty hours", "S2 一块 IT 表连续三十小时均为 55.00 kWh",
        _stuck, found(Found("S2", JANUARY, "CT06", "flag", "E_IT", "S2-I2")),
    ),
    Fault(
        "dead_meter", "CT07", "a PDU meter of S1 reads nothing for four hours, though it never did before",
        "S1 一块 PDU 表此前从未为零,却连续四小时为零",
        _dead, found(Found("S1", JANUARY, "CT07", "flag", "E_IT", "S1-P2")),
    ),
    Fault(
        "reset_unsaid", "CT08", "the register of an IT meter of S2 starts again at 0 without an event: E_IT is withheld",
        "S2 一块 IT 表的示数未报事件即从 0 重新开始:E_IT 暂缓发布",
        _reset_unsaid, found(Found("S2", JANUARY, "CT08", "withhold", "E_IT", "S2-I1"), interim("S2", JANUARY)),
    ),
    Fault(
        "no_document", "CT15", "the report on the practices of S1 was never handed in: none of them scores",
        "S1 管理实践的评估报告从未提交:各项均不计分",
        _no_document, found(each_month(Found("S1", JANUARY, "CT15", "flag", "practices", "S1-assessment.txt"))),
    ),
    Fault(
        "unknown_refrigerant", "CT16", "S1 tops up a refrigerant of which no GWP is known: factors are withheld",
        "S1 补充了一种没有 GWP 的制冷剂:factors 暂缓发布",
        _unknown_refrigerant, found(Found("S1", JANUARY, "CT16", "withhold", "factors", "gwp R-999"), interim("S1", JANUARY)),
    ),
    Fault(
        "power_unknown", "CT17", "the rated power of one of ten devices of S1 is not known: inventory is withheld",
        "S1 十台设备中有一台额定功率未知:inventory 暂缓发布",
        _power_unknown, found(Found("S1", JANUARY, "CT17", "withhold", "inventory", "rated power"), interim("S1", JANUARY)),
    ),
    Fault(
        "power_summed", "CT17", "a device of S1 states the sum of its six redundant power supplies as its rated power",
        "S1 一台设备将六个冗余电源的功率之和填为额定功率",
        _power_summed, found(Found("S1", JANUARY, "CT17", "flag", "inventory", "summed power supplies")),
    ),
    Fault(
        "use_half_known", "CT17", "S1 reports how busy its processors were up to 19 January only: utilisation is withheld",
        "S1 仅报送了至 1 月 19 日的利用率:utilisation 暂缓发布",
        _idle, found(Found("S1", JANUARY, "CT17", "withhold", "utilisation", "utilisation"), interim("S1", JANUARY)),
    ),
)  # fmt: skip
