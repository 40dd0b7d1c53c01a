"""The number itself, computed again: a month from what its measure reads, a window from its months, a cluster from its members.

Everything is done by the functions that published it and compared bit for bit; what differs is named. What the inputs are made of is the
matter of the providers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from assets.indicators.compose import cluster, trailing
from assets.indicators.measure import IndicatorValue
from assets.indicators.registry import BY_CODE, Indicator
from pipelines.traces.work import Moment, Work
from resources.calendar import trailing_months
from resources.digest import canonical_json
from resources.errors import GciError

_MIXED = "ME06"  # withholds a trailing value whose months would mix categories (assets/index/window.py)
# Quality tiers are another answer about the same rows (gci show); they change no number.
_BESIDE = ("quality", "quality_tier")


def number_json(value: IndicatorValue) -> dict[str, Any]:
    """What is published of a number, with the components that it is evaluated from."""
    return {
        "value": value.value, "unit": value.unit, "status": value.status,
        "numerator": {"amount": value.numerator, "unit": value.numerator_unit},
        "denominator": {"amount": value.denominator, "unit": value.denominator_unit},
        "coverage": value.coverage, "estimated_share": value.estimated_share, "category": value.category, "months": value.months,
        "unbounded": value.unbounded, "reason": value.reason, "rules_failed": list(value.rules_failed),
        "components": value.components, "beside": value.beside, "input_digest": value.input_digest,
    }  # fmt: skip


def check_month(work: Work, code: str, published: IndicatorValue) -> None:
    """GciError when the measure, asked again with the rows of today's lake, gives anything but what was published."""
    _same(f"{code} of {work.site_id} in {work.month}", BY_CODE[code].measure(work.site_month), published, work)


def window_of(moment: Moment, entity_id: str, code: str) -> dict[str, Any]:
    """How the months of a site enter its trailing value: their numbers, their components and the sum of these.

    GciError when the months do not compose to the published value.
    """
    published = moment.value(entity_id, "ttm", code)
    values = moment.values(entity_id, "month", trailing_months(moment.month), code)
    ordered = [values[month] for month in sorted(values)]
    if _MIXED not in published.rules_failed:
        _same(f"{code} of {entity_id} in the twelve months to {moment.month}", trailing(ordered, moment.parameters), published, moment)
    indicator = BY_CODE[code]
    entering = _entering(indicator, dict(sorted(values.items())))
    return {
        "value": published.value, "status": published.status,
        "numerator": published.numerator, "denominator": published.denominator,
        "composition": indicator.months, "components": published.components, "rules_failed": list(published.rules_failed),
        "months": [
            {
                "month": month, "status": value.status, "value": value.value, "enters": month in entering,
                "numerator": value.numerator if value.valued else None, "denominator": value.denominator if value.valued else None,
                "components": value.components if month in entering else {},
            }
            for month, value in sorted(values.items())
        ],
    }  # fmt: skip


def _entering(indicator: Indicator, values: Mapping[str, IndicatorValue]) -> list[str]:
    """The months whose components are added (``compose.trailing``)."""
    if indicator.months == "last_month":
        return list(values)[-1:]
    months = [month for month, value in values.items() if value.components]
    if indicator.months == "snapshots" and any(values[month].status == "measured" for month in months):
        months = [month for month in months if values[month].status != "carried_forward"]
    return months


def cluster_of(moment: Moment, cluster_id: str, code: str, window: str) -> dict[str, Any]:
    """A cluster's number in a window from its members: their values and components as they enter, and the number they compose to.

    GciError when they do not compose to the published value.
    """
    published = moment.value(cluster_id, window, code)
    indicator = BY_CODE[code]
    sites = {site_id: row for site_id, row in moment.sites.items() if row["cluster_id"] == cluster_id}
    members = {site_id: moment.value(site_id, window, code) for site_id in sites}
    power = {site_id: row["design_power_kw"] for site_id, row in sites.items()}
    weights = {site_id: _e_it(moment.value(site_id, "ttm", "D1")) for site_id in sites}
    found = cluster(members, power, weights, moment.parameters)
    _same(f"{code} of {cluster_id} ({window}) in {moment.month}", found, published, moment)
    return {
        **number_json(published), "window": window, "composition": indicator.sites,
        "members": [
            {
                "site_id": site_id, "status": value.status, "value": value.value, "numerator": value.numerator,
                "denominator": value.denominator, "design_power_kw": power[site_id],
                **_as_member(indicator, value, published, site_id, weights[site_id]),
            }
            for site_id, value in sorted(members.items())
        ],
    }  # fmt: skip


def _as_member(indicator: Indicator, value: IndicatorValue, published: IndicatorValue, site_id: str, weight: int | None) -> dict[str, Any]:
    """The components with which a member enters, empty for one that does not."""
    beside = published.beside
    enters = bool(published.components) and value.months > 0 and site_id not in beside["members_missing"]
    enters = enters and value.status != "not_applicable" and beside.get("weakest_site", site_id) == site_id
    if not enters:
        return {"enters": False, "components": {}}
    if indicator.sites == "weighted_by_e_it":
        return {"enters": True, "weight_wh": weight, "components": {"score": (value.value or 0.0) * (weight or 0), "weight": weight or 0}}
    return {"enters": True, "components": indicator.as_member(value.components)}


def _e_it(pue: IndicatorValue) -> int | None:
    return int(pue.denominator) if pue.valued and pue.denominator is not None else None


def check_pieces(code: str, published: IndicatorValue, pieces: Mapping[str, Any]) -> None:
    """GciError when a component of a published value is not what its inputs come to, or comes from no input that is shown."""
    for name, amount in published.components.items():
        if name not in pieces:
            raise GciError(f"The trace of {code} does not show what its component {name} is made of. This is an error of the program.")
        if pieces[name] != amount:
            raise GciError(f"The inputs of {code} give {name} = {pieces[name]}, but {amount} was published. Run 'gci verify'.")


def _same(what: str, found: IndicatorValue, published: IndicatorValue, moment: Moment) -> None:
    """Both say the same but for their quality tiers; the first difference is named."""
    ours, theirs = (json.loads(canonical_json(value.to_json())) for value in (found, published))
    for name in _differing(ours, theirs):
        version = moment.home.ledger.manifest(moment.month, "index/site_index")
        by = f" It was computed by code version {version.code_version}." if version else ""
        raise GciError(
            f"{what} does not follow from its inputs: {name} is {ours[name]!r} when computed again, but {theirs[name]!r} was published."
            f"{by} Run 'gci verify'. 重新计算的结果与已发布的数值不一致。"
        )


def _differing(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Sequence[str]:
    first = ("value", "status", "numerator", "denominator", "components")
    names = [*first, *(name for name in ours if name not in (*first, *_BESIDE, "input_digest"))]
    return [name for name in names if ours[name] != theirs[name]]
