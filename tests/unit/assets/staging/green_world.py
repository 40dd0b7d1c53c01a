"""A small green-power world for tests: one contract K of project W (and V on site), round numbers, everything computable in the head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assets.reference.factors import load_factors
from assets.staging.claim_books import Books
from assets.staging.claim_rules import ClaimRules

Row = dict[str, Any]
MWH = 1_000_000
WIND, PV = "W" * 17, "V" * 17
MONTH = "2025-07"
DATA = load_factors().data
RULES = ClaimRules.from_reference(DATA)
EVIDENCE = {"c.pdf": "sha256:1", "k.pdf": "sha256:2"}
_FEEDS = ("meters", "projects", "ppa_contracts", "ppa_site_shares", "ppa_settlements", "certificates", "certificate_events")


class Feeds(dict[str, list[Row]]):
    def rows(self, feed: str) -> list[Row]:
        return self[feed]


PROJECTS: list[Row] = [
    {"project_code": WIND, "energy_type": "wind", "geography": "CN-SX", "commissioned_on": "2023-06-30"},
    {"project_code": PV, "energy_type": "solar", "geography": "CN-HE", "commissioned_on": "2024-02-01"},
]


def feeds(**rows: list[Row]) -> Feeds:
    tables = {"projects": PROJECTS} | rows
    return Feeds({name: [{"entry": 7, "source_row": n + 2} | row for n, row in enumerate(tables.get(name, []))] for name in _FEEDS})


def contract(contract_id: str = "K", **changes: Any) -> Row:
    row = {
        "contract_id": contract_id, "kind": "green_trade", "project_code": WIND, "signed_on": "2024-01-10", "start_on": "2025-01-01",
        "end_on": "2025-12-31", "attribute_clause": "bundled", "evidence": "k.pdf",
    }  # fmt: skip
    return row | changes


def share(site_id: str, ratio: float, contract_id: str = "K") -> Row:
    return {"contract_id": contract_id, "site_id": site_id, "share_ratio": ratio, "valid_from": "2025-01-01", "valid_to": None}


def settlement(settled: float, version: int = 1, contract_id: str = "K", month: str = MONTH, **changes: Any) -> Row:
    row = {
        "contract_id": contract_id, "month": month, "version": version, "settled_mwh": settled, "contract_mwh": None, "ongrid_mwh": None,
        "mechanism_mwh": None, "user_mwh": None, "evidence": None,
    }  # fmt: skip
    return row | changes


def issued(first: int, last: int, project: str = WIND, month: str = MONTH, **changes: Any) -> Row:
    row = {
        "project_code": project, "production_month": month, "seq_start": first, "seq_end": last, "energy_class": "on_grid",
        "energy_type": "wind", "scheme": "GEC", "mechanism": None, "ccer": None, "issued_on": "2025-08-10",
    }  # fmt: skip
    return row | changes


def event(kind: str, first: int, last: int, project: str = WIND, month: str = MONTH, **changes: Any) -> Row:
    row = {
        "project_code": project, "production_month": month, "seq_start": first, "seq_end": last, "kind": kind,
        "on": "2025-08-12" if kind == "transfer" else "2025-08-20", "contract_id": "K", "channel": "green_trade", "evidence": "c.pdf",
        "consumption_month": month if kind == "cancel" else None,
    }  # fmt: skip
    return row | changes


def meter(meter_id: str, point: str, site_id: str = "S1", project: str | None = None) -> Row:
    return {
        "meter_id": meter_id, "site_id": site_id, "medium": "electricity", "point": point, "project_code": project,
        "parent_meter_id": None, "valid_from": "2024-01-01", "valid_to": None,
    }  # fmt: skip


def energy(measure: str, total: int | None, site_id: str = "S1", **meters: int | None) -> list[Row]:
    """Rows of staging/energies in MWh, wholly metered: the total of a measure and what meters contribute to it."""
    said = {"": total, **meters}
    return [
        {
            "site_id": site_id, "measure": measure, "meter_id": name, "quantity": None if mwh is None else mwh * MWH,
            "known_s": 3600 if mwh is not None else 0, "expected_s": 3600, "estimated": 0,
        }
        for name, mwh in said.items()
    ]  # fmt: skip


def books(
    energies: list[Row], *, month: str = MONTH, sites: Mapping[str, Mapping[str, Any]] | None = None, **rows: list[Row]
) -> Books:  # fmt: skip
    known = [{"site_id": name, "geography": "CN-HE", **facts} for name, facts in (sites or {"S1": {}, "S2": {}}).items()]
    return Books.open(feeds(**rows), energies, known, month, EVIDENCE, RULES)
