"""The names of the feeds, without the weight of their contracts.

Only the names, in the order of interfaces.md §2, for commands that must start quickly; the contracts themselves are in ``registry.py``.
"""

from __future__ import annotations

FEED_NAMES: tuple[str, ...] = (
    "sites",
    "declarations",
    "meters",
    "meter_parts",
    "meter_readings",
    "meter_events",
    "bills",
    "racks",
    "devices",
    "utilisation",
    "projects",
    "ppa_contracts",
    "ppa_site_shares",
    "ppa_settlements",
    "certificates",
    "certificate_events",
    "activities",
    "practices",
    "telemetry",
    "tariffs",
)
