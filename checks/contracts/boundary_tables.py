"""Staged tables of the collection boundary: what is in scope of a month, and how complete it is.

How they are made stands in ``assets/staging``; they are listed with the others in ``staged.STAGED``.
"""

from __future__ import annotations

from checks.contracts.computed import ENTRY, INTEGER, METER, MONTH, POINT, SITE, SOURCE_ROW, TEXT, computed_table
from checks.contracts.sources import COUNTS, HOURS

# What the boundary of a site says of it, its meters, contracts and certificates.
_BOUND = (
    "sites.cluster_id,stage,timezone,supply_points,onsite_sources,backup_generators,storage,pue_category,wue_category,"
    "water_supply_points,commissioned_on meters.medium,point,parent_meter_id,kind,unit,multiplier,register_digits,"
    "interval_minutes,interval_label,capacity,density_kg_per_l,no_value_codes,accuracy_class,transformer_class,calibrated_until,"
    "check_meter_of,project_code,valid_from,valid_to declarations.subject,valid_from,valid_to "
    "ppa_contracts.kind,seller,project_code,start_on,end_on,annual_mwh,attribute_clause "
    "ppa_site_shares.share_ratio,valid_from,valid_to "
    "staging/claims.route,source,project_code,production_month,seq_start,seq_end,quantity_wh,status,reason"
)
_SAID = (
    "sites.site_id declarations.subject,valid_from,valid_to staging/meter_facts.kind,n_landed "
    "staging/claims.source,quantity_wh,status activities.month bills.period_start,period_end racks.snapshot_on "
    "devices.snapshot_on practices.assessed_on utilisation.at telemetry.at"
)
_SAID_OF_CONTRACTS = "ppa_contracts.kind,start_on,end_on ppa_site_shares.share_ratio,valid_from,valid_to ppa_settlements.month"

BOUNDARY_TABLES = (
    computed_table(
        "boundary", "The collection boundary: what is counted, by which meters, and what else is in scope",
        "数据采集边界:计入范围、表计及相关合同与绿证", "site_id kind id",
        SITE,
        ("kind", TEXT, "", "subject, meter, contract, certificate", "类别:事项、表计、合同、绿证"),
        ("id", TEXT, "", "What it is: a subject's name, meter_id, contract_id, range of certificates", "名称或编号"),
        ("role", TEXT, "",
         "Of a meter: the sides on which it counts, signed, or check, member, not_counted; of a contract: kind; of certificates: route",
         "表计:计入的侧与正负,或 check、member、not_counted;合同:类型;绿证:获取方式"),
        ("attributes", TEXT, "", "Everything else that is known of it, as canonical JSON", "其余已知属性(规范 JSON)"),
        ("cadence_s?", INTEGER, "s", "Median time between readings; no part of the boundary's digest", "读数间隔中位数(不计入边界摘要)"),
        ("entry?", *ENTRY[1:]), ("source_row?", *SOURCE_ROW[1:]), MONTH,
        made_from={
            "site_id": "sites.site_id meters.site_id ppa_site_shares.site_id staging/claims.site_id",
            "kind": _BOUND,
            "id": "meters.meter_id ppa_contracts.contract_id staging/claims.project_code,production_month,seq_start,seq_end",
            "role": f"{COUNTS} ppa_contracts.kind staging/claims.route",
            "attributes": f"{_BOUND} {COUNTS}",
            "cadence_s": "staging/meter_facts.median_step_s",
            "entry source_row": "sites.entry,source_row meters.entry,source_row ppa_contracts.entry,source_row "
            "staging/claims.entry,source_row",
        },
    ),
    computed_table(
        "coverage", "Metered time by meter and day, before estimation", "逐日计量时长(估算之前)", "site_id feed subject day",
        SITE,
        ("feed", TEXT, "", "meter_readings; of utilisation and telemetry the hours in which anything was said", "数据集"),
        ("subject", TEXT, "", "Meter; empty: the site's feed as a whole", "表计编号;空为站点整体"),
        ("day", TEXT, "", "Site-local day", "当地日期"),
        ("side", TEXT, "", "Sides on which the meter counts, separated by spaces", "计入的侧(以空格分隔)"),
        ("expected_s", INTEGER, "s", "Time of the day in which it is valid", "当日应计量时长"),
        ("metered_s", INTEGER, "s", "Wholly metered hours among it: estimates do not count", "其中完整计量的小时(估算不计)"),
        MONTH,
        made_from={
            "site_id": "sites.site_id staging/interval_energy.site_id utilisation.site_id telemetry.site_id",
            "feed": "staging/interval_energy.meter_id utilisation.at telemetry.at",
            "subject": "staging/interval_energy.meter_id",
            "day": "staging/interval_energy.hour_s sites.timezone utilisation.at telemetry.at",
            "side": COUNTS,
            "expected_s metered_s": f"{HOURS} {COUNTS} utilisation.at telemetry.at",
        },
    ),
    computed_table(
        "gaps", "Stretches in which a meter has no wholly metered hour", "未计量时段(按表计)", "site_id meter_id from_s",
        SITE, METER, POINT,
        ("side", TEXT, "", "Sides that it reaches, itself or through a virtual meter", "所影响的侧(含经虚拟表)"),
        ("from_s", INTEGER, "s (UTC)", "First second without metering", "缺口起"),
        ("to_s", INTEGER, "s (UTC)", "First second after it", "缺口止"),
        MONTH,
        made_from={
            "site_id": "staging/interval_energy.site_id",
            "meter_id": "staging/interval_energy.meter_id",
            "point": "staging/interval_energy.point",
            "side": COUNTS,
            "from_s to_s": f"{HOURS} staging/meter_facts.kind,expected_s",
        },
    ),
    computed_table(
        "reported", "What was said of the month, feed by feed", "当月各数据集报送情况", "site_id feed",
        SITE,
        ("feed", TEXT, "", "Feed", "数据集"),
        ("state", TEXT, "", "present, carried_forward, declared, absent, not_expected", "已报、沿用、申报、缺、无须报送"),
        ("rows", INTEGER, "", "Rows that belong to the month", "属于当月的行数"),
        ("latest", TEXT, "", "Day of the newest snapshot or assessment", "最近的快照或评估日期"),
        ("missing", TEXT, "", "Contracts without a settlement of the month", "缺当月结算的合同"),
        MONTH,
        made_from={
            "site_id": "sites.site_id",
            "feed": "",
            "state rows": f"{_SAID} {_SAID_OF_CONTRACTS}",
            "latest": "racks.snapshot_on devices.snapshot_on practices.assessed_on",
            "missing": _SAID_OF_CONTRACTS,
        },
    ),
)  # fmt: skip
