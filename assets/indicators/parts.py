"""The arithmetic that all indicators share: summable components, their reliability, and how an answer is made of them.

Components are what months and members are added up from; a value is always evaluated from components, never from values. The
formulas of the indicators are in the modules beside this one; which of them compose how is in ``registry.py`` and ``compose.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from assets.indicators.inputs import Energy, Parameters, SiteMonth
from assets.indicators.measure import IndicatorValue, beyond
from resources.digest import digest_json

Components = dict[str, Any]


@dataclass(frozen=True)
class Head:
    """What stands on every value of an indicator: its code, units, the quantities it reads (checks.md), and other inputs.

    ``also`` names inputs that no rule can withhold but that belong in the input digest.
    """

    code: str
    unit: str
    numerator_unit: str
    denominator_unit: str
    quantities: tuple[str, ...]
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evaluated:
    """A value and its companions, from components.

    ``reason`` says why there is no value, ``unbounded`` that there can be none; ``coverage`` is given where it is not one of metered time.
    """

    value: float | None
    numerator: float | int | None = None
    denominator: float | int | None = None
    beside: dict[str, Any] = field(default_factory=dict)
    unbounded: bool = False
    reason: str | None = None
    coverage: float | None = None


Evaluate = Callable[[Components], Evaluated]


def add_components(members: Iterable[Mapping[str, Any]]) -> Components:
    """Sum of components, key by key.

    A key that is absent adds nothing; a null is unknown and makes the sum unknown. Integers stay exact, floats are added by
    ``math.fsum``, so that the order of members changes nothing.
    """
    columns: dict[str, list[Any]] = {}
    for member in members:
        for key, value in member.items():
            columns.setdefault(key, []).append(value)
    return {key: _total(columns[key]) for key in sorted(columns)}


def _total(values: list[Any]) -> Any:
    kinds = set(map(type, values))
    if type(None) in kinds:
        return None
    return sum(values) if all(issubclass(kind, int) for kind in kinds) else math.fsum(values)


def energy_parts(name: str, energy: Energy) -> Components:
    """The components of a known energy (Wh; water in L), with what coverage and estimated share are computed from."""
    return {
        name: energy.value,
        f"{name}.estimated": energy.estimated,
        f"{name}.metered_s": energy.metered_s,
        f"{name}.expected_s": energy.expected_s,
    }


def quotient(numerator: float | int | None, denominator: float | int | None) -> float | None:
    """``numerator / denominator``; null when either is unknown or the denominator is not positive."""
    if numerator is None or denominator is None or denominator <= 0:
        return None
    return numerator / denominator


def percent(share: float) -> str:
    """A share as whole tenths of a percent, cut and not rounded, so that one below a limit never reads as the limit."""
    return f"{math.floor(share * 1000 + 1e-6) / 10:g} %"


def coverage(components: Mapping[str, Any]) -> float | None:
    """Share of the time that is metered, before estimation, on the side that is metered least; null when nothing is (interfaces.md §4)."""
    shares = [quotient(components[f"{side}.metered_s"], components[f"{side}.expected_s"]) for side in _sides(components)]
    return min((share for share in shares if share is not None), default=None)


def estimated_shares(components: Mapping[str, Any]) -> dict[str, float]:
    """Estimated share of each metered side, as a ratio of sums."""
    shares = {side: quotient(components[f"{side}.estimated"], components[side]) for side in _sides(components)}
    return {side: share for side, share in shares.items() if share is not None}


def _sides(components: Mapping[str, Any]) -> list[str]:
    return [key.removesuffix(".metered_s") for key in components if key.endswith(".metered_s")]


def refused(head: Head, site: SiteMonth) -> IndicatorValue | None:
    """The answer that needs no arithmetic, or None: not applicable at this stage, no such site, an input withheld by the gate.

    Source: method.md §2 (data status) and §1 (stages), checks.md (gate).
    """
    if site.site is None:
        return unvalued(head, site, "not_reported", "no row of the feed sites is in force at the end of the month")
    applicable = site.parameters.stages.get(site.site.get("stage") or "")
    if applicable is not None and head.code not in applicable:
        return unvalued(head, site, "not_applicable", f"the site is in stage {site.site['stage']}")
    withheld = [quantity for quantity in head.quantities if quantity in site.withheld]
    if withheld:
        rules = sorted({rule for quantity in withheld for rule in site.withheld[quantity]})
        return unvalued(head, site, "withheld", f"withheld at the gate: {', '.join(withheld)}", rules=tuple(rules))
    return None


def unvalued(head: Head, site: SiteMonth, status: str, reason: str, *, rules: tuple[str, ...] = ()) -> IndicatorValue:
    """An answer without a value, and why."""
    return IndicatorValue(
        code=head.code, status=status, unit=head.unit, numerator_unit=head.numerator_unit, denominator_unit=head.denominator_unit,
        rules_failed=rules, reason=reason, months=0, input_digest=input_digest(head, site),
    )  # fmt: skip


def unknown(head: Head, site: SiteMonth, *measures: str) -> IndicatorValue | None:
    """The ``not_reported`` answer when one of the measures of ``staging/energies`` is absent or unknown, else None."""
    sides = {measure: measure.split("@")[0] for measure in measures}
    absent = [side for measure, side in sides.items() if measure not in site.energy and side not in site.energy]
    if absent:
        return unvalued(head, site, "not_reported", f"not metered: {', '.join(absent)}")
    vague = [side for measure, side in sides.items() if measure not in site.energy or not site.energy[measure].known]
    if vague:
        return unvalued(head, site, "not_reported", f"unknown for too much of the month: {', '.join(vague)}")
    return None


def concluded(
    head: Head, components: Components, evaluate: Evaluate, parameters: Parameters, digest: str, *, carried: bool = False,
    declared: bool = False, months: int = 1, category: str | None = None,
) -> IndicatorValue:  # fmt: skip
    """The answer that follows from known components: value, status, coverage.

    ``carried``: some of it is a CMDB value of an earlier snapshot; ``declared``: it is a declared none. A ratio whose denominator is
    zero has no value, but its components are known and enter the window. A value outside its domain is withheld: some input is wrong, and
    as nobody can tell which, none of it enters a window.
    """
    done = evaluate(components)
    if (where := beyond(done.value, parameters.domains[head.code])) is not None:
        return IndicatorValue(
            code=head.code, status="withheld", unit=head.unit, numerator_unit=head.numerator_unit, denominator_unit=head.denominator_unit,
            reason=f"impossible: {where} ({done.value:.6g})", months=0, input_digest=digest,
        )  # fmt: skip
    shares = estimated_shares(components)
    return IndicatorValue(
        code=head.code,
        status=_status(done, shares, parameters, carried, declared),
        value=done.value,
        unit=head.unit,
        numerator=done.numerator,
        denominator=done.denominator,
        numerator_unit=head.numerator_unit,
        denominator_unit=head.denominator_unit,
        coverage=coverage(components) if done.coverage is None else done.coverage,
        estimated_share=max(shares.values(), default=None),
        category=category,
        unbounded=done.unbounded,
        reason=done.reason,
        components=components,
        beside=done.beside,
        months=months,
        input_digest=digest,
    )


def _status(done: Evaluated, shares: Mapping[str, float], parameters: Parameters, carried: bool, declared: bool) -> str:
    if done.value is None and not done.unbounded:
        return "not_reported"
    if declared:
        return "declared"
    if carried:
        return "carried_forward"
    flagged = any(share > parameters.estimated_flag_of(side) for side, share in shares.items())
    return "estimated" if flagged else "measured"


def input_digest(head: Head, site: SiteMonth) -> str:
    """Digest over the digests of the inputs that the indicator reads."""
    return _digest(tuple((name, site.input_digests.get(name)) for name in (*head.quantities, *head.also)))


@lru_cache(maxsize=256)
def _digest(inputs: tuple[tuple[str, str | None], ...]) -> str:
    """Every site of a month reads the same tables."""
    return digest_json(dict(inputs))
