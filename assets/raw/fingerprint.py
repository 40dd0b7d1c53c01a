"""What a month was computed from, as one digest: its own inputs, and those of its whole trailing window.

A month whose fingerprint is unchanged needs no computing; a month of the window whose own fingerprint changed must be computed first.
"""

from __future__ import annotations

from collections import OrderedDict

from assets.compute import Compute
from assets.raw.step import GROUPS, raw_digests
from assets.reference.calendar_of_claims import calendar_of
from checks.waivers import day_of
from resources.calendar import month_range, trailing_months
from resources.code_version import code_version
from resources.digest import digest_json
from resources.home import Home
from resources.ledger import OWN
from resources.settings import Settings

_DOCUMENTS = ("settings", "edition", "factors", "thresholds")
_cache: OrderedDict[tuple[str, str, str], str | None] = OrderedDict()
_CACHED = 512


def own_fingerprint(compute: Compute) -> str | None:
    """Digest of everything that can change the month's own numbers; None when no site is in force at its end."""
    if (key := _key(compute)) not in _cache:
        documents = [compute.document(kind)[0] for kind in _DOCUMENTS]
        waived = [item.json() for item in compute.waivers.values()]
        said = [raw_digests(compute), documents, code_version("reports"), waived, _claims_may_come(compute)]
        remember(compute, digest_json(said) if compute.sites else None)
    return _cache[key]


def remember(compute: Compute, own: str | None) -> None:
    """Keep the own fingerprint of a month, which this process or the one that works ahead made."""
    _cache[_key(compute)] = own
    while len(_cache) > _CACHED:
        _cache.popitem(last=False)


def _key(compute: Compute) -> tuple[str, str, str]:
    return str(compute.home.root), compute.home.ledger.head(compute.as_of)[1], compute.month


def _claims_may_come(compute: Compute) -> list[bool]:
    """Whether certificates for the month may still come on the day of the newest entry: a result says so (``claims_open``)."""
    if compute.feeds.landed.isdisjoint(GROUPS["raw/green_power"]):
        return []
    today = day_of(compute.home.ledger.moment(compute.as_of), compute.settings.timezone)
    return calendar_of(compute.document("factors")[1]).state(compute.month, today)


def window_fingerprint(compute: Compute) -> str:
    """Digest of the own fingerprints of the twelve months that end with the month."""
    known = {*history(compute.home, compute.settings, compute.as_of, compute.month), compute.month}
    months = [Compute(compute.home, month, compute.as_of) for month in trailing_months(compute.month) if month in known]
    return digest_json([[month.month, own_fingerprint(month)] for month in months])


def history(home: Home, settings: Settings, as_of: int, month: str) -> list[str]:
    """The months from the first one with landed readings (not before the home's first month) up to ``month``: a silent one counts too."""
    landed = [part.month for part in home.ledger.parts("meter_readings", as_of) if part.month >= settings.first_month]
    return month_range(min(landed), month) if landed else []


def outdated_window(compute: Compute) -> list[str]:
    """Earlier months of the trailing window that were never computed, or from other inputs than those of today's log."""
    window = set(trailing_months(compute.month)[:-1])
    stored = {item.month: item.digest for item in compute.home.ledger.manifests(table_name=OWN)}
    stale = []
    for month in history(compute.home, compute.settings, compute.as_of, compute.month):
        if month not in window:
            continue
        own = own_fingerprint(Compute(compute.home, month, compute.as_of))
        if own is not None and stored.get(month) != own:
            stale.append(month)
    return stale
