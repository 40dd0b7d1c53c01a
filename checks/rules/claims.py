"""Rules of content (内容) about claims and emissions: one certificate one claim, documents, factors, scope 1.

Put here what a claim, a practice or a factor must have behind it. Feeds and readings are in ``content``.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from checks.findings import Finding, Judged, NotChecked
from checks.rules.contracts import attributes_kept
from checks.rules.view import Row, by_key, listed, missing, refs
from resources.calendar import month_last_day

WH_PER_MWH = 1_000_000
NO_EVIDENCE = "evidence missing"  # staging/claims.reason of a claim that lacks nothing but its document


def claimed_once(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """One certificate, one claim, across sites, tenants, months and years: a range claimed twice counts for nobody until it is settled.

    理由:一张绿证只能主张一次(跨站点、租户、月份、年度);重复核销的区间在澄清之前对各方均不计。

    Source: checks.md CT11; 国能发新能规〔2024〕67号.
    """
    do = (
        "Correct the cancellation in 'certificate_events' of one of them; a row that moves one to another site names the former site in "
        "replaces_site_id.",
        "请更正其中一方 certificate_events 的核销记录;改归另一站点的行须在 replaces_site_id 填写原站点。",
    )
    return conflicts(judged, site_id, "CT11", ("is claimed more than once", "被重复主张"), do)


def attribute_once(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """A contract's energy and its certificates are one attribute (证电合一): claimed as both, it would count twice.

    理由:合同电量与其绿证是同一环境权益(证电合一),二者只能计一次。

    Source: checks.md CT12; green-power.md §2 (after a green-power trade).
    """
    do = (
        "Name the contract in contract_id of the cancellation, or remove the second claim.",
        "请在核销记录的 contract_id 填写该合同,或删除重复主张。",
    )
    said = "is claimed through its contract and again through certificates", "既按合同又按绿证被重复主张"
    found = conflicts(judged, site_id, "CT12", said, do)
    if isinstance(found, NotChecked) or isinstance(sold := attributes_kept(judged, site_id), NotChecked):
        return found
    roots = {finding.subject: finding.id for finding in sold}  # a contract that conveys no attribute is told by BD11
    return [replace(finding, because_of=roots.get(finding.subject, finding.because_of)) for finding in found]


def conflicts(judged: Judged, site_id: str, code: str, said: tuple[str, str], do: tuple[str, str]) -> list[Finding] | NotChecked:
    """One finding for each range in conflict, at every site involved."""
    if absent := missing(judged, "claim_conflicts"):
        return absent
    every = [row for row in judged.rows("claim_conflicts") if row["kind"] == code]
    # Each site is told of its own range; one that is only named by another site is told of that one's.
    rows = [row for row in every if row["site_id"] == site_id] or [row for row in every if row["other_site_id"] == site_id]
    if not rows and "claims" in judged.tables and not judged.of_site("claims", site_id):
        return NotChecked(f"the site has no claims in {judged.month}", f"该站点 {judged.month} 没有绿电主张")
    ranges: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        ranges[range_of(row)].append(row)
    findings = []
    for subject, group in sorted(ranges.items()):
        others = sorted({str(s) for row in group for s in (row["site_id"], row["other_site_id"]) if s is not None and s != site_id})
        also, also_zh = (f" (also by {listed(others)})", f"(另一方:{listed(others)})") if others else ("", "")
        mwh = max(float(row["mwh"]) for row in group)  # the same range seen from each side is one range
        findings.append(
            Finding(
                code, site_id, judged.month, "withhold", subject,
                f"{mwh:g} MWh of {subject} {said[0]}{also}: claims are withheld.{sentence(group[0]['detail_en'])} {do[0]}",
                f"{subject} 的 {mwh:g} MWh {said[1]}{also_zh}:claims 暂缓发布。{sentence_zh(group[0]['detail_zh'])}{do[1]}",
                quantity="claims", seen=mwh, limit=0.0, unit="MWh", rows=refs(group),
            )
        )  # fmt: skip
    return findings


def evidenced(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """What scores needs a document that somebody can open: a practice, a contract or a cancellation without a landed file is not counted.

    理由:计分须有可查阅的证明文件;没有入库文件的实践、合同或核销不计入。仅提示本月本应计入者,每份缺失文件一条。

    Source: checks.md CT15; white paper (数据须有对应的记录或文件佐证).
    """
    if "practices" not in judged.tables and (absent := missing(judged, "claims")):
        return absent
    practices = judged.of_site("practices", site_id) if "practices" in judged.tables else []
    claims = judged.of_site("claims", site_id) if "claims" in judged.tables else []
    if not practices and not claims:
        return NotChecked(f"the site has neither practices nor claims in {judged.month}", f"该站点 {judged.month} 既无实践也无绿电主张")
    return [*_practices(judged, site_id, practices), *_contracts_and_claims(judged, site_id, claims)]


def _practices(judged: Judged, site_id: str, practices: list[Row]) -> list[Finding]:
    last = month_last_day(judged.month).isoformat()
    year_before = f"{int(last[:4]) - 1}{last[4:]}"
    newest: dict[str, Row] = {}
    for row in sorted(practices, key=lambda r: r["assessed_on"]):
        if row["assessed_on"] <= last:
            newest[row["item_code"]] = row
    wanting = [r for r in newest.values() if r["level"] and r["assessed_on"] > year_before and not _landed(judged, r["evidence"])]
    findings = []
    for subject, rows in by_key([{**row, "subject": row["evidence"] or row["item_code"]} for row in wanting], "subject").items():
        items = listed(sorted(str(row["item_code"]) for row in rows))
        findings.append(_missing_document(judged, site_id, "practices", subject, f"practice {items}", f"实践 {items}", rows))
    return findings


def _contracts_and_claims(judged: Judged, site_id: str, claims: list[Row]) -> list[Finding]:
    counting = [row for row in claims if row["status"] == "eligible" or row["reason"] == NO_EVIDENCE]
    used = {row["contract_id"] for row in counting if row["contract_id"] is not None}
    contracts = judged.rows("ppa_contracts") if "ppa_contracts" in judged.tables else []
    bare = [row for row in contracts if row["contract_id"] in used and not _landed(judged, row["evidence"])]
    findings = []
    for subject, rows in by_key([{**row, "subject": row["evidence"] or row["contract_id"]} for row in bare], "subject").items():
        ids = listed(sorted(str(row["contract_id"]) for row in rows))
        findings.append(_missing_document(judged, site_id, "claims", subject, f"contract {ids}", f"合同 {ids}", rows))
    wanting = [row for row in counting if row["reason"] == NO_EVIDENCE and not _landed(judged, row["evidence"])]
    named = [{**row, "subject": row["evidence"] or range_of(row)} for row in wanting]
    for subject, rows in by_key(named, "subject").items():
        mwh = sum(row["quantity_wh"] or 0 for row in rows) / WH_PER_MWH
        en, zh = f"cancellation of {mwh:g} MWh ({range_of(rows[0])})", f"{mwh:g} MWh 的核销({range_of(rows[0])})"
        findings.append(_missing_document(judged, site_id, "claims", subject, en, zh, rows))
    return findings


def range_of(row: Row) -> str:
    """What a claim is about: its certificate range, else its contract, meter or project."""
    if row["seq_start"] is None:
        return str(row.get("contract_id") or row.get("meter_id") or row["project_code"])
    return f"{row['project_code']} {row['production_month']} {int(row['seq_start'])}-{int(row['seq_end'])}"


def sentence(detail: str | None) -> str:
    return f" {detail[0].upper()}{detail[1:].rstrip('.')}." if detail else ""


def sentence_zh(detail: str | None) -> str:
    return f"{detail.rstrip('。')}。" if detail else ""


def _landed(judged: Judged, evidence: str | None) -> bool:
    return evidence is not None and evidence in judged.evidence


def _missing_document(judged: Judged, site_id: str, quantity: str, subject: str, what_en: str, what_zh: str, rows: list[Row]) -> Finding:
    named = rows[0]["evidence"]
    file_en = f"its document {named} is not landed" if named else "it names no document"
    file_zh = f"其证明文件 {named} 未入库" if named else "未填写证明文件"
    return Finding(
        "CT15", site_id, judged.month, "flag", subject,
        f"The {what_en} is not counted as evidenced in {judged.month}: {file_en}. Put the file into landing/evidence and name it in "
        "column evidence.",
        f"{judged.month} {what_zh}不作为有证明计入:{file_zh}。请将文件放入 landing/evidence,并在 evidence 列填写文件名。",
        quantity=quantity, seen=0.0, limit=1.0, unit="documents", rows=refs(rows),
    )  # fmt: skip


def emissions_countable(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """Emissions need a factor for what was bought and burnt, and a word on fuel and refrigerant: none is replaced, none is taken as 0.

    理由:缺少排放因子、单位无法换算时须指明,不得以全国均值等代替,factors 暂缓发布;燃料、制冷剂既无记录又无申报时予以提示:F1、F2 只含范围二,
    备用发电或燃料计量不为零而未报燃料时,F1、F2 不予给出。

    Source: checks.md CT16; green-power.md §1.3, §1.5 and §5 (scope 1 not reported).
    """
    if absent := missing(judged, "factors_missing"):
        return absent
    findings = []
    rows = [row for row in judged.of_site("factors_missing", site_id) if row["month"] == judged.month]
    for named, group in by_key([{**row, "named": f"{row['kind']} {row['subject']}"} for row in rows], "named").items():
        first = group[0]
        do, do_zh = _REMEDIES.get(first["kind"], _GRID_REMEDY)
        findings.append(
            Finding(
                "CT16", site_id, judged.month, "withhold", named,
                f"Emissions of {judged.month} can't be counted: factors are withheld.{sentence(first['missing_en'])} {do}",
                f"{judged.month} 的排放无法核算:factors 暂缓发布。{sentence_zh(first['missing_zh'])}{do_zh}",
                quantity="factors", seen=0.0, limit=1.0, unit="factors", rows=refs(group),
            )
        )  # fmt: skip
    return findings + _scope1_unsaid(judged, site_id)


# What to do about an activity that can't be counted, by kind; every other kind is that of a grid factor.
_NAME_REMEDY = (
    "Correct the name of the activity in 'activities', or use reference data that hold its factor.",
    "请更正 activities 的活动名称,或使用包含该因子的版本。",
)
_REMEDIES = {
    "fuel": _NAME_REMEDY,
    "gwp": _NAME_REMEDY,
    "unit": (
        "Send its quantity in 'activities' in kg or t, gas in Nm3, a liquid fuel in L with density_kg_per_l.",
        "请在 activities 以 kg 或 t 报送,气体以 Nm3 报送,液体燃料以 L 报送并填写 density_kg_per_l。",
    ),
}
_GRID_REMEDY = (
    "Correct the site's geography in 'sites', or use reference data that hold it.",
    "请更正 sites 的 geography,或使用包含该因子的版本。",
)
_SUBJECTS_ZH = {"fuel": "燃料", "refrigerant": "制冷剂"}


def _scope1_unsaid(judged: Judged, site_id: str) -> list[Finding]:
    """One flag for a site whose scope 1, or half of it, nobody spoke of."""
    rows = judged.of_site("scope1_unreported", site_id)
    if not rows:
        return []
    subjects = sorted(str(row["subject"]) for row in rows)
    both, both_zh = " and ".join(subjects), "、".join(_SUBJECTS_ZH[subject] for subject in subjects)
    so, so_zh = "F1 and F2 leave it out", "F1、F2 未计入"
    do, do_zh = "Send the quantities in 'activities' (0 is a statement)", "请在 activities 报送数量(可为 0)"
    if any(row["burnt"] for row in rows):
        so = "backup generation or metered fuel is not 0, so that scope 1 is unknown and F1 and F2 are not reported"
        so_zh = "备用发电或燃料计量不为 0,范围一未知,F1、F2 不予给出"
        do, do_zh = "Send the fuel burnt, and any refrigerant topped up, in 'activities'", "请在 activities 报送所耗燃料及补充的制冷剂"
    return [
        Finding(
            "CT16", site_id, judged.month, "flag", "scope 1",
            f"Nothing was said about {both} in {judged.month}: {so}. {do}, or declare none in 'declarations'.",
            f"{judged.month} 未报送{both_zh},亦未申报无:{so_zh}。{do_zh},或在 declarations 申报无。",
            quantity="fuel", seen=float(len(_SUBJECTS_ZH) - len(subjects)), limit=float(len(_SUBJECTS_ZH)), unit="subjects",
        )
    ]  # fmt: skip
