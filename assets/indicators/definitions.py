"""Indicator assets: nineteen keys made by one step, each through the gate."""

from __future__ import annotations

import dagster as dg

from assets.indicators.registry import INDICATORS
from assets.indicators.step import measure_indicators
from assets.wrapping import Made, step_assets

_STAGED = ("staging/energies", "staging/interval_energy", "staging/inventory", "staging/claims", "raw/activities", "raw/registry")


def build(months: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The indicator layer over a month definition.

    Every indicator depends on every asset whose rules can withhold a quantity, so that none is computed before its verdict.
    """
    made = [
        Made(f"indicators/{item.asset}", f"{item.code} {item.name_en} ({item.name_zh}), unit {item.unit}", _STAGED) for item in INDICATORS
    ]
    return [step_assets("indicators", "indicators", made, measure_indicators, months)]
