"""Finding what a reading command asks for, and saying it well when it is not there."""

from __future__ import annotations

import difflib
import json
from typing import Any

from resources.calendar import check_month
from resources.errors import GciError, UsageError
from resources.home import Home


def check_month_of(home: Home, month: str) -> str:
    """The month, when it is one this home may hold; UsageError names the first month otherwise."""
    check_month(month)
    if month < home.settings.first_month:
        raise UsageError(
            f"{month} lies before the first month of this home, {home.settings.first_month} (first_month in gci.toml). "
            "Name a later month, or set first_month earlier."
        )
    return month


def result_payload(home: Home, entity: str, month: str, window: str) -> dict[str, Any]:
    """What was computed for a site or cluster in a month, as ``gci show`` prints it."""
    rows = home.ledger.rows("result", month=check_month_of(home, month), window=window)
    for row in rows:
        if row["entity_id"] == entity:
            payload: dict[str, Any] = json.loads(row["payload"])
            return payload
    raise _unknown(home, entity, month, sorted({row["entity_id"] for row in rows}))


def _unknown(home: Home, entity: str, month: str, known: list[str]) -> GciError:
    if not known:
        months = sorted({m.month for m in home.ledger.manifests(table_name="index/site_index")})
        if not months:
            return GciError("Nothing was computed in this home yet. Run 'gci run MONTH', for example 'gci run 2026-03'.")
        return GciError(f"{month} was not computed yet; there are results for {months[0]} to {months[-1]}. Run 'gci run {month}'.")
    near = difflib.get_close_matches(entity, known, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return UsageError(f"There is no site or cluster '{entity}' in {month}.{hint} Known: {', '.join(known)}.")


def site_ids(home: Home, month: str) -> list[str]:
    """Sites that have results in a month."""
    rows = home.ledger.rows("result", month=month, window="month")
    return sorted({row["entity_id"] for row in rows if row["entity_kind"] == "site"})


def check_site(home: Home, site: str, month: str) -> str:
    """The site, when it has results in the month."""
    known = site_ids(home, check_month_of(home, month))
    clusters = {row["entity_id"] for row in home.ledger.rows("result", month=month, window="month", entity_kind="cluster")}
    if site in clusters:
        raise UsageError(f"{site} is a cluster; this command asks about one site: {', '.join(known)}.")
    if site not in known:
        raise _unknown(home, site, month, known)
    return site
