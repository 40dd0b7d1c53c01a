"""The tables of a small home before they are landed: rows by feed, flows by meter, documents by name.

Put here how tables are held, changed and written as files; what stands in the valid home is ``fleet``, what is changed in it are the
faults. Flows are whole ticks of 0.01 kWh (water: 0.01 m³) in each hour of the history; a meter's readings follow from them unless a
fault took them in hand.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from checks.contracts.registry import FEEDS
from resources.calendar import add_months, month_first_day

Row = dict[str, Any]

MONTHS = ("2025-12", "2026-01")
TICKS = 100  # of one kWh or m³
START = datetime.combine(month_first_day(MONTHS[0]), datetime.min.time())
HOURS = int((datetime.combine(month_first_day(add_months(MONTHS[-1], 1)), datetime.min.time()) - START) / timedelta(hours=1))
DAY = 24


def hour_of(local: str) -> int:
    """Index of the hour of the history that begins at a local time ``YYYY-MM-DD HH:MM`` (or day ``YYYY-MM-DD``)."""
    return int((datetime.fromisoformat(local) - START) / timedelta(hours=1))


def hours_in(month: str) -> slice:
    """The hours of a month as a slice of a flow."""
    return slice(hour_of(f"{month}-01"), hour_of(f"{add_months(month, 1)}-01"))


@dataclass
class Tables:
    """Everything that is landed, open to change until it is written.

    ``rows``: feed → rows; ``flows``: meter → what flowed in each hour, in ticks; ``documents``: file name → text, for landing/evidence;
    ``settings``: lines added to gci.toml; ``later``: files of a second landing, (feed, rows), after the first one;
    ``around``: what is different in the world while the home is landed and computed (``world.py``).
    """

    rows: dict[str, list[Row]]
    flows: dict[str, list[int]]
    documents: dict[str, str]
    settings: str = ""
    later: list[tuple[str, list[Row]]] = field(default_factory=list)
    around: Callable[[], AbstractContextManager[object]] = nullcontext
    _taken: dict[str, list[Row]] = field(default_factory=dict)

    def all(self, feed: str, **key: object) -> list[Row]:
        """The rows of a feed whose columns have these values: change them in place. KeyError when there is none."""
        found = [row for row in self.rows[feed] if all(row.get(name) == value for name, value in key.items())]
        if not found:
            raise KeyError(f"no row of {feed} with {key}")
        return found

    def one(self, feed: str, **key: object) -> Row:
        """The one row of a feed with these values; KeyError when it is not exactly one."""
        found = self.all(feed, **key)
        if len(found) > 1:
            raise KeyError(f"{len(found)} rows of {feed} with {key}")
        return found[0]

    def set(self, feed: str, where: Row, **values: object) -> None:
        """Change columns of all rows of a feed that have the values of ``where``."""
        for row in self.all(feed, **where):
            row.update(values)

    def add(self, feed: str, *rows: Row) -> None:
        self.rows.setdefault(feed, []).extend(rows)

    def drop(self, feed: str, **key: object) -> None:
        """Remove the rows of a feed that have these values; without values the feed is not landed at all."""
        gone = [id(row) for row in self.all(feed, **key)]
        self.rows[feed] = [row for row in self.rows[feed] if id(row) not in gone]
        if not key:
            del self.rows[feed]

    def renew(self, feed: str, where: Row, valid_from: str, **values: object) -> Row:
        """Add a newer version of the one row with these values, in force from a day on; returns it."""
        row = {**self.one(feed, **where), **values, "valid_from": valid_from}
        self.add(feed, row)
        return row

    def scale(self, meter_id: str, part: slice, numerator: int, denominator: int = 1) -> None:
        """Multiply the flow of a meter in some hours, rounded down to ticks."""
        self.flows[meter_id][part] = [tick * numerator // denominator for tick in self.flows[meter_id][part]]

    def readings(self, meter_id: str) -> list[Row]:
        """The rows of a meter's readings, to be changed in place; its flow and registry row are read now and never again."""
        if meter_id not in self._taken:
            self._taken[meter_id] = self._readings(meter_id)
        return self._taken[meter_id]

    def lose(self, meter_id: str, first: str, after: str) -> None:
        """Remove the readings of a meter from a local time on and before another."""
        kept = [row for row in self.readings(meter_id) if not first <= row["read_at"] < after]
        self._taken[meter_id] = kept

    def silence(self, meter_id: str) -> None:
        """Remove all readings of a meter."""
        self._taken[meter_id] = []

    def _readings(self, meter_id: str) -> list[Row]:
        row, flow = self.all("meters", meter_id=meter_id)[0], self.flows[meter_id]
        every = DAY if row["medium"] == "water" else 1
        if row["kind"] == "interval":
            late = row["interval_label"] == "end"
            return [_reading(meter_id, hour + late, ticks) for hour, ticks in enumerate(flow)]
        if row["kind"] in ("power", "software"):  # kW at each full hour: what flows in the hour that begins
            return [_reading(meter_id, hour, ticks) for hour, ticks in enumerate([*flow, flow[-1]])]
        shown, found = 1234 * TICKS, []
        for hour in range(HOURS + 1):
            if hour % every == 0:
                found.append(_reading(meter_id, hour, shown))
            shown += flow[hour] if hour < HOURS else 0
        return found

    def month_ticks(self, meter_id: str, month: str) -> int:
        """What flowed through a meter in a month."""
        return sum(self.flows[meter_id][hours_in(month)])

    # files ------------------------------------------------------------------------------------------------------------

    def write(self, landing: Path) -> None:
        """Write the files of the first landing: one CSV a feed, readings of all meters in one; documents beside."""
        for feed, rows in self.rows.items():
            write_rows(landing, feed, rows)
        virtual = {row["meter_id"] for row in self.rows["meters"] if row["kind"] == "virtual"}
        meters = [meter for meter in dict.fromkeys((*self.flows, *self._taken)) if meter not in virtual or meter in self._taken]
        write_rows(landing, "meter_readings", [row for meter in meters for row in self.readings(meter)])
        for name, text in self.documents.items():
            (landing / "evidence" / name).write_text(text, encoding="utf-8")

    def write_later(self, landing: Path) -> None:
        for number, (feed, rows) in enumerate(self.later):
            write_rows(landing, feed, rows, f"later-{number}")


def _reading(meter_id: str, hour: int, ticks: int) -> Row:
    at = START + timedelta(hours=hour)
    return {
        "meter_id": meter_id,
        "read_at": at.strftime("%Y-%m-%d %H:%M"),
        "value": f"{ticks // TICKS}.{ticks % TICKS:02d}",
        "quality": "A",
    }


def write_rows(landing: Path, feed: str, rows: Iterable[Row], name: str = "planted") -> None:
    """Write one file of a feed: the columns that some row has, in the contract's order, then any others."""
    rows = list(rows)
    used = dict.fromkeys(column for row in rows for column in row)
    known = [column.name for column in FEEDS[feed].columns]
    header = [column for column in known if column in used] + [column for column in used if column not in known]
    path = landing / feed / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, header or known, restval="")
        writer.writeheader()
        writer.writerows(rows)
