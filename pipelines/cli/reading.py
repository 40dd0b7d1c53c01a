"""Commands that only read what was computed: show, status, check. They answer within a second."""

from __future__ import annotations

import json
from typing import Any

import click
import polars as pl

from checks.findings import SEVERITIES
from pipelines.cli import lookup
from pipelines.cli.options import INCOMPLETE, format_option, home_option, open_home, print_json
from pipelines.cli.render import print_board, print_checks, print_repairs, print_result
from pipelines.cli.repairs import repairs
from resources.calendar import check_month
from resources.home import Home
from resources.ledger import Part


@click.command()
@click.argument("entity")
@click.argument("month")
@click.option(
    "--window", type=click.Choice(["ttm", "month"]), default="ttm", show_default=True, help="Trailing twelve months, or the month alone."
)
@home_option
@format_option
def show(entity: str, month: str, window: str, root: str, output: str) -> int:
    """One result: the index, grade, pillars, indicators and findings of a site or cluster (ENTITY) in a MONTH."""
    payload = lookup.result_payload(open_home(root), entity, month, window)
    if output == "json":
        print_json(payload)
    else:
        print_result(payload)
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
    """The board: for each site and month its state, coverage, missing feeds, findings and what blocks the close."""
    home = open_home(root)
    if month is not None:
        lookup.check_month_of(home, month)
    rows = board(home, month)
    waiting = months_waiting(home) if month is None else []
    if output == "json":
        print_json({"rows": rows, "not_computed": waiting})
    else:
        print_board(home, rows, month, waiting)
    return 0


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
            }
        )
    return rows


@click.command()
@click.argument("site")
@click.argument("month")
@home_option
@format_option
def check(site: str, month: str, root: str, output: str) -> int:
    """All rules with their result for a SITE in a MONTH, the findings with what to do, and what was repaired."""
    home = open_home(root)
    lookup.check_site(home, site, check_month(month))
    verdicts = home.ledger.rows("verdict", month=month, site_id=site)
    findings = [{**row, "rows_ref": json.loads(row["rows_ref"])} for row in home.ledger.rows("finding", month=month, site_id=site)]
    findings.sort(key=lambda row: (SEVERITIES.index(row["severity"]), row["code"], row["subject"]))
    result = lookup.result_payload(home, site, month, "month")
    repaired = repairs(home, site, month, result["timezone"])
    if output == "json":
        print_json({"site_id": site, "month": month, "rules": verdicts, "findings": findings, "repairs": repaired})
    else:
        print_checks(site, month, verdicts, findings)
        print_repairs(repaired)
    return 0 if complete(result) else INCOMPLETE
