"""What deleting rows of a valid home does to the published index: homes with and without some rows, computed and compared.

Put here how rows are deleted, how a home without them is computed fast, and what counts as a gain. The valid home is the one of the
planted faults (``tests/pipeline/planted``), made more tempting: an empty rack, an idle device, hours of low use, an older and better
assessment. Which deletions are tried is in the tests.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assets.raw.landing import land
from checks.gate import Gate
from pipelines.initialise import initialise
from resources.calendar import trailing_months
from resources.home import Home
from tests.pipeline.planted.fleet import MONTH_END, healthy, meter, settle
from tests.pipeline.planted.run import compute_home
from tests.pipeline.planted.tables import MONTHS, Row, Tables, hour_of, write_rows

READINGS, EVIDENCE = "meter_readings", "evidence"
TOLERANCE = 0.01  # index points
LATER_ASSESSMENT = "2025-09-10"
# By which column a feed's rows are about one subject.
SUBJECTS = {
    "sites": "site_id", "declarations": "site_id", "meters": "meter_id", "meter_parts": "meter_id", "meter_events": "meter_id",
    READINGS: "meter_id", "bills": "meter_id", "racks": "rack_id", "devices": "device_id", "utilisation": "site_id",
    "projects": "project_code", "ppa_contracts": "contract_id", "ppa_site_shares": "contract_id", "ppa_settlements": "contract_id",
    "certificates": "project_code", "certificate_events": "project_code", "activities": "activity", "practices": "item_code",
    "telemetry": "site_id", "tariffs": "site_id", EVIDENCE: "name",
}  # fmt: skip

Key = tuple[str, str, str]  # entity, month, window
Rows = dict[str, list[Row]]  # by feed


@dataclass(frozen=True)
class Published:
    """What a home publishes: the index of each entity, month and window, what is withheld at its sites in those months, its members."""

    index: dict[Key, float | None]
    withheld: dict[Key, frozenset[tuple[str, str, str]]]  # site, month, quantity ('ttm of CODE' where a trailing value is)
    members: dict[Key, tuple[str, ...]]


@dataclass(frozen=True)
class Gain:
    """An index that rose although nothing more is withheld."""

    key: Key
    before: float
    after: float

    @property
    def points(self) -> float:
        return self.after - self.before

    def __str__(self) -> str:
        return f"{' '.join(self.key)}: {self.before:.4f} → {self.after:.4f}"


def tempting() -> Tables:
    """The valid home with rows that one would rather not show: idle and empty equipment, hours of little use and of much cooling, a supply
    whose hours are lost when its readings are, gas that is burnt, a month of little recovery, a later and worse assessment.
    """
    tables = healthy()
    for month in MONTHS:
        day = MONTH_END[month]
        for site in ("S1", "S2"):
            rack = tables.one("racks", rack_id=f"{site}-R2", snapshot_on=day)
            tables.add("racks", {**rack, "rack_id": f"{site}-R3"})
            device = tables.one("devices", device_id=f"{site}-D00", snapshot_on=day)
            idle = {"kind": "server", "rack_id": f"{site}-R3", "u_size": 2, "fp32_tflops": 5, "storage_tb": None}
            tables.add("devices", {**device, "device_id": f"{site}-D99", **idle})
        tables.set("activities", {"month": month, "site_id": "S2", "activity": "R-134a"}, quantity=2)
        gas = {**tables.one("activities", month=month, site_id="S2", activity="diesel"), "activity": "natural_gas", "unit": "Nm3"}
        tables.add("activities", {**gas, "quantity": 2000, "density_kg_per_l": None})
    tables.set("sites", {}, design_racks=3)
    tables.set("racks", {}, rated_kw=200)
    tables.set("devices", {}, rated_w=24000, psu_w=6000)
    tables.set("activities", {"month": MONTHS[0], "activity": "equipment_reused"}, quantity=5)
    for row in tables.all("practices", item_code="G1.display"):
        tables.add("practices", {**row, "assessed_on": LATER_ASSESSMENT, "level": 0.4})
    for hour, row in enumerate(tables.all("utilisation")):
        busier = 10 * in_month(row, MONTHS[1])
        row |= {"cpu_ratio": f"0.{10 + busier + hour % 24}", "gpu_ratio": f"0.{20 + busier + hour % 24}"}
    return _hot(tables)


def _hot(tables: Tables) -> Tables:
    """Days of much cooling at S2, whose first supply is an interval meter without a check meter; at S1 a fan below an IT meter."""
    for month in MONTHS:
        tables.scale("S2-C", slice(hour_of(f"{month}-09"), hour_of(f"{month}-12")), 3, 1)
    interval = {"kind": "interval", "interval_minutes": 60, "interval_label": "start", "register_digits": None}
    tables.set("meters", {"meter_id": "S2-G1"}, **interval)
    tables.drop("meters", meter_id="S2-GC")
    settle(tables)
    del tables.flows["S2-GC"]
    tables.add("meters", meter("S1-F", "excluded", "S1-P1"))
    tables.flows["S1-F"] = [ticks // 20 for ticks in tables.flows["S1-P1"]]
    return tables


class Bench:
    """Computes homes in a folder. Feeds whose rows are untouched are landed once and copied."""

    def __init__(self, folder: Path, tables: Callable[[], Tables] = tempting) -> None:
        self.folder, self._tables = folder, tables
        self._bases: dict[frozenset[str], Path] = {}
        self._made = 0
        self.rows = rows_of(tables())
        self.whole = self.published({})

    def published(self, kept: dict[str, Sequence[Row]]) -> Published:
        """What the home publishes whose feeds in ``kept`` have these rows (None of a feed's rows: it is not landed at all)."""
        base = self._base(frozenset(kept))
        self._made += 1
        root = self.folder / f"home-{self._made}"
        shutil.copytree(base, root)
        for feed, rows in kept.items():
            _write(root / "landing", feed, rows)
        home = Home.open(root)
        compute_home(home)
        found = published(home)
        shutil.rmtree(root)
        return found

    def gains(self, deleted: Deletion) -> list[Gain]:
        """The indexes that a deletion raises by more than the tolerance without anything more being withheld."""
        return gains(self.whole, self.published(deleted.kept(self.rows)))

    def _base(self, without: frozenset[str]) -> Path:
        if without not in self._bases:
            root = self.folder / f"base-{len(self._bases)}"
            home = initialise(root)
            for feed, rows in self.rows.items():
                if feed not in without:
                    _write(home.landing, feed, rows)
            land(home)
            self._bases[without] = root
        return self._bases[without]


def rows_of(tables: Tables) -> Rows:
    """All rows by feed: readings of every meter that has a register, and the documents as rows."""
    virtual = {row["meter_id"] for row in tables.rows["meters"] if row["kind"] == "virtual"}
    readings = [row for meter in tables.flows if meter not in virtual for row in tables.readings(meter)]
    documents = [{"name": name, "text": text} for name, text in sorted(tables.documents.items())]
    return {**tables.rows, READINGS: readings, EVIDENCE: documents}


def _write(landing: Path, feed: str, rows: Sequence[Row]) -> None:
    if feed == EVIDENCE:
        for row in rows:
            (landing / EVIDENCE / row["name"]).write_text(row["text"], encoding="utf-8")
    elif rows:
        write_rows(landing, feed, rows)


@dataclass(frozen=True)
class Deletion:
    """Rows to be left out: feed → their positions. Of a feed without rows no file is landed."""

    gone: dict[str, frozenset[int]] = field(default_factory=dict)

    def kept(self, rows: Rows) -> dict[str, Sequence[Row]]:
        return {feed: [row for n, row in enumerate(rows[feed]) if n not in lost] for feed, lost in self.gone.items()}

    def __str__(self) -> str:
        return "; ".join(f"{feed}: {_spans(sorted(lost))}" for feed, lost in self.gone.items())


def _spans(positions: list[int]) -> str:
    """``0-3, 7`` of positions, at most a dozen stretches."""
    spans: list[list[int]] = []
    for n in positions:
        if spans and n == spans[-1][1] + 1:
            spans[-1][1] = n
        else:
            spans.append([n, n])
    said = [f"{a}-{b}" if b > a else str(a) for a, b in spans[:12]]
    return f"{len(positions)} rows ({', '.join(said)}{', …' if len(spans) > 12 else ''})"


# What is published ------------------------------------------------------------------------------------------------------


def published(home: Home) -> Published:
    index, withheld, members = {}, {}, {}
    gates = {month: Gate(home.ledger, month) for month in MONTHS}
    for row in home.ledger.rows("result"):
        key = (row["entity_id"], row["month"], row["window"])
        payload = json.loads(row["payload"])
        sites = tuple(member["entity_id"] for member in payload["members"]) if "members" in payload else (row["entity_id"],)
        months = [m for m in MONTHS if m in (trailing_months(row["month"]) if row["window"] == "ttm" else [row["month"]])]
        held = {(site, month, quantity) for site in sites for month in months for quantity in gates[month].withheld(site)}
        if row["window"] == "ttm":
            held |= {(row["entity_id"], row["month"], f"ttm of {i['code']}") for i in payload["indicators"] if i["status"] == "withheld"}
        index[key], withheld[key], members[key] = payload["index"], frozenset(held), sites
    return Published(index, withheld, members)


def gains(whole: Published, less: Published) -> list[Gain]:
    """Where ``less`` publishes more than ``whole``: by more than the tolerance, from the same members, with nothing more withheld."""
    found = []
    for key, after in less.index.items():
        before = whole.index.get(key)
        if after is None or before is None or after <= before + TOLERANCE:
            continue
        if less.withheld[key] <= whole.withheld[key] and less.members[key] == whole.members[key]:
            found.append(Gain(key, before, after))
    return found


# What can be deleted ----------------------------------------------------------------------------------------------------


def whole_file(rows: Rows, feed: str) -> Deletion:
    return Deletion({feed: frozenset(range(len(rows[feed])))})


def where(rows: Rows, feed: str, **wanted: object) -> Deletion:
    """The rows of a feed that have these values; of a callable value, those for which it is true."""

    def fits(row: Row) -> bool:
        return all(value(row.get(name)) if callable(value) else row.get(name) == value for name, value in wanted.items())

    return Deletion({feed: frozenset(n for n, row in enumerate(rows[feed]) if fits(row))})


def extreme(rows: Rows, feed: str, column: str, share: float, *, highest: bool) -> Deletion:
    """The given share of a feed's rows that are lowest, or highest, in a column of numbers."""
    numbered = [(float(row[column]), n) for n, row in enumerate(rows[feed]) if _is_number(row.get(column))]
    ordered = sorted(numbered, reverse=highest)
    return Deletion({feed: frozenset(n for _, n in ordered[: max(1, round(share * len(ordered)))])})


def numbers(rows: Iterable[Row]) -> list[str]:
    """The columns of some rows that hold numbers."""
    return sorted({name for row in rows for name, value in row.items() if _is_number(value)})


def _is_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True


def in_month(row: Row, month: str) -> bool:
    """Whether a row states a time in a month."""
    times = ("month", "read_at", "at", "snapshot_on", "period_start", "production_month", "assessed_on")
    return any(str(row.get(name) or "").startswith(month) for name in times)
