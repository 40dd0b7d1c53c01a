"""Months that wait: readings were landed for them, and they were not computed. Reading only."""

from __future__ import annotations

import polars as pl

from resources.home import Home
from resources.ledger import Part


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
