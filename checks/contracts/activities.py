"""Feeds of what happened in a site that no meter of ours counts: activities by month, telemetry."""

from __future__ import annotations

from checks.contracts.base import Contract, instant, month, number, table, text
from checks.contracts.vocabulary import UNITS

_SITE = ("Identifier of the site", "数据中心编号", "站点编号 数据中心编号 机房编号 园区编号")

ACTIVITIES = table(
    "activities", "Activities by month: fuels, refrigerants, heat, recovery, scope 3", "月度活动数据:燃料、制冷剂、热力、回收、范围三",
    key="site_id month activity", time_column="month",
    columns=[
        text("site_id", *_SITE, required=True),
        month("month", "Month", "月份", "月份 年月 统计月份", required=True),
        text("activity", "Activity: a fuel, a refrigerant's name, heat, water or equipment recovered, a scope 3 category",
             "活动:燃料、制冷剂名称、热力、水与设备回收、范围三类别", "活动 活动类型 项目 名称", required=True, known={
                 "diesel": "柴油", "natural_gas": "天然气 燃气", "purchased_heat": "外购热 外购热力 外购蒸汽",
                 "reclaimed_water": "再生水 中水",
                 "heat_reused": "余热回收 余热利用", "equipment_retired": "退役设备 设备退役",
                 "equipment_reused": "设备再利用 再利用设备"}),
        number("quantity", "Quantity, in the unit; 0 is a statement", "数量;0 表示声明为零", "数量 用量 消耗量", required=True, min=0),
        text("unit", "Unit of the quantity", "单位", "单位", required=True, known=UNITS),
        number("density_kg_per_l", "Density of a fuel given in litres or tonnes", "燃料密度", "密度", unit="kg/L", min=0),
        text("evidence", "File name of the document in landing/evidence", "佐证文件名(landing/evidence 内)", "佐证 佐证文件 证明文件"),
    ],
)  # fmt: skip

TELEMETRY = table(
    "telemetry", "Measured conditions", "环境监测数据", key="site_id at variable", time_column="at",
    columns=[
        text("site_id", *_SITE, required=True),
        instant("at", "When it was measured", "采集时间", "时间 采集时间", required=True),
        text("variable", "What was measured, e.g. outdoor_temperature", "变量,例如 outdoor_temperature", "变量 测点 指标", required=True,
             known={
            "outdoor_temperature": "室外温度", "outdoor_humidity": "室外湿度", "supply_air_temperature": "送风温度",
            "pue": "电能利用效率", "wue": "水利用效率",
            "grid_carbon_free_share": "电网零碳电量占比 电网非化石电量占比"}),
        # a PUE below 1 or a WUE below 0 can not be (ISO/IEC 30134-2, 30134-9); what a monitoring system shows is not computed again
        number("value", "Value, in the unit", "数值", "数值 值", required=True,
               bounds_by=("variable", {"pue": (1, None), "wue": (0, None), "outdoor_humidity": (0, 100),
                                        "grid_carbon_free_share": (0, 1)})),
        text("unit", "Unit of the value", "单位", "单位", required=True),
    ],
)  # fmt: skip

CONTRACTS: tuple[Contract, ...] = (ACTIVITIES, TELEMETRY)
