"""Tables of what a month emitted, used and cost, and what was approved: declared like the staged tables, in layers above them.

The names are those of the lake (``indicators/energy_cost``). What the values mean is in the modules that make them.
"""

from __future__ import annotations

from checks.contracts.base import Contract
from checks.contracts.computed import ENTRY, FLAG, INTEGER, MONTH, NUMBER, SITE, SOURCE_ROW, TEXT, computed_table

# What the figures of a site-month are made of (assets/indicators/carbon.py, ghg.py, cost.py). That a rule withholds one is a verdict.
_ENERGIES = "staging/energies.measure,sign,quantity,known_s,metered_s,expected_s,estimated"
_CLAIMS = "staging/claims.route,source,project_code,production_month,seq_start,seq_end,quantity_wh,carbon_free,status"
_ACTIVITIES = "activities.month,activity,quantity,unit,density_kg_per_l"
_GRID = "sites.geography,storage meters.medium,point,project_code,valid_from,valid_to"
_NONE = "declarations.subject,valid_from,valid_to"
_EMITTED = f"{_ENERGIES} {_CLAIMS} {_ACTIVITIES} {_GRID} {_NONE} factors"
_PRICES = "tariffs.valid_from,price_per_kwh,currency,period,hours,months,demand_charge_per_kw"
_SOLD = (
    "ppa_contracts.kind,start_on,end_on ppa_site_shares.share_ratio,valid_from,valid_to "
    "ppa_settlements.month,version,contract_mwh,ongrid_mwh,mechanism_mwh,user_mwh,settled_mwh,price_per_kwh,premium_per_kwh,currency"
)
_BILLS = "bills.period_start,period_end,quantity,unit,amount,currency"
_PAID = f"{_PRICES} {_SOLD} {_BILLS} {_ENERGIES} staging/interval_energy.hour_s,quantity,known_s,estimated meters.medium sites.timezone"
_COMPARED = "indicators/pue.value indicators/wue.value indicators/energy_total.carrier,tce,status"

_REASON = (
    ("reason_en?", TEXT, "", "Why it is not known, or what must be said with it, in English", "未知原因或须说明之处(英文)"),
    ("reason_zh?", TEXT, "", "The same in Chinese", "未知原因或须说明之处(中文)"),
)
_CONTRACTS = (
    computed_table(
        "indicators/ghg_inventory", "Greenhouse gas inventory: one row for each source", "温室气体清单:每个排放源一行",
        "site_id month scope line",
        SITE, MONTH,
        ("scope", TEXT, "", "1, 2_location, 2_market, 2_fossil (sensitivity, never added), 3 (never in CUE)",
         "范围:1、2_location(基于位置)、2_market(基于市场)、2_fossil(敏感性,不合计)、3(不计入 CUE)"),
        ("line", INTEGER, "", "Number of the row within the scope", "范围内行号"),
        ("category", TEXT, "", "fuel_combustion, refrigerant, purchased_electricity, claimed_electricity, scope3_<category>", "类别"),
        ("source", TEXT, "", "meter, activity, claims", "数据来源:表计、活动数据、绿电主张"),
        ("subject", TEXT, "", "Meter, fuel, refrigerant, range of certificates", "排放源:表计、燃料、制冷剂、绿证号段"),
        ("quantity?", NUMBER, "", "Quantity in the factor's unit", "活动水平(按因子单位)"),
        ("unit?", TEXT, "", "Its unit", "单位"),
        ("stated_quantity?", NUMBER, "", "Quantity as reported", "填报数量"),
        ("stated_unit?", TEXT, "", "Unit as reported", "填报单位"),
        ("density_kg_per_l?", NUMBER, "kg/L", "Density used", "所用密度"),
        ("factor?", NUMBER, "", "Emission factor", "排放因子"),
        ("factor_unit?", TEXT, "", "Its unit", "因子单位"),
        ("vintage?", TEXT, "", "Data year or set of the factor; of claims the month of generation", "因子数据年或因子集;绿证为生产月份"),
        ("published_on?", TEXT, "", "Day of publication; of fuels and GWP the first day of use", "公布日期;燃料与 GWP 为启用日期"),
        ("published_late?", FLAG, "", "Published after the month's cut-off (TL09)", "截止日之后公布(TL09)"),
        ("document?", TEXT, "", "Document that states the factor", "因子出处"),
        ("gwp_set?", TEXT, "", "GWP set of a refrigerant", "GWP 集"),
        ("emissions_kg?", NUMBER, "kg CO2e", "Quantity × factor", "排放量"),
        ("status", TEXT, "", "counted, not_reported, unknown, withheld", "状态:计入、未报送、未知、暂缓发布"),
        *_REASON,
        ("evidence?", TEXT, "", "File name of its document", "佐证文件名"),
        ("entry?", *ENTRY[1:]), ("source_row?", *SOURCE_ROW[1:]),
        made_from={
            "site_id": "sites.site_id",
            "scope line category source subject": _EMITTED,
            "quantity unit emissions_kg status reason_en reason_zh": _EMITTED,
            "stated_quantity stated_unit": _ACTIVITIES,
            "density_kg_per_l": _ACTIVITIES,
            "evidence": f"{_ACTIVITIES} activities.evidence staging/claims.evidence,status",
            "factor factor_unit vintage published_on published_late document gwp_set": _EMITTED,
            "entry source_row": "activities.entry,source_row meters.entry,source_row staging/claims.entry,source_row",
        },
    ),
    computed_table(
        "indicators/energy_total", "Energy of all carriers as standard coal, by calorific value", "综合能耗(当量值,折标准煤)",
        "site_id month carrier",
        SITE, MONTH,
        ("carrier", TEXT, "", "electricity, diesel, natural_gas, purchased_heat …; total", "能源品种;total 为合计"),
        ("quantity?", NUMBER, "", "Quantity in the factor's unit", "消耗量(按系数单位)"),
        ("unit?", TEXT, "", "Its unit", "单位"),
        ("factor?", NUMBER, "", "Coal equivalent", "折标准煤系数"),
        ("factor_unit?", TEXT, "", "Its unit", "系数单位"),
        ("document?", TEXT, "", "Where the factor stands", "系数出处"),
        ("tce?", NUMBER, "tce", "Tonnes of standard coal; of an incomplete total what is counted", "吨标准煤;合计不完整时为已计入部分"),
        ("status", TEXT, "", "counted, left_out, incomplete, unknown, withheld", "状态:计入、未计入、不完整、未知、暂缓发布"),
        *_REASON,
        made_from={
            "site_id": "sites.site_id",
            "carrier factor factor_unit document": f"{_ACTIVITIES} {_ENERGIES} factors",
            "quantity unit tce status reason_en reason_zh": f"{_ACTIVITIES} {_ENERGIES} {_NONE} sites.geography,storage factors",
        },
    ),
    computed_table(
        "indicators/energy_cost", "Cost of electricity at its stated prices, beside the bills", "电费:按已填价格计算,并列账单",
        "site_id month line",
        SITE, MONTH,
        ("line", INTEGER, "", "Number of the line", "行号"),
        ("kind", TEXT, "", "grid_energy, demand, grid (their sum), direct_line, onsite, premium, total, bill",
         "类别:电网电量、需量、电网小计、直连、现场、溢价、合计、账单"),
        ("item", TEXT, "", "Period, supply meter, contract, or bill", "时段、进线表计、合同或账单"),
        ("from_day", TEXT, "", "First day", "起始日"),
        ("to_day", TEXT, "", "Last day", "截止日(含)"),
        ("quantity?", INTEGER, "Wh, W", "Energy, or demand", "电量或需量"),
        ("unit", TEXT, "", "Wh or W", "单位"),
        ("price?", NUMBER, "", "Price of a kWh, or of a kW and month, as stated", "单价(每千瓦时,或每千瓦每月)"),
        ("amount_e4?", INTEGER, "1/10,000", "Amount in 1/10,000 of the currency; of a bill what it states",
         "金额(币种的万分之一);账单为其所载金额"),
        ("computed_e4?", INTEGER, "1/10,000", "Of a bill: what the tariff makes of its meter over its period",
         "账单:按电价计算的同账期金额"),
        ("currency?", TEXT, "", "Currency", "币种"),
        ("status", TEXT, "", "known, estimated, unknown, not_stated", "状态:已知、估算、未知、未填"),
        *_REASON,
        ("entry?", *ENTRY[1:]), ("source_row?", *SOURCE_ROW[1:]),
        made_from={
            "site_id": "sites.site_id",
            "line kind item unit": _PAID,
            "from_day to_day": "tariffs.valid_from bills.period_start,period_end",
            "quantity price amount_e4 computed_e4 currency status reason_en reason_zh": _PAID,
            "entry source_row": "tariffs.entry,source_row bills.entry,source_row ppa_settlements.entry,source_row",
        },
    ),
    computed_table(
        "index/approved", "PUE, WUE and energy against the energy conservation review", "PUE、WUE、能耗与节能审查批复值对照",
        "site_id month window subject",
        SITE, MONTH,
        ("window", TEXT, "", "month, ttm (twelve months)", "窗口:当月、滚动十二个月"),
        ("subject", TEXT, "", "PUE, WUE, energy", "对照项"),
        ("actual?", NUMBER, "", "Actual value", "实际值"),
        ("approved?", NUMBER, "", "Approved value", "批复值"),
        ("difference?", NUMBER, "", "Actual less approved; null: not compared", "实际减批复;空为未比较"),
        ("unit", TEXT, "", "Unit of the three", "单位"),
        ("status", TEXT, "", "within, above, no_approved_value, not_compared", "状态:不超、超出、无批复值、未比较"),
        ("months", INTEGER, "", "Months with a value", "有值的月数"),
        *_REASON,
        made_from={
            "site_id": "sites.site_id",
            "window subject unit": "",
            "actual status months reason_en reason_zh": f"{_COMPARED} sites.approved_pue,approved_wue,approved_energy_tce",
            "approved": "sites.approved_pue,approved_wue,approved_energy_tce",
            "difference": f"{_COMPARED} sites.approved_pue,approved_wue,approved_energy_tce",
        },
    ),
)  # fmt: skip

ACCOUNTS: dict[str, Contract] = {contract.name: contract for contract in _CONTRACTS}
