"""Staging assets: hourly energy, the energies of a site, its inventory, its claims."""

from __future__ import annotations

import dagster as dg

from assets.staging.boundary_step import INPUTS, stage_boundary
from assets.staging.certificate_step import INPUTS as BOOKED
from assets.staging.certificate_step import TABLE as BOOKS
from assets.staging.certificate_step import stage_certificates
from assets.staging.step import stage_claims, stage_energies, stage_intervals, stage_inventory
from assets.wrapping import Made, step_assets


def build(months: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The staging layer over a month definition: one asset for each table people ask for."""
    intervals = [
        Made(
            "staging/interval_energy",
            "Energy, water and fuel of each meter in each clock hour, in whole units, with state and method.",
            ("raw/registry", "raw/meter_readings"),
        ),
        Made(
            "staging/interval_energy_rejected",
            "Readings that broke a rule, with the rule's code and the row of the file.",
            ("raw/registry", "raw/meter_readings"),
        ),
    ]
    energies = [
        Made(
            "staging/energies",
            "E_DC, E_IT, water and the totals of each measuring point, with the contribution of every meter.",
            ("staging/interval_energy", "raw/registry"),
        )
    ]
    inventory = [
        Made("staging/inventory", "Racks, rated power, computing power and utilisation of each site.", ("raw/cmdb", "raw/registry"))
    ]
    claims = [
        Made(
            "staging/claims",
            "Which renewable electricity is claimed by which certificate range or meter, and why others are not.",
            ("raw/green_power", "raw/registry", "raw/activities", "staging/energies", "staging/interval_energy"),
        )
    ]
    books = [
        Made(
            BOOKS,
            "Issued, transferred, cancelled and claimed certificates of each project-month, held against each other by range arithmetic.",
            BOOKED,
        )
    ]
    boundary = [
        Made(
            "staging/boundary",
            "The collection boundary: what is counted by which meters, metered time by day, gaps, and what was said of the month.",
            tuple(name for name in INPUTS if name != "staging/meter_facts"),
        )
    ]
    return [
        step_assets("interval_energy", "staging", intervals, stage_intervals, months),
        step_assets("energies", "staging", energies, stage_energies, months),
        step_assets("inventory", "staging", inventory, stage_inventory, months),
        step_assets("claims", "staging", claims, stage_claims, months),
        step_assets("certificate_books", "staging", books, stage_certificates, months),
        step_assets("boundary", "staging", boundary, stage_boundary, months),
    ]
