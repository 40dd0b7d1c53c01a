"""Feeds about metering: meters, virtual meters, readings, events, bills.

What was measured, by what, where. What follows from readings (energy by hour) is a staged table: ``staged.py``.
"""

from __future__ import annotations

from checks.contracts.base import FIRST_MONTH, Contract, choice, date, instant, integer, number, table, text
from checks.contracts.vocabulary import MEDIA, POINTS, PROJECT_CODE_PATTERN, UNITS

_METER_ID = "电表编号 表号 计量点编号 表计编号 仪表编号"

METERS = table(
    "meters", "Register of meters", "计量表计台账", key="meter_id valid_from",
    columns=[
        text("meter_id", "Identifier of the meter, unique in the fleet", "表计编号,机群内唯一", _METER_ID, required=True),
        text("site_id", "Site that the meter belongs to", "所属数据中心编号", "站点编号 数据中心编号 机房编号 园区编号 所属站点",
             required=True),
        choice("medium", "What flows through it", "计量介质", MEDIA, "介质 能源种类 能源类型", required=True),
        choice("point", "Where it measures", "计量点位", POINTS, "计量点 计量位置 测点 点位", required=True),
        text("parent_meter_id", "Meter upstream of it", "上级表计编号", "上级表号 上级电表 父表编号"),
        choice("kind", "What its readings are: register, energy of an interval, power; power by software; none of a virtual meter",
               "读数类型:止码、区间电量、功率;software 为软件估算功率;virtual 为无读数的虚拟表",
               {"register": "止码 累计 表底", "interval": "区间 区间电量 时段电量", "power": "功率", "software": "软件 软件估算",
                "virtual": "虚拟 虚拟表"},
               "读数类型 数据类型 表类型", required=True),
        text("unit", "Unit of its readings", "读数单位", "单位 计量单位", required=True, known=UNITS),
        number("multiplier", "Factor of transformers; blank is taken as 1", "倍率(互感器变比),空白按 1 计", "倍率 综合倍率 变比", min=0,
               default="1"),
        integer("register_digits", "Integer digits that the register shows", "表盘整数位数", "表盘位数 整数位数 位数", min=1, max=18),
        integer("interval_minutes", "Length of an interval", "区间长度", "采集周期 区间长度 采集间隔", unit="min", min=1),
        choice("interval_label", "Whether an interval is labelled by its start or its end", "区间以起点还是终点标注",
               {"start": "起 起点 开始", "end": "止 终点 结束"}, "时标 时标位置 区间时标"),
        number("capacity", "Most it can measure: kW, or the unit per hour", "量程:千瓦或每小时计量单位", "容量 额定容量 量程", min=0),
        number("density_kg_per_l", "Density of a fuel that is metered by mass; there is no default", "以质量计量的燃料密度,无缺省值",
               "密度", unit="kg/L", min=0),
        text("no_value_codes", "Numbers that the device shows when it has no value, separated by spaces; 0 is a reading",
             "设备无数值时的示数代码,以空格分隔;0 为有效读数", "无效值代码 厂家代码", pattern=r"-?\d+(\.\d+)?( +-?\d+(\.\d+)?)*$"),
        choice("accuracy_class", "Accuracy class of the meter", "准确度等级",
               {"0.2S": "0.2S级", "0.2": "0.2级", "0.5S": "0.5S级", "0.5": "0.5级", "1": "1.0 1级 1.0级", "2": "2.0 2级 2.0级",
                "A": "A级", "B": "B级", "C": "C级", "D": "D级"}, "准确度等级 精度等级 精度"),
        text("transformer_class", "Accuracy class of its transformers", "互感器准确度等级", "互感器等级 互感器精度"),
        date("calibrated_until", "Last day of the calibration's validity", "检定有效期至", "检定有效期 校准有效期"),
        text("check_meter_of", "Meter that it checks; a check meter is never counted", "所核对的主表编号(副表不计入)",
             "主表编号 被核对表号"),
        text("project_code", "Project of a generation meter: 17 characters", "发电表所属项目建档立卡代码(17 位)",
             "项目代码 项目编码 建档立卡代码", pattern=PROJECT_CODE_PATTERN),
        date("valid_from", "First day on which the row holds", "生效日期", "生效日期 起始日期 启用日期", required=True,
             default=FIRST_MONTH),
        date("valid_to", "Last day on which the row holds", "失效日期(含当日)", "失效日期 截止日期 停用日期", not_before="valid_from"),
    ],
)  # fmt: skip

METER_PARTS = table(
    "meter_parts", "Members of virtual and shared meters", "虚拟表与共用表的组成", key="meter_id member valid_from",
    columns=[
        text("meter_id", "The virtual or shared meter", "虚拟表或共用表编号", _METER_ID + " 虚拟表编号", required=True),
        text("member", "A meter, or a site for a shared meter", "组成表计编号,共用表则为数据中心编号", "成员 组成表号 成员编号",
             required=True),
        number("factor", "+1 or -1, or the site's share", "正一、负一,或站点分摊比例", "系数 分摊比例 比例", required=True, unit="1",
               min=-1, max=1),
        date("valid_from", "First day on which the row holds", "生效日期", "生效日期 起始日期", required=True, default=FIRST_MONTH),
        date("valid_to", "Last day on which the row holds", "失效日期(含当日)", "失效日期 截止日期", not_before="valid_from"),
    ],
)  # fmt: skip

METER_READINGS = table(
    "meter_readings", "Readings of meters", "表计读数", key="meter_id read_at", time_column="read_at",
    columns=[
        text("meter_id", "Meter that was read", "表计编号", _METER_ID, required=True),
        instant("read_at", "When it was read; 24:00 is the end of the day", "抄表时间;24:00 为当日终了",
                "抄表时间 采集时间 时间 数据时间 读数时间", required=True),
        number("value", "What it showed, in the meter's unit before the multiplier; blank: no reading",
               "读数(表计单位,未乘倍率);空白为无读数",
               "止码 表底 示数 读数 表码 数值", required=True),
        choice("quality", "Actual, estimated, substituted or manual; blank is actual", "读数性质:实测、估算、替代、人工;空白为实测",
               {"A": "实测 实际 正常", "E": "估算 估读", "S": "替代 补录", "M": "人工 手工 手抄"}, "质量 质量标识 数据质量 读数性质"),
    ],
)  # fmt: skip

METER_EVENTS = table(
    "meter_events", "Events of meters", "表计事件", key="meter_id at",
    columns=[
        text("meter_id", "Meter concerned", "表计编号", _METER_ID, required=True),
        instant("at", "When it happened", "发生时间", "时间 事件时间 发生时间", required=True),
        choice("kind", "What happened", "事件类型", {
            "replacement": "换表 更换", "reset": "清零 归零 复位", "multiplier_change": "倍率变更 改倍率", "calibration": "检定 校准",
            "outage": "停电 停运 中断", "boundary_change": "边界变更",
        }, "事件 事件类型 类型", required=True),
        number("old_value", "Register at the event, before it", "旧表底(事件前读数)", "旧表底 旧止码 原示数 拆表示数", min=0),
        number("new_value", "Register at the event, after it", "新表底(事件后读数)", "新表底 新止码 新示数 装表示数", min=0),
        text("note", "Remark", "备注", "备注 说明"),
    ],
)  # fmt: skip

BILLS = table(
    "bills", "Bills of suppliers", "供应商账单", key="meter_id period_start",
    columns=[
        text("site_id", "Site that is billed", "数据中心编号", "站点编号 数据中心编号 机房编号 园区编号", required=True),
        text("meter_id", "Meter that is billed", "表计编号", _METER_ID, required=True),
        date("period_start", "First day of the period", "账期起始日", "账期起始 起始日期 开始日期", required=True),
        date("period_end", "Last day of the period", "账期截止日(含当日)", "账期截止 截止日期 结束日期", required=True,
             not_before="period_start"),
        number("quantity", "Billed quantity, in the unit", "账单用量", "用量 电量 结算电量 数量", required=True, min=0),
        text("unit", "Unit of the quantity", "用量单位", "单位", required=True, known=UNITS),
        number("amount", "Amount of money, in the currency", "金额", "金额 费用"),
        text("currency", "Currency, e.g. CNY", "币种,例如 CNY", "币种 货币", known={"CNY": "人民币 元 RMB"}),
        text("statement_no", "Number of the statement", "账单编号", "账单编号 单据号"),
        text("evidence", "File name of the document in landing/evidence", "佐证文件名(landing/evidence 内)", "佐证 佐证文件 证明文件"),
    ],
)  # fmt: skip

CONTRACTS: tuple[Contract, ...] = (METERS, METER_PARTS, METER_READINGS, METER_EVENTS, BILLS)
