"""The catalogue of rules: what is checked, on which table, how badly it can end, and what it can withhold.

Put here one line for each rule and the table it judges, in the order people read them. Evaluators are in the modules beside this one;
importing the catalogue imports neither pandas nor dagster.
"""

from __future__ import annotations

from checks.findings import Rule
from checks.rules import balance, boundary, claims, content, feeds, meters, method, timeliness

REGISTRY, HOURS, ENERGIES, CLAIMS, INDEX = (
    "raw/registry",
    "staging/interval_energy",
    "staging/energies",
    "staging/claims",
    "index/site_index",
)
_SIDES = ("E_DC", "E_IT", "water")
# CT01 and CT03 are asked twice: of every feed where it is landed, and of readings where they are staged.
_FEED_QUANTITIES = tuple(sorted({quantity for quantities in feeds.FEED_QUANTITIES.values() for quantity in quantities}))

RULES: tuple[Rule, ...] = (
    Rule("BD01", HOURS, "info", (), "Readings belong to a registered meter", "读数属于已登记的计量点", boundary.registered),
    Rule("BD02", ENERGIES, "withhold", _SIDES, "Meters have a site and a fitting point", "计量点的站点、介质、位置相符", boundary.placed),
    Rule("BD03", ENERGIES, "withhold", ("E_DC",), "The supply side is closed", "供电侧闭合", boundary.supply_closed),
    Rule("BD05", ENERGIES, "withhold", _SIDES, "Nothing is counted twice", "不重复计量", boundary.counted_once),
    Rule("BD07", ENERGIES, "withhold", ("E_DC", "E_IT"), "IT within facility energy", "IT 电量不超过总电量", balance.it_within_facility),
    Rule("BD12", ENERGIES, "withhold", _SIDES, "Hours known on both sides", "两侧均已知的小时", balance.known_together),
    Rule("CT01", REGISTRY, "withhold", _FEED_QUANTITIES, "Rows keep their contract", "各行符合数据约定", feeds.contract),
    Rule("CT01", HOURS, "withhold", _SIDES, "Readings keep their contract", "读数符合数据约定", feeds.readings_contract),
    Rule("CT02", HOURS, "withhold", _SIDES, "Meters can be counted", "计量点可换算计量", meters.countable),
    Rule("CT03", REGISTRY, "flag", _FEED_QUANTITIES, "Keys are unique", "主键唯一", feeds.keys_unique),
    Rule("CT03", HOURS, "flag", _SIDES, "Repeated instants and overlaps agree", "重复时刻与重叠区间一致", content.instants_agree),
    Rule("CT04", HOURS, "info", _SIDES, "Values are physical", "示数合乎物理", content.physical),
    Rule("CT05", HOURS, "flag", _SIDES, "Within the plausible maximum, no spike of the day", "不超合理上限,无日尖峰", content.plausible),
    Rule("CT08", HOURS, "withhold", _SIDES, "Falling registers are explained", "示数下降有解释", content.falling),
    Rule("CT11", CLAIMS, "withhold", ("claims",), "One certificate, one claim", "一证一主张", claims.claimed_once),
    Rule("CT12", CLAIMS, "withhold", ("claims",), "Contract and certificates count once", "合同与绿证只计一次", claims.attribute_once),
    Rule("CT15", CLAIMS, "flag", ("practices", "claims"), "What scores has its document", "计分项有证明文件", claims.evidenced),
    Rule("CT16", CLAIMS, "withhold", ("factors", "fuel"), "Emissions can be counted", "排放可核算", claims.emissions_countable),
    Rule("ME05", ENERGIES, "withhold", _SIDES, "Estimated share", "估算占比", method.estimated_share),
    Rule("TL01", HOURS, "withhold", _SIDES, "Completeness of the month's time", "月度时间完整率", timeliness.completeness),
    Rule("TL04", HOURS, "flag", _SIDES, "Instants are resolvable and not in the future", "时刻可确定且不晚于入库", timeliness.instants),
    Rule("TL08", INDEX, "info", (), "A trailing value needs twelve valid months", "滚动值需十二个有效月", timeliness.trailing),
)


def rules_of(table: str) -> list[Rule]:
    """The rules that judge a table, in catalogue order; an empty list for a table that no rule judges."""
    return [rule for rule in RULES if rule.table == table]


def withholders(quantity: str) -> list[Rule]:
    """The rules that can withhold a quantity."""
    return [rule for rule in RULES if rule.severity == "withhold" and quantity in rule.quantities]
