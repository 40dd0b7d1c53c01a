"""Which rows of a feed stand: of several with one key the one that landed last (interfaces.md §2).

Put here what decides between rows of one key. One feed has an exception, because there the rule would hide what CT11 looks for: a
range that is cancelled for two sites on one day (docs/adr/0005).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

EVENTS = "certificate_events"


def standing(feed: str, rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """The rows of a feed that stand, sorted by key, under their own labels. ``rows``: the valid ones, in the order they landed.

    The later row of a key wins. A cancellation that names a site is only replaced by one for the same site, or by one that names that
    site in ``replaces_site_id``; any other contradicts it and stands beside it.
    """
    if feed == EVENTS:
        return rows.loc[_events_standing(rows, key)].sort_values([*key, "site_id"], kind="stable")
    return rows.drop_duplicates(key, keep="last").sort_values(key, kind="stable")


def _events_standing(rows: pd.DataFrame, key: list[str]) -> list[Any]:
    said = rows[[*key, "site_id", "replaces_site_id"]].itertuples(index=False, name=None)
    return standing_events(zip(rows.index, said, strict=True), key)


def standing_events(said: Iterable[tuple[Hashable, tuple[Any, ...]]], key: Sequence[str]) -> list[Any]:
    """Labels of the certificate events that stand: of each key the last one, of cancellations the last one for each site.

    ``said``: label and the values of the key, ``site_id`` and ``replaces_site_id`` of each row, in the order they landed.
    """
    stand: dict[tuple[Any, ...], dict[str | None, Any]] = {}
    for label, (*about, site_id, replaced) in said:
        by_site = stand.setdefault(tuple(about), {})
        if about[key.index("kind")] != "cancel":
            by_site.clear()
        by_site.pop(None, None)  # a row without a site takes none from anybody
        by_site.pop(replaced, None)
        by_site[site_id] = label
    return [label for by_site in stand.values() for label in by_site.values()]
