"""One indicator of one entity in one window: the type that indicators, index and reports share, and what no value can be.

Only the type and its arithmetic-free helpers; formulas are in the modules beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# Statuses with a value, from the best known to the least.
VALUED = ("measured", "estimated", "carried_forward", "declared")
UNVALUED = ("not_reported", "not_applicable", "withheld")
STATUSES = VALUED + UNVALUED
# Values are compared with their domain after rounding, so that the last bit of a float makes none impossible.
_DECIMALS = 9


@dataclass(frozen=True)
class IndicatorValue:
    """Value and everything that must travel with it.

    ``value`` is null unless the status is one of VALUED; of those, only an ``unbounded`` F2 has none. ``components`` are the
    summable parts (integers for energies in Wh, water in L) from which ``value``, ``numerator`` and ``denominator`` follow and
    from which windows and clusters are composed. ``rules_failed`` names the rules that withheld it. ``months`` counts the valid
    months in the window.
    """

    code: str
    status: str
    value: float | None = None
    unit: str = "1"
    numerator: float | int | None = None
    denominator: float | int | None = None
    numerator_unit: str = ""
    denominator_unit: str = ""
    coverage: float | None = None
    estimated_share: float | None = None
    category: str | None = None
    rules_failed: tuple[str, ...] = ()
    unbounded: bool = False
    reason: str | None = None  # why there is no value, in English; reports translate by status
    components: dict[str, Any] = field(default_factory=dict)
    beside: dict[str, Any] = field(default_factory=dict)  # published companions
    months: int = 1
    input_digest: str = ""
    quality: dict[str, dict[str, float]] = field(default_factory=dict)  # what it reads → quality tier → quantity (quality.py)
    quality_tier: str | None = None

    @property
    def valued(self) -> bool:
        return self.status in VALUED

    def to_json(self) -> dict[str, Any]:
        """Its fields by name; the mappings in it are its own, not copies."""
        return {**vars(self), "rules_failed": list(self.rules_failed)}

    @staticmethod
    def from_json(data: dict[str, Any]) -> IndicatorValue:
        return IndicatorValue(**{**data, "rules_failed": tuple(data["rules_failed"])})


def beyond(value: float | None, domain: tuple[float | None, float | None]) -> str | None:
    """In words where a value lies outside its domain (least, greatest; None: no bound): ``above 1``; None inside and for no value."""
    if value is None:
        return None
    low, high = domain
    seen = round(value, _DECIMALS)
    if low is not None and seen < low:
        return f"below {low:g}"
    return f"above {high:g}" if high is not None and seen > high else None
