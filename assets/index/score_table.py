"""``gci score``: a table of values scored with an edition, without a home.

Says what is wrong with it in the user's words; the scoring is ``scorecard.py``'s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from assets.edition.node import nearest
from assets.edition.tree import Edition, Indicator
from assets.index.csv_rows import read_csv_rows
from assets.index.grade import EntityFacts
from assets.index.scorecard import score_entity
from assets.indicators.measure import STATUSES, VALUED, IndicatorValue
from resources.errors import GciError

REQUIRED = ("entity_id", "code", "value")
FACT_COLUMNS = ("hub", "geography", "design_power_kw", "commissioned_on", "stage", "kind", "category")
COLUMNS = (*REQUIRED, "status", *FACT_COLUMNS)
HEADERS_ZH = {
    "对象编号": "entity_id",
    "站点编号": "entity_id",
    "指标代码": "code",
    "数值": "value",
    "状态": "status",
    "枢纽": "hub",
    "地区": "geography",
    "设计功率_kW": "design_power_kw",
    "投产日期": "commissioned_on",
    "阶段": "stage",
}
STATUS_ZH = {
    "实测": "measured",
    "估算": "estimated",
    "沿用": "carried_forward",
    "申报": "declared",
    "未报送": "not_reported",
    "不适用": "not_applicable",
    "暂缓发布": "withheld",
}
NO_HUB = ("", "no", "false", "0", "none", "否", "无")
UNBOUNDED = ("unbounded", "无上限")


@dataclass
class _Entity:
    """What the rows of one entity state."""

    values: dict[str, IndicatorValue] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)


def score_table(path: Path, edition: Edition, on: date) -> dict[str, Any]:
    """Score every entity of a CSV file: the object that ``gci score`` prints (interfaces.md §3).

    Columns ``entity_id, code, value``, optional ``status`` (blank: measured where there is a value, not_reported where there is none) and
    facts of the entity (``hub, geography, design_power_kw, commissioned_on, stage, kind``; ``category`` of the row's value). Caps are those
    in force on ``on``, tested on the values given; the design power is A2's value unless stated. UsageError when the file can't be read,
    GciError naming row, column and what is expected for what is wrong in it.
    """
    table = read_rows(path)
    entities: dict[str, _Entity] = {}
    for number, row in table:
        _read_row(path.name, number, row, edition, entities)
    return {
        "edition": edition.name,
        "edition_digest": edition.digest,
        "convention": edition.convention.en,
        "convention_zh": edition.convention.zh,
        "on": on.isoformat(),
        "entities": [_scored_json(path.name, name, entities[name], edition, on) for name in sorted(entities)],
    }


def read_rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Rows of a table of values with their number, by English column name; errors as in ``csv_rows.py``."""
    return read_csv_rows(path, REQUIRED, COLUMNS, lambda header: HEADERS_ZH.get(header, header), "nothing to score")


def _read_row(name: str, number: int, row: dict[str, str], edition: Edition, entities: dict[str, _Entity]) -> None:
    where = f"{name} row {number}"
    if not row["entity_id"]:
        raise GciError(f"{where}: entity_id is blank.")
    entity = entities.setdefault(row["entity_id"], _Entity())
    for column in FACT_COLUMNS[:-1]:
        stated = row.get(column, "")
        if stated and entity.facts.setdefault(column, stated) != stated:
            raise GciError(f"{where}: {column} of {row['entity_id']} is '{stated}' here and '{entity.facts[column]}' above.")
    code = row["code"]
    if code not in edition.codes:
        raise GciError(f"{where}: unknown indicator '{code}' in edition {edition.name}.{nearest(code, edition.codes)}")
    if code in entity.values:
        raise GciError(f"{where}: {code} of {row['entity_id']} is given twice. Keep one of the rows.")
    entity.values[code] = _value(where, row, edition.indicator(code))


def _value(where: str, row: dict[str, str], indicator: Indicator) -> IndicatorValue:
    text, stated = row["value"], row.get("status", "")
    status = STATUS_ZH.get(stated, stated) or ("measured" if text else "not_reported")
    if status not in STATUSES:
        raise GciError(f"{where}: unknown status '{stated}'.{nearest(status, STATUSES)}")
    if status not in VALUED:
        if text:
            raise GciError(f"{where}: {indicator.code} has the value '{text}' and the status {status}. Leave one of them blank.")
        return IndicatorValue(indicator.code, status, unit=indicator.unit)
    if not text:
        raise GciError(f"{where}: {indicator.code} is {status} but has no value. Write not_reported when it is not known.")
    category = row.get("category") or None
    if indicator.unbounded and text.lower() in UNBOUNDED:
        return IndicatorValue(indicator.code, status, None, indicator.unit, category=category, unbounded=True)
    number = _number(where, f"{indicator.code} value", text)
    low, high = indicator.minimum, indicator.maximum
    if (low is not None and number < low) or (high is not None and number > high):
        bounds = f"at least {low:g}" if high is None else f"{low if low is not None else -math.inf:g} to {high:g}"
        hint = f" Write {number / 100:g} for {number:g} %." if high == 1 and 1 < number <= 100 else ""
        raise GciError(f"{where}: {indicator.code} {indicator.en} is {number:g}, but can only be {bounds} ({indicator.unit}).{hint}")
    return IndicatorValue(indicator.code, status, number, indicator.unit, category=category)


def _number(where: str, what: str, text: str) -> float:
    try:
        number = float(text) if "_" not in text else math.nan
    except ValueError:
        number = math.nan
    if math.isfinite(number):
        return number
    hint = " Write 0.85 for 85 %." if text.endswith(("%", "％")) else " Write digits with a point, without unit or thousands separator."
    raise GciError(f"{where}: {what} '{text}' is no number.{hint}")


def _scored_json(name: str, entity_id: str, entity: _Entity, edition: Edition, on: date) -> dict[str, Any]:
    facts = _facts(f"{name}, {entity_id}", entity)
    scored = score_entity(entity.values, edition, on=on, facts=facts)
    return {
        "entity_id": entity_id,
        **scored.index_json(),
        "scores": {s.indicator.code: s.score for s in scored.scores},
        "values": {s.indicator.code: s.value for s in scored.scores},
        "statuses": {s.indicator.code: s.status for s in scored.scores},
        "contributions": dict(scored.contributions),
    }


def _facts(where: str, entity: _Entity) -> EntityFacts:
    stated = entity.facts
    kind = stated.get("kind", "site")
    if kind not in ("site", "cluster"):
        raise GciError(f"{where}: kind '{kind}' is neither site nor cluster.")
    power: float | None = None
    if "design_power_kw" in stated:
        power = _number(where, "design_power_kw", stated["design_power_kw"])
    elif "A2" in entity.values:
        power = entity.values["A2"].value
    commissioned: date | None = None
    if "commissioned_on" in stated:
        try:
            commissioned = date.fromisoformat(stated["commissioned_on"])
        except ValueError:
            raise GciError(f"{where}: commissioned_on '{stated['commissioned_on']}' is no date. Write YYYY-MM-DD.") from None
    hub = stated.get("hub", "")
    return EntityFacts(
        kind=kind,
        geography=stated.get("geography"),
        design_power_kw=power,
        hub=None if hub.lower() in NO_HUB else hub,
        commissioned_on=commissioned,
        stage=stated.get("stage"),
    )
