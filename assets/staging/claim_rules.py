"""The dated rules of claims as data: which certificate counts for which consumption, what a route weighs, which grid a place is in.

Reading and asking the rule tables of ``assets/reference`` belongs here; applying them to rows belongs to ``certificates.py``,
``contracts.py`` and ``claims.py``. Plain Python, no frames.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from resources.calendar import add_months, month_last_day
from resources.errors import GciError

# Why a claim is no eligible one, in both languages. The English text is the value of the column ``reason``.
REASONS: dict[str, str] = {
    "evidence missing": "缺少证明文件",
    "not issued": "该编号区间没有核发记录",
    "identity wrong": "绿证标识有误",
    "issued twice": "核发编号重叠",
    "cancelled before issue": "核销早于核发",
    "claimed twice": "同一绿证被重复核销",
    "illegal state": "绿证状态流转不合规",
    "withdrawn": "已撤销",
    "frozen": "已冻结（CCER）",
    "expired": "已过期",
    "ccer": "已用于 CCER",
    "mechanism": "机制电量绿证",
    "provincial account": "省级账户绿证",
    "foreign scheme": "非中国绿证",
    "more than generated": "核发量超过计量发电量",
    "storage discharge": "储能放电不核发绿证",
    "vintage": "绿证生产时间不适用于该消费期",
    "consumption period not stated": "未说明消费期",
    "produced in another month": "绿证生产月份不在所述消费月份内(按月匹配)",
    "no site": "未说明数据中心，且无可用的合同分摊比例",
    "shares exceed 1": "合同分摊比例之和大于 1",
    "counted by the meter": "已按自发自用计量计入",
    "attribute sold": "环境权益已售出",
    "generation unknown": "发电量未知",
    "project not known": "发电项目信息缺失",
    "held, not cancelled": "已持有，待核销",
    "settled, not cancelled": "已结算，待核销",
    "certificate not cancelled": "绿证待核销",
}


@dataclass(frozen=True)
class ClaimRules:
    """The rule tables ``certificate_validity``, ``routes`` and ``grid_regions`` of one kept factor document."""

    validity: Mapping[str, Any]
    routes: Mapping[str, Any]
    regions: Mapping[str, Any]

    @staticmethod
    def from_reference(data: Mapping[str, Any]) -> ClaimRules:
        """From the parsed reference document (``FactorSet.data``); GciError names the table that is absent."""
        try:
            return ClaimRules(data["certificate_validity"], data["routes"], data["grid_regions"])
        except KeyError as error:
            raise GciError(f"The reference document lacks {error}. Land the factors again from assets/reference.") from None

    # certificates -------------------------------------------------------------------------------------------------

    def regime(self, consumption_month: str) -> Mapping[str, Any]:
        """The certificate regime of a consumption month, chosen by its year (green-power.md §2)."""
        year = int(consumption_month[:4])
        for regime in self.validity["regimes"]:
            if regime.get("consumption_from", year) <= year <= regime.get("consumption_to", year):
                return dict(regime)
        raise GciError(f"certificate_validity.yaml has no regime for consumption in {year}.")

    def expires_on(self, production_month: str, consumption_month: str) -> str | None:
        """Last day (YYYY-MM-DD) on which a certificate may be cancelled for that consumption; None when the regime sets no day.

        Consumption up to 2025: two years counted from the production month inclusive; production before 2024 to 2025-12-31.
        Source: 国能发新能规〔2024〕67号.
        """
        regime = self.regime(consumption_month)
        if "validity_months" not in regime:
            return None
        if production_month < regime["grandfathered_before"]:
            return str(regime["grandfathered_to"])
        return month_last_day(add_months(production_month, regime["validity_months"] - 1)).isoformat()

    def vintage_fault(self, production_month: str, consumption_month: str, cancelled_on: str) -> str | None:
        """'expired' or 'vintage' when a certificate does not count for a consumption month (TL06); None when it does.

        Source: 67号 for consumption to 2025; 实施细则(试行) 2026-01 after: production year = consumption year.
        """
        rule = self.regime(consumption_month)["production_year"]
        produced, consumed = production_month[:4], consumption_month[:4]
        if (produced != consumed) if rule == "equal_consumption" else (produced > consumed):
            return "vintage"
        expires = self.expires_on(production_month, consumption_month)
        return "expired" if expires is not None and cancelled_on > expires else None

    def is_carbon_free(self, energy_type: str | None) -> bool:
        """Whether energy of that type has rate 0 in the market-based figure (green-power.md §1.3)."""
        return energy_type in self.validity["carbon_free"]

    # routes -------------------------------------------------------------------------------------------------------

    def weight(self, route: str) -> float:
        """Weight of a route: a project convention. GciError for a route that is not in the table."""
        for row in self.routes["routes"]:
            if row["route"] == route:
                return float(row["weight"])
        raise GciError(f"routes.yaml has no route '{route}'.")

    def same_region(self, one: str | None, other: str | None) -> bool:
        """Whether two places lie in the same grid region; False when either is not known to lie in one (the lower route)."""
        provinces = self.regions["provinces"]
        regions = [provinces.get(place, {}).get("region") for place in (one, other)]
        return regions[0] is not None and regions[0] == regions[1]
