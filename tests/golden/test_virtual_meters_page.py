"""The worked examples of docs/method/virtual-meters.md against the code."""

from __future__ import annotations

from fractions import Fraction

import polars as pl

from assets.staging.intervals import ENERGY
from assets.staging.meters import records, register_meters
from assets.staging.parts import composition
from assets.staging.shared import split_running
from assets.staging.virtual import virtual_hours
from tests.golden.test_method_pages import Table, tables
from tests.unit.assets.staging.metering_world import SHANGHAI, events_frame, meters_frame, utc

PAGE = {table.kind: table for table in tables("virtual-meters.md")}
START = utc("2026-03-01 00:00")


def rows(table: Table) -> list[dict[str, str]]:
    return [dict(zip(table.header, row, strict=True)) for row in table.rows]


def whole(text: str) -> int | None:
    return None if text == "–" else int(text)


def test_every_table_is_read() -> None:
    assert set(PAGE) == {"virtual_sum", "shared_split", "shared_month"}


def test_the_sum() -> None:
    expected = rows(PAGE["virtual_sum"])
    energy = [
        {
            "site_id": "S1", "meter_id": name, "point": "distribution", "medium": "electricity", "hour_s": START + int(row["hour"]) * 3600,
            "quantity": whole(row[name]), "known_s": 0 if row[f"{name} state"] == "missing" else 3600, "state": row[f"{name} state"],
            "method": None, "n_readings": 1, "estimated": int(row[name]) if row[f"{name} state"] == "estimated" else 0, "month": "2026-03",
        }
        for name in "AB"
        for row in expected
    ]  # fmt: skip
    registry = meters_frame(*({"meter_id": name} for name in "ABV"))
    part = {"meter_id": "V", "valid_from": "2024-01-01", "valid_to": None}
    of = composition([{**part, "member": "A", "factor": 1}, {**part, "member": "B", "factor": -1}], records(registry), ["S1"], "2026-03")
    meters = register_meters(
        registry[registry["meter_id"] == "V"], events_frame(), month="2026-03", site_zones={"S1": SHANGHAI}, default_zone=SHANGHAI
    )
    found = virtual_hours(pl.DataFrame(energy, schema=ENERGY), of, meters).head(len(expected))
    assert found.select("quantity", "state", "estimated").rows() == [
        (whole(row["V"]), row["V state"], int(row["V estimated"])) for row in expected
    ]


def test_the_split() -> None:
    header = PAGE["shared_split"].header[2:]
    weights = [Fraction(name.split()[1]) for name in header]
    *hours, total = rows(PAGE["shared_split"])
    parts = split_running([whole(row["whole"]) for row in hours], weights)
    assert parts == [[whole(row[name]) for name in header] for row in hours]
    assert [sum(part[i] or 0 for part in parts) for i in range(len(header))] == [int(total[name]) for name in header]
    assert sum(whole(row["whole"]) or 0 for row in hours) == int(total["whole"])


def test_the_month() -> None:
    for row in rows(PAGE["shared_month"]):
        shares = [Fraction(row["S1 share"]), Fraction(row["S2 share"])]
        hours = [1001] * int(row["hours"])
        parts = split_running(hours, [*shares, 1 - sum(shares)])
        assert sum(hours) == int(row["whole"])
        assert [sum(part[i] or 0 for part in parts) for i in range(3)] == [int(row[name]) for name in ("S1", "S2", "nobody")]
