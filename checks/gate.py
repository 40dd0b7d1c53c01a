"""The gate: verdicts on quantities, durable in the ledger, asked by everything that reads a quantity.

Put here how rules are run over a month and how their verdicts are read again. A verdict holds for the digest it was passed on: a
table without a verdict for its current digest is not judged, and what is not judged does not enter. Rules are in ``rules``; no
pandas, no dagster.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from checks.findings import QUANTITIES, SEVERITIES, Finding, Judged, NotChecked, Rule
from checks.rules.catalogue import RULES
from checks.waivers import NEVER, Granted
from resources.digest import canonical_json
from resources.ledger import Ledger

Row = dict[str, Any]
NO_VERDICT = "(no verdict)"
_SAID = ("site_id", "rule", "quantity", "judged", "outcome", "severity")  # what the gate reads of a verdict
_JUDGED = {rule.table for rule in RULES}


@dataclass(frozen=True)
class Judgement:
    """What some rules said about one table of a month: rows for the ledger tables ``finding`` and ``verdict``."""

    findings: list[Row]
    verdicts: list[Row]


def judge(rules: Iterable[Rule], judged: Judged, judged_digest: str, waivers: Mapping[str, Granted] | None = None) -> Judgement:
    """Ask every rule about every site.

    ``rules``: those of one table; ``judged_digest``: that table's digest, as its manifest will have it; ``waivers`` in force, by finding
    id: a rule whose withholding findings on a quantity are all waived fails as before, with the outcome ``waived`` and who waived it.
    Returns ledger rows without month and table_name (``Ledger.replace`` adds them): findings sorted by site, severity, code and subject,
    and one verdict for each site, rule and quantity (``''`` for a rule, or a finding, that spoils none). A rule that raises is a bug and
    stops the step; ValueError when a rule says what its spec does not allow. One site's fault is in no other site's verdict.
    """
    findings: list[Finding] = []
    verdicts: list[Row] = []
    for rule in rules:
        for site_id in judged.site_ids:
            found = rule.evaluate(judged, site_id)
            if isinstance(found, NotChecked):
                reason = f"{found.reason_en} / {found.reason_zh}"
                verdicts += [_verdict(rule, site_id, q, "not_checked", "", reason, judged_digest) for q in rule.quantities or ("",)]
                continue
            if not found:  # most of them
                verdicts += [_verdict(rule, site_id, q, "pass", "", "", judged_digest) for q in rule.quantities or ("",)]
                continue
            _conform(rule, site_id, found)
            findings += found
            quantities = dict.fromkeys([*(rule.quantities or ("",)), *(finding.quantity for finding in found)])
            for quantity in quantities:
                own = [finding for finding in found if finding.quantity == quantity]
                worst = min((f.severity for f in own), key=SEVERITIES.index, default=None)
                waived = _waived(rule, own, waivers or {})
                outcome = "waived" if waived else "fail" if worst else "pass"
                verdicts.append(_verdict(rule, site_id, quantity, outcome, worst or "", waived, judged_digest))
    findings.sort(key=lambda f: (f.site_id, SEVERITIES.index(f.severity), f.code, f.quantity, f.subject))
    return Judgement([finding_row(finding) for finding in findings], verdicts)


def _verdict(rule: Rule, site_id: str, quantity: str, outcome: str, severity: str, reason: str, judged: str) -> Row:
    return {
        "site_id": site_id, "quantity": quantity, "rule": rule.code, "outcome": outcome, "severity": severity, "reason": reason,
        "judged": judged,
    }  # fmt: skip


def _waived(rule: Rule, found: Sequence[Finding], waivers: Mapping[str, Granted]) -> str:
    """Who waived every withholding finding of these, in both languages; '' when one of them stands, or there is none."""
    withholding = [finding for finding in found if finding.severity == "withhold"]
    if rule.code in NEVER or not all(finding.id in waivers for finding in withholding):
        return ""
    said = dict.fromkeys(waivers[finding.id].waiver for finding in withholding)
    return "; ".join(f"{waiver.text_en} / {waiver.text_zh}" for waiver in said)


def _conform(rule: Rule, site_id: str, found: Sequence[Finding]) -> None:
    """ValueError when findings contradict the rule's spec: the gate derives from it which rules can withhold what."""
    for finding in found:
        if (
            (finding.code, finding.site_id) != (rule.code, site_id)
            or finding.quantity not in ("", *rule.quantities)
            or SEVERITIES.index(finding.severity) < SEVERITIES.index(rule.severity)
            # a rule of no quantity withholds nothing at the gate, but a trailing value (ME06)
            or (finding.severity == "withhold" and finding.quantity not in (QUANTITIES if rule.quantities else ("",)))
        ):
            raise ValueError(f"rule {rule.code} on {rule.table} may not answer {finding}")
    if len({finding.id for finding in found}) != len(found):
        raise ValueError(f"rule {rule.code} named a subject of {site_id} twice")


def finding_row(finding: Finding) -> Row:
    """A finding as a row of the ledger table ``finding`` (without month and table_name)."""
    return {
        "id": finding.id, "site_id": finding.site_id, "code": finding.code, "severity": finding.severity, "quantity": finding.quantity,
        "subject": finding.subject, "seen": finding.seen, "limit": finding.limit, "unit": finding.unit, "message_en": finding.message_en,
        "message_zh": finding.message_zh, "rows_ref": canonical_json([list(row) for row in finding.rows]), "because_of": finding.because_of,
    }  # fmt: skip


def fold(findings: Sequence[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], list[Mapping[str, Any]]]]:
    """Findings under their roots: ``(root, those that follow from it)``, in the order given.

    A finding whose root is not among ``findings`` stands for itself; a chain ends at its first root.
    """
    by_id = {row["id"]: row for row in findings}

    def root(row: Mapping[str, Any]) -> str:
        seen = {row["id"]}
        while row["because_of"] in by_id and row["because_of"] not in seen:
            row = by_id[row["because_of"]]
            seen.add(row["id"])
        return str(row["id"])

    folded: dict[str, list[Mapping[str, Any]]] = {row["id"]: [] for row in findings if root(row) == row["id"]}
    for row in findings:
        if (top := root(row)) != row["id"]:
            folded.setdefault(top, []).append(row)
    return [(by_id[top], followers) for top, followers in folded.items()]


def enters_gate(table: str) -> bool:
    """Whether what the gate says of a month rests on a manifest: of a table that a rule judges, of findings or of verdicts."""
    return table in _JUDGED or table.startswith(("ledger/finding@", "ledger/verdict@"))


class Gate:
    """What of a month may enter an indicator: read from the ledger once, asked for each site."""

    def __init__(self, ledger: Ledger, month: str) -> None:
        self._ledger, self._month = ledger, month

    @cached_property
    def _digests(self) -> dict[str, str]:
        return self._ledger.digests(self._month)[self._month]

    @cached_property
    def _verdicts(self) -> dict[tuple[str, str, str, str], Row]:
        rows = self._ledger.rows("verdict", _SAID, month=self._month)
        return {(row["site_id"], row["rule"], row["quantity"], row["judged"]): row for row in rows}

    @cached_property
    def _held(self) -> dict[str, dict[str, tuple[str, ...]]]:
        return {}

    @cached_property
    def _waived(self) -> set[tuple[str, str, str]]:
        """Site, rule and quantity of what is waived."""
        rows = self._ledger.rows("verdict", _SAID, month=self._month, outcome="waived")
        return {(row["site_id"], row["rule"], row["quantity"]) for row in rows}

    @cached_property
    def _withholding(self) -> dict[str, list[Row]]:
        """The findings that withhold a quantity, by site."""
        found: dict[str, list[Row]] = {}
        for row in self._ledger.rows("finding", month=self._month, severity="withhold"):
            if row["quantity"]:
                found.setdefault(row["site_id"], []).append(row)
        return found

    def withheld(self, site_id: str) -> dict[str, tuple[str, ...]]:
        """The withheld quantities of a site and the codes of the rules that withhold them, in catalogue order.

        A quantity is withheld by a rule that failed on it with severity ``withhold``, and by one that can withhold it but has no verdict
        on the current content of the table it judges, marked ``TL01 (no verdict)``.
        Source: checks.md, "no verdict for these digests means withheld".
        """
        if site_id not in self._held:
            self._held[site_id] = self._find_withheld(site_id)
        return self._held[site_id]

    def _find_withheld(self, site_id: str) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for rule in RULES:
            if rule.severity != "withhold":
                continue
            for quantity in rule.quantities:
                digest = self._digests.get(rule.table)
                verdict = self._verdicts.get((site_id, rule.code, quantity, digest)) if digest else None
                if verdict is None:
                    found.setdefault(quantity, []).append(f"{rule.code} {NO_VERDICT}")
                elif verdict["outcome"] == "fail" and verdict["severity"] == "withhold":
                    found.setdefault(quantity, []).append(rule.code)
        return {quantity: tuple(dict.fromkeys(found[quantity])) for quantity in QUANTITIES if quantity in found}

    def waived(self, site_id: str) -> dict[str, tuple[str, ...]]:
        """The quantities of a site that pass only because their findings are waived, and the codes of the rules that fail on them."""
        found: dict[str, list[str]] = {}
        for rule in RULES:
            digest = self._digests.get(rule.table)
            for quantity in rule.quantities:
                verdict = self._verdicts.get((site_id, rule.code, quantity, digest)) if digest else None
                if verdict is not None and verdict["outcome"] == "waived":
                    found.setdefault(quantity, []).append(rule.code)
        held = self.withheld(site_id)
        return {quantity: tuple(dict.fromkeys(codes)) for quantity, codes in found.items() if quantity not in held}

    def root(self, site_id: str) -> str | None:
        """Id of the finding for which something of the site is withheld this month: what an interim trailing value follows from (TL08)."""
        rows = [row for row in self._withholding.get(site_id, ()) if (site_id, row["code"], row["quantity"]) not in self._waived]
        roots = [row for row in rows if row["because_of"] is None] or rows
        return min((row["id"] for row in roots), default=None)
