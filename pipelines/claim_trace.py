"""From a renewable share back to the claims: share → routes → certificate ranges and meters → rows of the files and documents.

E1 and E2 are sums over ``staging/claims`` in the order of use; every level adds up to the one above, and the number itself to what the
month published. Meters behind self-use and consumption are ``trace.py``.
"""

from __future__ import annotations

import json
import math
from itertools import groupby
from typing import Any

from assets.edition.document import parse_edition
from assets.indicators.order_of_use import Use, in_order_of_use
from assets.indicators.parts import add_components
from assets.indicators.renewable_share import evaluate_quality, evaluate_share
from assets.staging.claim_rules import REASONS
from pipelines.rows import row_texts
from resources.calendar import trailing_months
from resources.errors import GciError
from resources.home import Home

SHARES = {"E1": evaluate_share, "E2": evaluate_quality}
SELF_USE = ("point:onsite_generation", "point:export")


def claims_behind(
    home: Home, code: str, rows: list[dict[str, Any]], e_dc: int | None, published: dict[str, Any], log_number: int, depth: str
) -> dict[str, Any]:
    """What of a site-month's claims counts in E1 or E2, route by route and row by row, and what does not and why.

    ``rows`` of ``staging/claims`` of the site; ``e_dc``: its electricity (Wh); ``published``: the month's indicator value. GciError when
    the rows do not add up to the published numerator.
    """
    document = home.ledger.latest("edition", log_number)
    if document is None:
        raise GciError(f"The log holds no edition at entry {log_number}. Run 'gci verify'.")
    edition = parse_edition(home.lake.file_path(document.digest).read_bytes(), "edition")
    uses = in_order_of_use(rows, e_dc, edition.delivered_routes)
    files = {entry.n: (entry.name, entry.digest) for entry in home.ledger.entries(kinds=["file"])}
    texts = row_texts(home, {(row["entry"], row["source_row"]) for row in rows if row["entry"]}, files) if depth == "rows" else {}

    def told(row: dict[str, Any]) -> dict[str, Any]:
        name, digest = files.get(row["entry"] or 0, (None, None))
        said = {
            name: row[name] for name in ("source", "project_code", "production_month", "seq_start", "seq_end", "contract_id", "meter_id",
                                         "quantity_wh", "weight", "status", "reason", "evidence", "entry", "source_row")
        }  # fmt: skip
        said |= {"reason_zh": REASONS.get(row["reason"] or ""), "file": name, "digest": digest}
        raw = texts.get((row["entry"], row["source_row"]))
        return said if raw is None else said | {"raw": raw}

    routes = []
    for route, own in groupby(uses, key=lambda use: use.row["route"]):
        routes.append(_route(route, [(use, told(dict(use.row))) for use in own]))
    used = sum(route["used_wh"] for route in routes)
    weighted = math.fsum(route["weight"] * route["used_wh"] for route in routes)
    numerator = used if code == "E1" else weighted
    if published["value"] is not None and not math.isclose(numerator, published["numerator"], rel_tol=1e-12, abs_tol=1e-6):
        raise GciError(
            f"The claims of {code} sum to {numerator}, but the published numerator is {published['numerator']}. Run 'gci verify'."
        )
    return {
        "numerator": numerator, "denominator": e_dc, "used_wh": used, "surplus_wh": sum(route["surplus_wh"] for route in routes),
        "beyond_wh": sum(route["beyond_wh"] for route in routes), "routes": routes,
        "not_counted": [told(row) for row in rows if row["status"] != "eligible"],
    }  # fmt: skip


def _route(route: str, own: list[tuple[Use, dict[str, Any]]]) -> dict[str, Any]:
    rows = [said | {"used_wh": use.used_wh, "surplus_wh": use.surplus_wh, "beyond_wh": use.beyond_wh} for use, said in own]
    sums = {name: sum(row[name] for row in rows) for name in ("quantity_wh", "used_wh", "surplus_wh", "beyond_wh")}
    return {"route": route, "weight": rows[0]["weight"], **sums, "rows": rows}


def claim_window(home: Home, site_id: str, month: str, code: str, published: dict[str, Any]) -> dict[str, Any]:
    """How the month enters the published trailing value: claimed and used energy of each month, and what they come to together.

    GciError when they do not come to the published numerator.
    """
    rows = home.ledger.rows("indicator_value", entity_id=site_id, code=code, window="month", month=trailing_months(month))
    months, components = [], []
    for row in rows:
        value = json.loads(row["payload"])
        valid = value["value"] is not None
        parts = value["components"] if valid else {}
        kind = "claimed." if code == "E1" else "weighted."
        claimed = sum(amount for name, amount in parts.items() if name.startswith(kind)) if valid else None
        months.append({"month": row["month"], "status": row["status"], "value": row["value"], "numerator": claimed,
                       "denominator": parts.get("E_DC")})  # fmt: skip
        components += [parts] if valid else []
    done = SHARES[code](add_components(components)) if components else None
    if done is not None and published["value"] is not None and not math.isclose(done.numerator or 0, published["numerator"], rel_tol=1e-12):
        raise GciError(
            f"The months of {code} come to {done.numerator}, but the published numerator is {published['numerator']}. Run 'gci verify'."
        )
    return {
        "value": published["value"], "status": published["status"], "numerator": None if done is None else done.numerator,
        "denominator": None if done is None else done.denominator, "months": months,
    }  # fmt: skip
