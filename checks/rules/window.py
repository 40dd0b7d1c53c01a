"""Rules of method (方法) about the trailing window: its months measure the same thing (ME06).

Put here what makes months unfit to be summed. How many of them are valid is said by TL08 in ``timeliness``.
"""

from __future__ import annotations

from itertools import pairwise

from checks.findings import Finding, Judged, NotChecked
from checks.rules.view import by_key, missing

_NAMES = {"pue_category": ("PUE", "IT energy is measured at another point"), "wue_category": ("WUE", "the ratio covers other water")}
_NAMES_ZH = {"pue_category": "IT 电量的计量位置不同", "wue_category": "用水所含范围不同"}


def categories_constant(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """Months of different categories measure different things: their sum is the PUE or WUE of neither, and no trailing value is given.

    理由:类别不同的月份口径不同,合并后的滚动 PUE、WUE 没有意义,滚动值暂缓发布;当月值不受影响。

    Source: checks.md ME06; GB 40879-2021 and ISO/IEC 30134-2 (categories are not comparable).
    """
    if absent := missing(judged, "window_categories"):
        return absent
    rows = judged.of_site("window_categories", site_id)
    if not rows:
        return NotChecked(f"no month of the window up to {judged.month} has a PUE or WUE", f"截至 {judged.month} 的滚动窗口内没有 PUE、WUE")
    findings = []
    for what, own in by_key(rows, "what").items():
        months = sorted(own, key=lambda row: row["month"])
        if len({row["category"] for row in months}) <= 1:
            continue
        changed = [
            (after["month"], before["category"], after["category"])
            for before, after in pairwise(months)
            if before["category"] != after["category"]
        ]
        said = "; ".join(f"{old or '–'} → {new or '–'} in {month}" for month, old, new in changed)
        said_zh = ";".join(f"{month} 由 {old or '–'} 改为 {new or '–'}" for month, old, new in changed)
        name, why = _NAMES[what]
        findings.append(
            Finding(
                "ME06", site_id, judged.month, "withhold", what,
                f"The {name} category changes within the trailing window ({said}): {why}, and trailing values that mix them are withheld; "
                f"the month's own are not. They return when the window holds one category; correct {what} in 'sites' if it was not meant.",
                f"滚动窗口内 {name} 类别变更({said_zh}):{_NAMES_ZH[what]},混合口径的滚动值暂缓发布,当月值不受影响。"
                f"窗口内类别一致后自动恢复;如属误填,请在 sites 中更正 {what}。",
                seen=float(len({row["category"] for row in months})), limit=1.0, unit="categories",
            )
        )  # fmt: skip
    return findings
