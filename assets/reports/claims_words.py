"""What a result says about claims that are still to come, in English and Chinese.

Words only: whether claims are open, and what is pending, is in the result (``assets/index/claims_state.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assets.reports.words import number, percent, points

Said = tuple[str, str]
_EN = {"settled, not cancelled": "settled", "held, not cancelled": "held", "certificate not cancelled": "metered on the line"}
_ZH = {"settled, not cancelled": "已结算", "held, not cancelled": "已持有", "certificate not cancelled": "直连线路已计量"}


def claims_words(payload: Mapping[str, Any]) -> list[Said]:
    """Sentences about the claims of a result: until when they are open, what share is still to come and from which contracts.

    ``payload`` is that of ``gci show``; empty where there is nothing to come and nothing pending.
    """
    day, rows = payload.get("claims_complete_on"), payload.get("claims_pending") or []
    said: list[Said] = []
    if payload["claims_open"]:
        said.append((
            f"Claims are open: certificates for these months may come until {day} (project convention).",
            f"绿电主张尚未齐全:截至 {day} 仍可能有这些月份的绿证核销(本项目约定)。",
        ))  # fmt: skip
    elif day is not None:
        said.append((
            f"Claims are complete: certificates for these months could come until {day} (project convention).",
            f"绿电主张已齐全:这些月份的绿证核销截止日为 {day}(本项目约定)。",
        ))  # fmt: skip
    if rows:
        said.append(_pending(payload, rows))
    return said


def coming_words(found: Mapping[str, Any]) -> list[Said]:
    """Sentences about a year: what share is still to come and from which contracts, and what was not cancelled in time.

    ``found``: ``year``, ``claims_until``, and the lists ``to_come`` and ``not_in_time`` of contracts with reason, MWh and share
    (``gci certificates``).
    """
    said: list[Said] = []
    if rows := found["to_come"]:
        (total_en, from_en), (total_zh, from_zh) = _said(rows)
        said.append((
            f"Still to come in {found['year']}, until {found['claims_until']} at the latest: {total_en}: {from_en}.",
            f"{found['year']} 年尚待核销(最迟至 {found['claims_until']}):{total_zh}:{from_zh}。",
        ))  # fmt: skip
    if rows := found["not_in_time"]:
        (total_en, from_en), (total_zh, from_zh) = _said(rows)
        said.append((
            f"Not cancelled in time, counted as nothing: {total_en}: {from_en}.", f"逾期未核销,不计入:{total_zh}:{from_zh}。",
        ))  # fmt: skip
    return said


def _said(rows: Sequence[Mapping[str, Any]]) -> tuple[Said, Said]:
    """Total and list of pending energy, in English and in Chinese."""
    total = number(sum(row["mwh"] for row in rows))
    shares = [row["share"] for row in rows]
    whole = None if None in shares else percent(sum(shares))
    en = "; ".join(
        f"{row['contract_id'] or 'no contract'} {number(row['mwh'])} MWh {_EN.get(row['reason'], row['reason'])}" for row in rows
    )
    zh = ";".join(f"{row['contract_id'] or '无合同'} {number(row['mwh'])} MWh {_ZH.get(row['reason'], row['reason_zh'])}" for row in rows)
    return (
        (f"{total} MWh" + (f" ({whole} of the electricity)" if whole else ""), en),
        (f"{total} MWh" + (f"(占用电量 {whole})" if whole else ""), zh),
    )


def _pending(payload: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Said:
    (total_en, from_en), (total_zh, from_zh) = _said(rows)
    if not payload["claims_open"]:  # nothing of it can come in time any more
        return f"Not cancelled in time, counted as nothing: {total_en}: {from_en}.", f"逾期未核销,不计入:{total_zh}:{from_zh}。"
    hoped, now = payload["index_if_pending_cancelled"], payload["index"]
    then_en = "" if hoped == now else f" The index would be {points(hoped)} instead of {points(now)}."
    then_zh = "" if hoped == now else f"若全部核销,指数为 {points(hoped)}(现为 {points(now)})。"
    return (
        f"Still to come, counted as nothing yet: {total_en}: {from_en}.{then_en}",
        f"待核销,暂不计入:{total_zh}:{from_zh}。{then_zh}",
    )
