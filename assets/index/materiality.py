"""Materiality: what a finding can do to its quantity, to the indicators that read it, and to the index.

The quantity is set to the low and the high end of its doubt, the indicators are measured, composed over the trailing window and scored
again with the same functions as the published ones. Nothing is approximated but what ``doubts.py`` says of the quantity.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from assets.edition.tree import Edition
from assets.index.aggregate import score_indicator
from assets.index.doubt_rules import doubt_of
from assets.index.doubts import CLAIMS, PRACTICES, Doubt, NotQuantified, SiteTables
from assets.index.grade import EntityFacts
from assets.index.scorecard import score_entity
from assets.index.window import RULE
from assets.indicators.compose import trailing
from assets.indicators.inputs import Parameters, SiteMonth
from assets.indicators.measure import IndicatorValue
from assets.indicators.registry import INDICATORS
from resources.calendar import month_last_day
from resources.digest import canonical_json

Row = Mapping[str, Any]
Values = Mapping[str, IndicatorValue]
ASSUMED = "(assumed)"  # stands for a document that is taken to be there
# The measures that move with a side, and the other side that none of them may pass (BD07).
_MEASURES = {"E_DC": ("E_DC", "E_DC@D1"), "E_IT": ("E_IT", "E_IT@D1", "E_IT@D2"), "water": ("water", "water@D2")}
_OTHER = {"E_DC": "E_IT", "E_IT": "E_DC"}


@dataclass(frozen=True)
class Month:
    """One site's month as it was published, and how it is built again from other rows.

    ``build(withheld, rows, evidence)`` makes the site-month; ``window`` are the values of the trailing months before this one by indicator
    code, oldest first; ``published`` those of the trailing window. ``withheld``: quantity → rules; ``waived``: findings that are waived.
    """

    tables: SiteTables
    build: Callable[[Mapping[str, tuple[str, ...]], Mapping[str, list[Row]], Collection[str]], SiteMonth]
    withheld: Mapping[str, tuple[str, ...]]
    window: Mapping[str, Sequence[IndicatorValue]]
    published: Values
    parameters: Parameters
    edition: Edition
    facts: EntityFacts
    on: date
    waived: Collection[str] = ()

    def index_of(self, values: Values) -> float | None:
        return score_entity(values, self.edition, on=self.on, facts=self.facts).index


def materiality(findings: Iterable[Row], month: Month) -> list[dict[str, Any]]:
    """Rows of the ledger table ``materiality`` of a site's findings, in their order.

    ``quantity_low/high``: how much the quantity may be off, in ``unit``; ``indicators``: code → lowest and highest trailing value (null:
    none); ``index_low/high``: by how many points the trailing index may move. A withholding finding is judged as if it and what follows
    from it no longer withheld, but others did. Of indicators that move in opposite directions the worst and the best are taken together,
    so that the interval holds whatever the truth is between both ends. All null with a reason where nothing bounds the doubt.
    Source: checks.md (materiality), project convention.
    """
    listed = list(findings)
    base = month.index_of(month.published)
    return [_row(row, doubt_of(row, month.tables), _lifted(row, listed, month), month, base) for row in listed]


def _lifted(finding: Row, findings: Sequence[Row], month: Month) -> frozenset[str]:
    """The quantities that would no longer be withheld if this finding were resolved: its own and those of what shares its root."""
    if finding["severity"] != "withhold":
        return frozenset()
    root = finding["because_of"] or finding["id"]
    group = [row for row in findings if row["severity"] == "withhold" and root in (row["id"], row["because_of"])]
    others = {row["quantity"] for row in findings if row["severity"] == "withhold" and row not in group and row["id"] not in month.waived}
    return frozenset({row["quantity"] for row in group} & set(month.withheld) - others)


def _row(finding: Row, doubt: Doubt | NotQuantified, lifted: frozenset[str], month: Month, base: float | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": finding["id"], "site_id": finding["site_id"], "quantity": finding["quantity"], "quantity_low": None, "quantity_high": None,
        "unit": "", "indicators": "{}", "index_low": None, "index_high": None, "reason_en": "", "reason_zh": "",
    }  # fmt: skip
    if isinstance(doubt, NotQuantified):
        return row | {"reason_en": doubt.reason_en, "reason_zh": doubt.reason_zh}
    row |= {"quantity_low": doubt.low, "quantity_high": doubt.high, "unit": doubt.unit}
    if doubt.high is None or base is None:
        return row | {"reason_en": "nothing in the data bounds it above", "reason_zh": "数据中没有可用的上限"}
    ends = [_measured(doubt, amount, lifted, month) for amount in dict.fromkeys((doubt.low, doubt.high))]
    worst, best, indicators = dict(month.published), dict(month.published), {}
    for code in ends[0]:
        candidates = [end[code] for end in ends if not _is_impossible(end[code])] or [month.published[code]]
        scored = [(_points(month.edition, value), value) for value in candidates]
        worst[code], best[code] = min(scored, key=lambda pair: pair[0])[1], max(scored, key=lambda pair: pair[0])[1]
        if any(value.value != month.published[code].value for value in candidates):
            numbers = [value.value for value in candidates]
            known = [number for number in numbers if number is not None]
            indicators[code] = [min(known), max(known)] if len(known) == len(numbers) else [min(known, default=None), None]
    low, high = month.index_of(worst), month.index_of(best)
    if doubt.quantity in month.withheld and doubt.quantity not in lifted:
        row |= {"reason_en": "another finding withholds it too", "reason_zh": "该量另有问题致其暂缓"}
    return row | {
        "indicators": canonical_json(indicators),
        "index_low": None if low is None else low - base,
        "index_high": None if high is None else high - base,
    }


def _measured(doubt: Doubt, amount: float, lifted: frozenset[str], month: Month) -> dict[str, IndicatorValue]:
    """Trailing values of the indicators concerned, with the quantity moved by an amount and what was withheld for it admitted."""
    rows, evidence = _moved(doubt, amount, month.tables)
    site = month.build({q: rules for q, rules in month.withheld.items() if q not in lifted}, rows, evidence)
    concerned = {doubt.quantity, *lifted}
    found = {}
    for item in INDICATORS:
        published = month.published.get(item.code)
        # a trailing value that ME06 withholds stays withheld, whatever a month's quantity is
        if published is not None and published.rules_failed != (RULE,) and concerned & {*item.quantities}:
            found[item.code] = trailing([*month.window.get(item.code, ()), item.measure(site)], month.parameters)
    return found


def _points(edition: Edition, value: IndicatorValue) -> float:
    """Points of a value where it is scored; what the edition does not score can't move the index."""
    item = next((indicator for indicator in edition.indicators if indicator.code == value.code), None)
    return 0.0 if item is None else score_indicator(item, value).score or 0.0


def _is_impossible(value: IndicatorValue) -> bool:
    """Whether the end lies outside what the indicator can be: then the truth does not lie there."""
    return value.status == "withheld" and not value.rules_failed


# moving a quantity ------------------------------------------------------------------------------------------------------


def _moved(doubt: Doubt, amount: float, tables: SiteTables) -> tuple[dict[str, list[Row]], Collection[str]]:
    """The rows in which the quantity is off by the amount, and the documents that are then there."""
    if doubt.quantity == CLAIMS:
        return {"claims": moved_claims(tables.claims, round(amount), doubt.about, tables.site_id, tables.month)}, tables.evidence
    if doubt.quantity == PRACTICES:
        if not amount:
            return {}, tables.evidence
        last = month_last_day(tables.month).isoformat()
        known = [row for row in tables.practices if row["assessed_on"] <= last]
        rows = [{**row, "evidence": ASSUMED, "assessed_on": last} if row["item_code"] in doubt.about else row for row in known]
        return {"practices": rows}, {*tables.evidence, ASSUMED}
    return {"energies": moved_energies(tables.energies, doubt.quantity, round(amount))}, tables.evidence


def moved_energies(energies: Iterable[Row], side: str, amount: int) -> list[Row]:
    """Rows of staging/energies of a site with a side's totals moved by an amount, in its unit.

    An unknown total is what is known of it, moved. No total falls below 0, and IT energy never passes the facility's (BD07).
    """
    rows = list(energies)
    totals = {row["measure"]: row["quantity"] for row in rows if not row["meter_id"]}
    known: dict[str, int] = {}
    for row in rows:
        if row["meter_id"] and row["quantity"] is not None:
            known[row["measure"]] = known.get(row["measure"], 0) + row["quantity"]
    moved = []
    for row in rows:
        measure = row["measure"]
        if row["meter_id"] or measure not in _MEASURES[side]:
            moved.append(row)
            continue
        quantity = (totals[measure] if totals[measure] is not None else known.get(measure, 0)) + amount
        other = totals.get(measure.replace(side, _OTHER[side])) if side in _OTHER else None
        if other is not None:
            quantity = max(quantity, other) if side == "E_DC" else min(quantity, other)
        moved.append({**row, "quantity": max(quantity, 0), "known_s": max(row["known_s"], 1)})
    return moved


def moved_claims(claims: Iterable[Row], amount: int, about: Collection[str], site_id: str, month: str) -> list[Row]:
    """Claims of a site with less or more that counts, in Wh.

    Less is taken from the claims meant first, then from those of the best routes; more is taken to be of the best route and carbon-free:
    both ends are reached.
    """
    rows = list(claims)
    if amount > 0:
        more: Row = {
            "site_id": site_id, "month": month, "route": ASSUMED, "quantity_wh": amount, "carbon_free": True, "weight": 1.0,
            "status": "eligible",
        }  # fmt: skip
        return [*rows, more]
    left, kept = -amount, dict[int, Row]()
    counting = [number for number, row in enumerate(rows) if row["status"] == "eligible" and row["quantity_wh"]]
    for number in sorted(counting, key=lambda n: (not _is_meant(rows[n], about), -rows[n]["weight"], n)):
        taken = min(left, rows[number]["quantity_wh"])
        kept[number] = {**rows[number], "quantity_wh": rows[number]["quantity_wh"] - taken}
        left -= taken
    return [kept.get(number, row) for number, row in enumerate(rows)]


def _is_meant(row: Row, about: Collection[str]) -> bool:
    return any(row.get(key) and any(str(row[key]) in subject for subject in about) for key in ("contract_id", "project_code", "meter_id"))


def of_finding(row: Mapping[str, Any], indicators: Mapping[str, list[float | None]]) -> dict[str, Any]:
    """What ``gci show`` says of a finding's materiality: a row of the ledger with its indicators read, and how far the index may move."""
    said = {key: row[key] for key in ("quantity_low", "quantity_high", "unit", "index_low", "index_high", "reason_en", "reason_zh")}
    reach = None if row["index_low"] is None or row["index_high"] is None else max(abs(row["index_low"]), abs(row["index_high"]))
    return {**said, "indicators": dict(indicators), "index_reach": reach}
