"""The completeness board of a month: coverage by site, feed and day, what was said feed by feed, and who must send what.

Reads what was computed and puts it in order; ``gci status MONTH`` and the report show the same. No figure is made here but sums of seconds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from assets.reports.requests import mail, order, requests
from assets.reports.tables import by_site, grouped, read_table
from assets.staging.coverage import READINGS
from resources.home import Home

# Feeds that no scored number needs: their absence is no gap.
OPTIONAL = ("bills", "telemetry")
# From which share of the time on a day has a step of the scale.
STEPS = (1e-9, 0.5, 0.95, 1.0)


def step(share: float) -> int:
    """Step of the scale: 4 complete, 3 from 95 %, 2 from half of the time on, 1 something, 0 nothing."""
    return bisect_right(STEPS, share)


def month_board(home: Home, month: str, payloads: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Board of a computed month: ``days``, ``feeds``, ``to_send``, ``mails``; None when an older version computed it without coverage.

    ``payloads``: results of the month's sites (window ``month``). ``days``: site_id, feed, coverage of the month, and for each day its
    coverage with expected and metered seconds; of readings those of the meters that count on a side. ``feeds``: site_id, feed, state,
    rows, latest, missing, needed.
    """
    coverage, gaps, reported = (read_table(home, f"staging/{name}", month) for name in ("coverage", "gaps", "reported"))
    if coverage is None or gaps is None or reported is None:
        return None
    findings, gaps_of, reported_of = grouped(home.ledger.rows("finding", month=month)), by_site(gaps), by_site(reported)
    asked = {}
    for payload in payloads:
        site_id = payload["entity_id"]
        asked[site_id] = requests(
            site_id, month, payload["timezone"], findings.get(site_id, ()), gaps_of.get(site_id, ()), reported_of.get(site_id, ()),
            payload["missing_feeds"],
        )  # fmt: skip
    zones = {payload["entity_id"]: payload["timezone"] for payload in payloads}
    ordered = order(asked)
    return {
        "days": site_days(coverage),
        "feeds": [
            {**{k: row[k] for k in ("site_id", "feed", "state", "rows", "latest", "missing")}, "needed": row["feed"] not in OPTIONAL}
            for row in reported.sort("site_id", "feed").iter_rows(named=True)
        ],
        "to_send": [item for site_id in ordered for item in asked[site_id]],
        "mails": [mail(site_id, month, zones[site_id], asked[site_id]) for site_id in ordered],
    }


def site_days(coverage: pl.DataFrame) -> list[dict[str, Any]]:
    """Coverage of each site and feed by day; of readings the meters that count on a side, metered over expected time."""
    counted = coverage.filter((pl.col("feed") != READINGS) | (pl.col("side") != ""))
    days = counted.group_by("site_id", "feed", "day").agg(pl.col("expected_s", "metered_s").sum()).sort("site_id", "feed", "day")
    order_of_feeds = {READINGS: 0}
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for site_id, feed, day, expected, metered in days.iter_rows():
        said = {"day": day, "coverage": metered / expected, "expected_s": expected, "metered_s": metered}
        found.setdefault((site_id, feed), []).append(said)
    return [
        {
            "site_id": site_id, "feed": feed,
            "coverage": sum(day["metered_s"] for day in rows) / sum(day["expected_s"] for day in rows), "days": rows,
        }
        for (site_id, feed), rows in sorted(found.items(), key=lambda item: (item[0][0], order_of_feeds.get(item[0][1], 1), item[0][1]))
    ]  # fmt: skip
