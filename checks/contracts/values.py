"""What has no table in the lake of its own: indicators and results, which are rows of the ledger, and the pages of the report.

One declaration each, as for tables: the columns that people see of an asset, and what each is made from. What a column of an indicator is
computed with stands in ``assets/indicators``; that a rule withholds a value is a verdict, no column.
"""

from __future__ import annotations

from checks.contracts.base import Contract
from checks.contracts.computed import MONTH, NUMBER, SITE, TEXT, computed_table

_ENERGY = "staging/energies.measure,quantity,known_s,metered_s,expected_s,estimated"
_METERED = "staging/energies.known_s,metered_s,expected_s,estimated,quantity"
_LOCAL = "sites.stage,commissioned_on,timezone"
_PRACTICES = "practices.item_code,level,assessed_on,evidence edition"
_CLAIMED = "staging/claims.status,route,source,quantity_wh,weight,carbon_free"
_NONE = "declarations.subject,valid_from,valid_to"
_EMITTED = (
    f"{_ENERGY} {_CLAIMED} activities.activity,quantity,unit,density_kg_per_l {_NONE} sites.geography,storage "
    "meters.point,project_code,valid_from,valid_to factors"
)
_USED = "staging/inventory.fp32_hours,fp32_used_hours,utilisation_coverage"

# asset → what its numerator, its denominator, and beside them its value and status are made from. Where there is no value the other columns
# are null: what decides that is told with the status.
_INDICATORS: dict[str, tuple[str, str, str]] = {
    "compute_efficiency": ("staging/inventory.gflops", _ENERGY, f"staging/inventory.status,snapshot_on,carried_days {_LOCAL}"),
    "design_scale": ("sites.design_power_kw,design_racks", "sites.design_power_kw", _LOCAL),
    "safety": (_PRACTICES, _PRACTICES, _LOCAL),
    "availability": (_PRACTICES, _PRACTICES, _LOCAL),
    "rack_utilisation": (
        "staging/inventory.racks_used", "staging/inventory.racks_fitted,racks_lost", f"staging/inventory.status,carried_days {_LOCAL}",
    ),
    "it_load_factor": (
        _ENERGY, "staging/inventory.rated_w,rated_known_share", f"staging/inventory.status,carried_days,racks_rated_w {_LOCAL}",
    ),
    "processor_utilisation": (_USED, _USED, f"staging/inventory.status,carried_days {_LOCAL}"),
    "siting": (_PRACTICES, _PRACTICES, _LOCAL),
    "pue": (_ENERGY, _ENERGY, f"sites.pue_category {_LOCAL}"),
    "wue": (_ENERGY, _ENERGY, f"sites.wue_category {_NONE} {_LOCAL}"),
    "renewable_share": (_CLAIMED, _ENERGY, f"{_NONE} {_LOCAL}"),
    "renewable_route_quality": (_CLAIMED, _CLAIMED, f"{_ENERGY} {_NONE} {_LOCAL}"),
    "cue": (_EMITTED, _ENERGY, _LOCAL),
    "compute_carbon_efficiency": (_USED, _EMITTED, f"staging/inventory.status,carried_days {_LOCAL}"),
    "energy_management": (_PRACTICES, _PRACTICES, _LOCAL),
    "carbon_management": (_PRACTICES, _PRACTICES, _LOCAL),
    "ghg_reporting": (_PRACTICES, _PRACTICES, _LOCAL),
    "lifecycle_strategy": (_PRACTICES, _PRACTICES, _LOCAL),
    "resource_recovery": (
        f"activities.activity,quantity,unit {_ENERGY}", f"activities.activity,quantity,unit {_ENERGY}", f"{_NONE} {_LOCAL}",
    ),
}  # fmt: skip
# The tier of what an indicator reads: by its meters, and by the documents of claims and activities (assets/indicators/quality_inputs.py).
_EVIDENCED = (
    "staging/energies.measure,quantity,estimated staging/meter_facts.metered_s,estimated_s,expected_s "
    "staging/meter_parts.role,member,factor,refused staging/claims.status,source,quantity_wh,evidence activities.quantity,evidence "
    "bills.period_start,period_end,quantity,unit,evidence meters.kind,accuracy_class,transformer_class,calibrated_until practices.evidence"
)


def _indicator(asset: str, numerator: str, denominator: str, beside: str) -> Contract:
    whole = f"{numerator} {denominator} {beside}"
    return computed_table(
        f"indicators/{asset}", f"Indicator {asset}, by site", f"指标 {asset}(按数据中心)", "site_id",
        SITE, MONTH,
        ("status", TEXT, "", "measured, estimated, carried_forward, declared, not_reported, not_applicable, withheld", "状态"),
        ("value?", NUMBER, "", "Value; null: none is known, never 0", "指标值;空为未知"),
        ("numerator?", NUMBER, "", "Numerator", "分子"),
        ("denominator?", NUMBER, "", "Denominator", "分母"),
        ("coverage?", NUMBER, "1", "Share of time that is metered", "计量覆盖率"),
        ("estimated_share?", NUMBER, "1", "Share that is estimated", "估算占比"),
        ("quality_tier?", TEXT, "", "Q1 to Q5", "质量等级"),
        made_from={
            "site_id": "sites.site_id",
            "status value": whole,
            "coverage estimated_share": f"{_METERED} staging/inventory.utilisation_coverage",
            "numerator": numerator if numerator == denominator else f"{numerator} {beside}",
            "denominator": denominator if numerator == denominator else f"{denominator} {beside}",
            "quality_tier": f"{whole} {_EVIDENCED}",
        },
    )  # fmt: skip


_SCORED = " ".join(f"indicators/{asset}.status,value,numerator,denominator" for asset in _INDICATORS)
_FACTS = "sites.hub,geography,stage,dc_type,design_power_kw,cluster_id,pue_category,wue_category edition"
_SHOWN = (
    "staging/boundary.kind,id,role,attributes staging/coverage.day,side,expected_s,metered_s staging/gaps.from_s,to_s "
    "staging/reported.feed,state,rows staging/claims.status,reason,quantity_wh staging/certificate_ledger.state "
    "staging/certificate_books.issued,transferred,cancelled,valid,disputed,claimed "
    "indicators/ghg_inventory.scope,category,emissions_kg,status indicators/energy_total.carrier,quantity,tce,status "
    "indicators/energy_cost.kind,quantity,price,amount_e4,status index/approved.actual,approved,difference,status"
)
_RESULTS = (
    computed_table(
        "index/site_index", "Index and grade of each site and cluster, for the month and for twelve months", "指数与等级(站点与集群)",
        "entity_id window",
        ("entity_id", TEXT, "", "Site or cluster", "数据中心或集群"),
        ("entity_kind", TEXT, "", "site, cluster", "类别"),
        MONTH,
        ("window", TEXT, "", "month, ttm (twelve months)", "窗口:当月、滚动十二个月"),
        ("index_value?", NUMBER, "", "The index; null: nothing is scored", "指数;空为无可计分指标"),
        ("grade", TEXT, "", "Grade; empty: none", "等级;空为无"),
        ("output_digest", TEXT, "", "Digest of the whole result", "结果摘要"),
        made_from={
            "entity_id": "sites.cluster_id",
            "entity_kind": "sites.cluster_id",
            "window": "",
            "index_value grade": f"{_SCORED} {_FACTS}",
            "output_digest": f"{_SCORED} {_FACTS} sites.name,name_zh " + " ".join(f"indicators/{a}.quality_tier" for a in _INDICATORS),
        },
    ),
    computed_table(
        "reports/pages", "The pages of the month", "月度报告页面", "entity_id",
        ("entity_id", TEXT, "", "Site or cluster", "数据中心或集群"),
        ("page", TEXT, "", "What its page shows, as a digest", "页面内容(摘要)"),
        MONTH,
        made_from={"entity_id": "index/site_index.entity_id", "page": f"index/site_index.output_digest {_SHOWN}"},
    ),
)  # fmt: skip

VALUES: dict[str, Contract] = {
    contract.name: contract for contract in (*(_indicator(asset, *sources) for asset, sources in _INDICATORS.items()), *_RESULTS)
}
