"""What became of landed readings, row by row: the rules of staging asked again for the meters concerned, and what they decided.

Staged tables say how many rows of a meter were used, rejected and superseded, and which were rejected. Which hours a row bounds, and by
which later row one was superseded, is found here by the same functions (``readings.py``, ``register.py``, ``series.py`` of staging).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import narwhals as nw
import polars as pl

from assets.staging.intervals import month_parts
from assets.staging.judged import Judged, Reading
from assets.staging.meters import INTERVAL, REGISTER, Meter
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


@dataclass(frozen=True)
class _Decided:
    """What the rules decided about one meter: its readings that can be counted, by key and by instant, and what came of them."""

    readings: Mapping[Key, Reading]
    by_instant: Mapping[int, list[Reading]]
    judged: Judged
    superseded: frozenset[Key]
    kept: frozenset[int]

    def hours(self, reading: Reading, meter: Meter) -> list[int]:
        """The clock hours of the month that stretches which begin or end at a reading reach into."""
        found: set[int] = set()
        for leg in self._legs_at(reading.t):
            first, last = max(leg.t0, meter.start_s), min(leg.t1, meter.end_s)
            found.update(range(first - (first - meter.start_s) % HOUR_S, last, HOUR_S) if last > first else ())
        return sorted(found)

    def _legs_at(self, t: int) -> list[Any]:
        legs = self.judged.legs  # sorted by t0
        after = legs[bisect_left(legs, (t,)) : bisect_right(legs, (t, 2**62))]
        return [*after, *self._ending.get(t, ())]

    @cached_property
    def _ending(self) -> dict[int, list[Any]]:
        found: dict[int, list[Any]] = defaultdict(list)
        for leg in self.judged.legs:
            if not any(leg is other for other in found[leg.t1]):
                found[leg.t1].append(leg)
        return found


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
        (good,) = engine.collect(rows.good)
        by_meter: dict[int, list[Reading]] = defaultdict(list)
        for m, t, v, rules, span, entry, row in good.select("m", "t", "v", "rules", "span", "entry", "source_row").iter_rows():
            by_meter[m].append(Reading(t, v, rules % 2 != PLAIN, span, entry, row))
        return {meter.meter_id: _decide(meter, by_meter[m]) for m, meter in enumerate(self.meters)}

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
        reading = decided.readings.get((entry, source_row))
        if reading is None:
            return _said(BLANK)
        if (entry, source_row) in decided.superseded:
            winner = self._winner(meter_id, decided, reading)
            return _said(SUPERSEDED, by=winner)
        hours = decided.hours(reading, self._meter(meter_id))
        if hours:
            return _said(USED, hours=[self._hour(meter_id, hour) for hour in hours])
        return _said(SKIPPED if reading.t not in decided.kept else UNUSED)

    def check(self, facts: Mapping[str, int]) -> None:
        """GciError when another number of rows is superseded than ``facts`` (by meter) say."""
        for meter_id, decided in self._decided.items():
            meter = self._meter(meter_id)
            own = sum(meter.start_s <= decided.readings[key].t < meter.end_s for key in decided.superseded)
            if meter_id in facts and own != facts[meter_id]:
                raise GciError(
                    f"{own} rows of meter {meter_id} are superseded in {self.moment.month}, but {facts[meter_id]} were counted when it was "
                    "computed. Run 'gci verify'."
                )

    def _meter(self, meter_id: str) -> Meter:
        return next(meter for meter in self.meters if meter.meter_id == meter_id)

    def _winner(self, meter_id: str, decided: _Decided, reading: Reading) -> dict[str, Any] | None:
        """The row that counts instead: the last of the same instant, else the last that overlaps it."""
        meter = self._meter(meter_id)
        length = meter.spans[reading.span].interval_s if meter.spans[reading.span].kind == INTERVAL else 0
        same = [r for r in decided.by_instant[reading.t] if r != reading]
        near = same or [r for r in decided.readings.values() if r != reading and abs(r.t - reading.t) < length and r.entry > reading.entry]
        if not near:
            return None
        last = max(near, key=lambda r: (r.entry, r.source_row))
        name, digest = self.moment.files[last.entry]
        lost = self._rejected.get((meter_id, last.entry, last.source_row))
        return {
            "entry": last.entry,
            "name": name,
            "digest": digest,
            "source_row": last.source_row,
            "rejected_by": lost[0] if lost else None,
        }

    def _hour(self, meter_id: str, hour_s: int) -> dict[str, Any]:
        row = self._energy.get((meter_id, hour_s), {})
        return {"hour": utc_text(hour_s), **{name: row.get(name) for name in ("quantity", "state", "method")}}


def _decide(meter: Meter, readings: list[Reading]) -> _Decided:
    by_kind: dict[int, list[Reading]] = defaultdict(list)
    for reading in readings:
        by_kind[meter.spans[reading.span].kind].append(reading)
    whole = Judged()
    for kind, own in sorted(by_kind.items()):
        judge = judge_register if kind == REGISTER else judge_intervals if kind == INTERVAL else judge_power
        found = judge(meter, own)
        for name in ("legs", "kept", "rejected", "superseded", "anomalies"):
            getattr(whole, name).extend(getattr(found, name))
    whole.legs.sort()
    by_instant: dict[int, list[Reading]] = defaultdict(list)
    for reading in readings:
        by_instant[reading.t].append(reading)
    keys = {(reading.entry, reading.source_row): reading for reading in readings}
    return _Decided(keys, by_instant, whole, frozenset(whole.superseded), frozenset(whole.kept))


def _said(state: str, **more: Any) -> dict[str, Any]:
    en, zh = STATES[state]
    return {"state": state, "why": en, "why_zh": zh, **more}
