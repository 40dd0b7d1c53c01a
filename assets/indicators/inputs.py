"""``SiteMonth``: everything a measure may read about one site and month.

Building it from plain rows belongs here: choosing the site's rows, its stage, the practices that count, what is declared none. The gate has
spoken before: a withheld quantity is named in ``withheld``, an absent one is None or not there. No formula is here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from assets.indicators.carbon import Emissions
from assets.indicators.claimed import Claims, claims_of
from assets.indicators.hourly_match import HourlyMatch
from assets.staging.declared import declared_none
from resources.calendar import add_months, month_last_day

Row = Mapping[str, Any]

# Feeds that say something about renewable electricity as soon as they are landed, even empty (green-power.md §3).
CLAIM_FEEDS = frozenset({"ppa_contracts", "ppa_settlements", "certificates", "certificate_events"})
BEFORE_OPERATION, OPERATION, RETIRED = ("planning", "construction"), "operation", "retired"


@dataclass(frozen=True)
class Energy:
    """A total of ``staging/energies``: Wh (water in L), None when unknown; seconds known (metered or estimated), metered, expected."""

    value: int | None
    known_s: int
    metered_s: int
    expected_s: int
    estimated: int = 0  # of the value

    @property
    def known(self) -> bool:
        """Whether there is a total at all: an energy of no hour is not zero."""
        return self.value is not None and self.known_s > 0


@dataclass(frozen=True)
class Practice:
    """An assessed checklist item. ``counts``: its evidence is landed and recent enough; else ``reason`` says why not (CT15, TL10)."""

    level: float
    counts: bool
    reason: str = ""


@dataclass(frozen=True)
class Parameters:
    """Dated data that the measures need; no value has a default, because none belongs in code.

    ``checklists``: indicator → item code → weight. ``stages``: stage → indicators that apply (a stage that is not named: all).
    ``recovery_full``: for K1, the ratio that earns full marks, of ``reclaimed_water, heat_reuse, retired_equipment``.
    ``estimated_flag``, ``estimated_flag_water``: estimated share above which a status reads ``estimated`` (ME05).
    ``missing_power_share``: the share of design power above which missing members leave a cluster without a value.
    ``domains``: indicator → least and greatest value that it can have at all (None: no bound).
    ``rated_known_min``: the share of powered devices whose rated power must be known for B2, ``utilisation_known_min`` that of capacity
    and hours whose utilisation must be known for B3 (CT17).
    ``practice_months``: how old an assessment may be. ``delivered_routes``: routes matched month by month.
    ``energy_content_wh``: energy of fuels (Wh per L of diesel, per Nm3 of natural_gas), for all energy carriers.
    """

    checklists: Mapping[str, Mapping[str, float]]
    stages: Mapping[str, Collection[str]]
    recovery_full: Mapping[str, float]
    estimated_flag: float
    estimated_flag_water: float
    missing_power_share: float
    domains: Mapping[str, tuple[float | None, float | None]]
    rated_known_min: float
    utilisation_known_min: float
    practice_months: int
    delivered_routes: Collection[str]
    energy_content_wh: Mapping[str, float]

    def estimated_flag_of(self, side: str) -> float:
        return self.estimated_flag_water if side == "water" else self.estimated_flag


@dataclass(frozen=True)
class SiteMonth:
    """One site and month as the measures see it. ``hours`` are the clock hours of the month; ``site`` the row in force at its end, with
    its effective stage.

    ``energy`` by measure name of ``staging/energies``; ``inventory`` a row of ``staging/inventory``; ``declared`` the subjects declared
    none; ``withheld`` quantity → codes of the rules that withhold it; ``input_digests`` quantity → digest of what was read.
    """

    site_id: str
    month: str
    hours: float
    parameters: Parameters
    site: Row | None = None
    energy: Mapping[str, Energy] = field(default_factory=dict)
    inventory: Row | None = None
    claims: Claims | None = None
    practices: Mapping[str, Practice] = field(default_factory=dict)
    activities: tuple[Row, ...] = ()
    declared: frozenset[str] = frozenset()
    emissions: Emissions | None = None
    hourly: HourlyMatch | None = None
    withheld: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    input_digests: Mapping[str, str] = field(default_factory=dict)


def site_month(
    *,
    site_id: str,
    month: str,
    hours: float,
    parameters: Parameters,
    site: Row | None = None,
    energies: Iterable[Row] = (),
    inventory: Row | None = None,
    claims: Iterable[Row] = (),
    landed: Collection[str] = (),
    practices: Iterable[Row] = (),
    evidence: Collection[str] = (),
    activities: Iterable[Row] = (),
    declarations: Iterable[Row] = (),
    emissions: Emissions | None = None,
    hourly: HourlyMatch | None = None,
    withheld: Mapping[str, Iterable[str]] | None = None,
    input_digests: Mapping[str, str] | None = None,
) -> SiteMonth:
    """Build a ``SiteMonth`` from plain rows; rows of other sites and months are left out.

    ``energies``, ``claims``: rows of the staged tables. ``practices``, ``activities``, ``declarations``: rows of the typed feeds.
    ``landed``: feeds of which any file was landed. ``evidence``: names of landed evidence files. ``withheld``: from the gate.
    ``emissions``: from ``carbon.py``; ``hourly``: from ``hourly_match.py``. The stage of ``site`` becomes the one that the meters show
    (``effective_stage``).
    """
    metered = _of(energies, site_id, month)
    energy = {
        row["measure"]: Energy(row["quantity"], row["known_s"], row["metered_s"], row["expected_s"], row["estimated"])
        for row in metered
        if not row["meter_id"]
    }
    speaks = not CLAIM_FEEDS.isdisjoint(landed) or "point:onsite_generation" in energy or "point:direct_line" in energy
    consumption = energy.get("E_DC")
    return SiteMonth(
        site_id=site_id,
        month=month,
        hours=hours,
        parameters=parameters,
        site=None if site is None else {**site, "stage": effective_stage(site, metered)},
        energy=energy,
        inventory=inventory,
        claims=claims_of(_of(claims, site_id, month), consumption.value if consumption else None, speaks, parameters.delivered_routes),
        practices=practices_of(_of(practices, site_id), evidence, month, parameters.practice_months),
        activities=tuple(_of(activities, site_id, month)),
        declared=declared_none(_of(declarations, site_id), month),
        emissions=emissions,
        hourly=hourly,
        withheld={quantity: tuple(rules) for quantity, rules in (withheld or {}).items()},
        input_digests=input_digests or {},
    )


def effective_stage(site: Row, energies: Iterable[Row]) -> str | None:
    """The stage that applies to a site in a month: what its ``sites`` row states, unless its meters show that it operates.

    ``energies`` are rows of ``staging/energies`` of the month; those of other sites are left out. A site in planning or construction whose
    IT takes energy operates, and so does a retired one with any counted meter: a label takes no metered site out of its cluster.
    Source: project convention (docs/method/README.md).
    """
    stage: str | None = site.get("stage")
    metered = _of(energies, site["site_id"])
    if stage in BEFORE_OPERATION and any(row["measure"] == "E_IT" and (row["quantity"] or 0) > 0 for row in metered):
        return OPERATION
    return OPERATION if stage == RETIRED and metered else stage


def practices_of(rows: Iterable[Row], evidence: Collection[str], month: str, practice_months: int) -> dict[str, Practice]:
    """The newest assessment of each item up to the end of ``month``, and whether it counts.

    It counts with a landed evidence document and when assessed in the ``practice_months`` months that end with ``month``.
    Source: method.md §1 (checklist items), checks.md CT15 and TL10.
    """
    last_day = month_last_day(month).isoformat()
    oldest = add_months(month, 1 - practice_months)
    newest: dict[str, Row] = {}
    for row in rows:
        known = newest.get(row["item_code"])
        if row["assessed_on"] <= last_day and (known is None or row["assessed_on"] > known["assessed_on"]):
            newest[row["item_code"]] = row
    practices = {}
    for item, row in sorted(newest.items()):
        reason = ""
        if not row["evidence"]:
            reason = "no evidence document is named"
        elif row["evidence"] not in evidence:
            reason = f"the evidence document {row['evidence']} was not landed"
        elif row["assessed_on"][:7] < oldest:
            reason = f"assessed on {row['assessed_on']}, more than {practice_months} months before the end of the month"
        practices[item] = Practice(row["level"], counts=not reason, reason=reason)
    return practices


def _of(rows: Iterable[Row], site_id: str, month: str | None = None) -> list[Row]:
    return [row for row in rows if row["site_id"] == site_id and month in (None, row.get("month"))]
