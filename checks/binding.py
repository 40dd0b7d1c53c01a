"""Rules as Dagster asset checks: the only module that turns one into the other.

Put here what Dagster needs to know of a rule: a spec for each, partitioned by month, and a result made of the ledger rows that
``gate.judge`` gave. Nothing is judged here. No check is blocking: a blocking check stops its own run only, the gate every later one.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dagster as dg

from checks.findings import SEVERITIES, Rule
from checks.rules.catalogue import rules_of

Row = Mapping[str, Any]
_WORST_ROWS = 10


def check_specs(table: str, asset_key: dg.AssetKey, partitions_def: dg.PartitionsDefinition[str]) -> list[dg.AssetCheckSpec]:
    """One spec for each rule that judges ``table``, named by its code, per month of ``partitions_def``, never blocking.

    Per-partition specs are a preview feature of Dagster 1.13; without it a partitioned asset keeps planned rows for ever. Its warning
    is silenced here and nowhere else.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return [
            dg.AssetCheckSpec(
                rule.code,
                asset=asset_key,
                description=f"{rule.title_en} · {rule.title_zh}",
                blocking=False,
                metadata={"severity": rule.severity, "quantities": ", ".join(rule.quantities)},
                partitions_def=partitions_def,
            )
            for rule in rules_of(table)
        ]


def check_results(
    rules: Iterable[Rule], asset_key: dg.AssetKey, findings: Sequence[Row], verdicts: Sequence[Row]
) -> list[dg.AssetCheckResult]:
    """One result for each rule of one table, from rows of the ledger tables ``finding`` and ``verdict`` of a month.

    withhold fails as ERROR, flag and a waived withhold as WARN, info passes; a rule that no site could be asked fails as WARN with
    ``result = not_checked``.
    Metadata: the result, counts, and the worst findings as a table in English and Chinese. Without a site in force there is no verdict:
    not checked.
    """
    return [
        _result(rule, asset_key, [f for f in findings if f["code"] == rule.code], [v for v in verdicts if v["rule"] == rule.code])
        for rule in rules
    ]


def _result(rule: Rule, asset_key: dg.AssetKey, findings: Sequence[Row], verdicts: Sequence[Row]) -> dg.AssetCheckResult:
    worst = min((v["severity"] for v in verdicts if v["outcome"] == "fail"), key=SEVERITIES.index, default=None)
    unchecked = {v["site_id"]: v["reason"] for v in verdicts if v["outcome"] == "not_checked"}
    sites = {v["site_id"] for v in verdicts}
    if worst in (None, "info") and any(v["outcome"] == "waived" for v in verdicts):
        worst = "waived"  # it fails all the same, and somebody answers for the number
    result = worst or ("not_checked" if len(unchecked) == len(sites) else "pass")
    counts = Counter(f["severity"] for f in findings)
    metadata: dict[str, Any] = {
        "result": result,
        "sites": len(sites),
        "sites_failed": len({v["site_id"] for v in verdicts if v["outcome"] in ("fail", "waived") and v["severity"] != "info"}),
        "sites_waived": len({v["site_id"] for v in verdicts if v["outcome"] == "waived"}),
        "sites_not_checked": len(unchecked),
        **{f"findings_{severity}": counts[severity] for severity in SEVERITIES},
    }
    if findings:
        metadata["findings"] = dg.MetadataValue.md(_findings_table(findings))
    if unchecked:
        rows = [[site, reason] for site, reason in sorted(unchecked.items())[:_WORST_ROWS]]
        metadata["not_checked"] = dg.MetadataValue.md(_table(["site · 站点", "reason · 原因"], rows))
    return dg.AssetCheckResult(
        passed=result in ("pass", "info"),
        asset_key=asset_key,
        check_name=rule.code,
        severity=dg.AssetCheckSeverity.ERROR if result == "withhold" else dg.AssetCheckSeverity.WARN,
        metadata=metadata,
        description=f"{rule.title_en} · {rule.title_zh}",
    )


def _findings_table(findings: Sequence[Row]) -> str:
    """The worst findings, roots before those that follow from them."""
    ordered = sorted(findings, key=lambda f: (SEVERITIES.index(f["severity"]), f["because_of"] is not None, f["site_id"], f["subject"]))
    header = ["site · 站点", "severity · 等级", "quantity · 量", "subject · 对象", "seen · 所见", "limit · 限值", "unit · 单位"]
    header += ["finding", "问题"]
    columns = ("site_id", "severity", "quantity", "subject", "seen", "limit", "unit", "message_en", "message_zh")
    rows = [[_cell(row[column]) for column in columns] for row in ordered[:_WORST_ROWS]]
    more = f"\n\n… {len(ordered) - _WORST_ROWS} more · 另有 {len(ordered) - _WORST_ROWS} 条" if len(ordered) > _WORST_ROWS else ""
    return _table(header, rows) + more


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(text.replace("|", "\\|").replace("\n", " ") for text in line) + " |" for line in lines)
