"""What became of landed readings, row by row: the rules of staging asked again for the meters concerned, and what they decided.

Staged tables say how many rows of a meter were used, rejected and superseded, and which were rejected. Which hours a row bounds, and by
which later row one was superseded, is found here by the same functions (``readings.py``, ``register.py``, ``series.py`` of staging).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

import narwhals as nw
import polars as pl

from assets.staging.groups import Groups
from assets.staging.intervals import month_parts
from assets.staging.judged import Reading
from assets.staging.meters import INTERVAL, REGISTER, Meter
from assets.staging.plain import followed, grouped, legs_of, ungrouped
from assets.staging.readings import PLAIN, read_rows
from assets.staging.register import judge_register
from assets.staging.series import judge_intervals, judge_power
from assets.staging.stated import held_against, stated_kinds
from pipelines.traces.work import Moment
from resources.calendar import HOUR_S, add_months, month_range, utc_text
from resources.engine import PolarsEngine
from resources.errors import GciError

# What can become of a row, in both languages.
USED, BLANK, SKIPPED, SUPERSEDED, REJECTED, UNUSED = "used", "blank", "skipped", "superseded", "rejected", "not used"
STATES = {
    USED: ("it bounds hours of the month", "用于计算小时电量"),
    BLANK: ("it states that there is no value", "声明无读数"),
    SKIPPED: ("an estimate between actual readings, which count instead", "估读,两侧实读数代替"),
    SUPERSEDED: ("another row for the same time counts", "同一时刻的另一行有效"),
    REJECTED: ("it breaks a rule", "不符合规则"),
    UNUSED: ("no quantity follows from it: nothing is known before and after it", "前后均无可用读数,未形成用量"),
}
Key = tuple[int, int]  # entry, source_row


class _Decided(Protocol):
    """What the rules decided about one meter."""

    def reading(self, key: Key) -> Reading | None:
        """The reading of a row; None for one that can't be counted (blank, refused)."""

    def winner(self, reading: Reading) -> Reading | None:
        """The row that counts instead of a superseded one; the reading itself when it is not superseded."""

    def legs(self, t: int) -> list[tuple[int, int]]:
        """The stretches of known quantity that begin or end at an instant."""

    def is_kept(self, t: int) -> bool:
        """Whether the rules kept the reading of an instant."""

    def superseded(self, start_s: int, end_s: int) -> int:
        """How many readings of the month another row took the place of."""


@dataclass(frozen=True)
class _Plain:
    """A meter about which no rule has anything to decide: a reading reaches to the next, of several at an instant the last counts."""

    rows: pl.DataFrame  # t, v, entry, source_row
    ends: pl.DataFrame  # t0, t1

    def reading(self, key: Key) -> Reading | None:
        own = self.rows.filter((pl.col("entry") == key[0]) & (pl.col("source_row") == key[1]))
        return Reading(own["t"][0], own["v"][0], False, 0, *key) if own.height else None

    def winner(self, reading: Reading) -> Reading | None:
        last = self.rows.filter(pl.col("t") == reading.t).sort("entry", "source_row").tail(1)
        return self.reading((last["entry"][0], last["source_row"][0]))

    def legs(self, t: int) -> list[tuple[int, int]]:
        return self.ends.filter((pl.col("t0") == t) | (pl.col("t1") == t)).rows()

    def is_kept(self, t: int) -> bool:
        return True

    def superseded(self, start_s: int, end_s: int) -> int:
        own = self.rows.filter((pl.col("t") >= start_s) & (pl.col("t") < end_s))
        return own.height - own["t"].n_unique()


class _Judged:
    """A meter judged rule by rule."""

    def __init__(self, meter: Meter, readings: list[Reading]) -> None:
        by_kind: dict[int, list[Reading]] = defaultdict(list)
        for reading in readings:
            by_kind[meter.spans[reading.span].kind].append(reading)
        self.meter, self.kept, self.lost = meter, set[int](), set[Key]()
        self.ends: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for kind, own in sorted(by_kind.items()):
            judge = judge_register if kind == REGISTER else judge_intervals if kind == INTERVAL else judge_power
            found = judge(meter, own)
            self.kept.update(found.kept)
            self.lost.update(found.superseded)
            for leg in found.legs:
                for t in (leg.t0, leg.t1):
                    self.ends[t].append((leg.t0, leg.t1))
        self.readings = {(reading.entry, reading.source_row): reading for reading in readings}

    def reading(self, key: Key) -> Reading | None:
        return self.readings.get(key)

    def winner(self, reading: Reading) -> Reading | None:
        if (reading.entry, reading.source_row) not in self.lost:
            return reading
        span = self.meter.spans[reading.span]
        length = span.interval_s if span.kind == INTERVAL else 0
        others = [r for r in self.readings.values() if r != reading]
        same = [r for r in others if r.t == reading.t]
        near = same or [r for r in others if abs(r.t - reading.t) < length and r.entry > reading.entry]
        return max(near, key=lambda r: (r.entry, r.source_row), default=None)

    def legs(self, t: int) -> list[tuple[int, int]]:
        return sorted(set(self.ends.get(t, ())))

    def is_kept(self, t: int) -> bool:
        return t in self.kept

    def superseded(self, start_s: int, end_s: int) -> int:
        return sum(start_s <= self.readings[key].t < end_s for key in self.lost)


class Fates:
    """The rows of some meters in a month and what became of each."""

    def __init__(self, moment: Moment, meter_ids: Collection[str]) -> None:
        self.moment = moment
        wanted = frozenset(meter_ids)
        entries = moment.home.ledger.entries(kinds=["file"], as_of=moment.as_of)
        months = month_range(add_months(moment.month, -2), add_months(moment.month, 1))
        self._parts = moment.home.ledger.parts("meter_readings", moment.as_of, months)
        of_month = {part.entry for part in self._parts if part.month == moment.month}
        own = [row for row in moment.feeds["meters"] if row["meter_id"] in wanted]
        stated = {name: said for name, said in stated_kinds(e.payload for e in entries if e.n in of_month).items() if name in wanted}
        self.meters = held_against(stated, sorted(moment.meters(wanted).values(), key=lambda m: m.meter_id), own, moment.month)
        self._landed = {e.n: int(datetime.fromisoformat(e.at).timestamp()) for e in entries}

    @cached_property
    def _decided(self) -> dict[str, _Decided]:
        moment, engine = self.moment, PolarsEngine()
        names = [meter.meter_id for meter in self.meters]
        feed = moment.settings.feeds.get("meter_readings")
        rows = read_rows(
            month_parts(moment.home, self._parts, moment.month, engine).where(nw.col("meter_id").is_in(names)), self.meters,
            engine=engine, month=moment.month, site_zones=moment.site_zones, default_zone=moment.settings.timezone,
            feed_zone=feed.timezone if feed else None, landed_at={part.entry: self._landed[part.entry] for part in self._parts},
        )  # fmt: skip
        following = engine.keep(followed(rows.good, self.meters, engine))
        found, legs, good = engine.collect(grouped(following), legs_of(following), following)
        groups = Groups(ungrouped(found), self.meters)
        whole = groups.known(legs)
        decided: dict[str, _Decided] = {}
        for m, meter in enumerate(self.meters):
            own = good.filter(pl.col("m") == m)
            if m in groups.not_plain:
                columns = own.select("t", "v", "rules", "span", "entry", "source_row").iter_rows()
                decided[meter.meter_id] = _Judged(
                    meter, [Reading(t, v, rules % 2 != PLAIN, span, entry, row) for t, v, rules, span, entry, row in columns]
                )
            else:
                decided[meter.meter_id] = _Plain(
                    own.select("t", "v", "entry", "source_row"), whole.filter(pl.col("m") == m).select("t0", "t1")
                )
        return decided

    @cached_property
    def _rejected(self) -> dict[tuple[str, int, int], tuple[str, str]]:
        table = self.moment.scan("staging/interval_energy_rejected")
        own = table.filter(pl.col("meter_id").is_in([meter.meter_id for meter in self.meters])).collect()
        return {
            (m, e, r): (code, why)
            for m, e, r, code, why in own.select("meter_id", "entry", "source_row", "rule_code", "reason").iter_rows()
        }

    @cached_property
    def _energy(self) -> dict[tuple[str, int], dict[str, Any]]:
        """The staged hours of the meters, those of all sites of a shared one together."""
        table = self.moment.scan("staging/interval_energy").filter(pl.col("meter_id").is_in([m.meter_id for m in self.meters])).collect()
        whole = table.group_by("meter_id", "hour_s").agg(pl.col("quantity").sum(), pl.col("state", "method").first())
        return {(row["meter_id"], row["hour_s"]): row for row in whole.iter_rows(named=True)}

    def of(self, meter_id: str, entry: int, source_row: int) -> dict[str, Any]:
        """What became of a row of the month or its edges: ``state`` (STATES), and what belongs to it."""
        if (refused := self._rejected.get((meter_id, entry, source_row))) is not None:
            return _said(REJECTED, rule_code=refused[0], reason=refused[1])
        decided = self._decided[meter_id]
        reading = decided.reading((entry, source_row))
        if reading is None:
            return _said(BLANK)
        winner = decided.winner(reading)
        if winner is None or (winner.entry, winner.source_row) != (entry, source_row):
            return _said(SUPERSEDED, by=None if winner is None else self._place(meter_id, winner))
        hours = _hours(decided.legs(reading.t), self._meter(meter_id))
        if hours:
            return _said(USED, hours=[self._hour(meter_id, hour) for hour in hours])
        return _said(UNUSED if decided.is_kept(reading.t) else SKIPPED)

    def check(self, facts: Mapping[str, int]) -> None:
        """GciError when another number of rows is superseded than ``facts`` (by meter) say."""
        for meter_id, decided in self._decided.items():
            meter = self._meter(meter_id)
            own = decided.superseded(meter.start_s, meter.end_s)
            if meter_id in facts and own != facts[meter_id]:
                raise GciError(
                    f"{own} rows of meter {meter_id} are superseded in {self.moment.month}, but {facts[meter_id]} were counted when it was "
                    "computed. Run 'gci verify'."
                )

    def _meter(self, meter_id: str) -> Meter:
        return next(meter for meter in self.meters if meter.meter_id == meter_id)

    def _place(self, meter_id: str, winner: Reading) -> dict[str, Any]:
        """Where the row stands that counts instead, and whether a rule rejected it in its turn."""
        name, digest = self.moment.files[winner.entry]
        lost = self._rejected.get((meter_id, winner.entry, winner.source_row))
        rejected_by = lost[0] if lost else None
        return {"entry": winner.entry, "name": name, "digest": digest, "source_row": winner.source_row, "rejected_by": rejected_by}

    def _hour(self, meter_id: str, hour_s: int) -> dict[str, Any]:
        row = self._energy.get((meter_id, hour_s), {})
        return {"hour": utc_text(hour_s), **{name: row.get(name) for name in ("quantity", "state", "method")}}


def _hours(legs: list[tuple[int, int]], meter: Meter) -> list[int]:
    """The clock hours of the month that some stretches reach into."""
    found: set[int] = set()
    for t0, t1 in legs:
        first, last = max(t0, meter.start_s), min(t1, meter.end_s)
        found.update(range(first - (first - meter.start_s) % HOUR_S, last, HOUR_S) if last > first else ())
    return sorted(found)


def _said(state: str, **more: Any) -> dict[str, Any]:
    en, zh = STATES[state]
    return {"state": state, "why": en, "why_zh": zh, **more}
