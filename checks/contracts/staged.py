"""Staged tables: what is concluded from the feeds, one Parquet a month (docs/architecture.md).

One declaration per table, for polars frames: name, dtype, unit, description. How a table is made stands in ``assets/staging``.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from checks.contracts.base import Contract
from checks.contracts.declare import pp

_INTEGER, _NUMBER, _TEXT, _FLAG = pl.Int64, pl.Float64, pl.String, pl.Boolean
_KINDS: dict[Any, str] = {_INTEGER: "integer", _NUMBER: "number", _TEXT: "text", _FLAG: "boolean"}
_Row = tuple[str, Any, str, str, str]  # name, dtype, unit, English, Chinese; a name with '?' may be null

_SITE: _Row = ("site_id", _TEXT, "", "Site", "数据中心编号")
_METER: _Row = ("meter_id", _TEXT, "", "Meter", "表计编号")
_POINT: _Row = ("point", _TEXT, "", "Where it measures", "计量点位")
_MEDIUM: _Row = ("medium", _TEXT, "", "What flows through it", "计量介质")
_MONTH: _Row = ("month", _TEXT, "", "Month, site-local", "月份(站点当地时间)")
_ENTRY: _Row = ("entry", _INTEGER, "", "Log entry of the row", "日志条目号")
_SOURCE_ROW: _Row = ("source_row", _INTEGER, "", "Row in the file, the header being 1", "文件行号(表头为 1)")
_INTERNAL = "Wh, L, mL"


def _table(name: str, title_en: str, title_zh: str, key: str, *rows: _Row) -> Contract:
    columns = {}
    for label, dtype, unit, en, zh in rows:
        column = label.rstrip("?")
        metadata = {"kind": _KINDS[dtype], "unit": unit}
        columns[column] = pp.Column(dtype, nullable=label.endswith("?"), name=column, title=zh, description=en, metadata=metadata)
    schema = pp.DataFrameSchema(columns, name=name, title=title_zh, description=title_en, strict=True)
    return Contract(name, title_en, title_zh, tuple(key.split()), schema)


_CONTRACTS = (
    _table(
        "interval_energy", "Energy by meter and hour", "逐小时能量(按表计)", "site_id meter_id hour_s",
        ("site_id", _TEXT, "", "Site; empty: what no site shares of a shared meter", "数据中心编号;空为共用表未分摊部分"),
        _METER, _POINT, _MEDIUM,
        ("hour_s", _INTEGER, "s (UTC)", "Start of the site-local clock hour", "当地整点小时的起点"),
        ("quantity?", _INTEGER, _INTERNAL, "What is known plus what is estimated; null: nothing known", "已知量与估算量之和;空为完全未知"),
        ("known_s", _INTEGER, "s", "Seconds known, by metering or estimate", "已知秒数(计量或估算)"),
        ("state", _TEXT, "", "measured, profiled, estimated, substituted, missing", "实测、按曲线分摊、估算、替代、缺失"),
        ("method?", _TEXT, "", "How it was estimated or placed in time", "估算或分摊方法"),
        ("n_readings", _INTEGER, "", "Readings that it rests on", "所依据的读数个数"),
        ("estimated", _INTEGER, _INTERNAL, "Part of the quantity that is estimated", "其中估算部分"),
        _MONTH,
    ),
    _table(
        "interval_energy_rejected", "Readings that were not used, with the rule", "未采用的读数及其规则", "entry source_row meter_id",
        ("meter_id?", _TEXT, "", "Meter", "表计编号"),
        ("at_s?", _INTEGER, "s (UTC)", "When it was read", "抄表时刻"),
        ("value_e6?", _INTEGER, "value × 10⁶", "What it showed", "读数"),
        ("quality?", _TEXT, "", "A, E, S or M", "读数性质"),
        ("raw_at?", _TEXT, "", "Time as written in the file", "文件中的时间原文"),
        ("raw_value?", _TEXT, "", "Value as written in the file", "文件中的读数原文"),
        _ENTRY, _SOURCE_ROW,
        ("rule_code", _TEXT, "", "Rule that it broke", "所违反的规则"),
        ("reason", _TEXT, "", "Why", "原因"),
        ("site_id?", _TEXT, "", "Site", "数据中心编号"),
        _MONTH,
    ),
    _table(
        "meter_facts", "What is known of each meter in a month", "各表计月度概况", "site_id meter_id point",
        _SITE, _METER, _POINT, _MEDIUM,
        ("kind", _TEXT, "", "register, interval, power, software, virtual", "读数类型"),
        ("expected_s", _INTEGER, "s", "Time of the month in which it is valid", "当月有效时长"),
        ("metered_s", _INTEGER, "s", "Time whose energy is metered", "有计量的时长"),
        ("estimated_s", _INTEGER, "s", "Time whose energy is estimated", "估算的时长"),
        ("missing_s", _INTEGER, "s", "Time whose energy is unknown", "缺失的时长"),
        ("quantity?", _INTEGER, _INTERNAL, "Known and estimated quantity of the month", "当月用量(已知与估算)"),
        ("estimated?", _INTEGER, _INTERNAL, "Part of it that is estimated", "其中估算部分"),
        ("n_landed", _INTEGER, "", "Readings landed", "入库读数个数"),
        ("n_valid", _INTEGER, "", "Readings used", "采用的读数个数"),
        ("n_rejected", _INTEGER, "", "Readings rejected", "剔除的读数个数"),
        ("n_superseded", _INTEGER, "", "Readings replaced by a later entry", "被后续条目取代的读数个数"),
        ("n_rollovers", _INTEGER, "", "Rollovers of the register", "翻转次数"),
        ("n_events", _INTEGER, "", "Events", "事件个数"),
        ("median_step_s?", _INTEGER, "s", "Median time between readings", "读数间隔中位数"),
        ("max_hour_quantity?", _INTEGER, _INTERNAL, "Largest hour", "最大小时用量"),
        ("first_at_s?", _INTEGER, "s (UTC)", "First reading of the month", "当月首个读数时刻"),
        ("last_at_s?", _INTEGER, "s (UTC)", "Last reading of the month", "当月末个读数时刻"),
        ("before_at_s?", _INTEGER, "s (UTC)", "Reading before the month from which a metered stretch reaches into it",
         "月前读数时刻(其实测时段延入本月)"),
        ("after_at_s?", _INTEGER, "s (UTC)", "Reading after the month to which a metered stretch reaches out of it",
         "月后读数时刻(实测时段由本月延至该时刻)"),
        _MONTH,
    ),
    _table(
        "anomalies", "What was found odd in readings", "读数异常", "code what meter_id at_s source_row",
        ("site_id?", _TEXT, "", "Site", "数据中心编号"), _METER,
        ("at_s?", _INTEGER, "s (UTC)", "When", "时刻"),
        ("code", _TEXT, "", "Rule: CT01, CT02, CT03, CT04, CT05, CT08, TL04, BD01, ME05", "规则代码"),
        ("what", _TEXT, "", "What was found: glitch, rollover, falling, refused (CT01, CT02: the meter can't be counted) …",
         "异常类别:跳变、翻转、下降、refused(CT01、CT02:该表无法计量)等"),
        ("seen?", _NUMBER, "", "What was seen; of BD01 and TL04 the number of rows, told once a meter",
         "所见值;BD01 与 TL04 为行数,每表一条"),
        ("limit?", _NUMBER, "", "What was allowed", "限值"),
        ("unit", _TEXT, "", "Unit of both", "单位"),
        ("entry?", *_ENTRY[1:]), ("source_row?", *_SOURCE_ROW[1:]), _MONTH,
    ),
    _table(
        "meter_parts", "What virtual and shared meters are made of in a month", "虚拟表与共用表的月度组成", "meter_id role member from_s",
        ("site_id", _TEXT, "", "Site that the meter belongs to", "表计所属数据中心编号"), _METER,
        ("role", _TEXT, "", "virtual: the member is a meter; shared: the member is a site", "virtual:成员为表计;shared:成员为数据中心"),
        ("member", _TEXT, "", "Meter or site", "成员编号"),
        ("factor", _NUMBER, "1", "+1, -1 or the site's share", "正一、负一或分摊比例"),
        ("from_s", _INTEGER, "s (UTC)", "From when", "起始时刻"),
        ("to_s", _INTEGER, "s (UTC)", "Until when, not included", "终止时刻(不含)"),
        ("refused", _TEXT, "", "Why the definition is refused; empty: it is sound", "定义被拒的原因;空为有效"), _MONTH,
    ),
    _table(
        "repairs", "What was repaired in the month of a meter", "表计月度修复明细", "site_id meter_id what method at_s",
        _SITE, _METER, _MEDIUM,
        ("what", _TEXT, "", "rollover, replacement, glitch, filled, placed, missing …", "修复类别"),
        ("method?", _TEXT, "", "How hours were estimated or placed", "估算或分摊方法"),
        ("at_s?", _INTEGER, "s (UTC)", "First occurrence", "首次时刻"),
        ("n", _INTEGER, "", "Occurrences, or hours", "次数或小时数"),
        ("quantity?", _INTEGER, _INTERNAL, "Quantity of the hours", "所涉小时的用量"),
        ("old_value?", _NUMBER, "", "Last value of the old register, as shown", "旧表底数(原示数)"),
        ("new_value?", _NUMBER, "", "First value of the new register, as shown", "新表起数(原示数)"), _MONTH,
    ),
    _table(
        "energies", "Energies of a site and the contribution of each meter", "站点各项能量及各表计贡献", "site_id measure meter_id",
        _SITE,
        ("measure", _TEXT, "", "E_DC, E_IT, water …, point:grid_supply …", "量名"),
        ("meter_id", _TEXT, "", "Meter; empty: the site's total", "表计编号;空为站点合计"),
        ("sign", _INTEGER, "", "+1 or -1", "正负号"),
        ("quantity?", _INTEGER, _INTERNAL, "Signed contribution; null: unknown", "带符号的贡献;空为未知"),
        ("known_s", _INTEGER, "s", "Seconds known, by metering or estimate", "已知秒数(计量或估算)"),
        ("metered_s", _INTEGER, "s", "Seconds of wholly metered hours, before estimation", "完整计量小时的秒数(估算前)"),
        ("expected_s", _INTEGER, "s", "Seconds expected", "应有秒数"),
        ("estimated?", _INTEGER, _INTERNAL, "Part that is estimated", "其中估算部分"),
        _MONTH,
    ),
    _table(
        "energy_balance", "Balance of each node of the metering forest", "计量树各节点的能量平衡", "site_id node_id",
        _SITE,
        ("node_id", _TEXT, "", "Meter with loads below it", "节点表计编号"),
        ("inflow?", _INTEGER, _INTERNAL, "Its own meter and the sources attached to it", "流入:本表与接入该节点的电源"),
        ("outflow?", _INTEGER, _INTERNAL, "Loads attached to it, export and charging of storage", "流出:下级负荷、上网与储能充电"),
        ("residual?", _INTEGER, _INTERNAL, "Inflow less outflow; null: no hour known on all sides", "流入与流出之差;空为无共同已知小时"),
        ("known_s", _INTEGER, "s", "Seconds of the hours in which all of the node is metered", "节点各表均有计量的秒数"),
        ("class_error?", _NUMBER, _INTERNAL, "√Σ(class·E)² of its meters", "合成误差 √Σ(准确度等级·电量)²"),
        _MONTH,
    ),
    _table(
        "inventory", "Equipment of a site in a month, from snapshots", "站点月度设备盘点(取自快照)", "site_id",
        _SITE, _MONTH,
        ("snapshot_on?", _TEXT, "", "Day of the snapshot used", "所用快照日期"),
        ("carried_days?", _INTEGER, "d", "Days that the snapshot was carried forward", "快照沿用天数"),
        ("racks_fitted?", _INTEGER, "", "Racks with mechanical and electrical fit-out", "已完成机电配套的机架数"),
        ("racks_rated_w?", _INTEGER, "W", "Rated power of those racks", "上述机架额定功率合计"),
        ("racks_used?", _INTEGER, "", "Racks in use", "在用机架数"),
        ("racks_lost?", _INTEGER, "",
         "Fitted racks of the snapshots of the year before that are gone without retired_on (project convention)",
         "一年内早前快照中有、现已消失且未填退役日期的已配套机架数(本项目约定)"),
        ("rated_w?", _INTEGER, "W", "Rated power of the powered devices that state it", "已填额定功率的加电设备额定功率合计"),
        ("rated_known_share?", _NUMBER, "1", "Share of powered devices whose rated power is known", "额定功率已知的加电设备占比"),
        ("gflops?", _NUMBER, "GFLOPS", "FP32 compute of powered servers", "加电服务器单精度算力"),
        ("fp32_hours?", _NUMBER, "TFLOPS·h", "FP32 compute over the hours of the month", "当月算力小时"),
        ("fp32_used_hours?", _NUMBER, "TFLOPS·h", "The part of it that was used", "其中已利用部分"),
        ("cpu_fp32_hours?", _NUMBER, "TFLOPS·h", "The same of CPU servers", "其中 CPU 服务器"),
        ("cpu_used_hours?", _NUMBER, "TFLOPS·h", "Used of CPU servers", "CPU 服务器已利用部分"),
        ("gpu_fp32_hours?", _NUMBER, "TFLOPS·h", "The same of GPU servers", "其中 GPU 服务器"),
        ("gpu_used_hours?", _NUMBER, "TFLOPS·h", "Used of GPU servers", "GPU 服务器已利用部分"),
        ("utilisation_coverage?", _NUMBER, "1", "Share of capacity and hours whose utilisation is known", "利用率已知的容量与时长占比"),
        ("storage_tb?", _NUMBER, "TB", "Storage capacity", "存储容量"),
        ("network_gbps?", _NUMBER, "Gbps", "Network capacity", "网络带宽"),
        ("status", _TEXT, "", "measured, carried_forward, not_reported, withheld", "状态"),
        ("reason?", _TEXT, "", "Why there is no value", "无值原因"),
    ),
    _table(
        "claims", "Claims of green power and what became of them", "绿电主张及其认定",
        "source project_code production_month seq_start meter_id site_id",
        ("site_id?", _TEXT, "", "Site; null: of a contract without shares", "数据中心编号;空为合同未分摊"), _MONTH,
        ("route?", _TEXT, "", "How it was acquired", "获取方式"),
        ("source", _TEXT, "", "certificate, onsite", "来源"),
        ("project_code?", _TEXT, "", "Project", "项目代码"),
        ("production_month?", _TEXT, "", "Month of generation", "生产月份"),
        ("seq_start?", _INTEGER, "", "First certificate number", "起始序号"),
        ("seq_end?", _INTEGER, "", "Last certificate number, included", "终止序号(含)"),
        ("contract_id?", _TEXT, "", "Contract", "合同编号"),
        ("meter_id?", _TEXT, "", "Generation meter", "发电表编号"),
        ("quantity_wh", _INTEGER, "Wh", "Quantity", "数量"),
        ("carbon_free", _FLAG, "", "Whether its own emission rate is zero", "自身排放是否为零"),
        ("weight?", _NUMBER, "1", "Weight of its route", "获取方式权重"),
        ("status", _TEXT, "", "eligible, pending, excluded", "认定:有效、待核销、剔除"),
        ("reason?", _TEXT, "", "Why it does not count", "不计入的原因"),
        ("evidence?", _TEXT, "", "File name of its document", "佐证文件名"),
        ("entry?", *_ENTRY[1:]), ("source_row?", *_SOURCE_ROW[1:]),
    ),
    _table(
        "boundary", "The collection boundary: what is counted, by which meters, and what else is in scope",
        "数据采集边界:计入范围、表计及相关合同与绿证", "site_id kind id",
        _SITE,
        ("kind", _TEXT, "", "subject, meter, contract, certificate", "类别:事项、表计、合同、绿证"),
        ("id", _TEXT, "", "What it is: a subject's name, meter_id, contract_id, range of certificates", "名称或编号"),
        ("role", _TEXT, "",
         "Of a meter: the sides on which it counts, signed, or check, member, not_counted; of a contract: kind; of certificates: route",
         "表计:计入的侧与正负,或 check、member、not_counted;合同:类型;绿证:获取方式"),
        ("attributes", _TEXT, "", "Everything else that is known of it, as canonical JSON", "其余已知属性(规范 JSON)"),
        ("cadence_s?", _INTEGER, "s", "Median time between readings; no part of the boundary's digest", "读数间隔中位数(不计入边界摘要)"),
        ("entry?", *_ENTRY[1:]), ("source_row?", *_SOURCE_ROW[1:]), _MONTH,
    ),
    _table(
        "coverage", "Metered time by meter and day, before estimation", "逐日计量时长(估算之前)", "site_id feed subject day",
        _SITE,
        ("feed", _TEXT, "", "meter_readings; of utilisation and telemetry the hours in which anything was said", "数据集"),
        ("subject", _TEXT, "", "Meter; empty: the site's feed as a whole", "表计编号;空为站点整体"),
        ("day", _TEXT, "", "Site-local day", "当地日期"),
        ("side", _TEXT, "", "Sides on which the meter counts, separated by spaces", "计入的侧(以空格分隔)"),
        ("expected_s", _INTEGER, "s", "Time of the day in which it is valid", "当日应计量时长"),
        ("metered_s", _INTEGER, "s", "Wholly metered hours among it: estimates do not count", "其中完整计量的小时(估算不计)"),
        _MONTH,
    ),
    _table(
        "gaps", "Stretches in which a meter has no wholly metered hour", "未计量时段(按表计)", "site_id meter_id from_s",
        _SITE, _METER, _POINT,
        ("side", _TEXT, "", "Sides that it reaches, itself or through a virtual meter", "所影响的侧(含经虚拟表)"),
        ("from_s", _INTEGER, "s (UTC)", "First second without metering", "缺口起"),
        ("to_s", _INTEGER, "s (UTC)", "First second after it", "缺口止"),
        _MONTH,
    ),
    _table(
        "reported", "What was said of the month, feed by feed", "当月各数据集报送情况", "site_id feed",
        _SITE,
        ("feed", _TEXT, "", "Feed", "数据集"),
        ("state", _TEXT, "", "present, carried_forward, declared, absent, not_expected", "已报、沿用、申报、缺、无须报送"),
        ("rows", _INTEGER, "", "Rows that belong to the month", "属于当月的行数"),
        ("latest", _TEXT, "", "Day of the newest snapshot or assessment", "最近的快照或评估日期"),
        ("missing", _TEXT, "", "Contracts without a settlement of the month", "缺当月结算的合同"),
        _MONTH,
    ),
)  # fmt: skip

STAGED: dict[str, Contract] = {contract.name: contract for contract in _CONTRACTS}
