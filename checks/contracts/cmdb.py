"""Feeds about equipment: racks, devices, utilisation.

Snapshots of the configuration database, and how busy the equipment is.
"""

from __future__ import annotations

from checks.contracts.base import Contract, choice, date, flag, instant, integer, number, table, text

_SITE = ("Site that it stands in", "所属数据中心编号", "站点编号 数据中心编号 机房编号 园区编号 所属站点")
_SNAPSHOT = ("Day of the snapshot", "快照日期", "快照日期 盘点日期 数据日期")

RACKS = table(
    "racks", "Snapshot of racks", "机架快照", key="rack_id snapshot_on",
    columns=[
        text("rack_id", "Identifier of the rack, unique in the fleet", "机架编号,机群内唯一", "机架编号 机柜编号", required=True),
        text("site_id", *_SITE, required=True),
        date("snapshot_on", *_SNAPSHOT, required=True),
        text("room", "Room", "机房(房间)", "房间 机房 模块"),
        integer("u_height", "Height", "高度", "高度 U数 机柜高度", required=True, unit="U", min=1),
        number("rated_kw", "Rated power", "额定功率", "额定功率 机柜功率", required=True, unit="kW", min=0),
        date("fitted_on", "Day on which mechanical and electrical fit-out was complete", "机电配套完成日期", "配套完成日期 上电日期"),
        date("retired_on", "Day of retirement", "退役日期", "退役日期 下架日期"),
        flag("ai_rack", "A rack for AI servers", "是否智算机柜", "智算机柜 是否智算机柜"),
    ],
)  # fmt: skip

DEVICES = table(
    "devices", "Snapshot of devices", "设备快照", key="device_id snapshot_on",
    columns=[
        text("device_id", "Identifier of the device, unique in the fleet", "设备编号,机群内唯一", "设备编号 资产编号", required=True),
        text("site_id", *_SITE, required=True),
        date("snapshot_on", *_SNAPSHOT, required=True),
        text("rack_id", "Rack that it stands in", "所在机架编号", "机架编号 机柜编号 所在机柜"),
        choice("kind", "Kind of device", "设备类型", {
            "server": "服务器 通用服务器", "gpu_server": "GPU服务器 智算服务器", "storage": "存储 存储设备", "network": "网络 网络设备",
            "other": "其他",
        }, "设备类型 类型", required=True),
        number("u_size", "Height", "占用高度", "占用U数 设备高度", unit="U", min=0),
        number("rated_w", "Rated power", "额定功率", "额定功率 设备功率", unit="W", min=0),
        flag("powered_on", "Whether it is powered", "是否加电", "是否加电 加电 开机"),
        number("fp32_tflops", "Peak compute in FP32", "单精度(FP32)算力", "算力 FP32算力 单精度算力", unit="TFLOPS", min=0),
        number("storage_tb", "Storage capacity", "存储容量", "存储容量", unit="TB", min=0),
        number("network_gbps", "Network capacity", "网络带宽", "网络带宽 带宽", unit="Gbps", min=0),
        text("model", "Model", "型号", "型号 设备型号"),
        text("parent_device_id", "Device that it is part of (its chassis)", "上级设备编号(机箱)", "上级设备 机箱编号"),
        integer("psu_count", "Power supplies", "电源模块数", "电源数 电源模块数", min=0),
        number("psu_w", "Rated power of one power supply", "单个电源模块额定功率", "电源功率 单电源功率", unit="W", min=0),
        text("no_rack_reason", "Why it stands in no rack", "不在机架内的原因", "无机架原因"),
        date("commissioned_on", "Day of commissioning", "投产日期", "投产日期 上线日期"),
        date("retired_on", "Day of retirement", "退役日期", "退役日期 下线日期"),
    ],
)  # fmt: skip

UTILISATION = table(
    "utilisation", "Utilisation of processors", "处理器利用率", key="scope site_id device_id at", time_column="at",
    columns=[
        choice("scope", "Of one device, or of the whole site", "范围:单台设备或全站", {"device": "设备", "site": "站点 全站"},
               "范围 统计范围", required=True),
        text("site_id", *_SITE, required=True),
        instant("at", "Start of the interval", "时间(区间起点)", "时间 采集时间", required=True),
        text("device_id", "Device; blank for the site", "设备编号;全站留空", "设备编号 资产编号"),
        number("cpu_ratio", "Utilisation of CPUs, 0 to 1", "CPU 利用率,0 到 1", "CPU利用率", unit="1", min=0, max=1),
        number("gpu_ratio", "Utilisation of GPUs, 0 to 1", "GPU 利用率,0 到 1", "GPU利用率", unit="1", min=0, max=1),
    ],
)  # fmt: skip

CONTRACTS: tuple[Contract, ...] = (RACKS, DEVICES, UTILISATION)
