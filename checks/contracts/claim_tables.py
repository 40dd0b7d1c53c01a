"""Staged tables of green power: claims, their hours, the certificate books, contracts and direct lines.

How they are made stands in ``assets/staging``; they are listed with the others in ``staged.STAGED``.
"""

from __future__ import annotations

from checks.contracts.computed import (
    ENTRY,
    FIRST,
    FLAG,
    INTEGER,
    LAST,
    MONTH,
    NUMBER,
    PRODUCED,
    PROJECT,
    SITE,
    SOURCE_ROW,
    TEXT,
    computed_table,
)

# What decides whether a range, a settlement or metered generation is claimed for a site and month, and how.
_CERTIFICATES = (
    "certificates.project_code,production_month,seq_start,seq_end,energy_class,tradable,scheme,mechanism,ccer,issued_on,gec_code_first,"
    "gec_code_last"
)
_EVENTS = (
    "certificate_events.project_code,production_month,seq_start,seq_end,kind,on,replaces_site_id,beneficiary,consumption_month,"
    "consumption_start,consumption_end,to_account,channel,contract_id"
)
_CONTRACTS = "ppa_contracts.kind,project_code,signed_on,start_on,end_on,annual_mwh,attribute_clause,evidence"
_SHARES = "ppa_site_shares.share_ratio,valid_from,valid_to"
_SETTLED = "ppa_settlements.month,version,contract_mwh,ongrid_mwh,mechanism_mwh,user_mwh,settled_mwh,published_on"
_PROJECTS = "projects.project_code,energy_type,geography,commissioned_on"
_GENERATED = (
    "staging/energies.measure,quantity,known_s,expected_s,estimated meters.point,project_code,valid_from,valid_to "
    "sites.geography,storage,valid_from"
)
_CLAIMED = f"{_CERTIFICATES} {_EVENTS} {_CONTRACTS} {_SHARES} {_SETTLED} {_PROJECTS} {_GENERATED} factors"
_OF_CLAIMS = "staging/claims.route,source,project_code,production_month,seq_start,seq_end,quantity_wh,status"
_HOURS = "staging/interval_energy.point,hour_s,quantity,known_s,state,method"
_LOAD = (
    f"{_HOURS} meters.point,medium,kind,parent_meter_id,check_meter_of,project_code,valid_from,valid_to "
    "meter_parts.member,factor,valid_from,valid_to sites.timezone,pue_category,storage"
)
_PLACED = (
    f"{_LOAD} {_OF_CLAIMS} staging/claims.carbon_free staging/energies.measure,quantity "
    "certificates.project_code,production_month,seq_start,seq_end"
)
_BOOKED = f"{_CERTIFICATES} {_EVENTS} {_OF_CLAIMS} staging/claims.month factors"
_ROWS = "certificates.entry,source_row certificate_events.entry,source_row"

CLAIM_TABLES = (
    computed_table(
        "claims", "Claims of green power and what became of them", "绿电主张及其认定",
        "source project_code production_month seq_start meter_id site_id",
        ("site_id?", TEXT, "", "Site; null: of a contract without shares", "数据中心编号;空为合同未分摊"), MONTH,
        ("route?", TEXT, "", "How it was acquired", "获取方式"),
        ("source", TEXT, "", "certificate, onsite", "来源"),
        ("project_code?", TEXT, "", "Project", "项目代码"),
        ("production_month?", TEXT, "", "Month of generation", "生产月份"),
        ("seq_start?", INTEGER, "", "First certificate number", "起始序号"),
        ("seq_end?", INTEGER, "", "Last certificate number, included", "终止序号(含)"),
        ("contract_id?", TEXT, "", "Contract", "合同编号"),
        ("meter_id?", TEXT, "", "Generation meter", "发电表编号"),
        ("quantity_wh", INTEGER, "Wh", "Quantity", "数量"),
        ("carbon_free", FLAG, "", "Whether its own emission rate is zero", "自身排放是否为零"),
        ("weight?", NUMBER, "1", "Weight of its route", "获取方式权重"),
        ("status", TEXT, "", "eligible, pending, excluded", "认定:有效、待核销、剔除"),
        ("reason?", TEXT, "", "Why it does not count", "不计入的原因"),
        ("evidence?", TEXT, "", "File name of its document", "佐证文件名"),
        ("entry?", *ENTRY[1:]), ("source_row?", *SOURCE_ROW[1:]),
        made_from={
            "site_id": f"certificate_events.site_id certificate_events.replaces_site_id {_SHARES} {_CONTRACTS} staging/energies.site_id",
            "source": "certificate_events.kind ppa_settlements.contract_id staging/energies.measure",
            "project_code": "certificate_events.project_code ppa_contracts.project_code meters.project_code",
            "production_month": "certificate_events.production_month ppa_settlements.month",
            "seq_start seq_end quantity_wh": _CLAIMED,
            "contract_id": "certificate_events.contract_id ppa_contracts.contract_id",
            "meter_id": "staging/energies.meter_id meters.project_code",
            "carbon_free": "certificates.energy_type projects.project_code,energy_type factors",
            "route weight status reason": f"{_CLAIMED} certificate_events.evidence ppa_settlements.evidence",
            "evidence": "certificate_events.evidence ppa_settlements.evidence",
            "entry source_row": "certificate_events.entry,source_row ppa_settlements.entry,source_row meters.entry,source_row",
        },
    ),
    computed_table(
        "hourly_supply", "Load and claimed supply of a site by hour: what hourly matching is counted from",
        "站点逐小时负荷与所主张电量(按小时匹配的依据)",
        "site_id hour_s",
        SITE,
        ("hour_s", INTEGER, "s (UTC)", "Start of the site-local clock hour; only hours in which the load is metered",
         "当地整点小时的起点(仅负荷有计量的小时)"),
        ("load_wh", INTEGER, "Wh", "Electricity of the data centre", "数据中心用电量"),
        ("metered_wh", INTEGER, "Wh", "Claimed energy by on-site and direct-line meters", "现场与直连电表所示的所主张电量"),
        ("prorated_wh", INTEGER, "Wh", "Claimed energy of certificates, prorated on the generation of their project",
         "按项目发电曲线分摊的绿证电量"),
        ("carbon_free_wh", INTEGER, "Wh", "Part of both that is carbon-free", "两者中的零碳部分"),
        ("unknown", INTEGER, "", "Sources whose energy of the hour is not metered; they match nothing",
         "该小时无计量的来源个数(不参与匹配)"),
        ("grid_share_e6?", INTEGER, "10⁻⁶", "Carbon-free share of the grid; null: not given", "电网零碳电量占比;空为未提供"),
        MONTH,
        made_from={
            "site_id": "sites.site_id",
            "hour_s": "staging/interval_energy.hour_s sites.timezone",
            "load_wh": _LOAD,
            "metered_wh prorated_wh carbon_free_wh unknown": _PLACED,
            "grid_share_e6": "telemetry.at,variable,value,unit sites.timezone",
        },
    ),
    computed_table(
        "hourly_sources", "What is claimed, and on which hours it stands", "所主张电量及其分时依据",
        "site_id route project_code production_month carbon_free",
        SITE,
        ("route", TEXT, "", "How it was acquired", "获取方式"),
        ("project_code?", TEXT, "", "Project", "项目代码"),
        ("production_month?", TEXT, "", "Month of generation", "生产月份"),
        ("carbon_free", FLAG, "", "Whether its own emission rate is zero", "自身排放是否为零"),
        ("quantity_wh", INTEGER, "Wh", "Eligible claims of the month", "当月有效主张电量"),
        ("basis?", TEXT, "", "metered, prorated; null: no hours", "metered 为逐时计量,prorated 为按曲线分摊;空为无分时依据"),
        ("whole_wh?", INTEGER, "Wh", "Energy of the source in the month, or issued for it if that is more",
         "来源当月电量或核发电量(取大)"),
        ("placed_wh", INTEGER, "Wh", "Part of the claims that stands on metered hours", "落在有计量小时上的主张电量"),
        ("reason?", TEXT, "", "Why it has no hours", "无分时依据的原因"),
        MONTH,
        made_from={
            "site_id": "staging/claims.site_id",
            "route": "staging/claims.route",
            "project_code": "staging/claims.project_code",
            "production_month": "staging/claims.production_month",
            "carbon_free": "staging/claims.carbon_free",
            "quantity_wh": "staging/claims.route,project_code,production_month,carbon_free,quantity_wh,status",
            "basis whole_wh placed_wh reason": _PLACED,
        },
    ),
    computed_table(
        "certificate_ledger", "Where every certificate range stands", "绿证号段台账(各号段现状)", "project_code production_month seq_start",
        PROJECT, PRODUCED, FIRST, LAST,
        ("state", TEXT, "", "issued, transferred, cancelled, expired, frozen, withdrawn, disputed, not issued",
         "状态:已核发、已划转、已核销、已过期、已冻结、已撤销、存疑、未核发"),
        ("since?", TEXT, "", "Day of the last event, else of the issue", "最近变动日期(无变动取核发日期)"),
        ("site_id?", TEXT, "", "Site that has it, or that it was cancelled for", "持有或核销所属数据中心"),
        ("account?", TEXT, "", "Account that it was transferred to", "划转至账户"),
        ("beneficiary?", TEXT, "", "Who it was cancelled for", "受益主体"),
        ("channel?", TEXT, "", "How it was acquired", "取得渠道"),
        ("contract_id?", TEXT, "", "Contract", "合同编号"),
        ("consumption_start?", TEXT, "", "First month of consumption", "消费起始月份"),
        ("consumption_end?", TEXT, "", "Last month of consumption", "消费截止月份"),
        ("energy_class?", TEXT, "", "on_grid, self_use, off_grid", "电量类别"),
        ("energy_type?", TEXT, "", "Kind of energy", "能源类型"),
        ("tradable?", FLAG, "", "Whether it can be traded", "是否可交易"),
        ("usable_for", TEXT, "", "Last month of consumption that it can count for", "可用于的最晚消费月份"),
        ("usable_to", TEXT, "", "Last day on which it can be cancelled", "可核销的最后日期"),
        ("fault?", TEXT, "", "What is wrong with its life", "流转问题"),
        ("evidence?", TEXT, "", "File name of its document", "佐证文件名"),
        ("entry?", *ENTRY[1:]), ("source_row?", *SOURCE_ROW[1:]), MONTH,
        made_from={
            "project_code": "certificates.project_code certificate_events.project_code",
            "production_month": "certificates.production_month certificate_events.production_month",
            "seq_start seq_end state fault": f"{_CERTIFICATES} {_EVENTS} certificates.energy_type certificate_events.evidence",
            "since": "certificates.issued_on certificate_events.on",
            "site_id": "certificate_events.site_id",
            "account": "certificate_events.to_account",
            "beneficiary": "certificate_events.beneficiary",
            "channel": "certificate_events.channel",
            "contract_id": "certificate_events.contract_id",
            "consumption_start": "certificate_events.consumption_month,consumption_start",
            "consumption_end": "certificate_events.consumption_month,consumption_end",
            "energy_class": "certificates.energy_class",
            "energy_type": "certificates.energy_type",
            "tradable": "certificates.tradable",
            "usable_for usable_to": "certificates.production_month certificate_events.production_month factors",
            "evidence": "certificate_events.evidence",
            "entry source_row": _ROWS,
        },
    ),
    computed_table(
        "certificate_books", "Certificates of a project-month, held against the claims", "绿证账目核对(按项目与生产月份)",
        "project_code production_month",
        PROJECT, PRODUCED,
        ("issued", INTEGER, "MWh", "Numbers issued", "核发"),
        ("transferred", INTEGER, "MWh", "Numbers transferred at least once", "划转(至少一次)"),
        ("cancelled", INTEGER, "MWh", "Numbers cancelled at least once: valid + disputed", "核销(至少一次)= 有效 + 存疑"),
        ("self_used", INTEGER, "MWh", "Numbers cancelled for self-use: they need no transfer", "自发自用核销(无需划转)"),
        ("untransferred", INTEGER, "MWh", "Numbers cancelled, not for self-use, of which no transfer is known",
         "核销但无划转记录(非自发自用)"),
        ("ended", INTEGER, "MWh", "Numbers expired, frozen or withdrawn", "过期、冻结或撤销"),
        ("valid", INTEGER, "MWh",
         "Issued once, cancelled once, not before the issue, not ended: claimed + waiting + left_out + elsewhere + lost",
         "有效核销:核发一次、核销一次、不早于核发、未终止 = 已计入 + 待核销 + 不计入 + 其他月份 + 遗漏"),
        ("disputed", INTEGER, "MWh", "Cancelled, and not validly", "核销存疑"),
        ("claimed", INTEGER, "MWh", "In an eligible claim of any site", "已计入(全部站点)"),
        ("waiting", INTEGER, "MWh", "In a pending claim", "待核销"),
        ("left_out", INTEGER, "MWh", "In an excluded claim, with its reason", "不计入(有原因)"),
        ("elsewhere", INTEGER, "MWh", "For months of consumption that are not looked at", "属于未纳入核对的消费月份"),
        ("lost", INTEGER, "MWh", "Validly cancelled, in no claim: must be 0", "有效核销但不在任何主张中(应为零)"),
        ("claimed_wrongly", INTEGER, "MWh", "In two claims, or claimed and not validly cancelled: must be 0",
         "重复主张或未有效核销而主张(应为零)"),
        ("generated_wh?", INTEGER, "Wh", "Metered generation, where it is metered whole", "计量发电量(完整计量时)"),
        ("issuable?", INTEGER, "MWh", "Certificates that it gives, with the carry before", "含结转可核发张数"),
        ("carry_wh?", INTEGER, "Wh", "Carry after them, from 0 in January", "结转电量(每年 1 月起算)"),
        MONTH,
        made_from={
            "project_code": "certificates.project_code certificate_events.project_code meters.project_code",
            "production_month": "certificates.production_month certificate_events.production_month",
            "issued": _CERTIFICATES,
            "transferred cancelled self_used untransferred ended": f"{_CERTIFICATES} {_EVENTS}",
            "valid disputed": _BOOKED,
            "claimed waiting left_out elsewhere lost claimed_wrongly": _BOOKED,
            "generated_wh issuable carry_wh": "staging/energies.measure,quantity "
            "meters.point,project_code,valid_from,valid_to",
        },
    ),
    computed_table(
        "certificate_differences", "Certificate numbers at odds, and the rows that have part in it", "绿证账目差异及所涉各行",
        "kind project_code production_month seq_start entry source_row claim_month",
        ("kind", TEXT, "", "issued twice, cancelled twice, claimed twice …", "差异类别"),
        PROJECT, PRODUCED, FIRST, LAST,
        ("mwh", INTEGER, "MWh", "Numbers at odds", "所涉张数"),
        ("claimed_mwh", INTEGER, "MWh", "Of them in an eligible claim", "其中已计入"),
        ("role", TEXT, "", "What the row is: issue, transfer, cancel, claim", "该行性质:核发、划转、核销、主张"),
        ("site_id?", TEXT, "", "Site of the row", "该行所属数据中心"),
        ("claim_month?", TEXT, "", "Month of the claim", "主张月份"),
        ("on?", TEXT, "", "Day of the event", "变动日期"),
        ("entry?", *ENTRY[1:]), ("source_row?", *SOURCE_ROW[1:]), MONTH,
        made_from={
            "kind seq_start seq_end mwh claimed_mwh role": _BOOKED,
            "project_code": "certificates.project_code certificate_events.project_code staging/claims.project_code",
            "production_month": "certificates.production_month certificate_events.production_month staging/claims.production_month",
            "site_id": "certificate_events.site_id staging/claims.site_id",
            "claim_month": "staging/claims.month certificate_events.consumption_month,consumption_start,consumption_end",
            "on": "certificate_events.on certificates.issued_on",
            "entry source_row": f"{_ROWS} staging/claims.entry,source_row",
        },
    ),
    computed_table(
        "contract_balance", "From what a contract promises to what counts, by contract and month", "合同电量逐级核对(按合同与月份)",
        "contract_id stage item ref",
        ("contract_id", TEXT, "", "Contract", "合同编号"),
        ("kind", TEXT, "", "Kind of contract", "合同类型"),
        ("project_code?", TEXT, "", "Project", "项目代码"),
        ("stage", TEXT, "", "contracted, delivered, settled, certificated, cancelled, counted", "环节:合同、交付、结算、核发、核销、计入"),
        ("item", TEXT, "",
         "total of the stage; gap: a part of what it has less (+) or more (-) than the nearest known stage before; "
         "version: of a statement; site: what of it is a site's; share: of a site in the contract",
         "total 本环节合计;gap 与前一已知环节之差(正为减少、负为增加)的构成;version 结算单版本;site 归属站点部分;share 站点分摊比例"),
        ("ref", TEXT, "", "Name of the gap, version or site", "差额名称、版本号或站点编号"),
        ("quantity_wh?", INTEGER, "Wh", "Quantity; null: unknown", "电量;空为未知"),
        ("share_ratio?", NUMBER, "1", "Share of a site", "分摊比例"),
        ("entry?", *ENTRY[1:]), ("source_row?", *SOURCE_ROW[1:]), MONTH,
        made_from={
            "contract_id": "ppa_contracts.contract_id",
            "kind": "ppa_contracts.kind",
            "project_code": "ppa_contracts.project_code",
            "stage item ref quantity_wh": f"{_CLAIMED} {_OF_CLAIMS} staging/claims.reason",
            "share_ratio": _SHARES,
            "entry source_row": "ppa_contracts.entry,source_row ppa_settlements.entry,source_row",
        },
    ),
    computed_table(
        "direct_line_tests", "Tests of direct green-power lines, by site and contract", "绿电直连判定(按站点与合同)",
        "site_id contract_id test",
        SITE,
        ("contract_id", TEXT, "", "Contract", "合同编号"),
        ("test", TEXT, "", "self_use_of_generation, self_use_of_load, export_of_generation",
         "自发自用占发电、自发自用占用电、上网占发电"),
        ("numerator_wh?", INTEGER, "Wh", "Numerator; null: unknown", "分子;空为未知"),
        ("denominator_wh?", INTEGER, "Wh", "Denominator; null: unknown", "分母;空为未知"),
        ("share?", NUMBER, "1", "Their quotient", "比值"),
        ("limit?", NUMBER, "1", "Limit in force in the month; null: none", "当月适用限值;空为尚无限值"),
        ("at", TEXT, "", "least or most", "不低于或不高于"),
        ("outcome", TEXT, "", "ok, fails, unknown", "达标、不达标、未知"),
        ("basis", TEXT, "", "metered; derived: export as generation less what the line brings", "计量;derived:上网量按发电减线路受电推得"),
        ("source", TEXT, "", "Source of the limit", "限值出处"), MONTH,
        made_from={
            "site_id": f"{_SHARES} meters.site_id",
            "contract_id": "ppa_contracts.contract_id",
            "test at source limit": "factors",
            "numerator_wh denominator_wh share outcome basis":
            f"{_GENERATED} {_CONTRACTS} {_SHARES} declarations.subject,valid_from,valid_to factors",
        },
    ),
)  # fmt: skip
