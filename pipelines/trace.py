"""From a number back to the rows of the files: number → sides → months → meters → hours → rows.

Every level carries its sum, and the sums are compared: a trace that does not add up is an error, not an answer. D1, E1, E2 and the
energies can be traced; what is behind a renewable share is ``claim_trace.py``. Nothing is computed again here except those sums.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import polars as pl

from assets.indicators.measure import VALUED
from assets.staging.contributions import contributions
from assets.staging.energies import SCALED
from checks.gate import Gate
from pipelines.claim_trace import SELF_USE, SHARES, claim_window, claims_behind
from pipelines.members import Behind
from pipelines.rows import MeterRows, meter_rows
from resources.calendar import trailing_months, utc_text
from resources.errors import GciError, UsageError
from resources.home import Home

ENERGIES = ("E_DC", "E_IT", "water")
FORMULAS = {
    "D1": ("D1 = E_DC / E_IT, over hours known on both sides", ("E_DC@D1", "E_IT@D1")),
    "E_DC": ("E_DC = Σ grid_supply + direct_line + onsite_generation + backup_generation − export − excluded", ("E_DC",)),
    "E_IT": ("E_IT = Σ meters at the site's PUE category point", ("E_IT",)),
    "water": ("water = Σ water_supply", ("water",)),
    "E1": ("E1 = min(Σ claimed renewable electricity, E_DC) / E_DC", ("E_DC",)),
    "E2": ("E2 = Σ route weight × claimed renewable electricity (best routes first, up to E_DC) / E_DC", ("E_DC",)),
}
UNITS = {"E_DC": "Wh", "E_IT": "Wh", "water": "L"}
DEPTHS = ("meters", "hours", "rows")


@dataclass(frozen=True)
class Tracing:
    """What is traced: a site-month in a home, and how deep."""

    home: Home
    site_id: str
    month: str
    depth: str

    def known_table(self, name: str) -> pl.DataFrame | None:
        return self.table(name) if self.home.ledger.manifest(self.month, name) is not None else None

    def table(self, name: str) -> pl.DataFrame:
        stored = self.home.ledger.manifest(self.month, name)
        if stored is None:
            raise GciError(f"{name} of {self.month} was not computed. Run 'gci run {self.month}'.")
        return self.home.lake.read(name, self.month, stored.file_digest)


def trace(home: Home, site_id: str, month: str, code: str, depth: str, payload: dict[str, Any]) -> dict[str, Any]:
    """The tree of one number. ``payload`` is the trailing result of the site (``gci show``); UsageError for a code without a trace."""
    if code not in FORMULAS:
        raise UsageError(f"'{code}' can't be traced by this version. Traceable: {', '.join(FORMULAS)}.")
    work = Tracing(home, site_id, month, depth)
    formula, measures = FORMULAS[code]
    energies, hours = work.table("staging/energies"), work.table("staging/interval_energy")
    rejected, facts = work.table("staging/interval_energy_rejected"), work.table("staging/meter_facts")

    def rows_of(meter_id: str) -> dict[str, Any]:
        sites = facts.filter(pl.col("meter_id") == meter_id)["site_id"].to_list()
        return _rows(work, meter_rows(home, sites[0] if len(sites) == 1 else site_id, month, meter_id), rejected, facts)

    behind = Behind(work.known_table("staging/meter_parts"), hours, depth, rows_of)
    sides = [_side(work, measure, energies, hours, behind) for measure in measures]
    claims = _claims(work, code, sides[0]["total"], payload) if code in SHARES else None
    if claims and any(row["source"] == "onsite" for route in claims["routes"] for row in route["rows"]):
        sides += [side for point in SELF_USE if (side := _side(work, point, energies, hours, behind))["meters"]]
    status, rules = _month_status(work, code)
    tree: dict[str, Any] = {
        "site_id": site_id,
        "month": month,
        "code": code,
        "formula": formula,
        "status": status,
        "rules_failed": rules,
        "month_value": None if status not in VALUED else _share(claims) if claims else _month_value(sides),
        "sides": sides,
        **({"claims": claims} if claims else {}),
        "window": _window(work, code, payload) if code == "D1" else _claim_window(work, code, payload) if claims else None,
        "findings": [f for f in payload["findings"] if f["site_id"] == site_id],
        "edition": payload["edition"],
        "edition_digest": payload["edition_digest"],
        "revision": payload["revision"],
        "log_number": payload["log_number"],
        "head_digest": payload["head_digest"],
        "code_version": _code_version(work),
    }
    return tree


def _month_status(work: Tracing, code: str) -> tuple[str, list[str]]:
    """Status of the month's value and the rules that withheld it; an energy is withheld as the gate says."""
    if code in ENERGIES:
        rules = list(Gate(work.home.ledger, work.month).withheld(work.site_id).get(code, ()))
        return ("withheld" if rules else "measured"), rules
    (row,) = work.home.ledger.rows("indicator_value", entity_id=work.site_id, code=code, window="month", month=work.month)
    return row["status"], json.loads(row["payload"])["rules_failed"]


def _code_version(work: Tracing) -> str:
    stored = work.home.ledger.manifest(work.month, "staging/energies")
    return stored.code_version if stored else ""


def _claims(work: Tracing, code: str, e_dc: int | None, payload: dict[str, Any]) -> dict[str, Any]:
    rows = work.table("staging/claims").filter(pl.col("site_id") == work.site_id).to_dicts()
    (row,) = work.home.ledger.rows("indicator_value", entity_id=work.site_id, code=code, window="month", month=work.month)
    return claims_behind(work.home, code, rows, e_dc, json.loads(row["payload"]), payload["log_number"], work.depth)


def _share(claims: dict[str, Any]) -> float | None:
    return claims["numerator"] / claims["denominator"] if claims["denominator"] else None


def _claim_window(work: Tracing, code: str, payload: dict[str, Any]) -> dict[str, Any]:
    published = next(item for item in payload["indicators"] if item["code"] == code)
    return claim_window(work.home, work.site_id, work.month, code, published)


def _month_value(sides: list[dict[str, Any]]) -> float | int | None:
    totals = [side["total"] for side in sides]
    if len(totals) == 1:
        return totals[0]
    numerator, denominator = totals
    return numerator / denominator if numerator is not None and denominator else None


def _window(work: Tracing, code: str, payload: dict[str, Any]) -> dict[str, Any]:
    """How the month enters the published trailing value: the months' numerators and denominators, and their sums."""
    published = next(i for i in payload["indicators"] if i["code"] == code)
    rows = work.home.ledger.rows("indicator_value", entity_id=work.site_id, code=code, window="month", month=trailing_months(work.month))
    months = []
    for row in rows:
        value = json.loads(row["payload"])
        valid = value["value"] is not None
        months.append(
            {
                "month": row["month"], "status": row["status"], "value": row["value"],
                "numerator": value["numerator"] if valid else None, "denominator": value["denominator"] if valid else None,
            }
        )  # fmt: skip
    sums = {side: sum(m[side] for m in months if m[side] is not None) for side in ("numerator", "denominator")}
    for side, total in sums.items():
        if published["value"] is not None and total != published[side]:
            raise GciError(f"The months' {side}s of {code} sum to {total}, but the published one is {published[side]}. Run 'gci verify'.")
    return {"value": published["value"], "status": published["status"], **sums, "months": months}


def _side(work: Tracing, measure: str, energies: pl.DataFrame, hours: pl.DataFrame, behind: Behind) -> dict[str, Any]:
    own = energies.filter((pl.col("site_id") == work.site_id) & (pl.col("measure") == measure))
    total = own.filter(pl.col("meter_id") == "")
    unit = UNITS.get(measure.split("@")[0], "Wh")
    if total.is_empty():
        return {"measure": measure, "unit": unit, "total": None, "known_s": 0, "expected_s": None, "meters": []}
    counted = contributions(hours, energies, work.site_id, measure)
    summary = total.row(0, named=True)
    meters = []
    for row in own.filter(pl.col("meter_id") != "").sort("meter_id").iter_rows(named=True):
        mine = counted.filter((pl.col("meter_id") == row["meter_id"]) & (pl.col("sign") == row["sign"]))
        meters.append(_meter(work, row, mine, behind))
    seen = sum(m["quantity"] for m in meters if m["quantity"] is not None)
    if summary["quantity"] is not None and seen != summary["quantity"]:
        raise GciError(f"The meters of {measure} sum to {seen} {unit}, but the total is {summary['quantity']}. Run 'gci verify'.")
    return {
        "measure": measure, "unit": unit, "total": summary["quantity"], "known_s": summary["known_s"],
        "expected_s": summary["expected_s"], "estimated": summary["estimated"], "meters": meters,
    }  # fmt: skip


def _meter(work: Tracing, row: dict[str, Any], hours: pl.DataFrame, behind: Behind) -> dict[str, Any]:
    meter_id = row["meter_id"]
    total = int((hours["sign"] * hours["quantity"]).sum() or 0)
    if row["quantity"] is not None and total != row["quantity"]:
        raise GciError(f"The hours of meter {meter_id} sum to {total}, but it contributes {row['quantity']}. Run 'gci verify'.")
    states = hours.group_by("state", "method").agg(pl.len().alias("hours"), (pl.col("sign") * pl.col("quantity")).sum().alias("quantity"))
    node: dict[str, Any] = {
        "meter_id": meter_id, "sign": row["sign"], "quantity": row["quantity"], "estimated": row["estimated"],
        "states": states.sort("state", "method").to_dicts(),
    }  # fmt: skip
    if work.depth in ("hours", "rows"):
        node["hours"] = [{**h, "hour": utc_text(h.pop("hour_s")) if h["hour_s"] is not None else None} for h in hours.to_dicts()]
    if meter_id != SCALED:
        node |= behind.meter(meter_id, hours, row["sign"])
    return node


def _rows(work: Tracing, rows: MeterRows, rejected: pl.DataFrame, facts: pl.DataFrame) -> dict[str, Any]:
    """The rows of the files behind a meter: counts that add up, the first and last row, all rows at depth ``rows``."""
    own = rejected.filter(pl.col("meter_id") == rows.meter_id)
    fact = facts.filter(pl.col("meter_id") == rows.meter_id).row(0, named=True)
    shown = rows.frame if work.depth == "rows" else pl.concat([rows.frame.head(1), rows.frame.tail(1)]).unique(maintain_order=True)
    return {
        "landed": fact["n_landed"],
        "valid": fact["n_valid"],
        "rejected": fact["n_rejected"],
        "superseded": fact["n_superseded"],
        "edge_rows": rows.edge_count,
        "files": rows.files,
        "shown": rows.with_raw_text(work.home, shown),
        "rejected_rows": own.select("entry", "source_row", "rule_code", "reason").to_dicts(),
    }
