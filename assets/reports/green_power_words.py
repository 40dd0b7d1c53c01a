"""The green power of a site-year in words: the sentences at the top of the page, routes, reasons and differences, in English and Chinese.

For ``gci certificates`` and the report alike. Only words: the figures are in ``green_power.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assets.reports.green_power import EXPIRING_DAYS, FEEDS
from assets.reports.words import chinese, percent

Pair = tuple[str, str]
Found = Mapping[str, Any]

DIFFERENCES: dict[str, Pair] = {
    "issued twice": ("issued twice", "重复核发"),
    "transferred, not issued": ("transferred, but never issued", "已划转但无核发记录"),
    "cancelled, not issued": ("cancelled, but never issued", "已核销但无核发记录"),
    "cancelled twice": ("cancelled twice", "重复核销"),
    "cancelled before issue": ("cancelled before it was issued", "核销早于核发"),
    "cancelled and ended": ("cancelled, and expired, frozen or withdrawn", "已核销又过期、冻结或撤销"),
    "cancelled, not transferred": ("cancelled without a transfer", "核销前无划转"),
    "claimed twice": ("in two claims", "出现在两项主张中"),
    "claimed, not validly cancelled": ("claimed without a valid cancellation", "未有效核销而主张"),
    "cancelled, in no claim": ("validly cancelled, in no claim", "有效核销但不在任何主张中"),
}


def mwh(value: float | None) -> str:
    """MWh with one decimal, none where it is whole; unknown is a dash."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def route(found: Found, name: str | None) -> Pair:
    """The name of an acquisition route; what is excluded has none."""
    if name is None:
        return "–", "–"
    en, zh = found["routes"].get(name, (name.replace("_", " "), name))
    return str(en), str(zh)


def short_route(found: Found, name: str) -> Pair:
    """The name of a route as a heading: what tells it from the others."""
    en, zh = route(found, name)
    return ", ".join(en.split(", ")[:2]), zh


def reason(group: Found) -> Pair:
    return group["reason"] or "", group["reason_zh"] or group["reason"] or ""


def numbers(row: Found) -> str:
    """``2026-01 1-250``: production month and numbers of a range; '' where a claim has none."""
    return "" if row["seq_start"] is None else f"{row['production_month']} {row['seq_start']}-{row['seq_end']}"


def source(row: Found) -> str:
    """``certificate_events/2026.csv:12``: file and row as a spreadsheet shows it."""
    return f"{row['file']}:{row['source_row']}" if row["file"] else "–"


def months(names: list[str]) -> str:
    """``2026-01 … 03 (3)``: the first and last of some months of one year, and how many they are."""
    if len(names) < 2:
        return " ".join(names)
    return f"{names[0]} … {names[-1][5:]} ({len(names)})"


def runs(names: list[str]) -> list[str]:
    """Months of one year as stretches without a hole: ``2026-01``, ``2026-05 … 12``."""
    found: list[list[str]] = []
    for name in names:
        if found and int(found[-1][-1][5:]) + 1 == int(name[5:]):
            found[-1].append(name)
        else:
            found.append([name])
    return [run[0] if len(run) == 1 else f"{run[0]} … {run[-1][5:]}" for run in found]


def status(month: Found) -> Pair:
    """What stands for the share of a month that has none, and the rules that withhold it."""
    rules = " ".join(month["rules_failed"])
    return f"{month['status'].replace('_', ' ')} {rules}".strip(), f"{chinese(month['status'])} {rules}".strip()


def sentences(found: Found) -> list[Pair]:
    """What the page comes to, most important first."""
    said = [_share(found)]
    total = found["sum"]
    if total["surplus_mwh"]:
        said.append((
            f"{mwh(total['surplus_mwh'])} MWh are claimed beyond the month's electricity: surplus, counted nowhere.",
            f"{mwh(total['surplus_mwh'])} MWh 超出当月用电量,为盈余,不计入。",
        ))  # fmt: skip
    if total["pending_mwh"]:
        said.append((
            f"{mwh(total['pending_mwh'])} MWh wait: held, settled or metered, not cancelled. They count when they are cancelled.",
            f"{mwh(total['pending_mwh'])} MWh 待核销(已持有、已结算或已计量),核销后方可计入。",
        ))  # fmt: skip
    if left_out := total["excluded_mwh"]:
        same = total["metered_mwh"]
        of_them = f" {mwh(same)} MWh of them are certificates of energy that counts by its meter already." if same else ""
        of_them_zh = f"其中 {mwh(same)} MWh 为已按计量计入电量的绿证。" if same else ""
        said.append((
            f"{mwh(left_out)} MWh do not count; the reasons are below.{of_them}", f"{mwh(left_out)} MWh 不计入,原因见下。{of_them_zh}"
        ))  # fmt: skip
    said += _stock(found)
    if found["claims_open"]:
        said.append((
            "Claims of the year are not complete: certificates may still come, and the share is provisional.",
            "本年主张尚未齐全:绿证仍可能核发或核销,占比为暂定值。",
        ))  # fmt: skip
    said.append(_agreement(found["books"]))
    if missing := found["not_computed"]:
        said.append((
            f"Not computed: {', '.join(runs(missing))}. Run 'gci backfill {missing[0]} {missing[-1]}' when their data are landed.",
            f"未计算:{'、'.join(runs(missing))}。数据入库后请运行 'gci backfill {missing[0]} {missing[-1]}'。",
        ))  # fmt: skip
    return said


def _share(found: Found) -> Pair:
    total = found["sum"]
    if nothing(found):
        names = ", ".join(FEEDS)
        return (
            f"Nothing says what electricity of {found['site_id']} is green in {found['year']}. Drop files into landing/ ({names}) and "
            "their documents into landing/evidence/; templates/ has one of each. An on-site plant counts by its meter.",
            f"没有任何数据说明 {found['site_id']} {found['year']} 年的绿色电力。请将文件放入 landing/({names}),证明文件放入 "
            "landing/evidence/,样表见 templates/。现场发电按计量计入。",
        )
    if total["share"] is None:
        return "No share can be given: see the status of the months.", "暂无占比,原因见各月状态。"
    counted, used = mwh(total["counted_mwh"]), mwh(sum(m["electricity_mwh"] for m in found["months"] if m["share"] is not None))
    n = total["months_with_share"]
    return (
        f"Green, proven and counted: {counted} of {used} MWh in {n} month{'' if n == 1 else 's'}, {percent(total['share'])} of what was "
        "used.",
        f"已证明并计入的绿电:{n} 个月共 {counted} MWh,占用电量 {used} MWh 的 {percent(total['share'])}。",
    )


def nothing(found: Found) -> bool:
    """Whether nothing at all is known of the year's green power: no claim of any status, nothing held."""
    return not any(found[name] for name in ("claimed", "withheld", "pending", "excluded", "held"))


def _stock(found: Found) -> list[Pair]:
    said = []
    if soon := found["expiring"]:
        amount = sum(row["mwh"] for row in soon)
        said.append((
            f"{mwh(amount)} MWh of held certificates must be cancelled within {EXPIRING_DAYS} days of {found['today']}, the first by "
            f"{soon[0]['usable_to']}.",
            f"所持绿证中 {mwh(amount)} MWh 须在 {found['today']} 起 {EXPIRING_DAYS} 日内核销,最早截止 {soon[0]['usable_to']}。",
        ))  # fmt: skip
    if gone := found["lapsed"]:
        amount = sum(row["mwh"] for row in gone)
        said.append((
            f"{mwh(amount)} MWh of held certificates were not used in time and count for nothing.",
            f"所持绿证中 {mwh(amount)} MWh 逾期未用,不再计入。",
        ))  # fmt: skip
    return said


def _agreement(books: Found) -> Pair:
    if not books["project_months"]:
        return "No certificates are concerned.", "不涉及绿证。"
    if not books["agree"]:
        return (
            f"The books do not agree with the claims: {mwh(books['lost'])} MWh are in no claim, {mwh(books['claimed_wrongly'])} MWh are "
            "claimed wrongly (CT11).",
            f"绿证账目与主张不符:{mwh(books['lost'])} MWh 未进入任何主张,{mwh(books['claimed_wrongly'])} MWh 主张有误(CT11)。",
        )
    kinds = list(dict.fromkeys(row["kind"] for row in books["differences"]))
    odd = f"; at odds in the files: {', '.join(DIFFERENCES[kind][0] for kind in kinds)}" if kinds else ""
    odd_zh = f";文件中存在差异:{'、'.join(DIFFERENCES[kind][1] for kind in kinds)}" if kinds else ""
    return (
        f"A second count of every number agrees with the claims of all sites{odd}.",
        f"逐号独立复核与全部站点的主张一致{odd_zh}。",
    )
