"""The report step: pages of the month, made from its results."""

from __future__ import annotations

from assets.compute import Compute, Step
from assets.reports.site import write_site
from resources.digest import digest_json


def write_report(compute: Compute) -> Step:
    """Write the pages of the month; their manifest is the digest of what they show."""
    rows = compute.home.ledger.rows("result", month=compute.month, window="ttm")
    shown = {row["entity_id"]: row["output_digest"] for row in rows}
    write_site(compute.home, [compute.month])
    return compute.put(
        "reports/pages", "reports", {}, {"index/site_index": compute.digest("index/site_index")},
        digests={"reports/pages": (digest_json(shown), len(shown))},
    )  # fmt: skip
