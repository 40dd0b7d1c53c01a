"""Doubts about claims and practices: what may count for nobody or for somebody else, and what would count with its document.

One function for each kind of fault, from a finding and the tables it was made of to an interval about what is published.
"""

from __future__ import annotations

from collections.abc import Iterable

from assets.index.doubts import CLAIMS, PRACTICES, UNKNOWN, Doubt, NotQuantified, Row, SiteTables
from assets.index.doubts_of_sides import excess
from assets.indicators.inputs import practices_of

WH_PER_MWH = 1_000_000


def claimed(finding: Row, site: SiteTables) -> Doubt | NotQuantified:
    """Claims of which it is open whether they count, and whose: from none of the MWh concerned to all of them.

    What counts of them may count no more, what does not may count; where the claims concerned are not named one by one, at most the MWh of
    the finding may count no more.
    """
    counting, waiting = (_of(finding["subject"], site.claims, status) for status in ("eligible", "excluded"))
    if not counting and not waiting:
        if finding["unit"] != "MWh" or finding["seen"] is None:
            return UNKNOWN
        eligible = float(sum(row["quantity_wh"] or 0 for row in site.claims if row["status"] == "eligible"))
        counting = min(finding["seen"] * WH_PER_MWH, eligible)
    return Doubt(CLAIMS, -counting, waiting, "Wh", frozenset({finding["subject"]}))


def identity(finding: Row, site: SiteTables) -> Doubt | NotQuantified:
    """Certificates that are not clearly identified: withheld they may count for somebody else, else they are left out and may count."""
    return claimed(finding, site) if finding["severity"] == "withhold" else claimed_too_little(finding, site)


def kept(finding: Row, site: SiteTables) -> Doubt | NotQuantified:
    """Export, generation and attributes of it: claims are those of BD13, energies those of BD07."""
    return claimed(finding, site) if finding["unit"] == "MWh" else excess(finding, site)


def issued_too_much(finding: Row, site: SiteTables) -> Doubt | NotQuantified:
    """Certificates issued beyond the metered generation: not counted, and counted at most all of them."""
    if finding["seen"] is None or finding["limit"] is None:
        return UNKNOWN
    return Doubt(CLAIMS, 0.0, (finding["seen"] - finding["limit"]) * WH_PER_MWH, "Wh")


def claimed_too_little(finding: Row, site: SiteTables) -> Doubt | NotQuantified:
    """Claims that are not counted and may be: from none of the MWh concerned to all of them."""
    waiting = _of(finding["subject"], site.claims, "excluded")
    if not waiting and finding["unit"] == "MWh" and finding["seen"] is not None:
        waiting = finding["seen"] * WH_PER_MWH
    if not waiting:
        return NotQuantified("how much the document would let count is not known", "补齐证明后可计入的电量未知")
    return Doubt(CLAIMS, 0.0, float(waiting), "Wh", frozenset({finding["subject"]}))


def surplus(finding: Row, site: SiteTables) -> Doubt | NotQuantified:
    """Claims above consumption count nowhere, so they can change nothing."""
    return Doubt(CLAIMS, 0.0, 0.0, "Wh")


def _of(subject: str, claims: Iterable[Row], status: str) -> float:
    """Wh of the claims of a status that a finding's subject names: a contract, meter, project, document, or a range of certificates."""
    return float(sum(row["quantity_wh"] or 0 for row in claims if row["status"] == status and _is_about(row, subject)))


def _is_about(row: Row, subject: str) -> bool:
    named = [row.get(key) for key in ("contract_id", "meter_id", "project_code", "evidence") if row.get(key)]
    if row["seq_start"] is not None:
        named.append(f"{row['project_code']} {row['production_month']} {row['seq_start']}-{row['seq_end']}")
    return subject in named


def document(finding: Row, site: SiteTables) -> Doubt | NotQuantified:
    """A practice, contract or claim whose document is not there, or an assessment that is too old: it would count with one."""
    if finding["quantity"] != PRACTICES:
        return claimed_too_little(finding, site)
    standing = practices_of(site.practices, site.evidence, site.month, site.practice_months)
    subject = finding["subject"]
    named = {
        row["item_code"] for row in site.practices
        if subject in (row["evidence"], row["item_code"], f"assessed {row['assessed_on']}")
    }  # fmt: skip
    items = frozenset(item for item in named if item in standing and not standing[item].counts)
    return Doubt(PRACTICES, 0.0, float(len(items)), "items", items) if items else UNKNOWN
