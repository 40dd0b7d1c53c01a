"""Indicator assets: nineteen keys made by one step, each through the gate; and the accounts of the month beside them."""

from __future__ import annotations

import dagster as dg

from assets.indicators.accounts_step import measure_accounts
from assets.indicators.cost import TABLE as COSTS
from assets.indicators.energy_total import TABLE as TOTALS
from assets.indicators.ghg import TABLE as INVENTORY
from assets.indicators.registry import INDICATORS
from assets.indicators.step import measure_indicators
from assets.wrapping import Made, step_assets

_STAGED = (
    "staging/energies", "staging/interval_energy", "staging/inventory", "staging/claims", "staging/certificate_books", "raw/activities",
    "raw/registry",
)  # fmt: skip

_ACCOUNTED = (*_STAGED, "raw/green_power")


def build(months: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The indicator layer over a month definition.

    Every indicator depends on every asset whose rules can withhold a quantity, so that none is computed before its verdict.
    """
    made = [
        Made(f"indicators/{item.asset}", f"{item.code} {item.name_en} ({item.name_zh}), unit {item.unit}", _STAGED) for item in INDICATORS
    ]
    accounts = [
        Made(INVENTORY, "Greenhouse gas inventory: each source with its factor, vintage and document (温室气体清单).", _ACCOUNTED),
        Made(TOTALS, "Energy of all carriers as standard coal, by calorific value (综合能耗, 当量值).", _ACCOUNTED),
        Made(COSTS, "Cost of electricity at its stated prices, beside the bills (电费).", _ACCOUNTED),
    ]
    return [
        step_assets("indicators", "indicators", made, measure_indicators, months),
        step_assets("accounts", "indicators", accounts, measure_accounts, months),
    ]
