"""Values that several feeds share, with the spellings people use: units, media, points, energy types, places.

Each is a mapping from the value we keep to its other spellings, separated by spaces. Values that one feed alone uses stand in its contract.
"""

from __future__ import annotations

UNITS = {
    "kWh": "千瓦时 度",
    "MWh": "兆瓦时",
    "Wh": "瓦时",
    "万kWh": "万千瓦时 万度",
    "GJ": "吉焦",
    "W": "瓦",
    "kW": "千瓦",
    "MW": "兆瓦",
    "m3": "立方米 方",
    "t": "吨",
    "kg": "千克 公斤",
    "L": "升",
    "Nm3": "标准立方米 标立方米 标方",
}

MEDIA = {
    "electricity": "电 电力 用电",
    "water": "水 用水",
    "heat": "热 热力 热量",
    "diesel": "柴油",
    "natural_gas": "天然气 燃气",
}

# Units that a meter's readings can be counted in (metering.md §1); a tonne of fuel would need its density. Power: in W, kW or MW.
_ENERGY_UNITS = ("Wh", "kWh", "MWh", "万kWh", "GJ")
METER_UNITS = {
    "electricity": _ENERGY_UNITS,
    "heat": _ENERGY_UNITS,
    "water": ("L", "m3", "t"),
    "diesel": ("L",),
    "natural_gas": ("Nm3",),
}
METER_POWER_UNITS = {"electricity": ("W", "kW", "MW"), "heat": ("W", "kW", "MW")}

# Where a meter measures (interfaces.md §2), by what flows there.
_FUEL_POINTS = {"fuel_use": "燃料 燃料消耗"}
POINTS_OF_MEDIUM: dict[str, dict[str, str]] = {
    "electricity": {
        "grid_supply": "总进线 市电进线 市电 电网进线",
        "direct_line": "绿电直连 直连 专线",
        "onsite_generation": "自发电 光伏发电 现场发电 分布式发电",
        "backup_generation": "柴油发电 备用发电 柴发",
        "export": "上网 余电上网 返送电",
        "storage_charge": "储能充电",
        "storage_discharge": "储能放电",
        "ups_output": "UPS输出",
        "pdu_output": "PDU输出 列头柜输出 列头柜",
        "it_input": "IT输入 IT设备输入 机柜输入",
        "cooling": "制冷 空调 冷却",
        "distribution": "配电 供配电",
        "lighting": "照明",
        "auxiliary": "辅助 其他动力",
        "excluded": "不计入 除外 剔除",
        "offsite_generation": "场外发电 厂外发电",
    },
    "water": {
        "water_supply": "自来水 市政供水 取水",
        "reclaimed_supply": "再生水 中水",
        "water_discharge": "排水",
    },
    "heat": {
        "heat_reuse": "余热利用 余热回收",
        "heat_supply": "外购热 供热",
    },
    "diesel": _FUEL_POINTS,
    "natural_gas": _FUEL_POINTS,
}
POINTS = {point: words for points in POINTS_OF_MEDIUM.values() for point, words in points.items()}

ENERGY_TYPES = {
    "wind": "风电 风能",
    "solar": "光伏 太阳能",
    "hydro": "水电 水能",
    "biomass": "生物质 生物质能",
    "geothermal": "地热 地热能",
    "ocean": "海洋能",
}

# ISO 3166-2 codes of China by the short names in use.
GEOGRAPHIES = {
    "CN-BJ": "北京 北京市",
    "CN-TJ": "天津 天津市",
    "CN-HE": "河北 河北省",
    "CN-SX": "山西 山西省",
    "CN-NM": "内蒙古 内蒙古自治区",
    "CN-LN": "辽宁 辽宁省",
    "CN-JL": "吉林 吉林省",
    "CN-HL": "黑龙江 黑龙江省",
    "CN-SH": "上海 上海市",
    "CN-JS": "江苏 江苏省",
    "CN-ZJ": "浙江 浙江省",
    "CN-AH": "安徽 安徽省",
    "CN-FJ": "福建 福建省",
    "CN-JX": "江西 江西省",
    "CN-SD": "山东 山东省",
    "CN-HA": "河南 河南省",
    "CN-HB": "湖北 湖北省",
    "CN-HN": "湖南 湖南省",
    "CN-GD": "广东 广东省",
    "CN-GX": "广西 广西壮族自治区",
    "CN-HI": "海南 海南省",
    "CN-CQ": "重庆 重庆市",
    "CN-SC": "四川 四川省",
    "CN-GZ": "贵州 贵州省",
    "CN-YN": "云南 云南省",
    "CN-XZ": "西藏 西藏自治区",
    "CN-SN": "陕西 陕西省",
    "CN-GS": "甘肃 甘肃省",
    "CN-QH": "青海 青海省",
    "CN-NX": "宁夏 宁夏回族自治区",
    "CN-XJ": "新疆 新疆维吾尔自治区",
    "CN-HK": "香港",
    "CN-MO": "澳门",
    "CN-TW": "台湾",
}
GEOGRAPHY_PATTERN = r"^[A-Z]{2}-[A-Z0-9]{1,3}$"

# 17 characters of a project's filing code in the certificate register (国能发新能规〔2024〕67号).
PROJECT_CODE_PATTERN = r"^\S{17}$"
