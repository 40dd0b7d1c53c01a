"""The balance of the metering forest (BD06): nothing flows out that did not flow in, and little disappears on the way.

Put here what the residuals of nodes say. What a node is, and over which hours it is balanced, is decided where meters are staged; the two
sides are compared in ``balance``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from checks.findings import Finding, Judged, NotChecked, Severity
from checks.rules.balance import it_within_facility
from checks.rules.boundary import counted_once, placed
from checks.rules.meters import countable
from checks.rules.sides import it_declared
from checks.rules.view import Row, amount, by_key, meters_of, missing, percent, spread

# Loads that show that a site meters what is not IT: only then can something be missing among them.
_OTHER_LOADS = ("cooling", "distribution", "lighting", "auxiliary")


@dataclass(frozen=True)
class Flow:
    """Inflow, outflow and √Σ(class·E)² of a node or of several together, in Wh (water: L)."""

    inflow: int
    outflow: int
    error: float

    @property
    def excess(self) -> int:
        """What flows out beyond what flows in."""
        return self.outflow - self.inflow

    def allowed(self, share: float) -> float:
        """The excess that meters alone can explain: max(share of the inflow, combined class error). Source: checks.md BD06."""
        return max(share * self.inflow, self.error)

    def unbalanced(self, share: float) -> bool:
        return self.excess > self.allowed(share)


def _together(rows: list[Row]) -> Flow:
    error = sum(row["class_error"] ** 2 for row in rows) ** 0.5
    return Flow(sum(int(row["inflow"]) for row in rows), sum(int(row["outflow"]) for row in rows), error)


def nodes_balance(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """What flows out of a node flowed into it: an excess is a wrong multiplier, a wrong parent or a counter that runs too fast.

    Nodes flag; the site as a whole withholds. Loads that were switched to a neighbouring supply (bus tie) are no fault: nodes that
    share a parent are looked at together before one of them is blamed.

    理由:节点流出不应大于流入,否则倍率、上级关系或表计有误。单个节点仅提示,全站不平衡较大时暂缓发布;母联切换(同一上级下的节点合计平衡)不是故障。

    Source: checks.md BD06; metering.md §5 (a node balances inflow and outflow).
    """
    if absent := missing(judged, "energy_balance", "meters", "energies"):
        return absent
    registry = {row["meter_id"]: row for row in meters_of(judged, site_id)}
    rows = [
        {**row, "medium": registry[row["node_id"]]["medium"]} for row in judged.of_site("energy_balance", site_id)
        if row["known_s"] and row["node_id"] in registry and registry[row["node_id"]]["kind"] != "virtual"
    ]  # fmt: skip
    if not rows:
        return NotChecked(
            f"no meter has loads below it that are all metered in {judged.month}", f"{judged.month} 没有下级全部实测的计量节点"
        )
    share = judged.limit("BD06", "flag_above")
    above = {row["node_id"]: _parent(registry, row["node_id"], {one["node_id"] for one in rows}) for row in rows}
    roots = [row for row in rows if row["medium"] == "electricity" and above[row["node_id"]] is None]
    findings = _site(judged, site_id, _together(roots), share) if roots else []
    told = {finding.quantity: finding.id for finding in findings}
    groups = by_key([{**row, "group": f"{row['medium']} {above[row['node_id']] or ''}"} for row in rows], "group")
    for group in groups.values():
        if _together(group).unbalanced(share):  # else what one of them lacks another has: a switch-over between them
            for row in group:
                findings += _node(judged, site_id, row, share, told.get("E_DC"))
    if any(registry[row["node_id"]]["medium"] == "electricity" for row in rows):
        findings += _residuals(judged, site_id, roots, list(registry.values()))
    if not findings or (cause := _cause(judged, site_id)) is None:
        return findings
    return [replace(finding, because_of=finding.because_of or cause) if finding.quantity else finding for finding in findings]


def _cause(judged: Judged, site_id: str) -> str | None:
    """Id of a finding about a meter that takes it out of the balance, or puts it in a wrong place: what an imbalance follows from."""
    for rule in (placed, counted_once, it_declared, countable):
        found = rule(judged, site_id)
        meters = {row["meter_id"] for row in judged.of_site("meters", site_id) if row["medium"] == "electricity" or rule is placed}
        for finding in () if isinstance(found, NotChecked) else found:
            if finding.subject in meters:
                return finding.because_of or finding.id
    return None


def _parent(registry: dict[str, Row], node_id: str, nodes: set[str]) -> str | None:
    """The node above a node; None at a root."""
    up = registry[node_id].get("parent_meter_id")
    return up if up in nodes and up != node_id else None


def _site(judged: Judged, site_id: str, flow: Flow, share: float) -> list[Finding]:
    """The site as a whole: its supplies and sources against everything that hangs below them directly."""
    if not flow.unbalanced(share):
        return []
    withhold = judged.limit("BD06", "withhold_above")
    seen = flow.excess / flow.inflow if flow.inflow else 1.0
    severity: Severity = "withhold" if seen > withhold else "flag"
    limit = withhold if severity == "withhold" else (flow.allowed(share) / flow.inflow if flow.inflow else share)
    held, held_zh = (": E_DC and E_IT are withheld", ":E_DC、E_IT 暂缓发布") if severity == "withhold" else ("", "")
    above = it_within_facility(judged, site_id)
    month = next((f for f in above if f.subject == "month"), None) if isinstance(above, list) else None
    root = None if month is None else month.because_of or month.id
    finding = Finding(
        "BD06", site_id, judged.month, severity, "site",
        f"{amount(flow.outflow)} flow out of the site's supplies in {judged.month} and only {amount(flow.inflow)} into "
        f"them: {percent(seen, limit)} too much (limit {percent(limit, seen)}){held}. Look for a wrong multiplier, a supply or source "
        "without a meter, or a load with the wrong parent_meter_id.",
        f"{judged.month} 全站流出 {amount(flow.outflow)},流入仅 {amount(flow.inflow)},超出 {percent(seen, limit)}(限值 "
        f"{percent(limit, seen)}){held_zh}。请检查倍率、未计量的进线或电源、以及 parent_meter_id。",
        seen=seen, limit=limit, unit="1", because_of=root,
    )  # fmt: skip
    return spread(finding, ["E_DC", "E_IT"])


def _node(judged: Judged, site_id: str, row: Row, share: float, cause: str | None) -> list[Finding]:
    flow = _together([row])
    if not flow.unbalanced(share):
        return []
    electric = row["medium"] == "electricity"
    seen = flow.excess / flow.inflow if flow.inflow else 1.0
    limit = flow.allowed(share) / flow.inflow if flow.inflow else share
    out, came = amount(flow.outflow, row["medium"]), amount(flow.inflow, row["medium"])
    return [
        Finding(
            "BD06", site_id, judged.month, "flag", row["node_id"],
            f"Below meter {row['node_id']} {out} are counted in {judged.month}, and only {came} flowed into it: {percent(seen, limit)} too "
            f"much (limit {percent(limit, seen)}). Check the multipliers of the meters below it and their parent_meter_id.",
            f"{judged.month} 计量点 {row['node_id']} 的下级合计 {out},流入仅 {came},超出 {percent(seen, limit)}(限值 "
            f"{percent(limit, seen)})。请检查下级表计的倍率与 parent_meter_id。",
            quantity="E_DC" if electric else "", seen=seen, limit=limit, unit="1", because_of=cause if electric else None,
        )
    ]  # fmt: skip


def _residuals(judged: Judged, site_id: str, roots: list[Row], meters: list[Row]) -> list[Finding]:
    """Energy that disappears between two levels: a measuring point may be missing."""
    findings = []
    flow, limit = _together(roots), judged.limit("BD06", "residual_above")
    if any(row["point"] in _OTHER_LOADS for row in meters) and flow.inflow and -flow.excess > limit * flow.inflow:
        seen = -flow.excess / flow.inflow
        findings.append(
            Finding(
                "BD06", site_id, judged.month, "flag", "residual",
                f"{percent(seen, limit)} of what flows into the site in {judged.month} reaches no meter below its supplies (limit "
                f"{percent(limit)}): {amount(-flow.excess)}. A measuring point may be missing; register it, or link it with "
                "parent_meter_id.",
                f"{judged.month} 流入电量中有 {percent(seen, limit)}({amount(-flow.excess)})未到达下级任何计量点(限值 "
                f"{percent(limit)}):可能缺少计量点。请登记,或以 parent_meter_id 建立上下级关系。",
                quantity="E_DC", seen=seen, limit=limit, unit="1",
            )
        )  # fmt: skip
    totals = {row["measure"]: row["quantity"] for row in judged.of_site("energies", site_id) if not row["meter_id"]}
    ups, pdu, limit = totals.get("point:ups_output"), totals.get("point:pdu_output"), judged.limit("BD06", "ups_to_pdu_above")
    if ups and pdu is not None and ups - pdu > limit * ups:
        seen = (ups - pdu) / ups
        findings.append(
            Finding(
                "BD06", site_id, judged.month, "flag", "ups_output",
                f"{percent(seen, limit)} of what leaves the UPS in {judged.month} is not counted at the PDUs (limit {percent(limit)}): "
                f"{amount(ups - pdu)}. A PDU may be missing; register its meter.",
                f"{judged.month} UPS 输出中有 {percent(seen, limit)}({amount(ups - pdu)})未在 PDU 计量(限值 {percent(limit)}):"
                "可能缺少列头柜计量点,请登记。",
                quantity="E_IT", seen=seen, limit=limit, unit="1",
            )
        )  # fmt: skip
    return findings
