"""Feeds about green power: projects, contracts, shares, settlements, certificates and what happened to them.

What people hold and did; what of it counts (claims) is a staged table: ``staged.py``.
"""

from __future__ import annotations

from checks.contracts.base import Contract, choice, date, flag, integer, month, number, table, text
from checks.contracts.vocabulary import ENERGY_TYPES, GEOGRAPHIES, GEOGRAPHY_PATTERN, PROJECT_CODE_PATTERN

_PROJECT = ("Filing code of the project: 17 characters", "项目建档立卡代码(17 位)", "项目代码 项目编码 建档立卡代码")
_CONTRACT = ("Identifier of the contract", "合同编号", "合同编号 合同号")
_EVIDENCE = ("File name of the document in landing/evidence", "佐证文件名(landing/evidence 内)", "佐证 佐证文件 证明文件")
_FIRST = ("First certificate number of the range", "证书起始序号", "起始序号 起始编号 序号起")
_LAST = ("Last certificate number of the range, included; one number is 1 MWh", "证书终止序号(含);每号 1 MWh", "终止序号 终止编号 序号止")
_PRODUCED = ("Month of generation", "电量生产月份", "生产月份 电量生产年月 生产年月")

PROJECTS = table(
    "projects", "Renewable projects", "可再生能源项目", key="project_code",
    columns=[
        text("project_code", *_PROJECT, required=True, pattern=PROJECT_CODE_PATTERN),
        text("name", "Name", "项目名称", "项目名称 名称"),
        choice("energy_type", "Kind of energy", "能源类型", ENERGY_TYPES, "能源类型 电源类型", required=True),
        text("geography", "ISO 3166-2 code of the province or state", "所在省份(ISO 3166-2)", "省份 所在省份 所在地",
             required=True, known=GEOGRAPHIES, pattern=GEOGRAPHY_PATTERN),
        date("commissioned_on", "Day of commissioning", "投产日期", "投产日期 并网日期"),
        number("capacity_mw", "Capacity", "装机容量", "装机容量 容量", unit="MW", min=0),
    ],
)  # fmt: skip

PPA_CONTRACTS = table(
    "ppa_contracts", "Contracts for green power and certificates", "绿电与绿证合同", key="contract_id",
    columns=[
        text("contract_id", *_CONTRACT, required=True),
        choice("kind", "Kind of contract", "合同类型", {
            "onsite_owned": "自建现场 自有分布式 自建自用", "onsite_third_party": "第三方现场 第三方分布式 合同能源管理",
            "direct_line": "绿电直连 直连 专线",
            "green_trade": "绿电交易", "financial": "差价合约 金融合约 虚拟PPA", "certificate_purchase": "绿证购买 绿证交易 单独绿证",
        }, "合同类型 类型", required=True),
        text("seller", "Seller", "卖方", "卖方 售方 发电企业"),
        text("project_code", *_PROJECT, pattern=PROJECT_CODE_PATTERN),
        date("signed_on", "Day of signature", "签订日期", "签订日期 签约日期"),
        date("start_on", "First day of delivery", "起始日期", "起始日期 开始日期 执行起始", required=True),
        date("end_on", "Last day of delivery", "截止日期(含当日)", "截止日期 结束日期 执行截止", required=True, not_before="start_on"),
        number("annual_mwh", "Contracted energy of a year", "年合同电量", "年电量 年合同电量", unit="MWh", min=0),
        choice("attribute_clause", "Whether the green attribute goes with the energy", "环境权益条款:随电、分离、无",
               {"bundled": "证电合一 随电", "separate": "证电分离 分离", "none": "无"}, "权益条款 环境权益", required=True),
        text("evidence", *_EVIDENCE),
    ],
)  # fmt: skip

PPA_SITE_SHARES = table(
    "ppa_site_shares", "Shares of sites in contracts", "合同在各站点的分摊比例", key="contract_id site_id valid_from",
    columns=[
        text("contract_id", *_CONTRACT, required=True),
        text("site_id", "Site", "数据中心编号", "站点编号 数据中心编号 机房编号 园区编号", required=True),
        number("share_ratio", "Share of the site, 0 to 1", "分摊比例,0 到 1", "比例 分摊比例", required=True, unit="1", min=0, max=1),
        date("valid_from", "First day on which it holds", "生效日期", "生效日期 起始日期", required=True, default="first_month"),
        date("valid_to", "Last day on which it holds", "失效日期(含当日)", "失效日期 截止日期", not_before="valid_from"),
    ],
)  # fmt: skip

PPA_SETTLEMENTS = table(
    "ppa_settlements", "Monthly settlements of contracts", "合同月度结算", key="contract_id month version", time_column="month",
    columns=[
        text("contract_id", *_CONTRACT, required=True),
        month("month", "Month settled", "结算月份", "月份 结算月份", required=True),
        integer("version", "Version of the statement; the highest holds", "结算版本,以最大者为准", "版本 结算版本", required=True, min=0),
        number("contract_mwh", "Contracted energy", "合同电量", "合同电量", unit="MWh", min=0),
        number("ongrid_mwh", "Energy fed into the grid by the project", "项目上网电量", "上网电量", unit="MWh", min=0),
        number("mechanism_mwh", "Mechanism electricity among it", "其中机制电量", "机制电量", unit="MWh", min=0),
        number("user_mwh", "Load of the user", "用户用电量", "用电量 用户电量", unit="MWh", min=0),
        number("settled_mwh", "Settled green energy", "结算绿电电量", "结算电量 绿电电量", required=True, unit="MWh", min=0),
        text("statement_no", "Number of the statement", "结算单编号", "结算单号 结算单编号"),
        date("published_on", "Day of publication", "发布日期", "发布日期 出具日期"),
        text("evidence", *_EVIDENCE),
        number("price_per_kwh", "Price of the settled energy, in the currency: direct line, plants of others on the site",
               "结算电量单价(直连、第三方现场)", "结算电价 电能量电价 合同电价", min=0),
        number("premium_per_kwh", "Premium for the green attribute, in the currency, beside the price of the energy",
               "环境权益溢价(每千瓦时)", "环境溢价 绿电溢价 环境价值 绿证价格", min=0),
        text("currency", "Currency, e.g. CNY", "币种,例如 CNY", "币种 货币", known={"CNY": "人民币 元 RMB"}),
    ],
)  # fmt: skip

CERTIFICATES = table(
    "certificates", "Certificate ranges held", "持有的绿证(号段)", key="project_code production_month seq_start",
    columns=[
        text("project_code", *_PROJECT, required=True, pattern=PROJECT_CODE_PATTERN),
        month("production_month", *_PRODUCED, required=True),
        integer("seq_start", *_FIRST, required=True, min=0),
        integer("seq_end", *_LAST, required=True, min=0, not_before="seq_start"),
        choice("energy_class", "On-grid, self-used or off-grid energy", "电量类别:上网、自发自用、离网",
               {"on_grid": "上网 上网电量", "self_use": "自发自用 自用", "off_grid": "离网 独立"}, "电量类别 电量性质", required=True),
        choice("energy_type", "Kind of energy", "能源类型", ENERGY_TYPES, "能源类型 电源类型", required=True),
        flag("tradable", "Whether it can be traded", "是否可交易", "可交易 是否可交易 交易属性", required=True),
        choice("scheme", "Certificate scheme", "证书体系", {"GEC": "绿证", "I-REC": "IREC", "GO": "", "other": "其他"},
               "证书类型 证书体系", default="GEC"),
        flag("mechanism", "Whether it stems from mechanism electricity", "是否机制电量", "机制电量 是否机制电量"),
        flag("ccer", "Whether the project has registered CCER for it", "是否登记 CCER", "CCER 是否CCER"),
        date("issued_on", "Day of issue", "核发日期", "核发日期", required=True),
        text("gec_code_first", "Code of the first certificate: 32 characters", "首张绿证编码(32 位)", "起始绿证编码 首张编码",
             pattern=r"^\S{32}$"),
        text("gec_code_last", "Code of the last certificate: 32 characters", "末张绿证编码(32 位)", "终止绿证编码 末张编码",
             pattern=r"^\S{32}$"),
    ],
)  # fmt: skip

CERTIFICATE_EVENTS = table(
    "certificate_events", "What happened to certificate ranges", "绿证号段的变动", key="project_code production_month seq_start kind on",
    columns=[
        text("project_code", *_PROJECT, required=True, pattern=PROJECT_CODE_PATTERN),
        month("production_month", *_PRODUCED, required=True),
        integer("seq_start", *_FIRST, required=True, min=0),
        integer("seq_end", *_LAST, required=True, min=0, not_before="seq_start"),
        choice("kind", "What happened", "变动类型",
               {"transfer": "划转 转让", "cancel": "核销", "expire": "过期 失效", "freeze": "冻结", "withdraw": "撤销 注销"},
               "变动类型 操作类型 类型", required=True),
        date("on", "Day on which it happened", "发生日期", "日期 发生日期 操作日期", required=True),
        text("site_id", "Site that it was cancelled for", "核销所属数据中心", "站点编号 数据中心编号 机房编号"),
        text("replaces_site_id", "Site that an earlier row of this key named wrongly; without it a row for another site is a double claim",
             "同一主键较早一行误填的数据中心;不填而改归另一数据中心,按重复主张处理", "更正前站点编号 更正前站点 原核销站点"),
        text("beneficiary", "Who it was cancelled for", "受益主体", "受益人 受益主体 核销主体"),
        month("consumption_month", "Month of consumption", "消费月份", "消费月份 用电月份"),
        month("consumption_start", "First month of consumption; blank: consumption_month", "消费起始月份;空白取消费月份",
              "消费起始月 消费起始月份", default_from="consumption_month"),
        month("consumption_end", "Last month of consumption; blank: consumption_month", "消费截止月份;空白取消费月份",
              "消费截止月 消费截止月份", default_from="consumption_month", not_before="consumption_start"),
        text("to_account", "Account that it was transferred to", "划转至账户", "转入账户 划转账户"),
        choice("channel", "How it was acquired", "取得渠道", {
            "green_trade": "绿电交易", "unbundled": "单独交易 绿证交易 证电分离", "self_use": "自发自用",
            "provincial": "省级账户 机制电量划转",
        }, "渠道 取得渠道"),
        text("contract_id", *_CONTRACT),
        text("evidence", *_EVIDENCE),
    ],
)  # fmt: skip

CONTRACTS: tuple[Contract, ...] = (PROJECTS, PPA_CONTRACTS, PPA_SITE_SHARES, PPA_SETTLEMENTS, CERTIFICATES, CERTIFICATE_EVENTS)
