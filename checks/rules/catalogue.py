"""The catalogue of rules: what is checked, on which table, how badly it can end, and what it can withhold.

Put here one line for each rule and the table it judges, in the order people read them. Evaluators are in the modules beside this one;
importing the catalogue imports neither pandas nor dagster.
"""

from __future__ import annotations

from checks.findings import Rule
from checks.rules import (
    balance,
    billing,
    boundary,
    certificate_books,
    certificates,
    changes,
    claims,
    content,
    contracts,
    edges,
    equipment,
    feeds,
    flows,
    instruments,
    inventory,
    lateness,
    meters,
    method,
    practices,
    sides,
    standstill,
    supply,
    timeliness,
    vintages,
    window,
)

REGISTRY, READINGS, HOURS, ENERGIES, INVENTORY, CLAIMS, BOOKS, INDEX = (
    "raw/registry",
    "raw/meter_readings",
    "staging/interval_energy",
    "staging/energies",
    "staging/inventory",
    "staging/claims",
    "staging/certificate_books",
    "index/site_index",
)
_SIDES = ("E_DC", "E_IT", "water")
_CMDB = ("inventory", "utilisation")
# CT01 and CT03 are asked twice: of every feed where it is landed, and of readings where they are staged.
_FEED_QUANTITIES = tuple(sorted({quantity for quantities in feeds.FEED_QUANTITIES.values() for quantity in quantities}))

RULES: tuple[Rule, ...] = (
    Rule("BD01", HOURS, "info", (), "Readings belong to a registered meter", "读数属于已登记的计量点", boundary.registered),
    Rule("BD02", ENERGIES, "withhold", _SIDES, "Meters have a site and a fitting point", "计量点的站点、介质、位置相符", boundary.placed),
    Rule("BD03", ENERGIES, "withhold", ("E_DC",), "The supply side is closed", "供电侧闭合", supply.supply_closed),
    Rule("BD04", ENERGIES, "withhold", ("E_IT",), "The IT side is declared and measured", "IT 侧类别已填报且为实测", sides.it_declared),
    Rule("BD05", ENERGIES, "withhold", _SIDES, "Nothing is counted twice", "不重复计量", boundary.counted_once),
    Rule("BD06", ENERGIES, "withhold", ("E_DC", "E_IT"), "What flows out flowed in", "节点流出不大于流入", flows.nodes_balance),
    Rule("BD07", ENERGIES, "withhold", ("E_DC", "E_IT"), "IT within facility energy", "IT 电量不超过总电量", balance.it_within_facility),
    Rule("BD08", ENERGIES, "flag", ("E_DC",), "Shared loads are excluded or declared none", "共用负荷已剔除或申报无", sides.loads_excluded),
    Rule("BD09", ENERGIES, "withhold", _SIDES, "Changes of the boundary have an event", "边界变动有事件说明", changes.announced),
    Rule("BD10", ENERGIES, "withhold", ("water",), "The water side is closed", "用水侧闭合", sides.water_closed),
    Rule("BD11", ENERGIES, "withhold", ("E_DC", "claims"), "Export apart, generation gross", "上网单列,发电为毛电量", supply.export_apart),
    Rule("BD11", CLAIMS, "withhold", ("claims",), "Own attributes are not sold", "站内发电权益未另售", contracts.attributes_kept),
    Rule("BD12", ENERGIES, "withhold", _SIDES, "Hours known on both sides", "两侧均已知的小时", balance.known_together),
    Rule("BD13", CLAIMS, "withhold", ("claims",), "Contracts are shared out once", "合同只分配一次", contracts.contracts_sound),
    Rule("BD14", INVENTORY, "flag", ("inventory",), "Equipment has its place", "设备各有其位", equipment.placed_equipment),
    Rule("CT01", REGISTRY, "withhold", _FEED_QUANTITIES, "Rows keep their contract", "各行符合数据约定", feeds.contract),
    Rule("CT01", HOURS, "withhold", _SIDES, "Readings keep their contract", "读数符合数据约定", feeds.readings_contract),
    Rule("CT02", HOURS, "withhold", _SIDES, "Meters can be counted", "计量点可换算计量", meters.countable),
    Rule("CT03", REGISTRY, "flag", _FEED_QUANTITIES, "Keys are unique", "主键唯一", feeds.keys_unique),
    Rule("CT03", HOURS, "flag", _SIDES, "Repeated instants and overlaps agree", "重复时刻与重叠区间一致", content.instants_agree),
    Rule("CT04", HOURS, "info", _SIDES, "Values are physical", "示数合乎物理", content.physical),
    Rule("CT05", HOURS, "flag", _SIDES, "Within the plausible maximum, no spike of the day", "不超合理上限,无日尖峰", content.plausible),
    Rule("CT06", HOURS, "flag", _SIDES, "Meters are not stuck", "计量点不卡滞", standstill.not_stuck),
    Rule("CT07", HOURS, "flag", _SIDES, "No zero where there never was one", "从未为零者不突然为零", standstill.not_dead),
    Rule("CT08", HOURS, "withhold", _SIDES, "Falling registers are explained", "示数下降有解释", content.falling),
    Rule("CT09", CLAIMS, "withhold", ("claims",), "Certificates have an identity", "绿证标识明确", certificates.identified),
    Rule("CT10", CLAIMS, "withhold", ("claims",), "Certificates live one lawful life", "绿证流转合规", certificates.lawful),
    Rule("CT11", CLAIMS, "withhold", ("claims",), "One certificate, one claim", "一证一主张", claims.claimed_once),
    Rule("CT11", BOOKS, "withhold", ("claims",), "The books agree with the claims", "绿证账目与主张相符", certificate_books.books_agree),
    Rule("CT12", CLAIMS, "withhold", ("claims",), "Contract and certificates count once", "合同与绿证只计一次", claims.attribute_once),
    Rule("CT13", CLAIMS, "flag", ("claims",), "What is no claim is not counted", "非主张电量不计入", certificates.no_claim),
    Rule("CT14", CLAIMS, "flag", ("claims",), "Certificates within generation", "核发不超过发电量", certificates.within_generation),
    Rule("CT15", CLAIMS, "flag", ("practices", "claims"), "What scores has its document", "计分项有证明文件", claims.evidenced),
    Rule("CT16", CLAIMS, "withhold", ("factors", "fuel"), "Emissions can be counted", "排放可核算", claims.emissions_countable),
    Rule("CT17", INVENTORY, "withhold", _CMDB, "Inventory plausible and known", "台账合理且已知", inventory.plausible_inventory),
    Rule("CT18", CLAIMS, "flag", ("claims",), "Claims within consumption", "主张不超过用电量", certificates.within_consumption),
    Rule("ME01", ENERGIES, "flag", _SIDES, "Accuracy classes", "准确度等级", instruments.accurate),
    Rule("ME02", ENERGIES, "flag", _SIDES, "Calibration is valid", "检定在有效期内", instruments.calibrated),
    Rule("ME03", HOURS, "flag", ("E_DC", "E_IT"), "Pace of readings", "读数间隔", instruments.often_enough),
    Rule("ME04", ENERGIES, "withhold", _SIDES, "Multipliers are stated and explained", "倍率已填报且变更有说明", changes.multipliers),
    Rule("ME05", ENERGIES, "withhold", _SIDES, "Estimated share", "估算占比", method.estimated_share),
    Rule("ME06", INDEX, "withhold", (), "One category in the trailing window", "滚动窗口内类别一致", window.categories_constant),
    Rule("ME08", HOURS, "flag", _SIDES, "Few manual readings", "人工读数占比", instruments.read_by_hand),
    Rule("ME09", ENERGIES, "withhold", ("E_DC",), "Bills and meters agree", "账单与计量一致", billing.bills_agree),
    Rule("TL01", HOURS, "withhold", _SIDES, "Completeness of the month's time", "月度时间完整率", timeliness.completeness),
    Rule("TL02", HOURS, "flag", _SIDES, "Read at the month's edges", "月初月末均有读数", edges.read_at_edges),
    Rule("TL03", READINGS, "info", (), "Landed by the cut-off", "截止日前入库", lateness.landed_in_time),
    Rule("TL04", HOURS, "flag", _SIDES, "Instants are resolvable and not in the future", "时刻可确定且不晚于入库", timeliness.instants),
    Rule("TL05", INVENTORY, "withhold", ("inventory",), "A CMDB snapshot at the month's end", "月末 CMDB 快照", inventory.snapshot_age),
    Rule("TL06", CLAIMS, "flag", ("claims",), "Certificates of the right time", "绿证时间适用", certificates.right_time),
    Rule("TL08", INDEX, "info", (), "A trailing value needs twelve valid months", "滚动值需十二个有效月", timeliness.trailing),
    Rule("TL09", CLAIMS, "info", ("factors",), "Factors of their time", "因子按日期选用", vintages.newest_by_then),
    Rule("TL10", CLAIMS, "flag", ("practices",), "Practices assessed within a year", "管理实践一年内评估", practices.assessed_recently),
)


def rules_of(table: str) -> list[Rule]:
    """The rules that judge a table, in catalogue order; an empty list for a table that no rule judges."""
    return [rule for rule in RULES if rule.table == table]


def withholders(quantity: str) -> list[Rule]:
    """The rules that can withhold a quantity."""
    return [rule for rule in RULES if rule.severity == "withhold" and quantity in rule.quantities]
