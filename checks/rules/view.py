"""How a rule looks at the judged tables: rows of a site, sides, shares, and the words of a message.

Put here what several rules need: picking rows as plain dictionaries, saying that an input is absent, the share rule, formatting.
No rule stands here. Nothing imports pandas: the frames come in ready, so that the catalogue can be read without it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import wraps
from itertools import count as up_from
from typing import Concatenate, ParamSpec, TypeVar

from checks.findings import Finding, Judged, NotChecked, Row
from resources.calendar import local_text, month_first_day, month_last_day

P = ParamSpec("P")
T = TypeVar("T")
SIDES = ("E_DC", "E_IT", "water")
SIDE_NAMES = {"E_DC": ("the supply side", "供电侧"), "E_IT": ("the IT side", "IT 侧"), "water": ("the water side", "用水侧")}

# What an absent table means to a person.
_INPUTS = {
    "sites": ("the feed 'sites'", "数据集 sites"),
    "meters": ("the feed 'meters'", "数据集 meters"),
    "meter_facts": ("the month's meter statistics", "当月计量点统计"),
    "anomalies": ("the month's list of anomalies", "当月异常清单"),
    "rejected_counts": ("the counts of rejected readings", "被拒读数统计"),
    "counted": ("the list of counted meters", "计入边界的计量点清单"),
    "members": ("the members of virtual meters", "虚拟表的成员"),
    "topology_faults": ("the meter topology", "计量拓扑"),
    "energies": ("the month's energies", "当月电量与水量汇总"),
    "side_days": ("the daily energies of both sides", "两侧逐日电量"),
    "day_peaks": ("the daily peaks of the meters", "计量点逐日峰值"),
    "feeds_rejected": ("the list of rows that break their contract", "不符合数据约定的行清单"),
    "feeds_counts": ("the row counts of the feeds", "各数据集行数"),
    "feeds_conflicts": ("the list of repeated keys", "重复主键清单"),
    "claims": ("the month's claims", "当月绿电主张"),
    "claim_conflicts": ("the comparison of claims", "绿电主张比对"),
    "certificate_differences": ("the books of the certificates", "绿证账目"),
    "practices": ("the feed 'practices'", "数据集 practices"),
    "factors_missing": ("the factor look-up", "排放因子查询结果"),
    "window": ("the trailing window", "滚动窗口"),
    "stuck": ("the list of meters that repeat themselves", "读数重复的计量点清单"),
    "zeros": ("the list of stretches at zero", "连续为零时段清单"),
    "inventory": ("the month's inventory", "当月设备台账汇总"),
    "snapshot_days": ("the days of the CMDB snapshots", "CMDB 快照日期"),
    "late_entries": ("the list of entries landed after the cut-off", "截止日之后入库条目清单"),
    "grid_vintages": ("the choice of grid factors", "电网排放因子选择结果"),
    "checklist_items": ("the checklist items of the edition", "指标版本的检查项"),
    "meters_before": ("the meters of the month before", "上月计量点"),
    "counted_before": ("the counted meters of the month before", "上月计入边界的计量点"),
    "meter_events": ("the feed 'meter_events'", "数据集 meter_events"),
    "declarations": ("the feed 'declarations'", "数据集 declarations"),
    "assumed": ("the list of blanks filled by a default", "按缺省值填充的空白清单"),
    "energy_balance": ("the balance of the metering nodes", "计量节点平衡"),
    "bill_checks": ("the comparison of bills and meters", "账单与计量比对"),
    "manual_readings": ("the counts of manual readings", "人工读数统计"),
    "ppa_contracts": ("the feed 'ppa_contracts'", "数据集 ppa_contracts"),
    "ppa_site_shares": ("the feed 'ppa_site_shares'", "数据集 ppa_site_shares"),
    "racks": ("the feed 'racks'", "数据集 racks"),
    "devices": ("the feed 'devices'", "数据集 devices"),
    "window_categories": ("the categories of the trailing window", "滚动窗口内的类别"),
}


def missing(judged: Judged, *tables: str) -> NotChecked | None:
    """NotChecked naming the first of ``tables`` that is absent; None when all are there."""
    for table in tables:
        if table not in judged.tables:
            en, zh = _INPUTS[table]
            return NotChecked(f"{en} is absent in {judged.month}", f"{judged.month} 缺少{zh}")
    return None


def once(look: Callable[Concatenate[Judged, P], T]) -> Callable[Concatenate[Judged, P], T]:
    """A look at the tables that is taken once, however many rules and sites ask; what it gives is shared: a rule never changes it."""

    @wraps(look)
    def kept(judged: Judged, *args: P.args, **kwargs: P.kwargs) -> T:
        key = (look, args, *kwargs.items())
        if key not in judged.kept:
            judged.kept[key] = look(judged, *args, **kwargs)
        found: T = judged.kept[key]
        return found

    return kept


@once
def site_row(judged: Judged, site_id: str) -> Row:
    """The newest ``sites`` row valid in the month; empty when there is none."""
    last = month_last_day(judged.month).isoformat()
    valid = [row for row in judged.of_site("sites", site_id) if (row.get("valid_from") or "") <= last]
    return max(valid, key=lambda row: row.get("valid_from") or "", default={})


def outside_operation(judged: Judged, site_id: str) -> NotChecked | None:
    """NotChecked while a site is not in operation, so that it has no boundary yet or any more; None when it operates.

    Planned, under construction or not yet commissioned by the end of the month, or retired. What its meters show has precedence: a
    site whose IT takes energy operates, and so does a retired one with any counted meter, whatever its row says.
    """
    site = site_row(judged, site_id)
    if not site:
        return NotChecked(f"'sites' has no row valid in {judged.month}", f"sites 中没有 {judged.month} 有效的行")
    stage, begun = site.get("stage"), site.get("commissioned_on")
    if stage == "retired" and not sides_by_meter(judged, site_id):
        return NotChecked(f"the site is retired and has no counted meter in {judged.month}", f"站点已退役,{judged.month} 没有计入的计量点")
    energies = judged.of_site("energies", site_id) if "energies" in judged.tables else []
    if any(row["measure"] == "E_IT" and (row["quantity"] or 0) > 0 for row in energies):
        return None
    if stage in ("planning", "construction"):
        return NotChecked(f"the site is in stage {stage} in {judged.month}", f"{judged.month} 站点处于 {stage} 阶段")
    if begun and begun > month_last_day(judged.month).isoformat():
        return NotChecked(f"the site is commissioned on {begun}, after {judged.month}", f"站点于 {begun} 投产,晚于 {judged.month}")
    return None


@once
def meters_of(judged: Judged, site_id: str) -> list[Row]:
    """The site's ``meters`` rows in force on a day of the month: a newer row of a meter ends the one before it."""
    first, last = month_first_day(judged.month).isoformat(), month_last_day(judged.month).isoformat()
    found: list[Row] = []
    for versions in by_key(judged.of_site("meters", site_id), "meter_id").values():
        ordered = sorted(versions, key=lambda row: row["valid_from"] or "")
        for row, after in zip(ordered, [*ordered[1:], None], strict=True):
            until = row["valid_to"] or "9999-12-31"
            if after is not None:
                day_before = date.fromisoformat(after["valid_from"]) - timedelta(days=1)
                until = min(until, day_before.isoformat())
            if (row["valid_from"] or "") <= last and until >= max(first, row["valid_from"] or ""):
                found.append({**row, "valid_to": until})
    return found


@once
def declared_none(judged: Judged, site_id: str, *subjects: str) -> bool:
    """Whether the site declared any of the subjects to be none, in force in the month."""
    if "declarations" not in judged.tables:
        return False
    first, last = month_first_day(judged.month).isoformat(), month_last_day(judged.month).isoformat()
    return any(
        row["subject"] in subjects and (row.get("valid_from") or "") <= last and (row.get("valid_to") or "9999") >= first
        for row in judged.of_site("declarations", site_id)
    )


# sides and shares ---------------------------------------------------------------------------------------------------


@once
def sides_by_meter(judged: Judged, site_id: str) -> dict[str, list[str]]:
    """The sides each counted meter of the site counts on, in the order of SIDES."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in judged.of_site("counted", site_id):
        found[row["meter_id"]].add(row["side"])
    return {meter: [side for side in SIDES if side in sides] for meter, sides in found.items()}


@once
def sides_reached(judged: Judged, site_id: str) -> dict[str, list[str]]:
    """As ``sides_by_meter``, and the sides that the members of counted virtual meters reach through them: their faults are the sum's."""
    own = sides_by_meter(judged, site_id)
    found = {meter: set(sides) for meter, sides in own.items()}
    for row in judged.of_site("members", site_id) if "members" in judged.tables else ():
        if row["member"] and row["meter_id"] in own:
            found.setdefault(row["member"], set()).update(own[row["meter_id"]])
    return {meter: [side for side in SIDES if side in sides] for meter, sides in found.items()}


@once
def shares_of(judged: Judged, site_id: str, side: str) -> dict[str, float]:
    """Known shares of a side's energy by meter: of the month, else of the last known month. Signs don't matter.

    A member of a virtual meter carries what the virtual meter does: without it none of that is known.
    """
    if "shares" not in judged.tables:
        return {}
    known: dict[str, float] = {}
    for row in judged.of_site("shares", site_id):
        share = row["share"] if row["share"] is not None else row["last_known_share"]
        if row["side"] == side and share is not None:
            known[row["meter_id"]] = abs(float(share))
    for row in judged.of_site("members", site_id) if "members" in judged.tables else ():
        if row["member"] and row["meter_id"] in known:
            carried = known[row["meter_id"]]
            known[row["member"]] = max(known.get(row["member"], carried), carried)
    return known


def share_rule(judged: Judged, known: Mapping[str, float], meters: Iterable[str]) -> tuple[bool, float | None]:
    """Whether meters at fault withhold their side, and the share they carry together (None when it is not known).

    ``known`` is what ``shares_of`` gave for the side. They withhold it from ``SHARE.material`` of the side on (checks.md, share rule). A
    share known neither for this month nor for an earlier one counts as material: an unknown is never assumed to be small.
    """
    chosen = list(meters)
    total = sum(known.get(meter, 0.0) for meter in chosen)
    if chosen and total >= judged.limit("SHARE", "material") - 1e-12:
        return True, total
    if any(meter not in known for meter in chosen):
        return True, None
    return False, total


def spread(finding: Finding, quantities: Sequence[str]) -> list[Finding]:
    """One finding for each quantity that a single fault spoils; the others follow from the first."""
    root = replace(finding, quantity=quantities[0])
    return [root, *(replace(finding, quantity=quantity, because_of=finding.because_of or root.id) for quantity in quantities[1:])]


# words --------------------------------------------------------------------------------------------------------------


def percent(share: float, limit: float | None = None) -> str:
    """``67.3 %``: one decimal, more where ``apart`` needs them; ``90 %`` is exact."""
    return f"{apart(share * 100, None if limit is None else limit * 100)} %"


def apart(value: float, limit: float | None = None, places: int = 1) -> str:
    """A number with some decimals, and more only where they would not show on which side of ``limit`` it lies; none when it is whole."""
    exact, bound = round(value, 9), None if limit is None else round(limit, 9)
    if exact.is_integer():
        return f"{exact:.0f}"
    enough = next(n for n in up_from(places) if bound is None or _side(round(exact, n), bound) == _side(exact, bound))  # nine at most
    return f"{exact:.{enough}f}"


def _side(value: float, bound: float) -> int:
    return (value > bound) - (value < bound)


# How a quantity in a medium's internal unit (metering.md §1) is written for people.
_WRITTEN = {"electricity": (1000, "kWh"), "heat": (1000, "kWh"), "water": (1, "L"), "diesel": (1000, "L"), "natural_gas": (1000, "Nm3")}


def amount(quantity: float, medium: str = "electricity") -> str:
    """A quantity in the internal unit of its medium as people read it: ``1,300 kWh``."""
    scale, unit = _WRITTEN[medium]
    return f"{quantity / scale:,.0f} {unit}"


def kwh(wh: float) -> float:
    """Electricity in the unit in which findings state it."""
    return wh / 1000


def several(count: int, one: str, many: str = "") -> str:
    """``1 glitch``, ``2 glitches``; without ``many`` an s is added."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(items: Iterable[str], most: int = 5) -> str:
    """The first few of some names, and how many more there are."""
    names = list(items)
    return ", ".join(names[:most]) + (f" … (+{len(names) - most})" if len(names) > most else "")


def rows_counted(rows: Iterable[Row]) -> int:
    """How many readings some anomalies stand for that are told once for a meter, with their number (BD01, TL04)."""
    return sum(int(row["seen"]) for row in rows)


def refs(rows: Iterable[Row], most: int = 5) -> tuple[tuple[int, int], ...]:
    """The first few ``(entry, source_row)`` of rows that came from a file."""
    known = [row for row in rows if row.get("entry") is not None and row.get("source_row") is not None]
    return tuple((int(row["entry"]), int(row["source_row"])) for row in known[:most])


def zone_of(judged: Judged, site_id: str) -> str:
    """The time zone in which a site's messages are written (UTC when its row names none)."""
    return (site_row(judged, site_id).get("timezone") if "sites" in judged.tables else None) or "UTC"


def moment(zone: str, at_s: int | None) -> str:
    """An instant in a time zone."""
    return "?" if at_s is None else local_text(int(at_s), zone)


def by_key(rows: Iterable[Row], key: str) -> dict[str, list[Row]]:
    """Rows grouped by a text column, groups in text order."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[str(row[key])].append(row)
    return dict(sorted(groups.items()))
