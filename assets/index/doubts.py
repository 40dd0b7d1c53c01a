"""What a finding puts in doubt: an interval on a quantity, in its own unit, and the tables it is read from.

Only the types belong here. Which interval a rule's finding means is in ``doubt_rules.py``, what it does to indicators and to the index in
``materiality.py``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from assets.staging.meters import plausible_limit

Row = Mapping[str, Any]
SIDES = {"E_DC": "Wh", "E_IT": "Wh", "water": "L"}
CLAIMS, PRACTICES = "claims", "practices"


@dataclass(frozen=True)
class Doubt:
    """By how much a quantity may be off: it lies between ``low`` and ``high`` of what is published (unit of the quantity).

    ``high`` is None where the data hold no bound. ``about``: what of the quantity is meant (contracts or projects of claims, items of
    practices).
    """

    quantity: str
    low: float
    high: float | None
    unit: str
    about: frozenset[str] = frozenset()


@dataclass(frozen=True)
class NotQuantified:
    """Why what a finding can do has no number, in both languages."""

    reason_en: str
    reason_zh: str


@dataclass(frozen=True)
class SiteTables:
    """The rows of one site and month that doubts are read from; ``meters`` are registry rows of any validity."""

    site_id: str
    month: str
    energies: Iterable[Row]
    meter_facts: Iterable[Row]
    meters: Iterable[Row]
    balance: Iterable[Row] = ()
    claims: Iterable[Row] = ()
    practices: Iterable[Row] = ()
    evidence: Collection[str] = ()
    practice_months: int = 12

    @cached_property
    def facts(self) -> dict[str, Row]:
        return {row["meter_id"]: row for row in self.meter_facts}

    @cached_property
    def parts(self) -> dict[str, list[Row]]:
        """Contributions by side, what was filled in proportion among them."""
        return {side: [row for row in self.energies if row["measure"] == side and row["meter_id"]] for side in SIDES}

    def largest_rate(self, meter_id: str) -> float | None:
        """What the meter can pass in an hour: 1.2 × its capacity where that is stated, else its largest known hour; None without both."""
        limits = [limit for row in self.meters if row["meter_id"] == meter_id and (limit := plausible_limit(row)) is not None]
        if limits:
            return float(max(limits))
        largest = (self.facts.get(meter_id) or {}).get("max_hour_quantity")
        return None if largest is None else float(largest)


# Reasons that several rules share.
UNKNOWN = NotQuantified("nothing in the data bounds it", "数据中没有可用的界限")
NO_SIDE = NotQuantified("it puts no side's quantity in doubt", "不涉及任何一侧的数量")
DAYS = NotQuantified("on which days is known, by how much is not", "已知哪些日期有误,具体差额未知")
NOT_COUNTED = NotQuantified("what it would contribute is not known", "其应有的贡献未知")
NO_RATE = NotQuantified(
    "neither a capacity nor an hour of the meter is known: state capacity in 'meters'", "容量与小时用量均未知:请在 meters 填报 capacity"
)
INVENTORY = NotQuantified("what the CMDB would say is not known", "CMDB 的应有内容未知")
REJECTED = NotQuantified("what the rejected rows would have said is not known", "被拒各行的应有内容未知")
MULTIPLIER = NotQuantified("with another multiplier the quantity may be anything", "倍率不同,数量可为任意值")
EXPORT = NotQuantified("export or generation that is not metered apart has no bound", "未单独计量的上网或发电没有上限")
