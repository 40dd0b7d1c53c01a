"""The report step, the last one of a month: its pages, and the seal that says the month was computed whole."""

from __future__ import annotations

from assets.compute import Compute, Step
from assets.raw.fingerprint import own_fingerprint, window_fingerprint
from assets.reports.accounts import TABLES as ACCOUNTS
from assets.reports.site import write_site
from resources.code_version import code_version
from resources.digest import digest_json
from resources.ledger import OWN, RUN, Manifest

_STAGED = ("boundary", "coverage", "gaps", "reported", "claims", "certificate_ledger", "certificate_books")


def write_report(compute: Compute) -> Step:
    """Write the pages of the month; their manifest is the digest of what they show."""
    if compute.home.ledger.rows("result", month=compute.month, window="ttm"):
        write_site(compute.home, [compute.month])
    return seal_report(compute)


def seal_report(compute: Compute) -> Step:
    """The manifest of the month's pages, by what they show, and the seal of the month: all of the report step but the pages."""
    rows = compute.home.ledger.rows("result", month=compute.month, window="ttm")
    shown = {row["entity_id"]: row["output_digest"] for row in rows}
    tables = {name: compute.digest(f"staging/{name}") for name in _STAGED} | {name: compute.digest(name) for name in ACCOUNTS}
    inputs = {name if "/" in name else f"staging/{name}": digest for name, digest in tables.items()}
    inputs["index/site_index"] = compute.digest("index/site_index")
    done = compute.put(
        "reports/pages", "reports", {}, inputs, digests={"reports/pages": (digest_json([shown, tables]), len(shown))},
    )  # fmt: skip
    seal_month(compute)
    return done


def seal_month(compute: Compute) -> None:
    """Say from which inputs the month was computed, and which manifests it left (``gci verify`` finds a removed one)."""
    version = code_version("reports")
    left = {m.table_name: m.digest for m in compute.home.ledger.manifests(compute.month) if m.table_name not in (RUN, OWN)}
    whole, own = window_fingerprint(compute), own_fingerprint(compute) or ""
    seals = [
        Manifest(compute.month, RUN, whole, "", 0, compute.as_of, version, left),
        Manifest(compute.month, OWN, own, "", 0, compute.as_of, version, {}),
    ]
    compute.home.ledger.replace(compute.month, RUN, seals, as_of=compute.as_of, code_version=version)
