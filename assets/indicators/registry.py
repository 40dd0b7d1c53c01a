"""The nineteen indicators: one list of what each is called, reads, and how it is measured and composed.

Everything that walks over all indicators reads this list. Formulas are in the modules it names; scores and weights are the edition's data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from assets.indicators import (
    checklists,
    compute_carbon,
    compute_efficiency,
    cue,
    it_load,
    pue,
    racks,
    recovery,
    renewable_share,
    scale,
    utilisation,
    wue,
)  # fmt: skip
from assets.indicators.inputs import SiteMonth
from assets.indicators.measure import IndicatorValue
from assets.indicators.parts import Components, Evaluate, Head

# How months and sites compose (method.md §1, second table); the words are those of the edition file.
Months = Literal["ratio_of_sums", "last_month", "snapshots", "parts"]
Sites = Literal["ratio_of_sums", "sum", "weakest", "weighted_by_e_it", "parts"]


def _as_they_are(components: Components) -> Components:
    return components


@dataclass(frozen=True)
class Indicator:
    """One indicator. ``asset`` is its name in the asset key ``indicators/<asset>``; ``direction`` says which way is better.

    ``as_member`` makes of a site's components what may enter a cluster.
    """

    head: Head
    asset: str
    name_en: str
    name_zh: str
    direction: Literal["higher", "lower"]
    months: Months
    sites: Sites
    measure: Callable[[SiteMonth], IndicatorValue]
    evaluate: Evaluate
    as_member: Callable[[Components], Components] = _as_they_are

    @property
    def code(self) -> str:
        return self.head.code

    @property
    def unit(self) -> str:
        return self.head.unit

    @property
    def quantities(self) -> tuple[str, ...]:
        """The quantities it reads; when one is withheld at the gate, so is the indicator (checks.md)."""
        return self.head.quantities


def _sums(
    head: Head, asset: str, name_en: str, name_zh: str, direction: Literal["higher", "lower"],
    measure: Callable[[SiteMonth], IndicatorValue], evaluate: Evaluate, months: Months = "ratio_of_sums", sites: Sites = "ratio_of_sums",
    as_member: Callable[[Components], Components] = _as_they_are,
) -> Indicator:  # fmt: skip
    return Indicator(head, asset, name_en, name_zh, direction, months, sites, measure, evaluate, as_member)


def _checklist(code: str, asset: str, name_en: str, name_zh: str, sites: Sites) -> Indicator:
    head, measure = checklists.HEADS[code], checklists.measure_of(code)
    return Indicator(head, asset, name_en, name_zh, "higher", "last_month", sites, measure, checklists.evaluate)


INDICATORS: tuple[Indicator, ...] = (
    _sums(
        compute_efficiency.HEAD, "compute_efficiency", "Computing energy efficiency", "算力能效", "higher",
        compute_efficiency.measure, compute_efficiency.evaluate,
    ),
    _sums(scale.HEAD, "design_scale", "Data centre scale", "数据中心规模", "higher", scale.measure, scale.evaluate, "last_month", "sum"),
    _checklist("A3", "safety", "Security and safety", "安全性", "weakest"),
    _checklist("A4", "availability", "Availability", "可用性", "weakest"),
    _sums(racks.HEAD, "rack_utilisation", "Rack utilisation", "上架率", "higher", racks.measure, racks.evaluate, "snapshots"),
    _sums(it_load.HEAD, "it_load_factor", "IT load factor", "IT 负载率", "higher", it_load.measure, it_load.evaluate),
    _sums(
        utilisation.HEAD, "processor_utilisation", "CPU/GPU utilisation", "CPU/GPU 利用率", "higher",
        utilisation.measure, utilisation.evaluate,
    ),
    _checklist("C1", "siting", "Siting", "选址管理", "weighted_by_e_it"),
    _sums(pue.HEAD, "pue", "PUE", "PUE", "lower", pue.measure, pue.evaluate),
    _sums(wue.HEAD, "wue", "WUE", "WUE", "lower", wue.measure, wue.evaluate),
    _sums(
        renewable_share.SHARE, "renewable_share", "Renewable share", "可再生能源利用比例", "higher",
        renewable_share.measure_share, renewable_share.evaluate_share, as_member=renewable_share.capped,
    ),
    _sums(
        renewable_share.QUALITY, "renewable_route_quality", "Renewable procurement quality", "可再生能源获取方式", "higher",
        renewable_share.measure_quality, renewable_share.evaluate_quality, as_member=renewable_share.capped,
    ),
    _sums(cue.HEAD, "cue", "CUE", "CUE", "lower", cue.measure, cue.evaluate),
    _sums(
        compute_carbon.HEAD, "compute_carbon_efficiency", "Computing carbon efficiency", "算力碳效", "higher",
        compute_carbon.measure, compute_carbon.evaluate,
    ),
    _checklist("G1", "energy_management", "Smart energy management", "智慧能源管理", "weighted_by_e_it"),
    _checklist("H1", "carbon_management", "Smart carbon management", "智慧碳管理", "weighted_by_e_it"),
    _checklist("J1", "ghg_reporting", "GHG accounting and reporting", "温室气体核算与报告", "weighted_by_e_it"),
    _checklist("J2", "lifecycle_strategy", "Lifecycle green strategy", "全生命周期绿色发展战略", "weighted_by_e_it"),
    _sums(
        recovery.HEAD, "resource_recovery", "Resource recovery", "资源回收", "higher", recovery.measure, recovery.evaluate, "parts", "parts"
    ),
)  # fmt: skip
BY_CODE = {indicator.code: indicator for indicator in INDICATORS}
