"""Planted faults whose root is a rule of the boundary (边界, BD).

One function for each change, one entry for each fault; README.md says how.
"""

from __future__ import annotations

from tests.pipeline.planted import fleet
from tests.pipeline.planted.fault import JANUARY, Fault, Found, each_month, found, interim
from tests.pipeline.planted.tables import MONTHS, Tables, hours_in

DECEMBER = MONTHS[0]


def _stranger(t: Tables) -> None:
    t.readings("S1-C")[100:100] = [{"meter_id": "S1-NEW", "read_at": "2026-01-05 10:00", "value": "17.00", "quality": "A"}]


def _cooling_at_a_water_point(t: Tables) -> None:
    t.set("meters", {"meter_id": "S1-C"}, medium="water", unit="m3", capacity=None)


def _meter_of_no_site(t: Tables) -> None:
    t.add("meters", fleet.meter("S1-Y", "lighting", site_id="S9"))


def _software_supply(t: Tables) -> None:
    t.set("sites", {"site_id": "S1"}, supply_points=2)
    t.add("meters", fleet.meter("S1-G2", "grid_supply", kind="software", unit="kW", register_digits=None))
    t.flows["S1-G2"] = list(t.flows["S1-C"])


def _unmetered_supply(t: Tables) -> None:
    t.set("sites", {"site_id": "S1"}, supply_points=2)


def _sources_unsaid(t: Tables) -> None:
    t.set("sites", {"site_id": "S2"}, onsite_sources=None)
    t.drop("declarations", site_id="S2", subject="onsite_generation")


def _direct_line(t: Tables) -> None:
    t.set("ppa_contracts", {"contract_id": "K2"}, kind="direct_line")


def _no_category(t: Tables) -> None:
    t.set("sites", {"site_id": "S2"}, pue_category=None)


def _category_without_meters(t: Tables) -> None:
    t.set("sites", {"site_id": "S2"}, pue_category=1)


def _software_it(t: Tables) -> None:
    t.set("meters", {"meter_id": "S2-I2"}, kind="software", unit="kW", interval_minutes=None, interval_label=None)


def _it_below_it(t: Tables) -> None:
    t.set("meters", {"meter_id": "S1-P2"}, parent_meter_id="S1-P1")


def _dangling_parent(t: Tables) -> None:
    t.set("meters", {"meter_id": "S1-X"}, parent_meter_id="S1-T1")


def _wrong_ratio(t: Tables) -> None:
    t.set("meters", {"meter_id": "S1-C"}, multiplier=2)


def _fast_pdu_meter(t: Tables) -> None:
    t.scale("S1-P1", hours_in(JANUARY), 104, 100)


def _missing_point(t: Tables) -> None:
    t.drop("meters", meter_id="S2-I2")
    del t.flows["S2-I2"]


def _it_above_supply(t: Tables) -> None:
    t.scale("S1-G", hours_in(JANUARY), 7, 10)
    t.rows["bills"] = fleet.bills(t)


def _office_unsaid(t: Tables) -> None:
    t.set("meters", {"meter_id": "S2-X"}, point="auxiliary")


def _new_meter(t: Tables) -> None:
    t.scale("S1-P2", hours_in(DECEMBER), 0)
    fleet.settle(t)
    t.set("meters", {"meter_id": "S1-P2"}, valid_from="2026-01-01")
    t.lose("S1-P2", "2025-12", "2026-01-01 00:00")


def _waterless(t: Tables) -> None:
    t.set("sites", {"site_id": "S1"}, water_supply_points=2)


def _no_wue_category(t: Tables) -> None:
    t.set("sites", {"site_id": "S1"}, wue_category=None)


def _export_unsaid(t: Tables) -> None:
    t.set("meters", {"meter_id": "S1-EX"}, point="auxiliary")


def _exports_too_much(t: Tables) -> None:
    t.flows["S1-EX"] = [ticks * 6 // 5 for ticks in t.flows["S1-PV"]]
    fleet.settle(t)


def _attribute_sold(t: Tables) -> None:
    t.set("ppa_contracts", {"contract_id": "K1"}, attribute_clause="separate")


def _hours_unknown(t: Tables) -> None:
    interval = {"kind": "interval", "interval_minutes": 60, "interval_label": "start", "register_digits": None}
    t.set("meters", {"meter_id": "S1-EX"}, **interval)
    t.set("meters", {"meter_id": "S1-BG"}, **interval)
    t.lose("S1-PV", "2026-01-13 00:30", "2026-01-14 12:30")
    t.lose("S1-BG", "2026-01-13 00:00", "2026-01-13 18:00")
    t.lose("S1-EX", "2026-01-13 18:00", "2026-01-14 12:00")
    for meter in ("S1-EX", "S1-BG"):  # two of them at a time: no balance can tell them apart
        t.lose(meter, "2026-01-20 00:00", "2026-01-20 18:00")


def _shares_above_one(t: Tables) -> None:
    t.set("ppa_site_shares", {"contract_id": "K3", "site_id": "S1"}, share_ratio=0.6)


def _unknown_share_holder(t: Tables) -> None:
    t.set("ppa_site_shares", {"contract_id": "K3", "site_id": "S1"}, share_ratio=0.4)
    t.add("ppa_site_shares", {"contract_id": "K3", "site_id": "S7", "share_ratio": 0.1, "valid_from": "2025-01-01"})


def _ended_contract(t: Tables) -> None:
    t.set("ppa_contracts", {"contract_id": "K3"}, end_on="2025-11-30")


def _homeless_device(t: Tables) -> None:
    t.set("devices", {"device_id": "S1-D00", "snapshot_on": "2026-01-31"}, rack_id=None)


def _lost_room(t: Tables) -> None:
    t.set("racks", {"rack_id": "S2-R2", "snapshot_on": "2026-01-31"}, rack_id="S2-R3", room="S2-101")
    t.set("devices", {"rack_id": "S2-R2", "snapshot_on": "2026-01-31"}, rack_id="S2-R3")


def _rack_of_no_site(t: Tables) -> None:
    t.add("racks", {**t.all("racks", rack_id="S1-R1")[1], "rack_id": "S9-R1", "site_id": "S9"})


def _held(site_id: str, code: str, quantity: str, subject: str) -> list[Found]:
    """A quantity withheld in both months, and what follows in the trailing window."""
    return [*each_month(Found(site_id, DECEMBER, code, "withhold", quantity, subject)), *interim(site_id, DECEMBER)]


FAULTS: tuple[Fault, ...] = (
    Fault(
        "stranger", "BD01",
        "the file of readings holds one of a meter that nobody registered: it is rejected, and said at every site",
        "读数文件中有一条未登记计量点的读数:予以拒绝,并在各站点提示",
        _stranger,
        found(Found("S1", JANUARY, "BD01", "info", "", "S1-NEW"), Found("S2", JANUARY, "BD01", "info", "", "S1-NEW")),
    ),
    Fault(
        "cooling_measures_water", "BD02",
        "a cooling meter of S1 is registered with the medium water: the point does not fit, and its electricity is missing from the "
        "balance",
        "S1 的制冷电表介质误填为水:与位置不符,其电量在平衡中缺失",
        _cooling_at_a_water_point,
        found(
            each_month(Found("S1", DECEMBER, "BD02", "flag", "", "S1-C")),
            each_month(Found("S1", DECEMBER, "BD06", "flag", "E_DC", "residual", True)),
        ),
    ),
    Fault(
        "meter_of_no_site", "BD02",
        "a meter names a site that 'sites' does not have: it counts nowhere, and is said at every site",
        "一块计量表所填站点不在 sites 中:不计入任何站点,并在各站点提示",
        _meter_of_no_site,
        found(each_month(Found(site, DECEMBER, "BD02", "flag", "", "S1-Y")) for site in ("S1", "S2")),
    ),
    Fault(
        "unmetered_supply", "BD03",
        "S1 has two supplies, and one of them has no meter: E_DC is withheld", "S1 有两路进线,其中一路未计量:E_DC 暂缓发布",
        _unmetered_supply, found(_held("S1", "BD03", "E_DC", "grid_supply")),
    ),
    Fault(
        "software_supply", "BD03",
        "the second supply of S1 is only estimated by software, which closes no supply: E_DC is withheld",
        "S1 的第二路进线仅由软件估算,不能视为已计量:E_DC 暂缓发布",
        _software_supply, found(_held("S1", "BD03", "E_DC", "grid_supply")),
    ),
    Fault(
        "sources_unsaid", "BD03",
        "S2 neither says how many on-site sources it has nor declares that there are none", "S2 既未填站内电源数,也未申报没有站内发电",
        _sources_unsaid, found(each_month(Found("S2", DECEMBER, "BD03", "flag", "E_DC", "onsite_generation"))),
    ),
    Fault(
        "unmetered_direct_line", "BD03",
        "a contract supplies S2 over a direct line that no meter measures: E_DC is withheld",
        "合同约定经直连线路向 S2 供电,但该线路没有计量:E_DC 暂缓发布",
        _direct_line, found(_held("S2", "BD03", "E_DC", "direct_line")),
    ),
    Fault(
        "no_pue_category", "BD04",
        "S2 states no PUE category, so that no meter counts as IT: E_IT is withheld", "S2 未填 PUE 类别,IT 计量位置不明:E_IT 暂缓发布",
        _no_category, found(_held("S2", "BD04", "E_IT", "pue_category")),
    ),
    Fault(
        "category_without_meters", "BD04",
        "S2 states category 1, and has no meter at a UPS output: E_IT is withheld", "S2 填为类别 1,但 UPS 输出没有计量:E_IT 暂缓发布",
        _category_without_meters, found(_held("S2", "BD04", "E_IT", "ups_output")),
    ),
    Fault(
        "software_it", "BD04",
        "one of S2's two IT meters is power estimated by software: it never counts, E_IT is withheld and the balance lacks it",
        "S2 的两块 IT 表之一为软件估算功率:不得计入,E_IT 暂缓发布,平衡中亦缺失",
        _software_it,
        found(_held("S2", "BD04", "E_IT", "S2-I2"), each_month(Found("S2", DECEMBER, "BD06", "flag", "E_DC", "residual", True))),
    ),
    Fault(
        "it_below_it", "BD05",
        "a PDU of S1 is registered below another PDU, and both count: E_IT is withheld",
        "S1 的一块 PDU 表登记在另一块 PDU 表之下,二者均计入:E_IT 暂缓发布",
        _it_below_it,
        found(_held("S1", "BD05", "E_IT", "S1-P2"), each_month(Found("S1", DECEMBER, "BD06", "flag", "E_IT", "ups_output", True))),
    ),
    Fault(
        "dangling_parent", "BD05",
        "the office meter of S1 names a parent that does not exist", "S1 办公电表所填上级表不存在",
        _dangling_parent, found(each_month(Found("S1", DECEMBER, "BD05", "flag", "E_DC", "S1-X"))),
    ),
    Fault(
        "wrong_ratio", "BD06",
        "the cooling meter of S1 has twice its multiplier: more flows out of the site than into it, E_DC and E_IT are withheld",
        "S1 制冷电表倍率多填一倍:全站流出大于流入,E_DC、E_IT 暂缓发布",
        _wrong_ratio,
        found(
            _held("S1", "BD06", "E_DC", "site"),
            each_month(Found("S1", DECEMBER, "BD06", "withhold", "E_IT", "site", True)),
            each_month(Found("S1", DECEMBER, "BD06", "flag", "E_DC", "S1-G", True)),
        ),
    ),
    Fault(
        "fast_pdu_meter", "BD06",
        "a PDU meter of S1 runs 4 % too fast in January: its UPS gives out more than went in",
        "S1 一块 PDU 表一月偏快 4 %:UPS 节点流出大于流入",
        _fast_pdu_meter, found(Found("S1", JANUARY, "BD06", "flag", "E_DC", "S1-U")),
    ),
    Fault(
        "missing_point", "BD06",
        "an IT meter of S2 was never registered: a third of the inflow reaches no meter",
        "S2 的一块 IT 表从未登记:约三分之一流入电量未到达任何计量点",
        _missing_point, found(each_month(Found("S2", DECEMBER, "BD06", "flag", "E_DC", "residual"))),
    ),
    Fault(
        "it_above_supply", "BD07",
        "the supply of S1 shows (and bills) three tenths too little in January: IT takes more than the site, E_DC and E_IT are withheld",
        "S1 进线一月少计(账单亦然)三成:IT 电量大于总电量,E_DC、E_IT 暂缓发布",
        _it_above_supply,
        found(
            Found("S1", JANUARY, "BD07", "withhold", "E_DC", "month"),
            Found("S1", JANUARY, "BD07", "withhold", "E_IT", "month", True),
            Found("S1", JANUARY, "BD07", "flag", "E_IT", "days", True),
            Found("S1", JANUARY, "BD06", "withhold", "E_DC", "site", True),
            Found("S1", JANUARY, "BD06", "withhold", "E_IT", "site", True),
            Found("S1", JANUARY, "BD06", "flag", "E_DC", "S1-G", True),
            interim("S1", JANUARY),
        ),
    ),
    Fault(
        "office_unsaid", "BD08",
        "nothing of S2 is metered as excluded, and nobody declares that there are no shared loads",
        "S2 没有 excluded 计量,也未申报没有共用负荷",
        _office_unsaid, found(each_month(Found("S2", DECEMBER, "BD08", "flag", "E_DC", "shared_load"))),
    ),
    Fault(
        "unannounced_meter", "BD09",
        "an IT meter of S1 appears in January without an event: E_IT is withheld", "S1 一月新增一块 IT 表而无事件:E_IT 暂缓发布",
        _new_meter, found(Found("S1", JANUARY, "BD09", "withhold", "E_IT", "S1-P2"), interim("S1", JANUARY)),
    ),
    Fault(
        "unmetered_water", "BD10",
        "S1 has two water supplies, and one of them has no meter: water is withheld", "S1 有两路进水,其中一路未计量:用水暂缓发布",
        _waterless, found(_held("S1", "BD10", "water", "water_supply")),
    ),
    Fault(
        "no_wue_category", "BD10",
        "S1 states no WUE category: water is withheld", "S1 未填 WUE 类别:用水暂缓发布",
        _no_wue_category, found(_held("S1", "BD10", "water", "wue_category")),
    ),
    Fault(
        "export_unsaid", "BD11",
        "S1 generates, and its export meter is registered at another point: E_DC and claims are withheld",
        "S1 有站内发电,而上网表登记在其他位置:E_DC 与绿电主张暂缓发布",
        _export_unsaid,
        found(_held("S1", "BD11", "E_DC", "export"), each_month(Found("S1", DECEMBER, "BD11", "withhold", "claims", "export", True))),
    ),
    Fault(
        "exports_too_much", "BD11",
        "S1 exports more than its roof generates: generation is not metered gross, E_DC and claims are withheld",
        "S1 上网电量大于屋顶光伏发电量:发电并非毛电量,E_DC 与绿电主张暂缓发布",
        _exports_too_much,
        found(_held("S1", "BD11", "E_DC", "gross"), each_month(Found("S1", DECEMBER, "BD11", "withhold", "claims", "gross", True))),
    ),
    Fault(
        "attribute_sold", "BD11",
        "the contract of S1's roof conveys its attribute to somebody else: claims are withheld, and CT12 follows",
        "S1 屋顶光伏合同约定环境权益另售:绿电主张暂缓发布,CT12 随之",
        _attribute_sold,
        found(_held("S1", "BD11", "claims", "K1"), each_month(Found("S1", DECEMBER, "CT12", "withhold", "claims", "K1", True))),
    ),
    Fault(
        "hours_unknown", "BD12",
        "generation, export and backup of S1 are silent for 36 hours each, two at a time: 7 % of the hours can't be known on both sides",
        "S1 的发电、上网、备用发电各缺 36 小时,且两两同时:7 % 的小时两侧无法同时已知",
        _hours_unknown,
        found(
            Found("S1", JANUARY, "BD12", "withhold", "E_IT", "D1"),
            Found("S1", JANUARY, "BD12", "withhold", "E_DC", "D1", True),
            interim("S1", JANUARY),
        ),
    ),
    Fault(
        "shares_above_one", "BD13",
        "two sites share a contract 0.6 and 0.5: the claims of both are withheld", "两站点分摊同一合同 0.6 与 0.5:双方绿电主张暂缓发布",
        _shares_above_one, found(_held(site, "BD13", "claims", "K3") for site in ("S1", "S2")),
    ),
    Fault(
        "unknown_share_holder", "BD13",
        "a contract has a share for a site that does not exist: the claims of its other sites are withheld",
        "合同分摊给不存在的站点:其余站点的绿电主张暂缓发布",
        _unknown_share_holder, found(_held(site, "BD13", "claims", "K3") for site in ("S1", "S2")),
    ),
    Fault(
        "ended_contract", "BD13",
        "certificates are claimed under a contract that ended in November: the claims of both sites are withheld",
        "按十一月已到期的合同主张绿证:双方绿电主张暂缓发布",
        _ended_contract, found(_held(site, "BD13", "claims", "K3") for site in ("S1", "S2")),
    ),
    Fault(
        "homeless_device", "BD14",
        "a powered device of S1 has no rack and no reason", "S1 一台加电设备没有机架,也未说明原因",
        _homeless_device, found(Found("S1", JANUARY, "BD14", "flag", "inventory", "no rack")),
    ),
    Fault(
        "lost_room", "BD14",
        "a room of S2 is not in January's snapshot any more", "S2 的一个机房不在一月快照中",
        _lost_room, found(Found("S2", JANUARY, "BD14", "flag", "inventory", "S2-102")),
    ),
    Fault(
        "rack_of_no_site", "BD14",
        "a rack names a site that 'sites' does not have: it counts nowhere, and is said at every site",
        "一个机架所填站点不在 sites 中:不计入任何站点,并在各站点提示",
        _rack_of_no_site, found(Found(site, JANUARY, "BD14", "flag", "", "racks of S9") for site in ("S1", "S2")),
    ),
)  # fmt: skip
