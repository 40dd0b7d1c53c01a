"""Rules about certificates: what they are (CT09), what became of them (CT10), what is none (CT13), how many there can be (CT14), what
they can cover (CT18), and for when (TL06).

Put here the words for what the claims engine did: which piece counts is decided where claims are staged, and reported here as it was
decided. Double claims and documents are in ``claims``.
"""

from __future__ import annotations

from collections.abc import Callable

from checks.findings import Finding, Judged, NotChecked
from checks.rules.claims import WH_PER_MWH, conflicts, range_of, sentence, sentence_zh
from checks.rules.view import Row, apart, by_key, missing, refs

# Reasons of staging/claims that CT13 and TL06 report: what they are in a sentence, and what to do about it, in English and Chinese.
Words = tuple[str, str, str, str]
_NO_CLAIM: dict[str, Words] = {
    "withdrawn": (
        "was withdrawn", "已撤销", "Remove the cancellation, or ask the registry why it was withdrawn.",
        "请删除该核销,或向登记机构核实撤销原因。",
    ),
    "frozen": ("is frozen for CCER", "已因 CCER 冻结", "Cancel other certificates.", "请改用其他绿证核销。"),
    "expired": ("had expired", "已过期", "Cancel certificates that are still valid.", "请改用有效期内的绿证核销。"),
    "ccer": (
        "stems from energy that is registered as CCER", "对应电量已登记 CCER",
        "Use each environmental benefit once: cancel other certificates.",
        "同一环境效益只能使用一次:请改用其他绿证核销。",
    ),
    "mechanism": (
        "stems from mechanism electricity, which belongs to the province", "来自机制电量,归属省级账户",
        "Cancel certificates bought by the user.", "请改用用户自行购买的绿证核销。",
    ),
    "provincial account": (
        "came through the provincial account (mechanism electricity)", "经省级账户取得(机制电量)",
        "Cancel certificates bought by the user.", "请改用用户自行购买的绿证核销。",
    ),
    "foreign scheme": (
        "is of a foreign scheme, not accepted for generation in China", "属境外证书体系,不适用于中国境内电量", "Cancel GEC instead.",
        "请改用绿证(GEC)核销。",
    ),
    "storage discharge": (
        "is storage discharge, for which no certificate is issued", "为储能放电,不核发绿证",
        "Claim the generation that charged it, once, and take the project code off the storage meter.",
        "请仅就充电所用的可再生能源发电主张一次,并删除储能表计的项目代码。",
    ),
}  # fmt: skip
_WRONG_TIME: dict[str, Words] = {
    "vintage": (
        "was produced in a year that does not count for this consumption", "生产年份不适用于该消费期",
        "Cancel certificates produced in the year of consumption.", "请改用消费当年生产的绿证核销。",
    ),
    "expired": (
        "was cancelled after its validity had ended", "核销时已过有效期", "Cancel certificates that are still valid.",
        "请改用有效期内的绿证核销。",
    ),
    "produced in another month": (
        "was produced outside the months it is claimed for, and is matched month by month",
        "生产月份不在所主张的消费月份内,而该类绿证须按月匹配",
        "State the month of production as consumption_month, or claim it through an unbundled certificate.",
        "请将生产月份填为 consumption_month,或以单独交易的绿证主张。",
    ),
    "consumption period not stated": (
        "states no period of consumption", "未说明消费期", "State consumption_month, or consumption_start and consumption_end.",
        "请填写 consumption_month,或 consumption_start 与 consumption_end。",
    ),
}  # fmt: skip


def identified(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """A certificate is known by its numbers: a row without sound identity is left out, numbers issued twice leave open whose they are.

    理由:绿证以编号识别:项目代码 17 位、绿证编码 32 位(文本)、首末编码与号段一致;标识有误的核发行不采用;号段重叠则无法判断归属,
    claims 暂缓发布。

    Told to the sites that claim or hold such numbers in the month. Codes that are not text of the right length break the row's contract
    already (CT01).

    Source: checks.md CT09; 国能发新能规〔2024〕67号.
    """
    rows = _told(judged, site_id, "CT09")
    if isinstance(rows, NotChecked):
        return rows
    findings = []
    for subject, group in _by_range(rows).items():
        twice = any(row["limit_mwh"] is not None for row in group)
        mwh = max(float(row["mwh"]) for row in group)
        said = "".join(sentence(row["detail_en"]) for row in group)
        said_zh = "".join(sentence_zh(row["detail_zh"]) for row in group)
        effect, effect_zh = ("claims are withheld", "claims 暂缓发布") if twice else (
            "the row is left out, and what rests on it is not counted", "该行不采用,以其为据的主张不计入")  # fmt: skip
        findings.append(
            Finding(
                "CT09", site_id, judged.month, "withhold" if twice else "flag", subject,
                f"Certificates {subject} ({mwh:g} MWh) are not clearly identified: {effect}.{said} Correct the row "
                "in 'certificates' by the "
                "registry's statement.",
                f"绿证 {subject}({mwh:g} MWh)标识不明确:{effect_zh}。{said_zh}请按登记机构的核发记录更正 certificates 中的该行。",
                quantity="claims", seen=mwh, limit=0.0, unit="MWh", rows=refs(group),
            )
        )  # fmt: skip
    return findings


def lawful(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """A certificate lives one life: issued, passed on, cancelled by its holder, and then nothing more; any other life is no evidence.

    理由:绿证流转须合规:先核发、后核销,由持有者核销(自发自用无需划转),核销后不得再变动,绿电交易后不得转售;不合规的号段不构成证明。

    Source: checks.md CT10; green-power.md §2 (state machine); 国能发新能规〔2024〕67号.
    """
    do = (
        "Correct 'certificate_events' or 'certificates' by the registry's statement, or cancel other certificates.",
        "请按登记机构的记录更正 certificate_events 或 certificates,或改用其他绿证核销。",
    )
    return conflicts(judged, site_id, "CT10", ("is cancelled against the rules of its registry", "的核销不合规"), do)


def no_claim(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """What is no claim is not counted: storage discharge, mechanism electricity, CCER, withdrawn, frozen, expired or foreign certificates.

    理由:储能放电、机制电量、CCER、已撤销、已冻结、已过期及境外证书均不构成主张,不计入并列明电量。

    Withdrawn, frozen and expired certificates that were cancelled nevertheless follow from CT10.

    Source: checks.md CT13; green-power.md §1.1 and §2.
    """

    def is_none(row: Row, ended: set[str]) -> bool:
        return row["reason"] in _NO_CLAIM and (row["reason"] != "expired" or range_of(row) in ended)

    return _excluded(judged, site_id, "CT13", _NO_CLAIM, is_none)


def right_time(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """Certificates count for consumption of their time: by the rule table in force for the year of consumption, others are not counted.

    理由:绿证须与消费期相符:按消费年度适用的规则表判断生产时间与有效期;按月匹配的须为当月生产;不相符的不计入。

    Source: checks.md TL06; green-power.md §2 (validity): 国能发新能规〔2024〕67号 for consumption up to 2025, 实施细则(试行) 2026-01 after.
    """

    def is_late(row: Row, ended: set[str]) -> bool:
        return row["reason"] in _WRONG_TIME and (row["reason"] != "expired" or range_of(row) not in ended)

    return _excluded(judged, site_id, "TL06", _WRONG_TIME, is_late)


def _excluded(
    judged: Judged, site_id: str, code: str, words: dict[str, Words], chosen: Callable[[Row, set[str]], bool]
) -> list[Finding] | NotChecked:
    """One finding for each range (or meter) that is excluded for one of some reasons, with its MWh."""
    if absent := missing(judged, "claims", "claim_conflicts"):
        return absent
    claims = judged.of_site("claims", site_id)
    if not claims:
        return NotChecked(f"the site has no claims in {judged.month}", f"该站点 {judged.month} 没有绿电主张")
    illegal = {range_of(row) for row in judged.rows("claim_conflicts") if (row["kind"], row["site_id"]) == ("CT10", site_id)}
    rows = [row for row in claims if row["status"] == "excluded" and chosen(row, illegal)]
    findings = []
    for subject, group in _by_range(rows).items():
        reason = group[0]["reason"]
        en, zh, do, do_zh = words[reason]
        known = [row["quantity_wh"] for row in group if row["quantity_wh"] is not None]
        mwh = sum(known) / WH_PER_MWH if known else None
        amount = "An unknown energy" if mwh is None else f"{apart(mwh)} MWh"
        amount_zh = "电量未知" if mwh is None else f"{apart(mwh)} MWh"
        findings.append(
            Finding(
                code, site_id, judged.month, "flag", subject,
                f"{amount} of {subject} {en}: not counted in {judged.month}. {do}",
                f"{subject}({amount_zh}){zh}:{judged.month} 不计入。{do_zh}",
                quantity="claims", seen=mwh, limit=0.0, unit="MWh", rows=refs(group),
                because_of=_illegal(judged, site_id, subject) if subject in illegal else None,
            )
        )  # fmt: skip
    return findings


def _illegal(judged: Judged, site_id: str, subject: str) -> str:
    """Id of what CT10 says of a range."""
    return Finding("CT10", site_id, judged.month, "withhold", subject, "", "", quantity="claims").id


def within_generation(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """There are no more certificates than energy: of a project-month whose generation is metered, what was issued beyond it is not counted.

    理由:绿证不能多于电量:计量发电量已知的项目与月份,核发量不得超过 (发电量 + 结转) / 1 MWh 的整数部分,超出部分不计入。

    Known is the generation of a project all of whose generation meters are metered all month. The carry from the months before is taken
    as the most that it can be, just below 1 MWh; the excess are the highest numbers (both project convention).

    Source: checks.md CT14; 国能发新能规〔2024〕67号 (1 GEC = 1,000 kWh, the remainder carried).
    """
    rows = _told(judged, site_id, "CT14")
    if isinstance(rows, NotChecked):
        return rows
    findings = []
    for subject, group in by_key([{**row, "named": f"{row['project_code']} {row['production_month']}"} for row in rows], "named").items():
        row = group[0]
        issued, limit = float(row["mwh"]), float(row["limit_mwh"])
        findings.append(
            Finding(
                "CT14", site_id, judged.month, "flag", subject,
                f"{issued:g} MWh of certificates were issued for {subject}, but its meters show generation for {limit:g} at most: "
                f"{issued - limit:g} MWh are not counted. Check the generation meters and multipliers, project_code in 'meters', and the "
                "ranges in 'certificates'.",
                f"{subject} 核发绿证 {issued:g} MWh,而发电计量最多对应 {limit:g} MWh:{issued - limit:g} MWh 不计入。"
                "请核对发电计量点及倍率、"
                "meters 的 project_code 与 certificates 的号段。",
                quantity="claims", seen=issued, limit=limit, unit="MWh", rows=refs(group),
            )
        )  # fmt: skip
    return findings


def within_consumption(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """Nobody uses more green electricity than electricity: claims above the month's consumption are capped, the surplus is reported.

    理由:绿电用量不可能大于用电量:超过当月用电量的主张按用电量封顶,超出部分作为盈余列示,不结转到其他月份。

    Source: checks.md CT18; green-power.md §3 (surplus never moves) and §4 (surplus reported apart).
    """
    if absent := missing(judged, "claims", "energies"):
        return absent
    eligible = [row for row in judged.of_site("claims", site_id) if row["status"] == "eligible" and row["quantity_wh"]]
    if not eligible:
        return NotChecked(f"the site has no eligible claims in {judged.month}", f"该站点 {judged.month} 没有有效的绿电主张")
    energies = judged.of_site("energies", site_id)
    total = next((row["quantity"] for row in energies if row["measure"] == "E_DC" and not row["meter_id"]), None)
    if total is None:
        return NotChecked(f"the electricity of the site is not known in {judged.month}", f"{judged.month} 的用电量未知")
    claimed, used = sum(row["quantity_wh"] for row in eligible) / WH_PER_MWH, total / WH_PER_MWH
    if claimed <= used:
        return []
    surplus = apart(claimed - used, places=3)
    return [
        Finding(
            "CT18", site_id, judged.month, "flag", "claims",
            f"{apart(claimed)} MWh are claimed for {judged.month}, but only {apart(used, claimed)} MWh were used: the share is capped at "
            f"1, and {surplus} MWh are surplus that counts nowhere. Cancel what is not needed for another site or period.",
            f"{judged.month} 主张绿电 {apart(claimed)} MWh,而用电量仅 {apart(used, claimed)} MWh:比例按 1 封顶,盈余 {surplus} MWh 不计入。"
            "请将多余绿证用于其他站点或消费期。",
            quantity="claims", seen=claimed, limit=used, unit="MWh", rows=refs(eligible),
        )
    ]  # fmt: skip


def _told(judged: Judged, site_id: str, kind: str) -> list[Row] | NotChecked:
    """What the claims engine found of a kind at a site; NotChecked when the site has neither claims nor such a finding."""
    if absent := missing(judged, "claim_conflicts"):
        return absent
    rows = [row for row in judged.of_site("claim_conflicts", site_id) if row["kind"] == kind]
    if not rows and "claims" in judged.tables and not judged.of_site("claims", site_id):
        return NotChecked(f"the site has no claims in {judged.month}", f"该站点 {judged.month} 没有绿电主张")
    return rows


def _by_range(rows: list[Row]) -> dict[str, list[Row]]:
    return by_key([{**row, "subject": range_of(row)} for row in rows], "subject")
