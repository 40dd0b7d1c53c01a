"""The chain of one contract and month: contracted → delivered → settled → certificated → cancelled → counted, and the gaps between.

Each gap is split into named parts that sum to it. Where the quantities come from is ``contract_balance.py`` and ``contract_numbers.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from assets.staging.certificates import WH_PER_MWH
from assets.staging.claim_books import MONTHLY_KINDS
from assets.staging.contract_numbers import ONSITE, Numbers, span
from assets.staging.contracts import Row, conveys, settled_wh, wh
from assets.staging.spans import size, without

STAGES = ("contracted", "delivered", "settled", "certificated", "cancelled", "counted")

# What a gap between two neighbours of the chain is, in English and Chinese. A reason of ``claim_rules.REASONS`` may stand beside these.
GAPS: dict[str, tuple[str, str]] = {
    "mechanism volume": ("mechanism electricity", "机制电量"),
    "short delivery": ("less delivered than contracted", "少于合同电量"),
    "beyond the contract": ("above the contracted energy", "超出合同电量"),
    "above user load": ("above the user's load", "超出用户用电量"),
    "less on the statement": ("less on the statement", "结算单所列较少"),
    "more on the statement": ("more on the statement than delivered", "结算单所列多于交付电量"),
    "carried": ("below 1 MWh, carried", "不足 1 MWh,结转"),
    "carried from before": ("carried from the months before", "前期结转"),
    "issued, not transferred": ("issued, not transferred", "已核发,未划转"),
    "not yet issued": ("certificates not yet issued", "绿证尚未核发"),
    "not issued in time": ("certificates not issued in time", "绿证逾期未核发"),
    "attribute not conveyed": ("the contract does not convey the attribute", "合同未转让环境权益"),
    "beyond the settlement": ("more certificates than energy", "绿证多于电量"),
    "certificates lag": ("counted by the meter, certificates lag", "按计量计入,绿证滞后"),
    "not cancelled": ("held, not cancelled", "已持有,未核销"),
    "expired": ("expired", "已过期"),
    "frozen": ("frozen", "已冻结"),
    "withdrawn": ("withdrawn", "已撤销"),
    "in other months": ("cancelled for other months or sites", "核销给其他月份或站点"),
}


@dataclass(frozen=True)
class Chain:
    """Quantities of a contract and month in Wh by stage (None: unknown; a stage that the kind of contract does not have is absent), and
    the named parts of each stage's gap to the one before: positive is lost, negative is more than before."""

    quantities: Mapping[str, int | None]
    gaps: Mapping[str, Mapping[str, int]]


def chain_of(
    contract: Row, settlement: Row | None, delivered: int | None, numbers: Numbers, claims: Iterable[Row], *, may_come: bool
) -> Chain:  # fmt: skip
    """The chain of one contract and month with its gaps. ``claims``: the month's claim rows of energy it delivered.

    Each stage is compared with the nearest one before it that is known; the parts of a gap sum to the difference. A stage that the kind of
    contract does not have is left out: purchases of certificates deliver and settle nothing unless a statement says so, on-site generation
    settles nothing, and what certificates of purchases count for stands in the months that they are cancelled for.
    """
    stated = settlement or {}
    quantities: dict[str, int | None] = {"contracted": _known(stated.get("contract_mwh")), "delivered": delivered}
    if contract["kind"] in ONSITE and settlement is None:
        quantities.pop("contracted")
    elif settlement is None and contract["kind"] == "certificate_purchase":
        quantities.clear()
    else:
        quantities["settled"] = None if settlement is None else settled_wh(settlement)
    quantities["certificated"] = numbers.certificated * WH_PER_MWH
    quantities["cancelled"] = numbers.cancelled * WH_PER_MWH
    rows = list(claims)
    if contract["kind"] in MONTHLY_KINDS:
        quantities["counted"] = sum(row["quantity_wh"] or 0 for row in rows if row["status"] == "eligible")
    gaps: dict[str, dict[str, int]] = {}
    for stage in quantities:
        before = _before(stage, contract, quantities)
        now = quantities[stage]
        if before is None or now is None:
            continue
        parts = {
            "delivered": lambda b, n: _undelivered(b, n, stated),
            "settled": lambda b, n: _unsettled(b, n, stated),
            "certificated": lambda b, n: _uncertificated(b, n, contract, numbers, may_come),
            "cancelled": lambda b, n: _uncancelled(b, n, numbers),
            "counted": lambda b, n: _uncounted(b, n, rows),
        }[stage](before, now)
        gaps[stage] = {name: part for name, part in parts.items() if part}
    return Chain(quantities, gaps)


def _before(stage: str, contract: Row, quantities: Mapping[str, int | None]) -> int | None:
    """What a stage is compared with: the nearest known one before it; of what the meter alone makes count, the meter's energy."""
    if stage == "counted" and contract["kind"] in ONSITE:
        return quantities.get("delivered")
    known = [quantities[one] for one in STAGES[: STAGES.index(stage)] if quantities.get(one) is not None]
    return known[-1] if known else None


def _known(mwh: Any) -> int | None:
    return None if mwh is None else wh(mwh)


def _undelivered(contracted: int, delivered: int, stated: Row) -> dict[str, int]:
    gap = contracted - delivered
    mechanism = min(max(0, gap), wh(stated.get("mechanism_mwh") or 0))
    return {"mechanism volume": mechanism, "short delivery": max(0, gap - mechanism), "beyond the contract": min(0, gap)}


def _unsettled(before: int, settled: int, stated: Row) -> dict[str, int]:
    """The three-way minimum, and what the statement itself has less or more."""
    contract, user = _known(stated.get("contract_mwh")), _known(stated.get("user_mwh"))
    beyond = max(0, before - contract) if contract is not None else 0
    above = max(0, before - beyond - user) if user is not None else 0
    rest = before - beyond - above - settled
    return {
        "beyond the contract": beyond, "above user load": above, "less on the statement": max(0, rest),
        "more on the statement": min(0, rest),
    }  # fmt: skip


def _uncertificated(before: int, certificated: int, contract: Row, numbers: Numbers, may_come: bool) -> dict[str, int]:
    """Whole certificates that are not there, by why; and what is below one MWh, which is carried."""
    gap = before - certificated
    if gap < 0:
        return {"carried from before" if -gap < WH_PER_MWH else "beyond the settlement": gap}
    carried = gap % WH_PER_MWH
    whole = gap - carried
    if not conveys(contract) and contract["kind"] != "certificate_purchase":
        return {"attribute not conveyed": whole, "carried": carried}
    if contract["kind"] in ONSITE:  # its meter counts; its certificates come late and nobody waits for them
        return {"certificates lag": whole, "carried": carried}
    free = min(whole, numbers.free * WH_PER_MWH)
    return {"issued, not transferred": free, "not yet issued" if may_come else "not issued in time": whole - free, "carried": carried}


def _uncancelled(certificated: int, cancelled: int, numbers: Numbers) -> dict[str, int]:
    ended = {name: count * WH_PER_MWH for name, count in numbers.ended.items()}
    return {**ended, "not cancelled": certificated - cancelled - sum(ended.values())}


def _uncounted(before: int, counted: int, claims: Iterable[Row]) -> dict[str, int]:
    """What was cancelled (of on-site energy: metered) and does not count, by the reason of its claim; a number claimed twice is one."""
    left, parts = before - counted, {}
    for name, quantity in _by_reason(list(claims)).items():
        parts[name] = max(0, min(left, quantity))
        left -= parts[name]
    return {**parts, "in other months": left}


def _by_reason(claims: list[Row]) -> dict[str, int]:
    """Wh of the claims that don't count by reason, in the order of reasons: each certificate once, and none that counts."""
    told = {project: [span(row) for row in rows if row["status"] == "eligible"] for project, rows in _numbered(claims).items()}
    found: dict[str, int] = {}
    for reason in sorted({row["reason"] for row in claims if row["status"] != "eligible" and row["reason"]}):
        own = [row for row in claims if row["status"] != "eligible" and row["reason"] == reason]
        found[reason] = sum(row["quantity_wh"] or 0 for row in own if row.get("seq_start") is None)
        for project, rows in _numbered(own).items():
            new = without((span(row) for row in rows), told[project])
            found[reason] += size(new) * WH_PER_MWH
            told[project] += new
    return found


def _numbered(claims: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in claims:
        if row.get("seq_start") is not None:
            found.setdefault(row["project_code"], []).append(row)
    return found
