"""The names of the feeds and of the raw tables that they make, without the weight of their contracts.

Only the names, feeds in the order of interfaces.md §2, for commands that must start quickly; the contracts themselves are in
``registry.py``.
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

# The raw assets, and the feeds of each.
RAW_TABLES: dict[str, tuple[str, ...]] = {
    "raw/registry": ("sites", "declarations", "meters", "meter_parts", "meter_events"),
    "raw/meter_readings": ("meter_readings",),
    "raw/cmdb": ("racks", "devices", "utilisation"),
    "raw/green_power": (
        "projects", "ppa_contracts", "ppa_site_shares", "ppa_settlements", "certificates", "certificate_events",
    ),
    "raw/activities": ("activities", "practices", "bills", "tariffs", "telemetry"),
}  # fmt: skip
