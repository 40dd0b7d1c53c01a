"""What the measures need besides data: the parameters of an edition and of the reference document, in one value."""

from __future__ import annotations

from assets.edition.tree import Edition
from assets.indicators.inputs import Parameters
from assets.reference.factors import FactorSet


def parameters_of(edition: Edition, factors: FactorSet) -> Parameters:
    """``Parameters`` of an edition and a factor set; nothing in it has a default."""
    return Parameters(
        checklists=edition.checklist_weights(),
        stages=edition.stages,
        recovery_full=edition.recovery_full(),
        estimated_flag=edition.estimated_share_flag,
        estimated_flag_water=edition.estimated_share_flag_water,
        missing_power_share=edition.missing_power_share_max,
        domains={item.code: item.domain for item in edition.indicators},
        rated_known_min=edition.rated_known_min,
        utilisation_known_min=edition.utilisation_known_min,
        practice_months=edition.practice_months,
        delivered_routes=edition.delivered_routes,
        energy_content_wh=factors.data["fuels"]["energy_content_wh"],
    )
