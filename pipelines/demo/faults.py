"""The faults planted in the simulated fleet, and what must be found because of them.

One list, read three ways: by the generator, which breaks the data so; by ``docs/demo.md``, whose table is compared with it; and by
``expected_findings``, which is compared with what the rules find. How a fault is put into rows is in ``breaking``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.demo.fleet import MONTHS, SITES
from resources.calendar import add_months

NONE = "—"  # nothing must fire
_FOLLOWS = " (folded under the finding it follows from · 归并于其根源问题)"


@dataclass(frozen=True)
class Expected:
    """A finding that must be there: site, rule and subject in the month of its fault; ``follows`` when another finding is its cause."""

    site_id: str
    rule: str
    subject: str
    follows: bool = False


@dataclass(frozen=True)
class Fault:
    """One planted fault: ``subject`` is what was broken, ``at`` the local time it starts, ``count`` how many rows or MWh it concerns."""

    key: str
    month: str
    site_id: str
    subject: str
    en: str
    zh: str
    at: str = ""
    count: int = 0
    finds: tuple[Expected, ...] = ()


_RANGE = "SIMHLWIND00000005 2025-04 72-115"

FAULTS: dict[str, Fault] = {
    fault.key: fault
    for fault in (
        Fault(
            "claimed_twice", "2025-03", "HL01", "SIMHLSOLR00000002",
            "the roof's self-use is claimed by its meter, and its certificates are cancelled once more as bought ones: claims are withheld",
            "屋顶光伏自用电量已按计量主张,其绿证又按外购核销:绿电主张暂缓发布",
            count=30, finds=(Expected("HL01", "CT12", "SIMHLSOLR00000002 2025-03 1-30"),),
        ),
        Fault(
            "short_gap", "2025-05", "HL02", "HL02-I3",
            "two readings are missing: half an hour is estimated, far below every limit", "缺两个读数:估算半小时,远未触及限值",
            at="2025-05-13 11:15", count=2,
        ),
        Fault(
            "duplicates", "2025-05", "HL03", "HL03-G1",
            "twelve rows stand twice in the file with the same value: one of each is kept", "文件中十二行重复且数值相同:各取其一",
            at="2025-05-06 08:00", count=12,
        ),
        Fault(
            "rollover", "2025-06", "HL01", "HL01-P7",
            "the register passes its last digit and starts again at 0", "表底翻转,从 0 重新开始",
            at="2025-06-18 14:15", finds=(Expected("HL01", "CT08", "HL01-P7"),),
        ),
        Fault(
            "no_document", "2025-06", "HL03", "G1.analysis",
            "the assessment of G1.analysis names a document that was never handed in: it does not score until the next assessment",
            "G1.analysis 的评估所列文件从未提交:下次评估之前该项不计分",
            finds=(Expected("HL03", "CT15", "HL03-assessment-2025-06-05.txt"),),
        ),
        Fault(
            "dropout", "2025-07", "HL02", "HL02-G2",
            "one poll reads 0 between two good readings", "一次采集读到 0,前后读数正常",
            at="2025-07-09 03:30", count=1, finds=(Expected("HL02", "CT04", "HL02-G2"),),
        ),
        Fault(
            "spike", "2025-07", "HL03", "HL03-U3",
            "one interval shows sixty times its energy, above the capacity: it becomes a gap",
            "一个区间的电量放大为六十倍,超过容量:按缺口处理",
            at="2025-07-23 13:30", count=1, finds=(Expected("HL03", "CT05", "HL03-U3"),),
        ),
        Fault(
            "replacement", "2025-08", "HL01", "HL01-P4",
            "the meter is replaced, with its event (old and new value): the month is exact", "换表并有事件记录(新旧表底):当月电量准确",
            at="2025-08-19 10:07",
        ),
        Fault(
            "two_sites", "2025-08", "HL03", "SIMHLWIND00000005",
            "HL03's certificate range is cancelled for HL02 as well: the claims of both are withheld",
            "HL03 的绿证号段又被核销给 HL02:双方绿电主张均暂缓发布",
            finds=(Expected("HL02", "CT11", _RANGE), Expected("HL03", "CT11", _RANGE)),
        ),
        Fault(
            "conflict", "2025-09", "HL02", "HL02-J3",
            "three instants stand twice in the file with different values: all six rows are rejected",
            "文件中三个时刻各有两行且数值不同:六行全部拒绝",
            at="2025-09-16 20:00", count=3, finds=(Expected("HL02", "CT03", "HL02-J3"),),
        ),
        Fault(
            "long_gap", "2025-10", "HL02", "HL02-I5",
            "nine hours of readings are missing: estimated from the PDU above; 98.8 % of the month is metered, above every limit",
            "缺九小时读数:按上级 PDU 的平衡估算;当月 98.8 % 有计量,未触及限值",
            at="2025-10-21 01:15", count=36,
        ),
        Fault(
            "silent", "2025-11", "HL03", "HL03-U2",
            "the IT meter is silent for ten days: they are estimated from the node above, but E_IT is withheld, and with it PUE",
            "IT 计量表连续十天无读数:按上级节点平衡估算,但 E_IT 暂缓发布,PUE 随之暂缓",
            at="2025-11-09 00:15", count=960,
            finds=(Expected("HL03", "TL01", "HL03-U2"), Expected("HL03", "ME05", "E_IT", follows=True)),
        ),
        Fault(
            "dropout_newest", "2026-03", "HL01", "HL01-C2",
            "one poll reads 0 between two good readings", "一次采集读到 0,前后读数正常",
            at="2026-03-24 16:45", count=1, finds=(Expected("HL01", "CT04", "HL01-C2"),),
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class TableRow:
    """A row of the table in ``docs/demo.md``: months from ``first`` to ``last``."""

    first: str
    last: str
    site_id: str
    rule: str
    subject: str
    text: str

    def cells(self) -> tuple[str, str, str, str, str]:
        month = self.first if self.first == self.last else f"{self.first} … {self.last}"
        return month, self.site_id, self.rule, self.subject, self.text


# What a fault withholds makes the trailing values interim until its month has left the window (TL08).
_WITHHOLDING = ("CT11", "CT12", "TL01")
_WINDOW = 12
_TOO_YOUNG = ("fewer than twelve months of history: trailing values are interim", "历史不足十二个月:滚动值为阶段值")
_INTERIM = ("trailing values that hold the withheld month are interim", "含暂缓发布月份的滚动值为阶段值")

# Grid factors of 2023 were published after the cut-off of these months, which keep those of 2022 (TL09): no fault, but said.
_LAST_OLD_FACTORS = "2025-11"
_VINTAGE = "grid factors 2023"
_CANDIDATE = (
    "grid factors of 2023 were published after the month's cut-off: a candidate for the yearly restatement",
    "2023 年电网因子在当月截止日之后公布:年度重述的候选",
)

Findings = set[tuple[str, str, str, str]]  # month, site, rule, subject


def table() -> list[TableRow]:
    """Every row of the table, by month: one for each finding, one with rule ``—`` for a fault that must not fire."""
    rows = [
        TableRow(fault.month, fault.month, found.site_id, found.rule, found.subject, _text(fault.en, fault.zh, follows=found.follows))
        for fault in FAULTS.values()
        for found in fault.finds or (Expected(fault.site_id, NONE, fault.subject),)
    ]
    for site_id in SITES:
        rows.append(TableRow(MONTHS[0], MONTHS[_WINDOW - 2], site_id, "TL08", "history", _text(*_TOO_YOUNG)))
        rows.append(TableRow(MONTHS[0], _LAST_OLD_FACTORS, site_id, "TL09", _VINTAGE, _text(*_CANDIDATE)))
        if withheld := _withheld_months(site_id, MONTHS):
            last = min(add_months(withheld[-1], _WINDOW - 1), MONTHS[-1])
            rows.append(TableRow(withheld[0], last, site_id, "TL08", "withheld", _text(*_INTERIM, follows=True)))
    return sorted(rows, key=lambda row: (row.first, row.last, row.site_id, row.rule, row.subject))


def _text(en: str, zh: str, *, follows: bool = False) -> str:
    return f"{en} · {zh}" + (_FOLLOWS if follows else "")


def expected_findings(months: Sequence[str]) -> Findings:
    """What the rules must find, and nothing else, when exactly ``months`` (consecutive) are landed and computed.

    Findings that follow from another (``because_of``) are left out: see ``following_findings``.
    """
    found = _planted(months, follows=False)
    for site_id in SITES:
        found |= {(month, site_id, "TL08", "history") for month in months[: _WINDOW - 1]}
        found |= {(month, site_id, "TL09", _VINTAGE) for month in months if month <= _LAST_OLD_FACTORS}
    return found


def following_findings(months: Sequence[str]) -> Findings:
    """What must be found because of a planted fault and is folded under its finding, when exactly ``months`` are landed and computed."""
    found = _planted(months, follows=True)
    for site_id in SITES:
        for gone in _withheld_months(site_id, months):
            interim = (month for month in months if gone <= month < add_months(gone, _WINDOW))
            found |= {(month, site_id, "TL08", "withheld") for month in interim}
    return found


def _planted(months: Sequence[str], *, follows: bool) -> Findings:
    return {
        (fault.month, one.site_id, one.rule, one.subject)
        for fault in FAULTS.values()
        for one in fault.finds
        if fault.month in months and one.follows == follows
    }


def _withheld_months(site_id: str, months: Sequence[str]) -> list[str]:
    """Months of a site in which a planted fault withholds a quantity, oldest first."""
    withheld = (fault for fault in FAULTS.values() for one in fault.finds if one.site_id == site_id and one.rule in _WITHHOLDING)
    return sorted({fault.month for fault in withheld} & set(months))
