"""Finding what a reading command asks for, and saying it well when it is not there."""

from __future__ import annotations

import difflib
from typing import Any

from assets.reports.published import Published, working
from resources.calendar import check_month
from resources.errors import GciError, UsageError
from resources.home import Home
from resources.revision_home import home_at
from resources.revisions import closed_of


def check_month_of(home: Home, month: str) -> str:
    """The month, when it is one this home may hold; UsageError names the first month otherwise."""
    check_month(month)
    if month < home.settings.first_month:
        raise UsageError(
            f"{month} lies before the first month of this home, {home.settings.first_month} (first_month in gci.toml). "
            "Name a later month, or set first_month earlier."
        )
    return month


def result_payload(home: Home, entity: str, month: str, window: str, revision: int | None = None) -> dict[str, Any]:
    """What is published of a site or cluster in a month, as ``gci show`` prints it: a final revision (default: the newest), else working.

    UsageError for an entity or revision that does not exist, with those that do.
    """
    results = Published(home).results(check_month_of(home, month))
    if entity not in results:
        raise _unknown(home, entity, month, sorted(results))
    if revision is None:
        return results[entity][window]
    shown = Published(home)
    payload = shown.final(entity, month, window, revision)
    if payload is None:
        numbers = [str(item.number) for item in shown.closed.revisions.get((entity, month), ())]
        known = f"It has {'revision' if len(numbers) == 1 else 'revisions'} {', '.join(numbers)}" if numbers else "It is not final yet"
        raise UsageError(f"{entity} {month} has no revision {revision}. {known}. 没有该修订。")
    return payload


def candidate_payload(home: Home, entity: str, month: str, window: str) -> dict[str, Any]:
    """What was computed last for an entity-month, whether or not another result of it is final."""
    results = working(home, check_month_of(home, month))
    if entity not in results:
        raise _unknown(home, entity, month, sorted(results))
    return results[entity][window]


def home_for(home: Home, entity: str, month: str, revision: int | None = None) -> Home:
    """The home as the entity's final revision saw it (default: the newest); the home itself where nothing is final."""
    found = closed_of(home).revisions.get((entity, month), ())
    wanted = [item for item in found if revision in (None, item.number)]
    if revision is not None and not wanted:
        result_payload(home, entity, month, "ttm", revision)  # says which there are
    return home_at(home, wanted[-1]) if wanted else home


def _unknown(home: Home, entity: str, month: str, known: list[str]) -> GciError:
    if not known:
        months = sorted({m.month for m in home.ledger.manifests(table_name="index/site_index")})
        if not months:
            return GciError("Nothing was computed in this home yet. Run 'gci run MONTH', for example 'gci run 2026-03'.")
        return GciError(f"{month} was not computed yet; there are results for {months[0]} to {months[-1]}. Run 'gci run {month}'.")
    near = difflib.get_close_matches(entity, known, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return UsageError(f"There is no site or cluster '{entity}' in {month}.{hint} Known: {', '.join(known)}.")


def check_site(home: Home, site: str, month: str) -> str:
    """The site, when it has results in the month: computed last, or final."""
    kinds = _kinds(home, check_month_of(home, month))
    known = sorted(entity for entity, kind in kinds.items() if kind == "site")
    if kinds.get(site) == "cluster":
        raise UsageError(f"{site} is a cluster; this command asks about one site: {', '.join(known)}.")
    if site not in kinds:
        raise _unknown(home, site, month, known)
    return site


def _kinds(home: Home, month: str) -> dict[str, str]:
    """Sites and clusters with results in a month."""
    found = {row["entity_id"]: row["entity_kind"] for row in home.ledger.rows("result", month=month, window="month")}
    shown = Published(home)
    for entity in shown.closed.of_month(month).keys() - found.keys():
        payload = shown.final(entity, month, "month")
        found |= {entity: payload["entity_kind"]} if payload is not None else {}
    return found
