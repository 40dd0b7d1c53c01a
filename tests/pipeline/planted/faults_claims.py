"""Planted faults of content (内容) about certificates and claims, and of their time (TL06).

One function for each change, one entry for each fault; README.md says how. In January S1 cancels 1–10 and S2 11–20 of the solar park.
"""

from __future__ import annotations

from tests.pipeline.planted.fault import JANUARY, Fault, Found, found, interim
from tests.pipeline.planted.fleet import FARM, PARK, ROOF
from tests.pipeline.planted.tables import Row, Tables

_PRODUCED = {"production_month": JANUARY}
_OF_S1, _OF_S2 = f"{PARK} {JANUARY} 1-10", f"{PARK} {JANUARY} 11-20"


def _park(tables: Tables, kind: str, **more: object) -> Row:
    """The transfer, or a site's cancellation, of the park's certificates of January."""
    return tables.one("certificate_events", project_code=PARK, kind=kind, **_PRODUCED, **more)


def _overlap(tables: Tables) -> None:
    row = tables.one("certificates", project_code=PARK, **_PRODUCED)
    tables.add("certificates", {**row, "seq_start": 5, "seq_end": 15, "gec_code_first": None, "gec_code_last": None})


def _wrong_code(tables: Tables) -> None:
    row = tables.one("certificates", project_code=FARM, **_PRODUCED)
    row["gec_code_first"] = PARK + row["gec_code_first"][17:]


def _not_the_holder(tables: Tables) -> None:
    _park(tables, "transfer")["site_id"] = "S2"


def _withdrawn(tables: Tables) -> None:
    tables.add("certificate_events", {**_park(tables, "cancel", site_id="S1"), "kind": "withdraw", "on": "2026-03-02"})


def _claimed_twice(tables: Tables) -> None:
    tables.add("certificate_events", {**_park(tables, "cancel", site_id="S1"), "site_id": "S2", "on": "2026-02-22"})


def _sold_roof(tables: Tables) -> None:
    tables.set("certificate_events", {"project_code": ROOF, **_PRODUCED}, channel="unbundled", contract_id=None)


def _ccer(tables: Tables) -> None:
    tables.set("certificates", {"project_code": PARK, **_PRODUCED}, ccer="true")


def _issued_too_much(tables: Tables) -> None:
    tables.one("certificates", project_code=ROOF, **_PRODUCED)["seq_end"] = 60


def _more_than_used(tables: Tables) -> None:
    _park(tables, "cancel", site_id="S1")["seq_end"] = 200
    _park(tables, "cancel", site_id="S2").update(seq_start=201, seq_end=210)
    _park(tables, "transfer")["seq_end"] = 210


def _last_years(tables: Tables) -> None:
    _park(tables, "cancel", site_id="S1").update(production_month="2025-12", seq_start=21, seq_end=30)


FAULTS: tuple[Fault, ...] = (
    Fault(
        "issued_twice", "CT09", "two rows issue the same numbers of the solar park: the claims of both sites are withheld",
        "两行重复核发光伏电站的同一编号:两站点的绿电主张均暂缓发布",
        _overlap,
        found(
            Found("S1", JANUARY, "CT09", "withhold", "claims", f"{PARK} {JANUARY} 5-15"), interim("S1", JANUARY),
            Found("S2", JANUARY, "CT09", "withhold", "claims", f"{PARK} {JANUARY} 5-15"), interim("S2", JANUARY),
        ),
    ),
    Fault(
        "code_of_another", "CT09", "the wind farm's certificates carry the code of another project: the row is left out",
        "风电场绿证使用了另一项目的编码:该行不采用,40 MWh 不计入",
        _wrong_code, found(Found("S2", JANUARY, "CT09", "flag", "claims", f"{FARM} {JANUARY} 1-8000")),
    ),
    Fault(
        "not_the_holder", "CT10", "the park's certificates were transferred to S2, and S1 cancels some of them: its claims are withheld",
        "光伏电站绿证划转给 S2,却由 S1 核销一部分:S1 的绿电主张暂缓发布",
        _not_the_holder, found(Found("S1", JANUARY, "CT10", "withhold", "claims", _OF_S1), interim("S1", JANUARY)),
    ),
    Fault(
        "withdrawn", "CT10", "the registry withdraws what S1 had cancelled: nothing may happen after a cancellation, claims are withheld",
        "登记机构撤销了 S1 已核销的绿证:核销后不得再变动,绿电主张暂缓发布",
        _withdrawn,
        found(
            Found("S1", JANUARY, "CT10", "withhold", "claims", _OF_S1), Found("S1", JANUARY, "CT13", "flag", "claims", _OF_S1, True),
            interim("S1", JANUARY),
        ),
    ),
    Fault(
        "claimed_twice", "CT11", "what S1 cancelled is cancelled for S2 as well: the claims of both are withheld",
        "S1 已核销的绿证又被核销给 S2:双方绿电主张均暂缓发布",
        _claimed_twice,
        found(
            Found("S1", JANUARY, "CT11", "withhold", "claims", _OF_S1), interim("S1", JANUARY),
            Found("S2", JANUARY, "CT11", "withhold", "claims", _OF_S1), interim("S2", JANUARY),
        ),
    ),
    Fault(
        "sold_roof", "CT12", "the roof's self-use counts by its meter, and its certificates are cancelled once more as bought ones",
        "屋顶光伏自用电量已按计量主张,其绿证又按外购核销",
        _sold_roof, found(Found("S1", JANUARY, "CT12", "withhold", "claims", f"{ROOF} {JANUARY} 1-6"), interim("S1", JANUARY)),
    ),
    Fault(
        "ccer", "CT13", "the solar park registered the same energy as CCER: 10 MWh of each site are not counted",
        "光伏电站就同一电量登记了 CCER:两站点各 10 MWh 不计入",
        _ccer, found(Found("S1", JANUARY, "CT13", "flag", "claims", _OF_S1), Found("S2", JANUARY, "CT13", "flag", "claims", _OF_S2)),
    ),
    Fault(
        "issued_too_much", "CT14",
        "60 certificates are issued for the roof's January, though its meter shows less: the excess doesn't count",
        "屋顶光伏 1 月核发 60 张绿证,多于计量发电量:超出部分不计入",
        _issued_too_much, found(Found("S1", JANUARY, "CT14", "flag", "claims", f"{ROOF} {JANUARY}")),
    ),
    Fault(
        "more_than_used", "CT18", "S1 cancels 200 MWh for a month in which it used half of that: the share is capped",
        "S1 为某月核销 200 MWh,而用电量约为其一半:比例封顶",
        _more_than_used, found(Found("S1", JANUARY, "CT18", "flag", "claims", "claims")),
    ),
    Fault(
        "last_years", "TL06", "S1 cancels certificates of December 2025 for January 2026: from 2026 on the year must be the same",
        "S1 以 2025 年 12 月的绿证用于 2026 年 1 月:自 2026 年起生产年须与消费年相同",
        _last_years, found(Found("S1", JANUARY, "TL06", "flag", "claims", f"{PARK} 2025-12 21-30")),
    ),
)  # fmt: skip
