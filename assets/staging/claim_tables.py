"""The tables that stand beside ``staging/claims``: the balance of contracts and the tests of direct lines.

Gathering what they are made from belongs here; what is in them is ``contract_balance.py`` and ``line_tests.py``.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from assets.compute import Compute
from assets.reference.calendar_of_claims import MONTHLY, calendar_of
from assets.staging.claims import ClaimsMonth
from assets.staging.contract_balance import contract_balance
from assets.staging.declared import declared_none
from assets.staging.generation import generated_wh
from assets.staging.line_tests import line_tests
from checks.waivers import day_of


def beside_claims(
    compute: Compute, claimed: ClaimsMonth, energies: list[dict[str, Any]], tests: list[dict[str, Any]]
) -> dict[str, pl.DataFrame]:
    """``staging/contract_balance`` and ``staging/direct_line_tests`` of the month, from its claims and energies.

    ``tests``: those of a direct line with their dated limits (``assets/reference/direct_line.yaml``). Whether certificates may still come
    is asked for the day of the newest entry.
    """
    feeds, month = compute.feeds, compute.month
    meters, declarations = feeds.rows("meters"), feeds.rows("declarations")
    today = day_of(compute.home.ledger.moment(compute.as_of), compute.settings.timezone)
    may_come = calendar_of(compute.document("factors")[1]).may_come(MONTHLY, month, today)
    nothing_out = [
        site_id
        for site_id in compute.site_zones
        if "export" in declared_none((row for row in declarations if row["site_id"] == site_id), month)
    ]
    settlements = feeds.rows("ppa_settlements")
    return {
        "staging/contract_balance": contract_balance(claimed.books, claimed.claims.to_dicts(), settlements, meters, may_come=may_come),
        "staging/direct_line_tests": line_tests(claimed.books, meters, generated_wh(energies, meters, month), nothing_out, tests),
    }
