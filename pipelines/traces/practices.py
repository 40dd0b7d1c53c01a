"""Behind a checklist (A3, A4, C1, G1, H1, J1, J2): each item of the edition, its weight, its newest assessment, document and row."""

from __future__ import annotations

import math
from typing import Any

from assets.indicators.inputs import Practice
from pipelines.traces.provided import Provided, landed_row, proof
from pipelines.traces.texts import Texts
from pipelines.traces.work import Work


def practices(work: Work, code: str, texts: Texts) -> Provided:
    """Σ weight × level over the items that count; pieces ``score`` and ``weight``."""
    newest: dict[str, dict[str, Any]] = {}
    for found in work.feeds["practices"]:
        known = newest.get(found["item_code"])
        mine = found["site_id"] == work.site_id and found["assessed_on"] <= work.last_day
        if mine and (known is None or found["assessed_on"] > known["assessed_on"]):
            newest[found["item_code"]] = found
    items, score, weight = [], [], []
    for item in work.edition.indicator(code).checklist:
        practice = work.site_month.practices.get(item.code)
        row = newest.get(item.code)
        node: dict[str, Any] = {"item": item.code, "en": item.en, "zh": item.zh, "weight": item.weight}
        weight.append(item.weight)
        if practice is not None and row is not None:
            points = item.weight * practice.level
            score += [points] if practice.counts else []
            row_node = landed_row(work, texts, row, ("assessed_on", "assessor", "evidence"))
            row_node |= {**node, **_assessed(practice, points), "document": proof(work, row["evidence"])}
            node = row_node  # not a copy: its text comes later
        else:
            node |= {"level": None, "counts": False, "points": 0.0, "reason": "not assessed"}
        items.append(node)
    total = {"score": math.fsum(score), "weight": math.fsum(weight)}
    counted = sum(node["counts"] for node in items)
    return Provided({"practices": {**total, "items_counted": counted, "items": items}}, total)


def _assessed(practice: Practice, points: float) -> dict[str, Any]:
    return {
        "level": practice.level, "counts": practice.counts, "points": points if practice.counts else 0.0, "reason": practice.reason or None,
    }  # fmt: skip
