"""A complete site-month to start from: round numbers, so that every expected value can be worked out in the head."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from assets.indicators.carbon import Emissions
from assets.indicators.claimed import Claims
from assets.indicators.inputs import Energy, Parameters, Practice, SiteMonth

MWH = 1_000_000
ASSETS = Path(__file__).resolve().parents[4] / "assets"


@pytest.fixture(scope="session")
def edition() -> dict[str, Any]:
    """The edition file as it is written, wherever in ``assets`` it lies."""
    (path,) = ASSETS.rglob("whitepaper-2024.1.yaml")
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def parameters() -> Parameters:
    """The parameters that method.md states, written out here."""
    equal = {
        "A3": ("physical", "personnel", "equipment", "fire", "network"),
        "A4": ("power", "temperature", "monitoring", "cabling"),
        "G1": ("display", "analysis", "trend", "hierarchy", "drivers", "forecast", "saving", "control", "billing", "trading"),
        "H1": ("status", "analysis", "trend", "abatement", "trading", "report"),
        "J2": ("organisation", "build", "operation", "retirement"),
    }
    return Parameters(
        checklists={
            **{code: {f"{code}.{item}": 0.1 if code == "G1" else 1 for item in items} for code, items in equal.items()},
            "C1": {"C1.hub": 0.3, "C1.renewable": 0.2, "C1.latency": 0.2, "C1.approval": 0.2, "C1.density": 0.1},
            "J1": {"J1.scope12": 0.6, "J1.scope3": 0.4},
        },
        stages={**dict.fromkeys(("planning", "construction"), ("A2", "A3", "A4", "C1", "J2")), "retired": ()},
        recovery_full={"reclaimed_water": 0.5, "heat_reuse": 0.2, "retired_equipment": 0.8},
        estimated_flag=0.02,
        estimated_flag_water=0.10,
        missing_power_share=0.05,
        domains={
            **dict.fromkeys(("A1", "A2", "D2", "F1", "F2"), (0.0, None)),
            **dict.fromkeys(("A3", "A4", "B1", "B2", "B3", "C1", "E1", "E2", "G1", "H1", "J1", "J2", "K1"), (0.0, 1.0)),
            "D1": (1.0, None),
        },
        rated_known_min=0.95,
        utilisation_known_min=0.80,
        practice_months=12,
        delivered_routes=("direct_line", "onsite", "ppa_long", "green_trade"),
        energy_content_wh={"diesel": 9900, "natural_gas": 10500},
    )


@pytest.fixture(scope="session")
def make(parameters: Parameters) -> Callable[..., SiteMonth]:
    """``make(E_DC=…, E_IT=…, water=…, **fields)``: a site-month of 720 hours; energies in Wh (water in L), None leaves the side out.

    ``estimated`` is the estimated part of E_DC; other keywords replace fields of ``SiteMonth``.
    """

    def build(
        E_DC: int | None = 1300 * MWH,
        E_IT: int | None = 1000 * MWH,
        water: int | None = 1_400_000,
        estimated: int = 0,
        site: dict[str, Any] | None = None,
        points: dict[str, int] | None = None,
        **fields: Any,
    ) -> SiteMonth:
        second = 720 * 3600
        energy = {}
        for name, value, guessed in (("E_DC", E_DC, estimated), ("E_IT", E_IT, 0), ("water", water, 0)):
            if value is not None:
                suffixes = {"E_DC": ("", "@D1"), "E_IT": ("", "@D1", "@D2"), "water": ("", "@D2")}[name]
                energy |= {name + suffix: Energy(value, second, second, second, guessed) for suffix in suffixes}
        energy |= {f"point:{point}": Energy(value, second, second, second) for point, value in (points or {}).items()}
        facts = {"site_id": "HL01", "stage": "operation", "pue_category": 2, "wue_category": 1, "design_power_kw": 20_000}
        month = SiteMonth(
            site_id="HL01",
            month="2026-03",
            hours=720,
            parameters=parameters,
            site={**facts, **(site or {})},
            energy=energy,
            inventory={
                "status": "measured",
                "racks_fitted": 100,
                "racks_used": 71,
                "racks_lost": 0,
                "rated_w": 2_500_000,
                "rated_known_share": 1.0,
                "gflops": 36_000_000.0,
                "fp32_hours": 20_000.0,
                "fp32_used_hours": 7_200.0,
                "cpu_fp32_hours": 5_000.0,
                "cpu_used_hours": 1_200.0,
                "gpu_fp32_hours": 15_000.0,
                "gpu_used_hours": 6_000.0,
                "utilisation_coverage": 0.9,
                "storage_tb": 1_300.0,
                "network_gbps": None,
            },
            claims=Claims({"onsite": 130 * MWH}, {"onsite": 0.95 * 130 * MWH}, carbon_free_wh=130 * MWH, delivered_wh=130 * MWH),
            practices={item: Practice(1.0, True) for items in parameters.checklists.values() for item in items},
            emissions=Emissions(
                scope1_kg=10_000.0,
                scope1_reported=True,
                scope2_location_kg=400_000.0,
                scope2_market_kg=290_000.0,
                scope2_fossil_kg=390_000.0,
            ),
            input_digests={"E_DC": "sha256:dc", "E_IT": "sha256:it"},
        )
        return replace(month, **fields)

    return build


@pytest.fixture
def claim() -> Callable[..., dict[str, Any]]:
    """A row of ``staging/claims``."""

    def build(route: str, wh: int, weight: float, **fields: Any) -> dict[str, Any]:
        row = {"site_id": "HL01", "month": "2026-03", "route": route, "quantity_wh": wh, "weight": weight, "status": "eligible"}
        return {**row, "carbon_free": True, **fields}

    return build
