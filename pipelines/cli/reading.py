"""Commands that only read what was computed: show, status, check. They answer within a second."""

from __future__ import annotations

import json
from typing import Any

import click
import polars as pl

from assets.reports.accounts import site_accounts
from assets.reports.board import month_board
from checks.findings import worst_first
from pipelines.cli import lookup
from pipelines.cli.accounts import print_accounts
from pipelines.cli.boundary import boundary_of, print_boundary
from pipelines.cli.days import print_days
from pipelines.cli.options import INCOMPLETE, format_option, home_option, open_home, print_json
from pipelines.cli.render import print_board, print_checks, print_repairs, print_result, print_waivers
from pipelines.cli.repairs import repairs
from pipelines.cli.waive import print_waived, waive, waivers_of
from resources.calendar import check_month
from resources.errors import UsageError
from resources.home import Home
from resources.ledger import Part


@click.command()
@click.argument("entity")
@click.argument("month")
@click.option(
    "--window", type=click.Choice(["ttm", "month"]), default="ttm", show_default=True, help="Trailing twelve months, or the month alone."
)
@click.option("--boundary", is_flag=True, help="The collection boundary instead: what is counted, by which meters, what changed.")
@home_option
@format_option
def show(entity: str, month: str, window: str, boundary: bool, root: str, output: str) -> int:
    """One result: the index, grade, pillars, indicators and findings of a site or cluster (ENTITY) in a MONTH."""
    home = open_home(root)
    payload = lookup.result_payload(home, entity, month, window)
    if boundary:
        found = boundary_of(home, entity, payload["entity_kind"], month)
        if output == "json":
            print_json(found)
        else:
            print_boundary(found)
        return 0
    if payload["entity_kind"] == "site":
        payload["accounts"] = site_accounts(home, entity, month)
    if output == "json":
        print_json(payload)
    else:
        print_result(payload)
        print_accounts(payload.get("accounts"))
    return 0 if complete(payload) else INCOMPLETE


def complete(payload: dict[str, Any]) -> bool:
    """Whether a result has a grade and a value for everything that is scored."""
    scored = [i for i in payload["indicators"] if i["weight"]]
    return payload["grade"] is not None and all(i["status"] not in ("withheld", "not_reported") for i in scored)


@click.command()
@click.argument("month", required=False)
@home_option
@format_option
def status(month: str | None, root: str, output: str) -> int:
    """The board: for each site and month its state, coverage, missing feeds, findings and what blocks the close.

    Of one MONTH also the coverage by day, what was said feed by feed, and who must send what.
    """
    home = open_home(root)
    if month is not None:
        lookup.check_month_of(home, month)
    rows = board(home, month)
    waiting = months_waiting(home) if month is None else []
    detail = completeness(home, month) if month is not None else {}
    if output == "json":
        print_json({"rows": rows, "not_computed": waiting, **detail})
    else:
        print_board(home, rows, month, waiting)
        if month is not None and rows:
            print_days(detail, month)
    return 0


def completeness(home: Home, month: str) -> dict[str, Any]:
    """Coverage by day, feeds, and who must send what; empty lists where the month was not computed, or by a version without them."""
    results = home.ledger.rows("result", window="month", entity_kind="site", month=month)
    found = month_board(home, month, [json.loads(row["payload"]) for row in results])
    return found or {"days": [], "feeds": [], "to_send": [], "mails": []}


def months_waiting(home: Home) -> list[str]:
    """Months with landed readings, from the home's first month on, that were not computed.

    A month that holds only the readings which close the one before it (about one a meter) does not wait.
    """
    number, _ = home.ledger.head()
    computed = {m.month for m in home.ledger.manifests(table_name="index/site_index")}
    waiting: dict[str, list[Part]] = {}
    for part in home.ledger.parts("meter_readings", number):
        if part.month >= home.settings.first_month and part.month not in computed:
            waiting.setdefault(part.month, []).append(part)
    return sorted(month for month, parts in waiting.items() if _begun(home, parts))


def _begun(home: Home, parts: list[Part]) -> bool:
    rows = [home.lake.scan("parts/meter_readings", part.month, part.file_digest).select("meter_id") for part in parts]
    meters = pl.concat(rows).unique().select(pl.len()).collect().item()
    return sum(part.rows for part in parts) > 2 * int(meters)


def board(home: Home, month: str | None) -> list[dict[str, Any]]:
    """Rows of ``gci status``: computed site-months (all, or of one month), oldest first."""
    where = {"month": month} if month else {}
    rows = []
    for row in home.ledger.rows("result", window="month", entity_kind="site", **where):
        payload = json.loads(row["payload"])
        rows.append(
            {
                "site_id": row["entity_id"],
                "month": row["month"],
                "state": row["state"],
                "coverage": payload["coverage"],
                "missing_feeds": payload["missing_feeds"],
                "findings": [f for f in payload["findings"] if f["because_of"] is None],
                "blocks": payload["blocks"],
                "waivers": payload.get("waivers", []),
            }
        )
    return rows


@click.command()
@click.argument("site")
@click.argument("month")
@click.option("--waive", "finding", metavar="FINDING", help="Let the withholding finding of this id pass from the next computation on.")
@click.option("--by", metavar="NAME", help="With --waive: who answers for it.")
@click.option("--reason", metavar="TEXT", help="With --waive: why.")
@click.option("--until", metavar="DATE", help="With --waive: the last day it counts (YYYY-MM-DD).")
@home_option
@format_option
def check(site: str, month: str, finding: str | None, by: str | None, reason: str | None, until: str | None, root: str, output: str) -> int:
    """All rules with their result for a SITE in a MONTH, the findings with what to do, and what was repaired.

    With --waive a named person lets one finding pass: an entry of the log, shown wherever the number is shown, and never more than quality
    tier Q4. The rule still fails. BD07 and CT11 can't be waived.
    """
    home = open_home(root)
    lookup.check_site(home, site, check_month(month))
    if finding is not None:
        with home.writing(f"gci check --waive {finding}"):
            granted = waive(home, site, month, finding, by=by, reason=reason, until=until)
        print_waived(home, granted, output)
        return 0
    if given := [name for name, value in (("--by", by), ("--reason", reason), ("--until", until)) if value is not None]:
        raise UsageError(f"{', '.join(given)} belongs to a waiver: name its finding with --waive FINDING.")
    verdicts = home.ledger.rows("verdict", month=month, site_id=site)
    findings = [{**row, "rows_ref": json.loads(row["rows_ref"])} for row in home.ledger.rows("finding", month=month, site_id=site)]
    result = lookup.result_payload(home, site, month, "month")
    material = {row["id"]: row.get("materiality") for row in result["findings"]}
    findings = sorted(({**row, "materiality": material.get(row["id"])} for row in findings), key=worst_first)
    waivers = waivers_of(home, site, month, result.get("waivers", []))
    repaired = repairs(home, site, month, result["timezone"])
    if output == "json":
        shown = {"site_id": site, "month": month, "rules": verdicts, "findings": findings, "waivers": waivers, "repairs": repaired}
        print_json(shown)
    else:
        print_checks(site, month, verdicts, findings)
        print_waivers(waivers)
        print_repairs(repaired)
    return 0 if complete(result) else INCOMPLETE
