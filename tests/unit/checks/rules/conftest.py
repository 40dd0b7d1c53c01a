"""A small clean month of two sites, in which no rule finds anything; tests change one table at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from checks.findings import Judged
from checks.rules.thresholds import threshold_document, thresholds_at

MONTH = "2026-03"
MONTH_S = 744 * 3600
Rows = list[dict[str, Any]]
World = Callable[..., Judged]

COLUMNS = {
    "sites": "site_id timezone supply_points backup_generators onsite_sources pue_category storage commissioned_on valid_from",
    "meters": "meter_id site_id medium point kind unit multiplier interval_minutes interval_label check_meter_of accuracy_class valid_from "
    "valid_to entry source_row",
    "declarations": "site_id subject statement valid_from valid_to",
    "activities": "site_id month activity quantity",
    "practices": "site_id item_code level assessed_on evidence entry source_row",
    "ppa_contracts": "contract_id evidence entry source_row",
    "feeds_rejected": "feed site_id rule_code column seen reason_en reason_zh entry source_row",
    "feeds_conflicts": "feed site_id key entry source_row",
    "feeds_counts": "feed site_id rows",
    "meter_facts": "site_id meter_id expected_s metered_s n_landed n_rejected first_at_s last_at_s",
    "anomalies": "site_id meter_id at_s code what seen limit unit entry source_row",
    "rejected_counts": "site_id rule_code rows",
    "energies": "site_id measure meter_id sign quantity known_s expected_s estimated",
    "counted": "site_id side meter_id sign",
    "topology_faults": "site_id side what meter_id other_id",
    "members": "site_id meter_id member rest",
    "claims": "site_id status reason quantity_wh contract_id meter_id project_code production_month seq_start seq_end evidence entry "
    "source_row",
    "claim_conflicts": "kind site_id other_site_id project_code production_month seq_start seq_end contract_id mwh detail_en detail_zh "
    "entry source_row",
    "factors_missing": "site_id subject kind month missing_en missing_zh entry source_row",
    "scope1_unreported": "site_id subject burnt",
    "shares": "site_id side meter_id share last_known_share",
    "window": "site_id code valid_months withheld_months first_month_with_data because_of",
    "side_days": "site_id day e_dc_wh e_it_wh error_wh",
    "day_peaks": "site_id meter_id day highest third",
}


def table(name: str, rows: Rows) -> pd.DataFrame:
    return pd.DataFrame([{column: row.get(column) for column in COLUMNS[name].split()} for row in rows], columns=COLUMNS[name].split())


def clean() -> dict[str, Rows]:
    """Rows of the clean month: a supply, an IT and a water meter at each site, complete, one claim and one practice with documents."""
    rows: dict[str, Rows] = {name: [] for name in COLUMNS}
    for site, s in (("HL01", "A"), ("HL02", "B")):
        rows["sites"].append(
            {
                "site_id": site,
                "timezone": "Asia/Shanghai",
                "supply_points": 1,
                "pue_category": 2,
                "storage": "none",
                "valid_from": "2024-01-01",
            }
        )
        points = (
            ("S", "electricity", "grid_supply", "E_DC"),
            ("I", "electricity", "pdu_output", "E_IT"),
            ("W", "water", "water_supply", "water"),
        )
        for letter, medium, point, side in points:
            meter = f"{s}-{letter}"
            row = {"meter_id": meter, "site_id": site, "medium": medium, "point": point, "valid_from": "2024-01-01"}
            row |= {"kind": "register", "unit": "m3" if medium == "water" else "kWh", "multiplier": 1.0}
            rows["meters"].append({**row, "entry": 1, "source_row": 2})
            rows["meter_facts"].append({"site_id": site, "meter_id": meter, "expected_s": MONTH_S, "metered_s": MONTH_S, "n_landed": 2976,
                                        "n_rejected": 0})  # fmt: skip
            rows["counted"].append({"site_id": site, "side": side, "meter_id": meter, "sign": 1})
            rows["shares"].append({"site_id": site, "side": side, "meter_id": meter, "share": 1.0, "last_known_share": 1.0})
            quantity = {"E_DC": 1_300_000, "E_IT": 1_000_000, "water": 700}[side]
            for suffix in ("", "@D1", "@D2"):
                if side + suffix not in ("water@D1", "E_DC@D2"):
                    row = {
                        "site_id": site,
                        "measure": side + suffix,
                        "sign": 1,
                        "quantity": quantity,
                        "known_s": MONTH_S,
                        "expected_s": MONTH_S,
                    }
                    rows["energies"] += [{**row, "meter_id": "", "estimated": 0}, {**row, "meter_id": meter, "estimated": 0}]
        rows["side_days"].append({"site_id": site, "day": "2026-03-01", "e_dc_wh": 43_000, "e_it_wh": 32_000, "error_wh": 300.0})
        rows["day_peaks"].append({"site_id": site, "meter_id": f"{s}-S", "day": "2026-03-01", "highest": 1900, "third": 1800})
        rows["feeds_counts"].append({"feed": "practices", "site_id": site, "rows": 200})
        rows["practices"].append(
            {"site_id": site, "item_code": "A3.physical", "level": 1.0, "assessed_on": "2025-11-01", "evidence": "a.pdf"}
        )
        rows["claims"].append({"site_id": site, "status": "eligible", "quantity_wh": 10_000_000, "project_code": "P" * 17,
                               "production_month": "2026-02", "seq_start": 0, "seq_end": 9, "evidence": "c.pdf"})  # fmt: skip
        rows["window"].append(
            {"site_id": site, "code": "D1", "valid_months": 12, "withheld_months": [], "first_month_with_data": "2025-01"}
        )
    return rows


@pytest.fixture
def world() -> World:
    """``world(tables={'anomalies': rows}, without=['shares'], rules={'TL01': {…}})``: the clean month with tables replaced or left out."""

    def build(
        tables: dict[str, Rows] | None = None, without: tuple[str, ...] = (), rules: dict[str, dict[str, float]] | None = None
    ) -> Judged:
        rows = {**clean(), **(tables or {})}
        frames = {name: table(name, content) for name, content in rows.items() if name not in without}
        limits = thresholds_at(threshold_document(), MONTH, rules)
        return Judged(MONTH, ("HL01", "HL02"), frames, limits, {"a.pdf": "sha256:1", "c.pdf": "sha256:2"})

    return build


@pytest.fixture
def rows() -> dict[str, Rows]:
    """The rows of the clean month, to be changed by a test."""
    return clean()
