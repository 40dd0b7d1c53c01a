"""What stands beside a result: what its findings can do to it, and who waived some of them.

Gathering the rows that ``materiality.py`` works on, and the waivers of a window, belongs here; neither formula nor score.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from assets.compute import Compute
from assets.edition.tree import Edition
from assets.index.doubts import SiteTables
from assets.index.grade import EntityFacts
from assets.index.materiality import Month, materiality
from assets.indicators.inputs import Parameters, SiteMonth
from assets.indicators.measure import IndicatorValue
from assets.indicators.registry import INDICATORS
from assets.indicators.step import MonthInputs, month_inputs
from checks.waivers import WAIVER, Granted
from resources.calendar import trailing_months

Values = Mapping[str, IndicatorValue]  # by indicator code


def site_materiality(
    compute: Compute, published: Mapping[str, tuple[Values, EntityFacts]], monthly: Mapping[str, Mapping[str, Values]], edition: Edition,
    parameters: Parameters, findings: list[dict[str, Any]],
) -> list[dict[str, Any]]:  # fmt: skip
    """What the findings of each site can do: rows of the ledger table ``materiality``.

    ``published``: by site its trailing values and what scoring must know of it; ``monthly``: site → month of the window → code → value.
    """
    if not findings:
        return []
    inputs = month_inputs(compute)
    names = ("meter_facts", "energy_balance")
    tables = {**inputs.tables, **{name: compute.read(f"staging/{name}").to_dicts() for name in names}}
    of_site = {name: by_site(rows) for name, rows in tables.items()}
    rows: list[dict[str, Any]] = []
    for site_id, (values, facts) in published.items():
        own: dict[str, Any] = {name: of_site[name].get(site_id, []) for name in tables}
        months = monthly[site_id]
        before = [m for m in sorted(months) if m != compute.month]
        month = Month(
            tables=SiteTables(
                site_id, compute.month, own["energies"], own["meter_facts"], tables["meters"], own["energy_balance"], own["claims"],
                own["practices"], compute.feeds.evidence, parameters.practice_months,
            ),
            build=_Rebuild(inputs, site_id, {name: own[name] for name in inputs.tables if name != "meters"}),
            withheld=inputs.gate.withheld(site_id),
            window={item.code: [months[m][item.code] for m in before if item.code in months[m]] for item in INDICATORS},
            published=values, parameters=parameters, edition=edition, facts=facts,
            on=date.fromisoformat(compute.last_day), waived=frozenset(compute.waivers),
        )  # fmt: skip
        rows += materiality([row for row in findings if row["site_id"] == site_id], month)
    return rows


def by_site(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Rows by their ``site_id``; a site without one has an empty list."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["site_id"]].append(row)
    return found


@dataclass(frozen=True)
class _Rebuild:
    """A site-month built again: the site's own rows, some of them replaced."""

    inputs: MonthInputs
    site_id: str
    rows: Mapping[str, list[dict[str, Any]]]

    def __call__(
        self, withheld: Mapping[str, tuple[str, ...]], rows: Mapping[str, list[Mapping[str, Any]]], evidence: Collection[str]
    ) -> SiteMonth:
        tables: dict[str, Any] = {**self.rows, **rows}
        return self.inputs.rebuilt(self.site_id, withheld=withheld, evidence=evidence, **tables)


def window_waivers(
    compute: Compute, findings: Iterable[Mapping[str, Any]], windows: Collection[tuple[str, str]]
) -> dict[str, list[dict[str, Any]]]:  # fmt: skip
    """The waivers in force whose findings there are, by month of the trailing window, as a result states them.

    ``findings``: those of the month, the index step's among them; ``windows``: (site, indicator) whose trailing value stands by a waiver of
    ME06. ``indicators`` of each are the codes of the numbers that may rest on it.
    """
    months = trailing_months(compute.month)
    if not compute.home.ledger.entries(kinds=[WAIVER], as_of=compute.as_of):
        return {}
    granted = {month: Compute(compute.home, month, compute.as_of).waivers for month in months}
    if not any(granted.values()):
        return {}
    known = {row["id"] for row in compute.home.ledger.rows("finding", month=months[:-1], severity="withhold")}
    known |= {row["id"] for row in findings if row["severity"] == "withhold"}
    return {
        month: [{**item.json(), "indicators": _resting(item, windows)} for name, item in found.items() if name in known]
        for month, found in granted.items()
    }


def _resting(item: Granted, windows: Collection[tuple[str, str]]) -> list[str]:
    """Codes of the indicators that read the quantity that a waiver lets pass, or whose window it lets pass."""
    if not item.waiver.quantity:
        return sorted(code for site_id, code in windows if site_id == item.waiver.site_id)
    return [indicator.code for indicator in INDICATORS if item.waiver.quantity in indicator.quantities]
