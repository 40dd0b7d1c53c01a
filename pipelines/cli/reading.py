"""Commands that only read what was computed: show, status, check. They answer within a second."""

from __future__ import annotations

import json
from typing import Any

import click

from assets.reports.accounts import site_accounts
from assets.reports.board import month_board
from assets.reports.published import Published, brief, results_of
from checks.findings import worst_first
from pipelines.cli import lookup
from pipelines.cli.accounts import print_accounts
from pipelines.cli.boundary import boundary_of, print_boundary
from pipelines.cli.days import print_days
from pipelines.cli.options import INCOMPLETE, format_option, home_option, open_home, print_json
from pipelines.cli.render import print_board, print_checks, print_repairs, print_result, print_waivers
from pipelines.cli.render_close import print_late, print_revision
from pipelines.cli.repairs import repairs
from pipelines.cli.waive import print_waived, waive, waivers_of
from pipelines.close_rules import significance
from pipelines.late import Late
from pipelines.waiting import months_waiting
from resources.calendar import check_month
from resources.errors import UsageError
from resources.home import Home


@click.command()
@click.argument("entity")
@click.argument("month")
@click.option(
    "--window", type=click.Choice(["ttm", "month"]), default="ttm", show_default=True, help="Trailing twelve months, or the month alone."
)
@click.option("--boundary", is_flag=True, help="The collection boundary instead: what is counted, by which meters, what changed.")
@click.option("--revision", type=click.IntRange(1), metavar="N", help="This final revision; default: the newest.")
@click.option("--candidate", is_flag=True, help="What was computed last, beside a final revision.")
@click.option("--as-of", "as_of", metavar="DATE", help="What was known at the end of that day (YYYY-MM-DD).")
@home_option
@format_option
def show(
    entity: str, month: str, window: str, boundary: bool, revision: int | None, candidate: bool, as_of: str | None, root: str, output: str
) -> int:  # fmt: skip
    """One result: the index, grade, pillars, indicators and findings of a site or cluster (ENTITY) in a MONTH.

    Of a final month the newest revision. A day of the past for which nothing was final yet is computed anew from what had been landed.
    """
    home = open_home(root)
    if sum((revision is not None, candidate, as_of is not None)) > 1:
        raise UsageError("--revision, --candidate and --as-of are three views of a month: give one of them.")
    if as_of is not None:
        from pipelines.cli.past import shown_as_of

        return _show(*shown_as_of(home, entity, month, window, as_of, boundary), output)
    if candidate:
        payload = lookup.candidate_payload(home, entity, month, window)
    else:
        payload = lookup.result_payload(home, entity, month, window, revision)
        home = lookup.home_for(home, entity, month, revision)
    return _show(payload, shown_with(home, payload, boundary), output)


def shown_with(home: Home, payload: dict[str, Any], boundary: bool) -> dict[str, Any] | None:
    """What a home says beside a result: the boundary when it is asked for; else None, and the accounts of a site are in the payload."""
    if boundary:
        return boundary_of(home, payload["entity_id"], payload["entity_kind"], payload["month"])
    if payload["entity_kind"] == "site" and "accounts" not in payload:
        payload["accounts"] = site_accounts(home, payload["entity_id"], payload["month"])
    return None


def _show(payload: dict[str, Any], boundary: dict[str, Any] | None, output: str) -> int:
    if output == "json":
        print_json(payload if boundary is None else boundary)
    elif boundary is not None:
        print_boundary(boundary)
    else:
        print_revision(payload)
        print_result(payload)
        print_accounts(payload.get("accounts"))
    return 0 if boundary is not None or complete(payload) else INCOMPLETE


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
        print_late(rows)
        if month is not None and rows:
            print_days(detail, month)
    return 0


def completeness(home: Home, month: str) -> dict[str, Any]:
    """Coverage by day, feeds, and who must send what; empty lists where the month was not computed, or by a version without them."""
    results = home.ledger.rows("result", window="month", entity_kind="site", month=month)
    found = month_board(home, month, [json.loads(row["payload"]) for row in results])
    return found or {"days": [], "feeds": [], "to_send": [], "mails": []}


def board(home: Home, month: str | None) -> list[dict[str, Any]]:
    """Rows of ``gci status``: computed or final site-months (all, or of one month), oldest first, and what came late for final ones."""
    shown = Published(home)
    kept = {"month": month} if month else {}
    computed: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for row in home.ledger.rows("result", entity_kind="site", **kept):
        computed.setdefault((row["month"], row["entity_id"]), {})[row["window"]] = row
    clusters = {(row["month"], row["entity_id"]) for row in home.ledger.rows("result", entity_kind="cluster", window="month", **kept)}
    final = {(when, site): found[-1] for (site, when), found in shown.closed.revisions.items() if month in (None, when)}
    late = Late(home, min((item.as_of for item in final.values()), default=0))
    rows = []
    for when, site in sorted({*computed, *final} - clusters):
        made = _board_row(shown, when, site, computed.get((when, site), {}), late)
        rows += [made] if made is not None else []
    return rows


def _board_row(shown: Published, month: str, site: str, now: dict[str, dict[str, Any]], late: Late) -> dict[str, Any] | None:
    """One row of the board; None for a final cluster of which nothing is computed now.

    What was computed last stands for a revision with the same output digests: nothing is read then but the row.
    """
    revision = shown.closed.newest(site, month)
    candidate: dict[str, Any] | None = None
    if revision is None or {window: row["output_digest"] for window, row in now.items()} == revision.outputs:
        payload = json.loads(now["month"]["payload"])
        state = revision.state if revision else payload["state"]
        if (site, month) in shown.closed.submitted:
            state = shown.state(site, month, results_of(now.values())[site])
    else:
        final, today = shown.finals(site, month), results_of(now.values()).get(site)
        payload, state = final["month"], revision.state
        if payload["entity_kind"] == "cluster":
            return None
        if today is not None and shown.differs(revision, site, today):
            candidate = brief(today["ttm"]) | significance(final["ttm"], today["ttm"]).json()
    row: dict[str, Any] = {
        "site_id": site, "month": month, "state": state, "coverage": payload["coverage"], "missing_feeds": payload["missing_feeds"],
        "findings": [f for f in payload["findings"] if f["because_of"] is None], "blocks": payload["blocks"],
        "waivers": payload.get("waivers", []),
    }  # fmt: skip
    if revision is not None:
        late_files = late.files(revision)
        row |= {"revision": revision.number, "signed": bool(revision.signatures), "late": late_files, "candidate": candidate}
    return row


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
    newest = home
    if finding is None:
        home = lookup.home_for(home, site, month)
    if finding is not None:
        with home.writing(f"gci check --waive {finding}"):
            granted = waive(home, site, month, finding, by=by, reason=reason, until=until)
        print_waived(home, granted, output)
        return 0
    if given := [name for name, value in (("--by", by), ("--reason", reason), ("--until", until)) if value is not None]:
        raise UsageError(f"{', '.join(given)} belongs to a waiver: name its finding with --waive FINDING.")
    verdicts = home.ledger.rows("verdict", month=month, site_id=site)
    findings = [{**row, "rows_ref": json.loads(row["rows_ref"])} for row in home.ledger.rows("finding", month=month, site_id=site)]
    result = lookup.result_payload(newest, site, month, "month")
    material = {row["id"]: row.get("materiality") for row in result["findings"]}
    findings = sorted(({**row, "materiality": material.get(row["id"])} for row in findings), key=worst_first)
    waivers = waivers_of(newest, site, month, result.get("waivers", []))
    repaired = repairs(home, site, month, result["timezone"])
    if output == "json":
        shown = {"site_id": site, "month": month, "rules": verdicts, "findings": findings, "waivers": waivers, "repairs": repaired}
        print_json(shown)
    else:
        print_checks(site, month, verdicts, findings)
        print_waivers(waivers)
        print_repairs(repaired)
    return 0 if complete(result) else INCOMPLETE
