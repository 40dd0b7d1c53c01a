"""Feeds about a site as a whole: sites, declarations, practices, tariffs.

What a site is, what it states not to have, what its assessors found, what it pays. Quantities by month are in ``activities.py``.
"""

from __future__ import annotations

from checks.contracts.base import FIRST_MONTH, Contract, choice, date, integer, number, table, text, zone_name
from checks.contracts.vocabulary import GEOGRAPHIES, GEOGRAPHY_PATTERN

SITES = table(
    "sites", "Data centres and what is approved for them", "数据中心及其批复指标", key="site_id valid_from",
    columns=[
        text("site_id", "Identifier of the site", "数据中心编号", "站点编号 数据中心编号 机房编号 园区编号", required=True),
        text("name", "Name", "名称(英文或通用名)", "站点名称 数据中心名称 机房名称 名称", required=True),
        text("name_zh", "Name in Chinese", "中文名称", "中文名称 站点中文名"),
        text("cluster_id", "Cluster that the site belongs to", "所属集群", "集群编号 集群 所属集群"),
        text("geography", "ISO 3166-2 code of the province or state, e.g. CN-HE", "所在省份(ISO 3166-2,例如 CN-HE)",
             "省份 所在省份 所在地 地区", required=True, known=GEOGRAPHIES, pattern=GEOGRAPHY_PATTERN),
        zone_name("timezone", "IANA time zone; blank: that of the home", "时区(IANA 名称);空白时取本仓设置", "时区"),
        choice("dc_type", "Kind of data centre", "数据中心类型", {"general": "通用 通用型", "ai": "智算 智算型", "hpc": "超算 超算型"},
               "类型 数据中心类型"),
        choice("stage", "Stage of the life cycle", "所处阶段",
               {"planning": "规划 规划阶段", "construction": "建设 在建 建设阶段", "operation": "运营 在运 运行 运营阶段",
               "retired": "退役 已退役"}, "阶段 所处阶段"),
        date("commissioned_on", "Day of commissioning", "投产日期", "投产日期 投运日期"),
        number("design_power_kw", "Design power of the site", "设计总功率", "设计功率 设计总功率", unit="kW", min=0),
        integer("design_racks", "Racks in the design", "设计机架数", "设计机架数 设计机柜数", min=0),
        integer("supply_points", "Incoming electricity supplies that have a meter", "市电进线路数(各有计量)",
                "进线数 市电进线数 电源进线数", min=0, default="1"),
        integer("backup_generators", "Backup generators", "备用发电机台数", "备用发电机数 柴发台数", min=0),
        integer("onsite_sources", "On-site generating sources", "现场发电电源数", "现场电源数 自发电电源数", min=0),
        integer("water_supply_points", "Incoming water supplies", "进水路数", "进水数 供水路数", min=0),
        choice("storage", "Electricity storage: none, inside or outside the boundary", "储能:无、边界内、边界外",
               {"none": "无 没有", "inside": "边界内 内", "outside": "边界外 外"}, "储能 储能位置"),
        integer("pue_category", "PUE category: IT energy measured at UPS output (1), PDU output (2), IT input (3)",
                "PUE 类别:在 UPS 输出(1)、PDU 输出(2)、IT 输入(3)处计量 IT 用电", "PUE类别", allowed=("1", "2", "3"), known={"1": "PUE1",
                "2": "PUE2", "3": "PUE3"}),
        integer("wue_category", "WUE category", "WUE 类别", "WUE类别", allowed=("1", "2"), known={"1": "WUE1", "2": "WUE2"}),
        text("hub", "National hub or cluster that the site lies in", "所在国家枢纽节点或集群", "枢纽 枢纽节点 国家枢纽"),
        number("approved_pue", "PUE of the energy conservation review", "节能审查批复 PUE", "批复PUE 节能审查PUE", unit="1", min=1),
        number("approved_wue", "WUE of the energy conservation review", "节能审查批复 WUE", "批复WUE 节能审查WUE", unit="L/kWh", min=0),
        number("approved_energy_tce", "Energy of the energy conservation review, a year", "节能审查批复年能耗", "批复能耗 节能审查能耗",
               unit="tce", min=0),
        date("valid_from", "First day on which the row holds", "生效日期", "生效日期 起始日期", default=FIRST_MONTH),
    ],
)  # fmt: skip

DECLARATIONS = table(
    "declarations", "What a site states not to have: zero with status declared", "站点声明没有的事项(按零计,状态为申报)",
    key="site_id subject valid_from",
    columns=[
        text("site_id", "Identifier of the site", "数据中心编号", "站点编号 数据中心编号 机房编号 园区编号", required=True),
        choice("subject", "What is declared", "声明事项", {
            "water": "用水 水", "fuel": "燃料", "refrigerant": "制冷剂", "green_power": "绿电", "onsite_generation": "自发电 现场发电",
            "backup_generation": "备用发电 柴油发电", "storage": "储能", "export": "上网 余电上网", "shared_load": "共用负荷 共享负荷",
            "heat_reuse": "余热利用", "reclaimed_water": "再生水 中水", "retired_equipment": "退役设备",
        }, "事项 声明事项", required=True),
        choice("statement", "The statement: none", "声明内容:无", {"none": "无 没有"}, "声明 声明内容", required=True),
        date("valid_from", "First day on which it holds", "生效日期", "生效日期 起始日期", required=True, default=FIRST_MONTH),
        date("valid_to", "Last day on which it holds", "失效日期(含当日)", "失效日期 截止日期 终止日期", not_before="valid_from"),
        text("by", "Who declares", "声明人", "声明人 填报人", required=True),
        text("evidence", "File name of the document in landing/evidence", "佐证文件名(landing/evidence 内)", "佐证 佐证文件 证明文件"),
    ],
)  # fmt: skip

PRACTICES = table(
    "practices", "Assessed practices: the edition's checklists", "管理实践评估(指标版本的检查项)", key="site_id item_code assessed_on",
    columns=[
        text("site_id", "Identifier of the site", "数据中心编号", "站点编号 数据中心编号 机房编号 园区编号", required=True),
        text("item_code", "Code of the checklist item, e.g. A3.fire", "检查项代码,例如 A3.fire", "检查项 检查项代码 评估项",
             required=True, pattern=r"^[A-Z][0-9]\.[a-z0-9_]+$"),
        number("level", "How far it is met, 0 to 1", "达成程度,0 到 1", "得分 达成度 水平", required=True, unit="1", min=0, max=1),
        date("assessed_on", "Day of the assessment", "评估日期", "评估日期", required=True),
        text("assessor", "Who assessed", "评估人", "评估人 评估机构"),
        text("evidence", "File name of the document in landing/evidence", "佐证文件名(landing/evidence 内)", "佐证 佐证文件 证明文件"),
    ],
)  # fmt: skip

TARIFFS = table(
    "tariffs", "Price of electricity: one row for all hours, or one for each period", "电价:一行适用全部时段,或每个时段一行",
    key="site_id valid_from period months",
    columns=[
        text("site_id", "Identifier of the site", "数据中心编号", "站点编号 数据中心编号 机房编号 园区编号", required=True),
        date("valid_from", "First day on which it holds", "生效日期", "生效日期 起始日期", required=True, default=FIRST_MONTH),
        number("price_per_kwh", "Price of a kilowatt-hour, in the currency", "每千瓦时价格", "电价 单价", min=0),
        text("currency", "Currency, e.g. CNY", "币种,例如 CNY", "币种 货币", known={"CNY": "人民币 元 RMB"}),
        choice("period", "Period of the day that the row prices; blank: all hours", "分时时段;空白为全部时段", {
            "sharp": "尖峰 尖 尖峰段", "peak": "高峰 峰 峰段 高峰段", "flat": "平 平段 平时段", "valley": "低谷 谷 谷段 低谷段",
            "deep_valley": "深谷 深谷段",
        }, "时段 峰谷时段 分时时段"),
        # hours and months are read where energies are priced: a row that was refused here would leave its hours to another row's price
        text("hours", "Local whole hours of the period, e.g. 08:00-11:00 18:00-23:00; 23-7 runs over midnight; blank: the hours that no "
             "other row names", "时段的当地整点起止,例如 08:00-11:00 18:00-23:00;23-7 跨零点;空白为其余小时", "时间段 起止时间 时段起止"),
        text("months", "Months that the row holds for, e.g. 7-8 12; 11-2 runs over the new year; blank: all",
             "适用月份,例如 7-8 12;11-2 跨年;空白为全年", "月份 适用月份"),
        number("demand_charge_per_kw", "Demand charge of a month for each kW, in the currency", "需量电价(每千瓦每月)",
               "需量电价 基本电价 容需量电价", min=0),
    ],
)  # fmt: skip

CONTRACTS: tuple[Contract, ...] = (SITES, DECLARATIONS, PRACTICES, TARIFFS)
