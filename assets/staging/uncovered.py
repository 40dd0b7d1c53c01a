"""Uncovered electricity of months: what no claim that stands in a month by itself covers; claims over several months are spread by it.

The quantity, and of which months it must be known, belong here; cutting a range by it is ``claim_cancelled.py``. A month's claims are
computed before later months are: the energies of those come from a function that gives them for any month at the same moment of the log.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from fractions import Fraction
from typing import Any

from assets.compute import Compute
from assets.raw.step import claim_periods
from assets.staging.claim_books import Books
from assets.staging.claim_cancelled import cancelled_claims, line_capped
from assets.staging.claim_conflicts import sold_attributes
from assets.staging.claim_rules import ClaimRules
from assets.staging.claims import self_used
from assets.staging.generation import generated_wh

Energies = list[dict[str, Any]]  # rows of staging/energies

_READ = ("E_DC", "point:onsite_generation", "point:direct_line")
_cache: OrderedDict[tuple[str, str, str], Mapping[str, int | None]] = OrderedDict()
_CACHED = 64


def estimated_sites(energies: Energies, least: float) -> set[str]:
    """Sites whose E_DC, or energy that covers it, is metered for less than the share ``least`` of it: an estimate is not known.

    ``least``: threshold ``withhold_below`` of TL01 in the month.
    """
    return {
        row["site_id"]
        for row in energies
        if not row["meter_id"]
        and row["measure"] in _READ
        and row["quantity"] is not None
        and row["estimated"] > (1 - Fraction(str(least))) * abs(row["quantity"])
    }


def uncovered_wh(books: Books, estimated: Collection[str] = ()) -> dict[str, int | None]:
    """By site its electricity of the month that no claim of the month alone covers (Wh, at least 0); None where it is unknown.

    Covered is what self-use, monthly products and certificates cancelled for this month alone come to. Unknown when E_DC or on-site
    generation is, and at sites that are ``estimated``. Source: green-power.md §3 (in proportion to each month's uncovered electricity);
    that certificates cancelled for one month come before those of a longer period is a project convention.
    """
    alone = [row for row in cancelled_claims(books, {}) if not books.is_spread(row["piece"].event)]
    rows = [*line_capped(books, alone), *self_used(books, sold_attributes(books))]
    found: dict[str, int | None] = {}
    for site_id in sorted(books.sites):
        own = [row for row in rows if row["site_id"] == site_id]
        load = books.energies.total(site_id, "E_DC")
        unknown = load is None or site_id in estimated or any(row["quantity_wh"] is None for row in own)
        covered = sum(row["quantity_wh"] or 0 for row in own if row["status"] == "eligible")
        found[site_id] = None if unknown or load is None else max(0, load - covered)
    return found


def uncovered_months(
    compute: Compute, energies: Energies, rules: ClaimRules, energies_of: Callable[[Compute], Energies]
) -> dict[tuple[str, str], int]:
    """Uncovered electricity by (site, month) of every month of the periods that claims on this month are spread over, where it is known.

    ``energies``: those of the month; ``energies_of`` gives those of another month. A function of the log's first N entries alone: a month
    of a period that was not computed yet, or from other data, is computed for it, and nothing of it is left behind.
    """
    months = sorted({month for period in claim_periods(compute) for month in period})
    found: dict[tuple[str, str], int] = {}
    for month in months:
        one = Compute(compute.home, month, compute.as_of)
        key = (str(compute.home.root), compute.home.ledger.head(compute.as_of)[1], month)
        if key not in _cache:
            _cache[key] = _of_month(one, energies if month == compute.month else energies_of(one), rules)
            while len(_cache) > _CACHED:
                _cache.popitem(last=False)
        found |= {(site_id, month): wh for site_id, wh in _cache[key].items() if wh is not None}
    return found


def _of_month(compute: Compute, energies: Energies, rules: ClaimRules) -> dict[str, int | None]:
    generated = generated_wh(energies, compute.feeds.rows("meters"), compute.month)
    books = Books.open(compute.feeds, energies, compute.sites, compute.month, compute.feeds.evidence, rules, generated)
    return uncovered_wh(books, estimated_sites(energies, compute.thresholds["TL01"]["withhold_below"]))
