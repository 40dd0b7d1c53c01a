"""From a renewable share back to the claims: share → routes → certificate ranges and meters → rows of the files and documents.

E1 and E2 are sums over ``staging/claims`` in the order of use; every level adds up to the one above, and the number itself to what the
month published. Meters behind self-use and consumption are ``energies.py``.
"""

from __future__ import annotations

import math
from itertools import groupby

from assets.indicators.claimed import Claims
from assets.indicators.hourly_match import UNKNOWN
from assets.indicators.order_of_use import Use, in_order_of_use
from assets.staging.claim_rules import REASONS
from pipelines.traces.provided import Node, Provided, landed_row, proof
from pipelines.traces.texts import Texts
from pipelines.traces.work import Row, Work
from resources.errors import GciError

SELF_USE = ("point:onsite_generation", "point:export")
_TOLD = ("source", "project_code", "production_month", "seq_start", "seq_end", "contract_id", "meter_id", "quantity_wh", "weight", "status",
         "reason", "evidence", "entry", "source_row")  # fmt: skip
_NOTHING = Claims({}, {})


def claims(work: Work, code: str, texts: Texts) -> Provided:
    """What of a site-month's claims counts in E1 or E2, route by route and row by row, and what does not and why.

    GciError when the rows do not add up to the published numerator.
    """
    total = work.total("E_DC")
    e_dc = total["quantity"] if total else None
    rows = work.table("staging/claims").to_dicts()
    uses = in_order_of_use(rows, e_dc, work.edition.delivered_routes)
    routes = []
    for route, own in groupby(uses, key=lambda use: use.row["route"]):
        routes.append(_route(route, [(use, _told(work, texts, dict(use.row))) for use in own]))
    used = sum(route["used_wh"] for route in routes)
    weighted = math.fsum(route["weight"] * route["used_wh"] for route in routes)
    published = work.value(work.site_id, "month", code)
    numerator = used if code == "E1" else weighted
    if published.value is not None and not math.isclose(numerator, published.numerator or 0, rel_tol=1e-12, abs_tol=1e-6):
        raise GciError(f"The claims of {code} sum to {numerator}, but the published numerator is {published.numerator}. Run 'gci verify'.")
    node: Node = {
        "numerator": numerator, "denominator": e_dc, "used_wh": used, "surplus_wh": sum(route["surplus_wh"] for route in routes),
        "beyond_wh": sum(route["beyond_wh"] for route in routes), "routes": routes,
        "not_counted": [_told(work, texts, row) for row in rows if row["status"] != "eligible"],
    }  # fmt: skip
    nodes: Node = {"claims": node}
    if code == "E1":
        nodes["hourly"] = _hourly(work)
    return Provided(nodes, _pieces(work, code))


def _told(work: Work, texts: Texts, row: Row) -> Node:
    """A claim with where it stands; the node itself is completed by ``texts``, so it must not be copied."""
    said = landed_row(work, texts if work.depth == "rows" else None, row, _TOLD)
    name, digest = work.files.get(row["entry"] or 0, (None, None))
    said |= {"reason_zh": REASONS.get(row["reason"] or ""), "file": name, "digest": digest, "document": proof(work, row["evidence"])}
    return said


def _route(route: str, own: list[tuple[Use, Node]]) -> Node:
    rows = []
    for use, said in own:
        said |= {"used_wh": use.used_wh, "surplus_wh": use.surplus_wh, "beyond_wh": use.beyond_wh}
        rows.append(said)
    sums = {name: sum(row[name] for row in rows) for name in ("quantity_wh", "used_wh", "surplus_wh", "beyond_wh")}
    return {"route": route, "weight": rows[0]["weight"], **sums, "rows": rows}


def _pieces(work: Work, code: str) -> Node:
    """The components of E1 and E2 that claims give, and of E1 the sums over hours."""
    site = work.site_month
    found = site.claims
    if "green_power" in site.declared and (found is None or not (found.claimed_wh or found.pending_wh)):
        found = _NOTHING
    if found is None:
        return {}
    hourly = {} if code != "E1" else site.hourly.components() if site.hourly else UNKNOWN
    return {
        **{f"claimed.{route}": wh for route, wh in found.claimed_wh_by_route.items()},
        **{f"weighted.{route}": wh for route, wh in found.weighted_wh_by_route.items()},
        "delivered": found.delivered_wh, "surplus": found.surplus_wh, "pending": found.pending_wh,
        "pending_weighted": found.pending_weighted_wh, **hourly,
    }  # fmt: skip


def _hourly(work: Work) -> Node:
    """The sums over hours behind the hourly-matched share, and the sources that stand in them."""
    match = work.site_month.hourly
    return {**(match.components() if match else UNKNOWN), "sources": work.table("staging/hourly_sources").to_dicts()}
