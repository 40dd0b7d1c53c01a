"""The report asset: static pages in Chinese and English."""

from __future__ import annotations

import dagster as dg

from assets.reports.accounts import TABLES as ACCOUNTS
from assets.reports.step import write_report
from assets.wrapping import Made, step_assets


def build(months: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The report layer over a month definition."""
    deps = ("index/site_index", "staging/boundary", "staging/claims", "staging/certificate_books", *ACCOUNTS)
    made = [Made("reports/pages", "One HTML page of the month and one for each site.", deps)]
    return [step_assets("pages", "reports", made, write_report, months)]
