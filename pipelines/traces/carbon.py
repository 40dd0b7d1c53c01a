"""Behind the carbon figures (F1, F2): scope 1 row by row, the energies and claims of scope 2, each with its factor.

Every line is quantity × factor = emissions, with the factor's vintage, publication and source. The lines are those of
``assets/indicators/carbon.py``, asked again; what the energies are made of is ``energies.py``.
"""

from __future__ import annotations

from dataclasses import asdict

from assets.indicators.carbon import Emissions
from assets.indicators.site_emissions import grid_energy
from assets.reference.scope1 import EmissionLine
from pipelines.traces.activities import activity
from pipelines.traces.provided import Node, Provided, landed_row
from pipelines.traces.texts import Texts
from pipelines.traces.work import Work

SCOPES = {"1": "scope 1", "2L": "scope 2, location-based", "2M": "scope 2, market-based", "2F": "scope 2, fossil factor"}
_CLAIM = ("route", "source", "project_code", "production_month", "seq_start", "seq_end", "contract_id", "meter_id", "quantity_wh",
          "carbon_free", "status", "reason", "evidence")  # fmt: skip


def carbon(work: Work, code: str, texts: Texts) -> Provided:
    """Scope 1 and the figures of scope 2 with their lines; pieces ``scope1 …`` of F1 and F2, ``location …`` of F1."""
    site = work.site_month
    emissions = site.emissions
    if emissions is None:
        return Provided({"carbon": None})
    energy = grid_energy(site, work.energies, work.feeds["meters"])
    node: Node = {
        "scope1_kg": emissions.scope1_kg, "scope2_market_kg": emissions.scope2_market_kg,
        "scope2_location_kg": emissions.scope2_location_kg, "scope2_fossil_kg": emissions.scope2_fossil_kg,
        "scope2_market_if_pending_kg": emissions.scope2_market_if_pending_kg,
        "unreported": list(emissions.unreported), "missing": list(emissions.missing),
        "energy": {**asdict(energy), "self_used": energy.self_used, "grid": energy.grid, "bought_or_claimed": energy.bought_or_claimed},
        "claimed_carbon_free_wh": None if site.claims is None else site.claims.carbon_free_wh,
        "lines": [_line(work, texts, line) for line in emissions.lines],
        "claims": [landed_row(work, texts, row, _CLAIM) for row in work.table("staging/claims").to_dicts()],
    }  # fmt: skip
    return Provided({"carbon": node}, _pieces(work, code, emissions), [_factor(line) for line in emissions.lines])


def _line(work: Work, texts: Texts, line: EmissionLine) -> Node:
    node: Node = {
        "scope": line.scope, "subject": line.subject, "quantity": line.quantity, "quantity_unit": line.quantity_unit,
        "factor": line.factor, "factor_unit": line.factor_unit, "emissions_kg": line.emissions_kg,
    }  # fmt: skip
    return node if line.row is None else node | {"row": activity(work, texts, line.row)}


def _factor(line: EmissionLine) -> Node:
    return {
        "name": line.subject, "value": line.factor, "unit": line.factor_unit, "vintage": line.vintage, "published_on": line.published_on,
        "published_late": line.published_late, "source": line.source,
    }  # fmt: skip


def _pieces(work: Work, code: str, emissions: Emissions) -> Node:
    found: Node = {
        "scope1": emissions.scope1_kg or 0.0, "scope2_market": emissions.scope2_market_kg, "scope2_fossil": emissions.scope2_fossil_kg,
        "scope2_market_if_pending": emissions.scope2_market_if_pending_kg, "scope1_unreported": int(not emissions.scope1_reported),
        "scope1_partly_unreported": int(emissions.scope1_reported and bool(emissions.unreported)),
    }  # fmt: skip
    e_it = work.total("E_IT")
    if code == "F1" and emissions.scope2_location_kg is not None and e_it is not None:
        found |= {"location": (emissions.scope1_kg or 0.0) + emissions.scope2_location_kg, "location.E_IT": e_it["quantity"]}
    return found
