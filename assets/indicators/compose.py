"""Composition: months to a trailing window, sites to a cluster.

Components are added and evaluated again; a value is never averaged, except where a checklist is weighted by IT energy or judged by its
weakest site (method.md §1, second table). Which indicator composes how is in ``registry.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from assets.indicators.inputs import Parameters
from assets.indicators.measure import IndicatorValue
from assets.indicators.parts import add_components, concluded
from assets.indicators.quality import added
from assets.indicators.registry import BY_CODE, Indicator
from resources.digest import digest_json

MIXED = "mixed"


def trailing(values: Sequence[IndicatorValue], parameters: Parameters) -> IndicatorValue:
    """The value of a window from those of its months, oldest first.

    A withheld or unreported month is absent, and ``months`` counts the others. A month whose ratio is undefined (no IT energy) is not
    absent: its energies are known and count. When no month is valid the answer is that of the newest. Of indicators that take the last
    month it is the newest month's value. ValueError without months.
    Source: method.md §1 (composition) and §2 (window); house.md, rule 5.
    """
    if not values:
        raise ValueError("A window needs at least one month.")
    newest = values[-1]
    indicator = BY_CODE[newest.code]
    if indicator.months == "last_month":
        return newest
    entering = [value for value in values if value.components]
    if indicator.months == "snapshots" and any(value.status == "measured" for value in entering):
        entering = [value for value in entering if value.status != "carried_forward"]  # a snapshot counts once
    digest = _digest(tuple(value.input_digest for value in values))
    months = sum(value.months for value in entering)
    return _summed(indicator, entering, parameters, digest, months) or _companions(newest, indicator, entering, digest)


@lru_cache(maxsize=512)
def _digest(digests: tuple[str, ...]) -> str:
    """The months of most sites were made of the same tables."""
    return digest_json(list(digests))


def cluster(
    members: Mapping[str, IndicatorValue],
    design_power_kw: Mapping[str, float | None],
    e_it_wh: Mapping[str, int | None],
    parameters: Parameters,
) -> IndicatorValue:
    """The value of a cluster from those of its sites, in one window.

    ``members`` site → value; ``design_power_kw`` site → design power; ``e_it_wh`` site → IT energy of the trailing twelve months (weights
    of checklists; a member without one is missing where it is asked for). Members that are not applicable leave. When missing members
    carry more than the parameters' share of design power, or how much can't be told, there is no value; below, it is published, and
    ``beside`` names who is missing. Members whose categories differ make the category ``mixed``, flagged. ValueError without members.
    Source: method.md §1 (composition: A2 Σ, A3 A4 the weakest site, checklists weighted by ttm E_IT, else ratios of sums).
    """
    if not members:
        raise ValueError("A cluster needs at least one member.")
    first = next(iter(members.values()))
    indicator = BY_CODE[first.code]
    applicable = {site: members[site] for site in sorted(members) if members[site].status != "not_applicable"}
    if not applicable:
        return replace(_blank(indicator), status="not_applicable", reason="it applies to no member at its stage")
    weighted = indicator.sites == "weighted_by_e_it"
    present = {site: v for site, v in applicable.items() if v.months and not (weighted and e_it_wh.get(site) is None)}
    missing = {site: value for site, value in applicable.items() if site not in present}
    share = _power_share(missing, applicable, design_power_kw)
    beside: dict[str, object] = {
        "member_values": {site: value.value for site, value in applicable.items()},
        "members_missing": sorted(missing),
        "missing_power_share": share,
    }
    digest = digest_json({site: value.input_digest for site, value in applicable.items()})
    months = min((value.months for value in present.values()), default=0)
    answer: IndicatorValue | None = None
    if present and share is not None and share <= parameters.missing_power_share:
        entering = _weighted(present, e_it_wh) if weighted else _as_members(indicator, present)
        if indicator.sites == "weakest":
            weakest = min(present, key=lambda site: (present[site].value, site))
            entering, beside["weakest_site"] = [present[weakest]], weakest
        answer = _summed(indicator, entering, parameters, digest, months)
    if answer is None:
        answer = _refused_cluster(indicator, missing, share, digest)
        if all(value.components for value in applicable.values()):
            answer = _companions(answer, indicator, _as_members(indicator, applicable), digest)
    return replace(answer, beside={**answer.beside, **beside})


def _summed(
    indicator: Indicator, values: Sequence[IndicatorValue], parameters: Parameters, digest: str, months: int
) -> IndicatorValue | None:
    """The sum of components, evaluated; None when none of the values is valid. Companions of invalid ones are added too."""
    valid = [value for value in values if value.months]
    if not valid:
        return None
    categories = {value.category for value in valid}
    category = categories.pop() if len(categories) == 1 else MIXED
    answer = concluded(
        indicator.head, add_components(value.components for value in values), indicator.evaluate, parameters, digest,
        carried=any(value.status == "carried_forward" for value in valid),
        declared=all(value.status == "declared" for value in valid),
        months=months, category=category,
    )  # fmt: skip
    answer = replace(answer, quality=added(value.quality for value in valid) if answer.valued else {})
    if category != MIXED:
        return answer
    return replace(answer, beside={**answer.beside, "flags": [*answer.beside.get("flags", []), "categories differ"]})


def _companions(answer: IndicatorValue, indicator: Indicator, values: Sequence[IndicatorValue], digest: str) -> IndicatorValue:
    """An answer without a value, with the companions that are known all the same (a location-based figure needs no claims)."""
    if not values:
        return replace(answer, input_digest=digest)
    components = add_components(value.components for value in values)
    return replace(answer, components=components, beside=indicator.evaluate(components).beside, months=0, input_digest=digest)


def _as_members(indicator: Indicator, members: Mapping[str, IndicatorValue]) -> list[IndicatorValue]:
    entering = ((value, indicator.as_member(value.components)) for value in members.values())
    return [value if components is value.components else replace(value, components=components) for value, components in entering]


def _weighted(present: Mapping[str, IndicatorValue], e_it_wh: Mapping[str, int | None]) -> list[IndicatorValue]:
    """Members whose components are their value times their IT energy, over their IT energy."""
    scaled = []
    for site, value in present.items():
        weight = e_it_wh[site] or 0
        scaled.append(replace(value, components={"score": (value.value or 0.0) * weight, "weight": weight}))
    return scaled


def _power_share(
    missing: Mapping[str, IndicatorValue], applicable: Mapping[str, IndicatorValue], design_power_kw: Mapping[str, float | None]
) -> float | None:
    """Share of design power that missing members carry: 0 when none is missing, None when it can't be told.

    A present member of unknown power counts 0, so that the share is never understated.
    """
    if not missing:
        return 0.0
    lost = [design_power_kw.get(site) for site in missing]
    total = sum(design_power_kw.get(site) or 0.0 for site in applicable)
    if any(power is None for power in lost) or total <= 0:
        return None
    return sum(power or 0.0 for power in lost) / total


def _refused_cluster(indicator: Indicator, missing: Mapping[str, IndicatorValue], share: float | None, digest: str) -> IndicatorValue:
    withheld = any(value.status == "withheld" for value in missing.values())
    carried = "an unknown share" if share is None else f"{100 * share:.1f} %"
    return replace(
        _blank(indicator),
        status="withheld" if withheld else "not_reported",
        rules_failed=tuple(sorted({rule for value in missing.values() for rule in value.rules_failed})),
        reason=f"members without a value ({', '.join(sorted(missing))}) carry {carried} of the cluster's design power",
        input_digest=digest,
    )


def _blank(indicator: Indicator) -> IndicatorValue:
    head = indicator.head
    return IndicatorValue(
        head.code, "not_reported", unit=head.unit, numerator_unit=head.numerator_unit, denominator_unit=head.denominator_unit, months=0
    )
