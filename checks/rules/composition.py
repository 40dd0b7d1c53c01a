"""What rules say about virtual and shared meters: definitions that are refused, and which finding another one follows from.

Put here the words for a fault of ``meter_parts`` and the way from a virtual meter to its members. BD02 and BD05 are in ``boundary``; which
definition is sound is decided where meters are staged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from checks.findings import SEVERITIES, Finding, Judged
from checks.rules.view import Row, by_key, listed, percent

# A fault of the composition, and what to do about it, in English and Chinese; BD05 says what counts twice, BD02 what counts nowhere.
TWICE = {
    "member_counted": (
        "counts {other} a second time on its side",
        "在同一侧重复计入 {other}",
        "give the members another point, or the virtual meter a point that does not count",
        "请将成员表改为不计入该侧的位置,或更改虚拟表的位置",
    ),
    "parts_cycle": (
        "is a member of itself through {other}",
        "经由 {other} 成为自身的成员",
        "remove one of the members that close the circle",
        "请删除构成循环的成员之一",
    ),
    "shares": (
        "is shared with shares that are below 0 or sum to {other}, above 1",
        "的分摊比例小于 0,或合计为 {other},大于 1",
        "correct factor or valid_to of the shares, so that they sum to at most 1 on every day",
        "请更正 factor 或 valid_to,使每日分摊比例合计不超过 1",
    ),
}
NOWHERE = {
    "unknown_member": (
        "has the member {other}, which is neither a meter in force on those days nor a site",
        "的成员 {other} 既不是当日有效的计量点,也不是站点",
        "correct the member or its dates, or land the meter or site it names",
        "请更正成员编号或日期,或补报该计量点、站点",
    ),
    "factor": (
        "has the member {other} with a factor other than 1 or -1",
        "的成员 {other} 系数不是 1 或 -1",
        "write 1 or -1 for a meter; a share belongs to a site",
        "成员为计量点时请填 1 或 -1;分摊比例只用于站点",
    ),
    "medium": (
        "has the member {other}, which measures another medium",
        "的成员 {other} 介质不同",
        "name members of the meter's own medium",
        "请填写与该表介质相同的成员",
    ),
    "software": (
        "has the member {other}, which is estimated by software and never counts",
        "的成员 {other} 为软件估算,不得计入",
        "name metered members only",
        "请只填写实际计量的成员",
    ),
    "no_members": (
        "is virtual and has no members on some days",
        "为虚拟表,但部分日期没有成员",
        "add its members for those days, or correct its kind or dates",
        "请补充这些日期的成员,或更正其类型、日期",
    ),
    "unregistered": (
        "has parts, but 'meters' does not have it",
        "有组成定义,但不在 meters 中",
        "land the meter in 'meters', or correct meter_id",
        "请在 meters 中登记该表,或更正 meter_id",
    ),
}


def refused(judged: Judged, site_id: str) -> list[Finding]:
    """BD02: virtual and shared meters without a sound definition, at every side they should count on; their energy is unknown."""
    faults = [row for row in judged.of_site("topology_faults", site_id) if row["what"] in NOWHERE]
    faults += [row for row in judged.of_site("topology_faults", None) if row["what"] == "unregistered"]  # of no site: said at each
    findings = []
    for side, rows in by_key([{**row, "side": row["side"] or ""} for row in faults], "side").items():
        for meter, group in by_key(rows, "meter_id").items():
            said = [_said(NOWHERE[what], group, what) for what in sorted({row["what"] for row in group})]
            held, held_zh = (f" It should count: {side} is withheld.", f"该计量点应计入边界:{side} 暂缓发布。") if side else ("", "")
            findings.append(
                Finding(
                    "BD02", site_id, judged.month, "withhold" if side else "flag", meter,
                    f"Meter {meter} {'; '.join(s[0] for s in said)}: its energy is unknown.{held} In 'meter_parts': "
                    f"{'; '.join(s[2] for s in said)}.",
                    f"计量点 {meter} {';'.join(s[1] for s in said)}:其电量未知。{held_zh}"
                    f"在 meter_parts 中:{';'.join(s[3] for s in said)}。",
                    quantity=side, seen=float(len(group)), limit=0.0, unit="faults",
                )
            )  # fmt: skip
    return findings


def _said(words: tuple[str, str, str, str], group: list[Row], what: str) -> tuple[str, str, str, str]:
    others = listed(sorted({str(row["other_id"] or "?") for row in group if row["what"] == what}))
    return (words[0].format(other=others), words[1].format(other=others), words[2], words[3])


def nobodys(judged: Judged, site_id: str) -> list[Finding]:
    """BD02: the part of a shared meter that no site takes is used by somebody, and counted by nobody."""
    findings = []
    for meter, rows in by_key([row for row in judged.of_site("members", site_id) if row["rest"]], "meter_id").items():
        rest = max(row["rest"] for row in rows)
        findings.append(
            Finding(
                "BD02", site_id, judged.month, "flag", meter,
                f"Up to {percent(rest)} of shared meter {meter} belongs to no site in {judged.month}. If a site uses it, add its share to "
                "'meter_parts'.",
                f"{judged.month} 共用表 {meter} 最多有 {percent(rest)} 未分摊给任何站点。如有站点使用,请在 meter_parts 中补充其分摊比例。",
                seen=rest, limit=0.0, unit="1",
            )
        )  # fmt: skip
    return findings


def members_of(judged: Judged, site_id: str) -> dict[str, list[str]]:
    """The members behind each virtual meter of a site: those with registers, or the stated ones where a member has no sound definition."""
    rows = [row for row in judged.of_site("members", site_id) if row["member"]] if "members" in judged.tables else []
    return {meter: [row["member"] for row in group] for meter, group in by_key(rows, "meter_id").items()}


def with_roots(findings: list[Finding], judged: Judged, site_id: str) -> list[Finding]:
    """Findings of one rule in which that of a virtual meter follows from its definition, else from the worst finding of its members."""
    if "topology_faults" not in judged.tables or "members" not in judged.tables:
        return findings
    behind, refusals = members_of(judged, site_id), _refusals(judged, site_id)
    return [f if f.because_of else replace(f, because_of=_root(f, findings, refusals, behind.get(f.subject, []))) for f in findings]


def _refusals(judged: Judged, site_id: str) -> dict[str, list[tuple[str, str]]]:
    """Meters without a sound definition: the side and the code of the finding that says so."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in judged.of_site("topology_faults", site_id):
        if row["what"] in NOWHERE or row["what"] in ("parts_cycle", "shares"):
            found.setdefault(row["meter_id"], []).append((row["side"] or "", "BD02" if row["what"] in NOWHERE else "BD05"))
    return {meter: sorted(faults) for meter, faults in found.items()}


def _root(finding: Finding, findings: Iterable[Finding], refusals: dict[str, list[tuple[str, str]]], behind: list[str]) -> str | None:
    for side, code in refusals.get(finding.subject, ()):
        if side == finding.quantity:
            return replace(finding, code=code).id
    for member in behind:
        for side, code in refusals.get(member, ()):
            return replace(finding, code=code, subject=member, quantity=side).id
    root = worst(f for f in findings if f.subject in behind and f.because_of is None)
    return root.id if root else None


def worst(findings: Iterable[Finding]) -> Finding | None:
    """The one of some findings of TL01 that others follow from: the severest, then the one furthest below its limit, then by subject."""
    return min(findings, key=lambda f: (SEVERITIES.index(f.severity), f.seen, f.subject), default=None)
