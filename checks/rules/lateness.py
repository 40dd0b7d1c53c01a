"""A rule of time (时限) about what arrives late: facts of a month that were landed after it was fixed.

Put here what is said of late entries. How much of a month is missing is ``timeliness``.
"""

from __future__ import annotations

from checks.findings import Finding, Judged, NotChecked
from checks.rules.view import by_key, missing, moment, refs, several, zone_of


def landed_in_time(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """A month is fixed once: what is landed for it afterwards changes a number that others may have used, so it is named.

    理由:月度数据在截止日固定;此后入库的条目会改变他人可能已引用的数值,须予说明。

    Until months are closed by approval, a month is fixed at the end of its scheduled cut-off day ([close] cutoff_day): entries landed
    after it are late at a site of which something of the month had been landed before. A month that was landed whole after its
    cut-off, as a history that is filled in, had nothing to be late against and passes.

    Source: checks.md TL03; close.md (one clock).
    """
    if absent := missing(judged, "late_entries", "feeds_counts"):
        return absent
    rows = judged.of_site("late_entries", site_id)
    if not rows and not judged.of_site("feeds_counts", site_id):
        return NotChecked("the site has no rows in any feed", "该站点在任何数据集中均无数据")
    zone, findings = zone_of(judged, site_id), []
    for feed, group in by_key(rows, "feed").items():
        count, entries = sum(int(row["rows"]) for row in group), len({row["entry"] for row in group})
        first = min(int(row["landed_s"]) for row in group)
        cutoff = moment(zone, max(int(row["cutoff_s"]) for row in group) - 1)
        findings.append(
            Finding(
                "TL03", site_id, judged.month, "info", feed,
                f"{several(count, 'row')} of '{feed}' for {judged.month} came in {several(entries, 'file')} landed "
                "after the month's cut-off "
                f"({cutoff}), the first at {moment(zone, first)}. They are counted here; tell those who used the earlier numbers, and send "
                "the data of a month by its cut-off.",
                f"{feed} 有 {count} 行 {judged.month} 的数据({entries} 个文件)在截止日({cutoff})之后入库,最早于 {moment(zone, first)}。"
                "现已计入;请告知已引用原数值者,并在截止日前报送当月数据。",
                seen=float(count), limit=0.0, unit="rows", rows=refs(group),
            )
        )  # fmt: skip
    return findings
