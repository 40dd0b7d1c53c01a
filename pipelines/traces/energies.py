"""Behind an energy: measure → meters with their signs and states → hours → rows of the files. Each level adds up to the one above.

Virtual and shared meters are ``members.py``; where the rows stand in time ``readings.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import polars as pl

from assets.indicators.inputs import Energy
from assets.indicators.parts import energy_parts
from assets.staging.contributions import Contributions
from assets.staging.energies import SCALED
from assets.staging.units import INTERNAL_UNIT
from pipelines.traces.members import Behind
from pipelines.traces.readings import Readings, check_counts
from pipelines.traces.texts import Texts
from pipelines.traces.work import Row, Work
from resources.calendar import utc_text
from resources.errors import GciError

UNITS = {"water": "L"}


class Energies:
    """The sides of a trace: what some measures of ``staging/energies`` of the site are made of."""

    def __init__(self, work: Work, measures: Sequence[str], texts: Texts) -> None:
        self.work, self.texts = work, texts
        self.measures = [measure for measure in dict.fromkeys(measures) if work.total(measure) or not measure.startswith("point:")]

    def sides(self) -> list[dict[str, Any]]:
        """A node for each measure. GciError where a level does not add up."""
        return [self._side(measure) for measure in self.measures]

    @cached_property
    def meter_ids(self) -> list[str]:
        """The meters that count in any of the measures, and all that virtual ones among them are made of."""
        own = {row["meter_id"] for row in self.work.energies if row["measure"] in self.measures} - {"", SCALED}
        found, ahead = set(own), set(own)
        members = self._members
        while ahead:
            ahead = {member for name in ahead for member in members.get(name, ())} - found
            found |= ahead
        return sorted(found)

    @cached_property
    def _parts(self) -> pl.DataFrame | None:
        found = self.work.known_scan("staging/meter_parts")
        return None if found is None else found.collect()

    @cached_property
    def _members(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        if self._parts is not None:
            for meter_id, member in self._parts.filter(pl.col("role") == "virtual").select("meter_id", "member").iter_rows():
                found.setdefault(meter_id, set()).add(member)
        return found

    @cached_property
    def shared(self) -> frozenset[str]:
        """Meters whose facts stand at every site that shares them."""
        return frozenset() if self._parts is None else frozenset(self._parts.filter(pl.col("role") != "virtual")["meter_id"])

    def _of_meters(self, table: str, meter_ids: Sequence[str]) -> pl.DataFrame:
        return self.work.scan(table).filter(pl.col("meter_id").is_in(list(meter_ids))).collect()

    @cached_property
    def facts(self) -> pl.DataFrame:
        return self._of_meters("staging/meter_facts", self.meter_ids)

    @cached_property
    def rejected(self) -> pl.DataFrame:
        return self._of_meters("staging/interval_energy_rejected", self.meter_ids)

    @cached_property
    def readings(self) -> Readings:
        """The landed rows of the meters; GciError when they are not as many as were counted."""
        found = Readings(self.work, self.meter_ids)
        check_counts(self.work, found, self.facts, self.shared)
        return found

    @cached_property
    def _composed(self) -> frozenset[str]:
        """Those of the meters that are virtual or shared."""
        return frozenset() if self._parts is None else frozenset(self._parts["meter_id"]) & frozenset(self.meter_ids)

    @cached_property
    def _contributions(self) -> Contributions:
        work = self.work
        return Contributions(work.table("staging/interval_energy"), work.table("staging/energies"), work.site_id)

    @cached_property
    def _behind(self) -> Behind:
        members = {member for name in self.meter_ids for member in self._members.get(name, ())}
        energy = self._of_meters("staging/interval_energy", sorted({*self._composed, *members}))
        return Behind(self._parts, energy, self.work.depth, self._rows_of)

    @cached_property
    def _rejected_by_meter(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for row in self.rejected.select("meter_id", "entry", "source_row", "rule_code", "reason").iter_rows(named=True):
            found.setdefault(row.pop("meter_id"), []).append(row)
        return found

    @cached_property
    def facts_of_meters(self) -> dict[str, Row]:
        """Facts of each meter that has readings of its own, whole: of a meter at several sites the counts together."""
        found: dict[str, Row] = {}
        for row in self.facts.iter_rows(named=True):
            known = found.get(row["meter_id"])
            if known is None or row["meter_id"] in self.shared:
                found[row["meter_id"]] = dict(row)
            else:
                found[row["meter_id"]] = known | {n: known[n] + row[n] for n in ("n_landed", "n_valid", "n_rejected", "n_superseded")}
        return found

    def _side(self, measure: str) -> dict[str, Any]:
        work, total = self.work, self.work.total(measure)
        if total is None:
            return {"measure": measure, "unit": _unit(measure, ()), "total": None, "known_s": 0, "expected_s": None, "meters": []}
        hours = _Hours(self._contributions.of(measure))
        rows = [row for row in work.energies if row["measure"] == measure and row["meter_id"]]
        rows.sort(key=lambda row: (row["meter_id"], row["sign"]))
        nodes = [self._meter(row, hours) for row in rows]
        unit = _unit(measure, {self.facts_of_meters[row["meter_id"]]["medium"] for row in rows if row["meter_id"] in self.facts_of_meters})
        seen = sum(node["quantity"] for node in nodes if node["quantity"] is not None)
        if total["quantity"] is not None and seen != total["quantity"]:
            raise GciError(f"The meters of {measure} sum to {seen} {unit}, but the total is {total['quantity']}. Run 'gci verify'.")
        return {
            "measure": measure, "unit": unit, "total": total["quantity"],
            **{name: total[name] for name in ("known_s", "metered_s", "expected_s", "estimated")}, "meters": nodes,
        }  # fmt: skip

    def _meter(self, row: Row, hours: _Hours) -> dict[str, Any]:
        meter_id, key = row["meter_id"], (row["meter_id"], row["sign"])
        states = hours.states.get(key, [])
        total = sum(state["quantity"] for state in states)
        if row["quantity"] is not None and total != row["quantity"]:
            raise GciError(f"The hours of meter {meter_id} sum to {total}, but it contributes {row['quantity']}. Run 'gci verify'.")
        node: dict[str, Any] = {
            "meter_id": meter_id, "sign": row["sign"], "quantity": row["quantity"], "estimated": row["estimated"],
            "states": states,
        }  # fmt: skip
        if self.work.depth in ("hours", "rows"):
            own = hours.of(key).to_dicts()
            node["hours"] = [{**h, "hour": utc_text(h.pop("hour_s")) if h["hour_s"] is not None else None} for h in own]
        if meter_id in self._composed:
            node |= self._behind.meter(meter_id, hours.of(key), row["sign"])
        elif meter_id != SCALED:
            node["rows"] = self._rows_of(meter_id)
        return node

    def _rows_of(self, meter_id: str) -> dict[str, Any]:
        """The rows of the files behind a meter: counts that add up, the first and the last row, all rows at depth ``rows``."""
        rows = self.readings.rows(meter_id)
        fact = self.facts_of_meters[meter_id]
        counts = {name: fact[f"n_{name}"] for name in ("landed", "valid", "rejected", "superseded")}
        refused = self._rejected_by_meter.get(meter_id, [])
        if counts["landed"] != counts["valid"] + counts["rejected"] + counts["superseded"]:
            raise GciError(f"The rows of meter {meter_id} do not add up: {counts}. Run 'gci verify'.")
        if len(refused) != counts["rejected"]:
            raise GciError(
                f"{len(refused)} rejected rows of meter {meter_id} are kept, but {counts['rejected']} were counted. Run 'gci verify'."
            )
        return {
            **counts,
            "edge_rows": rows.edges,
            "files": rows.files,
            "shown": [self.texts.want(row) for row in rows.shown(self.work.depth == "rows")],
            "rejected_rows": refused,
        }


class _Hours:
    """The hours that a measure is made of, by meter and sign."""

    def __init__(self, counted: pl.DataFrame) -> None:
        self.counted = counted

    @cached_property
    def states(self) -> dict[tuple[str, int], list[Row]]:
        """Hours and signed quantity by state and method."""
        sums = self.counted.group_by("meter_id", "sign", "state", "method").agg(
            pl.len().alias("hours"), (pl.col("sign") * pl.col("quantity")).sum().alias("quantity")
        )
        found: dict[tuple[str, int], list[Row]] = {}
        for meter_id, sign, state, method, hours, quantity in sums.sort("state", "method").iter_rows():
            row = {"state": state, "method": method, "hours": hours, "quantity": quantity}
            found.setdefault((meter_id, sign), []).append(row)
        return found

    def of(self, key: tuple[str, int]) -> pl.DataFrame:
        return self.counted.filter((pl.col("meter_id") == key[0]) & (pl.col("sign") == key[1]))


def pieces_of_energy(name: str, total: Row) -> dict[str, Any]:
    """The components of an indicator that the total of a measure gives (``parts.energy_parts``), under ``name``."""
    energy = Energy(total["quantity"], total["known_s"], total["metered_s"], total["expected_s"], total["estimated"])
    return energy_parts(name, energy)


def _unit(measure: str, media: set[str] | tuple[()]) -> str:
    units = {INTERNAL_UNIT.get(medium, "") for medium in media}
    return units.pop() if len(units) == 1 else UNITS.get(measure.split("@")[0], "Wh")
