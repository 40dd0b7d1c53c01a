"""Rules of the boundary (边界) about contracts for green power: their shares, sites and dates (BD13), and attributes that were sold (BD11).

Put here what a contract must be for its energy to be claimed. What certificates say is ``claims``.
"""

from __future__ import annotations

from collections import defaultdict

from checks.findings import Finding, Judged, NotChecked
from checks.rules.view import Row, by_key, declared_none, listed, missing, once, refs
from resources.calendar import month_first_day, month_last_day


def contracts_sound(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """A contract delivers once: its shares sum to at most 1 on every day, its sites exist, contract and share are in force in the month.

    理由:合同电量只能分配一次:各站点分摊比例之和每日不超过 1,所列站点存在,合同与分摊比例在当月有效。

    Source: checks.md BD13; green-power.md §3 and §6 (shares 0.6 + 0.5 are refused).
    """
    if absent := missing(judged, "ppa_contracts", "ppa_site_shares", "claims", "claim_conflicts", "sites"):
        return absent
    claimed = by_key((r for r in judged.of_site("claims", site_id) if r["contract_id"] and r["status"] != "excluded"), "contract_id")
    shared = _shares_in_force(judged)
    mine = sorted({*claimed, *(contract for contract, rows in shared.items() if any(row["site_id"] == site_id for row in rows))})
    if not mine:
        return NotChecked(
            f"the site has neither a share in a contract nor a claim under one in {judged.month}",
            f"{judged.month} 站点既无合同分摊比例,也无合同项下的主张",
        )
    contracts = {row["contract_id"]: row for row in judged.rows("ppa_contracts")}
    stated = {row["contract_id"] for row in judged.rows("ppa_site_shares")}
    over = {row["contract_id"]: row for row in judged.of_site("claim_conflicts", site_id) if row["kind"] == "BD13"}
    known = {row["site_id"] for row in judged.rows("sites")}
    findings = []
    for contract_id in mine:
        faults: list[tuple[str, str]] = []
        contract, claims = contracts.get(contract_id), claimed.get(contract_id, [])
        total, strangers = _highest_sum(judged, contract_id), sorted({r["site_id"] for r in shared.get(contract_id, [])} - known)
        if contract_id in over:
            faults.append((f"its shares sum to {total:g}, above 1", f"其分摊比例之和为 {total:g},大于 1"))
        if strangers:
            faults.append((f"it has a share for {listed(strangers)}, no known site", f"其分摊站点 {listed(strangers)} 不存在"))
        if contract is None:
            faults.append(("'ppa_contracts' does not have it", "ppa_contracts 中没有该合同"))
        elif claims and not any(_in_force(contract, month) for row in claims for month in (judged.month, row["production_month"] or "")):
            until = f"{contract['start_on']} … {contract['end_on']}"
            faults.append((f"it is in force {until} only", f"其有效期仅为 {until}"))
        elif claims and contract_id in stated and not any(r["site_id"] == site_id for r in shared.get(contract_id, [])):
            faults.append(("the site has no share of it that is in force", "该站点没有当月有效的分摊比例"))
        if faults:
            rows = [over[contract_id]] if contract_id in over else [*claims, *([contract] if contract else [])]
            findings.append(
                Finding(
                    "BD13", site_id, judged.month, "withhold", contract_id,
                    f"Contract {contract_id} can't be shared out in {judged.month}: {'; '.join(en for en, _ in faults)}. Claims are "
                    "withheld. Correct 'ppa_contracts' or 'ppa_site_shares', or the contract_id of the claim.",
                    f"合同 {contract_id} 在 {judged.month} 无法分配:{';'.join(zh for _, zh in faults)}。claims 暂缓发布。请更正 "
                    "ppa_contracts、ppa_site_shares 或主张所填合同编号。",
                    quantity="claims", seen=total if contract_id in over else float(len(faults)), limit=1.0 if contract_id in over else 0.0,
                    unit="1" if contract_id in over else "faults", rows=refs(rows),
                )
            )  # fmt: skip
    return findings


def _in_force(contract: Row, month: str) -> bool:
    if not month:
        return False
    return bool(contract["start_on"] <= month_last_day(month).isoformat() and contract["end_on"] >= month_first_day(month).isoformat())


@once
def _shares_in_force(judged: Judged) -> dict[str, list[Row]]:
    """Shares above 0 that are in force on a day of the month, by contract: a newer row of a site ends the one before it."""
    first, last = month_first_day(judged.month).isoformat(), month_last_day(judged.month).isoformat()
    newest: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in sorted(judged.rows("ppa_site_shares"), key=lambda r: r["valid_from"] or ""):
        if (row["valid_from"] or "") <= last:
            versions = newest[row["contract_id"], row["site_id"]]
            if (row["valid_from"] or "") <= first:
                versions.clear()
            versions.append(row)
    found: dict[str, list[Row]] = defaultdict(list)
    for (contract_id, _), rows in sorted(newest.items()):
        found[contract_id] += [row for row in rows if row["share_ratio"] and (row["valid_to"] or "9999") >= first]
    return found


def _highest_sum(judged: Judged, contract_id: str) -> float:
    """The highest sum of a contract's shares on a day of the month."""
    own = _shares_in_force(judged).get(contract_id, [])
    first = month_first_day(judged.month).isoformat()
    sums = []
    for day in {first, *(max(row["valid_from"] or "", first) for row in own)}:
        there: dict[str, float] = {}
        for row in own:
            if (row["valid_from"] or "") <= day:
                there[row["site_id"]] = row["share_ratio"] if (row["valid_to"] or "9999") >= day else 0.0
        sums.append(sum(there.values()))
    return round(max(sums), 9)


def attributes_kept(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """Energy generated on site is green for the site only while its attribute stays there: a contract that conveys it elsewhere ends that.

    理由:站内发电仅在环境权益归本站时方为本站绿电;合同约定权益另售(separate、none)的,不得主张。

    Source: checks.md BD11; green-power.md §1.1 (a sold attribute makes the energy null power).
    """
    if absent := missing(judged, "claim_conflicts", "claims"):
        return absent
    if declared_none(judged, site_id, "onsite_generation"):
        return []
    rows = [r for r in judged.of_site("claim_conflicts", site_id) if r["kind"] == "CT12" and r["seq_start"] is None and r["contract_id"]]
    if not rows and not any(row["source"] == "onsite" for row in judged.of_site("claims", site_id)):
        return NotChecked(f"the site claims no on-site generation in {judged.month}", f"{judged.month} 站点没有站内发电主张")
    return [
        Finding(
            "BD11", site_id, judged.month, "withhold", contract_id,
            f"Contract {contract_id} does not leave the attribute of {max(r['mwh'] or 0 for r in own):,.1f} MWh generated on site with the "
            "site: claims are withheld. Correct attribute_clause in 'ppa_contracts', or claim none of it.",
            f"合同 {contract_id} 未将 {max(r['mwh'] or 0 for r in own):,.1f} MWh 站内发电的环境权益留给本站:claims 暂缓发布。"
            "请更正 ppa_contracts 的 attribute_clause,或不再主张。",
            quantity="claims", seen=max(r["mwh"] for r in own), limit=0.0, unit="MWh", rows=refs(own),
        )
        for contract_id, own in by_key(rows, "contract_id").items()
    ]  # fmt: skip
