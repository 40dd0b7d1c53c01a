"""What the emissions of the sites' month lack: factors, units, and words on fuel and refrigerant.

Facts for the rule CT16, site by site, belong here; the emissions themselves belong to the indicators. Plain rows, no frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from assets.reference.factors import FactorSet, factor_facts
from assets.reference.scope1 import BURNT_AT, Scope1, is_burnt, measure_scope1
from assets.staging.declared import declared_none
from assets.staging.onsite import SiteEnergies

Row = Mapping[str, Any]
VINTAGE_COLUMNS = (
    "site_id", "geography", "kind", "month", "vintage", "published_on", "published_late", "later_vintage", "later_published_on",
)  # fmt: skip
MISSING_COLUMNS = ("site_id", "subject", "kind", "month", "missing_en", "missing_zh", "entry", "source_row")
UNREPORTED_COLUMNS = ("site_id", "subject", "burnt")


def scope1_by_site(
    factors: FactorSet, month: str, sites: Iterable[Row], energies: SiteEnergies, activities: Iterable[Row], declarations: Iterable[Row]
) -> dict[str, Scope1]:
    """Scope 1 of every site in ``sites`` (site_id), from the typed feeds and the month's energies."""
    said, declared = list(activities), list(declarations)
    return {
        site["site_id"]: measure_scope1(
            factors,
            month,
            [row for row in said if (row["site_id"], row["month"]) == (site["site_id"], month)],
            declared_none([row for row in declared if row["site_id"] == site["site_id"]], month),
            burnt=is_burnt(energies.total(site["site_id"], point, absent=0) for point in BURNT_AT),
        )
        for site in sites
    }


def missing_factors(
    factors: FactorSet, sites: Iterable[Row], scope1: Mapping[str, Scope1], month: str, cutoff_day: int
) -> list[dict[str, Any]]:
    """Rows of MISSING_COLUMNS: grid factors that a site's geography lacks, and activities that can't be counted. Source: checks.md CT16.

    ``subject`` is a geography or an activity; ``kind`` average, residual or fossil for the grid, else as in ``Gap``.
    """
    facts = factor_facts(factors, [(site["site_id"], site["geography"]) for site in sites], month, cutoff_day)
    rows = [{**fact, "subject": fact["geography"]} for fact in facts if fact["value"] is None]
    rows += [
        {
            "site_id": site_id, "subject": gap.activity, "kind": gap.kind, "month": month, "missing_en": gap.text_en,
            "missing_zh": gap.text_zh, "entry": gap.entry, "source_row": gap.source_row,
        }
        for site_id, found in sorted(scope1.items())
        for gap in found.gaps
    ]  # fmt: skip
    return [{name: row.get(name) for name in MISSING_COLUMNS} for row in rows]


def grid_vintages(factors: FactorSet, sites: Iterable[Row], month: str, cutoff_day: int) -> list[dict[str, Any]]:
    """Rows of VINTAGE_COLUMNS: the grid factors that each site's figures use, and later ones. Source: checks.md TL09."""
    facts = factor_facts(factors, [(site["site_id"], site["geography"]) for site in sites], month, cutoff_day)
    return [{name: fact[name] for name in VINTAGE_COLUMNS} for fact in facts if fact["value"] is not None]


def unreported_subjects(scope1: Mapping[str, Scope1], energies: SiteEnergies) -> list[dict[str, Any]]:
    """Rows of UNREPORTED_COLUMNS: of fuel and refrigerant, what nobody spoke of, at sites whose E_DC is known.

    Where E_DC is unknown there is no carbon figure that scope 1 could be missing from. ``burnt``: meters say, or leave open, that fuel was.
    """
    return [
        {"site_id": site_id, "subject": subject, "burnt": subject == "fuel" and found.is_fuel_unsaid}
        for site_id, found in sorted(scope1.items())
        if energies.total(site_id, "E_DC") is not None
        for subject in found.unreported
    ]
