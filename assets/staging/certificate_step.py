"""The step of the certificate books: where every range stands, and whether issued, transferred, cancelled and claimed numbers agree.

Formulas are in ``certificate_ledger.py`` and ``certificate_books.py``; here their inputs are gathered and their outputs left in lake and
ledger. The claims are read as they were left: nothing of how they are made is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from assets.compute import Compute, Step
from assets.raw.fingerprint import outdated_window
from assets.raw.step import ranges_of_month
from assets.reference.calendar_of_claims import ClaimCalendar
from assets.reference.factors import FactorSet
from assets.staging.certificate_books import BOOKS, CLAIM, CLAIMED, reconcile
from assets.staging.certificate_ledger import range_states
from assets.staging.certificates import identity_faults, issue
from assets.staging.claim_rules import ClaimRules
from assets.staging.generation import generated_wh
from resources.calendar import add_months, trailing_months
from resources.ledger import Manifest

TABLE, CLAIMS = "staging/certificate_books", "staging/claims"
LEDGER, DIFFERING = "staging/certificate_ledger", "staging/certificate_differences"
INPUTS = ("raw/registry", "raw/green_power", "staging/energies", CLAIMS)
GENERATED = {"generated_wh": pl.Int64, "issuable": pl.Int64, "carry_wh": pl.Int64}
_ISSUED = {
    "project_code": pl.String, "production_month": pl.String, "seq_start": pl.Int64, "seq_end": pl.Int64, "issued_on": pl.String,
    "entry": pl.Int64, "source_row": pl.Int64,
}  # fmt: skip
_EVENTS = {
    "project_code": pl.String, "production_month": pl.String, "seq_start": pl.Int64, "seq_end": pl.Int64, "kind": pl.String,
    "on": pl.String, "site_id": pl.String, "channel": pl.String, "consumption_month": pl.String, "consumption_start": pl.String,
    "consumption_end": pl.String, "entry": pl.Int64, "source_row": pl.Int64,
}  # fmt: skip


def stage_certificates(compute: Compute) -> Step:
    """The ledger, the books and what differs in them, of every project-month that is produced or consumed in the month."""
    data = FactorSet.from_document(compute.document("factors")[1]).data
    rules, calendar = ClaimRules.from_reference(data), ClaimCalendar.from_reference(data)
    certificates, events = (_ranges(compute, name) for name in ("certificates", "certificate_events"))
    sound = [row for row in certificates if not identity_faults(row, rules)]
    claims = claims_in_view(compute)
    found = reconcile(_frame(sound, _ISSUED), _frame(events, _EVENTS), _of_ranges(claims, certificates, events), claims)
    books = found.books.join(_generated(compute, claims, found.books), on=["project_code", "production_month"], how="left")
    own = compute.read(CLAIMS)
    judged: dict[str, Any] = {"claims": own.to_pandas(), "certificate_differences": differing(found.differences, compute.month).to_pandas()}
    tables = {
        TABLE: books.with_columns(month=pl.lit(compute.month)),
        LEDGER: range_states(certificates, events, rules, calendar, compute.month),
        DIFFERING: found.differences.with_columns(month=pl.lit(compute.month)),
    }
    inputs = compute.digests(INPUTS) | {"factors": compute.document("factors")[0]}
    stored = _stored_claims(compute)
    inputs |= {f"staging/claims@{month}": stored[month].digest for month in claims if month != compute.month}
    return compute.put(TABLE, "staging", tables, inputs, judged)


def claims_in_view(compute: Compute) -> dict[str, pl.DataFrame]:
    """The claims that have numbers, by month: of the month, and of the earlier ones of its trailing window computed from today's log."""
    stale, stored = set(outdated_window(compute)), _stored_claims(compute)
    return {
        month: compute.home.lake.read(CLAIMS, month, stored[month].file_digest).filter(pl.col("seq_start").is_not_null())
        for month in trailing_months(compute.month)
        if month in stored and month not in stale
    }


def _stored_claims(compute: Compute) -> dict[str, Manifest]:
    """The claims of all months, as they were left."""
    return {item.month: item for item in compute.home.ledger.manifests(table_name=CLAIMS)}


def _ranges(compute: Compute, feed: str) -> list[dict[str, Any]]:
    rows = compute.feeds.rows(feed)
    return [rows[place] for place in ranges_of_month(compute, compute.feeds[feed]).index]


def differing(differences: pl.DataFrame, month: str) -> pl.DataFrame:
    """What of the differences puts claims of a month in doubt, by site: its own claims, and what was cancelled for it in no claim."""
    here = (pl.col("role") != CLAIM) | (pl.col("claim_month") == month)
    return differences.filter(pl.col("kind").is_in(CLAIMED) & pl.col("site_id").is_not_null() & here)


def _frame(rows: Sequence[Mapping[str, Any]], schema: Mapping[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([{name: row[name] for name in schema} for row in rows], schema=dict(schema))


def _of_ranges(claims: Mapping[str, pl.DataFrame], *feeds: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """The claims of the project-months that some rows are of; those of the earlier months may be of others."""
    keys = sorted({(row["project_code"], row["production_month"]) for rows in feeds for row in rows})
    wanted = pl.DataFrame(keys, schema={"project_code": pl.String, "production_month": pl.String}, orient="row")
    return pl.concat(claims.values()).join(wanted, on=["project_code", "production_month"], how="semi")


def _generated(compute: Compute, claims: Mapping[str, Any], books: pl.DataFrame) -> pl.DataFrame:
    """What the meters of a project show for a production month, the certificates that it gives, and the carry after them.

    The carry is followed through the months of the year, from 0 in January (project convention): the registry's own is not known here.
    Null where generation is not metered whole, or was not in an earlier month of the year. Source: 国能发新能规〔2024〕67号.
    """
    schema = {"project_code": pl.String, "production_month": pl.String, **GENERATED}
    months = sorted(set(books["production_month"]) & (set(claims) - {compute.month}))
    earlier = [_stored(compute, month).filter(pl.col("production_month") == month).select(list(schema)) for month in months]
    before = _carried(compute, claims)
    rows = []
    meters = compute.feeds.rows("meters")
    for (project, month), energy_wh in generated_wh(compute.read("staging/energies").to_dicts(), meters, compute.month).items():
        carry_wh = before.get(project, 0)
        after = (None, None) if carry_wh is None else issue([energy_wh], carry_wh)[0]
        rows.append((project, month, energy_wh, *after))
    return pl.concat([*earlier, pl.DataFrame(rows, schema=schema, orient="row")])


def _carried(compute: Compute, claims: Mapping[str, Any]) -> dict[str, int | None]:
    """The carry of each project after the month before; empty in January, or when that month was not computed."""
    month = add_months(compute.month, -1)
    if compute.month.endswith("-01") or month not in claims:
        return {}
    own = _stored(compute, month).filter(pl.col("production_month") == month)
    return dict(own.select("project_code", "carry_wh").iter_rows())


def _stored(compute: Compute, month: str) -> pl.DataFrame:
    """The books of an earlier month; empty when they were not computed."""
    stored = compute.home.ledger.manifest(month, TABLE)
    if stored is None:
        return pl.DataFrame(schema={**BOOKS, **GENERATED})
    return compute.home.lake.read(TABLE, month, stored.file_digest)
