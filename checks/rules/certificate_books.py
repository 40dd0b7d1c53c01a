"""The rule that holds the claims against the books of the certificates (CT11).

Put here the words for what the second computation found in the claims: it is made in ``assets/staging/certificate_books.py``. What is at
odds among the landed rows themselves is told by ``claims`` and ``certificates``.
"""

from __future__ import annotations

from checks.findings import Finding, Judged, NotChecked
from checks.rules.claims import range_of
from checks.rules.view import apart, by_key, missing, refs

_LOST = "cancelled, in no claim"
_SAID = {
    "claimed twice": ("stand in two claims", "出现在两项主张中"),
    "claimed, not validly cancelled": ("are claimed, though no single lawful cancellation covers them", "已被主张,但没有唯一且合规的核销"),
    _LOST: ("are validly cancelled and stand in no claim", "已有效核销,却不在任何主张中"),
}


def books_agree(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """What is claimed is what was validly cancelled, number for number: a second computation by range arithmetic must come to the same.

    理由:所主张的绿证与有效核销的绿证须逐号一致:另以号段算术独立核算一遍,结果须相同;同一编号不得出现在两项主张中。

    A number that is claimed and should not be withholds the claims; one that is missing in them is told. Looked at are the claims of the
    trailing window.

    Source: green-power.md §1.1 (consumed once) and §2; issue 5, item 1 (issued ≥ transferred ≥ cancelled; Σ claims = Σ cancelled).
    """
    if absent := missing(judged, "certificate_differences", "claims"):
        return absent
    rows = judged.of_site("certificate_differences", site_id)
    if not rows and not any(row["seq_start"] is not None for row in judged.of_site("claims", site_id)):
        return NotChecked(f"the site claims no certificates in {judged.month}", f"该站点 {judged.month} 没有绿证主张")
    findings = []
    for subject, group in by_key([{**row, "range": range_of(row)} for row in rows], "range").items():
        kinds = list(dict.fromkeys(row["kind"] for row in group))
        withholds = kinds != [_LOST]
        mwh = float(group[0]["mwh"])
        said, said_zh = " and ".join(_SAID[kind][0] for kind in kinds), ",且".join(_SAID[kind][1] for kind in kinds)
        so, so_zh = ("claims are withheld", "claims 暂缓发布") if withholds else ("they are not counted", "不计入")
        findings.append(
            Finding(
                "CT11", site_id, judged.month, "withhold" if withholds else "flag", f"books {subject}",
                f"The books do not agree with the claims of {judged.month}: {apart(mwh)} MWh of {subject} {said}; {so}. The files are "
                "not at fault: compute the month again, and report this finding if it stays.",
                f"绿证账目与 {judged.month} 的主张不符:{subject} 的 {apart(mwh)} MWh {said_zh};{so_zh}。问题不在所报文件:"
                "请重新计算该月,如仍出现请反馈本条问题。",
                quantity="claims", seen=mwh, limit=0.0, unit="MWh", rows=refs(group),
            )
        )  # fmt: skip
    return findings
