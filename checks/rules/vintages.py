"""A rule of time (时限) about emission factors: which vintage a month uses, and that a later one exists.

Put here what is said of a factor's publication. That a factor is missing is ``claims`` (CT16).
"""

from __future__ import annotations

from checks.findings import Finding, Judged, NotChecked
from checks.rules.view import by_key, listed, missing


def newest_by_then(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """A month uses the newest factor published by its scheduled cut-off, whenever it is computed; a later vintage is a candidate for the
    yearly restatement, never a silent change.

    理由:每月采用其截止日前已公布的最新因子;此后公布的版本仅作为年度重述的候选,不得悄然替换。截止日前尚无公布的,采用其后首个版本并予说明。

    Source: checks.md TL09; green-power.md §1.5 (project convention).
    """
    if absent := missing(judged, "grid_vintages"):
        return absent
    rows = judged.of_site("grid_vintages", site_id)
    if not rows:
        return NotChecked(f"no grid factor was looked up for {judged.month}", f"{judged.month} 未查询电网排放因子")
    findings = []
    for vintage, group in by_key([row for row in rows if row["later_vintage"] is not None], "later_vintage").items():
        names, first = listed(f"{row['geography']} {row['kind']}" for row in group), group[0]
        findings.append(
            Finding(
                "TL09", site_id, judged.month, "info", f"grid factors {vintage}",
                f"Grid factors of {vintage} were published on {first['later_published_on']}, after the cut-off of "
                f"{judged.month}, which uses "
                f"those of {first['vintage']} ({names}). Nothing is to be done now: they are a candidate for the yearly restatement.",
                f"{vintage} 年电网排放因子于 {first['later_published_on']} 公布,晚于 {judged.month} 的截止日;当月仍采"
                f"用 {first['vintage']} 年因子"
                f"({names})。目前无需处理,可在年度重述时采用。",
                quantity="factors", seen=float(vintage), limit=float(first["vintage"]), unit="year",
            )
        )  # fmt: skip
    for vintage, group in by_key([row for row in rows if row["published_late"]], "vintage").items():
        names, first = listed(f"{row['geography']} {row['kind']}" for row in group), group[0]
        findings.append(
            Finding(
                "TL09", site_id, judged.month, "info", f"first grid factors {vintage}",
                f"No grid factor had been published by the cut-off of {judged.month}: the first ones after it are "
                f"used, those of {vintage}, "
                f"published on {first['published_on']} ({names}). Nothing is to be done.",
                f"截至 {judged.month} 的截止日尚无电网排放因子公布:采用其后首个版本,即 {first['published_on']} 公布的"
                f" {vintage} 年因子({names})。"
                "无需处理。",
                quantity="factors", seen=float(vintage), limit=None, unit="year",
            )
        )  # fmt: skip
    return findings
