"""A small clean month of two sites, in which no rule finds anything; tests change one table at a time."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import pandas as pd
import pytest

from checks.findings import Finding, Judged
from checks.rules.thresholds import threshold_document, thresholds_at

MONTH = "2026-03"
MONTH_S = 744 * 3600
MONTH_START_S = 1_772_294_400  # 2026-03-01T00:00:00+08:00
Rows = list[dict[str, Any]]
World = Callable[..., Judged]

COLUMNS = {
    "sites": "site_id timezone stage supply_points backup_generators onsite_sources water_supply_points pue_category wue_category storage "
    "commissioned_on valid_from",
    "meters": "meter_id site_id medium point parent_meter_id kind unit multiplier interval_minutes interval_label check_meter_of "
    "accuracy_class calibrated_until valid_from valid_to entry source_row",
    "meters_before": "meter_id site_id medium point kind multiplier check_meter_of valid_from valid_to entry source_row",
    "counted_before": "site_id side meter_id sign",
    "meter_events": "meter_id at_s kind old_value new_value",
    "assumed": "feed column entry source_row",
    "energy_balance": "site_id node_id inflow outflow residual known_s class_error",
    "bill_checks": "site_id meter_id medium period_start period_end statement_no quantity unit billed metered known_s expected_s entry "
    "source_row",
    "manual_readings": "meter_id readings manual",
    "parts_less": "site_id meter_id member",
    "ppa_site_shares": "contract_id site_id share_ratio valid_from valid_to",
    "racks": "rack_id site_id snapshot_on room u_height rated_kw retired_on age entry source_row",
    "devices": "device_id site_id snapshot_on rack_id u_size rated_w psu_count psu_w powered_on parent_device_id no_rack_reason retired_on "
    "age entry source_row",
    "inventory": "site_id status rated_known_share utilisation_coverage",
    "snapshot_days": "site_id feed newest_on age_days entry source_row",
    "window_categories": "site_id what month category",
    "declarations": "site_id subject statement valid_from valid_to",
    "activities": "site_id month activity quantity",
    "practices": "site_id item_code level assessed_on evidence entry source_row",
    "ppa_contracts": "contract_id kind project_code start_on end_on attribute_clause evidence entry source_row",
    "feeds_rejected": "feed site_id rule_code column seen reason_en reason_zh entry source_row",
    "feeds_conflicts": "feed site_id key entry source_row",
    "feeds_counts": "feed site_id rows",
    "meter_facts": "site_id meter_id kind expected_s metered_s n_landed n_rejected median_step_s first_at_s last_at_s before_at_s "
    "after_at_s",
    "stuck": "site_id meter_id medium from_s hours interval steps unit entry source_row",
    "zeros": "site_id meter_id from_s hours hours_above outage moved",
    "rejected_rows": "site_id meter_id rule_code raw_value reason entry source_row",
    "late_entries": "site_id feed entry source_row rows landed_s cutoff_s",
    "anomalies": "site_id meter_id at_s code what seen limit unit entry source_row",
    "rejected_counts": "site_id rule_code rows",
    "energies": "site_id measure meter_id sign quantity known_s expected_s estimated",
    "counted": "site_id side meter_id sign",
    "topology_faults": "site_id side what meter_id other_id",
    "members": "site_id meter_id member rest",
    "claims": "site_id source status reason quantity_wh contract_id meter_id project_code production_month seq_start seq_end evidence "
    "entry source_row",
    "claim_conflicts": "kind site_id other_site_id project_code production_month seq_start seq_end contract_id mwh limit_mwh detail_en "
    "detail_zh entry source_row",
    "certificate_differences": "kind site_id project_code production_month seq_start seq_end mwh claimed_mwh role entry source_row",
    "grid_vintages": "site_id geography kind month vintage published_on published_late later_vintage later_published_on",
    "checklist_items": "site_id item_code months",
    "factors_missing": "site_id subject kind month missing_en missing_zh entry source_row",
    "scope1_unreported": "site_id subject burnt",
    "shares": "site_id side meter_id share last_known_share",
    "window": "site_id code valid_months withheld_months unreported_months first_month_with_data because_of",
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
                "stage": "operation",
                "supply_points": 1,
                "onsite_sources": 0,
                "pue_category": 2,
                "wue_category": 1,
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
            row |= {"accuracy_class": "0.5S", "calibrated_until": "2027-12-31"}
            rows["meters"].append({**row, "entry": 1, "source_row": 2})
            rows["meters_before"].append({**row, "entry": 1, "source_row": 2})
            rows["meter_facts"].append({"site_id": site, "meter_id": meter, "expected_s": MONTH_S, "metered_s": MONTH_S, "n_landed": 2976,
                                        "n_rejected": 0, "median_step_s": 900, "first_at_s": MONTH_START_S,
                                        "last_at_s": MONTH_START_S + MONTH_S - 900})  # fmt: skip
            for counted in ("counted", "counted_before"):
                rows[counted].append({"site_id": site, "side": side, "meter_id": meter, "sign": 1})
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
        rows["energy_balance"].append({"site_id": site, "node_id": f"{s}-S", "inflow": 1_300_000, "outflow": 1_000_000, "residual": 300_000,
                                       "known_s": MONTH_S, "class_error": 8_000.0})  # fmt: skip
        rows["bill_checks"].append({"site_id": site, "meter_id": f"{s}-S", "medium": "electricity", "period_start": "2026-03-01",
                                    "period_end": "2026-03-31", "quantity": 1300.0, "unit": "kWh", "billed": 1_300_000,
                                    "metered": 1_300_000, "known_s": MONTH_S, "expected_s": MONTH_S})  # fmt: skip
        for age, day in ((0, "2026-03-31"), (1, "2026-02-28")):
            rack = {"rack_id": f"{s}-R1", "site_id": site, "snapshot_on": day, "age": age}
            rows["racks"].append({**rack, "room": f"{s}-101", "u_height": 42, "rated_kw": 15.0})
            rows["devices"].append({**rack, "device_id": f"{s}-D1", "powered_on": True, "u_size": 4.0, "rated_w": 2200.0, "psu_count": 2,
                                    "psu_w": 1600.0})  # fmt: skip
        rows["inventory"].append({"site_id": site, "status": "measured", "rated_known_share": 1.0, "utilisation_coverage": 0.99})
        for feed in ("racks", "devices"):
            rows["snapshot_days"].append({"site_id": site, "feed": feed, "newest_on": "2026-03-31", "age_days": 0, "entry": 3,
                                          "source_row": 2})  # fmt: skip
        rows["grid_vintages"].append({"site_id": site, "geography": "CN-HE", "kind": "average", "month": MONTH, "vintage": "2023",
                                      "published_on": "2025-12-31", "published_late": False})  # fmt: skip
        for subject in ("onsite_generation", "shared_load"):
            rows["declarations"].append({"site_id": site, "subject": subject, "statement": "none", "valid_from": "2025-01-01"})
        rows["ppa_site_shares"].append({"contract_id": "K1", "site_id": site, "share_ratio": 0.5, "valid_from": "2025-01-01"})
        for what, category in (("pue_category", "PUE2"), ("wue_category", "WUE1")):
            rows["window_categories"] += [
                {"site_id": site, "what": what, "month": month, "category": category} for month in ("2026-02", "2026-03")
            ]
        rows["feeds_counts"].append({"feed": "practices", "site_id": site, "rows": 200})
        rows["practices"].append(
            {"site_id": site, "item_code": "A3.physical", "level": 1.0, "assessed_on": "2025-11-01", "evidence": "a.pdf"}
        )
        rows["claims"].append({"site_id": site, "status": "eligible", "quantity_wh": 1_000_000, "project_code": "P" * 17,
                               "production_month": "2026-02", "seq_start": 0, "seq_end": 0, "evidence": "c.pdf"})  # fmt: skip
        rows["window"].append(
            {
                "site_id": site,
                "code": "D1",
                "valid_months": 12,
                "withheld_months": [],
                "unreported_months": [],
                "first_month_with_data": "2025-01",
            }
        )
    rows["checklist_items"].append({"item_code": "A3.physical", "months": 12})
    rows["ppa_contracts"].append({"contract_id": "K1", "kind": "certificate_purchase", "start_on": "2025-01-01", "end_on": "2026-12-31",
                                  "attribute_clause": "separate", "evidence": "a.pdf"})  # fmt: skip
    return rows


@cache
def _clean_frames() -> dict[str, pd.DataFrame]:
    """The clean month as frames, made once: a rule never changes them."""
    return {name: table(name, content) for name, content in clean().items()}


@pytest.fixture
def world() -> World:
    """``world(tables={'anomalies': rows}, without=['shares'], rules={'TL01': {…}})``: the clean month with tables replaced or left out."""

    def build(
        tables: dict[str, Rows] | None = None, without: tuple[str, ...] = (), rules: dict[str, dict[str, float]] | None = None
    ) -> Judged:
        changed = {name: table(name, content) for name, content in (tables or {}).items()}
        frames = {name: frame for name, frame in {**_clean_frames(), **changed}.items() if name not in without}
        limits = thresholds_at(threshold_document(), MONTH, rules)
        return Judged(MONTH, ("HL01", "HL02"), frames, limits, {"a.pdf": "sha256:1", "c.pdf": "sha256:2"})

    return build


@pytest.fixture
def rows() -> dict[str, Rows]:
    """The rows of the clean month, to be changed by a test."""
    return clean()


# figures as people read them: 1,234.5 · 35 · 0.5; not those inside names (HL01, E_IT2)
_FIGURE = re.compile(r"(?<![A-Za-z0-9_.\-])\d[\d,]*(?:\.\d+)?(?![A-Za-z_])")


def figures(text: str) -> set[str]:
    """The numbers that a message says."""
    text = text.replace("范围一", "scope 1")
    return {found.rstrip(",").replace(",", "") for found in _FIGURE.findall(text)}


_CHINESE = re.compile(r"[\u3400-\u9fff]")
_ENGLISH = re.compile(r"(?<![A-Za-z_])[a-z]{2,} [a-z]")  # two words in a row; one may be the name of a feed or column


@pytest.fixture(autouse=True)
def both_languages_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chinese and English are equals: every finding that any test of a rule makes says the same numbers in both, each in its language."""
    made = Finding.__init__

    def checked(self: Finding, *args: Any, **kwargs: Any) -> None:
        made(self, *args, **kwargs)
        en, zh = figures(self.message_en), figures(self.message_zh)
        assert en == zh, f"{self.code}, English only: {en - zh}, Chinese only: {zh - en}: {self.message_en} | {self.message_zh}"
        assert not _CHINESE.search(self.message_en.replace("万kWh", "")), self.message_en
        assert not _ENGLISH.search(self.message_zh.replace("gci edition show", "")), self.message_zh

    monkeypatch.setattr(Finding, "__init__", checked)
