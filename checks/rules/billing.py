"""Rules of method (方法) about bills: what a supplier measured against what our meters say (ME09).

Put here the comparison of two independent measurements. How a bill's days become hours is decided where meters are staged.
"""

from __future__ import annotations

from checks.findings import Finding, Judged, NotChecked, Severity
from checks.rules.view import Row, amount, missing, percent, refs, share_rule, shares_of, sides_by_meter


def bills_agree(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """A supplier measures the same energy with a meter of its own: over the bill's own period both agree within a small share.

    理由:供应商以自有表计计量同一电量:在账单自身账期内,账单与计量应基本一致,否则其一有误。

    Source: checks.md ME09 (share rule); project convention.
    """
    if absent := missing(judged, "bill_checks", "counted"):
        return absent
    bills = judged.of_site("bill_checks", site_id)
    if not bills:
        return NotChecked(f"no bill's period ends in {judged.month}", f"{judged.month} 没有账期截止的账单")
    findings, judgeable = [], False
    for bill in bills:
        if bill["billed"] is None:
            findings.append(_unusable(judged, site_id, bill))
        elif bill["known_s"] >= bill["expected_s"]:
            judgeable = True
            findings += _compared(judged, site_id, bill)
    if not findings and not judgeable:
        return NotChecked(f"not every hour of the periods billed in {judged.month} is known", f"{judged.month} 各账期内的小时未全部已知")
    return findings


def _subject(bill: Row) -> str:
    return f"{bill['meter_id']} {bill['period_start']}"


def _unusable(judged: Judged, site_id: str, bill: Row) -> Finding:
    why, why_zh = ("the meter is not registered", "计量点未登记")
    if bill["medium"] is not None:
        why, why_zh = f"the unit is none of {bill['medium']}", "单位与介质不符"
    return Finding(
        "ME09", site_id, judged.month, "flag", _subject(bill),
        f"The bill of {bill['meter_id']} ({bill['period_start']} to {bill['period_end']}, {bill['quantity']:g} {bill['unit']}) can't be "
        f"compared: {why}. Correct meter_id or unit in 'bills'.",
        f"{bill['meter_id']} 的账单({bill['period_start']} 至 {bill['period_end']},{bill['quantity']:g} {bill['unit']})无法比对:"
        f"{why_zh}。请在 bills 中更正 meter_id 或 unit。",
        seen=None, limit=None, unit="1", rows=refs([bill]),
    )  # fmt: skip


def _compared(judged: Judged, site_id: str, bill: Row) -> list[Finding]:
    billed, metered = bill["billed"], bill["metered"]
    seen = abs(metered - billed) / billed if billed else float(metered != 0)
    flag, withhold = judged.limit("ME09", "flag_above"), judged.limit("ME09", "withhold_above")
    if seen <= min(flag, withhold):
        return []
    meter = bill["meter_id"]
    counted = "E_DC" in sides_by_meter(judged, site_id).get(meter, [])
    severity: Severity = "flag"
    if counted and seen > withhold and share_rule(judged, shares_of(judged, site_id, "E_DC"), [meter])[0]:
        severity = "withhold"
    limit = withhold if severity == "withhold" else min(flag, withhold)
    held, held_zh = (" E_DC is withheld.", "E_DC 暂缓发布。") if severity == "withhold" else ("", "")
    shown, stated = amount(metered, bill["medium"]), amount(billed, bill["medium"])
    more, more_zh = ("more", "多") if metered > billed else ("less", "少")
    return [
        Finding(
            "ME09", site_id, judged.month, severity, _subject(bill),
            f"Meter {meter} shows {percent(seen, limit)} {more} than the bill for {bill['period_start']} to {bill['period_end']} (limit "
            f"{percent(limit)}): {shown} against {stated}.{held} Compare the registers with the "
            "statement; look for a wrong multiplier, a supply that is not metered, or a wrong period.",
            f"计量点 {meter} 在账期 {bill['period_start']} 至 {bill['period_end']} 比账单{more_zh} {percent(seen, limit)}(限值 "
            f"{percent(limit)}):计量 {shown},账单 {stated}。{held_zh}请核对表底与结算单,"
            "检查倍率、未计量的进线或账期。",
            quantity="E_DC" if counted else "", seen=seen, limit=limit, unit="1", rows=refs([bill]),
        )
    ]  # fmt: skip
